//! Emergency access (break-glass, D11): a session under a grant that names it, for a reason, with
//! the person's agreement where they are able to give it, for an hour at most, with an entry before
//! anything is shown and a notice for the person afterwards.
//!
//! Only a grant for [`Purpose::BreakGlass`] opens it, and what the person refuses stays refused. The
//! words of the reason stand, sealed, in the partition's manifest; the entry has their hash.

use super::logs::{LogLine, LogOf};
use super::release::{Asking, CLOCK_TOLERANCE, is_refusal, refuse};
use super::scope::Scope;
use super::session::Session;
use super::space::HealthSpace;
use super::state::{Target, Writing};
use super::tx::Tx;
use super::uses::Counting;
use crate::audit::{AuditEvent, Entry, Gesture, ReleaseKind, day_and_time};
use crate::codec::cbor::{Reader, Writer};
use crate::consent::{Action, Among, GLASS_MINUTES, Recipient, RecipientKind};
use crate::crypto::hash::sha256;
use crate::crypto::random_array;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::Purpose;
use crate::lang::Lang;
use crate::record::is_hidden;
use std::sync::{Mutex, PoisonError};

const BAD: Error = Error::Malformed(Malformed::Cbor);
/// Longest reason, in bytes.
const LONGEST_REASON: usize = 1000;

/// What came of the host's check that the person is there and agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They agreed, just now.
    Confirmed(Gesture),
    /// They are not able to: unconscious, or out of reach.
    Unable,
}

/// Emergency access that a session has: where, and until when.
pub(crate) struct Glass {
    scope: ScopeId,
    /// Of the partition's log, once it stands there.
    entry: Option<u64>,
    /// The grants under which it began.
    grants: Vec<GrantId>,
    until: i64,
    watch: Mutex<Watch>,
}

/// What was seen of the host's clock since it began.
struct Watch {
    latest: i64,
    /// By how much it was set back in all: time that went by, although the clock does not say so.
    back: i64,
    over: bool,
}

impl Break {
    /// Its entry in the partition's log.
    pub(super) fn entry(&self) -> u64 {
        self.entry
    }

    /// Whether an entry says what was done under it.
    fn has_use(&self, index: u64, event: &AuditEvent) -> bool {
        match event {
            AuditEvent::Released { purpose, actor, .. } | AuditEvent::Refused { purpose, actor } => {
                self.within(index, index + 1) && *purpose == Purpose::BreakGlass && *actor == self.actor
            }
            _ => false,
        }
    }

    /// Whether entries of a range may say so.
    fn within(&self, from: u64, to: u64) -> bool {
        to > self.entry.saturating_add(1) && self.next.is_none_or(|next| from < next)
    }

    /// Whether the person is still to be told of what this entry says, by the partition `of` in which it was
    /// begun. Of another log it speaks only where the partition's signed consents let it be begun at all, and
    /// of nothing but what a session does.
    pub(super) fn is_owed(&self, of: &Scope, log: ScopeId, index: u64, event: &AuditEvent) -> bool {
        let here = of.id == log;
        let used = here && (index == self.entry || self.has_use(index, event));
        let there = here || of.policy.state.allows_glass() && is_of_a_session(event);
        self.seen.is_none() && (used || there && self.done.contains(&(log, index)))
    }

    /// Whether the person has still to be told of it.
    pub(super) fn is_unseen(&self) -> bool {
        self.seen.is_none()
    }

    /// The person has confirmed that it is this time: what was given by another clock is over.
    pub(super) fn cut(&mut self, clock: i64) {
        self.until = self.until.min(clock);
    }
}

/// Whether an entry says what a session did in a partition.
const fn is_of_a_session(event: &AuditEvent) -> bool {
    use AuditEvent::{FlowDenied, Refused, Released, Remembered, TurnAppended};
    matches!(event, Released { .. } | Refused { .. } | FlowDenied { .. } | Remembered { .. } | TurnAppended { .. })
}

impl Glass {
    /// Something was done under it whose entry does not say so by itself: it stands in another log, or
    /// names nobody.
    pub(super) fn note(&self, tx: &Tx<'_>, w: &mut Writing, log: ScopeId, entry: u64) -> Result<()> {
        let Some(at) = w.state.partitions.iter().position(|p| p.id == self.scope) else { return Ok(()) };
        let work = w.work(tx, Target::Partition(at))?;
        if let Some(b) = work.manifest.breaks.iter_mut().find(|b| Some(b.entry) == self.entry) {
            b.done.push((log, entry));
            // What the person has not been told of.
            b.seen = None;
        }
        Ok(())
    }

    /// Where it was begun.
    pub(super) const fn scope(&self) -> ScopeId {
        self.scope
    }

    fn begin(scope: ScopeId, clock: i64, until: i64) -> Self {
        Self {
            scope,
            entry: None,
            grants: Vec::new(),
            until,
            watch: Mutex::new(Watch { latest: clock, back: 0, over: false }),
        }
    }

    /// Whether what a request is decided by is what it began under: what was given since takes a new one.
    pub(super) fn is_under(&self, grants: &[GrantId]) -> bool {
        self.entry.is_none() || grants.iter().all(|g| self.grants.contains(g))
    }

    /// Until when, by what the partition keeps: the person may have confirmed another clock since.
    pub(super) fn until(&self, scope: &Scope) -> i64 {
        let kept = scope.manifest.breaks.iter().find(|b| Some(b.entry) == self.entry);
        kept.map_or(self.until, |b| b.until.min(self.until))
    }

    /// Whether a request for emergency access may be decided at all. Over once, it is over for good,
    /// whatever the clock says later.
    pub(super) fn holds(&self, scope: &Scope, clock: i64, now: Timestamp) -> bool {
        let over = clock < now.as_millis().saturating_sub(CLOCK_TOLERANCE) || now.as_millis() >= self.until(scope);
        scope.id == self.scope && self.goes_on(clock, over)
    }

    /// The same by the clock alone, between decisions. Time does not go back for it: what the clock
    /// is set back by counts, and more than the tolerance ends it.
    pub(super) fn goes_on(&self, clock: i64, over: bool) -> bool {
        // Every field is whole at any moment.
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let back = watch.latest.saturating_sub(clock).max(0);
        watch.back = watch.back.saturating_add(back);
        watch.latest = clock;
        watch.over |= over || watch.back > CLOCK_TOLERANCE || clock.saturating_add(watch.back) >= self.until;
        !watch.over
    }
}

/// What a partition keeps of an emergency access, for the notice.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Break {
    entry: u64,
    actor: Recipient,
    reason: String,
    began: i64,
    until: i64,
    present: bool,
    seen: Option<i64>,
    /// The entry by which the same recipient began the next one: what comes after is of that.
    next: Option<u64>,
    /// What was done besides what its own log says of it: what was written, and kept from flowing. Log
    /// and entry.
    done: Vec<(ScopeId, u64)>,
}

/// Key 23 of the manifest.
pub(crate) fn write_breaks(w: &mut Writer, all: &[Break]) {
    w.uint(23).array(all.len());
    for b in all {
        w.array(10).uint(b.entry).text(b.actor.kind().code()).text(b.actor.name()).text(&b.reason);
        w.int(b.began).int(b.until).bool(b.present);
        match b.seen {
            Some(at) => w.int(at),
            None => w.null(),
        };
        match b.next {
            Some(entry) => w.uint(entry),
            None => w.null(),
        };
        w.array(b.done.len());
        for (log, entry) in &b.done {
            w.array(2).bytes(log.as_bytes()).uint(*entry);
        }
    }
}

/// Reads what [`write_breaks`] wrote.
pub(crate) fn read_breaks(r: &mut Reader<'_>) -> Result<Vec<Break>> {
    r.key_is(23)?;
    let n = r.array()?;
    let mut one = |_| {
        r.array_of(10)?;
        let (entry, kind) = (r.uint()?, RecipientKind::from_code(r.text()?).ok_or(BAD)?);
        let actor = Recipient::as_it_stands(kind, r.text()?).ok_or(BAD)?;
        let reason = r.text()?.to_owned();
        let (began, until, present) = (r.int()?, r.int()?, r.bool()?);
        let seen = if r.null() { None } else { Some(r.int()?) };
        let next = if r.null() { None } else { Some(r.uint()?) };
        let n = r.array()?;
        let use_of = |_| {
            r.array_of(2)?;
            Ok((ScopeId(r.fixed()?), r.uint()?))
        };
        let done = (0..n).map(use_of).collect::<Result<_>>()?;
        Ok(Break { entry, actor, reason, began, until, present, seen, next, done })
    };
    (0..n).map(&mut one).collect()
}

/// An emergency access, as the person is told of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakGlassNotice {
    /// In which partition.
    pub partition: String,
    /// The entry by which it began, in the partition's log.
    pub entry: u64,
    /// Who.
    pub recipient: Recipient,
    /// Why, in their words.
    pub reason: String,
    /// From when.
    pub began: Timestamp,
    /// Until when at most.
    pub until: Timestamp,
    /// Whether the person was there and agreed.
    pub present: bool,
    /// When the person saw this notice; it is to be shown until then.
    pub seen: Option<Timestamp>,
    /// What was released, refused, remembered, appended to a conversation or kept from flowing: the
    /// entries, of the partitions that are open here, in the order in which they were made.
    pub uses: Vec<Entry>,
    /// Whether entries of that time were erased since: then there may have been more.
    pub erased: bool,
}

impl core::fmt::Debug for BreakGlassNotice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BreakGlassNotice(..)")
    }
}

impl BreakGlassNotice {
    /// The text to show to the person (`en`, `fr`).
    #[must_use]
    pub fn text(&self, language: &str) -> String {
        let lang = Lang::parse(language);
        let at = |t| day_and_time(t, lang);
        let (who, why) = (self.recipient.told(lang), &self.reason);
        let mut text = match lang {
            Lang::En => format!(
                "Emergency access to your Health space.\n\nWho: {who}, in the partition \
                 \u{201c}{}\u{201d}.\nWhen: from {}, until {} at the latest.\nReason given: \u{201c}{why}\u{201d}.\n",
                self.partition,
                at(self.began),
                at(self.until)
            ),
            Lang::Fr => format!(
                "Accès d’urgence à votre espace Santé.\n\nQui\u{a0}: {who}, dans la partition \
                 «\u{a0}{}\u{a0}».\nQuand\u{a0}: à partir du {}, jusqu’au {} au plus tard.\nMotif donné\u{a0}: \
                 «\u{a0}{why}\u{a0}».\n",
                self.partition,
                at(self.began),
                at(self.until)
            ),
        };
        text.push_str(match (self.present, lang) {
            (true, Lang::En) => "You were there and agreed.\n",
            (true, Lang::Fr) => "Vous étiez là et avez donné votre accord.\n",
            (false, Lang::En) => "You were not able to be asked.\n",
            (false, Lang::Fr) => "Il n’a pas été possible de vous demander votre accord.\n",
        });
        if self.erased {
            text.push_str(match lang {
                Lang::En => "\nEntries of that time were erased since: more may have been done.\n",
                Lang::Fr => {
                    "\nDes entrées de cette période ont été effacées depuis\u{a0}: il peut y en avoir eu d’autres.\n"
                }
            });
        }
        text.push_str(match (self.uses.is_empty(), lang) {
            (true, _) if self.erased => "",
            (true, Lang::En) => "\nNothing was looked at.\n",
            (true, Lang::Fr) => "\nRien n’a été consulté.\n",
            (false, Lang::En) => "\nWhat was done:\n",
            (false, Lang::Fr) => "\nCe qui a été fait\u{a0}:\n",
        });
        for entry in &self.uses {
            text.push_str(&format!("- {}\n", entry.tell(lang)));
        }
        text.push_str(match lang {
            Lang::En => {
                "\nYou can withdraw the consent that allows this at any time, in one step. What was shown cannot be \
                 called back.\n"
            }
            Lang::Fr => {
                "\nVous pouvez retirer à tout moment, en une seule étape, le consentement qui le permet. Ce qui a été \
                 montré ne peut pas être repris.\n"
            }
        });
        text
    }
}

fn checked(reason: &str) -> Result<String> {
    let reason = reason.trim();
    // Fillers of Hangul are letters, and show nothing.
    let filler = |c: char| matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let says = reason.chars().any(|c| c.is_alphanumeric() && !filler(c));
    if !says || reason.len() > LONGEST_REASON || reason.chars().any(is_hidden) {
        return Err(Error::Malformed(Malformed::Argument));
    }
    Ok(reason.to_owned())
}

impl HealthSpace {
    /// Begins emergency access to the first health partition, for at most `minutes` (60 where more
    /// are asked for). The entry is durable, and the notice stands, before this returns; each
    /// release of the session has an entry of its own.
    ///
    /// It takes a grant for [`Purpose::BreakGlass`] to this recipient, in force, in a space that has
    /// an anchor. What is given while it goes on takes an emergency access of its own. It never trains,
    /// exports or erases, and is never for a model that the session
    /// calls.
    ///
    /// # Errors
    /// [`Error::Denied`], logged, where no such grant covers it; [`Error::Malformed`] without a
    /// reason of 1 to 1,000 bytes of visible text, or without minutes.
    pub fn break_glass(&self, recipient: Recipient, reason: &str, presence: Presence, minutes: u32) -> Result<Session> {
        let partition = self.inner.peek()?.first_health()?;
        self.break_glass_in(&partition, recipient, reason, presence, minutes)
    }

    /// As [`break_glass`](Self::break_glass), to a partition that the grant names.
    ///
    /// # Errors
    /// As [`break_glass`](Self::break_glass); one that is not there, or of which no grant shows this recipient
    /// anything, is [`Error::Denied`].
    pub fn break_glass_in(
        &self,
        partition: &str,
        recipient: Recipient,
        reason: &str,
        presence: Presence,
        minutes: u32,
    ) -> Result<Session> {
        let reason = checked(reason)?;
        if minutes == 0 {
            return Err(Error::Malformed(Malformed::Argument));
        }
        let lasts = i64::from(minutes.min(GLASS_MINUTES)) * 60_000;
        let mut session = self.session(recipient, Purpose::BreakGlass)?.within(partition);
        let actors = session.actors.clone();
        let glass = self.inner.write(|tx, w| {
            // One that is not there is denied, and entered, as one that is withheld.
            let there = w.state.position(partition);
            let at = there.as_ref().copied().or_else(|_| w.state.position(&w.state.first_health()?))?;
            let scope = w.state.partitions.get(at).cloned().ok_or(Error::NoSuchPartition)?;
            let from = tx.base.env.now();
            let now = tx.now_in(&scope);
            let until = Timestamp::from_millis(now.saturating_add(lasts));
            let mut glass = Glass::begin(scope.id, from.as_millis(), until.as_millis());
            let asking = Asking {
                actors: &actors,
                purpose: Purpose::BreakGlass,
                action: Action::Read,
                kind: ReleaseKind::Read,
                query: b"",
                counting: Counting::Left,
                glass: Some(&glass),
                within: Among::ANY,
                shown_in: None,
            };
            let decided = there.map_err(|_| Error::Denied);
            let permit = match decided.and_then(|_| self.inner.decide_at(&w.state, &scope, &asking, now)) {
                Err(e) if is_refusal(&e) => return refuse(tx, w, at, &asking).map(|()| Err(e)),
                other => other?,
            };
            let salt: [u8; 32] = random_array()?;
            let actor = asking.actor()?;
            let present = matches!(presence, Presence::Confirmed(_));
            let event = AuditEvent::GlassBroken {
                grants: permit.basis().to_vec(),
                actor: actor.clone(),
                reason_hash: sha256(&[&salt, reason.as_bytes()]),
                until,
                gesture: match &presence {
                    Presence::Confirmed(gesture) => Some(gesture.clone()),
                    Presence::Unable => None,
                },
            };
            let work = w.work(tx, Target::Partition(at))?;
            let entry = tx.log_with_items(work, event, None, &salt, &[])?;
            (glass.entry, glass.grants) = (Some(entry), permit.basis().to_vec());
            let (began, until) = (now, until.as_millis());
            let earlier = work.manifest.breaks.iter_mut().filter(|b| b.actor == actor);
            earlier.for_each(|b| _ = b.next.get_or_insert(entry));
            work.manifest.breaks.push(Break {
                entry,
                actor,
                reason: reason.clone(),
                began,
                until,
                present,
                seen: None,
                next: None,
                done: Vec::new(),
            });
            Ok(Ok(glass))
        })??;
        session.glass = Some(glass);
        Ok(session)
    }

    /// Every emergency access to the partitions that are open here, with all that was done: to be
    /// shown until [`break_glass_seen`](Self::break_glass_seen) says that the person saw it.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn break_glass_notices(&self) -> Result<Vec<BreakGlassNotice>> {
        let state = self.inner.read()?.1;
        let mut all = Vec::new();
        for p in &state.partitions {
            let breaks = &p.manifest.breaks;
            if breaks.is_empty() {
                continue;
            }
            let lines = self.log(LogOf::Partition(&p.policy.name))?;
            for b in breaks {
                let here = |l: &&LogLine| b.has_use(l.index, &l.entry.event) || b.done.contains(&(p.id, l.index));
                let mut uses: Vec<Entry> = lines.iter().filter(here).map(|l| l.entry.clone()).collect();
                let gone = |id: ScopeId, lines: &[LogLine]| {
                    b.done.iter().any(|(log, n)| *log == id && !lines.iter().any(|l| l.index == *n))
                };
                let mut erased = p.manifest.erased.iter().any(|(from, to)| b.within(*from, *to)) || gone(p.id, &lines);
                let used = |o: &&Scope| o.id != p.id && b.done.iter().any(|(log, _)| *log == o.id);
                for other in state.partitions.iter().filter(used) {
                    let lines = self.log(LogOf::Partition(&other.policy.name))?;
                    erased |= gone(other.id, &lines);
                    let there = lines.into_iter().filter(|l| b.done.contains(&(other.id, l.index)));
                    uses.extend(there.map(|l| l.entry));
                }
                uses.sort_by_key(|e| e.time);
                all.push(BreakGlassNotice {
                    partition: p.policy.name.clone(),
                    entry: b.entry,
                    recipient: b.actor.clone(),
                    reason: b.reason.clone(),
                    began: Timestamp::from_millis(b.began),
                    until: Timestamp::from_millis(b.until.max(b.began)),
                    present: b.present,
                    seen: b.seen.map(Timestamp::from_millis),
                    uses,
                    erased,
                });
            }
        }
        Ok(all)
    }

    /// The person saw the notice of an emergency access. Logged; saying it twice is no error. Said
    /// before it is over it is logged too, but the notice stands: more can be done until then.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such notice.
    #[expect(clippy::needless_pass_by_value, reason = "a gesture stands for one act")]
    pub fn break_glass_seen(&self, partition: &str, entry: u64, gesture: Gesture) -> Result<()> {
        self.inner.write(|tx, w| {
            let at = w.state.position(partition)?;
            let there = w.state.partitions.get(at).and_then(|p| p.manifest.breaks.iter().find(|b| b.entry == entry));
            if there.ok_or(Error::NotFound)?.seen.is_some() {
                return Ok(());
            }
            let work = w.work(tx, Target::Partition(at))?;
            // Dated so, this entry is what keeps it over.
            let now = tx.now_in(&work.scope);
            let over = work.manifest.breaks.iter_mut().find(|b| b.entry == entry && b.until <= now);
            over.into_iter().for_each(|b| b.seen = Some(now));
            tx.log(work, AuditEvent::GlassSeen { entry, gesture: gesture.clone() }).map(|_| ())
        })
    }
}
