-- The views of a source over its history, for dashboards and users. The views do not read the relation, belong to the
-- source's owner, and use the reader's rights on the history.

-- A view of a source has this trigger. It tells the view from any other relation that has got its name: the trigger stays
-- with its view through CREATE OR REPLACE, renames and dumps, and no copy of the view has it.
CREATE FUNCTION health_source_view_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'view %.% is read-only', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
        USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'The view belongs to a source.', HINT = 'health_refresh writes the scores.';
END
$$;
COMMENT ON FUNCTION health_source_view_guard() IS 'Trigger of the views of sources: marks a view as created by health_source_add. Writing to the view: 55000.';

CREATE FUNCTION health_source_view_own(relation regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'health_source_view_guard()'::regprocedure);
END
$$;
COMMENT ON FUNCTION health_source_view_own(regclass) IS 'Whether health_source_add has created a relation as the view of a source.';

-- No CASCADE: dependent objects of users are an error.
CREATE FUNCTION health_source_drop_views(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    suffix text;
    relation regclass;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_movers', '_parents', '_portfolio', '_signals', '_drivers', '_inputs', '_current'] LOOP
        relation := to_regclass(format('%I.%I', source.history_schema, source.name || suffix));
        IF health_source_view_own(relation) THEN
            EXECUTE format('DROP VIEW %s', relation);
        ELSIF relation IS NOT NULL THEN
            RAISE NOTICE '% is not a view of source "%" and stays', relation, source.name;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_drop_views(@extschema@.health_source) IS 'Drops the views of a source, but no other relation with the name of one; 2BP01 if other objects depend on them.';

CREATE FUNCTION health_source_views(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    equals text := health_id_equals(health_history_relation(source));
    last text := format('(SELECT s.last_as_of FROM health_source s WHERE s.name = %L)', source.name);
    -- The latest night, found by equality, without the accounts that were scored since; and those. An account that has
    -- left the relation is in neither. Conditions on columns reach the scan of the night.
    latest text := format($sql$(
            SELECT %1$s FROM %2$s h
             WHERE h.scored_at = %3$s
               AND NOT EXISTS (SELECT FROM %2$s n WHERE n.run IS NULL AND n.scored_at > %3$s AND n.account_id %4$s h.account_id)
             UNION ALL
            (SELECT DISTINCT ON (h.account_id) %1$s FROM %2$s h
              WHERE h.run IS NULL AND h.scored_at > %3$s
              ORDER BY h.account_id, h.scored_at DESC))$sql$,
        'h.account_id, h.name, h.scored_at, h.score, h.band, h.band_rank, h.coverage, h.low, h.high, h.status, h.calculated, h.trend, h.change, h.before_at, h.band_before, h.inputs, h.value, h.owner, h.parent, h.renewal, h.segment, h.model, h.model_version',
        history, last, equals);
    view_name text;
    taken regclass;
    new boolean;
    suffix text;
    body text;
    stored text := CASE WHEN health_history_has_column(health_history_relation(source), 'drivers') THEN 'h.drivers' ELSE 'NULL::jsonb' END;
    -- What costs much stands in the outermost list: Postgres computes it after ORDER BY and LIMIT.
    current_body text := format($sql$
        SELECT c.account_id, c.name, c.scored_at, c.score, c.band, c.band_rank, c.coverage, c.low, c.high,
               c.status, c.calculated, c.trend, c.change AS change_30_days, c.band_before AS band_30_days_ago,
               health_kept_top_driver(%1$s) AS top_driver,
               (SELECT %2$s FROM (SELECT true) one LEFT JOIN %3$s b ON b.account_id %4$s c.account_id AND b.scored_at = c.before_at) AS explanation,
               c.value, c.owner, c.parent, c.renewal, c.segment, c.model, c.model_version
          FROM %5$s c$sql$,
        health_kept_arguments(source, 'c'), health_kept_words(source, 'c', 'b'), history, equals, latest);
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_current', '_inputs', '_drivers', '_signals', '_movers', '_portfolio', '_parents'] LOOP
        taken := to_regclass(format('%I.%I', source.history_schema, source.name || suffix));
        IF taken IS NOT NULL AND NOT health_source_view_own(taken) THEN
            RAISE EXCEPTION 'relation % has the name of a view of source "%"', taken, source.name USING ERRCODE = 'duplicate_table',
                DETAIL = 'A source has the views _current, _inputs, _drivers, _signals, _movers, _portfolio and _parents. Only views that health_source_add has created are replaced.',
                HINT = format('Rename or drop %s, or add the source under another name.', taken);
        END IF;
    END LOOP;
    FOR suffix, body IN VALUES
        ('_current', current_body),
        ('_inputs', format('SELECT l.account_id, l.name, l.scored_at, l.segment, l.inputs FROM %s l', latest)),
        ('_drivers', format($sql$
            SELECT h.account_id, h.scored_at, d.* FROM %1$s h CROSS JOIN LATERAL health_kept_drivers_stored(%2$s, %3$s) d$sql$,
            history, health_kept_arguments(source, 'h'), stored)),
        ('_signals', format($sql$
            SELECT h.account_id, h.scored_at, d.driver AS signal, d.label, d.value, d.subscore,
                   CASE WHEN d.subscore IS NOT NULL AND t.tolerance IS NOT NULL THEN health_band(h.model || '@'::text || h.model_version::text, d.subscore, h.segment) END AS band,
                   d.contribution, d.subscore - d.subscore_before AS change,
                   CASE WHEN abs(d.subscore - d.subscore_before) >= t.tolerance AND d.subscore <> d.subscore_before
                        THEN CASE WHEN d.subscore > d.subscore_before THEN 'improving' ELSE 'declining' END
                        WHEN d.subscore_before IS NOT NULL AND d.subscore IS NOT NULL THEN 'stable' END AS trend
              FROM %1$s h
             CROSS JOIN LATERAL health_kept_signals(%2$s, (SELECT b.inputs FROM %1$s b WHERE b.account_id %3$s h.account_id AND b.scored_at = h.before_at), h.before_at, %4$s) d
              LEFT JOIN LATERAL (SELECT t.tolerance FROM health_model m CROSS JOIN LATERAL health_model_trend(m.name || '@'::text || m.version::text) t
                                  WHERE m.name = h.model AND m.version = h.model_version) t ON true$sql$,
            history, health_kept_arguments(source, 'h'), equals, stored)),
        ('_movers', format($sql$
            SELECT account_id, name, change_30_days AS change, score, score - change_30_days AS score_30_days_ago, band, band_30_days_ago,
                   value, owner, segment, top_driver, explanation, scored_at FROM %s
             WHERE change_30_days <> 0::double precision ORDER BY abs(change_30_days) DESC, value DESC NULLS LAST, account_id$sql$,
            format('%I.%I', source.history_schema, source.name || '_current'))),
        ('_portfolio', format($sql$
            SELECT band, band_rank, segment, owner, count(*) AS accounts, sum(value) AS value,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value,
                   health_rollup(score) AS mean_score, health_rollup(score, value::double precision) AS value_weighted_score, max(scored_at) AS scored_at
              FROM %s l GROUP BY band, band_rank, segment, owner$sql$, latest)),
        ('_parents', format($sql$
            SELECT parent, count(*) AS accounts, sum(value) AS value, health_rollup(score) AS mean_score,
                   health_rollup(score, value::double precision) AS value_weighted_score, health_worst(score) AS worst_score,
                   (array_agg(account_id ORDER BY score, account_id) FILTER (WHERE score IS NOT NULL))[1] AS worst_account,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value, max(scored_at) AS scored_at
              FROM %s l WHERE parent IS NOT NULL GROUP BY parent$sql$, latest))
    LOOP
        view_name := format('%I.%I', source.history_schema, source.name || suffix);
        new := to_regclass(view_name) IS NULL;
        -- OR REPLACE keeps the grants; a history whose id has another type needs new views.
        BEGIN
            EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
        EXCEPTION WHEN invalid_table_definition THEN
            PERFORM health_source_drop_views(source);
            EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
            new := true;
        END;
        IF new THEN
            PERFORM health_privileges_revoke('pg_class', to_regclass(view_name));
            EXECUTE format('CREATE TRIGGER health_source_view INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION health_source_view_guard()', view_name);
        END IF;
        EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, format(
            CASE suffix
                WHEN '_current' THEN 'Source %s: each account''s latest score, with its trend, change and explanation.'
                WHEN '_inputs' THEN 'Source %s: the inputs of each account''s latest score.'
                WHEN '_drivers' THEN 'Source %s: what each signal and rule added to each score; derived from the inputs of the rows that a query asks for.'
                WHEN '_signals' THEN 'Source %s: the signals of each score, with change and trend since the score 30 days before; derived from the inputs of the rows that a query asks for.'
                WHEN '_movers' THEN 'Source %s: accounts whose score differs from that of 30 days before, the largest changes first.'
                WHEN '_portfolio' THEN 'Source %s: accounts and value by band, segment and owner.'
                ELSE 'Source %s: scores of parents, from their accounts.'
            END, source.name));
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_views(@extschema@.health_source) IS
'Creates or replaces the views of a source over its history: _current, _inputs, _drivers, _signals, _movers, _portfolio and _parents. Another relation has the name of one: 42P07.';
