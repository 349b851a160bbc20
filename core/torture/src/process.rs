//! Children of this program: what they do is told by their arguments.
//!
//! What belongs here: the children's side, and the limits that the operating system sets them.
#![expect(unsafe_code, reason = "system calls that std does not offer")]

use crate::look;
use healthspace::import::Source;
use healthspace::{Error, LogOf, verify_consistency};
use std::io::Write;
use std::path::Path;

/// How a reader ends when it saw what must not be.
pub(crate) const ANOMALY: i32 = 3;

/// Runs as `role`.
pub(crate) fn child(role: &str, args: &[String]) {
    let path = Path::new(&args[0]);
    match role {
        "write" => write(path, &args[1], &args[2], args.get(3).map_or(0, |ms| ms.parse().unwrap())),
        "read" => read(path, &args[1]),
        "import" => import(path, &args[1], Path::new(&args[2])),
        "kills" => crate::kills::judge(path, number(args, 1), number(args, 2), number(args, 3)),
        #[cfg(target_os = "linux")]
        "power" => crate::power::judge(path, number(args, 1), number(args, 2), number(args, 3)),
        #[cfg(target_os = "linux")]
        "power-write" => crate::power::write(path, &args[1], &args[2], args[3] == "lies"),
        #[cfg(not(target_os = "linux"))]
        "power" => println!("say SKIPPED, NO POWER WAS CUT: this is not Linux\nend nothing was judged"),
        "together" => crate::together::judge(path, number(args, 1), number(args, 2), number(args, 3)),
        "together-act" => crate::together::act(path, &args[1], [number(args, 3), number(args, 4), number(args, 5)]),
        "memory" => crate::memory::judge(path, [1, 2, 3, 4, 5].map(|i| number(args, i))),
        "starve" => crate::memory::starve(path, &args[1], number(args, 2)),
        "make" => println!("{}", crate::story::Story::create(path).unwrap().code),
        "look" => {
            let space = look::open(path, &args[1]).unwrap();
            let conversation = space.session(look::model().unwrap(), healthspace::Purpose::PatientRequest).unwrap();
            look::look(&space, conversation.conversation()).unwrap();
        }
        "backend" => crate::backends::child(path, &args[1..]),
        "backends" => crate::backends::campaign(path, &args[1..]),
        "socket" => {
            no_sockets();
            let _ = std::net::UdpSocket::bind("127.0.0.1:0");
        }
        _ => panic!("no such role"),
    }
}

fn number(args: &[String], i: usize) -> u64 {
    args[i].parse().unwrap()
}

pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Writes one memory after the other, with a pause between; says before which one, and after it that
/// it is done.
fn write(path: &Path, code: &str, name: &str, pause: u64) {
    let space = look::open(path, code).unwrap_or_else(|e| ended(&e));
    let session = space.session(look::model().unwrap(), healthspace::Purpose::PatientRequest).unwrap();
    for n in 0.. {
        tell(&format!("begin {name}-{n}"));
        match session.remember_in("general", &format!("{name}-{n}")) {
            Ok(_) => tell(&format!("done {name}-{n}")),
            Err(Error::Busy) => {}
            Err(e) => ended(&e),
        }
        std::thread::sleep(std::time::Duration::from_millis(pause));
    }
}

/// Opens and reads; what it saw must go on.
fn read(path: &Path, code: &str) {
    let of = LogOf::Partition("general");
    let mut last: Option<String> = None;
    loop {
        let looked = look::open(path, code).and_then(|space| {
            for _ in 0..8 {
                let now = space.checkpoint(of)?;
                if let Some(last) = &last {
                    let size = last.lines().nth(1).and_then(|l| l.parse().ok()).unwrap_or(0);
                    let proof = space.consistency(of, size)?;
                    verify_consistency(last, &proof, &space.verifier_key(of)?)?;
                }
                last = Some(now);
                space.log(of)?;
            }
            Ok(())
        });
        match looked {
            Ok(()) | Err(Error::Busy) => {}
            Err(e) => ended(&e),
        }
    }
}

pub(crate) fn ended(e: &Error) -> ! {
    tell(&format!("error {e:?}"));
    std::process::exit(ANOMALY);
}

/// Imports one file into `health` without a socket, and says what came of it and how much memory
/// that took at most.
fn import(path: &Path, code: &str, file: &Path) {
    no_sockets();
    let space = look::open(path, code).unwrap();
    let begun = std::time::Instant::now();
    let done = Source::open(file).and_then(|s| space.partition("health")?.import(s));
    let said = match done {
        Ok(r) => format!("imported {}", r.imported()),
        Err(e) => format!("refused {e:?}"),
    };
    println!("{}\n{}\n{said}", begun.elapsed().as_millis(), peak());
}

/// Nanoseconds of a clock that all processes share (`CLOCK_MONOTONIC`).
pub(crate) fn monotonic() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `now`, which outlives the call.
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) }, 0);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// The most memory that this process ever had, in KiB (proc(5)); what `getrusage` says holds that of
/// the parent too. 0 where it cannot be told.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// From here on, the system ends this process where it asks for a socket (seccomp(2)).
#[cfg(target_os = "linux")]
fn no_sockets() {
    filter([libc::SYS_socket, libc::SYS_connect], libc::SECCOMP_RET_KILL_PROCESS);
}

/// From here on, the system says that it synchronised files, and does nothing.
#[cfg(target_os = "linux")]
pub(crate) fn no_syncs() {
    filter([libc::SYS_fsync, libc::SYS_fdatasync], libc::SECCOMP_RET_ERRNO);
}

/// What the system does with two calls from here on.
#[cfg(target_os = "linux")]
fn filter(calls: [libc::c_long; 2], action: u32) {
    const fn op(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
        libc::sock_filter { code: code as u16, jt, jf, k }
    }
    let filter = [
        // The number of the call is the first word of `seccomp_data`.
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, calls[0] as u32, 1, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, calls[1] as u32, 0, 1),
        op(libc::BPF_RET | libc::BPF_K, action, 0, 0),
        op(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: both calls read their arguments and nothing else; the filter outlives the call.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
}

#[cfg(not(target_os = "linux"))]
fn no_sockets() {}
