//! A grant as a FHIR R4 Consent, and back.
//!
//! The root provision denies `MLTRAINING` to the recipient in the partition; the one provision in
//! it permits what was asked. A root that denied everything would, by the rule that a deny wins
//! across consents (D8), undo every other grant. IHE PCF allows `class` and `action` below the
//! root only, and nothing below that.

use super::carer::Delegation;
use super::grant::{AFTER_LAST, FIRST, GrantSpec, GrantTerms, known_obligations};
use super::rule::{Action, Actions, Among, Applies, Covers, Effect, LabelTest, Place, Rule, Validity};
use super::wire as w;
use super::{Recipient, RecipientKind};
use crate::codec::json::has_private_name;
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Identity, ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivities, Sensitivity};
use crate::lang::Lang;
use crate::record::{Category, When};

const BAD: Error = Error::Malformed(Malformed::Consent);
/// No Consent of ours comes near it.
const MAX_BYTES: usize = 64 * 1024;

/// Where a consent stands, as its own text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentStatus {
    /// Given.
    Active,
    /// Withdrawn.
    Inactive,
}

/// What a consent says besides its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentMeta {
    /// The grant; every version has the same.
    pub series: GrantId,
    /// Counts up from 1.
    pub version: u64,
    /// Where it stands.
    pub status: ConsentStatus,
    /// Pseudonym of the person.
    pub subject: Identity,
    /// When it was given.
    pub given: Timestamp,
    /// When this version was written.
    pub updated: Timestamp,
    /// SHA-256 of the notice that was shown.
    pub notice: [u8; 32],
    /// The language it was shown in.
    pub lang: Lang,
}

/// A consent, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentDoc {
    /// The terms.
    pub spec: GrantSpec,
    /// The rest.
    pub meta: ConsentMeta,
}

/// The bytes of a consent: always the same for the same arguments; stored and hashed as they are.
///
/// # Errors
/// `Malformed(Argument)` for a time outside the years 1..=9999, or version 0.
pub fn to_fhir(spec: &GrantSpec, meta: &ConsentMeta) -> Result<Vec<u8>> {
    let bad = || Error::Malformed(Malformed::Argument);
    let consent = write(spec, meta).ok_or_else(bad)?;
    serde_json::to_vec(&consent).map_err(|_| bad())
}

/// Reads a consent that [`to_fhir`] wrote; white space and the order of members are free, all
/// else must be as written.
///
/// # Errors
/// `Malformed(Consent)` for anything else. Such a consent is unusable: it permits nothing.
pub fn from_fhir(bytes: &[u8]) -> Result<ConsentDoc> {
    if bytes.len() > MAX_BYTES || has_private_name(bytes) {
        return Err(BAD);
    }
    let consent: w::Consent = serde_json::from_slice(bytes).map_err(|_| BAD)?;
    let doc = read(&consent, |kind, name| Recipient::new(kind, name).ok()).ok_or(BAD)?;
    // What was not looked at above must still be what we would have written.
    let given: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| BAD)?;
    let again = write(&doc.spec, &doc.meta).ok_or(BAD)?;
    if serde_json::to_value(again).map_err(|_| BAD)? != given {
        return Err(BAD);
    }
    Ok(doc)
}

/// Reads a consent by the rules of `core/docs/format.md`: byte for byte as [`to_fhir`] writes it, the
/// name of the recipient as it stands. So whoever has no tables of Unicode comes to the same.
pub(crate) fn as_written(bytes: &[u8]) -> Option<ConsentDoc> {
    let doc = read(&serde_json::from_slice(bytes).ok()?, Recipient::as_it_stands)?;
    (to_fhir(&doc.spec, &doc.meta).ok()? == bytes).then_some(doc)
}

/// The next version of a consent: withdrawn. A clock outside the years 1..=9999 does not stop it.
///
/// # Errors
/// `Malformed(Argument)` where no version number is left.
pub fn withdraw(doc: &ConsentDoc, now: Timestamp) -> Result<Vec<u8>> {
    let version = doc.meta.version.checked_add(1).ok_or(Error::Malformed(Malformed::Argument))?;
    let updated = Timestamp::from_millis(now.as_millis().clamp(FIRST, AFTER_LAST - 1));
    let meta = ConsentMeta { version, status: ConsentStatus::Inactive, updated, ..doc.meta.clone() };
    to_fhir(&doc.spec, &meta)
}

impl ConsentDoc {
    /// The rules it amounts to. `notice_logged` says that the notice's hash stands in the ledger.
    pub(super) fn rules(&self, uses_left: Option<u32>, notice_logged: bool) -> [Rule; 2] {
        let t = self.spec.terms();
        let rule = |effect, place, purpose: &[Purpose], actions, covers| Rule {
            series: self.meta.series,
            version: self.meta.version,
            place,
            effect,
            applies: Applies {
                scope: Some(t.scope),
                actors: Some(vec![t.recipient.clone().into()]),
                purposes: Applies::reach(effect, Some(purpose)),
                outside: Some(Vec::new()),
                actions,
                validity: Validity { start: t.starts, end: t.expires },
                made: None,
            },
            covers,
            obligations: Obligations::NONE,
            uses_left: None,
            lifts_floor: false,
            unusable: false,
        };
        let covers = Covers {
            categories: Among::categories(&t.categories),
            labels: LabelTest::new(Effect::Permit, t.sensitivities, t.confidentiality.as_slice()),
            data_period: t.data_period.map(|(a, b)| (a.as_millis(), b.as_millis())),
            ..Covers::ANY
        };
        let root = Place { at: 0, last: 1, depth: 0 };
        let inner = Place { at: 1, last: 1, depth: 1 };
        let training = [Purpose::MlTraining];
        let permit = rule(Effect::Permit, inner, &[t.purpose], Actions::ACCESS_AND_USE, covers);
        [
            rule(Effect::Deny, root, &training, Actions::ANY, Covers::ANY),
            Rule {
                obligations: t.obligations,
                uses_left,
                lifts_floor: t.purpose == Purpose::MlTraining && notice_logged,
                ..permit
            },
        ]
    }
}

pub(super) fn uuid(id: &[u8; 16]) -> String {
    let mut out = String::from("urn:uuid:");
    for (i, b) in id.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        out.push_str(&format!("{b:02x}"));
    }
    out
}

pub(super) fn read_uuid(s: &str) -> Option<[u8; 16]> {
    let hex: String = s.strip_prefix("urn:uuid:")?.chars().filter(|c| *c != '-').collect();
    GrantId::from_hex(&hex).map(|id| *id.as_bytes())
}

/// RFC 6920 section 7: the hash as a name that can be spoken.
pub(super) fn nih(hash: &[u8; 32]) -> String {
    format!("nih:sha-256;{}", crate::id::SourceId::from_bytes(*hash).to_hex())
}

pub(super) fn read_nih(s: &str) -> Option<[u8; 32]> {
    crate::id::SourceId::from_hex(s.strip_prefix("nih:sha-256;")?).map(|id| *id.as_bytes())
}

/// RFC 3339 in UTC, to the millisecond; `None` outside the years that FHIR can say.
pub(super) fn instant(t: Timestamp) -> Option<String> {
    let seconds = t.to_rfc3339();
    let text = format!("{}.{:03}Z", seconds.strip_suffix('Z')?, t.as_millis().rem_euclid(1000));
    (read_instant(&text)? == t).then_some(text)
}

pub(super) fn read_instant(s: &str) -> Option<Timestamp> {
    When::parse_fhir(s).map(|w| Timestamp::from_millis(w.at))
}

/// A FHIR Period includes its end; ours excludes it.
fn period(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<Option<w::Period>> {
    let say = |t: Option<Timestamp>| match t {
        None => Some(None),
        Some(t) => instant(t).map(Some),
    };
    let (start, end) = (say(start)?, say(end.map(|e| e.plus_millis(-1)))?);
    Some((start.is_some() || end.is_some()).then_some(w::Period { start, end }))
}

fn read_period(p: Option<&w::Period>) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let hear = |s: Option<&String>| match s {
        None => Some(None),
        Some(s) => read_instant(s).map(Some),
    };
    let (start, end) = (hear(p.and_then(|p| p.start.as_ref()))?, hear(p.and_then(|p| p.end.as_ref()))?);
    Some((start, end.map(|e| e.plus_millis(1))))
}

/// A grant in the shape of R4.
pub(super) fn write(spec: &GrantSpec, meta: &ConsentMeta) -> Option<w::Consent> {
    let t = spec.terms();
    if meta.version == 0 {
        return None;
    }
    let person = || w::Reference::new("Patient", w::URI, uuid(meta.subject.as_bytes()), None);
    let purpose = |p: Purpose| vec![w::Coding::new(Purpose::SYSTEM, p.code())];
    let (who, kind) = (t.recipient.name(), t.recipient.kind());
    // Grants of ours name no other kind.
    let actor_type = kind.fhir_type()?;
    let recipient_system = format!("{}{}", w::RECIPIENT_SYSTEM, kind.code());

    let controls: Vec<w::Control> = known_obligations()
        .filter(|(one, _)| t.obligations.contains(*one))
        .map(|(one, code)| {
            let own = one == Obligations::NO_TRAINING;
            let system = if own { w::OWN_OBLIGATION_SYSTEM } else { w::ACT_CODE_SYSTEM };
            w::Control { url: "control".to_owned(), value: w::Concept::new(system, code) }
        })
        .collect();
    let mut modifiers = Vec::new();
    if !controls.is_empty() {
        modifiers.push(w::Modifier { extension: controls, url: w::LIMIT.to_owned(), uses: None, parent: None });
    }
    if let Some(n) = t.uses {
        modifiers.push(w::Modifier { extension: Vec::new(), url: w::USES.to_owned(), uses: Some(n), parent: None });
    }
    if let Some(parent) = t.delegation.and_then(|d| d.parent) {
        let (url, parent) = (w::PARENT.to_owned(), Some(uuid(parent.as_bytes())));
        modifiers.push(w::Modifier { extension: Vec::new(), url, uses: None, parent });
    }
    let delegation = t.delegation.map(|d| w::Extension { url: w::DELEGATION.to_owned(), value: d.may_pass_on });
    let confidentiality = t.confidentiality.map(|c| w::Coding::new(w::CONFIDENTIALITY_SYSTEM, c.code()));
    let sensitivities = t.sensitivities.iter().map(|s| w::Coding::new(w::ACT_CODE_SYSTEM, s.code()));
    let permit = w::Nested {
        extension: delegation.into_iter().collect(),
        modifiers,
        kind: "permit".to_owned(),
        action: ["access", "use"].map(|a| w::Concept::new(w::ACTION_SYSTEM, a)).into(),
        security_label: confidentiality.into_iter().chain(sensitivities).collect(),
        purpose: purpose(t.purpose),
        class: t.categories.iter().map(|c| w::Coding::new(w::OWN_CATEGORY_SYSTEM, c.code())).collect(),
        data_period: period(t.data_period.map(|p| p.0), t.data_period.map(|p| p.1))?,
    };
    let root = w::Root {
        kind: "deny".to_owned(),
        period: period(t.starts, t.expires)?,
        actor: vec![w::Actor {
            role: w::Concept::new(w::INFORMATION_RECIPIENT.0, w::INFORMATION_RECIPIENT.1),
            reference: w::Reference::new(actor_type, &recipient_system, who.to_owned(), Some(who)),
        }],
        purpose: purpose(Purpose::MlTraining),
        data: vec![w::Data {
            meaning: "instance".to_owned(),
            reference: w::Reference::new("List", w::URI, uuid(t.scope.as_bytes()), None),
        }],
        provision: vec![permit],
    };
    let custodian = w::Reference { kind: None, identifier: None, display: Some(w::CUSTODIAN.to_owned()) };
    Some(w::Consent {
        resource_type: "Consent".to_owned(),
        id: meta.series.to_hex(),
        meta: w::Meta {
            version_id: meta.version.to_string(),
            last_updated: instant(meta.updated)?,
            profile: vec![w::PROFILE.to_owned()],
        },
        language: meta.lang.tag().to_owned(),
        identifier: vec![w::Identifier { system: w::URI.to_owned(), value: uuid(meta.series.as_bytes()) }],
        status: match meta.status {
            ConsentStatus::Active => "active".to_owned(),
            ConsentStatus::Inactive => "inactive".to_owned(),
        },
        scope: w::Concept::new(w::SCOPE.0, w::SCOPE.1),
        category: vec![w::Concept::new(w::CATEGORY.0, w::CATEGORY.1)],
        patient: person(),
        date_time: instant(meta.given)?,
        performer: vec![person()],
        organization: vec![custodian],
        source: w::Reference::new("DocumentReference", w::URI, nih(&meta.notice), None),
        policy: vec![w::Policy { uri: w::POLICY.to_owned() }],
        provision: root,
    })
}

/// Takes out what varies; the caller holds the rest against a fresh copy.
fn read(c: &w::Consent, recipient: impl Fn(RecipientKind, &str) -> Option<Recipient>) -> Option<ConsentDoc> {
    let value = |r: &w::Reference| r.identifier.as_ref().map(|i| i.value.clone());
    let [nested] = c.provision.provision.as_slice() else { return None };
    let [actor] = c.provision.actor.as_slice() else { return None };
    let [data] = c.provision.data.as_slice() else { return None };
    let [purpose] = nested.purpose.as_slice() else { return None };

    let named = actor.reference.identifier.as_ref()?;
    let kind = named.system.strip_prefix(w::RECIPIENT_SYSTEM)?;
    let kind = *RecipientKind::ALL.iter().find(|k| k.code() == kind)?;
    let scope = ScopeId::from_bytes(read_uuid(&value(&data.reference)?)?);

    let categories: Option<Vec<_>> = nested.class.iter().map(|c| Category::from_code(&c.code)).collect();
    let mut confidentiality = None;
    let mut sensitivities = Sensitivities::NONE;
    for label in &nested.security_label {
        if label.system == w::CONFIDENTIALITY_SYSTEM {
            confidentiality = Some(Confidentiality::from_code(&label.code)?);
        } else {
            sensitivities = sensitivities.union(Sensitivities::only(Sensitivity::from_code(&label.code)));
        }
    }
    let (mut obligations, mut uses) = (Obligations::NONE, None);
    for m in &nested.modifiers {
        uses = uses.or(m.uses);
        for coding in m.extension.iter().flat_map(|control| &control.value.coding) {
            obligations = obligations.union(known_obligations().find(|(_, code)| *code == coding.code)?.0);
        }
    }
    let parent = match nested.modifiers.iter().find_map(|m| m.parent.as_ref()) {
        Some(text) => Some(GrantId::from_bytes(read_uuid(text)?)),
        None => None,
    };
    let delegation = nested.extension.first().map(|e| Delegation { may_pass_on: e.value, parent });
    let (starts, expires) = read_period(c.provision.period.as_ref())?;
    let data_period = match read_period(nested.data_period.as_ref())? {
        (None, None) => None,
        (from, to) => Some((from?, to?)),
    };
    let terms = GrantTerms {
        purpose: Purpose::from_code(&purpose.code)?,
        scope,
        categories: categories?,
        recipient: recipient(kind, &named.value)?,
        starts,
        expires,
        data_period,
        confidentiality,
        sensitivities,
        uses,
        obligations,
        delegation,
    };
    let meta = ConsentMeta {
        series: GrantId::from_hex(&c.id)?,
        version: c.meta.version_id.parse().ok()?,
        status: match c.status.as_str() {
            "active" => ConsentStatus::Active,
            "inactive" => ConsentStatus::Inactive,
            _ => return None,
        },
        subject: Identity::from_bytes(read_uuid(&value(&c.patient)?)?),
        given: read_instant(&c.date_time)?,
        updated: read_instant(&c.meta.last_updated)?,
        notice: read_nih(&value(&c.source)?)?,
        lang: Lang::parse(&c.language),
    };
    Some(ConsentDoc { spec: GrantSpec::new(terms).ok()?, meta })
}

/// HL7's consent actions behind [`Actions::ACCESS_AND_USE`], kept beside the words above.
const _: () = assert!(
    Actions::ACCESS_AND_USE.contains(Action::Read)
        && Actions::ACCESS_AND_USE.contains(Action::Remember)
        && !Actions::ACCESS_AND_USE.contains(Action::Export)
);
