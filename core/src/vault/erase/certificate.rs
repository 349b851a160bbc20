//! What the logs say of one erasure, on a page: how far it went, against whom it holds, and the receipts.

use super::ErasureLevel;
use crate::audit::{AuditEvent, Gesture};
use crate::codec::hex;
use crate::error::{Error, Result};
use crate::id::Timestamp;
use crate::lang::Lang;
use crate::vault::backup::{KnownCopy, known_copies};
use crate::vault::ingest::Partition;
use crate::vault::logs::{LogLine, LogOf, is_damage};
use crate::vault::space::HealthSpace;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What entries say of one erasure.
#[derive(Default)]
pub(super) struct Found {
    pub(super) level: Option<ErasureLevel>,
    pub(super) ids_root: [u8; 32],
    pub(super) erased: Value,
    swept: Value,
    copies: Value,
    checks: Vec<Value>,
    /// The first epoch whose copies it holds against.
    since: Option<u64>,
    /// Entries of the partition's log, and of the space's.
    entries: Vec<u64>,
    of_space: Vec<u64>,
    disclosures: u64,
    /// The old keys' epoch, where the keys are new since.
    epoch: Option<u64>,
    /// When it was erased, and the backups from before that the space knows of.
    time: Option<Timestamp>,
    backups: Value,
    /// Whether there may be others.
    unsure: bool,
}

impl Partition {
    /// A certificate of one erasure of records, as JSON: what was asked for and how much went, when; the level
    /// that it has reached by now, in words what that holds against and what not; and the receipts of the
    /// entries that all this is taken from, which prove it. The page itself proves nothing. It names
    /// no record: who was given the salt can show which they were. Backups from before are listed, by their
    /// entries in the space's log: the level says whether they open.
    ///
    /// A handle of some partitions does not see what became of older copies. Where entries of the space's log are
    /// damaged or lost, the page says that there may be backups which it does not know of.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the entry is none of an erasure of records in this partition's log;
    /// otherwise as [`HealthSpace::log`].
    pub fn erasure_certificate(&self, entry: u64, language: &str) -> Result<String> {
        let space = HealthSpace { inner: Arc::clone(&self.inner) };
        let own = LogOf::Partition(&self.name);
        let mut found = self.find_erasure(entry)?;
        let copies = {
            let (txn, state) = self.inner.read()?;
            known_copies(&self.inner.base, &*txn, &state)
        };
        match copies {
            Ok((copies, unsure)) => {
                found.unsure = unsure;
                // Of the same millisecond: it may hold what was erased.
                let before = |copy: &KnownCopy| found.time.is_some_and(|time| copy.made <= time);
                let copies = copies.into_iter().filter(before);
                found.backups = copies.map(|copy| json!({ "made": at(copy.made), "entry": copy.entry })).collect();
            }
            Err(Error::NeedsFullSlot) => {}
            Err(e) => return Err(e),
        }
        let mut receipts = Vec::new();
        let mut keys = vec![space.verifier_key(own)?];
        for index in &found.entries {
            receipts.push(space.receipt(own, *index)?);
        }
        for index in &found.of_space {
            receipts.push(space.receipt(LogOf::Space, *index)?);
        }
        if !found.of_space.is_empty() {
            keys.push(space.verifier_key(LogOf::Space)?);
        }
        let level = found.level.unwrap_or(ErasureLevel::NotShown);
        let page = json!({
            "type": "healthspace-erasure-certificate/v1",
            "level": level.name(),
            "holds": level.describe(language),
            "notReached": not_reached(Lang::parse(language)),
            "checks": found.checks,
            "notCovered": not_covered(&found, Lang::parse(language)),
            "erased": found.erased,
            "swept": found.swept,
            "copies": found.copies,
            "backupsBefore": found.backups,
            "disclosedBefore": found.disclosures,
            "receipts": receipts,
            "verifierKeys": keys,
            "library": concat!("healthspace ", env!("CARGO_PKG_VERSION")),
        });
        serde_json::to_string_pretty(&page).map_err(|_| Error::Internal(132))
    }

    /// What the logs say of an erasure.
    pub(super) fn find_erasure(&self, entry: u64) -> Result<Found> {
        let space = HealthSpace { inner: Arc::clone(&self.inner) };
        let mut found = Found::default();
        found.read(&space.log(LogOf::Partition(&self.name))?, entry)?;
        match space.log(LogOf::Space) {
            Ok(lines) => found.read_space(&lines),
            Err(Error::NeedsFullSlot) => {}
            // Then nothing is known of copies; what the partition's own log says stands.
            Err(e) if is_damage(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(found)
    }
}

impl Found {
    fn read(&mut self, lines: &[LogLine], entry: u64) -> Result<()> {
        let (lost, mut rekeyed) = (first_lost(lines, entry), false);
        for line in lines {
            let at = at(line.entry.time);
            match &line.entry.event {
                AuditEvent::Erased { what, records, sources, keys, rows, ids_root, gesture, .. }
                    if line.index == entry =>
                {
                    self.level = Some(ErasureLevel::NotShown);
                    self.time = Some(line.entry.time);
                    self.ids_root = *ids_root;
                    self.entries.push(entry);
                    self.erased = json!({
                        "at": at, "what": what, "records": records, "sources": sources, "keys": keys,
                        "rows": rows, "idsRoot": hex(ids_root), "gesture": how(gesture),
                    });
                }
                AuditEvent::Released { grants, .. } if line.index < entry && !grants.is_empty() => {
                    self.disclosures += 1;
                }
                AuditEvent::ErasureSwept { entry: of, .. } if *of == entry && self.swept.is_null() => {
                    self.level = Some(ErasureLevel::FileErased);
                    self.entries.push(line.index);
                    self.swept = json!({ "at": at });
                }
                AuditEvent::ErasureChecked { entry: of, level, objects, ways } if *of == entry => {
                    self.entries.push(line.index);
                    self.checks
                        .push(json!({ "at": at, "level": level, "objects": objects, "opened": 0, "ways": ways }));
                }
                // The first new keys since: those before them are the ones that copies rest on.
                AuditEvent::LogRekeyed { epoch, .. } if line.index > entry && !rekeyed => {
                    rekeyed = true;
                    // One that was lost may have told of older keys, which nothing says are destroyed.
                    self.epoch = epoch.checked_sub(1).filter(|_| lost.is_none_or(|at| at > line.index));
                    self.entries.push(line.index);
                }
                _ => {}
            }
        }
        self.level.map(|_| ()).ok_or(Error::NotFound)
    }

    fn read_space(&mut self, lines: &[LogLine]) {
        let mut asked = Value::Null;
        for line in lines {
            match &line.entry.event {
                AuditEvent::EpochEnded { epoch, gesture, .. } if Some(*epoch) == self.epoch => {
                    self.of_space.push(line.index);
                    asked = json!({ "at": at(line.entry.time), "gesture": how(gesture) });
                }
                AuditEvent::EpochDestroyed { epoch, since, level, keystore, evidence, .. }
                    if Some(*epoch) == self.epoch =>
                {
                    self.of_space.push(line.index);
                    self.level = ErasureLevel::of_copies(level).or(self.level);
                    self.since = Some(*since);
                    self.copies = json!({
                        "at": at(line.entry.time), "epoch": epoch, "since": since, "keystore": keystore,
                        "evidence": hex(evidence), "asked": asked,
                    });
                }
                _ => {}
            }
        }
    }
}

/// The first entry behind this one that is not there, and of which none says that it was erased.
fn first_lost(lines: &[LogLine], entry: u64) -> Option<u64> {
    let mut named = BTreeSet::new();
    for line in lines {
        if let AuditEvent::EntriesErased { entries, .. } = &line.entry.event {
            named.extend(entries.iter().copied());
        }
    }
    let mut next = entry.saturating_add(1);
    for line in lines.iter().filter(|line| line.index > entry) {
        if let Some(lost) = (next..line.index).find(|index| !named.contains(index)) {
            return Some(lost);
        }
        next = line.index.saturating_add(1);
    }
    None
}

fn at(time: Timestamp) -> String {
    time.to_rfc3339()
}

fn how(gesture: &Gesture) -> Value {
    json!({ "method": gesture.method, "evidence": hex(&gesture.evidence) })
}

/// Of everything that is erased in the space itself.
const fn not_reached(lang: Lang) -> &'static str {
    match lang {
        Lang::En => "E3: nobody who holds a copy of the file has said that it is destroyed",
        Lang::Fr => "E3\u{a0}: aucun détenteur d’une copie du fichier n’a confirmé sa destruction",
    }
}

fn not_covered(found: &Found, lang: Lang) -> Vec<&'static str> {
    let mut list = vec![match lang {
        Lang::En => "what was read, exported or released before",
        Lang::Fr => "ce qui a été lu, exporté ou communiqué auparavant",
    }];
    match (found.unsure, lang) {
        (false, _) => {}
        (true, Lang::En) => list.push("backups that damaged entries of the space's log may have told of"),
        (true, Lang::Fr) => list.push("les sauvegardes dont des entrées endommagées du journal ont pu faire état"),
    }
    match (found.since, lang) {
        (Some(1), _) => {}
        (Some(_), Lang::En) => list.push("copies of the file from before the first of these keys"),
        (Some(_), Lang::Fr) => list.push("les copies du fichier antérieures à la première de ces clés"),
        (None, Lang::En) => list.push("older copies of the file, backups among them"),
        (None, Lang::Fr) => list.push("les copies plus anciennes du fichier, sauvegardes comprises"),
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Entry;

    #[test]
    fn new_keys_behind_a_lost_entry_may_not_be_the_first() {
        let gesture = || Gesture { method: "tap".into(), evidence: [0; 32] };
        let erased = || AuditEvent::Erased {
            what: "source".into(),
            records: 1,
            sources: 1,
            keys: 1,
            rows: 1,
            sealed_anew: 0,
            ids_root: [0; 32],
            gesture: gesture(),
        };
        let rekeyed = |epoch| AuditEvent::LogRekeyed { epoch, key: [0; 32] };
        let read = |events: Vec<(u64, AuditEvent)>| {
            let line = |(index, event)| LogLine { index, entry: Entry { time: Timestamp::default(), event } };
            let lines: Vec<LogLine> = events.into_iter().map(line).collect();
            let mut found = Found::default();
            found.read(&lines, 4).unwrap();
            found.epoch
        };
        let named = || AuditEvent::EntriesErased { entries: vec![5], gesture: gesture() };
        assert_eq!(read(vec![(4, erased()), (5, rekeyed(2)), (6, rekeyed(3))]), Some(1));
        assert_eq!(read(vec![(2, erased()), (4, erased()), (5, rekeyed(2)), (7, rekeyed(3))]), Some(1));
        assert_eq!(read(vec![(4, erased()), (6, rekeyed(3)), (7, rekeyed(4))]), None);
        assert_eq!(read(vec![(4, erased()), (6, rekeyed(3)), (7, named())]), Some(2));
    }
}
