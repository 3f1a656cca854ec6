//! What a refresh needs that SQL cannot do: the time it runs for, and whether it may commit. Nothing is scored here.

use pgrx::pg_sys;

use crate::pg::error::{Report, code};
use crate::sql_function;

/// Set by a refresh for its transaction, or by a user for a session.
const AS_OF: &std::ffi::CStr = c"health_score.as_of";

sql_function! {
    fn health_as_of(arguments) {
        let _ = arguments;
        // SAFETY: a read of backend state, missing settings allowed; the string lives until the setting changes.
        let setting = unsafe { pg_sys::GetConfigOption(AS_OF.as_ptr(), true, false) };
        // SAFETY: null, or a C string.
        if setting.is_null() || unsafe { *setting } == 0 {
            // SAFETY: a read of backend state.
            return Some(pg_sys::Datum::from(unsafe { pg_sys::GetCurrentTransactionStartTimestamp() }));
        }
        let arguments = [Some(pg_sys::Datum::from(setting)), Some(pg_sys::Datum::from(0)), Some(pg_sys::Datum::from(-1i32))];
        // SAFETY: timestamptz_in reads a C string, a type and a typmod; it gives a value or an error.
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::timestamptz_in, &arguments) }
    }
}

sql_function! {
    fn health_refresh_outside_transaction(arguments) {
        // SAFETY: fcinfo is valid; its context is null or a node, whose tag is checked before it is cast.
        let may_commit = unsafe {
            let context = (*arguments.fcinfo()).context;
            !context.is_null() && (*context).type_ == pg_sys::NodeTag::T_CallContext && !(*context.cast::<pg_sys::CallContext>()).atomic
        };
        if !may_commit {
            Report::new(code::ACTIVE_TRANSACTION, "a refresh cannot run inside a transaction block or a function")
                .detail("It commits as it goes.")
                .hint("CALL it as a statement of its own: in a dbt hook {\"sql\": \"CALL health_refresh('crm')\", \"transaction\": false}, in pg_cron as a job's only statement. From a trigger call health_refresh_account().")
                .raise();
        }
        None
    }
}
