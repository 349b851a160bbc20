//! Where values leave the space.

use crate::consent::{Action, Recipient};
use crate::label::{Confidentiality, Integrity, Label, Obligations, Origins, Purposes, Sensitivities};
use crate::policy::Sink;

/// A place outside the space that a session can write to: who receives there, and up to which label
/// it is cleared. The obligations of a clearance are those that the place understands and keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    kind: Kind,
    recipient: Recipient,
    clearance: Label,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Tool,
    Screen,
    File,
}

impl core::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Endpoint(..)")
    }
}

impl Endpoint {
    /// A clearance for everything that keeps these obligations: what the host vouches for.
    ///
    /// ```
    /// use healthspace::{Endpoint, Label, Obligations};
    /// let keeps = Endpoint::cleared(Obligations::HEALTH);
    /// assert!(Label::health(1).flows_to(keeps));
    /// assert!(!Label::health(1).flows_to(Endpoint::cleared(Obligations::NONE)));
    /// ```
    #[must_use]
    pub const fn cleared(obligations: Obligations) -> Label {
        Label {
            confidentiality: Confidentiality::VeryRestricted,
            sensitivities: Sensitivities::ALL,
            origins: Origins::from_bits(u64::MAX),
            purposes: Purposes::NONE,
            obligations,
            integrity: Integrity::External,
        }
    }

    const fn new(kind: Kind, recipient: Recipient, clearance: Label) -> Self {
        Self { kind, recipient, clearance }
    }

    /// A model at a provider.
    #[must_use]
    pub const fn model(recipient: Recipient, clearance: Label) -> Self {
        Self::new(Kind::Model, recipient, clearance)
    }

    /// A tool that an assistant calls.
    #[must_use]
    pub const fn tool(recipient: Recipient, clearance: Label) -> Self {
        Self::new(Kind::Tool, recipient, clearance)
    }

    /// A screen of an app.
    #[must_use]
    pub const fn screen(recipient: Recipient, clearance: Label) -> Self {
        Self::new(Kind::Screen, recipient, clearance)
    }

    /// A file: what goes there is exported, which a grant to read does not allow.
    #[must_use]
    pub const fn file(recipient: Recipient, clearance: Label) -> Self {
        Self::new(Kind::File, recipient, clearance)
    }

    /// Who receives.
    #[must_use]
    pub const fn recipient(&self) -> &Recipient {
        &self.recipient
    }

    /// Up to which label.
    #[must_use]
    pub const fn clearance(&self) -> Label {
        self.clearance
    }

    pub(super) const fn sink(&self) -> Sink {
        match self.kind {
            Kind::Model => Sink::Model(self.clearance),
            Kind::Tool => Sink::Tool(self.clearance),
            Kind::Screen => Sink::Screen(self.clearance),
            Kind::File => Sink::Export(self.clearance),
        }
    }

    pub(super) const fn action(&self) -> Action {
        match self.kind {
            Kind::File => Action::Export,
            // To be used by a model is more than to be read.
            Kind::Model => Action::Ground,
            Kind::Tool | Kind::Screen => Action::Read,
        }
    }
}
