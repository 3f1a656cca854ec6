-- What the generator cannot know (scripts/build/upgrade.pl).

-- When the newest scores were written, and when the past changed last. Histories get their new columns from their
-- owner's next refresh.
ALTER TABLE @extschema@.health_source
    ADD COLUMN last_written_at timestamptz,
    ADD COLUMN history_changed_at timestamptz;

-- @generated
