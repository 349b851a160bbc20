//! There is no permit by default, and none by conversion.

use healthspace::policy::Permit;

fn main() {
    let _: Permit = Default::default(); //~ E0277
}
