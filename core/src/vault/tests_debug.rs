//! `Debug` of what is released, and of what it is made of, shows nothing of it.

use super::tests::{allow, clock, model, source, unlock};
use super::*;
use crate::catalog::{LeanRows, Query};
use crate::grounding::{Budget, check_answer};
use crate::id::Identity;
use crate::label::{Purpose, Sensitivities, Sensitivity};
use crate::record::{
    Category, Coding, Decimal, Draft, Meta, ObservedRange, PersonHint, Quantity, Revision, Sample, SeriesKey, Sex,
    Span, SubjectHint, Value, Verdict, When,
};

/// What the records say, a date in milliseconds too; none of it stands in the name of a type.
const SECRETS: [&str; 15] = [
    "13457-7",
    "loinc",
    "cholesterin",
    "987",
    "654",
    "321",
    "mg/dL",
    "nuchtern",
    "1987",
    "haemolysed",
    "SYM",
    "SAMPLEWORD",
    "HIV",
    "DocumentNote",
    "543283",
];

fn shows_nothing(what: &dyn core::fmt::Debug) {
    for shown in [format!("{what:?}"), format!("{what:#?}")] {
        for secret in SECRETS {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[test]
fn debugging_shows_nothing_of_what_was_released() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    let entry = r#"{"resourceType":"Observation","id":"1","status":"final",
        "meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]},
        "category":[{"coding":[{"code":"laboratory"}]}],
        "code":{"coding":[{"system":"http://loinc.org","code":"13457-7","display":"cholesterin"}],"text":"cholesterin"},
        "effectiveDateTime":"1987-03-21","valueQuantity":{"value":987.654,"unit":"mg/dL"},
        "referenceRange":[{"high":{"value":321,"unit":"mg/dL"},"text":"nuchtern"}],
        "interpretation":[{"coding":[{"code":"SYM"}]}],"note":[{"text":"haemolysed"}]}"#;
    let report = space.partition("health").unwrap().import(source(&[entry.to_owned()])).unwrap();
    shows_nothing(&report);
    allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    let rows = s.query(&Query::default()).unwrap();
    shows_nothing(&rows);
    let rows = rows.into_value();
    let [row] = rows.as_slice() else { panic!("one row") };
    shows_nothing(row);
    shows_nothing(&(&row.class, &row.fact, &row.fact.value, &row.fact.range, &row.fact.codes, &row.fact.when));
    shows_nothing(&LeanRows::of_rows(rows.clone()));
    shows_nothing(&s.presence().unwrap().into_value());
    let code = Query { codes: vec![("loinc".into(), "13457-7".into())], from: Some(987), ..Query::default() };
    shows_nothing(&code);
    let reader = s.reader(&Query::default(), 10).unwrap();
    shows_nothing(&reader.readings(&Query::default()).unwrap());
    let context = s.ground("What is my cholesterin?", Budget::tokens(1000)).unwrap();
    assert!(context.value().text.contains("987.654"), "{}", context.value().text);
    shows_nothing(&context);
    shows_nothing(context.value());
    let little = s.ground("Which cholesterin?", Budget::tokens(40)).unwrap();
    assert!(!little.value().omitted.is_empty());
    shows_nothing(&little.value().omitted);
    shows_nothing(&check_answer("It was 987 [r:1], 321 [r:654].", context.value()));
    s.remember("cholesterin was 987", &context).unwrap();
    shows_nothing(&s.memories("health").unwrap());
    shows_nothing(&s.memories("health").unwrap().into_value());
    shows_nothing(&s.hold(row.record).unwrap());

    // What has no way out of a space of its own.
    let number = Decimal::parse("987.654").unwrap();
    let amount = Quantity { number, comparator: Default::default(), unit: "mg/dL".into(), ucum: "mg/dL".into() };
    let meta = Meta { key: "SYM".into(), value: "SAMPLEWORD".into() };
    let sample = Sample {
        start: 987_654,
        end: 987_654,
        created: None,
        offset: 321,
        number: Some(number),
        word: Some("SAMPLEWORD".into()),
        source_version: None,
        device: Some("SAMPLEWORD".into()),
        meta: [meta.clone()].into(),
        at: 0,
        len: 0,
    };
    let key = SeriesKey {
        code: "13457-7".into(),
        system: "loinc".into(),
        unit: "mg/dL".into(),
        source: "SAMPLEWORD".into(),
        category: Category::Laboratory,
        month: 1987,
    };
    let person = PersonHint { names: Vec::new(), born: "1987".into(), sex: Some(Sex::Female), within: false };
    let subject = SubjectHint { reference: None, person: None, described: Some(Box::new(person.clone())) };
    let draft = Draft {
        body: b"cholesterin",
        span: Span::default(),
        identity: Identity::from_bytes([98; 16]),
        type_name: "DocumentNote",
        subject: subject.clone(),
        confidentiality: None,
        sensitivities: Sensitivities::only(Sensitivity::Hiv),
        obligations: crate::label::Obligations::NONE,
        ties: crate::record::Ties::default(),
        facts: vec![row.fact.clone()],
        content: Some([98; 16]),
        print: None,
        revision: Revision { updated: Some(987_654), version: Some(321) },
        verbatim: true,
    };
    let range = ObservedRange { text: "nuchtern".into(), high: Some(amount.clone()), ..ObservedRange::default() };
    shows_nothing(&(number, &amount, &meta, &sample, &key, &person, &subject));
    shows_nothing(&(&draft, &draft.facts, draft.revision, draft.sensitivities, &range));
    shows_nothing(&(Value::Quantity(amount), Value::Text("nuchtern".into()), Verdict::Within(vec![(987, 1987)])));
    shows_nothing(&(Coding::new("loinc", "13457-7", "cholesterin"), When::parse_fhir("1987-03-21")));
}

/// Names of partitions are the person's words, too.
#[test]
fn debugging_shows_no_name_of_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    space.create_partition("SAMPLEWORD", PartitionKind::Health, &unlock()).unwrap();
    super::tests::fill(&space);
    let grant = allow(&space, Category::ALL);
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    s.query(&Query::default()).unwrap();
    s.remember_in("health", "DocumentNote").unwrap();
    shows_nothing(&space.info().unwrap());
    shows_nothing(&space.check().unwrap());
    let derived = space.derived(grant.id()).unwrap();
    assert_eq!((derived.len(), format!("{derived:?}").as_str()), (1, "[Derived(..)]"));
    assert_eq!(space.info().unwrap().partitions.last().unwrap(), "SAMPLEWORD");
}
