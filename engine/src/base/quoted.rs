//! A name or text between quotes, for messages. It never escapes for SQL or Markdown.

use std::fmt;

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
