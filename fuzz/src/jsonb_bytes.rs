//! A separate writer of jsonb's binary form for the fuzzer, so that the reader is tested against independent code.

use serde_json::Value as Json;

use crate::pg::json::jsonb::{CONTAINER, FALSE, HAS_OFFSET, IS_ARRAY, IS_OBJECT, NULL, NUMERIC, STRING, TRUE};

const OFFSET_STRIDE: usize = 32;

/// An object or array; none for another value, or if a number has no exact decimal form.
pub fn write(json: &Json) -> Option<Vec<u8>> {
    let (flag, count, entries): (u32, usize, Vec<(u32, Vec<u8>)>) = match json {
        Json::Array(list) => (IS_ARRAY, list.len(), list.iter().map(entry).collect::<Option<_>>()?),
        Json::Object(map) => {
            let mut members: Vec<(&String, &Json)> = map.iter().collect();
            members.sort_by_key(|(key, _)| (key.len(), key.as_bytes()));
            let keys = members.iter().map(|(key, _)| Some((STRING, key.as_bytes().to_vec())));
            (IS_OBJECT, map.len(), keys.chain(members.iter().map(|(_, value)| entry(value))).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    let mut head = (flag | count as u32).to_le_bytes().to_vec();
    let mut data = Vec::new();
    for (at, (kind, bytes)) in entries.iter().enumerate() {
        let start = data.len();
        if matches!(*kind, NUMERIC | CONTAINER) {
            data.resize(start.next_multiple_of(4), 0);
        }
        data.extend(bytes);
        let number = if at % OFFSET_STRIDE == 0 { data.len() as u32 | HAS_OFFSET } else { (data.len() - start) as u32 };
        head.extend((number | kind).to_le_bytes());
    }
    head.extend(data);
    Some(head)
}

fn entry(json: &Json) -> Option<(u32, Vec<u8>)> {
    Some(match json {
        Json::Null => (NULL, Vec::new()),
        Json::Bool(true) => (TRUE, Vec::new()),
        Json::Bool(false) => (FALSE, Vec::new()),
        Json::String(text) => (STRING, text.as_bytes().to_vec()),
        Json::Number(number) => (NUMERIC, numeric(&number.to_string())?),
        container => (CONTAINER, write(container)?),
    })
}

/// A whole varlena: decimals in groups of four digits around the point.
fn numeric(decimal: &str) -> Option<Vec<u8>> {
    let (negative, digits) = decimal.strip_prefix('-').map_or((false, decimal), |rest| (true, rest));
    let (digits, exponent) = digits.split_once('e').map_or(Some((digits, 0)), |(d, e)| Some((d, e.parse().ok()?)))?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut all = format!("{whole}{fraction}");
    // How many digits stand before the point, in whole groups.
    let mut before = whole.len() as i32 + exponent;
    while before.rem_euclid(4) != 0 {
        all.insert(0, '0');
        before += 1;
    }
    while all.len() % 4 != 0 {
        all.push('0');
    }
    let mut groups: Vec<u16> = all
        .as_bytes()
        .chunks(4)
        .map(|group| group.iter().fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0')))
        .collect();
    let mut weight = before / 4 - 1;
    while groups.first() == Some(&0) {
        groups.remove(0);
        weight -= 1;
    }
    while groups.last() == Some(&0) {
        groups.pop();
    }
    if groups.is_empty() {
        weight = 0;
    }
    let mut payload = Vec::new();
    if (-64..=63).contains(&weight) {
        payload.extend((0x8000 | u16::from(negative) << 13 | (weight as u16 & 0x7F)).to_le_bytes());
    } else {
        payload.extend((u16::from(negative) << 14).to_le_bytes());
        payload.extend((weight as i16).to_le_bytes());
    }
    payload.extend(groups.iter().flat_map(|group| group.to_le_bytes()));
    let mut varlena = (((payload.len() + 4) as u32) << 2).to_le_bytes().to_vec();
    varlena.extend(payload);
    Some(varlena)
}
