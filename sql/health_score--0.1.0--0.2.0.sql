-- From 0.1.0 to 0.2.0. What it says of functions is what their files in sql/ say.

DROP FUNCTION health_run_signals(bigint, regclass, timestamptz);
DROP FUNCTION health_alert_trend(health_source, text);
DROP FUNCTION health_alert_candidates(health_source, health_playbook, timestamptz, text, text);
DROP FUNCTION health_alert_has_ended(health_source, text, text);

CREATE OR REPLACE FUNCTION health_history_make(source health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    account_type text := health_source_column(relation, source.account_column, 'account_column');
    parent_type text := COALESCE(health_source_column(relation, source.parent_column, 'parent_column'), 'text');
    name text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    history regclass := pg_catalog.to_regclass(name);
    columns text[] := ARRAY['account_id ' OPERATOR(pg_catalog.||) account_type, 'scored_at timestamp with time zone', 'name text',
        'score double precision', 'band text', 'band_rank integer', 'coverage double precision', 'low double precision',
        'high double precision', 'status text', 'model text', 'model_version integer', 'segment text', 'value numeric', 'owner text',
        'parent ' OPERATOR(pg_catalog.||) parent_type, 'renewal date', 'inputs jsonb', 'drivers jsonb',
        'calculated double precision'];
    lacking text;
BEGIN
    IF history IS NULL THEN
        -- A row is some 2 kB wide: what alerts compare, a month of it for trends, is read from the index alone.
        EXECUTE pg_catalog.format('CREATE TABLE %s (%s, PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version)) PARTITION BY RANGE (scored_at)',
            name, pg_catalog.array_to_string(columns, ', '));
        EXECUTE pg_catalog.format('CREATE INDEX ON %s (scored_at)', name);
        EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name,
            pg_catalog.format('Scores of source %s, partitioned by month: written by health_refresh, thinned by health_retain.', source.name));
        RETURN;
    END IF;
    PERFORM health_history_trusted(history);
    SELECT pg_catalog.string_agg(wanted, ', ' ORDER BY number) INTO lacking
      FROM pg_catalog.unnest(columns) WITH ORDINALITY AS c (wanted, number)
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid OPERATOR(pg_catalog.=) history AND NOT a.attisdropped AND a.attnum OPERATOR(pg_catalog.>) 0
                          AND wanted OPERATOR(pg_catalog.=) pg_catalog.concat(a.attname, ' ', pg_catalog.format_type(a.atttypid, a.atttypmod)));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'datatype_mismatch',
            DETAIL = pg_catalog.format('It lacks: %s.', lacking),
            HINT = 'Name another table by history => …; one that does not exist yet is made.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                    WHERE i.indrelid OPERATOR(pg_catalog.=) history AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname)
                             FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid OPERATOR(pg_catalog.=) history AND a.attnum OPERATOR(pg_catalog.=) ANY ((i.indkey::int2[])[0:i.indnkeyatts OPERATOR(pg_catalog.-) 1]))
                          OPERATOR(pg_catalog.=) ARRAY['account_id', 'scored_at']) THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'It has no unique index on (account_id, scored_at).',
            HINT = pg_catalog.format('ALTER TABLE %s ADD PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version).', history);
    END IF;
    IF source.last_as_of IS NULL THEN
        -- The views show what lies there: the last run that is known, for the newest row may be that of a single account.
        EXECUTE pg_catalog.format($sql$
            UPDATE health_source s
               SET last_as_of = COALESCE((SELECT pg_catalog.max(r.as_of) FROM health_run r
                                           WHERE r.source OPERATOR(pg_catalog.=) s.name AND r.status IN ('done', 'held')
                                             AND EXISTS (SELECT FROM %1$s h WHERE h.scored_at OPERATOR(pg_catalog.=) r.as_of)),
                                         (SELECT pg_catalog.max(h.scored_at) FROM %1$s h))
             WHERE s.name OPERATOR(pg_catalog.=) $1$sql$, history) USING source.name;
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_make(health_source, regclass) IS
'Makes the history of a source, with the account''s id in the relation''s own type, or adopts a table that has the columns and the unique index, with what lies in it.';
COMMENT ON COLUMN health_source.last_as_of IS 'The latest as_of of a finished run; of a history that was there before its source, the latest in it.';

-- CREATE and ATTACH, not CREATE … PARTITION OF: the latter would lock the history against readers.
CREATE OR REPLACE FUNCTION health_history_partition(source health_source, at timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    history regclass := health_history_relation(source);
    month timestamptz := health_history_month(at);
    next_month timestamptz := health_history_month(month OPERATOR(pg_catalog.+) '35 days'::interval);
    -- 63 bytes, 8 of them for the month. A longer name is cut, at a character, and told from its like by a hash.
    stem text := CASE WHEN pg_catalog.octet_length(source.history_name) OPERATOR(pg_catalog.<=) 55 THEN source.history_name
        ELSE (SELECT pg_catalog.left(source.history_name, n) FROM pg_catalog.generate_series(46, 1, -1) n
               WHERE pg_catalog.octet_length(pg_catalog.left(source.history_name, n)) OPERATOR(pg_catalog.<=) 46 LIMIT 1)
             OPERATOR(pg_catalog.||) '_' OPERATOR(pg_catalog.||) pg_catalog.left(pg_catalog.md5(source.history_name), 8) END;
    partition text := pg_catalog.format('%I.%I', source.history_schema, stem OPERATOR(pg_catalog.||) pg_catalog.to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'));
BEGIN
    -- An adopted table may be plain, or partitioned in another way.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p
                     JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) p.partrelid AND a.attnum OPERATOR(pg_catalog.=) p.partattrs[0]
                    WHERE p.partrelid OPERATOR(pg_catalog.=) history AND p.partstrat OPERATOR(pg_catalog.=) 'r' AND p.partnatts OPERATOR(pg_catalog.=) 1
                      AND p.partdefid OPERATOR(pg_catalog.=) 0 AND a.attname OPERATOR(pg_catalog.=) 'scored_at') THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM health_history_partitions(history) p
                WHERE p.from_at OPERATOR(pg_catalog.<=) month AND p.to_at OPERATOR(pg_catalog.>=) next_month) THEN
        RETURN;
    END IF;
    -- An index alone tells what is visible only where vacuum has been: it comes after every night, and reads what is new.
    EXECUTE pg_catalog.format('CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0)', partition, history);
    EXECUTE pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', history, partition,
        pg_catalog.to_char(month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), pg_catalog.to_char(next_month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
END
$$;

CREATE OR REPLACE FUNCTION health_run_as_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.run_as] WHEN 'DELETE' THEN ARRAY[OLD.run_as]
                                     ELSE ARRAY[OLD.run_as, NEW.run_as] END LOOP
        -- So it is with every alert of a run, and the look-up takes longer than the write.
        CONTINUE WHEN role OPERATOR(pg_catalog.=) current_user;
        -- A role that is gone can be cleared away by those who could have acted for anybody.
        IF NOT COALESCE((SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) role),
                        (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname OPERATOR(pg_catalog.=) current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % that run as %', pg_catalog.quote_ident(current_user), TG_TABLE_NAME, pg_catalog.quote_ident(role)
                USING ERRCODE = 'insufficient_privilege',
                      DETAIL = 'A source runs with the rights of the role that added it, and only that role, or a member of it, changes it.',
                      HINT = pg_catalog.format('SET ROLE %I first, or add a source of your own under another name.', role);
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

CREATE OR REPLACE FUNCTION health_run_show(source text, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    -- Postgres would cut it to a name's length, too, but say so each time.
    PERFORM pg_catalog.set_config('application_name',
        pg_catalog.format('health_score: %s as of %s', source, pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))::name::text, true);
END
$$;

CREATE FUNCTION health_run_tally_begin()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_tally_begin';

COMMENT ON FUNCTION health_run_tally_begin() IS 'From now on this session counts what the signals hold of the accounts that health_source_assess() scores.';

CREATE FUNCTION health_run_tally(accounts bigint,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'health_run_tally';

COMMENT ON FUNCTION health_run_tally(bigint) IS
'Ends the count that health_run_tally_begin() began, and returns it as health_signal_counts() would; no row, where it is not of so many accounts.';

-- accounts: how many one statement has scored and written, where no others are in history as of that time.
CREATE FUNCTION health_run_signals(run bigint, history regclass, as_of timestamptz, accounts bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
    SELECT health_run_signals.run, t.signal, t.missing, t.invalid, t.mean FROM health_run_tally(accounts) t;
    IF NOT FOUND THEN
        INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
        SELECT health_run_signals.run, c.signal, c.missing, c.invalid, c.mean FROM health_signal_counts(history, as_of) c;
    END IF;
END
$$;

COMMENT ON FUNCTION health_run_signals(bigint, regclass, timestamptz, bigint) IS 'Writes what each signal held in the rows of a run into health_run_signal.';

-- A model may come later, as in a restored dump, or have lost what a playbook names: that is a warning.
CREATE OR REPLACE FUNCTION health_playbook_check()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    fault text := health_playbook_fault(NEW);
    document jsonb;
BEGIN
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'invalid playbook "%": it %', NEW.name, fault USING ERRCODE = 'check_violation',
            DETAIL = 'band goes with band; drop with points and within; trend with direction, and within if it is not the model''s window; rule with rule; stale with nothing; opportunity with condition.',
            HINT = 'SELECT * FROM health_playbook_examples(''saas'') shows how they are written.';
    END IF;
    document := health_playbook_model(NEW.source, NEW.model);
    BEGIN
        IF NEW.source IS NOT NULL THEN
            PERFORM health_source_get(NEW.source);
        END IF;
        PERFORM health_playbook_condition_check(NEW.condition, document);
        IF document IS NULL THEN
            IF NEW.model IS NOT NULL THEN
                RAISE WARNING 'playbook "%" is about model "%", which does not exist', NEW.name, NEW.model USING HINT = 'It raises nothing until a source is scored with such a model.';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.band IS NOT NULL THEN
            PERFORM health_playbook_name('band', NEW.band, pg_catalog.jsonb_path_query_array(health_model_describe(document), '$.bands[*].band')
                OPERATOR(pg_catalog.||) pg_catalog.jsonb_path_query_array(document, '$.segments[*].patch.bands[*].name'));
        END IF;
        IF NEW.rule IS NOT NULL THEN
            PERFORM health_playbook_name('rule', NEW.rule, pg_catalog.jsonb_path_query_array(document, '$.rules[*].name')
                OPERATOR(pg_catalog.||) pg_catalog.jsonb_path_query_array(document, '$.segments[*].patch.rules[*].name'));
        END IF;
        IF NEW.segment IS NOT NULL THEN
            PERFORM health_playbook_name('segment', NEW.segment, pg_catalog.jsonb_path_query_array(document, '$.segments[*].name'));
        END IF;
    EXCEPTION WHEN undefined_object OR invalid_parameter_value THEN
        -- One that comes with a time of its own was accepted then, by the model as it was: a dump is restored whole.
        IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' OR NEW.created_at OPERATOR(pg_catalog.>=) pg_catalog.now() THEN
            RAISE;
        END IF;
        PERFORM health_playbook_condition_check(NEW.condition);
        RAISE WARNING 'playbook "%", of %: %', NEW.name, NEW.created_at, SQLERRM USING HINT = 'It may raise nothing: name what the model has now.';
    END;
    RETURN NEW;
END
$$;

CREATE FUNCTION health_alert_time(at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.quote_literal(pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00')) OPERATOR(pg_catalog.||) '::timestamptz';
END
$$;

COMMENT ON FUNCTION health_alert_time(timestamptz) IS 'SQL: a time, to the microsecond, as a literal.';

CREATE FUNCTION health_alert_column(kind text, at timestamptz)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.quote_ident(pg_catalog.format('%s_%s', kind, (EXTRACT(epoch FROM at) OPERATOR(pg_catalog.*) 1000000)::bigint));
END
$$;

COMMENT ON FUNCTION health_alert_column(text, timestamptz) IS 'SQL: the column of pair that holds something as of, or since, a time.';

CREATE FUNCTION health_alert_model(source health_source)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.regexp_replace(source.model, '@[0-9]+$', '') OPERATOR(pg_catalog.||) '@';
END
$$;

COMMENT ON FUNCTION health_alert_model(health_source) IS 'The model of a source''s rows, up to their version.';

-- The window is that of the model, unless the playbook has its own time.
CREATE FUNCTION health_alert_watches(source health_source, as_of timestamptz, OUT name text, OUT since timestamptz, OUT base timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    trend_window interval := COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.#>>) '{trend,window}', '30 days');
BEGIN
    RETURN QUERY
    SELECT p.name, CASE p.trigger WHEN 'trend' THEN as_of OPERATOR(pg_catalog.-) COALESCE(p.within, trend_window) END,
           CASE p.trigger WHEN 'drop' THEN health_run_base(source.name, as_of, p.within) END
      FROM health_alert_playbooks(source) p;
END
$$;

COMMENT ON FUNCTION health_alert_watches(health_source, timestamptz) IS
'The active playbooks that watch a source, with the time that a trend is looked at since, or a drop is measured from.';

-- One pass over the longest time that anything looks back to. A row is 2 kB wide: nothing is read but what the key of a history
-- includes (health_history_make).
CREATE FUNCTION health_alert_pairs(source health_source, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    tolerance text := COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.#>>) '{trend,tolerance}', '5');
    columns text := '';
    looked_at text := '';
    at timestamptz;
BEGIN
    FOR at IN SELECT DISTINCT w.base FROM health_alert_watches(source, as_of) w WHERE w.base IS NOT NULL LOOP
        columns := columns OPERATOR(pg_catalog.||) pg_catalog.format(', max(h.score) FILTER (WHERE h.scored_at = %1$s) AS %2$s, max(h.band) FILTER (WHERE h.scored_at = %1$s) AS %3$s',
            health_alert_time(at), health_alert_column('score', at), health_alert_column('band', at));
        looked_at := looked_at OPERATOR(pg_catalog.||) pg_catalog.format(' OR h.scored_at = %s', health_alert_time(at));
    END LOOP;
    FOR at IN SELECT DISTINCT w.since FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL LOOP
        columns := columns OPERATOR(pg_catalog.||) pg_catalog.format(', %s.health_trend(h.score, h.scored_at, %L::float8) FILTER (WHERE h.scored_at > %s AND h.scored_at <> ALL ($3)) AS %s',
            home, tolerance, health_alert_time(at), health_alert_column('trend', at));
        looked_at := looked_at OPERATOR(pg_catalog.||) pg_catalog.format(' OR h.scored_at > %s', health_alert_time(at));
    END LOOP;
    RETURN pg_catalog.format($sql$
            SELECT h.account_id, h.account_id::text AS id, bool_or(h.scored_at = $2) AS known, max(h.score) FILTER (WHERE h.scored_at = $1) AS score, max(h.band) FILTER (WHERE h.scored_at = $1) AS band,
                   max(h.segment) FILTER (WHERE h.scored_at = $1) AS segment, max(h.model_version) FILTER (WHERE h.scored_at = $1) AS model_version,
                   max(h.score) FILTER (WHERE h.scored_at = $2) AS score_before, max(h.band) FILTER (WHERE h.scored_at = $2) AS band_before%1$s
              FROM %2$s h WHERE h.scored_at <= $1 AND (h.scored_at = $1 OR h.scored_at = $2%3$s)
             GROUP BY h.account_id HAVING bool_or(h.scored_at = $1)$sql$, columns, history, looked_at);
END
$$;

COMMENT ON FUNCTION health_alert_pairs(health_source, timestamptz, text, text) IS
'SQL: the accounts of a run, each with what it was in the run to compare with, in those that drops are measured from, and its trends. (account, scored_at) is unique: max takes the only one.';

CREATE FUNCTION health_alert_candidates(source health_source, trigger text, since timestamptz, base timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE trigger
    WHEN 'band' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.score_before, e.score), COALESCE(n.band_before, e.band), COALESCE(e.scored_at, $2),
               CASE WHEN COALESCE(n.band_before, e.band) <> n.band THEN format('in %%s, before in %%s', n.band, COALESCE(n.band_before, e.band)) ELSE format('again in %%s', n.band) END,
               COALESCE(n.band_before, e.band) <> n.band
          FROM playbook p JOIN pair n ON n.band = p.band LEFT JOIN %s e ON true
         -- Most are where they were. Of them, those count that had an alert: it may have ended since.
         WHERE p.trigger = 'band' AND (COALESCE(n.band_before, e.band) <> n.band OR (p.name, n.id) IN (SELECT l.playbook, l.account_id FROM latest l))$sql$, health_alert_earlier(history, 'n.score_before IS NULL'))
    WHEN 'rule' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.account_id::text, n.score, n.band, n.segment, e.score, e.band, e.scored_at,
               format('rule %%s fired', p.rule), NOT e.drivers @> p.fired
          FROM playbook p JOIN %1$s n ON n.drivers @> p.fired JOIN %2$s e ON true
         WHERE p.trigger = 'rule' AND n.scored_at = $1$sql$, history, health_alert_earlier(history, 'true'))
    WHEN 'stale' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, 'too little data for a score', n.score_before IS NOT NULL
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'stale' AND n.score IS NULL AND n.known
        UNION ALL
        SELECT p.name, b.account_id, b.account_id::text, NULL, NULL, b.segment, b.score, b.band, $2, 'no row within max_staleness', true
          FROM playbook p CROSS JOIN %s b
         WHERE %L AND p.trigger = 'stale' AND b.scored_at = $2 AND b.score IS NOT NULL AND NOT EXISTS (SELECT FROM pair n WHERE n.account_id = b.account_id)$sql$,
        history, source.max_staleness IS NOT NULL)
    WHEN 'opportunity' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, format('in %%s, and the condition holds', n.band), true
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'opportunity' AND n.known AND n.band = %s.health_band(%L || n.model_version, 100::float8, n.segment)%s$sql$,
        home, health_alert_model(source), health_alert_at_risk(source))
    WHEN 'trend' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, f.score, f.band, f.scored_at,
               format('%%s since %%s', p.direction, to_char(f.scored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true
          FROM playbook p JOIN pair n ON n.%2$s = p.direction
         CROSS JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                 WHERE h.account_id = n.account_id AND h.scored_at > %3$s AND h.scored_at <= $1 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                 ORDER BY h.scored_at LIMIT 1) f
         WHERE p.trigger = 'trend' AND p.since = %3$s AND n.known AND n.score IS NOT NULL$sql$,
        history, health_alert_column('trend', since), health_alert_time(since))
    WHEN 'drop' THEN pg_catalog.format($sql$
        SELECT p.name, b.account_id, b.id, b.score, b.band, b.segment, b.score_before, b.band_before, b.before_at,
               format('down %%s within %%s, from %%s', trim_scale(round((b.score_before - b.score)::numeric, 1)), p.within, trim_scale(round(b.score_before::numeric, 1))), true
          FROM playbook p
          JOIN (SELECT true AS here, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.%3$s, e.score) AS score_before,
                       CASE WHEN n.%3$s IS NULL THEN e.band ELSE n.%4$s END AS band_before, CASE WHEN n.%3$s IS NULL THEN e.scored_at ELSE %2$s END AS before_at
                  FROM pair n
                  LEFT JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                         WHERE n.%3$s IS NULL AND h.account_id = n.account_id AND h.scored_at > %2$s AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                         ORDER BY h.scored_at LIMIT 1) e ON true
                 -- What no playbook is interested in is sorted out before they are asked one by one.
                 WHERE COALESCE(n.%3$s, e.score) - n.score >= (SELECT min(p.points) FROM playbook p WHERE p.trigger = 'drop' AND p.base = %2$s) OFFSET 0) b
            -- An equality, for a hash join: the accounts are gone through once, not once a playbook.
            ON b.here = (p.trigger = 'drop') AND b.score_before - b.score >= p.points
         WHERE p.trigger = 'drop' AND p.base = %2$s$sql$,
        history, health_alert_time(base), health_alert_column('score', base), health_alert_column('band', base))
    END;
END
$$;

COMMENT ON FUNCTION health_alert_candidates(health_source, text, timestamptz, timestamptz, text, text) IS
'SQL: the accounts of a run that have what the playbooks of a trigger, and of its time, watch for: what they were compared with, why, and whether the matter has begun since.';

-- Whether the matter of alert a has ended for account n.
CREATE FUNCTION health_alert_has_ended(source health_source, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format($sql$CASE a.trigger
        WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(%4$L || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                         AND %2$s.health_band(%4$L || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
        WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
        WHEN 'stale' THEN n.score IS NOT NULL
        WHEN 'rule' THEN NOT EXISTS (SELECT FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m)
                                        AND (h.score IS NULL OR h.drivers @> p.fired))
        WHEN 'trend' THEN CASE %3$s END <> p.direction
        WHEN 'opportunity' THEN n.band <> a.band OR NOT (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers)
                                                          FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        END$sql$, history, home,
        (SELECT COALESCE(pg_catalog.string_agg(DISTINCT pg_catalog.format('WHEN p.since = %s THEN n.%s', health_alert_time(w.since), health_alert_column('trend', w.since)), ' '), 'WHEN true THEN p.direction')
           FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL), health_alert_model(source));
END
$$;

COMMENT ON FUNCTION health_alert_has_ended(health_source, timestamptz, text, text) IS 'SQL: whether what raised alert a by playbook p has ended for account n.';

CREATE OR REPLACE FUNCTION health_alert_query(source health_source, as_of timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                   WHERE c.oid OPERATOR(pg_catalog.=) 'health_source'::regclass);
    candidates text := (
        SELECT COALESCE(pg_catalog.string_agg(health_alert_candidates(source, p.trigger, p.since, p.base, history, home), ' UNION ALL '),
                        'SELECT NULL::text, n.account_id, n.id, n.score, n.band, n.segment, n.score, n.band, $2, NULL::text, false FROM pair n WHERE false')
          -- One SELECT a trigger, and for drops and trends one a time that they look back to.
          FROM (SELECT DISTINCT p.trigger, w.since, w.base FROM health_alert_playbooks(source) p JOIN health_alert_watches(source, as_of) w ON w.name OPERATOR(pg_catalog.=) p.name) AS p);
    -- An explanation needs the inputs; it compares by one version of the model, and cannot take a named segment along.
    explanation text := CASE WHEN NOT source.keep_inputs THEN 'NULL' WHEN source.segment_column IS NULL THEN pg_catalog.format(
            'COALESCE(%1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, b.inputs, h.scored_at, b.scored_at), %1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at))', home)
        ELSE pg_catalog.format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at, COALESCE(h.segment, ''''))', home) END;
BEGIN
    -- $4 the source, $5 its book, $6 the run, $7 the share above which alerts are held.
    RETURN pg_catalog.format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired, p.condition @? '$.**.category_drop' AS looks_back, w.since, w.base
              FROM %2$s.health_source s CROSS JOIN LATERAL %2$s.health_alert_playbooks(s) p JOIN %2$s.health_alert_watches(s, $1) w ON w.name = p.name WHERE s.name = $4
        ), moment AS MATERIALIZED (
            -- Not $1: of a time that the statistics do not know yet, the planner would expect one row, and look an account up by it.
            SELECT $1::timestamptz AS at
        ), pair AS MATERIALIZED (%6$s
        ), latest AS MATERIALIZED (
            SELECT DISTINCT ON (a.playbook, a.account_id) a.playbook, a.account_id, a.as_of, a.status, a.ended_at
              FROM %2$s.health_alert a WHERE a.source = $4 AND a.playbook IS NOT NULL ORDER BY a.playbook, a.account_id, a.as_of DESC, a.id DESC
        ), candidate (playbook, account_id, id, score, band, segment, score_before, band_before, before_at, reason, begun) AS (
            %3$s
        ), raised AS MATERIALIZED (
            -- Conditions are costly: OFFSET 0 has them asked of what playbook and latest alert leave over.
            SELECT c.* FROM (
                SELECT c.*, p.condition, p.looks_back FROM candidate c JOIN playbook p ON p.name = c.playbook
                  LEFT JOIN latest l ON l.playbook = c.playbook AND l.account_id = c.id
                 WHERE (p.segment IS NULL OR p.segment = c.segment)
                   -- After an alert it takes the end of the matter, and the cooldown; then it may be raised though the last run saw it too.
                   AND CASE WHEN l.account_id IS NULL THEN c.begun
                            ELSE l.status IN ('resolved', 'ended') AND l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                                 AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within) END
                OFFSET 0) c
             WHERE c.condition IS NULL
                OR (SELECT %2$s.health_playbook_condition(c.condition, $1, h.score, h.inputs, h.drivers,
                               CASE WHEN c.looks_back THEN (SELECT b.drivers FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at) END)
                      FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        ), verdict AS MATERIALIZED (
            SELECT t.alerts, t.accounts, t.book, t.accounts > $7 * t.book AS held
              -- A stale account is no longer in the run.
              FROM (SELECT count(*) AS alerts, count(DISTINCT r.id) AS accounts, GREATEST((SELECT count(*) FROM pair), count(DISTINCT r.id)) AS book FROM raised r) t
        ), inserted AS (
            INSERT INTO %2$s.health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, explanation, action, severity, due_at,
                   score, band, score_before, band_before)
            SELECT c.playbook, $4, $5, c.id, $6, $1, p.trigger, c.reason, h.name, COALESCE(p.owner, h.owner), h.segment, h.value,
                   CASE WHEN h.scored_at = $1 THEN COALESCE(CASE WHEN h.inputs IS NOT NULL THEN %4$s END,
                       (SELECT string_agg(format('%%s costs %%s', d ->> 'label', trim_scale(round((d ->> 'lost')::numeric, 1))), '; ' ORDER BY (d ->> 'rank')::numeric)
                          FROM jsonb_array_elements(h.drivers) d WHERE (d ->> 'rank')::numeric <= 3 AND (d ->> 'lost')::numeric > 0)) END,
                   p.action, p.severity, $1 + p.due_in, c.score, c.band, c.score_before, c.band_before
              FROM raised c JOIN playbook p ON p.name = c.playbook JOIN verdict v ON NOT v.held
              LEFT JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at <= $1 ORDER BY h.scored_at DESC LIMIT 1) h ON true
              LEFT JOIN LATERAL (SELECT b.inputs, b.scored_at FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at
                                    AND b.model = h.model AND b.model_version = h.model_version AND b.inputs ?& ARRAY(SELECT jsonb_object_keys(h.inputs)) OFFSET 0) b ON true
             ORDER BY c.playbook COLLATE "C", c.account_id
        ), over AS (
            SELECT a.id FROM %2$s.health_alert a JOIN playbook p ON p.name = a.playbook JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.ended_at IS NULL AND a.as_of < $1 AND %5$s
               -- Whoever holds an alert in an open transaction does not hold up the run; the next one looks again.
               FOR UPDATE OF a SKIP LOCKED
        ), ended AS (
            UPDATE %2$s.health_alert a
               SET ended_at = $1,
                   status = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN 'ended' ELSE a.status END,
                   resolved_at = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN clock_timestamp() ELSE a.resolved_at END
              FROM over WHERE a.id = over.id
        ), followed AS (
            INSERT INTO %2$s.health_alert_score AS s (alert, scored_at, score, band)
            SELECT a.id, $1, n.score, n.band FROM %2$s.health_alert a JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.status IN ('resolved', 'ended') AND a.as_of < $1 AND $1 <= GREATEST(a.as_of, a.resolved_at) + '180 days'::interval
                ON CONFLICT (alert, scored_at) DO UPDATE SET score = excluded.score, band = excluded.band
        )
        SELECT v.alerts, v.accounts, v.book, v.held FROM verdict v$sql$,
        history, home, candidates, explanation, health_alert_has_ended(source, as_of, history, home), health_alert_pairs(source, as_of, history, home));
END
$$;

-- The alerts of a run: raised in the transaction that writes its rows, held where they are too many, released by a person.

-- Of rows that were written a moment ago the planner knows nothing, or, where autovacuum came by meanwhile, that there are none:
-- accounts would be looked up by their time instead of their id, each among all the others.
CREATE OR REPLACE FUNCTION health_alert_claim(n integer DEFAULT 1, lease interval DEFAULT '5 minutes', source text DEFAULT NULL)
RETURNS SETOF health_alert
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT (n OPERATOR(pg_catalog.>) 0 AND lease OPERATOR(pg_catalog.>) '0'::interval) IS TRUE THEN
        RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT * FROM health_alert_claim(10, ''5 minutes'').';
    END IF;
    RETURN QUERY
    WITH free AS MATERIALIZED (
        SELECT a.id FROM health_alert a
         WHERE (a.status OPERATOR(pg_catalog.=) 'open' AND a.delivered_at IS NULL
                OR a.status OPERATOR(pg_catalog.=) 'snoozed' AND a.snoozed_until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp())
           AND (a.leased_until IS NULL OR a.leased_until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp())
           AND (health_alert_claim.source IS NULL OR a.source OPERATOR(pg_catalog.=) health_alert_claim.source)
         ORDER BY a.due_at, a.id
         LIMIT n FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE health_alert a
           -- snoozed_until stays: it tells a reminder from a second delivery.
           SET status = 'open', delivered_at = NULL, claimed_by = current_user, attempts = a.attempts OPERATOR(pg_catalog.+) 1,
               leased_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) lease
          FROM free WHERE a.id OPERATOR(pg_catalog.=) free.id
        RETURNING a.*)
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END
$$;
COMMENT ON COLUMN health_alert.snoozed_until IS 'Until when it is put off, or was before it was handed out again.';

CREATE OR REPLACE FUNCTION health_history_analyze(history regclass, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '3s'
-- How the rows are spread over the times is all that is asked for, of one row to find their partition.
SET default_statistics_target = 20
SET enable_bitmapscan = off
AS $$
DECLARE
    partition regclass;
BEGIN
    EXECUTE pg_catalog.format('SELECT h.tableoid::pg_catalog.regclass FROM %s h WHERE h.scored_at OPERATOR(pg_catalog.=) $1 LIMIT 1', history) INTO partition USING as_of;
    IF partition IS NOT NULL THEN
        EXECUTE pg_catalog.format('ANALYZE %s (account_id, scored_at)', partition);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    -- Somebody vacuums or analyses it; then it is known soon enough.
    NULL;
END
$$;

-- Where statistics are missing, as those of a partitioned table always are until somebody asks for them, a million rows are taken
-- for few. A loop over them would take minutes: loops are put off. So are hashed groups, for those of a history come in the order of
-- its key. What all that then seems to cost would call in the JIT compiler, for longer than the statement takes. All names in it
-- are qualified, all operators those of Postgres.
CREATE OR REPLACE FUNCTION health_alert_execute(query text, as_of timestamptz, base timestamptz, held_times timestamptz[], source text, book text, run bigint, hold_above double precision,
    OUT alerts bigint, OUT accounts bigint, OUT of_accounts bigint, OUT held boolean)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET enable_hashagg = off
SET jit = off
SET intervalstyle = 'postgres'
AS $$
BEGIN
    EXECUTE query INTO alerts, accounts, of_accounts, held USING as_of, base, held_times, source, book, run, hold_above;
END
$$;

-- What a run writes: the second transaction of a refresh, without its COMMIT.

-- The second transaction of a refresh: the rows of one as_of, and what hangs on them. Whatever is derived from the rows of a
-- run belongs between the INSERT and health_run_finish, so that it is committed with them or not at all.
CREATE OR REPLACE FUNCTION health_run_write(run bigint, source health_source, as_of timestamptz, replace boolean, path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET health_score.as_of = ''
AS $$
DECLARE
    history regclass := health_history_relation(source);
    query text := health_source_query(source);
    there boolean := false;
    written bigint;
BEGIN
    IF replace THEN
        EXECUTE pg_catalog.format('DELETE FROM %s WHERE scored_at = $1', history) USING as_of;
    ELSE
        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1)', history) INTO there USING as_of;
    END IF;
    IF there THEN
        query := pg_catalog.format('SELECT * FROM (%s) AS scored WHERE NOT EXISTS (SELECT FROM %I.%I AS h WHERE h.account_id OPERATOR(pg_catalog.=) scored.account_id AND h.scored_at OPERATOR(pg_catalog.=) $1)',
            query, source.history_schema, source.history_name);
    END IF;
    written := health_run_insert(source, health_history_insert(source, query), as_of, path);
    IF written OPERATOR(pg_catalog.=) 0 AND NOT there AND source.max_staleness IS NOT NULL THEN
        RAISE EXCEPTION 'source "%" has no row of the last %', source.name, source.max_staleness USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('Column %I of %I.%I has no time between max_staleness before %s and then.', source.time_column, source.relation_schema, source.relation_name, as_of),
            HINT = 'The feed has stopped, or max_staleness is too short.';
    END IF;
    PERFORM health_run_signals(run, history, as_of, CASE WHEN NOT there THEN written END);
    PERFORM health_run_alerts(run, source);
    PERFORM health_run_finish(run, written);
    RETURN written;
END
$$;

CREATE OR REPLACE FUNCTION health_run_insert(source health_source, query text, as_of timestamptz, path text, account_id text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET health_score.as_of = ''
AS $$
DECLARE
    written bigint;
    failed_column text;
    code text;
    message text;
    detail text;
    hint text;
    account text;
BEGIN
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM health_run_tally_begin();
    -- Functions that the relation calls find what they find in the caller's session. From here on all is qualified.
    PERFORM pg_catalog.set_config('search_path', path, true);
    EXECUTE query USING as_of, account_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        account := COALESCE((pg_catalog.regexp_match(detail, '\(account_id, scored_at\)=\((.*), [^,]*\)'))[1],
                            (pg_catalog.regexp_match(detail, '\(scored_at, account_id\)=\([^,]*, (.*)\)'))[1]);
        IF account IS NULL THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'account "%" stands twice in relation %.%', account, pg_catalog.quote_ident(source.relation_schema), pg_catalog.quote_ident(source.relation_name)
            USING ERRCODE = 'unique_violation',
                  DETAIL = pg_catalog.format('Column %I holds it in more than one row%s.', source.account_column,
                      CASE WHEN source.time_column IS NOT NULL THEN pg_catalog.format(' with the same %I', source.time_column) ELSE '' END),
                  HINT = CASE WHEN source.time_column IS NULL THEN 'Bring the relation to one row an account in a view, or name its time_column.'
                              ELSE 'Bring the relation to one row an account and time in a view.' END;
    WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS failed_column = COLUMN_NAME;
        IF failed_column OPERATOR(pg_catalog.<>) 'account_id' THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'an account of relation %.% has no id', pg_catalog.quote_ident(source.relation_schema), pg_catalog.quote_ident(source.relation_name)
            USING ERRCODE = 'not_null_violation', DETAIL = pg_catalog.format('Column %I is null.', source.account_column),
                  HINT = pg_catalog.format('SELECT * FROM %I.%I WHERE %I IS NULL shows it; leave it out in a view.', source.relation_schema, source.relation_name, source.account_column);
    -- What depends on the data: whose it is, is what somebody has to look for next.
    WHEN data_exception OR raise_exception OR cardinality_violation THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        -- Of a single one whoever asked knows.
        account := CASE WHEN account_id IS NULL THEN health_run_culprit(source, as_of, path, code) END;
        IF account IS NULL THEN
            RAISE;
        END IF;
        detail := pg_catalog.concat_ws(' ', NULLIF(detail, ''), pg_catalog.format('It is account "%s" of relation %I.%I.', account, source.relation_schema, source.relation_name));
        IF hint OPERATOR(pg_catalog.<>) '' THEN
            RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail, HINT = hint;
        END IF;
        RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail;
END
$$;

-- One source as of one time, in two transactions. What fails is returned, so that the other sources go on.
CREATE OR REPLACE PROCEDURE health_refresh_source(source text, as_of timestamptz, replace boolean, backfill boolean, INOUT failure jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    home pg_catalog.text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                   WHERE e.extname OPERATOR(pg_catalog.=) 'health_score') OPERATOR(pg_catalog.||) ', pg_temp';
    path pg_catalog.text;
    run pg_catalog.int8;
    code pg_catalog.text;
    message pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
BEGIN
    failure := NULL;
    PERFORM pg_catalog.set_config('search_path', home, true);
    BEGIN
        PERFORM health_source_lock(source);
        PERFORM health_refresh_check(health_source_get(source), as_of);
        run := health_run_begin(source, as_of, backfill);
        BEGIN
            PERFORM health_run_prepare(health_source_get(source), as_of);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_failure(source, code, message, detail, hint);
            PERFORM health_run_fail(run, failure);
        END;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        failure := health_failure(source, code, message, detail, hint);
    END;
    IF failure IS NULL THEN
        -- The transaction's lock ends at its COMMIT: the session's bridges the gap to the next one.
        PERFORM pg_catalog.pg_advisory_lock(health_source_lock_key(source));
    END IF;
    COMMIT;

    path := pg_catalog.current_setting('search_path');
    PERFORM pg_catalog.set_config('search_path', home, true);
    IF failure IS NULL THEN
        -- A cancel anywhere in here still comes to the unlocking: the lock of a session would stay as long as that.
        BEGIN
            PERFORM pg_catalog.pg_advisory_xact_lock(health_source_lock_key(source));
            PERFORM health_run_show(source, as_of);
            PERFORM health_run_write(run, health_source_get(source), as_of, replace, path);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_failure(source, code, message, detail, hint);
            PERFORM health_run_fail(run, failure);
        END;
        PERFORM pg_catalog.pg_advisory_unlock(health_source_lock_key(source));
        COMMIT;
    END IF;
END
$$;

COMMENT ON PROCEDURE health_refresh_source(text, timestamptz, boolean, boolean, jsonb) IS
'One source as of one time, in two transactions; what fails is recorded in health_run and returned. Used by health_refresh and health_backfill.';

CREATE OR REPLACE PROCEDURE health_refresh(source text DEFAULT NULL, as_of timestamptz DEFAULT NULL, replace boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    home pg_catalog.text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                   WHERE e.extname OPERATOR(pg_catalog.=) 'health_score') OPERATOR(pg_catalog.||) ', pg_temp';
    at pg_catalog.timestamptz := COALESCE(as_of, pg_catalog.statement_timestamp());
    names pg_catalog.text[];
    name pg_catalog.text;
    failure pg_catalog.jsonb;
    failures pg_catalog.jsonb := '[]';
BEGIN
    PERFORM pg_catalog.set_config('search_path', home, true);
    CALL health_refresh_outside_transaction();
    names := health_refresh_sources(source);
    FOREACH name IN ARRAY names LOOP
        PERFORM pg_catalog.set_config('search_path', home, true);
        CALL health_refresh_source(name, at, COALESCE(replace, false), false, failure);
        IF failure IS NOT NULL THEN
            failures := failures OPERATOR(pg_catalog.||) failure;
            EXIT WHEN failure OPERATOR(pg_catalog.->>) 'sqlstate' OPERATOR(pg_catalog.=) '57014';
        END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', home, true);
    PERFORM health_refresh_report(failures, pg_catalog.cardinality(names));
END
$$;

CREATE OR REPLACE PROCEDURE health_backfill(source text, "from" timestamptz, "to" timestamptz DEFAULT pg_catalog.now(), step interval DEFAULT '1 month')
LANGUAGE plpgsql
AS $$
DECLARE
    home pg_catalog.text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                   WHERE e.extname OPERATOR(pg_catalog.=) 'health_score') OPERATOR(pg_catalog.||) ', pg_temp';
    at pg_catalog.timestamptz;
    times pg_catalog.timestamptz[];
    failure pg_catalog.jsonb;
BEGIN
    PERFORM pg_catalog.set_config('search_path', home, true);
    CALL health_refresh_outside_transaction();
    PERFORM health_source_get(source);
    times := health_backfill_times("from", "to", step);
    FOREACH at IN ARRAY times LOOP
        PERFORM pg_catalog.set_config('search_path', home, true);
        CALL health_refresh_source(source, at, false, true, failure);
        EXIT WHEN failure IS NOT NULL;
    END LOOP;
    IF failure IS NOT NULL THEN
        PERFORM pg_catalog.set_config('search_path', home, true);
        PERFORM health_refresh_report(pg_catalog.jsonb_build_array(failure), 1);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION health_refresh_account(source text, account_id bigint)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::pg_catalog.text, pg_catalog.current_setting('search_path'));

CREATE OR REPLACE FUNCTION health_refresh_account(source text, account_id uuid)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::pg_catalog.text, pg_catalog.current_setting('search_path'));

CREATE OR REPLACE FUNCTION health_override_set(book text, account_id bigint, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN health_override_set(book, account_id::pg_catalog.text, mode, score, note, expires);

CREATE OR REPLACE FUNCTION health_override_set(book text, account_id uuid, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN health_override_set(book, account_id::pg_catalog.text, mode, score, note, expires);

CREATE OR REPLACE FUNCTION health_forget_account(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET row_security = off
AS $$
DECLARE
    spelt text := health_book_account(book, account_id);
    ids text[] := health_identity_accounts(book, spelt) OPERATOR(pg_catalog.||) account_id;
    source health_source;
    place record;
    account text;
    gone bigint;
BEGIN
    IF pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'an account cannot be forgotten in a transaction that sees only what was there when it began' USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'Rows that others have written since would stay.', HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED first.';
    END IF;
    FOR source IN SELECT s.* FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) health_forget_account.book ORDER BY s.name LOOP
        relation := health_history_search(source);
        CONTINUE WHEN relation IS NULL;
        -- Rows that a refresh is writing could not be seen yet.
        PERFORM health_source_lock(source.name);
        rows := health_history_forget(source, ids);
        RETURN NEXT;
    END LOOP;
    FOR place IN SELECT * FROM health_account_tables() LOOP
        relation := place.relation;
        EXECUTE pg_catalog.format('DELETE FROM %s r WHERE %s', place.relation, place.condition) USING book, ids;
        GET DIAGNOSTICS rows = ROW_COUNT;
        RETURN NEXT;
    END LOOP;
    relation := 'health_run'::regclass;
    rows := 0;
    FOREACH account IN ARRAY ids LOOP
        UPDATE health_run r SET message = pg_catalog.replace(r.message, quoted.id, '(forgotten)'), detail = pg_catalog.replace(r.detail, quoted.id, '(forgotten)'),
               hint = pg_catalog.replace(r.hint, quoted.id, '(forgotten)')
          FROM (SELECT '"' OPERATOR(pg_catalog.||) account OPERATOR(pg_catalog.||) '"' AS id) quoted
         WHERE health_run_names(r, book, account);
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows OPERATOR(pg_catalog.+) gone;
    END LOOP;
    RETURN NEXT;
END
$$;

CREATE OR REPLACE FUNCTION health_export(book text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::pg_catalog.text);

CREATE OR REPLACE FUNCTION health_export(book text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::pg_catalog.text);

CREATE OR REPLACE FUNCTION health_explain_change_of(source text, account_id text, "from" timestamptz, "to" timestamptz, by text,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- The rows of a new time have no statistics: a loop over a book of them would take hours, and its cost call in the JIT compiler.
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    found_source health_source := health_source_get(source);
    history regclass := health_history_named(found_source);
    spelt text;
    before_at timestamptz;
    after_at timestamptz;
    peers_before timestamptz;
    peers_after timestamptz;
    kept boolean;
BEGIN
    IF by IS NOT NULL AND by NOT IN ('segment', 'owner', 'all') THEN
        RAISE EXCEPTION 'invalid by "%"', by USING ERRCODE = 'invalid_parameter_value', HINT = 'One of segment, owner, all; NULL compares with nobody.';
    END IF;
    IF "from" IS NULL OR "to" IS NULL THEN
        RAISE EXCEPTION 'from and to must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave them out for the last 30 days.';
    END IF;
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', pg_catalog.quote_ident(found_source.history_schema), pg_catalog.quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE pg_catalog.format('SELECT pg_catalog.max(h.scored_at), COALESCE(pg_catalog.max(h.scored_at) FILTER (WHERE h.scored_at OPERATOR(pg_catalog.<=) $2), pg_catalog.min(h.scored_at)) FROM %s h WHERE %s AND h.scored_at OPERATOR(pg_catalog.<=) $3',
        history, health_history_match(history)) INTO after_at, before_at USING spelt, "from", "to";
    IF after_at IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' OPERATOR(pg_catalog.||) account_id OPERATOR(pg_catalog.||) '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores; health_backfill those of the past.';
    END IF;
    EXECUTE pg_catalog.format('SELECT pg_catalog.bool_and(h.inputs IS NOT NULL) FROM %s h WHERE %s AND h.scored_at IN ($2, $3)', history, health_history_match(history))
       INTO kept USING spelt, before_at, after_at;
    IF NOT kept THEN
        RAISE EXCEPTION 'history % keeps no inputs', history USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'What changed is told from what the scores were computed from.', HINT = 'Add the source with keep_inputs => true.';
    END IF;
    IF by IS NOT NULL THEN
        -- The book's own refreshes, not what was scored in between; who may not read the log of runs, or has none, goes by the rows.
        peers_before := before_at;
        peers_after := CASE WHEN "to" OPERATOR(pg_catalog.>=) found_source.last_as_of THEN found_source.last_as_of END;
        IF peers_after IS NULL AND pg_catalog.has_table_privilege('health_run', 'SELECT') THEN
            SELECT pg_catalog.max(r.as_of) INTO peers_after FROM health_run r
             WHERE r.source OPERATOR(pg_catalog.=) found_source.name AND r.status IN ('done', 'held') AND r.accounts OPERATOR(pg_catalog.>) 0 AND r.as_of OPERATOR(pg_catalog.<=) "to";
        END IF;
        IF peers_after IS NULL THEN
            EXECUTE pg_catalog.format('SELECT pg_catalog.max(h.scored_at) FROM %s h WHERE h.scored_at OPERATOR(pg_catalog.<=) $1', history)
               INTO peers_after USING "to";
        END IF;
    END IF;
    RETURN QUERY EXECUTE health_explain_change_query(history, by)
           USING spelt, before_at, after_at, peers_before, peers_after, found_source.segment_column IS NOT NULL, by IS NOT NULL;
END
$$;

CREATE OR REPLACE FUNCTION health_explain_change(source text, account_id text, "from" timestamptz DEFAULT pg_catalog.now() OPERATOR(pg_catalog.-) interval '30 days', "to" timestamptz DEFAULT pg_catalog.now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id, "from", "to", by) c;
END
$$;

CREATE OR REPLACE FUNCTION health_explain_change(source text, account_id bigint, "from" timestamptz DEFAULT pg_catalog.now() OPERATOR(pg_catalog.-) interval '30 days', "to" timestamptz DEFAULT pg_catalog.now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;

CREATE OR REPLACE FUNCTION health_explain_change(source text, account_id uuid, "from" timestamptz DEFAULT pg_catalog.now() OPERATOR(pg_catalog.-) interval '30 days', "to" timestamptz DEFAULT pg_catalog.now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;

CREATE OR REPLACE FUNCTION health_account(source text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::pg_catalog.text);

CREATE OR REPLACE FUNCTION health_account(source text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::pg_catalog.text);

CREATE OR REPLACE FUNCTION health_review_model(reviewed health_model)
RETURNS SETOF health_review_row
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    days double precision := pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-) GREATEST(reviewed.reviewed_at, reviewed.created_at)) / 86400::numeric);
    wanted CONSTANT text[] := '{health_model_changed,health_model_changed_truncate,health_model_changing,health_model_guard,health_model_guard_truncate}';
    lacking text;
    -- ENABLE TRIGGER ALL, with which pg_restore --disable-triggers ends, makes those that fire always fire in sessions of the origin alone.
    weak text;
BEGIN
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'reviewed', NULL, days, CASE WHEN days OPERATOR(pg_catalog.>) 92 THEN 'due' ELSE 'ok' END,
        pg_catalog.format('%s %s days ago; quarterly is the rule', CASE WHEN reviewed.reviewed_at IS NULL THEN 'saved, and never reviewed since,' ELSE 'last reviewed' END, days))::health_review_row;
    SELECT pg_catalog.string_agg(w.name, ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled IS NULL OR t.tgenabled NOT IN ('O', 'A')),
           pg_catalog.string_agg(pg_catalog.format('ENABLE ALWAYS TRIGGER %I', w.name), ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled OPERATOR(pg_catalog.=) 'O' AND w.name OPERATOR(pg_catalog.<>) 'health_model_guard_truncate')
      INTO lacking, weak
      FROM pg_catalog.unnest(wanted) w (name)
      LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) 'health_model'::regclass AND t.tgname OPERATOR(pg_catalog.=) w.name;
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'triggers', pg_catalog.cardinality(wanted),
        pg_catalog.cardinality(wanted) - COALESCE(pg_catalog.cardinality(pg_catalog.string_to_array(lacking, ', ')), 0) - COALESCE(pg_catalog.cardinality(pg_catalog.string_to_array(weak, ', ')), 0),
        CASE WHEN lacking IS NULL AND weak IS NULL THEN 'ok' ELSE 'due' END,
        CASE WHEN lacking IS NOT NULL THEN 'disabled or dropped on health_model: ' OPERATOR(pg_catalog.||) lacking
             WHEN weak IS NOT NULL THEN 'do not fire on changes that replication brings: ALTER TABLE health_model ' OPERATOR(pg_catalog.||) weak
             ELSE 'the triggers that keep saved versions as they are, and caches fresh, are at work' END)::health_review_row;
END
$$;

-- Extensions' tables are filled in any order by pg_restore --jobs: that a run, an alert or a source is there is no longer checked by
-- the foreign keys. Deletes cascade as before. Triggers of the user's own are left alone.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT t.tgrelid::pg_catalog.regclass AS relation, t.tgname FROM pg_catalog.pg_trigger t
         WHERE t.tgrelid OPERATOR(pg_catalog.=) ANY (ARRAY['health_run_signal', 'health_alert_score', 'health_playbook']::pg_catalog.regclass[])
           AND t.tgisinternal AND t.tgconstrrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s DISABLE TRIGGER %I', one.relation, one.tgname);
    END LOOP;
END
$$;
