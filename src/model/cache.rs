//! Compiled models of this backend: documents by their bytes, stored models by name until health_model changes.
//!
//! Only the compiled form is cached: rights on a stored model are checked again at every call site. A cached model is
//! used under a snapshot only if that snapshot sees the row that the model came from.

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

/// A model and the keys that reading its accounts needs.
pub struct Compiled {
    pub model: Model,
    pub keys: Keys,
    /// A hash of the document, which names the model of an aggregate state. States go to other processes and machines,
    /// so it is one that does not depend on the build.
    pub hash: u64,
}

/// A stored model, as one statement has seen it.
pub struct NamedModel {
    pub compiled: Rc<Compiled>,
    pub name: Rc<str>,
    pub version: i32,
    /// None if the next call must look the model up again in any case.
    seen: Option<Seen>,
    /// The command that saw the row, if this transaction wrote the row.
    own_command: Option<pg_sys::CommandId>,
}

/// What a look-up in health_model depends on: as long as it is the same, the look-up would find the same row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    generation: u64,
    user: pg_sys::Oid,
    /// Of the active snapshot, with `running`. As long as xmax is the same, transactions can only leave the lists of
    /// running transactions; so equal counts mean equal lists.
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

/// The cache of documents is bounded in number and bytes.
const DOCUMENTS: usize = 32;
const DOCUMENT_BYTES: usize = 16 << 20;
const NAMES: usize = 256;

/// The bytes of a document, and what they compile to.
type CachedDocument = (Box<[u8]>, Rc<Compiled>);

/// Atomics because they are statics; a backend has one thread. Reading them must cost nothing per row.
static GENERATION: AtomicU64 = AtomicU64::new(0);
static WATCHED: AtomicU32 = AtomicU32::new(0);
static CALLBACK_REGISTERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The most recently used first.
    static BY_DOCUMENT: RefCell<Vec<CachedDocument>> = const { RefCell::new(Vec::new()) };
    static BY_NAME: RefCell<HashMap<(ModelStore, String), SharedModel>> = RefCell::new(HashMap::new());
}

/// Runs inside Postgres's invalidation, where no catalog may be read: it only counts.
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
        // Another installation (dropped and created again): its changes have not been counted.
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
    /// Whether a look-up would find the same row.
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
    find_by_name(store, text).unwrap_or_else(|| store.not_found(&Reference::parse(text)))
}

/// The same, none for a name or version that is not there.
pub fn find_by_name(store: ModelStore, text: &str) -> Option<NamedModel> {
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
    shared.or_else(|| load(store, key, now))
}

fn load(store: ModelStore, key: (ModelStore, String), now: Option<(Seen, pg_sys::CommandId)>) -> Option<NamedModel> {
    let reference = Reference::parse(&key.1);
    let stored = store.find(&reference)?;
    let what = format!("model {}, version {}", quoted(reference.name), stored.version);
    let compiled = compiled(&stored.definition, &what);
    // SAFETY: a read of backend state.
    let is_own = unsafe { pg_sys::TransactionIdIsCurrentTransactionId(stored.xmin) };
    let by_policy = store.has_row_security();
    let named = NamedModel {
        compiled,
        name: reference.name.into(),
        version: stored.version,
        // A policy may depend on anything, for example a setting: it is evaluated at every call.
        seen: now.map(|(seen, _)| seen).filter(|_| !by_policy),
        own_command: now.map(|(_, command)| command).filter(|_| is_own),
    };
    if let Some((seen, _)) = now
        && !is_own
        && !by_policy
        && is_latest(&store, &reference, &stored)
    {
        // The snapshot has shown the row. If its xmin is so old that it seems to be in the future, the row is frozen.
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
    Some(named)
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

/// Whether the active snapshot shows what another transaction, `xmin`, has written.
fn is_visible(xmin: pg_sys::TransactionId) -> bool {
    // SAFETY: reads of backend state; the active snapshot is used while it is active.
    unsafe { ActiveSnapshotSet() && !pg_sys::XidInMVCCSnapshot(xmin, GetActiveSnapshot()) }
}

/// Whether the newest snapshot shows the same row. What an older one shows (in a cursor, in REPEATABLE READ) must not
/// be cached for later statements.
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
