-- History: the table that a source's scores are written to, its monthly partitions, and what fits into it. An ordinary table of
-- the source's owner, never a member of the extension. No rows are written here.

-- Months are those of UTC, whatever the session's time zone.
CREATE FUNCTION health_history_month(at timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN date_trunc('month', at, 'UTC');
END
$$;
COMMENT ON FUNCTION health_history_month(timestamptz) IS 'The beginning of the month in UTC, which is where a partition of history begins.';

-- The triggers of a table run with the rights of whoever writes to it, so a history is written to by its owner alone.
CREATE FUNCTION health_history_trusted(history regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = history);
BEGIN
    -- A superuser is a member of every role, and has the more to lose.
    IF NOT (SELECT owner = r.oid OR (NOT r.rolsuper AND pg_has_role(owner, 'USAGE'))
              FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'history % belongs to role %', history, quote_ident(pg_get_userbyid(owner)) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Its triggers would run with the rights of %I.', current_user),
            HINT = format('ALTER TABLE %s OWNER TO %I, or name another table by history => ….', history, current_user);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_trusted(regclass) IS 'Raises 42501 unless a table belongs to the current role or to one that it is a member of.';

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
                  HINT = 'SELECT health_source_add(…) under the same name makes an empty one; a renamed one is named by history => ….';
    END IF;
    PERFORM health_history_trusted(history);
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_relation(@extschema@.health_source) IS
'The history of a source, looked up by its name now. Dropped or renamed: 42P01; replaced by somebody else''s: 42501.';

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
        'parent ' || parent_type, 'renewal date', 'inputs jsonb', 'drivers jsonb',
        'calculated double precision'];
    lacking text;
BEGIN
    IF history IS NULL THEN
        -- A row is some 2 kB wide: what alerts compare, a month of it for trends, is read from the index alone.
        EXECUTE format('CREATE TABLE %s (%s, PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version)) PARTITION BY RANGE (scored_at)',
            name, array_to_string(columns, ', '));
        EXECUTE format('CREATE INDEX ON %s (scored_at)', name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name,
            format('Scores of source %s, partitioned by month: written by health_refresh, thinned by health_retain.', source.name));
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
            DETAIL = format('It lacks: %s.', lacking),
            HINT = 'Name another table by history => …; one that does not exist yet is made.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = history AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
                             FROM pg_attribute a
                            WHERE a.attrelid = history AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
                          = ARRAY['account_id', 'scored_at']) THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'It has no unique index on (account_id, scored_at).',
            HINT = format('ALTER TABLE %s ADD PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version).', history);
    END IF;
    IF source.last_as_of IS NULL THEN
        -- The views show what lies there: the last run that is known, for the newest row may be that of a single account.
        EXECUTE format($sql$
            UPDATE health_source s
               SET last_as_of = COALESCE((SELECT max(r.as_of) FROM health_run r
                                           WHERE r.source = s.name AND r.status IN ('done', 'held')
                                             AND EXISTS (SELECT FROM %1$s h WHERE h.scored_at = r.as_of)),
                                         (SELECT max(h.scored_at) FROM %1$s h))
             WHERE s.name = $1$sql$, history) USING source.name;
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_make(@extschema@.health_source, regclass) IS
'Makes the history of a source, with the account''s id in the relation''s own type, or adopts a table that has the columns and the unique index, with what lies in it.';

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
    -- 63 bytes, 8 of them for the month. A longer name is cut, at a character, and told from its like by a hash.
    stem text := CASE WHEN octet_length(source.history_name) <= 55 THEN source.history_name
        ELSE (SELECT left(source.history_name, n) FROM generate_series(46, 1, -1) n
               WHERE octet_length(left(source.history_name, n)) <= 46 LIMIT 1)
             || '_' || left(md5(source.history_name), 8) END;
    partition text := format('%I.%I', source.history_schema, stem || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'));
BEGIN
    -- An adopted table may be plain, or partitioned in another way.
    IF NOT EXISTS (SELECT FROM pg_partitioned_table p
                     JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
                    WHERE p.partrelid = history AND p.partstrat = 'r' AND p.partnatts = 1
                      AND p.partdefid = 0 AND a.attname = 'scored_at') THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM health_history_partitions(history) p
                WHERE p.from_at <= month AND p.to_at >= next_month) THEN
        RETURN;
    END IF;
    -- An index alone tells what is visible only where vacuum has been: it comes after every night, and reads what is new.
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0)', partition, history);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', history, partition,
        to_char(month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), to_char(next_month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
END
$$;
COMMENT ON FUNCTION health_history_partition(@extschema@.health_source, timestamptz) IS
'Sees to it that the history of a source has a partition for the month (UTC) of a time. Readers are not held up.';

CREATE FUNCTION health_history_partitions(history regclass, OUT partition regclass, OUT from_at timestamptz, OUT to_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN QUERY
    SELECT c.oid::regclass, bound[1]::timestamptz, bound[2]::timestamptz
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)''\) TO \(''([^'']*)''\)') bound
     WHERE i.inhparent = history AND bound IS NOT NULL
     ORDER BY 2;
END
$$;
COMMENT ON FUNCTION health_history_partitions(regclass) IS 'The partitions of a history with the times they hold: from_at inclusive, to_at exclusive.';
