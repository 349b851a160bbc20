//! Receipts: verified offline, with the log's key and nothing else.

use crate::error::{HealthspaceError, call};
use healthspace::Lang;
use std::sync::Arc;

/// What a receipt proves.
#[derive(uniffi::Object)]
pub struct VerifiedReceipt(healthspace::VerifiedReceipt);

veiled!(VerifiedReceipt);

/// Verifies a receipt, anywhere and without the space. It proves that the log signed a tree in
/// which this entry stands; not that nothing was left out of the log.
#[uniffi::export]
pub fn verify_receipt(receipt: String, verifier_key: String) -> Result<Arc<VerifiedReceipt>, HealthspaceError> {
    call(|| healthspace::verify_receipt(&receipt, &verifier_key).map(|v| Arc::new(VerifiedReceipt(v))))
}

#[uniffi::export]
impl VerifiedReceipt {
    /// The log's name.
    pub fn origin(&self) -> String {
        self.0.origin.clone()
    }

    /// The entry's position.
    pub fn entry(&self) -> u64 {
        self.0.index
    }

    /// How many entries the log had.
    pub fn log_size(&self) -> u64 {
        self.0.size
    }

    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn time_millis(&self) -> i64 {
        self.0.entry.time.as_millis()
    }

    /// When and what, in plain words: `en` or `fr`.
    pub fn describe(&self, language: String) -> String {
        self.0.entry.describe(Lang::parse(&language))
    }
}
