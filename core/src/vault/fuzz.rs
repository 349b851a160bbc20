//! For fuzzing alone: the decoders of what a key has opened. They see what a hostile file holds
//! only where a key was lost, and must be total all the same.

use super::head::Head;
use super::manifest::{ConversationEntry, Manifest, decode_page, encode_page};
use super::payload::Codec;
use super::policy_row::PolicyRow;
use super::sources::SourceEntry;
use super::{block, logs};
use crate::audit::Entry;
use crate::error::{Error, Part, Result};
use crate::keyring::{KeyPage, SpaceRow};

/// Decodes one form, told by the first byte. What is read and has one form only must be written
/// the same.
///
/// # Errors
/// Where the bytes are not of the form.
pub(crate) fn form(bytes: &[u8]) -> Result<()> {
    let (form, rest) = bytes.split_first().ok_or(Error::Internal(300))?;
    let same = |written: &[u8]| if written == rest { Ok(()) } else { Err(Error::Internal(301)) };
    match form {
        0 => same(&Head::decode(rest)?.encode()),
        1 => same(&Manifest::decode(rest)?.encode()),
        2 => same(&encode_page(&decode_page::<SourceEntry>(rest)?)),
        3 => same(&encode_page(&decode_page::<ConversationEntry>(rest)?)),
        4 => KeyPage::decode(rest).map(|_| ()),
        5 => PolicyRow::decode(rest, &[]).map(|_| ()),
        6 => same(&SpaceRow::decode(rest)?.encode()),
        7 => same(&Entry::decode(rest)?.encode()?),
        8 => Codec::new()?.unpack(rest, Part::Body, &mut Vec::new()),
        _ => block::record(rest, usize::from(*form) - 9).map(|_| ()).ok_or(Error::Corrupt(Part::Body)),
    }
}

/// Reads a text as everything that a log hands out. Its key stands before U+0001; two texts that
/// belong together stand on both sides of U+0000. Whether anything was proved.
pub(crate) fn proofs(text: &str) -> bool {
    let (key, text) = text.split_once('\u{1}').unwrap_or((text, text));
    let (old, proof) = text.split_once('\0').unwrap_or((text, text));
    logs::verify_receipt(text, key).is_ok() | logs::verify_consistency(old, proof, key).is_ok()
}

#[cfg(test)]
pub(crate) mod seeds {
    use super::super::tests::{clock, gesture, unlock};
    use super::super::*;
    use crate::catalog::Query;
    use crate::consent::Recipient;
    use crate::crypto::context::Class;
    use crate::error::Part;
    use crate::evidence::{EvidenceRequest, ItemsShown};
    use crate::import::Source;
    use crate::keyring::{KdfParams, SpaceRow};
    use crate::label::Purpose;
    use crate::record::Category;
    use crate::storage::memory::Memory as Disk;
    use std::sync::Arc;

    /// What a small space holds, by target and name.
    pub(crate) fn of_a_space(files: &[Vec<u8>]) -> Vec<(&'static str, String, Vec<u8>)> {
        let row = SpaceRow::make(KdfParams::FLOOR).unwrap();
        let disk = Disk::new();
        let (space, _) = HealthSpace::create_in(Arc::new(disk), &row, &unlock(), clock().0).unwrap();
        let health = space.partition("health").unwrap();
        for file in files {
            let options = ImportOptions::new().confirm_subject();
            health.import_with(Source::bytes(&file[..]).unwrap(), &options).unwrap();
        }
        let model = Recipient::model("eu-llm").unwrap();
        let ask = space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
        ask.recipient(model.clone()).agree(gesture()).unwrap();
        let s = space.session(model, Purpose::PatientRequest).unwrap();
        s.query(&Query::default()).unwrap();
        let mut out = Vec::new();
        let mut add = |target, name: &str, bytes: &[u8]| out.push((target, name.to_owned(), bytes.to_vec()));
        let (txn, state) = space.inner.read().unwrap();
        let base = &space.inner.base;
        let scope = &state.partitions[0];
        let form = |n: u8, bytes: &[u8]| [&[n], bytes].concat();
        add("form", "head", &form(0, &scope.head.encode()));
        add("form", "system-head", &form(0, &state.view.head.encode()));
        add("form", "manifest", &form(1, &scope.manifest.encode()));
        add("form", "policy", &form(5, &scope.policy.encode()));
        add("form", "space-row", &form(6, &row.encode()));
        let sources = scope.source_page(base, &*txn, &scope.manifest.source_pages[0]).unwrap();
        add("form", "sources", &form(2, &super::encode_page(&sources)));
        let talks = scope.conversation_page(base, &*txn, &scope.manifest.conversation_pages[0]).unwrap();
        add("form", "conversations", &form(3, &super::encode_page(&talks)));
        add("form", "key-page", &form(4, &scope.group_page(base, &*txn, 1).unwrap().0.encode()));
        for (i, line) in space.log(LogOf::Partition("health")).unwrap().iter().enumerate() {
            add("form", &format!("entry-{i}"), &form(7, &line.entry.encode().unwrap()));
        }
        let mut packed = Vec::new();
        base.codec.pack(payload::Content::Document, &files[0], &mut packed).unwrap();
        add("form", "payload", &form(8, &packed));
        let mut one = block::Block::default();
        one.push(b"first");
        one.push(b"second");
        one.take(&mut packed);
        add("form", "block", &form(10, &packed));
        for (i, s) in scope.manifest.segments.iter().enumerate() {
            let raw = s.here.as_ref().map_or_else(
                || {
                    scope.with_group(base, &*txn, s.group, |epoch, key| {
                        let place = scope.place(Class::Catalog, epoch, s.group);
                        base.get_named(&*txn, key.expose(), &place, &s.row, Part::Segment)
                    })
                },
                |bytes| Ok(bytes.to_vec()),
            );
            add("segment", &format!("segment-{i}"), &raw.unwrap());
        }
        for record in scope.readable.records().filter(|r| r.series().is_some()) {
            let mut raw = Vec::new();
            scope.open_object(base, &*txn, Class::Series, &record.object(), &mut raw).unwrap();
            add("segment", "chunk", &raw);
        }
        let of = LogOf::Partition("health");
        let mut proof = |name: &str, text: String| {
            add("proof", name, [space.verifier_key(of).unwrap(), text].join("\u{1}").as_bytes());
        };
        proof("receipt", space.receipt(of, 1).unwrap());
        proof(
            "consistency",
            [space.checkpoint(of).unwrap(), space.consistency(of, scope.head.log_size).unwrap()].join("\0"),
        );
        let keys = space.verifier_keys().unwrap().join("\n");
        for (name, ask) in [
            ("hashes", EvidenceRequest::new()),
            ("logged", EvidenceRequest::new().without_system_entries().items(ItemsShown::Open)),
        ] {
            add("evidence", name, &[keys.as_bytes(), b"\x01", &space.evidence(&ask).unwrap()].concat());
        }
        out
    }
}
