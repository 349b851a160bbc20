//! Memories, as the person looks through them.

use crate::buffer::{Buffer, Hash, Id};
use crate::consent::gesture;
use crate::guard::guard;
use crate::pointer::{Out, get, text};
use crate::space::Space;
use healthspace::record::Author;
use healthspace::{ConversationId, Integrity, Memory, Quarantine, RecordId};
use serde_json::{Value, json};

pub(crate) fn told(m: &Memory) -> Value {
    json!({
        "id": m.id.to_hex(),
        "text": m.text,
        "author": if m.author == Author::Person { "person" } else { "assistant" },
        "ai_asserted": m.is_ai_asserted(),
        "endorsed": m.label.integrity >= Integrity::User,
        "no_training": m.label.no_training(),
        "parents": m.parents.iter().map(RecordId::to_hex).collect::<Vec<_>>(),
        "at": m.at.as_millis(),
        "quarantine": m.quarantine.map(|why| match why {
            Quarantine::ConsentEnded => "consent-ended",
            _ => "source-gone",
        }),
    })
}

/// What is remembered in a partition, the newest first, what is quarantined too: of each its id,
/// text, author ("assistant" or "person"), ai_asserted (HL7 AIAST: an assistant's, and not endorsed),
/// endorsed, no_training, parents, at, and quarantine ("consent-ended", "source-gone" or null). Logged
/// before it is shown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_memories(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    list: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, partition, out) = unsafe { (get(space)?, text(partition, partition_len)?, Out::new(list)?) };
        let all = space.inner.partition(partition)?.memories()?.into_whole()?;
        out.hand(Buffer::from(all.iter().map(told).collect::<Vec<_>>()));
        Ok(())
    })
}

/// The person writes a memory anew: its new id. `method` and `evidence` as for hs_grant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_memory_edit(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    memory: *const Id,
    words: *const u8,
    words_len: usize,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    edited: *mut Id,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (partition, memory, words) = unsafe {
            let partition = get(space)?.inner.partition(text(partition, partition_len)?)?;
            (partition, get(memory)?, text(words, words_len)?)
        };
        // SAFETY: the contract of the header.
        let (gesture, out) = unsafe { (gesture(method, method_len, evidence)?, Out::new(edited)?) };
        let id = partition.edit_memory(RecordId::from_bytes(memory.bytes), words, gesture)?;
        out.write(Id { bytes: *id.as_bytes() });
        Ok(())
    })
}

/// The person vouches for a memory that an assistant wrote.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_memory_endorse(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    memory: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (partition, memory, gesture) = unsafe {
            let partition = get(space)?.inner.partition(text(partition, partition_len)?)?;
            (partition, get(memory)?, gesture(method, method_len, evidence)?)
        };
        partition.endorse(RecordId::from_bytes(memory.bytes), gesture).map(|_| ())
    })
}

/// The person keeps a memory that is quarantined. NotFound where it is not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_memory_keep(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    memory: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (partition, memory, gesture) = unsafe {
            let partition = get(space)?.inner.partition(text(partition, partition_len)?)?;
            (partition, get(memory)?, gesture(method, method_len, evidence)?)
        };
        partition.keep_memory(RecordId::from_bytes(memory.bytes), gesture).map(|_| ())
    })
}

/// Deletes a memory with all that it said before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_memory_delete(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    memory: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (partition, memory, gesture) = unsafe {
            let partition = get(space)?.inner.partition(text(partition, partition_len)?)?;
            (partition, get(memory)?, gesture(method, method_len, evidence)?)
        };
        partition.delete_memory(RecordId::from_bytes(memory.bytes), gesture).map(|_| ())
    })
}

/// Deletes a whole conversation: its turns in every partition that is open, and for whom and what for it was held. Of
/// what went and what is left: turns, memories (that were made in it, and stay: of each its partition and id), and
/// unread (damaged, so that nobody knows of which conversation they are). NotFound where nothing of it is here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_conversation_delete(
    space: *const Space,
    conversation: *const Id,
    method: *const u8,
    method_len: usize,
    evidence: *const Hash,
    deleted: *mut *mut Buffer,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, conversation, gesture, out) =
            unsafe { (get(space)?, get(conversation)?, gesture(method, method_len, evidence)?, Out::new(deleted)?) };
        let done = space.inner.delete_conversation(ConversationId::from_bytes(conversation.bytes), gesture)?;
        let left = |m: &healthspace::Derived| json!({ "partition": m.partition, "id": m.record.to_hex() });
        out.hand(Buffer::from(
            json!({
                "turns": done.turns,
                "memories": done.memories.iter().map(left).collect::<Vec<_>>(),
                "unread": done.unread,
            })
            .to_string(),
        ));
        Ok(())
    })
}
