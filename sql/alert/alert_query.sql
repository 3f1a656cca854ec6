-- The query that finds the alerts of a run: one statement over the rows of the run and of the last run that was not
-- held, with one SELECT for each trigger. This file builds the text; sql/alert/run_alerts.sql executes it, under
-- search_path pg_catalog.

CREATE FUNCTION health_run_base(source text, as_of timestamptz, within interval DEFAULT '0')
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT COALESCE(max(r.as_of) FILTER (WHERE r.as_of <= health_run_base.as_of - within), min(r.as_of))
          -- If several runs have the same as_of, the status of the last one counts.
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source = health_run_base.source AND r.as_of < health_run_base.as_of AND r.status IN ('done', 'held')
                 ORDER BY r.as_of, r.id DESC) r
         WHERE r.status = 'done');
END
$$;
COMMENT ON FUNCTION health_run_base(text, timestamptz, interval) IS
'The as_of of the run to compare with, among the earlier runs that are not held: the newest that is at least within before as_of, otherwise the oldest. NULL if there is none.';

CREATE FUNCTION health_runs_held(source text)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN COALESCE((
        SELECT array_agg(r.as_of)
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source = health_runs_held.source AND r.status IN ('done', 'held') ORDER BY r.as_of, r.id DESC) r
         WHERE r.status = 'held'), '{}');
END
$$;
COMMENT ON FUNCTION health_runs_held(text) IS 'The times of a source''s held runs; their rows are not used for comparison.';

CREATE FUNCTION health_alert_playbooks(source @extschema@.health_source)
RETURNS SETOF @extschema@.health_playbook
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT p.* FROM health_playbook p
     WHERE p.active AND p.run_as = source.run_as AND (p.book IS NULL OR p.book = source.book)
       AND (p.source = source.name OR p.model = regexp_replace(source.model, '@[0-9]+$', ''));
END
$$;
COMMENT ON FUNCTION health_alert_playbooks(@extschema@.health_source) IS 'The active playbooks that watch a source.';

-- In the texts below, $1 is the as_of, $2 the as_of of the run to compare with, $3 the times of held runs. CTEs:
-- playbook has the playbooks that watch the source; pair the accounts of the run, each with its score in the run to
-- compare with; moment the as_of (at); latest the last alert of each playbook and account.

-- The look-up for accounts without a score in the last run: their newest row with a score before it. Few accounts need
-- the look-up.
CREATE FUNCTION health_alert_earlier(history text, asked text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$LATERAL (SELECT h.score, h.band, h.scored_at, h.rules%3$s FROM %1$s h
             WHERE %2$s AND h.account_id = n.account_id AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
             ORDER BY h.scored_at DESC LIMIT 1)$sql$, history, asked,
        CASE WHEN health_history_has_column(history::regclass, 'drivers') THEN ', h.drivers' ELSE ', NULL::jsonb AS drivers' END);
END
$$;
COMMENT ON FUNCTION health_alert_earlier(text, text) IS 'SQL: the newest row with a score of account n in a history, up to the run to compare with, if the condition asked holds.';

CREATE FUNCTION health_alert_time(at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN quote_literal(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00')) || '::pg_catalog.timestamptz';
END
$$;
COMMENT ON FUNCTION health_alert_time(timestamptz) IS 'SQL: a timestamptz literal, exact to the microsecond.';

CREATE FUNCTION health_alert_column(kind text, at timestamptz)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN quote_ident(format('%s_%s', kind, (EXTRACT(epoch FROM at) * 1000000)::bigint));
END
$$;
COMMENT ON FUNCTION health_alert_column(text, timestamptz) IS 'SQL: the name of the column of pair that holds a score, band or trend for a time.';

CREATE FUNCTION health_alert_model(source @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN regexp_replace(source.model, '@[0-9]+$', '') || '@';
END
$$;
COMMENT ON FUNCTION health_alert_model(@extschema@.health_source) IS 'The model name of a source''s rows, with the @ before the version.';

-- The time of the playbook takes precedence over the window of the model.
CREATE FUNCTION health_alert_watches(source @extschema@.health_source, as_of timestamptz, OUT name text, OUT since timestamptz, OUT base timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    trend_window interval := (SELECT make_interval(secs => t."window" / 1e6) FROM health_model_trend(source.model) t);
BEGIN
    RETURN QUERY
    SELECT p.name, CASE p.trigger WHEN 'trend' THEN as_of - COALESCE(p.within, trend_window) END,
           CASE p.trigger WHEN 'drop' THEN health_run_base(source.name, as_of, p.within) END
      FROM health_alert_playbooks(source) p;
END
$$;
COMMENT ON FUNCTION health_alert_watches(@extschema@.health_source, timestamptz) IS
'The active playbooks that watch a source: since is the start of a trend, base the time from which a drop is measured.';

-- What playbooks look back to is in the lists of <name>_recent. A base before these lists is looked up by its time.
CREATE FUNCTION health_alert_pairs(source @extschema@.health_source, as_of timestamptz, history text, compared timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    tolerance double precision := (SELECT t.tolerance FROM health_model_trend(source.model) t);
    complete timestamptz := as_of - health_recent_span(source);
    equals text := health_id_equals(history::regclass);
    columns text := '';
    joins text := '';
    place integer := 0;
    at timestamptz;
BEGIN
    FOR at IN SELECT DISTINCT w.base FROM health_alert_watches(source, as_of) w WHERE w.base IS NOT NULL LOOP
        IF at >= complete THEN
            columns := columns || format(', health_score_internal.health_past_score(r.list, %1$s) AS %2$s, health_score_internal.health_past_band(r.list, %1$s) AS %3$s',
                health_alert_time(at), health_alert_column('score', at), health_alert_column('band', at));
        ELSE
            place := place + 1;
            columns := columns || format(', b%1$s.score AS %2$s, b%1$s.band AS %3$s', place, health_alert_column('score', at), health_alert_column('band', at));
            joins := joins || format(' LEFT JOIN %1$s b%2$s ON b%2$s.account_id %3$s r.account_id AND b%2$s.scored_at = %4$s', history, place, equals, health_alert_time(at));
        END IF;
    END LOOP;
    FOR at IN SELECT DISTINCT w.since FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL LOOP
        columns := columns || CASE WHEN at >= complete THEN format(', health_score_internal.health_past_trend(r.list, %s, %L) AS %s', health_alert_time(at), tolerance, health_alert_column('trend', at))
            ELSE format(', (SELECT health_score_internal.health_past_trend(health_score_internal.health_past_make(array_agg(h.scored_at), array_agg(h.score), array_agg(h.band)), %1$s, %2$L) FROM %3$s h
                      WHERE h.account_id %4$s r.account_id AND h.scored_at >= %1$s AND h.scored_at <= $1 AND h.scored_at <> ALL ($3)) AS %5$s',
                health_alert_time(at), tolerance, history, equals, health_alert_column('trend', at)) END;
    END LOOP;
    -- The lists know nothing of held runs.
    IF compared IS NOT NULL THEN
        joins := joins || format(' LEFT JOIN %s x ON x.account_id %s r.account_id AND x.scored_at = %s', history, equals, health_alert_time(compared));
    END IF;
    RETURN format(CASE WHEN compared IS NULL THEN $sql$
            SELECT r.account_id, r.account_id::text AS id, r.known, r.score, r.band, r.segment, r.model_version, r.score_before, r.band_before%1$s
              FROM %2$s r%3$s WHERE r.scored_at = $1$sql$ ELSE $sql$
            SELECT r.account_id, r.account_id::text AS id, x.account_id IS NOT NULL AS known, r.score, r.band, r.segment, r.model_version, x.score AS score_before, x.band AS band_before%1$s
              FROM %2$s r%3$s WHERE r.scored_at = $1$sql$ END, columns, health_source_table(source, '_recent'), joins);
END
$$;
COMMENT ON FUNCTION health_alert_pairs(@extschema@.health_source, timestamptz, text, timestamptz) IS
'SQL: the accounts of a run, each with its score and band in the run, in the run to compare with (compared, if that run is held) and at the base of each drop, and its trends, from <name>_recent.';

-- Another source whose history is missing or belongs to another role is skipped: the refresh of that source reports the
-- error.
CREATE FUNCTION health_alert_at_risk(source @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    other health_source;
    tests text := '';
BEGIN
    FOR other IN SELECT o.* FROM health_source o
                  WHERE o.book = source.book AND o.run_as = source.run_as AND o.name <> source.name
                    AND o.last_as_of IS NOT NULL LOOP
        BEGIN
            PERFORM health_history_relation(other);
            tests := tests || format(
                ' AND NOT EXISTS (SELECT FROM %I.%I o WHERE o.account_id::text = n.id AND o.scored_at = %L AND o.band_rank = 1)',
                other.history_schema, other.history_name, to_char(other.last_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'));
        EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
            NULL;
        END;
    END LOOP;
    RETURN tests;
END
$$;
COMMENT ON FUNCTION health_alert_at_risk(@extschema@.health_source) IS 'SQL: the condition that no other source of the book has account n in its lowest band.';

-- An input with the name of a column hides the column, as a condition of the model reads it.
CREATE FUNCTION health_alert_inputs(history_row text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN replace('jsonb_build_object(''name'', h.name, ''owner'', h.owner, ''parent'', h.parent, ''renewal'', h.renewal, ''segment'', h.segment, ''value'', h.value)'
                   || ' || COALESCE(h.inputs, ''{}'')', 'h.', history_row || '.');
END
$$;
COMMENT ON FUNCTION health_alert_inputs(text) IS 'SQL: what a condition reads of a row of a history: its own columns, and the inputs that it keeps.';

CREATE FUNCTION health_alert_meets(source @extschema@.health_source, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$(SELECT %2$s.health_playbook_condition(c.condition, $1, h.score, %3$s, CASE WHEN c.reads_drivers THEN %4$s END,
                               CASE WHEN c.looks_back THEN (SELECT %5$s FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at) END)
                      FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = (SELECT m.at FROM moment m))$sql$,
        history, home, health_alert_inputs('h'), health_kept_drivers_of(source, history::regclass, 'h'), health_kept_drivers_of(source, history::regclass, 'b'));
END
$$;
COMMENT ON FUNCTION health_alert_meets(@extschema@.health_source, text, text) IS 'SQL: whether candidate c meets the condition of its playbook.';

CREATE FUNCTION health_alert_met_before(source @extschema@.health_source, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$(SELECT %2$s.health_playbook_condition(c.condition, h.scored_at, h.score, %3$s, CASE WHEN c.reads_drivers THEN %4$s END)
                      FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = c.before_at)$sql$,
        history, home, health_alert_inputs('h'), health_kept_drivers_of(source, history::regclass, 'h'));
END
$$;
COMMENT ON FUNCTION health_alert_met_before(@extschema@.health_source, text, text) IS 'SQL: whether candidate c, whose trigger is not new, met the condition of its playbook before.';

CREATE FUNCTION health_alert_candidates(source @extschema@.health_source, trigger text, since timestamptz, base timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE trigger
    WHEN 'band' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.score_before, e.score), COALESCE(n.band_before, e.band), COALESCE(e.scored_at, $2),
               CASE WHEN COALESCE(n.band_before, e.band) <> n.band THEN format('in %%s, before in %%s', n.band, COALESCE(n.band_before, e.band)) WHEN p.condition IS NOT NULL THEN format('in %%s, and the condition holds', n.band) ELSE format('again in %%s', n.band) END,
               COALESCE(n.band_before, e.band) <> n.band
          FROM playbook p JOIN pair n ON n.band = p.band LEFT JOIN %s e ON true
         -- Most accounts stay in their band. Such an account counts only if it had an alert, which may have ended
         -- since, or if a condition may be new.
         WHERE p.trigger = 'band' AND (COALESCE(n.band_before, e.band) <> n.band OR (p.name, n.id) IN (SELECT l.playbook, l.account_id FROM latest l)
                                       OR p.condition IS NOT NULL AND COALESCE(n.band_before, e.band) IS NOT NULL)$sql$, health_alert_earlier(history, 'n.score_before IS NULL'))
    WHEN 'rule' THEN format($sql$
        SELECT p.name, n.account_id, n.account_id::text, n.score, n.band, n.segment, e.score, e.band, e.scored_at,
               format('rule %%s fired', p.rule), NOT (p.rule = ANY (COALESCE(e.rules, '{}')) OR COALESCE(e.drivers @> p.fired, false))
          FROM playbook p JOIN %1$s n ON p.rule = ANY (n.rules) JOIN %2$s e ON true
         WHERE p.trigger = 'rule' AND n.scored_at = $1$sql$, history, health_alert_earlier(history, 'true'))
    WHEN 'stale' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, 'too little data for a score', n.score_before IS NOT NULL
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'stale' AND n.score IS NULL AND n.known
        UNION ALL
        SELECT p.name, b.account_id, b.account_id::text, NULL, NULL, b.segment, b.score, b.band, $2, 'no row within max_staleness', true
          FROM playbook p CROSS JOIN %s b
         WHERE %L AND p.trigger = 'stale' AND b.scored_at = $2 AND b.score IS NOT NULL AND NOT EXISTS (SELECT FROM pair n WHERE n.account_id = b.account_id)$sql$,
        history, source.max_staleness IS NOT NULL)
    WHEN 'opportunity' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, format('in %%s, and the condition holds', n.band), true
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'opportunity' AND n.known AND n.band = %s.health_band(%L || n.model_version, 100::float8, n.segment)%s$sql$,
        home, health_alert_model(source), health_alert_at_risk(source))
    WHEN 'trend' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, f.score, f.band, f.scored_at,
               format('%%s since %%s', p.direction, to_char(f.scored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true
          FROM playbook p JOIN pair n ON n.%2$s = p.direction
         CROSS JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                 WHERE h.account_id = n.account_id AND h.scored_at >= %3$s AND h.scored_at <= $1 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                 ORDER BY h.scored_at LIMIT 1) f
         WHERE p.trigger = 'trend' AND p.since = %3$s AND n.known AND n.score IS NOT NULL$sql$,
        history, health_alert_column('trend', since), health_alert_time(since))
    WHEN 'drop' THEN format($sql$
        SELECT p.name, b.account_id, b.id, b.score, b.band, b.segment, b.score_before, b.band_before, b.before_at,
               format('down %%s within %%s, from %%s', trim_scale(round((b.score_before - b.score)::numeric, 1)), p.within, trim_scale(round(b.score_before::numeric, 1))), true
          FROM playbook p
          JOIN (SELECT true AS here, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.%3$s, e.score) AS score_before,
                       CASE WHEN n.%3$s IS NULL THEN e.band ELSE n.%4$s END AS band_before, CASE WHEN n.%3$s IS NULL THEN e.scored_at ELSE %2$s END AS before_at
                  FROM pair n
                  LEFT JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                         WHERE n.%3$s IS NULL AND h.account_id = n.account_id AND h.scored_at > %2$s AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                         ORDER BY h.scored_at LIMIT 1) e ON true
                 -- Drops that are too small for every playbook are removed before the join with the playbooks.
                 WHERE COALESCE(n.%3$s, e.score) - n.score >= (SELECT min(p.points) FROM playbook p WHERE p.trigger = 'drop' AND p.base = %2$s) OFFSET 0) b
            -- The equality allows a hash join: one pass over the accounts, not one per playbook.
            ON b.here = (p.trigger = 'drop') AND b.score_before - b.score >= p.points
         WHERE p.trigger = 'drop' AND p.base = %2$s$sql$,
        history, health_alert_time(base), health_alert_column('score', base), health_alert_column('band', base))
    END;
END
$$;
COMMENT ON FUNCTION health_alert_candidates(@extschema@.health_source, text, timestamptz, timestamptz, text, text) IS
'SQL: the accounts of a run that meet the playbooks of a trigger and time: score and band before, the reason, and whether the cause is new since then.';

CREATE FUNCTION health_alert_has_ended(source @extschema@.health_source, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$CASE a.trigger
        WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(%4$L || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                         AND %2$s.health_band(%4$L || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
        WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
        WHEN 'stale' THEN n.score IS NOT NULL
        WHEN 'rule' THEN NOT EXISTS (SELECT FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m)
                                        AND (h.score IS NULL OR p.rule = ANY (h.rules)))
        WHEN 'trend' THEN CASE %3$s END <> p.direction
        WHEN 'opportunity' THEN n.band <> a.band
        END OR p.condition IS NOT NULL AND NOT p.looks_back AND a.trigger IN ('band', 'rule', 'opportunity')
               AND NOT (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, %5$s, CASE WHEN p.reads_drivers THEN %6$s END)
                          FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m))$sql$, history, home,
        (SELECT COALESCE(string_agg(DISTINCT format('WHEN p.since = %s THEN n.%s', health_alert_time(w.since), health_alert_column('trend', w.since)), ' '), 'WHEN true THEN p.direction')
           FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL), health_alert_model(source), health_alert_inputs('h'),
        health_kept_drivers_of(source, history::regclass, 'h'));
END
$$;
COMMENT ON FUNCTION health_alert_has_ended(@extschema@.health_source, timestamptz, text, text) IS 'SQL: whether the cause of alert a, raised by playbook p, has ended for account n.';

-- A cause that was there at the run to compare with is not new: the playbook may be, or the run before may have been
-- held. Triggers of events (band, rule, stale) compare with that run by themselves.
CREATE FUNCTION health_alert_met(source @extschema@.health_source, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    equals text := health_id_equals(history::regclass);
    counts text := format('h.account_id %s c.account_id AND (h.scored_at = $2 OR h.scored_at <> ALL ($3)) AND h.score IS NOT NULL', equals);
BEGIN
    -- f is the first score that the trigger looks back to. At the base, a drop begins at base_before, a trend at since_before.
    RETURN format($sql$c.trigger IN ('drop', 'trend', 'opportunity') AND EXISTS (
            SELECT FROM %1$s b
              LEFT JOIN LATERAL (SELECT h.* FROM %1$s h
                     WHERE %4$s AND CASE c.trigger WHEN 'drop' THEN h.scored_at >= c.base_before WHEN 'trend' THEN h.scored_at >= c.since_before ELSE c.looks_back END
                       AND h.scored_at < $2 ORDER BY CASE c.trigger WHEN 'opportunity' THEN $2 - h.scored_at ELSE h.scored_at - $2 END LIMIT 1) f ON true
             WHERE b.account_id %8$s c.account_id AND b.scored_at = (SELECT m.base FROM moment m)
               AND CASE c.trigger
                   WHEN 'drop' THEN f.score - b.score >= c.points
                   WHEN 'trend' THEN (SELECT %2$s.health_trend(h.score, h.scored_at, %5$L::float8) FROM %1$s h WHERE %4$s AND h.scored_at >= c.since_before AND h.scored_at <= $2) = c.direction
                   ELSE b.band = %2$s.health_band(%3$L || b.model_version, 100::float8, b.segment) END
               AND (c.condition IS NULL OR %2$s.health_playbook_condition(c.condition, $2, b.score, %9$s, CASE WHEN c.reads_drivers THEN %6$s END, CASE WHEN c.looks_back THEN %7$s END)))$sql$,
        history, home, health_alert_model(source), counts, (SELECT t.tolerance FROM health_model_trend(source.model) t),
        health_kept_drivers_of(source, history::regclass, 'b'), health_kept_drivers_of(source, history::regclass, 'f'), equals, health_alert_inputs('b'));
END
$$;
COMMENT ON FUNCTION health_alert_met(@extschema@.health_source, text, text) IS 'SQL: whether candidate c met its playbook already at the run to compare with.';

CREATE FUNCTION health_alert_query(source @extschema@.health_source, as_of timestamptz, compared timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    candidates text := (
        SELECT COALESCE(string_agg(health_alert_candidates(source, p.trigger, p.since, p.base, history, home), ' UNION ALL '),
                        'SELECT NULL::text, n.account_id, n.id, n.score, n.band, n.segment, n.score, n.band, $2, NULL::text, false FROM pair n WHERE false')
          -- One SELECT per trigger; for drops and trends, one per time that they look back to.
          FROM (SELECT DISTINCT p.trigger, w.since, w.base FROM health_alert_playbooks(source) p JOIN health_alert_watches(source, as_of) w ON w.name = p.name) AS p);
BEGIN
    -- $4 is the source, $5 its book, $6 the run, $7 the share of accounts above which the run is held.
    RETURN format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired, p.condition @? '$.**.category_drop' AS looks_back, p.condition @? '$.**.subscore' OR p.condition @? '$.**.category' OR p.condition @? '$.**.score' OR p.condition @? '$.**.driver' OR p.condition @? '$.**.category_drop' AS reads_drivers, w.since, w.base,
                   $2 - ($1 - w.since) AS since_before, CASE p.trigger WHEN 'drop' THEN health_score_internal.health_run_base($4, $2, p.within) END AS base_before
              FROM %2$s.health_source s CROSS JOIN LATERAL health_score_internal.health_alert_playbooks(s) p JOIN health_score_internal.health_alert_watches(s, $1) w ON w.name = p.name WHERE s.name = $4
        ), moment AS MATERIALIZED (
            -- The CTE hides $1: for a time beyond the statistics, the planner would expect one row and look accounts up
            -- by time.
            SELECT $1::timestamptz AS at, $2::timestamptz AS base, (SELECT max(r.started_at) FROM %2$s.health_run r WHERE r.source = $4 AND r.as_of = $2 AND r.status IN ('done', 'held')) AS base_run_at
        ), pair AS MATERIALIZED (%6$s
        ), latest AS MATERIALIZED (
            SELECT DISTINCT ON (a.playbook, a.account_id) a.playbook, a.account_id, a.as_of, a.status, a.ended_at, a.resolved_at
              FROM %2$s.health_alert a WHERE a.source = $4 AND a.playbook IS NOT NULL ORDER BY a.playbook, a.account_id, a.as_of DESC, a.id DESC
        ), candidate (playbook, account_id, id, score, band, segment, score_before, band_before, before_at, reason, begun) AS (
            %3$s
        ), due AS MATERIALIZED (
            -- Open alerts that the playbook would raise again. An alert that another transaction locks waits for the
            -- next run.
            SELECT a.id, a.playbook, a.account_id FROM %2$s.health_alert a JOIN playbook p ON p.name = a.playbook
             WHERE a.source = $4 AND a.status IN ('open', 'acknowledged', 'snoozed') AND a.as_of <= $1 - p.repeat FOR UPDATE OF a SKIP LOCKED
        ), raised AS MATERIALIZED (
            -- Conditions are costly: OFFSET 0 makes the other filters run first.
            SELECT c.* FROM (
                SELECT c.*, p.trigger, p.points, p.direction, p.condition, p.looks_back, p.reads_drivers, p.since_before, p.base_before,
                       -- What kept the playbook from another alert is over since the run to compare with: then the cause need not be new.
                       l.account_id IS NOT NULL AND (l.as_of > $2 - p.cooldown OR l.ended_at > $2 OR l.resolved_at > m.base_run_at OR l.as_of <= $1 - p.repeat
                                                     OR p.trigger = 'drop' AND l.ended_at IS NULL AND l.as_of > $2 - p.within) AS again
                  FROM candidate c JOIN playbook p ON p.name = c.playbook CROSS JOIN moment m
                  LEFT JOIN latest l ON l.playbook = c.playbook AND l.account_id = c.id
                 WHERE (p.segment IS NULL OR p.segment = c.segment)
                   -- After an alert, the cause must have ended, or be due again, and the cooldown must be over.
                   AND (l.account_id IS NULL
                        OR l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                           AND (l.status IN ('resolved', 'ended')
                                AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within OR l.as_of <= $1 - p.repeat)
                                OR (c.playbook, c.id) IN (SELECT d.playbook, d.account_id FROM due d)))
                OFFSET 0) c
             -- The cause is the trigger and the condition together: it is new if either is.
             WHERE (c.begun OR c.again OR c.condition IS NOT NULL)
               AND (c.condition IS NULL OR %8$s)
               AND (c.again OR CASE WHEN c.begun THEN NOT (%7$s) ELSE NOT %9$s END)
        ), verdict AS MATERIALIZED (
            SELECT t.alerts, t.accounts, t.book, t.accounts > $7 * t.book AS held,
                   (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.alerts DESC, p.playbook COLLATE "C")
                      FROM (SELECT r.playbook, count(*) AS alerts, count(DISTINCT r.id) AS accounts FROM raised r GROUP BY r.playbook) p) AS playbooks
              -- A stale account is not in pair, but counts in the book.
              FROM (SELECT count(*) AS alerts, count(DISTINCT r.id) AS accounts, GREATEST((SELECT count(*) FROM pair), count(DISTINCT r.id)) AS book FROM raised r) t
        ), replaced AS (
            UPDATE %2$s.health_alert a SET status = 'ended', ended_at = $1, resolved_at = clock_timestamp()
              FROM due d JOIN raised r ON r.playbook = d.playbook AND r.id = d.account_id JOIN verdict v ON NOT v.held
             WHERE a.id = d.id RETURNING a.id
        ), inserted AS (
            INSERT INTO %2$s.health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, explanation, action, severity, due_at,
                   score, band, score_before, band_before)
            SELECT c.playbook, $4, $5, c.id, $6, $1, p.trigger, c.reason, h.name, COALESCE(p.owner, h.owner), h.segment, h.value,
                   CASE WHEN h.scored_at = $1 THEN %4$s END,
                   p.action, p.severity, $1 + p.due_in, c.score, c.band, c.score_before, c.band_before
              FROM raised c JOIN playbook p ON p.name = c.playbook JOIN verdict v ON NOT v.held
              LEFT JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at <= $1 ORDER BY h.scored_at DESC LIMIT 1) h ON true
              LEFT JOIN LATERAL (SELECT b.inputs, b.scored_at FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at
                                    AND b.model = h.model AND b.model_version = h.model_version AND b.inputs ?& ARRAY(SELECT jsonb_object_keys(h.inputs)) OFFSET 0) b ON true
             -- An account has at most one open alert of a playbook: the one that is raised again ends first.
             WHERE (SELECT count(*) FROM replaced) >= 0
             ORDER BY c.playbook COLLATE "C", c.account_id
        ), over AS (
            SELECT a.id FROM %2$s.health_alert a JOIN playbook p ON p.name = a.playbook JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.ended_at IS NULL AND a.as_of < $1 AND (%5$s) AND a.id NOT IN (SELECT e.id FROM replaced e)
               -- A transaction that locks an alert does not block the run; the next run checks the alert again.
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
        SELECT v.alerts, v.accounts, v.book, v.held, v.playbooks FROM verdict v$sql$,
        history, home, candidates, health_kept_words(source, 'h', 'b'), health_alert_has_ended(source, as_of, history, home), health_alert_pairs(source, as_of, history, compared),
        health_alert_met(source, history, home), health_alert_meets(source, history, home), health_alert_met_before(source, history, home));
END
$$;
COMMENT ON FUNCTION health_alert_query(@extschema@.health_source, timestamptz, timestamptz) IS
'The statement that raises, ends and follows the alerts of a run; compared: the as_of of a held run to compare with. It returns the number of alerts, of their accounts and of all accounts, whether the run is held, and the alerts of each playbook. health_alert_execute() binds $1 to $7.';
