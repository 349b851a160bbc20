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
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use crate::vault::space::HealthSpace;
use crate::vault::state::{State, Target};
use crate::vault::tx::{Tx, Work, Wrapped, read_entry};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most entries of one erasure: its own entry names them.
const MAX: usize = 256;

/// What an erasure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogErasure {
    /// Its own entry, which names the positions and nothing of what stood there.
    pub entry: u64,
    /// Whether the file's write-ahead log was emptied since, so that no older image of the rows is
    /// in it. `false` where somebody else was reading: the next erasure or the last close does it.
    pub swept: bool,
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
    /// [`Error::Corrupt`] where an entry that stays cannot be opened. Nothing is erased then.
    pub fn erase_entries(&self, of: LogOf<'_>, entries: &[u64], gesture: Gesture) -> Result<LogErasure> {
        let gone: BTreeSet<u64> = entries.iter().copied().collect();
        if gone.is_empty() {
            return Err(Error::Malformed(Malformed::Argument));
        }
        if gone.len() > MAX {
            return Err(Error::TooLarge(Limit::Items));
        }
        let entry = self.inner.write(|tx, w| {
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
            forget_entries(tx, work, &gone)?;
            tx.log(work, AuditEvent::EntriesErased { entries: gone.iter().copied().collect(), gesture })
        })?;
        let swept = self.inner.base.storage.checkpoint().unwrap_or(false);
        Ok(LogErasure { entry, swept })
    }
}

/// Takes from entries what they say.
pub(in crate::vault) fn forget_entries(tx: &mut Tx<'_>, work: &mut Work, gone: &BTreeSet<u64>) -> Result<()> {
    let scope = work.scope.clone();
    for index in gone {
        tx.txn.erase_ledger(&scope.log(), *index)?;
        work.manifest.note_erased(*index);
    }
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

/// Gives the log a new key, under which the payload keys of what is left are sealed again: whoever
/// finds an old row still lacks what opens it. The old key was made in the epoch `made`.
pub(in crate::vault) fn replace_log_key(
    tx: &mut Tx<'_>,
    scope: &Scope,
    manifest: &mut Manifest,
    made: u32,
) -> Result<()> {
    const BAD: Error = Error::Corrupt(Part::Ledger);
    let base: &Base = tx.base;
    let new = Key::make()?;
    for index in manifest.left(scope.head.log_size) {
        let row = tx.txn.ledger(&scope.log(), index)?.ok_or(BAD)?;
        let wrap = Wrapped::read(&row.wrap)?;
        let at = |epoch| Context {
            space: base.space,
            scope: scope.id,
            epoch,
            class: Class::LedgerWrap,
            object: index,
            version: wrap.version,
        };
        let payload = seal::open(manifest.log_key.expose(), &at(made).encode(), wrap.sealed).map_err(|_| BAD)?;
        let payload = zeroize::Zeroizing::new(payload);
        let mut sealed = row.wrap.get(..Wrapped::PREFIX).ok_or(BAD)?.to_vec();
        seal::seal_into(new.expose(), &at(base.epoch).encode(), &payload, &mut sealed)?;
        tx.txn.rewrap_ledger(&scope.log(), index, &sealed)?;
    }
    manifest.log_key = Arc::new(new);
    Ok(())
}
