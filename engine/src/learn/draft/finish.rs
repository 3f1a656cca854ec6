//! The end of a draft: keeps the parts that are still valid, and records the decisions and their reasons in `meta`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::bands::{terciles, with_bands};
use super::catalogue::catalogue;
use super::codes;
use super::columns::needs;
use super::drafting::{Drafting, categories_of, inputs_of};
use super::prune::Known;
use super::report::DraftReport;
use super::request::DraftError;
use crate::learn::dropped::{Dropped, Reasons};
use crate::learn::sample::Sample;
use crate::model::compiled::Model;

/// What the document's `meta.draft` says.
#[derive(Serialize)]
struct DraftMeta<'a> {
    relation: &'a str,
    template: &'a str,
    read: &'a str,
    #[serde(skip_serializing_if = "Dropped::is_empty")]
    dropped: Dropped,
    /// Columns of the relation.
    #[serde(skip_serializing_if = "Reasons::is_empty")]
    left_out: Reasons,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Drafting<'_> {
    pub(super) fn finish(mut self, interrupt: &mut dyn FnMut()) -> Result<Json, DraftError> {
        let fitted = if self.is_weighted() { self.fit_scales(interrupt)? } else { BTreeSet::new() };
        if self.document["signals"].as_object().is_none_or(Map::is_empty) {
            return Err(self.nothing_fits());
        }
        if !self.unreadable.is_empty() {
            self.document.insert("on_invalid".into(), "missing".into());
        }
        self.prune(&fitted, interrupt);
        let meta = self.meta();
        self.document.insert("meta".into(), json!({"draft": meta}));
        let mut document = Json::Object(self.document);
        let model = Model::compile(&document, interrupt).map_err(DraftError::Invalid)?;
        for (column, values) in beside_segments(&model, self.sample) {
            document["meta"]["known_values"][column] = values;
        }
        if !self.request.terciles {
            return Ok(document);
        }
        let bounds = terciles(&model, self.sample, self.request.as_of, interrupt).ok_or(DraftError::NoTerciles)?;
        Ok(with_bands(document, bounds))
    }

    /// Keeps the rules, segments and categories that are still valid.
    fn prune(&mut self, fitted: &BTreeSet<String>, interrupt: &mut dyn FnMut()) {
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let categories = categories_of(&signals);
        if let Some(Json::Object(all)) = self.document.get_mut("categories") {
            all.retain(|name, _| categories.contains(name.as_str()));
        }
        let known = Known { inputs: &self.inputs, signals: &signals, fitted, categories: &categories };
        let rules = known.prune_list(&self.document.remove("rules").unwrap_or_default(), &mut self.dropped.rules);
        let segments =
            known.prune_list(&self.document.remove("segments").unwrap_or_default(), &mut self.dropped.segments);
        self.document.insert("rules".into(), rules.into());
        let mut kept = Vec::new();
        for mut segment in segments {
            segment["patch"] = known.prune_patch(&segment["patch"]);
            // The rest of a patch may be invalid, for example a weight of 0 for the only signal.
            let mut trial = self.document.clone();
            trial.insert("segments".into(), json!([segment]));
            let changes = segment["patch"].as_object().is_some_and(|patch| !patch.is_empty());
            if changes && Model::compile(&Json::Object(trial), interrupt).is_ok() {
                kept.push(segment);
            } else {
                let name = segment["name"].as_str().unwrap_or_default();
                self.dropped.segments.insert(name.to_owned(), "the signals that it changes are missing".into());
            }
        }
        if !kept.is_empty() {
            self.document.insert("segments".into(), kept.into());
        }
    }

    fn meta(&mut self) -> Json {
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let report = DraftReport {
            sample: self.sample,
            decided: &self.left_out,
            signals: &signals,
            measures: self.is_weighted(),
        };
        json!(DraftMeta {
            relation: self.request.relation,
            template: self.request.template.name,
            read: self.request.source,
            left_out: report.left_out(&inputs_of(&self.document)),
            notes: [std::mem::take(&mut self.unreadable), report.notes()].concat(),
            dropped: std::mem::take(&mut self.dropped),
        })
    }

    fn nothing_fits(&self) -> DraftError {
        let signals = Map::from_iter([("signals".to_owned(), Json::Object(self.template_signals.clone()))]);
        let mut wanted: Vec<String> = needs(&signals).into_keys().collect();
        let measures = catalogue().measures.iter().filter(|_| self.is_weighted());
        wanted.extend(measures.filter_map(|measure| measure.columns.first()).map(|name| name.written.clone()));
        wanted.sort_unstable();
        wanted.dedup();
        DraftError::NothingFits { wanted }
    }
}

/// The values of segment columns that belong to no segment, so that a new value is noticed later.
fn beside_segments(model: &Model, sample: &Sample) -> BTreeMap<String, Json> {
    let mut known = BTreeMap::new();
    for (input, codes) in model.segment_codes() {
        let name = &model.inputs()[input].name;
        if let Some(texts) = sample.position(name).and_then(|column| sample.texts(column, codes::MOST_CODES)) {
            let mut others: Vec<&str> =
                texts.into_iter().map(|(text, _)| text).filter(|text| !codes.contains(text)).collect();
            others.sort_unstable();
            known.insert(name.clone(), others.into());
        }
    }
    known
}
