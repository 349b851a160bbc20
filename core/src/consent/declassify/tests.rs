use super::*;
use crate::id::{GrantId, Identity};
use crate::label::{Confidentiality, Purposes};
use crate::lang::Lang;

fn partition(n: u8, name: &str) -> NamedPartition {
    NamedPartition { scope: ScopeId::from_bytes([n; 16]), name: name.to_owned() }
}

fn terms() -> DeclassifyTerms {
    DeclassifyTerms {
        purpose: Purpose::PatientRequest,
        from: partition(1, "health"),
        to: partition(2, "general"),
        lowering: Lowering {
            confidentiality: Some(Confidentiality::Normal),
            sensitivities: Sensitivities::only(Sensitivity::Hiv),
            ..Lowering::NONE
        },
        expires: Some(Timestamp::from_millis(1_803_254_400_000)),
    }
}

fn meta() -> ConsentMeta {
    ConsentMeta {
        series: GrantId::from_bytes([5; 16]),
        version: 1,
        status: ConsentStatus::Active,
        subject: Identity::from_bytes([6; 16]),
        given: Timestamp::from_millis(1_790_000_000_001),
        updated: Timestamp::from_millis(1_790_000_000_001),
        notice: [7; 32],
        lang: Lang::Fr,
    }
}

fn wide() -> DeclassifyTerms {
    let lowering = Lowering {
        confidentiality: Some(Confidentiality::Unrestricted),
        purposes: Purposes::only(Purpose::Research),
        obligations: Obligations::NO_REUSE.union(Obligations::PERSIST_LABEL),
        ..terms().lowering
    };
    DeclassifyTerms { lowering, expires: None, ..terms() }
}

#[test]
fn consents_round_trip_and_have_one_form() {
    for (t, action) in [(terms(), "DOWNGRDLABEL"), (wide(), "DECLASSIFYLABEL")] {
        let spec = DeclassifySpec::new(t).unwrap();
        let bytes = declassify_to_fhir(&spec, &meta()).unwrap();
        assert_eq!(declassify_from_fhir(&bytes).unwrap(), DeclassifyDoc { spec, meta: meta() });
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(action));
        // A grant to see data is not read as one to lower, nor the other way.
        assert!(crate::consent::from_fhir(text.as_bytes()).is_err());
        for (a, b) in [("permit", "deny"), ("health\"", "wealth\""), (action, "PERSISTLABEL"), ("List", "Group")] {
            let changed = text.replacen(a, b, 1);
            assert!(changed != text);
            assert!(declassify_from_fhir(changed.as_bytes()).is_err() || a == "health\"", "{a}");
        }
        let more = text.replacen('{', "{\"implicitRules\":\"x\",", 1);
        assert!(declassify_from_fhir(more.as_bytes()).is_err());
        assert!((0..text.len()).all(|n| declassify_from_fhir(&text.as_bytes()[..n]).is_err()));
    }
}

#[test]
fn nothing_frees_for_training_and_nothing_is_lowered_into_itself() {
    let bad = |f: &dyn Fn(&mut DeclassifyTerms)| {
        let mut t = terms();
        f(&mut t);
        assert!(DeclassifySpec::new(t).is_err());
    };
    bad(&|t| t.lowering.obligations = Obligations::NO_TRAINING);
    bad(&|t| t.lowering.purposes = Purposes::only(Purpose::MlTraining));
    bad(&|t| t.lowering.purposes = Purposes::ALL);
    bad(&|t| t.purpose = Purpose::MlTraining);
    bad(&|t| t.to = t.from.clone());
    bad(&|t| t.lowering.origins = Origins::partition(1));
    bad(&|t| t.lowering.sensitivities = Sensitivities::ALL);
    bad(&|t| t.lowering.obligations = Obligations::from_bits(1 << 20));
    bad(&|t| t.to.name = String::new());
    bad(&|t| t.expires = Some(Timestamp::from_millis(i64::MAX)));
}

#[test]
fn standing_follows_status_and_time() {
    let doc =
        |status| DeclassifyDoc { spec: DeclassifySpec::new(terms()).unwrap(), meta: ConsentMeta { status, ..meta() } };
    let end = terms().expires.unwrap();
    let active = doc(ConsentStatus::Active);
    assert_eq!(active.standing(end.plus_millis(-1)), Standing::InForce);
    assert_eq!(active.standing(end), Standing::Expired);
    assert_eq!(doc(ConsentStatus::Inactive).standing(end), Standing::Withdrawn);
}

fn plain(t: DeclassifyTerms, lang: Lang) -> String {
    declassify_notice(&DeclassifySpec::new(t).unwrap(), lang).replace(['\u{a0}', '\u{202f}'], " ")
}

#[test]
fn the_notice_says_what_is_dropped_and_where_it_may_go() {
    let en = plain(terms(), Lang::En);
    for part in [
        "statements that rest on your data in the partition “health” may be copied into the partition “general”",
        "What is dropped from its protection, and nothing else: that it comes from “health”; any confidentiality above \
         “normal”; the mark of being sensitive because of: HIV/AIDS.",
        "What stays with it: that no AI model may be trained with it; which records it was made from; every rule about \
         its use; what it may be used for.",
        "Why: to answer your own requests.",
        "Until when: until the end of 21 February 2027 (UTC), unless you withdraw before.",
        "How to withdraw: at any time, in one step",
    ] {
        assert!(en.contains(part), "{part}\n---\n{en}");
    }
    let fr = plain(terms(), Lang::Fr);
    for part in [
        "de la partition « health » peuvent être copiés dans la partition « general »",
        "sa provenance de « health » ; toute confidentialité au-dessus de « normal » ; la mention de son caractère \
         sensible au titre de : VIH/sida.",
        "l’interdiction d’entraîner un modèle d’IA avec lui",
        "Pourquoi : pour répondre à vos propres demandes.",
        "Comment retirer ce consentement : à tout moment, en une seule étape",
    ] {
        assert!(fr.contains(part), "{part}\n---\n{fr}");
    }
    assert!(!fr.contains('\''), "typographic apostrophes only");
    let wide = plain(wide(), Lang::En);
    assert!(wide.contains("use this data for any other purpose") && wide.contains("also be used for health research"));
    assert!(!wide.contains("every rule about its use") && wide.contains("no end date"));
}
