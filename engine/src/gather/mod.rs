//! From events to inputs: what the long form gathers of an account, row by row, and how one value a signal comes of it. A
//! state is a slice of 64-bit words that its owner keeps and can pass on; nothing here knows who that is.

mod builder;
mod cell;
mod compact;
mod heap;
mod name_table;
mod state;

use crate::input::Source;
use crate::signal::Combine;

pub use state::{Gathering, Stop};

/// How the value of one signal is derived from events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recipe {
    /// Whose value it is.
    pub signal: String,
    pub source: Source,
    pub combine: Combine,
    /// Microseconds, as `lag` and `half_life`.
    pub window: Option<i64>,
    pub lag: Option<i64>,
    /// Under method `points`: values fade with their age.
    pub half_life: Option<i64>,
    /// A scale of ages: the last event's own time, unless its value is a time.
    pub measures_age: bool,
    /// Whether the age of the last event plays a part.
    pub keeps_time: bool,
}

impl Recipe {
    /// Whether a value is anything but the last of each input, whenever it was.
    pub fn is_needed(&self) -> bool {
        self.combine != Combine::Last || self.is_bounded() || self.keeps_time
    }

    /// Whether only events of some ages count.
    pub fn is_bounded(&self) -> bool {
        self.window.is_some() || self.lag.is_some()
    }

    pub fn reads_time(&self) -> bool {
        self.is_bounded() || self.keeps_time
    }

    /// Whether it is each event that fades, not the result.
    pub fn fades_each(&self) -> bool {
        matches!(self.combine, Combine::Sum | Combine::Count)
    }
}

/// The inputs that take the place of a signal's source where the account was gathered from events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gathered {
    /// True in such an account.
    pub flag: usize,
    pub value: usize,
    /// When the last event was, where that plays a part.
    pub time: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Derivation {
    pub recipe: Recipe,
    pub gathered: Gathered,
}
