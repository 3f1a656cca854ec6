//! An account as jsonb and as JSON text: bytes of any kind are read without a panic, and valid JSON gives the same
//! values by either reader.
//!
//! The bytes: JSON text, a zero, then mistakes of three bytes each, a place and what is there. Bytes that are not JSON
//! are read as jsonb.

use health_score_engine::Value;
use serde_json::Value as Json;

use crate::jsonb_bytes::write;
use crate::pg::json::flat;
use crate::pg::json::jsonb::{self, Keys, LastKeys};
use crate::pg::numeric::numeric_value;

const NAMES: [&str; 6] = ["a", "b", "nps", "logins_30d", "a name of some length", "plan"];

pub fn run(bytes: &[u8]) {
    let (text, mistakes) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[][..]),
    };
    let parsed: Option<Json> = serde_json::from_slice(text).ok();
    read_text(text, parsed.as_ref());
    match parsed.as_ref().and_then(write) {
        Some(mut binary) => {
            if mistakes.is_empty() {
                read_true(&binary, parsed.as_ref().unwrap_or(&Json::Null));
            }
            for mistake in mistakes.chunks_exact(3) {
                let at = usize::from(mistake[0]) | usize::from(mistake[1]) << 8;
                let length = binary.len();
                binary[at % length] = mistake[2];
            }
            read_any(&binary);
        }
        None => read_any(bytes),
    }
}

fn keys(json: Option<&Json>) -> (Keys, Vec<String>) {
    let of_the_object = json.and_then(Json::as_object).into_iter().flat_map(|map| map.keys().step_by(2).cloned());
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).chain(of_the_object).collect();
    names.sort();
    names.dedup();
    (Keys::new(names.iter().map(String::as_str)), names)
}

/// Whatever the reader of flat objects takes is JSON, and has these values.
fn read_text(text: &[u8], json: Option<&Json>) {
    let (keys, names) = keys(json);
    let mut values = vec![Value::Missing; names.len()];
    // As in Postgres, a text is UTF-8 before it is read.
    if std::str::from_utf8(text).is_err() {
        return;
    }
    if let Some(found) = flat::read(text, &keys, &mut values) {
        let json = json.expect("what was read is JSON");
        let map = json.as_object().expect("and an object");
        assert_eq!(found, names.iter().any(|name| map.contains_key(name)));
        same(&names, &values, map);
    }
}

fn read_true(binary: &[u8], json: &Json) {
    let (keys, names) = keys(Some(json));
    // The second time by the shape of the first.
    let mut shape = LastKeys::default();
    for _ in 0..2 {
        let mut values = vec![Value::Missing; names.len()];
        let result = jsonb::read(binary, &keys, &mut shape, &mut values);
        let Some(map) = json.as_object() else { return assert!(result.is_err()) };
        assert_eq!(result.is_ok(), names.iter().any(|name| map.contains_key(name)));
        same(&names, &values, map);
    }
    let Some(map) = json.as_object() else { return };
    let mut members = 0;
    assert!(jsonb::each_member(binary, |key, _, _| {
        members += usize::from(std::str::from_utf8(key).is_ok_and(|key| map.contains_key(key)));
    }));
    assert_eq!(members, map.len());
}

fn same(names: &[String], values: &[Value], map: &serde_json::Map<String, Json>) {
    for (name, value) in names.iter().zip(values) {
        let alike = match (map.get(name), value) {
            (None | Some(Json::Null), Value::Missing) => true,
            (Some(Json::Bool(flag)), Value::Bool(read)) => flag == read,
            (Some(Json::String(text)), Value::Text(read)) => text == read,
            (Some(Json::Number(number)), Value::Number(read)) => number.as_f64() == Some(*read),
            (Some(Json::Array(_) | Json::Object(_)), Value::Unusable(_)) => true,
            _ => false,
        };
        assert!(alike, "{name}: {value:?} of {:?}", map.get(name));
    }
}

/// Untrusted bytes; the second time perhaps by the shape of the first.
fn read_any(bytes: &[u8]) {
    let (keys, names) = keys(None);
    let mut shape = LastKeys::default();
    for _ in 0..2 {
        let _ = jsonb::read(bytes, &keys, &mut shape, &mut vec![Value::Missing; names.len()]);
    }
    jsonb::scalar_value(bytes);
    jsonb::scalar(bytes);
    numeric_value(bytes);
    let mut depth = 0;
    walk(bytes, &mut depth);
}

fn walk(bytes: &[u8], depth: &mut usize) {
    *depth += 1;
    if *depth > 100 {
        return;
    }
    jsonb::each_element(bytes, |element| {
        jsonb::each_member(element, |_, kind, member| {
            if kind == jsonb::NUMERIC {
                jsonb::member_number(member);
            }
        });
    });
    jsonb::each_member(bytes, |_, kind, member| match kind {
        jsonb::NUMERIC => _ = jsonb::member_number(member),
        jsonb::CONTAINER => walk(member, depth),
        _ => {}
    });
}
