//! Whose data it is: a space has one subject, pinned at the first import.

use crate::crypto::hash::sha256;
use crate::error::{Error, Result};
use crate::id::Identity;
use crate::record::SubjectHint;
use crate::vault::tx::Work;
use std::collections::BTreeSet;

/// Everybody that the records of a file are about.
#[derive(Default)]
pub(crate) struct Subjects {
    persons: BTreeSet<Identity>,
    references: BTreeSet<Identity>,
}

/// More than a file about one person ever names.
const MOST: usize = 4096;

impl Subjects {
    pub(crate) fn add(&mut self, hint: &SubjectHint) {
        if let Some(p) = hint.person
            && self.persons.len() < MOST
        {
            self.persons.insert(p);
        }
        if let Some(r) = hint.reference
            && self.references.len() < MOST
        {
            self.references.insert(r);
        }
    }
}

/// Checks a file against the pinned subject, and pins what it adds. The hash of the subject where
/// it was settled just now.
///
/// A name and birth date decide where both sides have them. References alone decide where that is
/// all there is: another server's reference to the same person needs the person's confirmation.
pub(crate) fn check(work: &mut Work, seen: &Subjects, confirmed: bool) -> Result<Option<[u8; 32]>> {
    let m = &mut work.manifest;
    let shares = |pinned: &[Identity], seen: &BTreeSet<Identity>| pinned.iter().any(|p| seen.contains(p));
    let first = m.persons.is_empty() && m.references.is_empty();
    let same = if first {
        seen.persons.len() <= 1
    } else if !seen.persons.is_empty() && !m.persons.is_empty() {
        seen.persons.len() == 1 && shares(&m.persons, &seen.persons)
    } else if !seen.references.is_empty() && !m.references.is_empty() {
        shares(&m.references, &seen.references)
    } else {
        true
    };
    if !same && !confirmed {
        return Err(Error::OtherSubject);
    }
    for (pinned, seen) in [(&mut m.persons, &seen.persons), (&mut m.references, &seen.references)] {
        for s in seen {
            if !pinned.contains(s) && pinned.len() < MOST {
                pinned.push(*s);
            }
        }
    }
    if !first || m.persons.is_empty() && m.references.is_empty() {
        return Ok(None);
    }
    // Salted with the log's own key: nobody who sees the entry can test a name against it.
    let names: Vec<&[u8]> = m.persons.iter().chain(&m.references).map(|i| &i.as_bytes()[..]).collect();
    let mut parts: Vec<&[u8]> = vec![m.log_key.expose()];
    parts.extend(names);
    Ok(Some(sha256(&parts)))
}
