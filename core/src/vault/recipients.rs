//! Who has what was released under a grant that is withdrawn: whom to tell, who was told, who
//! confirmed.
//!
//! A withdrawal stops the next release; what was released before is with its recipients. GDPR
//! article 19 asks that each of them be told. This is a report, read from the logs; nothing is
//! decided by it.

use super::logs::{LogLine, LogOf, LostLog, is_damage, lost_logs};
use super::scope::Scope;
use super::space::HealthSpace;
use super::state::{State, Target};
use crate::audit::{AuditEvent, Gesture};
use crate::consent::{Recipient, Standing};
use crate::error::{Error, Result};
use crate::id::{GrantId, ScopeId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A month, within which whoever was told has to answer (GDPR article 12(3)).
const TERM: i64 = 30 * 86_400_000;

/// Where the notice of a withdrawal to one recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// Nobody has told the recipient yet.
    Open,
    /// Told, then.
    Notified(Timestamp),
    /// The recipient confirmed, then.
    Acknowledged(Timestamp),
}

/// One recipient of what was released under a grant that is withdrawn.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WithdrawalNotice {
    /// The grant.
    pub grant: GrantId,
    /// The recipient, as releases name it. None where entries were erased, or a log is gone, that may have said of
    /// more: nobody knows to whom, and there is nothing to enter about it.
    pub recipient: Option<Recipient>,
    /// How many releases there were.
    pub releases: u64,
    /// When the last one was; without any, when the grant was withdrawn.
    pub last_release: Timestamp,
    /// How many entries were erased that may have been of releases under this grant, to anybody.
    pub erased: u64,
    /// How many earlier logs of partitions are gone, which were too damaged and began anew, that may have told of releases
    /// under this grant, to anybody.
    pub lost_logs: u64,
    /// When the grant was withdrawn.
    pub withdrawn: Timestamp,
    /// Until when it should be confirmed: 30 days after the withdrawal.
    pub due: Timestamp,
    /// Where it stands.
    pub state: NoticeState,
    /// Past due, and not confirmed.
    pub overdue: bool,
}

impl core::fmt::Debug for WithdrawalNotice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("WithdrawalNotice(..)")
    }
}

/// Where an entry stands: in the space's log, or in that of a partition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Space(u64),
    Partition(ScopeId, u64),
}

/// A release under a grant: where, when, and how much of the space's log it was decided under.
struct Release {
    log: ScopeId,
    index: u64,
    under: u64,
    time: Timestamp,
}

impl Release {
    /// Whether it came after this entry. Clocks are set back, so that times of two logs are asked only where
    /// nothing else tells.
    fn is_after(&self, place: Place, time: Timestamp) -> bool {
        match place {
            Place::Space(index) => self.under > index,
            Place::Partition(log, index) if log == self.log => self.index > index,
            Place::Partition(..) => self.time > time,
        }
    }
}

/// What one log says, and what cannot be told of it.
struct Log {
    scope: ScopeId,
    lines: Vec<LogLine>,
    /// Half-open ranges of entries that were erased; all, where it cannot be read.
    gaps: Vec<(u64, u64)>,
}

impl Log {
    /// Whether, for certain, all of a gap came before this entry.
    fn is_before(&self, (_, to): (u64, u64), place: Place) -> bool {
        match place {
            Place::Space(index) => self.releases().any(|(n, under)| n >= to && under <= index),
            Place::Partition(log, index) => log == self.scope && to <= index,
        }
    }

    /// Whether, for certain, all of a gap came after this entry.
    fn is_after(&self, (from, _): (u64, u64), place: Place) -> bool {
        match place {
            Place::Space(index) => self.releases().any(|(n, under)| n < from && under > index),
            Place::Partition(log, index) => log == self.scope && from > index,
        }
    }

    /// Position of each release, and how much of the space's log it was decided under.
    fn releases(&self) -> impl Iterator<Item = (u64, u64)> {
        self.lines.iter().filter_map(|l| match &l.entry.event {
            AuditEvent::Released { system, .. } => Some((l.index, system.size)),
            _ => None,
        })
    }
}

/// What the logs say.
#[derive(Default)]
struct Seen {
    given: BTreeMap<GrantId, Place>,
    /// The last withdrawal: what was released before it is to be taken back.
    withdrawn: BTreeMap<GrantId, (Place, Timestamp)>,
    /// Filed again since then.
    again: BTreeSet<GrantId>,
    /// When the newest version of a consent from elsewhere was filed: it may be the withdrawal.
    filed: BTreeMap<GrantId, (Place, Timestamp)>,
    released: BTreeMap<(GrantId, Recipient), Vec<Release>>,
    told: BTreeMap<(GrantId, Recipient), Vec<(Place, NoticeState)>>,
}

impl Seen {
    /// Takes the entries of all logs, in order of time.
    fn take(&mut self, place: Place, time: Timestamp, event: AuditEvent) {
        match event {
            AuditEvent::Withdrawn { grant, .. } => {
                self.ends(grant, (place, time));
            }
            AuditEvent::Granted { grant, .. } => {
                self.given.entry(grant).or_insert(place);
            }
            AuditEvent::ConsentImported { grant, .. } => {
                self.given.entry(grant).or_insert(place);
                self.again.insert(grant);
                self.filed.insert(grant, (place, time));
            }
            AuditEvent::Released { grants, actor, system, .. } => {
                let Place::Partition(log, index) = place else { return };
                for grant in grants {
                    let release = Release { log, index, under: system.size, time };
                    self.released.entry((grant, actor.clone())).or_default().push(release);
                }
            }
            AuditEvent::RecipientNotified { grant, actor, .. } => {
                self.told.entry((grant, actor)).or_default().push((place, NoticeState::Notified(time)));
            }
            AuditEvent::RecipientConfirmed { grant, actor, .. } => {
                self.told.entry((grant, actor)).or_default().push((place, NoticeState::Acknowledged(time)));
            }
            _ => {}
        }
    }

    /// A consent from elsewhere is withdrawn by a newer version that says so, too.
    fn settle(&mut self, grant: GrantId) {
        if let Some(filed) = self.filed.get(&grant) {
            self.ends(grant, *filed);
        }
    }

    /// The first withdrawal counts, until a newer version is filed.
    fn ends(&mut self, grant: GrantId, at: (Place, Timestamp)) {
        if self.again.remove(&grant) || !self.withdrawn.contains_key(&grant) {
            self.withdrawn.insert(grant, at);
        }
    }

    /// What was released to somebody before the withdrawal.
    fn concerned(&self, whom: &(GrantId, Recipient)) -> impl Iterator<Item = &Release> {
        let at = self.withdrawn.get(&whom.0);
        let releases = self.released.get(whom).map_or(&[][..], Vec::as_slice);
        releases.iter().filter(move |r| at.is_some_and(|(place, time)| !r.is_after(*place, *time)))
    }

    /// Where the notice to a recipient stands: what it was told of, or confirmed, before its last release was
    /// not about that one. One that confirmed is not told anew.
    fn state(&self, whom: &(GrantId, Recipient)) -> NoticeState {
        let about_all = |(place, state): &&(Place, NoticeState)| {
            let (NoticeState::Notified(time) | NoticeState::Acknowledged(time)) = state else { return false };
            !self.concerned(whom).any(|r| r.is_after(*place, *time))
        };
        let told = self.told.get(whom).map_or(&[][..], Vec::as_slice);
        let standing = || told.iter().filter(about_all).map(|(_, state)| *state);
        let confirmed = standing().rfind(|s| matches!(s, NoticeState::Acknowledged(_)));
        confirmed.or_else(|| standing().next()).unwrap_or(NoticeState::Open)
    }
}

impl HealthSpace {
    /// Every recipient of what was released under a grant that is withdrawn since, as far as the
    /// logs of the partitions that are open here tell. Who was shown something that was remembered under it, by
    /// another grant, is not among them: [`derived`](Self::derived) lists what that can be. Of a partition
    /// whose log cannot be read nobody can be named: its entries count as erased.
    ///
    /// # Errors
    /// [`Error::Locked`]; as [`log`](Self::log) for the space's own.
    pub fn withdrawal_notices(&self) -> Result<Vec<WithdrawalNotice>> {
        let mut seen = Seen::default();
        let state = self.inner.peek()?;
        let logs = self.logs(&state)?;
        let mut lines = Vec::new();
        let mut gone = Vec::new();
        if state.system.is_some() {
            let own = self.log(LogOf::Space)?;
            gone = lost_logs(own.iter().map(|line| (line.index, &line.entry)));
            lines.extend(in_time(&own).map(|(time, l)| (time, Place::Space(l.index), l.entry.event.clone())));
        }
        for (p, log) in state.partitions.iter().zip(&logs) {
            // What a partition says counts for the grants that name it.
            let of_here = in_time(&log.lines)
                .filter(|(_, l)| grants_of(&l.entry.event).iter().all(|g| p.policy.state.version(*g).is_some()));
            lines.extend(of_here.map(|(time, l)| (time, Place::Partition(p.id, l.index), l.entry.event.clone())));
        }
        lines.sort_by_key(|(time, ..)| *time);
        lines.into_iter().for_each(|(time, place, event)| seen.take(place, time, event));
        let imported = self.imported_consents()?;
        imported.iter().filter(|c| c.standing == Standing::Withdrawn).for_each(|c| seen.settle(c.id));
        let now = self.inner.base.env.now().as_millis().max(state.floor());
        let mut all: BTreeMap<(GrantId, Option<Recipient>), (u64, Timestamp)> = BTreeMap::new();
        for whom in seen.released.keys() {
            if let Some(last) = seen.concerned(whom).map(|r| r.time).max() {
                let releases = seen.concerned(whom).count() as u64;
                all.insert((whom.0, Some(whom.1.clone())), (releases, last));
            }
        }
        let (mut erased, mut lost) = (BTreeMap::new(), BTreeMap::new());
        for (grant, (place, time)) in &seen.withdrawn {
            let here = state.partitions.iter().zip(&logs).filter(|(p, _)| p.policy.state.version(*grant).is_some());
            let open = here.flat_map(|(_, log)| log.gaps.iter().map(move |gap| (log, *gap))).filter(|(log, gap)| {
                let begun = seen.given.get(grant).is_none_or(|given| !log.is_before(*gap, *given));
                begun && !log.is_after(*gap, *place)
            });
            let n = open.fold(0u64, |n, (_, (from, to))| n.saturating_add(to.saturating_sub(from)));
            // What began anew after the grant was given had released under it before, or may have.
            let later =
                |log: &&LostLog| !matches!(seen.given.get(grant), Some(Place::Space(given)) if *given > log.index);
            let logs = gone.iter().filter(later).count() as u64;
            if n > 0 || logs > 0 {
                erased.insert(*grant, n);
                lost.insert(*grant, logs);
                all.insert((*grant, None), (0, *time));
            }
        }
        let notice = |((grant, recipient), (releases, last_release)): ((GrantId, Option<Recipient>), _)| {
            let (_, withdrawn) = *seen.withdrawn.get(&grant)?;
            let state = recipient.clone().map_or(NoticeState::Open, |to| seen.state(&(grant, to)));
            let due = withdrawn.plus_millis(TERM);
            let confirmed = matches!(state, NoticeState::Acknowledged(_)) || releases == 0;
            let overdue = now >= due.as_millis() && !confirmed;
            let erased = erased.get(&grant).copied().unwrap_or(0);
            let lost_logs = lost.get(&grant).copied().unwrap_or(0);
            Some(WithdrawalNotice {
                grant,
                recipient,
                releases,
                last_release,
                erased,
                lost_logs,
                withdrawn,
                due,
                state,
                overdue,
            })
        };
        Ok(all.into_iter().filter_map(notice).collect())
    }

    /// The logs of the partitions, in their order.
    fn logs(&self, state: &State) -> Result<Vec<Log>> {
        let read = |p: &Scope| {
            let (lines, gaps) = match self.log(LogOf::Partition(&p.policy.name)) {
                Ok(lines) => (lines, p.manifest.erased.clone()),
                Err(e) if is_damage(&e) => (Vec::new(), vec![(0, p.head.log_size)]),
                Err(e) => return Err(e),
            };
            Ok(Log { scope: p.id, lines, gaps })
        };
        state.partitions.iter().map(read).collect()
    }

    /// Enters that a recipient was told of a withdrawal; `how` names the way and hashes its proof.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing was released to it under that grant, or the grant is not
    /// withdrawn.
    pub fn recipient_notified(&self, grant: GrantId, recipient: &Recipient, how: Gesture) -> Result<()> {
        let actor = self.known(grant, recipient)?;
        self.enter_notice(grant, AuditEvent::RecipientNotified { grant, actor, gesture: how })
    }

    /// Enters that a recipient confirmed a withdrawal.
    ///
    /// # Errors
    /// As [`recipient_notified`](Self::recipient_notified).
    pub fn recipient_acknowledged(&self, grant: GrantId, recipient: &Recipient, how: Gesture) -> Result<()> {
        let actor = self.known(grant, recipient)?;
        self.enter_notice(grant, AuditEvent::RecipientConfirmed { grant, actor, gesture: how })
    }

    fn known(&self, grant: GrantId, recipient: &Recipient) -> Result<Recipient> {
        let known = self.withdrawal_notices()?;
        let found = known.into_iter().any(|n| n.grant == grant && n.recipient.as_ref() == Some(recipient));
        if found { Ok(recipient.clone()) } else { Err(Error::NotFound) }
    }

    fn enter_notice(&self, grant: GrantId, event: AuditEvent) -> Result<()> {
        self.inner.write(|tx, w| {
            // One of its partitions: what another one says of it does not count.
            let names = |p: &Scope| p.policy.state.version(grant).is_some();
            let target = match w.state.system {
                Some(_) => Target::System,
                None => Target::Partition(w.state.partitions.iter().position(names).ok_or(Error::NotFound)?),
            };
            let work = w.work(tx, target)?;
            tx.log(work, event).map(|_| ())
        })
    }
}

/// Whose entries they are, for whom a partition may speak.
fn grants_of(event: &AuditEvent) -> &[GrantId] {
    match event {
        AuditEvent::Released { grants, .. } => grants,
        AuditEvent::Withdrawn { grant, .. }
        | AuditEvent::Granted { grant, .. }
        | AuditEvent::ConsentImported { grant, .. }
        | AuditEvent::RecipientNotified { grant, .. }
        | AuditEvent::RecipientConfirmed { grant, .. } => core::slice::from_ref(grant),
        _ => &[],
    }
}

/// Entries with a time that never goes back: it is set back where the person confirms the clock.
fn in_time(lines: &[LogLine]) -> impl Iterator<Item = (Timestamp, &LogLine)> {
    let mut last = Timestamp::from_millis(i64::MIN);
    lines.iter().map(move |l| {
        last = last.max(l.entry.time);
        (last, l)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Purpose;
    use crate::record::Category;
    use crate::vault::tests::{allow, clock, fill, gesture, model, unlock};

    #[test]
    fn whoever_got_something_is_told_and_confirms_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let (env, time) = clock();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), env).unwrap();
        fill(&space);
        let used = allow(&space, &[Category::Laboratory]).id();
        let unused = allow(&space, &[Category::Immunizations]).id();
        let session = space.session(model(), Purpose::PatientRequest).unwrap();
        let query = crate::catalog::Query { categories: vec![Category::Laboratory], ..Default::default() };
        let before = space.log(LogOf::Partition("health")).unwrap().len();
        let released = session.query(&query).unwrap();
        session.query(&query).unwrap();
        assert!(!released.value().is_empty());
        assert_eq!(space.log(LogOf::Partition("health")).unwrap().len(), before + 2);
        assert!(space.withdrawal_notices().unwrap().is_empty(), "nothing is withdrawn");
        assert!(matches!(space.recipient_notified(used, &model(), gesture()), Err(Error::NotFound)));

        space.withdraw(used).unwrap();
        space.withdraw(unused).unwrap();
        let all = space.withdrawal_notices().unwrap();
        let of = |all: &[WithdrawalNotice]| all.iter().find(|n| n.grant == used).cloned().unwrap();
        let n = of(&all);
        assert_eq!(
            (n.recipient.as_ref(), n.releases, n.state, n.overdue),
            (Some(&model()), 2, NoticeState::Open, false)
        );
        assert_eq!(n.due.as_millis() - n.withdrawn.as_millis(), TERM);

        assert!(matches!(
            space.recipient_notified(used, &Recipient::model("nobody").unwrap(), gesture()),
            Err(Error::NotFound)
        ));
        space.recipient_notified(used, &model(), gesture()).unwrap();
        assert!(matches!(of(&space.withdrawal_notices().unwrap()).state, NoticeState::Notified(_)));
        time.set(Timestamp::from_millis(1_790_000_000_000 + TERM + 60_000));
        assert!(of(&space.withdrawal_notices().unwrap()).overdue, "told, but not confirmed");
        space.recipient_acknowledged(used, &model(), gesture()).unwrap();
        let n = of(&space.withdrawal_notices().unwrap());
        assert!(matches!(n.state, NoticeState::Acknowledged(_)) && !n.overdue);
        space.recipient_notified(used, &model(), gesture()).unwrap();
        assert!(matches!(of(&space.withdrawal_notices().unwrap()).state, NoticeState::Acknowledged(_)));
    }
    /// Once the entry of a release is erased nobody knows who got something; that there may be
    /// somebody is said.
    #[test]
    fn erased_entries_are_counted_where_nobody_is_left_to_name() {
        let dir = tempfile::tempdir().unwrap();
        let (env, time) = clock();
        let (space, _) = HealthSpace::create(dir.path().join("s.hs"), &unlock(), env).unwrap();
        fill(&space);
        let health = LogOf::Partition("health");
        // Before it was given, and after it was withdrawn: of no weight.
        space.partition("health").unwrap().memories().unwrap();
        let early = space.log(health).unwrap().len() as u64 - 1;
        let pass = |minutes: i64| time.set(Timestamp::from_millis(1_790_000_000_000 + minutes * 60_000));
        pass(1);
        space.partition("health").unwrap().memories().unwrap();
        pass(2);
        let grant = allow(&space, &[Category::Laboratory]).id();
        let query = crate::catalog::Query { categories: vec![Category::Laboratory], ..Default::default() };
        let ask = || space.session(model(), Purpose::PatientRequest).unwrap().query(&query).unwrap().receipt().entry;
        let (first, _) = (ask(), ask());
        pass(3);
        space.withdraw(grant).unwrap();
        pass(4);
        space.partition("health").unwrap().memories().unwrap();
        pass(5);
        space.partition("health").unwrap().memories().unwrap();
        let late = space.log(health).unwrap().len() as u64 - 1;
        let told = || {
            let all = space.withdrawal_notices().unwrap();
            all.into_iter().map(|n| (n.recipient, n.releases, n.erased, n.overdue)).collect::<Vec<_>>()
        };
        let eu = |releases, erased| (Some(model()), releases, erased, false);
        space.erase_entries(health, &[early, late], gesture()).unwrap();
        assert_eq!(told(), [eu(2, 0)]);
        space.erase_entries(health, &[first], gesture()).unwrap();
        assert_eq!(told(), [(None, 0, 1, false), eu(1, 1)]);
        space.erase_entries(health, &[first + 1], gesture()).unwrap();
        assert_eq!(told(), [(None, 0, 2, false)]);
        assert!(matches!(space.recipient_notified(grant, &model(), gesture()), Err(Error::NotFound)));
    }
}
