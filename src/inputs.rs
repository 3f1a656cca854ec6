//! health_inputs(VARIADIC "any") → jsonb: an account from name/value pairs and rows
//!
//! The object is written as JSON text and read by Postgres's own jsonb input, where a later key replaces an earlier one.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::account::parse_json;
use crate::arguments::Arguments;
use crate::datum::{Kind, varlena_bytes};
use crate::document::jsonb_text;
use crate::error::{Report, code};
use crate::row::Row;
use crate::sql_function;

sql_function! {
    fn health_inputs(arguments) {
        // SAFETY: flinfo is valid during the call.
        if unsafe { pg_sys::get_fn_expr_variadic(arguments.flinfo()) } {
            Report::new(code::FEATURE_NOT_SUPPORTED, "health_inputs() takes no VARIADIC array")
                .hint("Write the names and values one by one.")
                .raise();
        }
        let mut object = ObjectText::default();
        let mut at = 0;
        while at < arguments.count() {
            at += match Part::of(arguments, at) {
                Part::Row => merge_row(arguments, at, &mut object),
                Part::Json(kind) => merge_json(arguments, at, kind, &mut object),
                Part::Name => put_pair(arguments, at, &mut object),
            };
        }
        Some(parse_json(object.finish().as_bytes()))
    }
}

#[derive(Default)]
struct ObjectText {
    members: String,
}

impl ObjectText {
    fn put(&mut self, name: &str, value: &str) {
        self.comma();
        push_text(name, &mut self.members);
        self.members.push(':');
        self.members.push_str(value);
    }

    /// All members of another object, given as text.
    fn extend(&mut self, object: &str) {
        let inner = object.trim().trim_start_matches('{').strip_suffix('}').unwrap_or_default();
        if !inner.trim().is_empty() {
            self.comma();
            self.members.push_str(inner);
        }
    }

    fn comma(&mut self) {
        if !self.members.is_empty() {
            self.members.push(',');
        }
    }

    fn finish(self) -> String {
        format!("{{{}}}", self.members)
    }
}

/// A JSON string. Writing one cannot fail.
fn push_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonKind {
    Jsonb,
    Json,
}

enum Part {
    Row,
    Json(JsonKind),
    Name,
}

fn type_of(arguments: &Arguments, at: usize) -> pg_sys::Oid {
    // SAFETY: flinfo is valid during the call.
    unsafe { pg_sys::get_fn_expr_argtype(arguments.flinfo(), at as i32) }
}

/// jsonb or json, also below a domain.
fn json_kind(type_id: pg_sys::Oid) -> Option<JsonKind> {
    // SAFETY: a catalog look-up by Oid.
    match unsafe { pg_sys::getBaseType(type_id) } {
        pg_sys::JSONBOID => Some(JsonKind::Jsonb),
        pg_sys::JSONOID => Some(JsonKind::Json),
        _ => None,
    }
}

impl Part {
    fn of(arguments: &Arguments, at: usize) -> Part {
        let type_id = type_of(arguments, at);
        if let Some(kind) = json_kind(type_id) {
            return Part::Json(kind);
        }
        match Kind::of(type_id) {
            Kind::Text | Kind::Padded | Kind::Name => Part::Name,
            Kind::Other(_) if type_id == pg_sys::UNKNOWNOID => Part::Name,
            // SAFETY: a catalog look-up by Oid.
            Kind::Other(_) if unsafe { pg_sys::type_is_rowtype(type_id) } => Part::Row,
            _ => {
                let message = format!("argument {} of health_inputs() is neither a name nor a row", at + 1);
                Report::new(code::INVALID_PARAMETER, message)
                    .hint("Write name and value in turn: health_inputs('nps', nps, 'plan', plan), or pass rows.")
                    .raise()
            }
        }
    }
}

fn merge_row(arguments: &Arguments, at: usize, object: &mut ObjectText) -> usize {
    if let Some(datum) = arguments.datum(at) {
        // SAFETY: the argument's type is a row type.
        let row = unsafe { Row::from_datum(datum) };
        for (name, type_id, datum) in row.columns() {
            object.put(&name, &datum.map_or_else(|| "null".into(), |datum| datum_json(type_id, datum)));
        }
    }
    1
}

fn merge_json(arguments: &Arguments, at: usize, kind: JsonKind, object: &mut ObjectText) -> usize {
    if let Some(datum) = arguments.datum(at) {
        let text = json_text(kind, datum);
        if !text.trim_start().starts_with('{') {
            let message = format!("argument {} of health_inputs() is no JSON object", at + 1);
            Report::new(code::INVALID_PARAMETER, message)
                .hint("Merge objects and rows, or write name and value in turn.")
                .raise();
        }
        object.extend(&text);
    }
    1
}

fn put_pair(arguments: &Arguments, at: usize, object: &mut ObjectText) -> usize {
    let Some(name) = arguments.datum(at) else {
        let message = format!("argument {} of health_inputs() is a name and must not be null", at + 1);
        Report::new(code::INVALID_PARAMETER, message)
            .hint("Write name and value in turn: health_inputs('nps', nps).")
            .raise();
    };
    let name = match type_of(arguments, at) {
        // SAFETY: an unknown literal is a C string.
        pg_sys::UNKNOWNOID => unsafe { std::ffi::CStr::from_ptr(name.cast_mut_ptr()) }.to_string_lossy().into_owned(),
        // SAFETY: the kind was made from the argument's type.
        other => match unsafe { Kind::of(other).value(name) } {
            Value::Text(text) => text.to_owned(),
            _ => String::new(),
        },
    };
    if at + 1 >= arguments.count() {
        let report = Report::new(code::INVALID_PARAMETER, format!("health_inputs() has no value for {name:?}"));
        if name.trim_start().starts_with('{') {
            report.hint("Cast a JSON object: health_inputs('{…}'::jsonb).").raise();
        }
        report.hint("Write name and value in turn: health_inputs('nps', nps).").raise();
    }
    let type_id = type_of(arguments, at + 1);
    let value = arguments.datum(at + 1).map_or_else(|| "null".into(), |datum| datum_json(type_id, datum));
    object.put(&name, &value);
    2
}

fn json_text(kind: JsonKind, datum: pg_sys::Datum) -> String {
    // SAFETY: the datum is jsonb or json, both variable-length.
    let bytes = unsafe { varlena_bytes(datum) };
    match kind {
        JsonKind::Jsonb => jsonb_text(bytes),
        JsonKind::Json => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// A value as JSON that gives the engine what the row would have given it. No setting of the session plays a part:
/// numbers are exact, times are UTC. What no signal can read (NaN, infinite times, arrays) is put into an array, so that
/// it stays unreadable instead of turning into a text.
fn datum_json(type_id: pg_sys::Oid, datum: pg_sys::Datum) -> String {
    if let Some(kind) = json_kind(type_id) {
        return json_text(kind, datum);
    }
    let mut text = String::new();
    if type_id == pg_sys::UNKNOWNOID {
        // SAFETY: an unknown literal is a C string.
        push_text(&unsafe { std::ffi::CStr::from_ptr(datum.cast_mut_ptr()) }.to_string_lossy(), &mut text);
        return text;
    }
    let kind = Kind::of(type_id);
    // SAFETY: the kind was made from the datum's type.
    match unsafe { kind.value(datum) } {
        Value::Number(number) if number.is_finite() => match kind {
            Kind::Int8 | Kind::Numeric => text = output(type_id, datum),
            _ => Value::Number(number).write(&mut text),
        },
        Value::Bool(flag) => Value::Bool(flag).write(&mut text),
        Value::Missing => text.push_str("null"),
        Value::Number(_) | Value::Unusable(_) => {
            text.push('[');
            push_text(&output(type_id, datum), &mut text);
            text.push(']');
        }
        readable => {
            let mut plain = String::new();
            readable.write(&mut plain);
            push_text(&plain, &mut text);
        }
    }
    text
}

/// What the type's own output function writes.
fn output(type_id: pg_sys::Oid, datum: pg_sys::Datum) -> String {
    // SAFETY: the datum is of this type; output functions give C strings in the call's memory.
    unsafe {
        let (mut function, mut is_varlena) = (pg_sys::InvalidOid, false);
        pg_sys::getTypeOutputInfo(type_id, &mut function, &mut is_varlena);
        std::ffi::CStr::from_ptr(pg_sys::OidOutputFunctionCall(function, datum)).to_string_lossy().into_owned()
    }
}
