//! `healthspace-bindgen LIBRARY OUT LANGUAGE...`; a language is `kotlin` or `swift`.

use std::process::ExitCode;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn language(name: &String) -> Result<TargetLanguage, &'static str> {
    match &**name {
        "kotlin" => Ok(TargetLanguage::Kotlin),
        "swift" => Ok(TargetLanguage::Swift),
        _ => Err("a language is kotlin or swift"),
    }
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [library, out, languages @ ..] = &args[..] else { return Ok(ExitCode::from(2)) };
    generate(GenerateOptions {
        languages: languages.iter().map(language).collect::<Result<_, _>>()?,
        source: library.into(),
        out_dir: out.into(),
        config_override: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/crates.toml").into()),
        ..GenerateOptions::default()
    })?;
    Ok(ExitCode::SUCCESS)
}
