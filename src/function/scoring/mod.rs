//! Functions that score one account, or compare two.

pub mod assess;
mod band;
mod change;
mod conflicts;
mod display;
mod drivers;
mod explain;
mod inputs;
mod score;
