-- health_import: the score history of another system becomes nights of a source.

CREATE FUNCTION health_import_check(relation regclass, account_column text, time_column text, score_column text, band_column text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    PERFORM health_source_column(relation, c.name, c.role)
       FROM (VALUES (account_column, 'account_column'), (band_column, 'band_column')) c (name, role);
    IF health_source_column(relation, time_column, 'time_column') NOT IN ('date', 'timestamp with time zone', 'timestamp without time zone') THEN
        RAISE EXCEPTION 'time_column "%" is neither date nor timestamp', time_column USING ERRCODE = 'datatype_mismatch', HINT = 'Cast the column in a view.';
    END IF;
    IF health_source_column(relation, score_column, 'score_column') !~ '^(smallint|integer|bigint|real|double precision|numeric.*)$' THEN
        RAISE EXCEPTION 'score_column "%" is not a number', score_column USING ERRCODE = 'datatype_mismatch', HINT = 'Cast the column in a view.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_import_check(regclass, text, text, text, text) IS
'Checks the columns of an import: 42703 for an unknown one, 42804 for a time_column that is no time or a score_column that is no number.';

CREATE FUNCTION health_import_fault(account_id text, at timestamptz, score double precision, times bigint, relation regclass, columns text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF account_id IS NULL THEN
        RAISE EXCEPTION 'an account of relation % has no id', relation USING ERRCODE = 'not_null_violation',
            DETAIL = format('Column %I is null.', columns[1]), HINT = format('SELECT * FROM %s WHERE %I IS NULL shows the rows; leave them out in a view.', relation, columns[1]);
    ELSIF at IS NULL OR NOT isfinite(at) OR at > clock_timestamp() THEN
        RAISE EXCEPTION 'account "%" has a score without a past time', account_id USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Column %I is %s.', columns[2], COALESCE(at::text, 'null')), HINT = 'Leave the row out in a view.';
    ELSIF (score >= 0 AND score <= 100) IS NOT TRUE THEN
        RAISE EXCEPTION 'account "%" has an invalid score as of %', account_id, at USING ERRCODE = 'numeric_value_out_of_range',
            DETAIL = format('Column %I is %s; a score is a number from 0 to 100.', columns[3], COALESCE(score::text, 'null')),
            HINT = 'Rescale the score in a view, or leave the row out.';
    ELSIF times > 1 THEN
        RAISE EXCEPTION 'duplicate account "%" in relation %', account_id, relation USING ERRCODE = 'unique_violation',
            DETAIL = format('%s rows have this %I and the %I %s.', times, columns[1], columns[2], at), HINT = 'Import one score of each account and time.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_import_fault(text, timestamptz, double precision, bigint, regclass, text[]) IS 'Raises if a row cannot be imported; the error names the account.';

CREATE FUNCTION health_import_read(query text, path text, OUT times timestamptz[], OUT many boolean)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Functions that the relation calls run under the caller's search_path.
    PERFORM set_config('search_path', path, true);
    EXECUTE query INTO times;
    many := pg_catalog.cardinality(times) OPERATOR(pg_catalog.>) 10000;
END
$$;
COMMENT ON FUNCTION health_import_read(text, text) IS 'The times that a query of health_import() finds, under the caller''s search_path, and whether they are too many.';

CREATE FUNCTION health_import_write(query text, path text, runs jsonb,
    OUT written bigint, OUT per_run jsonb, OUT account_id text, OUT at timestamptz, OUT score double precision, OUT times bigint)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    PERFORM set_config('search_path', path, true);
    EXECUTE query INTO written, per_run, account_id, at, score, times USING runs;
END
$$;
COMMENT ON FUNCTION health_import_write(text, text, jsonb) IS
'Executes the INSERT of health_import() under the caller''s search_path: the number of rows, in all and for each run; or the first row that cannot be imported.';

CREATE FUNCTION health_import_rows(source text, relation regclass, account_column text, time_column text, score_column text, band_column text, model text, path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    history regclass;
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'health_source'::regclass);
    name text;
    version integer;
    id_type text;
    given text;
    reading record;
    writing record;
    runs jsonb;
    month timestamptz;
BEGIN
    IF relation IS NULL OR account_column IS NULL OR time_column IS NULL OR score_column IS NULL THEN
        RAISE EXCEPTION 'relation, account_column, time_column and score_column must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_import(''crm'', ''vendor.scores'', ''account'', ''day'', ''score'', model => ''vendor'').';
    END IF;
    name := regexp_replace(COALESCE(model, found.model), '@[0-9]{1,9}$', '');
    version := substring(model FROM '@([0-9]{1,9})$')::integer;
    IF name = '' THEN
        RAISE EXCEPTION 'model must not be empty' USING ERRCODE = 'invalid_parameter_value', HINT = 'The name tells the imported scores apart, for example: vendor.';
    END IF;
    PERFORM health_source_lock(source);
    PERFORM health_refresh_check(found, now());
    PERFORM health_import_check(relation, account_column, time_column, score_column, band_column);
    history := health_history_relation(found);
    PERFORM health_history_upgrade(found);
    SELECT format('%I.%I', n.nspname, t.typname) INTO id_type
      FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE a.attrelid = history AND a.attname = 'account_id';
    -- Dates and times without a zone are UTC. The statements run under any search_path: all names are qualified.
    given := format($sql$
            SELECT g.id, g.at, g.score, g.band, pg_catalog.count(*) OVER (PARTITION BY g.id, g.at) AS times
              FROM (SELECT r.%1$I::%2$s AS id, %3$s AS at, r.%4$I::pg_catalog.float8 AS score, %5$s AS band FROM %6$s r) g$sql$,
        account_column, id_type,
        CASE health_source_column(relation, time_column, 'time_column') WHEN 'timestamp with time zone' THEN format('r.%I', time_column)
             ELSE format('(r.%I::pg_catalog.timestamp AT TIME ZONE ''UTC'')', time_column) END,
        score_column, CASE WHEN band_column IS NULL THEN 'NULL::pg_catalog.text' ELSE format('r.%I::pg_catalog.text', band_column) END,
        (SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation));
    -- EXCEPT compares ids by their own type's equality, wherever its operator lives.
    reading := health_import_read(format($sql$
        WITH given AS MATERIALIZED (SELECT g.id, g.at FROM (%s) g
             WHERE g.id IS NOT NULL AND pg_catalog.isfinite(g.at) AND g.at OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp())
        SELECT pg_catalog.array_agg(t.at) FROM (
            SELECT DISTINCT n.at FROM (
                SELECT g.id, g.at FROM given g
                EXCEPT SELECT h.account_id, h.scored_at FROM %I.%I h WHERE h.scored_at OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT DISTINCT g.at FROM given g))) n
             LIMIT 10001) t$sql$, given, found.history_schema, found.history_name), path);
    IF reading.many THEN
        RAISE EXCEPTION 'relation % has scores of more than 10000 times', relation USING ERRCODE = 'program_limit_exceeded',
            DETAIL = 'The scores of one time are one run.', HINT = format('Give the scores of a day one time, in a view: date_trunc(''day'', %I).', time_column);
    END IF;
    FOR month IN SELECT DISTINCT health_history_month(t.at) FROM unnest(reading.times) t (at) LOOP
        PERFORM health_history_partition(found, month);
    END LOOP;
    WITH run AS (
        INSERT INTO health_run (source, as_of, backfill, status, finished_at, accounts, message)
        SELECT found.name, t.at, true, 'done', clock_timestamp(), 0, format('imported from %s', relation) FROM unnest(reading.times) t (at) ORDER BY t.at
        RETURNING id, as_of)
    SELECT COALESCE(jsonb_agg(jsonb_build_object('run', r.id, 'at', r.as_of)), '[]') INTO runs FROM run r;
    writing := health_import_write(format($sql$
        WITH given AS MATERIALIZED (%1$s
        ), fault AS MATERIALIZED (
            SELECT g.id::pg_catalog.text AS account_id, g.at, g.score, g.times FROM given g
             WHERE g.id IS NULL OR NOT pg_catalog.isfinite(g.at) IS TRUE OR g.at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()
                OR (g.score OPERATOR(pg_catalog.>=) 0::pg_catalog.float8 AND g.score OPERATOR(pg_catalog.<=) 100::pg_catalog.float8) IS NOT TRUE OR g.times OPERATOR(pg_catalog.>) 1
             LIMIT 1
        ), run AS MATERIALIZED (
            SELECT r.run, r.at FROM pg_catalog.jsonb_to_recordset($1) AS r (run pg_catalog.int8, at pg_catalog.timestamptz)
        ), band AS MATERIALIZED (
            SELECT b.rank, b.band FROM pg_catalog.jsonb_to_recordset(%2$L) AS b (rank pg_catalog.int4, band pg_catalog.text)
        ), banded AS (
            SELECT g.id, g.at, g.score, COALESCE(g.band, %3$s.health_band(%4$L::pg_catalog.text, g.score, NULL::pg_catalog.text)) AS band
              FROM given g WHERE NOT EXISTS (SELECT FROM fault)
        ), written AS (
            INSERT INTO %5$s (account_id, scored_at, score, band, band_rank, status, model, model_version, run)
            SELECT g.id, g.at, g.score, g.band, b.rank, 'ok', %6$L, %7$s, r.run
              FROM banded g JOIN run r ON r.at OPERATOR(pg_catalog.=) g.at LEFT JOIN band b ON b.band OPERATOR(pg_catalog.=) g.band
                ON CONFLICT (account_id, scored_at) DO NOTHING
            RETURNING scored_at
        )
        SELECT (SELECT pg_catalog.count(*) FROM written),
               (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('at', n.scored_at, 'accounts', n.accounts))
                  FROM (SELECT w.scored_at, pg_catalog.count(*) AS accounts FROM written w GROUP BY w.scored_at) n),
               f.account_id, f.at, f.score, f.times
          FROM (VALUES (1)) one LEFT JOIN fault f ON true$sql$,
        given, health_model_describe(health_model_get(found.model)) -> 'bands', home, found.model, format('%I.%I', found.history_schema, found.history_name),
        name, COALESCE(version::text, 'NULL::pg_catalog.int4')), path, runs);
    IF writing.times IS NOT NULL THEN
        PERFORM health_import_fault(writing.account_id, writing.at, writing.score, writing.times, relation, ARRAY[account_column, time_column, score_column]);
    END IF;
    UPDATE health_run r SET accounts = n.accounts
      FROM jsonb_to_recordset(runs) AS o (run bigint, at timestamptz) JOIN jsonb_to_recordset(writing.per_run) AS n (at timestamptz, accounts bigint) ON n.at = o.at
     WHERE r.id = o.run;
    UPDATE health_source s SET last_as_of = GREATEST(s.last_as_of, (SELECT max(n.at) FROM jsonb_to_recordset(writing.per_run) AS n (at timestamptz)))
     WHERE s.name = found.name AND writing.written > 0;
    IF writing.written > 0 THEN
        -- The next run reads the past anew, and so do the imported nights and the night that the views show.
        UPDATE health_source s SET history_changed_at = clock_timestamp() WHERE s.name = found.name RETURNING s.* INTO found;
        PERFORM health_bands_write(found, t.at) FROM unnest(reading.times) t (at);
        PERFORM health_night_renew(found, (SELECT min(t.at) FROM unnest(reading.times) t (at)), ARRAY(SELECT o.run FROM jsonb_to_recordset(runs) AS o (run bigint)));
        PERFORM health_night_renew(found, found.last_as_of);
    END IF;
    RETURN writing.written;
END
$$;
COMMENT ON FUNCTION health_import_rows(text, regclass, text, text, text, text, text, text) IS 'Implements health_import, under the caller''s search_path.';

CREATE FUNCTION @extschema@.health_import(source text, relation regclass, account_column text, time_column text, score_column text,
    band_column text DEFAULT NULL, model text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
RETURN health_import_rows(source, relation, account_column, time_column, score_column, band_column, model, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_import(text, regclass, text, text, text, text, text) IS
'Adds past scores, 0 to 100, of another system to the history of a source, as finished runs that raise no alerts. Without band_column the bands are those of the source''s model. Rows that are there already stay. Returns the number of added rows.';
