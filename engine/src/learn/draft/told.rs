//! The decisions of the user: columns for inputs, and inputs to leave out.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::catalogue::catalogue;
use super::columns::{Need, each_input};
use super::drafting::Drafting;
use super::request::DraftError;
use crate::base::column::SampleColumn;
use crate::base::nearest::nearest;

/// A decision on one of the user's names.
pub(super) enum Told {
    Input(String, Option<usize>),
    Measure(&'static str, Option<usize>),
    /// A column that is not to be used.
    Column(usize),
}

impl Drafting<'_> {
    /// The meaning of a name that the user gives: an input or signal of the template, a measure of the catalogue, or a
    /// column.
    pub(super) fn told(
        &self,
        name: &str,
        column: Option<&str>,
        needs: &BTreeMap<String, Need>,
    ) -> Result<Told, DraftError> {
        let at = column.map(|column| self.position(column)).transpose()?;
        let input = match self.template_signals.get(name) {
            _ if needs.contains_key(name) => Some(name),
            Some(signal) => signal.get("input").map_or(Some(name), Json::as_str),
            None => None,
        };
        if let Some(input) = input {
            let need = needs.get(input).copied().unwrap_or(Need::Any);
            return match at {
                Some(at) if !need.is_met(self.sample, at) => Err(self.unsuitable(name, at, need.words())),
                _ => Ok(Told::Input(input.to_owned(), at)),
            };
        }
        if let Some(measure) = catalogue().measures.iter().find(|measure| measure.name == name) {
            let mut forms = catalogue().measures.iter().filter(|form| form.name == name);
            return match at {
                Some(at) if forms.all(|form| self.first_scale(form, at).is_none()) => {
                    Err(self.unsuitable(name, at, measure.rating.needs()))
                }
                _ => Ok(Told::Measure(&measure.name, at)),
            };
        }
        match (self.sample.position(name), column) {
            (Some(at), None) => Ok(Told::Column(at)),
            _ => {
                let signals = self.template_signals.keys().map(String::as_str);
                let measures = catalogue().measures.iter().map(|measure| measure.name.as_str());
                let known = needs.keys().map(String::as_str).chain(signals).chain(measures);
                Err(DraftError::UnknownInput {
                    name: name.to_owned(),
                    nearest: nearest(name, known).map(str::to_owned),
                })
            }
        }
    }

    fn position(&self, column: &str) -> Result<usize, DraftError> {
        let names = || self.sample.columns().iter().map(|column| column.name.as_str());
        self.sample.position(column).ok_or_else(|| DraftError::UnknownColumn {
            name: column.to_owned(),
            nearest: nearest(column, names()).map(str::to_owned),
        })
    }

    fn unsuitable(&self, input: &str, column: usize, needs: &'static str) -> DraftError {
        let SampleColumn { name, type_name, .. } = &self.sample.columns()[column];
        DraftError::Unsuitable { input: input.to_owned(), column: name.clone(), needs, found: type_name.clone() }
    }

    /// Leaves out the columns whose names match an input that the user left out.
    pub(super) fn leave_out_by_name(
        &mut self,
        told_inputs: &BTreeMap<String, Option<usize>>,
        told_measures: &BTreeMap<&'static str, Option<usize>>,
    ) {
        let inputs = told_inputs.iter().filter(|(_, column)| column.is_none());
        let mut names: Vec<_> = inputs.flat_map(|(input, _)| catalogue().names_of(input)).collect();
        for measure in catalogue().measures.iter().filter(|m| told_measures.get(m.name.as_str()) == Some(&None)) {
            names.extend(measure.columns.iter().cloned());
        }
        for column in self.columns.named(&names) {
            self.left_out.insert(column, "left out by inputs".into());
        }
    }

    /// A signal that reads an input that the user left out must not come back as a measure.
    pub(super) fn leave_out_signals_of(
        &self,
        told_inputs: &BTreeMap<String, Option<usize>>,
        told_measures: &mut BTreeMap<&'static str, Option<usize>>,
    ) {
        for measure in &catalogue().measures {
            let Some(signal) = self.template_signals.get(&measure.name) else { continue };
            let own = Json::String(measure.name.clone());
            each_input(signal.get("input").unwrap_or(&own), Need::Any, &mut |input, _| {
                if told_inputs.get(input) == Some(&None) {
                    told_measures.entry(&measure.name).or_insert(None);
                }
            });
        }
    }
}
