//! The shape of the source: which module may see which, how long a file may be, what a folder's
//! first lines say, and that no committed text names the machine it was written on.
//!
//! Test code is left out of the first two: it may build fixtures from anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::string_slice)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The layers, the lowest first. A module sees what stands lower, and itself.
const LAYERS: [&[&str]; 8] = [
    &["error", "id", "label", "lang", "codec", "environment"],
    &["crypto", "record"],
    &["keyring", "storage", "ledger", "partition"],
    &["consent", "audit", "import", "catalog", "lexicon"],
    &["policy"],
    &["vault"],
    &["grounding", "export", "erase", "evidence"],
    // Behind features: what fuzzing and timing call.
    &["fuzz_internals", "timing_internals"],
];
/// The words of layer 0 that the others of layer 0 are made of.
const FIRST_WORDS: [&str; 2] = ["error", "id"];

/// Forbidden although they lead downwards: storage cannot decrypt, hostile input meets no key.
const NEVER: [(&str, &[&str]); 5] = [
    ("storage", &["crypto", "keyring", "record"]),
    ("import", &["crypto", "keyring", "storage"]),
    ("catalog", &["crypto", "keyring", "storage"]),
    ("lexicon", &["crypto", "keyring", "storage"]),
    ("policy", &["crypto", "keyring", "storage"]),
];
/// Outer crates that one module alone may use.
const KEPT_IN: [(&str, &str); 6] = [
    ("ring", "crypto"),
    ("aws_lc_rs", "crypto"),
    ("getrandom", "crypto"),
    ("argon2", "crypto"),
    ("rusqlite", "storage"),
    ("quick_xml", "import"),
];

const LONGEST: usize = 600;
const MEDIAN: usize = 250;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

/// The text with comments and the insides of literals blanked; line breaks stay.
fn code_of(text: &str) -> String {
    let b: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let at = |i: usize| b.get(i).copied().unwrap_or('\0');
    let mut i = 0;
    while i < b.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < b.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                if at(i) == '/' && at(i + 1) == '*' {
                    depth += 1;
                    i += 2;
                } else if at(i) == '*' && at(i + 1) == '/' {
                    depth -= 1;
                    i += 2;
                } else {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                if depth == 0 || i >= b.len() {
                    break;
                }
            }
        } else if let Some(end) = raw_string(&b, i) {
            out.push_str("\"\"");
            out.extend(b[i..end].iter().filter(|c| **c == '\n'));
            i = end;
        } else if c == '"' {
            out.push_str("\"\"");
            i += 1;
            while i < b.len() && at(i) != '"' {
                let step = if at(i) == '\\' { 2 } else { 1 };
                out.extend((i..i + step).map(at).filter(|c| *c == '\n'));
                i += step;
            }
            i += 1;
        } else if c == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character, not a lifetime.
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < b.len() && at(i) != '\'' {
                i += 1;
            }
            out.push_str("' '");
            i += 1;
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// Where the raw string that begins here ends.
fn raw_string(b: &[char], r: usize) -> Option<usize> {
    let before = |n: usize| r.checked_sub(n).and_then(|i| b.get(i)).copied().unwrap_or(' ');
    if b[r] != 'r' || is_word(before(1)) && (before(1) != 'b' || is_word(before(2))) {
        return None;
    }
    let hashes = b[r + 1..].iter().take_while(|c| **c == '#').count();
    let mut i = r + 1 + hashes;
    if b.get(i) != Some(&'"') {
        return None;
    }
    i += 1;
    while i < b.len() {
        if b[i] == '"' && b[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return Some(i + 1 + hashes);
        }
        i += 1;
    }
    Some(b.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Cuts out every item behind `#[cfg(test)]`; gives what is left and the modules declared there.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let (mut out, mut modules, mut rest) = (String::new(), Vec::new(), code);
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let end = match (item.find(';'), item.find('{')) {
            (Some(semicolon), brace) if brace.is_none_or(|b| semicolon < b) => {
                let words: Vec<&str> = item[..semicolon].split_whitespace().collect();
                if let Some(m) = words.iter().position(|w| *w == "mod") {
                    modules.extend(words.get(m + 1).map(|s| (*s).to_owned()));
                }
                semicolon + 1
            }
            (_, Some(brace)) => {
                let mut depth = 0;
                let close = item.char_indices().skip_while(|(i, _)| *i < brace).find(|(_, c)| {
                    depth += i32::from(*c == '{') - i32::from(*c == '}');
                    depth == 0
                });
                close.map_or(item.len(), |(i, _)| i + 1)
            }
            _ => item.len(),
        };
        rest = &item[end..];
    }
    out.push_str(rest);
    (out, modules)
}

/// Where a module that a file declares lives.
fn places_of(file: &Path, module: &str) -> [PathBuf; 2] {
    let stem = file.file_stem().unwrap().to_str().unwrap();
    let dir = file.parent().unwrap();
    let dir = if matches!(stem, "mod" | "lib" | "main") { dir.to_path_buf() } else { dir.join(stem) };
    [dir.join(format!("{module}.rs")), dir.join(module)]
}

struct File {
    path: PathBuf,
    /// Relative, for messages.
    name: String,
    /// Without comments, literals and tests.
    code: String,
    /// Lines, comments included, tests not.
    lines: usize,
}

/// Every file of the library that is not a test.
fn library() -> Vec<File> {
    let root = source();
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    let mut files = Vec::new();
    let mut tests: Vec<PathBuf> = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let code = code_of(&text);
        assert_eq!(code.lines().count(), text.lines().count(), "blanking moved lines in {}", path.display());
        let (code, modules) = without_tests(&code);
        tests.extend(modules.iter().flat_map(|m| places_of(&path, m)));
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let lines = code.lines().count();
        files.push(File { path, name, code, lines });
    }
    files.retain(|f| !tests.iter().any(|t| f.path.starts_with(t)));
    assert!(files.len() > 40, "the source was not found");
    files
}

/// What `lib.rs` re-exports under the crate's own name, and the module that it comes from.
fn reexports(lib: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for item in lib.split(';') {
        let Some(path) = item.trim().strip_prefix("pub use ") else { continue };
        let (module, rest) = path.split_once("::").unwrap();
        for word in rest.split(|c| !is_word(c)).filter(|w| w.chars().next().is_some_and(char::is_uppercase)) {
            out.insert(word.to_owned(), module.trim().to_owned());
        }
    }
    out
}

/// The first word of every path that begins at the crate's root: `crate::x`, `crate::{x::.., y}`,
/// and `super::` as often as it takes to get there.
fn roots_used(code: &str, depth: usize) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let starts = code.match_indices("crate::").map(|(i, s)| (i, i + s.len()));
    let climb = "super::".repeat(depth);
    let climbs = code
        .match_indices(&climb)
        .filter(|(i, _)| depth > 0 && !code[..*i].ends_with("super::"))
        .map(|(i, s)| (i, i + s.len()));
    for (begin, at) in starts.chain(climbs) {
        if code[..begin].chars().next_back().is_some_and(|c| is_word(c) || c == '$') {
            continue;
        }
        let rest = &code[at..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut nested = 0i32;
            let mut word = String::new();
            let mut first = true;
            for c in list.chars() {
                match c {
                    '{' => nested += 1,
                    '}' if nested == 0 => break,
                    '}' => nested -= 1,
                    _ => {}
                }
                if nested == 0 && is_word(c) && first {
                    word.push(c);
                } else if !word.is_empty() {
                    out.insert(std::mem::take(&mut word));
                    first = false;
                }
                if nested == 0 && c == ',' {
                    first = true;
                }
            }
            if !word.is_empty() {
                out.insert(word);
            }
        } else {
            out.insert(rest.chars().take_while(|c| is_word(*c)).collect());
        }
    }
    out
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|l| l.contains(&module))
}

/// Why `from` may not see `to`, if it may not.
fn objection(from: &str, to: &str) -> Option<String> {
    if from == to {
        return None;
    }
    let (Some(a), Some(b)) = (layer(from), layer(to)) else {
        return Some(format!("`{from}` or `{to}` stands in no layer"));
    };
    if NEVER.iter().any(|(m, never)| *m == from && never.contains(&to)) {
        return Some(format!("`{from}` must never see `{to}`"));
    }
    let words = a == 0 && b == 0 && FIRST_WORDS.contains(&to) && (from, to) != ("error", "id");
    match b.cmp(&a) {
        _ if words => None,
        std::cmp::Ordering::Greater => Some(format!("`{from}` (layer {a}) imports upwards from `{to}` (layer {b})")),
        std::cmp::Ordering::Equal => Some(format!("`{from}` imports sideways from `{to}` (both layer {a})")),
        std::cmp::Ordering::Less => None,
    }
}

fn objections(name: &str, code: &str, reexports: &BTreeMap<String, String>) -> Vec<String> {
    let parts: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    let module = parts[0];
    let depth = parts.len() - usize::from(parts.last() == Some(&"mod"));
    let mut out = Vec::new();
    if layer(module).is_none() {
        return vec![format!("{name}: `{module}` stands in no layer; the table is DESIGN's")];
    }
    for root in roots_used(code, depth) {
        let to = reexports.get(&root).cloned().unwrap_or(root);
        if let Some(o) = objection(module, &to) {
            out.push(format!("{name}: {o}"));
        }
    }
    for (outer, home) in KEPT_IN {
        let used = code.match_indices(&format!("{outer}::")).any(|(i, _)| {
            let before = code[..i].chars().next_back();
            !before.is_some_and(|c| is_word(c) || c == ':')
        });
        if used && module != home {
            out.push(format!("{name}: crate `{outer}` belongs in `{home}` alone"));
        }
    }
    out
}

#[test]
fn imports_go_strictly_downwards() {
    let files = library();
    let lib = files.iter().find(|f| f.name == "lib.rs").unwrap();
    let roots = reexports(&lib.code);
    assert_eq!(roots.get("Timestamp").map(String::as_str), Some("id"));
    let mut found = Vec::new();
    for f in files.iter().filter(|f| f.name != "lib.rs" && !f.name.starts_with("bin/")) {
        found.extend(objections(&f.name, &f.code, &roots));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The check sees what it is there to see.
#[test]
fn planted_imports_are_found() {
    let roots = reexports("mod id; pub use id::{Timestamp, ScopeId}; pub use vault::Session;");
    let say = |name: &str, text: &str| objections(name, &without_tests(&code_of(text)).0, &roots).len();
    for (name, text) in [
        ("catalog/view.rs", "use crate::policy::RowFilter;"),
        ("catalog/view.rs", "use crate::{error::Error, storage::Row};"),
        ("catalog/view.rs", "fn f() { crate::crypto::random() }"),
        ("catalog/mod.rs", "use super::import::Source;"),
        ("catalog/segment/mod.rs", "use super::super::vault::Scope;"),
        ("catalog/segment/build.rs", "use super::super::super::audit;"),
        ("storage/sqlite.rs", "use crate::record::Value;"),
        ("import/mod.rs", "use crate::{Session};"),
        ("import/mod.rs", "use crate::consent::{Recipient};"),
        ("keyring/mod.rs", "use ring::rand::SystemRandom;"),
        ("vault/head.rs", "use aws_lc_rs::digest;"),
        ("ledger/mod.rs", "use getrandom::getrandom;"),
        ("id.rs", "use crate::label::Label;"),
        ("surprise.rs", ""),
    ] {
        assert_eq!(say(name, text), 1, "{name}: {text}");
    }
    for (name, text) in [
        ("catalog/view.rs", "use crate::{id::{ScopeId, policy}, error::Error}; use crate::Timestamp;"),
        (
            "catalog/view.rs",
            "// use crate::vault::Session;\n/* crate::vault */ let s = \"crate::vault\"; let c = '\"';",
        ),
        (
            "catalog/view.rs",
            "let s = r#\"use crate::vault::X; \"#; #[cfg(test)] mod tests { use crate::vault::Session; }",
        ),
        ("catalog/segment/build.rs", "use super::super::policy;"),
        ("vault/tx.rs", "use crate::storage::Row; use crate::policy; use string::x;"),
        ("codec/mod.rs", "use crate::error::Error;"),
    ] {
        assert_eq!(say(name, text), 0, "{name}: {text}");
    }
}

#[test]
fn files_are_short() {
    let files = library();
    let long: Vec<String> =
        files.iter().filter(|f| f.lines > LONGEST).map(|f| format!("{}: {} lines", f.name, f.lines)).collect();
    assert!(long.is_empty(), "over {LONGEST} lines without tests:\n{}", long.join("\n"));
    let mut lines: Vec<usize> = files.iter().map(|f| f.lines).collect();
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(median <= MEDIAN, "the median file has {median} lines");
}

#[test]
fn folders_say_what_belongs_there() {
    let mut silent = Vec::new();
    for f in library().iter().filter(|f| f.name.ends_with("mod.rs") || f.name == "lib.rs") {
        let text = fs::read_to_string(&f.path).unwrap();
        let head: String = text.lines().take_while(|l| l.starts_with("//!")).collect();
        if head.len() < 60 {
            silent.push(format!("{}: begins with no paragraph", f.name));
        }
    }
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}

#[test]
fn no_committed_text_names_a_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap();
    // Put together here, so that this file does not find itself.
    let words: Vec<String> =
        ["work/main", "work/shared", "tmp/wt", "root/", "home/runner"].iter().map(|w| format!("/{w}")).collect();
    let (mut found, mut seen, mut dirs) = (Vec::new(), 0, vec![root.clone()]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_symlink() || matches!(name.as_str(), "target" | ".git" | ".venv" | ".cache" | "__pycache__") {
                continue;
            }
            if path.is_dir() {
                dirs.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                seen += 1;
                for (n, line) in text.lines().enumerate() {
                    if words.iter().any(|w| line.contains(w.as_str())) {
                        found.push(format!("{}:{}", path.strip_prefix(&root).unwrap().display(), n + 1));
                    }
                }
            }
        }
    }
    assert!(seen > 100, "the repository was not found");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
