//! What a release rests on: its grants as they stood then, by what is shown of both logs.

use super::claim::{Found, Known, consecutive, read_through};
use super::file::BAD;
use super::text;
use crate::audit::{AuditEvent, Entry};
use crate::consent::{ConsentDoc, ConsentStatus, GLASS_MINUTES, GrantTerms};
use crate::crypto::hash::sha256;
use crate::error::Result;
use crate::id::{GrantId, Timestamp};
use crate::label::Purpose;
use crate::ledger::Hash;

/// What the entries of a grant say: by which it was given, and renewed.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) index: u64,
    /// The entry that filed the version in force.
    pub(super) filed: u64,
    pub(super) version: u64,
    pub(super) consent_hash: Hash,
    /// A consent from elsewhere has all else in its text alone.
    pub(super) own: Option<Own>,
    /// The versions before, the first one first.
    before: Vec<Self>,
}

/// What the entries of a grant of the space say besides.
#[derive(Clone)]
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

    /// The version that this entry filed.
    fn renewed(mut self, filed: u64, version: u64, consent_hash: Hash) -> Result<Self> {
        if version <= self.version {
            return Err(BAD);
        }
        let mut before = core::mem::take(&mut self.before);
        before.push(self.clone());
        Ok(Self { filed, version, consent_hash, before, ..self })
    }
}

/// How a grant stood in the space's log when it had this size, by what is shown of it.
///
/// # Errors
/// Where it was withdrawn, waited to be confirmed, was never given, or what is shown cannot be.
fn given(log: &Known, grant: GrantId, size: u64) -> Result<Option<Given>> {
    let (mut found, mut withdrawn, mut waits, mut own): (Option<Given>, Option<u64>, Option<u64>, bool) =
        (None, None, None, false);
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
                found =
                    Some(Given { index, filed: index, version: 1, consent_hash, own: Some(own), before: Vec::new() });
            }
            // A renewal gives the same terms a new end, and the Consent a new text.
            AuditEvent::Renewed { grant: g, version, consent_hash, notice_hash, locale, expires, .. }
                if *g == grant && *index < size =>
            {
                if let Some(last) = found.take_if(|last| last.own.is_some()) {
                    found = Some(last.renewed(*index, *version, *consent_hash)?);
                }
                if let Some(own) = found.as_mut().and_then(|now| now.own.as_mut()) {
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
                    (withdrawn, waits) = (None, None);
                    found = Some(Given { index, filed: index, version, consent_hash, own: None, before: Vec::new() });
                }
            }
            AuditEvent::Withdrawn { grant: g, .. } if *g == grant && *index < size => withdrawn = Some(*index),
            // Since then every permission waits, until the person confirms it.
            AuditEvent::Recovered { .. } | AuditEvent::Restored { .. } if *index < size && found.is_some() => {
                waits = Some(*index);
            }
            AuditEvent::PermissionConfirmed { grant: g, .. } if *g == grant && *index < size => waits = None,
            _ => {}
        }
    }
    // Of a consent from elsewhere a newer version may stand in an entry that is not shown, or erased.
    let open = |at: u64| found.as_ref().is_some_and(|g| g.own.is_none()) && !consecutive(log, at, size);
    match withdrawn {
        Some(at) if !open(at) => Err(BAD),
        _ if found.is_none() && consecutive(log, 0, size) => Err(BAD),
        _ if waits.is_some_and(|at| consecutive(log, at, size)) => Err(BAD),
        _ => Ok(found),
    }
}

/// Whether an entry is dated after this time, and it is seen that no clock that was confirmed since, before
/// the log had this size, explains it.
fn is_later(log: &Known, index: u64, time: Timestamp, size: u64) -> bool {
    let later = log.entries.get(&index).is_some_and(|e| e.time > time) && consecutive(log, index, size);
    later && !log.entries.range(index..size).any(|(_, e)| is_confirmed(e))
}

fn is_confirmed(entry: &Entry) -> bool {
    matches!(entry.event, AuditEvent::ClockConfirmed { .. })
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
    /// The text in force of a grant of the space.
    pub(super) doc: Option<ConsentDoc>,
    /// Whether that and the first one are shown.
    pub(super) texts: bool,
    /// That of a consent from elsewhere says where it stands.
    pub(super) status: Option<String>,
    /// Whether nothing that is shown ended it by its time and not by its place.
    pub(super) ordered: bool,
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
        let behind = |log: &Known| log.entries.range(self.size..).any(|(_, e)| ends(e, grant, self.time));
        let ordered = !self.system.is_some_and(behind);
        let found = Found { grant, index: None, consent: None, parent: None };
        let (Some(log), Some(given)) = (self.system, given) else {
            return Ok(Seen { found, covered: false, given: None, doc: None, texts: false, status: None, ordered });
        };
        let covered = read_through(log, given.index, self.size);
        if given.end().is_some_and(|end| end <= self.time) {
            return Err(BAD);
        }
        let consent = self.consents.iter().position(|c| sha256(&[c]) == given.consent_hash);
        let found = Found { index: Some(given.index), consent, ..found };
        if given.own.is_none() {
            let status = consent.and_then(|at| self.consents.get(at)).and_then(|text| text::status(text));
            return Ok(Seen { found, covered, given: Some(given), doc: None, texts: false, status, ordered });
        }
        let versions = given.before.iter().chain([&given]);
        let mut docs = versions.map(|v| self.text(grant, v)).collect::<Result<Vec<_>>>()?;
        // A renewal gives another end and a new count, nothing else.
        let mut fixed = docs.iter().flatten().map(|doc| (doc.meta.subject, fixed(doc)));
        let one = fixed.next();
        if fixed.any(|other| Some(other) != one) {
            return Err(BAD);
        }
        let first = docs.first().is_some_and(Option::is_some);
        let doc = docs.pop().flatten();
        if doc.as_ref().and_then(|doc| doc.spec.terms().starts).is_some_and(|from| from > self.time) {
            return Err(BAD);
        }
        // What was never renewed has one text.
        let texts = doc.is_some() && (docs.is_empty() || first);
        Ok(Seen { found, covered, given: Some(given), doc, texts, status: None, ordered })
    }

    /// The text of a version of a grant of the space, where it is shown.
    ///
    /// # Errors
    /// Where it is no such text, or says otherwise than its entries.
    fn text(&self, grant: GrantId, version: &Given) -> Result<Option<ConsentDoc>> {
        let text = self.consents.iter().find(|c| sha256(&[c]) == version.consent_hash);
        let doc = text.map(|text| text::grant(text)).transpose()?;
        let says = |doc: &ConsentDoc| version.own.as_ref().is_some_and(|own| says(doc, grant, version.version, own));
        if doc.as_ref().is_none_or(says) { Ok(doc) } else { Err(BAD) }
    }

    /// Whether the release is dated before an entry that came before it, and it is seen that no confirmed
    /// clock explains it: of the space's log, then, or of its own.
    pub(super) fn is_before(&self) -> bool {
        let Some(log) = self.system else { return false };
        let mut since = (0..self.size).rev().map_while(|i| log.entries.get(&i).filter(|e| !is_confirmed(e)));
        let steady = consecutive(log, 0, self.size) && !log.entries.range(..self.size).any(|(_, e)| is_confirmed(e));
        let later = |e: &Entry| e.time > self.time;
        since.any(later) || steady && self.own.entries.range(..self.index).any(|(_, e)| later(e))
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

    /// Whether emergency access had begun, under grants that these entries of the space's log gave, by what is
    /// shown.
    ///
    /// # Errors
    /// Where all is shown, and it had not.
    pub(super) fn glass(&self, given: &[u64]) -> Result<bool> {
        let release = self.own.entries.get(&self.index).ok_or(BAD)?;
        let too_early = |began: &Entry| {
            self.system.is_some_and(|log| given.iter().any(|i| is_later(log, *i, began.time, self.size)))
        };
        let begun = self.own.entries.range(..self.index).any(|(_, e)| begins(e, release) && !too_early(e));
        if !begun && consecutive(self.own, 0, self.index) { Err(BAD) } else { Ok(begun) }
    }
}

/// Whether by this entry, dated before a release at this time, its grant was over or waited.
pub(super) fn ends(entry: &Entry, grant: GrantId, time: Timestamp) -> bool {
    let over = match entry.event {
        AuditEvent::Withdrawn { grant: g, .. } => g == grant,
        AuditEvent::Renewed { grant: g, expires, .. } => g == grant && expires <= time,
        AuditEvent::Recovered { .. } | AuditEvent::Restored { .. } => true,
        _ => false,
    };
    over && entry.time < time
}

/// Whether by this entry emergency access begins in which the release may be made: of its recipient, under its
/// grants, and for an hour at most.
pub(super) fn begins(entry: &Entry, release: &Entry) -> bool {
    let AuditEvent::Released { grants: by, actor: to, .. } = &release.event else { return false };
    let AuditEvent::GlassBroken { grants, actor, until, .. } = &entry.event else { return false };
    actor == to
        && by.iter().all(|grant| grants.contains(grant))
        && (entry.time..*until).contains(&release.time)
        && until.as_millis().abs_diff(entry.time.as_millis()) <= u64::from(GLASS_MINUTES) * 60_000
}

/// The terms that a renewal leaves as they were.
fn fixed(doc: &ConsentDoc) -> GrantTerms {
    let terms = doc.spec.terms().clone();
    GrantTerms { expires: None, uses: terms.uses.map(|_| 1), ..terms }
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
