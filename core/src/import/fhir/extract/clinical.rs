//! Conditions, allergies, immunizations, procedures, devices, encounters (FHIR R4, 8.11, 9.1 to
//! 9.3, 11.6, 12.9).

use super::super::node::{List, Text, nodes};
use super::super::tables;
use super::super::types::{Coding, Common, Concept, Period, Reference, Timing};
use super::convert::{absence, cut, first, join, name, notes, span, when, words};
use super::{Marks, Reading};
use crate::record::{Category, Coding as Code, FactDraft, Kind, Standing, Status, When};

nodes! {
    Condition {
        clinical: Concept<'a> = "clinicalStatus",
        verification: Concept<'a> = "verificationStatus",
        severity: Concept<'a> = "severity",
        code: Concept<'a> = "code",
        onset: Text<'a> = "onsetDateTime",
        onset_period: Period<'a> = "onsetPeriod",
        onset_string: Text<'a> = "onsetString",
        abatement: Text<'a> = "abatementDateTime",
        abatement_period: Period<'a> = "abatementPeriod",
        abatement_string: Text<'a> = "abatementString",
        recorded: Text<'a> = "recordedDate",
        body_site: List<Concept<'a>> = "bodySite",
        .. common: Common<'a>
    }
    Allergy {
        clinical: Concept<'a> = "clinicalStatus",
        verification: Concept<'a> = "verificationStatus",
        criticality: Text<'a> = "criticality",
        code: Concept<'a> = "code",
        onset: Text<'a> = "onsetDateTime",
        onset_period: Period<'a> = "onsetPeriod",
        recorded: Text<'a> = "recordedDate",
        reaction: List<Reaction<'a>> = "reaction",
        .. common: Common<'a>
    }
    Reaction {
        substance: Concept<'a> = "substance",
        manifestation: List<Concept<'a>> = "manifestation",
        description: Text<'a> = "description",
        severity: Text<'a> = "severity",
    }
    Immunization {
        vaccine: Concept<'a> = "vaccineCode",
        occurrence: Text<'a> = "occurrenceDateTime",
        occurrence_string: Text<'a> = "occurrenceString",
        recorded: Text<'a> = "recorded",
        lot: Text<'a> = "lotNumber",
        .. common: Common<'a>
    }
    Procedure {
        code: Concept<'a> = "code",
        performed: Text<'a> = "performedDateTime",
        performed_period: Period<'a> = "performedPeriod",
        performed_string: Text<'a> = "performedString",
        // R5
        occurrence: Text<'a> = "occurrenceDateTime",
        occurrence_period: Period<'a> = "occurrencePeriod",
        occurrence_string: Text<'a> = "occurrenceString",
        body_site: List<Concept<'a>> = "bodySite",
        outcome: Concept<'a> = "outcome",
        .. common: Common<'a>
    }
    DeviceUse {
        device: Reference<'a> = "device",
        timing: Text<'a> = "timingDateTime",
        timing_period: Period<'a> = "timingPeriod",
        timing_timing: Timing<'a> = "timingTiming",
        recorded: Text<'a> = "recordedOn",
        body_site: Concept<'a> = "bodySite",
        .. common: Common<'a>
    }
    Device {
        kind: Concept<'a> = "type",
        names: List<DeviceName<'a>> = "deviceName",
        manufacturer: Text<'a> = "manufacturer",
        manufactured: Text<'a> = "manufactureDate",
        expires: Text<'a> = "expirationDate",
        .. common: Common<'a>
    }
    DeviceName { name: Text<'a> = "name", }
    Encounter {
        class: Coding<'a> = "class",
        kind: List<Concept<'a>> = "type",
        service: Concept<'a> = "serviceType",
        period: Period<'a> = "period",
        provider: Reference<'a> = "serviceProvider",
        .. common: Common<'a>
    }
}

/// Words of a verification that is open.
const OPEN: [&str; 3] = ["unconfirmed", "provisional", "differential"];

/// Clinical and verification status folded: what was ruled out or entered in error says so first,
/// then what is not confirmed; the clinical status of that, and what its time is, are kept beside.
fn stand(fact: &mut FactDraft, clinical: &Concept<'_>, verification: &Concept<'_>, recorded: bool) {
    let word = clinical.coding.first().map_or(&*clinical.text, |c| &*c.code);
    let clinical = tables::status(word);
    let open = OPEN.into_iter().find(|c| verification.has(c));
    fact.status = match open {
        _ if verification.has("entered-in-error") => Status::EnteredInError,
        _ if verification.has("refuted") => Status::NotDone,
        Some(_) => Status::Preliminary,
        None => clinical,
    };
    // An absence has a value of its own.
    if fact.kind != Kind::Absence {
        let confirmed = fact.status != Status::Preliminary;
        fact.stand(Standing { clinical, confirmed, recorded }, open.unwrap_or_default());
    }
}

/// The onset, or else when it was recorded; whether it is the latter.
fn dated(fact: &mut FactDraft, onset: Option<When>, recorded: &Text<'_>, marks: &Marks) -> bool {
    fact.when = onset.or_else(|| first(&[recorded], marks));
    onset.is_none() && fact.when.is_some()
}

pub(super) fn condition<'a>(c: Condition<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Condition, Category::Conditions);
    name(&mut fact, &c.code);
    absence(&mut fact);
    let (start, _) = span(&c.onset, &c.onset_period, None, marks);
    let recorded = dated(&mut fact, start, &c.recorded, marks);
    let end = if c.abatement.is_empty() { &c.abatement_period.end } else { &c.abatement };
    fact.until = when(end, marks);
    stand(&mut fact, &c.clinical, &c.verification, recorded);
    let told = [c.severity.words(), &words(&c.body_site), &c.onset_string, &c.abatement_string];
    fact.note = join([join(told, "; "), notes(&c.common.note)], "; ");
    Reading::new(c.common, vec![fact])
}

pub(super) fn allergy<'a>(a: Allergy<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Allergy, Category::Allergies);
    name(&mut fact, &a.code);
    if a.code.is_empty() {
        // Some sources name the substance in the reaction alone.
        if let Some(r) = a.reaction.iter().find(|r| !r.substance.is_empty()) {
            name(&mut fact, &r.substance);
        }
    }
    absence(&mut fact);
    let (start, _) = span(&a.onset, &a.onset_period, None, marks);
    let recorded = dated(&mut fact, start, &a.recorded, marks);
    stand(&mut fact, &a.clinical, &a.verification, recorded);
    let mut by_severity: Vec<_> = a.reaction.iter().collect();
    by_severity.sort_by_key(|r| &*r.severity != "severe");
    let reactions = by_severity.into_iter().map(|r| {
        let severity = if r.severity.is_empty() { String::new() } else { format!("({})", cut(&r.severity)) };
        join([&words(&r.manifestation), &*r.description, &severity], " ")
    });
    let criticality =
        if a.criticality.is_empty() { String::new() } else { format!("criticality {}", cut(&a.criticality)) };
    // What must not be cut off comes first.
    fact.note = join([criticality, join(reactions, "; "), notes(&a.common.note)], "; ");
    Reading::new(a.common, vec![fact])
}

pub(super) fn immunization<'a>(i: Immunization<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Immunization, Category::Immunizations);
    name(&mut fact, &i.vaccine);
    absence(&mut fact);
    // Without an occurrence in date form there is no date: the day of recording is another one.
    fact.when = first(&[&i.occurrence], marks);
    fact.status = tables::status(&i.common.status);
    let lot = if i.lot.is_empty() { String::new() } else { format!("lot {}", cut(&i.lot)) };
    let recorded = if fact.when.is_some() || i.recorded.is_empty() {
        String::new()
    } else {
        format!("recorded {}", cut(&i.recorded))
    };
    let told = [&*i.occurrence_string, &recorded, &lot, &notes(&i.common.note)];
    fact.note = join(told, "; ");
    Reading::new(i.common, vec![fact])
}

pub(super) fn procedure<'a>(p: Procedure<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Procedure, Category::Procedures);
    name(&mut fact, &p.code);
    absence(&mut fact);
    (fact.when, fact.until) = span(&p.performed, &p.performed_period, None, marks);
    if fact.when.is_none() && fact.until.is_none() {
        (fact.when, fact.until) = span(&p.occurrence, &p.occurrence_period, None, marks);
    }
    fact.status = tables::status(&p.common.status);
    let dates = [&*p.performed_string, &p.occurrence_string];
    let told = [&*words(&p.body_site), p.outcome.words(), &notes(&p.common.note)];
    fact.note = join(dates.into_iter().chain(told), "; ");
    Reading::new(p.common, vec![fact])
}

pub(super) fn device_use<'a>(d: DeviceUse<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Procedure, Category::Procedures);
    fact.text = cut(&d.device.display);
    if let Some(inner) =
        d.device.reference.strip_prefix('#').and_then(|id| d.common.contained.iter().find(|c| &*c.id == id))
    {
        name(&mut fact, &inner.kind);
        if !d.device.display.is_empty() {
            fact.text = cut(&d.device.display);
        }
    }
    (fact.when, fact.until) = span(&d.timing, &d.timing_period, Some(&d.timing_timing), marks);
    if fact.when.is_none() && fact.until.is_none() {
        fact.when = first(&[&d.recorded], marks);
    }
    fact.status = tables::status(&d.common.status);
    fact.note = join([d.body_site.words(), &notes(&d.common.note)], "; ");
    Reading::new(d.common, vec![fact])
}

/// A device of a patient is an implant or an aid; one of nobody is a machine that made the file.
pub(super) fn device<'a>(d: Device<'a>, marks: &Marks) -> Reading<'a> {
    let of_patient = !d.common.patient.reference.is_empty() || !d.common.patient.identifier.value.is_empty();
    let kind = if of_patient { Kind::Procedure } else { Kind::Other };
    let mut fact = FactDraft::new(kind, Category::Procedures);
    name(&mut fact, &d.kind);
    absence(&mut fact);
    if fact.text.is_empty() {
        fact.text = d.names.first().map(|n| cut(&n.name)).unwrap_or_default();
    }
    // When it was made and how long it keeps is not when it was used.
    let told = |what: &str, date: &Text<'_>| when(date, marks).map(|_| format!("{what} {}", cut(date)));
    let dates = [told("manufactured", &d.manufactured), told("expires", &d.expires)];
    fact.status = tables::status(&d.common.status);
    let names = [join(d.names.iter().map(|n| &*n.name), ", "), cut(&d.manufacturer)];
    fact.note = join(names.into_iter().chain(dates.into_iter().flatten()), "; ");
    Reading::new(d.common, vec![fact])
}

pub(super) fn encounter<'a>(e: Encounter<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Encounter, Category::Encounters);
    if let Some(kind) = e.kind.first() {
        name(&mut fact, kind);
    }
    if !e.class.is_empty() {
        let class = &e.class;
        fact.codes.push(Code { system: cut(&class.system), code: cut(&class.code), display: cut(&class.display) });
        if fact.text.is_empty() {
            fact.text = cut(if class.display.is_empty() { &class.code } else { &class.display });
        }
    }
    fact.when = when(&e.period.start, marks);
    fact.until = when(&e.period.end, marks);
    fact.status = tables::status(&e.common.status);
    fact.note = join([e.service.words(), &*e.provider.display], "; ");
    Reading::new(e.common, vec![fact])
}
