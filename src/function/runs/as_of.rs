//! health_as_of() → timestamptz: the time that a refresh runs for, else the transaction's time

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::pg::as_of::{timestamp_of, transaction_timestamp};
use crate::sql_function;

/// Set by a refresh for its transaction, or by a user for a session.
const AS_OF: &CStr = c"health_score.as_of";

sql_function! {
    fn health_as_of(arguments) {
        let _ = arguments;
        // SAFETY: a read of backend state, missing settings allowed; the string lives until the setting changes.
        let setting = unsafe { pg_sys::GetConfigOption(AS_OF.as_ptr(), true, false) };
        // SAFETY: null, or a C string.
        let setting = (!setting.is_null()).then(|| unsafe { CStr::from_ptr(setting) }).filter(|text| !text.is_empty());
        Some(pg_sys::Datum::from(setting.map_or_else(transaction_timestamp, timestamp_of)))
    }
}
