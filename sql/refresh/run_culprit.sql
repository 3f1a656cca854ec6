-- Which account made a run fail. Nothing is written here.

-- The query of a run marks each account before anything of its row is computed. The last mark is where an error arose, unless the
-- relation computes below the point where its rows are marked: a view that sorts or groups, or rows that are ranked by time.
CREATE FUNCTION health_run_mark(account_id text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_mark';
COMMENT ON FUNCTION health_run_mark(text) IS
'Notes the account that the scoring of a run has come to; NULL begins a new run.';

CREATE FUNCTION health_run_marked(OUT account_id text, OUT accounts bigint)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_marked';
COMMENT ON FUNCTION health_run_marked() IS 'The account that health_run_mark() noted last in this session, NULL where there is none, and how many it has noted.';

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
COMMENT ON FUNCTION health_run_ids(@extschema@.health_source, timestamptz, text) IS 'The account ids of a source''s relation in their order, as text.';

CREATE FUNCTION health_run_fails(query text, as_of timestamptz, path text, first text, last text, code text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM set_config('search_path', path, true);
    -- The row as a whole, or what a count does not need would not be computed.
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(scored::pg_catalog.text) FROM (%s) AS scored', query) USING as_of, first, last;
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    -- search_path is again that of the function's SET clause.
    RETURN SQLSTATE = code;
END
$$;
COMMENT ON FUNCTION health_run_fails(text, timestamptz, text, text, text, text) IS 'Whether scoring the accounts from one to another ends in an error of that SQLSTATE.';

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
        -- Halves the accounts until one is left: about twice the work of the run that failed.
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
    -- Where the first account fails, one more tells whether the whole column is at fault.
    IF marked = 1 THEN
        ids := COALESCE(ids, health_run_ids(source, as_of, path));
        other := CASE WHEN ids[1] = account THEN ids[cardinality(ids)] ELSE ids[1] END;
        IF other <> account AND health_run_fails(query, as_of, path, other, other, code) THEN
            alike := format('; account "%s" fails as well, so every account probably does', other);
        END IF;
    END IF;
    RETURN format('It is account "%s" of relation %I.%I%s.', account, source.relation_schema, source.relation_name, alike);
EXCEPTION WHEN OTHERS THEN
    -- That no account can be named must not hide the error of the run.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_run_culprit(@extschema@.health_source, timestamptz, text, text) IS
'A sentence that names an account whose row alone makes the run that has just failed fail with that SQLSTATE, and says so where every account seems to; NULL where there is none.';
