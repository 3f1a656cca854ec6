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
                ELSE format('Its cause ended at %s.', found.ended_at) END,
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
