//! Consents from elsewhere: filed, listed, withdrawn, handed out as they came.

use super::consent_record::ended_within;
use super::consent_versions::end_older;
use super::grants::{ConsentKind, file_consents};
use super::policy_row::{FiledConsent, Origin};
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{Target, Writing};
use super::tx::Tx;
use crate::audit::{AuditEvent, Gesture};
use crate::consent::{ReadConsent, Reads, Standing, read_consents};
use crate::crypto::hash::sha256;
use crate::error::{Error, Limit, Result};
use crate::id::{GrantId, Identity, ScopeId, Timestamp};
use crate::import::{patient_key, subject_reference};
use crate::label::PartitionKind;
use std::collections::{BTreeMap, BTreeSet};

/// Every decision looks at all of them: a space is not an archive of consents.
const MAX_FILED: usize = 1024 * 1024;

/// What came of importing consents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsentsReport {
    /// New, or a new version of one that was there: what was filed, by id.
    pub filed: Vec<GrantId>,
    /// There already, byte for byte; one that was withdrawn here stays withdrawn.
    pub unchanged: usize,
    /// Older than the version that is there, or not known to be newer than one that was withdrawn here:
    /// not filed.
    pub older: usize,
    /// Another text for a grant that was given here: not filed.
    pub conflicting: usize,
    /// Of those filed: cannot be read, so they refuse everything until withdrawn or replaced.
    pub unusable: usize,
    /// Of those filed: permits that do not apply because something in them is not understood.
    pub void_permits: usize,
}

/// A consent from elsewhere, as the person sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedConsent {
    /// Its id: withdraw it with this.
    pub id: GrantId,
    /// Where it stands now.
    pub standing: Standing,
    /// Permits that do not apply: something in them is not understood, or they are for a partition
    /// that is not in this space.
    pub void_permits: usize,
}

/// Whom a Consent refers to. An identifier is not compared: one person has many.
fn patient(consent: &ReadConsent) -> Option<Identity> {
    let named = consent.subject().filter(|s| !s.contains('|'))?;
    patient_key(named).map(|key| subject_reference(&key))
}

/// Whether it refers to somebody else than the data, which refers to the person as given, and the consents
/// that are here.
fn is_of_another(consent: &ReadConsent, health: &[Scope], data: &BTreeSet<Identity>) -> bool {
    let Some(patient) = patient(consent) else { return false };
    let mut known = data.clone();
    for p in health {
        let consents = p.consents();
        known.extend(consents.series().filter_map(|id| consents.imported(id).and_then(self::patient)));
    }
    !known.is_empty() && !known.contains(&patient)
}

impl HealthSpace {
    /// Files Consents that were given elsewhere (FHIR R4 or R5, alone or in a Bundle), so that every
    /// session decides by them as by the grants of this space. They hold in every partition of
    /// health data, later ones too. The gesture says that the person wants them, and that they are
    /// about the person: a Consent names its patient in ways that nothing here can check. A file of
    /// two patients is refused whole.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, Environment, HealthSpace, KdfParams, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-consents-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let refusal = br#"{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny"}}"#;
    /// let report = space.import_consents(refusal, gesture)?;
    /// assert_eq!((report.filed.len(), space.imported_consents()?.len()), (1, 1));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`] where the text is no Consent and no Bundle; [`Error::OtherSubject`] where
    /// it names two patients, or refers to one whom neither the data nor the consents that are here refer
    /// to (then [`import_consents_confirmed`](Self::import_consents_confirmed));
    /// [`Error::NeedsFullSlot`] where the space was opened for some partitions
    /// only; [`Error::TooLarge`] beyond 1 MiB of consents in all.
    pub fn import_consents(&self, source: &[u8], gesture: Gesture) -> Result<ConsentsReport> {
        self.file(source, &gesture, false)
    }

    /// As [`import_consents`](Self::import_consents), where the person says that the patient is them, under
    /// whatever name.
    ///
    /// # Errors
    /// As [`import_consents`](Self::import_consents); [`Error::OtherSubject`] for two patients alone.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn import_consents_confirmed(&self, source: &[u8], gesture: Gesture) -> Result<ConsentsReport> {
        self.file(source, &gesture, true)
    }

    fn file(&self, source: &[u8], gesture: &Gesture, confirmed: bool) -> Result<ConsentsReport> {
        // Series and updates do not depend on the zone; the rules are read from the filed bytes.
        let consents = read_consents(source, 0)?;
        let whom = consents.iter().filter_map(ReadConsent::subject).filter_map(patient_key);
        if whom.collect::<BTreeSet<_>>().len() > 1 {
            return Err(Error::OtherSubject);
        }
        self.inner.write(|tx, w| {
            w.work(tx, Target::System)?;
            let health: Vec<Scope> =
                w.state.partitions.iter().filter(|p| p.policy.kind == PartitionKind::Health).cloned().collect();
            let mut data = BTreeSet::new();
            for p in &health {
                data.extend(p.subject(tx.base, &*tx.txn)?.references);
            }
            if !confirmed && consents.iter().any(|c| is_of_another(c, &health, &data)) {
                return Err(Error::OtherSubject);
            }
            let here: Vec<ScopeId> = w.state.partitions.iter().map(|p| p.id).collect();
            let mut report = ConsentsReport::default();
            let mut filed: Vec<FiledConsent> = Vec::new();
            let mut replaced: Vec<(FiledConsent, &ReadConsent)> = Vec::new();
            for consent in &consents {
                let series = consent.series();
                let known = w.state.partitions.iter().flat_map(|p| &p.policy.consents).filter(|c| c.series == series);
                let newest = known.max_by_key(|c| c.version);
                let is_older = |c: &FiledConsent| {
                    let there = crate::consent::read_consent(&c.bytes, 0).updated();
                    let dates = there.zip(consent.updated());
                    // The same version may be printed in many ways: none of them undoes a withdrawal.
                    match c.origin {
                        Origin::Withdrawn => dates.is_none_or(|(there, new)| new <= there),
                        // Nor does one that does not say that it is newer open what is there.
                        _ => match (there, consent.updated()) {
                            (Some(there), Some(new)) => new < there,
                            (Some(_), None) => consent.permits(),
                            (None, _) => false,
                        },
                    }
                };
                match newest {
                    // The id of a consent to lower a label: by which of the two would it be withdrawn?
                    None if w.state.lowering_at(series).is_some() => report.conflicting += 1,
                    Some(c) if c.bytes == consent.source() => report.unchanged += 1,
                    Some(c) if c.origin == Origin::Own => report.conflicting += 1,
                    Some(c) if is_older(c) => report.older += 1,
                    newest => {
                        replaced.extend(newest.map(|older| (older.clone(), consent)));
                        report.filed.push(series);
                        report.unusable += usize::from(consent.reads() == Reads::Unusable);
                        report.void_permits += consent.void_permits() + consent.permits_outside(Some(&here));
                        filed.push(FiledConsent {
                            series,
                            version: newest.map_or(1, |c| c.version.saturating_add(1)),
                            bytes: consent.source().to_vec(),
                            origin: Origin::Imported,
                        });
                    }
                }
            }
            if filed.is_empty() {
                return Ok(report);
            }
            for (older, newer) in &replaced {
                end_older(tx, w, older, newer)?;
            }
            for p in &health {
                let kept = p.policy.consents.iter().filter(|c| !report.filed.contains(&c.series));
                if kept.chain(&filed).map(|c| c.bytes.len()).sum::<usize>() > MAX_FILED {
                    return Err(Error::TooLarge(Limit::Capacity));
                }
                file_consents(tx, w, p, ConsentKind::Grant, filed.clone())?;
            }
            let work = w.work(tx, Target::System)?;
            for c in &filed {
                let event = AuditEvent::ConsentImported {
                    grant: c.series,
                    version: c.version,
                    consent_hash: sha256(&[&c.bytes]),
                    gesture: gesture.clone(),
                };
                tx.log(work, event)?;
            }
            Ok(report)
        })
    }

    /// Every consent from elsewhere, withdrawn and expired ones too;
    /// [`permissions`](Self::permissions) lists all that is in force.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn imported_consents(&self) -> Result<Vec<ImportedConsent>> {
        let (_txn, state) = self.inner.read()?;
        let clock = self.inner.base.env.now().as_millis();
        let mut all = BTreeMap::new();
        // A handle of some partitions does not know the others.
        let here: Option<Vec<ScopeId>> = state.system.as_ref().map(|_| state.partitions.iter().map(|p| p.id).collect());
        for p in &state.partitions {
            let now = Timestamp::from_millis(clock.max(state.floor_in(p)));
            let consents = p.consents();
            for id in consents.series() {
                if let (Some(c), Some(standing)) = (consents.imported(id), consents.standing(id, now)) {
                    let one = ImportedConsent {
                        id,
                        standing,
                        void_permits: c.void_permits() + c.permits_outside(here.as_deref()),
                    };
                    let there = all.entry(id).or_insert_with(|| one.clone());
                    // Withdrawn in one partition only: it is in force until it is so in none.
                    if there.standing == Standing::Withdrawn {
                        *there = one;
                    }
                }
            }
        }
        Ok(all.into_values().collect())
    }

    /// The newest version of every consent to read, byte for byte as stored: grants of this space as FHIR
    /// Consents (inactive where a handle of its partition withdrew one), and those from elsewhere as
    /// they came (also where they were withdrawn here since). Consents to lower a label are none that another
    /// system could decide by, and stay.
    ///
    /// # Errors
    /// [`Error::Locked`], and what rereading the heads can yield.
    pub fn export_consents(&self) -> Result<Vec<(GrantId, Vec<u8>)>> {
        let (state, mut all) = {
            let (_txn, state) = self.inner.read()?;
            let filed = state.partitions.iter().flat_map(|p| &p.policy.consents);
            let all: BTreeMap<GrantId, Vec<u8>> = filed.map(|c| (c.series, c.bytes.clone())).collect();
            (state, all)
        };
        for p in &state.partitions {
            for doc in p.manifest.denied.iter().filter_map(|id| p.policy.state.doc(*id)) {
                let at = self.withdrawn_within(doc.meta.series)?.map(|w| w.0);
                if let Some(ended) = ended_within(p, doc, at)? {
                    all.insert(doc.meta.series, crate::consent::to_fhir(&ended.spec, &ended.meta)?);
                }
            }
        }
        Ok(all.into_iter().collect())
    }
}

/// Files the withdrawal of a consent from elsewhere wherever it stands.
pub(super) fn withdraw_imported(tx: &mut Tx<'_>, w: &mut Writing, series: GrantId) -> Result<()> {
    for p in w.state.partitions.clone() {
        if let Some(c) = p.policy.consents.iter().find(|c| c.series == series) {
            let version = c.version.saturating_add(1);
            let withdrawn = FiledConsent { version, origin: Origin::Withdrawn, ..c.clone() };
            file_consents(tx, w, &p, ConsentKind::Grant, vec![withdrawn])?;
        }
    }
    Ok(())
}
