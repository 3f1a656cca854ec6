//! The condition of a playbook: the language of rules, applied to a scored account. It reads the drivers that history
//! keeps, and knows two subjects more: the points that a driver takes, and by how much a category fell.
//!
//! A missing value and an incomparable value are unknown: a data error never raises an alert.

use std::cell::RefCell;

use serde_json::Value as Json;

use crate::base::rounding::round9;
use crate::base::value::Value;
use crate::document::issue::{Issue, Issues, Path};
use crate::model::compiled::Model;
use crate::model::condition::{Condition, KnownNames, Numbers, Scope};
use crate::signal::input::Input;
use crate::signal::inputs::Inputs;

/// What history keeps of an account beside its inputs; a condition reads it under these names.
const COLUMNS: [&str; 6] = ["name", "owner", "parent", "renewal", "segment", "value"];

/// Drivers that are no signal or rule of the model.
const OTHER_DRIVERS: [&str; 3] = ["limit", "override", "start"];

pub struct PlaybookCondition {
    condition: Condition,
    inputs: Vec<Input>,
    /// The names of signals, categories and drivers; the subjects of the condition are indexes into this list.
    names: Vec<String>,
}

/// The kept part of one driver of an account.
#[derive(Debug, Clone, Copy, Default)]
pub struct Judged<'a> {
    pub kind: &'a str,
    pub name: &'a str,
    pub category: Option<&'a str>,
    pub subscore: Option<f64>,
    pub weight: Option<f64>,
    pub contribution: Option<f64>,
    pub lost: Option<f64>,
}

impl PlaybookCondition {
    /// With a model, names that it lacks are errors. `kept` are the inputs that there are; without it, those of the model
    /// and the columns of a history.
    pub fn parse(json: &Json, model: Option<&Model>, kept: Option<&[&str]>) -> Result<PlaybookCondition, Vec<Issue>> {
        let mut issues = Issues::default();
        let mut inputs = Inputs::default();
        let names = RefCell::default();
        let known = model.map(|model| known_names(model, kept));
        let scope = Scope::Playbook { names: &names, known: known.as_ref() };
        let condition = Condition::parse(json, Path::Root, &scope, &mut inputs, &mut issues);
        match condition {
            Some(condition) if !issues.has_errors() => {
                Ok(PlaybookCondition { condition, inputs: inputs.list, names: names.into_inner() })
            }
            _ => Err(issues.into_list()),
        }
    }

    /// The keys to read, in the order of the values that [`Self::holds`] takes.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Whether the condition holds for an account, by its inputs, its score, and its drivers now and before.
    pub fn holds(
        &self,
        values: &[Value],
        as_of: i64,
        score: Option<f64>,
        now: &[Judged],
        before: Option<&[Judged]>,
    ) -> bool {
        let scored = PlaybookNumbers { names: &self.names, score, now, before };
        matches!(self.condition.holds(values, as_of, true, &scored), Ok(Some(true)))
    }
}

fn known_names<'a>(model: &'a Model, kept: Option<&[&'a str]>) -> KnownNames<'a> {
    let signals = || model.plans().flat_map(|plan| plan.signals.iter().map(|signal| signal.name.as_str()));
    let rules = model.plans().flat_map(|plan| plan.rules.iter().map(|rule| rule.name.as_str()));
    let categories = model.plans().flat_map(|plan| plan.categories.iter().map(|category| category.name.as_str()));
    let columns = || model.columns().map(|input| input.name.as_str());
    KnownNames {
        inputs: match kept {
            Some(kept) => sorted(kept.iter().copied()),
            None => sorted(columns().chain(COLUMNS)),
        },
        signals: sorted(signals()),
        categories: sorted(categories),
        drivers: sorted(signals().chain(rules).chain(OTHER_DRIVERS)),
    }
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

struct PlaybookNumbers<'a> {
    names: &'a [String],
    score: Option<f64>,
    now: &'a [Judged<'a>],
    before: Option<&'a [Judged<'a>]>,
}

impl Numbers for PlaybookNumbers<'_> {
    fn subscore(&self, signal: usize) -> Option<f64> {
        let is_it = |driver: &&Judged| driver.kind == "signal" && driver.name == self.names[signal];
        self.now.iter().find(is_it).and_then(|driver| driver.subscore)
    }

    fn category(&self, category: usize) -> Option<f64> {
        subscore_of(&self.names[category], self.now)
    }

    fn running(&self) -> f64 {
        self.score.unwrap_or(f64::NAN)
    }

    fn base(&self) -> f64 {
        let parts = self.now.iter().filter(|driver| !matches!(driver.kind, "rule" | "override"));
        match self.score {
            Some(_) => round9(parts.filter_map(|driver| driver.contribution).sum()),
            None => f64::NAN,
        }
    }

    fn driver(&self, name: usize) -> Option<f64> {
        self.now.iter().find(|driver| driver.name == self.names[name]).and_then(|driver| driver.lost).map(round9)
    }

    fn category_drop(&self, name: usize) -> Option<f64> {
        let category = &self.names[name];
        Some(round9(subscore_of(category, self.before?)? - subscore_of(category, self.now)?))
    }
}

/// A category's subscore: the mean over its signals that count, by their effective weights, which within a category
/// stand to each other as the weights do.
fn subscore_of(category: &str, drivers: &[Judged]) -> Option<f64> {
    let (mut weights, mut sum) = (0.0, 0.0);
    for driver in drivers.iter().filter(|driver| driver.category == Some(category)) {
        if let (Some(weight), Some(subscore)) = (driver.weight, driver.subscore) {
            weights += weight;
            sum += weight * subscore;
        }
    }
    (weights > 0.0).then(|| round9(sum / weights))
}
