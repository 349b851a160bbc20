//! The composing half of a release is not to be had without the entering one.

use healthspace::vault::Visible;

fn main() {}
