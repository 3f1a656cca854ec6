//! The statistics of a sample of accounts, signal by signal: how much is missing or unreadable, how much of the scale
//! is used.

use std::collections::HashMap;

use super::sample::Sample;
use crate::base::time::{DAY, parse_time};
use crate::base::value::Value;
use crate::model::compiled::{Model, SegmentChoice};
use crate::model::plan::Plan;
use crate::signal::definition::{Measure, Signal};
use crate::signal::reading::Status;
use crate::signal::scale::Scale;

/// One signal over a sample. Counts are accounts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SignalStatistics {
    /// Accounts without a value of their own, including stale values.
    pub missing: usize,
    pub invalid: usize,
    /// Accounts whose subscore is the lowest or the highest that the scale can give.
    pub at_worst: usize,
    pub at_best: usize,
    /// The raw values that are numbers, ascending; times as days before as_of.
    pub numbers: Vec<f64>,
    /// What was wrong with the first unreadable value.
    pub problem: Option<String>,
}

impl SignalStatistics {
    /// The value below which this share of the numbers lies, by linear interpolation between order statistics
    /// (definition 7 of Hyndman and Fan 1996, as percentile_cont).
    pub fn quantile(&self, share: f64) -> Option<f64> {
        quantile(&self.numbers, share)
    }
}

/// The quantile of ascending numbers.
pub(crate) fn quantile(numbers: &[f64], share: f64) -> Option<f64> {
    let last = numbers.len().checked_sub(1)?;
    let position = share * last as f64;
    let (below, above) = (numbers[position.floor() as usize], numbers[position.ceil() as usize]);
    // Not below + (above − below): the difference of two doubles may be infinite.
    let part = position.fract();
    Some(if below == above { below } else { below * (1.0 - part) + above * part })
}

/// The statistics of the signals of the unpatched document, in its order, each account scored in its own segment.
pub(crate) fn signal_statistics(
    model: &Model,
    sample: &Sample,
    as_of: i64,
    interrupt: &mut dyn FnMut(),
) -> Vec<SignalStatistics> {
    let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| sample.position(&input.name)).collect();
    let base = model.base();
    let index: HashMap<&str, usize> =
        base.signals.iter().enumerate().map(|(at, signal)| (signal.name.as_str(), at)).collect();
    let mut statistics = vec![SignalStatistics::default(); base.signals.len()];
    let mut values = Vec::with_capacity(columns.len());
    for row in 0..sample.rows() {
        if row % 1024 == 0 {
            interrupt();
        }
        values.clear();
        values.extend(columns.iter().map(|column| column.map_or(Value::Missing, |column| sample.value(row, column))));
        let plan = plan_of(model, &values, as_of);
        for signal in &plan.signals {
            // A segment may add signals of its own; they have no line.
            if let Some(&at) = index.get(signal.name.as_str()) {
                statistics[at].add(signal, model, &values, as_of);
            }
        }
    }
    for signal in &mut statistics {
        interrupt();
        signal.numbers.sort_unstable_by(f64::total_cmp);
    }
    statistics
}

/// The plan of an account's segment. A condition that cannot be read is no reason to leave the account out here.
pub(crate) fn plan_of<'m>(model: &'m Model, values: &[Value], as_of: i64) -> &'m Plan {
    match model.choose(SegmentChoice::Auto, values, as_of) {
        Ok(Some(segment)) => &segment.plan,
        _ => model.base(),
    }
}

impl SignalStatistics {
    fn add(&mut self, signal: &Signal, model: &Model, values: &[Value], as_of: i64) {
        let raw = signal.raw(values, as_of);
        let age = |at: i64| (as_of as f64 - at as f64) / DAY;
        match raw.value {
            // Of two values side by side there is no median.
            _ if signal.source.parts().is_some() => {}
            Value::Number(number) if number.is_finite() => self.numbers.push(number),
            Value::Time(at) => self.numbers.push(age(at)),
            Value::Text(text) if signal.measures_age() => self.numbers.extend(parse_time(text).map(age)),
            _ => {}
        }
        let (status, problem, result, ends) = match &signal.measure {
            Measure::Weighted(weighted) => {
                let reckoned = signal.reckon(weighted, values, as_of);
                (reckoned.state.status, reckoned.problem, reckoned.state.result, weighted.scale.ends())
            }
            Measure::Points(_) => (raw.status, raw.problem, None, (0.0, 100.0)),
        };
        match status {
            Status::Ok => {}
            Status::Invalid => self.invalid += 1,
            Status::Default | Status::Missing | Status::Stale => self.missing += 1,
        }
        if self.problem.is_none() {
            self.problem = problem.map(|problem| problem.sentence(model.inputs(), values));
        }
        if let Some(subscore) = result {
            self.at_worst += usize::from(subscore <= ends.0);
            self.at_best += usize::from(subscore >= ends.1);
        }
    }
}

impl Scale {
    /// The lowest and the highest subscore that this scale can give.
    fn ends(&self) -> (f64, f64) {
        let of = |subscores: &mut dyn Iterator<Item = f64>| {
            subscores.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
        };
        match self {
            Scale::Steps(points) | Scale::Curve(points) => of(&mut points.iter().map(|point| point.1)),
            Scale::Map(map) => of(&mut map.subscores()),
            Scale::Table(table) => of(&mut table.subscores.iter().copied()),
            Scale::Linear { .. } | Scale::Boolean(_) | Scale::Recency { .. } => (0.0, 100.0),
        }
    }
}
