//! Where a raw value comes from: a column or key, or an arithmetic of two.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::account::{Expected, Problem};
use crate::gather::{Derivation, Gathered, Recipe};
use crate::issue::{Issues, Path};
use crate::json::{Object, check_column, kind};
use crate::time::{DAY, parse_time};
use crate::value::Value;

/// A column or JSON key that the model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub name: String,
    /// A row without this column is an error: only optional signals may do without.
    pub required: bool,
    /// Needed for a score. The others, evidence, only explain it.
    pub scored: bool,
    /// No column of anybody's: what events of the long form come to, or an override. Its name begins with `@`.
    pub gathered: bool,
    /// Of events in the long form the last one's value is kept as it is.
    pub(crate) keeps_last: bool,
}

impl Input {
    /// The name as a person knows it.
    pub(crate) fn shown(&self) -> &str {
        self.name.trim_start_matches('@')
    }

    /// Whether an account gathered from events names it though it is missing: a value that might have been there.
    pub(crate) fn is_value_of_events(&self) -> bool {
        let of_its_own = [GATHERED, OVERRIDE].contains(&self.name.as_str());
        self.keeps_last || (self.gathered && !of_its_own && !self.name.starts_with("@@"))
    }
}

/// The inputs of all segments of a model, each once, and what is derived from events for them.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub list: Vec<Input>,
    pub derivations: Vec<Derivation>,
    by_name: HashMap<String, usize>,
}

/// The key of an account that was gathered from events.
pub(crate) const GATHERED: &str = "@";

/// The key of a person's override, for any model.
pub(crate) const OVERRIDE: &str = "@override";

impl Inputs {
    pub fn add(&mut self, name: &str, required: bool, scored: bool) -> usize {
        if let Some(&at) = self.by_name.get(name) {
            self.list[at].required |= required;
            self.list[at].scored |= scored;
            return at;
        }
        self.list.push(Input { name: name.to_owned(), required, scored, gathered: false, keeps_last: false });
        self.by_name.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn add_gathered(&mut self, name: &str) -> usize {
        let at = self.add(name, false, true);
        self.list[at].gathered = true;
        at
    }

    pub fn add_override(&mut self) -> usize {
        self.add_gathered(OVERRIDE)
    }

    /// Keeps the last value of what the source reads.
    pub fn keep_last(&mut self, inputs: impl IntoIterator<Item = usize>) {
        for input in inputs {
            self.list[input].keeps_last = true;
        }
    }

    /// The inputs that take the place of a source in accounts gathered from events. A segment's patch that changes what is
    /// derived gets inputs of its own.
    pub fn derive(&mut self, recipe: Recipe) -> Gathered {
        let flag = self.add_gathered(GATHERED);
        let same = self.derivations.iter().find(|known| known.recipe == recipe);
        if let Some(known) = same {
            return Gathered { flag, ..known.gathered };
        }
        let mut name = recipe.signal.clone();
        let mut number = 1;
        while self.by_name.contains_key(&format!("@{name}")) || format!("@{name}") == OVERRIDE {
            number += 1;
            name = format!("{}@{number}", recipe.signal);
        }
        let gathered = Gathered {
            flag,
            value: self.add_gathered(&format!("@{name}")),
            time: self.add_gathered(&format!("@@{name}")),
        };
        self.derivations.push(Derivation { recipe, gathered });
        gathered
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    AsOf,
    Input(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Source {
    Column(usize),
    /// a / b
    Ratio(usize, usize),
    /// now / before − 1
    Change(usize, usize),
    /// to − from, in days
    Days(Moment, Moment),
}

const AS_OF: &str = "@as_of";

impl Source {
    pub fn parse(json: &Json, path: Path, required: bool, inputs: &mut Inputs, issues: &mut Issues) -> Option<Source> {
        if let Json::String(name) = json {
            return check_column(name, &path, issues).then(|| Source::Column(inputs.add(name, required, true)));
        }
        const KINDS: [&str; 3] = ["ratio", "change", "days"];
        if !json.is_object() {
            issues.error(
                &path,
                format!("must be a column name, or an object with ratio, change or days, not {}", kind(json)),
            );
            return None;
        }
        let object = Object::open(json, path, &KINDS, issues)?;
        let given: Vec<_> = KINDS.into_iter().filter(|kind| object.has(kind)).collect();
        let [form] = given[..] else {
            issues.error(&path, "must have exactly one of ratio, change and days");
            return None;
        };
        let at = path.key(form);
        let Some([first, second]) = object.get(form).and_then(Json::as_array).map(Vec::as_slice) else {
            issues.error(&at, "must be an array of two column names");
            return None;
        };
        let mut side = |json: &Json, index: usize, issues: &mut Issues| -> Option<Moment> {
            let at = at.index(index);
            match json {
                Json::String(name) if name == AS_OF && form == "days" => Some(Moment::AsOf),
                Json::String(name) => {
                    check_column(name, &at, issues).then(|| Moment::Input(inputs.add(name, required, true)))
                }
                other => {
                    issues.error(&at, format!("must be a column name, not {}", kind(other)));
                    None
                }
            }
        };
        let (first, second) = (side(first, 0, issues), side(second, 1, issues));
        match (form, first?, second?) {
            ("ratio", Moment::Input(a), Moment::Input(b)) => Some(Source::Ratio(a, b)),
            ("change", Moment::Input(now), Moment::Input(before)) => Some(Source::Change(now, before)),
            (_, Moment::AsOf, Moment::AsOf) => {
                issues.error(&at, "needs a column on one side at least");
                None
            }
            (_, from, to) => Some(Source::Days(from, to)),
        }
    }

    /// The inputs that it is made of.
    pub fn inputs(&self) -> Vec<usize> {
        let moment = |moment: &Moment| match moment {
            Moment::AsOf => None,
            Moment::Input(at) => Some(*at),
        };
        match self {
            Source::Column(at) => vec![*at],
            Source::Ratio(a, b) | Source::Change(a, b) => vec![*a, *b],
            Source::Days(from, to) => moment(from).into_iter().chain(moment(to)).collect(),
        }
    }

    pub fn reads_time(&self) -> bool {
        matches!(self, Source::Days(Moment::AsOf, _) | Source::Days(_, Moment::AsOf))
    }

    /// The value, [`Value::Missing`] where a part is missing or a denominator is 0, or what is wrong with a part.
    #[inline]
    pub fn read<'a>(&self, values: &[Value<'a>], as_of: i64) -> Result<Value<'a>, Problem> {
        match *self {
            Source::Column(at) => Ok(values[at]),
            Source::Ratio(a, b) => quotient(values, a, b, |a, b| a / b),
            // Not now / before − 1: 95 of 100 is −0.05, which a step at −0.05 must hit.
            Source::Change(now, before) => quotient(values, now, before, |now, before| (now - before) / before),
            Source::Days(from, to) => {
                let (Some(from), Some(to)) = (moment(values, from, as_of)?, moment(values, to, as_of)?) else {
                    return Ok(Value::Missing);
                };
                Ok(Value::Number((to as f64 - from as f64) / DAY))
            }
        }
    }
}

fn quotient<'a>(
    values: &[Value<'a>],
    above: usize,
    below: usize,
    divide: impl Fn(f64, f64) -> f64,
) -> Result<Value<'a>, Problem> {
    match (number(values, above)?, number(values, below)?) {
        (Some(a), Some(b)) if b != 0.0 => Ok(Value::Number(divide(a, b))),
        _ => Ok(Value::Missing),
    }
}

fn number(values: &[Value], at: usize) -> Result<Option<f64>, Problem> {
    match values[at] {
        Value::Missing => Ok(None),
        Value::Number(number) if number.is_finite() => Ok(Some(number)),
        _ => Err(Problem { input: Some(at), expected: Expected::Number }),
    }
}

fn moment(values: &[Value], moment: Moment, as_of: i64) -> Result<Option<i64>, Problem> {
    match moment {
        Moment::AsOf => Ok(Some(as_of)),
        Moment::Input(at) => instant(values, at),
    }
}

/// A time input, as a timestamp or as an ISO 8601 text.
pub(crate) fn instant(values: &[Value], at: usize) -> Result<Option<i64>, Problem> {
    match values[at] {
        Value::Missing => Ok(None),
        Value::Time(micros) => Ok(Some(micros)),
        Value::Text(text) => parse_time(text).map(Some).ok_or(Problem { input: Some(at), expected: Expected::Time }),
        _ => Err(Problem { input: Some(at), expected: Expected::Time }),
    }
}
