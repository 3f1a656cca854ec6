//! States that grow: a head of fixed size, words that are written once, and a table. A full table is moved to one of
//! twice the size. What the states count is the engine's.

use std::mem::size_of;

use health_score_engine::{Outcomes, Refused, Stability, merge_counts, room_for};
use pgrx::pg_sys;

use crate::aggregate::state::{self, StateKind, require_aggregate};
use crate::pg::arguments::Arguments;
use crate::pg::error::refuse;

/// The head of such a state.
///
/// # Safety
/// The type is made of 64-bit numbers alone, so that any words are a value of it.
pub unsafe trait Head: Copy + Default {
    const FIRST_WORDS: usize;

    fn is_full(&self, table: &[u64]) -> bool;
    /// Whether the table has a form that it can have.
    fn fits(&self, table: &[u64]) -> bool;
    fn is_consistent(&self, table: &[u64]) -> bool;
    /// There is room for both.
    fn merge(&mut self, table: &mut [u64], other: &Self, others: &[u64]) -> Result<(), Refused>;
}

macro_rules! head {
    ($type:ty) => {
        // SAFETY: whole numbers of 64 bits.
        unsafe impl Head for $type {
            const FIRST_WORDS: usize = <$type>::FIRST_WORDS;

            #[inline(always)]
            fn is_full(&self, table: &[u64]) -> bool {
                <$type>::is_full(self, table)
            }

            #[inline(always)]
            fn fits(&self, table: &[u64]) -> bool {
                <$type>::fits(self, table)
            }

            fn is_consistent(&self, table: &[u64]) -> bool {
                <$type>::is_consistent(self, table)
            }

            fn merge(&mut self, table: &mut [u64], other: &Self, others: &[u64]) -> Result<(), Refused> {
                <$type>::merge(self, table, other, others)
            }
        }
    };
}

head!(Outcomes);
head!(Stability);

/// The parts of a state.
pub struct Parts<'a, H> {
    pub head: &'a mut H,
    /// The words that were written with the first row.
    pub fixed: &'a mut [u64],
    pub table: &'a mut [u64],
}

/// The number of fixed words stands before them.
fn parts<'a, H: Head>(words: &'a mut [u64], kind: StateKind) -> Parts<'a, H> {
    // SAFETY: by the contract of the trait.
    let (head, rest) = unsafe { state::split::<H>(words, kind) };
    let Some((fixed_words, rest)) = rest.split_first_mut() else { state::forged(kind) };
    let Ok(fixed_words) = usize::try_from(*fixed_words) else { state::forged(kind) };
    let Some((fixed, table)) = rest.split_at_mut_checked(fixed_words) else { state::forged(kind) };
    if !head.fits(table) {
        state::forged(kind);
    }
    Parts { head, fixed, table }
}

fn new<'a, H: Head>(kind: StateKind, head: H, fixed: &[u64], table: usize) -> &'a mut [u64] {
    let head_words = size_of::<H>() / size_of::<u64>();
    let words = state::allocate(kind, head_words + 1 + fixed.len() + table);
    // SAFETY: by the contract of the trait.
    let (new_head, _) = unsafe { state::split::<H>(words, kind) };
    *new_head = head;
    words[head_words] = fixed.len() as u64;
    words[head_words + 1..][..fixed.len()].copy_from_slice(fixed);
    words
}

/// The same state with a table of so many words.
fn moved<'a, H: Head>(kind: StateKind, head: &H, fixed: &[u64], table: &[u64], room: usize) -> &'a mut [u64] {
    let words = new(kind, *head, fixed, room);
    merge_counts(parts::<H>(words, kind).table, table);
    words
}

/// One row more: changes the state of argument 0, or a new one that begins with `fixed`.
#[inline(always)]
pub fn step<H: Head>(
    arguments: &Arguments,
    kind: StateKind,
    fixed: &[u64],
    add: impl FnOnce(Parts<H>) -> Result<(), Refused>,
) -> Option<pg_sys::Datum> {
    let mut words = match arguments.datum(0) {
        Some(datum) => state::open(datum, kind),
        None => new(kind, H::default(), fixed, H::FIRST_WORDS),
    };
    let Parts { head, fixed, table } = parts::<H>(words, kind);
    if head.is_full(table) {
        words = moved(kind, head, fixed, table, table.len() * 2);
    }
    if let Err(refused) = add(parts(words, kind)) {
        refuse(refused);
    }
    state::datum_of(words)
}

/// Merges the state of argument 1 into that of argument 0.
pub fn combine<H: Head>(arguments: &Arguments, kind: StateKind) -> Result<Option<pg_sys::Datum>, Varying> {
    require_aggregate(arguments, kind);
    let Some(other) = arguments.datum(1) else { return Ok(arguments.datum(0)) };
    let other = parts::<H>(state::open(other, kind), kind);
    let Some(datum) = arguments.datum(0) else {
        let words = new(kind, *other.head, other.fixed, other.table.len());
        parts::<H>(words, kind).table.copy_from_slice(other.table);
        return Ok(state::datum_of(words));
    };
    let mut words: &mut [u64] = state::open(datum, kind);
    let Parts { head, fixed, table } = parts::<H>(words, kind);
    if fixed != other.fixed {
        return Err(Varying);
    }
    let room = room_for(table, other.table);
    if room > table.len() {
        words = moved(kind, head, fixed, table, room);
    }
    let Parts { head, table, .. } = parts::<H>(words, kind);
    if let Err(refused) = head.merge(table, other.head, other.table) {
        refuse(refused);
    }
    Ok(state::datum_of(words))
}

/// The fixed words of two states differ.
pub struct Varying;

/// Hands the state at the end to `act`. It is not changed, since other aggregates or more rows may need it.
pub fn finished<H: Head, R>(arguments: &Arguments, kind: StateKind, act: impl FnOnce(Parts<H>) -> R) -> Option<R> {
    require_aggregate(arguments, kind);
    let state = parts::<H>(state::open(arguments.datum(0)?, kind), kind);
    if !state.head.is_consistent(state.table) {
        state::forged(kind);
    }
    Some(act(state))
}
