-- People's entries for accounts, pulses and overrides, as a refresh reads them; and the questions that are open.

CREATE FUNCTION health_given(book text, model text, as_of timestamptz, only_accounts text[] DEFAULT NULL, OUT account_id text, OUT given jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    -- Only the newest entry can count: after it expires, older entries stay without effect.
    WITH pulse AS (SELECT DISTINCT ON (p.account_id, p.signal) p.*
                     FROM health_pulse p
                    WHERE p.book = health_given.book AND p.set_at <= as_of
                      AND (only_accounts IS NULL OR p.account_id = ANY (only_accounts))
                    ORDER BY p.account_id, p.signal, p.set_at DESC, p.id DESC),
         override AS (SELECT DISTINCT ON (o.account_id) o.*
                     FROM health_override o
                    WHERE o.book = health_given.book AND o.set_at <= as_of
                      AND (only_accounts IS NULL OR o.account_id = ANY (only_accounts))
                    ORDER BY o.account_id, o.set_at DESC, o.id DESC),
         said AS (SELECT p.account_id, k.key, k.value, p.set_at, p.id
                    FROM pulse p
                    JOIN health_pulse_signals(model) s ON s.signal = p.signal
                   CROSS JOIN LATERAL (VALUES (s.value_key, p.value), (s.observed_key, to_jsonb(p.set_at AT TIME ZONE 'UTC'))) k (key, value)
                   WHERE p.expires_at > as_of AND p.value IS NOT NULL AND k.key IS NOT NULL
                   UNION ALL
                  -- One line for each judgement, in the order of the signals.
                  SELECT p.account_id, '@notes',
                         to_jsonb(string_agg(concat(p.signal, ': ', regexp_replace(btrim(p.note), '\s+', ' ', 'g')), E'\n' ORDER BY p.signal COLLATE "C")),
                         max(p.set_at), max(p.id)
                    FROM pulse p
                   WHERE p.expires_at > as_of AND p.value IS NOT NULL
                     AND EXISTS (SELECT FROM health_pulse_signals(model) s WHERE s.signal = p.signal AND s.value_key IS NOT NULL)
                   GROUP BY p.account_id
                   UNION ALL
                  SELECT o.account_id, '@override', to_jsonb(format('%s %s: %s', o.mode, o.score, o.note)), o.set_at, o.id
                    FROM override o
                   WHERE o.expires_at > as_of AND o.mode IS NOT NULL)
    SELECT s.account_id, jsonb_object_agg(s.key, s.value ORDER BY s.set_at, s.id) FROM said s GROUP BY s.account_id;
END
$$;
COMMENT ON FUNCTION health_given(text, text, timestamptz, text[]) IS
'People''s entries for the accounts of a book, or for some accounts, as of a time: a jsonb object of values by the model''s inputs, the notes of pulses under @notes, the override under @override ("cap 39: reason"). Accounts without an entry are left out.';

CREATE FUNCTION health_given_any(book text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM health_pulse p WHERE p.book = health_given_any.book)
        OR EXISTS (SELECT FROM health_override o WHERE o.book = health_given_any.book);
END
$$;
COMMENT ON FUNCTION health_given_any(text) IS 'Whether a book has any pulse or override; if not, a refresh need not read them.';

CREATE FUNCTION @extschema@.health_pulse_questions(only_source text DEFAULT NULL, OUT source text, OUT book text, OUT account_id text, OUT name text, OUT owner text,
    OUT signal text, OUT question text, OUT last_value jsonb, OUT last_note text, OUT last_set_by text, OUT last_set_at timestamptz, OUT expired_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    wanted CONSTANT text := only_source;
    asking health_source;
    history regclass;
BEGIN
    FOR asking IN SELECT s.* FROM health_source s WHERE wanted IS NULL OR s.name = wanted ORDER BY s.name LOOP
        -- A call with the name of a source accepts the policies of its history.
        history := CASE WHEN wanted IS NULL THEN health_history_plain(asking)
                        ELSE health_history_named(asking) END;
        CONTINUE WHEN history IS NULL;
        -- A question is open unless a judgement holds, or the relation had a value.
        RETURN QUERY EXECUTE format($sql$
            SELECT $1, $2, h.account_id::text, h.name, h.owner, q.signal, q.question, p.value, p.note, p.set_by, p.set_at, p.expires_at
              FROM (SELECT s.signal, s.question FROM health_pulse_signals($3) s
                     WHERE s.question IS NOT NULL AND s.segment = '') q
             CROSS JOIN (SELECT DISTINCT ON (l.account_id) l.* FROM %1$s l WHERE l.scored_at >= $4 ORDER BY l.account_id, l.scored_at DESC) h
              LEFT JOIN LATERAL (SELECT n.* FROM health_pulse n
                                  WHERE n.book = $2 AND n.account_id = h.account_id::text
                                    AND n.signal = q.signal
                                  ORDER BY n.set_at DESC, n.id DESC LIMIT 1) p ON true
             WHERE (p.expires_at > now() AND p.value IS NOT NULL) IS NOT TRUE
               AND ((p.set_at <= h.scored_at AND p.expires_at > h.scored_at AND p.value IS NOT NULL)
                    OR NOT EXISTS (SELECT FROM jsonb_array_elements(%2$s) d
                                    WHERE d @> jsonb_build_object('kind', 'signal', 'driver', q.signal, 'status', 'ok')))$sql$, history, health_kept_drivers_of(asking, history, 'h'))
        USING asking.name, asking.book, asking.model, asking.last_as_of;
    END LOOP;
END
$$;
COMMENT ON FUNCTION @extschema@.health_pulse_questions(text) IS
'The open questions of one source, under the row-level security of its history. NULL: of all sources whose history the current role may read and has no row-level security.';

CREATE VIEW @extschema@.health_pulse_due WITH (security_invoker = true) AS
SELECT * FROM @extschema@.health_pulse_questions(NULL);
COMMENT ON VIEW @extschema@.health_pulse_due IS 'The open questions: one row for each account and signal with "ask" that has neither a judgement that holds nor a value in the relation.';
COMMENT ON COLUMN @extschema@.health_pulse_due.source IS 'The source whose model asks.';
COMMENT ON COLUMN @extschema@.health_pulse_due.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_pulse_due.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN @extschema@.health_pulse_due.name IS 'The account''s name, from history.';
COMMENT ON COLUMN @extschema@.health_pulse_due.owner IS 'The account''s owner, from history.';
COMMENT ON COLUMN @extschema@.health_pulse_due.signal IS 'The signal to judge: SELECT health_pulse_set(book, account_id, signal, …).';
COMMENT ON COLUMN @extschema@.health_pulse_due.question IS 'The question of the model.';
COMMENT ON COLUMN @extschema@.health_pulse_due.last_value IS 'The last judgement; NULL if there was none.';
COMMENT ON COLUMN @extschema@.health_pulse_due.last_note IS 'The note of the last judgement.';
COMMENT ON COLUMN @extschema@.health_pulse_due.last_set_by IS 'Who gave the last judgement.';
COMMENT ON COLUMN @extschema@.health_pulse_due.last_set_at IS 'When the last judgement was given.';
COMMENT ON COLUMN @extschema@.health_pulse_due.expired_at IS 'When the last judgement expired.';
