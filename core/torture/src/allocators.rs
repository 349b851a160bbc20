//! Allocators that fail when they are told to: SQLite's, and Rust's in the whole program.
#![expect(unsafe_code, reason = "allocators are unsafe by their interface")]

use rusqlite::ffi;
use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Counts allocations while it is armed, and says which of them fail.
pub(crate) struct Gate {
    armed: AtomicBool,
    calls: AtomicU64,
    fail: AtomicU64,
    all: AtomicBool,
}

impl Gate {
    const fn new() -> Self {
        Self {
            armed: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            fail: AtomicU64::new(0),
            all: AtomicBool::new(false),
        }
    }

    /// From here on the `n`-th allocation fails, with `all` those after it too; 0 for none.
    pub(crate) fn arm(&self, n: u64, all: bool) {
        self.calls.store(0, Relaxed);
        self.fail.store(n, Relaxed);
        self.all.store(all, Relaxed);
        self.armed.store(true, Relaxed);
    }

    /// How many allocations there were.
    pub(crate) fn disarm(&self) -> u64 {
        self.armed.store(false, Relaxed);
        self.calls.load(Relaxed)
    }

    fn fails(&self) -> bool {
        if !self.armed.load(Relaxed) {
            return false;
        }
        let (n, fail) = (self.calls.fetch_add(1, Relaxed) + 1, self.fail.load(Relaxed));
        fail > 0 && (n == fail || n > fail && self.all.load(Relaxed))
    }
}

pub(crate) static SQLITE: Gate = Gate::new();
pub(crate) static RUST: Gate = Gate::new();

type Malloc = unsafe extern "C" fn(c_int) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void;

/// What SQLite allocates with otherwise.
static BELOW: OnceLock<(Malloc, Realloc)> = OnceLock::new();

unsafe extern "C" fn malloc(n: c_int) -> *mut c_void {
    match BELOW.get() {
        // SAFETY: as SQLite calls us.
        Some((malloc, _)) if !SQLITE.fails() => unsafe { malloc(n) },
        _ => std::ptr::null_mut(),
    }
}

unsafe extern "C" fn realloc(old: *mut c_void, n: c_int) -> *mut c_void {
    match BELOW.get() {
        // SAFETY: as SQLite calls us; what it gives was given out by the same functions.
        Some((_, realloc)) if !SQLITE.fails() => unsafe { realloc(old, n) },
        _ => std::ptr::null_mut(),
    }
}

/// Puts ours under SQLite, before anything has used it. Without its own caches of small allocations and
/// of pages, behind which some would not fail.
pub(crate) fn under_sqlite() {
    // SAFETY: nothing of SQLite runs yet; `methods` is filled by the first call and copied by the second;
    // the others take numbers and a null pointer (sqlite3_config, sqlite.org/c3ref/c_config_covering_index_scan.html).
    unsafe {
        let mut methods: ffi::sqlite3_mem_methods = std::mem::zeroed();
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, &raw mut methods), ffi::SQLITE_OK);
        let below = (methods.xMalloc.unwrap(), methods.xRealloc.unwrap());
        assert!(BELOW.set(below).is_ok());
        methods.xMalloc = Some(malloc);
        methods.xRealloc = Some(realloc);
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw mut methods), ffi::SQLITE_OK);
        let none: c_int = 0;
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_LOOKASIDE, none, none), ffi::SQLITE_OK);
        let nowhere: *mut c_void = std::ptr::null_mut();
        assert_eq!(ffi::sqlite3_config(ffi::SQLITE_CONFIG_PAGECACHE, nowhere, none, none), ffi::SQLITE_OK);
    }
}

/// The system's, with the gate before it.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is the system's; a null pointer says that there is no memory, as the trait has it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller has it.
        if RUST.fails() { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller has it.
        if RUST.fails() { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller has it.
        if RUST.fails() { std::ptr::null_mut() } else { unsafe { System.realloc(at, layout, size) } }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller has it.
        unsafe { System.dealloc(at, layout) }
    }
}
