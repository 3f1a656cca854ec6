//! jsonb from JSON text, by Postgres's own input function.

use pgrx::pg_sys;

use crate::pg::error::{Report, code};

/// A jsonb datum from JSON text, by jsonb's input function with its checks and errors.
pub fn parse_jsonb(text: Vec<u8>) -> pg_sys::Datum {
    let Ok(text) = std::ffi::CString::new(text) else {
        Report::new(code::INVALID_PARAMETER, "the account is not JSON").hint("It has a zero byte.").raise();
    };
    // SAFETY: jsonb_in reads a C string and never returns NULL; what it allocates belongs to the call's memory.
    let jsonb =
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(text.as_ptr()))]) };
    jsonb.unwrap_or_else(|| unreachable!("jsonb_in gives a value or an error"))
}
