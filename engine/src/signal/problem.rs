//! Problems of an account's values, and their messages.

use std::fmt;

use super::input::Input;
use crate::base::quoted::Quoted;
use crate::base::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Number,
    Time,
    Boolean,
    /// A number, text or boolean that a `map` can look up.
    Code,
    /// A text that this `map` has.
    MapKey,
    /// The kind of the constant it is compared with.
    Comparable,
    /// A person's override.
    Override,
    /// Two values, for a table.
    Pair,
}

/// One unusable value. It is small, because each signal may keep one; its sentence is made only when it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The input at fault, or none where the result of a ratio, change or days is.
    pub(crate) input: Option<usize>,
    pub(crate) expected: Expected,
}

impl Problem {
    pub(crate) fn sentence(&self, inputs: &[Input], values: &[Value]) -> String {
        match self.input {
            Some(at) => self.expected.sentence(inputs[at].shown(), values.get(at).unwrap_or(&Value::Missing)),
            None => "the computed value is out of range".into(),
        }
    }
}

impl Expected {
    fn sentence(self, name: &str, found: &Value) -> String {
        let expected = match self {
            Expected::Number => "a finite number",
            Expected::Time => "a finite date or timestamp",
            Expected::Boolean => "true or false",
            Expected::Code => "a text, number or boolean",
            Expected::MapKey => "one of the values that the map knows",
            Expected::Comparable => "a value of the kind it is compared with",
            Expected::Override => "cap, floor or set with a score from 0 to 100",
            Expected::Pair => "a pair of values",
        };
        format!("{name} is {found} where {expected} belongs", name = Quoted(name), found = found.describe())
    }

    fn hint(self) -> &'static str {
        match self {
            Expected::Number => "Cast or clean the value, or set \"on_invalid\": \"missing\" in the model.",
            Expected::Time => {
                "Give a date, a timestamp or an ISO 8601 text, or set \"on_invalid\": \"missing\" in the model."
            }
            Expected::Boolean => {
                "For codes such as 0 and 1 use a map scale, or set \"on_invalid\": \"missing\" in the model."
            }
            Expected::Code | Expected::MapKey => {
                "Add the value to the map, give the map an \"otherwise\", or set \"on_invalid\": \"missing\" in the model."
            }
            Expected::Comparable => {
                "Compare with a constant of the column's kind, or set \"on_invalid\": \"missing\" in the model."
            }
            Expected::Override => "Write it as in: cap 39: the sponsor has left.",
            Expected::Pair => "A table reads two values, of an input with cross.",
        }
    }
}

/// A value that stops the scoring of its account (`"on_invalid": "error"`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidValue {
    /// What was being computed, as in `signal "nps"` or `rule "sponsor left"`.
    pub place: String,
    pub sentence: String,
    pub hint: &'static str,
}

impl InvalidValue {
    pub(crate) fn new(place: String, problem: Problem, inputs: &[Input], values: &[Value]) -> Self {
        InvalidValue { place, sentence: problem.sentence(inputs, values), hint: problem.expected.hint() }
    }

    /// One event of an input that a signal cannot combine with the others.
    pub(crate) fn of_event(signal: &str, input: &str, value: &Value, expected: Expected) -> Self {
        let place = format!("signal {}", Quoted(signal));
        InvalidValue { place, sentence: expected.sentence(input, value), hint: expected.hint() }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.sentence)
    }
}
