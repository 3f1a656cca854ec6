//! Reading the parts of a document: each helper takes one key, and notes what is wrong instead of giving up.

use serde_json::{Map, Value};

use super::issue::{Issues, Path};
use crate::base::quoted::Quoted;
use crate::base::time::parse_duration;

/// Weights and points beyond these bounds would lose digits of a score in rounding.
pub(crate) const SMALLEST: f64 = 1e-9;
pub(crate) const LARGEST: f64 = 1e9;

/// Names are shown in tables, messages and band columns.
const LONGEST_NAME: usize = 200;

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// One JSON object of the document, with its place and the collected issues.
pub(crate) struct Object<'a> {
    map: &'a Map<String, Value>,
    pub path: Path<'a>,
}

impl<'a> Object<'a> {
    /// Refuses keys outside `known`; `meta` is free everywhere but must be an object.
    pub fn open(value: &'a Value, path: Path<'a>, known: &[&str], issues: &mut Issues) -> Option<Object<'a>> {
        let Value::Object(map) = value else {
            issues.error(&path, format!("must be an object, not {}", kind(value)));
            return None;
        };
        for (key, value) in map {
            if key == "meta" {
                if !value.is_object() {
                    issues.error(&path.key(key), format!("must be an object, not {}", kind(value)));
                }
            } else if !known.contains(&key.as_str()) {
                let near = issues.did_you_mean(key, known.iter().copied());
                issues.error(&path.key(key), format!("unknown key{near}"));
            }
        }
        Some(Object { map, path })
    }

    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key)
    }

    pub fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    fn typed<T>(&self, key: &str, what: &str, read: impl Fn(&'a Value) -> Option<T>, issues: &mut Issues) -> Option<T> {
        let value = self.get(key)?;
        let result = read(value);
        if result.is_none() {
            issues.error(&self.path.key(key), format!("must be {what}, not {}", kind(value)));
        }
        result
    }

    pub fn text(&self, key: &str, issues: &mut Issues) -> Option<&'a str> {
        self.typed(key, "a text", Value::as_str, issues)
    }

    pub fn owned_text(&self, key: &str, issues: &mut Issues) -> Option<String> {
        self.text(key, issues).map(str::to_owned)
    }

    pub fn boolean(&self, key: &str, issues: &mut Issues) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool, issues)
    }

    pub fn object(&self, key: &str, issues: &mut Issues) -> Option<&'a Map<String, Value>> {
        self.typed(key, "an object", Value::as_object, issues)
    }

    pub fn array(&self, key: &str, issues: &mut Issues) -> Option<&'a [Value]> {
        self.typed(key, "an array", |v| v.as_array().map(Vec::as_slice), issues)
    }

    pub fn number(&self, key: &str, issues: &mut Issues) -> Option<f64> {
        self.typed(key, "a number", as_number, issues)
    }

    pub fn number_in(&self, key: &str, low: f64, high: f64, issues: &mut Issues) -> Option<f64> {
        let number = self.number(key, issues)?;
        if (low..=high).contains(&number) {
            return Some(number);
        }
        issues.error(&self.path.key(key), format!("must be between {low} and {high}, not {number}"));
        None
    }

    pub fn weight(&self, key: &str, issues: &mut Issues) -> Option<f64> {
        let weight = self.number(key, issues)?;
        if weight == 0.0 || (SMALLEST..=LARGEST).contains(&weight) {
            return Some(weight);
        }
        issues
            .error(&self.path.key(key), format!("a weight is 0 or between {SMALLEST:e} and {LARGEST:e}, not {weight}"));
        None
    }

    pub fn duration(&self, key: &str, issues: &mut Issues) -> Option<i64> {
        let text = self.text(key, issues)?;
        parse_duration(text).map_err(|message| issues.error(&self.path.key(key), message)).ok()
    }

    /// A text from a closed list.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)], issues: &mut Issues) -> Option<T> {
        let text = self.text(key, issues)?;
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Some(*choice);
        }
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("{name}", name = Quoted(name))).collect();
        let near = issues.did_you_mean(text, choices.iter().map(|(name, _)| *name));
        issues.error(&self.path.key(key), format!("{text} is none of {}{near}", names.join(", "), text = Quoted(text)));
        None
    }

    /// A required `name`.
    pub fn name(&self, issues: &mut Issues) -> Option<String> {
        if !self.has("name") {
            issues.error(&self.path, "a name is required");
        }
        let name = self.text("name", issues)?;
        check_name(name, &self.path.key("name"), issues).then(|| name.to_owned())
    }
}

/// Checks the name of a column or key. Names that begin with `@`, as "@as_of", are reserved.
pub(crate) fn check_column(name: &str, path: &Path, issues: &mut Issues) -> bool {
    let reserved = name.starts_with('@');
    if reserved {
        issues.error(
            path,
            format!("{name} is not a column; \"@as_of\" stands only in {{\"days\": [from, to]}}", name = Quoted(name)),
        );
    }
    check_name(name, path, issues) && !reserved
}

pub(crate) fn check_name(name: &str, path: &Path, issues: &mut Issues) -> bool {
    let good = !name.is_empty() && name.len() <= LONGEST_NAME;
    if !good {
        issues.error(path, format!("a name has 1 to {LONGEST_NAME} bytes"));
    }
    good
}

/// Adding 0 turns −0 into 0, which would be shown as "-0".
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().map(|number| number + 0.0)
}

/// The entries in bytewise order of keys, whatever order the map keeps: sums must come out the same to the last bit.
pub(crate) fn sorted(map: &Map<String, Value>) -> Vec<(&str, &Value)> {
    let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    entries
}

/// `[x, y]`, both numbers.
pub(crate) fn pair(value: &Value, path: &Path, what: &str, issues: &mut Issues) -> Option<(f64, f64)> {
    if let Some([x, y]) = value.as_array().map(Vec::as_slice)
        && let (Some(x), Some(y)) = (as_number(x), as_number(y))
    {
        return Some((x, y));
    }
    issues.error(path, format!("must be {what}, two numbers"));
    None
}
