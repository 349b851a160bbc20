//! The proof that a request was decided.

use super::compile::{Compilation, RowFilter, compile, compile_within};
use super::request::{Request, Says};
use crate::consent::{Action, Among, Rules};
use crate::error::Error;
use crate::id::{GrantId, ScopeId, Timestamp};
use crate::label::{Obligations, Purpose};

/// That a request was decided, and what it lets through. It cannot be copied or made elsewhere:
/// the vault takes it for one release.
///
/// ```compile_fail
/// fn twice(p: healthspace::policy::Permit) -> [healthspace::policy::Permit; 2] { [p.clone(), p] }
/// ```
#[derive(Debug)]
#[must_use = "a permit stands for one release"]
pub struct Permit {
    compiled: Compilation,
    scope: ScopeId,
    purpose: Purpose,
    action: Action,
    at: Timestamp,
}

impl Permit {
    /// What may be seen.
    #[must_use]
    pub const fn filter(&self) -> &RowFilter {
        &self.compiled.filter
    }

    /// The grants it rests on, in order of id.
    #[must_use]
    pub fn basis(&self) -> &[GrantId] {
        &self.compiled.basis
    }

    /// Those of them of which the release takes one use each.
    #[must_use]
    pub fn counted(&self) -> &[GrantId] {
        &self.compiled.counted
    }

    /// What comes with whatever is released.
    #[must_use]
    pub const fn obligations(&self) -> Obligations {
        self.compiled.obligations
    }

    /// In which scope.
    #[must_use]
    pub const fn scope(&self) -> ScopeId {
        self.scope
    }

    /// What for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// What may be done.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// When time alone may change the decision, if ever: from then on decide again.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.compiled.until
    }

    /// When it was decided.
    #[must_use]
    pub const fn decided_at(&self) -> Timestamp {
        self.at
    }
}

/// Why there is no permit: for the person's own log. An outside caller gets the [`Error`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No consent permits it.
    NotApplicable,
    /// These consents refuse what others would permit.
    Refused(Vec<GrantId>),
    /// Training without a consent of its own (D13), or leaving or destroying by break-glass (D11).
    Floor,
    /// A permit would apply, but it is bounded in time and the clock is behind.
    ClockBehind,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::ClockBehind => Self::ClockBehind,
            Denied::NotApplicable | Denied::Refused(_) | Denied::Floor => Self::Denied,
        }
    }
}

/// Decides a request as a whole, by the permits that cover something of the categories `within`.
///
/// # Errors
/// [`Denied`] where nothing can pass.
pub(crate) fn authorize_within(rules: &Rules, request: &Request<'_>, within: Among) -> Result<Permit, Denied> {
    let compiled = compile_within(rules, request, within);
    if compiled.filter.is_empty() {
        return Err(why(rules, request));
    }
    let Request { scope, purpose, action, now, .. } = *request;
    Ok(Permit { compiled, scope, purpose, action, at: now })
}

/// The same of every category.
///
/// # Errors
/// As [`authorize_within`].
pub(crate) fn authorize(rules: &Rules, request: &Request<'_>) -> Result<Permit, Denied> {
    authorize_within(rules, request, Among::ANY)
}

fn why(rules: &Rules, request: &Request<'_>) -> Denied {
    let all = rules.as_slice();
    let trusting = Request { clock_behind: false, ..*request };
    if request.clock_behind && !trusting.below_floor(all) && !compile(rules, &trusting).filter.is_empty() {
        return Denied::ClockBehind;
    }
    if request.below_floor(all) {
        return Denied::Floor;
    }
    let mut refusing = Vec::new();
    for r in all.iter().filter(|r| request.reach(r) == Some(Says::Deny)) {
        super::decide::push(&mut refusing, r.series);
    }
    if refusing.is_empty() { Denied::NotApplicable } else { Denied::Refused(refusing) }
}
