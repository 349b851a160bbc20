//! The committed header is what cbindgen makes of the sources. `HS_BLESS=1` writes it anew.

mod common;

#[test]
fn the_header_has_not_drifted() {
    let config = cbindgen::Config::from_file(common::root().join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    // In the order of the story.
    for part in [
        "error", "buffer", "space", "import", "consent", "session", "memory", "told", "backup", "keystore", "erase",
        "damaged",
    ] {
        builder = builder.with_src(common::root().join(format!("src/{part}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    let file = common::root().join("include/healthspace.h");
    if std::env::var_os("HS_BLESS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read(&file).unwrap();
    assert!(kept == text, "include/healthspace.h has drifted: run HS_BLESS=1 cargo test -p healthspace-c");
}
