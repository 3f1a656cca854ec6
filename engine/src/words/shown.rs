//! One value of a signal as people read it: short, rounded, with its unit. Never for anything that is computed with.

use std::borrow::Cow;

use crate::base::number::MINUS;
use crate::base::time::DAY;
use crate::base::value::Value;
use crate::signal::definition::Signal;
use crate::signal::reading::Status;

/// The most characters of a text that are shown.
const LONGEST: usize = 60;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    text: String,
    /// None where the value has none, or where a unit makes no sense.
    unit: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// The value of a signal at a time, or the reason why the value did not count.
    pub fn of(signal: &'a Signal, status: Option<Status>, value: &Value, as_of: i64) -> Shown<'a> {
        let unit = signal.unit.as_deref();
        let (text, unit) = match (status, value) {
            (None | Some(Status::Missing | Status::Default), _) => ("no value".into(), None),
            (Some(Status::Stale), _) => ("out of date".into(), None),
            (Some(Status::Invalid), _) => ("unreadable".into(), None),
            (Some(Status::Ok), Value::Bool(flag)) => (if *flag { "yes" } else { "no" }.into(), None),
            (Some(Status::Ok), Value::Number(value)) => (readable(*value), unit),
            (Some(Status::Ok), value) => match value.as_time().filter(|_| signal.measures_age()) {
                Some(at) => (age(as_of.saturating_sub(at)), None),
                None => (text(value), unit),
            },
        };
        Shown { text, unit }
    }

    /// The two values of a cross.
    pub fn pair(status: Option<Status>, first: &Value, second: &Value) -> Shown<'a> {
        let text = match status {
            Some(Status::Ok) => format!("{} with {}", plainly(first), plainly(second)),
            Some(Status::Stale) => "out of date".into(),
            Some(Status::Invalid) => "unreadable".into(),
            _ => "no value".into(),
        };
        Shown { text, unit: None }
    }

    pub fn with_unit(&self) -> Cow<'_, str> {
        match self.unit {
            Some(unit) => Cow::Owned(format!("{} {unit}", self.text)),
            None => Cow::Borrowed(&self.text),
        }
    }

    /// From one value to the other; without the arrow where both look the same.
    pub fn to(&self, after: &Shown) -> String {
        if self.text == after.text {
            after.with_unit().into_owned()
        } else if self.unit == after.unit {
            format!("{} → {}", self.text, after.with_unit())
        } else {
            format!("{} → {}", self.with_unit(), after.with_unit())
        }
    }
}

/// A value without its signal.
pub(crate) fn plainly(value: &Value) -> String {
    match value {
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.into(),
        Value::Number(value) => readable(*value),
        other => text(other),
    }
}

/// Whole days.
fn age(micros: i64) -> String {
    let days = micros / DAY as i64;
    match days {
        0 => "today".into(),
        1.. => format!("{} ago", in_days(days)),
        _ => format!("in {}", in_days(-days)),
    }
}

pub(crate) fn in_days(days: i64) -> String {
    if days == 1 { "1 day".into() } else { format!("{days} days") }
}

/// On one line, and cut where it is long.
fn text(value: &Value) -> String {
    let written = value.written();
    let mut characters = written.chars().map(|character| if character.is_control() { ' ' } else { character });
    let mut text: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        text.push('…');
    }
    text
}

/// At most two decimals, more where three digits need them.
fn readable(value: f64) -> String {
    let size = value.abs();
    let digits = if value.fract() == 0.0 && size < 1e15 {
        format!("{size:.0}")
    } else if (1e-4..1e15).contains(&size) {
        let leading = size.log10().floor() as i32;
        let decimals = (2 - leading).max(2) as usize;
        let digits = format!("{size:.decimals$}");
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        format!("{size:.2e}")
    };
    if value < 0.0 { format!("{MINUS}{digits}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_what_people_read() {
        for (value, shown) in [
            (0.0, "0"),
            (-0.0, "0"),
            (42.0, "42"),
            (-7.0, "−7"),
            (4.8, "4.8"),
            (12.3456, "12.35"),
            (1234.5678, "1234.57"),
            (999.999, "1000"),
            (0.5, "0.5"),
            (0.123_456, "0.123"),
            (-0.012_345, "−0.0123"),
            (0.000_999_999, "0.001"),
            (1e-4, "0.0001"),
            (1.234_56e-5, "1.23e-5"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1.00e15"),
            (f64::MAX, "1.80e308"),
        ] {
            assert_eq!(readable(value), shown);
        }
    }

    #[test]
    fn texts_are_short_and_on_one_line() {
        assert_eq!(text(&Value::Text("a\tb\nc")), "a b c");
        let long = "é".repeat(61);
        assert_eq!(text(&Value::Text(&long)), format!("{}…", "é".repeat(60)));
        assert_eq!(text(&Value::Text(&long[2..])), "é".repeat(60));
    }

    #[test]
    fn ages_are_whole_days() {
        let hour = DAY as i64 / 24;
        let ages =
            [(0, "today"), (23, "today"), (-23, "today"), (24, "1 day ago"), (300, "12 days ago"), (-120, "in 5 days")];
        for (hours, shown) in ages {
            assert_eq!(age(hours * hour), shown);
        }
        assert_eq!(age(i64::MIN), "in 106751991 days");
    }
}
