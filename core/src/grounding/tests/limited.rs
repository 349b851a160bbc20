//! Lists that a question limits by a state or a beginning, and what it would limit in vain.

use super::fake::{Fake, lab, with_range};
use super::words::{has, lacks};
use crate::record::{Category, FactDraft, Kind, Status, When};

fn condition(f: &mut Fake, text: &str, dates: (&str, &str), status: Status) {
    let mut fact = FactDraft::new(Kind::Condition, Category::Conditions);
    (fact.text, fact.status) = (text.to_owned(), status);
    (fact.when, fact.until) = (When::parse_fhir(dates.0), When::parse_fhir(dates.1));
    f.push(fact);
}

fn records() -> Fake {
    let mut f = Fake::default();
    condition(&mut f, "Asthma", ("2004-03-01", ""), Status::Active);
    condition(&mut f, "Gout", ("2012-03-01", ""), Status::Active);
    condition(&mut f, "Pneumonia", ("2012-05-01", "2012-06-01"), Status::Resolved);
    condition(&mut f, "Sinusitis", ("2001-05-01", "2013-06-01"), Status::Resolved);
    f.med("lisinopril 10 MG", "2012-01-01", Status::Stopped);
    f.med("warfarin 5 MG", "2013-01-01", Status::Unstated);
    for (date, status) in [("2010-05-01", Status::Final), ("2012-05-01", Status::Active)] {
        f.med("simvastatin 20 MG", date, status);
    }
    f.med("colchicine 1 MG", "2012-07-01", Status::Active);
    f
}

const ALL: [&str; 4] = ["asthm", "gout", "pneumoni", "sinusit"];

/// The list that was asked for, without what stands behind it.
fn listed(f: &Fake, question: &str) -> String {
    let t = super::fake::plain(&f.ask(question).text);
    let from = t.find("\nConditions\n").or_else(|| t.find("\nMaladies et problèmes de santé\n"));
    let from = from.or_else(|| t.find("\nMedications\n")).or_else(|| t.find("\nMédicaments\n"));
    let list = &t[from.unwrap_or_else(|| panic!("{question}\n{t}"))..];
    let lines: Vec<&str> = list.lines().skip(2).take_while(|l| l.starts_with("- ")).collect();
    lines.join("\n").to_lowercase()
}

#[test]
fn a_state_that_is_asked_for_limits_the_list() {
    let f = records();
    for (question, wanted) in [
        ("What are my active conditions?", [true, true, false, false]),
        ("only active conditions", [true, true, false, false]),
        ("my ongoing health problems", [true, true, false, false]),
        ("Which conditions are resolved?", [false, false, true, true]),
        ("conditions that are no longer active", [false, false, true, true]),
        ("my past illnesses", [false, false, true, true]),
        ("past medical history", [true, true, true, true]),
        ("active and resolved conditions", [true, true, true, true]),
        ("What conditions do I have?", [true, true, true, true]),
        ("mes maladies en cours", [true, true, false, false]),
        ("mes maladies actuelles", [true, true, false, false]),
        ("mes anciennes maladies", [false, false, true, true]),
        ("mes problèmes de santé résolus", [false, false, true, true]),
    ] {
        let list = listed(&f, question);
        let shown = ALL.map(|name| list.contains(name));
        assert_eq!(shown, wanted, "{question}\n{list}");
        assert_eq!(
            list.contains("as asked; not shown: 2") || list.contains("demandé ; non montrés : 2"),
            wanted.contains(&false),
            "{question}\n{list}"
        );
        assert!(list.contains("4 in all, 2 active") || list.contains("4 en tout, 2 en cours"), "{question}\n{list}");
    }
    // With a period, what went on or ended then.
    let list = listed(&f, "conditions active in 2012");
    assert!(list.contains("sinusit") && list.contains("pneumoni"), "{list}");
    let list = listed(&f, "Which conditions resolved in 2012?");
    assert!(list.contains("pneumoni") && !list.contains("sinusit") && !list.contains("gout"), "{list}");
    // Each list by its own words.
    let mut two = records();
    condition(&mut two, "Pneumonia", ("2018-01-01", "2018-02-01"), Status::Resolved);
    let c = two.ask("Which conditions resolved in 2012, and any new medications?");
    has(
        &c,
        "two",
        &["what ended in the period is shown, as asked", "pneumonia, resolved, began 2012-05-01", "colchicine"],
    );
    lacks(&c, "two", &["2018", "simvastatin», active, 2 entries, first 2010"]);
    // Of what nothing says whether it is taken, both are told.
    let list = listed(&f, "What medications do I currently take?");
    assert!(list.contains("simvastatin") && list.contains("warfarin") && !list.contains("lisinopril"), "{list}");
    let list = listed(&f, "Which medications did I stop?");
    assert!(!list.contains("simvastatin") && list.contains("warfarin") && list.contains("lisinopril"), "{list}");
}

#[test]
fn what_began_in_a_period_is_not_what_was_there_in_it() {
    let f = records();
    for (question, wanted) in [
        ("What conditions was I diagnosed with in 2012?", [false, true, true, false]),
        ("conditions that began since 2010", [false, true, true, false]),
        ("maladies diagnostiquées en 2012", [false, true, true, false]),
        ("maladies apparues depuis 2010", [false, true, true, false]),
        ("new conditions in 2004", [true, false, false, false]),
        // Of one that is resolved without saying when, nobody knows.
        ("conditions in 2012", [true, true, true, true]),
    ] {
        let list = listed(&f, question);
        assert_eq!(ALL.map(|name| list.contains(name)), wanted, "{question}\n{list}");
    }
    // A new prescription of what was taken before begins nothing.
    for question in
        ["medications started in 2012", "médicaments commencés en 2012", "What medicines did I start in 2012?"]
    {
        let list = listed(&f, question);
        assert!(list.contains("colchicine") && list.contains("lisinopril"), "{question}\n{list}");
        assert!(!list.contains("simvastatin"), "{question}\n{list}");
    }
    let list = listed(&f, "Which conditions did I start or stop having in 2013?");
    assert!(list.contains("what began or ended") && list.contains("sinusit") && !list.contains("gout"), "{list}");
    let c = f.ask("Any new conditions?");
    has(&c, "new", &["these words of the question limit or compute nothing here: «new»"]);
    assert_eq!(c.missing, ["limit"]);
}

fn results() -> Fake {
    let mut f = Fake::default();
    f.push(with_range(lab("2160-0", "Creatinine", "1.95", "mg/dL", "2026-08-01"), Some("0.6"), Some("1.2"), ""));
    f.push(with_range(lab("2823-3", "Potassium", "4.1", "mmol/L", "2026-08-01"), Some("3.5"), Some("5.1"), "N"));
    f.push(with_range(lab("2951-2", "Sodium", "128", "mmol/L", "2026-08-01"), None, None, "L"));
    f.lab("4548-4", "Hemoglobin A1c", "6.4", "%", "2026-08-01");
    f
}

#[test]
fn abnormal_results_are_those_that_are_flagged_or_out_of_their_range() {
    let f = results();
    for question in [
        "What are my abnormal lab results?",
        "Any abnormal results?",
        "lab results out of range",
        "Mes résultats anormaux",
        "analyses hors normes",
        "Quelles sont mes analyses anormales ?",
    ] {
        let c = f.ask(question);
        has(&c, question, &["95 mg/dL", "128"]);
        lacks(&c, question, &["4.1 mmol/L", "4,1 mmol/L"]);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
        let said = ["own range: 1; without flag", "valeurs de référence : 1 ; sans indicateur"];
        assert!(said.iter().any(|s| c.text.contains(s)), "{question}\n{}", c.text);
    }
    for question in ["my lab results", "normal and abnormal lab results", "lab results that are not abnormal"] {
        has(&f.ask(question), question, &["1.95", "128", "4.1", "6.4"]);
    }
    // What is named says how it stands by itself.
    has(&f.ask("Is my potassium abnormal?"), "named", &["4.1", "within the reported range"]);
}

#[test]
fn what_limits_no_list_is_said() {
    let f = results();
    for (question, said) in [
        ("Which lab results got worse?", "«worse»"),
        ("my lowest lab results", "«lowest»"),
        ("positive lab results", "«positive»"),
        ("Which of my results are positive?", "«positive»"),
        ("normal results", "«normal»"),
        ("mes analyses normales", "ne limitent ni ne calculent rien ici : «normales»"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[said]);
        assert_eq!(c.missing, ["limit"], "{question}");
    }
    for question in ["my lab results", "latest lab results", "show my potassium, is it high?", "highest potassium"] {
        assert!(f.ask(question).missing.is_empty(), "{question}");
    }
    let mut f = records();
    for date in ["2019-01-29", "2020-05-04", "2021-05-04"] {
        f.listed(Kind::Encounter, Category::Encounters, "Check up", date);
    }
    has(&f.ask("my last two visits"), "counted", &["not worked out here", "«last two»"]);
    has(&f.ask("my last visit"), "last", &["2021-05-04"]);
    has(&f.ask("What changed since my last check-up?"), "changed", &["«changed, since my last check»"]);
}

#[test]
fn a_letter_beside_a_name_is_part_of_it() {
    let mut f = Fake::default();
    f.lab("10839-9", "Troponin I.cardiac", "0.02", "ng/mL", "2026-08-01");
    has(&f.ask("troponin T"), "T", &["0.02", "has some of them", "troponin"]);
    lacks(&f.ask("troponin I"), "I", &["has some of them"]);
    lacks(&f.ask("my troponin"), "none", &["has some of them"]);
    let mut f = Fake::default();
    f.lab("6598-7", "Troponin T.cardiac", "0.02", "ng/mL", "2026-08-01");
    lacks(&f.ask("troponin T"), "T", &["has some of them"]);
}

#[test]
fn two_digits_that_may_be_a_year_are_said_not_to_be_read() {
    let mut f = Fake::default();
    f.lab("2823-3", "Potassium", "4.1", "mmol/L", "2019-02-04");
    for question in ["potassium in 19", "potassium since 19", "mon potassium en 19"] {
        let c = f.ask(question);
        assert_eq!(c.missing, ["period"], "{question}\n{}", c.text);
    }
}

/// LDL of years, some out of range, and a statin.
fn lipids() -> Fake {
    let mut f = super::fake::patient();
    f.push(with_range(lab("2823-3", "Potassium", "5.9", "mmol/L", "2020-08-01"), Some("3.5"), Some("5.1"), "H"));
    f.lab("2085-9", "High Density Lipoprotein Cholesterol", "50", "mg/dL", "2012-09-01");
    f
}

/// Whatever of a question nothing used is told.
#[test]
fn what_falls_through_the_tables_is_told() {
    let f = lipids();
    let mut lost = Vec::new();
    for (question, said) in [
        ("How many of my LDL results were out of range?", "out of range"),
        ("How many times was my LDL high?", "high"),
        ("When was my LDL last normal?", "normal"),
        ("Quand mon LDL était-il normal ?", "normal"),
        ("Did my LDL ever hit 160?", "160"),
        ("Did my LDL drop under one hundred?", "hundred"),
        ("third most recent LDL", "third"),
        ("second highest LDL", "second"),
        ("top 3 LDL values", "3"),
        ("five most recent LDL values", "five most recent"),
        ("biggest jump of my LDL", "biggest"),
        ("yearly average of my LDL", "yearly"),
        ("convert my LDL to mmol per litre", "convert"),
        ("LDL measured in Boston", "boston"),
        ("LDL by the Friedewald formula", "friedewald"),
        ("LDL before breakfast", "event asked about"),
        ("LDL between starting lisinopril and starting simvastatin", "between starting"),
        ("my LDL since the simvastatin dose was increased", "dose was increased"),
        ("my LDL excluding the highest", "excluding the highest"),
        ("LDL on the 5th", "5th"),
        ("my LDL on admission", "on admission"),
        ("my LDL when I was diagnosed with hypertension", "when i was diagnosed"),
        ("Quel était mon LDL quand mon HDL était au plus bas ?", "quand mon hdl"),
        ("my LDL during covid", "during covid"),
        ("When my LDL was highest, what was my HDL?", "when"),
        ("HDL at the time of peak LDL", "at the time of"),
        ("my LDL since I doubled simvastatin", "doubled simvastatin"),
        ("LDL after lisinopril but before simvastatin", "before simvastatin"),
        ("my LDL on treatment", "on treatment"),
        ("résultats depuis ma dernière consultation", "depuis ma derniere consultation"),
        ("LDL not measured at home", "not measured"),
        ("fasting LDL", "fasting"),
        ("fasting glucose", "fasting"),
        ("when LDL was highest what was HDL?", "when"),
        ("mon LDL à jeun", "jeun"),
        ("abnormal LDL", "abnormal"),
        ("LDL anormaux", "anormaux"),
        ("LDL above range", "above range"),
        ("normal LDL values", "normal"),
        ("How long has my LDL been normal?", "normal"),
        ("la dernière fois que mon LDL était normal", "normal"),
        ("Who ordered my LDL?", "who ordered"),
        ("LDL to HDL ratio", "ratio"),
        ("How many blood tests did I have?", "many"),
        ("my LDL at discharge", "discharge"),
        ("mon LDL à l'admission", "admission"),
        ("weight before 2013 vs after", "after"),
        ("LDL since I started simvastatin in 2018", "time that the question names"),
        ("LDL since simvastatin in 2022", "time that the question names"),
        ("LDL since simvastatin in 2008", "time that the question names"),
        ("LDL depuis la simvastatine de 2008", "nommée par la question"),
        ("LDL since simvastatin 40 mg", "of that strength"),
        ("LDL since I lost weight", "since i lost weight"),
        ("Was my LDL higher in 2013 than in 2012?", "several periods"),
        ("LDL 2012 compared with now", "several periods"),
        ("LDL in 2012 and HDL in 2013", "several periods"),
        ("systolic in 2012 and diastolic in 2013", "several periods"),
        ("LDL in 2012 and now", "several periods"),
        ("How many results did I have in 2012?", "many"),
        ("high LDL values", "high"),
        ("How many tests did I have?", "many"),
        ("medications since 2012 and labs in 2013", "several periods"),
    ] {
        let c = f.ask(question);
        let text = super::fake::plain(&c.text);
        // What is missing stands before the first block.
        let head: Vec<&str> = text.lines().skip(2).take_while(|l| l.starts_with("- ")).collect();
        if c.missing.is_empty() || !head.iter().any(|l| l.contains(said)) {
            lost.push(format!("{question} {:?}\n{text}", c.missing));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    has(&f.ask("LDL de 2012 comparé à 2014"), "compared", &["plusieurs périodes sont nommées"]);
    for question in [
        "What is my latest LDL?",
        "Is my LDL high?",
        "Is my LDL normal?",
        "How high was my LDL in 2012?",
        "How did my LDL change since I started simvastatin?",
        "Quelle est l'évolution de mon LDL depuis la simvastatine ?",
        "What was my highest LDL?",
        "Can you tell me about my LDL and HDL please?",
        "LDL over the last 20 years",
        "LDL since 2010",
        "LDL since January 2011",
        "mon LDL depuis 2010",
        "LDL between 2010 and 2012",
        "LDL since simvastatin 20 mg",
        "LDL in 2012 since simvastatin",
        "LDL and HDL in 2012 and 2013",
        "my highest LDL before 2013",
        "premier LDL après la simvastatine",
        "vitamin B12",
    ] {
        let c = f.ask(question);
        lacks(&c, question, &["these words of the question", "were not understood", "not worked out"]);
    }
}

#[test]
fn what_is_left_out_is_not_shown() {
    let f = lipids();
    for question in [
        "all labs but LDL",
        "all my labs except LDL",
        "no LDL please, just HDL",
        "not the LDL but the HDL",
        "Pas le LDL, le HDL",
    ] {
        let c = f.ask(question);
        let told = ["left out, as the question says: LDL cholesterol", "comme le dit la question : cholestérol LDL"];
        assert!(told.iter().any(|t| c.text.contains(t)) && c.text.contains("50 mg/dL"), "{question}\n{}", c.text);
        lacks(&c, question, &["92.10", "92,10"]);
    }
    let mut taken = Fake::default();
    taken.med("digoxin 0.1 MG", "2012-01-01", Status::Active);
    taken.med("lisinopril 10 MG", "2012-01-01", Status::Active);
    for question in ["all my meds apart from digoxin", "mes médicaments à part la digoxine"] {
        let list = listed(&taken, question);
        assert!(list.contains("lisinopril") && !list.contains("digoxin"), "{question}\n{list}");
    }
    let mut allergies = super::fake::patient();
    allergies.listed(Kind::Allergy, Category::Allergies, "Allergy to peanut", "2001-01-01");
    let c = allergies.ask("Am I allergic to anything besides penicillin?");
    has(&c, "besides", &["left out, as the question says: penicillin", "peanut"]);
    lacks(&c, "besides", &["Allergy to penicillin"]);
    has(&records().ask("conditions other than stress"), "unknown", &["«other than stress»"]);
    let c = f.ask("everything except labs");
    has(&c, "all but labs", &["left out, as the question says: laboratory results"]);
    lacks(&c, "all but labs", &["92.10"]);
}

/// A result that has words and no code is one of what its words say.
#[test]
fn a_result_without_a_code_is_found_by_its_name() {
    for (text, question) in [
        ("Sodium", "my sodium"),
        ("Glucose", "glucose"),
        ("HbA1c", "HbA1c"),
        ("LDL cholesterol", "mon LDL"),
        ("TSH", "TSH"),
    ] {
        let mut f = Fake::default();
        f.lab("", text, "99", "mg/dL", "2020-08-01");
        let c = f.ask(question);
        has(&c, question, &["99 mg/dL"]);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "97", "mg/dL", "2020-08-01");
    f.lab("", "LDL", "99", "mg/dL", "2021-08-01");
    has(&f.ask("LDL"), "both", &["1 result: 99 mg/dL", "1 result: 97 mg/dL"]);
}

/// What a list is asked for that nothing limits it by: all of it is shown, and that is said.
#[test]
fn a_list_that_is_wider_than_what_was_asked_for_says_so() {
    let mut f = records();
    f.listed(Kind::Allergy, Category::Allergies, "Allergy to peanut", "2001-01-01");
    condition(&mut f, "Migraine", ("2015-03-01", ""), Status::Active);
    condition(&mut f, "Severe anxiety (panic)", ("2015-03-01", ""), Status::Active);
    f.listed(Kind::Procedure, Category::Procedures, "Depression screening", "2018-03-01");
    f.listed(Kind::Procedure, Category::Procedures, "Catheter ablation of tissue of heart", "2018-06-19");
    let mut visit = super::words::coded(Kind::Encounter, Category::Encounters, "", "AMB", "", "Check up", "2019-01-01");
    visit.codes = vec![crate::record::Coding::new("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", "")];
    f.push(visit);
    f.listed(Kind::Encounter, Category::Encounters, "Migraine follow-up", "2019-02-01");
    let mut lost = Vec::new();
    for (question, said) in [
        ("medications for migraine", "for migraine"),
        ("médicaments contre la migraine", "contre la migraine"),
        ("medications for my heart", "for my heart"),
        ("procedures on my heart", "on my heart"),
        ("visits for migraine", "for migraine"),
        ("visits because of my ankle", "because of my ankle"),
        ("severe conditions", "severe"),
        ("What surgeries have I had since 2010?", "surgeries"),
        ("hospital visits", "hospital"),
        ("stopped lisinopril", "stopped"),
        ("How many lisinopril prescriptions are stopped?", "stopped"),
        ("active prescriptions of warfarin", "active"),
        ("Who prescribed lisinopril?", "who prescribed"),
        ("visits except hospital", "except hospital"),
        ("visits longer than a day", "longer than"),
        ("food allergies", "food"),
        ("allergies aux médicaments", "medicaments"),
        ("allergies to medicines", "medicines"),
        ("suis-je allergique à des médicaments", "medicaments"),
        ("drug allergies", "drug"),
        ("migraine medication", "migraine"),
        ("vaccine visits", "vaccine"),
        ("visits where I got a vaccine", "vaccine"),
        ("traitement de la migraine", "migraine"),
        ("active anxiety", "active"),
        ("What do I take for my heart?", "for my heart"),
        ("je prends quoi pour le cœur", "pour le coeur"),
        ("what am I on for migraine", "for migraine"),
        ("Do I take anything for my ankle?", "for my ankle"),
        ("total workout time", "total"),
        ("active conditions since 2000", "also what has ended since"),
    ] {
        let c = f.ask(question);
        let text = super::fake::plain(&c.text);
        if !text.contains(said) || (c.missing.is_empty() && said != "also what has ended since") {
            lost.push(format!("{question} {:?}\n{text}", c.missing));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    // Its medications are shown for it.
    has(&f.ask("What do I take for my heart?"), "heart", &["colchicine", "Medications\n"]);
    let c = f.ask("outpatient visits");
    has(&c, "outpatient", &["Check up"]);
    lacks(&c, "outpatient", &["Migraine follow-up"]);
    // What limits nothing is no limit.
    for question in [
        "medications for me",
        "What conditions are on record for me?",
        "my medications for the last 20 years",
        "What medications am I on?",
        "visits in 2019",
        "What procedures have I had?",
    ] {
        let c = f.ask(question);
        assert!(!c.missing.contains(&"limit".to_owned()), "{question} {:?}\n{}", c.missing, c.text);
    }
}

/// "What do I take for my blood pressure?" asks for what is taken.
#[test]
fn what_is_taken_for_something_is_what_is_shown() {
    let mut f = records();
    f.lab("2089-1", "LDL", "120", "mg/dL", "2012-03-01");
    f.lab("8480-6", "Systolic blood pressure", "130", "mm[Hg]", "2012-03-01");
    f.lab("8462-4", "Diastolic blood pressure", "80", "mm[Hg]", "2012-03-01");
    for (question, said) in [
        ("What do I take for my blood pressure?", "lisinopril"),
        ("what am I taking for blood pressure", "lisinopril"),
        ("What am I on for my blood pressure?", "lisinopril"),
        ("Do I take anything for my blood pressure?", "lisinopril"),
        ("que prends-je pour la tension", "lisinopril"),
        ("je prends quoi pour la tension", "lisinopril"),
        ("What do I take for cholesterol?", "simvastatin"),
        ("Est-ce que je prends quelque chose pour le cholestérol ?", "simvastatin"),
        ("What was I prescribed for my cholesterol?", "simvastatin"),
        ("What am I taking for blood pressure and cholesterol?", "simvastatin"),
        ("What am I taking for cholesterol and blood pressure?", "lisinopril"),
    ] {
        let c = f.ask(question);
        let text = super::fake::plain(&c.text);
        let first = text.find(said).unwrap_or(usize::MAX);
        let other = text.find("130").into_iter().chain(text.find("120")).min().unwrap_or(usize::MAX - 1);
        assert!(first < other, "{question} {:?}\n{text}", c.missing);
        assert!(c.missing.is_empty(), "{question} {:?}\n{text}", c.missing);
    }
}

#[test]
fn years_ago_are_no_age() {
    let mut f = Fake::default();
    f.person("1978-01-19", "female");
    f.lab("2089-1", "LDL", "120", "mg/dL", "2023-03-01");
    for question in ["LDL a few years ago", "my LDL from a few years ago", "LDL a 3 years ago"] {
        let c = f.ask(question);
        has(&c, question, &["120", "period asked: 2023"]);
    }
    for question in ["LDL for a few years", "a 10 year history of my LDL"] {
        let c = f.ask(question);
        has(&c, question, &["120"]);
        lacks(&c, question, &["1981", "1988", "none in the period"]);
    }
    has(&f.ask("mon LDL à 45 ans"), "ans", &["période demandée : du 2023"]);
    has(&f.ask("LDL at the age of 45"), "age", &["period asked: 2023"]);
}

#[test]
fn results_of_a_laboratory_are_found_by_all_their_names() {
    let f = lipids();
    for question in [
        "mes derniers résultats de laboratoire",
        "résultats de laboratoire",
        "mes résultats de labo",
        "analyses de laboratoire",
        "tests sanguins",
        "mes tests de sang",
        "examens sanguins",
        "lab results",
        "blood panel",
    ] {
        let c = f.ask(question);
        assert!(c.text.contains("92.10") || c.text.contains("92,10"), "{question}\n{}", c.text);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
}

#[test]
fn the_doses_of_a_vaccine_are_not_the_disease() {
    let mut f = Fake::default();
    f.listed(Kind::Immunization, Category::Immunizations, "SARS-COV-2 (COVID-19) vaccine", "2021-05-04");
    f.listed(Kind::Immunization, Category::Immunizations, "SARS-COV-2 (COVID-19) vaccine", "2021-05-25");
    for question in ["How many covid doses did I have?", "covid doses", "mes doses de covid"] {
        let c = f.ask(question);
        has(&c, question, &["2021-05-25"]);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
}

/// "In hospital" asks for the stays.
#[test]
fn a_time_in_hospital_is_a_stay() {
    let mut f = Fake::default();
    let code = |c: &str| vec![crate::record::Coding::new("http://terminology.hl7.org/CodeSystem/v3-ActCode", c, "")];
    for (name, class, date) in [("Check up", "AMB", "2020-01-01"), ("Encounter Inpatient", "IMP", "2012-09-01")] {
        f.listed(Kind::Encounter, Category::Encounters, name, date);
        f.rows.last_mut().unwrap().fact.codes = code(class);
    }
    for question in [
        "When was I in hospital?",
        "how long was I in the hospital",
        "was I ever in hospital",
        "quand ai-je été à l'hôpital",
    ] {
        let c = f.ask(question);
        has(&c, question, &["Encounter Inpatient"]);
        lacks(&c, question, &["«Check up»"]);
    }
}

/// "Compared to last year" is not of last year alone.
#[test]
fn what_is_compared_with_a_time_is_shown_since() {
    let mut f = Fake::default();
    for (value, date) in [("120", "2025-03-01"), ("130", "2026-03-01")] {
        f.lab("2089-1", "LDL", value, "mg/dL", date);
    }
    for question in ["LDL compared to last year", "mon LDL par rapport à l'an dernier", "LDL par rapport à 2025"] {
        has(&f.ask(question), question, &["120", "130"]);
    }
    lacks(&f.ask("mon LDL par rapport à l'an dernier"), "rapport", &["documents"]);
}

#[test]
fn a_list_without_anything_is_denied() {
    for question in ["active medications since 2000", "active allergies since 2010", "resolved allergies"] {
        let c = Fake::default().ask(question);
        assert!(c.text.contains("on record available here"), "{question}\n{}", c.text);
        lacks(&c, question, &["as asked", "is shown"]);
    }
}

/// An image of the lungs is one of the chest, and a scan is none.
#[test]
fn an_image_of_the_lungs_is_one_of_the_chest() {
    let mut f = Fake::default();
    super::words::procedure(&mut f, "Plain chest X-ray (procedure)", "", "2020-11-21");
    f.listed(Kind::Condition, Category::Conditions, "Acute pulmonary embolism", "2020-11-21");
    for question in
        ["x-ray of my lungs", "x-rays of both lungs", "lung x-ray", "radiographie de mes poumons", "radio des poumons"]
    {
        let c = f.ask(question);
        has(&c, question, &["«Plain chest X-ray (procedure)», 2020-11-21"]);
        assert!(c.missing.is_empty(), "{question} {:?}\n{}", c.missing, c.text);
    }
    for question in ["chest CT", "CT of my chest", "lung CT"] {
        let c = f.ask(question);
        assert!(c.missing.contains(&"imaging".to_owned()), "{question} {:?}\n{}", c.missing, c.text);
    }
}

/// What adds up by day has no greatest day here, and a workout's own numbers are not those of all days.
#[test]
fn what_is_asked_of_days_and_workouts_is_told() {
    let mut f = Fake::default();
    for (kind, unit, category) in [
        ("StepCount", "count", Category::Activity),
        ("DistanceWalkingRunning", "km", Category::Activity),
        ("ActiveEnergyBurned", "kcal", Category::Activity),
        ("HeartRate", "count/min", Category::VitalSigns),
    ] {
        let samples =
            [("2026-10-19T07:00:00Z", "60", 5), ("2026-10-20T07:00:00Z", "66", 5), ("2026-10-20T08:00:00Z", "90", 5)];
        f.chunk(&format!("HKQuantityTypeIdentifier{kind}"), unit, "Watch", category, &samples);
    }
    f.listed(Kind::Workout, Category::Activity, "Running", "2026-10-20");
    let mut lost = Vec::new();
    for question in [
        "max steps",
        "distance maximale",
        "nombre maximal de pas",
        "distance la plus longue",
        "plus longue distance",
        "calories les plus basses",
        "maximal distance",
        "last run heart rate",
        "last run distance",
        "calories de ma dernière course",
        "running heart rate",
        "calories per workout",
        "total distance of my runs",
        "total running distance",
        "distance courue",
        "calories burned running",
        "average run distance",
        "distance moyenne de mes courses",
    ] {
        let c = f.ask(question);
        if !c.missing.iter().any(|m| matches!(m.as_str(), "limit" | "computation")) {
            lost.push(question);
        }
    }
    assert!(lost.is_empty(), "{lost:?}");
    for question in
        ["my steps", "heart rate", "maximal heart rate", "fréquence cardiaque maximale", "distance this year"]
    {
        let c = f.ask(question);
        assert!(!c.missing.contains(&"limit".to_owned()), "{question} {:?}\n{}", c.missing, c.text);
    }
}
