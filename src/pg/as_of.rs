//! The time that a score is computed for: `as_of` arguments, and the transaction's time where there is none.

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::datum::instant;
use crate::pg::error::{Report, code};

/// The `as_of` in an argument, none where the argument is NULL.
#[inline]
pub fn given_as_of(arguments: &Arguments, at: usize) -> Option<i64> {
    arguments.datum(at).map(|datum| finite_as_of(datum.value() as i64))
}

pub fn as_of_or_now(arguments: &Arguments, at: usize) -> i64 {
    given_as_of(arguments, at).unwrap_or_else(now)
}

/// A timestamptz as an `as_of`.
#[inline]
pub fn finite_as_of(timestamp: i64) -> i64 {
    instant(timestamp).unwrap_or_else(|| {
        Report::new(code::INVALID_PARAMETER, "as_of must be a finite time")
            .hint("Pass a time, for example now().")
            .raise()
    })
}

/// The transaction's now().
pub fn now() -> i64 {
    // A transaction's time is finite.
    instant(transaction_timestamp()).unwrap_or_default()
}

/// The same as a timestamptz.
pub fn transaction_timestamp() -> i64 {
    // SAFETY: a read of backend state.
    unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }
}

/// The timestamptz that a cast of the text gives, or the error of the cast.
pub fn timestamp_of(text: &CStr) -> i64 {
    let arguments = [
        Some(pg_sys::Datum::from(text.as_ptr())),
        Some(pg_sys::Datum::from(pg_sys::InvalidOid)),
        Some(pg_sys::Datum::from(-1i32)),
    ];
    // SAFETY: timestamptz_in takes a C string, the type's Oid, which it does not use, and a typmod.
    let datum = unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_in, &arguments) };
    datum.map_or_else(|| unreachable!("timestamptz_in gives a value or an error"), |datum| datum.value() as i64)
}
