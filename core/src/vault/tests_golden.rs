//! That the second set of golden files holds what the first one lacks: what its tests show of it is not shown by chance.

use super::HealthSpace;
use super::state::State;
use super::tests::clock;
use crate::keyring::Unlock;
use std::path::Path;

fn state(name: &str) -> State {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/format-1b").join(name);
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("me.hs");
    std::fs::copy(from, &to).unwrap();
    // By name, so that nothing is swept.
    let by = Unlock::passphrase("a golden passphrase: \u{e9}");
    let space = HealthSpace::open_partitions(&to, &by, clock().0, &["health"]).unwrap();
    space.inner.peek().unwrap()
}

#[test]
fn the_second_set_holds_what_the_first_one_lacks() {
    let late = state("late.hs");
    let health = &late.partitions[0];
    assert_eq!(health.manifest.denied.len(), 1);
    assert_eq!(health.manifest.tags.quarantined.len(), 1);
    assert!(health.catalog().unwrap().retires());
    let waits = state("unswept.hs");
    assert_eq!(waits.partitions[0].manifest.unswept.len(), 1);
}
