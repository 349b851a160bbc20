//! A space of which something is damaged is opened and restored all the same, and says so.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{QUESTION, allow, bundle, import, kind, model, place, secret, text};
use healthspace_mobile::{
    ErrorKind, HealthSpace, RestoredSpace, Secret, create_space, recover_damaged_space, recover_damaged_space_by_code,
    recover_space, restore_space, restore_space_by_code,
};

/// Of the partitions `health` alone has a segment that is a row of its own; the space's own scope has the policy rows.
const HEALTH: &str = "scope IN (SELECT scope FROM row WHERE class = 2)";
const GENERAL: &str =
    "scope NOT IN (SELECT scope FROM row WHERE class = 2) AND scope NOT IN (SELECT scope FROM row WHERE class = 11)";

/// Damages rows of a space that nobody has open.
fn damage(file: &str, what: &str) {
    let (table, column, rows) = match what {
        "segment" => ("row", "sealed", format!("class = 2 AND {HEALTH}")),
        "memory" => ("row", "sealed", format!("class = 1 AND {GENERAL}")),
        copy => (copy, "body", GENERAL.to_owned()),
    };
    let file = rusqlite::Connection::open(file).unwrap();
    let statement = format!("UPDATE {table} SET {column} = zeroblob(length({column})) WHERE {rows}");
    assert_eq!(file.execute(&statement, []).unwrap(), 1, "{what}");
}

#[test]
fn what_is_whole_opens_and_what_is_not_is_said() {
    let place = place();
    let created = create_space(place.file.clone(), secret()).unwrap();
    let (space, code) = (created.space, created.recovery_code.reveal());
    let code = || Secret::from(code.clone().into_bytes());
    import(&space, bundle(1));
    allow(&space);
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    session.remember_in("general".into(), "likes tea".into()).unwrap();
    let context = session.ground(QUESTION.into(), 1500, None, 0).unwrap();
    assert_eq!(context.unread(), 0);
    drop((context, session));
    space.lock();
    drop(space);
    let open = || HealthSpace::open_damaged(place.file.clone(), secret(), None, None);
    let general = || "general".to_owned();
    {
        let space = open().unwrap();
        assert!(space.damaged_partitions().unwrap().is_empty());
        let found = space.readable_memories(general()).unwrap();
        assert_eq!((found.memories.len(), found.unread), (1, 0));
        space.lock();
    }

    damage(&place.file, "memory");
    damage(&place.file, "segment");
    assert_eq!(kind(HealthSpace::open(place.file.clone(), secret())), ErrorKind::Corrupt);
    let at = |name: &str| text(&place.dir.join(name));
    let proof = vec![7; 32];
    let restore = |from: &str, to: &str, with_damage| {
        restore_space(at(from), at(to), secret(), "tap".into(), proof.clone(), None, None, with_damage)
    };
    let space = open().unwrap();
    assert_eq!(space.damaged_partitions().unwrap(), ["health"]);
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let context = session.ground(QUESTION.into(), 1500, None, 0).unwrap();
    assert_eq!(context.unread(), 1);
    assert!(context.text().contains("damaged") && context.missing().contains(&"damaged".to_owned()));
    assert_eq!(kind(space.claims()), ErrorKind::Corrupt);
    assert_eq!(kind(space.memories(general())), ErrorKind::Corrupt);
    let found = space.readable_memories(general()).unwrap();
    assert_eq!((found.memories.len(), found.unread), (0, 1));
    let made = space.backup_told(at("parts.hsb")).unwrap();
    assert_eq!((made.left_out, made.entered.as_str()), (None, "log"));
    assert_eq!(kind(restore("parts.hsb", "refused.hs", false)), ErrorKind::Corrupt);
    assert!(restore("parts.hsb", "parts.hs", true).unwrap().emptied.is_empty());
    space.lock();
    drop((context, session, space));

    damage(&place.file, "head");
    damage(&place.file, "head_copy");
    assert_eq!(kind(HealthSpace::open(place.file.clone(), secret())), ErrorKind::Corrupt);
    let space = HealthSpace::open_damaged_by_code(place.file.clone(), code(), None, None).unwrap();
    let mut names = space.damaged_partitions().unwrap();
    names.sort();
    assert_eq!((names, space.partitions().unwrap()), (vec![general(), "health".into()], vec!["health".into()]));
    assert_eq!(kind(space.readable_memories(general())), ErrorKind::NoSuchPartition);
    space.backup(at("whole.hsb")).unwrap();
    let by_code = |to: &str, with_damage| {
        restore_space_by_code(at("whole.hsb"), at(to), code(), "tap".into(), proof.clone(), None, with_damage)
    };
    assert_eq!(kind(by_code("refused.hs", false)), ErrorKind::Corrupt);
    let back: RestoredSpace = by_code("whole.hs", true).unwrap();
    assert_eq!(back.emptied, ["general"]);
    assert!(!format!("{back:?} {back}").contains("general"));
    assert!(back.space.readable_memories(general()).unwrap().memories.is_empty());

    // The anchor may be lost as well.
    let copy = |name: &str| {
        std::fs::copy(&place.file, at(name)).unwrap();
        at(name)
    };
    space.lock();
    drop(space);
    let (first, second) = (copy("first.hs"), copy("second.hs"));
    assert_eq!(kind(recover_space(first.clone(), secret(), "tap".into(), proof.clone(), None)), ErrorKind::Corrupt);
    let recovered = recover_damaged_space(first, secret(), "tap".into(), proof.clone(), None).unwrap();
    assert_eq!((&recovered.emptied[..], recovered.permissions, recovered.broken_logs), (&[general()][..], 1, 0));
    assert!(!format!("{recovered:?} {recovered}").contains("general"));
    let recovered = recover_damaged_space_by_code(second, code(), "tap".into(), proof.clone(), None).unwrap();
    assert_eq!(recovered.space.partitions().unwrap(), ["health", "general"]);

    let space = HealthSpace::open_damaged_by_code(place.file.clone(), code(), None, None).unwrap();
    assert_eq!(kind(space.rotate_keys(secret(), None, None, false)), ErrorKind::Corrupt);
    let rotated = space.rotate_keys(secret(), None, None, true).unwrap();
    assert_eq!(rotated.emptied, ["general"]);
    assert!(!format!("{rotated:?} {rotated}").contains("general"));
    rotated.space.lock();
    let space = HealthSpace::open(place.file.clone(), secret()).unwrap();
    assert_eq!(space.partitions().unwrap(), ["health", "general"]);
}

/// A bad sector: what opens leaves the file, and what does not is said.
#[test]
fn a_backup_of_a_file_with_a_bad_page_says_what_it_lacks() {
    let place = place();
    let space = create_space(place.file.clone(), secret()).unwrap().space;
    import(&space, bundle(1));
    space.lock();
    drop(space);
    let root: i64 = {
        let file = rusqlite::Connection::open(&place.file).unwrap();
        file.query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'", [], |row| row.get(0)).unwrap()
    };
    let mut bytes = std::fs::read(&place.file).unwrap();
    bytes[(root as usize - 1) * 4096..root as usize * 4096].fill(0);
    std::fs::write(&place.file, bytes).unwrap();
    let space = HealthSpace::open_damaged(place.file.clone(), secret(), None, None).unwrap();
    let made = space.backup_told(text(&place.dir.join("b"))).unwrap();
    assert!(made.left_out.unwrap() > 0 && made.entered == "nowhere");
    let to = text(&place.dir.join("r"));
    let back = restore_space(text(&place.dir.join("b")), to, secret(), "tap".into(), vec![7; 32], None, None, true);
    let back = back.unwrap();
    assert_eq!((back.broken_logs, back.refusals), (3, 0));
}
