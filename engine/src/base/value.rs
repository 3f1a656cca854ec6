//! One raw value as an account gives it.

use super::number::write_number;
use super::quoted::Quoted;
use super::time::{parse_time, write_time};

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Value<'a> {
    /// NULL, JSON null or an absent key.
    #[default]
    Missing,
    Number(f64),
    Bool(bool),
    Text(&'a str),
    /// Microseconds since 1970-01-01 00:00 UTC.
    Time(i64),
    /// A value of a kind that no signal can read; the text names the kind, as in "an array".
    Unusable(&'static str),
}

impl Value<'_> {
    /// Appends the value as a person would read it. Numbers are the shortest decimal that gives the same double.
    pub fn write(&self, out: &mut String) {
        match self {
            Value::Missing => {}
            Value::Number(number) => write_number(*number, out),
            Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Text(text) => out.push_str(text),
            Value::Time(micros) => write_time(*micros, out),
            Value::Unusable(what) => out.push_str(what),
        }
    }

    /// The value as [`Self::write`] writes it.
    pub(crate) fn written(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// A finite number as it is, a boolean as 1 or 0; none for anything else.
    #[inline]
    pub(crate) fn units(&self) -> Option<f64> {
        match self {
            Value::Number(number) if number.is_finite() => Some(*number),
            Value::Bool(flag) => Some(f64::from(u8::from(*flag))),
            _ => None,
        }
    }

    /// A time, also one that is written as a text in ISO 8601; none for anything else.
    #[inline]
    pub(crate) fn as_time(&self) -> Option<i64> {
        match self {
            Value::Time(at) => Some(*at),
            Value::Text(text) => parse_time(text),
            _ => None,
        }
    }

    /// For messages: the kind and the value, cut where it is long.
    pub(crate) fn describe(&self) -> String {
        match self {
            Value::Missing => "nothing".into(),
            Value::Number(number) => {
                let mut out = String::from("the number ");
                write_number(*number, &mut out);
                out
            }
            Value::Bool(flag) => format!("the boolean {flag}"),
            Value::Text(text) => {
                format!("the text {}", Quoted(text))
            }
            Value::Time(micros) => {
                let mut out = String::from("the time ");
                write_time(*micros, &mut out);
                out
            }
            Value::Unusable(what) => (*what).into(),
        }
    }
}

/// An owned value from a document: a default or the right side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Number(f64),
    Bool(bool),
    Text(String),
}

impl Literal {
    pub fn from_json(json: &serde_json::Value) -> Option<Literal> {
        match json {
            serde_json::Value::Number(number) => number.as_f64().filter(|n| n.is_finite()).map(Literal::Number),
            serde_json::Value::Bool(flag) => Some(Literal::Bool(*flag)),
            serde_json::Value::String(text) => Some(Literal::Text(text.clone())),
            _ => None,
        }
    }

    pub fn as_value(&self) -> Value<'_> {
        match self {
            Literal::Number(number) => Value::Number(*number),
            Literal::Bool(flag) => Value::Bool(*flag),
            Literal::Text(text) => Value::Text(text),
        }
    }
}
