//! Random numbers that are the same in every run, so that a sample, a fold or a fit of the same rows is the same. Never
//! for secrets.

/// The generator xorshift64 of Marsaglia 2003. Its seed is not 0.
#[derive(Debug, Clone)]
pub(crate) struct Xorshift(u64);

impl Xorshift {
    /// A generator for callers that do not choose a seed.
    pub const USUAL: Xorshift = Xorshift(0x9E37_79B9_7F4A_7C15);

    pub const fn new(seed: u64) -> Xorshift {
        Xorshift(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
