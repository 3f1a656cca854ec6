# shellcheck shell=bash
# Sourced by the tests that move a whole database: its content, its state, and whether it continues to work. The tests
# provide calls.sh, sql() and expect().

# All data of the extension, and users' objects that depend on it.
fill() {
  {
    echo 'CREATE EXTENSION health_score;'
    calls_setup
    cat <<'SQL'
-- Two versions of a model, the older one active; a model out of use; a document with every warning that is easy to
-- cause.
SELECT health_model_save('two', '{"signals": {"b": {"scale": {"linear": [0, 10]}}}}', 'first'), health_model_save('two', '{"signals": {"b": {"scale": {"linear": [0, 20]}}}}', 'second', false), health_model_save('gone', health_template('retail')) \g /dev/null
SELECT health_model_drop('gone') \g /dev/null
SELECT health_model_save('warned', '{"signals": {"a": {"weight": 1, "category": "used", "max_age": "3 days", "scale": {"linear": [0, 10]}}, "c": {"category": "used", "input": {"change": ["x", "x"]}, "scale": {"linear": [0, 1]}}},
    "categories": {"used": {}, "unused": {}}, "bands": [{"name": "low", "from": 0}, {"name": "high", "from": 99.9}]}') \g /dev/null
SELECT health_model_reviewed('two', 'seen') \g /dev/null
-- A playbook with a band that a later version of its model lacks; a playbook of a source.
INSERT INTO health_playbook (name, model, trigger, band, action, condition) VALUES ('lost', 'm', 'band', 'red', 'call', '{"subscore": "b", "lt": 50}');
INSERT INTO health_playbook (name, source, trigger, points, within, action) VALUES ('drop', 's', 'drop', 10, '30 days', 'call');
SELECT health_model_save('m', '{"signals": {"a": {"scale": {"linear": [0, 100]}}, "call": {"ask": "How?", "optional": true, "scale": {"linear": [0, 10]}}}, "bands": [{"name": "bad", "from": 0}, {"name": "good", "from": 50}]}', 'other bands') \g /dev/null
SELECT count(health_alert_ack(a.id)), count(health_alert_resolve(a.id, 'called', 'n')) FROM health_alert_claim(2) a \g /dev/null
CALL health_refresh('s');
SELECT health_identity_link('crm', 'x', 'zendesk', 5), health_pulse_set('accounts', 3, 'call', NULL::int, 'taken back') \g /dev/null
-- Users' objects: generated columns, indexes, constraints, views, partitioned tables.
CREATE TABLE scored (id int PRIMARY KEY, a float8, b float8,
    score float8 GENERATED ALWAYS AS (health_score('{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}}}'::jsonb, health_inputs('a', a, 'b', b), timestamptz '2026-01-01 00:00+00')) STORED,
    CHECK (health_band('{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}}}'::jsonb, health_inputs('a', a, 'b', b), timestamptz '2026-01-01 00:00+00') <> 'purple'));
CREATE INDEX scored_by ON scored (health_score('{"signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 10]}}}}'::jsonb, health_inputs('a', a, 'b', b), timestamptz '2026-01-01 00:00+00'));
-- A referencing table that is larger than its referenced table.
INSERT INTO health_run_signal SELECT r.id, 'x' || i, 0, 0, 1 FROM health_run r, generate_series(1, 2000) i;
INSERT INTO scored (id, a, b) SELECT i, i, i % 11 FROM generate_series(1, 100) i;
CREATE VIEW by_name AS SELECT s.id, health_score('two', s) AS score, health_band('m', s) AS band FROM scored s;
CREATE MATERIALIZED VIEW kept AS SELECT s.id, health_score('m', s) AS score FROM scored s;
CREATE TABLE plain_history (LIKE s_history, PRIMARY KEY (account_id, scored_at));
SELECT health_source_add('adopted', 'two', 'account', 'id', book => 'other', time_column => 'at', history => 'plain_history', keep => '{name,csm}', max_staleness => '1 year', value_column => 'a') \g /dev/null
SQL
  } | sql -d "$1"
}

# Every table of the extension and of the user, by the catalog: row for row, sorted.
state() {
  sql -d "$1" -c "SELECT format('SELECT %L, count(*), md5(string_agg(r::text, E''\\n'' ORDER BY r::text COLLATE \"C\")) FROM ONLY %s r;', c.oid::regclass, c.oid::regclass)
    FROM pg_class c WHERE c.relkind IN ('r', 'm') AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname COLLATE \"C\"" | sql -d "$1"
  sql -d "$1" -c "SELECT c.oid::regclass, pg_sequence_last_value(c.oid) FROM pg_class c WHERE c.relkind = 'S' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname COLLATE \"C\""
  sql -d "$1" -c "SELECT c.oid::regclass, c.reloptions, md5(pg_get_viewdef(c.oid)) FROM pg_class c WHERE c.relkind = 'v' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname COLLATE \"C\""
  sql -d "$1" -c "SELECT indexrelid::regclass, pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY indexrelid::regclass::text COLLATE \"C\""
  sql -d "$1" -c "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n' AND connamespace = 'public'::regnamespace ORDER BY conname COLLATE \"C\", 2"
  sql -d "$1" -c "SELECT attrelid::regclass, attname, pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum) WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) ORDER BY attrelid::regclass::text COLLATE \"C\", 2"
  sql -d "$1" -c "SELECT id, score FROM by_name ORDER BY id LIMIT 5"
}
triggers() { sql -d "$1" -c "SELECT string_agg(tgenabled, '' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = 'health_model'::regclass"; }
review() { sql -d "$1" -c "SELECT verdict || ': ' || message FROM health_model_review('two') WHERE item = 'triggers'"; }


# goes_on DATABASE: the restored database works, and its sequences continue.
goes_on() {
  sql -d "$1" >"$TMPDIR/goes_on" <<'SQL'
SELECT max(id) AS last FROM health_run \gset
CALL health_refresh('s');
CALL health_refresh('adopted', '2026-04-01');
SELECT string_agg(status, ',') FROM health_run WHERE id > :last;
SELECT health_pulse_set('accounts', 3, 'call', 2, 'again') > (SELECT max(id) FROM health_pulse WHERE note = 'taken back'), health_override_set('accounts', 7, 'cap', 2, 'why') > 1, health_identity_link('crm', 'y', 'accounts', 9);
SELECT bool_and(score <= 10) FROM s_current WHERE account_id = 4;
SELECT health_model_save('two', health_template('retail'));
SELECT score = (SELECT score FROM scored WHERE id = 5) FROM scored WHERE id = 16 OR id = 5 LIMIT 1;
INSERT INTO scored (id, a, b) VALUES (1000, 50, 5);
SELECT score FROM scored WHERE id = 1000;
SQL
  expect "$1 goes on" "$(tr '\n' ' ' <"$TMPDIR/goes_on")" 'done,done t|t|9 t 3 t 50 '
}
