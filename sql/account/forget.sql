-- Erasure and subject access: every row of an account in histories and in the tables of the extension, found by the
-- catalog.

CREATE FUNCTION health_account_tables(OUT relation regclass, OUT condition text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- $1 is the book, $2 the account's ids. Rows that refer to an account's rows by a foreign key come first.
    RETURN QUERY
    WITH held AS (SELECT c.oid AS held, CASE WHEN b.attname IS NULL
                             THEN '%1$s.source = ANY (ARRAY(SELECT s.name FROM health_source s WHERE s.book = $1))'
                             ELSE '%1$s.book = $1' END
                             || ' AND %1$s.account_id = ANY ($2)' AS condition
                    FROM pg_depend d
                    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                    JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
                    LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = 'book'
                   WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
                     AND d.deptype = 'e')
    SELECT l.relation::regclass, l.condition
      FROM (SELECT k.conrelid AS relation, 1 AS place,
                   format('r.%I = ANY (ARRAY(SELECT p.%I FROM %s p WHERE %s))', f.attname, t.attname, h.held::regclass,
                                     format(h.condition, 'p')) AS condition
              FROM held h
              JOIN pg_constraint k ON k.confrelid = h.held AND k.contype = 'f' AND cardinality(k.conkey) = 1
              JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = k.conkey[1]
              JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = k.confkey[1]
             WHERE k.conrelid NOT IN (SELECT o.held FROM held o)
             UNION ALL
            SELECT h.held, 2, format(h.condition, 'r') FROM held h) l
     ORDER BY l.place, l.relation::regclass::text;
END
$$;
COMMENT ON FUNCTION health_account_tables() IS
'The tables of the extension that hold rows of accounts, with the SQL condition of a row r for the book $1 and the ids $2.';

CREATE FUNCTION health_history_search(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_named(source);
    owner text := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = history);
BEGIN
    IF history IS NOT NULL AND owner <> current_user AND health_history_plain(source) IS NULL THEN
        RAISE EXCEPTION 'history % cannot be searched as role %', history, quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = 'The role may not read the history, or a read would run code of its owner.',
            HINT = format('Role %I owns the history.', owner);
    END IF;
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_search(@extschema@.health_source) IS
'The history of a source, if there is one; 42501 if the current role may not read it, or a read would run code of its owner.';

CREATE FUNCTION health_history_forget(source @extschema@.health_source, ids text[])
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    history regclass := health_history_search(source);
    owner text := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = history);
    type regtype := health_id_type(history);
    recent regclass := to_regclass(health_source_table(source, '_recent'));
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
    IF health_source_table_own(recent, '_recent') IS NOT TRUE THEN
        recent := NULL;
    END IF;
    FOREACH account IN ARRAY ids LOOP
        CONTINUE WHEN health_id_spelt(account, type) IS NULL;
        EXECUTE format('DELETE FROM %s h WHERE %s', history, health_history_match(history)) USING account;
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows + gone;
        IF recent IS NOT NULL THEN
            EXECUTE format('DELETE FROM %s h WHERE %s', recent, health_history_match(history)) USING account;
        END IF;
        -- Rows of child accounts stay, without the id of the forgotten parent.
        IF source.parent_column IS NOT NULL THEN
            EXECUTE format('UPDATE %s h SET parent = NULL WHERE h.parent::text = $1', history) USING account;
        END IF;
    END LOOP;
    RETURN rows;
END
$$;
COMMENT ON FUNCTION health_history_forget(@extschema@.health_source, text[]) IS
'Deletes the rows of accounts from the history of a source, and their ids from the column parent; returns the number of deleted rows. 42501 if triggers or rules of another role would run with the rights of the current role.';

CREATE FUNCTION health_run_names(run @extschema@.health_run, book text, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Messages name accounts in double quotes.
    RETURN strpos(concat_ws(' ', run.message, run.detail, run.hint), '"' || account_id || '"') > 0
       AND EXISTS (SELECT FROM health_source s WHERE s.name = run.source AND s.book = health_run_names.book);
END
$$;
COMMENT ON FUNCTION health_run_names(@extschema@.health_run, text, text) IS 'Whether the error of a run names an account of the book.';

CREATE FUNCTION health_forget_account(book text, account_id text)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET row_security = off
AS $$
DECLARE
    spelt text := health_book_account(book, account_id);
    ids text[] := health_identity_accounts(book, spelt) || account_id;
    source health_source;
    place record;
    account text;
    gone bigint;
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'an account cannot be forgotten at isolation level REPEATABLE READ or SERIALIZABLE' USING ERRCODE = 'invalid_transaction_state',
            DETAIL = 'Rows that other sessions wrote after the start of the transaction would stay.', HINT = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED first.';
    END IF;
    FOR source IN SELECT s.* FROM health_source s WHERE s.book = health_forget_account.book ORDER BY s.name LOOP
        relation := health_history_search(source);
        CONTINUE WHEN relation IS NULL;
        -- The lock waits for a refresh: its uncommitted rows are invisible.
        PERFORM health_source_lock(source.name);
        rows := health_history_forget(source, ids);
        RETURN NEXT;
    END LOOP;
    FOR place IN SELECT * FROM health_account_tables() LOOP
        relation := place.relation;
        EXECUTE format('DELETE FROM %s r WHERE %s', place.relation, place.condition) USING book, ids;
        GET DIAGNOSTICS rows = ROW_COUNT;
        RETURN NEXT;
    END LOOP;
    relation := 'health_run'::regclass;
    rows := 0;
    FOREACH account IN ARRAY ids LOOP
        UPDATE health_run r SET message = replace(r.message, quoted.id, '(forgotten)'), detail = replace(r.detail, quoted.id, '(forgotten)'),
               hint = replace(r.hint, quoted.id, '(forgotten)')
          FROM (SELECT '"' || account || '"' AS id) quoted
         WHERE health_run_names(r, book, account);
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
    FOR source IN SELECT s.* FROM health_source s WHERE s.book = health_export_account.book ORDER BY s.name LOOP
        history := health_history_search(source);
        CONTINUE WHEN history IS NULL;
        found := '[]';
        FOREACH account IN ARRAY ids LOOP
            CONTINUE WHEN health_id_spelt(account, health_id_type(history)) IS NULL;
            EXECUTE format('SELECT jsonb_agg(to_jsonb(h) ORDER BY h.scored_at) FROM %s h WHERE %s', history, health_history_match(history))
               INTO rows USING account;
            found := found || COALESCE(rows, '[]');
        END LOOP;
        held := held || jsonb_build_object(format('%I.%I', source.history_schema, source.history_name), found);
    END LOOP;
    FOR place IN SELECT * FROM health_account_tables() LOOP
        EXECUTE format('SELECT COALESCE(jsonb_agg(to_jsonb(r)), ''[]'') FROM %s r WHERE %s', place.relation, place.condition)
           INTO rows USING book, ids;
        held := held || jsonb_build_object((SELECT c.relname FROM pg_class c WHERE c.oid = place.relation), rows);
    END LOOP;
    SELECT jsonb_agg(to_jsonb(r) ORDER BY r.id) INTO rows
      FROM health_run r WHERE EXISTS (SELECT FROM unnest(ids) a WHERE health_run_names(r, book, a));
    held := held || jsonb_build_object('health_run', COALESCE(rows, '[]'));
    RETURN jsonb_build_object('book', book, 'account_id', spelt, 'linked_accounts', to_jsonb(array_remove(ids, spelt)),
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
