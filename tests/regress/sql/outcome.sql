-- Outcomes: ids of any type, nothing doubled, nothing that cannot be counted; nobody's business by default.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA outcome;
CREATE TABLE outcome.lost AS SELECT id::bigint, date '2026-02-01' + id AS on_day, 100.5 * id AS arr FROM generate_series(1, 3) id;
INSERT INTO health_outcome (account_id, kind, at, value) SELECT id, 'churned', on_day, arr FROM outcome.lost;
INSERT INTO health_outcome VALUES ('uuids', '00000000-0000-0000-0000-000000000001'::uuid, 'renewed', '2026-03-01', NULL, 'two years');
SELECT * FROM health_outcome ORDER BY book, account_id;
-- Once more, as a nightly job would.
INSERT INTO health_outcome (account_id, kind, at, value) SELECT id, 'churned', on_day, arr FROM outcome.lost ON CONFLICT DO NOTHING;
SELECT count(*) FROM health_outcome;
INSERT INTO health_outcome (account_id, kind, at) VALUES ('1', 'churned', '2026-02-02'); \echo :SQLSTATE
INSERT INTO health_outcome (account_id, kind, at) VALUES ('1', 'lost', '2026-02-02'); \echo :SQLSTATE
INSERT INTO health_outcome (account_id, kind, at) VALUES ('1', 'complained', 'infinity'); \echo :SQLSTATE
INSERT INTO health_outcome (account_id, kind, at, value) VALUES ('1', 'complained', '2026-02-02', 'NaN'); \echo :SQLSTATE
INSERT INTO health_outcome (account_id, kind, at, value) VALUES ('1', 'complained', '2026-02-02', '-Infinity'); \echo :SQLSTATE
INSERT INTO health_outcome (account_id, kind, at) VALUES (NULL, 'complained', '2026-02-02'); \echo :SQLSTATE
CREATE ROLE outcome_low;
SET ROLE outcome_low;
SELECT count(*) FROM health_outcome; \echo :SQLSTATE
RESET ROLE;
DELETE FROM health_outcome;
DROP ROLE outcome_low;
DROP SCHEMA outcome CASCADE;
