//! Figures that the field publishes, and the shapes of DESIGN, as numbers that must come out.

use health_score_engine::{Assessor, Model, SegmentChoice, Value};
use serde_json::{Value as Json, json};

fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

/// Reads the inputs of a flat JSON account.
fn values<'a>(model: &Model, account: &'a Json) -> Vec<Value<'a>> {
    let value = |name: &str| match &account[name] {
        Json::Null => Value::Missing,
        Json::Number(number) => Value::Number(number.as_f64().expect("a double")),
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => Value::Text(text),
        _ => Value::Unusable("an array or object"),
    };
    model.inputs().iter().map(|input| value(&input.name)).collect()
}

const NOON: i64 = 1_780_000_000_000_000;

struct Outcome {
    score: Option<f64>,
    band: Option<String>,
    coverage: f64,
    interval: (f64, f64),
    segment: Option<String>,
    rules: Vec<String>,
    drivers: Vec<(String, Option<f64>, Option<f64>, &'static str)>,
}

fn assess_in(document: &Json, account: Json, segment: SegmentChoice) -> Outcome {
    let model = compile(document);
    let values = values(&model, &account);
    let mut assessor = Assessor::default();
    let mut assessment =
        assessor.assess(&model, &values, Some(NOON), segment).unwrap_or_else(|error| panic!("{error:?}"));
    Outcome {
        score: assessment.score,
        band: assessment.band().map(|(_, band)| band.name.clone()),
        coverage: assessment.coverage,
        interval: assessment.interval(),
        segment: assessment.segment.map(str::to_owned),
        rules: assessment.fired_rules().map(str::to_owned).collect(),
        drivers: assessment.drivers().map(|d| (d.name.to_owned(), d.contribution, d.lost, d.status)).collect(),
    }
}

fn assess(document: &Json, account: Json) -> Outcome {
    assess_in(document, account, SegmentChoice::Auto)
}

fn percent(weights: &[(&str, f64)]) -> Json {
    let signals: serde_json::Map<String, Json> = weights
        .iter()
        .map(|(name, weight)| (name.to_string(), json!({"weight": weight, "scale": {"linear": [0, 100]}})))
        .collect();
    json!({"signals": signals})
}

#[test]
fn gainsight_weighted_group() {
    let document = percent(&[("a", 20.0), ("b", 15.0), ("c", 22.0)]);
    let score = assess(&document, json!({"a": 47, "b": 59, "c": 21})).score.expect("a score");
    assert!((score - 40.122_807_018).abs() < 1e-9, "{score}");
}

#[test]
fn yourcx_weights_and_bands() {
    let weights = [
        ("nps", 20.0),
        ("csat", 20.0),
        ("usage", 20.0),
        ("tickets", 15.0),
        ("tone", 10.0),
        ("payments", 10.0),
        ("contact", 5.0),
    ];
    let document = percent(&weights);
    let all = |n: f64| json!({"nps": n, "csat": n, "usage": n, "tickets": n, "tone": n, "payments": n, "contact": n});
    for (subscore, band) in
        [(0.0, "red"), (39.99, "red"), (40.0, "yellow"), (69.99, "yellow"), (70.0, "green"), (100.0, "green")]
    {
        assert_eq!(assess(&document, all(subscore)).band.as_deref(), Some(band), "{subscore}");
    }
    let mixed = assess(
        &document,
        json!({"nps": 90, "csat": 80, "usage": 40, "tickets": 60, "tone": 50, "payments": 100, "contact": 20}),
    );
    assert_eq!(mixed.score, Some(67.0));
}

#[test]
fn gitlab_licence_use_by_age_of_the_customer() {
    let patch = |steps: Json| json!({"signals": {"use": {"scale": {"steps": steps}}}});
    let document = json!({
        "signals": {"use": {"scale": {"steps": [[0, 0], [0.75, 100]]}}},
        "bands": [{"name": "red", "from": 0}, {"name": "yellow", "from": 50}, {"name": "green", "from": 75}],
        "segments": [
            {"name": "new", "when": {"input": "months", "lt": 3}, "patch": {"signals": {"use": {"input": "nothing"}}}},
            {"name": "3-6", "when": {"input": "months", "lt": 7}, "patch": patch(json!([[0, 0], [0.1, 50], [0.5, 100]]))},
            {"name": "7-9", "when": {"input": "months", "lt": 10}, "patch": patch(json!([[0, 0], [0.5, 50], [0.75, 100]]))},
        ]
    });
    for (months, share, segment, band) in [
        (1, 0.9, Some("new"), None),
        (4, 0.05, Some("3-6"), Some("red")),
        (4, 0.3, Some("3-6"), Some("yellow")),
        (6, 0.6, Some("3-6"), Some("green")),
        (8, 0.3, Some("7-9"), Some("red")),
        (8, 0.6, Some("7-9"), Some("yellow")),
        (12, 0.6, None, Some("red")),
        (12, 0.8, None, Some("green")),
    ] {
        let outcome = assess(&document, json!({"months": months, "use": share}));
        assert_eq!((outcome.segment.as_deref(), outcome.band.as_deref()), (segment, band), "{months} {share}");
    }
    let unpatched = assess_in(&document, json!({"months": 4, "use": 0.3}), SegmentChoice::None);
    assert_eq!(unpatched.band.as_deref(), Some("red"));
    let named = assess_in(&document, json!({"months": 40, "use": 0.3}), SegmentChoice::Named("3-6"));
    assert_eq!(named.band.as_deref(), Some("yellow"));
}

#[test]
fn category_weights_redistribute_within_and_between() {
    let document = json!({
        "categories": {"x": {"weight": 60}, "y": {"weight": 40}},
        "signals": {
            "a": {"category": "x", "weight": 1, "scale": {"linear": [0, 100]}},
            "b": {"category": "x", "weight": 3, "scale": {"linear": [0, 100]}},
            "c": {"category": "y", "weight": 5, "scale": {"linear": [0, 100]}},
        }
    });
    let full = assess(&document, json!({"a": 100, "b": 0, "c": 50}));
    assert_eq!((full.score, full.coverage), (Some(35.0), 1.0));
    let without_b = assess(&document, json!({"a": 100, "c": 50}));
    assert_eq!((without_b.score, without_b.coverage), (Some(80.0), 0.55));
    assert_eq!(without_b.interval, (35.0, 80.0));
    let without_x = assess(&document, json!({"c": 50}));
    assert_eq!((without_x.score, without_x.coverage), (Some(50.0), 0.4));
    assert_eq!(assess(&document, json!({"d": 1})).score, None);
}

#[test]
fn missing_default_stale_and_invalid_are_told_apart() {
    let document = json!({
        "on_invalid": "missing",
        "signals": {
            "a": {"scale": {"linear": [0, 100]}, "missing": "worst"},
            "b": {"scale": {"steps": [[0, 60], [1, 100]]}, "default": 0},
            "c": {"scale": {"linear": [0, 10]}, "observed": "c_at", "max_age": "90 days", "missing": 30},
            "d": {"scale": {"linear": [0, 10]}},
            "e": {"scale": {"linear": [0, 10]}},
        }
    });
    let outcome = assess(&document, json!({"c": 9, "c_at": "2020-01-01", "d": "n/a", "e": 8}));
    // a 0, b 60, c 30, d shared out, e 80.
    assert_eq!(outcome.score, Some(42.5));
    assert_eq!(outcome.coverage, 0.2);
    assert_eq!(outcome.interval, (16.0, 96.0));
    let mut statuses: Vec<_> = outcome.drivers.iter().map(|(name, _, _, status)| (name.as_str(), *status)).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [("a", "missing"), ("b", "default"), ("c", "stale"), ("d", "invalid"), ("e", "ok")]);
    let ranked: Vec<_> = outcome.drivers.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(ranked, ["a", "c", "b", "e", "d"]);
}

#[test]
fn rules_run_in_order_and_explain_themselves() {
    let document = json!({
        "signals": {"a": {"scale": {"linear": [0, 100]}}},
        "rules": [
            {"name": "cap never raises", "when": {"score": "base", "ge": 0}, "cap": 90},
            {"name": "floor", "when": {"input": "vip", "eq": true}, "floor": 95},
            {"name": "down", "when": {"all": [{"score": "running", "gt": 94}, {"not": {"input": "calm", "eq": "yes"}}]}, "adjust": -200},
        ]
    });
    let broken = Model::compile(&document, &mut || ()).expect_err("adjust is out of range");
    assert!(broken.iter().any(|issue| issue.path == "$.rules[2].adjust"));
    let mut document = document;
    document["rules"][2]["adjust"] = json!(-100);
    let outcome = assess(&document, json!({"a": 50, "vip": true, "calm": "no"}));
    assert_eq!(outcome.score, Some(0.0));
    assert_eq!(outcome.rules, ["cap never raises", "floor", "down"]);
    let sum: f64 = outcome.drivers.iter().map(|(_, contribution, ..)| contribution.unwrap_or(f64::NAN)).sum();
    assert!((sum - 0.0).abs() < 1e-9);
    // Unknown is not true: nobody said that the account is not calm.
    assert_eq!(assess(&document, json!({"a": 50, "vip": true})).score, Some(95.0));
}

#[test]
fn points_decay_cap_and_punish_absence() {
    let document = json!({
        "method": "points", "range": [-20, 80], "start": 10,
        "signals": {
            "demos": {"points": 5, "max": 20},
            "logins": {"points": 10, "half_life": "10 days", "observed": "login_at"},
            "complaints": {"points": -3},
            "webinar": {"points": 4, "absent": -10, "within": "30 days"},
        }
    });
    let day = 86_400_000_000_i64;
    let login = jiff::Timestamp::from_microsecond(NOON - 20 * day).expect("in range").to_string();
    let outcome =
        assess(&document, json!({"demos": 7, "logins": 2, "login_at": login, "complaints": 1, "webinar": false}));
    // 10 + 20 + 2·10·¼ − 3 − 10 = 22 points, 42 above the lower end of 100.
    assert_eq!(outcome.score, Some(42.0));
    assert_eq!(outcome.coverage, 1.0);
    let low = assess(&document, json!({"complaints": 40}));
    assert_eq!(low.score, Some(0.0));
    assert_eq!(low.coverage, 0.25);
    let sum: f64 = low.drivers.iter().map(|(_, contribution, ..)| contribution.unwrap_or(f64::NAN)).sum();
    assert!(sum.abs() < 1e-9, "{sum}");
    assert!(low.drivers.iter().any(|(name, ..)| name == "limit"));
    assert_eq!(low.interval, (0.0, 100.0));
}

#[test]
fn change_ratio_and_days() {
    let document = json!({
        "signals": {
            "growth": {"input": {"change": ["now", "before"]}, "scale": {"linear": [-0.5, 0.5]}},
            "share": {"input": {"ratio": ["used", "seats"]}, "scale": {"linear": [0, 1]}},
            "age": {"input": {"days": ["since", "@as_of"]}, "scale": {"linear": [0, 100]}},
        }
    });
    let since = jiff::Timestamp::from_microsecond(NOON - 40 * 86_400_000_000).expect("in range").to_string();
    let outcome = assess(&document, json!({"now": 110, "before": 100, "used": 3, "seats": 4, "since": since}));
    let subscores: f64 = 60.0 + 75.0 + 40.0;
    assert!((outcome.score.expect("a score") - subscores / 3.0).abs() < 1e-9);
    let nothing = assess(&document, json!({"now": 110, "before": 0, "used": 3, "seats": 0}));
    assert_eq!((nothing.score, nothing.coverage), (None, 0.0));
}

#[test]
fn display_never_crosses_a_band() {
    let mut document = percent(&[("a", 1.0)]);
    let shown = |document: &Json, score: f64| compile(document).display(score);
    assert_eq!([0.0, 69.6, 69.999_999_999, 70.0, 100.0].map(|s| shown(&document, s)), ["0", "69", "69", "70", "100"]);
    document["display"] = json!({"max": 10, "decimals": 1});
    assert_eq!([69.99, 70.0, 57.0].map(|s| shown(&document, s)), ["6.9", "7.0", "5.7"]);
}

#[test]
fn every_template_is_a_valid_model_with_bands_and_labels() {
    for template in health_score_engine::templates() {
        let document: Json = serde_json::from_str(template.document).expect(template.name);
        let issues = Model::check(&document, &mut || ());
        assert!(issues.is_empty(), "{}: {issues:#?}", template.name);
        assert!(document["meta"]["description"].is_string(), "{}", template.name);
        for (name, signal) in document["signals"].as_object().expect("signals") {
            assert!(signal["label"].is_string(), "{} {name}", template.name);
        }
    }
    assert_eq!(health_score_engine::templates().len(), 11);
}
