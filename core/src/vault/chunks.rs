//! Chunks of samples under a permit that is bounded in time: opened, and cut down to what lies
//! within before anything of them is shown, summed up or counted.

use super::permitted::Visible;
use crate::catalog::{FactRow, Order, Presence, Query, series};
use crate::crypto::context::Class;
use crate::error::Result;
use crate::record::{ClassFilter, Kind, Sample, Verdict};
use core::cmp::Reverse;

impl Visible<'_> {
    /// The samples of a chunk that may be seen, in order of start.
    pub(super) fn admitted(&self, row: &FactRow) -> Result<Vec<Sample>> {
        if row.fact.kind != Kind::Series {
            return Ok(Vec::new());
        }
        let verdict = self.filter.judge(&row.class);
        if verdict == Verdict::Nothing {
            return Ok(Vec::new());
        }
        let mut buffer = self.buffer.borrow_mut();
        self.scope.open_object(&self.inner.base, self.txn, Class::Series, &row.object, &mut buffer)?;
        let mut samples = series::decode(&buffer)?;
        if let Verdict::Within(ranges) = verdict {
            samples = series::within(samples, &ranges);
        }
        // A chunk keeps the order of its file.
        samples.sort_by_key(|s| (s.start, s.at));
        Ok(samples)
    }

    /// What is left of the chunks that a period governs and a query asks for, in no order.
    pub(super) fn cut_rows(&self, query: &Query) -> Result<Vec<FactRow>> {
        if !self.view.cuts(query) {
            return Ok(Vec::new());
        }
        let mut out = Vec::new();
        for fact in self.view.cut_facts(query) {
            let id = fact.record().id();
            let known = self.cut.borrow().get(&id).cloned();
            let row = match known {
                Some(row) => row,
                None => {
                    let row = self.cut_row(fact.to_row())?;
                    self.cut.borrow_mut().insert(id, row.clone());
                    row
                }
            };
            let asked = |r: &FactRow| {
                let at = r.fact.when.map(|w| w.at);
                query.from.is_none_or(|t| at.is_some_and(|at| at >= t))
                    && query.to.is_none_or(|t| at.is_some_and(|at| at < t))
            };
            out.extend(row.filter(asked));
        }
        Ok(out)
    }

    fn cut_row(&self, mut row: FactRow) -> Result<Option<FactRow>> {
        if !matches!(self.filter.judge(&row.class), Verdict::Within(_)) {
            return Ok(Some(row));
        }
        // Also where all begin within: a row does not tell when the longest of them ends.
        let samples = self.admitted(&row)?;
        Ok(series::cut(&mut row, &samples).then_some(row))
    }

    /// As the catalog answers, with what is left of cut chunks in its place.
    pub(super) fn query_with_cut(&self, query: &Query) -> Result<Vec<FactRow>> {
        let limit = if query.limit == 0 { 0 } else { query.limit.saturating_add(query.skip) };
        let mut rows = self.view.query(&Query { limit, skip: 0, ..query.clone() });
        rows.extend(self.cut_rows(query)?);
        let at = |r: &FactRow| r.fact.when.map_or(0, |w| w.at);
        match query.order {
            Order::OldestFirst => rows.sort_by_key(|r| (r.fact.when.is_none(), at(r), r.record, r.part)),
            Order::NewestFirst => rows.sort_by_key(|r| (r.fact.when.is_none(), Reverse(at(r)), r.record, r.part)),
        }
        let limit = if query.limit == 0 { usize::MAX } else { query.limit };
        Ok(rows.into_iter().skip(query.skip).take(limit).collect())
    }

    /// What is there, cut chunks by what is left of them.
    pub(super) fn presence_with_cut(&self) -> Result<Vec<Presence>> {
        let mut lines = self.view.presence(&mut |class| self.raise(class));
        let mut rows = self.cut_rows(&Query::default())?;
        rows.iter().for_each(|row| self.raise(&row.class));
        // The newest last: its words are the line's.
        rows.sort_by_key(|r| (r.fact.when.map(|w| w.at), Reverse(r.record)));
        for row in rows {
            let at = row.fact.when.map(|w| w.at);
            let (system, code) = row.fact.codes.first().map_or(("", ""), |c| (&c.system, &c.code));
            let of_row = |p: &Presence| {
                (p.category, p.kind, p.system.as_str(), p.code.as_str())
                    == (row.fact.category, row.fact.kind, system, code)
                    && (!row.fact.codes.is_empty() || p.text == row.fact.text)
            };
            match lines.iter_mut().find(|p| of_row(p)) {
                Some(line) => {
                    line.count += 1;
                    line.first = [line.first, at].into_iter().flatten().min();
                    if at >= line.last {
                        line.last = at;
                        line.text.clone_from(&row.fact.text);
                    }
                }
                None => lines.push(Presence {
                    category: row.fact.category,
                    kind: row.fact.kind,
                    system: system.to_owned(),
                    code: code.to_owned(),
                    text: row.fact.text.clone(),
                    display: String::new(),
                    names: Vec::new(),
                    count: 1,
                    first: at,
                    last: at,
                }),
            }
        }
        lines.sort();
        Ok(lines)
    }
}
