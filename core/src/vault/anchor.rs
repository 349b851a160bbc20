//! Whether the file is the newest: what the host's anchor remembers, held against the heads.
//!
//! Nothing is committed over a head that the anchor does not know: so an anchor is never more than
//! one generation behind, and the head that it knows is the one that the newest head names.

use super::head::Head;
use super::rows::Base;
use super::scope::Scope;
use super::state::State;
use crate::environment::{AnchoredHead, FreshnessAnchor};
use crate::error::{Error, Result};
use crate::id::ScopeId;

/// Flag of a head: without its anchor the space does not open.
pub(crate) const ANCHORED: u64 = 1;

/// How often others may get in between before a call gives up.
const TRIES: usize = 8;

/// What an anchor said of each scope, before the snapshot that it is held against began: asked
/// later, it could know of a commit that the snapshot does not show.
pub(crate) struct Said(Vec<(ScopeId, Option<AnchoredHead>)>);

/// Whether others may commit meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// No: the write lock is held.
    Wait,
    /// Yes.
    MayWrite,
}

impl State {
    /// Every scope that this state rests on.
    pub(super) fn scopes(&self) -> Vec<ScopeId> {
        self.heads().map(|(scope, ..)| scope).collect()
    }

    /// Every head that this state rests on, with its digest.
    fn heads(&self) -> impl Iterator<Item = (ScopeId, &Head, [u8; 32])> {
        let system = (self.view.id, &*self.view.head, self.view.digest);
        std::iter::once(system).chain(self.partitions.iter().map(|p| (p.id, &*p.head, p.digest)))
    }
}

impl Base {
    /// How a rollback of the whole file would be noticed: `anchored`, `local` or `unverified`.
    pub(crate) fn freshness(&self) -> &'static str {
        match &self.env.anchor {
            None => "unverified",
            Some(anchor) if anchor.is_local() => "local",
            Some(_) => "anchored",
        }
    }

    /// Asks the anchor about scopes.
    pub(crate) fn ask_anchor(&self, scopes: &[ScopeId]) -> Result<Said> {
        let Some(anchor) = &self.env.anchor else { return Ok(Said(Vec::new())) };
        scopes.iter().map(|scope| Ok((*scope, anchor.read(self.space, *scope)?))).collect::<Result<_>>().map(Said)
    }

    /// Holds the heads of a snapshot against what the anchor said, and tells it of the newest one
    /// where a process ended between commit and telling.
    pub(crate) fn hold_against_anchor(&self, state: &State, said: &Said, others: Others) -> Result<()> {
        let Some(anchor) = &self.env.anchor else {
            let anchored = state.heads().any(|(_, head, _)| is_anchored(head));
            return if anchored { Err(Error::AnchorMissing) } else { Ok(()) };
        };
        for (scope, head, digest) in state.heads() {
            let known = said.0.iter().find(|s| s.0 == scope).ok_or(Error::Internal(110))?.1;
            let newest = self.settle(&**anchor, scope, known, head, digest)?;
            // With the write lock held, nothing newer can have been committed to this file.
            if !newest && others == Others::Wait {
                return Err(Error::RolledBack);
            }
        }
        Ok(())
    }

    /// Brings the anchor to a head; `false` where it is ahead of it by now.
    fn settle(
        &self,
        anchor: &dyn FreshnessAnchor,
        scope: ScopeId,
        mut known: Option<AnchoredHead>,
        head: &Head,
        digest: [u8; 32],
    ) -> Result<bool> {
        let new = AnchoredHead { generation: head.generation, digest };
        for turn in 0..TRIES {
            let follows = match known {
                // A first meeting: from here on no older one is taken.
                None if head.flags & ANCHORED == 0 => true,
                None => return Err(Error::AnchorMissing),
                Some(k) if k.generation > new.generation && turn == 0 => return Err(Error::RolledBack),
                Some(k) if k.generation > new.generation => return Ok(false),
                Some(k) if k.generation == new.generation => {
                    return if k == new { Ok(true) } else { Err(Error::Forked) };
                }
                Some(k) => k.generation.checked_add(1) == Some(new.generation) && k.digest == head.previous,
            };
            if follows && anchor.advance(self.space, scope, known, new)? {
                return Ok(true);
            }
            let now = anchor.read(self.space, scope)?;
            // Others may have committed after it was asked first; where they did not, the file has
            // another history.
            if !follows && now == known {
                return Err(Error::Forked);
            }
            known = now;
        }
        Err(Error::Busy)
    }

    /// Tells the anchor what has just become durable; `false` where others have got further.
    pub(crate) fn advance_anchor(&self, before: &[(ScopeId, AnchoredHead)], after: &State) -> Result<bool> {
        let Some(anchor) = &self.env.anchor else { return Ok(true) };
        let mut newest = true;
        for (scope, head, digest) in after.heads() {
            if let Some((_, known)) = before.iter().find(|(id, _)| *id == scope) {
                newest &= self.settle(&**anchor, scope, Some(*known), head, digest)?;
            }
        }
        Ok(newest)
    }

    /// Whether the anchor knows nothing newer than these heads: of a scope and the digest seen.
    pub(crate) fn anchor_knows(&self, seen: &[(ScopeId, [u8; 32])]) -> Result<bool> {
        let Some(anchor) = &self.env.anchor else { return Ok(true) };
        for (scope, digest) in seen {
            if anchor.read(self.space, *scope)?.is_none_or(|k| k.digest != *digest) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The flags of the next head of a scope.
    pub(crate) fn next_flags(&self, scope: &Scope) -> u64 {
        scope.head.flags | if self.env.anchor.is_some() { ANCHORED } else { 0 }
    }
}

/// Whether a head is not to be used without its anchor.
pub(crate) fn is_anchored(head: &Head) -> bool {
    head.flags & ANCHORED != 0
}

/// A head as an anchor knows it.
pub(crate) fn named(head: &Head, digest: [u8; 32]) -> AnchoredHead {
    AnchoredHead { generation: head.generation, digest }
}
