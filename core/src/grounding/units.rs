//! Spellings of one unit: which results may stand in one group.
//!
//! UCUM (2.1, "case sensitive") has two codes for the litre (`l`, `L`) and takes what stands in
//! braces for a comment; printed units add more spellings. A closed table, and only of what is the
//! same unit with the factor 1: nothing is converted. What UCUM does not compare is kept apart:
//! `U/L`, a catalytic activity, and `[iU]/L`, an arbitrary unit, are two even for an enzyme.

use crate::record::Quantity;

/// The spellings of one unit, its UCUM code first; a blank between them.
#[rustfmt::skip]
const SAME: &[&str] = &[
    "mg/dL mg/dl MG/DL", "g/dL g/dl G/DL", "g/L g/l", "mg/L mg/l",
    "ug/dL ug/dl µg/dL µg/dl μg/dL μg/dl mcg/dL", "ug/L ug/l µg/L µg/l μg/L μg/l mcg/L",
    "ng/mL ng/ml", "ng/dL ng/dl", "ng/L ng/l", "pg/mL pg/ml", "pg/dL pg/dl",
    "mol/L mol/l", "mmol/L mmol/l MMOL/L", "umol/L umol/l µmol/L µmol/l μmol/L μmol/l", "nmol/L nmol/l", "pmol/L pmol/l",
    "meq/L meq/l mEq/L mEq/l",
    "U/L U/l", "kU/L kU/l", "U/mL U/ml", "[iU]/L [IU]/L [iU]/l [IU]/l IU/L IU/l UI/L UI/l",
    "m[iU]/L m[IU]/L m[iU]/l m[IU]/l mIU/L mIU/l mUI/L mUI/l u[iU]/mL u[IU]/mL uIU/mL µIU/mL μIU/mL",
    "[iU]/mL [IU]/mL IU/mL UI/mL",
    "10*9/L 10*9/l 10^9/L 10^9/l x10^9/L x10*9/L Giga/L 10*3/uL 10^3/uL x10^3/uL K/uL",
    "10*12/L 10*12/l 10^12/L 10^12/l x10^12/L 10*6/uL 10^6/uL x10^6/uL M/uL",
    "/uL /mm3 /mm³",
    "fL fl", "mL ml", "L l",
    "/min {beats}/min {Beats}/min beats/min bpm count/min 1/min {breaths}/min breaths/min",
    "% %{ofTotal} percent",
    "mm[Hg] mmHg", "Cel °C degC", "[degF] °F degF", "[lb_av] lb lbs", "[in_i] in", "kg/m2 kg/m²",
    "mm/h mm/hr", "h hr",
    "mL/min/{1.73_m2} mL/min/1.73m2 mL/min/1.73_m2 mL/min/{1.73} mL/min/1.73m²",
];

/// What is printed so is no UCUM: there, `G` is the gauss and `T` the tesla.
const PRINTED: [(&str, &str); 2] = [("G/L", "10*9/L"), ("T/L", "10*12/L")];

/// The UCUM code of a spelling, or the spelling.
fn code(unit: &str) -> Option<&'static str> {
    let row = SAME.iter().find(|row| row.split(' ').any(|s| s == unit))?;
    row.split(' ').next()
}

/// What the unit of a quantity is told by: its UCUM code first, then what is printed. Where the two
/// are two units, by both.
pub(super) fn key(q: &Quantity) -> String {
    let (ucum, printed) = (q.ucum.trim(), q.unit.trim());
    let said = PRINTED.iter().find(|(p, _)| *p == printed).map(|(_, code)| *code).or_else(|| code(printed));
    match (ucum, code(ucum), said) {
        ("", _, said) => said.unwrap_or(printed).to_owned(),
        (_, Some(a), Some(b)) if a != b => format!("{a}\u{0}{b}"),
        (_, known, _) => known.unwrap_or(ucum).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Comparator, Decimal};

    fn key_of(unit: &str, ucum: &str) -> String {
        let number = Decimal::parse("1").unwrap();
        key(&Quantity { number, comparator: Comparator::Equal, unit: unit.to_owned(), ucum: ucum.to_owned() })
    }

    #[test]
    fn spellings_of_one_unit_are_one() {
        for (a, b) in [
            ("mg/dL", "mg/dl"),
            ("mmol/L", "mmol/l"),
            ("IU/L", "UI/L"),
            ("G/L", "10*9/L"),
            ("/min", "bpm"),
            ("%", "percent"),
        ] {
            assert_eq!(key_of(a, ""), key_of(b, ""), "{a} {b}");
        }
        assert_eq!(key_of("mg/dl", "mg/dL"), key_of("mg/dL", ""));
        assert_eq!(key_of("beats per minute", "/min"), key_of("bpm", ""));
    }

    #[test]
    fn other_units_stay_apart() {
        for (a, b) in
            [("U/L", "IU/L"), ("mg/dL", "g/L"), ("g/L", "G/L"), ("mg/dL", "mmol/L"), ("", "1"), ("odd", "mg/dL")]
        {
            assert_ne!(key_of(a, ""), key_of(b, ""), "{a} {b}");
        }
        // A code and a print that differ belong to neither.
        assert_ne!(key_of("mmol/L", "mg/dL"), key_of("mg/dL", "mg/dL"));
        assert_ne!(key_of("mmol/L", "mg/dL"), key_of("mmol/L", "mmol/L"));
        // Coded, `G` is the gauss.
        assert_ne!(key_of("", "G/L"), key_of("G/L", ""));
    }

    #[test]
    fn no_spelling_stands_twice() {
        let mut all: Vec<&str> = SAME.iter().flat_map(|row| row.split(' ')).collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
