//! Cryptography: the only place where `ring` is used.
//!
//! What belongs here: thin, typed calls of vetted primitives. What must not: anything that knows
//! what is hashed, signed or sealed.

pub(crate) mod hash;
pub(crate) mod sign;
