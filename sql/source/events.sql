-- Events of a source: the relation gives the accounts and what is known of them, a table of events the rest. The query
-- of a run (sql/source/source_query.sql) joins what is built here. Nothing is written here.

CREATE FUNCTION health_event_names(model text, OUT name text, OUT input text, OUT reach bigint, OUT compares boolean)
RETURNS SETOF record
LANGUAGE c STABLE ROWS 10
AS 'MODULE_PATHNAME', 'health_event_names';
COMMENT ON FUNCTION health_event_names(text) IS
'The names of events that a model reads, with the input that they feed. reach: the age in microseconds from which on no event counts, NULL if events of any age count; compares: a signal compares the events with earlier ones.';

-- Without a final function the result is the state, which health_event_account() reads.
CREATE AGGREGATE health_event_state(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200
);
COMMENT ON AGGREGATE health_event_state(text, text, anyelement, timestamptz, timestamptz) IS
'The events of an account, for health_event_account(), by a saved model''s name, with the time of each, as of a time.';

CREATE FUNCTION health_event_account(model text, "row" record, as_of timestamptz, given jsonb, events bytea)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE COST 300
AS 'MODULE_PATHNAME', 'health_event_account';
COMMENT ON FUNCTION health_event_account(text, record, timestamptz, jsonb, bytea) IS
'The account that a row, people''s entries (an object of health_given()) and events (health_event_state(); NULL: none) make together, in the form of health_signals(). Entries replace columns, columns replace events of the same input.';

CREATE FUNCTION health_source_score(model text, account jsonb, as_of timestamptz, segment text, given jsonb,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT calculated double precision)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_source_score';
COMMENT ON FUNCTION health_source_score(text, jsonb, timestamptz, text, jsonb) IS 'The score of an account of health_event_account(), otherwise as for a row.';

CREATE FUNCTION health_event_relation(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    events regclass := to_regclass(format('%I.%I', source.events_schema, source.events_name));
BEGIN
    IF events IS NULL THEN
        RAISE EXCEPTION 'events %.% of source "%" do not exist', quote_ident(source.events_schema),
            quote_ident(source.events_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'Create the table again, or name another one: SELECT health_source_add(…, events => …) with the same name changes the source.';
    END IF;
    RETURN events;
END
$$;
COMMENT ON FUNCTION health_event_relation(@extschema@.health_source) IS 'The events of a source, looked up by name. Dropped or renamed: 42P01.';

CREATE FUNCTION health_event_feeds(source @extschema@.health_source, relation regclass, OUT name text, OUT input text, OUT reach bigint, OUT compares boolean, OUT is_column boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT n.name, n.input, n.reach, n.compares,
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = n.input AND a.attnum > 0 AND NOT a.attisdropped)
      FROM health_event_names(source.model) n;
END
$$;
COMMENT ON FUNCTION health_event_feeds(@extschema@.health_source, regclass) IS 'The names of events that the model of a source reads (health_event_names). is_column: the relation has the input as a column, so these events do not count.';

-- One pass over the events that can count: the times are compared with the column as it is, so that partitions are pruned and
-- indexes are used.
CREATE FUNCTION health_event_rows(source @extschema@.health_source, relation regclass, account text, account_row text, given text, wanted text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    events regclass := health_event_relation(source);
    type text := health_source_column(events, source.event_time, 'event_time');
    moment text := CASE type WHEN 'timestamp with time zone' THEN '$1' ELSE '($1 AT TIME ZONE ''UTC'')' END;
    observed text := CASE type WHEN 'timestamp with time zone' THEN 'health_event.%1$I' WHEN 'date' THEN '(health_event.%1$I::pg_catalog.timestamp AT TIME ZONE ''UTC'')'
                               ELSE '(health_event.%1$I AT TIME ZONE ''UTC'')' END;
    counted text;
    named text[];
    lasting text[];
    reach bigint;
    since text;
BEGIN
    PERFORM health_source_column(events, c.name, c.role)
       FROM (VALUES (source.event_account, 'event_account'), (source.event_signal, 'event_signal'), (source.event_value, 'event_value')) c (name, role);
    SELECT array_agg(f.name ORDER BY f.name COLLATE "C"), array_agg(f.name ORDER BY f.name COLLATE "C") FILTER (WHERE f.reach IS NULL), max(f.reach)
      INTO named, lasting, reach
      FROM health_event_feeds(source, relation) f WHERE NOT f.is_column;
    since := format('health_event.%I OPERATOR(pg_catalog.>) (%s OPERATOR(pg_catalog.-) ''%s microseconds''::pg_catalog.interval)', source.event_time, moment, COALESCE(reach, 0));
    counted := format('health_event.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[])', source.event_signal, COALESCE(named, '{}'));
    IF lasting IS NULL THEN
        counted := concat_ws(' AND ', counted, since);
    ELSE
        counted := concat_ws(' AND ', counted, format('health_event.%I OPERATOR(pg_catalog.>) ''-infinity''', source.event_time),
            '(' || format('health_event.%I::pg_catalog.text OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.text[]) OR ', source.event_signal, lasting) || since || ')');
    END IF;
    RETURN format($sql$
                  LEFT JOIN (SELECT health_event.%1$I AS account_id,
                                    health_score_internal.health_event_state(%2$L, health_event.%3$I::pg_catalog.text, %4$s, %5$s, $1) AS events
                               FROM %6$I.%7$I AS health_event
                              WHERE health_event.%1$I IS NOT NULL AND health_event.%8$I OPERATOR(pg_catalog.<=) %9$s AND %10$s AND %11$s
                              GROUP BY health_event.%1$I) AS health_events ON health_events.account_id OPERATOR(pg_catalog.=) %12$s
                 CROSS JOIN LATERAL (SELECT health_score_internal.health_event_account(%2$L, %13$s, $1, %14$s, health_events.events) AS account OFFSET 0) AS health_account$sql$,
        source.event_account, source.model, source.event_signal, CASE WHEN source.event_value IS NULL THEN 'NULL::pg_catalog.text' ELSE format('health_event.%I', source.event_value) END,
        format(observed, source.event_time), source.events_schema, source.events_name, source.event_time, moment, counted, wanted,
        account, account_row, given);
END
$$;
COMMENT ON FUNCTION health_event_rows(@extschema@.health_source, regclass, text, text, text, text) IS
'SQL: the joins that give each account of a source''s relation its events up to $1, as health_account.account (jsonb). account, account_row, given: expressions of the relation; wanted: a condition on health_event.';

-- A run would find these faults, hours after the source was added.
CREATE FUNCTION health_source_check(source @extschema@.health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    cells text;
    code text;
    message text;
    detail text;
BEGIN
    IF source.events_name IS NOT NULL THEN
        PERFORM health_event_check(source, relation);
        RETURN;
    END IF;
    -- A row of the relation without values: which columns are there is what counts.
    WITH RECURSIVE attribute AS (
        SELECT a.attnum, a.attname, a.atttypid AS type FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
         UNION ALL
        SELECT b.attnum, b.attname, t.typbasetype FROM attribute b JOIN pg_type t ON t.oid = b.type WHERE t.typtype = 'd')
    SELECT string_agg(format('NULL::%s AS %I', format_type(b.type, NULL), b.attname), ', ' ORDER BY b.attnum) INTO cells
      FROM attribute b JOIN pg_type t ON t.oid = b.type WHERE t.typtype NOT IN ('d', 'p');
    EXECUTE format('SELECT health_source_score($1, health_row, now(), $2, NULL) FROM (SELECT %s) AS health_row', cells)
      USING source.model, CASE WHEN source.segment_column IS NOT NULL THEN '' END;
EXCEPTION WHEN undefined_column OR invalid_parameter_value THEN
    IF source.events_name IS NULL AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'jsonb'::regtype) THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
        RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail,
            HINT = 'Inputs are columns of the relation; a jsonb column is read as one value. For events: health_source_add(…, events => ''usage_event'', event_signal => …, event_time => …).';
    END IF;
    RAISE;
END
$$;
COMMENT ON FUNCTION health_source_check(@extschema@.health_source, regclass) IS 'Raises what every run of a source would raise: inputs of the model that neither the relation nor the events have, columns that cannot be read.';

CREATE FUNCTION health_event_check(source @extschema@.health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    events regclass := health_event_relation(source);
    type text := health_source_column(events, source.event_time, 'event_time');
    fault text;
    wide text;
BEGIN
    IF type NOT IN ('date', 'timestamp with time zone', 'timestamp without time zone') THEN
        RAISE EXCEPTION 'event_time "%" is neither date nor timestamp', source.event_time USING ERRCODE = 'datatype_mismatch',
            DETAIL = format('Its type is %s.', type), HINT = 'Cast the column in a view.';
    END IF;
    SELECT string_agg(format('"%s"', f.input), ', ' ORDER BY f.input) INTO fault
      FROM (SELECT DISTINCT f.input FROM health_event_feeds(source, relation) f WHERE f.is_column AND f.compares) f;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'the model compares events of %, but relation % has a column of that name', fault, relation USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The column has one value for each account, so it never changes against itself.', HINT = 'Leave the column out in a view, and its events count.';
    END IF;
    IF NOT EXISTS (SELECT FROM health_event_feeds(source, relation) f WHERE NOT f.is_column) THEN
        RAISE EXCEPTION 'events would feed no signal of model "%"', source.model USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('Relation %s has a column for each input of the model.', relation), HINT = 'Add the source without events, or leave columns out in a view.';
    END IF;
    SELECT string_agg(format('"%s"', f.input), ', ' ORDER BY f.input) INTO fault
      FROM (SELECT DISTINCT f.input FROM health_event_feeds(source, relation) f WHERE f.is_column) f;
    IF fault IS NOT NULL THEN
        RAISE NOTICE 'columns of relation % give the inputs %: events of these names do not count', relation, fault;
    END IF;
    SELECT string_agg(format('"%s"', f.input), ', ' ORDER BY f.input) INTO wide
      FROM (SELECT DISTINCT f.input FROM health_event_feeds(source, relation) f WHERE NOT f.is_column AND f.reach IS NULL) f;
    IF wide IS NOT NULL THEN
        RAISE NOTICE 'each run reads all events of %', wide
            USING DETAIL = 'A signal reads them without a window, so the oldest event may count.', HINT = 'With a window on each signal, a run reads only the events within the longest one.';
    END IF;
    BEGIN
        EXECUTE 'EXPLAIN ' || health_source_query(source) USING now();
    EXCEPTION WHEN undefined_function THEN
        RAISE EXCEPTION 'column "%" of % cannot be compared with column "%" of %', source.event_account, events, source.account_column, relation
            USING ERRCODE = 'datatype_mismatch',
                  DETAIL = format('Their types are %s and %s.', health_source_column(events, source.event_account, 'event_account'),
                      health_source_column(relation, source.account_column, 'account_column')), HINT = 'Cast one of them in a view.';
    END;
END
$$;
COMMENT ON FUNCTION health_event_check(@extschema@.health_source, regclass) IS 'Raises what every run of a source with events would raise, and tells by NOTICE which columns hide events and whether a run reads all events.';

-- What a replay must leave as it is: the history keeps what the events came to, not the events.
CREATE FUNCTION health_event_recipe(signals jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT jsonb_object_agg(s.name, (SELECT COALESCE(jsonb_object_agg(k.key, CASE WHEN k.key = 'scale' THEN to_jsonb(k.value ? 'recency') WHEN k.key = 'max_age' THEN 'true' ELSE k.value END), '{}')
                                           FROM jsonb_each(s.signal) k
                                          WHERE k.key IN ('input', 'combine', 'window', 'lag', 'half_life', 'within', 'max_age')
                                             OR k.key = 'scale' AND jsonb_typeof(k.value) = 'object' AND k.value ? 'recency'))
          FROM jsonb_each(CASE jsonb_typeof(signals) WHEN 'object' THEN signals ELSE '{}' END) s (name, signal)
         WHERE jsonb_typeof(s.signal) = 'object');
END
$$;
COMMENT ON FUNCTION health_event_recipe(jsonb) IS 'For each signal of a document the keys that say how events become its value.';

CREATE FUNCTION health_event_replay_check(found @extschema@.health_source, definition jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    version record;
    changed text;
BEGIN
    FOR version IN EXECUTE format('SELECT DISTINCT h.model, h.model_version FROM %I.%I h', found.history_schema, found.history_name) LOOP
        SELECT string_agg(format('"%s"', n.name), ', ' ORDER BY n.name) INTO changed
          FROM health_model m
         CROSS JOIN LATERAL (
            SELECT n.key AS name FROM jsonb_each(health_event_recipe(definition -> 'signals')) n
             WHERE n.value IS DISTINCT FROM health_event_recipe(m.definition -> 'signals') -> n.key OR definition -> 'method' IS DISTINCT FROM m.definition -> 'method'
             UNION
            SELECT n.key FROM jsonb_array_elements(definition -> 'segments') s CROSS JOIN LATERAL jsonb_each(health_event_recipe(s -> 'patch' -> 'signals')) n
             WHERE n.value <> '{}' AND NOT EXISTS (SELECT FROM jsonb_array_elements(m.definition -> 'segments') o
                                                    WHERE o -> 'name' = s -> 'name' AND health_event_recipe(o -> 'patch' -> 'signals') -> n.key = n.value)) n
         WHERE m.name = version.model AND m.version = version.model_version;
        IF changed IS NOT NULL THEN
            RAISE EXCEPTION 'the history of source "%" cannot be replayed: the model derives % from other events than %', found.name, changed, version.model || '@' || version.model_version
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = 'The history keeps what events came to under the model of the time, not the events.',
                      HINT = 'Add another source with this model over the same events, and CALL health_backfill(…) for it.';
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_event_replay_check(@extschema@.health_source, jsonb) IS
'Raises 55000 if a model document derives a signal from other events than the models in the history of a source with events.';
