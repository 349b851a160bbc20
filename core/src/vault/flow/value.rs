//! A value: its content is not shown, its label is.

use crate::consent::Recipient;
use crate::error::{Error, Malformed, Result};
use crate::id::{RecordId, SpaceId};
use crate::label::{Label, Purpose};
use crate::policy::Tag;
use crate::record::Author;
use crate::vault::memory::Place;
use crate::vault::state::Inner;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A held record or a text, with the label that it carries wherever it goes. What it says is shown
/// by [`Session::reveal`](crate::Session::reveal), which raises the session's label.
#[derive(Clone)]
pub struct Value {
    pub(super) space: SpaceId,
    pub(super) content: Content,
    pub(super) tag: Tag,
    /// The records that it was made from; of a held record, itself.
    pub(super) parents: Vec<Place>,
    /// Who wrote the words.
    pub(super) author: Author,
    /// For whom, and what for, sessions acted that wrote part of it after they had been shown things:
    /// then `parents` is not all that it may rest on, and only those were shown it, for that.
    pub(super) spoken: Vec<(Recipient, Purpose)>,
}

#[derive(Clone)]
pub(super) enum Content {
    Text(Arc<Zeroizing<String>>),
    /// In this partition, unopened.
    Held(String),
}

impl core::fmt::Debug for Value {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Value(..)")
    }
}

impl Value {
    pub(super) fn of_text(space: SpaceId, text: &str, author: Author, tag: Tag) -> Self {
        let content = Content::Text(Arc::new(Zeroizing::new(text.to_owned())));
        Self { space, content, tag, parents: Vec::new(), author, spoken: Vec::new() }
    }

    /// The label that it carries.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.tag.label
    }

    /// The records that it was made from, as far as they are known.
    #[must_use]
    pub fn parents(&self) -> Vec<RecordId> {
        self.parents.iter().map(|p| p.id).collect()
    }

    /// The same, by the partitions that they stand in.
    pub(in crate::vault) fn places(&self) -> &[Place] {
        &self.parents
    }

    /// Who wrote the words.
    pub(crate) const fn author(&self) -> Author {
        self.author
    }

    pub(crate) const fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Its text; `None` for a held record.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(text.as_str()),
            Content::Held(_) => None,
        }
    }

    /// Whether all of it that parents do not tell of was shown to this recipient, for this purpose.
    pub(super) fn is_for(&self, recipient: &Recipient, purpose: Purpose) -> bool {
        self.spoken.iter().all(|(r, p)| r == recipient && *p == purpose)
    }

    /// Labels name partitions by number: those of another space mean something else.
    pub(crate) fn is_of(&self, inner: &Inner) -> Result<()> {
        if self.space == inner.base.space { Ok(()) } else { Err(Error::Malformed(Malformed::Argument)) }
    }
}
