//! The request for a query, and its errors.

use crate::base::column::SampleColumn;
use crate::model::compiled::Model;

/// The maximum length of a query: few databases accept more.
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
    /// The model reads events, which are not in a row.
    Events {
        signal: String,
    },
    MissingColumn {
        name: String,
    },
    /// A column whose type plain SQL reads differently from the engine.
    Unsupported {
        column: String,
        found: String,
        wanted: &'static str,
    },
    TooLong,
}
