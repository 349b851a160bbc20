//! The program as a user runs it: output, exit codes, and what it leaves behind.
#![allow(clippy::unwrap_used)]

use healthspace_examples::person;
use std::fs;
use std::process::{Command, Output};

fn story(dir: &std::path::Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_story"))
        .args(args)
        .current_dir(dir)
        .env("TMPDIR", dir)
        .env_remove("HEALTHSPACE_PASSPHRASE")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_invented_person_is_asked_about_and_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let out = story(dir.path(), &["--person"]);
    let (context, told) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(0), "{told}");
    assert!(context.contains("LDL") && context.contains("simvastatin") && context.contains("2.55"), "{context}");
    assert!(context.contains("[r:1]") && context.contains("person.json, bytes "), "{context}");
    assert!(told.contains("refused in `general`") && told.contains("is refused now"), "{told}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "something is left behind");
}

/// With laboratory results alone granted, nothing says that there is a statin.
#[test]
fn a_narrow_grant_hides_the_statin() {
    let dir = tempfile::tempdir().unwrap();
    let out = story(dir.path(), &["--person", "--categories", "laboratory", "--question", "How did my LDL change?"]);
    assert_eq!(out.status.code(), Some(0));
    assert!(text(&out.stdout).contains("2.55"));
    assert!(!text(&out.stdout).to_lowercase().contains("statin"));
}

#[test]
fn a_kept_space_is_opened_again_in_french() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("pass"), "quatre mots et un peu plus\n").unwrap();
    fs::write(dir.path().join("a.json"), person::bundle()).unwrap();
    let args = ["--space", "me.hs", "--passphrase-file", "pass", "--lang", "fr", "a.json"];
    for known in [false, true] {
        let out = story(dir.path(), &args);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        assert_eq!(text(&out.stderr).contains("imported before: nothing to do"), known);
        assert!(text(&out.stdout).contains("2,55"), "{}", text(&out.stdout));
    }
    fs::write(dir.path().join("pass"), "un autre\n").unwrap();
    let out = story(dir.path(), &args);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0));
}

#[test]
fn failures_and_wrong_usage_have_their_codes() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.txt"), "not health data\n").unwrap();
    fs::write(dir.path().join("a.json"), person::bundle()).unwrap();
    for (args, code) in [
        (&["--help"][..], 0),
        (&[], 2),
        (&["--space", "x.hs", "a.json"], 2),
        (&["nowhere.json"], 1),
        (&["bad.txt", "a.json"], 1),
    ] {
        let out = story(dir.path(), args);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {}", text(&out.stderr));
    }
}
