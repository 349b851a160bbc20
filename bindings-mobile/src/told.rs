//! What a space tells the person about itself: permissions, promises, disclosures, whom to tell of
//! a withdrawal, evidence and damage.

use crate::consent::{GrantStanding, Recipient};
use crate::error::{HealthspaceError, argument, call};
use crate::space::{HealthSpace, gesture};
use healthspace::evidence::{self, EvidenceRequest};
use healthspace::{GrantId, NoticeState};
use std::collections::HashMap;
use std::sync::Arc;

/// What a permission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PermissionKind {
    /// Somebody may see data: given here.
    Grant,
    /// Labels may be lowered from one partition into another.
    Lowering,
    /// Given elsewhere and filed here.
    Imported,
    /// Of a later version of the library.
    Other,
}

/// A consent that counts, whoever wrote it.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct Permission {
    /// What it is.
    pub kind: PermissionKind,
    /// By which it is withdrawn.
    pub id: String,
    /// Where it stands now.
    pub standing: GrantStanding,
}

/// One promise of a space, as it stands.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct SpaceClaim {
    /// Its name, the same in every version.
    pub name: String,
    /// What is promised.
    pub claim: String,
    /// `promise`, `configured`, `logged`, `verifiable` or `witnessed`.
    pub level: String,
    /// What shows it.
    pub evidence: String,
    /// What it does not prove.
    pub does_not_prove: Vec<String>,
}

/// Where the notice of a withdrawal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum WithdrawalNoticeState {
    /// Nobody has told the recipient yet.
    Open,
    /// Told.
    Notified,
    /// The recipient acknowledged it.
    Acknowledged,
}

/// A recipient of what was released under a grant that is withdrawn.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct WithdrawalNotice {
    /// The grant.
    pub grant: String,
    /// The recipient, as releases name it; none where erased entries may have said of more.
    pub recipient: Option<Recipient>,
    /// How many releases there were.
    pub releases: u64,
    /// How many entries were erased that may have been of releases under this grant, to anybody.
    pub erased: u64,
    /// When the last one was, in milliseconds since 1970-01-01T00:00:00Z.
    pub last_release_millis: i64,
    /// When the grant was withdrawn.
    pub withdrawn_millis: i64,
    /// Until when the recipient should acknowledge.
    pub due_millis: i64,
    /// Where it stands.
    pub state: WithdrawalNoticeState,
    /// Past due, and not acknowledged.
    pub overdue: bool,
}

/// What looking through a space found.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct SpaceCheck {
    /// Nothing is damaged, in either copy of what is stored twice.
    pub is_whole: bool,
    /// Both copies of the key slots are whole and the same.
    pub slots_agree: bool,
    /// SQLite finds its pages, indexes and free room in order.
    pub pages_in_order: bool,
    /// Rows of no scope that the space has.
    pub stray: u64,
    /// The space's own scope, where it is open, and each partition.
    pub scopes: Vec<ScopeCheck>,
}

/// What was found in one scope.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct ScopeCheck {
    /// Its partition; none for the space's own scope.
    pub partition: Option<String>,
    /// Rows and entries that are whole.
    pub whole: u64,
    /// Rows and entries that are missing or damaged, by what they are.
    pub damaged: HashMap<String, u64>,
    /// Rows that nothing names.
    pub unnamed: u64,
    /// Both copies of the head are whole and the same.
    pub heads_agree: bool,
}

/// One disclosure of a verified evidence file.
#[derive(uniffi::Object)]
pub struct Disclosure(evidence::Disclosed);

veiled!(Permission SpaceClaim WithdrawalNotice SpaceCheck ScopeCheck Disclosure);

#[uniffi::export]
impl Disclosure {
    /// Its position in its log.
    pub fn entry(&self) -> u64 {
        self.0.index
    }

    /// `logged` or `verifiable`.
    pub fn level(&self) -> String {
        self.0.level.code().to_owned()
    }

    /// Ids of the grants it rests on; none where the person looked by themself.
    pub fn grants(&self) -> Vec<String> {
        self.0.grants.iter().map(|g| g.id.to_hex()).collect()
    }

    /// What is not proved about it.
    pub fn does_not_prove(&self) -> Vec<String> {
        self.0.does_not_prove.iter().map(|s| (*s).to_owned()).collect()
    }

    /// In plain words, one line: `en` or `fr`.
    pub fn describe(&self, language: String) -> String {
        self.0.describe(&language)
    }
}

/// Verifies an evidence file with the keys of `HealthSpace.verifierKeys`, without the space: what
/// it discloses.
#[uniffi::export]
pub fn verify_evidence(file: Vec<u8>, verifier_keys: Vec<String>) -> Result<Vec<Arc<Disclosure>>, HealthspaceError> {
    call(|| {
        let keys: Vec<&str> = verifier_keys.iter().map(String::as_str).collect();
        let report = evidence::verify_evidence(&file, &keys)?;
        Ok(report.disclosures.into_iter().map(|d| Arc::new(Disclosure(d))).collect())
    })
}

#[uniffi::export]
impl HealthSpace {
    /// All that is in force: grants, consents to lower a label, and consents from elsewhere.
    pub fn permissions(&self) -> Result<Vec<Permission>, HealthspaceError> {
        let told = |p: healthspace::Permission| {
            let kind = match p {
                healthspace::Permission::Grant(_) => PermissionKind::Grant,
                healthspace::Permission::Lowering(_) => PermissionKind::Lowering,
                healthspace::Permission::Imported(_) => PermissionKind::Imported,
                _ => PermissionKind::Other,
            };
            Permission { kind, id: p.id().to_hex(), standing: p.standing().into() }
        };
        call(|| Ok(self.inner.permissions()?.into_iter().map(told).collect()))
    }

    /// What this space promises as it stands, how far, and what that does not prove.
    pub fn claims(&self) -> Result<Vec<SpaceClaim>, HealthspaceError> {
        let told = |c: healthspace::SpaceClaim| SpaceClaim {
            name: c.name.to_owned(),
            claim: c.claim,
            level: c.level.code().to_owned(),
            evidence: c.evidence,
            does_not_prove: c.does_not_prove.into_iter().map(str::to_owned).collect(),
        };
        call(|| Ok(self.inner.claims()?.into_iter().map(told).collect()))
    }

    /// Every recipient of what was released under a grant that is withdrawn since.
    pub fn withdrawal_notices(&self) -> Result<Vec<WithdrawalNotice>, HealthspaceError> {
        let told = |n: healthspace::WithdrawalNotice| WithdrawalNotice {
            grant: n.grant.to_hex(),
            recipient: n.recipient.as_ref().map(Recipient::from),
            releases: n.releases,
            erased: n.erased,
            last_release_millis: n.last_release.as_millis(),
            withdrawn_millis: n.withdrawn.as_millis(),
            due_millis: n.due.as_millis(),
            state: match n.state {
                NoticeState::Open => WithdrawalNoticeState::Open,
                NoticeState::Notified(_) => WithdrawalNoticeState::Notified,
                NoticeState::Acknowledged(_) => WithdrawalNoticeState::Acknowledged,
            },
            overdue: n.overdue,
        };
        call(|| Ok(self.inner.withdrawal_notices()?.into_iter().map(told).collect()))
    }

    /// Enters that a recipient was told of a withdrawal; `method` and `evidence` say how.
    pub fn recipient_notified(
        &self,
        grant: String,
        recipient: Recipient,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<(), HealthspaceError> {
        call(|| {
            let grant = GrantId::from_hex(&grant).ok_or_else(argument)?;
            self.inner.recipient_notified(grant, &recipient.try_into()?, gesture(method, evidence)?)
        })
    }

    /// Enters that a recipient acknowledged a withdrawal.
    pub fn recipient_acknowledged(
        &self,
        grant: String,
        recipient: Recipient,
        method: String,
        evidence: Vec<u8>,
    ) -> Result<(), HealthspaceError> {
        call(|| {
            let grant = GrantId::from_hex(&grant).ok_or_else(argument)?;
            self.inner.recipient_acknowledged(grant, &recipient.try_into()?, gesture(method, evidence)?)
        })
    }

    /// What was released, handed out or refused, in plain words, the oldest first: `en` or `fr`.
    #[uniffi::method(default(language = "en"))]
    pub fn disclosure_log(&self, language: String) -> Result<Vec<String>, HealthspaceError> {
        call(|| Ok(self.inner.disclosure_log()?.iter().map(|line| line.describe(&language)).collect()))
    }

    /// Looks through the space: where it is damaged, and what nothing names.
    pub fn check(&self) -> Result<SpaceCheck, HealthspaceError> {
        let told = |s: healthspace::ScopeCheck| ScopeCheck {
            partition: s.partition,
            whole: s.whole,
            damaged: s.damaged.iter().map(|(part, n)| (format!("{part:?}"), *n)).collect(),
            unnamed: s.unnamed,
            heads_agree: s.heads_agree,
        };
        call(|| {
            let found = self.inner.check()?;
            let (is_whole, slots_agree, stray) = (found.is_whole(), found.slots_agree, found.stray);
            let (pages_in_order, scopes) = (found.pages_in_order, found.scopes.into_iter().map(told).collect());
            Ok(SpaceCheck { is_whole, slots_agree, pages_in_order, stray, scopes })
        })
    }

    /// An evidence file of releases: of one partition, to one recipient, or of all. With `partition_entries` it shows all
    /// of a partition's own log up to the last of them: that no withdrawal was entered there before, and how often a
    /// counted grant was used, and to whoever reads it also what else was entered there.
    #[uniffi::method(default(partition = None, recipient = None, partition_entries = false))]
    pub fn evidence(
        &self,
        partition: Option<String>,
        recipient: Option<Recipient>,
        partition_entries: bool,
    ) -> Result<Vec<u8>, HealthspaceError> {
        call(|| {
            let mut request = EvidenceRequest::new();
            if let Some(name) = partition {
                request = request.partition(&name);
            }
            if let Some(to) = recipient {
                request = request.recipient(to.try_into()?);
            }
            if partition_entries {
                request = request.with_partition_entries();
            }
            self.inner.evidence(&request)
        })
    }

    /// The verifier keys of all logs, that of the space's own log first.
    pub fn verifier_keys(&self) -> Result<Vec<String>, HealthspaceError> {
        call(|| self.inner.verifier_keys())
    }
}
