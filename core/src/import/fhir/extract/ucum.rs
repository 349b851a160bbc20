//! Whether a printed unit is one of UCUM (The Unified Code for Units of Measure, 2.1, case
//! sensitive), although its source does not say so.
//!
//! Limits. The atoms are those of health records; what is left out (tesla, farad, coulomb) is more
//! likely a slip than the unit.

/// Bytes of a unit that is looked at.
const LONGEST: usize = 64;

const PREFIXES: [&str; 14] = ["da", "T", "G", "M", "k", "h", "d", "c", "m", "u", "n", "p", "f", "a"];

/// Atoms that take a prefix.
const METRIC: [&str; 35] = [
    "m", "s", "g", "K", "cd", "mol", "Hz", "N", "Pa", "J", "W", "A", "V", "Ohm", "Cel", "lm", "lx", "Bq", "Gy", "Sv",
    "L", "l", "bar", "eV", "kat", "U", "osm", "eq", "cal", "B", "t", "Ci", "[iU]", "[IU]", "m[Hg]",
];

const PLAIN: [&str; 51] = [
    "%",
    "10*",
    "10^",
    "min",
    "h",
    "d",
    "wk",
    "mo",
    "mo_j",
    "a",
    "a_j",
    "deg",
    "rad",
    "sr",
    "u",
    "m[H2O]",
    "[ppth]",
    "[ppm]",
    "[ppb]",
    "[pH]",
    "[degF]",
    "[lb_av]",
    "[oz_av]",
    "[in_i]",
    "[ft_i]",
    "[mi_i]",
    "[drp]",
    "[arb'U]",
    "[CFU]",
    "[PFU]",
    "[GPL'U]",
    "[MPL'U]",
    "[APL'U]",
    "[EU]",
    "[AU]",
    "[BAU]",
    "[LPF]",
    "[HPF]",
    "[tsp_us]",
    "[tbs_us]",
    "[cup_us]",
    "[foz_us]",
    "[pt_us]",
    "[qt_us]",
    "[gal_us]",
    "[gr]",
    "[stone_av]",
    "[Cal]",
    "[diop]",
    "[FEU]",
    "[ELU]",
];

/// Whether a text is a unit of UCUM.
pub(super) fn is_unit(text: &str) -> bool {
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    // Two levels of brackets that hold what is no operator, then `a.b/c` with parentheses.
    let (mut depth, mut from, mut inside, mut ends) = (0usize, 0, None, true);
    for (i, b) in text.bytes().enumerate() {
        match (inside, b) {
            (Some(b']'), b']') | (Some(b'}'), b'}') => inside = None,
            (Some(_), _) => {}
            (None, b'[') => inside = Some(b']'),
            (None, b'{') => inside = Some(b'}'),
            (None, b'.' | b'/' | b'(' | b')') => {
                let part = text.get(from..i).unwrap_or_default();
                // A solidus may come first, and an operator may follow a group.
                let bare = part.is_empty() && (b == b'(' || ends && (b == b'/' || b == b')'));
                if !bare && !component(part) {
                    return false;
                }
                match b {
                    b'(' => depth += 1,
                    b')' if depth == 0 => return false,
                    b')' => depth -= 1,
                    _ => {}
                }
                ends = b == b')';
                from = i + 1;
            }
            _ => {}
        }
    }
    let last = text.get(from..).unwrap_or_default();
    inside.is_none() && depth == 0 && (component(last) || last.is_empty() && ends && from > 0)
}

/// A unit with its exponent and annotation, an annotation alone, or a number.
fn component(part: &str) -> bool {
    let unit = match part.split_once('{') {
        Some((unit, note)) if note.ends_with('}') => unit,
        Some(_) => return false,
        None => part,
    };
    if unit.is_empty() {
        return !part.is_empty();
    }
    if unit.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let base = unit.trim_end_matches(|c: char| c.is_ascii_digit());
    let base = if base.len() < unit.len() { base.strip_suffix(['+', '-']).unwrap_or(base) } else { base };
    let of = |unit: &str| METRIC.contains(&unit);
    PLAIN.contains(&base) || of(base) || PREFIXES.iter().any(|p| base.strip_prefix(p).is_some_and(of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        for unit in [
            "mg/dL",
            "mmol/L",
            "%",
            "mm[Hg]",
            "/min",
            "10*3/uL",
            "10*-3",
            "mL/min/{1.73_m2}",
            "kg/m2",
            "{score}",
            "ug/(24.h)",
            "Cel",
            "[degF]",
            "[IU]/L",
            "m[IU]/L",
            "[iU]/mL",
            "U/L",
            "1",
            "g",
            "ml",
            "meq/L",
            "umol/L",
            "fL",
            "pg",
            "s-1",
            "(mg/dL)",
            "(mg)/dL",
            "g{creat}",
            "kPa",
            "mo",
            "mosm/kg",
        ] {
            assert!(is_unit(unit), "{unit}");
        }
        for other in [
            "",
            "mmHg",
            "x10^9/L",
            "bpm",
            "tablet",
            "mg per dL",
            "MG/DL",
            "mg//dL",
            "mg/",
            ".mg",
            "(mg",
            "mg)",
            "[IU",
            "{a",
            "µg/L",
            "mEq/L",
            "IU/L",
            "()",
            "mg/(",
            "[x]",
            "kk",
            "F",
            "C",
            "beats/min",
            "{a}{",
            "é",
            "K/mcL",
        ] {
            assert!(!is_unit(other), "{other}");
        }
        assert!(!is_unit(&"mg/".repeat(1000)));
    }
}
