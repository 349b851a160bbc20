//! SQLite's view of a [`Disk`]: the functions of a VFS ("The OS Backend", sqlite.org/vfs.html).
#![expect(unsafe_code, reason = "SQLite calls a VFS through C function pointers")]

use super::disk::{Call, Disk, Fault, Op, State, Which, write_at};
use rusqlite::ffi;
use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

static DISKS: LazyLock<Mutex<HashMap<PathBuf, Weak<Disk>>>> = LazyLock::new(Mutex::default);

/// Makes a disk known by the path of its space.
pub(super) fn mount(disk: &Arc<Disk>) {
    DISKS.lock().unwrap_or_else(PoisonError::into_inner).insert(disk.path().to_owned(), Arc::downgrade(disk));
}

fn find(name: &[u8]) -> Option<(Arc<Disk>, Which)> {
    let disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    [(&b""[..], Which::Main), (b"-wal", Which::Log), (b"-journal", Which::Journal)].into_iter().find_map(
        |(end, which)| {
            let path = Path::new(OsStr::from_bytes(name.strip_suffix(end)?));
            Some((disks.get(path)?.upgrade()?, which))
        },
    )
}

/// An open file, as SQLite allocates it.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

struct Open {
    disk: Arc<Disk>,
    ino: usize,
    which: Which,
    /// SQLITE_LOCK_NONE and above.
    level: c_int,
    /// Slots of the shared memory that it holds.
    shared: u8,
    exclusive: u8,
}

/// Who holds what. Every field counts handles.
#[derive(Default)]
pub(super) struct Locks {
    shared: u32,
    reserved: u32,
    pending: u32,
    exclusive: u32,
    /// Shared memory: holders of each slot, and which slots are held alone.
    slots: [u32; 8],
    alone: u8,
    /// Pages of 32 KiB; words, for their alignment.
    memory: Vec<Box<[u64]>>,
}

/// # Safety
/// `file` is one that [`open`] filled and that is not closed.
unsafe fn at<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: as the caller says, this is a `Handle` whose pointer came from `Box::into_raw`; SQLite
    // uses a file from one thread at a time.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

const fn code(fault: Fault, io: c_int) -> c_int {
    match fault {
        Fault::Full | Fault::Short => ffi::SQLITE_FULL,
        Fault::Io | Fault::Sync => io,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the box is taken back here and nowhere else.
    unsafe {
        unlock(file, ffi::SQLITE_LOCK_NONE);
        shm_unmap(file, 0);
        drop(Box::from_raw((*file.cast::<Handle>()).open));
        (*file).pMethods = std::ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, to: *mut c_void, n: c_int, offset: i64) -> c_int {
    // SAFETY: `to` has room for `n` bytes (xRead), which nobody else has.
    let (open, to) = unsafe { (at(file), std::slice::from_raw_parts_mut(to.cast::<u8>(), n as usize)) };
    let mut s = open.disk.lock();
    if let Some(f) = s.step(Call::Read) {
        return code(f, ffi::SQLITE_IOERR_READ);
    }
    let data = s.inodes.get(open.ino).map_or(&[][..], |i| &i.data);
    let from = data.get(offset as usize..).unwrap_or_default();
    let have = from.len().min(to.len());
    to[..have].copy_from_slice(&from[..have]);
    to[have..].fill(0);
    if have == to.len() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, n: c_int, offset: i64) -> c_int {
    // SAFETY: `from` has `n` bytes (xWrite).
    let (open, mut from) = unsafe { (at(file), std::slice::from_raw_parts(from.cast::<u8>(), n as usize)) };
    let mut s = open.disk.lock();
    let fault = s.step(Call::Write);
    match fault {
        Some(Fault::Short) => from = &from[..from.len() / 2],
        Some(f) => return code(f, ffi::SQLITE_IOERR_WRITE),
        None => {}
    }
    let Some(inode) = s.inodes.get_mut(open.ino) else { return ffi::SQLITE_IOERR_WRITE };
    write_at(&mut inode.data, offset as u64, from);
    let len = inode.data.len() as u64;
    s.note(|| Op::Write(open.ino, offset as u64, from.into()));
    if open.which == Which::Main {
        open.disk.stub(&mut s, len);
    }
    fault.map_or(ffi::SQLITE_OK, |f| code(f, ffi::SQLITE_IOERR_WRITE))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    let mut s = open.disk.lock();
    if let Some(f) = s.step(Call::Truncate) {
        return code(f, ffi::SQLITE_IOERR_TRUNCATE);
    }
    if let Some(i) = s.inodes.get_mut(open.ino) {
        i.data.resize(size as usize, 0);
    }
    s.note(|| Op::Truncate(open.ino, size as u64));
    if open.which == Which::Main {
        open.disk.stub(&mut s, size as u64);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    let mut s = open.disk.lock();
    if let Some(f) = s.step(Call::Sync) {
        return code(f, ffi::SQLITE_IOERR_FSYNC);
    }
    // The first one of a new file synchronises its directory too (SQLite's os_unix.c, `unixSync`).
    let fresh = s.inodes.get_mut(open.ino).is_some_and(|i| std::mem::take(&mut i.fresh));
    s.note(|| Op::Sync(open.ino, fresh));
    ffi::SQLITE_OK
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: an open file of ours; `out` is SQLite's own.
    unsafe {
        let open = at(file);
        let mut s = open.disk.lock();
        if let Some(f) = s.step(Call::Other) {
            return code(f, ffi::SQLITE_IOERR_FSTAT);
        }
        *out = s.inodes.get(open.ino).map_or(0, |i| i.data.len() as i64);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    if level <= open.level {
        return ffi::SQLITE_OK;
    }
    let mut s = open.disk.lock();
    let l = &mut s.locks;
    let got = match level {
        ffi::SQLITE_LOCK_SHARED => l.pending == 0 && l.exclusive == 0,
        ffi::SQLITE_LOCK_RESERVED => l.reserved == 0 && l.exclusive == 0,
        // Somebody else reads: pending, so that nobody new comes.
        _ => {
            let mine = u32::from(open.level >= ffi::SQLITE_LOCK_RESERVED);
            let pending = u32::from(open.level == ffi::SQLITE_LOCK_PENDING);
            if l.reserved > mine || l.pending > pending {
                return ffi::SQLITE_BUSY;
            }
            if l.shared > 1 {
                if open.level < ffi::SQLITE_LOCK_PENDING {
                    l.reserved += 1 - mine;
                    l.pending += 1;
                    open.level = ffi::SQLITE_LOCK_PENDING;
                }
                return ffi::SQLITE_BUSY;
            }
            l.reserved += 1 - mine;
            l.pending += 1 - pending;
            true
        }
    };
    if !got {
        return ffi::SQLITE_BUSY;
    }
    match level {
        ffi::SQLITE_LOCK_SHARED => l.shared += 1,
        ffi::SQLITE_LOCK_RESERVED => l.reserved += 1,
        _ => l.exclusive += 1,
    }
    open.level = level;
    ffi::SQLITE_OK
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    let mut s = open.disk.lock();
    let l = &mut s.locks;
    let mut drop_to = |min: c_int, count: fn(&mut Locks) -> &mut u32| {
        if open.level >= min && level < min {
            let n = count(l);
            *n = n.saturating_sub(1);
        }
    };
    drop_to(ffi::SQLITE_LOCK_EXCLUSIVE, |l| &mut l.exclusive);
    drop_to(ffi::SQLITE_LOCK_PENDING, |l| &mut l.pending);
    drop_to(ffi::SQLITE_LOCK_RESERVED, |l| &mut l.reserved);
    drop_to(ffi::SQLITE_LOCK_SHARED, |l| &mut l.shared);
    open.level = open.level.min(level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file of ours; `out` is SQLite's own.
    unsafe { *out = c_int::from(at(file).disk.lock().locks.reserved > 0) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// What SQLite assumes of a Unix file system: a write leaves alone what lies beside it.
unsafe extern "C" fn device(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file of ours; `out` is SQLite's own. A page is a box, so that it stays where it
    // is until the last handle is closed.
    unsafe {
        let mut s = at(file).disk.lock();
        if let Some(f) = s.step(Call::Other) {
            return code(f, ffi::SQLITE_IOERR_SHMMAP);
        }
        let memory = &mut s.locks.memory;
        while extend != 0 && memory.len() <= page as usize {
            memory.push(vec![0; bytes as usize / 8].into_boxed_slice());
        }
        *out = memory.get_mut(page as usize).map_or(std::ptr::null_mut(), |m| m.as_mut_ptr().cast());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, n: c_int, flags: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    let mut s = open.disk.lock();
    let l = &mut s.locks;
    let wanted: Vec<usize> = (offset as usize..(offset + n) as usize).collect();
    let unlock = flags & ffi::SQLITE_SHM_UNLOCK != 0;
    let alone = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    for i in &wanted {
        let bit = 1u8 << i;
        let own = u32::from(open.shared & bit != 0);
        let busy = if alone {
            l.slots[*i] > own || l.alone & bit != 0 && open.exclusive & bit == 0
        } else {
            l.alone & bit != 0 && open.exclusive & bit == 0
        };
        if !unlock && busy {
            return ffi::SQLITE_BUSY;
        }
    }
    for i in wanted {
        let bit = 1u8 << i;
        match (unlock, alone) {
            (true, true) if open.exclusive & bit != 0 => {
                (open.exclusive, l.alone) = (open.exclusive & !bit, l.alone & !bit)
            }
            (true, false) if open.shared & bit != 0 => (open.shared, l.slots[i]) = (open.shared & !bit, l.slots[i] - 1),
            (false, true) => (open.exclusive, l.alone) = (open.exclusive | bit, l.alone | bit),
            (false, false) if open.shared & bit == 0 => (open.shared, l.slots[i]) = (open.shared | bit, l.slots[i] + 1),
            _ => {}
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let open = unsafe { at(file) };
    let mut s = open.disk.lock();
    let l = &mut s.locks;
    for (i, slot) in l.slots.iter_mut().enumerate() {
        *slot -= u32::from(open.shared >> i & 1);
    }
    l.alone &= !open.exclusive;
    (open.shared, open.exclusive) = (0, 0);
    if delete != 0 {
        l.memory.clear();
    }
    ffi::SQLITE_OK
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(device),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// # Safety
/// `name` is null or a C string.
unsafe fn named(name: *const c_char) -> Option<(Arc<Disk>, Which)> {
    // SAFETY: as the caller says.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }).and_then(|n| find(n.to_bytes()))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: `file` has the room that `szOsFile` asks for; a null method table says that nothing is
    // open. `out` may be null.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let Some((disk, which)) = named(name) else { return ffi::SQLITE_CANTOPEN };
        let mut s = disk.lock();
        if let Some(f) = s.step(Call::Open) {
            return code(f, ffi::SQLITE_CANTOPEN);
        }
        let ino = match s.names[which as usize] {
            Some(ino) => ino,
            // The main file was made by the core itself, and is empty.
            None if which == Which::Main || flags & ffi::SQLITE_OPEN_CREATE != 0 => s.make(which),
            None => return ffi::SQLITE_CANTOPEN,
        };
        drop(s);
        let open = Open { disk, ino, which, level: ffi::SQLITE_LOCK_NONE, shared: 0, exclusive: 0 };
        (*file.cast::<Handle>()).open = Box::into_raw(Box::new(open));
        (*file).pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    // SAFETY: a C string of SQLite's.
    let Some((disk, which)) = (unsafe { named(name) }) else { return ffi::SQLITE_IOERR_DELETE };
    let mut s = disk.lock();
    if let Some(f) = s.step(Call::Other) {
        return code(f, ffi::SQLITE_IOERR_DELETE);
    }
    if s.names[which as usize].take().is_none() {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    s.note(|| Op::Delete(which));
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: a C string of SQLite's, and its own `out`.
    unsafe {
        let Some((disk, which)) = named(name) else { return ffi::SQLITE_IOERR_ACCESS };
        let mut s = disk.lock();
        if let Some(f) = s.step(Call::Other) {
            return code(f, ffi::SQLITE_IOERR_ACCESS);
        }
        let there = |s: &State| s.names[which as usize].is_some_and(|i| !s.inodes[i].data.is_empty());
        *out = c_int::from(if flags == ffi::SQLITE_ACCESS_EXISTS { there(&s) } else { true });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(_: *mut ffi::sqlite3_vfs, name: *const c_char, n: c_int, out: *mut c_char) -> c_int {
    // SAFETY: a C string of SQLite's; `out` has room for `n` bytes.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > n as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    std::thread::sleep(std::time::Duration::from_micros(micros as u64));
    micros
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

/// Makes disks the only files that SQLite sees in this process.
pub(crate) fn register() {
    static DONE: std::sync::Once = std::sync::Once::new();
    DONE.call_once(|| {
        // SAFETY: SQLite is initialised before its list of VFSes is asked for; the one found lives as
        // long as the process. What it does not do with files (time, randomness) is taken from it.
        // The new one is leaked, and so lives as long.
        unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
            let unix = ffi::sqlite3_vfs_find(std::ptr::null());
            let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
                szOsFile: size_of::<Handle>() as c_int,
                pNext: std::ptr::null_mut(),
                zName: c"memory-disk".as_ptr(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_path),
                xSleep: Some(sleep),
                xGetLastError: Some(last_error),
                xDlOpen: None,
                xDlError: None,
                xDlSym: None,
                xDlClose: None,
                ..*unix
            }));
            assert_eq!(ffi::sqlite3_vfs_register(vfs, 1), ffi::SQLITE_OK);
        }
    });
}
