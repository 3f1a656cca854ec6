-- Erasure and subject access: every row of an account in histories and in the tables of the extension, found by the
-- catalog.

CREATE FUNCTION health_account_places(OUT relation regclass, OUT condition text, OUT of_book text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- $1 is the book, $2 the account's ids. Rows that refer to an account's rows by a foreign key come first.
    RETURN QUERY
    WITH held AS (SELECT c.oid AS held, CASE WHEN b.attname IS NULL THEN '%1$s.source = ANY (health_score_internal.health_book_sources($1))'
                             ELSE '%1$s.book = $1' END AS of_book
                    FROM pg_depend d
                    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                    JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
                    LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = 'book'
                   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
                     AND d.deptype = 'e')
    SELECT l.relation::regclass, l.condition, l.of_book
      FROM (SELECT k.conrelid AS relation, 1 AS place,
                   format('r.%I = ANY (ARRAY(SELECT p.%I FROM %s p WHERE %s AND p.account_id = ANY ($2)))', f.attname, t.attname, h.held::regclass,
                                     format(h.of_book, 'p')) AS condition, NULL AS of_book
              FROM held h
              JOIN pg_constraint k ON k.confrelid = h.held AND k.contype = 'f' AND cardinality(k.conkey) = 1
              JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = k.conkey[1]
              JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = k.confkey[1]
             WHERE k.conrelid NOT IN (SELECT o.held FROM held o)
             UNION ALL
            SELECT h.held, 2, format(h.of_book || ' AND r.account_id = ANY ($2)', 'r'), format(h.of_book, 'r') FROM held h) l
     ORDER BY l.place, l.relation::regclass::text;
END
$$;
COMMENT ON FUNCTION health_account_places() IS
'The tables of the extension that hold rows of accounts, with the SQL condition of a row r for the book $1 and the ids $2; of_book is the part for the book, NULL where a foreign key leads to the account.';

CREATE FUNCTION health_id_same(ids text[], account_id text, type regtype, id_collation oid)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    same text[];
    one text;
    equality CONSTANT text := format('i::%s%s %s $2::%1$s', health_id_cast(type),
        (SELECT format(' COLLATE %I.%I', n.nspname, c.collname) FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
          WHERE c.oid = id_collation), health_id_equality(type));
BEGIN
    BEGIN
        EXECUTE format('SELECT array_agg(i) FROM unnest($1) i WHERE %s', equality) INTO same USING ids, account_id;
        RETURN same;
    EXCEPTION WHEN data_exception THEN
        IF cardinality(ids) = 1 THEN
            RETURN NULL;
        END IF;
    END;
    -- An id that is no value of the type is none of the account's.
    FOREACH one IN ARRAY ids LOOP
        same := same || health_id_same(ARRAY[one], account_id, type, id_collation);
    END LOOP;
    RETURN same;
END
$$;
COMMENT ON FUNCTION health_id_same(text[], text, regtype, oid) IS
'Those of the ids that are equal to an account id as values of a type under a collation (0: none), by the type''s own equality.';

CREATE FUNCTION health_account_ids(book text, account_id text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    ids text[];
    before text[];
    held text[] := '{}';
    found text[];
    place record;
    id_type record;
    history regclass;
    spelt text;
    one text;
    known boolean;
BEGIN
    IF account_id IS NULL THEN
        RAISE EXCEPTION 'account_id must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the account by its id in the book.';
    END IF;
    known := EXISTS (SELECT FROM health_source s WHERE s.book = health_account_ids.book)
          OR EXISTS (SELECT FROM health_history_register r WHERE r.book = health_account_ids.book);
    FOR place IN SELECT t.relation, t.of_book FROM health_account_places() t WHERE t.of_book IS NOT NULL LOOP
        EXECUTE format('SELECT array_agg(DISTINCT r.account_id) FROM %s r WHERE %s', place.relation, place.of_book) INTO found USING book;
        held := held || found;
    END LOOP;
    held := held || ARRAY(SELECT i.external_id FROM health_identity i WHERE i.book = health_account_ids.book AND i.system = i.book);
    held := ARRAY(SELECT DISTINCT h FROM unnest(held) h WHERE h IS NOT NULL);
    IF NOT known AND cardinality(held) = 0 THEN
        PERFORM health_book_check(book);
    END IF;
    -- The first one is the account's id as the histories spell it.
    FOR history IN SELECT h FROM health_book_histories(book) h LOOP
        spelt := health_id_spelt(account_id, health_id_type(history));
        EXIT WHEN spelt IS NOT NULL;
    END LOOP;
    ids := ARRAY[COALESCE(spelt, account_id)];
    IF spelt IS DISTINCT FROM account_id AND spelt IS NOT NULL THEN
        ids := ids || account_id;
    END IF;
    LOOP
        before := ids;
        FOR id_type IN SELECT DISTINCT health_id_type(r.relation, a.attname) AS type, a.attcollation AS collation
                         FROM (SELECT h AS relation, 'account_id' AS name FROM health_book_histories(book) h
                                UNION ALL
                               SELECT c.oid, s.account_column FROM health_source s
                                 JOIN pg_class c ON c.relname = s.relation_name AND c.relnamespace = to_regnamespace(quote_ident(s.relation_schema))
                                WHERE s.book = health_account_ids.book) r
                         JOIN pg_attribute a ON a.attrelid = r.relation AND a.attname = r.name AND NOT a.attisdropped
                        WHERE health_id_type(r.relation, a.attname) IS NOT NULL LOOP
            FOREACH one IN ARRAY before LOOP
                CONTINUE WHEN health_id_spelt(one, id_type.type) IS NULL;
                ids := ids || health_id_same(held, one, id_type.type, id_type.collation);
            END LOOP;
        END LOOP;
        -- Linked accounts are one customer.
        ids := ids || ARRAY(SELECT o.external_id FROM health_identity i JOIN health_identity o ON o.book = i.book AND o.component = i.component
                             WHERE i.book = health_account_ids.book AND i.system = i.book AND i.external_id = ANY (ids) AND o.system = o.book);
        ids := ARRAY(SELECT u.id FROM unnest(ids) WITH ORDINALITY u (id, at) GROUP BY u.id ORDER BY min(u.at));
        EXIT WHEN ids = before;
    END LOOP;
    IF spelt IS NULL AND NOT account_id = ANY (held) AND EXISTS (SELECT FROM health_source s WHERE s.book = health_account_ids.book) THEN
        -- Raises for an id that is no value of the id type.
        PERFORM health_book_account(book, account_id);
    END IF;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION health_account_ids(text, text) IS
'The ids of an account and of its linked accounts in every spelling that the tables of the extension have, by the equality of the id types; first the account''s own. A book that nothing knows: 42704; invalid id: 22023.';

CREATE FUNCTION health_history_search(history regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    owner text := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = history);
BEGIN
    IF owner <> current_user AND NOT health_history_safe(history) THEN
        RAISE EXCEPTION 'history % cannot be searched as role %', history, quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'The role may not read the history, or a read would run code of its owner.',
            HINT = format('Role %I owns the history.', owner);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_search(regclass) IS
'Raises 42501 if the current role may not read a history, or a read would run code of its owner.';

CREATE FUNCTION health_history_forget(history regclass, ids text[])
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    owner text := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = history);
    type regtype := health_id_type(history);
    parent_type regtype := health_id_type(history, 'parent');
    of_parent text;
    recent regclass;
    recents regclass[] := ARRAY(SELECT t FROM health_source s CROSS JOIN LATERAL to_regclass(health_source_table(s, '_recent')) t
                                 WHERE health_history_named(s) = history AND health_source_table_own(t, '_recent'));
    account text;
    gone bigint;
    rows bigint := 0;
BEGIN
    -- This lock prevents new triggers and writes of other transactions.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', history);
    IF owner <> current_user
       AND EXISTS (SELECT FROM (SELECT history::oid UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = history) t (oid)
                    WHERE EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid)
                       OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = t.oid)) THEN
        RAISE EXCEPTION 'history % has triggers or rules of role %', history, quote_ident(owner) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Triggers and rules would run with the rights of %I.', current_user),
            HINT = format('Role %I can delete the account''s rows, or drop the triggers and rules.', owner);
    END IF;
    FOREACH account IN ARRAY ids LOOP
        IF health_id_spelt(account, type) IS NOT NULL THEN
            EXECUTE format('DELETE FROM %s h WHERE %s', history, health_history_match(history)) USING account;
            GET DIAGNOSTICS gone = ROW_COUNT;
            rows := rows + gone;
            FOREACH recent IN ARRAY recents LOOP
                EXECUTE format('DELETE FROM %s h WHERE %s', recent, health_history_match(history)) USING account;
            END LOOP;
        END IF;
        -- Rows of child accounts stay, without the id of the forgotten parent: also where the inputs keep it.
        IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = history AND a.attname = 'parent' AND NOT a.attisdropped)
           AND health_id_spelt(account, parent_type) IS NOT NULL THEN
            of_parent := CASE WHEN parent_type IS NULL THEN 'h.parent::text = $1'
                              ELSE format('h.parent %s $1::%s', health_id_equality(parent_type), health_id_cast(parent_type)) END;
            IF health_id_type(history, 'inputs') = 'jsonb'::regtype THEN
                EXECUTE format($sql$
                    UPDATE %s h SET inputs = h.inputs - ARRAY(SELECT e.key FROM jsonb_each(h.inputs) e
                                                               WHERE e.value #>> '{}' = h.parent::text
                                                                 AND (jsonb_typeof(e.value) = 'string' OR e.key = ANY ($2)))
                     WHERE %s AND jsonb_typeof(h.inputs) = 'object'$sql$, history, of_parent)
                USING account, ARRAY(SELECT s.parent_column FROM health_source s WHERE health_history_named(s) = history AND s.parent_column IS NOT NULL
                                      UNION SELECT unnest(r.parents) FROM health_history_register r WHERE health_history_found(r) = history);
            END IF;
            EXECUTE format('UPDATE %s h SET parent = NULL WHERE %s', history, of_parent) USING account;
        END IF;
    END LOOP;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION health_history_forget(regclass, text[]) IS
'Deletes the rows of accounts from a history, and their ids from the parents of other accounts; returns the number of deleted rows. 42501 if triggers or rules of another role would run with the rights of the current role.';

CREATE FUNCTION health_id_struck(message text, account_id text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Messages name accounts in double quotes. Postgres itself quotes values in other ways: Key (account_id, scored_at)=(7, …).
    -- A backslash before anything but letters and digits means that character.
    RETURN regexp_replace(replace(message, '"' || account_id || '"', '(forgotten)'),
        '([''(])' || regexp_replace(account_id, '([^[:alnum:]])', '\\\1', 'g') || '(?=['',)])', '\1(forgotten)', 'g');
END
$$;
COMMENT ON FUNCTION health_id_struck(text, text) IS 'An error text with (forgotten) in place of an account id, in quotation marks or as the key of a row.';

CREATE FUNCTION health_run_names(run @extschema@.health_run, book text, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (run.book = health_run_names.book OR run.source = ANY (health_book_sources(health_run_names.book))
            OR run.book IS NULL AND NOT EXISTS (SELECT FROM health_source s WHERE s.name = run.source))
       AND concat_ws(' ', run.message, run.detail, run.hint) <> health_id_struck(concat_ws(' ', run.message, run.detail, run.hint), account_id);
END
$$;
COMMENT ON FUNCTION health_run_names(@extschema@.health_run, text, text) IS 'Whether the error of a run names an account of the book. A run whose book is unknown may be of any book.';

CREATE FUNCTION health_forget_account(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    ids text[];
    place record;
    account text;
    gone bigint;
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'an account cannot be forgotten at isolation level REPEATABLE READ or SERIALIZABLE' USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'Rows that other sessions wrote after the start of the transaction would stay.', HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED first.';
    END IF;
    PERFORM health_require('admin', 'health_identity', 'SELECT, DELETE');
    ids := health_account_ids(book, account_id);
    FOR relation IN SELECT h FROM health_book_histories(book) h LOOP
        PERFORM health_history_search(relation);
        -- The lock waits for a refresh: its uncommitted rows are invisible.
        PERFORM health_source_lock(s.name) FROM health_source s WHERE health_history_named(s) = relation ORDER BY s.name;
        rows := health_history_forget(relation, ids);
        RETURN NEXT;
    END LOOP;
    FOR place IN SELECT * FROM health_account_places() LOOP
        relation := place.relation;
        EXECUTE format('DELETE FROM %s r WHERE %s', place.relation, place.condition) USING book, ids;
        GET DIAGNOSTICS rows = ROW_COUNT;
        RETURN NEXT;
    END LOOP;
    relation := 'health_run'::regclass;
    rows := 0;
    FOREACH account IN ARRAY ids LOOP
        UPDATE health_run r SET message = health_id_struck(r.message, account), detail = health_id_struck(r.detail, account),
               hint = health_id_struck(r.hint, account)
         WHERE health_run_names(r, health_forget_account.book, account);
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows + gone;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION health_forget_account(text, text) IS 'Implements every form of health_forget, for an id as text.';

CREATE FUNCTION @extschema@.health_forget(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id) f;
END
$$;
COMMENT ON FUNCTION @extschema@.health_forget(text, text) IS
'Deletes every row of an account and of its linked accounts from the histories of the book and the tables of the extension; returns the number of rows for each. Delete the account from the scored relation first: a refresh would score it again.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_forget(book text, account_id {id})
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id::text) f;
END
$$;
COMMENT ON FUNCTION @extschema@.health_forget(text, {id}) IS 'As the form for text, for an id that is {what}.';
--@ end

CREATE FUNCTION health_export_account(book text, account_id text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    ids text[];
    history regclass;
    place record;
    account text;
    rows jsonb;
    found jsonb;
    held jsonb := '{}';
BEGIN
    PERFORM health_require('csm', 'health_identity', 'SELECT');
    ids := health_account_ids(book, account_id);
    FOR history IN SELECT h FROM health_book_histories(book) h LOOP
        PERFORM health_history_search(history);
        found := '[]';
        FOREACH account IN ARRAY ids LOOP
            CONTINUE WHEN health_id_spelt(account, health_id_type(history)) IS NULL;
            EXECUTE format('SELECT jsonb_agg(to_jsonb(h) ORDER BY h.scored_at) FROM %s h WHERE %s', history, health_history_match(history))
               INTO rows USING account;
            -- Two spellings of one id find the same rows.
            found := found || COALESCE((SELECT jsonb_agg(r) FROM jsonb_array_elements(rows) r WHERE NOT found @> jsonb_build_array(r)), '[]');
        END LOOP;
        held := held || jsonb_build_object((SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                             WHERE c.oid = history), found);
    END LOOP;
    FOR place IN SELECT * FROM health_account_places() LOOP
        EXECUTE format('SELECT COALESCE(jsonb_agg(to_jsonb(r)), ''[]'') FROM %s r WHERE %s', place.relation, place.condition)
           INTO rows USING book, ids;
        held := held || jsonb_build_object((SELECT c.relname FROM pg_class c WHERE c.oid = place.relation), rows);
    END LOOP;
    SELECT jsonb_agg(to_jsonb(r) ORDER BY r.id) INTO rows
      FROM health_run r WHERE EXISTS (SELECT FROM unnest(ids) a WHERE health_run_names(r, health_export_account.book, a));
    held := held || jsonb_build_object('health_run', COALESCE(rows, '[]'));
    RETURN jsonb_build_object('book', book, 'account_id', ids[1],
        'linked_accounts', to_jsonb(ARRAY(SELECT i FROM unnest(ids) i WHERE i NOT IN (ids[1], account_id) ORDER BY i)),
        'exported_at', now(), 'rows', held);
END
$$;
COMMENT ON FUNCTION health_export_account(text, text) IS 'Implements every form of health_export, for an id as text.';

CREATE FUNCTION @extschema@.health_export(book text, account_id text)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id);
COMMENT ON FUNCTION @extschema@.health_export(text, text) IS
'Every row of an account and of its linked accounts in the histories of the book and the tables of the extension, by table: {"book", "account_id", "linked_accounts", "exported_at", "rows": {table: [row, …]}}.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_export(book text, account_id {id})
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::text);
COMMENT ON FUNCTION @extschema@.health_export(text, {id}) IS 'As the form for text, for an id that is {what}.';
--@ end
