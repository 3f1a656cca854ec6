//! "Did you mean": the nearest known name to a misspelt one.

use std::fmt;

use crate::issue::Issues;

/// Beyond this length a name is no slip of the keyboard, and the distance would cost more than the help is worth.
const LONGEST: usize = 64;

/// So many names are looked at: a slip in a document of thousands must not take seconds to report.
const MOST: usize = 1000;

/// The known name that a user most likely meant, or none if nothing is near enough.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if wanted.len() > LONGEST {
        return None;
    }
    let wanted = wanted.to_lowercase();
    known
        .into_iter()
        .take(MOST)
        // A large difference of lengths is a large distance: most names need no look at their letters.
        .filter(|name| name.len() <= LONGEST && name.len().abs_diff(wanted.len()) <= LONGEST / 3)
        .map(|name| (strsim::osa_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= (name.chars().count().max(wanted.chars().count()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// ` (did you mean "x"?)`, or nothing. Thousands of slips against thousands of names would take minutes: once the list
/// is full nobody reads the help.
pub(crate) fn did_you_mean<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>, issues: &Issues) -> String {
    if issues.errors_are_full() {
        return String::new();
    }
    nearest(wanted, known).map(|name| format!(" (did you mean {name}?)", name = Quoted(name))).unwrap_or_default()
}

/// A name or text between quotes, as a person wrote it, so that it can be pasted back; cut where it is long.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 80;
        f.write_str("\"")?;
        for character in self.0.chars().take(SHOWN) {
            match character {
                '"' => f.write_str("\\\"")?,
                control if control.is_control() => write!(f, "{}", control.escape_default())?,
                plain => write!(f, "{plain}")?,
            }
        }
        f.write_str(if self.0.chars().nth(SHOWN).is_some() { "\"…" } else { "\"" })
    }
}
