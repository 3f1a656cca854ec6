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
    created_at timestamptz      NOT NULL DEFAULT now(),
    repeat     interval
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
COMMENT ON COLUMN @extschema@.health_playbook.repeat IS 'The time after the as_of of an alert at which the playbook raises another one, if its trigger and condition still hold; NULL: never.';

SELECT pg_extension_config_dump('@extschema@.health_playbook', '');

CREATE TRIGGER health_playbook_guard BEFORE INSERT OR UPDATE OR DELETE ON @extschema@.health_playbook
    FOR EACH ROW EXECUTE FUNCTION health_run_as_guard();

CREATE FUNCTION @extschema@.health_playbook_condition_check(condition jsonb, model jsonb DEFAULT NULL, inputs text[] DEFAULT NULL)
RETURNS boolean
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'health_playbook_condition_check';
COMMENT ON FUNCTION @extschema@.health_playbook_condition_check(jsonb, jsonb, text[]) IS
'True for a valid condition of a playbook, otherwise 22023 with all errors in DETAIL. With a model document, names that the model lacks are errors; inputs are then the names that the history keeps, NULL for the inputs of the model and the columns of every history. NULL for NULL.';

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

-- An input that no history of the playbook's sources keeps would never meet a condition.
CREATE FUNCTION health_playbook_inputs(source text, model text, document jsonb)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
DECLARE
    reads text[] := ARRAY(SELECT jsonb_array_elements_text(health_model_describe(document) -> 'inputs'));
    columns CONSTANT text[] := ARRAY['name', 'owner', 'parent', 'renewal', 'segment', 'value'];
    watched text;
    kept text[];
BEGIN
    SELECT array_agg(DISTINCT k.name), min(s.name) INTO kept, watched
      FROM health_source s
     CROSS JOIN LATERAL (
           SELECT r.name FROM unnest(reads) r (name) WHERE s.keep_inputs
            UNION ALL
           SELECT unnest(s.keep)
            UNION ALL
           SELECT 'segment'
            UNION ALL
           SELECT c.name FROM (VALUES ('name', s.name_column), ('owner', s.owner_column), ('parent', s.parent_column), ('renewal', s.renewal_column), ('value', s.value_column)) c (name, "column")
            WHERE c."column" IS NOT NULL) k
     WHERE s.name = health_playbook_inputs.source OR regexp_replace(s.model, '@[0-9]+$', '') = health_playbook_inputs.model;
    RETURN CASE WHEN watched IS NULL THEN reads || columns ELSE kept END;
END
$$;
COMMENT ON FUNCTION health_playbook_inputs(text, text, jsonb) IS
'The inputs that a condition may read: what the histories of the source, or of the sources of the model, keep. All inputs of the document and all columns if there is no source yet.';

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
        WHEN NOT playbook.repeat > '0'::interval THEN 'must have a positive repeat'
        WHEN playbook.repeat < playbook.cooldown THEN 'must not have a repeat shorter than its cooldown'
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
    -- A hand-over changes nothing that is checked here.
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'run_as' = to_jsonb(OLD) - 'run_as' AND NEW.run_as <> OLD.run_as THEN
        RETURN NEW;
    END IF;
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
        PERFORM health_playbook_condition_check(NEW.condition, document, health_playbook_inputs(NEW.source, NEW.model, document));
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

-- Playbooks that watch a source but not its runs. Playbooks for a model of several roles are usual: they count only if
-- the source has none of its own.
CREATE FUNCTION health_alert_others(source @extschema@.health_source)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, @extschema@, health_score_internal, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    IF NOT has_table_privilege('health_playbook', 'SELECT') THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT format('playbooks of role %s watch source "%s" and raise no alerts (%s): SELECT * FROM health_hand_over(%L, %L) gives all that belongs to the one role to the other',
                   string_agg(DISTINCT quote_ident(p.run_as), ', '), source.name, string_agg(p.name, ', ' ORDER BY p.name), min(p.run_as), source.run_as)
          FROM health_playbook p
         WHERE p.active AND p.run_as <> source.run_as AND (p.book IS NULL OR p.book = source.book)
           AND (p.source = source.name
                OR p.model = regexp_replace(source.model, '@[0-9]+$', '') AND NOT EXISTS (SELECT FROM health_alert_playbooks(source)))
        HAVING count(*) > 0);
END
$$;
COMMENT ON FUNCTION health_alert_others(@extschema@.health_source) IS 'A warning about active playbooks that watch a source but belong to another role, so that its runs do not evaluate them; NULL if there are none.';
