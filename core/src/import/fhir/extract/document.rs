//! Reports, documents, pictures (FHIR R4, 2.42, 3.2, 10.3, 10.5, 2.43).

use super::super::node::{List, Text, nodes};
use super::super::tables;
use super::super::types::{Attachment, Coding, Common, Concept, Period, Reference};
use super::convert::{codings, cut, first, join, name, span, text_value};
use super::{Marks, Reading};
use crate::record::{Category, FactDraft, Kind, Value};

nodes! {
    Report {
        category: List<Concept<'a>> = "category",
        code: Concept<'a> = "code",
        effective: Text<'a> = "effectiveDateTime",
        effective_period: Period<'a> = "effectivePeriod",
        issued: Text<'a> = "issued",
        conclusion: Text<'a> = "conclusion",
        form: List<Attachment<'a>> = "presentedForm",
        .. common: Common<'a>
    }
    Composition {
        kind: Concept<'a> = "type",
        date: Text<'a> = "date",
        title: Text<'a> = "title",
        section: List<Section<'a>> = "section",
        .. common: Common<'a>
    }
    /// Sections nest; the parser bounds how deeply.
    Section {
        title: Text<'a> = "title",
        code: Concept<'a> = "code",
        empty: Concept<'a> = "emptyReason",
        section: List<Section<'a>> = "section",
    }
    /// `DocumentReference`, `Media` and `Binary`: their fields do not clash.
    File {
        kind: Concept<'a> = "type",
        category: List<Concept<'a>> = "category",
        date: Text<'a> = "date",
        created: Text<'a> = "createdDateTime",
        created_period: Period<'a> = "createdPeriod",
        issued: Text<'a> = "issued",
        description: Text<'a> = "description",
        content: List<Content<'a>> = "content",
        context: Context<'a> = "context",
        content_type: Text<'a> = "contentType",
        security_context: Reference<'a> = "securityContext",
        .. common: Common<'a>
    }
    /// In `DocumentReference` an attachment stands within; in `Media` it is one itself.
    Content { attachment: Attachment<'a> = "attachment", .. own: Attachment<'a> }
    Context { period: Period<'a> = "period", }
}

pub(super) fn report<'a>(r: Report<'a>, marks: &Marks) -> Reading<'a> {
    let mut codes = r.category.iter().flat_map(|c| c.coding.iter().map(|c: &Coding<'_>| &*c.code).chain([&*c.text]));
    let laboratory = codes.any(|c| tables::observation_category(c) == Some(Category::Laboratory));
    let category = if laboratory { Category::Laboratory } else { Category::Documents };
    let mut fact = FactDraft::new(Kind::Document, category);
    name(&mut fact, &r.code);
    // What says that it is of an image says so where its own name does not.
    for c in r.category.iter().filter(|c| is_image(c)) {
        let known = fact.codes.len();
        fact.codes.extend(codings(c).into_iter().take(CATEGORIES.saturating_sub(known)));
        if fact.text.is_empty() {
            fact.text = cut(c.words());
        }
    }
    (fact.when, fact.until) = span(&r.effective, &r.effective_period, None, marks);
    if fact.when.is_none() && fact.until.is_none() {
        fact.when = first(&[&r.issued], marks);
    }
    fact.value = text_value(cut(&r.conclusion));
    fact.status = tables::status(&r.common.status);
    fact.note = join(r.form.iter().map(|f| if f.title.is_empty() { &*f.content_type } else { &*f.title }), "; ");
    let attached = addresses(r.form.iter());
    Reading { attached, ..Reading::new(r.common, vec![fact]) }
}

/// Where the bytes stand that are not in it.
fn addresses<'f, 'a: 'f>(of: impl Iterator<Item = &'f Attachment<'a>>) -> Vec<String> {
    of.map(|a| &*a.url).filter(|url| !url.is_empty()).map(str::to_owned).collect()
}

/// Codes of one fact, with those of its categories.
const CATEGORIES: usize = 16;

/// Services that make images (HL7 v2 table 0074), and radiology by its LOINC part.
const IMAGES: [&str; 10] = ["RAD", "RUS", "RX", "CUS", "CT", "NMR", "NMS", "VUS", "XRC", "LP29684-5"];

fn is_image(category: &Concept<'_>) -> bool {
    let says = |t: &str| {
        let t = t.to_lowercase();
        t.contains("radiolog") || t.contains("imaging") || t.contains("imagerie")
    };
    let coded = |c: &Coding<'_>| IMAGES.contains(&&*c.code) || says(&c.display) || says(&c.code);
    category.coding.iter().any(coded) || says(&category.text)
}

pub(super) fn composition<'a>(c: Composition<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Document, Category::Documents);
    name(&mut fact, &c.kind);
    if !c.title.is_empty() {
        fact.text = cut(&c.title);
    }
    fact.when = first(&[&c.date], marks);
    fact.status = tables::status(&c.common.status);
    fact.note = join(c.section.iter().map(|s| if s.title.is_empty() { s.code.words() } else { &*s.title }), "; ");
    let mut facts = vec![fact];
    let mut open: Vec<&Section<'_>> = c.section.iter().rev().collect();
    while let Some(s) = open.pop() {
        open.extend(s.section.iter().rev());
        if s.empty.is_empty() {
            continue;
        }
        let category = s.code.coding.iter().find_map(|c| tables::section_category(&c.code));
        let mut absent = FactDraft::new(Kind::Absence, category.unwrap_or(Category::Other));
        name(&mut absent, &s.code);
        if !s.title.is_empty() {
            absent.text = cut(&s.title);
        }
        let code = s.empty.coding.iter().map(|c| &*c.code).find(|c| !c.is_empty());
        absent.value = Value::Text(cut(code.unwrap_or(s.empty.words())));
        absent.when = facts.first().and_then(|f| f.when);
        facts.push(absent);
    }
    Reading::new(c.common, facts)
}

pub(super) fn reference<'a>(f: File<'a>, marks: &Marks) -> Reading<'a> {
    let mut fact = FactDraft::new(Kind::Document, Category::Documents);
    let titles = || f.content.iter().flat_map(|c| [&c.attachment.title, &c.own.title]).map(|t| &**t);
    name(&mut fact, if f.kind.is_empty() { f.category.first().unwrap_or(&f.kind) } else { &f.kind });
    if fact.text.is_empty() {
        let title = titles().find(|t| !t.is_empty()).unwrap_or("");
        fact.text = cut(if f.description.is_empty() { title } else { &f.description });
    }
    let made = || f.content.first().map(|c| &c.attachment.creation);
    let date = if f.created.is_empty() { &f.date } else { &f.created };
    (fact.when, fact.until) = span(date, &f.created_period, None, marks);
    if fact.when.is_none() {
        let empty = Text::default();
        fact.when = first(&[&f.context.period.start, &f.issued, made().unwrap_or(&empty)], marks);
    }
    fact.status = tables::status(&f.common.status);
    let types = f.content.iter().flat_map(|c| [&c.attachment.content_type, &c.own.content_type]).map(|t| &**t);
    fact.note = join([&join(titles(), ", "), &*f.description, &join(types, ", "), &*f.content_type], "; ");
    let attached = addresses(f.content.iter().flat_map(|c| [&c.attachment, &c.own]));
    let Reference { reference, type_name, .. } = &f.security_context;
    let context = (!reference.is_empty()).then(|| (reference.to_string(), type_name.to_string()));
    Reading { attached, context, ..Reading::new(f.common, vec![fact]) }
}
