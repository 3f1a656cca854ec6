-- Past scores with what became of the accounts: the pairs that a score is proved by. A row counts only when all that it is held
-- against lies after its score, and is known by now.

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
    -- Months count 30 days here, as in every comparison of intervals.
    IF lead < '0'::interval OR horizon <= '0'::interval
       OR lead + horizon > '100 years'::interval THEN
        RAISE EXCEPTION 'lead must not be negative, horizon must be positive, and both together at most 100 years'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: lead => ''14 days'', horizon => ''90 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_labelled_check(text, interval, interval) IS
'Raises unless the arguments of health_labelled make sense: 22004 for NULL, 22023 for a kind that is none and for lengths of time that are none.';

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
'Of rising times the first, then the first that is a gap later, and so on: what comes later has no part in the choice.';

-- The one place that knows which score is held against which outcome. Whoever reads from it pays for the columns and the times that
-- are asked for, no others: a row of history is some 2 kB wide, nearly all of it inputs and drivers.
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
         -- What happens within the lead was no longer to be foreseen in time, and decides what comes after it.
         WHERE (l.next_at IS NULL OR l.next_at > l.scored_at + $3)
           -- Who has churned cannot churn again before coming back.
           AND NOT ($2 = 'churned' AND l.lost_at IS NOT NULL AND (l.back_at IS NULL OR l.back_at <= l.lost_at))$sql$, history,
        CASE WHEN apart THEN format($sql$
                  JOIN (SELECT h.account_id, unnest(health_times_apart(array_agg(h.scored_at AT TIME ZONE 'UTC' ORDER BY h.scored_at), $4)) AT TIME ZONE 'UTC' AS scored_at
                          FROM %s h WHERE h.scored_at <= $5 AND h.scored_at + $3 + $4 <= $5 GROUP BY h.account_id) c ON c.account_id = h.account_id AND c.scored_at = h.scored_at$sql$, history) ELSE '' END);
END
$$;
COMMENT ON FUNCTION health_labelled_query(@extschema@.health_source, boolean) IS
'The SELECT behind health_labelled(), in its columns but hindsight, for a time zone of UTC: of book $1 and kind $2, with lead $3 and horizon $4, known until $5.';

CREATE FUNCTION @extschema@.health_labelled(source text, kind text DEFAULT 'churned', lead interval DEFAULT '0 days', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL, apart boolean DEFAULT false,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT model text, OUT model_version integer, OUT segment text, OUT value numeric, OUT inputs jsonb,
    OUT event boolean, OUT event_at timestamptz, OUT hindsight boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
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
        SELECT l.*, NOT COALESCE(m.created_at <= l.scored_at, false) FROM (%s) l LEFT JOIN health_model m ON m.name = l.model AND m.version = l.model_version$sql$,
        health_labelled_query(found, apart))
    USING found.book, kind, lead, horizon, known;
END
$$;
COMMENT ON FUNCTION @extschema@.health_labelled(text, text, interval, interval, timestamptz, boolean) IS
'A source''s past scores, each with whether the account had the outcome later than lead and within the horizon after that. Scores whose horizon ends after until (NULL: now) are left out, as are those of accounts that had churned. apart: an account''s horizons do not overlap.';
