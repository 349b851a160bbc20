//! A scope as last seen: its keys, head, manifest, catalog, key pages and policy.
//!
//! A `Scope` is cheap to clone: a query works on the clone it took, a transaction changes a clone
//! and puts it back once it is durable.

use super::check::or_damaged;
use super::head::{self, Head, RowRef};
use super::key_list::KeyList;
use super::manifest::{ConversationEntry, Manifest, PageEntry, SegmentRef, decode_page};
use super::policy_row::PolicyRow;
use super::rows::{Base, Place};
use super::sources::{SourceEntry, Subject};
use super::tx::ReadRows;
use crate::catalog::{Catalog, ObjectRef, Room, Segment};
use crate::crypto::context::Class;
use crate::crypto::secret::{Group, Key};
use crate::crypto::sign::SigningKey;
use crate::error::{Error, Part, Result};
use crate::id::{ConversationId, RecordId, ScopeId, SourceId};
use crate::keyring::{KeyPage, PAGE_KEYS, ScopeKeys};
use crate::ledger::tree::{self, Edge, TreeHead};
use crate::storage::{Copy, HeadRow, LogId, ReadTxn};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Pages that were opened once: `(number, version)` names a sealing of a page.
type PageCache<T> = Arc<Mutex<BTreeMap<(u64, u64), Arc<T>>>>;

/// An open scope.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) id: ScopeId,
    pub(crate) ordinal: u16,
    pub(crate) keys: Arc<ScopeKeys>,
    pub(crate) head: Arc<Head>,
    pub(crate) digest: [u8; 32],
    /// Whether both copies of the head said the same when it was last read.
    pub(crate) whole: bool,
    pub(crate) manifest: Arc<Manifest>,
    /// What of its catalog can be read: all of it, where nothing is [missing](Self::missing).
    pub(crate) readable: Arc<Catalog>,
    /// Whether it goes on without segments that are damaged.
    damage: Damage,
    /// Visible segments that are damaged.
    missing: Arc<BTreeSet<(u64, u64)>>,
    /// Partitions only.
    pub(crate) policy: Arc<PolicyRow>,
    segments: Arc<BTreeMap<(u64, u64), Arc<Segment>>>,
    key_pages: PageCache<KeyPage>,
    sources: PageCache<Vec<Arc<SourceEntry>>>,
    conversations: PageCache<Vec<Arc<ConversationEntry>>>,
    /// The right edge of the log's tree, where it was read or written before.
    edge: Option<Arc<Edge>>,
    /// The catalog without what is quarantined, as it was last asked for.
    pub(super) shown: Arc<Mutex<Option<Shown>>>,
}

/// A catalog without some records, and of which segments it was made.
pub(crate) struct Shown {
    pub(super) segments: Vec<(u64, u64)>,
    pub(super) without: Vec<RecordId>,
    pub(super) catalog: Arc<Catalog>,
}

/// What a scope is opened from.
pub(crate) struct Opening {
    pub(crate) id: ScopeId,
    pub(crate) ordinal: u16,
    pub(crate) keys: Arc<ScopeKeys>,
    pub(crate) policy: Arc<PolicyRow>,
    pub(crate) damage: Damage,
}

/// What is made of damage in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Nothing opens.
    Refused,
    /// The rest opens: without the partition, or without the segments of its catalog that are damaged.
    LeftOut,
}

/// Reads a head where its authenticator holds.
type Verify<'a> = dyn Fn(&[u8], &[u8]) -> Option<Result<Head>> + 'a;

/// A head that was read, its digest, and whether both copies said the same.
pub(crate) struct Found {
    pub(crate) head: Head,
    pub(crate) digest: [u8; 32],
    pub(crate) whole: bool,
}

/// Reads both copies of a head: of those that verify, the newer one counts. An older first copy
/// that was put back does not hide the newer second one.
pub(crate) fn read_head(txn: &dyn ReadTxn, scope: &ScopeId, verify: &Verify<'_>) -> Result<Found> {
    let mut best: Option<Found> = None;
    let mut seen = false;
    let mut bodies = Vec::with_capacity(2);
    let mut failed = None;
    for copy in [Copy::First, Copy::Second] {
        let row = match txn.head(scope, copy) {
            // Damage in one copy is what the other one is for.
            Err(Error::Corrupt(_)) => continue,
            other => other?,
        };
        let Some(row) = row else { continue };
        seen = true;
        // Equal copies are verified once.
        if bodies.contains(&row) {
            if let Some(b) = &mut best {
                b.whole = true;
            }
            continue;
        }
        match verify(&row.body, &row.auth) {
            Some(Ok(head))
                if head.scope == *scope && best.as_ref().is_none_or(|b| head.generation > b.head.generation) =>
            {
                best = Some(Found { head, digest: head::digest(&row.body), whole: false });
            }
            Some(Err(e)) => failed = Some(e),
            _ => {}
        }
        bodies.push(row);
    }
    match (best, failed) {
        (Some(b), _) => Ok(b),
        (None, Some(e)) => Err(e),
        (None, None) if seen => Err(Error::Corrupt(Part::Head)),
        (None, None) => Err(Error::Corrupt(Part::File)),
    }
}

/// Reads a head of a scope whose key is there. The system's, of ordinal 0, is signed as well.
fn verify_own(ordinal: u16, keys: &ScopeKeys, body: &[u8], auth: &[u8]) -> Option<Result<Head>> {
    if ordinal == 0 {
        head::verify_system(body, auth, &keys.head_mac)
    } else {
        head::verify_mac(body, auth, &keys.head_mac)
    }
}

/// A head that does not verify may be of a later epoch, whose keys this handle lacks. Whoever writes the
/// file can say so as well as damage it: either way nothing is read.
pub(super) fn or_rekeyed(txn: &dyn ReadTxn, scope: &ScopeId, epoch: u32, e: Error) -> Error {
    let later = |copy| {
        let row = txn.head(scope, copy).ok().flatten();
        row.and_then(|row| Head::decode(&row.body).ok()).is_some_and(|head| head.epoch > epoch)
    };
    let unverified = matches!(e, Error::Corrupt(Part::Head));
    if unverified && (later(Copy::First) || later(Copy::Second)) { Error::Rekeyed } else { e }
}

/// Whether a scope's head is still the one of this digest, by its first copy.
pub(super) fn unchanged(txn: &dyn ReadTxn, scope: &ScopeId, digest: &[u8; 32]) -> Result<bool> {
    match txn.head(scope, Copy::First) {
        Ok(row) => Ok(row.is_some_and(|row| head::digest(&row.body) == *digest)),
        Err(Error::Corrupt(_)) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Generation and digest: one head and no other.
pub(crate) type HeadName = (u32, [u8; 32]);

/// Whether another head than the one seen can be a later one of the same history.
pub(super) fn follows(seen: HeadName, head: &Head) -> Result<()> {
    if head.generation < seen.0 {
        return Err(Error::RolledBack);
    }
    // The head right after the one seen names it; of a later one nothing more can be told.
    let next = seen.0.checked_add(1) == Some(head.generation);
    if head.generation == seen.0 || next && head.previous != seen.1 {
        return Err(Error::Forked);
    }
    Ok(())
}

/// Whether a partition's head can stand beside this system head: written under it or an earlier one.
pub(crate) fn stands_under(head: &Head, system: HeadName) -> Result<()> {
    match head.under {
        Some((g, digest)) if g == system.0 && digest != system.1 => Err(Error::Forked),
        Some((g, _)) if g <= system.0 => Ok(()),
        _ => Err(Error::RolledBack),
    }
}

fn lock<T>(m: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A cache holds only what was verified before it went in: a panic cannot leave it half-true.
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// By the keys of this space and epoch a head says both: whoever has them can say others, and nobody who writes by the
/// rules does.
fn is_of(base: &Base, head: &Head) -> Result<()> {
    if head.epoch == base.epoch && head.space == base.space { Ok(()) } else { Err(Error::Corrupt(Part::Head)) }
}

impl Scope {
    /// Opens a scope's head, manifest and visible segments.
    pub(crate) fn open(base: &Base, txn: &dyn ReadTxn, o: Opening) -> Result<Self> {
        let Found { head, digest, whole } = read_head(txn, &o.id, &|b, a| verify_own(o.ordinal, &o.keys, b, a))?;
        is_of(base, &head)?;
        let mut scope = Self {
            id: o.id,
            ordinal: o.ordinal,
            manifest: Arc::new(load_manifest(base, txn, &o.keys, &o.id, &head, None)?),
            keys: o.keys,
            head: Arc::new(head),
            digest,
            whole,
            readable: Arc::default(),
            damage: o.damage,
            missing: Arc::default(),
            policy: o.policy,
            segments: Arc::default(),
            key_pages: Arc::default(),
            sources: Arc::default(),
            conversations: Arc::default(),
            edge: None,
            shown: Arc::default(),
        };
        scope.load_catalog(base, txn)?;
        Ok(scope)
    }

    /// The same as nobody has read it: what was opened before is opened again.
    pub(crate) fn unread(&self) -> Self {
        Self { key_pages: Arc::default(), sources: Arc::default(), conversations: Arc::default(), ..self.clone() }
    }

    /// Rereads the head; loads what changed. `system` is what the system head said in the same
    /// snapshot; `None` for the system scope itself.
    pub(crate) fn refresh(&mut self, base: &Base, txn: &dyn ReadTxn, system: Option<HeadName>) -> Result<()> {
        if unchanged(txn, &self.id, &self.digest)? {
            return Ok(());
        }
        let found = read_head(txn, &self.id, &|b, a| verify_own(self.ordinal, &self.keys, b, a));
        let Found { head, digest, whole } = found.map_err(|e| or_rekeyed(txn, &self.id, base.epoch, e))?;
        self.whole = whole;
        is_of(base, &head)?;
        if digest == self.digest {
            return Ok(());
        }
        follows((self.head.generation, self.digest), &head)?;
        if let Some(system) = system {
            stands_under(&head, system)?;
        }
        let known = Some(&*self.manifest.key_pages);
        self.manifest = Arc::new(load_manifest(base, txn, &self.keys, &self.id, &head, known)?);
        self.head = Arc::new(head);
        self.digest = digest;
        self.load_catalog(base, txn)
    }

    /// Of the system scope: whether its list of partitions has all that a system head names.
    pub(crate) fn lists_all(&self, named: &Head) -> bool {
        let listed = |scope| self.policy.directory.iter().any(|d| d.scope == scope);
        named.scopes().all(|e| e.scope == self.id || listed(e.scope))
    }

    /// Whether a stored head is the one that was last seen, authenticator and all.
    pub(crate) fn is_own_head(&self, row: &HeadRow) -> bool {
        head::digest(&row.body) == self.digest
            && matches!(verify_own(self.ordinal, &self.keys, &row.body, &row.auth), Some(Ok(_)))
    }

    /// Brings the catalog to what the manifest names; segments that stay are not read again.
    fn load_catalog(&mut self, base: &Base, txn: &dyn ReadTxn) -> Result<()> {
        let (mut segments, mut missing, mut room) = (BTreeMap::new(), BTreeSet::new(), Room::default());
        for s in self.manifest.segments.iter().filter(|s| s.staged == 0) {
            let read = match self.segments.get(&s.key()) {
                Some(known) => room.hold(known).map(|()| Arc::clone(known)),
                None => self.read_segment_in(base, txn, s, &mut room).map(Arc::new),
            };
            let read = if self.damage == Damage::LeftOut { or_damaged(read)? } else { Some(read?) };
            match read {
                Some(segment) => _ = segments.insert(s.key(), segment),
                None => _ = missing.insert(s.key()),
            }
        }
        self.missing = Arc::new(missing);
        self.adopt(segments);
        Ok(())
    }

    /// Its catalog, for what takes all of it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where some of it is damaged.
    pub(crate) fn catalog(&self) -> Result<&Arc<Catalog>> {
        if self.missing.is_empty() { Ok(&self.readable) } else { Err(Error::Corrupt(Part::Segment)) }
    }

    /// How many segments of its catalog are damaged.
    pub(crate) fn missing(&self) -> u64 {
        self.missing.len() as u64
    }

    /// Whether a segment is damaged.
    pub(crate) fn misses(&self, s: &SegmentRef) -> bool {
        self.missing.contains(&s.key())
    }

    /// After a commit: the catalog as the transaction left it, without reading anything.
    pub(crate) fn adopt(&mut self, segments: BTreeMap<(u64, u64), Arc<Segment>>) {
        let order = self.manifest.segments.iter().filter(|s| s.staged == 0);
        let list = order.filter_map(|s| segments.get(&s.key()).cloned());
        self.readable = Arc::new(Catalog::of(list));
        self.segments = Arc::new(segments);
        if !self.missing.is_empty() {
            let named = self.manifest.segments.iter().map(SegmentRef::key);
            self.missing = Arc::new(named.filter(|key| self.missing.contains(key)).collect());
        }
    }

    /// Visible segments by (row number, version).
    pub(crate) fn segments(&self) -> &BTreeMap<(u64, u64), Arc<Segment>> {
        &self.segments
    }

    pub(crate) fn read_segment(&self, base: &Base, txn: &dyn ReadTxn, s: &SegmentRef) -> Result<Segment> {
        self.read_segment_in(base, txn, s, &mut Room::default())
    }

    /// As [`read_segment`](Self::read_segment), where there is room for it.
    pub(crate) fn read_segment_in(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        s: &SegmentRef,
        room: &mut Room,
    ) -> Result<Segment> {
        if let Some(bytes) = &s.here {
            return Segment::decode_in(bytes, room);
        }
        let (page, slot) = self.group_page(base, txn, s.group)?;
        let (epoch, key) = page.get(slot).ok_or(Error::Corrupt(Part::KeyPage))?;
        let place = self.place(Class::Catalog, epoch, s.group);
        let raw = base.get_named(txn, key.expose(), &place, &s.row, Part::Segment)?;
        Segment::decode_in(&raw, room)
    }

    /// The generation of its next head. Whoever can write in a partition can leave no number for one: then
    /// it stays as it is until the space gets [new keys](crate::HealthSpace::rotate) or goes on anew.
    pub(crate) fn next_generation(&self) -> Option<u32> {
        self.head.generation.checked_add(1)
    }

    /// A place in this scope; number and version are filled in by the caller.
    pub(crate) fn place(&self, class: Class, epoch: u32, group: u64) -> Place {
        Place { tag: self.id, scope: self.id, class, number: 0, version: 0, epoch, group }
    }

    /// The page of a group's key and the key's position in it.
    pub(crate) fn group_page(&self, base: &Base, txn: &dyn ReadTxn, group: u64) -> Result<(Arc<KeyPage>, usize)> {
        let bad = Error::Corrupt(Part::KeyPage);
        // Group 0 is bookkeeping: groups count from 1.
        let index = usize::try_from(group.checked_sub(1).ok_or(Error::Corrupt(Part::KeyPage))?).map_err(|_| bad)?;
        if index / PAGE_KEYS == self.manifest.key_pages.len() {
            return Ok((Arc::clone(&self.manifest.last_keys), index % PAGE_KEYS));
        }
        let row = *self.manifest.key_pages.get(index / PAGE_KEYS).ok_or(Error::Corrupt(Part::KeyPage))?;
        let page = self.page(base, txn, &self.key_pages, &row, Class::KeyPage, Part::KeyPage, KeyPage::decode)?;
        Ok((page, index % PAGE_KEYS))
    }

    /// Runs `f` with a group's key and the epoch in which it was made.
    pub(crate) fn with_group<T>(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        group: u64,
        f: impl FnOnce(u32, &Key<Group>) -> Result<T>,
    ) -> Result<T> {
        let (page, slot) = self.group_page(base, txn, group)?;
        let (epoch, key) = page.get(slot).ok_or(Error::NotFound)?;
        f(epoch, key)
    }

    #[expect(clippy::too_many_arguments, reason = "one private function for three kinds of page")]
    fn page<T>(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        cache: &PageCache<T>,
        row: &RowRef,
        class: Class,
        part: Part,
        decode: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<Arc<T>> {
        if let Some(p) = lock(cache).get(&(row.number, row.version)) {
            return Ok(Arc::clone(p));
        }
        let place = self.place(class, base.epoch, 0);
        let raw = zeroize::Zeroizing::new(base.get_named(txn, self.keys.manifest.expose(), &place, row, part)?);
        let page = Arc::new(decode(&raw)?);
        let mut cache = lock(cache);
        // Older sealings of the same page are of no more use.
        cache.retain(|(n, _), _| *n != row.number);
        cache.insert((row.number, row.version), Arc::clone(&page));
        Ok(page)
    }

    /// A page of sources.
    pub(crate) fn source_page(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        row: &RowRef,
    ) -> Result<Arc<Vec<Arc<SourceEntry>>>> {
        self.list_page(base, txn, &self.sources, row)
    }

    /// Whether a source was imported.
    pub(crate) fn has_source(&self, base: &Base, txn: &dyn ReadTxn, id: &SourceId) -> Result<bool> {
        for row in &self.manifest.source_pages {
            if self.source_page(base, txn, row)?.iter().any(|s| s.id == *id && s.finished) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whose its files say that they are.
    pub(crate) fn subject(&self, base: &Base, txn: &dyn ReadTxn) -> Result<Subject> {
        let mut all = Subject::default();
        for row in &self.manifest.source_pages {
            self.source_page(base, txn, row)?.iter().for_each(|s| all.join(&s.subject));
        }
        Ok(all)
    }

    /// A page of conversations.
    pub(crate) fn conversation_page(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        row: &RowRef,
    ) -> Result<Arc<Vec<Arc<ConversationEntry>>>> {
        self.list_page(base, txn, &self.conversations, row)
    }

    /// What is stored of a conversation.
    pub(crate) fn conversation(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        id: ConversationId,
    ) -> Result<Option<Arc<ConversationEntry>>> {
        for row in &self.manifest.conversation_pages {
            if let Some(e) = self.conversation_page(base, txn, row)?.iter().find(|e| e.id == id) {
                return Ok(Some(Arc::clone(e)));
            }
        }
        Ok(None)
    }

    fn list_page<T: PageEntry>(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        cache: &PageCache<Vec<Arc<T>>>,
        row: &RowRef,
    ) -> Result<Arc<Vec<Arc<T>>>> {
        self.page(base, txn, cache, row, Class::Manifest, Part::Manifest, decode_page::<T>)
    }

    /// The source of an ordinal.
    pub(crate) fn source(&self, base: &Base, txn: &dyn ReadTxn, ordinal: u32) -> Result<Arc<SourceEntry>> {
        let i = usize::try_from(ordinal).map_err(|_| Error::NotFound)?;
        let row = self.manifest.source_pages.get(i / super::manifest::PAGE_ENTRIES).ok_or(Error::NotFound)?;
        let page = self.source_page(base, txn, row)?;
        page.get(i % super::manifest::PAGE_ENTRIES).cloned().ok_or(Error::NotFound)
    }

    /// Where its log stands.
    pub(crate) fn log(&self) -> LogId {
        LogId { scope: self.id, ordinal: self.ordinal }
    }

    /// The right edge of the log's tree: it gives the head's root, or is read until it does.
    ///
    /// # Errors
    /// [`Error::Corrupt`]: the stored tree is not the head's.
    pub(crate) fn edge(&self, txn: &dyn ReadTxn) -> Result<Edge> {
        let head = TreeHead { size: self.head.log_size, root: self.head.log_root };
        match &self.edge {
            Some(edge) if edge.head() == head => Ok((**edge).clone()),
            _ => tree::edge(&ReadRows(txn, self.log()), &head),
        }
    }

    /// Keeps the edge that an append left.
    pub(crate) fn keep_edge(&mut self, edge: Edge) {
        self.edge = Some(Arc::new(edge));
    }

    /// The signing key of this scope's log: `named` by the system head, and no other.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where another seed stands in its place.
    pub(crate) fn signer(&self, base: &Base, txn: &dyn ReadTxn, named: &Head) -> Result<SigningKey> {
        let key = self.signer_of(base, txn, &self.manifest.seed)?;
        let same = named.entry(&self.id).is_some_and(|e| e.verify == key.verifying_key().0);
        if same { Ok(key) } else { Err(Error::Corrupt(Part::Manifest)) }
    }

    /// The signing key whose seed stands in this row.
    pub(super) fn signer_of(&self, base: &Base, txn: &dyn ReadTxn, row: &RowRef) -> Result<SigningKey> {
        let raw = self.seed_of(base, txn, row)?;
        let seed: &[u8; 32] = raw.as_slice().try_into().map_err(|_| Error::Corrupt(Part::Manifest))?;
        SigningKey::from_seed(seed)
    }

    /// The seed in this row.
    pub(super) fn seed_of(&self, base: &Base, txn: &dyn ReadTxn, row: &RowRef) -> Result<zeroize::Zeroizing<Vec<u8>>> {
        let place = self.place(Class::LogSeed, base.epoch, 0);
        let seed = base.get_named(txn, self.keys.manifest.expose(), &place, row, Part::Manifest)?;
        #[cfg(test)]
        crate::crypto::secret::control::keep(&seed);
        Ok(zeroize::Zeroizing::new(seed))
    }

    /// Opens the sealed bytes of an object; its key's page must have been read before.
    pub(crate) fn open_sealed(
        &self,
        base: &Base,
        class: Class,
        object: &ObjectRef,
        sealed: &mut [u8],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (page, slot) = match self.cached_page(object.group) {
            Some(found) => found,
            None => self.group_page(base, &*base.storage.begin_read()?, object.group)?,
        };
        let (epoch, key) = page.get(slot).ok_or(Error::NotFound)?;
        let place =
            Place { number: object.number >> 8, version: object.version, ..self.place(class, epoch, object.group) };
        base.open(key.expose(), &place, Part::Body, sealed, out).map(|_| ())
    }

    /// Keeps a page that was just written: the next transaction need not open it. Should this one
    /// not become durable, no manifest will ever name the version.
    pub(crate) fn keep_key_page(&self, row: &RowRef, page: KeyPage) {
        let mut cache = lock(&self.key_pages);
        cache.retain(|(n, _), _| *n != row.number);
        cache.insert((row.number, row.version), Arc::new(page));
    }

    /// A group's page where it was read before.
    fn cached_page(&self, group: u64) -> Option<(Arc<KeyPage>, usize)> {
        let index = usize::try_from(group.checked_sub(1)?).ok()?;
        if index / PAGE_KEYS == self.manifest.key_pages.len() {
            return Some((Arc::clone(&self.manifest.last_keys), index % PAGE_KEYS));
        }
        let row = self.manifest.key_pages.get(index / PAGE_KEYS)?;
        let page = lock(&self.key_pages).get(&(row.number, row.version)).cloned()?;
        Some((page, index % PAGE_KEYS))
    }

    /// Opens the block that a record stands in: `number` holds the row number and, in its low
    /// eight bits, the record's position.
    pub(crate) fn open_object(
        &self,
        base: &Base,
        txn: &dyn ReadTxn,
        class: Class,
        object: &ObjectRef,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.with_group(base, txn, object.group, |epoch, key| {
            let place =
                Place { number: object.number >> 8, version: object.version, ..self.place(class, epoch, object.group) };
            base.get(txn, key.expose(), &place, Part::Body, out).map(|_| ())
        })
    }
}

/// Reads the manifest that a head names; `known` is a list of key pages that was read before.
pub(crate) fn load_manifest(
    base: &Base,
    txn: &dyn ReadTxn,
    keys: &ScopeKeys,
    id: &ScopeId,
    head: &Head,
    known: Option<&KeyList>,
) -> Result<Manifest> {
    let place =
        Place { tag: *id, scope: *id, class: Class::Manifest, number: 0, version: 0, epoch: base.epoch, group: 0 };
    let read = |row: &RowRef| base.get_named(txn, keys.manifest.expose(), &place, row, Part::Manifest);
    let raw = zeroize::Zeroizing::new(read(&head.manifest)?);
    let mut manifest = Manifest::decode(&raw).map_err(|_| Error::Corrupt(Part::Manifest))?;
    Arc::make_mut(&mut manifest.key_pages)
        .fill(known, |row| decode_page(&read(row)?).map_err(|_| Error::Corrupt(Part::Manifest)))?;
    Ok(manifest)
}
