#!/usr/bin/env bash
# statement_timeout and pg_cancel_backend stop every long statement. The permitted delay is measured in the same run by
# the yardstick of test.sh.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

TIMEOUT_MS=100

sql <<'SQL'
SELECT health_model_save('cancel', '{"signals": {"v": {"scale": {"linear": [0, 100]}}, "w": {"scale": {"curve": [[0, 0], [5, 60], [20, 100]]}}}}') \g /dev/null
-- At the limits of a document: 5,000 signals in ten plans, with nearly two million values. Each call makes another
-- document, so that no cache has it.
CREATE FUNCTION largest(n int) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'meta', jsonb_build_object('n', n),
        'signals', (SELECT jsonb_object_agg('s' || i, jsonb_build_object('weight', i, 'scale', (SELECT jsonb_build_object('curve', jsonb_agg(jsonb_build_array(x, x * x)))
                                                                                                FROM generate_series(0, 9) x))) FROM generate_series(1, 5000) i),
        'segments', (SELECT jsonb_agg(jsonb_build_object('name', 'g' || j, 'when', '{"input": "s1", "eq": 1}'::jsonb,
                                                         'patch', jsonb_build_object('signals', (SELECT jsonb_object_agg('s' || i, jsonb_build_object('weight', j)) FROM generate_series(1, 100) i))))
                       FROM generate_series(1, 9) j))
$$;
CREATE TABLE document AS SELECT n, largest(n) AS definition FROM generate_series(1, 8) n;
-- Just below the limit of 2 MiB: many small values, and one long map.
CREATE TABLE heavy AS
SELECT n, jsonb_build_object('meta', jsonb_build_object('n', n), 'signals', CASE n % 2
    WHEN 0 THEN (SELECT jsonb_object_agg('s' || i, jsonb_build_object('scale', (SELECT jsonb_build_object('curve', jsonb_agg(jsonb_build_array(x, x))) FROM generate_series(1, 10) x)))
                   FROM generate_series(1, 5000) i)
    ELSE jsonb_build_object('s1', jsonb_build_object('scale', jsonb_build_object('map', (SELECT jsonb_object_agg('k' || i, i % 100) FROM generate_series(1, 90000) i)))) END) AS definition
  FROM generate_series(1, 4) n;
-- Ten megabytes of other keys around the key that the model reads, stored without compression: the read takes the time.
CREATE TABLE account (id int, payload jsonb);
ALTER TABLE account ALTER payload SET STORAGE EXTERNAL;
INSERT INTO account SELECT 1, jsonb_object_agg('key' || i, repeat('x', 400) || i) || '{"v": 50, "w": 7}' FROM generate_series(1, 25000) i;
-- Enough rows for a long fit.
CREATE TABLE labelled AS SELECT i % 100 AS v, i % 20 AS w, i * 7919 % 10007 AS x, i * 104729 % 1009 AS y, (i * 31 % 97) + i % 100 < 60 AS churned FROM generate_series(1::bigint, 1000000) i;
SQL
[ "$(sql -c "SELECT count(*) FROM document d WHERE NOT EXISTS (SELECT FROM health_model_check(d.definition) WHERE severity = 'error')")" = 8 ] ||
  fail "the largest document is not legal: $(sql -c "SELECT * FROM document d, health_model_check(d.definition) LIMIT 3")"
[ "$(sql -c "SELECT count(*) FROM heavy WHERE health_score_internal.health_model_require_valid(definition) AND pg_column_size(definition || '{}') > 1750000")" = 4 ] ||
  fail "the heavy documents are not legal, or not heavy"
[ "$(sql -c "SELECT pg_column_size(payload) > 10000000 FROM account")" = t ] || fail "the account has no ten megabytes"

# by_timeout NAME QUERY: prints the delay (ms) between the timeout and the end of the statement. \timing excludes the
# connection.
by_timeout() {
  local output took
  output=$(psql -X -q -At -v VERBOSITY=sqlstate -c "SET statement_timeout = $TIMEOUT_MS" -c '\timing on' -c "$2" 2>&1) || true
  [[ $output == *57014* ]] || fail "$1: it was not stopped: ${output:0:500}"
  took=$(sed -n 's/^Time: \([0-9]*\).*/\1/p' <<<"$output" | tail -n 1)
  printf '%s\n' $((took - TIMEOUT_MS))
}

# by_cancel NAME QUERY: prints the delay (ms) between pg_cancel_backend and the end of the statement. Both times are the
# server's: a client needs time to start and to end.
NOW='(extract(epoch FROM clock_timestamp()) * 1000000)::bigint'
by_cancel() {
  local tag=cancel_$RANDOM output pid begin end client
  output=$TMPDIR/$tag.out
  PGAPPNAME=$tag psql -X -q -At -v VERBOSITY=sqlstate -c "$2" -c "SELECT $NOW" >"$output" 2>&1 &
  client=$!
  pid=$(at_work "application_name = '$tag'")
  [ -n "$pid" ] || fail "$1: it ended by itself: $(head -c 500 "$output")"
  begin=$(sql -c "SELECT CASE WHEN pg_cancel_backend($pid) THEN $NOW END")
  wait "$client" || true
  end=$(tail -n 1 "$output")
  grep -q 57014 "$output" || fail "$1: it was not stopped: $(head -c 500 "$output")"
  rm -f "$output"
  printf '%s\n' $(((end - begin) / 1000))
}

times_out() {
  in_time "$1, after the timeout" by_timeout "$@"
  printf 'ok %s, timeout (%s ms late)\n' "$1" "$TOOK"
}
stops() {
  times_out "$@"
  in_time "$1, after pg_cancel_backend" by_cancel "$@"
  printf 'ok %s, pg_cancel_backend (%s ms)\n' "$1" "$TOOK"
}

# generate_series() is in the SELECT list: in FROM, it would still fill its tuplestore at the timeout.
rows="SELECT i % 100 AS v, i % 20 AS w FROM (SELECT generate_series(1, 10000000) AS i) g"
stops "scoring ten million rows" "SELECT sum(health_score('cancel', a)) FROM ($rows) a"
stops "drivers of ten million rows" "SELECT count(*) FROM ($rows) a, health_drivers('cancel', a) d"
stops "drivers in the SELECT list" "SELECT count(*) FROM (SELECT health_drivers('cancel', a) FROM ($rows) a) x"
stops "assessing ten million rows" "SELECT count(s.drivers) FROM ($rows) a, health_assess('cancel', a) s"
stops "health_inputs of ten million rows" "SELECT count(health_inputs(a)) FROM ($rows) a"
stops "compiling large documents" "SELECT sum(health_score(definition || jsonb_build_object('purpose', i::text), '{\"s1\": 5}'::jsonb)) FROM generate_series(1, 100000) i, document"
stops "checking large documents" "SELECT count(*) FROM generate_series(1, 100000) i, document, health_model_check(definition)"
stops "patching large documents" "SELECT count(health_patch(definition, jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, document"
stops "compiling heavy documents" "SELECT sum(health_score(definition || jsonb_build_object('purpose', i::text), '{\"s1\": null}'::jsonb)) FROM generate_series(1, 100000) i, heavy"
stops "checking heavy documents" "SELECT count(*) FROM generate_series(1, 100000) i, heavy, health_model_check(definition || jsonb_build_object('purpose', i::text))"
stops "patching heavy documents" "SELECT count(health_patch(definition, jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, heavy"
stops "health_inputs of heavy objects" "SELECT count(health_inputs(definition, jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, heavy"
stops "saving large documents" "DO \$\$ BEGIN FOR i IN 1 .. 1000 LOOP PERFORM health_model_save('cancel large', largest(i)); END LOOP; END \$\$"
stops "a ten-megabyte account in a loop" "DO \$\$ DECLARE a jsonb := (SELECT payload FROM account); s float8;
  BEGIN FOR i IN 1 .. 1000000 LOOP s := health_score('cancel', a); END LOOP; END \$\$"
stops "a ten-megabyte account from its table" "SELECT sum(health_score('cancel', payload)) FROM account, generate_series(1, 10000)"
stops "a ten-megabyte text" "SELECT sum(health_score('cancel', t)) FROM (SELECT payload::text AS t FROM account) x, generate_series(1, 1000)"
stops "fitting a model to a million accounts" "SELECT health_model_fit('cancel', 'labelled', 'churned', '{*}')"
stops "what signals tell of a million accounts" "SELECT count(*) FROM health_signal_power('cancel', 'labelled', 'churned', 'w')"
stops "a backtest of ten million rows" "SELECT health_backtest(v, w < 3, 'cancel') FROM ($rows) a"
stops "stability over ten million rows" "SELECT health_psi(v + w * 0.01, v < 50) FROM ($rows) a"
stops "what if over a million accounts" "SELECT count(*) FROM health_what_if('cancel', '{\"signals\": {\"v\": {\"scale\": {\"linear\": [100, 0]}}}}'::jsonb, 'labelled')"
stops "change of ten million rows" "SELECT count(c) FROM ($rows) a, health_change('cancel', to_jsonb(a), '{\"v\": 5, \"w\": 3}'::jsonb) c"
stops "conflicts of ten million rows" "SELECT count(c) FROM ($rows) a, health_conflicts('cancel', a) c"
stops "explaining ten million rows" "SELECT count(health_explain('cancel', a)) FROM ($rows) a"
stops "matching and drafting" "SELECT count(*) FROM generate_series(1, 1000000), LATERAL (SELECT health_model_match('cancel', 'labelled')) m"
stops "cards of heavy documents" "SELECT count(health_model_card(definition || jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, heavy"
stops "cards of large documents" "SELECT count(health_model_card(definition || jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, document"
stops "describing heavy documents" "SELECT count(health_model_describe(definition || jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, heavy"
stops "describing large documents" "SELECT count(health_model_describe(definition || jsonb_build_object('purpose', i::text))) FROM generate_series(1, 100000) i, document"
events="SELECT i, 'v'::text AS signal, 'text ' || i % 1000 AS value, timestamptz '2026-01-01' + make_interval(secs => i) AS at FROM (SELECT generate_series(1, 10000000) AS i) g"
stops "scoring ten million events" "SELECT health_score('cancel', signal, (i % 100)::float8, at, '2030-01-01') FROM ($events) e"
stops "ten million groups of events" "SELECT count(s) FROM (SELECT health_signals('cancel', signal, (i % 100)::float8, at, '2030-01-01') AS s FROM ($events) e GROUP BY i) x"
stops "trend of ten million rows" "SELECT health_trend(i % 100, at), health_trend_stats(i % 100, at), health_rollup(i % 100, i), health_worst(i % 100), health_nps(i % 11), health_auc(i % 100, i % 7 = 0) FROM ($events) e"
stops "a moving trend" "SELECT count(t) FROM (SELECT health_trend(i % 100, at) OVER (ROWS 100000 PRECEDING) AS t FROM ($events) e) x"
sql -c "CREATE TABLE book AS SELECT i AS id, i % 100 AS v, i % 20 AS w FROM generate_series(1, 1000000) i" -c "SELECT health_source_add('cancelled', 'cancel', 'book', 'id')" \
  -c "CREATE VIEW timed AS SELECT *, timestamptz '2025-01-01' AS at FROM book" -c "SELECT health_source_add('timed', 'cancel', 'timed', 'id', time_column => 'at')" \
  -c "CREATE VIEW small AS SELECT * FROM book WHERE id <= 100000" -c "SELECT health_source_add('small', 'cancel', 'small', 'id')" >/dev/null 2>&1
# Only times_out: a refresh changes application_name, so by_cancel would not find it.
times_out "refreshing a million accounts" "CALL health_refresh('cancelled')"
[ "$(sql -c "SELECT string_agg(DISTINCT status, ',') || ' ' || (SELECT count(*) FROM cancelled_history) FROM health_run")" = "cancelled 0" ] || fail "a refresh that was stopped has left rows, or is not marked"
times_out "backfilling a million accounts" "CALL health_backfill('timed', '2026-01-01', '2026-06-01', '1 month')"
sql -c "CALL health_refresh('small')" -c "INSERT INTO health_outcome (account_id, kind, at) SELECT i, 'churned', now() FROM generate_series(1, 100000) i" >/dev/null 2>&1
stops "replaying a history" "SELECT count(*) FROM generate_series(1, 1000), LATERAL (SELECT health_replay('small', '{\"signals\": {\"v\": {\"scale\": {\"linear\": [100, 0]}}}}'::jsonb)) r"
stops "a backtest of a source" "SELECT count(health_backtest('small', horizon => '1 second')) FROM generate_series(1, 1000)"
stops "a review" "DO \$\$ BEGIN FOR i IN 1 .. 100000 LOOP PERFORM health_model_review('cancel'); END LOOP; END \$\$"
stops "an error caught in a loop" "DO \$\$ DECLARE s float8; BEGIN FOR i IN 1 .. 100000000 LOOP
  BEGIN s := health_score('cancel', '[]'); EXCEPTION WHEN invalid_parameter_value THEN NULL; END; END LOOP; END \$\$"

# After a cancelled statement the session is usable and its model cache is correct.
answer=$(psql -X -q -At -c "SET statement_timeout = $TIMEOUT_MS" -c "SELECT sum(health_score('cancel', a)) FROM ($rows) a" \
  -c "RESET statement_timeout" -c "SELECT health_score('cancel', '{\"v\": 50, \"w\": 5}')" -c "SELECT count(*) FROM health_drivers('cancel', '{\"v\": 50, \"w\": 5}')" 2>&1) || true
[[ $answer == *'canceling statement due to statement timeout'*$'\n55\n2' ]] || fail "the session after a timeout: $answer"
printf 'ok the session goes on\n'
