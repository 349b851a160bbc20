//! Days, periods and sums: what a person asks of a time, and what must not be said of it.

use super::chunks::{allow, space};
use super::fake::{Fake, lab, options};
use crate::grounding::{Budget, Composed, Options, compose};
use crate::import::Source;
use crate::lang::Lang;
use crate::record::Category;

const STEPS: &str = "HKQuantityTypeIdentifierStepCount";
const WEIGHT: &str = "HKQuantityTypeIdentifierBodyMass";
const SLEEP: &str = "HKCategoryTypeIdentifierSleepAnalysis";
const ASLEEP: &str = "HKCategoryValueSleepAnalysisAsleepCore";

fn french(f: &Fake, question: &str) -> Composed {
    compose(f, question, &Options { lang: Some(Lang::Fr), ..options(4000) }).unwrap()
}

#[track_caller]
fn says(text: &str, wanted: &[&str]) {
    for w in wanted {
        assert!(text.contains(w), "{w}\n{text}");
    }
}

/// A query reaches a day further than the period: a row on that day is neither in the period nor
/// the latest of all.
#[test]
fn the_latest_outside_of_a_period_is_the_latest_of_all() {
    let mut f = Fake::default();
    for (value, date) in [("100.53", "2013-12-31"), ("110", "2014-06-01"), ("97.24", "2020-02-04")] {
        f.lab("18262-6", "LDL", value, "mg/dL", date);
    }
    f.lab("", "Zonulin", "1", "ng/mL", "2013-12-31");
    f.lab("", "Zonulin", "2", "ng/mL", "2021-01-01");
    f.lab("99999-2", "Klotho", "3", "pg/mL", "2013-12-31");
    f.lab("99999-2", "Klotho", "4", "pg/mL", "2022-01-01");
    let t = f.ask("my LDL in January 2014").text;
    says(&t, &["none in the period asked; the latest is 97.24 mg/dL (2020-02-04)"]);
    let t = french(&f, "mon LDL en janvier 2014").text;
    says(&t, &["rien dans la période demandée ; le dernier résultat est 97,24 mg/dL (2020-02-04)"]);
    let t = f.ask("my zonulin in January 2014").text;
    says(&t, &["none in the period asked; the latest is 2 ng/mL (2021-01-01)"]);
    let t = f.ask("my klotho in 2015").text;
    says(&t, &["none in the period asked; the latest is 4 pg/mL (2022-01-01)"]);
    // The value of the day after must not hide that of the period.
    let mut f = Fake::default();
    f.lab("18262-6", "LDL", "101", "mg/dL", "2014-01-15");
    f.lab("18262-6", "LDL", "102", "mg/dL", "2014-02-01");
    let t = f.ask("my lab results in January 2014").text;
    says(&t, &["LDL cholesterol: 101 mg/dL (2014-01-15)"]);
}

/// The pressure of the day after the period is not the one that is asked for.
#[test]
fn a_blood_pressure_is_taken_from_the_period() {
    let mut f = Fake::default();
    for (record, date, pair) in [(1u8, "2026-07-21", ["121", "81"]), (2, "2026-07-22", ["145", "95"])] {
        for (part, (code, value)) in ["8480-6", "8462-4"].into_iter().zip(pair).enumerate() {
            let mut row = lab(code, "part", value, "mm[Hg]", date);
            row.category = Category::VitalSigns;
            f.push_part(row, crate::id::RecordId::from_bytes([record; 16]), part as u16 + 1);
        }
    }
    let t = f.ask("my blood pressure on 2026-07-21").text;
    says(&t, &["last reading 121/81 mm[Hg] (2026-07-21)"]);
    assert!(!t.contains("145"), "{t}");
}

#[test]
fn samples_outside_of_a_period_are_not_denied() {
    let mut f = Fake::default();
    f.chunk(
        WEIGHT,
        "kg",
        "Scale",
        Category::VitalSigns,
        &[("2026-08-01T08:00:00Z", "70.5", 0), ("2026-08-20T08:00:00Z", "70.1", 0)],
    );
    f.chunk(WEIGHT, "kg", "Scale", Category::VitalSigns, &[("2026-10-02T08:00:00Z", "69.8", 0)]);
    for q in ["my weight on 2026-08-10", "my weight on 2019-03-01", "my weight in September 2026"] {
        let c = f.ask(q);
        says(
            &c.text,
            &[
                "none in the period asked; samples run from 2026-08-01 to 2026-10-02; the latest is 69.8 kg (2026-10-02)",
            ],
        );
        assert!(c.missing.is_empty() && !c.text.contains("no body weight"), "{}", c.text);
    }
    let t = french(&f, "mon poids le 2026-08-10").text;
    says(&t, &["rien dans la période demandée ; les mesures vont du 2026-08-01 au 2026-10-02"]);
    // A weight of the surgery in the period speaks for itself; one outside does not deny the scale's.
    let mut row = lab("29463-7", "Body Weight", "71", "kg", "2026-08-10");
    row.category = Category::VitalSigns;
    f.push(row);
    let t = f.ask("my weight on 2026-08-10").text;
    assert!(t.contains("71 kg (2026-08-10)") && !t.contains("none in"), "{t}");
    let t = f.ask("my weight on 2026-08-20").text;
    assert!(t.contains("last 70.1 kg (2026-08-20)") && !t.contains("none in"), "{t}");
}

/// A day is that of the place where a sample was recorded.
#[test]
fn a_sample_counts_on_its_own_local_day() {
    let mut f = Fake::default();
    let at = |a: &'static str, v: &'static str| (a, v, 5);
    f.chunk(
        STEPS,
        "count",
        "Watch",
        Category::Activity,
        &[
            at("2026-07-09T12:00:00+02:00", "100"),
            at("2026-07-10T00:30:00+02:00", "20"),
            at("2026-07-10T23:50:00+02:00", "3"),
            at("2026-08-01T00:30:00+02:00", "4000"),
        ],
    );
    f.chunk(STEPS, "count", "Watch", Category::Activity, &[at("2026-08-02T10:00:00+02:00", "5")]);
    let mut how = options(4000);
    for zone in [-600, 0, 120, 600] {
        how.zone_offset_minutes = zone;
        let ask = |q: &str| compose(&f, q, &how).unwrap().text;
        let t = ask("steps on 2026-07-10");
        says(
            &t,
            &[
                "2 samples, 2026-07-10 to 2026-07-10",
                "in the period asked: ≈23.0 count per day over 1 day (total ≈23.0, n 2)",
            ],
        );
        let t = ask("steps in August 2026");
        says(&t, &["2 samples, 2026-08-01 to 2026-08-02", "(total ≈4005, n 2)"]);
        let t = ask("hello there");
        says(&t, &["(2026-07-09–2026-08-02)"]);
    }
    let t = f.ask("how many steps do I take?").text;
    says(&t, &["months begin at midnight UTC", "2026-07: "]);
}

#[test]
fn steps_have_a_total_and_say_which_days_have_data() {
    let mut f = Fake::default();
    let at = |a: &'static str, v: &'static str| (a, v, 5);
    f.chunk(
        STEPS,
        "count",
        "Watch",
        Category::Activity,
        &[at("2026-07-01T08:00:00Z", "1000"), at("2026-07-09T08:00:00Z", "500"), at("2026-07-23T08:00:00Z", "4000")],
    );
    let t = f.ask("How many steps in July 2026?").text;
    says(
        &t,
        &[
            "in the period asked: ≈1833 count per day over 3 days with data (total ≈5500, n 3)",
            "week of 2026-07-06: ≈500.0 count per day over 1 day (",
        ],
    );
    let t = f.ask("How many steps do I take?").text;
    says(&t, &["2026-07: ≈239.1 count per day over 23 days from the first to the last with data (total ≈5500, n 3)"]);
    let t = french(&f, "Combien de pas en juillet 2026 ?").text;
    says(&t, &["dans la période demandée : ≈1833 count par jour sur 3 jours avec données (total ≈5500, n 3)"]);
}

#[test]
fn means_that_are_asked_for_are_computed() {
    let mut f = Fake::default();
    for (value, date) in [("1.0", "2020-01-01"), ("1.1", "2021-01-01"), ("1.5", "2022-01-01")] {
        f.lab("2160-0", "Creatinine", value, "mg/dL", date);
    }
    f.chunk(
        "HKQuantityTypeIdentifierHeartRate",
        "count/min",
        "Watch",
        Category::VitalSigns,
        &[("2026-07-01T08:00:00Z", "60", 0), ("2026-07-02T08:00:00Z", "71", 0)],
    );
    f.chunk(
        "HKQuantityTypeIdentifierHeartRate",
        "count/min",
        "Watch",
        Category::VitalSigns,
        &[("2026-08-01T08:00:00Z", "80", 0)],
    );
    let t = french(&f, "moyenne de ma créatinine").text;
    says(&t, &["- moyenne 1,2 mg/dL (n 3) ["]);
    let t = f.ask("What is my average heart rate?").text;
    says(&t, &["in all: mean ≈70.3 count/min, min 60, max 80 (n 3)"]);
    assert!(!f.ask("What does my creatinine mean?").text.contains("mean 1.2"));
}

/// What can be read in two ways is not printed.
#[test]
fn fractions_are_shown_as_percentages() {
    let mut f = Fake::default();
    let chunk = |f: &mut Fake, samples: &[(&str, &str, i64)]| {
        f.chunk("HKQuantityTypeIdentifierOxygenSaturation", "%", "Watch", Category::VitalSigns, samples);
    };
    chunk(&mut f, &[("2026-08-09T08:00:00Z", "0.955", 0), ("2026-08-10T08:00:00Z", "0.97", 0)]);
    let t = f.ask("What is my oxygen saturation?").text;
    says(
        &t,
        &[
            "; last 97 % (2026-08-10)",
            "lowest 95.5 %",
            "highest 97 %",
            "mean ≈96.2 %, min 95.5, max 97 (n 2)",
            "recorded as fractions of 1, shown here as percentages",
        ],
    );
    assert!(!t.contains("0.9"), "{t}");
    let t = f.ask("my oxygen saturation in 2019").text;
    says(&t, &["the latest is 97 % (2026-08-10)"]);
    // An app that wrote 97 for 97 %: nothing is known about the unit, and nothing is changed.
    chunk(&mut f, &[("2026-09-09T08:00:00Z", "97", 0)]);
    let t = f.ask("What is my oxygen saturation?").text;
    assert!(t.contains("; last 97 % (2026-09-09)") && t.contains("lowest 0.955 %"), "{t}");
}

/// Through the importer: the fraction, and the day of a sample just after a local midnight.
#[test]
fn an_export_is_read_by_local_days_and_percentages() {
    let (_dir, space) = space();
    let record = |kind: &str, unit: &str, at: &str, value: &str| {
        format!(
            " <Record type=\"HKQuantityTypeIdentifier{kind}\" sourceName=\"Watch\" unit=\"{unit}\" creationDate=\"{at}\" startDate=\"{at}\" endDate=\"{at}\" value=\"{value}\"/>\n"
        )
    };
    let xml = format!(
        "<?xml version=\"1.0\"?>\n<HealthData locale=\"fr_FR\">\n <ExportDate value=\"2026-08-20 10:00:00 +0200\"/>\n{}{}{}</HealthData>\n",
        record("OxygenSaturation", "%", "2026-08-10 09:00:00 +0200", "0.97"),
        record("StepCount", "count", "2026-08-01 00:30:00 +0200", "40"),
        record("StepCount", "count", "2026-08-02 09:00:00 +0200", "2"),
    );
    space.partition("health").unwrap().import(Source::bytes(xml.into_bytes()).unwrap()).unwrap();
    let s = allow(&space, None);
    let ask = |q: &str| s.ground(q, Budget::tokens(2000)).unwrap().into_value().text;
    says(&ask("my oxygen saturation"), &["; last 97 % (2026-08-10)", "shown here as percentages"]);
    says(&ask("steps in August 2026"), &["2 samples, 2026-08-01 to 2026-08-02", "(total ≈42.0, n 2)"]);
    says(&ask("steps on 2026-07-31"), &["none in the period asked; samples run from 2026-08-01 to 2026-08-02"]);
}

/// A part of a score, of a degree or of a number beyond zero means nothing.
#[test]
fn no_percentages_where_zero_is_not_none() {
    let mut f = Fake::default();
    for (i, (code, text, unit, a, b)) in [
        ("38265-5", "DXA T-score", "{T-score}", "0.2", "-1.9"),
        ("55758-7", "PHQ-2 total score", "{score}", "1", "0"),
        ("44261-6", "PHQ-9 total score", "1", "4", "8"),
        ("8310-5", "Body temperature", "Cel", "37", "38"),
        ("11555-0", "Base excess", "mmol/L", "-1", "2"),
    ]
    .into_iter()
    .enumerate()
    {
        f.lab(code, text, a, unit, "2020-01-01");
        f.lab(code, text, b, unit, "2021-01-01");
        let t = f.ask(["my T-score", "my PHQ-2", "my PHQ-9", "my body temperature", "my base excess"][i]).text;
        let line = t.lines().find(|l| l.contains("change from first to last")).unwrap_or(&t);
        assert!(line.contains("change from first to last: ") && !line.contains(" %"), "{line}");
    }
}

#[test]
fn a_night_is_found_by_the_day_it_begins_or_ends_on() {
    let mut f = Fake::default();
    f.chunk(
        SLEEP,
        "",
        "Watch",
        Category::Sleep,
        &[
            ("2026-08-08T23:00:00+02:00", ASLEEP, 420),
            ("2026-08-10T23:30:00+02:00", ASLEEP, 210),
            ("2026-08-11T03:20:00+02:00", ASLEEP, 210),
        ],
    );
    let t = f.ask("How did I sleep on 2026-08-10?").text;
    says(&t, &["night of 2026-08-10 to 2026-08-11: ≈7.00 h asleep, between 23:30 and 06:50, «"]);
    assert!(!t.contains("no time asleep") && !t.contains("2026-08-08"), "{t}");
    let t = f.ask("How did I sleep on 2026-08-11?").text;
    says(&t, &["night of 2026-08-10 to 2026-08-11: ≈7.00 h asleep"]);
    let t = french(&f, "Comment ai-je dormi le 2026-08-10 ?").text;
    says(&t, &["nuit du 2026-08-10 au 2026-08-11 : ≈7,00 h de sommeil, entre 23:30 et 06:50"]);
    let t = f.ask("How did I sleep in August 2026?").text;
    says(&t, &["a night counts on the day of waking", "(2 nights)"]);
    let t = f.ask("How did I sleep on 2026-05-01?").text;
    says(&t, &["none in the period asked; samples run from 2026-08-08 to 2026-08-11"]);
}

#[track_caller]
fn quoted(f: &Fake, question: &str, words: &str) {
    let c = f.ask(question);
    let en = format!("these words about time were not understood, and limit nothing here: «a5a5a5a5a5a5a5a5 {words}»");
    let fr =
        format!("ces mots sur le temps n'ont pas été compris, et ne limitent rien ici : «a5a5a5a5a5a5a5a5 {words}»");
    assert!(c.text.contains(&en) || c.text.contains(&fr), "{question}\n{}", c.text);
    assert!(c.missing.contains(&"period".to_owned()), "{:?}", c.missing);
}

/// A time that is not understood must not be ignored in silence.
#[test]
fn words_of_time_that_are_not_understood_are_said_to_be_so() {
    let mut f = Fake::default();
    for (value, date) in [("100", "2012-06-01"), ("110", "2017-06-01"), ("120", "2020-02-04")] {
        f.lab("18262-6", "LDL", value, "mg/dL", date);
    }
    for (question, words) in [
        ("my LDL not in 2017", "not in 2017"),
        ("mon LDL sauf en 2017", "sauf en 2017"),
        ("my LDL for 3 years", "3 years"),
        ("my LDL next month", "next month"),
        ("my LDL at night", "night"),
        ("mon LDL le soir", "soir"),
        ("my LDL on Monday", "monday"),
        ("my LDL in the third quarter", "quarter"),
        ("my LDL many moons ago", "many moons ago"),
        ("my LDL at the age of 5", "5"),
        ("mon LDL à 3 ans", "3 ans"),
        ("my LDL in my forties", "forties"),
        ("mon LDL ces derniers mois", "derniers mois"),
        ("mon LDL les week-ends", "week ends"),
        ("my LDL at the weekends", "weekends"),
        ("mon LDL les 3, 4 et 5 février 2020", "3"),
        ("my LDL in Q2-Q3 2020", "q2"),
        ("my LDL after 6pm", "6pm"),
        ("my LDL on Mondays", "mondays"),
        ("my LDL on 2020-02-04 between 8 and 9 am", "9 am"),
        ("my LDL at 8am", "8am"),
        ("mon LDL à 8 h", "8 h"),
        ("mon LDL le 4 février 2020 vers 9h30", "9h30"),
        ("my LDL while I had COVID", "while i had covid"),
        ("my LDL during my hospital stay", "during my hospital stay"),
        ("mon LDL pendant mon hospitalisation", "pendant mon hospitalisation"),
        ("my LDL on the last day of my stay", "last day of my stay"),
    ] {
        if words != "5" {
            quoted(&f, question, words);
        }
    }
    let t = f.ask("my LDL not in 2017").text;
    says(&t, &["last 120 mg/dL (2020-02-04)"]);
    assert!(!t.contains("period asked"), "{t}");
    for q in [
        "my LDL in 2017",
        "my last LDL",
        "LDL each day",
        "my LDL before and after 2016",
        "How many years old am I?",
        "LDL with 8 h of fasting",
        "Am I on a statin?",
    ] {
        let c = f.ask(q);
        assert!(!c.missing.contains(&"period".to_owned()), "{q}\n{}", c.text);
    }
    // With the birth date on record, an age is a time.
    f.person("1982-05-01", "female");
    let c = f.ask("my LDL at the age of 30");
    says(&c.text, &["period asked: 2012-05-01 to 2013-04-30 [r:", "1 result: 100 mg/dL (2012-06-01)"]);
    assert!(c.missing.is_empty(), "{:?}", c.missing);
    let c = french(&f, "mon LDL à 35 ans");
    says(&c.text, &["période demandée : du 2017-05-01 au 2018-04-30 [r:", "1 résultat : 110 mg/dL (2017-06-01)"]);
}

/// A year behind "since" is a time, whatever the verb.
#[test]
fn a_year_behind_since_is_no_event() {
    let mut f = Fake::default();
    for (value, date) in [("100", "2017-06-01"), ("110", "2019-06-01"), ("120", "2020-02-04")] {
        f.lab("18262-6", "LDL", value, "mg/dL", date);
    }
    for q in ["Has my LDL fallen since 2019?", "Did my LDL double since 2019?", "Has my LDL frobbed since early 2019?"]
    {
        let c = f.ask(q);
        says(&c.text, &["period asked: from 2019-01-01", "2 results"]);
        assert!(!c.text.contains("start date"), "{q}\n{}", c.text);
    }
    let c = french(&f, "mon LDL a-t-il doublé depuis 2019 ?");
    says(&c.text, &["période demandée : depuis 2019-01-01", "2 résultats"]);
}

/// An event that nobody named is not another that shares a word with it.
#[test]
fn an_event_has_all_words_of_its_name() {
    let mut f = Fake::default();
    for (value, date) in [("4.1", "2017-06-01"), ("4.4", "2020-02-04")] {
        f.lab("2823-3", "Potassium", value, "mmol/L", date);
    }
    f.listed(crate::record::Kind::Condition, Category::Conditions, "Acute viral pharyngitis", "2018-06-18");
    f.listed(crate::record::Kind::Procedure, Category::Procedures, "Bone density scan of Zenker", "2018-06-18");
    for q in ["potassium since my acute kidney failure", "potassium since my brain scan"] {
        let c = f.ask(q);
        says(&c.text, &["no start date for the event asked about"]);
        assert!(!c.text.contains("first entry"), "{q}\n{}", c.text);
    }
    says(&f.ask("potassium since my Zenker scan").text, &["first entry 2018-06-18"]);
}

/// One quantity is not told as another that shares a word with it.
#[test]
fn distances_and_energies_are_those_that_are_asked_about() {
    let mut f = Fake::default();
    f.lab("29463-7", "Body weight", "66", "kg", "2026-07-01");
    for q in ["my cycling distance", "ma distance à vélo", "swimming distance", "distance nagée", "lean body mass"] {
        let c = f.ask(q);
        assert!(!c.text.contains("Walking") && !c.text.contains("66 kg"), "{q}\n{}", c.text);
    }
    for q in ["calories au repos", "calories burned at rest", "énergie basale"] {
        let c = f.ask(q);
        assert!(c.text.contains("esting energy") || c.text.contains("nergie au repos"), "{q}\n{}", c.text);
    }
}

#[test]
fn what_is_taken_against_something_is_no_comparison() {
    let mut f = Fake::default();
    f.listed(crate::record::Kind::Immunization, Category::Immunizations, "Influenza vaccine", "2017-10-01");
    let t = f.ask("was I vaccinated against flu in 2017?").text;
    says(&t, &["period asked: 2017-01-01 to 2017-12-31"]);
    let t = french(&f, "ai-je été vacciné contre la grippe en 2017 ?").text;
    says(&t, &["période demandée : du 2017-01-01 au 2017-12-31"]);
}

#[test]
fn several_values_of_one_day_are_told_apart_by_their_time() {
    let mut f = Fake::default();
    for (at, v) in [("2025-05-03T08:00:00+02:00", "95"), ("2025-05-03T14:30:00+02:00", "165"), ("2025-05-04", "99")] {
        f.lab("2345-7", "Glucose", v, "mg/dL", at);
    }
    says(
        &f.ask("my glucose values").text,
        &["last 99 mg/dL (2025-05-04) [", "first 95 mg/dL (2025-05-03 08:00)", "- 2025-05-03 14:30: 165 mg/dL"],
    );
}

#[test]
fn blood_group_and_menstrual_period_are_known_by_their_words() {
    let mut f = Fake::default();
    f.lab("2345-7", "Glucose in Blood", "95", "mg/dL", "2025-05-03");
    f.lab("882-1", "ABO and Rh group [Type] in Blood", "1", "", "2016-05-04");
    f.lab("8665-2", "Last menstrual period start date", "1", "", "2025-05-01");
    for (q, said) in [
        ("What is my blood type?", "Blood group"),
        ("Quel est mon groupe sanguin ?", "Groupe sanguin"),
        ("When was my last period?", "Menstrual period"),
        ("Quand ai-je eu mes dernières règles ?", "Règles menstruelles"),
    ] {
        let t = f.ask(q).text;
        says(&t, &[said]);
        assert!(!t.contains("Glucose"), "{t}");
    }
    // What time means.
    let t = f.ask("How did my glucose change over the last period?").text;
    says(&t, &["Glucose"]);
}
