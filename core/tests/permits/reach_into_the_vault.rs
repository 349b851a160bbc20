//! The composing half of a release is not to be had without the entering one.

use healthspace::vault::Visible; //~ E0432 //~ E0603

fn main() {}
