//! Scores with the outcomes of accounts: how many had the event and how many had not, by score in steps of 0.01. All
//! figures of ranking quality follow from these counts, without sorting a row.

use super::counts::{self, FIRST_WORDS};
use super::refused::{Refused, refused_variation};
use crate::base::number::shortest;
use crate::base::rounding::round9;

/// Bins of 0.01 points, from 0 to 100.
const LARGEST_BIN: u32 = 10_000;

/// The head of a histogram; its table lies behind it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The number of bins that occur.
    bins: u64,
    /// Whether the event is a good one: 0 before the first row, 1 no, 2 yes.
    good: u64,
}

/// How often one score was seen without and with the event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bin {
    pub score: f64,
    pub without: f64,
    pub with: f64,
}

impl Outcomes {
    /// Words of the table of an empty histogram.
    pub const FIRST_WORDS: usize = FIRST_WORDS;

    #[inline(always)]
    pub fn is_full(&self, table: &[u64]) -> bool {
        counts::is_full(table, self.bins)
    }

    /// Whether the table has a form that a histogram's can have.
    #[inline(always)]
    pub fn fits(&self, table: &[u64]) -> bool {
        counts::is_table(table)
    }

    /// One account. The table is not full. `bounds` has the lowest scores of the bands: a score is never counted in
    /// another band than its own.
    #[inline(always)]
    pub fn add(
        &mut self,
        table: &mut [u64],
        score: f64,
        event: bool,
        event_is_good: bool,
        bounds: &[f64],
    ) -> Result<(), Refused> {
        if !(0.0..=100.0).contains(&score) {
            return Err(refused_score(score));
        }
        self.set_good(1 + u64::from(event_is_good))?;
        let bin = bin_of(round9(score), bounds);
        let new = counts::add(table, bin, if event { [0, 1] } else { [1, 0] });
        self.bins = self.bins.wrapping_add(new.into());
        Ok(())
    }

    #[inline(always)]
    fn set_good(&mut self, good: u64) -> Result<(), Refused> {
        if self.good == good {
            return Ok(());
        }
        if self.good != 0 {
            return Err(refused_variation("event_is_good, as 0 or 1,", self.good as f64 - 1.0, good as f64 - 1.0));
        }
        self.good = good;
        Ok(())
    }

    /// The counts of another histogram, into a table that has room for both.
    pub fn merge(&mut self, table: &mut [u64], other: &Outcomes, others: &[u64]) -> Result<(), Refused> {
        if other.good != 0 {
            self.set_good(other.good)?;
        }
        self.bins = self.bins.wrapping_add(counts::merge(table, others));
        Ok(())
    }

    pub fn is_consistent(&self, table: &[u64]) -> bool {
        self.good <= 2 && self.fits(table) && counts::is_consistent(table, self.bins, LARGEST_BIN)
    }

    /// The bins in the order of their scores, and whether the event is a good one.
    pub(crate) fn bins(&self, table: &[u64]) -> (Vec<Bin>, bool) {
        let bin = |pair: counts::Pair| Bin {
            score: f64::from(pair.key) / 100.0,
            without: pair.counts[0] as f64,
            with: pair.counts[1] as f64,
        };
        (counts::sorted(table).into_iter().map(bin).collect(), self.good == 2)
    }
}

/// The nearest hundredth that lies in the band of a score.
#[inline(always)]
fn bin_of(score: f64, bounds: &[f64]) -> u32 {
    let nearest = (score * 100.0 + 0.5) as u32;
    let shown = f64::from(nearest) / 100.0;
    if bounds.iter().any(|&bound| score < bound && bound <= shown) {
        nearest - 1
    } else if bounds.iter().any(|&bound| shown < bound && bound <= score) {
        nearest + 1
    } else {
        nearest
    }
}

/// Counts by score.
pub(crate) fn bins_of(mut scores: Vec<(f64, bool)>) -> Vec<Bin> {
    scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut bins: Vec<Bin> = Vec::new();
    for (score, event) in scores {
        if bins.last().is_none_or(|bin| bin.score != score) {
            bins.push(Bin { score, without: 0.0, with: 0.0 });
        }
        if let Some(bin) = bins.last_mut() {
            *(if event { &mut bin.with } else { &mut bin.without }) += 1.0;
        }
    }
    bins
}

#[cold]
fn refused_score(score: f64) -> Refused {
    Refused {
        message: format!("a score must be a number between 0 and 100, not {}", shortest(score)),
        hint: "Scale another measure to 0 to 100 first, or leave rows out with a FILTER clause.",
    }
}
