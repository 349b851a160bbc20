//! Keys of the keystore for a space that goes on beside the one that it was copied from. The secrets are the
//! same, the keys that wrap them are its own: so neither of the two loses what the other destroys.

use super::slots::Slots;
use crate::error::Result;
use crate::keyring::{Kept, KeyStore, KeysOf, Unlock};
use crate::vault::rows::Base;
use crate::vault::state::{State, Writing};
use crate::vault::tx::Tx;
use std::sync::Arc;
use zeroize::Zeroizing;

/// New wrappings of what a keystore keeps for a space, beside the old ones.
#[derive(Default)]
pub(in crate::vault) struct OwnKeys {
    store: Option<Arc<dyn KeyStore>>,
    made: Vec<(Kept, Kept)>,
}

impl OwnKeys {
    /// Wraps again what the keystore that this way in brings keeps for the space. Under no lock: the platform
    /// may take its time.
    pub(in crate::vault) fn make(base: &Base, state: &State, unlock: &Unlock) -> Result<Self> {
        let Some(store) = &unlock.keystore else { return Ok(Self::default()) };
        let slots = Slots::read(&*base.storage.begin_read()?, state.view.slots_digest())?;
        let mut own = Self { store: Some(Arc::clone(store)), made: Vec::new() };
        let of_slots = slots.slots.values().filter_map(|s| s.kept.as_ref());
        for old in slots.row.kept.iter().map(|(_, kept)| kept).chain(of_slots) {
            // Another device's, or one that cannot be reached now.
            let Ok(secret) = old.open(store) else { continue };
            let Some(secret) = secret.first_chunk::<32>().map(|s| Zeroizing::new(*s)) else { continue };
            match Kept::make(store, &secret) {
                Ok(new) => own.made.push((old.clone(), new)),
                Err(e) => {
                    own.discard();
                    return Err(e);
                }
            }
        }
        Ok(own)
    }

    /// Puts them in the place of the old ones, which stay in the keystore for whoever rests on them. Where one
    /// is not among them, the space says that its keys are another's as well.
    pub(in crate::vault) fn put(&self, tx: &mut Tx<'_>, w: &mut Writing) -> Result<()> {
        let named = w.system_part(tx)?.slots_digest;
        let mut slots = Slots::read(&*tx.txn, Some(named))?;
        let mut kept: Vec<&mut Kept> = slots.slots.values_mut().filter_map(|s| s.kept.as_mut()).collect();
        kept.extend(slots.row.kept.as_mut().map(|(_, kept)| kept));
        if kept.is_empty() {
            return Ok(());
        }
        let mut keys_of = KeysOf::ItsOwnSince;
        for old in kept {
            match self.made.iter().find(|(of, _)| of == old) {
                Some((_, new)) => old.clone_from(new),
                None => keys_of = KeysOf::Others,
            }
        }
        slots.row.keys_of = keys_of;
        w.system_part(tx)?.slots_digest = slots.write(&mut *tx.txn)?;
        Ok(())
    }

    /// Destroys them: nothing rests on them.
    pub(in crate::vault) fn discard(&self) {
        for (store, (_, new)) in self.store.iter().flat_map(|s| self.made.iter().map(move |m| (s, m))) {
            // What stays behind opens nothing.
            let _ = store.destroy(&new.key);
        }
    }
}
