-- How a run ends: good, or held because it has too few accounts or would raise too many alerts. A good run raises its
-- alerts in the transaction that writes its rows; a held run waits for a person, or for a later run that agrees with it.

-- Without this ANALYZE, the statistics do not cover the rows of the run: the planner would look each account up by time
-- instead of by id, and read the rows of all accounts each time.
CREATE FUNCTION health_history_analyze(history regclass, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '3s'
-- A small sample is enough for the distribution of times; one row is enough to find the partition.
SET default_statistics_target = 20
SET enable_bitmapscan = off
AS $$
DECLARE
    partition regclass;
BEGIN
    EXECUTE format('SELECT h.tableoid::regclass FROM %s h WHERE h.scored_at = $1 LIMIT 1', history) INTO partition USING as_of;
    IF partition IS NOT NULL THEN
        EXECUTE format('ANALYZE %s (account_id, scored_at)', partition);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    -- Another session vacuums or analyzes the partition, so the statistics will be current soon.
    NULL;
END
$$;
COMMENT ON FUNCTION health_history_analyze(regclass, timestamptz) IS
'Analyzes the ids and times of a history in the partition of a time; does nothing if another session locks the partition for three seconds.';

-- A partitioned table has no statistics until a manual ANALYZE, so the planner takes a million rows for few. A nested
-- loop over them would take minutes: enable_nestloop is off. The key of a history already gives its order:
-- enable_hashagg is off. The high cost estimates of such plans would start the JIT compiler, which takes longer than
-- the statement: jit is off. All names in the statement are qualified, all operators are built in.
CREATE FUNCTION health_alert_execute(query text, as_of timestamptz, base timestamptz, held_times timestamptz[], source text, book text, run bigint, hold_above double precision,
    OUT alerts bigint, OUT accounts bigint, OUT of_accounts bigint, OUT held boolean, OUT playbooks jsonb)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET enable_hashagg = off
SET jit = off
SET intervalstyle = 'postgres'
AS $$
BEGIN
    EXECUTE query INTO alerts, accounts, of_accounts, held, playbooks USING as_of, base, held_times, source, book, run, hold_above;
END
$$;
COMMENT ON FUNCTION health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision) IS
'Executes the statement of health_alert_query(). Used by health_run_settle.';

CREATE FUNCTION health_run_suspects(run bigint, source text, base timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('%s: missing in %s, before in %s; mean subscore %s, before %s', s.signal, s.missing, s.missing_before,
                   COALESCE(round(s.mean::numeric, 1)::text, 'none'), COALESCE(round(s.mean_before::numeric, 1)::text, 'none')), E'\n'
                   ORDER BY s.place)
          FROM (SELECT n.signal, n.missing, n.mean, b.missing AS missing_before, b.mean AS mean_before,
                       row_number() OVER (ORDER BY abs(n.missing - b.missing) DESC,
                                                              abs(COALESCE(n.mean, 0) - COALESCE(b.mean, 0)) DESC, n.signal) AS place
                  FROM health_run_signal n
                  JOIN health_run_signal b ON b.signal = n.signal
                 WHERE n.run = health_run_suspects.run
                   AND b.run = (SELECT max(r.id) FROM health_run r WHERE r.source = health_run_suspects.source
                                                        AND r.as_of = base AND r.status = 'done')) s
         WHERE s.place <= 3);
END
$$;
COMMENT ON FUNCTION health_run_suspects(bigint, text, timestamptz) IS 'The three signals of a run that differ most from the run to compare with, in words: a feed that stopped is among them.';

CREATE FUNCTION health_alert_notify(source text, run bigint, count bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF count > 0 THEN
        -- Every role may LISTEN: the payload has no data of accounts.
        PERFORM pg_notify('health_alert', json_build_object('source', source, 'run', run, 'count', count)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION health_alert_notify(text, bigint, bigint) IS 'Sends NOTIFY health_alert with the source, the run and the number of alerts as JSON, if there are alerts.';

-- Retention may have dropped the rows: then the log of runs tells their number.
CREATE FUNCTION health_run_accounts(source @extschema@.health_source, as_of timestamptz)
RETURNS bigint
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    accounts bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s WHERE scored_at = $1', health_history_relation(source)) INTO accounts USING as_of;
    RETURN CASE accounts WHEN 0 THEN COALESCE((SELECT max(r.accounts) FROM health_run r
                                                WHERE r.source = health_run_accounts.source.name AND r.as_of = health_run_accounts.as_of AND r.status IN ('done', 'held')), 0)
                         ELSE accounts END;
END
$$;
COMMENT ON FUNCTION health_run_accounts(@extschema@.health_source, timestamptz) IS 'The number of accounts of a source''s run.';

-- A feed that stops on a Friday is back within a week. A book that has lost half of its accounts for good is not.
CREATE FUNCTION health_run_few_stay(source @extschema@.health_source, as_of timestamptz, base timestamptz, accounts bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    nights timestamptz[];
    agree boolean;
BEGIN
    SELECT array_agg(h.as_of) FILTER (WHERE h.as_of >= h.week_ago) INTO nights
      FROM (SELECT r.as_of, max(r.as_of) FILTER (WHERE r.as_of <= health_run_few_stay.as_of - '7 days'::interval) OVER () AS week_ago
              FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status, r.held_for FROM health_run r
                     WHERE r.source = source.name AND r.as_of > base AND r.as_of < health_run_few_stay.as_of AND r.status IN ('done', 'held')
                     ORDER BY r.as_of, r.id DESC) r
             WHERE r.status = 'held' AND r.held_for = 'accounts') h;
    IF nights IS NULL OR accounts = 0 THEN
        RETURN false;
    END IF;
    EXECUTE format('SELECT min(n.accounts) >= $3 * max(n.accounts) FROM (SELECT $2 AS accounts UNION ALL SELECT (SELECT count(*) FROM %s h WHERE h.scored_at = t.at) FROM unnest($1) t (at)) n',
        health_history_relation(source)) INTO agree USING nights, accounts, source.hold_accounts_below;
    RETURN agree;
END
$$;
COMMENT ON FUNCTION health_run_few_stay(@extschema@.health_source, timestamptz, timestamptz, bigint) IS
'Whether all runs of the last seven days or longer were held for too few accounts, and had about as many accounts as this one.';

-- What the alert says is in the row of the run, so that it can be written again when a later run is taken back.
CREATE FUNCTION health_run_data_alert(run bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    raised bigint;
BEGIN
    IF NOT (has_table_privilege('health_alert', 'SELECT') AND has_table_privilege('health_alert', 'INSERT') AND has_table_privilege('health_alert', 'UPDATE')) THEN
        RETURN 0;
    END IF;
    -- due_at stays that of the first run: it is since then that somebody must act.
    UPDATE health_alert a SET run = r.id, as_of = r.as_of, reason = r.message, explanation = r.detail, action = r.hint
      FROM health_run r
     WHERE r.id = health_run_data_alert.run AND r.hint IS NOT NULL
       AND a.id IN (SELECT d.id FROM health_alert d WHERE d.source = r.source AND d.playbook IS NULL AND d.status NOT IN ('resolved', 'ended') FOR UPDATE SKIP LOCKED);
    INSERT INTO health_alert (source, book, run, as_of, trigger, reason, explanation, action, severity, due_at)
    SELECT r.source, s.book, r.id, r.as_of, 'data', r.message, r.detail, r.hint, 'high', r.as_of + '1 day'::interval
      FROM health_run r JOIN health_source s ON s.name = r.source
     WHERE r.id = health_run_data_alert.run AND r.hint IS NOT NULL
       AND NOT EXISTS (SELECT FROM health_alert a WHERE a.source = r.source AND a.playbook IS NULL AND a.status NOT IN ('resolved', 'ended'));
    GET DIAGNOSTICS raised = ROW_COUNT;
    RETURN raised;
END
$$;
COMMENT ON FUNCTION health_run_data_alert(bigint) IS
'Raises the data alert of a run, or brings the open one of its source up to date, and returns the number of raised alerts. Does nothing for a role that may not raise alerts, or a run that is neither held nor accepted.';

CREATE FUNCTION health_run_settle(run bigint, source @extschema@.health_source, accounts bigint, release boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    previous health_run;
    base timestamptz;
    base_model text;
    before bigint;
    newest boolean;
    query text;
    held_times timestamptz[];
    outcome record;
    again record;
    evaluated boolean := false;
    too_few boolean := false;
    too_many boolean := false;
    accepted text;
    detail text;
BEGIN
    SELECT r.* INTO this FROM health_run r WHERE r.id = run;
    base := health_run_base(source.name, this.as_of);
    newest := NOT EXISTS (SELECT FROM health_run r WHERE r.source = source.name AND r.as_of > this.as_of AND r.status IN ('done', 'held'));
    IF base IS NOT NULL AND NOT release THEN
        before := health_run_accounts(source, base);
        too_few := accounts < source.hold_accounts_below * before;
        IF too_few AND health_run_few_stay(source, this.as_of, base, accounts) THEN
            too_few := false;
            accepted := format('%s accounts are taken as the new level: there were %s as of %s, and for seven days every run has had about as many as this one',
                accounts, before, to_char(base AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'));
        END IF;
    END IF;
    -- health_refresh_check() refuses roles that have playbooks but may not raise alerts.
    IF base IS NOT NULL AND newest AND NOT this.backfill AND has_table_privilege('health_playbook', 'SELECT') AND has_table_privilege('health_alert', 'SELECT') THEN
        IF EXISTS (SELECT FROM health_alert_playbooks(source)) OR EXISTS (SELECT FROM health_alert a WHERE a.source = source.name) THEN
            EXECUTE format('SELECT h.model FROM %s h WHERE h.scored_at = $1 LIMIT 1', health_history_relation(source)) INTO base_model USING base;
            -- Scores of two models are not comparable: the first run of a model raises no alerts.
            evaluated := base_model IS NULL OR base_model = regexp_replace(source.model, '@[0-9]+$', '');
        END IF;
    END IF;
    IF evaluated THEN
        PERFORM health_recent_ensure(source, run, this.as_of);
        query := health_alert_query(source, this.as_of);
        held_times := array_remove(health_runs_held(source.name), this.as_of);
        outcome := health_alert_execute(query, this.as_of, base, held_times, source.name, source.book, run,
            CASE WHEN release THEN 'Infinity' WHEN too_few THEN -1 ELSE source.hold_alerts_above END);
        too_many := outcome.held AND NOT too_few;
        IF too_many THEN
            -- A run that agrees with the held one before it: what has changed was no accident of one night.
            SELECT r.* INTO previous FROM health_run r
             WHERE r.source = source.name AND r.as_of < this.as_of AND r.status IN ('done', 'held') ORDER BY r.as_of DESC, r.id DESC LIMIT 1;
            IF previous.status = 'held' AND previous.held_for IS DISTINCT FROM 'accounts' THEN
                again := health_alert_execute(health_alert_query(source, this.as_of, previous.as_of), this.as_of, previous.as_of, held_times, source.name, source.book, run, source.hold_alerts_above);
                IF NOT again.held THEN
                    accepted := format('the scores of run %s are taken as the new level: they agree with those of run %s, which was held', run, previous.id);
                    detail := format('Compared with %s, %s alerts about %s of %s accounts were not raised: SELECT * FROM health_run_alerts(%s).',
                        to_char(base AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), outcome.alerts, outcome.accounts, outcome.of_accounts, previous.id);
                    outcome := again;
                    too_many := false;
                END IF;
            END IF;
        END IF;
    END IF;
    IF too_few OR too_many THEN
        IF too_few THEN
            UPDATE health_run r
               SET held_for = 'accounts', message = format('%s accounts are fewer than %s %% of the %s as of %s', accounts,
                       trim_scale(round(source.hold_accounts_below::numeric * 100, 1)), before, to_char(base AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')),
                   hint = format('Check the relation. If the other accounts are gone for good: SELECT health_run_release(%s).', run)
             WHERE r.id = run;
        ELSE
            UPDATE health_run r
               SET held_for = 'alerts', message = format('%s alerts about %s of %s accounts are held: more than %s %% of the book', outcome.alerts, outcome.accounts,
                       outcome.of_accounts, trim_scale(round(source.hold_alerts_above::numeric * 100, 1))),
                   hint = format('Check whether a feed has stopped. If the scores are right: SELECT health_run_release(%s).', run)
             WHERE r.id = run;
        END IF;
        UPDATE health_run r SET status = 'held', detail = health_run_suspects(run, source.name, base) WHERE r.id = run;
        IF evaluated THEN
            UPDATE health_run r SET alerts = outcome.alerts, held_alerts = outcome.playbooks WHERE r.id = run;
        END IF;
        IF newest THEN
            PERFORM health_alert_notify(source.name, run, health_run_data_alert(run));
        END IF;
        RETURN 0;
    END IF;
    UPDATE health_run r SET (message, detail, hint) = (SELECT accepted, detail, CASE WHEN accepted IS NOT NULL THEN 'Check the level. If it is right, resolve this alert.' END) WHERE r.id = run;
    IF evaluated THEN
        UPDATE health_run r SET alerts = outcome.alerts WHERE r.id = run;
    END IF;
    IF accepted IS NOT NULL AND newest THEN
        PERFORM health_alert_notify(source.name, run, health_run_data_alert(run));
    ELSIF newest AND has_table_privilege('health_alert', 'SELECT') AND has_table_privilege('health_alert', 'UPDATE') THEN
        UPDATE health_alert a SET status = 'ended', ended_at = this.as_of, resolved_at = clock_timestamp()
         -- A transaction that locks the alert does not block the run. What tells of a new level stays for a person.
         WHERE a.id IN (SELECT d.id FROM health_alert d WHERE d.source = source.name AND d.playbook IS NULL
                           AND d.status IN ('open', 'snoozed') AND d.acknowledged_at IS NULL
                           AND NOT EXISTS (SELECT FROM health_run r WHERE r.id = d.run AND r.status = 'done') FOR UPDATE SKIP LOCKED);
    END IF;
    IF NOT evaluated THEN
        RETURN 0;
    END IF;
    PERFORM health_alert_notify(source.name, run, outcome.alerts);
    RETURN outcome.alerts;
END
$$;
COMMENT ON FUNCTION health_run_settle(bigint, @extschema@.health_source, bigint, boolean) IS
'Decides whether a run is held, unless release is true; otherwise raises, ends and follows its alerts, and returns the number that it raised. First runs, first runs of a model, backfills and runs before the latest as_of raise none.';

CREATE FUNCTION @extschema@.health_run_alerts(run bigint, OUT playbook text, OUT alerts bigint, OUT accounts bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    this health_run;
BEGIN
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_alerts.run;
    IF this.id IS NULL THEN
        RAISE EXCEPTION 'unknown run %', COALESCE(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, source, as_of, status FROM health_run ORDER BY id DESC lists the runs.';
    END IF;
    IF this.status = 'held' THEN
        RETURN QUERY SELECT h.playbook, h.alerts, h.accounts
                       FROM jsonb_to_recordset(this.held_alerts) AS h (playbook text, alerts bigint, accounts bigint);
    ELSE
        RETURN QUERY SELECT a.playbook, count(*), count(DISTINCT a.account_id) FROM health_alert a
                      WHERE a.source = this.source AND a.run = this.id AND a.playbook IS NOT NULL
                      GROUP BY a.playbook ORDER BY 2 DESC, a.playbook COLLATE "C";
    END IF;
END
$$;
COMMENT ON FUNCTION @extschema@.health_run_alerts(bigint) IS
'The alerts of a run by playbook, and the number of their accounts: those that it raised, or that a held run would have raised. Unknown: 42704.';

CREATE FUNCTION @extschema@.health_run_release(run bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    this health_run;
    later bigint;
    raised bigint;
BEGIN
    PERFORM health_require('operator', 'health_run', 'SELECT, UPDATE');
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_release.run;
    IF this.id IS NULL THEN
        RAISE EXCEPTION 'unknown run %', COALESCE(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists the held runs.';
    END IF;
    PERFORM health_source_lock(this.source);
    PERFORM health_refresh_check(health_source_get(this.source), now());
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_release.run;
    IF this.status <> 'held' THEN
        RAISE EXCEPTION 'run % is not held', run USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Its status is %s.', this.status), HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists the held runs.';
    END IF;
    SELECT max(r.id) INTO later FROM health_run r
     WHERE r.source = this.source AND r.status IN ('done', 'held') AND r.id > this.id AND r.as_of >= this.as_of;
    IF later IS NOT NULL THEN
        RAISE EXCEPTION 'run % of source "%" is superseded', run, this.source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Run %s is later and was compared with the last run that was not held.', later), HINT = 'Release the later run, if it is held.';
    END IF;
    raised := health_run_settle(run, health_source_get(this.source), NULL, true);
    UPDATE health_run r SET status = 'done' WHERE r.id = run;
    UPDATE health_source s SET last_as_of = this.as_of WHERE s.name = this.source AND (s.last_as_of < this.as_of) IS NOT FALSE;
    -- Single accounts were compared without the scores of the held run.
    PERFORM health_night_renew(health_source_get(this.source), this.as_of + interval '1 microsecond');
    RETURN raised;
END
$$;
COMMENT ON FUNCTION @extschema@.health_run_release(bigint) IS
'Accepts a held run: raises its alerts and returns their number; the views show it, and later runs are compared with it. Unknown: 42704; not held, or superseded by a later run: 55000; the source is being refreshed: 55P03.';
