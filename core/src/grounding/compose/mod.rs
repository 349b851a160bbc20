//! From a question to a context: which blocks there are, and what is said to be missing.

mod words;

use super::concepts::{self, Area, Concept};
use super::fence::Fence;
use super::find::Finder;
use super::lists::{self, capital};
use super::meant;
use super::page::{self, Block, Line};
use super::question::{self, Topic};
use super::remarks::{self, another, asked, damaged, excluded, nameless, several};
use super::view::{Event, View};
use super::{
    Composed, Item, Options, family, imaging, overview, period, person, pressure, series, start, uncomputed, wearable,
    workouts,
};
use crate::catalog::{FactRow, Facts, LeanRows};
use crate::error::Result;
use std::collections::BTreeSet;

/// Composes the context for a question.
///
/// # Errors
/// Where the view cannot be read.
pub fn compose(facts: &dyn Facts, question: &str, options: &Options) -> Result<Composed> {
    let offset = i64::from(options.zone_offset_minutes) * 60_000;
    let today = options.now.as_millis().saturating_add(offset).div_euclid(period::DAY_MS);
    let born = person::born(facts)?;
    let from = period::Base { today, born: born.as_ref().and_then(|r| r.fact.when.as_ref()).map(period::days) };
    let mut plan = question::parse(question, options.lang, from);
    let family = family::asked(question);
    if family {
        // "Does it run in my family?"
        plan.topics.retain(|t| *t != Topic::Workouts);
    }
    let fence = Fence::new(options.nonce);
    let kept = not_mended(&View::new(facts, &plan, options, &fence, today))?;
    if !kept.is_empty() {
        plan = question::parse_but(question, options.lang, from, &kept);
    }
    let view = View::new(facts, &plan, options, &fence, today);
    let mut draft = Draft {
        view: &view,
        blocks: Vec::new(),
        missing: Vec::new(),
        absent: Vec::new(),
        denied: Vec::new(),
        finder: None,
        told: BTreeSet::new(),
        named: BTreeSet::new(),
        listed: BTreeSet::new(),
        idle: Vec::new(),
        compared: false,
        kin: false,
    };

    let mut head = Block::new("", view.say("Person", "Personne"));
    head.lines.extend(person::line(&view)?);
    if let Some(p) = &plan.period {
        let line = Line::new(0).text(asked(&view, p));
        head.push(match born.filter(|_| plan.by_birth) {
            Some(born) => line.cite(&born),
            None => line,
        });
    }
    head.lines.extend(several(&view));
    head.lines.extend(excluded(&view));
    draft.blocks.push(head);
    draft.times();
    let start = start::of(&view)?;
    draft.blocks.extend(start.block);
    draft.missing.extend(start.missing);
    draft.absent.extend(start.absent);
    let event = start.event;
    draft.measures(event.as_ref())?;
    draft.listed()?;
    // What matches leads the list that it is in.
    draft.rest(true)?;
    draft.elsewhere()?;
    draft.topics()?;
    draft.rest(false)?;
    if family || plan.others {
        draft.kin()?;
    }
    let relatives = if family || plan.others || draft.kin { family::block(&view)? } else { None };
    if family && relatives.is_none() && !plan.others {
        draft.no_family();
    }
    let theirs = draft.others(relatives.is_some());
    if !theirs && let Some(head) = draft.blocks.first_mut() {
        head.push(meant::line(&view, event.as_ref().filter(|_| draft.compared), family, &draft.idle));
    }
    draft.blocks.extend(relatives);
    let answered = draft.blocks.len() > 1
        || draft.missing.iter().any(|m| !matches!(m.as_str(), "other" | "period" | "computation" | "limit"));
    // One's own medications under a question about a son would be read as his.
    if !theirs {
        draft.background(answered)?;
    }
    draft.uncomputed();
    draft.unlimited();
    draft.unread()?;
    let (mut blocks, mut missing, mut absent) = (draft.blocks, draft.missing, draft.absent);
    absent.retain(|t| !t.is_empty());
    absent.dedup();
    let mut seen = BTreeSet::new();
    missing.retain(|m| seen.insert(m.clone()));
    // What is missing is said before the details: a model must not overlook it.
    let mut note = Block::new("", view.say("Missing", "Manquant"));
    if facts.is_partial() {
        note.lines.push(damaged(&view));
        missing.push("damaged".to_owned());
    }
    note.lines.extend(absent.into_iter().map(|t| Line::new(1).text(t)));
    note.lines.extend(nameless(&view, &missing)?);
    blocks.insert(1, note);

    let page = page::pack(facts, &fence, plan.lang, &view.day(today), &blocks, options.tokens)?;
    Ok(Composed {
        text: page.text,
        citations: page.citations,
        items: page.items,
        categories: page.categories,
        omitted: page.omitted,
        missing,
        lang: plan.lang,
        tokens_estimate: page.tokens,
    })
}

/// Words that were taken for names with a slip, and that records have as they are: "single ventricle".
fn not_mended(view: &View<'_>) -> Result<Vec<String>> {
    if view.plan.mended.is_empty() {
        return Ok(Vec::new());
    }
    let finder = Finder::new(view)?;
    let mut kept = Vec::new();
    for word in &view.plan.mended {
        if finder.has_word(word) || finder.has_value(view, word)? {
            kept.push(word.clone());
        }
    }
    Ok(kept)
}

/// Rank of documents where an image is asked for: behind the images.
const DOCUMENTS: u8 = 70;

/// What is said where other records speak of what was asked for.
const ELSEWHERE: [&str; 2] = ["records that speak of it follow", "des éléments en parlent, ci-dessous"];

/// A context in the making.
struct Draft<'a> {
    view: &'a View<'a>,
    blocks: Vec<Block>,
    missing: Vec<String>,
    absent: Vec<String>,
    /// Which of those denies which concept, flatly.
    denied: Vec<(&'static str, usize)>,
    finder: Option<Finder>,
    /// What was found by its words, and stands in a list too.
    told: BTreeSet<Item>,
    /// What stands under the name by which it was asked for.
    named: BTreeSet<Item>,
    /// What is shown because a whole kind was asked for.
    listed: BTreeSet<Item>,
    /// Words beside what is named and shown, which no record has.
    idle: Vec<String>,
    /// Whether a measure that is asked for has values, which are compared with the event.
    compared: bool,
    /// Whether words were found in what is said of relatives alone.
    kin: bool,
}

impl Draft<'_> {
    /// Of a medication and a vaccine it is said how it was looked for: no list of brands is complete.
    fn miss_product(&mut self, c: &'static Concept) {
        let name = c.name(self.view.lang);
        self.missing.push(c.key.to_owned());
        self.denied.push((c.key, self.absent.len()));
        self.absent.push(self.view.say(
            format!("no {name} on record available here (looked for by its codes, its names and common brands; another brand would not be found)"),
            format!("{name} : rien au dossier disponible ici (recherche par codes, noms et marques courantes ; une autre marque ne serait pas trouvée)"),
        ));
    }

    /// Of a condition it is said how it was looked for: what is one of a kind can go by any name.
    fn miss_condition(&mut self, key: &'static str, name: &str) {
        self.missing.push(key.to_owned());
        self.denied.push((key, self.absent.len()));
        self.absent.push(self.view.say(
            format!("no {name} on record available here (looked for by its codes and names; another name would not be found)"),
            format!("{name} : rien au dossier disponible ici (recherche par codes et noms ; un autre nom ne serait pas trouvé)"),
        ));
    }

    fn miss(&mut self, key: &'static str, name: &str) {
        self.missing.push(key.to_owned());
        self.denied.push((key, self.absent.len()));
        self.absent.push(
            self.view
                .say(format!("no {name} on record available here"), format!("{name} : rien au dossier disponible ici")),
        );
    }

    /// That no record of its own sort is what was asked for, where others speak of it: a flat denial
    /// above the very thing would be a wrong no.
    fn miss_here(&mut self, all: &[&'static Concept], what: [&str; 2]) {
        let view = self.view;
        let Some(first) = all.first() else { return };
        for (key, at) in &self.denied {
            if let Some(text) = self.absent.get_mut(*at).filter(|_| all.iter().any(|c| c.key == *key)) {
                text.clear();
            }
        }
        let (key, en, fr) = match first.area {
            Area::Measure => ("result", "result", "résultats"),
            Area::Medication => ("medication", "medication", "médicaments"),
            Area::Condition => ("condition", "condition", "maladies"),
            Area::Immunization => ("vaccination", "vaccination", "vaccinations"),
        };
        let mut names: Vec<&str> = all.iter().map(|c| c.name(view.lang)).collect();
        names.dedup();
        let names = names.join(", ");
        for m in &mut self.missing {
            if all.iter().any(|c| c.key == m) {
                *m = format!("{key}:{m}");
            }
        }
        let [en_what, fr_what] = what;
        self.absent.push(view.say(
            format!("no {en} on record available here is {names}; {en_what}"),
            format!("{names} : pas parmi les {fr} au dossier disponible ici ; {fr_what}"),
        ));
    }

    /// Words of time that are not understood: what is shown is not limited to that time.
    fn times(&mut self) {
        let view = self.view;
        // Where all of time is shown nothing is missing.
        if !view.plan.several.is_empty() && view.plan.period.is_some() {
            self.missing.push("period".to_owned());
        }
        if view.plan.unread.is_empty() {
            return;
        }
        self.missing.push("period".to_owned());
        let words = view.quote(&view.plan.unread.join(", "));
        self.absent.push(view.say(
            format!("these words about time were not understood, and limit nothing here: {words}"),
            format!("ces mots sur le temps n'ont pas été compris, et ne limitent rien ici : {words}"),
        ));
    }

    /// What is asked to be worked out, and is not.
    fn uncomputed(&mut self) {
        let view = self.view;
        let lacking = view.plan.uncomputed.iter().filter(|(asked, _)| uncomputed::lacks(asked, &self.blocks));
        let words: Vec<&str> = lacking.map(|(_, said)| said.as_str()).collect();
        if !words.is_empty() {
            self.missing.push("computation".to_owned());
            let words = view.quote(&words.join(", "));
            self.absent.push(view.say(
                format!("not worked out here, values are shown as they are recorded: {words}"),
                format!("non calculé ici, les valeurs sont montrées comme au dossier : {words}"),
            ));
        }
    }

    /// Words that would limit what is listed, and do not.
    fn unlimited(&mut self) {
        let view = self.view;
        let told = |w: &&String| !view.plan.unlimited.iter().any(|u| u.split(' ').any(|x| x == *w));
        let idle = self.idle.iter().filter(told);
        let words: Vec<&str> = view.plan.unlimited.iter().chain(idle).map(String::as_str).collect();
        if words.is_empty() {
            return;
        }
        self.missing.push("limit".to_owned());
        let words = view.quote(&words.join(", "));
        self.absent.push(view.say(
            format!("these words of the question limit or compute nothing here: {words}"),
            format!("ces mots de la question ne limitent ni ne calculent rien ici : {words}"),
        ));
    }

    /// Under a flat denial: what else may say it, and is not read.
    fn unread(&mut self) -> Result<()> {
        let denied = |(_, at): &(&str, usize)| self.absent.get(*at).is_some_and(|t| !t.is_empty());
        if !self.denied.iter().any(denied) {
            return Ok(());
        }
        let text = remarks::unread(self.view)?;
        if !text.is_empty() && !self.absent.iter().any(|t| t.contains(&text)) {
            self.absent.push(text);
        }
        Ok(())
    }

    fn measures(&mut self, event: Option<&Event>) -> Result<()> {
        let view = self.view;
        let plan = view.plan;
        let besides = |c: &Concept| !plan.concepts.iter().any(|p| p.key == c.key);
        let asked = plan.concepts.iter().chain(plan.besides.iter().filter(|c| besides(c)));
        let asked: Vec<&'static Concept> = asked.copied().filter(|c| c.area == Area::Measure).collect();
        let mut read: Vec<(&'static Concept, LeanRows)> = Vec::new();
        for c in asked {
            read.push((c, view.measure_rows(c)?));
        }
        let rows = |key| read.iter().find(|(c, ..)| c.key == key).map(|(_, values)| values.rows.as_slice());
        if let (Some(systolic), Some(diastolic)) = (rows("systolic"), rows("diastolic")) {
            let samples = |key| match concepts::by_key(key) {
                Some(c) => view.series_rows(c, view.plan.narrowed()),
                None => Ok(Vec::new()),
            };
            let (systolic_samples, diastolic_samples) = (samples("systolic")?, samples("diastolic")?);
            let title = view.say("Blood pressure", "Tension artérielle");
            let mut block = Block::new(title.clone(), title);
            block.lines = pressure::lines(
                view,
                &pressure::Halves {
                    systolic,
                    diastolic,
                    systolic_samples: &systolic_samples,
                    diastolic_samples: &diastolic_samples,
                },
            )?;
            if !block.lines.is_empty() {
                self.blocks.insert(1, block);
            }
        }
        let mut empty = Vec::new();
        for (c, values) in read {
            let title = capital(c.name(view.lang));
            let before = self.blocks.len();
            let samples = view.series_rows(c, view.plan.narrowed())?;
            self.compared |= !samples.is_empty() || !values.rows.is_empty();
            let mut devices = wearable::blocks(view, c, &title, &samples, event)?;
            if let Some(block) = devices.last_mut() {
                block.lines.extend(workouts::highest(view, c, &samples)?);
            }
            // What has the latest value leads.
            let latest = values.rows.iter().filter_map(|r| r.fact.when.filter(|_| !view.ahead(&r.fact))).map(|w| w.at);
            if wearable::latest(view, &samples) > latest.max() {
                self.blocks.append(&mut devices);
            }
            let devices_lead = self.blocks.len() > before;
            // Of two kinds of record, the one without anything in the period has nothing to say.
            let within = view.plan.period.is_none_or(|p| series::reach(&values, &p));
            let none = devices.is_empty() && !devices_lead;
            if within || none {
                self.blocks.extend(series::block(view, &title, &title, values, event)?);
            }
            if none && view.plan.period.is_some() && (!within || self.blocks.len() == before) {
                self.blocks.extend(wearable::outside(view, c, &title)?);
            }
            // Samples without a number say less than the daily totals of the same.
            let numbers = |r: &FactRow| r.series.is_some_and(|s| s.numbers > 0);
            if !samples.is_empty() && !samples.iter().any(numbers) {
                self.daily(c, event)?;
            }
            self.blocks.extend(devices);
            if self.blocks.len() == before && !besides(c) {
                empty.push(c);
            }
        }
        let mut workouts = view.plan.topics.contains(&Topic::Workouts);
        for c in empty {
            if self.daily(c, event)? {
                self.compared = true;
                continue;
            }
            if let Some(block) = person::stated(view, c)? {
                self.blocks.push(block);
                continue;
            }
            // "Calories burned" may stand in workouts alone.
            if !workouts::tell_of(view, c)? {
                self.miss(c.key, c.name(view.lang));
            } else if !core::mem::replace(&mut workouts, true) {
                self.blocks.extend(lists::topic(view, Topic::Workouts, 1, false, &BTreeSet::new())?);
            }
        }
        Ok(())
    }

    /// The daily totals of a measure; whether there are any.
    fn daily(&mut self, c: &'static Concept, event: Option<&Event>) -> Result<bool> {
        let view = self.view;
        let days = workouts::rings(view, c)?;
        if days.is_empty() {
            return Ok(false);
        }
        let title = format!("{}{}", capital(c.name(view.lang)), view.say(" (daily totals)", " (totaux par jour)"));
        self.blocks.extend(series::block(view, &title, &title, LeanRows::of_rows(days), event)?);
        Ok(true)
    }

    fn listed(&mut self) -> Result<()> {
        let view = self.view;
        let (mut found, mut empty, mut observed) = (Vec::new(), Vec::new(), Vec::new());
        let listed = view.plan.topics.contains(&Topic::Immunizations);
        for c in view.plan.concepts.iter().copied().filter(|c| c.area != Area::Measure) {
            match lists::concept(view, c)? {
                Some((block, akin)) => {
                    self.named.extend(block.items());
                    self.blocks.push(block);
                    found.push(c);
                    if akin {
                        self.missing.push(c.key.to_owned());
                        let fr = "ce qui s'en rapproche est ci-dessous";
                        self.miss_here(&[c], ["what is akin to it follows", fr]);
                    }
                }
                None => empty.push(c),
            }
            if concepts::is_observed(c) {
                let results = self.finder()?.observed(view, c)?;
                observed.extend((!results.is_empty()).then_some(c.key));
                self.blocks.extend(results);
            }
        }
        for c in empty {
            // "Flu" is a disease and its vaccine: where the disease is there, nobody asked for both.
            if found.iter().any(|f| concepts::vaccine(f).is_some_and(|v| v.key == c.key)) {
                continue;
            }
            let vaccines = concepts::vaccines(c);
            let asked = |v: &&Concept| view.plan.concepts.iter().any(|p| p.key == v.key);
            match vaccines.first() {
                // Results speak of it: "no pregnancy" above «pregnant» would be a wrong no.
                _ if observed.contains(&c.key) => {
                    self.missing.push(c.key.to_owned());
                    self.miss_here(&[c], ["results that speak of it follow", "des résultats en parlent, ci-dessous"]);
                }
                Some(_) => {
                    // Who was vaccinated against it may ask for that: "no COVID-19" above it would be a wrong no.
                    let besides = vaccines.iter().filter(|v| !asked(v) && !listed);
                    let given = besides.map(|v| lists::concept(view, v)).collect::<Result<Vec<_>>>()?;
                    let given: Vec<Block> = given.into_iter().flatten().map(|(block, _)| block).collect();
                    let both = !given.is_empty() || vaccines.iter().any(asked) || listed;
                    let disease = if both { view.say(" (the disease)", " (la maladie)") } else { String::new() };
                    self.miss_condition(c.key, &format!("{}{disease}", c.name(view.lang)));
                    self.blocks.extend(given);
                }
                _ if matches!(c.area, Area::Medication | Area::Immunization) => self.miss_product(c),
                _ => self.miss_condition(c.key, c.name(view.lang)),
            }
        }
        Ok(())
    }

    fn topics(&mut self) -> Result<()> {
        let view = self.view;
        for t in &view.plan.topics {
            let name = lists::title(view, *t);
            let block = match t {
                Topic::Imaging => {
                    self.images()?;
                    continue;
                }
                Topic::Marital => match person::marital(view)? {
                    Some(block) => Some(block),
                    None => self.status()?,
                },
                Topic::Laboratory | Topic::Vitals => overview::latest_values(view, *t)?,
                Topic::Person if person::line(view)?.is_some() => continue,
                Topic::Person => None,
                _ => lists::topic(view, *t, 1, false, &self.told)?,
            };
            match block {
                Some(block) => {
                    self.listed.extend(block.items().copied());
                    self.blocks.push(block);
                }
                None => self.miss(overview::key(*t), &name.to_lowercase()),
            }
        }
        Ok(())
    }

    /// Images, and after them the documents: one of these may hold what no name tells.
    fn images(&mut self) -> Result<()> {
        let view = self.view;
        let mut told = BTreeSet::new();
        match imaging::block(view, true)? {
            Some(block) => {
                told.extend(block.items().copied());
                self.named.extend(block.items());
                self.blocks.push(block);
            }
            None => {
                self.missing.push(overview::key(Topic::Imaging).to_owned());
                // A record may call the part of the body by another name.
                let others = imaging::block(view, false)?;
                let others: BTreeSet<Item> = others.iter().flat_map(Block::items).copied().collect();
                self.absent.push(imaging::none(view, others.len() as u64));
            }
        }
        if !view.plan.topics.contains(&Topic::Documents) {
            self.blocks.extend(lists::topic(view, Topic::Documents, DOCUMENTS, false, &told)?);
        }
        Ok(())
    }

    /// That no record tells of relatives: what follows is the person's own.
    fn no_family(&mut self) {
        self.missing.push("family-history".to_owned());
        self.absent.insert(0, family::none(self.view));
        self.denied.iter_mut().for_each(|(_, at)| *at += 1);
    }

    /// Says that some of the question is about somebody else; whether all of it is. `relatives` where
    /// a family history is shown.
    fn others(&mut self, relatives: bool) -> bool {
        let plan = self.view.plan;
        if plan.others {
            self.missing.push("another-person".to_owned());
            self.absent.push(another(self.view, relatives));
        }
        plan.others && question::nothing_but(plan)
    }

    /// What no reading should forget, where consented: active medications, allergies, conditions.
    fn background(&mut self, answered: bool) -> Result<()> {
        let view = self.view;
        for t in [Topic::Medications, Topic::Allergies, Topic::Conditions] {
            if !view.plan.topics.contains(&t) {
                // Asked for by nobody, it gives way to all that was.
                let rank = if answered { lists::UNASKED } else { 2 };
                if let Some(mut block) = lists::topic(view, t, rank, true, &BTreeSet::new())? {
                    block.title = format!("{}{}", block.title, view.say(" (active)", " (en cours)"));
                    self.blocks.push(block);
                }
            }
        }
        if !answered {
            self.blocks.extend(overview::contents(view)?);
        }
        Ok(())
    }
}
