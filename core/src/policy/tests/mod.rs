//! Random consents, and a second, plain implementation of the decision to hold the first against.

mod by_rule;
mod foreign;
mod invariants;
mod oracle;
mod random;
mod round_trip;
mod speed;
mod vectors;
