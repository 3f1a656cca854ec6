//! health_explain(model, account …) and health_explain(model, account, before …) → text: a score, or its change, in words

use health_score_engine::{Assessment, Comparison};
use pgrx::pg_sys;

use crate::account::call_site::{Identity, Purpose, SideArgument, Site, finite_as_of, given_as_of};
use crate::pg::arguments::{Arguments, text_datum, text_of};
use crate::sql_function;

sql_function! {
    fn health_explain(arguments) {
        Site::of(arguments).assess(arguments, Purpose::Explain, explained)?
    }
}

sql_function! {
    fn health_explain_before(arguments) {
        compared(arguments, given_as_of(arguments, 3), given_as_of(arguments, 4))
    }
}

sql_function! {
    /// For a literal in the third place, which Postgres takes for text: an object is the account before, as its neighbour's
    /// literal would be; anything else is as_of, as in health_score().
    fn health_explain_literal(arguments) {
        if is_object(text_of(arguments.datum(2)?)) {
            return compared(arguments, given_as_of(arguments, 3), given_as_of(arguments, 4));
        }
        Site::of(arguments).assess_at(arguments, Purpose::Explain, literal_as_of(arguments, 2), None, explained)?
    }
}

sql_function! {
    /// For literals in the third and fourth place: the account before and as_of, or as_of and segment.
    fn health_explain_literals(arguments) {
        if arguments.datum(2).is_some_and(|literal| is_object(text_of(literal))) {
            return compared(arguments, literal_as_of(arguments, 3), None);
        }
        let segment = arguments.datum(3).map(text_of);
        Site::of(arguments).assess_at(arguments, Purpose::Explain, literal_as_of(arguments, 2), segment, explained)?
    }
}

fn explained(mut assessment: Assessment, _: Identity) -> Option<pg_sys::Datum> {
    text_datum(&assessment.explain())
}

fn compared(arguments: &Arguments, as_of: Option<i64>, before_as_of: Option<i64>) -> Option<pg_sys::Datum> {
    let after = SideArgument { account: 1, as_of };
    let before = SideArgument { account: 2, as_of: before_as_of };
    let explained = |mut comparison: Comparison| text_datum(&comparison.explain());
    Site::of(arguments).compare(arguments, before, after, explained)?
}

fn is_object(literal: &str) -> bool {
    literal.trim_start().starts_with('{')
}

fn literal_as_of(arguments: &Arguments, at: usize) -> Option<i64> {
    arguments.datum(at).map(|literal| finite_as_of(timestamp(text_of(literal))))
}

/// What a cast to timestamptz gives, or its error.
fn timestamp(literal: &str) -> i64 {
    let literal = std::ffi::CString::new(literal).unwrap_or_default();
    let arguments = [
        Some(pg_sys::Datum::from(literal.as_ptr())),
        Some(pg_sys::Datum::from(pg_sys::InvalidOid)),
        Some(pg_sys::Datum::from(-1i32)),
    ];
    // SAFETY: timestamptz_in takes a C string, the type's Oid, which it does not use, and a typmod; it returns a value or
    // raises.
    let datum = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_in, &arguments) };
    datum.map_or(i64::MAX, |datum| datum.value() as i64)
}
