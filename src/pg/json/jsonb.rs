//! Reading an account from jsonb: one walk over the binary, against the model's keys in the same order.
//!
//! Layout: src/include/utils/jsonb.h. Keys of an object are sorted by length, then bytes. Safe code over the value's
//! bytes: whatever they hold, a read outside them is impossible.

use std::cmp::Ordering;

use health_score_engine::Value;

use crate::pg::numeric::{numeric_value, read_numeric};

pub const COUNT_MASK: u32 = 0x0FFF_FFFF;
const IS_SCALAR: u32 = 0x1000_0000;
pub const IS_OBJECT: u32 = 0x2000_0000;
pub const IS_ARRAY: u32 = 0x4000_0000;
pub const OFFSET_OR_LENGTH: u32 = 0x0FFF_FFFF;
const TYPE_MASK: u32 = 0x7000_0000;
pub const HAS_OFFSET: u32 = 0x8000_0000;
pub const STRING: u32 = 0x0000_0000;
pub const NUMERIC: u32 = 0x1000_0000;
pub const FALSE: u32 = 0x2000_0000;
pub const TRUE: u32 = 0x3000_0000;
pub const NULL: u32 = 0x4000_0000;
pub const CONTAINER: u32 = 0x5000_0000;

/// The keys of a model in the order in which jsonb keeps them.
#[derive(Debug)]
pub struct Keys {
    /// (key, index of the input)
    sorted: Box<[(Box<[u8]>, usize)]>,
}

impl Keys {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Keys {
        let mut sorted: Vec<_> = names.enumerate().map(|(at, name)| (Box::from(name.as_bytes()), at)).collect();
        sorted.sort_unstable_by(|(a, _): &(Box<[u8]>, usize), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
        Keys { sorted: sorted.into() }
    }
}

impl Keys {
    /// The input of a key.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Option<usize> {
        self.sorted.binary_search_by(|(name, _)| compare(name, key)).ok().map(|at| self.sorted[at].1)
    }
}

/// Why a jsonb is no account.
#[derive(Debug, PartialEq)]
pub enum NotAnAccount {
    /// Text that is none.
    NoJson,
    Array,
    Scalar,
    /// None of the keys is there.
    NoKnownKey,
}

/// Runs over the JEntries of keys, then of values.
struct Entries<'a> {
    entries: std::slice::ChunksExact<'a, u8>,
    data: &'a [u8],
    offset: usize,
}

impl<'a> Entries<'a> {
    /// The next entry: its type bits, where it begins and where it ends.
    #[inline(always)]
    fn next(&mut self) -> (u32, usize, usize) {
        let entry = self.entries.next().map_or(0, |bytes| word(bytes, 0));
        let start = self.offset;
        let number = (entry & OFFSET_OR_LENGTH) as usize;
        self.offset = if entry & HAS_OFFSET != 0 { number } else { start + number };
        (entry & TYPE_MASK, start, self.offset)
    }

    #[inline(always)]
    fn bytes(&self, start: usize, end: usize) -> &'a [u8] {
        self.data.get(start..end).unwrap_or_default()
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// The positions of a model's keys in the last object. Accounts of one table mostly have the same keys, and comparing
/// them as a whole is quicker than finding them one by one.
#[derive(Default)]
pub struct LastKeys {
    entries: Vec<u8>,
    keys: Vec<u8>,
    /// (number of the pair, index of the input)
    found: Vec<(usize, usize)>,
}

/// Longer keys are found anew in each object.
const MOST_REMEMBERED: usize = 8192;

impl LastKeys {
    pub fn clear(&mut self) {
        self.entries.clear();
        self.keys.clear();
        self.found.clear();
    }

    #[inline]
    fn fits(&self, entries: &[u8], data: &[u8]) -> bool {
        !self.found.is_empty() && self.entries == entries && data.starts_with(&self.keys)
    }

    fn remember(&mut self, entries: &[u8], keys: &[u8]) {
        self.entries.clear();
        self.keys.clear();
        if entries.len() + keys.len() <= MOST_REMEMBERED {
            self.entries.extend_from_slice(entries);
            self.keys.extend_from_slice(keys);
        }
    }
}

/// Fills `values` from the payload of a jsonb; null leaves what is there.
pub fn read<'a>(
    jsonb: &'a [u8],
    keys: &Keys,
    last: &mut LastKeys,
    values: &mut [Value<'a>],
) -> Result<(), NotAnAccount> {
    let header = word(jsonb, 0);
    if header & IS_OBJECT == 0 {
        return Err(if header & IS_SCALAR != 0 { NotAnAccount::Scalar } else { NotAnAccount::Array });
    }
    let count = (header & COUNT_MASK) as usize;
    let (Some(entries), Some(data)) = (jsonb.get(4..4 + count * 8), jsonb.get(4 + count * 8..)) else {
        return Err(NotAnAccount::NoKnownKey);
    };
    let (key_entries, value_entries) = entries.split_at(count * 4);
    let offset = if last.fits(key_entries, data) {
        last.keys.len()
    } else {
        let end = find_keys(key_entries, data, keys, &mut last.found);
        last.remember(key_entries, data.get(..end).unwrap_or_default());
        end
    };
    let mut walk = Entries { entries: value_entries.chunks_exact(4), data, offset };
    let mut pair = 0;
    for &(wanted, input) in &last.found {
        while pair < wanted {
            walk.next();
            pair += 1;
        }
        read_entry(&mut walk, &mut values[input]);
        pair += 1;
    }
    if last.found.is_empty() { Err(NotAnAccount::NoKnownKey) } else { Ok(()) }
}

const OTHER_KINDS: &str = "an array or object";

/// The value of a jsonb that is a scalar; no signal reads an array or object.
pub fn scalar_value(jsonb: &[u8]) -> Value<'_> {
    let mut value = Value::Unusable(OTHER_KINDS);
    if word(jsonb, 0) & IS_SCALAR != 0 {
        let (entries, data) = (jsonb.get(4..8).unwrap_or_default(), jsonb.get(8..).unwrap_or_default());
        let mut walk = Entries { entries: entries.chunks_exact(4), data, offset: 0 };
        value = Value::Missing;
        read_entry(&mut walk, &mut value);
    }
    value
}

/// The next entry into its place, which is [`Value::Missing`] before.
#[inline(always)]
fn read_entry<'a>(walk: &mut Entries<'a>, into: &mut Value<'a>) {
    let (kind, start, end) = walk.next();
    match kind {
        NUMERIC => {
            // A numeric is aligned to 4 within the data; the entry's length includes the padding.
            let numeric = payload(walk.bytes(start.next_multiple_of(4), end));
            read_numeric(numeric, into);
        }
        NULL => {}
        TRUE => *into = Value::Bool(true),
        FALSE => *into = Value::Bool(false),
        STRING => {
            let text = std::str::from_utf8(walk.bytes(start, end));
            *into = text.map_or(Value::Unusable("a text that is not UTF-8"), Value::Text);
        }
        _ => *into = Value::Unusable(OTHER_KINDS),
    }
}

/// The kind and payload of a scalar jsonb, none of others.
pub fn scalar(jsonb: &[u8]) -> Option<(u32, &[u8])> {
    if word(jsonb, 0) & IS_SCALAR == 0 {
        return None;
    }
    let mut walk = Entries { entries: jsonb.get(4..8)?.chunks_exact(4), data: jsonb.get(8..)?, offset: 0 };
    let (kind, start, end) = walk.next();
    Some((kind, walk.bytes(start, end)))
}

/// Gives each container in an array.
pub fn each_element<'a>(jsonb: &'a [u8], mut give: impl FnMut(&'a [u8])) {
    let header = word(jsonb, 0);
    let count = (header & COUNT_MASK) as usize;
    let (Some(entries), Some(data)) = (jsonb.get(4..4 + count * 4), jsonb.get(4 + count * 4..)) else { return };
    if header & IS_ARRAY == 0 {
        return;
    }
    let mut walk = Entries { entries: entries.chunks_exact(4), data, offset: 0 };
    for _ in 0..count {
        let (kind, start, end) = walk.next();
        if kind == CONTAINER {
            give(walk.bytes(start.next_multiple_of(4), end));
        }
    }
}

/// Gives each member of an object: key, kind and payload without padding. False if the jsonb is not an object.
pub fn each_member<'a>(jsonb: &'a [u8], mut give: impl FnMut(&'a [u8], u32, &'a [u8])) -> bool {
    let header = word(jsonb, 0);
    let count = (header & COUNT_MASK) as usize;
    let (Some(entries), Some(data)) = (jsonb.get(4..4 + count * 8), jsonb.get(4 + count * 8..)) else { return false };
    if header & IS_OBJECT == 0 {
        return false;
    }
    let (key_entries, value_entries) = entries.split_at(count * 4);
    let mut keys = Entries { entries: key_entries.chunks_exact(4), data, offset: 0 };
    let mut bounds = Entries { entries: key_entries.chunks_exact(4), data, offset: 0 };
    for _ in 0..count {
        bounds.next();
    }
    let mut values = Entries { entries: value_entries.chunks_exact(4), data, offset: bounds.offset };
    for _ in 0..count {
        let (_, start, end) = keys.next();
        let key = keys.bytes(start, end);
        let (kind, start, end) = values.next();
        let start = if matches!(kind, NUMERIC | CONTAINER) { start.next_multiple_of(4) } else { start };
        give(key, kind, values.bytes(start, end));
    }
    true
}

/// The number in a member of an object that is one.
pub fn member_number(numeric: &[u8]) -> Option<f64> {
    match numeric_value(payload(numeric)) {
        Value::Number(number) => Some(number),
        _ => None,
    }
}

/// Both lists have the same order: one merge finds every key. Returns where the keys end and the values begin.
fn find_keys(entries: &[u8], data: &[u8], keys: &Keys, found: &mut Vec<(usize, usize)>) -> usize {
    found.clear();
    let mut walk = Entries { entries: entries.chunks_exact(4), data, offset: 0 };
    let mut wanted = keys.sorted.iter();
    let mut next_wanted = wanted.next();
    for pair in 0..entries.len() / 4 {
        let (_, start, end) = walk.next();
        while let Some((name, input)) = next_wanted {
            if name.len() > end.wrapping_sub(start) {
                break;
            }
            match compare(name, walk.bytes(start, end)) {
                Ordering::Less => next_wanted = wanted.next(),
                Ordering::Equal => {
                    found.push((pair, *input));
                    next_wanted = wanted.next();
                    break;
                }
                Ordering::Greater => break,
            }
        }
    }
    walk.offset
}

/// The order of jsonb: by length, then bytes. Keys are short, and most often equal: whole words are compared before
/// memcmp is called.
#[inline(always)]
fn compare(name: &[u8], key: &[u8]) -> Ordering {
    if name.len() != key.len() {
        return name.len().cmp(&key.len());
    }
    let same = match (name.first_chunk::<8>(), name.last_chunk::<8>(), key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(a), Some(b), Some(c), Some(d)) if name.len() <= 16 => a == c && b == d,
        _ => match (name.first_chunk::<4>(), name.last_chunk::<4>(), key.first_chunk::<4>(), key.last_chunk::<4>()) {
            (Some(a), Some(b), Some(c), Some(d)) if name.len() <= 8 => a == c && b == d,
            _ => name == key,
        },
    };
    if same { Ordering::Equal } else { name.cmp(key) }
}

/// What follows a varlena header inside the jsonb.
#[inline]
pub fn payload(varlena: &[u8]) -> &[u8] {
    let header = if varlena.first().is_some_and(|byte| byte & 1 == 1) { 1 } else { 4 };
    varlena.get(header..).unwrap_or_default()
}
