//! Two spaces of the same person: what is granted is the same in both, what is withheld is in one.

use super::probe::Guessed;
use healthspace::audit::Gesture;
use healthspace::catalog::{FactRow, Query};
use healthspace::consent::Recipient;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    Clock, ConsentRequest, Environment, Grant, HealthSpace, KdfParams, LogOf, PartitionKind, Purpose, RecordId, Role,
    Timestamp, Unlock,
};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What can go wrong on the way.
pub type Failure = Box<dyn std::error::Error>;

/// Whom the grant names.
///
/// # Errors
/// None: the name is a good one.
pub fn recipient() -> Result<Recipient, Failure> {
    Ok(Recipient::model(RECIPIENT)?)
}

/// Its name.
pub const RECIPIENT: &str = "leak-kit";

/// What the person does, by the kit's word.
#[must_use]
pub fn gesture() -> Gesture {
    Gesture { method: "kit".into(), evidence: [0; 32] }
}

/// One of the two.
pub struct Twin {
    /// Open.
    pub space: HealthSpace,
    /// Its file.
    pub file: PathBuf,
    /// A file with its recovery code.
    pub code: PathBuf,
    /// Ids of memories, which are random: no difference between the twins.
    pub random: Vec<RecordId>,
}

/// A reply without ids that are random; an app may cite them by their beginning.
#[must_use]
pub fn without(random: &[RecordId], reply: &str) -> String {
    let mut reply = reply.to_owned();
    for id in random {
        let hex = id.to_hex();
        for n in [hex.len(), 16, 12, 8] {
            reply = reply.replace(hex.get(..n).unwrap_or(&hex), "(memory)");
        }
    }
    reply
}

impl Twin {
    /// Entries of all logs.
    ///
    /// # Errors
    /// What the library says.
    pub fn entries(&self) -> Result<u64, Failure> {
        let mut n = self.space.log(LogOf::Space)?.len();
        for name in self.space.info()?.partitions {
            n += self.space.log(LogOf::Partition(&name))?.len();
        }
        Ok(n as u64)
    }
}

/// The twins and what an attacker may have come to know.
pub struct Twins {
    /// With the withheld data.
    pub with: Twin,
    /// Without.
    pub without: Twin,
    /// What of the withheld data an attacker can name.
    pub guessed: Guessed,
}

/// A clock that stands still until it is set: what is imported when is no difference.
struct Still(AtomicI64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// 2019-05-04, before the period that is granted.
const EARLIER: i64 = 1_556_928_000_000;
/// In it.
const NOW: i64 = 1_790_000_000_000;

/// Makes both in a directory, which must be empty.
///
/// The grant: laboratory results and memories from 2020 on, to [`recipient`], at the patient's request.
/// Withheld are medications, diagnoses, allergies, vital signs, laboratory results from before 2020, a
/// memory of a diagnosis from then, a memory in a partition of its own, two that were set aside in a
/// partition that is granted, and a whole partition. By its label alone, which a consent from elsewhere
/// refuses in both, are withheld laboratory results of the granted period and a memory of them.
///
/// # Errors
/// What the library says.
pub fn make(dir: &Path) -> Result<Twins, Failure> {
    let clock = Arc::new(Still(AtomicI64::new(EARLIER)));
    let base = Base::make(dir, &clock)?;
    let with = base.twin("with.hs", true)?;
    let without = base.twin("without.hs", false)?;
    // A third one, where everything is granted, tells the ids.
    let all = base.twin("all.hs", true)?;
    grant(&all.space, Category::ALL, false)?;
    for twin in [&with, &without] {
        twin.space.import_consents(REFUSAL.as_bytes(), gesture())?;
    }
    let session = all.space.session(recipient()?, Purpose::PatientRequest)?;
    let rows = session.query(&Query::default())?.into_value();
    let granted = without.space.session(recipient()?, Purpose::PatientRequest)?.query(&Query::default())?.into_value();
    let mut withheld: Vec<RecordId> = rows.iter().map(|r| r.record).collect();
    // An attacker tries only the first ones: of both sorts.
    let labelled = |id: &RecordId| {
        let lab = |r: &&FactRow| r.record == *id && r.class.category == Category::Laboratory;
        rows.iter().find(lab).is_some_and(|r| r.class.sensitivities != 0)
    };
    withheld.sort_by_cached_key(|id| (!labelled(id), *id));
    withheld.dedup();
    withheld.retain(|id| !granted.iter().any(|g| g.record == *id));
    if withheld.iter().filter(|id| labelled(id)).count() != 4 || withheld.len() < 8 || granted.is_empty() {
        return Err("the twins do not differ".into());
    }
    // The ids were asked for in one of the twins: in the other as well, so that both logs grew.
    with.space.session(recipient()?, Purpose::PatientRequest)?.query(&Query::default())?;
    let (mut memories, mut conversations) = (Vec::new(), Vec::new());
    for name in ["health", "diary", "notes"] {
        let partition = with.space.partition(name)?;
        let listed = partition.memories()?;
        let withheld = listed.value().iter().filter(|m| WITHHELD.contains(&m.text.as_str()));
        memories.extend(withheld.map(|m| m.id));
        conversations.extend(partition.conversations()?.value().iter().map(|c| c.id));
    }
    if memories.len() != WITHHELD.len() || conversations.is_empty() {
        return Err("the twins do not differ in what is remembered".into());
    }
    // What the person listed in one twin is listed in the other.
    for name in ["health", "diary", "notes"] {
        without.space.partition(name)?.memories()?;
        without.space.partition(name)?.conversations()?;
    }
    Ok(Twins { with, without, guessed: Guessed { records: withheld, memories, conversations } })
}

/// What is remembered in one of the twins alone.
const WITHHELD: [&str; 5] = [
    "Lives with HIV.",
    "Walks the dog before work.",
    "Drinks it without milk.",
    "Drinks it at four.",
    "The viral load is low.",
];

/// What both refuse by label, whatever is granted.
const REFUSAL: &str = r#"{"resourceType":"Consent","id":"labels","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"patient":{"reference":"Patient/twin"},"provision":{"type":"deny","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"}]}}"#;

/// An empty space of which the twins are copies: ids of records are made under a key of their partition, and
/// those of one record must be the same in both.
struct Base<'a> {
    dir: &'a Path,
    clock: &'a Arc<Still>,
    unlock: Unlock,
    code: String,
}

impl<'a> Base<'a> {
    fn make(dir: &'a Path, clock: &'a Arc<Still>) -> Result<Self, Failure> {
        let unlock = Unlock::passphrase("two of a kind").with_cost(KdfParams::FLOOR);
        let mut base = Self { dir, clock, unlock, code: String::new() };
        let (space, recovery) = HealthSpace::create(base.file(), &base.unlock, base.env())?;
        space.create_partition("diary", PartitionKind::General, &base.unlock)?;
        base.code = recovery.reveal().as_str().to_owned();
        Ok(base)
    }

    fn file(&self) -> PathBuf {
        self.dir.join("base.hs")
    }

    fn env(&self) -> Environment {
        self.clock.0.store(EARLIER, Ordering::Relaxed);
        Environment { clock: Arc::<Still>::clone(self.clock), ..Environment::default() }
    }

    fn twin(&self, name: &str, whole: bool) -> Result<Twin, Failure> {
        let file = self.dir.join(name);
        std::fs::copy(self.file(), &file)?;
        let code = file.with_extension("code");
        std::fs::write(&code, self.code.as_bytes())?;
        let space = HealthSpace::open(&file, &self.unlock, self.env())?;
        let random = fill(&space, self.clock, &self.unlock, whole)?;
        Ok(Twin { space, file, code, random })
    }
}

/// Gives ids of what was remembered.
fn fill(space: &HealthSpace, clock: &Still, unlock: &Unlock, whole: bool) -> Result<Vec<RecordId>, Failure> {
    let health = space.partition("health")?;
    // Before and after what is granted: neither place may show.
    if whole {
        health.import(Source::bytes(bundle(&withheld_resources(0)))?)?;
    }
    health.import(Source::bytes(bundle(&granted_resources()))?)?;
    if whole {
        health.import(Source::bytes(bundle(&withheld_resources(1)))?)?;
    }
    by_scribe(space, clock, whole)?;
    grant(space, &[Category::Laboratory, Category::Memories], true)?;
    notes(space, unlock, whole)?;
    if whole {
        space.create_partition("clinic", PartitionKind::Health, unlock)?;
    }
    let mut random: Vec<RecordId> = Vec::new();
    for name in ["health", "notes"] {
        let partition = space.partition(name)?;
        random.extend(partition.memories()?.value().iter().map(|m| m.id));
        for conversation in partition.conversations()?.value() {
            random.extend(partition.turns(conversation.id)?.value().iter().map(|t| t.memory.id));
        }
    }
    Ok(random)
}

/// What somebody else remembers: a diagnosis before the granted period, a walk in the diary, and a result
/// whose label is refused, in one of the twins; a result within the period, in both.
fn by_scribe(space: &HealthSpace, clock: &Still, whole: bool) -> Result<(), Failure> {
    let scribe = || Ok::<_, Failure>(Recipient::model("scribe")?);
    for partition in ["health", "diary"] {
        let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest);
        agreed(&ask.categories(Category::ALL).recipient(scribe()?))?;
    }
    let about = |code: &str, from: Option<i64>, text: &str| {
        let session = space.session(scribe()?, Purpose::PatientRequest)?;
        let query = Query { codes: vec![(String::new(), code.to_owned())], from, ..Query::default() };
        let seen = session.query(&query)?;
        session.remember(text, &seen)?;
        session.append("health", Role::Assistant, &session.say(text)?)?;
        Ok::<_, Failure>(())
    };
    if whole {
        about("86406008", None, WITHHELD[0])?;
        space.session(scribe()?, Purpose::PatientRequest)?.remember_in("diary", WITHHELD[1])?;
    }
    clock.0.store(NOW, Ordering::Relaxed);
    if whole {
        about("20447-9", Some(FIRST_GRANTED), WITHHELD[4])?;
    }
    // Made from the same records in both: a memory names what it was made from.
    about("13457-7", Some(FIRST_GRANTED), "Watches the LDL.")
}

/// Two memories under a grant; two more, in one of the twins, were set aside when another grant ended.
fn notes(space: &HealthSpace, unlock: &Unlock, whole: bool) -> Result<(), Failure> {
    space.create_partition("notes", PartitionKind::General, unlock)?;
    let ask = || {
        let ask = space.consent_request().partition("notes").purpose(Purpose::PatientRequest);
        Ok::<_, Failure>(ask.categories(&[Category::Memories]).recipient(recipient()?))
    };
    let session = || Ok::<_, Failure>(space.session(recipient()?, Purpose::PatientRequest)?);
    agreed(&ask()?)?;
    session()?.remember_in("notes", "Likes tea.")?;
    let ended = agreed(&ask()?)?.id();
    let reads = session()?;
    let seen = reads.memories("notes")?;
    if whole {
        reads.remember(WITHHELD[2], &seen)?;
        reads.remember(WITHHELD[3], &seen)?;
    }
    space.withdraw(ended)?;
    session()?.remember_in("notes", "Has a dog.")?;
    Ok(())
}

/// The person reads the notice and agrees.
fn agreed(ask: &ConsentRequest) -> Result<Grant, Failure> {
    ask.notice("en")?;
    Ok(ask.confirm(gesture())?)
}

fn grant(space: &HealthSpace, categories: &[Category], bounded: bool) -> Result<(), Failure> {
    let mut ask = space.consent_request().purpose(Purpose::PatientRequest).categories(categories);
    ask = ask.recipient(recipient()?).expires_in_days(30);
    if bounded {
        ask = ask.data_period(Timestamp::from_millis(FIRST_GRANTED), Timestamp::from_millis(1_900_000_000_000));
    }
    agreed(&ask)?;
    Ok(())
}

/// 2020-01-01.
const FIRST_GRANTED: i64 = 1_577_836_800_000;

fn bundle(resources: &[String]) -> Vec<u8> {
    let mut out = String::from(r#"{"resourceType":"Bundle","type":"collection","entry":["#);
    for (i, r) in resources.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        let _ = write!(out, r#"{comma}{{"resource":{r}}}"#);
    }
    out.push_str("]}");
    out.into_bytes()
}

fn lab(id: &str, code: &str, words: &str, year: u32, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}],"text":"{words}"}},"subject":{{"reference":"Patient/twin"}},"effectiveDateTime":"{year}-05-04","valueQuantity":{{"value":{value},"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}}}"#
    )
}

/// A record with a label.
fn labelled(record: &str, code: &str) -> String {
    let meta = format!(
        r#","meta":{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"{code}"}}]}},"status""#
    );
    record.replacen(r#","status""#, &meta, 1)
}

fn granted_resources() -> Vec<String> {
    let mut out = vec![r#"{"resourceType":"Patient","id":"twin","birthDate":"1970-01-01"}"#.to_owned()];
    for (n, year) in (2020..2027).enumerate() {
        out.push(lab(&format!("ldl-{year}"), "13457-7", "LDL cholesterol", year, &format!("{}.5", 150 - 7 * n)));
        out.push(lab(&format!("crea-{year}"), "2160-0", "Creatinine", year, &format!("0.9{n}")));
    }
    out
}

fn withheld_resources(part: usize) -> Vec<String> {
    let subject = r#""subject":{"reference":"Patient/twin"}"#;
    let mut out = Vec::new();
    for (n, year) in (2010..2020).enumerate().filter(|(n, _)| n % 2 == part) {
        out.push(lab(&format!("old-ldl-{year}"), "13457-7", "LDL cholesterol", year, &format!("{}.25", 190 + n)));
        out.push(lab(&format!("old-hba1c-{year}"), "4548-4", "HbA1c", year, &format!("6.{n}")));
        out.push(format!(
            r#"{{"resourceType":"Observation","id":"weight-{year}","status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7"}}],"text":"Body weight"}},{subject},"effectiveDateTime":"{}-05-04","valueQuantity":{{"value":8{n},"unit":"kg"}}}}"#,
            year + 5
        ));
    }
    // As what is granted, but for their labels.
    let year = 2025 + u32::try_from(part).unwrap_or(0);
    out.push(labelled(&lab(&format!("load-{part}"), "20447-9", "HIV-1 RNA", year, "50"), "HIV"));
    out.push(labelled(&lab(&format!("psy-{part}"), "2160-0", "Creatinine", year, "1.77"), "PSY"));
    for (id, system, code, words) in [
        ("312961", "http://www.nlm.nih.gov/research/umls/rxnorm", "312961", "simvastatin 20 MG Oral Tablet"),
        ("314077", "http://www.nlm.nih.gov/research/umls/rxnorm", "314077", "lisinopril 20 MG Oral Tablet"),
    ] {
        out.push(format!(
            r#"{{"resourceType":"MedicationRequest","id":"m{part}-{id}","status":"active","intent":"order","medicationCodeableConcept":{{"coding":[{{"system":"{system}","code":"{code}"}}],"text":"{words}"}},{subject},"authoredOn":"2022-03-01"}}"#
        ));
    }
    out.push(format!(
        r#"{{"resourceType":"Condition","id":"c{part}","meta":{{"security":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}}]}},"code":{{"coding":[{{"system":"http://snomed.info/sct","code":"86406008"}}],"text":"Human immunodeficiency virus infection"}},{subject},"onsetDateTime":"2015-06-0{}"}}"#,
        part + 1
    ));
    out.push(format!(
        r#"{{"resourceType":"AllergyIntolerance","id":"a{part}","code":{{"coding":[{{"system":"http://snomed.info/sct","code":"91936005"}}],"text":"Allergy to penicillin"}},"patient":{{"reference":"Patient/twin"}}}}"#
    ));
    out
}
