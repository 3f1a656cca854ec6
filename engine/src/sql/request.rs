//! What a query is asked for, and why there may be none.

use crate::base::column::SampleColumn;
use crate::model::compiled::Model;

/// Longer queries no person reads and few databases take.
pub(super) const LONGEST: usize = 1 << 20;

pub struct SqlRequest<'a> {
    pub model: &'a Model,
    /// Quoted, as it stands in FROM.
    pub relation: &'a str,
    pub columns: &'a [SampleColumn],
    /// Microseconds; none for the time at which the query runs.
    pub as_of: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlError {
    /// The model reads what no row has: events.
    Events {
        signal: String,
    },
    MissingColumn {
        name: String,
    },
    /// A column whose type plain SQL reads otherwise than the engine.
    Unsupported {
        column: String,
        found: String,
        wanted: &'static str,
    },
    TooLong,
}
