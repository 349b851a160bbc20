//! Conversations: grounding, and memories under the conversation's label.

use crate::buffer::{Hash, Id};
use crate::consent::{purpose, recipient};
use crate::guard::guard;
use crate::pointer::{Out, free, get, text};
use crate::space::Space;
use healthspace::grounding::{Budget, Composed, GroundOptions};
use healthspace::{Audited, ConversationId, Error};
use zeroize::Zeroize;

/// A conversation of one recipient for one purpose.
pub struct Session(healthspace::Session);

/// Cited facts for a model: released, and in the ledger. Its text is wiped when it is freed.
pub struct Context {
    text: String,
    citations: Vec<Citation>,
    entry: u64,
    no_training: bool,
    unread: u64,
}

impl Context {
    /// How much of what it was made from could not be read.
    pub(crate) const fn unread(&self) -> u64 {
        self.unread
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

/// What a line of a context stands on.
pub struct Citation(healthspace::grounding::Citation);

impl From<Audited<Composed>> for Context {
    fn from(released: Audited<Composed>) -> Self {
        let (entry, no_training) = (released.receipt().entry, released.label().no_training());
        let unread = released.unread();
        let composed = released.into_value();
        let citations = composed.citations.into_iter().map(Citation).collect();
        Self { text: composed.text, citations, entry, no_training, unread }
    }
}

/// A new conversation on behalf of a recipient ("model", "app", "person" or "organization", and a
/// name), for one purpose (an HL7 v3-ActReason code).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_session_new(
    space: *const Space,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    purpose_code: *const u8,
    purpose_code_len: usize,
    session: *mut *mut Session,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, who, code, out) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            (get(space)?, who, text(purpose_code, purpose_code_len)?, Out::new(session)?)
        };
        out.hand(Session(space.inner.session(who, purpose(code)?)?));
        Ok(())
    })
}

/// As hs_session_new(), for a conversation that reads this partition instead of the first health one. One
/// of which no grant shows it anything is denied like one that is not there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_session_new_within(
    space: *const Space,
    partition: *const u8,
    partition_len: usize,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    purpose_code: *const u8,
    purpose_code_len: usize,
    session: *mut *mut Session,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, place, who, code, out) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            let place = text(partition, partition_len)?;
            (get(space)?, place, who, text(purpose_code, purpose_code_len)?, Out::new(session)?)
        };
        out.hand(Session(space.inner.session(who, purpose(code)?)?.within(place)));
        Ok(())
    })
}

/// A conversation that goes on, with the label that it had. NotFound where it released nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_session_resume(
    space: *const Space,
    conversation: *const Id,
    kind: *const u8,
    kind_len: usize,
    name: *const u8,
    name_len: usize,
    purpose_code: *const u8,
    purpose_code_len: usize,
    session: *mut *mut Session,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (space, id, who, code, out) = unsafe {
            let who = recipient(text(kind, kind_len)?, text(name, name_len)?)?;
            (get(space)?, get(conversation)?, who, text(purpose_code, purpose_code_len)?, Out::new(session)?)
        };
        let id = ConversationId::from_bytes(id.bytes);
        out.hand(Session(space.inner.resume(id, who, purpose(code)?)?));
        Ok(())
    })
}

/// The id by which a conversation is resumed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_session_conversation(session: *const Session, conversation: *mut Id) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (s, out) = unsafe { (get(session)?, Out::new(conversation)?) };
        out.write(Id { bytes: *s.0.conversation().as_bytes() });
        Ok(())
    })
}

/// Facts that answer a question, computed and cited, within a budget of estimated tokens. "Today"
/// is the day in the person's zone, minutes east of UTC. Its ledger entry is durable before this
/// returns.
///
/// Denied where no grant covers the request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_ground(
    session: *const Session,
    question: *const u8,
    question_len: usize,
    tokens: usize,
    zone_offset_minutes: i16,
    context: *mut *mut Context,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (s, question, out) = unsafe { (get(session)?, text(question, question_len)?, Out::new(context)?) };
        let mut how = GroundOptions::new(Budget::tokens(tokens));
        how.zone_offset_minutes = zone_offset_minutes;
        out.hand(Context::from(s.0.ground_with(question, &how)?));
        Ok(())
    })
}

/// Stores a text in a partition under the conversation's label.
///
/// FlowDenied where the conversation has read what may not flow there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_remember_in(
    session: *const Session,
    partition: *const u8,
    partition_len: usize,
    memory: *const u8,
    memory_len: usize,
    record: *mut Id,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (s, partition, memory, out) = unsafe {
            let memory = text(memory, memory_len)?;
            (get(session)?, text(partition, partition_len)?, memory, Out::new(record)?)
        };
        out.write(Id { bytes: *s.0.remember_in(partition, memory)?.as_bytes() });
        Ok(())
    })
}

/// Frees a session. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_session_free(session: *mut Session) {
    // SAFETY: the contract of the header.
    unsafe { free(session) }
}

/// The text for the model, borrowed from the context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_text(context: *const Context, bytes: *mut *const u8, len: *mut usize) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, bytes, len) = unsafe { (get(context)?, Out::new(bytes)?, Out::new(len)?) };
        bytes.write(c.text.as_ptr());
        len.write(c.text.len());
        Ok(())
    })
}

/// The position of the release in the partition's log, and whether its label forbids training a
/// model with it (1) or not (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_release(context: *const Context, entry: *mut u64, no_training: *mut i32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, entry, no_training) = unsafe { (get(context)?, Out::new(entry)?, Out::new(no_training)?) };
        entry.write(c.entry);
        no_training.write(i32::from(c.no_training));
        Ok(())
    })
}

/// How many citations the text has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_citation_count(context: *const Context, count: *mut usize) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, out) = unsafe { (get(context)?, Out::new(count)?) };
        out.write(c.citations.len());
        Ok(())
    })
}

/// A citation, borrowed from the context. NotFound beyond the last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_citation(
    context: *const Context,
    index: usize,
    citation: *mut *const Citation,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, out) = unsafe { (get(context)?, Out::new(citation)?) };
        out.write(c.citations.get(index).ok_or(Error::NotFound)?);
        Ok(())
    })
}

/// Frees a context and wipes its text. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_context_free(context: *mut Context) {
    // SAFETY: the contract of the header.
    unsafe { free(context) }
}

/// N of the text's `[r:N]`, and the record that it stands for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_citation_record(citation: *const Citation, number: *mut u32, record: *mut Id) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, number, record) = unsafe { (&get(citation)?.0, Out::new(number)?, Out::new(record)?) };
        number.write(c.number);
        record.write(Id { bytes: *c.record.as_bytes() });
        Ok(())
    })
}

/// Of a wearable sample its position among the samples of its chunk that may be seen, by start; NotFound for what is
/// none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_citation_sample(citation: *const Citation, sample: *mut u32) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, sample) = unsafe { (&get(citation)?.0, Out::new(sample)?) };
        sample.write(c.sample.ok_or(Error::NotFound)?);
        Ok(())
    })
}

/// The file that the record came from (BLAKE3 of its bytes, all zero where it came from none):
/// which member of an archive, where in it, how many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hs_citation_source(
    citation: *const Citation,
    source: *mut Hash,
    member: *mut u32,
    offset: *mut u64,
    len: *mut u64,
) -> i32 {
    guard(|| {
        // SAFETY: the contract of the header.
        let (c, source, member, offset, len) = unsafe {
            let c = &get(citation)?.0;
            (c, Out::new(source)?, Out::new(member)?, Out::new(offset)?, Out::new(len)?)
        };
        source.write(Hash { bytes: *c.source.as_bytes() });
        member.write(c.span.member);
        offset.write(c.span.offset);
        len.write(c.span.len);
        Ok(())
    })
}
