//! What a release rests on: its grants as they stood then, by what is shown of both logs.

use super::claim::{Found, Known, consecutive};
use super::file::BAD;
use super::text;
use crate::audit::{AuditEvent, Entry};
use crate::consent::{ConsentDoc, ConsentStatus};
use crate::crypto::hash::sha256;
use crate::error::Result;
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::Purpose;
use crate::ledger::Hash;

/// What the entries of a grant say: by which it was given, and renewed.
pub(super) struct Given {
    pub(super) index: u64,
    /// The entry that filed the version in force.
    pub(super) filed: u64,
    pub(super) version: u64,
    pub(super) consent_hash: Hash,
    /// A consent from elsewhere has all else in its text alone.
    pub(super) own: Option<Own>,
}

/// What the entries of a grant of the space say besides.
pub(super) struct Own {
    pub(super) purpose: Purpose,
    pub(super) expires: Option<Timestamp>,
    pub(super) notice_hash: Hash,
    pub(super) locale: String,
    pub(super) given: Timestamp,
    pub(super) updated: Timestamp,
}

impl Given {
    fn end(&self) -> Option<Timestamp> {
        self.own.as_ref().and_then(|own| own.expires)
    }
}

/// How a grant stood in the space's log when it had this size, by what is shown of it.
///
/// # Errors
/// Where it was withdrawn, or what is shown cannot be.
fn given(log: &Known, grant: GrantId, size: u64) -> Result<Option<Given>> {
    let (mut found, mut withdrawn, mut own): (Option<Given>, Option<u64>, bool) = (None, None, false);
    for (index, entry) in &log.entries {
        match &entry.event {
            AuditEvent::Granted { grant: g, consent_hash, notice_hash, locale, purpose, expires, .. }
                if *g == grant =>
            {
                // Ids are random: nobody honest gives one twice, or uses it before it is given.
                if found.is_some() || own || *index >= size {
                    return Err(BAD);
                }
                own = true;
                let (index, consent_hash) = (*index, *consent_hash);
                let own = Own {
                    purpose: *purpose,
                    expires: *expires,
                    notice_hash: *notice_hash,
                    locale: locale.clone(),
                    given: entry.time,
                    updated: entry.time,
                };
                found = Some(Given { index, filed: index, version: 1, consent_hash, own: Some(own) });
            }
            // A renewal gives the same terms a new end, and the Consent a new text.
            AuditEvent::Renewed { grant: g, version, consent_hash, notice_hash, locale, expires, .. }
                if *g == grant && *index < size =>
            {
                if let Some(Given { own: Some(own), filed, version: last, consent_hash: hash, .. }) = &mut found {
                    if *version <= *last {
                        return Err(BAD);
                    }
                    (*filed, *last, *hash) = (*index, *version, *consent_hash);
                    (own.notice_hash, own.updated, own.expires) = (*notice_hash, entry.time, Some(*expires));
                    own.locale.clone_from(locale);
                }
            }
            // A newer version that the person filed counts, also after a withdrawal.
            AuditEvent::ConsentImported { grant: g, version, consent_hash, .. } if *g == grant => {
                if own {
                    return Err(BAD);
                }
                if *index < size {
                    let (index, version, consent_hash) = (*index, *version, *consent_hash);
                    withdrawn = None;
                    found = Some(Given { index, filed: index, version, consent_hash, own: None });
                }
            }
            AuditEvent::Withdrawn { grant: g, .. } if *g == grant && *index < size => withdrawn = Some(*index),
            _ => {}
        }
    }
    // Of a consent from elsewhere a newer version may stand in an entry that is not shown, or erased.
    let open = |at: u64| found.as_ref().is_some_and(|g| g.own.is_none()) && !consecutive(log, at, size);
    match withdrawn {
        Some(at) if !open(at) => Err(BAD),
        _ => Ok(found),
    }
}

/// What a release rests on, as far as it is shown.
pub(super) struct Ground<'a> {
    /// The log that it stands in, and where.
    pub(super) own: &'a Known,
    pub(super) index: u64,
    pub(super) time: Timestamp,
    /// The space's log and its size then.
    pub(super) system: Option<&'a Known>,
    pub(super) size: u64,
    pub(super) consents: &'a [Vec<u8>],
}

/// A grant as it stood then.
pub(super) struct Seen {
    pub(super) found: Found,
    /// Whether all entries from where it was given are shown.
    pub(super) covered: bool,
    pub(super) given: Option<Given>,
    /// The text of a grant of the space.
    pub(super) doc: Option<ConsentDoc>,
    /// That of a consent from elsewhere says where it stands.
    pub(super) status: Option<String>,
}

impl Ground<'_> {
    /// # Errors
    /// Where the grant was withdrawn before, was not in force, or what is shown of it cannot be.
    pub(super) fn look(&self, grant: GrantId) -> Result<Seen> {
        let given = match self.system {
            Some(log) => given(log, grant, self.size)?,
            None => None,
        };
        let is = |e: &Entry| matches!(e.event, AuditEvent::Withdrawn { grant: g, .. } if g == grant);
        if self.own.entries.range(..self.index).any(|(_, e)| is(e)) {
            return Err(BAD);
        }
        let found = Found { grant, index: None, consent: None, parent: None };
        let (Some(log), Some(given)) = (self.system, given) else {
            return Ok(Seen { found, covered: false, given: None, doc: None, status: None });
        };
        let covered = consecutive(log, given.index, self.size);
        if self.is_before(log, given.filed) || given.end().is_some_and(|end| end <= self.time) {
            return Err(BAD);
        }
        let consent = self.consents.iter().position(|c| sha256(&[c]) == given.consent_hash);
        let text = consent.and_then(|at| self.consents.get(at));
        let (mut doc, mut status) = (None, None);
        match (&given.own, text) {
            (Some(own), Some(text)) => {
                let read = text::grant(text)?;
                let starts = read.spec.terms().starts;
                if !says(&read, grant, given.version, own) || starts.is_some_and(|from| from > self.time) {
                    return Err(BAD);
                }
                doc = Some(read);
            }
            (None, Some(text)) => status = text::status(text),
            (_, None) => {}
        }
        let found = Found { index: Some(given.index), consent, ..found };
        Ok(Seen { found, covered, given: Some(given), doc, status })
    }

    /// Whether the release is dated before the entry by which its consent was filed, and it is seen
    /// that no confirmed clock since explains it.
    fn is_before(&self, log: &Known, filed: u64) -> bool {
        let later = log.entries.get(&filed).is_some_and(|e| e.time > self.time) && consecutive(log, filed, self.size);
        let mut since = log.entries.range(filed..self.size);
        later && !since.any(|(_, e)| matches!(e.event, AuditEvent::ClockConfirmed { .. }))
    }

    /// How many releases up to this one rest on a grant under a version that this entry filed.
    pub(super) fn uses(&self, grant: GrantId, filed: u64) -> u64 {
        let origin = self.system.map(|l| l.origin.as_str());
        let is = |e: &Entry| {
            matches!(&e.event, AuditEvent::Released { grants, system, .. }
                if grants.contains(&grant) && Some(system.origin.as_str()) == origin && system.size > filed)
        };
        self.own.entries.range(..=self.index).filter(|(_, e)| is(e)).count() as u64
    }

    /// Whether emergency access of this recipient had begun, by what is shown.
    ///
    /// # Errors
    /// Where all is shown, and it had not.
    pub(super) fn glass(&self, by: &str) -> Result<bool> {
        let is = |e: &Entry| matches!(&e.event, AuditEvent::GlassBroken { actor, until, .. } if actor == by && *until > self.time);
        let begun = self.own.entries.range(..self.index).any(|(_, e)| is(e));
        if !begun && consecutive(self.own, 0, self.index) { Err(BAD) } else { Ok(begun) }
    }

    /// The partition whose log it stands in, by the log's first entry.
    pub(super) fn scope(&self) -> Option<ScopeId> {
        match self.own.entries.get(&0)?.event {
            AuditEvent::PartitionCreated { scope, .. } => Some(scope),
            _ => None,
        }
    }
}

/// Whether a text says what the entries of its grant say.
fn says(doc: &ConsentDoc, grant: GrantId, version: u64, own: &Own) -> bool {
    let (meta, terms) = (&doc.meta, doc.spec.terms());
    meta.series == grant
        && meta.version == version
        && meta.status == ConsentStatus::Active
        && meta.notice == own.notice_hash
        && meta.lang.tag() == own.locale
        && (meta.given, meta.updated) == (own.given, own.updated)
        && (terms.purpose, terms.expires) == (own.purpose, own.expires)
}
