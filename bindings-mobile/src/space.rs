//! A space: creating, opening, closing, and what is begun from it.

use crate::consent::{ConsentRequest, ConsentTerms, GrantInfo, Recipient, RenewalRequest, purpose};
use crate::erase::{by_code, words};
use crate::error::{HealthspaceError, argument, call, quietly};
use crate::import::{self, ImportProgress, ImportReport, Lane};
use crate::keystore::{SpaceKeyStore, with_device};
use crate::secret::Secret;
use crate::session::Session;
use healthspace::audit::Gesture;
use healthspace::import::Source;
use healthspace::{ConversationId, Environment, Error, FileAnchor, GrantId, LogOf, Timestamp};
use std::sync::Arc;

/// A person's space, open.
#[derive(Debug, uniffi::Object)]
pub struct HealthSpace {
    pub(crate) inner: healthspace::HealthSpace,
    lane: Lane,
}

/// The second way into a space: show it to the person once.
#[derive(Debug, uniffi::Object)]
pub struct RecoveryCode(healthspace::RecoveryCode);

impl From<healthspace::RecoveryCode> for RecoveryCode {
    fn from(code: healthspace::RecoveryCode) -> Self {
        Self(code)
    }
}

/// A space that was just created.
#[derive(Debug, Clone, uniffi::Record)]
pub struct CreatedSpace {
    /// The space.
    pub space: Arc<HealthSpace>,
    /// The second way in.
    pub recovery_code: Arc<RecoveryCode>,
}

#[uniffi::export]
impl RecoveryCode {
    /// The code as the person writes it down.
    pub fn reveal(&self) -> String {
        self.0.reveal().to_string()
    }
}

/// The library's version.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Every error number with its name.
#[uniffi::export]
pub fn error_codes() -> std::collections::HashMap<i32, String> {
    healthspace::ErrorCode::ALL.iter().map(|(code, name)| (code.number(), (*name).to_owned())).collect()
}

/// A gesture of the person, from its word and 32 bytes that hash its proof.
pub(crate) fn gesture(method: String, evidence: Vec<u8>) -> Result<Gesture, Error> {
    Ok(Gesture { method, evidence: evidence.try_into().map_err(|_| argument())? })
}

/// With the anchor in the file at this path.
pub(crate) fn anchored(path: String, env: Environment) -> Environment {
    Environment { anchor: Some(Arc::new(FileAnchor::new(path))), ..env }
}

fn log(partition: Option<&str>) -> LogOf<'_> {
    partition.map_or(LogOf::Space, LogOf::Partition)
}

pub(crate) fn opened(
    f: impl FnOnce(Environment) -> Result<healthspace::HealthSpace, Error>,
) -> Result<Arc<HealthSpace>, HealthspaceError> {
    let lane = Lane::default();
    let inner = call(|| f(lane.environment()))?;
    Ok(Arc::new(HealthSpace { inner, lane }))
}

impl HealthSpace {
    /// The same space under new keys.
    pub(crate) fn goes_on_as(&self, inner: healthspace::HealthSpace) -> Self {
        Self { inner, lane: self.lane.another() }
    }
}

#[uniffi::export]
impl HealthSpace {
    /// Opens a space in full with its passphrase.
    #[uniffi::constructor]
    pub fn open(path: String, passphrase: Secret) -> Result<Arc<Self>, HealthspaceError> {
        opened(|env| healthspace::HealthSpace::open(path, &words(passphrase, None), env))
    }

    /// Opens a space in full with its passphrase and the anchor that it was given; opened without,
    /// it fails with `AnchorMissing`.
    #[uniffi::constructor(default(keystore = None))]
    pub fn open_anchored(
        path: String,
        passphrase: Secret,
        anchor: String,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        let unlock = words(passphrase, keystore.as_deref());
        opened(|env| healthspace::HealthSpace::open(path, &unlock, anchored(anchor, env)))
    }

    /// Opens a space in full with its recovery code, as typed, in ASCII; one that is bound to its device with
    /// the keystore too.
    #[uniffi::constructor(default(keystore = None))]
    pub fn open_recovery(
        path: String,
        code: Secret,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        opened(|env| {
            let unlock = with_device(by_code(code)?, keystore.as_deref());
            healthspace::HealthSpace::open(path, &unlock, env)
        })
    }

    /// Opens a space in full with its passphrase and its keystore.
    #[uniffi::constructor]
    pub fn open_with_keystore(
        path: String,
        passphrase: Secret,
        keystore: Arc<SpaceKeyStore>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        let unlock = words(passphrase, Some(&keystore));
        opened(|env| healthspace::HealthSpace::open(path, &unlock, env))
    }

    /// Opens chosen partitions only: such a handle can withdraw, and can grant nothing.
    #[uniffi::constructor(default(keystore = None))]
    pub fn open_partitions(
        path: String,
        passphrase: Secret,
        names: Vec<String>,
        keystore: Option<Arc<SpaceKeyStore>>,
    ) -> Result<Arc<Self>, HealthspaceError> {
        opened(|env| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            healthspace::HealthSpace::open_partitions(path, &words(passphrase, keystore.as_deref()), env, &names)
        })
    }

    /// Drops every key at once, those of its sessions too; later calls fail with `Locked`. (`close`
    /// is Kotlin's own name for giving up one object: the keys go with the last of them.)
    pub fn lock(&self) {
        quietly(|| self.inner.close());
    }

    /// Names of the partitions that are open here.
    pub fn partitions(&self) -> Result<Vec<String>, HealthspaceError> {
        call(|| Ok(self.inner.info()?.partitions))
    }

    /// Imports a file: FHIR R4 JSON, NDJSON, or an Apple Health export.
    #[uniffi::method(default(confirm_subject = false, progress = None))]
    pub fn import_file(
        &self,
        partition: String,
        path: String,
        confirm_subject: bool,
        progress: Option<Arc<dyn ImportProgress>>,
    ) -> Result<ImportReport, HealthspaceError> {
        call(|| import::run(&self.inner, &self.lane, &partition, Source::open(path)?, confirm_subject, progress))
    }

    /// Imports bytes in memory.
    #[uniffi::method(default(confirm_subject = false, progress = None))]
    pub fn import_bytes(
        &self,
        partition: String,
        data: Vec<u8>,
        confirm_subject: bool,
        progress: Option<Arc<dyn ImportProgress>>,
    ) -> Result<ImportReport, HealthspaceError> {
        call(|| import::run(&self.inner, &self.lane, &partition, Source::bytes(data)?, confirm_subject, progress))
    }

    /// Begins to ask for a consent.
    pub fn consent_request(&self, terms: ConsentTerms) -> Result<Arc<ConsentRequest>, HealthspaceError> {
        call(|| {
            let categories: Vec<_> = terms.categories.iter().map(|c| (*c).into()).collect();
            let mut request = self
                .inner
                .consent_request()
                .partition(&terms.partition)
                .purpose(purpose(&terms.purpose)?)
                .categories(&categories)
                .recipient(terms.recipient.try_into()?);
            if let Some(days) = terms.expires_in_days {
                request = request.expires_in_days(days);
            }
            if let Some(p) = terms.data_period {
                let at = Timestamp::from_millis;
                request = request.data_period(at(p.from_millis), at(p.to_millis));
            }
            if let Some(times) = terms.uses {
                request = request.uses(times);
            }
            Ok(Arc::new(ConsentRequest { inner: request, language: terms.language }))
        })
    }

    /// Begins to renew a grant that was not withdrawn: until so many days from now, with a new count
    /// where it has one.
    #[uniffi::method(default(uses = None, language = "en"))]
    pub fn renewal(
        &self,
        grant: String,
        expires_in_days: u32,
        uses: Option<u32>,
        language: String,
    ) -> Result<Arc<RenewalRequest>, HealthspaceError> {
        call(|| {
            let grant = GrantId::from_hex(&grant).ok_or_else(argument)?;
            let mut inner = self.inner.renewal(grant).expires_in_days(expires_in_days);
            if let Some(times) = uses {
                inner = inner.uses(times);
            }
            Ok(Arc::new(RenewalRequest { inner, language }))
        })
    }

    /// Every grant over the partitions that are open here.
    pub fn grants(&self) -> Result<Vec<GrantInfo>, HealthspaceError> {
        call(|| Ok(self.inner.grants()?.into_iter().map(GrantInfo::from).collect()))
    }

    /// Withdraws a grant: effective when the call returns, in every open handle and process.
    pub fn withdraw(&self, grant: String) -> Result<(), HealthspaceError> {
        call(|| self.inner.withdraw(GrantId::from_hex(&grant).ok_or_else(argument)?))
    }

    /// The person confirms that the host's clock is right although the logs hold later entries.
    /// `evidence` is a hash of 32 bytes of whatever the host keeps as proof of the gesture.
    pub fn confirm_clock(&self, method: String, evidence: Vec<u8>) -> Result<(), HealthspaceError> {
        call(|| self.inner.confirm_clock(gesture(method, evidence)?))
    }

    /// A receipt of an entry, of a partition's log or (none) of the space's own: text that
    /// `verifyReceipt` or another program verifies offline.
    pub fn receipt(&self, partition: Option<String>, entry: u64) -> Result<String, HealthspaceError> {
        call(|| self.inner.receipt(log(partition.as_deref()), entry))
    }

    /// Name and public key of a log (C2SP signed-note), for whoever verifies its receipts.
    pub fn verifier_key(&self, partition: Option<String>) -> Result<String, HealthspaceError> {
        call(|| self.inner.verifier_key(log(partition.as_deref())))
    }

    /// A new conversation on behalf of a recipient, for one purpose (an HL7 v3-ActReason code); it reads
    /// the first health partition, or the one named.
    #[uniffi::method(default(purpose = "PATRQT", partition = None))]
    pub fn session(
        &self,
        recipient: Recipient,
        purpose: String,
        partition: Option<String>,
    ) -> Result<Arc<Session>, HealthspaceError> {
        call(|| {
            let session = self.inner.session(recipient.try_into()?, self::purpose(&purpose)?)?;
            Ok(Arc::new(Session(match partition {
                Some(name) => session.within(&name),
                None => session,
            })))
        })
    }

    /// A conversation that goes on, with the label that it had.
    #[uniffi::method(default(purpose = "PATRQT"))]
    pub fn resume(
        &self,
        conversation: String,
        recipient: Recipient,
        purpose: String,
    ) -> Result<Arc<Session>, HealthspaceError> {
        call(|| {
            let id = ConversationId::from_hex(&conversation).ok_or_else(argument)?;
            let session = self.inner.resume(id, recipient.try_into()?, self::purpose(&purpose)?)?;
            Ok(Arc::new(Session(session)))
        })
    }
}

/// Creates a space in a new file, with the partitions `health` and `general`.
#[uniffi::export]
pub fn create_space(path: String, passphrase: Secret) -> Result<CreatedSpace, HealthspaceError> {
    created(|env| healthspace::HealthSpace::create(path, &words(passphrase, None), env))
}

/// As `createSpace`, with an anchor in a file of its own: an older copy of the space's file is then
/// refused, and counted grants apply. It must not lie where the space is backed up; a space whose
/// anchor is lost does not open.
#[uniffi::export(default(keystore = None))]
pub fn create_anchored_space(
    path: String,
    passphrase: Secret,
    anchor: String,
    keystore: Option<Arc<SpaceKeyStore>>,
) -> Result<CreatedSpace, HealthspaceError> {
    let unlock = words(passphrase, keystore.as_deref());
    created(|env| healthspace::HealthSpace::create(path, &unlock, anchored(anchor, env)))
}

/// As `createSpace`, with a keystore: a copy of the space's file then opens neither by guessing the passphrase
/// nor, after `eraseFromCopies`, at all, but for its recovery code.
#[uniffi::export]
pub fn create_space_with_keystore(
    path: String,
    passphrase: Secret,
    keystore: Arc<SpaceKeyStore>,
) -> Result<CreatedSpace, HealthspaceError> {
    created(|env| healthspace::HealthSpace::create(path, &words(passphrase, Some(&keystore)), env))
}

/// As `createSpaceWithKeystore`, and the recovery code opens nothing without the keystore either: with the
/// device lost, everything is, unless there is a backup elsewhere. The person's choice, made once.
#[uniffi::export(default(anchor = None))]
pub fn create_space_bound_to_device(
    path: String,
    passphrase: Secret,
    keystore: Arc<SpaceKeyStore>,
    anchor: Option<String>,
) -> Result<CreatedSpace, HealthspaceError> {
    let unlock = words(passphrase, Some(&keystore));
    created(|env| {
        let env = match anchor {
            Some(path) => anchored(path, env),
            None => env,
        };
        healthspace::HealthSpace::create_bound_to_device(path, &unlock, env)
    })
}

type Created = (healthspace::HealthSpace, healthspace::RecoveryCode);

fn created(f: impl FnOnce(Environment) -> Result<Created, Error>) -> Result<CreatedSpace, HealthspaceError> {
    let lane = Lane::default();
    let (inner, code) = call(|| f(lane.environment()))?;
    Ok(CreatedSpace { space: Arc::new(HealthSpace { inner, lane }), recovery_code: Arc::new(RecoveryCode(code)) })
}
