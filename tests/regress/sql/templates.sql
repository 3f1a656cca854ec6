-- The shipped models: each loads, is free of findings, can be saved, and scores a plausible account of its kind.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA templates;
SET search_path = templates, public;
\set as_of '''2026-01-31 00:00:00+00'''

CREATE TABLE template (n int GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY);
INSERT INTO template (name) VALUES ('simple'), ('saas'), ('b2b_services'), ('ecommerce'), ('financial_services'), ('insurance'), ('retail'),
    ('frequency_breadth_depth'), ('actions'), ('eight_categories'), ('expansion');
-- These are all of them.
SELECT health_template('?'); \echo :SQLSTATE

SELECT name, t ->> 'method' AS method, t ->> 'purpose' AS purpose, t ->> 'min_coverage' AS min_coverage,
       (SELECT count(*) FROM jsonb_object_keys(t -> 'categories')) AS categories, (SELECT count(*) FROM jsonb_object_keys(t -> 'signals')) AS signals,
       coalesce(jsonb_array_length(t -> 'rules'), 0) AS rules, jsonb_array_length(t -> 'bands') AS bands, coalesce(jsonb_array_length(t -> 'segments'), 0) AS segments,
       coalesce(t #>> '{meta,description}' <> '', false) AS described
  FROM template, health_template(name) t
 ORDER BY n;

-- No error, no warning.
SELECT name, c.* FROM template, health_model_check(health_template(name)) c ORDER BY n;

-- Every signal says what it is in words, every rule why it fires, every band has a colour.
SELECT name, s.key AS signal FROM template, jsonb_each(health_template(name) -> 'signals') s WHERE NOT s.value ? 'label' OR NOT s.value ? 'unit' ORDER BY n, s.key;
SELECT name, r ->> 'name' AS rule FROM template, jsonb_array_elements(health_template(name) -> 'rules') r WHERE NOT r ? 'reason' ORDER BY n, 2;
SELECT name, b ->> 'name' AS band FROM template, jsonb_array_elements(health_template(name) -> 'bands') b WHERE NOT (b ? 'label' AND b ? 'color') ORDER BY n, 2;

-- Saving gives the document back as it was.
SELECT name, health_model_save('templates ' || name, health_template(name), 'as shipped') AS version FROM template ORDER BY n;
SELECT count(*) AS saved, bool_and(health_model_get('templates ' || name) = health_template(name)) AS unchanged FROM template;

-- For each: an account that does well and one that does not, every input given.
CREATE TABLE account (template text, doing text, inputs jsonb, PRIMARY KEY (template, doing));
INSERT INTO account VALUES
('simple', 'well', '{"logins_30d": 34, "logins_prev_30d": 33, "active_users": 17, "licensed_seats": 20, "tickets_30d": 2, "csat": 4.6, "overdue_days": 0}'),
('simple', 'badly', '{"logins_30d": 3, "logins_prev_30d": 9, "active_users": 4, "licensed_seats": 20, "tickets_30d": 17, "csat": 2.5, "overdue_days": 35}'),
('saas', 'well', '{"plan": "business", "signup_date": "2023-05-02", "renewal_date": "2026-08-01", "logins_30d": 48, "logins_prev_30d": 45, "active_users": 27, "licensed_seats": 30,
    "features_used": 9, "features_available": 14, "nps": 9, "nps_at": "2025-12-10", "csat": 4.5, "csat_at": "2026-01-12", "tickets_30d": 2, "open_escalations": 0,
    "overdue_days": 0, "last_contact_at": "2026-01-20", "csm_pulse": 8, "sponsor_left": false}'),
('saas', 'badly', '{"plan": "enterprise", "signup_date": "2022-02-01", "renewal_date": "2026-03-15", "logins_30d": 30, "logins_prev_30d": 95, "active_users": 60, "licensed_seats": 250,
    "features_used": 3, "features_available": 14, "nps": 4, "nps_at": "2025-11-02", "csat": 2, "csat_at": "2026-01-05", "tickets_30d": 64, "open_escalations": 2,
    "overdue_days": 31, "last_contact_at": "2025-10-01", "csm_pulse": 3, "sponsor_left": true}'),
('b2b_services', 'well', '{"contract_type": "retainer", "start_date": "2024-03-01", "renewal_date": "2026-09-30", "milestones_on_time_90d": 11, "milestones_due_90d": 12,
    "hours_used": 430, "hours_budgeted": 460, "sla_met_90d": 96, "requests_90d": 98, "open_escalations": 0, "last_contact_at": "2026-01-27", "active_contacts_90d": 4,
    "last_review_at": "2025-12-05", "csat": 4.5, "csat_at": "2025-12-20", "nps": 9, "nps_at": "2025-12-20", "lead_pulse": 8, "overdue_days": 5, "disputed_invoices_180d": 0,
    "revenue_90d": 61000, "revenue_prev_90d": 58000, "sponsor_left": false}'),
('b2b_services', 'badly', '{"contract_type": "project", "start_date": "2025-02-01", "renewal_date": "2026-03-01", "milestones_on_time_90d": 3, "milestones_due_90d": 8,
    "hours_used": 640, "hours_budgeted": 480, "sla_met_90d": 50, "requests_90d": 70, "open_escalations": 1, "last_contact_at": "2025-12-08", "active_contacts_90d": 1,
    "last_review_at": "2025-05-10", "csat": 2.5, "csat_at": "2025-12-20", "nps": 3, "nps_at": "2025-12-20", "lead_pulse": 4, "overdue_days": 52, "disputed_invoices_180d": 1,
    "revenue_90d": 31000, "revenue_prev_90d": 52000, "sponsor_left": false}'),
('ecommerce', 'well', '{"customer_type": "consumer", "first_order_at": "2023-11-24", "last_order_at": "2026-01-18", "orders_365d": 7, "net_revenue_365d": 540, "sessions_30d": 6,
    "emails_opened_90d": 9, "emails_sent_90d": 20, "carts_abandoned_90d": 2, "carts_90d": 5, "late_deliveries_365d": 0, "returned_orders_365d": 1, "tickets_90d": 0,
    "review_rating": 5, "nps": 9, "nps_at": "2025-11-30", "email_opt_out": false, "subscription_active": false, "chargebacks_365d": 0}'),
('ecommerce', 'badly', '{"customer_type": "consumer", "first_order_at": "2025-07-03", "last_order_at": "2025-07-03", "orders_365d": 1, "net_revenue_365d": 38, "sessions_30d": 0,
    "emails_opened_90d": 0, "emails_sent_90d": 24, "carts_abandoned_90d": 1, "carts_90d": 1, "late_deliveries_365d": 1, "returned_orders_365d": 0, "tickets_90d": 2,
    "review_rating": 2, "nps": 4, "nps_at": "2025-08-20", "email_opt_out": true, "subscription_active": false, "chargebacks_365d": 0}'),
('financial_services', 'well', '{"client_segment": "retail", "opened_date": "2018-06-01", "products_held": 3, "avg_balance_90d": 8400, "avg_balance_prev_90d": 8000, "salary_paid_in": true,
    "last_contact_at": "2025-11-20", "transactions_30d": 26, "last_login_at": "2026-01-28", "complaints_365d": 0, "csat": 4.5, "csat_at": "2025-10-10", "nps": 9, "nps_at": "2025-10-10",
    "days_past_due": 0, "maturity_date": null, "closure_requested": false}'),
('financial_services', 'badly', '{"client_segment": "private", "opened_date": "2012-06-01", "products_held": 1, "avg_balance_90d": 90000, "avg_balance_prev_90d": 240000, "salary_paid_in": false,
    "last_contact_at": "2025-06-20", "transactions_30d": 1, "last_login_at": "2025-11-15", "complaints_365d": 2, "csat": 2, "csat_at": "2025-12-10", "nps": 2, "nps_at": "2025-12-10",
    "days_past_due": 12, "maturity_date": "2026-03-01", "closure_requested": false}'),
('insurance', 'well', '{"line": "private", "first_policy_date": "2016-04-01", "renewal_date": "2026-04-01", "policies_held": 3, "auto_renew": true, "premium": 1020, "premium_prev": 1000,
    "claim_csat": 4.5, "claim_csat_at": "2025-09-15", "open_claim_days": 0, "claims_declined_365d": 0, "missed_premiums_365d": 0, "overdue_days": 0, "last_contact_at": "2025-12-15",
    "portal_logins_90d": 4, "nps": 9, "nps_at": "2025-12-15", "cancellation_requested": false}'),
('insurance', 'badly', '{"line": "private", "first_policy_date": "2023-03-01", "renewal_date": "2026-03-01", "policies_held": 1, "auto_renew": false, "premium": 1320, "premium_prev": 1000,
    "claim_csat": 2, "claim_csat_at": "2025-11-15", "open_claim_days": 48, "claims_declined_365d": 1, "missed_premiums_365d": 1, "overdue_days": 16, "last_contact_at": "2025-02-01",
    "portal_logins_90d": 16, "nps": 3, "nps_at": "2025-12-15", "cancellation_requested": false}'),
('retail', 'well', '{"main_department": "food", "first_purchase_at": "2021-03-03", "last_purchase_at": "2026-01-25", "last_visit_at": "2026-01-29", "purchases_365d": 22, "purchases_90d": 7,
    "purchases_90d_last_year": 6, "spend_365d": 1350, "spend_90d": 410, "spend_90d_last_year": 380, "departments_365d": 4, "returns_365d": 1, "csat": 4.5, "csat_at": "2025-11-11", "open_complaints": 0}'),
('retail', 'badly', '{"main_department": "fashion", "first_purchase_at": "2021-03-03", "last_purchase_at": "2025-08-25", "last_visit_at": "2025-10-12", "purchases_365d": 4, "purchases_90d": 1,
    "purchases_90d_last_year": 5, "spend_365d": 1100, "spend_90d": 60, "spend_90d_last_year": 420, "departments_365d": 1, "returns_365d": 2, "csat": 2.5, "csat_at": "2025-09-11", "open_complaints": 1}'),
('frequency_breadth_depth', 'well', '{"signup_date": "2024-01-10", "active_days_30d": 21, "last_active_at": "2026-01-30", "avg_daily_users": 9, "active_users": 30, "active_users_prev_30d": 29,
    "licensed_seats": 34, "active_teams": 5, "teams": 6, "features_used": 11, "features_available": 16, "key_actions_30d": 700, "integrations_connected": 3}'),
('frequency_breadth_depth', 'badly', '{"signup_date": "2024-01-10", "active_days_30d": 3, "last_active_at": "2026-01-12", "avg_daily_users": 0.2, "active_users": 4, "active_users_prev_30d": 9,
    "licensed_seats": 34, "active_teams": 1, "teams": 6, "features_used": 2, "features_available": 16, "key_actions_30d": 9, "integrations_connected": 0}'),
('actions', 'well', '{"active_days_30d": 18, "key_actions_30d": 60, "users_added_90d": 4, "users_removed_90d": 1, "trainings_attended": 2, "last_training_at": "2025-12-01",
    "business_reviews_365d": 1, "last_review_at": "2025-12-15", "meetings_90d": 3, "references_given": 1, "last_reference_at": "2025-10-01", "nps_promoters": 2, "nps_detractors": 0,
    "nps_at": "2025-12-10", "escalations_90d": 0, "last_escalation_at": null, "failed_payments_90d": 0, "upgrades_365d": 1, "last_upgrade_at": "2025-09-01",
    "cancel_page_views_30d": 0, "last_cancel_view_at": null, "sponsor_left": false, "cancellation_requested": false}'),
('actions', 'badly', '{"active_days_30d": 0, "key_actions_30d": 0, "users_added_90d": 0, "users_removed_90d": 7, "trainings_attended": 0, "last_training_at": null,
    "business_reviews_365d": 1, "last_review_at": "2025-03-15", "meetings_90d": 0, "references_given": 0, "last_reference_at": null, "nps_promoters": 0, "nps_detractors": 3,
    "nps_at": "2025-12-10", "escalations_90d": 2, "last_escalation_at": "2026-01-20", "failed_payments_90d": 1, "upgrades_365d": 0, "last_upgrade_at": null,
    "cancel_page_views_30d": 2, "last_cancel_view_at": "2026-01-29", "sponsor_left": true, "cancellation_requested": false}'),
('eight_categories', 'well', '{"signup_date": "2023-05-02", "renewal_date": "2026-08-01", "active_users": 27, "licensed_seats": 30, "features_used": 9, "features_available": 14,
    "references_365d": 1, "milestones_done": 5, "milestones_due": 6, "onboarding_done": true, "last_contact_at": "2026-01-20", "events_attended_90d": 2, "overdue_days": 0,
    "active_contacts_90d": 3, "csm_pulse": 8, "nps": 9, "nps_at": "2025-12-10", "csat": 4.5, "csat_at": "2026-01-12", "tickets_30d": 2, "logins_30d": 48, "logins_prev_30d": 45,
    "sponsor_left": false}'),
('eight_categories', 'badly', '{"signup_date": "2023-05-02", "renewal_date": "2026-03-01", "active_users": 6, "licensed_seats": 30, "features_used": 2, "features_available": 14,
    "references_365d": 0, "milestones_done": 1, "milestones_due": 6, "onboarding_done": false, "last_contact_at": "2025-10-10", "events_attended_90d": 0, "overdue_days": 40,
    "active_contacts_90d": 0, "csm_pulse": 2, "nps": 3, "nps_at": "2025-12-10", "csat": 2, "csat_at": "2026-01-12", "tickets_30d": 9, "logins_30d": 1, "logins_prev_30d": 12,
    "sponsor_left": false}'),
('expansion', 'well', '{"signup_date": "2024-05-02", "pricing_model": "seat", "health_score": 82, "nps": 9, "nps_at": "2025-12-10", "active_users": 46, "active_users_90d_ago": 40,
    "events_30d": 9100, "events_prev_30d": 8300, "new_teams_90d": 1, "licensed_seats": 50, "quota_used": 880, "quota_bought": 1000, "pricing_page_views_30d": 2, "upsell_requests_90d": 1,
    "last_expansion_at": "2025-02-01", "expansion_requested": false, "open_escalations": 0, "overdue_days": 0}'),
('expansion', 'badly', '{"signup_date": "2024-05-02", "pricing_model": "usage", "health_score": 55, "nps": 6, "nps_at": "2025-12-10", "active_users": 22, "active_users_90d_ago": 25,
    "events_30d": 4100, "events_prev_30d": 4600, "new_teams_90d": 0, "licensed_seats": 50, "quota_used": 410, "quota_bought": 1000, "pricing_page_views_30d": 0, "upsell_requests_90d": 0,
    "last_expansion_at": "2026-01-10", "expansion_requested": false, "open_escalations": 0, "overdue_days": 34}');

SELECT t.name, a.doing, round(s.score::numeric, 6) AS score, s.band, s.coverage, s.status, s.segment, s.rules
  FROM template t JOIN account a ON a.template = t.name, health_assess('templates ' || t.name, a.inputs, :as_of) s
 ORDER BY t.n, a.doing DESC;

-- By document the same, to the last bit, and the drivers add up. Nothing is missing: so the interval is the score alone.
SELECT count(*) AS accounts,
       count(*) FILTER (WHERE health_score(health_template(t.name), a.inputs, :as_of) = s.score) AS equal,
       count(*) FILTER (WHERE abs((SELECT sum(d.contribution) FROM health_drivers(health_template(t.name), a.inputs, :as_of) d) - s.score) < 1e-9) AS adding_up,
       count(*) FILTER (WHERE s.low = s.score AND s.high = s.score) AS certain
  FROM template t JOIN account a ON a.template = t.name, health_assess('templates ' || t.name, a.inputs, :as_of) s;

-- Half of it unknown: every other key, in bytewise order, is NULL.
SELECT t.name, round(s.score::numeric, 6) AS score, s.band, round(s.coverage::numeric, 6) AS coverage, s.status, round(s.low::numeric, 6) AS low, round(s.high::numeric, 6) AS high
  FROM template t JOIN account a ON a.template = t.name AND a.doing = 'well',
       LATERAL (SELECT jsonb_object_agg(k.key, CASE WHEN k.at % 2 = 1 THEN k.value ELSE 'null' END)
                  FROM (SELECT e.key, e.value, row_number() OVER (ORDER BY e.key COLLATE "C") AS at FROM jsonb_each(a.inputs) e) k) h (inputs),
       health_assess(health_template(t.name), h.inputs, :as_of) s
 ORDER BY t.n;

-- Nothing known: insufficient data, in every template.
SELECT t.name, s.score, s.band, s.coverage, s.status
  FROM template t JOIN account a ON a.template = t.name AND a.doing = 'well',
       LATERAL (SELECT jsonb_object_agg(e.key, NULL) FROM jsonb_each(a.inputs) e) h (inputs),
       health_assess(health_template(t.name), h.inputs, :as_of) s
 ORDER BY t.n;

-- Every segment can be asked for by name; beside it the score without one.
SELECT t.name, g ->> 'name' AS segment, round(health_score(health_template(t.name), a.inputs, :as_of, g ->> 'name')::numeric, 6) AS score,
       round(health_score(health_template(t.name), a.inputs, :as_of, '')::numeric, 6) AS without
  FROM template t JOIN account a ON a.template = t.name AND a.doing = 'well', jsonb_array_elements(health_template(t.name) -> 'segments') WITH ORDINALITY g (g, at)
 ORDER BY t.n, g.at;

-- Only simple works without a clock, as it says.
SELECT health_score(health_template('simple'), inputs) IS NOT NULL AS without_as_of FROM account WHERE template = 'simple' ORDER BY doing;
SELECT health_score(health_template('saas'), inputs) FROM account WHERE template = 'saas'; \echo :SQLSTATE

DROP SCHEMA templates CASCADE;
