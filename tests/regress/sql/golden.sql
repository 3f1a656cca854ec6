-- Figures that the field publishes, each next to a plain SQL computation of the same.
CREATE SCHEMA golden;
SET search_path = golden, public;

-- A weighted group (Gainsight): measures 47, 59, 21 with weights 20, 15, 22.
CREATE TABLE measures AS SELECT 47 AS a, 59 AS b, 21 AS c;
SELECT health_model_save('golden group', '{"signals": {
    "a": {"weight": 20, "scale": {"linear": [0, 100]}}, "b": {"weight": 15, "scale": {"linear": [0, 100]}}, "c": {"weight": 22, "scale": {"linear": [0, 100]}}}}');
SELECT score, health_display('golden group', score) AS shown, abs(score - (47 * 20 + 59 * 15 + 21 * 22) / 57.0) < 1e-9 AS as_by_hand
  FROM measures m, LATERAL (SELECT health_score('golden group', m) AS score) s;
SELECT driver, value, subscore, round(weight::numeric, 4) AS weight, round(contribution::numeric, 4) AS contribution, round(lost::numeric, 4) AS lost,
       abs(contribution - subscore * CASE driver WHEN 'a' THEN 20 WHEN 'b' THEN 15 ELSE 22 END / 57.0) < 1e-9 AS as_by_hand
  FROM measures m, health_drivers('golden group', m) ORDER BY rank;
-- The same without b: its weight is shared out. (47·20 + 21·22) / 42
SELECT s.score, abs(s.score - (47 * 20 + 21 * 22) / 42.0) < 1e-9 AS as_by_hand, round(s.coverage::numeric, 6) AS coverage, s.low, s.high
  FROM health_assess('golden group', '{"a": 47, "c": 21}') s;

-- YourCX: seven weights of 20/20/20/15/10/10/5 and bands of 0-39, 40-69, 70-100.
SELECT health_model_save('golden yourcx', (
    SELECT jsonb_build_object('signals', jsonb_object_agg(name, jsonb_build_object('weight', weight, 'scale', '{"linear": [0, 100]}'::jsonb)),
                              'bands', '[{"name": "red", "from": 0}, {"name": "yellow", "from": 40}, {"name": "green", "from": 70}]'::jsonb)
      FROM (VALUES ('nps', 20), ('csat', 20), ('usage', 20), ('tickets', 15), ('tone', 10), ('payments', 10), ('contact', 5)) w (name, weight)));
CREATE TABLE customer (id int, nps int, csat int, usage int, tickets int, tone int, payments int, contact int);
INSERT INTO customer VALUES (1, 90, 80, 40, 60, 50, 100, 20), (2, 0, 0, 0, 0, 0, 0, 0), (3, 100, 100, 100, 100, 100, 100, 100), (4, 40, 40, 40, 40, 40, 40, 40),
                            (5, 70, 70, 70, 70, 70, 70, 70), (6, 39, 40, 40, 40, 40, 40, 40), (7, 70, 70, 69, 70, 70, 70, 70), (8, 90, NULL, 40, NULL, 50, NULL, 20);
SELECT id, health_score('golden yourcx', c) AS score, health_band('golden yourcx', c) AS band, health_display('golden yourcx', health_score('golden yourcx', c)) AS shown,
       abs(health_score('golden yourcx', c)
           - (coalesce(nps * 20, 0) + coalesce(csat * 20, 0) + coalesce(usage * 20, 0) + coalesce(tickets * 15, 0) + coalesce(tone * 10, 0) + coalesce(payments * 10, 0) + coalesce(contact * 5, 0))
             / (20 + CASE WHEN csat IS NULL THEN 0 ELSE 20 END + 20 + CASE WHEN tickets IS NULL THEN 0 ELSE 15 END + 10 + CASE WHEN payments IS NULL THEN 0 ELSE 10 END + 5)::float8) < 1e-9 AS as_by_hand
  FROM customer c ORDER BY id;
-- The lower bound of a band belongs to it, and what is shown never crosses it.
SELECT s AS score, health_band('golden yourcx', s) AS band, health_display('golden yourcx', s) AS shown
  FROM unnest(ARRAY[0, 39, 39.5, 39.999999, 40, 69.6, 69.999999, 70, 99.9, 100]::float8[]) s;

-- GitLab: tickets a month, where 0 is not best.
SELECT health_model_save('golden tickets', '{"signals": {"tickets": {"scale": {"steps": [[0, 50], [1, 100], [5, 60], [15, 20]]}}},
    "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 50}, {"name": "green", "from": 75}]}');
SELECT tickets, health_score('golden tickets', t) AS score, health_band('golden tickets', t) AS band,
       health_score('golden tickets', t) = CASE WHEN tickets >= 15 THEN 20 WHEN tickets >= 5 THEN 60 WHEN tickets >= 1 THEN 100 ELSE 50 END AS as_by_hand
  FROM unnest(ARRAY[-1, 0, 0.5, 1, 4.99, 5, 14, 15, 16, 1000]) WITH ORDINALITY AS t (tickets, n) ORDER BY n;

-- GitLab: licence use is judged by the customer's age. Months 3-6: up to 10 % red, up to 50 % yellow; months 7-9: 50 and 75 %;
-- from month 10: up to 75 % red; none before month 3.
SELECT health_model_save('golden licences', '{
    "signals": {"use": {"input": {"ratio": ["used", "bought"]}, "scale": {"steps": [[0, 0], [0.75, 100]]}}},
    "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 50}, {"name": "green", "from": 75}],
    "segments": [
      {"name": "new", "when": {"input": {"days": ["since", "@as_of"]}, "lt": 90}, "patch": {"signals": {"use": {"input": "nothing", "optional": true}}}},
      {"name": "months 3-6", "when": {"input": {"days": ["since", "@as_of"]}, "lt": 210}, "patch": {"signals": {"use": {"scale": {"steps": [[0, 0], [0.1, 50], [0.5, 100]]}}}}},
      {"name": "months 7-9", "when": {"input": {"days": ["since", "@as_of"]}, "lt": 300}, "patch": {"signals": {"use": {"scale": {"steps": [[0, 0], [0.5, 50], [0.75, 100]]}}}}}]}');
CREATE TABLE licence AS
SELECT days, used, 100 AS bought, '2026-06-01'::date - days AS since FROM (VALUES (0), (89), (90), (209), (210), (299), (300), (1000)) d (days), (VALUES (5), (10), (49), (50), (74), (75), (100)) u (used);
SELECT days, s.segment, string_agg(used || ' ' || coalesce(s.band, '-'), ', ' ORDER BY used) AS bands,
       bool_and(s.band IS NOT DISTINCT FROM CASE WHEN days < 90 THEN NULL
           WHEN days < 210 THEN CASE WHEN used < 10 THEN 'red' WHEN used < 50 THEN 'yellow' ELSE 'green' END
           WHEN days < 300 THEN CASE WHEN used < 50 THEN 'red' WHEN used < 75 THEN 'yellow' ELSE 'green' END
           ELSE CASE WHEN used < 75 THEN 'red' ELSE 'green' END END) AS as_by_hand
  FROM licence l, health_assess('golden licences', l, '2026-06-01 00:00+00') s GROUP BY days, s.segment ORDER BY days;
-- A segment by its name, and none.
SELECT health_band('golden licences', l, '2026-06-01 00:00+00') AS own, health_band('golden licences', l, '2026-06-01 00:00+00', 'months 3-6') AS as_younger,
       health_band('golden licences', l, '2026-06-01 00:00+00', '') AS no_segment FROM licence l WHERE (days, used) = (210, 50);

-- GitLab: product 50, risk 25, outcomes 10, voice 5, engagement 10; licence use is 30 of the product's 50, engagement 10.
SELECT health_model_save('golden gitlab', '{
    "categories": {"product": {"weight": 50}, "risk": {"weight": 25}, "outcomes": {"weight": 10}, "voice": {"weight": 5}, "engagement": {"weight": 10}},
    "signals": {"licence": {"category": "product", "weight": 30, "scale": {"linear": [0, 100]}}, "depth": {"category": "product", "weight": 10, "scale": {"linear": [0, 100]}},
                "stages": {"category": "product", "weight": 10, "scale": {"linear": [0, 100]}}, "sentiment": {"category": "risk", "scale": {"linear": [0, 100]}},
                "roi": {"category": "outcomes", "scale": {"linear": [0, 100]}}, "nps": {"category": "voice", "scale": {"linear": [0, 100]}},
                "meetings": {"category": "engagement", "scale": {"linear": [0, 100]}}},
    "rules": [{"name": "sentiment red", "when": {"subscore": "sentiment", "lt": 50}, "cap": 49, "reason": "the manager marks the account as at risk"}],
    "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 50}, {"name": "green", "from": 75}]}');
-- 80·0.3 + 60·0.1 + 40·0.1 + 90·0.25 + 50·0.1 + 20·0.05 + 70·0.1 = 69.5; with a red sentiment 49 at most, and back by itself.
SELECT score, score = 69.5 AS as_by_hand, band, rules FROM health_assess('golden gitlab', '{"licence": 80, "depth": 60, "stages": 40, "sentiment": 90, "roi": 50, "nps": 20, "meetings": 70}');
SELECT score, band, rules FROM health_assess('golden gitlab', '{"licence": 100, "depth": 100, "stages": 100, "sentiment": 40, "roi": 100, "nps": 100, "meetings": 100}');
SELECT driver, kind, contribution, lost, reason FROM health_drivers('golden gitlab', '{"licence": 100, "depth": 100, "stages": 100, "sentiment": 40, "roi": 100, "nps": 100, "meetings": 100}')
 WHERE lost <> 0 ORDER BY rank;
-- Risk is unknown: its 25 are shared out between the categories, not given to the neighbours within one. 47 / 0.75
SELECT round(score::numeric, 6) AS score, abs(score - 47 / 0.75) < 1e-8 AS as_by_hand, coverage, low, high FROM health_assess('golden gitlab', '{"licence": 80, "depth": 60, "stages": 40, "roi": 50, "nps": 20, "meetings": 70}');
-- Licences are unknown: their 30 stay within the product's 50.
SELECT score, abs(score - (50 * (60 + 40) / 2.0 + 25 * 90 + 10 * 50 + 5 * 20 + 10 * 70) / 100) < 1e-9 AS as_by_hand FROM health_assess('golden gitlab', '{"depth": 60, "stages": 40, "sentiment": 90, "roi": 50, "nps": 20, "meetings": 70}');

-- Salesforce: growth of 693 now against a monthly average of 564, times 50.
SELECT round(health_score('{"signals": {"growth": {"input": {"ratio": ["now", "average"]}, "scale": {"linear": [0, 2]}}}}'::jsonb, '{"now": 693, "average": 564}')::numeric, 1) AS score,
       round(693 / 564.0 * 50, 1) AS by_hand;
-- PostHog: usage down by up to 5 %, 5 to 20 %, more than 20 %, 30 days on 30 days.
SELECT now, health_score('{"signals": {"usage": {"input": {"change": ["now", "before"]}, "scale": {"steps": [[-1, 0], [-0.2, 50], [-0.05, 100]]}}}}'::jsonb,
                         jsonb_build_object('now', now, 'before', 100)) AS score
  FROM unnest(ARRAY[0, 79, 80, 94, 95, 100, 150]) now;
-- Actions with points: half-life 0.5 ^ (age / h). 10 + min(7·5, 20) + 2·10·0.5^(20/10) − 3 − 10, on a range of −20 to 80.
SELECT score, abs(score - (10 + least(7 * 5, 20) + 2 * 10 * 0.5 ^ (20 / 10.0) - 3 - 10 + 20)) < 1e-9 AS as_by_hand, coverage
  FROM health_assess('{"method": "points", "range": [-20, 80], "start": 10, "signals": {
      "demos": {"points": 5, "max": 20}, "logins": {"points": 10, "half_life": "10 days", "observed": "login_at"},
      "complaints": {"points": -3}, "webinar": {"points": 4, "absent": -10, "within": "30 days"}}}'::jsonb,
      '{"demos": 7, "logins": 2, "login_at": "2026-05-12", "complaints": 1, "webinar": false}', '2026-06-01 00:00+00');
