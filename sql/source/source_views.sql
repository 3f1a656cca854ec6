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
    FOREACH suffix IN ARRAY ARRAY['_movers', '_parents', '_portfolio', '_inputs', '_current'] LOOP
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
    -- The newest row of each account since the latest refresh. An account that has left the relation has no such row.
    latest text := format($sql$(
            SELECT DISTINCT ON (h.account_id) h.* FROM %s h
             WHERE h.scored_at >= (SELECT s.last_as_of FROM health_source s WHERE s.name = %L)
             ORDER BY h.account_id, h.scored_at DESC)$sql$, history, source.name);
    view_name text;
    taken regclass;
    new boolean;
    suffix text;
    body text;
    -- The inputs of 30 days before let health_explain show changes. That form takes no segment name.
    explanation text := CASE WHEN source.segment_column IS NULL
        THEN 'COALESCE(health_explain(c.scored_by, c.inputs, before.inputs, c.scored_at, before.scored_at), health_explain(c.scored_by, c.inputs, c.scored_at))'
        ELSE 'health_explain(c.scored_by, c.inputs, c.scored_at, COALESCE(c.segment, ''''))' END;
    current_body text := format($sql$
        SELECT c.account_id, c.name, c.scored_at, c.score, c.band, c.band_rank, c.coverage, c.low, c.high, c.status, c.calculated,
               t.trend, c.score - before.score AS change_30_days, before.band AS band_30_days_ago,
               CASE WHEN (c.drivers -> 0 ->> 'lost')::double precision > 0 THEN c.drivers -> 0 ->> 'label' END AS top_driver,
               %1$s AS explanation, c.value, c.owner, c.parent, c.renewal, c.segment, c.model, c.model_version
          FROM (SELECT l.*, l.model || '@'::text || l.model_version::text AS scored_by FROM %3$s l) c
          LEFT JOIN LATERAL (SELECT b.score, b.band, b.inputs, b.scored_at FROM %2$s b
                 WHERE b.account_id = c.account_id AND b.scored_at <= c.scored_at - '30 days'::interval
                   AND b.scored_at > c.scored_at - '92 days'::interval
                 ORDER BY b.scored_at DESC LIMIT 1) before ON true
          LEFT JOIN LATERAL (SELECT health_trend(w.score, w.scored_at, COALESCE((m.definition #>> '{trend,tolerance}')::double precision, 5)) AS trend
                  FROM %2$s w, health_model m
                 WHERE w.account_id = c.account_id AND w.scored_at <= c.scored_at
                   AND w.scored_at >= c.scored_at - COALESCE(m.definition #>> '{trend,window}', '30 days')::interval
                   AND m.name = c.model AND m.version = c.model_version) t ON true$sql$,
        explanation, history, latest);
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_current', '_inputs', '_movers', '_portfolio', '_parents'] LOOP
        taken := to_regclass(format('%I.%I', source.history_schema, source.name || suffix));
        IF taken IS NOT NULL AND NOT health_source_view_own(taken) THEN
            RAISE EXCEPTION 'relation % has the name of a view of source "%"', taken, source.name USING ERRCODE = 'duplicate_table',
                DETAIL = 'A source has the views _current, _inputs, _movers, _portfolio and _parents. Only views that health_source_add has created are replaced.',
                HINT = format('Rename or drop %s, or add the source under another name.', taken);
        END IF;
    END LOOP;
    FOR suffix, body IN VALUES
        ('_current', current_body),
        ('_inputs', format('SELECT l.account_id, l.name, l.scored_at, l.segment, l.inputs FROM %s l', latest)),
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
                WHEN '_movers' THEN 'Source %s: accounts whose score differs from that of 30 days before, the largest changes first.'
                WHEN '_portfolio' THEN 'Source %s: accounts and value by band, segment and owner.'
                ELSE 'Source %s: scores of parents, from their accounts.'
            END, source.name));
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_views(@extschema@.health_source) IS
'Creates or replaces the views of a source over its history: _current, _inputs, _movers, _portfolio and _parents. Another relation has the name of one: 42P07.';
