//! What a segment holds, summed up once: a segment never changes.

use super::Segment;
use crate::record::Status;

/// Rows of one code set and class; where the set has no code, of one wording.
#[derive(Clone, Copy)]
pub(in crate::catalog) struct SetLine {
    pub(in crate::catalog) set: u32,
    /// The segment's number of the class.
    pub(in crate::catalog) class: u32,
    /// 0 where the set has codes.
    text: u32,
    coded: bool,
    /// Rows with a date, those entered in error aside.
    pub(in crate::catalog) dated: u32,
    /// Rows without.
    undated: u32,
    first: i64,
    last: i64,
    /// The row of the last date; of equals the first by record id and part.
    pub(in crate::catalog) newest: u32,
}

impl SetLine {
    pub(in crate::catalog) fn count(&self) -> u64 {
        u64::from(self.dated) + u64::from(self.undated)
    }

    /// First and last date.
    pub(in crate::catalog) fn span(&self) -> Option<(i64, i64)> {
        (self.dated > 0).then_some((self.first, self.last))
    }

    /// Whether a row of its set is one of its rows.
    pub(in crate::catalog) fn holds(&self, segment: &Segment, row: usize) -> bool {
        let rows = &segment.rows;
        rows.class.id(row) == self.class && (self.coded || rows.text.id(row) == self.text)
    }
}

impl Segment {
    /// What is there, retired or not: by code set. A line without a row that counts stands for
    /// rows entered in error.
    pub(in crate::catalog) fn lines(&self) -> &[SetLine] {
        self.lines.get_or_init(|| self.sum_up(|_| true).into())
    }

    /// The lines of the records that `live` lets through.
    pub(in crate::catalog) fn sum_up(&self, live: impl Fn(u32) -> bool) -> Vec<SetLine> {
        let rows = &self.rows;
        let mut out: Vec<SetLine> = Vec::new();
        let mut by_key = std::collections::HashMap::<(u32, u32), usize, super::super::index::Seeded>::default();
        for set in 0..rows.set_ends.len() as u32 {
            let all = self.rows_of_set(set);
            let dated_end = self.dated_end(set);
            let coded = !self.words.members(set).is_empty();
            by_key.clear();
            // Neighbours mostly are of one line.
            let mut last: Option<((u32, u32), usize)> = None;
            for row in all {
                let record = rows.record.id(row);
                if !live(record) {
                    continue;
                }
                let (class, text) = (rows.class.id(row), if coded { 0 } else { rows.text.id(row) });
                let at = match last {
                    Some((key, at)) if key == (class, text) => at,
                    _ => *by_key.entry((class, text)).or_insert_with(|| {
                        let newest = row as u32;
                        out.push(SetLine { set, class, text, coded, dated: 0, undated: 0, first: 0, last: 0, newest });
                        out.len() - 1
                    }),
                };
                last = Some(((class, text), at));
                if rows.any_errors && rows.status.get(row) == Status::EnteredInError as u64 {
                    continue;
                }
                if let Some(line) = out.get_mut(at) {
                    self.count_row(line, row, row < dated_end);
                }
            }
        }
        out
    }

    /// Rows come in order of time, the undated ones last.
    fn count_row(&self, line: &mut SetLine, row: usize, dated: bool) {
        let before = |other: u32| {
            let key = |r: usize| (self.record_id(self.rows.record.id(r)), self.rows.part.get(r));
            key(row) < key(other as usize)
        };
        if dated {
            let at = self.at(row);
            if line.dated == 0 || at > line.last || (at == line.last && before(line.newest)) {
                line.newest = row as u32;
            }
            line.first = if line.dated == 0 { at } else { line.first.min(at) };
            line.last = if line.dated == 0 { at } else { line.last.max(at) };
            line.dated += 1;
        } else {
            if line.count() == 0 || (line.dated == 0 && before(line.newest)) {
                line.newest = row as u32;
            }
            line.undated += 1;
        }
    }
}
