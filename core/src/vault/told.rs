//! What left the space, for the person: who, when, what, why, and by which permission.

use super::logs::{LogOf, is_damage, lost_logs};
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
    /// The log of this partition cannot be read: what was released from it is not listed, and this line stands
    /// for all of it. Its entry says nothing.
    pub unreadable: bool,
    /// An earlier log of this partition is gone: the partition was too damaged and began anew at the time of this line's
    /// entry, which says nothing else. What was released from it before is not listed.
    pub gone: bool,
}

impl core::fmt::Debug for DisclosureLine {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DisclosureLine(..)")
    }
}

impl DisclosureLine {
    fn unreadable(partition: &str, index: u64) -> Self {
        let (time, event) = (Timestamp::default(), AuditEvent::Unknown { number: 0, body: Vec::new() });
        let (partition, entry) = (partition.to_owned(), Entry { time, event });
        Self { partition, index, entry, permitted: Vec::new(), elsewhere: 0, unreadable: true, gone: false }
    }

    fn gone(partition: &str, at: Timestamp) -> Self {
        let line = Self::unreadable(partition, 0);
        Self { entry: Entry { time: at, ..line.entry }, unreadable: false, gone: true, ..line }
    }

    /// In plain words (`en`, `fr`).
    #[must_use]
    pub fn describe(&self, language: &str) -> String {
        let lang = Lang::parse(language);
        if self.unreadable {
            let name = &self.partition;
            return match lang {
                Lang::En => format!("The log of the partition “{name}” cannot be read: what it says is not listed."),
                Lang::Fr => {
                    format!(
                        "Le journal de la partition «\u{a0}{name}\u{a0}» est illisible\u{a0}: son contenu n’est pas listé."
                    )
                }
            };
        }
        if self.gone {
            let (name, day) = (&self.partition, audit::day(self.entry.time, lang));
            return match lang {
                Lang::En => format!(
                    "The partition “{name}” was too damaged and began anew on {day}: what was released from it before is not known any more."
                ),
                Lang::Fr => format!(
                    "La partition «\u{a0}{name}\u{a0}», trop endommagée, a été recommencée le {day}\u{a0}: ce qui en est sorti auparavant n’est plus connu."
                ),
            };
        }
        let mut out = self.entry.tell(lang);
        let own = self.permitted.len().saturating_sub(self.elsewhere);
        let mut told = Vec::new();
        for (at, given) in self.permitted.iter().enumerate() {
            let day = audit::day(*given, lang);
            let how = match (at < own, lang) {
                (true, Lang::En) => format!(" The permission was given on {day}."),
                (true, Lang::Fr) => format!(" L’autorisation date du {day}."),
                (false, Lang::En) => format!(" A consent that was given elsewhere, and added on {day}, allows it."),
                (false, Lang::Fr) => format!(" Un consentement donné ailleurs, ajouté le {day}, le permet."),
            };
            // Of several of one day the sentence is the same.
            if !told.contains(&how) {
                out += &how;
                told.push(how);
            }
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
    /// first. A line in front says of which partition the log cannot be read, if so it is, and one at its time which began
    /// anew, so that its earlier log is gone.
    ///
    /// # Errors
    /// [`Error::Locked`](crate::Error::Locked); as [`log`](Self::log) for the space's own.
    pub fn disclosure_log(&self) -> Result<Vec<DisclosureLine>> {
        self.disclosing(|all| {
            let mut given: BTreeMap<GrantId, Timestamp> = BTreeMap::new();
            // Of a consent from elsewhere the version in force is the last one below the size that a
            // release names.
            let mut added: BTreeMap<(GrantId, u64), Timestamp> = BTreeMap::new();
            let mut lines = Vec::new();
            if let Ok(system) = all.system() {
                let entries = system.read()?;
                for lost in lost_logs(entries.iter().map(|(index, entry)| (*index, entry))) {
                    let name = all.partitions().find(|(_, log)| log.ordinal() == lost.ordinal).map(|(name, _)| name);
                    lines.push(DisclosureLine::gone(name.unwrap_or_default(), lost.time));
                }
                for (index, entry) in entries {
                    match entry.event {
                        AuditEvent::Granted { grant, .. } => _ = given.insert(grant, entry.time),
                        AuditEvent::ConsentImported { grant, .. } => _ = added.insert((grant, index), entry.time),
                        _ => {}
                    }
                }
            }
            let in_force = |g: GrantId, size: u64| added.range((g, 0)..(g, size)).next_back().map(|(_, t)| *t);
            for (name, log) in all.partitions() {
                let entries = match log.read() {
                    Err(e) if is_damage(&e) => {
                        lines.push(DisclosureLine::unreadable(name, log.size()));
                        continue;
                    }
                    other => other?,
                };
                for (index, entry) in entries.into_iter().filter(|(_, e)| is_told(&e.event)) {
                    let (mut permitted, mut filed): (Vec<_>, Vec<_>) = Default::default();
                    if let AuditEvent::Released { grants, system, .. } = &entry.event {
                        permitted.extend(grants.iter().filter_map(|g| given.get(g)).copied());
                        filed.extend(grants.iter().filter_map(|g| in_force(*g, system.size)));
                    }
                    let elsewhere = filed.len();
                    permitted.append(&mut filed);
                    let partition = name.to_owned();
                    lines.push(DisclosureLine {
                        partition,
                        index,
                        entry,
                        permitted,
                        elsewhere,
                        unreadable: false,
                        gone: false,
                    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{Recipient, RecipientKind};
    use crate::label::Purpose;
    use crate::record::Category;
    use crate::vault::tests::{allow, clock, fill, gesture, model, unlock};
    use crate::vault::{HealthSpace, NoticeState};

    fn space() -> (tempfile::TempDir, HealthSpace, std::sync::Arc<crate::FixedClock>) {
        let dir = tempfile::tempdir().unwrap();
        let (env, time) = clock();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), env).unwrap();
        fill(&space);
        (dir, space, time)
    }

    fn ask(space: &HealthSpace, who: &Recipient) {
        let query = crate::catalog::Query { categories: vec![Category::Laboratory], ..Default::default() };
        space.session(who.clone(), Purpose::PatientRequest).unwrap().query(&query).unwrap();
    }

    #[test]
    fn permissions_of_one_day_are_told_once() {
        let (_dir, space, time) = space();
        allow(&space, &[Category::Laboratory]);
        allow(&space, &[Category::Laboratory, Category::VitalSigns]);
        ask(&space, &model());
        time.set(Timestamp::from_millis(1_790_000_000_000 + 86_400_000));
        allow(&space, &[Category::Laboratory, Category::Conditions]);
        ask(&space, &model());
        let lines = space.disclosure_log().unwrap();
        assert_eq!(lines.iter().map(|l| l.permitted.len()).collect::<Vec<_>>(), [2, 3]);
        let told = |lang: &str| lines.iter().map(|l| l.describe(lang)).collect::<Vec<_>>();
        let count = |text: &str, what: &str| text.matches(what).count();
        let (en, fr) = (told("en"), told("fr"));
        assert_eq!(count(&en[0], "The permission was given on 21 September 2026."), 1, "{}", en[0]);
        assert_eq!(count(&en[1], "The permission was given on 2"), 2, "{}", en[1]);
        assert_eq!(count(&fr[0], "L’autorisation date du 21 septembre 2026."), 1, "{}", fr[0]);
    }

    /// Of two of one name, each is told apart: in the log, and of a withdrawal.
    #[test]
    fn a_model_and_an_organisation_of_one_name_are_two() {
        let (_dir, space, _) = space();
        let text = r#"{"resourceType":"Consent","id":"a","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/p1"},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
        let id = space.import_consents(text.as_bytes(), gesture()).unwrap().filed[0];
        let of = |kind| Recipient::new(kind, "acme").unwrap();
        let (model, organisation) = (of(RecipientKind::Model), of(RecipientKind::Organization));
        ask(&space, &model);
        ask(&space, &model);
        ask(&space, &organisation);
        let lines = space.disclosure_log().unwrap();
        let told = |lang: &str| lines.iter().map(|l| l.describe(lang).replace('\u{a0}', " ")).collect::<Vec<_>>();
        let (en, fr) = (told("en"), told("fr"));
        assert!(en[1].contains("“acme” (AI model)") && en[2].contains("“acme” (organisation)"), "{en:?}");
        assert!(fr[1].contains("« acme » (modèle d’IA)") && fr[2].contains("« acme » (organisation)"), "{fr:?}");
        space.withdraw(id).unwrap();
        space.recipient_notified(id, &organisation, gesture()).unwrap();
        let notices = space.withdrawal_notices().unwrap();
        let found: Vec<_> = notices.iter().map(|n| (n.recipient.clone(), n.releases, n.state)).collect();
        assert_eq!(found[0], (Some(model), 2, NoticeState::Open));
        assert!(found.len() == 2 && found[1].0.as_ref() == Some(&organisation) && found[1].1 == 1);
        assert!(matches!(found[1].2, NoticeState::Notified(_)));
        let app = of(RecipientKind::App);
        assert!(space.recipient_acknowledged(id, &app, gesture()).is_err(), "nothing was released to it");
    }
}
