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
    /// When the permissions were given that it rests on, where the space's log is open here.
    pub permitted: Vec<Timestamp>,
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
        for given in &self.permitted {
            let day = audit::day(*given, lang);
            out += &match lang {
                Lang::En => format!(" The permission was given on {day}."),
                Lang::Fr => format!(" L’autorisation date du {day}."),
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
            if let Ok(system) = all.system() {
                for (_, entry) in system.read()? {
                    if let AuditEvent::Granted { grant, .. } = entry.event {
                        given.insert(grant, entry.time);
                    }
                }
            }
            let mut lines = Vec::new();
            for (name, log) in all.partitions() {
                for (index, entry) in log.read()?.into_iter().filter(|(_, e)| is_told(&e.event)) {
                    let permitted = match &entry.event {
                        AuditEvent::Released { grants, .. } => {
                            grants.iter().filter_map(|g| given.get(g)).copied().collect()
                        }
                        _ => Vec::new(),
                    };
                    lines.push(DisclosureLine { partition: name.to_owned(), index, entry, permitted });
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
