//! Survey figures by their standard definitions: NPS, CSAT and CES of single answers. Answers are whole numbers on the
//! survey's scale; they are only counted, so that no digit depends on their order.

use super::refused::{Refused, refused_variation, whole_rating};

/// More answers than a table can have.
const MOST_ANSWERS: i64 = 1 << 50;

fn is_count(count: i64) -> bool {
    (0..=MOST_ANSWERS).contains(&count)
}

/// Net Promoter Score (Reichheld 2003): on ratings 0 to 10, the percentage of promoters (9 and 10) minus the percentage
/// of detractors (0 to 6).
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Nps {
    promoters: i64,
    detractors: i64,
    answers: i64,
}

impl Nps {
    #[inline]
    pub fn add(&mut self, rating: f64) -> Result<(), Refused> {
        let rating = whole_rating("an NPS", (0, 10), rating)?;
        self.answers = self.answers.wrapping_add(1);
        self.promoters = self.promoters.wrapping_add((rating >= 9).into());
        self.detractors = self.detractors.wrapping_add((rating <= 6).into());
        Ok(())
    }

    pub fn merge(&mut self, other: &Nps) {
        self.answers = self.answers.wrapping_add(other.answers);
        self.promoters = self.promoters.wrapping_add(other.promoters);
        self.detractors = self.detractors.wrapping_add(other.detractors);
    }

    /// Between −100 and 100; none without answers.
    pub fn value(&self) -> Option<f64> {
        let net = (self.promoters - self.detractors) as f64;
        (self.answers > 0).then(|| net * 100.0 / self.answers as f64)
    }

    pub fn is_consistent(&self) -> bool {
        [self.promoters, self.detractors, self.answers].into_iter().all(is_count)
            && self.promoters + self.detractors <= self.answers
    }
}

/// The lowest rating that counts as satisfied, unless the caller says otherwise: "top two boxes".
pub const DEFAULT_TOP: i32 = 4;

/// Customer satisfaction: the percentage of ratings at or above `top`, on ratings 1 to 5.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Csat {
    satisfied: i64,
    answers: i64,
    /// 0 before the first answer.
    top: i64,
}

impl Csat {
    #[inline]
    pub fn add(&mut self, rating: f64, top: i32) -> Result<(), Refused> {
        let rating = whole_rating("a CSAT", (1, 5), rating)?;
        self.set_top(top.into())?;
        self.answers = self.answers.wrapping_add(1);
        self.satisfied = self.satisfied.wrapping_add((rating >= self.top).into());
        Ok(())
    }

    fn set_top(&mut self, top: i64) -> Result<(), Refused> {
        if self.top == top && top != 0 {
            return Ok(());
        }
        if !(1..=5).contains(&top) {
            return Err(Refused {
                message: format!("the lowest rating that counts as satisfied must be from 1 to 5, not {top}"),
                hint: "Pass 4, the default, for the two highest ratings, or 5 for the highest only.",
            });
        }
        if self.top != 0 {
            return Err(refused_variation("the lowest rating that counts as satisfied", self.top as f64, top as f64));
        }
        self.top = top;
        Ok(())
    }

    pub fn merge(&mut self, other: &Csat) -> Result<(), Refused> {
        self.set_top(other.top)?;
        self.answers = self.answers.wrapping_add(other.answers);
        self.satisfied = self.satisfied.wrapping_add(other.satisfied);
        Ok(())
    }

    /// Between 0 and 100; none without answers.
    pub fn value(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.satisfied as f64 * 100.0 / self.answers as f64)
    }

    pub fn is_consistent(&self) -> bool {
        is_count(self.satisfied)
            && is_count(self.answers)
            && self.satisfied <= self.answers
            && (1..=5).contains(&self.top)
    }
}

/// The highest rating of a CES survey, unless the caller says otherwise.
pub const DEFAULT_HIGHEST: i32 = 7;

/// Customer Effort Score 2.0 (CEB 2013): the mean agreement, from 1, with "the company made it easy". Higher is easier.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Ces {
    sum: i64,
    answers: i64,
    /// The end of the scale, 5 or 7; 0 before the first answer.
    highest: i64,
}

impl Ces {
    #[inline]
    pub fn add(&mut self, rating: f64, highest: i32) -> Result<(), Refused> {
        self.set_highest(highest.into())?;
        let rating = whole_rating("a CES", (1, self.highest), rating)?;
        self.answers = self.answers.wrapping_add(1);
        self.sum = self.sum.wrapping_add(rating);
        Ok(())
    }

    fn set_highest(&mut self, highest: i64) -> Result<(), Refused> {
        if self.highest == highest && highest != 0 {
            return Ok(());
        }
        if highest != 5 && highest != 7 {
            return Err(Refused {
                message: format!("a CES scale ends at 5 or 7, not {highest}"),
                hint: "Pass the highest rating that the survey offers; the default is 7.",
            });
        }
        if self.highest != 0 {
            return Err(refused_variation("the end of the CES scale", self.highest as f64, highest as f64));
        }
        self.highest = highest;
        Ok(())
    }

    pub fn merge(&mut self, other: &Ces) -> Result<(), Refused> {
        self.set_highest(other.highest)?;
        self.answers = self.answers.wrapping_add(other.answers);
        self.sum = self.sum.wrapping_add(other.sum);
        Ok(())
    }

    /// Between 1 and the end of the scale; none without answers.
    pub fn value(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.sum as f64 / self.answers as f64)
    }

    pub fn is_consistent(&self) -> bool {
        is_count(self.answers)
            && matches!(self.highest, 5 | 7)
            && (self.answers..=self.answers * self.highest).contains(&self.sum)
    }
}
