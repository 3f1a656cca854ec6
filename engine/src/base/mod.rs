//! The base of all other modules: values, times, numbers, exact sums, texts between quotes. Nothing here knows what a
//! model document or a score is.

pub(crate) mod column;
pub(crate) mod decimal;
pub(crate) mod exact;
pub(crate) mod markdown;
pub(crate) mod nearest;
pub(crate) mod normal;
pub(crate) mod number;
pub(crate) mod quoted;
pub(crate) mod random;
pub(crate) mod rounding;
pub(crate) mod time;
pub(crate) mod value;
