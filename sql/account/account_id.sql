-- Account ids as text: one spelling for the id that a person types and the id that a table stores in its own type.

-- Casts and operators of a type run with the caller's rights. Those of built-in types are safe, and so are those of types
-- that a superuser owns, as of extensions like citext: nobody else can create a cast of such a type.
CREATE FUNCTION health_id_type(relation regclass, "column" text DEFAULT 'account_id')
RETURNS regtype
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type oid := (SELECT a.atttypid FROM pg_attribute a
                  WHERE a.attrelid = relation AND a.attname = "column" AND NOT a.attisdropped);
    base oid;
BEGIN
    LOOP
        SELECT t.typbasetype INTO base FROM pg_type t WHERE t.oid = type AND t.typtype = 'd';
        EXIT WHEN NOT FOUND;
        type := base;
    END LOOP;
    RETURN (SELECT t.oid FROM pg_type t
             WHERE t.oid = type
               AND (t.typnamespace = 'pg_catalog'::regnamespace
                    OR (t.typtype IN ('b', 'e') AND (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = t.typowner))));
END
$$;
COMMENT ON FUNCTION health_id_type(regclass, text) IS
'The type of a relation''s account ids, domains resolved to their base type; NULL unless it is a type of Postgres or of a superuser.';

CREATE FUNCTION health_id_equality(type regtype)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Types without an operator class of their own, as varchar and enums, compare by one of Postgres.
    RETURN COALESCE((SELECT format('OPERATOR(%I.%s)', n.nspname, o.oprname)
                       FROM pg_opclass c
                       JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'
                       JOIN pg_amop p ON p.amopfamily = c.opcfamily AND p.amopstrategy = 3
                                     AND p.amoplefttype = c.opcintype AND p.amoprighttype = c.opcintype
                       JOIN pg_operator o ON o.oid = p.amopopr
                       JOIN pg_namespace n ON n.oid = o.oprnamespace
                      WHERE c.opcdefault AND c.opcintype = type), 'OPERATOR(pg_catalog.=)');
END
$$;
COMMENT ON FUNCTION health_id_equality(regtype) IS 'The operator by which ids of a type are equal, as SQL: the one of the type''s unique indexes.';

CREATE FUNCTION health_id_cast(type regtype)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- The name from the catalog: the type name character would mean character(1).
    RETURN (SELECT format('%I.%I', n.nspname, t.typname) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid = type);
END
$$;
COMMENT ON FUNCTION health_id_cast(regtype) IS 'The qualified name of a type, for a cast.';

CREATE FUNCTION health_id_spelt(account_id text, type regtype)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    spelt text;
BEGIN
    IF type IS NULL THEN
        RETURN account_id;
    END IF;
    EXECUTE format('SELECT $1::%s::text', health_id_cast(type)) INTO spelt USING account_id;
    RETURN spelt;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_id_spelt(text, regtype) IS
'An account id as text of its type: 007 becomes 7 for an integer. NULL if the id is no value of the type.';

CREATE FUNCTION health_book_check(book text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    books text;
BEGIN
    IF NOT EXISTS (SELECT FROM health_source s WHERE s.book = health_book_check.book) THEN
        SELECT string_agg(b.book, ', ' ORDER BY b.book) INTO books FROM (SELECT DISTINCT s.book FROM health_source s ORDER BY 1 LIMIT 10) b;
        RAISE EXCEPTION 'unknown book %', COALESCE('"' || book || '"', 'NULL')
            USING ERRCODE = 'undefined_object', DETAIL = 'No source scores accounts of this book.',
                  HINT = COALESCE('There are: ' || books || '.',
                                  'SELECT health_source_add(name, model, relation, account_column) adds a source to the book "accounts".');
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_check(text) IS 'Raises 42704, with the known books in the hint, unless a source scores the accounts of the book.';

-- Looked up in the catalog: to_regclass raises an error if the caller has no right to the schema.
CREATE FUNCTION health_history_named(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = source.history_schema AND c.relname = source.history_name);
END
$$;
COMMENT ON FUNCTION health_history_named(@extschema@.health_source) IS 'The relation that now has the name of a source''s history, without a check of privileges; NULL if there is none.';

-- A query over many histories must not run code of their owners: views, policies and casts are excluded.
CREATE FUNCTION health_history_safe(history regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM pg_class c
         WHERE c.oid = history
           AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE')
           AND (NOT row_security_active(c.oid) OR pg_get_userbyid(c.relowner) = current_user)
           AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                            WHERE i.inhparent = c.oid
                              AND (p.relkind <> 'r' OR p.relhassubclass OR c.relkind = 'r'))
           AND NOT EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                              AND health_id_type(c.oid, a.attname) IS NULL)
           -- The planner evaluates constant parts of the expressions in indexes, statistics and check constraints.
           AND (pg_get_userbyid(c.relowner) = current_user
                OR NOT EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid) t (oid)
                                WHERE EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid
                                                   AND (x.indexprs IS NOT NULL OR pg_get_expr(x.indpred, x.indrelid) <> '(run IS NULL)'))
                                   OR EXISTS (SELECT FROM pg_statistic_ext x WHERE x.stxrelid = t.oid AND x.stxexprs IS NOT NULL)
                                   OR EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = t.oid AND x.contype = 'c')
                                   OR EXISTS (SELECT FROM pg_partitioned_table x WHERE x.partrelid = t.oid AND x.partexprs IS NOT NULL))));
END
$$;
COMMENT ON FUNCTION health_history_safe(regclass) IS 'Whether the current role may read a history, and the read runs no code of another role.';

CREATE FUNCTION health_history_plain(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT c.oid FROM pg_class c
         WHERE c.oid = health_history_named(source)
           AND health_history_safe(c.oid)
           AND NOT EXISTS (SELECT FROM (VALUES ('account_id', NULL), ('scored_at', 'timestamptz'), ('name', 'text'), ('score', 'float8'), ('band', 'text'),
                                               ('owner', 'text'), ('segment', 'text'), ('inputs', 'jsonb'), ('coverage', 'float8'), ('model', 'text'),
                                               ('model_version', 'int4'), ('calculated', 'float8')) w (name, type)
                            WHERE NOT EXISTS (SELECT FROM pg_attribute a
                                               WHERE a.attrelid = c.oid AND a.attname = w.name
                                                 AND (w.type IS NULL OR a.atttypid = to_regtype('pg_catalog.' || w.type)))));
END
$$;
COMMENT ON FUNCTION health_history_plain(@extschema@.health_source) IS
'The history of a source if the current role may read it and the read runs no code of another role; NULL otherwise.';

CREATE FUNCTION health_history_has(history regclass, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE %s)', history, health_history_match(history)) INTO there USING account_id;
    RETURN there;
END
$$;
COMMENT ON FUNCTION health_history_has(regclass, text) IS 'Whether a history has rows of an account; the id is spelt as by health_id_spelt().';

CREATE FUNCTION health_history_match(history regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type regtype := health_id_type(history);
BEGIN
    -- In the column's own type, so that Postgres can use the column's index.
    RETURN CASE WHEN type IS NULL THEN 'h.account_id::text = $1'
                ELSE format('h.account_id %s $1::%s', health_id_equality(type), health_id_cast(type)) END;
END
$$;
COMMENT ON FUNCTION health_history_match(regclass) IS 'The SQL condition that row h of a history belongs to the account with id $1 (text).';

CREATE FUNCTION health_id_folds(history regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
                    WHERE a.attrelid = history AND a.attname = 'account_id' AND NOT a.attisdropped
                      AND (c.collisdeterministic IS FALSE
                           OR health_id_type(history) NOT IN ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar', 'name')));
END
$$;
COMMENT ON FUNCTION health_id_folds(regclass) IS 'Whether ids of a history can be equal and yet differ as text: citext, nondeterministic collations, numeric.';

CREATE FUNCTION health_book_account(book text, account_id text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass;
    spelt text;
    stored text;
    types regtype[] := '{}';
BEGIN
    PERFORM health_book_check(book);
    IF account_id IS NULL THEN
        RAISE EXCEPTION 'account_id must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the account by its id in the book.';
    END IF;
    FOR history IN SELECT h.history
                     FROM health_source s CROSS JOIN LATERAL health_history_named(s) h (history)
                    WHERE s.book = health_book_account.book AND h.history IS NOT NULL ORDER BY s.name LOOP
        spelt := health_id_spelt(account_id, health_id_type(history));
        IF spelt IS NOT NULL THEN
            -- Of ids that are equal though they differ, as of citext, the one of the history: a refresh joins ids as text.
            IF health_id_folds(history) AND health_history_safe(history) THEN
                EXECUTE format('SELECT h.account_id::text FROM %s h WHERE %s ORDER BY h.scored_at DESC LIMIT 1', history, health_history_match(history))
                   INTO stored USING spelt;
            END IF;
            RETURN COALESCE(stored, spelt);
        END IF;
        types := types || health_id_type(history);
    END LOOP;
    IF cardinality(types) > 0 THEN
        RAISE EXCEPTION 'invalid account id "%" for book "%"', account_id, book USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The account ids of this book have type %s.', (SELECT string_agg(DISTINCT t::text, ', ') FROM unnest(types) t)),
            HINT = 'Use the account_id that the history shows.';
    END IF;
    RETURN account_id;
END
$$;
COMMENT ON FUNCTION health_book_account(text, text) IS
'An account id as the histories of the book spell it. Unknown book: 42704; invalid id: 22023.';

CREATE FUNCTION health_book_warn(book text, account_id text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    source health_source;
    history regclass;
    read boolean := false;
BEGIN
    FOR source IN SELECT s.* FROM health_source s
                   WHERE s.book = health_book_warn.book AND s.last_as_of IS NOT NULL ORDER BY s.name LOOP
        history := health_history_plain(source);
        CONTINUE WHEN history IS NULL;
        read := true;
        IF health_id_spelt(account_id, health_id_type(history)) IS NOT NULL AND health_history_has(history, account_id) THEN
            RETURN;
        END IF;
    END LOOP;
    IF read THEN
        RAISE WARNING 'account "%" has never been scored in book "%"', account_id, book USING HINT = 'If the id is correct, the entry counts as soon as a source has the account.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_warn(text, text) IS 'Warns if no history of the book that the current role may read has the account: the id may be mistyped.';
