-- Model documents: checks, patches, templates. These functions read no table.

CREATE FUNCTION @extschema@.health_model_check(definition jsonb, OUT severity text, OUT path text, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_check';
COMMENT ON FUNCTION @extschema@.health_model_check(jsonb) IS
'Every error and warning of a model document with its JSON path; raises no error. No rows: the document is valid, without warnings.';

CREATE FUNCTION health_model_require_valid(definition jsonb)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_require_valid';
COMMENT ON FUNCTION health_model_require_valid(jsonb) IS
'True for a valid model document; otherwise 22023, with all errors in DETAIL. For the trigger of health_model.';

CREATE FUNCTION @extschema@.health_patch(definition jsonb, patch jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_patch';
COMMENT ON FUNCTION @extschema@.health_patch(jsonb, jsonb) IS
'The document after a merge patch (RFC 7396; a signal''s scale and input, and arrays, are replaced as a whole). For what-if questions; saves nothing.';

CREATE FUNCTION @extschema@.health_template(name text)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_template';
COMMENT ON FUNCTION @extschema@.health_template(text) IS
'A shipped template of a model document: simple, saas, b2b_services, ecommerce, financial_services, insurance, retail, frequency_breadth_depth, actions, eight_categories or expansion.';

CREATE FUNCTION @extschema@.health_template_names()
RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_template_names';
COMMENT ON FUNCTION @extschema@.health_template_names() IS 'The names of the shipped templates; view health_templates has details.';

CREATE FUNCTION @extschema@.health_model_describe(definition jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_describe';
COMMENT ON FUNCTION @extschema@.health_model_describe(jsonb) IS
'A model document with all defaults filled in, in words: lists of signals (with their shares), bands, rules and segments, as in the views health_model_signals, _bands and _rules. Without patches of segments.';

CREATE FUNCTION @extschema@.health_model_diff("from" jsonb, "to" jsonb, OUT path text, OUT before jsonb, OUT after jsonb)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_diff';
COMMENT ON FUNCTION @extschema@.health_model_diff(jsonb, jsonb) IS
'The differences of two model documents: JSON paths with the value before and after, NULL if there is none. Rules, bands and segments are matched by name.';

CREATE FUNCTION @extschema@.health_model_card(definition jsonb, name text DEFAULT NULL, version integer DEFAULT NULL, note text DEFAULT NULL,
    created text DEFAULT NULL, created_by text DEFAULT NULL, reviewed text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_card';
COMMENT ON FUNCTION @extschema@.health_model_card(jsonb, text, integer, text, text, text, text) IS
'A model document as Markdown for the people who are scored by it: purpose, bands, signals with their shares and thresholds, missing data, rules, segments, proof. The other arguments appear at the top.';
