//! What a result says in its value, what it is called, and what a denial stands above.

use super::fake::Fake;
use super::words::{SCT, coded, has, lacks, other, said};
use crate::record::{Category, Coding, FactDraft, Kind, Status, When};

/// A name that has one of the words hides no value that has all of them.
#[test]
fn what_a_value_says_is_found_beside_names() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Pneumonia", "2018-03-01");
    f.push(said("", "Sputum culture", "Klebsiella pneumoniae", "2024-05-01"));
    f.push(said("72166-2", "Tobacco smoking status", "Former smoker", "2024-01-02"));
    f.push(said("5767-9", "Appearance of urine", "Cloudy urine (finding)", "2024-02-02"));
    f.push(said("", "What is your main insurance?", "Private insurance", "2024-02-02"));
    for (question, value) in [
        ("klebsiella pneumoniae", "«Klebsiella pneumoniae»"),
        ("former smoker", "«Former smoker»"),
        ("am I a former smoker?", "«Former smoker»"),
        ("was my urine cloudy?", "«Cloudy urine (finding)»"),
        ("do I have private insurance?", "«Private insurance»"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[value]);
        lacks(&c, question, &["has all of these words", "matches these words"]);
        assert!(!c.missing.iter().any(|m| m == "other"), "{question}: {:?}", c.missing);
    }
    // Of several words that no one record has it is still said.
    has(&f.ask("cloudy sputum"), "cloudy sputum", &["no record available here has all of these words"]);
}

/// A form is one, whatever it is about; what it says is not looked through.
#[test]
fn sorts_of_records_are_found_by_their_names() {
    for (type_name, questions) in [
        ("QuestionnaireResponse", ["did I fill in a questionnaire?", "what forms are there?", "quels formulaires ?"]),
        ("Communication", ["what messages did I get?", "any messages?", "quels messages ?"]),
        ("Claim", ["my bills", "any claims?", "quelles factures ?"]),
    ] {
        let mut f = Fake::default();
        other(&mut f, type_name, "Intake", "");
        for question in questions {
            let c = f.ask(question);
            has(&c, question, &["«Intake»"]);
            lacks(&c, question, &["nothing on record", "rien au dossier"]);
        }
    }
}

/// A status that has a block of its own has one.
#[test]
fn what_is_asked_for_by_name_is_not_shown_again_by_its_value() {
    let mut f = Fake::default();
    f.push(said("72166-2", "Tobacco smoking status", "Former smoker", "2024-01-02"));
    let c = f.ask("am I a former smoker?");
    assert_eq!(c.text.matches("Former smoker").count(), 1, "{}", c.text);
    let c = f.ask("was a former smoker found?");
    lacks(&c, "found", &["has all of these words"]);
    let mut f = Fake::default();
    f.push(said("", "Blood group", "A positive", "2024-01-02"));
    lacks(&f.ask("my blood group"), "blood group", &["called by its source"]);
}

/// The parts of one record say it together.
#[test]
fn a_part_is_found_with_the_name_of_its_record() {
    let mut f = Fake::default();
    let mut whole = FactDraft::new(Kind::Observation, Category::VitalSigns);
    (whole.text, whole.status, whole.when) =
        ("Wound description".to_owned(), Status::Final, When::parse_fhir("2024-02-04"));
    let record = f.push(whole);
    f.push_part(said("", "Colour", "Greenish", "2024-02-04"), record, 1);
    let c = f.ask("greenish wound");
    has(&c, "wound", &["«Greenish»"]);
    lacks(&c, "wound", &["has all of these words"]);
}

#[test]
fn nothing_that_follows_is_said_to_have_words_that_it_has_not() {
    let mut f = Fake::default();
    f.lab("2160-0", "Creatinine", "0.9", "mg/dL", "2024-02-02");
    for question in ["was any single LDL above 130?", "Un seul LDL au-dessus de 130 ?", "any single triglyceride?"] {
        lacks(&f.ask(question), question, &["what follows has some", "ce qui suit en a certains"]);
    }
    let c = f.ask("was any single LDL above 130?");
    assert!(c.missing.contains(&"ldl".to_owned()), "{}", c.text);
}

#[test]
fn an_aid_is_no_aids_and_a_lipoprotein_no_high_cholesterol() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Dependence on walking aid", "2020-01-01");
    f.lab("2085-9", "High Density Lipoprotein Cholesterol", "1.2", "mmol/L", "2024-02-02");
    f.lab("14646-4", "Cholesterol in High Density Lipoprotein", "1.2", "mmol/L", "2024-02-02");
    for question in ["AIDS", "was I tested for AIDS?", "do I have high cholesterol?"] {
        lacks(&f.ask(question), question, &["records that speak of it"]);
    }
    f.listed(Kind::Procedure, Category::Procedures, "HIV screening", "2020-01-01");
    has(&f.ask("was I tested for AIDS?"), "AIDS", &["HIV screening"]);
    let mut f = Fake::default();
    f.listed(Kind::Procedure, Category::Procedures, "Counselling for high blood cholesterol", "2020-01-01");
    has(&f.ask("do I have high cholesterol?"), "cholesterol", &["records that speak of it follow"]);
}

/// What relatives have is told where they are asked about, and is no record of one's own.
#[test]
fn no_denial_stands_above_what_a_relative_has() {
    let mut f = Fake::default();
    other(&mut f, "FamilyMemberHistory", "mother", "Breast cancer");
    for question in ["do I have a family history of breast cancer?", "any cancer in the family?"] {
        let c = f.ask(question);
        has(&c, question, &["what is said of relatives follows", "Breast cancer"]);
        lacks(&c, question, &["no cancer on record", "no breast cancer on record"]);
    }
    let question = "y a-t-il des cancers dans ma famille ?";
    let c = f.ask(question);
    has(&c, question, &["ce qui est dit des proches est ci-dessous"]);
    lacks(&c, question, &["cancer : rien au dossier"]);
}

/// Above forms, messages and letters a denial says that they were not read.
#[test]
fn a_denial_says_what_was_not_read() {
    let unread = "what documents, forms, messages and bills contain is not looked through";
    for (type_name, is) in [("QuestionnaireResponse", true), ("Communication", true), ("Goal", false)] {
        let mut f = Fake::default();
        other(&mut f, type_name, "Intake", "");
        for question in ["do I have asthma?", "do I take metformin?", "what was my last HbA1c?"] {
            let c = f.ask(question);
            assert_eq!(c.text.contains(unread), is, "{type_name}: {question}\n{}", c.text);
        }
        f.listed(Kind::Condition, Category::Conditions, "Asthma", "2020-01-01");
        assert!(!f.ask("do I have asthma?").text.contains(unread), "{type_name}");
    }
    let mut f = Fake::default();
    f.listed(Kind::Document, Category::Documents, "Letter", "2020-01-01");
    has(&f.ask("do I have asthma?"), "asthma", &["what documents contain is not looked through"]);
}

/// A word of a name is no name: what binds to a thing, or where it was taken, makes it another.
#[test]
fn results_are_called_what_their_source_calls_them() {
    for (code, name, question) in [
        ("5385-0", "Thyrotropin receptor Ab [Units/volume] in Serum", "what is my TSH?"),
        ("4551-2", "Hemoglobin A2/Hemoglobin.total in Blood", "my hemoglobin"),
        ("27353-2", "Glucose mean value [Mass/volume] in Blood Estimated from glycated hemoglobin", "my glucose"),
        ("24124-0", "Platelet Ab [Presence] in Serum", "my platelet count"),
        ("27822-6", "Protein S actual/normal in Platelet poor plasma by Coagulation assay", "my protein S"),
        ("2342-4", "Glucose [Mass/volume] in Cerebral spinal fluid", "my glucose"),
        ("12841-3", "Prostate Specific Ag Free/Prostate specific Ag.total in Serum or Plasma", "prostate specific"),
        ("2991-8", "Testosterone Free [Mass/volume] in Serum or Plasma", "my testosterone"),
        ("890-4", "Blood group antibody screen [Presence] in Serum or Plasma", "my blood group"),
        ("30449-3", "Neutrophils.hypersegmented [#/volume] in Blood", "my neutrophils"),
        ("57068-9", "Fetal heart rate", "my heart rate"),
        ("50064-5", "Ideal body weight", "how much do I weigh?"),
        ("60832-3", "Room temperature", "what is my temperature?"),
        ("99999-9", "Cortisol in hair", "my cortisol"),
    ] {
        for code in [code, ""] {
            let mut f = Fake::default();
            f.lab(code, name, "7.25", "U", "2024-02-02");
            if code.is_empty() {
                let last = f.rows.last_mut().unwrap();
                last.fact.codes.clear();
                last.fact.text = name.to_owned();
            }
            for question in [question, "my latest labs"] {
                let c = f.ask(question);
                has(&c, question, &[&format!("«{}»", name.replace('[', "(").replace(']', ")")), "7.25"]);
            }
        }
    }
    // By its code a result is called as everybody calls it.
    let mut f = Fake::default();
    f.lab("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "1.8", "mIU/L", "2024-02-02");
    lacks(&f.ask("what is my TSH?"), "TSH", &["called by its source"]);
    has(&f.ask("my latest labs"), "labs", &["TSH: 1.8 mIU/L"]);
    lacks(&f.ask("quelle est ma TSH ?"), "TSH", &["nommé par sa source"]);
}

/// What only a workout tells is not denied.
#[test]
fn a_distance_of_one_sort_stands_in_its_workouts() {
    let workout = |name: &str| {
        let mut f = Fake::default();
        let mut own = coded(Kind::Workout, Category::Activity, "", "", "", name, "2025-05-04");
        own.codes.clear();
        let record = f.push(own);
        let mut total = FactDraft::new(Kind::Workout, Category::Activity);
        total.codes = vec![Coding::new("urn:apple:healthkit", "totalDistance", "")];
        total.when = When::parse_fhir("2025-05-04");
        total.value = crate::record::Value::Quantity(super::fake::quantity("20.0", "km"));
        f.push_part(total, record, 1);
        f
    };
    let cycling = workout("Cycling");
    for question in ["my cycling distance", "distance à vélo"] {
        let c = cycling.ask(question);
        has(&c, question, &[if question.starts_with("my") { "20.0 km" } else { "20,0 km" }]);
        assert!(c.missing.is_empty(), "{question}: {:?}\n{}", c.missing, c.text);
    }
    assert_eq!(workout("Running").ask("my cycling distance").missing, ["cycling-distance"]);
    assert_eq!(cycling.ask("my swimming distance").missing, ["swimming-distance"]);
}

#[test]
fn who_has_it_is_called_by_it() {
    for (name, questions) in [
        ("Essential hypertension", ["am I hypertensive?", "suis-je hypertendu ?"]),
        ("Epilepsy", ["am I epileptic?", "suis-je épileptique ?"]),
        ("Osteoporosis", ["am I osteoporotic?", "ostéoporotique"]),
        ("HIV infection", ["séropositif", "am I seropositive?"]),
    ] {
        let mut f = Fake::default();
        f.push(coded(Kind::Condition, Category::Conditions, SCT, "", "", name, "2020-01-01"));
        for question in questions {
            let c = f.ask(question);
            assert!(c.missing.is_empty(), "{question}: {:?}\n{}", c.missing, c.text);
        }
    }
}

/// A thing of a kind is one, by whatever of its usual names; and a denial says how it was looked for.
#[test]
fn what_is_of_a_kind_is_found_under_it() {
    for (name, question) in [
        ("AIDS", "do I have AIDS?"),
        ("Human immunodeficiency virus infection", "do I have HIV?"),
        ("Acquired immunodeficiency syndrome", "AIDS"),
        ("Syndrome d'immunodéficience acquise (SIDA)", "ai-je le sida ?"),
        ("Transient ischemic attack", "did I have a TIA?"),
        ("Cerebral infarction", "have I had a stroke?"),
        ("Intracerebral hemorrhage", "have I had a stroke?"),
        ("Gouty arthritis", "do I have gout?"),
        ("Adenocarcinoma of prostate", "have I ever had cancer?"),
        ("Multiple myeloma", "do I have cancer?"),
        ("Glioblastoma", "do I have cancer?"),
        ("Hodgkin disease", "ai-je un cancer ?"),
        ("Chronic obstructive lung disease", "do I have COPD?"),
        ("Dysthymia", "do I have depression?"),
        ("HTN", "do I have high blood pressure?"),
    ] {
        let mut f = Fake::default();
        f.listed(Kind::Condition, Category::Conditions, name, "2020-01-01");
        let c = f.ask(question);
        has(&c, question, &["2020-01-01"]);
        assert!(
            !c.missing.iter().any(|m| !m.contains("pressure") && !m.contains("tolic")),
            "{question}: {:?}",
            c.missing
        );
    }
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Myelomeningocele", "2020-01-01");
    assert_eq!(f.ask("do I have cancer?").missing, ["cancer"]);
    let f = Fake::default();
    has(&f.ask("do I have gout?"), "gout", &["looked for by its codes and names; another name would not be found"]);
}

/// What something is taken for is not what is taken.
#[test]
fn a_result_does_not_speak_of_what_is_taken_for_it() {
    let mut f = Fake::default();
    f.lab("13457-7", "Low Density Lipoprotein Cholesterol", "120", "mg/dL", "2024-02-02");
    f.lab("8462-4", "Diastolic Blood Pressure", "80", "mm[Hg]", "2024-02-02");
    for question in [
        "do I take anything for cholesterol?",
        "est-ce que je prends quelque chose contre le cholestérol ?",
        "do I take something for my blood pressure?",
    ] {
        lacks(&f.ask(question), question, &["records that speak of it", "des éléments en parlent"]);
    }
    f.lab("14334-7", "Lithium [Moles/volume] in Serum or Plasma", "0.8", "mmol/L", "2024-02-02");
    has(&f.ask("do I take lithium?"), "lithium", &["records that speak of it follow", "0.8"]);
}

#[test]
fn a_marital_status_may_be_a_result() {
    let mut f = Fake::default();
    f.push(said("45404-1", "Marital status", "Divorced", "2024-01-02"));
    for question in ["am I divorced?", "what is my marital status?", "suis-je divorcée ?"] {
        let c = f.ask(question);
        has(&c, question, &["«Divorced»"]);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
    }
}

#[test]
fn relatives_are_family() {
    let mut f = Fake::default();
    other(&mut f, "FamilyMemberHistory", "mother", "Osteoporosis");
    for question in ["relatives with osteoporosis", "do any of my relatives have osteoporosis?"] {
        has(&f.ask(question), question, &["what is said of relatives follows", "«mother»"]);
    }
    let question = "des proches avec une ostéoporose ?";
    has(&f.ask(question), question, &["ce qui est dit des proches"]);
}

#[test]
fn who_cycled_worked_out() {
    let mut f = Fake::default();
    let mut own = coded(Kind::Workout, Category::Activity, "", "", "", "Cycling", "2025-05-04");
    own.codes.clear();
    f.push(own);
    for question in ["how far did I cycle?", "how long did I cycle?", "do I exercise?", "have I cycled?"] {
        let c = f.ask(question);
        has(&c, question, &["«Cycling»"]);
        lacks(&c, question, &["nothing on record", "no exercise time"]);
    }
}
