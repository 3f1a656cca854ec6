-- health_monitor: what a monitoring system asks, one row for each source. Each look-up is one of an index; nothing here
-- reads a history.

-- The numbers that one field of a cron schedule means; NULL if it cannot be read.
CREATE FUNCTION health_cron_field(field text, low integer, high integer, names text[] DEFAULT '{}')
RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    part text;
    parsed text[];
    first integer;
    last integer;
    numbers integer[] := '{}';
BEGIN
    FOREACH part IN ARRAY COALESCE(string_to_array(lower(field), ','), '{""}') LOOP
        parsed := regexp_match(part, '^(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([1-9][0-9]?))?$');
        IF parsed IS NULL THEN
            RETURN NULL;
        END IF;
        first := CASE WHEN parsed[1] IS NULL THEN low WHEN parsed[1] ~ '^[0-9]' THEN parsed[1]::integer ELSE array_position(names, parsed[1]) + low - 1 END;
        last := CASE WHEN parsed[1] IS NULL THEN high WHEN parsed[2] IS NULL THEN first
                     WHEN parsed[2] ~ '^[0-9]' THEN parsed[2]::integer ELSE array_position(names, parsed[2]) + low - 1 END;
        IF (first BETWEEN low AND high AND last BETWEEN first AND high) IS NOT TRUE THEN
            RETURN NULL;
        END IF;
        numbers := numbers || ARRAY(SELECT generate_series(first, last, COALESCE(parsed[3]::integer, 1)));
    END LOOP;
    RETURN numbers;
END
$$;
COMMENT ON FUNCTION health_cron_field(text, integer, integer, text[]) IS
'The numbers that a field of a cron schedule means, such as */15, 1-5 or mon,fri; NULL if it cannot be read.';

CREATE FUNCTION health_cron_next(cron text, after timestamptz, zone text DEFAULT 'UTC')
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    fields text[] := regexp_split_to_array(btrim(CASE lower(btrim(cron))
        WHEN '@hourly' THEN '0 * * * *' WHEN '@daily' THEN '0 0 * * *' WHEN '@midnight' THEN '0 0 * * *' WHEN '@weekly' THEN '0 0 * * 0'
        WHEN '@monthly' THEN '0 0 1 * *' WHEN '@yearly' THEN '0 0 1 1 *' WHEN '@annually' THEN '0 0 1 1 *' ELSE cron END), '\s+');
    minutes integer[];
    hours integer[];
    days integer[];
    months integer[];
    weekdays integer[];
    start timestamp;
    day date;
    found timestamp;
BEGIN
    IF cardinality(fields) = 2 AND fields[1] ~ '^[1-9][0-9]?$' AND lower(fields[2]) IN ('second', 'seconds') THEN
        RETURN after + make_interval(secs => fields[1]::double precision);
    END IF;
    IF (cardinality(fields) = 5) IS NOT TRUE OR after IS NULL OR NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = zone) THEN
        RETURN NULL;
    END IF;
    minutes := health_cron_field(fields[1], 0, 59);
    hours := health_cron_field(fields[2], 0, 23);
    days := CASE fields[3] WHEN '$' THEN '{}' ELSE health_cron_field(fields[3], 1, 31) END;
    months := health_cron_field(fields[4], 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
    weekdays := health_cron_field(fields[5], 0, 7, '{sun,mon,tue,wed,thu,fri,sat}');
    IF minutes IS NULL OR hours IS NULL OR days IS NULL OR months IS NULL OR weekdays IS NULL THEN
        RETURN NULL;
    END IF;
    start := date_trunc('minute', after AT TIME ZONE zone) + '1 minute'::interval;
    FOR ahead IN 0 .. 1500 LOOP
        day := start::date + ahead;
        CONTINUE WHEN EXTRACT(month FROM day)::integer <> ALL (months);
        -- As cron does: if both the day and the weekday are limited, one of them is enough.
        CONTINUE WHEN NOT CASE WHEN fields[3] LIKE '*%' OR fields[5] LIKE '*%'
            THEN (EXTRACT(day FROM day)::integer = ANY (days) OR fields[3] = '$' AND EXTRACT(day FROM day + 1)::integer = 1)
                 AND (EXTRACT(dow FROM day)::integer = ANY (weekdays) OR EXTRACT(isodow FROM day)::integer = ANY (weekdays))
            ELSE (EXTRACT(day FROM day)::integer = ANY (days) OR fields[3] = '$' AND EXTRACT(day FROM day + 1)::integer = 1)
                 OR EXTRACT(dow FROM day)::integer = ANY (weekdays) OR EXTRACT(isodow FROM day)::integer = ANY (weekdays) END;
        SELECT min(day + make_time(h, m, 0)) INTO found FROM unnest(hours) h CROSS JOIN unnest(minutes) m WHERE day + make_time(h, m, 0) >= start;
        IF found IS NOT NULL THEN
            RETURN found AT TIME ZONE zone;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_cron_next(text, timestamptz, text) IS
'The first time after a time at which a cron schedule is due, in a time zone; NULL for a schedule that is never due or cannot be read.';

CREATE VIEW @extschema@.health_monitor WITH (security_invoker = true) AS
SELECT m.source, m.run_as, m.status, m.as_of, m.started_at, m.duration, m.accounts, m.schedule, m.last_good_at, m.age, m.expected, m.due_at,
       m.late, m.failed, m.held, m.alerts_open, m.alerts_overdue, m.review_due,
       CASE WHEN NOT m.role_exists THEN pg_catalog.format('role %s does not exist', m.run_as)
            -- Other schedulers may log in as another role and SET ROLE.
            WHEN m.schedule IS NOT NULL AND NOT m.can_login THEN pg_catalog.format('role %s cannot log in, so that pg_cron cannot run its jobs', m.run_as)
            WHEN m.status IN ('failed', 'cancelled', 'abandoned') THEN pg_catalog.format('the last run is %s', m.status)
            WHEN m.status = 'running' AND NOT m.alive THEN 'the session of the last run is gone'
            WHEN m.late > GREATEST('15 minutes'::pg_catalog.interval, m.expected * 0.1::pg_catalog.float8) THEN pg_catalog.format('no good run since %s', pg_catalog.to_char(m.last_good_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))
            WHEN m.status IS NULL AND m.schedule IS NOT NULL THEN 'scheduled, and never run'
            WHEN m.held > 0 THEN 'a run is held' END AS problem
  FROM (
    SELECT s.name AS source, s.run_as, s.schedule, r.oid IS NOT NULL AS role_exists, COALESCE(r.rolcanlogin, false) AS can_login,
           l.status, l.as_of, l.started_at, COALESCE(l.finished_at, pg_catalog.clock_timestamp()) - l.started_at AS duration, l.accounts,
           EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = l.pid AND a.backend_start <= l.started_at) AS alive,
           g.started_at AS last_good_at, pg_catalog.clock_timestamp() - g.started_at AS age,
           CASE WHEN n.due_at IS NOT NULL THEN n.due_at - n.since ELSE e.expected END AS expected,
           COALESCE(n.due_at, g.started_at + e.expected) AS due_at,
           CASE WHEN l.status = 'running' AND l.started_at >= COALESCE(n.due_at, g.started_at + e.expected) THEN '0'::pg_catalog.interval
                ELSE GREATEST(pg_catalog.clock_timestamp() - COALESCE(n.due_at, g.started_at + e.expected), '0'::pg_catalog.interval) END AS late,
           f.failed, h.held, o.alerts_open, o.alerts_overdue,
           COALESCE(GREATEST(v.reviewed_at, v.created_at) < pg_catalog.now() - '92 days'::pg_catalog.interval, false) AS review_due
      FROM @extschema@.health_source s
      LEFT JOIN pg_catalog.pg_roles r ON r.rolname = s.run_as
      LEFT JOIN LATERAL (SELECT x.* FROM @extschema@.health_run x WHERE x.source = s.name ORDER BY x.started_at DESC LIMIT 1) l ON true
      LEFT JOIN LATERAL (SELECT x.started_at FROM @extschema@.health_run x
                          WHERE x.source = s.name AND x.status IN ('done', 'held') AND NOT x.backfill ORDER BY x.started_at DESC LIMIT 1) g ON true
     -- The median time between the last nine good runs, where no schedule is known.
      LEFT JOIN LATERAL (SELECT pg_catalog.percentile_cont(0.5::pg_catalog.float8) WITHIN GROUP (ORDER BY x.apart) AS expected
                           FROM (SELECT y.started_at - pg_catalog.lag(y.started_at) OVER (ORDER BY y.started_at) AS apart
                                   FROM (SELECT z.started_at FROM @extschema@.health_run z
                                          WHERE z.source = s.name AND z.status IN ('done', 'held') AND NOT z.backfill
                                          ORDER BY z.started_at DESC LIMIT 9) y) x
                         HAVING pg_catalog.count(x.apart) >= 2) e ON true
     CROSS JOIN LATERAL (SELECT COALESCE(g.started_at, s.created_at) AS since,
                                CASE WHEN s.schedule IS NOT NULL THEN health_score_internal.health_cron_next(s.schedule, COALESCE(g.started_at, s.created_at), COALESCE(health_score_internal.health_cron_setting('cron.timezone'), 'GMT')) END AS due_at) n
     CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS failed FROM @extschema@.health_run x
                          WHERE x.source = s.name AND x.status IN ('failed', 'cancelled', 'abandoned') AND x.started_at > COALESCE(g.started_at, '-infinity')) f
     CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS held FROM @extschema@.health_run x
                          WHERE x.source = s.name AND x.status = 'held'
                            AND x.started_at > COALESCE((SELECT y.started_at FROM @extschema@.health_run y
                                  WHERE y.source = s.name AND y.status = 'done' ORDER BY y.started_at DESC LIMIT 1), '-infinity')) h
     CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS alerts_open, pg_catalog.count(*) FILTER (WHERE x.due_at < pg_catalog.now()) AS alerts_overdue
                           FROM @extschema@.health_alert x WHERE x.source = s.name AND x.status IN ('open', 'acknowledged', 'snoozed')) o
      LEFT JOIN @extschema@.health_model v ON v.name = pg_catalog.regexp_replace(s.model, '@[0-9]+$', '')
       AND CASE WHEN s.model ~ '@[0-9]+$' THEN v.name || '@' || v.version::pg_catalog.text = s.model ELSE v.active END) m;
COMMENT ON VIEW @extschema@.health_monitor IS 'The state of each source, for a monitoring system: last run, age of the last good run against its schedule, held and failed runs, alerts, review. Role pg_monitor may read it.';
COMMENT ON COLUMN @extschema@.health_monitor.source IS 'The name of the source.';
COMMENT ON COLUMN @extschema@.health_monitor.run_as IS 'The role that refreshes the source.';
COMMENT ON COLUMN @extschema@.health_monitor.status IS 'The status of the last run; NULL before the first.';
COMMENT ON COLUMN @extschema@.health_monitor.as_of IS 'The time of the scores of the last run.';
COMMENT ON COLUMN @extschema@.health_monitor.started_at IS 'When the last run began.';
COMMENT ON COLUMN @extschema@.health_monitor.duration IS 'How long the last run took, or has taken so far.';
COMMENT ON COLUMN @extschema@.health_monitor.accounts IS 'The number of rows that the last run wrote.';
COMMENT ON COLUMN @extschema@.health_monitor.schedule IS 'The cron schedule of health_schedule(); NULL for another scheduler.';
COMMENT ON COLUMN @extschema@.health_monitor.last_good_at IS 'When the last run began that wrote its scores (done or held; no backfill).';
COMMENT ON COLUMN @extschema@.health_monitor.age IS 'The time since last_good_at.';
COMMENT ON COLUMN @extschema@.health_monitor.expected IS 'The time from the last good run to the next: by the schedule, otherwise the median of the last nine good runs; NULL for fewer than three.';
COMMENT ON COLUMN @extschema@.health_monitor.due_at IS 'When the next run was or is due.';
COMMENT ON COLUMN @extschema@.health_monitor.late IS 'The time since due_at; 0 before it, and while the run that was due is running.';
COMMENT ON COLUMN @extschema@.health_monitor.failed IS 'The number of failed, cancelled and abandoned runs since the last good run.';
COMMENT ON COLUMN @extschema@.health_monitor.held IS 'The number of held runs since the last run that was not held.';
COMMENT ON COLUMN @extschema@.health_monitor.alerts_open IS 'The number of alerts that are open, acknowledged or snoozed.';
COMMENT ON COLUMN @extschema@.health_monitor.alerts_overdue IS 'The number of these alerts whose deadline is over.';
COMMENT ON COLUMN @extschema@.health_monitor.review_due IS 'Whether the model was saved, and last reviewed, more than 92 days ago.';
COMMENT ON COLUMN @extschema@.health_monitor.problem IS 'The first reason to look at the source, in words; NULL if there is none.';
