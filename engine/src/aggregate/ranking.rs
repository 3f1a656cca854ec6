//! How well scores rank accounts with an event below those without: AUC with DeLong's interval, KS, worst decile. Takes
//! counts by score; knows nothing of models.

use super::outcomes::{Bin, Outcomes};
use crate::base::normal::Z975;

/// The area under the ROC curve: the chance that an account with the event has the lower score, ties half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    pub value: f64,
    /// The variance of the estimate (DeLong, DeLong and Clarke-Pearson 1988).
    pub variance: f64,
}

impl Auc {
    /// The 95 % interval, within 0 and 1.
    pub fn interval(&self) -> (f64, f64) {
        let half = Z975 * self.variance.sqrt();
        ((self.value - half).max(0.0), (self.value + half).min(1.0))
    }
}

impl Outcomes {
    /// None unless there are accounts with the event and without.
    pub fn auc(&self, table: &[u64]) -> Option<Auc> {
        let (bins, good) = self.bins(table);
        let auc = auc(&bins)?;
        Some(if good { Auc { value: 1.0 - auc.value, ..auc } } else { auc })
    }
}

/// The AUC of bins in the order of their scores.
pub(crate) fn auc(bins: &[Bin]) -> Option<Auc> {
    let (all_with, all_without) = totals(bins);
    if all_with == 0.0 || all_without == 0.0 {
        return None;
    }
    // The placement of an account is the share of accounts of the other kind that are ranked correctly against it. The
    // mean of the placements of either kind is the AUC; DeLong's variance needs the variances of the placements.
    let (mut with_below, mut without_below) = (0.0, 0.0);
    let (mut sum, mut squares_with, mut squares_without) = (0.0, 0.0, 0.0);
    for bin in bins {
        let of_with = (all_without - without_below - bin.without / 2.0) / all_without;
        let of_without = (with_below + bin.with / 2.0) / all_with;
        sum += bin.with * of_with;
        squares_with += bin.with * of_with * of_with;
        squares_without += bin.without * of_without * of_without;
        with_below += bin.with;
        without_below += bin.without;
    }
    let value = sum / all_with;
    let spread =
        |squares: f64, n: f64| if n > 1.0 { ((squares - n * value * value) / (n - 1.0)).max(0.0) / n } else { 0.0 };
    // A single account of a kind has no sample variance: the largest possible variance of shares between 0 and 1 takes
    // its place.
    let lonely = if all_with == 1.0 || all_without == 1.0 { value * (1.0 - value) } else { 0.0 };
    Some(Auc { value, variance: spread(squares_with, all_with) + spread(squares_without, all_without) + lonely })
}

pub(crate) fn totals(bins: &[Bin]) -> (f64, f64) {
    bins.iter().fold((0.0, 0.0), |(with, without), bin| (with + bin.with, without + bin.without))
}

/// The largest gap between the distributions of the scores of both kinds (Kolmogorov and Smirnov), 0 to 1.
pub(crate) fn ks(bins: &[Bin]) -> Option<f64> {
    let (all_with, all_without) = totals(bins);
    if all_with == 0.0 || all_without == 0.0 {
        return None;
    }
    let (mut with, mut without, mut gap) = (0.0, 0.0, 0.0_f64);
    for bin in bins {
        with += bin.with;
        without += bin.without;
        gap = gap.max((with / all_with - without / all_without).abs());
    }
    Some(gap)
}

/// The events in the tenth of the accounts with the lowest scores. A bin that is only partly in the tenth counts in
/// proportion.
pub(crate) fn events_of_worst_tenth(bins: &[Bin]) -> f64 {
    let (all_with, all_without) = totals(bins);
    let mut room = (all_with + all_without) / 10.0;
    let mut events = 0.0;
    for bin in bins {
        let accounts = bin.with + bin.without;
        let taken = room.min(accounts);
        events += bin.with * taken / accounts;
        room -= taken;
        if room <= 0.0 {
            break;
        }
    }
    events
}
