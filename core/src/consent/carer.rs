//! Delegation: a grant to somebody who cares for the person, within a scope and until an end.
//!
//! A carer reads, counts and asks; consents, exports and erasure stay the person's. A carer may pass
//! the grant on only where it says so, once, and what was passed on falls with it (D9).

use super::RecipientKind;
use super::fhir::ConsentDoc;
use super::grant::{GrantSpec, GrantTerms};
use super::rule::Validity;
use super::words::pick;
use crate::id::GrantId;
use crate::label::{Obligations, Purpose};
use crate::lang::Lang;

/// What makes a grant one to a carer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Delegation {
    /// Whether the carer may let one more person in, within the same terms.
    pub may_pass_on: bool,
    /// The carer's grant under which this one was passed on: it falls with that one.
    pub parent: Option<GrantId>,
}

/// The purposes for which somebody acts for the person.
pub(super) const PURPOSES: [Purpose; 3] = [Purpose::FamilyRequest, Purpose::SupportNetwork, Purpose::PowerOfAttorney];

impl Delegation {
    /// Whether terms can be those of a carer: a person, with an end, for a purpose of theirs, who
    /// tells nobody else; what was passed on is not passed on again.
    pub(super) fn fits(self, t: &GrantTerms) -> bool {
        t.recipient.kind() == RecipientKind::Person
            && t.expires.is_some()
            && PURPOSES.contains(&t.purpose)
            && t.obligations.contains(Obligations::NO_REDISCLOSURE)
            && !(self.may_pass_on && self.parent.is_some())
    }
}

impl GrantSpec {
    /// Whether this may be passed on under `parent`: no part of it is outside. Time is not looked
    /// at: what was passed on holds only while its parent does.
    #[must_use]
    pub fn is_within(&self, parent: &Self) -> bool {
        let (t, p) = (self.terms(), parent.terms());
        let labels = |g: &GrantTerms| (g.confidentiality, g.sensitivities);
        let any = p.confidentiality.is_none() && p.sensitivities.is_empty();
        let period = match (p.data_period, t.data_period) {
            (None, _) => true,
            (Some((from, to)), Some((a, b))) => from <= a && b <= to,
            (Some(_), None) => false,
        };
        p.delegation.is_some_and(|d| d.may_pass_on)
            // A count that two persons share is kept for neither.
            && p.uses.is_none()
            && t.scope == p.scope
            && p.purpose.permits(t.purpose)
            && t.categories.iter().all(|c| p.categories.contains(c))
            && period
            && (any || labels(t) == labels(p))
            && p.obligations.is_subset(t.obligations)
    }
}

impl ConsentDoc {
    /// The grant under which it was passed on.
    #[must_use]
    pub fn parent(&self) -> Option<GrantId> {
        self.spec.terms().delegation.and_then(|d| d.parent)
    }

    pub(super) fn validity(&self) -> Validity {
        let t = self.spec.terms();
        Validity { start: t.starts, end: t.expires }
    }
}

/// What the notice says of a delegation.
pub(super) fn notice(spec: &GrantSpec, d: Delegation, lang: Lang) -> String {
    let who = spec.terms().recipient.name();
    let but = match (d.may_pass_on, lang) {
        (false, _) => "",
        (true, Lang::En) => " other than those named next",
        (true, Lang::Fr) => " autres que ceux nommés ci-après",
    };
    let mut text = match lang {
        Lang::En => format!(
            "On your behalf: “{who}” may read this data, count it and ask questions about it for you. They may not give, \
             renew or withdraw consents{but}, nor export or erase anything."
        ),
        Lang::Fr => format!(
            "En votre nom\u{a0}: «\u{a0}{who}\u{a0}» peut lire ces données, les compter et poser des questions à leur \
             sujet pour vous, mais ne peut ni donner, renouveler ou retirer des consentements{but}, ni exporter ou \
             effacer quoi que ce soit."
        ),
    };
    text.push_str(if d.may_pass_on {
        pick(
            lang,
            (
                " They may let others take part within these limits, with a consent for each; that ends when this one \
                 does.",
                " Cette personne peut faire participer d’autres personnes dans ces limites, avec un consentement pour \
                 chacune\u{202f}; celui-ci prend fin en même temps que le présent consentement.",
            ),
        )
    } else {
        pick(lang, (" They may not let anybody else take part.", " Elle ne peut faire participer personne d’autre."))
    });
    if d.parent.is_some() {
        text.push_str(pick(
            lang,
            (
                " This rests on the consent of the carer who passes it on, and ends with it.",
                " Ce consentement dépend de celui de l’aidant qui le transmet, et prend fin avec lui.",
            ),
        ));
    }
    text
}
