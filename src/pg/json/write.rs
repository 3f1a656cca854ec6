//! Writing jsonb's binary form directly, as jsonb_in would from the same JSON text. No Postgres memory is touched
//! before [`JsonbWriter::to_datum`].
//!
//! Layout: src/include/utils/jsonb.h.

use std::ops::Range;

use health_score_engine::{Value, write_pair};
use pgrx::pg_sys;

use crate::pg::error::{Report, code};
use crate::pg::json::jsonb::{
    CONTAINER, COUNT_MASK, FALSE, HAS_OFFSET, IS_ARRAY, IS_OBJECT, NULL, NUMERIC, OFFSET_OR_LENGTH, STRING, TRUE,
    each_member, scalar,
};
use crate::pg::json::text::jsonb_datum;
use crate::pg::memory::require_room_if_large;
use crate::pg::numeric_write::{whole_billionths, write_billionths, write_decimal};

/// Every entry at a multiple of this number stores its end, the other entries store their length.
const OFFSET_STRIDE: usize = 32;

/// Writes values in the given order. A reused writer keeps its memory.
#[derive(Default)]
pub struct JsonbWriter {
    /// The bytes of keys, texts, numbers and finished containers.
    bytes: Vec<u8>,
    items: Vec<Item>,
    /// The open containers: whether it is an object, and where its items begin.
    open: Vec<(bool, usize)>,
    key: Range<usize>,
    text: String,
    digits: Vec<u8>,
}

/// An element, or a member with its key.
#[derive(Clone)]
struct Item {
    key: Range<usize>,
    kind: u32,
    value: Range<usize>,
}

impl JsonbWriter {
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.items.clear();
        self.open.clear();
        self.key = 0..0;
    }

    pub fn begin_object(&mut self) {
        self.begin(true);
    }

    pub fn begin_array(&mut self) {
        self.begin(false);
    }

    fn begin(&mut self, object: bool) {
        // The key of a member waits below the members of its value.
        self.items.push(Item { key: self.key.clone(), kind: CONTAINER, value: 0..0 });
        self.open.push((object, self.items.len()));
    }

    pub fn key(&mut self, key: &str) {
        self.key = self.append(key.as_bytes());
    }

    /// Closes the container that was begun last.
    pub fn end(&mut self) {
        let Some((object, first)) = self.open.pop() else { return };
        if object {
            self.sort_members(first);
        }
        let value = self.assemble(object, first);
        self.items.truncate(first);
        if let Some(item) = self.items.last_mut() {
            item.value = value;
        }
    }

    /// By length, then bytes; with a duplicate key the last one counts. Most objects are written in order.
    fn sort_members(&mut self, first: usize) {
        let bytes = &self.bytes;
        let order = |item: &Item| (item.key.len(), &bytes[item.key.clone()]);
        let members = &mut self.items[first..];
        if members.windows(2).all(|pair| order(&pair[0]) < order(&pair[1])) {
            return;
        }
        members.sort_by(|a, b| order(a).cmp(&order(b)));
        let mut kept = first;
        for at in first..self.items.len() {
            let same = at + 1 < self.items.len() && order(&self.items[at]) == order(&self.items[at + 1]);
            if !same {
                self.items.swap(kept, at);
                kept += 1;
            }
        }
        self.items.truncate(kept);
    }

    /// The container at the end of the bytes, where its parent finds it.
    fn assemble(&mut self, object: bool, first: usize) -> Range<usize> {
        // What lies in the bytes is copied once more at most.
        self.room_for(self.bytes.len());
        self.pad(0);
        let start = self.bytes.len();
        let count = self.items.len() - first;
        let flag = if object { IS_OBJECT } else { IS_ARRAY };
        let entries = if object { 2 * count } else { count };
        self.word(flag | (count as u32 & COUNT_MASK));
        let mut entry_at = self.bytes.len();
        self.bytes.resize(entry_at + 4 * entries, 0);
        let data = self.bytes.len();
        let mut number = 0;
        if object {
            for at in first..first + count {
                let begin = self.bytes.len();
                let key = self.items[at].key.clone();
                self.bytes.extend_from_within(key);
                self.entry(&mut entry_at, &mut number, STRING, begin, data);
            }
        }
        for at in first..first + count {
            let (begin, kind) = (self.bytes.len(), self.items[at].kind);
            if matches!(kind, NUMERIC | CONTAINER) {
                self.pad(start);
            }
            let value = self.items[at].value.clone();
            self.bytes.extend_from_within(value);
            self.entry(&mut entry_at, &mut number, kind, begin, data);
        }
        if self.bytes.len() - data > OFFSET_OR_LENGTH as usize {
            Report::new(code::PROGRAM_LIMIT, "a jsonb object or array may hold at most 256 MB")
                .hint("Leave the largest values out.")
                .raise();
        }
        start..self.bytes.len()
    }

    fn entry(&mut self, entry_at: &mut usize, number: &mut usize, kind: u32, begin: usize, data: usize) {
        let end = self.bytes.len();
        let entry =
            if number.is_multiple_of(OFFSET_STRIDE) { (end - data) as u32 | HAS_OFFSET } else { (end - begin) as u32 };
        self.bytes[*entry_at..*entry_at + 4].copy_from_slice(&(entry | kind).to_le_bytes());
        *entry_at += 4;
        *number += 1;
    }

    /// To the next multiple of 4 from `start`, which is one itself in the finished value.
    fn pad(&mut self, start: usize) {
        let length = (self.bytes.len() - start).next_multiple_of(4);
        self.bytes.resize(start + length, 0);
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    /// Asks before the bytes are moved to more memory.
    fn room_for(&self, more: usize) {
        if self.bytes.capacity() - self.bytes.len() < more {
            require_room_if_large(self.bytes.len() + more);
        }
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.room_for(bytes.len());
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn push(&mut self, kind: u32, value: Range<usize>) {
        self.items.push(Item { key: self.key.clone(), kind, value });
    }

    pub fn string(&mut self, text: &str) {
        let value = self.append(text.as_bytes());
        self.push(STRING, value);
    }

    pub fn boolean(&mut self, flag: bool) {
        self.push(if flag { TRUE } else { FALSE }, 0..0);
    }

    pub fn null(&mut self) {
        self.push(NULL, 0..0);
    }

    /// A finite number, as its shortest decimal.
    pub fn number(&mut self, number: f64) {
        if let Some(billionths) = whole_billionths(number) {
            let start = self.bytes.len();
            write_billionths(billionths, &mut self.bytes);
            return self.push(NUMERIC, start..self.bytes.len());
        }
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        Value::Number(number).write(&mut text);
        self.decimal(&text);
        self.text = text;
    }

    /// A number in decimal, with or without exponent, as numeric's input function reads it.
    pub fn decimal(&mut self, text: &str) {
        let start = self.bytes.len();
        write_decimal(text, &mut self.digits, &mut self.bytes);
        self.push(NUMERIC, start..self.bytes.len());
    }

    /// The content of a jsonb, as a value.
    pub fn jsonb(&mut self, jsonb: &[u8]) {
        let (kind, payload) = scalar(jsonb).unwrap_or((CONTAINER, jsonb));
        self.raw(kind, payload);
    }

    /// All members of another object; false where it is none.
    pub fn members(&mut self, object: &[u8]) -> bool {
        each_member(object, |key, kind, payload| {
            self.key = self.append(key);
            self.raw(kind, payload);
        })
    }

    fn raw(&mut self, kind: u32, payload: &[u8]) {
        let value = self.append(payload);
        self.push(kind, value);
    }

    /// A member with a text, unless there is none.
    pub fn text_member(&mut self, key: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.key(key);
            self.string(text);
        }
    }

    pub fn number_member(&mut self, key: &str, number: Option<f64>) {
        if let Some(number) = number {
            self.key(key);
            self.number(number);
        }
    }

    /// A member that keeps the kind of numbers and booleans; all else is text.
    pub fn value_member(&mut self, key: &str, value: &Value) {
        match value {
            Value::Missing => {}
            Value::Number(number) if number.is_finite() => self.number_member(key, Some(*number)),
            Value::Bool(flag) => {
                self.key(key);
                self.boolean(*flag);
            }
            Value::Text(text) => self.text_member(key, Some(text)),
            other => {
                let mut written = std::mem::take(&mut self.text);
                written.clear();
                other.write(&mut written);
                self.text_member(key, Some(&written));
                self.text = written;
            }
        }
    }

    /// A member for the value of a signal, or for the two values of a cross.
    pub fn pair_member(&mut self, key: &str, first: &Value, second: Option<&Value>) {
        let Some(second) = second else { return self.value_member(key, first) };
        let mut written = std::mem::take(&mut self.text);
        written.clear();
        write_pair(first, second, &mut written);
        self.text_member(key, Some(written.as_str()).filter(|text| !text.is_empty()));
        self.text = written;
    }

    /// A value of an account, so that the engine reads it as it was: what no signal can read (NaN, infinite times,
    /// arrays) goes into an array, so that it stays unreadable instead of turning into a text.
    pub fn input(&mut self, value: &Value) {
        match value {
            Value::Missing => self.null(),
            Value::Number(number) if number.is_finite() => self.number(*number),
            Value::Bool(flag) => self.boolean(*flag),
            Value::Text(text) => self.string(text),
            other => {
                let mut written = std::mem::take(&mut self.text);
                written.clear();
                other.write(&mut written);
                let unreadable = !matches!(other, Value::Time(_));
                if unreadable {
                    self.begin_array();
                }
                self.string(&written);
                if unreadable {
                    self.end();
                }
                self.text = written;
            }
        }
    }

    /// The one container that was written, as a datum in the call's memory.
    pub fn to_datum(&self) -> pg_sys::Datum {
        let root = self.items.first().map_or(0..0, |item| item.value.clone());
        jsonb_datum(&self.bytes[root])
    }
}
