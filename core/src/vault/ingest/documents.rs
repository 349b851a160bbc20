//! Documents that were here before the bytes that they name: the catalog holds no references, so those that are labelled
//! are read again, and only where an import brings a Binary.

use super::ties::TieList;
use crate::catalog::{Catalog, RecordRef};
use crate::crypto::context::Class;
use crate::error::Result;
use crate::import::names_of_bytes;
use crate::label::{Obligations, Sensitivities};
use crate::storage::ReadTxn;
use crate::vault::check::or_damaged;
use crate::vault::permitted::block_record;
use crate::vault::rows::Base;
use crate::vault::scope::Scope;
use zeroize::Zeroizing;

/// What has its bytes elsewhere as a rule. An Observation may, too, but of those there are too many to be read.
const TYPES: [&str; 8] = [
    "Communication",
    "Composition",
    "Consent",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "Media",
    "QuestionnaireResponse",
];

/// Ties the Binaries of an import to the documents of a catalog that name them; each is looked at once.
pub(super) fn tie(ties: &mut TieList, base: &Base, txn: &dyn ReadTxn, scope: &Scope, all: &Catalog) -> Result<()> {
    if !ties.brings_bytes() {
        return Ok(());
    }
    let usual = scope.label().confidentiality;
    let labelled = |r: &RecordRef<'_>| {
        r.confidentiality() > usual || r.sensitivities() != Sensitivities::NONE || r.obligations() != Obligations::NONE
    };
    // Most stand beside each other.
    let (mut block, mut at) = (Zeroizing::new(Vec::new()), None);
    for r in all.records().filter(|r| !r.is_history() && TYPES.contains(&r.type_name()) && labelled(r)) {
        if !ties.look_at(r.id()) {
            continue;
        }
        let object = r.object();
        let place = (object.number >> 8, object.version, object.group);
        if at != Some(place) {
            block.clear();
            let read = or_damaged(scope.open_object(base, txn, Class::Body, &object, &mut block))?;
            at = read.map(|()| place);
        }
        // What is damaged is said by a check; it keeps nothing from being imported.
        if at == Some(place)
            && let Some(body) = or_damaged(block_record(&block, &object))?
        {
            ties.document(r.identity(), names_of_bytes(body));
        }
    }
    Ok(())
}
