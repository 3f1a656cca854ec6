-- health_replay: scores of a source's history under another model, from the kept inputs. Read-only.

CREATE FUNCTION health_replay_reads(definition jsonb, optional boolean)
RETURNS SETOF text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT jsonb_array_elements_text(CASE jsonb_typeof(s.read) WHEN 'string' THEN jsonb_build_array(s.read)
               ELSE COALESCE(s.read -> 'ratio', s.read -> 'change', s.read -> 'days', '[]') END)
      FROM (SELECT COALESCE(j.signal -> 'input', to_jsonb(j.name)) AS read
              FROM jsonb_each(definition -> 'signals') j (name, signal)
             WHERE COALESCE(j.signal -> 'optional' = 'true'::jsonb, false) = optional) s;
END
$$;
COMMENT ON FUNCTION health_replay_reads(jsonb, boolean) IS 'The inputs of the optional signals (true) or of the other signals (false) of a model document.';

CREATE FUNCTION health_replay_check(found @extschema@.health_source, definition jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    input text;
    kept boolean;
    gathered jsonb := '{}';
BEGIN
    IF found.events_name IS NOT NULL AND found.keep_inputs THEN
        -- FOUND is a variable of PL/pgSQL.
        PERFORM health_event_replay_check($1, definition);
        gathered := health_model_get(found.model);
    END IF;
    -- An input that was not kept would count as missing and silently shift the weights of every account. Inputs of
    -- optional signals may be absent.
    FOR input IN
        SELECT i.input FROM jsonb_array_elements_text(health_model_describe(definition) -> 'inputs') i (input)
        EXCEPT
        (SELECT o.input FROM health_replay_reads(definition, true) o (input) EXCEPT SELECT r.input FROM health_replay_reads(definition, false) r (input))
        EXCEPT
        (SELECT o.input FROM health_replay_reads(gathered, true) o (input) UNION SELECT r.input FROM health_replay_reads(gathered, false) r (input))
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I h WHERE h.inputs ? %L)', found.history_schema, found.history_name, input) INTO kept;
        IF NOT kept THEN
            RAISE EXCEPTION 'the history of source "%" does not keep input "%"', found.name, input USING ERRCODE = 'undefined_column',
                DETAIL = CASE WHEN found.keep_inputs THEN 'History keeps the inputs of the source''s own model and the columns in keep.' ELSE 'The source was added with keep_inputs => false.' END,
                HINT = format('After health_source_add(%L, …, keep => ''{%s}'') new scores can be replayed; or mark the signal optional.', found.name, input);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_replay_check(@extschema@.health_source, jsonb) IS
'Raises 42703 if no row of a source''s history has an input of a model document, unless only optional signals read this input.';

CREATE FUNCTION health_replay_query(found @extschema@.health_source, model text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- health_kept_assess() runs once for each row; the outer query expands its columns, as in health_source_query.
    RETURN format($sql$
        SELECT r.account_id::text, r.name, r.scored_at, r.value, r.score, r.band, r.band_rank, (r.a).score, (r.a).band, (r.a).band_rank, (r.a).coverage,
               (r.a).score - r.score
          FROM (SELECT h.account_id, h.name, h.scored_at, h.value, h.score, h.band, h.band_rank,
                       health_kept_assess(%s, h.inputs, h.scored_at, %s) AS a
                  FROM %I.%I h
                 WHERE h.inputs IS NOT NULL AND h.scored_at >= COALESCE($1, '-infinity') AND h.scored_at <= COALESCE($2, 'infinity') OFFSET 0) r$sql$,
        model, CASE WHEN found.segment_column IS NULL THEN 'NULL::text' ELSE 'COALESCE(h.segment, '''')' END,
        found.history_schema, found.history_name);
END
$$;
COMMENT ON FUNCTION health_replay_query(@extschema@.health_source, text) IS
'The SELECT of health_replay, with the model as an SQL expression, for scores from $1 to $2.';

CREATE FUNCTION @extschema@.health_replay(source text, model text, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
BEGIN
    PERFORM health_require_history(found, 'analyst');
    PERFORM health_replay_check(found, health_model_get(model));
    RETURN QUERY EXECUTE health_replay_query(found, format('%L::text', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION @extschema@.health_replay(text, text, timestamptz, timestamptz) IS
'Scores of a source''s history under a saved model, row by row, from the kept inputs: score and band as recorded and as replayed. An input that was never kept: 42703.';

CREATE FUNCTION @extschema@.health_replay(source text, model jsonb, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
BEGIN
    IF model IS NULL THEN
        RETURN;
    END IF;
    PERFORM health_model_require_valid(model);
    PERFORM health_require_history(found, 'analyst');
    PERFORM health_replay_check(found, model);
    RETURN QUERY EXECUTE health_replay_query(found, format('%L::jsonb', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION @extschema@.health_replay(text, jsonb, timestamptz, timestamptz) IS
'Scores of a source''s history under a model document: as the form by name.';
