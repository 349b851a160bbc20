//! Apple's type identifiers and the categories of consent.

use crate::record::Category;

/// The code system of everything that Apple names.
pub(super) const SYSTEM: &str = "http://developer.apple.com/documentation/healthkit";

/// How the types of what is measured begin: their values are numbers.
pub(super) const QUANTITY: &str = "HKQuantityTypeIdentifier";

const VITAL: [&str; 24] = [
    "BloodGlucose",
    "BloodPressure",
    "BodyFatPercentage",
    "BodyMass",
    "BodyTemperature",
    "BasalBodyTemperature",
    "AtrialFibrillationBurden",
    "HeartRate",
    "HighHeartRateEvent",
    "LowHeartRateEvent",
    "IrregularHeartRhythmEvent",
    "RestingHeartRate",
    "WalkingHeartRateAverage",
    "LeanBodyMass",
    "Height",
    "WaistCircumference",
    "OxygenSaturation",
    "PeripheralPerfusionIndex",
    "RespiratoryRate",
    "ForcedExpiratoryVolume1",
    "ForcedVitalCapacity",
    "PeakExpiratoryFlowRate",
    "VO2Max",
    "ElectrodermalActivity",
];

const CYCLE: [&str; 16] = [
    "MenstrualFlow",
    "IntermenstrualBleeding",
    "InfrequentMenstrualCycles",
    "IrregularMenstrualCycles",
    "PersistentIntermenstrualBleeding",
    "ProlongedMenstrualPeriods",
    "BleedingAfterPregnancy",
    "BleedingDuringPregnancy",
    "OvulationTestResult",
    "CervicalMucusQuality",
    "SexualActivity",
    "Contraceptive",
    "Pregnancy",
    "ProgesteroneTestResult",
    "Lactation",
    "VaginalDryness",
];

/// What consent for a type is asked by. A type that Apple adds later counts as activity unless its
/// name begins like a known one.
pub(super) fn category(code: &str) -> Category {
    let name = [QUANTITY, "HKCategoryTypeIdentifier", "HKCorrelationTypeIdentifier", "HKDataType"]
        .iter()
        .find_map(|p| code.strip_prefix(p))
        .unwrap_or(code);
    let begins = |list: &[&str]| list.iter().any(|p| name.starts_with(p));
    if name.starts_with("Sleep")
        || name == "AppleSleepingWristTemperature"
        || name == "AppleSleepingBreathingDisturbances"
    {
        Category::Sleep
    } else if name.starts_with("Dietary") || name == "Food" || name == "NumberOfAlcoholicBeverages" {
        Category::Nutrition
    } else if begins(&CYCLE) {
        Category::Reproductive
    } else if begins(&VITAL) {
        Category::VitalSigns
    } else if name.starts_with("InsulinDelivery") || name.starts_with("InhalerUsage") {
        Category::Medications
    } else if name.starts_with("StateOfMind") || name.starts_with("GAD7") || name.starts_with("PHQ9") {
        Category::SocialHistory
    } else {
        Category::Activity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_of_common_types() {
        for (code, c) in [
            ("HKQuantityTypeIdentifierHeartRate", Category::VitalSigns),
            ("HKQuantityTypeIdentifierHeartRateVariabilitySDNN", Category::VitalSigns),
            ("HKQuantityTypeIdentifierBloodPressureSystolic", Category::VitalSigns),
            ("HKQuantityTypeIdentifierBodyMassIndex", Category::VitalSigns),
            ("HKCategoryTypeIdentifierSleepAnalysis", Category::Sleep),
            ("HKQuantityTypeIdentifierDietaryWater", Category::Nutrition),
            ("HKCategoryTypeIdentifierMenstrualFlow", Category::Reproductive),
            ("HKQuantityTypeIdentifierInsulinDelivery", Category::Medications),
            ("HKQuantityTypeIdentifierStepCount", Category::Activity),
            ("HKQuantityTypeIdentifierOfNextYear", Category::Activity),
        ] {
            assert_eq!(category(code), c, "{code}");
        }
    }
}
