//! health_inputs(VARIADIC "any") → jsonb: an account from name/value pairs and rows

use health_score_engine::Value;
use pgrx::{IntoDatum, JsonB, pg_sys};
use serde_json::{Map, Value as Json};

use crate::arguments::Arguments;
use crate::assess::value_json;
use crate::datum::{Kind, varlena_bytes};
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
        let mut object = Map::new();
        let mut at = 0;
        while at < arguments.count() {
            at += match Part::of(arguments, at) {
                Part::Row => merge_row(arguments, at, &mut object),
                Part::Jsonb => merge_jsonb(arguments, at, &mut object),
                Part::Name => put_pair(arguments, at, &mut object),
            };
        }
        JsonB(Json::Object(object)).into_datum()
    }
}

enum Part {
    Row,
    Jsonb,
    Name,
}

fn type_of(arguments: &Arguments, at: usize) -> pg_sys::Oid {
    // SAFETY: flinfo is valid during the call.
    unsafe { pg_sys::get_fn_expr_argtype(arguments.flinfo(), at as i32) }
}

impl Part {
    fn of(arguments: &Arguments, at: usize) -> Part {
        let type_id = type_of(arguments, at);
        match Kind::of(type_id) {
            Kind::Text | Kind::Padded | Kind::Name => Part::Name,
            Kind::Other(_) if type_id == pg_sys::UNKNOWNOID => Part::Name,
            // SAFETY: catalog look-ups by Oid.
            Kind::Other(_) if unsafe { pg_sys::getBaseType(type_id) } == pg_sys::JSONBOID => Part::Jsonb,
            // SAFETY: the same.
            Kind::Other(_) if unsafe { pg_sys::type_is_rowtype(type_id) } => Part::Row,
            _ => Report::new(
                code::INVALID_PARAMETER,
                format!("argument {} of health_inputs() is neither a name nor a row", at + 1),
            )
            .hint("Write name and value in turn: health_inputs('nps', nps, 'plan', plan), or pass rows.")
            .raise(),
        }
    }
}

fn merge_row(arguments: &Arguments, at: usize, object: &mut Map<String, Json>) -> usize {
    if let Some(datum) = arguments.datum(at) {
        // SAFETY: the argument's type is a row type.
        let row = unsafe { Row::from_datum(datum) };
        for (name, type_id, datum) in row.columns() {
            object.insert(name, datum.map_or(Json::Null, |datum| datum_json(type_id, datum)));
        }
    }
    1
}

fn merge_jsonb(arguments: &Arguments, at: usize, object: &mut Map<String, Json>) -> usize {
    if let Some(datum) = arguments.datum(at) {
        // SAFETY: the argument's type is jsonb.
        match crate::document::parse(unsafe { varlena_bytes(datum) }, "account") {
            Json::Object(more) => object.extend(more),
            _ => Report::new(
                code::INVALID_PARAMETER,
                format!("argument {} of health_inputs() is no JSON object", at + 1),
            )
            .hint("Merge objects and rows, or write name and value in turn.")
            .raise(),
        }
    }
    1
}

fn put_pair(arguments: &Arguments, at: usize, object: &mut Map<String, Json>) -> usize {
    let Some(name) = arguments.datum(at) else {
        Report::new(
            code::INVALID_PARAMETER,
            format!("argument {} of health_inputs() is a name and must not be null", at + 1),
        )
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
        Report::new(code::INVALID_PARAMETER, format!("health_inputs() has no value for {name:?}"))
            .hint("Write name and value in turn: health_inputs('nps', nps).")
            .raise();
    }
    let value = match arguments.datum(at + 1) {
        None => Json::Null,
        Some(datum) => datum_json(type_of(arguments, at + 1), datum),
    };
    object.insert(name, value);
    2
}

/// A value as the engine will read it back: numbers as doubles, times in UTC, so that no setting of the session
/// changes the result.
fn datum_json(type_id: pg_sys::Oid, datum: pg_sys::Datum) -> Json {
    // SAFETY: the type is the datum's own; output functions give C strings in the call's memory.
    unsafe {
        if type_id == pg_sys::UNKNOWNOID {
            return std::ffi::CStr::from_ptr(datum.cast_mut_ptr()).to_string_lossy().into();
        }
        if pg_sys::getBaseType(type_id) == pg_sys::JSONBOID {
            return crate::document::parse(varlena_bytes(datum), "value");
        }
        match Kind::of(type_id) {
            Kind::Other(_) => {
                let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
                pg_sys::getTypeOutputInfo(type_id, &mut output, &mut is_varlena);
                std::ffi::CStr::from_ptr(pg_sys::OidOutputFunctionCall(output, datum)).to_string_lossy().into()
            }
            kind => value_json(&kind.value(datum)),
        }
    }
}
