//! Corners where a score, a band or a word could come out wrong.

use health_score_engine::{Assessor, Driver, Model, ScoreError, SegmentChoice, Value};
use serde_json::{Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;

fn compile(document: &Json) -> Model {
    Model::compile(document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:#?}"))
}

#[derive(Debug)]
struct Outcome {
    score: Option<f64>,
    band: Option<String>,
    coverage: f64,
    interval: (f64, f64),
    rules: Vec<String>,
    /// Name, status, contribution.
    drivers: Vec<(String, String, Option<f64>)>,
}

impl Outcome {
    fn status(&self, name: &str) -> &str {
        self.drivers.iter().find(|(driver, ..)| driver == name).map(|(_, status, _)| status.as_str()).expect("a driver")
    }
}

fn try_assess(document: &Json, account: &[(&str, Value)]) -> Result<Outcome, ScoreError> {
    let model = compile(document);
    let value =
        |name: &str| account.iter().find(|(column, _)| *column == name).map_or(Value::Missing, |(_, value)| *value);
    let values: Vec<_> = model.inputs().iter().map(|input| value(&input.name)).collect();
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, Some(NOON), SegmentChoice::Auto)?;
    let line = |driver: Driver| (driver.name.to_owned(), driver.status.to_owned(), driver.contribution);
    Ok(Outcome {
        score: assessment.score,
        band: assessment.band().map(|(_, band)| band.name.clone()),
        coverage: assessment.coverage,
        interval: assessment.interval(),
        rules: assessment.fired_rules().map(str::to_owned).collect(),
        drivers: assessment.drivers().map(line).collect(),
    })
}

fn assess(document: &Json, account: &[(&str, Value)]) -> Outcome {
    try_assess(document, account).unwrap_or_else(|error| panic!("{error:?}"))
}

fn percent() -> Json {
    json!({"linear": [0, 100]})
}

#[test]
fn what_is_compared_with_a_rounded_score_is_rounded_too() {
    let third = 100.0 / 3.0;
    let document = json!({"signals": {"a": {"scale": percent()}},
        "bands": [{"name": "low", "from": 0}, {"name": "high", "from": third}]});
    assert_eq!(assess(&document, &[("a", Value::Number(third))]).band.as_deref(), Some("high"));
    // A mean of scores, as SQL gives it.
    let model = compile(&json!({"signals": {"a": {"scale": percent()}}}));
    let band = |score: f64| model.band(score, SegmentChoice::None).expect("no segment").map(|band| band.name.as_str());
    assert_eq!([69.999_999_99, 69.999_999_999_999, 70.0].map(band), [Some("yellow"), Some("green"), Some("green")]);
    assert_eq!([f64::NAN, -1.0].map(band), [None, None]);

    let a_third = json!({"min_coverage": 1.0 / 3.0,
        "signals": {"a": {"scale": percent()}, "b": {"scale": percent()}, "c": {"scale": percent()}}});
    assert_eq!(assess(&a_third, &[("a", Value::Number(50.0))]).score, Some(50.0));
    // 0.29 · 100 is a bit below 29.
    let rule = json!({"signals": {"a": {"scale": {"linear": [0, 1]}}},
        "rules": [{"name": "below", "when": {"any": [{"subscore": "a", "lt": 29}, {"score": "base", "lt": 29}]}, "cap": 0}]});
    assert_eq!(assess(&rule, &[("a", Value::Number(0.29))]).score, Some(29.0));
}

#[test]
fn a_shown_number_never_reaches_the_next_band() {
    let shown = |display: Json, score: f64| {
        compile(&json!({"signals": {"a": {"scale": percent()}}, "display": display})).display(score)
    };
    // 6.9999999999 must not be rounded to 7 before it is floored.
    assert_eq!(shown(json!({"max": 10}), 69.999_999_999), "6");
    assert_eq!(shown(json!({"max": 1}), 99.999_999_999), "0");
    assert_eq!(shown(json!({"max": 1}), 100.0), "1");
    assert_eq!(shown(json!({"max": 1e6, "decimals": 6}), 70.0), "700000.000000");
    assert_eq!(shown(json!({"max": 1e6, "decimals": 6}), 69.999_999_999), "699999.999990");
    assert_eq!(shown(json!({"max": 5, "decimals": 1}), 58.0), "2.9");
    assert_eq!(shown(json!({"decimals": 2}), 0.29), "0.29");
    assert_eq!(shown(json!({}), 0.0), "0");
}

#[test]
fn coverage_is_one_only_where_nothing_is_missing() {
    let document = json!({"min_coverage": 1, "signals": {"big": {"weight": 1e9, "scale": percent()}, "small": {"weight": 1e-6, "scale": percent()}}});
    let outcome = assess(&document, &[("big", Value::Number(50.0))]);
    assert!(outcome.score.is_none() && outcome.coverage < 1.0, "{outcome:?}");
    let outcome = assess(&document, &[("big", Value::Number(50.0)), ("small", Value::Number(0.0))]);
    assert_eq!((outcome.score, outcome.coverage, outcome.interval), (Some(50.0), 1.0, (50.0, 50.0)));
}

#[test]
fn zero_has_no_sign() {
    let document = json!({"signals": {"a": {"scale": {"steps": [[0, -0.0]]}}}, "rules": [{"name": "r", "when": {"score": "base", "le": -0.0}, "set": -0.0}]});
    let score = assess(&document, &[("a", Value::Number(1.0))]).score.expect("a score");
    assert!(score == 0.0 && score.is_sign_positive());
    assert_eq!(compile(&document).display(-0.0), "0");
}

#[test]
fn a_rule_without_effect_ranks_by_its_name() {
    let document = json!({"signals": {"z": {"scale": percent()}}, "rules": [{"name": "a", "when": {"score": "base", "ge": 0}, "cap": 100}]});
    let outcome = assess(&document, &[("z", Value::Number(100.0))]);
    assert_eq!(outcome.drivers.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["a", "z"]);
}

#[test]
fn points_that_faded_away_are_nothing() {
    // 1e9 · 1e300 is infinite; infinite · 0 would be no number at all.
    let document = json!({"method": "points", "range": [-10, 10],
        "signals": {"a": {"points": 1e9, "half_life": "1 second", "observed": "at"}}});
    let outcome = assess(&document, &[("a", Value::Number(1e300)), ("at", Value::Time(NOON - 9000 * DAY))]);
    assert_eq!(outcome.score, Some(50.0));
    let outcome = assess(&document, &[("a", Value::Number(1e300)), ("at", Value::Time(NOON))]);
    assert_eq!(outcome.score, Some(100.0));
}

#[test]
fn points_with_an_unreadable_time_count_as_missing() {
    let document = json!({"method": "points", "range": [0, 100], "on_invalid": "missing", "signals": {
        "a": {"points": 50, "half_life": "1 day", "observed": "at", "absent": -5, "default": 1},
        "b": {"points": 20, "half_life": "1 day", "observed": "at", "absent": 10}}});
    let account = [("a", Value::Number(2.0)), ("b", Value::Number(2.0)), ("at", Value::Text("yesterday"))];
    let outcome = assess(&document, &account);
    // a by its default, b by its absence.
    assert_eq!((outcome.score, outcome.coverage), (Some(60.0), 0.0));
    assert_eq!((outcome.status("a"), outcome.status("b")), ("invalid", "invalid"));
    let outcome = assess(&document, &[("b", Value::Number(2.0))]);
    assert_eq!((outcome.score, outcome.status("a"), outcome.status("b")), (Some(90.0), "default", "ok"));
    let mut strict = document;
    strict["on_invalid"] = json!("error");
    let error = try_assess(&strict, &account).expect_err("no time");
    assert!(
        matches!(error, ScoreError::Invalid(invalid) if invalid.to_string().contains("\"at\" is the text \"yesterday\""))
    );
}

/// A comparison with something missing is unknown: neither it nor its opposite is true.
#[test]
fn conditions_have_three_values() {
    let missing = json!({"input": "none", "eq": 1});
    let (yes, no) = (json!({"input": "five", "eq": 5}), json!({"input": "five", "eq": 4}));
    for (when, fires) in [
        (json!({"not": missing}), false),
        (json!({"not": {"not": missing}}), false),
        (json!({"any": [missing, yes]}), true),
        (json!({"any": [missing, no]}), false),
        (json!({"not": {"any": [missing, no]}}), false),
        (json!({"all": [missing, yes]}), false),
        (json!({"all": [missing, no]}), false),
        (json!({"not": {"all": [missing, no]}}), true),
        (json!({"not": {"all": [missing, yes]}}), false),
        (json!({"input": "none", "missing": true}), true),
        (json!({"input": "none", "missing": false}), false),
        (json!({"input": "none", "present": false}), true),
        (json!({"not": {"input": "none", "present": true}}), true),
        (json!({"input": "none", "present": true, "eq": 1}), false),
        (json!({"not": {"input": "none", "present": true, "eq": 1}}), true),
        (json!({"input": "none", "in": [1, 2]}), false),
        (json!({"not": {"input": "none", "in": [1, 2]}}), false),
        (json!({"input": {"ratio": ["five", "zero"]}, "missing": true}), true),
        (json!({"input": "five", "gt": 4, "lt": 6}), true),
        (json!({"input": "five", "ge": 5, "lt": 5}), false),
        (json!({"subscore": "a", "missing": false}), true),
        (json!({"subscore": "b", "missing": true}), true),
        (json!({"subscore": "b", "ne": 3}), false),
        (json!({"category": "c", "missing": true}), true),
        (json!({"input": "word", "in": [5, true, "gold"]}), true),
        (json!({"not": {"input": "word", "in": [5, true, "red"]}}), true),
        (json!({"input": "word", "ne": "red"}), true),
        (json!({"input": "day", "ge": "2026-01-02", "lt": "2026-01-02 00:00:01"}), true),
        (json!({"input": "day", "eq": "2026-01-02T01:00:00+01:00"}), true),
        (json!({"input": "day_text", "eq": "2026-01-02"}), true),
        (json!({"input": "flag", "eq": false}), true),
    ] {
        let document = json!({"categories": {"c": {}},
            "signals": {"a": {"input": "five", "scale": percent()}, "b": {"category": "c", "input": "none", "scale": percent()}},
            "rules": [{"name": "r", "when": when, "cap": 100}]});
        let account = [
            ("five", Value::Number(5.0)),
            ("zero", Value::Number(0.0)),
            ("word", Value::Text("gold")),
            ("day", Value::Time(1_767_312_000_000_000)),
            ("day_text", Value::Text("2026-01-02 00:00:00+00")),
            ("flag", Value::Bool(false)),
        ];
        assert_eq!(assess(&document, &account).rules.len() == 1, fires, "{when}");
    }
}

#[test]
fn a_comparison_of_two_kinds_is_invalid() {
    for (when, value) in [
        (json!({"input": "x", "lt": 5}), Value::Text("5")),
        (json!({"input": "x", "eq": 1}), Value::Bool(true)),
        (json!({"input": "x", "eq": "red"}), Value::Number(1.0)),
        (json!({"input": "x", "in": [1, true]}), Value::Text("1")),
        (json!({"input": "x", "gt": "2026-01-01"}), Value::Text("soon")),
        (json!({"input": "x", "gt": 5}), Value::Number(f64::NAN)),
        (json!({"input": "x", "eq": 5}), Value::Unusable("an array")),
    ] {
        let mut document = json!({"signals": {"a": {"scale": percent()}}, "rules": [
            {"name": "r", "when": when, "cap": 0}, {"name": "not r", "when": {"not": when}, "cap": 0}]});
        let account = [("a", Value::Number(50.0)), ("x", value)];
        let error = try_assess(&document, &account).expect_err("of two kinds");
        assert!(matches!(error, ScoreError::Invalid(invalid) if invalid.place == "rule \"r\""), "{when}");
        document["on_invalid"] = json!("missing");
        assert_eq!(assess(&document, &account).score, Some(50.0), "{when}");
    }
}

#[test]
fn codes_of_any_length_are_found_as_numbers() {
    let codes = ["0", "7", "-3", "2.5", "0.001", "123456789012345", "1234567890123456"];
    let map: serde_json::Map<_, _> =
        codes.iter().enumerate().map(|(at, code)| (code.to_string(), json!(at * 10))).collect();
    let document = json!({"signals": {"a": {"scale": {"map": map}}}});
    for (at, code) in codes.iter().enumerate() {
        let expected = Some(at as f64 * 10.0);
        assert_eq!(assess(&document, &[("a", Value::Text(code))]).score, expected, "{code}");
        assert_eq!(
            assess(&document, &[("a", Value::Number(code.parse().expect("a number")))]).score,
            expected,
            "{code}"
        );
    }
}

/// A threshold and a column of the same digits must be equal.
#[test]
fn numbers_of_a_document_are_read_to_the_last_digit() {
    for number in (1..2000).map(|n| 1.0 / f64::from(n)) {
        let text = format!(r#"{{"signals": {{"a": {{"scale": {{"steps": [[0, 10], [{number}, 90]]}}}}}}}}"#);
        let document = serde_json::from_str(&text).expect("JSON");
        let score = |value: f64| assess(&document, &[("a", Value::Number(value))]).score;
        assert_eq!((score(number.next_down()), score(number)), (Some(10.0), Some(90.0)), "{number}");
    }
}

#[test]
fn equal_losses_are_ranked_by_name_whatever_the_last_digit_says() {
    // Category x: 30 · 1/3 is not quite the 10 of category z.
    let document = json!({
        "categories": {"x": {"weight": 30}, "y": {"weight": 60}, "z": {"weight": 10}},
        "signals": {
            "b": {"category": "x", "scale": {"linear": [0, 100]}},
            "c": {"category": "x", "scale": {"linear": [0, 100]}},
            "d": {"category": "x", "scale": {"linear": [0, 100]}},
            "e": {"category": "y", "scale": {"linear": [0, 100]}},
            "a": {"category": "z", "scale": {"linear": [0, 100]}},
        }
    });
    let model = Model::compile(&document, &mut || ()).expect("a model");
    let values = vec![Value::Number(0.0); model.columns().count()];
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, None, SegmentChoice::Auto).expect("a score");
    let ranked: Vec<_> = assessment.drivers().map(|driver| driver.name).collect();
    assert_eq!(ranked, ["e", "a", "b", "c", "d"]);
}
