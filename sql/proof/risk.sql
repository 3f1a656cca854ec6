-- health_risk: how often accounts near a score had the outcome.

CREATE FUNCTION health_share_interval(events bigint, accounts bigint, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
-- Each operand has the exact type of the pg_catalog operator: otherwise an operator of another schema could match
-- better.
DECLARE
    z CONSTANT double precision := 1.959963984540054;
    n double precision := NULLIF(accounts, 0);
    share double precision := events::double precision / n;
    middle double precision;
    half double precision;
BEGIN
    middle := (share + z * z / (2::double precision * n)) / (1::double precision + z * z / n);
    half := z * sqrt(share * (1::double precision - share) / n + z * z / (4::double precision * n * n)) / (1::double precision + z * z / n);
    IF n IS NOT NULL THEN
        low := GREATEST(middle - half, 0);
        high := LEAST(middle + half, 1);
    END IF;
END
$$;
COMMENT ON FUNCTION health_share_interval(bigint, bigint) IS
'The 95 % interval of the share events / accounts, 0 to 1 (Wilson 1927): also valid for small numbers and for shares of 0 and 1. NULL for 0 accounts.';

CREATE FUNCTION @extschema@.health_risk(source text, score double precision, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL,
    OUT from_score double precision, OUT to_score double precision, OUT accounts bigint, OUT events bigint,
    OUT risk double precision, OUT risk_low double precision, OUT risk_high double precision, OUT message text)
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
    found health_source;
    -- The narrowest range around the score with enough accounts; accounts beyond the widest range are too different.
    ranges CONSTANT double precision[] := '{2.5,5,7.5,10,15}';
    widest CONSTANT double precision := 15;
    enough CONSTANT bigint := 50;
    fewest CONSTANT bigint := 30;
    reach double precision;
BEGIN
    IF score IS NULL OR NOT (score >= 0::double precision AND score <= 100::double precision) THEN
        RAISE EXCEPTION 'score must be from 0 to 100, not %', COALESCE(score::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT message FROM health_risk(''crm'', 61).';
    END IF;
    found := health_source_get(source);
    PERFORM health_labelled_check(kind, '0 days', horizon);
    PERFORM health_require_history(found, 'analyst');
    PERFORM health_require('analyst', 'health_outcome', 'SELECT');
    EXECUTE format($sql$
        WITH near AS MATERIALIZED (
            SELECT abs(l.score - $6) AS distance, l.event FROM (%s) l WHERE abs(l.score - $6) <= $7)
        SELECT w.reach, count(n.distance), count(n.distance) FILTER (WHERE n.event)
          FROM unnest($8) w (reach) LEFT JOIN near n ON n.distance <= w.reach
         GROUP BY w.reach
         ORDER BY count(n.distance) < $9, CASE WHEN count(n.distance) < $9 THEN -w.reach ELSE w.reach END
         LIMIT 1$sql$, health_labelled_query(found, true))
       INTO reach, accounts, events
      USING found.book, kind, '0 days'::interval, horizon, LEAST(COALESCE(until, now()), now()), score, widest, ranges, enough;
    from_score := GREATEST(score - reach, 0);
    to_score := LEAST(score + reach, 100);
    IF accounts < fewest THEN
        message := format('too few accounts: %s with a score of %s to %s and a complete horizon, at least %s are needed', accounts, from_score, to_score, fewest);
        RETURN;
    END IF;
    risk := events::double precision / accounts::double precision;
    SELECT i.low, i.high INTO risk_low, risk_high FROM health_share_interval(events, accounts) i;
    message := format('accounts at %s to %s %s %s %% in %s (%s–%s %%): %s of %s', from_score, to_score, kind,
        round(risk * 100::double precision), horizon, round(risk_low * 100::double precision), round(risk_high * 100::double precision), events, accounts);
END
$$;
COMMENT ON FUNCTION @extschema@.health_risk(text, double precision, text, interval, timestamptz) IS
'The share of accounts near a score that had the outcome within the horizon, from the source''s past scores: risk, 0 to 1, with a 95 % interval, and as text. The range around the score widens until it holds 50 accounts, at most to 15 points either way.';
