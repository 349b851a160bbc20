//! What a question was read as.

use super::fake::{Fake, lab, patient, plain};
use super::words::has;
use crate::record::{Category, FactDraft, Kind, Status, When};

/// The reading that a context states.
fn read(f: &Fake, question: &str) -> String {
    let text = plain(&f.ask(question).text);
    let (en, fr) = ("- question read as: ", "- question comprise ainsi : ");
    let line = text.lines().find_map(|l| l.strip_prefix(en).or_else(|| l.strip_prefix(fr)));
    let line = line.unwrap_or_else(|| panic!("{question}\n{text}"));
    let end = ["; nothing else in it limits what follows", " ; rien d'autre n'y limite ce qui suit"];
    let line = end.iter().find_map(|e| line.strip_suffix(e));
    line.unwrap_or_else(|| panic!("{question}\n{text}")).to_owned()
}

#[test]
fn a_context_says_what_the_question_was_read_as() {
    let f = patient();
    for (question, reading) in [
        ("my LDL", "LDL cholesterol; at any time"),
        ("my LDL in 2010", "LDL cholesterol; in the period asked"),
        (
            "how did my LDL change since I started the statin?",
            "LDL cholesterol; before and after: statin (simvastatin); at any time",
        ),
        // What it is compared with is not on record, and nothing is said of it here.
        ("my LDL since I started metformin", "LDL cholesterol; at any time"),
        ("my medications", "medications (all); at any time"),
        ("active medications", "medications (that go on); at any time"),
        ("which medications did I stop?", "medications (that do not go on); at any time"),
        ("medications that I started in 2010", "medications (begun in the period); in the period asked"),
        ("hospital stays and workouts", "visits (stays in hospital), workouts (all); at any time"),
        ("my runs", "workouts (running); at any time"),
        ("my last mri", "imaging (MRI); at any time"),
        ("abnormal results", "laboratory results (flagged or out of their range); at any time"),
        ("deep sleep", "sleep (of deep sleep); at any time"),
        ("hello", "an overview of what is on record; at any time"),
        ("mon LDL depuis la statine", "cholestérol LDL ; avant et après : statine (simvastatine) ; à toute date"),
        ("mes médicaments en cours", "médicaments (en cours) ; à toute date"),
        ("mes courses à pied", "séances d'exercice (course à pied) ; à toute date"),
    ] {
        assert_eq!(read(&f, question), reading, "{question}");
    }
}

/// Words that were looked for are said; those that limit nothing are told as such, and not here.
#[test]
fn words_of_no_table_are_said_where_they_were_looked_for() {
    let mut f = Fake::default();
    f.push(lab("2", "Presepsin [Mass/volume]", "0.1", "ng/mL", "2020-01-01"));
    assert_eq!(read(&f, "presepsin"), "records with these words: «presepsin»; at any time");
    f.push(lab("13457-7", "LDL", "100", "mg/dL", "2020-01-01"));
    let c = f.ask("my LDL measured in Boston");
    has(&c, "Boston", &["limit or compute nothing here: «boston»", "read as: LDL cholesterol; at any time;"]);
}

/// More than a few names are counted.
#[test]
fn a_long_reading_is_cut() {
    let f = patient();
    let all = read(&f, "my LDL, HDL, glucose, sodium, potassium, creatinine, calcium and HbA1c");
    assert!(all.ends_with("and 2 more; at any time"), "{all}");
}

/// What is asked about somebody else is not read.
#[test]
fn a_question_about_somebody_else_has_no_reading() {
    let f = patient();
    assert!(!f.ask("my sister's LDL").text.contains("read as"));
    assert!(read(&f, "family history of diabetes").starts_with("family history"));
}

/// A check-up is a visit of a sort that no code tells, a year beside an event is of it, and what is taken for the
/// cholesterol is no measure.
#[test]
fn sorts_that_no_code_tells_are_told() {
    let mut f = patient();
    let mut visit = FactDraft::new(Kind::Encounter, Category::Encounters);
    (visit.text, visit.status, visit.when) = ("Consultation".into(), Status::Final, When::parse_fhir("2020-01-01"));
    f.push(visit);
    for (question, word) in
        [("check-ups", "«check"), ("my last checkup", "«checkup»"), ("visites de contrôle", "«controle»")]
    {
        let c = f.ask(question);
        assert!(c.missing.contains(&"limit".to_owned()) && plain(&c.text).contains(word), "{question}\n{}", c.text);
    }
    assert!(!read(&f, "médicaments du cholestérol").contains("triglycérides"));
    let c = f.ask("LDL since simvastatin 2014");
    assert!(c.missing.contains(&"period".to_owned()), "{:?}\n{}", c.missing, c.text);
    let c = f.ask("LDL since simvastatin 2010");
    assert!(c.missing.is_empty(), "{:?}\n{}", c.missing, c.text);
}

/// What is called by a bare word: examinations are results, naps are sleep, and to reach is no reaction. What lasts over
/// some days is no period.
#[test]
fn bare_words_are_read_as_what_they_mean() {
    let f = patient();
    for (question, reading) in [
        ("mes derniers examens", "résultats de laboratoire (tout) ; à toute date"),
        ("résultats d'examens", "résultats de laboratoire (tout) ; à toute date"),
        ("exam results", "laboratory results (all); at any time"),
        ("naps", "sleep; at any time"),
        ("mes siestes", "sommeil ; à toute date"),
        ("how many days did I reach 10k steps", "steps, records with these words: «10k»; at any time"),
        ("LDL over 2 years", "LDL cholesterol; in the period asked"),
    ] {
        assert_eq!(read(&f, question), reading, "{question}");
    }
    let c = f.ask("hospital stays over 2 days");
    assert!(c.missing.contains(&"period".to_owned()), "{:?}\n{}", c.missing, c.text);
    has(&c, "stays", &["limit nothing here: «2 days»", "at any time"]);
}

/// What is measured and taken: where no result is it, a medication that has its name is no "nothing on record".
#[test]
fn what_is_measured_may_be_taken() {
    let mut f = patient();
    f.med("Cholecalciferol (Vitamin D3) 1000 UNT Oral Capsule", "2020-01-01", Status::Active);
    f.med("168 HR Ethinyl Estradiol 0.00146 MG/HR Transdermal System", "2020-01-01", Status::Active);
    for (question, medication) in [
        ("do I take vitamin D?", "«Cholecalciferol (Vitamin D3) 1000 UNT Oral Capsule»"),
        ("est-ce que je prends de la vitamine D ?", "«Cholecalciferol (Vitamin D3) 1000 UNT Oral Capsule»"),
        ("am I on estradiol?", "«168 HR Ethinyl Estradiol 0.00146 MG/HR Transdermal System»"),
    ] {
        let c = f.ask(question);
        let text = plain(&c.text);
        let denial =
            text.find("follow").or_else(|| text.find("ci-dessous")).unwrap_or_else(|| panic!("{question}\n{text}"));
        assert!(text[denial..].contains(medication), "{question}\n{text}");
        for flat in ["no vitamin D on record", "no estradiol on record", "rien au dossier"] {
            assert!(!text.contains(flat), "{question}\n{text}");
        }
    }
    // A salt is one of both its names, and what stands behind a medication is none.
    f.med("Sodium bicarbonate 650 MG Oral Tablet", "2020-01-01", Status::Active);
    f.med("Penicillin V Potassium 250 MG Oral Tablet", "2020-01-01", Status::Active);
    f.med("Oxygen 99 % gas", "2020-01-01", Status::Active);
    for (question, shown) in [("bicarbonate", true), ("am I on sodium?", true), ("potassium", false)] {
        let text = plain(&f.ask(question).text);
        let flat = text.lines().any(|l| l.starts_with("- no ") && l.ends_with("on record available here"));
        assert_eq!(flat, !shown, "{question}\n{text}");
    }
    for question in ["am I on oxygen?", "do I take oxygen?", "oxygen"] {
        has(&f.ask(question), question, &["«Oxygen 99 % gas»"]);
    }
    // With a result, what is taken is shown beside it.
    f.push(lab("1989-3", "Vitamin D", "30", "ng/mL", "2020-01-01"));
    assert_eq!(read(&f, "do I take vitamin D?"), "vitamin D, medications (all); at any time");
    assert_eq!(read(&f, "my vitamin D"), "vitamin D; at any time");
}

/// What is joined to a vaccine may be one as well.
#[test]
fn one_of_two_vaccines_is_not_denied() {
    let mut f = patient();
    let shot = |text: &str| {
        let mut shot = FactDraft::new(Kind::Immunization, Category::Immunizations);
        (shot.text, shot.status, shot.when) = (text.into(), Status::Final, When::parse_fhir("2021-03-30"));
        shot
    };
    f.push(shot("SARS-COV-2 (COVID-19) vaccine, mRNA"));
    for question in ["covid and flu vaccines", "when was my covid and flu shot", "vaccins grippe et covid"] {
        let c = f.ask(question);
        has(&c, question, &["«SARS-COV-2 (COVID-19) vaccine, mRNA»", "2021-03-30"]);
        let text = plain(&c.text);
        for flat in ["no COVID-19 on record", "COVID-19 : rien"] {
            assert!(!text.contains(flat), "{question}\n{text}");
        }
    }
    assert_eq!(read(&f, "diabetes and flu shots"), "diabetes, influenza vaccine; at any time");
}
