//! Where a raw value comes from: one input, or arithmetic on two. Conditions and signals share it; nothing here knows
//! what a value is worth.

use super::problem::{Expected, Problem};
use crate::base::time::DAY;
use crate::base::value::Value;

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

impl Source {
    /// The problem of an unsuitable value: the column at fault, or none for a computed value.
    pub fn problem(&self, expected: Expected) -> Problem {
        match self {
            Source::Column(at) => Problem { input: Some(*at), expected },
            _ => Problem { input: None, expected },
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
    match (number_at(values, above)?, number_at(values, below)?) {
        (Some(a), Some(b)) if b != 0.0 => Ok(Value::Number(divide(a, b))),
        _ => Ok(Value::Missing),
    }
}

fn number_at(values: &[Value], at: usize) -> Result<Option<f64>, Problem> {
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
        value => value.as_time().map(Some).ok_or(Problem { input: Some(at), expected: Expected::Time }),
    }
}
