//! Asking, granting and withdrawing: consents as objects of the system scope.

use super::consents::withdraw_imported;
use super::flow::withdraw_lowering;
use super::found::{policy_place, put_policy};
use super::policy_row::{FiledConsent, PolicyRow};
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{Target, Writing};
use super::tx::{Tx, Work};
use super::{manifest::ConsentRef, payload::Content};
use crate::audit::{AuditEvent, Gesture};
use crate::consent::{
    self, ConsentMeta, ConsentStatus, Delegation, GrantSpec, GrantTerms, Reads, Recipient, RecipientKind, Standing,
};
use crate::crypto::context::Class;
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Identity, ScopeId, Timestamp};
use crate::keyring::ScopeKeys;
use crate::label::{Confidentiality, Purpose, Sensitivities};
use crate::lang::Lang;
use crate::record::Category;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A consent on its way to be asked. The notice is made from the object that is enforced.
///
/// ```
/// # use healthspace::{consent::Recipient, record::Category, Environment, HealthSpace, KdfParams, Purpose, Unlock};
/// # let dir = std::env::temp_dir().join(format!("hs-doc-ask-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
/// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
/// let ask = space
///     .consent_request()
///     .purpose(Purpose::PatientRequest)
///     .categories(&[Category::Laboratory])
///     .recipient(Recipient::model("eu-llm")?)
///     .expires_in_days(90);
/// assert!(ask.notice("en")?.contains("eu-llm"));
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ConsentRequest {
    space: HealthSpace,
    partition: String,
    purpose: Option<Purpose>,
    categories: Vec<Category>,
    recipient: Option<Recipient>,
    expires: Option<Timestamp>,
    starts: Option<Timestamp>,
    data_period: Option<(Timestamp, Timestamp)>,
    confidentiality: Option<Confidentiality>,
    sensitivities: Sensitivities,
    uses: Option<u32>,
    delegation: Option<Delegation>,
    shown: Shown,
}

/// Language and hash of a notice.
pub(super) type Notice = (Lang, [u8; 32]);

/// The notice that was made last: its language and the hash of its text.
/// A copy of the request has the same one.
#[derive(Default, Clone)]
pub(super) struct Shown(Arc<Mutex<Option<Notice>>>);

impl Shown {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, lang: Lang, text: &str) {
        *self.lock() = Some((lang, sha256(&[text.as_bytes()])));
    }

    /// One notice, one gesture, one consent: `act` has it for itself, and a second tap meanwhile or later finds
    /// none. Where nothing came of it, it can be confirmed again.
    pub(super) fn once<T>(&self, act: impl FnOnce(Notice) -> Result<T>) -> Result<T> {
        let notice = self.lock().take().ok_or(Error::Malformed(Malformed::Notice))?;
        let done = act(notice);
        if done.is_err() {
            self.lock().get_or_insert(notice);
        }
        done
    }
}

/// The hash of what the person says yes to now: of the terms that were shown, and not over in the partition
/// `p`.
pub(super) fn confirmed(
    shown: [u8; 32],
    text: &str,
    expires: Option<Timestamp>,
    tx: &Tx<'_>,
    p: &Scope,
) -> Result<[u8; 32]> {
    let notice = sha256(&[text.as_bytes()]);
    let over = |at: Timestamp| expires.is_some_and(|end| end <= at);
    if over(tx.base.env.now()) {
        return Err(Error::Malformed(Malformed::Terms));
    }
    if shown != notice {
        return Err(Error::Malformed(Malformed::Notice));
    }
    if over(Timestamp::from_millis(tx.now_in(p))) {
        return Err(Error::ClockBehind);
    }
    Ok(notice)
}

impl core::fmt::Debug for ConsentRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ConsentRequest(..)")
    }
}

/// A grant in force: withdraw it with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub(super) id: GrantId,
    pub(super) entry: u64,
}

impl Grant {
    /// By which it is withdrawn.
    #[must_use]
    pub const fn id(&self) -> GrantId {
        self.id
    }

    /// Its entry in the system log: [`HealthSpace::receipt`] proves it.
    #[must_use]
    pub const fn entry(&self) -> u64 {
        self.entry
    }
}

/// A grant as the person sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantInfo {
    /// Its id.
    pub id: GrantId,
    /// Which partition it opens.
    pub partition: String,
    /// The terms that are enforced.
    pub terms: GrantTerms,
    /// Where it stands now.
    pub standing: Standing,
    /// How often it can still be used; without bound where absent.
    pub uses_left: Option<u32>,
}

impl HealthSpace {
    /// Begins to ask for a consent; partition `health` unless said otherwise.
    #[must_use]
    pub fn consent_request(&self) -> ConsentRequest {
        ConsentRequest {
            space: self.clone(),
            partition: "health".to_owned(),
            purpose: None,
            categories: Vec::new(),
            recipient: None,
            expires: None,
            starts: None,
            data_period: None,
            confidentiality: None,
            sensitivities: Sensitivities::NONE,
            uses: None,
            delegation: None,
            shown: Shown::default(),
        }
    }

    /// Withdraws a grant: one call, effective at commit, in every open handle and process.
    ///
    /// A handle that was opened for some partitions withdraws within them; a full handle withdraws
    /// everywhere. Withdrawing twice is no error. What a carer passed on under it is withdrawn with
    /// it. What was remembered under the grant is quarantined by
    /// that: [`derived`](Self::derived) lists it.
    ///
    /// Of a consent from elsewhere that permits and refuses, a handle of some partitions withdraws what it permits.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such grant is known here; [`Error::NeedsFullSlot`] for a consent from elsewhere
    /// that permits nothing, or cannot be read, by a handle of some partitions: to lift a refusal is to permit.
    pub fn withdraw(&self, grant: GrantId) -> Result<()> {
        self.inner.write(|tx, w| {
            if let Some(at) = w.state.lowering_at(grant) {
                return withdraw_lowering(tx, w, at, grant);
            }
            let knows = |p: &Scope| p.policy.state.doc(grant).is_some() || p.policy.state.imported(grant).is_some();
            let Some(p) = w.state.partitions.iter().find(|p| knows(p)).cloned() else {
                // It may be one of a partition that is left out.
                return w.state.has_all().and(Err(Error::NotFound));
            };
            let now = Timestamp::from_millis(tx.now);
            let withdrawn = match p.policy.state.doc(grant) {
                // By its own text: one that fell with its parent is withdrawn like any other.
                Some(doc) => doc.meta.status == ConsentStatus::Inactive,
                None => p.policy.state.standing(grant, now) == Some(Standing::Withdrawn),
            };
            if withdrawn {
                return Ok(());
            }
            if w.state.system.is_none() {
                // One from elsewhere may refuse what others permit: to lift that is to permit.
                if p.policy.state.imported(grant).is_some_and(|c| c.reads() == Reads::Unusable || !c.permits()) {
                    return Err(Error::NeedsFullSlot);
                }
                // It stands in several partitions.
                let places = (0..w.state.partitions.len()).filter(|i| w.state.partitions.get(*i).is_some_and(knows));
                return places.collect::<Vec<_>>().into_iter().try_for_each(|at| withdraw_here(tx, w, at, grant));
            }
            // What was passed on under it falls with it.
            let fallen: Vec<GrantId> = std::iter::once(grant).chain(p.policy.state.children(grant)).collect();
            if p.policy.state.imported(grant).is_some() {
                withdraw_imported(tx, w, grant)?;
            } else {
                let inactive = |id: &GrantId| {
                    let doc = p.policy.state.doc(*id).ok_or(Error::NotFound)?;
                    Ok(FiledConsent::own(*id, doc.meta.version + 1, &consent::withdraw(doc, now)?))
                };
                let filed = fallen.iter().map(inactive).collect::<Result<Vec<_>>>()?;
                file_consents(tx, w, &p, ConsentKind::Grant, filed)?;
            }
            for grant in fallen {
                let work = w.work(tx, Target::System)?;
                tx.log(work, AuditEvent::Withdrawn { grant, gesture: None })?;
                w.end_grant(tx, grant)?;
            }
            Ok(())
        })
    }

    /// Every grant over the partitions that are open here, withdrawn and expired ones too.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn grants(&self) -> Result<Vec<GrantInfo>> {
        let (_txn, state) = self.inner.read()?;
        let clock = self.inner.base.env.now().as_millis();
        let unverified = self.inner.base.freshness(&state) == "unverified";
        let mut list = Vec::new();
        for p in &state.partitions {
            let now = Timestamp::from_millis(clock.max(state.floor_in(p)));
            let consents = p.consents();
            for id in consents.series() {
                let (Some(doc), Some(standing)) = (consents.doc(id), consents.standing(id, now)) else { continue };
                let (partition, terms) = (p.policy.name.clone(), doc.spec.terms().clone());
                let anchored = terms.uses.is_some() || Purpose::BreakGlass.covers(terms.purpose);
                let standing = match standing {
                    Standing::InForce if anchored && unverified => Standing::Unanchored,
                    other => other,
                };
                list.push(GrantInfo { id, partition, terms, standing, uses_left: consents.uses_left(id) });
            }
        }
        Ok(list)
    }
}

/// Withdraws a grant in one partition, for a handle that cannot file it in the system scope, with
/// what was passed on under it.
fn withdraw_here(tx: &mut Tx<'_>, w: &mut Writing, at: usize, grant: GrantId) -> Result<()> {
    let Some(p) = w.state.partitions.get(at) else { return Err(Error::NotFound) };
    let all = std::iter::once(grant).chain(p.policy.state.children(grant));
    let fallen: Vec<GrantId> = all.filter(|id| !p.manifest.denied.contains(id)).collect();
    for grant in fallen {
        let work = w.work(tx, Target::Partition(at))?;
        work.manifest.denied.push(grant);
        tx.log(work, AuditEvent::Withdrawn { grant, gesture: None })?;
        w.end_grant(tx, grant)?;
    }
    Ok(())
}

/// What a consent does.
#[derive(Clone, Copy)]
pub(super) enum ConsentKind {
    /// Lets somebody see data of the partition.
    Grant,
    /// Lowers labels of what goes into the partition.
    Lowering,
}

/// Keeps a version of a consent as an object of the system scope.
pub(super) fn put_consent(tx: &mut Tx<'_>, work: &mut Work, scope: ScopeId, consent: &FiledConsent) -> Result<()> {
    let group = tx.new_group(work)?;
    let put = tx.put_content(work, Class::Body, group, Content::Document, &consent.bytes)?;
    work.manifest.consents.push(ConsentRef {
        series: consent.series,
        version: u32::try_from(consent.version).map_err(|_| Error::TooLarge(crate::error::Limit::Capacity))?,
        scope,
        number: put.number,
        row_version: put.version,
        group,
    });
    Ok(())
}

/// Files versions of consents: as objects of the system scope, and in the policy row of their
/// partition, which the system head names with its digest.
pub(super) fn file_consents(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    p: &Scope,
    kind: ConsentKind,
    filed: Vec<FiledConsent>,
) -> Result<()> {
    let work = w.work(tx, Target::System)?;
    let mut row: PolicyRow = (*p.policy).clone();
    for consent in filed {
        put_consent(tx, work, p.id, &consent)?;
        let list = match kind {
            ConsentKind::Grant => &mut row.consents,
            ConsentKind::Lowering => &mut row.lowerings,
        };
        list.retain(|c| c.series != consent.series);
        list.push(consent);
    }
    put_row(tx, w, p, &row)
}

/// Puts a policy row in the place of a partition's: only who can sign the system head can.
pub(super) fn put_row(tx: &mut Tx<'_>, w: &mut Writing, p: &Scope, row: &PolicyRow) -> Result<()> {
    put_row_of(tx, w, p.id, &p.keys, row)
}

/// As [`put_row`], of a partition that need not be open.
pub(super) fn put_row_of(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    scope: ScopeId,
    keys: &ScopeKeys,
    row: &PolicyRow,
) -> Result<()> {
    let base = tx.base;
    let work = w.work(tx, Target::System)?;
    let system = work.scope.id;
    let number = tx.next_row(work)?;
    let row_version = tx.version(work);
    let place = policy_place(base, system, scope, number, row_version);
    let (policy, digest) = put_policy(base, &mut *tx.txn, &place, keys, row)?;
    let entry = w.system_part(tx)?.scopes.iter_mut().find(|e| e.scope == scope).ok_or(Error::Internal(70))?;
    let old = entry.policy.number;
    (entry.policy, entry.policy_digest) = (policy, digest);
    tx.txn.delete(&system, old)
}

impl ConsentRequest {
    /// In which partition.
    #[must_use]
    pub fn partition(mut self, name: &str) -> Self {
        name.clone_into(&mut self.partition);
        self
    }

    /// What for: exactly one purpose a grant.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// What; `Category::ALL` for everything.
    #[must_use]
    pub fn categories(mut self, categories: &[Category]) -> Self {
        self.categories = categories.to_vec();
        self
    }

    /// For whom.
    #[must_use]
    pub fn recipient(mut self, recipient: Recipient) -> Self {
        self.recipient = Some(recipient);
        self
    }

    /// Until when.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires = Some(at);
        self
    }

    /// Until so many days from now, by the host's clock.
    #[must_use]
    pub fn expires_in_days(self, days: u32) -> Self {
        let now = self.space.inner.base.env.now();
        self.expires_at(now.plus_millis(i64::from(days) * 86_400_000))
    }

    /// From when on; at once unless said.
    #[must_use]
    pub fn starts_at(mut self, at: Timestamp) -> Self {
        self.starts = Some(at);
        self
    }

    /// Only data that is at most so confidential, by its own mark, else by that of its partition:
    /// [`Confidentiality::Restricted`] leaves out what is marked as very restricted. With
    /// [`sensitivities`](Self::sensitivities), what is marked for these is added.
    #[must_use]
    pub fn up_to(mut self, level: Confidentiality) -> Self {
        self.confidentiality = Some(level);
        self
    }

    /// Only data that is marked as sensitive, and for these reasons alone (or what HL7 has below
    /// them); with [`up_to`](Self::up_to) also what that lets through.
    #[must_use]
    pub fn sensitivities(mut self, reasons: Sensitivities) -> Self {
        self.sensitivities = reasons;
        self
    }

    /// Only data dated in this half-open range.
    #[must_use]
    pub fn data_period(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.data_period = Some((from, to));
        self
    }

    /// Only so many times: each release takes one use, a reader one for all that it opens. Such a
    /// grant applies only in a space that has an anchor: an older copy of the file would bring uses
    /// back.
    #[must_use]
    pub fn uses(mut self, times: u32) -> Self {
        self.uses = Some(times);
        self
    }

    /// To a carer: a person who acts for this one, for [`Purpose::FamilyRequest`],
    /// [`Purpose::SupportNetwork`] or [`Purpose::PowerOfAttorney`], until an end that must be given.
    ///
    /// # Errors
    /// As [`Recipient::new`].
    pub fn carer(mut self, name: &str) -> Result<Self> {
        self.recipient = Some(Recipient::new(RecipientKind::Person, name)?);
        self.delegation.get_or_insert_default();
        Ok(self)
    }

    /// The carer may pass it on: each time with a consent of its own ([`under`](Self::under)),
    /// within the same terms, and no further.
    #[must_use]
    pub fn may_pass_on(mut self) -> Self {
        self.delegation.get_or_insert_default().may_pass_on = true;
        self
    }

    /// Passed on by the carer who has this grant: it is no wider, ends no later, and falls with it.
    #[must_use]
    pub fn under(mut self, parent: GrantId) -> Self {
        self.delegation.get_or_insert_default().parent = Some(parent);
        self
    }

    fn spec(&self, scope: crate::id::ScopeId) -> Result<GrantSpec> {
        let missing = Error::Malformed(Malformed::Terms);
        let purpose = self.purpose.ok_or(missing)?;
        let recipient = self.recipient.clone().ok_or(Error::Malformed(Malformed::Terms))?;
        let mut terms = GrantTerms::new(purpose, scope, &self.categories, recipient);
        terms.expires = self.expires;
        terms.starts = self.starts;
        terms.data_period = self.data_period;
        terms.confidentiality = self.confidentiality;
        terms.sensitivities = self.sensitivities;
        terms.uses = self.uses;
        terms.delegation = self.delegation;
        GrantSpec::new(terms)
    }

    /// The text to show: who, what, why, until when, what is not allowed and how to withdraw.
    ///
    /// # Errors
    /// [`Error::Malformed`] where purpose, categories or recipient are missing;
    /// [`Error::NoSuchPartition`].
    pub fn notice(&self, language: &str) -> Result<String> {
        let state = self.space.inner.peek()?;
        let at = state.position(&self.partition)?;
        let p = state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
        let lang = Lang::parse(language);
        let text = consent::notice(&self.spec(p.id)?, &p.policy.name, lang);
        self.shown.keep(lang, &text);
        Ok(text)
    }

    /// As a person who reads the notice and agrees.
    #[cfg(test)]
    pub(crate) fn agree(&self, gesture: Gesture) -> Result<Grant> {
        self.notice("en")?;
        self.confirm(gesture)
    }

    /// Records the person's consent: filed as a FHIR Consent, with the gesture, the language and the hash
    /// of the notice that was made last in the ledger. One notice is confirmed once: a second tap, or a
    /// call that is tried again after it succeeded, is refused.
    ///
    /// # Errors
    /// As [`notice`](Self::notice); [`Error::Denied`] where the grant that it is passed on under is
    /// not in force, does not allow that, or is narrower, and where one of the two is for training
    /// and the recipient has another grant that is not over: each refuses training but by itself,
    /// so withdraw the other one first; [`Error::NeedsFullSlot`] where the space was opened for some
    /// partitions only; [`Error::Malformed`] where no notice was made, or it was confirmed, where the
    /// terms are not those of the one that was made last, or are over already; [`Error::ClockBehind`]
    /// where they are over by the last entry of the log, though not by the host's clock.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn confirm(&self, gesture: Gesture) -> Result<Grant> {
        self.shown.once(|shown| self.record(shown, &gesture))
    }

    fn record(&self, (lang, shown): Notice, gesture: &Gesture) -> Result<Grant> {
        self.space.inner.write(|tx, w| {
            let at = w.state.position(&self.partition)?;
            let p = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let spec = self.spec(p.id)?;
            let (id, now) = (GrantId(random_array()?), Timestamp::from_millis(tx.now));
            let text = consent::notice(&spec, &p.policy.name, lang);
            let notice = confirmed(shown, &text, spec.terms().expires, tx, &p)?;
            let here = Timestamp::from_millis(tx.now_in(&p));
            has_parent(&p, &spec, here)?;
            unopposed(&p, &spec, None, here)?;
            let meta = ConsentMeta {
                series: id,
                version: 1,
                status: ConsentStatus::Active,
                // A pseudonym that means nothing outside: the space's own random id, hashed.
                subject: subject_of(tx),
                given: now,
                updated: now,
                notice,
                lang,
            };
            let bytes = consent::to_fhir(&spec, &meta)?;
            let own = FiledConsent::own(id, 1, &bytes);
            file_consents(tx, w, &p, ConsentKind::Grant, vec![own])?;
            let work = w.work(tx, Target::System)?;
            let entry = tx.log(
                work,
                AuditEvent::Granted {
                    grant: id,
                    consent_hash: sha256(&[&bytes]),
                    notice_hash: notice,
                    locale: lang.tag().to_owned(),
                    gesture: gesture.clone(),
                    purpose: spec.terms().purpose,
                    expires: spec.terms().expires,
                },
            )?;
            Ok(Grant { id, entry })
        })
    }
}

/// That no other grant of the recipient refuses what this one permits, or is refused by it: every
/// grant refuses training except its own. One that is used up still does.
pub(super) fn unopposed(p: &Scope, spec: &GrantSpec, own: Option<GrantId>, now: Timestamp) -> Result<()> {
    let (t, consents) = (spec.terms(), p.consents());
    let opposes = |id: GrantId| {
        let stands = !matches!(consents.standing(id, now), None | Some(Standing::Withdrawn | Standing::Expired));
        let of_both = |other: &GrantTerms| {
            other.recipient == t.recipient && [t.purpose, other.purpose].contains(&Purpose::MlTraining)
        };
        own != Some(id) && stands && consents.doc(id).is_some_and(|doc| of_both(doc.spec.terms()))
    };
    if consents.series().any(opposes) { Err(Error::Denied) } else { Ok(()) }
}

/// That what is passed on may be: under a grant in force that reaches as far and as long.
pub(super) fn has_parent(p: &Scope, spec: &GrantSpec, now: Timestamp) -> Result<()> {
    let Some(parent) = spec.terms().delegation.and_then(|d| d.parent) else { return Ok(()) };
    let consents = p.consents();
    let doc = consents.doc(parent).filter(|_| consents.standing(parent, now) == Some(Standing::InForce));
    let doc = doc.ok_or(Error::Denied)?;
    let ends = |s: &GrantSpec| s.terms().expires;
    if spec.is_within(&doc.spec) && ends(spec) <= ends(&doc.spec) { Ok(()) } else { Err(Error::Denied) }
}

pub(super) fn subject_of(tx: &Tx<'_>) -> Identity {
    let h = sha256(&[b"hs/v1/subject\0", tx.base.space.as_bytes()]);
    let mut id = [0; 16];
    id.iter_mut().zip(h).for_each(|(o, b)| *o = b);
    Identity(id)
}
