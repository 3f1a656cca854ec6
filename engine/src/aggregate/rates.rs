//! Ratios of two sums over the rows of a group: the weighted mean of scores, the share that churned, the use of what
//! was sold. Sums keep their rounding errors, so that the result does not depend on the order of the rows.

use super::refused::{LARGEST_AMOUNT, Refused, SCORE_LIMIT, SMALLEST_AMOUNT, check_amount, check_score};
use crate::base::exact::Sum;
use crate::base::rounding::round9;

/// The tolerance for comparing sums that were rounded in different ways.
const ROUNDING: f64 = 1.0 + 1e-9;

/// Larger than the sum over all rows of a table.
const LARGEST_WHOLE: f64 = LARGEST_AMOUNT * 1e16;
const LARGEST_PART: f64 = LARGEST_WHOLE * SCORE_LIMIT;

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Ratio {
    part: Sum,
    whole: Sum,
}

impl Ratio {
    #[inline(always)]
    fn add(&mut self, part: f64, whole: f64) {
        self.part.add(part);
        self.whole.add(whole);
    }

    fn merge(&mut self, other: &Ratio) {
        self.part.merge(&other.part);
        self.whole.merge(&other.whole);
    }

    /// None where the whole is 0.
    fn value(&self) -> Option<f64> {
        let whole = self.whole.value();
        (whole > 0.0).then(|| self.part.value() / whole)
    }

    /// Whether both can be sums of amounts, where the whole has no negative amount.
    fn is_consistent(&self) -> bool {
        let (part, whole) = (self.part.value(), self.whole.value());
        part.abs() <= LARGEST_PART && (whole == 0.0 || (SMALLEST_AMOUNT..=LARGEST_WHOLE).contains(&whole))
    }

    /// Whether |part| is at most `wholes` times the whole.
    fn is_within(&self, wholes: f64) -> bool {
        self.is_consistent() && self.part.value().abs() <= self.whole.value() * wholes * ROUNDING
    }
}

/// The weighted mean of scores: of a parent's accounts, or of a portfolio weighted by value.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Rollup(Ratio);

impl Rollup {
    #[inline]
    pub fn add(&mut self, score: f64, weight: f64) -> Result<(), Refused> {
        check_score(score)?;
        check_amount("a weight", weight)?;
        self.0.add(score * weight, weight);
        Ok(())
    }

    pub fn merge(&mut self, other: &Rollup) {
        self.0.merge(&other.0);
    }

    /// Rounded to 9 decimals, as scores are before they are compared with bands; none where all weights are 0.
    pub fn value(&self) -> Option<f64> {
        self.0.value().map(round9)
    }

    pub fn is_consistent(&self) -> bool {
        self.0.is_within(SCORE_LIMIT)
    }
}

/// The share of what churned, by number or by weight.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default)]
pub struct ChurnRate(Ratio);

impl ChurnRate {
    #[inline]
    pub fn add(&mut self, churned: bool, weight: f64) -> Result<(), Refused> {
        check_amount("a weight", weight)?;
        self.0.add(if churned { weight } else { 0.0 }, weight);
        Ok(())
    }

    pub fn merge(&mut self, other: &ChurnRate) {
        self.0.merge(&other.0);
    }

    /// Between 0 and 1; none where all weights are 0.
    pub fn value(&self) -> Option<f64> {
        self.0.value().map(|rate| rate.min(1.0))
    }

    pub fn is_consistent(&self) -> bool {
        self.0.is_within(1.0) && self.0.part.value() >= 0.0
    }
}

/// How much of what was sold is used: active of licensed seats.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, Default)]
pub struct UsageRate(Ratio);

impl UsageRate {
    #[inline]
    pub fn add(&mut self, active: f64, total: f64) -> Result<(), Refused> {
        check_amount("the active number", active)?;
        check_amount("the total number", total)?;
        self.0.add(active, total);
        Ok(())
    }

    pub fn merge(&mut self, other: &UsageRate) {
        self.0.merge(&other.0);
    }

    /// From 0 on, above 1 where more is used than was sold; none where the total is 0.
    pub fn value(&self) -> Option<f64> {
        self.0.value()
    }

    pub fn is_consistent(&self) -> bool {
        self.0.is_consistent() && self.0.part.value() >= 0.0
    }
}

/// The lower of two scores.
pub fn worst(score: f64, other: f64) -> Result<f64, Refused> {
    check_score(score)?;
    check_score(other)?;
    // −0 and 0 are one score.
    Ok(score.min(other) + 0.0)
}
