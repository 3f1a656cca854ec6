//! Where the parts of a state lie: the header, the kinds of the cells, the words of the cells, the heap. Nothing here
//! knows what a cell means.

use super::stop::Stop;

/// The words of the header: as_of; flags with the words of the heap in use; where the names of unknown signals lie.
pub(super) const AS_OF: usize = 0;
pub(super) const FLAGS: usize = 1;
pub(super) const UNKNOWN: usize = 2;
pub(super) const KINDS: usize = 3;

pub(super) const NO_AS_OF: u64 = i64::MIN as u64;
pub(super) const TIMED: u64 = 1;
pub(super) const KNOWN: u64 = 2;

/// A state to be changed.
pub(super) struct Fields<'a> {
    pub fixed: &'a mut [u64],
    pub heap: &'a mut [u64],
    pub names: &'a [String],
    pub timed: bool,
    pub as_of: Option<i64>,
}

/// A state to be read.
pub(super) struct View<'a> {
    pub fixed: &'a [u64],
    pub heap: &'a [u64],
    pub timed: bool,
}

impl Fields<'_> {
    pub fn view(&self) -> View<'_> {
        View { fixed: self.fixed, heap: self.heap, timed: self.timed }
    }

    #[inline]
    pub fn kind(&self, cell: usize) -> u8 {
        kind_of(self.fixed, cell)
    }

    #[inline]
    pub fn set_kind(&mut self, cell: usize, kind: u8) {
        set_kind(self.fixed, cell, kind);
    }

    /// Words of the heap, all 0.
    pub fn allocate(&mut self, words: usize) -> Result<usize, Stop> {
        let start = used(self.fixed);
        self.heap.get_mut(start..start + words).ok_or(Stop::Forged)?.fill(0);
        self.fixed[FLAGS] += (words as u64) << 32;
        Ok(start)
    }
}

impl View<'_> {
    #[inline]
    pub fn kind(&self, cell: usize) -> u8 {
        kind_of(self.fixed, cell)
    }
}

#[inline]
pub(super) fn kind_of(fixed: &[u64], cell: usize) -> u8 {
    (fixed[KINDS + cell / 8] >> (cell % 8 * 8)) as u8
}

#[inline]
pub(super) fn set_kind(fixed: &mut [u64], cell: usize, kind: u8) {
    let (word, shift) = (&mut fixed[KINDS + cell / 8], cell % 8 * 8);
    *word = *word & !(0xFF << shift) | u64::from(kind) << shift;
}

pub(super) fn used(fixed: &[u64]) -> usize {
    (fixed[FLAGS] >> 32) as usize
}
