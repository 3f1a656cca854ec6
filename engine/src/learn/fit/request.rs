//! What a fit is asked for, what it answers besides a document, and why it may fail.

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
    /// Of either kind, fewer than needed.
    TooFew {
        with: u64,
        without: u64,
    },
    /// Nothing stands out of chance.
    Chance {
        auc: Option<(f64, f64, f64)>,
    },
    Score(ScoreError),
    /// The fit is no valid document, which would be a mistake of ours.
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
