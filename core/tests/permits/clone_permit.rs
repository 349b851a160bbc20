//! A permit stands for one release: it cannot be copied.

use healthspace::policy::Permit;

fn twice(permit: &Permit) -> Permit {
    permit.clone() //~ E0308
}

fn main() {}
