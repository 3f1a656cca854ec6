-- Two tables beside a history: <name>_recent has the past of each account as one row, so that a run reads no earlier
-- night; <name>_bands has the sums of each run. They belong to the source's owner and have no grants.

-- The equality of the key of a history. Ids of other types may have their own, as citext has.
CREATE FUNCTION health_id_equals(history regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN COALESCE((
        SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
          FROM pg_attribute a
          JOIN pg_opclass c ON c.opcmethod = (SELECT m.oid FROM pg_am m WHERE m.amname = 'btree')
          JOIN pg_index i ON i.indrelid = history AND a.attnum = i.indkey[0] AND c.oid = i.indclass[0]
          JOIN pg_amop s ON s.amopfamily = c.opcfamily AND s.amoplefttype = c.opcintype AND s.amoprighttype = c.opcintype AND s.amopstrategy = 3
          JOIN pg_operator o ON o.oid = s.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
         WHERE a.attrelid = history AND a.attname = 'account_id'
         ORDER BY i.indisprimary DESC LIMIT 1), 'OPERATOR(pg_catalog.=)');
END
$$;
COMMENT ON FUNCTION health_id_equals(regclass) IS 'SQL: the operator by which the key of a history compares account ids.';

CREATE FUNCTION health_source_table(source @extschema@.health_source, suffix text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format('%I.%I', source.history_schema, source.name || suffix);
END
$$;
COMMENT ON FUNCTION health_source_table(@extschema@.health_source, text) IS 'The qualified name of a source''s table or view with this suffix.';

CREATE FUNCTION health_source_table_columns(suffix text, account_type text)
RETURNS text[]
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE suffix
        WHEN '_recent' THEN ARRAY['account_id ' || account_type, 'scored_at timestamp with time zone', 'since timestamp with time zone',
            'score double precision', 'band text', 'segment text', 'model_version integer', 'known boolean', 'score_before double precision',
            'band_before text', 'list bytea']
        ELSE ARRAY['scored_at timestamp with time zone', 'band text', 'band_rank integer', 'segment text', 'owner text', 'accounts bigint',
            'scored bigint', 'value numeric', 'mean_score double precision'] END;
END
$$;
COMMENT ON FUNCTION health_source_table_columns(text, text) IS 'The columns of <name>_recent or <name>_bands.';

-- A table that only has the name is not ours: ours has exactly these columns.
CREATE FUNCTION health_source_table_own(relation regclass, suffix text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (SELECT array_agg(CASE a.attname WHEN 'account_id' THEN 'account_id' ELSE concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod)) END ORDER BY a.attnum)
              FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
             WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r')
           = (SELECT array_agg(CASE WHEN c.name ~ '^account_id ' THEN 'account_id' ELSE c.name END ORDER BY c.place)
                FROM unnest(health_source_table_columns(suffix, '')) WITH ORDINALITY c (name, place));
END
$$;
COMMENT ON FUNCTION health_source_table_own(regclass, text) IS 'Whether a relation is the table of a source with this suffix, by its columns.';

CREATE FUNCTION health_recent_make(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_relation(source);
    account_type text := (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = history AND a.attname = 'account_id');
    suffix text;
    name text;
    taken regclass;
    filled boolean;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_recent', '_bands'] LOOP
        name := health_source_table(source, suffix);
        taken := to_regclass(name);
        IF taken IS NOT NULL AND health_source_table_own(taken, suffix) IS NOT TRUE THEN
            RAISE EXCEPTION 'relation % has the name of a table of source "%"', taken, source.name USING ERRCODE = 'duplicate_table',
                DETAIL = 'A source has the tables _recent and _bands beside its history.',
                HINT = format('Rename or drop %s, or add the source under another name.', taken);
        END IF;
        IF taken IS NOT NULL THEN
            PERFORM health_history_trusted(taken);
            EXECUTE format('DROP TABLE %s', taken);
        END IF;
    END LOOP;
    -- Half a page stays free: the row of an account is replaced each night within its page.
    name := health_source_table(source, '_recent');
    EXECUTE format('CREATE UNLOGGED TABLE %s (%s, PRIMARY KEY (account_id)) WITH (fillfactor = 45)', name,
        array_to_string(health_source_table_columns('_recent', account_type), ', '));
    PERFORM health_privileges_revoke('pg_class', to_regclass(name));
    EXECUTE format('COMMENT ON TABLE %s IS %L', name,
        format('Source %s: the last weeks of each account, for the next run. A cache: without a row, the run reads the history.', source.name));
    name := health_source_table(source, '_bands');
    EXECUTE format('CREATE TABLE %s (%s)', name, array_to_string(health_source_table_columns('_bands', NULL), ', '));
    EXECUTE format('CREATE INDEX ON %s (scored_at)', name);
    PERFORM health_privileges_revoke('pg_class', to_regclass(name));
    EXECUTE format('COMMENT ON TABLE %s IS %L', name, format('Source %s: accounts, value and mean score of each run by band, segment and owner.', source.name));
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', history) INTO filled;
    IF filled THEN
        PERFORM health_bands_write(source, NULL);
    END IF;
END
$$;
COMMENT ON FUNCTION health_recent_make(@extschema@.health_source) IS
'Creates the tables <name>_recent and <name>_bands of a source anew, the second from its history. Another relation has the name of one: 42P07.';

CREATE FUNCTION health_recent_fits(source @extschema@.health_source)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (SELECT a.atttypid = b.atttypid AND a.atttypmod = b.atttypmod FROM pg_attribute a, pg_attribute b
             WHERE a.attrelid = to_regclass(format('%I.%I', source.history_schema, source.history_name)) AND a.attname = 'account_id'
               AND b.attrelid = to_regclass(health_source_table(source, '_recent')) AND b.attname = 'account_id') IS TRUE;
END
$$;
COMMENT ON FUNCTION health_recent_fits(@extschema@.health_source) IS 'Whether <name>_recent has account ids of the type of the history.';

CREATE FUNCTION health_recent_drop(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    suffix text;
    relation regclass;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_recent', '_bands'] LOOP
        relation := to_regclass(health_source_table(source, suffix));
        IF relation IS NOT NULL AND health_source_table_own(relation, suffix) THEN
            EXECUTE format('DROP TABLE %s', relation);
        ELSIF relation IS NOT NULL THEN
            RAISE NOTICE '% is not a table of source "%" and stays', relation, source.name;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_recent_drop(@extschema@.health_source) IS 'Drops the tables <name>_recent and <name>_bands of a source, but no other relation with the name of one.';

-- Times of single accounts are no runs. Rows from before 1.0.0 do not say who wrote them: from the first known run on,
-- only the times of runs count. Groups are few: they are hashed.
CREATE FUNCTION health_bands_write(source @extschema@.health_source, at timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET enable_sort = off
SET jit = off
AS $$
DECLARE
    bands text := health_source_table(source, '_bands');
BEGIN
    EXECUTE format('DELETE FROM %s b WHERE b.scored_at = $1', bands) USING at;
    EXECUTE format($sql$
        INSERT INTO %s (scored_at, band, band_rank, segment, owner, accounts, scored, value, mean_score)
        SELECT h.scored_at, h.band, h.band_rank, h.segment, h.owner, count(*), count(h.score), sum(h.value), health_rollup(h.score)
          FROM %I.%I h%s
         GROUP BY h.scored_at, h.band, h.band_rank, h.segment, h.owner$sql$,
        bands, source.history_schema, source.history_name, CASE WHEN at IS NULL THEN
            ' CROSS JOIN (SELECT COALESCE(min(r.as_of), ''infinity'') AS at FROM health_run r WHERE r.source = $2 AND r.status IN (''done'', ''held'')) first WHERE h.run > 0 OR h.run = 0 AND (h.scored_at < first.at OR h.scored_at IN (SELECT r.as_of FROM health_run r WHERE r.source = $2 AND r.status IN (''done'', ''held'')))'
            ELSE ' WHERE h.scored_at = $1 AND h.run IS NOT NULL' END) USING at, source.name;
END
$$;
COMMENT ON FUNCTION health_bands_write(@extschema@.health_source, timestamptz) IS 'Writes the sums of one run into <name>_bands, or for NULL those of all runs into the empty table.';

CREATE FUNCTION health_recent_span(source @extschema@.health_source)
RETURNS interval
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN GREATEST(interval '720 hours', (SELECT make_interval(secs => t."window" / 1e6) FROM health_model_trend(source.model) t),
        -- A playbook may look further back. Beyond a year it reads the history.
        CASE WHEN has_table_privilege('health_playbook', 'SELECT') THEN
            (SELECT make_interval(secs => max(EXTRACT(epoch FROM p.within))::double precision + 86400) FROM health_alert_playbooks(source) p
              WHERE p.within <= interval '366 days') END);
END
$$;
COMMENT ON FUNCTION health_recent_span(@extschema@.health_source) IS 'How far the lists of <name>_recent reach back: the window of the model''s trends, the longest period of a playbook, at least 30 days of 24 hours.';

CREATE TYPE health_recall AS (
    run      bigint,
    as_of    timestamptz,
    base     timestamptz,
    since    timestamptz,
    newest   boolean,
    carried  timestamptz[],
    held     timestamptz[],
    entered  boolean,
    past     boolean
);
COMMENT ON TYPE health_recall IS 'What a run compares its scores with. Not meant for columns.';
COMMENT ON COLUMN health_recall.run IS 'The run; NULL for single accounts.';
COMMENT ON COLUMN health_recall.as_of IS 'The time of the scores.';
COMMENT ON COLUMN health_recall.base IS 'The time of the run to compare with.';
COMMENT ON COLUMN health_recall.since IS 'The time from which a list must be complete.';
COMMENT ON COLUMN health_recall.newest IS 'Whether no other run is later.';
COMMENT ON COLUMN health_recall.carried IS 'The times of rows in <name>_recent whose lists are complete. Other accounts are looked up in the history.';
COMMENT ON COLUMN health_recall.held IS 'The times of other runs that are held.';
COMMENT ON COLUMN health_recall.entered IS 'Whether single accounts were scored since the run to compare with.';
COMMENT ON COLUMN health_recall.past IS 'Whether the history has earlier rows to look up.';

-- A list in <name>_recent is complete if it was written by the run to compare with, or by a held run after it, and the
-- past has not changed since. as_of itself is among the times for a run that is repeated.
CREATE FUNCTION health_recall_of(source @extschema@.health_source, as_of timestamptz, run bigint)
RETURNS health_recall
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    recall health_recall;
    held timestamptz[] := health_runs_held(source.name);
    history text := format('%I.%I', source.history_schema, source.history_name);
BEGIN
    recall.run := run;
    recall.as_of := as_of;
    recall.since := as_of - health_recent_span(source);
    recall.held := array_remove(held, as_of);
    recall.carried := '{}';
    IF run IS NOT NULL THEN
        recall.base := health_run_base(source.name, as_of);
        recall.newest := NOT EXISTS (SELECT FROM health_run r WHERE r.source = health_recall_of.source.name AND r.as_of > health_recall_of.as_of AND r.status IN ('done', 'held'));
        IF recall.newest AND source.last_written_at > COALESCE(source.history_changed_at, '-infinity') THEN
            recall.carried := array_remove(ARRAY[recall.base, CASE WHEN EXISTS (SELECT FROM health_run r
                 WHERE r.source = health_recall_of.source.name AND r.as_of = health_recall_of.as_of AND r.id <> run AND r.status IN ('done', 'held')) THEN as_of END], NULL) || ARRAY(SELECT h.at FROM unnest(recall.held) h (at) WHERE h.at > recall.base);
        END IF;
        -- A transaction may commit a row of a single account that is older than the run before.
        EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE h.run IS NULL AND h.scored_at > $1 AND h.scored_at < $2)', history)
           INTO recall.entered USING recall.base - interval '2 days', as_of;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE h.scored_at >= $1 AND h.scored_at < $2)', history)
       INTO recall.past USING health_recall_oldest(recall), as_of;
    RETURN recall;
END
$$;
COMMENT ON FUNCTION health_recall_of(@extschema@.health_source, timestamptz, bigint) IS 'What a run of a source compares its scores with, or for NULL what a single account''s score is compared with.';

CREATE FUNCTION health_recall_oldest(recall health_recall)
RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN LEAST(recall.since, recall.as_of - interval '2208 hours');
END
$$;
COMMENT ON FUNCTION health_recall_oldest(health_recall) IS 'The time from which a look at the history reads: 92 days of 24 hours back, or further for a longer window.';

CREATE FUNCTION health_recall_times(times timestamptz[])
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format('ARRAY[%s]::pg_catalog.timestamptz[]', (SELECT string_agg(health_alert_time(t), ', ') FROM unnest(times) t));
END
$$;
COMMENT ON FUNCTION health_recall_times(timestamptz[]) IS 'SQL: an array of times, exact to the microsecond.';

-- The look-ups are nested loops over keys, whatever the planner thinks of the number of accounts, and need no memory.
-- All names are qualified: a run executes them under its caller's search_path.
CREATE FUNCTION health_recall_look_back(source @extschema@.health_source, recall health_recall, account text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT recall.past THEN
        RETURN 'NULL::pg_catalog.bytea';
    END IF;
    RETURN format($sql$(SELECT health_score_internal.health_past_make(pg_catalog.array_agg(h.scored_at), pg_catalog.array_agg(h.score), pg_catalog.array_agg(h.band))
                 FROM %I.%I AS h
                WHERE h.account_id %s %s AND h.scored_at OPERATOR(pg_catalog.>=) %s AND h.scored_at OPERATOR(pg_catalog.<) %s)$sql$,
        source.history_schema, source.history_name, health_id_equals(health_history_relation(source)), account,
        health_alert_time(health_recall_oldest(recall)), health_alert_time(recall.as_of));
END
$$;
COMMENT ON FUNCTION health_recall_look_back(@extschema@.health_source, health_recall, text) IS 'SQL: the list of an account (an expression) from the history.';

CREATE FUNCTION health_recall_entered(source @extschema@.health_source, recall health_recall, account text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF cardinality(recall.carried) = 0 OR NOT recall.entered THEN
        RETURN '';
    END IF;
    RETURN format($sql$
          LEFT JOIN (SELECT h.account_id, health_score_internal.health_past_make(pg_catalog.array_agg(h.scored_at), pg_catalog.array_agg(h.score), pg_catalog.array_agg(h.band)) AS list
                       FROM %I.%I AS h
                      WHERE h.run IS NULL AND h.scored_at OPERATOR(pg_catalog.>) %s AND h.scored_at OPERATOR(pg_catalog.<) %s
                      GROUP BY h.account_id) AS health_entered ON health_entered.account_id %s %s$sql$,
        source.history_schema, source.history_name, health_alert_time(recall.base - interval '2 days'), health_alert_time(recall.as_of),
        health_id_equals(health_history_relation(source)), account);
END
$$;
COMMENT ON FUNCTION health_recall_entered(@extschema@.health_source, health_recall, text) IS
'SQL: the join that brings what was scored of an account (an expression) since the run to compare with, as health_entered.list; empty if nothing was.';

CREATE FUNCTION health_recall_entered_list(recall health_recall)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN cardinality(recall.carried) > 0 AND recall.entered THEN 'health_entered.list' ELSE 'NULL::pg_catalog.bytea' END;
END
$$;
COMMENT ON FUNCTION health_recall_entered_list(health_recall) IS 'SQL: what has entered since the run to compare with, after health_recall_entered().';

-- Behind COALESCE, the history is read only for an account whose list is not complete.
CREATE FUNCTION health_recall_list(source @extschema@.health_source, recall health_recall, account text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN cardinality(recall.carried) > 0
        THEN format('COALESCE((SELECT r.list FROM %s AS r WHERE r.account_id %s %s AND r.scored_at OPERATOR(pg_catalog.=) ANY (%s) AND r.since OPERATOR(pg_catalog.<=) %s), %s)',
            health_source_table(source, '_recent'), health_id_equals(health_history_relation(source)), account,
            health_recall_times(recall.carried), health_alert_time(recall.since), health_recall_look_back(source, recall, account))
        ELSE health_recall_look_back(source, recall, account) END;
END
$$;
COMMENT ON FUNCTION health_recall_list(@extschema@.health_source, health_recall, text) IS 'SQL: the past of an account (an expression): its list in <name>_recent, otherwise that from the history.';

-- The rows of the night replace the rows of their accounts.
-- written: the number of accounts of the night, where it is known.
CREATE FUNCTION health_recent_write(source @extschema@.health_source, recall health_recall, written bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET jit = off
AS $$
DECLARE
    recent text := health_source_table(source, '_recent');
    night text := format('%I.%I AS health_night', source.history_schema, source.history_name);
    equals text := health_id_equals(health_history_relation(source));
    entered text := health_recall_entered(source, recall, 'health_night.account_id');
    updated bigint;
    -- A run before the lists is looked up by its time.
    before text := CASE WHEN recall.base >= recall.since THEN 'health_past_has(n.list, $3), health_past_score(n.list, $3), health_past_band(n.list, $3)'
                        WHEN recall.base IS NULL THEN 'false, NULL::double precision, NULL::text'
                        ELSE format('EXISTS (SELECT %2$s), (SELECT b.score %2$s), (SELECT b.band %2$s)', NULL,
                            format('FROM %I.%I b WHERE b.account_id %s %%s AND b.scored_at = $3', source.history_schema, source.history_name, equals)) END;
BEGIN
    IF cardinality(recall.carried) = 0 THEN
        -- What another past has left must not be taken for complete later.
        EXECUTE format('DELETE FROM %s', recent);
    ELSE
        EXECUTE format($sql$
            UPDATE %1$s r SET scored_at = $1, since = $2, score = health_night.score, band = health_night.band, segment = health_night.segment, model_version = health_night.model_version,
                   (known, score_before, band_before, list) = (SELECT %7$s, n.list
                      FROM (SELECT health_past_next(CASE WHEN r.scored_at = ANY ($5) AND r.since <= $2 THEN r.list ELSE %2$s END, %3$s, $1, health_night.score, health_night.band, $2, $4) AS list OFFSET 0) n)
              FROM %4$s%5$s
             WHERE health_night.scored_at = $1 AND health_night.run IS NOT NULL AND r.account_id %6$s health_night.account_id$sql$,
            recent, health_recall_look_back(source, recall, 'health_night.account_id'), health_recall_entered_list(recall), night, entered, equals, replace(before, '%s', 'health_night.account_id'))
          USING recall.as_of, recall.since, recall.base, recall.held, recall.carried;
        GET DIAGNOSTICS updated = ROW_COUNT;
    END IF;
    IF updated IS DISTINCT FROM written OR written IS NULL THEN
        EXECUTE format($sql$
            INSERT INTO %1$s AS r (account_id, scored_at, since, score, band, segment, model_version, known, score_before, band_before, list)
            SELECT n.account_id, $1, $2, n.score, n.band, n.segment, n.model_version, %5$s, n.list
          FROM (SELECT health_night.account_id, health_night.score, health_night.band, health_night.segment, health_night.model_version,
                       health_past_next(%2$s, NULL, $1, health_night.score, health_night.band, $2, $4) AS list
                  FROM %3$s
                 WHERE health_night.scored_at = $1 AND health_night.run IS NOT NULL
                   AND NOT EXISTS (SELECT FROM %1$s o WHERE o.account_id %4$s health_night.account_id) OFFSET 0) n$sql$,
        recent, health_recall_look_back(source, recall, 'health_night.account_id'), night, equals, replace(before, '%s', 'n.account_id'))
          USING recall.as_of, recall.since, recall.base, recall.held;
    END IF;
    -- Accounts that a repeated run has lost; once a month, accounts that are long gone.
    IF recall.as_of = ANY (recall.carried) THEN
        EXECUTE format('DELETE FROM %s r WHERE r.scored_at = $1 AND NOT EXISTS (SELECT FROM %s WHERE health_night.scored_at = $1 AND health_night.account_id %s r.account_id)',
            recent, night, equals) USING recall.as_of;
    END IF;
    IF health_history_month(recall.base) < health_history_month(recall.as_of) THEN
        EXECUTE format('DELETE FROM %s r WHERE r.scored_at < $1', recent) USING health_recall_oldest(recall);
    END IF;
END
$$;
COMMENT ON FUNCTION health_recent_write(@extschema@.health_source, health_recall, bigint) IS 'Writes the night of a run into <name>_recent.';

-- Rows that were written before their past changed: those of the newest run, and those of single accounts after it.
CREATE FUNCTION health_night_renew(source @extschema@.health_source, since timestamptz, runs bigint[] DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET jit = off
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE h.scored_at >= $1)', history) INTO there USING since;
    IF NOT there THEN
        RETURN;
    END IF;
    EXECUTE format($sql$
        UPDATE %1$s h SET trend = n.trend, change = (n.p).change, before_at = (n.p).before_at, band_before = (n.p).band_before
          FROM (SELECT q.account_id, q.scored_at, CASE WHEN m.known THEN (q.p).trend END AS trend, q.p
                  FROM (SELECT h.account_id, h.scored_at, h.model, h.model_version,
                               health_past_compare(l.list, NULL, h.scored_at, h.score, $2, COALESCE(w."window", 0), COALESCE(w.tolerance, 5)) AS p
                          FROM %1$s h
                          LEFT JOIN LATERAL (SELECT t.* FROM health_model v CROSS JOIN LATERAL health_model_trend(v.name || '@' || v.version) t
                                              WHERE v.name = h.model AND v.version = h.model_version) w ON true
                         CROSS JOIN LATERAL (SELECT health_past_make(array_agg(b.scored_at), array_agg(b.score), array_agg(b.band)) AS list
                                               FROM %1$s b
                                              WHERE b.account_id %2$s h.account_id AND b.scored_at < h.scored_at
                                                AND b.scored_at >= h.scored_at - GREATEST(interval '2208 hours', make_interval(secs => w."window" / 1e6))) l
                         WHERE h.scored_at >= $1 AND ($3 IS NULL OR h.run = ANY ($3)) OFFSET 0) q
                 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM health_model v WHERE v.name = q.model AND v.version = q.model_version) AS known) m OFFSET 0) n
         WHERE h.account_id %2$s n.account_id AND h.scored_at = n.scored_at
           AND (h.trend, h.change, h.before_at, h.band_before) IS DISTINCT FROM (n.trend, (n.p).change, (n.p).before_at, (n.p).band_before)$sql$,
        history, health_id_equals(health_history_relation(source))) USING since, health_runs_held(source.name), runs;
END
$$;
COMMENT ON FUNCTION health_night_renew(@extschema@.health_source, timestamptz, bigint[]) IS 'Compares the rows of a history from a time on (runs: only those of these runs) with the rows before them anew; for use after a change of the past.';

CREATE FUNCTION health_night_settle(source text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_source := health_source_get(source);
BEGIN
    PERFORM health_refresh_check(found, now());
    IF found.history_changed_at >= COALESCE(found.last_written_at, '-infinity') THEN
        PERFORM health_source_lock(source);
        PERFORM health_night_renew(health_source_get(source), found.last_as_of);
    END IF;
END
$$;
COMMENT ON FUNCTION health_night_settle(text) IS 'Compares the newest scores of a source with its past anew, if the past has changed since they were written.';

-- A crash empties the unlogged table; a held run can be released after it.
CREATE FUNCTION health_recent_ensure(source @extschema@.health_source, run bigint, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    recall health_recall;
    there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s r WHERE r.scored_at = $1)', health_source_table(source, '_recent')) INTO there USING as_of;
    IF NOT there THEN
        recall := health_recall_of(source, as_of, run);
        recall.carried := '{}';
        PERFORM health_recent_write(source, recall);
    END IF;
END
$$;
COMMENT ON FUNCTION health_recent_ensure(@extschema@.health_source, bigint, timestamptz) IS 'Writes the night of a run into <name>_recent, unless it is there.';

CREATE FUNCTION health_recall_done(source @extschema@.health_source, recall health_recall, settle boolean, left_over boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF recall.newest THEN
        UPDATE health_source s SET last_written_at = (SELECT r.started_at FROM health_run r WHERE r.id = recall.run) WHERE s.name = source.name;
        -- Rows that a repeated run has left as they were, after a change of their past; and single accounts that were scored
        -- for a later time.
        PERFORM health_night_renew(source, recall.as_of + CASE WHEN left_over AND cardinality(recall.carried) = 0 THEN interval '0' ELSE interval '1 microsecond' END);
    ELSIF recall.as_of >= source.last_as_of - GREATEST(interval '2208 hours', health_recent_span(source)) THEN
        UPDATE health_source s SET history_changed_at = clock_timestamp() WHERE s.name = source.name;
        IF settle THEN
            PERFORM health_night_renew(source, source.last_as_of);
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION health_recall_done(@extschema@.health_source, health_recall, boolean, boolean) IS
'Notes at the end of a run that the lists in <name>_recent are complete, or that the run has changed the past of later rows. settle: compares the newest rows with that past anew; left_over: the run has left rows of its time as they were.';
