//! The policy of a partition: pinned, signed, and relaxed only by the person through a full handle.

use super::tests::{allow, clock, events, fill, gesture, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::environment::{Environment, FixedClock};
use crate::error::{Error, Malformed};
use crate::label::{Confidentiality, Integrity, Label, Obligations, Purpose};
use crate::policy::{clearance_of_general, clearance_of_health};
use crate::record::Category;
use std::sync::Arc;

struct Setting {
    dir: tempfile::TempDir,
    space: HealthSpace,
    clock: Arc<FixedClock>,
}

fn setting() -> Setting {
    let dir = tempfile::tempdir().unwrap();
    let (env, clock) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    Setting { dir, space, clock }
}

impl Setting {
    fn part(&self, names: &[&str]) -> HealthSpace {
        let env = Environment { clock: Arc::<FixedClock>::clone(&self.clock), ..Environment::default() };
        HealthSpace::open_partitions(self.dir.path().join("me.hs"), &unlock(), env, names).unwrap()
    }
}

/// What reading health data and then writing to the general memory comes to.
fn leak(space: &HealthSpace) -> Result<(), Error> {
    let s = space.session(model(), Purpose::PatientRequest)?;
    s.query(&of_code("13457-7"))?;
    s.remember_in("general", "LDL is 112.5").map(|_| ())
}

#[test]
fn health_flows_into_general_only_after_the_person_said_so_and_it_is_logged() {
    let t = setting();
    let limited = t.part(&["health", "general"]);
    assert_eq!(t.space.clearance("general").unwrap(), clearance_of_general(2));
    assert!(matches!(leak(&t.space), Err(Error::FlowDenied)));
    let wide = clearance_of_health();
    let before = events(&t.space, LogOf::Space).len();
    // Without a gesture; by a handle that holds no system key, gesture or not.
    let refused = t.space.set_clearance("general", wide, None);
    assert!(matches!(refused, Err(Error::Malformed(Malformed::Gesture))));
    assert!(matches!(limited.set_clearance("general", wide, Some(gesture())), Err(Error::NeedsFullSlot)));
    assert!(matches!(limited.set_clearance("general", Label::BOTTOM, None), Err(Error::NeedsFullSlot)));
    assert_eq!(events(&t.space, LogOf::Space).len(), before);
    assert!(matches!(leak(&limited), Err(Error::FlowDenied)));
    t.space.set_clearance("general", wide, Some(gesture())).unwrap();
    let Some(AuditEvent::ClearanceChanged { before: b, after: a, gesture: Some(_), .. }) =
        events(&t.space, LogOf::Space).pop()
    else {
        panic!()
    };
    assert!(b == clearance_of_general(2) && a == wide && events(&t.space, LogOf::Space).len() == before + 1);
    // In force everywhere at once; what flows keeps its label.
    leak(&t.space).unwrap();
    leak(&limited).unwrap();
    assert_eq!(limited.clearance("general").unwrap(), wide);
    let kept = t.space.partition("general").unwrap().memories().unwrap().into_value();
    assert!(kept.len() == 2 && kept.iter().all(|m| m.label.no_training()));
    // Taking it back needs no gesture, and is logged as well.
    t.space.set_clearance("general", clearance_of_general(2), None).unwrap();
    assert!(matches!(leak(&limited), Err(Error::FlowDenied)));
    let last = events(&t.space, LogOf::Space).pop();
    assert!(matches!(last, Some(AuditEvent::ClearanceChanged { gesture: None, .. })));
    // What came in is there, and the claims say so.
    let said = t.space.claims().unwrap().into_iter().find(|c| c.name == "separation").unwrap();
    assert!(said.claim.contains("or has let it: general"), "{}", said.claim);
    // It outlives the handle.
    let again = t.part(&["general"]);
    assert_eq!(again.clearance("general").unwrap(), clearance_of_general(2));
}

#[test]
fn every_component_that_lets_more_in_needs_the_gesture() {
    let t = setting();
    let now = t.space.clearance("general").unwrap();
    t.space.set_clearance("general", Label { integrity: Integrity::User, ..now }, None).unwrap();
    let strict = t.space.clearance("general").unwrap();
    // An assistant's word is not let in any more.
    let s = t.space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.remember_in("general", "x"), Err(Error::FlowDenied)));
    s.keep(&s.heard("x", gesture()).unwrap(), "general").unwrap();
    for more in [
        now,
        Label { confidentiality: Confidentiality::Restricted, ..strict },
        Label { origins: crate::label::Origins::from_bits(6), ..strict },
        Label { sensitivities: crate::label::Sensitivities::ALL, ..strict },
    ] {
        assert!(matches!(t.space.set_clearance("general", more, None), Err(Error::Malformed(_))));
    }
    let less = Label { obligations: Obligations::NONE, ..strict };
    t.space.set_clearance("general", less, None).unwrap();
    assert!(matches!(t.space.set_clearance("general", strict, None), Err(Error::Malformed(_))));
    t.space.set_clearance("general", strict, Some(gesture())).unwrap();
}
