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
    for step in [
        "refused in `general`",
        "is refused now",
        "asked again: refused, it is used up",
        "What changes is its end",
        "facts, once more",
        "the model asks to pass it on: refused",
        "it stands in `general` as well",
        "the log as a whole still hold",
        "freshness (configured)",
        "not proven: that it has no faults",
    ] {
        assert!(told.contains(step), "{step}\n{told}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "something is left behind");
}

#[test]
fn evidence_is_left_where_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let out = story(dir.path(), &["--person", "--evidence", "q3.hsev"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let keys = fs::read_to_string(dir.path().join("q3.hsev.keys")).unwrap();
    let file = fs::read(dir.path().join("q3.hsev")).unwrap();
    let report = healthspace::evidence::verify_evidence(&file, &keys.lines().collect::<Vec<_>>()).unwrap();
    let again = story(dir.path(), &["--person", "--evidence", "q3.hsev"]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("there already") && fs::read(dir.path().join("q3.hsev")).unwrap() == file);
    // Three answers, and what the person looked at.
    assert_eq!(report.disclosures.len(), 4);
    assert!(text(&out.stderr).contains("no withdrawal before it, in the log shown"));
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
        assert!(text(&out.stderr).contains("no anchor would notice") && !dir.path().join("me.hs.anchor").exists());
        assert!(text(&out.stdout).contains("2,55"), "{}", text(&out.stdout));
    }
    fs::write(dir.path().join("pass"), "un autre\n").unwrap();
    let out = story(dir.path(), &args);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0));
}

/// A space that is kept keeps its anchor, and is opened with it again.
#[test]
fn a_space_with_an_anchor_beside_it_is_opened_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = story(dir.path(), &["--person", "--keep"]);
    let told = text(&first.stderr);
    assert_eq!(first.status.code(), Some(0), "{told}");
    let words = told.lines().find_map(|l| l.trim().strip_prefix("passphrase of this space: ")).unwrap();
    fs::write(dir.path().join("pass"), words).unwrap();
    fs::write(dir.path().join("a.json"), person::bundle()).unwrap();
    let made = fs::read_dir(dir.path()).unwrap().find_map(|e| Some(e.unwrap().path()).filter(|p| p.is_dir())).unwrap();
    let space = made.join("me.hs").to_string_lossy().into_owned();
    let again = story(dir.path(), &["--space", &space, "--passphrase-file", "pass", "a.json"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("asked again: refused, it is used up"));
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

/// A file's name is somebody else's text: a terminal must not obey it.
#[test]
fn a_file_name_is_printed_without_control_characters() {
    let dir = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[31m\u{202e}.json";
    fs::write(dir.path().join(name), person::bundle()).unwrap();
    let out = story(dir.path(), &[name, "no\u{1b}[2Jwhere.json"]);
    assert_eq!(out.status.code(), Some(1));
    let all = text(&out.stdout) + &text(&out.stderr);
    assert!(all.contains("\\u{1b}[31m\\u{202e}.json"), "{all}");
    assert!(!all.contains('\u{1b}') && !all.contains('\u{202e}'));
}

/// Nothing could be read: there is no story to tell, and the error is the last word.
#[test]
fn without_a_readable_file_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.txt"), "not health data\n").unwrap();
    let out = story(dir.path(), &["bad.txt", "nowhere.json"]);
    let told = text(&out.stderr);
    assert_eq!((out.status.code(), out.stdout.len()), (Some(1), 0));
    assert!(told.trim_end().lines().last().unwrap().contains("none of the files could be imported"), "{told}");
    assert!(!told.contains("The notice") && !told.contains("Grounding"), "{told}");
}

/// A name that was mistyped leaves no empty space behind.
#[test]
fn no_space_is_made_for_files_that_are_not_there() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("pass"), "four words and some more\n").unwrap();
    let out = story(dir.path(), &["--space", "me.hs", "--passphrase-file", "pass", "nowhere.json", "x/y.json"]);
    let told = text(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{told}");
    assert!(told.contains("Importing nowhere.json") && told.contains("Importing y.json"), "{told}");
    assert!(
        told.contains("not imported: ") && told.contains("nothing to tell of") && !told.contains("space\n"),
        "{told}"
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
