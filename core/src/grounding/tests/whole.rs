//! Whose record it is, what is flagged, and what is told where there is no room.

use super::allergies::asked;
use super::fake::{Fake, lab, patient, with_range};
use crate::record::{Category, Coding, FactDraft, Kind, Status, Value};

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for w in wanted {
        assert!(text.contains(w), "{w}\n{text}");
    }
}

const FATHER: &str = r#"{"resourceType":"FamilyMemberHistory","id":"f","status":"completed","patient":{"reference":"Patient/p"},
    "relationship":{"text":"father"},"condition":[{"code":{"text":"Heart attack"}}]}"#;

#[test]
fn a_family_history_is_told_as_that_of_relatives() {
    let t = asked(
        &[FATHER],
        &[
            "Does heart disease run in my family?",
            "Did my father have a heart attack?",
            "Y a-t-il des antécédents familiaux d'infarctus ?",
            "Did I have a heart attack?",
        ],
    );
    for t in &t[..2] {
        says(t, &["\nFamily history (of relatives, not of the person)\n- «father»: «Heart attack» (undated) [r:"]);
        assert!(!t.contains("no workouts"), "{t}");
    }
    says(&t[2], &["\nAntécédents familiaux (des proches, pas de la personne)\n- «father» : «Heart attack»"]);
    assert!(!t[3].contains("father"), "{}", t[3]);
}

#[test]
fn a_question_about_kin_and_oneself_is_answered_for_oneself() {
    let mut f = Fake::default();
    f.listed(Kind::Condition, Category::Conditions, "Type 2 diabetes", "2019-08-06");
    for q in ["Mon père a du diabète, et moi ?", "My father has diabetes, what about me?"] {
        let c = f.ask(q);
        says(&c.text, &["2019-08-06"]);
        assert!(c.missing.contains(&"another-person".to_owned()), "{:?}", c.missing);
    }
    assert!(!f.ask("My father has diabetes").text.contains("2019-08-06"));
}

#[test]
fn what_is_flagged_comes_before_what_is_not() {
    let mut f = Fake::default();
    for n in 0..30 {
        f.lab("", &format!("Analyte {n}"), "1", "mg/dL", &format!("2026-02-{:02}", n % 28 + 1));
    }
    f.push(with_range(lab("", "Zonulin", "26", "ng/mL", "2020-01-01"), Some("4"), Some("11"), "H"));
    f.push(with_range(lab("", "Klotho", "3", "ng/mL", "2019-01-01"), Some("4"), Some("11"), ""));
    let c = f.ask_with("Which of my labs are abnormal?", 350);
    says(
        &c.text,
        &["26 ng/mL (2020-01-01), flag H as reported, above the reported range 4–11 ng/mL", "3 ng/mL (2019-01-01)"],
    );
    assert!(c.omitted.iter().map(|o| o.count).sum::<u32>() > 0, "{}", c.text);
}

#[test]
fn where_nothing_fits_how_much_there_is_is_told() {
    let f = patient();
    for budget in [40, 60, 80] {
        let c = f.ask_with("How did my LDL change since I started the statin?", budget);
        says(&c.text, &["HEALTH CONTEXT (as of 2026-11-23): no room. Not shown here: "]);
        assert!(c.tokens_estimate <= budget && c.items.is_empty() && c.citations.is_empty(), "{}", c.text);
        assert!(c.text.contains(&format!(": {}.", c.omitted.iter().map(|o| o.count).sum::<u32>())), "{}", c.text);
    }
    assert!(f.ask_with("Mon LDL depuis la statine ?", 60).text.contains("pas la place. Non montré ici : "));
    assert_eq!(f.ask_with("my LDL", 5).text, "");
}

/// The list of all must not push out what was asked for.
#[test]
fn what_matches_an_allergy_asked_for_outlasts_the_list() {
    let mut f = Fake::default();
    for text in ["Strawberry pollen", "Cat dander", "House dust mite", "Penicillin V"] {
        f.listed(Kind::Allergy, Category::Allergies, text, "2001-01-01");
    }
    let c = f.ask_with("Am I allergic to penicillin?", 200);
    says(&c.text, &["Penicillin V"]);
    assert!(!c.omitted.is_empty(), "{}", c.text);
}

/// A statistic of a workout must not tell of one that may not be seen.
#[test]
fn a_workout_that_may_not_be_seen_is_not_counted() {
    let mut f = Fake::default();
    let workout = |text: &str, code: &str, category, value: Value| {
        let mut w = FactDraft::new(Kind::Workout, category);
        (w.text, w.status, w.value) = (text.to_owned(), Status::Final, value);
        w.codes = vec![Coding::new("urn:apple:healthkit", code, "")];
        w.when = crate::record::When::parse_fhir("2024-09-03T08:00:00Z");
        w
    };
    let rate = || Value::Quantity(super::fake::quantity("179", "count/min"));
    let record = f.push(workout("Running", "HKWorkoutActivityTypeRunning", Category::Activity, Value::None));
    f.push_part(workout("maximum", "HKQuantityTypeIdentifierHeartRate", Category::VitalSigns, rate()), record, 1);
    f.chunk(
        "HKQuantityTypeIdentifierHeartRate",
        "count/min",
        "Watch",
        Category::VitalSigns,
        &[("2026-07-01T08:00:00Z", "60", 0), ("2026-07-01T09:00:00Z", "91", 0)],
    );
    says(&f.ask("How many workouts?").text, &["1 in all"]);
    // The greatest heart rate is that of the workout.
    let t = f.ask("What was my highest heart rate?").text;
    says(&t, &["highest 91 count/min", "highest that a workout tells: 179 count/min (2024-09-03)"]);
    let seen = f.only(&[Category::VitalSigns]);
    for q in ["How many workouts?", "How many runs?", "my runs in 2019", "What was my highest heart rate?"] {
        let t = seen.ask(q).text;
        assert!(!t.contains("in all") && !t.contains("sort") && !t.contains("2024") && !t.contains("179"), "{q} {t}");
    }
}

/// "Depuis un an" is a time, and no event to look for.
#[test]
fn a_year_is_no_event() {
    let mut f = Fake::default();
    f.lab("29463-7", "Body weight", "70", "kg", "2026-05-01");
    let c = f.ask("Ai-je perdu du poids depuis un an ?");
    assert!(!c.text.contains("événement demandé") && c.text.contains("70 kg (2026-05-01)"), "{}", c.text);
}

#[test]
fn a_total_is_told_and_a_month_has_no_more_days_than_it_has() {
    let mut f = Fake::default();
    let at = |a: &'static str| (a, "1000", 5);
    f.chunk(
        "HKQuantityTypeIdentifierStepCount",
        "count",
        "Watch",
        Category::Activity,
        &[at("2026-03-01T20:00:00-05:00"), at("2026-03-20T12:00:00-05:00"), at("2026-03-31T18:00:00-05:00")],
    );
    f.chunk(
        "HKQuantityTypeIdentifierStepCount",
        "count",
        "Watch",
        Category::Activity,
        &[at("2026-03-31T20:00:00-05:00"), at("2026-04-10T12:00:00-05:00"), at("2026-04-30T18:00:00-05:00")],
    );
    let t = f.ask("How many steps did I take in total?").text;
    says(&t, &["in all: ", "(total ≈6000, n 6)", "2026-04: ≈100.0 count per day over 30 days"]);
    assert!(!t.contains("over 31 days") || !t.contains("over 32 days"), "{t}");
}
