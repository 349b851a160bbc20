//! What the shared library exports, and its SONAME. `HS_BLESS=1` writes the list anew.
#![cfg(target_os = "linux")]

mod common;

use std::process::Command;

#[test]
fn the_exported_symbols_are_those_of_the_list() {
    let lib = common::built().join("libhealthspace_c.so");
    let out = common::run(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(&lib));
    let mut names: Vec<String> = String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .filter_map(|l| l.split_whitespace().next().map(str::to_owned))
        .collect();
    names.sort();
    let text = names.join("\n") + "\n";
    let file = common::root().join("abi-symbols.txt");
    if std::env::var_os("HS_BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    assert!(names.iter().all(|n| n.starts_with("hs_")));
    // Everything that the header declares is there, and nothing else.
    let header = std::fs::read_to_string(common::root().join("include/healthspace.h")).unwrap();
    for name in &names {
        assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
    }
}

#[test]
fn the_library_says_under_which_name_it_is_loaded() {
    let lib = common::built().join("libhealthspace_c.so");
    let out = common::run(Command::new("readelf").arg("-d").arg(&lib));
    assert!(String::from_utf8_lossy(&out.stdout).contains("[libhealthspace_c.so.0]"));
}
