//! Properties that hold of every set of consents. `HEALTHSPACE_CASES` runs more of them.

use super::oracle::{self, Node, Tree, rule_list, rules};
use super::random::{Random, actors, cases, class, dates, grant, item, maybe, node, request, trees};
use crate::consent::{Among, Effect, Rule, Rules};
use crate::label::Purpose;
use crate::policy::compile::{compile, compile_within};
use crate::policy::request::Says;
use crate::policy::{Decision, ItemFacts, authorize, decide};
use crate::record::ClassFilter;

#[test]
fn decide_agrees_with_the_plain_implementation() {
    let who = actors();
    let (mut permits, mut denies) = (0u64, 0u64);
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let trees = trees(r);
        let rules = rules(&trees);
        for _ in 0..4 {
            let (q, item) = (request(r, &who), item(r));
            let decision = decide(&rules, &q, &item);
            assert_eq!(decision, oracle::decide(&trees, &q, &item), "seed {seed}");
            permits += u64::from(decision.is_permit());
            denies += u64::from(matches!(decision, Decision::Deny { .. }));
        }
    }
    println!("decide = oracle: {} decisions, {permits} permits, {denies} denies", 4 * cases());
    assert!(permits > cases() / 10 && denies > cases() / 10, "the cases say something");
}

#[test]
fn r_filter_says_what_decide_says() {
    let who = actors();
    let dates = dates();
    let (mut all, mut within, mut rows, mut chosen_rows, mut left_out) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let trees = trees(r);
        let (rules, q) = (rules(&trees), request(r, &who));
        let compiled = compile(&rules, &q);
        let chosen = [class(r).category, class(r).category];
        let cut = compile_within(&rules, &q, Among::categories(&chosen));
        assert!(cut.basis.iter().all(|g| compiled.basis.contains(g)), "seed {seed}");
        let mut passed = false;
        for n in 0..3 {
            let mut class = class(r);
            if n == 2 {
                class.category = chosen[0];
            }
            let verdict = compiled.filter.judge(&class);
            all += u64::from(verdict == crate::record::Verdict::All);
            within += u64::from(matches!(verdict, crate::record::Verdict::Within(_)));
            for at in &dates {
                let until = maybe(r, 2, |r| r.pick(&dates)).flatten();
                let item = ItemFacts { until, ..ItemFacts::of_row(class, *at) };
                let decision = decide(&rules, &q, &item);
                assert_eq!(verdict.passes(item.dated()), decision.is_permit(), "seed {seed}");
                // Cut to some categories: of those the same, of others no more.
                let passes = cut.filter.judge(&class).passes(item.dated());
                if chosen.contains(&class.category) {
                    assert_eq!(passes, decision.is_permit(), "seed {seed}");
                    chosen_rows += u64::from(passes);
                } else {
                    assert!(!passes || decision.is_permit(), "seed {seed}");
                    left_out += u64::from(decision.is_permit() && !passes);
                }
                rows += 1;
                passed |= decision.is_permit();
                if let Decision::Permit { obligations, .. } = decision {
                    assert!(obligations.is_subset(compiled.obligations.union(class.obligations())), "seed {seed}");
                    let permitting = oracle::permitting(&trees, &q, &item);
                    assert!(permitting.iter().any(|g| compiled.basis.contains(g)), "seed {seed}");
                }
            }
        }
        assert!(!(passed && compiled.filter.is_empty()), "seed {seed}");
        assert!(compiled.counted.iter().all(|g| compiled.basis.contains(g)), "seed {seed}");
        assert_eq!(authorize(&rules, &q).is_ok(), !compiled.filter.is_empty(), "seed {seed}");
    }
    println!("filter = decide: {rows} rows, {all} verdicts All, {within} Within");
    println!("cut to categories: {chosen_rows} rows of them, {left_out} of others left out");
    assert!(all > 100 && within > 100 && chosen_rows > 100 && left_out > 100);
}

#[test]
fn r_invariant_adding_a_leaf_deny_never_opens() {
    let (who, mut moved) = (actors(), Moved::default());
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let before = trees(r);
        let mut after = before.clone();
        let deny = Node { effect: Effect::Deny, children: vec![], uses_left: None, lifts_floor: false, ..node(r, 9) };
        let root = &mut after[r.below(before.len())].root;
        let at = r.below(root.count());
        root.nth(at).children.push(deny);
        moved.never_opens(seed, r, &before, &after, &who);
    }
    moved.tell("a leaf that denies");
}

#[test]
fn r_invariant_adding_a_series_that_only_denies_never_opens() {
    let (who, mut moved) = (actors(), Moved::default());
    fn only_denies(n: &mut Node) {
        (n.effect, n.uses_left, n.lifts_floor) = (Effect::Deny, None, false);
        n.children.iter_mut().for_each(only_denies);
    }
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let before = trees(r);
        let mut after = before.clone();
        let mut root = node(r, 0);
        only_denies(&mut root);
        after.push(Tree { series: grant(200), root });
        moved.never_opens(seed, r, &before, &after, &who);
    }
    moved.tell("a series that denies");
}

#[test]
fn r_invariant_removing_a_permit_never_opens() {
    let who = actors();
    let (mut seed, mut asked, mut refused, mut fell) = (0, 0, 0u64, 0u64);
    while asked < 4 * cases() {
        seed += 1;
        let r = &mut Random::new(seed);
        let before = trees(r);
        let q = request(r, &who);
        let all = rule_list(&before);
        // But for one whose terms are not met, which speaks against the permits around it.
        let withheld = |rule: &Rule| q.reach(rule) == Some(Says::Withheld);
        let permits = |rule: &Rule| rule.effect == Effect::Permit && !withheld(rule);
        let Some(gone) = all.iter().position(|rule| permits(rule) && !r.one_in(3)) else { continue };
        // The rule alone, and the rule with everything nested in it.
        let place = all[gone].place;
        let alone: Vec<_> = all.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, x)| x.clone()).collect();
        let branch: Vec<_> = alone
            .iter()
            .filter(|x| !(x.series == all[gone].series && x.place.is_inside(place) && permits(x)))
            .cloned()
            .collect();
        let (full, alone, branch) = (Rules::new(all), Rules::new(alone), Rules::new(branch));
        for _ in 0..4 {
            let item = item(r);
            asked += 1;
            let without = [&alone, &branch].map(|rules| decide(rules, &q, &item).is_permit());
            if decide(&full, &q, &item).is_permit() {
                fell += u64::from(without != [true, true]);
            } else {
                assert_eq!(without, [false, false], "seed {seed}");
                refused += 1;
            }
        }
    }
    println!("a permit less: {asked} decisions, {refused} refused before and after, {fell} fell");
    assert!(refused > cases() && fell > cases() / 50, "the cases say something");
}

#[test]
fn r_invariant_the_order_of_rules_does_not_matter() {
    let (who, mut permits) = (actors(), 0u64);
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let trees = trees(r);
        let mut list = rule_list(&trees);
        let ordered = Rules::new(list.clone());
        r.shuffle(&mut list);
        let shuffled = Rules::new(list);
        for _ in 0..4 {
            let (q, item) = (request(r, &who), item(r));
            let decision = decide(&ordered, &q, &item);
            assert_eq!(decide(&shuffled, &q, &item), decision, "seed {seed}");
            permits += u64::from(decision.is_permit());
        }
    }
    println!("order: {} decisions, {permits} permits", 4 * cases());
    assert!(permits > cases() / 10, "the cases say something");
}

/// But for the explicit-only purposes and labels, which are not monotone by design. Denies may well
/// name the narrower purpose, so there are none here.
#[test]
fn a_narrower_request_of_a_permitted_one_stays_permitted() {
    let who = actors();
    let mut tried = 0;
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let mut trees = trees(r);
        fn only_permits(n: &mut Node) {
            n.effect = Effect::Permit;
            n.children.iter_mut().for_each(only_permits);
        }
        trees.iter_mut().for_each(|t| only_permits(&mut t.root));
        let rules = rules(&trees);
        for _ in 0..4 {
            let (q, item) = (request(r, &who), item(r));
            if q.outside.is_some() || !decide(&rules, &q, &item).is_permit() {
                continue;
            }
            for p in Purpose::ALL.iter().filter(|p| q.purpose.covers(**p) && !p.explicit_only()) {
                let narrower = crate::policy::Request { purpose: *p, ..q };
                // Nor is a permit whose terms are not met, and which names the narrower purpose.
                if rules.as_slice().iter().any(|rule| narrower.reach(rule) == Some(Says::Withheld)) {
                    continue;
                }
                assert!(decide(&rules, &narrower, &item).is_permit(), "seed {seed}");
                tried += 1;
            }
        }
    }
    println!("narrower: {tried} requests of permitted ones");
    assert!(tried > 1000);
}

/// Acceptance test 3 of the specification.
#[test]
fn r_floor_no_consent_without_an_explicit_training_permit_ever_permits_training() {
    let who = actors();
    fn unname(n: &mut Node) {
        n.lifts_floor = true; // even if the floor were lifted by everything
        if let Some(list) = &mut n.purposes {
            list.retain(|p| *p != Purpose::MlTraining || n.effect == Effect::Deny);
        }
        n.children.iter_mut().for_each(unname);
    }
    for seed in 0..cases() {
        let r = &mut Random::new(seed);
        let mut trees = trees(r);
        trees.iter_mut().for_each(|t| unname(&mut t.root));
        let rules = rules(&trees);
        for _ in 0..4 {
            let q = crate::policy::Request { purpose: Purpose::MlTraining, outside: None, ..request(r, &who) };
            assert!(!decide(&rules, &q, &item(r)).is_permit(), "seed {seed}");
            assert!(compile(&rules, &q).filter.is_empty(), "seed {seed}");
        }
    }
}

/// What came of requests before and after.
#[derive(Default)]
struct Moved {
    /// Refused before, and so after.
    stayed: u64,
    /// Permitted before, and not after.
    fell: u64,
}

impl Moved {
    fn never_opens(
        &mut self,
        seed: u64,
        r: &mut Random,
        before: &[Tree],
        after: &[Tree],
        who: &[crate::consent::Recipient; 4],
    ) {
        let (before, after) = (rules(before), rules(after));
        for _ in 0..4 {
            let (q, item) = (request(r, who), item(r));
            match (decide(&before, &q, &item).is_permit(), decide(&after, &q, &item).is_permit()) {
                (false, after) => {
                    assert!(!after, "seed {seed}");
                    self.stayed += 1;
                }
                (true, false) => self.fell += 1,
                (true, true) => {}
            }
        }
    }

    fn tell(&self, name: &str) {
        println!("{name}: {} decisions, {} refused before and after, {} fell", 4 * cases(), self.stayed, self.fell);
        assert!(self.stayed > cases() && self.fell > cases() / 50, "the cases say something");
    }
}
