//! One column or key that a model reads. It never reads a value.

/// The key of an account that was gathered from events.
pub(crate) const GATHERED: &str = "@";

/// The key of a person's override, for any model.
pub(crate) const OVERRIDE: &str = "@override";

/// The key of the notes of people who judged signals, for any model: a line `signal: note` for each.
pub(crate) const NOTES: &str = "@notes";

/// A column or JSON key that the model reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    pub name: String,
    /// A row without this column is an error: only optional signals may do without.
    pub required: bool,
    /// Needed for a score. The others, evidence, only explain it.
    pub scored: bool,
    /// Not a column of the user: a value derived from events of the long form, an override, or notes. Its name
    /// begins with `@`.
    pub gathered: bool,
    /// In the long form, the value of the last event is kept unchanged.
    pub(crate) keeps_last: bool,
}

impl Input {
    /// The name as the user knows it.
    pub(crate) fn shown(&self) -> &str {
        self.name.trim_start_matches('@')
    }

    /// Whether the JSON of an account gathered from events has the key even when the value is missing.
    pub(crate) fn is_value_of_events(&self) -> bool {
        let of_its_own = [GATHERED, OVERRIDE, NOTES].contains(&self.name.as_str());
        self.keeps_last || (self.gathered && !of_its_own && !self.name.starts_with("@@"))
    }
}
