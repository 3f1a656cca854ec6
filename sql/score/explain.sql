-- health_explain(model, account [, before] …): a score, or why it changed, in plain words.

CREATE FUNCTION @extschema@.health_explain(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model text, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

-- A literal in the third place is text to Postgres: an object is the account before, anything else is as_of.

CREATE FUNCTION @extschema@.health_explain(model text, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a model document. A document that reads time needs as_of.';

-- The same with two literals: as_of and segment, or the account before and as_of.

CREATE FUNCTION @extschema@.health_explain(model text, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
