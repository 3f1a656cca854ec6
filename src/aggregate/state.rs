//! Aggregate states: one flat bytea of a tag and 64-bit words, which Postgres can pass between workers and Citus
//! between nodes. All reading and writing of states is here, with its checks: anybody can build an aggregate over the
//! support functions, and give it any bytes. Nothing here knows what is added up.

use std::mem::{align_of, size_of};

use health_score_engine::Refused;
use pgrx::pg_sys;

use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code, refuse};

/// The aggregate that a state belongs to. A number is never used for another aggregate, and a changed layout gets a new
/// number.
#[derive(Clone, Copy)]
pub struct StateKind {
    number: u16,
    pub aggregate: &'static str,
}

pub const TREND: StateKind = StateKind { number: 1, aggregate: "health_trend" };
pub const MOVING_TREND: StateKind = StateKind { number: 2, aggregate: "health_trend" };
pub const TREND_STATS: StateKind = StateKind { number: 3, aggregate: "health_trend_stats" };
pub const NPS: StateKind = StateKind { number: 4, aggregate: "health_nps" };
pub const CSAT: StateKind = StateKind { number: 5, aggregate: "health_csat" };
pub const CES: StateKind = StateKind { number: 6, aggregate: "health_ces" };
pub const ROLLUP: StateKind = StateKind { number: 7, aggregate: "health_rollup" };
pub const CHURN_RATE: StateKind = StateKind { number: 8, aggregate: "health_churn_rate" };
pub const USAGE_RATE: StateKind = StateKind { number: 9, aggregate: "health_usage_rate" };
pub const SPARK: StateKind = StateKind { number: 10, aggregate: "health_spark" };
/// The state of health_worst is a plain float8.
pub const WORST: StateKind = StateKind { number: 11, aggregate: "health_worst" };
pub const AUC: StateKind = StateKind { number: 12, aggregate: "health_auc" };
pub const BACKTEST: StateKind = StateKind { number: 13, aggregate: "health_backtest" };
pub const PSI: StateKind = StateKind { number: 14, aggregate: "health_psi" };
/// The state of health_score over events and of health_signals.
pub const EVENTS: StateKind = StateKind { number: 15, aggregate: "health_score" };

impl StateKind {
    /// The first bytes of every state: "hs", and the number.
    const fn tag(self) -> u32 {
        0x6873_0000 | self.number as u32
    }
}

/// The tag follows the four bytes of a varlena's header, so that the words are aligned as the whole is.
const HEADER: usize = 4;
const BEFORE_WORDS: usize = HEADER + size_of::<u32>();
const WORD: usize = size_of::<u64>();
/// Postgres's MaxAllocSize.
const LONGEST: usize = 0x3FFF_FFFF;

/// A state of the engine.
///
/// # Safety
/// The type is made of 64-bit numbers alone, so that any words are a value of it.
pub unsafe trait State: Copy + Default {
    const KIND: StateKind;

    /// Whether rows could have led to these numbers.
    fn is_consistent(&self) -> bool;
}

/// Makes a type of the engine a state. The type is made of 64-bit numbers alone, so that any words are a value of it.
#[macro_export]
macro_rules! state_of_numbers {
    ($type:ty, $kind:expr) => {
        // SAFETY: by what this macro asks for.
        unsafe impl $crate::aggregate::state::State for $type {
            const KIND: $crate::aggregate::state::StateKind = $kind;

            fn is_consistent(&self) -> bool {
                <$type>::is_consistent(self)
            }
        }
    };
}

/// Refuses a call from a query: a state is changed in place, and belongs to the aggregate that is running.
#[inline(always)]
pub fn require_aggregate(arguments: &Arguments, kind: StateKind) {
    // SAFETY: fcinfo is valid during the call; its context is null or a node. As AggCheckCallContext.
    let called_by_aggregate = unsafe {
        let context = (*arguments.fcinfo()).context;
        !context.is_null()
            && matches!((*context).type_, pg_sys::NodeTag::T_AggState | pg_sys::NodeTag::T_WindowAggState)
    };
    if !called_by_aggregate {
        called_outside(kind);
    }
}

#[cold]
fn called_outside(kind: StateKind) -> ! {
    Report::new(
        code::WRONG_OBJECT_TYPE,
        format!("a support function of aggregate {} cannot be called directly", kind.aggregate),
    )
    .hint(format!("Call {} itself.", kind.aggregate))
    .raise()
}

#[cold]
pub fn forged(kind: StateKind) -> ! {
    Report::new(code::INVALID_BINARY, format!("invalid state of aggregate {}", kind.aggregate))
        .detail("The bytes are truncated, altered, or the state of another aggregate.")
        .hint("Pass states unchanged; a state is valid only in the version of health_score that made it.")
        .raise()
}

/// New words for a state, all 0, in the memory of the call; the executor copies them.
pub fn allocate<'a>(kind: StateKind, words: usize) -> &'a mut [u64] {
    allocate_tagged(kind.tag(), kind, words)
}

/// The same with a tag that is not the one of the kind.
pub fn allocate_tagged<'a>(tag: u32, kind: StateKind, words: usize) -> &'a mut [u64] {
    let bytes = BEFORE_WORDS + words * WORD;
    if bytes > LONGEST {
        Report::new(code::PROGRAM_LIMIT, format!("{} holds too many rows at once", kind.aggregate))
            .hint("Use a smaller window frame, or smaller groups.")
            .raise();
    }
    // SAFETY: palloc gives these bytes, maximally aligned, or does not return.
    unsafe {
        let pointer: *mut u8 = pg_sys::palloc0(bytes).cast();
        pgrx::set_varsize_4b(pointer.cast(), bytes as i32);
        pointer.add(HEADER).cast::<u32>().write(tag);
        std::slice::from_raw_parts_mut(pointer.add(BEFORE_WORDS).cast(), words)
    }
}

/// The words of a state, to be changed in place. A state in any other form than that of [`allocate`] (with a short
/// header, unaligned, compressed) is copied first.
#[inline(always)]
pub fn open<'a>(datum: pg_sys::Datum, kind: StateKind) -> &'a mut [u64] {
    match in_place(datum) {
        Some((tag, words)) if tag == kind.tag() => words,
        _ => copy(datum, kind),
    }
}

/// The tag and the words of a state in the form of [`allocate`].
#[inline(always)]
pub fn in_place<'a>(datum: pg_sys::Datum) -> Option<(u32, &'a mut [u64])> {
    let pointer: *mut u8 = datum.cast_mut_ptr();
    // SAFETY: the argument is declared bytea; its header says what follows. Only one function at a time has the state
    // of an aggregate, which is a copy of its own, never a datum in a table.
    unsafe {
        if !pgrx::varatt_is_4b_u(pointer.cast()) || !pointer.addr().is_multiple_of(align_of::<u64>()) {
            return None;
        }
        let length = pgrx::varsize_4b(pointer.cast());
        if length < BEFORE_WORDS || !length.is_multiple_of(WORD) {
            return None;
        }
        let words = (length - BEFORE_WORDS) / WORD;
        let tag = pointer.add(HEADER).cast::<u32>().read();
        Some((tag, std::slice::from_raw_parts_mut(pointer.add(BEFORE_WORDS).cast(), words)))
    }
}

#[cold]
fn copy<'a>(datum: pg_sys::Datum, kind: StateKind) -> &'a mut [u64] {
    let bytes = content(datum, kind);
    let words = allocate(kind, bytes.len() / WORD);
    // SAFETY: the words were just made, as many as the bytes fill.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), words.as_mut_ptr().cast(), bytes.len()) };
    words
}

/// The bytes after the tag of a state, which need not be aligned.
fn content<'a>(datum: pg_sys::Datum, kind: StateKind) -> &'a [u8] {
    // SAFETY: the argument is declared bytea, and lives as long as the call.
    let bytes = unsafe { varlena_bytes(datum) };
    match bytes.split_first_chunk() {
        Some((tag, content)) if u32::from_ne_bytes(*tag) == kind.tag() && content.len().is_multiple_of(WORD) => content,
        _ => forged(kind),
    }
}

/// The datum of words that [`allocate`] or [`open`] gave.
#[inline(always)]
pub fn datum_of(words: &mut [u64]) -> Option<pg_sys::Datum> {
    // SAFETY: header and tag lie before the words.
    Some(pg_sys::Datum::from(unsafe { words.as_mut_ptr().cast::<u8>().sub(BEFORE_WORDS) }))
}

/// A state at the beginning of words, and the words behind it.
///
/// # Safety
/// `T` is made of 64-bit numbers alone.
#[inline(always)]
pub unsafe fn split<T>(words: &mut [u64], kind: StateKind) -> (&mut T, &mut [u64]) {
    const { assert!(size_of::<T>().is_multiple_of(WORD) && align_of::<T>() == align_of::<u64>()) };
    match words.split_at_mut_checked(size_of::<T>() / WORD) {
        // SAFETY: as many words as T has, aligned as T is; any of them are a T, by this function's contract.
        Some((head, tail)) => (unsafe { &mut *head.as_mut_ptr().cast() }, tail),
        None => forged(kind),
    }
}

#[inline(always)]
fn whole<T: State>(words: &mut [u64]) -> &mut T {
    // SAFETY: by the contract of the trait.
    match unsafe { split(words, T::KIND) } {
        (state, []) => state,
        _ => forged(T::KIND),
    }
}

/// One row more: changes the state of argument 0, or a new one.
#[inline(always)]
pub fn step<T: State>(arguments: &Arguments, add: impl FnOnce(&mut T) -> Result<(), Refused>) -> Option<pg_sys::Datum> {
    let words = match arguments.datum(0) {
        Some(datum) => open(datum, T::KIND),
        None => first::<T>(),
    };
    if let Err(refused) = add(whole(words)) {
        refuse(refused);
    }
    datum_of(words)
}

#[inline(never)]
fn first<'a, T: State>() -> &'a mut [u64] {
    let words = allocate(T::KIND, size_of::<T>() / WORD);
    *whole(words) = T::default();
    words
}

/// Merges the state of argument 1 into that of argument 0. Whether the numbers are consistent is checked by
/// [`finished`]; merging inconsistent numbers does no harm.
pub fn combine<T: State>(
    arguments: &Arguments,
    merge: impl FnOnce(&mut T, &T) -> Result<(), Refused>,
) -> Option<pg_sys::Datum> {
    require_aggregate(arguments, T::KIND);
    let Some(other) = read::<T>(arguments, 1) else { return arguments.datum(0) };
    let Some(datum) = arguments.datum(0) else {
        let words = first::<T>();
        *whole(words) = other;
        return datum_of(words);
    };
    let words = open(datum, T::KIND);
    if let Err(refused) = merge(whole(words), &other) {
        refuse(refused);
    }
    datum_of(words)
}

/// The same for states that can always be merged.
pub fn combine_all<T: State>(arguments: &Arguments, merge: impl FnOnce(&mut T, &T)) -> Option<pg_sys::Datum> {
    combine(arguments, |state, other| {
        merge(state, other);
        Ok(())
    })
}

/// The state at the end. It is not changed, since other aggregates or more rows may need it.
pub fn finished<T: State>(arguments: &Arguments) -> Option<T> {
    require_aggregate(arguments, T::KIND);
    let state: T = read(arguments, 0)?;
    if !state.is_consistent() {
        forged(T::KIND);
    }
    Some(state)
}

fn read<T: State>(arguments: &Arguments, at: usize) -> Option<T> {
    let bytes = content(arguments.datum(at)?, T::KIND);
    if bytes.len() != size_of::<T>() {
        forged(T::KIND);
    }
    // SAFETY: as many bytes as T has, and any are a T by the contract of the trait; they need not be aligned.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}
