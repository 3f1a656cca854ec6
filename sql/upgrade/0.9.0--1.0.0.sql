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
-- What scripts/build/upgrade.pl cannot know: changes of tables, and functions whose result changes.

ALTER TABLE @extschema@.health_source ADD COLUMN hold_accounts_below double precision NOT NULL DEFAULT 0.5,
    ADD CONSTRAINT health_source_hold_accounts_below_check CHECK (hold_accounts_below >= 0 AND hold_accounts_below <= 1);
ALTER TABLE @extschema@.health_run ADD COLUMN held_for text, ADD COLUMN held_alerts jsonb,
    DROP CONSTRAINT health_run_status_check,
    ADD CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned', 'undone')),
    ADD CONSTRAINT health_run_held_for_check CHECK (held_for IN ('accounts', 'alerts'));
DROP FUNCTION health_score_internal.health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision);

ALTER TABLE @extschema@.health_source ADD COLUMN schedule text;
ALTER TABLE @extschema@.health_run ADD COLUMN warning text;
-- @generated
-- What the generator cannot know of the way from 0.9.0 to 1.0.0.

ALTER TABLE @extschema@.health_run ADD COLUMN book text;
UPDATE @extschema@.health_run r SET book = s.book FROM @extschema@.health_source s WHERE s.name = r.source;

-- @generated

-- The histories of the sources, and their partitions.
INSERT INTO health_score_internal.health_history_register (relation, history_schema, history_name, source, book, parents)
SELECT t.oid, tn.nspname, t.relname, s.name, s.book, pg_catalog.array_remove(ARRAY[s.parent_column], NULL)
  FROM @extschema@.health_source s
  JOIN pg_catalog.pg_namespace n ON n.nspname = s.history_schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.history_name
 CROSS JOIN LATERAL (SELECT c.oid AS id UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = c.oid) p
  JOIN pg_catalog.pg_class t ON t.oid = p.id
  JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace;
-- The upgrade from 0.9.0 to 1.0.0: what scripts/build/upgrade.pl cannot know.

ALTER TABLE @extschema@.health_playbook ADD COLUMN repeat interval;

-- Another name of an argument.
DROP FUNCTION health_score_internal.health_source_query(@extschema@.health_source, boolean, boolean);

-- @generated
