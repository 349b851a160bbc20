//! What a process holds in memory: another process looks.
#![cfg(target_os = "linux")]

use super::HealthSpace;
use super::tests::unlock;
use crate::environment::Environment;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const FILE: &str = "HEALTHSPACE_SCAN_FILE";
const MODE: &str = "HEALTHSPACE_SCAN_MODE";

/// Runs in a process of its own: opens the space as it is told and waits to be looked at.
#[test]
fn child() {
    let (Ok(file), Ok(mode)) = (std::env::var(FILE), std::env::var(MODE)) else { return };
    let space = match mode.as_str() {
        limited if limited.len() == 64 => {
            let secret = *crate::id::SourceId::from_hex(limited).unwrap().as_bytes();
            let by = crate::keyring::Unlock::limited(secret.to_vec());
            HealthSpace::open(&file, &by, Environment::default()).unwrap()
        }
        "general" => HealthSpace::open_partitions(&file, &unlock(), Environment::default(), &["general"]).unwrap(),
        "idle" => {
            let lock_after = Some(std::time::Duration::from_millis(10));
            HealthSpace::open(&file, &unlock(), Environment { lock_after, ..Environment::default() }).unwrap()
        }
        _ => HealthSpace::open(&file, &unlock(), Environment::default()).unwrap(),
    };
    if mode.starts_with("used") {
        super::tests::allow(&space, crate::record::Category::ALL);
        let session = space.session(super::tests::model(), crate::label::Purpose::PatientRequest).unwrap();
        // Enough for the manifest to grow and for segments to be merged.
        for n in 0..20 {
            session.remember_in("health", &format!("note {n}")).unwrap();
        }
        session.query(&crate::catalog::Query::default()).unwrap();
        drop(session);
        space.log(super::LogOf::Partition("health")).unwrap();
        space.receipt(super::LogOf::Partition("health"), 0).unwrap();
    }
    if mode.ends_with("closed") {
        space.close();
    }
    if mode.ends_with("suspended") {
        space.suspend();
    }
    if mode.ends_with("idle") {
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(space.lock_if_idle());
    }
    println!("ready");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    drop(space);
}

fn start(file: &Path, mode: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vault::tests_memory::child", "--nocapture"])
        .env(FILE, file)
        .env(MODE, mode)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "the child ended early");
    }
    child
}

/// How often each of the keys stands in the readable memory of a process, plain or as HMAC pads it.
fn found(child: &Child, keys: &[[u8; 32]]) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let padded = |pad: u8| keys.iter().map(move |k| k.map(|b| b ^ pad));
    let forms: Vec<[u8; 32]> = padded(0).chain(padded(0x36)).chain(padded(0x5c)).collect();
    let (mut hits, mut bytes) = (0, 0);
    for line in maps.lines().filter(|l| l.split(' ').nth(1).is_some_and(|p| p.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut region = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_err() || memory.read_exact(&mut region).is_err() {
            continue;
        }
        bytes += region.len();
        hits += forms.iter().map(|f| memchr::memmem::find_iter(&region, f).count()).sum::<usize>();
    }
    assert!(bytes > 1 << 20, "only {bytes} bytes of memory could be read");
    hits
}

fn look(file: &Path, mode: &str, keys: &[[u8; 32]]) -> usize {
    let mut child = start(file, mode);
    let hits = found(&child, keys);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    child.wait().unwrap();
    hits
}

#[test]
fn closing_leaves_no_key_of_a_log() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), Environment::default()).unwrap();
    let keys = [space.log_key_for_tests("health"), space.log_key_for_tests("general")];
    // The control: the scan finds them while they are there, and in few places.
    for mode in ["full", "used"] {
        let open = look(&file, mode, &keys);
        assert!((2..=8).contains(&open), "{open} copies while {mode}");
    }
    for mode in ["closed", "used, closed", "suspended", "used, suspended"] {
        assert_eq!(look(&file, mode, &keys), 0, "{mode}");
    }
}

#[test]
fn a_handle_of_one_partition_holds_no_key_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("me.hs");
    let (space, _) = HealthSpace::create(&file, &unlock(), Environment::default()).unwrap();
    let derived = space.keys_for_tests(&unlock())[0].len();
    super::tests::fill(&space);
    let [health, general, root] = space.keys_for_tests(&unlock());
    // A key for each group of what was imported: each is found where it should be, and nowhere else.
    let (scope, groups) = health.split_at(derived);
    assert!(groups.len() >= 2 && groups.iter().all(|key| look(&file, "full", &[*key]) >= 1));
    assert!(scope[derived - 2..].iter().all(|key| look(&file, "full", &[*key]) >= 1), "those of its log and ids");
    let mut outside = health.clone();
    outside.extend(root);
    let look = |mode: &str, keys: &[[u8; 32]]| look(&file, mode, keys);
    // The control: the scan finds a key that is there.
    assert!(look("full", &health) >= 3);
    assert!(look("general", &general) >= 3);
    assert_eq!(look("general", &outside), 0);
    let (secret, _) = space.add_limited_way_in(&unlock(), &["general"]).unwrap();
    let limited = crate::id::SourceId(secret.expose().try_into().unwrap()).to_hex();
    assert!(look(&limited, &general) >= 3);
    assert_eq!(look(&limited, &outside), 0);
    for mode in ["closed", "suspended", "idle"] {
        assert_eq!(look(mode, &outside), 0, "{mode}");
        assert_eq!(look(mode, &general), 0, "{mode}");
    }
}
