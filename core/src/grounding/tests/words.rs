//! Finding by words: what no table knows, in both languages and in every kind of record.

use super::fake::{Fake, lab, patient, plain, quantity};
use crate::grounding::Composed;
use crate::lang::Lang;
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value, When};

pub(super) fn coded(
    kind: Kind,
    category: Category,
    system: &str,
    code: &str,
    display: &str,
    text: &str,
    date: &str,
) -> FactDraft {
    let mut f = FactDraft::new(kind, category);
    f.codes = vec![Coding::new(system, code, display)];
    f.text = text.to_owned();
    f.when = When::parse_fhir(date);
    f.status = Status::Active;
    f
}

pub(super) fn said(code: &str, display: &str, value: &str, date: &str) -> FactDraft {
    let mut f = coded(Kind::Observation, Category::Laboratory, "http://loinc.org", code, display, "", date);
    if code.is_empty() {
        f.codes.clear();
        f.text = display.to_owned();
    }
    f.status = Status::Final;
    f.value = Value::Text(value.to_owned());
    f
}

pub(super) const SCT: &str = "http://snomed.info/sct";

pub(super) fn procedure(f: &mut Fake, display: &str, text: &str, date: &str) {
    f.push(coded(Kind::Procedure, Category::Procedures, SCT, &format!("9{}", f.rows.len()), display, text, date));
}

/// A resource of no kind of its own.
pub(super) fn other(f: &mut Fake, type_name: &str, text: &str, note: &str) {
    let mut fact = FactDraft::new(Kind::Other, Category::Conditions);
    (fact.text, fact.note, fact.status) = (text.to_owned(), note.to_owned(), Status::Active);
    fact.when = When::parse_fhir("2020-01-02");
    f.push(fact);
    f.rows.last_mut().unwrap().type_name = type_name.to_owned();
}

pub(super) fn has(c: &Composed, question: &str, parts: &[&str]) {
    for part in parts {
        assert!(plain(&c.text).contains(part), "{question} has no {part}\n{}", plain(&c.text));
    }
}

pub(super) fn lacks(c: &Composed, question: &str, parts: &[&str]) {
    for part in parts {
        assert!(!plain(&c.text).contains(part), "{question} has {part}\n{}", plain(&c.text));
    }
}

#[test]
fn an_examination_is_found_by_its_name_in_either_language() {
    let mut f = Fake::default();
    procedure(&mut f, "Transthoracic echocardiography", "Transthoracic echocardiography", "2020-02-01");
    procedure(&mut f, "Angiography", "Angiogram", "2025-05-22");
    procedure(&mut f, "Insertion of cardiac pacemaker", "", "2011-10-05");
    procedure(&mut f, "", "Chest X-Ray, PA", "2015-06-22");
    procedure(&mut f, "", "XR chest 1V", "2015-06-23");
    for (question, found) in [
        ("Did she have an echocardiogram?", "echocardiography»"),
        ("Combien d'échocardiographies a-t-elle passées ?", "echocardiography»"),
        ("Ai-je fait une échographie cardiaque ?", "echocardiography»"),
        ("Quand ai-je eu mon angiographie ?", "«Angiogram»"),
        ("Quand m'a-t-on posé un stimulateur cardiaque ?", "«Insertion of cardiac pacemaker»"),
        ("Ai-je passé une radio des poumons ?", "«XR chest 1V»"),
        ("Ai-je passé une radio du thorax ?", "«Chest X-Ray, PA»"),
        ("Did I have a chest x-ray?", "«Chest X-Ray, PA»"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        assert!(!c.missing.iter().any(|m| m == "other"), "{question}: {:?}", c.missing);
    }
}

/// A text that is the bare code says nothing: the code's name does.
#[test]
fn a_text_that_is_a_code_counts_as_none() {
    let mut f = Fake::default();
    let hip = coded(
        Kind::Procedure,
        Category::Procedures,
        SCT,
        "52734007",
        "Total hip replacement",
        "52734007",
        "2000-04-28",
    );
    f.push(hip);
    for question in ["Do I have a hip replacement?", "Ai-je une prothèse de hanche ?"] {
        let c = f.ask(question);
        has(&c, question, &["«Total hip replacement»"]);
        lacks(&c, question, &["«52734007»", "nothing on record", "rien au dossier"]);
    }
    let mut f = Fake::default();
    let (system, name) = ("https://example.org/vaccines", "COVID-19 Vaccine Astra");
    f.push(coded(Kind::Immunization, Category::Immunizations, system, "AV", name, "Astra Vax 2", "2021-05-01"));
    let c = f.ask("Suis-je vacciné contre le covid ?");
    has(&c, "covid", &["«Astra Vax 2», 2021-05-01"]);
    assert!(c.missing.is_empty(), "{:?}", c.missing);
}

/// A text that denies is not overruled by the name of its code.
#[test]
fn a_name_of_a_code_makes_no_yes_of_a_no() {
    let mut f = Fake::default();
    let (system, name) = ("https://example.org/own", "Diabetes mellitus");
    f.push(coded(Kind::Condition, Category::Conditions, system, "D", name, "Pas de diabète", "2020-01-01"));
    let c = f.ask("Do I have diabetes?");
    has(&c, "diabetes", &["may say it is not so"]);
    lacks(&c, "diabetes", &["», active"]);
    let mut f = Fake::default();
    f.push(coded(Kind::Condition, Category::Conditions, system, "D", name, "Zuckerkrankheit", "2020-01-01"));
    has(&f.ask("Do I have diabetes?"), "diabetes", &["«Zuckerkrankheit», active"]);
}

#[test]
fn what_is_kept_without_a_kind_is_found() {
    let mut f = Fake::default();
    other(&mut f, "Flag", "Shellfish free diet", "");
    other(&mut f, "FamilyMemberHistory", "father", "Heart attack");
    for (question, found) in [
        ("Am I allergic to shellfish?", "- flag (active): «Shellfish free diet»"),
        ("Suis-je allergique aux fruits de mer ?", "- alerte (en cours) : «Shellfish free diet»"),
        ("Suis-je allergique aux crevettes ?", "«Shellfish free diet»"),
        (
            "Y a-t-il des antécédents familiaux d'infarctus ?",
            "(des proches, pas de la personne)\n- «father» : «Heart attack»",
        ),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        lacks(&c, question, &["noise", "bruit", "workouts"]);
    }
    // What is told of a relative alone is no match of nothing, and not one's own.
    other(&mut f, "FamilyMemberHistory", "mother", "Zzfamilial");
    for question in ["family history of zzfamilial", "do I have zzfamilial?"] {
        let c = f.ask(question);
        has(&c, question, &["«mother»: «Zzfamilial»", "(of relatives, not of the person)"]);
        lacks(&c, question, &["nothing on record"]);
    }
    for question in ["family history", "mes antécédents familiaux"] {
        lacks(&f.ask(question), question, &["nothing on record", "ne correspond"]);
    }
    // What may not be seen is not found.
    let c = f.only(&[Category::Medications]).ask("Am I allergic to shellfish?");
    lacks(&c, "shellfish", &["diet"]);
    assert!(c.items.is_empty());
}

#[test]
fn what_is_absent_under_its_own_kind_is_looked_for_in_every_other() {
    let mut f = Fake::default();
    f.push(said("58410-2", "Complete Blood Count", "", "2015-06-22"));
    procedure(&mut f, "", "Complete Blood Count", "2015-06-22");
    f.push(said("55409-7", "Exercise tracking panel", "Basketball", "2020-01-01"));
    f.push(said("", "Sleep pattern finding", "Delayed onset of sleep", "2020-08-14"));
    f.push(said("74013-4", "Alcoholic drinks per day", "1", "2016-06-22"));
    f.push(said("8691-8", "History of Travel", "GREECE", "2014-08-12"));
    f.push(said("11640-0", "[#] Births total", "1", "2020-08-07"));
    f.push(said("6276-4", "Cow milk IgE Ab", "0.28", "2017-08-30"));
    f.push(said("", "Finding relating to drug misuse behavior", "never", "2018-06-14"));
    f.push(said("", "Morse Fall Scale", "45", "2021-02-09"));
    f.listed(Kind::Condition, Category::Conditions, "Mild hyperemesis gravidarum", "2020-01-01");
    for (question, found) in [
        ("Last blood count", "Complete Blood Count"),
        ("Do I exercise?", "Basketball"),
        ("Do I sleep well?", "Delayed onset of sleep"),
        ("Combien d'alcool est-ce que je bois ?", "Alcoholic drinks per day"),
        ("Où ai-je voyagé ?", "GREECE"),
        ("How many children do I have?", "Births total"),
        ("Est-elle allergique au lait ?", "Cow milk IgE"),
        ("Do I use drugs?", "drug misuse behavior"),
        ("Est-ce que je consomme de la drogue ?", "drug misuse behavior"),
        ("Ai-je un risque de chute ?", "Morse Fall Scale"),
        ("Do I have morning sickness?", "hyperemesis"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        lacks(&c, question, &["matches", "correspond", "not understood", "no medications"]);
    }
    // That it is missing is said beside what was found, and not flatly.
    let c = f.ask("Do I exercise?");
    has(&c, "exercise", &["no result on record available here is exercise time; records that speak of it follow"]);
    assert_eq!(c.missing, ["result:exercise"]);
}

#[test]
fn samples_of_a_type_that_no_concept_has_are_counted() {
    let mut f = Fake::default();
    let day = [("2026-08-01T08:00:00Z", "1", 5), ("2026-08-02T08:00:00Z", "1", 5)];
    f.chunk("HKQuantityTypeIdentifierDietaryCaffeine", "mg", "App", Category::Nutrition, &day);
    f.chunk("HKQuantityTypeIdentifierEnvironmentalAudioExposure", "dBASPL", "Watch", Category::Activity, &day);
    let stood = [("2026-08-01T08:00:00Z", "HKCategoryValueAppleStandHourStood", 60)];
    f.chunk("HKCategoryTypeIdentifierAppleStandHour", "", "Watch", Category::Activity, &stood);
    has(&f.ask("How much caffeine do I have?"), "caffeine", &["2 samples, 2026-08-01 to 2026-08-02"]);
    has(&f.ask("How loud is my environment?"), "loud", &["Environmental noise", "2 samples"]);
    has(&f.ask("How many stand hours?"), "stand", &["Recorded stand or idle hours", "1 sample"]);
    let c = f.only(&[Category::Sleep]).ask("How much caffeine do I have?");
    lacks(&c, "caffeine", &["sample"]);
}

/// What only has a word in passing is not told where the word was not asked for.
#[test]
fn what_a_name_is_not_about_is_not_told() {
    let mut f = Fake::default();
    f.push(said("94531-1", "SARS-CoV-2 RNA panel", "Detected", "2020-11-21"));
    let stress =
        "Stress is when someone feels tense, nervous, anxious or can't sleep at night because their mind is troubled";
    f.push(said("76542-7", stress, "A little bit", "2021-09-08"));
    procedure(&mut f, "", "Drug abuse screening", "2020-01-01");
    other(&mut f, "SupplyDelivery", "Device", "");
    for (question, absent) in [
        ("How many covid vaccines have I had?", "SARS"),
        ("How long did I sleep?", "Stress"),
        ("When is my due date?", "Device"),
    ] {
        lacks(&f.ask(question), question, &[absent]);
    }
    has(&f.ask("feels tense"), "tense", &["Stress is when"]);
}

/// A word of one language is no slip of a word of the other.
#[test]
fn a_known_word_is_no_slip() {
    for question in ["Suis-je allergique aux fruits de mer ?", "Do I take any biologics?"] {
        let c = patient().ask(question);
        assert!(!c.missing.iter().any(|m| m == "noise" || m == "laboratory"), "{question}: {:?}", c.missing);
    }
}

#[test]
fn tests_belong_to_their_infection_and_a_state_to_its_condition() {
    let mut f = Fake::default();
    f.push(said("94531-1", "", "Detected", "2020-11-21"));
    f.push(said("92141-1", "Influenza virus B RNA", "Not detected", "2020-12-02"));
    f.push(said("92131-2", "Respiratory syncytial virus RNA", "Not detected", "2020-12-02"));
    f.push(said("82810-3", "Pregnancy status", "Pregnant", "2020-02-18"));
    f.push(said("11779-6", "Delivery date estimated", "2020-11-10", "2020-02-18"));
    for (question, found) in [
        ("When did I test positive for covid?", "«Detected» (2020-11-21)"),
        ("Mon test PCR covid", "«Detected» (2020-11-21)"),
        ("Did I have the flu?", "«Not detected» (2020-12-02)"),
        ("Was I tested for RSV?", "Respiratory syncytial virus RNA"),
        ("Am I pregnant?", "«Pregnant» (2020-02-18)"),
        ("Suis-je enceinte ?", "«Pregnant» (2020-02-18)"),
        ("Quand est prévu mon accouchement ?", "«2020-11-10»"),
        ("Quand dois-je accoucher ?", "«2020-11-10»"),
        ("What is my due date?", "«2020-11-10»"),
    ] {
        has(&f.ask(question), question, &[found]);
    }
    // No diagnosis is read out of a test, and no denial is set above one.
    assert!(f.ask("Did I have the flu?").missing.iter().any(|m| m == "condition:influenza"));
    let c = f.ask("Am I pregnant?");
    has(&c, "pregnant", &["no condition on record available here is pregnancy; results that speak of it follow"]);
    lacks(&c, "pregnant", &["no pregnancy on record"]);
    assert_eq!(c.text.matches("Pregnancy status").count(), 1, "{}", c.text);
    // A germ can be told by a value alone.
    let germ = "Methicillin resistant Staphylococcus aureus";
    f.push(said("600-7", "Bacteria identified in Blood by Culture", germ, "2017-12-10"));
    has(&f.ask("Do I have MRSA?"), "MRSA", &["aureus» (2017-12-10)"]);
    let c = f.only(&[Category::Conditions]).ask("Do I have MRSA?");
    lacks(&c, "MRSA", &["aureus"]);
    let c = f.only(&[Category::Conditions]).ask("Am I pregnant?");
    assert!(c.items.is_empty() && c.text.contains("no pregnancy on record"), "{}", c.text);
}

#[test]
fn vaccines_by_disease_and_brand() {
    let mut f = Fake::default();
    let atc = "http://www.whocc.no/atc";
    f.push(coded(Kind::Immunization, Category::Immunizations, atc, "J07AF", "Diphtheria vaccines", "", "2010-02-01"));
    let c = f.ask("Suis-je vaccinée contre la diphtérie ?");
    has(&c, "diphtheria", &["2010-02-01"]);
    assert!(c.missing.is_empty(), "{:?}", c.missing);
    // What else there is may be it by a brand that no table has.
    let c = f.ask("When was my last tetanus shot?");
    assert_eq!(c.missing, ["tetanus-vaccine"]);
    has(&c, "tetanus", &["another brand would not be found", "«Diphtheria vaccines»"]);
    f.listed(Kind::Immunization, Category::Immunizations, "Boostrix", "2015-03-01");
    has(&f.ask("When was my last tetanus shot?"), "tetanus", &["«Boostrix», 2015-03-01"]);
    has(&f.ask("Was I vaccinated against whooping cough?"), "pertussis", &["«Boostrix», 2015-03-01"]);
    f.listed(Kind::Immunization, Category::Immunizations, "Vaxigrip", "2024-10-01");
    has(&f.ask("Mon dernier vaccin antigrippal"), "flu", &["«Vaxigrip», 2024-10-01"]);
    let c = f.ask("vaccin contre la fièvre jaune");
    assert_eq!(c.missing, ["yellow-fever-vaccine"]);
    // A dose of a vaccine is no medication.
    f.med("Zyloprim 300 MG", "2020-01-01", Status::Stopped);
    lacks(&f.ask("How many doses of tetanus vaccine did she get?"), "doses", &["Zyloprim"]);
}

#[test]
fn medications_by_class_and_brand() {
    let mut f = Fake::default();
    f.med("Ventolin 100", "2024-01-01", Status::Active);
    f.med("Spiriva", "2024-01-02", Status::Active);
    f.med("docetaxel 20 MG/ML", "2024-01-03", Status::Active);
    f.med("methylphenidate 10 MG", "2016-01-03", Status::Stopped);
    for question in ["What puffers do I use?", "Quels sont mes inhalateurs ?"] {
        has(&f.ask(question), question, &["«Ventolin 100»", "«Spiriva»"]);
    }
    for question in ["What chemotherapy am I on?", "Suis-je sous chimiothérapie ?"] {
        let c = f.ask(question);
        has(&c, question, &["taxel «docetaxel 20 MG/ML»"]);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
    }
    has(&f.ask("Am I still on Ritalin?"), "ritalin", &["methylphenidate «methylphenidate 10 MG», stopped"]);
    has(&f.ask("Am I still on Obscurol?"), "obscurol", &["by another name or brand would not be found"]);
}

#[test]
fn conditions_by_other_names() {
    let mut f = Fake::default();
    let icd = "urn:oid:1.2.40.0.34.5.171";
    f.push(coded(Kind::Condition, Category::Conditions, icd, "M54.9", "Rückenschmerzen", "", "2014-01-01"));
    f.listed(Kind::Condition, Category::Conditions, "Fracture of ankle", "2012-01-04");
    f.listed(Kind::Condition, Category::Conditions, "Methicillin resistant Staphylococcus aureus", "2017-12-10");
    f.listed(Kind::Condition, Category::Conditions, "Menopausal flushing", "2018-12-10");
    f.listed(Kind::Condition, Category::Conditions, "Child attention deficit disorder", "2018-07-26");
    f.listed(Kind::Condition, Category::Conditions, "Possible multiple sclerosis", "2019-07-26");
    f.listed(Kind::Condition, Category::Conditions, "D\u{456}abetes mellitus", "2011-01-01");
    let mut appendix = coded(Kind::Procedure, Category::Procedures, SCT, "80146002", "Appendectomy", "", "2001-01-01");
    appendix.status = Status::NotDone;
    f.push(appendix);
    for (question, found) in [
        ("Do I have back pain?", "Rückenschmerzen"),
        ("Me suis-je cassé la cheville ?", "Fracture of ankle"),
        ("Did I break my ankle?", "Fracture of ankle"),
        ("Do I have MRSA?", "Methicillin resistant"),
        ("Do I still have hot flashes?", "Menopausal flushing"),
        ("Ai-je encore des bouffées de chaleur ?", "Menopausal flushing"),
        ("Do I have ADHD?", "Child attention deficit disorder"),
        ("Ai-je un TDAH ?", "Child attention deficit disorder"),
        ("Do I have MS?", "Possible multiple sclerosis"),
        ("Was my appendix removed?", "«Appendectomy», not done"),
        ("Do I have diabetes?", "active"),
    ] {
        has(&f.ask(question), question, &[found]);
    }
    // Two letters that no table knows are not passed over in silence.
    let c = f.ask("Do I have QZ?");
    assert_eq!(c.missing, ["other"]);
    has(&c, "QZ", &["«qz»"]);
}

/// What names a condition and is one of its own is not told as a denial of it.
#[test]
fn a_kindred_condition_is_told_as_what_it_is() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Gestational diabetes", "2024-05-01");
    let c = f.ask("Am I diabetic?");
    has(&c, "diabetic", &["- gestational diabetes, active, since 2024-05-01"]);
    lacks(&c, "diabetic", &["may say it is not so"]);
}

#[test]
fn body_measures_by_the_forms_of_a_verb_and_a_unit() {
    let mut f = Fake::default();
    f.person("2015-01-01", "female");
    let mut height = |code: &str, value: &str, unit: &str, date: &str| {
        let mut v = lab(code, "", value, unit, date);
        v.category = Category::VitalSigns;
        f.push(v);
    };
    height("8302-2", "99.8", "cm", "2018-10-07");
    height("29463-7", "57", "kg", "2020-04-06");
    for (question, found) in [
        ("Combien mesurait-elle à 3 ans ?", "99,8 cm"),
        ("Combien de kilos ai-je pris depuis avril 2020 ?", "57 kg"),
        ("Combien pesait-elle ?", "57 kg"),
        ("Ai-je perdu du poids ?", "57 kg"),
    ] {
        has(&f.ask(question), question, &[found]);
    }
    lacks(&f.ask("Quand mesurer ma glycémie ?"), "mesurer", &["99,8"]);
}

#[test]
fn thyroid_hormones_and_ratios_are_not_confused() {
    let mut f = Fake::default();
    f.lab("3024-7", "Free T4", "1.1", "ng/dL", "2016-12-01");
    f.lab("3026-2", "T4", "7.5", "ug/dL", "2016-12-01");
    f.lab("3053-6", "T3", "1.0", "ng/mL", "2016-12-01");
    for question in ["T4 and T3", "Mes hormones thyroïdiennes"] {
        let c = f.ask(question);
        has(&c, question, &["7", "ug/dL", "ng/mL"]);
        assert!(!c.missing.iter().any(|m| m.starts_with("total")), "{question}: {:?}", c.missing);
    }
    lacks(&f.ask("What is my free T4?"), "free", &["ug/dL"]);
    let mut f = Fake::default();
    f.lab("2085-9", "HDL", "1.32", "mmol/L", "2024-08-30");
    f.lab("32309-7", "Total cholesterol/HDL ratio", "4.2", "", "2024-08-30");
    let c = f.ask("Is my cholesterol/HDL ratio high?");
    has(&c, "ratio", &["1 result: 4.2 (2024-08-30)"]);
    lacks(&c, "ratio", &["HDL cholesterol: 4.2", "1.32"]);
    let c = f.ask("Show my lab results");
    has(&c, "labs", &["total cholesterol/HDL ratio: 4.2", "HDL cholesterol: 1.32"]);
}

#[test]
fn allergens_of_one_sort_are_found() {
    let mut f = Fake::default();
    f.listed(Kind::Allergy, Category::Allergies, "Penicillin", "2001-01-01");
    f.listed(Kind::Allergy, Category::Allergies, "Seafood", "2002-01-01");
    let mut none = FactDraft::new(Kind::Absence, Category::Allergies);
    none.text = "No known food allergy".to_owned();
    f.push(none);
    for (question, found) in [
        ("Am I allergic to amoxicillin?", "«Penicillin»\n"),
        ("Am I allergic to fish?", "«Seafood»\n"),
        ("Suis-je allergique aux crevettes ?", "«Seafood»\n"),
        ("Do I have food allergies?", "No known food allergy"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        // All allergies are shown: that they are not told apart is said.
        let told = if question.contains("food") { vec!["limit".to_owned()] } else { Vec::new() };
        assert_eq!(c.missing, told, "{question}");
    }
}

#[test]
fn the_name_of_a_test_is_no_french() {
    for question in ["D-dimer", "AUDIT-C score", "hepatitis A doses", "vitamin C", "T3"] {
        assert_eq!(patient().ask(question).lang, Lang::En, "{question}");
    }
    for question in ["l'albumine", "Qu'indique l'INR ?", "D’où vient le CRP"] {
        assert_eq!(patient().ask(question).lang, Lang::Fr, "{question}");
    }
}

#[test]
fn everyday_words_ask_for_nothing() {
    let mut f = patient();
    f.listed(Kind::Procedure, Category::Procedures, "Colonoscopy", "2019-01-01");
    f.med("Zocor", "2019-01-01", Status::Stopped);
    for question in [
        "Quel était mon LDL le plus bas ?",
        "Date de ma dernière coloscopie",
        "Quels médicaments ai-je arrêtés ?",
        "Which allergies are mine?",
        "Did I lose LDL?",
    ] {
        let c = f.ask(question);
        assert!(c.missing.is_empty(), "{question}: {:?}\n{}", c.missing, c.text);
    }
    // UCUM's unity is no unit to print.
    let mut f = Fake::default();
    let mut inr = lab("6301-6", "INR", "1.1", "1", "2024-01-01");
    inr.value = Value::Quantity(quantity("1.1", "1"));
    f.push(inr);
    has(&f.ask("INR"), "INR", &["1 result: 1.1 (2024-01-01)"]);
}

/// What is not taken is not told as if it were; an address is nobody's finding, an income no history.
#[test]
fn what_is_found_by_words_says_what_it_is() {
    let mut f = Fake::default();
    f.listed(Kind::Allergy, Category::Allergies, "Penicillin V", "1990-01-01");
    f.push(coded(
        Kind::Observation,
        Category::SocialHistory,
        "https://example.org/own",
        "I",
        "Family income",
        "",
        "2020-01-01",
    ));
    let c = f.ask("Do I take penicillin?");
    has(&c, "penicillin", &["Allergy or intolerance: «Penicillin V»"]);
    lacks(&f.ask("Y a-t-il des antécédents familiaux d'infarctus ?"), "family", &["income"]);
}
