//! Compiled models of this backend: documents by their bytes, stored models by name while nobody has changed them.
//!
//! Who may use a stored model is asked again at every call site; what is cached is only the compiling. A cached model
//! is used under a snapshot only if that snapshot sees the row it came from.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use health_score_engine::Model;
use pgrx::pg_sys;

use crate::document::{interruptible, parse};
use crate::error::invalid_document;
use crate::jsonb::Keys;
use crate::model_store::{Reference, Store, Stored};

/// A model with what reading its accounts needs.
pub struct Compiled {
    pub model: Model,
    pub keys: Keys,
}

/// A stored model, and when it may be used.
#[derive(Clone)]
pub struct Named {
    pub compiled: Rc<Compiled>,
    pub name: Rc<str>,
    pub version: i32,
    validity: Validity,
}

#[derive(Debug, Clone, Copy)]
struct Validity {
    generation: u64,
    user: pg_sys::Oid,
    xmin: pg_sys::TransactionId,
    /// The command that saw the row, where this transaction wrote it itself.
    own_command: Option<pg_sys::CommandId>,
}

/// Documents are kept while they are few and small: enough for every model of a session, never a leak.
const DOCUMENTS: usize = 32;
const DOCUMENT_BYTES: usize = 16 << 20;
const NAMES: usize = 256;

/// The bytes of a document, and what they compile to.
type Document = (Box<[u8]>, Rc<Compiled>);

/// Atomics only to be statics: a backend is one thread, and reading them must cost nothing per row.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static WATCHED: AtomicU32 = AtomicU32::new(0);
static CALLBACK_REGISTERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The most recently used first.
    static BY_DOCUMENT: RefCell<Vec<Document>> = const { RefCell::new(Vec::new()) };
    static BY_NAME: RefCell<HashMap<(Store, String), Named>> = RefCell::new(HashMap::new());
}

/// Runs inside Postgres's invalidation, where nothing may be looked up: it counts, and nothing else.
unsafe extern "C-unwind" fn relation_changed(_: pg_sys::Datum, relation: pg_sys::Oid) {
    if relation == pg_sys::InvalidOid || u32::from(relation) == WATCHED.load(Relaxed) {
        GENERATION.fetch_add(1, Relaxed);
    }
}

fn watch(relation: pg_sys::Oid) {
    if !CALLBACK_REGISTERED.swap(true, Relaxed) {
        // SAFETY: the callback is a plain function that lives as long as the library.
        unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(relation_changed), pg_sys::Datum::from(0)) };
    }
    if WATCHED.swap(relation.into(), Relaxed) != u32::from(relation) {
        // Another installation (dropped and created again): its changes were not seen so far.
        GENERATION.fetch_add(1, Relaxed);
    }
}

unsafe extern "C" {
    /// Declared here because pgrx's own binding sets a jump target for errors, which a read of a variable cannot raise.
    fn GetUserId() -> pg_sys::Oid;
}

impl Validity {
    /// Whether the active snapshot of the current user shows the row still.
    #[inline]
    fn holds(&self) -> bool {
        // SAFETY: reads of backend state; XidInMVCCSnapshot takes the active snapshot.
        unsafe {
            if self.generation != GENERATION.load(Relaxed) || self.user != GetUserId() {
                return false;
            }
            if precedes(self.xmin, pg_sys::TransactionXmin) {
                // Older than every snapshot of this transaction.
                return true;
            }
            if !pg_sys::ActiveSnapshotSet() {
                return false;
            }
            let snapshot = pg_sys::GetActiveSnapshot();
            match self.own_command {
                Some(command) => (*snapshot).curcid >= command,
                None => !pg_sys::XidInMVCCSnapshot(self.xmin, snapshot),
            }
        }
    }
}

/// Transaction ids are a circle; the frozen ones precede all.
fn precedes(a: pg_sys::TransactionId, b: pg_sys::TransactionId) -> bool {
    let (a, b) = (a.into_inner(), b.into_inner());
    let first_normal = pg_sys::FirstNormalTransactionId.into_inner();
    if a < first_normal || b < first_normal { a < b } else { (a.wrapping_sub(b) as i32) < 0 }
}

impl Named {
    #[inline]
    pub fn is_current(&self) -> bool {
        self.validity.holds()
    }
}

/// The compiled form of a document given by value, or all its errors.
pub fn by_document(bytes: &[u8]) -> Rc<Compiled> {
    compiled(bytes, "model document")
}

/// The stored model of a name (or name@version), for the current user, under the active snapshot.
pub fn by_name(store: Store, text: &str) -> Named {
    watch(store.relation);
    store.check_rights();
    let key = (store, text.to_owned());
    // SAFETY: a read of backend state.
    let user = unsafe { GetUserId() };
    let cached = BY_NAME.with_borrow(|names| names.get(&key).cloned());
    if let Some(mut named) = cached {
        // The rights were checked just now; the entry may come from another user.
        named.validity.user = user;
        if named.is_current() {
            return named;
        }
    }
    let reference = Reference::parse(text);
    let generation = GENERATION.load(Relaxed);
    let stored = store.find(&reference).unwrap_or_else(|| store.not_found(&reference));
    let what = format!("model {:?}, version {}", reference.name, stored.version);
    let compiled = compiled(&stored.definition, &what);
    let validity = Validity { generation, user, xmin: stored.xmin, own_command: own_command(stored.xmin) };
    let named = Named { compiled, name: reference.name.into(), version: stored.version, validity };
    if validity.own_command.is_none() && !store.has_row_security() && is_latest(&store, &reference, &stored) {
        BY_NAME.with_borrow_mut(|names| {
            // Entries of an older generation can never be used again.
            names.retain(|_, named| named.validity.generation == GENERATION.load(Relaxed));
            if generation == GENERATION.load(Relaxed) && names.len() < NAMES {
                names.insert(key, named.clone());
            }
        });
    }
    named
}

/// The current command, if this transaction wrote the row itself.
fn own_command(xmin: pg_sys::TransactionId) -> Option<pg_sys::CommandId> {
    // SAFETY: reads of backend state; SPI has just used the active snapshot.
    unsafe {
        if !pg_sys::TransactionIdIsCurrentTransactionId(xmin) {
            return None;
        }
        let command = if pg_sys::ActiveSnapshotSet() { (*pg_sys::GetActiveSnapshot()).curcid } else { 0 };
        Some(command)
    }
}

/// Whether the newest snapshot shows the same row: an old one (a cursor, REPEATABLE READ) may not speak for later
/// statements.
fn is_latest(store: &Store, reference: &Reference, stored: &Stored) -> bool {
    // SAFETY: pushes and pops a snapshot around a read; an error in between is cleaned up by the transaction's abort.
    unsafe {
        if pg_sys::IsInParallelMode() {
            // The newest snapshot cannot be taken there.
            return false;
        }
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
        let latest = store.find(reference);
        pg_sys::PopActiveSnapshot();
        latest.is_some_and(|latest| latest.xmin == stored.xmin && latest.version == stored.version)
    }
}

fn compiled(bytes: &[u8], what: &str) -> Rc<Compiled> {
    let known = BY_DOCUMENT.with_borrow_mut(|documents| {
        let at = documents.iter().position(|(key, _)| **key == *bytes)?;
        documents[..=at].rotate_right(1);
        Some(documents[0].1.clone())
    });
    if let Some(known) = known {
        return known;
    }
    let document = parse(bytes, what);
    let model =
        Model::compile(&document, &mut interruptible).unwrap_or_else(|issues| invalid_document(what, &issues).raise());
    let keys = Keys::new(model.inputs().iter().map(|input| input.name.as_str()));
    let compiled = Rc::new(Compiled { model, keys });
    BY_DOCUMENT.with_borrow_mut(|documents| {
        documents.insert(0, (bytes.into(), compiled.clone()));
        documents.truncate(DOCUMENTS);
        while documents.iter().map(|(key, _)| key.len()).sum::<usize>() > DOCUMENT_BYTES {
            documents.pop();
        }
    });
    compiled
}
