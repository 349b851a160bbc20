//! Anchors: a place outside the file that remembers how far each scope of a space had come.
//!
//! An older copy of a space is whole in itself; only something that is not in it can tell that it
//! is old. The host brings that something: a server, a secure element, or at least another file.

use crate::error::{Error, Malformed, Result};
use crate::id::{ScopeId, SpaceId};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// One head of a scope and no other: its epoch and generation, and the SHA-256 of its body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AnchoredHead {
    /// Counts up by one whenever the space gets new keys.
    pub epoch: u32,
    /// Counts up by one with every change of the scope, from 1 in each epoch. 0 is no head: it stands where
    /// a scope is about to be anchored, so that the anchor is known from one that forgot.
    pub generation: u32,
    /// SHA-256 of the head's body.
    pub digest: [u8; 32],
}

impl core::fmt::Debug for AnchoredHead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("AnchoredHead")
            .field("epoch", &self.epoch)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Remembers the newest head of each scope of a space, where whoever can write to the space's file
/// cannot. Asked before every transaction, and told after every commit: both should be quick.
///
/// An anchor that forgets locks the space; one that says what is not so makes it refuse to work.
/// Neither gives anything away: heads are counters and hashes.
pub trait FreshnessAnchor: Send + Sync {
    /// The head that was stored last; `None` where none was.
    ///
    /// # Errors
    /// Where the anchor cannot be reached: [`Error::Io`]. Nothing is read from the space then.
    fn read(&self, space: SpaceId, scope: ScopeId) -> Result<Option<AnchoredHead>>;

    /// Stores `new` where `expect_prev` stands, durably and as one step among all processes, and
    /// says so; `false`, and nothing changed, where another head stands there.
    ///
    /// # Errors
    /// Where the anchor cannot be reached: [`Error::Io`]. It may then have stored `new` or not.
    fn advance(
        &self,
        space: SpaceId,
        scope: ScopeId,
        expect_prev: Option<AnchoredHead>,
        new: AnchoredHead,
    ) -> Result<bool>;

    /// Whether whoever can write to this device's files can set it back as well: then it sees a
    /// backup that was restored by mistake, and no attacker.
    fn is_local(&self) -> bool {
        false
    }
}

/// An anchor in a file of its own, which must not lie where the space is backed up or synchronised.
/// It sees that an old copy of a space was restored by mistake; whoever can write to both files
/// sets both back, so it is reported as `local`.
///
/// ```
/// use healthspace::{Environment, FileAnchor, HealthSpace, KdfParams, Unlock};
/// # use std::sync::Arc;
/// # let dir = std::env::temp_dir().join(format!("hs-doc-anchor-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// let anchor = Arc::new(FileAnchor::new(dir.join("state.anchor")));
/// let env = Environment { anchor: Some(anchor), ..Environment::default() };
/// let unlock = Unlock::passphrase("correct horse battery staple").with_cost(KdfParams::FLOOR);
/// let (space, _code) = HealthSpace::create(dir.join("me.hs"), &unlock, env)?;
/// assert_eq!(space.info()?.freshness, "local");
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileAnchor {
    path: PathBuf,
}

impl core::fmt::Debug for FileAnchor {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FileAnchor(..)")
    }
}

const FIRST_LINE: &str = "healthspace-anchor/1";
/// How any version begins.
const ANY_VERSION: &str = "healthspace-anchor/";
/// More than any host has spaces; a file beyond it is not read.
const LONGEST: u64 = 4 << 20;
const BAD: Error = Error::Malformed(Malformed::Argument);

/// The heads of a file, one a line: space, scope, epoch, generation, digest.
type Lines = Vec<(SpaceId, ScopeId, AnchoredHead)>;

impl FileAnchor {
    /// An anchor at this path; the file is made at the first use. Beside it stands one with the
    /// ending `.lock`, by which processes take turns.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned() }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }

    fn lines(&self) -> Result<Lines> {
        let file = match File::open(&self.path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text)?;
        read(&text)
    }

    /// Replaces the file in one step: whoever reads meanwhile sees the old one or the new one.
    fn replace(&self, lines: &Lines) -> Result<()> {
        let text = written(lines);
        let new = self.beside(".new");
        let mut options = private();
        let mut file = options.truncate(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)?;
        // The name is durable once the directory is.
        #[cfg(unix)]
        if let Some(directory) = self.path.parent() {
            let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
            File::open(here)?.sync_all()?;
        }
        Ok(())
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read(text: &str) -> Result<Lines> {
    let mut all = text.strip_suffix('\n').ok_or(BAD)?.split('\n');
    match all.next() {
        Some(FIRST_LINE) => {}
        // Of another version; the first was never final.
        Some(other) if other.starts_with(ANY_VERSION) && !other.ends_with("/0") => {
            return Err(Error::NeedsNewerLibrary);
        }
        _ => return Err(BAD),
    }
    all.map(|line| read_line(line).ok_or(BAD)).collect()
}

fn written(lines: &Lines) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    for (space, scope, head) in lines {
        let digest = crate::id::SourceId::from_bytes(head.digest).to_hex();
        text.push_str(&format!("{} {} {} {} {digest}\n", space.to_hex(), scope.to_hex(), head.epoch, head.generation));
    }
    text
}

/// For fuzzing alone: reads a text as the file of an anchor, and what is written of that again.
///
/// # Errors
/// [`Error::Internal`] where that says something else; otherwise as the file.
#[cfg(any(test, feature = "fuzz-internals"))]
pub(crate) fn fuzz_lines(text: &str) -> Result<()> {
    let lines = read(text)?;
    if read(&written(&lines))? == lines { Ok(()) } else { Err(Error::Internal(301)) }
}

fn read_line(line: &str) -> Option<(SpaceId, ScopeId, AnchoredHead)> {
    let mut words = line.split(' ');
    let (space, scope) = (SpaceId::from_hex(words.next()?)?, ScopeId::from_hex(words.next()?)?);
    let (epoch, generation) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let digest = *crate::id::SourceId::from_hex(words.next()?)?.as_bytes();
    words.next().is_none().then_some((space, scope, AnchoredHead { epoch, generation, digest }))
}

impl FreshnessAnchor for FileAnchor {
    fn read(&self, space: SpaceId, scope: ScopeId) -> Result<Option<AnchoredHead>> {
        let lines = self.lines()?;
        Ok(lines.into_iter().find(|l| (l.0, l.1) == (space, scope)).map(|l| l.2))
    }

    fn advance(
        &self,
        space: SpaceId,
        scope: ScopeId,
        expect_prev: Option<AnchoredHead>,
        new: AnchoredHead,
    ) -> Result<bool> {
        // The operating system gives the lock back when a process ends, however it ends.
        let lock = private().truncate(false).open(self.beside(".lock"))?;
        lock.lock()?;
        let mut lines = self.lines()?;
        let place = lines.iter_mut().find(|l| (l.0, l.1) == (space, scope));
        if place.as_ref().map(|l| l.2) != expect_prev {
            return Ok(false);
        }
        match place {
            Some(line) => line.2 = new,
            None => lines.push((space, scope, new)),
        }
        self.replace(&lines)?;
        Ok(true)
    }

    fn is_local(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(generation: u32) -> AnchoredHead {
        AnchoredHead { epoch: 1, generation, digest: [generation as u8; 32] }
    }

    #[test]
    fn a_file_compares_and_sets_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let anchor = FileAnchor::new(&path);
        let (space, scope, other) = (SpaceId([1; 16]), ScopeId([2; 16]), ScopeId([3; 16]));
        assert_eq!(anchor.read(space, scope).unwrap(), None);
        assert!(!anchor.advance(space, scope, Some(head(1)), head(2)).unwrap(), "nothing stands there");
        assert!(anchor.advance(space, scope, None, head(1)).unwrap());
        assert!(!anchor.advance(space, scope, None, head(9)).unwrap(), "something stands there");
        assert!(anchor.advance(space, other, None, head(7)).unwrap());
        assert!(anchor.advance(space, scope, Some(head(1)), head(5)).unwrap(), "generations may be skipped");
        let again = FileAnchor::new(&path);
        assert_eq!(again.read(space, scope).unwrap(), Some(head(5)));
        assert_eq!(again.read(space, other).unwrap(), Some(head(7)));
        assert_eq!(again.read(SpaceId([9; 16]), scope).unwrap(), None);
        #[cfg(unix)]
        for name in ["a", "a.lock"] {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&fs::metadata(dir.path().join(name)).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_damaged_file_is_no_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let anchor = FileAnchor::new(&path);
        anchor.advance(SpaceId([1; 16]), ScopeId([2; 16]), None, head(1)).unwrap();
        let whole = fs::read(&path).unwrap();
        for n in (0..whole.len()).filter(|n| *n != FIRST_LINE.len() + 1) {
            fs::write(&path, &whole[..n]).unwrap();
            assert!(anchor.read(SpaceId([1; 16]), ScopeId([2; 16])).is_err(), "{n}");
        }
        let over = anchor.advance(SpaceId([1; 16]), ScopeId([2; 16]), None, head(1));
        assert!(over.is_err(), "and is not written over");
    }

    #[test]
    fn one_of_many_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let (space, scope) = (SpaceId([1; 16]), ScopeId([2; 16]));
        let won: usize = std::thread::scope(|s| {
            let tries = (0..8).map(|i| {
                let anchor = FileAnchor::new(&path);
                s.spawn(move || usize::from(anchor.advance(space, scope, None, head(i)).unwrap()))
            });
            tries.collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(won, 1);
    }
}
