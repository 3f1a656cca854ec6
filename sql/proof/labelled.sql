-- Past scores with later outcomes of the accounts: the pairs that prove a score. A row counts only if its horizon lies
-- wholly after the score and is complete.

CREATE FUNCTION health_labelled_check(kind text, lead interval, horizon interval)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
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
    -- A month counts 30 days here, as in every comparison of intervals.
    IF lead < '0'::interval OR horizon <= '0'::interval
       OR lead + horizon > '100 years'::interval THEN
        RAISE EXCEPTION 'lead must not be negative, horizon must be positive, and both together at most 100 years'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: lead => ''14 days'', horizon => ''90 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_labelled_check(text, interval, interval) IS
'Checks the arguments of health_labelled: 22004 for NULL, 22023 for an unknown kind or an invalid lead or horizon.';

CREATE FUNCTION health_times_apart(times timestamp[], gap interval)
RETURNS timestamp[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    at timestamp;
    following timestamp := '-infinity';
    apart timestamp[] := '{}';
BEGIN
    FOREACH at IN ARRAY times LOOP
        IF at >= following THEN
            apart := apart || at;
            following := at + gap;
        END IF;
    END LOOP;
    RETURN apart;
END
$$;
COMMENT ON FUNCTION health_times_apart(timestamp without time zone[], interval) IS
'From ascending times: the first, then each next time at least gap after the last chosen one. Later times do not influence the choice.';

-- The one place that pairs scores with outcomes. A caller pays only for the columns and times that it selects: a row of
-- history is about 2 kB wide, nearly all of it inputs and drivers.
CREATE FUNCTION health_labelled_query(source @extschema@.health_source, apart boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
BEGIN
    RETURN format($sql$
        SELECT l.account_id::text AS account_id, l.name, l.scored_at, l.score, l.band, l.band_rank, l.model, l.model_version, l.segment, l.value, l.inputs,
               COALESCE(l.next_at <= l.scored_at + $3 + $4, false) AS event, CASE WHEN l.next_at <= l.scored_at + $3 + $4 THEN l.next_at END AS event_at
          FROM (SELECT h.*, CASE WHEN t.events IS NOT NULL THEN (SELECT min(e.at) FROM unnest(t.events) e (at) WHERE e.at > h.scored_at) END AS next_at,
                       CASE WHEN t.lost IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.lost) e (at) WHERE e.at <= h.scored_at) END AS lost_at,
                       CASE WHEN t.back IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.back) e (at) WHERE e.at <= h.scored_at) END AS back_at
                  FROM %1$s h%2$s
                  LEFT JOIN (SELECT o.account_id, array_agg(o.at) FILTER (WHERE o.kind = $2) AS events, array_agg(o.at) FILTER (WHERE o.kind = 'churned') AS lost,
                                    array_agg(o.at) FILTER (WHERE o.kind IN ('renewed', 'expanded')) AS back
                               FROM health_outcome o WHERE o.book = $1 GROUP BY o.account_id) t ON t.account_id = h.account_id::text
                 WHERE h.scored_at <= $5 AND h.scored_at + $3 + $4 <= $5) l
         -- An outcome within the lead comes too soon for a prediction, and excludes the row.
         WHERE (l.next_at IS NULL OR l.next_at > l.scored_at + $3)
           -- An account that has churned cannot churn again before it returns.
           AND NOT ($2 = 'churned' AND l.lost_at IS NOT NULL AND (l.back_at IS NULL OR l.back_at <= l.lost_at))$sql$, history,
        CASE WHEN apart THEN format($sql$
                  JOIN (SELECT h.account_id, unnest(health_times_apart(array_agg(h.scored_at AT TIME ZONE 'UTC' ORDER BY h.scored_at), $4)) AT TIME ZONE 'UTC' AS scored_at
                          FROM %s h WHERE h.scored_at <= $5 AND h.scored_at + $3 + $4 <= $5 GROUP BY h.account_id) c ON c.account_id = h.account_id AND c.scored_at = h.scored_at$sql$, history) ELSE '' END);
END
$$;
COMMENT ON FUNCTION health_labelled_query(@extschema@.health_source, boolean) IS
'The SELECT behind health_labelled(), without column hindsight, for time zone UTC. $1: book, $2: kind, $3: lead, $4: horizon, $5: until.';

CREATE FUNCTION @extschema@.health_labelled(source text, kind text DEFAULT 'churned', lead interval DEFAULT '0 days', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL, apart boolean DEFAULT false,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT model text, OUT model_version integer, OUT segment text, OUT value numeric, OUT inputs jsonb,
    OUT event boolean, OUT event_at timestamptz, OUT hindsight boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
-- Days are days of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    PERFORM health_require_history(found, 'analyst');
    PERFORM health_require('analyst', 'health_outcome', 'SELECT');
    RETURN QUERY EXECUTE pg_catalog.format($sql$
        SELECT l.*, NOT COALESCE(m.created_at <= l.scored_at, false) FROM (%s) l LEFT JOIN health_model m ON m.name = l.model AND m.version = l.model_version$sql$,
        health_labelled_query(found, apart))
    USING found.book, kind, lead, horizon, known;
END
$$;
COMMENT ON FUNCTION @extschema@.health_labelled(text, text, interval, interval, timestamptz, boolean) IS
'A source''s past scores, each with event: whether the account had the outcome after the lead and within the horizon that follows. Excluded: scores whose horizon ends after until (NULL: now), scores of churned accounts. apart: horizons of an account do not overlap.';
