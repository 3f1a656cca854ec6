#!/usr/bin/env bash
# What is carried from night to night says what a full look back over the history says: random books through random nights, with gaps,
# repeated and out-of-order runs, single accounts, new windows, held runs, accounts that vanish and return, and a lost cache. The
# oracle is plain SQL over the rows of the history.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

sql <<'SQL'
-- late: an account was scored for a time before the newest run, as by a transaction that commits late. The next run sees it.
CREATE TABLE trial (seed integer, day integer DEFAULT 0, step text, late boolean DEFAULT false);
-- A window as the model writes it, and what it is.
CREATE TABLE written (version integer PRIMARY KEY, length interval, tolerance float8);
CREATE TABLE data (id integer, day date, v integer, PRIMARY KEY (id, day));
CREATE VIEW book AS SELECT d.id, 'Account ' || d.id AS name, d.v FROM data d WHERE d.day = (health_as_of() AT TIME ZONE 'UTC')::date;
CREATE FUNCTION chance(n integer) RETURNS integer LANGUAGE sql RETURN floor(random() * n)::integer;

CREATE FUNCTION saved(length text, means interval, tolerance float8) RETURNS void LANGUAGE sql AS $$
  INSERT INTO written SELECT health_model_save('m', jsonb_build_object('signals', '{"v": {"scale": {"linear": [0, 100]}}}'::jsonb,
    'trend', jsonb_build_object('window', length, 'tolerance', tolerance))), means, tolerance ON CONFLICT DO NOTHING $$;

-- As health_refresh_account() at a time of this world.
CREATE FUNCTION single(account integer, at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE s health_source;
BEGIN
  SELECT * INTO s FROM health_source WHERE name = 's';
  PERFORM health_score_internal.health_run_insert(s, health_score_internal.health_history_insert(s, health_score_internal.health_source_query(s, true),
    health_score_internal.health_recall_of(s, at, NULL)) || ' ON CONFLICT DO NOTHING', at, current_setting('search_path'), ARRAY[account::text]);
END $$;

CREATE VIEW held AS SELECT as_of FROM (SELECT DISTINCT ON (as_of) as_of, status FROM health_run WHERE source = 's' AND status IN ('done', 'held') ORDER BY as_of, id DESC) r WHERE status = 'held';
SQL

# A trial has a history of its own.
begin() {
  sql <<SQL
SELECT health_source_drop(name) FROM health_source \g /dev/null
DROP TABLE IF EXISTS s_history;
DELETE FROM health_alert; DELETE FROM health_run; DELETE FROM data; DELETE FROM trial; DELETE FROM health_playbook;
INSERT INTO trial VALUES ($1);
SELECT setseed($1 / 1000.0) \g /dev/null
-- Accounts walk, jump, have no value, vanish for some days; on a bad day most of them are at 0.
INSERT INTO data
SELECT id, date '2025-01-01' + day, CASE WHEN day % 29 = 11 AND id % 4 > 0 THEN 0 WHEN random() < 0.05 THEN NULL
       ELSE GREATEST(0, LEAST(100, 50 + id * 7 % 60 - 30 + (random() * 20)::int + (CASE id % 3 WHEN 0 THEN day WHEN 1 THEN -day ELSE 0 END) % 40)) END
  FROM generate_series(1, 16) id, generate_series(0, 400) day
 WHERE NOT (id % 5 = 0 AND day / (9 + id) % 3 = 1) AND NOT (id = 7 AND day BETWEEN 20 AND 140);
SELECT saved('30 days', '30 days', 5) \g /dev/null
SELECT health_source_add('s', 'm', 'book', 'id', name_column => 'name', point_in_time => true, hold_alerts_above => 0.3) \g /dev/null
INSERT INTO health_playbook (name, source, trigger, band, points, within, direction, action) VALUES
  ('red', 's', 'band', 'red', NULL, NULL, NULL, 'Call.'), ('drop', 's', 'drop', NULL, 20, '10 days', NULL, 'Call.'),
  ('long', 's', 'trend', NULL, NULL, '50 days', 'declining', 'Call.');
SQL
}

# step NUMBER: one random step, whose name is printed. Alerts go, so that what a run raises depends on its rows alone.
step() {
  sql -v number="$1" <<'SQL'
SELECT setseed(:number / 1000000.0) \g /dev/null
DELETE FROM health_alert;
SELECT CASE WHEN r < 55 THEN 'next' WHEN r < 60 THEN 'gap' WHEN r < 65 THEN 'replace' WHEN r < 70 THEN 'past' WHEN r < 74 THEN 'past replace'
            WHEN r < 84 THEN 'single' WHEN r < 88 THEN 'late single' WHEN r < 92 THEN 'model' WHEN r < 95 THEN 'crash' WHEN r < 98 THEN 'release' ELSE 'long gap' END AS step,
       chance(16) + 1 AS account FROM (SELECT chance(100)) c (r) \gset
UPDATE trial SET step = :'step', late = CASE WHEN :'step' = 'late single' THEN true WHEN :'step' IN ('next', 'gap', 'long gap', 'replace') THEN false ELSE late END, day = day + CASE :'step' WHEN 'next' THEN 1 + chance(2) WHEN 'gap' THEN chance(14) WHEN 'long gap' THEN 33 + chance(70) ELSE 0 END;
SELECT t.day, GREATEST(t.day - chance(45), 0) AS earlier FROM trial t \gset
SELECT COALESCE(CASE WHEN :'step' IN ('next', 'gap', 'long gap') THEN format('CALL health_refresh(''s'', %L)', timestamptz '2025-01-01 03:00Z' + make_interval(days => :day, mins => chance(600)))
            WHEN :'step' = 'replace' THEN (SELECT format('CALL health_refresh(''s'', %L, true)', max(as_of)) FROM health_run WHERE status IN ('done', 'held'))
            WHEN :'step' = 'past replace' THEN (SELECT format('CALL health_refresh(''s'', %L, true)', as_of) FROM health_run WHERE status IN ('done', 'held') ORDER BY random() LIMIT 1)
            WHEN :'step' = 'past' THEN format('CALL health_backfill(''s'', %L, %L, ''3 days'')', timestamptz '2025-01-01 02:00Z' + make_interval(days => :earlier), timestamptz '2025-01-01 02:30Z' + make_interval(days => LEAST(:earlier + 6, :day)))
            WHEN :'step' = 'single' THEN (SELECT format('SELECT single(%s, %L)', :account, max(as_of) + make_interval(mins => 1 + chance(120))) FROM health_run WHERE status IN ('done', 'held'))
            WHEN :'step' = 'late single' THEN (SELECT format('SELECT single(%s, %L)', :account, max(as_of) - make_interval(hours => 1 + chance(30))) FROM health_run WHERE status IN ('done', 'held'))
            WHEN :'step' = 'model' THEN (ARRAY['SELECT saved(''4 wks'', ''28 days'', 3)', 'SELECT saved(''45 days'', ''45 days'', 8)', 'SELECT saved(''6 days'', ''6 days'', 0)', 'SELECT saved(''30 days'', ''30 days'', 5)'])[1 + chance(4)]
            WHEN :'step' = 'crash' THEN 'TRUNCATE s_recent'
            ELSE (SELECT format('SELECT health_run_release(%s)', id) FROM health_run r WHERE r.status = 'held' AND NOT EXISTS (SELECT FROM health_run l WHERE l.id > r.id AND l.as_of >= r.as_of AND l.status IN ('done', 'held')) ORDER BY id DESC LIMIT 1) END, '') AS command \gset
SELECT :'command' <> '' AS some \gset
\if :some
SET client_min_messages = error;
:command;
\endif
SELECT :'step';
SQL
}

# What differs from a full look back.
check() {
  sql <<'SQL'
SET timezone = 'UTC';
WITH last AS (SELECT last_as_of AS at FROM health_source WHERE name = 's'),
latest AS (SELECT DISTINCT ON (h.account_id) h.* FROM s_history h, last WHERE h.scored_at >= last.at
           AND NOT (EXISTS (SELECT FROM trial WHERE late) AND EXISTS (SELECT FROM s_history l WHERE l.account_id = h.account_id AND l.run IS NULL AND l.scored_at > last.at - interval '31 hours' AND l.scored_at < last.at)) ORDER BY h.account_id, h.scored_at DESC),
looked AS (
  SELECT l.account_id, l.scored_at, l.score, l.band,
         (SELECT health_trend(w.score, w.scored_at, v.tolerance) FROM s_history w
           WHERE w.account_id = l.account_id AND w.scored_at <= l.scored_at AND w.scored_at >= l.scored_at - v.length
             AND (w.scored_at = l.scored_at OR w.scored_at NOT IN (SELECT as_of FROM held))) AS trend,
         l.score - b.score AS change, b.band AS before
    FROM latest l JOIN written v ON v.version = l.model_version
    LEFT JOIN LATERAL (SELECT b.score, b.band FROM s_history b
                        WHERE b.account_id = l.account_id AND b.scored_at <= l.scored_at - interval '30 days' AND b.scored_at > l.scored_at - interval '92 days'
                          AND b.scored_at NOT IN (SELECT as_of FROM held) ORDER BY b.scored_at DESC LIMIT 1) b ON true),
shown AS (SELECT account_id, scored_at, score, band, trend, change_30_days, band_30_days_ago FROM s_current
           WHERE account_id IN (SELECT account_id FROM latest) OR NOT EXISTS (SELECT FROM trial WHERE late)),
differing AS (
  (SELECT 'only by look back' AS side, * FROM (TABLE looked EXCEPT TABLE shown) d) UNION ALL (SELECT 'only in s_current', * FROM (TABLE shown EXCEPT TABLE looked) d))
SELECT 'current', to_jsonb(d) FROM differing d LIMIT 3;

-- The lists of the newest run: every earlier score, trends of three lengths, what it was compared with.
WITH run AS (SELECT r.as_of, r.id, (SELECT max(b.as_of) FROM (SELECT DISTINCT ON (as_of) as_of, status FROM health_run WHERE status IN ('done', 'held') ORDER BY as_of, id DESC) b
                                     WHERE b.status = 'done' AND b.as_of < r.as_of) AS base
               FROM health_run r WHERE r.status IN ('done', 'held') ORDER BY r.as_of DESC, r.id DESC LIMIT 1),
fresh AS (SELECT r.*, run.base FROM s_recent r, run WHERE r.scored_at = run.as_of AND (SELECT last_written_at > COALESCE(history_changed_at, '-infinity') FROM health_source WHERE name = 's'))
SELECT 'scores', to_jsonb(h), f.scored_at FROM fresh f JOIN s_history h ON h.account_id = f.account_id AND h.scored_at >= f.since AND h.scored_at <= f.scored_at
 WHERE (h.scored_at = f.scored_at OR h.scored_at NOT IN (SELECT as_of FROM held))
   -- A row that was committed late is in the next list.
   AND NOT (h.run IS NULL AND h.scored_at > f.base - interval '2 days')
   AND (NOT health_score_internal.health_past_has(f.list, h.scored_at) OR health_score_internal.health_past_score(f.list, h.scored_at) IS DISTINCT FROM h.score
        OR health_score_internal.health_past_band(f.list, h.scored_at) IS DISTINCT FROM h.band)
 UNION ALL
SELECT 'before', to_jsonb(f) - 'list', b.scored_at FROM fresh f LEFT JOIN s_history b ON b.account_id = f.account_id AND b.scored_at = f.base
 WHERE (f.known, f.score_before, f.band_before) IS DISTINCT FROM (b.account_id IS NOT NULL, b.score, b.band)
 LIMIT 3;

-- What the run has raised, without an alert before it. A run whose level is taken over is compared with the held one before it.
WITH run AS (SELECT r.as_of FROM health_run r WHERE r.status = 'done' AND r.alerts IS NOT NULL AND r.message IS NULL AND r.id = (SELECT max(id) FROM health_run) AND EXISTS (SELECT FROM trial WHERE step IN ('next', 'gap', 'long gap'))),
base AS (SELECT run.as_of, max(b.as_of) AS at, COALESCE(max(b.as_of) FILTER (WHERE b.as_of <= run.as_of - interval '10 days'), min(b.as_of)) AS before_drop
           FROM run JOIN (SELECT DISTINCT ON (as_of) as_of, status FROM health_run WHERE status IN ('done', 'held') ORDER BY as_of, id DESC) b ON b.as_of < run.as_of AND b.status = 'done' GROUP BY run.as_of),
free AS (SELECT h.* FROM s_history h, base WHERE h.score IS NOT NULL AND h.scored_at <= base.at AND h.scored_at NOT IN (SELECT as_of FROM held)),
wanted AS (
  SELECT 'red' AS playbook, h.account_id::text, (SELECT f.score FROM free f WHERE f.account_id = h.account_id ORDER BY f.scored_at DESC LIMIT 1) AS score_before
    FROM s_history h, base WHERE h.scored_at = base.as_of AND h.band = 'red'
     AND (SELECT COALESCE((SELECT n.band FROM s_history n WHERE n.account_id = h.account_id AND n.scored_at = base.at AND n.score IS NOT NULL),
                          (SELECT f.band FROM free f WHERE f.account_id = h.account_id ORDER BY f.scored_at DESC LIMIT 1))) <> 'red')
SELECT 'alerts', to_jsonb(d) FROM (
  (SELECT playbook, account_id FROM wanted EXCEPT SELECT playbook, account_id FROM health_alert WHERE playbook = 'red') UNION ALL
  (SELECT playbook, account_id FROM health_alert WHERE playbook = 'red' AND EXISTS (SELECT FROM base) EXCEPT SELECT playbook, account_id FROM wanted)) d LIMIT 3;
SQL
}

steps=0
for seed in ${NIGHTS_SEEDS:-3 14 159}; do
  begin "$seed"
  done=
  for i in $(seq "${NIGHTS_STEPS:-40}"); do
    step=$(step $((seed * 1000 + i)) | tail -n 1) || fail "seed $seed after$done step $i: an error"
    done="$done $step,"
    different=$(check)
    [ -z "$different" ] || fail "seed $seed after$done
$different"
    steps=$((steps + 1))
  done
done
printf 'ok %s random steps: trend, change, drops, lists and alerts are those of a full look back\n' "$steps"
