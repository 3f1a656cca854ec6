//! What a draft is asked for, and why it may fail.

use crate::document::issue::Issue;
use crate::document::template::Template;

/// What to draft.
pub struct DraftRequest<'a> {
    pub template: &'a Template,
    /// What the user decided: the column of an input (of a signal, of a column itself), or none to leave it out.
    pub told: &'a [(String, Option<String>)],
    pub relation: &'a str,
    /// How the sample came about, as in "all 7,043 rows".
    pub source: &'a str,
    /// What ages are measured against.
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
    /// The scores of the sample do not part into three.
    NoTerciles,
    /// The draft is no valid document, which would be a mistake of ours.
    Invalid(Vec<Issue>),
}
