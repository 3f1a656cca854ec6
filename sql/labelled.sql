-- Past scores with what became of the accounts: the pairs that a score is proved by. A row counts only when all that it is held
-- against lies after its score, and is known by now.

CREATE FUNCTION health_labelled_check(kind text, lead interval, horizon interval)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF kind IS NULL OR lead IS NULL OR horizon IS NULL THEN
        RAISE EXCEPTION 'kind, lead and horizon must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT * FROM health_labelled(''crm'', ''churned'', lead => ''14 days'', horizon => ''90 days'').';
    END IF;
    IF kind NOT IN ('churned', 'renewed', 'expanded', 'contracted', 'complained') THEN
        RAISE EXCEPTION 'invalid kind of outcome "%"', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are: churned, renewed, expanded, contracted, complained.';
    END IF;
    -- Months count 30 days here, as in every comparison of intervals.
    IF lead OPERATOR(pg_catalog.<) '0'::interval OR horizon OPERATOR(pg_catalog.<=) '0'::interval
       OR lead OPERATOR(pg_catalog.+) horizon OPERATOR(pg_catalog.>) '100 years'::interval THEN
        RAISE EXCEPTION 'lead must not be negative, horizon must be positive, and both together at most 100 years'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: lead => ''14 days'', horizon => ''90 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_labelled_check(text, interval, interval) IS
'Raises unless the arguments of health_labelled make sense: 22004 for NULL, 22023 for a kind that is none and for lengths of time that are none.';

CREATE FUNCTION health_labelled(source text, kind text DEFAULT 'churned', lead interval DEFAULT '0 days', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL, apart boolean DEFAULT false,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT model text, OUT model_version integer, OUT segment text, OUT value numeric, OUT inputs jsonb,
    OUT event boolean, OUT event_at timestamptz, OUT hindsight boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
-- The length of a day is that of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    RETURN QUERY EXECUTE pg_catalog.format($sql$
        WITH RECURSIVE counted (account_id, scored_at) AS (
            -- An account's first score, and then the first that is a horizon younger: what comes later has no part in the choice.
            SELECT h.account_id, min(h.scored_at) FROM %1$I.%2$I h WHERE $6 GROUP BY h.account_id
            UNION ALL
            SELECT c.account_id, (SELECT min(h.scored_at) FROM %1$I.%2$I h WHERE h.account_id = c.account_id AND h.scored_at >= c.scored_at + $4)
              FROM counted c WHERE c.scored_at + $3 + $4 <= $5)
        SELECT h.account_id::text, h.name, h.scored_at, h.score, h.band, h.band_rank, h.model, h.model_version, h.segment, h.value, h.inputs,
               o.at IS NOT NULL, o.at,
               NOT COALESCE((SELECT m.created_at <= h.scored_at FROM health_model m WHERE m.name = h.model AND m.version = h.model_version), false)
          FROM %1$I.%2$I h
          LEFT JOIN LATERAL (SELECT min(o.at) AS at FROM health_outcome o
                 WHERE o.book = $1 AND o.account_id = h.account_id::text AND o.kind = $2
                   AND o.at > h.scored_at + $3 AND o.at <= h.scored_at + $3 + $4) o ON true
         WHERE h.scored_at + $3 + $4 <= $5
           AND (NOT $6 OR (h.account_id, h.scored_at) IN (SELECT c.account_id, c.scored_at FROM counted c))
           -- What happens within the lead was no longer to be foreseen in time, and decides what comes after it.
           AND NOT EXISTS (SELECT FROM health_outcome o
                 WHERE o.book = $1 AND o.account_id = h.account_id::text AND o.kind = $2
                   AND o.at > h.scored_at AND o.at <= h.scored_at + $3)
           -- Who has churned cannot churn again before coming back.
           AND NOT ($2 = 'churned' AND EXISTS (SELECT FROM health_outcome c
                 WHERE c.book = $1 AND c.account_id = h.account_id::text AND c.kind = 'churned' AND c.at <= h.scored_at
                   AND NOT EXISTS (SELECT FROM health_outcome b
                         WHERE b.book = $1 AND b.account_id = c.account_id AND b.kind IN ('renewed', 'expanded')
                           AND b.at > c.at AND b.at <= h.scored_at)))$sql$, found.history_schema, found.history_name)
    USING found.book, kind, lead, horizon, known, COALESCE(apart, false);
END
$$;
COMMENT ON FUNCTION health_labelled(text, text, interval, interval, timestamptz, boolean) IS
'A source''s past scores, each with whether the account had the outcome later than lead and within the horizon after that. Scores whose horizon ends after until (NULL: now) are left out, as are those of accounts that had churned. apart: an account''s horizons do not overlap.';
