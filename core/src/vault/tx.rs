//! One write transaction: scopes are changed as working copies and become visible when durable.
//!
//! A `Tx` holds the database's write lock. Heads were reread under it, so what it decides on is
//! what it commits over. Dropped without [`Tx::commit`], nothing happened.

use super::head::{self, RowRef};
use super::key_list::STRETCH;
use super::manifest::{ConversationEntry, Manifest, PAGE_ENTRIES, PageEntry, SegmentRef, encode_page};
use super::payload::{Content, padded};
use super::rows::{Base, Buffers, Place};
use super::scope::Scope;
use super::sources::SourceEntry;
use crate::audit::{AuditEvent, Entry};
use crate::catalog::Segment;
use crate::crypto::context::{Class, Context};
use crate::crypto::secret::{Key, Payload};
use crate::crypto::sign::SigningKey;
use crate::crypto::{random_array, seal};
use crate::error::{Error, Limit, Part, Result};
use crate::id::{ConversationId, Timestamp};
use crate::keyring::{KeyPage, PAGE_KEYS};
use crate::ledger::commit;
use crate::ledger::tree::{Edge, Nodes, TreeHead};
use crate::storage::{LogId, ReadTxn, WriteTxn};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A write transaction.
pub(crate) struct Tx<'a> {
    pub(crate) base: &'a Base,
    pub(crate) txn: Box<dyn WriteTxn + 'a>,
    /// Milliseconds since the epoch, not before any entry of the space's log. A partition's log may be
    /// further: see [`now_in`](Self::now_in).
    pub(crate) now: i64,
    word: u32,
    buffers: Buffers,
}

/// A scope being changed.
pub(crate) struct Work {
    pub(crate) scope: Scope,
    pub(crate) manifest: Manifest,
    /// Of the next head, and the digest of the one that it follows.
    pub(super) generation: u32,
    pub(super) previous: [u8; 32],
    /// Name of the log.
    pub(super) origin: [u8; 16],
    /// The right edge of the log's tree, once something was appended.
    edge: Option<Edge>,
    pub(crate) last_entry: i64,
    pub(super) dirty_keys: BTreeMap<usize, KeyPage>,
    pub(crate) segments: BTreeMap<(u64, u64), Arc<Segment>>,
    pub(crate) system: Option<head::SystemPart>,
}

/// Where a class 1 or 7 row was put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    pub(crate) number: u64,
    pub(crate) version: u64,
}

impl Work {
    /// Where the key of a group stands among all keys, if it was ever made.
    fn key_of(&self, group: u64) -> Option<usize> {
        let keys = self.manifest.key_pages.len() * PAGE_KEYS + self.manifest.last_keys.len();
        usize::try_from(group).ok()?.checked_sub(1).filter(|at| *at < keys)
    }

    /// Appends go on from this edge, whatever the head says.
    pub(super) fn go_on_from(&mut self, edge: Edge) {
        self.edge = Some(edge);
    }

    /// Size and root of the log as this transaction leaves it.
    pub(super) fn tree(&self) -> TreeHead {
        let head = &self.scope.head;
        self.edge.as_ref().map_or(TreeHead { size: head.log_size, root: head.log_root }, Edge::head)
    }
}

impl<'a> Tx<'a> {
    pub(crate) fn new(base: &'a Base, txn: Box<dyn WriteTxn + 'a>, now: i64) -> Result<Self> {
        Ok(Self { base, txn, now, word: u32::from_be_bytes(random_array()?), buffers: Buffers::default() })
    }

    /// A working copy of a scope that was refreshed under this transaction, with the generation of its
    /// next head.
    pub(crate) fn work(&self, scope: &Scope, generation: u32) -> Work {
        let head = &scope.head;
        Work {
            manifest: (*scope.manifest).clone(),
            generation,
            previous: scope.digest,
            origin: head.log_origin,
            edge: None,
            last_entry: head.last_entry,
            dirty_keys: BTreeMap::new(),
            segments: scope.segments().clone(),
            system: head.system.clone(),
            scope: scope.clone(),
        }
    }

    /// The time of what is done in a scope: not before its own entries.
    pub(crate) fn now_in(&self, scope: &Scope) -> i64 {
        self.now.max(scope.head.last_entry)
    }

    /// Makes everything durable.
    pub(crate) fn commit(self) -> Result<()> {
        self.txn.commit()
    }

    /// Version of every row that this transaction writes in a scope.
    pub(crate) fn version(&self, work: &Work) -> u64 {
        u64::from(work.generation) << 32 | u64::from(self.word)
    }

    /// Makes a key group and returns its number.
    pub(crate) fn new_group(&mut self, work: &mut Work) -> Result<u64> {
        if work.manifest.last_keys.is_full() {
            let number = self.next_row(work)?;
            let full = core::mem::take(Arc::make_mut(&mut work.manifest.last_keys));
            work.dirty_keys.insert(work.manifest.key_pages.len(), full);
            Arc::make_mut(&mut work.manifest.key_pages).push(RowRef { number, version: 0, salt: [0; 24] });
        }
        let page = Arc::make_mut(&mut work.manifest.last_keys);
        let slot = page.push(self.base.epoch, Key::make()?).ok_or(Error::Internal(41))?;
        Ok((work.manifest.key_pages.len() * PAGE_KEYS + slot) as u64 + 1)
    }

    /// Drops a group's key: what it sealed is gone once this is durable. Nothing to do for one that was
    /// never made.
    pub(crate) fn drop_group(&mut self, work: &mut Work, group: u64) -> Result<()> {
        let Some(at) = work.key_of(group) else { return Ok(()) };
        let index = at / PAGE_KEYS;
        if index == work.manifest.key_pages.len() {
            Arc::make_mut(&mut work.manifest.last_keys).drop_key(at % PAGE_KEYS);
            return Ok(());
        }
        if !work.dirty_keys.contains_key(&index) {
            let page = work.scope.group_page(self.base, &*self.txn, group)?.0.as_ref().clone();
            work.dirty_keys.insert(index, page);
        }
        if let Some(p) = work.dirty_keys.get_mut(&index) {
            p.drop_key(at % PAGE_KEYS);
        }
        Ok(())
    }

    /// A row number that was never used in this scope.
    pub(crate) fn next_row(&mut self, work: &mut Work) -> Result<u64> {
        let n = work.manifest.next_row;
        // 40 bits for the counter, one of them a sign in the database, 16 for the ordinal, 8 for a
        // record's position in its block.
        if n >= 1 << 39 {
            return Err(Error::TooLarge(Limit::Capacity));
        }
        work.manifest.next_row = n + 1;
        Ok(u64::from(work.scope.ordinal) << 40 | n)
    }

    /// Seals content under a group's key into a new row.
    pub(crate) fn put_content(
        &mut self,
        work: &mut Work,
        class: Class,
        group: u64,
        content: Content,
        raw: &[u8],
    ) -> Result<Put> {
        let number = self.next_row(work)?;
        let row = self.put_content_at(work, class, group, content, raw, number)?;
        Ok(Put { number: row.number, version: row.version })
    }

    pub(super) fn put_content_at(
        &mut self,
        work: &Work,
        class: Class,
        group: u64,
        content: Content,
        raw: &[u8],
        number: u64,
    ) -> Result<RowRef> {
        let version = self.version(work);
        let at = usize::try_from(group.saturating_sub(1)).map_err(|_| Error::Internal(43))?;
        let (base, txn, buffers) = (self.base, &mut self.txn, &mut self.buffers);
        let place = |epoch| Place { number, version, ..work.scope.place(class, epoch, group) };
        let index = at / PAGE_KEYS;
        let here = (index == work.manifest.key_pages.len()).then_some(&*work.manifest.last_keys);
        if let Some((epoch, key)) = here.or_else(|| work.dirty_keys.get(&index)).and_then(|p| p.get(at % PAGE_KEYS)) {
            return base.put(&mut **txn, buffers, key.expose(), &place(epoch), content, raw);
        }
        let (page, slot) = work.scope.group_page(base, &**txn, group)?;
        let (epoch, key) = page.get(slot).ok_or(Error::NotFound)?;
        base.put(&mut **txn, buffers, key.expose(), &place(epoch), content, raw)
    }

    /// Seals bookkeeping under the scope's key.
    pub(super) fn put_bookkeeping(&mut self, work: &Work, class: Class, raw: &[u8], number: u64) -> Result<RowRef> {
        let place = Place { number, version: self.version(work), ..work.scope.place(class, self.base.epoch, 0) };
        let key = work.scope.keys.manifest.expose();
        let own = number == u64::from(work.scope.ordinal) << 40 | MANIFEST_ROW;
        let content = if own { Content::Rewritten } else { Content::Dense };
        self.base.put(&mut *self.txn, &mut self.buffers, key, &place, content, raw)
    }

    /// Appends an event to the scope's log: committed leaf, sealed entry, tree rows. Its index.
    pub(crate) fn log(&mut self, work: &mut Work, event: AuditEvent) -> Result<u64> {
        self.log_with_items(work, event, None, &[0; 32], &[])
    }

    /// As [`log`](Self::log), with the items that a release names and their salt: they are kept
    /// beside the entry's own secret, never inside the entry, and die with it, as does the conversation
    /// that they were shown in. Of a large set only the root is kept.
    pub(crate) fn log_with_items(
        &mut self,
        work: &mut Work,
        event: AuditEvent,
        shown_in: Option<ConversationId>,
        salt: &[u8; 32],
        items: &[EncodedItem],
    ) -> Result<u64> {
        let now = self.now.max(work.last_entry);
        let entry = Entry { time: Timestamp::from_millis(now), event }.encode()?;
        let mut edge = match work.edge.take() {
            Some(edge) => edge,
            None => work.scope.edge(&*self.txn)?,
        };
        let index = edge.size();
        let r: [u8; 32] = random_array()?;
        let payload: Key<Payload> = Key::make()?;
        let version = self.version(work);
        let at = |class| Context {
            space: self.base.space,
            scope: work.scope.id,
            epoch: self.base.epoch,
            class,
            object: index,
            version,
        };
        let mut wrap = [&version.to_be_bytes()[..], &self.base.epoch.to_be_bytes()].concat();
        seal::seal_into(work.manifest.log_key.expose(), &at(Class::LedgerWrap).encode(), payload.expose(), &mut wrap)?;
        let kept = if items.len() <= KEPT_ITEMS { items } else { &[] };
        // Its length would tell what the entry says, and how many items were released.
        let length = padded(OPEN + kept.len() * ITEM + entry.len(), LEAST_OPEN);
        let mut plain = zeroize::Zeroizing::new(Vec::with_capacity(length));
        plain.extend_from_slice(&r);
        plain.extend_from_slice(salt);
        plain.extend_from_slice(shown_in.unwrap_or(NO_CONVERSATION).as_bytes());
        plain.extend_from_slice(&(kept.len() as u16).to_be_bytes());
        kept.iter().for_each(|item| plain.extend_from_slice(item));
        plain.extend_from_slice(&u32::try_from(entry.len()).map_err(|_| Error::Internal(58))?.to_be_bytes());
        plain.extend_from_slice(&entry);
        plain.resize(length, 0);
        let sealed = seal::seal(payload.expose(), &at(Class::LedgerPayload).encode(), &plain)?;
        let mut nodes = Vec::with_capacity(64);
        edge.push(commit::commitment(&r, &entry), |row| nodes.push(row.hash))?;
        self.txn.put_ledger(&work.scope.log(), index, &nodes, &wrap, &sealed)?;
        work.edge = Some(edge);
        work.last_entry = now;
        Ok(index)
    }

    /// Appends to a paged list; only the last page is rewritten.
    fn append_page<T: PageEntry>(
        &mut self,
        work: &mut Work,
        pages: &mut Vec<RowRef>,
        tail: Vec<Arc<T>>,
        entry: T,
    ) -> Result<()> {
        let mut tail = tail;
        if tail.len() >= PAGE_ENTRIES || pages.is_empty() {
            tail.clear();
            let number = self.next_row(work)?;
            pages.push(RowRef { number, version: 0, salt: [0; 24] });
        }
        tail.push(Arc::new(entry));
        let number = pages.last().ok_or(Error::Internal(44))?.number;
        let row = self.put_bookkeeping(work, Class::Manifest, &encode_page(&tail), number)?;
        if let Some(last) = pages.last_mut() {
            *last = row;
        }
        Ok(())
    }

    /// Adds a source; its ordinal.
    pub(crate) fn add_source(&mut self, work: &mut Work, entry: SourceEntry) -> Result<u32> {
        let mut pages = core::mem::take(&mut work.manifest.source_pages);
        let tail = match pages.last() {
            Some(row) => work.scope.source_page(self.base, &*self.txn, row)?.to_vec(),
            None => Vec::new(),
        };
        self.append_page(work, &mut pages, tail, entry)?;
        work.manifest.source_pages = pages;
        let ordinal = work.manifest.sources;
        work.manifest.sources = ordinal.checked_add(1).ok_or(Error::TooLarge(Limit::Capacity))?;
        Ok(ordinal)
    }

    /// A source's entry as this transaction sees it.
    pub(crate) fn source_entry(&self, work: &Work, ordinal: u32) -> Result<Arc<SourceEntry>> {
        let i = usize::try_from(ordinal).map_err(|_| Error::Internal(53))?;
        let row = work.manifest.source_pages.get(i / PAGE_ENTRIES).ok_or(Error::NotFound)?;
        let page = work.scope.source_page(self.base, &*self.txn, row)?;
        page.get(i % PAGE_ENTRIES).cloned().ok_or(Error::NotFound)
    }

    /// Adds a piece to a source's envelope, and a row to what its records are told by. Once in a
    /// transaction: a page is read again by its version.
    pub(crate) fn add_pieces(
        &mut self,
        work: &mut Work,
        ordinal: u32,
        envelope: Option<Put>,
        names: Option<Put>,
    ) -> Result<()> {
        let mut entry = (*self.source_entry(work, ordinal)?).clone();
        entry.envelope.extend(envelope.map(|p| (p.number, p.version)));
        entry.names.extend(names.map(|p| (p.number, p.version)));
        self.set_source(work, ordinal, entry)
    }

    /// Replaces entries of sources, each page once.
    pub(crate) fn set_sources(&mut self, work: &mut Work, entries: BTreeMap<u32, SourceEntry>) -> Result<()> {
        let mut pages: BTreeMap<usize, Vec<(usize, SourceEntry)>> = BTreeMap::new();
        for (ordinal, entry) in entries {
            let i = usize::try_from(ordinal).map_err(|_| Error::Internal(45))?;
            pages.entry(i / PAGE_ENTRIES).or_default().push((i % PAGE_ENTRIES, entry));
        }
        for (at, entries) in pages {
            let row = *work.manifest.source_pages.get(at).ok_or(Error::Internal(46))?;
            let mut page = work.scope.source_page(self.base, &*self.txn, &row)?.to_vec();
            for (i, entry) in entries {
                *page.get_mut(i).ok_or(Error::Internal(47))? = Arc::new(entry);
            }
            let new = self.put_bookkeeping(work, Class::Manifest, &encode_page(&page), row.number)?;
            if let Some(r) = work.manifest.source_pages.get_mut(at) {
                *r = new;
            }
        }
        Ok(())
    }

    /// Replaces a source's entry. Once in a transaction, as [`add_pieces`](Self::add_pieces).
    pub(crate) fn set_source(&mut self, work: &mut Work, ordinal: u32, entry: SourceEntry) -> Result<()> {
        self.set_sources(work, BTreeMap::from([(ordinal, entry)]))
    }

    /// Stores a conversation's tag, joined with what is stored: it never shrinks.
    pub(crate) fn set_conversation(&mut self, work: &mut Work, entry: ConversationEntry) -> Result<()> {
        for i in 0..work.manifest.conversation_pages.len() {
            let Some(row) = work.manifest.conversation_pages.get(i).copied() else { continue };
            let page = work.scope.conversation_page(self.base, &*self.txn, &row)?;
            let Some(at) = page.iter().position(|e| e.id == entry.id) else { continue };
            let mut page = page.to_vec();
            if let Some(e) = page.get_mut(at) {
                let tag = e.tag.clone().join(&entry.tag);
                *e = Arc::new(ConversationEntry { tag, ..entry });
            }
            let new = self.put_bookkeeping(work, Class::Manifest, &encode_page(&page), row.number)?;
            if let Some(r) = work.manifest.conversation_pages.get_mut(i) {
                *r = new;
            }
            return Ok(());
        }
        let mut pages = core::mem::take(&mut work.manifest.conversation_pages);
        let tail = match pages.last() {
            Some(row) => work.scope.conversation_page(self.base, &*self.txn, row)?.to_vec(),
            None => Vec::new(),
        };
        self.append_page(work, &mut pages, tail, entry)?;
        work.manifest.conversation_pages = pages;
        Ok(())
    }

    /// Writes the key pages that changed, and the stretches of their list that name them.
    fn put_keys(&mut self, work: &mut Work) -> Result<()> {
        let mut touched = BTreeSet::new();
        for (index, page) in core::mem::take(&mut work.dirty_keys) {
            let number = work.manifest.key_pages.get(index).ok_or(Error::Internal(48))?.number;
            let row = self.put_bookkeeping(work, Class::KeyPage, &page.encode(), number)?;
            work.scope.keep_key_page(&row, page);
            Arc::make_mut(&mut work.manifest.key_pages).set(index, row);
            touched.insert(index / STRETCH);
        }
        let known = work.manifest.key_pages.stretches().len();
        for at in touched.range(..known) {
            let number = work.manifest.key_pages.stretches().get(*at).ok_or(Error::Internal(57))?.number;
            self.put_stretch(work, *at, number)?;
        }
        while work.manifest.key_pages.is_long() {
            let number = self.next_row(work)?;
            self.put_stretch(work, work.manifest.key_pages.stretches().len(), number)?;
        }
        Ok(())
    }

    fn put_stretch(&mut self, work: &mut Work, at: usize, number: u64) -> Result<()> {
        let bytes = encode_page(&work.manifest.key_pages.stretch(at));
        let row = self.put_bookkeeping(work, Class::Manifest, &bytes, number)?;
        Arc::make_mut(&mut work.manifest.key_pages).set_stretch(at, row);
        Ok(())
    }

    /// Writes what a scope's change still owes: key pages, manifest, head. Returns the scope as it
    /// will be once the transaction is durable.
    pub(crate) fn finish(
        &mut self,
        mut work: Work,
        under: Option<(u32, [u8; 32])>,
        signer: Option<&SigningKey>,
        flags: u64,
    ) -> Result<Scope> {
        self.settle_segments(&mut work)?;
        self.put_keys(&mut work)?;
        let number = u64::from(work.scope.ordinal) << 40 | MANIFEST_ROW;
        let manifest = self.put_bookkeeping(&work, Class::Manifest, &work.manifest.encode(), number)?;
        let old = &work.scope.head;
        let tree = work.tree();
        let head = head::Head {
            generation: work.generation,
            epoch: self.base.epoch,
            log_origin: work.origin,
            log_size: tree.size,
            log_root: tree.root,
            last_entry: work.last_entry,
            manifest,
            previous: work.previous,
            system: work.system.clone(),
            under,
            flags,
            ..(**old).clone()
        };
        let body = head.encode();
        let auth = head::authenticate(&body, &work.scope.keys.head_mac, signer)?;
        self.txn.put_head(&work.scope.id, &body, &auth)?;
        let Work { mut scope, manifest, segments, edge, .. } = work;
        let visible = manifest.segments.iter().filter(|s| s.staged == 0).map(SegmentRef::key);
        let keep = visible.filter_map(|key| Some((key, Arc::clone(segments.get(&key)?)))).collect();
        scope.digest = head::digest(&body);
        scope.whole = true;
        scope.head = Arc::new(head);
        scope.manifest = Arc::new(manifest);
        scope.adopt(keep);
        if let Some(edge) = edge {
            scope.keep_edge(edge);
        }
        Ok(scope)
    }
}

/// An item as the ledger hashes it: record id and position of the fact.
pub(crate) type EncodedItem = [u8; ITEM];

/// Bytes of an item.
const ITEM: usize = 18;

/// What stands around items and entry: `r`, a salt, a conversation, how many items, how long the entry is.
const OPEN: usize = 32 + 32 + 16 + 2 + 4;
/// The least length of all that; sealed, 512 bytes.
const LEAST_OPEN: usize = 440;

/// The most items that are kept beside an entry: 18 KiB.
pub(crate) const KEPT_ITEMS: usize = 1024;

/// An entry of a log, in the open.
/// Stands for none: ids of conversations are random.
const NO_CONVERSATION: ConversationId = ConversationId([0; 16]);

pub(crate) struct OpenEntry {
    pub(crate) r: [u8; 32],
    /// Of a release: the salt of its items.
    pub(crate) salt: [u8; 32],
    /// Of a release: the conversation that it was shown in.
    pub(crate) shown_in: Option<ConversationId>,
    /// Of a release: its items, where they were few enough to be kept.
    pub(crate) items: Vec<EncodedItem>,
    pub(crate) bytes: Vec<u8>,
    /// What it commits to in the tree.
    pub(crate) leaf: [u8; 32],
}

/// An entry's wrapped payload key: the version and epoch in which the entry was sealed stand before it.
pub(super) struct Wrapped<'a> {
    pub(super) version: u64,
    pub(super) epoch: u32,
    pub(super) sealed: &'a [u8],
}

impl<'a> Wrapped<'a> {
    /// Length of what stands before the sealed key.
    pub(super) const PREFIX: usize = 12;

    pub(super) fn read(wrap: &'a [u8]) -> Result<Self> {
        const BAD: Error = Error::Corrupt(Part::Ledger);
        let (version, rest) = wrap.split_first_chunk().ok_or(BAD)?;
        let (epoch, sealed) = rest.split_first_chunk().ok_or(BAD)?;
        Ok(Self { version: u64::from_be_bytes(*version), epoch: u32::from_be_bytes(*epoch), sealed })
    }
}

/// The key of an entry, as the log's key gives it.
fn payload_key(scope: &Scope, at: &Context, wrap: &Wrapped<'_>) -> Result<zeroize::Zeroizing<Vec<u8>>> {
    let key = seal::open(scope.manifest.log_key.expose(), &at.encode(), wrap.sealed);
    let key = key.map_err(|_| Error::Corrupt(Part::Ledger))?;
    #[cfg(test)]
    crate::crypto::secret::control::keep(&key);
    Ok(zeroize::Zeroizing::new(key))
}

/// The keys of the first entries of a log, for a test that looks for them in memory.
#[cfg(test)]
pub(crate) fn payload_keys_for_tests(base: &Base, txn: &dyn ReadTxn, scope: &Scope) -> Vec<[u8; 32]> {
    let key = |index: u64| {
        let row = txn.ledger(&scope.log(), index).unwrap().unwrap();
        let wrap = Wrapped::read(&row.wrap).unwrap();
        let (space, epoch, class, version) = (base.space, base.epoch, Class::LedgerWrap, wrap.version);
        let at = Context { space, scope: scope.id, epoch, class, object: index, version };
        payload_key(scope, &at, &wrap).unwrap().as_slice().try_into().unwrap()
    };
    (0..scope.head.log_size.min(2)).map(key).collect()
}

/// Reads an entry of a scope's log. It stands in *a* log of this scope: that it stands in the one
/// whose root the head names is for the caller to verify, by its path or over all leaves.
pub(crate) fn read_entry(base: &Base, txn: &dyn ReadTxn, scope: &Scope, index: u64) -> Result<OpenEntry> {
    const BAD: Error = Error::Corrupt(Part::Ledger);
    if index >= scope.head.log_size {
        return Err(Error::NotFound);
    }
    if scope.manifest.is_erased(index) {
        return Err(Error::NotFound);
    }
    let row = txn.ledger(&scope.log(), index)?.ok_or(BAD)?;
    let wrap = Wrapped::read(&row.wrap)?;
    let at = |class, epoch| Context {
        space: base.space,
        scope: scope.id,
        epoch,
        class,
        object: index,
        version: wrap.version,
    };
    let key = payload_key(scope, &at(Class::LedgerWrap, base.epoch), &wrap)?;
    let key: &[u8; 32] = key.as_slice().try_into().map_err(|_| BAD)?;
    let plain = seal::open(key, &at(Class::LedgerPayload, wrap.epoch).encode(), &row.sealed).map_err(|_| BAD)?;
    let (r, rest) = plain.split_first_chunk::<32>().ok_or(BAD)?;
    let (salt, rest) = rest.split_first_chunk::<32>().ok_or(BAD)?;
    let (shown_in, rest) = rest.split_first_chunk::<16>().ok_or(BAD)?;
    let shown_in = Some(ConversationId(*shown_in)).filter(|c| *c != NO_CONVERSATION);
    let (kept, rest) = rest.split_first_chunk::<2>().ok_or(BAD)?;
    let (items, bytes) = rest.split_at_checked(usize::from(u16::from_be_bytes(*kept)) * ITEM).ok_or(BAD)?;
    let items = items.as_chunks::<ITEM>().0.to_vec();
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(BAD)?;
    let bytes = rest.get(..u32::from_be_bytes(*length) as usize).ok_or(BAD)?;
    // Damage is told here already; a stored leaf proves nothing, for whoever writes one row of a
    // file writes the other as well.
    let leaf = commit::commitment(r, bytes);
    if txn.tree(&scope.log(), 0, index)? != Some(leaf) {
        return Err(BAD);
    }
    Ok(OpenEntry { r: *r, salt: *salt, shown_in, items, bytes: bytes.to_vec(), leaf })
}

/// The rows of a scope's tree in a snapshot.
pub(crate) struct ReadRows<'a>(pub(crate) &'a dyn ReadTxn, pub(crate) LogId);

impl Nodes for ReadRows<'_> {
    fn get(&self, level: u8, idx: u64) -> Result<Option<[u8; 32]>> {
        self.0.tree(&self.1, level, idx)
    }
}

/// Row of a scope's manifest: always the same number, so that nothing has to name it twice.
pub(crate) const MANIFEST_ROW: u64 = 1;
/// Row of a scope's log seed.
pub(crate) const SEED_ROW: u64 = 2;
/// The first row that a scope's counter gives out.
pub(crate) const FIRST_ROW: u64 = 16;
