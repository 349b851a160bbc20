//! The net: what a question says that limits or computes, and that nothing used. Tables end somewhere; what falls
//! through them is told, for an answer to less than was asked looks like one to all of it.

use super::clause::{self, Found};
use super::concepts::{Area, Style};
use super::event;
use super::period;
use super::phrases::Word;
use super::question::Plan;
use super::topic::Topic;
use super::whose;
use std::collections::BTreeSet;

/// Words for how something stands.
const STATES: &str = " normal abnormal abnormally high low elevated raised flagged normale normaux normales anormal anormale anormaux anormales haut haute hauts hautes bas basse basses eleve elevee eleves elevees ";
const STATE_PHRASES: [&str; 15] = [
    "above range",
    "below range",
    "above normal",
    "below normal",
    "too high",
    "too low",
    "trop eleve",
    "out of range",
    "in range",
    "within range",
    "within the normal range",
    "hors norme",
    "hors normes",
    "hors des normes",
    "dans les normes",
];

/// Of these, those for what stands out.
const ABNORMAL: &str = " abnormal anormal anormale anormaux anormales flagged ";

/// Words that ask how many there are of something, or which and when: how each stands is not looked at for it.
const WHICH: &str = " many often when which only list times count number ever always never mostly usually combien quand quel quelle quels quelles seulement uniquement jamais toujours souvent nombre first last long longtemps fois ";

/// Words that leave something out.
const WITHOUT: &str = " except excepte sauf hormis excluding exclude besides without sans minus ";

/// Words for a change, which is computed of what is measured alone.
const CHANGES: &str = " change changed changes changing changement changements evolved evolution worsened improved ";

/// What leaves something out in two words: "other than", "apart from", "à part".
const PAIRS: [(&str, &str); 9] = [
    ("other", "than"),
    ("others", "than"),
    ("autre", "que"),
    ("autres", "que"),
    ("autre", "qu"),
    ("autres", "qu"),
    ("apart", "from"),
    ("a", "part"),
    ("mis", "part"),
];

/// Words that relate to an event or a time.
const RELATES: &str =
    " before after since until till avant apres depuis between entre during while pendant durant lors ";

/// Words that relate what is measured to something else.
const LINKS: &str = " when quand lorsque at on with under sous au aux moment ";
const BETWEEN: &str = " between entre ";
const WHEN: &str = " when quand lorsque ";

/// Words for an extreme, at which another measure may be asked for.
const EXTREMES: &str = " highest lowest maximum minimum max min peak most least haut haute bas basse eleve elevee maximal maximale minimal minimale ";

/// Of what adds up by day, likewise.
const OF_DAYS: &str = " fewest record best first premier premiere premiers oldest longest shortest ";

/// Words for a state of what is counted.
const STATUS: &str = " active inactive resolved stopped completed ended ongoing actif actifs active actives resolu resolue resolus resolues arrete arretes arretee arretees termine termines terminee terminees ";

/// Words that ask how many.
const MANY: &str = " many often combien number nombre count ";

/// Words beside which a state is what is asked: "is my sinusitis resolved?"
const AUXILIARIES: &str =
    " is are was were am be been has have had did do does any est sont etait etaient ai as a ont suis ete i j je ";

/// Words for how bad something is, or how it goes.
const SEVERITY: &str = " severe serious grave graves mild legere legeres leger legers acute aigu aigue aigus aigues chronic chronique chroniques sever severes major minor ";

/// Words for procedures of one sort, which is not told from the others.
const SURGERY: &str = " surgery surgeries operation operations operated chirurgie chirurgies opere operee ";

/// Words for what an allergy is against, likewise.
const AGAINST: &str = " food foods drug drugs medication medications medicine medicines alimentaire alimentaires medicament medicaments seasonal saisonniere saisonnieres medicamenteuse medicamenteuses ";

/// Words for where a visit was, likewise.
const PLACES: &str = " hospital hospitals hopital hopitaux clinic clinique ";

/// Words for when a sample was taken, beside meals.
const FASTING: &str = " fasting fasted jeun postprandial postprandiale ";

/// Words for what it is for.
const PURPOSE: &str = " for on because about pour contre ";

/// What a list is asked for that limits nothing: "my medications for me", "for sure".
const NOBODY: &str = " me moi us nous now sure long how everything anything record file review patient fun real free the this that it them these combien quand what which who comparison instance example ";

/// Where and when something was measured.
const SETTINGS: &str = " admission discharge sortie hospital hopital clinic clinique home ";

/// What somebody did.
const DID: &str = " prescribed prescribe ordered order gave give performed did administered diagnosed diagnose prescrit prescrivait donne diagnostique fait ordonne ";

/// What is done to a dose.
const ALTERS: &str = " doubled halved increased reduced raised lowered tripled double doublee augmente augmentee diminue diminuee reduit reduite ";

/// Words of a number that have no place among those of times.
const HUNDREDS: &str = " hundred hundreds thousand thousands cent mille ";

/// Words for how much is taken.
const DOSES: &str = " dose doses dosage dosages posologie ";

/// Words told together, at most.
const RUN: usize = 4;

/// A question, as the rules look at it.
struct Look<'a> {
    words: &'a [Word],
    found: &'a [Found],
    plan: &'a Plan,
    time: &'a period::Found,
    /// The places that were left out, as the question says.
    left: &'a [usize],
}

/// How the words that a rule caught are said.
#[derive(Clone, Copy)]
enum Say {
    Word,
    /// With what follows it.
    Run,
    /// With the word before it and what follows.
    Pair,
}

/// Whether a word is told; `None` where a rule has nothing to do with it, and the next one looks.
type Rule = fn(&Look<'_>, usize) -> Option<bool>;

/// The rules, in their order: the first that has to do with a word decides.
const RULES: [(Rule, Say); 30] = [
    (|l, i| l.one_sort(i), Say::Word),
    (|l, i| l.fasting(i), Say::Word),
    (|l, i| l.ran(i), Say::Word),
    (|l, i| l.of_workouts(i), Say::Word),
    (|l, i| l.qualified(i), Say::Run),
    (|l, i| l.used(i), Say::Run),
    (|l, i| l.altered(i), Say::Run),
    (|l, i| l.two_events(i), Say::Run),
    (|l, i| l.whoever(i), Say::Run),
    (|l, i| l.ratio(i), Say::Word),
    (|l, i| l.many_tests(i), Say::Word),
    (|l, i| l.of_days(i), Say::Word),
    (|l, i| l.total(i), Say::Word),
    (|l, i| l.counted(i), Say::Word),
    (|l, i| l.nth(i), Say::Word),
    (|l, i| l.flagged(i), Say::Word),
    (|l, i| l.state(i), Say::Word),
    (|l, i| l.workout(i), Say::Run),
    (|l, i| l.without(i), Say::Run),
    (|l, i| l.change(i), Say::Word),
    (|l, i| l.pair(i), Say::Pair),
    (|l, i| l.purpose(i), Say::Run),
    (|l, i| l.setting(i), Say::Word),
    (|l, i| l.relation(i), Say::Run),
    (|l, i| l.at_extreme(i), Say::Run),
    (|l, i| l.beside(i), Say::Run),
    (|l, i| l.prescriptions(i), Say::Word),
    (|l, i| l.status(i), Say::Word),
    (|l, i| l.severity(i), Say::Word),
    (|l, i| l.denied(i), Say::Run),
];

/// The words that nothing used, in runs. `left` are the places that were left out, as the question says.
pub(super) fn unmet(words: &[Word], found: &[Found], plan: &Plan, time: &period::Found, left: &[usize]) -> Vec<String> {
    let look = Look { words, found, plan, time, left };
    let mut out: Vec<String> = Vec::new();
    for (i, w) in words.iter().enumerate() {
        if w.text.is_empty() || time.used.contains(&i) || time.unread.contains(&i) {
            continue;
        }
        let decided = RULES.iter().find_map(|(rule, say)| rule(&look, i).map(|told| (told, *say)));
        let Some((true, say)) = decided else { continue };
        let said = match (look.phrase(i), say) {
            (Some(phrase), Say::Word) => phrase.to_owned(),
            (_, Say::Word) => w.text.clone(),
            (_, Say::Run) => look.run(i),
            (_, Say::Pair) => look.run(i.saturating_sub(1)),
        };
        let known = |o: &String| o.contains(&said) || said.split(' ').any(|w| w == o);
        if !plan.unread.iter().chain(&plan.unlimited).chain(&out).any(known) {
            out.push(said);
        }
    }
    out
}

fn is(list: &str, word: &str) -> bool {
    !word.is_empty() && list.contains(&format!(" {word} "))
}

impl Look<'_> {
    fn text(&self, i: usize) -> &str {
        self.words.get(i).map_or("", |w| w.text.as_str())
    }

    fn before(&self, i: usize) -> &str {
        i.checked_sub(1).map_or("", |i| self.text(i))
    }

    fn clause(&self, i: usize) -> usize {
        self.words.get(i).map_or(0, |w| w.clause)
    }

    fn is_used(&self, i: usize) -> bool {
        self.words.get(i).is_some_and(|w| w.used)
    }

    fn of_clause(&self, i: usize) -> impl Iterator<Item = &Found> {
        let clause = self.clause(i);
        self.found.iter().filter(move |f| f.clause == clause)
    }

    fn measured(&self, i: usize) -> bool {
        clause::has(self.found, self.clause(i), Area::Measure)
    }

    fn taken(&self, i: usize) -> bool {
        clause::has(self.found, self.clause(i), Area::Medication)
    }

    fn listed(&self, i: usize) -> bool {
        self.of_clause(i).any(|f| f.topic.is_some_and(Topic::is_list))
    }

    /// Whether something is measured or listed in the clause of a word.
    fn here(&self, i: usize) -> bool {
        self.measured(i) || self.listed(i)
    }

    /// A list of things in the clause of a word, before it, that is shown.
    fn things_before(&self, i: usize) -> bool {
        let things = |t: Topic| t.is_of_things() && self.plan.topics.contains(&t);
        self.of_clause(i).any(|f| f.at < i && f.topic.is_some_and(things))
    }

    /// Whether a time follows.
    fn dated(&self, i: usize) -> bool {
        (i + 1..i + 4).any(|k| self.time.used.contains(&k) || self.time.unread.contains(&k))
    }

    /// The words of a clause from a place on.
    fn run(&self, at: usize) -> String {
        let of = self.words.iter().skip(at).take(RUN).take_while(|w| w.clause == self.clause(at));
        of.map(|w| w.text.as_str()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// The phrase for a state that begins at a word.
    fn phrase(&self, i: usize) -> Option<&'static str> {
        let stands = |p: &str| p.split(' ').enumerate().all(|(k, p)| self.text(i + k) == p);
        STATE_PHRASES.iter().copied().find(|p| stands(p))
    }

    /// Whether another word of the clause is one of these.
    fn beside_one(&self, i: usize, list: &str) -> bool {
        let clause = self.clause(i);
        self.words.iter().enumerate().any(|(k, w)| k != i && w.clause == clause && is(list, &w.text))
    }

    fn extreme(&self, i: usize) -> bool {
        is(EXTREMES, self.text(i)) || self.beside_one(i, EXTREMES)
    }

    /// Whether what is named is what the question compares with.
    fn of_event(&self, f: &Found) -> bool {
        let event = self.plan.event.as_ref().and_then(|e| e.concept);
        event.is_some_and(|e| f.concepts.iter().any(|c| c.key == e.key))
    }

    fn compares(&self) -> bool {
        self.plan.event.as_ref().is_some_and(|e| e.concept.is_some())
    }

    fn left_soon(&self, i: usize) -> bool {
        self.left.iter().any(|at| (i..i + 8).contains(at))
    }

    /// "What surgeries did I have?", "hospital visits": procedures and visits are listed, and these are not told from
    /// others.
    fn one_sort(&self, i: usize) -> Option<bool> {
        let shows = |t| self.plan.topics.contains(&t) && self.of_clause(i).any(|f| f.topic == Some(t));
        let surgery = shows(Topic::Procedures) && is(SURGERY, self.text(i));
        let visits = shows(Topic::Encounters)
            && self.plan.visits.is_empty()
            && is(PLACES, self.text(i))
            && self.beside_one(i, " visit visits visite visites consultations appointment appointments ");
        // "Check-ups": the word stands for any visit, and no code says which were routine.
        let routine = |w: &str| is(" check checkup checkups ", w) || w == "controle";
        let visits = visits || (shows(Topic::Encounters) && self.plan.visits.is_empty() && routine(self.text(i)));
        // "Food allergies"
        let allergies = shows(Topic::Allergies) && is(AGAINST, self.text(i));
        (surgery || visits || allergies).then_some(true)
    }

    /// "Migraine medication", "documents about migraine": all of the list is shown, beside what is named.
    fn qualified(&self, i: usize) -> Option<bool> {
        let lists = |t: Topic| t.is_of_things() && t != Topic::Conditions && self.plan.topics.contains(&t);
        let other = |f: &Found| {
            let vaccines = f.topic == Some(Topic::Immunizations) && self.plan.topics.contains(&Topic::Encounters);
            vaccines || f.concepts.iter().any(|c| c.area == Area::Condition)
        };
        let named = self.of_clause(i).any(|f| f.at == i && other(f));
        let led = self.before(i).is_empty() || !is(" for pour contre about on ", self.before(i));
        (named && led && self.of_clause(i).any(|f| f.topic.is_some_and(lists))).then_some(true)
    }

    /// "Since the dose was increased": it is the beginning that is compared with.
    fn used(&self, i: usize) -> Option<bool> {
        self.is_used(i).then(|| is(DOSES, self.text(i)) && self.compares() && self.measured(i))
    }

    /// "Since I doubled metformin"
    fn altered(&self, i: usize) -> Option<bool> {
        let follows = |f: &Found| (i + 1..i + 4).contains(&f.at) && self.of_event(f);
        (is(ALTERS, self.text(i)) && self.found.iter().any(follows)).then_some(true)
    }

    /// "After metformin but before the statin": one of them is compared with.
    fn two_events(&self, i: usize) -> Option<bool> {
        let other = |f: &&Found| f.concepts.iter().any(|c| c.area != Area::Measure) && !self.of_event(f);
        (is(RELATES, self.text(i)) && self.compares()).then(|| {
            self.found.iter().any(|f| (i + 1..i + 5).contains(&f.at) && other(&f))
                || (is(BETWEEN, self.text(i)) && !self.dated(i))
        })
    }

    /// "Fasting glucose": no record is told from another by it.
    fn fasting(&self, i: usize) -> Option<bool> {
        (is(FASTING, self.text(i)) && self.measured(i)).then_some(true)
    }

    /// "Who prescribed metformin?"
    fn whoever(&self, i: usize) -> Option<bool> {
        let first = (0..i).all(|k| self.text(k).is_empty());
        let asks = matches!(self.text(i), "who" | "where") || (self.text(i) == "qui" && first);
        let did = (i + 1..i + 5).any(|k| is(DID, self.text(k)));
        (asks && did && (self.here(i) || self.of_clause(i).any(|f| !f.concepts.is_empty()))).then_some(true)
    }

    /// "HDL to LDL ratio", where no record is one.
    fn ratio(&self, i: usize) -> Option<bool> {
        (is(" ratio rapport ", self.text(i)) && self.measured(i)).then_some(self.plan.concepts.len() > 1)
    }

    /// "How many blood tests did I have?": the latest of each is shown.
    fn many_tests(&self, i: usize) -> Option<bool> {
        let named = self.of_clause(i).any(|f| f.topic == Some(Topic::Laboratory));
        let bare =
            self.of_clause(i).next().is_none() && self.beside_one(i, " result results test tests resultat resultats ");
        let tests = self.plan.topics.contains(&Topic::Laboratory) && (named || bare);
        (tests && is(MANY, self.text(i))).then_some(true)
    }

    /// "Max steps": of what adds up by day, no day is set against the others.
    fn of_days(&self, i: usize) -> Option<bool> {
        let adds_up = |f: &Found| f.concepts.iter().any(|c| c.style == Style::Total);
        let most = is(" plus moins ", self.text(i)) && is(" le la les ", self.before(i));
        let long = is(" longue longues courte courtes ", self.text(i)) && self.before(i) == "plus";
        let extreme = most || long || is(EXTREMES, self.text(i)) || is(OF_DAYS, self.text(i));
        let recent = is(" recent recents recente recentes ", self.text(i + 1));
        // "La plus longue": the word begins a clause of its own.
        let named = if most { self.found.iter().any(adds_up) } else { self.of_clause(i).any(adds_up) };
        (extreme && !recent && named).then_some(true)
    }

    /// "Total workout time": lists are counted and not added up.
    fn total(&self, i: usize) -> Option<bool> {
        let sums = " total totale average moyenne moyen duration duree ";
        (is(sums, self.text(i)) && self.listed(i) && !self.measured(i) && !self.listed_labs(i)).then_some(true)
    }

    fn listed_labs(&self, i: usize) -> bool {
        self.of_clause(i).any(|f| matches!(f.topic, Some(Topic::Laboratory | Topic::Vitals)))
    }

    fn counted(&self, i: usize) -> Option<bool> {
        // "Since atorvastatin 40 mg": looked for among its entries.
        if self.plan.event.as_ref().is_some_and(|e| e.strength.as_deref() == Some(self.text(i))) {
            return Some(false);
        }
        let word = self.text(i);
        let digits = word.bytes().all(|b| b.is_ascii_digit());
        let counted = digits || is(HUNDREDS, word) || period::number(word).is_some_and(|n| n > 1);
        (counted && self.here(i) && !self.taken(i)).then_some(!matches!(word, "couple" | "few" | "quelques"))
    }

    fn nth(&self, i: usize) -> Option<bool> {
        let word = self.text(i);
        let nth = event::ordinal(word).is_some() || day_number(word) || matches!(word, "top" | "bottom");
        (nth && self.here(i)).then(|| self.plan.event.as_ref().is_none_or(|e| e.nth.is_none()))
    }

    /// "Abnormal LDL", "LDL above range" ask for some of them; "is my LDL abnormal?" does not.
    fn flagged(&self, i: usize) -> Option<bool> {
        let copula = self.beside_one(i, " is are was were est sont etait etaient ");
        let calm = is(" normal normale ", self.text(i)) && self.of_clause(i).any(|f| f.at == i + 1);
        let values = is(" high low elevated ", self.text(i)) && self.beside_one(i, " values results readings ");
        let some = values
            || is(ABNORMAL, self.text(i))
            || is(" normaux normales ", self.text(i))
            || self.phrase(i).is_some()
            || calm;
        (some && self.measured(i) && !copula).then_some(true)
    }

    /// "Running distance" is shown of all that was walked and run, and "de ma dernière course" is known to no table.
    fn ran(&self, i: usize) -> Option<bool> {
        let moves = |f: &Found| f.concepts.iter().any(|c| matches!(c.key, "distance" | "active-energy"));
        let walked = self.beside_one(i, " walking walked marche and et ");
        let ran = is(" running courue couru ", self.text(i)) && !walked && self.of_clause(i).any(moves);
        let course = is(" course courses ", self.text(i)) && is(" derniere dernieres mes ", self.before(i));
        (ran || (course && self.measured(i))).then_some(true)
    }

    /// "Last run heart rate": what is measured is shown of all days.
    fn of_workouts(&self, i: usize) -> Option<bool> {
        let named = self.of_clause(i).any(|f| f.topic == Some(Topic::Workouts) && f.at == i);
        let sums = " total totale average mean moyenne moyen per each par chaque ";
        let some = self.beside_one(i, " last latest dernier derniere derniers dernieres ") || self.beside_one(i, sums);
        (named && self.measured(i) && (some || !self.plan.topics.contains(&Topic::Workouts))).then_some(true)
    }

    /// "Calories in my last run", likewise.
    fn workout(&self, i: usize) -> Option<bool> {
        let next = self.of_clause(i).any(|f| f.topic == Some(Topic::Workouts) && (i + 1..i + 6).contains(&f.at));
        let led = is(" in during on of for dans pendant lors durant while ", self.text(i));
        let last = (i + 1..i + 4).any(|k| event::is_last(self.text(k)));
        (led && next && self.measured(i) && (last || !self.plan.topics.contains(&Topic::Workouts))).then_some(true)
    }

    fn state(&self, i: usize) -> Option<bool> {
        let state = is(STATES, self.text(i)) || self.phrase(i).is_some();
        (state && self.measured(i)).then(|| self.beside_one(i, WHICH))
    }

    fn without(&self, i: usize) -> Option<bool> {
        let ends = self.plan.event.as_ref().is_some_and(|e| e.end);
        is(WITHOUT, self.text(i)).then(|| !self.left_soon(i) && !ends && (self.here(i) || self.taken(i)))
    }

    fn change(&self, i: usize) -> Option<bool> {
        (is(CHANGES, self.text(i)) && self.listed(i) && !self.measured(i)).then_some(true)
    }

    fn pair(&self, i: usize) -> Option<bool> {
        let pair = i > 0 && PAIRS.contains(&(self.before(i), self.text(i)));
        pair.then(|| !self.left_soon(i) && (self.here(i) || self.taken(i)))
    }

    /// "Medications for my migraine", "visits because of my ankle": all of the list is shown.
    fn purpose(&self, i: usize) -> Option<bool> {
        let led = is(PURPOSE, self.text(i))
            || (is(" due related lies liees ", self.text(i)) && is(" to a aux ", self.text(i + 1)));
        if !led || !self.things_before(i) || self.dated(i) {
            return None;
        }
        let clause = self.clause(i);
        let filler = |k: &usize| is(" my the a an of l la le les mon ma mes d de du des to ", self.text(*k));
        let what = (i + 1..self.words.len()).take_while(|k| self.clause(*k) == clause).find(|k| !filler(k))?;
        (!is(NOBODY, self.text(what)) && !self.time.used.contains(&what)).then_some(true)
    }

    /// "My CRP on admission", "labs at discharge"
    fn setting(&self, i: usize) -> Option<bool> {
        let led = is(" at on upon during before after in a l la ma mon my the ", self.before(i));
        let asked = self.measured(i) || self.listed_labs(i);
        (is(SETTINGS, self.text(i)) && led && asked && self.plan.event.is_none()).then_some(true)
    }

    fn relation(&self, i: usize) -> Option<bool> {
        let word = self.text(i);
        // "Before 2015 vs after"
        let alone = !self.found.is_empty() && !self.words.iter().skip(i + 1).any(|w| !w.text.is_empty());
        (is(RELATES, word) && (self.here(i) || alone)).then(|| {
            // "How long since my last LDL?"
            let long = matches!(word, "since" | "depuis") && self.measured(i);
            let next = |f: &&Found| (i + 1..i + 5).contains(&f.at);
            let measure = |f: &Found| f.concepts.iter().any(|c| c.area == Area::Measure);
            let other = self.of_clause(i).any(|f| f.at < i && measure(f));
            let itself = long && !other && self.found.iter().filter(next).any(measure);
            let dated = self.dated(i);
            (is(BETWEEN, word) && !dated) || (self.plan.event.is_none() && !itself && !dated)
        })
    }

    /// "When my LDL was highest, what was my HDL?"
    fn at_extreme(&self, i: usize) -> Option<bool> {
        let measure = self.of_clause(i).any(|f| f.at == i + 1 && !f.concepts.is_empty());
        let leads = measure || is(" my the i mon ma mes le la l j ", self.text(i + 1));
        let asks = is(WHEN, self.text(i)) && self.extreme(i) && leads;
        asks.then(|| {
            let all = self.found.iter().flat_map(|f| &f.concepts).filter(|c| c.area == Area::Measure);
            all.map(|c| c.key).collect::<BTreeSet<_>>().len() > 1
        })
    }

    /// "My weight when I was diagnosed": what is measured, and then what it is related to.
    fn beside(&self, i: usize) -> Option<bool> {
        let word = self.text(i);
        (is(LINKS, word) && self.measured(i) && self.plan.event.is_none() && !self.dated(i)).then(|| {
            let of = |f: &&Found| !(f.concepts.is_empty() && f.topic.is_none());
            let measure = |f: &Found| f.concepts.iter().any(|c| c.area == Area::Measure);
            let before = self.of_clause(i).filter(of).any(|f| f.at < i && measure(f));
            let after = self.of_clause(i).filter(of).find(|f| (i + 1..i + 8).contains(&f.at));
            before && after.is_some_and(|f| !measure(f) || is(WHEN, word) || self.extreme(i))
        })
    }

    /// "How many of my sprains were resolved?", "resolved stress"
    fn status(&self, i: usize) -> Option<bool> {
        let status = is(STATUS, self.text(i)) && !self.measured(i) && !self.listed(i);
        status.then(|| self.beside_one(i, MANY) || !self.beside_one(i, AUXILIARIES))
    }

    /// "How many lisinopril prescriptions are stopped?": what is named is shown as one.
    fn prescriptions(&self, i: usize) -> Option<bool> {
        let several = !self.beside_one(i, AUXILIARIES)
            || self.beside_one(i, MANY)
            || self.beside_one(i, " prescriptions ordonnances findings episodes ");
        (is(STATUS, self.text(i)) && several && self.of_clause(i).any(|f| !f.concepts.is_empty())).then_some(true)
    }

    /// "Severe allergies"
    fn severity(&self, i: usize) -> Option<bool> {
        let lists = |t: Topic| matches!(t, Topic::Conditions | Topic::Allergies) && self.plan.topics.contains(&t);
        (is(SEVERITY, self.text(i)) && self.of_clause(i).any(|f| f.topic.is_some_and(lists))).then_some(true)
    }

    fn denied(&self, i: usize) -> Option<bool> {
        (self.text(i) == "not" && self.here(i) && !self.dated(i)).then(|| !self.left_soon(i))
    }
}

/// What people do with what is measured, and with a question.
const EVERYDAY: &str = " daily burn burned burnt burning drink drank drunk drinking eat ate eaten eating walk walked walking sleep slept sleeping breathe breathing weigh weighed begin began begun started through avais feel feels felt doing bu bue bus bues boire brule brulee brules brulees bruler mange mangee manger marche marchee dormi dormir pese peser demande demander respire trop assez good bad ok great healthy bon bonne ";

/// Whether a word that nobody knows would limit what is named beside it: not whom somebody is asked for, nor what
/// is done with what is measured.
pub(super) fn limits(word: &str) -> bool {
    !whose::is_kin(word) && !event::is_end(word) && !EVERYDAY.contains(&format!(" {word} "))
}

/// "The 5th" of a month that nobody names.
fn day_number(word: &str) -> bool {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
    digits.is_some_and(|d| (1..=2).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_digit()))
}
