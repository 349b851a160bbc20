//! Asking for, filing and withdrawing consents to lower a label.

use crate::audit::{AuditEvent, Gesture};
use crate::consent::{
    ConsentMeta, ConsentStatus, DeclassifySpec, DeclassifyTerms, NamedPartition, Standing, declassify_notice,
    declassify_to_fhir,
};
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Timestamp};
use crate::label::{Lowering, Purpose};
use crate::lang::Lang;
use crate::vault::grants::{ConsentKind, Grant, Notice, Shown, file_consents, subject_of};
use crate::vault::policy_row::FiledConsent;
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target, Writing};
use crate::vault::tx::Tx;

/// A consent to lower a label on its way to be asked: a kind of its own, with a notice of its own.
/// It lets nobody see anything by itself.
///
/// ```
/// # use healthspace::{Confidentiality, Environment, HealthSpace, KdfParams, Lowering, Purpose, Unlock};
/// # let dir = std::env::temp_dir().join(format!("hs-doc-lower-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
/// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
/// let ask = space.declassify_request("health", "general", Purpose::PatientRequest).dropping(Lowering {
///     confidentiality: Some(Confidentiality::Normal),
///     ..Lowering::NONE
/// });
/// assert!(ask.notice("en")?.contains("into the partition “general”"));
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DeclassifyRequest {
    space: HealthSpace,
    from: String,
    to: String,
    purpose: Purpose,
    lowering: Lowering,
    expires: Option<Timestamp>,
    shown: Shown,
}

impl core::fmt::Debug for DeclassifyRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DeclassifyRequest(..)")
    }
}

/// A consent to lower a label as the person sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeclassifyInfo {
    /// Its id: [`HealthSpace::withdraw`] takes it.
    pub id: GrantId,
    /// The terms that are enforced.
    pub terms: DeclassifyTerms,
    /// Where it stands now.
    pub standing: Standing,
}

impl HealthSpace {
    /// Begins to ask whether statements may go from one partition into another although their
    /// label does not let them: for one purpose.
    #[must_use]
    pub fn declassify_request(&self, from: &str, to: &str, purpose: Purpose) -> DeclassifyRequest {
        DeclassifyRequest {
            space: self.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
            purpose,
            lowering: Lowering::NONE,
            expires: None,
            shown: Shown::default(),
        }
    }

    /// Every consent to lower a label into a partition that is open here, withdrawn and expired
    /// ones too.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn declassify_grants(&self) -> Result<Vec<DeclassifyInfo>> {
        let (_txn, state) = self.inner.read()?;
        let clock = self.inner.base.env.now().as_millis();
        let mut list = Vec::new();
        for p in &state.partitions {
            let now = Timestamp::from_millis(clock.max(state.floor_in(p)));
            for (id, doc) in &p.policy.lowered {
                let Some(doc) = doc else { continue };
                let denied = p.manifest.denied.contains(id);
                let standing = match doc.standing(now) {
                    _ if denied => Standing::Withdrawn,
                    Standing::InForce if p.policy.suspended.contains(id) => Standing::Suspended,
                    other => other,
                };
                list.push(DeclassifyInfo { id: *id, terms: doc.spec.terms().clone(), standing });
            }
        }
        Ok(list)
    }
}

impl DeclassifyRequest {
    /// What is dropped besides the origin, at most; the origin is what [`HealthSpace::declassify_request`]
    /// names.
    #[must_use]
    pub const fn dropping(mut self, lowering: Lowering) -> Self {
        self.lowering = lowering;
        self
    }

    /// Until when.
    #[must_use]
    pub const fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    fn spec(&self, state: &State) -> Result<DeclassifySpec> {
        let named = |name: &str| -> Result<NamedPartition> {
            let p = state.partitions.get(state.position(name)?).ok_or(Error::NoSuchPartition)?;
            Ok(NamedPartition { scope: p.id, name: name.to_owned() })
        };
        DeclassifySpec::new(DeclassifyTerms {
            purpose: self.purpose,
            from: named(&self.from)?,
            to: named(&self.to)?,
            lowering: self.lowering,
            expires: self.expires,
        })
    }

    /// The text to show: from where, to where, what is dropped and what is kept, what for, until
    /// when and how to withdraw.
    ///
    /// # Errors
    /// [`Error::NoSuchPartition`]; [`Error::Malformed`] for terms that no consent can have.
    pub fn notice(&self, language: &str) -> Result<String> {
        let lang = Lang::parse(language);
        let text = declassify_notice(&self.spec(&self.space.inner.peek()?)?, lang);
        self.shown.keep(lang, &text);
        Ok(text)
    }

    /// As a person who reads the notice and agrees.
    #[cfg(test)]
    pub(crate) fn agree(&self, gesture: Gesture) -> Result<Grant> {
        self.notice("en")?;
        self.confirm(gesture)
    }

    /// Records the person's consent, as [`ConsentRequest::confirm`](crate::ConsentRequest::confirm)
    /// does.
    ///
    /// # Errors
    /// As [`notice`](Self::notice); [`Error::NeedsFullSlot`]; [`Error::Malformed`] where no notice
    /// was made, the terms are not those of the one that was made last, or are over already.
    pub fn confirm(&self, gesture: Gesture) -> Result<Grant> {
        self.shown.once(|shown| self.record(shown, gesture))
    }

    fn record(&self, (lang, shown): Notice, gesture: Gesture) -> Result<Grant> {
        self.space.inner.write(|tx, w| {
            let spec = self.spec(&w.state)?;
            let at = w.state.position(&self.to)?;
            let p = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let now = Timestamp::from_millis(tx.now);
            let notice = sha256(&[declassify_notice(&spec, lang).as_bytes()]);
            let expires = spec.terms().expires;
            if expires.is_some_and(|end| end.as_millis() <= tx.now_in(&p)) {
                return Err(Error::Malformed(Malformed::Terms));
            }
            if shown != notice {
                return Err(Error::Malformed(Malformed::Notice));
            }
            let id = GrantId(random_array()?);
            let meta = ConsentMeta {
                series: id,
                version: 1,
                status: ConsentStatus::Active,
                subject: subject_of(tx),
                given: now,
                updated: now,
                notice,
                lang,
            };
            let bytes = declassify_to_fhir(&spec, &meta)?;
            file_consents(tx, w, &p, ConsentKind::Lowering, vec![FiledConsent::own(id, 1, &bytes)])?;
            let work = w.work(tx, Target::System)?;
            let (consent_hash, locale) = (sha256(&[&bytes]), lang.tag().to_owned());
            let purpose = spec.terms().purpose;
            let event =
                AuditEvent::Granted { grant: id, consent_hash, notice_hash: notice, locale, gesture, purpose, expires };
            let entry = tx.log(work, event)?;
            Ok(Grant { id, entry })
        })
    }
}

impl State {
    /// The partition into which a consent lowers labels, by position.
    pub(crate) fn lowering_at(&self, grant: GrantId) -> Option<usize> {
        self.partitions.iter().position(|p| p.policy.lowering(grant).is_some())
    }
}

/// Withdraws a consent to lower a label; as for every grant, a handle without the system key does
/// it within its partition.
pub(in crate::vault) fn withdraw_lowering(tx: &mut Tx<'_>, w: &mut Writing, at: usize, grant: GrantId) -> Result<()> {
    let p = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
    let doc = p.policy.lowering(grant).ok_or(Error::NotFound)?;
    let full = w.state.system.is_some();
    if doc.meta.status == ConsentStatus::Inactive || !full && p.manifest.denied.contains(&grant) {
        return Ok(());
    }
    let event = AuditEvent::Withdrawn { grant, gesture: None };
    if full {
        let version = doc.meta.version.checked_add(1).ok_or(Error::Malformed(Malformed::Argument))?;
        let updated = Timestamp::from_millis(tx.now).clamp(doc.meta.given, Timestamp::from_millis(i64::MAX));
        let meta = ConsentMeta { version, status: ConsentStatus::Inactive, updated, ..doc.meta.clone() };
        let bytes = declassify_to_fhir(&doc.spec, &meta).or_else(|_| {
            // A clock outside the years that FHIR can say does not stop it.
            declassify_to_fhir(&doc.spec, &ConsentMeta { updated: doc.meta.given, ..meta })
        })?;
        file_consents(tx, w, &p, ConsentKind::Lowering, vec![FiledConsent::own(grant, version, &bytes)])?;
        let work = w.work(tx, Target::System)?;
        tx.log(work, event)?;
    } else {
        let work = w.work(tx, Target::Partition(at))?;
        work.manifest.denied.push(grant);
        tx.log(work, event)?;
    }
    w.end_grant(tx, grant)
}
