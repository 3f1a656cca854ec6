-- Complain if the script is run in psql instead of by CREATE EXTENSION.
\echo Use "CREATE EXTENSION health_score" to load this file. \quit

-- schema.sql
-- Two schemas: @extschema@ has the public objects, health_score_internal the internal ones. A name without a schema in
-- this script is internal or a system object: the search_path of the script has no schema that another role can write
-- to.

CREATE SCHEMA health_score_internal;
COMMENT ON SCHEMA health_score_internal IS 'Internal objects of extension health_score: steps, triggers, support functions. Do not call them; the public functions are in the schema of the extension.';
SET LOCAL search_path = health_score_internal, pg_temp;

-- forms.sql
-- Templates for functions with many forms; scripts/build/sql.pl expands them.

-- The model by name or as a document. The default of as_of: the transaction's now() for a name, none for a document.

-- The account as a row or as an object.

-- The account as a row or as an object, for functions with a separate form for literals.

-- Types of an account's id other than text.

-- The functions of an aggregate: transition, combine, final.



-- model/document.sql
-- Model documents: checks, patches, templates. These functions read no table.

CREATE FUNCTION @extschema@.health_model_check(definition jsonb, OUT severity text, OUT path text, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_check';
COMMENT ON FUNCTION @extschema@.health_model_check(jsonb) IS
'Every error and warning of a model document with its JSON path; raises no error. No rows: the document is valid, without warnings.';

CREATE FUNCTION health_model_require_valid(definition jsonb)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_require_valid';
COMMENT ON FUNCTION health_model_require_valid(jsonb) IS
'True for a valid model document; otherwise 22023, with all errors in DETAIL. For the trigger of health_model.';

CREATE FUNCTION @extschema@.health_patch(definition jsonb, patch jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_patch';
COMMENT ON FUNCTION @extschema@.health_patch(jsonb, jsonb) IS
'The document after a merge patch (RFC 7396; a signal''s scale and input, and arrays, are replaced as a whole). For what-if questions; saves nothing.';

CREATE FUNCTION @extschema@.health_template(name text)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_template';
COMMENT ON FUNCTION @extschema@.health_template(text) IS
'A shipped template of a model document: simple, saas, b2b_services, ecommerce, financial_services, insurance, retail, frequency_breadth_depth, actions, eight_categories or expansion.';

CREATE FUNCTION @extschema@.health_template_names()
RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_template_names';
COMMENT ON FUNCTION @extschema@.health_template_names() IS 'The names of the shipped templates; view health_templates has details.';

CREATE FUNCTION @extschema@.health_model_describe(definition jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_describe';
COMMENT ON FUNCTION @extschema@.health_model_describe(jsonb) IS
'A model document with all defaults filled in, in words: lists of signals (with their shares), bands, rules and segments, as in the views health_model_signals, _bands and _rules. Without patches of segments.';

CREATE FUNCTION @extschema@.health_model_diff("from" jsonb, "to" jsonb, OUT path text, OUT before jsonb, OUT after jsonb)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_diff';
COMMENT ON FUNCTION @extschema@.health_model_diff(jsonb, jsonb) IS
'The differences of two model documents: JSON paths with the value before and after, NULL if there is none. Rules, bands and segments are matched by name.';

CREATE FUNCTION @extschema@.health_model_card(definition jsonb, name text DEFAULT NULL, version integer DEFAULT NULL, note text DEFAULT NULL,
    created text DEFAULT NULL, created_by text DEFAULT NULL, reviewed text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_card';
COMMENT ON FUNCTION @extschema@.health_model_card(jsonb, text, integer, text, text, text, text) IS
'A model document as Markdown for the people who are scored by it: purpose, bands, signals with their shares and thresholds, missing data, rules, segments, proof. The other arguments appear at the top.';

-- model/model.sql
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

-- score/score.sql
-- health_score(model, account, as_of, segment): the score of one account.

-- The support function replaces a row argument with one argument for each column when a query is planned: building a
-- row for every account costs more than scoring it.

CREATE FUNCTION health_row_support(internal)
RETURNS internal
LANGUAGE c STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_row_support';
COMMENT ON FUNCTION health_row_support(internal) IS
'Planner support: passes the columns of a table instead of its whole row. Not meant to be called.';

CREATE FUNCTION @extschema@.health_score(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(text, record, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_score(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(text, jsonb, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_score(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(text, json, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_score(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(text, text, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_score(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(jsonb, record, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_score(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(jsonb, jsonb, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_score(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(jsonb, json, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_score(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(jsonb, text, timestamptz, text) IS
'The health score of an account, 0 to 100 (higher is healthier; NULL: insufficient data). The account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- In the position of as_of, the aggregate health_score over events (sql/aggregate/events.sql) has a value of any type.
-- Type health_time makes an untyped literal or parameter in this position resolve to as_of: Postgres prefers the string
-- category for untyped arguments, and no other health_score has a type of this category there. Its input function is
-- that of timestamptz.

CREATE TYPE health_time;

CREATE FUNCTION health_time_in(cstring, oid, integer)
RETURNS health_time
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_in';
COMMENT ON FUNCTION health_time_in(cstring, oid, integer) IS
'Input of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_out(health_time)
RETURNS cstring
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_out';
COMMENT ON FUNCTION health_time_out(health_time) IS
'Output of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_recv(internal, oid, integer)
RETURNS health_time
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_recv';
COMMENT ON FUNCTION health_time_recv(internal, oid, integer) IS
'Binary input of type health_time. Not meant to be called.';

CREATE FUNCTION health_time_send(health_time)
RETURNS bytea
LANGUAGE internal STABLE STRICT PARALLEL SAFE
AS 'timestamptz_send';
COMMENT ON FUNCTION health_time_send(health_time) IS
'Binary output of type health_time. Not meant to be called.';

CREATE TYPE health_time (
    INPUT = health_time_in, OUTPUT = health_time_out, RECEIVE = health_time_recv, SEND = health_time_send, LIKE = timestamptz, CATEGORY = 'S'
);
COMMENT ON TYPE health_time IS
'The type of as_of of health_score for an untyped literal or parameter; same values as timestamptz. Not meant for columns.';

CREATE FUNCTION @extschema@.health_score(model text, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(text, text, health_time, text) IS
'As the form for timestamptz, for as_of as an untyped literal or parameter.';

CREATE FUNCTION @extschema@.health_score(model jsonb, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION @extschema@.health_score(jsonb, text, health_time, text) IS
'As the form for timestamptz, for as_of as an untyped literal or parameter.';


CREATE FUNCTION health_score_columns(model text, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns(text, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_score(model, row) with this function. Not meant to be called.';

CREATE FUNCTION health_score_columns(model jsonb, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns(jsonb, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_score(model, row) with this function. Not meant to be called.';


-- score/band.sql
-- health_band: the band of an account, or of a score. health_display: a score as text for people.

CREATE FUNCTION @extschema@.health_band(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(text, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_band(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_band(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


CREATE FUNCTION @extschema@.health_band(model text, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION @extschema@.health_band(text, double precision, text) IS
'The name of the band of a score, by a saved model''s name (or name@version); with a segment''s name, by that segment''s bands.';
CREATE FUNCTION @extschema@.health_display(model text, score double precision)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION @extschema@.health_display(text, double precision) IS
'A score as the model''s display shows it, by a saved model''s name (or name@version): scaled and rounded down, so that the shown number stays within its band.';

CREATE FUNCTION @extschema@.health_band(model jsonb, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION @extschema@.health_band(jsonb, double precision, text) IS
'The name of the band of a score, by a model document; with a segment''s name, by that segment''s bands.';
CREATE FUNCTION @extschema@.health_display(model jsonb, score double precision)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION @extschema@.health_display(jsonb, double precision) IS
'A score as the model''s display shows it, by a model document: scaled and rounded down, so that the shown number stays within its band.';


CREATE FUNCTION health_band_columns(model text, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(text, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_band(model, row) with this function. Not meant to be called.';

CREATE FUNCTION health_band_columns(model jsonb, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(jsonb, text[], timestamptz, text, oid, "any") IS
'The planner replaces health_band(model, row) with this function. Not meant to be called.';


-- score/drivers.sql
-- health_drivers(model, account, as_of, segment): the contribution of each signal and rule to a score.

CREATE FUNCTION @extschema@.health_drivers(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, record, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, jsonb, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, json, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(text, text, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, record, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, jsonb, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, json, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_drivers(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION @extschema@.health_drivers(jsonb, text, timestamptz, text) IS
'The drivers of the health score of an account, the largest loss first; contributions sum to the score. The account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- score/assess.sql
-- health_assess(model, account, as_of, segment): a score and its details in one row. For FROM, with LATERAL.

CREATE FUNCTION @extschema@.health_assess(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(text, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_assess(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION @extschema@.health_assess(jsonb, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- score/inputs.sql
-- health_inputs: an account as jsonb, for generated columns, indexes and pushdown, which do not accept whole rows.

CREATE FUNCTION @extschema@.health_inputs(VARIADIC inputs "any")
RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_inputs';
COMMENT ON FUNCTION @extschema@.health_inputs("any") IS
'An account as jsonb from alternating names and values, from rows and from jsonb objects, merged from left to right; NULL rows are skipped.';

-- score/explain.sql
-- health_explain(model, account [, before] …): a score, or why it changed, in plain words.

CREATE FUNCTION @extschema@.health_explain(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, timestamptz, text) IS
'The health score of an account in plain words: the largest losses, missing values, uncertainty; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


CREATE FUNCTION @extschema@.health_explain(model text, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a json object, by a model document. A document that reads time needs as_of.';


CREATE FUNCTION @extschema@.health_explain(model text, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from the score before; both accounts given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- Postgres resolves a literal as third argument to text: a JSON object is the account before, anything else is as_of.

CREATE FUNCTION @extschema@.health_explain(model text, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a model document. A document that reads time needs as_of.';


-- Forms for two literals: as_of and segment, or the account before and as_of.

CREATE FUNCTION @extschema@.health_explain(model text, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model text, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(text, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_explain(model jsonb, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION @extschema@.health_explain(jsonb, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- score/change.sql
-- health_change(model, before, after, before_as_of, after_as_of): why a score changed.

CREATE FUNCTION @extschema@.health_change(model text, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, record, record, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a row, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a jsonb object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, json, json, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a json object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model text, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(text, text, text, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a text or literal holding a JSON object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_change(model jsonb, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, record, record, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a row, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a jsonb object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, json, json, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a json object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION @extschema@.health_change(model jsonb, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION @extschema@.health_change(jsonb, text, text, timestamptz, timestamptz) IS
'Why a score changed, the largest loss first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit. Both given as a text or literal holding a JSON object, by a model document. A document that reads time needs both as_of.';


-- score/conflicts.sql
-- health_conflicts(model, account, as_of, segment): categories that contradict each other.

CREATE FUNCTION @extschema@.health_conflicts(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, record, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, jsonb, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, json, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(text, text, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, record, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, jsonb, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, json, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION @extschema@.health_conflicts(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION @extschema@.health_conflicts(jsonb, text, timestamptz, text) IS
'Pairs of categories that differ by 40 points or more, with the signals behind the gap, the widest gap first. The account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';


-- model/workbench.sql
-- Drafts a model from a relation, and matches a model with a relation.

CREATE FUNCTION @extschema@.health_model_draft(relation regclass, template text DEFAULT 'simple', inputs jsonb DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, bands text DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'health_model_draft';
COMMENT ON FUNCTION @extschema@.health_model_draft(regclass, text, jsonb, timestamptz, text) IS
'A first model for a relation with one row per account: columns found by name or synonym, scales from the 5th to the 95th percentile of a sample; meta gives the reasons. inputs maps inputs or signals to columns (null omits one); ages count to as_of; bands: NULL or ''terciles''.';

CREATE FUNCTION @extschema@.health_model_match(model text, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';

CREATE FUNCTION @extschema@.health_model_match(model jsonb, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';

COMMENT ON FUNCTION @extschema@.health_model_match(text, regclass, timestamptz) IS
'Whether a relation fits a saved model, and the scales fit the data: a row for the relation, for each signal, and for each input that only rules or segments read; status ok, warning or error. Shares (0 to 1) of a sample of accounts; min, median and max of raw numbers or of ages in days.';
COMMENT ON FUNCTION @extschema@.health_model_match(jsonb, regclass, timestamptz) IS
'Whether a relation fits a model document, and the scales fit the data: as the form by name.';

-- model/what_if.sql
-- health_what_if(model, model, relation): the accounts that change band if one model replaces another.

CREATE FUNCTION @extschema@.health_what_if(before text, after text, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION @extschema@.health_what_if(text, text, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (by name; by name): one row for each pair of bands before and after (NULL: no score), with accounts, share, mean change, sum of value_column, and up to 100 ids (account_column) of accounts that change band, the largest change first.';

CREATE FUNCTION @extschema@.health_what_if(before text, after jsonb, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION @extschema@.health_what_if(text, jsonb, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (by name; a document): one row for each pair of bands before and after (NULL: no score), with accounts, share, mean change, sum of value_column, and up to 100 ids (account_column) of accounts that change band, the largest change first.';

CREATE FUNCTION @extschema@.health_what_if(before jsonb, after text, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION @extschema@.health_what_if(jsonb, text, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (a document; by name): one row for each pair of bands before and after (NULL: no score), with accounts, share, mean change, sum of value_column, and up to 100 ids (account_column) of accounts that change band, the largest change first.';

CREATE FUNCTION @extschema@.health_what_if(before jsonb, after jsonb, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION @extschema@.health_what_if(jsonb, jsonb, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (a document; a document): one row for each pair of bands before and after (NULL: no score), with accounts, share, mean change, sum of value_column, and up to 100 ids (account_column) of accounts that change band, the largest change first.';


-- model/views.sql
-- Models and templates as lists: for BI tools and for people.

CREATE VIEW @extschema@.health_templates WITH (security_invoker = true) AS
SELECT t.name, d.definition -> 'meta' ->> 'description' AS description, d.definition ->> 'method' AS method,
       d.definition ->> 'purpose' AS purpose,
       (SELECT count(*) FROM jsonb_object_keys(d.definition -> 'signals') AS k) AS signals,
       d.definition
  FROM unnest(@extschema@.health_template_names()) WITH ORDINALITY AS t (name, position)
 CROSS JOIN LATERAL (SELECT @extschema@.health_template(t.name) AS definition) d
 ORDER BY t.position;
COMMENT ON VIEW @extschema@.health_templates IS 'The shipped templates of model documents: SELECT health_model_draft(relation, name).';
COMMENT ON COLUMN @extschema@.health_templates.name IS 'The argument of health_template() and health_model_draft().';
COMMENT ON COLUMN @extschema@.health_templates.description IS 'What the template is for.';
COMMENT ON COLUMN @extschema@.health_templates.method IS 'The scoring method: weighted or points.';
COMMENT ON COLUMN @extschema@.health_templates.purpose IS 'What the score predicts.';
COMMENT ON COLUMN @extschema@.health_templates.signals IS 'The number of signals.';
COMMENT ON COLUMN @extschema@.health_templates.definition IS 'The model document.';

CREATE VIEW @extschema@.health_model_signals WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, s.*
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'signals') AS s
       (signal text, label text, category text, unit text, input text, scale text, weight double precision, share double precision,
        points double precision, max double precision, missing text, max_age text, optional boolean, ask text);
COMMENT ON VIEW @extschema@.health_model_signals IS 'The signals of every saved model version, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_signals.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_signals.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_signals.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_signals.signal IS 'The signal''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_signals.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_signals.category IS 'The signal''s category.';
COMMENT ON COLUMN @extschema@.health_model_signals.unit IS 'The unit of the value.';
COMMENT ON COLUMN @extschema@.health_model_signals.input IS 'The columns that the signal reads, in words.';
COMMENT ON COLUMN @extschema@.health_model_signals.scale IS 'How a value becomes a subscore, in words.';
COMMENT ON COLUMN @extschema@.health_model_signals.weight IS 'The weight in the document.';
COMMENT ON COLUMN @extschema@.health_model_signals.share IS 'The share of the score, 0 to 1, if every signal has a value; the shares of a version sum to 1. NULL with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.points IS 'Points per unit, with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.max IS 'The maximum number of points, added or subtracted, with method points.';
COMMENT ON COLUMN @extschema@.health_model_signals.missing IS 'The treatment of a missing value.';
COMMENT ON COLUMN @extschema@.health_model_signals.max_age IS 'The maximum age of a value; an older value counts as missing.';
COMMENT ON COLUMN @extschema@.health_model_signals.optional IS 'Whether a row may lack the column.';
COMMENT ON COLUMN @extschema@.health_model_signals.ask IS 'The question for people who judge this signal.';

CREATE VIEW @extschema@.health_model_bands WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, b.rank, b.band, b.label, b."from" AS from_score, b.below AS below_score, b.color
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'bands') AS b
       (rank integer, band text, label text, "from" double precision, below double precision, color text);
COMMENT ON VIEW @extschema@.health_model_bands IS 'The bands of every saved model version, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_bands.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_bands.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_bands.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_bands.rank IS 'The rank: 1 is the lowest band.';
COMMENT ON COLUMN @extschema@.health_model_bands.band IS 'The band''s name, which health_band() returns.';
COMMENT ON COLUMN @extschema@.health_model_bands.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_bands.from_score IS 'The lowest score of the band.';
COMMENT ON COLUMN @extschema@.health_model_bands.below_score IS 'The lowest score of the next band; NULL for the highest band.';
COMMENT ON COLUMN @extschema@.health_model_bands.color IS 'The color in the document.';

CREATE VIEW @extschema@.health_model_rules WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, r.position, r.rule, r.label, r.condition, r.action, r.reason
  FROM @extschema@.health_model m
 CROSS JOIN LATERAL jsonb_to_recordset(@extschema@.health_model_describe(m.definition) -> 'rules') AS r
       (position integer, rule text, label text, condition text, action text, reason text);
COMMENT ON VIEW @extschema@.health_model_rules IS 'The rules of every saved model version in the order of execution, without patches of segments.';
COMMENT ON COLUMN @extschema@.health_model_rules.name IS 'The model.';
COMMENT ON COLUMN @extschema@.health_model_rules.version IS 'Its version.';
COMMENT ON COLUMN @extschema@.health_model_rules.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN @extschema@.health_model_rules.position IS 'The place in the order of execution: 1 runs first.';
COMMENT ON COLUMN @extschema@.health_model_rules.rule IS 'The rule''s name: driver in health_drivers().';
COMMENT ON COLUMN @extschema@.health_model_rules.label IS 'The label for people.';
COMMENT ON COLUMN @extschema@.health_model_rules.condition IS 'The condition in words.';
COMMENT ON COLUMN @extschema@.health_model_rules.action IS 'The effect on the score, as in cap 39.';
COMMENT ON COLUMN @extschema@.health_model_rules.reason IS 'The text that drivers and explanations show if the rule fires.';

-- aggregate/trend.sql
-- health_trend and health_trend_stats: the direction of an account's score over time.

CREATE FUNCTION health_trend_step(bytea, double precision, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_step';
COMMENT ON FUNCTION health_trend_step(bytea, double precision, timestamptz) IS
'One row of aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_step(bytea, double precision, timestamptz, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_step';
COMMENT ON FUNCTION health_trend_step(bytea, double precision, timestamptz, double precision) IS
'One row of aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_combine';
COMMENT ON FUNCTION health_trend_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_final(bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_final';
COMMENT ON FUNCTION health_trend_final(bytea) IS
'The result of aggregate health_trend. Not meant to be called.';


CREATE FUNCTION health_trend_moving_step(bytea, double precision, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_step';
COMMENT ON FUNCTION health_trend_moving_step(bytea, double precision, timestamptz) IS
'A row that enters a moving window frame of aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_moving_step(bytea, double precision, timestamptz, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_step';
COMMENT ON FUNCTION health_trend_moving_step(bytea, double precision, timestamptz, double precision) IS
'A row that enters a moving window frame of aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_moving_inverse(bytea, double precision, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_inverse';
COMMENT ON FUNCTION health_trend_moving_inverse(bytea, double precision, timestamptz) IS
'A row that leaves a moving window frame of aggregate health_trend. Not meant to be called.';

CREATE FUNCTION health_trend_moving_inverse(bytea, double precision, timestamptz, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_inverse';
COMMENT ON FUNCTION health_trend_moving_inverse(bytea, double precision, timestamptz, double precision) IS
'A row that leaves a moving window frame of aggregate health_trend. Not meant to be called.';


CREATE FUNCTION health_trend_moving_final(bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_moving_final';
COMMENT ON FUNCTION health_trend_moving_final(bytea) IS
'The result of aggregate health_trend over a moving window frame. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_trend(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE @extschema@.health_trend(double precision, timestamptz) IS
'The direction of scores over time by least squares: improving or declining for a change of at least 5 points and two standard errors, otherwise stable. NULL with fewer than two distinct times.';

CREATE AGGREGATE @extschema@.health_trend(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE @extschema@.health_trend(double precision, timestamptz, double precision) IS
'The direction of scores over time by least squares: improving or declining for a change of at least tolerance points and two standard errors, otherwise stable. NULL with fewer than two distinct times.';

CREATE TYPE @extschema@.health_trend_row AS (
    direction text, change double precision, slope_per_day double precision, slope_stderr double precision,
    first_score double precision, last_score double precision, lowest double precision, highest double precision,
    observations bigint, from_at timestamptz, to_at timestamptz
);
COMMENT ON TYPE @extschema@.health_trend_row IS
'The result of health_trend_stats: the direction and its numbers.';
COMMENT ON COLUMN @extschema@.health_trend_row.direction IS 'As health_trend: improving, declining or stable, NULL with fewer than two distinct times.';
COMMENT ON COLUMN @extschema@.health_trend_row.change IS 'Points that the fitted line rises or falls from the first to the last time.';
COMMENT ON COLUMN @extschema@.health_trend_row.slope_per_day IS 'Points a day that the fitted line rises or falls.';
COMMENT ON COLUMN @extschema@.health_trend_row.slope_stderr IS 'The standard error of slope_per_day; NULL with fewer than three scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.first_score IS 'The score at the first time; the mean of several scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.last_score IS 'The score at the last time; the mean of several scores.';
COMMENT ON COLUMN @extschema@.health_trend_row.lowest IS 'The lowest score.';
COMMENT ON COLUMN @extschema@.health_trend_row.highest IS 'The highest score.';
COMMENT ON COLUMN @extschema@.health_trend_row.observations IS 'The number of scores with a time.';
COMMENT ON COLUMN @extschema@.health_trend_row.from_at IS 'The first time.';
COMMENT ON COLUMN @extschema@.health_trend_row.to_at IS 'The last time.';

CREATE FUNCTION health_trend_stats_step(bytea, double precision, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_stats_step';
COMMENT ON FUNCTION health_trend_stats_step(bytea, double precision, timestamptz) IS
'One row of aggregate health_trend_stats. Not meant to be called.';

CREATE FUNCTION health_trend_stats_step(bytea, double precision, timestamptz, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_stats_step';
COMMENT ON FUNCTION health_trend_stats_step(bytea, double precision, timestamptz, double precision) IS
'One row of aggregate health_trend_stats. Not meant to be called.';

CREATE FUNCTION health_trend_stats_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_stats_combine';
COMMENT ON FUNCTION health_trend_stats_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_trend_stats. Not meant to be called.';

CREATE FUNCTION health_trend_stats_final(bytea)
RETURNS @extschema@.health_trend_row
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_stats_final';
COMMENT ON FUNCTION health_trend_stats_final(bytea) IS
'The result of aggregate health_trend_stats. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_trend_stats(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_trend_stats(double precision, timestamptz) IS
'The direction of scores over time as by health_trend, with change, slope, standard error, first and last score, lowest and highest score; one row.';

CREATE AGGREGATE @extschema@.health_trend_stats(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_trend_stats(double precision, timestamptz, double precision) IS
'The direction of scores over time as by health_trend with this tolerance, with change, slope, standard error, first and last score, lowest and highest score; one row.';

-- aggregate/survey.sql
-- health_nps, health_csat, health_ces: survey metrics from single answers, by their standard definitions.

CREATE FUNCTION health_nps_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_step';
COMMENT ON FUNCTION health_nps_step(bytea, double precision) IS
'One row of aggregate health_nps. Not meant to be called.';

CREATE FUNCTION health_nps_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_combine';
COMMENT ON FUNCTION health_nps_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_nps. Not meant to be called.';

CREATE FUNCTION health_nps_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_nps_final';
COMMENT ON FUNCTION health_nps_final(bytea) IS
'The result of aggregate health_nps. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_nps(rating double precision) (
    SFUNC = health_nps_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_nps_combine, FINALFUNC = health_nps_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_nps(double precision) IS
'Net Promoter Score, -100 to 100, of ratings 0 to 10: the percentage of promoters (9 and 10) less that of detractors (0 to 6).';

CREATE FUNCTION health_csat_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_step';
COMMENT ON FUNCTION health_csat_step(bytea, double precision) IS
'One row of aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_step(bytea, double precision, integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_step';
COMMENT ON FUNCTION health_csat_step(bytea, double precision, integer) IS
'One row of aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_combine';
COMMENT ON FUNCTION health_csat_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_csat. Not meant to be called.';

CREATE FUNCTION health_csat_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_csat_final';
COMMENT ON FUNCTION health_csat_final(bytea) IS
'The result of aggregate health_csat. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_csat(rating double precision) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_csat(double precision) IS
'Customer satisfaction, 0 to 100, of ratings 1 to 5: the percentage of ratings 4 and 5.';

CREATE AGGREGATE @extschema@.health_csat(rating double precision, top integer) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_csat(double precision, integer) IS
'Customer satisfaction, 0 to 100, of ratings 1 to 5: the percentage of ratings at or above top.';

CREATE FUNCTION health_ces_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_step';
COMMENT ON FUNCTION health_ces_step(bytea, double precision) IS
'One row of aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_step(bytea, double precision, integer)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_step';
COMMENT ON FUNCTION health_ces_step(bytea, double precision, integer) IS
'One row of aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_combine';
COMMENT ON FUNCTION health_ces_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_ces. Not meant to be called.';

CREATE FUNCTION health_ces_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_ces_final';
COMMENT ON FUNCTION health_ces_final(bytea) IS
'The result of aggregate health_ces. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_ces(rating double precision) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_ces(double precision) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to 7, agreement with "the company made it easy"; higher is easier.';

CREATE AGGREGATE @extschema@.health_ces(rating double precision, highest integer) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_ces(double precision, integer) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to highest (5 or 7), agreement with "the company made it easy"; higher is easier.';

-- aggregate/rollup.sql
-- health_rollup and health_worst: one score from many, for parents and portfolios.

CREATE FUNCTION health_rollup_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_rollup_step';
COMMENT ON FUNCTION health_rollup_step(bytea, double precision) IS
'One row of aggregate health_rollup. Not meant to be called.';

CREATE FUNCTION health_rollup_step(bytea, double precision, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_rollup_step';
COMMENT ON FUNCTION health_rollup_step(bytea, double precision, double precision) IS
'One row of aggregate health_rollup. Not meant to be called.';

CREATE FUNCTION health_rollup_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_rollup_combine';
COMMENT ON FUNCTION health_rollup_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_rollup. Not meant to be called.';

CREATE FUNCTION health_rollup_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_rollup_final';
COMMENT ON FUNCTION health_rollup_final(bytea) IS
'The result of aggregate health_rollup. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_rollup(score double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_rollup(double precision) IS
'The mean of scores, rounded to 9 decimals: the score of a parent from its accounts. Rows without a score are left out.';

CREATE AGGREGATE @extschema@.health_rollup(score double precision, weight double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_rollup(double precision, double precision) IS
'The mean of scores weighted by value or size, rounded to 9 decimals. Rows without a score or weight are left out; NULL if all weights are 0.';

CREATE FUNCTION health_worst_step(double precision, double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_worst_step';
COMMENT ON FUNCTION health_worst_step(double precision, double precision) IS
'One row of aggregate health_worst, or the result of another worker. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_worst(score double precision) (
    SFUNC = health_worst_step, STYPE = double precision, COMBINEFUNC = health_worst_step, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_worst(double precision) IS
'The lowest score: a parent is as healthy as its worst account.';

-- aggregate/rate.sql
-- health_churn_rate and health_usage_rate.

CREATE FUNCTION health_churn_rate_step(bytea, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_step';
COMMENT ON FUNCTION health_churn_rate_step(bytea, boolean) IS
'One row of aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_step(bytea, boolean, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_step';
COMMENT ON FUNCTION health_churn_rate_step(bytea, boolean, double precision) IS
'One row of aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_combine';
COMMENT ON FUNCTION health_churn_rate_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_churn_rate. Not meant to be called.';

CREATE FUNCTION health_churn_rate_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_churn_rate_final';
COMMENT ON FUNCTION health_churn_rate_final(bytea) IS
'The result of aggregate health_churn_rate. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean) IS
'The share of accounts that churned, 0 to 1. Rows with a NULL are left out.';

CREATE AGGREGATE @extschema@.health_churn_rate(churned boolean, weight double precision) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_churn_rate(boolean, double precision) IS
'The share of value (or another weight) that churned, 0 to 1. Rows with a NULL are left out; NULL if all weights are 0.';

CREATE FUNCTION health_usage_rate_step(bytea, double precision, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_step';
COMMENT ON FUNCTION health_usage_rate_step(bytea, double precision, double precision) IS
'One row of aggregate health_usage_rate. Not meant to be called.';

CREATE FUNCTION health_usage_rate_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_combine';
COMMENT ON FUNCTION health_usage_rate_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_usage_rate. Not meant to be called.';

CREATE FUNCTION health_usage_rate_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_usage_rate_final';
COMMENT ON FUNCTION health_usage_rate_final(bytea) IS
'The result of aggregate health_usage_rate. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_usage_rate(active double precision, total double precision) (
    SFUNC = health_usage_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_usage_rate_combine, FINALFUNC = health_usage_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_usage_rate(double precision, double precision) IS
'The sum of active divided by the sum of total, such as used and sold seats; 0 to 1, above 1 if more is used than sold. Rows with a NULL are left out; NULL if the sum of total is 0.';

-- aggregate/spark.sql
-- health_spark: scores over time as a line of block characters. The order of rows matters, so that there is no combine
-- function.

CREATE FUNCTION health_spark_step(bytea, double precision)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_spark_step';
COMMENT ON FUNCTION health_spark_step(bytea, double precision) IS
'One row of aggregate health_spark. Not meant to be called.';

CREATE FUNCTION health_spark_final(bytea)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_spark_final';
COMMENT ON FUNCTION health_spark_final(bytea) IS
'The result of aggregate health_spark. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_spark(score double precision) (
    SFUNC = health_spark_step, STYPE = bytea, SSPACE = 520, FINALFUNC = health_spark_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_spark(double precision) IS
'Scores between 0 and 100 as a line of block characters, at most 1,000; a NULL score is a gap. Use it as health_spark(score ORDER BY at).';

-- aggregate/events.sql
-- health_score and health_signals over events: each row is a value of a signal, each group an account.

CREATE FUNCTION health_score_step(bytea, text, text, anyelement)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz, timestamptz)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, text, text, anyelement, timestamptz, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz, timestamptz)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_step';
COMMENT ON FUNCTION health_score_step(bytea, jsonb, text, anyelement, timestamptz, timestamptz) IS
'One row of aggregates health_score and health_signals. Not meant to be called.';


CREATE FUNCTION health_score_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_combine';
COMMENT ON FUNCTION health_score_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregates health_score and health_signals. Not meant to be called.';

CREATE FUNCTION health_score_final(bytea)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_score_final';
COMMENT ON FUNCTION health_score_final(bytea) IS
'The result of aggregate health_score. Not meant to be called.';

CREATE FUNCTION health_signals_final(bytea)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_signals_final';
COMMENT ON FUNCTION health_signals_final(bytea) IS
'The result of aggregate health_signals. Not meant to be called.';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a saved model''s name (or name@version).';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a saved model''s name (or name@version). Events after now are left out.';

CREATE AGGREGATE @extschema@.health_score(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(text, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; as_of NULL means the transaction''s now().';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a model document.';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a model document.';

CREATE AGGREGATE @extschema@.health_score(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_score(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a model document. Later events are left out; as_of NULL means no time.';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, by a saved model''s name (or name@version).';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement, timestamptz) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, with the time of each, by a saved model''s name (or name@version). Events after now are left out.';

CREATE AGGREGATE @extschema@.health_signals(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(text, text, anyelement, timestamptz, timestamptz) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; as_of NULL means the transaction''s now().';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, by a model document.';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement, timestamptz) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, with the time of each, by a model document.';

CREATE AGGREGATE @extschema@.health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_signals(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The account as a jsonb object, for health_band, health_drivers and other functions, from rows of signal and value, with the time of each, as of a time, by a model document. Later events are left out; as_of NULL means no time.';


-- source/source.sql
-- health_source: which relation is scored with which model, by which role, into which history. Nothing here scores or
-- writes history.

CREATE TABLE @extschema@.health_source (
    name              text             NOT NULL PRIMARY KEY,
    model             text             NOT NULL,
    relation_schema   text             NOT NULL,
    relation_name     text             NOT NULL,
    account_column    text             NOT NULL,
    book              text             NOT NULL DEFAULT 'accounts',
    name_column       text,
    segment_column    text,
    value_column      text,
    owner_column      text,
    parent_column     text,
    renewal_column    text,
    keep              text[]           NOT NULL DEFAULT '{}',
    time_column       text,
    point_in_time     boolean          NOT NULL DEFAULT false,
    history_schema    text             NOT NULL,
    history_name      text             NOT NULL,
    keep_inputs       boolean          NOT NULL DEFAULT true,
    max_staleness     interval,
    hold_alerts_above double precision NOT NULL DEFAULT 0.2,
    run_as            text             NOT NULL DEFAULT current_user,
    last_as_of        timestamptz,
    created_at        timestamptz      NOT NULL DEFAULT now(),
    UNIQUE (history_schema, history_name),
    CONSTRAINT health_source_name_check CHECK (name <> '' AND octet_length(name) <= 40),
    CONSTRAINT health_source_book_check CHECK (book <> ''),
    CONSTRAINT health_source_time_check CHECK (time_column IS NULL OR NOT point_in_time),
    CONSTRAINT health_source_max_staleness_check CHECK (max_staleness IS NULL OR (max_staleness > '0' AND time_column IS NOT NULL)),
    CONSTRAINT health_source_hold_alerts_above_check CHECK (hold_alerts_above >= 0 AND hold_alerts_above <= 1)
);

COMMENT ON TABLE @extschema@.health_source IS 'Sources: relations that are scored into a history, one row for each relation and model. health_source_add() adds one.';
COMMENT ON COLUMN @extschema@.health_source.name IS 'The name of the source, as in CALL health_refresh(''name''). The names of its history and views begin with it. 1 to 40 bytes.';
COMMENT ON COLUMN @extschema@.health_source.model IS 'The model that scores the relation: a name, or one version as in saas@3.';
COMMENT ON COLUMN @extschema@.health_source.relation_schema IS 'The schema of the relation.';
COMMENT ON COLUMN @extschema@.health_source.relation_name IS 'The table or view with the accounts, looked up by name at each run.';
COMMENT ON COLUMN @extschema@.health_source.account_column IS 'The column with the account''s id; the history keeps its type.';
COMMENT ON COLUMN @extschema@.health_source.book IS 'The population of accounts; the sources of a book share account ids.';
COMMENT ON COLUMN @extschema@.health_source.name_column IS 'The column with the account''s name.';
COMMENT ON COLUMN @extschema@.health_source.segment_column IS 'The column with the name of the segment; it replaces the model''s conditions.';
COMMENT ON COLUMN @extschema@.health_source.value_column IS 'The column with the value of the account, a number.';
COMMENT ON COLUMN @extschema@.health_source.owner_column IS 'The column with the person who looks after the account.';
COMMENT ON COLUMN @extschema@.health_source.parent_column IS 'The column with the account or group that the account belongs to.';
COMMENT ON COLUMN @extschema@.health_source.renewal_column IS 'The column with the date of the next renewal.';
COMMENT ON COLUMN @extschema@.health_source.keep IS 'More columns whose values the history keeps among the inputs.';
COMMENT ON COLUMN @extschema@.health_source.time_column IS 'The column with the time of a row, for a relation with several rows per account: the newest row up to as_of is scored.';
COMMENT ON COLUMN @extschema@.health_source.point_in_time IS 'Whether the relation is a view that shows the data as of health_as_of().';
COMMENT ON COLUMN @extschema@.health_source.history_schema IS 'The schema of the history.';
COMMENT ON COLUMN @extschema@.health_source.history_name IS 'The table that the scores are written to.';
COMMENT ON COLUMN @extschema@.health_source.keep_inputs IS 'Whether the history keeps the inputs of the model.';
COMMENT ON COLUMN @extschema@.health_source.max_staleness IS 'Accounts whose newest row is older than this are left out. Needs time_column.';
COMMENT ON COLUMN @extschema@.health_source.hold_alerts_above IS 'The share of the book, 0 to 1: a run with alerts for more accounts is held.';
COMMENT ON COLUMN @extschema@.health_source.run_as IS 'The role that added the source. Only that role refreshes the source.';
COMMENT ON COLUMN @extschema@.health_source.last_as_of IS 'The latest as_of of a finished run; for an adopted history, the latest time in it.';
COMMENT ON COLUMN @extschema@.health_source.created_at IS 'When the source was first added.';

SELECT pg_extension_config_dump('@extschema@.health_source', '');

-- The trigger stops a role from adding a source that runs as another role: the nightly refresh of a superuser would
-- otherwise read a view of that role with the rights of the superuser.
CREATE FUNCTION health_run_as_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.run_as] WHEN 'DELETE' THEN ARRAY[OLD.run_as]
                                     ELSE ARRAY[OLD.run_as, NEW.run_as] END LOOP
        -- The usual case, for every alert of a run: the look-up below takes longer than the write.
        CONTINUE WHEN role = current_user;
        -- A superuser may change the rows of a dropped role.
        IF NOT COALESCE((SELECT pg_has_role(r.oid, 'USAGE') FROM pg_roles r WHERE r.rolname = role),
                        (SELECT u.rolsuper FROM pg_roles u WHERE u.rolname = current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % that run as %', quote_ident(current_user), TG_TABLE_NAME, quote_ident(role)
                USING ERRCODE = 'insufficient_privilege',
                      DETAIL = 'A source runs with the rights of the role that added it. Only that role and its members may change the source.',
                      HINT = format('SET ROLE %I first, or add a source of your own under another name.', role);
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION health_run_as_guard() IS 'Trigger of tables with run_as: 42501 unless the current role has the rights of the role in run_as.';

CREATE TRIGGER health_source_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_source
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION health_source_get(source text)
RETURNS @extschema@.health_source
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_source;
    names text;
BEGIN
    SELECT * INTO found FROM health_source s WHERE s.name = health_source_get.source;
    IF found.name IS NULL THEN
        SELECT string_agg(s.name, ', ' ORDER BY s.name) INTO names
          FROM (SELECT name FROM health_source ORDER BY name LIMIT 10) s;
        RAISE EXCEPTION 'unknown source %', COALESCE('"' || source || '"', 'NULL')
            USING ERRCODE = 'undefined_object', HINT = COALESCE('There are: ' || names || '.',
                'SELECT health_source_add(name, model, relation, account_column) adds one.');
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_source_get(text) IS 'The row of a source in health_source. Unknown: 42704.';

CREATE FUNCTION health_source_column(relation regclass, "column" text, role text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type text;
    known text;
BEGIN
    IF "column" IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT format_type(a.atttypid, a.atttypmod) INTO type
      FROM pg_attribute a
     WHERE a.attrelid = relation AND a.attname = "column"
       AND a.attnum > 0 AND NOT a.attisdropped;
    IF type IS NULL THEN
        SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) INTO known
          FROM pg_attribute a
         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;
        RAISE EXCEPTION 'relation % has no column "%"', relation, "column"
            USING ERRCODE = 'undefined_column', DETAIL = format('The source uses this column as %s.', role),
                  HINT = format('The relation has: %s.', known);
    END IF;
    RETURN type;
END
$$;
COMMENT ON FUNCTION health_source_column(regclass, text, text) IS 'The type of a relation''s column as SQL writes it; NULL for NULL. Unknown column: 42703, with its role in the source.';

CREATE FUNCTION health_source_relation(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    relation regclass := to_regclass(format('%I.%I', source.relation_schema, source.relation_name));
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'relation %.% of source "%" does not exist', quote_ident(source.relation_schema),
            quote_ident(source.relation_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'Create the relation again, or name another one: SELECT health_source_add(…) with the same name changes the source.';
    END IF;
    RETURN relation;
END
$$;
COMMENT ON FUNCTION health_source_relation(@extschema@.health_source) IS 'The relation of a source, looked up by name. Dropped or renamed: 42P01.';

CREATE FUNCTION @extschema@.health_source_add(
    name text, model text, relation regclass, account_column text, book text DEFAULT 'accounts',
    name_column text DEFAULT NULL, segment_column text DEFAULT NULL, value_column text DEFAULT NULL, owner_column text DEFAULT NULL,
    parent_column text DEFAULT NULL, renewal_column text DEFAULT NULL, keep text[] DEFAULT '{}',
    time_column text DEFAULT NULL, point_in_time boolean DEFAULT false, history text DEFAULT NULL, keep_inputs boolean DEFAULT true,
    max_staleness interval DEFAULT NULL, hold_alerts_above double precision DEFAULT 0.2)
RETURNS regclass
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    source health_source;
    place text[];
    kept text;
BEGIN
    IF name IS NULL OR model IS NULL OR relation IS NULL OR account_column IS NULL OR book IS NULL OR hold_alerts_above IS NULL THEN
        RAISE EXCEPTION 'name, model, relation, account_column, book and hold_alerts_above must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_source_add(''crm'', ''saas'', ''crm.accounts'', ''id'').';
    END IF;
    IF name = '' OR octet_length(name) > 40 THEN
        RAISE EXCEPTION 'invalid source name "%"', left(name, 80) USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A name has 1 to 40 bytes: the names of its history and views begin with it.', HINT = 'For example: crm.';
    END IF;
    IF time_column IS NOT NULL AND point_in_time THEN
        RAISE EXCEPTION 'a source has a time_column or is point_in_time, not both' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'time_column is for rows with a time of their own; point_in_time for a view that filters by health_as_of().';
    END IF;
    IF max_staleness IS NOT NULL AND (time_column IS NULL OR max_staleness <= '0'::interval) THEN
        RAISE EXCEPTION 'max_staleness must be positive and needs a time_column' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: time_column => ''taken_at'', max_staleness => ''7 days''.';
    END IF;
    IF NOT (hold_alerts_above >= 0 AND hold_alerts_above <= 1) THEN
        RAISE EXCEPTION 'hold_alerts_above must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0.2 holds a run with alerts for more than a fifth of the book; 1 holds no run.';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(model);
    PERFORM health_source_column(relation, c.name, c.role)
       FROM (VALUES (account_column, 'account_column'), (name_column, 'name_column'), (segment_column, 'segment_column'),
                    (value_column, 'value_column'), (owner_column, 'owner_column'), (parent_column, 'parent_column'),
                    (renewal_column, 'renewal_column')) c (name, role);
    FOREACH kept IN ARRAY COALESCE(keep, '{}') LOOP
        PERFORM health_source_column(relation, kept, 'keep');
    END LOOP;
    IF health_source_column(relation, time_column, 'time_column') NOT IN ('date', 'timestamp with time zone', 'timestamp without time zone') THEN
        RAISE EXCEPTION 'time_column "%" is neither date nor timestamp', time_column USING ERRCODE = 'datatype_mismatch',
            HINT = 'Cast the column in a view.';
    END IF;

    SELECT s.* INTO source FROM health_source s WHERE s.name = health_source_add.name;
    SELECT n.nspname, c.relname INTO source.relation_schema, source.relation_name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = relation;
    IF source.relation_schema ~ '^pg_temp_' THEN
        RAISE EXCEPTION 'relation % is temporary', relation USING ERRCODE = 'wrong_object_type',
            HINT = 'Later sessions read the source: name a permanent table or view.';
    END IF;
    IF history IS NOT NULL THEN
        place := parse_ident(history);
        IF cardinality(place) > 2 THEN
            RAISE EXCEPTION 'invalid history "%"', history USING ERRCODE = 'invalid_parameter_value', HINT = 'Write table or schema.table.';
        END IF;
        source.history_name := place[cardinality(place)];
        source.history_schema := CASE cardinality(place) WHEN 2 THEN place[1] ELSE source.relation_schema END;
    ELSIF source.name IS NULL THEN
        source.history_name := name || '_history';
        source.history_schema := source.relation_schema;
    END IF;

    SELECT s.name INTO kept FROM health_source s
     WHERE s.history_schema = source.history_schema AND s.history_name = source.history_name
       AND s.name <> health_source_add.name;
    IF FOUND THEN
        RAISE EXCEPTION 'table %.% is the history of source "%"', quote_ident(source.history_schema), quote_ident(source.history_name), kept
            USING ERRCODE = 'duplicate_object', DETAIL = 'A history holds one score per account and time.', HINT = 'Name another table by history => ….';
    END IF;
    INSERT INTO health_source AS s (name, model, relation_schema, relation_name, account_column, book, name_column, segment_column, value_column,
           owner_column, parent_column, renewal_column, keep, time_column, point_in_time, history_schema, history_name, keep_inputs,
           max_staleness, hold_alerts_above)
    VALUES (name, model, source.relation_schema, source.relation_name, account_column, book, name_column, segment_column, value_column,
           owner_column, parent_column, renewal_column, COALESCE(keep, '{}'), time_column, COALESCE(point_in_time, false), source.history_schema,
           source.history_name, COALESCE(keep_inputs, true), max_staleness, hold_alerts_above)
    ON CONFLICT ON CONSTRAINT health_source_pkey DO UPDATE SET
           (model, relation_schema, relation_name, account_column, book, name_column, segment_column, value_column, owner_column, parent_column,
            renewal_column, keep, time_column, point_in_time, history_schema, history_name, keep_inputs, max_staleness, hold_alerts_above)
         = (excluded.model, excluded.relation_schema, excluded.relation_name, excluded.account_column, excluded.book, excluded.name_column,
            excluded.segment_column, excluded.value_column, excluded.owner_column, excluded.parent_column, excluded.renewal_column, excluded.keep,
            excluded.time_column, excluded.point_in_time, excluded.history_schema, excluded.history_name, excluded.keep_inputs,
            excluded.max_staleness, excluded.hold_alerts_above)
    RETURNING s.* INTO source;
    PERFORM health_history_make(source, relation);
    PERFORM health_source_views(source);
    RETURN to_regclass(format('%I.%I', source.history_schema, source.history_name));
END
$$;
COMMENT ON FUNCTION @extschema@.health_source_add(text, text, regclass, text, text, text, text, text, text, text, text, text[], text, boolean, text, boolean, interval, double precision) IS
'Adds a source: a relation that is scored with a model into a history. Creates the history and the views of the source, and returns the history. With the name of an existing source, changes that source; its history stays.';

CREATE FUNCTION @extschema@.health_source_drop(name text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    source health_source := health_source_get(health_source_drop.name);
BEGIN
    DELETE FROM health_source s WHERE s.name = source.name;
    PERFORM health_source_drop_views(source);
END
$$;
COMMENT ON FUNCTION @extschema@.health_source_drop(text) IS
'Deletes a source and drops its views. The history stays as an ordinary table. Unknown: 42704; objects depend on the views: 2BP01.';

-- source/history.sql
-- History: the table that a source's scores are written to, and its monthly partitions. A history is an ordinary table
-- of the source's owner, never a member of the extension. No rows are written here.

-- Months begin in UTC, for every time zone of the session.
CREATE FUNCTION health_history_month(at timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN date_trunc('month', at, 'UTC');
END
$$;
COMMENT ON FUNCTION health_history_month(timestamptz) IS 'The beginning of the month in UTC, which is the lower bound of a history partition.';

-- The triggers of a table run with the rights of the role that writes to it, so a role writes only to its own
-- histories.
CREATE FUNCTION health_history_trusted(history regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = history);
BEGIN
    -- A superuser is a member of every role: for a superuser only ownership counts.
    IF NOT (SELECT owner = r.oid OR (NOT r.rolsuper AND pg_has_role(owner, 'USAGE'))
              FROM pg_roles r WHERE r.rolname = current_user) THEN
        RAISE EXCEPTION 'history % belongs to role %', history, quote_ident(pg_get_userbyid(owner)) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Its triggers would run with the rights of %I.', current_user),
            HINT = format('ALTER TABLE %s OWNER TO %I, or name another table by history => ….', history, current_user);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_trusted(regclass) IS 'Raises 42501 unless a table belongs to the current role, or to a role that the current role is a member of (superusers: ownership only).';

CREATE FUNCTION health_history_relation(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := to_regclass(format('%I.%I', source.history_schema, source.history_name));
BEGIN
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', quote_ident(source.history_schema),
            quote_ident(source.history_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'SELECT health_source_add(…) with the same name creates an empty history; history => … names a renamed one.';
    END IF;
    PERFORM health_history_trusted(history);
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_relation(@extschema@.health_source) IS
'The history of a source, looked up by name. Dropped or renamed: 42P01; replaced by a table of another role: 42501.';

CREATE FUNCTION health_history_make(source @extschema@.health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    account_type text := health_source_column(relation, source.account_column, 'account_column');
    parent_type text := COALESCE(health_source_column(relation, source.parent_column, 'parent_column'), 'text');
    name text := format('%I.%I', source.history_schema, source.history_name);
    history regclass := to_regclass(name);
    columns text[] := ARRAY['account_id ' || account_type, 'scored_at timestamp with time zone', 'name text',
        'score double precision', 'band text', 'band_rank integer', 'coverage double precision', 'low double precision',
        'high double precision', 'status text', 'model text', 'model_version integer', 'segment text', 'value numeric', 'owner text',
        'parent ' || parent_type, 'renewal date', 'inputs jsonb', 'drivers jsonb',
        'calculated double precision'];
    lacking text;
BEGIN
    IF history IS NULL THEN
        -- A row is about 2 kB wide. Alerts compare up to a month of rows: the included columns allow index-only scans.
        EXECUTE format('CREATE TABLE %s (%s, PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version)) PARTITION BY RANGE (scored_at)',
            name, array_to_string(columns, ', '));
        PERFORM health_privileges_revoke('pg_class', to_regclass(name));
        EXECUTE format('CREATE INDEX ON %s (scored_at)', name);
        EXECUTE format('COMMENT ON TABLE %s IS %L', name,
            format('Scores of source %s, partitioned by month: written by health_refresh; health_retain drops old months.', source.name));
        RETURN;
    END IF;
    PERFORM health_history_trusted(history);
    SELECT string_agg(wanted, ', ' ORDER BY number) INTO lacking
      FROM unnest(columns) WITH ORDINALITY AS c (wanted, number)
     WHERE NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = history AND NOT a.attisdropped AND a.attnum > 0
                          AND wanted = concat(a.attname, ' ', format_type(a.atttypid, a.atttypmod)));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'datatype_mismatch',
            DETAIL = format('The table lacks: %s.', lacking),
            HINT = 'Name another table by history => …; a table that does not exist is created.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = history AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND (SELECT array_agg(a.attname::text ORDER BY a.attname)
                             FROM pg_attribute a
                            WHERE a.attrelid = history AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
                          = ARRAY['account_id', 'scored_at']) THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The table has no unique index on (account_id, scored_at).',
            HINT = format('ALTER TABLE %s ADD PRIMARY KEY (account_id, scored_at) INCLUDE (score, band, segment, model_version).', history);
    END IF;
    IF source.last_as_of IS NULL THEN
        -- The views show the last known run of the adopted rows: the newest row may come from health_refresh_account.
        EXECUTE format($sql$
            UPDATE health_source s
               SET last_as_of = COALESCE((SELECT max(r.as_of) FROM health_run r
                                           WHERE r.source = s.name AND r.status IN ('done', 'held')
                                             AND EXISTS (SELECT FROM %1$s h WHERE h.scored_at = r.as_of)),
                                         (SELECT max(h.scored_at) FROM %1$s h))
             WHERE s.name = $1$sql$, history) USING source.name;
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_make(@extschema@.health_source, regclass) IS
'Creates the history of a source, with account ids in the type of the relation, or adopts an existing table with its rows. A table of another role: 42501; without the columns: 42804; without the unique index: 55000.';

-- CREATE and ATTACH, not CREATE … PARTITION OF: the latter would lock the history against readers.
CREATE FUNCTION health_history_partition(source @extschema@.health_source, at timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass := health_history_relation(source);
    month timestamptz := health_history_month(at);
    next_month timestamptz := health_history_month(month + '35 days'::interval);
    -- A name has 63 bytes, 8 of them for the month. A longer name is cut at a character and gets a hash, which keeps it
    -- unique.
    stem text := CASE WHEN octet_length(source.history_name) <= 55 THEN source.history_name
        ELSE (SELECT left(source.history_name, n) FROM generate_series(46, 1, -1) n
               WHERE octet_length(left(source.history_name, n)) <= 46 LIMIT 1)
             || '_' || left(md5(source.history_name), 8) END;
    partition text := format('%I.%I', source.history_schema, stem || to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'));
    parent record;
BEGIN
    -- An adopted table may be plain, or partitioned in another way.
    IF NOT EXISTS (SELECT FROM pg_partitioned_table p
                     JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
                    WHERE p.partrelid = history AND p.partstrat = 'r' AND p.partnatts = 1
                      AND p.partdefid = 0 AND a.attname = 'scored_at') THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM health_history_partitions(history) p
                WHERE p.from_at <= month AND p.to_at >= next_month) THEN
        RETURN;
    END IF;
    -- Index-only scans need a current visibility map: this setting makes autovacuum run after each night's inserts.
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL) WITH (autovacuum_vacuum_insert_scale_factor = 0)%s', partition, history,
        (SELECT format(' TABLESPACE %I', t.spcname) FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = history));
    -- A role that may read the history reads this partition through it, and under its row-level security only.
    PERFORM health_privileges_revoke('pg_class', to_regclass(partition));
    SELECT c.relowner, c.relrowsecurity, c.relforcerowsecurity INTO parent FROM pg_class c WHERE c.oid = history;
    IF parent.relrowsecurity THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
    END IF;
    IF parent.relforcerowsecurity THEN
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', partition);
    END IF;
    IF pg_get_userbyid(parent.relowner) <> current_user THEN
        -- An owner needs CREATE on the schema. Without it the night goes on.
        IF has_schema_privilege(parent.relowner, source.history_schema, 'CREATE') THEN
            EXECUTE format('ALTER TABLE %s OWNER TO %s', partition, parent.relowner::regrole);
        ELSE
            RAISE WARNING 'partition % belongs to role %, the history to role %', partition, quote_ident(current_user), parent.relowner::regrole
                USING DETAIL = format('Role %s may not create tables in schema %I.', parent.relowner::regrole, source.history_schema),
                      HINT = format('GRANT CREATE ON SCHEMA %I TO %s; ALTER TABLE %s OWNER TO %2$s.', source.history_schema, parent.relowner::regrole, partition);
        END IF;
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', history, partition,
        to_char(month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), to_char(next_month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
END
$$;
COMMENT ON FUNCTION health_history_partition(@extschema@.health_source, timestamptz) IS
'Creates the monthly partition (UTC) of a history for a time, if it is missing, without blocking readers. The partition has the owner, the tablespace and the row-level security of the history, and no grants of its own. A history that is not partitioned by scored_at stays as it is.';

CREATE FUNCTION health_history_partitions(history regclass, OUT partition regclass, OUT from_at timestamptz, OUT to_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN QUERY
    SELECT c.oid::regclass, bound[1]::timestamptz, bound[2]::timestamptz
      FROM pg_inherits i
      JOIN pg_class c ON c.oid = i.inhrelid
     CROSS JOIN LATERAL regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)''\) TO \(''([^'']*)''\)') bound
     WHERE i.inhparent = history AND bound IS NOT NULL
     ORDER BY 2;
END
$$;
COMMENT ON FUNCTION health_history_partitions(regclass) IS 'The partitions of a history with their bounds: from_at inclusive, to_at exclusive.';

-- source/source_query.sql
-- How a source is scored: the SELECT that reads its relation as of a time. Nothing is written here.

CREATE FUNCTION @extschema@.health_as_of()
RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_as_of';
COMMENT ON FUNCTION @extschema@.health_as_of() IS
'The as_of of the running refresh, otherwise now(): for views that show the data as of that time. SET health_score.as_of = ''2026-01-01 00:00Z'' sets another time.';

CREATE FUNCTION health_source_cell(cell text, "column" text, type text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE WHEN "column" IS NULL THEN 'NULL' ELSE format(cell, "column") END || '::' || type;
END
$$;
COMMENT ON FUNCTION health_source_cell(text, text, text) IS 'A column of a source''s relation as an SQL expression of a type; NULL of that type if the source names no column.';

-- The columns that the model reads and the relation has, and the columns in keep.
CREATE FUNCTION health_source_inputs(source @extschema@.health_source, relation regclass, cell text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- A function takes 100 arguments at most.
    pairs_a_call CONSTANT integer := 40;
    reads jsonb := health_model_describe(health_model_get(source.model)) -> 'inputs';
BEGIN
    RETURN (
        SELECT CASE count(*)
                   WHEN 0 THEN 'NULL::pg_catalog.jsonb'
                   WHEN 1 THEN min(call)
                   ELSE format('%s.health_inputs(%s)', home, string_agg(call, ', ')) END
          FROM (SELECT format('%s.health_inputs(%s)', home, string_agg(pair, ', ')) AS call
                  FROM (SELECT format('%L, ' || cell, a.attname, a.attname) AS pair,
                               (row_number() OVER (ORDER BY a.attnum) - 1) / pairs_a_call AS call
                          FROM pg_attribute a
                         WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
                           AND (a.attname = ANY (source.keep)
                                OR source.keep_inputs AND reads ? a.attname::text)) pairs
                 GROUP BY pairs.call) calls);
END
$$;
COMMENT ON FUNCTION health_source_inputs(@extschema@.health_source, regclass, text, text) IS 'The SQL expression (jsonb) of the inputs that the history of a source keeps.';

CREATE FUNCTION health_source_assess(model text, "row" record, as_of timestamptz, segment text, given jsonb,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb, OUT calculated double precision)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_source_assess';
COMMENT ON FUNCTION health_source_assess(text, record, timestamptz, text, jsonb) IS
'Like health_assess of a row; given, a jsonb object of health_given(), overrides values of the row. calculated is the score without the override.';

CREATE FUNCTION health_source_query(source @extschema@.health_source, one_account boolean DEFAULT false, some_accounts boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    relation regclass := health_source_relation(source);
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    moment text := CASE health_source_column(relation, source.time_column, 'time_column')
                       WHEN 'timestamp with time zone' THEN '$1' ELSE '($1 AT TIME ZONE ''UTC'')' END;
    -- The query may run under any search_path: all names in it are qualified.
    rows_of text := format('%I.%I AS health_row', source.relation_schema, source.relation_name);
    "row" text := 'health_row';
    cell text := 'health_row.%I';
    wanted text := 'true';
    account_type text;
    inputs text;
    given text := 'NULL::pg_catalog.jsonb';
    given_rows text := '';
BEGIN
    PERFORM health_source_column(relation, source.account_column, 'account_column');
    IF one_account OR some_accounts THEN
        SELECT format('%I.%I', n.nspname, t.typname) INTO account_type
          FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
          JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE a.attrelid = relation AND a.attname = source.account_column;
        wanted := format(CASE WHEN one_account THEN 'health_row.%1$I OPERATOR(pg_catalog.=) $2::%2$s'
                                         ELSE 'health_row.%1$I OPERATOR(pg_catalog.>=) $2::%2$s AND health_row.%1$I OPERATOR(pg_catalog.<=) $3::%2$s' END,
                                    source.account_column, account_type);
    END IF;
    IF source.time_column IS NOT NULL THEN
        -- rank() keeps rows of one account with equal times: a duplicate account is an error, not a random choice.
        rows_of := format($sql$(
            SELECT health_row AS snapshot, pg_catalog.rank() OVER (PARTITION BY health_row.%1$I ORDER BY health_row.%2$I DESC) AS place
              FROM %3$s
             WHERE health_row.%2$I OPERATOR(pg_catalog.<=) %4$s AND %5$s) AS latest$sql$,
            source.account_column, source.time_column, rows_of, moment, wanted);
        "row" := 'latest.snapshot';
        cell := '(latest.snapshot).%I';
        wanted := 'latest.place OPERATOR(pg_catalog.<=) 1';
        IF source.max_staleness IS NOT NULL THEN
            wanted := format('%s AND (latest.snapshot).%I OPERATOR(pg_catalog.>=) (%s OPERATOR(pg_catalog.-) %L::pg_catalog.interval)',
                wanted, source.time_column, moment, source.max_staleness);
        END IF;
    END IF;
    inputs := health_source_inputs(source, relation, cell, home);
    IF health_given_any(source.book) THEN
        given := 'health_given.given';
        given_rows := format(' LEFT JOIN health_score_internal.health_given(%L, %L, $1%s) AS health_given ON health_given.account_id OPERATOR(pg_catalog.=) %s::pg_catalog.text',
            source.book, source.model, CASE WHEN one_account THEN format(', $2::%s::pg_catalog.text', account_type) ELSE '' END,
            format(cell, source.account_column));
        IF source.keep_inputs THEN
            inputs := format('%s.health_inputs(%s, %s)', home, inputs, given);
        END IF;
    END IF;
    -- One call per account, expanded outside: a function in FROM would fill a tuplestore for every account. The mark comes
    -- first: Postgres computes the columns of a row from left to right.
    RETURN format($sql$
        SELECT s.account_id, $1 AS scored_at, s.name, (s.a).score, (s.a).band, (s.a).band_rank, (s.a).coverage, (s.a).low, (s.a).high, (s.a).status,
               (s.a).model, (s.a).model_version, (s.a).segment, s.value, s.owner, s.parent, s.renewal, s.inputs, (s.a).drivers, (s.a).calculated
          FROM (SELECT health_score_internal.health_run_mark(%1$s::pg_catalog.text), %1$s AS account_id, %2$s AS name, %3$s AS value, %4$s AS owner, %5$s AS parent, %6$s AS renewal, %7$s AS inputs,
                       health_score_internal.health_source_assess(%9$L, %10$s, $1, %11$s, %13$s) AS a
                  FROM %8$s%14$s WHERE %12$s OFFSET 0) AS s$sql$,
        format(cell, source.account_column), health_source_cell(cell, source.name_column, 'pg_catalog.text'),
        health_source_cell(cell, source.value_column, 'pg_catalog.numeric'), health_source_cell(cell, source.owner_column, 'pg_catalog.text'),
        CASE WHEN source.parent_column IS NULL THEN 'NULL::pg_catalog.text' ELSE format(cell, source.parent_column) END,
        health_source_cell(cell, source.renewal_column, 'pg_catalog.date'), inputs,
        rows_of, source.model, "row", health_source_cell(cell, source.segment_column, 'pg_catalog.text'), wanted,
        given, given_rows);
END
$$;
COMMENT ON FUNCTION health_source_query(@extschema@.health_source, boolean, boolean) IS
'The SELECT of a source''s scored accounts as of $1 (timestamptz): one row per account, in the columns of a history. With one_account, only the id $2 (text); with some_accounts, the ids from $2 to $3.';

CREATE FUNCTION health_history_insert(source @extschema@.health_source, query text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format('INSERT INTO %I.%I (account_id, scored_at, name, score, band, band_rank, coverage, low, high, status, model, model_version, segment, value, owner, parent, renewal, inputs, drivers, calculated) %s',
        source.history_schema, source.history_name, query);
END
$$;
COMMENT ON FUNCTION health_history_insert(@extschema@.health_source, text) IS 'The INSERT of a query''s rows into the history of a source.';

-- source/source_views.sql
-- The views of a source over its history, for dashboards and users. The views do not read the relation, belong to the
-- source's owner, and use the reader's rights on the history.

-- A view of a source has this trigger. It tells the view from any other relation that has got its name: the trigger stays
-- with its view through CREATE OR REPLACE, renames and dumps, and no copy of the view has it.
CREATE FUNCTION health_source_view_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'view %.% is read-only', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
        USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'The view belongs to a source.', HINT = 'health_refresh writes the scores.';
END
$$;
COMMENT ON FUNCTION health_source_view_guard() IS 'Trigger of the views of sources: marks a view as created by health_source_add. Writing to the view: 55000.';

CREATE FUNCTION health_source_view_own(relation regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgfoid = 'health_source_view_guard()'::regprocedure);
END
$$;
COMMENT ON FUNCTION health_source_view_own(regclass) IS 'Whether health_source_add has created a relation as the view of a source.';

-- No CASCADE: dependent objects of users are an error.
CREATE FUNCTION health_source_drop_views(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    suffix text;
    relation regclass;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_movers', '_parents', '_portfolio', '_inputs', '_current'] LOOP
        relation := to_regclass(format('%I.%I', source.history_schema, source.name || suffix));
        IF health_source_view_own(relation) THEN
            EXECUTE format('DROP VIEW %s', relation);
        ELSIF relation IS NOT NULL THEN
            RAISE NOTICE '% is not a view of source "%" and stays', relation, source.name;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_drop_views(@extschema@.health_source) IS 'Drops the views of a source, but no other relation with the name of one; 2BP01 if other objects depend on them.';

CREATE FUNCTION health_source_views(source @extschema@.health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    -- The newest row of each account since the latest refresh. An account that has left the relation has no such row.
    latest text := format($sql$(
            SELECT DISTINCT ON (h.account_id) h.* FROM %s h
             WHERE h.scored_at >= (SELECT s.last_as_of FROM health_source s WHERE s.name = %L)
             ORDER BY h.account_id, h.scored_at DESC)$sql$, history, source.name);
    view_name text;
    taken regclass;
    new boolean;
    suffix text;
    body text;
    -- The inputs of 30 days before let health_explain show changes. That form takes no segment name.
    explanation text := CASE WHEN source.segment_column IS NULL
        THEN 'COALESCE(health_explain(c.scored_by, c.inputs, before.inputs, c.scored_at, before.scored_at), health_explain(c.scored_by, c.inputs, c.scored_at))'
        ELSE 'health_explain(c.scored_by, c.inputs, c.scored_at, COALESCE(c.segment, ''''))' END;
    current_body text := format($sql$
        SELECT c.account_id, c.name, c.scored_at, c.score, c.band, c.band_rank, c.coverage, c.low, c.high, c.status, c.calculated,
               t.trend, c.score - before.score AS change_30_days, before.band AS band_30_days_ago,
               CASE WHEN (c.drivers -> 0 ->> 'lost')::double precision > 0 THEN c.drivers -> 0 ->> 'label' END AS top_driver,
               %1$s AS explanation, c.value, c.owner, c.parent, c.renewal, c.segment, c.model, c.model_version
          FROM (SELECT l.*, l.model || '@'::text || l.model_version::text AS scored_by FROM %3$s l) c
          LEFT JOIN LATERAL (SELECT b.score, b.band, b.inputs, b.scored_at FROM %2$s b
                 WHERE b.account_id = c.account_id AND b.scored_at <= c.scored_at - '30 days'::interval
                   AND b.scored_at > c.scored_at - '92 days'::interval
                 ORDER BY b.scored_at DESC LIMIT 1) before ON true
          LEFT JOIN LATERAL (SELECT health_trend(w.score, w.scored_at, COALESCE((m.definition #>> '{trend,tolerance}')::double precision, 5)) AS trend
                  FROM %2$s w, health_model m
                 WHERE w.account_id = c.account_id AND w.scored_at <= c.scored_at
                   AND w.scored_at >= c.scored_at - COALESCE(m.definition #>> '{trend,window}', '30 days')::interval
                   AND m.name = c.model AND m.version = c.model_version) t ON true$sql$,
        explanation, history, latest);
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_current', '_inputs', '_movers', '_portfolio', '_parents'] LOOP
        taken := to_regclass(format('%I.%I', source.history_schema, source.name || suffix));
        IF taken IS NOT NULL AND NOT health_source_view_own(taken) THEN
            RAISE EXCEPTION 'relation % has the name of a view of source "%"', taken, source.name USING ERRCODE = 'duplicate_table',
                DETAIL = 'A source has the views _current, _inputs, _movers, _portfolio and _parents. Only views that health_source_add has created are replaced.',
                HINT = format('Rename or drop %s, or add the source under another name.', taken);
        END IF;
    END LOOP;
    FOR suffix, body IN VALUES
        ('_current', current_body),
        ('_inputs', format('SELECT l.account_id, l.name, l.scored_at, l.segment, l.inputs FROM %s l', latest)),
        ('_movers', format($sql$
            SELECT account_id, name, change_30_days AS change, score, score - change_30_days AS score_30_days_ago, band, band_30_days_ago,
                   value, owner, segment, top_driver, explanation, scored_at FROM %s
             WHERE change_30_days <> 0::double precision ORDER BY abs(change_30_days) DESC, value DESC NULLS LAST, account_id$sql$,
            format('%I.%I', source.history_schema, source.name || '_current'))),
        ('_portfolio', format($sql$
            SELECT band, band_rank, segment, owner, count(*) AS accounts, sum(value) AS value,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value,
                   health_rollup(score) AS mean_score, health_rollup(score, value::double precision) AS value_weighted_score, max(scored_at) AS scored_at
              FROM %s l GROUP BY band, band_rank, segment, owner$sql$, latest)),
        ('_parents', format($sql$
            SELECT parent, count(*) AS accounts, sum(value) AS value, health_rollup(score) AS mean_score,
                   health_rollup(score, value::double precision) AS value_weighted_score, health_worst(score) AS worst_score,
                   (array_agg(account_id ORDER BY score, account_id) FILTER (WHERE score IS NOT NULL))[1] AS worst_account,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value, max(scored_at) AS scored_at
              FROM %s l WHERE parent IS NOT NULL GROUP BY parent$sql$, latest))
    LOOP
        view_name := format('%I.%I', source.history_schema, source.name || suffix);
        new := to_regclass(view_name) IS NULL;
        -- OR REPLACE keeps the grants; a history whose id has another type needs new views.
        BEGIN
            EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
        EXCEPTION WHEN invalid_table_definition THEN
            PERFORM health_source_drop_views(source);
            EXECUTE format('CREATE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
            new := true;
        END;
        IF new THEN
            PERFORM health_privileges_revoke('pg_class', to_regclass(view_name));
            EXECUTE format('CREATE TRIGGER health_source_view INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION health_source_view_guard()', view_name);
        END IF;
        EXECUTE format('COMMENT ON VIEW %s IS %L', view_name, format(
            CASE suffix
                WHEN '_current' THEN 'Source %s: each account''s latest score, with its trend, change and explanation.'
                WHEN '_inputs' THEN 'Source %s: the inputs of each account''s latest score.'
                WHEN '_movers' THEN 'Source %s: accounts whose score differs from that of 30 days before, the largest changes first.'
                WHEN '_portfolio' THEN 'Source %s: accounts and value by band, segment and owner.'
                ELSE 'Source %s: scores of parents, from their accounts.'
            END, source.name));
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_views(@extschema@.health_source) IS
'Creates or replaces the views of a source over its history: _current, _inputs, _movers, _portfolio and _parents. Another relation has the name of one: 42P07.';

-- refresh/run.sql
-- health_run and health_run_signal: the log of runs. This file has the steps of a run as functions;
-- sql/refresh/refresh.sql puts them into transactions.

CREATE TABLE @extschema@.health_run (
    id          bigint      NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text        NOT NULL,
    as_of       timestamptz NOT NULL,
    status      text        NOT NULL DEFAULT 'running',
    run_as      text        NOT NULL DEFAULT current_user,
    pid         integer     NOT NULL DEFAULT pg_backend_pid(),
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    accounts    bigint,
    sqlstate    text,
    message     text,
    detail      text,
    hint        text,
    backfill    boolean     NOT NULL DEFAULT false,
    alerts      bigint,
    CONSTRAINT health_run_status_check CHECK (status IN ('running', 'done', 'held', 'failed', 'cancelled', 'abandoned'))
);
CREATE INDEX health_run_source_idx ON @extschema@.health_run (source, started_at);

COMMENT ON TABLE @extschema@.health_run IS 'The log of runs: one row for each refresh of a source as of a time. No grants to PUBLIC: messages may quote data.';
COMMENT ON COLUMN @extschema@.health_run.id IS 'The number of the run.';
COMMENT ON COLUMN @extschema@.health_run.source IS 'The name of the source.';
COMMENT ON COLUMN @extschema@.health_run.as_of IS 'The time of the scores: scored_at in the history.';
COMMENT ON COLUMN @extschema@.health_run.status IS 'One of running, done, held (the scores are written, but the run would raise too many alerts), failed, cancelled, abandoned (orphaned: the session ended before the run).';
COMMENT ON COLUMN @extschema@.health_run.run_as IS 'The role with whose rights the run works.';
COMMENT ON COLUMN @extschema@.health_run.pid IS 'The server process of the run, as in pg_stat_activity.';
COMMENT ON COLUMN @extschema@.health_run.started_at IS 'When the run began.';
COMMENT ON COLUMN @extschema@.health_run.finished_at IS 'When the run ended.';
COMMENT ON COLUMN @extschema@.health_run.accounts IS 'The number of rows that the run wrote into the history.';
COMMENT ON COLUMN @extschema@.health_run.sqlstate IS 'The SQLSTATE of the error that ended the run.';
COMMENT ON COLUMN @extschema@.health_run.message IS 'The message of the error that ended the run.';
COMMENT ON COLUMN @extschema@.health_run.detail IS 'The DETAIL of the error that ended the run.';
COMMENT ON COLUMN @extschema@.health_run.hint IS 'The HINT of the error that ended the run.';
COMMENT ON COLUMN @extschema@.health_run.backfill IS 'Whether health_backfill made the run. Such a run raises no alerts.';
COMMENT ON COLUMN @extschema@.health_run.alerts IS 'The number of alerts that the run raised or holds; NULL where alerts were not evaluated, as in a first run.';
COMMENT ON SEQUENCE @extschema@.health_run_id_seq IS 'Numbers the runs of health_run.';
COMMENT ON INDEX @extschema@.health_run_source_idx IS 'The runs of a source by start time.';

CREATE TABLE @extschema@.health_run_signal (
    run     bigint           NOT NULL REFERENCES @extschema@.health_run (id) ON DELETE CASCADE,
    signal  text             NOT NULL,
    missing bigint           NOT NULL,
    invalid bigint           NOT NULL,
    mean    double precision,
    PRIMARY KEY (run, signal)
);
-- Deletes cascade, but an insert does not check that the run exists: pg_restore --jobs fills the tables of an extension
-- in any order, and a refresh inserts the run first. (The only triggers of this table are those of the foreign key.)
ALTER TABLE @extschema@.health_run_signal DISABLE TRIGGER ALL;
COMMENT ON TABLE @extschema@.health_run_signal IS 'The input quality of each signal in a run. A feed that stopped shows here first.';
COMMENT ON COLUMN @extschema@.health_run_signal.run IS 'The run in health_run.';
COMMENT ON COLUMN @extschema@.health_run_signal.signal IS 'The signal of the model.';
COMMENT ON COLUMN @extschema@.health_run_signal.missing IS 'The number of accounts without a value of their own.';
COMMENT ON COLUMN @extschema@.health_run_signal.invalid IS 'The number of accounts with a value that the model cannot read, under on_invalid missing.';
COMMENT ON COLUMN @extschema@.health_run_signal.mean IS 'The mean subscore, 0 to 100, of the accounts that have one.';

SELECT pg_extension_config_dump('@extschema@.health_run', '');
SELECT pg_extension_config_dump('@extschema@.health_run_id_seq', '');
SELECT pg_extension_config_dump('@extschema@.health_run_signal', '');

CREATE TRIGGER health_run_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_run
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

-- The advisory lock of a source allows one refresh at a time. It ends with its transaction or session, so a crash
-- leaves no lock.
CREATE FUNCTION health_source_lock_key(source text)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN hashtextextended('health_source ' || source, 0);
END
$$;
COMMENT ON FUNCTION health_source_lock_key(text) IS 'The key of the advisory lock that a refresh of the source holds; NULL for NULL.';

CREATE FUNCTION health_source_lock(source text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(health_source_lock_key(source)) THEN
        RAISE EXCEPTION 'source "%" is being refreshed by another session', source USING ERRCODE = 'lock_not_available',
            HINT = 'SELECT * FROM health_run WHERE status = ''running'' shows the run; try again when it has ended.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_source_lock(text) IS 'Takes the lock of a source until the end of the transaction. If another session holds the lock: 55P03, without waiting.';

CREATE FUNCTION health_run_begin(source text, as_of timestamptz, backfill boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    run bigint;
BEGIN
    -- This session holds the lock of the source: another run that is marked as running is orphaned.
    UPDATE health_run r SET status = 'abandoned', finished_at = clock_timestamp(),
           message = 'the session ended before the run did'
     WHERE r.source = health_run_begin.source AND r.status = 'running';
    INSERT INTO health_run (source, as_of, backfill) VALUES (health_run_begin.source, COALESCE(health_run_begin.as_of, now()), health_run_begin.backfill) RETURNING id INTO run;
    RETURN run;
END
$$;
COMMENT ON FUNCTION health_run_begin(text, timestamptz, boolean) IS 'Inserts the row of a new run and returns its id. Marks orphaned runs of the source as abandoned.';

CREATE FUNCTION health_run_resume(run bigint, source text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- Asked before the lock is taken, too: an abandoned run must not hold the lock against the refresh that overtook it.
    FOR i IN 1 .. 2 LOOP
        IF NOT EXISTS (SELECT FROM health_run r WHERE r.id = run AND r.status = 'running') THEN
            RAISE EXCEPTION 'source "%" is being refreshed by another session', source USING ERRCODE = 'lock_not_available',
                DETAIL = format('Another refresh began between the two transactions of run %s.', run),
                HINT = 'SELECT * FROM health_run ORDER BY id DESC shows the other run; try again when it has ended.';
        END IF;
        PERFORM health_source_lock(source);
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_run_resume(bigint, text) IS 'Takes the lock of the source for the second transaction of a run. If another refresh has marked the run as abandoned, or holds the lock: 55P03.';

CREATE FUNCTION health_run_show(source text, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- The cast to name truncates silently; set_config() would truncate with a NOTICE.
    PERFORM set_config('application_name',
        format('health_score: %s as of %s', source, to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'))::name::text, true);
END
$$;
COMMENT ON FUNCTION health_run_show(text, timestamptz) IS 'Shows the source and the as_of in application_name until the end of the transaction.';

CREATE FUNCTION health_run_prepare(source @extschema@.health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '5s'
AS $$
BEGIN
    PERFORM health_history_partition(source, as_of);
    -- The first refresh of the next month and health_refresh_account need the partition of that month.
    PERFORM health_history_partition(source, health_history_month(as_of) + '35 days'::interval);
END
$$;
COMMENT ON FUNCTION health_run_prepare(@extschema@.health_source, timestamptz) IS
'Creates the partitions that a run needs, for the month of as_of and the next. If another session locks the history for five seconds: 55P03.';

CREATE FUNCTION health_run_fail(run bigint, failure jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    UPDATE health_run r
       SET status = CASE failure ->> 'sqlstate' WHEN '57014' THEN 'cancelled' ELSE 'failed' END, finished_at = clock_timestamp(),
           sqlstate = failure ->> 'sqlstate', message = failure ->> 'message', detail = failure ->> 'detail', hint = failure ->> 'hint'
     WHERE r.id = run;
END
$$;
COMMENT ON FUNCTION health_run_fail(bigint, jsonb) IS 'Marks a run as failed or cancelled, with the error.';

CREATE FUNCTION health_run_finish(run bigint, written bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    UPDATE health_run r SET status = CASE r.status WHEN 'held' THEN 'held' ELSE 'done' END, finished_at = clock_timestamp(), accounts = written
     WHERE r.id = run;
    UPDATE health_source s SET last_as_of = GREATEST(s.last_as_of, r.as_of)
      FROM health_run r WHERE r.id = run AND s.name = r.source;
END
$$;
COMMENT ON FUNCTION health_run_finish(bigint, bigint) IS 'Marks a run as done, unless it is held, and updates last_as_of of its source.';

CREATE FUNCTION health_signal_counts(history regclass, scored_at timestamptz,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_counts';
COMMENT ON FUNCTION health_signal_counts(regclass, timestamptz) IS
'For each signal in the rows of a history as of a time: the number of accounts without a value of their own, the number with an invalid value, and the mean subscore, 0 to 100.';

CREATE FUNCTION health_run_tally_begin()
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_tally_begin';
COMMENT ON FUNCTION health_run_tally_begin() IS 'Starts a count in this session: the values of each signal in the accounts that health_source_assess() scores.';

CREATE FUNCTION health_run_tally(accounts bigint,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'health_run_tally';
COMMENT ON FUNCTION health_run_tally(bigint) IS
'Ends the count of health_run_tally_begin() and returns it in the form of health_signal_counts(); no rows if the number of counted accounts differs from the argument.';

-- accounts: the number of rows that one statement scored and wrote; NULL if the history already had rows as of that
-- time.
CREATE FUNCTION health_run_signals(run bigint, history regclass, as_of timestamptz, accounts bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
    SELECT health_run_signals.run, t.signal, t.missing, t.invalid, t.mean FROM health_run_tally(accounts) t;
    IF NOT FOUND THEN
        INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
        SELECT health_run_signals.run, c.signal, c.missing, c.invalid, c.mean FROM health_signal_counts(history, as_of) c;
    END IF;
END
$$;
COMMENT ON FUNCTION health_run_signals(bigint, regclass, timestamptz, bigint) IS 'Writes the input quality of each signal in a run into health_run_signal.';

-- alert/playbook.sql
-- health_playbook: the action to take when a trigger meets an account. Nothing is evaluated here;
-- sql/alert/alert_query.sql does that.

CREATE TABLE @extschema@.health_playbook (
    name       text             NOT NULL PRIMARY KEY,
    source     text             REFERENCES @extschema@.health_source (name) ON UPDATE CASCADE ON DELETE CASCADE,
    model      text,
    book       text,
    trigger    text             NOT NULL,
    band       text,
    points     double precision,
    within     interval,
    direction  text,
    rule       text,
    condition  jsonb,
    segment    text,
    action     text             NOT NULL,
    owner      text,
    due_in     interval         NOT NULL DEFAULT '7 days',
    severity   text             NOT NULL DEFAULT 'medium',
    cooldown   interval         NOT NULL DEFAULT '0',
    hysteresis double precision NOT NULL DEFAULT 0,
    active     boolean          NOT NULL DEFAULT true,
    run_as     text             NOT NULL DEFAULT current_user,
    created_at timestamptz      NOT NULL DEFAULT now()
);

-- As in health_run_signal: deletes cascade, and a restore fills the tables in any order. health_playbook_check() checks
-- the source.
ALTER TABLE @extschema@.health_playbook DISABLE TRIGGER ALL;

COMMENT ON TABLE @extschema@.health_playbook IS 'Playbooks: the action to take when a trigger meets an account. Each refresh raises alerts by them. No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_playbook.name IS 'The name of the playbook, also in its alerts: 1 to 200 bytes.';
COMMENT ON COLUMN @extschema@.health_playbook.source IS 'The source whose runs the playbook watches; a playbook has a source or a model.';
COMMENT ON COLUMN @extschema@.health_playbook.model IS 'The model, without version: the playbook watches all sources with that model.';
COMMENT ON COLUMN @extschema@.health_playbook.book IS 'Limits the playbook to sources of this book; NULL: all books.';
COMMENT ON COLUMN @extschema@.health_playbook.trigger IS 'One of band, drop, trend, rule, stale, opportunity.';
COMMENT ON COLUMN @extschema@.health_playbook.band IS 'Trigger band: the band that an account has entered since the last run.';
COMMENT ON COLUMN @extschema@.health_playbook.points IS 'Trigger drop: the number of points by which the score fell, more than 0 up to 100.';
COMMENT ON COLUMN @extschema@.health_playbook.within IS 'Trigger drop: the period of the drop. Trigger trend: the period of the trend, NULL for the model''s window.';
COMMENT ON COLUMN @extschema@.health_playbook.direction IS 'Trigger trend: declining or improving.';
COMMENT ON COLUMN @extschema@.health_playbook.rule IS 'Trigger rule: the rule of the model that fires now and did not fire in the last run.';
COMMENT ON COLUMN @extschema@.health_playbook.condition IS 'An additional condition, written as the when of a rule, with the subjects driver and category_drop. Trigger opportunity needs one.';
COMMENT ON COLUMN @extschema@.health_playbook.segment IS 'Limits the playbook to accounts of this segment; NULL: all segments.';
COMMENT ON COLUMN @extschema@.health_playbook.action IS 'The action to take.';
COMMENT ON COLUMN @extschema@.health_playbook.owner IS 'The person who must act; NULL: the account''s owner.';
COMMENT ON COLUMN @extschema@.health_playbook.due_in IS 'The time until the deadline, from the as_of of the run.';
COMMENT ON COLUMN @extschema@.health_playbook.severity IS 'One of low, medium, high, critical.';
COMMENT ON COLUMN @extschema@.health_playbook.cooldown IS 'The time after the as_of of an alert in which the playbook raises no other alert for the same account.';
COMMENT ON COLUMN @extschema@.health_playbook.hysteresis IS 'The points, 0 to 50, by which a score must pass the bound of its band, or recover from a drop, before the cause counts as ended.';
COMMENT ON COLUMN @extschema@.health_playbook.active IS 'Whether refreshes evaluate the playbook.';
COMMENT ON COLUMN @extschema@.health_playbook.run_as IS 'The role that added the playbook; only runs of its own sources evaluate the playbook.';
COMMENT ON COLUMN @extschema@.health_playbook.created_at IS 'When the playbook was added.';

SELECT pg_extension_config_dump('@extschema@.health_playbook', '');

CREATE TRIGGER health_playbook_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_playbook
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION @extschema@.health_playbook_condition_check(condition jsonb, model jsonb DEFAULT NULL)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_playbook_condition_check';
COMMENT ON FUNCTION @extschema@.health_playbook_condition_check(jsonb, jsonb) IS
'True for a valid condition of a playbook, otherwise 22023 with all errors in DETAIL. With a model document, names that the model lacks are errors. NULL for NULL.';

CREATE FUNCTION @extschema@.health_playbook_condition(condition jsonb, as_of timestamptz, score double precision, inputs jsonb, drivers jsonb, drivers_before jsonb DEFAULT NULL)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_playbook_condition';
COMMENT ON FUNCTION @extschema@.health_playbook_condition(jsonb, timestamptz, double precision, jsonb, jsonb, jsonb) IS
'Whether the condition of a playbook holds for an account, from the score, inputs and drivers in its history; category_drop also reads the drivers of an earlier time. A test of a missing value is false. NULL for a NULL condition or as_of.';

CREATE FUNCTION health_playbook_model(source text, model text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    wanted text := COALESCE(model, (SELECT s.model FROM health_source s WHERE s.name = health_playbook_model.source));
BEGIN
    RETURN (SELECT m.definition FROM health_model m
             WHERE CASE WHEN wanted ~ '@[0-9]+$'
                        THEN m.name || '@' || m.version = wanted
                        ELSE m.name = wanted AND m.active END);
END
$$;
COMMENT ON FUNCTION health_playbook_model(text, text) IS 'The model document for a playbook of this source or model; NULL if there is none yet.';

CREATE FUNCTION health_playbook_name(what text, name text, known jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT known ? name THEN
        RAISE EXCEPTION 'the model has no % "%"', what, name USING ERRCODE = 'undefined_object',
            DETAIL = 'The playbook would never raise an alert.',
            HINT = COALESCE('There are: ' || (SELECT string_agg(DISTINCT n.name, ', ') FROM jsonb_array_elements_text(known) n (name)) || '.',
                format('The model has no %s.', what));
    END IF;
END
$$;
COMMENT ON FUNCTION health_playbook_name(text, text, jsonb) IS 'Raises 42704 unless the model has the band, rule or segment that a playbook names.';

-- Each text ends the sentence that begins with "it" in health_playbook_check().
CREATE FUNCTION health_playbook_fault(playbook @extschema@.health_playbook)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN playbook.name = '' OR octet_length(playbook.name) > 200 THEN 'must have a name of 1 to 200 bytes'
        WHEN playbook.trigger NOT IN ('band', 'drop', 'trend', 'rule', 'stale', 'opportunity') THEN
            format('has the unknown trigger "%s"', playbook.trigger)
        WHEN num_nonnulls(playbook.source, playbook.model) <> 1 THEN 'needs a source or a model, and not both'
        WHEN playbook.model ~ '[@{]' THEN 'must name a model without its version'
        WHEN (playbook.band IS NOT NULL) <> (playbook.trigger = 'band') THEN 'must name a band if, and only if, its trigger is band'
        WHEN (playbook.points IS NOT NULL) <> (playbook.trigger = 'drop') THEN 'must have points if, and only if, its trigger is drop'
        WHEN NOT (playbook.points > 0 AND playbook.points <= 100) THEN 'must have points above 0, up to 100'
        WHEN playbook.within IS NULL AND playbook.trigger = 'drop' THEN 'must have within, the period of the drop'
        WHEN playbook.within IS NOT NULL AND playbook.trigger NOT IN ('drop', 'trend') THEN 'must have within only if its trigger is drop or trend'
        WHEN NOT playbook.within > '0'::interval THEN 'must have a positive within'
        WHEN (playbook.direction IS NOT NULL) <> (playbook.trigger = 'trend') THEN 'must have a direction if, and only if, its trigger is trend'
        WHEN playbook.direction NOT IN ('declining', 'improving') THEN 'must have the direction declining or improving'
        WHEN (playbook.rule IS NOT NULL) <> (playbook.trigger = 'rule') THEN 'must name a rule if, and only if, its trigger is rule'
        WHEN playbook.condition IS NULL AND playbook.trigger = 'opportunity' THEN 'must have a condition: what grows, and which limit is near'
        WHEN playbook.action = '' THEN 'must have an action'
        WHEN playbook.severity NOT IN ('low', 'medium', 'high', 'critical') THEN 'must have the severity low, medium, high or critical'
        WHEN NOT (playbook.due_in >= '0'::interval AND playbook.cooldown >= '0'::interval) THEN 'must not have a negative due_in or cooldown'
        WHEN NOT (playbook.hysteresis >= 0 AND playbook.hysteresis <= 50) THEN 'must have a hysteresis from 0 to 50 points'
    END;
END
$$;
COMMENT ON FUNCTION health_playbook_fault(@extschema@.health_playbook) IS 'The first fault in the columns of a playbook, in words; NULL if there is none.';

-- A model that does not exist yet is a warning, and so is a restored playbook that uses names the model has lost.
CREATE FUNCTION health_playbook_check()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    fault text := health_playbook_fault(NEW);
    document jsonb;
BEGIN
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'invalid playbook "%": it %', NEW.name, fault USING ERRCODE = 'check_violation',
            DETAIL = 'Columns by trigger: band: band; drop: points and within; trend: direction, and within unless it is the model''s window; rule: rule; stale: none; opportunity: condition.',
            HINT = 'SELECT * FROM health_playbook_examples(''saas'') shows examples.';
    END IF;
    document := health_playbook_model(NEW.source, NEW.model);
    BEGIN
        IF NEW.source IS NOT NULL THEN
            PERFORM health_source_get(NEW.source);
        END IF;
        PERFORM health_playbook_condition_check(NEW.condition, document);
        IF document IS NULL THEN
            IF NEW.model IS NOT NULL THEN
                RAISE WARNING 'playbook "%" is about model "%", which does not exist', NEW.name, NEW.model USING HINT = 'The playbook raises no alert until a source is scored with that model.';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.band IS NOT NULL THEN
            PERFORM health_playbook_name('band', NEW.band, jsonb_path_query_array(health_model_describe(document), '$.bands[*].band')
                || jsonb_path_query_array(document, '$.segments[*].patch.bands[*].name'));
        END IF;
        IF NEW.rule IS NOT NULL THEN
            PERFORM health_playbook_name('rule', NEW.rule, jsonb_path_query_array(document, '$.rules[*].name')
                || jsonb_path_query_array(document, '$.segments[*].patch.rules[*].name'));
        END IF;
        IF NEW.segment IS NOT NULL THEN
            PERFORM health_playbook_name('segment', NEW.segment, jsonb_path_query_array(document, '$.segments[*].name'));
        END IF;
    EXCEPTION WHEN undefined_object OR invalid_parameter_value THEN
        -- A row with an earlier created_at comes from a dump: the model of that time accepted it.
        IF TG_OP <> 'INSERT' OR NEW.created_at >= now() THEN
            RAISE;
        END IF;
        PERFORM health_playbook_condition_check(NEW.condition);
        RAISE WARNING 'playbook "%" of %: %', NEW.name, NEW.created_at, SQLERRM USING HINT = 'The playbook may raise no alert: use the names that the model has now.';
    END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION health_playbook_check() IS
'Trigger of health_playbook. Checks that the columns fit the trigger (23514), that the condition is valid (22023), and that the model has the names (42704).';

CREATE TRIGGER health_playbook_check BEFORE INSERT OR UPDATE ON @extschema@.health_playbook
    FOR EACH ROW EXECUTE FUNCTION health_playbook_check();

-- alert/playbook_examples.sql
-- Example playbooks: for a model's bands, for decline, and by cause. The names of categories and signals indicate the
-- cause.

CREATE FUNCTION health_playbook_cause(words text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE
        WHEN words ~* '(pay|invoice|overdue|financ|billing|obligation|premium)' THEN 'payments'
        WHEN words ~* '(relation|contact|sponsor|meeting|silen|executive)' THEN 'silence'
        WHEN words ~* '(sentiment|nps|csat|ces|satisf|survey|voice|advoca|tone)' THEN 'sentiment'
        WHEN words ~* '(ticket|support|service|incident|complain|claim|experience|delivery)' THEN 'tickets'
        WHEN words ~* '(usage|use|adopt|activ|login|session|engage|frequen|breadth|depth|buying|order|journey|feature)' THEN 'activity'
    END;
END
$$;
COMMENT ON FUNCTION health_playbook_cause(text) IS 'The topic of a name or label: payments, silence, sentiment, tickets or activity; NULL if no word matches.';

-- One condition per cause: a category that fell, or, for a signal without category, the loss of half of its points.
CREATE FUNCTION health_playbook_causes(document jsonb)
RETURNS TABLE (cause text, condition jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH signal AS (
        SELECT s.* FROM jsonb_to_recordset(health_model_describe(document) -> 'signals') AS s (signal text, label text, category text, share numeric)
    ), part AS (
        SELECT DISTINCT health_playbook_cause(s.category) AS cause, jsonb_build_object('category_drop', s.category, 'ge', 15) AS test
          FROM signal s WHERE s.category IS NOT NULL
        UNION ALL
        SELECT health_playbook_cause(concat_ws(' ', s.signal, s.label)), jsonb_build_object('driver', s.signal, 'ge', COALESCE(trim_scale(round(s.share * 50, 1)), 5))
          FROM signal s WHERE s.category IS NULL
    )
    SELECT p.cause, jsonb_build_object('any', jsonb_agg(p.test ORDER BY p.test)) FROM part p WHERE p.cause IS NOT NULL GROUP BY p.cause;
END
$$;
COMMENT ON FUNCTION health_playbook_causes(jsonb) IS 'The possible causes of a drop under a model document, each with the condition that indicates it.';

CREATE FUNCTION health_playbook_growth(document jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    growth CONSTANT text := '(grow|change|increase)';
    near_limit CONSTANT text := '(limit|licen[cs]e|seat|quota|capacity)';
BEGIN
    RETURN (
        WITH signal AS (
            SELECT s.* FROM jsonb_to_recordset(health_model_describe(document) -> 'signals') AS s (signal text, label text, category text)
        ), test AS (
            SELECT 1 AS place, s.category ~* near_limit AS is_limit, jsonb_build_object('category', s.category, 'ge', 60) AS test
              FROM signal s WHERE s.category ~* '(grow|limit)'
            UNION ALL
            SELECT 2, concat_ws(' ', s.signal, s.label) ~* near_limit, jsonb_build_object('subscore', s.signal, 'ge', 90)
              FROM signal s WHERE concat_ws(' ', s.signal, s.label) ~* growth
                               OR concat_ws(' ', s.signal, s.label) ~* near_limit
        ), first AS (
            SELECT DISTINCT ON (t.is_limit) t.is_limit, t.test FROM test t ORDER BY t.is_limit, t.place, t.test
        )
        SELECT jsonb_build_object('all', jsonb_agg(f.test ORDER BY f.is_limit)) FROM first f HAVING count(*) = 2);
END
$$;
COMMENT ON FUNCTION health_playbook_growth(jsonb) IS 'The condition of an opportunity under a model document: growth, and a limit that is near; NULL unless the model measures both.';

CREATE FUNCTION @extschema@.health_playbook_examples(model text)
RETURNS SETOF @extschema@.health_playbook
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    document jsonb := health_model_get(model);
    name text := regexp_replace(model, '@[0-9]+$', '');
    expansion boolean := COALESCE(document ->> 'purpose', '') = 'expansion';
    bands text[] := (SELECT array_agg(b.band ORDER BY b.rank)
                       FROM jsonb_to_recordset(health_model_describe(document) -> 'bands') AS b (rank integer, band text));
BEGIN
    RETURN QUERY
    SELECT format('%s: %s', name, e.title), NULL::text, name, NULL::text, e.trigger, e.band, e.points, e.within, e.direction, NULL::text, e.condition, NULL::text,
           e.action, NULL::text, e.due_in, e.severity, e.cooldown, e.hysteresis, true, current_user::text, now()
      FROM (
        SELECT x.place, x.title, x.trigger, x.band, NULL::double precision AS points, NULL::interval AS within, NULL::text AS direction, NULL::jsonb AS condition,
               x.action, x.due_in, x.severity, '14 days'::interval AS cooldown, 3::double precision AS hysteresis
          FROM (VALUES (1, 'lowest band', 'band', bands[1], 'Call the customer, agree on a plan with dates, tell the account''s owner''s manager.', '2 days'::interval, 'critical'),
                       (2, 'second band', 'band', CASE WHEN cardinality(bands) > 2 THEN bands[2] END,
                           'Discuss the most costly drivers at the next meeting.', '7 days', 'medium'),
                       (3, 'highest band', 'band', CASE WHEN cardinality(bands) > 1 THEN bands[cardinality(bands)] END,
                           'Say thank you; ask for a reference.', '30 days', 'low')) x (place, title, trigger, band, action, due_in, severity)
         WHERE x.band IS NOT NULL AND NOT expansion
        UNION ALL
        SELECT 4, 'decline', 'trend', NULL, NULL, NULL, 'declining', NULL, 'Find out what has changed at the customer before it costs a band.', '7 days', 'medium', '30 days', 0 WHERE NOT expansion
        UNION ALL
        SELECT 5, 'drop, ' || a.title, 'drop', NULL, 15, '30 days', NULL, c.condition, a.action, a.due_in, 'high', '30 days', 3
          FROM health_playbook_causes(document) c
          JOIN (VALUES ('activity', 'less activity', 'Offer training: show the team what they no longer use.', '5 days'::interval),
                       ('tickets', 'trouble with service', 'Look for recurring problems in the open tickets; name one person who solves them.', '2 days'),
                       ('sentiment', 'sentiment', 'Close the loop: call the person who answered, and report the next steps.', '2 days'),
                       ('silence', 'silence', 'Reach the decision-maker; if the sponsor has left, find the next one.', '5 days'),
                       ('payments', 'payments', 'Ask finance for open invoices, before anybody else writes to the customer.', '3 days')) a (cause, title, action, due_in)
            ON a.cause = c.cause
         WHERE NOT expansion
        UNION ALL
        SELECT 6, 'stale', 'stale', NULL, NULL, NULL, NULL, NULL, 'Ask the owner of the feed why the data stopped.', '3 days', 'low', '30 days', 0
        UNION ALL
        SELECT 7, 'opportunity', 'opportunity', NULL, NULL, NULL, NULL, g.condition, 'Talk about growth: the customer is healthy, growing, and near a limit of the contract.', '14 days', 'low', '90 days', 0
          FROM (SELECT health_playbook_growth(document) AS condition) g WHERE g.condition IS NOT NULL) e
     ORDER BY e.place, e.title;
END
$$;
COMMENT ON FUNCTION @extschema@.health_playbook_examples(text) IS
'Example playbooks for the bands of a model, for decline, by cause, and for opportunities, in the columns of health_playbook: INSERT INTO health_playbook SELECT * FROM health_playbook_examples(''saas''). Unknown model: 42704.';

-- alert/alert.sql
-- health_alert and health_alert_score: the alerts of playbooks, their state, and the scores afterwards. The functions
-- for people and workers are in sql/alert/alert_steps.sql.

CREATE TABLE @extschema@.health_alert (
    id              bigint           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    playbook        text,
    source          text             NOT NULL,
    book            text             NOT NULL,
    account_id      text,
    run             bigint           NOT NULL,
    as_of           timestamptz      NOT NULL,
    trigger         text             NOT NULL,
    reason          text             NOT NULL,
    name            text,
    owner           text,
    segment         text,
    value           numeric,
    explanation     text,
    action          text             NOT NULL,
    severity        text             NOT NULL,
    due_at          timestamptz      NOT NULL,
    score           double precision,
    band            text,
    score_before    double precision,
    band_before     text,
    status          text             NOT NULL DEFAULT 'open',
    raised_at       timestamptz      NOT NULL DEFAULT now(),
    claimed_by      text,
    leased_until    timestamptz,
    attempts        integer          NOT NULL DEFAULT 0,
    delivered_at    timestamptz,
    ref             text,
    acknowledged_at timestamptz,
    acknowledged_by text,
    snoozed_until   timestamptz,
    ended_at        timestamptz,
    resolved_at     timestamptz,
    resolved_by     text,
    action_taken    text,
    note            text,
    run_as          text             NOT NULL DEFAULT current_user,
    CONSTRAINT health_alert_status_check CHECK (status IN ('open', 'acknowledged', 'snoozed', 'resolved', 'ended')),
    CONSTRAINT health_alert_account_check CHECK ((account_id IS NULL) = (playbook IS NULL))
);
CREATE UNIQUE INDEX health_alert_open_key ON @extschema@.health_alert (source, (COALESCE(playbook, '')), (COALESCE(account_id, '')))
    WHERE status IN ('open', 'acknowledged', 'snoozed');
CREATE INDEX health_alert_account_idx ON @extschema@.health_alert (source, playbook, account_id, as_of);
CREATE INDEX health_alert_claim_idx ON @extschema@.health_alert (due_at) WHERE status IN ('open', 'snoozed');

COMMENT ON TABLE @extschema@.health_alert IS 'Alerts that playbooks raised: at most one open alert for each account and playbook of a source. No grants to PUBLIC: alerts name customers.';
COMMENT ON COLUMN @extschema@.health_alert.id IS 'The number of the alert.';
COMMENT ON COLUMN @extschema@.health_alert.playbook IS 'The playbook that raised the alert; NULL for a data alert: a held run, whose data is in doubt because it would raise too many alerts.';
COMMENT ON COLUMN @extschema@.health_alert.source IS 'The source whose run raised the alert.';
COMMENT ON COLUMN @extschema@.health_alert.book IS 'The book of the source.';
COMMENT ON COLUMN @extschema@.health_alert.account_id IS 'The account''s id, as text; NULL for a data alert.';
COMMENT ON COLUMN @extschema@.health_alert.run IS 'The run in health_run; that row may be deleted later.';
COMMENT ON COLUMN @extschema@.health_alert.as_of IS 'The time of the scores: scored_at in the history.';
COMMENT ON COLUMN @extschema@.health_alert.trigger IS 'The trigger of the playbook; data for a data alert.';
COMMENT ON COLUMN @extschema@.health_alert.reason IS 'The reason for the alert, in words.';
COMMENT ON COLUMN @extschema@.health_alert.name IS 'The account''s name.';
COMMENT ON COLUMN @extschema@.health_alert.owner IS 'The person who must act: the playbook''s owner, otherwise the account''s.';
COMMENT ON COLUMN @extschema@.health_alert.segment IS 'The account''s segment.';
COMMENT ON COLUMN @extschema@.health_alert.value IS 'The value of the account.';
COMMENT ON COLUMN @extschema@.health_alert.explanation IS 'The score and its change in words; the most costly drivers if the history keeps no inputs.';
COMMENT ON COLUMN @extschema@.health_alert.action IS 'The action to take.';
COMMENT ON COLUMN @extschema@.health_alert.severity IS 'One of low, medium, high, critical.';
COMMENT ON COLUMN @extschema@.health_alert.due_at IS 'The deadline for the action.';
COMMENT ON COLUMN @extschema@.health_alert.score IS 'The score that raised the alert, 0 to 100.';
COMMENT ON COLUMN @extschema@.health_alert.band IS 'The band of that score.';
COMMENT ON COLUMN @extschema@.health_alert.score_before IS 'The score that the run compared it with.';
COMMENT ON COLUMN @extschema@.health_alert.band_before IS 'The band of score_before.';
COMMENT ON COLUMN @extschema@.health_alert.status IS 'One of open, acknowledged, snoozed, resolved (by a person), ended (the cause ended before anybody acknowledged the alert).';
COMMENT ON COLUMN @extschema@.health_alert.raised_at IS 'When the alert was raised.';
COMMENT ON COLUMN @extschema@.health_alert.claimed_by IS 'The role that last claimed the alert.';
COMMENT ON COLUMN @extschema@.health_alert.leased_until IS 'The end of the lease: until then health_alert_claim() does not hand the alert out again.';
COMMENT ON COLUMN @extschema@.health_alert.attempts IS 'How often the alert was claimed.';
COMMENT ON COLUMN @extschema@.health_alert.delivered_at IS 'When the alert was delivered.';
COMMENT ON COLUMN @extschema@.health_alert.ref IS 'The id of the alert in the receiving system, such as a ticket number.';
COMMENT ON COLUMN @extschema@.health_alert.acknowledged_at IS 'When the alert was acknowledged.';
COMMENT ON COLUMN @extschema@.health_alert.acknowledged_by IS 'The role that acknowledged the alert.';
COMMENT ON COLUMN @extschema@.health_alert.snoozed_until IS 'The end of the snooze, also after the alert was handed out again.';
COMMENT ON COLUMN @extschema@.health_alert.ended_at IS 'The as_of of the run in which the cause had ended, also for acknowledged and resolved alerts. Until then the playbook raises no other alert for the account.';
COMMENT ON COLUMN @extschema@.health_alert.resolved_at IS 'When the alert was resolved or ended.';
COMMENT ON COLUMN @extschema@.health_alert.resolved_by IS 'The role that resolved the alert.';
COMMENT ON COLUMN @extschema@.health_alert.action_taken IS 'The action that was taken.';
COMMENT ON COLUMN @extschema@.health_alert.note IS 'The note of the role that resolved the alert.';
COMMENT ON COLUMN @extschema@.health_alert.run_as IS 'The role whose refresh raised the alert.';
COMMENT ON SEQUENCE @extschema@.health_alert_id_seq IS 'Numbers the alerts of health_alert.';
COMMENT ON INDEX @extschema@.health_alert_open_key IS 'At most one open alert for each account and playbook of a source, and one open data alert for each source.';
COMMENT ON INDEX @extschema@.health_alert_account_idx IS 'The alerts of an account by as_of.';
COMMENT ON INDEX @extschema@.health_alert_claim_idx IS 'The alerts to hand out, the soonest due first.';

CREATE TABLE @extschema@.health_alert_score (
    alert     bigint           NOT NULL REFERENCES @extschema@.health_alert (id) ON DELETE CASCADE,
    scored_at timestamptz      NOT NULL,
    score     double precision,
    band      text,
    PRIMARY KEY (alert, scored_at)
);
-- As in health_run_signal: deletes cascade, and a restore fills the tables in any order.
ALTER TABLE @extschema@.health_alert_score DISABLE TRIGGER ALL;
COMMENT ON TABLE @extschema@.health_alert_score IS 'The scores of an account for 180 days after its alert was resolved or ended, to show the effect of the action. No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_alert_score.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN @extschema@.health_alert_score.scored_at IS 'The time of the score.';
COMMENT ON COLUMN @extschema@.health_alert_score.score IS 'The score, 0 to 100.';
COMMENT ON COLUMN @extschema@.health_alert_score.band IS 'The band of the score.';

SELECT pg_extension_config_dump('@extschema@.health_alert', '');
SELECT pg_extension_config_dump('@extschema@.health_alert_id_seq', '');
SELECT pg_extension_config_dump('@extschema@.health_alert_score', '');

-- Runs insert alerts. A role with UPDATE may work on an alert, but may not change its origin or run_as.
CREATE TRIGGER health_alert_guard BEFORE INSERT OR DELETE OR UPDATE OF id, playbook, source, book, account_id, run, as_of, run_as ON @extschema@.health_alert
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE VIEW @extschema@.health_alert_outcome WITH (security_invoker = true) AS
SELECT a.id AS alert, a.playbook, a.source, a.book, a.account_id, a.name, a.owner, a.segment, a.value, a.as_of, a.status, a.action, a.action_taken, a.resolved_at,
       a.score, a.band, f.score_30_days, f.score_30_days - a.score AS change_30_days,
       f.score_90_days, f.score_90_days - a.score AS change_90_days,
       f.latest_score, f.latest_score - a.score AS latest_change, f.latest_band, f.latest_at
  FROM @extschema@.health_alert a
 -- Days count from the first run after the end of the alert: as_of may be in the past, but resolved_at is clock time.
 CROSS JOIN LATERAL (SELECT min(s.scored_at) AS first_at FROM @extschema@.health_alert_score s WHERE s.alert = a.id) g
 CROSS JOIN LATERAL (
       SELECT (array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at >= (g.first_at + '30 days'::interval)))[1] AS score_30_days,
              (array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at >= (g.first_at + '90 days'::interval)))[1] AS score_90_days,
              (array_agg(s.score ORDER BY s.scored_at DESC))[1] AS latest_score,
              (array_agg(s.band ORDER BY s.scored_at DESC))[1] AS latest_band,
              max(s.scored_at) AS latest_at
         FROM @extschema@.health_alert_score s WHERE s.alert = a.id) f
 WHERE a.playbook IS NOT NULL AND a.status IN ('resolved', 'ended');
COMMENT ON VIEW @extschema@.health_alert_outcome IS 'Resolved and ended alerts with the later scores of the account, to show the effect of actions. Alerts that ended by themselves are the comparison group.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.playbook IS 'The playbook that raised the alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.source IS 'The source whose run raised the alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.book IS 'The book of the source.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.account_id IS 'The account''s id, as text.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.name IS 'The account''s name.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.owner IS 'The person who had to act.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.segment IS 'The account''s segment.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.value IS 'The value of the account.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.as_of IS 'The time of the scores that raised the alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.status IS 'The end of the alert: resolved (by a person) or ended (by itself).';
COMMENT ON COLUMN @extschema@.health_alert_outcome.action IS 'The action to take.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.action_taken IS 'The action that was taken; NULL if the alert ended by itself.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.resolved_at IS 'When the alert was resolved or ended.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score IS 'The score that raised the alert.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.band IS 'The band of that score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score_30_days IS 'The first score at least 30 days after the first run since the alert was resolved or ended.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.change_30_days IS 'The change of the score in 30 days: score_30_days - score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.score_90_days IS 'The first score at least 90 days after the first run since the alert was resolved or ended.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.change_90_days IS 'The change of the score in 90 days: score_90_days - score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_score IS 'The latest score since the alert was resolved or ended.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_change IS 'The change of the score until now: latest_score - score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_band IS 'The band of the latest score.';
COMMENT ON COLUMN @extschema@.health_alert_outcome.latest_at IS 'The time of the latest score.';

-- alert/alert_steps.sql
-- The steps of workers and people with an alert: claim, deliver, acknowledge, snooze, resolve.

CREATE FUNCTION health_alert_get(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert;
BEGIN
    SELECT a.* INTO found FROM health_alert a WHERE a.id = health_alert_get.id FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'unknown alert %', COALESCE(id::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, name, reason FROM health_alert WHERE status = ''open'' lists the open alerts.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_get(bigint) IS 'The row of an alert in health_alert, locked until the end of the transaction. Unknown: 42704.';

CREATE FUNCTION health_alert_require_open(id bigint)
RETURNS @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_alert := health_alert_get(id);
BEGIN
    IF found.status IN ('resolved', 'ended') THEN
        RAISE EXCEPTION 'alert % is closed', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE found.status
                WHEN 'resolved' THEN format('%s resolved it at %s.', found.resolved_by, found.resolved_at)
                ELSE format('Its cause ended at %s.', found.ended_at) END,
            HINT = 'If the cause returns, the playbook raises another alert.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_require_open(bigint) IS 'The row of an alert in health_alert, locked until the end of the transaction. Unknown: 42704; resolved or ended: 55000.';

-- A lease, not a lock: the lease of a dead worker expires, and no transaction stays open during the delivery.
CREATE FUNCTION @extschema@.health_alert_claim(n integer DEFAULT 1, lease interval DEFAULT '5 minutes', source text DEFAULT NULL)
RETURNS SETOF @extschema@.health_alert
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF NOT (n > 0 AND lease > '0'::interval) IS TRUE THEN
        RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT * FROM health_alert_claim(10, ''5 minutes'').';
    END IF;
    RETURN QUERY
    WITH free AS MATERIALIZED (
        SELECT a.id FROM health_alert a
         WHERE (a.status = 'open' AND a.delivered_at IS NULL
                OR a.status = 'snoozed' AND a.snoozed_until <= clock_timestamp())
           AND (a.leased_until IS NULL OR a.leased_until <= clock_timestamp())
           AND (health_alert_claim.source IS NULL OR a.source = health_alert_claim.source)
         ORDER BY a.due_at, a.id
         LIMIT n FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE health_alert a
           -- snoozed_until stays: it distinguishes a reminder from a second delivery.
           SET status = 'open', delivered_at = NULL, claimed_by = current_user, attempts = a.attempts + 1,
               leased_until = clock_timestamp() + lease
          FROM free WHERE a.id = free.id
        RETURNING a.*)
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_claim(integer, interval, text) IS
'Claims and returns up to n alerts for delivery, the soonest due first, also those whose snooze is over; source NULL: of all sources. No other worker gets them before the lease ends; several workers may call it at once. n or lease not positive: 22023.';

CREATE FUNCTION @extschema@.health_alert_delivered(id bigint, ref text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_get(id);
BEGIN
    IF alert.attempts = 0 THEN
        RAISE EXCEPTION 'alert % has not been claimed', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Another worker could deliver the same alert.', HINT = 'SELECT * FROM health_alert_claim() hands alerts out.';
    END IF;
    -- If a lease ends early, two workers may deliver the same alert: the first delivery counts.
    IF alert.delivered_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE health_alert a SET delivered_at = clock_timestamp(), leased_until = NULL, ref = COALESCE(health_alert_delivered.ref, a.ref)
     WHERE a.id = alert.id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_delivered(bigint, text) IS
'Marks an alert as delivered; ref is its id in the receiving system. False if the alert was already delivered. Unknown: 42704; never claimed: 55000.';

CREATE FUNCTION @extschema@.health_alert_ack(id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF alert.status = 'acknowledged' THEN
        RAISE EXCEPTION 'alert % is already acknowledged', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('%s acknowledged it at %s.', alert.acknowledged_by, alert.acknowledged_at),
            HINT = 'When the work is done, call health_alert_resolve().';
    END IF;
    UPDATE health_alert a SET status = 'acknowledged', snoozed_until = NULL, leased_until = NULL, acknowledged_at = clock_timestamp(), acknowledged_by = current_user
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_ack(bigint) IS
'Acknowledges an alert as the current role: the alert is not handed out and does not end by itself. Unknown: 42704; already acknowledged, resolved or ended: 55000.';

CREATE FUNCTION @extschema@.health_alert_snooze(id bigint, until timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF NOT (until > clock_timestamp() AND isfinite(until)) IS TRUE THEN
        RAISE EXCEPTION 'until must be a finite time in the future' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_alert_snooze(1, now() + interval ''1 week'').';
    END IF;
    UPDATE health_alert a SET status = 'snoozed', snoozed_until = until, leased_until = NULL WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_snooze(bigint, timestamptz) IS
'Snoozes an alert: health_alert_claim() hands it out again after that time. Unknown: 42704; resolved or ended: 55000; not in the future: 22023.';

CREATE FUNCTION @extschema@.health_alert_resolve(id bigint, action text, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF COALESCE(action, '') = '' THEN
        RAISE EXCEPTION 'action must not be empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'The effect of alerts is compared by action.', HINT = 'For example: SELECT health_alert_resolve(1, ''training'', ''two sessions with the new team'').';
    END IF;
    UPDATE health_alert a SET status = 'resolved', snoozed_until = NULL, leased_until = NULL, resolved_at = clock_timestamp(), resolved_by = current_user,
           action_taken = health_alert_resolve.action, note = health_alert_resolve.note
     WHERE a.id = alert.id;
END
$$;
COMMENT ON FUNCTION @extschema@.health_alert_resolve(bigint, text, text) IS
'Resolves an alert with the action that was taken. The scores of the account are followed for 180 days. Unknown: 42704; already resolved or ended: 55000; no action: 22004.';

-- alert/alert_query.sql
-- The query that finds the alerts of a run: one statement over the rows of the run and of the last run that was not
-- held, with one SELECT for each trigger. This file builds the text; sql/alert/run_alerts.sql executes it, under
-- search_path pg_catalog.

CREATE FUNCTION health_run_base(source text, as_of timestamptz, within interval DEFAULT '0')
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT COALESCE(max(r.as_of) FILTER (WHERE r.as_of <= health_run_base.as_of - within), min(r.as_of))
          -- If several runs have the same as_of, the status of the last one counts.
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source = health_run_base.source AND r.as_of < health_run_base.as_of AND r.status IN ('done', 'held')
                 ORDER BY r.as_of, r.id DESC) r
         WHERE r.status = 'done');
END
$$;
COMMENT ON FUNCTION health_run_base(text, timestamptz, interval) IS
'The as_of of the run to compare with, among the earlier runs that are not held: the newest that is at least within before as_of, otherwise the oldest. NULL if there is none.';

CREATE FUNCTION health_runs_held(source text)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN COALESCE((
        SELECT array_agg(r.as_of)
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source = health_runs_held.source AND r.status IN ('done', 'held') ORDER BY r.as_of, r.id DESC) r
         WHERE r.status = 'held'), '{}');
END
$$;
COMMENT ON FUNCTION health_runs_held(text) IS 'The times of a source''s held runs; their rows are not used for comparison.';

CREATE FUNCTION health_alert_playbooks(source @extschema@.health_source)
RETURNS SETOF @extschema@.health_playbook
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT p.* FROM health_playbook p
     WHERE p.active AND p.run_as = source.run_as AND (p.book IS NULL OR p.book = source.book)
       AND (p.source = source.name OR p.model = regexp_replace(source.model, '@[0-9]+$', ''));
END
$$;
COMMENT ON FUNCTION health_alert_playbooks(@extschema@.health_source) IS 'The active playbooks that watch a source.';

-- In the texts below, $1 is the as_of, $2 the as_of of the run to compare with, $3 the times of held runs. CTEs:
-- playbook has the playbooks that watch the source; pair the accounts of the run, each with its score in the run to
-- compare with; moment the as_of (at); latest the last alert of each playbook and account.

-- The look-up for accounts without a score in the last run: their newest row with a score before it. Few accounts need
-- the look-up.
CREATE FUNCTION health_alert_earlier(history text, asked text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$LATERAL (SELECT h.score, h.band, h.scored_at, h.drivers FROM %s h
             WHERE %s AND h.account_id = n.account_id AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
             ORDER BY h.scored_at DESC LIMIT 1)$sql$, history, asked);
END
$$;
COMMENT ON FUNCTION health_alert_earlier(text, text) IS 'SQL: the newest row with a score of account n in a history, up to the run to compare with, if the condition asked holds.';

CREATE FUNCTION health_alert_time(at timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN quote_literal(to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00')) || '::timestamptz';
END
$$;
COMMENT ON FUNCTION health_alert_time(timestamptz) IS 'SQL: a timestamptz literal, exact to the microsecond.';

CREATE FUNCTION health_alert_column(kind text, at timestamptz)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN quote_ident(format('%s_%s', kind, (EXTRACT(epoch FROM at) * 1000000)::bigint));
END
$$;
COMMENT ON FUNCTION health_alert_column(text, timestamptz) IS 'SQL: the name of the column of pair that holds a score, band or trend for a time.';

CREATE FUNCTION health_alert_model(source @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN regexp_replace(source.model, '@[0-9]+$', '') || '@';
END
$$;
COMMENT ON FUNCTION health_alert_model(@extschema@.health_source) IS 'The model name of a source''s rows, with the @ before the version.';

-- The time of the playbook takes precedence over the window of the model.
CREATE FUNCTION health_alert_watches(source @extschema@.health_source, as_of timestamptz, OUT name text, OUT since timestamptz, OUT base timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    trend_window interval := COALESCE(health_model_get(source.model) #>> '{trend,window}', '30 days');
BEGIN
    RETURN QUERY
    SELECT p.name, CASE p.trigger WHEN 'trend' THEN as_of - COALESCE(p.within, trend_window) END,
           CASE p.trigger WHEN 'drop' THEN health_run_base(source.name, as_of, p.within) END
      FROM health_alert_playbooks(source) p;
END
$$;
COMMENT ON FUNCTION health_alert_watches(@extschema@.health_source, timestamptz) IS
'The active playbooks that watch a source: since is the start of a trend, base the time from which a drop is measured.';

-- One pass over the longest period that a playbook looks back to. A row is 2 kB wide: the query reads only the columns
-- in the primary key of a history (health_history_make).
CREATE FUNCTION health_alert_pairs(source @extschema@.health_source, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    tolerance text := COALESCE(health_model_get(source.model) #>> '{trend,tolerance}', '5');
    columns text := '';
    looked_at text := '';
    at timestamptz;
BEGIN
    FOR at IN SELECT DISTINCT w.base FROM health_alert_watches(source, as_of) w WHERE w.base IS NOT NULL LOOP
        columns := columns || format(', max(h.score) FILTER (WHERE h.scored_at = %1$s) AS %2$s, max(h.band) FILTER (WHERE h.scored_at = %1$s) AS %3$s',
            health_alert_time(at), health_alert_column('score', at), health_alert_column('band', at));
        looked_at := looked_at || format(' OR h.scored_at = %s', health_alert_time(at));
    END LOOP;
    FOR at IN SELECT DISTINCT w.since FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL LOOP
        columns := columns || format(', %s.health_trend(h.score, h.scored_at, %L::float8) FILTER (WHERE h.scored_at > %s AND h.scored_at <> ALL ($3)) AS %s',
            home, tolerance, health_alert_time(at), health_alert_column('trend', at));
        looked_at := looked_at || format(' OR h.scored_at > %s', health_alert_time(at));
    END LOOP;
    RETURN format($sql$
            SELECT h.account_id, h.account_id::text AS id, bool_or(h.scored_at = $2) AS known, max(h.score) FILTER (WHERE h.scored_at = $1) AS score, max(h.band) FILTER (WHERE h.scored_at = $1) AS band,
                   max(h.segment) FILTER (WHERE h.scored_at = $1) AS segment, max(h.model_version) FILTER (WHERE h.scored_at = $1) AS model_version,
                   max(h.score) FILTER (WHERE h.scored_at = $2) AS score_before, max(h.band) FILTER (WHERE h.scored_at = $2) AS band_before%1$s
              FROM %2$s h WHERE h.scored_at <= $1 AND (h.scored_at = $1 OR h.scored_at = $2%3$s)
             GROUP BY h.account_id HAVING bool_or(h.scored_at = $1)$sql$, columns, history, looked_at);
END
$$;
COMMENT ON FUNCTION health_alert_pairs(@extschema@.health_source, timestamptz, text, text) IS
'SQL: the accounts of a run, each with its score and band in the run, in the run to compare with and at the base of each drop, and its trends. (account_id, scored_at) is unique: max() takes the only value.';

-- Another source whose history is missing or belongs to another role is skipped: the refresh of that source reports the
-- error.
CREATE FUNCTION health_alert_at_risk(source @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    other health_source;
    tests text := '';
BEGIN
    FOR other IN SELECT o.* FROM health_source o
                  WHERE o.book = source.book AND o.run_as = source.run_as AND o.name <> source.name
                    AND o.last_as_of IS NOT NULL LOOP
        BEGIN
            PERFORM health_history_relation(other);
            tests := tests || format(
                ' AND NOT EXISTS (SELECT FROM %I.%I o WHERE o.account_id::text = n.id AND o.scored_at = %L AND o.band_rank = 1)',
                other.history_schema, other.history_name, to_char(other.last_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'));
        EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
            NULL;
        END;
    END LOOP;
    RETURN tests;
END
$$;
COMMENT ON FUNCTION health_alert_at_risk(@extschema@.health_source) IS 'SQL: the condition that no other source of the book has account n in its lowest band.';

CREATE FUNCTION health_alert_candidates(source @extschema@.health_source, trigger text, since timestamptz, base timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN CASE trigger
    WHEN 'band' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.score_before, e.score), COALESCE(n.band_before, e.band), COALESCE(e.scored_at, $2),
               CASE WHEN COALESCE(n.band_before, e.band) <> n.band THEN format('in %%s, before in %%s', n.band, COALESCE(n.band_before, e.band)) ELSE format('again in %%s', n.band) END,
               COALESCE(n.band_before, e.band) <> n.band
          FROM playbook p JOIN pair n ON n.band = p.band LEFT JOIN %s e ON true
         -- Most accounts stay in their band. Such an account counts only if it had an alert, which may have ended
         -- since.
         WHERE p.trigger = 'band' AND (COALESCE(n.band_before, e.band) <> n.band OR (p.name, n.id) IN (SELECT l.playbook, l.account_id FROM latest l))$sql$, health_alert_earlier(history, 'n.score_before IS NULL'))
    WHEN 'rule' THEN format($sql$
        SELECT p.name, n.account_id, n.account_id::text, n.score, n.band, n.segment, e.score, e.band, e.scored_at,
               format('rule %%s fired', p.rule), NOT e.drivers @> p.fired
          FROM playbook p JOIN %1$s n ON n.drivers @> p.fired JOIN %2$s e ON true
         WHERE p.trigger = 'rule' AND n.scored_at = $1$sql$, history, health_alert_earlier(history, 'true'))
    WHEN 'stale' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, 'too little data for a score', n.score_before IS NOT NULL
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'stale' AND n.score IS NULL AND n.known
        UNION ALL
        SELECT p.name, b.account_id, b.account_id::text, NULL, NULL, b.segment, b.score, b.band, $2, 'no row within max_staleness', true
          FROM playbook p CROSS JOIN %s b
         WHERE %L AND p.trigger = 'stale' AND b.scored_at = $2 AND b.score IS NOT NULL AND NOT EXISTS (SELECT FROM pair n WHERE n.account_id = b.account_id)$sql$,
        history, source.max_staleness IS NOT NULL)
    WHEN 'opportunity' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, format('in %%s, and the condition holds', n.band), true
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'opportunity' AND n.known AND n.band = %s.health_band(%L || n.model_version, 100::float8, n.segment)%s$sql$,
        home, health_alert_model(source), health_alert_at_risk(source))
    WHEN 'trend' THEN format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, f.score, f.band, f.scored_at,
               format('%%s since %%s', p.direction, to_char(f.scored_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true
          FROM playbook p JOIN pair n ON n.%2$s = p.direction
         CROSS JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                 WHERE h.account_id = n.account_id AND h.scored_at > %3$s AND h.scored_at <= $1 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                 ORDER BY h.scored_at LIMIT 1) f
         WHERE p.trigger = 'trend' AND p.since = %3$s AND n.known AND n.score IS NOT NULL$sql$,
        history, health_alert_column('trend', since), health_alert_time(since))
    WHEN 'drop' THEN format($sql$
        SELECT p.name, b.account_id, b.id, b.score, b.band, b.segment, b.score_before, b.band_before, b.before_at,
               format('down %%s within %%s, from %%s', trim_scale(round((b.score_before - b.score)::numeric, 1)), p.within, trim_scale(round(b.score_before::numeric, 1))), true
          FROM playbook p
          JOIN (SELECT true AS here, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.%3$s, e.score) AS score_before,
                       CASE WHEN n.%3$s IS NULL THEN e.band ELSE n.%4$s END AS band_before, CASE WHEN n.%3$s IS NULL THEN e.scored_at ELSE %2$s END AS before_at
                  FROM pair n
                  LEFT JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                         WHERE n.%3$s IS NULL AND h.account_id = n.account_id AND h.scored_at > %2$s AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                         ORDER BY h.scored_at LIMIT 1) e ON true
                 -- Drops that are too small for every playbook are removed before the join with the playbooks.
                 WHERE COALESCE(n.%3$s, e.score) - n.score >= (SELECT min(p.points) FROM playbook p WHERE p.trigger = 'drop' AND p.base = %2$s) OFFSET 0) b
            -- The equality allows a hash join: one pass over the accounts, not one per playbook.
            ON b.here = (p.trigger = 'drop') AND b.score_before - b.score >= p.points
         WHERE p.trigger = 'drop' AND p.base = %2$s$sql$,
        history, health_alert_time(base), health_alert_column('score', base), health_alert_column('band', base))
    END;
END
$$;
COMMENT ON FUNCTION health_alert_candidates(@extschema@.health_source, text, timestamptz, timestamptz, text, text) IS
'SQL: the accounts of a run that meet the playbooks of a trigger and time: score and band before, the reason, and whether the cause is new since then.';

CREATE FUNCTION health_alert_has_ended(source @extschema@.health_source, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN format($sql$CASE a.trigger
        WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(%4$L || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                         AND %2$s.health_band(%4$L || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
        WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
        WHEN 'stale' THEN n.score IS NOT NULL
        WHEN 'rule' THEN NOT EXISTS (SELECT FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m)
                                        AND (h.score IS NULL OR h.drivers @> p.fired))
        WHEN 'trend' THEN CASE %3$s END <> p.direction
        WHEN 'opportunity' THEN n.band <> a.band OR NOT (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers)
                                                          FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        END$sql$, history, home,
        (SELECT COALESCE(string_agg(DISTINCT format('WHEN p.since = %s THEN n.%s', health_alert_time(w.since), health_alert_column('trend', w.since)), ' '), 'WHEN true THEN p.direction')
           FROM health_alert_watches(source, as_of) w WHERE w.since IS NOT NULL), health_alert_model(source));
END
$$;
COMMENT ON FUNCTION health_alert_has_ended(@extschema@.health_source, timestamptz, text, text) IS 'SQL: whether the cause of alert a, raised by playbook p, has ended for account n.';

CREATE FUNCTION health_alert_query(source @extschema@.health_source, as_of timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    home text := (SELECT quote_ident(n.nspname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    candidates text := (
        SELECT COALESCE(string_agg(health_alert_candidates(source, p.trigger, p.since, p.base, history, home), ' UNION ALL '),
                        'SELECT NULL::text, n.account_id, n.id, n.score, n.band, n.segment, n.score, n.band, $2, NULL::text, false FROM pair n WHERE false')
          -- One SELECT per trigger; for drops and trends, one per time that they look back to.
          FROM (SELECT DISTINCT p.trigger, w.since, w.base FROM health_alert_playbooks(source) p JOIN health_alert_watches(source, as_of) w ON w.name = p.name) AS p);
    -- An explanation needs the inputs. The form that compares uses one version of the model and takes no segment name.
    explanation text := CASE WHEN NOT source.keep_inputs THEN 'NULL' WHEN source.segment_column IS NULL THEN format(
            'COALESCE(%1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, b.inputs, h.scored_at, b.scored_at), %1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at))', home)
        ELSE format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at, COALESCE(h.segment, ''''))', home) END;
BEGIN
    -- $4 is the source, $5 its book, $6 the run, $7 the share of accounts above which the run is held.
    RETURN format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired, p.condition @? '$.**.category_drop' AS looks_back, w.since, w.base
              FROM %2$s.health_source s CROSS JOIN LATERAL health_score_internal.health_alert_playbooks(s) p JOIN health_score_internal.health_alert_watches(s, $1) w ON w.name = p.name WHERE s.name = $4
        ), moment AS MATERIALIZED (
            -- The CTE hides $1: for a time beyond the statistics, the planner would expect one row and look accounts up
            -- by time.
            SELECT $1::timestamptz AS at
        ), pair AS MATERIALIZED (%6$s
        ), latest AS MATERIALIZED (
            SELECT DISTINCT ON (a.playbook, a.account_id) a.playbook, a.account_id, a.as_of, a.status, a.ended_at
              FROM %2$s.health_alert a WHERE a.source = $4 AND a.playbook IS NOT NULL ORDER BY a.playbook, a.account_id, a.as_of DESC, a.id DESC
        ), candidate (playbook, account_id, id, score, band, segment, score_before, band_before, before_at, reason, begun) AS (
            %3$s
        ), raised AS MATERIALIZED (
            -- Conditions are costly: OFFSET 0 makes the other filters run first.
            SELECT c.* FROM (
                SELECT c.*, p.condition, p.looks_back FROM candidate c JOIN playbook p ON p.name = c.playbook
                  LEFT JOIN latest l ON l.playbook = c.playbook AND l.account_id = c.id
                 WHERE (p.segment IS NULL OR p.segment = c.segment)
                   -- After an alert, the cause must have ended and the cooldown must be over. Then the cause need not
                   -- be new in this run.
                   AND CASE WHEN l.account_id IS NULL THEN c.begun
                            ELSE l.status IN ('resolved', 'ended') AND l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                                 AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within) END
                OFFSET 0) c
             WHERE c.condition IS NULL
                OR (SELECT %2$s.health_playbook_condition(c.condition, $1, h.score, h.inputs, h.drivers,
                               CASE WHEN c.looks_back THEN (SELECT b.drivers FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at) END)
                      FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        ), verdict AS MATERIALIZED (
            SELECT t.alerts, t.accounts, t.book, t.accounts > $7 * t.book AS held
              -- A stale account is not in pair, but counts in the book.
              FROM (SELECT count(*) AS alerts, count(DISTINCT r.id) AS accounts, GREATEST((SELECT count(*) FROM pair), count(DISTINCT r.id)) AS book FROM raised r) t
        ), inserted AS (
            INSERT INTO %2$s.health_alert (playbook, source, book, account_id, run, as_of, trigger, reason, name, owner, segment, value, explanation, action, severity, due_at,
                   score, band, score_before, band_before)
            SELECT c.playbook, $4, $5, c.id, $6, $1, p.trigger, c.reason, h.name, COALESCE(p.owner, h.owner), h.segment, h.value,
                   CASE WHEN h.scored_at = $1 THEN COALESCE(CASE WHEN h.inputs IS NOT NULL THEN %4$s END,
                       (SELECT string_agg(format('%%s costs %%s', d ->> 'label', trim_scale(round((d ->> 'lost')::numeric, 1))), '; ' ORDER BY (d ->> 'rank')::numeric)
                          FROM jsonb_array_elements(h.drivers) d WHERE (d ->> 'rank')::numeric <= 3 AND (d ->> 'lost')::numeric > 0)) END,
                   p.action, p.severity, $1 + p.due_in, c.score, c.band, c.score_before, c.band_before
              FROM raised c JOIN playbook p ON p.name = c.playbook JOIN verdict v ON NOT v.held
              LEFT JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at <= $1 ORDER BY h.scored_at DESC LIMIT 1) h ON true
              LEFT JOIN LATERAL (SELECT b.inputs, b.scored_at FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at
                                    AND b.model = h.model AND b.model_version = h.model_version AND b.inputs ?& ARRAY(SELECT jsonb_object_keys(h.inputs)) OFFSET 0) b ON true
             ORDER BY c.playbook COLLATE "C", c.account_id
        ), over AS (
            SELECT a.id FROM %2$s.health_alert a JOIN playbook p ON p.name = a.playbook JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.ended_at IS NULL AND a.as_of < $1 AND %5$s
               -- A transaction that locks an alert does not block the run; the next run checks the alert again.
               FOR UPDATE OF a SKIP LOCKED
        ), ended AS (
            UPDATE %2$s.health_alert a
               SET ended_at = $1,
                   status = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN 'ended' ELSE a.status END,
                   resolved_at = CASE WHEN a.status IN ('open', 'snoozed') AND a.acknowledged_at IS NULL THEN clock_timestamp() ELSE a.resolved_at END
              FROM over WHERE a.id = over.id
        ), followed AS (
            INSERT INTO %2$s.health_alert_score AS s (alert, scored_at, score, band)
            SELECT a.id, $1, n.score, n.band FROM %2$s.health_alert a JOIN pair n ON n.id = a.account_id JOIN verdict v ON NOT v.held
             WHERE a.source = $4 AND a.status IN ('resolved', 'ended') AND a.as_of < $1 AND $1 <= GREATEST(a.as_of, a.resolved_at) + '180 days'::interval
                ON CONFLICT (alert, scored_at) DO UPDATE SET score = excluded.score, band = excluded.band
        )
        SELECT v.alerts, v.accounts, v.book, v.held FROM verdict v$sql$,
        history, home, candidates, explanation, health_alert_has_ended(source, as_of, history, home), health_alert_pairs(source, as_of, history, home));
END
$$;
COMMENT ON FUNCTION health_alert_query(@extschema@.health_source, timestamptz) IS
'The statement that raises, ends and follows the alerts of a run. It returns the number of alerts, the number of their accounts, the number of all accounts, and whether the run is held. health_alert_execute() binds $1 to $7.';

-- alert/run_alerts.sql
-- The alerts of a run: raised in the transaction that writes its rows, held if there are too many, released by a
-- person.

-- Without this ANALYZE, the statistics do not cover the rows of the run: the planner would look each account up by time
-- instead of by id, and read the rows of all accounts each time.
CREATE FUNCTION health_history_analyze(history regclass, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '3s'
-- A small sample is enough for the distribution of times; one row is enough to find the partition.
SET default_statistics_target = 20
SET enable_bitmapscan = off
AS $$
DECLARE
    partition regclass;
BEGIN
    EXECUTE format('SELECT h.tableoid::regclass FROM %s h WHERE h.scored_at = $1 LIMIT 1', history) INTO partition USING as_of;
    IF partition IS NOT NULL THEN
        EXECUTE format('ANALYZE %s (account_id, scored_at)', partition);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    -- Another session vacuums or analyzes the partition, so the statistics will be current soon.
    NULL;
END
$$;
COMMENT ON FUNCTION health_history_analyze(regclass, timestamptz) IS
'Analyzes the ids and times of a history in the partition of a time; does nothing if another session locks the partition for three seconds.';

-- A partitioned table has no statistics until a manual ANALYZE, so the planner takes a million rows for few. A nested
-- loop over them would take minutes: enable_nestloop is off. The key of a history already gives its order:
-- enable_hashagg is off. The high cost estimates of such plans would start the JIT compiler, which takes longer than
-- the statement: jit is off. All names in the statement are qualified, all operators are built in.
CREATE FUNCTION health_alert_execute(query text, as_of timestamptz, base timestamptz, held_times timestamptz[], source text, book text, run bigint, hold_above double precision,
    OUT alerts bigint, OUT accounts bigint, OUT of_accounts bigint, OUT held boolean)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET enable_hashagg = off
SET jit = off
SET intervalstyle = 'postgres'
AS $$
BEGIN
    EXECUTE query INTO alerts, accounts, of_accounts, held USING as_of, base, held_times, source, book, run, hold_above;
END
$$;
COMMENT ON FUNCTION health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision) IS
'Executes the statement of health_alert_query(). Used by health_run_alerts.';

CREATE FUNCTION health_run_suspects(run bigint, source text, base timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT string_agg(format('%s: missing in %s, before in %s; mean subscore %s, before %s', s.signal, s.missing, s.missing_before,
                   COALESCE(round(s.mean::numeric, 1)::text, 'none'), COALESCE(round(s.mean_before::numeric, 1)::text, 'none')), E'\n'
                   ORDER BY s.place)
          FROM (SELECT n.signal, n.missing, n.mean, b.missing AS missing_before, b.mean AS mean_before,
                       row_number() OVER (ORDER BY abs(n.missing - b.missing) DESC,
                                                              abs(COALESCE(n.mean, 0) - COALESCE(b.mean, 0)) DESC, n.signal) AS place
                  FROM health_run_signal n
                  JOIN health_run_signal b ON b.signal = n.signal
                 WHERE n.run = health_run_suspects.run
                   AND b.run = (SELECT max(r.id) FROM health_run r WHERE r.source = health_run_suspects.source
                                                        AND r.as_of = base AND r.status = 'done')) s
         WHERE s.place <= 3);
END
$$;
COMMENT ON FUNCTION health_run_suspects(bigint, text, timestamptz) IS 'The three signals of a run that differ most from the run to compare with, in words: a feed that stopped is among them.';

CREATE FUNCTION health_alert_notify(source text, run bigint, count bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF count > 0 THEN
        -- Every role may LISTEN: the payload has no data of accounts.
        PERFORM pg_notify('health_alert', json_build_object('source', source, 'run', run, 'count', count)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION health_alert_notify(text, bigint, bigint) IS 'Sends NOTIFY health_alert with the source, the run and the number of alerts as JSON, if there are alerts.';

CREATE FUNCTION health_run_alerts(run bigint, source @extschema@.health_source, release boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    base timestamptz;
    outcome record;
    raised bigint;
BEGIN
    -- health_refresh_check() refuses roles that have playbooks but may not raise alerts.
    IF NOT (has_table_privilege('health_playbook', 'SELECT') AND has_table_privilege('health_alert', 'SELECT')) THEN
        RETURN 0;
    END IF;
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_alerts.run;
    base := health_run_base(source.name, this.as_of);
    IF this.backfill OR base IS NULL
       OR EXISTS (SELECT FROM health_run r WHERE r.source = source.name AND r.as_of > this.as_of AND r.status IN ('done', 'held'))
       OR NOT EXISTS (SELECT FROM health_alert_playbooks(source)) AND NOT EXISTS (SELECT FROM health_alert a WHERE a.source = source.name) THEN
        RETURN 0;
    END IF;
    PERFORM health_history_analyze(health_history_relation(source), this.as_of);
    outcome := health_alert_execute(health_alert_query(source, this.as_of), this.as_of, base, array_remove(health_runs_held(source.name), this.as_of), source.name, source.book, run,
        CASE WHEN release THEN 'Infinity' ELSE source.hold_alerts_above END);
    UPDATE health_run r SET alerts = outcome.alerts, status = CASE WHEN outcome.held THEN 'held' ELSE r.status END WHERE r.id = run;
    IF outcome.held THEN
        INSERT INTO health_alert (source, book, run, as_of, trigger, reason, explanation, action, severity, due_at)
        SELECT source.name, source.book, run, this.as_of, 'data',
                format('%s alerts about %s of %s accounts are held: more than %s %% of the book', outcome.alerts, outcome.accounts, outcome.of_accounts, trim_scale(round(source.hold_alerts_above::numeric * 100, 1))),
                health_run_suspects(run, source.name, base),
                format('Check whether a feed has stopped. If the scores are right: SELECT health_run_release(%s).', run), 'high', this.as_of + '1 day'::interval
         WHERE NOT EXISTS (SELECT FROM health_alert a WHERE a.source = source.name AND a.playbook IS NULL AND a.status NOT IN ('resolved', 'ended'));
        GET DIAGNOSTICS raised = ROW_COUNT;
        PERFORM health_alert_notify(source.name, run, raised);
        RETURN 0;
    END IF;
    UPDATE health_alert a SET status = 'ended', ended_at = this.as_of, resolved_at = clock_timestamp()
     -- A transaction that locks the alert does not block the run.
     WHERE a.id IN (SELECT d.id FROM health_alert d WHERE d.source = source.name AND d.playbook IS NULL
                       AND d.status IN ('open', 'snoozed') AND d.acknowledged_at IS NULL FOR UPDATE SKIP LOCKED);
    PERFORM health_alert_notify(source.name, run, outcome.alerts);
    RETURN outcome.alerts;
END
$$;
COMMENT ON FUNCTION health_run_alerts(bigint, @extschema@.health_source, boolean) IS
'Raises, ends and follows the alerts of a run, and returns the number that it raised. If there are too many and release is false, holds the run and raises one data alert. First runs, backfills and runs before the latest as_of raise no alerts.';

CREATE FUNCTION @extschema@.health_run_release(run bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    this health_run;
    later bigint;
    raised bigint;
BEGIN
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_release.run;
    IF this.id IS NULL THEN
        RAISE EXCEPTION 'unknown run %', COALESCE(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists the held runs.';
    END IF;
    PERFORM health_source_lock(this.source);
    PERFORM health_refresh_check(health_source_get(this.source), now());
    SELECT r.* INTO this FROM health_run r WHERE r.id = health_run_release.run;
    IF this.status <> 'held' THEN
        RAISE EXCEPTION 'run % is not held', run USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Its status is %s.', this.status), HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists the held runs.';
    END IF;
    SELECT max(r.id) INTO later FROM health_run r
     WHERE r.source = this.source AND r.status IN ('done', 'held') AND r.id > this.id AND r.as_of >= this.as_of;
    IF later IS NOT NULL THEN
        RAISE EXCEPTION 'run % of source "%" is superseded', run, this.source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Run %s is later and was compared with the last run that was not held.', later), HINT = 'Release the later run, if it is held.';
    END IF;
    raised := health_run_alerts(run, health_source_get(this.source), true);
    UPDATE health_run r SET status = 'done' WHERE r.id = run;
    RETURN raised;
END
$$;
COMMENT ON FUNCTION @extschema@.health_run_release(bigint) IS
'Raises the alerts of a held run and returns their number. Unknown: 42704; not held, or superseded by a later run: 55000; the source is being refreshed: 55P03.';

-- refresh/run_write.sql
-- The second transaction of a refresh, without its COMMIT.

-- Data that is derived from the rows of a run is written between the INSERT and health_run_finish, so that one COMMIT
-- covers both.
CREATE FUNCTION health_run_write(run bigint, source @extschema@.health_source, as_of timestamptz, replace boolean, path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    history regclass := health_history_relation(source);
    query text := health_source_query(source);
    there boolean := false;
    written bigint;
BEGIN
    IF replace THEN
        EXECUTE format('DELETE FROM %s WHERE scored_at = $1', history) USING as_of;
    ELSE
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1)', history) INTO there USING as_of;
    END IF;
    IF there THEN
        query := format('SELECT * FROM (%s) AS scored WHERE NOT EXISTS (SELECT FROM %I.%I AS h WHERE h.account_id OPERATOR(pg_catalog.=) scored.account_id AND h.scored_at OPERATOR(pg_catalog.=) $1)',
            query, source.history_schema, source.history_name);
    END IF;
    written := health_run_insert(source, health_history_insert(source, query), as_of, path);
    IF written = 0 AND NOT there AND source.max_staleness IS NOT NULL THEN
        RAISE EXCEPTION 'source "%" has no row within the last %', source.name, source.max_staleness USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('Column %I of %I.%I has no time within max_staleness before %s.', source.time_column, source.relation_schema, source.relation_name, as_of),
            HINT = 'The feed has stopped, or max_staleness is too short.';
    END IF;
    PERFORM health_run_signals(run, history, as_of, CASE WHEN NOT there THEN written END);
    PERFORM health_run_alerts(run, source);
    PERFORM health_run_finish(run, written);
    RETURN written;
END
$$;
COMMENT ON FUNCTION health_run_write(bigint, @extschema@.health_source, timestamptz, boolean, text) IS
'Writes the scores of a source as of a time into its history, records the input quality, raises alerts and finishes the run. Returns the number of rows.';

CREATE FUNCTION health_run_insert(source @extschema@.health_source, query text, as_of timestamptz, path text, account_id text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    written bigint;
    failed_column text;
    code text;
    message text;
    detail text;
    hint text;
    account text;
    culprit text;
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM health_run_tally_begin();
    PERFORM health_run_mark(NULL);
    -- Functions that the relation calls run under the caller's search_path.
    PERFORM set_config('search_path', path, true);
    EXECUTE query USING as_of, account_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        account := COALESCE((regexp_match(detail, '\(account_id, scored_at\)=\((.*), [^,]*\)'))[1],
                            (regexp_match(detail, '\(scored_at, account_id\)=\([^,]*, (.*)\)'))[1]);
        IF account IS NULL THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'duplicate account "%" in relation %.%', account, quote_ident(source.relation_schema), quote_ident(source.relation_name)
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('Column %I has this id in more than one row%s.', source.account_column,
                      CASE WHEN source.time_column IS NOT NULL THEN format(' with the same %I', source.time_column) ELSE '' END),
                  HINT = CASE WHEN source.time_column IS NULL THEN 'Add a view with one row per account, or name the time_column.'
                              ELSE 'Add a view with one row per account and time.' END;
    WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS failed_column = COLUMN_NAME;
        IF failed_column <> 'account_id' THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'an account of relation %.% has no id', quote_ident(source.relation_schema), quote_ident(source.relation_name)
            USING ERRCODE = 'not_null_violation', DETAIL = format('Column %I is null.', source.account_column),
                  HINT = format('SELECT * FROM %I.%I WHERE %I IS NULL shows the rows; leave them out in a view.', source.relation_schema, source.relation_name, source.account_column);
    -- Errors in the data: name the account, so that a user can find its row.
    WHEN data_exception OR raise_exception OR cardinality_violation OR undefined_object THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        -- With account_id, the caller knows the account.
        culprit := CASE WHEN account_id IS NULL THEN health_run_culprit(source, as_of, path, code) END;
        IF culprit IS NULL THEN
            RAISE;
        END IF;
        detail := concat_ws(' ', NULLIF(detail, ''), culprit);
        IF hint <> '' THEN
            RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail, HINT = hint;
        END IF;
        RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail;
END
$$;
COMMENT ON FUNCTION health_run_insert(@extschema@.health_source, text, timestamptz, text, text) IS
'Runs the INSERT of a run with health_as_of() set, under the caller''s search_path, and returns the number of rows. A NULL (23502) or duplicate (23505) account id is an error; an error in the data names the account in DETAIL.';

-- refresh/refresh.sql
-- Refresh: scores a source's accounts as of a time into its history. Procedures control the transactions; functions are
-- the steps.
--
-- A procedure that commits can have no SET clause and runs under the search_path of its caller: every name, type and
-- operator in such a procedure is qualified. The steps are internal functions, because the schema of the extension can
-- be renamed.

CREATE PROCEDURE health_refresh_outside_transaction()
LANGUAGE c
AS 'MODULE_PATHNAME', 'health_refresh_outside_transaction';
COMMENT ON PROCEDURE health_refresh_outside_transaction() IS
'Raises 25001 unless the calling procedure may commit. Used by health_refresh and health_backfill.';

CREATE FUNCTION health_refresh_check(source @extschema@.health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF source.run_as <> current_user THEN
        RAISE EXCEPTION 'source "%" runs as %, not as %', source.name, quote_ident(source.run_as), quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'The relation can run code with the rights of the role that refreshes the source. Only the role that added the source may refresh it.',
                  HINT = format('SET ROLE %I first, or schedule the refresh as that role.', source.run_as);
    END IF;
    IF NOT (has_table_privilege('health_run', 'SELECT') AND has_table_privilege('health_run', 'INSERT')
            AND has_table_privilege('health_run', 'UPDATE') AND has_table_privilege('health_run_signal', 'INSERT')
            AND has_table_privilege('health_source', 'UPDATE')
            AND has_table_privilege('health_pulse', 'SELECT') AND has_table_privilege('health_override', 'SELECT')) THEN
        RAISE EXCEPTION 'role % lacks privileges on the log of runs, pulses or overrides', quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            HINT = format('GRANT INSERT, UPDATE, DELETE ON health_source TO %1$I; GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO %1$I; GRANT SELECT ON health_pulse, health_override TO %1$I.', current_user);
    END IF;
    IF has_table_privilege('health_playbook', 'SELECT') AND EXISTS (SELECT FROM health_alert_playbooks(source))
       AND NOT (has_table_privilege('health_alert', 'SELECT') AND has_table_privilege('health_alert', 'INSERT')
                AND has_table_privilege('health_alert', 'UPDATE') AND has_table_privilege('health_alert_score', 'SELECT')
                AND has_table_privilege('health_alert_score', 'INSERT') AND has_table_privilege('health_alert_score', 'UPDATE')) THEN
        RAISE EXCEPTION 'role % may not raise alerts', quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = format('Source "%s" has playbooks.', source.name),
            HINT = format('GRANT SELECT, INSERT, UPDATE ON health_alert, health_alert_score TO %I.', current_user);
    END IF;
    IF NOT isfinite(as_of) OR as_of > clock_timestamp() THEN
        RAISE EXCEPTION 'as_of % lies in the future', as_of USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Omit as_of to use now().';
    END IF;
    -- A refresh commits several times and each commit moves now(); statement_timestamp() stays the time of the call.
    IF as_of < LEAST(statement_timestamp(), now()) AND source.time_column IS NULL AND NOT source.point_in_time THEN
        RAISE EXCEPTION 'source "%" cannot be scored as of a time in the past', source.name USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'The relation shows only its current rows, not those of that time.',
            HINT = 'Add the source with a time_column, or with point_in_time => true and a view that filters by health_as_of().';
    END IF;
END
$$;
COMMENT ON FUNCTION health_refresh_check(@extschema@.health_source, timestamptz) IS
'Raises unless the current role may refresh the source (42501) as of that time (22023).';

CREATE FUNCTION health_failure(source text, sqlstate text, message text, detail text, hint text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN jsonb_strip_nulls(jsonb_build_object('source', source, 'sqlstate', sqlstate, 'message', message,
        'detail', NULLIF(detail, ''), 'hint', NULLIF(hint, '')));
END
$$;
COMMENT ON FUNCTION health_failure(text, text, text, text, text) IS 'The error that ended a source''s run, as jsonb: source, sqlstate, message, detail, hint.';

CREATE FUNCTION health_refresh_report(failures jsonb, sources integer)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    first jsonb := failures -> 0;
BEGIN
    IF jsonb_array_length(failures) = 0 THEN
        RETURN;
    END IF;
    IF sources = 1 THEN
        -- An empty DETAIL or HINT would still be shown.
        IF first ? 'detail' AND first ? 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail', HINT = first ->> 'hint';
        ELSIF first ? 'detail' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail';
        ELSIF first ? 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', HINT = first ->> 'hint';
        END IF;
        RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate';
    END IF;
    RAISE EXCEPTION '% of % sources were not refreshed: %', jsonb_array_length(failures), sources,
        (SELECT string_agg(f ->> 'source', ', ') FROM jsonb_array_elements(failures) f)
        USING ERRCODE = first ->> 'sqlstate',
              DETAIL = (SELECT string_agg(format('%s: %s', f ->> 'source', f ->> 'message'), E'\n') FROM jsonb_array_elements(failures) f),
              HINT = 'The other sources were refreshed and committed. For details: SELECT * FROM health_run ORDER BY id DESC.';
END
$$;
COMMENT ON FUNCTION health_refresh_report(jsonb, integer) IS
'Raises the failures of a refresh as one error, with the SQLSTATE of the first failure. The results of the other sources are already committed.';

CREATE FUNCTION health_refresh_sources(source text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF source IS NOT NULL THEN
        PERFORM health_source_get(source);
        RETURN ARRAY[source];
    END IF;
    SELECT array_agg(s.name ORDER BY s.name) INTO names FROM health_source s WHERE s.run_as = current_user;
    IF names IS NULL THEN
        RAISE EXCEPTION 'role % has no source', quote_ident(current_user) USING ERRCODE = 'undefined_object',
            DETAIL = 'A refresh runs only the sources of the role that calls it.',
            HINT = 'SELECT name, run_as FROM health_source lists all sources; schedule each role''s refresh as that role.';
    END IF;
    RETURN names;
END
$$;
COMMENT ON FUNCTION health_refresh_sources(text) IS 'The names of the sources that a refresh runs: the named source, or for NULL all sources of the current role. Unknown or none: 42704.';

-- A failure is returned, not raised, so that a refresh goes on with the other sources.
CREATE PROCEDURE health_refresh_source(source text, as_of timestamptz, replace boolean, backfill boolean, INOUT failure jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    path pg_catalog.text;
    run pg_catalog.int8;
    code pg_catalog.text;
    message pg_catalog.text;
    detail pg_catalog.text;
    hint pg_catalog.text;
BEGIN
    failure := NULL;
    BEGIN
        PERFORM health_score_internal.health_source_lock(source);
        PERFORM health_score_internal.health_refresh_check(health_score_internal.health_source_get(source), as_of);
        run := health_score_internal.health_run_begin(source, as_of, backfill);
        BEGIN
            PERFORM health_score_internal.health_run_prepare(health_score_internal.health_source_get(source), as_of);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_score_internal.health_failure(source, code, message, detail, hint);
            PERFORM health_score_internal.health_run_fail(run, failure);
        END;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        failure := health_score_internal.health_failure(source, code, message, detail, hint);
    END;
    COMMIT;

    path := pg_catalog.current_setting('search_path');
    IF failure IS NULL THEN
        -- Each transaction takes the lock anew: a session lock would outlive a cancelled call, behind a connection pooler for
        -- hours.
        BEGIN
            PERFORM health_score_internal.health_run_resume(run, source);
            PERFORM health_score_internal.health_run_show(source, as_of);
            PERFORM health_score_internal.health_run_write(run, health_score_internal.health_source_get(source), as_of, replace, path);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_score_internal.health_failure(source, code, message, detail, hint);
            PERFORM health_score_internal.health_run_fail(run, failure);
        END;
        COMMIT;
    END IF;
END
$$;
COMMENT ON PROCEDURE health_refresh_source(text, timestamptz, boolean, boolean, jsonb) IS
'Scores one source as of one time, in two transactions. A failure is recorded in health_run and returned. Used by health_refresh and health_backfill.';

CREATE PROCEDURE @extschema@.health_refresh(source text DEFAULT NULL, as_of timestamptz DEFAULT NULL, replace boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    at pg_catalog.timestamptz := COALESCE(as_of, pg_catalog.statement_timestamp());
    names pg_catalog.text[];
    name pg_catalog.text;
    failure pg_catalog.jsonb;
    failures pg_catalog.jsonb := '[]';
BEGIN
    CALL health_score_internal.health_refresh_outside_transaction();
    names := health_score_internal.health_refresh_sources(source);
    FOREACH name IN ARRAY names LOOP
        CALL health_score_internal.health_refresh_source(name, at, COALESCE(replace, false), false, failure);
        IF failure IS NOT NULL THEN
            failures := failures OPERATOR(pg_catalog.||) failure;
            EXIT WHEN failure OPERATOR(pg_catalog.->>) 'sqlstate' OPERATOR(pg_catalog.=) '57014';
        END IF;
    END LOOP;
    PERFORM health_score_internal.health_refresh_report(failures, pg_catalog.cardinality(names));
END
$$;
COMMENT ON PROCEDURE @extschema@.health_refresh(text, timestamptz, boolean) IS
'Scores a source (NULL: all sources of the current role) as of a time (NULL: now) into its history. Existing rows of that time stay, unless replace is true. Failures are raised at the end, after the other sources are committed. Inside a transaction block: 25001.';

CREATE FUNCTION health_backfill_times("from" timestamptz, "to" timestamptz, step interval)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    -- Steps are counted in UTC from the first time: monthly steps from the 31st return to the 31st after February.
    start timestamp := "from" AT TIME ZONE 'UTC';
    stop timestamp := "to" AT TIME ZONE 'UTC';
    times timestamptz[] := '{}';
    at timestamp := start;
BEGIN
    IF "from" IS NULL OR "to" IS NULL OR step IS NULL THEN
        RAISE EXCEPTION 'from, to and step must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    IF NOT isfinite("from") OR NOT isfinite("to") OR NOT (start + step > start) THEN
        RAISE EXCEPTION 'from and to must be finite, and step positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    WHILE at <= stop LOOP
        times := times || (at AT TIME ZONE 'UTC');
        at := start + (step * cardinality(times)::double precision);
    END LOOP;
    RETURN times;
END
$$;
COMMENT ON FUNCTION health_backfill_times(timestamptz, timestamptz, interval) IS 'The times from, from + step, from + 2 · step … up to and including to, in UTC. An argument that is NULL: 22004; not finite, or a step that is not positive: 22023.';

CREATE PROCEDURE @extschema@.health_backfill(source text, "from" timestamptz, "to" timestamptz DEFAULT now(), step interval DEFAULT '1 month')
LANGUAGE plpgsql
AS $$
DECLARE
    at pg_catalog.timestamptz;
    times pg_catalog.timestamptz[];
    failure pg_catalog.jsonb;
BEGIN
    CALL health_score_internal.health_refresh_outside_transaction();
    PERFORM health_score_internal.health_source_get(source);
    times := health_score_internal.health_backfill_times("from", "to", step);
    FOREACH at IN ARRAY times LOOP
        CALL health_score_internal.health_refresh_source(source, at, false, true, failure);
        EXIT WHEN failure IS NOT NULL;
    END LOOP;
    IF failure IS NOT NULL THEN
        PERFORM health_score_internal.health_refresh_report(pg_catalog.jsonb_build_array(failure), 1);
    END IF;
END
$$;
COMMENT ON PROCEDURE @extschema@.health_backfill(text, timestamptz, timestamptz, interval) IS
'Scores a source with time_column or point_in_time as of the times from, from + step, from + 2 · step … up to and including to (UTC), each in its own transactions. Stops at the first failure; a second call fills in the missing times.';

CREATE FUNCTION health_refresh_one(source text, account_id text, path text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    found health_source := health_source_get(source);
    columns text[] := ARRAY['name', 'score', 'band', 'band_rank', 'coverage', 'low', 'high', 'status', 'model', 'model_version', 'segment',
        'value', 'owner', 'parent', 'renewal', 'inputs', 'drivers', 'calculated'];
BEGIN
    PERFORM health_refresh_check(found, now());
    PERFORM health_run_prepare(found, now());
    -- Two calls in one transaction have the same now(): the second call replaces the row of the first.
    RETURN health_run_insert(found, format('%s ON CONFLICT (account_id, scored_at) DO UPDATE SET (%s) = ROW (excluded.%s)',
            health_history_insert(found, health_source_query(found, true)),
            array_to_string(columns, ', '), array_to_string(columns, ', excluded.')),
        now(), path, account_id) > 0;
END
$$;
COMMENT ON FUNCTION health_refresh_one(text, text, text) IS 'Implements health_refresh_account for an id as text, under the caller''s search_path.';

CREATE FUNCTION @extschema@.health_refresh_account(source text, account_id text)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_account(text, text) IS
'Scores one account of a source as of now(), in the current transaction, for example in a trigger or after a pulse. False if the relation lacks the account.';

CREATE FUNCTION @extschema@.health_refresh_account(source text, account_id bigint)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::text, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_account(text, bigint) IS 'Like the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_refresh_account(source text, account_id uuid)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::text, current_setting('search_path'));
COMMENT ON FUNCTION @extschema@.health_refresh_account(text, uuid) IS 'Like the form for text, for an id that is a UUID.';


-- refresh/schedule.sql
-- Schedules by pg_cron, where it is installed: a job is one CALL of health_refresh and runs as the role that scheduled
-- it.

CREATE FUNCTION health_schedule_require_cron()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF to_regprocedure('cron.schedule(text, text, text)') IS NULL
       OR NOT EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'health_schedule() writes jobs of pg_cron.',
            HINT = 'Set shared_preload_libraries = ''pg_cron'' and cron.database_name, restart, then CREATE EXTENSION pg_cron and GRANT USAGE ON SCHEMA cron; or let another scheduler run: CALL health_refresh().';
    END IF;
END
$$;
COMMENT ON FUNCTION health_schedule_require_cron() IS 'Raises 0A000, with the installation steps in HINT, unless pg_cron is installed.';

CREATE FUNCTION @extschema@.health_schedule(source text, cron text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    home text := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE c.oid = 'health_source'::regclass);
    job bigint;
BEGIN
    IF source IS NULL OR cron IS NULL THEN
        RAISE EXCEPTION 'source and cron must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_schedule(''crm'', ''15 2 * * *'') refreshes crm every night at 02:15 GMT.';
    END IF;
    PERFORM health_refresh_check(health_source_get(source), now());
    PERFORM health_schedule_require_cron();
    -- pg_cron replaces a job of the same name and user.
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
      USING 'health_refresh ' || source, cron, format('CALL %I.health_refresh(%L)', home, source);
    RETURN job;
END
$$;
COMMENT ON FUNCTION @extschema@.health_schedule(text, text) IS
'Schedules the refresh of a source with pg_cron, by a cron schedule (GMT), as the current role; returns the id of the job. A second schedule of the source replaces the first. Without pg_cron: 0A000.';

CREATE FUNCTION @extschema@.health_unschedule(source text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    done boolean := false;
    there boolean;
BEGIN
    IF source IS NULL THEN
        RAISE EXCEPTION 'source must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT jobname, schedule FROM cron.job lists the schedules.';
    END IF;
    PERFORM health_schedule_require_cron();
    EXECUTE 'SELECT EXISTS (SELECT FROM cron.job WHERE jobname = $1 AND username = current_user)' INTO there
      USING 'health_refresh ' || source;
    IF there THEN
        EXECUTE 'SELECT cron.unschedule($1)' INTO done USING ('health_refresh ' || source);
    END IF;
    RETURN done;
END
$$;
COMMENT ON FUNCTION @extschema@.health_unschedule(text) IS 'Removes the current role''s schedule of a source; false if there is none. Without pg_cron: 0A000.';

-- source/retention.sql
-- Retention: drops old months of a history as whole partitions.

CREATE FUNCTION @extschema@.health_retain(source text, keep interval)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    found health_source := health_source_get(health_retain.source);
    history regclass := health_history_relation(found);
    oldest timestamptz := now() - keep;
    partition regclass;
    dropped integer := 0;
BEGIN
    IF keep IS NULL OR NOT (oldest < now()) THEN
        RAISE EXCEPTION 'keep must be a positive interval' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_retain(''crm'', ''2 years'').';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = history) THEN
        RAISE EXCEPTION 'history % is not partitioned', history USING ERRCODE = 'wrong_object_type',
            HINT = format('DELETE FROM %s WHERE scored_at < now() - %L::interval.', history, keep);
    END IF;
    FOR partition IN SELECT p.partition FROM health_history_partitions(history) p WHERE p.to_at <= oldest LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', history, partition);
        EXECUTE format('DROP TABLE %s', partition);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION @extschema@.health_retain(text, interval) IS
'Drops the monthly partitions of a source''s history that ended before now() - keep, and returns their number. Not a positive interval: 22023; not partitioned: 42809; still read by another session after two seconds: 55P03.';

-- proof/outcome.sql
-- health_outcome: outcomes of accounts, the evidence for the proof of a model. Users write the rows.

CREATE TABLE @extschema@.health_outcome (
    book       text        NOT NULL DEFAULT 'accounts',
    account_id text        NOT NULL,
    kind       text        NOT NULL,
    at         timestamptz NOT NULL,
    value      numeric,
    note       text,
    PRIMARY KEY (book, account_id, kind, at),
    CONSTRAINT health_outcome_kind_check CHECK (kind IN ('churned', 'renewed', 'expanded', 'contracted', 'complained')),
    CONSTRAINT health_outcome_at_check CHECK (isfinite(at)),
    CONSTRAINT health_outcome_value_check CHECK (value > '-Infinity' AND value < 'Infinity')
);

COMMENT ON TABLE @extschema@.health_outcome IS 'Outcomes of accounts: one row for each event; the primary key prevents duplicates. No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_outcome.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_outcome.account_id IS 'The account''s id as text; numbers and UUIDs need no cast.';
COMMENT ON COLUMN @extschema@.health_outcome.kind IS 'One of churned, renewed, expanded, contracted and complained.';
COMMENT ON COLUMN @extschema@.health_outcome.at IS 'When it happened.';
COMMENT ON COLUMN @extschema@.health_outcome.value IS 'The value of the event in a currency of your choice.';
COMMENT ON COLUMN @extschema@.health_outcome.note IS 'A note.';

SELECT pg_extension_config_dump('@extschema@.health_outcome', '');

-- account/account_id.sql
-- Account ids as text: one spelling for the id that a person types and the id that a table stores in its own type.

-- Only built-in types of Postgres: casts and checks of other types would run with the caller's rights.
CREATE FUNCTION health_id_type(relation regclass, "column" text DEFAULT 'account_id')
RETURNS regtype
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type oid := (SELECT a.atttypid FROM pg_attribute a
                  WHERE a.attrelid = relation AND a.attname = "column" AND NOT a.attisdropped);
    base oid;
BEGIN
    LOOP
        SELECT t.typbasetype INTO base FROM pg_type t WHERE t.oid = type AND t.typtype = 'd';
        EXIT WHEN NOT FOUND;
        type := base;
    END LOOP;
    RETURN (SELECT t.oid FROM pg_type t
             WHERE t.oid = type AND t.typnamespace = 'pg_catalog'::regnamespace);
END
$$;
COMMENT ON FUNCTION health_id_type(regclass, text) IS
'The type of a relation''s account ids, domains resolved to their base type; NULL if it is no built-in type of Postgres.';

CREATE FUNCTION health_id_spelt(account_id text, type regtype)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    spelt text;
BEGIN
    IF type IS NULL THEN
        RETURN account_id;
    END IF;
    -- The name from the catalog: the type name character would mean character(1).
    EXECUTE (SELECT format('SELECT $1::pg_catalog.%I::text', t.typname) FROM pg_type t WHERE t.oid = type)
       INTO spelt USING account_id;
    RETURN spelt;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_id_spelt(text, regtype) IS
'An account id as text of its type: 007 becomes 7 for an integer. NULL if the id is no value of the type.';

CREATE FUNCTION health_book_check(book text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    books text;
BEGIN
    IF NOT EXISTS (SELECT FROM health_source s WHERE s.book = health_book_check.book) THEN
        SELECT string_agg(b.book, ', ' ORDER BY b.book) INTO books FROM (SELECT DISTINCT s.book FROM health_source s ORDER BY 1 LIMIT 10) b;
        RAISE EXCEPTION 'unknown book %', COALESCE('"' || book || '"', 'NULL')
            USING ERRCODE = 'undefined_object', DETAIL = 'No source scores accounts of this book.',
                  HINT = COALESCE('There are: ' || books || '.',
                                  'SELECT health_source_add(name, model, relation, account_column) adds a source to the book "accounts".');
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_check(text) IS 'Raises 42704, with the known books in the hint, unless a source scores the accounts of the book.';

-- Looked up in the catalog: to_regclass raises an error if the caller has no right to the schema.
CREATE FUNCTION health_history_named(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = source.history_schema AND c.relname = source.history_name);
END
$$;
COMMENT ON FUNCTION health_history_named(@extschema@.health_source) IS 'The relation that now has the name of a source''s history, without a check of privileges; NULL if there is none.';

-- A query over many histories must not run code of their owners: views, policies and casts are excluded.
CREATE FUNCTION health_history_plain(source @extschema@.health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT c.oid FROM pg_class c
         WHERE c.oid = health_history_named(source)
           AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE')
           AND (NOT row_security_active(c.oid) OR pg_get_userbyid(c.relowner) = current_user)
           AND NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
                            WHERE i.inhparent = c.oid
                              AND (p.relkind <> 'r' OR p.relhassubclass OR c.relkind = 'r'))
           AND NOT EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                              AND health_id_type(c.oid, a.attname) IS NULL)
           -- The planner evaluates constant parts of the expressions in indexes, statistics and check constraints.
           AND (pg_get_userbyid(c.relowner) = current_user
                OR NOT EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = c.oid) t (oid)
                                WHERE EXISTS (SELECT FROM pg_index x WHERE x.indrelid = t.oid AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL))
                                   OR EXISTS (SELECT FROM pg_statistic_ext x WHERE x.stxrelid = t.oid AND x.stxexprs IS NOT NULL)
                                   OR EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = t.oid AND x.contype = 'c')
                                   OR EXISTS (SELECT FROM pg_partitioned_table x WHERE x.partrelid = t.oid AND x.partexprs IS NOT NULL)))
           AND NOT EXISTS (SELECT FROM (VALUES ('account_id', NULL), ('scored_at', 'timestamptz'), ('name', 'text'), ('score', 'float8'), ('band', 'text'),
                                               ('owner', 'text'), ('segment', 'text'), ('inputs', 'jsonb'), ('drivers', 'jsonb'), ('model', 'text'),
                                               ('model_version', 'int4'), ('calculated', 'float8')) w (name, type)
                            WHERE NOT EXISTS (SELECT FROM pg_attribute a
                                               WHERE a.attrelid = c.oid AND a.attname = w.name
                                                 AND (w.type IS NULL OR a.atttypid = to_regtype('pg_catalog.' || w.type)))));
END
$$;
COMMENT ON FUNCTION health_history_plain(@extschema@.health_source) IS
'The history of a source if the current role may read it and the read runs no code of another role; NULL otherwise.';

CREATE FUNCTION health_history_has(history regclass, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    there boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s h WHERE %s)', history, health_history_match(history)) INTO there USING account_id;
    RETURN there;
END
$$;
COMMENT ON FUNCTION health_history_has(regclass, text) IS 'Whether a history has rows of an account; the id is spelt as by health_id_spelt().';

CREATE FUNCTION health_history_match(history regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    type regtype := health_id_type(history);
BEGIN
    -- In the column's own type, so that Postgres can use the column's index.
    RETURN CASE WHEN type IS NULL THEN 'h.account_id::text = $1'
                ELSE format('h.account_id = $1::pg_catalog.%I', (SELECT t.typname FROM pg_type t WHERE t.oid = type)) END;
END
$$;
COMMENT ON FUNCTION health_history_match(regclass) IS 'The SQL condition that row h of a history belongs to the account with id $1 (text).';

CREATE FUNCTION health_book_account(book text, account_id text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history regclass;
    spelt text;
    types regtype[] := '{}';
BEGIN
    PERFORM health_book_check(book);
    IF account_id IS NULL THEN
        RAISE EXCEPTION 'account_id must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Name the account by its id in the book.';
    END IF;
    FOR history IN SELECT h.history
                     FROM health_source s CROSS JOIN LATERAL health_history_named(s) h (history)
                    WHERE s.book = health_book_account.book AND h.history IS NOT NULL ORDER BY s.name LOOP
        spelt := health_id_spelt(account_id, health_id_type(history));
        IF spelt IS NOT NULL THEN
            RETURN spelt;
        END IF;
        types := types || health_id_type(history);
    END LOOP;
    IF cardinality(types) > 0 THEN
        RAISE EXCEPTION 'invalid account id "%" for book "%"', account_id, book USING ERRCODE = 'invalid_parameter_value',
            DETAIL = format('The account ids of this book have type %s.', (SELECT string_agg(DISTINCT t::text, ', ') FROM unnest(types) t)),
            HINT = 'Use the account_id that the history shows.';
    END IF;
    RETURN account_id;
END
$$;
COMMENT ON FUNCTION health_book_account(text, text) IS
'An account id as the histories of the book spell it. Unknown book: 42704; invalid id: 22023.';

CREATE FUNCTION health_book_warn(book text, account_id text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    source health_source;
    history regclass;
    read boolean := false;
BEGIN
    FOR source IN SELECT s.* FROM health_source s
                   WHERE s.book = health_book_warn.book AND s.last_as_of IS NOT NULL ORDER BY s.name LOOP
        history := health_history_plain(source);
        CONTINUE WHEN history IS NULL;
        read := true;
        IF health_id_spelt(account_id, health_id_type(history)) IS NOT NULL AND health_history_has(history, account_id) THEN
            RETURN;
        END IF;
    END LOOP;
    IF read THEN
        RAISE WARNING 'account "%" has never been scored in book "%"', account_id, book USING HINT = 'If the id is correct, the entry counts as soon as a source has the account.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_warn(text, text) IS 'Warns if no history of the book that the current role may read has the account: the id may be mistyped.';

-- account/pulse.sql
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

CREATE FUNCTION @extschema@.health_pulse_set(book text, account_id bigint, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id::text, signal, to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION @extschema@.health_pulse_set(text, bigint, text, anycompatible, text, interval) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_pulse_set(book text, account_id uuid, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id::text, signal, to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION @extschema@.health_pulse_set(text, uuid, text, anycompatible, text, interval) IS 'As the form for text, for an id that is a UUID.';


-- account/override.sql
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
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_override AS o (book, account_id, mode, score, note, expires_at)
    VALUES (book, spelt, mode, score, note, until)
    RETURNING o.id INTO override;
    RETURN override;
END
$$;
COMMENT ON FUNCTION @extschema@.health_override_set(text, text, text, double precision, text, interval) IS
'Limits the score of an account to a maximum (cap), a minimum (floor) or one value (set), 0 to 100, from the next refresh until the override expires; history keeps the calculated score too. NULL for mode and score withdraws the override. Returns the id of the entry.';

CREATE FUNCTION @extschema@.health_override_set(book text, account_id bigint, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN @extschema@.health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION @extschema@.health_override_set(text, bigint, text, double precision, text, interval) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_override_set(book text, account_id uuid, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN @extschema@.health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION @extschema@.health_override_set(text, uuid, text, double precision, text, interval) IS 'As the form for text, for an id that is a UUID.';


-- account/given.sql
-- People's entries for accounts, pulses and overrides, as a refresh reads them; and the questions that are open.

CREATE FUNCTION health_given(book text, model text, as_of timestamptz, only_account text DEFAULT NULL, OUT account_id text, OUT given jsonb)
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
                      AND (only_account IS NULL OR p.account_id = only_account)
                    ORDER BY p.account_id, p.signal, p.set_at DESC, p.id DESC),
         override AS (SELECT DISTINCT ON (o.account_id) o.*
                     FROM health_override o
                    WHERE o.book = health_given.book AND o.set_at <= as_of
                      AND (only_account IS NULL OR o.account_id = only_account)
                    ORDER BY o.account_id, o.set_at DESC, o.id DESC),
         said AS (SELECT p.account_id, k.key, k.value, p.set_at, p.id
                    FROM pulse p
                    JOIN health_pulse_signals(model) s ON s.signal = p.signal
                   CROSS JOIN LATERAL (VALUES (s.value_key, p.value), (s.observed_key, to_jsonb(p.set_at AT TIME ZONE 'UTC'))) k (key, value)
                   WHERE p.expires_at > as_of AND p.value IS NOT NULL AND k.key IS NOT NULL
                   UNION ALL
                  SELECT o.account_id, '@override', to_jsonb(format('%s %s: %s', o.mode, o.score, o.note)), o.set_at, o.id
                    FROM override o
                   WHERE o.expires_at > as_of AND o.mode IS NOT NULL)
    SELECT s.account_id, jsonb_object_agg(s.key, s.value ORDER BY s.set_at, s.id) FROM said s GROUP BY s.account_id;
END
$$;
COMMENT ON FUNCTION health_given(text, text, timestamptz, text) IS
'People''s entries for the accounts of a book, or for one account, as of a time: a jsonb object of values by the model''s inputs, with the override under @override ("cap 39: reason"). Accounts without an entry are left out.';

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
             CROSS JOIN (SELECT DISTINCT ON (l.account_id) l.account_id, l.scored_at, l.name, l.owner, l.drivers
                           FROM %s l WHERE l.scored_at >= $4 ORDER BY l.account_id, l.scored_at DESC) h
              LEFT JOIN LATERAL (SELECT n.* FROM health_pulse n
                                  WHERE n.book = $2 AND n.account_id = h.account_id::text
                                    AND n.signal = q.signal
                                  ORDER BY n.set_at DESC, n.id DESC LIMIT 1) p ON true
             WHERE (p.expires_at > now() AND p.value IS NOT NULL) IS NOT TRUE
               AND ((p.set_at <= h.scored_at AND p.expires_at > h.scored_at AND p.value IS NOT NULL)
                    OR NOT EXISTS (SELECT FROM jsonb_array_elements(h.drivers) d
                                    WHERE d @> jsonb_build_object('kind', 'signal', 'driver', q.signal, 'status', 'ok')))$sql$, history)
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

-- account/identity.sql
-- health_identity: the ids of an account in other systems. Ids that are linked, directly or through other ids, are one
-- account.

CREATE TABLE @extschema@.health_identity (
    book        text        NOT NULL DEFAULT 'accounts',
    system      text        NOT NULL,
    external_id text        NOT NULL,
    account_id  text,
    component   bigint      NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    note        text,
    set_by      text        NOT NULL DEFAULT current_user,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (book, system, external_id),
    CONSTRAINT health_identity_names_check CHECK (book <> '' AND system <> '' AND external_id <> '')
);
CREATE INDEX health_identity_component_idx ON @extschema@.health_identity (book, component);
CREATE INDEX health_identity_account_idx ON @extschema@.health_identity (book, account_id);

COMMENT ON TABLE @extschema@.health_identity IS 'Ids of accounts in other systems: one row each. Use health_identity_link(). No grants to PUBLIC.';
COMMENT ON COLUMN @extschema@.health_identity.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN @extschema@.health_identity.system IS 'The system that uses the id; account ids of the book have the book''s name here.';
COMMENT ON COLUMN @extschema@.health_identity.external_id IS 'The id in that system, as text.';
COMMENT ON COLUMN @extschema@.health_identity.account_id IS 'The account id in the book, as text; NULL until the id is linked to an account. If several accounts are linked: the shortest id, then the lowest.';
COMMENT ON COLUMN @extschema@.health_identity.component IS 'The number that all ids linked to each other share.';
COMMENT ON COLUMN @extschema@.health_identity.note IS 'A note on the link.';
COMMENT ON COLUMN @extschema@.health_identity.set_by IS 'The role that added the id.';
COMMENT ON COLUMN @extschema@.health_identity.set_at IS 'When the id was added.';
COMMENT ON SEQUENCE @extschema@.health_identity_component_seq IS 'Numbers the components of health_identity.';
COMMENT ON INDEX @extschema@.health_identity_component_idx IS 'The ids that are linked to each other.';
COMMENT ON INDEX @extschema@.health_identity_account_idx IS 'The ids of an account.';

SELECT pg_extension_config_dump('@extschema@.health_identity', '');
SELECT pg_extension_config_dump('@extschema@.health_identity_component_seq', '');

-- A link may join ids that other roles added; set_by of these ids stays.
CREATE TRIGGER health_identity_guard BEFORE INSERT OR UPDATE OF set_by ON @extschema@.health_identity
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION health_identity_add(book text, system text, external_id text, note text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    spelt text := CASE WHEN system = book THEN health_book_account(book, external_id) ELSE external_id END;
    known bigint;
BEGIN
    IF book IS NULL OR COALESCE(system, '') = '' OR COALESCE(external_id, '') = '' THEN
        RAISE EXCEPTION 'book, systems and ids must be neither null nor empty' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_identity_link(''zendesk'', 4711, ''accounts'', 17).';
    END IF;
    SELECT i.component INTO known FROM health_identity i
     WHERE i.book = health_identity_add.book AND i.system = health_identity_add.system
       AND i.external_id = spelt;
    IF known IS NULL THEN
        IF system = book THEN
            PERFORM health_book_warn(book, spelt);
        END IF;
        INSERT INTO health_identity AS i (book, system, external_id, note)
        VALUES (health_identity_add.book, health_identity_add.system, spelt, health_identity_add.note) RETURNING i.component INTO known;
    END IF;
    RETURN known;
END
$$;
COMMENT ON FUNCTION health_identity_add(text, text, text, text) IS 'The component of an id; an unknown id is added.';

CREATE FUNCTION health_identity_join(book text, system text, external_id text, to_system text, to_external_id text, note text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    one bigint;
    other bigint;
    account text;
BEGIN
    -- Without the lock, two concurrent links could miss each other's ids.
    PERFORM pg_advisory_xact_lock(hashtextextended('health_identity ' || book, 0));
    one := health_identity_add(book, system, external_id, note);
    other := health_identity_add(book, to_system, to_external_id, note);
    IF one <> other THEN
        UPDATE health_identity i SET component = LEAST(one, other)
         WHERE i.book = health_identity_join.book AND i.component = GREATEST(one, other);
    END IF;
    SELECT i.external_id INTO account FROM health_identity i
     WHERE i.book = health_identity_join.book AND i.component = LEAST(one, other)
       AND i.system = i.book
     ORDER BY length(i.external_id), i.external_id COLLATE "C" LIMIT 1;
    UPDATE health_identity i SET account_id = account
     WHERE i.book = health_identity_join.book AND i.component = LEAST(one, other)
       AND i.account_id IS DISTINCT FROM account;
    RETURN account;
END
$$;
COMMENT ON FUNCTION health_identity_join(text, text, text, text, text, text) IS 'Implements every form of health_identity_link, for ids as text.';

CREATE FUNCTION @extschema@.health_identity_link(system text, external_id text, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION @extschema@.health_identity_link(text, text, text, anycompatible, text, text) IS
'Links an id in one system to an id in another: both, and all ids linked to them, are one account. For account ids of the book, the system is the book''s name. Returns the account''s id in the book, NULL while no account is linked.';

CREATE FUNCTION @extschema@.health_identity_link(system text, external_id bigint, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id::text, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION @extschema@.health_identity_link(text, bigint, text, anycompatible, text, text) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_identity_link(system text, external_id uuid, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id::text, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION @extschema@.health_identity_link(text, uuid, text, anycompatible, text, text) IS 'As the form for text, for an id that is a UUID.';


CREATE FUNCTION @extschema@.health_account_id(system text, external_id anycompatible, book text DEFAULT 'accounts')
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    account text;
BEGIN
    SELECT i.account_id INTO account FROM health_identity i
     WHERE i.book = health_account_id.book AND i.system = health_account_id.system
       AND i.external_id = health_account_id.external_id::text;
    RETURN account;
END
$$;
COMMENT ON FUNCTION @extschema@.health_account_id(text, anycompatible, text) IS
'The account id in the book for an id of another system, as text; NULL if no account is linked to that id.';

CREATE FUNCTION health_identity_accounts(book text, account_id text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN ARRAY(SELECT health_identity_accounts.account_id
                  UNION
                 SELECT o.external_id FROM health_identity i JOIN health_identity o ON o.book = i.book AND o.component = i.component
                  WHERE i.book = health_identity_accounts.book AND i.system = i.book
                    AND i.external_id = health_identity_accounts.account_id AND o.system = o.book
                  ORDER BY 1);
END
$$;
COMMENT ON FUNCTION health_identity_accounts(text, text) IS 'The ids of an account and of its linked accounts in the book, which are all one customer.';

-- account/forget.sql
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
        CONTINUE WHEN health_id_spelt(account, type) IS NULL;
        EXECUTE format('DELETE FROM %s h WHERE %s', history, health_history_match(history)) USING account;
        GET DIAGNOSTICS gone = ROW_COUNT;
        rows := rows + gone;
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

CREATE FUNCTION @extschema@.health_forget(book text, account_id bigint)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id::text) f;
END
$$;
COMMENT ON FUNCTION @extschema@.health_forget(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_forget(book text, account_id uuid)
RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT f.relation, f.rows FROM health_forget_account(book, account_id::text) f;
END
$$;
COMMENT ON FUNCTION @extschema@.health_forget(text, uuid) IS 'As the form for text, for an id that is a UUID.';


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

CREATE FUNCTION @extschema@.health_export(book text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::text);
COMMENT ON FUNCTION @extschema@.health_export(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_export(book text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::text);
COMMENT ON FUNCTION @extschema@.health_export(text, uuid) IS 'As the form for text, for an id that is a UUID.';


-- account/explain_change.sql
-- health_explain_change: why the score of an account changed, from history alone, and whether the scores of its peers
-- changed too.

CREATE FUNCTION health_explain_change_query(history regclass, by text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- $1 account; $2 and $3 its times before and after; $4 and $5 the times of its peers; $7 whether peers are
    -- compared. $6: a column names the segments. health_change would choose a segment by the conditions of the model,
    -- so that plan holds one document for each segment, with the segment's patch applied.
    RETURN format($sql$
    WITH mine AS (
        SELECT true AS mine, b.model AS model_2, b.model_version AS version_2, COALESCE(b.segment, '') AS segment_2, b.owner, b.inputs AS inputs_2, b.scored_at AS at_2, b.score AS score_2,
               a.model AS model_1, a.model_version AS version_1, COALESCE(a.segment, '') AS segment_1, a.inputs AS inputs_1, a.scored_at AS at_1, a.score AS score_1
          FROM (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at = $3) b
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at = $2) a),
    pair AS (
        SELECT * FROM mine
         UNION ALL
        SELECT false, b.model, b.model_version, COALESCE(b.segment, ''), b.owner, b.inputs, b.scored_at, b.score,
               a.model, a.model_version, COALESCE(a.segment, ''), a.inputs, a.scored_at, a.score
          FROM mine
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE h.scored_at = $5 AND NOT (%2$s)) b
         CROSS JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id = b.account_id AND h.scored_at <= $4
                              ORDER BY h.scored_at DESC LIMIT 1) a
         WHERE %3$s AND a.score IS NOT NULL AND b.score IS NOT NULL),
    plan AS MATERIALIZED (
        SELECT m.name, m.version, p.segment, p.definition
          FROM (SELECT model_2, version_2 FROM pair UNION SELECT model_1, version_1 FROM pair) u (name, version)
          JOIN health_model m ON m.name = u.name AND m.version = u.version
         CROSS JOIN LATERAL (SELECT '', CASE WHEN $6 THEN m.definition - 'segments' ELSE m.definition END
                              UNION ALL
                             SELECT s.segment ->> 'name', health_patch(m.definition - 'segments', COALESCE(s.segment -> 'patch', '{}'))
                               FROM jsonb_array_elements(m.definition -> 'segments') s (segment) WHERE $6) p (segment, definition)),
    read AS MATERIALIZED (
        SELECT m.name, m.version, health_model_describe(m.definition) -> 'inputs' AS inputs
          FROM (SELECT DISTINCT name, version FROM plan) u
          JOIN health_model m ON m.name = u.name AND m.version = u.version),
    -- History keeps no input that the model before did not read. Such an input takes its value of now, so that its
    -- effect belongs to the part model and not to the part behaviour.
    framed AS MATERIALIZED (
        SELECT row_number() OVER () AS pair, p.*, now_in.definition AS frame, then_in.definition AS frame_then,
               CASE WHEN (p.model_1, p.version_1) IS NOT DISTINCT FROM (p.model_2, p.version_2) THEN p.inputs_1
                    ELSE COALESCE((SELECT jsonb_object_agg(i.key, i.value) FROM jsonb_each(p.inputs_2) i
                                    WHERE was.inputs IS NOT NULL AND NOT was.inputs ? i.key AND i.key <> '@override'), '{}')
                         || p.inputs_1 END AS inputs_then
          FROM pair p
          JOIN plan now_in ON now_in.name = p.model_2 AND now_in.version = p.version_2
               AND now_in.segment = CASE WHEN $6 THEN p.segment_2 ELSE '' END
          LEFT JOIN plan then_in ON $6 AND p.segment_1 <> p.segment_2 AND then_in.name = p.model_2
               AND then_in.version = p.version_2 AND then_in.segment = p.segment_1
          LEFT JOIN read was ON was.name = p.model_1 AND was.version = p.version_1),
    -- Peers may be a whole book: only drivers that changed, without labels and values, which nobody reads.
    told AS (
        SELECT f.pair, f.mine, CASE c.kind WHEN 'signal' THEN 'behaviour' WHEN 'rule' THEN 'rules' ELSE c.kind END AS part,
               c.driver, CASE WHEN f.mine THEN c.label END AS label, CASE WHEN f.mine THEN c.before_value END AS before_value,
               CASE WHEN f.mine THEN c.after_value END AS after_value, c.change, f.score_2 - f.score_1 AS whole
          FROM framed f CROSS JOIN LATERAL health_change(f.frame, f.inputs_then, f.inputs_2, f.at_1, f.at_2) c
         WHERE f.mine OR c.change <> 0::double precision
         UNION ALL
        SELECT f.pair, f.mine, 'segment', 'segment', 'Segment', NULLIF(f.segment_1, ''), NULLIF(f.segment_2, ''),
               health_score(f.frame, f.inputs_then, f.at_1) - health_score(f.frame_then, f.inputs_then, f.at_1), f.score_2 - f.score_1
          FROM framed f WHERE f.frame_then IS NOT NULL),
    part AS (
        SELECT * FROM told t WHERE t.whole IS NULL OR t.change IS NOT NULL
         UNION ALL
        SELECT f.pair, f.mine, 'model', f.model_2, f.model_2, concat(f.model_1, '@', f.version_1), concat(f.model_2, '@', f.version_2),
               f.score_2 - f.score_1 - s.told, f.score_2 - f.score_1
          FROM framed f
          JOIN (SELECT g.pair, COALESCE(sum(t.change), 0::double precision) AS told FROM framed g LEFT JOIN told t ON t.pair = g.pair GROUP BY g.pair) s
               ON s.pair = f.pair
         WHERE (f.model_1, f.version_1) IS DISTINCT FROM (f.model_2, f.version_2)
            OR abs(f.score_2 - f.score_1 - s.told) > 1e-9::double precision
         UNION ALL
        SELECT f.pair, f.mine, 'score', NULL, 'Score', f.score_1::text, f.score_2::text,
               f.score_2 - f.score_1, f.score_2 - f.score_1
          FROM framed f),
    listed AS (
        SELECT (row_number() OVER (ORDER BY p.part <> 'score', p.change, p.part, p.driver) - 1)::int4 AS rank, p.*
          FROM part p
         WHERE p.mine AND (p.part = 'score' OR p.change <> 0::double precision OR (p.whole IS NULL AND p.before_value IS DISTINCT FROM p.after_value))),
    -- Peers are read once for all drivers. The row of the score has no driver name.
    others AS (
        SELECT l.rank, sum(x.change) AS change,
               count(*) FILTER (WHERE sign(x.change) = sign(l.change) AND abs(x.change) >= abs(l.change) / 2::double precision) AS alike
          FROM part x JOIN listed l ON l.part = x.part AND COALESCE(l.driver, '') = COALESCE(x.driver, '')
         WHERE NOT x.mine
         GROUP BY l.rank),
    number AS MATERIALIZED (SELECT count(*) AS peers FROM framed f WHERE NOT f.mine)
    SELECT l.rank, l.part, l.driver, l.label, l.before_value, l.after_value, l.change,
           CASE WHEN $7 THEN n.peers END, CASE WHEN $7 AND n.peers > 0 THEN COALESCE(o.change, 0::double precision) / n.peers::double precision END,
           CASE WHEN $7 THEN COALESCE(o.alike, 0::bigint) END
      FROM listed l
     CROSS JOIN number n
      LEFT JOIN others o ON o.rank = l.rank
     ORDER BY 1$sql$,
        history, health_history_match(history),
        CASE by WHEN 'segment' THEN 'COALESCE(b.segment, '''') = mine.segment_2' WHEN 'owner' THEN 'b.owner IS NOT DISTINCT FROM mine.owner'
                WHEN 'all' THEN 'true' ELSE 'false' END);
END
$$;
COMMENT ON FUNCTION health_explain_change_query(regclass, text) IS 'The SELECT behind health_explain_change(), over a history.';

CREATE FUNCTION health_explain_change_of(source text, account_id text, "from" timestamptz, "to" timestamptz, by text,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
-- Rows of a new time have no statistics yet: a nested loop over a book would take hours, and its cost would start the
-- JIT compiler.
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    found_source health_source := health_source_get(source);
    history regclass := health_history_named(found_source);
    spelt text;
    before_at timestamptz;
    after_at timestamptz;
    peers_before timestamptz;
    peers_after timestamptz;
    kept boolean;
BEGIN
    IF by IS NOT NULL AND by NOT IN ('segment', 'owner', 'all') THEN
        RAISE EXCEPTION 'invalid by "%"', by USING ERRCODE = 'invalid_parameter_value', HINT = 'Valid values: segment, owner, all; NULL compares with no peers.';
    END IF;
    IF "from" IS NULL OR "to" IS NULL THEN
        RAISE EXCEPTION 'from and to must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Without these arguments the last 30 days are explained.';
    END IF;
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', quote_ident(found_source.history_schema), quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE format('SELECT max(h.scored_at), COALESCE(max(h.scored_at) FILTER (WHERE h.scored_at <= $2), min(h.scored_at)) FROM %s h WHERE %s AND h.scored_at <= $3',
        history, health_history_match(history)) INTO after_at, before_at USING spelt, "from", "to";
    IF after_at IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' || account_id || '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores, CALL health_backfill(…) scores of the past.';
    END IF;
    EXECUTE format('SELECT bool_and(h.inputs IS NOT NULL) FROM %s h WHERE %s AND h.scored_at IN ($2, $3)', history, health_history_match(history))
       INTO kept USING spelt, before_at, after_at;
    IF NOT kept THEN
        RAISE EXCEPTION 'history % keeps no inputs', history USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The explanation of a change needs the inputs of both scores.', HINT = 'Add the source with keep_inputs => true.';
    END IF;
    IF by IS NOT NULL THEN
        -- Times of whole refreshes, not of accounts scored in between. Without a run that the caller may read: times of
        -- rows.
        peers_before := before_at;
        peers_after := CASE WHEN "to" >= found_source.last_as_of THEN found_source.last_as_of END;
        IF peers_after IS NULL AND has_table_privilege('health_run', 'SELECT') THEN
            SELECT max(r.as_of) INTO peers_after FROM health_run r
             WHERE r.source = found_source.name AND r.status IN ('done', 'held') AND r.accounts > 0 AND r.as_of <= "to";
        END IF;
        IF peers_after IS NULL THEN
            EXECUTE format('SELECT max(h.scored_at) FROM %s h WHERE h.scored_at <= $1', history)
               INTO peers_after USING "to";
        END IF;
    END IF;
    RETURN QUERY EXECUTE health_explain_change_query(history, by)
           USING spelt, before_at, after_at, peers_before, peers_after, found_source.segment_column IS NOT NULL, by IS NOT NULL;
END
$$;
COMMENT ON FUNCTION health_explain_change_of(text, text, timestamptz, timestamptz, text) IS 'Implements every form of health_explain_change, for an id as text.';

CREATE FUNCTION @extschema@.health_explain_change(source text, account_id text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain_change(text, text, timestamptz, timestamptz, text) IS
'Why an account''s score changed, from history: a row for the score, then the parts behaviour, coverage, rules, override, segment and model that add up to it, the largest loss first. by (segment, owner or all) adds the peers of the account: their number, mean change, and how many changed alike.';

CREATE FUNCTION @extschema@.health_explain_change(source text, account_id bigint, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain_change(text, bigint, timestamptz, timestamptz, text) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_explain_change(source text, account_id uuid, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION @extschema@.health_explain_change(text, uuid, timestamptz, timestamptz, text) IS 'As the form for text, for an id that is a UUID.';


-- account/account.sql
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
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE format($sql$
        SELECT jsonb_build_object('history', jsonb_agg(jsonb_build_object('scored_at', h.scored_at, 'score', h.score, 'band', h.band,
                   'calculated', h.calculated, 'model_version', h.model_version) ORDER BY h.scored_at),
               'drivers', (array_agg(h.drivers ORDER BY h.scored_at DESC))[1], 'inputs', (array_agg(h.inputs ORDER BY h.scored_at DESC))[1])
          FROM (SELECT h.* FROM %s h WHERE %s ORDER BY h.scored_at DESC LIMIT $2) h HAVING count(*) > 0$sql$, history, health_history_match(history))
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
                   FROM health_account_tables() t JOIN pg_class c ON c.oid = t.relation
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

CREATE FUNCTION @extschema@.health_account(source text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::text);
COMMENT ON FUNCTION @extschema@.health_account(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION @extschema@.health_account(source text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::text);
COMMENT ON FUNCTION @extschema@.health_account(text, uuid) IS 'As the form for text, for an id that is a UUID.';


-- refresh/run_culprit.sql
-- The search for the account whose data made a run fail. Nothing is written here.

-- The query of a run marks each account before it computes anything of the account's row. An error arises at the last mark, unless
-- the relation computes its rows before they are marked: a view that sorts or groups, or rows that are ranked by time.
CREATE FUNCTION health_run_mark(account_id text)
RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_mark';
COMMENT ON FUNCTION health_run_mark(text) IS
'Notes the account that a run is scoring; NULL begins a new run.';

CREATE FUNCTION health_run_marked(OUT account_id text, OUT accounts bigint)
RETURNS record
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'health_run_marked';
COMMENT ON FUNCTION health_run_marked() IS 'The account that health_run_mark() noted last in this session (NULL: none), and the number of accounts noted.';

CREATE FUNCTION health_run_ids(source @extschema@.health_source, as_of timestamptz, path text)
RETURNS text[]
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
DECLARE
    ids text[];
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    -- The relation finds what it finds in the caller's session. From here on all is qualified.
    PERFORM set_config('search_path', path, true);
    EXECUTE pg_catalog.format('SELECT ARRAY(SELECT i.id::pg_catalog.text FROM (SELECT DISTINCT %I AS id FROM %I.%I) i WHERE i.id IS NOT NULL ORDER BY i.id)',
        source.account_column, source.relation_schema, source.relation_name) INTO ids;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION health_run_ids(@extschema@.health_source, timestamptz, text) IS 'The account ids of a source''s relation as text, in the order of their own type.';

CREATE FUNCTION health_run_fails(query text, as_of timestamptz, path text, first text, last text, code text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET health_score.as_of = ''
AS $$
BEGIN
    PERFORM set_config('health_score.as_of', to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM set_config('search_path', path, true);
    -- The cast reads the whole row: the planner would not compute columns that a plain count does not need.
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(scored::pg_catalog.text) FROM (%s) AS scored', query) USING as_of, first, last;
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    -- search_path is again that of the function's SET clause.
    RETURN SQLSTATE = code;
END
$$;
COMMENT ON FUNCTION health_run_fails(text, timestamptz, text, text, text, text) IS 'Whether the scoring of the accounts from first to last fails with that SQLSTATE.';

CREATE FUNCTION health_run_culprit(source @extschema@.health_source, as_of timestamptz, path text, code text)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    query text := health_source_query(source, false, true);
    account text;
    other text;
    alike text := '';
    marked bigint;
    ids text[];
    low integer := 1;
    high integer;
    middle integer;
BEGIN
    SELECT m.account_id, m.accounts INTO account, marked FROM health_run_marked() m;
    IF account IS NOT NULL AND NOT health_run_fails(query, as_of, path, account, account, code) THEN
        account := NULL;
    END IF;
    IF account IS NULL THEN
        -- A binary search: about twice the work of the failed run.
        ids := health_run_ids(source, as_of, path);
        high := cardinality(ids);
        WHILE low < high LOOP
            middle := (low + high) / 2;
            IF health_run_fails(query, as_of, path, ids[low], ids[middle], code) THEN
                high := middle;
            ELSE
                low := middle + 1;
            END IF;
        END LOOP;
        IF NOT health_run_fails(query, as_of, path, ids[low], ids[low], code) THEN
            RETURN NULL;
        END IF;
        account := ids[low];
        marked := low;
    END IF;
    -- If the first account fails, a second one shows whether the whole column is at fault.
    IF marked = 1 THEN
        ids := COALESCE(ids, health_run_ids(source, as_of, path));
        other := CASE WHEN ids[1] = account THEN ids[cardinality(ids)] ELSE ids[1] END;
        IF other <> account AND health_run_fails(query, as_of, path, other, other, code) THEN
            alike := format('; account "%s" fails as well, so probably every account fails', other);
        END IF;
    END IF;
    RETURN format('The error is in account "%s" of relation %I.%I%s.', account, source.relation_schema, source.relation_name, alike);
EXCEPTION WHEN OTHERS THEN
    -- A failed search must not hide the original error.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_run_culprit(@extschema@.health_source, timestamptz, text, text) IS
'A sentence that names an account whose row alone makes the failed run fail with that SQLSTATE, and says whether a second account fails as well; NULL if no account is found.';

-- aggregate/backtest.sql
-- health_auc and health_backtest: do the scores separate accounts with an event from accounts without?

CREATE FUNCTION health_auc_step(bytea, double precision, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_auc_step';
COMMENT ON FUNCTION health_auc_step(bytea, double precision, boolean) IS
'One row of aggregate health_auc. Not meant to be called.';

CREATE FUNCTION health_auc_step(bytea, double precision, boolean, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_auc_step';
COMMENT ON FUNCTION health_auc_step(bytea, double precision, boolean, boolean) IS
'One row of aggregate health_auc. Not meant to be called.';

CREATE FUNCTION health_auc_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_auc_combine';
COMMENT ON FUNCTION health_auc_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_auc. Not meant to be called.';

CREATE FUNCTION health_auc_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_auc_final';
COMMENT ON FUNCTION health_auc_final(bytea) IS
'The result of aggregate health_auc. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean) IS
'AUC: the probability that an account with the event (such as churn) has a lower score than an account without; ties count half. 0.5: random, 1: perfect. Scores of 0 to 100, rounded to 0.01; rows with a NULL are left out; NULL unless there are accounts with and without the event.';

CREATE AGGREGATE @extschema@.health_auc(score double precision, event boolean, event_is_good boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_auc(double precision, boolean, boolean) IS
'AUC as by health_auc(score, event); if event_is_good, high scores should predict the event (such as a renewal). event_is_good must be the same in all rows of a group; NULL means false.';

CREATE TYPE @extschema@.health_backtest_row AS (
    accounts bigint, events bigint, base_rate double precision, auc double precision, auc_low double precision, auc_high double precision, gini double precision, ks double precision, worst_decile_lift double precision, worst_decile_capture double precision, bands text[], band_accounts bigint[], band_events bigint[], band_rates double precision[], verdict text
);
COMMENT ON TYPE @extschema@.health_backtest_row IS
'The result of health_backtest: how well scores predicted later events.';
COMMENT ON COLUMN @extschema@.health_backtest_row.accounts IS 'Accounts with a score and a known outcome.';
COMMENT ON COLUMN @extschema@.health_backtest_row.events IS 'Accounts with the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.base_rate IS 'The share of the accounts with the event, 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc IS 'As health_auc. This and all other comparisons are NULL unless there are accounts with and without the event.';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_low IS 'The lower end of the 95 % interval of auc (DeLong, DeLong and Clarke-Pearson 1988).';
COMMENT ON COLUMN @extschema@.health_backtest_row.auc_high IS 'The upper end of that interval.';
COMMENT ON COLUMN @extschema@.health_backtest_row.gini IS '2 · auc − 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.ks IS 'The largest gap between the distributions of the scores with and without the event (Kolmogorov and Smirnov), 0 to 1.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_lift IS 'The event rate of the tenth of accounts with the lowest scores, divided by base_rate; equal scores count in proportion.';
COMMENT ON COLUMN @extschema@.health_backtest_row.worst_decile_capture IS 'The share of the events in that tenth.';
COMMENT ON COLUMN @extschema@.health_backtest_row.bands IS 'The bands, from the lowest.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_accounts IS 'The accounts in each band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_events IS 'The accounts with the event in each band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.band_rates IS 'The share with the event in each band, 0 to 1; NULL for an empty band.';
COMMENT ON COLUMN @extschema@.health_backtest_row.verdict IS 'Passes, or fails with reasons. Criteria: the lowest band has three times base_rate, two thirds of the events lie below the highest band, and this band holds at most 80 % of the accounts. Or: too few to judge, if fewer than 30 accounts have or lack the event.';

CREATE FUNCTION health_backtest_step(bytea, double precision, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_step';
COMMENT ON FUNCTION health_backtest_step(bytea, double precision, boolean) IS
'One row of aggregate health_backtest. Not meant to be called.';

CREATE FUNCTION health_backtest_step(bytea, double precision, boolean, text)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_step';
COMMENT ON FUNCTION health_backtest_step(bytea, double precision, boolean, text) IS
'One row of aggregate health_backtest. Not meant to be called.';

CREATE FUNCTION health_backtest_step(bytea, double precision, boolean, jsonb)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_step';
COMMENT ON FUNCTION health_backtest_step(bytea, double precision, boolean, jsonb) IS
'One row of aggregate health_backtest. Not meant to be called.';

CREATE FUNCTION health_backtest_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_combine';
COMMENT ON FUNCTION health_backtest_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_backtest. Not meant to be called.';

CREATE FUNCTION health_backtest_final(bytea)
RETURNS @extschema@.health_backtest_row
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_final';
COMMENT ON FUNCTION health_backtest_final(bytea) IS
'The result of aggregate health_backtest. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean) IS
'A backtest of scores against later bad events, as one row: AUC with interval, Gini, KS, worst decile, the event rate of each band (red, yellow from 40, green from 70), and a verdict. Scores of 0 to 100, rounded to 0.01.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model text) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, text) IS
'A backtest as by health_backtest(score, event), with the bands of a saved model, without segments. One model for each group.';

CREATE AGGREGATE @extschema@.health_backtest(score double precision, event boolean, model jsonb) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_backtest(double precision, boolean, jsonb) IS
'A backtest as by health_backtest(score, event), with the bands of a model document, without segments. One model for each group.';

-- aggregate/psi.sql
-- health_psi: drift of a distribution.

CREATE FUNCTION health_psi_step(bytea, double precision, boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_step';
COMMENT ON FUNCTION health_psi_step(bytea, double precision, boolean) IS
'One row of aggregate health_psi. Not meant to be called.';

CREATE FUNCTION health_psi_combine(bytea, bytea)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_combine';
COMMENT ON FUNCTION health_psi_combine(bytea, bytea) IS
'Merges the states that parallel workers made for aggregate health_psi. Not meant to be called.';

CREATE FUNCTION health_psi_final(bytea)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_psi_final';
COMMENT ON FUNCTION health_psi_final(bytea) IS
'The result of aggregate health_psi. Not meant to be called.';


CREATE AGGREGATE @extschema@.health_psi(value double precision, is_current boolean) (
    SFUNC = health_psi_step, STYPE = bytea, SSPACE = 4200, COMBINEFUNC = health_psi_combine, FINALFUNC = health_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE @extschema@.health_psi(double precision, boolean) IS
'Population stability index of current values against a baseline, by the deciles of the baseline, with NULL as a bin of its own: below 0.1 stable, to 0.25 to be watched, above shifted. NULL unless both have rows.';

-- proof/fit.sql
-- Learning from outcomes: the predictive power of each signal, and a fitted model.

CREATE FUNCTION @extschema@.health_signal_power(model text, relation regclass, outcome text, "by" text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    OUT by_value text, OUT signal text, OUT accounts bigint, OUT events bigint, OUT missing_share double precision,
    OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT information_value double precision,
    OUT direction text, OUT verdict text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_power';

CREATE FUNCTION @extschema@.health_signal_power(model jsonb, relation regclass, outcome text, "by" text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    OUT by_value text, OUT signal text, OUT accounts bigint, OUT events bigint, OUT missing_share double precision,
    OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT information_value double precision,
    OUT direction text, OUT verdict text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_power';

COMMENT ON FUNCTION @extschema@.health_signal_power(text, regclass, text, text, timestamptz) IS
'The predictive power of each signal of a saved model for a bad event: AUC of its subscores with interval, information value, direction (as scaled, reversed, none), verdict (useless, weak, medium, strong; suspicious: may contain the event). For all accounts, or for each value of column by.';
COMMENT ON FUNCTION @extschema@.health_signal_power(jsonb, regclass, text, text, timestamptz) IS
'The predictive power of each signal of a model document for a bad event: as the form by name.';

CREATE FUNCTION @extschema@.health_model_fit(model text, relation regclass, outcome text, columns text[] DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, event_is_good boolean DEFAULT false)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'health_model_fit';

CREATE FUNCTION @extschema@.health_model_fit(model jsonb, relation regclass, outcome text, columns text[] DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, event_is_good boolean DEFAULT false)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'health_model_fit';

COMMENT ON FUNCTION @extschema@.health_model_fit(text, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes (a boolean, 0/1 or yes/no column): a saved model''s signals, and further columns (''{*}'': all), with fitted weights, scales and bands; meta.fit has the AUC on held-out accounts. Error if no signal beats chance, or if fewer than 30 accounts have or lack the event.';
COMMENT ON FUNCTION @extschema@.health_model_fit(jsonb, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes for a model document: as the form by name.';

-- model/model_sql.sql
-- health_model_sql: a model as a query that runs without the extension.

CREATE FUNCTION @extschema@.health_model_sql(model text, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';

CREATE FUNCTION @extschema@.health_model_sql(model jsonb, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';

COMMENT ON FUNCTION @extschema@.health_model_sql(text, regclass, timestamptz) IS
'A query in standard SQL over a relation: its columns, and health_score, health_band and health_segment by a saved model, equal to the functions to 1e-9; NULL where they raise an error. Ages count to as_of, by default CURRENT_TIMESTAMP. Not for models of events.';
COMMENT ON FUNCTION @extschema@.health_model_sql(jsonb, regclass, timestamptz) IS
'A model document as a query in standard SQL: as the form by name.';

-- proof/labelled.sql
-- Past scores with later outcomes of the accounts: the pairs that prove a score. A row counts only if its horizon lies
-- wholly after the score and is complete.

CREATE FUNCTION health_labelled_check(kind text, lead interval, horizon interval)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    IF kind IS NULL OR lead IS NULL OR horizon IS NULL THEN
        RAISE EXCEPTION 'kind, lead and horizon must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT * FROM health_labelled(''crm'', ''churned'', lead => ''14 days'', horizon => ''90 days'').';
    END IF;
    IF kind NOT IN ('churned', 'renewed', 'expanded', 'contracted', 'complained') THEN
        RAISE EXCEPTION 'invalid kind of outcome "%"', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = 'There are: churned, renewed, expanded, contracted, complained.';
    END IF;
    -- A month counts 30 days here, as in every comparison of intervals.
    IF lead < '0'::interval OR horizon <= '0'::interval
       OR lead + horizon > '100 years'::interval THEN
        RAISE EXCEPTION 'lead must not be negative, horizon must be positive, and both together at most 100 years'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: lead => ''14 days'', horizon => ''90 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_labelled_check(text, interval, interval) IS
'Checks the arguments of health_labelled: 22004 for NULL, 22023 for an unknown kind or an invalid lead or horizon.';

CREATE FUNCTION health_times_apart(times timestamp[], gap interval)
RETURNS timestamp[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    at timestamp;
    following timestamp := '-infinity';
    apart timestamp[] := '{}';
BEGIN
    FOREACH at IN ARRAY times LOOP
        IF at >= following THEN
            apart := apart || at;
            following := at + gap;
        END IF;
    END LOOP;
    RETURN apart;
END
$$;
COMMENT ON FUNCTION health_times_apart(timestamp without time zone[], interval) IS
'From ascending times: the first, then each next time at least gap after the last chosen one. Later times do not influence the choice.';

-- The one place that pairs scores with outcomes. A caller pays only for the columns and times that it selects: a row of
-- history is about 2 kB wide, nearly all of it inputs and drivers.
CREATE FUNCTION health_labelled_query(source @extschema@.health_source, apart boolean)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
BEGIN
    RETURN format($sql$
        SELECT l.account_id::text AS account_id, l.name, l.scored_at, l.score, l.band, l.band_rank, l.model, l.model_version, l.segment, l.value, l.inputs,
               COALESCE(l.next_at <= l.scored_at + $3 + $4, false) AS event, CASE WHEN l.next_at <= l.scored_at + $3 + $4 THEN l.next_at END AS event_at
          FROM (SELECT h.*, CASE WHEN t.events IS NOT NULL THEN (SELECT min(e.at) FROM unnest(t.events) e (at) WHERE e.at > h.scored_at) END AS next_at,
                       CASE WHEN t.lost IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.lost) e (at) WHERE e.at <= h.scored_at) END AS lost_at,
                       CASE WHEN t.back IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.back) e (at) WHERE e.at <= h.scored_at) END AS back_at
                  FROM %1$s h%2$s
                  LEFT JOIN (SELECT o.account_id, array_agg(o.at) FILTER (WHERE o.kind = $2) AS events, array_agg(o.at) FILTER (WHERE o.kind = 'churned') AS lost,
                                    array_agg(o.at) FILTER (WHERE o.kind IN ('renewed', 'expanded')) AS back
                               FROM health_outcome o WHERE o.book = $1 GROUP BY o.account_id) t ON t.account_id = h.account_id::text
                 WHERE h.scored_at <= $5 AND h.scored_at + $3 + $4 <= $5) l
         -- An outcome within the lead comes too soon for a prediction, and excludes the row.
         WHERE (l.next_at IS NULL OR l.next_at > l.scored_at + $3)
           -- An account that has churned cannot churn again before it returns.
           AND NOT ($2 = 'churned' AND l.lost_at IS NOT NULL AND (l.back_at IS NULL OR l.back_at <= l.lost_at))$sql$, history,
        CASE WHEN apart THEN format($sql$
                  JOIN (SELECT h.account_id, unnest(health_times_apart(array_agg(h.scored_at AT TIME ZONE 'UTC' ORDER BY h.scored_at), $4)) AT TIME ZONE 'UTC' AS scored_at
                          FROM %s h WHERE h.scored_at <= $5 AND h.scored_at + $3 + $4 <= $5 GROUP BY h.account_id) c ON c.account_id = h.account_id AND c.scored_at = h.scored_at$sql$, history) ELSE '' END);
END
$$;
COMMENT ON FUNCTION health_labelled_query(@extschema@.health_source, boolean) IS
'The SELECT behind health_labelled(), without column hindsight, for time zone UTC. $1: book, $2: kind, $3: lead, $4: horizon, $5: until.';

CREATE FUNCTION @extschema@.health_labelled(source text, kind text DEFAULT 'churned', lead interval DEFAULT '0 days', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL, apart boolean DEFAULT false,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT model text, OUT model_version integer, OUT segment text, OUT value numeric, OUT inputs jsonb,
    OUT event boolean, OUT event_at timestamptz, OUT hindsight boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
-- Days are days of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    RETURN QUERY EXECUTE pg_catalog.format($sql$
        SELECT l.*, NOT COALESCE(m.created_at <= l.scored_at, false) FROM (%s) l LEFT JOIN health_model m ON m.name = l.model AND m.version = l.model_version$sql$,
        health_labelled_query(found, apart))
    USING found.book, kind, lead, horizon, known;
END
$$;
COMMENT ON FUNCTION @extschema@.health_labelled(text, text, interval, interval, timestamptz, boolean) IS
'A source''s past scores, each with event: whether the account had the outcome after the lead and within the horizon that follows. Excluded: scores whose horizon ends after until (NULL: now), scores of churned accounts. apart: horizons of an account do not overlap.';

-- proof/source_backtest.sql
-- health_backtest of a source: its history compared with later outcomes.

CREATE FUNCTION @extschema@.health_backtest(source text, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days', lead interval DEFAULT '0 days',
    until timestamptz DEFAULT NULL)
RETURNS @extschema@.health_backtest_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
-- Days are days of UTC.
SET timezone = 'UTC'
-- JIT compilation would take longer than the query over a whole history.
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    proof health_backtest_row;
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    IF kind IN ('renewed', 'expanded') THEN
        RAISE EXCEPTION 'health_backtest does not accept % as a kind: it is a good event', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = format('SELECT health_auc(score, event, true) FROM health_labelled(%L, %L, apart => true) shows how well high scores predict this event.', source, kind);
    END IF;
    EXECUTE pg_catalog.format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l) b', health_labelled_query(found, true))
       INTO proof USING found.book, kind, lead, horizon, LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now()), found.model;
    IF proof.accounts IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score with a complete horizon', source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = format('A score counts %s after it was made, if the account had not churned before.', lead + horizon),
            HINT = 'Use a shorter horizon; or, for a source with time_column or point_in_time, add past scores: CALL health_backfill(source, from).';
    END IF;
    RETURN proof;
END
$$;
COMMENT ON FUNCTION @extschema@.health_backtest(text, text, interval, interval, timestamptz) IS
'A backtest of a source''s past scores against later outcomes, with one score for each account and horizon and the bands of its model; columns as in aggregate health_backtest. No leakage: only outcomes after the score and complete horizons count.';

-- proof/risk.sql
-- health_risk: how often accounts near a score had the outcome.

CREATE FUNCTION health_share_interval(events bigint, accounts bigint, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
-- Each operand has the exact type of the pg_catalog operator: otherwise an operator of another schema could match
-- better.
DECLARE
    z CONSTANT double precision := 1.959963984540054;
    n double precision := NULLIF(accounts, 0);
    share double precision := events::double precision / n;
    middle double precision;
    half double precision;
BEGIN
    middle := (share + z * z / (2::double precision * n)) / (1::double precision + z * z / n);
    half := z * sqrt(share * (1::double precision - share) / n + z * z / (4::double precision * n * n)) / (1::double precision + z * z / n);
    IF n IS NOT NULL THEN
        low := GREATEST(middle - half, 0);
        high := LEAST(middle + half, 1);
    END IF;
END
$$;
COMMENT ON FUNCTION health_share_interval(bigint, bigint) IS
'The 95 % interval of the share events / accounts, 0 to 1 (Wilson 1927): also valid for small numbers and for shares of 0 and 1. NULL for 0 accounts.';

CREATE FUNCTION @extschema@.health_risk(source text, score double precision, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL,
    OUT from_score double precision, OUT to_score double precision, OUT accounts bigint, OUT events bigint,
    OUT risk double precision, OUT risk_low double precision, OUT risk_high double precision, OUT message text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
-- Days are days of UTC.
SET timezone = 'UTC'
-- JIT compilation would take longer than the query over a whole history.
SET jit = off
AS $$
#variable_conflict use_variable
DECLARE
    found health_source;
    -- The narrowest range around the score with enough accounts; accounts beyond the widest range are too different.
    ranges CONSTANT double precision[] := '{2.5,5,7.5,10,15}';
    widest CONSTANT double precision := 15;
    enough CONSTANT bigint := 50;
    fewest CONSTANT bigint := 30;
    reach double precision;
BEGIN
    IF score IS NULL OR NOT (score >= 0::double precision AND score <= 100::double precision) THEN
        RAISE EXCEPTION 'score must be from 0 to 100, not %', COALESCE(score::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT message FROM health_risk(''crm'', 61).';
    END IF;
    found := health_source_get(source);
    PERFORM health_labelled_check(kind, '0 days', horizon);
    EXECUTE format($sql$
        WITH near AS MATERIALIZED (
            SELECT abs(l.score - $6) AS distance, l.event FROM (%s) l WHERE abs(l.score - $6) <= $7)
        SELECT w.reach, count(n.distance), count(n.distance) FILTER (WHERE n.event)
          FROM unnest($8) w (reach) LEFT JOIN near n ON n.distance <= w.reach
         GROUP BY w.reach
         ORDER BY count(n.distance) < $9, CASE WHEN count(n.distance) < $9 THEN -w.reach ELSE w.reach END
         LIMIT 1$sql$, health_labelled_query(found, true))
       INTO reach, accounts, events
      USING found.book, kind, '0 days'::interval, horizon, LEAST(COALESCE(until, now()), now()), score, widest, ranges, enough;
    from_score := GREATEST(score - reach, 0);
    to_score := LEAST(score + reach, 100);
    IF accounts < fewest THEN
        message := format('too few accounts: %s with a score of %s to %s and a complete horizon, at least %s are needed', accounts, from_score, to_score, fewest);
        RETURN;
    END IF;
    risk := events::double precision / accounts::double precision;
    SELECT i.low, i.high INTO risk_low, risk_high FROM health_share_interval(events, accounts) i;
    message := format('accounts at %s to %s %s %s %% in %s (%s–%s %%): %s of %s', from_score, to_score, kind,
        round(risk * 100::double precision), horizon, round(risk_low * 100::double precision), round(risk_high * 100::double precision), events, accounts);
END
$$;
COMMENT ON FUNCTION @extschema@.health_risk(text, double precision, text, interval, timestamptz) IS
'The share of accounts near a score that had the outcome within the horizon, from the source''s past scores: risk, 0 to 1, with a 95 % interval, and as text. The range around the score widens until it holds 50 accounts, at most to 15 points either way.';

-- proof/replay.sql
-- health_replay: scores of a source's history under another model, from the kept inputs. Read-only.

CREATE FUNCTION health_replay_reads(definition jsonb, optional boolean)
RETURNS SETOF text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT jsonb_array_elements_text(CASE jsonb_typeof(s.read) WHEN 'string' THEN jsonb_build_array(s.read)
               ELSE COALESCE(s.read -> 'ratio', s.read -> 'change', s.read -> 'days', '[]') END)
      FROM (SELECT COALESCE(j.signal -> 'input', to_jsonb(j.name)) AS read
              FROM jsonb_each(definition -> 'signals') j (name, signal)
             WHERE COALESCE(j.signal -> 'optional' = 'true'::jsonb, false) = optional) s;
END
$$;
COMMENT ON FUNCTION health_replay_reads(jsonb, boolean) IS 'The inputs of the optional signals (true) or of the other signals (false) of a model document.';

CREATE FUNCTION health_replay_check(found @extschema@.health_source, definition jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    input text;
    kept boolean;
BEGIN
    -- An input that was not kept would count as missing and silently shift the weights of every account. Inputs of
    -- optional signals may be absent.
    FOR input IN
        SELECT i.input FROM jsonb_array_elements_text(health_model_describe(definition) -> 'inputs') i (input)
        EXCEPT
        (SELECT o.input FROM health_replay_reads(definition, true) o (input) EXCEPT SELECT r.input FROM health_replay_reads(definition, false) r (input))
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I h WHERE h.inputs ? %L)', found.history_schema, found.history_name, input) INTO kept;
        IF NOT kept THEN
            RAISE EXCEPTION 'the history of source "%" does not keep input "%"', found.name, input USING ERRCODE = 'undefined_column',
                DETAIL = CASE WHEN found.keep_inputs THEN 'History keeps the inputs of the source''s own model and the columns in keep.' ELSE 'The source was added with keep_inputs => false.' END,
                HINT = format('After health_source_add(%L, …, keep => ''{%s}'') new scores can be replayed; or mark the signal optional.', found.name, input);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_replay_check(@extschema@.health_source, jsonb) IS
'Raises 42703 if no row of a source''s history has an input of a model document, unless only optional signals read this input.';

CREATE FUNCTION health_replay_query(found @extschema@.health_source, model text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
BEGIN
    -- health_assess() runs once for each row; the outer query expands its columns, as in health_source_query.
    RETURN format($sql$
        SELECT r.account_id::text, r.name, r.scored_at, r.value, r.score, r.band, r.band_rank, (r.a).score, (r.a).band, (r.a).band_rank, (r.a).coverage,
               (r.a).score - r.score
          FROM (SELECT h.account_id, h.name, h.scored_at, h.value, h.score, h.band, h.band_rank,
                       health_assess(%s, h.inputs, h.scored_at, %s) AS a
                  FROM %I.%I h
                 WHERE h.inputs IS NOT NULL AND h.scored_at >= COALESCE($1, '-infinity') AND h.scored_at <= COALESCE($2, 'infinity') OFFSET 0) r$sql$,
        model, CASE WHEN found.segment_column IS NULL THEN 'NULL::text' ELSE 'COALESCE(h.segment, '''')' END,
        found.history_schema, found.history_name);
END
$$;
COMMENT ON FUNCTION health_replay_query(@extschema@.health_source, text) IS
'The SELECT of health_replay, with the model as an SQL expression, for scores from $1 to $2.';

CREATE FUNCTION @extschema@.health_replay(source text, model text, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
BEGIN
    PERFORM health_replay_check(found, health_model_get(model));
    RETURN QUERY EXECUTE health_replay_query(found, format('%L::text', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION @extschema@.health_replay(text, text, timestamptz, timestamptz) IS
'Scores of a source''s history under a saved model, row by row, from the kept inputs: score and band as recorded and as replayed. An input that was never kept: 42703.';

CREATE FUNCTION @extschema@.health_replay(source text, model jsonb, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
BEGIN
    IF model IS NULL THEN
        RETURN;
    END IF;
    PERFORM health_model_require_valid(model);
    PERFORM health_replay_check(found, model);
    RETURN QUERY EXECUTE health_replay_query(found, format('%L::jsonb', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION @extschema@.health_replay(text, jsonb, timestamptz, timestamptz) IS
'Scores of a source''s history under a model document: as the form by name.';

-- proof/review.sql
-- health_model_review: is a model out of date? health_model_reviewed: records a review.

CREATE FUNCTION @extschema@.health_model_reviewed(name text, note text)
RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    plain text := regexp_replace(name, '@[0-9]+$', '');
    wanted integer := substring(name, '@([0-9]+)$');
    reviewed integer;
BEGIN
    IF name IS NULL OR COALESCE(btrim(note), '') = '' THEN
        RAISE EXCEPTION 'name and note must not be null or empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A review needs a note on its findings.',
            HINT = 'For example: SELECT health_model_reviewed(''saas'', ''AUC as in spring; weights stay'').';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(name);
    UPDATE health_model m
       SET reviewed_at = now(),
           note = concat_ws('; ', m.note, format('reviewed %s by %s: %s',
                      to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), current_user, btrim(health_model_reviewed.note)))
     WHERE m.name = plain
       AND CASE WHEN wanted IS NULL THEN m.active ELSE m.version = wanted END
    RETURNING m.version INTO reviewed;
    RETURN reviewed;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_reviewed(text, text) IS
'Records a review of a model''s active version (or of ''name@version''): the time, the current role and the note. Returns the version.';

-- Each check is a function of its own that returns rows of the review.
CREATE TYPE @extschema@.health_review_row AS (
    model text, version integer, source text, item text, before double precision, now double precision, verdict text, message text
);
COMMENT ON TYPE @extschema@.health_review_row IS 'One check of health_model_review.';
COMMENT ON COLUMN @extschema@.health_review_row.model IS 'The name of the model.';
COMMENT ON COLUMN @extschema@.health_review_row.version IS 'Its active version.';
COMMENT ON COLUMN @extschema@.health_review_row.source IS 'The source whose history was checked; NULL for checks of the model itself.';
COMMENT ON COLUMN @extschema@.health_review_row.item IS 'The check: reviewed, triggers, psi, highest band, missing and a signal''s name, auc, bands; verdict in the last row.';
COMMENT ON COLUMN @extschema@.health_review_row.before IS 'The earlier number: from the first refresh with this version, from the fit, or from earlier scores.';
COMMENT ON COLUMN @extschema@.health_review_row.now IS 'The number now.';
COMMENT ON COLUMN @extschema@.health_review_row.verdict IS 'One of ok, watch, due and unknown.';
COMMENT ON COLUMN @extschema@.health_review_row.message IS 'The result in words.';

CREATE FUNCTION health_review_model(reviewed @extschema@.health_model)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    days double precision := floor(EXTRACT(epoch FROM now() - GREATEST(reviewed.reviewed_at, reviewed.created_at)) / 86400::numeric);
    wanted CONSTANT text[] := '{health_model_changed,health_model_changed_truncate,health_model_changing,health_model_guard,health_model_guard_truncate}';
    lacking text;
    -- pg_restore --disable-triggers ends with ENABLE TRIGGER ALL, which turns ENABLE ALWAYS triggers into ordinary
    -- ones.
    weak text;
BEGIN
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'reviewed', NULL, days, CASE WHEN days > 92::double precision THEN 'due' ELSE 'ok' END,
        format('%s %s days ago; a review is due every quarter', CASE WHEN reviewed.reviewed_at IS NULL THEN 'never reviewed, saved' ELSE 'last reviewed' END, days))::health_review_row;
    SELECT string_agg(w.name, ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled IS NULL OR t.tgenabled NOT IN ('O', 'A')),
           string_agg(format('ENABLE ALWAYS TRIGGER %I', w.name), ', ' ORDER BY w.name) FILTER (WHERE t.tgenabled = 'O' AND w.name <> 'health_model_guard_truncate')
      INTO lacking, weak
      FROM unnest(wanted) w (name)
      LEFT JOIN pg_trigger t ON t.tgrelid = 'health_model'::regclass AND t.tgname = w.name;
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'triggers', cardinality(wanted),
        cardinality(wanted) - COALESCE(cardinality(string_to_array(lacking, ', ')), 0) - COALESCE(cardinality(string_to_array(weak, ', ')), 0),
        CASE WHEN lacking IS NULL AND weak IS NULL THEN 'ok' ELSE 'due' END,
        CASE WHEN lacking IS NOT NULL THEN 'disabled or dropped on health_model: ' || lacking
             WHEN weak IS NOT NULL THEN 'do not fire on replicated changes; fix: ALTER TABLE health_model ' || weak
             ELSE 'all triggers of health_model are enabled' END)::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_model(@extschema@.health_model) IS 'The checks of health_model_review on a model itself: days since the last review, and the triggers of health_model.';

CREATE FUNCTION health_review_drift(reviewed @extschema@.health_model, source @extschema@.health_source)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    history text := format('%I.%I', source.history_schema, source.history_name);
    highest integer := jsonb_array_length(health_model_describe(reviewed.definition) -> 'bands');
    first_at timestamptz;
    last_at timestamptz;
    psi double precision;
    before double precision;
    share double precision;
    -- All rows of a time: health_run counts only rows that the run itself wrote.
    accounts_before double precision;
    accounts double precision;
    first_run bigint;
    last_run bigint;
    signal record;
BEGIN
    -- Times of whole refreshes, not of accounts scored in between.
    EXECUTE format('SELECT min(r.as_of), max(r.as_of) FROM health_run r WHERE r.source = $3 AND r.status IN (''done'', ''held'') AND r.accounts > 0
                                  AND EXISTS (SELECT FROM %s h WHERE h.scored_at = r.as_of AND h.model = $1 AND h.model_version = $2)', history)
       INTO first_at, last_at USING reviewed.name, reviewed.version, source.name;
    IF first_at IS NULL OR first_at = last_at THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', NULL, NULL, 'unknown',
            format('source %s has %s with this version, so that there is no comparison', source.name, CASE WHEN first_at IS NULL THEN 'no score' ELSE 'only one refresh' END))::health_review_row;
        RETURN;
    END IF;
    EXECUTE format($sql$
        SELECT health_psi(h.score, h.scored_at = $4),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $3 AND h.score IS NOT NULL),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $4 AND h.score IS NOT NULL),
               count(*) FILTER (WHERE h.scored_at = $3), count(*) FILTER (WHERE h.scored_at = $4)
          FROM %s h WHERE h.model = $1 AND h.model_version = $2 AND h.scored_at IN ($3, $4)$sql$, history)
       INTO psi, before, share, accounts_before, accounts USING reviewed.name, reviewed.version, first_at, last_at, highest;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', 0, psi,
        CASE WHEN psi < 0.1::double precision THEN 'ok' WHEN psi <= 0.25::double precision THEN 'watch' ELSE 'due' END,
        format('scores of %s compared with scores of %s: population stability index %s, %s', to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            to_char(first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), round(psi::numeric, 3),
            CASE WHEN psi < 0.1::double precision THEN 'stable' WHEN psi <= 0.25::double precision THEN 'to be watched' ELSE 'shifted' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'highest band', before, share,
        CASE WHEN share > 0.8::double precision THEN 'due' WHEN share IS NULL THEN 'unknown' ELSE 'ok' END,
        format('%s %% of the scored accounts are in the highest band, %s %% at first; the limit is 80 %%', floor(share * 100::double precision), floor(before * 100::double precision)))::health_review_row;
    SELECT min(r.id) FILTER (WHERE r.as_of = first_at), max(r.id) FILTER (WHERE r.as_of = last_at)
      INTO first_run, last_run FROM health_run r
     WHERE r.source = health_review_drift.source.name AND r.status IN ('done', 'held') AND r.accounts > 0;
    FOR signal IN
        SELECT l.signal AS name, f.missing::double precision / NULLIF(accounts_before, 0) AS before, l.missing::double precision / NULLIF(accounts, 0) AS share
          FROM health_run_signal l
          LEFT JOIN health_run_signal f ON f.run = first_run AND f.signal = l.signal
         WHERE l.run = last_run
         ORDER BY l.signal
    LOOP
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'missing ' || signal.name, signal.before, signal.share,
            CASE WHEN signal.share - COALESCE(signal.before, 0) > 0.2::double precision THEN 'due'
                 WHEN signal.share - COALESCE(signal.before, 0) > 0.05::double precision THEN 'watch' ELSE 'ok' END,
            format('%s has no value for %s %% of the accounts%s', signal.name, round((signal.share * 100::double precision)::numeric, 1),
                CASE WHEN signal.before IS NULL THEN '' ELSE format(', %s %% at first', round((signal.before * 100::double precision)::numeric, 1)) END))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_review_drift(@extschema@.health_model, @extschema@.health_source) IS
'The checks of health_model_review on a source''s scores, the latest refresh against the first with this version: drift of the scores (PSI), share in the highest band, missing values by signal.';

CREATE FUNCTION health_review_proof(reviewed @extschema@.health_model, source @extschema@.health_source, horizon interval, until timestamptz)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
-- JIT compilation would take longer than the query over a whole history.
SET jit = off
AS $$
DECLARE
    promised double precision := reviewed.definition #>> '{meta,fit,auc}';
    proof health_backtest_row;
    earlier health_backtest_row;
    latest timestamptz;
    before double precision;
BEGIN
    -- Now: the latest refresh with a complete horizon. Before: the AUC that the fit reports, else the AUC of earlier
    -- scores.
    SELECT max(r.as_of) INTO latest FROM health_run r
     WHERE r.source = health_review_proof.source.name AND r.status = 'done' AND r.accounts > 0 AND r.as_of <= until - horizon;
    EXECUTE format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l WHERE l.scored_at = $7 AND l.model = $8 AND l.model_version = $9) b',
            health_labelled_query(source, false))
       INTO proof USING source.book, 'churned'::text, '0 days'::interval, horizon, until, source.model, latest, reviewed.name, reviewed.version;
    EXECUTE format('SELECT (b.proof).* FROM (SELECT health_backtest(l.score, l.event, $6) AS proof FROM (%s) l) b', health_labelled_query(source, true))
       INTO earlier USING source.book, 'churned'::text, '0 days'::interval, horizon, latest, source.model;
    before := COALESCE(promised, earlier.auc);
    IF proof.auc IS NULL OR proof.verdict ~ '^too few' THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc, 'unknown',
            COALESCE(proof.verdict, format('source %s has no refresh with this version that is %s old', source.name, horizon)))::health_review_row;
        RETURN;
    END IF;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc,
        CASE WHEN proof.auc_low <= 0.5::double precision OR proof.auc_high < before THEN 'due' WHEN proof.auc < before - 0.03::double precision THEN 'watch' ELSE 'ok' END,
        format('AUC %s (95 %% interval %s to %s) against churn within %s%s', round(proof.auc::numeric, 3), round(proof.auc_low::numeric, 3),
            round(proof.auc_high::numeric, 3), horizon,
            CASE WHEN promised IS NOT NULL THEN format('; the fit reported %s', round(promised::numeric, 3))
                 WHEN before IS NOT NULL THEN format('; earlier scores reached %s', round(before::numeric, 3)) ELSE '' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'bands', earlier.worst_decile_lift, proof.worst_decile_lift,
        CASE WHEN proof.verdict ~ '^passes' THEN 'ok' ELSE 'due' END,
        format('churned within %s: %s; %s', horizon,
            (SELECT string_agg(format('%s %s %%', b.band, COALESCE(round(b.rate * 100::double precision)::text, '–')), ', ')
               FROM unnest(proof.bands, proof.band_rates) b (band, rate)), proof.verdict))::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_proof(@extschema@.health_model, @extschema@.health_source, interval, timestamptz) IS
'The checks of health_model_review on a source''s scores against churn: AUC of the latest refresh with a complete horizon, compared with the AUC of the fit or of earlier scores, and churn by band.';

CREATE FUNCTION @extschema@.health_model_review(name text DEFAULT NULL, horizon interval DEFAULT '90 days', until timestamptz DEFAULT NULL)
RETURNS SETOF @extschema@.health_review_row
LANGUAGE plpgsql STABLE ROWS 20
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    reviewed health_model;
    source health_source;
    found health_review_row;
    known timestamptz := LEAST(COALESCE(until, now()), now());
    due text[];
    watch text[];
BEGIN
    PERFORM health_labelled_check('churned', '0 days', horizon);
    IF name IS NOT NULL THEN
        -- Raises for a model that does not exist, or has no active version.
        PERFORM health_model_get(name);
    END IF;
    FOR reviewed IN
        SELECT m.* FROM health_model m
         WHERE m.active AND (name IS NULL OR m.name = regexp_replace(name, '@[0-9]+$', ''))
         ORDER BY m.name
    LOOP
        due := '{}';
        watch := '{}';
        FOR found IN
            SELECT * FROM health_review_model(reviewed)
            UNION ALL
            -- Only histories that can be read without running code of another role.
            SELECT r.* FROM (SELECT p.* FROM health_source p
                              WHERE p.model IN (reviewed.name, concat(reviewed.name, '@', reviewed.version)) AND health_history_plain(p) IS NOT NULL
                              ORDER BY p.name OFFSET 0) s
             CROSS JOIN LATERAL (SELECT * FROM health_review_drift(reviewed, s) UNION ALL SELECT * FROM health_review_proof(reviewed, s, horizon, known)) r
        LOOP
            RETURN NEXT found;
            IF found.verdict = 'due' THEN
                due := due || found.message;
            ELSIF found.verdict = 'watch' THEN
                watch := watch || found.message;
            END IF;
        END LOOP;
        RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'verdict', NULL, NULL,
            CASE WHEN due <> '{}' THEN 'due' WHEN watch <> '{}' THEN 'watch' ELSE 'ok' END,
            COALESCE(NULLIF(array_to_string(due || watch, '; '), ''), 'no check found a problem'))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION @extschema@.health_model_review(text, interval, timestamptz) IS
'Whether a model (NULL: each active model) is out of date. One row for each check, then a verdict with reasons: days since the review, triggers, drift of scores and of missing values, share in the highest band, AUC before and now, churn by band.';

-- rename.sql
-- ALTER SCHEMA … RENAME: the fixed search_path of the functions contains the name of the extension's schema. This event
-- trigger updates every reference to that name in the transaction of the rename, or refuses the rename.

-- The trigger runs with the rights of the role that renames: it gives that role no further rights.
CREATE FUNCTION health_schema_renamed()
RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    home text := (SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'health_score');
    own_schema text := (SELECT n.nspname FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
                         WHERE t.evtname = 'health_schema_renamed');
    pinned record;
    job record;
BEGIN
    IF own_schema <> 'health_score_internal' THEN
        RAISE EXCEPTION 'schema health_score_internal cannot be renamed' USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'The objects of extension health_score find each other by that name.',
            HINT = format('The schema of the extension itself can be renamed: ALTER SCHEMA %s RENAME TO ….', home);
    END IF;
    FOR pinned IN
        SELECT f.* FROM (SELECT p.oid::regprocedure AS function, p.proowner, substring(c.setting, '^search_path=pg_catalog, (.*), health_score_internal, pg_temp$') AS old_home
                           FROM pg_depend d
                           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
                           JOIN pg_proc p ON p.oid = d.objid
                          CROSS JOIN LATERAL unnest(p.proconfig) c (setting)
                          WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e') f
         WHERE f.old_home <> home
    LOOP
        BEGIN
            EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %s, health_score_internal, pg_temp', pinned.function, home);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'role % may not rename schema %', quote_ident(current_user), pinned.old_home USING ERRCODE = 'insufficient_privilege',
                DETAIL = format('The functions of extension health_score refer to the schema and belong to role %I.', pg_get_userbyid(pinned.proowner)),
                HINT = format('Rename the schema as role %I or as a superuser.', pg_get_userbyid(pinned.proowner));
        END;
    END LOOP;
    IF pinned.old_home IS NULL THEN
        RETURN;
    END IF;
    -- The name is also in the sources (relation_schema, history_schema) and in the jobs of health_schedule().
    EXECUTE format('UPDATE %1$s.health_source s SET relation_schema = CASE s.relation_schema WHEN $1 THEN $2 ELSE s.relation_schema END,
                           history_schema = CASE s.history_schema WHEN $1 THEN $2 ELSE s.history_schema END WHERE $1 IN (s.relation_schema, s.history_schema)', home)
      USING (parse_ident(pinned.old_home))[1], (parse_ident(home))[1];
    IF EXISTS (SELECT FROM pg_extension e WHERE e.extname = 'pg_cron') THEN
        FOR job IN EXECUTE $sql$SELECT j.jobid, s.source FROM cron.job j CROSS JOIN LATERAL substring(j.jobname, '^health_refresh (.*)$') s (source)
                                 WHERE j.database = current_database() AND j.command = format('CALL %s.health_refresh(%L)', $1, s.source)$sql$ USING pinned.old_home
        LOOP
            EXECUTE 'SELECT cron.alter_job(job_id => $1, command => $2)' USING job.jobid, format('CALL %s.health_refresh(%L)', home, job.source);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION health_schema_renamed() IS
'Event trigger: after the rename of the extension''s schema, updates the functions'' search_path, the sources and the jobs of pg_cron. 42501 for a role that does not own the functions; 55000 for a rename of health_score_internal.';

CREATE EVENT TRIGGER health_schema_renamed ON ddl_command_end WHEN TAG IN ('ALTER SCHEMA')
    EXECUTE FUNCTION health_schema_renamed();
ALTER EVENT TRIGGER health_schema_renamed ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER health_schema_renamed IS 'Updates references to the extension''s schema after ALTER SCHEMA … RENAME.';

-- privileges.sql
-- What PUBLIC may do, and that nobody else may do more. ALTER DEFAULT PRIVILEGES gives roles rights on every object that
-- is created, the extension's too. This file is the last one: all objects exist.

CREATE FUNCTION health_privileges_revoke(catalog regclass, object oid)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    command text;
BEGIN
    FOR command IN
        SELECT format('REVOKE ALL ON %s FROM %s', o.target, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
          FROM (SELECT format('%s %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::regclass), c.relacl, c.relowner, true
                  FROM pg_class c WHERE catalog = 'pg_class'::regclass AND c.oid = object
                UNION ALL
                SELECT format('SCHEMA %I', n.nspname), n.nspacl, n.nspowner, true
                  FROM pg_namespace n WHERE catalog = 'pg_namespace'::regclass AND n.oid = object
                UNION ALL
                -- PUBLIC has EXECUTE of functions and USAGE of types without a grant.
                SELECT format('ROUTINE %s', p.oid::regprocedure), p.proacl, p.proowner, false
                  FROM pg_proc p WHERE catalog = 'pg_proc'::regclass AND p.oid = object
                UNION ALL
                SELECT format('TYPE %s', t.oid::regtype), t.typacl, t.typowner, false
                  FROM pg_type t WHERE catalog = 'pg_type'::regclass AND t.oid = object) o (target, acl, owner, of_public)
         CROSS JOIN LATERAL (SELECT DISTINCT a.grantee FROM aclexplode(o.acl) a) g
         WHERE g.grantee <> o.owner AND (o.of_public OR g.grantee <> 0)
    LOOP
        EXECUTE command;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_privileges_revoke(regclass, oid) IS
'Revokes all privileges of roles other than the owner on a new object, for example those of ALTER DEFAULT PRIVILEGES. The catalog is pg_class, pg_namespace, pg_proc or pg_type. PUBLIC keeps its privileges on functions and types.';

SELECT health_privileges_revoke(d.classid, d.objid)
  FROM pg_depend d
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'health_score'
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

-- Views and functions of the extension run with the rights of their caller.
GRANT USAGE ON SCHEMA health_score_internal TO PUBLIC;
-- health_source holds only names, as the system catalogs do. A role that adds sources needs INSERT, UPDATE and DELETE.
GRANT SELECT ON @extschema@.health_model, @extschema@.health_source, @extschema@.health_templates, @extschema@.health_model_signals,
    @extschema@.health_model_bands, @extschema@.health_model_rules TO PUBLIC;
