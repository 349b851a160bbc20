//! A conversation of a backup may have been shown more since: it is no way around a label.

use super::tests::{allow, clock, fill, gesture, model, unlock};
use super::tests_anchor::{TestAnchor, with};
use super::tests_backup::{Place, options};
use super::*;
use crate::catalog::Query;
use crate::error::{Error, Result};
use crate::id::ConversationId;
use crate::keyring::{KdfParams, SpaceRow};
use crate::label::Purpose;
use crate::record::Category;
use crate::storage::memory::Memory as Disk;
use crate::vault::scope::Damage;
use std::sync::Arc;

/// A conversation that spoke of nothing, and another one that goes on without having read anything.
fn talks(space: &HealthSpace) -> [ConversationId; 2] {
    allow(space, &[Category::Laboratory, Category::Memories]);
    let ask = space.consent_request().partition("general").purpose(Purpose::PatientRequest).recipient(model());
    ask.categories(&[Category::Memories]).agree(gesture()).unwrap();
    [(); 2].map(|()| {
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        s.remember_in("general", "likes tea").unwrap();
        // With that it is one that can be gone on with.
        s.memories("general").unwrap();
        s.conversation()
    })
}

fn resume(space: &HealthSpace, id: ConversationId) -> Session {
    space.resume(id, model(), Purpose::PatientRequest).unwrap()
}

fn remembers(space: &HealthSpace, id: ConversationId) -> Result<()> {
    resume(space, id).remember_in("general", "LDL was 132.5").map(|_| ())
}

#[test]
fn what_was_shown_after_a_backup_is_not_forgotten_with_it() {
    for later in [false, true] {
        let t = Place::new(clock().0);
        let [reads, idle] = talks(&t.space);
        t.backup("b");
        resume(&t.space, reads).query(&Query::default()).unwrap();
        let label = resume(&t.space, reads).label();
        let asked = if later { options().later(&t.space) } else { options() };
        let (back, _) = t.restore_with("b", "c", clock().0, &asked).unwrap();
        back.confirm_all_permissions(gesture()).unwrap();
        assert!(matches!(remembers(&back, reads), Err(Error::FlowDenied)));
        if later {
            // The later state knows what each was shown.
            assert_eq!(resume(&back, reads).label(), label);
            remembers(&back, idle).unwrap();
        } else {
            assert!(matches!(remembers(&back, idle), Err(Error::FlowDenied)));
        }
        // What begins anew is bound by nothing.
        let s = back.session(model(), Purpose::PatientRequest).unwrap();
        s.remember_in("general", "likes coffee").unwrap();
    }
}

#[test]
fn where_an_anchor_knows_that_nothing_was_added_conversations_go_on_as_they_were() {
    let anchor = TestAnchor::new();
    let t = Place::new(with(&anchor));
    let [a, b] = talks(&t.space);
    t.backup("b");
    let (back, restored) = t.restore_with("b", "c", with(&anchor), &options()).unwrap();
    assert_eq!(restored.erasures, ErasuresAfter::None);
    for id in [a, b] {
        remembers(&back, id).unwrap();
    }
}

#[test]
fn nor_with_a_file_that_is_older_than_its_anchor_knows() {
    let (anchor, disk) = (TestAnchor::new(), Disk::new());
    let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
    let (space, _) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), with(&anchor)).unwrap();
    fill(&space);
    let [reads, idle] = talks(&space);
    let older = disk.image();
    resume(&space, reads).query(&Query::default()).unwrap();
    disk.restore(&older);
    let storage = || Arc::new(disk.clone());
    assert!(matches!(HealthSpace::open_in(storage(), &unlock(), with(&anchor), None), Err(Error::RolledBack)));
    let (back, _) = HealthSpace::recover_in(storage(), &unlock(), with(&anchor), &gesture(), Damage::Refused).unwrap();
    back.confirm_all_permissions(gesture()).unwrap();
    for id in [reads, idle] {
        assert!(matches!(remembers(&back, id), Err(Error::FlowDenied)));
    }
}

/// What may flow into a partition is no more than the later state lets in, and what its kind does; an entry says so.
#[test]
fn a_restore_widens_no_clearance() {
    use crate::audit::AuditEvent;
    use crate::label::{Confidentiality, Integrity, Label, Obligations};
    for later in [false, true] {
        let t = Place::new(clock().0);
        let kind = t.space.clearance("general").unwrap();
        // Less by one of its parts, and more by another: the person said yes to that.
        let mixed = Label { integrity: Integrity::User, confidentiality: Confidentiality::VeryRestricted, ..kind };
        t.space.set_clearance("general", mixed, Some(gesture())).unwrap();
        t.backup("b");
        let narrow = Label { obligations: Obligations::NONE, ..kind };
        t.space.set_clearance("general", narrow, Some(gesture())).unwrap();
        let asked = if later { options().later(&t.space) } else { options() };
        let (back, _) = t.restore_with("b", "c", clock().0, &asked).unwrap();
        let of_backup = Label { integrity: Integrity::User, ..kind };
        let expected = if later { of_backup.meet(narrow) } else { of_backup };
        assert_eq!(back.clearance("general").unwrap(), expected);
        assert!(expected.flows_to(mixed) && expected.flows_to(kind) && (!later || expected.flows_to(narrow)));
        let told: Vec<_> = super::tests::events(&back, LogOf::Space)
            .into_iter()
            .filter_map(|e| match e {
                AuditEvent::ClearanceChanged { before, after, gesture: None, .. } => Some((before, after)),
                _ => None,
            })
            .collect();
        assert_eq!(told, [(mixed, expected)]);
    }
    // Where nothing has changed nothing is said.
    let t = Place::new(clock().0);
    t.backup("b");
    let (back, _) = t.restore_with("b", "c", clock().0, &options().later(&t.space)).unwrap();
    let changed = |e: &AuditEvent| matches!(e, AuditEvent::ClearanceChanged { .. });
    assert!(!super::tests::events(&back, LogOf::Space).iter().any(changed));
}
