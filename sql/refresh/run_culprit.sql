-- The search for the account whose data made a run fail. Nothing is written here.

CREATE FUNCTION health_run_ids(source @extschema@.health_source, as_of timestamptz, path text)
RETURNS text[]
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    ids text[];
BEGIN
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM pg_catalog.set_config('search_path', path, true);
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
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM pg_catalog.set_config('search_path', path, true);
    -- The cast reads the whole row: the planner would not compute columns that a plain count does not need.
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(scored::pg_catalog.text) FROM (%s) AS scored', query) USING as_of, first, last;
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE OPERATOR(pg_catalog.=) code;
END
$$;
COMMENT ON FUNCTION health_run_fails(text, timestamptz, text, text, text, text) IS 'Whether the scoring of the accounts from first to last fails with that SQLSTATE.';

-- A binary search: about twice the work of the failed run.
CREATE FUNCTION health_run_culprit(source @extschema@.health_source, as_of timestamptz, path text, code text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    query text := health_source_query(source, false, true);
    ids text[] := health_run_ids(source, as_of, path);
    low integer := 1;
    high integer := pg_catalog.cardinality(ids);
    middle integer;
BEGIN
    WHILE low OPERATOR(pg_catalog.<) high LOOP
        middle := (low OPERATOR(pg_catalog.+) high) OPERATOR(pg_catalog./) 2;
        IF health_run_fails(query, as_of, path, ids[low], ids[middle], code) THEN
            high := middle;
        ELSE
            low := middle OPERATOR(pg_catalog.+) 1;
        END IF;
    END LOOP;
    -- If the first and the last account both fail, the cause is not the data of one account.
    IF low OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality(ids) OPERATOR(pg_catalog.>) 1
       AND health_run_fails(query, as_of, path, ids[pg_catalog.cardinality(ids)], ids[pg_catalog.cardinality(ids)], code) THEN
        RETURN NULL;
    END IF;
    RETURN CASE WHEN health_run_fails(query, as_of, path, ids[low], ids[low], code) THEN ids[low] END;
EXCEPTION WHEN OTHERS THEN
    -- A failed search must not hide the original error.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_run_culprit(@extschema@.health_source, timestamptz, text, text) IS
'The id of an account whose row alone makes a run fail with that SQLSTATE; NULL if no account is found.';
