//! What a consent decision looks at, and the filter that a query is given.

use super::{Category, Kind, ResourceType};
use crate::label::{Confidentiality, Obligations, Sensitivities};

/// Who stands behind a record, as far as a decision cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Author {
    /// The source file.
    Source = 0,
    /// The person.
    Person = 1,
    /// An assistant.
    Assistant = 2,
}

impl Author {
    /// From its number.
    #[must_use]
    pub const fn from_u8(n: u8) -> Option<Self> {
        Some(match n {
            0 => Self::Source,
            1 => Self::Person,
            2 => Self::Assistant,
            _ => return None,
        })
    }
}

/// Everything about a fact that a rule can ask for, but its date: few distinct ones exist, so the
/// catalog interns them and rules run once per class, not once per row.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DecisionClass {
    /// Category.
    pub category: Category,
    /// Kind.
    pub kind: Kind,
    /// Confidentiality.
    pub confidentiality: Confidentiality,
    /// Sensitivities, as stored bits (ordered, hashable).
    pub sensitivities: u32,
    /// What the record itself obliges its reader to, as stored bits.
    pub obligations: u32,
    /// Author.
    pub author: Author,
    /// The type of the resource that its record is, also where the fact tells of something in it.
    pub resource: ResourceType,
}

silent_debug!(DecisionClass);

impl DecisionClass {
    /// The sensitivities.
    #[must_use]
    pub const fn sensitivities(&self) -> Sensitivities {
        Sensitivities::from_bits(self.sensitivities)
    }

    /// The obligations.
    #[must_use]
    pub const fn obligations(&self) -> Obligations {
        Obligations::from_bits(self.obligations)
    }
}

/// What a filter says of a class.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of it may be seen.
    Nothing,
    /// All of it may be seen.
    All,
    /// Only facts that lie within one of these half-open ranges (milliseconds since the epoch) from
    /// beginning to end; a fact without a date is outside. Ranges may overlap: one alone must hold
    /// the fact.
    Within(Vec<(i64, i64)>),
}

silent_debug!(Verdict);

impl Verdict {
    /// Whether a fact passes, given its first and its last millisecond.
    #[must_use]
    pub fn passes(&self, dated: Option<(i64, i64)>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Within(ranges) => dated.is_some_and(|d| lies_within(ranges, d)),
        }
    }

    /// What both let through.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, v) | (v, Self::All) => v,
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::Within(a), Self::Within(b)) => {
                let both = |x: &(i64, i64), y: &(i64, i64)| (x.0.max(y.0), x.1.min(y.1));
                let all = a.iter().flat_map(|x| b.iter().map(move |y| both(x, y)));
                let ranges: Vec<(i64, i64)> = all.filter(|(from, to)| from < to).collect();
                if ranges.is_empty() { Self::Nothing } else { Self::Within(ranges) }
            }
        }
    }
}

/// Whether one of these half-open ranges holds all from a first to a last millisecond.
pub(crate) fn lies_within(ranges: &[(i64, i64)], (first, last): (i64, i64)) -> bool {
    ranges.iter().any(|(a, b)| *a <= first && last < *b)
}

/// The row filter: policy compiles one, the catalog asks it once per class and query. Every row,
/// count, page and total goes through it.
pub trait ClassFilter {
    /// What may be seen of a class.
    fn judge(&self, class: &DecisionClass) -> Verdict;
}

/// Lets everything through: for the vault's own bookkeeping, which releases nothing.
#[derive(Debug, Clone, Copy)]
pub struct Everything;

impl ClassFilter for Everything {
    fn judge(&self, _: &DecisionClass) -> Verdict {
        Verdict::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop_oneof![
            Just(Verdict::Nothing),
            Just(Verdict::All),
            prop::collection::vec((0i64..40, 1i64..9), 1..4)
                .prop_map(|v| Verdict::Within(v.into_iter().map(|(a, n)| (a, a + n)).collect())),
        ]
    }

    proptest! {
        #[test]
        fn both_let_through_what_each_does(a in verdict(), b in verdict(), at in prop::option::of((-1i64..60, 0i64..6))) {
            let dated = at.map(|(first, n)| (first, first + n));
            prop_assert_eq!(a.clone().and(b.clone()).passes(dated), a.passes(dated) && b.passes(dated));
        }
    }
}
