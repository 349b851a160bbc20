//! What lists say of a status and a date, what is volunteered, and dates that lie ahead.

use super::fake::{Fake, patient};
use crate::label::{Sensitivities, Sensitivity};
use crate::record::{Category, Kind, Status};

/// A proposal as the FHIR importer reads it: preliminary, whatever its own status.
#[test]
fn a_proposal_is_no_start() {
    let question = "How did my LDL change since I started the statin?";
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "100", "mg/dL", "2012-01-01");
    f.med("simvastatin 20 MG", "2010-01-01", Status::Preliminary);
    let c = f.ask(question);
    assert!(c.missing.iter().any(|m| m.starts_with("start:")), "{:?}", c.missing);
    assert!(!c.text.contains("Medications (active)") && !c.text.contains(", active"), "{}", c.text);
    f.med("simvastatin 20 MG", "2011-01-01", Status::Active);
    let t = f.ask(question).text;
    assert!(t.contains("first entry 2011-01-01"), "{t}");
    let t = f.ask("What medications do I take?").text;
    assert!(t.contains("1 in all, 1 active") && t.contains("besides, 1 planned"), "{t}");
    assert!(t.contains(", planned or unconfirmed, 2010-01-01"), "{t}");
}

#[test]
fn a_status_that_is_not_stated_is_not_active() {
    let mut f = Fake::default();
    f.med("warfarin 5 MG", "2020-01-01", Status::Unstated);
    let t = f.ask("What medications do I take?").text;
    assert!(t.contains("1 in all, 0 active") && t.contains(", status not stated, entered 2020-01-01"), "{t}");
    let t = f.ask("Quels médicaments est-ce que je prends ?").text;
    assert!(t.contains(", statut non précisé, saisi le 2020-01-01"), "{t}");
    let t = f.ask("hello there").text;
    assert!(!t.contains("warfarin"), "{t}");
}

#[test]
fn since_is_said_of_what_goes_on() {
    let t = patient().ask("What medications do I take?").text;
    assert!(t.contains(", active, since 2010-05-01") && t.contains(", stopped, entered 2012-01-01"), "{t}");
}

#[test]
fn results_of_the_future_are_marked_and_not_computed_with() {
    let mut f = patient();
    f.lab("18262-6", "Low Density Lipoprotein Cholesterol", "10", "mg/dL", "2031-01-01");
    // In the caller's zone, an hour east, it is past noon of the 23rd.
    f.lab("2160-0", "Creatinine", "0.90", "mg/dL", "2026-11-23");
    f.lab("2160-0", "Creatinine", "5.00", "mg/dL", "2026-11-23T12:00:01Z");
    let t = f.ask("How did my LDL change since I started the statin?").text;
    assert!(t.contains("6 results; last 92.10 mg/dL (2014-01-28)"), "{t}");
    assert_eq!(t.matches("10 mg/dL (2031-01-01)").count(), 1, "{t}");
    assert!(t.contains("\n- 10 mg/dL (2031-01-01) (dated in the future) [r:"), "{t}");
    let t = f.ask("Mon LDL a-t-il changé depuis la statine ?").text;
    assert!(t.contains("(daté dans le futur)"), "{t}");
    let t = f.ask("my lab results").text;
    assert!(t.contains("92.10 mg/dL (2014-01-28)") && t.contains("0.90 mg/dL (2026-11-23)"), "{t}");
    assert!(!t.contains("future"), "{t}");
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "10", "mg/dL", "2031-01-01");
    for question in ["my LDL", "my lab results", "my LDL in 2020"] {
        let t = f.ask(question).text;
        assert!(t.contains("10 mg/dL (2031-01-01) (dated in the future)"), "{t}");
    }
}

#[test]
fn sensitive_medications_are_not_volunteered() {
    let mut f = patient();
    for text in ["methadone 10 MG", "Méthadone 5 mg", "lithium carbonate 300 MG", "mifépristone 200 mg"] {
        f.med(text, "2020-01-01", Status::Active);
    }
    f.med("zidovudine 300 MG", "2020-01-01", Status::Active);
    if let Some(r) = f.rows.last_mut() {
        r.class.sensitivities = Sensitivities::only(Sensitivity::Hiv).bits();
    }
    for text in
        ["AIDS", "Borderline personality disorder", "Trouble de la personnalité", "Herpès", "Gestational diabetes"]
    {
        f.listed(Kind::Condition, Category::Conditions, text, "2020-01-01");
    }
    let t = f.ask("my LDL").text;
    assert!(t.contains("simvastatin 20 MG") && t.contains("hypertension"), "{t}");
    assert_eq!(t.matches("- 5 more, not shown unless the question asks for them\n").count(), 2, "{t}");
    for word in ["thadone", "lithium", "zidovudine", "AIDS", "personal", "Herp", "estation"] {
        assert!(!t.contains(word), "{word}: {t}");
    }
    let t = f.ask("What medications do I take?").text;
    assert!(t.contains("methadone 10 MG") && t.contains("zidovudine"), "{t}");
}

#[test]
fn of_two_results_of_one_time_both_are_named_as_the_last() {
    let mut f = Fake::default();
    f.lab("2345-7", "Glucose", "90", "mg/dL", "2020-01-01");
    f.lab("2345-7", "Glucose", "100", "mg/dL", "2021-01-01");
    f.lab("2345-7", "Glucose", "120", "mg/dL", "2021-01-01");
    let t = f.ask("What is my glucose?").text;
    assert!(t.contains("3 results; last 120 mg/dL (2021-01-01) [r:1]; equally late: 100 mg/dL [r:2]"), "{t}");
    let t = f.ask("Quel est mon glucose ?").text;
    assert!(t.contains("dernier 120 mg/dL (2021-01-01) [r:1] ; aussi récent : 100 mg/dL [r:2]"), "{t}");
}

#[test]
fn samples_of_the_future_are_marked_and_not_computed_with() {
    let mut f = Fake::default();
    f.chunk(
        "HKQuantityTypeIdentifierRestingHeartRate",
        "count/min",
        "Watch",
        Category::VitalSigns,
        &[("2026-11-05T08:00:00Z", "66", 0), ("2026-11-15T08:00:00Z", "64", 0), ("2026-11-25T08:00:00Z", "200", 0)],
    );
    f.chunk(
        "HKQuantityTypeIdentifierRestingHeartRate",
        "count/min",
        "Watch",
        Category::VitalSigns,
        &[("2031-01-05T08:00:00Z", "300", 0)],
    );
    f.med("bisoprolol 5 MG", "2026-11-10", Status::Active);
    let c = f.ask("Has my resting heart rate gone down since bisoprolol?");
    let t = &c.text;
    assert!(t.contains("2 samples, 2026-11-05 to 2026-11-15") && t.contains("; last 64 count/min (2026-11-15)"), "{t}");
    assert!(t.contains("2 samples (dated in the future), 2026-11-25 to 2031-01-05: not computed with [r:"), "{t}");
    assert!(t.contains("mean ≈64.0 count/min, min 64, max 64 (n 1)"), "{t}");
    assert!(!t.contains("200") && !t.contains("300"), "{t}");
    let t = f.ask("ma fréquence cardiaque au repos ce mois").text;
    assert!(t.contains("2 mesures, du 2026-11-05 au 2026-11-15") && t.contains("(daté dans le futur)"), "{t}");
    let mut f = Fake::default();
    f.chunk(
        "HKCategoryTypeIdentifierSleepAnalysis",
        "",
        "Watch",
        Category::Sleep,
        &[("2031-01-05T22:00:00Z", "HKCategoryValueSleepAnalysisAsleepCore", 600)],
    );
    let t = f.ask("How do I sleep?").text;
    assert!(t.contains("1 sample (dated in the future), 2031-01-05 to 2031-01-05") && !t.contains("nights"), "{t}");
}

#[test]
fn starts_and_lists_of_the_future_are_marked() {
    let question = "How did my LDL change since I started the statin?";
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "100", "mg/dL", "2012-01-01");
    f.med("simvastatin 20 MG", "2031-01-01", Status::Active);
    let c = f.ask(question);
    assert!(c.text.contains("statin (simvastatin): first entry 2031-01-01 (dated in the future), «"), "{}", c.text);
    assert!(!c.text.contains("before the start") && c.missing == ["start:statin"], "{}", c.text);
    // Nobody takes it yet: it is shown to whom asks for it.
    assert!(!c.text.contains("(active)"), "{}", c.text);
    let t = f.ask("What medications do I take?").text;
    assert!(t.contains(", active, from 2031-01-01 (dated in the future)"), "{t}");
    let t = f.ask("hello there").text;
    assert!(t.contains("1 entry (2031-01-01–2031-01-01); the latest is dated in the future [r:"), "{t}");
    assert_eq!(t.matches("future").count(), 1, "not the laboratory: {t}");
    f.med("simvastatin 20 MG", "2011-01-01", Status::Active);
    let t = f.ask(question).text;
    assert!(t.contains("first entry 2011-01-01, «") && t.contains("after it: n 1"), "{t}");
    let t = f.ask("Comment mon LDL a-t-il évolué depuis la statine ?").text;
    assert!(t.contains("dernière 2031-01-01 (daté dans le futur)"), "{t}");
}
