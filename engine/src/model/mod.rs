//! A compiled model: signals, categories, rules, bands and segments of a checked document, in flat arrays. Nothing here
//! computes a score.

pub(crate) mod band;
pub(crate) mod compiled;
pub(crate) mod condition;
pub(crate) mod origin;
pub(crate) mod overriding;
pub(crate) mod plan;
pub(crate) mod rule;
