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
