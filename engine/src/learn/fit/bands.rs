//! Three bands for the scores of a fit, set on held-out accounts by the minimum quality that a backtest requires.

/// The event rate of the lowest band, as a multiple of the rate of all accounts.
const LOWEST_LIFT: f64 = 3.0;
const BELOW_HIGHEST: f64 = 2.0 / 3.0;
/// The smallest share of the accounts on either side of a bound.
const LEAST_PART: f64 = 0.02;
const LOWEST_PART: f64 = 0.1;
const MOST_HEALTHY: f64 = 0.8;

/// The lowest scores of the second and the third band, in whole points. The third band begins as low as possible with
/// two thirds of the events and a fifth of the accounts below it. The second band begins as high as possible while the
/// lowest band has three times the overall event rate and no more accounts than the second band, else at the worst
/// tenth of the accounts.
pub(super) fn bounds(scores: &[(f64, bool)]) -> Option<(f64, f64)> {
    let all = scores.len() as f64;
    let events = scores.iter().filter(|(_, event)| *event).count() as f64;
    let mut below = vec![(0.0, 0.0); 102];
    for (score, event) in scores {
        // A score lies below every whole bound above it.
        for count in below.iter_mut().skip(score.floor() as usize + 1) {
            count.0 += 1.0;
            count.1 += f64::from(u8::from(*event));
        }
    }
    let part = |bound: usize| below[bound].0 / all;
    let third =
        (2..=100).find(|bound| below[*bound].1 >= events * BELOW_HIGHEST && part(*bound) >= 1.0 - MOST_HEALTHY)?;
    let rate = |bound: usize| below[bound].1 / below[bound].0;
    // As many accounts in the second band as in the first, or it would tell nothing.
    let enough = |bound: &usize| part(*bound) >= LEAST_PART && part(*bound) <= part(third) / 2.0;
    let steep = (1..third).filter(enough).filter(|bound| rate(*bound) >= LOWEST_LIFT * events / all).max();
    let second = steep.or_else(|| (1..third).filter(enough).find(|bound| part(*bound) >= LOWEST_PART))?;
    (part(third) <= 1.0 - LEAST_PART).then_some((second as f64, third as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_meet_the_bar() {
        let scores: Vec<(f64, bool)> = (0..10_000).map(|i| (f64::from(i) / 100.0, i % 100 < 60 - i / 150)).collect();
        let (second, third) = bounds(&scores).expect("bounds");
        let share = |from: f64, to: f64| {
            let part: Vec<_> = scores.iter().filter(|s| s.0 >= from && s.0 < to).collect();
            (part.len(), part.iter().filter(|s| s.1).count())
        };
        let events = share(0.0, 101.0).1;
        assert!(second < third);
        assert!(share(0.0, third).1 * 3 >= events * 2);
    }
}
