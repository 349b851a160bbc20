//! What is on record of relatives: a family history belongs to the person whose record it is, and
//! says nothing of what the person has.

use super::fold;
use super::page::{Block, Line};
use super::view::View;
use crate::error::Result;

/// Lines at most.
const LISTED: usize = 30;

/// Words that ask for it.
const WORDS: &str = " relatives ancestors proches family families familial familiale familiaux familiales famille hereditary heredity hereditaire hereditaires \
heredite genetic genetique inherited ";

/// Whether a question speaks of the family.
pub(super) fn asked(question: &str) -> bool {
    fold::words(question).iter().any(|w| is_word(w))
}

/// Whether a word asks for it: an income of the family is no answer to that.
pub(super) fn is_word(word: &str) -> bool {
    WORDS.contains(&format!(" {word} "))
}

/// The family history on record; `None` where there is none.
pub(super) fn block(view: &View<'_>) -> Result<Option<Block>> {
    let mut rows = view.kind_rows(crate::record::Kind::Other)?;
    rows.retain(|r| r.type_name == "FamilyMemberHistory");
    super::view::sort(&mut rows);
    let title = view.say(
        "Family history (of relatives, not of the person)",
        "Antécédents familiaux (des proches, pas de la personne)",
    );
    let mut block = Block::new(title.clone(), title);
    for row in rows.iter().take(LISTED) {
        let f = &row.fact;
        let mut text = view.source_words(f);
        if !f.note.trim().is_empty() {
            text = format!("{text}{}{}", view.colon(), view.quote(&f.note));
        }
        text = format!("{text} ({})", view.dated(f));
        block.push(Line::new(1).text(text).cite(row));
    }
    block.unlisted = u32::try_from(rows.len().saturating_sub(LISTED)).unwrap_or(u32::MAX);
    Ok((!block.lines.is_empty()).then_some(block))
}

/// That no record tells of relatives.
pub(super) fn none(view: &View<'_>) -> String {
    view.say(
        "no family history on record available here; what follows is of the person, not of relatives",
        "aucun antécédent familial au dossier disponible ici ; ce qui suit concerne la personne, pas ses proches",
    )
}
