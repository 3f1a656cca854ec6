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
           e.action, NULL::text, e.due_in, e.severity, e.cooldown, e.hysteresis, true, current_user::text, now(), NULL::interval
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
