//! Renewing a grant: a new version of its series, with a new end, a notice and a gesture of its own.

use super::grants::{ConsentKind, Grant, Notice, Shown, confirmed, file_consents, has_parent, unopposed};
use super::policy_row::FiledConsent;
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{State, Target};
use crate::audit::{AuditEvent, Gesture};
use crate::consent::{self, ConsentDoc, ConsentMeta, ConsentStatus, GrantSpec, Recipient};
use crate::crypto::hash::sha256;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Timestamp};
use crate::lang::Lang;

/// A grant on its way to be renewed. What was given stays as it is but for its end, and for the
/// number of uses where they are counted.
///
/// ```
/// # use healthspace::{audit::Gesture, consent::Recipient, record::Category, Environment, HealthSpace, KdfParams, Purpose, Unlock};
/// # let dir = std::env::temp_dir().join(format!("hs-doc-renew-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
/// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
/// # let gesture = || Gesture { method: "tap".into(), evidence: [0; 32] };
/// # let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Laboratory]);
/// # let ask = ask.recipient(Recipient::model("eu-llm")?).expires_in_days(30);
/// # ask.notice("en")?;
/// # let grant = ask.confirm(gesture())?;
/// let renewal = space.renewal(grant.id()).expires_in_days(90);
/// assert!(renewal.notice("en")?.contains("What changes is its end"));
/// let renewed = renewal.confirm(gesture())?;
/// assert_eq!(renewed.id(), grant.id());
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RenewalRequest {
    space: HealthSpace,
    grant: GrantId,
    expires: Option<Timestamp>,
    uses: Option<u32>,
    shown: Shown,
}

impl core::fmt::Debug for RenewalRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RenewalRequest(..)")
    }
}

impl HealthSpace {
    /// Begins to ask for the renewal of a grant, in force or over.
    #[must_use]
    pub fn renewal(&self, grant: GrantId) -> RenewalRequest {
        let shown = Shown::default();
        RenewalRequest { space: self.clone(), grant, expires: None, uses: None, shown }
    }
}

/// The newest version of a grant, and its partition. One that was withdrawn does not come back by
/// being renewed: it takes a new grant. A suspended one is confirmed first, as it stood.
fn renewable(state: &State, grant: GrantId) -> Result<(&Scope, &ConsentDoc)> {
    let found = state.partitions.iter().find_map(|p| p.policy.state.doc(grant).map(|doc| (p, doc)));
    let (p, doc) = found.ok_or(Error::NotFound)?;
    if doc.meta.status != ConsentStatus::Active
        || p.manifest.denied.contains(&grant)
        || p.policy.suspended.contains(&grant)
    {
        return Err(Error::Denied);
    }
    Ok((p, doc))
}

/// To whom a grant was passed on, who is not refused since.
fn passed_on(p: &Scope, grant: GrantId) -> Vec<Recipient> {
    let children = p.policy.state.children(grant).filter(|child| !p.manifest.denied.contains(child));
    let mut all: Vec<Recipient> =
        children.filter_map(|child| Some(p.policy.state.doc(child)?.spec.terms().recipient.clone())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

impl RenewalRequest {
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

    /// How many times, of a grant whose uses are counted (of another it is an error); as before where this is not
    /// called.
    #[must_use]
    pub fn uses(mut self, times: u32) -> Self {
        self.uses = Some(times);
        self
    }

    fn spec(&self, given: &ConsentDoc) -> Result<GrantSpec> {
        consent::renewed(&given.spec, self.expires.ok_or(Error::Malformed(Malformed::Terms))?, self.uses)
    }

    /// The text to show: what stood until now, what changes, and the whole notice.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such grant is known, [`Error::Denied`] where it was withdrawn;
    /// [`Error::Malformed`] without an end.
    pub fn notice(&self, language: &str) -> Result<String> {
        let (_txn, state) = self.space.inner.read()?;
        let (p, given) = renewable(&state, self.grant)?;
        let lang = Lang::parse(language);
        let passed_on = passed_on(p, self.grant);
        let text = consent::renewal_notice(&given.spec, &self.spec(given)?, &passed_on, &p.policy.name, lang);
        self.shown.keep(lang, &text);
        Ok(text)
    }

    /// As a person who reads the notice and agrees.
    #[cfg(test)]
    pub(crate) fn agree(&self, gesture: Gesture) -> Result<Grant> {
        self.notice("en")?;
        self.confirm(gesture)
    }

    /// Records the renewal: a new version of the Consent, with the gesture and the hash of its own
    /// notice in the ledger. Memories that rest on the grant hold as long as it does.
    ///
    /// # Errors
    /// As [`notice`](Self::notice); [`Error::Denied`] where the grant that it was passed on under is
    /// not in force or ends before; [`Error::NeedsFullSlot`] where some partitions only are open;
    /// [`Error::Malformed`] where no notice was made, or it was confirmed, where the terms are not those
    /// of the one that was made last, or are over already; [`Error::ClockBehind`] where they are over by
    /// the last entry of the log alone.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn confirm(&self, gesture: Gesture) -> Result<Grant> {
        self.shown.once(|shown| self.record(shown, &gesture))
    }

    fn record(&self, (lang, shown): Notice, gesture: &Gesture) -> Result<Grant> {
        self.space.inner.write(|tx, w| {
            let (p, given) = renewable(&w.state, self.grant)?;
            let (p, given) = (p.clone(), given.clone());
            let spec = self.spec(&given)?;
            let passed_on = passed_on(&p, self.grant);
            let text = consent::renewal_notice(&given.spec, &spec, &passed_on, &p.policy.name, lang);
            let notice = confirmed(shown, &text, spec.terms().expires, tx, &p)?;
            let now = Timestamp::from_millis(tx.now_in(&p));
            has_parent(&p, &spec, now)?;
            unopposed(&p, &spec, Some(self.grant), now)?;
            let expires = spec.terms().expires.ok_or(Error::Internal(112))?;
            let version = given.meta.version + 1;
            let updated = Timestamp::from_millis(tx.now);
            let bytes = consent::to_fhir(&spec, &ConsentMeta { version, updated, notice, lang, ..given.meta })?;
            let own = FiledConsent::own(self.grant, version, &bytes);
            file_consents(tx, w, &p, ConsentKind::Grant, vec![own])?;
            let work = w.work(tx, Target::System)?;
            let event = AuditEvent::Renewed {
                grant: self.grant,
                version,
                consent_hash: sha256(&[&bytes]),
                notice_hash: notice,
                locale: lang.tag().to_owned(),
                gesture: gesture.clone(),
                expires,
            };
            let entry = tx.log(work, event)?;
            w.extend_grant(tx, self.grant, expires)?;
            // What was passed on under it holds no longer than it, and where it was withdrawn by a
            // handle that cannot file that, not at all: partitions that it had not open learn it now.
            for child in p.policy.state.children(self.grant) {
                if p.manifest.denied.contains(&child) {
                    w.end_grant(tx, child)?;
                    continue;
                }
                let own = p.policy.state.doc(child).and_then(|doc| doc.spec.terms().expires);
                w.extend_grant(tx, child, own.map_or(expires, |end| end.min(expires)))?;
            }
            Ok(Grant { id: self.grant, entry })
        })
    }
}
