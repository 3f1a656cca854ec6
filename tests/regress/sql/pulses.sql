-- Pulses: what people judge counts in place of the relation's value until it expires, in every model of the book.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE SCHEMA pulses;
SELECT health_model_save('pulse model', '{"signals": {"logins": {"weight": 2, "scale": {"linear": [0, 40]}},
    "engagement": {"ask": "How engaged were they (1-10)?", "scale": {"linear": [0, 10]}, "optional": true},
    "tone": {"ask": "How do they sound?", "input": "tone_now", "scale": {"map": {"good": 100, "bad": 0}}, "optional": true, "observed": "tone_at", "max_age": "60 days"},
    "seat_use": {"input": {"ratio": ["logins", "seats"]}, "scale": {"linear": [0, 1]}, "optional": true},
    "shared": {"input": "other", "observed": "both_at", "scale": {"linear": [0, 1]}, "optional": true}, "sharing": {"observed": "both_at", "scale": {"linear": [0, 1]}, "optional": true}},
  "segments": [{"name": "big", "when": {"input": "logins", "gt": 30}, "patch": {"signals": {"engagement": {"scale": {"linear": [0, 5]}}}}}]}') \g /dev/null
SELECT health_model_save('pulse lenient', '{"on_invalid": "missing", "signals": {"logins": {"scale": {"linear": [0, 40]}}, "mood": {"scale": {"map": {"fine": 100}}, "optional": true}}}') \g /dev/null
CREATE TABLE pulses.account AS
SELECT id, 20 AS logins, CASE id WHEN 2 THEN 'bad' END AS tone_now, date '2026-01-01' AS tone_at, 'Account ' || id AS name, CASE WHEN id < 3 THEN 'ann' ELSE 'bob' END AS csm, timestamptz '2026-01-01' AS at
  FROM generate_series(1, 4) id;
SELECT health_source_add('p', 'pulse model', 'pulses.account', 'id', name_column => 'name', owner_column => 'csm', time_column => 'at', book => 'pulses'),
       health_source_add('l', 'pulse lenient', 'pulses.account', 'id', time_column => 'at', book => 'pulses');
CALL health_refresh(as_of => '2026-02-01');
SELECT account_id, score, calculated, inputs FROM pulses.p_history ORDER BY 1;
-- Everything is asked, but what the relation knows.
SELECT source, book, account_id, name, owner, signal, question, last_value FROM health_pulse_due ORDER BY signal, account_id;

-- The note is in drivers, explanation and change, on one line; also that of a signal that came.
SELECT driver, value, reason FROM health_drivers('pulse model', '{"logins": 20, "engagement": 3, "@notes": "engagement: never answers\ntone: x"}'::jsonb, '2026-02-01') WHERE kind = 'signal' AND driver IN ('engagement', 'tone');
SELECT health_explain('pulse model', '{"logins": 20, "engagement": 3, "@notes": "engagement: never answers"}'::jsonb, '2026-02-01');
SELECT health_explain('pulse model', '{"logins": 20, "engagement": 3, "@notes": "engagement: never answers"}'::jsonb, '{"logins": 20}', '2026-02-01', '2026-02-01');
SELECT health_explain('pulse model', '{"logins": 20, "engagement": 3, "@notes": "engagement: never answers"}'::jsonb, '{"logins": 20, "engagement": 8}', '2026-02-01', '2026-02-01');
SELECT health_score('pulse model', '{"logins": 20, "@notes": 5}'::jsonb, '2026-02-01') = health_score('pulse model', '{"logins": 20}'::jsonb, '2026-02-01') AS same;

-- An answer that the question does not know is refused. The range is that of the question and of its scales in all segments.
SELECT health_pulse_set('pulses', 1, 'engagement', 11, 'so much'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', -1, 'so little'); \echo :SQLSTATE
SELECT lowest, highest, question FROM health_score_internal.health_pulse_range('pulse model', 'engagement');
SELECT lowest, highest, question FROM health_score_internal.health_pulse_range('pulse model', 'logins');
SELECT lowest, highest, question FROM health_score_internal.health_pulse_range('pulse model', 'tone');

-- Ids and values of every type, without casts; the id is spelt as the book spells it.
SELECT health_pulse_set('pulses', 1, 'engagement', 9, 'a good call') > 0 AS set;
SELECT health_pulse_set('pulses', '02', 'tone', 'good', 'they laughed', expires => '2 years') > 0 AS set;
SELECT health_pulse_set('pulses', 3::bigint, 'engagement', 2.5, 'never answers', '1 day') > 0 AS set, health_pulse_set('pulses', '4'::text, 'mood', to_jsonb('fine'::text), E'so\n  they say ') > 0 AS set;
SELECT account_id, signal, value, note, set_by = current_user AS mine, extract(epoch FROM expires_at - set_at)::int / 86400 AS days FROM health_pulse ORDER BY id;
CALL health_refresh();
SELECT account_id, score, inputs - 'tone_at' AS inputs, inputs ->> 'tone_at' > '2026-02' AS fresh FROM pulses.p_inputs JOIN pulses.p_current USING (account_id) ORDER BY 1;
SELECT account_id, score, inputs FROM pulses.l_inputs JOIN pulses.l_current USING (account_id) ORDER BY 1;
-- By hand it is the same.
SELECT count(*) AS accounts, count(*) FILTER (WHERE score <> health_score('pulse model', i.inputs, i.scored_at)) AS differences FROM pulses.p_inputs i JOIN pulses.p_current USING (account_id);
SELECT account_id, owner, signal, last_value, last_note FROM health_pulse_due ORDER BY signal, account_id;
-- As of a time before they were said they do not count; the rows of that time stay as they were.
CALL health_refresh('p', '2026-02-01', replace => true);
SELECT account_id, score FROM pulses.p_history WHERE scored_at = '2026-02-01' ORDER BY 1;

-- The newest counts; one that has expired, or is taken back, does not revive an older one.
UPDATE health_pulse SET set_at = '2026-03-01', expires_at = '2026-06-01' WHERE account_id = '1';
INSERT INTO health_pulse (book, account_id, signal, value, note, set_at, expires_at) VALUES
    ('pulses', '1', 'engagement', '5', 'less', '2026-04-01', '2026-04-10'), ('pulses', '1', 'engagement', NULL, 'no longer', '2026-05-01', '2026-05-02');
CALL health_backfill('p', '2026-03-01', '2026-06-01', '1 month');
CALL health_refresh('p', '2026-04-15');
SELECT scored_at::date, score, inputs ->> 'engagement' AS engagement FROM pulses.p_history WHERE account_id = 1 AND scored_at < '2026-06-02' ORDER BY 1;
SELECT account_id, signal, last_value, last_set_at::date, expired_at::date FROM health_pulse_due WHERE account_id = '1' AND signal = 'engagement';
-- One account at once, in the same transaction.
BEGIN;
SELECT health_pulse_set('pulses', 4, 'engagement', 10, 'renewed') > 0 AS set, health_refresh_account('p', 4);
SELECT score FROM pulses.p_current WHERE account_id = 4;
ROLLBACK;

-- What is refused, and how.
SELECT health_pulse_set('pulses', 1, 'engagement', 'high', 'a word'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 'NaN'::float8, 'no number'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'tone', 'so so', 'not in the map'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'mood', 'dull', 'lenient, and still'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', '[1]'::jsonb, 'an array'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagment', 1, 'a slip'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, NULL, 1, 'none'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'seat_use', 1, 'two inputs'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'shared', 1, 'one time for two'); \echo :SQLSTATE
SELECT health_pulse_set('pulse', 1, 'engagement', 1, 'another book'); \echo :SQLSTATE
SELECT health_pulse_set(NULL, 1, 'engagement', 1, 'no book'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 'one', 'engagement', 1, 'no number'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', NULL::int, 'engagement', 1, 'no account'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 1, NULL); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 1, E' \t'); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 1, 'for ever', NULL); \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 1, 'until yesterday', '-1 day'); \echo :SQLSTATE
\set VERBOSITY sqlstate
INSERT INTO health_pulse (book, account_id, signal, value, note, expires_at) VALUES ('pulses', '1', 'engagement', '{}', 'an object', now() + interval '1 day');
\set VERBOSITY default
\set VERBOSITY sqlstate
INSERT INTO health_pulse (book, account_id, signal, value, note, set_at, expires_at) VALUES ('pulses', '1', 'engagement', '1', 'tomorrow', now() + interval '1 day', now() + interval '2 days');
\set VERBOSITY default
SELECT count(*) FROM health_pulse;

-- Rights: nobody reads them by default, nobody speaks for another.
CREATE ROLE pulses_low;
SET ROLE pulses_low;
SELECT count(*) FROM health_pulse; \echo :SQLSTATE
SELECT health_pulse_set('pulses', 1, 'engagement', 1, 'why'); \echo :SQLSTATE
RESET ROLE;
GRANT SELECT, INSERT ON health_pulse TO pulses_low;
GRANT SELECT ON health_pulse_due TO pulses_low;
SET ROLE pulses_low;
SELECT health_pulse_set('pulses', 3, 'engagement', 1, 'why') > 0 AS set;
INSERT INTO health_pulse (book, account_id, signal, value, note, set_by, expires_at) VALUES ('pulses', '1', 'engagement', '1', 'not I', session_user, now() + interval '1 day'); \echo :SQLSTATE
-- Of histories that one may not read, no questions.
SELECT count(*) FROM health_pulse_due;
RESET ROLE;
GRANT USAGE ON SCHEMA pulses TO pulses_low;
GRANT SELECT ON pulses.p_history TO pulses_low;
SET ROLE pulses_low;
SELECT count(*) > 0 AS asks FROM health_pulse_due;
RESET ROLE;
-- Row-level security holds for who names the source; what asks everywhere runs nobody's policy.
ALTER TABLE pulses.p_history ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON pulses.p_history USING (owner = 'bob');
SET ROLE pulses_low;
SELECT count(*) FROM health_pulse_due;
SELECT DISTINCT account_id, owner FROM health_pulse_questions('p') ORDER BY 1;
RESET ROLE;
ALTER TABLE pulses.p_history DISABLE ROW LEVEL SECURITY;
-- Nor does it look into a view that has taken a history's place.
ALTER TABLE pulses.p_history RENAME TO p_kept;
CREATE VIEW pulses.p_history AS SELECT * FROM pulses.p_kept WHERE 1 / (account_id - account_id) > 0;
SELECT count(*) FROM health_pulse_due;
SELECT health_pulse_set('pulses', 77, 'engagement', 1, 'unheard of') > 0 AS warned;
DROP VIEW pulses.p_history;
ALTER TABLE pulses.p_kept RENAME TO p_history;
SELECT account_id, note, set_by FROM health_pulse WHERE set_by = 'pulses_low';

-- Ids that are UUIDs, or of a domain.
CREATE DOMAIN pulses.key AS uuid CHECK (VALUE IS NOT NULL);
CREATE TABLE pulses.by_uuid AS SELECT '00000000-0000-0000-0000-00000000000a'::pulses.key AS id, 20 AS logins;
SELECT health_source_add('u', 'pulse model', 'pulses.by_uuid', 'id', book => 'uuids');
SELECT health_pulse_set('uuids', '00000000-0000-0000-0000-00000000000a'::uuid, 'engagement', 10, 'by uuid') > 0 AS set, health_pulse_set('uuids', '{00000000-0000-0000-0000-00000000000A}', 'tone', 'bad', 'by hand') > 0 AS set;
SELECT health_pulse_set('uuids', 17, 'engagement', 10, 'by number'); \echo :SQLSTATE
CALL health_refresh('u');
SELECT account_id, score, inputs - 'tone_at' AS inputs FROM pulses.u_history;
-- A source that keeps no inputs counts them all the same.
SELECT health_source_add('u', 'pulse model', 'pulses.by_uuid', 'id', book => 'uuids', keep_inputs => false) \g /dev/null
CALL health_refresh('u');
SELECT score, inputs FROM pulses.u_current JOIN pulses.u_inputs USING (account_id);

SELECT health_source_drop(s) FROM unnest('{p,l,u}'::text[]) s \g /dev/null
DELETE FROM health_pulse;
DELETE FROM health_run;
DROP SCHEMA pulses CASCADE;
REVOKE ALL ON health_pulse, health_pulse_due FROM pulses_low;
DROP ROLE pulses_low;
