//! The raw values of a candidate signal, ready to be binned for any part of the accounts.

/// The maximum number of bins of numbers.
pub(crate) const MOST_BINS: usize = 12;
/// The maximum number of bins for the selection of signals.
pub(crate) const FEW_BINS: usize = 8;
/// Texts with a value of their own in a map; the others share one.
const MOST_CATEGORIES: usize = 30;
/// A text of fewer accounts shares the bin of rare texts.
const FEWEST_OF_A_CATEGORY: u32 = 20;
/// The rank or code of a missing value.
const MISSING: u32 = u32::MAX;

#[derive(Debug, Clone)]
pub(crate) enum Feature {
    /// Dense ranks of the numbers; the numbers themselves, rising.
    Numeric { ranks: Vec<u32>, numbers: Vec<f64> },
    /// Numbers of texts.
    Category { codes: Vec<u32>, names: Vec<String> },
}

/// The bins of the values of some accounts. The last bin is for missing values; for texts, the bin before it is for
/// rare texts.
#[derive(Debug, Clone)]
pub(crate) struct Bins {
    /// The bin of each rank or code.
    of: Vec<u16>,
    /// The lowest rank in each bin of numbers; the codes of the bins of texts.
    pub first: Vec<u32>,
    /// The mean of the numbers in each bin of numbers.
    pub means: Vec<f64>,
    pub bins: usize,
    pub numeric: bool,
}

impl Feature {
    /// A feature of numbers, with NaN for missing values.
    pub fn of_numbers(values: &[f64]) -> Feature {
        let mut numbers: Vec<f64> = values.iter().copied().filter(|number| !number.is_nan()).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.dedup();
        let rank = |value: &f64| {
            if value.is_nan() { MISSING } else { numbers.partition_point(|number| number < value) as u32 }
        };
        let ranks = values.iter().map(rank).collect();
        Feature::Numeric { ranks, numbers }
    }

    pub fn codes(&self) -> &[u32] {
        match self {
            Feature::Numeric { ranks, .. } => ranks,
            Feature::Category { codes, .. } => codes,
        }
    }

    fn kinds(&self) -> usize {
        match self {
            Feature::Numeric { numbers, .. } => numbers.len(),
            Feature::Category { names, .. } => names.len(),
        }
    }

    /// Bins of about equal numbers of these accounts, or one for each frequent text. Other accounts have no effect.
    pub fn bins(&self, accounts: &[u32], most: usize) -> Bins {
        let mut counts = vec![0u32; self.kinds()];
        for account in accounts {
            if let Some(count) = counts.get_mut(self.codes()[*account as usize] as usize) {
                *count += 1;
            }
        }
        match self {
            Feature::Numeric { numbers, .. } => Bins::of_ranks(&counts, numbers, most),
            Feature::Category { .. } => Bins::of_codes(&counts),
        }
    }
}

impl Bins {
    fn of_ranks(counts: &[u32], numbers: &[f64], most: usize) -> Bins {
        let different = counts.iter().filter(|count| **count > 0).count();
        let all: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        let (mut of, mut first) = (Vec::with_capacity(counts.len()), Vec::new());
        let mut means: Vec<f64> = Vec::new();
        let mut in_bin = 0u64;
        for (rank, count) in counts.iter().enumerate() {
            let count = u64::from(*count);
            // A bin ends where it has reached its share of all; few different values have a bin each.
            let full = if different <= most { in_bin > 0 } else { in_bin * most as u64 >= all };
            if count > 0 && full && first.len() < most || first.is_empty() {
                first.push(rank as u32);
                means.push(numbers[rank]);
                in_bin = 0;
            }
            in_bin += count;
            if let Some(mean) = means.last_mut().filter(|_| count > 0) {
                *mean += (numbers[rank] - *mean) * (count as f64 / in_bin as f64);
            }
            of.push(first.len() as u16 - 1);
        }
        let bins = first.len().max(1) + 1;
        Bins { of, first, means, bins, numeric: true }
    }

    fn of_codes(counts: &[u32]) -> Bins {
        let mut order: Vec<usize> = (0..counts.len()).filter(|code| counts[*code] >= FEWEST_OF_A_CATEGORY).collect();
        order.sort_by_key(|code| (std::cmp::Reverse(counts[*code]), *code));
        order.truncate(MOST_CATEGORIES);
        let rare = order.len() as u16;
        let mut of = vec![rare; counts.len()];
        order.iter().enumerate().for_each(|(bin, code)| of[*code] = bin as u16);
        let first: Vec<u32> = order.into_iter().map(|code| code as u32).collect();
        Bins { of, bins: first.len() + 2, first, means: Vec::new(), numeric: false }
    }

    pub fn bin(&self, code: u32) -> u16 {
        self.of.get(code as usize).copied().unwrap_or(self.missing() as u16)
    }

    pub fn missing(&self) -> usize {
        self.bins - 1
    }

    /// The number of bins that have an order, or a text of their own.
    pub fn known(&self) -> usize {
        self.bins - if self.numeric { 1 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_about_the_same_number_and_ties_stay_together() {
        let values: Vec<f64> = (0..1000).map(|i| if i < 400 { 0.0 } else { f64::from(i) }).collect();
        let feature = Feature::of_numbers(&values);
        let accounts: Vec<u32> = (0..1000).collect();
        let bins = feature.bins(&accounts, 10);
        let mut counts = vec![0; bins.bins];
        feature.codes().iter().for_each(|code| counts[bins.bin(*code) as usize] += 1);
        assert_eq!(counts[0], 400);
        assert!(counts[1..bins.known()].iter().all(|count| (80..=120).contains(count)), "{counts:?}");
        assert_eq!(bins.bin(MISSING) as usize, bins.missing());
        let few = Feature::of_numbers(&[3.0, 1.0, f64::NAN, 3.0, 2.0]).bins(&[0, 1, 2, 3], 20);
        assert_eq!((few.bins, few.first.as_slice()), (3, &[0, 2][..]));
    }
}
