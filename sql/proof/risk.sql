-- health_risk: how often accounts at a score had the outcome.

CREATE FUNCTION health_share_interval(events bigint, accounts bigint, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
-- Numbers have the exact types of the operators of pg_catalog: one that needs a cast would lose against another schema's that needs none.
DECLARE
    z CONSTANT double precision := 1.959963984540054;
    n double precision := NULLIF(accounts, 0);
    share double precision := events OPERATOR(pg_catalog./) n;
    middle double precision;
    half double precision;
BEGIN
    middle := (share + z * z / (2::double precision * n)) / (1::double precision + z * z / n);
    half := z * pg_catalog.sqrt(share * (1::double precision - share) / n + z * z / (4::double precision * n * n)) / (1::double precision + z * z / n);
    IF n IS NOT NULL THEN
        low := GREATEST(middle - half, 0);
        high := LEAST(middle + half, 1);
    END IF;
END
$$;
COMMENT ON FUNCTION health_share_interval(bigint, bigint) IS
'The 95 % interval of a share, events of accounts (Wilson 1927): right for small numbers and for shares of 0 and 1. NULL of no accounts.';

CREATE FUNCTION @extschema@.health_risk(source text, score double precision, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL,
    OUT from_score double precision, OUT to_score double precision, OUT accounts bigint, OUT events bigint,
    OUT risk double precision, OUT risk_low double precision, OUT risk_high double precision, OUT message text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
AS $$
#variable_conflict use_variable
DECLARE
    -- The narrowest range around the score with so many accounts; beyond the widest they are not alike any more.
    enough CONSTANT bigint := 50;
    fewest CONSTANT bigint := 30;
    reach double precision;
BEGIN
    IF score IS NULL OR NOT (score OPERATOR(pg_catalog.>=) 0 AND score OPERATOR(pg_catalog.<=) 100) THEN
        RAISE EXCEPTION 'a score is a number from 0 to 100, not %', COALESCE(score::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT message FROM health_risk(''crm'', 61).';
    END IF;
    SELECT w.reach, pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach),
           pg_catalog.count(*) FILTER (WHERE l.event AND pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach)
      INTO reach, accounts, events
      FROM health_labelled(source, kind, '0 days', horizon, until, true) l
     CROSS JOIN (VALUES (2.5::double precision), (5), (7.5), (10), (15)) w (reach)
     GROUP BY w.reach
     ORDER BY pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach) OPERATOR(pg_catalog.<) enough,
              CASE WHEN pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach) OPERATOR(pg_catalog.<) enough
                   THEN OPERATOR(pg_catalog.-) w.reach ELSE w.reach END
     LIMIT 1;
    accounts := COALESCE(accounts, 0);
    events := COALESCE(events, 0);
    from_score := GREATEST(score - COALESCE(reach, 15::double precision), 0);
    to_score := LEAST(score + COALESCE(reach, 15::double precision), 100);
    IF accounts OPERATOR(pg_catalog.<) fewest THEN
        message := pg_catalog.format('too few to tell: %s accounts at %s to %s with a complete horizon, at least %s are needed', accounts, from_score, to_score, fewest);
        RETURN;
    END IF;
    risk := events OPERATOR(pg_catalog./) accounts::double precision;
    SELECT i.low, i.high INTO risk_low, risk_high FROM health_share_interval(events, accounts) i;
    message := pg_catalog.format('accounts at %s to %s %s %s %% in %s (%s–%s %%): %s of %s', from_score, to_score, kind,
        pg_catalog.round(risk * 100::double precision), horizon, pg_catalog.round(risk_low * 100::double precision), pg_catalog.round(risk_high * 100::double precision), events, accounts);
END
$$;
COMMENT ON FUNCTION @extschema@.health_risk(text, double precision, text, interval, timestamptz) IS
'How many of the accounts around a score had the outcome within the horizon, by the source''s past scores, with a 95 % interval, in numbers and in words. The range around the score widens until it holds 50 accounts, to 15 points at most.';
