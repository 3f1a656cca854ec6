//! Findings on how a model and a relation fit.

use health_score_engine::{ColumnKind, Finding, FindingStatus, Model, Sample, SampleColumn, Value, match_model};
use serde_json::{Value as Json, json};

const NOON: i64 = 1_780_000_000_000_000;
const DAY: i64 = 86_400_000_000;

type Column<'a> = (&'a str, ColumnKind, &'a dyn Fn(usize) -> Value<'a>);

fn sample(rows: usize, columns: &[Column]) -> Sample {
    let described = |(name, kind, _): &Column| SampleColumn {
        name: name.to_string(),
        kind: *kind,
        type_name: format!("{kind:?}").to_lowercase(),
    };
    let mut sample = Sample::new(columns.iter().map(described).collect(), 100_000);
    for row in 0..rows {
        let values: Vec<Value> = columns.iter().map(|(_, _, value)| value(row)).collect();
        let place = sample.place().expect("room");
        sample.put(place, &values);
    }
    sample
}

fn findings(document: Json, sample: &Sample) -> Vec<Finding> {
    let model = Model::compile(&document, &mut || ()).unwrap_or_else(|issues| panic!("{issues:?}"));
    match_model(&model, sample, "all rows", NOON, &mut || ())
}

fn of<'f>(findings: &'f [Finding], signal: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.signal.as_deref() == Some(signal)).expect("a finding")
}

fn said(finding: &Finding) -> (FindingStatus, &str) {
    (finding.status, finding.message.as_deref().unwrap_or_default())
}

fn number(value: f64) -> Value<'static> {
    Value::Number(value)
}

#[test]
fn a_fitting_relation_has_nothing_but_numbers() {
    let sample = sample(101, &[("a", ColumnKind::Number, &|row| number(row as f64))]);
    let found = findings(json!({"signals": {"a": {"scale": {"linear": [10, 90]}}}}), &sample);
    assert_eq!(said(&found[0]), (FindingStatus::Ok, "read all rows"));
    let finding = of(&found, "a");
    assert_eq!(said(finding), (FindingStatus::Ok, ""));
    assert_eq!((finding.input.as_deref(), finding.column_type.as_deref()), (Some("a"), Some("number")));
    assert_eq!((finding.min, finding.median, finding.max), (Some(0.0), Some(50.0), Some(100.0)));
    assert_eq!((finding.missing_share, finding.invalid_share), (Some(0.0), Some(0.0)));
    assert_eq!((finding.at_worst_share, finding.at_best_share), (Some(11.0 / 101.0), Some(11.0 / 101.0)));
}

#[test]
fn a_renamed_column_is_an_error_with_the_nearest_name() {
    let sample = sample(10, &[("logins", ColumnKind::Number, &|row| number(row as f64))]);
    let document = json!({"signals": {"logins": {"scale": {"linear": [0, 9]}},
        "b": {"input": "logons", "scale": {"linear": [0, 9]}},
        "c": {"input": {"ratio": ["logins", "seats"]}, "scale": {"linear": [0, 9]}, "optional": true}},
        "rules": [{"name": "r", "when": {"input": "left", "eq": true}, "cap": 5}]});
    let found = findings(document, &sample);
    assert_eq!(
        said(of(&found, "b")),
        (FindingStatus::Error, "there is no column \"logons\", did you mean \"logins\"?")
    );
    assert_eq!(of(&found, "b").missing_share, None);
    assert_eq!(
        said(of(&found, "c")),
        (FindingStatus::Warning, "there is no column \"seats\", which counts as missing")
    );
    let rule = found.last().expect("a finding");
    assert_eq!((rule.signal.as_deref(), rule.input.as_deref()), (None, Some("left")));
    assert_eq!(said(rule), (FindingStatus::Error, "there is no column \"left\""));
}

#[test]
fn a_new_value_of_a_segment_column_is_seen_until_it_is_known() {
    let plan = |row: usize| Value::Text(["basic", "enterprise", "platinum"][row % 3]);
    let sample = sample(99, &[("a", ColumnKind::Number, &|row| number(row as f64)), ("plan", ColumnKind::Text, &plan)]);
    let mut document = json!({"signals": {"a": {"scale": {"linear": [0, 98]}}},
        "segments": [{"name": "e", "when": {"input": "plan", "eq": "enterprise"}, "patch": {"min_coverage": 0.1}}]});
    let message = |document: &Json| {
        let found = findings(document.clone(), &sample);
        let plan = found.last().expect("a finding").clone();
        assert_eq!(plan.input.as_deref(), Some("plan"));
        (plan.status, plan.message.unwrap_or_default())
    };
    let hint = "list them in meta.known_values if this is intended";
    assert_eq!(
        message(&document),
        (FindingStatus::Warning, format!("no segment names \"basic\" (33 %), \"platinum\" (33 %); {hint}"))
    );
    document["meta"] = json!({"known_values": {"plan": ["basic"]}});
    assert_eq!(message(&document), (FindingStatus::Warning, format!("no segment names \"platinum\" (33 %); {hint}")));
    document["meta"] = json!({"known_values": {"plan": ["basic", "platinum"]}});
    assert_eq!(message(&document), (FindingStatus::Ok, String::new()));
}

#[test]
fn a_scale_that_does_not_fit_is_seen() {
    let sample = sample(1000, &[("a", ColumnKind::Number, &|row| number(row as f64))]);
    let message = |scale: Json| {
        let found = findings(json!({"signals": {"a": {"scale": scale}}}), &sample);
        (of(&found, "a").status, of(&found, "a").message.clone().unwrap_or_default())
    };
    let warned = |text: &str| (FindingStatus::Warning, text.to_owned());
    assert_eq!(message(json!({"linear": [0, 100]})), warned("90 % of the accounts lie at the best end of the scale"));
    assert_eq!(
        message(json!({"linear": [700, 2000]})),
        warned("70 % of the accounts lie at the worst end of the scale")
    );
    assert_eq!(message(json!({"linear": [390, 800]})).0, FindingStatus::Ok);
    assert_eq!(
        message(json!({"linear": [-10000, 10000]})),
        warned("the scale hardly tells accounts apart: nine tenths of them lie between subscores 50 and 55")
    );
    // The worst that these steps give is 20.
    let steps = json!({"steps": [[0, 100], [100, 20], [900, 60]]});
    assert_eq!(message(steps), warned("80 % of the accounts lie at the worst end of the scale"));
}

#[test]
fn missing_invalid_and_constant_values_are_told() {
    let columns: [Column; 4] = [
        ("gone", ColumnKind::Number, &|row| if row < 70 { Value::Missing } else { number(row as f64) }),
        ("odd", ColumnKind::Number, &|row| number(if row == 0 { f64::NAN } else { row as f64 })),
        ("same", ColumnKind::Number, &|_| number(7.0)),
        ("word", ColumnKind::Text, &|row| Value::Text(if row < 3 { "blue" } else { ["red", "green"][row % 2] })),
    ];
    let sample = sample(100, &columns);
    let signals = json!({"gone": {"scale": {"linear": [0, 100]}}, "odd": {"scale": {"linear": [0, 100]}},
        "same": {"scale": {"linear": [0, 100]}}, "word": {"scale": {"linear": [0, 100]}},
        "color": {"input": "word", "scale": {"map": {"red": 0, "green": 100}, "otherwise": 50}},
        "strict": {"input": "word", "scale": {"map": {"red": 0, "green": 100}}}});
    let strict = findings(json!({"signals": signals}), &sample);
    let lenient = findings(json!({"signals": signals, "on_invalid": "missing"}), &sample);
    let gone = of(&strict, "gone");
    assert_eq!(said(gone), (FindingStatus::Warning, "70 % of the accounts have no value"));
    assert_eq!((gone.missing_share, gone.median), (Some(0.7), Some(84.5)));
    let odd =
        "1 % of the accounts have a value that cannot be read: \"odd\" is the number NaN where a finite number belongs";
    assert_eq!(said(of(&strict, "odd")), (FindingStatus::Error, odd));
    assert_eq!(said(of(&lenient, "odd")), (FindingStatus::Warning, odd));
    assert_eq!(said(of(&strict, "same")), (FindingStatus::Warning, "is the same for every account that has a value"));
    assert!(said(of(&strict, "word")).1.starts_with("\"word\" is of type text, where numbers are needed"));
    assert_eq!(
        said(of(&strict, "color")),
        (FindingStatus::Ok, "the map lists no subscore for \"blue\" (3 %): otherwise applies")
    );
    assert_eq!(of(&strict, "strict").invalid_share, Some(0.03));
    assert_eq!(of(&strict, "strict").status, FindingStatus::Error);
}

#[test]
fn times_are_told_as_ages_in_days() {
    let times = |row: usize| Value::Time(NOON - row as i64 * DAY);
    let sample =
        sample(101, &[("seen", ColumnKind::Time, &times), ("day", ColumnKind::Text, &|_| Value::Text("2026-01-02"))]);
    let recency = json!({"recency": {"best": "1 day", "worst": "101 days"}});
    let found = findings(json!({"signals": {"seen": {"scale": recency}, "day": {"scale": recency}}}), &sample);
    let seen = of(&found, "seen");
    assert_eq!((seen.min, seen.median, seen.max), (Some(0.0), Some(50.0), Some(100.0)));
    assert_eq!(said(seen), (FindingStatus::Ok, ""));
    assert_eq!(of(&found, "day").invalid_share, Some(0.0));
    assert!(of(&found, "day").median.is_some());
}

#[test]
fn an_empty_relation_is_matched_by_names_and_types() {
    let sample = sample(0, &[("a", ColumnKind::Text, &|_| Value::Missing)]);
    let found = findings(json!({"signals": {"a": {"scale": {"linear": [0, 1]}}}}), &sample);
    assert_eq!(said(&found[0]), (FindingStatus::Warning, "has no rows: only names and types could be compared"));
    assert_eq!(said(of(&found, "a")), (FindingStatus::Error, "\"a\" is of type text, where numbers are needed"));
    assert_eq!((of(&found, "a").missing_share, of(&found, "a").min), (None, None));
}

#[test]
fn under_method_points_there_are_no_ends() {
    let sample = sample(10, &[("a", ColumnKind::Boolean, &|row| Value::Bool(row % 2 == 0))]);
    let found = findings(json!({"method": "points", "range": [0, 10], "signals": {"a": {"points": 1}}}), &sample);
    assert_eq!(said(of(&found, "a")), (FindingStatus::Ok, ""));
    assert_eq!((of(&found, "a").at_best_share, of(&found, "a").missing_share), (None, Some(0.0)));
}

#[test]
fn a_text_that_no_account_has_is_told_with_the_one_that_they_have() {
    let plan = |row: usize| Value::Text(["basic", "pro"][row % 2]);
    let sample = sample(10, &[("plan", ColumnKind::Text, &plan), ("a", ColumnKind::Number, &|row| number(row as f64))]);
    let document = |code: &str, map: &str| {
        json!({"signals": {"a": {"scale": {"linear": [0, 9]}},
                           "tier": {"input": "plan", "scale": {"map": {map: 100}, "otherwise": 0}}},
               "rules": [{"name": "r", "when": {"any": [{"input": "plan", "eq": code}, {"input": "a", "eq": 3}]}, "cap": 5}],
               "segments": [{"name": "s", "when": {"input": "plan", "in": ["basic", code]}, "patch": {}}]})
    };
    let found = findings(document("Pro", "PRO"), &sample);
    let (status, message) = said(of(&found, "tier"));
    assert_eq!(status, FindingStatus::Warning);
    assert!(message.contains("the map names \"PRO\", which no account has, did you mean \"pro\"?"), "{message}");
    let (status, message) = said(found.last().expect("a finding"));
    assert_eq!(status, FindingStatus::Warning);
    assert!(message.contains("a rule names \"Pro\", which no account has, did you mean \"pro\"?"), "{message}");
    assert!(message.contains("a segment names \"Pro\", which no account has"), "{message}");
    // What the accounts have, and what they have nothing like, is no fault.
    for code in ["pro", "enterprise"] {
        let found = findings(document(code, code), &sample);
        assert!(!found.iter().any(|finding| said(finding).1.contains("did you mean")), "{found:?}");
    }
}

#[test]
fn a_rule_on_the_column_of_a_signal_gets_a_line_only_if_it_is_misspelt() {
    let sample = sample(10, &[("plan", ColumnKind::Text, &|_| Value::Text("pro"))]);
    let document = |code: &str| {
        json!({"signals": {"plan": {"scale": {"map": {"pro": 100}, "otherwise": 0}}},
               "rules": [{"name": "r", "when": {"input": "plan", "ne": code}, "cap": 5}]})
    };
    assert_eq!(findings(document("pro"), &sample).len(), 2);
    assert_eq!(findings(document("Pro"), &sample).len(), 3);
}
