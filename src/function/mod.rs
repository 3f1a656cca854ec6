//! The SQL functions that are no aggregates, each in the file of its name without `health_`.

mod documents;
mod relations;
pub mod runs;
mod scoring;
