#!/usr/bin/env bash
# For SOAK_SECONDS (20; make soak has 600), eight clients score, save and activate models, refresh, and claim alerts at
# the same time. No error, no deadlock; the memory of each backend stays flat; every written or returned score is the
# score of the version beside it, and that version was active.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

LASTS=${SOAK_SECONDS:-20}
CLIENTS=8
# The permitted growth of a backend's private memory from the second third of the run to the last.
MOST_KB=6144

if ! command -v pgbench >/dev/null; then
  printf 'skip soak: there is no pgbench in this Postgres\n'
  exit 0
fi

sql >/dev/null <<SQL
SET client_min_messages = warning;
SELECT health_model_save('soak', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"curve": [[0, 0], [5, 60], [20, 100]]}}, "tone": {"scale": {"map": {"good": 100, "bad": 0}}}},
    "rules": [{"name": "quiet", "when": {"input": "a", "lt": 10}, "cap": 39}], "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]}');
CREATE TABLE account AS SELECT i AS id, i % 101 AS a, i % 21 AS b, (ARRAY['good', 'bad'])[1 + i % 2] AS tone FROM generate_series(1, 80) i;
CREATE UNIQUE INDEX ON account (id);
-- A source for each client: two refreshes of the same source cannot run at the same time.
SELECT health_source_add('soak_' || i, 'soak', 'account', 'id', hold_alerts_above => 1) FROM generate_series(0, $CLIENTS - 1) i;
INSERT INTO health_playbook (name, model, trigger, band, action, cooldown) VALUES ('red', 'soak', 'band', 'red', 'Call them.', '0');
-- The returned scores, and the times at which versions became active.
CREATE TABLE given (account jsonb, score float8, band text, model_version int, at timestamptz DEFAULT clock_timestamp(), began timestamptz DEFAULT now());
CREATE TABLE activated (version int, at timestamptz DEFAULT clock_timestamp());
INSERT INTO activated (version) VALUES (1);
CREATE FUNCTION activated() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO activated (version) VALUES (NEW.version); RETURN NULL; END';
CREATE TRIGGER activated AFTER INSERT OR UPDATE ON health_model FOR EACH ROW WHEN (NEW.active AND NEW.name = 'soak') EXECUTE FUNCTION activated();
SQL

script() { cat >"$TMPDIR/$1.sql"; }
script score <<'SQL'
\set id random(1, 80)
INSERT INTO given (account, score, band, model_version) SELECT to_jsonb(x), s.score, s.band, s.model_version FROM account x, health_assess('soak', x) s WHERE x.id = :id;
SELECT count(health_score('soak', x)), count(health_band('soak', to_jsonb(x))) FROM account x;
SELECT count(*) FROM account x, health_drivers('soak', x) WHERE x.id = :id;
SELECT health_explain('soak', x) FROM account x WHERE x.id = :id;
SQL
script change <<'SQL'
\set id random(1, 80)
\set a random(0, 100)
UPDATE account SET a = :a, b = :a % 21 WHERE id = :id;
SELECT health_refresh_account('soak_' || :client_id, :id);
SQL
# Forty documents in all: most saves activate a stored version again.
script save <<'SQL'
\set weight random(1, 40)
SELECT health_model_patch('soak', jsonb_build_object('signals', jsonb_build_object('a', jsonb_build_object('weight', :weight))));
SQL
script activate <<'SQL'
SELECT max(version) AS most FROM health_model WHERE name = 'soak' \gset
\set version random(1, :most)
SELECT health_model_activate('soak', :version);
SQL
script refresh <<'SQL'
CALL health_refresh('soak_' || :client_id);
SELECT count(score) FROM account, LATERAL (SELECT health_account('soak_' || :client_id, id) -> 'score' AS score) s WHERE id < 4;
SQL
script alerts <<'SQL'
SELECT count(*) FROM health_alert_claim(3) c, LATERAL health_alert_delivered(c.id, 'T-' || c.id) d;
BEGIN;
SELECT coalesce(max(id), 0) AS alert FROM (SELECT id FROM health_alert WHERE resolved_at IS NULL AND ended_at IS NULL ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED) a \gset
SELECT count(health_alert_resolve(id, 'called', 'done')) FROM health_alert WHERE id = :alert;
COMMIT;
SQL

# The private memory of each backend, in kB.
sample() {
  local pid own
  for pid in $(sql -c "SELECT pid FROM pg_stat_activity WHERE application_name = 'soak'"); do
    own=$(sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup" 2>/dev/null) || continue
    [ -z "$own" ] || printf '%s %s %s\n' "$1" "$pid" "$own"
  done
}

begin=$SECONDS
PGAPPNAME=soak pgbench -n -c "$CLIENTS" -j 2 -T "$LASTS" -r -l --log-prefix="$TMPDIR/latency" -f "$TMPDIR/score.sql@60" -f "$TMPDIR/change.sql@15" -f "$TMPDIR/save.sql@4" -f "$TMPDIR/activate.sql@4" \
  -f "$TMPDIR/refresh.sql@7" -f "$TMPDIR/alerts.sql@10" >"$TMPDIR/pgbench.out" 2>&1 &
bench=$!
: >"$TMPDIR/memory"
while kill -0 "$bench" 2>/dev/null; do
  [ ! -r /proc/self/smaps_rollup ] || sample $((SECONDS - begin)) >>"$TMPDIR/memory"
  sleep $((LASTS / 20 > 0 ? LASTS / 20 : 1))
done
wait "$bench" || fail "pgbench: $(head -c 2000 "$TMPDIR/pgbench.out")"
! grep -qiE 'error|aborted|fatal' "$TMPDIR/pgbench.out" || fail "errors: $(grep -iE 'error|aborted|fatal' "$TMPDIR/pgbench.out" | head -n 20)"
transactions=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' "$TMPDIR/pgbench.out" | head -n 1)
[ "$(sql -c "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")" = 0 ] || fail "there were deadlocks"
[ "$(sql -c "SELECT count(*) FROM health_run WHERE status <> 'done'")" = 0 ] || fail "runs: $(sql -c "SELECT status, message FROM health_run WHERE status <> 'done' LIMIT 5")"
read -r runs rows given versions alerts < <(sql -F ' ' -c "SELECT (SELECT count(*) FROM health_run), (SELECT sum(accounts) FROM health_run), (SELECT count(*) FROM given), (SELECT count(*) FROM activated), (SELECT count(*) FROM health_alert)")
[ "$runs" -gt 5 ] && [ "$given" -gt 20 ] && [ "$versions" -gt 5 ] && [ "$alerts" -gt 5 ] || fail "too little happened: $runs runs, $given scores, $versions activations, $alerts alerts"
printf 'ok %s s, %s transactions without an error or a deadlock: %s refreshes of %s rows, %s activations, %s alerts\n' "$LASTS" "$transactions" "$runs" "$rows" "$versions" "$alerts"

if [ ! -s "$TMPDIR/memory" ]; then
  printf 'skip memory of the backends: it cannot be read here\n'
else
  # Compares the minimum of the last third with the minimum of the second: temporary memory is freed, a leak stays. A
  # short run compares with the largest minimum of all backends: on a busy machine some backends reach the same memory
  # later.
  growth=$(awk -v lasts="$LASTS" '{ part = $1 < lasts / 3 ? 0 : $1 < lasts * 2 / 3 ? 1 : 2; at = part SUBSEP $2; if (!(at in least) || $3 < least[at]) least[at] = $3; if ($3 > peak) peak = $3; pids[$2] }
    END { for (pid in pids) if (least[1, pid] > largest) largest = least[1, pid]
      for (pid in pids) { grown = least[2, pid] - (lasts < 60 ? largest : least[1, pid]); if (n++ == 0 || grown > worst) worst = grown }
      print n, worst + 0, peak }' "$TMPDIR/memory")
  read -r backends worst peak <<<"$growth"
  [ "$backends" = "$CLIENTS" ] || fail "memory of $backends backends was read, not of $CLIENTS"
  [ "$worst" -le "$MOST_KB" ] || fail "a backend has grown by $worst kB between the second third and the last: $(tail -n 80 "$TMPDIR/memory" | tr '\n' ',')"
  printf 'ok the memory of the %s backends is flat: at most %s kB each at any time, the least of the last third at most %s kB more than of the second\n' "$backends" "$peak" "$worst"
fi

# Scores each account again with the version beside it, and checks that this version was active during the statement. A
# version becomes active at its commit, later than the time in the trigger by at most the longest transaction of the
# run.
longest=$(awk '$3 > most { most = $3 } END { print most }' "$TMPDIR"/latency.*)
sql >/dev/null <<SQL
CREATE INDEX ON activated (version, at);
CREATE TABLE active AS SELECT version, at AS from_at, coalesce(lead(at) OVER (ORDER BY at), 'infinity') + interval '$longest microseconds' AS until_at FROM activated;
CREATE INDEX ON active (version, from_at);
CREATE VIEW written AS $(for ((at = 0; at < CLIENTS; at++)); do printf '%s SELECT * FROM soak_%s_history ' "$([ $at = 0 ] || echo 'UNION ALL')" $at; done);
SQL
# A row of health_refresh_account has a time of its own; the rows of a run have the time of the run.
wrong=$(sql -c "SELECT count(*) FROM written w WHERE score IS DISTINCT FROM health_score('soak@' || model_version, inputs, scored_at) OR band IS DISTINCT FROM health_band('soak@' || model_version, inputs, scored_at)")
[ "$wrong" = 0 ] || fail "$wrong scores of the history are not those of the version beside them"
wrong=$(sql -c "SELECT count(*) FROM given WHERE score IS DISTINCT FROM health_score('soak@' || model_version, account) OR band IS DISTINCT FROM health_band('soak@' || model_version, account)")
[ "$wrong" = 0 ] || fail "$wrong scores that were given are not those of the version beside them"
wrong=$(sql -c "SELECT count(*) FROM given g WHERE NOT EXISTS (SELECT FROM active a WHERE a.version = g.model_version AND a.from_at <= g.at AND a.until_at >= g.began)")
[ "$wrong" = 0 ] || fail "$wrong scores are of a version that was not active"
wrong=$(sql -c "SELECT count(*) FROM (SELECT DISTINCT r.started_at, r.finished_at, w.model_version FROM health_run r JOIN written w ON w.scored_at = r.as_of) w
  WHERE NOT EXISTS (SELECT FROM active a WHERE a.version = w.model_version AND a.from_at <= w.finished_at AND a.until_at >= w.started_at)")
[ "$wrong" = 0 ] || fail "$wrong runs used a version that was not active"
[ "$(sql -c "SELECT count(*) FROM (SELECT FROM written GROUP BY scored_at HAVING count(DISTINCT model_version) > 1) x")" = 0 ] || fail "a run used two versions"
used=$(sql -c "SELECT count(DISTINCT model_version) FROM written")
[ "$used" -gt 3 ] || fail "only $used versions were used"
printf 'ok %s scores given and all of the history are those of the version beside them, one of %s that were used, and active then\n' "$given" "$used"
