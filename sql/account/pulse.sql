-- health_pulse: a person's dated judgement of one signal of an account. The judgement replaces the relation's value
-- until it expires. An entry is never changed: the newest one counts. sql/account/given.sql brings pulses into a score.

CREATE TABLE @extschema@.health_pulse (
    id         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book       text        NOT NULL,
    account_id text        NOT NULL,
    signal     text        NOT NULL,
    value      jsonb,
    note       text        NOT NULL,
    set_by     text        NOT NULL DEFAULT current_user,
    set_at     timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT health_pulse_value_check CHECK (jsonb_typeof(value) IN ('number', 'string', 'boolean')),
    CONSTRAINT health_pulse_note_check CHECK (note ~ '\S'),
    CONSTRAINT health_pulse_expires_check CHECK (expires_at > set_at AND isfinite(expires_at))
);
CREATE INDEX health_pulse_account_idx ON @extschema@.health_pulse (book, account_id, signal, set_at);

COMMENT ON TABLE @extschema@.health_pulse IS 'People''s judgements of signals of accounts, with their reasons. Use health_pulse_set(). No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_pulse.id IS 'The entry''s number, which health_pulse_set() returns.';
COMMENT ON COLUMN @extschema@.health_pulse.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_pulse.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN @extschema@.health_pulse.signal IS 'The signal that is judged, in any model of the book.';
COMMENT ON COLUMN @extschema@.health_pulse.value IS 'The judgement: a number, text or boolean; NULL withdraws an earlier judgement.';
COMMENT ON COLUMN @extschema@.health_pulse.note IS 'The reason.';
COMMENT ON COLUMN @extschema@.health_pulse.set_by IS 'The role that made the entry.';
COMMENT ON COLUMN @extschema@.health_pulse.set_at IS 'When the entry was made.';
COMMENT ON COLUMN @extschema@.health_pulse.expires_at IS 'The time from which the entry no longer counts.';
COMMENT ON SEQUENCE @extschema@.health_pulse_id_seq IS 'Numbers the entries of health_pulse.';
COMMENT ON INDEX @extschema@.health_pulse_account_idx IS 'The entries of an account and signal in order of time.';

SELECT pg_extension_config_dump('@extschema@.health_pulse', '');
SELECT pg_extension_config_dump('@extschema@.health_pulse_id_seq', '');

CREATE FUNCTION health_set_by_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.set_by] ELSE ARRAY[OLD.set_by, NEW.set_by] END LOOP
        IF NOT COALESCE((SELECT pg_has_role(r.oid, 'USAGE') FROM pg_roles r WHERE r.rolname = role),
                        (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % in the name of %', quote_ident(current_user), TG_TABLE_NAME, quote_ident(role)
                USING ERRCODE = 'insufficient_privilege', DETAIL = 'Each entry names the role that made it.',
                      HINT = 'Omit set_by, or SET ROLE first.';
        END IF;
    END LOOP;
    -- Imported entries may have a time in the past, but no entry has a time in the future.
    IF NEW.set_at > clock_timestamp() THEN
        RAISE EXCEPTION 'set_at % is in the future', NEW.set_at USING ERRCODE = 'invalid_parameter_value', HINT = 'Omit set_at: its default is now().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION health_set_by_guard() IS
'Trigger of tables with set_by and set_at: set_by is a role whose rights the current role has (else 42501), set_at is not in the future (else 22023).';

CREATE TRIGGER health_pulse_guard BEFORE INSERT OR UPDATE ON @extschema@.health_pulse
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION health_note_check(note text, expires interval, example text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    hint CONSTANT text := 'For example: SELECT ' || example || '.';
BEGIN
    IF note IS NULL OR note !~ '\S' THEN
        RAISE EXCEPTION 'a note is mandatory' USING ERRCODE = 'null_value_not_allowed', DETAIL = 'Readers of the score need the reason.', HINT = hint;
    END IF;
    IF expires IS NULL OR NOT (now() + expires > now()) THEN
        RAISE EXCEPTION 'expires must be a positive interval' USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Every entry expires.', HINT = hint;
    END IF;
    RETURN now() + expires;
END
$$;
COMMENT ON FUNCTION health_note_check(text, interval, text) IS 'The expiry time of an entry made now. No note: 22004; not a positive interval: 22023; the hint shows the example.';

-- Segments may change the inputs of a signal: one row for each segment.
CREATE FUNCTION health_pulse_signals(model text, OUT signal text, OUT segment text, OUT label text, OUT question text, OUT value_key text, OUT observed_key text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH base AS (SELECT health_model_get(model) AS definition),
         plan AS (SELECT ''::text AS segment, b.definition FROM base b
                   UNION ALL
                  SELECT g.segment ->> 'name', health_patch(b.definition, COALESCE(g.segment -> 'patch', '{}'))
                    FROM base b CROSS JOIN LATERAL jsonb_array_elements(b.definition -> 'segments') g (segment))
    SELECT s.key, p.segment, COALESCE(s.value ->> 'label', s.key), s.value ->> 'ask',
           CASE jsonb_typeof(s.value -> 'input') WHEN 'object' THEN NULL ELSE COALESCE(s.value ->> 'input', s.key) END,
           s.value ->> 'observed'
      FROM plan p CROSS JOIN LATERAL jsonb_each(p.definition -> 'signals') s;
END
$$;
COMMENT ON FUNCTION health_pulse_signals(text) IS
'The signals of a saved model in each of its segments ('''' for none) with the keys of value and time; value_key is NULL if a signal reads two inputs.';

-- Only a signal with a question has a range of answers: any number of logins is a number of logins. The best answer of
-- a scale need not be the last one of the question, and segments may have scales of their own.
CREATE FUNCTION health_pulse_range(model text, signal text, OUT lowest numeric, OUT highest numeric, OUT question text)
RETURNS record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    WITH definition (document) AS (SELECT health_model_get(model)),
         part (said) AS (SELECT d.document #> ARRAY['signals', signal] FROM definition d
                          UNION ALL
                         SELECT g.segment #> ARRAY['patch', 'signals', signal] FROM definition d CROSS JOIN LATERAL jsonb_array_elements(d.document -> 'segments') g (segment))
    SELECT min(b.bound::numeric), max(b.bound::numeric), min(p.said ->> 'ask') INTO lowest, highest, question
      FROM part p
     CROSS JOIN LATERAL (
           SELECT jsonb_path_query(p.said -> 'scale', '$.linear[*]') #>> '{}'
            UNION ALL
           SELECT jsonb_path_query(p.said -> 'scale', '$.curve[*][0]') #>> '{}'
            UNION ALL
           SELECT unnest(regexp_match(p.said ->> 'ask', '(\d+)\s*(?:-|–|to)\s*(\d+)')) WHERE p.said -> 'scale' ?| ARRAY['linear', 'curve']) b (bound)
    HAVING count(p.said ->> 'ask') > 0;
END
$$;
COMMENT ON FUNCTION health_pulse_range(text, text) IS
'The lowest and the highest answer to the question of a signal, by its scales in all segments and by a range in the question, as in (1-10). NULLs if there is no question, or its scale has no ends.';

CREATE FUNCTION health_pulse_try(model text, signal text, value jsonb)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    known record;
    shared text;
    status text;
    there boolean := false;
    ends record;
BEGIN
    FOR known IN SELECT * FROM health_pulse_signals(model) s WHERE s.signal = health_pulse_try.signal LOOP
        there := true;
        IF known.value_key IS NULL THEN
            RAISE EXCEPTION 'signal "%" of model "%" is computed from two inputs', signal, model USING ERRCODE = 'invalid_parameter_value',
                DETAIL = 'A pulse is the value of one input.', HINT = 'Add a signal with "ask" and "optional": true to the model, for people to judge.';
        END IF;
        SELECT s.signal INTO shared FROM health_pulse_signals(model) s
         WHERE s.observed_key = known.observed_key AND s.value_key IS DISTINCT FROM known.value_key LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'signals "%" and "%" of model "%" share their time of observation', signal, shared, model USING ERRCODE = 'invalid_parameter_value',
                DETAIL = format('Both signals read "%s", so that a pulse for one would make the other''s old value look new.', known.observed_key),
                HINT = 'Set "observed" of the signal to a column of its own.';
        END IF;
        IF value IS NOT NULL THEN
            -- A strict model raises an error for an invalid value, a lenient model returns a status.
            SELECT d.status INTO status
              FROM health_drivers(model, jsonb_strip_nulls(jsonb_build_object(known.value_key, value, COALESCE(known.observed_key, known.value_key),
                       CASE WHEN known.observed_key IS NULL THEN value ELSE to_jsonb(now() AT TIME ZONE 'UTC') END)), now(), known.segment) d
             WHERE d.driver = signal AND d.kind = 'signal';
            IF status <> 'ok' THEN
                RAISE EXCEPTION 'invalid value for signal "%"', signal USING ERRCODE = 'invalid_parameter_value',
                    DETAIL = format('Model "%s" calls %s %s.', model, value, status),
                    HINT = format('SELECT scale FROM health_model_signals WHERE signal = %L shows the valid values.', signal);
            END IF;
        END IF;
    END LOOP;
    IF there AND jsonb_typeof(value) = 'number' THEN
        ends := health_pulse_range(model, signal);
        IF value::numeric NOT BETWEEN ends.lowest AND ends.highest THEN
            RAISE EXCEPTION 'value % of signal "%" is not on its scale', value, signal USING ERRCODE = 'invalid_parameter_value',
                DETAIL = format('Model "%s" asks: %s', model, ends.question),
                HINT = format('Give a number from %s to %s; a question with a wider range names it, as in (1-10).', ends.lowest, ends.highest);
        END IF;
    END IF;
    RETURN there;
END
$$;
COMMENT ON FUNCTION health_pulse_try(text, text, jsonb) IS
'Whether a saved model has the signal; 22023 if the value is invalid in one of its segments.';

CREATE FUNCTION health_pulse_write(book text, account_id text, signal text, value jsonb, note text, expires interval)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    until timestamptz := health_note_check(note, expires, 'health_pulse_set(''accounts'', 17, ''engagement'', 8, ''a good call with the new sponsor'')');
    spelt text := health_book_account(book, account_id);
    -- A jsonb null means SQL NULL here.
    given jsonb := NULLIF(value, 'null');
    models text[] := (SELECT array_agg(DISTINCT s.model) FROM health_source s WHERE s.book = health_pulse_write.book);
    there boolean := false;
    model text;
    pulse bigint;
BEGIN
    PERFORM health_require('csm', 'health_pulse', 'SELECT, INSERT');
    FOREACH model IN ARRAY models LOOP
        there := health_pulse_try(model, signal, given) OR there;
    END LOOP;
    IF NOT there THEN
        RAISE EXCEPTION 'no model of book "%" has a signal %', book, COALESCE('"' || signal || '"', 'NULL')
            USING ERRCODE = 'undefined_object',
                  HINT = format('There are: %s.', (SELECT string_agg(DISTINCT s.signal, ', ')
                         FROM unnest(models) m CROSS JOIN LATERAL health_pulse_signals(m) s));
    END IF;
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_pulse AS p (book, account_id, signal, value, note, expires_at)
    VALUES (book, spelt, signal, given, note, until) RETURNING p.id INTO pulse;
    RETURN pulse;
END
$$;
COMMENT ON FUNCTION health_pulse_write(text, text, text, jsonb, text, interval) IS 'Implements every form of health_pulse_set, for an id as text and a value as jsonb.';

CREATE FUNCTION @extschema@.health_pulse_set(book text, account_id text, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id, signal, to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION @extschema@.health_pulse_set(text, text, text, anycompatible, text, interval) IS
'Records a judgement of one signal of an account: a number, text or boolean. The judgement counts from the next refresh until it expires; NULL withdraws it. A value that a model of the book does not accept: 22023. Returns the id of the entry.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_pulse_set(book text, account_id {id}, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id::text, signal, to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION @extschema@.health_pulse_set(text, {id}, text, anycompatible, text, interval) IS 'As the form for text, for an id that is {what}.';
--@ end
