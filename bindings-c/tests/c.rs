//! The story in C: compiled strictly as C99 and as C++17, linked both ways, run, and run again
//! under valgrind.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::path::Path;
use std::process::Command;

const STRICT: &[&str] = &["-g", "-pedantic", "-Wall", "-Wextra", "-Werror"];

/// The story, and a keystore of the host.
const PROGRAMS: [&str; 2] = ["smoke", "keystore"];

fn build(program: &str, compiler: &str, language: &[&str], how: &str, to: &Path) -> std::path::PathBuf {
    let built = common::built();
    let exe = to.join(format!("{program}-{compiler}-{how}"));
    let mut c = Command::new(compiler);
    c.args(language).args(STRICT).arg("-I").arg(common::root().join("include"));
    c.arg(common::root().join(format!("tests/{program}.c"))).arg("-o").arg(&exe);
    if how == "static" {
        c.args(["-x", "none"]).arg(built.join("libhealthspace_c.a")).args(["-lpthread", "-ldl", "-lm"]);
    } else {
        // The loader asks for the SONAME.
        let _ = std::os::unix::fs::symlink(built.join("libhealthspace_c.so"), to.join("libhealthspace_c.so.0"));
        c.args(["-x", "none"]).arg(built.join("libhealthspace_c.so")).arg(format!("-Wl,-rpath,{}", to.display()));
    }
    common::run(&mut c);
    exe
}

fn story(exe: &Path, to: &Path) -> Command {
    let space = to.join(format!("{}.hs", exe.file_name().unwrap().to_string_lossy()));
    let _ = std::fs::remove_file(&space);
    let mut c = Command::new(exe);
    c.arg(space);
    c
}

#[test]
fn the_story_in_c99_and_in_cpp17_linked_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    for (program, how) in PROGRAMS.into_iter().flat_map(|p| ["shared", "static"].map(|how| (p, how))) {
        let c = build(program, "gcc", &["-std=c99"], how, dir.path());
        common::run(&mut story(&c, dir.path()));
        let cpp = build(program, "g++", &["-x", "c++", "-std=c++17"], how, dir.path());
        common::run(&mut story(&cpp, dir.path()));
    }
}

/// Damages rows of a space that nobody has open.
fn damage(space: &Path, statements: &str) {
    let file = rusqlite::Connection::open(space).unwrap();
    file.execute_batch(statements).unwrap();
}

#[test]
fn a_damaged_space_is_opened_restored_and_told_in_c99_and_in_cpp17() {
    let dir = tempfile::tempdir().unwrap();
    for (compiler, language) in [("gcc", &["-std=c99"][..]), ("g++", &["-x", "c++", "-std=c++17"])] {
        let exe = build("damaged", compiler, language, "static", dir.path());
        let space = dir.path().join(format!("{compiler}.hs"));
        let run = |step: &str| common::run(Command::new(&exe).arg(&space).arg(step));
        run("make");
        // Of the partitions `health` alone has a segment that is a row of its own.
        let health = "SELECT scope FROM row WHERE class = 2";
        damage(
            &space,
            &format!(
                "UPDATE row SET sealed = zeroblob(length(sealed)) WHERE class = 1 AND scope NOT IN ({health})
                     AND scope NOT IN (SELECT scope FROM row WHERE class = 11);
                 UPDATE row SET sealed = zeroblob(length(sealed)) WHERE class = 2"
            ),
        );
        run("parts");
        let general = format!("scope NOT IN ({health}) AND scope NOT IN (SELECT scope FROM row WHERE class = 11)");
        let heads = format!(
            "UPDATE head SET body = zeroblob(length(body)) WHERE {general};
             UPDATE head_copy SET body = zeroblob(length(body)) WHERE {general}"
        );
        damage(&space, &heads);
        run("partition");
        damage(&space, &heads);
        run("lost");
        let root: i64 = {
            let file = rusqlite::Connection::open(&space).unwrap();
            let asked = "SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'";
            file.query_row(asked, [], |row| row.get(0)).unwrap()
        };
        let mut bytes = std::fs::read(&space).unwrap();
        bytes[(root as usize - 1) * 4096..root as usize * 4096].fill(0);
        std::fs::write(&space, bytes).unwrap();
        run("page");
    }
}

#[test]
fn the_story_under_valgrind_leaks_nothing() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED: valgrind is not installed; memory errors and leaks of the C binding were NOT looked for");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for program in PROGRAMS {
        let exe = build(program, "gcc", &["-std=c99"], "static", dir.path());
        let run = story(&exe, dir.path());
        let mut v = Command::new("valgrind");
        v.args(["--quiet", "--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect"]);
        v.arg(run.get_program()).args(run.get_args());
        common::run(&mut v);
    }
}
