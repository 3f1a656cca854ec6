//! The predictive power of each single signal: how well its subscores rank the accounts, and their information value.

use std::collections::BTreeMap;

use super::feature::Feature;
use super::rows::Rows;
use super::statistics::plan_of;
use crate::aggregate::outcomes::bins_of;
use crate::aggregate::ranking::{Auc, auc};
use crate::base::value::Value;
use crate::model::compiled::Model;
use crate::model::plan::{Formula, Plan};
use crate::signal::definition::{Measure, Signal};
use crate::signal::reading::Status;

/// The maximum number of groups of accounts.
const MOST_GROUPS: usize = 1000;
/// The number of bins of the subscores, as usual for scorecards.
const BINS: usize = 10;
/// Thresholds of an information value, as usual for scorecards.
const USELESS: f64 = 0.02;
const WEAK: f64 = 0.1;
const STRONG: f64 = 0.3;
const SUSPICIOUS: f64 = 0.5;

#[derive(Debug, Clone, PartialEq)]
pub struct SignalPower {
    /// The value of the grouping column; none without a grouping column, or for NULL.
    pub group: Option<String>,
    pub signal: String,
    pub accounts: u64,
    pub events: u64,
    /// The share of accounts without a readable value and without a default, 0 to 1.
    pub missing_share: f64,
    /// The AUC over the accounts with a subscore from a value; none unless both kinds occur.
    pub auc: Option<Auc>,
    pub information_value: Option<f64>,
}

impl SignalPower {
    /// Whether high subscores go with fewer events, as they should.
    pub fn direction(&self) -> Option<&'static str> {
        let auc = self.auc?;
        let (low, high) = auc.interval();
        Some(if low > 0.5 {
            "as scaled"
        } else if high < 0.5 {
            "reversed"
        } else {
            "none"
        })
    }

    pub fn verdict(&self) -> &'static str {
        match self.information_value {
            None => "unknown",
            Some(value) if value > SUSPICIOUS => "suspicious",
            Some(value) if value >= STRONG => "strong",
            Some(value) if value >= WEAK => "medium",
            Some(value) if value >= USELESS => "weak",
            Some(_) => "useless",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyGroups {
    pub most: usize,
}

/// The power of each signal, in the order of names, for each value of the grouping column if one is given.
pub fn signal_power(
    model: &Model,
    rows: &Rows,
    by: Option<usize>,
    as_of: i64,
    interrupt: &mut dyn FnMut(),
) -> Result<Vec<SignalPower>, TooManyGroups> {
    let columns: Vec<Option<usize>> = model.inputs().iter().map(|input| rows.position(&input.name)).collect();
    let signals = &model.base().signals;
    let mut groups: BTreeMap<Option<String>, Vec<u32>> = BTreeMap::new();
    // NaN where there is no value.
    let mut subscores = vec![Vec::with_capacity(rows.len()); signals.len()];
    for row in 0..rows.len() {
        if row % 1024 == 0 {
            interrupt();
        }
        let values: Vec<Value> =
            columns.iter().map(|column| column.map_or(Value::Missing, |column| rows.value(row, column))).collect();
        let plan = plan_of(model, &values, as_of);
        for (signal, subscores) in signals.iter().zip(&mut subscores) {
            let signal = plan.find_signal(&signal.name).map(|at| &plan.signals[at]);
            subscores.push(signal.map_or(f64::NAN, |signal| subscore(signal, plan, &values, as_of)));
        }
        let group = by.and_then(|column| match rows.value(row, column) {
            Value::Missing => None,
            value => Some(value.written()),
        });
        groups.entry(group).or_default().push(row as u32);
        if groups.len() > MOST_GROUPS {
            return Err(TooManyGroups { most: MOST_GROUPS });
        }
    }
    let mut found = Vec::new();
    let features: Vec<Feature> = subscores.iter().map(|subscores| Feature::of_numbers(subscores)).collect();
    for (group, accounts) in &groups {
        for (at, signal) in signals.iter().enumerate() {
            interrupt();
            found.push(power(group, &signal.name, &subscores[at], &features[at], accounts, rows.events()));
        }
    }
    Ok(found)
}

fn subscore(signal: &Signal, plan: &Plan, values: &[Value], as_of: i64) -> f64 {
    let (status, result) = match (&signal.measure, &plan.formula) {
        (Measure::Weighted(weighted), _) => {
            let state = signal.reckon(weighted, values, as_of).state;
            (state.status, state.result)
        }
        (Measure::Points(award), Formula::Points(range)) => {
            let (earned, raw) = signal.award(award, range, values, as_of);
            (raw.status, Some(earned))
        }
        _ => (Status::Missing, None),
    };
    match status {
        Status::Ok | Status::Default => result.unwrap_or(f64::NAN),
        Status::Missing | Status::Stale | Status::Invalid => f64::NAN,
    }
}

fn power(
    group: &Option<String>,
    signal: &str,
    subscores: &[f64],
    feature: &Feature,
    accounts: &[u32],
    events: &[bool],
) -> SignalPower {
    let event = |account: &u32| events[*account as usize];
    let known = accounts.iter().map(|account| (subscores[*account as usize], event(account)));
    let known: Vec<(f64, bool)> = known.filter(|(subscore, _)| !subscore.is_nan()).collect();
    let all = accounts.len() as f64;
    let missing_share = 1.0 - known.len() as f64 / all;
    let with = accounts.iter().filter(|account| event(account)).count();
    SignalPower {
        group: group.clone(),
        signal: signal.to_owned(),
        accounts: accounts.len() as u64,
        events: with as u64,
        missing_share,
        auc: auc(&bins_of(known)),
        information_value: information_value(feature, accounts, events),
    }
}

/// Σ (share of those without − share of those with) · ln(the one by the other), over tenths of the subscores and those
/// without one; half an account is added to every count, or an empty bin would hold infinite information.
fn information_value(feature: &Feature, accounts: &[u32], events: &[bool]) -> Option<f64> {
    let bins = feature.bins(accounts, BINS);
    let mut counts = vec![[0.0; 2]; bins.bins];
    for account in accounts {
        let bin = usize::from(bins.bin(feature.codes()[*account as usize]));
        counts[bin][usize::from(events[*account as usize])] += 1.0;
    }
    counts.retain(|count| *count != [0.0, 0.0]);
    let total = |side: usize| counts.iter().map(|count| count[side]).sum::<f64>();
    if total(0) == 0.0 || total(1) == 0.0 {
        return None;
    }
    let all = [0, 1].map(|side| total(side) + counts.len() as f64 / 2.0);
    let terms = counts.iter().map(|count| {
        let [without, with] = [0, 1].map(|side| (count[side] + 0.5) / all[side]);
        (without - with) * (without / with).ln()
    });
    Some(terms.sum())
}
