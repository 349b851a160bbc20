//! Steps of a release that cannot be left out or faked: none of these programs may compile.
//!
//! A release takes a permit by value, and a permit and an audited value have private fields and no
//! constructor: the messages beside the programs are the compiler's.

#[test]
fn permits_cannot_be_made_copied_or_used_twice() {
    trybuild::TestCases::new().compile_fail("tests/permits/*.rs");
}
