//! Whom a question is about: a space holds one person's records, and "my son's LDL" is not theirs.
//!
//! A closed list of kin, English and French, after a possessive ("my little brother", "ma mère"),
//! as an owner ("mom's LDL") or with one of their own ("la fille de Paul"). Who merely asks or is
//! told ("my mother asks about my LDL") owns nothing.

use core::ops::Range;

const KIN: &str = " son sons daughter daughters child children kid kids baby mother mom mum mommy mummy father dad daddy \
parent parents husband wife spouse partner boyfriend girlfriend brother brothers sister sisters twin grandmother grandma granny \
grandfather grandpa grandson granddaughter grandchild grandchildren uncle aunt cousin nephew niece stepson stepdaughter friend \
fils fille filles enfant enfants bebe mere maman pere papa mari femme epoux epouse conjoint conjointe compagnon compagne \
partenaire frere freres soeur soeurs grandmere grandpere mamie papi papy oncle tante cousine neveu ami amie copain copine ";

/// Kin that is named without a possessive.
const NAMED: &str = " mom mum mommy dad daddy grandma grandpa maman papa mamie papi papy ";

const MINE: &str = " my mon ma mes ";
const THEIRS: &str = " our his her their notre nos sa ses leur leurs ";
/// French "his"; in English it is kin itself.
const HIS: &str = "son";

/// What may stand between a possessive and kin.
const BETWEEN: &str = " young younger old older little big eldest oldest youngest late teenage adult first second only year years month \
months step petit petite petits petites grand grande grands jeune aine ainee cadet cadette beau belle ex dear ";

/// What a person does who asks for somebody.
const ASKS: &str = " ask asks asked asking say says said think thinks thought want wants wanted wonder wonders wondered wondering \
told tells worry worries worried insists demande demandait dit pense veut voudrait croit inquiete ";

/// What stands before somebody who is only spoken to or gone with.
const BESIDE: &str = " to with by from tell told show shown explain inform like than avec par comme ";

/// What makes an owner of kin that follows: "the LDL of my son".
const OF: &str = " of for de d du pour chez ";

const ARTICLES: &str = " the a an le la les l un une des ";

/// The words of a question that are about somebody else; `stated` where some are, be they known or
/// not.
pub(super) struct Others {
    pub(super) words: Vec<bool>,
    pub(super) stated: bool,
}

/// Whether a word is what a parent calls a child.
pub(super) fn is_child(word: &str) -> bool {
    is(" son daughter child kid baby fils fille enfant bebe ", word)
}

/// Whether a word is kin.
pub(super) fn is_kin(word: &str) -> bool {
    is(KIN, word)
}

fn is(list: &str, word: &str) -> bool {
    !word.is_empty() && list.contains(&format!(" {word} "))
}

/// Finds them, among folded words with the number of their clause.
pub(super) fn others(words: &[(String, usize)]) -> Others {
    let mut out = Others { words: vec![false; words.len()], stated: false };
    let mut from = 0;
    while let Some((_, clause)) = words.get(from) {
        let to = from + words.iter().skip(from).take_while(|(_, c)| c == clause).count();
        let texts: Vec<&str> = words.iter().take(to).skip(from).map(|(w, _)| w.as_str()).collect();
        // "My father has diabetes, and me?" asks the same of oneself: only who it is about is not read.
        let mine_too = too(words.get(to..).unwrap_or_default());
        for range in of_clause(&texts) {
            let kin: Vec<usize> = kin(&texts).into_iter().flatten().collect();
            let marked = out.words.iter_mut().enumerate().take(from + range.end).skip(from + range.start);
            marked.filter(|(i, _)| !mine_too || kin.contains(&(i - from))).for_each(|(_, w)| *w = true);
            out.stated = true;
        }
        from = to;
    }
    out
}

/// Whether what follows only turns to the person who asks: "and me?", "what about mine?".
fn too(words: &[(String, usize)]) -> bool {
    let fills = |w: &str| {
        is(
            " and et what how about do does have has am i as also too aussi est ce que c qu en ai suis je le la les the ",
            w,
        )
    };
    let me = |w: &str| is(" me mine myself moi mien mienne miens miennes ", w);
    let texts = || words.iter().map(|(w, _)| w.as_str());
    texts().any(|w| me(w) || w == "i") && texts().all(|w| me(w) || fills(w))
}

/// The parts of a clause that are about others.
fn of_clause(words: &[&str]) -> Vec<Range<usize>> {
    let w = |i: usize| words.get(i).copied().unwrap_or_default();
    let kin = kin(words);
    let is_kin = |i: usize| kin.iter().any(|k| k.contains(&i));
    // Words of one's own: "my LDL", "did I".
    let own = |i: usize| !is_kin(i) && (is(MINE, w(i)) || is(" i im ive j je mine mien mienne moi ", w(i)));
    let possessive = |i: usize| own(i) && is(MINE, w(i));
    let mut out = Vec::new();
    // A child that is not born yet is the person's own: "when is my baby due?"
    let unborn = |k: &Range<usize>| {
        k.clone().any(|i| matches!(w(i), "baby" | "child" | "bebe" | "enfant"))
            && words.iter().any(|w| is(" due expected prevu prevue arrive arriver naitra naitre terme ", w))
            || (k.clone().any(|i| w(i) == "baby") && words.ends_with(&["be", "born"]))
    };
    for k in kin.iter().filter(|k| !beside(words, k) && !unborn(k)) {
        // What follows is theirs, up to the next word of one's own.
        let end = (k.end..words.len()).find(|i| own(*i)).unwrap_or(words.len());
        let before = || (0..k.start).rev();
        let start = if k.start.checked_sub(1).is_some_and(|i| is(OF, w(i))) {
            match before().find(|i| possessive(*i)) {
                // "My LDL since the birth of my son": theirs as far as the article.
                Some(p) => (p + 1..k.start).rev().find(|i| is(ARTICLES, w(*i))).unwrap_or(k.start),
                None => 0,
            }
        } else if (0..words.len()).any(own) {
            k.start
        } else {
            0
        };
        out.push(start..end);
    }
    out
}

/// Where kin stands in a clause, each with its possessive and its adjectives.
fn kin(words: &[&str]) -> Vec<Range<usize>> {
    let w = |i: usize| words.get(i).copied().unwrap_or_default();
    let between = |word: &str| is(BETWEEN, word) || word.bytes().all(|b| b.is_ascii_digit());
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut next = 0;
    for at in 0..words.len() {
        if at < next || !is(KIN, w(at)) {
            continue;
        }
        let first = (next..at).rev().find(|i| !between(w(*i)));
        let lead = first.map_or("", w);
        // "Mother in law", "mom s": whose it is.
        let law = if w(at + 1) == "in" && w(at + 2) == "law" { 3 } else { 1 };
        let owns = w(at + law) == "s";
        let of = matches!(lead, "la" | "le" | "les" | "the") && (is(" de d du des of ", w(at + 1)) || owns);
        if is(MINE, lead) || is(THEIRS, lead) || lead == HIS || of || is(NAMED, w(at)) {
            let start =
                if is(NAMED, w(at)) && !(is(MINE, lead) || is(THEIRS, lead)) { at } else { first.unwrap_or(at) };
            next = at + law;
            out.push(start..next);
        }
    }
    out
}

/// Whether kin only asks, is told or comes along.
fn beside(words: &[&str], kin: &Range<usize>) -> bool {
    let w = |i: usize| words.get(i).copied().unwrap_or_default();
    let skip = |i: usize| {
        if matches!(w(i), "s" | "is" | "was" | "also" | "just" | "me" | "m" | "a" | "se") { i + 1 } else { i }
    };
    // "Lower than my friend's" asks for what is theirs, too.
    let compared = w(kin.end) == "s" && kin.start.checked_sub(1).is_some_and(|i| is(" than like as ", w(i)));
    let verb = is(ASKS, w(skip(skip(kin.end))));
    verb || (!compared && kin.start.checked_sub(1).is_some_and(|i| is(BESIDE, w(i))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::clause;

    fn theirs(q: &str) -> String {
        let words = clause::split(q);
        let found = others(&words);
        let all: Vec<&str> = words.iter().zip(found.words).filter(|(_, o)| *o).map(|((w, _), _)| w.as_str()).collect();
        assert_eq!(found.stated, !all.is_empty());
        all.join(" ")
    }

    #[test]
    fn what_is_about_kin_is_told_from_what_is_ones_own() {
        for (q, expected) in [
            ("What is my son's LDL?", "what is my son s ldl"),
            ("Can I see my 11 year old daughter's vaccines?", "my 11 year old daughter s vaccines"),
            ("mom's LDL", "mom s ldl"),
            ("my mother-in-law's allergies", "my mother in law s allergies"),
            ("the baby's weight", "the baby s weight"),
            ("Does my wife have diabetes?", "does my wife have diabetes"),
            ("Which vaccines has my daughter had?", "which vaccines has my daughter had"),
            ("I want the LDL of my son", "i want the ldl of my son"),
            ("my LDL and my son's LDL", "and my son s ldl"),
            ("Should I worry about my father's PSA?", "my father s psa"),
            ("my LDL since the birth of my son", "the birth of my son"),
            ("since my son was born my LDL is high", "my son was born"),
            ("Quel est le LDL de mon fils ?", "quel est le ldl de mon fils"),
            ("Ma mère est-elle allergique à la pénicilline ?", "ma mere est elle allergique a la penicilline"),
            ("les vaccins de la fille de Paul", "les vaccins de la fille de paul"),
            ("Quels médicaments prend ma grand-mère ?", "quels medicaments prend ma grand mere"),
            ("Mon LDL, et celui de mon frère ?", "et celui de mon frere"),
            ("le poids de son fils", "le poids de son fils"),
            ("Mon père a du diabète, et moi ?", "mon pere"),
            ("Le cholestérol de mon mari et le mien", "mon mari"),
            ("les allergies de ma mère et les miennes", "ma mere"),
            ("My father has diabetes, do I?", "my father"),
            ("my husband's allergies and mine", "my husband"),
            ("My father has diabetes, and I want my LDL", "my father has diabetes"),
            // One's own, although kin is named.
            ("My mother asks about my LDL", ""),
            ("My wife is worried about my LDL", ""),
            ("My mom's asking what my LDL is", ""),
            ("Tell my husband what my LDL is", ""),
            ("When was my visit with my mother?", ""),
            ("Did I get diabetes from my father?", ""),
            ("Do I have a family history of diabetes?", ""),
            ("Ma femme demande mon LDL", ""),
            ("Quel est son LDL ?", ""),
            ("When is my baby due?", ""),
            ("When will my baby be born?", ""),
            ("Pour quand est prévu mon bébé ?", ""),
            ("my baby's weight", "my baby s weight"),
            ("What is my LDL?", ""),
            ("my child", "my child"),
            ("Is my son's LDL worse than my LDL?", "my son s ldl worse than"),
            ("Is my LDL lower than my friend's?", "my friend s"),
            ("Am I taller than my father?", ""),
        ] {
            assert_eq!(theirs(q), expected, "{q}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_word_is_judged(q in "((my|mon|the|la|de|of|son|fils|mother|s|i|asks|LDL|and) ?){0,12}") {
            let words = clause::split(&q);
            proptest::prop_assert_eq!(others(&words).words.len(), words.len());
        }
    }
}
