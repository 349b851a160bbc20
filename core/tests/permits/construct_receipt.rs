//! A receipt is what a release hands back.

use healthspace::ReleaseReceipt;

fn main() {
    let _ = ReleaseReceipt { entry: 0, count: 0, items_root: [0; 32] }; //~ E0639
}
