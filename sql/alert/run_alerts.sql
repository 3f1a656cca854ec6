-- The alerts of a run: raised in the transaction that writes its rows, held if there are too many, released by a
-- person.

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
COMMENT ON FUNCTION health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision) IS
'Executes the statement of health_alert_query(). Used by health_run_alerts.';

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

CREATE FUNCTION health_run_alerts(run bigint, source @extschema@.health_source, release boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    base timestamptz;
    outcome record;
    raised bigint;
BEGIN
    -- health_refresh_check() refuses roles that have playbooks but may not raise alerts.
    IF NOT (has_table_privilege('health_playbook', 'SELECT') AND has_table_privilege('health_alert', 'SELECT')) THEN
        RETURN 0;
    END IF;
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_alerts.run;
    base := health_run_base(source.name, this.as_of);
    IF this.backfill OR base IS NULL
       OR EXISTS (SELECT FROM health_run r WHERE r.source = source.name AND r.as_of > this.as_of AND r.status IN ('done', 'held'))
       OR NOT EXISTS (SELECT FROM health_alert_playbooks(source)) AND NOT EXISTS (SELECT FROM health_alert a WHERE a.source = source.name) THEN
        RETURN 0;
    END IF;
    PERFORM health_recent_ensure(source, run, this.as_of);
    outcome := health_alert_execute(health_alert_query(source, this.as_of), this.as_of, base, array_remove(health_runs_held(source.name), this.as_of), source.name, source.book, run,
        CASE WHEN release THEN 'Infinity' ELSE source.hold_alerts_above END);
    UPDATE health_run r SET alerts = outcome.alerts, status = CASE WHEN outcome.held THEN 'held' ELSE r.status END WHERE r.id = run;
    IF outcome.held THEN
        INSERT INTO health_alert (source, book, run, as_of, trigger, reason, explanation, action, severity, due_at)
        SELECT source.name, source.book, run, this.as_of, 'data',
                format('%s alerts about %s of %s accounts are held: more than %s %% of the book', outcome.alerts, outcome.accounts, outcome.of_accounts, trim_scale(round(source.hold_alerts_above::numeric * 100, 1))),
                health_run_suspects(run, source.name, base),
                format('Check whether a feed has stopped. If the scores are right: SELECT health_run_release(%s).', run), 'high', this.as_of + '1 day'::interval
         WHERE NOT EXISTS (SELECT FROM health_alert a WHERE a.source = source.name AND a.playbook IS NULL AND a.status NOT IN ('resolved', 'ended'));
        GET DIAGNOSTICS raised = ROW_COUNT;
        PERFORM health_alert_notify(source.name, run, raised);
        RETURN 0;
    END IF;
    UPDATE health_alert a SET status = 'ended', ended_at = this.as_of, resolved_at = clock_timestamp()
     -- A transaction that locks the alert does not block the run.
     WHERE a.id IN (SELECT d.id FROM health_alert d WHERE d.source = source.name AND d.playbook IS NULL
                       AND d.status IN ('open', 'snoozed') AND d.acknowledged_at IS NULL FOR UPDATE SKIP LOCKED);
    PERFORM health_alert_notify(source.name, run, outcome.alerts);
    RETURN outcome.alerts;
END
$$;
COMMENT ON FUNCTION health_run_alerts(bigint, @extschema@.health_source, boolean) IS
'Raises, ends and follows the alerts of a run, and returns the number that it raised. If there are too many and release is false, holds the run and raises one data alert. First runs, backfills and runs before the latest as_of raise no alerts.';

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
    raised := health_run_alerts(run, health_source_get(this.source), true);
    UPDATE health_run r SET status = 'done' WHERE r.id = run;
    -- Single accounts were compared without the scores of the held run.
    PERFORM health_night_renew(health_source_get(this.source), this.as_of + interval '1 microsecond');
    RETURN raised;
END
$$;
COMMENT ON FUNCTION @extschema@.health_run_release(bigint) IS
'Raises the alerts of a held run and returns their number. Unknown: 42704; not held, or superseded by a later run: 55000; the source is being refreshed: 55P03.';
