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
    /// The recipient, as releases name it.
    pub recipient: String,
    /// How many releases there were.
    pub releases: u64,
    /// When the last one was.
    pub last_release: Timestamp,
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

#[derive(Default)]
struct Seen {
    withdrawn: BTreeMap<GrantId, Timestamp>,
    /// Releases by grant and recipient: how many, and the last.
    released: BTreeMap<(GrantId, String), (u64, Timestamp)>,
    told: BTreeMap<(GrantId, String), NoticeState>,
}

impl Seen {
    fn take(&mut self, time: Timestamp, event: AuditEvent) {
        match event {
            AuditEvent::Withdrawn { grant, .. } => {
                let first = self.withdrawn.entry(grant).or_insert(time);
                *first = (*first).min(time);
            }
            AuditEvent::Released { grants, actor, .. } => {
                for grant in grants {
                    let entry = self.released.entry((grant, actor.clone())).or_insert((0, time));
                    *entry = (entry.0 + 1, entry.1.max(time));
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
}

impl HealthSpace {
    /// Every recipient of what was released under a grant that is withdrawn since, as far as the
    /// logs of the partitions that are open here tell.
    ///
    /// # Errors
    /// As [`log`](Self::log).
    pub fn withdrawal_notices(&self) -> Result<Vec<WithdrawalNotice>> {
        let info = self.info()?;
        let mut seen = Seen::default();
        let mut logs: Vec<LogOf<'_>> = info.partitions.iter().map(|name| LogOf::Partition(name)).collect();
        if info.full {
            logs.push(LogOf::Space);
        }
        for of in logs {
            for line in self.log(of)? {
                seen.take(line.entry.time, line.entry.event);
            }
        }
        let now = self.inner.base.env.now().as_millis().max(self.inner.peek()?.floor());
        let Seen { withdrawn, released, told } = seen;
        let notice = |((grant, recipient), (releases, last_release)): ((GrantId, String), (u64, Timestamp))| {
            let withdrawn = *withdrawn.get(&grant)?;
            let state = told.get(&(grant, recipient.clone())).copied().unwrap_or(NoticeState::Open);
            let due = withdrawn.plus_millis(TERM);
            let overdue = now >= due.as_millis() && !matches!(state, NoticeState::Acknowledged(_));
            Some(WithdrawalNotice { grant, recipient, releases, last_release, withdrawn, due, state, overdue })
        };
        Ok(released.into_iter().filter_map(notice).collect())
    }

    /// Enters that a recipient was told of a withdrawal; `how` names the way and hashes its proof.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing was released to it under that grant, or the grant is not
    /// withdrawn.
    pub fn recipient_notified(&self, grant: GrantId, recipient: &str, how: Gesture) -> Result<()> {
        let actor = self.told(grant, recipient)?;
        self.enter_notice(AuditEvent::RecipientNotified { grant, actor, gesture: how })
    }

    /// Enters that a recipient confirmed a withdrawal.
    ///
    /// # Errors
    /// As [`recipient_notified`](Self::recipient_notified).
    pub fn recipient_acknowledged(&self, grant: GrantId, recipient: &str, how: Gesture) -> Result<()> {
        let actor = self.told(grant, recipient)?;
        self.enter_notice(AuditEvent::RecipientConfirmed { grant, actor, gesture: how })
    }

    fn told(&self, grant: GrantId, recipient: &str) -> Result<String> {
        let known = self.withdrawal_notices()?;
        let found = known.into_iter().find(|n| n.grant == grant && n.recipient == recipient);
        Ok(found.ok_or(Error::NotFound)?.recipient)
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
        assert!(matches!(space.recipient_notified(used, model().name(), gesture()), Err(Error::NotFound)));

        space.withdraw(used).unwrap();
        space.withdraw(unused).unwrap();
        let all = space.withdrawal_notices().unwrap();
        let of = |all: &[WithdrawalNotice]| all.iter().find(|n| n.grant == used).cloned().unwrap();
        let n = of(&all);
        assert_eq!(
            (n.recipient.as_str(), n.releases, n.state, n.overdue),
            (model().name(), 2, NoticeState::Open, false)
        );
        assert_eq!(n.due.as_millis() - n.withdrawn.as_millis(), TERM);

        assert!(matches!(space.recipient_notified(used, "nobody", gesture()), Err(Error::NotFound)));
        space.recipient_notified(used, model().name(), gesture()).unwrap();
        assert!(matches!(of(&space.withdrawal_notices().unwrap()).state, NoticeState::Notified(_)));
        time.set(Timestamp::from_millis(1_790_000_000_000 + TERM + 60_000));
        assert!(of(&space.withdrawal_notices().unwrap()).overdue, "told, but not confirmed");
        space.recipient_acknowledged(used, model().name(), gesture()).unwrap();
        let n = of(&space.withdrawal_notices().unwrap());
        assert!(matches!(n.state, NoticeState::Acknowledged(_)) && !n.overdue);
        space.recipient_notified(used, model().name(), gesture()).unwrap();
        assert!(matches!(of(&space.withdrawal_notices().unwrap()).state, NoticeState::Acknowledged(_)));
    }
}
