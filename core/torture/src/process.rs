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
        "write" => write(path, &args[1], &args[2]),
        "read" => read(path, &args[1]),
        "import" => import(path, &args[1], Path::new(&args[2])),
        "kills" => {
            crate::kills::judge(path, args[1].parse().unwrap(), args[2].parse().unwrap(), args[3].parse().unwrap())
        }
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

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Writes one memory after the other; says before which one, and after it that it is done.
fn write(path: &Path, code: &str, name: &str) {
    let space = look::open(path, code).unwrap_or_else(|e| ended(&e));
    let session = space.session(look::model().unwrap(), healthspace::Purpose::PatientRequest).unwrap();
    for n in 0.. {
        tell(&format!("begin {name}-{n}"));
        match session.remember_in("general", &format!("{name}-{n}")) {
            Ok(_) => tell(&format!("done {name}-{n}")),
            Err(Error::Busy) => {}
            Err(e) => ended(&e),
        }
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

fn ended(e: &Error) -> ! {
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
    const fn op(code: u32, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
        libc::sock_filter { code: code as u16, jt, jf, k }
    }
    let filter = [
        // The number of the call is the first word of `seccomp_data`.
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_socket as u32, 1, 0),
        op(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_connect as u32, 0, 1),
        op(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
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
