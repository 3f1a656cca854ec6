//! A document is compiled or refused with its issues; one that is compiled scores any account, and what it says adds
//! up.
//!
//! The bytes: a number, then JSON text: a patch of the template of that number, or where there is none a document;
//! after a zero an account as JSON text, and after another zero a condition of a playbook. From 128 on the number
//! counts from 0 again, and what describes a model is left out: it takes most of the time.

use health_score_engine::{
    Assessor, DriverKind, Heading, Model, PlaybookCondition, ScoreError, SegmentChoice, Severity, SqlRequest, Value,
    diff, merge, model_sql, templates,
};
use serde_json::Value as Json;

use crate::pg::json::flat;
use crate::pg::json::jsonb::Keys;

const NOON: i64 = 1_780_000_000_000_000;

pub fn run(bytes: &[u8]) {
    let Some((&number, rest)) = bytes.split_first() else { return };
    let mut texts = rest.split(|byte| *byte == 0);
    let Some(Ok(given)) = texts.next().map(serde_json::from_slice::<Json>) else { return };
    let document = match templates().get(usize::from(number % 128)) {
        Some(template) => {
            let shipped: Json = serde_json::from_str(template.document).expect("a template is JSON");
            let patched = merge(&shipped, &given);
            diff(&shipped, &patched);
            patched
        }
        None => given,
    };
    let model = match Model::compile(&document, &mut || ()) {
        Ok(model) => model,
        Err(issues) => {
            assert!(issues.iter().any(|issue| issue.severity == Severity::Error), "refused without an error");
            assert!(issues.iter().all(|issue| issue.path.starts_with('$') && !issue.message.is_empty()));
            return;
        }
    };
    assert!(model.warnings().iter().all(|issue| issue.severity == Severity::Warning));
    if number < 128 {
        describe(&model);
    }
    let account = texts.next().filter(|text| std::str::from_utf8(text).is_ok()).unwrap_or_default();
    score(&model, account);
    if let Some(Ok(condition)) = texts.next().map(serde_json::from_slice::<Json>) {
        let _ = PlaybookCondition::parse(&condition, Some(&model), None);
    }
}

fn describe(model: &Model) {
    model.describe();
    assert!(!model.card(&Heading::default()).is_empty());
    let bands = model.band_bounds();
    assert!(bands.first().is_some_and(|band| band.1 == 0.0) && bands.is_sorted_by(|a, b| a.1 < b.1), "{bands:?}");
    for score in [0.0, 39.999_999_999_9, 50.0, 100.0] {
        model.display(score);
        assert!(matches!(model.band(score, SegmentChoice::None), Ok(Some(_))), "a score without a band");
    }
    let _ = model_sql(&SqlRequest { model, relation: "account", columns: &[], as_of: Some(NOON) });
}

fn score(model: &Model, account: &[u8]) {
    let keys = Keys::new(model.inputs().iter().map(|input| input.name.as_str()));
    let mut values = vec![Value::Missing; model.inputs().len()];
    if flat::read(account, &keys, &mut values).is_none() {
        values.fill(Value::Missing);
    }
    let mut assessor = Assessor::default();
    let names: Vec<&str> = model.segment_names().collect();
    let choices = names.iter().take(1).map(|name| SegmentChoice::Named(name));
    for choice in [SegmentChoice::Auto, SegmentChoice::None].into_iter().chain(choices) {
        match assessor.assess(model, &values, Some(NOON), choice) {
            Ok(mut assessment) => {
                let score = assessment.score;
                assert!(score.is_none_or(|score| (0.0..=100.0).contains(&score)), "{score:?}");
                assert_eq!(score.is_some(), assessment.band().is_some());
                assert!((-1e-9..=1.0 + 1e-9).contains(&assessment.coverage), "coverage {}", assessment.coverage);
                let (low, high) = assessment.interval();
                assert!(low <= high, "low {low}, high {high}");
                assert!(
                    score.is_none_or(|score| (low - 1e-9..=high + 1e-9).contains(&score)),
                    "{score:?} in {low} to {high}"
                );
                let drivers: Vec<(DriverKind, Option<f64>)> =
                    assessment.drivers().map(|driver| (driver.kind, driver.contribution)).collect();
                if let Some(score) = score {
                    let sum: f64 = drivers.iter().filter_map(|driver| driver.1).sum();
                    let largest = drivers.iter().filter_map(|driver| driver.1).map(f64::abs).fold(1.0, f64::max);
                    assert!((sum - score).abs() <= 1e-9 * largest, "{score} is not the sum of {drivers:?}");
                }
                assessment.conflicts();
                assert!(!assessment.explain().is_empty());
            }
            Err(ScoreError::Invalid(invalid)) => assert!(!invalid.to_string().is_empty()),
            Err(ScoreError::UnknownSegment(unknown)) => panic!("segment {}", unknown.name),
            Err(ScoreError::AsOfRequired) => panic!("there is an as_of"),
        }
        let _ = assessor.assess(model, &values, None, choice).map(|_| ());
    }
}
