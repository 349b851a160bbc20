//! Random consents over a small vocabulary, so that rules meet. A seed gives the same consent
//! again: a failure names its seed.

use super::oracle::{Node, Tree};
use crate::consent::{Action, Effect, Facts, Meaning, Recipient};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivity};
use crate::policy::{ItemFacts, OutsidePurpose, Request};
use crate::record::{Author, Category, DecisionClass, Kind, ResourceType};

/// How many sets of consents each property tries: 25,000, or what `HEALTHSPACE_CASES` says; four
/// questions about each, so 100,000 cases.
pub(super) fn cases() -> u64 {
    std::env::var("HEALTHSPACE_CASES").ok().and_then(|s| s.parse().ok()).unwrap_or(25_000)
}

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub(super) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(super) fn some<T: Copy>(&mut self, of: &[T], most: usize) -> Vec<T> {
        (0..=self.below(most)).map(|_| self.pick(of)).collect()
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

pub(super) const PURPOSES: &[Purpose] = &[
    Purpose::Treatment,
    Purpose::EmergencyTreatment,
    Purpose::BreakGlass,
    Purpose::TreatmentDecisionSupport,
    Purpose::Operations,
    Purpose::MlTraining,
    Purpose::PatientRequest,
    Purpose::FamilyRequest,
];
pub(super) const CATEGORIES: &[Category] =
    &[Category::Laboratory, Category::Medications, Category::Conditions, Category::Other];
const KINDS: &[Kind] = &[Kind::Observation, Kind::Medication, Kind::Condition, Kind::Other];
const AUTHORS: &[Author] = &[Author::Source, Author::Person, Author::Assistant];
const ACTIONS: &[Action] = &[Action::Read, Action::Ground, Action::Export, Action::Erase];
pub(super) const SENSITIVITIES: &[Sensitivity] = &[
    Sensitivity::Unknown,
    Sensitivity::SpeciallyProtected,
    Sensitivity::BehaviouralHealth,
    Sensitivity::SubstanceUse,
    Sensitivity::Psychiatry,
    Sensitivity::Sexuality,
];
pub(super) const OBLIGATIONS: &[Obligations] =
    &[Obligations::NO_TRAINING, Obligations::DEIDENTIFY, Obligations::REDACT];

pub(super) const MEANINGS: &[Meaning] =
    &[Meaning::Instance, Meaning::Related, Meaning::Dependents, Meaning::AuthoredBy];
pub(super) const TYPES: &[&str] = &["Observation", "MedicationRequest", "Condition"];
pub(super) const CODES: &[(&str, &str)] = &[("s", "1"), ("s", "2"), ("", "1")];
pub(super) const NAMES: &[&str] = &["Observation/1", "Encounter/2", "s|3"];
pub(super) const OUTSIDE: &[(&str, &str)] = &[("o", "A"), ("", "A")];

/// Who asks; the last is a role that the first two may hold.
pub(super) fn actors() -> [Recipient; 4] {
    [Recipient::model("m"), Recipient::app("m"), Recipient::model("n"), Recipient::role("r", "x")].map(Result::unwrap)
}

pub(super) fn role() -> Recipient {
    actors()[3].clone()
}

pub(super) fn scope(n: u8) -> ScopeId {
    ScopeId::from_bytes([n; 16])
}

pub(super) fn grant(n: u8) -> GrantId {
    GrantId::from_bytes([n; 16])
}

pub(super) fn confidentiality(r: &mut Random) -> Confidentiality {
    Confidentiality::from_u8(r.below(6) as u8).unwrap()
}

pub(super) fn maybe<T>(r: &mut Random, one_in: usize, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    r.one_in(one_in).then(|| make(r))
}

fn date(r: &mut Random) -> i64 {
    match r.below(24) {
        0 => i64::MIN,
        1 => i64::MAX,
        _ => r.below(8) as i64,
    }
}

fn time(r: &mut Random) -> Timestamp {
    Timestamp::from_millis(r.below(10) as i64)
}

pub(super) fn node(r: &mut Random, depth: usize) -> Node {
    let effect = if r.one_in(3) { Effect::Deny } else { Effect::Permit };
    let permit = effect == Effect::Permit;
    let children = match depth {
        0..3 => (0..r.below(3)).map(|_| node(r, depth + 1)).collect(),
        _ => Vec::new(),
    };
    Node {
        effect,
        scope: maybe(r, 4, |r| scope(r.below(2) as u8)),
        actors: maybe(r, 4, |r| r.some(&[0, 1, 2], 2)),
        purposes: maybe(r, 2, |r| r.some(PURPOSES, 3)),
        actions: maybe(r, 5, |r| r.some(ACTIONS, 3)),
        start: maybe(r, 6, time),
        end: maybe(r, 6, time),
        made: maybe(r, 8, time).filter(|_| permit),
        categories: maybe(r, 3, |r| r.some(CATEGORIES, 2)),
        kinds: maybe(r, 6, |r| r.some(KINDS, 2)),
        authors: maybe(r, 6, |r| r.some(AUTHORS, 2)),
        sensitivities: maybe(r, 4, |r| r.some(SENSITIVITIES, 2)).unwrap_or_default(),
        confidentialities: maybe(r, 4, |r| vec![confidentiality(r), confidentiality(r)]).unwrap_or_default(),
        data_period: maybe(r, 3, |r| (date(r), date(r))),
        outside: maybe(r, 6, |r| r.some(&[0, 1], 1)),
        acting: r.one_in(4),
        types: maybe(r, 8, |r| r.some(TYPES, 1)),
        codes: maybe(r, 8, |r| r.some(&[0, 1, 2], 2)),
        data: maybe(r, 8, |r| (0..=r.below(2)).map(|_| (r.pick(MEANINGS), r.below(NAMES.len()))).collect()),
        obligations: maybe(r, 3, |r| r.pick(OBLIGATIONS)).unwrap_or(Obligations::NONE),
        uses_left: maybe(r, 5, |r| r.below(3) as u32).filter(|_| permit),
        lifts_floor: permit && r.one_in(8),
        children,
    }
}

pub(super) fn trees(r: &mut Random) -> Vec<Tree> {
    (0..1 + r.below(4)).map(|i| Tree { series: grant(i as u8), root: node(r, 0) }).collect()
}

pub(super) fn class(r: &mut Random) -> DecisionClass {
    let set = match r.below(4) {
        0 => r.some(SENSITIVITIES, 2),
        1 => vec![r.pick(SENSITIVITIES)],
        _ => Vec::new(),
    };
    DecisionClass {
        category: r.pick(CATEGORIES),
        kind: r.pick(KINDS),
        confidentiality: confidentiality(r),
        // A bit beyond the table is a sensitivity of a later version.
        sensitivities: set.iter().fold(u32::from(r.one_in(20)) << 30, |bits, s| bits | 1 << *s as u8),
        // Also one that is not known, and one of a later version.
        obligations: maybe(r, 6, |r| r.pick(OBLIGATIONS).bits() | u32::from(r.one_in(4)) << (30 + r.below(2)))
            .unwrap_or(0),
        author: r.pick(AUTHORS),
        resource: ResourceType::of(if r.one_in(3) { "" } else { r.pick(TYPES) }),
    }
}

/// Every date at which something can change, and none.
pub(super) fn dates() -> Vec<Option<i64>> {
    let edges = [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX].map(Some);
    (-1..9).map(Some).chain(edges).chain([None]).collect()
}

/// A row, as a filter sees it.
pub(super) fn row(r: &mut Random) -> ItemFacts<'static> {
    let until = maybe(r, 2, |r| r.pick(&dates())).flatten();
    ItemFacts { until, ..ItemFacts::of_row(class(r), r.pick(&dates())) }
}

fn names(r: &mut Random) -> Option<&'static [&'static str]> {
    let from = r.below(NAMES.len());
    maybe(r, 2, |r| &NAMES[from..(from + r.below(3)).min(NAMES.len())])
}

/// An item of which everything may be known.
pub(super) fn item(r: &mut Random) -> ItemFacts<'static> {
    let from = r.below(CODES.len());
    let more = Facts {
        resource_type: maybe(r, 2, |r| r.pick(TYPES)),
        codes: maybe(r, 2, |r| &CODES[from..(from + r.below(3)).min(CODES.len())]),
        names: names(r),
        refers_to: names(r),
        referred_by: names(r),
        authors: names(r),
    };
    ItemFacts { more, ..row(r) }
}

pub(super) fn request<'a>(r: &mut Random, actors: &'a [Recipient; 4]) -> Request<'a> {
    let from = r.below(4);
    Request {
        scope: scope(r.below(2) as u8),
        actors: &actors[from..(from + r.below(4)).min(4)],
        purpose: r.pick(PURPOSES),
        outside: maybe(r, 8, |r| r.below(2)).and_then(|i| OutsidePurpose::new(OUTSIDE[i].0, OUTSIDE[i].1)),
        action: r.pick(ACTIONS),
        now: time(r),
        clock_behind: r.one_in(8),
        fresh: !r.one_in(8),
        understands: if r.one_in(4) { Obligations::NO_TRAINING } else { Obligations::from_bits(u32::MAX) },
    }
}
