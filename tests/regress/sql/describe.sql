-- Models in lists and words: views, card, diff; and what if one model took the place of another.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA describe;
SET search_path = describe, public;
SET timezone = 'UTC';

SELECT name, method, purpose, signals, description <> '' AS described, definition = health_template(name) AS same FROM health_templates;
SELECT health_template_names() = (SELECT array_agg(name) FROM health_templates) AS same;
SELECT health_model_save('describe model', '{
  "purpose": "renewal", "categories": {"usage": {"label": "Usage", "weight": 3}, "mood": {"weight": 1}},
  "signals": {"logins": {"category": "usage", "label": "Logins | <b>", "unit": "a month", "weight": 2, "scale": {"linear": [0, 50]}, "missing": "worst"},
              "seats": {"category": "usage", "input": {"ratio": ["used", "bought"]}, "scale": {"curve": [[0, 0], [0.5, 60], [1, 100]]}, "optional": true, "ask": "How full?"},
              "nps": {"category": "mood", "scale": {"steps": [[0, 0], [7, 60], [9, 100]]}, "observed": "nps_at", "max_age": "90 days"}},
  "rules": [{"name": "gone", "when": {"any": [{"input": "logins", "eq": 0}, {"subscore": "nps", "lt": 10}]}, "cap": 39, "reason": "nobody there"}, {"name": "new", "when": {"not": {"input": "plan", "in": ["a", "b"]}}, "adjust": -5}],
  "segments": [{"name": "big", "when": {"input": "plan", "eq": "big"}, "patch": {"signals": {"nps": {"weight": 0}}, "bands": [{"name": "low", "from": 0}]}}]}', 'first');
SELECT health_model_patch('describe model', '{"signals": {"nps": {"scale": {"linear": [0, 10]}}, "logins": {"weight": 4}}, "rules": [{"name": "gone", "when": {"input": "logins", "eq": 0}, "cap": 30}], "bands": [{"name": "bad", "from": 0}, {"name": "good", "from": 55}]}', 'second');
SELECT * FROM health_model_signals WHERE name = 'describe model' ORDER BY version, signal;
SELECT version, sum(share) = 1 AS whole FROM health_model_signals WHERE name = 'describe model' GROUP BY version ORDER BY version;
SELECT * FROM health_model_bands WHERE name = 'describe model' ORDER BY version, rank;
SELECT * FROM health_model_rules WHERE name = 'describe model' ORDER BY version, position;
SELECT jsonb_pretty(health_model_describe(health_template('actions')) #> '{signals,0}') AS of_points;
SELECT health_model_describe(NULL) IS NULL AS nothing;
SELECT health_model_describe('{"signals": 1}'); \echo :SQLSTATE

SELECT * FROM health_model_diff('describe model', 1, 2);
SELECT count(*) AS same FROM (SELECT * FROM health_model_diff('describe model', 1) EXCEPT SELECT * FROM health_model_diff(health_model_get('describe model@1'), health_model_get('describe model'))) d;
SELECT count(*) AS none FROM health_model_diff('describe model', 2, 2);
SELECT * FROM health_model_diff('{"a": 1, "b": [1, 2], "c": {"d": null}}'::jsonb, '{"a": 1.0, "b": [1], "c": {"e": 2}}'::jsonb);
SELECT count(*) FROM health_model_diff(NULL::jsonb, '{}'::jsonb);
SELECT count(*) FROM health_model_diff(NULL, 1);
SELECT * FROM health_model_diff('describe model', 1, 7); \echo :SQLSTATE
SELECT * FROM health_model_diff('describe modle', 1); \echo :SQLSTATE

-- When it was saved is left out of the expected output.
SELECT regexp_replace(health_model_card('describe model@1'), 'saved \S+ by \S+,', 'saved … by …,') AS card;
SELECT health_model_card('describe model') = health_model_card('describe model@2') AS active, health_model_card('describe model') LIKE '%version 2%' AS second, health_model_card(NULL::text) IS NULL AS nothing;
SELECT left(health_model_card(health_template('simple')), 60) AS of_a_document;
SELECT health_model_card('describe modle'); \echo :SQLSTATE
SELECT health_model_card('describe model@9'); \echo :SQLSTATE
SELECT health_model_card('{}'::jsonb); \echo :SQLSTATE
SELECT count(*) AS templates, count(*) FILTER (WHERE health_model_card(definition, name) LIKE '# %') AS cards FROM health_templates;

-- What if: every account scored by both, the bands before and after.
CREATE TABLE account AS SELECT n AS account_id, n % 51 AS logins, 5 AS used, NULL::int AS bought, n % 11 AS nps, now() AS nps_at, CASE WHEN n % 7 = 0 THEN 'big' ELSE 'a' END AS plan, (n % 10) * 100::numeric AS mrr FROM generate_series(1, 500) n;
SELECT before_band, after_band, accounts, share, round(mean_change::numeric, 6) AS mean_change, value, cardinality(who) AS named, who[1:3] AS who FROM health_what_if('describe model@1', 'describe model@2', 'account', 'account_id', 'mrr');
SELECT count(*) AS different FROM ((SELECT before_band, after_band, accounts, value FROM health_what_if('describe model@1', health_model_get('describe model'), 'account', value_column => 'mrr'))
  EXCEPT (SELECT health_band('describe model@1', a), health_band('describe model', a), count(*), sum(mrr)::float8 FROM account a GROUP BY 1, 2)) d;
CREATE VIEW simple AS SELECT account_id, logins AS logins_30d, 3 AS tickets_30d, NULL::int AS csat, 0 AS overdue_days FROM account;
SELECT before_band, after_band, accounts, mean_change, value, who FROM health_what_if(health_template('simple'), health_patch(health_template('simple'), '{"min_coverage": 1}'), 'simple');
SELECT sum(accounts), sum(share) FROM health_what_if('describe model', 'describe model', 'account') WHERE before_band = after_band;
SELECT count(*) FROM health_what_if('describe model', NULL::text, 'account');
SELECT count(*) FROM health_what_if('describe model', 'describe model', NULL);
SELECT * FROM health_what_if('describe model', 'describe modle', 'account'); \echo :SQLSTATE
SELECT * FROM health_what_if('describe model', '{}', 'account'); \echo :SQLSTATE
SELECT * FROM health_what_if('describe model', 'describe model', 'account', 'acount_id'); \echo :SQLSTATE
SELECT * FROM health_what_if('describe model', 'describe model', 'account', value_column => 'plan'); \echo :SQLSTATE
SELECT * FROM health_what_if('describe model', 'describe model', 'simple'); \echo :SQLSTATE
CREATE VIEW texty AS SELECT account_id, logins::text, used, bought, nps, nps_at, plan FROM account;
SELECT * FROM health_what_if('describe model', 'describe model', 'texty'); \echo :SQLSTATE

-- The views show what the reader of health_model may see, no more.
CREATE ROLE describe_reader;
SET ROLE describe_reader;
SELECT count(*) > 0 AS read FROM health_model_signals;
RESET ROLE;
REVOKE SELECT ON health_model FROM PUBLIC;
SET ROLE describe_reader;
SELECT count(*) FROM health_model_signals; \echo :SQLSTATE
SELECT health_model_card('describe model'); \echo :SQLSTATE
SELECT count(*) AS templates FROM health_templates;
RESET ROLE;
GRANT SELECT ON health_model TO PUBLIC;
DROP ROLE describe_reader;
DROP SCHEMA describe CASCADE;
