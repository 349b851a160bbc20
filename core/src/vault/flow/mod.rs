//! Values that a host passes on without having read them, and where they may go.
//!
//! What belongs here: values (a held record, a text), calls of models with them, sinks outside the
//! space, and what only the person can do with a value: vouch for it, and lower its label. What
//! must not: the algebra (that is `label` and `policy`), and what is stored (that is `memory`).
//!
//! Prior art: a floating label and clearances (LIO, Flume), hidden variables and quarantined calls
//! (FIDES), robust declassification (Zdancewic and Myers). Only explicit flows are followed: a
//! host that has received plaintext can copy it.

mod call;
mod declassify;
mod endorse;
mod endpoint;
mod grant;
mod value;

pub use call::Call;
pub use declassify::Declassify;
pub use endpoint::Endpoint;
pub use grant::{DeclassifyInfo, DeclassifyRequest};
pub use value::Value;

pub(super) use endorse::cleared_for;
pub(super) use grant::withdraw_lowering;
