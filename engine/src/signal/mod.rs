//! One signal: the inputs it reads, the arithmetic on them, the scale or points, and its result for one account.
//! Signals are never weighed against each other here.

pub(crate) mod definition;
pub(crate) mod input;
pub(crate) mod inputs;
pub(crate) mod points;
pub(crate) mod problem;
pub(crate) mod reading;
pub(crate) mod recipe;
pub(crate) mod scale;
pub(crate) mod source;
pub(crate) mod table;
