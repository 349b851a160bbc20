//! Nobody widens a permit.

use healthspace::Purpose;
use healthspace::policy::Permit;

fn widen(permit: &mut Permit) {
    permit.purpose = Purpose::MlTraining;
}

fn main() {}
