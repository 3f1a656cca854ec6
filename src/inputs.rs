//! health_inputs(VARIADIC "any") → jsonb: an account from name/value pairs and rows
//!
//! The object is written as JSON text and read by Postgres's own jsonb input, where a later key replaces an earlier one.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::arguments::Arguments;
use crate::datum::{Kind, output, varlena_bytes};
use crate::document::jsonb_text;
use crate::error::{Report, code, quoted};
use crate::json_text::{JsonText, push_input, push_string};
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
        let mut object = JsonText::default();
        object.begin('{');
        let mut at = 0;
        while at < arguments.count() {
            at += match Part::of(arguments, at) {
                Part::Row => merge_row(arguments, at, &mut object),
                Part::Json(kind) => merge_json(arguments, at, kind, &mut object),
                Part::Name => put_pair(arguments, at, &mut object),
            };
        }
        object.end('}');
        Some(object.into_jsonb())
    }
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
        let type_id = arguments.type_of(at);
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

fn merge_row(arguments: &Arguments, at: usize, object: &mut JsonText) -> usize {
    if let Some(datum) = arguments.datum(at) {
        // SAFETY: the argument's type is a row type.
        let row = unsafe { Row::from_datum(datum) };
        for (name, type_id, datum) in row.columns() {
            put(object, &name, type_id, datum);
        }
    }
    1
}

fn merge_json(arguments: &Arguments, at: usize, kind: JsonKind, object: &mut JsonText) -> usize {
    if let Some(datum) = arguments.datum(at) {
        let text = json_text(kind, datum);
        if !text.trim_start().starts_with('{') {
            let message = format!("argument {} of health_inputs() is no JSON object", at + 1);
            Report::new(code::INVALID_PARAMETER, message)
                .hint("Merge objects and rows, or write name and value in turn.")
                .raise();
        }
        object.members(&text);
    }
    1
}

fn put_pair(arguments: &Arguments, at: usize, object: &mut JsonText) -> usize {
    let Some(name) = arguments.datum(at) else {
        let message = format!("argument {} of health_inputs() is a name and must not be null", at + 1);
        Report::new(code::INVALID_PARAMETER, message)
            .hint("Write name and value in turn: health_inputs('nps', nps).")
            .raise();
    };
    let name = match arguments.type_of(at) {
        // SAFETY: an unknown literal is a C string.
        pg_sys::UNKNOWNOID => unsafe { std::ffi::CStr::from_ptr(name.cast_mut_ptr()) }.to_string_lossy().into_owned(),
        // SAFETY: the kind was made from the argument's type.
        other => match unsafe { Kind::of(other).value(name) } {
            Value::Text(text) => text.to_owned(),
            _ => String::new(),
        },
    };
    if at + 1 >= arguments.count() {
        let report =
            Report::new(code::INVALID_PARAMETER, format!("health_inputs() has no value for {}", quoted(&name)));
        if name.trim_start().starts_with('{') {
            report.hint("Cast a JSON object: health_inputs('{…}'::jsonb).").raise();
        }
        report.hint("Write name and value in turn: health_inputs('nps', nps).").raise();
    }
    let type_id = arguments.type_of(at + 1);
    put(object, &name, type_id, arguments.datum(at + 1));
    2
}

fn put(object: &mut JsonText, name: &str, type_id: pg_sys::Oid, datum: Option<pg_sys::Datum>) {
    object.key(name);
    match datum {
        Some(datum) => object.text.push_str(&datum_json(type_id, datum)),
        None => object.text.push_str("null"),
    }
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
/// numbers are exact, times are UTC.
fn datum_json(type_id: pg_sys::Oid, datum: pg_sys::Datum) -> String {
    if let Some(kind) = json_kind(type_id) {
        return json_text(kind, datum);
    }
    let mut text = String::new();
    if type_id == pg_sys::UNKNOWNOID {
        // SAFETY: an unknown literal is a C string.
        push_string(&unsafe { std::ffi::CStr::from_ptr(datum.cast_mut_ptr()) }.to_string_lossy(), &mut text);
        return text;
    }
    let kind = Kind::of(type_id);
    // SAFETY: the kind was made from the datum's type.
    match (kind, unsafe { kind.value(datum) }) {
        (Kind::Int8 | Kind::Numeric, Value::Number(number)) if number.is_finite() => output(type_id, datum),
        (_, value) => {
            push_input(&value, &mut text);
            text
        }
    }
}
