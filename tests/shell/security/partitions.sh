#!/usr/bin/env bash
# The partitions of a history are the history's: its owner, its tablespace, its row-level security, and no way around it.
set -euo pipefail
. "$ROOT/tests/shell/lib/test.sh"

clean() {
  sql -c "DROP OWNED BY health_team, health_night, health_web CASCADE" -c "DROP ROLE health_team, health_night, health_web" >/dev/null 2>&1 || true
  sql -c "DROP TABLESPACE IF EXISTS health_space" >/dev/null 2>&1 || true
}
trap clean EXIT

sql >/dev/null <<'SQL'
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE health_space LOCATION '';
CREATE ROLE health_team;
CREATE ROLE health_night IN ROLE health_team;
CREATE ROLE health_web;
GRANT CREATE ON TABLESPACE health_space TO health_night;
CREATE SCHEMA team AUTHORIZATION health_team;
GRANT USAGE ON SCHEMA team TO health_web;
GRANT INSERT, UPDATE, DELETE ON health_source TO health_night;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO health_night;
GRANT SELECT ON health_pulse, health_override TO health_night;
ALTER DEFAULT PRIVILEGES FOR ROLE health_night, health_team GRANT ALL ON TABLES TO health_web;
SELECT health_model_save('m', '{"signals": {"v": {"scale": {"linear": [0, 10]}}}}');
CREATE TABLE team.account AS SELECT i AS id, i AS v, timestamptz '2024-12-01' AS at FROM generate_series(1, 10) i;
GRANT SELECT ON team.account TO health_night;
SET ROLE health_night;
SELECT health_source_add('s', 'm', 'team.account', 'id', time_column => 'at');
RESET ROLE;
ALTER TABLE team.s_history OWNER TO health_team;
ALTER TABLE team.s_history SET TABLESPACE health_space;
ALTER TABLE team.s_history ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON team.s_history TO health_web USING (account_id = 1);
CREATE POLICY night ON team.s_history TO health_night, health_team USING (true);
GRANT SELECT ON team.s_history TO health_web;
SET ROLE health_night;
CALL health_refresh('s', '2025-01-10');
CALL health_backfill('s', '2025-03-10', '2025-04-10', '1 month');
CALL health_refresh('s');
SQL

# The months of 2025 from January to May, this one and the next.
partitions="FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE i.inhparent = 'team.s_history'::regclass"
expect "partitions, by owner, tablespace and row-level security" \
  "$(sql -c "SELECT c.relowner::regrole, t.spcname, c.relrowsecurity, c.relforcerowsecurity, count(*) $partitions GROUP BY 1, 2, 3, 4")" 'health_team|health_space|t|t|7'
printf 'ok partitions have the owner, the tablespace and the row-level security of their history\n'

# as ROLE STATEMENT: what a role is answered.
as() { psql -X -q -At -v SHOW_CONTEXT=never -c "SET ROLE $1" -c "$2" 2>&1; }
expect "accounts through the history" "$(as health_web "SELECT string_agg(DISTINCT account_id::text, ',') FROM team.s_history")" 1
for partition in $(sql -c "SELECT c.oid::regclass $partitions"); do
  for statement in "SELECT count(*) FROM $partition" "DELETE FROM $partition" "TRUNCATE $partition"; do
    answer=$(as health_web "$statement") && fail "$statement: $answer"
    [[ $answer == *'permission denied for table'* ]] || fail "$statement: $answer"
  done
done
sql -c "GRANT SELECT ON team.s_history_2025_01 TO health_web"
expect "rows of a partition that was granted: no policy of its own" "$(as health_web "SELECT count(*) FROM team.s_history_2025_01")" 0
printf 'ok nobody reads a partition that reads the history under row-level security\n'

expect "months that the owning group drops" "$(as health_team "SELECT health_retain('s', '1 month') >= 5")" t
printf 'ok the group that owns a history drops its months\n'

# An owner that may not create tables in the schema: the month is made all the same, and the night says so.
sql >/dev/null <<'SQL'
CREATE SCHEMA desk;
GRANT CREATE, USAGE ON SCHEMA desk TO health_night;
SET ROLE health_night;
SELECT health_source_add('d', 'm', 'team.account', 'id', time_column => 'at', history => 'desk.d_history');
RESET ROLE;
ALTER TABLE desk.d_history OWNER TO health_team;
SQL
answer=$(as health_night "CALL health_refresh('d', '2025-01-10')")
[[ $answer == *'partition desk.d_history_2025_01 belongs to role health_night, the history to role health_team'* && $answer == *'GRANT CREATE ON SCHEMA desk TO health_team'* ]] ||
  fail "a partition that cannot be the owner's: $answer"
expect "rows of that night" "$(sql -c "SELECT count(*) FROM desk.d_history")" 10
printf 'ok an owner without CREATE on the schema is warned of, and the night goes on\n'
