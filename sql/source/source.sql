-- health_source: which relation is scored with which model, by which role, into which history. Nothing here scores or
-- writes history.

CREATE TABLE @extschema@.health_source (
    name              text             NOT NULL PRIMARY KEY,
    model             text             NOT NULL,
    relation_schema   text             NOT NULL,
    relation_name     text             NOT NULL,
    account_column    text             NOT NULL,
    book              text             NOT NULL DEFAULT 'accounts',
    name_column       text,
    segment_column    text,
    value_column      text,
    owner_column      text,
    parent_column     text,
    renewal_column    text,
    keep              text[]           NOT NULL DEFAULT '{}',
    time_column       text,
    point_in_time     boolean          NOT NULL DEFAULT false,
    history_schema    text             NOT NULL,
    history_name      text             NOT NULL,
    keep_inputs       boolean          NOT NULL DEFAULT true,
    max_staleness     interval,
    hold_alerts_above double precision NOT NULL DEFAULT 0.2,
    run_as            text             NOT NULL DEFAULT current_user,
    last_as_of        timestamptz,
    created_at        timestamptz      NOT NULL DEFAULT now(),
    last_written_at    timestamptz,
    history_changed_at timestamptz,
    hold_accounts_below double precision NOT NULL DEFAULT 0.5,
    events_schema     text,
    events_name       text,
    event_account     text,
    event_signal      text,
    event_value       text,
    event_time        text,
    schedule          text,
    UNIQUE (history_schema, history_name),
    CONSTRAINT health_source_name_check CHECK (name <> '' AND octet_length(name) <= 40),
    CONSTRAINT health_source_book_check CHECK (book <> ''),
    CONSTRAINT health_source_time_check CHECK (time_column IS NULL OR NOT point_in_time),
    CONSTRAINT health_source_max_staleness_check CHECK (max_staleness IS NULL OR (max_staleness > '0' AND time_column IS NOT NULL)),
    CONSTRAINT health_source_hold_alerts_above_check CHECK (hold_alerts_above >= 0 AND hold_alerts_above <= 1),
    CONSTRAINT health_source_hold_accounts_below_check CHECK (hold_accounts_below >= 0 AND hold_accounts_below <= 1),
    CONSTRAINT health_source_events_check CHECK (num_nulls(events_schema, events_name, event_account, event_signal, event_time) IN (0, 5) AND (events_name IS NOT NULL OR event_value IS NULL))
);

COMMENT ON TABLE @extschema@.health_source IS 'Sources: relations that are scored into a history, one row for each relation and model. health_source_add() adds one.';
COMMENT ON COLUMN @extschema@.health_source.name IS 'The name of the source, as in CALL health_refresh(''name''). The names of its history and views begin with it. 1 to 40 bytes.';
COMMENT ON COLUMN @extschema@.health_source.model IS 'The model that scores the relation: a name, or one version as in saas@3.';
COMMENT ON COLUMN @extschema@.health_source.relation_schema IS 'The schema of the relation.';
COMMENT ON COLUMN @extschema@.health_source.relation_name IS 'The table or view with the accounts, looked up by name at each run.';
COMMENT ON COLUMN @extschema@.health_source.account_column IS 'The column with the account''s id; the history keeps its type.';
COMMENT ON COLUMN @extschema@.health_source.book IS 'The population of accounts; the sources of a book share account ids.';
COMMENT ON COLUMN @extschema@.health_source.name_column IS 'The column with the account''s name.';
COMMENT ON COLUMN @extschema@.health_source.segment_column IS 'The column with the name of the segment; it replaces the model''s conditions.';
COMMENT ON COLUMN @extschema@.health_source.value_column IS 'The column with the value of the account, a number.';
COMMENT ON COLUMN @extschema@.health_source.owner_column IS 'The column with the person who looks after the account.';
COMMENT ON COLUMN @extschema@.health_source.parent_column IS 'The column with the account or group that the account belongs to.';
COMMENT ON COLUMN @extschema@.health_source.renewal_column IS 'The column with the date of the next renewal.';
COMMENT ON COLUMN @extschema@.health_source.keep IS 'More columns whose values the history keeps among the inputs.';
COMMENT ON COLUMN @extschema@.health_source.time_column IS 'The column with the time of a row, for a relation with several rows per account: the newest row up to as_of is scored.';
COMMENT ON COLUMN @extschema@.health_source.point_in_time IS 'Whether the relation is a view that shows the data as of health_as_of().';
COMMENT ON COLUMN @extschema@.health_source.history_schema IS 'The schema of the history.';
COMMENT ON COLUMN @extschema@.health_source.history_name IS 'The table that the scores are written to.';
COMMENT ON COLUMN @extschema@.health_source.keep_inputs IS 'Whether the history keeps the inputs of the model.';
COMMENT ON COLUMN @extschema@.health_source.max_staleness IS 'Accounts whose newest row is older than this are left out. Needs time_column.';
COMMENT ON COLUMN @extschema@.health_source.hold_alerts_above IS 'The share of the book, 0 to 1: a run with alerts for more accounts is held.';
COMMENT ON COLUMN @extschema@.health_source.run_as IS 'The role that added the source. Only that role refreshes the source.';
COMMENT ON COLUMN @extschema@.health_source.last_as_of IS 'The time that the views show: the latest as_of of a finished run that has accounts, and is not held for too few of them; for an adopted history, the latest time in it.';
COMMENT ON COLUMN @extschema@.health_source.created_at IS 'When the source was first added.';
COMMENT ON COLUMN @extschema@.health_source.last_written_at IS 'The start of the run that wrote the scores of the latest as_of.';
COMMENT ON COLUMN @extschema@.health_source.history_changed_at IS 'When scores of the past last changed, as by a backfill into the last weeks. If that was after last_written_at, the next run reads the history of every account.';
COMMENT ON COLUMN @extschema@.health_source.hold_accounts_below IS 'The share, 0 to 1, of the accounts of the last good run: a run with fewer accounts is held. 0 holds no run.';
COMMENT ON COLUMN @extschema@.health_source.events_schema IS 'The schema of the events.';
COMMENT ON COLUMN @extschema@.health_source.events_name IS 'The table or view with the events of the accounts, looked up by name at each run; NULL: the relation has all inputs.';
COMMENT ON COLUMN @extschema@.health_source.event_account IS 'The column of the events with the account''s id.';
COMMENT ON COLUMN @extschema@.health_source.event_signal IS 'The column of the events with the name of an input or signal of the model.';
COMMENT ON COLUMN @extschema@.health_source.event_value IS 'The column of the events with the value; NULL: events have no values.';
COMMENT ON COLUMN @extschema@.health_source.event_time IS 'The column of the events with the time of the event.';
COMMENT ON COLUMN @extschema@.health_source.schedule IS 'The cron schedule of health_schedule(), which health_monitor compares runs with; NULL without one.';

SELECT pg_extension_config_dump('@extschema@.health_source', '');

-- The trigger stops a role from adding a source that runs as another role: the nightly refresh of a superuser would
-- otherwise read a view of that role with the rights of the superuser.
CREATE FUNCTION health_run_as_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.run_as] WHEN 'DELETE' THEN ARRAY[OLD.run_as]
                                     ELSE ARRAY[OLD.run_as, NEW.run_as] END LOOP
        -- The usual case, for every alert of a run: the look-up below takes longer than the write.
        CONTINUE WHEN role = current_user;
        -- A superuser may change the rows of a dropped role.
        IF NOT COALESCE((SELECT pg_has_role(r.oid, 'USAGE') FROM pg_roles r WHERE r.rolname = role),
                        (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % that run as %', quote_ident(current_user), TG_TABLE_NAME, quote_ident(role)
                USING ERRCODE = 'insufficient_privilege',
                      DETAIL = 'A source runs with the rights of the role that added it. Only that role and its members may change the source.',
                      HINT = format('SET ROLE %I first, or add a source of your own under another name.', role);
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION health_run_as_guard() IS 'Trigger of tables with run_as: 42501 unless the current role has the rights of the role in run_as.';

CREATE TRIGGER health_source_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_source
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION health_source_get(source text)
RETURNS @extschema@.health_source
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_source;
    names text;
BEGIN
    SELECT * INTO found FROM health_source s WHERE s.name = health_source_get.source;
    IF found.name IS NULL THEN
        SELECT string_agg(s.name, ', ' ORDER BY s.name) INTO names
          FROM (SELECT name FROM health_source ORDER BY name LIMIT 10) s;
        RAISE EXCEPTION 'unknown source %', COALESCE('"' || source || '"', 'NULL')
            USING ERRCODE = 'undefined_object', HINT = COALESCE('There are: ' || names || '.',
                'SELECT health_source_add(name, model, relation, account_column) adds one.');
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_source_get(text) IS 'The row of a source in health_source. Unknown: 42704.';

CREATE FUNCTION health_source_column(relation regclass, "column" text, role text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type text;
    known text;
BEGIN
    IF "column" IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT format_type(a.atttypid, a.atttypmod) INTO type
      FROM pg_attribute a
     WHERE a.attrelid = relation AND a.attname = "column"
       AND a.attnum > 0 AND NOT a.attisdropped;
    IF type IS NULL THEN
        SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) INTO known
          FROM pg_attribute a
         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;
        RAISE EXCEPTION 'relation % has no column "%"', relation, "column"
            USING ERRCODE = 'undefined_column', DETAIL = format('The source uses this column as %s.', role),
                  HINT = format('The relation has: %s.', known);
    END IF;
    RETURN type;
END
$$;
COMMENT ON FUNCTION health_source_column(regclass, text, text) IS 'The type of a relation''s column as SQL writes it; NULL for NULL. Unknown column: 42703, with its role in the source.';

-- Histories, alerts and views compare ids by the operators of Postgres, whatever the search_path.
CREATE FUNCTION health_source_id_check(relation regclass, account_column text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type oid := (SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = account_column AND NOT a.attisdropped);
    base oid;
BEGIN
    PERFORM health_source_column(relation, account_column, 'account_column');
    LOOP
        SELECT t.typbasetype INTO base FROM pg_type t WHERE t.oid = type AND t.typtype = 'd';
        EXIT WHEN NOT FOUND;
        type := base;
    END LOOP;
    EXECUTE format('SELECT FROM (SELECT NULL::%1$s AS id) i WHERE i.id OPERATOR(pg_catalog.=) i.id AND i.id OPERATOR(pg_catalog.<=) i.id ORDER BY i.id', health_id_cast(type));
EXCEPTION WHEN undefined_function OR ambiguous_function THEN
    RAISE EXCEPTION 'column "%" of type % cannot be the account_column', account_column, format_type(type, NULL) USING ERRCODE = 'datatype_mismatch',
        DETAIL = 'The operators = and <= of Postgres do not compare values of this type.',
        HINT = format('Cast the column in a view: SELECT %1$I::text AS %1$I, … FROM %2$s.', account_column, relation);
END
$$;
COMMENT ON FUNCTION health_source_id_check(regclass, text) IS 'Raises 42804 for a column of a type whose values Postgres itself cannot compare: no id of an account.';

CREATE FUNCTION health_source_relation(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    relation regclass := to_regclass(format('%I.%I', source.relation_schema, source.relation_name));
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'relation %.% of source "%" does not exist', quote_ident(source.relation_schema),
            quote_ident(source.relation_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'Create the relation again, or name another one: SELECT health_source_add(…) with the same name changes the source.';
    END IF;
    RETURN relation;
END
$$;
COMMENT ON FUNCTION health_source_relation(@extschema@.health_source) IS 'The relation of a source, looked up by name. Dropped or renamed: 42P01.';

CREATE FUNCTION health_source_make(source @extschema@.health_source, relation regclass, before @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    code text;
    message text;
    detail text;
    hint text;
    context text;
    stopped text[];
BEGIN
    IF NOT has_schema_privilege(source.history_schema, 'CREATE') THEN
        RAISE EXCEPTION 'permission denied for schema %', quote_ident(source.history_schema) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Role %I may not create the history and the views of source "%s" there.', current_user, source.name),
            HINT = format('GRANT CREATE ON SCHEMA %I TO %I; or history => ''schema.table'' names another schema.', source.history_schema, current_user);
    END IF;
    PERFORM health_history_make(source, relation);
    -- Views lie beside the history: they move with it.
    IF before.history_schema <> source.history_schema THEN
        PERFORM health_source_drop_views(before);
    END IF;
    PERFORM health_source_views(source);
    -- The tables beside a history belong to that history.
    IF to_regclass(health_source_table(source, '_recent')) IS NULL OR to_regclass(health_source_table(source, '_bands')) IS NULL
       OR (before.history_schema, before.history_name) IS DISTINCT FROM (source.history_schema, source.history_name) OR NOT health_recent_fits(source) THEN
        PERFORM health_recent_make(source);
    END IF;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
    stopped := health_ddl_stopped(code, context, NULL);
    IF stopped IS NULL THEN
        RAISE;
    END IF;
    RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = concat_ws(' ', NULLIF(detail, ''), stopped[1]), HINT = COALESCE(NULLIF(hint, ''), stopped[2]);
END
$$;
COMMENT ON FUNCTION health_source_make(@extschema@.health_source, regclass, @extschema@.health_source) IS
'Creates the history and the views of a source; drops the views beside its former history. An error of an event trigger names the trigger.';

-- What stopped a statement that changes the catalog, and the way out. An error of an event trigger does not name it, and one
-- of a lock not its holder.
CREATE FUNCTION health_ddl_stopped(code text, context text, relation regclass)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    stopper record;
BEGIN
    IF code = '55P03' THEN
        SELECT string_agg(DISTINCT format('process %s of role %s (%s)', l.pid, COALESCE(quote_ident(a.usename), 'unknown'), l.mode), ', ') AS sessions, min(l.pid) AS pid INTO stopper
          FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
         WHERE l.relation = health_ddl_stopped.relation AND l.granted AND l.pid <> pg_backend_pid()
           AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
           AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock');
        RETURN CASE WHEN stopper.sessions IS NOT NULL THEN
            ARRAY[format('Table %s is locked by %s.', relation, stopper.sessions), format('SELECT pg_terminate_backend(%s) ends the session; otherwise the next refresh tries again.', stopper.pid)] END;
    END IF;
    SELECT t.evtname, p.oid::regprocedure AS function INTO stopper
      FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid
     WHERE t.evtenabled <> 'D' AND strpos(context, p.proname || '()') > 0 AND t.evtname <> 'health_schema_renamed'
     ORDER BY t.evtname LIMIT 1;
    RETURN CASE WHEN FOUND THEN
        ARRAY[format('The error is of event trigger %I, function %s.', stopper.evtname, stopper.function),
              CASE WHEN code IN ('42P01', '42883', '42704', '3F000')
                   THEN format('ALTER FUNCTION %s SET search_path = …, so that it finds its tables under every search_path.', stopper.function)
                   ELSE format('Let the trigger except role %I, or ALTER EVENT TRIGGER %I DISABLE for the time of this statement.', current_user, stopper.evtname) END] END;
END
$$;
COMMENT ON FUNCTION health_ddl_stopped(text, text, regclass) IS
'For an error of a statement that changes the catalog: a sentence that names the event trigger that raised it, or the session that locks the relation, and a hint; NULL if neither is stopper.';

CREATE FUNCTION @extschema@.health_source_add(
    name text, model text, relation regclass, account_column text, book text DEFAULT 'accounts',
    name_column text DEFAULT NULL, segment_column text DEFAULT NULL, value_column text DEFAULT NULL, owner_column text DEFAULT NULL,
    parent_column text DEFAULT NULL, renewal_column text DEFAULT NULL, keep text[] DEFAULT '{}',
    time_column text DEFAULT NULL, point_in_time boolean DEFAULT false, history text DEFAULT NULL, keep_inputs boolean DEFAULT true,
    max_staleness interval DEFAULT NULL, hold_alerts_above double precision DEFAULT 0.2, hold_accounts_below double precision DEFAULT 0.5,
    events regclass DEFAULT NULL, event_account text DEFAULT NULL, event_signal text DEFAULT NULL, event_value text DEFAULT NULL, event_time text DEFAULT NULL)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    source health_source;
    place text[];
    before health_source;
    kept text;
BEGIN
    IF name IS NULL OR model IS NULL OR relation IS NULL OR account_column IS NULL OR book IS NULL OR hold_alerts_above IS NULL
       OR hold_accounts_below IS NULL THEN
        RAISE EXCEPTION 'name, model, relation, account_column, book, hold_alerts_above and hold_accounts_below must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_source_add(''crm'', ''saas'', ''crm.accounts'', ''id'').';
    END IF;
    IF name = '' OR octet_length(name) > 40 THEN
        RAISE EXCEPTION 'invalid source name "%"', left(name, 80) USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A name has 1 to 40 bytes: the names of its history and views begin with it.', HINT = 'For example: crm.';
    END IF;
    IF time_column IS NOT NULL AND point_in_time THEN
        RAISE EXCEPTION 'a source has a time_column or is point_in_time, not both' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'time_column is for rows with a time of their own; point_in_time for a view that filters by health_as_of().';
    END IF;
    IF max_staleness IS NOT NULL AND (time_column IS NULL OR max_staleness <= '0'::interval) THEN
        RAISE EXCEPTION 'max_staleness must be positive and needs a time_column' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: time_column => ''taken_at'', max_staleness => ''7 days''.';
    END IF;
    IF NOT (hold_alerts_above >= 0 AND hold_alerts_above <= 1) THEN
        RAISE EXCEPTION 'hold_alerts_above must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0.2 holds a run with alerts for more than a fifth of the book; 1 holds no run.';
    END IF;
    IF NOT (hold_accounts_below >= 0 AND hold_accounts_below <= 1) THEN
        RAISE EXCEPTION 'hold_accounts_below must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0.5 holds a run with fewer than half of the accounts of the last good run; 0 holds no run.';
    END IF;
    IF events IS NULL AND num_nonnulls(event_account, event_signal, event_value, event_time) > 0 THEN
        RAISE EXCEPTION 'event_account, event_signal, event_value and event_time need events' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: events => ''usage_event'', event_signal => ''name'', event_time => ''at''.';
    END IF;
    IF events IS NOT NULL AND (event_signal IS NULL OR event_time IS NULL) THEN
        RAISE EXCEPTION 'events need event_signal and event_time' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'An event has the account''s id, the name of a signal and a time.', HINT = 'For example: events => ''usage_event'', event_signal => ''name'', event_time => ''at''.';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(model);
    PERFORM health_require('operator', 'health_source', 'SELECT, INSERT, UPDATE');
    PERFORM health_source_column(relation, c.name, c.role)
       FROM (VALUES (account_column, 'account_column'), (name_column, 'name_column'), (segment_column, 'segment_column'),
                    (value_column, 'value_column'), (owner_column, 'owner_column'), (parent_column, 'parent_column'),
                    (renewal_column, 'renewal_column')) c (name, role);
    PERFORM health_source_id_check(relation, account_column);
    FOREACH kept IN ARRAY COALESCE(keep, '{}') LOOP
        PERFORM health_source_column(relation, kept, 'keep');
    END LOOP;
    IF health_source_column(relation, time_column, 'time_column') NOT IN ('date', 'timestamp with time zone', 'timestamp without time zone') THEN
        RAISE EXCEPTION 'time_column "%" is neither date nor timestamp', time_column USING ERRCODE = 'datatype_mismatch',
            HINT = 'Cast the column in a view.';
    END IF;

    SELECT s.* INTO source FROM health_source s WHERE s.name = health_source_add.name;
    before := source;
    SELECT n.nspname, c.relname INTO source.relation_schema, source.relation_name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = relation;
    IF source.relation_schema ~ '^pg_temp_' THEN
        RAISE EXCEPTION 'relation % is temporary', relation USING ERRCODE = 'wrong_object_type',
            HINT = 'Later sessions read the source: name a permanent table or view.';
    END IF;
    source.events_schema := NULL;
    source.events_name := NULL;
    IF events IS NOT NULL THEN
        SELECT n.nspname, c.relname INTO source.events_schema, source.events_name
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = events;
        IF source.events_schema ~ '^pg_temp_' THEN
            RAISE EXCEPTION 'relation % is temporary', events USING ERRCODE = 'wrong_object_type',
                HINT = 'Later sessions read the source: name a permanent table or view.';
        END IF;
        event_account := COALESCE(event_account, account_column);
        PERFORM health_source_column(events, c.name, c.role)
           FROM (VALUES (event_account, 'event_account'), (event_signal, 'event_signal'), (event_value, 'event_value'), (event_time, 'event_time')) c (name, role);
    END IF;
    IF history IS NOT NULL THEN
        place := parse_ident(history);
        IF cardinality(place) > 2 THEN
            RAISE EXCEPTION 'invalid history "%"', history USING ERRCODE = 'invalid_parameter_value', HINT = 'Write table or schema.table.';
        END IF;
        source.history_name := place[cardinality(place)];
        source.history_schema := CASE cardinality(place) WHEN 2 THEN place[1] ELSE source.relation_schema END;
    ELSIF source.name IS NULL THEN
        source.history_name := name || '_history';
        source.history_schema := source.relation_schema;
    END IF;

    SELECT s.name INTO kept FROM health_source s
     WHERE s.history_schema = source.history_schema AND s.history_name = source.history_name
       AND s.name <> health_source_add.name;
    IF FOUND THEN
        RAISE EXCEPTION 'table %.% is the history of source "%"', quote_ident(source.history_schema), quote_ident(source.history_name), kept
            USING ERRCODE = 'duplicate_object', DETAIL = 'A history holds one score per account and time.', HINT = 'Name another table by history => ….';
    END IF;
    INSERT INTO health_source AS s (name, model, relation_schema, relation_name, account_column, book, name_column, segment_column, value_column,
           owner_column, parent_column, renewal_column, keep, time_column, point_in_time, history_schema, history_name, keep_inputs,
           max_staleness, hold_alerts_above, hold_accounts_below, events_schema, events_name, event_account, event_signal, event_value, event_time)
    VALUES (name, model, source.relation_schema, source.relation_name, account_column, book, name_column, segment_column, value_column,
           owner_column, parent_column, renewal_column, COALESCE(keep, '{}'), time_column, COALESCE(point_in_time, false), source.history_schema,
           source.history_name, COALESCE(keep_inputs, true), max_staleness, hold_alerts_above, hold_accounts_below,
           source.events_schema, source.events_name, event_account, event_signal, event_value, event_time)
    ON CONFLICT ON CONSTRAINT health_source_pkey DO UPDATE SET
           (model, relation_schema, relation_name, account_column, book, name_column, segment_column, value_column, owner_column, parent_column,
            renewal_column, keep, time_column, point_in_time, history_schema, history_name, keep_inputs, max_staleness, hold_alerts_above, hold_accounts_below,
            events_schema, events_name, event_account, event_signal, event_value, event_time)
         = (excluded.model, excluded.relation_schema, excluded.relation_name, excluded.account_column, excluded.book, excluded.name_column,
            excluded.segment_column, excluded.value_column, excluded.owner_column, excluded.parent_column, excluded.renewal_column, excluded.keep,
            excluded.time_column, excluded.point_in_time, excluded.history_schema, excluded.history_name, excluded.keep_inputs,
            excluded.max_staleness, excluded.hold_alerts_above, excluded.hold_accounts_below, excluded.events_schema, excluded.events_name, excluded.event_account,
            excluded.event_signal, excluded.event_value, excluded.event_time)
    RETURNING s.* INTO source;
    PERFORM health_source_check(source, relation);
    PERFORM health_history_register_clean();
    PERFORM health_source_make(source, relation, before);
    IF NOT source.keep_inputs THEN
        RAISE NOTICE 'source "%" keeps no inputs', name USING DETAIL = 'Drivers, signals and explanations of its scores cannot be shown later.',
            HINT = 'With keep_inputs => true the history keeps what the model reads of each account.';
    END IF;
    RETURN to_regclass(format('%I.%I', source.history_schema, source.history_name));
END
$$;
COMMENT ON FUNCTION @extschema@.health_source_add(text, text, regclass, text, text, text, text, text, text, text, text, text[], text, boolean, text, boolean, interval, double precision, double precision, regclass, text, text, text, text) IS
'Adds a source: a relation, and events if named, that is scored with a model into a history. Creates the history and the views of the source, and returns the history. With the name of an existing source, changes that source; its history stays.';

CREATE FUNCTION @extschema@.health_source_drop(name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    source health_source := health_source_get(health_source_drop.name);
BEGIN
    PERFORM health_require('operator', 'health_source', 'DELETE');
    DELETE FROM health_source s WHERE s.name = source.name;
    PERFORM health_source_drop_views(source);
    PERFORM health_recent_drop(source);
END
$$;
COMMENT ON FUNCTION @extschema@.health_source_drop(text) IS
'Deletes a source and drops its views and the tables _recent and _bands. The history stays as an ordinary table. Unknown: 42704; objects depend on the views: 2BP01.';
