//! The words that lead to a time, and make another one of it: "at the end of", "except in", "compared with".

use super::number;

/// Whether a question sets one time against another: "higher in 2019 than in 2018".
pub(super) fn compares(words: &[String]) -> bool {
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    let against = |w: &str| {
        matches!(w, "vs" | "versus" | "compare" | "compares" | "comparee" | "compared" | "comparing" | "rapport")
    };
    let more = |w: &str| {
        matches!(
            w,
            "plus" | "moins" | "mieux" | "autant" | "more" | "less" | "better" | "worse" | "fewer" | "different"
        ) || (w.len() > 4 && w.ends_with("er") && !matches!(w, "after" | "over" | "under" | "other" | "ever" | "never"))
    };
    let than = |i: usize| matches!(word(i), "than" | "que" | "qu") && (0..i).any(|k| more(word(k)));
    (0..words.len()).any(|i| against(word(i)) || than(i))
}

/// The word that names a part of the year or month at a place, which nothing here knows: the end of
/// 2015. That something began or ended with it is understood.
pub(super) fn part_of(words: &[String], at: usize) -> Option<core::ops::Range<usize>> {
    let filler = |w: &str| matches!(w, "of" | "the" | "de" | "d" | "des" | "l" | "annee" | "annees" | "year");
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    let part = (0..at).rev().find(|i| !filler(word(*i)))?;
    // "The first week of August"
    let which = |w: &str| {
        matches!(w, "first" | "second" | "third" | "fourth" | "last" | "1st" | "2nd" | "3rd" | "4th")
            || matches!(
                w,
                "premiere" | "deuxieme" | "troisieme" | "quatrieme" | "derniere" | "1ere" | "2e" | "3e" | "4e"
            )
    };
    if matches!(word(part), "week" | "semaine" | "quinzaine") {
        let lead = part.checked_sub(1).filter(|i| which(word(*i)))?;
        return Some(lead..part + 1);
    }
    // "The first of this month"
    if matches!(word(part), "first" | "premier") && part + 1 < at && matches!(word(part + 1), "of" | "de") {
        return Some(part..part + 1);
    }
    let (first, last) = match word(part) {
        "early" | "beginning" | "start" | "debut" => (true, false),
        "late" | "end" | "fin" => (false, true),
        "mid" | "middle" | "mi" | "milieu" => (false, false),
        _ => return None,
    };
    let (lead, _) = lead(words, part);
    let begins = matches!(lead, "since" | "depuis" | "before" | "avant" | "from" | "partir");
    let ends = matches!(lead, "until" | "till" | "jusqu" | "jusque" | "up" | "through" | "after" | "apres");
    let known = (first && begins) || (last && ends);
    (!known).then_some(part..part + 1)
}

/// The word that leads to a place over words that say nothing, and where it stands: "jusqu'à la fin
/// de 2016", "up to and including 2016".
pub(super) fn lead(words: &[String], at: usize) -> (&str, usize) {
    let word = |i: usize| words.get(i).map_or("", String::as_str);
    let filler = |i: usize| match word(i) {
        "the" | "le" | "la" | "l" | "of" | "de" | "du" | "early" | "late" | "debut" | "start" | "fin" | "end"
        | "beginning" | "in" | "en" | "a" | "au" | "including" | "inclus" | "annee" | "year" | "to" => true,
        "and" | "et" => matches!(word(i + 1), "including" | "inclus"),
        _ => false,
    };
    let mut first = at;
    while let Some(i) = first.checked_sub(1) {
        if !filler(i) {
            return (word(i), i);
        }
        first = i;
    }
    (word(first), first)
}

/// Where the words begin that exclude the period at a place: "except in 2017".
pub(super) fn excludes(words: &[String], at: usize) -> Option<usize> {
    let filler = |w: &str| {
        matches!(w, "in" | "for" | "from" | "of" | "the" | "during" | "en" | "de" | "d" | "l" | "le" | "la" | "pour")
    };
    let first = (0..at).rev().find(|i| words.get(*i).is_none_or(|w| !filler(w)))?;
    let word = |i: Option<usize>| i.and_then(|i| words.get(i)).map_or("", String::as_str);
    let other = matches!(word(first.checked_sub(1)), "other" | "autre" | "autres" | "ailleurs");
    match word(Some(first)) {
        "not" | "except" | "excluding" | "outside" | "sauf" | "hors" | "excepte" | "dehors" => Some(first),
        // "Pas" is also a step.
        "pas" if matches!(word(first.checked_sub(1)), "mais" | "et" | "ou") => Some(first),
        "than" | "que" | "qu" if other => first.checked_sub(1),
        _ => None,
    }
}

/// Whether a comparison leads to the word at a place, over words that say nothing: "lower than in
/// 2012" compares that with what came after.
pub(super) fn compared(words: &[String], at: usize) -> bool {
    let filler = |w: &str| {
        matches!(
            w,
            "in" | "the"
                | "of"
                | "to"
                | "with"
                | "it"
                | "was"
                | "is"
                | "that"
                | "those"
                | "a"
                | "au"
                | "aux"
                | "en"
                | "l"
                | "le"
                | "la"
                | "de"
                | "celui"
                | "celle"
                | "ceux"
                | "celles"
                | "during"
                | "on"
        )
    };
    let more = |w: &String| {
        matches!(w.as_str(), "plus" | "moins" | "mieux" | "pire" | "aussi" | "autant" | "meilleur" | "meilleure")
            || matches!(
                w.as_str(),
                "superieur" | "superieure" | "inferieur" | "inferieure" | "different" | "differente"
            )
    };
    let Some(lead) = (0..at).rev().find(|i| words.get(*i).is_none_or(|w| !filler(w))) else { return false };
    match words.get(lead).map_or("", String::as_str) {
        "than" => match lead.checked_sub(1).and_then(|i| words.get(i)).map_or("", String::as_str) {
            "other" => false,
            // "More than 5 years ago" is a bound.
            "more" | "less" => words.get(at).is_none_or(|w| number(w).is_none()),
            _ => true,
        },
        "compared" | "versus" | "vs" | "against" | "rapport" | "compare" => true,
        // "Est-ce que" compares nothing.
        "que" | "qu" => words.iter().take(lead).any(more),
        _ => false,
    }
}
