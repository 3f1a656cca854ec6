//! The request for a draft, and the errors of a draft.

use crate::document::issue::Issue;
use crate::document::template::Template;

/// What to draft.
pub struct DraftRequest<'a> {
    pub template: &'a Template,
    /// The decisions of the user: an input, signal or column, each with its column, or with none to leave it out.
    pub told: &'a [(String, Option<String>)],
    pub relation: &'a str,
    /// The origin of the sample, as in "all 7,043 rows".
    pub source: &'a str,
    /// The time that ages are relative to.
    pub as_of: i64,
    /// Whether to propose bands of a third of the accounts each, in place of the template's.
    pub terciles: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftError {
    /// Neither an input nor a signal of the template or catalogue, nor a column.
    UnknownInput {
        name: String,
        nearest: Option<String>,
    },
    UnknownColumn {
        name: String,
        nearest: Option<String>,
    },
    /// One column was given to two inputs.
    Twice {
        column: String,
    },
    /// The column that was named does not hold what the input needs.
    Unsuitable {
        input: String,
        column: String,
        needs: &'static str,
        found: String,
    },
    /// No signal is left; some of the names that would have been recognised.
    NothingFits {
        wanted: Vec<String>,
    },
    /// The scores of the sample cannot be split into three.
    NoTerciles,
    /// The draft is not a valid document: a bug.
    Invalid(Vec<Issue>),
}
