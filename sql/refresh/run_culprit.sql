-- The search for the account whose data made a run fail. Nothing is written here.

-- The query of a run marks each account before it computes anything of the account's row. An error arises at the last mark, unless
-- the relation computes its rows before they are marked: a view that sorts or groups, or rows that are ranked by time.
CREATE FUNCTION health_run_mark(account_id text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_mark';
COMMENT ON FUNCTION health_run_mark(text) IS
'Notes the account that a run is scoring; NULL begins a new run.';

CREATE FUNCTION health_run_marked(OUT account_id text, OUT accounts bigint)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_marked';
COMMENT ON FUNCTION health_run_marked() IS 'The account that health_run_mark() noted last in this session (NULL: none), and the number of accounts noted.';

CREATE FUNCTION health_run_ids(source @extschema@.health_source, as_of timestamptz, path text)
RETURNS text[]
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    ids text[];
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    -- The relation finds what it finds in the caller's session. From here on all is qualified.
    PERFORM set_config('search_path', path, true);
    EXECUTE pg_catalog.format('SELECT ARRAY(SELECT i.id::pg_catalog.text FROM (SELECT DISTINCT %I AS id FROM %I.%I) i WHERE i.id IS NOT NULL ORDER BY i.id)',
        source.account_column, source.relation_schema, source.relation_name) INTO ids;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION health_run_ids(@extschema@.health_source, timestamptz, text) IS 'The account ids of a source''s relation as text, in the order of their own type.';

CREATE FUNCTION health_run_fails(query text, as_of timestamptz, path text, first text, last text, code text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM set_config('search_path', path, true);
    -- The cast reads the whole row: the planner would not compute columns that a plain count does not need.
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(scored::pg_catalog.text) FROM (%s) AS scored', query) USING as_of, first, last;
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    -- search_path is again that of the function's SET clause.
    RETURN SQLSTATE = code;
END
$$;
COMMENT ON FUNCTION health_run_fails(text, timestamptz, text, text, text, text) IS 'Whether the scoring of the accounts from first to last fails with that SQLSTATE.';

CREATE FUNCTION health_run_culprit(source @extschema@.health_source, as_of timestamptz, path text, code text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    query text := health_source_query(source, false, true);
    account text;
    other text;
    alike text := '';
    marked bigint;
    ids text[];
    low integer := 1;
    high integer;
    middle integer;
BEGIN
    SELECT m.account_id, m.accounts INTO account, marked FROM health_run_marked() m;
    IF account IS NOT NULL AND NOT health_run_fails(query, as_of, path, account, account, code) THEN
        account := NULL;
    END IF;
    IF account IS NULL THEN
        -- A binary search: about twice the work of the failed run.
        ids := health_run_ids(source, as_of, path);
        high := cardinality(ids);
        WHILE low < high LOOP
            middle := (low + high) / 2;
            IF health_run_fails(query, as_of, path, ids[low], ids[middle], code) THEN
                high := middle;
            ELSE
                low := middle + 1;
            END IF;
        END LOOP;
        IF NOT health_run_fails(query, as_of, path, ids[low], ids[low], code) THEN
            RETURN NULL;
        END IF;
        account := ids[low];
        marked := low;
    END IF;
    -- If the first account fails, a second one shows whether the whole column is at fault.
    IF marked = 1 THEN
        ids := COALESCE(ids, health_run_ids(source, as_of, path));
        other := CASE WHEN ids[1] = account THEN ids[cardinality(ids)] ELSE ids[1] END;
        IF other <> account AND health_run_fails(query, as_of, path, other, other, code) THEN
            alike := format('; account "%s" fails as well, so probably every account fails', other);
        END IF;
    END IF;
    RETURN format('The error is in account "%s" of relation %I.%I%s.', account, source.relation_schema, source.relation_name, alike);
EXCEPTION WHEN OTHERS THEN
    -- A failed search must not hide the original error.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_run_culprit(@extschema@.health_source, timestamptz, text, text) IS
'A sentence that names an account whose row alone makes the failed run fail with that SQLSTATE, and says whether a second account fails as well; NULL if no account is found.';
