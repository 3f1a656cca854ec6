-- What workers and people do with an alert: claim, deliver, acknowledge, snooze, resolve.

CREATE FUNCTION health_alert_get(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert;
BEGIN
    SELECT a.* INTO found FROM health_alert a WHERE a.id = health_alert_get.id FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'unknown alert %', COALESCE(id::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, name, reason FROM health_alert WHERE status = ''open'' lists what is open.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_get(bigint) IS 'An alert''s row of health_alert, locked until the end of the transaction. Unknown: 42704.';

CREATE FUNCTION health_alert_require_open(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert := health_alert_get(id);
BEGIN
    IF found.status IN ('resolved', 'ended') THEN
        RAISE EXCEPTION 'alert % is over', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE found.status
                WHEN 'resolved' THEN format('%s resolved it at %s.', found.resolved_by, found.resolved_at)
                ELSE format('The matter had ended at %s.', found.ended_at) END,
            HINT = 'If it comes up again, the playbook raises another.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_require_open(bigint) IS 'An alert''s row of health_alert, locked until the end of the transaction. Unknown: 42704; resolved or ended: 55000.';

-- A lease, not a lock: a worker that dies loses it, and no transaction stays open while it talks to the world.
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
           -- snoozed_until stays: it tells a reminder from a second delivery.
           SET status = 'open', delivered_at = NULL, claimed_by = current_user, attempts = a.attempts + 1,
               leased_until = clock_timestamp() + lease
          FROM free WHERE a.id = free.id
        RETURNING a.*)
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_claim(integer, interval, text) IS
'Hands out up to n alerts that are to be delivered, the soonest due first, and to nobody else before the lease ends; of one source, if named. Several workers may call it at once. Also what was snoozed until now.';

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
            DETAIL = 'Another worker could deliver it too.', HINT = 'SELECT * FROM health_alert_claim() hands alerts out.';
    END IF;
    -- Two may have delivered it, where a lease ended in between: the first counts.
    IF alert.delivered_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE health_alert a SET delivered_at = clock_timestamp(), leased_until = NULL, ref = COALESCE(health_alert_delivered.ref, a.ref)
     WHERE a.id = alert.id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_delivered(bigint, text) IS
'Notes that an alert was delivered, and how it is called there. False where it was noted before. Unknown: 42704; never claimed: 55000.';

CREATE FUNCTION @extschema@.health_alert_ack(id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF alert.status = 'acknowledged' THEN
        RAISE EXCEPTION 'alert % is taken', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s took it up at %s.', alert.acknowledged_by, alert.acknowledged_at),
            HINT = 'Whoever is done with it calls health_alert_resolve().';
    END IF;
    UPDATE health_alert a SET status = 'acknowledged', snoozed_until = NULL, leased_until = NULL, acknowledged_at = clock_timestamp(), acknowledged_by = current_user
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_ack(bigint) IS
'The current role takes an alert up: it is not handed out, and does not end by itself. Unknown: 42704; taken or over: 55000.';

CREATE FUNCTION @extschema@.health_alert_snooze(id bigint, until timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF NOT (until > clock_timestamp() AND isfinite(until)) IS TRUE THEN
        RAISE EXCEPTION 'an alert is snoozed until a time to come' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_alert_snooze(1, now() + interval ''1 week'').';
    END IF;
    UPDATE health_alert a SET status = 'snoozed', snoozed_until = until, leased_until = NULL WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_snooze(bigint, timestamptz) IS
'Puts an alert off: health_alert_claim() hands it out again after that time. Unknown: 42704; over: 55000; not to come: 22023.';

CREATE FUNCTION @extschema@.health_alert_resolve(id bigint, action text, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF COALESCE(action, '') = '' THEN
        RAISE EXCEPTION 'what was done must be said' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'Whether it helped is asked by action.', HINT = 'For example: SELECT health_alert_resolve(1, ''training'', ''two sessions with the new team'').';
    END IF;
    UPDATE health_alert a SET status = 'resolved', snoozed_until = NULL, leased_until = NULL, resolved_at = clock_timestamp(), resolved_by = current_user,
           action_taken = health_alert_resolve.action, note = health_alert_resolve.note
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_resolve(bigint, text, text) IS
'Ends an alert with what was done. The account''s scores are followed for 180 days. Unknown: 42704; over: 55000; no action: 22004.';
