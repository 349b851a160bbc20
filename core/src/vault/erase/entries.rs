//! Erasing what entries of a log say. Of each only the leaf is left: a hash under a secret that is
//! gone, so every other proof still holds, and not even the true text can be told to have stood there.

use crate::audit::{AuditEvent, Entry, Gesture};
use crate::consent::{ConsentStatus, Standing};
use crate::crypto::context::{Class, Context};
use crate::crypto::seal;
use crate::crypto::secret::Key;
use crate::error::{Error, Limit, Malformed, Part, Result};
use crate::id::{GrantId, Timestamp};
use crate::vault::logs::{LogOf, read_line, scope_of};
use crate::vault::manifest::Manifest;
use crate::vault::scope::Scope;
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target};
use crate::vault::tx::{Tx, Work, Wrapped, read_entry};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most entries of one erasure: its own entry names them.
pub(in crate::vault) const MOST_ENTRIES: usize = 256;

/// What an erasure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogErasure {
    /// Its own entry, which names the positions and nothing of what stood there.
    pub entry: u64,
    /// Whether the file's write-ahead log was emptied since, so that no older image of the rows is
    /// in it. `false` where somebody else was reading: the next erasure or the last close does it.
    pub swept: bool,
    /// Entries of the log that nobody asked for and that are gone as well, because what opens them is damaged: it
    /// cannot be sealed anew. What they said is lost; their leaves stay.
    pub entries_lost: u64,
}

impl HealthSpace {
    /// Erases what entries of a log say: who, when, what for, which items. Their secrets, keys and
    /// sealed bytes are deleted and the log's key is replaced, so that nothing in the file opens
    /// them. Their leaves stay: proofs of all other entries, and checkpoints that somebody kept,
    /// hold as before. The erasure is an entry itself.
    ///
    /// Nobody can prove any more what was erased, the person included. [`log`](Self::log),
    /// [`disclosure_log`](Self::disclosure_log), [`withdrawal_notices`](Self::withdrawal_notices)
    /// and [`claims`](Self::claims) no longer know of it (the notices say how many entries are gone), and evidence of a release under a grant
    /// reaches no further than [`Level::Logged`](crate::evidence::Level) where an entry of the space's
    /// log between the two is erased: it could have been a withdrawal. What is in force stays in
    /// force. Receipts, evidence and copies of the file that were handed out before are out of reach.
    ///
    /// A consent's entry can be erased once the consent is no longer in force: until then it is what
    /// shows the person to what they agreed. Withdrawing it is one call.
    ///
    /// A handle that was opened for some partitions erases in their logs. It takes time in proportion
    /// to the log, for the keys of all other entries are sealed anew.
    ///
    /// ```
    /// # use healthspace::{audit::Gesture, Environment, Error, HealthSpace, KdfParams, LogOf, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-erase-log-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// # let gesture = Gesture { method: "tap".into(), evidence: [0; 32] };
    /// let health = LogOf::Partition("health");
    /// let kept = space.checkpoint(health)?;
    /// space.erase_entries(health, &[0], gesture)?;
    /// assert!(matches!(space.receipt(health, 0), Err(Error::NotFound)));
    /// let proof = space.consistency(health, 1)?;
    /// healthspace::verify_consistency(&kept, &proof, &space.verifier_key(health)?)?;
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] where one of the entries is not there or erased already;
    /// [`Error::Denied`] for that of a consent in force, for that of an erasure or a change of keys, for a renewal whose
    /// grant stays, for what a later version of this library wrote, and for what was done in an emergency until the
    /// person has seen its notice;
    /// [`Error::Malformed`] for no entries, [`Error::TooLarge`] for more than 256 at a time;
    /// [`Error::NeedsFullSlot`] for the space's log where some partitions only are open;
    /// [`Error::Corrupt`] where one of the entries is damaged, or the log is. Nothing is erased then.
    pub fn erase_entries(&self, of: LogOf<'_>, entries: &[u64], gesture: Gesture) -> Result<LogErasure> {
        let gone: BTreeSet<u64> = entries.iter().copied().collect();
        if gone.is_empty() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        if gone.len() > MOST_ENTRIES {
            return Err(Error::TooLarge(Limit::Items));
        }
        let (entry, entries_lost) = self.inner.write(|tx, w| {
            let scope = scope_of(&w.state, of)?.clone();
            let mut renewed = BTreeSet::new();
            for index in &gone {
                let open = read_entry(tx.base, &*tx.txn, &scope, *index)?;
                let event = Entry::decode(&open.bytes)?.event;
                // The person is told first what was done in an emergency.
                let owed = |p: &Scope| p.manifest.breaks.iter().any(|b| b.is_owed(p, scope.id, *index, &event));
                if w.state.partitions.iter().any(owed) {
                    return Err(Error::Denied);
                }
                match event {
                    // Without them the log could not show that it is the one it was, nor what was destroyed
                    // and which copies there are of what may be erased here.
                    AuditEvent::EntriesErased { .. }
                    | AuditEvent::LogRekeyed { .. }
                    | AuditEvent::EpochEnded { .. }
                    | AuditEvent::EpochDestroyed { .. }
                    | AuditEvent::LogContinued { .. }
                    | AuditEvent::BackedUp { .. }
                    | AuditEvent::BackupFailed { .. }
                    | AuditEvent::LogOpened { previous: Some(_), .. }
                    | AuditEvent::Restored { .. }
                    | AuditEvent::Recovered { .. }
                    // Whatever a later version protects.
                    | AuditEvent::Unknown { .. } => return Err(Error::Denied),
                    AuditEvent::Granted { grant, .. }
                    | AuditEvent::Renewed { grant, .. }
                    | AuditEvent::ConsentImported { grant, .. }
                        if is_in_force(&w.state, grant, Timestamp::from_millis(tx.now)) =>
                    {
                        return Err(Error::Denied);
                    }
                    AuditEvent::Renewed { grant, .. } => _ = renewed.insert(grant),
                    _ => {}
                }
            }
            // Without its renewal, what a grant allowed would look as if it had been over.
            if !renewed.is_empty() {
                for index in scope.manifest.left(scope.head.log_size).filter(|i| !gone.contains(i)) {
                    let (_, entry) = read_line(tx.base, &*tx.txn, &scope, index)?;
                    if matches!(entry, Some(Entry { event: AuditEvent::Granted { grant, .. }, .. }) if renewed.contains(&grant))
                    {
                        return Err(Error::Denied);
                    }
                }
            }
            let target = match of {
                LogOf::Space => Target::System,
                LogOf::Partition(name) => Target::Partition(w.state.position(name)?),
            };
            let work = w.work(tx, target)?;
            let lost = forget_entries(tx, work, &gone)?;
            let entry = tx.log(work, AuditEvent::EntriesErased { entries: gone.iter().copied().collect(), gesture })?;
            Ok((entry, lost))
        })?;
        let swept = self.inner.base.storage.checkpoint().unwrap_or(false);
        Ok(LogErasure { entry, swept, entries_lost })
    }
}

/// Takes from entries what they say. How many others were lost: see [`replace_log_key`].
pub(in crate::vault) fn forget_entries(tx: &mut Tx<'_>, work: &mut Work, gone: &BTreeSet<u64>) -> Result<u64> {
    let scope = work.scope.clone();
    for index in gone {
        tx.txn.erase_ledger(&scope.log(), *index)?;
    }
    work.manifest.note_erased(gone.iter().copied());
    work.manifest.breaks.retain(|b| !gone.contains(&b.entry()));
    replace_log_key(tx, &scope, &mut work.manifest, tx.base.epoch)
}

/// Whether a consent counts now, or will from some day on.
fn is_in_force(state: &State, grant: GrantId, now: Timestamp) -> bool {
    let counts = |s: Option<Standing>| {
        use Standing::{InForce, NotYet, Suspended, Unusable};
        matches!(s, Some(InForce | NotYet | Unusable | Suspended))
    };
    state.partitions.iter().filter(|p| !p.manifest.denied.contains(&grant)).any(|p| {
        let lowers = p.policy.lowering(grant).is_some_and(|doc| {
            doc.meta.status == ConsentStatus::Active && doc.spec.terms().expires.is_none_or(|end| now < end)
        });
        lowers || counts(p.policy.state.standing(grant, now))
    })
}

/// Missing entries that are carried beyond as many as there are rows.
const SPARE: u64 = 64;

/// Gives the log a new key, under which the payload keys of what is left are sealed again: whoever
/// finds an old row still lacks what opens it. The old key was made in the epoch `made`.
///
/// An entry whose payload key is damaged says nothing any more, and keeps no log from a new key: it is carried like
/// one that was erased, for which it may well stand. No entry names it. How many these are.
pub(in crate::vault) fn replace_log_key(
    tx: &mut Tx<'_>,
    scope: &Scope,
    manifest: &mut Manifest,
    made: u32,
) -> Result<u64> {
    let new = Key::make()?;
    let (mut lost, mut most) = (Vec::new(), None);
    for index in manifest.left(scope.head.log_size) {
        let row = match tx.txn.ledger(&scope.log(), index) {
            // What stands there is no entry. A disk that fails is no damage.
            Err(Error::Corrupt(_)) => None,
            other => other?,
        };
        let wrap = row.as_ref().and_then(|row| Wrapped::read(&row.wrap).ok().zip(row.wrap.get(..Wrapped::PREFIX)));
        let at = |epoch, version| Context {
            space: tx.base.space,
            scope: scope.id,
            epoch,
            class: Class::LedgerWrap,
            object: index,
            version,
        };
        let opened = wrap.and_then(|(wrap, prefix)| {
            let context = at(made, wrap.version).encode();
            let payload = seal::open(manifest.log_key.expose(), &context, wrap.sealed).ok()?;
            Some((zeroize::Zeroizing::new(payload), wrap.version, prefix.to_vec()))
        });
        if let Some((payload, version, mut sealed)) = opened {
            seal::seal_into(new.expose(), &at(tx.base.epoch, version).encode(), &payload, &mut sealed)?;
            tx.txn.rewrap_ledger(&scope.log(), index, &sealed)?;
            continue;
        }
        lost.push(index);
        // A head may name any size: what it names beyond what is there is not walked to.
        let most = match most {
            Some(n) => n,
            None => *most.insert(rows_of(tx, scope)?.saturating_add(SPARE)),
        };
        if lost.len() as u64 > most {
            return Err(Error::Corrupt(Part::Ledger));
        }
    }
    for index in &lost {
        tx.txn.erase_ledger(&scope.log(), *index)?;
    }
    let count = lost.len() as u64;
    manifest.note_erased(lost);
    manifest.log_key = Arc::new(new);
    Ok(count)
}

/// How many rows there are of a scope's log.
fn rows_of(tx: &Tx<'_>, scope: &Scope) -> Result<u64> {
    let mut rows = 0;
    tx.txn.log_rows(&mut |of, n| {
        rows += if of == Some(scope.id) { n } else { 0 };
        Ok(())
    })?;
    Ok(rows)
}
