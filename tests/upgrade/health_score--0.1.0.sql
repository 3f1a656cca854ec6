-- health_score 0.1.0, as it was installed. Upgrades are tested from here: never changed.

-- Model documents: checking, patching, templates. No table is read here.

CREATE FUNCTION health_model_check(definition jsonb, OUT severity text, OUT path text, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_check';
COMMENT ON FUNCTION health_model_check(jsonb) IS
'Every error and warning of a model document with its JSON path; raises nothing. No rows: the document is good.';

CREATE FUNCTION health_model_require_valid(definition jsonb)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_require_valid';
COMMENT ON FUNCTION health_model_require_valid(jsonb) IS
'True for a valid model document, else an error (22023) whose DETAIL lists all errors. Used by the trigger of health_model.';

CREATE FUNCTION health_patch(definition jsonb, patch jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_patch';
COMMENT ON FUNCTION health_patch(jsonb, jsonb) IS
'The document after a merge patch (RFC 7396; a signal''s scale and input, and arrays, are replaced whole). For what-if questions; saves nothing.';

CREATE FUNCTION health_template(name text)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'health_template';
COMMENT ON FUNCTION health_template(text) IS
'A shipped model document to begin with: simple, saas, b2b_services, ecommerce, financial_services, insurance, retail, frequency_breadth_depth, actions, eight_categories or expansion.';

CREATE FUNCTION health_template_names()
RETURNS text[]
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_template_names';
COMMENT ON FUNCTION health_template_names() IS 'The names of the shipped templates; view health_templates says more.';

CREATE FUNCTION health_model_describe(definition jsonb)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_describe';
COMMENT ON FUNCTION health_model_describe(jsonb) IS
'A document with everything filled in and in words, as lists of signals (with their shares), bands, rules and segments; the views health_model_signals, _bands and _rules show it. Segments'' patches are not applied.';

CREATE FUNCTION health_model_diff("from" jsonb, "to" jsonb, OUT path text, OUT before jsonb, OUT after jsonb)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'health_model_diff';
COMMENT ON FUNCTION health_model_diff(jsonb, jsonb) IS
'Where two model documents differ: JSON paths with the value before and after, NULL where there is none. Rules, bands and segments are matched by name.';

CREATE FUNCTION health_model_card(definition jsonb, name text DEFAULT NULL, version integer DEFAULT NULL, note text DEFAULT NULL,
    created text DEFAULT NULL, created_by text DEFAULT NULL, reviewed text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_card';
COMMENT ON FUNCTION health_model_card(jsonb, text, integer, text, text, text, text) IS
'A model document as Markdown for the people who are scored by it: purpose, bands, signals with their shares and thresholds, missing data, rules, segments, proof. The other arguments are shown at the top.';
-- health_model: versioned model documents. A saved version never changes; one version a name is active.

CREATE TABLE health_model (
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
CREATE UNIQUE INDEX health_model_active_key ON health_model (name) WHERE active;

COMMENT ON TABLE health_model IS 'Model documents by name and version. Use health_model_save(); a saved version never changes.';
COMMENT ON COLUMN health_model.name IS 'The name used in health_score(''name'', …): 1 to 200 bytes, without @ and {.';
COMMENT ON COLUMN health_model.version IS 'Counts up from 1 within the name; health_score(''name@version'', …) uses it whether active or not.';
COMMENT ON COLUMN health_model.definition IS 'The model document; valid by trigger, immutable.';
COMMENT ON COLUMN health_model.active IS 'The version that the bare name means; one at most.';
COMMENT ON COLUMN health_model.note IS 'Why this version was made.';
COMMENT ON COLUMN health_model.created_at IS 'When this version was saved.';
COMMENT ON COLUMN health_model.created_by IS 'The role that saved it.';
COMMENT ON COLUMN health_model.reviewed_at IS 'When somebody last confirmed that the model is still right.';
COMMENT ON INDEX health_model_active_key IS 'One active version a name.';

GRANT SELECT ON health_model TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('health_model', '');

-- Validation and immutability, on every path into the table.

CREATE FUNCTION health_model_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Said here in words; the constraint on the table stays for what no trigger sees.
        IF NEW.name OPERATOR(pg_catalog.=) '' OR pg_catalog.octet_length(NEW.name) OPERATOR(pg_catalog.>) 200
           OR NEW.name OPERATOR(pg_catalog.~) '[@{]' THEN
            RAISE EXCEPTION 'invalid model name "%"%', pg_catalog.left(NEW.name, 80),
                CASE WHEN pg_catalog.length(NEW.name) OPERATOR(pg_catalog.>) 80 THEN '…' ELSE '' END
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = 'A name has 1 to 200 bytes, and neither @ nor { in it.',
                      HINT = 'For example: SELECT health_model_save(''saas'', …). Versions are counted for you.';
        END IF;
        PERFORM health_model_require_valid(NEW.definition);
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF ROW(NEW.name, NEW.version, NEW.definition, NEW.created_at, NEW.created_by)
           IS NOT DISTINCT FROM ROW(OLD.name, OLD.version, OLD.definition, OLD.created_at, OLD.created_by) THEN
            -- Equal jsonb may be written differently: 1.0 and 1.00.
            NEW.definition := OLD.definition;
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a saved model version does not change'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = pg_catalog.format('Model %L, version %s, was saved at %s by %s.', OLD.name, OLD.version, OLD.created_at, OLD.created_by),
                  HINT = 'Save the changed document as a new version: SELECT health_model_save(name, definition).';
    END IF;
    RAISE EXCEPTION 'model versions are never deleted'
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = 'Past scores name the version that made them.',
              HINT = 'SELECT health_model_drop(name) takes a model out of use.';
END
$$;
COMMENT ON FUNCTION health_model_guard() IS 'Trigger of health_model: documents are valid, saved versions immutable.';

CREATE FUNCTION health_model_changed()
RETURNS trigger
LANGUAGE c
AS 'MODULE_PATHNAME', 'health_model_changed';
COMMENT ON FUNCTION health_model_changed() IS 'Trigger of health_model: tells every session that its cached models may be old.';

CREATE TRIGGER health_model_guard BEFORE INSERT OR UPDATE OR DELETE ON health_model
    FOR EACH ROW EXECUTE FUNCTION health_model_guard();
CREATE TRIGGER health_model_guard_truncate BEFORE TRUNCATE ON health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_guard();
CREATE TRIGGER health_model_changed AFTER INSERT OR UPDATE OR DELETE ON health_model
    FOR EACH ROW EXECUTE FUNCTION health_model_changed();
-- Also before: a trigger of the user's own may score between the change of a row and health_model_changed.
CREATE TRIGGER health_model_changing BEFORE INSERT OR UPDATE OR DELETE ON health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_changed();
CREATE TRIGGER health_model_changed_truncate AFTER TRUNCATE ON health_model
    FOR EACH STATEMENT EXECUTE FUNCTION health_model_changed();

-- Neither the checks of a row nor the invalidation may depend on session_replication_role: a replicated change is a
-- change. Only TRUNCATE, which a superuser in that role may want for emptying a subscriber, is let through.
ALTER TABLE health_model ENABLE ALWAYS TRIGGER health_model_guard;
ALTER TABLE health_model ENABLE ALWAYS TRIGGER health_model_changing;
ALTER TABLE health_model ENABLE ALWAYS TRIGGER health_model_changed;
ALTER TABLE health_model ENABLE ALWAYS TRIGGER health_model_changed_truncate;

CREATE FUNCTION health_model_get(name text)
RETURNS jsonb
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_model_get';
COMMENT ON FUNCTION health_model_get(text) IS
'The document of a model''s active version, or of one version: ''saas@3''. Unknown: 42704 with the nearest name.';

CREATE FUNCTION health_model_activate(name text, version integer)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF health_model_activate.name IS NULL OR health_model_activate.version IS NULL THEN
        RAISE EXCEPTION 'name and version must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT name, version FROM health_model lists the versions.';
    END IF;
    -- Raises for a name or version that does not exist.
    PERFORM health_model_get(pg_catalog.concat(health_model_activate.name, '@', health_model_activate.version));
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    UPDATE health_model m SET active = false
     WHERE m.name OPERATOR(pg_catalog.=) health_model_activate.name AND m.active
       AND m.version OPERATOR(pg_catalog.<>) health_model_activate.version;
    BEGIN
        UPDATE health_model m SET active = true
         WHERE m.name OPERATOR(pg_catalog.=) health_model_activate.name AND NOT m.active
           AND m.version OPERATOR(pg_catalog.=) health_model_activate.version;
    EXCEPTION WHEN unique_violation THEN
        -- As in health_model_save.
        RAISE EXCEPTION 'could not activate model %: another session has activated a version since this transaction began',
            pg_catalog.quote_literal(health_model_activate.name)
            USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
    END;
END
$$;
COMMENT ON FUNCTION health_model_activate(text, integer) IS
'Makes a saved version the one that the bare name means. Already active: nothing happens.';

CREATE FUNCTION health_model_drop(name text)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF health_model_drop.name IS NULL THEN
        RAISE EXCEPTION 'name must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'SELECT name FROM health_model WHERE active lists the models.';
    END IF;
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    UPDATE health_model m SET active = false
     WHERE m.name OPERATOR(pg_catalog.=) health_model_drop.name AND m.active;
    IF NOT FOUND AND NOT EXISTS (
        SELECT FROM health_model m WHERE m.name OPERATOR(pg_catalog.=) health_model_drop.name
    ) THEN
        -- Raises unless one version is named.
        PERFORM health_model_get(health_model_drop.name);
        RAISE EXCEPTION 'a model is dropped as a whole: % names one version', pg_catalog.quote_literal(health_model_drop.name)
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'Versions are never deleted.',
                  HINT = 'Leave the version out, or activate another one: SELECT health_model_activate(name, version).';
    END IF;
END
$$;
COMMENT ON FUNCTION health_model_drop(text) IS
'Takes a model out of use: its active version, if any, is deactivated. The versions stay, and ''name@version'' still scores.';

CREATE FUNCTION health_model_save(name text, definition jsonb, note text DEFAULT NULL, activate boolean DEFAULT true)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    saved integer;
BEGIN
    IF health_model_save.name IS NULL OR health_model_save.definition IS NULL THEN
        RAISE EXCEPTION 'name and definition must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_model_save(''saas'', health_template(''saas'')).';
    END IF;
    -- First of all, or two sessions would count to the same version.
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    SELECT m.version INTO saved
      FROM health_model m
     WHERE m.name OPERATOR(pg_catalog.=) health_model_save.name
       AND m.definition OPERATOR(pg_catalog.=) health_model_save.definition
     ORDER BY m.active DESC, m.version DESC LIMIT 1;
    IF saved IS NULL THEN
        BEGIN
            INSERT INTO health_model (name, version, definition, note)
            SELECT health_model_save.name,
                   COALESCE(pg_catalog.max(m.version), 0) OPERATOR(pg_catalog.+) 1,
                   health_model_save.definition, health_model_save.note
              FROM health_model m
             WHERE m.name OPERATOR(pg_catalog.=) health_model_save.name
            RETURNING health_model.version INTO saved;
        EXCEPTION WHEN unique_violation THEN
            -- Only a REPEATABLE READ snapshot older than another session's version comes here.
            RAISE EXCEPTION 'could not save model %: another session has saved a version since this transaction began',
                pg_catalog.quote_literal(health_model_save.name)
                USING ERRCODE = 'serialization_failure', HINT = 'Retry the transaction.';
        END;
    END IF;
    IF activate THEN
        PERFORM health_model_activate(health_model_save.name, saved);
    END IF;
    RETURN saved;
END
$$;
COMMENT ON FUNCTION health_model_save(text, jsonb, text, boolean) IS
'Saves a document as the next version of a model, activates it unless told not to, and returns the version. A document equal to a saved version returns that version. Invalid: 22023 with all errors in DETAIL.';

CREATE FUNCTION health_model_patch(name text, patch jsonb, note text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF health_model_patch.name IS NULL OR health_model_patch.patch IS NULL THEN
        RAISE EXCEPTION 'name and patch must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_model_patch(''saas'', ''{"categories": {"usage": {"weight": 40}}}'').';
    END IF;
    -- Before the read: the patch goes onto the version that is active when it is saved.
    LOCK TABLE health_model IN SHARE ROW EXCLUSIVE MODE;
    RETURN health_model_save(
        pg_catalog.regexp_replace(health_model_patch.name, '@[0-9]+$', ''),
        health_patch(health_model_get(health_model_patch.name), health_model_patch.patch),
        health_model_patch.note, true);
END
$$;
COMMENT ON FUNCTION health_model_patch(text, jsonb, text) IS
'Patches the active version (or ''name@version'') of a model, saves and activates the result as a new version, and returns it.';

CREATE FUNCTION health_model_card(model text)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    -- Raises for a model or version that does not exist.
    document jsonb := health_model_get(health_model_card.model);
    wanted_name text := pg_catalog.regexp_replace(health_model_card.model, '@[0-9]+$', '');
    wanted_version integer := pg_catalog.substring(health_model_card.model, '@([0-9]+)$');
BEGIN
    RETURN (
        SELECT health_model_card(document, m.name, m.version, m.note,
                   pg_catalog.to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), m.created_by,
                   pg_catalog.to_char(m.reviewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'))
          FROM health_model m
         WHERE m.name OPERATOR(pg_catalog.=) wanted_name
           AND CASE WHEN wanted_version IS NULL THEN m.active ELSE m.version OPERATOR(pg_catalog.=) wanted_version END);
END
$$;
COMMENT ON FUNCTION health_model_card(text) IS
'A saved model''s active version (or ''name@version'') as Markdown for the people who are scored by it.';

CREATE FUNCTION health_model_diff(name text, "from" integer, "to" integer DEFAULT NULL, OUT path text, OUT before jsonb, OUT after jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 5
SET search_path FROM CURRENT
AS $$
BEGIN
    IF health_model_diff.name IS NULL OR health_model_diff."from" IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT d.path, d.before, d.after FROM health_model_diff(
        health_model_get(pg_catalog.concat(health_model_diff.name, '@', health_model_diff."from")),
        health_model_get(pg_catalog.concat(health_model_diff.name, '@' OPERATOR(pg_catalog.||) health_model_diff."to"::text))) d;
END
$$;
COMMENT ON FUNCTION health_model_diff(text, integer, integer) IS
'What changed from one version of a model to another; to NULL means the active version.';
-- health_score(model, account, as_of, segment): the score of one account.

-- A row of a table reaches the functions as its columns, each an argument of its own: the support function does that when a query
-- is planned, since building a row for every account costs more than scoring it. Not meant to be called by hand.

CREATE FUNCTION health_row_support(internal)
RETURNS internal
LANGUAGE c STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_row_support';
COMMENT ON FUNCTION health_row_support(internal) IS
'Planner support: passes the columns of a table instead of its whole row. Not meant to be called.';

CREATE FUNCTION health_score(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(text, record, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_score(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(text, jsonb, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_score(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(text, json, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_score(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(text, text, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_score(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(jsonb, record, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_score(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(jsonb, jsonb, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_score(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(jsonb, json, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_score(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(jsonb, text, timestamptz, text) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

-- health_score over events (sql/events.sql) takes a value of any type where an account's as_of stands. So that an untyped literal or
-- parameter in that place is still as_of, there is a type that nothing but a literal can be: what a call leaves without a type is
-- taken for a string before all else, and no other function has a string there. It reads what timestamptz reads.

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
'A timestamptz that an untyped literal or parameter stands for, as as_of of health_score. Not meant for columns.';

CREATE FUNCTION health_score(model text, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(text, text, health_time, text) IS
'The same with as_of as an untyped literal or parameter.';

CREATE FUNCTION health_score(model jsonb, account text, as_of health_time, segment text DEFAULT NULL)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score(jsonb, text, health_time, text) IS
'The same with as_of as an untyped literal or parameter.';

CREATE FUNCTION health_score_columns(model text, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns(text, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_score(model, row). Not meant to be called.';

CREATE FUNCTION health_score_columns(model jsonb, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_score';
COMMENT ON FUNCTION health_score_columns(jsonb, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_score(model, row). Not meant to be called.';
-- health_band: the band of an account, or of a score. health_display: a score as people see it.

CREATE FUNCTION health_band(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(text, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_band(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(text, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_band(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(text, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_band(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(text, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_band(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50 SUPPORT health_row_support
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(jsonb, record, timestamptz, text) IS
'The name of the band of the health score of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_band(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(jsonb, jsonb, timestamptz, text) IS
'The name of the band of the health score of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_band(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(jsonb, json, timestamptz, text) IS
'The name of the band of the health score of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_band(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band(jsonb, text, timestamptz, text) IS
'The name of the band of the health score of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_band(model text, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION health_band(text, double precision, text) IS
'The name of the band of a score, by a saved model''s name (or name@version); with a segment''s name, by that segment''s bands.';

CREATE FUNCTION health_display(model text, score double precision)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION health_display(text, double precision) IS
'A score as the model''s display shows it, by a saved model''s name (or name@version): scaled and floored, so that a shown number never crosses a band.';

CREATE FUNCTION health_band(model jsonb, score double precision, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_band_of_score';
COMMENT ON FUNCTION health_band(jsonb, double precision, text) IS
'The name of the band of a score, by a model document; with a segment''s name, by that segment''s bands.';

CREATE FUNCTION health_display(model jsonb, score double precision)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'health_display';
COMMENT ON FUNCTION health_display(jsonb, double precision) IS
'A score as the model''s display shows it, by a model document: scaled and floored, so that a shown number never crosses a band.';

CREATE FUNCTION health_band_columns(model text, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(text, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_band(model, row). Not meant to be called.';

CREATE FUNCTION health_band_columns(model jsonb, names text[], as_of timestamptz, segment text, function oid, VARIADIC columns "any")
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_band';
COMMENT ON FUNCTION health_band_columns(jsonb, text[], timestamptz, text, oid, "any") IS
'What the planner makes of health_band(model, row). Not meant to be called.';
-- health_drivers(model, account, as_of, segment): what each signal and rule added to a score or took from it.

CREATE FUNCTION health_drivers(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(text, record, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_drivers(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(text, jsonb, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_drivers(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(text, json, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_drivers(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(text, text, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_drivers(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(jsonb, record, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_drivers(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(jsonb, jsonb, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_drivers(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(jsonb, json, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_drivers(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT rank integer, OUT kind text, OUT category text, OUT driver text, OUT label text, OUT value text, OUT unit text,
    OUT subscore double precision, OUT weight double precision, OUT contribution double precision, OUT lost double precision,
    OUT status text, OUT reason text, OUT evidence text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 100 ROWS 10
AS 'MODULE_PATHNAME', 'health_drivers';
COMMENT ON FUNCTION health_drivers(jsonb, text, timestamptz, text) IS
'The drivers of the health score, the costliest first; contributions sum to the score; of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
-- health_assess(model, account, as_of, segment): everything about a score in one row. Use it in FROM, with LATERAL.

CREATE FUNCTION health_assess(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(text, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_assess(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(text, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_assess(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(text, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_assess(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(text, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_assess(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(jsonb, record, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_assess(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(jsonb, jsonb, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_assess(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(jsonb, json, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_assess(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_assess';
COMMENT ON FUNCTION health_assess(jsonb, text, timestamptz, text) IS
'One row with score, band, coverage, interval, segment, version, rules and drivers of an account, given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
-- health_inputs: an account as jsonb, for generated columns, indexes and pushdown, where whole rows cannot go.

CREATE FUNCTION health_inputs(VARIADIC inputs "any")
RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'health_inputs';
COMMENT ON FUNCTION health_inputs("any") IS
'An account as jsonb from names and values in turn, and from rows and jsonb objects, merged from left to right; NULL rows are skipped.';
-- health_explain(model, account [, before] …): a score, or why it changed, in plain words.

CREATE FUNCTION health_explain(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(text, record, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(text, jsonb, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(text, json, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(text, text, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(jsonb, record, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(jsonb, jsonb, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(jsonb, json, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain';
COMMENT ON FUNCTION health_explain(jsonb, text, timestamptz, text) IS
'The health score of an account in plain words: what costs most, what is missing, how sure it is; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model text, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(text, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(text, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(text, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(text, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model jsonb, account record, before record, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(jsonb, record, record, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account jsonb, before jsonb, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account json, before json, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_before';
COMMENT ON FUNCTION health_explain(jsonb, json, json, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account text, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(jsonb, text, text, timestamptz, timestamptz) IS
'The health score of an account in plain words, and why it differs from what the account was before; both given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';

-- A literal in the third place is text to Postgres: an object is the account before, anything else is as_of.

CREATE FUNCTION health_explain(model text, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(text, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(text, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(text, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model jsonb, account record, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(jsonb, record, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account jsonb, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(jsonb, jsonb, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account json, before text, as_of timestamptz DEFAULT NULL, before_as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literal';
COMMENT ON FUNCTION health_explain(jsonb, json, text, timestamptz, timestamptz) IS
'As the forms with before and with as_of, for a literal: an object is the account before, anything else is as_of; the account given as a json object, by a model document. A document that reads time needs as_of.';

-- The same with two literals: as_of and segment, or the account before and as_of.

CREATE FUNCTION health_explain(model text, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(text, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(text, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(text, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model text, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(text, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_explain(model jsonb, account record, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(jsonb, record, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account jsonb, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(jsonb, jsonb, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account json, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(jsonb, json, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_explain(model jsonb, account text, as_of text, segment text)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_explain_literals';
COMMENT ON FUNCTION health_explain(jsonb, text, text, text) IS
'As the forms with as_of and segment, and with before and as_of, for two literals; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
-- health_change(model, before, after, before_as_of, after_as_of): why a score changed.

CREATE FUNCTION health_change(model text, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(text, record, record, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a row, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION health_change(model text, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(text, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a jsonb object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION health_change(model text, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(text, json, json, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a json object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION health_change(model text, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(text, text, text, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as text or literal with a JSON object, by a saved model''s name (or name@version). An as_of of NULL means the transaction''s now().';

CREATE FUNCTION health_change(model jsonb, before record, after record, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(jsonb, record, record, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a row, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION health_change(model jsonb, before jsonb, after jsonb, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(jsonb, jsonb, jsonb, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a jsonb object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION health_change(model jsonb, before json, after json, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(jsonb, json, json, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as a json object, by a model document. A document that reads time needs both as_of.';

CREATE FUNCTION health_change(model jsonb, before text, after text, before_as_of timestamptz DEFAULT NULL, after_as_of timestamptz DEFAULT NULL,
    OUT rank integer, OUT driver text, OUT category text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT kind text, OUT label text, OUT unit text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'health_change';
COMMENT ON FUNCTION health_change(jsonb, text, text, timestamptz, timestamptz) IS
'Why a score changed, what hurt most first; the changes sum to the difference of the scores. Kinds: signal, coverage, rule, override, segment, limit; the accounts given as text or literal with a JSON object, by a model document. A document that reads time needs both as_of.';
-- health_conflicts(model, account, as_of, segment): categories that contradict each other.

CREATE FUNCTION health_conflicts(model text, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(text, record, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a row, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_conflicts(model text, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(text, jsonb, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a jsonb object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_conflicts(model text, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(text, json, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a json object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_conflicts(model text, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(text, text, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a text or literal holding a JSON object, by a saved model''s name (or name@version). as_of NULL means the transaction''s now().';

CREATE FUNCTION health_conflicts(model jsonb, account record, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(jsonb, record, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a row, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_conflicts(model jsonb, account jsonb, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(jsonb, jsonb, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a jsonb object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_conflicts(model jsonb, account json, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(jsonb, json, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a json object, by a model document. A document that reads time needs as_of.';

CREATE FUNCTION health_conflicts(model jsonb, account text, as_of timestamptz DEFAULT NULL, segment text DEFAULT NULL,
    OUT high_category text, OUT high_subscore double precision, OUT high_signal text,
    OUT low_category text, OUT low_subscore double precision, OUT low_signal text, OUT gap double precision, OUT message text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1
AS 'MODULE_PATHNAME', 'health_conflicts';
COMMENT ON FUNCTION health_conflicts(jsonb, text, timestamptz, text) IS
'Categories of an account that lie 40 points or more apart (says happy, behaves otherwise), with the signals that set them apart, the widest gap first; the account given as a text or literal holding a JSON object, by a model document. A document that reads time needs as_of.';
-- From a relation to a model and back: draft a model, match a model with a relation.

CREATE FUNCTION health_model_draft(relation regclass, template text DEFAULT 'simple', inputs jsonb DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, bands text DEFAULT NULL)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000
AS 'MODULE_PATHNAME', 'health_model_draft';
COMMENT ON FUNCTION health_model_draft(regclass, text, jsonb, timestamptz, text) IS
'A first model for a relation with one row an account: columns found by name or synonym, scales from the 5th to the 95th percentile of a sample; why stands under meta. inputs maps inputs or signals to columns, null leaves one out; ages count to as_of; bands: NULL or ''terciles''.';

CREATE FUNCTION health_model_match(model text, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';
COMMENT ON FUNCTION health_model_match(text, regclass, timestamptz) IS
'Whether a relation fits a saved model and its scales the data: a row on the relation, one a signal, one for each input that only rules and segments read; status ok, warning or error. Shares (0 to 1) of a sample of the accounts; min, median and max of raw numbers, of times as ages in days.';

CREATE FUNCTION health_model_match(model jsonb, relation regclass, as_of timestamptz DEFAULT NULL,
    OUT signal text, OUT input text, OUT column_type text, OUT status text, OUT message text,
    OUT missing_share double precision, OUT invalid_share double precision,
    OUT at_worst_share double precision, OUT at_best_share double precision,
    OUT min double precision, OUT median double precision, OUT max double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_model_match';
COMMENT ON FUNCTION health_model_match(jsonb, regclass, timestamptz) IS
'Whether a relation fits a model document and its scales the data: as the form by name.';
-- health_what_if(model, model, relation): who changes band if one model takes the place of another.

CREATE FUNCTION health_what_if(before text, after text, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION health_what_if(text, text, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (by name; by name): a row for each band before and after (NULL: no score), with accounts, share of all, mean change, the sum of value_column, and up to 100 ids from account_column of those that move, the farthest first.';

CREATE FUNCTION health_what_if(before text, after jsonb, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION health_what_if(text, jsonb, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (by name; a document): a row for each band before and after (NULL: no score), with accounts, share of all, mean change, the sum of value_column, and up to 100 ids from account_column of those that move, the farthest first.';

CREATE FUNCTION health_what_if(before jsonb, after text, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION health_what_if(jsonb, text, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (a document; by name): a row for each band before and after (NULL: no score), with accounts, share of all, mean change, the sum of value_column, and up to 100 ids from account_column of those that move, the farthest first.';

CREATE FUNCTION health_what_if(before jsonb, after jsonb, relation regclass,
    account_column text DEFAULT NULL, value_column text DEFAULT NULL, as_of timestamptz DEFAULT NULL,
    OUT before_band text, OUT after_band text, OUT accounts bigint, OUT share double precision, OUT mean_change double precision,
    OUT value double precision, OUT who text[])
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 10
AS 'MODULE_PATHNAME', 'health_what_if';
COMMENT ON FUNCTION health_what_if(jsonb, jsonb, regclass, text, text, timestamptz) IS
'All accounts of a relation scored by two models (a document; a document): a row for each band before and after (NULL: no score), with accounts, share of all, mean change, the sum of value_column, and up to 100 ids from account_column of those that move, the farthest first.';
-- Models and templates as lists: for BI tools, and for people who look before they edit.

CREATE VIEW health_templates WITH (security_invoker = true) AS
SELECT t.name, d.definition -> 'meta' ->> 'description' AS description, d.definition ->> 'method' AS method,
       d.definition ->> 'purpose' AS purpose,
       (SELECT pg_catalog.count(*) FROM pg_catalog.jsonb_object_keys(d.definition -> 'signals') AS k) AS signals,
       d.definition
  FROM pg_catalog.unnest(health_template_names()) WITH ORDINALITY AS t (name, position)
 CROSS JOIN LATERAL (SELECT health_template(t.name) AS definition) d
 ORDER BY t.position;
COMMENT ON VIEW health_templates IS 'The shipped model documents to begin with: SELECT health_model_draft(relation, name).';
COMMENT ON COLUMN health_templates.name IS 'The argument of health_template() and health_model_draft().';
COMMENT ON COLUMN health_templates.description IS 'What it is for.';
COMMENT ON COLUMN health_templates.method IS 'How it scores: weighted or points.';
COMMENT ON COLUMN health_templates.purpose IS 'What the score is to foretell.';
COMMENT ON COLUMN health_templates.signals IS 'How many signals it has.';
COMMENT ON COLUMN health_templates.definition IS 'The document.';

CREATE VIEW health_model_signals WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, s.*
  FROM health_model m
 CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(health_model_describe(m.definition) -> 'signals') AS s
       (signal text, label text, category text, unit text, input text, scale text, weight double precision, share double precision,
        points double precision, max double precision, missing text, max_age text, optional boolean, ask text);
COMMENT ON VIEW health_model_signals IS 'The signals of every saved model version, segments'' patches not applied.';
COMMENT ON COLUMN health_model_signals.name IS 'The model.';
COMMENT ON COLUMN health_model_signals.version IS 'Its version.';
COMMENT ON COLUMN health_model_signals.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN health_model_signals.signal IS 'The signal''s name: driver in health_drivers().';
COMMENT ON COLUMN health_model_signals.label IS 'What people read.';
COMMENT ON COLUMN health_model_signals.category IS 'The category it belongs to.';
COMMENT ON COLUMN health_model_signals.unit IS 'The unit of its value.';
COMMENT ON COLUMN health_model_signals.input IS 'What is measured, by columns.';
COMMENT ON COLUMN health_model_signals.scale IS 'How a value becomes a subscore, in words.';
COMMENT ON COLUMN health_model_signals.weight IS 'As the document gives it.';
COMMENT ON COLUMN health_model_signals.share IS 'The share of the score, 0 to 1, when every signal counts; the shares of a version sum to 1. NULL under method points.';
COMMENT ON COLUMN health_model_signals.points IS 'Points per unit under method points.';
COMMENT ON COLUMN health_model_signals.max IS 'The most points, either way, under method points.';
COMMENT ON COLUMN health_model_signals.missing IS 'What happens without a value.';
COMMENT ON COLUMN health_model_signals.max_age IS 'How long a value is good.';
COMMENT ON COLUMN health_model_signals.optional IS 'Whether a row may lack the column.';
COMMENT ON COLUMN health_model_signals.ask IS 'The question to a person who judges this signal.';

CREATE VIEW health_model_bands WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, b.rank, b.band, b.label, b."from" AS from_score, b.below AS below_score, b.color
  FROM health_model m
 CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(health_model_describe(m.definition) -> 'bands') AS b
       (rank integer, band text, label text, "from" double precision, below double precision, color text);
COMMENT ON VIEW health_model_bands IS 'The bands of every saved model version, from the lowest, segments'' patches not applied.';
COMMENT ON COLUMN health_model_bands.name IS 'The model.';
COMMENT ON COLUMN health_model_bands.version IS 'Its version.';
COMMENT ON COLUMN health_model_bands.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN health_model_bands.rank IS 'From the lowest band, 1, up.';
COMMENT ON COLUMN health_model_bands.band IS 'What health_band() returns.';
COMMENT ON COLUMN health_model_bands.label IS 'What people read.';
COMMENT ON COLUMN health_model_bands.from_score IS 'The lowest score of the band.';
COMMENT ON COLUMN health_model_bands.below_score IS 'Where the next band begins; NULL for the highest.';
COMMENT ON COLUMN health_model_bands.color IS 'As the document gives it.';

CREATE VIEW health_model_rules WITH (security_invoker = true) AS
SELECT m.name, m.version, m.active, r.position, r.rule, r.label, r.condition, r.action, r.reason
  FROM health_model m
 CROSS JOIN LATERAL pg_catalog.jsonb_to_recordset(health_model_describe(m.definition) -> 'rules') AS r
       (position integer, rule text, label text, condition text, action text, reason text);
COMMENT ON VIEW health_model_rules IS 'The rules of every saved model version in the order in which they run, segments'' patches not applied.';
COMMENT ON COLUMN health_model_rules.name IS 'The model.';
COMMENT ON COLUMN health_model_rules.version IS 'Its version.';
COMMENT ON COLUMN health_model_rules.active IS 'Whether the bare name means this version.';
COMMENT ON COLUMN health_model_rules.position IS 'When it runs: rule 1 is the first.';
COMMENT ON COLUMN health_model_rules.rule IS 'The rule''s name: driver in health_drivers().';
COMMENT ON COLUMN health_model_rules.label IS 'What people read.';
COMMENT ON COLUMN health_model_rules.condition IS 'When it fires, in words.';
COMMENT ON COLUMN health_model_rules.action IS 'What it does, as in cap 39.';
COMMENT ON COLUMN health_model_rules.reason IS 'What it tells where it fired.';

GRANT SELECT ON health_templates, health_model_signals, health_model_bands, health_model_rules TO PUBLIC;
-- health_trend and health_trend_stats: does an account's score rise, fall or stay?

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

CREATE AGGREGATE health_trend(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE health_trend(double precision, timestamptz) IS
'Whether scores over time are improving, declining or stable: by least squares, a change of 5 points or more that stands out of the noise by two standard errors. NULL with fewer than two distinct times.';

CREATE AGGREGATE health_trend(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_step, STYPE = bytea, SSPACE = 144, COMBINEFUNC = health_trend_combine, FINALFUNC = health_trend_final, PARALLEL = SAFE,
    MSFUNC = health_trend_moving_step, MINVFUNC = health_trend_moving_inverse, MSTYPE = bytea, MSSPACE = 680,
    MFINALFUNC = health_trend_moving_final
);
COMMENT ON AGGREGATE health_trend(double precision, timestamptz, double precision) IS
'Whether scores over time are improving, declining or stable: by least squares, a change of tolerance points or more that stands out of the noise by two standard errors. NULL with fewer than two distinct times.';

CREATE TYPE health_trend_row AS (
    direction text, change double precision, slope_per_day double precision, slope_stderr double precision,
    first_score double precision, last_score double precision, lowest double precision, highest double precision,
    observations bigint, from_at timestamptz, to_at timestamptz
);
COMMENT ON TYPE health_trend_row IS
'What health_trend_stats returns: the direction with the numbers behind it.';
COMMENT ON COLUMN health_trend_row.direction IS 'As health_trend: improving, declining or stable, NULL with fewer than two distinct times.';
COMMENT ON COLUMN health_trend_row.change IS 'Points that the fitted line rises or falls from the first to the last time.';
COMMENT ON COLUMN health_trend_row.slope_per_day IS 'Points a day that the fitted line rises or falls.';
COMMENT ON COLUMN health_trend_row.slope_stderr IS 'The standard error of slope_per_day; NULL with fewer than three scores.';
COMMENT ON COLUMN health_trend_row.first_score IS 'The score at the first time, the mean where there are several.';
COMMENT ON COLUMN health_trend_row.last_score IS 'The score at the last time, the mean where there are several.';
COMMENT ON COLUMN health_trend_row.lowest IS 'The lowest score.';
COMMENT ON COLUMN health_trend_row.highest IS 'The highest score.';
COMMENT ON COLUMN health_trend_row.observations IS 'How many scores there are that have a time.';
COMMENT ON COLUMN health_trend_row.from_at IS 'The first time.';
COMMENT ON COLUMN health_trend_row.to_at IS 'The last time.';

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
RETURNS health_trend_row
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_trend_stats_final';
COMMENT ON FUNCTION health_trend_stats_final(bytea) IS
'The result of aggregate health_trend_stats. Not meant to be called.';

CREATE AGGREGATE health_trend_stats(score double precision, observed_at timestamptz) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_trend_stats(double precision, timestamptz) IS
'The direction of scores over time as by health_trend, with the change, slope, standard error, ends and extremes behind it; one row.';

CREATE AGGREGATE health_trend_stats(score double precision, observed_at timestamptz, tolerance double precision) (
    SFUNC = health_trend_stats_step, STYPE = bytea, SSPACE = 208, COMBINEFUNC = health_trend_stats_combine, FINALFUNC = health_trend_stats_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_trend_stats(double precision, timestamptz, double precision) IS
'The direction of scores over time as by health_trend with this tolerance, with the change, slope, standard error, ends and extremes behind it; one row.';
-- health_nps, health_csat, health_ces: survey figures of single answers, by their standard definitions.

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

CREATE AGGREGATE health_nps(rating double precision) (
    SFUNC = health_nps_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_nps_combine, FINALFUNC = health_nps_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_nps(double precision) IS
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

CREATE AGGREGATE health_csat(rating double precision) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_csat(double precision) IS
'Customer satisfaction, 0 to 100, of ratings 1 to 5: the percentage of ratings 4 and 5.';

CREATE AGGREGATE health_csat(rating double precision, top integer) (
    SFUNC = health_csat_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_csat_combine, FINALFUNC = health_csat_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_csat(double precision, integer) IS
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

CREATE AGGREGATE health_ces(rating double precision) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_ces(double precision) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to 7, agreement with "the company made it easy"; higher is easier.';

CREATE AGGREGATE health_ces(rating double precision, highest integer) (
    SFUNC = health_ces_step, STYPE = bytea, SSPACE = 32, COMBINEFUNC = health_ces_combine, FINALFUNC = health_ces_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_ces(double precision, integer) IS
'Customer Effort Score (CES 2.0): the mean of ratings 1 to highest (5 or 7), agreement with "the company made it easy"; higher is easier.';
-- health_rollup and health_worst: one score of many, for parents and portfolios.

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

CREATE AGGREGATE health_rollup(score double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_rollup(double precision) IS
'The mean of scores, rounded to 9 decimals: a parent''s of its accounts. Rows without a score are left out.';

CREATE AGGREGATE health_rollup(score double precision, weight double precision) (
    SFUNC = health_rollup_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_rollup_combine, FINALFUNC = health_rollup_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_rollup(double precision, double precision) IS
'The mean of scores weighted by value or size, rounded to 9 decimals. Rows without a score or weight are left out; NULL where all weights are 0.';

CREATE FUNCTION health_worst_step(double precision, double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_worst_step';
COMMENT ON FUNCTION health_worst_step(double precision, double precision) IS
'One row of aggregate health_worst, or the result of one worker more. Not meant to be called.';

CREATE AGGREGATE health_worst(score double precision) (
    SFUNC = health_worst_step, STYPE = double precision, COMBINEFUNC = health_worst_step, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_worst(double precision) IS
'The lowest of scores: a parent is as healthy as its worst account.';
-- health_churn_rate and health_usage_rate: shares of a book.

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

CREATE AGGREGATE health_churn_rate(churned boolean) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_churn_rate(boolean) IS
'The share of accounts that churned, 0 to 1. Rows that do not say are left out.';

CREATE AGGREGATE health_churn_rate(churned boolean, weight double precision) (
    SFUNC = health_churn_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_churn_rate_combine, FINALFUNC = health_churn_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_churn_rate(boolean, double precision) IS
'The share of value (or another weight) that churned, 0 to 1. Rows that do not say, or have no weight, are left out; NULL where all weights are 0.';

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

CREATE AGGREGATE health_usage_rate(active double precision, total double precision) (
    SFUNC = health_usage_rate_step, STYPE = bytea, SSPACE = 40, COMBINEFUNC = health_usage_rate_combine, FINALFUNC = health_usage_rate_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_usage_rate(double precision, double precision) IS
'The sum of what is active by the sum of what there is, such as seats; 0 to 1, above 1 where more is used than was sold. Rows that lack one of them are left out; NULL where the total is 0.';
-- health_spark: scores over time as a line of block characters. Its rows have an order, so that it has no combine function.

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

CREATE AGGREGATE health_spark(score double precision) (
    SFUNC = health_spark_step, STYPE = bytea, SSPACE = 520, FINALFUNC = health_spark_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_spark(double precision) IS
'Scores between 0 and 100 as a line of block characters, at most 1,000; a NULL score is a gap. Use it as health_spark(score ORDER BY at).';
-- health_score and health_signals over events: one row a value of a signal, one group an account.

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

CREATE AGGREGATE health_score(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(text, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a saved model''s name (or name@version).';

CREATE AGGREGATE health_score(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(text, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a saved model''s name (or name@version). Later events than now are left out.';

CREATE AGGREGATE health_score(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(text, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; NULL means the transaction''s now().';

CREATE AGGREGATE health_score(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(jsonb, text, anyelement) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, by a model document.';

CREATE AGGREGATE health_score(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(jsonb, text, anyelement, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, by a model document.';

CREATE AGGREGATE health_score(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_score_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_score(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The health score, 0 to 100 (higher is healthier; NULL: insufficient data), of an account given as rows of signal and value, with the time of each, as of a time, by a model document. Later events are left out; NULL means no time.';

CREATE AGGREGATE health_signals(model text, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(text, text, anyelement) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, by a saved model''s name (or name@version).';

CREATE AGGREGATE health_signals(model text, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(text, text, anyelement, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, by a saved model''s name (or name@version). Later events than now are left out.';

CREATE AGGREGATE health_signals(model text, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(text, text, anyelement, timestamptz, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, as of a time, by a saved model''s name (or name@version). Later events are left out; NULL means the transaction''s now().';

CREATE AGGREGATE health_signals(model jsonb, signal text, value anyelement) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(jsonb, text, anyelement) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, by a model document.';

CREATE AGGREGATE health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(jsonb, text, anyelement, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, by a model document.';

CREATE AGGREGATE health_signals(model jsonb, signal text, value anyelement, observed_at timestamptz, as_of timestamptz) (
    SFUNC = health_score_step, STYPE = bytea, SSPACE = 200, COMBINEFUNC = health_score_combine, FINALFUNC = health_signals_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_signals(jsonb, text, anyelement, timestamptz, timestamptz) IS
'The account, as a jsonb object for health_band, health_drivers and the like, that rows of signal and value come to, with the time of each, as of a time, by a model document. Later events are left out; NULL means no time.';
-- health_source: which relation is scored with which model, by whom, into which history. Nothing here scores or writes history.

CREATE TABLE health_source (
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

COMMENT ON TABLE health_source IS 'Relations that are scored into a history, one row for each relation and model. Use health_source_add().';
COMMENT ON COLUMN health_source.name IS 'The name used in CALL health_refresh(''name''), and the beginning of the names of its history and views: 1 to 40 bytes.';
COMMENT ON COLUMN health_source.model IS 'The model that scores it: a name, or one version as in saas@3.';
COMMENT ON COLUMN health_source.relation_schema IS 'The schema of the relation that is read.';
COMMENT ON COLUMN health_source.relation_name IS 'The table or view that is read; looked up by its name at each run.';
COMMENT ON COLUMN health_source.account_column IS 'The column that holds the account''s id; history keeps its type.';
COMMENT ON COLUMN health_source.book IS 'The population of accounts that it scores; sources of one book share their accounts'' ids.';
COMMENT ON COLUMN health_source.name_column IS 'The column with the account''s name.';
COMMENT ON COLUMN health_source.segment_column IS 'The column that names the segment, instead of the model''s conditions.';
COMMENT ON COLUMN health_source.value_column IS 'The column with what the account is worth, a number.';
COMMENT ON COLUMN health_source.owner_column IS 'The column that says who looks after the account.';
COMMENT ON COLUMN health_source.parent_column IS 'The column with the account or group that this one belongs to.';
COMMENT ON COLUMN health_source.renewal_column IS 'The column with the date of the next renewal.';
COMMENT ON COLUMN health_source.keep IS 'Further columns whose values history keeps among the inputs.';
COMMENT ON COLUMN health_source.time_column IS 'The column with the time of a row, where the relation has many rows an account: the newest one up to as_of counts.';
COMMENT ON COLUMN health_source.point_in_time IS 'Whether the relation is a view that shows what was true at health_as_of().';
COMMENT ON COLUMN health_source.history_schema IS 'The schema of the history.';
COMMENT ON COLUMN health_source.history_name IS 'The table that the scores are written to.';
COMMENT ON COLUMN health_source.keep_inputs IS 'Whether history keeps what the model read.';
COMMENT ON COLUMN health_source.max_staleness IS 'With time_column: accounts whose newest row is older than this are left out.';
COMMENT ON COLUMN health_source.hold_alerts_above IS 'The share of the book, 0 to 1, above which alerts of one run are held back.';
COMMENT ON COLUMN health_source.run_as IS 'The role that added it; nobody else''s refresh runs it.';
COMMENT ON COLUMN health_source.last_as_of IS 'The latest as_of of a finished run.';
COMMENT ON COLUMN health_source.created_at IS 'When it was first added.';

-- Names only, as in the catalogs. Those who may add sources are granted INSERT, UPDATE and DELETE.
GRANT SELECT ON health_source TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('health_source', '');

-- A row that a role could write in another's name would be run with the other's rights: the nightly refresh of a superuser
-- would read a view of somebody else's making.
CREATE FUNCTION health_run_as_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.run_as] WHEN 'DELETE' THEN ARRAY[OLD.run_as]
                                     ELSE ARRAY[OLD.run_as, NEW.run_as] END LOOP
        -- A role that is gone can be cleared away by those who could have acted for anybody.
        IF NOT COALESCE((SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) role),
                        (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname OPERATOR(pg_catalog.=) current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % that run as %', pg_catalog.quote_ident(current_user), TG_TABLE_NAME, pg_catalog.quote_ident(role)
                USING ERRCODE = 'insufficient_privilege',
                      DETAIL = 'A source runs with the rights of the role that added it, and only that role, or a member of it, changes it.',
                      HINT = pg_catalog.format('SET ROLE %I first, or add a source of your own under another name.', role);
        END IF;
    END LOOP;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION health_run_as_guard() IS 'Trigger of tables with run_as: nobody writes rows that run as a role whose rights they do not have.';

CREATE TRIGGER health_source_guard BEFORE INSERT OR UPDATE OR DELETE ON health_source
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION health_source_get(source text)
RETURNS health_source
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    found health_source;
    names text;
BEGIN
    SELECT * INTO found FROM health_source s WHERE s.name OPERATOR(pg_catalog.=) health_source_get.source;
    IF found.name IS NULL THEN
        SELECT pg_catalog.string_agg(s.name, ', ' ORDER BY s.name) INTO names
          FROM (SELECT name FROM health_source ORDER BY name LIMIT 10) s;
        RAISE EXCEPTION 'unknown source %', COALESCE('"' OPERATOR(pg_catalog.||) source OPERATOR(pg_catalog.||) '"', 'NULL')
            USING ERRCODE = 'undefined_object', HINT = COALESCE('There are: ' OPERATOR(pg_catalog.||) names OPERATOR(pg_catalog.||) '.',
                'SELECT health_source_add(name, model, relation, account_column) adds one.');
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_source_get(text) IS 'A source''s row of health_source. Unknown: 42704.';

CREATE FUNCTION health_source_column(relation regclass, "column" text, role text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    type text;
    known text;
BEGIN
    IF "column" IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) INTO type
      FROM pg_catalog.pg_attribute a
     WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attname OPERATOR(pg_catalog.=) "column"
       AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped;
    IF type IS NULL THEN
        SELECT pg_catalog.string_agg(a.attname, ', ' ORDER BY a.attnum) INTO known
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped;
        RAISE EXCEPTION 'relation % has no column "%"', relation, "column"
            USING ERRCODE = 'undefined_column', DETAIL = pg_catalog.format('It is named as %s of the source.', role),
                  HINT = pg_catalog.format('The relation has: %s.', known);
    END IF;
    RETURN type;
END
$$;
COMMENT ON FUNCTION health_source_column(regclass, text, text) IS 'The type of a relation''s column as SQL writes it, NULL for NULL. No such column: 42703, naming what the source uses it for.';

CREATE FUNCTION health_source_relation(source health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    relation regclass := pg_catalog.to_regclass(pg_catalog.format('%I.%I', source.relation_schema, source.relation_name));
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'relation %.% of source "%" does not exist', pg_catalog.quote_ident(source.relation_schema),
            pg_catalog.quote_ident(source.relation_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'Make it again, or name another: SELECT health_source_add(…) under the same name changes the source.';
    END IF;
    RETURN relation;
END
$$;
COMMENT ON FUNCTION health_source_relation(health_source) IS 'The relation that a source reads, looked up by its name now. Dropped or renamed: 42P01.';

CREATE FUNCTION health_source_add(
    name text, model text, relation regclass, account_column text, book text DEFAULT 'accounts',
    name_column text DEFAULT NULL, segment_column text DEFAULT NULL, value_column text DEFAULT NULL, owner_column text DEFAULT NULL,
    parent_column text DEFAULT NULL, renewal_column text DEFAULT NULL, keep text[] DEFAULT '{}',
    time_column text DEFAULT NULL, point_in_time boolean DEFAULT false, history text DEFAULT NULL, keep_inputs boolean DEFAULT true,
    max_staleness interval DEFAULT NULL, hold_alerts_above double precision DEFAULT 0.2)
RETURNS regclass
LANGUAGE plpgsql
SET search_path FROM CURRENT
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
    IF name OPERATOR(pg_catalog.=) '' OR pg_catalog.octet_length(name) OPERATOR(pg_catalog.>) 40 THEN
        RAISE EXCEPTION 'invalid source name "%"', pg_catalog.left(name, 80) USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'A name has 1 to 40 bytes: the names of its history and views begin with it.', HINT = 'For example: crm.';
    END IF;
    IF time_column IS NOT NULL AND point_in_time THEN
        RAISE EXCEPTION 'a source has a time_column or is point_in_time, not both' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'time_column is for rows with a time of their own; point_in_time for a view that filters by health_as_of().';
    END IF;
    IF max_staleness IS NOT NULL AND (time_column IS NULL OR max_staleness OPERATOR(pg_catalog.<=) '0'::interval) THEN
        RAISE EXCEPTION 'max_staleness must be positive and needs a time_column' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: time_column => ''taken_at'', max_staleness => ''7 days''.';
    END IF;
    IF NOT (hold_alerts_above OPERATOR(pg_catalog.>=) 0 AND hold_alerts_above OPERATOR(pg_catalog.<=) 1) THEN
        RAISE EXCEPTION 'hold_alerts_above must be from 0 to 1' USING ERRCODE = 'invalid_parameter_value',
            HINT = '0.2 holds the alerts of a run in which more than a fifth of the book would alert; 1 never holds any.';
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
            HINT = 'Cast it in a view.';
    END IF;

    SELECT s.* INTO source FROM health_source s WHERE s.name OPERATOR(pg_catalog.=) health_source_add.name;
    SELECT n.nspname, c.relname INTO source.relation_schema, source.relation_name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE c.oid OPERATOR(pg_catalog.=) relation;
    IF source.relation_schema OPERATOR(pg_catalog.~) '^pg_temp_' THEN
        RAISE EXCEPTION 'relation % is temporary', relation USING ERRCODE = 'wrong_object_type',
            HINT = 'A source is read by later sessions: name a table or view that stays.';
    END IF;
    IF history IS NOT NULL THEN
        place := pg_catalog.parse_ident(history);
        IF pg_catalog.cardinality(place) OPERATOR(pg_catalog.>) 2 THEN
            RAISE EXCEPTION 'invalid history "%"', history USING ERRCODE = 'invalid_parameter_value', HINT = 'Write table or schema.table.';
        END IF;
        source.history_name := place[pg_catalog.cardinality(place)];
        source.history_schema := CASE pg_catalog.cardinality(place) WHEN 2 THEN place[1] ELSE source.relation_schema END;
    ELSIF source.name IS NULL THEN
        source.history_name := name OPERATOR(pg_catalog.||) '_history';
        source.history_schema := source.relation_schema;
    END IF;

    SELECT s.name INTO kept FROM health_source s
     WHERE s.history_schema OPERATOR(pg_catalog.=) source.history_schema AND s.history_name OPERATOR(pg_catalog.=) source.history_name
       AND s.name OPERATOR(pg_catalog.<>) health_source_add.name;
    IF FOUND THEN
        RAISE EXCEPTION 'table %.% is the history of source "%"', pg_catalog.quote_ident(source.history_schema), pg_catalog.quote_ident(source.history_name), kept
            USING ERRCODE = 'duplicate_object', DETAIL = 'A history holds one score an account and time.', HINT = 'Name another table by history => ….';
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
    RETURN pg_catalog.to_regclass(pg_catalog.format('%I.%I', source.history_schema, source.history_name));
END
$$;
COMMENT ON FUNCTION health_source_add(text, text, regclass, text, text, text, text, text, text, text, text, text[], text, boolean, text, boolean, interval, double precision) IS
'Declares that a relation is scored with a model into a history; makes the history and the source''s views, and returns the history. Under a name that exists already it changes that source; the history stays.';

CREATE FUNCTION health_source_drop(name text)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    source health_source := health_source_get(health_source_drop.name);
BEGIN
    DELETE FROM health_source s WHERE s.name OPERATOR(pg_catalog.=) source.name;
    PERFORM health_source_drop_views(source);
END
$$;
COMMENT ON FUNCTION health_source_drop(text) IS
'Forgets a source and drops its views. The history stays: it is an ordinary table, yours to drop. Unknown: 42704.';
-- History: the table that a source's scores are written to, its monthly partitions, and what fits into it. An ordinary table of
-- the source's owner, never a member of the extension. No rows are written here.

-- Months are those of UTC, whatever the session's time zone.
CREATE FUNCTION health_history_month(at timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.date_trunc('month', at, 'UTC');
END
$$;
COMMENT ON FUNCTION health_history_month(timestamptz) IS 'The beginning of the month in UTC, which is where a partition of history begins.';

-- The triggers of a table run with the rights of whoever writes to it, so a history is written to by its owner alone.
CREATE FUNCTION health_history_trusted(history regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) history);
BEGIN
    -- A superuser is a member of every role, and has the more to lose.
    IF NOT (SELECT owner OPERATOR(pg_catalog.=) r.oid OR (NOT r.rolsuper AND pg_catalog.pg_has_role(owner, 'USAGE'))
              FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) current_user) THEN
        RAISE EXCEPTION 'history % belongs to role %', history, pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(owner)) USING ERRCODE = 'insufficient_privilege',
            DETAIL = pg_catalog.format('Its triggers would run with the rights of %I.', current_user),
            HINT = pg_catalog.format('ALTER TABLE %s OWNER TO %I, or name another table by history => ….', history, current_user);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_trusted(regclass) IS 'Raises 42501 unless a table belongs to the current role or to one that it is a member of.';

CREATE FUNCTION health_history_relation(source health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    history regclass := pg_catalog.to_regclass(pg_catalog.format('%I.%I', source.history_schema, source.history_name));
BEGIN
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', pg_catalog.quote_ident(source.history_schema),
            pg_catalog.quote_ident(source.history_name), source.name
            USING ERRCODE = 'undefined_table',
                  HINT = 'SELECT health_source_add(…) under the same name makes an empty one; a renamed one is named by history => ….';
    END IF;
    PERFORM health_history_trusted(history);
    RETURN history;
END
$$;
COMMENT ON FUNCTION health_history_relation(health_source) IS
'The history of a source, looked up by its name now. Dropped or renamed: 42P01; replaced by somebody else''s: 42501.';

CREATE FUNCTION health_history_make(source health_source, relation regclass)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    account_type text := health_source_column(relation, source.account_column, 'account_column');
    parent_type text := COALESCE(health_source_column(relation, source.parent_column, 'parent_column'), 'text');
    name text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    history regclass := pg_catalog.to_regclass(name);
    columns text[] := ARRAY['account_id ' OPERATOR(pg_catalog.||) account_type, 'scored_at timestamp with time zone', 'name text',
        'score double precision', 'band text', 'band_rank integer', 'coverage double precision', 'low double precision',
        'high double precision', 'status text', 'model text', 'model_version integer', 'segment text', 'value numeric', 'owner text',
        'parent ' OPERATOR(pg_catalog.||) parent_type, 'renewal date', 'inputs jsonb', 'drivers jsonb',
        'calculated double precision'];
    lacking text;
BEGIN
    IF history IS NULL THEN
        EXECUTE pg_catalog.format('CREATE TABLE %s (%s, PRIMARY KEY (account_id, scored_at)) PARTITION BY RANGE (scored_at)',
            name, pg_catalog.array_to_string(columns, ', '));
        EXECUTE pg_catalog.format('CREATE INDEX ON %s (scored_at)', name);
        EXECUTE pg_catalog.format('COMMENT ON TABLE %s IS %L', name,
            pg_catalog.format('Scores of source %s, partitioned by month: written by health_refresh, thinned by health_retain.', source.name));
        RETURN;
    END IF;
    PERFORM health_history_trusted(history);
    SELECT pg_catalog.string_agg(wanted, ', ') INTO lacking
      FROM pg_catalog.unnest(columns) wanted
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                        WHERE a.attrelid OPERATOR(pg_catalog.=) history AND NOT a.attisdropped AND a.attnum OPERATOR(pg_catalog.>) 0
                          AND wanted OPERATOR(pg_catalog.=) pg_catalog.concat(a.attname, ' ', pg_catalog.format_type(a.atttypid, a.atttypmod)));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'datatype_mismatch',
            DETAIL = pg_catalog.format('It lacks: %s.', lacking),
            HINT = 'Name another table by history => …; one that does not exist yet is made.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_index i
                    WHERE i.indrelid OPERATOR(pg_catalog.=) history AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                      AND (SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attname)
                             FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid OPERATOR(pg_catalog.=) history AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey::int2[]))
                          OPERATOR(pg_catalog.=) ARRAY['account_id', 'scored_at']) THEN
        RAISE EXCEPTION 'table % cannot be the history of source "%"', history, source.name USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'It has no unique index on (account_id, scored_at).',
            HINT = pg_catalog.format('ALTER TABLE %s ADD PRIMARY KEY (account_id, scored_at).', history);
    END IF;
END
$$;
COMMENT ON FUNCTION health_history_make(health_source, regclass) IS
'Makes the history of a source, with the account''s id in the relation''s own type, or adopts a table that has the columns and the unique index.';

-- CREATE and ATTACH, not CREATE … PARTITION OF: the latter would lock the history against readers.
CREATE FUNCTION health_history_partition(source health_source, at timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    history regclass := health_history_relation(source);
    month timestamptz := health_history_month(at);
    next_month timestamptz := health_history_month(month OPERATOR(pg_catalog.+) '35 days'::interval);
    partition text := pg_catalog.format('%I.%I', source.history_schema,
        pg_catalog.left(source.history_name, 54) OPERATOR(pg_catalog.||) pg_catalog.to_char(month AT TIME ZONE 'UTC', '_YYYY_MM'));
BEGIN
    -- An adopted table may be plain, or partitioned in another way.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p
                     JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) p.partrelid AND a.attnum OPERATOR(pg_catalog.=) p.partattrs[0]
                    WHERE p.partrelid OPERATOR(pg_catalog.=) history AND p.partstrat OPERATOR(pg_catalog.=) 'r' AND p.partnatts OPERATOR(pg_catalog.=) 1
                      AND p.partdefid OPERATOR(pg_catalog.=) 0 AND a.attname OPERATOR(pg_catalog.=) 'scored_at') THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM health_history_partitions(history) p
                WHERE p.from_at OPERATOR(pg_catalog.<=) month AND p.to_at OPERATOR(pg_catalog.>=) next_month) THEN
        RETURN;
    END IF;
    EXECUTE pg_catalog.format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', partition, history);
    EXECUTE pg_catalog.format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', history, partition,
        pg_catalog.to_char(month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'), pg_catalog.to_char(next_month AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
END
$$;
COMMENT ON FUNCTION health_history_partition(health_source, timestamptz) IS
'Sees to it that the history of a source has a partition for the month (UTC) of a time. Readers are not held up.';

CREATE FUNCTION health_history_partitions(history regclass, OUT partition regclass, OUT from_at timestamptz, OUT to_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET datestyle = 'ISO'
AS $$
BEGIN
    RETURN QUERY
    SELECT c.oid::regclass, bound[1]::timestamptz, bound[2]::timestamptz
      FROM pg_catalog.pg_inherits i
      JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.inhrelid
     CROSS JOIN LATERAL pg_catalog.regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']*)''\) TO \(''([^'']*)''\)') bound
     WHERE i.inhparent OPERATOR(pg_catalog.=) history AND bound IS NOT NULL
     ORDER BY 2;
END
$$;
COMMENT ON FUNCTION health_history_partitions(regclass) IS 'The partitions of a history with the times they hold: from_at inclusive, to_at exclusive.';
-- How a source is scored: the SELECT that reads its relation as of a time. Nothing is written here.

CREATE FUNCTION health_as_of()
RETURNS timestamptz
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_as_of';
COMMENT ON FUNCTION health_as_of() IS
'The as_of of the running refresh, else the transaction''s now(): for views that show what was true at that time. SET health_score.as_of = ''2026-01-01 00:00Z'' looks at another one.';

CREATE FUNCTION health_source_cell(cell text, "column" text, type text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE WHEN "column" IS NULL THEN 'NULL' ELSE pg_catalog.format(cell, "column") END OPERATOR(pg_catalog.||) '::' OPERATOR(pg_catalog.||) type;
END
$$;
COMMENT ON FUNCTION health_source_cell(text, text, text) IS 'A column of a source''s relation as an SQL expression of a type; NULL of that type where the source names none.';

-- What the model reads and the relation has, and what is to be kept.
CREATE FUNCTION health_source_inputs(source health_source, relation regclass, cell text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    -- A function takes 100 arguments at most.
    pairs_a_call CONSTANT integer := 40;
    reads jsonb := health_model_describe(health_model_get(source.model)) -> 'inputs';
BEGIN
    RETURN (
        SELECT CASE pg_catalog.count(*)
                   WHEN 0 THEN 'NULL::pg_catalog.jsonb'
                   WHEN 1 THEN pg_catalog.min(call)
                   ELSE pg_catalog.format('%s.health_inputs(%s)', home, pg_catalog.string_agg(call, ', ')) END
          FROM (SELECT pg_catalog.format('%s.health_inputs(%s)', home, pg_catalog.string_agg(pair, ', ')) AS call
                  FROM (SELECT pg_catalog.format('%L, ' OPERATOR(pg_catalog.||) cell, a.attname, a.attname) AS pair,
                               (pg_catalog.row_number() OVER (ORDER BY a.attnum) OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog./) pairs_a_call AS call
                          FROM pg_catalog.pg_attribute a
                         WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
                           AND (a.attname OPERATOR(pg_catalog.=) ANY (source.keep)
                                OR source.keep_inputs AND reads OPERATOR(pg_catalog.?) a.attname::text)) pairs
                 GROUP BY pairs.call) calls);
END
$$;
COMMENT ON FUNCTION health_source_inputs(health_source, regclass, text, text) IS 'The SQL expression of the inputs that history keeps for a source, jsonb.';

CREATE FUNCTION health_source_assess(model text, "row" record, as_of timestamptz, segment text, given jsonb,
    OUT score double precision, OUT band text, OUT band_rank integer, OUT coverage double precision, OUT low double precision,
    OUT high double precision, OUT status text, OUT segment text, OUT model text, OUT model_version integer, OUT rules text[],
    OUT drivers jsonb, OUT calculated double precision)
RETURNS record
LANGUAGE c STABLE PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'health_source_assess';
COMMENT ON FUNCTION health_source_assess(text, record, timestamptz, text, jsonb) IS
'As health_assess of a row, with the values of an object, as health_given() makes it, over those of the row; calculated is the score without the override.';

-- The one place that knows how a source is scored.
CREATE FUNCTION health_source_query(source health_source, one_account boolean DEFAULT false, some_accounts boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    relation regclass := health_source_relation(source);
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                   WHERE c.oid OPERATOR(pg_catalog.=) 'health_source'::regclass);
    moment text := CASE health_source_column(relation, source.time_column, 'time_column')
                       WHEN 'timestamp with time zone' THEN '$1' ELSE '($1 AT TIME ZONE ''UTC'')' END;
    -- The query may run under any search_path: all in it is qualified.
    rows_of text := pg_catalog.format('%I.%I AS health_row', source.relation_schema, source.relation_name);
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
        SELECT pg_catalog.format('%I.%I', n.nspname, t.typname) INTO account_type
          FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
          JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
         WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attname OPERATOR(pg_catalog.=) source.account_column;
        wanted := pg_catalog.format(CASE WHEN one_account THEN 'health_row.%1$I OPERATOR(pg_catalog.=) $2::%2$s'
                                         ELSE 'health_row.%1$I OPERATOR(pg_catalog.>=) $2::%2$s AND health_row.%1$I OPERATOR(pg_catalog.<=) $3::%2$s' END,
                                    source.account_column, account_type);
    END IF;
    IF source.time_column IS NOT NULL THEN
        -- Equal times of one account share a place: an account that stands twice is an error, not a matter of luck.
        rows_of := pg_catalog.format($sql$(
            SELECT health_row AS snapshot, pg_catalog.rank() OVER (PARTITION BY health_row.%1$I ORDER BY health_row.%2$I DESC) AS place
              FROM %3$s
             WHERE health_row.%2$I OPERATOR(pg_catalog.<=) %4$s AND %5$s) AS latest$sql$,
            source.account_column, source.time_column, rows_of, moment, wanted);
        "row" := 'latest.snapshot';
        cell := '(latest.snapshot).%I';
        wanted := 'latest.place OPERATOR(pg_catalog.<=) 1';
        IF source.max_staleness IS NOT NULL THEN
            wanted := pg_catalog.format('%s AND (latest.snapshot).%I OPERATOR(pg_catalog.>=) (%s OPERATOR(pg_catalog.-) %L::pg_catalog.interval)',
                wanted, source.time_column, moment, source.max_staleness);
        END IF;
    END IF;
    inputs := health_source_inputs(source, relation, cell, home);
    IF health_given_any(source.book) THEN
        given := 'health_given.given';
        given_rows := pg_catalog.format(' LEFT JOIN %s.health_given(%L, %L, $1%s) AS health_given ON health_given.account_id OPERATOR(pg_catalog.=) %s::pg_catalog.text',
            home, source.book, source.model, CASE WHEN one_account THEN pg_catalog.format(', $2::%s::pg_catalog.text', account_type) ELSE '' END,
            pg_catalog.format(cell, source.account_column));
        IF source.keep_inputs THEN
            inputs := pg_catalog.format('%s.health_inputs(%s, %s)', home, inputs, given);
        END IF;
    END IF;
    -- Once an account, and taken apart outside: as a function in FROM it would go through a tuplestore for every account.
    RETURN pg_catalog.format($sql$
        SELECT s.account_id, $1 AS scored_at, s.name, (s.a).score, (s.a).band, (s.a).band_rank, (s.a).coverage, (s.a).low, (s.a).high, (s.a).status,
               (s.a).model, (s.a).model_version, (s.a).segment, s.value, s.owner, s.parent, s.renewal, s.inputs, (s.a).drivers, (s.a).calculated
          FROM (SELECT %1$s AS account_id, %2$s AS name, %3$s AS value, %4$s AS owner, %5$s AS parent, %6$s AS renewal, %7$s AS inputs,
                       %9$s.health_source_assess(%10$L, %11$s, $1, %12$s, %14$s) AS a
                  FROM %8$s%15$s WHERE %13$s OFFSET 0) AS s$sql$,
        pg_catalog.format(cell, source.account_column), health_source_cell(cell, source.name_column, 'pg_catalog.text'),
        health_source_cell(cell, source.value_column, 'pg_catalog.numeric'), health_source_cell(cell, source.owner_column, 'pg_catalog.text'),
        CASE WHEN source.parent_column IS NULL THEN 'NULL::pg_catalog.text' ELSE pg_catalog.format(cell, source.parent_column) END,
        health_source_cell(cell, source.renewal_column, 'pg_catalog.date'), inputs,
        rows_of, home, source.model, "row", health_source_cell(cell, source.segment_column, 'pg_catalog.text'), wanted,
        given, given_rows);
END
$$;
COMMENT ON FUNCTION health_source_query(health_source, boolean, boolean) IS
'The SELECT that gives a source''s scored accounts, one row each in the columns of a history, as of $1 (timestamptz); with one_account, only that of id $2 (text); with some_accounts, those from $2 to $3.';

CREATE FUNCTION health_history_insert(source health_source, query text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format('INSERT INTO %I.%I (account_id, scored_at, name, score, band, band_rank, coverage, low, high, status, model, model_version, segment, value, owner, parent, renewal, inputs, drivers, calculated) %s',
        source.history_schema, source.history_name, query);
END
$$;
COMMENT ON FUNCTION health_history_insert(health_source, text) IS 'The INSERT of a query''s rows into the history of a source.';
-- The views of a source over its history: for dashboards and for people. They never touch the relation, belong to the source's
-- owner, and show a reader what the reader may see of the history.

-- Nothing that somebody has built on them goes with them: that is an error.
CREATE FUNCTION health_source_drop_views(source health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_movers', '_parents', '_portfolio', '_inputs', '_current'] LOOP
        EXECUTE pg_catalog.format('DROP VIEW IF EXISTS %I.%I', source.history_schema, source.name OPERATOR(pg_catalog.||) suffix);
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_drop_views(health_source) IS 'Drops the views of a source; 2BP01 where others depend on them.';

CREATE FUNCTION health_source_views(source health_source)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    -- Each account's newest row of the latest refresh; accounts that have left the relation are no longer in it.
    latest text := pg_catalog.format($sql$(
            SELECT DISTINCT ON (h.account_id) h.* FROM %s h
             WHERE h.scored_at >= (SELECT s.last_as_of FROM health_source s WHERE s.name = %L)
             ORDER BY h.account_id, h.scored_at DESC)$sql$, history, source.name);
    view_name text;
    suffix text;
    body text;
    -- With the accounts as they were 30 days before, an explanation says what changed. A named segment it cannot take along.
    explanation text := CASE WHEN source.segment_column IS NULL
        THEN 'COALESCE(health_explain(c.scored_by, c.inputs, before.inputs, c.scored_at, before.scored_at), health_explain(c.scored_by, c.inputs, c.scored_at))'
        ELSE 'health_explain(c.scored_by, c.inputs, c.scored_at, COALESCE(c.segment, ''''))' END;
    current_body text := pg_catalog.format($sql$
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
    FOR suffix, body IN VALUES
        ('_current', current_body),
        ('_inputs', pg_catalog.format('SELECT l.account_id, l.name, l.scored_at, l.segment, l.inputs FROM %s l', latest)),
        ('_movers', pg_catalog.format($sql$
            SELECT account_id, name, change_30_days AS change, score, score - change_30_days AS score_30_days_ago, band, band_30_days_ago,
                   value, owner, segment, top_driver, explanation, scored_at FROM %s
             WHERE change_30_days <> 0::double precision ORDER BY abs(change_30_days) DESC, value DESC NULLS LAST, account_id$sql$,
            pg_catalog.format('%I.%I', source.history_schema, source.name OPERATOR(pg_catalog.||) '_current'))),
        ('_portfolio', pg_catalog.format($sql$
            SELECT band, band_rank, segment, owner, count(*) AS accounts, sum(value) AS value,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value,
                   health_rollup(score) AS mean_score, health_rollup(score, value::double precision) AS value_weighted_score, max(scored_at) AS scored_at
              FROM %s l GROUP BY band, band_rank, segment, owner$sql$, latest)),
        ('_parents', pg_catalog.format($sql$
            SELECT parent, count(*) AS accounts, sum(value) AS value, health_rollup(score) AS mean_score,
                   health_rollup(score, value::double precision) AS value_weighted_score, health_worst(score) AS worst_score,
                   (array_agg(account_id ORDER BY score, account_id) FILTER (WHERE score IS NOT NULL))[1] AS worst_account,
                   count(*) FILTER (WHERE band_rank = 1) AS at_risk, sum(value) FILTER (WHERE band_rank = 1) AS at_risk_value, max(scored_at) AS scored_at
              FROM %s l WHERE parent IS NOT NULL GROUP BY parent$sql$, latest))
    LOOP
        view_name := pg_catalog.format('%I.%I', source.history_schema, source.name OPERATOR(pg_catalog.||) suffix);
        -- OR REPLACE keeps what was granted on it; over another history, whose id has another type, it is made anew.
        BEGIN
            EXECUTE pg_catalog.format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
        EXCEPTION WHEN invalid_table_definition THEN
            PERFORM health_source_drop_views(source);
            EXECUTE pg_catalog.format('CREATE VIEW %s WITH (security_invoker = true) AS %s', view_name, body);
        END;
        EXECUTE pg_catalog.format('COMMENT ON VIEW %s IS %L', view_name, pg_catalog.format(
            CASE suffix
                WHEN '_current' THEN 'Source %s: each account''s latest score, with its trend, change and explanation.'
                WHEN '_inputs' THEN 'Source %s: what each account''s latest score was computed from.'
                WHEN '_movers' THEN 'Source %s: accounts whose score differs from that of 30 days before, the largest changes first.'
                WHEN '_portfolio' THEN 'Source %s: accounts and value by band, segment and owner.'
                ELSE 'Source %s: scores of parents, from their accounts.'
            END, source.name));
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_source_views(health_source) IS
'Makes the views of a source over its history: _current, _inputs, _movers, _portfolio and _parents.';
-- health_run and health_run_signal: what each refresh did. The steps of a run are functions here; sql/refresh.sql puts them into
-- transactions.

CREATE TABLE health_run (
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
CREATE INDEX health_run_source_idx ON health_run (source, started_at);

COMMENT ON TABLE health_run IS 'What each refresh did: one row for each source and as_of. No grants to PUBLIC: messages may quote data.';
COMMENT ON COLUMN health_run.id IS 'Counts up.';
COMMENT ON COLUMN health_run.source IS 'The name of the source.';
COMMENT ON COLUMN health_run.as_of IS 'The time that the scores are for; scored_at in the history.';
COMMENT ON COLUMN health_run.status IS 'One of running, done, failed, cancelled, abandoned: its session ended before it did, and held: it wrote its scores, but would have raised too many alerts.';
COMMENT ON COLUMN health_run.run_as IS 'The role with whose rights it ran.';
COMMENT ON COLUMN health_run.pid IS 'The server process, as in pg_stat_activity, while it runs.';
COMMENT ON COLUMN health_run.started_at IS 'When it began.';
COMMENT ON COLUMN health_run.finished_at IS 'When it ended.';
COMMENT ON COLUMN health_run.accounts IS 'How many rows it wrote into the history.';
COMMENT ON COLUMN health_run.sqlstate IS 'Of the error that ended it.';
COMMENT ON COLUMN health_run.message IS 'Of the error that ended it.';
COMMENT ON COLUMN health_run.detail IS 'Of the error that ended it.';
COMMENT ON COLUMN health_run.hint IS 'Of the error that ended it.';
COMMENT ON COLUMN health_run.backfill IS 'Whether it wrote the past: such runs raise no alerts.';
COMMENT ON COLUMN health_run.alerts IS 'How many alerts it raised, or holds; NULL where there was nothing to compare with.';
COMMENT ON SEQUENCE health_run_id_seq IS 'Numbers the runs of health_run.';
COMMENT ON INDEX health_run_source_idx IS 'The runs of a source, in their order.';

CREATE TABLE health_run_signal (
    run     bigint           NOT NULL REFERENCES health_run (id) ON DELETE CASCADE,
    signal  text             NOT NULL,
    missing bigint           NOT NULL,
    invalid bigint           NOT NULL,
    mean    double precision,
    PRIMARY KEY (run, signal)
);
COMMENT ON TABLE health_run_signal IS 'What a refresh met in each signal: a feed that stopped shows here first.';
COMMENT ON COLUMN health_run_signal.run IS 'The run in health_run.';
COMMENT ON COLUMN health_run_signal.signal IS 'The signal of the model.';
COMMENT ON COLUMN health_run_signal.missing IS 'How many accounts have no value of their own.';
COMMENT ON COLUMN health_run_signal.invalid IS 'How many accounts have a value that the model cannot read, under on_invalid missing.';
COMMENT ON COLUMN health_run_signal.mean IS 'The mean subscore, 0 to 100, of the accounts that have one.';

SELECT pg_catalog.pg_extension_config_dump('health_run', '');
SELECT pg_catalog.pg_extension_config_dump('health_run_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('health_run_signal', '');

CREATE TRIGGER health_run_guard BEFORE INSERT OR UPDATE OR DELETE ON health_run
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

-- The lock of a source: one refresh at a time. It goes with its transaction or session, so a crash leaves none behind.
CREATE FUNCTION health_source_lock_key(source text)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.hashtextextended('health_source ' OPERATOR(pg_catalog.||) source, 0);
END
$$;
COMMENT ON FUNCTION health_source_lock_key(text) IS 'The key of the advisory lock that a refresh of the source holds; NULL for NULL.';

CREATE FUNCTION health_source_lock(source text)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT pg_catalog.pg_try_advisory_xact_lock(health_source_lock_key(source)) THEN
        RAISE EXCEPTION 'source "%" is being refreshed by another session', source USING ERRCODE = 'lock_not_available',
            HINT = 'SELECT * FROM health_run WHERE status = ''running'' shows it; try again when it is done.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_source_lock(text) IS 'Takes the lock of a source until the end of the transaction; 55P03 at once where another session has it.';

CREATE FUNCTION health_run_begin(source text, as_of timestamptz, backfill boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    run bigint;
BEGIN
    -- Whoever holds the lock is the only one at work: other runs of this source that say so have lost their session.
    UPDATE health_run r SET status = 'abandoned', finished_at = pg_catalog.clock_timestamp(),
           message = 'the session ended before the run did'
     WHERE r.source OPERATOR(pg_catalog.=) health_run_begin.source AND r.status OPERATOR(pg_catalog.=) 'running';
    INSERT INTO health_run (source, as_of, backfill) VALUES (health_run_begin.source, COALESCE(health_run_begin.as_of, pg_catalog.now()), health_run_begin.backfill) RETURNING id INTO run;
    RETURN run;
END
$$;
COMMENT ON FUNCTION health_run_begin(text, timestamptz, boolean) IS 'Writes the row of a new run, and marks runs of the source that a crash left running as abandoned.';

CREATE FUNCTION health_run_show(source text, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    PERFORM pg_catalog.set_config('application_name',
        pg_catalog.format('health_score: %s as of %s', source, pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')), true);
END
$$;
COMMENT ON FUNCTION health_run_show(text, timestamptz) IS 'Shows in application_name, until the end of the transaction, what is being refreshed.';

CREATE FUNCTION health_run_prepare(source health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '5s'
AS $$
BEGIN
    PERFORM health_history_partition(source, as_of);
    -- Next month's too, so that its first refresh and health_refresh_account find it.
    PERFORM health_history_partition(source, health_history_month(as_of) OPERATOR(pg_catalog.+) '35 days'::interval);
END
$$;
COMMENT ON FUNCTION health_run_prepare(health_source, timestamptz) IS
'Makes the partitions that a run needs; gives up after five seconds where somebody holds the history.';

CREATE FUNCTION health_run_fail(run bigint, failure jsonb)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE health_run r
       SET status = CASE failure ->> 'sqlstate' WHEN '57014' THEN 'cancelled' ELSE 'failed' END, finished_at = pg_catalog.clock_timestamp(),
           sqlstate = failure ->> 'sqlstate', message = failure ->> 'message', detail = failure ->> 'detail', hint = failure ->> 'hint'
     WHERE r.id OPERATOR(pg_catalog.=) run;
END
$$;
COMMENT ON FUNCTION health_run_fail(bigint, jsonb) IS 'Writes into the row of a run why it failed.';

CREATE FUNCTION health_run_finish(run bigint, written bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    UPDATE health_run r SET status = CASE r.status WHEN 'held' THEN 'held' ELSE 'done' END, finished_at = pg_catalog.clock_timestamp(), accounts = written
     WHERE r.id OPERATOR(pg_catalog.=) run;
    UPDATE health_source s SET last_as_of = GREATEST(s.last_as_of, r.as_of)
      FROM health_run r WHERE r.id OPERATOR(pg_catalog.=) run AND s.name OPERATOR(pg_catalog.=) r.source;
END
$$;
COMMENT ON FUNCTION health_run_finish(bigint, bigint) IS 'Writes into the row of a run that it is done, unless it is held, and into that of its source the as_of.';

CREATE FUNCTION health_signal_counts(history regclass, scored_at timestamptz,
    OUT signal text, OUT missing bigint, OUT invalid bigint, OUT mean double precision)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_counts';
COMMENT ON FUNCTION health_signal_counts(regclass, timestamptz) IS
'What each signal held in the rows of a history of one time: how many accounts have no value of their own, how many an invalid one, and the mean subscore.';

CREATE FUNCTION health_run_signals(run bigint, history regclass, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO health_run_signal (run, signal, missing, invalid, mean)
    SELECT health_run_signals.run, c.signal, c.missing, c.invalid, c.mean FROM health_signal_counts(history, as_of) c;
END
$$;
COMMENT ON FUNCTION health_run_signals(bigint, regclass, timestamptz) IS 'Writes what each signal held in the rows of a run into health_run_signal.';
-- health_playbook: what is to happen when something happens to an account. Nothing is evaluated here; sql/alert_query.sql does.

CREATE TABLE health_playbook (
    name       text             NOT NULL PRIMARY KEY,
    source     text             REFERENCES health_source (name) ON UPDATE CASCADE ON DELETE CASCADE,
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

COMMENT ON TABLE health_playbook IS 'What is to be done when something happens to an account: each refresh raises alerts by it. No grants to PUBLIC.';
COMMENT ON COLUMN health_playbook.name IS 'The name that alerts carry: 1 to 200 bytes.';
COMMENT ON COLUMN health_playbook.source IS 'The source whose runs it watches; source or model is given.';
COMMENT ON COLUMN health_playbook.model IS 'The model, without version, whose sources it watches, all of them.';
COMMENT ON COLUMN health_playbook.book IS 'Only sources of this book; NULL: of all.';
COMMENT ON COLUMN health_playbook.trigger IS 'One of band, drop, trend, rule, stale, opportunity.';
COMMENT ON COLUMN health_playbook.band IS 'Trigger band: the band that an account has come into since the last run.';
COMMENT ON COLUMN health_playbook.points IS 'Trigger drop: by how many points the score fell, more than 0 up to 100.';
COMMENT ON COLUMN health_playbook.within IS 'Trigger drop: over which time; trigger trend: over which time, NULL for the model''s window.';
COMMENT ON COLUMN health_playbook.direction IS 'Trigger trend: declining or improving.';
COMMENT ON COLUMN health_playbook.rule IS 'Trigger rule: the model''s rule that has fired now and had not in the last run.';
COMMENT ON COLUMN health_playbook.condition IS 'What must be true besides, written as the when of a rule, with the subjects driver and category_drop. An opportunity needs one.';
COMMENT ON COLUMN health_playbook.segment IS 'Only accounts of this segment; NULL: of all.';
COMMENT ON COLUMN health_playbook.action IS 'What is to be done.';
COMMENT ON COLUMN health_playbook.owner IS 'Who is to do it; NULL: the account''s owner.';
COMMENT ON COLUMN health_playbook.due_in IS 'How long that may take, from the as_of of the run.';
COMMENT ON COLUMN health_playbook.severity IS 'One of low, medium, high, critical.';
COMMENT ON COLUMN health_playbook.cooldown IS 'How long after an alert, from its as_of, the same account raises no other by this playbook.';
COMMENT ON COLUMN health_playbook.hysteresis IS 'How many points a score must be beyond the bound of its band, or recover of a drop, before the matter counts as ended: 0 to 50.';
COMMENT ON COLUMN health_playbook.active IS 'Whether it is evaluated.';
COMMENT ON COLUMN health_playbook.run_as IS 'Who added it; only runs of sources of the same role evaluate it.';
COMMENT ON COLUMN health_playbook.created_at IS 'When it was added.';

SELECT pg_catalog.pg_extension_config_dump('health_playbook', '');

CREATE TRIGGER health_playbook_guard BEFORE INSERT OR UPDATE OR DELETE ON health_playbook
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION health_playbook_condition_check(condition jsonb, model jsonb DEFAULT NULL)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_playbook_condition_check';
COMMENT ON FUNCTION health_playbook_condition_check(jsonb, jsonb) IS
'True for a valid condition of a playbook, else 22023 with all errors in DETAIL; with a model document, names that it lacks are errors. NULL for NULL.';

CREATE FUNCTION health_playbook_condition(condition jsonb, as_of timestamptz, score double precision, inputs jsonb, drivers jsonb, drivers_before jsonb DEFAULT NULL)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'health_playbook_condition';
COMMENT ON FUNCTION health_playbook_condition(jsonb, timestamptz, double precision, jsonb, jsonb, jsonb) IS
'Whether the condition of a playbook is true of an account, by what a history keeps of it, and its drivers of an earlier time for category_drop. What is missing is not true. NULL for a NULL condition or as_of.';

-- The document that a playbook's names are those of; NULL where it does not exist (yet).
CREATE FUNCTION health_playbook_model(source text, model text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    wanted text := COALESCE(model, (SELECT s.model FROM health_source s WHERE s.name OPERATOR(pg_catalog.=) health_playbook_model.source));
BEGIN
    RETURN (SELECT m.definition FROM health_model m
             WHERE CASE WHEN wanted OPERATOR(pg_catalog.~) '@[0-9]+$'
                        THEN m.name OPERATOR(pg_catalog.||) '@' OPERATOR(pg_catalog.||) m.version OPERATOR(pg_catalog.=) wanted
                        ELSE m.name OPERATOR(pg_catalog.=) wanted AND m.active END);
END
$$;
COMMENT ON FUNCTION health_playbook_model(text, text) IS 'The model document that a playbook of this source or model is about; NULL where there is none.';

CREATE FUNCTION health_playbook_name(what text, name text, known jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT known OPERATOR(pg_catalog.?) name THEN
        RAISE EXCEPTION 'the model has no % "%"', what, name USING ERRCODE = 'undefined_object',
            DETAIL = 'The playbook would never raise an alert.',
            HINT = COALESCE('There are: ' OPERATOR(pg_catalog.||) (SELECT pg_catalog.string_agg(DISTINCT n.name, ', ') FROM pg_catalog.jsonb_array_elements_text(known) n (name)) OPERATOR(pg_catalog.||) '.',
                pg_catalog.format('It has no %s at all.', what));
    END IF;
END
$$;
COMMENT ON FUNCTION health_playbook_name(text, text, jsonb) IS 'Raises 42704 unless a band, rule or segment that a playbook names is among those of its model.';

-- What is wrong with the columns of a playbook, as the end of a sentence; NULL where nothing is.
CREATE FUNCTION health_playbook_fault(playbook health_playbook)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE
        WHEN playbook.name OPERATOR(pg_catalog.=) '' OR pg_catalog.octet_length(playbook.name) OPERATOR(pg_catalog.>) 200 THEN 'must have a name of 1 to 200 bytes'
        WHEN playbook.trigger NOT IN ('band', 'drop', 'trend', 'rule', 'stale', 'opportunity') THEN
            pg_catalog.format('has the unknown trigger "%s"', playbook.trigger)
        WHEN pg_catalog.num_nonnulls(playbook.source, playbook.model) OPERATOR(pg_catalog.<>) 1 THEN 'needs a source or a model, and not both'
        WHEN playbook.model OPERATOR(pg_catalog.~) '[@{]' THEN 'must name a model without its version'
        WHEN (playbook.band IS NOT NULL) OPERATOR(pg_catalog.<>) (playbook.trigger OPERATOR(pg_catalog.=) 'band') THEN 'must name a band if, and only if, its trigger is band'
        WHEN (playbook.points IS NOT NULL) OPERATOR(pg_catalog.<>) (playbook.trigger OPERATOR(pg_catalog.=) 'drop') THEN 'must have points if, and only if, its trigger is drop'
        WHEN NOT (playbook.points OPERATOR(pg_catalog.>) 0 AND playbook.points OPERATOR(pg_catalog.<=) 100) THEN 'must have points above 0, up to 100'
        WHEN playbook.within IS NULL AND playbook.trigger OPERATOR(pg_catalog.=) 'drop' THEN 'must say within which time the drop happens'
        WHEN playbook.within IS NOT NULL AND playbook.trigger NOT IN ('drop', 'trend') THEN 'has within, which goes with the triggers drop and trend'
        WHEN NOT playbook.within OPERATOR(pg_catalog.>) '0'::interval THEN 'must have a positive within'
        WHEN (playbook.direction IS NOT NULL) OPERATOR(pg_catalog.<>) (playbook.trigger OPERATOR(pg_catalog.=) 'trend') THEN 'must have a direction if, and only if, its trigger is trend'
        WHEN playbook.direction NOT IN ('declining', 'improving') THEN 'must have the direction declining or improving'
        WHEN (playbook.rule IS NOT NULL) OPERATOR(pg_catalog.<>) (playbook.trigger OPERATOR(pg_catalog.=) 'rule') THEN 'must name a rule if, and only if, its trigger is rule'
        WHEN playbook.condition IS NULL AND playbook.trigger OPERATOR(pg_catalog.=) 'opportunity' THEN 'must have a condition: what grows, and which limit is near'
        WHEN playbook.action OPERATOR(pg_catalog.=) '' THEN 'must have an action'
        WHEN playbook.severity NOT IN ('low', 'medium', 'high', 'critical') THEN 'must have the severity low, medium, high or critical'
        WHEN NOT (playbook.due_in OPERATOR(pg_catalog.>=) '0'::interval AND playbook.cooldown OPERATOR(pg_catalog.>=) '0'::interval) THEN 'must not have a negative due_in or cooldown'
        WHEN NOT (playbook.hysteresis OPERATOR(pg_catalog.>=) 0 AND playbook.hysteresis OPERATOR(pg_catalog.<=) 50) THEN 'must have a hysteresis from 0 to 50 points'
    END;
END
$$;
COMMENT ON FUNCTION health_playbook_fault(health_playbook) IS 'What is wrong with the columns of a playbook, in words; NULL where nothing is.';

-- A model may come later, as in a restored dump: that is a warning.
CREATE FUNCTION health_playbook_check()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    fault text := health_playbook_fault(NEW);
    document jsonb;
BEGIN
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION 'invalid playbook "%": it %', NEW.name, fault USING ERRCODE = 'check_violation',
            DETAIL = 'band goes with band; drop with points and within; trend with direction, and within if it is not the model''s window; rule with rule; stale with nothing; opportunity with condition.',
            HINT = 'SELECT * FROM health_playbook_examples(''saas'') shows how they are written.';
    END IF;
    IF NEW.source IS NOT NULL THEN
        PERFORM health_source_get(NEW.source);
    END IF;
    document := health_playbook_model(NEW.source, NEW.model);
    PERFORM health_playbook_condition_check(NEW.condition, document);
    IF document IS NULL THEN
        IF NEW.model IS NOT NULL THEN
            RAISE WARNING 'playbook "%" is about model "%", which does not exist', NEW.name, NEW.model USING HINT = 'It raises nothing until a source is scored with such a model.';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.band IS NOT NULL THEN
        PERFORM health_playbook_name('band', NEW.band, pg_catalog.jsonb_path_query_array(health_model_describe(document), '$.bands[*].band')
            OPERATOR(pg_catalog.||) pg_catalog.jsonb_path_query_array(document, '$.segments[*].patch.bands[*].name'));
    END IF;
    IF NEW.rule IS NOT NULL THEN
        PERFORM health_playbook_name('rule', NEW.rule, pg_catalog.jsonb_path_query_array(document, '$.rules[*].name')
            OPERATOR(pg_catalog.||) pg_catalog.jsonb_path_query_array(document, '$.segments[*].patch.rules[*].name'));
    END IF;
    IF NEW.segment IS NOT NULL THEN
        PERFORM health_playbook_name('segment', NEW.segment, pg_catalog.jsonb_path_query_array(document, '$.segments[*].name'));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION health_playbook_check() IS
'Trigger of health_playbook: whether its columns go together (23514), its condition is valid (22023), and the model has what it names (42704).';

CREATE TRIGGER health_playbook_check BEFORE INSERT OR UPDATE ON health_playbook
    FOR EACH ROW EXECUTE FUNCTION health_playbook_check();
-- Playbooks to begin with: for a model's bands, for decline, and by cause, told from the names of its categories and signals.

-- The part of customer success that a category or signal belongs to, by its name and label; NULL where neither says.
CREATE FUNCTION health_playbook_cause(words text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE
        WHEN words OPERATOR(pg_catalog.~*) '(pay|invoice|overdue|financ|billing|obligation|premium)' THEN 'payments'
        WHEN words OPERATOR(pg_catalog.~*) '(relation|contact|sponsor|meeting|silen|executive)' THEN 'silence'
        WHEN words OPERATOR(pg_catalog.~*) '(sentiment|nps|csat|ces|satisf|survey|voice|advoca|tone)' THEN 'sentiment'
        WHEN words OPERATOR(pg_catalog.~*) '(ticket|support|service|incident|complain|claim|experience|delivery)' THEN 'tickets'
        WHEN words OPERATOR(pg_catalog.~*) '(usage|use|adopt|activ|login|session|engage|frequen|breadth|depth|buying|order|journey|feature)' THEN 'activity'
    END;
END
$$;
COMMENT ON FUNCTION health_playbook_cause(text) IS 'Whether words are about payments, silence, sentiment, tickets or activity; NULL where they are about none.';

-- One condition a cause: a category that fell, or, where the model has none, a signal that takes half of what it could.
CREATE FUNCTION health_playbook_causes(document jsonb)
RETURNS TABLE (cause text, condition jsonb)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    WITH signal AS (
        SELECT s.* FROM pg_catalog.jsonb_to_recordset(health_model_describe(document) OPERATOR(pg_catalog.->) 'signals') AS s (signal text, label text, category text, share numeric)
    ), part AS (
        SELECT DISTINCT health_playbook_cause(s.category) AS cause, pg_catalog.jsonb_build_object('category_drop', s.category, 'ge', 15) AS test
          FROM signal s WHERE s.category IS NOT NULL
        UNION ALL
        SELECT health_playbook_cause(pg_catalog.concat_ws(' ', s.signal, s.label)), pg_catalog.jsonb_build_object('driver', s.signal, 'ge', COALESCE(pg_catalog.trim_scale(pg_catalog.round(s.share OPERATOR(pg_catalog.*) 50, 1)), 5))
          FROM signal s WHERE s.category IS NULL
    )
    SELECT p.cause, pg_catalog.jsonb_build_object('any', pg_catalog.jsonb_agg(p.test ORDER BY p.test)) FROM part p WHERE p.cause IS NOT NULL GROUP BY p.cause;
END
$$;
COMMENT ON FUNCTION health_playbook_causes(jsonb) IS 'What a drop of a score under a model document may be due to, each with the condition that tells.';

-- The two conditions of an opportunity, growth and a limit that is near, where the model measures both.
CREATE FUNCTION health_playbook_growth(document jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    growth CONSTANT text := '(grow|change|increase)';
    near_limit CONSTANT text := '(limit|licen[cs]e|seat|quota|capacity)';
BEGIN
    RETURN (
        WITH signal AS (
            SELECT s.* FROM pg_catalog.jsonb_to_recordset(health_model_describe(document) OPERATOR(pg_catalog.->) 'signals') AS s (signal text, label text, category text)
        ), test AS (
            SELECT 1 AS place, s.category OPERATOR(pg_catalog.~*) near_limit AS is_limit, pg_catalog.jsonb_build_object('category', s.category, 'ge', 60) AS test
              FROM signal s WHERE s.category OPERATOR(pg_catalog.~*) '(grow|limit)'
            UNION ALL
            SELECT 2, pg_catalog.concat_ws(' ', s.signal, s.label) OPERATOR(pg_catalog.~*) near_limit, pg_catalog.jsonb_build_object('subscore', s.signal, 'ge', 90)
              FROM signal s WHERE pg_catalog.concat_ws(' ', s.signal, s.label) OPERATOR(pg_catalog.~*) growth
                               OR pg_catalog.concat_ws(' ', s.signal, s.label) OPERATOR(pg_catalog.~*) near_limit
        ), first AS (
            SELECT DISTINCT ON (t.is_limit) t.is_limit, t.test FROM test t ORDER BY t.is_limit, t.place, t.test
        )
        SELECT pg_catalog.jsonb_build_object('all', pg_catalog.jsonb_agg(f.test ORDER BY f.is_limit)) FROM first f HAVING pg_catalog.count(*) OPERATOR(pg_catalog.=) 2);
END
$$;
COMMENT ON FUNCTION health_playbook_growth(jsonb) IS 'The condition of an opportunity under a model document: it grows, and is near its limit; NULL where the model does not measure that.';

CREATE FUNCTION health_playbook_examples(model text)
RETURNS SETOF health_playbook
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    document jsonb := health_model_get(model);
    name text := pg_catalog.regexp_replace(model, '@[0-9]+$', '');
    expansion boolean := COALESCE(document OPERATOR(pg_catalog.->>) 'purpose', '') OPERATOR(pg_catalog.=) 'expansion';
    bands text[] := (SELECT pg_catalog.array_agg(b.band ORDER BY b.rank)
                       FROM pg_catalog.jsonb_to_recordset(health_model_describe(document) OPERATOR(pg_catalog.->) 'bands') AS b (rank integer, band text));
BEGIN
    RETURN QUERY
    SELECT pg_catalog.format('%s: %s', name, e.title), NULL::text, name, NULL::text, e.trigger, e.band, e.points, e.within, e.direction, NULL::text, e.condition, NULL::text,
           e.action, NULL::text, e.due_in, e.severity, e.cooldown, e.hysteresis, true, current_user::text, pg_catalog.now()
      FROM (
        SELECT x.place, x.title, x.trigger, x.band, NULL::double precision AS points, NULL::interval AS within, NULL::text AS direction, NULL::jsonb AS condition,
               x.action, x.due_in, x.severity, '14 days'::interval AS cooldown, 3::double precision AS hysteresis
          FROM (VALUES (1, 'lowest band', 'band', bands[1], 'Call the customer, agree on a plan with dates, tell the account''s owner''s manager.', '2 days'::interval, 'critical'),
                       (2, 'second band', 'band', CASE WHEN pg_catalog.cardinality(bands) OPERATOR(pg_catalog.>) 2 THEN bands[2] END,
                           'Look at what costs most, and talk about it at the next meeting.', '7 days', 'medium'),
                       (3, 'highest band', 'band', CASE WHEN pg_catalog.cardinality(bands) OPERATOR(pg_catalog.>) 1 THEN bands[pg_catalog.cardinality(bands)] END,
                           'Say thank you; ask for a reference.', '30 days', 'low')) x (place, title, trigger, band, action, due_in, severity)
         WHERE x.band IS NOT NULL AND NOT expansion
        UNION ALL
        SELECT 4, 'decline', 'trend', NULL, NULL, NULL, 'declining', NULL, 'Find out what has changed at the customer before it costs a band.', '7 days', 'medium', '30 days', 0 WHERE NOT expansion
        UNION ALL
        SELECT 5, 'drop, ' OPERATOR(pg_catalog.||) a.title, 'drop', NULL, 15, '30 days', NULL, c.condition, a.action, a.due_in, 'high', '30 days', 3
          FROM health_playbook_causes(document) c
          JOIN (VALUES ('activity', 'less activity', 'Offer training: show the team what they no longer use.', '5 days'::interval),
                       ('tickets', 'trouble with service', 'Go through the open tickets for what comes again and again; name one person who solves it.', '2 days'),
                       ('sentiment', 'sentiment', 'Close the loop: call whoever answered, and tell what is done about it.', '2 days'),
                       ('silence', 'silence', 'Reach the decision-maker; if the sponsor has left, find the next one.', '5 days'),
                       ('payments', 'payments', 'Ask finance what is open, before anybody else writes to the customer.', '3 days')) a (cause, title, action, due_in)
            ON a.cause OPERATOR(pg_catalog.=) c.cause
         WHERE NOT expansion
        UNION ALL
        SELECT 6, 'stale', 'stale', NULL, NULL, NULL, NULL, NULL, 'Ask whoever runs the feed why the data stopped.', '3 days', 'low', '30 days', 0
        UNION ALL
        SELECT 7, 'opportunity', 'opportunity', NULL, NULL, NULL, NULL, g.condition, 'Talk about growth: they are healthy, growing, and near the limit of what they bought.', '14 days', 'low', '90 days', 0
          FROM (SELECT health_playbook_growth(document) AS condition) g WHERE g.condition IS NOT NULL) e
     ORDER BY e.place, e.title;
END
$$;
COMMENT ON FUNCTION health_playbook_examples(text) IS
'Playbooks for a model''s bands, for decline, by cause, and for opportunities, in the columns of health_playbook: INSERT INTO health_playbook SELECT * FROM health_playbook_examples(''saas''). Unknown model: 42704.';
-- health_alert and health_alert_score: what playbooks have raised, what became of it, and the scores afterwards. What people and
-- workers do with an alert is in sql/alert_steps.sql.

CREATE TABLE health_alert (
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
CREATE UNIQUE INDEX health_alert_open_key ON health_alert (source, (COALESCE(playbook, '')), (COALESCE(account_id, '')))
    WHERE status IN ('open', 'acknowledged', 'snoozed');
CREATE INDEX health_alert_account_idx ON health_alert (source, playbook, account_id, as_of);
CREATE INDEX health_alert_claim_idx ON health_alert (due_at) WHERE status IN ('open', 'snoozed');

COMMENT ON TABLE health_alert IS 'What playbooks have raised: one open alert for each account and playbook of a source. No grants to PUBLIC: it names customers.';
COMMENT ON COLUMN health_alert.id IS 'Counts up.';
COMMENT ON COLUMN health_alert.playbook IS 'The playbook that raised it; NULL for a data alert: so many would have been raised that the data is in doubt.';
COMMENT ON COLUMN health_alert.source IS 'The source whose run raised it.';
COMMENT ON COLUMN health_alert.book IS 'The source''s book.';
COMMENT ON COLUMN health_alert.account_id IS 'The account''s id, as text; NULL for a data alert.';
COMMENT ON COLUMN health_alert.run IS 'The run in health_run, while that is kept.';
COMMENT ON COLUMN health_alert.as_of IS 'The time of the scores; scored_at in the history.';
COMMENT ON COLUMN health_alert.trigger IS 'The playbook''s trigger, or data.';
COMMENT ON COLUMN health_alert.reason IS 'What triggered it, in words.';
COMMENT ON COLUMN health_alert.name IS 'The account''s name.';
COMMENT ON COLUMN health_alert.owner IS 'Who is to act: the playbook''s owner, else the account''s.';
COMMENT ON COLUMN health_alert.segment IS 'The account''s segment.';
COMMENT ON COLUMN health_alert.value IS 'What the account is worth.';
COMMENT ON COLUMN health_alert.explanation IS 'The score and its change in words, or what costs most where history keeps no inputs.';
COMMENT ON COLUMN health_alert.action IS 'What is to be done.';
COMMENT ON COLUMN health_alert.severity IS 'One of low, medium, high, critical.';
COMMENT ON COLUMN health_alert.due_at IS 'By when.';
COMMENT ON COLUMN health_alert.score IS 'The score that raised it, 0 to 100.';
COMMENT ON COLUMN health_alert.band IS 'The band of that score.';
COMMENT ON COLUMN health_alert.score_before IS 'The score that it was compared with.';
COMMENT ON COLUMN health_alert.band_before IS 'The band of that score.';
COMMENT ON COLUMN health_alert.status IS 'One of open, acknowledged, snoozed, resolved (by a person), ended (the matter ended before anybody took it up).';
COMMENT ON COLUMN health_alert.raised_at IS 'When it was raised.';
COMMENT ON COLUMN health_alert.claimed_by IS 'The role that claimed it last.';
COMMENT ON COLUMN health_alert.leased_until IS 'Until when nobody else gets it from health_alert_claim().';
COMMENT ON COLUMN health_alert.attempts IS 'How often it has been claimed.';
COMMENT ON COLUMN health_alert.delivered_at IS 'When it was delivered.';
COMMENT ON COLUMN health_alert.ref IS 'Its name where it was delivered to, such as a ticket''s.';
COMMENT ON COLUMN health_alert.acknowledged_at IS 'When somebody took it up.';
COMMENT ON COLUMN health_alert.acknowledged_by IS 'The role that did.';
COMMENT ON COLUMN health_alert.snoozed_until IS 'Until when it is put off; then it is handed out again.';
COMMENT ON COLUMN health_alert.ended_at IS 'The as_of of the run in which the matter had ended, whoever had taken it up. Before that, the playbook raises no other for the account.';
COMMENT ON COLUMN health_alert.resolved_at IS 'When it was resolved, or ended by itself.';
COMMENT ON COLUMN health_alert.resolved_by IS 'The role that resolved it.';
COMMENT ON COLUMN health_alert.action_taken IS 'What was done.';
COMMENT ON COLUMN health_alert.note IS 'What there is to say about it.';
COMMENT ON COLUMN health_alert.run_as IS 'The role whose refresh raised it.';
COMMENT ON SEQUENCE health_alert_id_seq IS 'Numbers the alerts of health_alert.';
COMMENT ON INDEX health_alert_open_key IS 'One open alert for each account and playbook of a source, and one data alert.';
COMMENT ON INDEX health_alert_account_idx IS 'The alerts of an account, in their order.';
COMMENT ON INDEX health_alert_claim_idx IS 'What is to be handed out, the most urgent first.';

CREATE TABLE health_alert_score (
    alert     bigint           NOT NULL REFERENCES health_alert (id) ON DELETE CASCADE,
    scored_at timestamptz      NOT NULL,
    score     double precision,
    band      text,
    PRIMARY KEY (alert, scored_at)
);
COMMENT ON TABLE health_alert_score IS 'The scores of an account for 180 days after its alert was resolved or ended: did it help? No grants to PUBLIC.';
COMMENT ON COLUMN health_alert_score.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN health_alert_score.scored_at IS 'The time of the score.';
COMMENT ON COLUMN health_alert_score.score IS 'The score, 0 to 100.';
COMMENT ON COLUMN health_alert_score.band IS 'Its band.';

SELECT pg_catalog.pg_extension_config_dump('health_alert', '');
SELECT pg_catalog.pg_extension_config_dump('health_alert_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('health_alert_score', '');

-- Alerts come from runs; who may UPDATE the table works on them, and cannot make them somebody else's.
CREATE TRIGGER health_alert_guard BEFORE INSERT OR DELETE OR UPDATE OF id, playbook, source, book, account_id, run, as_of, run_as ON health_alert
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE VIEW health_alert_outcome WITH (security_invoker = true) AS
SELECT a.id AS alert, a.playbook, a.source, a.book, a.account_id, a.name, a.owner, a.segment, a.value, a.as_of, a.status, a.action, a.action_taken, a.resolved_at,
       a.score, a.band, f.score_30_days, f.score_30_days OPERATOR(pg_catalog.-) a.score AS change_30_days,
       f.score_90_days, f.score_90_days OPERATOR(pg_catalog.-) a.score AS change_90_days,
       f.latest_score, f.latest_score OPERATOR(pg_catalog.-) a.score AS latest_change, f.latest_band, f.latest_at
  FROM health_alert a
 -- From the first run after it was over: as_of may be a time in the past, and resolved_at is the clock's.
 CROSS JOIN LATERAL (SELECT pg_catalog.min(s.scored_at) AS first_at FROM health_alert_score s WHERE s.alert OPERATOR(pg_catalog.=) a.id) g
 CROSS JOIN LATERAL (
       SELECT (pg_catalog.array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at OPERATOR(pg_catalog.>=) (g.first_at OPERATOR(pg_catalog.+) '30 days'::interval)))[1] AS score_30_days,
              (pg_catalog.array_agg(s.score ORDER BY s.scored_at) FILTER (WHERE s.scored_at OPERATOR(pg_catalog.>=) (g.first_at OPERATOR(pg_catalog.+) '90 days'::interval)))[1] AS score_90_days,
              (pg_catalog.array_agg(s.score ORDER BY s.scored_at DESC))[1] AS latest_score,
              (pg_catalog.array_agg(s.band ORDER BY s.scored_at DESC))[1] AS latest_band,
              pg_catalog.max(s.scored_at) AS latest_at
         FROM health_alert_score s WHERE s.alert OPERATOR(pg_catalog.=) a.id) f
 WHERE a.playbook IS NOT NULL AND a.status IN ('resolved', 'ended');
COMMENT ON VIEW health_alert_outcome IS 'Alerts that are over, with the account''s scores since: did it help? Those that ended by themselves are what to compare with.';
COMMENT ON COLUMN health_alert_outcome.alert IS 'The alert in health_alert.';
COMMENT ON COLUMN health_alert_outcome.playbook IS 'The playbook that raised it.';
COMMENT ON COLUMN health_alert_outcome.source IS 'The source whose run raised it.';
COMMENT ON COLUMN health_alert_outcome.book IS 'The source''s book.';
COMMENT ON COLUMN health_alert_outcome.account_id IS 'The account''s id, as text.';
COMMENT ON COLUMN health_alert_outcome.name IS 'The account''s name.';
COMMENT ON COLUMN health_alert_outcome.owner IS 'Who was to act.';
COMMENT ON COLUMN health_alert_outcome.segment IS 'The account''s segment.';
COMMENT ON COLUMN health_alert_outcome.value IS 'What the account was worth.';
COMMENT ON COLUMN health_alert_outcome.as_of IS 'The time of the scores that raised it.';
COMMENT ON COLUMN health_alert_outcome.status IS 'How it ended: resolved by a person, or ended by itself.';
COMMENT ON COLUMN health_alert_outcome.action IS 'What was to be done.';
COMMENT ON COLUMN health_alert_outcome.action_taken IS 'What was done; NULL where nobody did anything.';
COMMENT ON COLUMN health_alert_outcome.resolved_at IS 'When it was over.';
COMMENT ON COLUMN health_alert_outcome.score IS 'The score that raised it.';
COMMENT ON COLUMN health_alert_outcome.band IS 'The band of that score.';
COMMENT ON COLUMN health_alert_outcome.score_30_days IS 'The first score 30 days or more after the first run since it was over.';
COMMENT ON COLUMN health_alert_outcome.change_30_days IS 'That score less the one that raised it.';
COMMENT ON COLUMN health_alert_outcome.score_90_days IS 'The first score 90 days or more after the first run since it was over.';
COMMENT ON COLUMN health_alert_outcome.change_90_days IS 'That score less the one that raised it.';
COMMENT ON COLUMN health_alert_outcome.latest_score IS 'The latest score since.';
COMMENT ON COLUMN health_alert_outcome.latest_change IS 'That score less the one that raised it.';
COMMENT ON COLUMN health_alert_outcome.latest_band IS 'The band of the latest score.';
COMMENT ON COLUMN health_alert_outcome.latest_at IS 'The time of the latest score.';
-- What workers and people do with an alert: claim, deliver, acknowledge, snooze, resolve.

CREATE FUNCTION health_alert_get(id bigint)
RETURNS health_alert
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    found health_alert;
BEGIN
    SELECT a.* INTO found FROM health_alert a WHERE a.id OPERATOR(pg_catalog.=) health_alert_get.id FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'unknown alert %', COALESCE(id::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, name, reason FROM health_alert WHERE status = ''open'' lists what is open.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_get(bigint) IS 'An alert''s row of health_alert, locked until the end of the transaction. Unknown: 42704.';

CREATE FUNCTION health_alert_require_open(id bigint)
RETURNS health_alert
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    found health_alert := health_alert_get(id);
BEGIN
    IF found.status IN ('resolved', 'ended') THEN
        RAISE EXCEPTION 'alert % is over', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = CASE found.status
                WHEN 'resolved' THEN pg_catalog.format('%s resolved it at %s.', found.resolved_by, found.resolved_at)
                ELSE pg_catalog.format('The matter had ended at %s.', found.ended_at) END,
            HINT = 'If it comes up again, the playbook raises another.';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION health_alert_require_open(bigint) IS 'An alert''s row of health_alert, locked until the end of the transaction. Unknown: 42704; resolved or ended: 55000.';

-- A lease, not a lock: a worker that dies loses it, and no transaction stays open while it talks to the world.
CREATE FUNCTION health_alert_claim(n integer DEFAULT 1, lease interval DEFAULT '5 minutes', source text DEFAULT NULL)
RETURNS SETOF health_alert
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF NOT (n OPERATOR(pg_catalog.>) 0 AND lease OPERATOR(pg_catalog.>) '0'::interval) IS TRUE THEN
        RAISE EXCEPTION 'n and lease must be positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT * FROM health_alert_claim(10, ''5 minutes'').';
    END IF;
    RETURN QUERY
    WITH free AS MATERIALIZED (
        SELECT a.id FROM health_alert a
         WHERE (a.status OPERATOR(pg_catalog.=) 'open' AND a.delivered_at IS NULL
                OR a.status OPERATOR(pg_catalog.=) 'snoozed' AND a.snoozed_until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp())
           AND (a.leased_until IS NULL OR a.leased_until OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp())
           AND (health_alert_claim.source IS NULL OR a.source OPERATOR(pg_catalog.=) health_alert_claim.source)
         ORDER BY a.due_at, a.id
         LIMIT n FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE health_alert a
           SET status = 'open', snoozed_until = NULL, delivered_at = NULL, claimed_by = current_user, attempts = a.attempts OPERATOR(pg_catalog.+) 1,
               leased_until = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) lease
          FROM free WHERE a.id OPERATOR(pg_catalog.=) free.id
        RETURNING a.*)
    SELECT c.* FROM claimed c ORDER BY c.due_at, c.id;
END
$$;
COMMENT ON FUNCTION health_alert_claim(integer, interval, text) IS
'Hands out up to n alerts that are to be delivered, the soonest due first, and to nobody else before the lease ends; of one source, if named. Several workers may call it at once. Also what was snoozed until now.';

CREATE FUNCTION health_alert_delivered(id bigint, ref text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    alert health_alert := health_alert_get(id);
BEGIN
    IF alert.attempts OPERATOR(pg_catalog.=) 0 THEN
        RAISE EXCEPTION 'alert % has not been claimed', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'Another worker could deliver it too.', HINT = 'SELECT * FROM health_alert_claim() hands alerts out.';
    END IF;
    -- Two may have delivered it, where a lease ended in between: the first counts.
    IF alert.delivered_at IS NOT NULL THEN
        RETURN false;
    END IF;
    UPDATE health_alert a SET delivered_at = pg_catalog.clock_timestamp(), leased_until = NULL, ref = COALESCE(health_alert_delivered.ref, a.ref)
     WHERE a.id OPERATOR(pg_catalog.=) alert.id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION health_alert_delivered(bigint, text) IS
'Notes that an alert was delivered, and how it is called there. False where it was noted before. Unknown: 42704; never claimed: 55000.';

CREATE FUNCTION health_alert_ack(id bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF alert.status OPERATOR(pg_catalog.=) 'acknowledged' THEN
        RAISE EXCEPTION 'alert % is taken', id USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('%s took it up at %s.', alert.acknowledged_by, alert.acknowledged_at),
            HINT = 'Whoever is done with it calls health_alert_resolve().';
    END IF;
    UPDATE health_alert a SET status = 'acknowledged', snoozed_until = NULL, leased_until = NULL, acknowledged_at = pg_catalog.clock_timestamp(), acknowledged_by = current_user
     WHERE a.id OPERATOR(pg_catalog.=) alert.id;
END
$$;
COMMENT ON FUNCTION health_alert_ack(bigint) IS
'The current role takes an alert up: it is not handed out, and does not end by itself. Unknown: 42704; taken or over: 55000.';

CREATE FUNCTION health_alert_snooze(id bigint, until timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF NOT (until OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() AND pg_catalog.isfinite(until)) IS TRUE THEN
        RAISE EXCEPTION 'an alert is snoozed until a time to come' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_alert_snooze(1, now() + interval ''1 week'').';
    END IF;
    UPDATE health_alert a SET status = 'snoozed', snoozed_until = until, leased_until = NULL WHERE a.id OPERATOR(pg_catalog.=) alert.id;
END
$$;
COMMENT ON FUNCTION health_alert_snooze(bigint, timestamptz) IS
'Puts an alert off: health_alert_claim() hands it out again after that time. Unknown: 42704; over: 55000; not to come: 22023.';

CREATE FUNCTION health_alert_resolve(id bigint, action text, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    alert health_alert := health_alert_require_open(id);
BEGIN
    IF COALESCE(action, '') OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'what was done must be said' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'Whether it helped is asked by action.', HINT = 'For example: SELECT health_alert_resolve(1, ''training'', ''two sessions with the new team'').';
    END IF;
    UPDATE health_alert a SET status = 'resolved', snoozed_until = NULL, leased_until = NULL, resolved_at = pg_catalog.clock_timestamp(), resolved_by = current_user,
           action_taken = health_alert_resolve.action, note = health_alert_resolve.note
     WHERE a.id OPERATOR(pg_catalog.=) alert.id;
END
$$;
COMMENT ON FUNCTION health_alert_resolve(bigint, text, text) IS
'Ends an alert with what was done. The account''s scores are followed for 180 days. Unknown: 42704; over: 55000; no action: 22004.';
-- How a run's alerts are found: one statement over the rows of the run and those of the last run that was not held, a SELECT for
-- each kind of trigger. Nothing is written here but the text; sql/run_alerts.sql executes it, under search_path pg_catalog.

CREATE FUNCTION health_run_base(source text, as_of timestamptz, within interval DEFAULT '0')
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT COALESCE(pg_catalog.max(r.as_of) FILTER (WHERE r.as_of OPERATOR(pg_catalog.<=) (health_run_base.as_of OPERATOR(pg_catalog.-) within)), pg_catalog.min(r.as_of))
          -- Of several runs as of one time, the last says what its rows are worth.
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source OPERATOR(pg_catalog.=) health_run_base.source AND r.as_of OPERATOR(pg_catalog.<) health_run_base.as_of AND r.status IN ('done', 'held')
                 ORDER BY r.as_of, r.id DESC) r
         WHERE r.status OPERATOR(pg_catalog.=) 'done');
END
$$;
COMMENT ON FUNCTION health_run_base(text, timestamptz, interval) IS
'The as_of of the run to compare with: the newest one, not held, at least within before as_of, else the oldest after that; NULL for a first run.';

CREATE FUNCTION health_runs_held(source text)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN COALESCE((
        SELECT pg_catalog.array_agg(r.as_of)
          FROM (SELECT DISTINCT ON (r.as_of) r.as_of, r.status FROM health_run r
                 WHERE r.source OPERATOR(pg_catalog.=) health_runs_held.source AND r.status IN ('done', 'held') ORDER BY r.as_of, r.id DESC) r
         WHERE r.status OPERATOR(pg_catalog.=) 'held'), '{}');
END
$$;
COMMENT ON FUNCTION health_runs_held(text) IS 'The times of a source''s runs that are held: nothing is compared with their rows.';

CREATE FUNCTION health_alert_playbooks(source health_source)
RETURNS SETOF health_playbook
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
BEGIN
    RETURN QUERY
    SELECT p.* FROM health_playbook p
     WHERE p.active AND p.run_as OPERATOR(pg_catalog.=) source.run_as AND (p.book IS NULL OR p.book OPERATOR(pg_catalog.=) source.book)
       AND (p.source OPERATOR(pg_catalog.=) source.name OR p.model OPERATOR(pg_catalog.=) pg_catalog.regexp_replace(source.model, '@[0-9]+$', ''));
END
$$;
COMMENT ON FUNCTION health_alert_playbooks(health_source) IS 'The active playbooks that watch a source.';

-- In the texts below $1 is the as_of, $2 that of the run to compare with, $3 the held times. The relation playbook has those that
-- watch the source; pair has the accounts of the run, each beside its score in the run to compare with; moment the as_of (at),
-- and since when trends are looked at.

-- What the last run did not score is looked up: the newest row with a score up to then. Asked for each account, answered for few.
CREATE FUNCTION health_alert_earlier(history text, asked text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format($sql$LATERAL (SELECT h.score, h.band, h.scored_at, h.drivers FROM %s h
             WHERE %s AND h.account_id = n.account_id AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
             ORDER BY h.scored_at DESC LIMIT 1)$sql$, history, asked);
END
$$;
COMMENT ON FUNCTION health_alert_earlier(text, text) IS 'SQL: the newest row with a score that a history has of account n up to the last run, where it is asked for.';

-- tolerance and window are those of the model, unless the playbook has its own time.
CREATE FUNCTION health_alert_trend(source health_source, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    trend jsonb := COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.->) 'trend', '{}');
BEGIN
    RETURN pg_catalog.format('%s.health_trend_stats(h.score, h.scored_at, %L::float8) FILTER (WHERE h.scored_at > $1 - COALESCE(p.within, %L::interval) AND h.scored_at <= $1 AND h.scored_at <> ALL ($3))',
        home, COALESCE(trend OPERATOR(pg_catalog.->>) 'tolerance', '5'), COALESCE(trend OPERATOR(pg_catalog.->>) 'window', '30 days'));
END
$$;
COMMENT ON FUNCTION health_alert_trend(health_source, text) IS 'SQL: the trend that playbook p asks for, as an aggregate over history h.';

-- A history that is gone or somebody else's is the other source's affair: its own refresh says so.
CREATE FUNCTION health_alert_at_risk(source health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    other health_source;
    tests text := '';
BEGIN
    FOR other IN SELECT o.* FROM health_source o
                  WHERE o.book OPERATOR(pg_catalog.=) source.book AND o.run_as OPERATOR(pg_catalog.=) source.run_as AND o.name OPERATOR(pg_catalog.<>) source.name
                    AND o.last_as_of IS NOT NULL LOOP
        BEGIN
            PERFORM health_history_relation(other);
            tests := tests OPERATOR(pg_catalog.||) pg_catalog.format(
                ' AND NOT EXISTS (SELECT FROM %I.%I o WHERE o.account_id::text = n.id AND o.scored_at = %L AND o.band_rank = 1)',
                other.history_schema, other.history_name, pg_catalog.to_char(other.last_as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'));
        EXCEPTION WHEN insufficient_privilege OR undefined_table THEN
            NULL;
        END;
    END LOOP;
    RETURN tests;
END
$$;
COMMENT ON FUNCTION health_alert_at_risk(health_source) IS 'SQL: that no other source of the book has account n in its lowest band.';

CREATE FUNCTION health_alert_candidates(source health_source, playbook health_playbook, as_of timestamptz, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN CASE playbook.trigger
    WHEN 'band' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, COALESCE(n.score_before, e.score), COALESCE(n.band_before, e.band), COALESCE(e.scored_at, $2),
               CASE WHEN COALESCE(n.band_before, e.band) <> n.band THEN format('in %%s, before in %%s', n.band, COALESCE(n.band_before, e.band)) ELSE format('again in %%s', n.band) END,
               COALESCE(n.band_before, e.band) <> n.band
          FROM playbook p JOIN pair n ON n.band = p.band LEFT JOIN %s e ON true
         WHERE p.trigger = 'band'$sql$, health_alert_earlier(history, 'n.score_before IS NULL'))
    WHEN 'rule' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.account_id::text, n.score, n.band, n.segment, e.score, e.band, e.scored_at,
               format('rule %%s fired', p.rule), NOT e.drivers @> p.fired
          FROM playbook p JOIN %1$s n ON n.drivers @> p.fired JOIN %2$s e ON true
         WHERE p.trigger = 'rule' AND n.scored_at = $1$sql$, history, health_alert_earlier(history, 'true'))
    WHEN 'stale' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, 'too little data for a score', n.score_before IS NOT NULL
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'stale' AND n.score IS NULL AND n.known
        UNION ALL
        SELECT p.name, b.account_id, b.account_id::text, NULL, NULL, b.segment, b.score, b.band, $2, 'no row within max_staleness', true
          FROM playbook p CROSS JOIN %s b
         WHERE %L AND p.trigger = 'stale' AND b.scored_at = $2 AND b.score IS NOT NULL AND NOT EXISTS (SELECT FROM pair n WHERE n.account_id = b.account_id)$sql$,
        history, source.max_staleness IS NOT NULL)
    WHEN 'opportunity' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, n.score_before, n.band_before, $2, format('in %%s, and the condition holds', n.band), true
          FROM playbook p CROSS JOIN pair n
         WHERE p.trigger = 'opportunity' AND n.known AND n.band = %s.health_band(n.model || '@' || n.model_version, 100::float8, n.segment)%s$sql$, home, health_alert_at_risk(source))
    WHEN 'trend' THEN pg_catalog.format($sql$
        SELECT p.name, n.account_id, n.id, n.score, n.band, n.segment, (t.trend).first_score, f.band, (t.trend).from_at,
               format('%%s since %%s', p.direction, to_char((t.trend).from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')), true
          FROM (SELECT p.name, h.account_id, %2$s AS trend FROM playbook p CROSS JOIN %1$s h 
                 WHERE p.trigger = 'trend' AND h.scored_at <= $1 AND h.scored_at > (SELECT m.since FROM moment m) GROUP BY p.name, h.account_id) t
          JOIN playbook p ON p.name = t.name AND p.direction = (t.trend).direction
          JOIN pair n ON n.account_id = t.account_id
          LEFT JOIN LATERAL (SELECT h.band FROM %1$s h WHERE h.account_id = t.account_id AND h.scored_at = (t.trend).from_at OFFSET 0) f ON true
         WHERE n.known AND n.score IS NOT NULL$sql$, history, health_alert_trend(source, home))
    WHEN 'drop' THEN pg_catalog.format($sql$
        SELECT p.name, b.account_id, b.id, b.score, b.band, b.segment, b.score_before, b.band_before, b.before_at,
               format('down %%s within %%s, from %%s', trim_scale(round((b.score_before - b.score)::numeric, 1)), p.within, trim_scale(round(b.score_before::numeric, 1))), true
          FROM (SELECT n.account_id, n.id, n.score, n.band, n.segment, COALESCE(d.score, e.score) AS score_before,
                       CASE WHEN d.score IS NULL THEN e.band ELSE d.band END AS band_before, CASE WHEN d.score IS NULL THEN e.scored_at ELSE d.scored_at END AS before_at
                  FROM pair n
                  LEFT JOIN (SELECT h.account_id, h.score, h.band, h.scored_at FROM %1$s h WHERE h.scored_at = %2$L) d ON d.account_id = n.account_id
                  LEFT JOIN LATERAL (SELECT h.score, h.band, h.scored_at FROM %1$s h
                         WHERE d.score IS NULL AND h.account_id = n.account_id AND h.scored_at > %2$L AND h.scored_at <= $2 AND h.scored_at <> ALL ($3) AND h.score IS NOT NULL
                         ORDER BY h.scored_at LIMIT 1) e ON true
                 -- What no playbook is interested in is sorted out before they are asked one by one.
                 WHERE COALESCE(d.score, e.score) - n.score >= (SELECT min(p.points) FROM playbook p WHERE p.trigger = 'drop' AND p.within = %3$L) OFFSET 0) b
          JOIN playbook p ON b.score_before - b.score >= p.points
         WHERE p.trigger = 'drop' AND p.within = %3$L$sql$,
        history, pg_catalog.to_char(health_run_base(source.name, as_of, playbook.within) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), playbook.within)
    END;
END
$$;
COMMENT ON FUNCTION health_alert_candidates(health_source, health_playbook, timestamptz, text, text) IS
'SQL: the accounts of a run that have what a playbook and those like it watch for: what they were compared with, why, and whether the matter has begun since.';

-- Whether the matter of alert a has ended for account n.
CREATE FUNCTION health_alert_has_ended(source health_source, history text, home text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.format($sql$CASE a.trigger
        WHEN 'band' THEN n.band <> a.band AND %2$s.health_band(n.model || '@' || n.model_version, GREATEST(n.score - p.hysteresis, 0), n.segment) <> a.band
                         AND %2$s.health_band(n.model || '@' || n.model_version, LEAST(n.score + p.hysteresis, 100), n.segment) <> a.band
        WHEN 'drop' THEN n.score > a.score_before - p.points + p.hysteresis
        WHEN 'stale' THEN n.score IS NOT NULL
        WHEN 'rule' THEN NOT EXISTS (SELECT FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m)
                                        AND (h.score IS NULL OR h.drivers @> p.fired))
        WHEN 'trend' THEN (SELECT (%3$s).direction FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at > (SELECT m.since FROM moment m)) <> p.direction
        WHEN 'opportunity' THEN n.band <> a.band OR NOT (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers)
                                                          FROM %1$s h WHERE h.account_id = n.account_id AND h.scored_at = (SELECT m.at FROM moment m))
        END$sql$, history, home, health_alert_trend(source, home));
END
$$;
COMMENT ON FUNCTION health_alert_has_ended(health_source, text, text) IS 'SQL: whether what raised alert a by playbook p has ended for account n.';

CREATE FUNCTION health_alert_query(source health_source, as_of timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_class c
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                   WHERE c.oid OPERATOR(pg_catalog.=) 'health_source'::regclass);
    candidates text := (
        SELECT COALESCE(pg_catalog.string_agg(health_alert_candidates(source, p, as_of, history, home), ' UNION ALL '),
                        'SELECT NULL::text, n.account_id, n.id, n.score, n.band, n.segment, n.score, n.band, $2, NULL::text, false FROM pair n WHERE false')
          -- One SELECT a trigger; drops within the same time are compared with the same run.
          FROM (SELECT DISTINCT ON (p.trigger, CASE p.trigger WHEN 'drop' THEN p.within END) p.* FROM health_alert_playbooks(source) p) AS p);
    -- An explanation needs the inputs; it compares by one version of the model, and cannot take a named segment along.
    explanation text := CASE WHEN NOT source.keep_inputs THEN 'NULL' WHEN source.segment_column IS NULL THEN pg_catalog.format(
            'COALESCE(%1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, b.inputs, h.scored_at, b.scored_at), %1$s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at))', home)
        ELSE pg_catalog.format('%s.health_explain(h.model || ''@'' || h.model_version, h.inputs, h.scored_at, COALESCE(h.segment, ''''))', home) END;
BEGIN
    -- $4 the source, $5 its book, $6 the run, $7 the share above which alerts are held.
    RETURN pg_catalog.format($sql$
        WITH playbook AS MATERIALIZED (
            SELECT p.*, jsonb_build_array(jsonb_build_object('kind', 'rule', 'driver', p.rule)) AS fired
              FROM %2$s.health_source s CROSS JOIN LATERAL %2$s.health_alert_playbooks(s) p WHERE s.name = $4
        ), moment AS MATERIALIZED (
            -- Not $1: of a time that the statistics do not know yet, the planner would expect one row, and look an account up by it.
            SELECT $1::timestamptz AS at, $1 - max(COALESCE(p.within, %6$L::interval)) AS since FROM playbook p WHERE p.trigger = 'trend'
        ), pair AS MATERIALIZED (
            SELECT n.account_id, n.account_id::text AS id, n.score, n.band, n.segment, n.model, n.model_version, b.score AS score_before, b.band AS band_before, b.account_id IS NOT NULL AS known
              FROM (SELECT h.account_id, h.score, h.band, h.segment, h.model, h.model_version FROM %1$s h WHERE h.scored_at = $1) n
              LEFT JOIN (SELECT h.account_id, h.score, h.band FROM %1$s h WHERE h.scored_at = $2) b ON b.account_id = n.account_id
        ), candidate (playbook, account_id, id, score, band, segment, score_before, band_before, before_at, reason, begun) AS (
            %3$s
        ), latest AS (
            SELECT DISTINCT ON (a.playbook, a.account_id) a.playbook, a.account_id, a.as_of, a.status, a.ended_at
              FROM %2$s.health_alert a WHERE a.source = $4 AND a.playbook IS NOT NULL ORDER BY a.playbook, a.account_id, a.as_of DESC, a.id DESC
        ), raised AS MATERIALIZED (
            SELECT c.* FROM candidate c JOIN playbook p ON p.name = c.playbook
              LEFT JOIN latest l ON l.playbook = c.playbook AND l.account_id = c.id
             WHERE (p.segment IS NULL OR p.segment = c.segment)
               -- After an alert it takes the end of the matter, and the cooldown; then it may be raised though the last run saw it too.
               AND CASE WHEN l.account_id IS NULL THEN c.begun
                        ELSE l.status IN ('resolved', 'ended') AND l.as_of < $1 AND l.as_of <= $1 - p.cooldown
                             AND (l.ended_at IS NOT NULL OR p.trigger = 'drop' AND l.as_of <= $1 - p.within) END
               AND (p.condition IS NULL
                    OR (SELECT %2$s.health_playbook_condition(p.condition, $1, h.score, h.inputs, h.drivers,
                                   (SELECT b.drivers FROM %1$s b WHERE b.account_id = c.account_id AND b.scored_at = c.before_at))
                          FROM %1$s h WHERE h.account_id = c.account_id AND h.scored_at = (SELECT m.at FROM moment m)))
        ), verdict AS MATERIALIZED (
            SELECT t.alerts, t.accounts, t.book, t.accounts > $7 * t.book AS held
              -- A stale account is no longer in the run.
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
               -- Whoever holds an alert in an open transaction does not hold up the run; the next one looks again.
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
        history, home, candidates, explanation, health_alert_has_ended(source, history, home),
        COALESCE(health_model_get(source.model) OPERATOR(pg_catalog.#>>) '{trend,window}', '30 days'));
END
$$;
COMMENT ON FUNCTION health_alert_query(health_source, timestamptz) IS
'The statement that raises, ends and follows the alerts of a run. Returns how many alerts, about how many accounts, of how many, and whether they are held. $1 to $7 are what health_alert_execute() gives it.';
-- The alerts of a run: raised in the transaction that writes its rows, held where they are too many, released by a person.

-- Of rows that were written a moment ago the planner knows nothing, or, where autovacuum came by meanwhile, that there are none:
-- accounts would be looked up by their time instead of their id, each among all the others.
CREATE FUNCTION health_history_analyze(history regclass, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '3s'
AS $$
DECLARE
    partition regclass;
BEGIN
    EXECUTE pg_catalog.format('SELECT h.tableoid::pg_catalog.regclass FROM %s h WHERE h.scored_at OPERATOR(pg_catalog.=) $1 LIMIT 1', history) INTO partition USING as_of;
    IF partition IS NOT NULL THEN
        EXECUTE pg_catalog.format('ANALYZE %s (account_id, scored_at)', partition);
    END IF;
EXCEPTION WHEN lock_not_available THEN
    -- Somebody vacuums or analyses it; then it is known soon enough.
    NULL;
END
$$;
COMMENT ON FUNCTION health_history_analyze(regclass, timestamptz) IS
'Gathers the planner''s statistics of a history''s ids and times, for the month of a time; gives up after three seconds where somebody holds it.';

-- Without them a loop over a million rows would take minutes: loops are put off.
-- What they then seem to cost would call in the JIT compiler, for longer than the statement takes. All names in it are
-- qualified, all operators those of Postgres.
CREATE FUNCTION health_alert_execute(query text, as_of timestamptz, base timestamptz, held_times timestamptz[], source text, book text, run bigint, hold_above double precision,
    OUT alerts bigint, OUT accounts bigint, OUT of_accounts bigint, OUT held boolean)
RETURNS record
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off
SET jit = off
SET intervalstyle = 'postgres'
AS $$
BEGIN
    EXECUTE query INTO alerts, accounts, of_accounts, held USING as_of, base, held_times, source, book, run, hold_above;
END
$$;
COMMENT ON FUNCTION health_alert_execute(text, timestamptz, timestamptz, timestamptz[], text, text, bigint, double precision) IS
'Executes what health_alert_query() returns. Used by health_run_alerts.';

-- What has changed most in the signals: the feed that stopped.
CREATE FUNCTION health_run_suspects(run bigint, source text, base timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT pg_catalog.string_agg(pg_catalog.format('%s: missing in %s, before in %s; mean subscore %s, before %s', s.signal, s.missing, s.missing_before,
                   COALESCE(pg_catalog.round(s.mean::numeric, 1)::text, 'none'), COALESCE(pg_catalog.round(s.mean_before::numeric, 1)::text, 'none')), E'\n'
                   ORDER BY s.place)
          FROM (SELECT n.signal, n.missing, n.mean, b.missing AS missing_before, b.mean AS mean_before,
                       pg_catalog.row_number() OVER (ORDER BY pg_catalog.abs(n.missing OPERATOR(pg_catalog.-) b.missing) DESC,
                                                              pg_catalog.abs(COALESCE(n.mean, 0) OPERATOR(pg_catalog.-) COALESCE(b.mean, 0)) DESC, n.signal) AS place
                  FROM health_run_signal n
                  JOIN health_run_signal b ON b.signal OPERATOR(pg_catalog.=) n.signal
                 WHERE n.run OPERATOR(pg_catalog.=) health_run_suspects.run
                   AND b.run OPERATOR(pg_catalog.=) (SELECT pg_catalog.max(r.id) FROM health_run r WHERE r.source OPERATOR(pg_catalog.=) health_run_suspects.source
                                                        AND r.as_of OPERATOR(pg_catalog.=) base AND r.status OPERATOR(pg_catalog.=) 'done')) s
         WHERE s.place OPERATOR(pg_catalog.<=) 3);
END
$$;
COMMENT ON FUNCTION health_run_suspects(bigint, text, timestamptz) IS 'The three signals of a run that differ most from those of the run before, in words.';

CREATE FUNCTION health_alert_notify(source text, run bigint, count bigint)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    IF count OPERATOR(pg_catalog.>) 0 THEN
        -- Anybody may listen: nothing of an account is said.
        PERFORM pg_catalog.pg_notify('health_alert', pg_catalog.json_build_object('source', source, 'run', run, 'count', count)::text);
    END IF;
END
$$;
COMMENT ON FUNCTION health_alert_notify(text, bigint, bigint) IS 'NOTIFY health_alert with the source, the run and the number of alerts, if there are any.';

-- Backfills, and runs as of a time before the latest one, write the past: they raise nothing.
CREATE FUNCTION health_run_alerts(run bigint, source health_source, release boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    this health_run;
    base timestamptz;
    outcome record;
    raised bigint;
BEGIN
    -- health_refresh_check() has refused those who have playbooks and may not raise alerts.
    IF NOT (pg_catalog.has_table_privilege('health_playbook', 'SELECT') AND pg_catalog.has_table_privilege('health_alert', 'SELECT')) THEN
        RETURN 0;
    END IF;
    SELECT r.* INTO this FROM health_run r WHERE r.id OPERATOR(pg_catalog.=) health_run_alerts.run;
    base := health_run_base(source.name, this.as_of);
    IF this.backfill OR base IS NULL
       OR EXISTS (SELECT FROM health_run r WHERE r.source OPERATOR(pg_catalog.=) source.name AND r.as_of OPERATOR(pg_catalog.>) this.as_of AND r.status IN ('done', 'held'))
       OR NOT EXISTS (SELECT FROM health_alert_playbooks(source)) AND NOT EXISTS (SELECT FROM health_alert a WHERE a.source OPERATOR(pg_catalog.=) source.name) THEN
        RETURN 0;
    END IF;
    PERFORM health_history_analyze(health_history_relation(source), this.as_of);
    outcome := health_alert_execute(health_alert_query(source, this.as_of), this.as_of, base, pg_catalog.array_remove(health_runs_held(source.name), this.as_of), source.name, source.book, run,
        CASE WHEN release THEN 'Infinity' ELSE source.hold_alerts_above END);
    UPDATE health_run r SET alerts = outcome.alerts, status = CASE WHEN outcome.held THEN 'held' ELSE r.status END WHERE r.id OPERATOR(pg_catalog.=) run;
    IF outcome.held THEN
        INSERT INTO health_alert (source, book, run, as_of, trigger, reason, explanation, action, severity, due_at)
        SELECT source.name, source.book, run, this.as_of, 'data',
                pg_catalog.format('%s alerts about %s of %s accounts are held: more than %s %% of the book', outcome.alerts, outcome.accounts, outcome.of_accounts, pg_catalog.trim_scale(pg_catalog.round(source.hold_alerts_above::numeric OPERATOR(pg_catalog.*) 100, 1))),
                health_run_suspects(run, source.name, base),
                pg_catalog.format('Look whether a feed has stopped. If the scores are right: SELECT health_run_release(%s).', run), 'high', this.as_of OPERATOR(pg_catalog.+) '1 day'::interval
         WHERE NOT EXISTS (SELECT FROM health_alert a WHERE a.source OPERATOR(pg_catalog.=) source.name AND a.playbook IS NULL AND a.status NOT IN ('resolved', 'ended'));
        GET DIAGNOSTICS raised = ROW_COUNT;
        PERFORM health_alert_notify(source.name, run, raised);
        RETURN 0;
    END IF;
    UPDATE health_alert a SET status = 'ended', ended_at = this.as_of, resolved_at = pg_catalog.clock_timestamp()
     -- Whoever holds it in an open transaction does not hold up the run.
     WHERE a.id IN (SELECT d.id FROM health_alert d WHERE d.source OPERATOR(pg_catalog.=) source.name AND d.playbook IS NULL
                       AND d.status IN ('open', 'snoozed') AND d.acknowledged_at IS NULL FOR UPDATE SKIP LOCKED);
    PERFORM health_alert_notify(source.name, run, outcome.alerts);
    RETURN outcome.alerts;
END
$$;
COMMENT ON FUNCTION health_run_alerts(bigint, health_source, boolean) IS
'Raises, ends and follows the alerts of a run, and returns how many it raised; where they are too many, the run is held instead, with one data alert, unless release. First runs, backfills and runs of the past raise nothing.';

CREATE FUNCTION health_run_release(run bigint)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    this health_run;
    later bigint;
    raised bigint;
BEGIN
    SELECT r.* INTO this FROM health_run r WHERE r.id OPERATOR(pg_catalog.=) health_run_release.run;
    IF this.id IS NULL THEN
        RAISE EXCEPTION 'unknown run %', COALESCE(run::text, 'NULL') USING ERRCODE = 'undefined_object',
            HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists those that can be released.';
    END IF;
    PERFORM health_source_lock(this.source);
    PERFORM health_refresh_check(health_source_get(this.source), pg_catalog.now());
    SELECT r.* INTO this FROM health_run r WHERE r.id OPERATOR(pg_catalog.=) health_run_release.run;
    IF this.status OPERATOR(pg_catalog.<>) 'held' THEN
        RAISE EXCEPTION 'run % is not held', run USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('It is %s.', this.status), HINT = 'SELECT id, source FROM health_run WHERE status = ''held'' lists those that can be released.';
    END IF;
    SELECT pg_catalog.max(r.id) INTO later FROM health_run r
     WHERE r.source OPERATOR(pg_catalog.=) this.source AND r.status IN ('done', 'held') AND r.id OPERATOR(pg_catalog.>) this.id AND r.as_of OPERATOR(pg_catalog.>=) this.as_of;
    IF later IS NOT NULL THEN
        RAISE EXCEPTION 'run % of source "%" is overtaken', run, this.source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('Run %s came later, and was compared with the last run that was not held.', later), HINT = 'Release that one, if it is held.';
    END IF;
    raised := health_run_alerts(run, health_source_get(this.source), true);
    UPDATE health_run r SET status = 'done' WHERE r.id OPERATOR(pg_catalog.=) run;
    RETURN raised;
END
$$;
COMMENT ON FUNCTION health_run_release(bigint) IS
'Raises the alerts of a run that is held, and returns how many. Unknown: 42704; not held, or overtaken by a later run: 55000; being refreshed: 55P03.';
-- What a run writes: the second transaction of a refresh, without its COMMIT.

-- The second transaction of a refresh: the rows of one as_of, and what hangs on them. Whatever is derived from the rows of a
-- run belongs between the INSERT and health_run_finish, so that it is committed with them or not at all.
CREATE FUNCTION health_run_write(run bigint, source health_source, as_of timestamptz, replace boolean, path text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET health_score.as_of = ''
AS $$
DECLARE
    history regclass := health_history_relation(source);
    query text := health_source_query(source);
    there boolean := false;
    written bigint;
BEGIN
    IF replace THEN
        EXECUTE pg_catalog.format('DELETE FROM %s WHERE scored_at = $1', history) USING as_of;
    ELSE
        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE scored_at = $1)', history) INTO there USING as_of;
    END IF;
    IF there THEN
        query := pg_catalog.format('SELECT * FROM (%s) AS scored WHERE NOT EXISTS (SELECT FROM %I.%I AS h WHERE h.account_id OPERATOR(pg_catalog.=) scored.account_id AND h.scored_at OPERATOR(pg_catalog.=) $1)',
            query, source.history_schema, source.history_name);
    END IF;
    written := health_run_insert(source, health_history_insert(source, query), as_of, path);
    IF written OPERATOR(pg_catalog.=) 0 AND NOT there AND source.max_staleness IS NOT NULL THEN
        RAISE EXCEPTION 'source "%" has no row of the last %', source.name, source.max_staleness USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('Column %I of %I.%I has no time between max_staleness before %s and then.', source.time_column, source.relation_schema, source.relation_name, as_of),
            HINT = 'The feed has stopped, or max_staleness is too short.';
    END IF;
    PERFORM health_run_signals(run, history, as_of);
    PERFORM health_run_alerts(run, source);
    PERFORM health_run_finish(run, written);
    RETURN written;
END
$$;
COMMENT ON FUNCTION health_run_write(bigint, health_source, timestamptz, boolean, text) IS
'Writes the scores of a source as of a time into its history, counts them, raises alerts, and finishes the run. Returns the number of rows.';

CREATE FUNCTION health_run_insert(source health_source, query text, as_of timestamptz, path text, account_id text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
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
BEGIN
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    -- Functions that the relation calls find what they find in the caller's session. From here on all is qualified.
    PERFORM pg_catalog.set_config('search_path', path, true);
    EXECUTE query USING as_of, account_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        account := COALESCE((pg_catalog.regexp_match(detail, '\(account_id, scored_at\)=\((.*), [^,]*\)'))[1],
                            (pg_catalog.regexp_match(detail, '\(scored_at, account_id\)=\([^,]*, (.*)\)'))[1]);
        IF account IS NULL THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'account "%" stands twice in relation %.%', account, pg_catalog.quote_ident(source.relation_schema), pg_catalog.quote_ident(source.relation_name)
            USING ERRCODE = 'unique_violation',
                  DETAIL = pg_catalog.format('Column %I holds it in more than one row%s.', source.account_column,
                      CASE WHEN source.time_column IS NOT NULL THEN pg_catalog.format(' with the same %I', source.time_column) ELSE '' END),
                  HINT = CASE WHEN source.time_column IS NULL THEN 'Bring the relation to one row an account in a view, or name its time_column.'
                              ELSE 'Bring the relation to one row an account and time in a view.' END;
    WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS failed_column = COLUMN_NAME;
        IF failed_column OPERATOR(pg_catalog.<>) 'account_id' THEN
            RAISE;
        END IF;
        RAISE EXCEPTION 'an account of relation %.% has no id', pg_catalog.quote_ident(source.relation_schema), pg_catalog.quote_ident(source.relation_name)
            USING ERRCODE = 'not_null_violation', DETAIL = pg_catalog.format('Column %I is null.', source.account_column),
                  HINT = pg_catalog.format('SELECT * FROM %I.%I WHERE %I IS NULL shows it; leave it out in a view.', source.relation_schema, source.relation_name, source.account_column);
    -- What depends on the data: whose it is, is what somebody has to look for next.
    WHEN data_exception OR raise_exception OR cardinality_violation THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        -- Of a single one whoever asked knows.
        account := CASE WHEN account_id IS NULL THEN health_run_culprit(source, as_of, path, code) END;
        IF account IS NULL THEN
            RAISE;
        END IF;
        detail := pg_catalog.concat_ws(' ', NULLIF(detail, ''), pg_catalog.format('It is account "%s" of relation %I.%I.', account, source.relation_schema, source.relation_name));
        IF hint OPERATOR(pg_catalog.<>) '' THEN
            RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail, HINT = hint;
        END IF;
        RAISE EXCEPTION '%', message USING ERRCODE = code, DETAIL = detail;
END
$$;
COMMENT ON FUNCTION health_run_insert(health_source, text, timestamptz, text, text) IS
'Runs the INSERT of a run with health_as_of() set and under the caller''s search_path; a NULL or doubled account id is an error that names it, and an error in the data names the account.';
-- Refresh: a source's accounts scored as of a time, into its history. The procedures own the transactions, the functions the steps.
--
-- A procedure that commits can have no SET clause. These set search_path for one transaction at a time instead: to the
-- extension's schema (home) for the steps, and back to the caller's own for what the relation itself may call.

CREATE PROCEDURE health_refresh_outside_transaction()
LANGUAGE c
AS 'MODULE_PATHNAME', 'health_refresh_outside_transaction';
COMMENT ON PROCEDURE health_refresh_outside_transaction() IS
'Raises 25001 unless the procedure that calls it may commit. Used by health_refresh and health_backfill.';

-- Raises unless the current role may refresh the source as of this time.
CREATE FUNCTION health_refresh_check(source health_source, as_of timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF source.run_as OPERATOR(pg_catalog.<>) current_user THEN
        RAISE EXCEPTION 'source "%" runs as %, not as %', source.name, pg_catalog.quote_ident(source.run_as), pg_catalog.quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'Its relation could do anything with the rights of the role that refreshes it; so only the role that added it does.',
                  HINT = pg_catalog.format('SET ROLE %I first, or schedule the refresh as that role.', source.run_as);
    END IF;
    IF NOT (pg_catalog.has_table_privilege('health_run', 'SELECT') AND pg_catalog.has_table_privilege('health_run', 'INSERT')
            AND pg_catalog.has_table_privilege('health_run', 'UPDATE') AND pg_catalog.has_table_privilege('health_run_signal', 'INSERT')
            AND pg_catalog.has_table_privilege('health_source', 'UPDATE')
            AND pg_catalog.has_table_privilege('health_pulse', 'SELECT') AND pg_catalog.has_table_privilege('health_override', 'SELECT')) THEN
        RAISE EXCEPTION 'role % may not write the log of runs, or read what people have given', pg_catalog.quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            HINT = pg_catalog.format('GRANT INSERT, UPDATE, DELETE ON health_source TO %1$I; GRANT SELECT, INSERT, UPDATE ON health_run, health_run_signal TO %1$I; GRANT SELECT ON health_pulse, health_override TO %1$I.', current_user);
    END IF;
    IF pg_catalog.has_table_privilege('health_playbook', 'SELECT') AND EXISTS (SELECT FROM health_alert_playbooks(source))
       AND NOT (pg_catalog.has_table_privilege('health_alert', 'SELECT') AND pg_catalog.has_table_privilege('health_alert', 'INSERT')
                AND pg_catalog.has_table_privilege('health_alert', 'UPDATE') AND pg_catalog.has_table_privilege('health_alert_score', 'SELECT')
                AND pg_catalog.has_table_privilege('health_alert_score', 'INSERT') AND pg_catalog.has_table_privilege('health_alert_score', 'UPDATE')) THEN
        RAISE EXCEPTION 'role % may not raise alerts', pg_catalog.quote_ident(current_user) USING ERRCODE = 'insufficient_privilege',
            DETAIL = pg_catalog.format('Source "%s" has playbooks.', source.name),
            HINT = pg_catalog.format('GRANT SELECT, INSERT, UPDATE ON health_alert, health_alert_score TO %I.', current_user);
    END IF;
    IF NOT pg_catalog.isfinite(as_of) OR as_of OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() THEN
        RAISE EXCEPTION 'as_of % lies in the future', as_of USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Leave it out for now().';
    END IF;
    -- A refresh commits as it goes, so that now() moves; the statement began when it was called.
    IF as_of OPERATOR(pg_catalog.<) LEAST(pg_catalog.statement_timestamp(), pg_catalog.now()) AND source.time_column IS NULL AND NOT source.point_in_time THEN
        RAISE EXCEPTION 'source "%" cannot be scored as of a time in the past', source.name USING ERRCODE = 'invalid_parameter_value',
            DETAIL = 'Its relation shows today''s rows, which must not be filed as history.',
            HINT = 'Name its time_column, or filter the view by health_as_of() and add the source with point_in_time => true.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_refresh_check(health_source, timestamptz) IS
'Raises unless the current role may refresh the source (42501) as of that time (22023).';

CREATE FUNCTION health_failure(source text, sqlstate text, message text, detail text, hint text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object('source', source, 'sqlstate', sqlstate, 'message', message,
        'detail', NULLIF(detail, ''), 'hint', NULLIF(hint, '')));
END
$$;
COMMENT ON FUNCTION health_failure(text, text, text, text, text) IS 'An error that ended the run of a source, as jsonb.';

CREATE FUNCTION health_refresh_report(failures jsonb, sources integer)
RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    first jsonb := failures -> 0;
BEGIN
    IF pg_catalog.jsonb_array_length(failures) OPERATOR(pg_catalog.=) 0 THEN
        RETURN;
    END IF;
    IF sources OPERATOR(pg_catalog.=) 1 THEN
        -- An empty DETAIL or HINT would still be shown.
        IF first OPERATOR(pg_catalog.?) 'detail' AND first OPERATOR(pg_catalog.?) 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail', HINT = first ->> 'hint';
        ELSIF first OPERATOR(pg_catalog.?) 'detail' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', DETAIL = first ->> 'detail';
        ELSIF first OPERATOR(pg_catalog.?) 'hint' THEN
            RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate', HINT = first ->> 'hint';
        END IF;
        RAISE EXCEPTION '%', first ->> 'message' USING ERRCODE = first ->> 'sqlstate';
    END IF;
    RAISE EXCEPTION '% of % sources were not refreshed: %', pg_catalog.jsonb_array_length(failures), sources,
        (SELECT pg_catalog.string_agg(f ->> 'source', ', ') FROM pg_catalog.jsonb_array_elements(failures) f)
        USING ERRCODE = first ->> 'sqlstate',
              DETAIL = (SELECT pg_catalog.string_agg(pg_catalog.format('%s: %s', f ->> 'source', f ->> 'message'), E'\n') FROM pg_catalog.jsonb_array_elements(failures) f),
              HINT = 'The others were refreshed and committed. SELECT * FROM health_run ORDER BY id DESC says more.';
END
$$;
COMMENT ON FUNCTION health_refresh_report(jsonb, integer) IS
'Raises what failed in a refresh, with the SQLSTATE of the first failure, after everything else was committed.';

CREATE FUNCTION health_refresh_sources(source text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    names text[];
BEGIN
    IF source IS NOT NULL THEN
        PERFORM health_source_get(source);
        RETURN ARRAY[source];
    END IF;
    SELECT pg_catalog.array_agg(s.name ORDER BY s.name) INTO names FROM health_source s WHERE s.run_as OPERATOR(pg_catalog.=) current_user;
    IF names IS NULL THEN
        RAISE EXCEPTION 'role % has no source', pg_catalog.quote_ident(current_user) USING ERRCODE = 'undefined_object',
            DETAIL = 'A refresh runs the sources of the role that calls it, and no others.',
            HINT = 'SELECT name, run_as FROM health_source lists them all; schedule each role''s refresh as that role.';
    END IF;
    RETURN names;
END
$$;
COMMENT ON FUNCTION health_refresh_sources(text) IS 'The sources that a refresh runs: the one named, or all of the current role. None: 42704.';

-- One source as of one time, in two transactions. What fails is returned, so that the other sources go on.
CREATE PROCEDURE health_refresh_source(source text, as_of timestamptz, replace boolean, backfill boolean, INOUT failure jsonb)
LANGUAGE plpgsql
AS $$
DECLARE
    home text := pg_catalog.current_setting('search_path');
    path text;
    run bigint;
    code text;
    message text;
    detail text;
    hint text;
BEGIN
    failure := NULL;
    BEGIN
        PERFORM health_source_lock(source);
        PERFORM health_refresh_check(health_source_get(source), as_of);
        run := health_run_begin(source, as_of, backfill);
        BEGIN
            PERFORM health_run_prepare(health_source_get(source), as_of);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_failure(source, code, message, detail, hint);
            PERFORM health_run_fail(run, failure);
        END;
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        failure := health_failure(source, code, message, detail, hint);
    END;
    IF failure IS NULL THEN
        -- The transaction's lock ends at its COMMIT: the session's bridges the gap to the next one.
        PERFORM pg_catalog.pg_advisory_lock(health_source_lock_key(source));
    END IF;
    COMMIT;

    path := pg_catalog.current_setting('search_path');
    PERFORM pg_catalog.set_config('search_path', home, true);
    IF failure IS NULL THEN
        -- A cancel anywhere in here still comes to the unlocking: the lock of a session would stay as long as that.
        BEGIN
            PERFORM pg_catalog.pg_advisory_xact_lock(health_source_lock_key(source));
            PERFORM health_run_show(source, as_of);
            PERFORM health_run_write(run, health_source_get(source), as_of, replace, path);
        EXCEPTION WHEN OTHERS OR query_canceled THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := health_failure(source, code, message, detail, hint);
            PERFORM health_run_fail(run, failure);
        END;
        PERFORM pg_catalog.pg_advisory_unlock(health_source_lock_key(source));
        COMMIT;
    END IF;
END
$$;
COMMENT ON PROCEDURE health_refresh_source(text, timestamptz, boolean, boolean, jsonb) IS
'One source as of one time, in two transactions; what fails is recorded in health_run and returned. Used by health_refresh and health_backfill, which set search_path.';

CREATE PROCEDURE health_refresh(source text DEFAULT NULL, as_of timestamptz DEFAULT NULL, replace boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                   WHERE e.extname OPERATOR(pg_catalog.=) 'health_score') OPERATOR(pg_catalog.||) ', pg_temp';
    at timestamptz := COALESCE(as_of, pg_catalog.statement_timestamp());
    names text[];
    name text;
    failure jsonb;
    failures jsonb := '[]';
BEGIN
    PERFORM pg_catalog.set_config('search_path', home, true);
    CALL health_refresh_outside_transaction();
    names := health_refresh_sources(source);
    FOREACH name IN ARRAY names LOOP
        PERFORM pg_catalog.set_config('search_path', home, true);
        CALL health_refresh_source(name, at, COALESCE(replace, false), false, failure);
        IF failure IS NOT NULL THEN
            failures := failures OPERATOR(pg_catalog.||) failure;
            EXIT WHEN failure OPERATOR(pg_catalog.->>) 'sqlstate' OPERATOR(pg_catalog.=) '57014';
        END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('search_path', home, true);
    PERFORM health_refresh_report(failures, pg_catalog.cardinality(names));
END
$$;
COMMENT ON PROCEDURE health_refresh(text, timestamptz, boolean) IS
'Scores a source, or all sources of the current role, as of a time (NULL: now) into their histories. Rows that are there already stay, unless replace. What fails is reported at the end; the rest is committed. Not inside a transaction block.';

CREATE FUNCTION health_backfill_times("from" timestamptz, "to" timestamptz, step interval)
RETURNS timestamptz[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    -- In UTC, and counted from the first: the 31st comes again after February.
    start timestamp := "from" AT TIME ZONE 'UTC';
    stop timestamp := "to" AT TIME ZONE 'UTC';
    times timestamptz[] := '{}';
    at timestamp := start;
BEGIN
    IF "from" IS NULL OR "to" IS NULL OR step IS NULL THEN
        RAISE EXCEPTION 'from, to and step must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    IF NOT pg_catalog.isfinite("from") OR NOT pg_catalog.isfinite("to") OR NOT (start OPERATOR(pg_catalog.+) step OPERATOR(pg_catalog.>) start) THEN
        RAISE EXCEPTION 'from and to must be finite, and step positive' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: CALL health_backfill(''crm'', ''2025-01-01'', now(), ''1 month'').';
    END IF;
    WHILE at OPERATOR(pg_catalog.<=) stop LOOP
        times := times OPERATOR(pg_catalog.||) (at AT TIME ZONE 'UTC');
        at := start OPERATOR(pg_catalog.+) (step OPERATOR(pg_catalog.*) pg_catalog.cardinality(times)::double precision);
    END LOOP;
    RETURN times;
END
$$;
COMMENT ON FUNCTION health_backfill_times(timestamptz, timestamptz, interval) IS 'The times from, from + step, from + 2 · step … up to and with to, in UTC.';

CREATE PROCEDURE health_backfill(source text, "from" timestamptz, "to" timestamptz DEFAULT now(), step interval DEFAULT '1 month')
LANGUAGE plpgsql
AS $$
DECLARE
    home text := (SELECT pg_catalog.quote_ident(n.nspname) FROM pg_catalog.pg_extension e
                    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                   WHERE e.extname OPERATOR(pg_catalog.=) 'health_score') OPERATOR(pg_catalog.||) ', pg_temp';
    at timestamptz;
    times timestamptz[];
    failure jsonb;
BEGIN
    PERFORM pg_catalog.set_config('search_path', home, true);
    CALL health_refresh_outside_transaction();
    PERFORM health_source_get(source);
    times := health_backfill_times("from", "to", step);
    FOREACH at IN ARRAY times LOOP
        PERFORM pg_catalog.set_config('search_path', home, true);
        CALL health_refresh_source(source, at, false, true, failure);
        EXIT WHEN failure IS NOT NULL;
    END LOOP;
    IF failure IS NOT NULL THEN
        PERFORM pg_catalog.set_config('search_path', home, true);
        PERFORM health_refresh_report(pg_catalog.jsonb_build_array(failure), 1);
    END IF;
END
$$;
COMMENT ON PROCEDURE health_backfill(text, timestamptz, timestamptz, interval) IS
'Scores a source as of from, from + step and so on up to to (UTC), each in transactions of its own, for a source with time_column or point_in_time. Stops at the first failure; called again it fills in what is missing.';

CREATE FUNCTION health_refresh_one(source text, account_id text, path text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    found health_source := health_source_get(source);
    columns text[] := ARRAY['name', 'score', 'band', 'band_rank', 'coverage', 'low', 'high', 'status', 'model', 'model_version', 'segment',
        'value', 'owner', 'parent', 'renewal', 'inputs', 'drivers', 'calculated'];
BEGIN
    PERFORM health_refresh_check(found, pg_catalog.now());
    PERFORM health_run_prepare(found, pg_catalog.now());
    -- Twice in one transaction, now() is the same: the later row counts.
    RETURN health_run_insert(found, pg_catalog.format('%s ON CONFLICT (account_id, scored_at) DO UPDATE SET (%s) = ROW (excluded.%s)',
            health_history_insert(found, health_source_query(found, true)),
            pg_catalog.array_to_string(columns, ', '), pg_catalog.array_to_string(columns, ', excluded.')),
        pg_catalog.now(), path, account_id) OPERATOR(pg_catalog.>) 0;
END
$$;
COMMENT ON FUNCTION health_refresh_one(text, text, text) IS 'What the forms of health_refresh_account do, for an id as text, with the caller''s search_path.';

CREATE FUNCTION health_refresh_account(source text, account_id text)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id, pg_catalog.current_setting('search_path'));
COMMENT ON FUNCTION health_refresh_account(text, text) IS
'Scores one account of a source now, in the running transaction: from a trigger, or after a pulse. False where the relation does not have it.';

CREATE FUNCTION health_refresh_account(source text, account_id bigint)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::text, pg_catalog.current_setting('search_path'));
COMMENT ON FUNCTION health_refresh_account(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_refresh_account(source text, account_id uuid)
RETURNS boolean
LANGUAGE sql
RETURN health_refresh_one(source, account_id::text, pg_catalog.current_setting('search_path'));
COMMENT ON FUNCTION health_refresh_account(text, uuid) IS 'As the form for text, for an id that is a UUID.';
-- Schedules by pg_cron, where it is installed: a job is one CALL of health_refresh, run as the role that scheduled it.

CREATE FUNCTION health_schedule_require_cron()
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    IF pg_catalog.to_regprocedure('cron.schedule(text, text, text)') IS NULL
       OR NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database' USING ERRCODE = 'feature_not_supported',
            DETAIL = 'health_schedule() writes jobs of pg_cron.',
            HINT = 'Set shared_preload_libraries = ''pg_cron'' and cron.database_name, restart, then CREATE EXTENSION pg_cron and GRANT USAGE ON SCHEMA cron; or let another scheduler run: CALL health_refresh().';
    END IF;
END
$$;
COMMENT ON FUNCTION health_schedule_require_cron() IS 'Raises 0A000, and says what to do, unless pg_cron is installed.';

CREATE FUNCTION health_schedule(source text, cron text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    home text := (SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                   WHERE c.oid OPERATOR(pg_catalog.=) 'health_source'::regclass);
    job bigint;
BEGIN
    IF source IS NULL OR cron IS NULL THEN
        RAISE EXCEPTION 'source and cron must not be null' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_schedule(''crm'', ''15 2 * * *'') runs it every night at 02:15 GMT.';
    END IF;
    PERFORM health_refresh_check(health_source_get(source), pg_catalog.now());
    PERFORM health_schedule_require_cron();
    -- pg_cron replaces a job of the same name and user.
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
      USING 'health_refresh ' OPERATOR(pg_catalog.||) source, cron, pg_catalog.format('CALL %I.health_refresh(%L)', home, source);
    RETURN job;
END
$$;
COMMENT ON FUNCTION health_schedule(text, text) IS
'Lets pg_cron refresh a source by a cron schedule (GMT), as the current role; returns the job''s id. A second schedule of the source replaces the first. Without pg_cron: 0A000.';

CREATE FUNCTION health_unschedule(source text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
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
    EXECUTE 'SELECT EXISTS (SELECT FROM cron.job WHERE jobname OPERATOR(pg_catalog.=) $1 AND username OPERATOR(pg_catalog.=) current_user)' INTO there
      USING 'health_refresh ' OPERATOR(pg_catalog.||) source;
    IF there THEN
        EXECUTE 'SELECT cron.unschedule($1)' INTO done USING ('health_refresh ' OPERATOR(pg_catalog.||) source);
    END IF;
    RETURN done;
END
$$;
COMMENT ON FUNCTION health_unschedule(text) IS 'Ends the current role''s schedule of a source; false where there is none. Without pg_cron: 0A000.';
-- Retention: old months of history go as whole partitions.

CREATE FUNCTION health_retain(source text, keep interval)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET lock_timeout = '2s'
AS $$
DECLARE
    found health_source := health_source_get(health_retain.source);
    history regclass := health_history_relation(found);
    oldest timestamptz := pg_catalog.now() OPERATOR(pg_catalog.-) keep;
    partition regclass;
    dropped integer := 0;
BEGIN
    IF keep IS NULL OR NOT (oldest OPERATOR(pg_catalog.<) pg_catalog.now()) THEN
        RAISE EXCEPTION 'keep must be a positive interval' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT health_retain(''crm'', ''2 years'').';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid OPERATOR(pg_catalog.=) history) THEN
        RAISE EXCEPTION 'history % is not partitioned', history USING ERRCODE = 'wrong_object_type',
            HINT = pg_catalog.format('DELETE FROM %s WHERE scored_at < now() - %L::interval.', history, keep);
    END IF;
    FOR partition IN SELECT p.partition FROM health_history_partitions(history) p WHERE p.to_at OPERATOR(pg_catalog.<=) oldest LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s', history, partition);
        EXECUTE pg_catalog.format('DROP TABLE %s', partition);
        dropped := dropped OPERATOR(pg_catalog.+) 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION health_retain(text, interval) IS
'Drops the months of a source''s history that ended before now() - keep, and returns how many. Gives up after two seconds (55P03) where somebody reads them.';
-- health_outcome: what became of accounts, as the proof of a model needs it. Written by whoever knows; nothing here reads it.

CREATE TABLE health_outcome (
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

COMMENT ON TABLE health_outcome IS 'What became of accounts: one row for each event, that can be written twice without being doubled. No grants to PUBLIC.';
COMMENT ON COLUMN health_outcome.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN health_outcome.account_id IS 'The account''s id as text; numbers and UUIDs are taken without a cast.';
COMMENT ON COLUMN health_outcome.kind IS 'One of churned, renewed, expanded, contracted and complained.';
COMMENT ON COLUMN health_outcome.at IS 'When it happened.';
COMMENT ON COLUMN health_outcome.value IS 'What it was worth, a number in the currency of your choice.';
COMMENT ON COLUMN health_outcome.note IS 'Whatever should be remembered.';

SELECT pg_catalog.pg_extension_config_dump('health_outcome', '');
-- Account ids as text: what a person types, and what a table of any type holds, as one spelling. Nothing is stored here.

-- Only types of Postgres itself: those of others may come with casts and checks that would run with the caller's rights.
CREATE FUNCTION health_id_type(relation regclass, "column" text DEFAULT 'account_id')
RETURNS regtype
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    type oid := (SELECT a.atttypid FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid OPERATOR(pg_catalog.=) relation AND a.attname OPERATOR(pg_catalog.=) "column" AND NOT a.attisdropped);
    base oid;
BEGIN
    LOOP
        SELECT t.typbasetype INTO base FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) type AND t.typtype OPERATOR(pg_catalog.=) 'd';
        EXIT WHEN NOT FOUND;
        type := base;
    END LOOP;
    RETURN (SELECT t.oid FROM pg_catalog.pg_type t
             WHERE t.oid OPERATOR(pg_catalog.=) type AND t.typnamespace OPERATOR(pg_catalog.=) 'pg_catalog'::regnamespace);
END
$$;
COMMENT ON FUNCTION health_id_type(regclass, text) IS
'The type of a relation''s account ids, under any domains; NULL where it is none of Postgres'' own.';

CREATE FUNCTION health_id_spelt(account_id text, type regtype)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    spelt text;
BEGIN
    IF type IS NULL THEN
        RETURN account_id;
    END IF;
    -- By its name in the catalog: character alone would be one character.
    EXECUTE (SELECT pg_catalog.format('SELECT $1::pg_catalog.%I::pg_catalog.text', t.typname) FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) type)
       INTO spelt USING account_id;
    RETURN spelt;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_id_spelt(text, regtype) IS
'An account id as a column of that type would write it: 007 of an integer is 7. NULL where it is no value of the type.';

CREATE FUNCTION health_book_check(book text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    books text;
BEGIN
    IF NOT EXISTS (SELECT FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) health_book_check.book) THEN
        SELECT pg_catalog.string_agg(b.book, ', ' ORDER BY b.book) INTO books FROM (SELECT DISTINCT s.book FROM health_source s ORDER BY 1 LIMIT 10) b;
        RAISE EXCEPTION 'unknown book %', COALESCE('"' OPERATOR(pg_catalog.||) book OPERATOR(pg_catalog.||) '"', 'NULL')
            USING ERRCODE = 'undefined_object', DETAIL = 'No source scores accounts of that book.',
                  HINT = COALESCE('There are: ' OPERATOR(pg_catalog.||) books OPERATOR(pg_catalog.||) '.',
                                  'SELECT health_source_add(name, model, relation, account_column) adds a source to the book "accounts".');
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_check(text) IS 'Raises 42704, naming those that there are, unless some source scores the accounts of the book.';

-- By the catalog: to_regclass raises where the caller has no right to the schema.
CREATE FUNCTION health_history_named(source health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
             WHERE n.nspname OPERATOR(pg_catalog.=) source.history_schema AND c.relname OPERATOR(pg_catalog.=) source.history_name);
END
$$;
COMMENT ON FUNCTION health_history_named(health_source) IS 'The history of a source, whatever that name means now and whoever may read it; NULL where there is none.';

-- What reads many histories at once must not run the code of whoever owns one of them: no view, no policy, no cast of theirs.
CREATE FUNCTION health_history_plain(source health_source)
RETURNS regclass
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN (
        SELECT c.oid FROM pg_catalog.pg_class c
         WHERE c.oid OPERATOR(pg_catalog.=) health_history_named(source)
           AND c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
           AND (NOT pg_catalog.row_security_active(c.oid) OR pg_catalog.pg_get_userbyid(c.relowner) OPERATOR(pg_catalog.=) current_user)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid OPERATOR(pg_catalog.=) i.inhrelid
                            WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid
                              AND (p.relkind OPERATOR(pg_catalog.<>) 'r' OR p.relhassubclass OR c.relkind OPERATOR(pg_catalog.=) 'r'))
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
                              AND health_id_type(c.oid, a.attname) IS NULL)
           -- Planning a query computes what is constant in the expressions of indexes, statistics and checks.
           AND (pg_catalog.pg_get_userbyid(c.relowner) OPERATOR(pg_catalog.=) current_user
                OR NOT EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) c.oid) t (oid)
                                WHERE EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid OPERATOR(pg_catalog.=) t.oid AND (x.indexprs IS NOT NULL OR x.indpred IS NOT NULL))
                                   OR EXISTS (SELECT FROM pg_catalog.pg_statistic_ext x WHERE x.stxrelid OPERATOR(pg_catalog.=) t.oid AND x.stxexprs IS NOT NULL)
                                   OR EXISTS (SELECT FROM pg_catalog.pg_constraint x WHERE x.conrelid OPERATOR(pg_catalog.=) t.oid AND x.contype OPERATOR(pg_catalog.=) 'c')
                                   OR EXISTS (SELECT FROM pg_catalog.pg_partitioned_table x WHERE x.partrelid OPERATOR(pg_catalog.=) t.oid AND x.partexprs IS NOT NULL)))
           AND NOT EXISTS (SELECT FROM (VALUES ('account_id', NULL), ('scored_at', 'timestamptz'), ('name', 'text'), ('score', 'float8'), ('band', 'text'),
                                               ('owner', 'text'), ('segment', 'text'), ('inputs', 'jsonb'), ('drivers', 'jsonb'), ('model', 'text'),
                                               ('model_version', 'int4'), ('calculated', 'float8')) w (name, type)
                            WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                               WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attname OPERATOR(pg_catalog.=) w.name
                                                 AND (w.type IS NULL OR a.atttypid OPERATOR(pg_catalog.=) pg_catalog.to_regtype('pg_catalog.' OPERATOR(pg_catalog.||) w.type)))));
END
$$;
COMMENT ON FUNCTION health_history_plain(health_source) IS
'The history of a source, where the current role may read it and reading it runs nobody else''s code; NULL otherwise.';

CREATE FUNCTION health_history_has(history regclass, account_id text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    there boolean;
BEGIN
    EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s h WHERE %s)', history, health_history_match(history)) INTO there USING account_id;
    RETURN there;
END
$$;
COMMENT ON FUNCTION health_history_has(regclass, text) IS 'Whether a history has rows of an account, whose id is spelt as health_id_spelt() does.';

CREATE FUNCTION health_history_match(history regclass)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    type regtype := health_id_type(history);
BEGIN
    -- In the column's own type, so that its index serves.
    RETURN CASE WHEN type IS NULL THEN 'h.account_id::pg_catalog.text OPERATOR(pg_catalog.=) $1'
                ELSE pg_catalog.format('h.account_id OPERATOR(pg_catalog.=) $1::pg_catalog.%I', (SELECT t.typname FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) type)) END;
END
$$;
COMMENT ON FUNCTION health_history_match(regclass) IS 'The SQL condition that a row h of a history is of the account whose id is $1, text.';

CREATE FUNCTION health_book_account(book text, account_id text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
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
                    WHERE s.book OPERATOR(pg_catalog.=) health_book_account.book AND h.history IS NOT NULL ORDER BY s.name LOOP
        spelt := health_id_spelt(account_id, health_id_type(history));
        IF spelt IS NOT NULL THEN
            RETURN spelt;
        END IF;
        types := types OPERATOR(pg_catalog.||) health_id_type(history);
    END LOOP;
    IF pg_catalog.cardinality(types) OPERATOR(pg_catalog.>) 0 THEN
        RAISE EXCEPTION '"%" is no account id of book "%"', account_id, book USING ERRCODE = 'invalid_parameter_value',
            DETAIL = pg_catalog.format('Its ids are of type %s.', (SELECT pg_catalog.string_agg(DISTINCT t::text, ', ') FROM pg_catalog.unnest(types) t)),
            HINT = 'Take the id that account_id has in the history.';
    END IF;
    RETURN account_id;
END
$$;
COMMENT ON FUNCTION health_book_account(text, text) IS
'An account id as the histories of the book write it. Unknown book: 42704; no id of theirs: 22023.';

CREATE FUNCTION health_book_warn(book text, account_id text)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    source health_source;
    history regclass;
    read boolean := false;
BEGIN
    FOR source IN SELECT s.* FROM health_source s
                   WHERE s.book OPERATOR(pg_catalog.=) health_book_warn.book AND s.last_as_of IS NOT NULL ORDER BY s.name LOOP
        history := health_history_plain(source);
        CONTINUE WHEN history IS NULL;
        read := true;
        IF health_id_spelt(account_id, health_id_type(history)) IS NOT NULL AND health_history_has(history, account_id) THEN
            RETURN;
        END IF;
    END LOOP;
    IF read THEN
        RAISE WARNING 'account "%" has never been scored in book "%"', account_id, book USING HINT = 'If the id is right, it counts as soon as a source has the account.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_book_warn(text, text) IS 'Warns of an account id that no history of the book knows, of those that the current role may read: it may be mistyped.';
-- health_pulse: a person's dated judgement of one signal of an account, which counts in place of the relation's value until it
-- expires. An entry is never changed: the newest one counts. How pulses reach a score is in sql/given.sql.

CREATE TABLE health_pulse (
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
CREATE INDEX health_pulse_account_idx ON health_pulse (book, account_id, signal, set_at);

COMMENT ON TABLE health_pulse IS 'What people judge of accounts, signal by signal, with their reason. Use health_pulse_set(). No grants to PUBLIC.';
COMMENT ON COLUMN health_pulse.id IS 'Counts up.';
COMMENT ON COLUMN health_pulse.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN health_pulse.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN health_pulse.signal IS 'The signal that is judged, in any model of the book.';
COMMENT ON COLUMN health_pulse.value IS 'The judgement, a number, text or boolean; NULL takes an earlier one back.';
COMMENT ON COLUMN health_pulse.note IS 'Why.';
COMMENT ON COLUMN health_pulse.set_by IS 'The role that said it.';
COMMENT ON COLUMN health_pulse.set_at IS 'When it was said.';
COMMENT ON COLUMN health_pulse.expires_at IS 'From when on it no longer counts.';
COMMENT ON SEQUENCE health_pulse_id_seq IS 'Numbers the entries of health_pulse.';
COMMENT ON INDEX health_pulse_account_idx IS 'The entries of an account and signal, in their order.';

SELECT pg_catalog.pg_extension_config_dump('health_pulse', '');
SELECT pg_catalog.pg_extension_config_dump('health_pulse_id_seq', '');

CREATE FUNCTION health_set_by_guard()
RETURNS trigger
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[NEW.set_by] ELSE ARRAY[OLD.set_by, NEW.set_by] END LOOP
        IF NOT COALESCE((SELECT pg_catalog.pg_has_role(r.oid, 'USAGE') FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) role),
                        (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname OPERATOR(pg_catalog.=) current_user)) THEN
            RAISE EXCEPTION 'role % may not write rows of % in the name of %', pg_catalog.quote_ident(current_user), TG_TABLE_NAME, pg_catalog.quote_ident(role)
                USING ERRCODE = 'insufficient_privilege', DETAIL = 'Each entry says who made it.',
                      HINT = 'Leave set_by out, or SET ROLE first.';
        END IF;
    END LOOP;
    -- What was said before may be brought along with its time; what will be said nobody knows.
    IF NEW.set_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp() THEN
        RAISE EXCEPTION 'set_at % lies in the future', NEW.set_at USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out for now().';
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION health_set_by_guard() IS
'Trigger of tables with set_by and set_at: nobody writes rows in the name of a role whose rights they do not have, or with a time to come.';

CREATE TRIGGER health_pulse_guard BEFORE INSERT OR UPDATE ON health_pulse
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION health_note_check(note text, expires interval, example text)
RETURNS timestamptz
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    hint CONSTANT text := 'For example: SELECT ' OPERATOR(pg_catalog.||) example OPERATOR(pg_catalog.||) '.';
BEGIN
    IF note IS NULL OR note OPERATOR(pg_catalog.!~) '\S' THEN
        RAISE EXCEPTION 'a note is mandatory' USING ERRCODE = 'null_value_not_allowed', DETAIL = 'Whoever reads the score wants to know why.', HINT = hint;
    END IF;
    IF expires IS NULL OR NOT (pg_catalog.now() OPERATOR(pg_catalog.+) expires OPERATOR(pg_catalog.>) pg_catalog.now()) THEN
        RAISE EXCEPTION 'expires must be a positive interval' USING ERRCODE = 'invalid_parameter_value', DETAIL = 'A judgement does not hold for ever.', HINT = hint;
    END IF;
    RETURN pg_catalog.now() OPERATOR(pg_catalog.+) expires;
END
$$;
COMMENT ON FUNCTION health_note_check(text, interval, text) IS 'When an entry expires that is made now. No note: 22004; not a positive interval: 22023; the hint shows the example.';

-- Segments may change what a signal reads: all that it may read are listed.
CREATE FUNCTION health_pulse_signals(model text, OUT signal text, OUT segment text, OUT label text, OUT question text, OUT value_key text, OUT observed_key text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    WITH base AS (SELECT health_model_get(model) AS definition),
         plan AS (SELECT ''::text AS segment, b.definition FROM base b
                   UNION ALL
                  SELECT g.segment ->> 'name', health_patch(b.definition, COALESCE(g.segment -> 'patch', '{}'))
                    FROM base b CROSS JOIN LATERAL pg_catalog.jsonb_array_elements(b.definition -> 'segments') g (segment))
    SELECT s.key, p.segment, COALESCE(s.value ->> 'label', s.key), s.value ->> 'ask',
           CASE pg_catalog.jsonb_typeof(s.value -> 'input') WHEN 'object' THEN NULL ELSE COALESCE(s.value ->> 'input', s.key) END,
           s.value ->> 'observed'
      FROM plan p CROSS JOIN LATERAL pg_catalog.jsonb_each(p.definition -> 'signals') s;
END
$$;
COMMENT ON FUNCTION health_pulse_signals(text) IS
'The signals of a saved model in each of its segments ('''' for none) with the keys that hold value and time; value_key is NULL where a signal reads two inputs.';

CREATE FUNCTION health_pulse_try(model text, signal text, value jsonb)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    known record;
    shared text;
    status text;
    there boolean := false;
BEGIN
    FOR known IN SELECT * FROM health_pulse_signals(model) s WHERE s.signal OPERATOR(pg_catalog.=) health_pulse_try.signal LOOP
        there := true;
        IF known.value_key IS NULL THEN
            RAISE EXCEPTION 'signal "%" of model "%" is computed from two inputs', signal, model USING ERRCODE = 'invalid_parameter_value',
                DETAIL = 'A pulse is the value of one.', HINT = 'Give the model a signal for people to judge, with "ask" and "optional": true.';
        END IF;
        SELECT s.signal INTO shared FROM health_pulse_signals(model) s
         WHERE s.observed_key OPERATOR(pg_catalog.=) known.observed_key AND s.value_key IS DISTINCT FROM known.value_key LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'signals "%" and "%" of model "%" are observed by the same column', signal, shared, model USING ERRCODE = 'invalid_parameter_value',
                DETAIL = pg_catalog.format('A pulse would make the other''s old value look new: both read "%s".', known.observed_key),
                HINT = 'Give the signal an "observed" of its own.';
        END IF;
        IF value IS NOT NULL THEN
            -- Raises where the model does not take the value; a lenient one says so.
            SELECT d.status INTO status
              FROM health_drivers(model, pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(known.value_key, value, COALESCE(known.observed_key, known.value_key),
                       CASE WHEN known.observed_key IS NULL THEN value ELSE pg_catalog.to_jsonb(pg_catalog.now() AT TIME ZONE 'UTC') END)), pg_catalog.now(), known.segment) d
             WHERE d.driver OPERATOR(pg_catalog.=) signal AND d.kind OPERATOR(pg_catalog.=) 'signal';
            IF status OPERATOR(pg_catalog.<>) 'ok' THEN
                RAISE EXCEPTION 'invalid value for signal "%"', signal USING ERRCODE = 'invalid_parameter_value',
                    DETAIL = pg_catalog.format('Model "%s" calls %s %s.', model, value, status),
                    HINT = pg_catalog.format('SELECT scale FROM health_model_signals WHERE signal = %L shows what it takes.', signal);
            END IF;
        END IF;
    END LOOP;
    RETURN there;
END
$$;
COMMENT ON FUNCTION health_pulse_try(text, text, jsonb) IS
'Whether a saved model has the signal; 22023 where it would not take the value, in any of its segments.';

CREATE FUNCTION health_pulse_write(book text, account_id text, signal text, value jsonb, note text, expires interval)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    until timestamptz := health_note_check(note, expires, 'health_pulse_set(''accounts'', 17, ''engagement'', 8, ''a good call with the new sponsor'')');
    spelt text := health_book_account(book, account_id);
    -- jsonb has a null of its own.
    given jsonb := NULLIF(value, 'null');
    models text[] := (SELECT pg_catalog.array_agg(DISTINCT s.model) FROM health_source s WHERE s.book OPERATOR(pg_catalog.=) health_pulse_write.book);
    there boolean := false;
    model text;
    pulse bigint;
BEGIN
    FOREACH model IN ARRAY models LOOP
        there := health_pulse_try(model, signal, given) OR there;
    END LOOP;
    IF NOT there THEN
        RAISE EXCEPTION 'no model of book "%" has a signal %', book, COALESCE('"' OPERATOR(pg_catalog.||) signal OPERATOR(pg_catalog.||) '"', 'NULL')
            USING ERRCODE = 'undefined_object',
                  HINT = pg_catalog.format('There are: %s.', (SELECT pg_catalog.string_agg(DISTINCT s.signal, ', ')
                         FROM pg_catalog.unnest(models) m CROSS JOIN LATERAL health_pulse_signals(m) s));
    END IF;
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_pulse AS p (book, account_id, signal, value, note, expires_at)
    VALUES (book, spelt, signal, given, note, until) RETURNING p.id INTO pulse;
    RETURN pulse;
END
$$;
COMMENT ON FUNCTION health_pulse_write(text, text, text, jsonb, text, interval) IS 'What the forms of health_pulse_set do, for an id as text and a value as jsonb.';

CREATE FUNCTION health_pulse_set(book text, account_id text, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id, signal, pg_catalog.to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION health_pulse_set(text, text, text, anycompatible, text, interval) IS
'Notes a judgement of one signal of an account, a number, text or boolean, which counts from the next refresh until it expires; NULL takes it back. What the book''s models would not read is refused (22023). Returns its id.';

CREATE FUNCTION health_pulse_set(book text, account_id bigint, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id::text, signal, pg_catalog.to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION health_pulse_set(text, bigint, text, anycompatible, text, interval) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_pulse_set(book text, account_id uuid, signal text, value anycompatible, note text, expires interval DEFAULT '90 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_pulse_write(book, account_id::text, signal, pg_catalog.to_jsonb(value), note, expires);
END
$$;
COMMENT ON FUNCTION health_pulse_set(text, uuid, text, anycompatible, text, interval) IS 'As the form for text, for an id that is a UUID.';
-- health_override: a person's last word on the score of an account, until it expires. An entry is never changed: the newest one
-- counts. How overrides reach a score is in sql/given.sql.

CREATE TABLE health_override (
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
CREATE INDEX health_override_account_idx ON health_override (book, account_id, set_at);

COMMENT ON TABLE health_override IS 'What people say a score may be, with their reason. Use health_override_set(). No grants to PUBLIC.';
COMMENT ON COLUMN health_override.id IS 'Counts up.';
COMMENT ON COLUMN health_override.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN health_override.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN health_override.mode IS 'The way it works: cap only lowers a score, floor only raises it, set replaces it; NULL takes an earlier one back.';
COMMENT ON COLUMN health_override.score IS 'The score, 0 to 100, NULL with a NULL mode.';
COMMENT ON COLUMN health_override.note IS 'Why; drivers and explanations show it.';
COMMENT ON COLUMN health_override.set_by IS 'The role that said it.';
COMMENT ON COLUMN health_override.set_at IS 'When it was said.';
COMMENT ON COLUMN health_override.expires_at IS 'From when on it no longer counts.';
COMMENT ON SEQUENCE health_override_id_seq IS 'Numbers the entries of health_override.';
COMMENT ON INDEX health_override_account_idx IS 'The entries of an account, in their order.';

SELECT pg_catalog.pg_extension_config_dump('health_override', '');
SELECT pg_catalog.pg_extension_config_dump('health_override_id_seq', '');

CREATE TRIGGER health_override_guard BEFORE INSERT OR UPDATE ON health_override
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION health_override_set(book text, account_id text, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    example CONSTANT text := 'health_override_set(''accounts'', 17, ''cap'', 39, ''the sponsor has left'')';
    until timestamptz := health_note_check(note, expires, example);
    spelt text := health_book_account(book, account_id);
    override bigint;
BEGIN
    IF mode NOT IN ('cap', 'floor', 'set') OR (mode IS NULL) OPERATOR(pg_catalog.<>) (score IS NULL) THEN
        RAISE EXCEPTION 'invalid override %', COALESCE('"' OPERATOR(pg_catalog.||) mode OPERATOR(pg_catalog.||) '"', 'NULL')
            USING ERRCODE = 'invalid_parameter_value', DETAIL = 'The mode is cap, floor or set, with a score; NULL for both takes an override back.',
                  HINT = 'For example: SELECT ' OPERATOR(pg_catalog.||) example OPERATOR(pg_catalog.||) '.';
    END IF;
    IF NOT (score OPERATOR(pg_catalog.>=) 0 AND score OPERATOR(pg_catalog.<=) 100) THEN
        RAISE EXCEPTION 'score must be from 0 to 100, not %', score USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT ' OPERATOR(pg_catalog.||) example OPERATOR(pg_catalog.||) '.';
    END IF;
    PERFORM health_book_warn(book, spelt);
    INSERT INTO health_override AS o (book, account_id, mode, score, note, expires_at)
    VALUES (book, spelt, mode, score, note, until)
    RETURNING o.id INTO override;
    RETURN override;
END
$$;
COMMENT ON FUNCTION health_override_set(text, text, text, double precision, text, interval) IS
'Lets a score, 0 to 100, be the most (cap), the least (floor) or the only one (set) that an account can have, from the next refresh until it expires; the calculated score is kept beside it. NULL for mode and score takes it back. Returns its id.';

CREATE FUNCTION health_override_set(book text, account_id bigint, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION health_override_set(text, bigint, text, double precision, text, interval) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_override_set(book text, account_id uuid, mode text, score double precision, note text, expires interval DEFAULT '30 days')
RETURNS bigint
LANGUAGE sql
RETURN health_override_set(book, account_id::text, mode, score, note, expires);
COMMENT ON FUNCTION health_override_set(text, uuid, text, double precision, text, interval) IS 'As the form for text, for an id that is a UUID.';
-- What people have given for accounts, pulses and overrides, as a refresh reads it; and what they are still asked.

CREATE FUNCTION health_given(book text, model text, as_of timestamptz, only_account text DEFAULT NULL, OUT account_id text, OUT given jsonb)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    -- The newest entry counts or nothing does: one that has expired does not revive an older one.
    WITH pulse AS (SELECT DISTINCT ON (p.account_id, p.signal) p.*
                     FROM health_pulse p
                    WHERE p.book OPERATOR(pg_catalog.=) health_given.book AND p.set_at OPERATOR(pg_catalog.<=) as_of
                      AND (only_account IS NULL OR p.account_id OPERATOR(pg_catalog.=) only_account)
                    ORDER BY p.account_id, p.signal, p.set_at DESC, p.id DESC),
         override AS (SELECT DISTINCT ON (o.account_id) o.*
                     FROM health_override o
                    WHERE o.book OPERATOR(pg_catalog.=) health_given.book AND o.set_at OPERATOR(pg_catalog.<=) as_of
                      AND (only_account IS NULL OR o.account_id OPERATOR(pg_catalog.=) only_account)
                    ORDER BY o.account_id, o.set_at DESC, o.id DESC),
         said AS (SELECT p.account_id, k.key, k.value, p.set_at, p.id
                    FROM pulse p
                    JOIN health_pulse_signals(model) s ON s.signal OPERATOR(pg_catalog.=) p.signal
                   CROSS JOIN LATERAL (VALUES (s.value_key, p.value), (s.observed_key, pg_catalog.to_jsonb(p.set_at AT TIME ZONE 'UTC'))) k (key, value)
                   WHERE p.expires_at OPERATOR(pg_catalog.>) as_of AND p.value IS NOT NULL AND k.key IS NOT NULL
                   UNION ALL
                  SELECT o.account_id, '@override', pg_catalog.to_jsonb(pg_catalog.format('%s %s: %s', o.mode, o.score, o.note)), o.set_at, o.id
                    FROM override o
                   WHERE o.expires_at OPERATOR(pg_catalog.>) as_of AND o.mode IS NOT NULL)
    SELECT s.account_id, pg_catalog.jsonb_object_agg(s.key, s.value ORDER BY s.set_at, s.id) FROM said s GROUP BY s.account_id;
END
$$;
COMMENT ON FUNCTION health_given(text, text, timestamptz, text) IS
'What people have given for the accounts of a book, or for one, as of a time: the values by the model''s inputs, and the override as @override, as in "cap 39: why". Accounts with nothing are left out.';

CREATE FUNCTION health_given_any(book text)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM health_pulse p WHERE p.book OPERATOR(pg_catalog.=) health_given_any.book)
        OR EXISTS (SELECT FROM health_override o WHERE o.book OPERATOR(pg_catalog.=) health_given_any.book);
END
$$;
COMMENT ON FUNCTION health_given_any(text) IS 'Whether people have given anything for the accounts of a book, ever: only then need a refresh look.';

CREATE FUNCTION health_pulse_questions(only_source text DEFAULT NULL, OUT source text, OUT book text, OUT account_id text, OUT name text, OUT owner text,
    OUT signal text, OUT question text, OUT last_value jsonb, OUT last_note text, OUT last_set_by text, OUT last_set_at timestamptz, OUT expired_at timestamptz)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    wanted CONSTANT text := only_source;
    asking health_source;
    history regclass;
BEGIN
    FOR asking IN SELECT s.* FROM health_source s WHERE wanted IS NULL OR s.name OPERATOR(pg_catalog.=) wanted ORDER BY s.name LOOP
        -- Whoever names a source wants its history with whatever policies that has.
        history := CASE WHEN wanted IS NULL THEN health_history_plain(asking)
                        ELSE health_history_named(asking) END;
        CONTINUE WHEN history IS NULL;
        -- Asked, unless somebody's judgement still holds, or the relation had a value of its own.
        RETURN QUERY EXECUTE pg_catalog.format($sql$
            SELECT $1, $2, h.account_id::pg_catalog.text, h.name, h.owner, q.signal, q.question, p.value, p.note, p.set_by, p.set_at, p.expires_at
              FROM (SELECT s.signal, s.question FROM health_pulse_signals($3) s
                     WHERE s.question IS NOT NULL AND s.segment OPERATOR(pg_catalog.=) '') q
             CROSS JOIN (SELECT DISTINCT ON (l.account_id) l.account_id, l.scored_at, l.name, l.owner, l.drivers
                           FROM %s l WHERE l.scored_at OPERATOR(pg_catalog.>=) $4 ORDER BY l.account_id, l.scored_at DESC) h
              LEFT JOIN LATERAL (SELECT n.* FROM health_pulse n
                                  WHERE n.book OPERATOR(pg_catalog.=) $2 AND n.account_id OPERATOR(pg_catalog.=) h.account_id::pg_catalog.text
                                    AND n.signal OPERATOR(pg_catalog.=) q.signal
                                  ORDER BY n.set_at DESC, n.id DESC LIMIT 1) p ON true
             WHERE (p.expires_at OPERATOR(pg_catalog.>) pg_catalog.now() AND p.value IS NOT NULL) IS NOT TRUE
               AND ((p.set_at OPERATOR(pg_catalog.<=) h.scored_at AND p.expires_at OPERATOR(pg_catalog.>) h.scored_at AND p.value IS NOT NULL)
                    OR NOT EXISTS (SELECT FROM pg_catalog.jsonb_array_elements(h.drivers) d
                                    WHERE d OPERATOR(pg_catalog.@>) pg_catalog.jsonb_build_object('kind', 'signal', 'driver', q.signal, 'status', 'ok')))$sql$, history)
        USING asking.name, asking.book, asking.model, asking.last_as_of;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_pulse_questions(text) IS
'The open questions of one source, with the row-level security of its history, or of all whose histories the current role may read and have none.';

CREATE VIEW health_pulse_due WITH (security_invoker = true) AS
SELECT * FROM health_pulse_questions(NULL);
COMMENT ON VIEW health_pulse_due IS 'The open questions: signals with "ask", account by account, for which neither a judgement holds nor the relation has a value.';
COMMENT ON COLUMN health_pulse_due.source IS 'The source whose model asks.';
COMMENT ON COLUMN health_pulse_due.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN health_pulse_due.account_id IS 'The account''s id as text.';
COMMENT ON COLUMN health_pulse_due.name IS 'The account''s name, from history.';
COMMENT ON COLUMN health_pulse_due.owner IS 'Who looks after the account, from history.';
COMMENT ON COLUMN health_pulse_due.signal IS 'The signal to judge: SELECT health_pulse_set(book, account_id, signal, …).';
COMMENT ON COLUMN health_pulse_due.question IS 'What the model asks.';
COMMENT ON COLUMN health_pulse_due.last_value IS 'The last judgement, NULL where there was none.';
COMMENT ON COLUMN health_pulse_due.last_note IS 'The note of the last judgement.';
COMMENT ON COLUMN health_pulse_due.last_set_by IS 'Who gave the last judgement.';
COMMENT ON COLUMN health_pulse_due.last_set_at IS 'When the last judgement was given.';
COMMENT ON COLUMN health_pulse_due.expired_at IS 'When the last judgement expired.';
-- health_identity: what an account is called in other systems. Ids that are linked, directly or by way of others, are one account.

CREATE TABLE health_identity (
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
CREATE INDEX health_identity_component_idx ON health_identity (book, component);
CREATE INDEX health_identity_account_idx ON health_identity (book, account_id);

COMMENT ON TABLE health_identity IS 'Ids of accounts in other systems: one row each. Use health_identity_link(). No grants to PUBLIC.';
COMMENT ON COLUMN health_identity.book IS 'The population of accounts, as in health_source.';
COMMENT ON COLUMN health_identity.system IS 'Where the id is used; the book''s own name for account ids.';
COMMENT ON COLUMN health_identity.external_id IS 'The id in that system, as text.';
COMMENT ON COLUMN health_identity.account_id IS 'The account in the book, as text; NULL until the ids are linked to one. Of several, the shortest and then lowest.';
COMMENT ON COLUMN health_identity.component IS 'The same for all ids that are linked to each other.';
COMMENT ON COLUMN health_identity.note IS 'What is known about the link.';
COMMENT ON COLUMN health_identity.set_by IS 'The role that added the id.';
COMMENT ON COLUMN health_identity.set_at IS 'When the id was added.';
COMMENT ON SEQUENCE health_identity_component_seq IS 'Numbers the components of health_identity.';
COMMENT ON INDEX health_identity_component_idx IS 'The ids that are linked to each other.';
COMMENT ON INDEX health_identity_account_idx IS 'The ids of an account.';

SELECT pg_catalog.pg_extension_config_dump('health_identity', '');
SELECT pg_catalog.pg_extension_config_dump('health_identity_component_seq', '');

-- A link may join what others have added; only the name of who did is theirs.
CREATE TRIGGER health_identity_guard BEFORE INSERT OR UPDATE OF set_by ON health_identity
    FOR EACH ROW EXECUTE FUNCTION health_set_by_guard();

CREATE FUNCTION health_identity_add(book text, system text, external_id text, note text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_column
DECLARE
    spelt text := CASE WHEN system OPERATOR(pg_catalog.=) book THEN health_book_account(book, external_id) ELSE external_id END;
    known bigint;
BEGIN
    IF book IS NULL OR COALESCE(system, '') OPERATOR(pg_catalog.=) '' OR COALESCE(external_id, '') OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'book, systems and ids must be neither null nor empty' USING ERRCODE = 'null_value_not_allowed',
            HINT = 'For example: SELECT health_identity_link(''zendesk'', 4711, ''accounts'', 17).';
    END IF;
    SELECT i.component INTO known FROM health_identity i
     WHERE i.book OPERATOR(pg_catalog.=) health_identity_add.book AND i.system OPERATOR(pg_catalog.=) health_identity_add.system
       AND i.external_id OPERATOR(pg_catalog.=) spelt;
    IF known IS NULL THEN
        IF system OPERATOR(pg_catalog.=) book THEN
            PERFORM health_book_warn(book, spelt);
        END IF;
        INSERT INTO health_identity AS i (book, system, external_id, note)
        VALUES (health_identity_add.book, health_identity_add.system, spelt, health_identity_add.note) RETURNING i.component INTO known;
    END IF;
    RETURN known;
END
$$;
COMMENT ON FUNCTION health_identity_add(text, text, text, text) IS 'The component of an id, which is added where it is not known.';

CREATE FUNCTION health_identity_join(book text, system text, external_id text, to_system text, to_external_id text, note text)
RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    one bigint;
    other bigint;
    account text;
BEGIN
    -- Two links at once could otherwise each miss what the other joins.
    PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('health_identity ' OPERATOR(pg_catalog.||) book, 0));
    one := health_identity_add(book, system, external_id, note);
    other := health_identity_add(book, to_system, to_external_id, note);
    IF one OPERATOR(pg_catalog.<>) other THEN
        UPDATE health_identity i SET component = LEAST(one, other)
         WHERE i.book OPERATOR(pg_catalog.=) health_identity_join.book AND i.component OPERATOR(pg_catalog.=) GREATEST(one, other);
    END IF;
    SELECT i.external_id INTO account FROM health_identity i
     WHERE i.book OPERATOR(pg_catalog.=) health_identity_join.book AND i.component OPERATOR(pg_catalog.=) LEAST(one, other)
       AND i.system OPERATOR(pg_catalog.=) i.book
     ORDER BY pg_catalog.length(i.external_id), i.external_id COLLATE "C" LIMIT 1;
    UPDATE health_identity i SET account_id = account
     WHERE i.book OPERATOR(pg_catalog.=) health_identity_join.book AND i.component OPERATOR(pg_catalog.=) LEAST(one, other)
       AND i.account_id IS DISTINCT FROM account;
    RETURN account;
END
$$;
COMMENT ON FUNCTION health_identity_join(text, text, text, text, text, text) IS 'What the forms of health_identity_link do, for ids as text.';

CREATE FUNCTION health_identity_link(system text, external_id text, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION health_identity_link(text, text, text, anycompatible, text, text) IS
'Says that an id in one system and one in another are the same account, as are all that these are linked to; the system of the account ids is named as the book. Returns the account''s id in the book, NULL while none is linked.';

CREATE FUNCTION health_identity_link(system text, external_id bigint, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id::text, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION health_identity_link(text, bigint, text, anycompatible, text, text) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_identity_link(system text, external_id uuid, to_system text, to_external_id anycompatible, book text DEFAULT 'accounts', note text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN health_identity_join(book, system, external_id::text, to_system, to_external_id::text, note);
END
$$;
COMMENT ON FUNCTION health_identity_link(text, uuid, text, anycompatible, text, text) IS 'As the form for text, for an id that is a UUID.';

CREATE FUNCTION health_account_id(system text, external_id anycompatible, book text DEFAULT 'accounts')
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    account text;
BEGIN
    SELECT i.account_id INTO account FROM health_identity i
     WHERE i.book OPERATOR(pg_catalog.=) health_account_id.book AND i.system OPERATOR(pg_catalog.=) health_account_id.system
       AND i.external_id OPERATOR(pg_catalog.=) health_account_id.external_id::text;
    RETURN account;
END
$$;
COMMENT ON FUNCTION health_account_id(text, anycompatible, text) IS
'The account that an id of another system belongs to, as text; NULL where none is linked to it.';

CREATE FUNCTION health_identity_accounts(book text, account_id text)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN ARRAY(SELECT health_identity_accounts.account_id
                  UNION
                 SELECT o.external_id FROM health_identity i JOIN health_identity o ON o.book OPERATOR(pg_catalog.=) i.book AND o.component OPERATOR(pg_catalog.=) i.component
                  WHERE i.book OPERATOR(pg_catalog.=) health_identity_accounts.book AND i.system OPERATOR(pg_catalog.=) i.book
                    AND i.external_id OPERATOR(pg_catalog.=) health_identity_accounts.account_id AND o.system OPERATOR(pg_catalog.=) o.book
                  ORDER BY 1);
END
$$;
COMMENT ON FUNCTION health_identity_accounts(text, text) IS 'An account and those of its book that are linked to it: all one customer.';
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
RETURN health_export_account(book, account_id::text);
COMMENT ON FUNCTION health_export(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_export(book text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_export_account(book, account_id::text);
COMMENT ON FUNCTION health_export(text, uuid) IS 'As the form for text, for an id that is a UUID.';
-- health_explain_change: why the score of an account differs from what it was, from history alone, and whether others' did too.

CREATE FUNCTION health_explain_change_query(history regclass, by text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    -- $1 account, $2 its time before, $3 its time after, $4 and $5 those of the others, $6 whether a column names the segments: a
    -- plan is then what the model becomes in one, since health_change chooses by the conditions. $7 whether there are others.
    RETURN pg_catalog.format($sql$
    WITH mine AS (
        SELECT true AS mine, b.model AS model_2, b.model_version AS version_2, COALESCE(b.segment, '') AS segment_2, b.owner, b.inputs AS inputs_2, b.scored_at AS at_2, b.score AS score_2,
               a.model AS model_1, a.model_version AS version_1, COALESCE(a.segment, '') AS segment_1, a.inputs AS inputs_1, a.scored_at AS at_1, a.score AS score_1
          FROM (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at OPERATOR(pg_catalog.=) $3) b
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE %2$s AND h.scored_at OPERATOR(pg_catalog.=) $2) a),
    pair AS (
        SELECT * FROM mine
         UNION ALL
        SELECT false, b.model, b.model_version, COALESCE(b.segment, ''), b.owner, b.inputs, b.scored_at, b.score,
               a.model, a.model_version, COALESCE(a.segment, ''), a.inputs, a.scored_at, a.score
          FROM mine
         CROSS JOIN (SELECT h.* FROM %1$s h WHERE h.scored_at OPERATOR(pg_catalog.=) $5 AND NOT (%2$s)) b
         CROSS JOIN LATERAL (SELECT h.* FROM %1$s h WHERE h.account_id OPERATOR(pg_catalog.=) b.account_id AND h.scored_at OPERATOR(pg_catalog.<=) $4
                              ORDER BY h.scored_at DESC LIMIT 1) a
         WHERE %3$s AND a.score IS NOT NULL AND b.score IS NOT NULL),
    plan AS MATERIALIZED (
        SELECT m.name, m.version, p.segment, p.definition
          FROM (SELECT model_2, version_2 FROM pair UNION SELECT model_1, version_1 FROM pair) u (name, version)
          JOIN health_model m ON m.name OPERATOR(pg_catalog.=) u.name AND m.version OPERATOR(pg_catalog.=) u.version
         CROSS JOIN LATERAL (SELECT '', CASE WHEN $6 THEN m.definition OPERATOR(pg_catalog.-) 'segments' ELSE m.definition END
                              UNION ALL
                             SELECT s.segment ->> 'name', health_patch(m.definition OPERATOR(pg_catalog.-) 'segments', COALESCE(s.segment -> 'patch', '{}'))
                               FROM pg_catalog.jsonb_array_elements(m.definition -> 'segments') s (segment) WHERE $6) p (segment, definition)),
    read AS MATERIALIZED (
        SELECT m.name, m.version, health_model_describe(m.definition) -> 'inputs' AS inputs
          FROM (SELECT DISTINCT name, version FROM plan) u
          JOIN health_model m ON m.name OPERATOR(pg_catalog.=) u.name AND m.version OPERATOR(pg_catalog.=) u.version),
    -- What the model before did not read was not kept: taken as it is now, it is the model's part and not the customer's.
    framed AS MATERIALIZED (
        SELECT pg_catalog.row_number() OVER () AS pair, p.*, now_in.definition AS frame, then_in.definition AS frame_then,
               CASE WHEN (p.model_1, p.version_1) IS NOT DISTINCT FROM (p.model_2, p.version_2) THEN p.inputs_1
                    ELSE COALESCE((SELECT pg_catalog.jsonb_object_agg(i.key, i.value) FROM pg_catalog.jsonb_each(p.inputs_2) i
                                    WHERE was.inputs IS NOT NULL AND NOT was.inputs OPERATOR(pg_catalog.?) i.key AND i.key OPERATOR(pg_catalog.<>) '@override'), '{}')
                         OPERATOR(pg_catalog.||) p.inputs_1 END AS inputs_then
          FROM pair p
          JOIN plan now_in ON now_in.name OPERATOR(pg_catalog.=) p.model_2 AND now_in.version OPERATOR(pg_catalog.=) p.version_2
               AND now_in.segment OPERATOR(pg_catalog.=) CASE WHEN $6 THEN p.segment_2 ELSE '' END
          LEFT JOIN plan then_in ON $6 AND p.segment_1 OPERATOR(pg_catalog.<>) p.segment_2 AND then_in.name OPERATOR(pg_catalog.=) p.model_2
               AND then_in.version OPERATOR(pg_catalog.=) p.version_2 AND then_in.segment OPERATOR(pg_catalog.=) p.segment_1
          LEFT JOIN read was ON was.name OPERATOR(pg_catalog.=) p.model_1 AND was.version OPERATOR(pg_catalog.=) p.version_1),
    told AS (
        SELECT f.pair, f.mine, CASE c.kind WHEN 'signal' THEN 'behaviour' WHEN 'rule' THEN 'rules' ELSE c.kind END AS part,
               c.driver, c.label, c.before_value, c.after_value, c.change, f.score_2 OPERATOR(pg_catalog.-) f.score_1 AS whole
          FROM framed f CROSS JOIN LATERAL health_change(f.frame, f.inputs_then, f.inputs_2, f.at_1, f.at_2) c
         UNION ALL
        SELECT f.pair, f.mine, 'segment', 'segment', 'Segment', NULLIF(f.segment_1, ''), NULLIF(f.segment_2, ''),
               health_score(f.frame, f.inputs_then, f.at_1) OPERATOR(pg_catalog.-) health_score(f.frame_then, f.inputs_then, f.at_1), f.score_2 OPERATOR(pg_catalog.-) f.score_1
          FROM framed f WHERE f.frame_then IS NOT NULL),
    part AS (
        SELECT * FROM told t WHERE t.whole IS NULL OR t.change IS NOT NULL
         UNION ALL
        SELECT f.pair, f.mine, 'model', f.model_2, f.model_2, pg_catalog.concat(f.model_1, '@', f.version_1), pg_catalog.concat(f.model_2, '@', f.version_2),
               f.score_2 OPERATOR(pg_catalog.-) f.score_1 OPERATOR(pg_catalog.-) s.told, f.score_2 OPERATOR(pg_catalog.-) f.score_1
          FROM framed f
          JOIN (SELECT g.pair, COALESCE(pg_catalog.sum(t.change), 0) AS told FROM framed g LEFT JOIN told t ON t.pair OPERATOR(pg_catalog.=) g.pair GROUP BY g.pair) s
               ON s.pair OPERATOR(pg_catalog.=) f.pair
         WHERE (f.model_1, f.version_1) IS DISTINCT FROM (f.model_2, f.version_2)
            OR pg_catalog.abs(f.score_2 OPERATOR(pg_catalog.-) f.score_1 OPERATOR(pg_catalog.-) s.told) OPERATOR(pg_catalog.>) 1e-9
         UNION ALL
        SELECT f.pair, f.mine, 'score', NULL, 'Score', f.score_1::pg_catalog.text, f.score_2::pg_catalog.text,
               f.score_2 OPERATOR(pg_catalog.-) f.score_1, f.score_2 OPERATOR(pg_catalog.-) f.score_1
          FROM framed f),
    others AS (SELECT pg_catalog.count(*) AS peers FROM framed f WHERE NOT f.mine)
    SELECT (pg_catalog.row_number() OVER (ORDER BY p.part OPERATOR(pg_catalog.<>) 'score', p.change, p.part, p.driver) OPERATOR(pg_catalog.-) 1)::pg_catalog.int4,
           p.part, p.driver, p.label, p.before_value, p.after_value, p.change,
           CASE WHEN $7 THEN o.peers END, CASE WHEN $7 AND o.peers OPERATOR(pg_catalog.>) 0 THEN COALESCE(q.change, 0) OPERATOR(pg_catalog./) o.peers END,
           CASE WHEN $7 THEN COALESCE(q.alike, 0) END
      FROM part p CROSS JOIN others o
      LEFT JOIN LATERAL (SELECT pg_catalog.sum(x.change) AS change,
                                pg_catalog.count(*) FILTER (WHERE pg_catalog.sign(x.change) OPERATOR(pg_catalog.=) pg_catalog.sign(p.change)
                                    AND pg_catalog.abs(x.change) OPERATOR(pg_catalog.>=) (pg_catalog.abs(p.change) OPERATOR(pg_catalog./) 2)) AS alike
                           FROM part x WHERE NOT x.mine AND x.part OPERATOR(pg_catalog.=) p.part AND x.driver IS NOT DISTINCT FROM p.driver) q ON true
     WHERE p.mine AND (p.part OPERATOR(pg_catalog.=) 'score' OR p.change OPERATOR(pg_catalog.<>) 0 OR (p.whole IS NULL AND p.before_value IS DISTINCT FROM p.after_value))
     ORDER BY 1$sql$,
        history, health_history_match(history),
        CASE by WHEN 'segment' THEN 'COALESCE(b.segment, '''') OPERATOR(pg_catalog.=) mine.segment_2' WHEN 'owner' THEN 'b.owner IS NOT DISTINCT FROM mine.owner'
                WHEN 'all' THEN 'true' ELSE 'false' END);
END
$$;
COMMENT ON FUNCTION health_explain_change_query(regclass, text) IS 'The SELECT behind health_explain_change(), over a history.';

CREATE FUNCTION health_explain_change_of(source text, account_id text, "from" timestamptz, "to" timestamptz, by text,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
-- The rows of a new time have no statistics: a loop over a book of them would take hours, and its cost call in the JIT compiler.
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
        RAISE EXCEPTION 'invalid by "%"', by USING ERRCODE = 'invalid_parameter_value', HINT = 'One of segment, owner, all; NULL compares with nobody.';
    END IF;
    IF "from" IS NULL OR "to" IS NULL THEN
        RAISE EXCEPTION 'from and to must not be null' USING ERRCODE = 'null_value_not_allowed', HINT = 'Leave them out for the last 30 days.';
    END IF;
    IF history IS NULL THEN
        RAISE EXCEPTION 'history %.% of source "%" does not exist', pg_catalog.quote_ident(found_source.history_schema), pg_catalog.quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE pg_catalog.format('SELECT pg_catalog.max(h.scored_at), COALESCE(pg_catalog.max(h.scored_at) FILTER (WHERE h.scored_at OPERATOR(pg_catalog.<=) $2), pg_catalog.min(h.scored_at)) FROM %s h WHERE %s AND h.scored_at OPERATOR(pg_catalog.<=) $3',
        history, health_history_match(history)) INTO after_at, before_at USING spelt, "from", "to";
    IF after_at IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' OPERATOR(pg_catalog.||) account_id OPERATOR(pg_catalog.||) '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores; health_backfill those of the past.';
    END IF;
    EXECUTE pg_catalog.format('SELECT pg_catalog.bool_and(h.inputs IS NOT NULL) FROM %s h WHERE %s AND h.scored_at IN ($2, $3)', history, health_history_match(history))
       INTO kept USING spelt, before_at, after_at;
    IF NOT kept THEN
        RAISE EXCEPTION 'history % keeps no inputs', history USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = 'What changed is told from what the scores were computed from.', HINT = 'Add the source with keep_inputs => true.';
    END IF;
    IF by IS NOT NULL THEN
        -- The book's own refreshes, not what was scored in between.
        peers_before := before_at;
        EXECUTE pg_catalog.format('SELECT pg_catalog.max(h.scored_at) FROM %s h WHERE h.scored_at OPERATOR(pg_catalog.<=) $1', history)
           INTO peers_after USING LEAST("to", found_source.last_as_of);
    END IF;
    RETURN QUERY EXECUTE health_explain_change_query(history, by)
           USING spelt, before_at, after_at, peers_before, peers_after, found_source.segment_column IS NOT NULL, by IS NOT NULL;
END
$$;
COMMENT ON FUNCTION health_explain_change_of(text, text, timestamptz, timestamptz, text) IS 'What the forms of health_explain_change do, for an id as text.';

CREATE FUNCTION health_explain_change(source text, account_id text, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION health_explain_change(text, text, timestamptz, timestamptz, text) IS
'Why an account''s score differs from what it was, from history: behaviour, coverage, rules, override, segment and model, what hurt most first, after a row for the score; the others add up to it. by (segment, owner or all) says how the others of the book changed.';

CREATE FUNCTION health_explain_change(source text, account_id bigint, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION health_explain_change(text, bigint, timestamptz, timestamptz, text) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_explain_change(source text, account_id uuid, "from" timestamptz DEFAULT now() - interval '30 days', "to" timestamptz DEFAULT now(), by text DEFAULT NULL,
    OUT rank integer, OUT part text, OUT driver text, OUT label text, OUT before_value text, OUT after_value text, OUT change double precision,
    OUT peers bigint, OUT peers_change double precision, OUT peers_alike bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY SELECT c.* FROM health_explain_change_of(source, account_id::text, "from", "to", by) c;
END
$$;
COMMENT ON FUNCTION health_explain_change(text, uuid, timestamptz, timestamptz, text) IS 'As the form for text, for an id that is a UUID.';
-- health_account: everything known of one account, as one document. Nothing is computed here that is not told elsewhere.

CREATE FUNCTION health_account_of(source text, account_id text)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    -- The newest scores that are listed.
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
        RAISE EXCEPTION 'history %.% of source "%" does not exist', pg_catalog.quote_ident(found_source.history_schema), pg_catalog.quote_ident(found_source.history_name), source
            USING ERRCODE = 'undefined_table', HINT = 'SELECT health_source_add(…) under the same name makes an empty one.';
    END IF;
    spelt := health_id_spelt(account_id, health_id_type(history));
    EXECUTE pg_catalog.format($sql$
        SELECT pg_catalog.jsonb_build_object('history', pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('scored_at', h.scored_at, 'score', h.score, 'band', h.band,
                   'calculated', h.calculated, 'model_version', h.model_version) ORDER BY h.scored_at),
               'drivers', (pg_catalog.array_agg(h.drivers ORDER BY h.scored_at DESC))[1], 'inputs', (pg_catalog.array_agg(h.inputs ORDER BY h.scored_at DESC))[1])
          FROM (SELECT h.* FROM %s h WHERE %s ORDER BY h.scored_at DESC LIMIT $2) h HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0$sql$, history, health_history_match(history))
       INTO document USING spelt, newest;
    IF document IS NULL THEN
        RAISE EXCEPTION 'source "%" has no score of account %', source, COALESCE('"' OPERATOR(pg_catalog.||) account_id OPERATOR(pg_catalog.||) '"', 'NULL') USING ERRCODE = 'no_data_found',
            HINT = 'CALL health_refresh(…) writes scores.';
    END IF;
    EXECUTE pg_catalog.format('SELECT pg_catalog.to_jsonb(h) FROM %I.%I h WHERE %s', found_source.history_schema, source OPERATOR(pg_catalog.||) '_current', health_history_match(history))
       INTO rows USING spelt;
    document := document OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('source', source, 'book', found_source.book, 'account_id', spelt, 'current', rows);
    -- Of the tables of the extension what the reader may read.
    ids := CASE WHEN pg_catalog.has_table_privilege('health_identity', 'SELECT') THEN health_identity_accounts(found_source.book, spelt) ELSE ARRAY[spelt] END;
    FOR place IN SELECT t.relation, t.condition, pg_catalog.regexp_replace(pg_catalog.regexp_replace(c.relname, '^health_', ''), 'y$', 'ie') OPERATOR(pg_catalog.||) 's' AS name
                   FROM health_account_tables() t JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) t.relation
                  WHERE pg_catalog.has_table_privilege(t.relation, 'SELECT') LOOP
        EXECUTE pg_catalog.format('SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r) ORDER BY r), ''[]'') FROM %s r WHERE %s', place.relation, place.condition)
           INTO rows USING found_source.book, ids;
        document := document OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(place.name, rows);
    END LOOP;
    RETURN document OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object('linked_accounts', pg_catalog.to_jsonb(pg_catalog.array_remove(ids, spelt)));
END
$$;
COMMENT ON FUNCTION health_account_of(text, text) IS 'What the forms of health_account do, for an id as text.';

CREATE FUNCTION health_account(source text, account_id text)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id);
COMMENT ON FUNCTION health_account(text, text) IS
'Everything known of an account: its row of the source''s _current view, drivers and inputs of the newest score, the history of scores, and what the tables of the extension hold, of those that the reader may read: pulses, overrides, outcomes, ids in other systems, linked accounts.';

CREATE FUNCTION health_account(source text, account_id bigint)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::text);
COMMENT ON FUNCTION health_account(text, bigint) IS 'As the form for text, for an id that is a number.';

CREATE FUNCTION health_account(source text, account_id uuid)
RETURNS jsonb
LANGUAGE sql STABLE
RETURN health_account_of(source, account_id::text);
COMMENT ON FUNCTION health_account(text, uuid) IS 'As the form for text, for an id that is a UUID.';
-- Which account made a run fail: where an error lies in the data, whose it is is what somebody has to look for next. Nothing is
-- written here.

CREATE FUNCTION health_run_ids(source health_source, as_of timestamptz, path text)
RETURNS text[]
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET health_score.as_of = ''
AS $$
DECLARE
    ids text[];
BEGIN
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM pg_catalog.set_config('search_path', path, true);
    EXECUTE pg_catalog.format('SELECT ARRAY(SELECT i.id::pg_catalog.text FROM (SELECT DISTINCT %I AS id FROM %I.%I) i WHERE i.id IS NOT NULL ORDER BY i.id)',
        source.account_column, source.relation_schema, source.relation_name) INTO ids;
    RETURN ids;
END
$$;
COMMENT ON FUNCTION health_run_ids(health_source, timestamptz, text) IS 'The account ids of a source''s relation in their order, as text.';

CREATE FUNCTION health_run_fails(query text, as_of timestamptz, path text, first text, last text, code text)
RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
SET health_score.as_of = ''
AS $$
BEGIN
    PERFORM pg_catalog.set_config('health_score.as_of', pg_catalog.to_char(as_of AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00'), true);
    PERFORM pg_catalog.set_config('search_path', path, true);
    -- The row as a whole, or what a count does not need would not be computed.
    EXECUTE pg_catalog.format('SELECT pg_catalog.count(scored::pg_catalog.text) FROM (%s) AS scored', query) USING as_of, first, last;
    RETURN false;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE OPERATOR(pg_catalog.=) code;
END
$$;
COMMENT ON FUNCTION health_run_fails(text, timestamptz, text, text, text, text) IS 'Whether scoring the accounts from one to another ends in an error of that SQLSTATE.';

-- Halves what may be to blame until one is left: about twice the work of the run that failed.
CREATE FUNCTION health_run_culprit(source health_source, as_of timestamptz, path text, code text)
RETURNS text
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
    query text := health_source_query(source, false, true);
    ids text[] := health_run_ids(source, as_of, path);
    low integer := 1;
    high integer := pg_catalog.cardinality(ids);
    middle integer;
BEGIN
    WHILE low OPERATOR(pg_catalog.<) high LOOP
        middle := (low OPERATOR(pg_catalog.+) high) OPERATOR(pg_catalog./) 2;
        IF health_run_fails(query, as_of, path, ids[low], ids[middle], code) THEN
            high := middle;
        ELSE
            low := middle OPERATOR(pg_catalog.+) 1;
        END IF;
    END LOOP;
    -- Where the first and the last both fail, it is hardly a matter of accounts.
    IF low OPERATOR(pg_catalog.=) 1 AND pg_catalog.cardinality(ids) OPERATOR(pg_catalog.>) 1
       AND health_run_fails(query, as_of, path, ids[pg_catalog.cardinality(ids)], ids[pg_catalog.cardinality(ids)], code) THEN
        RETURN NULL;
    END IF;
    RETURN CASE WHEN health_run_fails(query, as_of, path, ids[low], ids[low], code) THEN ids[low] END;
EXCEPTION WHEN OTHERS THEN
    -- That it cannot be found must not hide what went wrong.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION health_run_culprit(health_source, timestamptz, text, text) IS
'An account whose row alone makes a run fail with that SQLSTATE; NULL where there is none.';
-- health_auc and health_backtest: do the scores tell accounts with an event from those without?

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

CREATE AGGREGATE health_auc(score double precision, event boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_auc(double precision, boolean) IS
'The chance that of two accounts, one with the event (such as churn) and one without, the one with it has the lower score, ties half: 0.5 is a coin''s toss, 1 never wrong. Scores of 0 to 100, taken to 0.01; rows that lack one are left out; NULL unless both kinds occur.';

CREATE AGGREGATE health_auc(score double precision, event boolean, event_is_good boolean) (
    SFUNC = health_auc_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_auc_combine, FINALFUNC = health_auc_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_auc(double precision, boolean, boolean) IS
'The same where event_is_good says that the event (such as a renewal) should go with high scores. It must be the same in all rows of a group; NULL is false.';

CREATE TYPE health_backtest_row AS (
    accounts bigint, events bigint, base_rate double precision, auc double precision, auc_low double precision, auc_high double precision, gini double precision, ks double precision, worst_decile_lift double precision, worst_decile_capture double precision, bands text[], band_accounts bigint[], band_events bigint[], band_rates double precision[], verdict text
);
COMMENT ON TYPE health_backtest_row IS
'What health_backtest returns: how well scores went with what came later.';
COMMENT ON COLUMN health_backtest_row.accounts IS 'Accounts with a score of which it is known whether they had the event.';
COMMENT ON COLUMN health_backtest_row.events IS 'Those with the event.';
COMMENT ON COLUMN health_backtest_row.base_rate IS 'The share of the accounts with the event, 0 to 1.';
COMMENT ON COLUMN health_backtest_row.auc IS 'As health_auc; NULL unless there are accounts with the event and without, as all that compares them.';
COMMENT ON COLUMN health_backtest_row.auc_low IS 'The lower end of its 95 % interval (DeLong, DeLong and Clarke-Pearson 1988).';
COMMENT ON COLUMN health_backtest_row.auc_high IS 'The upper end of that interval.';
COMMENT ON COLUMN health_backtest_row.gini IS '2 · auc − 1.';
COMMENT ON COLUMN health_backtest_row.ks IS 'The largest gap between the distributions of the scores with and without the event (Kolmogorov and Smirnov), 0 to 1.';
COMMENT ON COLUMN health_backtest_row.worst_decile_lift IS 'How many times as often as all accounts the tenth with the lowest scores has the event; equal scores count in proportion.';
COMMENT ON COLUMN health_backtest_row.worst_decile_capture IS 'The share of the events in that tenth.';
COMMENT ON COLUMN health_backtest_row.bands IS 'The bands, from the lowest.';
COMMENT ON COLUMN health_backtest_row.band_accounts IS 'The accounts in each band.';
COMMENT ON COLUMN health_backtest_row.band_events IS 'Those of them with the event.';
COMMENT ON COLUMN health_backtest_row.band_rates IS 'The share with the event in each band; NULL where nobody is.';
COMMENT ON COLUMN health_backtest_row.verdict IS 'Passes, or fails with reasons: the lowest band has three times the events of all accounts, two thirds of the events lie below the highest band, which holds at most 80 % of the accounts. Or: too few to judge, fewer than 30 of a kind.';

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
RETURNS health_backtest_row
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_backtest_final';
COMMENT ON FUNCTION health_backtest_final(bytea) IS
'The result of aggregate health_backtest. Not meant to be called.';

CREATE AGGREGATE health_backtest(score double precision, event boolean) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_backtest(double precision, boolean) IS
'Scores with bad events that came later, as one row: AUC with interval, Gini, KS, worst decile, the rate of each band (red, yellow from 40, green from 70), and whether that clears the bar for a score. Scores of 0 to 100, taken to 0.01.';

CREATE AGGREGATE health_backtest(score double precision, event boolean, model text) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_backtest(double precision, boolean, text) IS
'The same by the bands of a saved model, those without a segment. One model a group.';

CREATE AGGREGATE health_backtest(score double precision, event boolean, model jsonb) (
    SFUNC = health_backtest_step, STYPE = bytea, SSPACE = 1200, COMBINEFUNC = health_backtest_combine, FINALFUNC = health_backtest_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_backtest(double precision, boolean, jsonb) IS
'The same by the bands of a model document, those without a segment. One model a group.';
-- health_psi: do values lie today where they lay?

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

CREATE AGGREGATE health_psi(value double precision, is_current boolean) (
    SFUNC = health_psi_step, STYPE = bytea, SSPACE = 4200, COMBINEFUNC = health_psi_combine, FINALFUNC = health_psi_final, PARALLEL = SAFE
);
COMMENT ON AGGREGATE health_psi(double precision, boolean) IS
'Population stability index of today''s values against a baseline''s, by the deciles of the baseline, NULL apart: below 0.1 stable, to 0.25 to be watched, above shifted. NULL unless both have rows.';
-- Learning from outcomes: what each signal tells of an event, and a model fitted to it.

CREATE FUNCTION health_signal_power(model text, relation regclass, outcome text, "by" text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    OUT by_value text, OUT signal text, OUT accounts bigint, OUT events bigint, OUT missing_share double precision,
    OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT information_value double precision,
    OUT direction text, OUT verdict text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_power';
COMMENT ON FUNCTION health_signal_power(text, regclass, text, text, timestamptz) IS
'What each signal of a saved model alone tells of a bad event: AUC of its subscores with interval, information value, direction (as scaled, reversed, none), verdict (useless, weak, medium, strong; suspicious: does it know the event?). For all accounts, or for each value of column by.';

CREATE FUNCTION health_signal_power(model jsonb, relation regclass, outcome text, "by" text DEFAULT NULL,
    as_of timestamptz DEFAULT NULL,
    OUT by_value text, OUT signal text, OUT accounts bigint, OUT events bigint, OUT missing_share double precision,
    OUT auc double precision, OUT auc_low double precision, OUT auc_high double precision, OUT information_value double precision,
    OUT direction text, OUT verdict text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL UNSAFE COST 100000 ROWS 20
AS 'MODULE_PATHNAME', 'health_signal_power';
COMMENT ON FUNCTION health_signal_power(jsonb, regclass, text, text, timestamptz) IS
'What each signal of a model document alone tells of a bad event: as the form by name.';

CREATE FUNCTION health_model_fit(model text, relation regclass, outcome text, columns text[] DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, event_is_good boolean DEFAULT false)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'health_model_fit';
COMMENT ON FUNCTION health_model_fit(text, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes (a boolean, 0/1 or yes/no column): a saved model''s signals, and further columns (''{*}'' for all), with weights, scales and bands that fit; meta.fit has the AUC on held-out accounts. An error where nothing beats chance, or with fewer than 30 of a kind.';

CREATE FUNCTION health_model_fit(model jsonb, relation regclass, outcome text, columns text[] DEFAULT NULL,
    as_of timestamptz DEFAULT NULL, event_is_good boolean DEFAULT false)
RETURNS jsonb
LANGUAGE c STABLE PARALLEL UNSAFE COST 1000000
AS 'MODULE_PATHNAME', 'health_model_fit';
COMMENT ON FUNCTION health_model_fit(jsonb, regclass, text, text[], timestamptz, boolean) IS
'A new draft learnt from outcomes for a model document: as the form by name.';
-- health_model_sql: a model as a query that needs no extension.

CREATE FUNCTION health_model_sql(model text, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';
COMMENT ON FUNCTION health_model_sql(text, regclass, timestamptz) IS
'A query in plain standard SQL: the columns of a relation with health_score, health_band and health_segment as a saved model gives them, to 1e-9; NULL where the function raises an error. Ages count to as_of, else to CURRENT_TIMESTAMP. Models of events are refused.';

CREATE FUNCTION health_model_sql(model jsonb, relation regclass, as_of timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL UNSAFE COST 10000
AS 'MODULE_PATHNAME', 'health_model_sql';
COMMENT ON FUNCTION health_model_sql(jsonb, regclass, timestamptz) IS
'A model document as a query in plain standard SQL: as the form by name.';
-- Past scores with what became of the accounts: the pairs that a score is proved by. A row counts only when all that it is held
-- against lies after its score, and is known by now.

CREATE FUNCTION health_labelled_check(kind text, lead interval, horizon interval)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
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
    -- Months count 30 days here, as in every comparison of intervals.
    IF lead OPERATOR(pg_catalog.<) '0'::interval OR horizon OPERATOR(pg_catalog.<=) '0'::interval
       OR lead OPERATOR(pg_catalog.+) horizon OPERATOR(pg_catalog.>) '100 years'::interval THEN
        RAISE EXCEPTION 'lead must not be negative, horizon must be positive, and both together at most 100 years'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: lead => ''14 days'', horizon => ''90 days''.';
    END IF;
END
$$;
COMMENT ON FUNCTION health_labelled_check(text, interval, interval) IS
'Raises unless the arguments of health_labelled make sense: 22004 for NULL, 22023 for a kind that is none and for lengths of time that are none.';

CREATE FUNCTION health_times_apart(times timestamp[], gap interval)
RETURNS timestamp[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
DECLARE
    at timestamp;
    following timestamp := '-infinity';
    apart timestamp[] := '{}';
BEGIN
    FOREACH at IN ARRAY times LOOP
        IF at OPERATOR(pg_catalog.>=) following THEN
            apart := apart OPERATOR(pg_catalog.||) at;
            following := at OPERATOR(pg_catalog.+) gap;
        END IF;
    END LOOP;
    RETURN apart;
END
$$;
COMMENT ON FUNCTION health_times_apart(timestamp without time zone[], interval) IS
'Of rising times the first, then the first that is a gap later, and so on: what comes later has no part in the choice.';

CREATE FUNCTION health_labelled(source text, kind text DEFAULT 'churned', lead interval DEFAULT '0 days', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL, apart boolean DEFAULT false,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT model text, OUT model_version integer, OUT segment text, OUT value numeric, OUT inputs jsonb,
    OUT event boolean, OUT event_at timestamptz, OUT hindsight boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
-- The length of a day is that of UTC.
SET timezone = 'UTC'
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    history text := pg_catalog.format('%I.%I', found.history_schema, found.history_name);
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    RETURN QUERY EXECUTE pg_catalog.format($sql$
        WITH told AS (
            SELECT o.account_id, array_agg(o.at) FILTER (WHERE o.kind = $2) AS events, array_agg(o.at) FILTER (WHERE o.kind = 'churned') AS lost,
                   array_agg(o.at) FILTER (WHERE o.kind IN ('renewed', 'expanded')) AS back
              FROM health_outcome o WHERE o.book = $1 GROUP BY o.account_id)
        SELECT l.account_id::text, l.name, l.scored_at, l.score, l.band, l.band_rank, l.model, l.model_version, l.segment, l.value, l.inputs,
               COALESCE(l.next_at <= l.scored_at + $3 + $4, false), CASE WHEN l.next_at <= l.scored_at + $3 + $4 THEN l.next_at END,
               NOT COALESCE(m.created_at <= l.scored_at, false)
          FROM (SELECT h.*, CASE WHEN t.events IS NOT NULL THEN (SELECT min(e.at) FROM unnest(t.events) e (at) WHERE e.at > h.scored_at) END AS next_at,
                       CASE WHEN t.lost IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.lost) e (at) WHERE e.at <= h.scored_at) END AS lost_at,
                       CASE WHEN t.back IS NOT NULL THEN (SELECT max(e.at) FROM unnest(t.back) e (at) WHERE e.at <= h.scored_at) END AS back_at
                  FROM %1$s h%2$s LEFT JOIN told t ON t.account_id = h.account_id::text
                 WHERE h.scored_at + $3 + $4 <= $5) l
          LEFT JOIN health_model m ON m.name = l.model AND m.version = l.model_version
         -- What happens within the lead was no longer to be foreseen in time, and decides what comes after it.
         WHERE (l.next_at IS NULL OR l.next_at > l.scored_at + $3)
           -- Who has churned cannot churn again before coming back.
           AND NOT ($2 = 'churned' AND l.lost_at IS NOT NULL AND (l.back_at IS NULL OR l.back_at <= l.lost_at))$sql$, history,
        CASE WHEN apart THEN pg_catalog.format($sql$
                  JOIN (SELECT h.account_id, unnest(health_times_apart(array_agg(h.scored_at AT TIME ZONE 'UTC' ORDER BY h.scored_at), $4)) AT TIME ZONE 'UTC' AS scored_at
                          FROM %s h GROUP BY h.account_id) c ON c.account_id = h.account_id AND c.scored_at = h.scored_at$sql$, history) ELSE '' END)
    USING found.book, kind, lead, horizon, known;
END
$$;
COMMENT ON FUNCTION health_labelled(text, text, interval, interval, timestamptz, boolean) IS
'A source''s past scores, each with whether the account had the outcome later than lead and within the horizon after that. Scores whose horizon ends after until (NULL: now) are left out, as are those of accounts that had churned. apart: an account''s horizons do not overlap.';
-- health_backtest of a source: its history held against what came later.

CREATE FUNCTION health_backtest(source text, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days', lead interval DEFAULT '0 days',
    until timestamptz DEFAULT NULL)
RETURNS health_backtest_row
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET intervalstyle = 'postgres'
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
    proof health_backtest_row;
BEGIN
    PERFORM health_labelled_check(kind, lead, horizon);
    IF kind IN ('renewed', 'expanded') THEN
        RAISE EXCEPTION 'a backtest is of bad events, and % is a good one', kind USING ERRCODE = 'invalid_parameter_value',
            HINT = pg_catalog.format('SELECT health_auc(score, event, true) FROM health_labelled(%L, %L, apart => true) tells how well high scores go with it.', source, kind);
    END IF;
    proof := (SELECT health_backtest(l.score, l.event, found.model) FROM health_labelled(source, kind, lead, horizon, until, true) l);
    IF proof.accounts IS NULL THEN
        RAISE EXCEPTION 'no score of source "%" is old enough to be judged', source USING ERRCODE = 'object_not_in_prerequisite_state',
            DETAIL = pg_catalog.format('A score counts when %s have passed since it was made, and the account had not churned by then.', lead OPERATOR(pg_catalog.+) horizon),
            HINT = 'Take a shorter horizon, or fill the history in: CALL health_backfill(source, from), for a source with time_column or point_in_time.';
    END IF;
    RETURN proof;
END
$$;
COMMENT ON FUNCTION health_backtest(text, text, interval, interval, timestamptz) IS
'A source''s past scores held against later outcomes, one score an account and horizon, by the bands of its model: as aggregate health_backtest. It cannot leak: only outcomes after the score count, and only complete horizons.';
-- health_risk: how often accounts at a score had the outcome.

CREATE FUNCTION health_share_interval(events bigint, accounts bigint, OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
-- Numbers have the exact types of the operators of pg_catalog: one that needs a cast would lose against another schema's that needs none.
DECLARE
    z CONSTANT double precision := 1.959963984540054;
    n double precision := NULLIF(accounts, 0);
    share double precision := events OPERATOR(pg_catalog./) n;
    middle double precision;
    half double precision;
BEGIN
    middle := (share + z * z / (2::double precision * n)) / (1::double precision + z * z / n);
    half := z * pg_catalog.sqrt(share * (1::double precision - share) / n + z * z / (4::double precision * n * n)) / (1::double precision + z * z / n);
    IF n IS NOT NULL THEN
        low := GREATEST(middle - half, 0);
        high := LEAST(middle + half, 1);
    END IF;
END
$$;
COMMENT ON FUNCTION health_share_interval(bigint, bigint) IS
'The 95 % interval of a share, events of accounts (Wilson 1927): right for small numbers and for shares of 0 and 1. NULL of no accounts.';

CREATE FUNCTION health_risk(source text, score double precision, kind text DEFAULT 'churned', horizon interval DEFAULT '90 days',
    until timestamptz DEFAULT NULL,
    OUT from_score double precision, OUT to_score double precision, OUT accounts bigint, OUT events bigint,
    OUT risk double precision, OUT risk_low double precision, OUT risk_high double precision, OUT message text)
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET intervalstyle = 'postgres'
AS $$
#variable_conflict use_variable
DECLARE
    -- The narrowest range around the score with so many accounts; beyond the widest they are not alike any more.
    enough CONSTANT bigint := 50;
    fewest CONSTANT bigint := 30;
    reach double precision;
BEGIN
    IF score IS NULL OR NOT (score OPERATOR(pg_catalog.>=) 0 AND score OPERATOR(pg_catalog.<=) 100) THEN
        RAISE EXCEPTION 'a score is a number from 0 to 100, not %', COALESCE(score::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
            HINT = 'For example: SELECT message FROM health_risk(''crm'', 61).';
    END IF;
    SELECT w.reach, pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach),
           pg_catalog.count(*) FILTER (WHERE l.event AND pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach)
      INTO reach, accounts, events
      FROM health_labelled(source, kind, '0 days', horizon, until, true) l
     CROSS JOIN (VALUES (2.5::double precision), (5), (7.5), (10), (15)) w (reach)
     GROUP BY w.reach
     ORDER BY pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach) OPERATOR(pg_catalog.<) enough,
              CASE WHEN pg_catalog.count(*) FILTER (WHERE pg_catalog.abs(l.score OPERATOR(pg_catalog.-) health_risk.score) OPERATOR(pg_catalog.<=) w.reach) OPERATOR(pg_catalog.<) enough
                   THEN OPERATOR(pg_catalog.-) w.reach ELSE w.reach END
     LIMIT 1;
    accounts := COALESCE(accounts, 0);
    events := COALESCE(events, 0);
    from_score := GREATEST(score - COALESCE(reach, 15::double precision), 0);
    to_score := LEAST(score + COALESCE(reach, 15::double precision), 100);
    IF accounts OPERATOR(pg_catalog.<) fewest THEN
        message := pg_catalog.format('too few to tell: %s accounts at %s to %s with a complete horizon, at least %s are needed', accounts, from_score, to_score, fewest);
        RETURN;
    END IF;
    risk := events OPERATOR(pg_catalog./) accounts::double precision;
    SELECT i.low, i.high INTO risk_low, risk_high FROM health_share_interval(events, accounts) i;
    message := pg_catalog.format('accounts at %s to %s %s %s %% in %s (%s–%s %%): %s of %s', from_score, to_score, kind,
        pg_catalog.round(risk * 100::double precision), horizon, pg_catalog.round(risk_low * 100::double precision), pg_catalog.round(risk_high * 100::double precision), events, accounts);
END
$$;
COMMENT ON FUNCTION health_risk(text, double precision, text, interval, timestamptz) IS
'How many of the accounts around a score had the outcome within the horizon, by the source''s past scores, with a 95 % interval, in numbers and in words. The range around the score widens until it holds 50 accounts, to 15 points at most.';
-- health_replay: a source's history under another model, from the inputs that it keeps. Nothing is written.

CREATE FUNCTION health_replay_reads(definition jsonb, optional boolean)
RETURNS SETOF text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path FROM CURRENT
AS $$
BEGIN
    RETURN QUERY
    SELECT pg_catalog.jsonb_array_elements_text(CASE pg_catalog.jsonb_typeof(s.read) WHEN 'string' THEN pg_catalog.jsonb_build_array(s.read)
               ELSE COALESCE(s.read OPERATOR(pg_catalog.->) 'ratio', s.read OPERATOR(pg_catalog.->) 'change', s.read OPERATOR(pg_catalog.->) 'days', '[]') END)
      FROM (SELECT COALESCE(j.signal OPERATOR(pg_catalog.->) 'input', pg_catalog.to_jsonb(j.name)) AS read
              FROM pg_catalog.jsonb_each(definition OPERATOR(pg_catalog.->) 'signals') j (name, signal)
             WHERE COALESCE((j.signal OPERATOR(pg_catalog.->) 'optional') OPERATOR(pg_catalog.=) 'true'::jsonb, false) OPERATOR(pg_catalog.=) optional) s;
END
$$;
COMMENT ON FUNCTION health_replay_reads(jsonb, boolean) IS 'The inputs that the optional signals of a model document read, or the others.';

CREATE FUNCTION health_replay_check(found health_source, definition jsonb)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    input text;
    kept boolean;
BEGIN
    -- A column that was not kept must not quietly re-weigh everybody. What only may be there is no matter.
    FOR input IN
        SELECT i.input FROM pg_catalog.jsonb_array_elements_text(health_model_describe(definition) OPERATOR(pg_catalog.->) 'inputs') i (input)
        EXCEPT
        (SELECT o.input FROM health_replay_reads(definition, true) o (input) EXCEPT SELECT r.input FROM health_replay_reads(definition, false) r (input))
        ORDER BY 1
    LOOP
        EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %I.%I h WHERE h.inputs ? %L)', found.history_schema, found.history_name, input) INTO kept;
        IF NOT kept THEN
            RAISE EXCEPTION 'the history of source "%" does not keep input "%"', found.name, input USING ERRCODE = 'undefined_column',
                DETAIL = CASE WHEN found.keep_inputs THEN 'History keeps what the source''s own model reads, and what keep names.' ELSE 'The source was added with keep_inputs => false.' END,
                HINT = pg_catalog.format('Scores from now on can be replayed after health_source_add(%L, …, keep => ''{%s}''); or mark the signal optional.', found.name, input);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_replay_check(health_source, jsonb) IS
'Raises 42703 where no row of a source''s history has an input that a model document reads, unless only optional signals read it.';

CREATE FUNCTION health_replay_query(found health_source, model text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
BEGIN
    -- Once an account, and taken apart outside, as in health_source_query.
    RETURN pg_catalog.format($sql$
        SELECT r.account_id::text, r.name, r.scored_at, r.value, r.score, r.band, r.band_rank, (r.a).score, (r.a).band, (r.a).band_rank, (r.a).coverage,
               (r.a).score - r.score
          FROM (SELECT h.account_id, h.name, h.scored_at, h.value, h.score, h.band, h.band_rank,
                       health_assess(%s, h.inputs, h.scored_at, %s) AS a
                  FROM %I.%I h
                 WHERE h.inputs IS NOT NULL AND h.scored_at >= COALESCE($1, '-infinity') AND h.scored_at <= COALESCE($2, 'infinity') OFFSET 0) r$sql$,
        model, CASE WHEN found.segment_column IS NULL THEN 'NULL::pg_catalog.text' ELSE 'COALESCE(h.segment, '''')' END,
        found.history_schema, found.history_name);
END
$$;
COMMENT ON FUNCTION health_replay_query(health_source, text) IS
'The SELECT of health_replay, with the model as an SQL expression, for scores from $1 to $2.';

CREATE FUNCTION health_replay(source text, model text, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    found health_source := health_source_get(source);
BEGIN
    PERFORM health_replay_check(found, health_model_get(model));
    RETURN QUERY EXECUTE health_replay_query(found, pg_catalog.format('%L::pg_catalog.text', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION health_replay(text, text, timestamptz, timestamptz) IS
'What a saved model would have made of a source''s history, row by row, from the inputs that it keeps: score and band then, and as replayed. An input that was never kept: 42703.';

CREATE FUNCTION health_replay(source text, model jsonb, "from" timestamptz DEFAULT NULL, "to" timestamptz DEFAULT NULL,
    OUT account_id text, OUT name text, OUT scored_at timestamptz, OUT value numeric, OUT score double precision, OUT band text, OUT band_rank integer,
    OUT replayed_score double precision, OUT replayed_band text, OUT replayed_band_rank integer, OUT replayed_coverage double precision, OUT change double precision)
RETURNS SETOF record
LANGUAGE plpgsql STABLE ROWS 10000
SET search_path FROM CURRENT
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
    RETURN QUERY EXECUTE health_replay_query(found, pg_catalog.format('%L::pg_catalog.jsonb', model)) USING "from", "to";
END
$$;
COMMENT ON FUNCTION health_replay(text, jsonb, timestamptz, timestamptz) IS
'What a model document would have made of a source''s history: as the form by name.';
-- health_model_review: is a model out of date? And the note that somebody has looked.

CREATE FUNCTION health_model_reviewed(name text, note text)
RETURNS integer
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    plain text := pg_catalog.regexp_replace(name, '@[0-9]+$', '');
    wanted integer := pg_catalog.substring(name, '@([0-9]+)$');
    reviewed integer;
BEGIN
    IF name IS NULL OR COALESCE(pg_catalog.btrim(note), '') OPERATOR(pg_catalog.=) '' THEN
        RAISE EXCEPTION 'name and note must not be null or empty' USING ERRCODE = 'null_value_not_allowed',
            DETAIL = 'A review without a word of what was found is none.',
            HINT = 'For example: SELECT health_model_reviewed(''saas'', ''AUC as in spring; weights stay'').';
    END IF;
    -- Raises for a model that does not exist.
    PERFORM health_model_get(name);
    UPDATE health_model m
       SET reviewed_at = pg_catalog.now(),
           note = pg_catalog.concat_ws('; ', m.note, pg_catalog.format('reviewed %s by %s: %s',
                      pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), current_user, pg_catalog.btrim(health_model_reviewed.note)))
     WHERE m.name OPERATOR(pg_catalog.=) plain
       AND CASE WHEN wanted IS NULL THEN m.active ELSE m.version OPERATOR(pg_catalog.=) wanted END
    RETURNING m.version INTO reviewed;
    RETURN reviewed;
END
$$;
COMMENT ON FUNCTION health_model_reviewed(text, text) IS
'Notes that the active version of a model (or ''name@version'') was reviewed now, by whom, and what was found. Returns the version.';

-- Each check is a function that gives rows of the review, so that one can be read, and called, by itself.
CREATE TYPE health_review_row AS (
    model text, version integer, source text, item text, before double precision, now double precision, verdict text, message text
);
COMMENT ON TYPE health_review_row IS 'One thing that health_model_review has looked at.';
COMMENT ON COLUMN health_review_row.model IS 'The name of the model.';
COMMENT ON COLUMN health_review_row.version IS 'Its active version.';
COMMENT ON COLUMN health_review_row.source IS 'The source whose history was looked at; NULL for what concerns the model itself.';
COMMENT ON COLUMN health_review_row.item IS 'What was looked at: reviewed, triggers, psi, missing and a signal, highest band, auc, bands; last of all verdict.';
COMMENT ON COLUMN health_review_row.before IS 'The number as it was: at the first refresh with this version, or in the report of the fit.';
COMMENT ON COLUMN health_review_row.now IS 'The number as it is.';
COMMENT ON COLUMN health_review_row.verdict IS 'One of ok, watch, due and unknown.';
COMMENT ON COLUMN health_review_row.message IS 'The same in words.';

CREATE FUNCTION health_review_model(reviewed health_model)
RETURNS SETOF health_review_row
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    days double precision := pg_catalog.floor(EXTRACT(epoch FROM pg_catalog.now() OPERATOR(pg_catalog.-) GREATEST(reviewed.reviewed_at, reviewed.created_at)) / 86400::numeric);
    wanted CONSTANT text[] := '{health_model_changed,health_model_changed_truncate,health_model_changing,health_model_guard,health_model_guard_truncate}';
    lacking text;
BEGIN
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'reviewed', NULL, days, CASE WHEN days OPERATOR(pg_catalog.>) 92 THEN 'due' ELSE 'ok' END,
        pg_catalog.format('%s %s days ago; quarterly is the rule', CASE WHEN reviewed.reviewed_at IS NULL THEN 'saved, and never reviewed since,' ELSE 'last reviewed' END, days))::health_review_row;
    SELECT pg_catalog.string_agg(w.name, ', ' ORDER BY w.name) INTO lacking
      FROM pg_catalog.unnest(wanted) w (name)
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t
                        WHERE t.tgrelid OPERATOR(pg_catalog.=) 'health_model'::regclass AND t.tgname OPERATOR(pg_catalog.=) w.name
                          AND t.tgenabled IN ('O', 'A'));
    RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'triggers', pg_catalog.cardinality(wanted),
        pg_catalog.cardinality(wanted) - COALESCE(pg_catalog.cardinality(pg_catalog.string_to_array(lacking, ', ')), 0),
        CASE WHEN lacking IS NULL THEN 'ok' ELSE 'due' END,
        CASE WHEN lacking IS NULL THEN 'the triggers that keep saved versions as they are, and caches fresh, are at work'
             ELSE 'disabled or dropped on health_model: ' OPERATOR(pg_catalog.||) lacking END)::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_model(health_model) IS 'What health_model_review says of a model itself: days since the last review, and whether the triggers of health_model are intact.';

CREATE FUNCTION health_review_drift(reviewed health_model, source health_source)
RETURNS SETOF health_review_row
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
AS $$
DECLARE
    history text := pg_catalog.format('%I.%I', source.history_schema, source.history_name);
    highest integer := pg_catalog.jsonb_array_length(health_model_describe(reviewed.definition) OPERATOR(pg_catalog.->) 'bands');
    first_at timestamptz;
    last_at timestamptz;
    psi double precision;
    before double precision;
    share double precision;
    -- Of all rows of a time: a run counts those that it wrote itself.
    accounts_before double precision;
    accounts double precision;
    first_run bigint;
    last_run bigint;
    signal record;
BEGIN
    -- The times of whole refreshes, not of accounts that were scored in between.
    EXECUTE pg_catalog.format('SELECT min(r.as_of), max(r.as_of) FROM health_run r WHERE r.source = $3 AND r.status IN (''done'', ''held'') AND r.accounts > 0
                                  AND EXISTS (SELECT FROM %s h WHERE h.scored_at = r.as_of AND h.model = $1 AND h.model_version = $2)', history)
       INTO first_at, last_at USING reviewed.name, reviewed.version, source.name;
    IF first_at IS NULL OR first_at OPERATOR(pg_catalog.=) last_at THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', NULL, NULL, 'unknown',
            pg_catalog.format('source %s has %s with this version: nothing to compare', source.name, CASE WHEN first_at IS NULL THEN 'no score' ELSE 'only one refresh' END))::health_review_row;
        RETURN;
    END IF;
    EXECUTE pg_catalog.format($sql$
        SELECT health_psi(h.score, h.scored_at = $4),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $3 AND h.score IS NOT NULL),
               avg((h.band_rank = $5)::int) FILTER (WHERE h.scored_at = $4 AND h.score IS NOT NULL),
               count(*) FILTER (WHERE h.scored_at = $3), count(*) FILTER (WHERE h.scored_at = $4)
          FROM %s h WHERE h.model = $1 AND h.model_version = $2 AND h.scored_at IN ($3, $4)$sql$, history)
       INTO psi, before, share, accounts_before, accounts USING reviewed.name, reviewed.version, first_at, last_at, highest;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'psi', 0, psi,
        CASE WHEN psi OPERATOR(pg_catalog.<) 0.1 THEN 'ok' WHEN psi OPERATOR(pg_catalog.<=) 0.25 THEN 'watch' ELSE 'due' END,
        pg_catalog.format('scores of %s against those of %s: population stability index %s, %s', pg_catalog.to_char(last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
            pg_catalog.to_char(first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), pg_catalog.round(psi::numeric, 3),
            CASE WHEN psi OPERATOR(pg_catalog.<) 0.1 THEN 'stable' WHEN psi OPERATOR(pg_catalog.<=) 0.25 THEN 'to be watched' ELSE 'shifted' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'highest band', before, share,
        CASE WHEN share OPERATOR(pg_catalog.>) 0.8 THEN 'due' WHEN share IS NULL THEN 'unknown' ELSE 'ok' END,
        pg_catalog.format('%s %% of the scored accounts are in the highest band, %s %% at first; more than 80 %% tell nothing', pg_catalog.floor(share * 100::double precision), pg_catalog.floor(before * 100::double precision)))::health_review_row;
    SELECT pg_catalog.min(r.id) FILTER (WHERE r.as_of OPERATOR(pg_catalog.=) first_at), pg_catalog.max(r.id) FILTER (WHERE r.as_of OPERATOR(pg_catalog.=) last_at)
      INTO first_run, last_run FROM health_run r
     WHERE r.source OPERATOR(pg_catalog.=) health_review_drift.source.name AND r.status IN ('done', 'held') AND r.accounts OPERATOR(pg_catalog.>) 0;
    FOR signal IN
        SELECT l.signal AS name, f.missing::double precision / NULLIF(accounts_before, 0) AS before, l.missing::double precision / NULLIF(accounts, 0) AS share
          FROM health_run_signal l
          LEFT JOIN health_run_signal f ON f.run OPERATOR(pg_catalog.=) first_run AND f.signal OPERATOR(pg_catalog.=) l.signal
         WHERE l.run OPERATOR(pg_catalog.=) last_run
         ORDER BY l.signal
    LOOP
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'missing ' OPERATOR(pg_catalog.||) signal.name, signal.before, signal.share,
            CASE WHEN signal.share OPERATOR(pg_catalog.-) COALESCE(signal.before, 0) OPERATOR(pg_catalog.>) 0.2 THEN 'due'
                 WHEN signal.share OPERATOR(pg_catalog.-) COALESCE(signal.before, 0) OPERATOR(pg_catalog.>) 0.05 THEN 'watch' ELSE 'ok' END,
            pg_catalog.format('%s has no value in %s %% of the accounts%s', signal.name, pg_catalog.round((signal.share * 100::double precision)::numeric, 1),
                CASE WHEN signal.before IS NULL THEN '' ELSE pg_catalog.format(', %s %% at first', pg_catalog.round((signal.before * 100::double precision)::numeric, 1)) END))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_review_drift(health_model, health_source) IS
'What health_model_review says of a source''s scores: whether those of the latest refresh lie where those of the first with this version lay, how many are in the highest band, what has gone missing.';

CREATE FUNCTION health_review_proof(reviewed health_model, source health_source, horizon interval, until timestamptz)
RETURNS SETOF health_review_row
LANGUAGE plpgsql STABLE
SET search_path FROM CURRENT
SET intervalstyle = 'postgres'
SET timezone = 'UTC'
AS $$
DECLARE
    promised double precision := reviewed.definition #>> '{meta,fit,auc}';
    proof health_backtest_row;
    earlier health_backtest_row;
    latest timestamptz;
    before double precision;
BEGIN
    -- Now: the latest refresh whose horizon is complete. Then: what the fit promised, else the scores of the horizons before.
    SELECT pg_catalog.max(r.as_of) INTO latest FROM health_run r
     WHERE r.source OPERATOR(pg_catalog.=) health_review_proof.source.name AND r.status OPERATOR(pg_catalog.=) 'done'
       AND r.accounts OPERATOR(pg_catalog.>) 0 AND r.as_of OPERATOR(pg_catalog.<=) (until OPERATOR(pg_catalog.-) horizon);
    proof := (SELECT health_backtest(l.score, l.event, source.model) FROM health_labelled(source.name, 'churned', '0 days', horizon, until) l
               WHERE l.scored_at OPERATOR(pg_catalog.=) latest AND l.model OPERATOR(pg_catalog.=) reviewed.name AND l.model_version OPERATOR(pg_catalog.=) reviewed.version);
    earlier := (SELECT health_backtest(l.score, l.event, source.model) FROM health_labelled(source.name, 'churned', '0 days', horizon, until, true) l
                 WHERE l.scored_at OPERATOR(pg_catalog.<=) (latest OPERATOR(pg_catalog.-) horizon));
    before := COALESCE(promised, earlier.auc);
    IF proof.auc IS NULL OR proof.verdict OPERATOR(pg_catalog.~) '^too few' THEN
        RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc, 'unknown',
            COALESCE(proof.verdict, pg_catalog.format('no refresh of source %s with this version is %s old', source.name, horizon)))::health_review_row;
        RETURN;
    END IF;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'auc', before, proof.auc,
        CASE WHEN proof.auc_low OPERATOR(pg_catalog.<=) 0.5 OR proof.auc_high OPERATOR(pg_catalog.<) before THEN 'due' WHEN proof.auc OPERATOR(pg_catalog.<) before - 0.03::double precision THEN 'watch' ELSE 'ok' END,
        pg_catalog.format('AUC %s (95 %% interval %s to %s) against churn within %s%s', pg_catalog.round(proof.auc::numeric, 3), pg_catalog.round(proof.auc_low::numeric, 3),
            pg_catalog.round(proof.auc_high::numeric, 3), horizon,
            CASE WHEN promised IS NOT NULL THEN pg_catalog.format('; the fit promised %s', pg_catalog.round(promised::numeric, 3))
                 WHEN before IS NOT NULL THEN pg_catalog.format('; before it was %s', pg_catalog.round(before::numeric, 3)) ELSE '' END))::health_review_row;
    RETURN NEXT ROW(reviewed.name, reviewed.version, source.name, 'bands', earlier.worst_decile_lift, proof.worst_decile_lift,
        CASE WHEN proof.verdict OPERATOR(pg_catalog.~) '^passes' THEN 'ok' ELSE 'due' END,
        pg_catalog.format('churned within %s: %s; %s', horizon,
            (SELECT pg_catalog.string_agg(pg_catalog.format('%s %s %%', b.band, COALESCE(pg_catalog.round(b.rate * 100::double precision)::text, '–')), ', ')
               FROM unnest(proof.bands, proof.band_rates) b (band, rate)), proof.verdict))::health_review_row;
END
$$;
COMMENT ON FUNCTION health_review_proof(health_model, health_source, interval, timestamptz) IS
'What health_model_review says of a source''s scores against churn: AUC of the latest refresh with a complete horizon against what the fit promised or earlier scores reached, and churn by band.';

CREATE FUNCTION health_model_review(name text DEFAULT NULL, horizon interval DEFAULT '90 days', until timestamptz DEFAULT NULL)
RETURNS SETOF health_review_row
LANGUAGE plpgsql STABLE ROWS 20
SET search_path FROM CURRENT
AS $$
#variable_conflict use_variable
DECLARE
    reviewed health_model;
    source health_source;
    found health_review_row;
    known timestamptz := LEAST(COALESCE(until, pg_catalog.now()), pg_catalog.now());
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
         WHERE m.active AND (name IS NULL OR m.name OPERATOR(pg_catalog.=) pg_catalog.regexp_replace(name, '@[0-9]+$', ''))
         ORDER BY m.name
    LOOP
        due := '{}';
        watch := '{}';
        FOR found IN
            SELECT * FROM health_review_model(reviewed)
            UNION ALL
            -- Only histories whose reading runs nobody else's code.
            SELECT r.* FROM (SELECT p.* FROM health_source p
                              WHERE p.model IN (reviewed.name, pg_catalog.concat(reviewed.name, '@', reviewed.version)) AND health_history_plain(p) IS NOT NULL
                              ORDER BY p.name OFFSET 0) s
             CROSS JOIN LATERAL (SELECT * FROM health_review_drift(reviewed, s) UNION ALL SELECT * FROM health_review_proof(reviewed, s, horizon, known)) r
        LOOP
            RETURN NEXT found;
            IF found.verdict OPERATOR(pg_catalog.=) 'due' THEN
                due := due OPERATOR(pg_catalog.||) found.message;
            ELSIF found.verdict OPERATOR(pg_catalog.=) 'watch' THEN
                watch := watch OPERATOR(pg_catalog.||) found.message;
            END IF;
        END LOOP;
        RETURN NEXT ROW(reviewed.name, reviewed.version, NULL, 'verdict', NULL, NULL,
            CASE WHEN due OPERATOR(pg_catalog.<>) '{}' THEN 'due' WHEN watch OPERATOR(pg_catalog.<>) '{}' THEN 'watch' ELSE 'ok' END,
            COALESCE(NULLIF(pg_catalog.array_to_string(due OPERATOR(pg_catalog.||) watch, '; '), ''), 'nothing speaks against it'))::health_review_row;
    END LOOP;
END
$$;
COMMENT ON FUNCTION health_model_review(text, interval, timestamptz) IS
'Is a model (NULL: each that is active) out of date? A row for each thing looked at, and a verdict with its reasons: days since the review, triggers, drift of scores and of missing values, share in the highest band, AUC then and now, churn by band.';
