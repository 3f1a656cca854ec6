//! The origin of a model and its validation, read from the `meta` of its document. `meta` is free-form: an invalid part
//! counts as absent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Origin {
    pub description: Option<String>,
    pub draft: Option<DraftOrigin>,
    pub fit: Option<FitOrigin>,
    /// Values of a column that are known to belong to no segment.
    known_values: BTreeMap<String, BTreeSet<String>>,
}

/// The relation that a model was first drafted from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DraftOrigin {
    pub relation: String,
    /// What was read of it, as in "all 7,043 rows".
    pub read: Option<String>,
}

/// How well the model separated accounts with the event from those without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FitOrigin {
    pub auc: f64,
    pub auc_low: f64,
    pub auc_high: f64,
    pub accounts: u64,
    pub events: u64,
}

impl Origin {
    pub fn read(document: &Json) -> Origin {
        let meta = &document["meta"];
        Origin {
            description: meta["description"].as_str().map(str::to_owned),
            draft: DraftOrigin::read(&meta["draft"]),
            fit: FitOrigin::read(&meta["fit"]),
            known_values: known_values(&meta["known_values"]),
        }
    }

    pub fn is_known_value(&self, column: &str, value: &str) -> bool {
        self.known_values.get(column).is_some_and(|values| values.contains(value))
    }
}

fn known_values(json: &Json) -> BTreeMap<String, BTreeSet<String>> {
    let texts =
        |list: &Json| list.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
    json.as_object().into_iter().flatten().map(|(column, list)| (column.clone(), texts(list))).collect()
}

impl DraftOrigin {
    fn read(json: &Json) -> Option<DraftOrigin> {
        let relation = json["relation"].as_str()?.to_owned();
        Some(DraftOrigin { relation, read: json["read"].as_str().map(str::to_owned) })
    }
}

impl FitOrigin {
    /// All five numbers, and only if they are plausible.
    fn read(json: &Json) -> Option<FitOrigin> {
        let share = |key: &str| json[key].as_f64().filter(|share| (0.0..=1.0).contains(share));
        let fit = FitOrigin {
            auc: share("auc")?,
            auc_low: share("auc_low")?,
            auc_high: share("auc_high")?,
            accounts: count(&json["n"])?,
            events: count(&json["events"])?,
        };
        (fit.auc_low <= fit.auc && fit.auc <= fit.auc_high && fit.events <= fit.accounts).then_some(fit)
    }
}

/// A count, however it is written: 5 or 5.0.
fn count(json: &Json) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let number = json.as_f64()?;
    (number.fract() == 0.0 && (0.0..=MOST).contains(&number)).then_some(number as u64)
}
