//! The command line of `story`.

use healthspace::record::Category;
use std::ffi::OsString;
use std::path::PathBuf;

/// What `--help` prints.
pub const HELP: &str = "\
story: a person's health data, from the file to a cited answer and back out of reach

Usage:
  story [OPTIONS] FILE...       import these files (FHIR R4 JSON or NDJSON, Apple Health export.xml,
                                or a zip of either)
  story [OPTIONS] --person      import an invented person instead

What it does: creates a space, imports, shows the notice and grants a consent, grounds a question
and prints the context with its citations on standard output; then it shows what is refused, takes
the consent back, and verifies a receipt offline. Everything but the context goes to standard error.

Options:
  --question TEXT          the question (asked in the language of the story unless given)
  --lang en|fr             language of the notice, the context and the log (default: en)
  --categories LIST        grant only these, comma-separated (default: all); see below
  --tokens N               upper bound of the context (default: 1500)
  --zone MINUTES           the person's zone, minutes east of UTC (default: 0): what day is today
  --space PATH             keep the space in this file; opened if it is there, created if not
  --passphrase-file PATH   the passphrase: the file's first line; or set HEALTHSPACE_PASSPHRASE
  --same-person            the files are all about one person, even where they do not say so
  --evidence FILE          write an evidence file of what was released, and FILE.keys to verify it with
  --keep                   do not remove the temporary space at the end
  --help                   this text

Without --space, the space is a temporary file under a random passphrase and is removed at the end.

Exit codes: 0 all went as it should; 1 something failed or was refused; 2 wrong usage.
";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Print the help.
    Help,
    /// Tell the story.
    Story(Box<Options>),
}

/// How the story is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Files to import.
    pub files: Vec<PathBuf>,
    /// Import the invented person.
    pub person: bool,
    /// The question; the story's own unless given.
    pub question: Option<String>,
    /// `en` or `fr`.
    pub lang: String,
    /// What is granted.
    pub categories: Vec<Category>,
    /// Bound on the context.
    pub tokens: usize,
    /// The person's zone, minutes east of UTC.
    pub zone: i16,
    /// Where the space is kept.
    pub space: Option<PathBuf>,
    /// Where the passphrase is read from.
    pub passphrase_file: Option<PathBuf>,
    /// The person says that it is all about them.
    pub same_person: bool,
    /// Leave the temporary space.
    pub keep: bool,
    /// Where an evidence file is written.
    pub evidence: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            person: false,
            question: None,
            lang: "en".into(),
            categories: Category::ALL.to_vec(),
            tokens: 1500,
            zone: 0,
            space: None,
            passphrase_file: None,
            same_person: false,
            keep: false,
            evidence: None,
        }
    }
}

impl Options {
    /// The question, in the story's language unless one was given.
    #[must_use]
    pub fn question(&self) -> &str {
        match (&self.question, self.lang.as_str()) {
            (Some(q), _) => q,
            (None, "fr") => "Comment mon LDL a-t-il évolué depuis la statine ?",
            (None, _) => "How did my LDL change since I started the statin?",
        }
    }
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What is wrong with them, in one sentence.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut options = Options::default();
    let mut args = args.into_iter();
    let mut only_files = false;
    while let Some(arg) = args.next() {
        let Some(word) = arg.to_str().filter(|w| w.starts_with('-') && !only_files) else {
            options.files.push(arg.into());
            continue;
        };
        let (name, inline) = match word.split_once('=') {
            Some((n, v)) => (n, Some(OsString::from(v))),
            None => (word, None),
        };
        let flag = matches!(name, "-h" | "--help" | "--person" | "--same-person" | "--keep" | "--");
        if flag && inline.is_some() {
            return Err(format!("{name} takes no value"));
        }
        let value = |args: &mut dyn Iterator<Item = OsString>| {
            inline.clone().or_else(|| args.next()).ok_or_else(|| format!("{name} needs a value"))
        };
        let text = |v: OsString| v.into_string().map_err(|_| format!("{name} is not text"));
        match name {
            "-h" | "--help" => return Ok(Command::Help),
            "--person" => options.person = true,
            "--same-person" => options.same_person = true,
            "--keep" => options.keep = true,
            "--" => only_files = true,
            "--question" => options.question = Some(text(value(&mut args)?)?),
            "--lang" => options.lang = language(&text(value(&mut args)?)?)?,
            "--categories" => options.categories = categories(&text(value(&mut args)?)?)?,
            "--tokens" => {
                let n = text(value(&mut args)?)?;
                options.tokens = n.parse().ok().filter(|n| *n > 0).ok_or("--tokens needs a number above 0")?;
            }
            "--zone" => {
                let n = text(value(&mut args)?)?;
                let zone = n.parse().ok().filter(|n| (-840..=840).contains(n));
                options.zone = zone.ok_or("--zone needs minutes, from -840 to 840")?;
            }
            "--evidence" => options.evidence = Some(value(&mut args)?.into()),
            "--space" => options.space = Some(value(&mut args)?.into()),
            "--passphrase-file" => options.passphrase_file = Some(value(&mut args)?.into()),
            _ => return Err(format!("unknown option {name}")),
        }
    }
    match (options.files.is_empty(), options.person) {
        (true, false) => Err("no file is named, and no --person".into()),
        (false, true) => Err("--person and files exclude each other".into()),
        _ => Ok(Command::Story(Box::new(options))),
    }
}

fn language(tag: &str) -> Result<String, String> {
    match tag {
        "en" | "fr" => Ok(tag.to_owned()),
        _ => Err("--lang is en or fr".into()),
    }
}

fn categories(list: &str) -> Result<Vec<Category>, String> {
    list.split(',')
        .map(|word| Category::from_code(word.trim()).ok_or_else(|| format!("unknown category; known: {}", known())))
        .collect()
}

/// Every category's word.
#[must_use]
pub fn known() -> String {
    Category::ALL.iter().map(|c| c.code()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Command, String> {
        parse(words.iter().map(OsString::from))
    }

    #[test]
    fn arguments_are_read() {
        assert_eq!(of(&["x", "--help"]), Ok(Command::Help));
        let Ok(Command::Story(o)) = of(&["a.json", "--lang=fr", "--categories", "laboratory,medications", "--", "-b"])
        else {
            panic!("refused");
        };
        assert_eq!(o.files, [PathBuf::from("a.json"), PathBuf::from("-b")]);
        assert_eq!(o.categories, [Category::Laboratory, Category::Medications]);
        assert!(o.question().starts_with("Comment"));
    }

    #[test]
    fn wrong_usage_is_told() {
        for words in [
            &[][..],
            &["--person", "a.json"],
            &["--lang", "de", "a"],
            &["--lang"],
            &["--tokens", "0", "a"],
            &["--zone", "900", "a"],
            &["--categories", "blood", "a"],
            &["--nothing", "a"],
            &["--keep=yes", "a"],
        ] {
            assert!(of(words).is_err(), "{words:?}");
        }
    }
}
