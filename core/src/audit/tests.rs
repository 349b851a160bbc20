use super::field::{Field, LabelBytes};
use super::words::purpose_words;
use super::*;
use crate::error::Limit;
use crate::id::{ConversationId, GrantId, RecordId, ScopeId, SourceTag};
use crate::label::{
    Confidentiality, Integrity, Label, Obligations, Origins, PartitionKind, Purpose, Purposes, Sensitivities,
};
use crate::record::{Category, Recipient, RecipientKind};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn label() -> impl Strategy<Value = Label> {
    (0u8..6, any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>(), 0u8..4).prop_map(|(c, s, o, p, b, i)| Label {
        confidentiality: Confidentiality::from_u8(c).unwrap(),
        sensitivities: Sensitivities::from_bits(s),
        origins: Origins::from_bits(o),
        purposes: Purposes::from_bits(p),
        obligations: Obligations::from_bits(b),
        integrity: Integrity::from_u8(i).unwrap(),
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-zà-ü日 ./:-]{1,60}"
}

const KINDS: [&str; 6] = ["model", "app", "person", "organization", "reference", "role"];

fn actor() -> impl Strategy<Value = Recipient> {
    (prop::sample::select(&KINDS[..]), text()).prop_map(|(kind, name)| whom(kind, &name))
}

fn whom(kind: &str, name: &str) -> Recipient {
    Recipient::as_it_stands(RecipientKind::from_code(kind).unwrap(), name).unwrap()
}

fn gesture() -> impl Strategy<Value = Gesture> {
    (text(), any::<[u8; 32]>()).prop_map(|(method, evidence)| Gesture { method, evidence })
}

fn log_head() -> impl Strategy<Value = LogHead> {
    (text(), any::<u64>(), any::<[u8; 32]>()).prop_map(|(origin, size, root)| LogHead { origin, size, root })
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop::sample::select(Purpose::ALL)
}

fn kind() -> impl Strategy<Value = ReleaseKind> {
    prop::sample::select(vec![
        ReleaseKind::Read,
        ReleaseKind::Ground,
        ReleaseKind::Count,
        ReleaseKind::Reader,
        ReleaseKind::More,
        ReleaseKind::File,
    ])
}

fn categories() -> impl Strategy<Value = BTreeSet<Category>> {
    prop::collection::btree_set(prop::sample::select(Category::ALL), 0..=Category::ALL.len())
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

/// Every event of the table, and an unknown one.
fn event() -> impl Strategy<Value = AuditEvent> {
    use AuditEvent as E;
    let grant = || any::<[u8; 16]>().prop_map(GrantId::from_bytes);
    let scope = || any::<[u8; 16]>().prop_map(ScopeId::from_bytes);
    let record = || any::<[u8; 16]>().prop_map(RecordId::from_bytes);
    let source = || any::<[u8; 32]>().prop_map(SourceTag::from_bytes);
    let slot = || any::<[u8; 16]>().prop_map(crate::id::SlotId::from_bytes);
    let hash = any::<[u8; 32]>;
    let first = prop_oneof![
        Just(E::SpaceCreated {}),
        (scope(), prop::option::of(log_head())).prop_map(|(scope, previous)| E::LogOpened { scope, previous }),
        (scope(), any::<u16>(), prop::sample::select(&[PartitionKind::Health, PartitionKind::General][..]))
            .prop_map(|(scope, ordinal, kind)| E::PartitionCreated { scope, ordinal, kind }),
        (grant(), hash(), hash(), text(), gesture(), purpose(), prop::option::of(time())).prop_map(
            |(grant, consent_hash, notice_hash, locale, gesture, purpose, expires)| E::Granted {
                grant,
                consent_hash,
                notice_hash,
                locale,
                gesture,
                purpose,
                expires
            }
        ),
        (grant(), prop::option::of(gesture())).prop_map(|(grant, gesture)| E::Withdrawn { grant, gesture }),
        (grant(), any::<u64>(), hash(), gesture()).prop_map(|(grant, version, consent_hash, gesture)| {
            E::ConsentImported { grant, version, consent_hash, gesture }
        }),
        (source(), any::<[u64; 4]>()).prop_map(|(source, [records, facts, linked, issues])| E::Imported {
            source,
            records,
            facts,
            linked,
            issues
        }),
        (source(), any::<u64>()).prop_map(|(source, records)| E::ImportDiscarded { source, records }),
        (
            (purpose(), prop::collection::vec(grant(), 0..6), actor(), hash()),
            (any::<u64>(), hash(), log_head(), label(), kind(), categories())
        )
            .prop_map(
                |((purpose, grants, actor, query_hash), (count, items_root, system, label, kind, categories))| {
                    E::Released {
                        purpose,
                        grants,
                        actor,
                        query_hash,
                        count,
                        items_root,
                        system,
                        label,
                        kind,
                        categories,
                    }
                }
            ),
    ];
    let second = prop_oneof![
        (purpose(), actor()).prop_map(|(purpose, actor)| E::Refused { purpose, actor }),
        (record(), any::<u64>(), label()).prop_map(|(record, parents, label)| E::Remembered { record, parents, label }),
        (label(), prop::option::of(scope()), prop::option::of(purpose()), prop::option::of(actor()))
            .prop_map(|(label, into, purpose, actor)| E::FlowDenied { label, into, purpose, actor }),
        (record(), grant(), label(), label(), gesture()).prop_map(|(record, grant, before, after, gesture)| {
            E::Declassified { record, grant, before, after, gesture }
        }),
        hash().prop_map(|subject_hash| E::SubjectPinned { subject_hash }),
        (any::<[u8; 32]>().prop_map(SourceTag::from_bytes), hash())
            .prop_map(|(source, subject_hash)| E::SubjectConfirmed { source, subject_hash }),
        (time(), gesture()).prop_map(|(floor, gesture)| E::ClockConfirmed { floor, gesture }),
        (any::<[u8; 16]>().prop_map(ConversationId::from_bytes), label())
            .prop_map(|(conversation, label)| E::ConversationSaved { conversation, label }),
        (any::<[u8; 32]>().prop_map(SourceTag::from_bytes), any::<u64>(), gesture())
            .prop_map(|(source, bytes, gesture)| E::OriginalExported { source, bytes, gesture }),
        (51u64.., prop::collection::vec(any::<u8>(), 0..50)).prop_map(|(number, body)| E::Unknown { number, body }),
    ];
    let third = prop_oneof![
        (scope(), any::<u16>(), any::<bool>(), text()).prop_map(|(scope, ordinal, health, origin)| {
            let kind = if health { PartitionKind::Health } else { PartitionKind::General };
            E::LogNamed { scope, ordinal, kind, origin }
        }),
        (prop::option::of(record()), label(), label(), gesture())
            .prop_map(|(record, before, after, gesture)| E::Endorsed { record, before, after, gesture }),
        (any::<[u8; 16]>().prop_map(ConversationId::from_bytes), label(), gesture())
            .prop_map(|(conversation, label, gesture)| E::Heard { conversation, label, gesture }),
        (record(), record(), label(), gesture()).prop_map(|(record, replaces, label, gesture)| E::MemoryEdited {
            record,
            replaces,
            label,
            gesture
        }),
        (record(), any::<u64>(), gesture()).prop_map(|(record, versions, gesture)| E::MemoryDeleted {
            record,
            versions,
            gesture
        }),
        (record(), label(), gesture()).prop_map(|(record, label, gesture)| E::MemoryKept { record, label, gesture }),
        any::<u64>().prop_map(|records| E::Quarantined { records }),
        (prop::collection::vec(any::<u64>(), 0..6), gesture())
            .prop_map(|(entries, gesture)| E::EntriesErased { entries, gesture }),
        (record(), any::<[u8; 16]>().prop_map(ConversationId::from_bytes), label())
            .prop_map(|(record, conversation, label)| E::TurnAppended { record, conversation, label }),
        (scope(), label(), label(), prop::option::of(gesture()))
            .prop_map(|(scope, before, after, gesture)| E::ClearanceChanged { scope, before, after, gesture }),
        (grant(), actor(), gesture()).prop_map(|(grant, actor, gesture)| E::RecipientNotified {
            grant,
            actor,
            gesture
        }),
        (grant(), actor(), gesture()).prop_map(|(grant, actor, gesture)| E::RecipientConfirmed {
            grant,
            actor,
            gesture
        }),
    ];
    let fourth =
        prop_oneof![
            (grant(), any::<u64>(), hash(), hash(), text(), gesture(), time()).prop_map(
                |(grant, version, consent_hash, notice_hash, locale, gesture, expires)| E::Renewed {
                    grant,
                    version,
                    consent_hash,
                    notice_hash,
                    locale,
                    gesture,
                    expires
                }
            ),
            (prop::collection::vec(grant(), 0..3), actor(), hash(), time(), prop::option::of(gesture())).prop_map(
                |(grants, actor, reason_hash, until, gesture)| E::GlassBroken {
                    grants,
                    actor,
                    reason_hash,
                    until,
                    gesture
                }
            ),
            (any::<u64>(), gesture()).prop_map(|(entry, gesture)| E::GlassSeen { entry, gesture }),
            (slot(), any::<u64>(), prop::collection::vec(scope(), 0..3))
                .prop_map(|(slot, kind, scopes)| E::WayInAdded { slot, kind, scopes }),
            (slot(), any::<u64>(), slot()).prop_map(|(slot, kind, replaces)| E::WayInChanged { slot, kind, replaces }),
            (slot(), any::<u64>()).prop_map(|(slot, kind)| E::WayInRemoved { slot, kind }),
            slot().prop_map(|slot| E::RecoveryConfirmed { slot }),
            (any::<u64>(), hash()).prop_map(|(epoch, key)| E::LogRekeyed { epoch, key }),
            (log_head(), hash(), any::<[[u8; 32]; 4]>()).prop_map(|(last, key, s)| {
                let [signature, countersignature] =
                    [[s[0], s[1]], [s[2], s[3]]].map(|s| s.concat().try_into().unwrap());
                E::LogContinued { last, key, signature, countersignature }
            }),
            (text(), any::<[u64; 5]>(), hash(), gesture()).prop_map(|(what, n, ids_root, gesture)| E::Erased {
                what,
                records: n[0],
                sources: n[1],
                keys: n[2],
                rows: n[3],
                sealed_anew: n[4],
                ids_root,
                gesture,
            }),
            (any::<u64>(), text()).prop_map(|(entry, level)| E::ErasureSwept { entry, level }),
            (any::<u64>(), prop::collection::vec(log_head(), 0..3), gesture())
                .prop_map(|(epoch, logs, gesture)| E::EpochEnded { epoch, logs, gesture }),
            (any::<[u64; 2]>(), text(), text(), hash(), prop::option::of(any::<u64>())).prop_map(
                |([epoch, since], level, keystore, evidence, asked)| E::EpochDestroyed {
                    epoch,
                    since,
                    level,
                    keystore,
                    evidence,
                    asked
                }
            ),
        ];
    let backup = || any::<[u8; 16]>().prop_map(crate::id::BackupId::from_bytes);
    let mark = (scope(), any::<u64>(), hash()).prop_map(|(scope, size, root)| LogMark { scope, size, root });
    let fifth = prop_oneof![
        (any::<u64>(), gesture()).prop_map(|(permissions, gesture)| E::Recovered { permissions, gesture }),
        (grant(), gesture()).prop_map(|(grant, gesture)| E::PermissionConfirmed { grant, gesture }),
        (backup(), prop::collection::vec(mark, 0..4)).prop_map(|(backup, logs)| E::BackedUp { backup, logs }),
        backup().prop_map(|backup| E::BackupFailed { backup }),
        (any::<[u64; 3]>(), text()).prop_map(|([entry, objects, ways], level)| E::ErasureChecked {
            entry,
            level,
            objects,
            ways
        }),
        (prop::option::of(backup()), text(), any::<u64>(), gesture()).prop_map(
            |(backup, erasures, permissions, gesture)| E::Restored { backup, erasures, permissions, gesture }
        ),
    ];
    prop_oneof![first, second, third, fourth, fifth]
}

fn entry() -> impl Strategy<Value = Entry> {
    (time(), event()).prop_map(|(time, event)| Entry { time, event })
}

#[test]
fn the_table_is_stable() {
    assert_eq!(AuditEvent::KNOWN, (1..=38).chain(40..=50).collect::<Vec<u64>>());
    let withdrawn = AuditEvent::Withdrawn { grant: GrantId::from_bytes([7; 16]), gesture: None };
    let bytes = Entry { time: Timestamp::from_millis(-1), event: withdrawn }.encode().unwrap();
    let mut want = vec![0xa4, 1, 1, 2, 5, 3, 0x20, 4, 0x55, 0xa2, 1, 0x50];
    want.extend([7; 16]);
    want.extend([2, 0xf6]);
    assert_eq!(bytes, want);
}

#[test]
fn bounds() {
    let at = Timestamp::default();
    let encode = |event| Entry { time: at, event }.encode();
    let swept = |level: &str| AuditEvent::ErasureSwept { entry: 1, level: level.into() };
    assert!(encode(swept(&"a".repeat(256))).is_ok());
    assert!(matches!(encode(swept(&"a".repeat(257))), Err(Error::TooLarge(Limit::TokenBytes))));
    for hidden in ["", "a\nb", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\u{2066}b", "a\u{fe0f}", "\u{3164}"] {
        assert!(matches!(encode(swept(hidden)), Err(Error::Malformed(Malformed::Argument))));
    }
    let unknown = |number, n| AuditEvent::Unknown { number, body: vec![0; n] };
    assert!(encode(unknown(99, MAX_BODY)).is_ok());
    assert!(matches!(encode(unknown(99, MAX_BODY + 1)), Err(Error::TooLarge(_))));
    for known in AuditEvent::KNOWN {
        assert!(encode(unknown(*known, 1)).is_err());
    }
    let released = |n| AuditEvent::Released {
        purpose: Purpose::PatientRequest,
        grants: vec![GrantId::from_bytes([0; 16]); n],
        actor: whom("model", "a"),
        query_hash: [0; 32],
        count: 1,
        items_root: [0; 32],
        system: LogHead { origin: "o".into(), size: 1, root: [0; 32] },
        label: Label::health(1),
        kind: ReleaseKind::Read,
        categories: Category::ALL.iter().copied().collect(),
    };
    assert!(encode(released(256)).is_ok());
    assert!(matches!(encode(released(257)), Err(Error::TooLarge(Limit::Items))));
}

#[test]
fn other_forms_of_the_same_entry_are_refused() {
    // {1: 1, 2: 1, 3: 0, 4: h'a0'} and ways to say it differently.
    let good = [0xa4, 1, 1, 2, 1, 3, 0, 4, 0x41, 0xa0];
    assert!(Entry::decode(&good).is_ok());
    for bad in [
        &[0xa4, 1, 0x18, 1, 2, 1, 3, 0, 4, 0x41, 0xa0][..], // 1 in two bytes
        &[0xa4, 2, 1, 1, 1, 3, 0, 4, 0x41, 0xa0],           // keys out of order
        &[0xa4, 1, 1, 2, 1, 3, 0, 4, 0x41, 0xa0, 0],        // trailing byte
        &[0xbf, 1, 1, 2, 1, 3, 0, 4, 0x41, 0xa0, 0xff],     // indefinite length
        &[0xa3, 1, 1, 2, 1, 3, 0],                          // field missing
        &[0xa5, 1, 1, 2, 1, 3, 0, 4, 0x41, 0xa0, 5, 0],     // field too many
        &[0xa4, 1, 1, 2, 1, 3, 0, 4, 0x42, 0xa0, 0],        // trailing byte in the body
        &[0xa4, 1, 1, 2, 1, 3, 0, 4, 0x43, 0xa1, 1, 0],     // an unknown field of a known event
        &[0xa4, 1, 1, 2, 1, 3, 0, 4, 0x40],                 // no body
        &[0xa4, 1, 0, 2, 1, 3, 0, 4, 0x41, 0xa0],           // version 0
        &[],
    ] {
        assert!(matches!(Entry::decode(bad), Err(Error::Malformed(Malformed::Cbor))), "{bad:x?}");
    }
    let newer = [0xa4, 1, 2, 2, 1, 3, 0, 4, 0x41, 0xa0];
    assert!(matches!(Entry::decode(&newer), Err(Error::NeedsNewerLibrary)));
}

/// A flow that was stopped says who asked for it and for what, where a session did.
#[test]
fn a_stopped_flow_says_whom_and_for_what() {
    let told = |into, purpose, actor| {
        let event = AuditEvent::FlowDenied { label: Label::health(1), into, purpose, actor };
        let entry = Entry { time: Timestamp::default(), event };
        assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
        let json: serde_json::Value = serde_json::from_str(&audit_event("o", 0, &entry, Lang::En)).unwrap();
        let fr = describe(&entry.event, Lang::Fr).replace('\u{a0}', " ");
        (describe(&entry.event, Lang::En), fr, json)
    };
    let (purpose, who) = (Some(Purpose::PatientRequest), || Some(whom("model", "acme")));
    let (en, fr, json) = told(None, purpose, who());
    assert_eq!(en, "Data was kept from leaving the space to “acme” (AI model), for the person’s own request.");
    assert_eq!(
        fr,
        "Une sortie de données hors de l’espace, vers « acme » (modèle d’IA), a été empêchée ; finalité : demande de la personne elle-même."
    );
    assert_eq!(json["agent"][1]["who"]["display"], "acme");
    assert_eq!(json["purposeOfEvent"][0]["coding"][0]["code"], "PATRQT");
    let (en, fr, _) = told(Some(ScopeId::from_bytes([1; 16])), purpose, who());
    assert_eq!(
        en,
        "Data that “acme” (AI model) was to write was kept from flowing into another partition, for the person’s own request."
    );
    assert!(fr.contains("« acme »") && fr.ends_with("finalité : demande de la personne elle-même."), "{fr}");
    let (en, _, json) = told(None, None, None);
    assert_eq!(en, "Data was kept from leaving the space.");
    assert!(json["agent"].as_array().unwrap().len() == 1 && json["purposeOfEvent"].is_null());
}

/// What a recipient is belongs to its name, wherever it is told.
#[test]
fn recipients_of_one_name_and_two_kinds_are_told_apart() {
    let told = |kind: &str| {
        let (purpose, actor) = (Purpose::PatientRequest, whom(kind, "acme"));
        let event = AuditEvent::Refused { purpose, actor };
        let entry = Entry { time: Timestamp::default(), event };
        assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
        let json: serde_json::Value = serde_json::from_str(&audit_event("o", 0, &entry, Lang::En)).unwrap();
        (describe(&entry.event, Lang::En), describe(&entry.event, Lang::Fr), json["agent"][1]["who"].clone())
    };
    let (en, fr, who) = told("model");
    assert_eq!(en, "A request by “acme” (AI model) for the person’s own request was refused.");
    assert_eq!(
        fr.replace('\u{a0}', " "),
        "Une demande de « acme » (modèle d’IA) a été refusée ; finalité : demande de la personne elle-même."
    );
    assert_eq!((&who["type"], &who["display"]), (&"Device".into(), &"acme".into()));
    for (i, one) in KINDS.iter().enumerate() {
        for other in &KINDS[i + 1..] {
            let ((en, fr, who), (en2, fr2, who2)) = (told(one), told(other));
            assert!(en != en2 && fr != fr2 && who != who2, "{one} {other}");
        }
    }
    let take = |kind: &str, name: &str| {
        let mut w = Writer::new();
        w.array(2).text(kind).text(name);
        Recipient::take(&mut Reader::new(&w.into_bytes()))
    };
    assert!(take("role", "a").is_ok());
    for (kind, name) in [("Model", "a"), ("", "a"), ("model", ""), ("model", "a\nb"), ("model", &"a".repeat(257)[..])] {
        assert!(take(kind, name).is_err(), "{kind} {name}");
    }
}

/// Each once, known, and in one order: what is signed has one form.
#[test]
fn categories_have_one_form() {
    let take = |codes: &[&str]| {
        let mut w = Writer::new();
        w.array(codes.len());
        codes.iter().for_each(|c| {
            w.text(c);
        });
        <BTreeSet<Category> as Field>::take(&mut Reader::new(&w.into_bytes()))
    };
    assert_eq!(take(&["laboratory", "vital-signs"]).unwrap(), [Category::Laboratory, Category::VitalSigns].into());
    assert!(take(&[]).unwrap().is_empty());
    for bad in [&["vital-signs", "laboratory"][..], &["laboratory", "laboratory"], &["Laboratory"], &["x"], &[""]] {
        assert!(take(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn every_purpose_has_words_of_its_own() {
    for lang in [Lang::En, Lang::Fr] {
        let words: std::collections::BTreeSet<_> = Purpose::ALL.iter().map(|p| purpose_words(*p, lang)).collect();
        assert_eq!(words.len(), Purpose::ALL.len());
    }
}

#[test]
fn a_release_is_told_plainly() {
    let release = |count| AuditEvent::Released {
        purpose: Purpose::PatientRequest,
        grants: vec![GrantId::from_bytes([1; 16])],
        actor: whom("model", "chat"),
        query_hash: [0; 32],
        count,
        items_root: [0; 32],
        system: LogHead { origin: "o".into(), size: 1, root: [0; 32] },
        label: Label::health(1),
        kind: ReleaseKind::Ground,
        categories: [Category::Medications, Category::Laboratory].into(),
    };
    assert_eq!(
        describe(&release(1), Lang::En),
        "1 item was given to “chat” (AI model) as context for an answer, for the person’s own request, not for training AI models: \
         laboratory results; medications."
    );
    assert_eq!(
        describe(&release(12), Lang::Fr),
        "12 éléments fournis à «\u{a0}chat\u{a0}» (modèle d’IA) comme contexte\u{a0}; finalité\u{a0}: demande de la personne elle-même, sans entraînement de modèles d’IA\u{a0}: résultats de laboratoire\u{a0}; médicaments."
    );
    // What is released for training carries the label of health data, and is not told to be for something else.
    let mut training = release(1);
    if let AuditEvent::Released { purpose, .. } = &mut training {
        *purpose = Purpose::MlTraining;
    }
    assert_eq!(describe(&training, Lang::En).matches("training").count(), 1);
    assert_eq!(describe(&training, Lang::Fr).matches("entraînement").count(), 1);
    let mut own = release(2);
    if let AuditEvent::Released { grants, categories, .. } = &mut own {
        grants.clear();
        categories.clear();
    }
    assert!(describe(&own, Lang::En).ends_with("by the person, in their own space."));
    assert!(describe(&own, Lang::Fr).ends_with("par la personne, dans son propre espace."));
    let mut file = release(1);
    if let AuditEvent::Released { kind, .. } = &mut file {
        *kind = ReleaseKind::File;
    }
    assert!(describe(&file, Lang::En).starts_with("1 item was handed out as a file to “chat” (AI model) for "));
    assert!(
        describe(&file, Lang::Fr)
            .starts_with("1 élément remis sous forme de fichier à «\u{a0}chat\u{a0}» (modèle d’IA)\u{a0}; finalité")
    );
    let more = |count| {
        let mut told = release(count);
        if let AuditEvent::Released { kind, .. } = &mut told {
            *kind = ReleaseKind::More;
        }
        describe(&told, Lang::Fr)
    };
    assert!(more(1).contains("a appris qu’il y a plus d’un élément\u{a0};"), "{}", more(1));
    assert!(more(2).contains("a appris qu’il y a plus de 2 éléments\u{a0};"), "{}", more(2));
    let e = Entry { time: Timestamp::default(), event: AuditEvent::SpaceCreated {} };
    assert_eq!(e.describe(Lang::Fr), "1970-01-01T00:00:00Z L’espace a été créé.");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn round_trips(e in entry()) {
        let bytes = e.encode().unwrap();
        prop_assert_eq!(Entry::decode(&bytes).unwrap(), e);
    }

    #[test]
    fn a_changed_byte_is_another_entry_or_none(e in entry(), at: prop::sample::Index, x in 1u8..) {
        let mut bytes = e.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= x;
        if let Ok(other) = Entry::decode(&bytes) {
            prop_assert_ne!(&other, &e);
            prop_assert_eq!(&other.encode().unwrap(), &bytes);
        }
        bytes[at] ^= x;
        prop_assert!(Entry::decode(&bytes[..at]).is_err());
        bytes.push(0);
        prop_assert!(Entry::decode(&bytes).is_err());
    }

    #[test]
    fn decoding_never_panics(b: Vec<u8>, number in 0u64..20, body: Vec<u8>) {
        if let Ok(e) = Entry::decode(&b) {
            prop_assert_eq!(e.encode().unwrap(), b);
        }
        let _ = AuditEvent::from_body(number, &body);
    }

    #[test]
    fn words_are_a_sentence_and_debug_is_silent(e in entry()) {
        for lang in [Lang::En, Lang::Fr] {
            let s = e.describe(lang);
            prop_assert!(s.ends_with('.') && s.len() < 1200);
        }
        let debug = format!("{e:?}");
        prop_assert!(debug.len() < 80);
    }

    #[test]
    fn labels_round_trip(l in label()) {
        let mut w = Writer::new();
        LabelBytes(l).put(&mut w);
        let bytes = w.into_bytes();
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(LabelBytes::take(&mut r).unwrap().0, l);
        prop_assert!(r.finish().is_ok());
        for cut in 0..bytes.len() {
            prop_assert!(LabelBytes::take(&mut Reader::new(&bytes[..cut])).is_err());
        }
    }
}

/// The log says the same end as the notice that the person saw.
#[test]
fn an_end_is_told_as_the_notice_says_it() {
    let told = |end: i64, lang| {
        let expires = Some(Timestamp::from_millis(end));
        let (grant, gesture) = (GrantId::from_bytes([0; 16]), Gesture { method: "tap".into(), evidence: [0; 32] });
        let renewed = AuditEvent::Renewed {
            grant,
            version: 2,
            consent_hash: [0; 32],
            notice_hash: [0; 32],
            locale: "fr".into(),
            gesture: gesture.clone(),
            expires: Timestamp::from_millis(end),
        };
        let granted = AuditEvent::Granted {
            grant,
            consent_hash: [0; 32],
            notice_hash: [0; 32],
            locale: "fr".into(),
            gesture,
            purpose: Purpose::PatientRequest,
            expires,
        };
        [describe(&granted, lang), describe(&renewed, lang)]
    };
    let midnight = 20_873 * 86_400_000;
    for (end, lang, words) in [
        (midnight, Lang::En, "until the end of 23 February 2027"),
        (midnight, Lang::Fr, "jusqu’à la fin du 23 février 2027"),
        (midnight + 34_500_000, Lang::En, "until 24 February 2027 at 09:35 UTC"),
        (midnight + 34_500_000, Lang::Fr, "jusqu’au 24 février 2027 à 9\u{a0}h\u{a0}35 UTC"),
    ] {
        for told in told(end, lang) {
            assert!(told.contains(words), "{told}");
        }
    }
}

#[test]
fn days_are_told_in_words() {
    let at = |ms| Entry { time: Timestamp::from_millis(ms), event: AuditEvent::SpaceCreated {} };
    assert_eq!(
        at(1_790_000_000_000).tell(crate::Lang::En),
        "On 21 September 2026 at 14:13 UTC: The space was created."
    );
    assert_eq!(
        at(1_793_491_200_000).tell(crate::Lang::Fr),
        "Le 1er novembre 2026 à 0\u{a0}h\u{a0}00 UTC\u{a0}: L’espace a été créé."
    );
}

proptest! {
    /// What every AuditEvent of FHIR R4 must have, whatever the event; and it names nobody but the
    /// recipient.
    #[test]
    fn every_event_is_a_fhir_audit_event(event in event(), time in time(), index: u64) {
        let entry = Entry { time, event };
        for lang in [crate::Lang::En, crate::Lang::Fr] {
            let json: serde_json::Value =
                serde_json::from_str(&audit_event("healthspace.invalid/log/0a", index, &entry, lang)).unwrap();
            prop_assert_eq!(&json["resourceType"], "AuditEvent");
            prop_assert_eq!(&json["id"], &format!("0a-{index}"));
            prop_assert_eq!(json["recorded"].as_str().unwrap().len(), 20);
            prop_assert!(json["type"]["system"].is_string() && json["type"]["code"].is_string());
            prop_assert!(["0", "8"].contains(&json["outcome"].as_str().unwrap()));
            prop_assert!(json["agent"].as_array().unwrap().iter().all(|a| a["requestor"].is_boolean()));
            prop_assert!(json["source"]["observer"]["display"].is_string());
            let own = json["subtype"].as_array().unwrap().last().unwrap()["code"].as_str().unwrap().to_owned();
            prop_assert_eq!(own, entry.event.name());
            // Who the words name is an agent, and the consent that an entry is of stands among its entities.
            let words = json["outcomeDesc"].as_str().unwrap();
            let agents = json["agent"].to_string();
            let person = ["The person confirmed", "by the person", "The person changed", "La personne a c", "par la personne"];
            if person.iter().any(|p| words.contains(p)) {
                prop_assert!(agents.contains("\"PAT\""), "{}", words);
            }
            if let AuditEvent::RecipientNotified { grant, actor, .. } | AuditEvent::RecipientConfirmed { grant, actor, .. } =
                &entry.event
            {
                prop_assert!(agents.contains(&serde_json::to_string(actor.name()).unwrap()));
                prop_assert_eq!(&json["entity"][2]["what"]["identifier"]["value"], &super::fhir::urn(grant));
            }
            if let AuditEvent::ConsentImported { grant, .. } = &entry.event {
                prop_assert!(agents.contains("\"PAT\""));
                prop_assert_eq!(&json["entity"][2]["what"]["identifier"]["value"], &super::fhir::urn(grant));
            }
            let empty = |v: &serde_json::Value| v.as_array().is_some_and(Vec::is_empty);
            prop_assert!(json["entity"].as_array().unwrap().iter().all(|e| !empty(&e["detail"])));
            if let AuditEvent::Released { categories, .. } = &entry.event {
                let details = json["entity"][1]["detail"].as_array().unwrap().iter();
                let said: Vec<&str> =
                    details.filter(|d| d["type"] == "category").map(|d| d["valueString"].as_str().unwrap()).collect();
                prop_assert_eq!(said, categories.iter().map(|c| c.code()).collect::<Vec<_>>());
            }
        }
    }
}
