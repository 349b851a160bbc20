use super::file::{DisclosurePart, EntryPart, File, ItemsPart, LogPart, PrefixPart};
use super::*;
use crate::audit::{AuditEvent, Entry, LogHead, ReleaseKind, item_hash, items_root};
use crate::consent::{self, ConsentMeta, ConsentStatus, GrantSpec, GrantTerms, Recipient};
use crate::crypto::hash::sha256;
use crate::crypto::sign::SigningKey;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Identity, RecordId, ScopeId, Timestamp};
use crate::label::{Label, Obligations, PartitionKind, Purpose};
use crate::lang::Lang;
use crate::ledger::commit::commitment;
use crate::ledger::note::{Checkpoint, VerifierKey, origin};
use crate::ledger::tree::tests::Memory;
use crate::ledger::tree::{self, TreeHead};
use crate::record::Category;
use crate::vault::tests::{allow, clock, fill, gesture, model, observation, of_code, source, unlock};
use crate::vault::{Grant, HealthSpace};
use proptest::prelude::*;

pub(super) fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    (dir, space)
}

pub(super) fn ask(space: &HealthSpace, name: &str) -> u64 {
    let s = space.session(Recipient::model(name).unwrap(), Purpose::PatientRequest).unwrap();
    s.query(&of_code("13457-7")).unwrap().receipt().entry
}

fn other(space: &HealthSpace) -> Grant {
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    ask.recipient(Recipient::model("us-llm").unwrap()).expires_in_days(9).agree(gesture()).unwrap()
}

pub(super) fn keys(space: &HealthSpace) -> Vec<String> {
    space.verifier_keys().unwrap()
}

pub(super) fn verify(bytes: &[u8], keys: &[String]) -> Result<EvidenceReport> {
    verify_evidence(bytes, &keys.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_disclosure_is_proved_with_its_grant_its_items_and_no_withdrawal_before() {
    let (_dir, space) = space();
    let grant = allow(&space, &[Category::Laboratory]);
    let entry = ask(&space, "eu-llm");
    let second = other(&space);
    ask(&space, "us-llm");
    let last = ask(&space, "eu-llm");
    space.withdraw(grant.id()).unwrap();
    space.withdraw(second.id()).unwrap();
    let report = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    assert_eq!((report.disclosures.len(), report.logs.len()), (3, 2));
    assert_eq!(report.does_not_prove.len(), 6);
    assert!(report.does_not_prove.contains(&"that no other consent refused it"));
    for d in &report.disclosures {
        assert_eq!(d.level, Level::Verifiable);
        assert_eq!(d.does_not_prove, ["withdrawals entered in the partition's own log"]);
        let DisclosedItems::Hashes(hashes) = &d.items else { panic!("hidden") };
        assert_eq!(hashes.len(), 1);
        let consent = d.grants[0].consent.as_deref().unwrap();
        assert_eq!(consent::from_fhir(consent).unwrap().meta.series, d.grants[0].id);
    }
    let d = &report.disclosures[0];
    assert_eq!((d.index, d.grants[0].id, d.grants[0].entry), (entry, grant.id(), Some(grant.entry())));
    assert!(d.describe("en").contains("eu-llm") && d.describe("fr").contains("aucun retrait"));
    assert_eq!(format!("{report:?} {d:?}"), "EvidenceReport(..) Disclosed(..)");

    // By recipient, by time, by entries.
    let count = |ask: EvidenceRequest| {
        verify(&space.evidence(&ask).unwrap(), &keys(&space))
            .unwrap()
            .disclosures
            .iter()
            .map(|d| d.index)
            .collect::<Vec<u64>>()
    };
    let none: Vec<u64> = Vec::new();
    assert_eq!(count(EvidenceRequest::new().recipient(model())), [entry, last]);
    assert_eq!(count(EvidenceRequest::new().recipient(Recipient::model("nobody").unwrap())), none);
    assert_eq!(count(EvidenceRequest::new().partition("health").entries(&[last])), [last]);
    assert_eq!(count(EvidenceRequest::new().partition("general")), none);
    let (before, after) = (Timestamp::from_millis(0), Timestamp::from_millis(1_790_000_000_000));
    assert_eq!(count(EvidenceRequest::new().between(before, after)), none);
    assert_eq!(count(EvidenceRequest::new().between(after, after.plus_millis(1000))).len(), 3);
    let fails = |ask: EvidenceRequest| space.evidence(&ask).unwrap_err();
    assert!(matches!(fails(EvidenceRequest::new().partition("health").entries(&[0])), Error::NotFound));
    assert!(matches!(fails(EvidenceRequest::new().entries(&[entry])), Error::Malformed(_)));
    assert!(matches!(fails(EvidenceRequest::new().partition("x")), Error::NoSuchPartition));
}

#[test]
fn what_is_left_out_is_said() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    ask(&space, "eu-llm");
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    s.count(&of_code("13457-7")).unwrap();
    space.partition("health").unwrap().memories().unwrap();
    let all = |ask: EvidenceRequest| verify(&space.evidence(&ask).unwrap(), &keys(&space)).unwrap().disclosures;
    let logged = all(EvidenceRequest::new().without_system_entries());
    let left = ["omitted withdrawals", "withdrawals entered in the partition's own log"];
    let alone = "that the grant was not passed on under another";
    let terms = [
        "the terms of the consent",
        "that the purpose lies within the grant's",
        "that the recipient is the grant's",
        "that the categories lie within the grant's",
        "that the partition is the grant's",
    ];
    assert_eq!(logged[0].level, Level::Logged);
    assert_eq!(logged[0].does_not_prove, [&[left[0], alone, left[1]], &terms[..]].concat());
    // A text that is not shown may say that the grant rests on another.
    let bare = all(EvidenceRequest::new().without_consents().items(ItemsShown::Count));
    assert_eq!(bare[0].level, Level::Logged);
    assert_eq!(bare[0].does_not_prove, [alone, left[1], terms[0], terms[2], terms[3], terms[4], "which items"]);
    // Of a count no items are named; the person's own look rests on no grant.
    let shown = all(EvidenceRequest::new().items(ItemsShown::Open));
    assert!(matches!(&shown[0].items, DisclosedItems::Open(all) if all.len() == 1));
    assert!(matches!(shown[1].items, DisclosedItems::Hidden) && shown[1].does_not_prove.contains(&"which items"));
    assert!(shown[2].grants.is_empty() && shown[2].level == Level::Logged);
    // A key of another log, or none, is not enough.
    let bytes = space.evidence(&EvidenceRequest::new()).unwrap();
    assert!(verify(&bytes, &keys(&space)[..2]).is_ok() && verify(&bytes, &keys(&space)[..1]).is_err());
    assert!(verify(&bytes, &[]).is_err());
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    ask(&space, "eu-llm");
    let keys = keys(&space);
    // Of the second, one bit a byte: the first has told the rest.
    for (shown, step) in [(ItemsShown::Hashes, 1), (ItemsShown::Open, 9)] {
        let good = space.evidence(&EvidenceRequest::new().items(shown)).unwrap();
        assert!(verify(&good, &keys).is_ok());
        let mut bad = good.clone();
        for bit in (0..good.len() * 8).step_by(step) {
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(verify(&bad, &keys).is_err(), "bit {bit}");
            bad[bit / 8] ^= 1 << (bit % 8);
        }
        for at in 0..good.len() {
            assert!(verify(&good[..at], &keys).is_err());
        }
        println!("{} flips refused", good.len() * 8 / step);
    }
}

/// A log that says what it is told to, signed.
pub(super) struct Liar {
    n: u8,
    origin: String,
    key: SigningKey,
    nodes: Memory,
    entries: Vec<Vec<u8>>,
    /// How many entries at its end name logs: they are always shown.
    names: usize,
}

impl Liar {
    /// The first one is the space's: it names the second as that of the partition that the grants here are for.
    pub(super) fn of(n: u8, events: &[(i64, AuditEvent)]) -> Self {
        Self::naming(n, events, if n == 1 { &[(SCOPE, 1, 2)] } else { &[] })
    }

    /// With scope and ordinal of other logs behind all else.
    pub(super) fn naming(n: u8, events: &[(i64, AuditEvent)], names: &[(ScopeId, u16, u8)]) -> Self {
        let last = events.last().map_or(1, |(t, _)| *t);
        let name = |(scope, ordinal, n): &(ScopeId, u16, u8)| {
            let (kind, origin) = (PartitionKind::Health, origin(&[*n; 16]));
            (last, AuditEvent::LogNamed { scope: *scope, ordinal: *ordinal, kind, origin })
        };
        let events: Vec<_> = events.iter().cloned().chain(names.iter().map(name)).collect();
        let entry = |(t, e): &(i64, AuditEvent)| Entry { time: Timestamp::from_millis(*t * MINUTE), event: e.clone() };
        let entries: Vec<Vec<u8>> = events.iter().map(|e| entry(e).encode().unwrap()).collect();
        let mut nodes = Memory::default();
        let leaves: Vec<_> = entries.iter().map(|e| commitment(&[n; 32], e)).collect();
        nodes.append(&TreeHead::empty(), &leaves);
        let (origin, key) = (origin(&[n; 16]), SigningKey::from_seed(&[n; 32]).unwrap());
        Self { n, origin, key, nodes, entries, names: names.len() }
    }

    pub(super) fn head(&self, size: usize) -> LogHead {
        let root = tree::root(&self.nodes, size as u64).unwrap();
        LogHead { origin: self.origin.clone(), size: size as u64, root }
    }

    pub(super) fn part(&self, shown: &[usize], prefixes: &[usize]) -> LogPart {
        let size = self.entries.len() as u64;
        let head = TreeHead { size, root: tree::root(&self.nodes, size).unwrap() };
        LogPart {
            checkpoint: Checkpoint { origin: self.origin.clone(), head }.sign(&self.key).unwrap(),
            entries: shown
                .iter()
                .copied()
                .chain(self.entries.len() - self.names..self.entries.len())
                .map(|i| EntryPart {
                    index: i as u64,
                    r: [self.n; 32],
                    entry: self.entries[i].clone(),
                    path: tree::inclusion_proof(&self.nodes, size, i as u64).unwrap(),
                })
                .collect(),
            prefixes: prefixes
                .iter()
                .map(|n| PrefixPart {
                    size: *n as u64,
                    root: self.head(*n).root,
                    path: tree::consistency_proof(&self.nodes, *n as u64, size).unwrap(),
                })
                .collect(),
        }
    }

    pub(super) fn key(&self) -> String {
        VerifierKey { name: self.origin.clone(), key: self.key.verifying_key() }.to_text()
    }
}

pub(super) const A: GrantId = GrantId([1; 16]);
pub(super) const SCOPE: ScopeId = ScopeId([6; 16]);
/// A minute in milliseconds: the times here are in minutes.
pub(super) const MINUTE: i64 = 60_000;
/// A consent from elsewhere.
pub(super) const ELSEWHERE: &str = r#"{"status":"active"}"#;

/// The first entry of the log of the partition that the grants here name.
pub(super) fn opened() -> (i64, AuditEvent) {
    (1, AuditEvent::PartitionCreated { scope: SCOPE, ordinal: 1, kind: PartitionKind::Health })
}

pub(super) fn terms(who: Recipient) -> GrantTerms {
    GrantTerms::new(Purpose::PatientRequest, SCOPE, &[Category::Laboratory], who)
}

/// The text of a version of a grant, filed at this time; the first one was at 5.
pub(super) fn text_of(id: GrantId, version: u64, at: i64, terms: GrantTerms) -> String {
    let meta = ConsentMeta {
        series: id,
        version,
        status: ConsentStatus::Active,
        subject: Identity([7; 16]),
        given: Timestamp::from_millis(5 * MINUTE),
        updated: Timestamp::from_millis(at * MINUTE),
        notice: [0; 32],
        lang: Lang::En,
    };
    String::from_utf8(consent::to_fhir(&GrantSpec::new(terms).unwrap(), &meta).unwrap()).unwrap()
}

/// The text of the grant of [`granted`].
pub(super) fn consent(expires: Option<i64>) -> String {
    let expires = expires.map(|end| Timestamp::from_millis(end * MINUTE));
    text_of(A, 1, 5, GrantTerms { expires, ..terms(model()) })
}

pub(super) fn granted(expires: Option<i64>) -> AuditEvent {
    AuditEvent::Granted {
        grant: A,
        consent_hash: sha256(&[consent(expires).as_bytes()]),
        notice_hash: [0; 32],
        locale: "en".into(),
        gesture: gesture(),
        purpose: Purpose::PatientRequest,
        expires: expires.map(|end| Timestamp::from_millis(end * MINUTE)),
    }
}

pub(super) fn released(system: LogHead, items: &[[u8; 18]]) -> AuditEvent {
    AuditEvent::Released {
        purpose: Purpose::PatientRequest,
        grants: vec![A],
        actor: model(),
        query_hash: [0; 32],
        count: items.len() as u64,
        items_root: items_root(&[8; 32], items.iter().map(|i| &i[..])).unwrap(),
        system,
        label: Label { obligations: Obligations::HEALTH.union(Obligations::NO_REDISCLOSURE), ..Label::health(1) },
        kind: ReleaseKind::Read,
        categories: [Category::Laboratory].into(),
    }
}

pub(super) fn imported(version: u64) -> AuditEvent {
    AuditEvent::ConsentImported { grant: A, version, consent_hash: sha256(&[ELSEWHERE.as_bytes()]), gesture: gesture() }
}

/// A file over two logs, with the claim that follows; `Err` where nothing does. The texts of what is
/// shown are shown.
fn file(system: &Liar, shown: &[usize], prefixes: &[usize], health: &Liar, items: ItemsPart) -> Result<Vec<u8>> {
    let texts = [consent(None), consent(Some(10)), consent(Some(11)), ELSEWHERE.to_owned()];
    let entries = shown.iter().map(|i| Entry::decode(&system.entries[*i]).unwrap().event);
    let named: Vec<[u8; 32]> = entries
        .filter_map(|e| match e {
            AuditEvent::Granted { consent_hash, .. } | AuditEvent::ConsentImported { consent_hash, .. } => {
                Some(consent_hash)
            }
            _ => None,
        })
        .collect();
    let texts: Vec<&[u8]> = texts.iter().map(|t| t.as_bytes()).filter(|t| named.contains(&sha256(&[t]))).collect();
    file_with(system, shown, prefixes, health, items, &texts)
}

pub(super) fn file_with(
    system: &Liar,
    shown: &[usize],
    prefixes: &[usize],
    health: &Liar,
    items: ItemsPart,
    consents: &[&[u8]],
) -> Result<Vec<u8>> {
    let logs = [system.part(shown, prefixes), health.part(&[0, 1], &[])];
    made([system, health], logs, 1, items, consents)
}

/// A file over these parts of two logs with the claim that follows of the release at this index, verified.
pub(super) fn of_parts(
    of: &[&Liar; 2],
    parts: (LogPart, LogPart),
    index: u64,
    texts: &[&str],
) -> Result<EvidenceReport> {
    let texts: Vec<&[u8]> = texts.iter().map(|t| t.as_bytes()).collect();
    let bytes = made(*of, [parts.0, parts.1], index, ItemsPart::Hidden, &texts)?;
    verify(&bytes, &[of[0].key(), of[1].key()])
}

fn made(of: [&Liar; 2], logs: [LogPart; 2], index: u64, items: ItemsPart, consents: &[&[u8]]) -> Result<Vec<u8>> {
    let claim = super::file::ClaimPart { what: String::new(), level: String::new(), does_not_prove: Vec::new() };
    let mut consents: Vec<_> = consents.iter().map(|c| c.to_vec()).collect();
    consents.sort_by_key(|c| sha256(&[c]));
    let mut file = File {
        logs: logs.into(),
        consents,
        disclosures: vec![DisclosurePart { log: 1, index, items, claim }],
        limits: super::claim::LIMITS.map(str::to_owned).to_vec(),
    };
    let known = |l: &Liar, part: &LogPart| super::claim::Known {
        origin: l.origin.clone(),
        of_space: l.n == 1,
        size: l.entries.len() as u64,
        partition: None,
        entries: part.entries.iter().map(|e| (e.index, Entry::decode(&e.entry).unwrap())).collect(),
        prefixes: part.prefixes.iter().map(|p| (p.size, p.root)).collect(),
    };
    let mut both = [known(of[0], &file.logs[0]), known(of[1], &file.logs[1])];
    super::claim::name_partitions(&mut both)?;
    let derived = super::claim::derive(&both, &file, 1, index, &file.disclosures[0].items)?.part();
    file.disclosures[0].claim = derived;
    let bytes = file.encode()?;
    assert_eq!(File::decode(&bytes).unwrap().encode().unwrap(), bytes);
    Ok(bytes)
}

/// Whoever holds the keys cannot show a log that contradicts the claim, and cannot hide a part of it
/// and keep the claim.
#[test]
fn contradictions_are_refused_and_gaps_lower_the_level() {
    let withdrawn = AuditEvent::Withdrawn { grant: A, gesture: None };
    let noise = AuditEvent::SpaceCreated {};
    let level = |system: &[AuditEvent], size: usize, shown: &[usize]| -> Result<Level> {
        let system = Liar::of(1, &system.iter().map(|e| (5, e.clone())).collect::<Vec<_>>());
        let health = Liar::of(2, &[opened(), (10, released(system.head(size), &[]))]);
        let bytes = file(&system, shown, &[size], &health, ItemsPart::Hidden)?;
        Ok(verify(&bytes, &[system.key(), health.key()]).unwrap().disclosures[0].level)
    };
    let honest = [noise.clone(), granted(None), noise.clone(), withdrawn.clone()];
    assert_eq!(level(&honest, 3, &[1, 2]).unwrap(), Level::Verifiable);
    assert_eq!(level(&honest, 3, &[1, 2, 3]).unwrap(), Level::Logged, "withdrawn later, and dated before it");
    // Released although withdrawn: shown, it is refused; hidden, it is no more than logged.
    assert!(matches!(level(&honest, 4, &[1, 2, 3]), Err(Error::Malformed(Malformed::Proof))));
    assert_eq!(level(&honest, 4, &[1, 2]).unwrap(), Level::Logged);
    assert_eq!(level(&honest, 3, &[1]).unwrap(), Level::Logged);
    // Expired; granted twice; granted only later.
    assert!(matches!(level(&[granted(Some(10))], 1, &[0]), Err(Error::Malformed(Malformed::Proof))));
    assert_eq!(level(&[granted(Some(11))], 1, &[0]).unwrap(), Level::Verifiable);
    assert!(matches!(level(&[granted(None), granted(None)], 2, &[0, 1]), Err(Error::Malformed(Malformed::Proof))));
    assert!(matches!(level(&[noise.clone(), granted(None)], 1, &[0, 1]), Err(Error::Malformed(Malformed::Proof))));

    // Given elsewhere: the version in force counts, and one that was filed after a withdrawal.
    let filed = [imported(1), withdrawn.clone(), imported(3), noise.clone()];
    assert_eq!(level(&filed, 1, &[0]).unwrap(), Level::Verifiable);
    assert_eq!(level(&filed, 4, &[2, 3]).unwrap(), Level::Verifiable);
    assert_eq!(level(&filed, 4, &[0, 1, 2, 3]).unwrap(), Level::Verifiable);
    assert!(matches!(level(&filed, 2, &[0, 1]), Err(Error::Malformed(Malformed::Proof))));
    assert_eq!(level(&filed, 2, &[0]).unwrap(), Level::Logged);
    assert_eq!(level(&filed, 2, &[0, 2]).unwrap(), Level::Logged);
    assert!(matches!(level(&[imported(1), granted(None)], 2, &[0, 1]), Err(Error::Malformed(Malformed::Proof))));

    // Decided under a system log that is not the one shown, or is longer than it.
    let (system, fork) =
        (Liar::of(1, &[(5, noise.clone()), (5, granted(None))]), Liar::of(1, &[0; 4].map(|_| (5, granted(None)))));
    for head in [fork.head(2), fork.head(4)] {
        let health = Liar::of(2, &[opened(), (10, released(head, &[]))]);
        assert!(matches!(
            file(&system, &[1], &[2], &health, ItemsPart::Hidden),
            Err(Error::Malformed(Malformed::Proof))
        ));
    }
    // Whoever has the key of a partition's log alone gives a consent there, and releases under it.
    let keys = [Liar::of(1, &[]).key(), Liar::of(2, &[]).key(), Liar::of(3, &[]).key()];
    let (giving, using) =
        (Liar::of(2, &[(5, granted(None))]), |head| Liar::of(3, &[opened(), (10, released(head, &[]))]));
    let forged = file(&giving, &[0], &[1], &using(giving.head(1)), ItemsPart::Hidden);
    assert!(matches!(forged, Err(Error::Malformed(Malformed::Proof))));
    // What its claim would be if the log were the space's.
    let space = Liar { n: 1, ..Liar::of(2, &[(5, granted(None))]) };
    let mut forged =
        File::decode(&file(&space, &[0], &[1], &using(space.head(1)), ItemsPart::Hidden).unwrap()).unwrap();
    forged.logs[0] = giving.part(&[0], &[1]);
    let forged = forged.encode().unwrap();
    assert!(verify(&forged, &keys[1..]).is_ok(), "sound but for whose log it is");
    assert!(matches!(verify(&forged, &keys), Err(Error::Malformed(Malformed::Proof))));

    // A claim that says more than what is shown.
    let health = Liar::of(2, &[opened(), (10, released(system.head(2), &[]))]);
    let good = file(&system, &[1], &[2], &health, ItemsPart::Hidden).unwrap();
    let mut more = File::decode(&good).unwrap();
    more.logs[0].prefixes.clear();
    assert!(verify(&more.encode().unwrap(), &[system.key(), health.key()]).is_err());
    let mut unnamed = File::decode(&good).unwrap();
    unnamed.consents.push(b"{ }".to_vec());
    unnamed.consents.sort_by_key(|c| sha256(&[c]));
    assert!(verify(&unnamed.encode().unwrap(), &[system.key(), health.key()]).is_err());
    let mut twice = File::decode(&good).unwrap();
    twice.disclosures.push(twice.disclosures[0].clone());
    assert!(verify(&twice.encode().unwrap(), &[system.key(), health.key()]).is_err());
}

/// What was released under a consent from elsewhere is proved as well, also where it was withdrawn
/// here and a newer version of it was filed since.
#[test]
fn a_release_under_a_consent_from_elsewhere_is_proved() {
    let (_dir, space) = space();
    let file = |month: u8| {
        let text = format!(
            r#"{{"resourceType":"Consent","id":"a","meta":{{"lastUpdated":"2026-0{month}-01T00:00:00Z"}},"status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p1"}},"provision":{{"type":"permit","purpose":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"PATRQT"}}]}}}}"#
        );
        (space.import_consents(text.as_bytes(), gesture()).unwrap().filed[0], text)
    };
    let (id, first) = file(1);
    ask(&space, "eu-llm");
    space.withdraw(id).unwrap();
    let (again, second) = file(2);
    assert_eq!(id, again);
    ask(&space, "us-llm");
    let report = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    assert_eq!(report.disclosures.len(), 2);
    // The person is told of it too, with the version that was in force.
    let lines = space.disclosure_log().unwrap();
    assert!(lines.iter().all(|l| l.permitted.len() == 1));
    assert!(lines[0].describe("en").ends_with("given elsewhere, and added on 21 September 2026, allows it."));
    assert!(lines[1].describe("fr").ends_with("donné ailleurs, ajouté le 21 septembre 2026, le permet."));
    for (d, text) in report.disclosures.iter().zip([first, second]) {
        assert_eq!((d.level, d.grants[0].id), (Level::Verifiable, id));
        assert_eq!(d.grants[0].consent.as_deref(), Some(text.as_bytes()));
        assert!(d.does_not_prove.contains(&"the terms of the consent"));
    }
}

#[test]
fn items_are_those_of_the_entry() {
    let system = Liar::of(1, &[(5, granted(None))]);
    let items = [[1; 18], [2; 18], [3; 18]];
    let health = Liar::of(2, &[opened(), (10, released(system.head(1), &items))]);
    let hashes: Vec<_> = (0..).zip(&items).map(|(i, item)| item_hash(&[8; 32], i, item)).collect();
    let mut fewer = hashes.clone();
    fewer.pop();
    let mut turned = hashes.clone();
    turned.swap(0, 1);
    for (part, holds) in [
        (ItemsPart::Hashes(hashes), true),
        (ItemsPart::Open([8; 32], items.to_vec()), true),
        (ItemsPart::Open([9; 32], items.to_vec()), false),
        (ItemsPart::Hashes(fewer), false),
        (ItemsPart::Hashes(turned), false),
        (ItemsPart::Hashes(Vec::new()), false),
    ] {
        let bytes = file(&system, &[0], &[1], &health, part);
        assert_eq!(bytes.is_ok(), holds);
        let Ok(bytes) = bytes else { continue };
        let report = verify(&bytes, &[system.key(), health.key()]).unwrap();
        if let DisclosedItems::Open(all) = &report.disclosures[0].items {
            assert_eq!(all[1], (RecordId::from_bytes([2; 16]), 0x0202));
        }
    }
}

#[test]
fn a_later_version_is_told_from_damage() {
    let (_dir, space) = space();
    let bytes = space.evidence(&EvidenceRequest::new()).unwrap();
    assert_eq!(bytes[..26], *b"\xa5\x01\x77healthspace-evidence/v1");
    let mut later = bytes.clone();
    later[25] = b'2';
    assert!(matches!(verify(&later, &[]), Err(Error::NeedsNewerLibrary)));
    later[24] = b'w';
    assert!(matches!(verify(&later, &[]), Err(Error::Malformed(Malformed::Proof))));
    // Nothing was released: a file that discloses nothing and claims nothing.
    assert!(verify(&bytes, &[]).unwrap().disclosures.is_empty());
}

proptest! {
    #[test]
    fn never_panics(bytes: Vec<u8>, tail: Vec<u8>) {
        let _ = verify_evidence(&bytes, &[]);
        let _ = verify_evidence(&[b"\xa5\x01\x77healthspace-evidence/v1", &tail[..]].concat(), &[]);
    }
}

/// The same for the person: who, when, what, why, and by which permission.
#[test]
fn the_person_reads_of_every_disclosure_in_words() {
    let (_dir, space) = space();
    allow(&space, &[Category::Laboratory]);
    ask(&space, "eu-llm");
    let stranger = space.session(Recipient::model("us-llm").unwrap(), Purpose::PatientRequest).unwrap();
    assert!(matches!(stranger.query(&of_code("13457-7")), Err(Error::Denied)));
    let lines = space.disclosure_log().unwrap();
    let told: Vec<String> = lines.iter().flat_map(|l| [l.describe("en"), l.describe("fr")]).collect();
    assert_eq!(
        told,
        [
            "On 21 September 2026 at 14:13 UTC: 1 item was read by \u{201c}eu-llm\u{201d} (AI model) for the person’s own request, \
             not for training AI models: laboratory results. The permission was given on 21 September 2026.",
            "Le 21 septembre 2026 à 14\u{a0}h\u{a0}13 UTC\u{a0}: 1 élément lu par «\u{a0}eu-llm\u{a0}» (modèle d’IA)\u{a0}; finalité\
             \u{a0}: demande de la personne elle-même, sans entraînement de modèles d’IA\u{a0}: résultats de laboratoire. L’autorisation date \
             du 21 septembre 2026.",
            "On 21 September 2026 at 14:13 UTC: A request by \u{201c}us-llm\u{201d} (AI model) for the person’s own request was refused.",
            "Le 21 septembre 2026 à 14\u{a0}h\u{a0}13 UTC\u{a0}: Une demande de «\u{a0}us-llm\u{a0}» (modèle d’IA) a été refusée\u{a0}; \
             finalité\u{a0}: demande de la personne elle-même.",
        ]
    );
    let bundle = space.audit_events(crate::vault::LogOf::Partition("health"), "fr").unwrap();
    let json: serde_json::Value = serde_json::from_str(&bundle).unwrap();
    let events = json["entry"].as_array().unwrap();
    assert_eq!(events.len(), space.log(crate::vault::LogOf::Partition("health")).unwrap().len());
    let released = &events[events.len() - 2]["resource"];
    assert_eq!((released["type"]["code"].as_str(), released["action"].as_str()), (Some("110106"), Some("R")));
    assert_eq!(released["purposeOfEvent"][0]["coding"][0]["code"], "PATRQT");
    assert_eq!(events.last().unwrap()["resource"]["outcome"], "8");
}

/// Of a large set only the root is kept: the file says so instead of showing a part.
#[test]
fn of_a_large_release_no_items_are_shown() {
    let (_dir, space) = space();
    let made = |n: usize| observation(&format!("n{n}"), "laboratory", "2093-3", "2026-02-01", &n.to_string(), "");
    let many: Vec<String> = (0..1025).map(made).collect();
    space.partition("health").unwrap().import(source(&many)).unwrap();
    allow(&space, &[Category::Laboratory]);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    assert_eq!(s.query(&of_code("2093-3")).unwrap().receipt().count, 1025);
    let report = verify(&space.evidence(&EvidenceRequest::new()).unwrap(), &keys(&space)).unwrap();
    assert!(matches!(report.disclosures[0].items, DisclosedItems::Hidden));
    assert_eq!(report.disclosures[0].does_not_prove.last(), Some(&"which items"));
}
