//! Images of the body: the studies, procedures and reports that are one, by the name of each sort.

use super::concepts;
use super::dictionary::{self, Wanted};
use super::entry;
use super::fold;
use super::lists;
use super::page::{Block, Line};
use super::view::View;
use super::within;
use crate::catalog::FactRow;
use crate::error::Result;
use crate::record::{Kind, Status};

/// A sort of image: the words of a question, the patterns of a record's words, DICOM modalities
/// (PS3.3, C.7.3.1.1.1), English, French.
pub(super) struct Sort {
    says: &'static str,
    words: &'static str,
    codes: &'static str,
    pub(super) en: &'static str,
    pub(super) fr: &'static str,
}

static SORTS: [Sort; 5] = [
    Sort {
        says: "x ray|xray|radio|radiograph*",
        words: "x ray|xray|xr|radiograph*|radiograf*|radio",
        codes: " DX CR RG RF ",
        en: "X-ray",
        fr: "radiographie",
    },
    Sort {
        says: "mri|irm",
        words: "mri|irm|magnetic resonance|resonance magnetique",
        codes: " MR ",
        en: "MRI",
        fr: "IRM",
    },
    Sort {
        says: "ct|cat|scanner",
        words: "ct|scanner|computed tomography|tomodensitometr*|tdm",
        codes: " CT ",
        en: "CT scan",
        fr: "scanner (TDM)",
    },
    Sort {
        says: "ultrasound|echographie",
        words: "ultrasound|ultrasonograph*|sonogra*|echograph*|echogram*|echocardiogra*|echo|doppler",
        codes: " US ",
        en: "ultrasound",
        fr: "échographie",
    },
    // What is asked for without a sort is any of them.
    Sort {
        says: "",
        words: "imag*|radiolog*|scan|mammogra*|densitom*|scintigra*|angiogra*|fluoroscop*|dexa|dxa|tomogra*",
        codes: " MG NM PT XA ",
        en: "imaging study",
        fr: "examen d'imagerie",
    },
];

/// An image of the lungs is one of the chest, by the names of records.
pub(super) fn lungs(texts: &mut [String], clauses: &[usize]) {
    let is = |list: &str, w: &str| !w.is_empty() && list.contains(&format!(" {w} "));
    let images = " ray rays xray xrays radio radios radiographie radiographies ct scan scans scanner scanners mri irm imaging imagerie radiology radiologie echographie ultrasound ";
    let of: Vec<usize> = texts.iter().zip(clauses).filter(|(w, _)| is(images, w)).map(|(_, clause)| *clause).collect();
    let lung = |w: &str| is(" lung lungs poumon poumons pulmonaire pulmonary ", w);
    for (w, _) in texts.iter_mut().zip(clauses).filter(|(w, clause)| lung(w) && of.contains(clause)) {
        "chest".clone_into(w);
    }
}

/// The sort that the words of a phrase name; the last is any.
pub(super) fn named(phrase: &[String]) -> Option<&'static Sort> {
    let says = |s: &&Sort| s.says.split('|').any(|p| fold::matches(p, phrase));
    SORTS.iter().find(says).or(SORTS.last())
}

impl Sort {
    fn is(&self, row: &FactRow) -> bool {
        let any = self.says.is_empty();
        let sorts = || SORTS.iter().filter(|s| any || core::ptr::eq(*s, self));
        let f = &row.fact;
        if any && row.type_name == "ImagingStudy" {
            return true;
        }
        let names = |t: &str| {
            let words = fold::words(t);
            sorts().any(|s| s.words.split('|').any(|p| fold::matches(p, &words)))
        };
        let coded = || f.codes.iter().any(|c| row.type_name == "ImagingStudy" && sorts().any(|s| s.has(&c.code)));
        names(&f.text) || f.codes.iter().any(|c| names(&c.display)) || coded()
    }

    fn has(&self, code: &str) -> bool {
        self.codes.contains(&format!(" {code} "))
    }
}

/// The images of some sorts, those of the parts of the body that are asked for where some are: studies
/// and procedures, then reports. `None` where there is none; `parts` where those of other parts are none either.
pub(super) fn block(view: &View<'_>, parts: bool) -> Result<Option<Block>> {
    let plan = view.plan;
    let body: Vec<String> =
        plan.rest.iter().flat_map(|r| &r.seek).filter(|w| dictionary::is_body(w)).cloned().collect();
    let body = dictionary::wanted(&body);
    // "Cardiac ultrasound" is one thing, that records name in one word.
    let whole: Vec<_> = plan.rest.iter().map(|r| dictionary::wanted(&r.seek)).collect();
    let mut rows = Vec::new();
    for kind in [Kind::Other, Kind::Procedure, Kind::Document] {
        let mut of = view.kind_rows(kind)?;
        of.retain(|r| kind != Kind::Other || r.type_name == "ImagingStudy");
        of.retain(|r| plan.images.iter().any(|s| s.is(r)));
        of.retain(|r| {
            let words = concepts::all_words(&r.fact.text, &r.fact.codes);
            let has = |w: &Wanted| w.vague || w.is_in(&words, kind);
            !parts || body.iter().all(has) || whole.iter().any(|w| w.iter().all(has))
        });
        rows.extend(of);
    }
    rows.retain(|r| r.fact.status != Status::EnteredInError);
    let title = lists::title(view, super::question::Topic::Imaging);
    let mut block = Block::new(title.clone(), title);
    let latest = within::latest(&rows);
    let (rows, open) = within::within(view, rows);
    let mut entries = entry::single(rows);
    // A study and its procedure before what was written of it.
    entries.sort_by_key(|e| e.last().is_some_and(|r| r.fact.kind == Kind::Document));
    if entries.is_empty() {
        block.lines.extend(latest.map(|r| within::outside(view, &r)));
    } else {
        let count = |of: &dyn Fn(&FactRow) -> bool| entries.iter().filter_map(|e| e.last()).filter(|r| of(r)).count();
        let study = |r: &FactRow| r.fact.kind == Kind::Other;
        let report = |r: &FactRow| r.fact.kind == Kind::Document;
        let (studies, reports) = (count(&study) as u64, count(&report) as u64);
        let procedures = entries.len() as u64 - studies - reports;
        let said = [
            (studies, ["imaging study", "imaging studies"], ["étude d'imagerie", "études d'imagerie"]),
            (procedures, ["procedure", "procedures"], ["acte", "actes"]),
            (reports, ["report", "reports"], ["compte rendu", "comptes rendus"]),
        ];
        let said: Vec<String> =
            said.into_iter().filter(|(n, ..)| *n > 0).map(|(n, en, fr)| view.many(n, en, fr)).collect();
        let line = Line::new(1).text(said.join(", ")).text(view.say(
            " (one image can be a study, a procedure and a report)",
            " (une image peut être une étude, un acte et un compte rendu)",
        ));
        let ends = entries.first().into_iter().chain(entries.last().filter(|_| entries.len() > 1));
        let line = line.release(entries.iter().flat_map(|e| &e.rows));
        block.push(ends.filter_map(|e| e.last()).fold(line, Line::cite));
    }
    lists::list(view, &mut block, &entries, 1);
    block.lines.extend(within::unclear(view, &open, 1));
    Ok((!block.lines.is_empty()).then_some(block))
}

/// The sorts that are asked for.
pub(super) fn names(view: &View<'_>) -> Vec<String> {
    let mut names: Vec<String> = view.plan.images.iter().map(|s| view.say(s.en, s.fr)).collect();
    names.dedup();
    names
}

/// That no image of the sorts that are asked for is on record.
pub(super) fn none(view: &View<'_>, others: u64) -> String {
    let names = names(view).join(", ");
    if others > 0 {
        let n = view.many(others, ["other record", "other records"], ["autre élément", "autres éléments"]);
        return view.say(
            format!("no {names} on record available here has all of these words of the question; {n} of that sort"),
            format!("{names} : aucun élément disponible ici n'a tous ces mots de la question ; {n} de cette sorte"),
        );
    }
    view.say(
        format!("no {names} on record available here, by the names of studies, procedures and reports"),
        format!("{names} : rien au dossier disponible ici, d'après les noms des études, actes et comptes rendus"),
    )
}
