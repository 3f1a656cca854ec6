-- health_score and health_signals over events: each row is a value of a signal, each group an account.

--@ list event_values: arguments
--@   anyelement
--@   anyelement, timestamptz
--@   anyelement, timestamptz, timestamptz
--@ for models, event_values
CREATE FUNCTION health_score_step(bytea, {model}, text, {arguments})
RETURNS bytea
LANGUAGE c {volatility} PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, {model}, text, {arguments}) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';
--@ end

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

--@ list event_results: aggregate | what
--@   health_score   | The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value
--@   health_signals | The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value
--@ list event_forms: model | arguments | types | how
--@   text  | value anyelement | anyelement | , by a saved model''s name (or name@version).
--@   text  | value anyelement, observed_at timestamptz | anyelement, timestamptz | , with the time of each, by a saved model''s name (or name@version). Events after now are left out.
--@   text  | value anyelement, observed_at timestamptz, as_of timestamptz | anyelement, timestamptz, timestamptz | , with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; as_of NULL means the transaction''s now().
--@   jsonb | value anyelement | anyelement | , by a model document.
--@   jsonb | value anyelement, observed_at timestamptz | anyelement, timestamptz | , with the time of each, by a model document.
--@   jsonb | value anyelement, observed_at timestamptz, as_of timestamptz | anyelement, timestamptz, timestamptz | , with the time of each, as of a time, by a model document. Later events are left out; as_of NULL means no time.
--@ for event_results, event_forms
CREATE AGGREGATE @extschema@.{aggregate}(model {model}, signal text, {arguments}) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = {aggregate}_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.{aggregate}({model}, text, {types}) IS
'{what}{how}';
--@ end
