//! Somebody who can write the file: whatever is exchanged, put back or damaged is refused, or
//! makes no difference. Never is anything else read than what was stored.

use super::tests::{clock, gesture, unlock};
use super::*;
use crate::audit::{Entry, Gesture};
use crate::catalog::{FactRow, ObjectRef, Query, series};
use crate::consent::Recipient;
use crate::crypto::context::Class;
use crate::environment::Environment;
use crate::error::{Error, Part, Result};
use crate::id::{ConversationId, ScopeId};
use crate::import::Source;
use crate::keyring::{KdfParams, SpaceRow, Unlock, space_row_id};
use crate::label::{Label, Purpose};
use crate::record::{Category, Kind, Sample};
use crate::storage::memory::{Image, Memory as Disk};
use crate::storage::{HeadRow, Row};
use std::collections::BTreeMap;
use std::sync::Arc;

const FHIR: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[
 {"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"p","name":[{"family":"A","given":["B"]}],"birthDate":"1970-01-02"}},
 {"resource":{"resourceType":"Observation","id":"1","status":"final","category":[{"coding":[{"code":"laboratory"}]}],
  "code":{"coding":[{"system":"http://loinc.org","code":"13457-7"}],"text":"LDL"},"subject":{"reference":"Patient/p"},
  "effectiveDateTime":"2026-01-05","valueQuantity":{"value":112.5,"unit":"mg/dL"}}},
 {"resource":{"resourceType":"Condition","id":"2","code":{"text":"asthma"},"subject":{"reference":"Patient/p"}}}]}"#;

const APPLE: &[u8] = br#"<?xml version="1.0"?><HealthData locale="en_US">
 <Record type="HKQuantityTypeIdentifierStepCount" sourceName="P" unit="count" startDate="2026-01-05 10:00:00 +0000" endDate="2026-01-05 10:01:00 +0000" value="100"/>
 <Record type="HKQuantityTypeIdentifierStepCount" sourceName="P" unit="count" startDate="2026-01-05 11:00:00 +0000" endDate="2026-01-05 11:01:00 +0000" value="200"/>
</HealthData>"#;

fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

/// A space on a disk in memory, and images of it along its life.
struct Victim {
    disk: Disk,
    env: Environment,
    code: String,
    conversation: ConversationId,
    images: Vec<Image>,
}

impl Victim {
    fn new() -> Self {
        let (env, _) = clock();
        let disk = Disk::new();
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let (space, code) = HealthSpace::create_in(Arc::new(disk.clone()), &row, &unlock(), env.clone()).unwrap();
        let mut images = vec![disk.image()];
        let health = space.partition("health").unwrap();
        health.import(Source::bytes(FHIR).unwrap()).unwrap();
        images.push(disk.image());
        let grant = |partition: &str| {
            let ask = space.consent_request().partition(partition).purpose(Purpose::PatientRequest);
            ask.categories(Category::ALL).recipient(model()).agree(gesture()).unwrap()
        };
        let first = grant("health");
        grant("general");
        let chat = space.session(model(), Purpose::PatientRequest).unwrap();
        chat.remember_in("general", "likes walking").unwrap();
        images.push(disk.image());
        space.withdraw(first.id()).unwrap();
        grant("health");
        health.import(Source::bytes(APPLE).unwrap()).unwrap();
        images.push(disk.image());
        let s = space.session(model(), Purpose::PatientRequest).unwrap();
        let read = s.query(&Query::default()).unwrap();
        s.remember("LDL was 112.5", &read).unwrap();
        images.push(disk.image());
        Self { disk, env, code: code.reveal().to_string(), conversation: s.conversation(), images }
    }

    fn last(&self) -> &Image {
        self.images.last().unwrap()
    }

    fn open(&self) -> Result<HealthSpace> {
        let unlock = Unlock::recovery_code(&self.code).unwrap();
        HealthSpace::open_in(Arc::new(self.disk.clone()), &unlock, self.env.clone(), None)
    }

    /// Opens the last image after `change`, and reads all that can be read.
    fn look(&self, change: impl FnOnce(&mut Image)) -> Result<Look> {
        self.disk.restore(self.last());
        self.disk.tamper(change);
        let space = self.open()?;
        let mut seen = look(&space, self.conversation)?;
        seen.noticed = space.check()?.first_damage().is_some();
        Ok(seen)
    }
}

/// All that a space says.
#[derive(Debug, PartialEq)]
struct Look {
    logs: Vec<Vec<Entry>>,
    receipts: Vec<Entry>,
    sources: Vec<ImportedSource>,
    grants: Vec<GrantInfo>,
    rows: Vec<FactRow>,
    bodies: Vec<Vec<u8>>,
    samples: Vec<Vec<Sample>>,
    memories: Vec<Memory>,
    consents: Vec<Vec<u8>>,
    originals: Vec<Vec<u8>>,
    label: Label,
    /// Whether a check says that something is damaged.
    noticed: bool,
}

fn look(space: &HealthSpace, conversation: ConversationId) -> Result<Look> {
    let (mut logs, mut receipts) = (Vec::new(), Vec::new());
    for of in [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general")] {
        let lines = space.log(of)?;
        let key = space.verifier_key(of)?;
        for line in &lines {
            receipts.push(verify_receipt(&space.receipt(of, line.index)?, &key)?.entry);
        }
        logs.push(lines.into_iter().map(|l| l.entry).collect());
    }
    let health = space.partition("health")?;
    let mut memories = health.memories()?.into_whole()?;
    memories.extend(space.partition("general")?.memories()?.into_whole()?);
    let consents = consents(space)?;
    let originals = originals(space)?;
    let (sources, grants) = (health.sources()?, space.grants()?);
    assert!(health.staged_imports()?.is_empty());
    let s = space.resume(conversation, model(), Purpose::PatientRequest)?;
    let label = s.label();
    let reader = s.reader(&Query::default(), 1000)?;
    let rows = reader.facts(&Query::default())?;
    let of_text = |r: &&FactRow| r.fact.kind != Kind::Series;
    let bodies = rows.iter().filter(of_text).map(|r| reader.body(r.record)).collect::<Result<_>>()?;
    let samples =
        rows.iter().filter(|r| r.fact.kind == Kind::Series).map(|r| samples(space, r)).collect::<Result<_>>()?;
    let noticed = false;
    Ok(Look { logs, receipts, sources, grants, rows, bodies, samples, memories, consents, originals, label, noticed })
}

/// The consents as filed, of which the policy rows hold the newest.
fn consents(space: &HealthSpace) -> Result<Vec<Vec<u8>>> {
    let (txn, state) = space.inner.read()?;
    let system = state.system.as_ref().unwrap();
    let open = |c: &manifest::ConsentRef| {
        let object = ObjectRef { number: c.number << 8, version: c.row_version, group: c.group };
        let mut raw = Vec::new();
        system.open_object(&space.inner.base, &*txn, Class::Body, &object, &mut raw)?;
        Ok(raw)
    };
    system.manifest.consents.iter().map(open).collect()
}

/// Files as they were; of an Apple export, what is kept of it beside its samples; and what records
/// are told by.
fn originals(space: &HealthSpace) -> Result<Vec<Vec<u8>>> {
    let (health, mut all) = (space.partition("health")?, Vec::new());
    for source in health.sources()? {
        let mut out = Vec::new();
        match health.original(source.id, gesture(), &mut out) {
            Err(Error::NotFound) => {}
            other => drop(other?),
        }
        all.push(out);
    }
    let (txn, state) = space.inner.read()?;
    let scope = &state.partitions[state.position("health")?];
    for ordinal in 0..scope.manifest.sources {
        let entry = scope.source(&space.inner.base, &*txn, ordinal)?;
        for (number, version) in entry.envelope.iter().chain(&entry.names) {
            let object = ObjectRef { number: number << 8, version: *version, group: entry.group };
            let mut raw = Vec::new();
            scope.open_object(&space.inner.base, &*txn, Class::Body, &object, &mut raw)?;
            all.push(raw);
        }
    }
    Ok(all)
}

fn samples(space: &HealthSpace, row: &FactRow) -> Result<Vec<Sample>> {
    let (txn, state) = space.inner.read()?;
    let mut raw = Vec::new();
    let scope = &state.partitions[state.position("health")?];
    scope.open_object(&space.inner.base, &*txn, Class::Series, &row.object, &mut raw)?;
    series::decode(&raw)
}

/// What may come of an attack: a refusal that says so; the truth, whether a check says what is damaged, as of the list
/// of partitions, or nothing was.
#[track_caller]
fn refused_or_harmless(found: Result<Look>, truth: &Look, what: &str) -> bool {
    match found {
        Ok(mut look) => {
            let noticed = core::mem::take(&mut look.noticed);
            assert_eq!(&look, truth, "something else was read: {what}");
            noticed
        }
        Err(Error::Corrupt(_) | Error::CannotOpen | Error::RolledBack | Error::Forked) => true,
        Err(e) => panic!("{what}: {e:?}"),
    }
}

type Stored = (ScopeId, Arc<Row>);

fn stored(image: &Image) -> Vec<(i64, Stored)> {
    image.rows.iter().map(|(n, r)| (*n, r.clone())).collect()
}

fn set(image: &mut Image, number: i64, row: &Stored) {
    let moved = Row { number: number.cast_unsigned(), ..(*row.1).clone() };
    Arc::make_mut(&mut image.rows).insert(number, (row.0, Arc::new(moved)));
}

fn parts_of(row: &Row, other: &Row, how: u8) -> Row {
    match how {
        // Only the sealed bytes; with their version; with all that stands beside them.
        0 => Row { sealed: other.sealed.clone(), ..row.clone() },
        1 => Row { sealed: other.sealed.clone(), version: other.version, ..row.clone() },
        _ => Row { number: row.number, ..other.clone() },
    }
}

#[test]
fn no_two_rows_can_be_exchanged() {
    let v = Victim::new();
    let truth = v.look(|_| {}).unwrap();
    assert!(truth.rows.len() >= 5 && truth.bodies.len() >= 4 && truth.samples[0].len() == 2);
    assert!(
        truth.logs.iter().map(Vec::len).sum::<usize>() >= 12
            && truth.memories.len() == 2
            && truth.consents.len() == 4
            && truth.originals[0] == FHIR
    );
    let rows = stored(v.last());
    let mut tried = 0;
    for (i, (a, of_a)) in rows.iter().enumerate() {
        for (b, of_b) in rows.iter().skip(i + 1) {
            // All three ways within a neighbourhood, one way for the rest.
            let ways = if (i + tried) % 29 == 0 { 0..3u8 } else { 2..3 };
            for how in ways {
                let found = v.look(|image| {
                    let scope = |own: &Stored, other: &Stored| if how == 2 { other.0 } else { own.0 };
                    set(image, *a, &(scope(of_a, of_b), Arc::new(parts_of(&of_a.1, &of_b.1, how))));
                    set(image, *b, &(scope(of_b, of_a), Arc::new(parts_of(&of_b.1, &of_a.1, how))));
                });
                assert!(refused_or_harmless(found, &truth, &format!("{a} {b} {how}")), "unnoticed: {a} {b} {how}");
            }
            tried += 1;
        }
    }
    println!("{} rows, {tried} pairs", rows.len());
    assert!(tried > 200);
}

#[test]
fn rows_of_another_space_are_refused() {
    let (v, other) = (Victim::new(), Victim::new());
    let truth = v.look(|_| {}).unwrap();
    let theirs: Vec<(i64, Stored)> = stored(other.last());
    let mut tried = 0;
    for (number, own) in stored(v.last()) {
        for (_, foreign) in theirs.iter().filter(|(n, r)| *n == number || r.1.class == own.1.class) {
            // Under our scope's tag, with their version or ours.
            let versions = [foreign.1.version, own.1.version];
            for version in versions.into_iter().skip(tried % 2) {
                let row = Row { version, ..(*foreign.1).clone() };
                let found = v.look(|image| set(image, number, &(own.0, Arc::new(row))));
                assert!(refused_or_harmless(found, &truth, "foreign row"), "unnoticed at {number}");
                tried += 1;
            }
        }
    }
    assert!(tried > 50);
    // Whole heads and slots, under our names.
    let heads =
        |of: &Victim| -> Vec<(ScopeId, HeadRow)> { of.last().heads[0].iter().map(|(s, h)| (*s, h.clone())).collect() };
    for (scope, _) in heads(&v) {
        for (_, foreign) in heads(&other) {
            let found = v.look(|image| {
                for copy in &mut image.heads {
                    Arc::make_mut(copy).insert(scope, foreign.clone());
                }
            });
            assert!(refused_or_harmless(found, &truth, "foreign head"));
        }
    }
    let slots = other.last().slots.clone();
    let found = v.look(|image| image.slots = slots);
    assert!(matches!(found, Err(Error::CannotOpen)), "their slots are not ours: {:?}", found.map(|_| ()));
}

#[test]
fn an_older_row_put_back_is_refused() {
    let v = Victim::new();
    let truth = v.look(|_| {}).unwrap();
    let mut tried = 0;
    for old in v.images.iter().rev().skip(1) {
        for (number, row) in stored(old) {
            match v.last().rows.get(&number) {
                Some(now) if *now == row => continue,
                // A row that is gone again names nothing.
                None => {
                    let found = v.look(|image| set(image, number, &row));
                    assert!(!refused_or_harmless(found, &truth, "a row that is gone"), "{number}");
                }
                Some(_) => {
                    let found = v.look(|image| set(image, number, &row));
                    assert!(refused_or_harmless(found, &truth, "older row"), "unnoticed at {number}");
                    // Its bytes under today's version.
                    let version = v.last().rows[&number].1.version;
                    let found =
                        v.look(|image| set(image, number, &(row.0, Arc::new(Row { version, ..(*row.1).clone() }))));
                    assert!(refused_or_harmless(found, &truth, "older bytes"), "unnoticed at {number}");
                }
            }
            tried += 1;
        }
        // Heads: where one copy is old, the newer one counts; both copies are a rollback of the
        // scope, and what they name is gone.
        for (scope, head) in old.heads[0].iter() {
            if v.last().heads[0].get(scope) == Some(head) {
                continue;
            }
            for copy in 0..2 {
                let found = v.look(|image| {
                    Arc::make_mut(&mut image.heads[copy]).insert(*scope, head.clone());
                });
                assert!(!refused_or_harmless(found, &truth, "one older head"), "copy {copy}");
            }
            let found = v.look(|image| {
                for copy in &mut image.heads {
                    Arc::make_mut(copy).insert(*scope, head.clone());
                }
            });
            assert!(refused_or_harmless(found, &truth, "older heads"), "unnoticed");
        }
        for (at, hash) in old.tree.iter().filter(|(at, hash)| v.last().tree.get(*at) != Some(*hash)) {
            let found = v.look(|image| {
                Arc::make_mut(&mut image.tree).insert(*at, *hash);
            });
            refused_or_harmless(found, &truth, "older tree row");
        }
    }
    assert!(tried > 10);
}

/// Two histories that part after one image: what only the other one committed.
#[test]
fn rows_of_a_transaction_that_was_rolled_back_are_refused() {
    let v = Victim::new();
    let after = |name: &str| {
        v.disk.restore(v.last());
        let space = v.open().unwrap();
        let s = space.resume(v.conversation, model(), Purpose::PatientRequest).unwrap();
        s.count(&Query { codes: vec![(name.into(), name.into())], ..Query::default() }).unwrap();
        s.remember(name, &[][..]).unwrap();
        space
            .consent_request()
            .purpose(Purpose::Treatment)
            .categories(&[Category::Laboratory])
            .recipient(model())
            .agree(Gesture { method: name.into(), evidence: [1; 32] })
            .unwrap();
        v.disk.image()
    };
    let (lost, kept) = (after("lost"), after("kept"));
    let see = |change: &dyn Fn(&mut Image)| {
        v.disk.restore(&kept);
        v.disk.tamper(change);
        look(&v.open()?, v.conversation)
    };
    let truth = see(&|_| {}).unwrap();
    let differing: Vec<(i64, Stored)> =
        stored(&lost).into_iter().filter(|(n, r)| kept.rows.get(n).is_some_and(|k| k != r)).collect();
    assert!(differing.len() >= 6, "{}", differing.len());
    for (number, row) in &differing {
        let found = see(&|image| set(image, *number, row));
        assert!(refused_or_harmless(found, &truth, "a lost row"), "unnoticed at {number}");
    }
    // An entry of the log with its key and its place in the tree: one by one, and all of them.
    let entries: Vec<_> =
        lost.ledger.iter().filter(|(at, row)| kept.ledger.get(*at).is_some_and(|k| k != *row)).collect();
    assert!(entries.len() >= 3);
    for (at, row) in &entries {
        let found = see(&|image| {
            Arc::make_mut(&mut image.ledger).insert(**at, (*row).clone());
        });
        assert!(refused_or_harmless(found, &truth, "a lost entry"), "unnoticed");
        let found = see(&|image| {
            Arc::make_mut(&mut image.ledger).insert(**at, (*row).clone());
            Arc::make_mut(&mut image.tree).insert((at.0, 0, at.1), lost.tree[&(at.0, 0, at.1)]);
        });
        assert!(refused_or_harmless(found, &truth, "a lost entry with its leaf"), "unnoticed");
    }
    let found = see(&|image| {
        image.ledger = Arc::clone(&lost.ledger);
        image.tree = Arc::clone(&lost.tree);
    });
    assert!(refused_or_harmless(found, &truth, "a lost log"), "unnoticed");
    // A whole scope of the other history: its head was signed in a history that this one is not.
    let found = see(&|image| {
        for (copy, theirs) in image.heads.iter_mut().zip(&lost.heads) {
            *copy = Arc::clone(theirs);
        }
    });
    assert!(refused_or_harmless(found, &truth, "heads of a lost history"), "unnoticed");
}

/// Every so many bits.
fn bits(len: usize, step: usize) -> impl Iterator<Item = (usize, u8)> {
    (0..len * 8).step_by(step).map(|i| (i / 8, 1 << (i % 8)))
}

#[test]
fn a_flipped_bit_is_noticed_or_makes_no_difference() {
    let v = Victim::new();
    let truth = v.look(|_| {}).unwrap();
    let (mut noticed, mut harmless) = (BTreeMap::<&str, u32>::new(), BTreeMap::<&str, u32>::new());
    let mut count = |what: &'static str, found: Result<Look>| {
        *if refused_or_harmless(found, &truth, what) { &mut noticed } else { &mut harmless }
            .entry(what)
            .or_default() += 1;
    };
    for (i, (number, (scope, row))) in stored(v.last()).into_iter().enumerate() {
        // A prime step, begun elsewhere in each row: all of a row's parts are met.
        for (at, bit) in bits(row.sealed.len(), 1201).map(|(at, bit)| ((at + i) % row.sealed.len(), bit)) {
            let mut bad = (*row).clone();
            bad.sealed[at] ^= bit;
            count("sealed", v.look(|image| set(image, number, &(scope, Arc::new(bad)))));
        }
        let mut short = (*row).clone();
        short.sealed.pop();
        count("sealed", v.look(|image| set(image, number, &(scope, Arc::new(short)))));
        let mut bad = (*row).clone();
        bad.version ^= 1 << (i % 64);
        count("version", v.look(|image| set(image, number, &(scope, Arc::new(bad)))));
        let mut bad = (*row).clone();
        bad.class ^= 1 << (i % 8);
        count("class", v.look(|image| set(image, number, &(scope, Arc::new(bad)))));
        let mut bad = (*row).clone();
        bad.group ^= 1 << (i % 64);
        count("group", v.look(|image| set(image, number, &(scope, Arc::new(bad)))));
        let mut tag = *scope.as_bytes();
        tag[i % 16] ^= 1;
        count("scope", v.look(|image| set(image, number, &(ScopeId::from_bytes(tag), Arc::clone(&row)))));
        count(
            "number",
            v.look(|image| {
                Arc::make_mut(&mut image.rows).remove(&number);
                set(image, number ^ 1 << (i % 40), &(scope, Arc::clone(&row)));
            }),
        );
    }
    for (at, row) in v.last().ledger.iter() {
        for (n, bit) in bits(row.wrap.len() + row.sealed.len(), 601) {
            let mut bad = row.clone();
            match n.checked_sub(row.wrap.len()) {
                None => bad.wrap[n] ^= bit,
                Some(n) => bad.sealed[n] ^= bit,
            }
            count(
                "ledger",
                v.look(|image| {
                    Arc::make_mut(&mut image.ledger).insert(*at, bad);
                }),
            );
        }
    }
    for (i, (at, hash)) in v.last().tree.iter().enumerate() {
        let mut bad = *hash;
        bad[i % 32] ^= 1;
        count(
            "tree",
            v.look(|image| {
                Arc::make_mut(&mut image.tree).insert(*at, bad);
            }),
        );
    }
    println!("noticed {noticed:?}\nharmless {harmless:?}");
    for what in ["sealed", "version", "class", "scope", "ledger"] {
        assert!(noticed[what] >= 15 && !harmless.contains_key(what), "{what}");
    }
    // A group is a column for erasure only: what it says is not believed when reading.
    assert!(!noticed.contains_key("group"));
}

#[test]
fn a_damaged_copy_of_a_head_or_slot_costs_nothing_and_two_are_refused() {
    let v = Victim::new();
    let truth = v.look(|_| {}).unwrap();
    for scope in v.last().heads[0].keys() {
        let system = v.look(|_| {}).is_ok() && v.last().heads[0][scope].auth.len() > 32;
        for part in 0..2 {
            let spoil = |image: &mut Image, copy: usize, at: usize| {
                let row = Arc::make_mut(&mut image.heads[copy]).get_mut(scope).unwrap();
                let bytes = if part == 0 { &mut row.body } else { &mut row.auth };
                let at = at % bytes.len();
                bytes[at] ^= 0x10;
            };
            for at in (0..400).step_by(83) {
                for copy in 0..2 {
                    let found = v.look(|image| spoil(image, copy, at));
                    assert!(!refused_or_harmless(found, &truth, "one head"), "copy {copy}");
                }
            }
            let found = v.look(|image| (0..2).for_each(|copy| spoil(image, copy, 9)));
            match found {
                // Nothing was verified yet: it may as well be the secret that is wrong.
                Err(Error::CannotOpen) if system => {}
                Err(Error::Corrupt(Part::Head)) if !system => {}
                other => panic!("{system} {:?}", other.map(|_| ())),
            }
        }
        for copy in 0..2 {
            let found = v.look(|image| {
                Arc::make_mut(&mut image.heads[copy]).remove(scope);
            });
            assert!(!refused_or_harmless(found, &truth, "one head gone"), "copy {copy}");
        }
    }
    for id in v.last().slots[0].keys() {
        let len = v.last().slots[0][id].len();
        for (at, bit) in bits(len, 61) {
            for copy in 0..2 {
                let found = v.look(|image| {
                    Arc::make_mut(&mut image.slots[copy]).get_mut(id).unwrap()[at] ^= bit;
                });
                assert!(!refused_or_harmless(found, &truth, "one slot"), "copy {copy} byte {at}");
            }
        }
        for copy in 0..2 {
            let found = v.look(|image| {
                Arc::make_mut(&mut image.slots[copy]).remove(id);
            });
            assert!(!refused_or_harmless(found, &truth, "one slot gone"), "copy {copy}");
        }
    }
    // What was opened by the second copy can be written to, and then both are good again.
    v.disk.restore(v.last());
    v.disk.tamper(|image| {
        for row in Arc::make_mut(&mut image.heads[0]).values_mut() {
            row.body[3] ^= 1;
        }
    });
    let space = v.open().unwrap();
    let s = space.resume(v.conversation, model(), Purpose::PatientRequest).unwrap();
    s.count(&Query::default()).unwrap();
    let reader = s.reader(&Query::default(), 1000).unwrap();
    let rows = reader.facts(&Query::default()).unwrap();
    let body = rows.iter().find(|r| r.fact.kind != Kind::Series).unwrap();
    assert!(!reader.body(body.record).unwrap().is_empty());
    v.open().unwrap();
}

#[test]
fn wrong_secrets_and_damaged_slots_are_one_error() {
    let v = Victim::new();
    let wrong = Unlock::passphrase("two");
    let open = |u: &Unlock, change: &dyn Fn(&mut Image)| {
        v.disk.restore(v.last());
        v.disk.tamper(change);
        HealthSpace::open_in(Arc::new(v.disk.clone()), u, v.env.clone(), None).map(|_| ())
    };
    let code = Unlock::recovery_code(&v.code).unwrap();
    assert!(matches!(open(&wrong, &|_| {}), Err(Error::CannotOpen)));
    let texts = |e: Error| (format!("{e} {e:?}"), e.code().number());
    let said = texts(open(&wrong, &|_| {}).unwrap_err());
    // Every bit of the slots, in both copies, by the right secret.
    for (id, body) in v.last().slots[0].iter().filter(|(id, _)| **id != space_row_id()) {
        for (at, bit) in bits(body.len(), 23) {
            let spoil = |image: &mut Image| {
                for copy in &mut image.slots {
                    let all = Arc::make_mut(copy);
                    all.get_mut(id).unwrap()[at] ^= bit;
                }
            };
            match open(&code, &spoil) {
                // Another way in was damaged: that was found out only behind a verified head.
                Err(Error::Corrupt(Part::Slot)) => {}
                Err(e) => assert_eq!(texts(e), said),
                Ok(()) => panic!("byte {at} of a slot does not count"),
            }
        }
    }
    // A wrong secret never learns that something else is damaged as well.
    let rows = |image: &mut Image| image.rows = Default::default();
    assert_eq!(texts(open(&wrong, &rows).unwrap_err()), said);
    assert!(matches!(open(&code, &rows), Err(Error::Corrupt(_))));
    for damage in
        [&|image: &mut Image| image.heads = Default::default(), &|image: &mut Image| image.slots = Default::default()]
            as [&dyn Fn(&mut Image); 2]
    {
        assert_eq!(texts(open(&wrong, damage).unwrap_err()), said);
        // Before a head's MAC held, the right one does not either.
        assert_eq!(texts(open(&code, damage).unwrap_err()), said);
    }
    // What all slots share, damaged in one copy: the other one is asked.
    let wrapped = v.last().slots[1][&space_row_id()].len();
    for at in (0..wrapped).step_by(19) {
        let e = open(&wrong, &|image| Arc::make_mut(&mut image.slots[1]).get_mut(&space_row_id()).unwrap()[at] ^= 0x40);
        assert_eq!(texts(e.unwrap_err()), said, "byte {at}");
    }
}

/// Where the space row says how many KiB the derivation takes: behind key 6 of its map.
#[test]
fn a_derivation_over_the_ceiling_is_refused_at_once() {
    let v = Victim::new();
    for params in [
        KdfParams { memory_kib: 1 << 30, ..KdfParams::FLOOR },
        KdfParams { passes: 9_000_000, ..KdfParams::FLOOR },
        KdfParams { lanes: 1 << 20, ..KdfParams::FLOOR },
    ] {
        v.disk.restore(v.last());
        v.disk.tamper(|image| {
            for copy in &mut image.slots {
                let all = Arc::make_mut(copy);
                let row = SpaceRow::decode(&all[&space_row_id()]).unwrap();
                all.insert(space_row_id(), SpaceRow { params, ..row }.encode());
            }
        });
        // The best of a few: others may be using the machine.
        let mut best = std::time::Duration::MAX;
        for _ in 0..10 {
            let begin = std::time::Instant::now();
            let e = HealthSpace::open_in(Arc::new(v.disk.clone()), &unlock(), v.env.clone(), None).map(|_| ());
            best = best.min(begin.elapsed());
            assert!(matches!(e, Err(Error::TooLarge(crate::error::Limit::KdfCost))), "{e:?}");
        }
        assert!(best.as_millis() < 5, "{best:?}");
    }
}

#[test]
fn a_newer_format_in_a_head_is_told_apart_once_it_is_authentic() {
    let v = Victim::new();
    v.disk.restore(v.last());
    let space = v.open().unwrap();
    let (txn, state) = space.inner.read().unwrap();
    let system = state.system.clone().unwrap();
    let signer = state.signer(&space.inner.base, &*txn, &system).unwrap();
    drop(txn);
    let of = |scope: &scope::Scope, sign: bool| {
        let mut body = scope.head.encode();
        // {1: suite, 2: format, ..}: one byte each, behind the head of the map.
        assert_eq!(body[1..5], [1, 1, 2, 1]);
        body[4] = 2;
        let auth = head::authenticate(&body, &scope.keys.head_mac, sign.then_some(&signer)).unwrap();
        (scope.id, HeadRow { body, auth })
    };
    let health = &state.partitions[0];
    for (id, newer) in [of(&system, true), of(health, false)] {
        let both = |row: &HeadRow| {
            v.disk.restore(v.last());
            v.disk.tamper(|image| {
                for copy in &mut image.heads {
                    Arc::make_mut(copy).insert(id, row.clone());
                }
            });
            v.open().map(|_| ())
        };
        assert!(matches!(both(&newer), Err(Error::NeedsNewerLibrary)));
        // Under an open handle, too.
        v.disk.restore(v.last());
        let open = v.open().unwrap();
        v.disk.tamper(|image| {
            for copy in &mut image.heads {
                Arc::make_mut(copy).insert(id, newer.clone());
            }
        });
        assert!(matches!(open.grants(), Err(Error::NeedsNewerLibrary)));
        // Not authentic: anybody can write a number.
        let forged = HeadRow { auth: vec![7; newer.auth.len()], ..newer.clone() };
        assert!(matches!(both(&forged), Err(Error::CannotOpen | Error::Corrupt(Part::Head))));
    }
}
