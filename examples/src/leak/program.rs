//! An app in any language: a program that answers on standard output what is asked on its standard
//! input.
//!
//! The kit starts `PROGRAM SPACE RECOVERY-CODE-FILE` once for each twin. Each request is one line,
//! as [`Probe`] prints it (`ask What is my LDL?`, `count codes=13457-7 ...`);
//! the reply is any number of lines, ended by a line with a single full stop.

use super::App;
use super::probe::Probe;
use super::twins::{Failure, Twin};
use healthspace::RecordId;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program under test, running.
pub struct Program {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    random: Vec<RecordId>,
}

impl Program {
    /// Starts it for one twin, which is closed here first.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(program: &str, twin: Twin) -> Result<Self, Failure> {
        let (file, code, random) = (twin.file.clone(), twin.code.clone(), twin.random.clone());
        twin.space.close();
        drop(twin);
        let mut child =
            Command::new(program).arg(file).arg(code).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let to = child.stdin.take().ok_or("no standard input")?;
        let from = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, to, from, random })
    }
}

impl App for Program {
    fn random(&self) -> &[RecordId] {
        &self.random
    }

    fn ask(&mut self, probe: &Probe) -> Result<String, Failure> {
        writeln!(self.to, "{probe}")?;
        self.to.flush()?;
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.from.read_line(&mut reply)? == 0 {
                return Err("the program ended in the middle of a reply".into());
            }
            if reply.get(start..).is_some_and(|line| line.trim_end() == ".") {
                reply.truncate(start);
                return Ok(reply);
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
