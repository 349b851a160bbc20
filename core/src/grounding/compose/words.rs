//! What a question names and no table or no list has: looked for among the records' own words.

use super::super::concepts::{Area, Concept};
use super::super::dictionary::{self, Wanted};
use super::super::family;
use super::super::find::{self, Finder, Seek};
use super::super::fold;
use super::super::lists;
use super::super::net;
use super::super::page::Block;
use super::super::question::{Rest, Said, Topic};
use super::super::remarks::{names, partly, unmatched};
use super::{Draft, ELSEWHERE, Item};
use crate::error::Result;
use std::collections::BTreeSet;

impl Draft<'_> {
    /// Words that no table knows, looked for among the records' own words, clause by clause: those of
    /// clauses about allergies, or the others. What a table knows of the same clause, and is missed,
    /// goes with them: a pain is looked for as the pain of a joint.
    pub(super) fn rest(&mut self, allergic: bool) -> Result<()> {
        let view = self.view;
        if view.plan.cut && !allergic {
            self.missing.push("other".to_owned());
            self.absent.push(view.say(
                "the end of the question was not read: it is too long",
                "la fin de la question n'a pas été lue : elle est trop longue",
            ));
        }
        for rest in view.plan.rest.iter().filter(|r| view.plan.allergic.contains(&r.clause) == allergic) {
            let seek: Vec<String> = rest.seek.iter().filter(|w| names(w) && !family::is_word(w)).cloned().collect();
            if seek.is_empty() && rest.drugs.is_empty() && rest.words.iter().any(|w| family::is_word(w)) {
                continue;
            }
            let mut wanted = dictionary::wanted(&seek);
            wanted.extend(rest.drugs.iter().map(|(said, drug)| Wanted::of(said, Some(*drug))));
            let missed: Vec<&Said> =
                view.plan.said.iter().filter(|s| s.clause == rest.clause && self.missed(s)).collect();
            wanted.extend(missed.iter().map(|s| s.wanted()));
            // "The ratio of urea to creatinine": beside what is named and found it says nothing.
            if !rest.bare && rest.beside.is_empty() && wanted.iter().all(|w| w.vague) {
                continue;
            }
            let longest = if missed.is_empty() { usize::MAX } else { find::NAME };
            let said = view.plan.said.iter().filter(|s| s.clause == rest.clause).flat_map(|s| &s.words);
            let every: Vec<String> = rest.words.iter().chain(said).filter(|w| names(w)).cloned().collect();
            let whole = if allergic { &[] } else { every.as_slice() };
            let seek = Seek { longest, allergic, measured: view.plan.measured, whole, every: &every };
            let hits = self.finder()?.blocks(view, &wanted, seek)?;
            // Beside what is named and found, a part of the body that nothing has: "chest" of a pain.
            let said = rest.bare || rest.words.iter().any(|w| dictionary::is_body(w));
            let kin = !allergic && !hits.any && self.finder()?.of_relatives(&wanted);
            self.kin |= kin;
            let unmet = said && !hits.any && !kin;
            if unmet {
                self.missing.push("other".to_owned());
                self.absent.push(unmatched(view, rest, allergic)?);
            }
            // "LDL measured in Boston": what is named is shown, from wherever it is.
            let idle = !said && !hits.any && rest.beside.is_empty();
            let idle = rest.words.iter().filter(|w| idle && names(w) && w.len() <= 40 && net::limits(w));
            self.idle.extend(idle.cloned());
            // "Medications for my ankle": what has the word is shown, and the list is all that there is.
            let found: BTreeSet<&Item> = hits.blocks.iter().flat_map(Block::items).collect();
            let more = self.listed.iter().any(|i| !found.contains(i));
            let listed = view.plan.listed.contains(&rest.clause) && hits.any && !hits.whole && more;
            let wide = rest.words.iter().filter(|w| listed && names(w) && w.len() <= 40 && net::limits(w));
            self.idle.extend(wide.cloned());
            if hits.partly {
                self.absent.push(partly(view, &rest.words, &missed));
            } else if !rest.beside.is_empty() && !hits.whole && !unmet && (hits.told || !self.all_missed(rest)) {
                self.missing.push("other".to_owned());
                self.absent.push(partly(view, &rest.beside, &[]));
            }
            if hits.told {
                // What was found may have another word of the clause alone.
                for said in &missed {
                    if self.finder()?.speaks_of(view, &said.wanted(), longest)? {
                        self.miss_here(&said.concepts, ELSEWHERE);
                    }
                }
            }
            if allergic {
                self.told.extend(hits.blocks.iter().flat_map(Block::items));
            }
            let known = |b: &Block| !b.lines.is_empty() && b.items().all(|i| self.named.contains(i));
            let blocks = hits.blocks.into_iter().filter(|b| !known(b));
            if hits.whole && !rest.beside.is_empty() {
                // What has every word is what is asked for.
                let others = self.blocks.split_off(self.blocks.len().min(1));
                self.blocks.extend(blocks);
                self.blocks.extend(others);
            } else {
                self.blocks.extend(blocks);
            }
        }
        Ok(())
    }

    /// A marital status that stands in a result, not with the person.
    pub(super) fn status(&mut self) -> Result<Option<Block>> {
        let view = self.view;
        let words: Vec<String> = ["marital", "status"].map(str::to_owned).to_vec();
        let wanted = dictionary::wanted(&words);
        let seek = Seek { longest: find::NAME, allergic: false, measured: true, whole: &words, every: &words };
        let hits = self.finder()?.blocks(view, &wanted, seek)?;
        Ok(hits.blocks.into_iter().next().filter(|_| hits.whole))
    }

    /// Whether nothing of its own kind is on record for any of what some words name.
    fn missed(&self, said: &Said) -> bool {
        said.concepts.iter().all(|c| self.missing.iter().any(|m| m == c.key))
    }

    /// Whether all that a table knows of a clause is missed: nothing that follows has any of it.
    fn all_missed(&self, rest: &Rest) -> bool {
        let mut of = self.view.plan.said.iter().filter(|s| s.clause == rest.clause).peekable();
        of.peek().is_some() && of.all(|s| self.missed(s))
    }

    /// What is denied and what a relative has, where relatives are asked about: a flat denial above that would be a
    /// wrong no.
    pub(super) fn kin(&mut self) -> Result<()> {
        let view = self.view;
        for said in view.plan.said.iter() {
            if !self.missed(said) || !self.finder()?.of_relatives(&[said.wanted()]) {
                continue;
            }
            self.kin = true;
            let fr = "ce qui est dit des proches est ci-dessous";
            self.miss_here(&said.concepts, ["what is said of relatives follows", fr]);
        }
        Ok(())
    }

    /// All that can be found by its words, gone through once.
    pub(super) fn finder(&mut self) -> Result<&mut Finder> {
        let found = match self.finder.take() {
            Some(f) => f,
            None => Finder::new(self.view)?,
        };
        Ok(self.finder.insert(found))
    }

    /// What a table knows and nothing of its own kind is on record for: its words may stand in
    /// another kind of record. That it is missing stays said.
    pub(super) fn elsewhere(&mut self) -> Result<()> {
        let view = self.view;
        let vaccines = view.plan.topics.contains(&Topic::Immunizations);
        for said in &view.plan.said {
            if !self.missed(said) || view.plan.rest.iter().any(|r| r.clause == said.clause) {
                continue;
            }
            let allergic = view.plan.allergic.contains(&said.clause);
            self.look_for(&said.concepts, said.wanted(), allergic)?;
        }
        self.substances()?;
        let missed = |draft: &Self, c: &Concept| draft.missing.iter().any(|m| m == c.key);
        // A vaccine can be on record by a brand that no list here has.
        if !vaccines && view.plan.concepts.iter().any(|c| c.area == Area::Immunization && missed(self, c)) {
            self.blocks.extend(lists::topic(view, Topic::Immunizations, 4, false, &BTreeSet::new())?);
        }
        Ok(())
    }

    /// "Iron level": of several that a word means some are there; what is missed may be taken.
    fn substances(&mut self) -> Result<()> {
        let view = self.view;
        let of = |s: &&Said| s.concepts.len() > 1;
        for c in view.plan.said.iter().filter(of).flat_map(|s| &s.concepts).filter(|c| dictionary::is_substance(c)) {
            if !self.missing.iter().any(|m| m == c.key) {
                continue;
            }
            self.look_for(&[*c], Wanted::of(&fold::words(c.en), Some(*c)), false)?;
        }
        Ok(())
    }

    /// Shows what speaks of concepts that are missed, and says that it does.
    fn look_for(&mut self, missed: &[&'static Concept], wanted: Wanted, allergic: bool) -> Result<()> {
        let view = self.view;
        let seek = Seek { longest: find::NAME, allergic, measured: view.plan.measured, whole: &[], every: &[] };
        let hits = self.finder()?.blocks(view, &[wanted], seek)?;
        if hits.told {
            self.miss_here(missed, ELSEWHERE);
        }
        self.blocks.extend(hits.blocks);
        Ok(())
    }
}
