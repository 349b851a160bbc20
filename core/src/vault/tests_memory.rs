//! What a process holds in memory: another process looks.
#![cfg(target_os = "linux")]

use super::HealthSpace;
use super::tests::unlock;
use super::tx::payload_keys_for_tests;
use super::unlocking::{FullWay, WaysIn};
use crate::crypto::seal::message_key_for_tests;
use crate::crypto::secret::{burn_stack, control};
use crate::environment::Environment;
use crate::keyring::Slot;
use crate::storage::Copy;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

const FILE: &str = "HEALTHSPACE_SCAN_FILE";
const MODE: &str = "HEALTHSPACE_SCAN_MODE";

/// The way into the space of this file: with the device's keystore where its keys lie beside it.
fn way_into(file: &Path) -> crate::keyring::Unlock {
    let keys = file.with_extension("keys");
    if !keys.exists() {
        return unlock();
    }
    unlock().with_device(Arc::new(crate::keyring::SoftwareKeyStore::new(keys)))
}

/// Runs in a process of its own: opens the space as it is told, does what it is told, and waits to be looked at.
#[test]
fn child() {
    let (Ok(file), Ok(mode)) = (std::env::var(FILE), std::env::var(MODE)) else { return };
    let mode: Vec<&str> = mode.split(", ").collect();
    let is = |word: &str| mode.contains(&word);
    control::KEEP_KEYS.store(is("keys unwiped"), SeqCst);
    control::KEEP_STACK.store(is("stack unwiped"), SeqCst);
    if is("message") {
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let sealed: Vec<u8> = file.as_bytes().chunks(2).map(byte).collect();
        open_below(4, &sealed);
        burn_stack();
        return wait();
    }
    let unlock = way_into(file.as_ref());
    let space = match mode[0] {
        limited if limited.len() == 64 => {
            let secret = *crate::id::SourceId::from_hex(limited).unwrap().as_bytes();
            let by = crate::keyring::Unlock::limited(secret.to_vec());
            HealthSpace::open(&file, &by, Environment::default()).unwrap()
        }
        "general" => HealthSpace::open_partitions(&file, &unlock, Environment::default(), &["general"]).unwrap(),
        _ if is("idle") => {
            let lock_after = Some(std::time::Duration::from_millis(10));
            HealthSpace::open(&file, &unlock, Environment { lock_after, ..Environment::default() }).unwrap()
        }
        _ => HealthSpace::open(&file, &unlock, Environment::default()).unwrap(),
    };
    if is("used") {
        super::tests::allow(&space, crate::record::Category::ALL);
        let session = space.session(super::tests::model(), crate::label::Purpose::PatientRequest).unwrap();
        // Enough for the manifest to grow and for segments to be merged.
        for n in 0..20 {
            session.remember_in("health", &format!("note {n}")).unwrap();
        }
        session.query(&crate::catalog::Query::default()).unwrap();
        drop(session);
        for of in [super::LogOf::Space, super::LogOf::Partition("health")] {
            space.log(of).unwrap();
            space.receipt(of, 0).unwrap();
            space.checkpoint(of).unwrap();
        }
    }
    if is("closed") {
        space.close();
    }
    if is("suspended") {
        space.suspend();
    }
    if is("idle") {
        std::thread::sleep(std::time::Duration::from_millis(30));
        assert!(space.lock_if_idle());
    }
    wait();
    drop(space);
}

/// To be looked at.
fn wait() {
    println!("ready");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// Opens a message at some depth, where nothing that comes later stands.
#[inline(never)]
fn open_below(depth: usize, sealed: &[u8]) {
    let room = [1u8; 4096];
    std::hint::black_box(&room);
    if depth > 0 {
        open_below(depth - 1, sealed);
    } else {
        assert!(crate::crypto::seal::open(&[0xd7; 32], b"context", sealed).is_ok());
    }
    std::hint::black_box(&room);
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

/// A key as it may stand in memory: plain or as HMAC pads it, each as it is and as SHA-2 reads its words.
fn forms(key: &[u8; 32]) -> Vec<[u8; 32]> {
    let padded = [0, 0x36, 0x5c].map(|pad: u8| key.map(|b| b ^ pad));
    let turned = |form: &[u8; 32], word: usize| -> [u8; 32] {
        let turned: Vec<u8> = form.chunks(word).flat_map(|w| w.iter().rev().copied()).collect();
        turned.try_into().unwrap()
    };
    padded.iter().flat_map(|form| [1, 4, 8].map(|word| turned(form, word))).collect()
}

/// How often each of the keys stands in the readable memory of a process, by either half: an allocator writes over the
/// first bytes of what is freed.
fn found(child: &Child, keys: &[[u8; 32]]) -> Vec<usize> {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let (mut hits, mut bytes) = (vec![0; keys.len()], 0);
    for line in maps.lines().filter(|l| l.split(' ').nth(1).is_some_and(|p| p.starts_with("rw"))) {
        let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut region = vec![0; usize::try_from(to - from).unwrap()];
        if memory.seek(SeekFrom::Start(from)).is_err() || memory.read_exact(&mut region).is_err() {
            continue;
        }
        bytes += region.len();
        for (hits, key) in hits.iter_mut().zip(keys) {
            let mut places = std::collections::BTreeSet::new();
            for form in forms(key) {
                places.extend(memchr::memmem::find_iter(&region, &form[..16]).map(|at| at + 16));
                places.extend(memchr::memmem::find_iter(&region, &form[16..]));
            }
            *hits += places.len();
        }
    }
    assert!(bytes > 1 << 20, "only {bytes} bytes of memory could be read");
    hits
}

fn look_at_each(file: &Path, mode: &str, keys: &[[u8; 32]]) -> Vec<usize> {
    let mut child = start(file, mode);
    let hits = found(&child, keys);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    child.wait().unwrap();
    hits
}

fn look(file: &Path, mode: &str, keys: &[[u8; 32]]) -> usize {
    look_at_each(file, mode, keys).iter().sum()
}

impl HealthSpace {
    /// What passes through the hands of a call and is kept by none: of the way in, and of the log of `health`.
    fn passing_for_tests(&self, unlock: &crate::keyring::Unlock) -> Vec<(&'static str, [u8; 32])> {
        let state = self.inner.peek().unwrap();
        let (txn, _) = self.inner.read().unwrap();
        let rows = txn.slots(Copy::First).unwrap();
        let FullWay { row, id, srk, vrk, .. } = WaysIn::new(unlock).next(&*txn).unwrap().full().unwrap();
        let slot = Slot::decode(&rows.iter().find(|r| r.id == id).unwrap().body).unwrap();
        let mut all = row.stretch(unlock).unwrap().secrets_for_tests(&slot);
        all.push(("space's root", *srk.expose()));
        all.push(("epoch's root", *vrk.expose()));
        all.push(("epoch's wrapping key", *crate::crypto::kdf::wrap_key(&vrk).unwrap().expose()));
        if row.kept.is_some() {
            all.push(("epoch's secret", *row.epoch_secret.unwrap().expose()));
        }
        let (base, health) = (&self.inner.base, &state.partitions[0]);
        for scope in [health, state.system.as_ref().unwrap()] {
            let seed = scope.seed_of(base, &*txn, &scope.manifest.seed).unwrap();
            all.push(("seed of a log", seed.as_slice().try_into().unwrap()));
            all.extend(payload_keys_for_tests(base, &*txn, scope).into_iter().map(|k| ("key of an entry", k)));
        }
        all
    }
}

/// Kept by no handle, looked for while it is open and after it was closed; and the look is looked at: where nothing is
/// wiped, each is found.
#[test]
fn what_a_call_has_in_its_hands_goes_with_it() {
    for device in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("me.hs");
        if device {
            std::fs::create_dir(file.with_extension("keys")).unwrap();
        }
        let by = way_into(&file);
        let (space, _) = HealthSpace::create(&file, &by, Environment::default()).unwrap();
        super::tests::fill(&space);
        let mut passing = space.passing_for_tests(&by);
        if device {
            for key in std::fs::read_dir(file.with_extension("keys")).unwrap() {
                passing.push(("key of the keystore", std::fs::read(key.unwrap().path()).unwrap().try_into().unwrap()));
            }
        }
        let names: std::collections::BTreeSet<&str> = passing.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), if device { 10 } else { 7 }, "{names:?}");
        drop(space);
        let keys: Vec<[u8; 32]> = passing.iter().map(|(_, key)| *key).collect();
        let told = |mode: &str| {
            let mut by_name = std::collections::BTreeMap::new();
            for (n, (name, _)) in look_at_each(&file, mode, &keys).into_iter().zip(&passing) {
                *by_name.entry(*name).or_insert(0) += n;
            }
            by_name
        };
        for mode in ["full", "full, closed", "full, idle", "used, closed", "used, suspended"] {
            let there: Vec<_> = told(mode).into_iter().filter(|(_, n)| *n > 0).collect();
            assert!(there.is_empty(), "{mode}: {there:?}");
        }
        // The control: each would have been found.
        let lacking: Vec<_> = told("used, keys unwiped, closed").into_iter().filter(|(_, n)| *n == 0).collect();
        assert!(lacking.is_empty(), "unwiped, and not found: {lacking:?}");
    }
}

/// The cryptographic library's own copies: of the key of a message, which nobody but it is given.
#[test]
fn the_stack_holds_a_key_until_it_is_burnt() {
    let key = [0xd7; 32];
    let sealed = crate::crypto::seal::seal(&key, b"context", b"content").unwrap();
    let given = [message_key_for_tests(&key, b"context", &sealed)];
    let hex: String = sealed.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(look(hex.as_ref(), "message", &given), 0);
    let left = look(hex.as_ref(), "message, stack unwiped", &given);
    // AWS-LC overwrites its own.
    assert!(left >= 1 || crate::CRYPTO_BACKEND != "ring", "ring left nothing to burn");
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
    for mode in ["full, closed", "used, closed", "full, suspended", "used, suspended"] {
        assert_eq!(look(&file, mode, &keys), 0, "{mode}");
    }
    // And where it is closed without wiping: so the look that found none would have found one.
    assert!(look(&file, "full, keys unwiped, closed", &keys) >= 1);
    assert!(look(&file, "used, keys unwiped, stack unwiped, closed", &keys) >= 1);
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
    for mode in ["full, closed", "full, suspended", "full, idle"] {
        assert_eq!(look(mode, &outside), 0, "{mode}");
        assert_eq!(look(mode, &general), 0, "{mode}");
    }
    let unwiped = "full, keys unwiped, stack unwiped, closed";
    assert!(look(unwiped, &outside) >= 1 && look(unwiped, &general) >= 1);
}
