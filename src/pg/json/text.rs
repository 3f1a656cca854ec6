//! jsonb from JSON text and to it, by Postgres's own functions; and a jsonb datum from its payload.

use pgrx::pg_sys;
use serde_json::Value as Json;

use crate::pg::error::{Report, code};

/// A jsonb datum from JSON text, by jsonb's input function with its checks and errors.
pub fn parse_jsonb(text: Vec<u8>) -> pg_sys::Datum {
    let Ok(text) = std::ffi::CString::new(text) else {
        Report::new(code::INVALID_PARAMETER, "the account is not JSON").hint("Remove the zero byte.").raise();
    };
    // SAFETY: jsonb_in reads a C string and never returns NULL; what it allocates belongs to the call's memory.
    let jsonb =
        unsafe { pgrx::direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(pg_sys::Datum::from(text.as_ptr()))]) };
    jsonb.unwrap_or_else(|| unreachable!("jsonb_in gives a value or an error"))
}

/// A jsonb datum of a JSON value.
pub fn jsonb_of(json: &Json) -> pg_sys::Datum {
    parse_jsonb(json.to_string().into_bytes())
}

/// The text of a jsonb, from its payload.
pub fn jsonb_text(payload: &[u8]) -> String {
    // SAFETY: the payload of a jsonb begins with its root container; the copy is palloc'd, so aligned, and freed with
    // the call's memory. JsonbToCString gives a C string; how deep it goes was bounded when the jsonb was read.
    unsafe {
        let copy: *mut u8 = pg_sys::palloc(payload.len()).cast();
        std::ptr::copy_nonoverlapping(payload.as_ptr(), copy, payload.len());
        let text = pg_sys::JsonbToCString(std::ptr::null_mut(), copy.cast(), payload.len() as i32);
        std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

/// A jsonb datum from its payload, in the call's memory.
pub fn jsonb_datum(payload: &[u8]) -> pg_sys::Datum {
    let size = pg_sys::VARHDRSZ + payload.len();
    // SAFETY: palloc gives `size` bytes or an error; header and payload fill them.
    unsafe {
        let varlena: *mut pg_sys::varlena = pg_sys::palloc(size).cast();
        pgrx::set_varsize_4b(varlena, size as i32);
        std::ptr::copy_nonoverlapping(payload.as_ptr(), varlena.cast::<u8>().add(pg_sys::VARHDRSZ), payload.len());
        pg_sys::Datum::from(varlena)
    }
}
