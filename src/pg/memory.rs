//! The memory that Rust allocates. Postgres does not know of it. When an allocation fails, Rust aborts the process; the
//! server takes that for a crash and ends every session. Code that collects much therefore asks for room first and
//! raises an ERROR; if an allocation fails in spite of that, only this session ends, with a FATAL.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use pgrx::{PgSqlErrorCode, pg_sys};

use crate::pg::error::Report;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes in use. A backend is one thread; were there more, a lost update would spoil an estimate and nothing else.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

fn count(more: usize, less: usize) {
    IN_USE.store(IN_USE.load(Ordering::Relaxed).wrapping_add(more).wrapping_sub(less), Ordering::Relaxed);
}

// SAFETY: the system's allocator, with a count beside it; a failed allocation does not return.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's contract.
        let pointer = unsafe { System.alloc(layout) };
        if pointer.is_null() {
            exhausted();
        }
        count(layout.size(), 0);
        pointer
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's contract.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        if pointer.is_null() {
            exhausted();
        }
        count(layout.size(), 0);
        pointer
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: by the caller's contract.
        let moved = unsafe { System.realloc(pointer, layout, size) };
        if moved.is_null() {
            exhausted();
        }
        count(size, layout.size());
        moved
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: by the caller's contract.
        unsafe { System.dealloc(pointer, layout) };
        count(0, layout.size());
    }
}

unsafe extern "C" {
    // src/include/utils/elog.h: as the macros of C use them, without pgrx's guards, which may allocate.
    fn errstart(level: c_int, domain: *const c_char) -> bool;
    fn errcode(code: c_int) -> c_int;
    fn errmsg(format: *const c_char, ...) -> c_int;
    fn errdetail(format: *const c_char, ...) -> c_int;
    fn geterrcode() -> c_int;
    fn errfinish(file: *const c_char, line: c_int, function: *const c_char);
}

const MESSAGE: &CStr = c"out of memory";
const DETAIL: &CStr = c"health_score could not allocate memory; the session has ended.";

/// Address space that is released when memory runs out. Reporting an error and ending a session need memory too, and a
/// server that cannot report an error panics. A memory context asks for 1 MB at worst; the reserve holds a few times
/// that.
static RESERVE: AtomicPtr<libc::c_void> = AtomicPtr::new(std::ptr::null_mut());
const RESERVED: usize = 4 << 20;

#[cold]
fn reserve() {
    if let Some(pages) = pages(RESERVED) {
        RESERVE.store(pages, Ordering::Relaxed);
    }
}

fn release() {
    let pages = RESERVE.swap(std::ptr::null_mut(), Ordering::Relaxed);
    if !pages.is_null() {
        // SAFETY: the pages that reserve() has made.
        unsafe { libc::munmap(pages, RESERVED) };
    }
}

/// Surrounds each SQL function. When a Postgres error passes through Rust, it is copied into the current memory
/// context. If there is no memory, the copy raises the same error again, until the server panics. The reserve is
/// therefore released when an out-of-memory error is reported, before the error leaves the place that raised it.
pub struct Watch(pg_sys::ErrorContextCallback);

impl Watch {
    #[inline(always)]
    pub fn new() -> Watch {
        if RESERVE.load(Ordering::Relaxed).is_null() {
            reserve();
        }
        let callback = Some(on_error as unsafe extern "C-unwind" fn(*mut std::ffi::c_void));
        Watch(pg_sys::ErrorContextCallback { previous: std::ptr::null_mut(), callback, arg: std::ptr::null_mut() })
    }

    /// Begins the watch; the watch must not move afterwards.
    ///
    /// # Safety
    /// In a backend; watches end in the order opposite to that in which they began.
    #[inline(always)]
    pub unsafe fn begin(&mut self) {
        // SAFETY: a global of this one thread; what is put there is taken away when this is dropped.
        unsafe {
            self.0.previous = pg_sys::error_context_stack;
            pg_sys::error_context_stack = &raw mut self.0;
        }
    }
}

impl Drop for Watch {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: as it was before begin().
        unsafe { pg_sys::error_context_stack = self.0.previous };
    }
}

unsafe extern "C-unwind" fn on_error(_: *mut std::ffi::c_void) {
    // SAFETY: Postgres calls this in the middle of a report.
    if unsafe { geterrcode() } == PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY as c_int {
        release();
    }
}

/// New pages; untouched pages do not use memory.
fn pages(bytes: usize) -> Option<*mut libc::c_void> {
    let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, wherever there is room.
    let pages = unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, flags, -1, 0) };
    (pages != libc::MAP_FAILED).then_some(pages)
}

/// An allocator may neither unwind nor jump out of the frames above it, which would leave what they own in disorder. A
/// FATAL does not come back to them.
#[cold]
#[inline(never)]
fn exhausted() {
    // SAFETY: in a backend with its error handling in place, since nothing of ours runs before; the texts are
    // constants.
    unsafe {
        if pg_sys::ErrorContext.is_null() {
            return;
        }
        release();
        if errstart(pg_sys::FATAL as c_int, std::ptr::null()) {
            errcode(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY as c_int);
            errmsg(MESSAGE.as_ptr());
            errdetail(DETAIL.as_ptr());
            errfinish(c"memory.rs".as_ptr(), 0, c"exhausted".as_ptr());
        }
    }
}

/// What may be allocated between two calls of [`require_room`].
const SPARE: usize = 16 << 20;

/// Raises 53200 unless there is room for what is in use to double, as vectors and tables do when they grow, and for so
/// many bytes besides.
pub fn require_room(bytes: usize) {
    let wanted = IN_USE.load(Ordering::Relaxed).saturating_mul(2).saturating_add(bytes).saturating_add(SPARE);
    let Some(pages) = pages(wanted) else {
        Report::new(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory")
            .detail(format!("There is no room for {} MB more.", wanted >> 20))
            .hint("Pass fewer rows or a smaller document, or give the server more memory.")
            .raise();
    };
    // SAFETY: the pages that were just made.
    unsafe { libc::munmap(pages, wanted) };
}

/// The same for frequent calls: a small allocation is not checked.
#[inline]
pub fn require_room_if_large(bytes: usize) {
    const LARGE: usize = 1 << 20;
    if bytes > LARGE {
        require_room(bytes);
    }
}

/// Lets a cancel or timeout through in long work, and stops it while there is memory left.
pub fn interruptible() {
    pgrx::check_for_interrupts!();
    require_room(0);
}
