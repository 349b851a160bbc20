//! Whether the file is the newest: what the host's anchor remembers, held against the heads.
//!
//! Nothing is committed over a head that the anchor does not know: so an anchor is never more than
//! one generation behind, and the head that it knows is the one that the newest head names.
//!
//! An anchor knows heads with the flag [`ANCHORED`] and no others. Only a handle that holds the whole
//! space sets it, in every scope at once, after the anchor has kept the place ([`AWAITED`]): until
//! then the space is one without an anchor, whoever brings one.

use super::head::Head;
use super::rows::Base;
use super::scope::Scope;
use super::state::State;
use crate::environment::{AnchoredHead, FreshnessAnchor};
use crate::error::{Error, Result};
use crate::id::ScopeId;

/// Flag of a head: without its anchor the space does not open.
pub(crate) const ANCHORED: u64 = 1;

/// What an anchor has of a scope that is about to be anchored, so that one which has nothing can be
/// told from one that forgot. Of no head: generations count from 1.
pub(super) const AWAITED: AnchoredHead = AnchoredHead { epoch: 0, generation: 0, digest: [0; 32] };

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
    /// Whether every head that this state rests on is one that an anchor knows.
    pub(crate) fn is_anchored(&self) -> bool {
        self.heads().all(|(_, head, _)| is_anchored(head))
    }

    /// The heads that a reader of a partition rests on, as an anchor knows them.
    pub(super) fn known_heads(&self, partition: &Scope) -> [(ScopeId, AnchoredHead); 2] {
        let system = (self.view.id, named(&self.view.head, self.view.digest));
        [system, (partition.id, named(&partition.head, partition.digest))]
    }

    /// Every scope that this state rests on.
    pub(super) fn scopes(&self) -> Vec<ScopeId> {
        self.heads().map(|(scope, ..)| scope).collect()
    }

    /// The head of a scope, with its digest.
    pub(super) fn head_of(&self, scope: &ScopeId) -> Option<(&Head, [u8; 32])> {
        self.heads().find(|(id, ..)| id == scope).map(|(_, head, digest)| (head, digest))
    }

    /// Every head that this state rests on, with its digest.
    fn heads(&self) -> impl Iterator<Item = (ScopeId, &Head, [u8; 32])> {
        let system = (self.view.id, &*self.view.head, self.view.digest);
        std::iter::once(system).chain(self.partitions.iter().map(|p| (p.id, &*p.head, p.digest)))
    }
}

impl Base {
    /// How a rollback of the whole file would be noticed: `anchored`, `local` or `unverified`.
    pub(crate) fn freshness(&self, state: &State) -> &'static str {
        match &self.env.anchor {
            None => "unverified",
            Some(_) if !state.is_anchored() => "unverified",
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
        let new = named(head, digest);
        if new == AWAITED {
            // Nothing vouches for a head without the flag, and one that an anchor knows has it: this
            // is a file from before, or another one.
            return match known {
                None | Some(AWAITED) => Ok(true),
                Some(k) if place(&k) > (head.epoch, head.generation) => Err(Error::RolledBack),
                Some(_) => Err(Error::Forked),
            };
        }
        for turn in 0..TRIES {
            let follows = match known {
                None => return Err(Error::AnchorMissing),
                // Committed, and the process ended before it was told.
                Some(AWAITED) => true,
                Some(k) if place(&k) > place(&new) && turn == 0 => return Err(Error::RolledBack),
                Some(k) if place(&k) > place(&new) => return Ok(false),
                Some(k) if place(&k) == place(&new) => {
                    return if k == new { Ok(true) } else { Err(Error::Forked) };
                }
                Some(k) => is_next(&k, &new) && k.digest == head.previous,
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

    /// Whether the anchor knows just these heads of scopes.
    pub(crate) fn anchor_knows(&self, seen: &[(ScopeId, AnchoredHead)]) -> Result<bool> {
        let Some(anchor) = &self.env.anchor else { return Ok(true) };
        for (scope, head) in seen {
            if anchor.read(self.space, *scope)?.unwrap_or(AWAITED) != *head {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The flags of the next head of a scope. A handle of some partitions changes none: it could not
    /// flag the others, and one that is written to without the anchor from then on would be `Forked`.
    pub(crate) fn next_flags(&self, scope: &Scope, whole_space: bool) -> Result<u64> {
        let flags = scope.head.flags;
        let Some(anchor) = self.env.anchor.as_ref().filter(|_| whole_space && !is_anchored(&scope.head)) else {
            return Ok(flags);
        };
        let kept =
            anchor.advance(self.space, scope.id, None, AWAITED)? || anchor.read(self.space, scope.id)? == Some(AWAITED);
        if kept { Ok(flags | ANCHORED) } else { Err(Error::Forked) }
    }
}

/// Where a head stands among those of its scope: by its epoch, then by its generation, which begins anew
/// with each epoch.
pub(super) const fn place(head: &AnchoredHead) -> (u32, u32) {
    (head.epoch, head.generation)
}

/// Whether no head can stand between these two.
fn is_next(known: &AnchoredHead, new: &AnchoredHead) -> bool {
    let begins = known.epoch.checked_add(1) == Some(new.epoch) && new.generation == 1;
    begins || known.epoch == new.epoch && known.generation.checked_add(1) == Some(new.generation)
}

/// Whether a head is not to be used without its anchor.
pub(crate) fn is_anchored(head: &Head) -> bool {
    head.flags & ANCHORED != 0
}

/// A head as an anchor knows it: of one without the flag it knows nothing.
pub(crate) fn named(head: &Head, digest: [u8; 32]) -> AnchoredHead {
    let (epoch, generation) = (head.epoch, head.generation);
    if is_anchored(head) { AnchoredHead { epoch, generation, digest } } else { AWAITED }
}
