//! What the person sees of a memory, in words.

use super::{Note, Place, Quarantine, is_note, open_note};
use crate::audit::day;
use crate::error::Result;
use crate::id::Timestamp;
use crate::label::Integrity;
use crate::lang::Lang;
use crate::policy::{Basis, Tag};
use crate::record::{Author, Kind};
use crate::vault::check::or_damaged;
use crate::vault::ingest::Partition;
use crate::vault::release::{Audited, Release};
use crate::vault::state::State;
use std::collections::BTreeSet;

/// Sources that are named; the others are counted.
const NAMED: usize = 3;

impl Partition {
    /// As [`memories`](Self::memories), each in words: what it says, who wrote it and whether the
    /// person confirmed it, what it was made from, and whether and why it is set aside.
    ///
    /// ```
    /// # use healthspace::{consent::Recipient, Environment, HealthSpace, KdfParams, Lang, Purpose, Unlock};
    /// # let dir = std::env::temp_dir().join(format!("hs-doc-words-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// # let unlock = Unlock::passphrase("x").with_cost(KdfParams::FLOOR);
    /// # let (space, _) = HealthSpace::create(dir.join("me.hs"), &unlock, Environment::default())?;
    /// space.session(Recipient::model("eu-llm")?, Purpose::PatientRequest)?.remember_in("general", "Likes tea")?;
    /// let told = space.partition("general")?.memories_in_words(Lang::En)?;
    /// assert!(told.value()[0].starts_with("“Likes tea”. Written by an assistant on "));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`memories`](Self::memories).
    pub fn memories_in_words(&self, lang: Lang) -> Result<Audited<Vec<String>>> {
        self.inner.show(&self.name, b"memories", |txn, state, scope, now| {
            let mut tag = Tag { label: scope.label(), basis: Basis::default() };
            let (mut value, mut items, mut categories, mut unread) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
            for record in scope.notes().into_iter().filter(|r| r.facts().all(|f| f.kind() == Kind::Memory)) {
                let Some(note) = or_damaged(open_note(&self.inner.base, txn, scope, record))? else {
                    unread += 1;
                    continue;
                };
                tag = tag.join(&scope.tag_of(record));
                let sources = sources(state, &note.parents, lang);
                value.push(tell(&note, record.author(), &sources, state.quarantine(scope, record, now), lang));
                items.push((record.id(), 0));
                categories.extend(record.facts().map(|f| f.class().category));
            }
            Ok((Release { value, items, categories, unread }, tag))
        })
    }
}

/// The records that a memory was made from, by what they say that they are.
fn sources(state: &State, parents: &[Place], lang: Lang) -> Vec<String> {
    let mut named: Vec<String> = parents.iter().take(NAMED).map(|place| source(state, *place, lang)).collect();
    match (parents.len().saturating_sub(NAMED), lang) {
        (0, _) => {}
        (n, Lang::En) => named.push(format!("{n} more")),
        (n, Lang::Fr) => named.push(format!("{n} de plus")),
    }
    named
}

fn source(state: &State, place: Place, lang: Lang) -> String {
    let words = |en: &str, fr: &str| if lang == Lang::En { en.to_owned() } else { fr.to_owned() };
    let Some(record) = state.record_at(place) else {
        return words("something that is gone", "quelque chose qui n’existe plus");
    };
    if is_note(record.type_name()) {
        return words("another memory", "un autre souvenir");
    }
    let Some(fact) = record.facts().next().map(|f| f.to_row().fact) else {
        return words("an older version of a record", "une version antérieure d’une donnée");
    };
    match fact.when {
        Some(when) => format!("{} ({})", fact.text, day(Timestamp::from_millis(when.at), lang)),
        None => fact.text,
    }
}

fn tell(note: &Note, author: Author, sources: &[String], quarantine: Option<Quarantine>, lang: Lang) -> String {
    let at = day(Timestamp::from_millis(note.at), lang);
    let confirmed = note.label.integrity >= Integrity::User;
    let (who, from, aside) = match lang {
        Lang::En => (
            match (author, confirmed) {
                (Author::Person, _) => format!("Written by you on {at}."),
                (_, true) => format!("Written by an assistant on {at}, confirmed by you."),
                (_, false) => format!("Written by an assistant on {at}, not confirmed by you."),
            },
            " Made from: ",
            match quarantine {
                None => "",
                Some(Quarantine::ConsentEnded) => " Set aside: a permission that it rests on has ended.",
                Some(Quarantine::SourceGone) => " Set aside: what it was made from is gone or was replaced.",
            },
        ),
        Lang::Fr => (
            match (author, confirmed) {
                (Author::Person, _) => format!("Écrit par vous le {at}."),
                (_, true) => format!("Écrit par un assistant le {at}, confirmé par vous."),
                (_, false) => format!("Écrit par un assistant le {at}, non confirmé par vous."),
            },
            " D’après\u{a0}: ",
            match quarantine {
                None => "",
                Some(Quarantine::ConsentEnded) => " Mis de côté\u{a0}: une autorisation dont il dépend a pris fin.",
                Some(Quarantine::SourceGone) => {
                    " Mis de côté\u{a0}: ce dont il est issu n’existe plus ou a été remplacé."
                }
            },
        ),
    };
    let said = match lang {
        Lang::En => format!("\u{201c}{}\u{201d}.", note.text),
        Lang::Fr => format!("«\u{a0}{}\u{a0}».", note.text),
    };
    let from = if sources.is_empty() { String::new() } else { format!("{from}{}.", sources.join(", ")) };
    format!("{said} {who}{from}{aside}")
}
