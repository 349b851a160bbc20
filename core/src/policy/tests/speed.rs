//! How long a decision takes with 100 grants. The goal is that of an optimised build on a quiet machine
//! (`HEALTHSPACE_SPEED=1 cargo test --release`); elsewhere a bound that only a mistake reaches.

use super::random::{actors, grant, scope};
use crate::consent::{
    Action, ConsentMeta, ConsentState, ConsentStatus, GrantSpec, GrantTerms, Kept, Recipient, from_fhir, to_fhir,
};
use crate::id::{Identity, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose};
use crate::lang::Lang;
use crate::policy::compile::compile;
use crate::policy::{ItemFacts, Request, decide};
use crate::record::{Author, Category, ClassFilter, DecisionClass, Kind, ResourceType};
use std::hint::black_box;
use std::time::Instant;

#[test]
fn a_decision_with_100_grants() {
    let goal = if std::env::var_os("HEALTHSPACE_SPEED").is_some() { 5.0 } else { 500.0 };
    let now = Timestamp::from_millis(1_800_000_000_000);
    // Half go to the one that asks, for the purpose it asks for; categories in turn.
    let mut state = ConsentState::default();
    for n in 0..100u8 {
        let who = if n % 2 == 0 { actors()[0].clone() } else { Recipient::model(&format!("model-{n}")).unwrap() };
        let category = Category::ALL[usize::from(n) % Category::ALL.len()];
        let mut t = GrantTerms::new(Purpose::PatientRequest, scope(0), &[category], who);
        t.expires = Some(now.plus_millis(90 * 86_400_000));
        t.data_period = (n % 5 == 0).then(|| (Timestamp::from_millis(0), now));
        let meta = ConsentMeta {
            series: grant(n),
            version: 1,
            status: ConsentStatus::Active,
            subject: Identity::from_bytes([9; 16]),
            given: now,
            updated: now,
            notice: [3; 32],
            lang: Lang::En,
        };
        let doc = from_fhir(&to_fhir(&GrantSpec::new(t).unwrap(), &meta).unwrap()).unwrap();
        state.add(grant(n), 1, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true });
    }
    let rules = state.rules_at(now);
    let who = [actors()[0].clone()];
    let request = Request {
        scope: scope(0),
        actors: &who,
        purpose: Purpose::PatientRequest,
        outside: None,
        action: Action::Ground,
        now,
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
    let item = ItemFacts::of_row(class, Some(1));
    let refused = Request { scope: scope(9), ..request };
    let filter = compile(&rules, &request).filter;
    let time = |name: &str, f: &dyn Fn()| -> f64 {
        let mut runs: Vec<f64> = (0..if goal < 100.0 { 21 } else { 3 })
            .map(|_| {
                let start = Instant::now();
                (0..1000).for_each(|_| f());
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        runs.sort_by(f64::total_cmp);
        println!("{name}: median {:.3} us", runs[runs.len() / 2]);
        runs[runs.len() / 2]
    };
    let permit = time("decide, permit", &|| drop(black_box(decide(&rules, &request, &item))));
    let refusal = time("decide, not applicable", &|| drop(black_box(decide(&rules, &refused, &item))));
    assert!(permit < goal && refusal < goal, "{permit} us, {refusal} us");
    time("compile", &|| drop(black_box(compile(&rules, &request))));
    time("judge a class", &|| drop(black_box(filter.judge(&class))));
    time("rules of 100 grants", &|| drop(black_box(state.rules_at(now))));
}
