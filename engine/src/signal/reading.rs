//! What a signal reads of one account: its raw value, and the subscore or the points that follow. Nothing here weighs
//! signals against each other.

use super::definition::{Measure, Signal, Weighted};
use super::points::{Award, PointsRange};
use super::problem::{Expected, Problem};
use super::recipe::Gathered;
use super::scale::Scale;
use super::source::{Source, instant};
use super::table::Table;
use crate::base::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Ok,
    Default,
    Missing,
    Stale,
    Invalid,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Default => "default",
            Status::Missing => "missing",
            Status::Stale => "stale",
            Status::Invalid => "invalid",
        }
    }
}

/// A raw value and whether it is the account's own.
pub(crate) struct Raw<'a> {
    pub value: Value<'a>,
    pub status: Status,
    pub problem: Option<Problem>,
}

impl Raw<'_> {
    fn without(status: Status) -> Self {
        Raw { value: Value::Missing, status, problem: None }
    }

    pub fn invalid(problem: Problem) -> Self {
        Raw { value: Value::Missing, status: Status::Invalid, problem: Some(problem) }
    }
}

/// The status of one signal and its result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub status: Status,
    /// The subscore, none where the signal does not count. Under method `points` the points.
    pub result: Option<f64>,
}

/// A state, and what was wrong with the value behind it.
pub(crate) struct Reckoned {
    pub state: State,
    pub problem: Option<Problem>,
}

/// How many units there are, and their age in microseconds where it is known.
struct Amount {
    units: f64,
    age: Option<i64>,
}

impl Amount {
    fn ageless(units: f64) -> Amount {
        Amount { units, age: None }
    }
}

impl Signal {
    /// The account's own value: missing, too old, unreadable, or there.
    #[inline]
    pub(crate) fn raw<'a>(&self, values: &[Value<'a>], as_of: i64) -> Raw<'a> {
        let value = match self.read(values, as_of) {
            Ok(Value::Missing) => return Raw::without(Status::Missing),
            Ok(value) => value,
            Err(problem) => return Raw::invalid(problem),
        };
        if let Some(max_age) = self.max_age {
            match self.observed_at(values) {
                Ok(Some(at)) if as_of.saturating_sub(at) > max_age => {
                    return Raw::without(Status::Stale);
                }
                // An unknown age is no proof that the value is old.
                Ok(_) => {}
                Err(problem) => return Raw::invalid(problem),
            }
        }
        Raw { value, status: Status::Ok, problem: None }
    }

    /// What was derived from events, if the account was gathered from events.
    #[inline]
    fn gathered(&self, values: &[Value]) -> Option<Gathered> {
        self.gathered.filter(|gathered| values.get(gathered.flag) == Some(&Value::Bool(true)))
    }

    #[inline]
    fn read<'a>(&self, values: &[Value<'a>], as_of: i64) -> Result<Value<'a>, Problem> {
        match self.gathered(values) {
            Some(gathered) => Ok(values[gathered.value]),
            None => self.source.read(values, as_of),
        }
    }

    /// The two values of a cross, or what is wrong with one of them; none for any other source.
    fn crossed<'a>(&self, values: &[Value<'a>], as_of: i64) -> Option<Result<[Value<'a>; 2], Problem>> {
        let [first, second] = self.source.parts()?;
        let side = |part: Source, gathered: Option<Gathered>| match gathered {
            Some(gathered) if values.get(gathered.flag) == Some(&Value::Bool(true)) => Ok(values[gathered.value]),
            _ => part.read(values, as_of),
        };
        let pair = side(first, self.gathered).and_then(|a| Ok([a, side(second, self.gathered_second)?]));
        Some(pair)
    }

    /// The second value of a cross as the account gives it.
    pub(crate) fn given_second<'a>(&self, values: &[Value<'a>], as_of: i64) -> Option<Value<'a>> {
        let [_, part] = self.source.parts()?;
        Some(match self.gathered_second {
            Some(gathered) if values.get(gathered.flag) == Some(&Value::Bool(true)) => values[gathered.value],
            _ => {
                part.read(values, as_of).unwrap_or_else(|problem| problem.input.map_or(Value::Missing, |at| values[at]))
            }
        })
    }

    /// The places of the two values in a table, none where a value is missing.
    fn places(&self, table: &Table, values: &[Value], as_of: i64) -> Result<Option<[Option<usize>; 2]>, Problem> {
        let Some(pair) = self.crossed(values, as_of) else { return Ok(None) };
        let pair = pair?;
        let mut places = [None; 2];
        let mut missing = false;
        let gathered = [self.gathered, self.gathered_second];
        for (side, (value, axis)) in pair.iter().zip(table.axes()).enumerate() {
            if *value == Value::Missing {
                missing = true;
                continue;
            }
            places[side] = axis.place(value).map_err(|expected| {
                let derived = gathered[side].filter(|gathered| values.get(gathered.flag) == Some(&Value::Bool(true)));
                match (derived, self.source.parts()) {
                    (Some(gathered), _) => Problem { input: Some(gathered.value), expected },
                    (None, Some(parts)) => parts[side].problem(expected),
                    (None, None) => self.source.problem(expected),
                }
            })?;
        }
        Ok((!missing).then_some(places))
    }

    /// A cross: by its table, else by its missing policy.
    fn reckon_table(&self, table: &Table, missing: Option<f64>, values: &[Value], as_of: i64) -> Reckoned {
        let (status, result, problem) = match self.places(table, values, as_of) {
            Ok(Some([first, second])) => (Status::Ok, Some(table.subscore(first, second)), None),
            Ok(None) => (Status::Missing, missing, None),
            Err(problem) => (Status::Invalid, missing, Some(problem)),
        };
        Reckoned { state: State { status, result }, problem }
    }

    /// The places of the two values in a signal's table, where both are there and can be read.
    pub(crate) fn place_in_table(&self, values: &[Value], as_of: i64) -> Option<(&Table, [Option<usize>; 2])> {
        let Measure::Weighted(weighted) = &self.measure else { return None };
        let table = weighted.scale.as_table()?;
        Some((table, self.places(table, values, as_of).ok()??))
    }

    /// When the value was observed: the time of its last event, else what the column says.
    pub(crate) fn observed_at(&self, values: &[Value]) -> Result<Option<i64>, Problem> {
        let event = self.gathered(values).filter(|gathered| values[gathered.time] != Value::Missing);
        match event.map(|gathered| gathered.time).or(self.observed) {
            Some(input) => instant(values, input),
            None => Ok(None),
        }
    }

    /// Whether the value faded with age before it came here: where its events had times.
    pub(crate) fn has_faded(&self, values: &[Value]) -> bool {
        self.gathered(values).is_some_and(|gathered| values[gathered.time] != Value::Missing)
    }

    /// The subscore of a weighted signal: by its own value, else by its default, else by its missing policy.
    #[inline]
    pub(crate) fn reckon(&self, weighted: &Weighted, values: &[Value], as_of: i64) -> Reckoned {
        if let Scale::Table(table) = &weighted.scale {
            return self.reckon_table(table, weighted.missing, values, as_of);
        }
        let Raw { value, mut status, mut problem } = self.raw(values, as_of);
        if status == Status::Ok {
            match weighted.scale.subscore(&value, as_of) {
                Ok(subscore) => return Reckoned { state: State { status, result: Some(subscore) }, problem: None },
                Err(expected) => {
                    status = Status::Invalid;
                    problem = Some(self.unsuitable(expected, values));
                }
            }
        }
        let default =
            self.default.as_ref().and_then(|default| weighted.scale.subscore(&default.as_value(), as_of).ok());
        if default.is_some() && status == Status::Missing {
            status = Status::Default;
        }
        Reckoned { state: State { status, result: default.or(weighted.missing) }, problem }
    }

    /// The value as the account gives it, also one that is too old or that no scale can read.
    #[inline]
    pub(crate) fn given<'a>(&self, values: &[Value<'a>], as_of: i64) -> Value<'a> {
        match self.read(values, as_of) {
            Ok(value) => value,
            Err(problem) => problem.input.map_or(Value::Missing, |at| values[at]),
        }
    }

    pub(crate) fn unsuitable(&self, expected: Expected, values: &[Value]) -> Problem {
        match self.gathered(values) {
            Some(gathered) => Problem { input: Some(gathered.value), expected },
            None => self.source.problem(expected),
        }
    }

    /// The points of an account's signal, with what is known of its value.
    pub(crate) fn award<'a>(
        &self,
        award: &Award,
        range: &PointsRange,
        values: &[Value<'a>],
        as_of: i64,
    ) -> (f64, Raw<'a>) {
        let mut raw = self.raw(values, as_of);
        let mut own = None;
        if raw.status == Status::Ok {
            match self.amount(award, &raw.value, values, as_of) {
                Ok(amount) => own = Some(amount),
                Err(problem) => raw = Raw::invalid(problem),
            }
        }
        let amount =
            own.or_else(|| self.default.as_ref().and_then(|default| default.as_value().units()).map(Amount::ageless));
        if raw.status == Status::Missing && amount.is_some() {
            raw.status = Status::Default;
        }
        let amount = amount.unwrap_or(Amount::ageless(0.0));
        let decay = match (award.half_life, amount.age) {
            (Some(half_life), Some(age)) if !self.has_faded(values) => (-(age as f64) / half_life as f64).exp2(),
            _ => 1.0,
        };
        let too_long_ago = matches!((award.within, amount.age), (Some(within), Some(age)) if age > within);
        // The order of the factors matters: infinity times 0 would be NaN.
        let mut points = award.limit(amount.units * decay * award.points, range);
        if amount.units == 0.0 || too_long_ago {
            points += award.for_absence(range);
        }
        (points + 0.0, raw)
    }

    /// The amount that an account's own value stands for, with its age.
    fn amount(&self, award: &Award, value: &Value, values: &[Value], as_of: i64) -> Result<Amount, Problem> {
        let units = value.units().ok_or_else(|| self.unsuitable(Expected::Number, values))?;
        if !award.reads_time() {
            return Ok(Amount::ageless(units));
        }
        let age = self.observed_at(values)?.map(|at| as_of.saturating_sub(at).max(0));
        Ok(Amount { units, age })
    }
}
