//! A keystore of files, for tests and for desktops that have no other.

use super::{DestroyProof, KeyStore, KeyStoreClass};
use crate::crypto::context::SOFTWARE_KEYSTORE;
use crate::crypto::secret::{Key, Stored};
use crate::crypto::{random_array, seal};
use crate::error::{Error, Malformed, Result};
use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Keys in files of a directory that only their owner may enter, one file a key. It keeps a thief of the space's
/// file out, and nobody who can read the directory as well: it must not lie where the space is backed up or
/// synchronised. It reports itself as [`KeyStoreClass::Software`].
///
/// ```
/// use healthspace::{Environment, HealthSpace, KdfParams, SoftwareKeyStore, Unlock};
/// # use std::sync::Arc;
/// # let dir = std::env::temp_dir().join(format!("hs-doc-keystore-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let (file, words) = (dir.join("me.hs"), "correct horse battery staple");
/// let keystore = Arc::new(SoftwareKeyStore::new(dir.join("keys")));
/// let unlock = Unlock::passphrase(words).with_device(keystore).with_cost(KdfParams::FLOOR);
/// let (space, code) = HealthSpace::create(&file, &unlock, Environment::default())?;
/// assert_eq!(space.info()?.keystore, "software");
/// // The passphrase alone does not open it.
/// assert!(HealthSpace::open(&file, &Unlock::passphrase(words), Environment::default()).is_err());
/// assert!(HealthSpace::open(&file, &unlock, Environment::default()).is_ok());
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SoftwareKeyStore {
    directory: PathBuf,
}

impl fmt::Debug for SoftwareKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SoftwareKeyStore(..)")
    }
}

const NAME: usize = 16;

impl SoftwareKeyStore {
    /// A keystore in this directory, which is made when the first key is.
    #[must_use]
    pub fn new(directory: impl AsRef<Path>) -> Self {
        Self { directory: directory.as_ref().to_owned() }
    }

    /// The file of a key. Names come from a space's file, which others can write: nothing but what
    /// [`create`](KeyStore::create) gives names a file.
    fn path(&self, key: &[u8]) -> Result<PathBuf> {
        const BAD: Error = Error::Malformed(Malformed::Argument);
        let name = core::str::from_utf8(key).map_err(|_| BAD)?;
        let digits = name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if name.len() == 2 * NAME && digits { Ok(self.directory.join(name)) } else { Err(BAD) }
    }

    fn key(&self, key: &[u8]) -> Result<Key<Stored>> {
        let file = match File::open(self.path(key)?) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(Error::NotFound),
            other => other?,
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        file.take(64).read_to_end(&mut bytes)?;
        Key::copy_of(&bytes).ok_or(Error::CannotOpen)
    }

    /// A name, or that there is none any more, is durable once the directory is.
    fn settle(&self) -> Result<()> {
        #[cfg(unix)]
        File::open(&self.directory)?.sync_all()?;
        Ok(())
    }
}

fn private_directory(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(path)?)
}

fn new_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?)
}

impl KeyStore for SoftwareKeyStore {
    fn create(&self) -> Result<Vec<u8>> {
        private_directory(&self.directory)?;
        let name = crate::id::SpaceId(random_array::<NAME>()?).to_hex().into_bytes();
        let key: Key<Stored> = Key::make()?;
        let mut file = new_file(&self.path(&name)?)?;
        file.write_all(key.expose())?;
        file.sync_all()?;
        self.settle()?;
        Ok(name)
    }

    fn wrap(&self, key: &[u8], secret: &[u8; 32]) -> Result<Vec<u8>> {
        seal::seal(self.key(key)?.expose(), SOFTWARE_KEYSTORE, secret)
    }

    fn unwrap(&self, key: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let opened = seal::open(self.key(key)?.expose(), SOFTWARE_KEYSTORE, wrapped);
        opened.map(Zeroizing::new).map_err(|_| Error::CannotOpen)
    }

    /// Overwrites the file and removes it. Where a file system, a flash disk or a backup keeps what
    /// was overwritten, the key is there still.
    fn destroy(&self, key: &[u8]) -> Result<DestroyProof> {
        let path = self.path(key)?;
        match OpenOptions::new().write(true).open(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            other => {
                let mut file = other?;
                file.write_all(&[0; 32])?;
                file.sync_all()?;
                fs::remove_file(&path)?;
                self.settle()?;
            }
        }
        Ok(DestroyProof { rollback_resistant: false, evidence: Vec::new() })
    }

    fn class(&self) -> KeyStoreClass {
        KeyStoreClass::Software
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_private_and_gone_once_destroyed() {
        let dir = tempfile::tempdir().unwrap();
        let store = SoftwareKeyStore::new(dir.path().join("keys"));
        let (a, b) = (store.create().unwrap(), store.create().unwrap());
        let wrapped = store.wrap(&a, &[7; 32]).unwrap();
        let again = SoftwareKeyStore::new(dir.path().join("keys"));
        assert_eq!(again.unwrap(&a, &wrapped).unwrap()[..], [7; 32]);
        assert!(matches!(store.unwrap(&b, &wrapped), Err(Error::CannotOpen)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |p: PathBuf| fs::metadata(p).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(dir.path().join("keys")), 0o700);
            assert_eq!(mode(store.path(&a).unwrap()), 0o600);
        }
        assert!(!store.destroy(&a).unwrap().rollback_resistant);
        assert!(matches!(store.unwrap(&a, &wrapped), Err(Error::NotFound)));
        store.destroy(&a).unwrap();
        assert!(store.wrap(&b, &[1; 32]).is_ok(), "the other key stays");
    }

    #[test]
    fn a_planted_name_reaches_no_other_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = SoftwareKeyStore::new(dir.path().join("keys"));
        store.create().unwrap();
        let other = dir.path().join("precious");
        fs::write(&other, b"precious").unwrap();
        for name in [&b"../precious"[..], b"precious", b"", b"/etc/passwd", &[0xff; 32], &[b'A'; 32]] {
            assert!(matches!(store.destroy(name), Err(Error::Malformed(_))));
            assert!(store.unwrap(name, &[0; 90]).is_err());
        }
        assert_eq!(fs::read(other).unwrap(), b"precious");
    }
}
