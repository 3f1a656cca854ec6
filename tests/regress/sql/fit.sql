-- health_signal_power, health_model_fit, health_model_sql: their forms, what they read, and what they refuse.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA fit;
SET search_path = fit, public;
SET timezone = 'UTC';
SET extra_float_digits = 0;

CREATE FUNCTION random_of(i bigint, purpose bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (hashint8extended(i, purpose) & 16777215) / 16777216::float8';
CREATE TABLE account AS SELECT i AS account_id, floor(random_of(i, 1) * 40)::int AS logins, CASE WHEN random_of(i, 2) > 0.2 THEN floor(random_of(i, 3) * 11)::int END AS nps,
  (ARRAY['basic', 'team', 'enterprise'])[1 + floor(random_of(i, 4) * 3)::int] AS plan, date '2026-01-01' - floor(random_of(i, 5) * 200)::int AS seen, random_of(i, 6) AS noise, ARRAY[1] AS list FROM generate_series(1, 3000) i;
CREATE VIEW book AS SELECT *, random_of(account_id, 7) < 1 / (1 + exp(logins / 10.0 + CASE plan WHEN 'basic' THEN -1 WHEN 'team' THEN 0 ELSE 1.5 END)) AS churned FROM account;
SELECT health_model_save('fit model', '{"categories": {"usage": {"label": "Usage", "weight": 2}, "voice": {"weight": 1}}, "signals": {"logins": {"label": "Logins a month", "category": "usage", "scale": {"linear": [0, 40]}}, "seen": {"category": "usage", "scale": {"recency": {"best": "1 day", "worst": "90 days"}}},
  "nps": {"category": "voice", "scale": {"linear": [10, 0]}}}, "rules": [{"name": "vip", "when": {"input": "plan", "eq": "vip"}, "floor": 50}]}');

-- What each signal tells, by its subscore against the event.
SELECT by_value, signal, accounts, events, round(missing_share::numeric, 3) AS missing, round(auc::numeric, 3) AS auc, auc_low < auc AND auc < auc_high AS inside, round(information_value::numeric, 2) AS iv, direction, verdict
  FROM health_signal_power('fit model', 'book', 'churned', as_of => '2026-01-02');
SELECT by_value, signal, accounts, verdict FROM health_signal_power(health_model_get('fit model'), 'book', 'churned', 'plan', '2026-01-02') WHERE signal = 'logins';
SELECT abs(p.auc - (SELECT health_auc(least(100, greatest(0, logins * 2.5)), churned) FROM book)) < 1e-9 AS same FROM health_signal_power('fit model', 'book', 'churned', as_of => '2026-01-02') p WHERE signal = 'logins';
SELECT (SELECT count(*) FROM health_signal_power('fit model', NULL, 'churned')) + (SELECT count(*) FROM health_signal_power('fit model', 'book', NULL)) + (SELECT count(*) FROM health_signal_power(NULL::jsonb, 'book', 'churned')) AS none;

-- A fit: labels, categories without weights, rules on inputs; the same by name, by document, by arguments' names.
CREATE TABLE fitted AS SELECT health_model_fit('fit model', 'book', 'churned', '{plan,noise}', '2026-01-02') AS d;
SELECT d #>> '{signals,logins,label}' AS label, d -> 'categories' AS categories, d -> 'rules' AS rules, (d #>> '{meta,fit,auc}')::numeric > 0.7 AS good, d #> '{meta,fit,no_weight}' AS no_weight FROM fitted;
SELECT name, s -> 'weight' AS weight, s -> 'scale' AS scale FROM fitted, jsonb_each(d -> 'signals') x (name, s) ORDER BY name COLLATE "C";
SELECT d = health_model_fit(health_model_get('fit model'), relation => 'fit.book', columns => '{noise,plan,NULL}', outcome => 'churned', as_of => '2026-01-02') AS same FROM fitted;
-- A good event is the other way round: renewed instead of churned.
CREATE VIEW renewed AS SELECT a.*, NOT churned AS renewed FROM book a;
SELECT (d #- '{meta}') = (health_model_fit('fit model', 'renewed', 'renewed', '{plan,noise}', '2026-01-02', true) #- '{meta}') AS same FROM fitted;
-- Outcomes as 0 and 1, as texts; NULL says nothing.
CREATE VIEW coded AS SELECT account_id, logins, nps, plan, seen, CASE WHEN account_id > 2900 THEN NULL WHEN churned THEN 'Yes' ELSE 'no' END AS churned, CASE WHEN account_id > 2900 THEN NULL WHEN churned THEN 1 ELSE 0 END AS code FROM book;
SELECT (a #- '{meta}') = (b #- '{meta}') AS same, a #> '{meta,fit,n}' AS n, a #> '{meta,fit,without_outcome}' AS unknown FROM health_model_fit('fit model', 'coded', 'churned', as_of => '2026-01-02') a, health_model_fit('fit model', 'coded', 'code', as_of => '2026-01-02') b;
SELECT health_model_fit('fit model', NULL, 'churned') IS NULL AND health_model_fit('fit model', 'book', NULL) IS NULL AND health_model_fit(NULL::text, 'book', 'churned') IS NULL AS nothing;
-- Saved and scored by name it keeps what was promised, and the card tells of it.
SELECT health_model_save('fitted model', d) FROM fitted;
SELECT abs(health_auc(health_score('fitted model', a, '2026-01-02'), churned) - (SELECT (d #>> '{meta,fit,auc}')::float8 FROM fitted)) < 0.02 AS kept FROM book a;
SELECT health_model_card('fitted model') ~ 'Checked against the outcomes of 3000 accounts' AS card;

--
-- What is refused
--
SELECT health_model_fit('fit model', 'book', 'churnd'); \echo :SQLSTATE
SELECT health_model_fit('fit model', 'book', 'plan'); \echo :SQLSTATE
SELECT health_model_fit('fit model', 'book', 'churned', '{lgoins}', '2026-01-02'); \echo :SQLSTATE
SELECT health_model_fit('fit model', 'book', 'churned', '{list}', '2026-01-02'); \echo :SQLSTATE
SELECT health_model_fit('{"signals": {"absent": {"scale": {"linear": [0, 1]}}}}'::jsonb, 'book', 'churned'); \echo :SQLSTATE
-- A column that no signal reads tells nothing.
SELECT health_model_fit('{"signals": {"plan": {"scale": {"map": {"basic": 1}}}, "list": {"scale": {"linear": [0, 1]}}}}'::jsonb, 'book', 'churned') #> '{meta,fit,no_weight}' AS no_weight;
SELECT health_model_fit(health_template('actions'), 'book', 'churned'); \echo :SQLSTATE
SELECT health_model_fit('{"signals": {"noise": {"scale": {"linear": [0, 1]}}}}'::jsonb, 'book', 'churned'); \echo :SQLSTATE
CREATE VIEW five AS SELECT a.*, account_id <= 5 AS left_us FROM account a;
SELECT health_model_fit('fit model', 'five', 'left_us', as_of => '2026-01-02'); \echo :SQLSTATE
SELECT health_model_fit('no such model', 'book', 'churned'); \echo :SQLSTATE
SELECT * FROM health_signal_power('fit model', 'book', 'churned', 'account_id'); \echo :SQLSTATE
SELECT * FROM health_signal_power('fit model', 'book', 'churned', 'no_column'); \echo :SQLSTATE

-- The model as a query.
SELECT health_model_sql('{"signals": {"logins": {"weight": 3, "scale": {"linear": [0, 40]}}, "plan": {"scale": {"map": {"team": 50, "enterprise": 100}, "otherwise": 0}}}, "rules": [{"name": "vip", "when": {"input": "plan", "eq": "vip"}, "floor": 50}]}'::jsonb, 'account');
SELECT health_model_sql('fitted model', 'account', '2026-01-02') AS query \gset
CREATE TEMP VIEW by_query AS :query;
SELECT count(*) AS rows, count(*) FILTER (WHERE abs(q.health_score - health_score('fitted model', a, '2026-01-02')) > 1e-9 OR q.health_score IS NULL OR q.health_band <> health_band('fitted model', a, '2026-01-02')) AS wrong FROM by_query q JOIN account a USING (account_id);
SELECT health_model_sql('fit model', NULL) IS NULL AND health_model_sql(NULL::jsonb, 'account') IS NULL AS nothing;
SELECT health_model_sql('{"signals": {"logins": {"scale": {"linear": [0, 40]}, "combine": "sum", "window": "30 days"}}}'::jsonb, 'account'); \echo :SQLSTATE
SELECT health_model_sql('{"signals": {"lgoins": {"scale": {"linear": [0, 40]}}}}'::jsonb, 'account'); \echo :SQLSTATE
SELECT health_model_sql('{"signals": {"plan": {"scale": {"recency": {"best": "1 day", "worst": "9 days"}}}}}'::jsonb, 'account'); \echo :SQLSTATE
DROP SCHEMA fit CASCADE;
