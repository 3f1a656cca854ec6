//! How the value of one signal is derived from events: which events count, and how several become one. The events
//! themselves are gathered elsewhere.

use super::source::Source;

/// How several values of a signal become one, in the long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combine {
    Last,
    Sum,
    Mean,
    Min,
    Max,
    Count,
    Distinct,
    ActiveDays,
}

pub(crate) const COMBINES: [(&str, Combine); 8] = [
    ("last", Combine::Last),
    ("sum", Combine::Sum),
    ("mean", Combine::Mean),
    ("min", Combine::Min),
    ("max", Combine::Max),
    ("count", Combine::Count),
    ("distinct", Combine::Distinct),
    ("active_days", Combine::ActiveDays),
];

/// How the value of one signal is derived from events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recipe {
    /// The name of the signal.
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
    /// Whether the value is derived, not simply the last value of each input at any time.
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

    /// Whether each event fades by its own age; otherwise the combined value fades.
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
