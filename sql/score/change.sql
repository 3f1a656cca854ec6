-- health_change(model, before, after, before_as_of, after_as_of): why a score changed.

CREATE FUNCTION @extschema@.health_change(model text, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, record, record, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a row, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a jsonb object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, json, json, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a json object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, text, text, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as text or literal with a JSON object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model jsonb, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, record, record, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a row, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a jsonb object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, json, json, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a json object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, text, text, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as text or literal with a JSON object, by a model document. A document that reads time needs both as_of.';
