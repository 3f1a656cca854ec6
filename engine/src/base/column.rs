//! A column of a relation as the engine knows it: a name and what its values can be. It never reads a value.

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    Number,
    Boolean,
    Text,
    Time,
    /// A type that no signal can read.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleColumn {
    pub name: String,
    pub kind: ColumnKind,
    /// The type as its database names it.
    pub type_name: String,
}
