-- What the generator cannot know (scripts/build/upgrade.pl).

-- When the newest scores were written, when the past changed last, and what holds a run. Histories get their new columns from
-- their owner's next refresh.
ALTER TABLE @extschema@.health_source ADD COLUMN last_written_at timestamptz, ADD COLUMN history_changed_at timestamptz,
    ADD COLUMN hold_accounts_below double precision NOT NULL DEFAULT 0.5,
    ADD CONSTRAINT health_source_hold_accounts_below_check CHECK (hold_accounts_below >= 0 AND hold_accounts_below <= 1);
ALTER TABLE @extschema@.health_run ADD COLUMN held_for text, ADD COLUMN held_alerts jsonb,
    DROP CONSTRAINT health_run_status_check,
    ADD CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned', 'undone')),
    ADD CONSTRAINT health_run_held_for_check CHECK (held_for IN ('accounts', 'alerts'));
DROP FUNCTION health_score_internal.health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision);

-- @generated
