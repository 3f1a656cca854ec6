//! Two good documents, and changes to them that must be reported.

use health_score_engine::{Issue, Model, Severity, merge};
use serde_json::{Value as Json, json};

pub fn check(document: &Json) -> Vec<Issue> {
    Model::check(document, &mut || ())
}

/// The example of the design, with every kind of scale and input.
pub fn weighted() -> Json {
    json!({
        "method": "weighted", "purpose": "renewal", "min_coverage": 0.4, "on_invalid": "error", "meta": {"owner": "CS Ops"},
        "categories": {"usage": {"label": "Product usage", "weight": 40, "meta": {}}, "sentiment": {"weight": 20}, "service": {"weight": 15},
            "finance": {"weight": 15}, "relationship": {"weight": 10}},
        "signals": {
            "nps": {"category": "sentiment", "weight": 20, "scale": {"linear": [0, 10]}, "observed": "nps_at", "max_age": "90 days", "meta": {}},
            "tone": {"category": "sentiment", "weight": 10, "evidence": "last_comment",
                "scale": {"map": {"positive": 100, "neutral": 50, "negative": 0}, "otherwise": 50}},
            "logins": {"category": "usage", "weight": 20, "input": "logins_30d", "scale": {"curve": [[0, 0], [5, 60], [20, 100]]}, "missing": "worst"},
            "seat_use": {"category": "usage", "weight": 10, "input": {"ratio": ["active_users", "licensed_seats"]},
                "scale": {"linear": [0.1, 0.8]}, "optional": true},
            "usage_change": {"category": "usage", "weight": 10, "input": {"change": ["logins_30d", "logins_prev_30d"]}, "scale": {"linear": [-0.5, 0.1]}},
            "tickets": {"category": "service", "weight": 15, "input": "tickets_30d", "default": 0,
                "scale": {"steps": [[0, 60], [1, 100], [5, 60], [15, 20]]}, "combine": "sum", "window": "30 days", "lag": "1 day"},
            "overdue": {"category": "finance", "weight": 10, "input": "overdue_days", "label": "Overdue invoices", "unit": "days",
                "scale": {"linear": [60, 0]}},
            "sponsor": {"category": "relationship", "weight": 5, "scale": {"boolean": true}},
            "last_contact": {"category": "relationship", "weight": 5, "scale": {"recency": {"best": "7 days", "worst": "90 days"}}},
            "engagement": {"category": "relationship", "weight": 5, "ask": "How engaged were they on calls (1-10)?",
                "scale": {"linear": [1, 10]}, "optional": true},
        },
        "rules": [
            {"name": "sponsor left", "when": {"input": "sponsor_left", "eq": true}, "cap": 39, "reason": "executive sponsor left", "meta": {}},
            {"name": "renewal near, silent", "label": "Silent", "adjust": -15, "when": {"all": [
                {"input": {"days": ["@as_of", "renewal_date"]}, "lt": 90}, {"subscore": "last_contact", "lt": 30}]}},
        ],
        "bands": [
            {"name": "red", "label": "At risk", "from": 0, "color": "#c0392b", "meta": {}},
            {"name": "yellow", "label": "Needs attention", "from": 40, "color": "#f1c40f"},
            {"name": "green", "label": "Healthy", "from": 70, "color": "#27ae60"},
        ],
        "segments": [
            {"name": "onboarding", "when": {"input": {"days": ["signup_date", "@as_of"]}, "lt": 30}, "patch": {"min_coverage": 0.2}, "meta": {}},
            {"name": "enterprise", "label": "Large", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"signals": {"nps": {"weight": 10}}}},
        ],
        "display": {"max": 100, "decimals": 0, "meta": {}},
        "trend": {"window": "30 days", "tolerance": 5, "meta": {}},
    })
}

pub fn points() -> Json {
    json!({
        "method": "points", "start": 0, "range": [-100, 100], "categories": {"interest": {"label": "Interest"}},
        "signals": {
            "demo_booked": {"points": 5, "max": 50, "half_life": "30 days", "absent": -10, "within": "30 days", "observed": "demo_at",
                "category": "interest", "default": 0},
            "complaint": {"points": -3, "input": "complaints"},
        },
        "rules": [{"name": "low", "when": {"score": "base", "lt": 10}, "cap": 5}],
    })
}

/// A change to a good document, the path of the error that comes of it, and a part of the message.
type Slip = (Json, &'static str, &'static str);

pub fn expect(document: &Json, slips: Vec<Slip>) {
    assert_eq!(check(document), [], "the document is good to begin with");
    for (patch, path, part) in slips {
        let issues = check(&merge(document, &patch));
        let found = issues.iter().any(|i| i.severity == Severity::Error && i.path == path && i.message.contains(part));
        assert!(found, "{patch}\nshould say at {path}: {part}\nsays {issues:#?}");
    }
}

pub fn signal(name: &str, body: Json) -> Json {
    json!({"signals": {name: body}})
}

pub fn new_signal(body: Json) -> Json {
    merge(
        &json!({"signals": {"new": {"category": "usage", "scale": {"linear": [0, 1]}}}}),
        &json!({"signals": {"new": body}}),
    )
}

pub fn rule(body: Json) -> Json {
    json!({"rules": [merge(&json!({"name": "r", "when": {"score": "base", "lt": 50}}), &body)]})
}

pub fn when(condition: Json) -> Json {
    json!({"rules": [{"name": "r", "when": condition, "cap": 5}]})
}

pub fn bands(froms: &[f64]) -> Json {
    let bands: Vec<_> =
        froms.iter().enumerate().map(|(at, from)| json!({"name": format!("b{at}"), "from": from})).collect();
    json!({"bands": bands})
}

pub fn segment(body: Json) -> Json {
    json!({"segments": [merge(&json!({"name": "s", "when": {"input": "plan", "eq": "x"}, "patch": {}}), &body)]})
}

pub fn segment_patch(patch: Json) -> Json {
    // Not by merge, which would drop the nulls of the inner patch.
    json!({"segments": [{"name": "s", "when": {"input": "plan", "eq": "x"}, "patch": patch}]})
}
