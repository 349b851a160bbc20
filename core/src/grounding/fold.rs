//! Words as they are compared: no case, no accents, no plural.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest question and text that is looked at, in characters.
const MAX_CHARS: usize = 4000;

/// The words of a text, folded: lower case, accents and ligatures taken apart (UAX #15, NFKD).
pub(super) fn words(text: &str) -> Vec<String> {
    split(text, true)
}

/// As [`words`], one for one, in the case that they are written in.
pub(super) fn cased(text: &str) -> Vec<String> {
    split(text, false)
}

fn split(text: &str, lower: bool) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars().take(MAX_CHARS).nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'œ' | 'Œ' => word.push_str("oe"),
            'æ' | 'Æ' => word.push_str("ae"),
            'ß' => word.push_str("ss"),
            c if c.is_alphanumeric() && lower => word.extend(c.to_lowercase()),
            c if c.is_alphanumeric() => word.push(c),
            _ => out.extend((!word.is_empty()).then(|| latin(core::mem::take(&mut word)))),
        }
    }
    out.extend((!word.is_empty()).then(|| latin(word)));
    out
}

/// Cyrillic and Greek letters that look like these Latin ones (UTS #39).
const LOOKALIKES: [(&str, char); 16] = [
    ("\u{430}\u{3b1}", 'a'),
    ("\u{441}\u{3f2}", 'c'),
    ("\u{501}", 'd'),
    ("\u{435}", 'e'),
    ("\u{4bb}", 'h'),
    ("\u{456}\u{3b9}", 'i'),
    ("\u{458}", 'j'),
    ("\u{43a}\u{3ba}", 'k'),
    ("\u{43c}", 'm'),
    ("\u{43e}\u{3bf}", 'o'),
    ("\u{440}\u{3c1}", 'p'),
    ("\u{455}", 's'),
    ("\u{442}\u{3c4}", 't'),
    ("\u{445}\u{3c7}", 'x'),
    ("\u{443}", 'y'),
    ("\u{3bd}", 'v'),
];

/// A Latin word as it looks: one that has letters of another alphabet among its own is spelled with
/// those that they look like.
fn latin(word: String) -> String {
    if word.is_ascii() || !word.contains(|c: char| c.is_ascii_alphabetic()) {
        return word;
    }
    let like = |c: char| LOOKALIKES.iter().find(|(list, _)| list.contains(c)).map_or(c, |(_, l)| *l);
    word.chars().map(like).collect()
}

/// Without the plural of either language: a final `s` or `x` of words of four letters and more.
pub(super) fn stem(word: &str) -> &str {
    if word.len() < 4 || word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return word;
    }
    word.strip_suffix(['s', 'x']).unwrap_or(word)
}

/// Endings of one word of medicine in English and French, the longer ones first, each with what they
/// stand for; where the mark is set, one beginning may be shorter than the other: an appendectomy is
/// an *appendicectomie*.
const ENDINGS: [(&str, &str, bool); 33] = [
    ("graphie", "gram", true),
    ("graphy", "gram", true),
    ("gramme", "gram", true),
    ("gram", "gram", true),
    ("ectomie", "ectomy", true),
    ("ectomy", "ectomy", true),
    ("scopie", "scopy", true),
    ("scopy", "scopy", true),
    ("plastie", "plasty", true),
    ("plasty", "plasty", true),
    ("aemia", "emia", false),
    ("emie", "emia", false),
    ("emia", "emia", false),
    ("isme", "ism", false),
    ("ism", "ism", false),
    ("itis", "itis", false),
    ("ite", "itis", false),
    ("osis", "osis", false),
    ("ose", "osis", false),
    ("ical", "ic", false),
    ("ique", "ic", false),
    ("ic", "ic", false),
    ("oire", "ory", false),
    ("ory", "ory", false),
    ("aire", "ary", false),
    ("ary", "ary", false),
    ("ar", "ary", false),
    ("oea", "ee", false),
    ("ee", "ee", false),
    ("ea", "ee", false),
    ("ie", "y", false),
    ("ia", "y", false),
    ("y", "y", false),
];

/// Shortest beginning before such an ending.
const BEGINNING: usize = 4;

/// A stem without such an ending, what the ending stands for, and whether beginnings may differ.
fn root(stem: &str) -> Option<(&str, &'static str, bool)> {
    ENDINGS.iter().find_map(|(ending, of, loose)| {
        let head = stem.strip_suffix(ending).filter(|h| h.len() >= BEGINNING)?;
        Some((head, *of, *loose))
    })
}

/// Whether two words are one thing: but for a plural, for the endings of two languages, or where one
/// begins with the other and both are long enough to mean something.
pub(super) fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (stem(a), stem(b));
    let begins = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let rooted = || {
        let (Some((x, of_x, loose)), Some((y, of_y, _))) = (root(a), root(b)) else { return false };
        of_x == of_y && (x == y || (loose && begins(x, y)))
    };
    a == b || (a.len() >= 5 && b.len() >= 5 && begins(a, b)) || rooted()
}

/// Whether one insertion, deletion, substitution or swap of neighbours turns `a` into `b`. Nobody
/// misses the first letter: `fruit` is no slip of `bruit`.
pub(super) fn near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let head = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if head == 0 {
        return false;
    }
    let (Some(s), Some(l)) = (short.get(head..), long.get(head..)) else { return false };
    if s.len() == l.len() {
        s.get(1..) == l.get(1..)
            || (s.len() >= 2 && s.first() == l.get(1) && s.get(1) == l.first() && s.get(2..) == l.get(2..))
    } else {
        l.get(1..) == Some(s)
    }
}

/// Whether a swap of two neighbours turns one word into the other.
pub(super) fn swapped(a: &str, b: &str) -> bool {
    a.len() == b.len() && a != b && near(a, b) && {
        let (mut x, mut y): (Vec<u8>, Vec<u8>) = (a.bytes().collect(), b.bytes().collect());
        x.sort_unstable();
        y.sort_unstable();
        x == y
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

/// Whether a word of a pattern, without its `!`, matches a folded word.
pub(super) fn word_matches(p: &str, w: &str) -> bool {
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
    fn a_swap_is_of_neighbours() {
        assert!(swapped("wieght", "weight") && swapped("shuolder", "shoulder"));
        assert!(!swapped("weight", "weight") && !swapped("height", "weight") && !swapped("wheigt", "weight"));
    }

    #[test]
    fn words_keep_their_case_one_for_one() {
        assert_eq!(cased("K+, Ca et l'HbA1c œdème"), ["K", "Ca", "et", "l", "HbA1c", "oedeme"]);
    }

    #[test]
    fn the_first_letter_is_no_slip() {
        assert!(!near("fruit", "bruit") && !near("biologic", "iologic"));
    }

    #[test]
    fn endings_of_two_languages_are_one() {
        for (a, b) in [
            ("echocardiogram", "echocardiographies"),
            ("echocardiogramme", "echocardiography"),
            ("angiographie", "angiogram"),
            ("appendectomy", "appendicectomie"),
            ("coloscopie", "colonoscopy"),
            ("angioplastie", "angioplasty"),
            ("biopsie", "biopsies"),
            ("bronchite", "bronchitis"),
            ("hypoglycemie", "hypoglycaemia"),
            ("pulmonaire", "pulmonary"),
            ("chronique", "chronic"),
            ("diarrhee", "diarrhoea"),
        ] {
            assert!(alike(a, b) && alike(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("echocardiogram", "electrocardiogram"),
            ("angiogram", "angioplasty"),
            ("program", "progress"),
            ("cystoscopy", "cystectomy"),
            ("dose", "dosis"),
            ("angine", "angioma"),
        ] {
            assert!(!alike(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_word_is_what_it_looks_like() {
        assert_eq!(words("D\u{456}abetes"), ["diabetes"]);
        assert_eq!(words("\u{434}\u{438}\u{430}\u{431}\u{435}\u{442}"), ["\u{434}\u{438}\u{430}\u{431}\u{435}\u{442}"]);
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
