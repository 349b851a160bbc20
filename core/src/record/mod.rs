//! The record model: what an importer produces, what the catalog keeps, what grounding reads.
//!
//! What belongs here: plain data about health records. What must not: keys, storage, policy, or
//! any file format; importers translate formats into this model, the vault seals it.

mod draft;
mod filter;
mod patient;
mod recipient;
mod resource_type;
mod sample;
mod standing;
mod time;
mod value;
mod words;

pub use draft::{
    Category, Coding, Draft, FactDraft, Kind, ObservedRange, PersonHint, Revision, Sex, Span, Status, SubjectHint, Ties,
};
pub(crate) use filter::lies_within;
pub use filter::{Author, ClassFilter, DecisionClass, Everything, Verdict};
pub(crate) use patient::{is_uuid, patient_key};
pub(crate) use recipient::{RECIPIENT_SYSTEM, is_hidden, is_no_name};
pub use recipient::{Recipient, RecipientKind};
pub use resource_type::ResourceType;
pub use sample::{Meta, Sample, SeriesKey};
pub use standing::Standing;
pub(crate) use time::whole;
pub use time::{Precision, When};
pub(crate) use value::printed;
pub use value::{Comparator, Decimal, Quantity, Value};
pub(crate) use words::category_words;
