-- How a run's alerts are found: one statement over the rows of the run and those of the last run that was not held, a SELECT for
-- each kind of trigger. Nothing is written here but the text; sql/run_alerts.sql executes it, under search_path pg_catalog.

CREATE FUNCTION health_run_base(source text, as_of timestamptz, within interval DEFAULT '0')
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT COALESCE(pg_catalog.max(r.as_of) FILTER (WHERE r.as_of OPERATOR(pg_catalog.<=) (health_run_base.as_of OPERATOR(pg_catalog.-) within)), pg_catalog.min(r.as_of))
          -- Of several runs as of one time, the last says what its rows are worth.
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source OPERATOR(pg_catalog.=) health_run_base.source AND r.as_of OPERATOR(pg_catalog.<) health_run_base.as_of AND r.status IN ('done', 'held')
                 ORDER BY r.as_of, r.id DESC) r
         WHERE r.status OPERATOR(pg_catalog.=) 'done');
END
$$;
COMMENT ON FUNCTION health_run_base(text, timestamptz, interval) IS
'The as_of of the run to compare with: the newest one, not held, at least within before as_of, else the oldest after that; NULL for a first run.';

CREATE FUNCTION health_runs_held(source text)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN COALESCE((
        SELECT pg_catalog.array_agg(r.as_of)
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source OPERATOR(pg_catalog.=) health_runs_held.source AND r.status IN ('done', 'held') ORDER BY r.as_of, r.id DESC) r
         WHERE r.status OPERATOR(pg_catalog.=) 'held'), '{}');
END
$$;
COMMENT ON FUNCTION health_runs_held(text) IS 'The times of a source''s runs that are held: nothing is compared with their rows.';

CREATE FUNCTION health_alert_playbooks(source health_source)
RETURNS SETOF health_playbook
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT p.* FROM health_playbook p
     WHERE p.active AND p.run_as OPERATOR(pg_catalog.=) source.run_as AND (p.book IS NULL OR p.book OPERATOR(pg_catalog.=) source.book)
       AND (p.source OPERATOR(pg_catalog.=) source.name OR p.model OPERATOR(pg_catalog.=) pg_catalog.regexp_replace(source.model, '@[0-9]+$', ''));
END
$$;
COMMENT ON FUNCTION health_alert_playbooks(health_source) IS 'The active playbooks that watch a source.';

-- In the texts below $1 is the as_of, $2 that of the run to compare with, $3 the held times. The relation playbook has those that
-- watch the source; pair has the accounts of the run, each beside its score in the run to compare with; moment the as_of (at),
-- and since when trends are looked at.

-- What the last run did not score is looked up: the newest row with a score up to then. Asked for each account, answered for few.
CREATE FUNCTION health_alert_earlier(history text, asked text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format($sql$LATERAL (SELECT h.score, h.band, h.scored_at, h.drivers FROM %s h
             WHERE %s AND h.account_id = n.account_id AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
             ORDER BY h.scored_at DESC LIMIT 1)$sql$, history, asked);
END
$$;
COMMENT ON FUNCTION health_alert_earlier(text, text) IS 'SQL: the newest row with a score that a history has of account n up to the last run, where it is asked for.';

-- tolerance and window are those of the model, unless the playbook has its own time.
CREATE FUNCTION health_alert_trend(source health_source, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    trend jsonb := COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.->) 'trend', '{}');
BEGIN
    RETURN pg_catalog.format('%s.health_trend_stats(h.score, h.scored_at, %L::float8) FILTER (WHERE h.scored_at > $1 - COALESCE(p.within, %L::interval) AND h.scored_at <= $1 AND h.scored_at <> ALL ($3))',
        home, COALESCE(trend OPERATOR(pg_catalog.->>) 'tolerance', '5'), COALESCE(trend OPERATOR(pg_catalog.->>) 'window', '30 days'));
END
$$;
COMMENT ON FUNCTION health_alert_trend(health_source, text) IS 'SQL: the trend that playbook p asks for, as an aggregate over history h.';

-- A history that is gone or somebody else's is the other source's affair: its own refresh says so.
CREATE FUNCTION health_alert_at_risk(source health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    other health_source;
    tests text := '';
BEGIN
    FOR other IN SELECT o.* FROM health_source o
                  WHERE o.book OPERATOR(pg_catalog.=) source.book AND o.run_as OPERATOR(pg_catalog.=) source.run_as AND o.name OPERATOR(pg_catalog.<>) source.name
                    AND o.last_as_of IS NOT NULL LOOP
        BEGIN
            PERFORM health_history_relation(other);
            tests := tests OPERATOR(pg_catalog.||) pg_catalog.format(
                ' AND NOT EXISTS (SELECT FROM %I.%I o WHERE o.account_id::text = n.id AND o.scored_at = %L AND o.band_rank = 1)',
                other.history_schema, other.history_name, pg_catalog.to_char(other.last_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'));
        EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
            NULL;
        END;
    END LOOP;
    RETURN tests;
END
$$;
COMMENT ON FUNCTION health_alert_at_risk(health_source) IS 'SQL: that no other source of the book has account n in its lowest band.';

CREATE FUNCTION health_alert_candidates(source health_source, playbook health_playbook, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE playbook.trigger
    WHEN 'band' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.score_before, e.score), COALESCE(n.band_before, e.band), COALESCE(e.scored_at, $2),
               CASE WHEN COALESCE(n.band_before, e.band) <> n.band THEN format('in %%s, before in %%s', n.band, COALESCE(n.band_before, e.band)) ELSE format('again in %%s', n.band) END,
               COALESCE(n.band_before, e.band) <> n.band
          FROM playbook p JOIN pair n ON n.band = p.band LEFT JOIN %s e ON true
         WHERE p.trigger = 'band'$sql$, health_alert_earlier(history, 'n.score_before IS NULL'))
    WHEN 'rule' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.account_id::text, n.score, n.band, n.segment, e.score, e.band, e.scored_at,
               format('rule %%s fired', p.rule), NOT e.drivers @> p.fired
          FROM playbook p JOIN %1$s n ON n.drivers @> p.fired JOIN %2$s e ON true
         WHERE p.trigger = 'rule' AND n.scored_at = $1$sql$, history, health_alert_earlier(history, 'true'))
    WHEN 'stale' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, 'too little data for a score', n.score_before IS NOT NULL
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'stale' AND n.score IS NULL AND n.known
        UNION ALL
        SELECT p.name, b.account_id, b.account_id::text, NULL, NULL, b.segment, b.score, b.band, $2, 'no row within max_staleness', true
          FROM playbook p CROSS JOIN %s b
         WHERE %L AND p.trigger = 'stale' AND b.scored_at = $2 AND b.score IS NOT NULL AND NOT EXISTS (SELECT FROM pair n WHERE n.account_id = b.account_id)$sql$,
        history, source.max_staleness IS NOT NULL)
    WHEN 'opportunity' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, format('in %%s, and the condition holds', n.band), true
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'opportunity' AND n.known AND n.band = %s.health_band(n.model || '@' || n.model_version, 100::float8, n.segment)%s$sql$, home, health_alert_at_risk(source))
    WHEN 'trend' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, (t.trend).first_score, f.band, (t.trend).from_at,
               format('%%s since %%s', p.direction, to_char((t.trend).from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true
          FROM (SELECT p.name, h.account_id, %2$s AS trend FROM playbook p CROSS JOIN %1$s h 
                 WHERE p.trigger = 'trend' AND h.scored_at <= $1 AND h.scored_at > (SELECT m.since FROM moment m) GROUP BY p.name, h.account_id) t
          JOIN playbook p ON p.name = t.name AND p.direction = (t.trend).direction
          JOIN pair n ON n.account_id = t.account_id
          LEFT JOIN LATERAL (SELECT h.band FROM %1$s h WHERE h.account_id = t.account_id AND h.scored_at = (t.trend).from_at OFFSET 0) f ON true
         WHERE n.known AND n.score IS NOT NULL$sql$, history, health_alert_trend(source, home))
    WHEN 'drop' THEN pg_catalog.format($sql$
        SELECT p.name, b.account_id, b.id, b.score, b.band, b.segment, b.score_before, b.band_before, b.before_at,
               format('down %%s within %%s, from %%s', trim_scale(round((b.score_before - b.score)::numeric, 1)), p.within, trim_scale(round(b.score_before::numeric, 1))), true
          FROM (SELECT n.account_id, n.id, n.score, n.band, n.segment, COALESCE(d.score, e.score) AS score_before,
                       CASE WHEN d.score IS NULL THEN e.band ELSE d.band END AS band_before, CASE WHEN d.score IS NULL THEN e.scored_at ELSE d.scored_at END AS before_at
                  FROM pair n
                  LEFT JOIN (SELECT h.account_id, h.score, h.band, h.scored_at FROM %1$s h WHERE h.scored_at = %2$L) d ON d.account_id = n.account_id
                  LEFT JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                         WHERE d.score IS NULL AND h.account_id = n.account_id AND h.scored_at > %2$L AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                         ORDER BY h.scored_at LIMIT 1) e ON true
                 -- What no playbook is interested in is sorted out before they are asked one by one.
                 WHERE COALESCE(d.score, e.score) - n.score >= (SELECT min(p.points) FROM playbook p WHERE p.trigger = 'drop' AND p.within = %3$L) OFFSET 0) b
          JOIN playbook p ON b.score_before - b.score >= p.points
         WHERE p.trigger = 'drop' AND p.within = %3$L$sql$,
        history, pg_catalog.to_char(health_run_base(source.name, as_of, playbook.within) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), playbook.within)
    END;
END
$$;
COMMENT ON FUNCTION health_alert_candidates(health_source, health_playbook, timestamptz, text, text) IS
'SQL: the accounts of a run that have what a playbook and those like it watch for: what they were compared with, why, and whether the matter has begun since.';

-- Whether the matter of alert a has ended for account n.
CREATE FUNCTION health_alert_has_ended(source health_source, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format($sql$CASE a.trigger
        WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(n.model || '@' || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                         AND %2$s.health_band(n.model || '@' || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
        WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
        WHEN 'stale' THEN n.score IS NOT NULL
        WHEN 'rule' THEN NOT EXISTS (SELECT FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m)
                                        AND (h.score IS NULL OR h.drivers @> p.fired))
        WHEN 'trend' THEN (SELECT (%3$s).direction FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at > (SELECT m.since FROM moment m)) <> p.direction
        WHEN 'opportunity' THEN n.band <> a.band OR NOT (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers)
                                                          FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        END$sql$, history, home, health_alert_trend(source, home));
END
$$;
COMMENT ON FUNCTION health_alert_has_ended(health_source, text, text) IS 'SQL: whether what raised alert a by playbook p has ended for account n.';

CREATE FUNCTION health_alert_query(source health_source, as_of timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                   WHERE c.oid OPERATOR(pg_catalog.=) 'health_source'::regclass);
    candidates text := (
        SELECT COALESCE(pg_catalog.string_agg(health_alert_candidates(source, p, as_of, history, home), ' UNION ALL '),
                        'SELECT NULL::text, n.account_id, n.id, n.score, n.band, n.segment, n.score, n.band, $2, NULL::text, false FROM pair n WHERE false')
          -- One SELECT a trigger; drops within the same time are compared with the same run.
          FROM (SELECT DISTINCT ON (p.trigger, CASE p.trigger WHEN 'drop' THEN p.within END) p.* FROM health_alert_playbooks(source) p) AS p);
    -- An explanation needs the inputs; it compares by one version of the model, and cannot take a named segment along.
    explanation text := CASE WHEN NOT source.keep_inputs THEN 'NULL' WHEN source.segment_column IS NULL THEN pg_catalog.format(
            'COALESCE(%1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, b.inputs, h.scored_at, b.scored_at), %1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at))', home)
        ELSE pg_catalog.format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at, COALESCE(h.segment, ''''))', home) END;
BEGIN
    -- $4 the source, $5 its book, $6 the run, $7 the share above which alerts are held.
    RETURN pg_catalog.format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired
              FROM %2$s.health_source s CROSS JOIN LATERAL %2$s.health_alert_playbooks(s) p WHERE s.name = $4
        ), moment AS MATERIALIZED (
            -- Not $1: of a time that the statistics do not know yet, the planner would expect one row, and look an account up by it.
            SELECT $1::timestamptz AS at, $1 - max(COALESCE(p.within, %6$L::interval)) AS since FROM playbook p WHERE p.trigger = 'trend'
        ), pair AS MATERIALIZED (
            SELECT n.account_id, n.account_id::text AS id, n.score, n.band, n.segment, n.model, n.model_version, b.score AS score_before, b.band AS band_before, b.account_id IS NOT NULL AS known
              FROM (SELECT h.account_id, h.score, h.band, h.segment, h.model, h.model_version FROM %1$s h WHERE h.scored_at = $1) n
              LEFT JOIN (SELECT h.account_id, h.score, h.band FROM %1$s h WHERE h.scored_at = $2) b ON b.account_id = n.account_id
        ), candidate (playbook, account_id, id, score, band, segment, score_before, band_before, before_at, reason, begun) AS (
            %3$s
        ), latest AS (
            SELECT DISTINCT ON (a.playbook, a.account_id) a.playbook, a.account_id, a.as_of, a.status, a.ended_at
              FROM %2$s.health_alert a WHERE a.source = $4 AND a.playbook IS NOT NULL ORDER BY a.playbook, a.account_id, a.as_of DESC, a.id DESC
        ), raised AS MATERIALIZED (
            SELECT c.* FROM candidate c JOIN playbook p ON p.name = c.playbook
              LEFT JOIN latest l ON l.playbook = c.playbook AND l.account_id = c.id
             WHERE (p.segment IS NULL OR p.segment = c.segment)
               -- After an alert it takes the end of the matter, and the cooldown; then it may be raised though the last run saw it too.
               AND CASE WHEN l.account_id IS NULL THEN c.begun
                        ELSE l.status IN ('resolved', 'ended') AND l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                             AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within) END
               AND (p.condition IS NULL
                    OR (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers,
                                   (SELECT b.drivers FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at))
                          FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = (SELECT m.at FROM moment m)))
        ), verdict AS MATERIALIZED (
            SELECT t.alerts, t.accounts, t.book, t.accounts > $7 * t.book AS held
              -- A stale account is no longer in the run.
              FROM (SELECT count(*) AS alerts, count(DISTINCT r.id) AS accounts, GREATEST((SELECT count(*) FROM pair), count(DISTINCT r.id)) AS book FROM raised r) t
        ), inserted AS (
            INSERT INTO %2$s.health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, explanation, action, severity, due_at,
                   score, band, score_before, band_before)
            SELECT c.playbook, $4, $5, c.id, $6, $1, p.trigger, c.reason, h.name, COALESCE(p.owner, h.owner), h.segment, h.value,
                   CASE WHEN h.scored_at = $1 THEN COALESCE(CASE WHEN h.inputs IS NOT NULL THEN %4$s END,
                       (SELECT string_agg(format('%%s costs %%s', d ->> 'label', trim_scale(round((d ->> 'lost')::numeric, 1))), '; ' ORDER BY (d ->> 'rank')::numeric)
                          FROM jsonb_array_elements(h.drivers) d WHERE (d ->> 'rank')::numeric <= 3 AND (d ->> 'lost')::numeric > 0)) END,
                   p.action, p.severity, $1 + p.due_in, c.score, c.band, c.score_before, c.band_before
              FROM raised c JOIN playbook p ON p.name = c.playbook JOIN verdict v ON NOT v.held
              LEFT JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at <= $1 ORDER BY h.scored_at DESC LIMIT 1) h ON true
              LEFT JOIN LATERAL (SELECT b.inputs, b.scored_at FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at
                                    AND b.model = h.model AND b.model_version = h.model_version AND b.inputs ?& ARRAY(SELECT jsonb_object_keys(h.inputs)) OFFSET 0) b ON true
             ORDER BY c.playbook COLLATE "C", c.account_id
        ), over AS (
            SELECT a.id FROM %2$s.health_alert a JOIN playbook p ON p.name = a.playbook JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.ended_at IS NULL AND a.as_of < $1 AND %5$s
               -- Whoever holds an alert in an open transaction does not hold up the run; the next one looks again.
               FOR UPDATE OF a SKIP LOCKED
        ), ended AS (
            UPDATE %2$s.health_alert a
               SET ended_at = $1,
                   status = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN 'ended' ELSE a.status END,
                   resolved_at = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN clock_timestamp() ELSE a.resolved_at END
              FROM over WHERE a.id = over.id
        ), followed AS (
            INSERT INTO %2$s.health_alert_score AS s (alert, scored_at, score, band)
            SELECT a.id, $1, n.score, n.band FROM %2$s.health_alert a JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.status IN ('resolved', 'ended') AND a.as_of < $1 AND $1 <= GREATEST(a.as_of, a.resolved_at) + '180 days'::interval
                ON CONFLICT (alert, scored_at) DO UPDATE SET score = excluded.score, band = excluded.band
        )
        SELECT v.alerts, v.accounts, v.book, v.held FROM verdict v$sql$,
        history, home, candidates, explanation, health_alert_has_ended(source, history, home),
        COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.#>>) '{trend,window}', '30 days'));
END
$$;
COMMENT ON FUNCTION health_alert_query(health_source, timestamptz) IS
'The statement that raises, ends and follows the alerts of a run. Returns how many alerts, about how many accounts, of how many, and whether they are held. $1 to $7 are what health_alert_execute() gives it.';
