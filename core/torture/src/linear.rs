//! Whether what threads saw is what one after the other could have seen (linearizability: Herlihy and
//! Wing, 1990), object by object.
//!
//! An operation takes effect at one point between its call and its return. A memory is a register whose
//! writes name the value that they replace, so that their order is known, and only the points must be
//! found: the earliest point that each may have must not lie after its latest one. A consent is a register
//! with one writer.

use std::collections::{BTreeMap, HashMap};

/// From a call to its return, in nanoseconds of one clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What an operation did or saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A register goes from one value to another; `None`: it is not there.
    Write { register: String, old: Option<String>, new: Option<String> },
    /// A write was refused, because the value that it was to replace was not there any more.
    Missed { register: String, old: String },
    /// All registers that are there.
    List(BTreeMap<String, String>),
    /// A consent to a model is given or withdrawn; there is one writer for each.
    Consent { model: u64, given: bool },
    /// What a model got to read.
    Asked { model: u64, allowed: bool },
}

pub(crate) type Op = (Span, What);

fn optional(value: &str) -> Option<String> {
    (value != "-").then(|| value.to_owned())
}

impl What {
    /// One line of words, as `parse` reads it.
    pub(crate) fn line(&self) -> String {
        let name = |v: &Option<String>| v.clone().unwrap_or("-".into());
        match self {
            Self::Write { register, old, new } => format!("write {register} {} {}", name(old), name(new)),
            Self::Missed { register, old } => format!("missed {register} {old}"),
            Self::List(all) => all.iter().fold("list".into(), |line, (r, v)| format!("{line} {r} {v}")),
            Self::Consent { model, given } => format!("consent {model} {given}"),
            Self::Asked { model, allowed } => format!("asked {model} {allowed}"),
        }
    }
}

/// `FROM TO WHAT`.
pub(crate) fn parse(line: &str) -> Option<Op> {
    let words: Vec<&str> = line.split(' ').collect();
    let (from, to) = (words.first()?.parse().ok()?, words.get(1)?.parse().ok()?);
    let what = match words.get(2..)? {
        ["write", register, old, new] => {
            What::Write { register: (*register).into(), old: optional(old), new: optional(new) }
        }
        ["missed", register, old] => What::Missed { register: (*register).into(), old: (*old).into() },
        ["list", pairs @ ..] => {
            let (pairs, rest) = pairs.as_chunks::<2>();
            if !rest.is_empty() {
                return None;
            }
            What::List(pairs.iter().map(|[r, v]| ((*r).to_owned(), (*v).to_owned())).collect())
        }
        ["consent", model, given] => What::Consent { model: model.parse().ok()?, given: given.parse().ok()? },
        ["asked", model, allowed] => What::Asked { model: model.parse().ok()?, allowed: allowed.parse().ok()? },
        _ => return None,
    };
    Some((Span { from, to }, what))
}

/// Where the transitions of a register may lie: each after the one before it.
struct Bounds {
    earliest: Vec<u64>,
    latest: Vec<u64>,
}

impl Bounds {
    fn of(transitions: &[Span]) -> Self {
        Self {
            earliest: transitions.iter().map(|t| t.from).collect(),
            latest: transitions.iter().map(|t| t.to).collect(),
        }
    }

    /// The state before transition `next` was seen: no later one lay before the call of this.
    fn not_yet(&mut self, next: usize, seen: Span) {
        if let Some(e) = self.earliest.get_mut(next) {
            *e = (*e).max(seen.from);
        }
    }

    /// The state after transition `last` was seen: no earlier one lay after the return of this.
    fn already(&mut self, last: usize, seen: Span) {
        if let Some(l) = self.latest.get_mut(last) {
            *l = (*l).min(seen.to);
        }
    }

    fn hold(mut self) -> bool {
        for i in 1..self.earliest.len() {
            self.earliest[i] = self.earliest[i].max(self.earliest[i - 1]);
        }
        for i in (1..self.latest.len()).rev() {
            self.latest[i - 1] = self.latest[i - 1].min(self.latest[i]);
        }
        self.earliest.iter().zip(&self.latest).all(|(e, l)| e <= l)
    }
}

/// The values of one register in their order, with the writes that made them; a deletion is a write
/// without a value at the end.
fn chain(writes: &[(Span, Option<&str>, Option<&str>)]) -> Result<(Vec<Span>, Vec<String>, bool), String> {
    let mut by_old: HashMap<Option<&str>, (Span, Option<&str>)> = HashMap::new();
    for (span, old, new) in writes {
        if by_old.insert(*old, (*span, *new)).is_some() {
            return Err(format!("two writes replaced {old:?}"));
        }
    }
    let (mut spans, mut values, mut at) = (Vec::new(), Vec::new(), None);
    while let Some((span, new)) = by_old.remove(&at) {
        spans.push(span);
        match new {
            Some(new) => values.push(new.to_owned()),
            None => break,
        }
        at = new;
    }
    if by_old.is_empty() {
        Ok((spans.clone(), values.clone(), spans.len() > values.len()))
    } else {
        Err("a write replaced what was not there".into())
    }
}

fn register(name: &str, ops: &[Op]) -> Result<(), String> {
    let writes: Vec<_> = ops
        .iter()
        .filter_map(|(span, what)| match what {
            What::Write { register, old, new } if register == name => Some((*span, old.as_deref(), new.as_deref())),
            _ => None,
        })
        .collect();
    let (spans, values, deleted) = chain(&writes)?;
    let place: HashMap<&str, usize> = values.iter().enumerate().map(|(i, v)| (v.as_str(), i)).collect();
    let mut bounds = Bounds::of(&spans);
    for (seen, what) in ops {
        match what {
            What::List(all) => match all.get(name) {
                Some(value) => {
                    let at = *place.get(value.as_str()).ok_or("a value that nobody was told is stored")?;
                    bounds.already(at, *seen);
                    bounds.not_yet(at + 1, *seen);
                }
                // Before its birth, or after its end; one whose call and return enclose both may be either.
                None => {
                    let birth = spans.first().ok_or("no birth")?;
                    let before = seen.from <= birth.to;
                    let after = deleted && spans.last().is_some_and(|end| end.from <= seen.to);
                    match (before, after) {
                        (true, false) => bounds.not_yet(0, *seen),
                        (false, true) => bounds.already(values.len(), *seen),
                        (true, true) => {}
                        (false, false) => return Err("what was acknowledged is not there".into()),
                    }
                }
            },
            What::Missed { register, old } if register == name => {
                let at = *place.get(old.as_str()).ok_or("a value that nobody was told is stored")?;
                if at + 1 >= spans.len() {
                    return Err("a value was there, and was said not to be".into());
                }
                bounds.already(at + 1, *seen);
            }
            _ => {}
        }
    }
    bounds.hold().then_some(()).ok_or_else(|| "something old was read, or read before it was written".into())
}

fn consent(model: u64, ops: &[Op]) -> Result<(), String> {
    let mut writes: Vec<(Span, bool)> = Vec::new();
    let mut reads: Vec<(Span, bool)> = Vec::new();
    for (span, what) in ops {
        match what {
            What::Consent { model: m, given } if *m == model => writes.push((*span, *given)),
            What::Asked { model: m, allowed } if *m == model => reads.push((*span, *allowed)),
            _ => {}
        }
    }
    writes.sort_by_key(|(s, _)| s.from);
    // States 0.. of which each lasts from the call that makes it to the return of the one that ends it.
    let given = |state: usize| state > 0 && writes[state - 1].1;
    let lasts = |state: usize| Span {
        from: if state == 0 { 0 } else { writes[state - 1].0.from },
        to: writes.get(state).map_or(u64::MAX, |w| w.0.to),
    };
    let mut bounds = Bounds::of(&writes.iter().map(|w| w.0).collect::<Vec<_>>());
    for (seen, allowed) in reads {
        let may_be = |s: &usize| seen.from <= lasts(*s).to && lasts(*s).from <= seen.to && given(*s) == allowed;
        let states: Vec<usize> = (0..=writes.len()).filter(may_be).collect();
        match states[..] {
            [] if allowed => return Err("a model read what was withdrawn, or before it was granted".into()),
            [] => return Err("a model was denied what was granted".into()),
            // Where one state alone explains it, it bounds what stands around it.
            [state] => {
                if state > 0 {
                    bounds.already(state - 1, seen);
                }
                bounds.not_yet(state, seen);
            }
            _ => {}
        }
    }
    bounds.hold().then_some(()).ok_or_else(|| "a model read by turns what one order does not explain".into())
}

/// Judges a history in which every operation has returned.
pub(crate) fn check(ops: &[Op]) -> Result<(), String> {
    let mut registers: Vec<&str> = Vec::new();
    let mut models: Vec<u64> = Vec::new();
    for (_, what) in ops {
        match what {
            What::Write { register, .. } | What::Missed { register, .. } => registers.push(register),
            What::List(all) => registers.extend(all.keys().map(String::as_str)),
            What::Consent { model, .. } | What::Asked { model, .. } => models.push(*model),
        }
    }
    registers.sort_unstable();
    registers.dedup();
    models.sort_unstable();
    models.dedup();
    registers.iter().try_for_each(|r| register(r, ops).map_err(|e| format!("register {r}: {e}")))?;
    models.iter().try_for_each(|m| consent(*m, ops).map_err(|e| format!("model {m}: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(lines: &[&str]) -> bool {
        let ops: Vec<Op> = lines.iter().map(|l| parse(l).unwrap()).collect();
        for (span, what) in &ops {
            let line = format!("{} {} {}", span.from, span.to, what.line());
            assert_eq!(parse(&line).unwrap().1, *what);
        }
        check(&ops).is_ok()
    }

    #[test]
    fn what_one_after_the_other_could_have_seen_is_accepted() {
        assert!(judge(&[
            "10 20 write r - a",
            "30 50 write r a b",
            "35 40 list r a",
            "41 45 list r b",
            "60 70 list r b"
        ]));
        assert!(judge(&[
            "10 20 write r - a",
            "1 5 list",
            "12 14 list",
            "30 40 write r a -",
            "35 60 list",
            "36 37 list r a"
        ]));
        assert!(judge(&["10 20 write r - a", "30 40 write r a b", "31 39 missed r a"]));
        assert!(judge(&["10 20 consent 1 true", "5 11 asked 1 true", "15 16 asked 1 true", "30 40 consent 1 false"]));
    }

    #[test]
    fn stale_lost_and_invented_values_are_refused() {
        let base = ["10 20 write r - a", "30 40 write r a b"];
        let with = |line| judge(&[base[0], base[1], line]);
        assert!(!with("41 50 list r a"), "a stale read");
        assert!(!with("21 29 list"), "lost");
        assert!(!with("21 29 list r b"), "before it was written");
        assert!(!with("50 60 list r c"), "invented");
        assert!(!with("31 39 write r a c"), "two writes over one value");
        assert!(!with("31 39 write r x c"), "a write over nothing");
        assert!(!with("50 60 missed r b"), "denied though it is there");
        assert!(!with("1 9 missed r a"), "gone before it was there");
        // Two readers, one after the other, see the new value and then the old one.
        assert!(!judge(&[base[0], "30 90 write r a b", "31 40 list r b", "41 50 list r a"]));
        assert!(!judge(&[base[0], "30 40 write r a -", "50 60 list r a"]), "deleted");
    }

    #[test]
    fn reads_after_a_withdrawal_are_refused() {
        let base = ["10 20 consent 1 true", "30 40 consent 1 false"];
        let with = |line| judge(&[base[0], base[1], line]);
        assert!(with("39 50 asked 1 true") && with("31 32 asked 1 false") && with("1 9 asked 1 false"));
        assert!(!with("41 50 asked 1 true"), "after it was withdrawn");
        assert!(!with("1 9 asked 1 true"), "before it was granted");
        assert!(!with("21 29 asked 1 false"), "denied while it stood");
        assert!(!judge(&[base[0], "30 90 consent 1 false", "31 40 asked 1 false", "41 50 asked 1 true"]));
    }
}
