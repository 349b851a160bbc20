//! What a reader missed who held answers against the files: denials of what is there, and answers that
//! mislead.

use super::fake::{Fake, lab, plain};
use super::words::{SCT, coded, has, lacks, other, procedure};
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value, When};

const ACT: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

fn visit(f: &mut Fake, class: &str, text: &str, date: &str) {
    let mut fact = coded(Kind::Encounter, Category::Encounters, SCT, &format!("8{}", f.rows.len()), text, text, date);
    if !class.is_empty() {
        fact.codes.push(Coding::new(ACT, class, ""));
    }
    fact.status = Status::Final;
    f.push(fact);
}

/// A patient's own statement, as an export of a phone or a record of a person has it.
fn person(f: &mut Fake, code: &str, value: Value) {
    let mut fact = FactDraft::new(Kind::Patient, Category::Demographics);
    (fact.codes, fact.value) = (vec![Coding::new("healthspace", code, "")], value);
    f.push(fact);
}

fn score(f: &mut Fake, code: &str, text: &str, value: &str, date: &str) {
    let mut fact = lab(code, text, value, "{score}", date);
    fact.category = Category::SocialHistory;
    f.push(fact);
}

#[test]
fn how_long_is_no_event() {
    let mut f = Fake::default();
    f.med("warfarin sodium 5 MG Oral Tablet", "1988-08-09", Status::Active);
    f.listed(Kind::Condition, Category::Conditions, "Hypertension", "1959-02-24");
    for (q, date) in [
        ("Depuis combien de temps je prends de la warfarine ?", "1988-08-09"),
        ("Depuis combien de temps suis-je sous warfarine ?", "1988-08-09"),
        ("Depuis combien de temps ai-je de l'hypertension ?", "1959-02-24"),
        ("Je suis sous anticoagulants depuis combien de temps ?", "1988-08-09"),
    ] {
        let c = f.ask(q);
        has(&c, q, &[&format!("depuis {date}")]);
        lacks(&c, q, &["aucune date de début", "ne correspond"]);
        assert!(c.missing.is_empty(), "{q} {:?}", c.missing);
    }
}

#[test]
fn visits_are_counted_by_their_sort() {
    let mut f = Fake::default();
    visit(&mut f, "EMER", "Emergency room admission (procedure)", "2021-02-19");
    visit(&mut f, "EMER", "Cardiac Arrest", "2018-06-19");
    visit(&mut f, "IMP", "Encounter Inpatient", "2012-09-01");
    for n in 0..9 {
        visit(&mut f, "AMB", "Encounter for check up (procedure)", &format!("202{n}-01-01"));
    }
    for q in [
        "Have I ever been to the ER?",
        "ER",
        "Have I been to A&E?",
        "emergency visits",
        "Was I in the emergency department?",
        "Combien de passages aux urgences ?",
    ] {
        let c = f.ask(q);
        let counted =
            ["2 of the sort asked; besides, 10 of another sort", "2 du type demandé ; de plus, 10 d'un autre"];
        assert!(counted.iter().any(|p| c.text.contains(p)), "{q}\n{}", c.text);
        has(&c, q, &["«Cardiac Arrest»", "2021-02-19"]);
        lacks(&c, q, &["check up", "Inpatient"]);
        assert!(c.missing.is_empty(), "{q} {:?}", c.missing);
    }
    let c = f.ask("Was I in the ER in 2018?");
    has(&c, "2018", &["1 of the sort asked", "2018-06-19"]);
    for q in
        ["Have I ever been hospitalised?", "inpatient admissions", "hospital stays", "Was I ever admitted to hospital?"]
    {
        let c = f.ask(q);
        has(&c, q, &["1 of the sort asked; besides, 11 of another sort", "hospital stay, 2012-09-01"]);
    }
    has(&f.ask("my visits"), "visits", &["12 in all (1 hospital stay, 2 emergency visits)"]);
    // A source that codes no sort has its visits shown all the same.
    let mut f = Fake::default();
    visit(&mut f, "", "Consultation", "2020-01-01");
    let c = f.ask("Have I been in the ER?");
    has(&c, "ER", &["0 of the sort asked; besides, 1 of another sort", "«Consultation»"]);
    visit(&mut f, "", "Emergency room visit", "2020-02-01");
    has(&f.ask("Have I been in the ER?"), "ER", &["1 of the sort asked", "«Emergency room visit»"]);
    // No category of which the question speaks, no count of it.
    assert_eq!(f.only(&[Category::Laboratory]).ask("ER").missing, ["encounters"]);
}

#[test]
fn a_pregnancy_that_visits_tell_of_is_not_denied() {
    let mut f = Fake::default();
    visit(&mut f, "AMB", "Prenatal visit", "2008-09-02");
    f.med("metformin", "2020-01-01", Status::Active);
    for q in ["Have I ever been pregnant?", "Ai-je déjà été enceinte ?", "pregnancy"] {
        let c = f.ask(q);
        has(&c, q, &["«Prenatal visit»"]);
        lacks(&c, q, &["no pregnancy on record", "grossesse : rien au dossier"]);
    }
    // Who may not see the visits is told what a file without them tells.
    let c = f.only(&[Category::Medications]).ask("Have I ever been pregnant?");
    has(&c, "pregnant", &["no pregnancy on record available here"]);
}

fn image(f: &mut Fake, text: &str, modality: &str, date: &str) {
    let mut fact = FactDraft::new(Kind::Other, Category::Documents);
    (fact.text, fact.when, fact.status) = (text.to_owned(), When::parse_fhir(date), Status::Final);
    fact.codes = vec![Coding::new(SCT, &format!("7{}", f.rows.len()), text), Coding::new("urn:dicom", modality, "")];
    f.push(fact);
    f.rows.last_mut().unwrap().type_name = "ImagingStudy".to_owned();
}

#[test]
fn images_come_before_documents_and_their_absence_is_said() {
    let mut f = Fake::default();
    for n in 0..60 {
        let date = format!("20{:02}-01-01", n % 26);
        f.listed(Kind::Document, Category::Documents, "History and physical note", &date);
    }
    f.listed(Kind::Document, Category::Documents, "Radiology report", "2015-06-22");
    image(&mut f, "Ankle X-ray", "DX", "2012-01-04");
    image(&mut f, "Transthoracic echocardiography", "US", "2020-02-01");
    procedure(&mut f, "Plain chest X-ray (procedure)", "", "2025-02-22");
    for (q, first) in [
        ("imaging studies", "«Transthoracic echocardiography»"),
        ("radiology", "«Ankle X-ray»"),
        ("radiology report", "«Radiology report»"),
        ("x-ray", "«Plain chest X-ray (procedure)»"),
        ("x-ray results", "«Ankle X-ray»"),
        ("Ai-je déjà eu une radio ?", "«Ankle X-ray»"),
        ("ankle x ray", "«Ankle X-ray»"),
        ("Have I had a chest x-ray?", "«Plain chest X-ray (procedure)»"),
        ("last echo", "«Transthoracic echocardiography»"),
        ("dernière échographie cardiaque", "«Transthoracic echocardiography»"),
    ] {
        let c = f.ask_with(q, 500);
        has(&c, q, &[first]);
        let text = plain(&c.text);
        let place = |part: &str| text.find(part).unwrap_or(usize::MAX);
        assert!(place(first) < place("«History and physical note»"), "{q}\n{text}");
        assert!(c.missing.is_empty(), "{q} {:?}\n{text}", c.missing);
    }
    for (q, said) in [
        ("MRI", "no MRI on record available here"),
        ("Did I have a CT scan?", "no CT scan on record available here"),
        ("Ai-je eu une IRM ?", "IRM : rien au dossier disponible ici"),
    ] {
        let c = f.ask(q);
        has(&c, q, &[said]);
        assert_eq!(c.missing, ["imaging"], "{q}");
    }
    let c = f.ask("x-ray in 2012");
    has(&c, "2012", &["«Ankle X-ray»"]);
    lacks(&c, "2012", &["chest"]);
    // What may not be seen is no image on record, and no other word tells of it.
    let c = f.only(&[Category::Laboratory]).ask("x-ray");
    has(&c, "x-ray", &["no X-ray on record available here"]);
    lacks(&c, "x-ray", &["Ankle", "chest"]);
    // A result that names itself is asked for, not its image.
    lacks(&f.ask("bone density scan"), "density", &["Ankle"]);
}

#[test]
fn a_phone_states_the_blood_group() {
    let mut f = Fake::default();
    let word = "HKBloodTypeAPositive";
    let value = Value::Coded(vec![Coding::new("hk", word, "")], word.to_owned());
    person(&mut f, "HKCharacteristicTypeIdentifierBloodType", value);
    for q in ["What is my blood type?", "Quel est mon groupe sanguin ?"] {
        let c = f.ask(q);
        assert!(c.text.contains("- A+, "), "{q}\n{}", c.text);
        assert!(c.missing.is_empty(), "{q} {:?}", c.missing);
    }
    has(&f.only(&[Category::Laboratory]).ask("blood type"), "type", &["no blood group on record"]);
}

#[test]
fn who_the_person_lives_and_works_as_is_told() {
    let mut f = Fake::default();
    let married = Value::Coded(vec![Coding::new("v3-MaritalStatus", "M", "M")], "M".to_owned());
    person(&mut f, "marital-status", married);
    f.listed(Kind::Condition, Category::Conditions, "Full-time employment (finding)", "2020-01-01");
    score(&mut f, "75626-2", "Total score [AUDIT-C]", "2", "2021-01-01");
    for (q, found) in [
        ("Am I married?", "- married"),
        ("marital status", "- married"),
        ("Suis-je marié ?", "- marié(e)"),
        ("Am I employed?", "«Full-time employment (finding)»"),
        ("Am I working?", "«Full-time employment (finding)»"),
        ("Est-ce que je travaille ?", "«Full-time employment (finding)»"),
        ("Do I drink?", "Total score (AUDIT-C)"),
        ("How much alcohol do I drink?", "Total score (AUDIT-C)"),
        ("alcohol screening", "Total score (AUDIT-C)"),
    ] {
        let c = f.ask(q);
        has(&c, q, &[found]);
        lacks(&c, q, &["matches these words", "ne correspond"]);
    }
    let c = f.only(&[Category::Conditions]).ask("Am I married?");
    assert_eq!(c.missing, ["marital-status"]);
    lacks(&c, "married", &["- married"]);
    let mut f = Fake::default();
    let text =
        "Anemia, unspecified, likely from Iron deficiency, with several more words that make the name of it a long one";
    f.listed(Kind::Condition, Category::Conditions, text, "2015-06-22");
    f.push(coded(
        Kind::Condition,
        Category::Conditions,
        SCT,
        "N95.1",
        "Menopausal and female climacteric states",
        "Hot flushes",
        "2016-01-01",
    ));
    has(&f.ask("Do I have an iron deficiency?"), "iron", &["Iron deficiency"]);
    lacks(&f.ask("Do I have an iron deficiency?"), "iron", &["no iron"]);
    has(&f.ask("menopause"), "menopause", &["«Hot flushes»"]);
}

#[test]
fn a_brand_of_three_letters_is_its_vaccine() {
    let mut f = Fake::default();
    f.listed(Kind::Immunization, Category::Immunizations, "M-M-R II", "2010-01-01");
    for q in ["mmr", "Am I vaccinated against measles?", "vaccin ROR"] {
        let c = f.ask(q);
        has(&c, q, &["«M-M-R II»"]);
        assert!(c.missing.iter().all(|m| m == "measles"), "{q} {:?}", c.missing);
    }
}

fn night(f: &mut Fake) {
    let samples: &[(&str, &str, i64)] = &[
        ("2026-08-10T22:30:00+02:00", "HKCategoryValueSleepAnalysisInBed", 540),
        ("2026-08-10T23:00:00+02:00", "HKCategoryValueSleepAnalysisAsleepCore", 240),
        ("2026-08-11T03:00:00+02:00", "HKCategoryValueSleepAnalysisAsleepREM", 90),
        ("2026-08-11T04:30:00+02:00", "HKCategoryValueSleepAnalysisAwake", 30),
        ("2026-08-11T05:00:00+02:00", "HKCategoryValueSleepAnalysisAsleepDeep", 60),
    ];
    f.chunk("HKCategoryTypeIdentifierSleepAnalysis", "", "Watch", Category::Sleep, samples);
}

#[test]
fn stages_of_sleep_are_told_apart() {
    let mut f = Fake::default();
    night(&mut f);
    for (q, said) in [
        ("time in bed", "≈9.00 h in bed per night"),
        ("How much REM did I get in August 2026?", "≈1.50 h of REM sleep per night"),
        ("deep sleep", "≈1.00 h of deep sleep per night"),
        ("Quel est mon sommeil profond ?", "≈1,00 h de sommeil profond par nuit"),
        ("mon sommeil paradoxal", "≈1,50 h de sommeil paradoxal par nuit"),
        ("How long was I awake at night?", "≈0.50 h awake per night"),
        ("How long did I sleep?", "≈6.50 h asleep per night"),
    ] {
        let c = f.ask(q);
        has(&c, q, &[said]);
        assert!(c.missing.iter().all(|m| m == "period"), "{q} {:?}\n{}", c.missing, c.text);
    }
    for (q, said) in [
        ("How much light and deep sleep do I get?", ["≈4.00 h of core (light) sleep", "≈1.00 h of deep sleep"]),
        ("deep and REM sleep", ["≈1.00 h of deep sleep", "≈1.50 h of REM sleep"]),
        ("Combien de sommeil léger et profond ?", ["≈4,00 h de sommeil léger", "≈1,00 h de sommeil profond"]),
        ("mon sommeil profond et paradoxal", ["≈1,00 h de sommeil profond", "≈1,50 h de sommeil paradoxal"]),
    ] {
        let c = f.ask(q);
        has(&c, q, &said);
        assert!(c.missing.is_empty(), "{q} {:?}\n{}", c.missing, c.text);
    }
    // No stage, but what the sleep is asked beside.
    assert_eq!(f.ask("Do I sleep worse with a light on?").missing, ["limit"]);
    let mut f = Fake::default();
    let one: &[(&str, &str, i64)] = &[("2026-08-10T23:00:00+02:00", "HKCategoryValueSleepAnalysisAsleep", 300)];
    f.chunk("HKCategoryTypeIdentifierSleepAnalysis", "", "Watch", Category::Sleep, one);
    has(&f.ask("deep sleep"), "deep", &["no sample of deep sleep here", "≈5.00 h asleep per night"]);
}

#[test]
fn device_series_are_counted_by_their_samples() {
    let mut f = Fake::default();
    let pulse: &[(&str, &str, i64)] = &[
        ("2026-07-01T08:00:00+02:00", "60", 1),
        ("2026-07-31T08:00:00+02:00", "61", 1),
        ("2026-07-31T23:30:00+02:00", "62", 1),
    ];
    f.chunk("HKQuantityTypeIdentifierHeartRate", "count/min", "Watch", Category::VitalSigns, pulse);
    let weight: &[(&str, &str, i64)] = &[("2026-07-02T08:00:00+02:00", "80", 0)];
    f.chunk("HKQuantityTypeIdentifierBodyMass", "kg", "Scale", Category::VitalSigns, weight);
    f.lab("2160-0", "Creatinine", "0.9", "mg/dL", "2020-01-01");
    let c = f.ask("hello there");
    has(&c, "hello", &["Vital signs: 4 samples (2026-07-01–2026-07-31)", "Laboratory results: 1 entry ("]);
}

#[test]
fn vaccinations_are_counted_and_so_are_their_sorts() {
    let mut f = Fake::default();
    for year in 2010..2020 {
        f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal", &format!("{year}-10-01"));
    }
    f.listed(Kind::Immunization, Category::Immunizations, "Td (adult)", "2015-01-01");
    has(&f.ask("How many vaccines did I get in total?"), "n", &["11 vaccinations in all, of 2 different vaccines"]);
    has(&f.ask("Combien de vaccins ai-je reçus ?"), "n", &["11 vaccinations en tout, de 2 vaccins différents"]);
    lacks(&f.ask("Combien de vaccins ai-je reçus ?"), "n", &["ne correspond"]);
}

#[test]
fn words_of_time_that_limit_nothing_are_quoted() {
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "100", "mg/dL", "2020-01-01");
    for (q, words) in [
        ("my LDL lately", "«lately»"),
        ("my LDL recently", "«recently»"),
        ("LDL as a child", "«as a child»"),
        ("LDL during lockdown", "«lockdown»"),
        ("my LDL every month", "«every month»"),
        ("LDL in the first week of August 2026", "«first week»"),
        ("LDL en début d'année", "«debut d annee»"),
        ("mon LDL ces derniers temps", "«derniers temps»"),
        ("mon LDL récemment", "«recemment»"),
        ("LDL depuis la rentrée", "«rentree»"),
        ("mon LDL durant l'été", "«l ete»"),
        ("my LDL on new year's day 2020", "«new year»"),
        ("mon LDL au jour de l'an 2020", "«jour de l an»"),
    ] {
        let c = f.ask(q);
        has(&c, q, &[words]);
        assert!(c.missing.contains(&"period".to_owned()), "{q} {:?}", c.missing);
        assert!(!c.missing.contains(&"other".to_owned()), "{q} {:?}\n{}", c.missing, c.text);
    }
    lacks(&f.ask("most recent LDL"), "recent", &["not understood"]);
}

#[test]
fn a_family_history_that_nothing_tells_is_said_to_be_none() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Malignant neoplasm of colon", "2015-01-01");
    for q in ["Any cancer in my family?", "family history of heart disease", "antécédents familiaux de cancer"] {
        let c = f.ask(q);
        assert!(c.missing.contains(&"family-history".to_owned()), "{q}");
        let said = ["no family history on record available here", "aucun antécédent familial au dossier"];
        assert!(said.iter().any(|s| c.text.contains(s)), "{q}\n{}", c.text);
    }
    other(&mut f, "FamilyMemberHistory", "father", "colon cancer");
    lacks(&f.ask("Any cancer in my family?"), "family", &["no family history"]);
}

#[test]
fn scores_are_what_a_question_for_a_score_shows() {
    let mut f = Fake::default();
    for (n, text) in
        ["Depression screening", "Assessment using PHQ", "Assessment of substance use", "Assessment of alcohol use"]
            .iter()
            .enumerate()
    {
        procedure(&mut f, text, "", &format!("2024-01-0{}", n + 1));
    }
    score(&mut f, "55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score [Reported]", "1", "2020-01-01");
    score(&mut f, "44261-6", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]", "7", "2020-01-02");
    score(&mut f, "82667-7", "Total score [DAST-10]", "9", "2019-08-28");
    score(&mut f, "72107-6", "Total score [MMSE]", "20.546", "2019-08-28");
    for (q, value) in [
        ("depression score", "7 "),
        ("score de dépression", "7 "),
        ("Am I depressed?", "7 "),
        ("drug abuse score", "9 "),
        ("cognitive test result", "20.546"),
        ("mini mental", "20.546"),
        ("mental state exam score", "20.546"),
    ] {
        has(&f.ask(q), q, &[value]);
    }
}

#[test]
fn medications_for_something_are_those() {
    let mut f = Fake::default();
    f.lab("8480-6", "Systolic", "120", "mm[Hg]", "2020-01-01");
    f.med("simvastatin 20 MG", "2020-01-01", Status::Active);
    for q in ["Am I on any blood pressure meds?", "blood pressure meds", "meds for my blood pressure"] {
        let c = f.ask(q);
        assert_eq!(c.missing, ["antihypertensive"], "{q}\n{}", c.text);
        has(&c, q, &["no blood pressure medicine on record"]);
        lacks(&c, q, &["120"]);
    }
    f.med("amlodipine 5 MG", "2021-01-01", Status::Active);
    for q in ["Am I on any blood pressure meds?", "meds for my blood pressure", "médicaments pour la tension"] {
        let c = f.ask_with(q, 300);
        has(&c, q, &["amlodipine 5 MG"]);
        assert!(c.missing.is_empty(), "{q} {:?}", c.missing);
    }
    assert_eq!(Fake::default().ask("pain meds").missing, ["painkiller"]);
}

#[test]
fn idle_words_are_not_denied() {
    let mut f = Fake::default();
    f.listed(Kind::Allergy, Category::Allergies, "Allergy to penicillin", "1999-01-01");
    f.med("simvastatin 20 MG", "2020-01-01", Status::Active);
    f.listed(Kind::Condition, Category::Conditions, "Asthma", "2000-01-01");
    for q in [
        "À quoi suis-je allergique ?",
        "Mes allergies médicamenteuses",
        "Mes médicaments actuels",
        "my active medications",
        "resolved conditions",
        "What happend with my asthma?",
        "Combien de médicaments en total ?",
    ] {
        let c = f.ask(q);
        lacks(&c, q, &["matches these words", "ne correspond"]);
        assert!(!c.missing.iter().any(|m| m == "other"), "{q} {:?}", c.missing);
    }
}

/// Without the birth date an age is no period: that is said.
#[test]
fn an_age_without_a_birth_date_is_quoted() {
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "100", "mg/dL", "2020-01-01");
    let c = f.ask("my LDL when I was 20");
    has(&c, "age", &["these words about time were not understood", "when i was 20"]);
    assert_eq!(c.missing, ["period"]);
    f.person("1990-05-01", "female");
    lacks(&f.ask("my LDL when I was 20"), "age", &["not understood"]);
}

#[test]
fn hours_that_are_counted_by_day_are_told_by_day() {
    let mut f = Fake::default();
    let stood: &[(&str, &str, i64)] = &[("2026-08-10T08:00:00+02:00", "HKCategoryValueAppleStandHourStood", 60)];
    f.chunk("HKCategoryTypeIdentifierAppleStandHour", "", "Watch", Category::Activity, stood);
    let mut day = FactDraft::new(Kind::ActivitySummary, Category::Activity);
    (day.codes, day.when) = (vec![Coding::new("hk", "appleStandHours", "")], When::parse_fhir("2026-08-10"));
    day.value = Value::Quantity(super::fake::quantity("11", "h"));
    f.push(day);
    has(&f.ask("stand hours"), "stand", &["(daily totals)", "11 h (2026-08-10)", "1 sample"]);
}

#[test]
fn the_first_result_and_results_of_no_kind() {
    let mut f = Fake::default();
    f.lab("2160-0", "Creatinine", "0.7", "mg/dL", "2001-01-01");
    f.lab("2160-0", "Creatinine", "0.9", "mg/dL", "2020-01-01");
    f.lab("2345-7", "Glucose", "90", "mg/dL", "2010-01-01");
    has(
        &f.ask("What is my first lab result ever?"),
        "first",
        &["the earliest of all: creatinine: 0.7 mg/dL (2001-01-01)"],
    );
    has(&f.ask("oldest lab"), "oldest", &["0.7 mg/dL (2001-01-01)"]);
    for q in ["abnormal results", "résultats anormaux", "résultats"] {
        let c = f.ask(q);
        assert!(
            ["0.9 mg/dL (2020-01-01)", "0,9 mg/dL (2020-01-01)"].iter().any(|v| c.text.contains(v)),
            "{q}\n{}",
            c.text
        );
    }
}
