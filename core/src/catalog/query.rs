//! What can be asked of a catalog, and what comes back.

use super::lean::{Lean, LeanRows};
use crate::codec::cbor::Writer;
use crate::error::Result;
use crate::id::{RecordId, SourceId};
use crate::record::{Category, DecisionClass, FactDraft, Kind, Sample, Span};

/// Where a sealed object stands: only the vault can open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Row number.
    pub number: u64,
    /// Generation (high half) and the transaction's random word (low half): part of the sealing
    /// context.
    pub version: u64,
    /// Key group.
    pub group: u64,
}

/// One place that attests a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The partition's number for the source file.
    pub source: u32,
    /// Where in it.
    pub span: Span,
}

/// What is known of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// BLAKE3 of its bytes.
    pub id: SourceId,
    /// When it was imported, milliseconds since the epoch.
    pub imported_at: i64,
}

/// Summary of a chunk of wearable samples, kept beside it so that most questions need not open it.
#[derive(Clone, Copy, PartialEq)]
pub struct SeriesSummary {
    /// How many samples.
    pub count: u32,
    /// How many of them have a number.
    pub numbers: u32,
    /// Sum of the numbers.
    pub sum: f64,
    /// Least number.
    pub min: f64,
    /// Greatest number.
    pub max: f64,
}

silent_debug!(SeriesSummary);

/// One fact, owned.
#[derive(Clone, PartialEq)]
pub struct FactRow {
    /// The record that says it.
    pub record: RecordId,
    /// Position among that record's facts.
    pub part: u16,
    /// Where the record's body is.
    pub object: ObjectRef,
    /// Every place that attests the record, the first import first.
    pub origins: Vec<Origin>,
    /// What decisions look at.
    pub class: DecisionClass,
    /// What it says. For [`Kind::Series`], `codes[0]` is the type, `note` is the unit, `text` the
    /// source's name, `when`/`until` the first and last start.
    pub fact: FactDraft,
    /// For [`Kind::Series`].
    pub series: Option<SeriesSummary>,
    /// The word by which reports count the record: a FHIR resource type, an Apple element.
    pub type_name: String,
}

silent_debug!(FactRow);

/// In which order rows come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Order {
    /// Latest first; undated rows last.
    #[default]
    NewestFirst,
    /// Earliest first; undated rows last.
    OldestFirst,
}

/// A question to the catalog. Empty lists mean "any".
///
/// ```
/// use healthspace::catalog::Query;
/// let ldl = Query { codes: vec![("http://loinc.org".into(), "13457-7".into())], limit: 100, ..Query::default() };
/// assert_eq!(ldl.limit, 100);
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Any of these (system, code) pairs, among any of a fact's codes. An empty system matches any
    /// system.
    pub codes: Vec<(String, String)>,
    /// Any of these categories.
    pub categories: Vec<Category>,
    /// Any of these kinds.
    pub kinds: Vec<Kind>,
    /// Not before (milliseconds since the epoch).
    pub from: Option<i64>,
    /// Before.
    pub to: Option<i64>,
    /// At most so many rows; 0 is no bound.
    pub limit: usize,
    /// So many passing rows are skipped first.
    pub skip: usize,
    /// Order.
    pub order: Order,
    /// Also facts whose record was entered in error.
    pub include_errors: bool,
    /// Only facts that stand: none that were cancelled, refuted or not done.
    pub standing: bool,
}

silent_debug!(Query);

impl Query {
    /// Every field, in one way only: what a ledger entry hashes.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        // Destructured, so that a new field cannot be forgotten here.
        let Self { codes, categories, kinds, from, to, limit, skip, order, include_errors, standing } = self;
        let mut w = Writer::new();
        w.array(10).array(codes.len());
        for (system, code) in codes {
            w.text(system).text(code);
        }
        w.array(categories.len());
        for category in categories {
            w.uint(*category as u64);
        }
        w.array(kinds.len());
        for kind in kinds {
            w.uint(*kind as u64);
        }
        for time in [from, to] {
            match time {
                Some(at) => w.int(*at),
                None => w.null(),
            };
        }
        w.uint(*limit as u64).uint(*skip as u64).bool(*order == Order::OldestFirst);
        w.bool(*include_errors).bool(*standing);
        w.into_bytes()
    }
}

/// One line of "what is there".
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Presence {
    /// Category.
    pub category: Category,
    /// Kind.
    pub kind: Kind,
    /// System of the first code; may be empty.
    pub system: String,
    /// First code; may be empty.
    pub code: String,
    /// The source's words for it.
    pub text: String,
    /// What its first code is called there; may be empty.
    pub display: String,
    /// All that its codes are called there, ascending.
    pub names: Vec<String>,
    /// How many facts.
    pub count: u64,
    /// First date, milliseconds since the epoch.
    pub first: Option<i64>,
    /// Last date.
    pub last: Option<i64>,
}

silent_debug!(Presence);

/// A filtered view of the facts of a partition: what grounding is given. Rows that the filter
/// refuses do not exist here: not in lists, counts, presences or totals.
pub trait Facts {
    /// Rows that match.
    ///
    /// # Errors
    /// Where a segment cannot be read.
    fn query(&self, query: &Query) -> Result<Vec<FactRow>>;

    /// Rows that match, without what only a row that is shown needs.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn lean(&self, query: &Query) -> Result<LeanRows> {
        self.query(query).map(LeanRows::of_rows)
    }

    /// All of a row of [`lean`](Self::lean).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn whole(&self, row: &Lean) -> Result<FactRow> {
        Ok(row.row.clone())
    }

    /// How many match, `limit` and `skip` aside.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn count(&self, query: &Query) -> Result<u64>;

    /// What is there, one line per (category, kind, first code).
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn presence(&self) -> Result<Vec<Presence>>;

    /// The samples of a [`Kind::Series`] row that may be seen, in order of start.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn samples(&self, row: &FactRow) -> Result<Vec<Sample>>;

    /// What is known of a source file.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    fn source(&self, source: u32) -> Result<SourceInfo>;

    /// Whether some of what may be here is damaged and not looked through.
    fn is_partial(&self) -> bool {
        false
    }
}
