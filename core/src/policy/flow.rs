//! Where a labelled value may go (specification section 4).

use crate::label::{Confidentiality, Integrity, Label, Obligations, Origins, Purpose, Purposes, Sensitivities};

/// Something that a value can be written to, with its clearance. The obligations of a clearance
/// are those that the sink understands and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sink {
    /// A partition of this space.
    Partition(Label),
    /// A model's endpoint.
    Model(Label),
    /// A tool that an assistant calls.
    Tool(Label),
    /// A screen.
    Screen(Label),
    /// A file that leaves the space.
    Export(Label),
    /// A training set: whatever the consent, nothing that carries `NOMLTRAINING` goes there.
    Training(Label),
}

/// Whether a value may be written to a sink for a purpose: its label is at most the clearance, the
/// purpose is one that the value allows, and the sink understands every obligation.
///
/// ```
/// use healthspace::policy::{Sink, clearance_of_general, clearance_of_health, may_flow};
/// use healthspace::{Label, Purpose};
/// let read = Label::BOTTOM.join(Label::health(1));
/// assert!(may_flow(read, Sink::Partition(clearance_of_health()), Purpose::PatientRequest));
/// assert!(!may_flow(read, Sink::Partition(clearance_of_general(2)), Purpose::PatientRequest));
/// ```
#[must_use]
pub fn may_flow(label: Label, sink: Sink, purpose: Purpose) -> bool {
    let (clearance, trains) = match sink {
        Sink::Partition(k) | Sink::Model(k) | Sink::Tool(k) | Sink::Screen(k) | Sink::Export(k) => {
            (k, Purpose::MlTraining.covers(purpose))
        }
        Sink::Training(k) => (k, true),
    };
    // A partition keeps what it does not understand; nobody else can comply with it.
    let kept = matches!(sink, Sink::Partition(_)) || label.obligations.is_understood(clearance.obligations);
    label.flows_to(clearance)
        && kept
        && label.purposes.contains(purpose)
        && (!trains || !label.no_training() && purpose == Purpose::MlTraining)
}

/// The clearance of a health partition: it takes everything, from every partition; a value keeps
/// its own label there.
#[must_use]
pub const fn clearance_of_health() -> Label {
    Label {
        confidentiality: Confidentiality::VeryRestricted,
        sensitivities: Sensitivities::ALL,
        origins: Origins::from_bits(u64::MAX),
        purposes: Purposes::NONE,
        obligations: Obligations::from_bits(u32::MAX),
        integrity: Integrity::External,
    }
}

/// The clearance of the general memory, a partition of this ordinal: what comes from itself or
/// from nowhere, at most normally confidential, not sensitive.
#[must_use]
pub const fn clearance_of_general(ordinal: u16) -> Label {
    // As a clearance, a bit that others share would let one another in.
    let origins = if Origins::tells_apart(ordinal) { Origins::partition(ordinal) } else { Origins::NONE };
    Label {
        confidentiality: Confidentiality::Normal,
        sensitivities: Sensitivities::NONE,
        origins,
        ..clearance_of_health()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Sensitivity;
    use proptest::prelude::*;

    fn label() -> impl Strategy<Value = Label> {
        (0u8..6, any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>(), 0u8..4).prop_map(|(c, s, o, p, b, i)| Label {
            confidentiality: Confidentiality::from_u8(c).unwrap_or_default(),
            sensitivities: Sensitivities::from_bits(s),
            origins: Origins::from_bits(o),
            purposes: Purposes::from_bits(p & Purposes::ALL.bits()),
            obligations: Obligations::from_bits(b),
            integrity: Integrity::from_u8(i).unwrap_or_default(),
        })
    }

    fn purpose() -> impl Strategy<Value = Purpose> {
        proptest::sample::select(Purpose::ALL)
    }

    #[test]
    fn a_general_memory_takes_general_talk_only() {
        let sink = Sink::Partition(clearance_of_general(2));
        let general = Label { origins: Origins::partition(2), integrity: Integrity::AiAsserted, ..Label::BOTTOM };
        assert!(may_flow(general, sink, Purpose::PatientRequest));
        assert!(!may_flow(general.join(Label::health(1)), sink, Purpose::PatientRequest));
        let psy = Label { sensitivities: Sensitivities::only(Sensitivity::Psychiatry), ..general };
        assert!(!may_flow(psy, sink, Purpose::PatientRequest));
        // Ordinals that share a bit do not let each other in.
        let far = Sink::Partition(clearance_of_general(64));
        assert!(!may_flow(Label { origins: Origins::partition(65), ..general }, far, Purpose::PatientRequest));
    }

    #[test]
    fn a_model_must_understand_every_obligation() {
        let model = Label { obligations: Obligations::HEALTH, ..clearance_of_health() };
        assert!(may_flow(Label::health(1), Sink::Model(model), Purpose::PatientRequest));
        let forgetful = Label { obligations: Obligations::NO_TRAINING, ..model };
        assert!(!may_flow(Label::health(1), Sink::Model(forgetful), Purpose::PatientRequest));
        assert!(!may_flow(Label::health(1), Sink::Model(model), Purpose::MlTraining));
    }

    #[test]
    fn training_takes_only_what_is_free_for_it() {
        let all = Sink::Training(clearance_of_health());
        assert!(may_flow(Label::BOTTOM, all, Purpose::MlTraining));
        assert!(!may_flow(Label::BOTTOM, all, Purpose::Operations));
        assert!(!may_flow(Label::health(1), all, Purpose::MlTraining));
        let freed = Label { purposes: Purposes::ALL, ..Label::health(1) };
        assert!(!may_flow(freed, all, Purpose::MlTraining), "the refrain holds by itself");
    }

    /// A clearance asks for no purposes of its own: the purpose of the session is what counts.
    #[test]
    fn a_value_goes_nowhere_for_a_purpose_that_it_does_not_allow() {
        let only = |p: Purpose| Label { purposes: Purposes::only(p), ..Label::BOTTOM };
        let all = clearance_of_health();
        let sinks = [Sink::Partition(all), Sink::Model(all), Sink::Tool(all), Sink::Screen(all), Sink::Export(all)];
        for sink in sinks {
            assert!(may_flow(only(Purpose::Treatment), sink, Purpose::Treatment));
            assert!(!may_flow(only(Purpose::Treatment), sink, Purpose::Marketing));
            assert!(!may_flow(only(Purpose::Treatment).join(only(Purpose::Marketing)), sink, Purpose::Treatment));
        }
        assert!(!may_flow(only(Purpose::Treatment), Sink::Training(all), Purpose::MlTraining));
        assert!(may_flow(only(Purpose::MlTraining), Sink::Training(all), Purpose::MlTraining));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100_000))]
        #[test]
        fn what_is_joined_with_health_never_reaches_general_or_training(
            a in label(), clearance in label(), p in purpose(), h in 1u16..80, other in 1u16..79,
        ) {
            let g = other + u16::from(other >= h);
            let joined = a.join(Label::health(h));
            prop_assert!(!may_flow(joined, Sink::Partition(clearance_of_general(g)), p));
            prop_assert!(!may_flow(joined, Sink::Training(clearance), p));
            for sink in [Sink::Partition(clearance), Sink::Model(clearance), Sink::Export(clearance)] {
                prop_assert!(!may_flow(joined, sink, Purpose::MlTraining));
                // Joining never opens a sink.
                prop_assert!(!may_flow(joined, sink, p) || may_flow(a, sink, p));
            }
        }
    }
}
