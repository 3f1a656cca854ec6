//! What a model says of itself in plain English, as the lists for tables hold it.

use health_score_engine::{Model, templates};
use serde_json::{Value as Json, json};

fn describe(document: &Json) -> Json {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}")).describe()
}

/// The only signal, described.
fn signal(body: Json) -> Json {
    describe(&json!({"signals": {"s": body}}))["signals"][0].clone()
}

fn scale(scale: Json) -> String {
    signal(json!({"scale": scale}))["scale"].as_str().expect("a text").to_owned()
}

/// A rule's condition, in a document with signals that have labels and one that has none.
fn condition(when: Json) -> String {
    let document = json!({
        "categories": {"finance": {"label": "Payment"}, "usage": {}},
        "signals": {
            "last_contact": {"label": "Last two-way contact", "category": "finance", "scale": {"recency": {"best": "7 days", "worst": "90 days"}}},
            "nps": {"category": "usage", "scale": {"linear": [0, 10]}},
        },
        "rules": [{"name": "r", "when": when, "cap": 39}],
    });
    describe(&document)["rules"][0]["condition"].as_str().expect("a text").to_owned()
}

#[test]
fn scales() {
    for (body, words) in [
        (json!({"linear": [0, 10]}), "0 at 0, 100 at 10, in between in proportion"),
        (json!({"linear": [60, 0]}), "0 at 60, 100 at 0, in between in proportion"),
        // 0.1 + (0.7 - 0.1) is not 0.7.
        (json!({"linear": [0.1, 0.7]}), "0 at 0.1, 100 at 0.7, in between in proportion"),
        (json!({"linear": [-1.1, 2.2]}), "0 at -1.1, 100 at 2.2, in between in proportion"),
        (json!({"steps": [[0, 60], [1, 100], [5, 60], [15, 20]]}), "60 from 0, 100 from 1, 60 from 5, 20 from 15"),
        (json!({"curve": [[0, 0], [5, 60], [20, 100]]}), "0 at 0, 60 at 5, 100 at 20, straight lines in between"),
        (json!({"curve": [[3, 70.5]]}), "always 70.5"),
        (json!({"steps": [[3, 70]]}), "always 70"),
        (
            json!({"map": {"positive": 100, "neutral": 50, "negative": 0}, "otherwise": 50}),
            "positive 100, neutral 50, negative 0, anything else 50",
        ),
        (json!({"map": {"b": 10, "a": 10, "very good": 20, "1": 5}}), "\"very good\" 20, a 10, b 10, 1 5"),
        (json!({"boolean": true}), "100 if true, 0 if false"),
        (json!({"boolean": false}), "100 if false, 0 if true"),
        (
            json!({"recency": {"best": "1 week", "worst": "90 days"}}),
            "100 up to 7 days old, 0 from 90 days, in between in proportion",
        ),
        (
            json!({"recency": {"best": "90 days", "worst": "36 hours"}}),
            "0 up to 36 hours old, 100 from 90 days, in between in proportion",
        ),
    ] {
        assert_eq!(scale(body.clone()), words, "{body}");
    }
}

#[test]
fn inputs() {
    let numeric = json!({"linear": [0, 1]});
    for (input, words) in [
        (json!("logins_30d"), "logins_30d"),
        (json!({"ratio": ["active_users", "licensed_seats"]}), "active_users / licensed_seats"),
        (json!({"change": ["logins_30d", "logins_prev_30d"]}), "change from logins_prev_30d to logins_30d"),
        (json!({"days": ["signup_date", "@as_of"]}), "days from signup_date to as_of"),
        (json!({"days": ["@as_of", "renewal_date"]}), "days from as_of to renewal_date"),
        (json!({"ratio": ["a / b", "Größe"]}), "\"a / b\" / Größe"),
    ] {
        assert_eq!(signal(json!({"input": input, "scale": numeric}))["input"], words);
    }
    assert_eq!(signal(json!({"scale": numeric}))["input"], "s");
}

#[test]
fn conditions() {
    let silent = json!({"subscore": "last_contact", "lt": 30});
    let left = json!({"input": "sponsor_left", "eq": true});
    for (when, words) in [
        (left.clone(), "sponsor_left is true"),
        (silent.clone(), "subscore of “Last two-way contact” below 30"),
        (json!({"subscore": "nps", "le": 5.5}), "subscore of nps at most 5.5"),
        (json!({"category": "finance", "gt": 5}), "subscore of category “Payment” above 5"),
        (json!({"category": "usage", "ge": 5}), "subscore of category usage at least 5"),
        (json!({"score": "running", "ne": 40}), "score so far is not 40"),
        (json!({"score": "base", "lt": 40}), "score before all rules below 40"),
        (
            json!({"all": [{"input": {"days": ["@as_of", "renewal_date"]}, "lt": 90}, silent]}),
            "days from as_of to renewal_date below 90 and subscore of “Last two-way contact” below 30",
        ),
        (json!({"input": "n", "lt": 90, "ge": -30}), "n at least -30 and below 90"),
        (json!({"any": [{"input": "a", "lt": 1}, left]}), "a below 1 or sponsor_left is true"),
        (
            json!({"all": [left, {"any": [{"input": "a", "eq": 0}, {"input": "a", "missing": true}]}]}),
            "sponsor_left is true and (a is 0 or a is missing)",
        ),
        (json!({"any": [{"input": "n", "lt": 9, "gt": 1}, left]}), "(n above 1 and below 9) or sponsor_left is true"),
        (
            json!({"not": {"any": [left, {"input": "a", "present": true}]}}),
            "not (sponsor_left is true or a is present)",
        ),
        (json!({"all": [{"any": [{"any": [left]}]}]}), "sponsor_left is true"),
        (
            json!({"all": [{"any": [{"any": [left, left]}]}, left]}),
            "(sponsor_left is true or sponsor_left is true) and sponsor_left is true",
        ),
        (json!({"input": "plan", "in": ["a", "b"]}), "plan is one of a, b"),
        (json!({"input": "plan", "in": ["a"]}), "plan is a"),
        (
            json!({"input": "plan", "in": ["a, b", 5, "5", true, "true"]}),
            "plan is one of \"a, b\", 5, \"5\", true, \"true\"",
        ),
        (json!({"input": "plan", "missing": false}), "plan is present"),
        (json!({"input": "plan", "present": false}), "plan is missing"),
        (
            json!({"input": "at", "ge": "2026-01-02", "lt": "2026-02-01"}),
            "at not before 2026-01-02 and before 2026-02-01",
        ),
        (
            json!({"input": "at", "gt": "2026-01-02", "le": "2026-02-01"}),
            "at after 2026-01-02 and not after 2026-02-01",
        ),
        (json!({"input": "my \"col\"", "eq": ""}), r#""my \"col\"" is """#),
    ] {
        assert_eq!(condition(when.clone()), words, "{when}");
    }
}

#[test]
fn a_long_label_is_cut_where_it_is_only_referred_to() {
    let document = json!({"signals": {"s": {"label": "ä".repeat(5000), "scale": {"linear": [0, 1]}}},
        "rules": [{"name": "r", "when": {"subscore": "s", "lt": 1}, "cap": 1}]});
    let condition = describe(&document)["rules"][0]["condition"].as_str().expect("a text").to_owned();
    assert_eq!(condition, format!("subscore of “{}…” below 1", "ä".repeat(80)));
}

#[test]
fn everything_left_out_is_filled_in() {
    let document = json!({"signals": {
        "b": {"weight": 3, "scale": {"linear": [0, 10]}, "missing": 25, "optional": true, "unit": "of 10", "ask": "How?"},
        "a": {"scale": {"linear": [0, 10]}, "observed": "at", "max_age": "2 weeks"},
    }});
    assert_eq!(
        describe(&document),
        json!({
            "method": "weighted", "inputs": ["a", "at", "b"], "purpose": null, "min_coverage": 0, "on_invalid": "error",
            "display": {"max": 100, "decimals": 0}, "trend": {"window": "30 days", "tolerance": 5},
            "signals": [
                {"signal": "a", "label": "a", "category": null, "unit": null, "input": "a",
                    "scale": "0 at 0, 100 at 10, in between in proportion", "weight": 1, "share": 0.25, "points": null, "max": null,
                    "missing": "its weight is shared out", "max_age": "14 days", "optional": false, "ask": null},
                {"signal": "b", "label": "b", "category": null, "unit": "of 10", "input": "b",
                    "scale": "0 at 0, 100 at 10, in between in proportion", "weight": 3, "share": 0.75, "points": null, "max": null,
                    "missing": "counted as subscore 25", "max_age": null, "optional": true, "ask": "How?"},
            ],
            "bands": [
                {"rank": 1, "band": "red", "label": "At risk", "from": 0, "below": 40, "color": "#c0392b"},
                {"rank": 2, "band": "yellow", "label": "Needs attention", "from": 40, "below": 70, "color": "#f1c40f"},
                {"rank": 3, "band": "green", "label": "Healthy", "from": 70, "below": null, "color": "#27ae60"},
            ],
            "rules": [], "segments": [],
        })
    );
}

#[test]
fn what_stands_in_the_document_is_kept() {
    let document = json!({
        "purpose": "renewal", "min_coverage": 0.4, "on_invalid": "missing",
        "display": {"max": 10, "decimals": 1}, "trend": {"window": "36 hours", "tolerance": 2.5},
        "signals": {"s": {"scale": {"linear": [0, 10]}, "default": 3, "missing": "worst"}},
        "rules": [
            {"name": "z", "label": "Last", "when": {"input": "s", "gt": 1}, "adjust": -15, "reason": "why"},
            {"name": "a", "when": {"score": "base", "lt": 3}, "floor": 7.5},
        ],
        "segments": [
            {"name": "z", "label": "Zoo", "when": {"input": "plan", "eq": "z"}, "patch": {}},
            {"name": "a", "when": {"input": {"days": ["start", "@as_of"]}, "lt": 30}, "patch": {}},
        ],
    });
    let described = describe(&document);
    for key in ["purpose", "min_coverage", "on_invalid", "display", "trend"] {
        assert_eq!(described[key], document[key], "{key}");
    }
    assert_eq!(described["signals"][0]["missing"], "counted as 3");
    assert_eq!(
        described["rules"],
        json!([
            {"position": 1, "rule": "z", "label": "Last", "condition": "s above 1", "action": "adjust -15", "reason": "why"},
            {"position": 2, "rule": "a", "label": "a", "condition": "score before all rules below 3", "action": "floor 7.5", "reason": null},
        ])
    );
    assert_eq!(
        described["segments"],
        json!([
            {"position": 1, "segment": "z", "label": "Zoo", "condition": "plan is z"},
            {"position": 2, "segment": "a", "label": "a", "condition": "days from start to as_of below 30"},
        ])
    );
}

#[test]
fn points_have_no_share() {
    let document = json!({"method": "points", "range": [0, 100], "signals": {
        "demo": {"points": 5, "max": 50, "half_life": "30 days", "absent": -10, "within": "1 day", "observed": "demo_at"},
        "plain": {"points": -2.5},
    }});
    let signals = &describe(&document)["signals"];
    let part = |at: usize| ["scale", "missing", "points", "max", "weight", "share"].map(|key| signals[at][key].clone());
    let (demo, plain) = ("5 points each, at most 50, halved every 30 days", "-2.5 points each");
    assert_eq!(
        part(0),
        [json!(demo), json!("-10 points for its absence"), json!(5), json!(50), Json::Null, Json::Null]
    );
    assert_eq!(part(1), [json!(plain), json!("nothing added"), json!(-2.5), Json::Null, Json::Null, Json::Null]);
}

#[test]
fn durations_are_in_the_largest_whole_unit() {
    for (text, words) in [
        ("90 days", "90 days"),
        ("1 week", "7 days"),
        ("24 hours", "1 day"),
        ("36 hours", "36 hours"),
        ("90 minutes", "90 minutes"),
        ("1 hour", "1 hour"),
        ("61 seconds", "61 seconds"),
        ("1500 milliseconds", "1500 milliseconds"),
        ("1 microsecond", "1 microsecond"),
    ] {
        let body = json!({"scale": {"linear": [0, 1]}, "observed": "at", "max_age": text});
        assert_eq!(signal(body)["max_age"], words, "{text}");
    }
}

#[test]
fn every_template_describes_what_it_has() {
    for template in templates() {
        let document: Json = serde_json::from_str(template.document).expect("JSON");
        let described = describe(&document);
        let size = |list: &Json| list.as_array().map_or(0, Vec::len);
        for key in ["rules", "segments", "bands"] {
            assert_eq!(size(&described[key]), size(&document[key]), "{} {key}", template.name);
        }
        let signals = document["signals"].as_object().expect("an object");
        assert_eq!(size(&described["signals"]), signals.len());
        let mut shares = 0.0;
        for signal in described["signals"].as_array().expect("an array") {
            let written = &signals[signal["signal"].as_str().expect("a name")];
            for key in ["label", "category", "unit", "weight", "points", "max", "ask"] {
                assert_eq!(signal[key].as_f64(), written[key].as_f64());
                assert_eq!(signal[key].as_str(), written[key].as_str());
            }
            shares += signal["share"].as_f64().unwrap_or(0.0);
        }
        let expected = if document["method"] == "points" { 0.0 } else { 1.0 };
        assert!((shares - expected).abs() < 1e-12, "{}: {shares}", template.name);
    }
}
