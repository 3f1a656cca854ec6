-- health_score and health_signals over events: one row a value of a signal, one group an account.

CREATE FUNCTION health_score_step(bytea, text, text, anyelement)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz, timestamptz)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_combine';
COMMENT ON FUNCTION health_score_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_final(bytea)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_final';
COMMENT ON FUNCTION health_score_final(bytea) IS
'The result of aggregate health_score. Not meant to be called.';

CREATE FUNCTION health_signals_final(bytea)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_signals_final';
COMMENT ON FUNCTION health_signals_final(bytea) IS
'The result of aggregate health_signals. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a saved model''s name (or name@version).';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a saved model''s name (or name@version). Later events than now are left out.';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; NULL means the transaction''s now().';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a model document.';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a model document.';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a model document. Later events are left out; NULL means no time.';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, by a saved model''s name (or name@version).';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, by a saved model''s name (or name@version). Later events than now are left out.';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement, timestamptz, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; NULL means the transaction''s now().';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, by a model document.';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, by a model document.';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, as of a time, by a model document. Later events are left out; NULL means no time.';
