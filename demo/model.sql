-- The sample company's health model, saved as 'company'. Run demo/company.sql first, and CREATE EXTENSION health_score.
-- Saving the same document again changes nothing.

SELECT health_model_save('company', $json$
{
  "purpose": "Which customers need a call before their renewal?",
  "min_coverage": 0.4,
  "categories": {
    "usage":        {"label": "Product usage", "weight": 40},
    "sentiment":    {"label": "Sentiment",     "weight": 15},
    "service":      {"label": "Support",       "weight": 15},
    "finance":      {"label": "Payments",      "weight": 15},
    "relationship": {"label": "Relationship",  "weight": 15}
  },
  "signals": {
    "seat_use":     {"category": "usage", "weight": 35, "label": "Seats in use", "input": {"ratio": ["active_users", "licensed_seats"]},
                     "scale": {"linear": [0.2, 0.8]}},
    "frequency":    {"category": "usage", "weight": 20, "label": "Logins per user", "unit": "/month", "input": {"ratio": ["logins_30d", "active_users"]},
                     "scale": {"curve": [[4, 0], [9, 50], [15, 100]]}},
    "usage_change": {"category": "usage", "weight": 25, "label": "Change in logins", "input": {"change": ["logins_30d", "logins_prev_30d"]},
                     "scale": {"curve": [[-0.3, 0], [-0.05, 70], [0.05, 100]]}},
    "breadth":      {"category": "usage", "weight": 20, "label": "Features used", "input": {"ratio": ["features_used", "features_in_plan"]},
                     "scale": {"linear": [0.2, 0.9]}},
    "nps":          {"category": "sentiment", "weight": 60, "label": "NPS answer", "unit": "of 10", "observed": "nps_at", "max_age": "270 days",
                     "scale": {"curve": [[3, 0], [7, 50], [9, 100]]}, "evidence": "nps_comment"},
    "csat":         {"category": "sentiment", "weight": 40, "label": "CSAT", "unit": "of 5", "scale": {"linear": [2, 4.8]}},
    "tickets":      {"category": "service", "weight": 50, "label": "Tickets", "unit": "in 30 days", "input": "tickets_30d", "default": 0,
                     "scale": {"steps": [[0, 80], [1, 100], [2, 70], [4, 30], [6, 0]]}},
    "serious":      {"category": "service", "weight": 50, "label": "Serious tickets", "unit": "in 90 days", "input": "serious_90d", "default": 0,
                     "scale": {"curve": [[0, 100], [1, 60], [4, 0]]}},
    "overdue":      {"category": "finance", "weight": 60, "label": "Overdue invoice", "unit": "days", "input": "overdue_days", "default": 0,
                     "scale": {"linear": [30, 0]}},
    "late_payer":   {"category": "finance", "weight": 40, "label": "Invoices paid late", "input": "late_share", "scale": {"linear": [0.5, 0]}},
    "last_contact": {"category": "relationship", "label": "Last contact", "scale": {"recency": {"best": "14 days", "worst": "120 days"}}}
  },
  "rules": [
    {"name": "sponsor left", "label": "Executive sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39,
     "reason": "left in the last six months"},
    {"name": "renewal near, silent", "label": "Renewal near, silent",
     "when": {"all": [{"input": {"days": ["@as_of", "renewal_date"]}, "lt": 90}, {"subscore": "last_contact", "lt": 40}]}, "adjust": -15,
     "reason": "renews soon, hardly any contact"},
    {"name": "not paying", "label": "Unpaid for 45 days", "when": {"input": "overdue_days", "ge": 45}, "cap": 39,
     "reason": "an invoice is 45 days past due"}
  ],
  "bands": [
    {"name": "red",    "label": "At risk",         "from": 0,  "color": "#c0392b"},
    {"name": "yellow", "label": "Needs attention", "from": 40, "color": "#f1c40f"},
    {"name": "green",  "label": "Healthy",         "from": 70, "color": "#27ae60"}
  ],
  "segments": [
    {"name": "onboarding", "label": "First 90 days", "when": {"input": {"days": ["signup_date", "@as_of"]}, "lt": 90},
     "patch": {"min_coverage": 0.3, "signals": {"seat_use": {"scale": {"linear": [0, 0.4]}}, "breadth": {"scale": {"linear": [0, 0.5]}}, "usage_change": null}}},
    {"name": "enterprise", "label": "Enterprise plan", "when": {"input": "plan", "eq": "enterprise"},
     "patch": {"categories": {"relationship": {"weight": 25}},
               "signals": {"tickets": {"scale": {"steps": [[0, 60], [1, 100], [4, 60], [7, 30], [10, 0]]}},
                           "last_contact": {"scale": {"recency": {"best": "7 days", "worst": "60 days"}}}}}}
  ],
  "trend": {"window": "30 days", "tolerance": 5}
}
$json$::jsonb, 'first version') AS version;
