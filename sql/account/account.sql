-- health_account: everything known about one account, as one document. Other functions compute the values.

CREATE FUNCTION health_account_of(source text, account_id text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- The maximum number of scores listed.
    newest CONSTANT integer := 400;
    found_source health_source := health_source_get(source);
    history regclass := health_history_named(found_source);
    spelt text;
    ids text[];
    place record;
    rows jsonb;
    document jsonb;
BEGIN
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', quote_ident(found_source.history_schema), quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    PERFORM health_require_history(found_source, 'csm');
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE format($sql$
        SELECT jsonb_build_object('history', jsonb_agg(jsonb_build_object('scored_at', h.scored_at, 'score', h.score, 'band', h.band,
                   'calculated', h.calculated, 'model_version', h.model_version) ORDER BY h.scored_at),
               'inputs', (array_agg(h.inputs ORDER BY h.scored_at DESC))[1])
               || jsonb_build_object('drivers', (SELECT %3$s FROM %1$s h WHERE %2$s ORDER BY h.scored_at DESC LIMIT 1))
          FROM (SELECT h.* FROM %1$s h WHERE %2$s ORDER BY h.scored_at DESC LIMIT $2) h HAVING count(*) > 0$sql$, history, health_history_match(history),
        health_kept_drivers_of(found_source, history, 'h'))
       INTO document USING spelt, newest;
    IF document IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' || account_id || '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores.';
    END IF;
    EXECUTE format('SELECT to_jsonb(h) FROM %I.%I h WHERE %s', found_source.history_schema, source || '_current', health_history_match(history))
       INTO rows USING spelt;
    document := document || jsonb_build_object('source', source, 'book', found_source.book, 'account_id', spelt, 'current', rows);
    -- Only tables of the extension that the caller may read.
    ids := CASE WHEN has_table_privilege('health_identity', 'SELECT') THEN health_identity_accounts(found_source.book, spelt) ELSE ARRAY[spelt] END;
    FOR place IN SELECT t.relation, t.condition, regexp_replace(regexp_replace(c.relname, '^health_', ''), 'y$', 'ie') || 's' AS name
                   FROM health_account_places() t JOIN pg_class c ON c.oid = t.relation
                  WHERE has_table_privilege(t.relation, 'SELECT') LOOP
        EXECUTE format('SELECT COALESCE(jsonb_agg(to_jsonb(r) ORDER BY r), ''[]'') FROM %s r WHERE %s', place.relation, place.condition)
           INTO rows USING found_source.book, ids;
        document := document || jsonb_build_object(place.name, rows);
    END LOOP;
    RETURN document || jsonb_build_object('linked_accounts', to_jsonb(array_remove(ids, spelt)));
END
$$;
COMMENT ON FUNCTION health_account_of(text, text) IS 'Implements every form of health_account, for an id as text.';

CREATE FUNCTION @extschema@.health_account(source text, account_id text)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id);
COMMENT ON FUNCTION @extschema@.health_account(text, text) IS
'Everything known about an account: its row in the source''s _current view, drivers and inputs of the newest score, the newest 400 scores, and its rows in those tables of the extension that the caller may read: pulses, overrides, outcomes, ids in other systems; linked accounts.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_account(source text, account_id {id})
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::text);
COMMENT ON FUNCTION @extschema@.health_account(text, {id}) IS 'As the form for text, for an id that is {what}.';
--@ end
