//! Model documents as JSON: reading their parts, collecting what is wrong, patching, comparing, the shipped templates.
//! Nothing here knows what the keys of a model mean for a score.

pub(crate) mod diff;
pub(crate) mod issue;
pub(crate) mod json;
pub(crate) mod patch;
pub(crate) mod template;
