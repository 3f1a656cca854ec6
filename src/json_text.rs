//! Writing JSON text for Postgres's own jsonb input.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::error::{Report, code};

/// One JSON object after the other, or a list of them, in one text.
#[derive(Default)]
pub struct JsonText {
    pub text: String,
}

impl JsonText {
    /// Where a member or element goes: after a comma, unless it is the first.
    fn separate(&mut self) {
        if !matches!(self.text.as_bytes().last(), None | Some(b'{' | b'[')) {
            self.text.push(',');
        }
    }

    pub fn begin(&mut self, bracket: char) {
        self.separate();
        self.text.push(bracket);
    }

    pub fn end(&mut self, bracket: char) {
        self.text.push(bracket);
    }

    pub fn key(&mut self, key: &str) {
        self.separate();
        push_string(key, &mut self.text);
        self.text.push(':');
    }

    /// A member with a text, unless there is none.
    pub fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(key);
            push_string(value, &mut self.text);
        }
    }

    pub fn number(&mut self, key: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.key(key);
            Value::Number(value).write(&mut self.text);
        }
    }

    /// Numbers and booleans keep their kind; all else is text.
    pub fn value(&mut self, key: &str, value: &Value) {
        match value {
            Value::Missing => {}
            Value::Number(number) if number.is_finite() => self.number(key, Some(*number)),
            Value::Bool(_) => {
                self.key(key);
                value.write(&mut self.text);
            }
            Value::Text(text) => self.text(key, Some(text)),
            other => {
                let mut written = String::new();
                other.write(&mut written);
                self.text(key, Some(&written));
            }
        }
    }

    /// A member of an account, so that the engine reads it as it was: what no signal can read (NaN, arrays) goes into an
    /// array, so that it stays unreadable instead of turning into a text.
    pub fn input(&mut self, key: &str, value: &Value) {
        self.key(key);
        push_input(value, &mut self.text);
    }

    /// All members of another object, given as text.
    pub fn members(&mut self, object: &str) {
        let inner = object.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        if !inner.trim().is_empty() {
            self.separate();
            self.text.push_str(inner);
        }
    }

    pub fn into_jsonb(self) -> pg_sys::Datum {
        parse_jsonb(self.text.into_bytes())
    }
}

/// See [`JsonText::input`].
pub fn push_input(value: &Value, out: &mut String) {
    match value {
        Value::Missing => out.push_str("null"),
        Value::Bool(_) => value.write(out),
        Value::Number(number) if number.is_finite() => value.write(out),
        other => {
            let mut plain = String::new();
            other.write(&mut plain);
            let unreadable = matches!(other, Value::Number(_) | Value::Unusable(_));
            out.push_str(if unreadable { "[" } else { "" });
            push_string(&plain, out);
            out.push_str(if unreadable { "]" } else { "" });
        }
    }
}

/// A JSON string. What needs no escape, almost everything, is copied.
pub fn push_string(string: &str, out: &mut String) {
    out.push('"');
    for character in string.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", control as u32)),
            plain => out.push(plain),
        }
    }
    out.push('"');
}

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
