//! The story that the library makes true, from a file to a cited answer and back out of reach.
//!
//! Read it from [`tell()`] downwards: each step is one function and calls the library directly.
//! `story --help` says how to run it.
#![forbid(unsafe_code)]

mod later;

use healthspace::audit::Gesture;
use healthspace::consent::{Recipient, Standing};
use healthspace::evidence::{EvidenceRequest, verify_evidence};
use healthspace::grounding::{Budget, Composed, GroundOptions};
use healthspace::import::{Limits, Source};
use healthspace::{
    Audited, ConsentRequest, Environment, Error, FileAnchor, GrantId, HealthSpace, ImportOptions, Lang, LogOf, Purpose,
    SecretBytes, Session, SourceId, Unlock, verify_consistency, verify_receipt,
};
use healthspace_examples::args::{self, Command, Options};
use healthspace_examples::bar::Bar;
use healthspace_examples::{person, tell};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Who asks. A host authenticates who acts; here it is just a name.
const RECIPIENT: &str = "eu-llm";
const HEALTH: LogOf<'_> = LogOf::Partition("health");

fn main() -> ExitCode {
    let outcome = match args::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => print(&format!("{}\nCategories: {}\n", args::HELP, args::known())),
        Ok(Command::Story(options)) => tell(&options),
        Err(why) => Err(Stop::Usage(why)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Failed(why)) => {
            say(&format!("story: {why}"));
            ExitCode::from(1)
        }
        Err(Stop::Usage(why)) => {
            say(&format!("story: {why}\nTry: story --help"));
            ExitCode::from(2)
        }
    }
}

/// Why the story ends early.
enum Stop {
    Usage(String),
    Failed(String),
}

impl From<Error> for Stop {
    fn from(e: Error) -> Self {
        Self::Failed(tell::error(&e))
    }
}

impl From<std::io::Error> for Stop {
    fn from(e: std::io::Error) -> Self {
        Self::Failed(e.to_string())
    }
}

type Told<T = ()> = Result<T, Stop>;

fn tell(options: &Options) -> Told {
    let there = |file: &Path| file.symlink_metadata().is_ok();
    if options.evidence.as_deref().is_some_and(|file| there(file) || there(&beside(file, ".keys"))) {
        return Err(Stop::Usage("--evidence: that file, or its .keys, is there already".into()));
    }
    let bar = Bar::default();
    let temporary = Temporary::make(options.keep)?;
    let words = passphrase(options)?;
    anything_to_read(options)?;
    let space = open_space(options, words, &temporary, &bar)?;
    let (names, all_read) = import(&space, options, &temporary, &bar)?;
    let (before, size) = (space.checkpoint(HEALTH)?, size(&space)?);
    let recipient = Recipient::model(RECIPIENT)?;

    let grant = consent(&space, &recipient, options)?;
    let session = space.session(recipient.clone(), Purpose::PatientRequest)?;
    let context = ground(&session, options)?;
    print(&tell::context(context.value(), &names))?;

    remember(&session, &context)?;
    withdraw(&space, &session, grant, options)?;
    verify(&space, &context, &before, size)?;
    later::tell(&space, &session, &recipient, &context, options)?;
    show_logs(&space, options)?;
    evidence(&space, options)?;
    space.close();
    temporary.end(options);
    if all_read { Ok(()) } else { Err(Stop::Failed("not every file could be imported; see above".into())) }
}

/// Where none of the files can be opened, no space is made for them.
fn anything_to_read(options: &Options) -> Told {
    let why: Vec<_> = options.files.iter().map_while(|path| Some((path, Source::open(path).err()?))).collect();
    if options.person || why.len() < options.files.len() {
        return Ok(());
    }
    for (path, e) in why {
        step(&format!("Importing {}", name_of(path)));
        say(&format!("  not imported: {}", tell::error(&e)));
    }
    Err(nothing_read())
}

fn name_of(path: &Path) -> String {
    tell::shown(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

fn nothing_read() -> Stop {
    Stop::Failed("none of the files could be imported, so there is nothing to tell of; see above".into())
}

/// The file's name with an ending more.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Creates the space, or opens the one that is there.
fn open_space(
    options: &Options,
    (passphrase, made_up): (SecretBytes, Option<String>),
    temporary: &Temporary,
    bar: &Bar,
) -> Told<HealthSpace> {
    let file = options.space.clone().unwrap_or_else(|| temporary.0.join("me.hs"));
    let unlock = Unlock::passphrase(passphrase);
    let mut environment = Environment { progress: Some(bar.callback()), ..Environment::default() };
    // An anchor that is lost locks its space: one that is yours is given none here, but keeps its own.
    let anchor = beside(&file, ".anchor");
    if options.space.is_none() || anchor.exists() {
        environment.anchor = Some(Arc::new(FileAnchor::new(anchor)));
    }
    if file.exists() {
        step("Opening the space");
        return Ok(HealthSpace::open(&file, &unlock, environment)?);
    }
    step("Creating a space");
    let (space, code) = HealthSpace::create(&file, &unlock, environment)?;
    let info = space.info()?;
    say(&format!("  format {}, partitions: {}", info.format, info.partitions.join(", ")));
    if options.space.is_some() || options.keep {
        say(&format!("  recovery code, shown this once and stored nowhere: {}", *code.reveal()));
    } else {
        say("  a recovery code was made; this space is temporary, so it is not shown");
    }
    if let Some(words) = made_up.filter(|_| options.keep) {
        say(&format!("  passphrase of this space: {words}"));
    }
    Ok(space)
}

/// The passphrase, and its text where it was made up for a temporary space.
fn passphrase(options: &Options) -> Told<(SecretBytes, Option<String>)> {
    if let Some(path) = &options.passphrase_file {
        let text = fs::read_to_string(path).map_err(|e| Stop::Failed(format!("the passphrase file: {e}")))?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(Stop::Usage("the passphrase file is empty".into()));
        }
        return Ok((line.into(), None));
    }
    match std::env::var("HEALTHSPACE_PASSPHRASE") {
        Ok(words) if !words.is_empty() => return Ok((words.as_str().into(), None)),
        _ if options.space.is_some() => {
            return Err(Stop::Usage("--space needs --passphrase-file or HEALTHSPACE_PASSPHRASE".into()));
        }
        _ => {}
    }
    let words = random_hex::<24>()?;
    Ok((words.as_str().into(), Some(words)))
}

/// Imports every file. A file that fails is told and does not stop the others.
fn import(
    space: &HealthSpace,
    options: &Options,
    temporary: &Temporary,
    bar: &Bar,
) -> Told<(BTreeMap<SourceId, String>, bool)> {
    let files = if options.person { invent(temporary)? } else { options.files.clone() };
    let health = space.partition("health")?;
    let mut how = ImportOptions::new();
    if options.same_person {
        how = how.confirm_subject();
    }
    let (mut names, mut all_read, mut read) = (BTreeMap::new(), true, 0);
    for path in &files {
        let name = name_of(path);
        step(&format!("Importing {name}"));
        bar.begin(&name);
        let outcome = Source::open(path).and_then(|mut source| {
            // The name by which a citation finds its way back to the file.
            names.insert(source.id(&Limits::default(), &mut |_| Ok(()))?, name.clone());
            health.import_with(source, &how)
        });
        bar.end();
        match outcome {
            Ok(report) => {
                say(tell::report(&report).trim_end());
                read += 1;
            }
            Err(e) => {
                say(&format!("  not imported: {}", tell::error(&e)));
                all_read = false;
            }
        }
    }
    if read == 0 {
        return Err(nothing_read());
    }
    if let (Some(path), true) = (files.first(), all_read) {
        let again = health.import(Source::open(path)?)?;
        expect(again.imported() == 0, "the first file again adds nothing", "the same file was stored twice")?;
    }
    Ok((names, all_read))
}

/// The invented person's two files.
fn invent(temporary: &Temporary) -> Told<Vec<PathBuf>> {
    let (fhir, apple) = (temporary.0.join("person.json"), temporary.0.join("export.xml"));
    fs::write(&fhir, person::bundle())?;
    fs::write(&apple, person::export_xml())?;
    Ok(vec![fhir, apple])
}

/// Shows the notice and records the person's yes. The text is made from the object that is enforced.
fn consent(space: &HealthSpace, recipient: &Recipient, options: &Options) -> Told<GrantId> {
    let ask = request(space, recipient, options).expires_in_days(90);
    let notice = ask.notice(&options.lang)?;
    step("The notice, as the person sees it");
    notice.lines().for_each(|l| say(&format!("  {l}")));
    let grant = ask.confirm(gesture(&notice))?;
    say(&format!("  granted: entry {} of the space's log", grant.entry()));
    Ok(grant.id())
}

fn request(space: &HealthSpace, recipient: &Recipient, options: &Options) -> ConsentRequest {
    let ask = space.consent_request().partition("health").purpose(Purpose::PatientRequest);
    ask.categories(&options.categories).recipient(recipient.clone())
}

/// An app takes a gesture and keeps its evidence; this program's is the text that it showed.
fn gesture(shown: &str) -> Gesture {
    let mut evidence = [0; 32];
    evidence.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, shown.as_bytes()).as_ref());
    Gesture { method: "command-line".into(), evidence }
}

/// Facts computed in code, every line cited; the entry is durable before the text is there.
fn ground(session: &Session, options: &Options) -> Told<Audited<Composed>> {
    step(&format!("Grounding: {}", options.question()));
    let mut how = GroundOptions::new(Budget::tokens(options.tokens));
    how.lang = Some(Lang::parse(&options.lang));
    how.zone_offset_minutes = options.zone;
    let context = session.ground_with(options.question(), &how)?;
    let (c, receipt) = (context.value(), context.receipt());
    say(&format!(
        "  {} facts released, {} citations, about {} tokens; entry {} of the partition's log; no training: {}",
        receipt.count,
        c.citations.len(),
        c.tokens_estimate,
        receipt.entry,
        if context.label().no_training() { "yes" } else { "no" },
    ));
    if !c.missing.is_empty() {
        say(&format!("  asked for and not on record, or not granted: {}", c.missing.join(", ")));
    }
    Ok(context)
}

/// A conclusion stays where its sources are; it does not flow into the general partition.
fn remember(session: &Session, context: &Audited<Composed>) -> Told {
    step("Remembering a conclusion");
    let words = "The question about the laboratory results was answered.";
    session.remember(words, context)?;
    say("  kept in `health`, with the session's label and its parents");
    let outcome = session.remember_in("general", words);
    let refused = matches!(outcome, Err(Error::FlowDenied));
    expect(refused, "refused in `general`: this session has read health data", "health data flowed into `general`")
}

/// One call takes the consent back; the next request is refused.
fn withdraw(space: &HealthSpace, session: &Session, grant: GrantId, options: &Options) -> Told {
    step("Withdrawing");
    space.withdraw(grant)?;
    // A space that was kept may hold grants of an earlier run, for the same recipient.
    for g in space.grants()? {
        if g.standing == Standing::InForce && g.terms.recipient.name() == RECIPIENT {
            space.withdraw(g.id)?;
        }
    }
    let refused = matches!(session.ground(options.question(), Budget::tokens(options.tokens)), Err(Error::Denied));
    expect(refused, "the same question is refused now", "data was released after the withdrawal")
}

/// What an outsider checks with the log's public key alone.
fn verify(space: &HealthSpace, context: &Audited<Composed>, before: &str, size: u64) -> Told {
    step("Verifying offline");
    let (key, receipt) = (space.verifier_key(HEALTH)?, space.receipt(HEALTH, context.receipt().entry)?);
    let proved = verify_receipt(&receipt, &key)?;
    say(&format!(
        "  the receipt ({} bytes) proves entry {} of {}: {}",
        receipt.len(),
        proved.index,
        proved.size,
        proved.entry.describe(Lang::En)
    ));
    let forged = receipt.replacen("entry ", "entry A", 1);
    expect(verify_receipt(&forged, &key).is_err(), "a changed receipt is refused", "a changed receipt was accepted")?;
    let proof = space.consistency(HEALTH, size)?;
    let grown = verify_consistency(before, &proof, &key).is_ok();
    expect(grown, "the log only grew since the import", "the log is not a continuation of its earlier self")
}

/// Entries that were erased are not listed, and count.
fn size(space: &HealthSpace) -> Told<u64> {
    Ok(space.log(HEALTH)?.last().map_or(0, |line| line.index + 1))
}

/// What programs that are not this library verify: `examples/verify`.
fn evidence(space: &HealthSpace, options: &Options) -> Told {
    let Some(file) = &options.evidence else { return Ok(()) };
    step("Writing evidence");
    let (bytes, keys) = (space.evidence(&EvidenceRequest::new())?, space.verifier_keys()?);
    let report = verify_evidence(&bytes, &keys.iter().map(String::as_str).collect::<Vec<_>>())?;
    report.disclosures.iter().for_each(|d| say(&format!("  {}", d.describe(&options.lang))));
    report.does_not_prove.iter().for_each(|limit| say(&format!("  not proven: {limit}")));
    fs::write(file, bytes)?;
    Ok(fs::write(beside(file, ".keys"), keys.join("\n") + "\n")?)
}

/// Everything that happened, in words.
fn show_logs(space: &HealthSpace, options: &Options) -> Told {
    for (name, of) in [("space", LogOf::Space), ("partition `health`", HEALTH)] {
        step(&format!("The log of the {name}"));
        for line in space.log(of)? {
            say(&format!("  {:3} {}", line.index, line.describe(&options.lang)));
        }
    }
    Ok(())
}

/// A promise of the library: told where it holds, the end of the story where it does not.
fn expect(holds: bool, good: &str, bad: &str) -> Told {
    if holds {
        say(&format!("  {good}"));
        return Ok(());
    }
    Err(Stop::Failed(format!("{bad}: this is a bug, please report it")))
}

fn step(title: &str) {
    say(&format!("\n== {title}"));
}

fn say(text: &str) {
    // Narration that nobody reads any more is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn print(text: &str) -> Told {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn random_hex<const N: usize>() -> Told<String> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Stop::Failed("no randomness available".into()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// A directory of our own, readable by its owner alone, removed at the end unless it is to be kept.
struct Temporary(PathBuf, bool);

impl Temporary {
    fn make(keep: bool) -> Told<Self> {
        let dir = std::env::temp_dir().join(format!("healthspace-story-{}", random_hex::<8>()?));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&dir)?;
        Ok(Self(dir, keep))
    }

    fn end(&self, options: &Options) {
        let kept: &Path = options.space.as_deref().unwrap_or(&self.0);
        if self.1 || options.space.is_some() {
            say(&format!("\nKept: {}", tell::shown(&kept.to_string_lossy())));
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.1 {
            // What cannot be removed is sealed all the same.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
