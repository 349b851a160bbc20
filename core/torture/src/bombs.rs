//! Files that are made to exhaust whoever reads them: refused, or read with what is bad left out,
//! within 5 s and 128 MiB, and without a socket.

use crate::report::{Broken, Report};
use crate::vfs::Files;
use std::path::Path;
use std::process::Command;

const MILLIS: u64 = 5_000;
const KIB: u64 = 128 << 10;

/// Names and contents.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let wrap = |inner: String| format!("<?xml version=\"1.0\"?>\n{inner}").into_bytes();
    let mut laughs = "<!DOCTYPE HealthData [<!ENTITY a \"ha\">".to_owned();
    for i in 1..20 {
        let name = |i: u32| char::from(b'a' + i as u8);
        let part = format!("&{};", name(i - 1)).repeat(10);
        laughs += &format!("<!ENTITY {} \"{part}\">", name(i));
    }
    laughs += "]><HealthData><Record type=\"&t;\" value=\"&t;\"/></HealthData>";
    let attributes: String = (0..100_000).map(|i| format!(" a{i}=\"x\"")).collect();
    let deep = 1_000_000;
    let observation = |value: &str| {
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"valueQuantity":{{"value":{value}}}}}"#
        )
    };
    vec![
        ("deep arrays.json", [vec![b'['; deep], vec![b']'; deep]].concat()),
        ("deep objects.json", [br#"{"resourceType":"Basic","x":"#.to_vec(), br#"{"a":"#.repeat(deep)].concat()),
        ("deep elements.xml", wrap(format!("<HealthData>{}", "<a>".repeat(deep)))),
        ("attributes.xml", wrap(format!("<HealthData><Record{attributes}/></HealthData>"))),
        ("laughs.xml", wrap(laughs)),
        ("long string.json", format!(r#"{{"resourceType":"Basic","x":"{}"}}"#, "y".repeat(64 << 20)).into_bytes()),
        ("long number.json", observation(&"9".repeat(8 << 20)).into_bytes()),
        ("exponent.json", observation("1e999999999").into_bytes()),
        ("members.json", format!("{{{}\"z\":1}}", "\"a\":1,".repeat(2_000_000)).into_bytes()),
        ("utf16.json", observation("1").encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("zeros.json", vec![0; 64 << 20]),
    ]
}

/// Imports each in a process of its own. A space that is there before is the same afterwards, apart
/// from what was imported.
pub(crate) fn campaign(dir: &Path, report: &Report) {
    let this = std::env::current_exe().unwrap();
    // The filter works: without this, nothing below would show anything.
    if cfg!(target_os = "linux") {
        let status = Command::new(&this).args(["socket", ""]).status().unwrap();
        assert!(!status.success(), "a socket was opened behind the filter");
    }
    let made = Command::new(&this).args(["make", &dir.join("me.hs").to_string_lossy()]).output().unwrap();
    let code = String::from_utf8(made.stdout).unwrap();
    let code = code.trim();
    for (name, bytes) in bombs() {
        let file = dir.join(name);
        std::fs::write(&file, bytes).unwrap();
        let out = Command::new(&this).arg("import").arg(dir.join("me.hs")).arg(code).arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut lines = said.lines();
        let mut number = || lines.next().and_then(|l| l.parse::<u64>().ok());
        let (millis, kib) = (number(), number());
        report.state(false);
        let (millis, kib) = (millis.unwrap_or(u64::MAX), kib.unwrap_or(u64::MAX));
        report.say(&format!("{name}: {millis} ms, {} MiB, {}", kib >> 10, lines.next().unwrap_or("-")));
        let held = out.status.success() && millis < MILLIS && kib < KIB && (kib > 0 || !cfg!(target_os = "linux"));
        if !held {
            let why = String::from_utf8_lossy(&out.stderr).into_owned();
            report.broken(&Broken::Unnoticed(format!("{name}: {said} {why}")), "bombs", &Files::default(), code);
        }
    }
    let looked = Command::new(&this).arg("look").arg(dir.join("me.hs")).arg(code).output().unwrap();
    if !looked.status.success() {
        let why = String::from_utf8_lossy(&looked.stderr).into_owned();
        report.broken(&Broken::Unopenable(why), "after the bombs", &Files::default(), code);
    }
}
