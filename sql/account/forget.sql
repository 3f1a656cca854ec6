-- Erasure and subject access: every row of an account, in the tables of the extension, by the catalog, and in histories.

CREATE FUNCTION health_account_tables(OUT relation regclass, OUT condition text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    -- $1 is the book, $2 the account's ids. Rows that hang on rows of an account by a foreign key come before them.
    RETURN QUERY
    WITH held AS (SELECT c.oid AS held, CASE WHEN b.attname IS NULL
                             THEN '%1$s.source OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT s.name FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) $1))'
                             ELSE '%1$s.book OPERATOR(pg_catalog.=) $1' END
                             OPERATOR(pg_catalog.||) ' AND %1$s.account_id OPERATOR(pg_catalog.=) ANY ($2)' AS condition
                    FROM pg_catalog.pg_depend d
                    JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid AND e.extname OPERATOR(pg_catalog.=) 'health_score'
                    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) d.objid AND c.relkind IN ('r', 'p')
                    JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) 'account_id'
                    LEFT JOIN pg_catalog.pg_attribute b ON b.attrelid OPERATOR(pg_catalog.=) c.oid AND b.attname OPERATOR(pg_catalog.=) 'book'
                   WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::regclass AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::regclass
                     AND d.deptype OPERATOR(pg_catalog.=) 'e')
    SELECT l.relation::regclass, l.condition
      FROM (SELECT k.conrelid AS relation, 1 AS place,
                   pg_catalog.format('r.%I OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT p.%I FROM %s p WHERE %s))', f.attname, t.attname, h.held::regclass,
                                     pg_catalog.format(h.condition, 'p')) AS condition
              FROM held h
              JOIN pg_catalog.pg_constraint k ON k.confrelid OPERATOR(pg_catalog.=) h.held AND k.contype OPERATOR(pg_catalog.=) 'f' AND pg_catalog.cardinality(k.conkey) OPERATOR(pg_catalog.=) 1
              JOIN pg_catalog.pg_attribute f ON f.attrelid OPERATOR(pg_catalog.=) k.conrelid AND f.attnum OPERATOR(pg_catalog.=) k.conkey[1]
              JOIN pg_catalog.pg_attribute t ON t.attrelid OPERATOR(pg_catalog.=) k.confrelid AND t.attnum OPERATOR(pg_catalog.=) k.confkey[1]
             WHERE k.conrelid NOT IN (SELECT o.held FROM held o)
             UNION ALL
            SELECT h.held, 2, pg_catalog.format(h.condition, 'r') FROM held h) l
     ORDER BY l.place, l.relation::regclass::text;
END
$$;
COMMENT ON FUNCTION health_account_tables() IS
'The tables of the extension that hold rows of accounts, with the SQL condition of a row r for the book $1 and the ids $2.';

CREATE FUNCTION health_history_search(source health_source)
RETURNS regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    history regclass := health_history_named(source);
    owner text := (SELECT pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) history);
BEGIN
    IF history IS NOT NULL AND owner OPERATOR(pg_catalog.<>) current_user AND health_history_plain(source) IS NULL THEN
        RAISE EXCEPTION 'history % cannot be searched as role %', history, pg_catalog.quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'It is not yours to read, or it is more than a table: reading it would run the code of its owner.',
            HINT = pg_catalog.format('Role %I owns it.', owner);
    END IF;
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_search(health_source) IS
'The history of a source, if there is one; 42501 where the current role may not read it, or would run code of its owner''s.';

CREATE FUNCTION health_history_forget(source health_source, ids text[])
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET row_security = off
AS $$
DECLARE
    history regclass := health_history_search(source);
    owner text := (SELECT pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) history);
    type regtype := health_id_type(history);
    account text;
    gone bigint;
    rows bigint := 0;
BEGIN
    -- Nobody adds a trigger, and no open transaction writes, while this lock is held.
    EXECUTE pg_catalog.format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', history);
    IF owner OPERATOR(pg_catalog.<>) current_user
       AND EXISTS (SELECT FROM (SELECT history::oid UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) history) t (oid)
                    WHERE EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid OPERATOR(pg_catalog.=) t.oid)
                       OR EXISTS (SELECT FROM pg_catalog.pg_rewrite w WHERE w.ev_class OPERATOR(pg_catalog.=) t.oid)) THEN
        RAISE EXCEPTION 'history % has triggers or rules of role %', history, pg_catalog.quote_ident(owner) USING ERRCODE = 'insufficient_privilege',
            DETAIL = pg_catalog.format('They would run with the rights of %I.', current_user),
            HINT = pg_catalog.format('Let %I delete the account''s rows there, or drop them.', owner);
    END IF;
    FOREACH account IN ARRAY ids LOOP
        CONTINUE WHEN health_id_spelt(account, type) IS NULL;
        EXECUTE pg_catalog.format('DELETE FROM %s h WHERE %s', history, health_history_match(history)) USING account;
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows OPERATOR(pg_catalog.+) gone;
        -- The scores of others are theirs; what they belonged to is not said any more.
        IF source.parent_column IS NOT NULL THEN
            EXECUTE pg_catalog.format('UPDATE %s h SET parent = NULL WHERE h.parent::pg_catalog.text OPERATOR(pg_catalog.=) $1', history) USING account;
        END IF;
    END LOOP;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION health_history_forget(health_source, text[]) IS
'Deletes the rows of accounts from the history of a source, and their ids where they are a parent; 42501 where its triggers or rules would run with the rights of another role than its owner.';

CREATE FUNCTION health_run_names(run health_run, book text, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    -- Messages name accounts in double quotes.
    RETURN pg_catalog.strpos(pg_catalog.concat_ws(' ', run.message, run.detail, run.hint), '"' OPERATOR(pg_catalog.||) account_id OPERATOR(pg_catalog.||) '"') OPERATOR(pg_catalog.>) 0
       AND EXISTS (SELECT FROM health_source s WHERE s.name OPERATOR(pg_catalog.=) run.source AND s.book OPERATOR(pg_catalog.=) health_run_names.book);
END
$$;
COMMENT ON FUNCTION health_run_names(health_run, text, text) IS 'Whether the error of a run names an account of the book.';

CREATE FUNCTION health_forget_account(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET row_security = off
AS $$
DECLARE
    spelt text := health_book_account(book, account_id);
    ids text[] := health_identity_accounts(book, spelt) OPERATOR(pg_catalog.||) account_id;
    source health_source;
    place record;
    account text;
    gone bigint;
BEGIN
    IF pg_catalog.current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'an account cannot be forgotten in a transaction that sees only what was there when it began' USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'Rows that others have written since would stay.', HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED first.';
    END IF;
    FOR source IN SELECT s.* FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) health_forget_account.book ORDER BY s.name LOOP
        relation := health_history_search(source);
        CONTINUE WHEN relation IS NULL;
        -- Rows that a refresh is writing could not be seen yet.
        PERFORM health_source_lock(source.name);
        rows := health_history_forget(source, ids);
        RETURN NEXT;
    END LOOP;
    FOR place IN SELECT * FROM health_account_tables() LOOP
        relation := place.relation;
        EXECUTE pg_catalog.format('DELETE FROM %s r WHERE %s', place.relation, place.condition) USING book, ids;
        GET DIAGNOSTICS rows = ROW_COUNT;
        RETURN NEXT;
    END LOOP;
    relation := 'health_run'::regclass;
    rows := 0;
    FOREACH account IN ARRAY ids LOOP
        UPDATE health_run r SET message = pg_catalog.replace(r.message, quoted.id, '(forgotten)'), detail = pg_catalog.replace(r.detail, quoted.id, '(forgotten)'),
               hint = pg_catalog.replace(r.hint, quoted.id, '(forgotten)')
          FROM (SELECT '"' OPERATOR(pg_catalog.||) account OPERATOR(pg_catalog.||) '"' AS id) quoted
         WHERE health_run_names(r, book, account);
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows OPERATOR(pg_catalog.+) gone;
    END LOOP;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION health_forget_account(text, text) IS 'What the forms of health_forget do, for an id as text.';

CREATE FUNCTION health_forget(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id) f;
END
$$;
COMMENT ON FUNCTION health_forget(text, text) IS
'Deletes every row of an account, and of those linked to it, from the histories of the book and from the tables of the extension, and returns how many from each. The relation that is scored is yours to clean, before.';

CREATE FUNCTION health_forget(book text, account_id bigint)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id::text) f;
END
$$;
COMMENT ON FUNCTION health_forget(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_forget(book text, account_id uuid)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id::text) f;
END
$$;
COMMENT ON FUNCTION health_forget(text, uuid) IS 'As the form for text, for an id that is a UUID.';

CREATE FUNCTION health_export_account(book text, account_id text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET row_security = off
AS $$
DECLARE
    spelt text := health_book_account(book, account_id);
    ids text[] := health_identity_accounts(book, spelt);
    source health_source;
    history regclass;
    place record;
    account text;
    rows jsonb;
    found jsonb;
    held jsonb := '{}';
BEGIN
    FOR source IN SELECT s.* FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) health_export_account.book ORDER BY s.name LOOP
        history := health_history_search(source);
        CONTINUE WHEN history IS NULL;
        found := '[]';
        FOREACH account IN ARRAY ids LOOP
            CONTINUE WHEN health_id_spelt(account, health_id_type(history)) IS NULL;
            EXECUTE pg_catalog.format('SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(h) ORDER BY h.scored_at) FROM %s h WHERE %s', history, health_history_match(history))
               INTO rows USING account;
            found := found OPERATOR(pg_catalog.||) COALESCE(rows, '[]');
        END LOOP;
        held := held OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(pg_catalog.format('%I.%I', source.history_schema, source.history_name), found);
    END LOOP;
    FOR place IN SELECT * FROM health_account_tables() LOOP
        EXECUTE pg_catalog.format('SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), ''[]'') FROM %s r WHERE %s', place.relation, place.condition)
           INTO rows USING book, ids;
        held := held OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object((SELECT c.relname FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) place.relation), rows);
    END LOOP;
    SELECT pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r) ORDER BY r.id) INTO rows
      FROM health_run r WHERE EXISTS (SELECT FROM pg_catalog.unnest(ids) a WHERE health_run_names(r, book, a));
    held := held OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('health_run', COALESCE(rows, '[]'));
    RETURN pg_catalog.jsonb_build_object('book', book, 'account_id', spelt, 'linked_accounts', pg_catalog.to_jsonb(pg_catalog.array_remove(ids, spelt)),
        'exported_at', pg_catalog.now(), 'rows', held);
END
$$;
COMMENT ON FUNCTION health_export_account(text, text) IS 'What the forms of health_export do, for an id as text.';

CREATE FUNCTION health_export(book text, account_id text)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id);
COMMENT ON FUNCTION health_export(text, text) IS
'Every row of an account, and of those linked to it, in the histories of the book and in the tables of the extension, by table: {"book", "account_id", "linked_accounts", "exported_at", "rows": {table: [row, …]}}.';

CREATE FUNCTION health_export(book text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::pg_catalog.text);
COMMENT ON FUNCTION health_export(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_export(book text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::pg_catalog.text);
COMMENT ON FUNCTION health_export(text, uuid) IS 'As the form for text, for an id that is a UUID.';
