//! A process that makes backups and restores them is killed again and again.

use super::tests::{allow, clock, gesture, unlock};
use super::tests_backup::{Place, held, import, options};
use super::*;
use crate::record::Category;
use std::path::Path;
use std::time::Duration;

const ROLE: &str = "HEALTHSPACE_TEST_BACKUP";

/// The other process. Without a role it has nothing to do.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(ROLE).map(std::path::PathBuf::from) else { return };
    let space = HealthSpace::open(dir.join("me.hs"), &unlock(), clock().0).unwrap();
    for n in 0.. {
        let name = |kind: &str| dir.join(format!("{kind}-{}-{n}", std::process::id()));
        space.backup_to(name("b")).unwrap();
        HealthSpace::restore(name("b"), name("r"), &unlock(), clock().0, &options()).unwrap();
    }
}

/// Every file that has its name is whole; how many backups and spaces there were.
fn judge(dir: &Path, want: &[(crate::id::RecordId, Vec<u8>)]) -> (usize, usize) {
    let names: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    let (mut backups, mut spaces) = (0, 0);
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap();
        let space = match name {
            _ if name.contains(".part") || name.ends_with("-wal") || name.ends_with("-shm") => continue,
            _ if name.starts_with('b') => {
                backups += 1;
                let to = dir.join("judged");
                let (space, restored) = HealthSpace::restore(&path, &to, &unlock(), clock().0, &options()).unwrap();
                assert!(restored.read.is_whole());
                space
            }
            _ if name.starts_with('r') => {
                spaces += 1;
                let space = HealthSpace::open(&path, &unlock(), clock().0).unwrap();
                assert!(space.check().unwrap().is_whole());
                space
            }
            _ => continue,
        };
        space.confirm_all_permissions(gesture()).unwrap();
        assert!(held(&space) == want, "{name}");
        drop(space);
        for file in [name, "judged"] {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(dir.join(format!("{file}{suffix}")));
            }
        }
    }
    (backups, spaces)
}

#[test]
fn whoever_is_killed_leaves_whole_files_or_none() {
    let t = Place::new(clock().0);
    allow(&t.space, Category::ALL);
    import(&t.space, 0..500);
    let want = held(&t.space);
    let dir = t.at("me.hs").parent().unwrap().to_owned();
    let (mut backups, mut spaces, mut parts) = (0, 0, 0);
    let enough = |b: usize, s: usize, p: usize| b > 3 && s > 1 && p > 2;
    for n in 0..60u64 {
        if n >= 8 && enough(backups, spaces, parts) {
            break;
        }
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "vault::tests_backup_kill::child", "--nocapture"]).env(ROLE, &dir);
        let mut child = child.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(250 + n * 83 % 500));
        child.kill().unwrap();
        child.wait().unwrap();
        parts += std::fs::read_dir(&dir)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".part"))
            .count();
        let (b, s) = judge(&dir, &want);
        (backups, spaces) = (backups + b, spaces + s);
    }
    assert!(t.space.check().unwrap().is_whole() && held(&t.space) == want);
    assert!(t.space.known_copies().unwrap().len() >= backups);
    assert!(enough(backups, spaces, parts), "{backups} {spaces} {parts}");
}
