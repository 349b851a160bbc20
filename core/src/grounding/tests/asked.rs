//! What a question asks for: words with two meanings, short forms, slips, what it leaves out, and the
//! times of an event.

use super::fake::{Fake, lab, patient, plain};
use super::words::{coded, has, lacks, said};
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value, When};

/// A result of the social history: a question of a survey.
fn survey(f: &mut Fake, name: &str, value: &str) {
    let mut fact = said(&format!("9{}-1", f.rows.len()), name, value, "2020-01-01");
    fact.category = Category::SocialHistory;
    f.push(fact);
}

fn visit(f: &mut Fake, class: &str, text: &str, date: &str) {
    let mut fact = coded(
        Kind::Encounter,
        Category::Encounters,
        "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        class,
        "",
        text,
        date,
    );
    fact.status = Status::Final;
    f.push(fact);
}

#[test]
fn walks_and_runs_are_named_by_everyday_words() {
    let mut f = Fake::default();
    let mut run = FactDraft::new(Kind::Workout, Category::Activity);
    run.text = "Running".to_owned();
    run.when = When::parse_fhir("2026-08-02");
    f.push(run);
    let km = [("2026-08-15T08:00:00Z", "1.5", 5)];
    f.chunk("HKQuantityTypeIdentifierDistanceWalkingRunning", "km", "Watch", Category::Activity, &km);
    for (question, found) in [
        ("Ma course la plus longue", "Running"),
        ("Combien de courses ai-je faites, et ma dernière course ?", "Running"),
        ("Combien de km à pied le 15 août 2026 ?", "1,5"),
        ("Quel jour ai-je le plus marché en août 2026 ?", "1,5"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        // Which day is the most is not worked out, and said to be so.
        let day = question.contains("Quel jour");
        assert_eq!(c.missing, vec!["computation"; usize::from(day)], "{question}");
    }
    // "Of course" asks for no workout.
    lacks(&patient().ask("Of course I want my LDL"), "of course", &["workouts", "course"]);
}

#[test]
fn what_clinicians_write_short_is_understood() {
    let mut f = Fake::default();
    for (code, value, unit) in [
        ("8867-4", "81", "/min"),
        ("9279-1", "14", "/min"),
        ("8310-5", "36.9", "Cel"),
        ("777-3", "120", "10*3/uL"),
        ("2823-3", "4.84", "mmol/L"),
        ("17861-6", "9.66", "mg/dL"),
        ("2093-3", "178.6", "mg/dL"),
    ] {
        f.push(lab(code, "", value, unit, "2020-12-02"));
    }
    for (question, found) in [
        ("HR", "Heart rate"),
        ("RR?", "Respiratory rate"),
        ("temp", "Body temperature"),
        ("plt", "Platelets"),
        ("K+", "Potassium"),
        ("Na, K, Ca", "Calcium"),
        ("LDL and HDL and TG and TC ratio", "Total cholesterol\n"),
    ] {
        let c = f.ask(question);
        has(&c, question, &[found]);
        assert!(!c.missing.iter().any(|m| m == "other"), "{question}: {:?}", c.missing);
    }
    for question in ["vitamin K", "Ça va ?", "Ca va mon LDL ?", "CA 125", "24 hr urine", "quel temps fait-il ?"] {
        lacks(&f.ask(question), question, &["4.84", "9.66", "9,66", "81 /min", "36"]);
    }
    // What no table has is said to be missing, beside what one has.
    let c = f.ask("K+ and ZQ");
    has(&c, "ZQ", &["4.84", "«zq»"]);
}

/// Nobody asked for an address or an income.
#[test]
fn a_question_with_a_slip_brings_no_social_history() {
    let mut f = Fake::default();
    survey(&mut f, "What address do you live at?", "769 Pfeffer Heights Unit 14");
    survey(&mut f, "What was your best estimate of the income of the family?", "28200");
    survey(&mut f, "How many family members, including yourself, do you live with?", "7");
    f.push(lab("29463-7", "", "64.2", "kg", "2021-09-08"));
    for question in [
        "Whats my wieght",
        "My weight up to and including 2021",
        "How many units of insulin in the morning?",
        "What unit is my TSH in?",
        "Y a-t-il des antécédents familiaux d'infarctus ?",
    ] {
        lacks(&f.ask(question), question, &["Pfeffer", "28200", "income", "members"]);
    }
    has(&f.ask("Whats my wieght"), "wieght", &["64.2 kg"]);
    has(&f.ask("Where do I live?"), "live", &["Pfeffer"]);
}

#[test]
fn taste_is_no_gout() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Loss of taste (finding)", "2020-04-01");
    for question in ["Ai-je perdu le goût ?", "perte de goût"] {
        let c = f.ask(question);
        has(&c, question, &["Loss of taste"]);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
    }
    assert_eq!(f.ask("Ai-je la goutte ?").missing, ["gout"]);
    assert_eq!(f.ask("Do I have gout?").missing, ["gout"]);
    f.listed(Kind::Condition, Category::Conditions, "Celiac disease", "2020-04-01");
    for question in ["Suis-je coeliaque ?", "Suis-je cœliaque ?"] {
        has(&f.ask(question), question, &["«Celiac disease»"]);
    }
}

#[test]
fn what_a_question_leaves_out_is_left_out() {
    let mut f = patient();
    f.push(lab("2823-3", "", "4.84", "mmol/L", "2020-12-02"));
    f.push(lab("2951-2", "", "139", "mmol/L", "2020-12-02"));
    for question in [
        "Is my sodium low, not my potassium?",
        "I don't want my potassium, show my sodium",
        "Mon sodium mais pas mon potassium",
        "electrolytes: sodium, except my potassium",
    ] {
        let c = f.ask(question);
        has(&c, question, &["139", "otassium"]);
        lacks(&c, question, &["4.84", "4,84"]);
        assert!(!c.missing.iter().any(|m| m == "other" || m == "potassium"), "{question}: {:?}", c.missing);
    }
    for question in ["Why is my potassium not low?", "potassium or not?", "Is it not my potassium?"] {
        has(&f.ask(question), question, &["4.84"]);
    }
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Asthma", "2020-04-01");
    f.listed(Kind::Condition, Category::Conditions, "Hypertension", "2020-04-01");
    for question in ["Is there anything other than hypertension?", "Hormis l'hypertension, qu'ai-je ?"] {
        let c = f.ask(question);
        has(&c, question, &["sthm", "1 "]);
        lacks(&c, question, &["ypertension, active"]);
        assert!(c.missing.is_empty(), "{question}: {:?}", c.missing);
    }
}

#[test]
fn the_last_of_several_events_is_meant_where_the_question_says_so() {
    let mut f = Fake::default();
    for (value, date) in [("46.7", "2011-07-18"), ("62.8", "2020-09-02"), ("64.2", "2021-10-08")] {
        f.push(lab("29463-7", "", value, "kg", date));
    }
    f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal", "2012-07-18");
    f.listed(Kind::Immunization, Category::Immunizations, "Influenza, seasonal", "2021-09-08");
    visit(&mut f, "AMB", "Check-up", "2021-09-01");
    visit(&mut f, "IMP", "Admission to ward", "2020-01-01");
    for (question, found) in [
        ("weight since last flu shot", "influenza vaccine: last entry 2021-09-08"),
        ("Mon poids depuis mon dernier vaccin contre la grippe", "dernière entrée 2021-09-08"),
        ("weight since I had the flu shot", "influenza vaccine: first entry 2012-07-18"),
        ("Mon poids depuis l'hospitalisation", "séjour à l'hôpital : dernière entrée 2020-01-01"),
        ("my weight since my last hospital stay", "hospital stay: last entry 2020-01-01"),
        ("my weight since my last visit", "visit: last entry 2021-09-01"),
    ] {
        has(&f.ask(question), question, &[found]);
    }
    lacks(&f.ask("Mon poids depuis l'hospitalisation"), "hospital", &["Check-up"]);
}

#[test]
fn several_periods_are_told() {
    let mut f = Fake::default();
    for (value, date) in [("93", "2013-12-31"), ("97.4", "2016-01-12"), ("99.6", "2017-01-17"), ("100.3", "2019-01-29")]
    {
        f.push(lab("29463-7", "", value, "kg", date));
    }
    let c = f.ask("Mon poids avant 2015 et après 2018");
    has(
        &c,
        "before and after",
        &["plusieurs périodes sont nommées (jusqu'au 2014-12-31; depuis 2019-01-01)", "99,6", "93"],
    );
    let c = f.ask("My weights 2016 and 2018");
    has(
        &c,
        "2016 and 2018",
        &["several periods are named (2016-01-01 to 2016-12-31; 2018-01-01 to 2018-12-31)", "99.6"],
    );
    lacks(&f.ask("My weight in 2016"), "2016", &["several"]);
    let c = f.ask("Mon poids fin 2016");
    has(&c, "fin 2016", &["97,4", "n'ont pas été compris", "«fin»"]);
    lacks(&f.ask("my weight from January 2016"), "from", &["93", "none"]);
}

/// What is asked for keeps its lines; what nobody asked for gives way.
#[test]
fn what_nobody_asked_for_gives_way_first() {
    let mut f = Fake::default();
    for year in 2001..2021 {
        f.push(lab("29463-7", "", &format!("{}.5", year - 1950), "kg", &format!("{year}-01-12")));
    }
    for i in 0..12 {
        f.med(&format!("Medicinum number {i} 40 MG Oral Tablet"), "2020-01-01", Status::Active);
    }
    let mut allergy = coded(Kind::Allergy, Category::Allergies, "", "", "", "Peanut", "2001-01-01");
    allergy.codes.clear();
    allergy.note = "criticality high; Wheal (finding) (moderate)".to_owned();
    f.push(allergy.clone());
    f.push(allergy);
    let c = f.ask_with("Quel est mon dernier poids ?", 700);
    has(&c, "poids", &["2001-01-12 : 51,5", "2019-01-12 : 69,5"]);
    // Nor is what it does told where nobody asked.
    let c = f.ask("What is my weight?");
    has(&c, "weight", &["«Peanut», active"]);
    lacks(&c, "weight", &["Wheal", "told twice"]);
    has(&f.ask("What allergies do I have?"), "allergies", &["Wheal"]);
    assert!(plain(&c.text).contains("Medicinum"));
}

/// A reason is a condition: it does not leave with a grant of medications.
#[test]
fn what_a_medication_is_for_needs_the_conditions() {
    let mut f = Fake::default();
    let mut med = FactDraft::new(Kind::Medication, Category::Medications);
    (med.text, med.note, med.status) = ("Zyloprim 300 mg".to_owned(), "once daily".to_owned(), Status::Active);
    med.when = When::parse_fhir("2020-01-01");
    let record = f.push(med);
    let mut why = FactDraft::new(Kind::Other, Category::Conditions);
    (why.text, why.when) = ("Gouty arthropathy".to_owned(), When::parse_fhir("2020-01-01"));
    why.codes = vec![Coding::new("http://snomed.info/sct", "48440001", "Gouty arthropathy")];
    f.push_part(why, record, 1);
    f.rows.iter_mut().for_each(|r| r.type_name = "MedicationRequest".to_owned());
    for question in
        ["What medications do I take?", "Do I take allopurinol?", "Quels médicaments est-ce que je prends ?"]
    {
        let c = f.ask(question);
        has(&c, question, &["«once daily»", "«Gouty arthropathy»"]);
        assert!(c.categories.contains(&Category::Conditions), "{question}");
        let c = f.only(&[Category::Medications]).ask(question);
        has(&c, question, &["«once daily»"]);
        lacks(&c, question, &["Gouty"]);
        assert!(!c.categories.contains(&Category::Conditions), "{question}");
    }
    has(&f.ask("Do I have gouty arthropathy?"), "arthropathy", &["reason for a medication: «Gouty arthropathy»"]);
    let c = f.only(&[Category::Medications]).ask("Do I have gouty arthropathy?");
    lacks(&c, "arthropathy", &["reason", "«Gouty"]);
    assert_eq!(Value::None, f.rows[1].fact.value);
}

/// So it is of whatever else is for something; what came of it or was found is no reason.
#[test]
fn what_a_procedure_or_visit_was_for_needs_the_conditions() {
    for (name, kind, category, question, of) in [
        ("Procedure", Kind::Procedure, Category::Procedures, "What procedures did I have?", "a procedure"),
        ("Encounter", Kind::Encounter, Category::Encounters, "What visits did I have?", "a visit"),
        ("Immunization", Kind::Immunization, Category::Immunizations, "Which vaccines did I get?", "a vaccination"),
        ("CarePlan", Kind::Other, Category::CarePlans, "", "a care plan, team or goal"),
        ("ServiceRequest", Kind::Other, Category::Encounters, "", "another record"),
    ] {
        let mut f = Fake::default();
        let mut own = FactDraft::new(kind, category);
        (own.text, own.when) = ("Arthrocentesis".to_owned(), When::parse_fhir("2020-01-01"));
        let record = f.push(own);
        for (part, words, note) in [(1, "Gouty arthropathy", ""), (2, "Haemarthrosis", "complication")] {
            let mut why = FactDraft::new(Kind::Other, Category::Conditions);
            (why.text, why.note, why.when) = (words.to_owned(), note.to_owned(), When::parse_fhir("2020-01-01"));
            f.push_part(why, record, part);
        }
        f.rows.iter_mut().for_each(|r| r.type_name = name.to_owned());
        let alone = f.only(&[category]);
        if !question.is_empty() {
            let c = f.ask(question);
            has(&c, question, &["«Arthrocentesis»", "for «Gouty arthropathy»"]);
            lacks(&c, question, &["Haemarthrosis"]);
            assert!(c.categories.contains(&Category::Conditions), "{question}");
            let c = alone.ask(question);
            has(&c, question, &["«Arthrocentesis»"]);
            lacks(&c, question, &["Gouty"]);
            assert!(!c.categories.contains(&Category::Conditions), "{question}");
        }
        let c = f.ask("Do I have gouty arthropathy?");
        has(&c, name, &[&format!("reason for {of}: «Gouty arthropathy»")]);
        let c = f.ask("Did I have a haemarthrosis?");
        has(&c, name, &[&format!("told with {of}: «Haemarthrosis», «complication»")]);
        lacks(&alone.ask("Do I have gouty arthropathy?"), name, &["reason for", "«Gouty"]);
        has(&f.ask("Ai-je une arthropathie gouty ?"), name, &["motif d'un"]);
    }
}

/// A plan is not told by what it is for where both say the same.
#[test]
fn a_plan_and_its_reason_of_one_name_are_two() {
    let mut f = Fake::default();
    let mut plan = FactDraft::new(Kind::Other, Category::CarePlans);
    (plan.text, plan.status, plan.when) = ("Gout".to_owned(), Status::Active, When::parse_fhir("2020-01-01"));
    let record = f.push(plan);
    let mut why = FactDraft::new(Kind::Other, Category::Conditions);
    (why.text, why.when) = ("Gout".to_owned(), When::parse_fhir("2020-01-01"));
    f.push_part(why, record, 1);
    f.rows.iter_mut().for_each(|r| r.type_name = "CarePlan".to_owned());
    let c = f.ask("Is there anything about gout?");
    has(&c, "gout", &["care plan (active): «Gout», 2020-01-01", "reason for a care plan, team or goal: «Gout»"]);
}
