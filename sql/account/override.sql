-- health_override: a person's limit on the score of an account, until it expires. An entry is never changed: the newest
-- one counts. sql/account/given.sql brings overrides into a score.

CREATE TABLE @extschema@.health_override (
    id         bigint           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book       text             NOT NULL,
    account_id text             NOT NULL,
    mode       text,
    score      double precision,
    note       text             NOT NULL,
    set_by     text             NOT NULL DEFAULT current_user,
    set_at     timestamptz      NOT NULL DEFAULT now(),
    expires_at timestamptz      NOT NULL,
    CONSTRAINT health_override_mode_check CHECK (mode IN ('cap', 'floor', 'set')),
    CONSTRAINT health_override_score_check CHECK (score >= 0 AND score <= 100),
    CONSTRAINT health_override_whole_check CHECK ((mode IS NULL) = (score IS NULL)),
    CONSTRAINT health_override_note_check CHECK (note ~ '\S'),
    CONSTRAINT health_override_expires_check CHECK (expires_at > set_at AND isfinite(expires_at))
);
CREATE INDEX health_override_account_idx ON @extschema@.health_override (book, account_id, set_at);

COMMENT ON TABLE @extschema@.health_override IS 'People''s limits on scores of accounts, with their reasons. Use health_override_set(). No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_override.id IS 'The entry''s number, which health_override_set() returns.';
COMMENT ON COLUMN @extschema@.health_override.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_override.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN @extschema@.health_override.mode IS 'The mode: cap only lowers a score, floor only raises it, set replaces it; NULL withdraws an earlier override.';
COMMENT ON COLUMN @extschema@.health_override.score IS 'The limit, 0 to 100; NULL with a NULL mode.';
COMMENT ON COLUMN @extschema@.health_override.note IS 'The reason, which drivers and explanations show.';
COMMENT ON COLUMN @extschema@.health_override.set_by IS 'The role that made the entry.';
COMMENT ON COLUMN @extschema@.health_override.set_at IS 'When the entry was made.';
COMMENT ON COLUMN @extschema@.health_override.expires_at IS 'The time from which the entry no longer counts.';
COMMENT ON SEQUENCE @extschema@.health_override_id_seq IS 'Numbers the entries of health_override.';
COMMENT ON INDEX @extschema@.health_override_account_idx IS 'The entries of an account in order of time.';

SELECT pg_extension_config_dump('@extschema@.health_override', '');
SELECT pg_extension_config_dump('@extschema@.health_override_id_seq', '');

CREATE TRIGGER health_override_guard BEFORE INSERT OR UPDATE ON @extschema@.health_override
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION @extschema@.health_override_set(book text, account_id text, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    example CONSTANT text := 'health_override_set(''accounts'', 17, ''cap'', 39, ''the sponsor has left'')';
    until timestamptz := health_note_check(note, expires, example);
    spelt text := health_book_account(book, account_id);
    override bigint;
BEGIN
    IF mode NOT IN ('cap', 'floor', 'set') OR (mode IS NULL) <> (score IS NULL) THEN
        RAISE EXCEPTION 'invalid override %', COALESCE('"' || mode || '"', 'NULL')
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The mode is cap, floor or set, with a score; NULL for both withdraws an override.',
                  HINT = 'For example: SELECT ' || example || '.';
    END IF;
    IF NOT (score >= 0 AND score <= 100) THEN
        RAISE EXCEPTION 'score must be from 0 to 100, not %', score USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT ' || example || '.';
    END IF;
    PERFORM health_require('csm', 'health_override', 'SELECT, INSERT');
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_override AS o (book, account_id, mode, score, note, expires_at)
    VALUES (book, spelt, mode, score, note, until)
    RETURNING o.id INTO override;
    RETURN override;
END
$$;
COMMENT ON FUNCTION @extschema@.health_override_set(text, text, text, double precision, text, interval) IS
'Limits the score of an account to a maximum (cap), a minimum (floor) or one value (set), 0 to 100, from the next refresh until the override expires; history keeps the calculated score too. NULL for mode and score withdraws the override. Returns the id of the entry.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_override_set(book text, account_id {id}, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN @extschema@.health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION @extschema@.health_override_set(text, {id}, text, double precision, text, interval) IS 'As the form for text, for an id that is {what}.';
--@ end
