-- What the generator cannot know (scripts/build/upgrade.pl).

-- Events as a source.
ALTER TABLE @extschema@.health_source
    ADD COLUMN events_schema text,
    ADD COLUMN events_name text,
    ADD COLUMN event_account text,
    ADD COLUMN event_signal text,
    ADD COLUMN event_value text,
    ADD COLUMN event_time text,
    ADD CONSTRAINT health_source_events_check CHECK (num_nulls(events_schema, events_name, event_account, event_signal, event_time) IN (0, 5) AND (events_name IS NOT NULL OR event_value IS NULL));

-- Another name of an argument.
DROP FUNCTION health_score_internal.health_source_query(@extschema@.health_source, boolean, boolean);

-- @generated
