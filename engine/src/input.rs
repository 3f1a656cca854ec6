//! Where a raw value comes from: a column or key, or an arithmetic of two.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::account::{Expected, Problem};
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
}

/// The inputs of all segments of a model, each once.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    pub list: Vec<Input>,
    by_name: HashMap<String, usize>,
}

impl Inputs {
    pub fn add(&mut self, name: &str, required: bool, scored: bool) -> usize {
        if let Some(&at) = self.by_name.get(name) {
            self.list[at].required |= required;
            self.list[at].scored |= scored;
            return at;
        }
        self.list.push(Input { name: name.to_owned(), required, scored });
        self.by_name.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
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
