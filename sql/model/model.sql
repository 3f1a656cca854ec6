-- health_model: versioned model documents. A saved version never changes; at most one version of a name is active.

CREATE TABLE @extschema@.health_model (
    name        text        NOT NULL,
    version     integer     NOT NULL,
    definition  jsonb       NOT NULL,
    active      boolean     NOT NULL DEFAULT false,
    note        text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text        NOT NULL DEFAULT current_user,
    reviewed_at timestamptz,
    PRIMARY KEY (name, version),
    CONSTRAINT health_model_name_check CHECK (name <> '' AND octet_length(name) <= 200 AND name !~ '[@{]'),
    CONSTRAINT health_model_version_check CHECK (version > 0)
);
CREATE UNIQUE INDEX health_model_active_key ON @extschema@.health_model (name) WHERE active;

COMMENT ON TABLE @extschema@.health_model IS 'Model documents by name and version. Use health_model_save(); a saved version never changes.';
COMMENT ON COLUMN @extschema@.health_model.name IS 'The name used in health_score(''name'', …): 1 to 200 bytes, without @ and {.';
COMMENT ON COLUMN @extschema@.health_model.version IS 'The version, from 1 within the name; health_score(''name@version'', …) uses it whether active or not.';
COMMENT ON COLUMN @extschema@.health_model.definition IS 'The model document; valid by trigger, immutable.';
COMMENT ON COLUMN @extschema@.health_model.active IS 'Whether the bare name means this version; at most one version of a name.';
COMMENT ON COLUMN @extschema@.health_model.note IS 'Why this version was made.';
COMMENT ON COLUMN @extschema@.health_model.created_at IS 'When this version was saved.';
COMMENT ON COLUMN @extschema@.health_model.created_by IS 'The role that saved it.';
COMMENT ON COLUMN @extschema@.health_model.reviewed_at IS 'When the version was last reviewed: health_model_reviewed().';
COMMENT ON INDEX @extschema@.health_model_active_key IS 'At most one active version of a name.';

SELECT pg_extension_config_dump('@extschema@.health_model', '');

-- Validation and immutability, on every path into the table.

CREATE FUNCTION health_model_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A clearer error than that of the table's constraint, which holds even without the trigger.
        IF NEW.name = '' OR octet_length(NEW.name) > 200
           OR NEW.name ~ '[@{]' THEN
            RAISE EXCEPTION 'invalid model name "%"%', left(NEW.name, 80),
                CASE WHEN length(NEW.name) > 80 THEN '…' ELSE '' END
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = 'A name has 1 to 200 bytes, and neither @ nor { in it.',
                      HINT = 'For example: SELECT health_model_save(''saas'', …), which numbers the versions.';
        END IF;
        PERFORM health_model_require_valid(NEW.definition);
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF ROW(NEW.name, NEW.version, NEW.definition, NEW.created_at, NEW.created_by)
           IS NOT DISTINCT FROM ROW(OLD.name, OLD.version, OLD.definition, OLD.created_at, OLD.created_by) THEN
            -- Equal jsonb values may differ as text: 1.0 and 1.00.
            NEW.definition := OLD.definition;
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a saved model version cannot be changed'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Model %L, version %s, was saved at %s by %s.', OLD.name, OLD.version, OLD.created_at, OLD.created_by),
                  HINT = 'Save the changed document as a new version: SELECT health_model_save(name, definition).';
    END IF;
    RAISE EXCEPTION 'model versions cannot be deleted'
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = 'Past scores refer to their model version.',
              HINT = 'SELECT health_model_drop(name) takes a model out of use.';
END
$$;
COMMENT ON FUNCTION health_model_guard() IS 'Trigger of health_model: documents are valid, saved versions immutable.';

CREATE FUNCTION health_model_changed()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'health_model_changed';
COMMENT ON FUNCTION health_model_changed() IS 'Trigger of health_model: invalidates the cached models of every session.';

CREATE TRIGGER health_model_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_model
    FOR EACH ROW EXECUTE FUNCTION health_model_guard();
CREATE TRIGGER health_model_guard_truncate BEFORE TRUNCATE ON @extschema@.health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_guard();
CREATE TRIGGER health_model_changed AFTER INSERT OR UPDATE OR DELETE ON @extschema@.health_model
    FOR EACH ROW EXECUTE FUNCTION health_model_changed();
-- Also before the statement: a user's trigger may compute scores between the change of a row and health_model_changed.
CREATE TRIGGER health_model_changing BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_changed();
CREATE TRIGGER health_model_changed_truncate AFTER TRUNCATE ON @extschema@.health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_changed();

-- Row checks and invalidation must also run for replicated changes, whatever session_replication_role is. Exception: the
-- guard against TRUNCATE, so that a superuser in replica mode can empty a subscriber.
ALTER TABLE @extschema@.health_model ENABLE ALWAYS TRIGGER health_model_guard;
ALTER TABLE @extschema@.health_model ENABLE ALWAYS TRIGGER health_model_changing;
ALTER TABLE @extschema@.health_model ENABLE ALWAYS TRIGGER health_model_changed;
ALTER TABLE @extschema@.health_model ENABLE ALWAYS TRIGGER health_model_changed_truncate;

CREATE FUNCTION @extschema@.health_model_get(name text)
RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_get';
COMMENT ON FUNCTION @extschema@.health_model_get(text) IS
'The document of a model''s active version, or of one version: ''saas@3''. Unknown: 42704 with the nearest name.';

CREATE FUNCTION @extschema@.health_model_activate(name text, version integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF health_model_activate.name IS NULL OR health_model_activate.version IS NULL THEN
        RAISE EXCEPTION 'name and version must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT name, version FROM health_model lists the versions.';
    END IF;
    -- Raises for a name or version that does not exist.
    PERFORM health_model_get(concat(health_model_activate.name, '@', health_model_activate.version));
    PERFORM health_require('operator', 'health_model', 'UPDATE');
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    UPDATE health_model m SET active = false
     WHERE m.name = health_model_activate.name AND m.active
       AND m.version <> health_model_activate.version;
    BEGIN
        UPDATE health_model m SET active = true
         WHERE m.name = health_model_activate.name AND NOT m.active
           AND m.version = health_model_activate.version;
    EXCEPTION WHEN unique_violation THEN
        -- As in health_model_save.
        RAISE EXCEPTION 'could not activate model %: another session has activated a version since this transaction began',
            quote_literal(health_model_activate.name)
            USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
    END;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_activate(text, integer) IS
'Activates a saved version: the bare name then means this version. No effect on an active version.';

CREATE FUNCTION @extschema@.health_model_drop(name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF health_model_drop.name IS NULL THEN
        RAISE EXCEPTION 'name must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT name FROM health_model WHERE active lists the models.';
    END IF;
    PERFORM health_require('operator', 'health_model', 'UPDATE');
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    UPDATE health_model m SET active = false
     WHERE m.name = health_model_drop.name AND m.active;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM health_model m WHERE m.name = health_model_drop.name
    ) THEN
        -- Raises unless one version is named.
        PERFORM health_model_get(health_model_drop.name);
        RAISE EXCEPTION 'cannot drop a single model version: %', quote_literal(health_model_drop.name)
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'Versions are never deleted.',
                  HINT = 'Omit the version, or activate another version: SELECT health_model_activate(name, version).';
    END IF;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_drop(text) IS
'Takes a model out of use: its active version, if any, is deactivated. The versions stay, and ''name@version'' still scores.';

CREATE FUNCTION @extschema@.health_model_save(name text, definition jsonb, note text DEFAULT NULL, activate boolean DEFAULT true)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    saved integer;
BEGIN
    IF health_model_save.name IS NULL OR health_model_save.definition IS NULL THEN
        RAISE EXCEPTION 'name and definition must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_model_save(''saas'', health_template(''saas'')).';
    END IF;
    PERFORM health_require('operator', 'health_model', 'SELECT, INSERT');
    -- Before the read: otherwise two sessions could choose the same version number.
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    SELECT m.version INTO saved
      FROM health_model m
     WHERE m.name = health_model_save.name
       AND m.definition = health_model_save.definition
     ORDER BY m.active DESC, m.version DESC LIMIT 1;
    IF saved IS NULL THEN
        BEGIN
            INSERT INTO health_model (name, version, definition, note)
            SELECT health_model_save.name,
                   COALESCE(max(m.version), 0) + 1,
                   health_model_save.definition, health_model_save.note
              FROM health_model m
             WHERE m.name = health_model_save.name
            RETURNING health_model.version INTO saved;
        EXCEPTION WHEN unique_violation THEN
            -- Only with a snapshot (REPEATABLE READ) older than another session's version.
            RAISE EXCEPTION 'could not save model %: another session has saved a version since this transaction began',
                quote_literal(health_model_save.name)
                USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
        END;
    END IF;
    IF activate THEN
        PERFORM health_model_activate(health_model_save.name, saved);
    END IF;
    RETURN saved;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_save(text, jsonb, text, boolean) IS
'Saves a document as the next version of a model, activates it (unless activate is false), and returns the version. For a document equal to a saved version: that version. Invalid: 22023 with all errors in DETAIL.';

-- A literal of unknown type is a text here, so that this form answers most calls by hand.
CREATE FUNCTION @extschema@.health_model_save(name text, definition text, note text DEFAULT NULL, activate boolean DEFAULT true)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    document jsonb;
    fault text;
BEGIN
    BEGIN
        document := health_model_save.definition::jsonb;
    EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
        GET STACKED DIAGNOSTICS fault = PG_EXCEPTION_DETAIL;
    END;
    IF document IS NULL AND health_model_save.definition IS NOT NULL THEN
        RAISE EXCEPTION 'definition is not JSON' USING ERRCODE = 'invalid_parameter_value', DETAIL = COALESCE(NULLIF(fault, ''), 'The text cannot be read.'),
            HINT = CASE WHEN health_model_save.name ~ '^\s*[{]' THEN 'The name comes first: SELECT health_model_save(name, definition).'
                        ELSE 'A document begins as {"signals": {…}}; health_template(''saas'') shows a whole one.' END;
    END IF;
    RETURN health_model_save(health_model_save.name, document, health_model_save.note, health_model_save.activate);
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_save(text, text, text, boolean) IS 'As the form for jsonb, for a document as text. Not JSON: 22023.';

-- Without the names of the other forms: a call that names its arguments cannot swap them.
CREATE FUNCTION @extschema@.health_model_save(document jsonb, saved_name text, note text DEFAULT NULL, activate boolean DEFAULT true)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the name comes before the document' USING ERRCODE = 'invalid_parameter_value',
        DETAIL = 'The arguments were given in the other order.', HINT = 'SELECT health_model_save(name, definition), or name them: name => …, definition => ….';
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_save(jsonb, text, text, boolean) IS 'Raises 22023: the name comes before the document.';

CREATE FUNCTION @extschema@.health_model_patch(name text, patch jsonb, note text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF health_model_patch.name IS NULL OR health_model_patch.patch IS NULL THEN
        RAISE EXCEPTION 'name and patch must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_model_patch(''saas'', ''{"categories": {"usage": {"weight": 40}}}'').';
    END IF;
    PERFORM health_require('operator', 'health_model', 'SELECT, INSERT, UPDATE');
    -- Before the read: the patch applies to the version that is active at the save.
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    RETURN health_model_save(
        regexp_replace(health_model_patch.name, '@[0-9]+$', ''),
        health_patch(health_model_get(health_model_patch.name), health_model_patch.patch),
        health_model_patch.note, true);
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_patch(text, jsonb, text) IS
'Patches the active version (or ''name@version'') of a model, saves and activates the result as a new version, and returns it.';

CREATE FUNCTION @extschema@.health_model_card(model text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- Raises for a model or version that does not exist.
    document jsonb := health_model_get(health_model_card.model);
    wanted_name text := regexp_replace(health_model_card.model, '@[0-9]+$', '');
    wanted_version integer := substring(health_model_card.model, '@([0-9]+)$');
BEGIN
    RETURN (
        SELECT health_model_card(document, m.name, m.version, m.note,
                   to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), m.created_by,
                   to_char(m.reviewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
          FROM health_model m
         WHERE m.name = wanted_name
           AND CASE WHEN wanted_version IS NULL THEN m.active ELSE m.version = wanted_version END);
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_card(text) IS
'A saved model''s active version (or ''name@version'') as Markdown for the people who are scored by it.';

CREATE FUNCTION @extschema@.health_model_diff(name text, "from" integer, "to" integer DEFAULT NULL, OUT path text, OUT before jsonb, OUT after jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 5
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF health_model_diff.name IS NULL OR health_model_diff."from" IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT d.path, d.before, d.after FROM health_model_diff(
        health_model_get(concat(health_model_diff.name, '@', health_model_diff."from")),
        health_model_get(concat(health_model_diff.name, '@' || health_model_diff."to"::text))) d;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_diff(text, integer, integer) IS
'What changed from one version of a model to another; to NULL means the active version.';
