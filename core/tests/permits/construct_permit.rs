//! A permit comes from a decision only.

use healthspace::policy::Permit;
use healthspace::{Purpose, ScopeId, Timestamp};

fn forge(scope: ScopeId) -> Permit {
    Permit { scope, purpose: Purpose::PatientRequest, at: Timestamp::from_millis(0) } //~ cannot construct
}

fn main() {}
