//! Sums over scores and their times, and the straight line of least squares that follows from them. The sums are whole
//! numbers and exact, so that the result is the same for any order of the rows, and a row can be taken out again.

use super::refused::{Refused, SCORE_LIMIT, check_score};
use crate::base::exact::Whole;
use crate::base::rounding::round9;
use crate::base::time::DAY;

/// A score is counted in units of 2⁻⁴⁸. Scores from 16 on are exact; the error of smaller scores is below the distance
/// between doubles near 100. SCORE_LIMIT still fits an i64.
pub(crate) const UNITS: f64 = (1_u64 << 48) as f64;
/// More rows than a table can have.
const MOST_ROWS: i64 = 1 << 50;

/// The straight line of least squares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The change of the fitted score between the first and the last time, in points, rounded to 9 decimals.
    pub change: f64,
    pub slope_per_day: f64,
    /// The standard error of the slope; none for two points, which any line fits.
    pub slope_stderr: Option<f64>,
}

/// Sums over points, exact for all times that an i64 can count: no origin has to be chosen, none can cost digits.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moments {
    pub count: i64,
    times: Whole<2>,
    scores: Whole<2>,
    squared_times: Whole<3>,
    products: Whole<3>,
    squared_scores: Whole<3>,
}

impl Moments {
    pub const NONE: Moments = Moments {
        count: 0,
        times: Whole::ZERO,
        scores: Whole::ZERO,
        squared_times: Whole::ZERO,
        products: Whole::ZERO,
        squared_scores: Whole::ZERO,
    };

    #[inline(always)]
    pub fn add(&mut self, score: i64, at: i64) {
        let (score, at) = (i128::from(score), i128::from(at));
        self.count = self.count.wrapping_add(1);
        self.times.add(at);
        self.scores.add(score);
        self.squared_times.add(at * at);
        self.products.add(at * score);
        self.squared_scores.add(score * score);
    }

    #[inline(always)]
    pub fn remove(&mut self, score: i64, at: i64) {
        let (score, at) = (i128::from(score), i128::from(at));
        self.count = self.count.wrapping_sub(1);
        self.times.add(-at);
        self.scores.add(-score);
        self.squared_times.add(-(at * at));
        self.products.add(-(at * score));
        self.squared_scores.add(-(score * score));
    }

    pub fn merge(&mut self, other: &Moments) {
        self.count = self.count.wrapping_add(other.count);
        self.times.merge(&other.times);
        self.scores.merge(&other.scores);
        self.squared_times.merge(&other.squared_times);
        self.products.merge(&other.products);
        self.squared_scores.merge(&other.squared_scores);
    }

    fn count_as_whole(&self) -> Whole<1> {
        Whole::from_i128(self.count.into())
    }

    /// n·Σt² − (Σt)²: n² times the variance of the times, in microseconds².
    fn spread_of_times(&self) -> Whole<4> {
        self.squared_times.times::<1, 4>(&self.count_as_whole()).minus(&self.times.times(&self.times))
    }

    /// The same of the scores, in units².
    fn spread_of_scores(&self) -> Whole<4> {
        self.squared_scores.times::<1, 4>(&self.count_as_whole()).minus(&self.scores.times(&self.scores))
    }

    fn covariance(&self) -> Whole<4> {
        self.products.times::<1, 4>(&self.count_as_whole()).minus(&self.times.times(&self.scores))
    }

    /// The residual spread of the scores, times the spread of the times. Never negative (Cauchy and Schwarz), and
    /// exactly 0 for points on a line.
    fn residual(&self) -> Whole<8> {
        let covariance = self.covariance();
        let spreads: Whole<8> = self.spread_of_times().times(&self.spread_of_scores());
        spreads.minus(&covariance.times(&covariance))
    }

    /// The line through the points, which lie within `span` microseconds; none for fewer than two distinct times.
    pub fn line(&self, span: u64) -> Option<Line> {
        let spread = self.spread_of_times().to_f64();
        if spread == 0.0 {
            return None;
        }
        let slope = self.covariance().to_f64() / spread / UNITS;
        let slope_stderr = (self.count > 2).then(|| {
            let variance = self.residual().to_f64() / (self.count - 2) as f64;
            variance.sqrt() / spread / UNITS * DAY
        });
        Some(Line { change: round9(slope * span as f64), slope_per_day: slope * DAY, slope_stderr })
    }

    /// Whether there can be points between `from` and `to` with these sums: a state may have been made up.
    pub fn is_consistent(&self, from: i64, to: i64) -> bool {
        /// The tolerance for comparisons of doubles.
        const ROUNDING: f64 = 1.0 + 1e-9;
        if !(1..=MOST_ROWS).contains(&self.count) || from > to {
            return false;
        }
        let (count, span) = (self.count as f64, from.abs_diff(to) as f64);
        let times = |at: i64| Whole::<2>::from_i128(i128::from(at) * i128::from(self.count));
        if self.times.minus::<3>(&times(from)).is_negative() || times(to).minus::<3>(&self.times).is_negative() {
            return false;
        }
        let largest = SCORE_LIMIT * UNITS * count * ROUNDING;
        if self.scores.to_f64().abs() > largest || self.squared_scores.to_f64() > largest * SCORE_LIMIT * UNITS {
            return false;
        }
        let (spread, residual) = (self.spread_of_times(), self.residual());
        let spread_in_doubles = spread.to_f64();
        // The spread is smallest when all points except the two ends are in the middle, and largest when half of the
        // points are at each end.
        !spread.is_negative()
            && spread_in_doubles * ROUNDING >= count * span * span / 2.0
            && spread_in_doubles <= count * count * span * span / 4.0 * ROUNDING
            && !self.spread_of_scores().is_negative()
            && !residual.is_negative()
    }
}

/// A score in units of 2⁻⁴⁸.
#[inline(always)]
pub(crate) fn score_in_units(score: f64) -> Result<i64, Refused> {
    check_score(score)?;
    Ok((score * UNITS) as i64)
}
