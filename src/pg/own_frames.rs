//! The CONTEXT of an error: which of the functions that are running belong to this extension. Lines about its insides
//! tell a user nothing, and hide the hint.

use std::ffi::CStr;

use pgrx::pg_sys;

/// Takes the frames of this extension's functions off the error context, up to the outermost one; those of the caller
/// stay. Only for an error that is raised at once: whoever catches it restores the stack.
///
/// The innermost frame is that of the running function ([`Watch`](super::memory::Watch)), which says nothing, and puts
/// back what lies behind it when it ends.
pub fn leave_own_frames() {
    // SAFETY: the stack belongs to this backend; its frames live as long as the functions that pushed them, which are
    // all running. An error that leaves the innermost function leaves the frames behind it that are taken off here.
    unsafe {
        let stack = pg_sys::error_context_stack;
        if stack.is_null() {
            return;
        }
        let mut rest = (*stack).previous;
        let mut frame = rest;
        while !frame.is_null() {
            let mut alone = pg_sys::ErrorContextCallback {
                previous: std::ptr::null_mut(),
                callback: (*frame).callback,
                arg: (*frame).arg,
            };
            pg_sys::error_context_stack = &raw mut alone;
            let text = pg_sys::GetErrorContextStack();
            pg_sys::error_context_stack = stack;
            if !text.is_null() && is_own(CStr::from_ptr(text).to_bytes()) {
                rest = (*frame).previous;
            }
            frame = (*frame).previous;
        }
        (*stack).previous = rest;
    }
}

/// Whether a line of PL/pgSQL names a function of this extension, in whatever language: `health_…(`.
fn is_own(line: &[u8]) -> bool {
    let Some(function) = line.split(|byte| *byte == b'\n').next() else { return false };
    // A frame of SPI quotes a statement, which may name anything.
    let name = function.split(|byte| *byte == b'(').next().unwrap_or_default();
    let word = name.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    function.len() > name.len()
        && !function.contains(&b'"')
        && (word.starts_with(b"health_") || word.windows(8).any(|part| part == b".health_"))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn frames_are_told_by_their_function() {
        for own in [
            "PL/pgSQL function health_model_save(text,jsonb,text,boolean) line 18 at SQL statement",
            "PL/pgSQL function public.health_model_guard() line 13 at PERFORM",
            "fonction PL/pgSQL health_score_internal.health_source_get(text), ligne 5",
        ] {
            assert!(is_own(own.as_bytes()), "{own}");
        }
        for other in [
            "SQL statement \"SELECT health_model_save('m', '{}')\"",
            "PL/pgSQL function nightly() line 3 at PERFORM",
            "PL/pgSQL function my_health_check(text) line 3 at PERFORM",
            "COPY health_model, line 1",
            "",
        ] {
            assert!(!is_own(other.as_bytes()), "{other}");
        }
    }
}
