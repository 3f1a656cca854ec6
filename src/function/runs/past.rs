//! The past of an account as `<name>_recent` keeps it (a bytea, NULL for none), carried from run to run.
//!
//! health_past_make(times, scores, bands) → bytea; health_past_next(past, entered, as_of, score, band, since, held) → bytea;
//! health_past_compare(past, entered, as_of, score, held, window, tolerance) → row; and what a list holds at a time.

use health_score_engine::{Past, PastScore};
use pgrx::{IntoDatum, pg_sys};

use crate::pg::arguments::{Arguments, text_datum};
use crate::pg::error::{Report, code};
use crate::pg::fn_extra::kept;
use crate::pg::returning::{Returned, row};
use crate::sql_function;

/// The list in an argument; NULL is an empty one.
fn past<'a>(arguments: &Arguments, at: usize) -> Past<'a> {
    match arguments.payload(at) {
        None => Past::default(),
        Some(bytes) => Past::read(bytes).unwrap_or_else(|| {
            Report::new(code::INVALID_BINARY, "invalid list of past scores")
                .detail("The bytes are truncated, altered, or of another version of health_score.")
                .hint("DELETE FROM the table <source>_recent: the next refresh reads the history instead.")
                .raise()
        }),
    }
}

fn written(past: &Past) -> Option<pg_sys::Datum> {
    let mut bytes = Vec::new();
    past.write(&mut bytes);
    bytes.as_slice().into_datum()
}

fn times(arguments: &Arguments, at: usize) -> Vec<i64> {
    // An array begins with the number of its dimensions: mostly it is empty, and need not be taken apart.
    if arguments.payload(at).is_none_or(|array| array.starts_with(&0_i32.to_ne_bytes())) {
        return Vec::new();
    }
    arguments.get::<Vec<Option<i64>>>(at).unwrap_or_default().into_iter().flatten().collect()
}

sql_function! {
    /// Rows in any order, as three arrays of one length.
    fn health_past_make(arguments) {
        let times: Vec<Option<i64>> = arguments.get(0)?;
        let scores: Vec<Option<f64>> = arguments.get(1)?;
        let bands: Vec<Option<String>> = arguments.get(2)?;
        let rows = times.iter().zip(&scores).zip(&bands);
        let rows = rows.filter_map(|((at, score), band)| {
            Some(PastScore { at: (*at)?, score: *score, band: band.as_deref() })
        });
        written(&Past::of(rows.collect()))
    }
}

/// The list as of the score in arguments 2 to 4.
fn joined<'a>(arguments: &Arguments, band: Option<&'a str>, held: usize) -> Option<Past<'a>> {
    let new = PastScore { at: arguments.get(2)?, score: arguments.get(3), band };
    Some(past(arguments, 0).joined(past(arguments, 1), new, &times(arguments, held)))
}

sql_function! {
    fn health_past_next(arguments) {
        let since: i64 = arguments.get(5)?;
        written(&joined(arguments, arguments.text(4), 6)?.trimmed(since))
    }
}

sql_function! {
    fn health_past_compare(arguments) {
        let row_type = kept(arguments, Returned::default).row_type(arguments, 4);
        let compared = joined(arguments, None, 4)?.compared(arguments.get(5)?, arguments.get(6)?)?;
        let before = compared.before;
        let change = before.and_then(|before| Some(arguments.get::<f64>(3)? - before.score?));
        Some(row(row_type, [
            compared.trend.and_then(|trend| text_datum(trend.as_str())),
            change.into_datum(),
            before.map(|before| before.at).into_datum(),
            before.and_then(|before| before.band).and_then(text_datum),
        ]))
    }
}

sql_function! {
    fn health_past_has(arguments) {
        past(arguments, 0).at(arguments.get(1)?).is_some().into_datum()
    }
}

sql_function! {
    fn health_past_score(arguments) {
        past(arguments, 0).at(arguments.get(1)?)?.score.into_datum()
    }
}

sql_function! {
    fn health_past_band(arguments) {
        text_datum(past(arguments, 0).at(arguments.get(1)?)?.band?)
    }
}

sql_function! {
    /// The time of the first score from a time on.
    fn health_past_first(arguments) {
        past(arguments, 0).first(arguments.get(1)?)?.at.into_datum()
    }
}

sql_function! {
    /// The trend from a time on.
    fn health_past_trend(arguments) {
        text_datum(past(arguments, 0).trend(arguments.get(1)?, arguments.get(2)?)?.as_str())
    }
}
