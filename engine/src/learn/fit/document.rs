//! The document of a fit: the model's document with new scales and weights, and the measured quality under `meta.fit`.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::bands::bounds;
use super::candidates::Candidate;
use super::learn::Lesson;
use super::request::{FitRequest, HeldOut};
use crate::base::number::json_number;
use crate::learn::dropped::{Dropped, Reasons};
use crate::learn::rows::Rows;
use crate::model::band::default_bands;

pub(super) struct FittedDocument<'a> {
    pub request: &'a FitRequest<'a>,
    pub candidates: &'a [Candidate],
    pub lesson: &'a Lesson,
}

/// What the document's `meta.fit` says.
#[derive(Serialize)]
struct FitReport<'a> {
    relation: &'a str,
    outcome: &'a str,
    n: usize,
    events: usize,
    auc: f64,
    auc_low: f64,
    auc_high: f64,
    folds: Vec<f64>,
    checked: &'static str,
    ridge: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_outcome: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_score: Option<u64>,
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    no_weight: Reasons,
    #[serde(skip_serializing_if = "Dropped::is_empty")]
    dropped: Dropped,
    bands: String,
}

/// Subjects of conditions whose meaning changes under new scales.
const READERS_OF_SCORES: [&str; 3] = ["subscore", "category", "score"];

impl FittedDocument<'_> {
    /// The document without a report.
    pub fn document(&self) -> Json {
        let mut document = self.request.document.as_object().cloned().unwrap_or_default();
        document.remove("segments");
        document.remove("meta");
        let signals = self.signals();
        let mut rules = document.remove("rules").and_then(|rules| rules.as_array().cloned()).unwrap_or_default();
        rules.retain(|rule| !reads_scores(&rule["when"]));
        if !rules.is_empty() {
            document.insert("rules".into(), rules.into());
        }
        // The weight of a category is the sum of the weights of its signals.
        if let Some(Json::Object(mut categories)) = document.remove("categories") {
            let used = |name: &str| signals.values().any(|signal| signal["category"] == *name);
            categories.retain(|name, _| used(name));
            for category in categories.values_mut().filter_map(Json::as_object_mut) {
                category.remove("weight");
            }
            if !categories.is_empty() {
                document.insert("categories".into(), Json::Object(categories));
            }
        }
        document.insert("signals".into(), Json::Object(signals));
        Json::Object(document)
    }

    fn signals(&self) -> Map<String, Json> {
        let ranges: f64 = self.lesson.signals.iter().map(|learnt| learnt.shape.range).sum();
        let mut signals = Map::new();
        for learnt in &self.lesson.signals {
            let candidate = &self.candidates[learnt.feature];
            let mut signal = candidate.json.clone();
            let weight = (learnt.shape.range / ranges * 100.0).round().max(1.0);
            signal.insert("weight".into(), json_number(weight));
            signal.insert("scale".into(), learnt.shape.scale.clone());
            if let Some(missing) = learnt.shape.missing {
                signal.insert("missing".into(), json_number(missing));
            }
            signals.insert(candidate.name.clone(), Json::Object(signal));
        }
        signals
    }

    /// The document with the report, and with bands for its scores.
    pub fn reported(&self, rows: &Rows, held_out: &HeldOut, left_out: &Reasons) -> Json {
        let mut document = self.document();
        let decimals = |share: f64| (share * 1e4).round() / 1e4;
        let some = |count: u64| Some(count).filter(|count| *count > 0);
        for learnt in &self.lesson.signals {
            let name = &self.candidates[learnt.feature].name;
            if let Some(why) = why(learnt.shape.rises, &learnt.shape.scale) {
                document["signals"][name]["meta"] = json!({"why": why});
            }
        }
        let bands = match bounds(&held_out.scores) {
            Some(bounds) if self.has_three_bands() => self.set_bands(&mut document, bounds),
            _ => "kept from the model: check that they suit the new scores".into(),
        };
        let is_sample = rows.seen() > rows.len() as u64;
        let report = FitReport {
            relation: self.request.relation,
            outcome: self.request.outcome,
            n: rows.len(),
            events: rows.events().iter().filter(|event| **event).count(),
            auc: decimals(held_out.auc),
            auc_low: decimals(held_out.low),
            auc_high: decimals(held_out.high),
            folds: held_out.folds.iter().map(|auc| decimals(*auc)).collect(),
            checked: "5-fold cross-validation: each fifth of the accounts is scored by a model fitted to the others",
            ridge: self.lesson.ridge,
            read: is_sample.then(|| format!("a sample of {} of {} accounts", rows.len(), rows.seen())),
            without_outcome: some(rows.without_outcome),
            without_score: some((rows.len() - held_out.scores.len()) as u64),
            no_weight: self.without_weight(left_out),
            dropped: self.dropped(),
            bands,
        };
        document["meta"] = json!({"fit": report});
        document
    }

    /// Columns and signals that the fit does not use.
    fn without_weight(&self, left_out: &Reasons) -> Reasons {
        let mut no_weight = left_out.clone();
        for (at, candidate) in self.candidates.iter().enumerate() {
            if !self.lesson.signals.iter().any(|learnt| learnt.feature == at) {
                no_weight.insert(candidate.name.clone(), "adds nothing to the other signals".into());
            }
        }
        no_weight
    }

    fn has_three_bands(&self) -> bool {
        self.request.document.get("bands").and_then(Json::as_array).is_none_or(|bands| bands.len() == 3)
    }

    fn set_bands(&self, document: &mut Json, (second, third): (f64, f64)) -> String {
        if document.get("bands").is_none() {
            let usual = default_bands().into_iter();
            document["bands"] = usual
                .map(|band| json!({"name": band.name, "label": band.label, "from": 0, "color": band.color}))
                .collect::<Vec<_>>()
                .into();
        }
        for (band, from) in [0.0, second, third].into_iter().enumerate() {
            document["bands"][band]["from"] = json_number(from);
        }
        format!(
            "set on held-out accounts: two thirds of the events are below {third}; below {second} the event rate is three times the overall rate, or lies the worst tenth"
        )
    }

    /// Segments and rules of the model that are not in the fit.
    fn dropped(&self) -> Dropped {
        let document = self.request.document;
        let items = |list: &str| document.get(list).and_then(Json::as_array).into_iter().flatten();
        let named = |item: &Json, reason: &str| Some((item["name"].as_str()?.to_owned(), reason.to_owned()));
        let segments =
            items("segments").filter_map(|item| named(item, "its patch applies to the former weights and scales"));
        let rules = items("rules")
            .filter(|rule| reads_scores(&rule["when"]))
            .filter_map(|item| named(item, "it reads subscores or scores, whose meaning has changed"));
        Dropped { signals: Reasons::new(), rules: rules.collect(), segments: segments.collect() }
    }
}

fn why(rises: Option<bool>, scale: &Json) -> Option<String> {
    match (rises, scale.get("map").is_some()) {
        (_, true) => None,
        (Some(true), _) => Some("higher is healthier".into()),
        (Some(false), _) => Some("lower is healthier".into()),
        (None, _) => Some("healthiest in the middle of its range".into()),
    }
}

fn reads_scores(condition: &Json) -> bool {
    match condition {
        Json::Object(map) => {
            map.iter().any(|(key, inner)| READERS_OF_SCORES.contains(&key.as_str()) || reads_scores(inner))
        }
        Json::Array(list) => list.iter().any(reads_scores),
        _ => false,
    }
}
