-- health_explain_change: why the score of an account changed, from history alone, and whether the scores of its peers
-- changed too.

CREATE FUNCTION health_explain_change_query(history regclass, by text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- $1 account; $2 and $3 its times before and after; $4 and $5 the times of its peers; $7 whether peers are
    -- compared. $6: a column names the segments. health_change would choose a segment by the conditions of the model,
    -- so that plan holds one document for each segment, with the segment's patch applied.
    RETURN format($sql$
    WITH mine AS (
        SELECT true AS mine, b.model AS model_2, b.model_version AS version_2, COALESCE(b.segment, '') AS segment_2, b.owner, b.inputs AS inputs_2, b.scored_at AS at_2, b.score AS score_2,
               a.model AS model_1, a.model_version AS version_1, COALESCE(a.segment, '') AS segment_1, a.inputs AS inputs_1, a.scored_at AS at_1, a.score AS score_1
          FROM (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at = $3) b
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at = $2) a),
    pair AS (
        SELECT * FROM mine
         UNION ALL
        SELECT false, b.model, b.model_version, COALESCE(b.segment, ''), b.owner, b.inputs, b.scored_at, b.score,
               a.model, a.model_version, COALESCE(a.segment, ''), a.inputs, a.scored_at, a.score
          FROM mine
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE h.scored_at = $5 AND NOT (%2$s)) b
         CROSS JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = b.account_id AND h.scored_at <= $4
                              ORDER BY h.scored_at DESC LIMIT 1) a
         WHERE %3$s AND a.score IS NOT NULL AND b.score IS NOT NULL),
    plan AS MATERIALIZED (
        SELECT m.name, m.version, p.segment, p.definition
          FROM (SELECT model_2, version_2 FROM pair UNION SELECT model_1, version_1 FROM pair) u (name, version)
          JOIN health_model m ON m.name = u.name AND m.version = u.version
         CROSS JOIN LATERAL (SELECT '', CASE WHEN $6 THEN m.definition - 'segments' ELSE m.definition END
                              UNION ALL
                             SELECT s.segment ->> 'name', health_patch(m.definition - 'segments', COALESCE(s.segment -> 'patch', '{}'))
                               FROM jsonb_array_elements(m.definition -> 'segments') s (segment) WHERE $6) p (segment, definition)),
    read AS MATERIALIZED (
        SELECT m.name, m.version, health_model_describe(m.definition) -> 'inputs' AS inputs
          FROM (SELECT DISTINCT name, version FROM plan) u
          JOIN health_model m ON m.name = u.name AND m.version = u.version),
    -- History keeps no input that the model before did not read. Such an input takes its value of now, so that its
    -- effect belongs to the part model and not to the part behaviour.
    framed AS MATERIALIZED (
        SELECT row_number() OVER () AS pair, p.*, now_in.definition AS frame, then_in.definition AS frame_then,
               CASE WHEN (p.model_1, p.version_1) IS NOT DISTINCT FROM (p.model_2, p.version_2) THEN p.inputs_1
                    ELSE COALESCE((SELECT jsonb_object_agg(i.key, i.value) FROM jsonb_each(p.inputs_2) i
                                    WHERE was.inputs IS NOT NULL AND NOT was.inputs ? i.key AND i.key NOT IN ('@override', '@notes')), '{}')
                         || p.inputs_1 END AS inputs_then
          FROM pair p
          JOIN plan now_in ON now_in.name = p.model_2 AND now_in.version = p.version_2
               AND now_in.segment = CASE WHEN $6 THEN p.segment_2 ELSE '' END
          LEFT JOIN plan then_in ON $6 AND p.segment_1 <> p.segment_2 AND then_in.name = p.model_2
               AND then_in.version = p.version_2 AND then_in.segment = p.segment_1
          LEFT JOIN read was ON was.name = p.model_1 AND was.version = p.version_1),
    -- Peers may be a whole book: only drivers that changed, without labels and values, which nobody reads.
    told AS (
        SELECT f.pair, f.mine, CASE c.kind WHEN 'signal' THEN 'behaviour' WHEN 'rule' THEN 'rules' ELSE c.kind END AS part,
               c.driver, CASE WHEN f.mine THEN c.label END AS label, CASE WHEN f.mine THEN c.before_value END AS before_value,
               CASE WHEN f.mine THEN c.after_value END AS after_value, c.change, f.score_2 - f.score_1 AS whole
          FROM framed f CROSS JOIN LATERAL health_kept_change(f.frame, f.inputs_then, f.inputs_2, f.at_1, f.at_2) c
         WHERE f.mine OR c.change <> 0::double precision
         UNION ALL
        SELECT f.pair, f.mine, 'segment', 'segment', 'Segment', NULLIF(f.segment_1, ''), NULLIF(f.segment_2, ''),
               (health_kept_assess(f.frame, f.inputs_then, f.at_1, NULL)).score - (health_kept_assess(f.frame_then, f.inputs_then, f.at_1, NULL)).score, f.score_2 - f.score_1
          FROM framed f WHERE f.frame_then IS NOT NULL),
    part AS (
        SELECT * FROM told t WHERE t.whole IS NULL OR t.change IS NOT NULL
         UNION ALL
        SELECT f.pair, f.mine, 'model', f.model_2, f.model_2, concat(f.model_1, '@', f.version_1), concat(f.model_2, '@', f.version_2),
               f.score_2 - f.score_1 - s.told, f.score_2 - f.score_1
          FROM framed f
          JOIN (SELECT g.pair, COALESCE(sum(t.change), 0::double precision) AS told FROM framed g LEFT JOIN told t ON t.pair = g.pair GROUP BY g.pair) s
               ON s.pair = f.pair
         WHERE (f.model_1, f.version_1) IS DISTINCT FROM (f.model_2, f.version_2)
            OR abs(f.score_2 - f.score_1 - s.told) > 1e-9::double precision
         UNION ALL
        SELECT f.pair, f.mine, 'score', NULL, 'Score', f.score_1::text, f.score_2::text,
               f.score_2 - f.score_1, f.score_2 - f.score_1
          FROM framed f),
    listed AS (
        SELECT (row_number() OVER (ORDER BY p.part <> 'score', p.change, p.part, p.driver) - 1)::int4 AS rank, p.*
          FROM part p
         WHERE p.mine AND (p.part = 'score' OR p.change <> 0::double precision OR (p.whole IS NULL AND p.before_value IS DISTINCT FROM p.after_value))),
    -- Peers are read once for all drivers. The row of the score has no driver name.
    others AS (
        SELECT l.rank, sum(x.change) AS change,
               count(*) FILTER (WHERE sign(x.change) = sign(l.change) AND abs(x.change) >= abs(l.change) / 2::double precision) AS alike
          FROM part x JOIN listed l ON l.part = x.part AND COALESCE(l.driver, '') = COALESCE(x.driver, '')
         WHERE NOT x.mine
         GROUP BY l.rank),
    number AS MATERIALIZED (SELECT count(*) AS peers FROM framed f WHERE NOT f.mine)
    SELECT l.rank, l.part, l.driver, l.label, l.before_value, l.after_value, l.change,
           CASE WHEN $7 THEN n.peers END, CASE WHEN $7 AND n.peers > 0 THEN COALESCE(o.change, 0::double precision) / n.peers::double precision END,
           CASE WHEN $7 THEN COALESCE(o.alike, 0::bigint) END
      FROM listed l
     CROSS JOIN number n
      LEFT JOIN others o ON o.rank = l.rank
     ORDER BY 1$sql$,
        history, health_history_match(history),
        CASE by WHEN 'segment' THEN 'COALESCE(b.segment, '''') = mine.segment_2' WHEN 'owner' THEN 'b.owner IS NOT DISTINCT FROM mine.owner'
                WHEN 'all' THEN 'true' ELSE 'false' END);
END
$$;
COMMENT ON FUNCTION health_explain_change_query(regclass, text) IS 'The SELECT behind health_explain_change(), over a history.';

CREATE FUNCTION health_explain_change_of(source text, account_id text, "from" timestamptz, "to" timestamptz, by text,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
-- Rows of a new time have no statistics yet: a nested loop over a book would take hours, and its cost would start the
-- JIT compiler.
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    found_source health_source := health_source_get(source);
    history regclass := health_history_named(found_source);
    spelt text;
    before_at timestamptz;
    after_at timestamptz;
    peers_before timestamptz;
    peers_after timestamptz;
    kept boolean;
BEGIN
    IF by IS NOT NULL AND by NOT IN ('segment', 'owner', 'all') THEN
        RAISE EXCEPTION 'invalid by "%"', by USING ERRCODE = 'invalid_parameter_value', HINT = 'Valid values: segment, owner, all; NULL compares with no peers.';
    END IF;
    IF "from" IS NULL OR "to" IS NULL THEN
        RAISE EXCEPTION 'from and to must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Without these arguments the last 30 days are explained.';
    END IF;
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', quote_ident(found_source.history_schema), quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    PERFORM health_require_history(found_source, 'analyst');
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE format('SELECT max(h.scored_at), COALESCE(max(h.scored_at) FILTER (WHERE h.scored_at <= $2), min(h.scored_at)) FROM %s h WHERE %s AND h.scored_at <= $3',
        history, health_history_match(history)) INTO after_at, before_at USING spelt, "from", "to";
    IF after_at IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' || account_id || '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores, CALL health_backfill(…) scores of the past.';
    END IF;
    EXECUTE format('SELECT bool_and(h.inputs IS NOT NULL) FROM %s h WHERE %s AND h.scored_at IN ($2, $3)', history, health_history_match(history))
       INTO kept USING spelt, before_at, after_at;
    IF NOT kept THEN
        RAISE EXCEPTION 'history % keeps no inputs', history USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The explanation of a change needs the inputs of both scores.', HINT = 'Add the source with keep_inputs => true.';
    END IF;
    IF by IS NOT NULL THEN
        -- Times of whole refreshes, not of accounts scored in between. Without a run that the caller may read: times of
        -- rows.
        peers_before := before_at;
        peers_after := CASE WHEN "to" >= found_source.last_as_of THEN found_source.last_as_of END;
        IF peers_after IS NULL AND has_table_privilege('health_run', 'SELECT') THEN
            SELECT max(r.as_of) INTO peers_after FROM health_run r
             WHERE r.source = found_source.name AND r.status IN ('done', 'held') AND r.accounts > 0 AND r.as_of <= "to";
        END IF;
        IF peers_after IS NULL THEN
            EXECUTE format('SELECT max(h.scored_at) FROM %s h WHERE h.scored_at <= $1', history)
               INTO peers_after USING "to";
        END IF;
    END IF;
    RETURN QUERY EXECUTE health_explain_change_query(history, by)
           USING spelt, before_at, after_at, peers_before, peers_after, found_source.segment_column IS NOT NULL, by IS NOT NULL;
END
$$;
COMMENT ON FUNCTION health_explain_change_of(text, text, timestamptz, timestamptz, text) IS 'Implements every form of health_explain_change, for an id as text.';

CREATE FUNCTION @extschema@.health_explain_change(source text, account_id text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain_change(text, text, timestamptz, timestamptz, text) IS
'Why an account''s score changed, from history: a row for the score, then the parts behaviour, coverage, rules, override, segment and model that add up to it, the largest loss first. by (segment, owner or all) adds the peers of the account: their number, mean change, and how many changed alike.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_explain_change(source text, account_id {id}, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain_change(text, {id}, timestamptz, timestamptz, text) IS 'As the form for text, for an id that is {what}.';
--@ end
