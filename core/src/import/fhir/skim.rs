//! What is stepped over, looked at for one thing: whether it says in words of a condition.
//!
//! Consent is by category, and a record is handed out whole where all that it says is permitted. Of
//! a member that is not read nothing else is known than its name.

use super::canonical::string_end;

/// Deeper than any element of FHIR: nothing is looked at there, and it counts as told.
const DEEP: usize = 32;

/// Why there is no value or nothing listed, why a dose counts for less, and what a vaccine is against: none
/// of it is a condition that the person has.
const NO_CONDITION: [&str; 5] =
    ["dataAbsentReason", "data-absent-reason", "emptyReason", "subpotentReason", "targetDisease"];
/// Why a product was given in the place of another: for a formulary or a shortage (HL7
/// SubstanceAdminSubstitutionReason).
const SUBSTITUTION: &str = "substitution";

/// Whether a member of this name, or an extension, is there to say why, or of which condition. By the
/// stem without its first letter, which is a capital in some names.
fn asks(name: &str) -> bool {
    let stem = |w: &[u8]| {
        matches!(
            w,
            b"eason" | b"iagno" | b"ndica" | b"ondit" | b"ompli" | b"sNeed" | b"roble" | b"iseas" | b"isord" | b"llnes"
        )
    };
    // A name that is written with escapes is not read.
    name.contains('\\') || !NO_CONDITION.contains(&name) && name.as_bytes().windows(5).any(stem)
}

/// What stands under a name.
#[derive(Clone, Copy)]
struct Under {
    /// It is there to say why.
    asked: bool,
    /// Its text is no word of anything.
    wordless: bool,
    /// It is what an extension is called.
    url: bool,
}

impl Under {
    fn of(name: &str) -> Self {
        let url = name == "url";
        let wordless = matches!(name, "reference" | "system" | "id" | "type" | "use" | "version" | "linkId");
        Self { asked: asks(name), wordless: url || wordless, url }
    }
}

/// An object or a list that is open.
#[derive(Clone, Copy)]
struct Open {
    /// What it stands under, and its own extension's name.
    asked: bool,
    /// What its next value stands under.
    next: Under,
    words: bool,
}

/// What is open, the outermost first.
struct Stack {
    open: [Open; DEEP],
    len: usize,
}

impl Stack {
    fn new() -> Self {
        let next = Under { asked: false, wordless: false, url: false };
        Self { open: [Open { asked: false, next, words: false }; DEEP], len: 0 }
    }

    /// `None` where that is too deep.
    fn push(&mut self, one: Open) -> Option<()> {
        *self.open.get_mut(self.len)? = one;
        self.len += 1;
        Some(())
    }

    fn pop(&mut self) -> Option<Open> {
        self.len = self.len.checked_sub(1)?;
        self.open.get(self.len).copied()
    }

    fn last(&mut self) -> Option<&mut Open> {
        self.open.get_mut(self.len.checked_sub(1)?)
    }
}

/// Whether the value of the member `name` says in words of a condition; `json` is well-formed.
pub(super) fn tells(name: &str, json: &str) -> bool {
    if name == SUBSTITUTION {
        return false;
    }
    let mut next = Under::of(name);
    let mut open = Stack::new();
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            // Too deep to say.
            b'{' | b'[' if open.push(Open { asked: next.asked, next, words: false }).is_none() => return true,
            b'{' | b'[' => {}
            b'}' | b']' => {
                let Some(closed) = open.pop() else { return true };
                if closed.words && closed.asked {
                    return true;
                }
                if let Some(around) = open.last() {
                    around.words |= closed.words;
                }
            }
            b'"' => {
                let start = at;
                (at, _) = string_end(bytes, start - 1);
                let text = json.get(start..at.saturating_sub(1)).unwrap_or("\\");
                let rest = bytes.get(at..).unwrap_or(&[]);
                if rest.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':') {
                    if let Some(of) = open.last() {
                        of.next = Under::of(text);
                    }
                } else if next.url {
                    let called = asks(text.rsplit(['/', ':', '#']).next().unwrap_or(text));
                    open.last().into_iter().for_each(|of| of.asked |= called);
                } else if !text.is_empty() && !next.wordless {
                    if next.asked {
                        return true;
                    }
                    open.last().into_iter().for_each(|of| of.words = true);
                }
            }
            _ => {}
        }
        next = open.last().map_or(next, |of| of.next);
    }
    false
}

#[cfg(test)]
mod tests {
    fn tells(member: &str) -> bool {
        let text = format!("{{{member}}}");
        serde_json::from_str::<&serde_json::value::RawValue>(&text).unwrap();
        super::tells("", &text)
    }

    #[test]
    fn what_is_not_read_is_known_to_tell_of_a_condition() {
        for yes in [
            r#""reasonForUseCodeableConcept":{"text":"HIV"}"#,
            r#""reasonForUseCodeableConcept":[{"coding":[{"system":"s","code":"86406008"}]}]"#,
            r#""reasonForUseReference":{"reference":"Condition/1","display":"HIV"}"#,
            r#""a":{"b":[{"primaryDiagnosis":"HIV"}]}"#,
            r#""extension":[{"url":"http://example.org/StructureDefinition/indication","valueString":"HIV"}]"#,
            r#""extension":[{"valueCodeableConcept":{"text":"HIV"},"url":"http://example.org/medication-reason"}]"#,
            r#""r\u0065ason":"HIV""#,
            r#""reason" : [ [ "\uD800 \" HIV" ] ]"#,
            r#""_reason":{"extension":[{"url":"http://example.org/x","valueString":"HIV"}]}"#,
        ] {
            assert!(tells(yes), "{yes}");
        }
        let deep = format!(r#""a":{}{}"#, r#"{"a":"#.repeat(500), "1".to_owned() + &"}".repeat(500));
        assert!(tells(&deep), "what is not looked at");
    }

    #[test]
    fn a_reference_an_amount_and_what_is_absent_tell_of_none() {
        for no in [
            r#""reasonForUseReference":{"reference":"Condition/1","type":"Condition"}"#,
            r#""diagnosisSequence":[1,2.5,true,null]"#,
            r#""dataAbsentReason":{"text":"not asked"}"#,
            r#""extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]"#,
            r#""text":{"status":"generated","div":"<div/>"}"#,
            r#""reason":[],"reasonCode":"""#,
            r#""section":[{"emptyReason":{"text":"nil known"}}],"protocolApplied":[{"targetDisease":[{"text":"Measles"}]}]"#,
            r#""a":"reason","b":["diagnosis","\"reason\":\"HIV\""]"#,
            r#""url":{"reason":1},"performer":[{"display":"Dr. Who"}]"#,
        ] {
            assert!(!tells(no), "{no}");
        }
    }
}
