//! A release's entry names the categories of what was released, and none of what was withheld.

use super::tests::{allow, clock, events, fill, model, of_code, unlock};
use super::*;
use crate::audit::AuditEvent;
use crate::catalog::Query;
use crate::grounding::Budget;
use crate::label::Purpose;
use crate::record::Category;
use std::collections::BTreeSet;

const HEALTH: LogOf<'_> = LogOf::Partition("health");

fn said(space: &HealthSpace) -> BTreeSet<Category> {
    match events(space, HEALTH).pop() {
        Some(AuditEvent::Released { categories, .. }) => categories,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_form_of_release_names_its_categories_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    fill(&space);
    let [lab, vitals, notes] = [Category::Laboratory, Category::VitalSigns, Category::Memories].map(|c| [c].into());
    let only = allow(&space, &[Category::Laboratory]);
    let session = || space.session(model(), Purpose::PatientRequest).unwrap();
    let id = session().query(&of_code("13457-7")).unwrap().into_value()[0].record;
    let all = Query::default();

    // There are vital signs too, which this grant withholds.
    session().query(&all).unwrap();
    assert_eq!(said(&space), lab);
    assert_eq!(*session().count(&all).unwrap().value(), 2);
    assert_eq!(said(&space), lab);
    session().presence().unwrap();
    assert_eq!(said(&space), lab);
    session().reader(&all, 10).unwrap();
    assert_eq!(said(&space), lab);
    session().ground("What is my LDL and my heart rate?", Budget::tokens(900)).unwrap();
    assert_eq!(said(&space), lab);
    let s = session();
    s.reveal(&s.hold(id).unwrap()).unwrap();
    assert_eq!(said(&space), lab);
    // Nothing was found, nothing is named.
    for none in ["8867-4", "1-1"] {
        session().query(&of_code(none)).unwrap();
        assert!(said(&space).is_empty());
        session().count(&of_code(none)).unwrap();
        assert!(said(&space).is_empty());
    }
    space.withdraw(only.id()).unwrap();

    // All is granted: of what was not asked for, or did not fit, nothing is named either.
    allow(&space, Category::ALL);
    let both: BTreeSet<Category> = [Category::Laboratory, Category::VitalSigns].into();
    session().query(&all).unwrap();
    assert_eq!(said(&space), both);
    session().query(&of_code("8867-4")).unwrap();
    assert_eq!(said(&space), vitals);
    session().query(&Query { limit: 1, ..Query::default() }).unwrap();
    assert_eq!(said(&space), lab, "the newest alone");
    session().reader(&of_code("8867-4"), 10).unwrap();
    assert_eq!(said(&space), vitals);
    session().count(&of_code("8867-4")).unwrap();
    assert_eq!(said(&space), vitals);
    session().presence().unwrap();
    assert_eq!(said(&space), both);
    let cut = session().ground("What is my LDL?", Budget::tokens(1)).unwrap();
    assert!(cut.value().items.is_empty() && said(&space).is_empty());

    session().remember("It was 112.5", &vec![id]).unwrap();
    session().memories("health").unwrap();
    assert_eq!(said(&space), notes);
    space.partition("health").unwrap().memories_in_words(crate::Lang::En).unwrap();
    assert_eq!(said(&space), notes);
    space.partition("health").unwrap().memories().unwrap();
    assert_eq!(said(&space), notes);
    assert!(space.disclosure_log().unwrap().iter().any(|l| l.describe("en").contains("vital signs")));
}
