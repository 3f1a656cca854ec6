#!/usr/bin/env bash
# Scale-out: accounts, events and history sharded over three clusters by postgres_fdw. The nodes that hold the rows
# compute scores, bands and aggregates, as the remote SQL shows; the results equal those of one machine.
# docs/scale-out.md describes the setup, and the risk of models by name.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

if [ "$(psql -X -At -c "SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'")" = 0 ]; then
  printf 'skip scale_out: this Postgres has no postgres_fdw\n'
  exit 0
fi

NODES='1 2 3'
on() { local node=$1; shift; PGHOST=$TMPDIR/n$node PGDATABASE=postgres sql "$@"; }
stop() {
  local node
  for node in $NODES; do
    [ ! -f "$TMPDIR/n$node/data/postmaster.pid" ] || pg_ctl -D "$TMPDIR/n$node/data" -s -w -m immediate stop
  done
}
trap stop EXIT

for node in $NODES; do
  mkdir "$TMPDIR/n$node"
  initdb -D "$TMPDIR/n$node/data" -U "$PGUSER" -A trust -E UTF8 --locale=C --no-sync >/dev/null
  printf "listen_addresses = ''\nport = %s\nunix_socket_directories = '%s'\nfsync = off\ntimezone = 'UTC'\n" "$PGPORT" "$TMPDIR/n$node" >>"$TMPDIR/n$node/data/postgresql.conf"
  pg_ctl -D "$TMPDIR/n$node/data" -l "$TMPDIR/n$node/log" -s -w start || { tail -n 20 "$TMPDIR/n$node/log"; fail "node $node did not start"; }
done

MODEL='{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 100]}}, "tickets": {"combine": "sum", "scale": {"linear": [20, 0]}}}, "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]}'
TABLES="CREATE TABLE account (id int, logins int, tickets int, arr float8);
CREATE TABLE event (account_id int, signal text, value float8, at timestamptz);
CREATE TABLE history (account_id int, scored_at timestamptz, score float8, band text);"
for node in $NODES; do
  on "$node" -o /dev/null -c "CREATE EXTENSION health_score" -c "SELECT health_model_save('m', '$MODEL')" -c "$TABLES"
done

# The coordinator also has the same rows locally, in schema alone.
{
  cat <<SQL
SET client_min_messages = warning;
SELECT health_model_save('m', '$MODEL');
CREATE SCHEMA alone;
CREATE EXTENSION postgres_fdw;
SQL
  for node in $NODES; do
    cat <<SQL
CREATE SERVER n$node FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$TMPDIR/n$node', port '$PGPORT', dbname 'postgres', extensions 'health_score', async_capable 'true', use_remote_estimate 'true', fetch_size '10000', batch_size '1000');
CREATE USER MAPPING FOR CURRENT_USER SERVER n$node OPTIONS (user '$PGUSER', password_required 'false');
SQL
  done
  for table in 'account (id int, logins int, tickets int, arr float8) id' 'event (account_id int, signal text, value float8, at timestamptz) account_id' 'history (account_id int, scored_at timestamptz, score float8, band text) account_id'; do
    name=${table%% *}
    printf 'CREATE TABLE %s PARTITION BY HASH (%s);\n' "${table% *}" "${table##* }"
    for node in $NODES; do
      printf "CREATE FOREIGN TABLE %s_%s PARTITION OF %s FOR VALUES WITH (MODULUS 3, REMAINDER %s) SERVER n%s OPTIONS (table_name '%s');\n" "$name" "$node" "$name" $((node - 1)) "$node" "$name"
    done
  done
  cat <<'SQL'
CREATE TABLE alone.account AS SELECT i AS id, i * 37 % 101 AS logins, CASE WHEN i % 10 > 0 THEN i % 23 END AS tickets, (i % 7)::float8 AS arr FROM generate_series(1, 6000) i;
CREATE TABLE alone.event AS SELECT i % 3000 AS account_id, CASE i % 3 WHEN 0 THEN 'logins' ELSE 'tickets' END AS signal, (i * 31 % 89)::float8 AS value, timestamptz '2026-01-01' + i * interval '1 minute' AS at FROM generate_series(1, 30000) i;
CREATE TABLE alone.history AS SELECT id AS account_id, timestamptz '2026-01-01' + n * interval '1 day' AS scored_at, ((id * 13 + n * 7) % 100)::float8 AS score, NULL::text AS band FROM generate_series(1, 1000) id, generate_series(0, 9) n;
UPDATE alone.history SET band = health_band('m', score);
INSERT INTO account SELECT * FROM alone.account;
INSERT INTO event SELECT * FROM alone.event;
INSERT INTO history SELECT * FROM alone.history;
ANALYZE account, event, history, alone.account, alone.event, alone.history;
SQL
} | sql -o /dev/null

SETTINGS="SET enable_partitionwise_aggregate = on; SET enable_partitionwise_join = on; SET timezone = 'UTC';"
DOCUMENT="(SELECT definition FROM health_model WHERE name = 'm' AND active)"

# computed_there NAME SENT QUERY: every node receives SQL that matches SENT, and the rows equal those of one machine.
computed_there() {
  local name=$1 sent=$2 query=$3 plan there here
  plan=$(sql -c "$SETTINGS" -c "EXPLAIN (VERBOSE, COSTS OFF) $query")
  [ "$(grep -c "Remote SQL: .*$sent" <<<"$plan")" = 3 ] || { printf '%s\n' "$plan"; fail "$name is not computed by three nodes"; }
  there=$(sql -c "$SETTINGS" -c "SELECT count(*), md5(string_agg(r::text, ',' ORDER BY r::text)) FROM ($query) r")
  here=$(sql -c "$SETTINGS" -c "SET search_path = alone, public" -c "SELECT count(*), md5(string_agg(r::text, ',' ORDER BY r::text)) FROM ($query) r")
  [ "$there" = "$here" ] || fail "$name: the nodes say $there, one machine says $here"
  [ "${there%%|*}" -gt 0 ] || fail "$name: no rows"
  printf 'ok scale_out: %s: %s rows, computed by the nodes\n' "$name" "${there%%|*}"
}

INPUTS="health_inputs('logins', logins, 'tickets', tickets)"
computed_there 'accounts at risk' 'WHERE .*health_score' "SELECT id, arr FROM account WHERE health_score($DOCUMENT, $INPUTS) < 30"
computed_there 'scores of all accounts' 'SELECT id, max(public.health_score' "SELECT id, max(health_score($DOCUMENT, $INPUTS)) AS score FROM account GROUP BY id"
# Not max(health_band(…)): postgres_fdw sends no comparison of texts by a collation to the nodes.
computed_there 'bands of all accounts' 'SELECT id, public.health_band(' "SELECT id, health_band($DOCUMENT, max(health_score($DOCUMENT, $INPUTS))) AS band FROM account GROUP BY id"
computed_there 'scores from events' 'public.health_score(.*GROUP BY' "SELECT account_id, health_score($DOCUMENT, signal, value) AS score FROM event GROUP BY account_id"
computed_there 'scores from events as of a time' 'public.health_score(.*GROUP BY' "SELECT account_id, health_score($DOCUMENT, signal, value, at, '2026-01-15Z') AS score FROM event GROUP BY account_id"
computed_there 'trends' 'public.health_trend(.*GROUP BY' "SELECT account_id, health_trend(score, scored_at) AS trend FROM history GROUP BY account_id"
computed_there 'the worst of each account' 'public.health_worst(.*GROUP BY' "SELECT account_id, health_worst(score) AS worst FROM history GROUP BY account_id"
plan=$(sql -c "$SETTINGS" -c "EXPLAIN (VERBOSE, COSTS OFF) SELECT account_id, health_score($DOCUMENT, signal, value) FROM event GROUP BY account_id")
[ "$(grep -c 'Async Foreign Scan' <<<"$plan")" = 3 ] || fail "the nodes do not work at the same time"
printf 'ok scale_out: the nodes work at the same time\n'

# A model by its name. A function of a row is STABLE: the coordinator fetches the rows and uses its own model. An
# aggregate runs on the nodes, and each node uses its own model of that name: correct only if all nodes have the same
# model.
plan=$(sql -c "$SETTINGS" -c "EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM account WHERE health_score('m', $INPUTS) < 30")
! grep 'Remote SQL' <<<"$plan" | grep -q health_score || fail "a STABLE function was sent to a node"
BY_NAME="SELECT account_id, health_score('m', signal, value) AS score FROM event GROUP BY account_id"
computed_there 'by name, the same model everywhere' 'public.health_score(.*GROUP BY' "$BY_NAME"
on 2 -o /dev/null -c "SELECT health_model_patch('m', '{\"signals\": {\"logins\": {\"weight\": 5}}}')"
differ=$(sql -c "$SETTINGS" -c "SELECT count(*) FILTER (WHERE t.score IS DISTINCT FROM h.score) FROM ($BY_NAME) t JOIN (SELECT account_id, health_score('m', signal, value) AS score FROM alone.event GROUP BY account_id) h USING (account_id)")
[ "$differ" -gt 0 ] || fail "another model on node 2 changes nothing: the trap is not what the documentation says"
# A document gives the same result on every node; and a query finds the nodes whose models differ.
computed_there 'by document, another model on node 2' 'public.health_score(.*GROUP BY' "SELECT account_id, health_score($DOCUMENT, signal, value) AS score FROM event GROUP BY account_id"
printf 'ok scale_out: by name, node 2 scored %s accounts by its own model\n' "$differ"

# A read replica computes all that does not write: tests/shell/operations/standby.sh. A lost node is an error, not a
# partial result.
pg_ctl -D "$TMPDIR/n3/data" -s -w -m immediate stop
! sql -c "$SETTINGS" -c "SELECT count(*) FROM ($BY_NAME) r" >/dev/null 2>"$TMPDIR/error" || fail "without node 3 there was an answer"
grep -q 'n3' "$TMPDIR/error" || fail "the error does not name the node: $(cat "$TMPDIR/error")"
printf 'ok scale_out: a node that is gone is an error that names it\n'
