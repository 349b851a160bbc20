//! What the person does beside asking: renew, look through memories, see and prove what happened.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod common;

use common::{QUESTION, allow, bundle, import, kind, model, place, secret, terms, text};
use healthspace_mobile::{
    ConsentTerms, ErrorKind, GrantStanding, HealthSpace, MemoryQuarantine, PermissionKind, Recipient, RecipientKind,
    WithdrawalNoticeState, create_anchored_space, create_space, verify_evidence,
};

fn tap() -> (String, Vec<u8>) {
    ("tap".into(), vec![7; 32])
}

#[test]
fn a_counted_grant_needs_an_anchor_is_used_up_and_renewed() {
    let place = place();
    let anchor = text(&place.dir.join("me.anchor"));
    let space = create_anchored_space(place.file.clone(), secret(), anchor.clone(), None).unwrap().space;
    assert_eq!(kind(HealthSpace::open(place.file.clone(), secret())), ErrorKind::AnchorMissing);
    assert!(HealthSpace::open_anchored(place.file.clone(), secret(), anchor, None).is_ok());
    import(&space, bundle(1));
    let once = ConsentTerms { uses: Some(1), ..terms() };
    let grant = {
        let ask = space.consent_request(once).unwrap();
        ask.notice(None).unwrap();
        ask.confirm("tap".into(), vec![0; 32]).unwrap()
    };
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let ground = || session.ground(QUESTION.into(), 1500, None, 0);
    assert!(ground().is_ok());
    assert_eq!(kind(ground()), ErrorKind::Denied);
    let listed = space.grants().unwrap().remove(0);
    assert_eq!((listed.standing, listed.uses_left), (GrantStanding::UsedUp, Some(0)));

    let renewal = space.renewal(grant.id.clone(), 30, Some(1), "fr".into()).unwrap();
    assert_ne!(renewal.notice(None), renewal.notice(Some("en".into())));
    assert!(!format!("{renewal:?}").contains("eu-llm"));
    let (method, evidence) = tap();
    renewal.confirm(method, evidence).unwrap();
    assert!(ground().is_ok());
    space.withdraw(grant.id.clone()).unwrap();
    let renewal = space.renewal(grant.id, 30, None, "en".into()).unwrap();
    assert_eq!(kind(renewal.notice(None)), ErrorKind::Denied);
}

#[test]
fn memories_are_listed_edited_endorsed_kept_and_deleted() {
    let place = place();
    let space = create_space(place.file, secret()).unwrap().space;
    import(&space, bundle(1));
    let grant = allow(&space);
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let context = session.ground(QUESTION.into(), 1500, None, 0).unwrap();
    let made = session.remember("LDL was 131.5".into(), Some(context)).unwrap();
    let health = || "health".to_owned();
    let list = || space.memories(health()).unwrap();
    let [m] = list().try_into().unwrap();
    assert!(m.id() == made && m.text() == "LDL was 131.5" && !m.is_by_person() && !m.endorsed());
    assert!(m.no_training() && !m.parents().is_empty() && m.at_millis() > 0 && m.quarantine().is_none());
    assert!(!format!("{m:?} {m}").contains("131"));

    let (method, evidence) = tap();
    space.endorse_memory(health(), made.clone(), method.clone(), evidence.clone()).unwrap();
    assert!(list()[0].endorsed());
    let words = "LDL was fine".to_owned();
    let edited = space.edit_memory(health(), made.clone(), words, method.clone(), evidence.clone()).unwrap();
    assert!(list()[0].id() == edited && list()[0].is_by_person());
    let delete = |id: &str| space.delete_memory(health(), id.to_owned(), method.clone(), evidence.clone());
    let keep = |id: &str| space.keep_memory(health(), id.to_owned(), method.clone(), evidence.clone());
    assert_eq!(kind(delete(&made)), ErrorKind::NotFound);
    assert_eq!(kind(delete("not hexadecimal")), ErrorKind::Malformed);
    assert_eq!(kind(keep(&edited)), ErrorKind::NotFound);
    space.withdraw(grant.id).unwrap();
    assert_eq!(list()[0].quarantine(), Some(MemoryQuarantine::ConsentEnded));
    keep(&edited).unwrap();
    assert_eq!(list()[0].quarantine(), None);
    delete(&edited).unwrap();
    assert!(list().is_empty());

    // A conversation goes as a whole, and names what was remembered in it.
    let conversation = session.conversation();
    let delete = || space.delete_conversation(conversation.clone(), method.clone(), evidence.clone());
    let last = session.remember_in(health(), "LDL was high".into()).unwrap();
    let left = delete().unwrap();
    assert_eq!((left.len(), left[0].partition.as_str(), left[0].memory.as_str()), (1, "health", last.as_str()));
    assert_eq!(kind(space.resume(session.conversation(), model(), "PATRQT".into())), ErrorKind::NotFound);
    assert_eq!(kind(delete()), ErrorKind::NotFound);
}

#[test]
fn what_is_permitted_promised_disclosed_and_proven() {
    let place = place();
    let space = create_space(place.file, secret()).unwrap().space;
    import(&space, bundle(1));
    let grant = allow(&space);
    let [p] = space.permissions().unwrap().try_into().unwrap();
    assert_eq!((p.kind, p.id, p.standing), (PermissionKind::Grant, grant.id.clone(), GrantStanding::InForce));
    let session = space.session(model(), "PATRQT".into(), None).unwrap();
    let context = session.ground(QUESTION.into(), 1500, None, 0).unwrap();
    space.withdraw(grant.id.clone()).unwrap();
    assert!(space.permissions().unwrap().is_empty());

    let notice = || space.withdrawal_notices().unwrap().remove(0);
    let n = notice();
    assert_eq!((n.grant, n.releases, n.state), (grant.id.clone(), 1, WithdrawalNoticeState::Open));
    assert!(
        n.recipient == Some(model())
            && n.last_release_millis <= n.withdrawn_millis
            && n.withdrawn_millis < n.due_millis
    );
    let (method, evidence) = tap();
    let to = |who| space.recipient_notified(grant.id.clone(), who, method.clone(), evidence.clone());
    assert_eq!(kind(to(Recipient { kind: RecipientKind::App, ..model() })), ErrorKind::NotFound);
    to(model()).unwrap();
    assert_eq!(notice().state, WithdrawalNoticeState::Notified);
    space.recipient_acknowledged(grant.id.clone(), model(), method.clone(), evidence.clone()).unwrap();
    assert_eq!(notice().state, WithdrawalNoticeState::Acknowledged);

    let claims = space.claims().unwrap();
    assert!(claims.iter().any(|c| c.name == "consent" && c.level == "verifiable"));
    assert!(claims.iter().all(|c| !c.claim.is_empty() && !c.evidence.is_empty() && !c.does_not_prove.is_empty()));
    let [line] = space.disclosure_log("en".into()).unwrap().try_into().unwrap();
    assert!(line.contains("eu-llm") && space.disclosure_log("fr".into()).unwrap() != [line]);
    let found = space.check().unwrap();
    assert!(found.is_whole && found.slots_agree && found.stray == 0 && found.scopes.len() == 3);
    assert!(found.scopes.iter().all(|s| s.heads_agree && s.damaged.is_empty() && s.whole > 0));

    let file = space.evidence(Some("health".into()), Some(model()), false).unwrap();
    let whole = space.evidence(Some("health".into()), Some(model()), true).unwrap();
    let keys = space.verifier_keys().unwrap();
    space.lock();
    let [d] = verify_evidence(file.clone(), keys.clone()).unwrap().try_into().unwrap();
    assert!(d.entry() == context.entry() && d.level() == "verifiable" && d.grants() == [grant.id]);
    let unproven =
        |d: &healthspace_mobile::Disclosure| d.does_not_prove().iter().any(|p| p.contains("partition's own log"));
    let [shown] = verify_evidence(whole, keys.clone()).unwrap().try_into().unwrap();
    assert!(unproven(&d) && !unproven(&shown));
    assert!(d.describe("en".into()).contains("eu-llm") && !format!("{d:?}").contains("eu-llm"));
    assert!(verify_evidence(file[1..].to_vec(), keys.clone()).is_err());
    assert!(verify_evidence(file, keys[1..].to_vec()).is_err());
}
