-- health_override: a person's last word on the score of an account, until it expires. An entry is never changed: the newest one
-- counts. How overrides reach a score is in sql/account/given.sql.

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

COMMENT ON TABLE @extschema@.health_override IS 'What people say a score may be, with their reason. Use health_override_set(). No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_override.id IS 'Counts up.';
COMMENT ON COLUMN @extschema@.health_override.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_override.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN @extschema@.health_override.mode IS 'The way it works: cap only lowers a score, floor only raises it, set replaces it; NULL takes an earlier one back.';
COMMENT ON COLUMN @extschema@.health_override.score IS 'The score, 0 to 100, NULL with a NULL mode.';
COMMENT ON COLUMN @extschema@.health_override.note IS 'Why; drivers and explanations show it.';
COMMENT ON COLUMN @extschema@.health_override.set_by IS 'The role that said it.';
COMMENT ON COLUMN @extschema@.health_override.set_at IS 'When it was said.';
COMMENT ON COLUMN @extschema@.health_override.expires_at IS 'From when on it no longer counts.';
COMMENT ON SEQUENCE @extschema@.health_override_id_seq IS 'Numbers the entries of health_override.';
COMMENT ON INDEX @extschema@.health_override_account_idx IS 'The entries of an account, in their order.';

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
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The mode is cap, floor or set, with a score; NULL for both takes an override back.',
                  HINT = 'For example: SELECT ' || example || '.';
    END IF;
    IF NOT (score >= 0 AND score <= 100) THEN
        RAISE EXCEPTION 'score must be from 0 to 100, not %', score USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT ' || example || '.';
    END IF;
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_override AS o (book, account_id, mode, score, note, expires_at)
    VALUES (book, spelt, mode, score, note, until)
    RETURNING o.id INTO override;
    RETURN override;
END
$$;
COMMENT ON FUNCTION @extschema@.health_override_set(text, text, text, double precision, text, interval) IS
'Lets a score, 0 to 100, be the most (cap), the least (floor) or the only one (set) that an account can have, from the next refresh until it expires; the calculated score is kept beside it. NULL for mode and score takes it back. Returns its id.';

--@ for other_ids
CREATE FUNCTION @extschema@.health_override_set(book text, account_id {id}, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN @extschema@.health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION @extschema@.health_override_set(text, {id}, text, double precision, text, interval) IS 'As the form for text, for an id that is {what}.';
--@ end
