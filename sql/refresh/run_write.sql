-- The second transaction of a refresh, without its COMMIT.

-- Data that is derived from the rows of a run is written between the INSERT and health_run_finish, so that one COMMIT
-- covers both.
CREATE FUNCTION health_run_write(run bigint, source @extschema@.health_source, as_of timestamptz, replace boolean, path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    history regclass := health_history_relation(source);
    query text;
    recall health_recall;
    there boolean := false;
    written bigint;
    accounts bigint;
BEGIN
    -- One version of the model for the whole run, whatever is saved meanwhile.
    source.model := health_model_pinned(source.model);
    query := health_source_query(source);
    recall := health_recall_of(source, as_of, run);
    IF replace THEN
        EXECUTE format('DELETE FROM %s WHERE scored_at = $1', history) USING as_of;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1)', history) INTO there USING as_of;
    END IF;
    IF there THEN
        query := format('SELECT * FROM (%s) AS scored WHERE NOT EXISTS (SELECT FROM %I.%I AS h WHERE h.account_id OPERATOR(pg_catalog.=) scored.account_id AND h.scored_at OPERATOR(pg_catalog.=) $1)',
            query, source.history_schema, source.history_name);
    END IF;
    written := health_run_insert(source, health_history_insert(source, query, recall), as_of, path);
    IF written = 0 AND NOT there AND source.max_staleness IS NOT NULL THEN
        RAISE EXCEPTION 'source "%" has no row within the last %', source.name, source.max_staleness USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Column %I of %I.%I has no time within max_staleness before %s.', source.time_column, source.relation_schema, source.relation_name, as_of),
            HINT = 'The feed has stopped, or max_staleness is too short.';
    END IF;
    PERFORM health_run_signals(run, source, as_of, CASE WHEN NOT there THEN written END);
    PERFORM health_history_analyze(history, as_of);
    IF recall.newest THEN
        PERFORM health_recent_write(source, recall, CASE WHEN NOT there THEN written END);
    END IF;
    PERFORM health_bands_write(source, as_of);
    accounts := written;
    IF there THEN
        EXECUTE format('SELECT count(*) FROM %s WHERE scored_at = $1', history) INTO accounts USING as_of;
    END IF;
    PERFORM health_run_settle(run, source, accounts);
    PERFORM health_run_finish(run, written);
    PERFORM health_recall_done(source, recall, (SELECT NOT r.backfill FROM health_run r WHERE r.id = run), there);
    RETURN written;
END
$$;
COMMENT ON FUNCTION health_run_write(bigint, @extschema@.health_source, timestamptz, boolean, text) IS
'Writes the scores of a source as of a time into its history, records the input quality, raises alerts and finishes the run. Returns the number of rows.';

CREATE FUNCTION health_model_pinned(model text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    version integer;
BEGIN
    -- Raises for a model that does not exist.
    PERFORM health_model_get(model);
    SELECT m.version INTO version FROM health_model m WHERE m.name = model AND m.active;
    RETURN CASE WHEN version IS NULL THEN model ELSE model || '@' || version END;
END
$$;
COMMENT ON FUNCTION health_model_pinned(text) IS 'A model as name@version: the active version of a name.';

-- The look at the history that few accounts need makes the estimate high: the JIT compiler would take longer than the
-- run.
CREATE FUNCTION health_run_insert(source @extschema@.health_source, query text, as_of timestamptz, path text, ids text[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET jit = off
SET health_score.as_of = ''
AS $$
DECLARE
    written bigint;
    failed_column text;
    code text;
    message text;
    detail text;
    hint text;
    account text;
    culprit text;
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM health_run_tally_begin();
    PERFORM health_run_mark(NULL);
    -- Functions that the relation calls run under the caller's search_path.
    PERFORM set_config('search_path', path, true);
    EXECUTE query USING as_of, ids;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        account := COALESCE((regexp_match(detail, '\(account_id, scored_at\)=\((.*), [^,]*\)'))[1],
                            (regexp_match(detail, '\(scored_at, account_id\)=\([^,]*, (.*)\)'))[1]);
        IF account IS NULL THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'duplicate account "%" in relation %.%', account, quote_ident(source.relation_schema), quote_ident(source.relation_name)
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('Column %I has this id in more than one row%s.', source.account_column,
                      CASE WHEN source.time_column IS NOT NULL THEN format(' with the same %I', source.time_column) ELSE '' END),
                  HINT = CASE WHEN source.time_column IS NULL THEN 'Add a view with one row per account, or name the time_column.'
                              ELSE 'Add a view with one row per account and time.' END;
    WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS failed_column = COLUMN_NAME;
        IF failed_column <> 'account_id' THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'an account of relation %.% has no id', quote_ident(source.relation_schema), quote_ident(source.relation_name)
            USING ERRCODE = 'not_null_violation', DETAIL = format('Column %I is null.', source.account_column),
                  HINT = format('SELECT * FROM %I.%I WHERE %I IS NULL shows the rows; leave them out in a view.', source.relation_schema, source.relation_name, source.account_column);
    -- Errors in the data: name the account, so that a user can find its row.
    WHEN data_exception OR raise_exception OR cardinality_violation OR undefined_object THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        -- With ids, the caller knows the account.
        culprit := CASE WHEN ids IS NULL THEN health_run_culprit(source, as_of, path, code) END;
        IF culprit IS NULL THEN
            RAISE;
        END IF;
        detail := concat_ws(' ', NULLIF(detail, ''), culprit);
        IF hint <> '' THEN
            RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail, HINT = hint;
        END IF;
        RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail;
END
$$;
COMMENT ON FUNCTION health_run_insert(@extschema@.health_source, text, timestamptz, text, text[]) IS
'Runs the INSERT of a run with health_as_of() set, under the caller''s search_path, and returns the number of rows. A NULL (23502) or duplicate (23505) account id is an error; an error in the data names the account in DETAIL.';
