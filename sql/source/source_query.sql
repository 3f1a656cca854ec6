-- How a source is scored: the SELECT that reads its relation as of a time. Nothing is written here.

CREATE FUNCTION @extschema@.health_as_of()
RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_as_of';
COMMENT ON FUNCTION @extschema@.health_as_of() IS
'The as_of of the running refresh, otherwise now(): for views that show the data as of that time. SET LOCAL health_score.as_of = ''2026-01-01 00:00Z'' sets another time in a transaction.';

-- A cast of a time to a date would be of the session's time zone, one of text of its DateStyle: a night by another session
-- would write another renewal.
--@ list days: type | day | what
--@   date        | at                              | a date
--@   timestamp   | at::pg_catalog.date             | a time without time zone
--@   timestamptz | (at AT TIME ZONE 'UTC')::pg_catalog.date | a time

--@ for days
CREATE FUNCTION health_day(at {type})
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN {day};
COMMENT ON FUNCTION health_day({type}) IS 'The day in UTC of {what}.';
--@ end

CREATE FUNCTION health_day(at text)
RETURNS date
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET datestyle = 'ISO, YMD'
SET timezone = 'UTC'
AS $$
BEGIN
    RETURN at::timestamptz::date;
END
$$;
COMMENT ON FUNCTION health_day(text) IS 'The day in UTC of a date or time as text, year first where the order is not clear.';

CREATE FUNCTION health_source_cell(cell text, "column" text, type text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF type = 'pg_catalog.date' AND "column" IS NOT NULL THEN
        RETURN format('health_score_internal.health_day(%s)', format(cell, "column"));
    END IF;
    RETURN CASE WHEN "column" IS NULL THEN 'NULL' ELSE format(cell, "column") END || '::' || type;
END
$$;
COMMENT ON FUNCTION health_source_cell(text, text, text) IS 'A column of a source''s relation as an SQL expression of a type; NULL of that type if the source names no column.';

-- The columns that the model reads and the relation has, and the columns in keep.
CREATE FUNCTION health_source_inputs(source @extschema@.health_source, relation regclass, cell text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- A function takes 100 arguments at most.
    pairs_a_call CONSTANT integer := 40;
    reads jsonb := health_model_describe(health_model_get(source.model)) -> 'inputs';
BEGIN
    -- With events, the account has all that the model reads.
    IF source.events_name IS NOT NULL AND source.keep_inputs THEN
        source.keep_inputs := false;
        RETURN format('%s.health_inputs(%s, health_account.account)', home, health_source_inputs(source, relation, cell, home));
    END IF;
    RETURN (
        SELECT CASE count(*)
                   WHEN 0 THEN 'NULL::pg_catalog.jsonb'
                   WHEN 1 THEN min(call)
                   ELSE format('%s.health_inputs(%s)', home, string_agg(call, ', ')) END
          FROM (SELECT format('%s.health_inputs(%s)', home, string_agg(pair, ', ')) AS call
                  FROM (SELECT format('%L, ' || cell, a.attname, a.attname) AS pair,
                               (row_number() OVER (ORDER BY a.attnum) - 1) / pairs_a_call AS call
                          FROM pg_attribute a
                         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                           AND (a.attname = ANY (source.keep)
                                OR source.keep_inputs AND reads ? a.attname::text)) pairs
                 GROUP BY pairs.call) calls);
END
$$;
COMMENT ON FUNCTION health_source_inputs(@extschema@.health_source, regclass, text, text) IS 'The SQL expression (jsonb) of the inputs that the history of a source keeps.';

CREATE FUNCTION health_source_score(model text, "row" record, as_of timestamptz, segment text, given jsonb,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT calculated double precision)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_source_score';
COMMENT ON FUNCTION health_source_score(text, record, timestamptz, text, jsonb) IS
'The score of a row; given, a jsonb object of health_given(), overrides values of the row. calculated is the score without the override; rules is NULL if none fired.';

CREATE FUNCTION health_source_query(source @extschema@.health_source, by_id boolean DEFAULT false, some_accounts boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    relation regclass := health_source_relation(source);
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    moment text := CASE health_source_column(relation, source.time_column, 'time_column')
                       WHEN 'timestamp with time zone' THEN '$1' ELSE '($1 AT TIME ZONE ''UTC'')' END;
    -- The query may run under any search_path: all names in it are qualified.
    rows_of text := format('%I.%I AS health_row', source.relation_schema, source.relation_name);
    "row" text := 'health_row';
    cell text := 'health_row.%I';
    wanted text := 'true';
    account_type text;
    inputs text;
    given text := 'NULL::pg_catalog.jsonb';
    given_rows text := '';
    event_rows text := '';
BEGIN
    PERFORM health_source_column(relation, source.account_column, 'account_column');
    IF by_id OR some_accounts THEN
        SELECT format('%I.%I', n.nspname, t.typname) INTO account_type
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE a.attrelid = relation AND a.attname = source.account_column;
        wanted := format(CASE WHEN by_id THEN 'health_row.%1$I OPERATOR(pg_catalog.=) ANY ($2::%2$s[])'
                                         ELSE 'health_row.%1$I OPERATOR(pg_catalog.>=) $2::%2$s AND health_row.%1$I OPERATOR(pg_catalog.<=) $3::%2$s' END,
                                    source.account_column, account_type);
    END IF;
    IF source.time_column IS NOT NULL THEN
        -- rank() keeps rows of one account with equal times: a duplicate account is an error, not a random choice.
        rows_of := format($sql$(
            SELECT health_row AS snapshot, pg_catalog.rank() OVER (PARTITION BY health_row.%1$I ORDER BY health_row.%2$I DESC) AS place
              FROM %3$s
             WHERE health_row.%2$I OPERATOR(pg_catalog.<=) %4$s AND %5$s) AS latest$sql$,
            source.account_column, source.time_column, rows_of, moment, wanted);
        "row" := 'latest.snapshot';
        cell := '(latest.snapshot).%I';
        wanted := 'latest.place OPERATOR(pg_catalog.<=) 1';
        IF source.max_staleness IS NOT NULL THEN
            wanted := format('%s AND (latest.snapshot).%I OPERATOR(pg_catalog.>=) (%s OPERATOR(pg_catalog.-) %L::pg_catalog.interval)',
                wanted, source.time_column, moment, source.max_staleness);
        END IF;
    END IF;
    inputs := health_source_inputs(source, relation, cell, home);
    IF health_given_any(source.book) THEN
        given := 'health_given.given';
        given_rows := format(' LEFT JOIN health_score_internal.health_given(%L, %L, $1%s) AS health_given ON health_given.account_id OPERATOR(pg_catalog.=) %s::pg_catalog.text',
            source.book, source.model, CASE WHEN by_id THEN format(', $2::%s[]::pg_catalog.text[]', account_type) ELSE '' END,
            format(cell, source.account_column));
        IF source.keep_inputs THEN
            inputs := format('%s.health_inputs(%s, %s)', home, inputs, given);
        END IF;
    END IF;
    IF source.events_name IS NOT NULL THEN
        event_rows := health_event_rows(source, relation, format(cell, source.account_column), "row", given, format(
            CASE WHEN by_id THEN 'health_event.%1$I OPERATOR(pg_catalog.=) ANY ($2::%2$s[])'
                 WHEN some_accounts THEN 'health_event.%1$I OPERATOR(pg_catalog.>=) $2::%2$s AND health_event.%1$I OPERATOR(pg_catalog.<=) $3::%2$s'
                 ELSE 'true' END, source.event_account, account_type));
        "row" := 'health_account.account';
    END IF;
    -- One call per account, expanded outside: a function in FROM would fill a tuplestore for every account. The mark comes
    -- first: Postgres computes the columns of a row from left to right.
    RETURN format($sql$
        SELECT s.account_id, $1 AS scored_at, s.name, (s.a).score, (s.a).band, (s.a).band_rank, (s.a).coverage, (s.a).low, (s.a).high, (s.a).status,
               (s.a).model, (s.a).model_version, (s.a).segment, s.value, s.owner, s.parent, s.renewal, s.inputs, (s.a).calculated, (s.a).rules
          FROM (SELECT health_score_internal.health_run_mark(%1$s::pg_catalog.text), %1$s AS account_id, %2$s AS name, %3$s AS value, %4$s AS owner, %5$s AS parent, %6$s AS renewal, %7$s AS inputs,
                       health_score_internal.health_source_score(%9$L, %10$s, $1, %11$s, %13$s) AS a
                  FROM %8$s%14$s%15$s WHERE %12$s OFFSET 0) AS s$sql$,
        format(cell, source.account_column), health_source_cell(cell, source.name_column, 'pg_catalog.text'),
        health_source_cell(cell, source.value_column, 'pg_catalog.numeric'), health_source_cell(cell, source.owner_column, 'pg_catalog.text'),
        CASE WHEN source.parent_column IS NULL THEN 'NULL::pg_catalog.text' ELSE format(cell, source.parent_column) END,
        health_source_cell(cell, source.renewal_column, 'pg_catalog.date'), inputs,
        rows_of, source.model, "row", health_source_cell(cell, source.segment_column, 'pg_catalog.text'), wanted,
        given, given_rows, event_rows);
END
$$;
COMMENT ON FUNCTION health_source_query(@extschema@.health_source, boolean, boolean) IS
'The SELECT of a source''s scored accounts as of $1 (timestamptz): one row per account, in the columns of a history. With by_id, only the ids $2 (text[]); with some_accounts, the ids from $2 to $3.';

CREATE FUNCTION health_history_insert(source @extschema@.health_source, query text, recall health_recall)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    trend record := health_model_trend(source.model);
    columns text := 'account_id, scored_at, name, score, band, band_rank, coverage, low, high, status, model, model_version, segment, value, owner, parent, renewal, inputs, calculated, rules';
BEGIN
    RETURN format($sql$
        INSERT INTO %1$I.%2$I (%3$s, trend, change, before_at, band_before, run)
        SELECT %3$s, (compared).trend, (compared).change, (compared).before_at, (compared).band_before, %4$s
          FROM (SELECT health_scored.*, health_score_internal.health_past_compare(%5$s, %11$s, health_scored.scored_at, health_scored.score, %6$s, %7$s, %8$L) AS compared
                  FROM (%9$s) AS health_scored%10$s OFFSET 0) AS health_compared$sql$,
        source.history_schema, source.history_name, columns, COALESCE(recall.run::text, 'NULL'), health_recall_list(source, recall, 'health_scored.account_id'), health_recall_times(recall.held),
        trend."window", trend.tolerance, query, health_recall_entered(source, recall, 'health_scored.account_id'), health_recall_entered_list(recall));
END
$$;
COMMENT ON FUNCTION health_history_insert(@extschema@.health_source, text, health_recall) IS
'The INSERT of a query''s rows into the history of a source, each compared with the past of its account.';
