-- What follows from what a history has kept of an account: drivers, explanations, changes. A row that the model cannot
-- read, or whose inputs were not all kept, gives NULL or no rows, never an error: one account must not take down a view.

CREATE FUNCTION health_kept_drivers(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_kept_drivers';
COMMENT ON FUNCTION health_kept_drivers(text, jsonb, timestamptz, text, double precision, double precision) IS
'The drivers of a history row, from its model@version, inputs, scored_at, segment, score and coverage. No rows if the inputs cannot be read, or do not give that score and coverage.';

-- Histories of 0.9.0 have stored drivers. Where such a row has kept no inputs, they are all there is.
CREATE FUNCTION health_kept_drivers_stored(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision, stored jsonb,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000 ROWS 10
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY SELECT d.* FROM health_kept_drivers(model, inputs, as_of, segment, score, coverage) d;
    IF NOT FOUND AND jsonb_typeof(stored) = 'array' THEN
        RETURN QUERY SELECT s.* FROM jsonb_to_recordset(stored) s (rank integer, kind text, category text, driver text, label text, value text, unit text,
            subscore double precision, weight double precision, contribution double precision, lost double precision, status text, reason text, evidence text)
            ORDER BY s.rank;
    END IF;
END
$$;
COMMENT ON FUNCTION health_kept_drivers_stored(text, jsonb, timestamptz, text, double precision, double precision, jsonb) IS
'Like health_kept_drivers(); the stored drivers of a row from version 0.9.0 if its inputs do not give them.';

CREATE FUNCTION health_kept_signals(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision,
    before jsonb, before_as_of timestamptz, stored jsonb,
    OUT driver text, OUT label text, OUT value text, OUT subscore double precision, OUT contribution double precision, OUT subscore_before double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 2000 ROWS 10
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT d.driver, d.label, d.value, d.subscore, d.contribution, b.subscore
      FROM health_kept_drivers_stored(model, inputs, as_of, segment, score, coverage, stored) d
      LEFT JOIN (SELECT e ->> 'driver' AS driver, (e ->> 'subscore')::double precision AS subscore
                   FROM health_kept_assess(model, before, before_as_of, segment) a CROSS JOIN LATERAL jsonb_array_elements(a.drivers) e
                  WHERE e ->> 'kind' = 'signal') b ON b.driver = d.driver
     WHERE d.kind = 'signal'
     ORDER BY d.rank;
END
$$;
COMMENT ON FUNCTION health_kept_signals(text, jsonb, timestamptz, text, double precision, double precision, jsonb, timestamptz, jsonb) IS
'The signals of a history row, with their subscores by the inputs of an earlier row.';

CREATE FUNCTION health_kept_drivers_jsonb(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_kept_drivers_jsonb';
COMMENT ON FUNCTION health_kept_drivers_jsonb(text, jsonb, timestamptz, text, double precision, double precision) IS
'Like health_kept_drivers(), as the jsonb array that histories stored up to version 0.9.0; NULL for no rows.';

CREATE FUNCTION health_kept_top_driver(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_kept_top_driver';
COMMENT ON FUNCTION health_kept_top_driver(text, jsonb, timestamptz, text, double precision, double precision) IS
'The label of the most costly driver of a history row; NULL if no driver costs anything, and as in health_kept_drivers().';

--@ for models
CREATE FUNCTION health_kept_assess(model {model}, inputs jsonb, as_of timestamptz, segment text,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c {volatility} PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_kept_assess';
COMMENT ON FUNCTION health_kept_assess({model}, jsonb, timestamptz, text) IS
'Like health_assess() of the inputs of a history row, by {by}; NULL if the model cannot read the inputs.';
--@ end

CREATE FUNCTION health_kept_change(model jsonb, before jsonb, after jsonb, before_as_of timestamptz, after_as_of timestamptz,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_kept_change';
COMMENT ON FUNCTION health_kept_change(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'Like health_change() of the inputs of two history rows; no rows if the model cannot read one of them.';

CREATE FUNCTION health_kept_explain(model text, inputs jsonb, as_of timestamptz, segment text, score double precision, coverage double precision)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_kept_explain';
COMMENT ON FUNCTION health_kept_explain(text, jsonb, timestamptz, text, double precision, double precision) IS
'The score of a history row in words; the reason in words if the model cannot read its inputs. NULL as in health_kept_drivers().';

CREATE FUNCTION health_kept_explain_change(model text, before jsonb, after jsonb, before_as_of timestamptz, after_as_of timestamptz)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'health_kept_explain_change';
COMMENT ON FUNCTION health_kept_explain_change(text, jsonb, jsonb, timestamptz, timestamptz) IS
'The score of a history row in words, with its change since an earlier row; the reason in words if the model cannot read one of them.';

-- The form that compares takes no segment name. Rows of another model, or without all inputs, are not compared.
CREATE FUNCTION health_kept_words(source @extschema@.health_source, history_row text, before text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    plain text := format('health_score_internal.health_kept_explain(%s)', health_kept_arguments(source, history_row));
BEGIN
    IF source.segment_column IS NOT NULL THEN
        RETURN plain;
    END IF;
    RETURN format($sql$CASE WHEN %1$s IS NULL THEN NULL WHEN %3$s.inputs IS NULL THEN %1$s
        ELSE (SELECT CASE WHEN starts_with(w.words, 'Not compared') THEN concat_ws(' ', %1$s, w.words) ELSE w.words END
                FROM (SELECT health_score_internal.health_kept_explain_change(%2$s.model || '@'::text || %2$s.model_version::text, %3$s.inputs, %2$s.inputs, %3$s.scored_at, %2$s.scored_at) AS words OFFSET 0) w) END$sql$,
        plain, history_row, before);
END
$$;
COMMENT ON FUNCTION health_kept_words(@extschema@.health_source, text, text) IS
'SQL: the explanation of a history row (an alias), compared with an earlier row (an alias with inputs and scored_at) where that is possible.';

CREATE FUNCTION health_kept_arguments(source @extschema@.health_source, history_row text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format('%1$s.model || ''@''::text || %1$s.model_version::text, %1$s.inputs, %1$s.scored_at, %2$s, %1$s.score, %1$s.coverage', history_row,
        -- Without a column that names the segments, the conditions of the model choose one.
        CASE WHEN source.segment_column IS NULL THEN 'NULL::text' ELSE format('COALESCE(%s.segment, ''''::text)', history_row) END);
END
$$;
COMMENT ON FUNCTION health_kept_arguments(@extschema@.health_source, text) IS 'SQL: the arguments of health_kept_drivers() for a row of a source''s history.';

CREATE FUNCTION health_history_has_column(history regclass, name text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_attribute a
                    WHERE a.attrelid = history AND a.attname = health_history_has_column.name AND a.attnum > 0 AND NOT a.attisdropped);
END
$$;
COMMENT ON FUNCTION health_history_has_column(regclass, text) IS 'Whether a history has a column: one of an earlier version may lack some, and may have drivers.';

CREATE FUNCTION health_kept_drivers_of(source @extschema@.health_source, history regclass, history_row text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format(CASE WHEN health_history_has_column(history, 'drivers') THEN 'COALESCE(health_score_internal.health_kept_drivers_jsonb(%s), %s.drivers)'
                                                                          ELSE 'health_score_internal.health_kept_drivers_jsonb(%s)' END,
        health_kept_arguments(source, history_row), history_row);
END
$$;
COMMENT ON FUNCTION health_kept_drivers_of(@extschema@.health_source, regclass, text) IS 'SQL: the drivers of a row (an alias) of a source''s history, as jsonb.';
