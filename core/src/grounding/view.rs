//! The filtered view as a question sees it: which rows are a concept's, and how values print.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::concepts::{self, Concept};
use super::fence::Fence;
use super::number::local;
use super::period::{DAY_MS, Period};
use super::question::Plan;
use super::{Item, Options, fold};
use crate::catalog::{FactRow, Facts, Lean, LeanRows, Order, Presence, Query};
use crate::error::Result;
use crate::id::{RecordId, civil_from_days};
use crate::lang::Lang;
use crate::record::{Category, FactDraft, Kind, Precision, Quantity, Status, Value, When};

/// Everything that blocks are made from.
pub(super) struct View<'a> {
    pub(super) facts: &'a dyn Facts,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    pub(super) fence: &'a Fence,
    pub(super) lang: Lang,
    /// Local day number of now.
    pub(super) today: i64,
    presence: OnceCell<Vec<Presence>>,
    shown: RefCell<BTreeMap<Item, Rc<FactRow>>>,
    reasons: OnceCell<BTreeMap<RecordId, Vec<FactRow>>>,
}

/// Whether a row is what a record of something else says of a condition: a reason, or where it has a note
/// what that tells, as a complication.
pub(super) fn is_beside(row: &FactRow) -> bool {
    row.part > 0 && row.fact.kind == Kind::Other
}

/// The point that a comparison turns on.
pub(super) struct Event {
    pub(super) name: String,
    pub(super) when: When,
    pub(super) row: FactRow,
}

impl<'a> View<'a> {
    pub(super) fn new(
        facts: &'a dyn Facts,
        plan: &'a Plan,
        options: &'a Options,
        fence: &'a Fence,
        today: i64,
    ) -> Self {
        Self {
            facts,
            plan,
            options,
            fence,
            lang: plan.lang,
            today,
            presence: OnceCell::new(),
            shown: RefCell::default(),
            reasons: OnceCell::new(),
        }
    }

    /// English or French.
    pub(super) fn say(&self, en: impl Into<String>, fr: impl Into<String>) -> String {
        match self.lang {
            Lang::En => en.into(),
            Lang::Fr => fr.into(),
        }
    }

    /// So many of something.
    pub(super) fn many(&self, n: impl Into<u64>, en: [&str; 2], fr: [&str; 2]) -> String {
        let n: u64 = n.into();
        let [one, more] = match self.lang {
            Lang::En => en,
            Lang::Fr => fr,
        };
        // French counts none in the singular too.
        let single = n == 1 || (n == 0 && self.lang == Lang::Fr);
        format!("{n} {}", if single { one } else { more })
    }

    /// The colon after a heading or a date.
    pub(super) const fn colon(&self) -> &'static str {
        match self.lang {
            Lang::En => ": ",
            Lang::Fr => " : ",
        }
    }

    /// What is there, read once.
    pub(super) fn presence(&self) -> Result<&[Presence]> {
        if let Some(p) = self.presence.get() {
            return Ok(p);
        }
        let mut p = self.facts.presence()?;
        p.sort();
        Ok(self.presence.get_or_init(|| p))
    }

    /// The codes of a measure, and whether the words of some uncoded result are its own.
    fn measure_codes(&self, concept: &Concept) -> Result<(Vec<(String, String)>, bool)> {
        let mut codes: Vec<(String, String)> = concept.query_codes().collect();
        let known = concepts::measures_by_code();
        let mut bare = false;
        for p in self.presence()? {
            if !concept.kinds().contains(&p.kind) || known.contains_key(p.code.as_str()) {
                continue;
            }
            // Words decide where no code does, and the first concept of the table that they fit; where
            // the record's own fit none, they do so together with the name of its code.
            let own = concepts::of_fact(p.kind, &[], &p.text);
            let both = || concepts::of_fact(p.kind, &[], &format!("{} {}", p.text, p.display));
            if own.or_else(both).is_some_and(|c| c.key == concept.key) {
                if p.code.is_empty() { bare = true } else { codes.push((p.system.clone(), p.code.clone())) }
            }
        }
        Ok((codes, bare))
    }

    /// The results of a measure, oldest first and undated ones last.
    pub(super) fn measure_rows(&self, concept: &Concept) -> Result<LeanRows> {
        let (codes, bare) = self.measure_codes(concept)?;
        let kinds = vec![Kind::Observation];
        let asked = Query { codes: codes.clone(), kinds: kinds.clone(), ..Query::default() };
        self.within(&asked, &|period| {
            let mut rows = self
                .facts
                .lean(&self.ask(Query { codes: codes.clone(), kinds: kinds.clone(), ..Query::default() }, period))?;
            if bare {
                let mut all = self.facts.lean(&self.ask(Query { kinds: kinds.clone(), ..Query::default() }, period))?;
                all.retain_heads(|f| is_uncoded(f) && concept.has_words(&fold::words(&f.text)));
                rows.extend(all);
            }
            Ok(rows)
        })
    }

    /// The chunks of samples of a measure: those that can reach into a period, or all.
    pub(super) fn series_rows(&self, concept: &Concept, period: Option<&Period>) -> Result<Vec<FactRow>> {
        let (codes, _) = self.measure_codes(concept)?;
        self.facts.query(&self.ask(Query { codes, kinds: vec![Kind::Series], ..Query::default() }, period))
    }

    /// Rows of the period that is asked; where none lies in it all rows, the latest of which says
    /// where to look. An event is compared with all of them.
    ///
    /// Where some of what is `asked` has no date, all too: of these nothing tells that they lie
    /// outside.
    fn within(&self, asked: &Query, read: &dyn Fn(Option<&Period>) -> Result<LeanRows>) -> Result<LeanRows> {
        let Some(period) = self.plan.narrowed() else { return read(None) };
        let dated = Query { from: Some(i64::MIN), ..asked.clone() };
        if self.facts.count(asked)? > self.facts.count(&dated)? {
            return read(None);
        }
        let rows = read(Some(period))?;
        if rows.rows.iter().any(|r| r.fact.when.as_ref().is_some_and(|w| period.covers(w))) {
            return Ok(rows);
        }
        read(None)
    }

    /// All of a row of which a line shows more than its number.
    pub(super) fn whole(&self, row: &Lean) -> Result<Rc<FactRow>> {
        let key = (row.record, row.part);
        if let Some(known) = self.shown.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let whole = Rc::new(self.facts.whole(row)?);
        self.shown.borrow_mut().insert(key, Rc::clone(&whole));
        Ok(whole)
    }

    /// The rows of one code as the source gives it, with these words where there is no code.
    pub(super) fn presence_rows(&self, p: &Presence) -> Result<LeanRows> {
        let codes = if p.code.is_empty() { Vec::new() } else { vec![(p.system.clone(), p.code.clone())] };
        let query = Query { codes, kinds: vec![p.kind], categories: vec![p.category], ..Query::default() };
        // Only results are computed with: of anything else every word is listed.
        self.within(&query, &|period| {
            let mut rows = match p.kind {
                Kind::Observation => self.facts.lean(&self.ask(query.clone(), period))?,
                _ => LeanRows::of_rows(self.facts.query(&self.ask(query.clone(), None))?),
            };
            if p.code.is_empty() {
                rows.retain_heads(|f| is_uncoded(f) && f.text == p.text);
            }
            Ok(rows)
        })
    }

    /// Reads what medications, procedures and visits are for: facts of the conditions, beside those of
    /// the thing itself.
    pub(super) fn read_reasons(&self) -> Result<()> {
        if self.reasons.get().is_some() {
            return Ok(());
        }
        let query = Query { kinds: vec![Kind::Other], categories: vec![Category::Conditions], ..Query::default() };
        let mut out: BTreeMap<RecordId, Vec<FactRow>> = BTreeMap::new();
        for row in self.facts.query(&self.ask(query, None))? {
            if is_beside(&row) && row.fact.note.is_empty() {
                out.entry(row.record).or_default().push(row);
            }
        }
        self.reasons.get_or_init(|| out);
        Ok(())
    }

    /// What something is for, as its record says; none before they are read.
    pub(super) fn reasons(&self, row: &FactRow) -> &[FactRow] {
        self.reasons.get().and_then(|all| all.get(&row.record)).map_or(&[], Vec::as_slice)
    }

    /// Every row of a kind, oldest first.
    pub(super) fn kind_rows(&self, kind: Kind) -> Result<Vec<FactRow>> {
        self.facts.query(&self.ask(Query { kinds: vec![kind], ..Query::default() }, None))
    }

    /// Oldest first, within a period; its bounds are wider than it.
    /// A result that was cancelled or not done is no value: no query for measures returns one.
    fn ask(&self, query: Query, period: Option<&Period>) -> Query {
        let (mut from, to) = period.map_or((None, None), Period::query_bounds);
        if query.kinds.contains(&Kind::Series) {
            // A chunk that begins before the period can reach into it; it is a month at most.
            from = from.map(|f| f.saturating_sub(32 * DAY_MS));
        }
        let standing = query.kinds.contains(&Kind::Observation);
        if standing {
            // A result of a year or a month may lie in it.
            from = from.map(super::period::year_start);
        }
        Query { order: Order::OldestFirst, from, to, standing, ..query }
    }

    /// The rows of a listed concept: a medication, a condition, a vaccine.
    pub(super) fn listed_rows(&self, concept: &Concept) -> Result<Vec<FactRow>> {
        let mut out = Vec::new();
        for kind in concept.kinds() {
            let rows = self.kind_rows(*kind)?;
            // Few wordings, many rows.
            let mut known = HashMap::new();
            let hits: Vec<bool> = rows
                .iter()
                .map(|r| *known.entry((&r.fact.codes, &r.fact.text)).or_insert_with(|| is(concept, &r.fact)))
                .collect();
            out.extend(rows.into_iter().zip(hits).filter_map(|(row, hit)| hit.then_some(row)));
        }
        Ok(out)
    }

    /// Whether a fact is what the question asks to leave out.
    pub(super) fn left_out(&self, fact: &FactDraft) -> bool {
        let allergy = fact.kind == Kind::Allergy;
        let words = if allergy { fold::words(&fact.text) } else { Vec::new() };
        let excluded = |c: &&'static Concept| {
            // "Besides penicillin": an allergy is told by what it is to.
            (c.kinds().contains(&fact.kind) && is(c, fact)) || (allergy && c.has_words(&words))
        };
        self.plan.excluded.iter().any(excluded)
    }

    /// Text of a file, fenced; a dash where nothing readable is left.
    pub(super) fn quote(&self, text: &str) -> String {
        let q = self.fence.quote(text);
        if q.is_empty() { "–".to_owned() } else { q }
    }

    /// The words a source uses for a fact.
    pub(super) fn source_words(&self, fact: &FactDraft) -> String {
        let text = text(fact);
        if text.is_empty() {
            return fact.codes.first().map_or_else(|| "–".to_owned(), |c| self.quote(&c.code));
        }
        self.quote(text)
    }

    /// What must be said wherever a value is shown: that it is not, or no longer, the first word,
    /// or that its date cannot be right.
    pub(super) fn mark(&self, fact: &FactDraft) -> String {
        let mark = match fact.status {
            Status::Preliminary => self.say(", preliminary", ", provisoire"),
            Status::Amended => self.say(", amended", ", corrigé"),
            _ => String::new(),
        };
        mark + &self.mark_ahead(fact)
    }

    /// That a fact is dated after now; empty where it is not.
    pub(super) fn mark_ahead(&self, fact: &FactDraft) -> String {
        if self.ahead(fact) { self.say(" (dated in the future)", " (daté dans le futur)") } else { String::new() }
    }

    /// The date of a fact, marked where it lies ahead.
    pub(super) fn dated(&self, fact: &FactDraft) -> String {
        self.date(fact.when.as_ref()) + &self.mark_ahead(fact)
    }

    /// Whether a fact is dated after now; where only a day is stated, after today.
    pub(super) fn ahead(&self, fact: &FactDraft) -> bool {
        fact.when.as_ref().is_some_and(|w| match w.precision {
            Precision::Year | Precision::Month | Precision::Day => super::period::days(w).0 > self.today,
            _ => w.at > self.options.now.as_millis(),
        })
    }

    /// A value with its unit, digit for digit.
    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::Quantity(q) => self.quantity(q),
            Value::Coded(codes, text) if text.trim().is_empty() => {
                self.quote(codes.first().map_or("", |c| if c.display.is_empty() { &c.code } else { &c.display }))
            }
            Value::Coded(_, text) | Value::Text(text) => self.quote(text),
            Value::Bool(b) => {
                if *b {
                    self.say("yes", "oui")
                } else {
                    self.say("no", "non")
                }
            }
            Value::None => self.say("no value", "sans valeur"),
        }
    }

    /// `<92.10 mg/dL`
    pub(super) fn quantity(&self, q: &Quantity) -> String {
        let number = local(self.lang, &q.number.to_string());
        let unit = self.unit(q);
        let gap = if unit.is_empty() { "" } else { " " };
        format!("{}{number}{gap}{unit}", q.comparator.sign())
    }

    /// The unit as reported: plain where it is a unit, fenced where it could be anything.
    pub(super) fn unit(&self, q: &Quantity) -> String {
        self.unit_text(if q.unit.is_empty() { &q.ucum } else { &q.unit })
    }

    /// As [`unit`](Self::unit).
    pub(super) fn unit_text(&self, unit: &str) -> String {
        let unit = unit.trim();
        // UCUM's unity is no unit to read.
        if matches!(unit, "" | "1") {
            String::new()
        } else if UNITS.contains(&format!(" {unit} ")) && !unit.contains(' ') {
            // As reported, `mm[Hg]` too: nothing of the table can pass for a citation.
            unit.to_owned()
        } else {
            self.fence.quote(unit)
        }
    }

    /// `2014-03-02`, as precisely as stated.
    pub(super) fn date(&self, when: Option<&When>) -> String {
        when.map_or_else(|| self.say("undated", "sans date"), When::to_local_date)
    }

    /// Civil date of a local day number.
    pub(super) fn day(&self, day: i64) -> String {
        let (y, m, d) = civil_from_days(day);
        format!("{y:04}-{m:02}-{d:02}")
    }

    /// "12 years", where it is a year or more ago.
    pub(super) fn age(&self, when: &When) -> Option<String> {
        let (y, m, d) = civil_from_days(super::period::days(when).0);
        let (ny, nm, nd) = civil_from_days(self.today);
        let years = ny - y - i64::from((nm, nd) < (m, d));
        match years {
            1.. if self.lang == Lang::En => Some(format!("{years} year{}", if years == 1 { "" } else { "s" })),
            1.. => Some(format!("{years} an{}", if years == 1 { "" } else { "s" })),
            _ => None,
        }
    }
}

/// Whether a fact has no code by which it is counted: a coding can be a name alone.
pub(super) fn is_uncoded(fact: &FactDraft) -> bool {
    fact.codes.first().is_none_or(|c| c.code.is_empty())
}

/// The words of a fact: its text, or else what its codes are called. A text that is nothing but one
/// of its codes is none.
pub(super) fn text(fact: &FactDraft) -> &str {
    let text = fact.text.trim();
    if !concepts::is_bare(text, &fact.codes) {
        return text;
    }
    fact.codes.iter().map(|c| c.display.trim()).find(|d| !d.is_empty()).unwrap_or_default()
}

/// Whether a fact is this concept, by any of its codes, by its words, or by these together with what
/// its codes are called: a text can be a brand, a code's name the ingredient.
pub(super) fn is(concept: &Concept, fact: &FactDraft) -> bool {
    if fact.codes.iter().any(|c| concept.has_code(c)) {
        return true;
    }
    concept.has_words(&fold::words(&fact.text)) || concept.has_words(&concepts::all_words(&fact.text, &fact.codes))
}

/// "d'amlodipine", "de statine": French elides before a vowel and, in the names at hand, an h.
pub(super) fn de(name: &str) -> String {
    let first = fold::words(name).first().and_then(|w| w.chars().next());
    let elided = first.is_some_and(|c| "aeiouh".contains(c));
    format!("{}{name}", if elided { "d'" } else { "de " })
}

/// Where a fact stands among others of one date: in the order in which its file, and the files, came (what was
/// sealed anew, because something that shared its key was erased, comes last). Ids are those of one space, and
/// a text is to be the same in another one that holds the same.
pub(super) fn place(r: &FactRow) -> (u64, u16) {
    (r.object.number, r.part)
}

/// Earliest first, undated last; equal dates in the order of their [`place`].
pub(super) fn sort(rows: &mut [FactRow]) {
    rows.sort_by_key(order);
}

/// As [`sort`].
pub(super) fn order(r: &FactRow) -> (bool, i64, (u64, u16)) {
    (r.fact.when.is_none(), r.fact.when.map_or(0, |w| w.at), place(r))
}

/// Units that may stand in a line unfenced. Anything else is quoted.
const UNITS: &str = " mg/dL mg/dl g/dL g/dl g/L g/l mg/L mg/l ug/dL µg/dL μg/dL ug/L µg/L μg/L ug/l µg/l ng/mL ng/ml ng/dL ng/dl ng/L pg/mL pg/ml pg/dL \
pg fg fL fl um3 mmol/L mmol/l umol/L µmol/L μmol/L umol/l µmol/l nmol/L nmol/l pmol/L pmol/l mol/L mmol/mol mEq/L meq/L mosm/kg U/L U/l UI/L IU/L IU/l [iU]/L \
m[IU]/L mIU/L mU/L mUI/L u[IU]/mL uIU/mL µIU/mL mIU/mL IU/mL [IU]/mL kU/L kU/l U/mL ukat/L % %{ofTotal} 10*3/uL 10*6/uL 10*9/L 10*12/L 10^3/uL 10^6/uL 10^9/L 10^12/L x10^9/L G/L T/L /uL /mm3 /mm³ \
K/uL M/uL mL/min mL/min/{1.73_m2} mL/min/1.73m2 mL/min/1.73_m2 mL/min/{1.73} mL/min/1.73m² mm/h mm/hr s sec ratio {ratio} {INR} INR mm[Hg] mmHg cmH2O cm m mm in [in_i] ft kg g lb [lb_av] lbs st kg/m2 kg/m² \
Cel °C degC [degF] °F degF /min {beats}/min beats/min bpm count/min count count/hr breaths/min {breaths}/min {score} 1 min h hr d ms kcal kJ Cal kcal/hr·kg km mi km/hr km/h m/s mL/min·kg mL/kg/min \
mL ml L l dBASPL dB {#} # pH mg/g mg/mmol ug/mg mg/24h mmol<180.1558800000541>/L W ";
