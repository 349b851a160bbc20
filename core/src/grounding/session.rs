//! Grounding as a release: decided, composed under the permit's filter, logged, then handed out.

use super::{Composed, Options, compose};
use crate::audit::ReleaseKind;
use crate::consent::Action;
use crate::error::Result;
use crate::id::{RecordId, Timestamp};
use crate::lang::Lang;
use crate::vault::{Audited, Records, Release, Session};

/// How long a context may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget(usize);

impl Budget {
    /// So many tokens, estimated cautiously (four characters each).
    #[must_use]
    pub const fn tokens(n: usize) -> Self {
        Self(n)
    }
}

/// How to ground a question, besides the question.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GroundOptions {
    /// Bound on the context.
    pub budget: Budget,
    /// The language of the context; that of the question unless said otherwise.
    pub lang: Option<Lang>,
    /// Which partition; the first health partition unless said otherwise.
    pub partition: Option<String>,
    /// The person's zone, minutes east of UTC: the day that "today" is. What was recorded with an
    /// offset is dated by it.
    pub zone_offset_minutes: i16,
    /// The time that "today" counts from; the host's clock unless said otherwise.
    pub now: Option<Timestamp>,
    /// The nonce of the fences; random unless said otherwise. A fixed one is for reproducing a
    /// text: imported text that knows the nonce could close its fence.
    pub nonce: Option<[u8; 8]>,
}

impl GroundOptions {
    /// A budget, and defaults.
    #[must_use]
    pub const fn new(budget: Budget) -> Self {
        Self { budget, lang: None, partition: None, zone_offset_minutes: 0, now: None, nonce: None }
    }
}

impl Records for Composed {
    fn records(&self) -> Vec<RecordId> {
        let mut ids: Vec<RecordId> = self.items.iter().map(|(id, _)| *id).collect();
        ids.dedup();
        ids
    }
}

impl Session {
    /// Facts that answer a question, computed in code and cited, as far as grants reach: one
    /// release, one ledger entry, and the session's label is raised.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) where no grant covers the request.
    pub fn ground(&self, question: &str, budget: Budget) -> Result<Audited<Composed>> {
        self.ground_with(question, &GroundOptions::new(budget))
    }

    /// As [`ground`](Self::ground), with options.
    ///
    /// # Errors
    /// As [`ground`](Self::ground).
    pub fn ground_with(&self, question: &str, options: &GroundOptions) -> Result<Audited<Composed>> {
        let partition = match &options.partition {
            Some(p) => p.clone(),
            None => self.default_partition()?,
        };
        let nonce = match options.nonce {
            Some(n) => n,
            None => self.nonce()?,
        };
        let how = Options {
            lang: options.lang,
            tokens: options.budget.0,
            now: options.now.unwrap_or_else(|| self.now()),
            nonce,
            zone_offset_minutes: options.zone_offset_minutes,
        };
        self.release(&partition, Action::Ground, ReleaseKind::Ground, question.as_bytes(), &mut |facts| {
            let value = compose(facts, question, &how)?;
            let (items, categories) = (value.items.clone(), value.categories.clone());
            Ok(Release { value, items, categories, unread: 0 })
        })
    }
}
