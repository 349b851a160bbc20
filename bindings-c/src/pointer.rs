//! Checked access to what C hands over. All unsafe reads and writes of the crate are here.

use healthspace::{Error, Malformed};

fn null() -> Error {
    Error::Malformed(Malformed::Argument)
}

/// The thing behind a handle or a value pointer.
///
/// # Safety
/// `p` is NULL or points to a live `T` for as long as `'a`.
pub(crate) unsafe fn get<'a, T>(p: *const T) -> Result<&'a T, Error> {
    // SAFETY: as this function's contract; NULL is refused.
    unsafe { p.as_ref() }.ok_or_else(null)
}

/// The thing behind a handle, or none where it is NULL.
///
/// # Safety
/// As [`get`].
pub(crate) unsafe fn get_or_none<'a, T>(p: *const T) -> Option<&'a T> {
    // SAFETY: as this function's contract.
    unsafe { p.as_ref() }
}

/// The thing behind a handle that only one thread uses.
///
/// # Safety
/// `p` is NULL or points to a live `T` that nobody else uses for as long as `'a`.
pub(crate) unsafe fn get_mut<'a, T>(p: *mut T) -> Result<&'a mut T, Error> {
    // SAFETY: as this function's contract; NULL is refused.
    unsafe { p.as_mut() }.ok_or_else(null)
}

/// Bytes. NULL is the empty slice where `len` is 0.
///
/// # Safety
/// `p` is NULL or points to `len` readable values for as long as `'a`.
pub(crate) unsafe fn slice<'a, T>(p: *const T, len: usize) -> Result<&'a [T], Error> {
    if p.is_null() {
        return if len == 0 { Ok(&[]) } else { Err(null()) };
    }
    // No object is larger than this, and `from_raw_parts` must not be told otherwise.
    if len.saturating_mul(size_of::<T>()) > isize::MAX as usize {
        return Err(null());
    }
    // SAFETY: not NULL, not over `isize::MAX` bytes, and readable by this function's contract.
    Ok(unsafe { core::slice::from_raw_parts(p, len) })
}

/// Text, checked to be UTF-8.
///
/// # Safety
/// As [`slice`].
pub(crate) unsafe fn text<'a>(p: *const u8, len: usize) -> Result<&'a str, Error> {
    // SAFETY: the caller's contract is `slice`'s.
    core::str::from_utf8(unsafe { slice(p, len) }?).map_err(|_| null())
}

/// A place for a result, known not to be NULL before the work begins.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// # Safety
    /// `p` is NULL or may be written until this value is gone.
    pub(crate) unsafe fn new(p: *mut T) -> Result<Self, Error> {
        if p.is_null() { Err(null()) } else { Ok(Self(p)) }
    }

    pub(crate) fn write(self, value: T) {
        // SAFETY: not NULL, and writable by the contract of `new`. What was there is not dropped:
        // it is C's memory and may be uninitialised.
        unsafe { self.0.write(value) }
    }
}

impl<T> Out<*mut T> {
    /// Hands a thing out as a handle that `free` takes back.
    pub(crate) fn hand(self, value: T) {
        self.write(Box::into_raw(Box::new(value)));
    }
}

/// Takes a handle back. NULL is nothing.
///
/// # Safety
/// `p` is NULL or came from [`Out::hand`] and was not taken back before.
pub(crate) unsafe fn free<T>(p: *mut T) {
    if !p.is_null() {
        // SAFETY: made by `Box::into_raw` in `hand`, once, by this function's contract.
        crate::guard::quietly(|| drop(unsafe { Box::from_raw(p) }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_lengths_that_cannot_be_are_refused() {
        // SAFETY: NULL pointers, and one real byte with a length that is refused before any read.
        unsafe {
            assert!(get::<u8>(core::ptr::null()).is_err());
            assert!(Out::<u8>::new(core::ptr::null_mut()).is_err());
            assert_eq!(slice::<u8>(core::ptr::null(), 0).unwrap(), b"");
            assert!(slice::<u8>(core::ptr::null(), 1).is_err());
            assert!(slice(&raw const *b"x", usize::MAX).is_err());
            assert!(text([0xffu8].as_ptr(), 1).is_err());
            free::<u8>(core::ptr::null_mut());
        }
    }
}
