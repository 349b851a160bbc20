//! Observations as a hospital would export them, the same in every run and for every engine.
//!
//! About 900 bytes each: four random UUIDs, a time and a value are what no compressor can guess
//! (about 75 bytes); the rest is FHIR's own words. Ages, codes and values are invented.

/// Splitmix64: enough to make data with, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 52,
            b & 0xffff_ffff_ffff
        )
    }
}

/// LOINC code, words, unit, middle, spread (hundredths), category.
const CODES: [(&str, &str, &str, i64, i64, &str); 32] = [
    ("8867-4", "Heart rate", "/min", 7000, 2500, "vital-signs"),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 12500, 3000, "vital-signs"),
    ("8462-4", "Diastolic blood pressure", "mm[Hg]", 8000, 1800, "vital-signs"),
    ("9279-1", "Respiratory rate", "/min", 1500, 400, "vital-signs"),
    ("8310-5", "Body temperature", "Cel", 3690, 90, "vital-signs"),
    ("2708-6", "Oxygen saturation in Arterial blood", "%", 9700, 250, "vital-signs"),
    ("29463-7", "Body weight", "kg", 7600, 900, "vital-signs"),
    ("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 10200, 3000, "laboratory"),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 580, 90, "laboratory"),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 1410, 180, "laboratory"),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 720, 260, "laboratory"),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 25000, 6000, "laboratory"),
    ("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", 480, 60, "laboratory"),
    ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", 4200, 500, "laboratory"),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 14000, 400, "laboratory"),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 420, 50, "laboratory"),
    ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", 10300, 350, "laboratory"),
    ("2028-9", "Carbon dioxide, total [Moles/volume] in Serum or Plasma", "mmol/L", 2500, 300, "laboratory"),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 95, 25, "laboratory"),
    ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", 1450, 500, "laboratory"),
    ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 940, 50, "laboratory"),
    ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 19000, 4000, "laboratory"),
    ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", 5400, 1300, "laboratory"),
    ("13457-7", "Cholesterol in LDL [Mass/volume] by calculation", "mg/dL", 11000, 3500, "laboratory"),
    ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", 12500, 6000, "laboratory"),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume]", "U/L", 2400, 1200, "laboratory"),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume]", "U/L", 2300, 900, "laboratory"),
    ("6768-6", "Alkaline phosphatase [Enzymatic activity/volume]", "U/L", 7000, 2500, "laboratory"),
    ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 70, 40, "laboratory"),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 430, 40, "laboratory"),
    ("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", 210, 120, "laboratory"),
    ("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 320, 300, "laboratory"),
];

pub(crate) const SYSTEM: &str = "http://loinc.org";

/// One Observation and what an importer would read from it.
pub(crate) struct Observation {
    pub(crate) id: String,
    pub(crate) code: &'static str,
    pub(crate) unit: &'static str,
    /// Milliseconds since the epoch.
    pub(crate) at: i64,
    /// Hundredths.
    pub(crate) value: i64,
    pub(crate) body: String,
}

/// A code by number.
pub(crate) fn code(n: u64) -> &'static str {
    CODES.get((n % CODES.len() as u64) as usize).map_or("", |c| c.0)
}

/// Days since 1970 as year, month, day (proleptic Gregorian).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

/// Observation `n` of a run: depends on nothing else.
pub(crate) fn observation(n: u64) -> Observation {
    let mut r = Random::new(n.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed);
    // Half of them spread evenly, half towards the front: the first code has 7 times the last one's.
    let one = r.below(CODES.len() as u64);
    let pick = if r.below(2) == 0 { one } else { one.min(r.below(CODES.len() as u64)) } as usize;
    let (code, words, unit, middle, spread, category) = CODES.get(pick).copied().unwrap_or(CODES[0]);
    let value = (middle + r.below(2 * spread as u64) as i64 - spread).max(1);
    // Fifteen years, in no order: sources are imported as they come.
    let second = 1_262_304_000 + r.below(15 * 31_556_952) as i64;
    let (y, m, d) = civil(second.div_euclid(86_400));
    let s = second.rem_euclid(86_400);
    let when = format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60);
    let id = r.uuid();
    let number = format!("{}.{:02}", value / 100, value % 100);
    let body = format!(
        r#"{{"resourceType":"Observation","id":"{id}","identifier":[{{"system":"urn:ietf:rfc:3986","value":"urn:uuid:{ident}"}}],"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{category}"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{words}"}}],"text":"{words}"}},"subject":{{"reference":"Patient/7d1f9c0e-93c4-4f0e-a1d5-5d0c8b1a2e3f"}},"encounter":{{"reference":"Encounter/{enc}"}},"effectiveDateTime":"{when}","issued":"{when}","performer":[{{"reference":"Practitioner/{perf}"}}],"valueQuantity":{{"value":{number},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}}}"#,
        ident = r.uuid(),
        enc = r.uuid(),
        perf = r.uuid(),
    );
    Observation { id, code, unit, at: second * 1000, value, body }
}

/// Records `from..to` as NDJSON.
pub(crate) fn ndjson(from: u64, to: u64) -> Vec<u8> {
    let mut out = Vec::new();
    for n in from..to {
        out.extend_from_slice(observation(n).body.as_bytes());
        out.push(b'\n');
    }
    out
}
