//! The model of a state. A state begins with the hash of the model's document; the words of the engine follow. A state
//! that may reach another process also holds a reference to the model: its name and version, or the document itself.
//! Within one process the hash is enough, so a million groups do not need a million documents.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use health_score_engine::Gathering;
use serde_json::Value as Json;

use crate::aggregate::aggref::leaves;
use crate::aggregate::events::compact::Compact;
use crate::aggregate::state::{self, EVENTS};
use crate::model::cache::{Compiled, by_document, by_name};
use crate::model::store::ModelStore;
use crate::pg::arguments::Arguments;
use crate::pg::datum::varlena_bytes;
use crate::pg::error::{Report, code};
use crate::pg::fn_extra::kept;
use crate::pg::json::text::parse_jsonb;

/// The words before a reference: the hash, then the kind of the reference with its length in bytes.
const HASH: usize = 0;
const REFERENCE: usize = 1;
const HEAD: usize = 2;

/// The two highest bits of the reference's word.
const BY_NAME: u64 = 1 << 62;
const BY_DOCUMENT: u64 = 2 << 62;
const LENGTH: u64 = BY_NAME - 1;

thread_local! {
    /// The models that call sites of this process hold, by hash.
    static HELD: RefCell<HashMap<u64, Weak<Compiled>>> = RefCell::new(HashMap::new());
}

/// The words of hash and reference, and those of the engine.
#[inline]
pub fn parts(words: &[u64]) -> (&[u64], &[u64]) {
    words.split_at_checked(head_of(words)).unwrap_or_else(|| state::forged(EVENTS))
}

#[inline]
pub fn parts_mut(words: &mut [u64]) -> (&mut [u64], &mut [u64]) {
    let head = head_of(words);
    words.split_at_mut_checked(head).unwrap_or_else(|| state::forged(EVENTS))
}

#[inline]
fn head_of(words: &[u64]) -> usize {
    let reference = words.get(REFERENCE).copied().unwrap_or_default();
    HEAD + ((reference & LENGTH) as usize).div_ceil(size_of::<u64>())
}

/// A model that a call site holds.
pub struct Held {
    pub compiled: Rc<Compiled>,
    /// The beginning of its states: hash and reference.
    head: Box<[u64]>,
    /// What compact states of the model need, if its states may be compact.
    pub compact: Option<Compact>,
}

/// How another process finds the model of a state.
pub enum StateReference<'a> {
    /// The state never leaves this process.
    None,
    /// With the version.
    Name(&'a str),
    /// As text: bytes from elsewhere are never read as jsonb.
    Document(&'a str),
}

impl Held {
    pub fn new(compiled: Rc<Compiled>, reference: StateReference) -> Held {
        let (mark, bytes) = match reference {
            StateReference::None => (0, &[][..]),
            StateReference::Name(name) => (BY_NAME, name.as_bytes()),
            StateReference::Document(text) => (BY_DOCUMENT, text.as_bytes()),
        };
        let mut head = vec![compiled.hash, mark | bytes.len() as u64];
        head.extend(bytes.chunks(size_of::<u64>()).map(|chunk| {
            let mut word = [0; size_of::<u64>()];
            word[..chunk.len()].copy_from_slice(chunk);
            u64::from_ne_bytes(word)
        }));
        let compiled = HELD.with_borrow_mut(|held| {
            held.retain(|_, compiled| compiled.strong_count() > 0);
            let known = held.entry(compiled.hash).or_insert_with(|| Rc::downgrade(&compiled));
            // All call sites share one, which exists as long as any of them.
            known.upgrade().unwrap_or(compiled)
        });
        Held { compiled, head: head.into(), compact: None }
    }

    /// The same for states that may be compact: they hold no times, are scored as of `as_of`, and never leave this
    /// process.
    pub fn with_compact(self, as_of: Option<i64>) -> Held {
        Held { compact: Compact::of(&self.compiled, as_of), ..self }
    }

    /// A new state with room for `body` words of the engine.
    pub fn state<'a>(&self, body: usize) -> &'a mut [u64] {
        let words = state::allocate(EVENTS, self.head.len() + body);
        words[..self.head.len()].copy_from_slice(&self.head);
        words
    }

    #[inline(never)]
    pub fn first_state<'a>(&self, as_of: Option<i64>, timed: bool) -> &'a mut [u64] {
        let gathering = self.compiled.model.gathering();
        let words = self.state(gathering.words(timed));
        gathering.begin(parts_mut(words).1, as_of, timed);
        words
    }

    /// A state in the full form with the content of a compact one.
    #[cold]
    pub fn expand<'a>(&self, compact: &[u64], as_of: Option<i64>) -> &'a mut [u64] {
        let gathering = self.compiled.model.gathering();
        let words = self.state(gathering.words(false));
        gathering.expand(compact, parts_mut(words).1, as_of).unwrap_or_else(|_| state::forged(EVENTS));
        words
    }

    /// The words of the engine, if the state has this model, this reference and this time.
    #[inline(always)]
    pub fn own_body<'a>(&self, words: &'a mut [u64], as_of: Option<i64>) -> Option<&'a mut [u64]> {
        if words.get(..HEAD)? != self.head.get(..HEAD)? {
            return None;
        }
        let body = words.get_mut(self.head.len()..)?;
        (Gathering::as_of(body) == as_of).then_some(body)
    }

    /// A group has one model and one time.
    #[inline]
    pub fn require_same(&self, words: &[u64], as_of: Option<i64>) {
        match words.first() {
            Some(hash) if *hash == self.compiled.hash => {}
            Some(_) => varying("model"),
            None => state::forged(EVENTS),
        }
        let (_, body) = parts(words);
        if body.len() < self.compiled.model.gathering().words(false) {
            state::forged(EVENTS);
        }
        if Gathering::as_of(body) != as_of {
            varying("as_of");
        }
    }
}

#[cold]
pub fn varying(what: &str) -> ! {
    Report::new(code::INVALID_PARAMETER, format!("{what} varies within a group"))
        .detail("The events of an account are scored by one model, as of one time.")
        .hint(format!("Add {what} to GROUP BY."))
        .raise()
}

/// The models of the states that a combine or final function is given.
#[derive(Default)]
pub struct Models {
    held: Vec<Held>,
}

impl Models {
    pub fn of(arguments: &Arguments) -> &'static mut Models {
        kept(arguments, Models::default)
    }

    /// The model of a state.
    pub fn find(&mut self, arguments: &Arguments, words: &[u64]) -> &Held {
        let hash = words.get(HASH).copied().unwrap_or_default();
        let at = self.held.iter().position(|held| held.compiled.hash == hash).unwrap_or_else(|| {
            let (head, _) = parts(words);
            let found = HELD.with_borrow(|held| held.get(&hash)?.upgrade());
            let compiled = found.unwrap_or_else(|| refer(arguments, head));
            if compiled.hash != hash {
                state::forged(EVENTS);
            }
            self.held.push(held_for(arguments, compiled, head));
            self.held.len() - 1
        });
        &self.held[at]
    }
}

/// A state that may be passed on again keeps its reference.
fn held_for(arguments: &Arguments, compiled: Rc<Compiled>, head: &[u64]) -> Held {
    if !leaves(arguments) {
        return Held::new(compiled, StateReference::None);
    }
    let text = referred(head);
    Held::new(
        compiled,
        match head[REFERENCE] & !LENGTH {
            BY_NAME => StateReference::Name(&text),
            BY_DOCUMENT => StateReference::Document(&text),
            _ => StateReference::None,
        },
    )
}

fn referred(head: &[u64]) -> String {
    let mut bytes: Vec<u8> = head[HEAD..].iter().flat_map(|word| word.to_ne_bytes()).collect();
    bytes.truncate((head[REFERENCE] & LENGTH) as usize);
    String::from_utf8(bytes).unwrap_or_else(|_| state::forged(EVENTS))
}

fn refer(arguments: &Arguments, head: &[u64]) -> Rc<Compiled> {
    let text = referred(head);
    match head[REFERENCE] & !LENGTH {
        BY_NAME => by_name(ModelStore::of_function(arguments.function()), &text).compiled,
        BY_DOCUMENT if serde_json::from_str::<Json>(&text).is_ok() => {
            let document = parse_jsonb(text.into_bytes());
            // SAFETY: a jsonb in the memory of the call.
            by_document(unsafe { varlena_bytes(document) })
        }
        _ => state::forged(EVENTS),
    }
}
