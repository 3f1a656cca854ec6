//! Monotone effects: pooling adjacent violators (Ayer and others 1955), and a test whether the data contradict a
//! monotone effect.

use crate::base::normal::Z999;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Monotony {
    Rising,
    Falling,
    /// The data contradict a monotone effect.
    Free,
}

/// Replaces values by the nearest ones, in weighted squares, that follow the trend.
pub(super) fn pooled(values: &mut [f64], weights: &[f64], trend: Monotony) {
    let sign = match trend {
        Monotony::Free => return,
        Monotony::Rising => 1.0,
        Monotony::Falling => -1.0,
    };
    // Blocks of weight, mean, length.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(values.len());
    for (value, weight) in values.iter().zip(weights) {
        let mut block = (weight.max(1e-12), value * sign, 1);
        while let Some(before) = blocks.last()
            && before.1 >= block.1
        {
            let weight = before.0 + block.0;
            block = (weight, (before.0 * before.1 + block.0 * block.1) / weight, before.2 + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let pooled = blocks.into_iter().flat_map(|(_, mean, length)| std::iter::repeat_n(mean * sign, length));
    values.iter_mut().zip(pooled).for_each(|(value, pooled)| *value = pooled);
}

/// The trend of rates over ordered bins: the better of rising and falling, unless free rates are better by a
/// likelihood-ratio test at p = 0.001.
pub(super) fn trend_of(accounts: &[f64], events: &[f64]) -> Monotony {
    let kept: Vec<(f64, f64)> =
        accounts.iter().zip(events).filter(|(accounts, _)| **accounts > 0.0).map(|(n, e)| (*n, *e)).collect();
    let weights: Vec<f64> = kept.iter().map(|bin| bin.0).collect();
    let rates: Vec<f64> = kept.iter().map(|bin| bin.1 / bin.0).collect();
    let likelihood = |rates: &[f64]| -> f64 {
        kept.iter().zip(rates).map(|((n, e), rate)| xlogy(*e, *rate) + xlogy(n - e, 1.0 - rate)).sum()
    };
    let following = |trend: Monotony| {
        let mut pooled_rates = rates.clone();
        pooled(&mut pooled_rates, &weights, trend);
        (likelihood(&pooled_rates), pooled_rates)
    };
    let (rising, falling) = (following(Monotony::Rising), following(Monotony::Falling));
    let (trend, (best, pooled_rates)) =
        if rising.0 >= falling.0 { (Monotony::Rising, rising) } else { (Monotony::Falling, falling) };
    let blocks = 1 + pooled_rates.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let freedom = kept.len().saturating_sub(blocks);
    let ratio = 2.0 * (likelihood(&rates) - best);
    if freedom > 0 && ratio > chi_square_999(freedom as f64) { Monotony::Free } else { trend }
}

fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.max(1e-300).ln() }
}

/// The 99.9th percentile of chi-square, by the approximation of Wilson and Hilferty 1931: right to 4 %.
fn chi_square_999(freedom: f64) -> f64 {
    let part = 2.0 / (9.0 * freedom);
    freedom * (1.0 - part + Z999 * part.sqrt()).powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_fall_are_pooled() {
        let mut values = [1.0, 3.0, 2.0, 4.0, 0.0];
        pooled(&mut values, &[1.0, 1.0, 1.0, 1.0, 2.0], Monotony::Rising);
        assert_eq!(values, [1.0, 1.8, 1.8, 1.8, 1.8]);
        let mut falling = [5.0, 6.0, 1.0];
        pooled(&mut falling, &[1.0; 3], Monotony::Falling);
        assert_eq!(falling, [5.5, 5.5, 1.0]);
    }

    #[test]
    fn only_what_chance_does_not_explain_is_free() {
        let accounts = [1000.0; 5];
        assert_eq!(trend_of(&accounts, &[100.0, 120.0, 115.0, 150.0, 160.0]), Monotony::Rising);
        assert_eq!(trend_of(&accounts, &[300.0, 200.0, 100.0, 50.0, 52.0]), Monotony::Falling);
        assert_eq!(trend_of(&accounts, &[300.0, 100.0, 50.0, 100.0, 300.0]), Monotony::Free);
    }

    #[test]
    fn chi_square_is_near_the_tables() {
        for (freedom, value) in [(1.0, 10.828), (2.0, 13.816), (5.0, 20.515), (10.0, 29.588), (19.0, 43.820)] {
            assert!((chi_square_999(freedom) / value - 1.0).abs() < 0.04);
        }
    }
}
