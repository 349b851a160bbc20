//! Allergies and conditions: clinical status, verification, reaction, and which time is told.

use super::chunks::{allow, space};
use super::fake::{Fake, plain};
use crate::grounding::Budget;
use crate::import::Source;
use crate::record::{Category, FactDraft, Kind, Standing, Status, Value};

/// Through the importer: each resource, with the person it is of.
pub(super) fn asked(resources: &[&str], questions: &[&str]) -> Vec<String> {
    let (_dir, space) = space();
    let entries: Vec<String> = resources.iter().map(|r| format!(r#"{{"resource":{r}}}"#)).collect();
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","));
    space.partition("health").unwrap().import(Source::bytes(bundle.into_bytes()).unwrap()).unwrap();
    let s = allow(&space, None);
    let ask = |q: &&str| s.ground(q, Budget::tokens(2000)).unwrap().into_value().text;
    let clean = |t: String| {
        let nonce = t.split('«').nth(1).and_then(|t| t.get(..17)).unwrap_or("").to_owned();
        if nonce.is_empty() { t } else { t.replace(&nonce, "") }
    };
    questions.iter().map(ask).map(clean).collect()
}

fn allergy(id: &str, text: &str, clinical: &str, verification: &str, more: &str) -> String {
    format!(
        r#"{{"resourceType":"AllergyIntolerance","id":"{id}","patient":{{"reference":"Patient/p"}},"code":{{"text":"{text}"}},
        "clinicalStatus":{{"coding":[{{"code":"{clinical}"}}]}},"verificationStatus":{{"coding":[{{"code":"{verification}"}}]}}{more}}}"#
    )
}

#[test]
fn an_unconfirmed_allergy_is_active_and_told_with_its_reaction() {
    let severe = r#","criticality":"high","reaction":[{"manifestation":[{"text":"Wheeze"}],"severity":"severe"}]"#;
    let all = [
        allergy("1", "Cashew", "active", "unconfirmed", severe),
        allergy("2", "Latex glove", "active", "refuted", ""),
        allergy("3", "Plum", "resolved", "confirmed", r#","onsetDateTime":"1990""#),
        allergy("4", "No known drug allergies", "active", "confirmed", ""),
        allergy("5", "Rye", "resolved", "unconfirmed", ""),
    ];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let t = asked(&all, &["Do I have any allergies?", "Ai-je des allergies ?", "my CRP", "Mes vaccins"]);
    let (en, fr) = (&t[0], &t[1]);
    assert!(en.contains("- 3 in all, 1 active (1 of them not confirmed); besides, 1 refuted ["), "{en}");
    assert!(en.contains("- «Cashew», active, not confirmed, undated, «criticality high; Wheeze (severe)» ["), "{en}");
    assert!(
        en.contains("- «Latex glove», refuted, undated [") && en.contains("- «Plum», resolved, began 1990 ["),
        "{en}"
    );
    assert!(en.contains("- «Rye», resolved, not confirmed, undated ["), "{en}");
    assert!(!en.contains("planned") && !en.contains("none known"), "{en}");
    assert!(en.find("Cashew").unwrap() < en.find("the source also states: «No known drug allergies»").unwrap(), "{en}");
    assert!(
        fr.contains("- «Cashew», en cours, non confirmé, sans date, «criticality high; Wheeze (severe)» ["),
        "{fr}"
    );
    assert!(fr.contains("3 en tout, 1 en cours (dont 1 non confirmé) ; de plus, 1 écarté ["), "{fr}");
    assert!(fr.contains("outre ce qui précède, la source dit aussi : «No known drug allergies»"), "{fr}");
    // Where nobody asks for it, too.
    for t in &t[2..] {
        assert!(t.contains("«Cashew»") && t.contains("criticality high") && !t.contains("none known"), "{t}");
        assert!(!t.contains("aucun connu") && !t.contains("Latex"), "{t}");
    }
}

/// A quotation has an end; what an allergy does must not lie behind it.
#[test]
fn a_long_list_of_reactions_is_not_cut_after_the_first() {
    let mild = r#"{"manifestation":[{"text":"Itching of the skin of both forearms"}],"severity":"mild"},"#.repeat(3);
    let more = format!(
        r#","criticality":"high","reaction":[{mild}{{"manifestation":[{{"text":"Anaphylaxis"}}],"severity":"severe"}}]"#
    );
    let a = allergy("1", "Cashew", "active", "confirmed", &more);
    let t = asked(&[&a], &["my allergies"]).remove(0);
    assert!(t.contains("«criticality high; Anaphylaxis (severe); Itching of the skin"), "{t}");
    assert_eq!(t.matches("Itching").count(), 3, "{t}");
}

#[test]
fn none_of_one_sort_is_not_none_at_all() {
    let one = |text: &str| {
        let a = allergy("1", text, "active", "confirmed", "");
        asked(&[&a], &["Do I have any allergies?", "Ai-je des allergies ?"])
    };
    let t = one("No known food allergies");
    assert!(
        t[0].contains("none known of one sort, others not spoken of, as the source states: «No known food"),
        "{}",
        t[0]
    );
    assert!(t[1].contains("aucun connu d'une sorte, sans rien dire des autres, selon la source : «"), "{}", t[1]);
    let t = one("No known allergies");
    assert!(t[0].contains("- none known, as the source states: «No known allergies»"), "{}", t[0]);
}

#[test]
fn a_reaction_or_a_status_of_another_entry_is_not_forgotten() {
    let mut f = Fake::default();
    let mut add = |date: &str, status, note: &str| {
        f.listed(Kind::Allergy, Category::Allergies, "Cashew", date);
        let fact = &mut f.rows.last_mut().unwrap().fact;
        (fact.status, fact.note) = (status, note.into());
    };
    add("2019-01-01", Status::Active, "Anaphylaxis; criticality high");
    add("2020-01-01", Status::Active, "");
    let t = plain(&f.ask("my allergies").text);
    assert!(t.contains("; another entry tells: «Anaphylaxis; criticality high» (2019-01-01) ["), "{t}");
    // Nothing tells which of an active and a resolved one is later.
    let mut f = Fake::default();
    for (date, status) in [("2020-01-01", Status::Active), ("2020", Status::Resolved)] {
        f.listed(Kind::Allergy, Category::Allergies, "Cashew", date);
        f.rows.last_mut().unwrap().fact.status = status;
    }
    let t = plain(&f.ask("my allergies").text);
    assert!(t.contains("1 in all, 1 active (1 of them past its end, or with another entry"), "{t}");
    assert!(t.contains("active (2020-01-01) [") && t.contains("; another entry says: resolved (2020)"), "{t}");
    // A later one ends it.
    f.rows.last_mut().unwrap().fact.when = crate::record::When::parse_fhir("2022");
    let t = plain(&f.ask("my allergies").text);
    assert!(t.contains("1 in all, 0 active [") && t.contains("«Cashew», resolved, 2 entries"), "{t}");
}

#[test]
fn what_was_only_recorded_has_no_since() {
    let condition = |id: &str, text: &str, clinical: &str, more: &str| {
        format!(
            r#"{{"resourceType":"Condition","id":"{id}","subject":{{"reference":"Patient/p"}},"code":{{"text":"{text}"}},
            "clinicalStatus":{{"coding":[{{"code":"{clinical}"}}]}}{more}}}"#
        )
    };
    let all = [
        condition("1", "Gout", "active", r#","recordedDate":"2020-10-01""#),
        condition("2", "Psoriasis", "active", r#","onsetDateTime":"2011-02-03","recordedDate":"2020-10-01""#),
        condition("3", "Tinnitus", "inactive", r#","onsetDateTime":"2010""#),
        condition("4", "Sciatica", "resolved", r#","recordedDate":"2009-05-05""#),
    ];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let t = asked(&all, &["What conditions do I have?", "Quelles maladies ai-je ?", "my conditions in 2015"]);
    for said in [
        ", active, recorded 2020-10-01 [",
        ", active, since 2011-02-03 [",
        ", inactive, began 2010 [",
        ", resolved, recorded 2009-05-05 [",
    ] {
        assert!(t[0].contains(said), "{said}\n{}", t[0]);
    }
    assert!(t[1].contains(", en cours, saisi le 2020-10-01 [") && t[1].contains("inactif, début 2010 ["), "{}", t[1]);
    // What was written down later may have been there already.
    assert!(t[2].contains("psoriasis") && !t[2].contains("out, active"), "{}", t[2]);
    assert!(t[2].contains("besides, 3 records of which no date tells"), "{}", t[2]);
}

#[test]
fn words_that_deny_and_what_begins_later_are_not_counted_as_active() {
    let mut f = Fake::default();
    for text in ["No history of diabetes", "Father had colon cancer", "Psoriasis"] {
        f.listed(Kind::Condition, Category::Conditions, text, "2020-01-01");
    }
    f.listed(Kind::Condition, Category::Conditions, "Tinnitus", "2020-01-01");
    f.rows.last_mut().unwrap().fact.status = Status::NotDone;
    let t = f.ask("What conditions do I have?").text;
    assert!(t.contains("3 in all, 1 active; 2 of them in words that may say that it is not so"), "{t}");
    assert!(t.contains("; besides, 1 refuted ["), "{t}");
    f.med("prednisone 5 MG", "2028-01-01", Status::Active);
    f.med("ramipril 5 MG", "2020-01-01", Status::Active);
    let t = f.ask("What are my current medications?").text;
    assert!(t.contains("2 in all, 1 active; 1 of them called active, to begin in the future ["), "{t}");
    assert!(t.contains("», active, from 2028-01-01 (dated in the future)"), "{t}");
    let t = f.ask("Mes médicaments").text;
    assert!(t.contains("2 en tout, 1 en cours ; dont 1 dit en cours, au début à venir ["), "{t}");
}

#[test]
fn standing_is_kept_in_the_value() {
    let mut fact = FactDraft::new(Kind::Allergy, Category::Allergies);
    fact.status = Status::Preliminary;
    let all = Standing { clinical: Status::Resolved, confirmed: false, recorded: true };
    fact.stand(all, "unconfirmed");
    assert_eq!(fact.standing(), all);
    fact.status = Status::Active;
    let plain = Standing { clinical: Status::Active, confirmed: true, recorded: false };
    fact.stand(plain, "");
    assert_eq!((fact.standing(), &fact.value), (plain, &Value::None));
}

/// How an allergy shows, and how a medication is taken, stands beside their names: asked for by those words, nothing is
/// denied that the record says.
#[test]
fn what_is_said_beside_a_name_is_found() {
    let all = [
        allergy("1", "Peanut", "active", "confirmed", r#","reaction":[{"manifestation":[{"text":"Anaphylaxis (disorder)"}]}]"#),
        allergy("2", "Plum", "active", "confirmed", r#","reaction":[{"manifestation":[{"text":"Wheezing"}]}]"#),
        r#"{"resourceType":"MedicationRequest","id":"3","status":"active","intent":"order","subject":{"reference":"Patient/p"},
        "medicationCodeableConcept":{"text":"Salbutamol"},"dosageInstruction":[{"text":"sublingually as needed"}]}"#
            .to_owned(),
    ];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let questions = ["have I ever had anaphylaxis?", "wheezing", "what do I use sublingually?"];
    let said = ["«Peanut»", "«Plum»", "«Salbutamol»"];
    for ((text, question), said) in asked(&all, &questions).iter().zip(questions).zip(said) {
        assert!(text.contains(said), "{question}\n{text}");
        assert!(!text.contains("nothing on record") && !text.contains("rien au dossier"), "{question}\n{text}");
    }
    // How grave it was stands there too; and of "pain" and "abdominal" it is the note that has both.
    let pain = r#","reaction":[{"manifestation":[{"text":"Abdominal pain"}],"severity":"mild"}]"#;
    let pain = allergy("4", "Latex", "active", "confirmed", pain);
    for (text, question) in asked(&[&pain], &["mild allergies", "mild reactions", "abdominal pain"]).iter().zip([
        "mild allergies",
        "mild reactions",
        "abdominal pain",
    ]) {
        assert!(text.contains("Allergy or intolerance: «Latex»"), "{question}\n{text}");
        assert!(!text.contains("nothing on record") && !text.contains("no record"), "{question}\n{text}");
    }
    // Beside another word, too: nobody is told that nothing has any of them.
    for (question, said) in [
        ("signs of anaphylaxis", "«Peanut»"),
        ("what triggers wheezing?", "«Plum»"),
        ("peanut anaphylaxis", "«Peanut»"),
        ("sublingually in the shower", "«Salbutamol»"),
        ("wheezing from peanut", "«Plum»"),
        ("is salbutamol used sublingually?", "«sublingually as needed»"),
    ] {
        let text = &asked(&all, &[question])[0];
        assert!(text.contains(said) && !text.contains("nothing on record"), "{question}\n{text}");
    }
    let text = &asked(&all, &["peanut anaphylaxis"])[0];
    assert!(!text.contains("no record"), "{text}");
    let text = &asked(&all, &["in the shower"])[0];
    assert!(text.contains("nothing on record available here matches"), "{text}");
}

/// A name and what is said beside another one make no record that has both.
#[test]
fn a_name_and_another_ones_note_are_no_match() {
    let of = |id: &str, text: &str, how: &str| {
        format!(
            r#"{{"resourceType":"MedicationRequest","id":"{id}","status":"active","intent":"order","subject":{{"reference":"Patient/p"}},
        "medicationCodeableConcept":{{"coding":[{{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"999999"}}],"text":"{text}"}},"dosageInstruction":[{{"text":"{how}"}}]}}"#
        )
    };
    let all = [of("1", "Zorbimax capsule", "with porridge"), of("2", "Zorbimax lozenge", "with blancmange")];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let t = asked(&all, &["lozenge blancmange", "lozenge porridge"]);
    let partly = "no record available here has all of these words of the question";
    assert!(!t[0].contains(partly), "{}", t[0]);
    assert!(t[1].contains(partly), "{}", t[1]);
}
