//! How the files were made. Nobody in them exists.

use crate::input::{CONSENT, bundle, corrected, export, long, watch};
use crate::tell::{hex, log, tell};
use healthspace::audit::{AuditEvent, Gesture};
use healthspace::catalog::Query;
use healthspace::consent::Recipient;
use healthspace::evidence::{EvidenceRequest, ItemsShown, verify_evidence};
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    Confidentiality, ConsentRequest, Declassify, Environment, Erase, Error, FileAnchor, FixedClock, GrantId,
    HealthSpace, KdfParams, Label, LogOf, Lowering, OnProgress, PartitionKind, Presence, Purpose, RestoreOptions, Role,
    Session, SoftwareKeyStore, Timestamp, Unlock,
};
use std::path::Path;
use std::sync::Arc;

pub(crate) const PASSPHRASE: &str = "a golden passphrase: é";
pub(crate) const DEVICE: &str = "a device and this";
const NOW: i64 = 1_790_000_000_000;

pub(crate) fn env() -> Environment {
    Environment { clock: Arc::new(FixedClock::new(Timestamp::from_millis(NOW))), ..Environment::default() }
}

pub(crate) fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [7; 32] }
}

pub(crate) fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

pub(crate) fn import(space: &HealthSpace, file: Vec<u8>) {
    space.partition("health").unwrap().import(Source::bytes(file).unwrap()).unwrap();
}

pub(crate) fn allow(space: &HealthSpace, partition: &str, uses: Option<u32>) -> GrantId {
    let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest).recipient(model());
    give(uses.map_or(ask.clone(), |n| ask.uses(n)))
}

pub(crate) fn give(ask: ConsentRequest) -> GrantId {
    let ask = ask.categories(Category::ALL).expires_at(Timestamp::from_millis(NOW + 365 * 86_400_000));
    ask.notice("fr").unwrap();
    ask.confirm(gesture()).unwrap().id()
}

pub(crate) fn session(space: &HealthSpace) -> Session {
    space.session(model(), Purpose::PatientRequest).unwrap()
}

/// What is heard, answered, remembered, lowered.
fn talk(space: &HealthSpace) {
    let s = session(space);
    let read = s.query(&Query::default()).unwrap();
    s.remember("LDL was 4.17 mmol/L", &read).unwrap();
    let asked = s.heard("How is my LDL?", gesture()).unwrap();
    s.append("health", Role::Person, &asked).unwrap();
    s.append("health", Role::Assistant, &s.say("It is a little high.").unwrap()).unwrap();
    // Another conversation: this one has read what is sensitive.
    let s = session(space);
    let told = s.remember_in("health", "walks every day").unwrap();
    let health = space.partition("health").unwrap();
    health.endorse(told, gesture()).unwrap();
    let ask = space.declassify_request("health", "general", Purpose::PatientRequest);
    let ask = ask.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
    ask.notice("en").unwrap();
    let grant = ask.confirm(gesture()).unwrap().id();
    let value = health.memory_value(told).unwrap();
    let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
    space.declassify(&what, &s.heard("Tell the trainer", gesture()).unwrap(), gesture()).unwrap();
    let dropped = s.remember_in("health", "a mistake").unwrap();
    health.delete_memory(dropped, gesture()).unwrap();
}

/// What is corrected, refused, set aside and kept, told to who had it; many memories, so that a page of keys is full.
fn live(space: &HealthSpace) {
    let health = space.partition("health").unwrap();
    import(space, corrected(1));
    import(space, corrected(2));
    import(space, watch(9));
    let coach = Recipient::app("coach").unwrap();
    let theirs = |space: &HealthSpace| space.session(coach.clone(), Purpose::PatientRequest).unwrap();
    assert!(matches!(theirs(space).query(&Query::default()), Err(Error::Denied)));
    let grant = give(space.consent_request().purpose(Purpose::PatientRequest).recipient(coach.clone()));
    let s = theirs(space);
    let read = s.query(&Query { limit: 2, ..Query::default() }).unwrap();
    let (kept, left) = (s.remember("to be kept", &read).unwrap(), s.remember("to be left", &read).unwrap());
    assert!(matches!(s.remember_in("general", "what was read"), Err(Error::FlowDenied)));
    space.withdraw(grant).unwrap();
    space.recipient_notified(grant, &coach, gesture()).unwrap();
    space.recipient_acknowledged(grant, &coach, gesture()).unwrap();
    health.keep_memory(kept, gesture()).unwrap();
    health.edit_memory(left, "edited", gesture()).unwrap();
    let wide = space.clearance("health").unwrap();
    space
        .set_clearance("general", Label { confidentiality: Confidentiality::Normal, ..wide }, Some(gesture()))
        .unwrap();
    let source = health.sources().unwrap()[0].id;
    health.original(source, gesture(), &mut Vec::new()).unwrap();
    let s = session(space);
    for n in 0..70 {
        s.remember_in("health", &format!("note {n}")).unwrap();
    }
}

/// A space with something of everything.
fn everything(dir: &Path, unlock: &Unlock) -> HealthSpace {
    let file = dir.join("all.hs");
    let (space, code) = HealthSpace::create(&file, unlock, env()).unwrap();
    space.confirm_recovery_code(&Unlock::recovery_code(&code.reveal()).unwrap()).unwrap();
    import(&space, bundle(1));
    import(&space, export(2));
    space.create_partition("fitness", PartitionKind::Health, unlock).unwrap();
    space.partition("fitness").unwrap().import(Source::bytes(export(8)).unwrap()).unwrap();
    for partition in ["health", "general"] {
        allow(&space, partition, None);
    }
    talk(&space);
    // Over, withdrawn, counted, renewed, from elsewhere.
    let counted = allow(&space, "health", Some(3));
    session(&space).count(&Query::default()).unwrap();
    space.withdraw(counted).unwrap();
    let renewed = allow(&space, "fitness", None);
    let again = space.renewal(renewed).expires_at(Timestamp::from_millis(NOW + 700 * 86_400_000));
    again.notice("en").unwrap();
    again.confirm(gesture()).unwrap();
    space.import_consents(CONSENT, gesture()).unwrap();
    // Erased: a file, and what an entry said.
    import(&space, bundle(2));
    let health = space.partition("health").unwrap();
    let last = health.sources().unwrap().pop().unwrap().id;
    health.erase(&Erase::Source(last), gesture()).unwrap();
    let of = LogOf::Partition("health");
    let remembered =
        space.log(of).unwrap().iter().find(|l| matches!(l.entry.event, AuditEvent::Remembered { .. })).map(|l| l.index);
    space.erase_entries(of, &[remembered.unwrap()], gesture()).unwrap();
    drop(health);
    // New keys; a limited way in; more under them.
    let by_code = Unlock::recovery_code(&code.reveal()).unwrap();
    let space = space.rotate(unlock, &[&by_code]).unwrap().space;
    let (secret, _) = space.add_limited_way_in(unlock, &["health"]).unwrap();
    import(&space, bundle(3));
    talk(&space);
    live(&space);
    let (_, gone) = space.add_limited_way_in(unlock, &["general"]).unwrap();
    space.remove_way_in(unlock, gone).unwrap();
    space.change_way_in(unlock, unlock).unwrap();
    std::fs::write(dir.join("all.code"), format!("{}\n", *code.reveal())).unwrap();
    std::fs::write(dir.join("all.limited"), format!("{}\n", hex(secret.expose()))).unwrap();
    space
}

/// What is handed out: receipt, proof of consistency, evidence.
fn proofs(space: &HealthSpace, dir: &Path) {
    let of = LogOf::Partition("health");
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    let old = space.checkpoint(of).unwrap();
    let size: u64 = old.lines().nth(1).unwrap().parse().unwrap();
    session(space).query(&Query::default()).unwrap();
    write("proof.old", &old);
    write("proof.key", &format!("{}\n", space.verifier_key(of).unwrap()));
    write("proof.consistency", &space.consistency(of, size).unwrap());
    write("proof.receipt", &space.receipt(of, size).unwrap());
    let file = space.evidence(&EvidenceRequest::new().items(ItemsShown::Open)).unwrap();
    let keys = space.verifier_keys().unwrap();
    let read = verify_evidence(&file, &keys.iter().map(String::as_str).collect::<Vec<_>>());
    std::fs::write(dir.join("evidence.hsev"), &file).unwrap();
    write("evidence.keys", &(keys.join("\n") + "\n"));
    let claims = read.unwrap().disclosures.iter().map(|d| format!("{}\n", crate::claim(d))).collect::<String>();
    write("evidence.txt", &claims);
}

/// Keeps what a space says beside it, asked on a copy.
pub(crate) fn keep(dir: &Path, name: &str, unlock: &Unlock) {
    let copy = tempfile::tempdir().unwrap();
    let file = copy.path().join("copy.hs");
    std::fs::copy(dir.join(format!("{name}.hs")), &file).unwrap();
    let environment = if name == "device" {
        std::fs::copy(dir.join("device.anchor"), copy.path().join("device.anchor")).unwrap();
        anchored(copy.path())
    } else {
        env()
    };
    let space = HealthSpace::open(&file, unlock, environment).unwrap();
    std::fs::write(dir.join(format!("{name}.txt")), tell(&space)).unwrap();
}

/// Makes those of the files that are not there.
pub(crate) fn all(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let unlock = Unlock::passphrase(PASSPHRASE).with_cost(KdfParams::FLOOR);
    if !dir.join("all.hs").exists() {
        let space = everything(dir, &unlock);
        proofs(&space, dir);
        space.backup_to(dir.join("all.hsb")).unwrap();
        space.close();
        keep(dir, "all", &unlock);
        let copy = tempfile::tempdir().unwrap();
        std::fs::copy(dir.join("all.hs"), copy.path().join("all.hs")).unwrap();
        let limited =
            Unlock::limited(crate::tell::unhex(std::fs::read_to_string(dir.join("all.limited")).unwrap().trim()));
        let part = HealthSpace::open(copy.path().join("all.hs"), &limited, env()).unwrap();
        std::fs::write(dir.join("all.limited.txt"), log(&part, LogOf::Partition("health"))).unwrap();
    }
    if !dir.join("restored.hs").exists() {
        let (backup, to) = (dir.join("all.hsb"), dir.join("restored.hs"));
        let (space, _) = HealthSpace::restore(backup, to, &unlock, env(), &RestoreOptions::new(gesture())).unwrap();
        space.confirm_all_permissions(gesture()).unwrap();
        session(&space).query(&Query::default()).unwrap();
        space.close();
        keep(dir, "restored", &unlock);
    }
    if !dir.join("staged.hs").exists() {
        staged(&dir.join("staged.hs"), &unlock);
    }
    if !dir.join("device.hs").exists() {
        on_a_device(dir);
    }
}

/// An environment with an anchor, which a space of a device has.
pub(crate) fn anchored(dir: &Path) -> Environment {
    Environment { anchor: Some(Arc::new(FileAnchor::new(dir.join("device.anchor")))), ..env() }
}

/// A space that a device keeps, with an anchor: counted grants and an emergency; new keys after an erasure.
fn on_a_device(dir: &Path) {
    let file = dir.join("device.hs");
    let store = Arc::new(SoftwareKeyStore::new(dir.join("device.keys")));
    let device = Unlock::passphrase(DEVICE).with_cost(KdfParams::FLOOR).with_device(store);
    let (space, _) = HealthSpace::create(&file, &device, anchored(dir)).unwrap();
    import(&space, bundle(4));
    allow(&space, "health", Some(40));
    let s = session(&space);
    let read = s.query(&Query::default()).unwrap();
    s.remember("seen", &read).unwrap();
    let ambulance = Recipient::app("ambulance").unwrap();
    give(space.consent_request().purpose(Purpose::BreakGlass).recipient(ambulance.clone()));
    let glass = space.break_glass(ambulance, "unconscious", Presence::Unable, 30);
    glass.unwrap().query(&Query::default()).unwrap();
    let seen = space.break_glass_notices().unwrap()[0].entry;
    space.break_glass_seen("health", seen, gesture()).unwrap();
    drop((s, read));
    import(&space, bundle(5));
    let health = space.partition("health").unwrap();
    let last = health.sources().unwrap().pop().unwrap().id;
    health.erase(&Erase::Source(last), gesture()).unwrap();
    drop(health);
    let space = space.erase_from_copies(&device, &[], gesture()).unwrap().space;
    import(&space, bundle(6));
    space.close();
    keep(dir, "device", &device);
}

/// An environment in which a long import is broken off.
fn short_of_breath() -> Environment {
    let environment = env();
    let cancel = environment.cancel.clone();
    let progress: OnProgress = Arc::new(move |p| {
        if p.records > 4_500 {
            cancel.cancel();
        }
    });
    Environment { progress: Some(progress), ..environment }
}

/// A space whose import was broken off, and another one before it, which was discarded.
fn staged(file: &Path, unlock: &Unlock) {
    let (space, _) = HealthSpace::create(file, unlock, short_of_breath()).unwrap();
    let broken = |space: &HealthSpace| {
        let health = space.partition("health").unwrap();
        assert!(matches!(health.import(Source::bytes(long()).unwrap()), Err(Error::Cancelled)));
        health
    };
    let health = broken(&space);
    health.discard(health.staged_imports().unwrap()[0].source).unwrap();
    space.close();
    let space = HealthSpace::open(file, unlock, short_of_breath()).unwrap();
    drop(broken(&space));
    space.close();
}
