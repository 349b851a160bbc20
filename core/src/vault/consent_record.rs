//! Consent records and receipts for the person and for whoever must show that they asked.

use super::logs::{LogLine, LogOf};
use super::scope::Scope;
use super::space::HealthSpace;
use crate::audit::AuditEvent;
use crate::consent::{self, ConsentDoc, ConsentStatus, Happened, Parties};
use crate::error::{Error, Result};
use crate::id::{GrantId, Timestamp};
use crate::ledger::note;

impl HealthSpace {
    /// A grant as a consent record of ISO/IEC TS 27560:2023: JSON-LD in the terms of the W3C Data
    /// Privacy Vocabulary, with the entries of the space's log that say when and how it was given
    /// and withdrawn. It claims conformance only where `parties` is complete.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no such grant is known, or its entry was erased; [`Error::NeedsFullSlot`], for it reads the
    /// space's log.
    pub fn consent_record(&self, grant: GrantId, parties: &Parties) -> Result<String> {
        self.recorded(grant, |doc, happened, now| consent::record(doc, happened, parties, now))
    }

    /// The receipt that the person keeps: the record, and for whom it is.
    ///
    /// # Errors
    /// As [`consent_record`](Self::consent_record).
    pub fn consent_receipt(&self, grant: GrantId, parties: &Parties) -> Result<String> {
        self.recorded(grant, |doc, happened, now| consent::receipt(doc, happened, parties, now))
    }

    fn recorded(
        &self,
        grant: GrantId,
        write: impl FnOnce(&consent::ConsentDoc, &Happened, Timestamp) -> Result<String>,
    ) -> Result<String> {
        // The log is read first: a grant given after it is not found there, and asked for again.
        let lines = self.log(LogOf::Space)?;
        let within = self.withdrawn_within(grant)?;
        let (_txn, state) = self.inner.read()?;
        let known = state.partitions.iter().find_map(|p| Some((p, p.policy.state.doc(grant)?)));
        let (p, doc) = known.ok_or(Error::NotFound)?;
        let ended = ended_within(p, doc, within.as_ref().map(|w| w.0))?;
        let doc = ended.as_ref().unwrap_or(doc);
        let system = state.system.as_ref().ok_or(Error::NeedsFullSlot)?;
        let log = note::origin(&system.head.log_origin);
        let mut given = None;
        let (mut renewed, mut withdrawn) = (Vec::new(), None);
        for line in lines {
            match line.entry.event {
                AuditEvent::Granted { grant: g, gesture, .. } if g == grant => given = Some((gesture, line.index)),
                AuditEvent::Renewed { grant: g, gesture, .. } if g == grant => {
                    renewed.push(((gesture.method, gesture.evidence), line.entry.time, line.index));
                }
                AuditEvent::Withdrawn { grant: g, .. } if g == grant => {
                    withdrawn = Some((line.entry.time, log.clone(), line.index));
                }
                _ => {}
            }
        }
        let (gesture, given) = given.ok_or(Error::NotFound)?;
        let now = Timestamp::from_millis(self.inner.base.env.now().as_millis().max(state.floor_in(p)));
        let gesture = (gesture.method, gesture.evidence);
        let withdrawn = withdrawn.or(within);
        let waits = p.policy.suspended.contains(&grant);
        write(doc, &Happened { log, gesture, given, renewed, withdrawn, waits }, now)
    }

    /// When a handle of one partition withdrew a grant, with that partition's log and the entry;
    /// none where the entry was erased.
    pub(super) fn withdrawn_within(&self, grant: GrantId) -> Result<Option<(Timestamp, String, u64)>> {
        let (name, log) = {
            let (_txn, state) = self.inner.read()?;
            let Some(p) = state.partitions.iter().find(|p| p.has_withdrawn(grant)) else {
                return Ok(None);
            };
            (p.policy.name.clone(), note::origin(&p.head.log_origin))
        };
        let of = |line: &LogLine| matches!(line.entry.event, AuditEvent::Withdrawn { grant: g, .. } if g == grant);
        let line = self.log(LogOf::Partition(&name))?.into_iter().find(of);
        Ok(line.map(|line| (line.entry.time, log, line.index)))
    }
}

/// A grant that a handle of its partition withdrew, as it reads then: what is filed in the system
/// scope does not say so until a full handle withdraws it too. Where nothing is left that says when,
/// it is dated as it was filed.
pub(super) fn ended_within(p: &Scope, doc: &ConsentDoc, at: Option<Timestamp>) -> Result<Option<ConsentDoc>> {
    if doc.meta.status != ConsentStatus::Active || !p.manifest.denied.contains(&doc.meta.series) {
        return Ok(None);
    }
    consent::from_fhir(&consent::withdraw(doc, at.unwrap_or(doc.meta.updated))?).map(Some)
}

#[cfg(test)]
mod tests {
    use crate::consent::Parties;
    use crate::error::Error;
    use crate::id::GrantId;
    use crate::record::Category;
    use crate::vault::tests::{allow, clock, gesture, unlock};
    use crate::vault::{HealthSpace, LogOf, RestoreOptions};
    use serde_json::Value;

    #[test]
    fn a_record_names_the_entries_of_giving_and_withdrawing() {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
        let grant = allow(&space, &[Category::Laboratory]).id();
        let other = allow(&space, &[Category::Activity]).id();
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let parties = Parties::default();
        let before = read(space.consent_record(grant, &parties).unwrap());
        assert_eq!(before["dpv:hasConsentStatus"].as_array().unwrap().len(), 1);
        space.withdraw(grant).unwrap();
        let after = read(space.consent_receipt(grant, &parties).unwrap());
        let status = &after["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"];
        let log = space.log(LogOf::Space).unwrap();
        for (i, name) in [(0, "Granted"), (1, "Withdrawn")] {
            let entry = status[i]["dct:source"]["hs:entry"].as_u64().unwrap();
            assert_eq!(log[entry as usize].entry.event.name(), name);
        }
        assert_eq!(after["dpv:hasRecordOfActivity"]["hs:status"], "inactive");
        assert_eq!(read(space.consent_record(other, &parties).unwrap())["hs:status"], "active");
        let unknown = space.consent_record(GrantId::from_bytes([1; 16]), &parties);
        assert!(matches!(unknown, Err(Error::NotFound)));
    }

    #[test]
    fn what_waits_to_be_confirmed_is_active_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let (space, _) = HealthSpace::create(at("s.hs"), &unlock(), clock().0).unwrap();
        let grant = allow(&space, &[Category::Laboratory]).id();
        space.backup_to(at("b")).unwrap();
        let options = RestoreOptions::new(gesture());
        let (again, _) = HealthSpace::restore(at("b"), at("r.hs"), &unlock(), clock().0, &options).unwrap();
        let read = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
        let says = || {
            let record = read(again.consent_record(grant, &Parties::default()).unwrap().as_bytes());
            let filed = again.export_consents().unwrap();
            assert_eq!((filed.len(), filed[0].0), (1, grant));
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            (text(&record["hs:status"]), text(&read(&filed[0].1)["status"]))
        };
        assert_eq!(says(), ("suspended".into(), "inactive".into()));
        again.confirm_permission(grant, gesture()).unwrap();
        assert_eq!(says(), ("active".into(), "active".into()));
        // Withdrawn while it waits, it is withdrawn.
        let (again, _) = HealthSpace::restore(at("b"), at("w.hs"), &unlock(), clock().0, &options).unwrap();
        again.withdraw(grant).unwrap();
        let record = read(again.consent_record(grant, &Parties::default()).unwrap().as_bytes());
        assert_eq!(record["hs:status"], "inactive");
    }
}
