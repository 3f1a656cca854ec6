//! Postgres as this extension needs it: arguments, values in Postgres's own memory layouts, rows to return, relations
//! to read, errors. Nothing here knows a model or an account.

pub mod arguments;
pub mod as_of;
pub mod catalog;
pub mod composite;
pub mod datum;
pub mod error;
pub mod fn_extra;
pub mod json;
pub mod memory;
pub mod numeric;
pub mod numeric_write;
pub mod own_frames;
pub mod relation;
pub mod returning;
pub mod spi;
pub mod tuple;
