//! Reading an account from jsonb: one walk over the binary, against the model's keys in the same order.
//!
//! Layout: src/include/utils/jsonb.h. Keys of an object are sorted by length, then bytes. Safe code over the value's
//! bytes: whatever they hold, a read outside them is impossible.

use health_score_engine::Value;

use crate::numeric::numeric_value;

const COUNT_MASK: u32 = 0x0FFF_FFFF;
const IS_SCALAR: u32 = 0x1000_0000;
const IS_OBJECT: u32 = 0x2000_0000;
const OFFSET_OR_LENGTH: u32 = 0x0FFF_FFFF;
const TYPE_MASK: u32 = 0x7000_0000;
const HAS_OFFSET: u32 = 0x8000_0000;
const STRING: u32 = 0x0000_0000;
const NUMERIC: u32 = 0x1000_0000;
const FALSE: u32 = 0x2000_0000;
const TRUE: u32 = 0x3000_0000;
const NULL: u32 = 0x4000_0000;

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

/// Why a jsonb is no account.
#[derive(Debug, PartialEq)]
pub enum NotAnAccount {
    Array,
    Scalar,
    /// None of the keys is there.
    NoKnownKey,
}

/// The entries of one object: a running offset over the JEntry array.
struct Entries<'a> {
    entries: &'a [u8],
    data: &'a [u8],
    at: usize,
    offset: usize,
}

impl<'a> Entries<'a> {
    /// The next entry's type bits and bytes.
    #[inline]
    fn next(&mut self) -> (u32, &'a [u8]) {
        let entry = word(self.entries, self.at * 4);
        let start = self.offset;
        let number = (entry & OFFSET_OR_LENGTH) as usize;
        let end = if entry & HAS_OFFSET != 0 { number } else { start + number };
        self.at += 1;
        self.offset = end;
        (entry & TYPE_MASK, self.data.get(start..end).unwrap_or_default())
    }

    fn skip_to(&mut self, at: usize) {
        while self.at < at {
            self.next();
        }
    }
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}

/// Fills `values` (all [`Value::Missing`] before) from the payload of a jsonb. `found` is scratch memory.
pub fn read<'a>(
    jsonb: &'a [u8],
    keys: &Keys,
    found: &mut Vec<(usize, usize)>,
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
    let mut walk = Entries { entries, data, at: 0, offset: 0 };

    // Both lists have the same order: one merge finds every key.
    found.clear();
    let mut wanted = keys.sorted.iter().peekable();
    for pair in 0..count {
        let (_, key) = walk.next();
        while let Some((name, input)) = wanted.peek() {
            match (name.len(), &name[..]).cmp(&(key.len(), key)) {
                std::cmp::Ordering::Less => {
                    wanted.next();
                }
                std::cmp::Ordering::Equal => {
                    found.push((pair, *input));
                    wanted.next();
                    break;
                }
                std::cmp::Ordering::Greater => break,
            }
        }
    }
    for &(pair, input) in found.iter() {
        walk.skip_to(count + pair);
        let start = walk.offset;
        let (kind, bytes) = walk.next();
        values[input] = match kind {
            NULL => Value::Missing,
            TRUE => Value::Bool(true),
            FALSE => Value::Bool(false),
            STRING => std::str::from_utf8(bytes).map_or(Value::Unusable("a text that is not UTF-8"), Value::Text),
            NUMERIC => {
                // A numeric is aligned to 4 within the data; the entry's length includes the padding.
                let padding = start.next_multiple_of(4) - start;
                numeric_value(payload(bytes.get(padding..).unwrap_or_default()))
            }
            _ => Value::Unusable("an array or object"),
        };
    }
    if found.is_empty() { Err(NotAnAccount::NoKnownKey) } else { Ok(()) }
}

/// What follows a varlena header inside the jsonb.
#[inline]
fn payload(varlena: &[u8]) -> &[u8] {
    let header = if varlena.first().is_some_and(|byte| byte & 1 == 1) { 1 } else { 4 };
    varlena.get(header..).unwrap_or_default()
}
