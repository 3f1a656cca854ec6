//! Pairs of counts by key in a flat hash table of 64-bit words, which grows with the keys that occur: small for the
//! many groups that see few of them, and free of pointers, so that the words can be kept and sent as they are. Nothing
//! here knows what is counted.

/// A key, and how often it was seen on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub key: u32,
    pub counts: [u64; 2],
}

/// A slot is two words: the key and the first count, then the second count. Key 0 is kept for a free slot.
const SLOT: usize = 2;
const KEY_BITS: u32 = 20;
const COUNT_BITS: u32 = u64::BITS - KEY_BITS;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
#[cfg(test)]
const LARGEST_KEY: u32 = (1 << KEY_BITS) - 2;

/// The words of an empty table.
pub(crate) const FIRST_WORDS: usize = 8 * SLOT;
/// The largest table that any number of keys can need.
const MOST_WORDS: usize = SLOT << (KEY_BITS + 1);

pub(crate) fn is_table(words: &[u64]) -> bool {
    (FIRST_WORDS..=MOST_WORDS).contains(&words.len()) && words.len().is_power_of_two()
}

/// Whether another key should not be added before the table is moved to a larger one.
#[inline(always)]
pub(crate) fn is_full(words: &[u64], keys: u64) -> bool {
    keys >= (words.len() / SLOT) as u64 * 3 / 4
}

/// Adds counts to a key of at most KEY_BITS bits in a table that is not full. Returns whether the key is new.
#[inline(always)]
pub(crate) fn add(words: &mut [u64], key: u32, counts: [u64; 2]) -> bool {
    let slots = words.len() / SLOT;
    let tag = u64::from(key) + 1;
    // Fibonacci hashing: the upper bits of a product, as many as there are slots.
    let mut slot = (tag.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - slots.trailing_zeros())) as usize;
    // A forged table may be full of other keys: the walk ends where it began.
    for _ in 0..slots {
        let [first, second] = &mut words[slot * SLOT..][..SLOT] else { return false };
        let found = *first >> COUNT_BITS;
        if found == tag || found == 0 {
            *first = tag << COUNT_BITS | (*first & COUNT_MASK).wrapping_add(counts[0]) & COUNT_MASK;
            *second = second.wrapping_add(counts[1]);
            return found == 0;
        }
        slot = (slot + 1) & (slots - 1);
    }
    false
}

/// Words of a table that is not full with the keys of both, at least as many as the first has.
pub fn room_for(words: &[u64], others: &[u64]) -> usize {
    let keys = (pairs(words).count() + pairs(others).count()) as u64;
    let mut room = words.len();
    while keys * 4 >= (room / SLOT) as u64 * 3 {
        room *= 2;
    }
    room
}

/// Adds the counts of another table, for which there is room. Gives how many keys are new.
pub fn merge(words: &mut [u64], others: &[u64]) -> u64 {
    pairs(others).map(|pair| u64::from(add(words, pair.key, pair.counts))).sum()
}

pub(crate) fn pairs(words: &[u64]) -> impl Iterator<Item = Pair> {
    words
        .chunks_exact(SLOT)
        .filter(|slot| slot[0] >> COUNT_BITS > 0)
        .map(|slot| Pair { key: (slot[0] >> COUNT_BITS) as u32 - 1, counts: [slot[0] & COUNT_MASK, slot[1]] })
}

/// The pairs in the order of their keys.
pub(crate) fn sorted(words: &[u64]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = pairs(words).collect();
    pairs.sort_unstable_by_key(|pair| pair.key);
    pairs
}

/// Whether rows can produce this table: it has `keys` different keys, none above `largest`, each with a count, and the
/// sum of the counts does not overflow.
pub(crate) fn is_consistent(words: &[u64], keys: u64, largest: u32) -> bool {
    let sorted = sorted(words);
    sorted.len() as u64 == keys
        && sorted.windows(2).all(|pair| pair[0].key < pair[1].key)
        && sorted.iter().all(|pair| {
            pair.key <= largest && pair.counts != [0, 0] && pair.counts.iter().all(|count| *count <= COUNT_MASK)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn counts_as_a_map_does(rows in prop::collection::vec((0..=300_u32, any::<bool>()), 0..2000)) {
            let mut words = vec![0; FIRST_WORDS];
            let mut expected = BTreeMap::<u32, [u64; 2]>::new();
            let mut keys = 0;
            for (key, side) in rows {
                let key = if key == 300 { LARGEST_KEY } else { key };
                if is_full(&words, keys) {
                    let mut larger = vec![0; words.len() * 2];
                    merge(&mut larger, &words);
                    words = larger;
                }
                let counts = if side { [0, 1] } else { [1, 0] };
                keys += u64::from(add(&mut words, key, counts));
                expected.entry(key).or_default()[usize::from(side)] += 1;
            }
            let found: Vec<_> = sorted(&words).into_iter().map(|pair| (pair.key, pair.counts)).collect();
            prop_assert!(is_table(&words) && is_consistent(&words, keys, LARGEST_KEY));
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_forged_table_ends_every_walk() {
        let mut words = vec![u64::MAX; FIRST_WORDS];
        assert!(!add(&mut words, 7, [1, 0]));
        assert!(!is_consistent(&words, 8, LARGEST_KEY));
    }
}
