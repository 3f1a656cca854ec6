//! What a function keeps at a call site from one call to the next: a value behind `fn_extra`, dropped with the memory
//! of `fn_mcxt`. No other file reads or writes `fn_extra`.

use std::cell::{Cell, RefCell};
use std::ptr;

use pgrx::{PgMemoryContexts, pg_sys};

use crate::pg::arguments::Arguments;

/// What `fn_extra` points to. A slot is used again but never freed, so that a pointer to it can be followed at any
/// time.
///
/// Dropping the value empties the slot. It cannot set `fn_extra` to null: the fast-path protocol keeps an `FmgrInfo` on
/// the stack, which is gone by the time its memory context is reset. An `FmgrInfo` that outlives its context finds a
/// slot that is not its own, and starts with a new value.
struct Slot {
    /// The call site that uses the slot, null when the slot is empty.
    owner: Cell<*const pg_sys::FmgrInfo>,
    value: Cell<*mut ()>,
}

thread_local! {
    static EMPTY: RefCell<Vec<&'static Slot>> = const { RefCell::new(Vec::new()) };
}

/// A value together with the slot that points to it.
struct Kept<T> {
    slot: &'static Slot,
    value: T,
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        self.slot.owner.set(ptr::null());
        // At the end of the process the list may be gone already.
        let _ = EMPTY.try_with(|empty| empty.borrow_mut().push(self.slot));
    }
}

/// The value that this call site keeps, made by `make` at the first call. A SQL function always asks for the same type.
#[inline]
pub fn kept<T: 'static>(arguments: &Arguments, make: impl FnOnce() -> T) -> &'static mut T {
    let flinfo = arguments.flinfo();
    // SAFETY: flinfo is valid during the call. fn_extra is null or points to a slot, and slots are never freed. A slot
    // with this owner holds a value of this function, thus of this type, that has not been dropped. A call site is
    // never entered twice at once, so the reference is the only one.
    unsafe {
        if let Some(slot) = (*flinfo).fn_extra.cast::<Slot>().as_ref()
            && ptr::eq(slot.owner.get(), flinfo)
        {
            return &mut *slot.value.get().cast::<T>();
        }
        &mut *keep(flinfo, make())
    }
}

/// # Safety
/// `flinfo` is the one of the call in progress.
#[cold]
unsafe fn keep<T: 'static>(flinfo: *mut pg_sys::FmgrInfo, value: T) -> *mut T {
    let slot = EMPTY.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
        Box::leak(Box::new(Slot { owner: Cell::new(ptr::null()), value: Cell::new(ptr::null_mut()) }))
    });
    // SAFETY: by this function's contract.
    unsafe {
        let kept = PgMemoryContexts::For((*flinfo).fn_mcxt).leak_and_drop_on_delete(Kept { slot, value });
        let value = &raw mut (*kept).value;
        slot.value.set(value.cast());
        slot.owner.set(flinfo);
        (*flinfo).fn_extra = ptr::from_ref(slot).cast_mut().cast();
        value
    }
}
