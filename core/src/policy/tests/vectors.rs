//! The Consents of IHE PCF 1.1 (commit 3fefea1b) and of J. Moehrke's "Consent about AI" (commit
//! 8f0594c4), each decided: what the specification says, with the clause that says so.

use crate::consent::{Action, ConsentState, Facts, Kept, Reads, Recipient, read_consent};
use crate::id::{ScopeId, Timestamp};
use crate::label::{Confidentiality, Obligations, Purpose, Sensitivity};
use crate::policy::{Decision, ItemFacts, OutsidePurpose, Refusal, Request, decide};
use crate::record::{Author, Category, DecisionClass, Kind, ResourceType, When};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn shared() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let at = std::env::var_os("HEALTHSPACE_SHARED").map_or(beside, PathBuf::from);
    at.is_dir().then_some(at)
}

/// Every Consent by its id; the two members that were added to PCF's when they were converted are
/// taken out again.
fn consents() -> Option<BTreeMap<String, Vec<u8>>> {
    let Some(shared) = shared() else {
        println!("SKIPPED: shared data not found");
        return None;
    };
    let dir = shared.join("vectors/consent");
    let pcf: BTreeMap<String, Value> =
        serde_json::from_slice(&std::fs::read(dir.join("pcf_consents.json")).unwrap()).unwrap();
    let mut all: Vec<Value> = pcf.into_values().collect();
    for entry in std::fs::read_dir(dir.join("moehrke-ai-consent/docs")).unwrap() {
        all.push(serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap());
    }
    let by_id = |mut v: Value| {
        let members = v.as_object_mut().unwrap();
        members.remove("_profile");
        members.remove("_title");
        (v["id"].as_str().unwrap().to_owned(), serde_json::to_vec(&v).unwrap())
    };
    Some(all.into_iter().map(by_id).collect())
}

fn date(text: &str) -> i64 {
    When::parse_fhir(text).unwrap().at
}

/// A question about an item. The common one: a practitioner reads a normal laboratory result of
/// March 2022, in July 2022, and complies with whatever is asked.
#[derive(Clone)]
struct Ask {
    purpose: Purpose,
    outside: Option<(&'static str, &'static str)>,
    action: Action,
    who: &'static str,
    now: &'static str,
    zone: i16,
    clock_behind: bool,
    fresh: bool,
    understands: Obligations,
    notice: bool,
    labels: (Confidentiality, Vec<Sensitivity>),
    at: Option<&'static str>,
    more: Facts<'static>,
}

fn ask(purpose: Purpose) -> Ask {
    Ask {
        purpose,
        outside: None,
        action: Action::Read,
        who: "Practitioner/ex-practitioner",
        now: "2022-07-01T12:00:00Z",
        zone: 0,
        clock_behind: false,
        fresh: true,
        understands: Obligations::from_bits(u32::MAX),
        notice: true,
        labels: (Confidentiality::Normal, vec![]),
        at: Some("2022-03-01T00:00:00Z"),
        more: Facts::default(),
    }
}

fn outside(system: &'static str, code: &'static str) -> Ask {
    Ask { outside: Some((system, code)), ..ask(Purpose::Treatment) }
}

impl Ask {
    fn by(self, who: &'static str) -> Self {
        Self { who, ..self }
    }
    fn on(self, at: &'static str) -> Self {
        Self { at: Some(at), ..self }
    }
    fn undated(self) -> Self {
        Self { at: None, ..self }
    }
    fn now(self, now: &'static str) -> Self {
        Self { now, ..self }
    }
    fn zone(self, zone: i16) -> Self {
        Self { zone, ..self }
    }
    fn of(self, confidentiality: Confidentiality, codes: &[Sensitivity]) -> Self {
        Self { labels: (confidentiality, codes.to_vec()), ..self }
    }
    fn about(self, names: &'static [&'static str]) -> Self {
        Self { more: Facts { names: Some(names), ..self.more }, ..self }
    }
    fn from(self, authors: &'static [&'static str]) -> Self {
        Self { more: Facts { authors: Some(authors), ..self.more }, ..self }
    }
    /// With the names of what it refers to; nothing refers to it.
    fn with(self, names: &'static [&'static str]) -> Self {
        let more =
            Facts { names: Some(&["Observation/a"]), refers_to: Some(names), referred_by: Some(&[]), ..self.more };
        Self { more, ..self }
    }

    fn decide(&self, consents: &[&[u8]]) -> Decision {
        let mut state = ConsentState::default();
        for bytes in consents {
            let consent = read_consent(bytes, self.zone);
            assert_eq!(consent.reads(), Reads::Active);
            let series = consent.series();
            state.add(series, 1, Kept::Imported { consent: Box::new(consent), used: 0, notice_logged: self.notice });
        }
        let actors = [Recipient::reference(self.who).unwrap()];
        let now = Timestamp::from_millis(date(self.now));
        let request = Request {
            scope: ScopeId::from_bytes([7; 16]),
            actors: &actors,
            purpose: self.purpose,
            outside: self.outside.and_then(|(s, c)| OutsidePurpose::new(s, c)),
            action: self.action,
            now,
            clock_behind: self.clock_behind,
            fresh: self.fresh,
            understands: self.understands,
        };
        let class = DecisionClass {
            category: Category::Laboratory,
            kind: Kind::Observation,
            confidentiality: self.labels.0,
            sensitivities: self.labels.1.iter().fold(0, |bits, s| bits | 1 << *s as u8),
            obligations: 0,
            author: Author::Source,
            resource: ResourceType::NONE,
        };
        let item = ItemFacts { more: self.more, ..ItemFacts::of_row(class, self.at.map(date)) };
        decide(&state.rules_at(now), &request, &item)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Permit(Obligations),
    Deny,
    Floor,
    NotApplicable,
}

const P: Says = Says::Permit(Obligations::NONE);
const D: Says = Says::Deny;
const N: Says = Says::NotApplicable;

/// The consents, the question, the answer, and the clause.
type Row = (&'static [&'static str], Ask, Says, &'static str);

fn basic() -> Vec<Row> {
    use Confidentiality::{Restricted, VeryRestricted};
    const TREAT: &[&str] = &["ex-consent-basic-treat"];
    const NO: &[&str] = &["ex-consent-basic-reject"];
    const EXPIRED: &[&str] = &["ex-consent-expired-treat"];
    const RESEARCH: &[&str] = &["ex-consent-basic-research"];
    let p = |code| ask(Purpose::from_code(code).unwrap());
    // It is made later than all others.
    let later = |code| p(code).now("2023-07-01T12:00:00Z");
    vec![
        (TREAT, p("TREAT"), P, "D4: the purpose is listed"),
        (TREAT, p("HPAYMT"), P, "D4: alternatives within a dimension"),
        (TREAT, p("HOPERAT"), P, "D4"),
        (TREAT, p("COC"), P, "D5: TREAT is above COC"),
        (TREAT, p("ETREAT"), P, "D5"),
        (TREAT, p("HACCRED"), P, "D5: HOPERAT is above HACCRED"),
        (TREAT, p("BTG"), N, "D5: explicit only"),
        (TREAT, p("TREATDS"), N, "D5: explicit only"),
        (TREAT, p("PMTDS"), N, "D5: explicit only"),
        (TREAT, p("MLTRAINING"), Says::Floor, "D13: operations never reach training"),
        (TREAT, p("HRESCH"), N, "D1: no rule"),
        (TREAT, p("PATRQT"), N, "D1"),
        (TREAT, p("HMARKT"), N, "D1"),
        (TREAT, outside("http://example.org/p", "TREAT"), N, "1.3.1 Purpose: outside the table only equality"),
        (TREAT, p("TREAT").of(Restricted, &[]), P, "1.3.1 Labels: a permit without labels covers any item"),
        (TREAT, p("TREAT").of(VeryRestricted, &[Sensitivity::Psychiatry]), P, "1.3.1 Labels"),
        (TREAT, Ask { action: Action::Export, ..p("TREAT") }, P, "1.3.1: action is a dimension, absent is any"),
        (TREAT, Ask { clock_behind: true, ..p("TREAT") }, P, "1.3.1 Clock: only time-bounded permits"),
        (&["ex-consent-basic-treat-infant"], p("TREAT"), P, "D4: who gave it is no condition"),
        (&["ex-consent-basic-ink"], p("TREAT"), P, "D4"),
        (EXPIRED, p("TREAT").now("2022-12-31T23:59:59.999Z"), P, "D2: the end day is included"),
        (EXPIRED, p("TREAT").now("2023-01-01T00:00:00Z"), N, "D2: over"),
        (EXPIRED, p("TREAT").now("2022-12-31T23:30:00Z").zone(60), N, "1.3.1 Dates: in the vault's zone"),
        (EXPIRED, p("TREAT").now("2023-01-01T04:59:00Z").zone(-300), P, "1.3.1 Dates: in the vault's zone"),
        (EXPIRED, Ask { clock_behind: true, ..p("TREAT") }, N, "D2: a time-bounded permit while the clock is behind"),
        (NO, p("TREAT"), D, "D4"),
        (NO, p("COC"), D, "D5: a deny covers below"),
        (NO, p("TREATDS"), D, "D5: a deny reaches explicit-only purposes"),
        (NO, p("BTG"), D, "1.3.1 Break-glass: the person's refusal wins"),
        (NO, p("MLTRAINING"), Says::Floor, "D13 comes first"),
        (NO, p("HRESCH"), N, "D1"),
        (RESEARCH, p("HRESCH"), N, "D2: not made yet"),
        (RESEARCH, later("HRESCH"), P, "D4"),
        (RESEARCH, later("CLINTRCHNPC"), P, "D5: two levels below"),
        (RESEARCH, later("CLINTRL"), N, "D5: a trial as treatment is below TREAT"),
        (RESEARCH, later("TREAT"), N, "D1"),
        (&["ex-consent-basic-treat", "ex-consent-basic-reject"], p("TREAT"), D, "D8: deny overrides across series"),
        (
            &["ex-consent-basic-treat", "ex-consent-basic-research"],
            later("BIORCH"),
            P,
            "D8: permits stand side by side",
        ),
    ]
}

fn intermediate() -> Vec<Row> {
    const IN_TIME: &[&str] = &["ex-consent-intermediate-timeframe"];
    const NOT_IN_TIME: &[&str] = &["ex-consent-intermediate-not-timeframe"];
    const BY: &[&str] = &["ex-consent-intermediate-authoredby"];
    const NOT_BY: &[&str] = &["ex-consent-intermediate-not-authoredby"];
    const VISIT: &[&str] = &["ex-consent-intermediate-encounter"];
    const NOT_VISIT: &[&str] = &["ex-consent-intermediate-not-encounter"];
    const DATA: &[&str] = &["ex-consent-intermediate-data"];
    const NOT_DATA: &[&str] = &["ex-consent-intermediate-not-data"];
    const PURPOSE: &[&str] = &["ex-consent-intermediate-purpose"];
    const GLASS: &[&str] = &["ex-dissent-intermediate-break-glass"];
    const GROUP: &str = "Group/ex-privilegedUsers";
    const ORG: &str = "Organization/ex-org-researcher";
    let (t, glass) = (|| ask(Purpose::Treatment), || ask(Purpose::BreakGlass));
    let foo = || outside("http://example.org/policies/purposeOfUse", "FooBar");
    vec![
        (IN_TIME, t().on("2022-12-31T23:59:59Z"), P, "1.3.1 Dates: end day included"),
        (IN_TIME, t().on("2022-01-01T00:00:00Z"), P, "1.3.1 Dates"),
        (IN_TIME, t().on("2023-01-01T00:00:00Z"), N, "1.3.1 Dates"),
        (IN_TIME, t().on("2021-12-31T23:59:59Z"), N, "1.3.1 Dates"),
        (IN_TIME, t().undated(), N, "1.3.1: an absent date satisfies no permit"),
        (NOT_IN_TIME, t().on("2022-06-01T00:00:00Z"), D, "D7: the nested deny"),
        (NOT_IN_TIME, t().on("2021-06-01T00:00:00Z"), P, "D7: it does not match"),
        (NOT_IN_TIME, t().undated(), D, "1.3.1: an absent date evades no deny"),
        (NOT_IN_TIME, ask(Purpose::Research), N, "D3: the nested deny inherits the purposes"),
        (BY, t().from(&["Practitioner/ex-practitioner"]), P, "1.2: authoredby"),
        (BY, t().from(&["Practitioner/other"]), N, "D4"),
        (BY, t(), N, "1.3.1: an absent author satisfies no permit"),
        (NOT_BY, t().from(&["Practitioner/ex-practitioner"]), D, "D7"),
        (NOT_BY, t().from(&["Practitioner/other"]), P, "D7"),
        (NOT_BY, t(), D, "1.3.1: an absent author evades no deny"),
        (VISIT, t().with(&["Encounter/ex-encounter"]), P, "1.2: related"),
        (VISIT, t().about(&["Encounter/ex-encounter"]), P, "1.2: related covers the record itself"),
        (VISIT, t().with(&["Encounter/other"]), N, "D4"),
        (VISIT, t(), N, "1.3.1: absent facts"),
        (NOT_VISIT, t().with(&["Encounter/ex-encounter"]), D, "D7"),
        (NOT_VISIT, t().with(&[]), P, "D7"),
        (NOT_VISIT, t(), D, "1.3.1: absent facts"),
        (DATA, t().about(&["Observation/ex-weight"]), P, "1.3.1: data entries are one OR dimension"),
        (DATA, t().about(&["Observation/ex-alcoholUse"]), P, "1.3.1: data entries are one OR dimension"),
        (DATA, t().about(&["Observation/other"]), N, "D4"),
        (DATA, t(), N, "1.3.1: an absent instance satisfies no permit"),
        (NOT_DATA, t().about(&["Observation/ex-alcoholUse"]), D, "D7"),
        (NOT_DATA, t().about(&["Observation/ex-weight"]), P, "D7"),
        (NOT_DATA, t(), D, "1.3.1: an absent instance evades no deny"),
        (PURPOSE, foo().by(ORG), P, "1.3.1 Purpose: equality"),
        (PURPOSE, foo(), N, "1.3.1 Actor"),
        (PURPOSE, outside("http://example.org/policies/purposeOfUse", "Foo").by(ORG), N, "1.3.1 Purpose"),
        (PURPOSE, outside("", "FooBar").by(ORG), N, "1.3.1 Purpose: another system"),
        (PURPOSE, t().by(ORG), N, "D4"),
        (GLASS, t(), D, "D4: the root denies everything"),
        (GLASS, t().by(GROUP), D, "D7: the nested permit is for another purpose"),
        (GLASS, glass().by(GROUP), P, "D7 and D11: a rule that names BTG"),
        (GLASS, glass(), D, "1.3.1 Actor: groups are expanded by the host"),
        (GLASS, Ask { action: Action::Export, ..glass().by(GROUP) }, Says::Floor, "D11: never export"),
        (GLASS, Ask { action: Action::Erase, ..glass().by(GROUP) }, Says::Floor, "1.3.1 Break-glass: never erase"),
        (GLASS, Ask { fresh: false, ..glass().by(GROUP) }, D, "1.3.1 Freshness"),
        (GLASS, ask(Purpose::MlTraining).by(GROUP), Says::Floor, "1.3.1 Floor"),
    ]
}

fn advanced() -> Vec<Row> {
    use Confidentiality::{Moderate, Normal, Restricted, VeryRestricted};
    use Sensitivity::{DomesticViolence, Hiv, Psychiatry};
    const NORMAL: &[&str] = &["ex-consent-advanced-normal"];
    const WIDE: &[&str] = &["ex-consent-advanced-normal-restricted"];
    const NOT_R: &[&str] = &["ex-consent-advanced-normal-not-restricted"];
    const FOCUSED: &[&str] = &["ex-consent-advanced-normal-focused-restricted"];
    const PSY: &[&str] = &["ex-consent-advanced-normal-focused-psy"];
    const PSY_SDV: &[&str] = &["ex-consent-advanced-normal-focused-psy-or-sdv"];
    const GLASS: &[&str] = &["ex-consent-advanced-normal-break-glass-restricted"];
    const GROUP: &str = "Group/ex-privilegedUsers";
    const OTHER: &str = "Practitioner/other";
    let (t, glass) = (|| ask(Purpose::Treatment), || ask(Purpose::BreakGlass).by(GROUP));
    vec![
        (NORMAL, t(), P, "D6: the listed confidentiality reaches the item's"),
        (NORMAL, t().of(Moderate, &[]), P, "1.3.1 Labels: M < N"),
        (NORMAL, t().of(Restricted, &[]), N, "1.3.1 Labels"),
        (NORMAL, t().of(Normal, &[Psychiatry]), P, "D6: the residual choice"),
        (NORMAL, t().of(Restricted, &[Psychiatry]), N, "D6"),
        (WIDE, t().of(Restricted, &[Hiv]), P, "D6"),
        (WIDE, t().of(VeryRestricted, &[]), N, "D6"),
        (NOT_R, t(), P, "D7: the nested deny does not hit N"),
        (NOT_R, t().of(Restricted, &[]), D, "D6: one hit is enough"),
        (NOT_R, t().of(VeryRestricted, &[]), D, "1.3.1 Labels: deny R also hits V"),
        (FOCUSED, t().of(Restricted, &[]), P, "1.3.1 Deepest match: a child is tested on its own"),
        (FOCUSED, t().of(Restricted, &[]).by(OTHER), N, "1.3.1 Actor"),
        (FOCUSED, t().by(OTHER), P, "D6: the root's own label"),
        (FOCUSED, ask(Purpose::Research).of(Restricted, &[]), N, "D3: purposes are inherited"),
        (PSY, t().of(Restricted, &[Psychiatry]), P, "D6: every code is listed"),
        (PSY, t().of(Restricted, &[Psychiatry]).by(OTHER), N, "1.3.1 Actor"),
        (PSY, t().of(Restricted, &[Psychiatry, Hiv]), N, "D6: every code must be listed"),
        (PSY, t().of(Restricted, &[]), N, "1.3.1 Labels: a non-empty set"),
        (PSY_SDV, t().of(Restricted, &[Psychiatry, DomesticViolence]), P, "D6"),
        (PSY_SDV, t().of(VeryRestricted, &[DomesticViolence]), P, "1.3.1 Labels: codes suffice"),
        (PSY_SDV, t().of(Restricted, &[Hiv]), N, "D6"),
        (GLASS, glass().of(Restricted, &[]), P, "D3: a permit outside its parent's purposes and label"),
        (GLASS, glass(), P, "1.3.1 Labels: R >= N"),
        (GLASS, glass().of(VeryRestricted, &[]), N, "1.3.1 Labels"),
        (GLASS, t().of(Restricted, &[]).by(GROUP), N, "D5: a permit never widens"),
        (GLASS, glass().of(Restricted, &[]).by(OTHER), N, "1.3.1 Actor"),
    ]
}

fn ai() -> Vec<Row> {
    use Confidentiality::{Restricted, VeryRestricted};
    const CDS: &[&str] = &["AllowCDS"];
    const ML: &[&str] = &["AllowMLtraining"];
    const DEID: &[&str] = &["AllowMLtrainingOnDeIdentifiedData"];
    const DEVICE: &[&str] = &["AllowSpecificAIforSpecificPurpose"];
    const ALL: &[&str] = &["AllAiProvisions"];
    const TEAM: &str = "http://example.org/CareTeam/ex-patient-careteam";
    let deid = Says::Permit(Obligations::DEIDENTIFY);
    let (t, cds, ml) =
        (|| ask(Purpose::Treatment), || ask(Purpose::TreatmentDecisionSupport), || ask(Purpose::MlTraining));
    let operations = || ask(Purpose::Operations);
    vec![
        (CDS, cds(), P, "D5: named"),
        (CDS, t(), N, "D5: a permit below does not reach above"),
        (ML, ml(), P, "D13: a consent of its own"),
        (ML, Ask { notice: false, ..ml() }, Says::Floor, "D13: without a notice of its own in the ledger"),
        (ML, operations(), N, "D5"),
        (DEID, ml(), deid, "1.1: the limit is an obligation"),
        (DEID, Ask { understands: Obligations::HEALTH, ..ml() }, N, "D1: an obligation that is not understood"),
        (DEID, operations(), N, "D5"),
        (&["AllowMLtraining", "AllowMLtrainingOnDeIdentifiedData"], ml(), deid, "D12: obligations are the union"),
        (&["AllowMLtraining", "DenyMLtraining"], ml(), D, "D8: deny overrides"),
        (DEVICE, cds().by("Device/AIdevice"), P, "1.3.1 Actor"),
        (DEVICE, cds().by("Device/other"), N, "1.3.1 Actor"),
        (DEVICE, t().by("Device/AIdevice"), N, "D5"),
        (&["DenyCDS"], cds(), D, "D4"),
        (&["DenyCDS"], t(), N, "D5: a deny does not reach above"),
        (&["ex-consent-basic-treat", "DenyCDS"], t(), P, "D8"),
        (&["ex-consent-basic-treat", "DenyCDS"], cds(), D, "D8"),
        (&["AllowCDS", "DenyCDS"], cds(), D, "D8: whichever is newer"),
        (&["DenyMLtraining"], ml(), Says::Floor, "D13 comes first"),
        (&["DenyMLtraining"], operations(), N, "D5: a deny does not reach above"),
        (&["ex-consent-basic-treat", "AllowMLtraining"], ml(), P, "D13: beside an ordinary permit"),
        (ALL, t(), P, "D7: deepest along one branch"),
        (ALL, t().of(Restricted, &[]), D, "D7: the second branch denies what its permits leave out"),
        (ALL, t().of(Restricted, &[]).by(TEAM), P, "1.3.1 Actor: the role is structural"),
        (ALL, t().of(VeryRestricted, &[]).by(TEAM), D, "D6"),
        (ALL, cds(), D, "D5: its second branch denies all it names, and below"),
        (ALL, ml(), Says::Floor, "1.3.1 Floor: bundled with other purposes"),
        (ALL, ml().of(Restricted, &[Sensitivity::Pregnancy]), Says::Floor, "1.3.1 Floor"),
        (
            &["AllAiProvisions", "AllowMLtraining"],
            ml().of(Restricted, &[Sensitivity::Pregnancy]),
            D,
            "D6 and D8: a sensitivity is hit",
        ),
    ]
}

#[test]
fn every_consent_decides_as_the_specification_says() {
    let Some(consents) = consents() else { return };
    let mut asked = BTreeSet::new();
    let mut rows = 0;
    for (names, ask, says, clause) in [basic(), intermediate(), advanced(), ai()].concat() {
        let bytes: Vec<&[u8]> = names.iter().map(|n| consents[*n].as_slice()).collect();
        let got = match ask.decide(&bytes) {
            Decision::Permit { obligations, basis } => {
                assert!(!basis.is_empty());
                Says::Permit(obligations)
            }
            Decision::Deny { basis: Refusal::Floor } => Says::Floor,
            Decision::Deny { basis: Refusal::Consent(_) } => D,
            Decision::Deny { basis: Refusal::Unusable(_) } => panic!("{names:?} cannot be read"),
            Decision::NotApplicable => N,
        };
        assert_eq!(got, says, "{names:?}, {} for {}: {clause}", ask.who, ask.purpose.code());
        asked.extend(names.iter().copied());
        rows += 1;
    }
    println!("{rows} rows over {} Consents", asked.len());
    assert_eq!((asked.len(), consents.len()), (30, 30), "every Consent is asked about");
    assert!(rows >= 130);
}
