//! A person's override of one account's score: the last rule, whatever the document says. It is a value of the account,
//! so that score, drivers, change and explanation find it wherever the account is read. So are the notes of people who
//! judged signals.

use super::rule::Action;
use crate::base::value::Value;
use crate::signal::problem::{Expected, Problem};

/// The override in an account: `cap 39`, `floor 70` or `set 50`, and a note behind a colon.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Override<'a> {
    pub action: Action,
    /// The action as it was written, as in "cap 39".
    pub effect: &'a str,
    pub note: Option<&'a str>,
}

/// An override with its effect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overridden<'a> {
    pub by: Override<'a>,
    pub before: f64,
    pub after: f64,
}

impl<'a> Override<'a> {
    /// The override of an account, if it has one, or what is wrong with it.
    pub fn of(values: &[Value<'a>], input: usize) -> Result<Option<Override<'a>>, Problem> {
        let parsed = match values.get(input) {
            None | Some(Value::Missing) => return Ok(None),
            Some(Value::Text(text)) => Override::parse(text),
            Some(_) => None,
        };
        parsed.map(Some).ok_or(Problem { input: Some(input), expected: Expected::Override })
    }

    fn parse(text: &'a str) -> Option<Override<'a>> {
        let (effect, note) = match text.split_once(':') {
            Some((effect, note)) => (effect.trim(), Some(note.trim()).filter(|note| !note.is_empty())),
            None => (text.trim(), None),
        };
        let (verb, score) = effect.split_once(' ')?;
        let score: f64 = score.trim().parse().ok()?;
        if !(0.0..=100.0).contains(&score) {
            return None;
        }
        let action = match verb {
            "cap" => Action::Cap(score),
            "floor" => Action::Floor(score),
            "set" => Action::Set(score),
            _ => return None,
        };
        Some(Override { action, effect, note })
    }
}

/// The note of the person who judged a signal: in an account, each judgement has a line `signal: note`.
pub(crate) fn note_of<'a>(values: &[Value<'a>], input: usize, signal: &str) -> Option<&'a str> {
    let Some(Value::Text(notes)) = values.get(input) else { return None };
    let mut lines = notes.lines();
    lines.find_map(|line| line.strip_prefix(signal)?.strip_prefix(':')).map(str::trim).filter(|note| !note.is_empty())
}
