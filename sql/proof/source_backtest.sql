-- health_backtest of a source: its history held against what came later.

CREATE FUNCTION @extschema@.health_backtest(source text, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days', lead interval DEFAULT '0 days',
    until timestamptz DEFAULT NULL)
RETURNS @extschema@.health_backtest_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
-- The length of a day is that of UTC.
SET timezone = 'UTC'
-- To compile what reads a whole history would take longer than it takes.
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    proof health_backtest_row;
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    IF kind IN ('renewed', 'expanded') THEN
        RAISE EXCEPTION 'a backtest is of bad events, and % is a good one', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = format('SELECT health_auc(score, event, true) FROM health_labelled(%L, %L, apart => true) tells how well high scores go with it.', source, kind);
    END IF;
    EXECUTE pg_catalog.format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l) b', health_labelled_query(found, true))
       INTO proof USING found.book, kind, lead, horizon, LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now()), found.model;
    IF proof.accounts IS NULL THEN
        RAISE EXCEPTION 'no score of source "%" is old enough to be judged', source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('A score counts when %s have passed since it was made, and the account had not churned by then.', lead + horizon),
            HINT = 'Take a shorter horizon, or fill the history in: CALL health_backfill(source, from), for a source with time_column or point_in_time.';
    END IF;
    RETURN proof;
END
$$;
COMMENT ON FUNCTION @extschema@.health_backtest(text, text, interval, interval, timestamptz) IS
'A source''s past scores held against later outcomes, one score an account and horizon, by the bands of its model: as aggregate health_backtest. It cannot leak: only outcomes after the score count, and only complete horizons.';
