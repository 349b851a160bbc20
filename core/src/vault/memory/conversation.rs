//! Deleting a whole conversation: its turns wherever they stand, and what is kept of it.

use super::person::delete_notes;
use super::{Derived, TURN, open_note};
use crate::audit::Gesture;
use crate::crypto::context::Class;
use crate::error::{Error, Result};
use crate::id::ConversationId;
use crate::vault::check::or_damaged;
use crate::vault::manifest::encode_page;
use crate::vault::space::HealthSpace;
use crate::vault::state::{Target, Writing};
use crate::vault::tx::Tx;

/// What [`HealthSpace::delete_conversation`] deleted, and what it left.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DeletedConversation {
    /// How many turns are gone.
    pub turns: u64,
    /// The memories that were made in it, and stay: each is [deleted](crate::Partition::delete_memory) by itself.
    pub memories: Vec<Derived>,
    /// Turns and memories that are damaged, so that nobody knows of which conversation they are: they stay.
    pub unread: u64,
}

impl core::fmt::Debug for DeletedConversation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "DeletedConversation({} turns)", self.turns)
    }
}

impl HealthSpace {
    /// The person deletes a conversation, in one transaction: each of its turns in the partitions that are open here
    /// as [`delete_memory`](crate::Partition::delete_memory) does, with an entry for each, and, without one, for whom,
    /// what for and with which label it was held. It is over then: nobody resumes it, and a session of it that was shown
    /// anything says [`Error::NotFound`] to whatever it is asked for. Where the partition that it was begun with is
    /// not open here, only its turns go and it may go on there. What the logs say of it stays, and so do memories
    /// that were made in it, which the answer names.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, consent::Recipient, Environment, HealthSpace, KdfParams, Purpose, Role, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-delete-conversation-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let session = space.session(Recipient::model("eu-llm")?, Purpose::PatientRequest)?;
    /// let said = session.say("Good morning")?;
    /// session.append("general", Role::Assistant, &said)?;
    /// session.remember_in("general", "Likes to be greeted")?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let deleted = space.delete_conversation(session.conversation(), gesture)?;
    /// assert_eq!((deleted.turns, deleted.memories.len()), (1, 1));
    /// assert!(space.partition("general")?.conversations()?.value().is_empty());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing of it stands in a partition that is open here, memories aside.
    pub fn delete_conversation(&self, conversation: ConversationId, gesture: Gesture) -> Result<DeletedConversation> {
        self.inner.write(|tx, w| {
            let (mut deleted, mut was_there) = (DeletedConversation::default(), false);
            for at in 0..w.state.partitions.len() {
                was_there |= delete_turns(tx, w, at, conversation, &gesture, &mut deleted)?;
                was_there |= forget_label(tx, w, at, conversation)?;
            }
            if was_there { Ok(deleted) } else { Err(Error::NotFound) }
        })
    }
}

/// Whether there were any.
fn delete_turns(
    tx: &mut Tx<'_>,
    w: &mut Writing,
    at: usize,
    conversation: ConversationId,
    gesture: &Gesture,
    deleted: &mut DeletedConversation,
) -> Result<bool> {
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?;
    scope.catalog()?;
    let mut turns = Vec::new();
    for record in scope.notes() {
        let Some(note) = or_damaged(open_note(tx.base, &*tx.txn, scope, record))? else {
            deleted.unread += 1;
            continue;
        };
        if note.conversation != conversation {
            continue;
        }
        if record.type_name() == TURN {
            turns.push((record.id(), record.identity()));
        } else {
            deleted.memories.push(Derived { partition: scope.policy.name.clone(), record: record.id() });
        }
    }
    if turns.is_empty() {
        return Ok(false);
    }
    deleted.turns += delete_notes(tx, w, at, &turns, gesture)?.len() as u64;
    Ok(true)
}

/// Whether anything was stored.
fn forget_label(tx: &mut Tx<'_>, w: &mut Writing, at: usize, conversation: ConversationId) -> Result<bool> {
    let scope = w.state.partitions.get(at).ok_or(Error::NoSuchPartition)?.clone();
    for (i, row) in scope.manifest.conversation_pages.iter().enumerate() {
        let page = scope.conversation_page(tx.base, &*tx.txn, row)?;
        let stays: Vec<_> = page.iter().filter(|c| c.id != conversation).cloned().collect();
        if stays.len() == page.len() {
            continue;
        }
        let work = w.work(tx, Target::Partition(at))?;
        if stays.is_empty() {
            work.manifest.conversation_pages.remove(i);
            tx.txn.delete(&scope.id, row.number)?;
        } else {
            let new = tx.put_bookkeeping(work, Class::Manifest, &encode_page(&stays), row.number)?;
            *work.manifest.conversation_pages.get_mut(i).ok_or(Error::Internal(136))? = new;
        }
        return Ok(true);
    }
    Ok(false)
}
