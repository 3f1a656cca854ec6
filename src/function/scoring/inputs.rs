//! health_inputs(VARIADIC "any") → jsonb: an account from name/value pairs and rows
//!
//! Written directly in jsonb's binary form, where a later key replaces an earlier one.

use health_score_engine::Value;
use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::composite::Composite;
use crate::pg::datum::{DatumKind, output, varlena_bytes};
use crate::pg::error::{Report, code, quoted};
use crate::pg::json::text::parse_jsonb;
use crate::pg::json::write::JsonbWriter;
use crate::pg::memory::require_room_if_large;
use crate::sql_function;

sql_function! {
    fn health_inputs(arguments) {
        // SAFETY: flinfo is valid during the call.
        if unsafe { pg_sys::get_fn_expr_variadic(arguments.flinfo()) } {
            Report::new(code::FEATURE_NOT_SUPPORTED, "health_inputs() takes no VARIADIC array")
                .hint("Write the names and values one by one.")
                .raise();
        }
        let mut object = JsonbWriter::default();
        object.begin_object();
        let mut at = 0;
        while at < arguments.count() {
            at += match Part::of(arguments, at) {
                Part::Row => merge_row(arguments, at, &mut object),
                Part::Json(kind) => merge_json(arguments, at, kind, &mut object),
                Part::Name => put_pair(arguments, at, &mut object),
            };
        }
        object.end();
        Some(object.to_datum())
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

/// jsonb or json, or a domain over one of them.
fn json_kind(type_id: pg_sys::Oid) -> Option<JsonKind> {
    // Called for every value. None of Postgres's built-in base types is a domain.
    const FIRST_DOMAIN: u32 = 10_000;
    let base = match type_id.to_u32() {
        // SAFETY: a catalog look-up by Oid.
        FIRST_DOMAIN.. => unsafe { pg_sys::getBaseType(type_id) },
        _ => type_id,
    };
    match base {
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
        match DatumKind::of(type_id) {
            DatumKind::Text | DatumKind::Padded | DatumKind::Name => Part::Name,
            DatumKind::Other(_) if type_id == pg_sys::UNKNOWNOID => Part::Name,
            // SAFETY: a catalog look-up by Oid.
            DatumKind::Other(_) if unsafe { pg_sys::type_is_rowtype(type_id) } => Part::Row,
            _ => {
                let message = format!("argument {} of health_inputs() is neither a name nor a row", at + 1);
                Report::new(code::INVALID_PARAMETER, message)
                    .hint("Write name and value in turn: health_inputs('nps', nps, 'plan', plan), or pass rows.")
                    .raise()
            }
        }
    }
}

fn merge_row(arguments: &Arguments, at: usize, object: &mut JsonbWriter) -> usize {
    if let Some(datum) = arguments.datum(at) {
        // SAFETY: the argument's type is a row type.
        let row = unsafe { Composite::from_datum(datum) };
        for (name, type_id, datum) in row.columns() {
            put(object, &name, type_id, datum);
        }
    }
    1
}

fn merge_json(arguments: &Arguments, at: usize, kind: JsonKind, object: &mut JsonbWriter) -> usize {
    if let Some(datum) = arguments.datum(at)
        && !object.members(jsonb_bytes(kind, datum))
    {
        let message = format!("argument {} of health_inputs() is not a JSON object", at + 1);
        Report::new(code::INVALID_PARAMETER, message)
            .hint("Merge objects and rows, or write name and value in turn.")
            .raise();
    }
    1
}

fn put_pair(arguments: &Arguments, at: usize, object: &mut JsonbWriter) -> usize {
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
        other => match unsafe { DatumKind::of(other).value(name) } {
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

/// A value as JSON that the engine reads like the value in a row. No setting of the session matters: numbers are exact,
/// times are UTC.
fn put(object: &mut JsonbWriter, name: &str, type_id: pg_sys::Oid, datum: Option<pg_sys::Datum>) {
    object.key(name);
    let Some(datum) = datum else { return object.null() };
    if let Some(kind) = json_kind(type_id) {
        return object.jsonb(jsonb_bytes(kind, datum));
    }
    if type_id == pg_sys::UNKNOWNOID {
        // SAFETY: an unknown literal is a C string.
        return object.string(&unsafe { std::ffi::CStr::from_ptr(datum.cast_mut_ptr()) }.to_string_lossy());
    }
    let kind = DatumKind::of(type_id);
    // SAFETY: the kind was made from the datum's type.
    match (kind, unsafe { kind.value(datum) }) {
        (DatumKind::Int8 | DatumKind::Numeric, Value::Number(number)) if number.is_finite() => {
            object.decimal(&output(type_id, datum));
        }
        (_, value) => object.input(&value),
    }
}

fn jsonb_bytes<'a>(kind: JsonKind, datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the datum is jsonb or json, both variable-length, and so is what jsonb_in makes of json.
    unsafe {
        let bytes = varlena_bytes(datum);
        match kind {
            JsonKind::Jsonb => bytes,
            JsonKind::Json => {
                require_room_if_large(bytes.len());
                varlena_bytes(parse_jsonb(bytes.to_vec()))
            }
        }
    }
}
