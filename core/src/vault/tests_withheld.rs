//! What a grant withholds is told by nothing: not by the label of what it allows, and not by whether
//! a partition is there.

use super::tests::*;
use super::*;
use crate::catalog::Query;
use crate::consent::Recipient;
use crate::error::Error;
use crate::grounding::Budget;
use crate::id::Timestamp;
use crate::label::{Label, Purpose, Sensitivity};
use crate::record::{Category, Kind};

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

fn other() -> Recipient {
    Recipient::model("us-llm").unwrap()
}

fn notes() -> Query {
    Query { kinds: vec![Kind::Memory], ..Query::default() }
}

/// Two memories: one made from an HIV result, before the granted period, and one made from an LDL
/// result within it.
fn space_with_memories(withheld: bool) -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let (env, time) = clock();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), env).unwrap();
    fill(&space);
    allow(&space, &[Category::Laboratory]);
    let remember = |code: &str, text: &str| {
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let seen = s.query(&of_code(code)).unwrap();
        s.remember(text, &seen).unwrap();
    };
    if withheld {
        remember("20447-9", "Has HIV");
    }
    time.set(Timestamp::from_millis(NOW + 10 * DAY));
    remember("13457-7", "LDL was 112.5");
    let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(&[Category::Memories]);
    let (from, to) = (Timestamp::from_millis(NOW + 5 * DAY), Timestamp::from_millis(NOW + 50 * DAY));
    ask.recipient(other()).data_period(from, to).agree(gesture()).unwrap();
    (dir, space)
}

#[test]
fn no_label_tells_of_a_memory_that_the_grant_withholds() {
    type Call = fn(&Session) -> Label;
    let calls: [(&str, Call); 6] = [
        ("count", |s| s.count(&notes()).unwrap().label()),
        ("presence", |s| s.presence().unwrap().label()),
        ("query", |s| s.query(&notes()).unwrap().label()),
        ("ground", |s| s.ground("What do you know about me?", Budget::tokens(800)).unwrap().label()),
        ("reader", |s| s.reader(&notes(), 10).unwrap().label()),
        ("memories", |s| s.memories("health").unwrap().label()),
    ];
    let ((_a, with), (_b, without)) = (space_with_memories(true), space_with_memories(false));
    for (name, call) in calls {
        let [one, two] = [&with, &without].map(|space| {
            let s = space.session(other(), Purpose::PatientRequest).unwrap();
            let label = call(&s);
            assert_eq!(label, s.label(), "{name}");
            label
        });
        assert_eq!(one, two, "{name}");
        assert!(!one.sensitivities.iter().any(|s| s == Sensitivity::Hiv), "{name}");
        assert!(one.no_training(), "{name}");
    }
    assert_eq!(*with.session(other(), Purpose::PatientRequest).unwrap().count(&notes()).unwrap().value(), 1);
}

/// A number does not say of which memories it tells, so it is of all that may be seen.
#[test]
fn a_number_of_memories_is_as_sensitive_as_what_they_were_made_from() {
    let (_dir, space) = space_with_memories(true);
    let ask = space.consent_request().purpose(Purpose::Treatment).categories(&[Category::Memories]);
    ask.recipient(other()).agree(gesture()).unwrap();
    let s = space.session(other(), Purpose::Treatment).unwrap();
    let from = Query { from: Some(NOW + 5 * DAY), ..notes() };
    let n = s.count(&from).unwrap();
    assert_eq!(*n.value(), 1);
    assert!(n.label().sensitivities.iter().any(|s| s == Sensitivity::Hiv));
    let rests_on = n.tag().basis.iter().count();
    assert_eq!(rests_on, 2, "the grant of the memories, and that of what they were made from");
    let s = space.session(other(), Purpose::Treatment).unwrap();
    assert!(s.presence().unwrap().label().sensitivities.iter().any(|s| s == Sensitivity::Hiv));
}

fn entries(space: &HealthSpace) -> Vec<usize> {
    let names = ["health", "general"];
    names.iter().map(|p| space.log(LogOf::Partition(p)).unwrap().len()).collect()
}

#[test]
fn a_partition_that_no_grant_opens_is_not_told_from_none() {
    let reply = |withheld: Option<PartitionKind>| {
        let dir = tempfile::tempdir().unwrap();
        let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
        fill(&space);
        if let Some(kind) = withheld {
            space.create_partition("psychiatry", kind, &unlock()).unwrap();
        }
        allow(&space, &[Category::Laboratory]);
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let said = s.say("hello").unwrap();
        let options = crate::grounding::GroundOptions {
            partition: Some("psychiatry".into()),
            ..crate::grounding::GroundOptions::new(Budget::tokens(100))
        };
        type Call<'a> = Box<dyn Fn() -> crate::Result<()> + 'a>;
        let calls: Vec<Call<'_>> = vec![
            Box::new(|| s.memories("psychiatry").map(drop)),
            Box::new(|| s.turns("psychiatry").map(drop)),
            Box::new(|| s.conversations("psychiatry").map(drop)),
            Box::new(|| s.remember_in("psychiatry", "hello").map(drop)),
            Box::new(|| s.keep(&said, "psychiatry").map(drop)),
            Box::new(|| s.append("psychiatry", Role::Assistant, &said).map(drop)),
            Box::new(|| s.ground_with("hello", &options).map(drop)),
            // Where it may stand: not in what nobody may know of.
            Box::new(|| s.remember("hello", &vec![]).map(drop)),
        ];
        let mut told = Vec::new();
        for call in &calls {
            let before = entries(&space);
            told.push(call().map_err(|e| e.to_string()));
            let after = entries(&space);
            told.push(Err(format!("{:?}", after.iter().zip(before).map(|(a, b)| a - b).collect::<Vec<_>>())));
        }
        drop(calls);
        if withheld.is_some() {
            assert_eq!(space.log(LogOf::Partition("psychiatry")).unwrap().len(), 1, "nothing but its beginning");
        }
        told
    };
    let none = reply(None);
    assert_eq!(none.iter().filter(|t| **t == Err(Error::Denied.to_string())).count(), 7, "{none:?}");
    for kind in [PartitionKind::Health, PartitionKind::General] {
        assert_eq!(reply(Some(kind)), none, "{kind:?}");
    }
}

#[test]
fn a_grant_makes_a_partition_known_and_its_end_makes_it_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock(), clock().0).unwrap();
    space.create_partition("work", PartitionKind::General, &unlock()).unwrap();
    let s = space.session(model(), Purpose::PatientRequest).unwrap();
    assert!(matches!(s.remember_in("work", "hello"), Err(Error::Denied)));
    let ask = space.consent_request().partition("work").purpose(Purpose::PatientRequest);
    let grant = ask.categories(&[Category::Memories]).recipient(model()).agree(gesture()).unwrap();
    s.remember_in("work", "hello").unwrap();
    assert_eq!(s.memories("work").unwrap().value().len(), 1);
    let elsewhere = space.session(other(), Purpose::PatientRequest).unwrap();
    assert!(matches!(elsewhere.remember_in("work", "hello"), Err(Error::Denied)), "whose grant it is");
    space.withdraw(grant.id()).unwrap();
    assert!(matches!(s.remember_in("work", "hello"), Err(Error::Denied)));
    assert!(matches!(s.memories("work"), Err(Error::Denied)));
}

/// What it was made from may be withheld, and its row tells how many were written before.
#[test]
fn a_reader_shows_of_a_memory_what_it_says_and_nothing_else() {
    let (_dir, space) = space_with_memories(true);
    let s = space.session(other(), Purpose::PatientRequest).unwrap();
    let reader = s.reader(&notes(), 10).unwrap();
    let record = reader.facts(&Query::default()).unwrap()[0].record;
    assert_eq!(reader.body(record).unwrap(), b"LDL was 112.5");
    assert_eq!(reader.bodies(&[record]).unwrap(), [b"LDL was 112.5"]);
}
