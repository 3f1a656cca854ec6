-- health_run_undo: takes a run back as if it had never been made.

CREATE FUNCTION health_undo_rows(this @extschema@.health_run, history regclass)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    other bigint := (SELECT max(r.id) FROM health_run r WHERE r.source = this.source AND r.as_of = this.as_of AND r.status IN ('done', 'held') AND r.id <> this.id);
    ambiguous boolean := false;
    gone bigint;
BEGIN
    IF other IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1 AND run = 0)', history) INTO ambiguous USING this.as_of;
        IF ambiguous THEN
            RAISE EXCEPTION 'run % cannot be taken back: run % is of the same time', this.id, other USING ERRCODE = 'object_not_in_prerequisite_state',
                DETAIL = 'The rows of that time do not name their run.',
                HINT = format('CALL health_refresh(%L, %L, true) writes the rows anew; DELETE FROM %s WHERE scored_at = %2$L deletes them.', this.source, this.as_of, history);
        END IF;
    END IF;
    -- Rows that do not name their run (0) belong to the only run of their time.
    EXECUTE format('DELETE FROM %s WHERE scored_at = $1 AND run IN (0, $2)', history) USING this.as_of, this.id;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
COMMENT ON FUNCTION health_undo_rows(@extschema@.health_run, regclass) IS
'Deletes the rows of a run from its history and returns their number. 55000 if rows of 0.9.0 may belong to another run of the same time.';

-- An alert that somebody has claimed or worked on stays, as an ended one with a note.
CREATE FUNCTION health_undo_alerts(this @extschema@.health_run)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    remark text := format('Run %s was taken back.', this.id);
    newest boolean := NOT EXISTS (SELECT FROM health_run r WHERE r.source = this.source AND r.as_of > this.as_of AND r.status IN ('done', 'held'));
    alone boolean := NOT EXISTS (SELECT FROM health_run r WHERE r.source = this.source AND r.as_of = this.as_of AND r.status IN ('done', 'held') AND r.id <> this.id);
    earlier bigint;
BEGIN
    -- A data alert that an earlier run raised names that run again: the last one that was held or accepted has a hint.
    SELECT r.id INTO earlier FROM health_run r
     WHERE r.source = this.source AND r.as_of < this.as_of AND r.status IN ('done', 'held') AND r.hint IS NOT NULL
     ORDER BY r.as_of DESC, r.id DESC LIMIT 1;
    UPDATE health_alert a SET run = earlier, status = CASE a.status WHEN 'ended' THEN 'open' ELSE a.status END,
           ended_at = NULL, resolved_at = NULL
     WHERE a.source = this.source AND a.playbook IS NULL AND a.run = this.id AND a.raised_at < this.started_at AND a.status <> 'resolved' AND earlier IS NOT NULL;
    IF FOUND THEN
        PERFORM health_run_data_alert(earlier);
    END IF;
    DELETE FROM health_alert a
     WHERE a.source = this.source AND a.run = this.id AND a.status IN ('open', 'ended') AND a.attempts = 0 AND a.delivered_at IS NULL
       AND a.acknowledged_at IS NULL AND a.snoozed_until IS NULL AND a.resolved_by IS NULL;
    UPDATE health_alert a
       SET status = CASE a.status WHEN 'resolved' THEN 'resolved' ELSE 'ended' END, ended_at = COALESCE(a.ended_at, this.as_of),
           resolved_at = COALESCE(a.resolved_at, clock_timestamp()), leased_until = NULL, note = concat_ws(E'\n', a.note, remark)
     WHERE a.source = this.source AND a.run = this.id;
    IF NOT alone THEN
        -- Another run of the same time found the same causes ended, and followed the same alerts.
        RETURN;
    END IF;
    UPDATE health_alert a
       SET ended_at = NULL, resolved_at = CASE a.status WHEN 'ended' THEN NULL ELSE a.resolved_at END,
           status = CASE WHEN a.status <> 'ended' THEN a.status
                         WHEN a.snoozed_until IS NOT NULL AND a.leased_until IS NULL AND (a.delivered_at IS NULL OR a.delivered_at < a.snoozed_until) THEN 'snoozed'
                         ELSE 'open' END
     WHERE a.source = this.source AND a.ended_at = this.as_of AND a.run <> this.id AND (a.playbook IS NOT NULL OR newest)
       -- Since then the playbook may have raised another alert.
       AND NOT EXISTS (SELECT FROM health_alert o WHERE o.source = a.source AND o.playbook IS NOT DISTINCT FROM a.playbook
                          AND o.account_id IS NOT DISTINCT FROM a.account_id AND o.id > a.id);
    DELETE FROM health_alert_score f USING health_alert a WHERE a.id = f.alert AND a.source = this.source AND f.scored_at = this.as_of;
END
$$;
COMMENT ON FUNCTION health_undo_alerts(@extschema@.health_run) IS
'Takes back what a run did to alerts: deletes those that it raised, or ends them with a note if somebody has worked on them; opens those that it ended; deletes the scores that it followed.';

CREATE FUNCTION @extschema@.health_run_undo(run bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    source health_source;
    history regclass;
    other health_run;
    there boolean;
    shown timestamptz;
    gone bigint;
BEGIN
    SELECT r.* INTO this FROM health_run r WHERE r.id = run;
    IF this.id IS NULL THEN
        RAISE EXCEPTION 'unknown run %', COALESCE(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, source, as_of, status FROM health_run ORDER BY id DESC lists the runs.';
    END IF;
    PERFORM health_source_lock(this.source);
    source := health_source_get(this.source);
    PERFORM health_refresh_check(source, now());
    SELECT r.* INTO this FROM health_run r WHERE r.id = run;
    IF this.status NOT IN ('done', 'held') THEN
        RAISE EXCEPTION 'run % has nothing to take back', run USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Its status is %s.', this.status), HINT = 'Runs of the status done or held have written scores.';
    END IF;
    history := health_history_relation(source);
    PERFORM health_history_upgrade(source);
    gone := health_undo_rows(this, history);
    UPDATE health_run r SET status = 'undone', message = format('taken back by %I', current_user), detail = NULL, hint = NULL WHERE r.id = run;
    IF has_table_privilege('health_alert', 'SELECT') THEN
        IF EXISTS (SELECT FROM health_alert a WHERE a.source = this.source) THEN
            IF NOT (has_table_privilege('health_alert', 'UPDATE') AND has_table_privilege('health_alert', 'DELETE') AND has_table_privilege('health_alert_score', 'SELECT')
                    AND has_table_privilege('health_alert_score', 'DELETE')) THEN
                RAISE EXCEPTION 'role % may not take alerts back', quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
                    DETAIL = format('Source "%s" has alerts.', source.name),
                    HINT = format('GRANT SELECT, UPDATE, DELETE ON health_alert, health_alert_score TO %I.', current_user);
            END IF;
            PERFORM health_undo_alerts(this);
        END IF;
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1)', history) INTO there USING this.as_of;
    IF NOT there THEN
        -- A run whose rows were replaced by the one that is taken back.
        FOR other IN SELECT r.* FROM health_run r WHERE r.source = this.source AND r.as_of = this.as_of AND r.status IN ('done', 'held') ORDER BY r.id DESC LOOP
            UPDATE health_run r SET status = 'undone', message = format('its rows were replaced by run %s, which was taken back', run), detail = NULL, hint = NULL WHERE r.id = other.id;
            IF has_table_privilege('health_alert', 'DELETE') THEN
                PERFORM health_undo_alerts(other);
            END IF;
        END LOOP;
        IF source.last_as_of = this.as_of THEN
            shown := health_run_last(source);
            IF shown IS NULL THEN
                -- A history that was adopted has rows of times without a run.
                EXECUTE format('SELECT max(h.scored_at) FROM %s h WHERE h.run IS NOT NULL', history) INTO shown;
            END IF;
            UPDATE health_source s SET last_as_of = shown WHERE s.name = source.name;
        END IF;
    END IF;
    -- The next run reads the past anew, and so does the night that the views show, if it is a later one.
    UPDATE health_source s SET history_changed_at = clock_timestamp() WHERE s.name = source.name RETURNING s.* INTO source;
    PERFORM health_bands_write(source, this.as_of);
    PERFORM health_night_renew(source, GREATEST(source.last_as_of, this.as_of));
    RETURN gone;
END
$$;
COMMENT ON FUNCTION @extschema@.health_run_undo(bigint) IS
'Takes a run back: its rows, its alerts that nobody has worked on, what it ended and followed; the views show the run before it. Returns the number of deleted rows. Unknown: 42704; neither done nor held: 55000; the source is being refreshed: 55P03.';
