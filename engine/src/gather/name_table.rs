//! Finds a name among a few: a look-up for every event, so it costs some nanoseconds.

/// Open addressing by the first and last bytes and the length.
#[derive(Debug)]
pub(super) struct NameTable {
    /// A power of two, at most half full.
    slots: Box<[Option<Entry>]>,
    /// The names of more than 16 bytes, which their ends do not tell apart.
    long: Vec<(Box<[u8]>, usize)>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    ends: Ends,
    /// The meaning of the name; for a long name, its number among the long names.
    what: usize,
}

/// The first and the last eight bytes, which overlap in a short name. Together they hold a whole name of up to sixteen
/// bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ends {
    first: u64,
    last: u64,
    length: usize,
}

impl Ends {
    #[inline]
    fn of(name: &[u8]) -> Ends {
        let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
            (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
                (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
                _ => (name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 0),
            },
        };
        Ends { first, last, length: name.len() }
    }

    fn is_whole(&self) -> bool {
        self.length <= 16
    }

    #[inline]
    fn hash(&self) -> usize {
        // Fibonacci hashing: the upper half depends on all bits.
        let mixed = self.first ^ self.last.rotate_left(32) ^ self.length as u64;
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
    }
}

impl NameTable {
    /// With two entries of the same name, the first counts.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, usize)>) -> NameTable {
        let entries: Vec<_> = entries.into_iter().collect();
        let size = (entries.len() * 2 + 1).next_power_of_two();
        let mut table = NameTable { slots: vec![None; size].into(), long: Vec::new() };
        for (name, what) in entries {
            let (name, ends) = (name.as_bytes(), Ends::of(name.as_bytes()));
            let Err(free) = table.slot(name, &ends) else { continue };
            let mut entry = Entry { ends, what };
            if !ends.is_whole() {
                entry.what = table.long.len();
                table.long.push((name.into(), what));
            }
            table.slots[free] = Some(entry);
        }
        table
    }

    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        self.slot(name, &Ends::of(name)).ok()
    }

    /// The meaning of the name, or the free slot for it.
    #[inline]
    fn slot(&self, name: &[u8], ends: &Ends) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = ends.hash() & mask;
        while let Some(entry) = &self.slots[slot] {
            if entry.ends == *ends {
                if ends.is_whole() {
                    return Ok(entry.what);
                }
                let (known, what) = &self.long[entry.what];
                if **known == *name {
                    return Ok(*what);
                }
            }
            slot = (slot + 1) & mask;
        }
        Err(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_name_and_no_other() {
        let names: Vec<String> =
            (0..2000).map(|at| format!("{}{at}{}", "x".repeat(at % 23), "y".repeat(at % 9))).collect();
        let table = NameTable::new(names.iter().enumerate().map(|(at, name)| (name.as_str(), at)));
        for (at, name) in names.iter().enumerate() {
            assert_eq!(table.find(name.as_bytes()), names.iter().position(|known| known == name), "{name}");
            assert_eq!(table.find(format!("{name}!").as_bytes()), None, "{at}");
        }
        assert_eq!(table.find(b""), None);
        assert_eq!(NameTable::new([]).find(b"logins"), None);
        assert_eq!(NameTable::new([("a", 1), ("a", 2)]).find(b"a"), Some(1));
        assert_eq!(NameTable::new([("a", 1), ("\0a", 2)]).find(b"\0a"), Some(2));
    }
}
