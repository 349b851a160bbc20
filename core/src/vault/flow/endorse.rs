//! The person vouches for a value.

use super::value::Value;
use crate::audit::{AuditEvent, Gesture};
use crate::error::{Error, Malformed, Result};
use crate::label::{Label, PartitionKind, Purpose};
use crate::policy::{Sink, may_flow};
use crate::record::Author;
use crate::vault::memory::{check_text, clearance};
use crate::vault::scope::Scope;
use crate::vault::session::Session;
use crate::vault::space::HealthSpace;
use crate::vault::state::{Inner, State, Target};

impl HealthSpace {
    /// The person confirms a text that they were shown: it has their integrity from now on. Nothing
    /// else of its label changes. The entry is durable first. A stored memory is endorsed where it
    /// stands: [`Partition::endorse`](crate::Partition::endorse).
    ///
    /// # Errors
    /// [`Error::Malformed`] for a held record, which says what its source says.
    pub fn endorse(&self, value: &Value, gesture: Gesture) -> Result<Value> {
        value.is_of(&self.inner)?;
        if value.text().is_none() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let after = Value { tag: value.tag().clone().endorsed(), ..value.clone() };
        let (before, label) = (value.label(), after.label());
        log(&self.inner, label, AuditEvent::Endorsed { record: None, before, after: label, gesture })?;
        Ok(after)
    }
}

impl Session {
    /// What the person says in this session, in their own words: it has their integrity, and the
    /// session's label otherwise, for they may repeat what they were shown. The entry is durable
    /// first.
    ///
    /// # Errors
    /// As [`say`](Self::say), and what writing can yield.
    pub fn heard(&self, text: &str, gesture: Gesture) -> Result<Value> {
        check_text(text)?;
        let heard = self.caught_up()?.heard();
        let (conversation, label) = (self.conversation(), heard.label);
        log(&self.inner, label, AuditEvent::Heard { conversation, label, gesture })?;
        Ok(self.spoken(text, Author::Person, heard))
    }
}

/// In the log of a partition that may hold such a value.
fn log(inner: &Inner, label: Label, event: AuditEvent) -> Result<()> {
    inner.write(|tx, w| {
        let work = w.work(tx, Target::Partition(cleared_for(&w.state, label)))?;
        tx.log(work, event).map(|_| ())
    })
}

/// Which partition's log may name a label: one that may hold such a value, for a label tells something,
/// too, and that it names before others; where there is none, the first one of files.
pub(in crate::vault) fn cleared_for(state: &State, label: Label) -> usize {
    let cleared = |s: &Scope| may_flow(label, Sink::Partition(clearance(s)), Purpose::PatientRequest);
    let named = |s: &Scope| s.label().origins.is_subset(label.origins);
    let own = state.partitions.iter().rposition(|s| named(s) && cleared(s));
    let any = || state.partitions.iter().rposition(&cleared);
    let files = || state.partitions.iter().position(|s| s.policy.kind == PartitionKind::Health);
    own.or_else(any).or_else(files).unwrap_or(0)
}
