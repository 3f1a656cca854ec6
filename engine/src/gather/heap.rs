//! The part of a state that grows: texts, and sets of different values. It hands out words from its beginning on and
//! takes none back; words in use are compacted when the state grows. Every place is checked, because a state may be
//! forged.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::stop::Stop;
use crate::base::value::Value;

const WORD: usize = size_of::<u64>();

/// Some words of the heap, packed into one word: where they begin, and a length whose meaning is the owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region {
    pub start: u32,
    pub length: u32,
}

impl Region {
    pub fn unpack(word: u64) -> Region {
        Region { start: (word >> 32) as u32, length: word as u32 }
    }

    pub fn pack(self) -> u64 {
        u64::from(self.start) << 32 | u64::from(self.length)
    }
}

/// The words that a text takes.
pub(super) fn words_of_text(bytes: usize) -> usize {
    bytes.div_ceil(WORD)
}

pub(super) fn text_at(heap: &[u64], place: Region) -> Result<&str, Stop> {
    let (start, length) = (place.start as usize, place.length as usize);
    let words = heap.get(start..start + words_of_text(length)).ok_or(Stop::Forged)?;
    std::str::from_utf8(&bytemuck::cast_slice(words)[..length]).map_err(|_| Stop::Forged)
}

pub(super) fn write_text(heap: &mut [u64], start: usize, text: &str) -> Result<Region, Stop> {
    let words = heap.get_mut(start..start + words_of_text(text.len())).ok_or(Stop::Forged)?;
    bytemuck::cast_slice_mut(words)[..text.len()].copy_from_slice(text.as_bytes());
    Ok(Region { start: start as u32, length: text.len() as u32 })
}

/// One value as two words, never both 0. The words hold the whole value, except for a text of 15 bytes or more: it is
/// represented by 120 bits of a hash.
pub(super) type Element = [u64; 2];

const WORDS_OF_ELEMENT: usize = 2;

/// The kind of a value, in the highest byte of its second word; a short text has its length there.
const NUMBER: u64 = 0x20 << 56;
const BOOLEAN: u64 = 0x21 << 56;
const TIME: u64 = 0x22 << 56;
const DAY: u64 = 0x23 << 56;
const HASHED: u64 = 0x24 << 56;
const SHORT: u64 = 0x40 << 56;
const LONGEST_SHORT: usize = 15;

/// None for a value that cannot be distinguished from others.
pub(super) fn element(value: &Value) -> Option<Element> {
    match value {
        Value::Number(number) if number.is_finite() => Some([(number + 0.0).to_bits(), NUMBER]),
        Value::Bool(flag) => Some([u64::from(*flag), BOOLEAN]),
        Value::Time(at) => Some([*at as u64, TIME]),
        Value::Text(text) => Some(element_of_text(text)),
        _ => None,
    }
}

pub(super) fn element_of_day(day: i64) -> Element {
    [day as u64, DAY]
}

fn element_of_text(text: &str) -> Element {
    if text.len() < LONGEST_SHORT {
        let mut bytes = [0u8; 16];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes[LONGEST_SHORT] = text.len() as u8;
        let [low, high]: [u64; 2] = bytemuck::cast(bytes);
        return [low, high | SHORT];
    }
    // A fixed algorithm, fed byte by byte: states that are merged may come from other processes, machines and builds.
    let hash = |salt: u8| {
        let mut hasher = SipHasher13::new();
        hasher.write(&[salt]);
        hasher.write(text.as_bytes());
        hasher.write(&[0xFF]);
        hasher.finish()
    };
    [hash(0), hash(1) >> 8 | HASHED]
}

/// The words of a set that can take `count` elements, a power of two: at most three quarters are in use.
pub(super) fn words_of_set(count: usize) -> usize {
    let slots = (count.max(1) * 4).div_ceil(3).next_power_of_two().max(4);
    slots * WORDS_OF_ELEMENT
}

/// A set of elements in some words of the heap.
pub(super) struct ElementSet<'a> {
    words: &'a mut [u64],
}

impl ElementSet<'_> {
    pub fn at(heap: &mut [u64], place: Region) -> Result<ElementSet<'_>, Stop> {
        let (start, length) = (place.start as usize, place.length as usize);
        if !length.is_power_of_two() || length < WORDS_OF_ELEMENT {
            return Err(Stop::Forged);
        }
        Ok(ElementSet { words: heap.get_mut(start..start + length).ok_or(Stop::Forged)? })
    }

    /// Whether the element is new.
    pub fn insert(&mut self, element: Element) -> Result<bool, Stop> {
        let slots = self.words.len() / WORDS_OF_ELEMENT;
        let mixed = (element[0] ^ element[1].rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let first = (mixed >> 32) as usize;
        for step in 0..slots {
            let at = (first + step) % slots * WORDS_OF_ELEMENT;
            let slot = &mut self.words[at..at + WORDS_OF_ELEMENT];
            if *slot == element {
                return Ok(false);
            }
            if *slot == [0, 0] {
                slot.copy_from_slice(&element);
                return Ok(true);
            }
        }
        Err(Stop::Forged)
    }
}

/// The elements of a set in words of a heap.
pub(super) fn elements(heap: &[u64], place: Region) -> Result<impl Iterator<Item = Element> + '_, Stop> {
    let (start, length) = (place.start as usize, place.length as usize);
    let words = heap.get(start..start + length).ok_or(Stop::Forged)?;
    Ok(words.chunks_exact(WORDS_OF_ELEMENT).map(|pair| [pair[0], pair[1]]).filter(|element| *element != [0, 0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored states hold these bits: with another hash one text would count twice.
    #[test]
    fn a_text_has_the_same_bits_for_ever() {
        for (text, element) in [
            ("a text of 15 ch", [0x315f_1f13_3d33_b16c, 0x24cc_c086_acd7_7df6]),
            ("a longer text, with ümlauts and 日本語", [0x4a55_5fc5_9fc5_ed63, 0x2442_6478_9d55_c67d]),
        ] {
            assert_eq!(element_of_text(text), element);
        }
    }
}
