//! Models: stored, compiled, and as documents. Nothing here reads an account.

pub mod argument;
pub mod cache;
pub mod document;
pub mod store;
pub mod template;
