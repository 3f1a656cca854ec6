-- health_backtest of a source: its history compared with later outcomes.

CREATE FUNCTION @extschema@.health_backtest(source text, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days', lead interval DEFAULT '0 days',
    until timestamptz DEFAULT NULL)
RETURNS @extschema@.health_backtest_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
-- Days are days of UTC.
SET timezone = 'UTC'
-- JIT compilation would take longer than the query over a whole history.
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    proof health_backtest_row;
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    PERFORM health_require_history(found, 'analyst');
    PERFORM health_require('analyst', 'health_outcome', 'SELECT');
    IF kind IN ('renewed', 'expanded') THEN
        RAISE EXCEPTION 'health_backtest does not accept % as a kind: it is a good event', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = format('SELECT health_auc(score, event, true) FROM health_labelled(%L, %L, apart => true) shows how well high scores predict this event.', source, kind);
    END IF;
    EXECUTE pg_catalog.format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l) b', health_labelled_query(found, true))
       INTO proof USING found.book, kind, lead, horizon, LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now()), found.model;
    IF proof.accounts IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score with a complete horizon', source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('A score counts %s after it was made, if the account had not churned before.', lead + horizon),
            HINT = 'Use a shorter horizon; or, for a source with time_column or point_in_time, add past scores: CALL health_backfill(source, from).';
    END IF;
    RETURN proof;
END
$$;
COMMENT ON FUNCTION @extschema@.health_backtest(text, text, interval, interval, timestamptz) IS
'A backtest of a source''s past scores against later outcomes, with one score for each account and horizon and the bands of its model; columns as in aggregate health_backtest. No leakage: only outcomes after the score and complete horizons count.';
