-- health_history_register: the tables that histories of a book are or were, with their partitions. A source can be dropped
-- or move to another book or history; the rows of its accounts stay, and health_forget and health_export find them here.

CREATE TABLE health_history_register (
    relation       oid  NOT NULL,
    history_schema text NOT NULL,
    history_name   text NOT NULL,
    source         text NOT NULL,
    book           text NOT NULL,
    parents        text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (relation, source, book)
);
CREATE INDEX health_history_register_book_idx ON health_history_register (book);
COMMENT ON TABLE health_history_register IS 'The tables with scores of accounts, and the books that their rows belong to: also those of dropped and changed sources. A row is deleted after its table is dropped.';
COMMENT ON COLUMN health_history_register.relation IS 'The OID of the table. It finds a table that was renamed.';
COMMENT ON COLUMN health_history_register.history_schema IS 'The schema of the table when it was registered.';
COMMENT ON COLUMN health_history_register.history_name IS 'The name of the table when it was registered. It finds the table in a restored database, where OIDs differ.';
COMMENT ON COLUMN health_history_register.source IS 'The source that wrote the rows.';
COMMENT ON COLUMN health_history_register.book IS 'The book that the source had.';
COMMENT ON COLUMN health_history_register.parents IS 'The parent columns that the source had: inputs with these names are ids of accounts.';
COMMENT ON INDEX health_history_register_book_idx IS 'The tables of a book.';

SELECT pg_extension_config_dump('health_history_register', '');

-- PUBLIC may write the register: the privileges on health_source decide, so that no further grant is needed.
CREATE FUNCTION health_history_register_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    entry health_history_register := CASE TG_OP WHEN 'INSERT' THEN NEW ELSE OLD END;
BEGIN
    IF NOT has_any_column_privilege('health_source', 'INSERT') AND NOT has_any_column_privilege('health_source', 'UPDATE')
       AND NOT has_table_privilege('health_source', 'DELETE')
       OR EXISTS (SELECT FROM pg_class c
                   WHERE (c.oid = entry.relation
                          OR c.relname = entry.history_name AND c.relnamespace = to_regnamespace(quote_ident(entry.history_schema)))
                     AND NOT pg_has_role(c.relowner, 'USAGE')) THEN
        RAISE EXCEPTION 'role % may not register table %.%', quote_ident(current_user), quote_ident(entry.history_schema), quote_ident(entry.history_name)
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Only the owner of a table, with INSERT or UPDATE on health_source, registers it as a history.',
                  HINT = 'health_source_add registers the history of a source.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION health_history_register_guard() IS
'Trigger of health_history_register: 42501 unless the current role has the rights of the table''s owner, and INSERT or UPDATE on health_source.';

CREATE TRIGGER health_history_register_guard BEFORE INSERT OR UPDATE OR DELETE ON health_history_register
    FOR EACH ROW EXECUTE FUNCTION health_history_register_guard();

CREATE FUNCTION health_history_like(relation oid)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'account_id' AND NOT a.attisdropped)
       AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'scored_at' AND NOT a.attisdropped);
END
$$;
COMMENT ON FUNCTION health_history_like(oid) IS 'Whether a relation has the columns account_id and scored_at: what has not cannot be a history.';

CREATE FUNCTION health_history_found(entry health_history_register)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    named oid := (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = entry.history_schema AND c.relname = entry.history_name);
BEGIN
    -- After a restore, the OID may be that of any relation. If that one has an entry by its name, the entry here means
    -- another table.
    IF entry.relation <> named AND health_history_like(entry.relation)
       AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                         JOIN health_history_register r ON r.history_schema = n.nspname AND r.history_name = c.relname
                        WHERE c.oid = entry.relation) THEN
        RETURN entry.relation;
    END IF;
    IF named IS NULL AND health_history_like(entry.relation) THEN
        RETURN entry.relation;
    END IF;
    RETURN CASE WHEN health_history_like(named) THEN named END;
END
$$;
COMMENT ON FUNCTION health_history_found(health_history_register) IS
'The table of an entry, by its OID if it was renamed, by its name if the database was restored; NULL if it was dropped.';

CREATE FUNCTION health_history_registered(source @extschema@.health_source, relation regclass, created boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    place record;
BEGIN
    SELECT n.nspname AS schema, c.relname AS name INTO place FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF created THEN
        -- The rows of an older table of this name are gone with it.
        DELETE FROM health_history_register r
         WHERE r.history_schema = place.schema AND r.history_name = place.name
           AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.relation);
    END IF;
    INSERT INTO health_history_register AS r (relation, history_schema, history_name, source, book, parents)
    VALUES (relation, place.schema, place.name, source.name, source.book, array_remove(ARRAY[source.parent_column], NULL))
    ON CONFLICT ON CONSTRAINT health_history_register_pkey DO UPDATE
       SET history_schema = excluded.history_schema, history_name = excluded.history_name,
           parents = ARRAY(SELECT unnest(r.parents) UNION SELECT unnest(excluded.parents))
     WHERE (r.history_schema, r.history_name) <> (excluded.history_schema, excluded.history_name) OR NOT r.parents @> excluded.parents;
END
$$;
COMMENT ON FUNCTION health_history_registered(@extschema@.health_source, regclass, boolean) IS
'Registers a table with the scores of a source; entries of a dropped table whose name a created one takes are deleted.';

CREATE FUNCTION health_history_register_clean()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    DELETE FROM health_history_register r
     WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.relation)
       AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = r.history_schema AND c.relname = r.history_name);
END
$$;
COMMENT ON FUNCTION health_history_register_clean() IS 'Deletes the entries of dropped tables.';

CREATE FUNCTION health_book_histories(book text)
RETURNS SETOF regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH history AS MATERIALIZED (
        SELECT health_history_named(s) AS found FROM health_source s WHERE s.book = health_book_histories.book
         UNION
        SELECT health_history_found(r) FROM health_history_register r WHERE r.book = health_book_histories.book)
    SELECT h.found FROM history h
     WHERE h.found IS NOT NULL
       -- An attached partition is read through its table.
       AND NOT EXISTS (SELECT FROM pg_inherits i JOIN history p ON p.found = i.inhparent WHERE i.inhrelid = h.found)
     ORDER BY h.found::text;
END
$$;
COMMENT ON FUNCTION health_book_histories(text) IS
'The tables with scores of the accounts of a book: histories of its sources, of dropped and changed ones, and detached partitions.';

CREATE FUNCTION health_book_sources(book text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT s.name FROM health_source s WHERE s.book = health_book_sources.book
                  UNION SELECT r.source FROM health_history_register r WHERE r.book = health_book_sources.book);
END
$$;
COMMENT ON FUNCTION health_book_sources(text) IS 'The names of the sources that a book has or had.';

-- A plain UPDATE or DELETE of a source, too, leaves rows behind.
CREATE FUNCTION health_source_left()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_named(OLD);
BEGIN
    IF (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = history) THEN
        PERFORM health_history_registered(OLD, history, false);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_source_left() IS 'Trigger of health_source: registers the history that a source leaves, if the current role has the rights of its owner.';

CREATE TRIGGER health_source_left AFTER DELETE OR UPDATE OF name, book, parent_column, history_schema, history_name ON @extschema@.health_source
    FOR EACH ROW EXECUTE FUNCTION health_source_left();
