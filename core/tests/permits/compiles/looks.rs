//! What may be done with them: the library that the others are compiled against is the right one.

use healthspace::policy::Permit;
use healthspace::{Audited, ReleaseReceipt};

fn look<'a, T>(permit: Permit, audited: &'a Audited<T>, receipt: &ReleaseReceipt) -> (Permit, &'a Audited<T>, u64) {
    (permit, audited, receipt.count)
}

fn main() {}
