//! Errors of the aggregates: an argument that cannot be counted, with its message. Every check of a single number is
//! here.

use crate::base::number::shortest;

/// An invalid argument of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
    pub hint: &'static str,
}

/// Scores, and measures on a similar scale, lie between −SCORE_LIMIT and SCORE_LIMIT.
pub const SCORE_LIMIT: f64 = 10_000.0;

/// Weights and amounts lie between these, or are 0: sums of products neither overflow nor lose digits to underflow.
pub(crate) const SMALLEST_AMOUNT: f64 = 1e-100;
pub(crate) const LARGEST_AMOUNT: f64 = 1e100;

#[inline(always)]
pub(crate) fn check_score(score: f64) -> Result<(), Refused> {
    if score.abs() <= SCORE_LIMIT { Ok(()) } else { Err(refused_score(score)) }
}

#[cold]
fn refused_score(score: f64) -> Refused {
    Refused {
        message: format!("a score is a number between -10000 and 10000, not {}", shortest(score)),
        hint: "Leave out other values with a FILTER clause; divide a larger measure, and its tolerance too.",
    }
}

/// A weight or amount; `what` with its article.
#[inline(always)]
pub(crate) fn check_amount(what: &str, amount: f64) -> Result<(), Refused> {
    if (SMALLEST_AMOUNT..=LARGEST_AMOUNT).contains(&amount) || amount == 0.0 {
        Ok(())
    } else {
        Err(refused_amount(what, amount))
    }
}

#[cold]
fn refused_amount(what: &str, amount: f64) -> Refused {
    Refused {
        message: format!("{what} is 0 or a number between 1e-100 and 1e100, not {}", shortest(amount)),
        hint: "Leave out such rows with a FILTER clause, or clean the value.",
    }
}

/// The rating as a whole number within the survey's scale.
#[inline(always)]
pub(crate) fn whole_rating(survey: &str, scale: (i64, i64), rating: f64) -> Result<i64, Refused> {
    // The cast of NaN gives 0 and that of infinities the ends, which differ from the rating.
    let whole = rating as i64;
    if whole as f64 == rating && (scale.0..=scale.1).contains(&whole) {
        Ok(whole)
    } else {
        Err(refused_rating(survey, scale, rating))
    }
}

#[cold]
fn refused_rating(survey: &str, (lowest, highest): (i64, i64), rating: f64) -> Refused {
    Refused {
        message: format!("{survey} rating is a whole number from {lowest} to {highest}, not {}", shortest(rating)),
        hint: "Give single answers, not averages; leave out codes such as -1 or 99 for no answer with a FILTER clause.",
    }
}

/// An argument that must be the same in all rows of a group.
#[cold]
pub(crate) fn refused_variation(what: &str, first: f64, other: f64) -> Refused {
    Refused {
        message: format!("{what} differs within a group: {} and {}", shortest(first), shortest(other)),
        hint: "Pass a constant, or add its column to GROUP BY.",
    }
}
