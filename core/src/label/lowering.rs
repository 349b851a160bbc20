//! Lowering a label: the only step of the algebra that goes down, and never by itself.

use super::{Confidentiality, Label, Obligations, Origins, Purpose, Purposes, Sensitivities};

/// What a declassification drops from a label, or may drop at most. Integrity is not among it: a
/// label that is lowered vouches for nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lowering {
    /// Down to this confidentiality; as it is where absent.
    pub confidentiality: Option<Confidentiality>,
    /// Sensitivities that are dropped.
    pub sensitivities: Sensitivities,
    /// Origins that are dropped.
    pub origins: Origins,
    /// Purposes that are added.
    pub purposes: Purposes,
    /// Obligations that are removed.
    pub obligations: Obligations,
}

impl Lowering {
    /// Nothing.
    pub const NONE: Self = Self {
        confidentiality: None,
        sensitivities: Sensitivities::NONE,
        origins: Origins::NONE,
        purposes: Purposes::NONE,
        obligations: Obligations::NONE,
    };

    /// The least that brings a label under a clearance; purposes and obligations are never part of
    /// it, because a clearance that wants them changed wants another value.
    #[must_use]
    pub fn to_fit(label: Label, clearance: Label) -> Self {
        let above = label.confidentiality > clearance.confidentiality;
        Self {
            confidentiality: above.then_some(clearance.confidentiality),
            sensitivities: Sensitivities::from_bits(label.sensitivities.bits() & !clearance.sensitivities.bits()),
            origins: Origins::from_bits(label.origins.bits() & !clearance.origins.bits()),
            ..Self::NONE
        }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            confidentiality: match (self.confidentiality, other.confidentiality) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            sensitivities: self.sensitivities.union(other.sensitivities),
            origins: self.origins.union(other.origins),
            purposes: Purposes::from_bits(self.purposes.bits() | other.purposes.bits()),
            obligations: self.obligations.union(other.obligations),
        }
    }

    /// Whether everything that this drops is named in `bound`.
    ///
    /// ```
    /// use healthspace::{Confidentiality, Label, Lowering, Obligations, Origins};
    /// let bound = Lowering { confidentiality: Some(Confidentiality::Normal), origins: Origins::partition(1), ..Lowering::NONE };
    /// assert!(Lowering { confidentiality: Some(Confidentiality::Restricted), ..Lowering::NONE }.is_within(&bound));
    /// assert!(!Lowering { obligations: Obligations::NO_REUSE, ..Lowering::NONE }.is_within(&bound));
    /// let lowered = Label::health(1).lowered(&bound);
    /// assert!(lowered.origins.is_empty() && lowered.no_training());
    /// ```
    #[must_use]
    pub fn is_within(&self, bound: &Self) -> bool {
        self.confidentiality.is_none_or(|to| bound.confidentiality.is_some_and(|least| least <= to))
            && self.sensitivities.is_subset(bound.sensitivities)
            && self.origins.is_subset(bound.origins)
            && self.purposes.is_subset(bound.purposes)
            && self.obligations.is_subset(bound.obligations)
    }

    /// Whether it frees a value for training a model: no declassification does.
    #[must_use]
    pub const fn frees_for_training(&self) -> bool {
        self.purposes.contains(Purpose::MlTraining) || self.obligations.contains(Obligations::NO_TRAINING)
    }
}

impl Label {
    /// This label without what a lowering drops; everything else is kept.
    #[must_use]
    pub fn lowered(self, by: &Lowering) -> Self {
        Self {
            confidentiality: by.confidentiality.map_or(self.confidentiality, |to| self.confidentiality.min(to)),
            sensitivities: Sensitivities::from_bits(self.sensitivities.bits() & !by.sensitivities.bits()),
            origins: Origins::from_bits(self.origins.bits() & !by.origins.bits()),
            purposes: Purposes::from_bits(self.purposes.bits() | by.purposes.bits()),
            obligations: Obligations::from_bits(self.obligations.bits() & !by.obligations.bits()),
            integrity: self.integrity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Sensitivity;

    fn high() -> Label {
        Label { sensitivities: Sensitivities::only(Sensitivity::Hiv), ..Label::health(1) }
    }

    #[test]
    fn the_least_that_fits_keeps_purposes_obligations_and_integrity() {
        let general = Label {
            confidentiality: Confidentiality::Normal,
            origins: Origins::partition(2),
            purposes: Purposes::NONE,
            obligations: Obligations::from_bits(u32::MAX),
            integrity: crate::label::Integrity::External,
            ..Label::BOTTOM
        };
        let by = Lowering::to_fit(high(), general);
        let low = high().lowered(&by);
        assert!(low.flows_to(general) && !high().flows_to(general));
        assert_eq!(low.purposes, high().purposes);
        assert_eq!((low.obligations, low.integrity), (high().obligations, high().integrity));
        assert_eq!(Lowering::to_fit(low, general), Lowering::NONE);
        assert_eq!(high().lowered(&Lowering::NONE), high());
        assert!(low.flows_to(high()), "lowering goes down");
    }

    #[test]
    fn every_component_must_be_named() {
        let bound = Lowering::to_fit(high(), Label::BOTTOM);
        assert!(bound.is_within(&bound) && Lowering::NONE.is_within(&Lowering::NONE));
        for one in [
            Lowering { confidentiality: Some(Confidentiality::Low), ..Lowering::NONE },
            Lowering { sensitivities: Sensitivities::only(Sensitivity::Hiv), ..Lowering::NONE },
            Lowering { origins: Origins::partition(1), ..Lowering::NONE },
            Lowering { purposes: Purposes::only(Purpose::Research), ..Lowering::NONE },
            Lowering { obligations: Obligations::NO_REUSE, ..Lowering::NONE },
        ] {
            assert!(!one.is_within(&Lowering::NONE) && one.is_within(&one) && one.is_within(&one.and(bound)));
        }
        assert!(Lowering { obligations: Obligations::NO_TRAINING, ..Lowering::NONE }.frees_for_training());
        assert!(Lowering { purposes: Purposes::ALL, ..Lowering::NONE }.frees_for_training());
        assert!(!bound.frees_for_training());
    }
}
