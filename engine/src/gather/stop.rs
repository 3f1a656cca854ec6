//! Why gathering stops. Every other file of this folder reports by it.

use crate::signal::problem::InvalidValue;

/// Why a state could not be filled, merged or read.
#[derive(Debug, PartialEq)]
pub enum Stop {
    /// The state needs this many words: move it to as many, and try again. Nothing has changed.
    Room(usize),
    Invalid(InvalidValue),
    /// None of the signals is known; these were seen.
    Unknown(String),
    /// The words cannot be a state of this model.
    Forged,
}
