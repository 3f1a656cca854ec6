-- health_alert and health_alert_score: what playbooks have raised, what became of it, and the scores afterwards. What people and
-- workers do with an alert is in sql/alert/alert_steps.sql.

CREATE TABLE @extschema@.health_alert (
    id              bigint           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    playbook        text,
    source          text             NOT NULL,
    book            text             NOT NULL,
    account_id      text,
    run             bigint           NOT NULL,
    as_of           timestamptz      NOT NULL,
    trigger         text             NOT NULL,
    reason          text             NOT NULL,
    name            text,
    owner           text,
    segment         text,
    value           numeric,
    explanation     text,
    action          text             NOT NULL,
    severity        text             NOT NULL,
    due_at          timestamptz      NOT NULL,
    score           double precision,
    band            text,
    score_before    double precision,
    band_before     text,
    status          text             NOT NULL DEFAULT 'open',
    raised_at       timestamptz      NOT NULL DEFAULT now(),
    claimed_by      text,
    leased_until    timestamptz,
    attempts        integer          NOT NULL DEFAULT 0,
    delivered_at    timestamptz,
    ref             text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    snoozed_until   timestamptz,
    ended_at        timestamptz,
    resolved_at     timestamptz,
    resolved_by     text,
    action_taken    text,
    note            text,
    run_as          text             NOT NULL DEFAULT current_user,
    CONSTRAINT health_alert_status_check CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved', 'ended')),
    CONSTRAINT health_alert_account_check CHECK ((account_id IS NULL) = (playbook IS NULL))
);
CREATE UNIQUE INDEX health_alert_open_key ON @extschema@.health_alert (source, (COALESCE(playbook, '')), (COALESCE(account_id, '')))
    WHERE status IN ('open', 'acknowledged', 'snoozed');
CREATE INDEX health_alert_account_idx ON @extschema@.health_alert (source, playbook, account_id, as_of);
CREATE INDEX health_alert_claim_idx ON @extschema@.health_alert (due_at) WHERE status IN ('open', 'snoozed');

COMMENT ON TABLE @extschema@.health_alert IS 'What playbooks have raised: one open alert for each account and playbook of a source. No grants to PUBLIC: it names customers.';
COMMENT ON COLUMN @extschema@.health_alert.id IS 'Counts up.';
COMMENT ON COLUMN @extschema@.health_alert.playbook IS 'The playbook that raised it; NULL for a data alert: so many would have been raised that the data is in doubt.';
COMMENT ON COLUMN @extschema@.health_alert.source IS 'The source whose run raised it.';
COMMENT ON COLUMN @extschema@.health_alert.book IS 'The source''s book.';
COMMENT ON COLUMN @extschema@.health_alert.account_id IS 'The account''s id, as text; NULL for a data alert.';
COMMENT ON COLUMN @extschema@.health_alert.run IS 'The run in health_run, while that is kept.';
COMMENT ON COLUMN @extschema@.health_alert.as_of IS 'The time of the scores; scored_at in the history.';
COMMENT ON COLUMN @extschema@.health_alert.trigger IS 'The playbook''s trigger, or data.';
COMMENT ON COLUMN @extschema@.health_alert.reason IS 'What triggered it, in words.';
COMMENT ON COLUMN @extschema@.health_alert.name IS 'The account''s name.';
COMMENT ON COLUMN @extschema@.health_alert.owner IS 'Who is to act: the playbook''s owner, else the account''s.';
COMMENT ON COLUMN @extschema@.health_alert.segment IS 'The account''s segment.';
COMMENT ON COLUMN @extschema@.health_alert.value IS 'What the account is worth.';
COMMENT ON COLUMN @extschema@.health_alert.explanation IS 'The score and its change in words, or what costs most where history keeps no inputs.';
COMMENT ON COLUMN @extschema@.health_alert.action IS 'What is to be done.';
COMMENT ON COLUMN @extschema@.health_alert.severity IS 'One of low, medium, high, critical.';
COMMENT ON COLUMN @extschema@.health_alert.due_at IS 'By when.';
COMMENT ON COLUMN @extschema@.health_alert.score IS 'The score that raised it, 0 to 100.';
COMMENT ON COLUMN @extschema@.health_alert.band IS 'The band of that score.';
COMMENT ON COLUMN @extschema@.health_alert.score_before IS 'The score that it was compared with.';
COMMENT ON COLUMN @extschema@.health_alert.band_before IS 'The band of that score.';
COMMENT ON COLUMN @extschema@.health_alert.status IS 'One of open, acknowledged, snoozed, resolved (by a person), ended (the matter ended before anybody took it up).';
COMMENT ON COLUMN @extschema@.health_alert.raised_at IS 'When it was raised.';
COMMENT ON COLUMN @extschema@.health_alert.claimed_by IS 'The role that claimed it last.';
COMMENT ON COLUMN @extschema@.health_alert.leased_until IS 'Until when nobody else gets it from health_alert_claim().';
COMMENT ON COLUMN @extschema@.health_alert.attempts IS 'How often it has been claimed.';
COMMENT ON COLUMN @extschema@.health_alert.delivered_at IS 'When it was delivered.';
COMMENT ON COLUMN @extschema@.health_alert.ref IS 'Its name where it was delivered to, such as a ticket''s.';
COMMENT ON COLUMN @extschema@.health_alert.acknowledged_at IS 'When somebody took it up.';
COMMENT ON COLUMN @extschema@.health_alert.acknowledged_by IS 'The role that did.';
COMMENT ON COLUMN @extschema@.health_alert.snoozed_until IS 'Until when it is put off, or was before it was handed out again.';
COMMENT ON COLUMN @extschema@.health_alert.ended_at IS 'The as_of of the run in which the matter had ended, whoever had taken it up. Before that, the playbook raises no other for the account.';
COMMENT ON COLUMN @extschema@.health_alert.resolved_at IS 'When it was resolved, or ended by itself.';
COMMENT ON COLUMN @extschema@.health_alert.resolved_by IS 'The role that resolved it.';
COMMENT ON COLUMN @extschema@.health_alert.action_taken IS 'What was done.';
COMMENT ON COLUMN @extschema@.health_alert.note IS 'What there is to say about it.';
COMMENT ON COLUMN @extschema@.health_alert.run_as IS 'The role whose refresh raised it.';
COMMENT ON SEQUENCE @extschema@.health_alert_id_seq IS 'Numbers the alerts of health_alert.';
COMMENT ON INDEX @extschema@.health_alert_open_key IS 'One open alert for each account and playbook of a source, and one data alert.';
COMMENT ON INDEX @extschema@.health_alert_account_idx IS 'The alerts of an account, in their order.';
COMMENT ON INDEX @extschema@.health_alert_claim_idx IS 'What is to be handed out, the most urgent first.';

CREATE TABLE @extschema@.health_alert_score (
    alert     bigint           NOT NULL REFERENCES @extschema@.health_alert (id) ON DELETE CASCADE,
    scored_at timestamptz      NOT NULL,
    score     double precision,
    band      text,
    PRIMARY KEY (alert, scored_at)
);
-- As for health_run_signal: deletes cascade, a restore fills the tables in any order.
ALTER TABLE @extschema@.health_alert_score DISABLE TRIGGER ALL;
COMMENT ON TABLE @extschema@.health_alert_score IS 'The scores of an account for 180 days after its alert was resolved or ended: did it help? No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_alert_score.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN @extschema@.health_alert_score.scored_at IS 'The time of the score.';
COMMENT ON COLUMN @extschema@.health_alert_score.score IS 'The score, 0 to 100.';
COMMENT ON COLUMN @extschema@.health_alert_score.band IS 'Its band.';

SELECT pg_extension_config_dump('@extschema@.health_alert', '');
SELECT pg_extension_config_dump('@extschema@.health_alert_id_seq', '');
SELECT pg_extension_config_dump('@extschema@.health_alert_score', '');

-- Alerts come from runs; who may UPDATE the table works on them, and cannot make them somebody else's.
CREATE TRIGGER health_alert_guard BEFORE INSERT OR DELETE OR UPDATE OF id, playbook, source, book, account_id, run, as_of, run_as ON @extschema@.health_alert
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE VIEW @extschema@.health_alert_outcome WITH (security_invoker = true) AS
SELECT a.id AS alert, a.playbook, a.source, a.book, a.account_id, a.name, a.owner, a.segment, a.value, a.as_of, a.status, a.action, a.action_taken, a.resolved_at,
       a.score, a.band, f.score_30_days, f.score_30_days - a.score AS change_30_days,
       f.score_90_days, f.score_90_days - a.score AS change_90_days,
       f.latest_score, f.latest_score - a.score AS latest_change, f.latest_band, f.latest_at
  FROM @extschema@.health_alert a
 -- From the first run after it was over: as_of may be a time in the past, and resolved_at is the clock's.
 CROSS JOIN LATERAL (SELECT min(s.scored_at) AS first_at FROM @extschema@.health_alert_score s WHERE s.alert = a.id) g
 CROSS JOIN LATERAL (
       SELECT (array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at >= (g.first_at + '30 days'::interval)))[1] AS score_30_days,
              (array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at >= (g.first_at + '90 days'::interval)))[1] AS score_90_days,
              (array_agg(s.score ORDER BY s.scored_at DESC))[1] AS latest_score,
              (array_agg(s.band ORDER BY s.scored_at DESC))[1] AS latest_band,
              max(s.scored_at) AS latest_at
         FROM @extschema@.health_alert_score s WHERE s.alert = a.id) f
 WHERE a.playbook IS NOT NULL AND a.status IN ('resolved', 'ended');
COMMENT ON VIEW @extschema@.health_alert_outcome IS 'Alerts that are over, with the account''s scores since: did it help? Those that ended by themselves are what to compare with.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.playbook IS 'The playbook that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.source IS 'The source whose run raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.book IS 'The source''s book.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.account_id IS 'The account''s id, as text.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.name IS 'The account''s name.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.owner IS 'Who was to act.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.segment IS 'The account''s segment.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.value IS 'What the account was worth.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.as_of IS 'The time of the scores that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.status IS 'How it ended: resolved by a person, or ended by itself.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.action IS 'What was to be done.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.action_taken IS 'What was done; NULL where nobody did anything.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.resolved_at IS 'When it was over.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score IS 'The score that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.band IS 'The band of that score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score_30_days IS 'The first score 30 days or more after the first run since it was over.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.change_30_days IS 'That score less the one that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score_90_days IS 'The first score 90 days or more after the first run since it was over.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.change_90_days IS 'That score less the one that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_score IS 'The latest score since.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_change IS 'That score less the one that raised it.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_band IS 'The band of the latest score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_at IS 'The time of the latest score.';
