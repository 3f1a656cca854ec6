//! health_explain(model, account …) and health_explain(model, account, before …) → text: a score, or its change, in words

use std::ffi::CString;

use health_score_engine::{Assessment, Comparison};
use pgrx::pg_sys;

use crate::account::call_site::{CallSite, Identity, Purpose, SideArgument};
use crate::pg::arguments::{Arguments, text_datum};
use crate::pg::as_of::{finite_as_of, given_as_of, timestamp_of};
use crate::sql_function;

sql_function! {
    fn health_explain(arguments) {
        CallSite::of(arguments).assess(arguments, Purpose::Explain, explained)?
    }
}

sql_function! {
    fn health_explain_before(arguments) {
        compared(arguments, given_as_of(arguments, 3), given_as_of(arguments, 4))
    }
}

sql_function! {
    /// For a literal as the third argument, which Postgres reads as text: a JSON object is the account before; anything
    /// else is as_of, as in health_score().
    fn health_explain_literal(arguments) {
        if is_object(arguments.text(2)?) {
            return compared(arguments, given_as_of(arguments, 3), given_as_of(arguments, 4));
        }
        CallSite::of(arguments).assess_at(arguments, Purpose::Explain, literal_as_of(arguments, 2), None, explained)?
    }
}

sql_function! {
    /// For literals as the third and the fourth argument: the account before and as_of, or as_of and segment.
    fn health_explain_literals(arguments) {
        if arguments.text(2).is_some_and(is_object) {
            return compared(arguments, literal_as_of(arguments, 3), None);
        }
        let segment = arguments.text(3);
        CallSite::of(arguments).assess_at(arguments, Purpose::Explain, literal_as_of(arguments, 2), segment, explained)?
    }
}

fn explained(mut assessment: Assessment, _: Identity) -> Option<pg_sys::Datum> {
    text_datum(&assessment.explain())
}

fn compared(arguments: &Arguments, as_of: Option<i64>, before_as_of: Option<i64>) -> Option<pg_sys::Datum> {
    let after = SideArgument { account: 1, as_of };
    let before = SideArgument { account: 2, as_of: before_as_of };
    let explained = |mut comparison: Comparison| text_datum(&comparison.explain());
    CallSite::of(arguments).compare(arguments, before, after, explained)?
}

fn is_object(literal: &str) -> bool {
    literal.trim_start().starts_with('{')
}

fn literal_as_of(arguments: &Arguments, at: usize) -> Option<i64> {
    let literal = CString::new(arguments.text(at)?).unwrap_or_default();
    Some(finite_as_of(timestamp_of(&literal)))
}
