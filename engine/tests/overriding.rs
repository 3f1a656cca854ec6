//! An override is the last rule of an account: everything told of a score agrees about it.

use health_score_engine::{Assessor, ChangeKind, Comparer, DriverKind, Model, ScoreError, SegmentChoice, Side, Value};
use serde_json::json;

fn model() -> Model {
    let document = json!({
        "signals": {"a": {"scale": {"linear": [0, 100]}}, "b": {"scale": {"linear": [0, 100]}, "optional": true, "weight": 3}},
        "min_coverage": 0.2,
        "rules": [{"name": "low", "when": {"input": "a", "lt": 20}, "adjust": -5}],
        "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 50}],
        "segments": [{"name": "new", "when": {"input": "a", "gt": 90}, "patch": {"signals": {"b": {"weight": 1}}}}]
    });
    Model::compile(&document, &mut || {}).expect("valid")
}

fn values<'a>(model: &Model, a: Option<f64>, given: Value<'a>) -> Vec<Value<'a>> {
    let value = |name: &str| match name {
        "a" => a.map_or(Value::Missing, Value::Number),
        "@override" => given,
        _ => Value::Missing,
    };
    model.inputs().iter().map(|input| value(&input.name)).collect()
}

#[test]
fn the_last_word_is_the_persons() {
    let model = model();
    let mut assessor = Assessor::default();
    for (given, a, score, calculated) in [
        ("cap 39: the sponsor has left", 80.0, 39.0, 80.0),
        ("cap 39", 10.0, 5.0, 5.0),
        ("floor 70: paid", 10.0, 70.0, 5.0),
        ("floor 70", 80.0, 80.0, 80.0),
        ("set 12.5", 80.0, 12.5, 80.0),
        ("set  0 : gone : for good", 80.0, 0.0, 80.0),
    ] {
        let values = values(&model, Some(a), Value::Text(given));
        let mut assessment = assessor.assess(&model, &values, None, SegmentChoice::Auto).expect(given);
        assert_eq!(assessment.score, Some(score), "{given}");
        assert_eq!(assessment.calculated(), Some(calculated), "{given}");
        assert_eq!(assessment.band().map(|(rank, _)| rank), Some(if score < 50.0 { 1 } else { 2 }), "{given}");
        let (low, high) = assessment.interval();
        assert!(low <= score && score <= high, "{given}: {low} to {high}");
        let drivers: Vec<_> = assessment.drivers().collect();
        let sum: f64 = drivers.iter().filter_map(|driver| driver.contribution).sum();
        assert!((sum - score).abs() < 1e-9, "{given}: {sum}");
        let over: Vec<_> = drivers.iter().filter(|driver| driver.kind == DriverKind::Override).collect();
        assert_eq!(over.len(), 1, "{given}");
        assert_eq!(over[0].contribution, Some(score - calculated), "{given}");
        assert_eq!(over[0].reason.as_deref(), given.split_once(':').map(|(_, note)| note.trim()), "{given}");
    }
}

#[test]
fn without_a_score_there_is_nothing_to_override() {
    let model = model();
    let values = values(&model, None, Value::Text("set 50"));
    let mut assessor = Assessor::default();
    let mut assessment = assessor.assess(&model, &values, None, SegmentChoice::Auto).expect("valid");
    assert_eq!((assessment.score, assessment.calculated()), (None, None));
    assert!(assessment.drivers().all(|driver| driver.kind != DriverKind::Override));
}

#[test]
fn what_is_no_override_is_an_error() {
    let model = model();
    let mut assessor = Assessor::default();
    for given in ["", "cap", "cap x", "cap 101", "cap -1", "cap NaN", "adjust 5", "cap39", ": note"] {
        let values = values(&model, Some(50.0), Value::Text(given));
        let error = assessor.assess(&model, &values, None, SegmentChoice::Auto).err();
        assert!(matches!(error, Some(ScoreError::Invalid(_))), "{given}");
    }
    let values = values(&model, Some(50.0), Value::Number(39.0));
    assert!(assessor.assess(&model, &values, None, SegmentChoice::Auto).is_err());
}

#[test]
fn changes_name_it_and_sum() {
    let model = model();
    let texts = ["", "cap 30: why", "set 60"];
    for (a, before) in [(80.0, 0), (95.0, 1), (10.0, 2), (80.0, 1)] {
        for (b, after) in [(80.0, 1), (95.0, 2), (10.0, 0), (80.0, 0)] {
            let given = |at: usize| if texts[at].is_empty() { Value::Missing } else { Value::Text(texts[at]) };
            let (then, now) = (values(&model, Some(a), given(before)), values(&model, Some(b), given(after)));
            let mut comparer = Comparer::default();
            let side = |values| Side { values, as_of: None };
            let mut comparison = comparer.compare(&model, side(&then), side(&now), SegmentChoice::Auto).expect("valid");
            let difference = comparison.after.score.unwrap() - comparison.before.score.unwrap();
            let sum: f64 = comparison.rows.iter().filter_map(|row| row.change).sum();
            assert!((sum - difference).abs() < 1e-9, "{a} {before} {b} {after}: {sum} of {difference}");
            let told = comparison.rows.iter().any(|row| row.kind == ChangeKind::Override);
            assert_eq!(told, before + after > 0, "{a} {before} {b} {after}");
            if (a, before, b, after) == (80.0, 0, 80.0, 1) {
                assert_eq!(
                    comparison.explain(),
                    "30, red, down 50 from 80, green. Override: why (−50). No value: b (its weight is shared out)."
                );
            }
        }
    }
}
