//! Which column of a relation stands for which input of a template.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::catalogue::{ColumnSubject, catalogue};
use crate::base::column::ColumnKind;
use crate::learn::sample::Sample;

/// The kind of value that an input needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Number,
    /// A number or true and false, as points take them.
    Amount,
    Time,
    Flag,
    Text,
    Code,
    Any,
}

impl Need {
    pub fn is_met(self, sample: &Sample, column: usize) -> bool {
        let kind = sample.columns()[column].kind;
        match self {
            Need::Number => kind == ColumnKind::Number,
            Need::Amount => matches!(kind, ColumnKind::Number | ColumnKind::Boolean),
            Need::Time => sample.holds_times(column),
            Need::Flag => kind == ColumnKind::Boolean,
            Need::Text => kind == ColumnKind::Text,
            Need::Code => matches!(kind, ColumnKind::Number | ColumnKind::Boolean | ColumnKind::Text),
            Need::Any => kind != ColumnKind::Other,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Need::Number => "numbers",
            Need::Amount => "numbers or true and false",
            Need::Time => "dates or timestamps",
            Need::Flag => "true and false",
            Need::Text => "texts",
            Need::Code => "texts, numbers or true and false",
            Need::Any => "something a signal can read",
        }
    }
}

/// How a column came to stand for an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    Told,
    SameName,
    Synonym,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct ColumnChoice {
    pub column: usize,
    pub because: Because,
}

/// The inputs of a document with what each must hold: the signals', then those of rules and segments.
pub(super) fn needs(document: &Map<String, Json>) -> BTreeMap<String, Need> {
    let mut needs = BTreeMap::new();
    let mut add = |input: &str, need: Need| {
        let known = needs.entry(input.to_owned()).or_insert(need);
        if *known == Need::Any {
            *known = need;
        }
    };
    for (name, signal) in document["signals"].as_object().into_iter().flatten() {
        let own = Json::String(name.clone());
        each_input(signal.get("input").unwrap_or(&own), need_of_signal(signal), &mut add);
        if let Some(observed) = signal["observed"].as_str() {
            add(observed, Need::Time);
        }
        if let Some(evidence) = signal["evidence"].as_str() {
            add(evidence, Need::Any);
        }
    }
    for list in ["rules", "segments"] {
        for item in document.get(list).and_then(Json::as_array).into_iter().flatten() {
            each_condition(&item["when"], &mut |condition| {
                if let Some(source) = condition.get("input") {
                    each_input(source, need_of_condition(condition), &mut add);
                }
            });
        }
    }
    needs
}

fn need_of_signal(signal: &Json) -> Need {
    let Some(scale) = signal["scale"].as_object() else { return Need::Amount };
    match scale.keys().find(|key| *key != "otherwise").map(String::as_str) {
        Some("recency") => Need::Time,
        Some("map") => Need::Code,
        Some("boolean") => Need::Flag,
        _ => Need::Number,
    }
}

fn need_of_condition(condition: &Json) -> Need {
    let constants = ["eq", "ne", "lt", "le", "gt", "ge"].into_iter().filter_map(|key| condition.get(key));
    let listed = condition["in"].as_array().into_iter().flatten();
    match constants.chain(listed).next() {
        Some(Json::Number(_)) => Need::Number,
        Some(Json::Bool(_)) => Need::Flag,
        Some(Json::String(_)) => Need::Text,
        _ => Need::Any,
    }
}

/// The inputs of a source, each with what it must hold.
pub(super) fn each_input(source: &Json, plain: Need, act: &mut dyn FnMut(&str, Need)) {
    match source {
        Json::String(name) => act(name, plain),
        Json::Object(map) => {
            for (form, pair) in map {
                let need = if form == "days" { Need::Time } else { Need::Number };
                for name in pair.as_array().into_iter().flatten().filter_map(Json::as_str) {
                    if name != "@as_of" {
                        act(name, need);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Every test of a condition, below all, any and not.
pub(super) fn each_condition(condition: &Json, act: &mut dyn FnMut(&Json)) {
    for list in ["all", "any"] {
        for inner in condition[list].as_array().into_iter().flatten() {
            each_condition(inner, act);
        }
    }
    match condition.get("not") {
        Some(inner) => each_condition(inner, act),
        None => act(condition),
    }
}

/// The columns of a relation, each assigned once.
pub(super) struct Columns<'a> {
    pub sample: &'a Sample,
    subjects: Vec<ColumnSubject>,
    taken: Vec<bool>,
}

impl<'a> Columns<'a> {
    pub fn of(sample: &'a Sample) -> Columns<'a> {
        let subjects = sample.columns().iter().map(|column| ColumnSubject::of(&column.name)).collect();
        Columns { sample, subjects, taken: vec![false; sample.columns().len()] }
    }

    pub fn take(&mut self, column: usize) {
        self.taken[column] = true;
    }

    pub fn release(&mut self, column: usize) {
        self.taken[column] = false;
    }

    /// The first free column with one of these names, in the order of the names, that `suits`.
    pub fn find(&self, names: &[super::catalogue::Name], suits: impl Fn(usize) -> bool) -> Option<usize> {
        names.iter().find_map(|name| {
            (0..self.taken.len()).find(|&at| !self.taken[at] && name.names(&self.subjects[at]) && suits(at))
        })
    }

    /// The free columns that have one of these names.
    pub fn named(&self, names: &[super::catalogue::Name]) -> Vec<usize> {
        let has_name = |at: &usize| names.iter().any(|name| name.names(&self.subjects[*at]));
        (0..self.taken.len()).filter(|at| !self.taken[*at]).filter(has_name).collect()
    }

    /// Columns for the inputs that `told` leaves open: exact names first, then synonyms.
    pub fn choose(
        &mut self,
        needs: &BTreeMap<String, Need>,
        told: &BTreeMap<String, Option<usize>>,
    ) -> BTreeMap<String, ColumnChoice> {
        let mut choices = BTreeMap::new();
        for (input, column) in told {
            if let Some(column) = *column {
                self.take(column);
                choices.insert(input.clone(), ColumnChoice { column, because: Because::Told });
            }
        }
        for (input, need) in needs.iter().filter(|(input, _)| !told.contains_key(*input)) {
            if let Some(column) = self.sample.position(input)
                && !self.taken[column]
                && need.is_met(self.sample, column)
            {
                self.take(column);
                choices.insert(input.clone(), ColumnChoice { column, because: Because::SameName });
            }
        }
        for (input, need) in needs {
            if choices.contains_key(input) || told.contains_key(input) {
                continue;
            }
            let names = catalogue().names_of(input);
            if let Some(column) = self.find(&names, |column| need.is_met(self.sample, column)) {
                self.take(column);
                choices.insert(input.clone(), ColumnChoice { column, because: Because::Synonym });
            }
        }
        choices
    }
}
