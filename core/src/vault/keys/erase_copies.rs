//! Erasure that holds against older copies of the file: what was erased opens from none of them.

use super::Rotated;
use crate::audit::Gesture;
use crate::error::{Error, Result};
use crate::keyring::{KeysOf, Unlock};
use crate::vault::HealthSpace;
use crate::vault::scope::Damage;

impl HealthSpace {
    /// Takes what was erased from older copies of the file as well: gives the space new keys, as
    /// [`rotate`](Self::rotate) does, and has the keystore destroy the secret of the old ones, so that a copy
    /// made before opens no more. [`Rotated::destroyed`] says against whom that holds, and from which copies
    /// on; its entry in the log has a receipt, which is the certificate. What cannot be destroyed now is
    /// destroyed at the next opening with the keystore; until then each erasure stands where it stood.
    ///
    /// Erase first ([`Partition::erase`](crate::Partition::erase),
    /// [`erase_entries`](Self::erase_entries)), as much as there is, then call this once. Where the
    /// recovery code opens the space without the device, it opens an older copy too: a space made by
    /// [`create_bound_to_device`](Self::create_bound_to_device) goes further. Out of reach is whatever was
    /// read, released or exported before.
    ///
    /// # Errors
    /// [`Error::LevelUnavailable`] where no keystore that is presented holds the secret of the space, and where
    /// the space was taken up from a backup and its keys were not [changed](Self::rotate) since: older copies have
    /// the same secret under a key that is not this space's to destroy;
    /// what the keystore says; otherwise as [`rotate`](Self::rotate).
    pub fn erase_from_copies(&self, unlock: &Unlock, others: &[&Unlock], gesture: Gesture) -> Result<Rotated> {
        let ways: Vec<&Unlock> = core::iter::once(unlock).chain(others.iter().copied()).collect();
        let before = self.named_slots()?;
        let (_, kept) = before.row.kept.as_ref().ok_or(Error::LevelUnavailable)?;
        let mut holds = false;
        for store in ways.iter().filter_map(|w| w.keystore.as_ref()) {
            match kept.open(store) {
                Ok(_) => holds = true,
                Err(Error::NotFound | Error::CannotOpen) => {}
                Err(e) => return Err(e),
            }
        }
        if !holds || before.row.keys_of != KeysOf::ItsOwn {
            return Err(Error::LevelUnavailable);
        }
        self.renew_keys(&ways, Some(gesture), Damage::Refused)
    }
}
