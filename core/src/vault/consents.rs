//! Consents from elsewhere: filed, listed, withdrawn, handed out as they came.

use super::consent_record::ended_within;
use super::consent_versions::end_older;
use super::grants::{ConsentKind, file_consents, put_row_of};
use super::policy_row::{FiledConsent, Origin};
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{Target, Writing};
use super::tx::Tx;
use super::whose_consent::{People, are_two};
use crate::audit::{AuditEvent, Gesture};
use crate::catalog::ObjectRef;
use crate::consent::{
    ConsentStatus, ReadConsent, Reads, Standing, Version, read_consent, read_consents, read_versions, void,
};
use crate::crypto::context::Class;
use crate::crypto::hash::sha256;
use crate::error::{Error, Limit, Part, Result};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::PartitionKind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// not filed. What permits nothing is, unless it would take the place of a refusal.
    pub older: usize,
    /// Another text for a grant that was given here: not filed.
    pub conflicting: usize,
    /// Of those filed: cannot be read, so they refuse everything until withdrawn or replaced.
    pub unusable: usize,
    /// Of those filed: permits that do not apply because something in them is not understood.
    pub void_permits: usize,
    /// Of those filed: a version of one that waits until the person [confirms](HealthSpace::confirm_permission) it,
    /// and so waits itself.
    pub waiting: usize,
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

/// A consent from elsewhere that is filed here: its newest version, and by what its texts are known.
struct Known {
    filed: FiledConsent,
    read: ReadConsent,
    keys: BTreeSet<GrantId>,
}

/// What comes of a filed version where another text of it is imported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// It stays: the text is older.
    Not,
    /// The text takes its place.
    Replaced,
    /// It stays as far as it refuses: nobody tells which of the two counts.
    WithIt,
}

impl Known {
    fn all(tx: &Tx<'_>, w: &Writing) -> Result<Vec<Self>> {
        let mut newest: BTreeMap<GrantId, &FiledConsent> = BTreeMap::new();
        for c in w.state.partitions.iter().flat_map(|p| &p.policy.consents).filter(|c| c.origin != Origin::Own) {
            let there = newest.entry(c.series).or_insert(c);
            if c.version > there.version {
                *there = c;
            }
        }
        newest.into_values().map(|c| Self::of(tx, w, c)).collect()
    }

    fn of(tx: &Tx<'_>, w: &Writing, filed: &FiledConsent) -> Result<Self> {
        let read = read_consent(&filed.bytes, 0);
        let mut keys = read.keys().clone();
        keys.insert(filed.series);
        let system = w.state.system.as_ref();
        for c in system.iter().flat_map(|s| &s.manifest.consents).filter(|c| c.series == filed.series) {
            let object = ObjectRef { number: c.number << 8, version: c.row_version, group: c.group };
            let mut bytes = Vec::new();
            match system.map(|s| s.open_object(tx.base, &*tx.txn, Class::Body, &object, &mut bytes)) {
                Some(Ok(())) => keys.extend(read_consent(&bytes, 0).keys()),
                // What is gone or damaged tells nothing; the newest stands in the policy row.
                None | Some(Err(Error::NotFound | Error::Corrupt(_))) => {}
                Some(Err(e)) => return Err(e),
            }
        }
        Ok(Self { filed: filed.clone(), read, keys })
    }

    fn is_live(&self) -> bool {
        self.filed.origin == Origin::Imported && self.read.reads() != Reads::Inactive
    }

    /// Whether it stays beside a text that is a version of it by some of what it is known by, not by all: what it
    /// refuses is refused.
    fn stands_beside(&self, new: &ReadConsent) -> bool {
        let refuses = self.filed.origin == Origin::Imported && self.read.refuses();
        refuses && self.filed.series != new.series() && !new.is_version_of(&self.read)
    }

    fn takes(&self, new: &ReadConsent, now: Timestamp) -> Taken {
        let past = |at: Option<Timestamp>| at.filter(|at| *at <= now);
        let (there, dated) = (self.read.updated(), past(new.updated()));
        if self.filed.origin == Origin::Withdrawn {
            // The same version may be printed in many ways: none of them undoes a withdrawal.
            let is_newer = there.zip(dated).is_some_and(|(there, new)| new > there);
            let refuses = !new.permits() && new.reads() == Reads::Active && new.refuses() && !new.says_as(&self.read);
            return if is_newer || refuses { Taken::Replaced } else { Taken::Not };
        }
        let (permits, refuses) = (self.read.permits(), self.read.refuses());
        // A date that has not come keeps no permit.
        let is_older = match (if permits { past(there) } else { there }, dated) {
            (Some(there), Some(new)) => new < there,
            // Nor does one that does not say that it is newer open what is there.
            (Some(_), None) => new.permits(),
            (None, _) => false,
        };
        match is_older {
            true if new.permits() || refuses && !permits => Taken::Not,
            true if refuses => Taken::WithIt,
            false if refuses && !new.is_version_of(&self.read) => Taken::WithIt,
            _ => Taken::Replaced,
        }
    }
}

fn withdrawn(c: &FiledConsent) -> FiledConsent {
    FiledConsent { version: c.version.saturating_add(1), origin: Origin::Withdrawn, ..c.clone() }
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
    /// it names two patients, or refers to one whom neither the data refers to nor, where there is none, the
    /// consents that are here, or in a way that is no reference to a patient (then
    /// [`import_consents_confirmed`](Self::import_consents_confirmed));
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
        if are_two(&consents) {
            return Err(Error::OtherSubject);
        }
        self.inner.write(|tx, w| {
            // They hold in every partition of health data.
            w.state.has_all()?;
            w.work(tx, Target::System)?;
            let health: Vec<Scope> =
                w.state.partitions.iter().filter(|p| p.policy.kind == PartitionKind::Health).cloned().collect();
            let mut data = BTreeSet::new();
            for p in &health {
                data.extend(p.subject(tx.base, &*tx.txn)?.references);
            }
            let people = People::of(data, &health);
            if !confirmed && consents.iter().any(|c| people.are_not(c)) {
                return Err(Error::OtherSubject);
            }
            let here: Vec<ScopeId> = w.state.partitions.iter().map(|p| p.id).collect();
            let now = Timestamp::from_millis(tx.now);
            let known = Known::all(tx, w)?;
            let keys: Vec<_> = known.iter().map(|k| k.keys.clone()).collect();
            let mut report = ConsentsReport::default();
            let mut filed: Vec<FiledConsent> = Vec::new();
            let mut replaced: Vec<(FiledConsent, ReadConsent)> = Vec::new();
            let mut ended: Vec<GrantId> = Vec::new();
            for Version { consent, keys } in &read_versions(source, 0, Some(now), &keys)? {
                let mut met: Vec<&Known> = known.iter().filter(|k| !k.keys.is_disjoint(keys)).collect();
                // What another text of this file took the place of already is gone.
                met.retain(|k| !k.stands_beside(consent) && !report.filed.contains(&k.filed.series));
                if met.is_empty()
                    && let Some(c) = filed.iter_mut().find(|c| c.series == consent.series())
                {
                    c.bytes = void([&*c.bytes, consent.source()]);
                    let read = read_consent(&c.bytes, 0);
                    report.unusable += 1;
                    replaced
                        .iter_mut()
                        .filter(|(old, _)| old.series == c.series)
                        .for_each(|(_, new)| new.clone_from(&read));
                    continue;
                }
                let denied = |id: &GrantId| health.iter().any(|p| p.manifest.denied.contains(id));
                // Where a handle of a partition has withdrawn one of them, that holds for this text.
                met.sort_by_key(|k| (!denied(&k.filed.series), k.filed.series != consent.series(), k.filed.series));
                let same = |k: &&Known| k.filed.bytes == consent.source();
                let taken: Vec<Taken> = met.iter().map(|k| k.takes(consent, now)).collect();
                let (series, version) = match met.first() {
                    None => {
                        let own = w.state.partitions.iter().flat_map(|p| &p.policy.consents);
                        match own.filter(|c| c.series == consent.series()).max_by_key(|c| c.version) {
                            // The id of a consent to lower a label: by which of the two would it be withdrawn?
                            None if w.state.lowering_at(consent.series()).is_none() => {}
                            Some(c) if c.bytes == consent.source() => {
                                report.unchanged += 1;
                                continue;
                            }
                            _ => {
                                report.conflicting += 1;
                                continue;
                            }
                        }
                        (consent.series(), 1)
                    }
                    Some(_) if met.iter().any(same) && met.iter().filter(|k| !same(k)).all(|k| !k.is_live()) => {
                        report.unchanged += 1;
                        continue;
                    }
                    Some(_) if taken.contains(&Taken::Not) => {
                        report.older += 1;
                        continue;
                    }
                    Some(first) => (first.filed.series, first.filed.version.saturating_add(1)),
                };
                let voids = met.iter().zip(&taken).filter(|(_, t)| **t == Taken::WithIt).map(|(k, _)| &*k.filed.bytes);
                let both: Vec<&[u8]> = voids.chain([consent.source()]).collect();
                let bytes = if both.len() > 1 { void(both) } else { consent.source().to_vec() };
                ended.extend(met.iter().skip(1).filter(|k| k.is_live()).map(|k| k.filed.series));
                let read = read_consent(&bytes, 0);
                report.filed.push(series);
                report.unusable += usize::from(read.reads() == Reads::Unusable);
                replaced.extend(met.first().map(|first| (first.filed.clone(), read)));
                report.void_permits += consent.void_permits() + consent.permits_outside(Some(&here));
                let confirmed = confirmed || people.confirms(consent);
                filed.push(FiledConsent { series, version, bytes, origin: Origin::Imported, confirmed });
            }
            if filed.is_empty() {
                return Ok(report);
            }
            let waits = |c: &&FiledConsent| health.iter().any(|p| p.policy.suspended.contains(&c.series));
            report.waiting = filed.iter().filter(waits).count();
            for (older, newer) in &replaced {
                end_older(tx, w, older, newer)?;
            }
            for p in &health {
                let kept = p.policy.consents.iter().filter(|c| !report.filed.contains(&c.series));
                if kept.chain(&filed).map(|c| c.bytes.len()).sum::<usize>() > MAX_FILED {
                    return Err(Error::TooLarge(Limit::Capacity));
                }
                // Other consents that it is a version of as well are over.
                let over = p.policy.consents.iter().filter(|c| ended.contains(&c.series)).map(withdrawn);
                let all = filed.iter().cloned().chain(over).collect();
                file_consents(tx, w, p, ConsentKind::Grant, all)?;
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
            for grant in ended {
                let work = w.work(tx, Target::System)?;
                tx.log(work, AuditEvent::Withdrawn { grant, gesture: Some(gesture.clone()) })?;
                w.end_grant(tx, grant)?;
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
    /// Consents (inactive where a handle of its partition withdrew one, and while one waits to be confirmed), and
    /// those from elsewhere as they came (also where they were withdrawn here since). Consents to lower a label
    /// are none that another system could decide by, and stay.
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
            // What waits to be confirmed permits nothing, here or elsewhere.
            for doc in p.policy.suspended.iter().filter_map(|id| p.policy.state.doc(*id)) {
                if doc.meta.status == ConsentStatus::Active {
                    all.insert(doc.meta.series, crate::consent::withdraw(doc, doc.meta.updated)?);
                }
            }
            for doc in p.manifest.denied.iter().filter_map(|id| p.policy.state.doc(*id)) {
                let at = self.withdrawn_within(doc.meta.series)?.map(|w| w.0);
                if let Some(ended) = ended_within(p, doc, at)? {
                    all.insert(doc.meta.series, crate::consent::to_fhir(&ended.spec, &ended.meta)?);
                }
            }
        }
        Ok(all.into_iter().collect())
    }

    /// A grant of this space as a FHIR R5 Consent, as it stands: see [`to_fhir_r5`](crate::consent::to_fhir_r5), which
    /// says for whom it is. One from elsewhere is [handed out](Self::export_consents) as it came.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such grant was given here; else as [`export_consents`](Self::export_consents).
    pub fn export_consent_r5(&self, grant: GrantId) -> Result<Vec<u8>> {
        let filed = self.export_consents()?.into_iter().find(|(id, _)| *id == grant).ok_or(Error::NotFound)?.1;
        let doc = crate::consent::from_fhir(&filed).map_err(|_| Error::NotFound)?;
        crate::consent::to_fhir_r5(&doc.spec, &doc.meta)
    }
}

/// Files the withdrawal of a consent from elsewhere wherever it stands.
pub(super) fn withdraw_imported(tx: &mut Tx<'_>, w: &mut Writing, series: GrantId) -> Result<()> {
    for p in w.state.partitions.clone() {
        if let Some(c) = p.policy.consents.iter().find(|c| c.series == series) {
            file_consents(tx, w, &p, ConsentKind::Grant, vec![withdrawn(c)])?;
        }
    }
    // It is withdrawn in those that are left out as well, or not at all: they may be put back.
    for at in 0..w.state.left_out.len() {
        let Some(left) = w.state.left_out.get(at).cloned() else { continue };
        let mut row = left.policy.as_deref().cloned().ok_or(Error::Corrupt(Part::Policy))?;
        let Some(c) = row.consents.iter_mut().find(|c| c.series == series) else { continue };
        *c = withdrawn(c);
        put_row_of(tx, w, left.scope, &left.keys, &row)?;
        if let Some(left) = w.state.left_out.get_mut(at) {
            left.policy = Some(Arc::new(row));
        }
    }
    Ok(())
}
