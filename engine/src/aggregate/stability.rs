//! The population stability index: do values have the same distribution today as in the baseline? Counts values of two
//! samples in bins whose width follows their size, so that the order of the rows has no effect and any range of values
//! needs little memory.

use super::counts::{self, FIRST_WORDS};
use super::refused::Refused;
use crate::base::number::shortest;

/// Sign, exponent and 7 bits of the mantissa make a bin: 128 to each doubling, no wider than 0.8 % of their values.
const KEPT_BITS: u32 = 1 + 11 + 7;
/// The smallest share in the index: a share of 0 would make the index infinite.
const LEAST_SHARE: f64 = 1e-4;
const DECILES: u64 = 10;

/// The head of a histogram; its table lies behind it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stability {
    bins: u64,
    /// Rows without a value, of the baseline and of today.
    missing: [u64; 2],
}

impl Stability {
    pub const FIRST_WORDS: usize = FIRST_WORDS;

    pub fn is_full(&self, table: &[u64]) -> bool {
        counts::is_full(table, self.bins)
    }

    pub fn fits(&self, table: &[u64]) -> bool {
        counts::is_table(table)
    }

    /// One row, with a finite value or none. The table is not full.
    pub fn add(&mut self, table: &mut [u64], value: Option<f64>, is_current: bool) -> Result<(), Refused> {
        let counts = if is_current { [0, 1] } else { [1, 0] };
        match value {
            None => {
                for (missing, more) in self.missing.iter_mut().zip(counts) {
                    *missing = missing.wrapping_add(more);
                }
            }
            Some(value) if value.is_finite() => {
                self.bins = self.bins.wrapping_add(counts::add(table, bin_of(value), counts).into());
            }
            Some(value) => {
                return Err(Refused {
                    message: format!("a compared value must be a finite number, not {}", shortest(value)),
                    hint: "Replace the value with NULL, which has a separate bin, or leave such rows out with a FILTER clause.",
                });
            }
        }
        Ok(())
    }

    /// The counts of another histogram, into a table that has room for both.
    pub fn merge(&mut self, table: &mut [u64], other: &Stability, others: &[u64]) -> Result<(), Refused> {
        for (missing, more) in self.missing.iter_mut().zip(other.missing) {
            *missing = missing.wrapping_add(more);
        }
        self.bins = self.bins.wrapping_add(counts::merge(table, others));
        Ok(())
    }

    pub fn is_consistent(&self, table: &[u64]) -> bool {
        self.missing.iter().all(|missing| *missing <= i64::MAX as u64)
            && self.fits(table)
            && counts::is_consistent(table, self.bins, (1 << KEPT_BITS) - 1)
    }

    /// Σ (current − baseline) · ln(current / baseline) over the shares of the deciles of the baseline and of what is
    /// missing; none unless both samples have rows.
    pub fn index(&self, table: &[u64]) -> Option<f64> {
        let pairs = counts::sorted(table);
        let total = |side: usize| pairs.iter().map(|pair| pair.counts[side]).sum::<u64>() + self.missing[side];
        let all = [total(0), total(1)];
        if all.contains(&0) {
            return None;
        }
        let valued = all[0] - self.missing[0];
        let mut groups: Vec<[u64; 2]> = Vec::new();
        if self.missing != [0, 0] {
            groups.push(self.missing);
        }
        // A decile ends with the bin that reaches it; a bin that reaches several makes one group of them.
        let (mut group, mut baseline, mut deciles) = ([0, 0], 0, 1);
        for pair in &pairs {
            group[0] += pair.counts[0];
            group[1] += pair.counts[1];
            baseline += pair.counts[0];
            if pair.counts[0] > 0
                && deciles < DECILES
                && u128::from(baseline) * 10 >= u128::from(valued) * u128::from(deciles)
            {
                groups.push(std::mem::take(&mut group));
                deciles = (u128::from(baseline) * 10 / u128::from(valued)) as u64 + 1;
            }
        }
        if group != [0, 0] {
            groups.push(group);
        }
        let share = |count: u64, all: u64| (count as f64 / all as f64).max(LEAST_SHARE);
        let terms = groups.iter().map(|group| {
            let (baseline, current) = (share(group[0], all[0]), share(group[1], all[1]));
            (current - baseline) * (current / baseline).ln()
        });
        Some(terms.sum())
    }
}

/// Bins in the order of values: the bits of a double are in the order of its magnitude.
fn bin_of(value: f64) -> u32 {
    // Adding 0 makes −0 and 0 one value.
    let bits = ((value + 0.0).to_bits() >> (u64::BITS - KEPT_BITS)) as u32;
    let sign = 1 << (KEPT_BITS - 1);
    if bits & sign == 0 { bits | sign } else { !bits & (sign - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_rise_with_values() {
        let values = [f64::MIN, -1e10, -100.0, -1.0, -1e-300, 0.0, 1e-300, 0.5, 1.0, 1.01, 2.0, 100.0, 101.0, f64::MAX];
        assert!(values.windows(2).all(|pair| bin_of(pair[0]) < bin_of(pair[1])));
        assert_eq!(bin_of(0.0), bin_of(-0.0));
        assert!(bin_of(f64::MAX) < 1 << KEPT_BITS);
    }
}
