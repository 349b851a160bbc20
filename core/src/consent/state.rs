//! Which consents stand: the newest version of each series, whatever its status.

use super::fhir::{ConsentDoc, ConsentStatus};
use super::read::{ReadConsent, Reads};
use super::rule::{Effect, Rule, Rules, Validity};
use crate::id::{GrantId, Timestamp};
use crate::label::Purpose;
use std::collections::{BTreeMap, BTreeSet};

/// What the vault knows of a version besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Read, and verified against the ledger.
    Read {
        /// The consent.
        doc: Box<ConsentDoc>,
        /// How often it was used.
        used: u32,
        /// Whether the hash of its notice stands in the ledger.
        notice_logged: bool,
    },
    /// One from elsewhere.
    Imported {
        /// The consent.
        consent: Box<ReadConsent>,
        /// How often it was used.
        used: u32,
        /// Whether the hash of its own notice stands in the ledger.
        notice_logged: bool,
    },
    /// It cannot be read or verified: it refuses everything until a newer version replaces it.
    Unusable,
}

/// Where a grant stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In force.
    InForce,
    /// It begins later.
    NotYet,
    /// It is over.
    Expired,
    /// The person withdrew it.
    Withdrawn,
    /// It was used as often as it allows.
    UsedUp,
    /// It cannot be read or verified.
    Unusable,
    /// The space was restored, or goes on without its anchor: whether it was withdrawn since is not
    /// known; or it is from elsewhere, and data came since that refers to another patient. It permits nothing
    /// until the person confirms it; what it refuses is refused.
    Suspended,
    /// It counts uses or is for emergencies, and the space has no anchor here: an older copy of the file would
    /// bring uses back. It permits nothing until there is one.
    Unanchored,
}

impl Standing {
    /// The word for it, the same in every language that the library is called from.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::NotYet => "not-yet",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::UsedUp => "used-up",
            Self::Unusable => "unusable",
            Self::Suspended => "suspended",
            Self::Unanchored => "unanchored",
        }
    }
}

/// The consents of a space.
///
/// Versions may be added in any order: the result is the same.
#[derive(Clone, Debug, Default)]
pub struct ConsentState(BTreeMap<GrantId, (u64, Kept)>, BTreeSet<GrantId>, BTreeSet<GrantId>);

impl ConsentState {
    /// Takes in one version of a series. `series` and `version` are those of the row it was kept
    /// in, not of its text; where the two differ a grant of ours is unusable. So are two different texts
    /// of one version.
    pub fn add(&mut self, series: GrantId, version: u64, kept: Kept) {
        let kept = match kept {
            Kept::Read { doc, .. } if (doc.meta.series, doc.meta.version) != (series, version) => Kept::Unusable,
            // Which series one from elsewhere is of is told when it is filed: a newer text may have other identifiers.
            Kept::Imported { consent, used, notice_logged } => {
                Kept::Imported { consent: Box::new(consent.filed_under(series)), used, notice_logged }
            }
            kept => kept,
        };
        match self.0.get_mut(&series) {
            Some((newest, _)) if *newest > version => {}
            Some((newest, old)) if *newest == version => {
                let same = match (&*old, kept) {
                    (
                        Kept::Read { doc: a, used: m, notice_logged: x },
                        Kept::Read { doc: b, used: n, notice_logged: y },
                    ) if *a == b => Kept::Read { doc: b, used: n.max(*m), notice_logged: *x && y },
                    (
                        Kept::Imported { consent: a, used: m, notice_logged: x },
                        Kept::Imported { consent: b, used: n, notice_logged: y },
                    ) if *a == b => Kept::Imported { consent: b, used: n.max(*m), notice_logged: *x && y },
                    _ => Kept::Unusable,
                };
                *old = same;
            }
            _ => {
                self.0.insert(series, (version, kept));
            }
        }
    }

    /// Takes a grant as withdrawn whatever its newest version says.
    pub fn withdraw_here(&mut self, series: GrantId) {
        match self.0.get_mut(&series) {
            Some((_, Kept::Read { doc, .. })) => doc.meta.status = ConsentStatus::Inactive,
            Some((_, Kept::Imported { consent, .. })) => consent.withdraw(),
            _ => {}
        }
    }

    /// Takes what a grant permits as withdrawn: by a handle that cannot file a new version. What a consent from
    /// elsewhere refuses is not that handle's to lift.
    pub fn withdraw_permits(&mut self, series: GrantId) {
        match self.0.get(&series) {
            Some((_, Kept::Imported { .. })) => _ = self.2.insert(series),
            _ => self.withdraw_here(series),
        }
    }

    /// Takes these as suspended: they permit nothing.
    pub fn suspend(&mut self, grants: impl IntoIterator<Item = GrantId>) {
        self.1.extend(grants);
    }

    /// Says how often a version of a consent was used.
    pub fn used(&mut self, series: GrantId, version: u64, times: u32) {
        match self.0.get_mut(&series) {
            Some((newest, Kept::Read { used, .. } | Kept::Imported { used, .. })) if *newest == version => {
                *used = times
            }
            _ => {}
        }
    }

    /// Takes every counted grant as used up, but for one use of each of these: those that whoever
    /// asks has taken already.
    pub fn only_taken(&mut self, taken: &[GrantId]) {
        for (series, (_, kept)) in &mut self.0 {
            if let Kept::Read { used, .. } | Kept::Imported { used, .. } = kept {
                *used = if taken.contains(series) { used.saturating_sub(1) } else { u32::MAX };
            }
        }
    }

    /// The number of the newest version of a consent.
    #[must_use]
    pub fn version(&self, series: GrantId) -> Option<u64> {
        self.0.get(&series).map(|(version, _)| *version)
    }

    /// How often a grant can still be used; `None` where that is without bound, or there is none.
    #[must_use]
    pub fn uses_left(&self, series: GrantId) -> Option<u32> {
        match self.0.get(&series) {
            Some((_, Kept::Read { doc, used, .. })) => doc.spec.terms().uses.map(|n| n.saturating_sub(*used)),
            _ => None,
        }
    }

    /// The newest version of a grant; `None` where there is none or it is unusable.
    #[must_use]
    pub fn doc(&self, series: GrantId) -> Option<&ConsentDoc> {
        match self.0.get(&series) {
            Some((_, Kept::Read { doc, .. })) => Some(doc),
            _ => None,
        }
    }

    /// The newest version of a consent from elsewhere.
    #[must_use]
    pub fn imported(&self, series: GrantId) -> Option<&ReadConsent> {
        match self.0.get(&series) {
            Some((_, Kept::Imported { consent, .. })) => Some(consent),
            _ => None,
        }
    }

    /// Every grant, in order of its id.
    pub fn series(&self) -> impl Iterator<Item = GrantId> {
        self.0.keys().copied()
    }

    /// Whether a consent may let somebody in in an emergency.
    #[must_use]
    pub fn allows_glass(&self) -> bool {
        self.0.values().any(|(_, kept)| match kept {
            Kept::Read { doc, .. } => Purpose::BreakGlass.covers(doc.spec.terms().purpose),
            Kept::Imported { .. } => true,
            Kept::Unusable => false,
        })
    }

    /// The grants that were passed on under this one, and have not been withdrawn.
    pub fn children(&self, series: GrantId) -> impl Iterator<Item = GrantId> {
        let passed_on = move |kept: &Kept| match kept {
            Kept::Read { doc, .. } => doc.parent() == Some(series) && doc.meta.status == ConsentStatus::Active,
            _ => false,
        };
        self.0.iter().filter(move |(_, (_, kept))| passed_on(kept)).map(|(id, _)| *id)
    }

    /// The time for which a grant holds, cut to that of the one under which it was passed on;
    /// `None` where that one is withdrawn, gone, or does not reach so far.
    fn validity(&self, doc: &ConsentDoc) -> Option<Validity> {
        let own = doc.validity();
        let Some(parent) = doc.parent() else { return Some(own) };
        let parent = self.doc(parent).filter(|p| p.meta.status == ConsentStatus::Active)?;
        let around = parent.validity();
        let end = own.end.into_iter().chain(around.end).min();
        doc.spec.is_within(&parent.spec).then(|| Validity { start: own.start.max(around.start), end })
    }

    /// Until when a grant holds, that of the grant around it included: `None` where there is no such
    /// grant or it does not hold at all, `Some(None)` without an end.
    #[must_use]
    pub fn end(&self, series: GrantId) -> Option<Option<Timestamp>> {
        match self.imported(series) {
            Some(consent) => consent.permits_until(),
            None => self.validity(self.doc(series)?).map(|v| v.end),
        }
    }

    /// Where a grant stands.
    #[must_use]
    pub fn standing(&self, series: GrantId, now: Timestamp) -> Option<Standing> {
        let (_, kept) = self.0.get(&series)?;
        let (withdrawn, validity, uses, used) = match kept {
            Kept::Unusable => return Some(Standing::Unusable),
            Kept::Imported { consent, .. } if consent.reads() == Reads::Unusable => return Some(Standing::Unusable),
            Kept::Imported { consent, used, .. } => {
                let withdrawn = consent.reads() == Reads::Inactive || self.2.contains(&series);
                (withdrawn, consent.validity(), consent.uses(), used)
            }
            Kept::Read { doc, used, .. } => {
                let validity = self.validity(doc);
                let withdrawn = doc.meta.status == ConsentStatus::Inactive || validity.is_none();
                (withdrawn, validity.unwrap_or_default(), doc.spec.terms().uses, used)
            }
        };
        Some(if withdrawn {
            Standing::Withdrawn
        } else if validity.is_over(now) {
            Standing::Expired
        } else if self.1.contains(&series) {
            Standing::Suspended
        } else if uses.is_some_and(|n| *used >= n) {
            Standing::UsedUp
        } else if validity.holds(now) {
            Standing::InForce
        } else {
            Standing::NotYet
        })
    }

    /// The rules of every series that is not withdrawn and not over. Rules that begin later are
    /// among them: the decision looks at the time again, so they may be kept until a consent, a use
    /// or a notice is added (making them takes about 1 us per grant, deciding far less).
    #[must_use]
    pub fn rules_at(&self, now: Timestamp) -> Rules {
        let mut rules: Vec<Rule> = Vec::new();
        for (series, (version, kept)) in &self.0 {
            let only_refuses = self.1.contains(series) || self.2.contains(series);
            let from = rules.len();
            match kept {
                Kept::Unusable => rules.push(Rule::unusable(*series, *version)),
                Kept::Imported { consent, used, notice_logged } => {
                    rules.extend(consent.rules(*version, *used, *notice_logged));
                }
                Kept::Read { doc, used, notice_logged } if doc.meta.status == ConsentStatus::Active => {
                    let uses_left = doc.spec.terms().uses.map(|n| n.saturating_sub(*used));
                    let [deny, mut permit] = doc.rules(uses_left, *notice_logged);
                    rules.push(deny);
                    if let Some(validity) = self.validity(doc) {
                        permit.applies.validity = validity;
                        rules.push(permit);
                    }
                }
                Kept::Read { .. } => {}
            }
            if only_refuses {
                let own = rules.split_off(from);
                rules.extend(own.into_iter().filter(|r| r.effect == Effect::Deny));
            }
        }
        rules.retain(|r| !r.applies.validity.is_over(now));
        Rules::new(rules)
    }
}
