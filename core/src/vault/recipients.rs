//! Who has what was released under a grant that is withdrawn: whom to tell, who was told, who
//! confirmed.
//!
//! A withdrawal stops the next release; what was released before is with its recipients. GDPR
//! article 19 asks that each of them be told. This is a report, read from the logs; nothing is
//! decided by it.

use super::logs::LogOf;
use super::space::HealthSpace;
use super::state::Target;
use crate::audit::{AuditEvent, Gesture};
use crate::consent::{Recipient, Standing};
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Timestamp};
use std::collections::BTreeMap;

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
    /// The recipient, as releases name it. None where entries were erased that may have said of
    /// more: nobody knows to whom, and there is nothing to enter about it.
    pub recipient: Option<Recipient>,
    /// How many releases there were.
    pub releases: u64,
    /// When the last one was; without any, when the grant was withdrawn.
    pub last_release: Timestamp,
    /// How many entries were erased that may have been of releases under this grant, to anybody.
    pub erased: u64,
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

/// What the logs say, in order of time.
#[derive(Default)]
struct Seen {
    given: BTreeMap<GrantId, Timestamp>,
    /// Withdrawn, and not filed again since.
    withdrawn: BTreeMap<GrantId, Timestamp>,
    /// When the newest version of a consent from elsewhere was filed: it may be the withdrawal.
    filed: BTreeMap<GrantId, Timestamp>,
    /// Releases by grant and recipient: how many, and the last.
    released: BTreeMap<(GrantId, Recipient), (u64, Timestamp)>,
    told: BTreeMap<(GrantId, Recipient), NoticeState>,
}

impl Seen {
    fn take(&mut self, time: Timestamp, event: AuditEvent) {
        match event {
            AuditEvent::Withdrawn { grant, .. } => {
                self.withdrawn.entry(grant).or_insert(time);
            }
            AuditEvent::Granted { grant, .. } => {
                self.given.entry(grant).or_insert(time);
            }
            AuditEvent::ConsentImported { grant, .. } => {
                self.given.entry(grant).or_insert(time);
                self.withdrawn.remove(&grant);
                self.filed.insert(grant, time);
            }
            AuditEvent::Released { grants, actor, .. } => {
                for grant in grants {
                    let whom = (grant, actor.clone());
                    // What it was told of, or confirmed, was not about this.
                    self.told.remove(&whom);
                    let entry = self.released.entry(whom).or_insert((0, time));
                    *entry = (entry.0 + 1, time);
                }
            }
            AuditEvent::RecipientNotified { grant, actor, .. } => {
                // One that confirmed is not told anew.
                self.told.entry((grant, actor)).or_insert(NoticeState::Notified(time));
            }
            AuditEvent::RecipientConfirmed { grant, actor, .. } => {
                self.told.insert((grant, actor), NoticeState::Acknowledged(time));
            }
            _ => {}
        }
    }

    /// A consent from elsewhere is withdrawn by a newer version that says so, too.
    fn settle(&mut self, grant: GrantId) {
        if let Some(filed) = self.filed.get(&grant) {
            self.withdrawn.entry(grant).or_insert(*filed);
        }
    }
}

impl HealthSpace {
    /// Every recipient of what was released under a grant that is withdrawn since, as far as the
    /// logs of the partitions that are open here tell. Who was shown something that was remembered under it, by
    /// another grant, is not among them: [`derived`](Self::derived) lists what that can be.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn withdrawal_notices(&self) -> Result<Vec<WithdrawalNotice>> {
        let info = self.info()?;
        let mut seen = Seen::default();
        // Of the same millisecond: what was released was so before it was withdrawn.
        let mut logs: Vec<LogOf<'_>> = info.partitions.iter().map(|name| LogOf::Partition(name)).collect();
        if info.full {
            logs.push(LogOf::Space);
        }
        let mut lines = Vec::new();
        for of in logs {
            lines.extend(self.log(of)?.into_iter().map(|line| (line.entry.time, line.entry.event)));
        }
        lines.sort_by_key(|(time, _)| *time);
        for (time, event) in lines {
            seen.take(time, event);
        }
        let imported = self.imported_consents()?;
        imported.iter().filter(|c| c.standing == Standing::Withdrawn).for_each(|c| seen.settle(c.id));
        let now = self.inner.base.env.now().as_millis().max(self.inner.peek()?.floor());
        let Seen { given, withdrawn, released, told, .. } = seen;
        let named = |((grant, to), seen): ((GrantId, Recipient), _)| ((grant, Some(to)), seen);
        let mut released: BTreeMap<(GrantId, Option<Recipient>), (u64, Timestamp)> =
            released.into_iter().map(named).collect();
        let mut erased = BTreeMap::new();
        for (grant, ended) in &withdrawn {
            let n = self.erased_while(*grant, given.get(grant).copied(), *ended)?;
            if n > 0 {
                erased.insert(*grant, n);
                released.insert((*grant, None), (0, *ended));
            }
        }
        let notice = |((grant, recipient), (releases, last_release)): ((_, Option<Recipient>), _)| {
            let withdrawn = *withdrawn.get(&grant)?;
            let state = recipient.clone().and_then(|to| told.get(&(grant, to)).copied());
            let state = state.unwrap_or(NoticeState::Open);
            let due = withdrawn.plus_millis(TERM);
            let confirmed = matches!(state, NoticeState::Acknowledged(_)) || releases == 0;
            let overdue = now >= due.as_millis() && !confirmed;
            let erased = erased.get(&grant).copied().unwrap_or(0);
            Some(WithdrawalNotice { grant, recipient, releases, last_release, erased, withdrawn, due, state, overdue })
        };
        Ok(released.into_iter().filter_map(notice).collect())
    }

    /// How many entries were erased that may have been of releases under a grant: in the logs of its
    /// partitions, between what is left from before it was given and from after it was withdrawn.
    fn erased_while(&self, grant: GrantId, given: Option<Timestamp>, withdrawn: Timestamp) -> Result<u64> {
        let state = self.inner.peek()?;
        let mut n = 0;
        for p in state.partitions.iter().filter(|p| !p.manifest.erased.is_empty()) {
            if p.policy.state.version(grant).is_none() {
                continue;
            }
            let lines = self.log(LogOf::Partition(&p.policy.name))?;
            for (from, to) in &p.manifest.erased {
                let before = lines.iter().rfind(|l| l.index < *from);
                let after = lines.iter().find(|l| l.index >= *to);
                let begun = after.is_none_or(|l| given.is_none_or(|at| l.entry.time >= at));
                if begun && before.is_none_or(|l| l.entry.time <= withdrawn) {
                    n = u64::saturating_add(n, to - from);
                }
            }
        }
        Ok(n)
    }

    /// Enters that a recipient was told of a withdrawal; `how` names the way and hashes its proof.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing was released to it under that grant, or the grant is not
    /// withdrawn.
    pub fn recipient_notified(&self, grant: GrantId, recipient: &Recipient, how: Gesture) -> Result<()> {
        let actor = self.known(grant, recipient)?;
        self.enter_notice(AuditEvent::RecipientNotified { grant, actor, gesture: how })
    }

    /// Enters that a recipient confirmed a withdrawal.
    ///
    /// # Errors
    /// As [`recipient_notified`](Self::recipient_notified).
    pub fn recipient_acknowledged(&self, grant: GrantId, recipient: &Recipient, how: Gesture) -> Result<()> {
        let actor = self.known(grant, recipient)?;
        self.enter_notice(AuditEvent::RecipientConfirmed { grant, actor, gesture: how })
    }

    fn known(&self, grant: GrantId, recipient: &Recipient) -> Result<Recipient> {
        let known = self.withdrawal_notices()?;
        let found = known.into_iter().any(|n| n.grant == grant && n.recipient.as_ref() == Some(recipient));
        if found { Ok(recipient.clone()) } else { Err(Error::NotFound) }
    }

    fn enter_notice(&self, event: AuditEvent) -> Result<()> {
        self.inner.write(|tx, w| {
            let target = if w.state.system.is_some() { Target::System } else { Target::Partition(0) };
            if w.state.system.is_none() && w.state.partitions.is_empty() {
                return Err(Error::Malformed(Malformed::Argument));
            }
            let work = w.work(tx, target)?;
            tx.log(work, event).map(|_| ())
        })
    }
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
