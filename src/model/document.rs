//! Reading a model document, or another document of its kind, from a jsonb.

use health_score_engine::LIMITS;
use serde_json::Value as Json;

use crate::pg::error::{Report, code};
use crate::pg::json::text::jsonb_text;
use crate::pg::memory::{interruptible, require_room};

/// A document from the payload of a jsonb, or why it cannot be read. Postgres writes it as text and serde_json reads
/// the text; a document is compiled once, so the cost does not matter.
pub fn read(bytes: &[u8]) -> Result<Json, Unreadable> {
    if bytes.len() > LIMITS.bytes {
        return Err(Unreadable::TooLarge(bytes.len()));
    }
    // A large document takes some 50 ms for each of these steps.
    let text = jsonb_text(bytes);
    interruptible();
    // As a tree, a small object such as {"a":1} takes half a kilobyte.
    require_room(text.len() * 80);
    let document = serde_json::from_str(&text).map_err(|error| {
        // serde_json names line and column of a text that the user has not written.
        if error.to_string().starts_with("recursion limit") { Unreadable::TooDeep } else { Unreadable::NumberTooLarge }
    });
    interruptible();
    document
}

/// Why a jsonb cannot be read as a document.
pub enum Unreadable {
    TooLarge(usize),
    TooDeep,
    NumberTooLarge,
}

impl Unreadable {
    pub fn reason(&self) -> String {
        match self {
            Unreadable::TooLarge(bytes) => format!("has {bytes} bytes; the limit is {}", LIMITS.bytes),
            Unreadable::TooDeep => "is nested more than 127 levels deep".into(),
            Unreadable::NumberTooLarge => "has a number beyond double precision".into(),
        }
    }

    pub fn raise(&self, what: &str) -> ! {
        let (code, hint) = match self {
            Unreadable::TooLarge(_) => (code::PROGRAM_LIMIT, "Move what is not part of the model out of the document."),
            _ => (code::INVALID_PARAMETER, "Nest at most 127 levels deep, and use numbers within double precision."),
        };
        Report::new(code, format!("the {what} cannot be read"))
            .detail(format!("The {what} {}.", self.reason()))
            .hint(hint)
            .raise()
    }
}

pub fn parse(bytes: &[u8], what: &str) -> Json {
    read(bytes).unwrap_or_else(|unreadable| unreadable.raise(what))
}
