//! Which signals a draft has: those of the template, then measures of the catalogue. Scales are fitted later.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::catalogue::{KnownMeasure, catalogue};
use super::columns::{Because, ColumnChoice, Need, each_input, needs};
use super::drafting::{Drafting, categories_of, inputs_of};
use super::prune::{Known, renamed};
use super::request::DraftError;
use super::told::Told;
use crate::learn::dropped::Reasons;
use crate::learn::sample::Sample;

impl Drafting<'_> {
    /// Takes the signals for which the relation has columns: those of the template, then those of the catalogue.
    pub(super) fn choose_signals(&mut self) -> Result<(), DraftError> {
        let needs = needs(&self.document);
        for (at, column) in self.sample.columns().iter().enumerate() {
            if column.name.starts_with('@') {
                self.leave_out(at, "has a name that a model cannot read");
            }
        }
        let (mut told_inputs, mut told_measures) = (BTreeMap::new(), BTreeMap::new());
        for (name, column) in self.request.told {
            match self.told(name, column.as_deref(), &needs)? {
                Told::Input(input, column) => _ = told_inputs.insert(input, column),
                Told::Measure(measure, column) => _ = told_measures.insert(measure, column),
                Told::Column(column) => self.leave_out(column, "left out by inputs"),
            }
        }
        let mut given: Vec<usize> = told_inputs.values().chain(told_measures.values()).copied().flatten().collect();
        given.sort_unstable();
        if let Some(twice) = given.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(DraftError::Twice { column: self.sample.columns()[twice[0]].name.clone() });
        }
        given.into_iter().for_each(|column| self.columns.take(column));
        self.leave_out_by_name(&told_inputs, &told_measures);
        let choices = self.columns.choose(&needs, &told_inputs);
        self.inputs = choices
            .iter()
            .map(|(input, choice)| (input.clone(), self.sample.columns()[choice.column].name.clone()))
            .collect();
        self.take_template_signals(&choices);
        self.leave_out_signals_of(&told_inputs, &mut told_measures);
        self.release_unread_columns(&choices);
        self.add_measures(&told_measures);
        Ok(())
    }

    /// Keeps the template's signals whose inputs have columns.
    fn take_template_signals(&mut self, choices: &BTreeMap<String, ColumnChoice>) {
        let mut signals = Map::new();
        for (name, template) in &self.template_signals {
            let own = Json::String(name.clone());
            let source = template.get("input").unwrap_or(&own);
            match renamed(source, &self.inputs) {
                Ok(input) => {
                    self.origins.insert(name.clone(), origin(source, choices, self.sample));
                    signals.insert(name.clone(), self.renamed_signal(template, input, is_renamed(source, choices)));
                }
                Err(input) => {
                    self.dropped.signals.insert(name.clone(), format!("no column for {input}"));
                }
            }
        }
        self.document.insert("signals".into(), Json::Object(signals));
    }

    /// A signal of the template on the relation's columns.
    fn renamed_signal(&self, template: &Json, input: Json, is_renamed: bool) -> Json {
        let mut signal = template.as_object().cloned().unwrap_or_default();
        signal.insert("input".into(), input);
        // The relation has the column: if it is dropped later, that must be an error.
        signal.remove("optional");
        for key in ["observed", "evidence"] {
            match signal.get(key).and_then(Json::as_str).map(|name| self.inputs.get(name)) {
                Some(Some(column)) => _ = signal.insert(key.into(), column.as_str().into()),
                Some(None) => _ = signal.remove(key),
                None => {}
            }
        }
        if !signal.contains_key("observed") {
            for key in ["max_age", "half_life", "within"] {
                signal.remove(key);
            }
        }
        if is_renamed && let Some(label) = signal.get("label").and_then(Json::as_str).map(without_window) {
            signal.insert("label".into(), label.into());
        }
        Json::Object(signal)
    }

    /// Releases the columns that neither a signal of the template nor a kept rule or segment reads: they may become
    /// separate signals.
    fn release_unread_columns(&mut self, choices: &BTreeMap<String, ColumnChoice>) {
        let signals = self.document["signals"].as_object().cloned().unwrap_or_default();
        let (fitted, categories) = (BTreeSet::new(), categories_of(&signals));
        let known = Known { inputs: &self.inputs, signals: &signals, fitted: &fitted, categories: &categories };
        let mut kept = Map::new();
        for list in ["rules", "segments"] {
            let all = self.document.get(list).unwrap_or(&Json::Null);
            kept.insert(list.into(), known.prune_list(all, &mut Reasons::new()).into());
        }
        let read: BTreeSet<&str> = inputs_of(&signals).into_iter().chain(inputs_of(&kept)).collect();
        for choice in choices.values() {
            if choice.because != Because::Told && !read.contains(self.sample.columns()[choice.column].name.as_str()) {
                self.columns.release(choice.column);
            }
        }
    }

    /// Signals of the catalogue for the columns that are left.
    fn add_measures(&mut self, told: &BTreeMap<&'static str, Option<usize>>) {
        if !self.is_weighted() {
            return;
        }
        for measure in &catalogue().measures {
            if self.document["signals"].get(&measure.name).is_some() {
                continue;
            }
            let suits = |column: usize| self.first_scale(measure, column).is_some();
            let column = match told.get(measure.name.as_str()) {
                Some(column) => column.filter(|column| suits(*column)),
                None => self.columns.find(&measure.columns, suits),
            };
            let because = if told.contains_key(measure.name.as_str()) { Because::Told } else { Because::Synonym };
            match (column, self.category_for(measure)) {
                (Some(column), Some(category)) => {
                    self.columns.take(column);
                    self.add_measure(measure, ColumnChoice { column, because }, category);
                }
                (Some(column), None) => {
                    self.left_out.insert(column, format!("the template has no category for {}", measure.theme));
                }
                _ => {}
            }
        }
    }

    /// The category of a measure, none without categories; nothing at all where no category suits.
    fn category_for(&self, measure: &KnownMeasure) -> Option<Option<String>> {
        let Some(Json::Object(categories)) = self.document.get("categories") else { return Some(None) };
        let stands_in = self.template_signals.get(&measure.name).and_then(|signal| signal["category"].as_str());
        stands_in.or_else(|| catalogue().category(&measure.theme, categories)).map(|name| Some(name.to_owned()))
    }

    fn add_measure(&mut self, measure: &'static KnownMeasure, choice: ColumnChoice, category: Option<String>) {
        let Some((input, scale)) = self.first_scale(measure, choice.column) else { return };
        let template = self.template_signals.get(&measure.name);
        let weight = template.map_or(Json::from(measure.weight), |signal| signal["weight"].clone());
        let mut signal = json!({"label": measure.label, "weight": weight, "input": input, "scale": scale});
        if let Some(unit) = &measure.unit {
            signal["unit"] = unit.as_str().into();
        }
        if let Some(category) = category {
            signal["category"] = category.into();
        }
        let name = &self.sample.columns()[choice.column].name;
        let how = if choice.because == Because::Told { "by inputs" } else { "by its name" };
        let standing = if template.is_some() { "replaces the template's signal" } else { "not in the template" };
        self.origins.insert(measure.name.clone(), format!("column {name}, {how}; {standing}"));
        self.left_out.remove(&choice.column);
        self.dropped.signals.remove(&measure.name);
        self.measures.insert(&measure.name, measure);
        self.document["signals"][&measure.name] = signal;
    }
}

/// Where a signal of the template gets its values, in words.
fn origin(source: &Json, choices: &BTreeMap<String, ColumnChoice>, sample: &Sample) -> String {
    let mut parts = Vec::new();
    each_input(source, Need::Any, &mut |input, _| {
        if let Some(choice) = choices.get(input) {
            let column = &sample.columns()[choice.column].name;
            parts.push(match choice.because {
                Because::SameName => format!("column {column}"),
                Because::Told => format!("column {column} for {input}, by inputs"),
                Because::Synonym => format!("column {column} for {input}, by its name"),
            });
        }
    });
    parts.join(" and ")
}

fn is_renamed(source: &Json, choices: &BTreeMap<String, ColumnChoice>) -> bool {
    let mut renamed = false;
    each_input(source, Need::Any, &mut |input, _| {
        renamed |= choices.get(input).is_some_and(|choice| choice.because != Because::SameName);
    });
    renamed
}

/// The label "Logins in 30 days" may be wrong for a column named monthly_logins.
fn without_window(label: &str) -> String {
    let words: Vec<&str> = label.split(' ').collect();
    let window = words.windows(3).position(|part| {
        part[0] == "in" && part[1].parse::<u32>().is_ok() && ["day", "days", "month", "months"].contains(&part[2])
    });
    match window {
        Some(at) => [&words[..at], &words[at + 3..]].concat().join(" "),
        None => label.to_owned(),
    }
}
