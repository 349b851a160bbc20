//! Nor can another value be put in the place of the one that was entered.

use healthspace::Audited;

fn exchange<T>(audited: &mut Audited<T>, other: T) {
    audited.value = other; //~ E0616
}

fn convert(value: u64) -> Audited<u64> {
    value.into() //~ E0277
}

fn main() {}
