//! Questions to a catalog through a row filter: what the filter refuses is in no list, count,
//! presence or total.
//!
//! A chunk of samples that a period governs is in none of them either: it may hold samples from
//! outside, and its sums count them. [`View::cut_facts`] names such chunks for whoever can open
//! them and leave the rest out.

use super::fact::{Fact, RecordRef};
use super::lean::{Lean, LeanRows};
use super::query::{FactRow, Order, Presence, Query};
use super::segment::SetLine;
use super::store::{Catalog, RecordSet, Slot};
use crate::record::{ClassFilter, DecisionClass, Kind, Status, Verdict, lies_within, whole};
use core::cmp::Ordering;
use core::ops::Range;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, binary_heap::PeekMut};

/// A catalog as one reader may see it. Each class is judged once, when the view is made.
pub(crate) struct View<'a> {
    catalog: &'a Catalog,
    /// By the catalog's number of the class.
    verdicts: Vec<Verdict>,
}

/// What a query lets through, by class.
enum Admit<'v> {
    No,
    All,
    Within(&'v [(i64, i64)]),
    /// Chunks that reach into a range.
    Reaching(&'v [(i64, i64)]),
}

/// What a row must pass: the filter and the query, the codes aside.
struct Gate<'v> {
    admit: Vec<Admit<'v>>,
    from: Option<i64>,
    to: Option<i64>,
    include_errors: bool,
    standing: bool,
}

impl Gate<'_> {
    /// Whether a segment's class can have rows that pass.
    fn admits(&self, slot: &Slot, class: u32) -> bool {
        !matches!(self.of(slot, class), None | Some(Admit::No))
    }

    fn of(&self, slot: &Slot, class: u32) -> Option<&Admit<'_>> {
        slot.classes.get(class as usize).and_then(|c| self.admit.get(*c as usize))
    }

    /// The code sets that a query can find rows in.
    fn sets(&self, slot: &Slot, query: &Query, mut f: impl FnMut(u32)) {
        if query.codes.is_empty() {
            // A set without a row of an admitted class is not even looked at.
            let mut last = None;
            for line in slot.segment.lines() {
                if last != Some(line.set) && self.admits(slot, line.class) {
                    last = Some(line.set);
                    f(line.set);
                }
            }
            return;
        }
        let mut sets = Vec::new();
        for (system, code) in &query.codes {
            slot.segment.sets_with(system, code, &mut sets);
        }
        sets.sort_unstable();
        sets.dedup();
        sets.into_iter().for_each(&mut f);
    }

    #[inline]
    fn passes(&self, slot: &Slot, row: usize, dated: bool) -> bool {
        let (s, rows) = (&slot.segment, &slot.segment.rows);
        let admitted = match self.of(slot, rows.class.id(row)) {
            None | Some(Admit::No) => false,
            Some(Admit::All) => true,
            Some(Admit::Within(ranges)) => {
                let at = s.at(row);
                // Most are outside by their beginning: only the others are looked at to their end.
                dated
                    && ranges.iter().any(|(a, b)| *a <= at && at < *b)
                    && whole(s.when(row), s.until(row)).is_some_and(|d| lies_within(ranges, d))
            }
            Some(Admit::Reaching(ranges)) => {
                let first = s.at(row);
                let last = s.until(row).map_or(first, |w| w.at.max(first));
                dated && ranges.iter().any(|(a, b)| *a <= last && first < *b)
            }
        };
        admitted
            && (self.include_errors || !rows.any_errors || rows.status.get(row) != Status::EnteredInError as u64)
            && (!self.standing || rows.status.get(row) != Status::NotDone as u64)
            && (!slot.any_dead() || slot.is_live(rows.record.id(row)))
    }

    /// The dated and the undated rows of a set that lie in the query's period.
    fn rows(&self, slot: &Slot, set: u32) -> (Range<usize>, Range<usize>) {
        let all = slot.segment.rows_of_set(set);
        let mid = slot.segment.dated_end(set).clamp(all.start, all.end.max(all.start));
        let (mut dated, mut undated) = (all.start..mid, mid..all.end);
        if self.from.is_some() || self.to.is_some() {
            undated.end = undated.start;
            let times = slot.segment.rows.at.get(dated.clone()).unwrap_or(&[]);
            let start = self.from.map_or(0, |t| times.partition_point(|at| *at < t));
            let end = self.to.map_or(times.len(), |t| times.partition_point(|at| *at < t));
            dated = dated.start + start..dated.start + end.max(start);
        }
        (dated, undated)
    }
}

impl<'a> View<'a> {
    /// The catalog through a filter.
    pub(crate) fn new(catalog: &'a Catalog, filter: &dyn ClassFilter) -> Self {
        Self { catalog, verdicts: catalog.classes().iter().map(|c| filter.judge(c)).collect() }
    }

    /// Whether every fact of a record may be seen: only then may its body be.
    pub(crate) fn sees_whole(&self, record: RecordRef<'_>) -> bool {
        // History has no facts that a filter could look at, nor has what is kept verbatim alone.
        if record.is_history() || record.facts().next().is_none() {
            return false;
        }
        if self.verdicts.iter().all(|v| *v == Verdict::All) {
            return true;
        }
        record.facts().all(|fact| self.sees(&fact))
    }

    /// Whether any fact of a record may be seen: whether it exists, that is.
    pub(crate) fn sees_any(&self, record: RecordRef<'_>) -> bool {
        self.seen_of(record).next().is_some()
    }

    /// The facts of a record that may be seen.
    pub(crate) fn seen_of<'r>(&self, record: RecordRef<'r>) -> impl Iterator<Item = Fact<'r>> {
        record.facts().filter(|fact| self.sees(fact))
    }

    fn sees(&self, fact: &Fact<'_>) -> bool {
        let id = fact.slot.segment.rows.class.id(fact.row) as usize;
        let class = fact.slot.classes.get(id).and_then(|c| self.verdicts.get(*c as usize));
        class.is_some_and(|v| match v {
            // A chunk may reach out of a period.
            Verdict::Within(_) if fact.kind() == Kind::Series => false,
            v => v.passes(whole(fact.when(), fact.until())),
        })
    }

    fn gate(&self, query: &Query) -> Gate<'_> {
        self.gate_of(query, |class, verdict| match verdict {
            Verdict::Within(_) if class.kind == Kind::Series => Admit::No,
            verdict if asks(query, class) => Admit::of(verdict),
            _ => Admit::No,
        })
    }

    fn gate_of<'v>(&'v self, query: &Query, f: impl Fn(&DecisionClass, &'v Verdict) -> Admit<'v>) -> Gate<'v> {
        Gate {
            admit: self.catalog.classes().iter().zip(&self.verdicts).map(|(c, v)| f(c, v)).collect(),
            from: query.from,
            to: query.to,
            include_errors: query.include_errors,
            standing: query.standing,
        }
    }

    /// Whether a query asks for chunks of samples that a period governs.
    pub(crate) fn cuts(&self, query: &Query) -> bool {
        let cut = |(c, v): (&DecisionClass, &Verdict)| {
            c.kind == Kind::Series && matches!(v, Verdict::Within(_)) && asks(query, c)
        };
        self.catalog.classes().iter().zip(&self.verdicts).any(cut)
    }

    /// The chunks that a period governs and that reach into it, whatever dates, order and bounds
    /// the query asks for: those are for what is left of them.
    pub(crate) fn cut_facts(&self, query: &Query) -> Vec<Fact<'a>> {
        let whole = Query { from: None, to: None, limit: 0, skip: 0, ..query.clone() };
        let gate = self.gate_of(&whole, |class, verdict| match verdict {
            Verdict::Within(ranges) if class.kind == Kind::Series && asks(query, class) => Admit::Reaching(ranges),
            _ => Admit::No,
        });
        self.through(&gate, &whole, |_, _| true)
    }

    /// Facts that match, in the order asked for; nothing is copied.
    pub(crate) fn query_facts(&self, query: &Query) -> Vec<Fact<'a>> {
        self.through(&self.gate(query), query, |_, _| true)
    }

    /// As [`query_facts`](Self::query_facts), of the facts of some records of the same catalog:
    /// `limit` and `skip` count those.
    pub(crate) fn query_facts_of(&self, query: &Query, records: &RecordSet) -> Vec<Fact<'a>> {
        let keep = |slot, f: &Fact<'a>| records.holds(slot, f.slot.segment.rows.record.id(f.row));
        self.through(&self.gate(query), query, keep)
    }

    fn through(&self, gate: &Gate<'_>, query: &Query, keep: impl Fn(usize, &Fact<'a>) -> bool) -> Vec<Fact<'a>> {
        let mut cursors = Vec::new();
        for (age, slot) in self.catalog.slots().iter().enumerate() {
            gate.sets(slot, query, |set| {
                let (dated, undated) = gate.rows(slot, set);
                let fact = Fact { slot, set, row: 0 };
                let mut cursor = Cursor { age, fact, dated, run: 0..0, undated, order: query.order, at: None };
                if cursor.advance(gate) {
                    cursors.push(cursor);
                }
            });
        }
        let mut heap = BinaryHeap::from(cursors);
        let (mut skip, mut out) = (query.skip, Vec::new());
        while let Some(mut top) = heap.peek_mut() {
            if !keep(top.age, &top.fact) {
            } else if skip > 0 {
                skip -= 1;
            } else {
                out.push(top.fact);
                if out.len() == query.limit {
                    break;
                }
            }
            if !top.advance(gate) {
                PeekMut::pop(top);
            }
        }
        out
    }

    /// Rows that match, without their words.
    pub(crate) fn lean(&self, query: &Query) -> LeanRows {
        let mut facts = Vec::new();
        let slots = self.catalog.slots();
        for fact in self.query_facts(query) {
            let slot = slots.iter().position(|s| core::ptr::eq(s, fact.slot)).unwrap_or(usize::MAX);
            facts.push((slot as u32, fact));
        }
        LeanRows::of_facts(&facts)
    }

    /// All of a row of [`lean`](Self::lean).
    pub(crate) fn whole(&self, row: &Lean) -> Option<FactRow> {
        let slot = self.catalog.slots().get(row.place.0 as usize)?;
        let at = row.place.1 as usize;
        let set = (at < slot.segment.facts()).then(|| slot.segment.set_of(at))?;
        let fact = Fact { slot, set, row: at };
        let gate = self.gate(&Query { include_errors: true, ..Query::default() });
        let passes = gate.passes(slot, at, at < slot.segment.dated_end(set));
        (passes && fact.record().id() == row.record && fact.part() == row.part).then(|| fact.to_row())
    }

    /// Rows that match, owned.
    pub(crate) fn query(&self, query: &Query) -> Vec<FactRow> {
        self.query_facts(query).into_iter().map(Fact::to_row).collect()
    }

    /// How many match, `limit` and `skip` aside; `seen` is told of each class that is among them.
    pub(crate) fn count(&self, query: &Query, seen: &mut dyn FnMut(&DecisionClass)) -> u64 {
        let gate = self.gate(query);
        let mut n = 0;
        for slot in self.catalog.slots() {
            let ids = &slot.segment.rows.class;
            let mut met = vec![false; slot.classes.len()];
            gate.sets(slot, query, |set| {
                let (dated, undated) = gate.rows(slot, set);
                let rows = dated.map(|r| (r, true)).chain(undated.map(|r| (r, false)));
                for (row, _) in rows.filter(|(r, dated)| gate.passes(slot, *r, *dated)) {
                    n += 1;
                    if let Some(m) = met.get_mut(ids.id(row) as usize) {
                        *m = true;
                    }
                }
            });
            let met = slot.classes.iter().zip(met).filter(|(_, met)| *met);
            met.filter_map(|(class, _)| self.catalog.classes().get(*class as usize)).for_each(&mut *seen);
        }
        n
    }

    /// What is there: one line per (category, kind, first code); where there is no code, the
    /// source's words stand for it. Otherwise the words are those of the newest fact, or else its
    /// first code's. `seen` is told of each class that is among them.
    pub(crate) fn presence(&self, seen: &mut dyn FnMut(&DecisionClass)) -> Vec<Presence> {
        let gate = self.gate(&Query::default());
        let mut lines: BTreeMap<LineKey<'_>, (Line<'a>, BTreeSet<&str>)> = BTreeMap::new();
        for slot in self.catalog.slots() {
            for line in slot.lines().iter().filter_map(|of| gate.line(slot, of)) {
                let fact = line.newest;
                let class = fact.class();
                seen(&class);
                let (system, code, text) = match fact.codes().iter().next() {
                    Some(c) => (c.system, c.code, ""),
                    None => ("", "", fact.text()),
                };
                let called = fact.codes().iter().map(|c| c.display).filter(|d| !d.is_empty());
                match lines.entry(((class.category, class.kind), system, code, text)) {
                    Entry::Occupied(mut sum) => {
                        let (sum, names) = sum.get_mut();
                        sum.add(line);
                        names.extend(called);
                    }
                    Entry::Vacant(place) => {
                        place.insert((line, called.collect()));
                    }
                }
            }
        }
        type Of<'a> = (LineKey<'a>, (Line<'a>, BTreeSet<&'a str>));
        let line = |(((category, kind), system, code, _), (line, names)): Of<'_>| {
            let display = line.newest.codes().iter().next().map_or("", |c| c.display);
            let text = match line.newest.text() {
                "" => display,
                text => text,
            };
            Presence {
                category,
                kind,
                system: system.to_owned(),
                code: code.to_owned(),
                text: text.to_owned(),
                display: display.to_owned(),
                names: names.into_iter().map(str::to_owned).collect(),
                count: line.count,
                first: line.span.map(|s| s.0),
                last: line.span.map(|s| s.1),
            }
        };
        lines.into_iter().map(line).collect()
    }
}

type DecisionKey = (crate::record::Category, crate::record::Kind);

/// Category and kind, the system and the code of the first code, and the words where there is none.
type LineKey<'a> = (DecisionKey, &'a str, &'a str, &'a str);

/// Whether a query asks for facts of a class.
fn asks(query: &Query, class: &DecisionClass) -> bool {
    (query.categories.is_empty() || query.categories.contains(&class.category))
        && (query.kinds.is_empty() || query.kinds.contains(&class.kind))
}

impl<'v> Admit<'v> {
    fn of(verdict: &'v Verdict) -> Self {
        match verdict {
            Verdict::Nothing => Self::No,
            Verdict::All => Self::All,
            Verdict::Within(ranges) => Self::Within(ranges),
        }
    }
}

impl Gate<'_> {
    /// What may be seen of a segment's line: as it was summed up where all or nothing of it may,
    /// row by row where a period cuts it.
    fn line<'a>(&self, slot: &'a Slot, of: &SetLine) -> Option<Line<'a>> {
        let fact = Fact { slot, set: of.set, row: of.newest as usize };
        let span = of.span();
        match self.of(slot, of.class)? {
            Admit::No | Admit::Reaching(_) => None,
            Admit::All if of.count() == 0 => None,
            Admit::All => Some(Line { count: of.count(), span, newest: fact }),
            Admit::Within(ranges) => {
                let (first, last) = span?;
                // The span is of beginnings: what began within may end outside.
                let reaches = ranges.iter().any(|(a, b)| *a <= last && first < *b);
                let rows = reaches
                    .then(|| self.rows(slot, of.set).0)?
                    .filter(|row| of.holds(&slot.segment, *row) && self.passes(slot, *row, true));
                let mut out: Option<Line<'a>> = None;
                for row in rows {
                    let line = Line::of(Fact { row, ..fact });
                    match &mut out {
                        Some(sum) => sum.add(line),
                        None => out = Some(line),
                    }
                }
                out
            }
        }
    }
}

/// A line of "what is there" while it is summed up.
struct Line<'a> {
    count: u64,
    span: Option<(i64, i64)>,
    newest: Fact<'a>,
}

impl<'a> Line<'a> {
    /// Of one dated row.
    fn of(fact: Fact<'a>) -> Self {
        let at = fact.slot.segment.at(fact.row);
        Self { count: 1, span: Some((at, at)), newest: fact }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        let last = |l: &Self| l.span.map(|s| s.1);
        let newer = match last(&other).cmp(&last(self)) {
            Ordering::Equal => other.newest.tie(&self.newest).is_lt(),
            order => order.is_gt(),
        };
        if newer {
            self.newest = other.newest;
        }
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
}

/// Goes through the passing rows of one code set of one segment.
struct Cursor<'a> {
    age: usize,
    fact: Fact<'a>,
    /// Dated rows that are left, ascending in time.
    dated: Range<usize>,
    /// Newest first: rows of one time, which come in their own order.
    run: Range<usize>,
    undated: Range<usize>,
    order: Order,
    /// Time of the row it stands on.
    at: Option<i64>,
}

impl Cursor<'_> {
    /// To the next row that passes; `false` at the end.
    fn advance(&mut self, gate: &Gate<'_>) -> bool {
        while let Some((row, dated)) = self.step() {
            if gate.passes(self.fact.slot, row, dated) {
                self.fact.row = row;
                self.at = dated.then(|| self.fact.slot.segment.at(row));
                return true;
            }
        }
        false
    }

    fn step(&mut self) -> Option<(usize, bool)> {
        if self.order == Order::OldestFirst {
            if let Some(row) = self.dated.next() {
                return Some((row, true));
            }
        } else {
            if self.run.is_empty() && !self.dated.is_empty() {
                let end = self.dated.end;
                let segment = &self.fact.slot.segment;
                let at = segment.at(end - 1);
                let mut start = end - 1;
                if start > self.dated.start && segment.at(start - 1) == at {
                    let times = segment.rows.at.get(self.dated.clone()).unwrap_or(&[]);
                    start = start.min(self.dated.start + times.partition_point(|t| *t < at));
                }
                self.dated.end = start;
                self.run = start..end;
            }
            if let Some(row) = self.run.next() {
                return Some((row, true));
            }
        }
        self.undated.next().map(|row| (row, false))
    }

    /// Which row comes first: by time, undated last; then in the order in which records came.
    fn rank(&self, other: &Self) -> Ordering {
        let time = match (self.at, other.at) {
            (Some(a), Some(b)) if self.order == Order::OldestFirst => a.cmp(&b),
            (a, b) if self.order == Order::OldestFirst => b.is_some().cmp(&a.is_some()),
            (a, b) => b.cmp(&a),
        };
        time.then_with(|| self.fact.tie(&other.fact)).then_with(|| self.age.cmp(&other.age))
    }
}

impl Ord for Cursor<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.rank(self)
    }
}

impl PartialOrd for Cursor<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cursor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cursor<'_> {}
