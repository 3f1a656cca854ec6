//! The notes of a draft on columns that it does not use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::catalogue::{IDENTIFIER, OUTCOME, catalogue};
use super::words::{split, subject};
use crate::base::column::{ColumnKind, SampleColumn};
use crate::base::quoted::Quoted;
use crate::base::value::Value;
use crate::learn::dropped::Reasons;
use crate::learn::sample::Sample;

/// The most columns that are named one by one.
const MOST: usize = 100;

/// How the reason begins for a column that the draft asks about.
const UNKNOWN: &str = "unknown name";

/// The columns that a draft left out because it does not know their names.
pub fn unknown_columns(draft: &Json) -> Vec<&str> {
    let left_out = draft["meta"]["draft"]["left_out"].as_object().into_iter().flatten();
    let unknown = |reason: &Json| reason.as_str().is_some_and(|reason| reason.starts_with(UNKNOWN));
    left_out.filter(|(_, reason)| unknown(reason)).map(|(column, _)| column.as_str()).collect()
}

pub(super) struct DraftReport<'a> {
    pub sample: &'a Sample,
    /// Columns that are already decided.
    pub decided: &'a BTreeMap<usize, String>,
    pub signals: &'a Map<String, Json>,
    /// Whether measures of the catalogue could have been added.
    pub measures: bool,
}

impl DraftReport<'_> {
    /// The columns outside `read`, each with the reason.
    pub fn left_out(&self, read: &BTreeSet<&str>) -> Reasons {
        let columns = self.sample.columns().iter().enumerate();
        let unread: Vec<_> = columns.filter(|(_, column)| !read.contains(column.name.as_str())).collect();
        let mut named: Reasons =
            unread.iter().take(MOST).map(|&(at, column)| (column.name.clone(), self.reason(at, column))).collect();
        if unread.len() > MOST {
            named.insert("…".into(), format!("and {} more columns", unread.len() - MOST));
        }
        named
    }

    fn reason(&self, at: usize, column: &SampleColumn) -> String {
        if let Some(reason) = self.decided.get(&at) {
            return reason.clone();
        }
        if let Some(reason) = catalogue().why_no_signal(&column.name) {
            return reason.into();
        }
        if let Some(measure) = catalogue().known(&column.name).filter(|_| self.measures) {
            return match self.signals.contains_key(&measure.name) {
                true => format!("signal {} reads another column", measure.name),
                false => format!("its name is known, but it does not hold {}", measure.rating.needs()),
            };
        }
        if let Some(later) = self.later(&column.name) {
            let pair = format!("[{}, {}]", Quoted(later), Quoted(&column.name));
            return format!(
                "{UNKNOWN}, but it looks like the earlier period of {later}: read both as {{\"change\": {pair}}}"
            );
        }
        if let Some(input) = catalogue().input_named(&column.name) {
            return format!("its name is known as {input}, but no signal of this draft reads it");
        }
        match column.kind {
            ColumnKind::Other => format!("is of type {}, which no signal reads", column.type_name),
            ColumnKind::Text if self.holds_numbers_as_text(at) => "holds numbers as text: cast it to use it".into(),
            _ => format!("{UNKNOWN}: map it in inputs, or add a signal with health_patch"),
        }
    }

    /// The column that has this one's name without the word for an earlier period.
    fn later(&self, name: &str) -> Option<&str> {
        let mut words = subject(name);
        words.retain(|word| word != "prev");
        let later = |column: &&SampleColumn| column.name != name && subject(&column.name) == words;
        (words.len() < subject(name).len()).then(|| self.sample.columns().iter().find(later))?.map(|c| c.name.as_str())
    }

    fn holds_numbers_as_text(&self, column: usize) -> bool {
        let texts = || {
            self.sample.values(column).filter_map(|value| match value {
                Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
                _ => None,
            })
        };
        texts().next().is_some() && texts().all(|text| text.parse::<f64>().is_ok())
    }

    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some((name, different)) = self.key().filter(|(_, different)| *different < self.sample.rows()) {
            let rows = self.sample.rows();
            notes.push(format!(
                "{name} has {different} different values in {rows} rows: every row is scored, so pass one row per account"
            ));
        }
        let is_outcome = |column: &&SampleColumn| catalogue().why_no_signal(&column.name) == Some(OUTCOME);
        let outcomes = self.sample.columns().iter().filter(is_outcome);
        notes.extend(outcomes.map(|column| format!("{} can serve as the outcome to test the score", column.name)));
        notes
    }

    /// The first column that looks like an account's id, with its number of different values.
    fn key(&self) -> Option<(&str, usize)> {
        let is_id = |word: &String| ["id", "uuid", "guid", "key"].contains(&word.as_str());
        let is_key = |column: &&SampleColumn| {
            catalogue().why_no_signal(&column.name) == Some(IDENTIFIER) && split(&column.name).iter().any(is_id)
        };
        let column = self.sample.columns().iter().find(is_key)?;
        let mut ids: Vec<String> = Vec::with_capacity(self.sample.rows());
        for value in self.sample.values(self.sample.position(&column.name)?) {
            ids.push(value.written());
        }
        ids.sort_unstable();
        ids.dedup();
        Some((&column.name, ids.len()))
    }
}
