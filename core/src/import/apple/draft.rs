//! Everything that is no sample: workouts, activity rings, the person, correlations, kept verbatim,
//! with the facts that can be read from them.

use super::element::{Node, walk};
use super::text::{Findings, without_pointers};
use super::time::Times;
use super::types::{SYSTEM, category};
use crate::id::Identity;
use crate::import::{Limits, What, subject};
use crate::record::{
    Category, Coding, Comparator, Decimal, FactDraft, Kind, PersonHint, Precision, Quantity, Sex, SubjectHint, Value,
    When,
};

/// A tag of an element, itself (depth 0) or nested in it.
struct Tag {
    depth: usize,
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
    }

    fn when(&self, name: &str) -> Option<When> {
        let (at, offset) = Times::default().read_any(self.get(name)?)?;
        Some(When { at, precision: Precision::Second, offset: Some(offset) })
    }

    fn quantity(&self, number: &str, unit: &str) -> Option<Value> {
        Some(quantity(self.get(number)?, self.get(unit).unwrap_or_default()))
    }
}

/// What was read from an element.
pub(super) struct Read {
    pub(super) identity: Identity,
    pub(super) facts: Vec<FactDraft>,
    /// `resourceFilePath` of a clinical record.
    pub(super) file: Option<String>,
    /// Of `Me`: whose export it is.
    pub(super) subject: SubjectHint,
}

fn quantity(number: &str, unit: &str) -> Value {
    Decimal::parse(number).map_or_else(
        || Value::Text(if unit.is_empty() { number.to_owned() } else { format!("{number} {unit}") }),
        |number| {
            let (unit, ucum) = (unit.to_owned(), String::new());
            Value::Quantity(Quantity { number, comparator: Comparator::Equal, unit, ucum })
        },
    )
}

/// Reads the element that `xml` consists of.
pub(super) fn read(kind: &'static str, xml: &str, limits: &Limits, found: &mut Findings) -> Result<Read, What> {
    let mut tags: Vec<Tag> = Vec::new();
    let mut depth = 0usize;
    let mut hash = blake3::Hasher::new();
    let mut feed = |tag: u8, s: &[u8]| {
        hash.update(&[tag]);
        hash.update(&(s.len() as u64).to_be_bytes());
        hash.update(s);
    };
    let mut uuid = None;
    let mut times = Times::default();
    walk(xml, limits, found, &mut |node, _| {
        match node {
            Node::Open(name, attributes) => {
                feed(b'<', name.as_bytes());
                for (name, value) in attributes {
                    feed(b'@', name.as_bytes());
                    // Instants and not their print; no pointers: so it stays the same in each export.
                    match times.read(value.as_bytes()) {
                        Some((at, _)) => feed(b't', &at.to_be_bytes()),
                        None => feed(b'=', without_pointers(value).as_bytes()),
                    }
                }
                if depth < 2 {
                    let attributes = attributes.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
                    let tag = Tag { depth, name: name.to_owned(), attributes };
                    if depth == 1 && tag.get("key") == Some("HKExternalUUID") {
                        uuid = tag.get("value").map(str::to_owned);
                    }
                    tags.push(tag);
                }
                depth += 1;
            }
            Node::Close => {
                feed(b'>', b"");
                depth = depth.saturating_sub(1);
            }
            Node::Text(text) => feed(b'#', text.as_bytes()),
        }
        Ok(())
    })?;
    if let Some(uuid) = uuid {
        hash = blake3::Hasher::new();
        hash.update(format!("{SYSTEM} uuid {kind} {uuid}").as_bytes());
    }
    let mut id = [0; 16];
    hash.finalize_xof().fill(&mut id);
    let (root, nested) = tags.split_first().ok_or(What::BadXml)?;
    let facts = match kind {
        "Workout" => workout(root, nested, found),
        "ActivitySummary" => rings(root),
        "Me" => person(root),
        "Record" => undated(root),
        _ => Vec::new(),
    };
    let file = (kind == "ClinicalRecord").then(|| root.get("resourceFilePath").map(str::to_owned)).flatten();
    let subject = if kind == "Me" { owner(root) } else { SubjectHint::default() };
    Ok(Read { identity: Identity(id), facts, file, subject })
}

/// Birth date and sex of the person whose phone it is: an export has no name for them.
fn owner(root: &Tag) -> SubjectHint {
    let of = |end: &str| root.attributes.iter().find(|(n, _)| n.ends_with(end)).map_or("", |(_, v)| v.as_str());
    let sex = match of("BiologicalSex").strip_prefix("HKBiologicalSex") {
        Some("Female") => Some(Sex::Female),
        Some("Male") => Some(Sex::Male),
        _ => None,
    };
    let born = subject::birth_date(of("DateOfBirth"));
    if born.is_empty() && sex.is_none() {
        return SubjectHint::default();
    }
    let described = PersonHint { born, sex, ..PersonHint::default() };
    SubjectHint { described: Some(Box::new(described)), ..SubjectHint::default() }
}

fn workout(root: &Tag, nested: &[Tag], found: &mut Findings) -> Vec<FactDraft> {
    let activity = root.get("workoutActivityType").unwrap_or_default();
    let when = root.when("startDate");
    if when.is_none() {
        found.repaired(What::BadDate);
    }
    let fact = |code: &str, words: &str, category: Category, value: Value| FactDraft {
        codes: vec![Coding::new(SYSTEM, code, "")],
        text: words.to_owned(),
        when,
        until: root.when("endDate"),
        value,
        ..FactDraft::new(Kind::Workout, category)
    };
    let name = activity.strip_prefix("HKWorkoutActivityType").unwrap_or(activity);
    let duration = root.quantity("duration", "durationUnit").unwrap_or_default();
    let mut facts = vec![fact(activity, name, Category::Activity, duration)];
    for (number, unit) in [
        ("totalDistance", "totalDistanceUnit"),
        ("totalEnergyBurned", "totalEnergyBurnedUnit"),
        ("totalSwimmingStrokeCount", "totalSwimmingStrokeCountUnit"),
        ("totalFlightsClimbed", "totalFlightsClimbedUnit"),
    ] {
        facts.extend(root.quantity(number, unit).map(|v| fact(number, "sum", Category::Activity, v)));
    }
    for tag in nested.iter().filter(|t| t.depth == 1 && t.name == "WorkoutStatistics") {
        let code = tag.get("type").unwrap_or_default();
        for which in ["sum", "average", "minimum", "maximum"] {
            facts.extend(tag.quantity(which, "unit").map(|v| fact(code, which, category(code), v)));
        }
    }
    facts
}

fn rings(root: &Tag) -> Vec<FactDraft> {
    let when = root.get("dateComponents").and_then(When::parse_fhir);
    let energy = root.get("activeEnergyBurnedUnit").unwrap_or_default();
    [
        ("activeEnergyBurned", "activeEnergyBurnedGoal", energy),
        ("appleMoveTime", "appleMoveTimeGoal", "min"),
        ("appleExerciseTime", "appleExerciseTimeGoal", "min"),
        ("appleStandHours", "appleStandHoursGoal", "h"),
    ]
    .iter()
    .filter_map(|(name, goal, unit)| {
        Some(FactDraft {
            codes: vec![Coding::new(SYSTEM, name, "")],
            when,
            value: quantity(root.get(name)?, unit),
            note: root.get(goal).map(|g| format!("goal {g} {unit}").trim_end().to_owned()).unwrap_or_default(),
            ..FactDraft::new(Kind::ActivitySummary, Category::Activity)
        })
    })
    .collect()
}

fn person(root: &Tag) -> Vec<FactDraft> {
    let set = |v: &&str| !v.ends_with("NotSet") && *v != "None";
    root.attributes
        .iter()
        .filter_map(|(name, value)| {
            let value = Some(value.as_str()).filter(|v| !v.is_empty()).filter(set)?;
            let mut fact = FactDraft::new(Kind::Patient, Category::Demographics);
            fact.codes = vec![Coding::new(SYSTEM, name, "")];
            if name.ends_with("DateOfBirth") {
                fact.when = When::parse_fhir(value);
                fact.value = Value::Text(value.to_owned());
            } else {
                fact.value = Value::Coded(vec![Coding::new(SYSTEM, value, "")], value.to_owned());
            }
            Some(fact)
        })
        .collect()
}

/// A record that cannot be a sample because its start cannot be read.
fn undated(root: &Tag) -> Vec<FactDraft> {
    let Some(code) = root.get("type") else { return Vec::new() };
    vec![FactDraft {
        codes: vec![Coding::new(SYSTEM, code, "")],
        value: root.quantity("value", "unit").unwrap_or_default(),
        ..FactDraft::new(Kind::Observation, category(code))
    }]
}
