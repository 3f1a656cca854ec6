//! The state of a draft: the document so far, and what was decided about the columns. The steps themselves are in
//! choose.rs, fit.rs and finish.rs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::catalogue::{KnownMeasure, Rating, worth};
use super::codes;
use super::columns::Columns;
use super::request::DraftRequest;
use crate::base::column::{ColumnKind, SampleColumn};
use crate::learn::dropped::Dropped;
use crate::learn::sample::Sample;

pub(super) struct Drafting<'a> {
    pub sample: &'a Sample,
    pub request: &'a DraftRequest<'a>,
    pub columns: Columns<'a>,
    /// The document that grows.
    pub document: Map<String, Json>,
    /// The template's signals as they were.
    pub template_signals: Map<String, Json>,
    /// Input → column's name.
    pub inputs: BTreeMap<String, String>,
    /// Measures that became signals.
    pub measures: BTreeMap<&'static str, &'static KnownMeasure>,
    /// Signals with where their values come from, in words.
    pub origins: BTreeMap<String, String>,
    /// What is in the template and not in the draft.
    pub dropped: Dropped,
    /// Columns with the reason not to use them.
    pub left_out: BTreeMap<usize, String>,
    /// What is wrong with values of signals that are in the draft.
    pub unreadable: Vec<String>,
}

impl<'a> Drafting<'a> {
    pub fn new(sample: &'a Sample, request: &'a DraftRequest, mut document: Map<String, Json>) -> Self {
        let template_signals = match document.get("signals") {
            Some(Json::Object(signals)) => signals.clone(),
            _ => Map::new(),
        };
        document.remove("meta");
        Drafting {
            sample,
            request,
            columns: Columns::of(sample),
            document,
            template_signals,
            inputs: BTreeMap::new(),
            measures: BTreeMap::new(),
            origins: BTreeMap::new(),
            dropped: Dropped::default(),
            left_out: BTreeMap::new(),
            unreadable: Vec::new(),
        }
    }

    pub(super) fn leave_out(&mut self, column: usize, reason: &str) {
        self.columns.take(column);
        self.left_out.insert(column, reason.to_owned());
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.document.get("method").is_none_or(|method| method != "points")
    }

    /// Input and scale of a measure on a column, before the scale is fitted; none where the column does not suit.
    pub(super) fn first_scale(&self, measure: &KnownMeasure, column: usize) -> Option<(Json, Json)> {
        let SampleColumn { name, kind, .. } = &self.sample.columns()[column];
        let scale = match &measure.rating {
            Rating::More | Rating::Survey if *kind == ColumnKind::Number => json!({"linear": [0, 1]}),
            Rating::Less if *kind == ColumnKind::Number => json!({"linear": [1, 0]}),
            Rating::Recent if self.sample.holds_times(column) => {
                json!({"recency": {"best": "1 day", "worst": "2 days"}})
            }
            Rating::Since if self.sample.holds_times(column) => {
                return Some((json!({"days": [name, "@as_of"]}), json!({"linear": [0, 1]})));
            }
            Rating::Answer(healthy) => codes::of_answers(self.sample, column, *healthy)?,
            Rating::Words(words) => codes::of_texts(self.sample, column, |text| worth(text, words))?,
            _ => return None,
        };
        Some((name.as_str().into(), scale))
    }
}

/// The columns that a document, or a part of it, reads.
pub(super) fn inputs_of(document: &Map<String, Json>) -> BTreeSet<&str> {
    const READERS: [&str; 6] = ["input", "observed", "evidence", "ratio", "change", "days"];
    fn walk<'j>(json: &'j Json, key: &str, found: &mut BTreeSet<&'j str>) {
        match json {
            Json::String(name) if READERS.contains(&key) => _ = found.insert(name),
            Json::Array(list) => list.iter().for_each(|item| walk(item, key, found)),
            Json::Object(map) => {
                map.iter().filter(|(key, _)| *key != "meta").for_each(|(key, item)| walk(item, key, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    document.iter().filter(|(key, _)| *key != "meta").for_each(|(key, part)| walk(part, key, &mut found));
    found
}

pub(super) fn categories_of(signals: &Map<String, Json>) -> BTreeSet<&str> {
    signals.values().filter_map(|signal| signal["category"].as_str()).collect()
}
