//! The fuzzer's bytes as a script of small decisions.

pub struct Given<'a>(pub &'a [u8]);

impl Given<'_> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = usize::from(self.byte()) | usize::from(self.byte()) << 8;
        number % bound.max(1)
    }

    /// Any word; those at the edges more often than the others.
    pub fn word(&mut self) -> u64 {
        match self.byte() {
            0 => 0,
            1 => u64::MAX,
            2 => i64::MAX as u64,
            3 => i64::MIN as u64,
            4 => f64::NAN.to_bits(),
            5 => f64::INFINITY.to_bits(),
            6 => f64::NEG_INFINITY.to_bits(),
            7 => f64::MIN_POSITIVE.to_bits(),
            8 => f64::MAX.to_bits(),
            small @ 9..64 => u64::from(small),
            64..96 => 1 << (self.byte() % 64),
            96..128 => f64::from(self.byte()).to_bits(),
            _ => (0..8).fold(0, |word, _| word << 8 | u64::from(self.byte())),
        }
    }

    /// Most often one that an aggregate takes.
    pub fn number(&mut self) -> f64 {
        match self.byte() {
            0..=200 => f64::from(self.byte()) / 2.0,
            _ => f64::from_bits(self.word()),
        }
    }
}
