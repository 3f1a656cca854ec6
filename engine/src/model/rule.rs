//! Rules: changes of a score after the weighing, each with its reason.

use serde_json::Value as Json;

use super::condition::{Condition, Scope};
use crate::base::number::shortest;
use crate::base::quoted::Quoted;
use crate::document::issue::{Issues, Path};
use crate::document::json::Object;
use crate::signal::inputs::Inputs;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub name: String,
    pub label: String,
    pub reason: Option<String>,
    pub when: Condition,
    pub action: Action,
    /// The action in words, as in "cap 39".
    pub effect: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Action {
    /// Only lowers.
    Cap(f64),
    /// Only raises.
    Floor(f64),
    Set(f64),
    Adjust(f64),
}

const ACTIONS: [&str; 4] = ["cap", "floor", "set", "adjust"];

impl Action {
    pub fn apply(self, score: f64) -> f64 {
        match self {
            Action::Cap(limit) => score.min(limit),
            Action::Floor(limit) => score.max(limit),
            Action::Set(to) => to,
            Action::Adjust(by) => (score + by).clamp(0.0, 100.0),
        }
    }
}

impl Rule {
    fn parse(json: &Json, path: Path, scope: &Scope, inputs: &mut Inputs, issues: &mut Issues) -> Option<Rule> {
        let known: Vec<&str> = ["name", "label", "when", "reason"].into_iter().chain(ACTIONS).collect();
        let object = Object::open(json, path, &known, issues)?;
        let name = object.name(issues);
        let when = match object.get("when") {
            Some(when) => Condition::parse(when, path.key("when"), scope, inputs, issues),
            None => {
                issues.error(&path, "a condition is required under when");
                None
            }
        };
        let given: Vec<_> = ACTIONS.into_iter().filter(|action| object.has(action)).collect();
        let action = match given[..] {
            ["adjust"] => object.number_in("adjust", -100.0, 100.0, issues).map(Action::Adjust),
            [key] => object.number_in(key, 0.0, 100.0, issues).map(match key {
                "cap" => Action::Cap,
                "floor" => Action::Floor,
                _ => Action::Set,
            }),
            _ => {
                issues.error(&path, "needs exactly one action: cap, floor, set or adjust");
                None
            }
        };
        let label = object.owned_text("label", issues);
        let reason = object.owned_text("reason", issues);
        let (name, action) = (name?, action?);
        let (verb, amount) = match action {
            Action::Cap(amount) => ("cap", amount),
            Action::Floor(amount) => ("floor", amount),
            Action::Set(amount) => ("set", amount),
            Action::Adjust(amount) => ("adjust", amount),
        };
        let effect = format!("{verb} {}", shortest(amount));
        Some(Rule { label: label.unwrap_or_else(|| name.clone()), name, reason, when: when?, action, effect })
    }

    pub fn parse_all(
        list: &[Json],
        path: Path,
        scope: &Scope,
        inputs: &mut Inputs,
        issues: &mut Issues,
        interrupt: &mut dyn FnMut(),
    ) -> Vec<Rule> {
        unique_names(list, &path, issues);
        let mut rules = Vec::with_capacity(list.len());
        for (index, json) in list.iter().enumerate() {
            interrupt();
            rules.extend(Rule::parse(json, path.index(index), scope, inputs, issues));
        }
        rules
    }
}

/// Names identify rules, bands and segments in results, so names must be unique.
pub(crate) fn unique_names(list: &[Json], path: &Path, issues: &mut Issues) {
    let mut seen = std::collections::HashSet::new();
    for (index, json) in list.iter().enumerate() {
        if let Some(name) = json.get("name").and_then(Json::as_str)
            && !seen.insert(name)
        {
            issues.error(&path.index(index).key("name"), format!("{name} occurs twice", name = Quoted(name)));
        }
    }
}
