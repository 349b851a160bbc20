//! Nobody widens a permit.

use healthspace::Purpose;
use healthspace::policy::Permit;

fn widen(permit: &mut Permit) {
    permit.purpose = Purpose::MlTraining; //~ E0616
}

fn main() {}
