//! Finding by what is said beside a name, and by what a result has as its value.

use super::dictionary::{self, Wanted};
use super::find::{Finder, names};
use super::fold;
use super::view::View;
use crate::error::Result;
use crate::id::RecordId;
use crate::record::{FactDraft, Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The words of a record's names, and from a place on those of what is said beside them.
pub(super) struct Noted {
    words: Vec<String>,
    from: usize,
}

impl Noted {
    pub(super) fn of(fact: &FactDraft) -> Option<Self> {
        let mut words: Vec<String> = names(fact).flatten().collect();
        let from = words.len();
        words.extend(fold::words(&fact.note));
        (words.len() > from).then_some(Self { words, from })
    }

    /// Of how many words that are wanted it has the like, some of them in the note alone; and whether it has all of
    /// `every`.
    pub(super) fn says(&self, wanted: &[Wanted], every: &[String]) -> Option<(usize, bool)> {
        // A reaction can be what is measured elsewhere: a pain.
        let says = |w: &Wanted, words: &[String]| w.is_in(words, Kind::Other);
        let note = self.words.get(self.from..).unwrap_or_default();
        let plain = wanted.iter().all(|w| w.vague);
        if !wanted.iter().any(|w| (plain || !w.vague) && says(w, note)) {
            return None;
        }
        let weight = wanted.iter().filter(|w| says(w, &self.words)).map(|w| w.weight).sum();
        let has = |w: &String| self.words.iter().any(|n| fold::alike(w, n) || dictionary::one(w, n));
        Some((weight, !every.is_empty() && every.iter().all(has)))
    }
}

/// What has the most of what is wanted, where some of it stands beside a name or in a value alone.
#[derive(Default)]
pub(super) struct Beside {
    /// How much of it; 0 where nothing has any.
    pub(super) weight: usize,
    /// Which of what is there.
    pub(super) codes: BTreeSet<usize>,
    /// Whether one of these has every word.
    pub(super) has_all: bool,
}

impl Beside {
    fn add(&mut self, weight: usize, has_all: bool, codes: impl IntoIterator<Item = usize>) {
        if weight > self.weight {
            *self = Self { weight, ..Self::default() };
        }
        if weight == self.weight && weight > 0 {
            self.has_all |= has_all;
            self.codes.extend(codes);
        }
    }
}

/// The values of one record that say any of what is wanted, and the names of its results.
#[derive(Default)]
struct Says {
    values: Vec<String>,
    names: Vec<String>,
    /// The results that do.
    codes: BTreeSet<usize>,
}

impl Finder {
    /// What has it in its name and in what is said beside it: "anaphylaxis", "as needed".
    pub(super) fn noted(&self, wanted: &[Wanted], every: &[String]) -> Beside {
        let mut out = Beside::default();
        for (i, n) in self.codes.iter().enumerate().filter(|(_, n)| !n.notes.is_empty()) {
            if let Some((weight, all)) = n.notes.iter().filter_map(|note| note.says(wanted, every)).max() {
                out.add(weight, all, [i]);
            }
        }
        out
    }

    /// Results that say it in a value: a germ, a finding, an insurance; with the names of all results of their
    /// record. Every result is read, so only where names do not have all of it.
    pub(super) fn valued(&self, view: &View<'_>, wanted: &[Wanted], every: &[String]) -> Result<Beside> {
        let results = || self.codes.iter().enumerate().filter(|(_, n)| n.thing.kind == Kind::Observation);
        let mut records: BTreeMap<RecordId, Says> = BTreeMap::new();
        for (i, n) in results() {
            for row in view.presence_rows(&n.thing)?.rows {
                if matches!(row.fact.value, Value::Quantity(_) | Value::None) {
                    continue;
                }
                let words: Vec<String> = match view.facts.whole(&row)?.fact.value {
                    Value::Text(t) => fold::words(&t),
                    Value::Coded(codes, t) => {
                        codes.iter().map(|c| &c.display).chain([&t]).flat_map(|t| fold::words(t)).collect()
                    }
                    _ => continue,
                };
                let said = Noted { words, from: 0 };
                if said.says(wanted, &[]).is_some() {
                    let of = records.entry(row.record).or_default();
                    of.values.extend(said.words);
                    of.codes.insert(i);
                }
            }
        }
        if records.is_empty() {
            return Ok(Beside::default());
        }
        for (_, n) in results() {
            for row in view.presence_rows(&n.thing)?.rows {
                if let Some(of) = records.get_mut(&row.record) {
                    of.names.extend(n.names.iter().flatten().cloned());
                }
            }
        }
        let mut out = Beside::default();
        for Says { values, names, codes } in records.into_values() {
            let from = names.len();
            let said = Noted { words: names.into_iter().chain(values).collect(), from };
            if let Some((weight, all)) = said.says(wanted, every) {
                out.add(weight, all, codes);
            }
        }
        Ok(out)
    }
}
