-- The steps of workers and people with an alert: claim, deliver, acknowledge, snooze, resolve.

CREATE FUNCTION health_alert_get(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert;
BEGIN
    PERFORM health_require('csm', 'health_alert', 'SELECT, UPDATE');
    SELECT a.* INTO found FROM health_alert a WHERE a.id = health_alert_get.id FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'unknown alert %', COALESCE(id::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, name, reason FROM health_alert WHERE status = ''open'' lists the open alerts.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_get(bigint) IS 'The row of an alert in health_alert, locked until the end of the transaction. Unknown: 42704.';

CREATE FUNCTION health_alert_require_open(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert := health_alert_get(id);
BEGIN
    IF found.status IN ('resolved', 'ended') THEN
        RAISE EXCEPTION 'alert % is closed', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE found.status
                WHEN 'resolved' THEN format('%s resolved it at %s.', found.resolved_by, found.resolved_at)
                ELSE format('It ended at %s: its cause was over, or the playbook raised it again.', COALESCE(found.ended_at, found.resolved_at)) END,
            HINT = 'If the cause returns, the playbook raises another alert.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_require_open(bigint) IS 'The row of an alert in health_alert, locked until the end of the transaction. Unknown: 42704; resolved or ended: 55000.';

-- A lease, not a lock: the lease of a dead worker expires, and no transaction stays open during the delivery.
CREATE FUNCTION @extschema@.health_alert_claim(n integer DEFAULT 1, lease interval DEFAULT '5 minutes', source text DEFAULT NULL)
RETURNS SETOF @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT (n > 0 AND lease > '0'::interval) IS TRUE THEN
        RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT * FROM health_alert_claim(10, ''5 minutes'').';
    END IF;
    PERFORM health_require('csm', 'health_alert', 'SELECT, UPDATE');
    RETURN QUERY
    WITH free AS MATERIALIZED (
        SELECT a.id FROM health_alert a
         WHERE (a.status = 'open' AND a.delivered_at IS NULL
                OR a.status = 'snoozed' AND a.snoozed_until <= clock_timestamp())
           AND (a.leased_until IS NULL OR a.leased_until <= clock_timestamp())
           AND (health_alert_claim.source IS NULL OR a.source = health_alert_claim.source)
         ORDER BY a.due_at, a.id
         LIMIT n FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE health_alert a
           -- snoozed_until stays: it distinguishes a reminder from a second delivery.
           SET status = 'open', delivered_at = NULL, claimed_by = current_user, attempts = a.attempts + 1,
               leased_until = clock_timestamp() + lease
          FROM free WHERE a.id = free.id
        RETURNING a.*)
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_claim(integer, interval, text) IS
'Claims and returns up to n alerts for delivery, the soonest due first, also those whose snooze is over; source NULL: of all sources. No other worker gets them before the lease ends; several workers may call it at once. n or lease not positive: 22023.';

CREATE FUNCTION @extschema@.health_alert_delivered(id bigint, ref text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_get(id);
BEGIN
    IF alert.attempts = 0 THEN
        RAISE EXCEPTION 'alert % has not been claimed', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Another worker could deliver the same alert.', HINT = 'SELECT * FROM health_alert_claim() hands alerts out.';
    END IF;
    -- If a lease ends early, two workers may deliver the same alert: the first delivery counts.
    IF alert.delivered_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE health_alert a SET delivered_at = clock_timestamp(), leased_until = NULL, ref = COALESCE(health_alert_delivered.ref, a.ref)
     WHERE a.id = alert.id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_delivered(bigint, text) IS
'Marks an alert as delivered; ref is its id in the receiving system. False if the alert was already delivered. Unknown: 42704; never claimed: 55000.';

CREATE FUNCTION @extschema@.health_alert_ack(id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF alert.status = 'acknowledged' THEN
        RAISE EXCEPTION 'alert % is already acknowledged', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s acknowledged it at %s.', alert.acknowledged_by, alert.acknowledged_at),
            HINT = 'When the work is done, call health_alert_resolve().';
    END IF;
    UPDATE health_alert a SET status = 'acknowledged', snoozed_until = NULL, leased_until = NULL, acknowledged_at = clock_timestamp(), acknowledged_by = current_user
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_ack(bigint) IS
'Acknowledges an alert as the current role: the alert is not handed out and does not end by itself. Unknown: 42704; already acknowledged, resolved or ended: 55000.';

CREATE FUNCTION @extschema@.health_alert_snooze(id bigint, until timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF NOT (until > clock_timestamp() AND isfinite(until)) IS TRUE THEN
        RAISE EXCEPTION 'until must be a finite time in the future' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_alert_snooze(1, now() + interval ''1 week'').';
    END IF;
    UPDATE health_alert a SET status = 'snoozed', snoozed_until = until, leased_until = NULL WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_snooze(bigint, timestamptz) IS
'Snoozes an alert: health_alert_claim() hands it out again after that time. Unknown: 42704; resolved or ended: 55000; not in the future: 22023.';

CREATE FUNCTION @extschema@.health_alert_resolve(id bigint, action text, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF COALESCE(action, '') = '' THEN
        RAISE EXCEPTION 'action must not be empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'The effect of alerts is compared by action.', HINT = 'For example: SELECT health_alert_resolve(1, ''training'', ''two sessions with the new team'').';
    END IF;
    UPDATE health_alert a SET status = 'resolved', snoozed_until = NULL, leased_until = NULL, resolved_at = clock_timestamp(), resolved_by = current_user,
           action_taken = health_alert_resolve.action, note = health_alert_resolve.note
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_resolve(bigint, text, text) IS
'Resolves an alert with the action that was taken. The scores of the account are followed for 180 days. Unknown: 42704; already resolved or ended: 55000; no action: 22004.';

CREATE FUNCTION @extschema@.health_alert_assign(id bigint, owner text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF COALESCE(owner, '') = '' THEN
        RAISE EXCEPTION 'owner must not be empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'An alert without an owner is in nobody''s list.', HINT = 'For example: SELECT health_alert_assign(1, ''ann'').';
    END IF;
    UPDATE health_alert a SET owner = health_alert_assign.owner WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_assign(bigint, text) IS
'Gives an alert to another owner; its status and delivery stay. Unknown: 42704; resolved or ended: 55000; no owner: 22004.';

CREATE FUNCTION health_alert_account(history regclass, account_id text, OUT as_of timestamptz, OUT name text, OUT owner text, OUT segment text,
    OUT value numeric, OUT score double precision, OUT band text)
RETURNS record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF history IS NULL THEN
        RETURN;
    END IF;
    EXECUTE format('SELECT h.scored_at, h.name, h.owner, h.segment, h.value, h.score, h.band FROM %s h WHERE %s ORDER BY h.scored_at DESC LIMIT 1',
                   history, health_history_match(history))
       INTO as_of, name, owner, segment, value, score, band USING account_id;
END
$$;
COMMENT ON FUNCTION health_alert_account(regclass, text) IS 'The newest row of an account in a history, as an alert shows it; NULLs if there is none, or no history.';

CREATE FUNCTION @extschema@.health_alert_raise(source text, account_id anycompatible, reason text, action text, owner text DEFAULT NULL, severity text DEFAULT 'medium',
    due_in interval DEFAULT '7 days', playbook text DEFAULT 'by hand')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    of_source health_source := health_source_get(source);
    spelt text := health_book_account(of_source.book, account_id::text);
    account record;
    alert bigint;
BEGIN
    IF COALESCE(reason, '') = '' OR COALESCE(action, '') = '' OR COALESCE(playbook, '') = '' THEN
        RAISE EXCEPTION 'reason, action and playbook must not be empty' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_alert_raise(''crm'', 17, ''the sponsor has left'', ''Find the next one.'').';
    END IF;
    IF NOT (severity IN ('low', 'medium', 'high', 'critical') AND due_in >= '0'::interval) IS TRUE THEN
        RAISE EXCEPTION 'severity must be low, medium, high or critical, and due_in not negative' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_alert_raise(''crm'', 17, ''the sponsor has left'', ''Find the next one.'', severity => ''high'', due_in => ''2 days'').';
    END IF;
    IF EXISTS (SELECT FROM health_playbook p WHERE p.name = playbook) THEN
        RAISE EXCEPTION 'playbook "%" raises its alerts itself', playbook USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The next run would end an alert whose cause it does not find.', HINT = 'Omit playbook, or choose a name that no playbook has.';
    END IF;
    account := health_alert_account(health_history_plain(of_source), spelt);
    IF account.as_of IS NULL THEN
        PERFORM health_book_warn(of_source.book, spelt);
    END IF;
    INSERT INTO health_alert AS a (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, action, severity, due_at, score, band)
    VALUES (playbook, of_source.name, of_source.book, spelt, 0, COALESCE(account.as_of, now()), 'hand', reason, account.name, COALESCE(owner, account.owner), account.segment, account.value, action, severity,
            now() + due_in, account.score, account.band)
        ON CONFLICT DO NOTHING RETURNING a.id INTO alert;
    IF alert IS NULL THEN
        RAISE EXCEPTION 'account "%" of source "%" has an open alert of "%"', spelt, source, playbook USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'An account has at most one open alert of a playbook.', HINT = 'Resolve that alert, or name another topic by playbook => ….';
    END IF;
    RETURN alert;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_raise(text, anycompatible, text, text, text, text, interval, text) IS
'Raises an alert by hand and returns its id; name, owner, score and band are those of the newest row in the history. It ends only when somebody resolves it. Unknown source: 42704; an open alert of the same playbook name: 55000.';

CREATE FUNCTION @extschema@.health_alert_digest(source text DEFAULT NULL, owner text DEFAULT NULL, OUT book text, OUT account_id text, OUT name text, OUT owners text[],
    OUT segment text, OUT value numeric, OUT score double precision, OUT band text, OUT alerts bigint, OUT severity text, OUT due_at timestamptz, OUT playbooks text[],
    OUT reasons text[], OUT actions text[], OUT explanation text, OUT ids bigint[])
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    ranks CONSTANT text[] := ARRAY['low', 'medium', 'high', 'critical'];
BEGIN
    IF health_alert_digest.source IS NOT NULL THEN
        PERFORM health_source_get(health_alert_digest.source);
    END IF;
    RETURN QUERY
    SELECT a.book, a.account_id, (array_agg(a.name ORDER BY a.as_of DESC, a.id DESC) FILTER (WHERE a.name IS NOT NULL))[1],
           array_agg(DISTINCT a.owner) FILTER (WHERE a.owner IS NOT NULL),
           (array_agg(a.segment ORDER BY a.as_of DESC, a.id DESC))[1], (array_agg(a.value ORDER BY a.as_of DESC, a.id DESC))[1],
           (array_agg(a.score ORDER BY a.as_of DESC, a.id DESC))[1], (array_agg(a.band ORDER BY a.as_of DESC, a.id DESC))[1],
           count(*), ranks[max(array_position(ranks, a.severity))], min(a.due_at),
           array_agg(a.playbook ORDER BY a.due_at, a.id), array_agg(a.reason ORDER BY a.due_at, a.id), array_agg(a.action ORDER BY a.due_at, a.id),
           (array_agg(a.explanation ORDER BY a.as_of DESC, a.id DESC) FILTER (WHERE a.explanation IS NOT NULL))[1],
           array_agg(a.id ORDER BY a.due_at, a.id)
      FROM health_alert a
     WHERE a.account_id IS NOT NULL
       AND (a.status IN ('open', 'acknowledged') OR a.status = 'snoozed' AND a.snoozed_until <= clock_timestamp())
       AND (health_alert_digest.source IS NULL OR a.source = health_alert_digest.source)
       AND (health_alert_digest.owner IS NULL OR a.owner = health_alert_digest.owner)
     GROUP BY a.book, a.account_id
     ORDER BY max(array_position(ranks, a.severity)) DESC, min(a.due_at), a.book, a.account_id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_digest(text, text) IS
'The open alerts of each account in one row, the most severe first and then the soonest due; of one source or one owner if named. Alerts that are snoozed and data alerts are left out. Unknown source: 42704.';
