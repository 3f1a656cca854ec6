//! Models: the stored ones, the compiled ones, and documents.

pub mod cache;
pub mod document;
pub mod store;
