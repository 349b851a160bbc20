//! What became of each record of a source.

use super::issue::{Issue, MemberName, Severity, What};
use std::collections::{BTreeMap, BTreeSet};

/// Counts of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TypeCount {
    /// New in the space.
    pub imported: u64,
    /// Known already: the source was added to the record that was there.
    pub linked: u64,
    /// A newer version of what was known: it is shown from now on, the older one is kept.
    pub replaced: u64,
    /// An older version of what is known, or of what the same file holds: kept, not shown.
    pub superseded: u64,
    /// Not imported, each with an issue.
    pub refused: u64,
}

/// What an import did, per type, with every place where something was repaired or refused. Its
/// [`Debug`](core::fmt::Debug) shows counts: the name of a type can tell what a person measures.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Report {
    /// Per type name: a FHIR resource type or an Apple type identifier that the file uses.
    pub types: BTreeMap<String, TypeCount>,
    /// Issues, in the order met, up to [`Limits::issues`](super::Limits::issues).
    pub issues: Vec<Issue>,
    /// The names of the archive members that the listed issues are in; empty for a plain file.
    pub members: BTreeMap<u32, MemberName>,
    /// How many issues of each sort there were, listed or not.
    pub issue_counts: BTreeMap<(Severity, What), u64>,
    /// Typed facts added.
    pub facts: u64,
    /// Bytes of the input as given.
    pub bytes: u64,
    /// The very same file was imported before: nothing was done.
    pub already_imported: bool,
    /// Consents from elsewhere that permit nothing from now on, until the person confirms them: the file tells of
    /// another patient than they do.
    pub held_back: u64,
}

impl core::fmt::Debug for Report {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Report")
            .field("imported", &self.imported())
            .field("linked", &self.linked())
            .field("issues", &self.issue_counts)
            .field("already_imported", &self.already_imported)
            .finish_non_exhaustive()
    }
}

impl Report {
    /// Notes an issue; beyond `max` it is only counted.
    pub fn issue(&mut self, max: usize, severity: Severity, what: What, member: u32, offset: u64) {
        *self.issue_counts.entry((severity, what)).or_default() += 1;
        if self.issues.len() < max {
            self.issues.push(Issue { severity, what, member, offset });
        }
    }

    /// Keeps the names of those members alone that a listed issue is in.
    pub(crate) fn trim_members(&mut self) {
        let met: BTreeSet<u32> = self.issues.iter().map(|i| i.member).collect();
        self.members.retain(|member, _| met.contains(member));
    }

    /// Adds to the counts of a type.
    pub(crate) fn tally(&mut self, type_name: &str, add: impl FnOnce(&mut TypeCount)) {
        match self.types.get_mut(type_name) {
            Some(count) => add(count),
            // Only a type's first record pays for its name.
            None => add(self.types.entry(type_name.to_owned()).or_default()),
        }
    }

    /// New in the space.
    #[must_use]
    pub fn imported(&self) -> u64 {
        self.types.values().map(|t| t.imported).sum()
    }

    /// Known already.
    #[must_use]
    pub fn linked(&self) -> u64 {
        self.types.values().map(|t| t.linked).sum()
    }

    /// Newer versions of what was known.
    #[must_use]
    pub fn replaced(&self) -> u64 {
        self.types.values().map(|t| t.replaced).sum()
    }

    /// Older versions, kept and not shown.
    #[must_use]
    pub fn superseded(&self) -> u64 {
        self.types.values().map(|t| t.superseded).sum()
    }

    /// Adds what another report counted; its issues are listed up to `max`.
    pub(crate) fn add(&mut self, other: Self, max: usize) {
        for (name, n) in other.types {
            self.tally(&name, |c| {
                c.imported += n.imported;
                c.linked += n.linked;
                c.replaced += n.replaced;
                c.superseded += n.superseded;
                c.refused += n.refused;
            });
        }
        for (what, n) in other.issue_counts {
            *self.issue_counts.entry(what).or_default() += n;
        }
        let room = max.saturating_sub(self.issues.len());
        self.issues.extend(other.issues.into_iter().take(room));
        self.members.extend(other.members);
        self.facts += other.facts;
    }

    /// Not imported.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.issue_counts.iter().filter(|((s, _), _)| *s == Severity::Refused).map(|(_, n)| n).sum()
    }

    /// Read with a repair.
    #[must_use]
    pub fn repaired(&self) -> u64 {
        self.issue_counts.iter().filter(|((s, _), _)| *s == Severity::Repaired).map(|(_, n)| n).sum()
    }
}
