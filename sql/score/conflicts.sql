-- health_conflicts(model, account, as_of, segment): categories that contradict each other.

CREATE FUNCTION @extschema@.health_conflicts(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, record, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, jsonb, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, json, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, text, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, record, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, jsonb, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, json, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, text, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
