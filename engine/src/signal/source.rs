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

/// One of the two values that a signal reads together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    Column(usize),
    Ratio(usize, usize),
    Change(usize, usize),
    Days(Moment, Moment),
}

impl Part {
    /// None for a source that is itself two values.
    pub fn of(source: Source) -> Option<Part> {
        match source {
            Source::Column(at) => Some(Part::Column(at)),
            Source::Ratio(a, b) => Some(Part::Ratio(a, b)),
            Source::Change(a, b) => Some(Part::Change(a, b)),
            Source::Days(a, b) => Some(Part::Days(a, b)),
            Source::Cross(..) => None,
        }
    }

    pub fn source(self) -> Source {
        match self {
            Part::Column(at) => Source::Column(at),
            Part::Ratio(a, b) => Source::Ratio(a, b),
            Part::Change(a, b) => Source::Change(a, b),
            Part::Days(a, b) => Source::Days(a, b),
        }
    }
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
    /// Two values side by side, for a table.
    Cross(Part, Part),
}

impl Source {
    /// The two values of a cross.
    pub fn parts(&self) -> Option<[Source; 2]> {
        match self {
            Source::Cross(a, b) => Some([a.source(), b.source()]),
            _ => None,
        }
    }

    /// The source itself, or its two parts.
    pub fn each(&self) -> impl Iterator<Item = Source> {
        let parts = self.parts();
        let own = if parts.is_none() { Some(*self) } else { None };
        own.into_iter().chain(parts.into_iter().flatten())
    }

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
            Source::Cross(a, b) => a.source().inputs().into_iter().chain(b.source().inputs()).collect(),
        }
    }

    pub fn reads_time(&self) -> bool {
        self.each().any(|source| matches!(source, Source::Days(Moment::AsOf, _) | Source::Days(_, Moment::AsOf)))
    }

    /// The value (of a cross, the first), [`Value::Missing`] where a part is missing or a denominator is 0, or what is wrong with a part.
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
            Source::Cross(first, _) => first.source().read(values, as_of),
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
