//! A permit is spent where it is used.

use healthspace::policy::Permit;

fn spend(_: Permit) {}

fn twice(permit: Permit) {
    spend(permit);
    spend(permit); //~ E0382
}

fn main() {}
