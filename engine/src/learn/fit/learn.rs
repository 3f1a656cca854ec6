//! Learning from some of the accounts: everything that is fitted is fitted here, from these accounts alone.

use super::joint::{Design, Effects};
use super::monotone::{Monotony, trend_of};
use super::select;
use super::shape::{LearntScale, shape};
use crate::base::random::Xorshift;
use crate::learn::feature::{Bins, FEW_BINS, Feature, MOST_BINS};

/// The ridge penalties that are tried, from strong to weak: each equals the information of this many accounts with an
/// effect of 0.
const RIDGES: [f64; 3] = [30.0, 10.0, 3.0];
const FOLDS: usize = 5;
/// The maximum number of accounts for the selection of signals: more accounts do not improve the selection.
const MOST_TO_SELECT: usize = 50_000;

/// What was learnt of one signal.
pub(super) struct Learnt {
    pub feature: usize,
    pub shape: LearntScale,
}

pub(super) struct Lesson {
    pub signals: Vec<Learnt>,
    pub ridge: f64,
}

/// The random fold of each of these accounts, stratified by outcome.
pub(super) fn folds(accounts: &[u32], events: &[bool]) -> Vec<u8> {
    let order = shuffled((0..accounts.len()).collect(), Xorshift::new(0x2545_F491_4F6C_DD1D));
    let mut next = [0, FOLDS as u8 / 2];
    let mut folds = vec![0; accounts.len()];
    for at in order {
        let next = &mut next[usize::from(events[accounts[at] as usize])];
        folds[at] = *next % FOLDS as u8;
        *next = (*next + 1) % FOLDS as u8;
    }
    folds
}

/// Shuffles (Fisher and Yates) with a fixed seed.
fn shuffled<T>(mut list: Vec<T>, seed: Xorshift) -> Vec<T> {
    let mut random = seed;
    for at in (1..list.len()).rev() {
        // The upper half of the product: a number from 0 to `at`.
        let other = ((u128::from(random.draw()) * (at as u128 + 1)) >> 64) as usize;
        list.swap(at, other);
    }
    list
}

pub(super) const fn fold_count() -> usize {
    FOLDS
}

/// Binned accounts.
struct Binned {
    bins: Vec<Bins>,
    codes: Vec<Vec<u16>>,
    counts: Vec<usize>,
    ordered: Vec<usize>,
    trends: Vec<Monotony>,
    events: Vec<bool>,
}

impl Binned {
    fn of(
        features: &[&Feature],
        accounts: &[u32],
        events: &[bool],
        most: usize,
        interrupt: &mut dyn FnMut(),
    ) -> Binned {
        let events: Vec<bool> = accounts.iter().map(|account| events[*account as usize]).collect();
        let (mut bins, mut codes, mut trends) = (Vec::new(), Vec::new(), Vec::new());
        for feature in features {
            interrupt();
            let own = feature.bins(accounts, most);
            let own_codes = binned(feature, &own, accounts);
            trends.push(trend(&own, &own_codes, &events));
            codes.push(own_codes);
            bins.push(own);
        }
        Binned {
            counts: bins.iter().map(|bins| bins.bins).collect(),
            ordered: bins.iter().map(|bins| if bins.numeric { bins.known() } else { 0 }).collect(),
            bins,
            codes,
            trends,
            events,
        }
    }

    fn design(&self) -> Design<'_> {
        Design {
            bins: &self.codes,
            counts: &self.counts,
            ordered: &self.ordered,
            trends: &self.trends,
            events: &self.events,
        }
    }
}

fn binned(feature: &Feature, bins: &Bins, accounts: &[u32]) -> Vec<u16> {
    accounts.iter().map(|account| bins.bin(feature.codes()[*account as usize])).collect()
}

fn trend(bins: &Bins, codes: &[u16], events: &[bool]) -> Monotony {
    if !bins.numeric {
        return Monotony::Free;
    }
    let (mut all, mut with) = (vec![0.0; bins.bins], vec![0.0; bins.bins]);
    for (code, event) in codes.iter().zip(events) {
        all[usize::from(*code)] += 1.0;
        with[usize::from(*code)] += f64::from(u8::from(*event));
    }
    trend_of(&all[..bins.known()], &with[..bins.known()])
}

/// Learns from these accounts. The result has no signals when none is significant.
pub(super) fn learn(features: &[Feature], accounts: &[u32], events: &[bool], interrupt: &mut dyn FnMut()) -> Lesson {
    let all: Vec<&Feature> = features.iter().collect();
    let (kept, ridge) = select_signals(&all, &few_enough(accounts, events), events, interrupt);
    let chosen: Vec<&Feature> = kept.iter().map(|at| all[*at]).collect();
    if chosen.is_empty() {
        return Lesson { signals: Vec::new(), ridge };
    }
    let binned = Binned::of(&chosen, accounts, events, MOST_BINS, interrupt);
    let Effects { effects, weights, .. } = binned.design().fit(ridge, None, interrupt);
    let shapes = kept.iter().zip(&chosen).enumerate().filter_map(|(at, (feature, chosen))| {
        let shape = shape(chosen, &binned.bins[at], &effects[at], &weights[at])?;
        Some(Learnt { feature: *feature, shape })
    });
    Lesson { signals: shapes.collect(), ridge }
}

/// At least half of the places are for accounts with the event, which is usually the rarer kind.
fn few_enough(accounts: &[u32], events: &[bool]) -> Vec<u32> {
    if accounts.len() <= MOST_TO_SELECT {
        return accounts.to_vec();
    }
    let order = shuffled(accounts.to_vec(), Xorshift::USUAL);
    let is_event = |account: &u32| events[*account as usize];
    let with = order.iter().filter(|account| is_event(account)).count();
    let room = (with * MOST_TO_SELECT / accounts.len()).max(with.min(MOST_TO_SELECT / 2));
    let part =
        |wanted: bool, room: usize| order.iter().copied().filter(move |account| is_event(account) == wanted).take(room);
    part(true, room).chain(part(false, MOST_TO_SELECT - room)).collect()
}

/// The signals that predict held-out accounts, and the ridge penalty with the best prediction.
fn select_signals(
    features: &[&Feature],
    accounts: &[u32],
    events: &[bool],
    interrupt: &mut dyn FnMut(),
) -> (Vec<usize>, f64) {
    let folds = folds(accounts, events);
    let n = accounts.len();
    let mut contributions = vec![vec![vec![0.0; n]; features.len()]; RIDGES.len()];
    let mut likelihood = [0.0; RIDGES.len()];
    for fold in 0..FOLDS as u8 {
        let of = |held_out: bool| -> Vec<usize> { (0..n).filter(|at| (folds[*at] == fold) == held_out).collect() };
        let train: Vec<u32> = of(false).into_iter().map(|at| accounts[at]).collect();
        let held_out = of(true);
        let binned_train = Binned::of(features, &train, events, FEW_BINS, interrupt);
        let held_accounts: Vec<u32> = held_out.iter().map(|at| accounts[*at]).collect();
        let codes: Vec<Vec<u16>> = features
            .iter()
            .zip(&binned_train.bins)
            .map(|(feature, bins)| binned(feature, bins, &held_accounts))
            .collect();
        let mut start: Option<Effects> = None;
        for (at, ridge) in RIDGES.iter().enumerate() {
            let fitted = binned_train.design().fit(*ridge, start.as_ref(), interrupt);
            for (place, account) in held_out.iter().enumerate() {
                let mut odds = fitted.level;
                for (signal, codes) in codes.iter().enumerate() {
                    let effect = fitted.effects[signal][usize::from(codes[place])];
                    contributions[at][signal][*account] = -effect;
                    odds += effect;
                }
                let sign = if events[held_accounts[place] as usize] { -1.0 } else { 1.0 };
                likelihood[at] -= (sign * odds).exp().ln_1p();
            }
            start = Some(fitted);
        }
    }
    let best = (0..RIDGES.len()).max_by(|a, b| likelihood[*a].total_cmp(&likelihood[*b])).unwrap_or(0);
    let outcomes: Vec<bool> = accounts.iter().map(|account| events[*account as usize]).collect();
    let weights = select::weights(&contributions[best], &outcomes, interrupt);
    ((0..features.len()).filter(|at| weights[*at] > 1e-6).collect(), RIDGES[best])
}
