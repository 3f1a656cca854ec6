//! Scales for columns of codes: yes and no, and texts whose words have subscores.

use serde_json::{Map, Value as Json, json};

use super::scales::Fitted;
use crate::base::column::ColumnKind;
use crate::base::value::Value;
use crate::learn::sample::Sample;

/// Texts with more different values than this are no codes.
pub(super) const MOST_CODES: usize = 50;
/// The subscore of a code whose worth is not known.
const UNKNOWN: u32 = 50;

/// Yes or no, however it is written.
fn answer(text: &str) -> Option<bool> {
    let text = text.trim().to_lowercase();
    if ["yes", "y", "true", "t", "1", "on"].contains(&text.as_str()) {
        return Some(true);
    }
    ["no", "n", "false", "f", "0", "off"].contains(&text.as_str()).then_some(false)
}

/// A scale for a column of answers, which must hold both of them.
pub(super) fn of_answers(sample: &Sample, column: usize, healthy: bool) -> Option<Json> {
    let subscore = |answer: bool| if answer == healthy { 100 } else { 0 };
    let has = |wanted: Value| sample.values(column).any(|value| value == wanted);
    match sample.columns()[column].kind {
        ColumnKind::Boolean => (has(Value::Bool(true)) && has(Value::Bool(false))).then(|| json!({"boolean": healthy})),
        ColumnKind::Text => of_texts(sample, column, |text| answer(text).map(|answer| f64::from(subscore(answer)))),
        ColumnKind::Number => {
            let codes = [Value::Missing, Value::Number(0.0), Value::Number(1.0)];
            let only = sample.values(column).all(|value| codes.contains(&value));
            (only && has(codes[1]) && has(codes[2]))
                .then(|| json!({"map": {"0": subscore(false), "1": subscore(true)}}))
        }
        ColumnKind::Time | ColumnKind::Other => None,
    }
}

/// A map for a column of texts, at least two of which have different subscores.
pub(super) fn of_texts(sample: &Sample, column: usize, worth: impl Fn(&str) -> Option<f64>) -> Option<Json> {
    if sample.columns()[column].kind != ColumnKind::Text {
        return None;
    }
    let texts = sample.texts(column, MOST_CODES)?;
    let known: Vec<_> = texts.iter().filter_map(|(text, _)| worth(text).map(|subscore| (*text, subscore))).collect();
    let (_, first) = *known.first()?;
    if known.iter().all(|(_, subscore)| *subscore == first) {
        return None;
    }
    let map: Map<String, Json> =
        known.into_iter().map(|(text, subscore)| (text.to_owned(), (subscore as u32).into())).collect();
    Some(json!({"map": map, "otherwise": UNKNOWN}))
}

/// A template's map or boolean scale, kept where the data have its codes; else yes and no are read for true and false.
pub(super) fn fit(sample: &Sample, signal: &Json) -> Fitted {
    let scale = &signal["scale"];
    let kept = || Ok((scale.clone(), "the template's scale".into()));
    let Some(column) = signal["input"].as_str().and_then(|name| sample.position(name)) else { return kept() };
    let map = &scale["map"];
    let of_flag = |answer: bool| map[if answer { "true" } else { "false" }].clone();
    if sample.columns()[column].kind == ColumnKind::Number {
        let codes = [Value::Missing, Value::Number(0.0), Value::Number(1.0)];
        if of_flag(true).is_null() || !sample.values(column).all(|value| codes.contains(&value)) {
            return Err("holds numbers, which the template's scale does not know".into());
        }
        let scale = json!({"map": {"0": of_flag(false), "1": of_flag(true)}});
        return Ok((scale, "0 and 1 read as false and true".into()));
    }
    if sample.columns()[column].kind != ColumnKind::Text {
        return kept();
    }
    let texts = sample.texts(column, MOST_CODES).ok_or("has too many different texts")?;
    if texts.iter().all(|(text, _)| map.get(*text).is_some()) {
        return kept();
    }
    let of_answer = |text: &str| of_flag(answer(text)?).as_f64();
    let scale = of_texts(sample, column, of_answer).ok_or("has texts that the template's scale does not know")?;
    Ok((scale, "yes and no read as true and false; anything else counts as 50".into()))
}
