//! What left the space, for the person: who, when, what, why, and by which permission.

use super::logs::LogOf;
use super::space::HealthSpace;
use crate::audit::{self, AuditEvent, Entry};
use crate::error::Result;
use crate::id::{GrantId, Timestamp};
use crate::lang::Lang;
use std::collections::BTreeMap;

/// A release or a refusal, as the person reads of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisclosureLine {
    /// Of which partition.
    pub partition: String,
    /// Its position in the partition's log.
    pub index: u64,
    /// What the log says.
    pub entry: Entry,
    /// When the permissions were given that it rests on, where the space's log is open here; the last
    /// are of consents that were given elsewhere: when the version in force then was added.
    pub permitted: Vec<Timestamp>,
    /// How many of them were given elsewhere.
    elsewhere: usize,
}

impl core::fmt::Debug for DisclosureLine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DisclosureLine(..)")
    }
}

impl DisclosureLine {
    /// In plain words (`en`, `fr`).
    #[must_use]
    pub fn describe(&self, language: &str) -> String {
        let lang = Lang::parse(language);
        let mut out = self.entry.tell(lang);
        let own = self.permitted.len().saturating_sub(self.elsewhere);
        for (at, given) in self.permitted.iter().enumerate() {
            let day = audit::day(*given, lang);
            out += &match (at < own, lang) {
                (true, Lang::En) => format!(" The permission was given on {day}."),
                (true, Lang::Fr) => format!(" L’autorisation date du {day}."),
                (false, Lang::En) => format!(" A consent that was given elsewhere, and added on {day}, allows it."),
                (false, Lang::Fr) => format!(" Un consentement donné ailleurs, ajouté le {day}, le permet."),
            };
        }
        out
    }
}

const fn is_told(event: &AuditEvent) -> bool {
    matches!(
        event,
        AuditEvent::Released { .. }
            | AuditEvent::Refused { .. }
            | AuditEvent::FlowDenied { .. }
            | AuditEvent::OriginalExported { .. }
    )
}

impl HealthSpace {
    /// What was released, handed out or refused, over all partitions that are open here, the oldest
    /// first.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn disclosure_log(&self) -> Result<Vec<DisclosureLine>> {
        self.disclosing(|all| {
            let mut given: BTreeMap<GrantId, Timestamp> = BTreeMap::new();
            // Of a consent from elsewhere the version in force is the last one below the size that a
            // release names.
            let mut added: BTreeMap<(GrantId, u64), Timestamp> = BTreeMap::new();
            if let Ok(system) = all.system() {
                for (index, entry) in system.read()? {
                    match entry.event {
                        AuditEvent::Granted { grant, .. } => _ = given.insert(grant, entry.time),
                        AuditEvent::ConsentImported { grant, .. } => _ = added.insert((grant, index), entry.time),
                        _ => {}
                    }
                }
            }
            let in_force = |g: GrantId, size: u64| added.range((g, 0)..(g, size)).next_back().map(|(_, t)| *t);
            let mut lines = Vec::new();
            for (name, log) in all.partitions() {
                for (index, entry) in log.read()?.into_iter().filter(|(_, e)| is_told(&e.event)) {
                    let (mut permitted, mut filed): (Vec<_>, Vec<_>) = Default::default();
                    if let AuditEvent::Released { grants, system, .. } = &entry.event {
                        permitted.extend(grants.iter().filter_map(|g| given.get(g)).copied());
                        filed.extend(grants.iter().filter_map(|g| in_force(*g, system.size)));
                    }
                    let elsewhere = filed.len();
                    permitted.append(&mut filed);
                    lines.push(DisclosureLine { partition: name.to_owned(), index, entry, permitted, elsewhere });
                }
            }
            lines.sort_by_key(|l| l.entry.time);
            Ok(lines)
        })
    }

    /// The entries of a log as a FHIR R4 Bundle of AuditEvents, in JSON, in the manner of IHE Basic
    /// Audit Log Patterns; its words are in this language (`en`, `fr`).
    ///
    /// It names grants and recipients, and no one else: the person is who the space is about.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn audit_events(&self, of: LogOf<'_>, language: &str) -> Result<String> {
        let lines = self.log(of)?;
        let key = self.verifier_key(of)?;
        let origin = key.split('+').next().unwrap_or_default();
        Ok(audit::bundle(origin, lines.iter().map(|l| (l.index, &l.entry)), Lang::parse(language)))
    }
}
