//! Power is lost under a real file system (C9): ext4 on a loop device is shut down by its own ioctl
//! while a process writes, mounted again, and its journal recovers. As with `kills`, what was
//! acknowledged is there, and nothing else than what was begun.
//!
//! Needs Linux, root and a loop device; where one is missing it says so and passes over it. The mounts are
//! in a namespace of this process: they go with it, however it ends.
#![expect(unsafe_code, reason = "an ioctl and a namespace, which std does not offer")]

use crate::kills::Arena;
use crate::look;
use crate::process::{ended, tell};
use crate::random::Random;
use crate::report::Broken;
use crate::story::bundle;
use healthspace::import::Source;
use healthspace::{Error, LogOf, Purpose};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Cuts after which a new image is made.
const ROUND: u64 = 50;
/// Cuts of the control, by which a loss must be found.
const CONTROL: u64 = 20;

/// A file with ext4 in it, mounted at a directory.
struct Image {
    file: PathBuf,
    at: PathBuf,
    mounted: bool,
}

/// Runs a program; what it said where it failed.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|e| format!("{name}: {e}"))?;
    let said = String::from_utf8_lossy(&out.stderr).trim().replace('\n', " ");
    out.status.success().then_some(()).ok_or(format!("{name}: {said}"))
}

impl Image {
    fn make(dir: &Path, n: u64) -> Result<Self, String> {
        let (file, at) = (dir.join(format!("{n}.img")), dir.join("mounted"));
        let made = File::create(&file).and_then(|f| f.set_len(64 << 20)).and_then(|()| std::fs::create_dir_all(&at));
        made.map_err(|e| e.to_string())?;
        run(Command::new("mkfs.ext4").arg("-qF").arg(&file))?;
        let mut image = Self { file, at, mounted: false };
        image.mount()?;
        Ok(image)
    }

    fn mount(&mut self) -> Result<(), String> {
        run(Command::new("mount").args(["-t", "ext4", "-o", "loop"]).arg(&self.file).arg(&self.at))?;
        self.mounted = true;
        Ok(())
    }

    fn unmount(&mut self) -> Result<(), String> {
        run(Command::new("umount").arg(&self.at))?;
        self.mounted = false;
        Ok(())
    }

    /// Nothing more reaches the device; with `journal`, what the journal holds in memory still does.
    fn cut(&self, journal: bool) -> io::Result<()> {
        /// `EXT4_IOC_SHUTDOWN`, `_IOR('X', 125, __u32)` (fs/ext4/ext4.h); flags 1 and 2 as XFS has them.
        const SHUTDOWN: u32 = 0x8004_587d;
        let flags: u32 = if journal { 1 } else { 2 };
        let directory = File::open(&self.at)?;
        // SAFETY: the call reads one word, which outlives it, and the descriptor is open.
        let done = unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&directory), SHUTDOWN as _, &raw const flags) };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // Lazily: nobody may be kept from ending by what still has a file open there.
        if self.mounted {
            let _ = run(Command::new("umount").arg("-l").arg(&self.at));
        }
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Mounts of this process are seen by it and its children alone.
fn own_mounts() -> Result<(), String> {
    // SAFETY: takes a number; this process has one thread.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(format!("unshare: {}", io::Error::last_os_error()));
    }
    run(Command::new("mount").args(["--make-rprivate", "/"]))
}

/// All that was acknowledged is there, nothing that was not begun, and the log goes on.
fn stands(arena: &Arena, whole: bool) -> Option<Broken> {
    let looked = || -> healthspace::Result<Option<Broken>> {
        let space = look::open(&arena.path, &arena.code)?;
        if let Some(kept) = arena.kept.last()
            && look::goes_on(&space, LogOf::Partition("general"), &kept.replace('|', "\n")).is_err()
        {
            return Ok(Some(Broken::Lost));
        }
        let files = space.partition("health")?.sources()?.len();
        if !(arena.imports[1]..=arena.imports[0]).contains(&files) {
            return Ok(Some(if files < arena.imports[1] { Broken::Lost } else { Broken::Phantom }));
        }
        Ok((whole && !space.check()?.is_whole()).then(|| Broken::Unreadable("not whole".into())))
    };
    match looked() {
        Ok(broken) => broken.or_else(|| arena.judge()),
        Err(e) => Some(Broken::Unopenable(format!("{e:?}"))),
    }
}

/// Cuts the power of one image again and again; the first failure. `Err`: it cannot be done here.
fn round(dir: &Path, first: u64, cuts: u64, rng: &mut Random, lies: bool) -> Result<(Option<Broken>, Arena), String> {
    let mut image = Image::make(dir, first)?;
    let mut arena = Arena::create(image.at.join("me.hs"));
    run(Command::new("sync").arg("-f").arg(&image.at))?;
    for n in 0..cuts {
        let mut writer = arena.start("power-write", &[if lies { "lies" } else { "syncs" }]);
        std::thread::sleep(Duration::from_micros(rng.below(120_000)));
        // First the process, then its disk, at once: as power does, and unlike what would be acknowledged
        // after it. A write that is on its way goes on (ext4 may call one done that the ioctl overtook).
        writer.child.kill().map_err(|e| e.to_string())?;
        let cut = image.cut(rng.below(2) == 0);
        let said = arena.hear(writer);
        cut.map_err(|e| format!("shutdown: {e}"))?;
        image.unmount()?;
        image.mount()?;
        if !lies {
            println!("tried {}", first + n);
        }
        let broken = said.or_else(|| stands(&arena, n % 10 == 9));
        if broken.is_some() {
            return Ok((broken, arena));
        }
    }
    Ok((None, arena))
}

/// Cuts and judges, as a process that sees the real file system.
pub(crate) fn judge(dir: &Path, cuts: u64, seed: u64, seconds: u64) {
    let mut rng = Random::new(seed);
    let begun = std::time::Instant::now();
    let (mut n, mut acknowledged) = (0, 0);
    // What judges is judged: a system that only says that it synchronises loses something.
    match own_mounts().and_then(|()| round(dir, 0, CONTROL, &mut rng, true)) {
        Ok((Some(broken), _)) => println!("say control: a system that lies was found out ({broken:?})"),
        Ok((None, _)) => println!("a system that lies about fsync was not found out"),
        Err(why) => return println!("say SKIPPED, NO POWER WAS CUT: {why}\nend nothing was judged"),
    }
    while n < cuts && (seconds == 0 || begun.elapsed().as_secs() < seconds) {
        match round(dir, n, ROUND.min(cuts - n), &mut rng, false) {
            Ok((broken, arena)) => {
                if let Some(broken) = broken {
                    println!("{broken:?} in the {ROUND} cuts from {n}");
                }
                acknowledged += arena.done.len() + arena.imports[1];
            }
            // It could be done a moment ago.
            Err(why) => println!("in the {ROUND} cuts from {n}: {why}"),
        }
        n += ROUND.min(cuts - n);
    }
    println!("end {n} cuts, {acknowledged} acknowledged writes");
}

/// The writer: memories, small files, and closing, which empties the log of the file system's file.
pub(crate) fn write(path: &Path, code: &str, name: &str, lies: bool) {
    if lies {
        crate::process::no_syncs();
    }
    let mut rng = Random::new(u64::from(std::process::id()));
    for n in 0.. {
        let mut wrote = || -> healthspace::Result<()> {
            let space = look::open(path, code)?;
            let session = space.session(look::model()?, Purpose::PatientRequest)?;
            for i in 0..=rng.below(12) {
                tell(&format!("begin {name}-{n}-{i}"));
                session.remember_in("general", &format!("{name}-{n}-{i}"))?;
                tell(&format!("done {name}-{n}-{i}"));
            }
            let checkpoint = space.checkpoint(LogOf::Partition("general"))?;
            tell(&format!("at {}", checkpoint.replace('\n', "|")));
            if rng.below(3) == 0 {
                let file = bundle((std::process::id() % 100_000) * 10_000 + n * 100, 2 + rng.below(40) as u32);
                tell("import 1");
                space.partition("health")?.import(Source::bytes(file)?)?;
                tell("imported 1");
            }
            Ok(())
        };
        match wrote() {
            Ok(()) | Err(Error::Busy) => {}
            Err(e) => ended(&e),
        }
    }
}
