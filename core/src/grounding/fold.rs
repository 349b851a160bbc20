//! Words as they are compared: no case, no accents, no plural.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest question and text that is looked at, in characters.
const MAX_CHARS: usize = 4000;

/// Letters of other scripts that look like Latin ones (UTS #39), each before the one it looks like.
const LOOKALIKES: &str = "\u{430}a\u{435}e\u{456}i\u{458}j\u{43e}o\u{440}p\u{441}c\u{455}s\u{443}y\u{445}x\u{3b1}a\u{3bf}o\u{3c1}p\u{3bd}v\u{3b9}i";

/// A word with letters of two scripts is meant to be read as one of Latin ones.
fn unmixed(word: String) -> String {
    let foreign = |c: char| ('\u{370}'..'\u{530}').contains(&c);
    if !word.contains(foreign) || !word.contains(|c: char| c.is_ascii_alphabetic()) {
        return word;
    }
    let like = |c: char| LOOKALIKES.split_once(c).and_then(|(_, rest)| rest.chars().next());
    word.chars().map(|c| if foreign(c) { like(c).unwrap_or(c) } else { c }).collect()
}

/// The words of a text, folded: lower case, accents and ligatures taken apart (UAX #15, NFKD).
pub(super) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars().take(MAX_CHARS).nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'œ' | 'Œ' => word.push_str("oe"),
            'æ' | 'Æ' => word.push_str("ae"),
            'ß' => word.push_str("ss"),
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            _ => out.extend((!word.is_empty()).then(|| core::mem::take(&mut word))),
        }
    }
    out.extend((!word.is_empty()).then_some(word));
    out.into_iter().map(unmixed).collect()
}

/// Without the plural of either language: a final `s` or `x` of words of four letters and more.
pub(super) fn stem(word: &str) -> &str {
    if word.len() < 4 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return word;
    }
    word.strip_suffix(['s', 'x']).unwrap_or(word)
}

/// Whether one insertion, deletion, substitution or swap of neighbours turns `a` into `b`.
pub(super) fn near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    let (Some(s), Some(l)) = (short.get(head..), long.get(head..)) else { return false };
    if s.len() == l.len() {
        s.get(1..) == l.get(1..)
            || (s.len() >= 2 && s.first() == l.get(1) && s.get(1) == l.first() && s.get(2..) == l.get(2..))
    } else {
        l.get(1..) == Some(s)
    }
}

/// Whether a pattern of the concept tables matches folded words: every word of it is among them.
/// `abc*` is a beginning, `*abc` an ending (a French `e` and a plural may follow), `!abc` must not
/// be there.
pub(super) fn matches(pattern: &str, words: &[String]) -> bool {
    let mut any = false;
    for p in pattern.split(' ').filter(|p| !p.is_empty()) {
        let (not, p) = p.strip_prefix('!').map_or((false, p), |p| (true, p));
        let hit = words.iter().any(|w| word_matches(p, w));
        if hit == not {
            return false;
        }
        any |= !not;
    }
    any
}

/// Where the words of a pattern that matches stand: the first and the last of them.
pub(super) fn place(pattern: &str, words: &[String]) -> Option<(usize, usize)> {
    let of_pattern =
        |w: &&String| pattern.split(' ').any(|p| !p.is_empty() && !p.starts_with('!') && word_matches(p, w));
    let (first, last) = (words.iter().position(|w| of_pattern(&w)), words.iter().rposition(|w| of_pattern(&w)));
    first.zip(last).filter(|_| matches(pattern, words))
}

fn word_matches(p: &str, w: &str) -> bool {
    if let Some(p) = p.strip_suffix('*') {
        w.starts_with(p)
    } else if let Some(p) = p.strip_prefix('*') {
        let w = stem(w);
        w.ends_with(p) || w.strip_suffix('e').is_some_and(|w| w.ends_with(p))
    } else {
        stem(p) == stem(w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds() {
        assert_eq!(words("L'Hémoglobine glyquée (HbA1c)"), ["l", "hemoglobine", "glyquee", "hba1c"]);
        assert_eq!(words("D\u{456}abetes \u{3b2}-blocker µg"), ["diabetes", "\u{3b2}", "blocker", "\u{3bc}g"]);
        assert_eq!(words("cœur ﬁn Ⅳ"), ["coeur", "fin", "iv"]);
        assert_eq!(
            (stem("triglycerides"), stem("taux"), stem("status"), stem("ast")),
            ("triglyceride", "tau", "status", "ast")
        );
    }

    #[test]
    fn one_slip_is_near() {
        for (a, b) in
            [("colesterol", "cholesterol"), ("glocose", "glucose"), ("glucsoe", "glucose"), ("statinn", "statin")]
        {
            assert!(near(a, b) && near(b, a));
        }
        assert!(!near("statin", "satins") && !near("abc", "abcde") && near("same", "same"));
    }

    #[test]
    fn patterns() {
        let w = |s| words(s);
        assert!(matches("*statin !nystatin*", &w("Atorvastatine 20 mg")));
        assert!(!matches("*statin !nystatin*", &w("Nystatin suspension")));
        assert!(matches("hemoglobin* gly*", &w("Hémoglobine glyquée")));
        assert!(!matches("", &w("x")));
    }
}
