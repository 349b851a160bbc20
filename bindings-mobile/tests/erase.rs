//! Erasing, new keys, backups, and what a loss concerns.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{QUESTION, allow, bundle, import, kind, model, place, secret, text};
use healthspace_mobile::{
    Erasing, ErasureTrialTerms, ErrorKind, HealthSpace, LostThing, RecoveryCode, Secret, SpaceKeyStore, WayKind,
    create_anchored_space, create_space, create_space_with_keystore, recover_space, restore_space,
    restore_space_by_code,
};

fn proof() -> Vec<u8> {
    vec![7; 32]
}

#[test]
fn what_is_erased_is_gone_from_older_copies_too() {
    let place = place();
    let (keys, older) = (text(&place.dir.join("keys")), text(&place.dir.join("older.hs")));
    let keys = SpaceKeyStore::software(keys);
    let created = create_space_with_keystore(place.file.clone(), secret(), keys.clone()).unwrap();
    let (space, code) = (created.space, created.recovery_code.reveal());
    let code = || Some(Secret::from(code.clone().into_bytes()));
    import(&space, bundle(2));
    drop(space);
    std::fs::copy(&place.file, &older).unwrap();
    assert_eq!(kind(HealthSpace::open(place.file.clone(), secret())), ErrorKind::CannotOpen);
    let space = HealthSpace::open_with_keystore(place.file.clone(), secret(), keys.clone()).unwrap();
    let erase = |what| space.erase("health".into(), what, "tap".into(), proof());
    let none = "00".repeat(16);
    for (what, wanted) in [
        (Erasing::Records { ids: vec![none.clone()] }, ErrorKind::NotFound),
        (Erasing::Records { ids: vec!["x".into()] }, ErrorKind::Malformed),
        (Erasing::Source { id: "00".repeat(32) }, ErrorKind::NotFound),
        (Erasing::Consent { grant: none.clone() }, ErrorKind::NotFound),
        (Erasing::Period { from_millis: 1, to_millis: 1 }, ErrorKind::Malformed),
    ] {
        assert_eq!(kind(erase(what)), wanted);
    }
    let done = erase(Erasing::Period { from_millis: 1_700_000_000_000, to_millis: 1_800_000_000_000 }).unwrap();
    assert_eq!((done.level.as_str(), done.records, done.sources), ("E1", 2, 0));
    assert_eq!(space.sweep("health".into(), done.entry).unwrap(), "E1");
    let terms = ErasureTrialTerms { records: vec![], salt: None, older: Some(older) };
    let look = |space: &HealthSpace| {
        let keys = Some(keys.clone());
        space.verify_erasure("health".into(), done.entry, terms.clone(), Some(secret()), code(), keys).unwrap()
    };
    let check = look(&space);
    assert_eq!(check.confirmed.as_deref(), Some("E1"));
    assert!(check.tries.iter().skip(1).all(|t| t.opened == 2));

    let rotated = space.erase_from_copies(secret(), "tap".into(), proof(), None, Some(keys.clone())).unwrap();
    assert_eq!((rotated.level.as_deref(), &rotated.removed[..]), (Some("E2r"), &[WayKind::RecoveryCode][..]));
    assert!(rotated.recovery_code.is_some() && !rotated.old_copies.is_empty());
    let space = rotated.space;
    let check = look(&space);
    assert_eq!((check.claimed.as_str(), check.confirmed.as_deref()), ("E2r", Some("E2r")));
    let page = space.erasure_certificate("health".into(), done.entry, "fr".into()).unwrap();
    assert!(page.contains("\"level\": \"E2r\"") && page.contains("notReached"));
    import(&space, bundle(1));
    assert!(space.erase("health".into(), Erasing::Everything, "tap".into(), proof()).unwrap().sources > 0);
}

#[test]
fn a_recovery_code_is_typed_again() {
    let (place, elsewhere) = (place(), place());
    let made = create_space(place.file.clone(), secret()).unwrap();
    let other = create_space(elsewhere.file.clone(), secret()).unwrap();
    let typed = |code: &RecoveryCode| Secret::from(code.reveal().into_bytes());
    let confirmed = || made.space.ways_in().unwrap().iter().any(|w| w.kind == WayKind::RecoveryCode && w.confirmed);
    assert_eq!(kind(made.space.confirm_recovery_code(typed(&other.recovery_code), None)), ErrorKind::CannotOpen);
    assert!(!confirmed());
    made.space.confirm_recovery_code(typed(&made.recovery_code), None).unwrap();
    assert!(confirmed());
}

#[test]
fn new_keys_and_what_a_loss_concerns() {
    let place = place();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    import(&space, bundle(1));
    let _grant = allow(&space);
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let told = session.ground(QUESTION.into(), 1500, None, 0).unwrap().entry();
    let no = space.erase_from_copies(secret(), "tap".into(), proof(), None, None);
    assert_eq!(kind(no), ErrorKind::LevelUnavailable);
    let space = space.rotate_keys(secret(), None, None, false).unwrap().space;
    let ways = space.ways_in().unwrap();
    assert_eq!(ways.len(), 2);
    assert!(!format!("{:?}", ways[0]).contains(&ways[0].id));
    let scope = space.breach_scope(LostThing::Device).unwrap();
    assert!(scope.partitions.len() == 2 && scope.partitions.iter().all(|p| !p.clear) && !scope.does_not_say.is_empty());
    let id = ways.iter().find(|w| w.kind == WayKind::Passphrase).unwrap().id.clone();
    assert!(space.breach_scope(LostThing::WayIn { id }).unwrap().partitions.iter().all(|p| p.clear));
    let entries = |to| space.breach_scope(LostThing::Entries { partition: "health".into(), from: 0, to });
    assert_eq!(entries(told + 1).unwrap().recipients[0].recipient, model());
    assert_eq!(kind(entries(1 << 40)), ErrorKind::Malformed);
    assert_eq!(kind(space.breach_scope(LostThing::Backup { id: "00".repeat(16) })), ErrorKind::NotFound);
}

#[test]
fn a_backup_is_restored_and_nothing_is_permitted_until_it_is_confirmed() {
    let place = place();
    let created = create_space(place.file.clone(), secret()).unwrap();
    let space = created.space;
    import(&space, bundle(1));
    let grant = allow(&space);
    let at = |name: &str| text(&place.dir.join(name));
    let id = space.backup(at("me.hsb")).unwrap();
    assert_eq!(
        (space.known_copies().unwrap()[0].id.clone(), space.known_copies().unwrap()[0].erasures_since),
        (id.clone(), 0)
    );
    assert!(space.breach_scope(LostThing::Backup { id }).is_ok());
    assert_eq!(kind(HealthSpace::open(at("me.hsb"), secret())), ErrorKind::NotASpace);
    let back =
        restore_space(at("me.hsb"), at("r.hs"), secret(), "tap".into(), proof(), Some(space.clone()), None, false)
            .unwrap();
    assert_eq!((back.erasures.as_str(), back.permissions), ("replayed", 1));
    let session = back.space.session(model(), "PATRQT".into(), None).unwrap();
    assert_eq!(kind(session.ground(QUESTION.into(), 1500, None, 0)), ErrorKind::Denied);
    back.space.confirm_permission(grant.id.clone(), "tap".into(), proof()).unwrap();
    assert_eq!(kind(back.space.confirm_permission(grant.id, "tap".into(), proof())), ErrorKind::NotFound);
    assert!(session.ground(QUESTION.into(), 1500, None, 0).is_ok());
    let code = Secret::from(created.recovery_code.reveal().into_bytes());
    let back = restore_space_by_code(at("me.hsb"), at("c.hs"), code, "tap".into(), proof(), None, false).unwrap();
    assert_eq!(back.space.confirm_all_permissions("tap".into(), proof()).unwrap(), 1);

    let file = at("anchored.hs");
    let space = create_anchored_space(file.clone(), secret(), at("me.anchor"), None).unwrap().space;
    allow(&space);
    drop(space);
    assert_eq!(kind(HealthSpace::open(file.clone(), secret())), ErrorKind::AnchorMissing);
    assert_eq!(recover_space(file, secret(), "passcode".into(), proof(), None).unwrap().permissions, 1);
}
