//! The rules of the specification, by name.

use super::oracle::{Node, Tree, rules};
use super::random::{actors, grant, scope};
use crate::consent::{
    Action, ConsentMeta, ConsentState, ConsentStatus, Effect, GrantSpec, GrantTerms, Kept, Recipient, from_fhir,
    to_fhir, withdraw,
};
use crate::error::ErrorCode;
use crate::id::{GrantId, Identity, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::lang::Lang;
use crate::policy::{Decision, Denied, ItemFacts, Refusal, Request, authorize, decide};
use crate::record::{Author, Category, ClassFilter, DecisionClass, Kind, ResourceType};

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(hours * HOUR)
}

fn model() -> Vec<Recipient> {
    vec![actors()[0].clone()]
}

fn ask(actors: &[Recipient], purpose: Purpose) -> Request<'_> {
    Request {
        scope: scope(0),
        actors,
        purpose,
        outside: None,
        action: Action::Ground,
        now: at(10),
        clock_behind: false,
        fresh: true,
        understands: Obligations::from_bits(u32::MAX),
    }
}

fn lab() -> ItemFacts<'static> {
    let class = DecisionClass {
        category: Category::Laboratory,
        kind: Kind::Observation,
        confidentiality: Confidentiality::Restricted,
        sensitivities: 0,
        obligations: 0,
        author: Author::Source,
        resource: ResourceType::NONE,
    };
    ItemFacts::of_row(class, Some(5 * HOUR))
}

fn labelled(confidentiality: Confidentiality, codes: &[Sensitivity]) -> ItemFacts<'static> {
    let sensitivities = codes.iter().fold(0, |bits, s| bits | 1 << *s as u8);
    ItemFacts::of_row(DecisionClass { confidentiality, sensitivities, ..lab().class }, None)
}

fn terms(purpose: Purpose, categories: &[Category]) -> GrantTerms {
    GrantTerms::new(purpose, scope(0), categories, actors()[0].clone())
}

fn meta(series: GrantId) -> ConsentMeta {
    ConsentMeta {
        series,
        version: 1,
        status: ConsentStatus::Active,
        subject: Identity::from_bytes([9; 16]),
        given: at(1),
        updated: at(1),
        notice: [3; 32],
        lang: Lang::En,
    }
}

/// Written, read back and kept, as the vault would.
fn keep(state: &mut ConsentState, series: GrantId, terms: GrantTerms) -> Vec<u8> {
    let bytes = to_fhir(&GrantSpec::new(terms).unwrap(), &meta(series)).unwrap();
    add(state, series, &bytes);
    bytes
}

fn add(state: &mut ConsentState, series: GrantId, bytes: &[u8]) {
    let doc = from_fhir(bytes).unwrap();
    state.add(series, doc.meta.version, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true });
}

fn permits(state: &ConsentState, q: &Request<'_>, item: &ItemFacts<'_>) -> bool {
    let rules = state.rules_at(q.now);
    let decision = decide(&rules, q, item).is_permit();
    let filtered = authorize(&rules, q).is_ok_and(|p| p.filter().judge(&item.class).passes(item.dated()));
    assert_eq!(decision, filtered);
    decision
}

fn granted(terms: GrantTerms) -> ConsentState {
    let mut state = ConsentState::default();
    keep(&mut state, grant(1), terms);
    state
}

fn tree(root: Node) -> Vec<Tree> {
    vec![Tree { series: grant(1), root }]
}

fn verdict(root: Node, q: &Request<'_>, item: &ItemFacts<'_>) -> Decision {
    decide(&rules(&tree(root)), q, item)
}

fn permit() -> Node {
    Node::new(Effect::Permit)
}

fn deny() -> Node {
    Node::new(Effect::Deny)
}

#[test]
fn d1_without_a_rule_nothing_is_permitted() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    assert!(!permits(&ConsentState::default(), &q, &lab()));
    let rules = ConsentState::default().rules_at(q.now);
    assert_eq!(decide(&rules, &q, &lab()), Decision::NotApplicable);
    assert_eq!(authorize(&rules, &q).err(), Some(Denied::NotApplicable));
}

#[test]
fn d1_a_permit_whose_obligation_is_not_understood_does_not_apply() {
    let who = model();
    let state = granted(GrantTerms {
        obligations: Obligations::HEALTH.union(Obligations::DEIDENTIFY),
        ..terms(Purpose::PatientRequest, Category::ALL)
    });
    let q = ask(&who, Purpose::PatientRequest);
    assert!(permits(&state, &q, &lab()));
    assert!(!permits(&state, &Request { understands: Obligations::HEALTH, ..q }, &lab()));
}

#[test]
fn d1_a_consent_that_cannot_be_read_refuses_everything() {
    let who = model();
    let mut state = granted(terms(Purpose::PatientRequest, Category::ALL));
    let q = ask(&who, Purpose::PatientRequest);
    assert!(permits(&state, &q, &lab()));
    state.add(grant(2), 1, Kept::Unusable);
    assert!(!permits(&state, &q, &lab()));
    assert_eq!(authorize(&state.rules_at(q.now), &q).err(), Some(Denied::Refused(vec![grant(2)])));
    // A newer version that can be read replaces it.
    let doc = from_fhir(
        &to_fhir(&GrantSpec::new(terms(Purpose::Research, Category::ALL)).unwrap(), &meta(grant(2))).unwrap(),
    );
    let mut doc = doc.unwrap();
    doc.meta.version = 2;
    state.add(grant(2), 2, Kept::Read { doc: Box::new(doc), used: 0, notice_logged: true });
    assert!(permits(&state, &q, &lab()));
}

#[test]
fn d2_validity_begins_with_its_start_and_ends_before_its_end() {
    let who = model();
    let bounded =
        GrantTerms { starts: Some(at(10)), expires: Some(at(20)), ..terms(Purpose::PatientRequest, Category::ALL) };
    let state = granted(bounded);
    let q = ask(&who, Purpose::PatientRequest);
    let now = |t: Timestamp| Request { now: t, ..q };
    assert!(!permits(&state, &now(at(10).plus_millis(-1)), &lab()));
    assert!(permits(&state, &now(at(10)), &lab()));
    assert!(permits(&state, &now(at(20).plus_millis(-1)), &lab()));
    assert!(!permits(&state, &now(at(20)), &lab()));
}

#[test]
fn d2_behind_the_ledger_time_bounded_permits_do_not_apply_and_denies_do() {
    let who = model();
    let q = Request { clock_behind: true, ..ask(&who, Purpose::PatientRequest) };
    assert!(permits(&granted(terms(Purpose::PatientRequest, Category::ALL)), &q, &lab()));
    let bounded = GrantTerms { expires: Some(at(20)), ..terms(Purpose::PatientRequest, Category::ALL) };
    let state = granted(bounded);
    assert!(!permits(&state, &q, &lab()));
    let denied = authorize(&state.rules_at(q.now), &q).unwrap_err();
    assert_eq!(denied, Denied::ClockBehind);
    assert_eq!(crate::Error::from(denied).code(), ErrorCode::ClockBehind);
    let later = Node { start: Some(at(11)), ..deny() };
    let both = [tree(permit()), vec![Tree { series: grant(2), root: later }]].concat();
    assert!(!decide(&rules(&both), &q, &lab()).is_permit());
    assert!(decide(&rules(&both), &Request { clock_behind: false, ..q }, &lab()).is_permit());
}

#[test]
fn r_freshness_unverified_stops_counted_and_break_glass_permits() {
    let who = model();
    let counted = GrantTerms { uses: Some(2), ..terms(Purpose::PatientRequest, Category::ALL) };
    let q = ask(&who, Purpose::PatientRequest);
    assert!(permits(&granted(counted.clone()), &q, &lab()));
    assert!(!permits(&granted(counted), &Request { fresh: false, ..q }, &lab()));
    let glass = granted(terms(Purpose::BreakGlass, Category::ALL));
    let q = ask(&who, Purpose::BreakGlass);
    assert!(permits(&glass, &q, &lab()));
    assert!(!permits(&glass, &Request { fresh: false, ..q }, &lab()));
}

#[test]
fn d4_dimensions_are_all_needed_and_their_values_are_alternatives() {
    let who = model();
    let state = granted(terms(Purpose::PatientRequest, &[Category::Laboratory, Category::Medications]));
    let q = ask(&who, Purpose::PatientRequest);
    let of = |category| ItemFacts::of_row(DecisionClass { category, ..lab().class }, None);
    assert!(permits(&state, &q, &of(Category::Laboratory)) && permits(&state, &q, &of(Category::Medications)));
    assert!(!permits(&state, &q, &of(Category::Conditions)));
    assert!(!permits(&state, &Request { scope: scope(1), ..q }, &lab()));
    assert!(!permits(&state, &Request { action: Action::Export, ..q }, &lab()));
    let [_, app, other, _] = actors();
    assert!(!permits(&state, &Request { actors: &[app.clone(), other.clone()], ..q }, &lab()), "kind and name");
    assert!(permits(&state, &Request { actors: &[app, other, who[0].clone()], ..q }, &lab()), "any of the set");
    assert!(!permits(&state, &Request { actors: &[], ..q }, &lab()));
}

#[test]
fn d4_two_grants_to_one_recipient_stand_side_by_side() {
    let who = model();
    let mut state = granted(terms(Purpose::PatientRequest, &[Category::Laboratory]));
    keep(&mut state, grant(2), terms(Purpose::PatientRequest, &[Category::Medications]));
    let q = ask(&who, Purpose::PatientRequest);
    let of = |category| ItemFacts::of_row(DecisionClass { category, ..lab().class }, None);
    assert!(permits(&state, &q, &of(Category::Laboratory)) && permits(&state, &q, &of(Category::Medications)));
    assert!(!permits(&state, &q, &of(Category::Conditions)));
    let permit = authorize(&state.rules_at(q.now), &q).unwrap();
    assert_eq!(permit.basis(), [grant(1), grant(2)]);
    assert!(permit.obligations().contains(Obligations::NO_TRAINING) && permit.counted().is_empty());
}

#[test]
fn d5_a_permit_reaches_below_but_never_to_an_explicit_only_purpose() {
    let who = model();
    let on = |named, asked| permits(&granted(terms(named, Category::ALL)), &ask(&who, asked), &lab());
    assert!(on(Purpose::PatientRequest, Purpose::FamilyRequest));
    assert!(!on(Purpose::FamilyRequest, Purpose::PatientRequest));
    assert!(on(Purpose::Treatment, Purpose::EmergencyTreatment));
    for (above, explicit) in [
        (Purpose::Treatment, Purpose::TreatmentDecisionSupport),
        (Purpose::Payment, Purpose::PaymentDecisionSupport),
        (Purpose::Treatment, Purpose::BreakGlass),
        (Purpose::EmergencyTreatment, Purpose::BreakGlass),
        (Purpose::Operations, Purpose::MlTraining),
    ] {
        assert!(!on(above, explicit));
        assert!(on(explicit, explicit));
        assert!(!on(explicit, above));
    }
    let every = verdict(permit(), &ask(&who, Purpose::TreatmentDecisionSupport), &lab());
    assert_eq!(every, Decision::NotApplicable, "no purpose at all is any but the explicit-only ones");
}

#[test]
fn d5_a_deny_reaches_everything_below_even_through_broken_glass() {
    let who = model();
    let denied = Tree { series: grant(2), root: Node { purposes: Some(vec![Purpose::Treatment]), ..deny() } };
    for purpose in [Purpose::Treatment, Purpose::TreatmentDecisionSupport, Purpose::BreakGlass] {
        let named = Node { purposes: Some(vec![purpose]), ..permit() };
        let both = [tree(named.clone()), vec![denied.clone()]].concat();
        assert!(decide(&rules(&tree(named)), &ask(&who, purpose), &lab()).is_permit());
        assert_eq!(
            decide(&rules(&both), &ask(&who, purpose), &lab()),
            Decision::Deny { basis: Refusal::Consent(grant(2)) }
        );
    }
}

#[test]
fn d6_a_permit_with_labels_covers_every_sensitivity_or_reaches_the_confidentiality() {
    use Confidentiality::{Normal, Restricted, VeryRestricted};
    use Sensitivity::{AlcoholUse, Hiv, Psychiatry, SubstanceUse, Unknown};
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let only = |s| Sensitivities::only(s);
    let with = |c, s| {
        granted(GrantTerms { confidentiality: c, sensitivities: s, ..terms(Purpose::PatientRequest, Category::ALL) })
    };
    let plain = with(None, Sensitivities::NONE);
    assert!(permits(&plain, &q, &labelled(VeryRestricted, &[Hiv, Psychiatry, Unknown])), "no labels: any item");
    let normal = with(Some(Normal), Sensitivities::NONE);
    assert!(permits(&normal, &q, &labelled(Normal, &[])));
    assert!(!permits(&normal, &q, &labelled(Restricted, &[])));
    assert!(permits(&normal, &q, &labelled(Normal, &[Psychiatry])), "the residual choice of D6");
    let psy = with(None, only(Psychiatry));
    assert!(permits(&psy, &q, &labelled(VeryRestricted, &[Psychiatry])));
    assert!(!permits(&psy, &q, &labelled(Restricted, &[Psychiatry, Hiv])), "every code must be listed");
    assert!(!permits(&psy, &q, &labelled(Normal, &[])), "a non-empty set");
    assert!(!permits(&psy, &q, &labelled(Normal, &[Unknown])));
    let substances = with(None, only(SubstanceUse));
    assert!(permits(&substances, &q, &labelled(Restricted, &[AlcoholUse])), "a listed ancestor");
    let both = with(Some(Normal), only(Psychiatry));
    assert!(permits(&both, &q, &labelled(Restricted, &[Psychiatry])));
    assert!(!permits(&both, &q, &labelled(Restricted, &[Hiv])));
}

#[test]
fn d6_a_deny_needs_to_hit_one_label() {
    use Confidentiality::{Normal, Restricted, VeryRestricted};
    use Sensitivity::{AlcoholUse, Hiv, Psychiatry, SubstanceUse, Unknown};
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let hits = |labels: Node, item: &ItemFacts<'_>| {
        let both = [tree(permit()), vec![Tree { series: grant(2), root: labels }]].concat();
        !decide(&rules(&both), &q, item).is_permit()
    };
    let restricted = Node { confidentialities: vec![Restricted], ..deny() };
    assert!(hits(restricted.clone(), &labelled(VeryRestricted, &[])), "R also hits V");
    assert!(!hits(restricted, &labelled(Normal, &[])));
    let substances = Node { sensitivities: vec![SubstanceUse], ..deny() };
    assert!(hits(substances.clone(), &labelled(Normal, &[AlcoholUse, Hiv])));
    assert!(hits(substances.clone(), &labelled(Normal, &[Unknown])), "it could be below any");
    assert!(!hits(substances, &labelled(Normal, &[Psychiatry, Hiv])));
    let pcf = Node { sensitivities: vec![Sensitivity::SubstanceAbuse], ..deny() };
    assert!(hits(pcf, &labelled(Normal, &[AlcoholUse])), "PCF lists ETHUD under ETH");
}

#[test]
fn d7_the_deepest_match_of_a_branch_wins_and_between_branches_a_deny() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let labs = |n: Node| Node { categories: Some(vec![Category::Laboratory]), ..n };
    let over = |outer: Node, inner: Vec<Node>| Node { children: inner, ..outer };
    assert!(verdict(over(deny(), vec![labs(permit())]), &q, &lab()).is_permit());
    assert!(!verdict(over(permit(), vec![labs(deny())]), &q, &lab()).is_permit());
    assert!(verdict(over(permit(), vec![over(labs(deny()), vec![permit()])]), &q, &lab()).is_permit());
    assert!(!verdict(over(permit(), vec![permit(), deny()]), &q, &lab()).is_permit(), "same depth");
    let deep = over(permit(), vec![over(permit(), vec![permit()]), deny()]);
    assert!(!verdict(deep, &q, &lab()).is_permit(), "depth on another branch does not count");
    let other = Node { categories: Some(vec![Category::Sleep]), ..permit() };
    assert!(!verdict(over(deny(), vec![other]), &q, &lab()).is_permit(), "no match inside");
}

#[test]
fn d8_the_newest_version_counts_whatever_its_status() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let first = keep(&mut ConsentState::default(), grant(1), terms(Purpose::PatientRequest, Category::ALL));
    let second = withdraw(&from_fhir(&first).unwrap(), at(2)).unwrap();
    for order in [[&first, &second], [&second, &first]] {
        let mut state = ConsentState::default();
        order.into_iter().for_each(|bytes| add(&mut state, grant(1), bytes));
        assert!(!permits(&state, &q, &lab()));
        assert_eq!(state.standing(grant(1), q.now), Some(crate::consent::Standing::Withdrawn));
    }
}

#[test]
fn d8_between_series_a_deny_overrides_however_new_the_permit() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let refusal = Tree { series: grant(1), root: Node { categories: Some(vec![Category::Laboratory]), ..deny() } };
    let newer = Tree { series: grant(2), root: Node { purposes: Some(vec![Purpose::PatientRequest]), ..permit() } };
    let rules = rules(&[refusal, newer]);
    assert_eq!(decide(&rules, &q, &lab()), Decision::Deny { basis: Refusal::Consent(grant(1)) });
}

#[test]
fn d9_a_withdrawn_grant_is_as_if_it_had_never_been() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let mut with = granted(terms(Purpose::PatientRequest, &[Category::Laboratory]));
    let mut never = with.clone();
    let bytes = keep(&mut with, grant(2), terms(Purpose::PatientRequest, Category::ALL));
    add(&mut with, grant(2), &withdraw(&from_fhir(&bytes).unwrap(), at(3)).unwrap());
    assert_eq!(with.rules_at(q.now), never.rules_at(q.now));
    never.add(grant(3), 1, Kept::Unusable);
    assert_ne!(with.rules_at(q.now), never.rules_at(q.now));
}

#[test]
fn d10_counted_grants_run_out_and_are_spared_where_another_one_serves() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let labs = [Category::Laboratory];
    let counted = |expires| GrantTerms { uses: Some(2), expires, ..terms(Purpose::PatientRequest, &labs) };
    let doc = |t: GrantTerms, g| from_fhir(&to_fhir(&GrantSpec::new(t).unwrap(), &meta(g)).unwrap()).unwrap();
    let state = |list: &[(GrantId, GrantTerms, u32)]| {
        let mut state = ConsentState::default();
        for (g, t, used) in list {
            state.add(*g, 1, Kept::Read { doc: Box::new(doc(t.clone(), *g)), used: *used, notice_logged: true });
        }
        state
    };
    assert!(permits(&state(&[(grant(1), counted(None), 1)]), &q, &lab()));
    assert!(!permits(&state(&[(grant(1), counted(None), 2)]), &q, &lab()));
    let counts = |s: &ConsentState| authorize(&s.rules_at(q.now), &q).unwrap().counted().to_vec();
    assert_eq!(counts(&state(&[(grant(1), counted(None), 0)])), [grant(1)]);
    let two = state(&[(grant(1), counted(None), 0), (grant(2), counted(Some(at(20))), 0)]);
    assert_eq!(counts(&two), [grant(2)], "the one that ends first");
    assert_eq!(
        decide(&two.rules_at(q.now), &q, &lab()),
        Decision::Permit { obligations: counted(None).obligations, basis: vec![grant(2)] }
    );
    let wide = terms(Purpose::PatientRequest, Category::ALL);
    let served = state(&[(grant(1), counted(None), 0), (grant(2), wide, 0)]);
    assert!(counts(&served).is_empty(), "an unlimited one serves");
}

#[test]
fn d11_broken_glass_never_exports_or_erases() {
    let who = model();
    let named = Node { purposes: Some(vec![Purpose::BreakGlass]), ..permit() };
    let rules = rules(&tree(named));
    for (action, expect) in [(Action::Read, true), (Action::Export, false), (Action::Erase, false)] {
        let q = Request { action, ..ask(&who, Purpose::BreakGlass) };
        assert_eq!(decide(&rules, &q, &lab()).is_permit(), expect);
        assert_eq!(authorize(&rules, &q).err(), (!expect).then_some(Denied::Floor));
    }
}

#[test]
fn d12_r_obligations_are_the_union_over_every_permit_that_matched() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let with = |n, o| Tree { series: grant(n), root: Node { obligations: o, ..permit() } };
    let mut all = vec![with(1, Obligations::DEIDENTIFY), with(2, Obligations::REDACT)];
    let both = Obligations::DEIDENTIFY.union(Obligations::REDACT);
    let expect = Decision::Permit { obligations: both, basis: vec![grant(1), grant(2)] };
    assert_eq!(decide(&rules(&all), &q, &lab()), expect);
    all[1].root.categories = Some(vec![Category::Sleep]);
    let expect = Decision::Permit { obligations: Obligations::DEIDENTIFY, basis: vec![grant(1)] };
    assert_eq!(decide(&rules(&all), &q, &lab()), expect);
}

#[test]
fn d13_training_needs_a_consent_of_its_own_whose_notice_is_in_the_ledger() {
    let who = model();
    let q = Request { action: Action::Read, ..ask(&who, Purpose::MlTraining) };
    for purpose in [Purpose::Treatment, Purpose::Payment, Purpose::Operations, Purpose::PatientRequest] {
        let state = granted(terms(purpose, Category::ALL));
        assert!(!permits(&state, &q, &lab()));
        assert_eq!(authorize(&state.rules_at(q.now), &q).err(), Some(Denied::Floor));
    }
    let bundled = Node { purposes: Some(vec![Purpose::PatientRequest, Purpose::MlTraining]), ..permit() };
    assert_eq!(verdict(bundled, &q, &lab()), Decision::Deny { basis: Refusal::Floor }, "bundled");

    let spec = GrantSpec::new(terms(Purpose::MlTraining, &[Category::Laboratory])).unwrap();
    let doc = from_fhir(&to_fhir(&spec, &meta(grant(1))).unwrap()).unwrap();
    for notice_logged in [false, true] {
        let mut state = ConsentState::default();
        state.add(grant(1), 1, Kept::Read { doc: Box::new(doc.clone()), used: 0, notice_logged });
        assert_eq!(permits(&state, &q, &lab()), notice_logged);
        // An ordinary grant to the same recipient says "not for training", and a refusal wins.
        keep(&mut state, grant(2), terms(Purpose::PatientRequest, Category::ALL));
        assert!(!permits(&state, &q, &lab()));
    }
}

#[test]
fn r_absent_facts_a_date_that_is_not_there_evades_no_deny_and_satisfies_no_permit() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let undated = ItemFacts { at: None, ..lab() };
    let period = Some((at(4), at(6)));
    let state = granted(GrantTerms { data_period: period, ..terms(Purpose::PatientRequest, Category::ALL) });
    assert!(permits(&state, &q, &lab()));
    assert!(!permits(&state, &q, &undated));
    for (t, expect) in [(4 * HOUR - 1, false), (4 * HOUR, true), (6 * HOUR - 1, true), (6 * HOUR, false)] {
        assert_eq!(permits(&state, &q, &ItemFacts { at: Some(t), ..lab() }), expect);
    }
    // All of a period, or of a partial date, for a permit; any of it for a deny.
    let of = |from: i64, until: i64| ItemFacts { at: Some(from), until: Some(until), ..lab() };
    assert!(permits(&state, &q, &of(4 * HOUR, 6 * HOUR - 1)));
    assert!(!permits(&state, &q, &of(4 * HOUR, 6 * HOUR)));
    assert!(!permits(&state, &q, &of(4 * HOUR - 1, 5 * HOUR)));
    let without = |from: i64, until: i64| {
        let deny = Node { data_period: Some((3 * HOUR, 4 * HOUR)), ..deny() };
        verdict(Node { children: vec![deny], ..permit() }, &q, &of(from, until)).is_permit()
    };
    assert!(without(HOUR, 3 * HOUR - 1) && without(4 * HOUR, 5 * HOUR));
    assert!(!without(HOUR, 3 * HOUR) && !without(HOUR, 9 * HOUR) && !without(4 * HOUR - 1, 9 * HOUR));
    let except = Node { children: vec![Node { data_period: Some((0, 4 * HOUR)), ..deny() }], ..permit() };
    assert!(verdict(except.clone(), &q, &lab()).is_permit());
    assert!(!verdict(except, &q, &undated).is_permit());
}

#[test]
fn d10_a_counted_permit_that_lifts_a_deny_of_its_own_consent_is_not_spared() {
    let who = model();
    let q = ask(&who, Purpose::PatientRequest);
    let lifting = |root| Tree {
        series: grant(1),
        root: Node { children: vec![Node { uses_left: Some(1), ..permit() }], ..root },
    };
    let unlimited = Tree { series: grant(2), root: permit() };
    let counted = |first| authorize(&rules(&[lifting(first), unlimited.clone()]), &q).unwrap().counted().to_vec();
    assert_eq!(counted(deny()), [grant(1)]);
    assert!(counted(permit()).is_empty());
}
