//! Deciding is the vault's: outside there is no way to a permit.

fn main() {
    let _ = healthspace::policy::authorize; //~ E0603
}
