//! Writes the invented person's two files into a directory: `person DIR`.
#![forbid(unsafe_code)]

use healthspace_examples::person;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    let Some(dir) = std::env::args_os().nth(1).map(PathBuf::from) else { return Ok(ExitCode::from(2)) };
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("person.json"), person::bundle())?;
    std::fs::write(dir.join("export.xml"), person::export_xml())?;
    Ok(ExitCode::SUCCESS)
}
