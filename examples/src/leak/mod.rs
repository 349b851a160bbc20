//! A leak test kit: does an app tell anything of what its grant withholds?
//!
//! What belongs here: two spaces that differ only in withheld data ([`twins`]), hostile requests
//! ([`probe`]), and the comparison of replies, ledger writes and times ([`stats`]). What must not:
//! anything that only this library's own apps could be asked.
//!
//! An app passes if nobody who asks it can tell the twins apart. What this does not show: that the
//! requests are all that an attacker would think of, nor that a difference smaller than the noise
//! of the machine is none.

pub mod probe;
pub mod program;
pub mod stats;
pub mod twins;

use healthspace::RecordId;
use probe::Probe;
use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;
use twins::{Failure, Twin};

/// What is under test: something that answers on behalf of a person's space.
pub trait App {
    /// Answers one request. What comes back is what the one who asks would see, errors included.
    ///
    /// # Errors
    /// Where the app itself broke down: that ends the run.
    fn ask(&mut self, probe: &Probe) -> Result<String, Failure>;

    /// Ids that are random, and so no difference; replies are compared without them. What it takes to
    /// take them out is not timed.
    fn random(&self) -> &[RecordId] {
        &[]
    }

    /// How many entries the space's logs hold, if the app can tell: equal requests must write
    /// equally many.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    fn entries(&mut self) -> Result<Option<u64>, Failure> {
        Ok(None)
    }
}

/// Something by which the twins can be told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Leak {
    /// The replies differ.
    Reply {
        /// To which request.
        probe: String,
        /// With the withheld data.
        with: String,
        /// Without.
        without: String,
    },
    /// The numbers of ledger entries differ.
    Entries {
        /// For which request.
        probe: String,
        /// With the withheld data.
        with: u64,
        /// Without.
        without: u64,
    },
    /// An app that answers nothing tells nothing, and is not tested by that.
    Mute {
        /// What it says when it is asked for what the grant shows.
        reply: String,
    },
    /// The times differ.
    Time {
        /// Of which request.
        probe: String,
        /// Welch's t.
        t: f64,
    },
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply { probe, with, without } => {
                write!(
                    f,
                    "reply to {probe}\n  with the withheld data:    {with}\n  without the withheld data: {without}"
                )
            }
            Self::Entries { probe, with, without } => {
                write!(f, "ledger entries for {probe}: {with} with the withheld data, {without} without")
            }
            Self::Mute { reply } => write!(f, "no answer to what the grant shows, so nothing is tested: {reply}"),
            Self::Time { probe, t } => write!(f, "time of {probe}: t = {t:.1}, over {}", stats::LIMIT),
        }
    }
}

/// What a run found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests that were made.
    pub probes: usize,
    /// Replies that were not equal to any other.
    pub replies: usize,
    /// Requests that were answered by nothing, and so not tested.
    pub empty: usize,
    /// Differences; none is a pass.
    pub leaks: Vec<Leak>,
    /// The largest |t| of any request, where times were taken.
    pub worst: Option<(String, f64)>,
}

/// Asks both apps everything, and compares what they reply and what they enter.
///
/// # Errors
/// Where an app broke down.
pub fn compare(with: &mut impl App, without: &mut impl App, probes: &[Probe]) -> Result<Outcome, Failure> {
    let mut out = Outcome { probes: probes.len(), ..Outcome::default() };
    let mut replies = BTreeSet::new();
    for probe in probes {
        let before = (with.entries()?, without.entries()?);
        let (a, b) = (with.ask(probe)?, without.ask(probe)?);
        let (a, b) = (normal(with.random(), &a), normal(without.random(), &b));
        let after = (with.entries()?, without.entries()?);
        out.empty += usize::from(a.trim().is_empty());
        replies.insert(a.clone());
        if a != b {
            out.leaks.push(Leak::Reply { probe: probe.to_string(), with: a, without: b });
        }
        if let ((Some(a0), Some(b0)), (Some(a1), Some(b1))) = (before, after)
            && a1 - a0 != b1 - b0
        {
            out.leaks.push(Leak::Entries { probe: probe.to_string(), with: a1 - a0, without: b1 - b0 });
        }
    }
    out.replies = replies.len();
    Ok(out)
}

/// That an app answers what its grant shows: the last creatinine of both twins.
///
/// # Errors
/// Where the app broke down.
pub fn control(app: &mut impl App) -> Result<Option<Leak>, Failure> {
    let reply = app.ask(&Probe::Ask("What is my last creatinine?".into()))?;
    Ok((!reply.contains("0.96")).then_some(Leak::Mute { reply }))
}

/// Times of every request over many pairs of twins, each made anew: how a file came to lie on the
/// disk is then chance, and not taken for what is in it.
#[derive(Debug, Default)]
pub struct Times {
    /// With the withheld data and without, by request.
    of: Vec<(Vec<f64>, Vec<f64>)>,
    pairs: usize,
}

/// How often each is asked of one pair; the middle one counts. Even: whoever is asked first of two finds
/// less at hand, and each of them is so as often as the other.
const REPEATS: usize = 10;

impl Times {
    /// Times one pair.
    ///
    /// # Errors
    /// Where an app broke down.
    pub fn take(&mut self, with: &mut impl App, without: &mut impl App, probes: &[Probe]) -> Result<(), Failure> {
        self.of.resize_with(probes.len(), Default::default);
        // Each pair begins elsewhere: a page that fills up at one request does so at another next time.
        let start = (self.pairs * 17) % probes.len().max(1);
        self.pairs += 1;
        let mut all = probes.iter().zip(&mut self.of).collect::<Vec<_>>();
        let (head, tail) = all.split_at_mut(start);
        for (probe, (a, b)) in tail.iter_mut().chain(head) {
            let (mut one, mut two) = (Vec::with_capacity(REPEATS), Vec::with_capacity(REPEATS));
            for round in 0..REPEATS {
                // Who begins changes from pair to pair as well: the very first call of all is like no other.
                let begins = (round + self.pairs).is_multiple_of(2);
                for first in [begins, !begins] {
                    let start = Instant::now();
                    if first {
                        with.ask(probe)?
                    } else {
                        without.ask(probe)?
                    };
                    let took = start.elapsed().as_secs_f64();
                    if first { one.push(took) } else { two.push(took) }
                }
            }
            a.push(middle(one));
            b.push(middle(two));
        }
        Ok(())
    }

    /// Welch's t of each request.
    pub fn told<'p>(&self, probes: &'p [Probe]) -> impl Iterator<Item = (&'p Probe, f64)> {
        probes.iter().zip(&self.of).map(|(probe, (a, b))| (probe, stats::welch(a, b)))
    }

    /// Adds what the times tell to what was found.
    pub fn judge(&self, probes: &[Probe], out: &mut Outcome) {
        for (probe, t) in self.told(probes) {
            if out.worst.as_ref().is_none_or(|(_, w)| t.abs() > *w) {
                out.worst = Some((probe.to_string(), t.abs()));
            }
            if t.abs() >= stats::LIMIT {
                out.leaks.push(Leak::Time { probe: probe.to_string(), t });
            }
        }
    }
}

fn middle(mut v: Vec<f64>) -> f64 {
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or_default()
}

/// The reply without what is random in every reply: ids, and the nonce of the fences, 16 hex digits.
fn normal(random: &[RecordId], reply: &str) -> String {
    let reply = twins::without(random, reply);
    let mut out = String::with_capacity(reply.len());
    let mut run = String::new();
    for c in reply.chars().chain(['\0']) {
        if matches!(c, '0'..='9' | 'a'..='f') {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() == 16 { "(nonce)" } else { &run });
        run.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

/// The library itself as the app: one session for the grant's recipient.
pub struct Direct {
    twin: Twin,
    session: healthspace::Session,
}

impl Direct {
    /// Opens a twin.
    ///
    /// # Errors
    /// What the library says.
    pub fn open(twin: Twin) -> Result<Self, Failure> {
        let session = twin.space.session(twins::recipient()?, healthspace::Purpose::PatientRequest)?;
        Ok(Self { twin, session })
    }
}

impl App for Direct {
    fn ask(&mut self, probe: &Probe) -> Result<String, Failure> {
        Ok(probe.run(&self.twin.space, &self.session))
    }

    fn random(&self) -> &[RecordId] {
        &self.twin.random
    }

    fn entries(&mut self) -> Result<Option<u64>, Failure> {
        self.twin.entries().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_nonce_is_taken_out() {
        assert_eq!(normal(&[], "«0123456789abcdef LDL» [r:1]"), "«(nonce) LDL» [r:1]");
        assert_eq!(normal(&[], "0123456789abcdef0 beef 42"), "0123456789abcdef0 beef 42");
    }
}
