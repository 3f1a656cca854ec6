-- History: the table that a source's scores are written to, and its monthly partitions. A history is an ordinary table
-- of the source's owner, never a member of the extension. No rows are written here.

-- Months begin in UTC, for every time zone of the session.
CREATE FUNCTION health_history_month(at timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN date_trunc('month', at, 'UTC');
END
$$;
COMMENT ON FUNCTION health_history_month(timestamptz) IS 'The beginning of the month in UTC, which is the lower bound of a history partition.';

-- The triggers of a table run with the rights of the role that writes to it, so a role writes only to its own
-- histories.
CREATE FUNCTION health_history_trusted(history regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = history);
BEGIN
    -- A superuser is a member of every role: for a superuser only ownership counts.
    IF NOT (SELECT owner = r.oid OR (NOT r.rolsuper AND pg_has_role(owner, 'USAGE'))
              FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'history % belongs to role %', history, quote_ident(pg_get_userbyid(owner)) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Its triggers would run with the rights of %I.', current_user),
            HINT = format('ALTER TABLE %s OWNER TO %I, or name another table by history => ….', history, current_user);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_trusted(regclass) IS 'Raises 42501 unless a table belongs to the current role, or to a role that the current role is a member of (superusers: ownership only).';

CREATE FUNCTION health_history_relation(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := to_regclass(format('%I.%I', source.history_schema, source.history_name));
BEGIN
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', quote_ident(source.history_schema),
            quote_ident(source.history_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'SELECT health_source_add(…) with the same name creates an empty history; history => … names a renamed one.';
    END IF;
    PERFORM health_history_trusted(history);
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_relation(@extschema@.health_source) IS
'The history of a source, looked up by name. Dropped or renamed: 42P01; replaced by a table of another role: 42501.';

-- What a run compares its scores with, and who wrote a row: run is 0 for rows from before version 1.0.0, and NULL for a
-- single account. Histories of 0.9.0 get these columns at their next use.
CREATE FUNCTION health_history_compared()
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN ARRAY['rules text[]', 'trend text', 'change double precision', 'before_at timestamp with time zone', 'band_before text', 'run bigint'];
END
$$;
COMMENT ON FUNCTION health_history_compared() IS 'The columns of a history that version 0.9.0 did not have.';

CREATE FUNCTION health_history_upgrade(source @extschema@.health_source)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_relation(source);
    wanted text;
BEGIN
    IF health_history_has_column(history, 'run') THEN
        RETURN false;
    END IF;
    FOREACH wanted IN ARRAY health_history_compared() LOOP
        -- A default that is dropped again is the value of the rows that are there: they are not rewritten.
        EXECUTE format('ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s%s', history, wanted, CASE wanted WHEN 'run bigint' THEN ' DEFAULT 0' ELSE '' END);
    END LOOP;
    EXECUTE format('ALTER TABLE %s ALTER COLUMN run DROP DEFAULT', history);
    EXECUTE format('UPDATE %s h SET run = NULL WHERE h.scored_at > COALESCE($1, ''-infinity'')', history) USING source.last_as_of;
    EXECUTE format('CREATE INDEX ON %s (scored_at) WHERE run IS NULL', history);
    PERFORM health_recent_make(source);
    PERFORM health_source_views(source);
    IF source.last_as_of IS NOT NULL THEN
        PERFORM health_night_renew(source, source.last_as_of);
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION health_history_upgrade(@extschema@.health_source) IS
'Brings a history of version 0.9.0, or an adopted table, up to date: adds the columns of health_history_compared(), the tables _recent and _bands and the views. Its rows stay. Returns whether there was anything to do.';

CREATE FUNCTION health_history_make(source @extschema@.health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    account_type text := health_source_column(relation, source.account_column, 'account_column');
    parent_type text := COALESCE(health_source_column(relation, source.parent_column, 'parent_column'), 'text');
    name text := format('%I.%I', source.history_schema, source.history_name);
    history regclass := to_regclass(name);
    columns text[] := ARRAY['account_id ' || account_type, 'scored_at timestamp with time zone', 'name text',
        'score double precision', 'band text', 'band_rank integer', 'coverage double precision', 'low double precision',
        'high double precision', 'status text', 'model text', 'model_version integer', 'segment text', 'value numeric', 'owner text',
        'parent ' || parent_type, 'renewal date', 'inputs jsonb', 'calculated double precision'];
    lacking text;
    others boolean;
BEGIN
    IF history IS NULL THEN
        -- Ids are equal in the history where they are equal in the relation.
        columns[1] := columns[1] || COALESCE((SELECT format(' COLLATE %I.%I', n.nspname, c.collname)
              FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation JOIN pg_namespace n ON n.oid = c.collnamespace
             WHERE a.attrelid = relation AND a.attname = source.account_column AND NOT c.collisdeterministic), '');
        EXECUTE format('CREATE TABLE %s (%s, PRIMARY KEY (account_id, scored_at)) PARTITION BY RANGE (scored_at)',
            name, array_to_string(columns || health_history_compared(), ', '));
        PERFORM health_privileges_revoke('pg_class', to_regclass(name));
        EXECUTE format('CREATE INDEX ON %s (scored_at)', name);
        EXECUTE format('CREATE INDEX ON %s (scored_at) WHERE run IS NULL', name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name,
            format('Scores of source %s, partitioned by month: written by health_refresh; health_retain drops old months.', source.name));
        PERFORM health_history_registered(source, to_regclass(name), true);
        RETURN;
    END IF;
    PERFORM health_history_trusted(history);
    SELECT string_agg(wanted, ', ' ORDER BY number) INTO lacking
      FROM unnest(columns) WITH ORDINALITY AS c (wanted, number)
     WHERE NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = history AND NOT a.attisdropped AND a.attnum > 0
                          AND wanted = concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod)));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'datatype_mismatch',
            DETAIL = format('The table lacks: %s.', lacking),
            HINT = 'Name another table by history => …; a table that does not exist is created.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = history AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
                             FROM pg_attribute a
                            WHERE a.attrelid = history AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
                          = ARRAY['account_id', 'scored_at']) THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The table has no unique index on (account_id, scored_at).',
            HINT = format('ALTER TABLE %s ADD PRIMARY KEY (account_id, scored_at).', history);
    END IF;
    PERFORM health_history_registered(source, t.relation, false)
       FROM (SELECT history AS relation UNION ALL SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent = history) t;
    IF source.last_as_of IS NULL THEN
        -- The views show the last known run of the adopted rows: the newest row may come from health_refresh_account.
        EXECUTE format($sql$
            UPDATE health_source s
               SET last_as_of = COALESCE((SELECT max(r.as_of) FROM health_run r
                                           WHERE r.source = s.name AND r.status IN ('done', 'held')
                                             AND EXISTS (SELECT FROM %1$s h WHERE h.scored_at = r.as_of)),
                                         (SELECT max(h.scored_at) FROM %1$s h))
             WHERE s.name = $1$sql$, history) USING source.name;
    END IF;
    source := health_source_get(source.name);
    IF NOT health_history_upgrade(source) THEN
        -- Rows that others have written since, as dbt does, are not compared with their past.
        EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE (h.run IS NULL OR h.run = 0) AND h.scored_at >= $1)', history) INTO others USING source.last_as_of;
        IF others THEN
            UPDATE health_source s SET history_changed_at = clock_timestamp() WHERE s.name = source.name;
            PERFORM health_night_renew(source, source.last_as_of);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_make(@extschema@.health_source, regclass) IS
'Creates the history of a source, with account ids in the type of the relation, or adopts an existing table with its rows. A table of another role: 42501; without the columns: 42804; without the unique index: 55000.';

-- CREATE and ATTACH, not CREATE … PARTITION OF: the latter would lock the history against readers.
CREATE FUNCTION health_history_partition(source @extschema@.health_source, at timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_relation(source);
    month timestamptz := health_history_month(at);
    next_month timestamptz := health_history_month(month + '35 days'::interval);
    -- A name has 63 bytes, 8 of them for the month, 16 for a part of it. A longer name is cut at a character and gets a
    -- hash, which keeps it unique.
    stem text := CASE WHEN octet_length(source.history_name) <= 55 THEN source.history_name
        ELSE (SELECT left(source.history_name, n) FROM generate_series(46, 1, -1) n
               WHERE octet_length(left(source.history_name, n)) <= 46 LIMIT 1)
             || '_' || left(md5(source.history_name), 8) END;
    -- The month, or what other partitions leave of it: an adopted history may have weeks, or months of another time zone.
    lower timestamptz;
    upper timestamptz;
    partition text := format('%I.%I', source.history_schema, stem || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'));
    parent record;
BEGIN
    -- An adopted table may be plain, partitioned in another way, or have a partition for all other rows.
    IF NOT EXISTS (SELECT FROM pg_partitioned_table p
                     JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
                    WHERE p.partrelid = history AND p.partstrat = 'r' AND p.partnatts = 1
                      AND p.partdefid = 0 AND a.attname = 'scored_at') THEN
        RETURN;
    END IF;
    SELECT GREATEST(month, max(p.to_at) FILTER (WHERE p.to_at <= at)), LEAST(next_month, min(p.from_at) FILTER (WHERE p.from_at > at))
      INTO lower, upper FROM health_history_partitions(history) p
    HAVING count(*) FILTER (WHERE p.from_at <= at AND p.to_at > at) = 0;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = to_regclass(partition) AND i.inhparent = history) THEN
        partition := format('%I.%I', source.history_schema, stem || to_char(lower AT TIME ZONE 'UTC', '_YYYY_MM_DD_HH24MI'));
    END IF;
    IF to_regclass(partition) IS NOT NULL THEN
        RAISE EXCEPTION 'table % has the name of a partition of history %, and is none', partition, history USING ERRCODE = 'duplicate_table',
            DETAIL = format('The rows of %s need a partition. The table may be a month that was detached.', at),
            HINT = format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L); or rename it, or drop it.', history, partition,
                to_char(lower AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), to_char(upper AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
    END IF;
    -- Index-only scans need a current visibility map: this setting makes autovacuum run after each night's inserts.
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0)%s', partition, history,
        (SELECT format(' TABLESPACE %I', t.spcname) FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = history));
    PERFORM health_history_registered(source, to_regclass(partition), true);
    -- A role that may read the history reads this partition through it, and under its row-level security only.
    PERFORM health_privileges_revoke('pg_class', to_regclass(partition));
    SELECT c.relowner, c.relrowsecurity, c.relforcerowsecurity INTO parent FROM pg_class c WHERE c.oid = history;
    IF parent.relrowsecurity THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
    END IF;
    IF parent.relforcerowsecurity THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', partition);
    END IF;
    IF pg_get_userbyid(parent.relowner) <> current_user THEN
        -- An owner needs CREATE on the schema. Without it the night goes on.
        IF has_schema_privilege(parent.relowner, source.history_schema, 'CREATE') THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', partition, parent.relowner::regrole);
        ELSE
            RAISE WARNING 'partition % belongs to role %, the history to role %', partition, quote_ident(current_user), parent.relowner::regrole
                USING DETAIL = format('Role %s may not create tables in schema %I.', parent.relowner::regrole, source.history_schema),
                      HINT = format('GRANT CREATE ON SCHEMA %I TO %s; ALTER TABLE %s OWNER TO %2$s.', source.history_schema, parent.relowner::regrole, partition);
        END IF;
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', history, partition,
        to_char(lower AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), to_char(upper AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'));
END
$$;
COMMENT ON FUNCTION health_history_partition(@extschema@.health_source, timestamptz) IS
'Creates the partition of a history for a time, if there is none: the month (UTC), or what other partitions leave of it. Readers are not blocked. It has the owner, tablespace and row-level security of the history, and no grants. A history that is not partitioned by scored_at stays as it is.';

CREATE FUNCTION health_history_partitions(history regclass, OUT partition regclass, OUT from_at timestamptz, OUT to_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN QUERY
    SELECT c.oid::regclass, CASE bound[1] WHEN 'MINVALUE' THEN '-infinity' ELSE btrim(bound[1], '''') END::timestamptz,
           CASE bound[2] WHEN 'MAXVALUE' THEN 'infinity' ELSE btrim(bound[2], '''') END::timestamptz
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \((''[^'']*''|MINVALUE)\) TO \((''[^'']*''|MAXVALUE)\)') bound
     WHERE i.inhparent = history AND bound IS NOT NULL
     ORDER BY 2;
END
$$;
COMMENT ON FUNCTION health_history_partitions(regclass) IS 'The partitions of a history with their bounds: from_at inclusive, to_at exclusive; MINVALUE and MAXVALUE are -infinity and infinity.';
