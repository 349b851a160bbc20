//! What this space promises now, how far each promise reaches, and what it does not prove.
//!
//! Computed from the space's state, never from a brochure: a grant that allows training, a
//! clearance that was relaxed or a missing anchor changes what is claimed.

use super::logs::{LogOf, is_broken, is_damage, lost_logs};
use super::space::HealthSpace;
use crate::audit::AuditEvent;
use crate::catalog::RecordRef;
use crate::consent::Standing;
use crate::error::{Error, Result};
use crate::id::ScopeId;
use crate::label::{Label, PartitionKind, Purpose};
use crate::policy::clearance_of_general;
use std::collections::BTreeSet;

/// How far a promise reaches, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ClaimLevel {
    /// Said; nothing here enforces it.
    Promise,
    /// A mechanism of this library enforces it in this space as it stands.
    Configured,
    /// The space's log says that it was so.
    Logged,
    /// An outsider can check it offline, from evidence that this space can write.
    Verifiable,
    /// Somebody else vouches for it too.
    Witnessed,
}

impl ClaimLevel {
    /// The word for it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Configured => "configured",
            Self::Logged => "logged",
            Self::Verifiable => "verifiable",
            Self::Witnessed => "witnessed",
        }
    }
}

/// One promise.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpaceClaim {
    /// Its name, the same in every version.
    pub name: &'static str,
    /// What is promised.
    pub claim: String,
    /// How far.
    pub level: ClaimLevel,
    /// What shows it.
    pub evidence: String,
    /// What it does not prove.
    pub does_not_prove: Vec<&'static str>,
}

impl core::fmt::Debug for SpaceClaim {
    /// Without its words: they can hold names of partitions.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SpaceClaim").field("name", &self.name).field("level", &self.level).finish_non_exhaustive()
    }
}

/// What the claims rest on.
struct Facts {
    full: bool,
    freshness: &'static str,
    keystore: &'static str,
    /// Names of partitions that take less than all.
    general: Vec<String>,
    /// Of those, whose clearance the person relaxed, or had relaxed: what came in then is still there.
    relaxed: Vec<String>,
    training: usize,
    /// Releases for training, or without the label that forbids it.
    trained: u64,
    /// Under a grant; what the person looks at themself is none.
    releases: u64,
    /// Of those, all under grants of this space that its log tells of without a gap: only of such can it be shown to
    /// others that they were in force and permit it. What a consent from elsewhere permits is not proven.
    shown: bool,
    withdrawals: u64,
    /// What the person let into general partitions: by the logs, or by what still stands there.
    declassified: u64,
    /// Consents to lower a label that are in force, or may be.
    lowering: usize,
    /// Erasures of which the file may still hold something.
    unswept: usize,
    /// Entries of the logs whose content was erased, or that cannot be read: any of them may have told of any
    /// of this.
    erased: u64,
    /// Earlier logs of partitions that are gone: so may they have.
    lost: usize,
    /// Logs that went on without entries on which their tree rests: what was signed of them before is no beginning.
    broken: usize,
}

impl Facts {
    /// Whether the logs tell of all.
    fn tells_all(&self) -> bool {
        self.erased == 0 && self.lost == 0
    }
}

const LOST_LOG: &str = "anything that an earlier log of a partition told, which was too damaged and is gone";
const ERASED: &str = "anything that entries of the logs told which are erased or cannot be read";
const OLD_COPY: &str = "that an older copy of the file was not put back: it would undo a withdrawal";

impl HealthSpace {
    /// What this space promises, as it stands.
    ///
    /// ```
    /// use healthspace::{ClaimLevel, Environment, HealthSpace, KdfParams, Unlock};
    /// let dir = std::env::temp_dir().join(format!("hs-doc-claims-{}", std::process::id()));
    /// std::fs::create_dir_all(&dir)?;
    /// let unlock = Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
    /// let (space, _code) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// for claim in space.claims()? {
    ///     println!("{} ({}): {}", claim.name, claim.level.code(), claim.claim);
    /// }
    /// let fresh = space.claims()?.into_iter().find(|c| c.name == "freshness");
    /// assert_eq!(fresh.map(|c| c.level), Some(ClaimLevel::Promise));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn claims(&self) -> Result<Vec<SpaceClaim>> {
        Ok(claims(&self.facts()?))
    }

    fn facts(&self) -> Result<Facts> {
        let info = self.info()?;
        let training = |g: &super::GrantInfo| Purpose::MlTraining.covers(g.terms.purpose) && may_yet(g.standing);
        let mut facts = Facts {
            full: info.full,
            freshness: info.freshness,
            keystore: info.keystore,
            general: Vec::new(),
            relaxed: Vec::new(),
            training: self.grants()?.iter().filter(|g| training(g)).count(),
            trained: 0,
            releases: 0,
            shown: true,
            withdrawals: 0,
            declassified: 0,
            lowering: self.declassify_grants()?.iter().filter(|g| may_yet(g.standing)).count(),
            unswept: 0,
            erased: 0,
            lost: 0,
            broken: 0,
        };
        let state = self.inner.peek()?;
        state.is_whole()?;
        facts.unswept = state.system.iter().chain(&state.partitions).map(|s| s.manifest.unswept.len()).sum();
        let open = state.system.iter().chain(&state.partitions);
        facts.erased = open.fold(0, |n: u64, s| n.saturating_add(s.manifest.erased_below(s.head.log_size)));
        let (mut lowered, mut general) = (0, Vec::new());
        for p in state.partitions.iter().filter(|p| p.policy.kind == PartitionKind::General) {
            facts.general.push(p.policy.name.clone());
            let rests = |r: &RecordRef<'_>| p.tag_of(*r).basis.iter().any(|g| p.policy.lowering(g).is_some());
            lowered += p.notes().into_iter().filter(rests).count() as u64;
            let usual = clearance_of_general(p.ordinal);
            general.push((p.id, usual));
            // Narrowed again, it holds what it let in.
            let holds = || p.notes().into_iter().any(|r| !p.tag_of(r).label.flows_to(usual));
            if p.policy.clearance.is_some_and(|c| !c.flows_to(usual)) || holds() {
                facts.relaxed.push(p.policy.name.clone());
            }
        }
        let names: Vec<(String, u64)> =
            state.partitions.iter().map(|p| (p.policy.name.clone(), p.head.log_size)).collect();
        drop(state);
        let (mut given, mut used) = (BTreeSet::new(), BTreeSet::new());
        // Releases from before a space went on anew name a log that is over.
        let (mut first, mut anew) = (None, None);
        let mut opened = BTreeSet::new();
        let partitions = names.iter().map(|(name, size)| (LogOf::Partition(name), *size));
        for (of, size) in partitions.chain([(LogOf::Space, 0)]) {
            let lines = match self.log(of) {
                // The log of the space is not this handle's.
                Err(Error::NeedsFullSlot) => continue,
                Err(e) if of != LogOf::Space && is_damage(&e) => {
                    facts.erased = facts.erased.saturating_add(size);
                    continue;
                }
                other => other?,
            };
            if of == LogOf::Space {
                facts.lost = lost_logs(lines.iter().map(|line| (line.index, &line.entry))).len();
            }
            for line in lines {
                match line.entry.event {
                    AuditEvent::Released { grants, purpose, label, .. } if !grants.is_empty() => {
                        facts.releases += 1;
                        first = first.into_iter().chain([line.entry.time]).min();
                        let trains = Purpose::MlTraining.covers(purpose) || !label.no_training();
                        facts.trained += u64::from(trains);
                        used.extend(grants);
                    }
                    AuditEvent::Granted { grant, .. } => {
                        given.insert(grant);
                    }
                    AuditEvent::Recovered { .. } | AuditEvent::Restored { .. } => anew = Some(line.entry.time),
                    AuditEvent::Withdrawn { .. } => facts.withdrawals += 1,
                    AuditEvent::Declassified { .. } => facts.declassified += 1,
                    AuditEvent::ClearanceChanged { scope, before, after, .. } => {
                        // Narrowed again, and empty again, it was open meanwhile.
                        let wide = |(id, usual): &&(ScopeId, Label)| {
                            *id == scope && !(before.flows_to(*usual) && after.flows_to(*usual))
                        };
                        opened.extend(general.iter().filter(wide).map(|(id, _)| *id));
                    }
                    _ => {}
                }
            }
        }
        for (name, (id, _)) in facts.general.iter().zip(&general) {
            if opened.contains(id) && !facts.relaxed.contains(name) {
                facts.relaxed.push(name.clone());
            }
        }
        let before = first.zip(anew).is_some_and(|(first, anew)| first <= anew);
        facts.shown = facts.tells_all() && !before && used.is_subset(&given);
        facts.declassified = facts.declassified.max(lowered);
        if anew.is_some() {
            let (txn, state) = self.inner.read()?;
            for scope in state.system.iter().chain(&state.partitions) {
                facts.broken += usize::from(is_broken(&self.inner.base, &*txn, scope)?);
            }
        }
        Ok(facts)
    }
}

/// Whether it permits now, or may by itself later.
const fn may_yet(standing: Standing) -> bool {
    matches!(standing, Standing::InForce | Standing::NotYet | Standing::Suspended | Standing::Unanchored)
}

fn claims(f: &Facts) -> Vec<SpaceClaim> {
    let claim = |name, level, claim: &str, evidence: String, does_not_prove: Vec<&'static str>| SpaceClaim {
        name,
        claim: claim.to_owned(),
        level,
        evidence,
        does_not_prove,
    };
    let fresh = f.freshness != "unverified";
    let told = |mut rest: Vec<&'static str>| {
        if f.erased > 0 {
            rest.push(ERASED);
        }
        if f.lost > 0 {
            rest.push(LOST_LOG);
        }
        rest
    };
    let stale = |mut rest: Vec<&'static str>| {
        if !fresh {
            rest.push(OLD_COPY);
        }
        told(rest)
    };
    let reached = |any: bool| match (any, f.full) {
        (false, _) if f.tells_all() => ClaimLevel::Configured,
        (_, full) if !full || !f.shown => ClaimLevel::Logged,
        _ => ClaimLevel::Verifiable,
    };
    let relaxed = f.relaxed.join(", ");
    let separate = match (f.general.is_empty(), f.relaxed.is_empty()) {
        (true, _) => "What is read in a health partition stays in health partitions: no other one is open here.".into(),
        (false, true) if f.declassified > 0 => {
            format!(
                "What is read in a health partition is not written into a general one, but for {} items whose label the person lowered.",
                f.declassified
            )
        }
        (false, true) if f.lowering > 0 => {
            format!(
                "What is read in a health partition is not written into a general one, but for what the person lowers under {} consents that are in force.",
                f.lowering
            )
        }
        (false, true) => "What is read in a health partition is not written into a general one.".to_owned(),
        (false, false) => format!("The person lets health data flow into, or has let it: {relaxed}."),
    };
    let gap = |words: &str| match f.erased {
        0 => words.to_owned(),
        n => format!("{words}; {n} entries of the logs were erased"),
    };
    let gap = |words: &str| match f.lost {
        0 => gap(words),
        n => format!("{}; {n} earlier logs of partitions are gone", gap(words)),
    };
    let training = match (f.training, f.trained) {
        (0, 0) if !f.tells_all() => "No grant allows training now, and no entry that is left tells of a release for it, or without the label against it.".to_owned(),
        (0, 0) => "Nothing leaves without the label that forbids training, and no grant allows it.".to_owned(),
        (n, 0) => format!("Training is allowed by {n} consents of the person that permit nothing else."),
        (0, t) => format!("No grant allows training now; {t} releases were for it, or without the label against it."),
        (n, t) => format!(
            "Training is allowed by {n} consents of the person that permit nothing else; {t} releases were for it, or without the label against it."
        ),
    };
    let gone = match f.unswept {
        0 => "What is erased is gone from this file".to_owned(),
        n => format!(
            "What is erased cannot be read by this library; the file may still hold what {n} erasures took, until it is swept"
        ),
    };
    let erasure = match f.keystore {
        "none" => format!("{gone}; older copies of it keep it."),
        _ => format!("{gone}, and on request the keystore takes it from older copies that it took part in."),
    };
    let mut erasure_leaves = vec![
        "that no copy was made of what was read, exported or released",
        "that flash memory, or a keystore that is put back, holds nothing",
    ];
    if f.keystore != "none" {
        erasure_leaves
            .push("anything against the recovery code of an older copy, unless the space is bound to its device");
    }
    let grows = match f.broken {
        0 => "The log only grows: checkpoints that somebody kept are beginnings of it.".to_owned(),
        n => format!(
            "The log only grows, but for {n} logs that were restored without entries which were lost: checkpoints that somebody kept before are no beginnings of them."
        ),
    };
    let kept = if f.full { "evidence(), read by programs that are not this library" } else { "the partition's log" };
    vec![
        claim(
            "sealed",
            ClaimLevel::Configured,
            "Everything in the file but sizes, counts and times of writing is sealed under keys of its own.",
            "core/docs/format.md; the file".into(),
            vec!["that the passphrase is good", "anything against code in the process that opened it"],
        ),
        claim(
            "keystore",
            if f.keystore == "none" { ClaimLevel::Promise } else { ClaimLevel::Configured },
            if f.keystore == "none" {
                "A stolen file can be attacked offline by guessing the passphrase."
            } else {
                "A stolen file cannot be attacked offline by guessing the passphrase: the device's keystore takes part."
            },
            format!("keystore: {}", f.keystore),
            match f.keystore {
                "none" => vec!["that guessing is not enough: no device secret takes part"],
                "software" => {
                    vec!["anything against whoever copies the keystore's files too", "what the keystore says of itself"]
                }
                _ => vec!["what the keystore says of itself"],
            },
        ),
        claim(
            "consent",
            reached(f.releases > 0),
            "Nothing is released but under a consent in force, and its entry is durable first.",
            gap(&format!("{} releases in the logs; {kept}", f.releases)),
            stale(vec!["that everything was entered", "that the recipient was who the host said", "what it did since"]),
        ),
        claim(
            "withdrawal",
            reached(f.withdrawals > 0),
            "A withdrawal stops the next release, in every open handle and process.",
            gap(&format!("{} withdrawals in the logs; {kept}", f.withdrawals)),
            stale(vec![
                "that recipients deleted what they had: see withdrawal_notices()",
                "withdrawals by a handle of partitions, unless its entries are shown",
            ]),
        ),
        claim(
            "separation",
            if f.relaxed.is_empty() && f.declassified == 0 && f.tells_all() {
                ClaimLevel::Configured
            } else {
                ClaimLevel::Logged
            },
            &separate,
            gap(&format!("labels; {} lowered by the person", f.declassified)),
            told(vec!["anything about text that a host carries over by hand"]),
        ),
        claim(
            "no-training",
            // What was handed out for training is no promise that an outsider could check.
            if f.trained > 0 { ClaimLevel::Logged } else { reached(f.releases > 0) },
            &training,
            gap("the label in each entry of a release"),
            told(vec!["that a recipient keeps to it", "anything about a model that was trained elsewhere"]),
        ),
        claim(
            "log",
            if f.full && f.broken == 0 { ClaimLevel::Verifiable } else { ClaimLevel::Logged },
            &grows,
            "checkpoint(), consistency(), receipts".into(),
            vec!["that nothing was left out", "that others are shown the same log: no witness signs it"],
        ),
        claim(
            "freshness",
            if fresh { ClaimLevel::Configured } else { ClaimLevel::Promise },
            if fresh { "An older copy of the file is refused." } else { "An older copy of the file is not noticed." },
            format!("freshness: {}", f.freshness),
            match f.freshness {
                "anchored" => vec!["that the anchor keeps what it is told: it is the host's"],
                "local" => vec!["anything against whoever can put the anchor's file back as well"],
                _ => vec![OLD_COPY],
            },
        ),
        claim(
            "erasure",
            if f.unswept > 0 { ClaimLevel::Promise } else { ClaimLevel::Configured },
            &erasure,
            "entries of the logs, and their receipts".into(),
            erasure_leaves,
        ),
        claim(
            "audit",
            ClaimLevel::Promise,
            "The library is open to read; nobody outside has audited it.",
            "README".into(),
            vec!["that it has no faults"],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::Recipient;
    use crate::record::Category;
    use crate::vault::tests::{allow, clock, fill, gesture, model, unlock};

    fn by_name<'a>(all: &'a [SpaceClaim], name: &str) -> &'a SpaceClaim {
        all.iter().find(|c| c.name == name).unwrap()
    }

    #[test]
    fn claims_follow_what_happens() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("s.hs");
        let (space, _) = HealthSpace::create(&file, &unlock(), clock().0).unwrap();
        fill(&space);
        let level = |space: &HealthSpace, name| by_name(&space.claims().unwrap(), name).level;
        assert_eq!(level(&space, "consent"), ClaimLevel::Configured, "nothing was released");
        assert!(by_name(&space.claims().unwrap(), "no-training").claim.contains("no grant allows it"));

        space.partition("health").unwrap().memories().unwrap();
        assert_eq!(level(&space, "consent"), ClaimLevel::Configured, "the person's own look is no release");
        let grant = allow(&space, &[Category::Laboratory]).id();
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        session.query(&crate::catalog::Query::default()).unwrap();
        assert_eq!(level(&space, "consent"), ClaimLevel::Verifiable);
        assert_eq!(level(&space, "withdrawal"), ClaimLevel::Configured);
        space.withdraw(grant).unwrap();
        assert_eq!(level(&space, "withdrawal"), ClaimLevel::Verifiable);

        let ask = space.consent_request().purpose(Purpose::MlTraining).categories(&[Category::Laboratory]);
        let ask = ask.recipient(Recipient::model("trainer").unwrap());
        let training = ask.agree(gesture()).unwrap();
        assert!(by_name(&space.claims().unwrap(), "no-training").claim.contains("by 1 consents"));
        assert_eq!(level(&space, "no-training"), ClaimLevel::Verifiable, "nothing was released for it");
        let trainer = space.session(Recipient::model("trainer").unwrap(), Purpose::MlTraining).unwrap();
        trainer.query(&crate::catalog::Query::default()).unwrap();
        assert!(by_name(&space.claims().unwrap(), "no-training").claim.contains("1 releases were for it"));
        space.withdraw(training.id()).unwrap();
        let after = by_name(&space.claims().unwrap(), "no-training").clone();
        assert!(after.claim.starts_with("No grant allows training now; 1 releases were for it"), "{}", after.claim);
        assert_eq!((after.level, level(&space, "consent")), (ClaimLevel::Logged, ClaimLevel::Verifiable));

        // Without an anchor no claim may forget what an older copy would undo.
        for name in ["consent", "withdrawal", "freshness"] {
            assert!(by_name(&space.claims().unwrap(), name).does_not_prove.contains(&OLD_COPY), "{name}");
        }
        drop(session);
        space.close();
        let part = HealthSpace::open_partitions(&file, &unlock(), clock().0, &["health"]).unwrap();
        assert_eq!(level(&part, "consent"), ClaimLevel::Logged, "this handle can write no evidence");
    }

    #[test]
    fn a_consent_from_elsewhere_is_shown_too_and_an_erased_entry_is_a_gap() {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
        fill(&space);
        let text = r#"{"resourceType":"Consent","id":"a","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"provision":{"type":"permit","purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}]}}"#;
        let report = space.import_consents(text.as_bytes(), gesture()).unwrap();
        assert_eq!((report.filed.len(), report.void_permits), (1, 0));
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        session.query(&crate::catalog::Query::default()).unwrap();
        let level = |name| by_name(&space.claims().unwrap(), name).level;
        assert_eq!(level("consent"), ClaimLevel::Logged, "what it permits is not proven to others");
        space.withdraw(report.filed[0]).unwrap();
        allow(&space, &[Category::Laboratory]);
        session.query(&crate::catalog::Query::default()).unwrap();
        assert_eq!(level("consent"), ClaimLevel::Logged, "nor of what was released under it");
        space.erase_entries(LogOf::Space, &[0], gesture()).unwrap();
        assert_eq!(level("consent"), ClaimLevel::Logged, "what is erased could have been a withdrawal");
    }

    #[test]
    fn every_claim_says_what_shows_it_and_nothing_is_witnessed() {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), clock().0).unwrap();
        let all = space.claims().unwrap();
        let names: std::collections::BTreeSet<&str> = all.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), all.len());
        for c in &all {
            assert!(!c.claim.is_empty() && !c.evidence.is_empty(), "{}", c.name);
            assert!(c.level < ClaimLevel::Witnessed, "{}", c.name);
            assert!(!c.does_not_prove.is_empty(), "{}", c.name);
        }
    }
}
