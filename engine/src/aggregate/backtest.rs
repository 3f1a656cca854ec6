//! Backtest of scores against later events, with the minimum quality that a score needs before use. Nothing here scores
//! an account.

use super::outcomes::Outcomes;
use super::ranking::{Auc, auc, events_of_worst_tenth, ks, totals};
use crate::model::band::{Band, band_of, default_bands};

/// The minimum number of accounts with the event, and without the event.
pub(crate) const FEWEST: f64 = 30.0;
/// The required event rate of the lowest band, as a multiple of the rate of all accounts.
const LOWEST_BAND_LIFT: f64 = 3.0;
/// The smallest share of the events that must happen below the highest band.
const CAUGHT: f64 = 2.0 / 3.0;
/// The largest share of the accounts that may be in the highest band.
const MOST_HEALTHY: f64 = 0.8;

#[derive(Debug, Clone, PartialEq)]
pub struct BandRate {
    pub name: String,
    /// The lowest score of the band.
    pub from: f64,
    pub accounts: u64,
    pub events: u64,
}

impl BandRate {
    pub fn rate(&self) -> Option<f64> {
        (self.accounts > 0).then(|| self.events as f64 / self.accounts as f64)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub accounts: u64,
    pub events: u64,
    /// None unless accounts of both kinds exist; the same holds for the other figures that compare the kinds.
    pub auc: Option<Auc>,
    pub ks: Option<f64>,
    /// The event rate of the worst tenth, as a multiple of the rate of all accounts.
    pub worst_decile_lift: Option<f64>,
    /// The share of the events that the worst tenth holds.
    pub worst_decile_capture: Option<f64>,
    /// From the lowest.
    pub bands: Vec<BandRate>,
    pub verdict: String,
}

/// The bands of a document that names none, with the lowest score of each.
pub fn usual_bands() -> Vec<(String, f64)> {
    default_bands().into_iter().map(|band| (band.name, band.from)).collect()
}

impl Backtest {
    /// Judges bad events. `bands` has the lowest score of each band, in rising order from 0.
    pub fn of(outcomes: &Outcomes, table: &[u64], bands: &[(String, f64)]) -> Backtest {
        let (bins, _) = outcomes.bins(table);
        let (with, without) = totals(&bins);
        let accounts = with + without;
        let bands: Vec<Band> = bands
            .iter()
            .map(|(name, from)| Band { name: name.clone(), label: name.clone(), color: None, from: *from })
            .collect();
        let mut rates: Vec<BandRate> = bands
            .iter()
            .map(|band| BandRate { name: band.name.clone(), from: band.from, accounts: 0, events: 0 })
            .collect();
        for bin in &bins {
            if let Some((rank, _)) = band_of(&bands, bin.score) {
                rates[rank - 1].accounts += (bin.with + bin.without) as u64;
                rates[rank - 1].events += bin.with as u64;
            }
        }
        let auc = auc(&bins);
        let captured = auc.map(|_| events_of_worst_tenth(&bins) / with);
        let verdict = verdict(accounts, with, auc, &rates);
        Backtest {
            accounts: accounts as u64,
            events: with as u64,
            auc,
            ks: ks(&bins),
            worst_decile_lift: captured.map(|share| share * 10.0),
            worst_decile_capture: captured,
            bands: rates,
            verdict,
        }
    }

    pub fn base_rate(&self) -> Option<f64> {
        (self.accounts > 0).then(|| self.events as f64 / self.accounts as f64)
    }

    /// 2 · AUC − 1.
    pub fn gini(&self) -> Option<f64> {
        self.auc.map(|auc| 2.0 * auc.value - 1.0)
    }
}

fn verdict(accounts: f64, events: f64, auc: Option<Auc>, bands: &[BandRate]) -> String {
    let fewer = events.min(accounts - events);
    let (Some(auc), true) = (auc, fewer >= FEWEST) else {
        let kind = if events <= accounts - events { "with the event" } else { "without the event" };
        let are = if fewer == 1.0 { "account" } else { "accounts" };
        return format!("too few to judge: {fewer} {are} {kind}, at least {FEWEST} are needed");
    };
    let (low, high) = auc.interval();
    if low <= 0.5 {
        return if high < 0.5 {
            "fails: the scores rank accounts in the wrong order".into()
        } else {
            "fails: the scores rank accounts no better than chance".into()
        };
    }
    let (Some(lowest), Some(highest)) = (bands.first(), bands.last()) else {
        return "fails: there are no bands".into();
    };
    let base = events / accounts;
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    if base * LOWEST_BAND_LIFT > 1.0 {
        notes.push(format!(
            "{} of all accounts have the event, so no band can have three times that share",
            floored_percent(base)
        ));
    } else if let Some(rate) = lowest.rate() {
        if rate < base * LOWEST_BAND_LIFT {
            faults.push(format!(
                "{} has {:.1} times the events of all accounts, not {LOWEST_BAND_LIFT}",
                lowest.name,
                rate / base
            ));
        }
    } else {
        faults.push(format!("no account is {}", lowest.name));
    }
    let caught = 1.0 - highest.events as f64 / events;
    if caught < CAUGHT {
        faults.push(format!("{} of the events happen below {}, not two thirds", floored_percent(caught), highest.name));
    }
    let healthy = highest.accounts as f64 / accounts;
    if healthy > MOST_HEALTHY {
        faults.push(format!(
            "{} of the accounts are {}, not at most {}",
            floored_percent(healthy),
            highest.name,
            floored_percent(MOST_HEALTHY)
        ));
    }
    let head = if faults.is_empty() { "passes" } else { "fails" };
    faults.extend(notes);
    if faults.is_empty() { head.into() } else { format!("{head}: {}", faults.join("; ")) }
}

/// Rounded down: a share that misses the bar is not shown as one that meets it.
fn floored_percent(share: f64) -> String {
    format!("{} %", (share * 100.0 + 1e-9).floor())
}
