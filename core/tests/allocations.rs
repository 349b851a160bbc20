//! What a decision allocates: nothing where it refuses, however many consents there are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use healthspace::consent::{
    Action, ConsentMeta, ConsentState, ConsentStatus, Facts, GrantSpec, GrantTerms, Kept, Recipient, Rules, from_fhir,
    read_consent, to_fhir,
};
use healthspace::policy::{Decision, ItemFacts, OutsidePurpose, Refusal, Request, decide};
use healthspace::record::{Author, Category, DecisionClass, Kind, ResourceType};
use healthspace::{Confidentiality, GrantId, Identity, Lang, Obligations, Purpose, ScopeId, Timestamp};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts what a thread asks for.
struct Counting;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = ASKED.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call goes to the system's allocator as it came; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: it came from `System`, by `alloc` or `realloc` above.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations<T>(f: impl FnOnce() -> T) -> (T, u64) {
    let before = ASKED.get();
    let done = f();
    (done, ASKED.get() - before)
}

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const SCOPE: ScopeId = ScopeId::from_bytes([1; 16]);

fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

/// A hundred grants for laboratory results, of which half go to the model that asks.
fn grants() -> ConsentState {
    let mut state = ConsentState::default();
    for n in 0..100 {
        let who = if n % 2 == 0 { model() } else { Recipient::model("other").unwrap() };
        let mut terms = GrantTerms::new(Purpose::PatientRequest, SCOPE, &[Category::Laboratory], who);
        terms.expires = Some(NOW.plus_millis(90 * 86_400_000));
        let series = GrantId::from_bytes([n; 16]);
        let meta = ConsentMeta {
            series,
            version: 1,
            status: ConsentStatus::Active,
            subject: Identity::from_bytes([9; 16]),
            given: NOW,
            updated: NOW,
            notice: [3; 32],
            lang: Lang::En,
        };
        let doc = from_fhir(&to_fhir(&GrantSpec::new(terms).unwrap(), &meta).unwrap()).unwrap();
        state.add(series, 1, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true });
    }
    state
}

/// The same with a Consent from elsewhere beside them.
fn with(provision: &str) -> Rules {
    let mut state = grants();
    let text = format!(
        r#"{{"resourceType":"Consent","id":"1","status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/p"}},"provision":{provision}}}"#
    );
    let consent = Box::new(read_consent(text.as_bytes(), 0));
    state.add(consent.series(), 1, Kept::Imported { consent, used: 0, notice_logged: false });
    state.rules_at(NOW)
}

#[test]
fn a_refusal_allocates_nothing() {
    let who = [model()];
    let stranger = [Recipient::model("evil-llm").unwrap()];
    let ask = Request {
        scope: SCOPE,
        actors: &who,
        purpose: Purpose::PatientRequest,
        outside: None,
        action: Action::Ground,
        now: NOW,
        clock_behind: false,
        fresh: true,
        understands: Obligations::from_bits(u32::MAX),
    };
    let class = DecisionClass {
        category: Category::Laboratory,
        kind: Kind::Observation,
        confidentiality: Confidentiality::Restricted,
        sensitivities: 0,
        obligations: 0,
        author: Author::Source,
        resource: ResourceType::NONE,
    };
    let more = Facts {
        resource_type: Some("Observation"),
        codes: Some(&[("http://loinc.org", "13457-7")]),
        names: Some(&["Observation/1"]),
        ..Facts::default()
    };
    let item = ItemFacts { class, at: Some(1), until: None, more };
    let vital = ItemFacts { class: DecisionClass { category: Category::VitalSigns, ..class }, ..item };
    let alone = grants().rules_at(NOW);
    let broken = with(r#"{"type":"perhaps"}"#);
    let code = with(r#"{"type":"deny","code":[{"coding":[{"system":"http://loinc.org","code":"13457-7"}]}]}"#);
    let named = with(
        r#"{"type":"permit","provision":[{"type":"deny","data":[{"meaning":"instance","reference":{"reference":"Observation/1"}}],"securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}]}"#,
    );
    let outside = OutsidePurpose::new("http://example.org", "X");
    let refused = [
        ("nobody asked", &alone, Request { actors: &stranger, ..ask }, item, Decision::NotApplicable),
        ("another purpose", &alone, Request { purpose: Purpose::Research, ..ask }, item, Decision::NotApplicable),
        ("outside the table", &alone, Request { outside, ..ask }, item, Decision::NotApplicable),
        (
            "another partition",
            &alone,
            Request { scope: ScopeId::from_bytes([2; 16]), ..ask },
            item,
            Decision::NotApplicable,
        ),
        ("another category", &alone, ask, vital, Decision::NotApplicable),
        ("over", &alone, Request { now: NOW.plus_millis(91 * 86_400_000), ..ask }, item, Decision::NotApplicable),
        ("the clock is behind", &alone, Request { clock_behind: true, ..ask }, item, Decision::NotApplicable),
        ("an obligation", &alone, Request { understands: Obligations::NONE, ..ask }, item, Decision::NotApplicable),
        (
            "training",
            &alone,
            Request { purpose: Purpose::MlTraining, ..ask },
            item,
            Decision::Deny { basis: Refusal::Floor },
        ),
    ];
    for (why, rules, request, item, expect) in &refused {
        let (decision, asked) = allocations(|| decide(rules, request, item));
        assert_eq!((&decision, asked), (expect, 0), "{why}");
    }
    for (why, rules) in [("unusable", &broken), ("a code", &code), ("a name and a label", &named)] {
        let (decision, asked) = allocations(|| decide(rules, &ask, &item));
        assert!(matches!(decision, Decision::Deny { basis: Refusal::Unusable(_) | Refusal::Consent(_) }), "{why}");
        assert_eq!(asked, 0, "{why}");
    }
    // The counter counts: a permit names the 50 grants that it rests on, in a list that grows.
    let (decision, asked) = allocations(|| decide(&alone, &ask, &item));
    assert!(matches!(decision, Decision::Permit { basis, .. } if basis.len() == 50));
    assert!((1..=6).contains(&asked), "{asked}");
}
