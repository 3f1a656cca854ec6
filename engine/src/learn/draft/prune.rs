//! Removes the rules, segments and categories of a document that read a missing input, signal or category.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::columns::{Need, each_condition, each_input};
use crate::learn::dropped::Reasons;

/// The source with columns in the place of inputs, or the input without a column.
pub(super) fn renamed(source: &Json, inputs: &BTreeMap<String, String>) -> Result<Json, String> {
    let mut missing = None;
    each_input(source, Need::Any, &mut |input, _| {
        if !inputs.contains_key(input) {
            missing.get_or_insert_with(|| input.to_owned());
        }
    });
    if let Some(input) = missing {
        return Err(input);
    }
    let column = |name: &str| inputs.get(name).map_or(name, String::as_str).into();
    Ok(match source {
        Json::String(name) => column(name),
        Json::Object(map) => {
            let renamed = |pair: &Json| {
                let names = pair.as_array().into_iter().flatten().filter_map(Json::as_str);
                Json::Array(names.map(column).collect())
            };
            Json::Object(map.iter().map(|(form, pair)| (form.clone(), renamed(pair))).collect())
        }
        other => other.clone(),
    })
}

/// What a document may still refer to.
pub(super) struct Known<'a> {
    /// Input → column.
    pub inputs: &'a BTreeMap<String, String>,
    pub signals: &'a Map<String, Json>,
    /// Signals whose scale is in the data's units, not the template's.
    pub fitted: &'a BTreeSet<String>,
    pub categories: &'a BTreeSet<&'a str>,
}

impl Known<'_> {
    /// The missing part that a condition refers to, as a reason.
    fn missing(&self, condition: &Json) -> Option<String> {
        let mut reason = None;
        each_condition(condition, &mut |test| {
            let found = match (test.get("input"), test["subscore"].as_str(), test["category"].as_str()) {
                (Some(source), _, _) => renamed(source, self.inputs).err().map(|input| format!("reads {input}")),
                (_, Some(signal), _) if !self.signals.contains_key(signal) => Some(format!("looks at signal {signal}")),
                (_, _, Some(category)) if !self.categories.contains(category) => {
                    Some(format!("looks at category {category}"))
                }
                _ => None,
            };
            if reason.is_none() {
                reason = found;
            }
        });
        reason
    }

    fn renamed_condition(&self, condition: &Json) -> Json {
        let Some(map) = condition.as_object() else { return condition.clone() };
        let renamed = |(key, value): (&String, &Json)| {
            let value = match (key.as_str(), value) {
                ("all" | "any", Json::Array(list)) => list.iter().map(|inner| self.renamed_condition(inner)).collect(),
                ("not", inner) => self.renamed_condition(inner),
                ("input", source) => renamed(source, self.inputs).unwrap_or_else(|_| source.clone()),
                _ => value.clone(),
            };
            (key.clone(), value)
        };
        Json::Object(map.iter().map(renamed).collect())
    }

    /// Keeps the rules or segments whose conditions can be read; `dropped` gets the others with the reason.
    pub fn prune_list(&self, list: &Json, dropped: &mut Reasons) -> Vec<Json> {
        let mut kept = Vec::new();
        for item in list.as_array().into_iter().flatten() {
            match self.missing(&item["when"]) {
                Some(reason) => {
                    dropped.insert(
                        item["name"].as_str().unwrap_or_default().to_owned(),
                        format!("{reason}, which is missing"),
                    );
                }
                None => {
                    let mut item = item.clone();
                    item["when"] = self.renamed_condition(&item["when"]);
                    kept.push(item);
                }
            }
        }
        kept
    }

    /// A segment's patch without missing parts, and without scales in the template's units.
    pub fn prune_patch(&self, patch: &Json) -> Json {
        let mut patch = patch.as_object().cloned().unwrap_or_default();
        if let Some(Json::Object(signals)) = patch.get_mut("signals") {
            signals.retain(|name, _| self.signals.contains_key(name));
            for (_, changes) in signals.iter_mut().filter(|(name, _)| self.fitted.contains(*name)) {
                if let Some(changes) = changes.as_object_mut() {
                    changes.retain(|key, _| key == "weight" || key == "missing");
                }
            }
            signals.retain(|_, changes| changes.as_object().is_none_or(|changes| !changes.is_empty()));
        }
        if let Some(Json::Object(categories)) = patch.get_mut("categories") {
            categories.retain(|name, _| self.categories.contains(name.as_str()));
        }
        if let Some(rules) = patch.get_mut("rules") {
            *rules = self.prune_list(rules, &mut Reasons::new()).into();
        }
        patch.retain(|_, part| part.as_object().is_none_or(|part| !part.is_empty()));
        Json::Object(patch)
    }
}
