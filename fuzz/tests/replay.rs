//! Replays the seeds and the findings of the fuzzers, and random mistakes in each of them, without a fuzzer.

use std::path::Path;

use health_score_fuzz::target;

/// The number of mistakes in each seed.
const MISTAKEN: u32 = 100;

/// xorshift: the same mistakes on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn replay(name: &str, run: fn(&[u8])) {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    for entry in std::fs::read_dir(directory).expect("seeds") {
        seeds.push(std::fs::read(entry.expect("an entry").path()).expect("a seed"));
    }
    seeds.sort();
    assert!(!seeds.is_empty());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for seed in &seeds {
        run(seed);
        for _ in 0..MISTAKEN {
            run(&mistaken(seed, &seeds, &mut random));
        }
    }
}

fn mistaken(seed: &[u8], seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => {
                let other = &seeds[random.below(seeds.len())];
                bytes.truncate(at);
                bytes.extend(&other[random.below(other.len()).min(other.len())..]);
            }
            _ if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => {}
        }
    }
    bytes
}

#[test]
fn document() {
    replay("document", target::document::run);
}

#[test]
fn jsonb() {
    replay("jsonb", target::jsonb::run);
}

#[test]
fn states() {
    replay("states", target::states::run);
}
