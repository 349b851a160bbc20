//! Importing, and its report.

use crate::guard::guard;
use crate::pointer::{Out, free, get, get_mut, slice, text};
use crate::space::Space;
use core::ffi::c_void;
use healthspace::import::Source;
use healthspace::{Cancel, Environment, Error, Progress};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Told how far an import has come: bytes read, bytes in all, records met. Called by the thread
/// that imports. A result other than 0 cancels the import; the same file resumes it. It must not
/// call into the same space, nor leave by longjmp or an exception.
pub type OnProgress = Option<unsafe extern "C" fn(ctx: *mut c_void, done: u64, total: u64, records: u64) -> i32>;

/// How to import.
#[derive(Clone, Copy)]
pub struct ImportOptions {
    confirm_subject: bool,
    on_progress: OnProgress,
    ctx: *mut c_void,
}

/// What an import did.
pub struct Report {
    inner: healthspace::import::Report,
    /// In the order of the map, for access by index.
    types: Vec<String>,
}

thread_local! {
    /// The callback of the import that this thread runs.
    static CURRENT: Cell<(OnProgress, *mut c_void)> = const { Cell::new((None, core::ptr::null_mut())) };
}

/// One import at a time per handle, so that cancelling stops the import that asked for it.
#[derive(Default)]
pub(crate) struct Lane {
    taken: AtomicBool,
    cancel: Cancel,
}

impl Lane {
    /// The environment of a space that imports through this lane.
    pub(crate) fn environment(&self) -> Environment {
        let cancel = self.cancel.clone();
        let tell = move |p: Progress| {
            if let (Some(f), ctx) = CURRENT.get() {
                // SAFETY: the caller of the import on this thread vouches for `f` and `ctx` until
                // it returns; CURRENT is emptied before that.
                let stop = unsafe { f(ctx, p.done, p.total.unwrap_or(0), p.records) };
                if stop != 0 {
                    cancel.cancel();
                }
            }
        };
        Environment { progress: Some(Arc::new(tell)), cancel: self.cancel.clone(), ..Environment::default() }
    }

    fn enter(&self) -> Result<Entered<'_>, Error> {
        if self.taken.swap(true, Ordering::AcqRel) { Err(Error::Busy) } else { Ok(Entered(self)) }
    }
}

struct Entered<'a>(&'a Lane);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.set((None, core::ptr::null_mut()));
        self.0.cancel.reset();
        self.0.taken.store(false, Ordering::Release);
    }
}

fn import(space: &Space, partition: &str, source: Source, options: Option<&ImportOptions>) -> Result<Report, Error> {
    let partition = space.inner.partition(partition)?;
    let _entered = space.lane.enter()?;
    let mut how = healthspace::ImportOptions::new();
    if let Some(o) = options {
        CURRENT.set((o.on_progress, o.ctx));
        if o.confirm_subject {
            how = how.confirm_subject();
        }
    }
    let inner = partition.import_with(source, &how)?;
    Ok(Report { types: inner.types.keys().cloned().collect(), inner })
}

/// Options with their defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_options_new(options: *mut *mut ImportOptions) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let out = unsafe { Out::new(options) }?;
        out.hand(ImportOptions { confirm_subject: false, on_progress: None, ctx: core::ptr::null_mut() });
        Ok(())
    })
}

/// The person confirmed that the file is about them although it says otherwise.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_options_confirm_subject(options: *mut ImportOptions) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        unsafe { get_mut(options) }?.confirm_subject = true;
        Ok(())
    })
}

/// A callback for progress, and a pointer that it is given. NULL takes it away.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_options_on_progress(
    options: *mut ImportOptions,
    on_progress: OnProgress,
    ctx: *mut c_void,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let o = unsafe { get_mut(options) }?;
        (o.on_progress, o.ctx) = (on_progress, ctx);
        Ok(())
    })
}

/// Frees options. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_options_free(options: *mut ImportOptions) {
    // SAFETY: the contract of the header.
    unsafe { free(options) }
}

/// Imports a file: FHIR R4 JSON, NDJSON, or an Apple Health export. The same file again adds
/// nothing. `options` may be NULL. A bad entry in a good file is no failure: it is in the report.
///
/// One import at a time for each handle: Busy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_file(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    path: *const u8,
    path_len: usize,
    options: *const ImportOptions,
    report: *mut *mut Report,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header; NULL options are allowed.
        let (space, partition, path, options, out) = unsafe {
            let partition = text(partition, partition_len)?;
            (get(space)?, partition, text(path, path_len)?, options.as_ref(), Out::new(report)?)
        };
        out.hand(import(space, partition, Source::open(path)?, options)?);
        Ok(())
    })
}

/// Imports bytes in memory; otherwise as hs_import_file. The bytes are copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_import_bytes(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    bytes: *const u8,
    len: usize,
    options: *const ImportOptions,
    report: *mut *mut Report,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header; NULL options are allowed.
        let (space, partition, bytes, options, out) = unsafe {
            let partition = text(partition, partition_len)?;
            (get(space)?, partition, slice(bytes, len)?, options.as_ref(), Out::new(report)?)
        };
        out.hand(import(space, partition, Source::bytes(bytes)?, options)?);
        Ok(())
    })
}

/// How many records were new, known already, refused, and read with a repair; and how many typed
/// facts were added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_counts(
    report: *const Report,
    imported: *mut u64,
    linked: *mut u64,
    refused: *mut u64,
    repaired: *mut u64,
    facts: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, a, b, c, d, e) = unsafe {
            let r = &get(report)?.inner;
            (r, Out::new(imported)?, Out::new(linked)?, Out::new(refused)?, Out::new(repaired)?, Out::new(facts)?)
        };
        a.write(r.imported());
        b.write(r.linked());
        c.write(r.refused());
        d.write(r.repaired());
        e.write(r.facts);
        Ok(())
    })
}

/// How many newer versions of what was known are shown from now on, and how many older versions of what is known,
/// or of what the same file holds, are kept and not shown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_versions(report: *const Report, replaced: *mut u64, superseded: *mut u64) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, a, b) = unsafe { (&get(report)?.inner, Out::new(replaced)?, Out::new(superseded)?) };
        a.write(r.replaced());
        b.write(r.superseded());
        Ok(())
    })
}

/// How many consents from elsewhere permit nothing from now on, until the person confirms them: the file tells of
/// another patient than they do.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_held_back(report: *const Report, consents: *mut u64) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, out) = unsafe { (get(report)?, Out::new(consents)?) };
        out.write(r.inner.held_back);
        Ok(())
    })
}

/// Whether the very same file had been imported before (1) or not (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_already_imported(report: *const Report, already: *mut i32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, out) = unsafe { (get(report)?, Out::new(already)?) };
        out.write(i32::from(r.inner.already_imported));
        Ok(())
    })
}

/// How many types of records the report counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_type_count(report: *const Report, count: *mut usize) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, out) = unsafe { (get(report)?, Out::new(count)?) };
        out.write(r.types.len());
        Ok(())
    })
}

/// The name of a type, borrowed from the report, and its counts. NotFound beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_type(
    report: *const Report,
    index: usize,
    name: *mut *const u8,
    name_len: *mut usize,
    imported: *mut u64,
    linked: *mut u64,
    refused: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, p, n, a, b, c) = unsafe {
            let name = (Out::new(name)?, Out::new(name_len)?);
            (get(report)?, name.0, name.1, Out::new(imported)?, Out::new(linked)?, Out::new(refused)?)
        };
        let word = r.types.get(index).ok_or(Error::NotFound)?;
        let count = r.inner.types.get(word).ok_or(Error::NotFound)?;
        p.write(word.as_ptr());
        n.write(word.len());
        a.write(count.imported);
        b.write(count.linked);
        c.write(count.refused);
        Ok(())
    })
}

/// How many places of refusal or repair the report lists; a very long list ends early, the counts do not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_issue_count(report: *const Report, count: *mut usize) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, out) = unsafe { (get(report)?, Out::new(count)?) };
        out.write(r.inner.issues.len());
        Ok(())
    })
}

/// One place, in the order met: whether the record was refused (1) or read with a repair (0), what was the matter as a
/// stable name (bad-date, never freed), the archive member's number (0 for a plain file), its name without
/// folders, borrowed from the report (length 0 for a plain file), and the byte in the file or member. NotFound beyond
/// the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_issue(
    report: *const Report,
    index: usize,
    is_refused: *mut i32,
    code: *mut *const u8,
    code_len: *mut usize,
    member: *mut u32,
    name: *mut *const u8,
    name_len: *mut usize,
    offset: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, refused, word, word_len, m, n, n_len, at) = unsafe {
            let code = (Out::new(code)?, Out::new(code_len)?);
            let name = (Out::new(name)?, Out::new(name_len)?);
            let r = &get(report)?.inner;
            (r, Out::new(is_refused)?, code.0, code.1, Out::new(member)?, name.0, name.1, Out::new(offset)?)
        };
        let issue = r.issues.get(index).ok_or(Error::NotFound)?;
        let (what, called) = (issue.what.code(), r.members.get(&issue.member).map_or("", |n| n.as_str()));
        refused.write(i32::from(issue.severity == healthspace::import::Severity::Refused));
        word.write(what.as_ptr());
        word_len.write(what.len());
        m.write(issue.member);
        n.write(called.as_ptr());
        n_len.write(called.len());
        at.write(issue.offset);
        Ok(())
    })
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_report_free(report: *mut Report) {
    // SAFETY: the contract of the header.
    unsafe { free(report) }
}
