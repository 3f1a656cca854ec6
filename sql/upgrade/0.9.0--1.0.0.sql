-- From 0.9.0 to 1.0.0: what scripts/build/upgrade.pl cannot know.

ALTER TABLE @extschema@.health_source
    ADD COLUMN last_written_at timestamptz,
    ADD COLUMN history_changed_at timestamptz,
    ADD COLUMN hold_accounts_below double precision NOT NULL DEFAULT 0.5,
    ADD COLUMN events_schema text,
    ADD COLUMN events_name text,
    ADD COLUMN event_account text,
    ADD COLUMN event_signal text,
    ADD COLUMN event_value text,
    ADD COLUMN event_time text,
    ADD COLUMN schedule text,
    ADD CONSTRAINT health_source_hold_accounts_below_check CHECK (hold_accounts_below >= 0 AND hold_accounts_below <= 1),
    ADD CONSTRAINT health_source_events_check CHECK (num_nulls(events_schema, events_name, event_account, event_signal, event_time) IN (0, 5) AND (events_name IS NOT NULL OR event_value IS NULL));
ALTER TABLE @extschema@.health_run
    ADD COLUMN held_for text,
    ADD COLUMN held_alerts jsonb,
    ADD COLUMN warning text,
    ADD COLUMN book text,
    DROP CONSTRAINT health_run_status_check,
    ADD CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned', 'undone')),
    ADD CONSTRAINT health_run_held_for_check CHECK (held_for IN ('accounts', 'alerts'));
UPDATE @extschema@.health_run r SET book = s.book FROM @extschema@.health_source s WHERE s.name = r.source;
ALTER TABLE @extschema@.health_playbook ADD COLUMN repeat interval;

-- Functions whose result or arguments have other names.
DROP FUNCTION health_score_internal.health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision);
DROP FUNCTION health_score_internal.health_source_query(@extschema@.health_source, boolean, boolean);

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
