//! Postgres as this extension needs it: arguments, values in its own memory layouts, rows to return, relations to read, errors.
//! Nothing here knows a model, an account or a score.

pub mod arguments;
pub mod datum;
pub mod error;
pub mod json;
pub mod memory;
pub mod numeric;
pub mod numeric_write;
pub mod relation;
pub mod returning;
pub mod tuple;
