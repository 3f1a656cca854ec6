-- Overrides: a person's last word on a score, with the calculated one beside it, until it expires.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA overrides;
SELECT health_model_save('override model', '{"signals": {"logins": {"scale": {"linear": [0, 40]}}}, "rules": [{"name": "quiet", "when": {"input": "logins", "lt": 5}, "adjust": -5}],
  "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}]}') \g /dev/null
CREATE TABLE overrides.account AS
SELECT id, logins, 'Account ' || id AS name, timestamptz '2026-01-01' AS at FROM (VALUES (1, 40), (2, 4), (3, 20), (4, NULL), (5, 40)) a (id, logins);
SELECT health_source_add('o', 'override model', 'overrides.account', 'id', name_column => 'name', time_column => 'at', book => 'overrides');
CALL health_refresh('o', '2026-02-01');
SELECT health_override_set('overrides', 1, 'cap', 39, 'the sponsor has left') > 0 AS set, health_override_set('overrides', '2', 'floor', 70.5, 'paid ahead: three years', '1 year') > 0 AS set,
       health_override_set('overrides', 3::bigint, 'set', 0, 'gone') > 0 AS set, health_override_set('overrides', 4, 'set', 80, 'no data, no score') > 0 AS set, health_override_set('overrides', 5, 'floor', 20, 'changes nothing') > 0 AS set;
SELECT account_id, mode, score, note, set_by = current_user AS mine, extract(epoch FROM expires_at - set_at)::int / 86400 AS days FROM health_override ORDER BY id;
CALL health_refresh('o');
SELECT account_id, score, calculated, band, low, high, status, inputs ->> '@override' AS override FROM overrides.o_history WHERE scored_at > '2026-02-01' ORDER BY 1;
SELECT h.account_id, d ->> 'kind' AS kind, d ->> 'driver' AS driver, d ->> 'value' AS value, d ->> 'contribution' AS contribution, d ->> 'status' AS status, d ->> 'reason' AS reason
  FROM overrides.o_history h, jsonb_array_elements(health_score_internal.health_kept_drivers_jsonb(h.model || '@' || h.model_version, h.inputs, h.scored_at, NULL, h.score, h.coverage)) d
 WHERE h.scored_at > '2026-02-01' ORDER BY 1, (d ->> 'rank')::int;
SELECT account_id, score, calculated, top_driver, explanation FROM overrides.o_current ORDER BY 1;
-- By hand it is the same; without the override it is what was calculated.
SELECT account_id, health_score('override model', inputs), health_score('override model', inputs - '@override') AS calculated FROM overrides.o_inputs ORDER BY 1;
SELECT driver, before_value, after_value, change FROM health_change('override model', '{"logins": 40}', '{"logins": 40, "@override": "cap 39: the sponsor has left"}'::text);
SELECT health_band('override model', '{"logins": 40, "@override": "cap 39"}'), health_explain('override model', '{"logins": 40, "@override": "cap 39"}');
SELECT health_score('override model', '{"logins": 40, "@override": "low"}'); \echo :SQLSTATE
SELECT health_score('override model', '{"logins": 40, "@override": 39}'); \echo :SQLSTATE

-- Under method points it comes after the end of the range; contributions add up.
SELECT d.rank, d.kind, d.driver, d.value, d.contribution, d.lost, d.status FROM health_drivers('{"method": "points", "start": 10, "range": [0, 50], "signals": {"visits": {"points": 5}}}'::jsonb, '{"visits": 20, "@override": "cap 30: calm down"}'::jsonb) d;
SELECT kind, driver, change FROM health_change('{"method": "points", "start": 10, "range": [0, 50], "signals": {"visits": {"points": 5}}}'::jsonb, '{"visits": 20}'::jsonb, '{"visits": 4, "@override": "cap 30: calm down"}'::jsonb);

-- The newest counts; what has expired, or is taken back, leaves no trace.
DELETE FROM health_override;
INSERT INTO health_override (book, account_id, mode, score, note, set_at, expires_at) VALUES
    ('overrides', '1', 'cap', 30, 'first', '2026-03-01', '2026-12-01'), ('overrides', '1', 'cap', 20, 'second', '2026-04-01', '2026-04-15'),
    ('overrides', '1', 'set', 10, 'third', '2026-06-01', '2026-12-01'), ('overrides', '1', NULL, NULL, 'taken back', '2026-07-01', '2026-12-01');
CALL health_backfill('o', '2026-02-15', '2026-08-15', '1 month');
SELECT scored_at::date, score, calculated, inputs, (SELECT count(*) FROM overrides.o_drivers d WHERE (d.account_id, d.scored_at) = (h.account_id, h.scored_at)) AS drivers FROM overrides.o_history h WHERE account_id = 1 AND scored_at <= '2026-08-15' ORDER BY 1;
BEGIN;
SELECT health_override_set('overrides', 1, 'set', 55, 'now') > 0 AS set, health_refresh_account('o', 1);
SELECT score, calculated FROM overrides.o_history WHERE account_id = 1 AND scored_at = now();
SELECT health_override_set('overrides', 1, NULL, NULL, 'and back') > 0 AS set, health_refresh_account('o', 1);
SELECT score, calculated FROM overrides.o_history WHERE account_id = 1 AND scored_at = now();
ROLLBACK;

-- What is refused, and how.
SELECT health_override_set('overrides', 1, 'adjust', 5, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, 'cap', 101, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, 'cap', 'NaN', 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, 'cap', NULL, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, NULL, 5, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, 'cap', 5, ''); \echo :SQLSTATE
SELECT health_override_set('overrides', 1, 'cap', 5, 'why', '0'); \echo :SQLSTATE
SELECT health_override_set('override', 1, 'cap', 5, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', 'x', 'cap', 5, 'why'); \echo :SQLSTATE
SELECT health_override_set('overrides', '00000000-0000-0000-0000-000000000001'::uuid, 'cap', 5, 'why'); \echo :SQLSTATE
\set VERBOSITY sqlstate
INSERT INTO health_override (book, account_id, mode, score, note, expires_at) VALUES ('overrides', '1', 'cap', -1, 'why', now() + interval '1 day');
\set VERBOSITY default

-- A source's owner must be able to read them: nobody's word is left out unseen.
CREATE ROLE overrides_low;
CREATE SCHEMA overrides_low AUTHORIZATION overrides_low;
GRANT INSERT, UPDATE, DELETE ON health_source TO overrides_low;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO overrides_low;
GRANT SELECT ON health_pulse TO overrides_low;
SET ROLE overrides_low;
CREATE TABLE overrides_low.account AS SELECT 1 AS id, 40 AS logins;
SELECT health_source_add('low', 'override model', 'overrides_low.account', 'id', book => 'low');
CALL health_refresh('low'); \echo :SQLSTATE
SELECT health_override_set('low', 1, 'cap', 5, 'why'); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT ON health_override TO overrides_low;
SET ROLE overrides_low;
SELECT health_override_set('low', 1, 'cap', 5, 'why') > 0 AS set;
INSERT INTO health_override (book, account_id, mode, score, note, set_by, expires_at) VALUES ('low', '1', 'cap', 1, 'not I', session_user, now() + interval '1 day'); \echo :SQLSTATE
CALL health_refresh('low');
SELECT account_id, score, calculated FROM overrides_low.low_history;
RESET ROLE;

SELECT health_source_drop('o') \g /dev/null
DELETE FROM health_source;
DELETE FROM health_override;
DELETE FROM health_run;
DROP SCHEMA overrides, overrides_low CASCADE;
REVOKE ALL ON health_source, health_run, health_run_signal, health_pulse, health_override FROM overrides_low;
DROP ROLE overrides_low;
