-- Live scoring: some accounts of a source, in the transaction that changed them. The triggers on the tables are functions of
-- the source's owner, made by health_live(); what they call is here.

CREATE FUNCTION health_statement_is(key text, stamp text)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_statement_is';
COMMENT ON FUNCTION health_statement_is(text, text) IS 'Whether this session has prepared the statement of that key and stamp as the current role.';

CREATE FUNCTION health_statement_prepare(key text, stamp text, query text)
RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_statement_prepare';
COMMENT ON FUNCTION health_statement_prepare(text, text, text) IS
'Prepares a statement with the parameters timestamptz and text[] for this session and the current role, in the place of an earlier one of that key.';

CREATE FUNCTION health_statement_execute(key text, at timestamptz, ids text[])
RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_statement_execute';
COMMENT ON FUNCTION health_statement_execute(text, timestamptz, text[]) IS
'Executes a statement of health_statement_prepare() and returns the number of rows that it wrote. Not prepared by the current role: 42704.';

-- What the statements below depend on: settings of the sources of the book, the version of the model, the last run, whether
-- people have said anything, and the month, whose partition must be there.
CREATE FUNCTION health_live_stamp(found @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN concat_ws(' ',
        (SELECT string_agg(format('%s %s %s', s.name, s.xmin, s.ctid), ',' ORDER BY s.name) FROM health_source s WHERE s.book = found.book),
        (SELECT m.version FROM health_model m WHERE m.name = found.model AND m.active),
        (SELECT format('%s %s', r.id, r.status) FROM health_run r WHERE r.source = found.name AND r.status <> 'running' ORDER BY r.started_at DESC LIMIT 1),
        health_given_any(found.book), date_trunc('month', now(), 'UTC'));
END
$$;
COMMENT ON FUNCTION health_live_stamp(@extschema@.health_source) IS 'Changes whenever the statements of health_live_query() and health_live_alert_query() may.';

-- One live row for each account, day and run: an older one of the same day, after the last run, gives way. Rows of runs, and
-- rows that a run has come after, stay.
CREATE FUNCTION health_live_query(found @extschema@.health_source, account_type text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    columns text[] := ARRAY['name', 'score', 'band', 'band_rank', 'coverage', 'low', 'high', 'status', 'model', 'model_version', 'segment',
        'value', 'owner', 'parent', 'renewal', 'inputs', 'drivers', 'calculated'];
BEGIN
    RETURN format($sql$
        WITH replaced AS (
            DELETE FROM %1$I.%2$I AS h
             WHERE h.account_id OPERATOR(pg_catalog.=) ANY ($2::%3$s[]) AND h.scored_at OPERATOR(pg_catalog.>) %4$s
               AND h.scored_at OPERATOR(pg_catalog.>=) pg_catalog.date_trunc('day', $1, 'UTC') AND h.scored_at OPERATOR(pg_catalog.<) $1)
        %5$s ON CONFLICT (account_id, scored_at) DO UPDATE SET (%6$s) = ROW (excluded.%7$s)$sql$,
        found.history_schema, found.history_name, account_type, health_alert_time(COALESCE(found.last_as_of, 'epoch')),
        health_history_insert(found, health_source_query(found, true)), array_to_string(columns, ', '), array_to_string(columns, ', excluded.'));
END
$$;
COMMENT ON FUNCTION health_live_query(@extschema@.health_source, text) IS 'The statement that scores the accounts $2 (text[]) of a source as of $1 into its history.';

-- The playbooks, as a run has them (sql/alert/alert_query.sql), for few accounts: everything is looked up by key. An account is
-- compared with the last run; a trend needs days, so it is left to the runs.
CREATE FUNCTION health_live_alert_query(found @extschema@.health_source, account_type text, at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', found.history_schema, found.history_name);
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = 'health_source'::regclass);
    base timestamptz := health_run_base(found.name, at);
    run health_run;
    held text := (SELECT format('ARRAY[%s]::pg_catalog.timestamptz[]', string_agg(health_alert_time(h), ', ')) FROM unnest(health_runs_held(found.name)) h);
    model text := health_alert_model(found);
    explanation text := CASE WHEN NOT found.keep_inputs THEN 'NULL' WHEN found.segment_column IS NULL
        THEN format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at)', home)
        ELSE format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at, COALESCE(h.segment, ''''))', home) END;
BEGIN
    IF base IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT r.* INTO run FROM health_run r WHERE r.source = found.name AND r.as_of = base AND r.status = 'done' ORDER BY r.id DESC LIMIT 1;
    held := COALESCE(held, 'ARRAY[]::pg_catalog.timestamptz[]');
    RETURN format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired, p.condition @? '$.**.category_drop' AS looks_back
              FROM %2$s.health_playbook p
             WHERE p.active AND p.run_as = %3$L AND (p.book IS NULL OR p.book = %4$L) AND (p.source = %5$L OR p.model = %6$L) AND p.trigger <> 'trend'
        ), pair AS MATERIALIZED (
            SELECT h.account_id, h.account_id::text AS id, h.name, h.owner, h.value, h.score, h.band, h.segment, h.model, h.model_version, h.inputs, h.drivers, h.scored_at,
                   b.account_id IS NOT NULL AS known, b.score AS base_score, e.score AS score_before, e.band AS band_before, e.scored_at AS before_at, e.drivers AS drivers_before
              FROM %1$s h
              LEFT JOIN %1$s b ON b.account_id = h.account_id AND b.scored_at = %7$s
              LEFT JOIN LATERAL (SELECT o.score, o.band, o.scored_at, o.drivers FROM %1$s o
                     WHERE o.account_id = h.account_id AND o.scored_at <= %7$s AND o.scored_at <> ALL (%8$s) AND o.score IS NOT NULL
                     ORDER BY o.scored_at DESC LIMIT 1) e ON true
             WHERE h.account_id = ANY ($2::%9$s[]) AND h.scored_at = $1 AND EXISTS (SELECT FROM playbook)
        ), candidate (playbook, account_id, score_before, band_before, before_at, reason, begun) AS (
            SELECT p.name, n.account_id, n.score_before, n.band_before, n.before_at,
                   CASE WHEN n.band_before <> n.band THEN format('in %%s, before in %%s', n.band, n.band_before) ELSE format('again in %%s', n.band) END, n.band_before <> n.band
              FROM playbook p JOIN pair n ON n.band = p.band WHERE p.trigger = 'band'
            UNION ALL
            SELECT p.name, n.account_id, n.score_before, n.band_before, n.before_at, format('rule %%s fired', p.rule), NOT n.drivers_before @> p.fired
              FROM playbook p JOIN pair n ON n.drivers @> p.fired WHERE p.trigger = 'rule' AND n.before_at IS NOT NULL
            UNION ALL
            SELECT p.name, n.account_id, n.base_score, n.band_before, %7$s, 'too little data for a score', n.base_score IS NOT NULL
              FROM playbook p JOIN pair n ON n.score IS NULL AND n.known WHERE p.trigger = 'stale'
            UNION ALL
            SELECT p.name, n.account_id, n.score_before, n.band_before, n.before_at, format('in %%s, and the condition holds', n.band), true
              FROM playbook p JOIN pair n ON n.known AND n.band = %2$s.health_band(%10$L || n.model_version, 100::float8, n.segment)%11$s WHERE p.trigger = 'opportunity'
            UNION ALL
            SELECT p.name, n.account_id, d.score, d.band, d.scored_at,
                   format('down %%s within %%s, from %%s', trim_scale(round((d.score - n.score)::numeric, 1)), p.within, trim_scale(round(d.score::numeric, 1))), true
              FROM playbook p CROSS JOIN pair n
             -- The newest score that is at least that old, or else the oldest.
             CROSS JOIN LATERAL (SELECT * FROM (
                   (SELECT 1 AS choice, o.score, o.band, o.scored_at FROM %1$s o
                     WHERE o.account_id = n.account_id AND o.scored_at <= $1 - p.within AND o.scored_at <> ALL (%8$s) AND o.score IS NOT NULL ORDER BY o.scored_at DESC LIMIT 1)
                   UNION ALL
                   (SELECT 2, o.score, o.band, o.scored_at FROM %1$s o
                     WHERE o.account_id = n.account_id AND o.scored_at > $1 - p.within AND o.scored_at <= %7$s AND o.scored_at <> ALL (%8$s) AND o.score IS NOT NULL ORDER BY o.scored_at LIMIT 1)) c
                   ORDER BY c.choice LIMIT 1) d
             WHERE p.trigger = 'drop' AND d.score - n.score >= p.points
        ), raised AS MATERIALIZED (
            SELECT c.*, n.id FROM candidate c JOIN playbook p ON p.name = c.playbook JOIN pair n ON n.account_id = c.account_id
              LEFT JOIN LATERAL (SELECT a.as_of, a.status, a.ended_at FROM %2$s.health_alert a
                                  WHERE a.source = %5$L AND a.playbook = c.playbook AND a.account_id = n.id ORDER BY a.as_of DESC, a.id DESC LIMIT 1) l ON true
             WHERE (p.segment IS NULL OR p.segment = n.segment)
               AND CASE WHEN l.as_of IS NULL THEN c.begun
                        ELSE l.status IN ('resolved', 'ended') AND l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                             AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within) END
               AND (p.condition IS NULL OR %2$s.health_playbook_condition(p.condition, $1, n.score, n.inputs, n.drivers,
                       CASE WHEN p.looks_back THEN (SELECT b.drivers FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at) END))
        ), over AS (
            SELECT a.id FROM pair n JOIN %2$s.health_alert a ON a.source = %5$L AND a.account_id = n.id JOIN playbook p ON p.name = a.playbook
             WHERE a.ended_at IS NULL AND a.status NOT IN ('resolved', 'ended') AND a.as_of < $1 AND CASE a.trigger
                   WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(%10$L || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                                    AND %2$s.health_band(%10$L || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
                   WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
                   WHEN 'stale' THEN n.score IS NOT NULL
                   WHEN 'rule' THEN NOT (n.score IS NULL OR n.drivers @> p.fired)
                   WHEN 'opportunity' THEN n.band <> a.band OR NOT %2$s.health_playbook_condition(p.condition, $1, n.score, n.inputs, n.drivers) END
               FOR UPDATE OF a SKIP LOCKED
        ), ended AS (
            UPDATE %2$s.health_alert a
               SET ended_at = $1,
                   status = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN 'ended' ELSE a.status END,
                   resolved_at = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN clock_timestamp() ELSE a.resolved_at END
              FROM over WHERE a.id = over.id)
        INSERT INTO %2$s.health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, explanation, action, severity, due_at,
               score, band, score_before, band_before)
        SELECT c.playbook, %5$L, %4$L, c.id, %12$s, $1, p.trigger, c.reason, h.name, COALESCE(p.owner, h.owner), h.segment, h.value,
               %13$s, p.action, p.severity, $1 + p.due_in, h.score, h.band, c.score_before, c.band_before
          FROM raised c JOIN playbook p ON p.name = c.playbook JOIN pair h ON h.account_id = c.account_id
         -- So many at once are for a run to judge: it holds them.
         WHERE (SELECT count(DISTINCT r.id) FROM raised r) <= GREATEST(%14$L::float8, 1)
         ORDER BY c.playbook COLLATE "C", c.account_id
            ON CONFLICT DO NOTHING$sql$,
        history, home, found.run_as, found.book, found.name, regexp_replace(found.model, '@[0-9]+$', ''), health_alert_time(base), held, account_type, model,
        health_alert_at_risk(found), run.id, explanation, found.hold_alerts_above * run.accounts);
END
$$;
COMMENT ON FUNCTION health_live_alert_query(@extschema@.health_source, text, timestamptz) IS
'The statement that raises and ends the alerts of the accounts $2 (text[]), scored as of $1 (health_live_query). NULL if there is no run to compare with.';

CREATE FUNCTION health_live_score(source text, ids text[], path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    found health_source := health_source_get(source);
    stamp text;
    -- After the locks that the caller may have waited for: the newest row is that of the last writer.
    at timestamptz := clock_timestamp();
    account_type text;
    query text;
    alert_query text;
    written bigint;
    raised bigint;
BEGIN
    IF cardinality(ids) = 0 THEN
        RETURN 0;
    END IF;
    stamp := health_live_stamp(found);
    IF NOT health_statement_is('score ' || source, stamp) THEN
        PERFORM health_refresh_check(found, at);
        PERFORM health_run_prepare(found, at);
        account_type := health_source_account_type(found);
        query := health_live_query(found, account_type);
        alert_query := CASE WHEN has_table_privilege('health_playbook', 'SELECT') AND has_table_privilege('health_alert', 'SELECT')
                            THEN health_live_alert_query(found, account_type, at) END;
        -- A statement is planned anew when it finds another search_path than the one it was prepared under.
        PERFORM set_config('search_path', path, true);
        PERFORM health_score_internal.health_statement_prepare('score ' OPERATOR(pg_catalog.||) source, stamp, query);
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        PERFORM health_score_internal.health_statement_prepare('alert ' || source, stamp, COALESCE(alert_query, 'SELECT WHERE $1 IS NULL AND $2 IS NULL'));
    ELSIF found.run_as <> current_user THEN
        PERFORM health_refresh_check(found, at);
    END IF;
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    -- Functions that the relation calls run under the caller's search_path.
    PERFORM pg_catalog.set_config('search_path', path, true);
    written := health_score_internal.health_statement_execute('score ' OPERATOR(pg_catalog.||) source, at, ids);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    raised := health_score_internal.health_statement_execute('alert ' || source, at, ids);
    IF raised > 0 THEN
        PERFORM health_score_internal.health_alert_notify(source, NULL, raised);
    END IF;
    RETURN written;
END
$$;
COMMENT ON FUNCTION health_live_score(text, text[], text) IS 'Implements health_refresh_accounts, under the caller''s search_path.';

CREATE FUNCTION health_source_account_type(found @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (SELECT format('%I.%I', n.nspname, t.typname)
              FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
             WHERE a.attrelid = health_source_relation(found) AND a.attname = found.account_column);
END
$$;
COMMENT ON FUNCTION health_source_account_type(@extschema@.health_source) IS 'The type of the account''s id in the relation of a source, with its schema.';

CREATE FUNCTION @extschema@.health_refresh_accounts(source text, ids text[])
RETURNS bigint
LANGUAGE sql
RETURN health_live_score(source, ids, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_accounts(text, text[]) IS
'Scores some accounts of a source as of now, in the current transaction, and raises the alerts of its playbooks. Of the scores of an account since the last run, the newest of each day stays. Returns the number of accounts that the relation has.';

CREATE FUNCTION @extschema@.health_refresh_accounts(source text, ids anyarray)
RETURNS bigint
LANGUAGE sql
AS $$ SELECT health_score_internal.health_live_score($1, $2::pg_catalog.text[], pg_catalog.current_setting('search_path')) $$;
COMMENT ON FUNCTION @extschema@.health_refresh_accounts(text, anyarray) IS 'The same for ids of any type.';

-- A trigger runs with the rights of the role that writes to the table, which rarely may write scores. So each source has
-- trigger functions of its own, SECURITY DEFINER: they belong to the source's owner and do what that role's refresh does.
-- What the writer chooses is the time and the ids.
CREATE FUNCTION health_live_function(found @extschema@.health_source, "table" regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    name text := (SELECT format('%s_live_%s', found.name, c.relname) FROM pg_class c WHERE c.oid = "table");
BEGIN
    RETURN format('%I.%I', found.history_schema, CASE WHEN octet_length(name) <= 63 THEN name ELSE found.name || '_live_' || left(md5(name), 12) END);
END
$$;
COMMENT ON FUNCTION health_live_function(@extschema@.health_source, regclass) IS 'The name of the trigger function of a source for a table.';

CREATE FUNCTION health_live_make(source text, "table" regclass, account_column text, schemas name[])
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    path text;
    target regclass := COALESCE("table", health_source_relation(found));
    "column" text := COALESCE(account_column, CASE WHEN target = to_regclass(format('%I.%I', found.events_schema, found.events_name)) THEN found.event_account ELSE found.account_column END);
    relation pg_class;
    function text;
    change text;
BEGIN
    PERFORM health_refresh_check(found, now());
    SELECT c.* INTO relation FROM pg_class c WHERE c.oid = target;
    IF relation.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table', target USING ERRCODE = 'wrong_object_type',
            DETAIL = 'Live scoring hangs on changes of tables.',
            HINT = format('Name each table that it reads, with the column of the account: SELECT health_live(%L, ''crm.accounts'', ''id'').', source);
    END IF;
    IF relation.relispartition THEN
        RAISE EXCEPTION '% is a partition', target USING ERRCODE = 'wrong_object_type', HINT = 'Name the partitioned table.';
    END IF;
    PERFORM health_source_column(target, "column", 'account_column');
    IF (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user) AND relation.relowner <> (SELECT u.oid FROM pg_roles u WHERE u.rolname = current_user) THEN
        RAISE EXCEPTION 'source "%" runs as a superuser', source USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Each write to %s, which belongs to another role, would score with the rights of a superuser.', target),
            HINT = 'Add the source as a role without superuser rights.';
    END IF;
    function := health_live_function(found, target);
    -- The relation finds what it finds for its owner now. pg_temp comes last: a writer could put anything there.
    path := (SELECT string_agg(quote_ident(s), ', ') FROM unnest(array_remove(schemas, 'pg_catalog') || '{pg_catalog,pg_temp}'::name[]) s WHERE s !~ '^pg_temp_');
    EXECUTE format($sql$
        CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = %2$s AS $body$
        DECLARE
            ids pg_catalog.text[];
        BEGIN
            IF TG_OP OPERATOR(pg_catalog.=) 'INSERT' THEN
                SELECT pg_catalog.array_agg(DISTINCT c.%3$I::pg_catalog.text) INTO ids FROM health_new c WHERE c.%3$I IS NOT NULL;
            ELSIF TG_OP OPERATOR(pg_catalog.=) 'DELETE' THEN
                SELECT pg_catalog.array_agg(DISTINCT c.%3$I::pg_catalog.text) INTO ids FROM health_old c WHERE c.%3$I IS NOT NULL;
            ELSE
                SELECT pg_catalog.array_agg(DISTINCT c.id) INTO ids
                  FROM (SELECT n.%3$I::pg_catalog.text AS id FROM health_new n UNION ALL SELECT o.%3$I::pg_catalog.text FROM health_old o) c WHERE c.id IS NOT NULL;
            END IF;
            IF ids IS NOT NULL THEN
                PERFORM health_score_internal.health_live_score(%4$L, ids, pg_catalog.current_setting('search_path'));
            END IF;
            RETURN NULL;
        EXCEPTION
            WHEN transaction_rollback THEN
                RAISE;
            WHEN OTHERS THEN
                -- Business goes on: the next run scores these accounts, and reports what is wrong with them. The detail may
                -- quote data that the writer may not read.
                RAISE WARNING 'source "%%" did not score the %% changed accounts: %%', %4$L, pg_catalog.cardinality(ids), SQLERRM;
                RETURN NULL;
        END $body$ $sql$,
        function, path, "column", source);
    EXECUTE format('REVOKE ALL ON FUNCTION %s() FROM PUBLIC', function);
    EXECUTE format('COMMENT ON FUNCTION %s() IS %L', function, format('Source %s: scores the accounts that a change of %s concerns. Made by health_live(); health_live_stop() drops it.', source, target));
    FOREACH change IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %s REFERENCING%s%s FOR EACH STATEMENT EXECUTE FUNCTION %s()',
            format('health_live_%s_%s', change, left(md5(source), 8)), change, target, CASE WHEN change <> 'delete' THEN ' NEW TABLE AS health_new' END,
            CASE WHEN change <> 'insert' THEN ' OLD TABLE AS health_old' END, function);
    END LOOP;
    RETURN target;
END
$$;
COMMENT ON FUNCTION health_live_make(text, regclass, text, name[]) IS 'Implements health_live; schemas: the search_path of the caller.';

CREATE FUNCTION @extschema@.health_live(source text, "table" regclass DEFAULT NULL, account_column text DEFAULT NULL)
RETURNS regclass
LANGUAGE sql
RETURN health_live_make(source, "table", account_column, current_schemas(false));
COMMENT ON FUNCTION @extschema@.health_live(text, regclass, text) IS
'Scores the accounts of a source as soon as a table changes, in the same transaction, and raises their alerts. Without a table: the relation of the source. account_column: the id in that table. Puts triggers on the table, with the rights of the source''s owner.';

CREATE FUNCTION @extschema@.health_live_stop(source text, "table" regclass DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    function regprocedure;
    stopped bigint := 0;
BEGIN
    FOR function IN
        SELECT DISTINCT t.tgfoid::regprocedure FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgname LIKE 'health\_live\_%\_' || left(md5(source), 8) AND ("table" IS NULL OR t.tgrelid = "table")
           AND p.pronamespace = to_regnamespace(quote_ident(found.history_schema)) AND p.prosecdef
    LOOP
        -- Its triggers go with it. Their table may belong to another role.
        EXECUTE format('DROP FUNCTION %s CASCADE', function);
        stopped := stopped + 1;
    END LOOP;
    RETURN stopped;
END
$$;
COMMENT ON FUNCTION @extschema@.health_live_stop(text, regclass) IS 'Ends live scoring of a source, for one table or for all. Returns the number of tables. Scores that were written stay.';
