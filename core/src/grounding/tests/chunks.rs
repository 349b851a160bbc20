//! A grant for some days, and wearable samples of more: through import, consent and ledger.

use crate::audit::Gesture;
use crate::catalog::{Order, Query};
use crate::consent::Recipient;
use crate::environment::{Environment, FixedClock};
use crate::grounding::{Budget, GroundOptions};
use crate::id::Timestamp;
use crate::import::Source;
use crate::record::Category;
use crate::{HealthSpace, KdfParams, Purpose, Session, Unlock};
use std::sync::Arc;

pub(super) fn space() -> (tempfile::TempDir, HealthSpace) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(1_790_000_000_000)));
    let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
    let env = Environment { clock, ..Environment::default() };
    let (space, _) = HealthSpace::create(dir.path().join("me.hs"), &unlock, env).unwrap();
    (dir, space)
}

fn gesture() -> Gesture {
    Gesture { method: "tap".into(), evidence: [7; 32] }
}

const DAY: i64 = 86_400_000;
/// 2026-01-01T00:00:00Z.
const JANUARY: i64 = 1_767_225_600_000;

/// An export with one resting heart rate at nine of each of these days of January 2026.
fn heart(days: &[(u8, &str)]) -> Source {
    let mut x = String::from(
        "<?xml version=\"1.0\"?>\n<HealthData locale=\"fr_FR\">\n <ExportDate value=\"2026-03-01 10:00:00 +0000\"/>\n",
    );
    for (d, v) in days {
        x.push_str(&format!(" <Record type=\"HKQuantityTypeIdentifierRestingHeartRate\" sourceName=\"Watch\" unit=\"count/min\" creationDate=\"2026-01-{d:02} 10:00:00 +0000\" startDate=\"2026-01-{d:02} 09:00:00 +0000\" endDate=\"2026-01-{d:02} 09:01:00 +0000\" value=\"{v}\"/>\n"));
    }
    Source::bytes((x + "</HealthData>\n").into_bytes()).unwrap()
}

/// A grant of everything, for days of January 2026 alone where they are given.
pub(super) fn allow(space: &HealthSpace, days: Option<(i64, i64)>) -> Session {
    let model = Recipient::model("eu-llm").unwrap();
    let day = |n: i64| Timestamp::from_millis(JANUARY + n * DAY);
    let mut ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    if let Some((from, to)) = days {
        ask = ask.data_period(day(from), day(to));
    }
    ask.recipient(model.clone()).agree(gesture()).unwrap();
    space.session(model, Purpose::PatientRequest).unwrap()
}

/// A grant for some days: what the rest of a month holds shows in no sum, date, count or text.
#[test]
fn a_period_holds_inside_a_chunk_of_samples() {
    let answers = |days: &[(u8, &str)], from, to| {
        let (_dir, space) = space();
        space.partition("health").unwrap().import(heart(days)).unwrap();
        let s = allow(&space, Some((from, to)));
        let mut how = GroundOptions::new(Budget::tokens(2000));
        how.nonce = Some([1; 8]);
        let text = s.ground_with("What is my resting heart rate?", &how).unwrap().into_value().text;
        let rows = s.query(&Query::default()).unwrap().into_value();
        let seen: Vec<_> = rows
            .iter()
            .map(|r| (r.series, r.fact.when.map(|w| w.at), r.fact.until.map(|w| w.at), r.fact.text.clone()))
            .collect();
        let next = Query { from: Some(JANUARY + 4 * DAY), order: Order::OldestFirst, limit: 3, ..Query::default() };
        let more = (s.query(&next).unwrap().value().len(), *s.count(&next).unwrap().value());
        (text, seen, *s.count(&Query::default()).unwrap().value(), s.presence().unwrap().into_value(), more)
    };
    let all: &[(u8, &str)] = &[(2, "61"), (3, "62"), (20, "199"), (25, "198")];
    for (from, to, part) in [(0, 9, &all[..2]), (10, 31, &all[2..]), (18, 21, &all[2..3])] {
        let cut = answers(all, from, to);
        assert_eq!(cut, answers(part, 0, 31), "as if the rest had never been measured");
        assert_eq!(cut.1.len(), 1);
        assert_eq!(cut.1[0].0.unwrap().count as usize, part.len());
    }
    // A chunk that begins before the period and ends after it, with nothing inside.
    let (text, seen, count, presence, _) = answers(all, 5, 15);
    assert!(seen.is_empty() && count == 0 && presence.is_empty(), "{seen:?} {presence:?}");
    assert!(!text.contains("19") && !text.contains("61"), "{text}");
    // A reader cannot open a chunk: it shows none that a period governs.
    let (_dir, space) = space();
    space.partition("health").unwrap().import(heart(all)).unwrap();
    let s = allow(&space, Some((0, 9)));
    let reader = s.reader(&Query::default(), 100).unwrap();
    assert!(reader.facts(&Query::default()).unwrap().is_empty());
}
