-- Erasure and subject access: no row of the account is left in any column of any table, and all of them were exported.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA forget;
SELECT health_model_save('forget model', '{"signals": {"logins": {"scale": {"linear": [0, 40]}}, "call": {"ask": "How was it?", "scale": {"linear": [0, 10]}, "optional": true}}}') \g /dev/null
-- Ids that stand in nothing else.
CREATE TABLE forget.account AS SELECT 'acct-' || id AS id, CASE id WHEN 4 THEN 'acct-2' END AS parent, 10 * id AS logins, 'Name of acct-' || id AS name, timestamptz '2026-01-01' AS at FROM generate_series(1, 4) id;
SELECT health_source_add('risk', 'forget model', 'forget.account', 'id', name_column => 'name', parent_column => 'parent', time_column => 'at', book => 'forget'),
       health_source_add('growth', 'forget model', 'forget.account', 'id', time_column => 'at', book => 'forget'),
       health_source_add('other', 'forget model', 'forget.account', 'id', time_column => 'at', book => 'another');
CALL health_backfill('risk', '2026-01-01', '2026-03-01', '1 month');
CALL health_refresh('growth', '2026-02-01');
CALL health_refresh('other', '2026-02-01');
SELECT health_pulse_set('forget', 'acct-2', 'call', 3, 'said acct-2') > 0 AS a, health_pulse_set('forget', 'acct-2', 'call', 4, 'again') > 0 AS b, health_pulse_set('forget', 'acct-1', 'call', 4, 'theirs') > 0 AS c,
       health_override_set('forget', 'acct-2', 'cap', 30, 'about acct-2') > 0 AS d, health_pulse_set('another', 'acct-2', 'call', 4, 'another book') > 0 AS e;
INSERT INTO health_outcome (book, account_id, kind, at) VALUES ('forget', 'acct-2', 'complained', '2026-02-03'), ('forget', 'acct-1', 'renewed', '2026-02-03');
SELECT health_identity_link('zendesk', 'z of acct-2', 'forget', 'acct-2', 'forget'), health_identity_link('zendesk', 'z1', 'forget', 'acct-1', 'forget');
INSERT INTO forget.account SELECT * FROM forget.account WHERE id = 'acct-2';
CALL health_refresh('risk', '2026-03-02');
DELETE FROM forget.account WHERE id = 'acct-2';
UPDATE forget.account SET parent = NULL;

-- Every table of the extension, and every history of the book, row by row as text.
CREATE FUNCTION forget.places(account text) RETURNS TABLE (place text, hits bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN SELECT d.objid::regclass::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'r'
                  WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
                  UNION SELECT t.relid::regclass::text FROM pg_class c, pg_partition_tree(c.oid) t WHERE c.relnamespace = 'forget'::regnamespace AND c.relkind = 'p' AND t.isleaf
                  UNION SELECT 'forget.account' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM %s r WHERE strpos(r::text, $1) > 0', place) INTO hits USING account;
        CONTINUE WHEN hits = 0;
        RETURN NEXT;
    END LOOP;
END $$;
SELECT * FROM forget.places('acct-2');
SELECT sum(hits) AS hits_of_another FROM forget.places('acct-1') \gset
-- All that is in those places is exported, but for the other book's.
SELECT e ->> 'book' AS book, e ->> 'account_id' AS account_id, t AS "table", jsonb_array_length(r) AS rows
  FROM health_export('forget', 'acct-2') e, jsonb_each(e -> 'rows') x (t, r) WHERE r <> '[]' ORDER BY 3;
SELECT r ->> 'scored_at' AS scored_at, r ->> 'name' AS name, r ->> 'score' AS score FROM jsonb_array_elements(health_export('forget', 'acct-2') #> '{rows,forget.risk_history}') r;

-- Then they are gone.
SELECT * FROM health_forget('forget', 'acct-2') WHERE rows > 0 ORDER BY relation::text;
SELECT * FROM forget.places('acct-2');
SELECT message FROM health_run WHERE status = 'failed';
SELECT sum(hits) = :hits_of_another AS others_untouched FROM forget.places('acct-1');
SELECT sum(rows) AS again FROM health_forget('forget', 'acct-2');
SELECT count(*) AS in_the_other_book FROM health_pulse WHERE account_id = 'acct-2';

-- Linked accounts are one customer.
SELECT health_identity_link('forget', 'acct-3', 'forget', 'acct-1', 'forget');
SELECT e -> 'linked_accounts' AS linked, jsonb_array_length(e #> '{rows,forget.risk_history}') AS rows FROM health_export('forget', 'acct-3') e;
SELECT sum(rows) > 0 AS gone FROM health_forget('forget', 'acct-3');
SELECT account_id, count(*) FROM forget.risk_history GROUP BY 1;
SELECT count(*) FROM health_identity;

-- Tables that hang on a table with accounts are covered too, and those with a source in place of a book.
CREATE TABLE forget.by_source (id int PRIMARY KEY, source text, account_id text);
CREATE TABLE forget.hanging (of_id int REFERENCES forget.by_source ON DELETE CASCADE, what text);
INSERT INTO forget.by_source VALUES (1, 'risk', 'acct-4'), (2, 'other', 'acct-4');
INSERT INTO forget.hanging VALUES (1, 'a'), (1, 'b'), (2, 'c');
ALTER EXTENSION health_score ADD TABLE forget.by_source;
ALTER EXTENSION health_score ADD TABLE forget.hanging;
SELECT t, r FROM jsonb_each(health_export('forget', 'acct-4') -> 'rows') x (t, r) WHERE t IN ('by_source', 'hanging') ORDER BY 1;
SELECT * FROM health_forget('forget', 'acct-4') WHERE rows > 0 ORDER BY relation::text;
SELECT * FROM forget.hanging;
ALTER EXTENSION health_score DROP TABLE forget.hanging;
ALTER EXTENSION health_score DROP TABLE forget.by_source;

-- What is refused: unknown books and ids, histories whose triggers or policies would run for somebody else.
SELECT * FROM health_forget('forgets', 'acct-1'); \echo :SQLSTATE
SELECT * FROM health_forget('forget', NULL); \echo :SQLSTATE
SELECT health_export('forgets', 1); \echo :SQLSTATE
CREATE ROLE forget_low;
CREATE SCHEMA forget_low AUTHORIZATION forget_low;
GRANT INSERT, UPDATE, DELETE ON health_source TO forget_low;
GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO forget_low;
GRANT SELECT ON health_pulse, health_override TO forget_low;
SET ROLE forget_low;
CREATE TABLE forget_low.account AS SELECT 1 AS id, 10 AS logins;
SELECT health_source_add('low', 'forget model', 'forget_low.account', 'id', book => 'low');
CALL health_refresh('low');
SELECT * FROM health_forget('low', 1); \echo :SQLSTATE
CREATE FUNCTION forget_low.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'spied with the rights of %', current_user; END $$;
CREATE TRIGGER spy BEFORE DELETE ON forget_low.low_history FOR EACH ROW EXECUTE FUNCTION forget_low.spy();
RESET ROLE;
SELECT * FROM health_forget('low', 1); \echo :SQLSTATE
DROP TRIGGER spy ON forget_low.low_history;
ALTER TABLE forget_low.low_history RENAME TO kept;
CREATE VIEW forget_low.low_history AS TABLE forget_low.kept;
ALTER VIEW forget_low.low_history OWNER TO forget_low;
SELECT * FROM health_forget('low', 1); \echo :SQLSTATE
SELECT health_export('low', 1); \echo :SQLSTATE
DROP VIEW forget_low.low_history;
ALTER TABLE forget_low.kept RENAME TO low_history;
SELECT relation, rows FROM health_forget('low', '01') WHERE rows > 0;
SELECT count(*) FROM forget_low.low_history;
-- A snapshot would not show what others have written since.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT health_forget('low', '1'); \echo :SQLSTATE
ROLLBACK;

DELETE FROM health_source;
DELETE FROM health_run;
DELETE FROM health_pulse;
DELETE FROM health_outcome;
DROP SCHEMA forget, forget_low CASCADE;
REVOKE ALL ON health_source, health_run, health_run_signal, health_pulse, health_override FROM forget_low;
DROP ROLE forget_low;
