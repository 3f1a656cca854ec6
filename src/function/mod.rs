//! The SQL functions that are not aggregates, each in the file of its name without `health_`.

mod documents;
mod relations;
mod runs;
mod scoring;
