//! Compact states, for models that need only the last numbers of their signals. No other process sees a compact state.
//! Its words belong to the engine. The tag before the words identifies the owner, only in this process and only as long
//! as the call site exists.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use health_score_engine::Gathering;
use pgrx::pg_sys;

use crate::aggregate::state::{self, EVENTS};
use crate::model::cache::Compiled;

/// The highest byte of a tag; no other state has it. The rest is the owner's.
const MARK: u32 = 0x63 << 24;
const OWNER: u32 = 0x00FF_FFFF;

/// The model of compact states, and the time they are scored at.
struct Owner {
    compiled: Rc<Compiled>,
    as_of: Option<i64>,
}

thread_local! {
    /// The owners of the existing call sites, by tag.
    static OWNERS: RefCell<HashMap<u32, Weak<Owner>>> = RefCell::new(HashMap::new());
}

/// What a call site needs for its own compact states. As long as this value exists, their owner is known.
pub struct Compact {
    tag: u32,
    words: usize,
    _owner: Rc<Owner>,
}

impl Compact {
    /// None where states of this model cannot be compact. States are not compact either where another owner has the
    /// same tag; this costs only memory.
    pub fn of(compiled: &Rc<Compiled>, as_of: Option<i64>) -> Option<Compact> {
        let words = compiled.model.gathering().compact_words()?;
        // Fibonacci hashing: the upper bits depend on all.
        let mixed = (compiled.hash ^ as_of.unwrap_or_default() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let tag = MARK | (mixed >> 40) as u32 & OWNER;
        OWNERS.with_borrow_mut(|owners| {
            owners.retain(|_, owner| owner.strong_count() > 0);
            let known = owners.get(&tag).and_then(Weak::upgrade);
            let owner = known.unwrap_or_else(|| {
                let owner = Rc::new(Owner { compiled: compiled.clone(), as_of });
                owners.insert(tag, Rc::downgrade(&owner));
                owner
            });
            let is_own = owner.as_of == as_of && Rc::ptr_eq(&owner.compiled, compiled);
            is_own.then_some(Compact { tag, words, _owner: owner })
        })
    }

    /// A new state.
    #[inline(never)]
    pub fn first<'a>(&self) -> &'a mut [u64] {
        let words = state::allocate_tagged(self.tag, EVENTS, self.words);
        Gathering::begin_compact(words);
        words
    }

    /// The words of a state, if the state belongs to this owner.
    #[inline(always)]
    pub fn open<'a>(&self, datum: pg_sys::Datum) -> Option<&'a mut [u64]> {
        state::in_place(datum)
            .filter(|(tag, words)| *tag == self.tag && words.len() == self.words)
            .map(|(_, words)| words)
    }
}

/// Whether a state is a compact one, of whatever model.
pub fn is_compact(datum: pg_sys::Datum) -> bool {
    let is_known = |tag: u32| OWNERS.with_borrow(|owners| owners.contains_key(&tag));
    state::in_place(datum).is_some_and(|(tag, _)| tag & !OWNER == MARK && is_known(tag))
}

/// The owners of the states that a final function reads.
#[derive(Default)]
pub struct Owners(Vec<(u32, Rc<Owner>)>);

impl Owners {
    /// A compact state's words, its model and the time it is scored at; none for a state of the full form.
    #[inline]
    pub fn open<'a>(&mut self, datum: pg_sys::Datum) -> Option<(&'a [u64], &Rc<Compiled>, Option<i64>)> {
        let (tag, words) = state::in_place(datum).filter(|(tag, _)| tag & !OWNER == MARK)?;
        let at = self.0.iter().position(|(known, _)| *known == tag).unwrap_or_else(|| {
            let owner = OWNERS.with_borrow(|owners| owners.get(&tag).and_then(Weak::upgrade));
            self.0.push((tag, owner.unwrap_or_else(|| state::forged(EVENTS))));
            self.0.len() - 1
        });
        let owner = &self.0[at].1;
        Some((words, &owner.compiled, owner.as_of))
    }
}
