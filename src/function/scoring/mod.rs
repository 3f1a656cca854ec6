//! Functions that score one account, or compare two.

pub mod assess;
mod band;
pub mod change;
mod conflicts;
mod display;
pub mod drivers;
mod explain;
mod inputs;
mod score;
