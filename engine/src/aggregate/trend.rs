//! Trends: the points of a group over time, and whether they rise or fall by more than noise. The line is computed
//! in moments.rs; the window that takes points out again is in moving_trend.rs.

use super::moments::{Line, Moments, UNITS, score_in_units};
use super::refused::{Refused, SCORE_LIMIT, refused_variation};
use crate::base::exact::Whole;
use crate::base::number::shortest;
use crate::base::rounding::round9;

/// A change of fewer points is no trend, unless the caller says otherwise.
pub const DEFAULT_TOLERANCE: f64 = 5.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Improving,
    Stable,
    Declining,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Improving => "improving",
            Direction::Stable => "stable",
            Direction::Declining => "declining",
        }
    }
}

impl Line {
    /// Moves only if the change reaches the tolerance and the slope stands out of the noise by two standard errors.
    pub fn direction(&self, tolerance: f64) -> Direction {
        let is_noise = self.slope_stderr.is_some_and(|error| self.slope_per_day.abs() < 2.0 * error);
        if is_noise || self.change.abs() < tolerance || self.change == 0.0 {
            Direction::Stable
        } else if self.change > 0.0 {
            Direction::Improving
        } else {
            Direction::Declining
        }
    }
}

/// The tolerance of a group, which the first row sets. NaN before that: it equals nothing.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tolerance(f64);

impl Tolerance {
    pub const UNSET: Tolerance = Tolerance(f64::NAN);

    #[inline(always)]
    pub fn set(&mut self, tolerance: f64) -> Result<(), Refused> {
        if self.0 == tolerance { Ok(()) } else { self.set_first(tolerance) }
    }

    #[cold]
    fn set_first(&mut self, tolerance: f64) -> Result<(), Refused> {
        if !(0.0..=SCORE_LIMIT).contains(&tolerance) {
            return Err(Refused {
                message: format!("the tolerance is a number between 0 and 10000, not {}", shortest(tolerance)),
                hint: "Pass the smallest change, in points, that counts as a trend; the default is 5.",
            });
        }
        if !self.0.is_nan() {
            return Err(refused_variation("the tolerance", self.0, tolerance));
        }
        self.0 = tolerance;
        Ok(())
    }

    pub fn points(self) -> f64 {
        self.0
    }

    pub fn is_consistent(self) -> bool {
        (0.0..=SCORE_LIMIT).contains(&self.0)
    }
}

/// The trend of a group of points, empty by default. The results are valid only with at least one point. Times are
/// microseconds since any fixed instant.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Trend {
    moments: Moments,
    from: i64,
    to: i64,
    tolerance: Tolerance,
}

impl Default for Trend {
    fn default() -> Self {
        Trend { moments: Moments::NONE, from: i64::MAX, to: i64::MIN, tolerance: Tolerance::UNSET }
    }
}

impl Trend {
    #[inline(always)]
    pub fn add(&mut self, score: f64, at: i64, tolerance: f64) -> Result<(), Refused> {
        let units = score_in_units(score)?;
        self.tolerance.set(tolerance)?;
        self.moments.add(units, at);
        self.from = self.from.min(at);
        self.to = self.to.max(at);
        Ok(())
    }

    pub fn merge(&mut self, other: &Trend) -> Result<(), Refused> {
        self.tolerance.set(other.tolerance.0)?;
        self.moments.merge(&other.moments);
        self.from = self.from.min(other.from);
        self.to = self.to.max(other.to);
        Ok(())
    }

    pub fn line(&self) -> Option<Line> {
        self.moments.line(self.from.abs_diff(self.to))
    }

    /// None for fewer than two distinct times.
    pub fn direction(&self) -> Option<Direction> {
        self.line().map(|line| line.direction(self.tolerance.points()))
    }

    pub fn is_consistent(&self) -> bool {
        // The smallest and the largest i64 stand for no time.
        self.from > i64::MIN
            && self.to < i64::MAX
            && self.moments.is_consistent(self.from, self.to)
            && self.tolerance.is_consistent()
    }

    pub fn observations(&self) -> i64 {
        self.moments.count
    }

    /// The first time.
    pub fn from(&self) -> i64 {
        self.from
    }

    /// The last time.
    pub fn to(&self) -> i64 {
        self.to
    }
}

/// The scores of one instant.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Instant {
    count: i64,
    scores: Whole<2>,
}

impl Instant {
    const NONE: Instant = Instant { count: 0, scores: Whole::ZERO };

    #[inline(always)]
    fn add(&mut self, units: i64) {
        self.count = self.count.wrapping_add(1);
        self.scores.add(units.into());
    }

    fn merge(&mut self, other: &Instant) {
        self.count = self.count.wrapping_add(other.count);
        self.scores.merge(&other.scores);
    }

    fn mean(&self) -> f64 {
        self.scores.to_f64() / self.count as f64 / UNITS
    }

    fn is_consistent(&self, observations: i64, lowest: f64, highest: f64) -> bool {
        const ROUNDING: f64 = 1e-9;
        (1..=observations).contains(&self.count) && (lowest - ROUNDING..=highest + ROUNDING).contains(&self.mean())
    }
}

/// A trend with the scores at its ends and its extremes. Scores are rounded to 9 decimals.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct TrendStats {
    trend: Trend,
    first: Instant,
    last: Instant,
    lowest: f64,
    highest: f64,
}

impl Default for TrendStats {
    fn default() -> Self {
        TrendStats {
            trend: Trend::default(),
            first: Instant::NONE,
            last: Instant::NONE,
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
        }
    }
}

impl TrendStats {
    #[inline(always)]
    pub fn add(&mut self, score: f64, at: i64, tolerance: f64) -> Result<(), Refused> {
        let units = score_in_units(score)?;
        let Trend { from, to, .. } = self.trend;
        self.trend.add(score, at, tolerance)?;
        if at < from {
            self.first = Instant::NONE;
        }
        if at <= from {
            self.first.add(units);
        }
        if at > to {
            self.last = Instant::NONE;
        }
        if at >= to {
            self.last.add(units);
        }
        self.lowest = self.lowest.min(score);
        self.highest = self.highest.max(score);
        Ok(())
    }

    pub fn merge(&mut self, other: &TrendStats) -> Result<(), Refused> {
        let (mine, theirs) = (self.trend, other.trend);
        self.trend.merge(&theirs)?;
        if theirs.from < mine.from {
            self.first = Instant::NONE;
        }
        if theirs.from <= mine.from {
            self.first.merge(&other.first);
        }
        if theirs.to > mine.to {
            self.last = Instant::NONE;
        }
        if theirs.to >= mine.to {
            self.last.merge(&other.last);
        }
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
        Ok(())
    }

    pub fn trend(&self) -> &Trend {
        &self.trend
    }

    /// The score at the first time; where there are several, their mean.
    pub fn first_score(&self) -> f64 {
        round9(self.first.mean())
    }

    pub fn last_score(&self) -> f64 {
        round9(self.last.mean())
    }

    pub fn lowest(&self) -> f64 {
        round9(self.lowest)
    }

    pub fn highest(&self) -> f64 {
        round9(self.highest)
    }

    pub fn is_consistent(&self) -> bool {
        let (count, lowest, highest) = (self.trend.moments.count, self.lowest, self.highest);
        self.trend.is_consistent()
            && (-SCORE_LIMIT..=highest).contains(&lowest)
            && highest <= SCORE_LIMIT
            && self.first.is_consistent(count, lowest, highest)
            && self.last.is_consistent(count, lowest, highest)
    }
}
