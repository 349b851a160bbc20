//! Asking for a consent, showing its notice and recording it.

use crate::buffer::{Buffer, Hash, Id};
use crate::guard::guard;
use crate::pointer::{Out, free, get, get_mut, text};
use crate::space::Space;
use healthspace::audit::Gesture;
use healthspace::consent::{Recipient, RecipientKind};
use healthspace::record::Category;
use healthspace::{Error, GrantId, Malformed, Purpose, Timestamp};

/// A consent that is being put together.
pub struct ConsentRequest {
    inner: healthspace::ConsentRequest,
    /// Added one by one; empty is all of them.
    categories: Vec<Category>,
}

fn argument() -> Error {
    Error::Malformed(Malformed::Argument)
}

/// A recipient from the word for its kind and its name.
pub(crate) fn recipient(kind: &str, name: &str) -> Result<Recipient, Error> {
    Recipient::new(RecipientKind::from_code(kind).ok_or_else(argument)?, name)
}

/// A purpose from its HL7 code.
pub(crate) fn purpose(code: &str) -> Result<Purpose, Error> {
    Purpose::from_code(code).ok_or_else(argument)
}

/// Begins to ask for a consent over the partition "health": for one purpose, an HL7 v3-ActReason
/// code ("PATRQT": at the person's own request), and one recipient: "model", "app", "person" or
/// "organization", and a name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_new(
    space: *const Space,
    purpose_code: *const u8,
    purpose_code_len: usize,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    request: *mut *mut ConsentRequest,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, code, who, out) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            (get(space)?, text(purpose_code, purpose_code_len)?, who, Out::new(request)?)
        };
        let inner = space.inner.consent_request().purpose(purpose(code)?).recipient(who);
        out.hand(ConsentRequest { inner, categories: Vec::new() });
        Ok(())
    })
}

/// Over another partition.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_partition(
    request: *mut ConsentRequest,
    name: *const u8,
    name_len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, name) = unsafe { (get_mut(request)?, text(name, name_len)?) };
        r.inner = r.inner.clone().partition(name);
        Ok(())
    })
}

/// Adds a category ("laboratory", "medications", ...). At least one is needed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_category(
    request: *mut ConsentRequest,
    category: *const u8,
    category_len: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, word) = unsafe { (get_mut(request)?, text(category, category_len)?) };
        r.categories.push(Category::from_code(word).ok_or_else(argument)?);
        r.inner = r.inner.clone().categories(&r.categories);
        Ok(())
    })
}

/// Every category.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_all_categories(request: *mut ConsentRequest) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let r = unsafe { get_mut(request) }?;
        r.categories = Category::ALL.to_vec();
        r.inner = r.inner.clone().categories(&r.categories);
        Ok(())
    })
}

/// Until so many days from now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_expires_in_days(request: *mut ConsentRequest, days: u32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let r = unsafe { get_mut(request) }?;
        r.inner = r.inner.clone().expires_in_days(days);
        Ok(())
    })
}

/// Only data dated in this half-open range, in milliseconds since 1970-01-01T00:00:00Z.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_data_period(request: *mut ConsentRequest, from: i64, to: i64) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let r = unsafe { get_mut(request) }?;
        r.inner = r.inner.clone().data_period(Timestamp::from_millis(from), Timestamp::from_millis(to));
        Ok(())
    })
}

/// No more than so many releases. Such grants apply where the space has an anchor only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_uses(request: *mut ConsentRequest, times: u32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let r = unsafe { get_mut(request) }?;
        r.inner = r.inner.clone().uses(times);
        Ok(())
    })
}

/// The text to show to the person: who, what, why, until when, what is not allowed and how to
/// withdraw.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_notice(
    request: *const ConsentRequest,
    language: *const u8,
    language_len: usize,
    notice: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, tag, out) = unsafe { (get(request)?, text(language, language_len)?, Out::new(notice)?) };
        out.hand(Buffer::from(r.inner.notice(tag)?));
        Ok(())
    })
}

/// Records the person's consent to the notice that was made last: once. Without one, or a second time,
/// it is HS_ERROR_MALFORMED. `method` is a word for the gesture ("tap"); `evidence` a hash of
/// whatever the host keeps as its proof.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_grant(
    request: *const ConsentRequest,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    grant: *mut Id,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, method, evidence, out) =
            unsafe { (get(request)?, text(method, method_len)?, get(evidence)?, Out::new(grant)?) };
        let made = r.inner.confirm(Gesture { method: method.to_owned(), evidence: evidence.bytes })?;
        out.write(Id { bytes: *made.id().as_bytes() });
        Ok(())
    })
}

/// Frees a request. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_consent_request_free(request: *mut ConsentRequest) {
    // SAFETY: the contract of the header.
    unsafe { free(request) }
}

/// A grant that is to hold longer, or again.
pub struct Renewal(healthspace::RenewalRequest);

/// Begins to renew a grant that was not withdrawn, until so many days from now; `uses` is a new
/// count, or 0 where it has none or keeps it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_renewal_new(
    space: *const Space,
    grant: *const Id,
    days: u32,
    uses: u32,
    renewal: *mut *mut Renewal,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, grant, out) = unsafe { (get(space)?, get(grant)?, Out::new(renewal)?) };
        let mut request = space.inner.renewal(GrantId::from_bytes(grant.bytes)).expires_in_days(days);
        if uses > 0 {
            request = request.uses(uses);
        }
        out.hand(Renewal(request));
        Ok(())
    })
}

/// The text to show to the person: what stood, what changes, and the whole notice.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_renewal_notice(
    renewal: *const Renewal,
    language: *const u8,
    language_len: usize,
    notice: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, tag, out) = unsafe { (get(renewal)?, text(language, language_len)?, Out::new(notice)?) };
        out.hand(Buffer::from(r.0.notice(tag)?));
        Ok(())
    })
}

/// Records the renewal. `method` and `evidence` as for hs_grant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_renew(
    renewal: *const Renewal,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (r, gesture) = unsafe { (get(renewal)?, gesture(method, method_len, evidence)?) };
        r.0.confirm(gesture).map(|_| ())
    })
}

/// Frees a renewal. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_renewal_free(renewal: *mut Renewal) {
    // SAFETY: the contract of the header.
    unsafe { free(renewal) }
}

/// A gesture of the person, from its word and the hash of its proof.
///
/// # Safety
/// As [`text`] and [`get`].
pub(crate) unsafe fn gesture(method: *const u8, len: usize, evidence: *const Hash) -> Result<Gesture, Error> {
    // SAFETY: the caller's contract.
    let (method, evidence) = unsafe { (text(method, len)?, get(evidence)?) };
    Ok(Gesture { method: method.to_owned(), evidence: evidence.bytes })
}
