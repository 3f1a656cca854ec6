-- health_drivers(model, account, as_of, segment): what each signal and rule added to a score or took from it.

CREATE FUNCTION @extschema@.health_drivers(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, record, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, jsonb, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, json, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, text, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, record, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, jsonb, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, json, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, text, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
