//! Through the wire and back, decisions stay what they were; after a withdrawal, what they would
//! have been.

use super::random::{PURPOSES, Random, actors, cases, dates, grant, item, request, scope};
use crate::consent::{
    Action, ConsentDoc, ConsentMeta, ConsentState, ConsentStatus, Delegation, GrantSpec, GrantTerms, Kept, Recipient,
    RecipientKind, from_fhir, notice, read_consent, to_fhir, to_fhir_r5, withdraw,
};
use crate::id::{Identity, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::lang::Lang;
use crate::policy::{Decision, ItemFacts, decide};
use crate::record::Category;

const MINUTE: i64 = 60_000;

fn time(r: &mut Random) -> Timestamp {
    Timestamp::from_millis(r.below(10) as i64 * MINUTE + r.below(3) as i64)
}

fn doc(r: &mut Random, series: u8) -> ConsentDoc {
    loop {
        let purpose = r.pick(PURPOSES);
        let categories = [r.pick(Category::ALL), Category::Laboratory, r.pick(Category::ALL)];
        let mut t = GrantTerms::new(purpose, scope(r.below(2) as u8), &categories, actors()[r.below(3)].clone());
        if r.one_in(2) {
            t.expires = Some(time(r));
        }
        if r.one_in(3) {
            t.starts = Some(time(r));
        }
        if r.one_in(3) {
            t.data_period = Some((time(r), time(r)));
        }
        if r.one_in(3) {
            t.confidentiality = Confidentiality::from_u8(r.below(6) as u8);
        }
        if r.one_in(3) {
            t.sensitivities = Sensitivities::only(r.pick(&Sensitivity::ALL[1..]));
        }
        if r.one_in(3) {
            t.uses = Some(1 + r.below(3) as u32);
        }
        if r.one_in(3) {
            t.obligations = t.obligations.union(Obligations::DEIDENTIFY);
        }
        let Ok(spec) = GrantSpec::new(t) else { continue };
        let meta = ConsentMeta {
            series: grant(series),
            version: 1 + r.below(3) as u64,
            status: if r.one_in(6) { ConsentStatus::Inactive } else { ConsentStatus::Active },
            subject: Identity::from_bytes([9; 16]),
            given: time(r),
            updated: time(r),
            notice: [r.below(256) as u8; 32],
            lang: if r.one_in(2) { Lang::En } else { Lang::Fr },
        };
        return ConsentDoc { spec, meta };
    }
}

fn keep(state: &mut ConsentState, doc: &ConsentDoc, used: u32) {
    state.add(doc.meta.series, doc.meta.version, Kept::Read { doc: Box::new(doc.clone()), used, notice_logged: true });
}

/// As grants of ours, and as Consents that somebody else may have written.
#[test]
fn written_and_read_back_a_grant_decides_the_same() {
    let who = actors();
    let dates = dates();
    let (mut permits, mut asked) = (0u64, 0u64);
    for seed in 0..cases() / 4 {
        let r = &mut Random::new(seed);
        let docs: Vec<ConsentDoc> = (0..1 + r.below(3)).map(|n| doc(r, n as u8)).collect();
        let mut states = [ConsentState::default(), ConsentState::default(), ConsentState::default()];
        for doc in &docs {
            let used = r.below(3) as u32;
            let bytes = to_fhir(&doc.spec, &doc.meta).unwrap();
            let read = from_fhir(&bytes).unwrap();
            assert_eq!(&read, doc, "seed {seed}");
            if seed % 16 == 0 {
                assert_eq!(
                    notice(&read.spec, "health", Lang::Fr),
                    notice(&doc.spec, "health", Lang::Fr),
                    "seed {seed}"
                );
            }
            let [before, after, imported] = &mut states;
            keep(before, doc, used);
            keep(after, &read, used);
            let consent = Box::new(read_consent(&bytes, 0));
            assert_eq!((consent.series(), consent.void_permits()), (doc.meta.series, 0), "seed {seed}");
            imported.add(doc.meta.series, doc.meta.version, Kept::Imported { consent, used, notice_logged: true });
        }
        // As a foreign Consent it permits nothing before it was given.
        let now = docs.iter().map(|doc| doc.meta.given).fold(time(r), Timestamp::max);
        let [before, after, imported] = states.map(|s| s.rules_at(now));
        for _ in 0..16 {
            let (mut q, mut item) = (request(r, &who), item(r));
            q.now = now;
            let mut date = || r.pick(&dates).map(|t| t.saturating_mul(MINUTE));
            item = ItemFacts { at: date(), until: date(), ..item };
            if r.one_in(2) {
                // Half of the requests ask for what a grant names, so that permits are not rare.
                let t = docs[0].spec.terms();
                (q.purpose, q.outside, q.scope, q.actors) = (t.purpose, None, t.scope, &who);
                (q.action, q.fresh, q.clock_behind) = (Action::Ground, true, false);
                q.understands = Obligations::from_bits(u32::MAX);
                item.class.category = Category::Laboratory;
            }
            let decision = decide(&before, &q, &item);
            assert_eq!(decision, decide(&after, &q, &item), "seed {seed}");
            assert_eq!(decision, decide(&imported, &q, &item), "seed {seed}");
            permits += u64::from(decision.is_permit());
            asked += 1;
        }
    }
    println!("round trip: {asked} decisions, {permits} permits");
    assert!(permits > asked / 50);
}

/// R5 has one decision for all that no provision speaks of: a grant by itself permits the same, to the obligation, and
/// what is no permit is a refusal.
#[test]
fn as_a_consent_of_r5_a_grant_permits_the_same_and_refuses_the_rest() {
    let who = actors();
    let dates = dates();
    let (mut permits, mut closed, mut asked) = (0u64, 0u64, 0u64);
    for seed in 0..cases() / 4 {
        let r = &mut Random::new(seed);
        let given = doc(r, 0);
        let (bytes, used) = (to_fhir_r5(&given.spec, &given.meta).unwrap(), r.below(3) as u32);
        assert!(from_fhir(&bytes).is_err(), "seed {seed}: it is not the text that is stored");
        let consent = Box::new(read_consent(&bytes, 0));
        assert_eq!((consent.series(), consent.void_permits()), (given.meta.series, 0), "seed {seed}");
        let (series, version) = (given.meta.series, given.meta.version);
        let (mut own, mut read) = (ConsentState::default(), ConsentState::default());
        keep(&mut own, &given, used);
        read.add(series, version, Kept::Imported { consent, used, notice_logged: true });
        let now = time(r).max(given.meta.given);
        let (own, read) = (own.rules_at(now), read.rules_at(now));
        // Withdrawn, or over, neither says anything.
        let stands = given.meta.status == ConsentStatus::Active && {
            let t = given.spec.terms();
            t.starts.is_none_or(|s| s <= now) && t.expires.is_none_or(|e| now < e)
        };
        for _ in 0..16 {
            let (mut q, mut item) = (request(r, &who), item(r));
            q.now = now;
            let mut date = || r.pick(&dates).map(|t| t.saturating_mul(MINUTE));
            item = ItemFacts { at: date(), until: date(), ..item };
            if r.one_in(2) {
                let t = given.spec.terms();
                (q.purpose, q.outside, q.scope, q.actors) = (t.purpose, None, t.scope, &who);
                (q.action, q.fresh, q.clock_behind) = (Action::Ground, true, false);
                q.understands = Obligations::from_bits(u32::MAX);
                item.class.category = Category::Laboratory;
            }
            let (a, b) = (decide(&own, &q, &item), decide(&read, &q, &item));
            // By a clock that is behind, what is over may not be, so that it still refuses.
            if a.is_permit() || !stands && !q.clock_behind {
                assert_eq!(a, b, "seed {seed}");
            } else {
                // Neither says anything of an item that obliges to more than the asker can comply with.
                let refused = matches!(b, Decision::Deny { .. });
                assert!(refused || !b.is_permit() && a == Decision::NotApplicable, "seed {seed}: {a:?} {b:?}");
                closed += u64::from(refused && a == Decision::NotApplicable);
            }
            permits += u64::from(a.is_permit());
            asked += 1;
        }
    }
    println!("R5: {asked} decisions, {permits} permits, {closed} refused of which the grant says nothing");
    assert!(permits > asked / 50 && closed > asked / 4);
}

#[test]
fn r_invariant_withdraw_after_grant_equals_never_granted() {
    let who = actors();
    for seed in 0..cases() / 2 {
        let r = &mut Random::new(seed);
        let others: Vec<ConsentDoc> = (0..r.below(3)).map(|n| doc(r, n as u8)).collect();
        let given = doc(r, 100);
        let gone = from_fhir(&withdraw(&given, time(r)).unwrap()).unwrap();
        let (mut never, mut withdrawn) = (ConsentState::default(), ConsentState::default());
        for other in &others {
            keep(&mut never, other, 0);
            keep(&mut withdrawn, other, 0);
        }
        // Whichever order they are met in.
        let mut both = [&given, &gone];
        r.shuffle(&mut both);
        both.into_iter().for_each(|d| keep(&mut withdrawn, d, 0));
        let now = time(r);
        let (a, b) = (never.rules_at(now), withdrawn.rules_at(now));
        for _ in 0..8 {
            let (mut q, item) = (request(r, &who), item(r));
            q.now = now;
            assert_eq!(decide(&a, &q, &item), decide(&b, &q, &item), "seed {seed}");
        }
        assert_eq!(a, b, "seed {seed}");
        assert!(gone.meta.status == ConsentStatus::Inactive && given.spec.terms().purpose.code() != "");
    }
}

#[test]
fn an_ordinary_grant_forbids_training_to_its_recipient() {
    for seed in 0..200 {
        let r = &mut Random::new(seed);
        let given = doc(r, 1);
        let forbids = given.spec.terms().obligations.contains(Obligations::NO_TRAINING);
        assert_eq!(forbids, given.spec.terms().purpose != Purpose::MlTraining);
    }
}

/// A child is what its terms say for as long as its parent stands and reaches: the same as a grant of
/// its own whose time is cut to the parent's, or as none.
#[test]
fn d9_a_child_decides_as_a_plain_grant_within_its_parent_or_not_at_all() {
    let carers = ["a", "b"].map(|n| Recipient::new(RecipientKind::Person, n).unwrap());
    let purposes = [Purpose::FamilyRequest, Purpose::SupportNetwork];
    let (mut permits, mut void) = (0u32, 0u32);
    for seed in 0..cases() / 4 {
        let r = &mut Random::new(seed);
        let random = |r: &mut Random, of: usize, delegation| loop {
            let t = doc(r, 0).spec.terms().clone();
            let some = [t.expires, Some(time(r))].into_iter().flatten().next();
            let wide = if r.one_in(2) { Category::ALL.to_vec() } else { t.categories.clone() };
            let terms = GrantTerms { purpose: r.pick(&purposes), recipient: carers[of].clone(), ..t };
            let obligations = terms.obligations.union(Obligations::NO_TRAINING);
            let terms = GrantTerms { categories: wide, expires: some, uses: None, obligations, ..terms };
            let labels =
                if r.one_in(2) { (None, Sensitivities::NONE) } else { (terms.confidentiality, terms.sensitivities) };
            let terms = GrantTerms { confidentiality: labels.0, sensitivities: labels.1, ..terms };
            let terms = GrantTerms { delegation: Some(delegation), ..terms };
            if let Ok(spec) = GrantSpec::new(terms) {
                return spec;
            }
        };
        let passing = Delegation { may_pass_on: !r.one_in(4), parent: None };
        let passed = Delegation { may_pass_on: false, parent: Some(grant(0)) };
        let (above, other) = (random(r, 0, passing), random(r, 1, passed));
        // Half of them ask for the same but for the time, or few would stand.
        let o = other.terms();
        let (recipient, delegation) = (carers[1].clone(), Some(passed));
        let same = GrantTerms { recipient, delegation, starts: o.starts, expires: o.expires, ..above.terms().clone() };
        let below = if r.one_in(2) { GrantSpec::new(same).unwrap() } else { other };
        let make = |series: u8, spec: &GrantSpec, status| ConsentDoc {
            spec: spec.clone(),
            meta: ConsentMeta { series: grant(series), version: 1, status, ..doc(&mut Random::new(0), series).meta },
        };
        let status = if r.one_in(4) { ConsentStatus::Inactive } else { ConsentStatus::Active };
        let (parent, child) = (make(0, &above, status), make(1, &below, ConsentStatus::Active));
        let read = from_fhir(&to_fhir(&child.spec, &child.meta).unwrap()).unwrap();
        assert_eq!(read, child, "seed {seed}");
        // Elsewhere nobody can tell whether the parent stands: its permit is void there.
        assert_eq!(read_consent(&to_fhir(&child.spec, &child.meta).unwrap(), 0).void_permits(), 1);
        let mut both = ConsentState::default();
        keep(&mut both, &child, 0);
        keep(&mut both, &parent, 0);
        let (p, c) = (above.terms(), below.terms());
        let inside = |a: Option<(Timestamp, Timestamp)>, b: Option<(Timestamp, Timestamp)>| match (a, b) {
            (None, _) => true,
            (Some(a), Some(b)) => a.0 <= b.0 && b.1 <= a.1,
            _ => false,
        };
        let any = p.confidentiality.is_none() && p.sensitivities.is_empty();
        let within = passing.may_pass_on
            && p.scope == c.scope
            && p.purpose == c.purpose
            && c.categories.iter().all(|x| p.categories.contains(x))
            && inside(p.data_period, c.data_period)
            && (any || (p.confidentiality, p.sensitivities) == (c.confidentiality, c.sensitivities))
            && c.obligations.contains(p.obligations);
        let starts = [p.starts, c.starts].into_iter().flatten().max();
        let expires = [p.expires, c.expires].into_iter().flatten().min();
        let plain = GrantSpec::new(GrantTerms { starts, expires, delegation: None, ..c.clone() }).ok();
        let mut alone = ConsentState::default();
        keep(&mut alone, &parent, 0);
        let stands = within && status == ConsentStatus::Active;
        void += u32::from(!stands);
        if let Some(plain) = plain.filter(|_| stands) {
            keep(&mut alone, &make(1, &plain, ConsentStatus::Active), 0);
        }
        let now = time(r);
        let (a, b) = (both.rules_at(now), alone.rules_at(now));
        for _ in 0..16 {
            let all = actors();
            let (mut q, item) = (request(r, &all), item(r));
            (q.now, q.outside, q.purpose, q.scope) = (now, None, c.purpose, c.scope);
            (q.actors, q.action) = (&carers[1..], Action::Ground);
            q.understands = Obligations::from_bits(u32::MAX);
            let decision = decide(&a, &q, &item).is_permit();
            assert_eq!(decision, decide(&b, &q, &item).is_permit(), "seed {seed}");
            permits += u32::from(decision);
        }
    }
    println!("children: {permits} permits, {void} that do not stand");
    assert!(permits > 50 && void > 50);
}
