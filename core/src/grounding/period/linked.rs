//! Two dates that are one span.

/// Whether what stands between two dates makes a span of them without a word that opens it: "2019 to 2021".
pub(super) fn spanned(words: &[String], end: usize, next: usize, dash: bool) -> bool {
    let between = words.get(end..next).unwrap_or_default();
    let joins = |w: &String| matches!(w.as_str(), "to" | "through" | "thru" | "till" | "until" | "a" | "au" | "jusqu");
    let leads = between.first().is_some_and(joins);
    let filler = |w: &String| matches!(w.as_str(), "a" | "en" | "the" | "le" | "l");
    (end == next && dash) || (leads && between.iter().skip(1).all(filler))
}

/// Whether two dates are the ends of one span: "between 2010 and 2014".
pub(super) fn linked(words: &[String], a: usize, end: usize, b: usize) -> bool {
    let word = |n: usize| a.checked_sub(n).and_then(|i| words.get(i)).map_or("", String::as_str);
    // "Entre le 1er janvier et le 30 juin"
    let lead = if matches!(word(1), "the" | "le" | "l" | "la") { word(2) } else { word(1) };
    let opens = matches!(lead, "between" | "from" | "entre" | "de" | "du" | "since" | "depuis");
    let joins = words.get(a..b).is_some_and(|w| {
        w.iter()
            .any(|w| matches!(w.as_str(), "and" | "to" | "et" | "a" | "au" | "until" | "till" | "jusqu" | "through"))
    });
    // "Since 2018 and platelets before 2020" are two.
    let turns = words.get(a..b).is_some_and(|w| {
        w.iter().any(|w| {
            matches!(w.as_str(), "before" | "after" | "avant" | "apres" | "since" | "depuis")
                || matches!(w.as_str(), "compare" | "comparee" | "compared" | "rapport")
        })
    });
    // "Since 2015 and visits in 2020" are two as well.
    let plain = |w: &String| {
        matches!(
            w.as_str(),
            "and"
                | "to"
                | "et"
                | "a"
                | "au"
                | "until"
                | "till"
                | "jusqu"
                | "through"
                | "the"
                | "le"
                | "la"
                | "l"
                | "in"
                | "en"
                | "de"
                | "du"
                | "of"
        )
    };
    let other = !matches!(lead, "between" | "entre") && !words.get(end..b).unwrap_or_default().iter().all(plain);
    opens && joins && !turns && !other
}
