//! The trend of a window frame that moves: points leave in the order in which they came. The sums give up a point
//! exactly; the first and the last time of the remaining points are kept in two queues, so that each point costs the
//! same, however many the frame holds.

use super::moments::{Moments, score_in_units};
use super::refused::Refused;
use super::trend::{Direction, Tolerance};

/// A ring within memory of a fixed size, which the owner passes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ring {
    start: u64,
    length: u64,
}

impl Ring {
    const EMPTY: Ring = Ring { start: 0, length: 0 };

    fn fits(&self, capacity: usize) -> bool {
        let capacity = capacity as u64;
        self.length <= capacity && (self.start < capacity || *self == Ring::EMPTY)
    }

    /// The place of the entry that comes `at` entries after the first.
    fn place(&self, at: u64, capacity: usize) -> usize {
        let place = self.start as usize + at as usize;
        if place < capacity { place } else { place - capacity }
    }

    fn front(&self, slots: &[u64]) -> Option<i64> {
        (self.length > 0).then(|| slots[self.place(0, slots.len())] as i64)
    }

    fn back(&self, slots: &[u64]) -> Option<i64> {
        (self.length > 0).then(|| slots[self.place(self.length - 1, slots.len())] as i64)
    }

    fn push(&mut self, value: i64, slots: &mut [u64]) {
        slots[self.place(self.length, slots.len())] = value as u64;
        self.length += 1;
    }

    fn pop_front(&mut self, slots: &[u64]) {
        self.start = self.place(1, slots.len()) as u64;
        self.length -= 1;
    }

    /// Moves the entries to the beginning of other memory.
    fn move_to(&mut self, from: &[u64], to: &mut [u64]) {
        for at in 0..self.length {
            to[at as usize] = from[self.place(at, from.len())];
        }
        self.start = 0;
    }
}

/// The points of the frame. Every call gets the same `slots`, the memory of the queues; half of it belongs to each.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MovingTrend {
    moments: Moments,
    tolerance: Tolerance,
    /// Rising times: each is the earliest of the points that came with it or later.
    earliest: Ring,
    /// Falling times: each is the latest of the points that came with it or later.
    latest: Ring,
    slots: u64,
}

impl Default for MovingTrend {
    fn default() -> Self {
        MovingTrend {
            moments: Moments::NONE,
            tolerance: Tolerance::UNSET,
            earliest: Ring::EMPTY,
            latest: Ring::EMPTY,
            slots: MovingTrend::FIRST_SLOTS as u64,
        }
    }
}

impl MovingTrend {
    /// The initial number of slots: enough for a month of days.
    pub const FIRST_SLOTS: usize = 64;

    /// Whether the queues lie within `slots` slots; everything else is safe only then.
    pub fn fits(&self, slots: usize) -> bool {
        slots as u64 == self.slots
            && slots >= 2
            && slots.is_multiple_of(2)
            && self.earliest.fits(slots / 2)
            && self.latest.fits(slots / 2)
    }

    /// Whether the next point needs more slots.
    pub fn is_full(&self, slots: usize) -> bool {
        self.earliest.length.max(self.latest.length) >= (slots / 2) as u64
    }

    /// Moves the queues to more slots, an even number.
    pub fn move_to(&mut self, from: &[u64], to: &mut [u64]) {
        self.slots = to.len() as u64;
        let (earliest, latest) = to.split_at_mut(to.len() / 2);
        self.earliest.move_to(&from[..from.len() / 2], earliest);
        self.latest.move_to(&from[from.len() / 2..], latest);
    }

    /// A point enters the frame; there is a slot for it.
    pub fn add(&mut self, slots: &mut [u64], score: f64, at: i64, tolerance: f64) -> Result<(), Refused> {
        let units = score_in_units(score)?;
        self.tolerance.set(tolerance)?;
        self.moments.add(units, at);
        let (earliest, latest) = slots.split_at_mut(slots.len() / 2);
        while self.earliest.back(earliest).is_some_and(|back| back > at) {
            self.earliest.length -= 1;
        }
        self.earliest.push(at, earliest);
        while self.latest.back(latest).is_some_and(|back| back < at) {
            self.latest.length -= 1;
        }
        self.latest.push(at, latest);
        Ok(())
    }

    /// The oldest point leaves the frame.
    pub fn remove(&mut self, slots: &[u64], score: f64, at: i64) -> Result<(), Refused> {
        self.moments.remove(score_in_units(score)?, at);
        if self.moments.count == 0 {
            *self = MovingTrend { slots: self.slots, ..MovingTrend::default() };
            return Ok(());
        }
        let (earliest, latest) = slots.split_at(slots.len() / 2);
        if self.earliest.front(earliest) == Some(at) {
            self.earliest.pop_front(earliest);
        }
        if self.latest.front(latest) == Some(at) {
            self.latest.pop_front(latest);
        }
        Ok(())
    }

    fn span(&self, slots: &[u64]) -> Option<(i64, i64)> {
        let (earliest, latest) = slots.split_at(slots.len() / 2);
        Some((self.earliest.front(earliest)?, self.latest.front(latest)?))
    }

    /// None for fewer than two distinct times.
    pub fn direction(&self, slots: &[u64]) -> Option<Direction> {
        let (from, to) = self.span(slots)?;
        self.moments.line(from.abs_diff(to)).map(|line| line.direction(self.tolerance.points()))
    }

    pub fn is_consistent(&self, slots: &[u64]) -> bool {
        match self.span(slots) {
            Some((from, to)) => self.moments.is_consistent(from, to) && self.tolerance.is_consistent(),
            None => self.moments == Moments::NONE,
        }
    }
}
