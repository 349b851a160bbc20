//! Through the wire and back, decisions stay what they were; after a withdrawal, what they would
//! have been.

use super::random::{PURPOSES, Random, actors, cases, dates, grant, item, request, scope};
use crate::consent::{
    Action, ConsentDoc, ConsentMeta, ConsentState, ConsentStatus, GrantSpec, GrantTerms, Kept, from_fhir, notice,
    read_consent, to_fhir, withdraw,
};
use crate::id::{Identity, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::lang::Lang;
use crate::policy::{ItemFacts, decide};
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
                assert_eq!(notice(&read.spec, Lang::Fr), notice(&doc.spec, Lang::Fr), "seed {seed}");
            }
            let [before, after, imported] = &mut states;
            keep(before, doc, used);
            keep(after, &read, used);
            let consent = Box::new(read_consent(&bytes, 0));
            assert_eq!((consent.series(), consent.void_permits()), (doc.meta.series, 0), "seed {seed}");
            imported.add(doc.meta.series, doc.meta.version, Kept::Imported { consent, used, notice_logged: true });
        }
        let now = time(r);
        let [before, after, imported] = states.map(|s| s.rules_at(now));
        for _ in 0..16 {
            let (mut q, mut item) = (request(r, &who), item(r));
            q.now = now;
            item = ItemFacts { at: r.pick(&dates).map(|t| t.saturating_mul(MINUTE)), ..item };
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

#[test]
fn withdraw_after_grant_equals_never_granted() {
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
