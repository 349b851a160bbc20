//! Steps of a release that cannot be left out or faked: none of the programs in `permits/` may compile.
//!
//! A release takes a permit by value, and a permit and an audited value have private fields and no
//! constructor. Each program says at the end of a line what the compiler must find there, `//~ E0382`, and it
//! must find nothing else. They are compiled against the library that these tests were built with: a crate
//! of their own would build everything below it once more, for longer than all other tests of the kind take.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/permits");

/// Line and message of everything that the compiler says is wrong with a program.
fn errors(program: &Path, library: &Path) -> BTreeSet<(usize, String)> {
    let out = tempfile::tempdir().unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let run = Command::new(rustc)
        .args(["--edition", "2024", "--emit", "metadata", "--error-format", "short", "--cap-lints", "allow"])
        .arg("--out-dir")
        .arg(out.path())
        .arg("--extern")
        .arg(format!("healthspace={}", library.display()))
        .arg("-L")
        .arg(format!("dependency={}", library.parent().unwrap().display()))
        .arg(program)
        .output()
        .expect("the compiler that built this is there");
    let said = String::from_utf8(run.stderr).unwrap();
    // `path:line:column: error[E0382]: message`; the last line only counts them.
    let error = |line: &str| {
        let (place, message) = line.split_once(": error")?;
        let number = place.rsplit(':').nth(1)?.parse().ok()?;
        Some((number, message.to_owned()))
    };
    let found: BTreeSet<_> = said.lines().filter_map(error).collect();
    assert_eq!(run.status.success(), found.is_empty(), "{}: {said}", program.display());
    found
}

/// The library of this build: the newest one that a program which may compile does compile against.
fn library() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    let is_library = |p: &PathBuf| {
        let name = p.file_name().unwrap().to_string_lossy();
        name.starts_with("libhealthspace-") && name.ends_with(".rlib")
    };
    let files = fs::read_dir(exe.parent().unwrap()).unwrap().map(|e| e.unwrap().path()).filter(is_library);
    let mut all: Vec<(SystemTime, PathBuf)> =
        files.map(|p| (fs::metadata(&p).unwrap().modified().unwrap(), p)).collect();
    all.sort();
    let control = Path::new(PROGRAMS).join("compiles/looks.rs");
    let fits = |p: &PathBuf| std::panic::catch_unwind(|| errors(&control, p)).is_ok_and(|e| e.is_empty());
    all.into_iter().rev().map(|(_, p)| p).find(fits).expect("a library beside these tests")
}

#[test]
fn permits_cannot_be_made_copied_or_used_twice() {
    let library = library();
    let mut programs = 0;
    for entry in fs::read_dir(PROGRAMS).unwrap() {
        let program = entry.unwrap().path();
        if program.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let text = fs::read_to_string(&program).unwrap();
        let marks = |(i, line): (usize, &str)| -> Vec<_> {
            line.split("//~ ").skip(1).map(|m| (i + 1, m.trim().to_owned())).collect()
        };
        let mut wanted: Vec<(usize, String)> = text.lines().enumerate().flat_map(marks).collect();
        assert!(!wanted.is_empty(), "{} says nothing that must be found", program.display());
        for (line, message) in errors(&program, &library) {
            let at = wanted.iter().position(|(l, mark)| *l == line && message.contains(mark.as_str()));
            let at = at.unwrap_or_else(|| panic!("{}:{line}: {message}", program.display()));
            wanted.remove(at);
        }
        assert!(wanted.is_empty(), "{}: not found: {wanted:?}", program.display());
        programs += 1;
    }
    assert_eq!(programs, 10);
}
