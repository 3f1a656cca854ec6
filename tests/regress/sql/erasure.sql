-- On a Postgres without citext, ltree, cube or ICU this test ends here.
SELECT (SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'ltree', 'cube')) = 3
   AND EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS testable \gset
\if :testable
\else
\quit
\endif
-- Erasure follows the data: whatever became of the sources, and by the equality of the id type, no table of ours keeps an id.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA erasure;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA erasure;
CREATE COLLATION erasure.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT health_model_save('erasure model', '{"signals": {"v": {"scale": {"linear": [0, 100]}}, "call": {"ask": "How was it?", "scale": {"linear": [0, 10]}, "optional": true}}}') \g /dev/null

-- Every table of the extension and every history, as text. The number of rows that name the account in any spelling.
CREATE FUNCTION erasure.places(account text) RETURNS TABLE (place text, hits bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR place IN SELECT d.objid::regclass::text FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score' JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'r'
                  WHERE d.classid = 'pg_class'::regclass AND d.deptype = 'e'
                  UNION SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'erasure'::regnamespace AND c.relkind = 'r' AND c.relname <> 'account' ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM %s r WHERE strpos(lower(r::text), lower($1)) > 0', place) INTO hits USING account;
        CONTINUE WHEN hits = 0;
        RETURN NEXT;
    END LOOP;
END $$;

-- One round for each id type: ids of two accounts; how the forgotten one is spelt by people; what happens to the source before.
CREATE FUNCTION erasure.round(id_type text, theirs text, other text, as_typed text, fate text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    others bigint;
    export jsonb;
    gone bigint;
    book text := 'erasure';
BEGIN
    EXECUTE format('CREATE TABLE erasure.account AS SELECT i::%s AS id, p::%1$s AS parent, 10 AS v, timestamptz ''2026-01-01'' AS at FROM (VALUES (%L, NULL), (%L, %2$L)) x (i, p)', id_type, theirs, other);
    PERFORM health_source_add('e', 'erasure model', 'erasure.account', 'id', time_column => 'at', book => book, parent_column => 'parent', keep => '{parent}');
    PERFORM health_score_internal.health_history_partition(health_score_internal.health_source_get('e'), '2026-01-02');
    EXECUTE format('INSERT INTO erasure.e_history (account_id, scored_at, parent, inputs) SELECT id, ''2026-01-02'', parent, jsonb_build_object(''v'', v, ''parent'', parent) FROM erasure.account');
    INSERT INTO health_outcome (book, account_id, kind, at) VALUES (book, as_typed, 'renewed', '2026-01-02'), (book, other, 'renewed', '2026-01-02');
    PERFORM health_pulse_set(book, as_typed, 'call', 3, 'said'), health_override_set(book, theirs, 'cap', 30, 'about');
    PERFORM health_identity_link('zendesk', 'z1', book, as_typed, book);
    INSERT INTO health_run (source, as_of, status, book, message, detail) VALUES ('e', '2026-01-02', 'failed', book, format('account "%s" is at fault', theirs), format('Key (account_id, scored_at)=(%s, 2026-01-02) exists.', theirs));
    INSERT INTO health_alert (source, book, account_id, playbook, run, as_of, trigger, reason, action, severity, due_at)
    VALUES ('e', book, theirs, 'p', 1, '2026-01-02', 'at_risk', 'r', 'a', 'low', '2026-01-03');
    CASE fate
        WHEN 'dropped' THEN PERFORM health_source_drop('e');
        WHEN 'deleted' THEN DELETE FROM health_source;
        WHEN 'moved' THEN PERFORM health_source_add('e', 'erasure model', 'erasure.account', 'id', time_column => 'at', book => 'elsewhere', parent_column => 'parent');
        WHEN 'history moved' THEN PERFORM health_source_add('e', 'erasure model', 'erasure.account', 'id', time_column => 'at', book => book, history => 'erasure.e_other', parent_column => 'parent');
        WHEN 'renamed' THEN ALTER TABLE erasure.e_history RENAME TO e_renamed; PERFORM health_source_drop('e');
        WHEN 'detached' THEN ALTER TABLE erasure.e_history DETACH PARTITION erasure.e_history_2026_01; PERFORM health_source_drop('e'); DROP TABLE erasure.e_history CASCADE;
        WHEN 'recreated' THEN ALTER TABLE erasure.e_history RENAME TO e_renamed;
             PERFORM health_source_add('e', 'erasure model', 'erasure.account', 'id', time_column => 'at', book => 'elsewhere', parent_column => 'parent');
        WHEN 'none' THEN DELETE FROM health_source; DELETE FROM health_score_internal.health_history_register;
             DROP TABLE erasure.e_history CASCADE;
        ELSE NULL;
    END CASE;
    SELECT sum(p.hits) INTO before FROM erasure.places(theirs) p;
    SELECT sum(p.hits) INTO others FROM erasure.places(other) p;
    export := health_export(book, CASE fate WHEN 'none' THEN theirs ELSE as_typed END);
    SELECT sum(f.rows) INTO gone FROM health_forget(book, CASE fate WHEN 'none' THEN theirs ELSE as_typed END) f;
    RETURN concat_ws(' ', before > 5, (SELECT sum(jsonb_array_length(r)) FROM jsonb_each(export -> 'rows') x (t, r)) = gone,
        COALESCE((SELECT string_agg(concat_ws(' ', p.place, p.hits), ', ') FROM erasure.places(theirs) p), 'nothing left,'), others = (SELECT sum(p.hits) FROM erasure.places(other) p));
END $$;
CREATE FUNCTION erasure.tried(id_type text, theirs text, other text, as_typed text, fate text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    said := erasure.round(id_type, theirs, other, as_typed, fate);
    RAISE EXCEPTION USING MESSAGE = said, ERRCODE = 'ZZ999';
EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
    RETURN SQLERRM;
END $$;
-- Rows were found, all of them exported, nothing is left of the account, all of the other one.
SELECT t.id_type, f.fate, erasure.tried(t.id_type, t.theirs, t.other, t.as_typed, f.fate)
  FROM (VALUES (1, 'text', 'acct-a', 'acct-b', 'acct-a'), (2, 'erasure.citext', 'Acct-A', 'acct-b', 'acct-a'),
               (3, 'text COLLATE erasure.any_case', 'Acct-A', 'acct-b', 'acct-a'), (4, 'bigint', '907090', '801080', '0907090'),
               (5, 'uuid', 'ab000000-0000-4000-8000-000000000001', 'cd000000-0000-4000-8000-000000000002', 'AB000000-0000-4000-8000-000000000001')) t (n, id_type, theirs, other, as_typed)
 CROSS JOIN (VALUES (1, 'kept'), (2, 'dropped'), (3, 'deleted'), (4, 'moved'), (5, 'history moved'), (6, 'renamed'), (7, 'detached'), (8, 'recreated')) f (n, fate)
 ORDER BY t.n, f.n;
-- Without any history the ids are text.
SELECT erasure.tried('text', 'acct-a', 'acct-b', 'acct-a', 'none');

DROP SCHEMA erasure CASCADE;
