//! The request for a fit, its results besides the document, and its errors.

use serde_json::Value as Json;

use crate::document::issue::Issue;
use crate::model::compiled::Model;
use crate::score::assess::ScoreError;

/// What to fit.
pub struct FitRequest<'a> {
    pub model: &'a Model,
    /// The document of the model.
    pub document: &'a Json,
    pub relation: &'a str,
    pub outcome: &'a str,
    /// Further columns to learn from; `*` for all that can be read.
    pub columns: &'a [String],
    pub as_of: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FitError {
    /// Method `points` has no weights to fit.
    Points,
    UnknownColumn {
        name: String,
        nearest: Option<String>,
    },
    /// A column that no scale can read.
    Unsuitable {
        column: String,
        found: String,
    },
    /// Too few accounts of one kind.
    TooFew {
        with: u64,
        without: u64,
    },
    /// No signal is better than chance.
    Chance {
        auc: Option<(f64, f64, f64)>,
    },
    Score(ScoreError),
    /// The fit is not a valid document: a bug.
    Invalid(Vec<Issue>),
}

/// The AUC of held-out accounts: the mean over the folds, with its 95 % interval.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeldOut {
    pub auc: f64,
    pub low: f64,
    pub high: f64,
    pub folds: Vec<f64>,
    /// Score and event of each account that got a score.
    pub scores: Vec<(f64, bool)>,
}
