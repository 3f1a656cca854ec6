//! Scales for the signals of a draft, fitted to the sample.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::catalogue::{Rating, catalogue};
use super::drafting::{Drafting, inputs_of};
use super::request::DraftError;
use super::{codes, scales};
use crate::learn::statistics::{SignalStatistics, signal_statistics};
use crate::model::compiled::Model;

impl Drafting<'_> {
    /// Fits the scales of all signals to the sample, and drops signals that cannot be scaled. Returns the signals with
    /// new scales.
    pub(super) fn fit_scales(&mut self, interrupt: &mut dyn FnMut()) -> Result<BTreeSet<String>, DraftError> {
        let Some(Json::Object(signals)) = self.document.remove("signals") else { return Ok(BTreeSet::new()) };
        let statistics = self.statistics(&signals, interrupt)?;
        let (mut kept, mut fitted) = (Map::new(), BTreeSet::new());
        for (name, mut signal) in signals {
            match self.fit(&name, &signal, &statistics[&name]) {
                Ok((scale, reason)) => {
                    if let Some(problem) = &statistics[&name].problem {
                        self.unreadable.push(format!("{problem}; such values count as missing (on_invalid)"));
                    }
                    if self.is_survey(&name) {
                        rename_unit(&mut signal, &scale);
                    }
                    let origin = &self.origins[&name];
                    signal["meta"] = json!({"why": format!("{origin}; {reason}")});
                    if scale != signal["scale"] {
                        fitted.insert(name.clone());
                        signal["scale"] = scale;
                    }
                    kept.insert(name, signal);
                }
                Err(reason) => {
                    let read = Map::from_iter([("input".to_owned(), signal["input"].clone())]);
                    for column in inputs_of(&read).into_iter().filter_map(|column| self.sample.position(column)) {
                        self.left_out.entry(column).or_insert_with(|| format!("as {name} it {reason}"));
                    }
                    self.dropped.signals.insert(name, reason);
                }
            }
        }
        self.document.insert("signals".into(), Json::Object(kept));
        Ok(fitted)
    }

    fn statistics(
        &self,
        signals: &Map<String, Json>,
        interrupt: &mut dyn FnMut(),
    ) -> Result<BTreeMap<String, SignalStatistics>, DraftError> {
        if signals.is_empty() {
            return Ok(BTreeMap::new());
        }
        let alone = |signal: &Json| {
            let mut signal = signal.as_object().cloned().unwrap_or_default();
            signal.remove("category");
            signal.insert("weight".into(), 1.into());
            Json::Object(signal)
        };
        let all: Map<String, Json> = signals.iter().map(|(name, signal)| (name.clone(), alone(signal))).collect();
        let model = Model::compile(&json!({"on_invalid": "missing", "signals": all}), interrupt)
            .map_err(DraftError::Invalid)?;
        let found = signal_statistics(&model, self.sample, self.request.as_of, interrupt);
        Ok(model.base().signals().iter().map(|signal| signal.name.clone()).zip(found).collect())
    }

    fn fit(&self, name: &str, signal: &Json, statistics: &SignalStatistics) -> scales::Fitted {
        let scale = &signal["scale"];
        let is_measure = self.measures.contains_key(name);
        if self.sample.rows() == 0 {
            return match is_measure {
                true => Err("there are no data to fit a scale to".into()),
                false => Ok((scale.clone(), "the template's scale, because there are no data".into())),
            };
        }
        if scale.get("recency").is_some() {
            return scales::recency(&statistics.numbers);
        }
        if scale.get("map").is_some() || scale.get("boolean").is_some() {
            return match is_measure {
                true if scale.get("otherwise").is_some() => {
                    Ok((scale.clone(), "by the words in it; anything else counts as 50".into()))
                }
                true => Ok((scale.clone(), "by its two values".into())),
                false => codes::fit(self.sample, signal),
            };
        }
        if self.is_survey(name)
            && let Some(instrument) = scales::instrument(name, &statistics.numbers)
        {
            return instrument.scale(&statistics.numbers, (!is_measure).then_some(scale));
        }
        let mut numbers = statistics.numbers.clone();
        if let Some(default) = signal["default"].as_f64() {
            // An account without a value counts with the default.
            numbers.extend(std::iter::repeat_n(default, statistics.missing));
            numbers.sort_unstable_by(f64::total_cmp);
        }
        scales::percentiles(&numbers, scales::rises(scale))
    }

    fn is_survey(&self, signal: &str) -> bool {
        catalogue().measures.iter().any(|measure| measure.name == signal && measure.rating == Rating::Survey)
    }
}

/// The unit "of 5" does not suit answers of 1 to 10.
fn rename_unit(signal: &mut Json, scale: &Json) {
    if !signal["unit"].as_str().is_some_and(|unit| unit.starts_with("of ")) {
        return;
    }
    let last = scale["curve"].as_array().or(scale["linear"].as_array()).and_then(|points| points.last());
    let highest = last.and_then(|point| point.as_i64().or(point[0].as_i64()));
    match highest.filter(|highest| [5, 7, 10].contains(highest)) {
        Some(highest) => signal["unit"] = format!("of {highest}").into(),
        None => _ = signal.as_object_mut().map(|signal| signal.remove("unit")),
    }
}
