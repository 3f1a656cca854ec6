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
use siphasher::sip::SipHasher13;

use crate::model::document::parse;
use crate::model::store::{ModelStore, Reference, Stored};
use crate::pg::error::{invalid_document, quoted};
use crate::pg::json::jsonb::Keys;
use crate::pg::memory::interruptible;

/// A model with what reading its accounts needs.
pub struct Compiled {
    pub model: Model,
    pub keys: Keys,
    /// A hash of the document, which names the model of an aggregate state. States go to other processes and machines, so it
    /// is one that does not depend on the build.
    pub hash: u64,
}

/// A stored model, as one statement has seen it.
pub struct NamedModel {
    pub compiled: Rc<Compiled>,
    pub name: Rc<str>,
    pub version: i32,
    /// None where the next call has to look again, whatever has happened.
    seen: Option<Seen>,
    /// The command that saw the row, where this transaction wrote it itself.
    own_command: Option<pg_sys::CommandId>,
}

/// What a look into health_model depends on: while nothing of it changes, the same row would be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    generation: u64,
    user: pg_sys::Oid,
    /// Of the active snapshot: with the same xmax transactions can only leave the lists, so the same counts mean the
    /// same transactions.
    xmax: pg_sys::TransactionId,
    running: (u32, i32),
}

/// A stored model that several statements may use, as long as their snapshots show the row that it came from.
struct SharedModel {
    compiled: Rc<Compiled>,
    name: Rc<str>,
    version: i32,
    generation: u64,
    xmin: pg_sys::TransactionId,
}

/// Documents are kept while they are few and small: enough for every model of a session, never a leak.
const DOCUMENTS: usize = 32;
const DOCUMENT_BYTES: usize = 16 << 20;
const NAMES: usize = 256;

/// The bytes of a document, and what they compile to.
type CachedDocument = (Box<[u8]>, Rc<Compiled>);

/// Atomics only to be statics: a backend is one thread, and reading them must cost nothing per row.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static WATCHED: AtomicU32 = AtomicU32::new(0);
static CALLBACK_REGISTERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The most recently used first.
    static BY_DOCUMENT: RefCell<Vec<CachedDocument>> = const { RefCell::new(Vec::new()) };
    static BY_NAME: RefCell<HashMap<(ModelStore, String), SharedModel>> = RefCell::new(HashMap::new());
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
    // Declared here because pgrx's own bindings set a jump target for errors, which reads of variables cannot raise.
    fn GetUserId() -> pg_sys::Oid;
    fn ActiveSnapshotSet() -> bool;
    fn GetActiveSnapshot() -> pg_sys::Snapshot;
}

impl Seen {
    /// With the active snapshot's command.
    #[inline]
    fn now() -> Option<(Seen, pg_sys::CommandId)> {
        // SAFETY: reads of backend state; the active snapshot is used while it is active.
        unsafe {
            if !ActiveSnapshotSet() {
                return None;
            }
            let snapshot = &*GetActiveSnapshot();
            let seen = Seen {
                generation: GENERATION.load(Relaxed),
                user: GetUserId(),
                xmax: snapshot.xmax,
                running: (snapshot.xcnt, snapshot.subxcnt),
            };
            Some((seen, snapshot.curcid))
        }
    }
}

impl NamedModel {
    /// Whether the same look would find the same row.
    #[inline]
    pub fn is_current(&self) -> bool {
        match (self.seen, Seen::now()) {
            (Some(seen), Some((now, command))) => {
                seen == now && self.own_command.is_none_or(|own_command| command >= own_command)
            }
            _ => false,
        }
    }
}

/// The compiled form of a document given by value, or all its errors.
pub fn by_document(bytes: &[u8]) -> Rc<Compiled> {
    compiled(bytes, "model document")
}

/// The stored model of a name (or name@version), for the current user, under the active snapshot.
pub fn by_name(store: ModelStore, text: &str) -> NamedModel {
    // A statement of a longer transaction sees what others have committed since; so must the cache.
    // SAFETY: allowed wherever catalogs may be read.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    watch(store.relation);
    store.check_rights();
    let key = (store, text.to_owned());
    let now = Seen::now();
    let shared = BY_NAME.with_borrow(|names| {
        let shared = names.get(&key)?;
        let usable = shared.generation == GENERATION.load(Relaxed) && is_visible(shared.xmin);
        usable.then(|| NamedModel {
            compiled: shared.compiled.clone(),
            name: shared.name.clone(),
            version: shared.version,
            seen: now.map(|(seen, _)| seen),
            own_command: None,
        })
    });
    shared.unwrap_or_else(|| load(store, key, now))
}

fn load(store: ModelStore, key: (ModelStore, String), now: Option<(Seen, pg_sys::CommandId)>) -> NamedModel {
    let reference = Reference::parse(&key.1);
    let stored = store.find(&reference).unwrap_or_else(|| store.not_found(&reference));
    let what = format!("model {}, version {}", quoted(reference.name), stored.version);
    let compiled = compiled(&stored.definition, &what);
    // SAFETY: a read of backend state.
    let is_own = unsafe { pg_sys::TransactionIdIsCurrentTransactionId(stored.xmin) };
    let by_policy = store.has_row_security();
    let named = NamedModel {
        compiled,
        name: reference.name.into(),
        version: stored.version,
        // A policy may look at anything, a setting for example: it is asked at every call.
        seen: now.map(|(seen, _)| seen).filter(|_| !by_policy),
        own_command: now.map(|(_, command)| command).filter(|_| is_own),
    };
    if let Some((seen, _)) = now
        && !is_own
        && !by_policy
        && is_latest(&store, &reference, &stored)
    {
        // The snapshot has shown the row; where its xmin is so old that it seems to lie ahead, it is frozen.
        let xmin = if is_visible(stored.xmin) { stored.xmin } else { pg_sys::FrozenTransactionId };
        let shared = SharedModel {
            compiled: named.compiled.clone(),
            name: named.name.clone(),
            version: named.version,
            generation: seen.generation,
            xmin,
        };
        share(key, shared);
    }
    named
}

fn share(key: (ModelStore, String), shared: SharedModel) {
    let generation = GENERATION.load(Relaxed);
    BY_NAME.with_borrow_mut(|names| {
        // Entries of an older generation can never be used again.
        names.retain(|_, shared| shared.generation == generation);
        if names.len() >= NAMES
            && let Some(any) = names.keys().next().cloned()
        {
            names.remove(&any);
        }
        if shared.generation == generation {
            names.insert(key, shared);
        }
    });
}

/// Whether the active snapshot shows what that transaction, not this one, has written.
fn is_visible(xmin: pg_sys::TransactionId) -> bool {
    // SAFETY: reads of backend state; the active snapshot is used while it is active.
    unsafe { ActiveSnapshotSet() && !pg_sys::XidInMVCCSnapshot(xmin, GetActiveSnapshot()) }
}

/// Whether the newest snapshot shows the same row: an old one (a cursor, REPEATABLE READ) may not speak for later
/// statements.
fn is_latest(store: &ModelStore, reference: &Reference, stored: &Stored) -> bool {
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
    let hash = SipHasher13::new().hash(bytes);
    let compiled = Rc::new(Compiled { model, keys, hash });
    BY_DOCUMENT.with_borrow_mut(|documents| {
        documents.insert(0, (bytes.into(), compiled.clone()));
        documents.truncate(DOCUMENTS);
        while documents.iter().map(|(key, _)| key.len()).sum::<usize>() > DOCUMENT_BYTES {
            documents.pop();
        }
    });
    compiled
}
