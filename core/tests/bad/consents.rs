//! Consents that are broken or mean harm, and a log that somebody has written to: typed errors or a
//! refusal, never a permit, and nothing of the space is lost.

use super::common::*;
use healthspace::catalog::Query;
use healthspace::consent::{
    Action, ConsentMeta, ConsentState, ConsentStatus, Delegation, Facts, GrantSpec, GrantTerms, Kept, Recipient,
    RecipientKind, Standing,
};
use healthspace::policy::{Decision, ItemFacts, Request, decide};
use healthspace::record::{Author, Category, DecisionClass, Kind, ResourceType};
use healthspace::{
    Confidentiality, Environment, Error, FixedClock, GrantId, HealthSpace, Identity, Lang, LogOf, Obligations, Part,
    Purpose, Result, ScopeId, Timestamp, Unlock, verify_consistency, verify_receipt,
};
use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::Arc;

const TREAT: &str = r#""purpose":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]"#;

/// A Consent about a patient; `more` stands beside its provision.
fn of(id: &str, patient: &str, more: &str, provision: &str) -> String {
    format!(
        r#"{{"resourceType":"Consent","id":"{id}","status":"active","scope":{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}}]}},"patient":{{"reference":"Patient/{patient}"}},{more}"provision":{provision}}}"#
    )
}

fn consent(provision: &str) -> String {
    of("1", "p", "", provision)
}

fn permit(more: &str) -> String {
    format!(r#"{{"type":"permit",{more}{TREAT}}}"#)
}

fn doctor() -> Recipient {
    Recipient::reference("Practitioner/1").unwrap()
}

fn model() -> Recipient {
    Recipient::model("eu-llm").unwrap()
}

fn ask(space: &HealthSpace, who: Recipient, purpose: Purpose) -> Result<usize> {
    space.session(who, purpose)?.query(&Query::default()).map(|found| found.into_value().len())
}

/// A space with a record, and a grant to the model.
fn room() -> Room {
    let room = Room::new();
    room.import(observation(1, &value("1"))).unwrap();
    assert_eq!(facts(&room.space).len(), 1);
    room
}

/// Files a text, and sees that the doctor is not let in by it, that the person's own grant holds or
/// is refused along with everything, and that all is as before once it is withdrawn.
#[track_caller]
fn never_permits(text: &str) -> healthspace::ConsentsReport {
    let room = room();
    let report = room.space.import_consents(text.as_bytes(), gesture()).unwrap();
    let let_in = ask(&room.space, doctor(), Purpose::Treatment);
    assert!(matches!(let_in, Err(Error::Denied)), "{let_in:?}");
    let own = ask(&room.space, model(), Purpose::PatientRequest);
    if report.unusable > 0 {
        assert!(matches!(own, Err(Error::Denied)), "what cannot be read refuses everything");
        let all = room.space.imported_consents().unwrap();
        assert!(all.iter().any(|c| c.standing == Standing::Unusable));
    }
    // Filed as it came, also for who opens it next.
    let filed = room.again().export_consents().unwrap();
    assert!(report.filed.iter().all(|id| filed.iter().any(|(f, bytes)| f == id && holds(text, str(bytes)))));
    for id in &report.filed {
        room.space.withdraw(*id).unwrap();
    }
    assert_eq!(ask(&room.space, model(), Purpose::PatientRequest).unwrap(), 1);
    report
}

/// Whether what is filed stands in a text: texts of which none counts are filed together, in a Bundle.
fn holds(text: &str, filed: &str) -> bool {
    let inside = filed.split_once(r#""resource":"#).and_then(|(_, all)| all.strip_suffix("}]}"));
    let of_bundle = filed.starts_with(r#"{"resourceType":"Bundle""#);
    text.contains(filed)
        || of_bundle && inside.is_some_and(|all| all.split(r#"},{"resource":"#).all(|one| text.contains(one)))
}

fn str(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The same provision lets the doctor in where nothing is wrong with it.
#[test]
fn what_is_whole_permits() {
    let room = room();
    room.space.import_consents(consent(&permit("")).as_bytes(), gesture()).unwrap();
    assert_eq!(ask(&room.space, doctor(), Purpose::Treatment).unwrap(), 1);
}

#[test]
fn consents_with_cycles() {
    // Each names the other, and itself, as what it is about, by what it was made and whom it lets in.
    let about = |id: &str| {
        permit(&format!(
            r#""data":[{{"meaning":"related","reference":{{"reference":"Consent/{id}"}}}},{{"meaning":"dependents","reference":{{"reference":"Consent/1"}}}}],"#
        ))
    };
    let source = |id: &str| format!(r#""sourceReference":{{"reference":"Consent/{id}"}},"#);
    let both = [of("1", "p", &source("2"), &about("2")), of("2", "p", &source("1"), &about("1"))];
    assert_eq!(never_permits(&bundle(&both)).filed.len(), 2);
    let within = permit(r##""actor":[{"reference":{"reference":"#1"}}],"##);
    assert_eq!(never_permits(&consent(&within)).void_permits, 1);

    // Two grants of carers, each passed on under the other, and one under itself.
    let (now, scope) = (Timestamp::from_millis(1_790_000_000_000), ScopeId::from_bytes([1; 16]));
    let carer = Recipient::new(RecipientKind::Person, "Ana").unwrap();
    let kept = |own: u8, parent: Option<u8>| {
        let terms = GrantTerms::new(Purpose::FamilyRequest, scope, Category::ALL, carer.clone());
        let obligations = terms.obligations.union(Obligations::NO_REDISCLOSURE);
        let parent = parent.map(|p| GrantId::from_bytes([p; 16]));
        let delegation = Some(Delegation { may_pass_on: false, parent });
        let expires = Some(now.plus_millis(86_400_000));
        let series = GrantId::from_bytes([own; 16]);
        let meta = ConsentMeta {
            series,
            version: 1,
            status: ConsentStatus::Active,
            subject: Identity::from_bytes([9; 16]),
            given: now,
            updated: now,
            notice: [3; 32],
            lang: Lang::En,
        };
        let spec = GrantSpec::new(GrantTerms { expires, delegation, obligations, ..terms }).unwrap();
        let doc = Box::new(healthspace::consent::ConsentDoc { spec, meta });
        (series, Kept::Read { doc, used: 0, notice_logged: true })
    };
    let who = [carer.clone()];
    let request = Request {
        scope,
        actors: &who,
        purpose: Purpose::FamilyRequest,
        outside: None,
        action: Action::Read,
        now,
        clock_behind: false,
        fresh: true,
        understands: Obligations::from_bits(u32::MAX),
    };
    let class = DecisionClass {
        category: Category::Laboratory,
        kind: Kind::Observation,
        confidentiality: Confidentiality::Restricted,
        sensitivities: 0,
        obligations: 0,
        author: Author::Source,
        resource: ResourceType::NONE,
    };
    let item = ItemFacts { class, at: Some(1), until: None, more: Facts::default() };
    for (parents, permits) in
        [(&[(1, Some(2)), (2, Some(1))][..], false), (&[(1, Some(1))], false), (&[(1, None)], true)]
    {
        let mut state = ConsentState::default();
        for (series, kept) in parents.iter().map(|(own, parent)| kept(*own, *parent)) {
            state.add(series, 1, kept);
        }
        let decision = decide(&state.rules_at(now), &request, &item);
        assert_eq!(matches!(decision, Decision::Permit { .. }), permits, "{parents:?}");
        assert!(parents.iter().all(|(own, _)| state.children(GrantId::from_bytes([*own; 16])).count() <= 1));
    }
}

#[test]
fn a_hundred_thousand_provisions() {
    const N: usize = 100_000;
    let wide = format!(r#"{{"type":"permit",{TREAT},"provision":[{}{{}}]}}"#, "{\"id\":1},".repeat(N - 1));
    let deep = format!("{}{}{}", r#"{"provision":["#.repeat(N), permit(""), "]}".repeat(N));
    let over = format!(r#"{{"type":"permit",{TREAT},"provision":[{}]}}"#, vec![permit(""); N].join(","));
    for (name, provision, filed) in [("wide", wide, true), ("deep", deep, false), ("over 1 MiB", over, false)] {
        let text = consent(&provision);
        if filed {
            assert_eq!(never_permits(&text).unusable, 1, "{name}");
            continue;
        }
        // Too much to keep, or to be a text of FHIR at all: an error, and everything as it was.
        let room = room();
        let before = room.mark();
        let e = room.space.import_consents(text.as_bytes(), gesture()).unwrap_err();
        assert!(matches!(e, Error::Malformed(_) | Error::TooLarge(_)), "{name}: {e:?}");
        assert_eq!((room.mark(), room.space.imported_consents().unwrap().len()), (before, 0), "{name}");
        assert!(matches!(ask(&room.space, doctor(), Purpose::Treatment), Err(Error::Denied)), "{name}");
        assert_eq!(ask(&room.space, model(), Purpose::PatientRequest).unwrap(), 1, "{name}");
    }
}

#[test]
fn unknown_modifiers() {
    let modifier = r#""modifierExtension":[{"url":"http://example.org/not","valueBoolean":true}],"#;
    assert_eq!(never_permits(&of("1", "p", modifier, &permit(""))).unusable, 1);
    assert_eq!(never_permits(&of("1", "p", r#""implicitRules":"http://example.org/r","#, &permit(""))).unusable, 1);
    assert_eq!(never_permits(&consent(&permit(modifier))).void_permits, 1);
    let actor = format!(r#""actor":[{{{modifier}"reference":{{"reference":"Practitioner/1"}}}}],"#);
    assert_eq!(never_permits(&consent(&permit(&actor))).void_permits, 1);
    let nested = format!(r#""provision":[{}],"#, permit(modifier));
    assert_eq!(never_permits(&consent(&permit(&nested))).void_permits, 2);
    let r5 = format!(
        r#"{{"resourceType":"Consent","id":"1","status":"active","category":[{{"coding":[{{"system":"http://loinc.org","code":"59284-0"}}]}}],"subject":{{"reference":"Patient/p"}},"decision":"deny","provision":[{{{modifier}{TREAT}}}]}}"#
    );
    assert_eq!(never_permits(&r5).void_permits, 1);
}

#[test]
fn missing_root() {
    let whole = consent(&permit(""));
    let none = whole.replace(&format!(r#","provision":{}"#, permit("")), "");
    assert_ne!(none, whole);
    assert_eq!(never_permits(&none).unusable, 1);
    for root in [
        "{}",
        "null",
        "[]",
        r#"{"id":"x"}"#,
        &permit("").replace(r#""type":"permit","#, ""),
        &format!("[{}]", permit("")),
    ] {
        assert_eq!(never_permits(&consent(root)).unusable, 1, "{root}");
    }
}

#[test]
fn periods_reversed() {
    let reversed = r#"{"start":"2030-02-01","end":"2020-01-01"}"#;
    for period in ["period", "dataPeriod"] {
        assert_eq!(never_permits(&consent(&permit(&format!(r#""{period}":{reversed},"#)))).void_permits, 1);
        // Around a permit that states none, it voids that one as well.
        let around = format!(r#"{{"type":"deny","{period}":{reversed},"provision":[{}]}}"#, permit(""));
        never_permits(&consent(&around));
    }
    // One after the other, neither of them reversed: never at once.
    let apart =
        permit(&format!(r#""period":{{"start":"2030"}},"provision":[{}],"#, permit(r#""period":{"end":"2029"},"#)));
    never_permits(&consent(&apart));
    let r5 = format!(
        r#"{{"resourceType":"Consent","id":"1","status":"active","category":[{{"coding":[{{"system":"http://loinc.org","code":"59284-0"}}]}}],"subject":{{"reference":"Patient/p"}},"period":{reversed},"decision":"deny","provision":[{{{TREAT}}}]}}"#
    );
    assert_eq!(never_permits(&r5).void_permits, 1);
}

#[test]
fn duplicate_ids() {
    let (yes, no) = (consent(&permit("")), consent(r#"{"type":"deny"}"#));
    for both in [[yes.clone(), no.clone()], [no.clone(), yes.clone()]] {
        let report = never_permits(&bundle(&both).replace("[\n", "[").replace(",\n", ",").replace("\n]", "]"));
        assert_eq!((report.filed.len(), report.unusable), (1, 1), "nothing says which is newer");
    }
    // The id, or the effect, said twice in one Consent.
    let twice = yes.replacen(r#""id":"1","#, r#""id":"1","id":"2","#, 1);
    assert_eq!(never_permits(&twice).unusable, 1);
    let twice = yes.replacen(r#""type":"permit","#, r#""type":"deny","type":"permit","#, 1);
    assert_eq!(never_permits(&twice).unusable, 1);
    // One that says it is older does not undo a refusal.
    let dated = |text: &str, day: &str| {
        text.replacen(r#""id":"1","#, &format!(r#""id":"1","meta":{{"lastUpdated":"2026-01-{day}T00:00:00Z"}},"#), 1)
    };
    let room = room();
    room.space.import_consents(dated(&no, "02").as_bytes(), gesture()).unwrap();
    let report = room.space.import_consents(dated(&yes, "01").as_bytes(), gesture()).unwrap();
    assert_eq!((report.older, report.filed.len()), (1, 0));
    assert!(matches!(ask(&room.space, doctor(), Purpose::Treatment), Err(Error::Denied)));
}

#[test]
fn other_subjects() {
    let room = room();
    let before = room.mark();
    let two = bundle(&[of("1", "p", "", &permit("")), of("2", "q", "", &permit(""))]);
    assert!(matches!(room.space.import_consents(two.as_bytes(), gesture()), Err(Error::OtherSubject)));
    assert_eq!((room.mark(), room.space.imported_consents().unwrap().len()), (before, 0));
    assert!(matches!(ask(&room.space, doctor(), Purpose::Treatment), Err(Error::Denied)));
    // One patient, however the reference is written.
    let one = bundle(&[of("1", "p", "", r#"{"type":"deny"}"#), of("2", "p/_history/2", "", r#"{"type":"deny"}"#)]);
    assert_eq!(room.space.import_consents(one.as_bytes(), gesture()).unwrap().filed.len(), 2);
    // The same id of somebody else is another series: it replaces and withdraws nothing.
    let gone = of("1", "q", "", &permit("")).replace("\"active\"", "\"inactive\"");
    assert!(matches!(room.space.import_consents(gone.as_bytes(), gesture()), Err(Error::OtherSubject)));
    room.space.import_consents_confirmed(gone.as_bytes(), gesture()).unwrap();
    assert!(matches!(ask(&room.space, model(), Purpose::PatientRequest), Err(Error::Denied)), "the refusals stand");
    assert_eq!(room.space.imported_consents().unwrap().len(), 3);
}

#[test]
fn clocks_set_back() {
    const NOW: i64 = 1_790_000_000_000;
    let clock = Arc::new(FixedClock::new(Timestamp::from_millis(NOW)));
    let shared: Arc<FixedClock> = Arc::clone(&clock);
    let room = Room::with(Environment { clock: shared, ..Environment::default() });
    room.import(observation(1, &value("1"))).unwrap();
    let request = room.space.consent_request().purpose(Purpose::PatientRequest).categories(Category::ALL);
    let request = request.recipient(model()).expires_in_days(1);
    request.notice("en").unwrap();
    request.confirm(gesture()).unwrap();
    // Bounded by time as well, and not to begin before 2027.
    let later = permit(r#""period":{"start":"2027"},"#);
    room.space.import_consents(consent(&later).as_bytes(), gesture()).unwrap();
    let asked = || ask(&room.space, model(), Purpose::PatientRequest);
    assert_eq!(asked().unwrap(), 1);
    clock.set(Timestamp::from_millis(NOW + 2 * 86_400_000));
    assert!(matches!(asked(), Err(Error::Denied)), "over");
    for back in [0, NOW, NOW + 86_400_000 - 1, i64::MIN / 2] {
        clock.set(Timestamp::from_millis(back));
        for asked in [asked(), ask(&room.space, doctor(), Purpose::Treatment)] {
            assert!(matches!(asked, Err(Error::ClockBehind | Error::Denied)), "{back}: {asked:?}");
        }
        // Over by the last entry, or by the clock itself: not given.
        request.notice("en").unwrap();
        let confirmed = request.confirm(gesture());
        assert!(matches!(confirmed, Err(Error::ClockBehind | Error::Malformed(_))), "{back}: {confirmed:?}");
    }
    // The log is as it was, and nothing of it was dated back.
    let times: Vec<_> = room.space.log(LogOf::Partition("health")).unwrap().iter().map(|l| l.entry.time).collect();
    assert!(times.is_sorted() && !times.is_empty());
    clock.set(Timestamp::from_millis(NOW + 2 * 86_400_000));
    let request = request.expires_in_days(1);
    request.notice("en").unwrap();
    request.confirm(gesture()).unwrap();
    assert_eq!(asked().unwrap(), 1);
}

#[test]
fn receipts_from_another_space() {
    let (ours, theirs) = (room(), room());
    for of in [LogOf::Space, LogOf::Partition("health")] {
        let key = ours.space.verifier_key(of).unwrap();
        let size = theirs.space.log(of).unwrap().len() as u64;
        for index in 0..size {
            let receipt = theirs.space.receipt(of, index).unwrap();
            assert!(verify_receipt(&receipt, &key).is_err(), "of another space");
            assert!(verify_receipt(&receipt, &theirs.space.verifier_key(of).unwrap()).is_ok());
        }
        let kept = theirs.space.checkpoint(of).unwrap();
        let grown = ours.space.consistency(of, 1).unwrap();
        assert!(verify_consistency(&kept, &grown, &key).is_err());
        // Nor the one log of a space for the other.
        let other = if of == LogOf::Space { LogOf::Partition("health") } else { LogOf::Space };
        assert!(verify_receipt(&ours.space.receipt(other, 0).unwrap(), &key).is_err());
    }
    assert_eq!(ask(&ours.space, model(), Purpose::PatientRequest).unwrap(), 1);
}

/// A closed space with logs worth writing to: what its file was, the way in, and what it says.
struct Logged {
    room: (tempfile::TempDir, std::path::PathBuf),
    whole: Vec<u8>,
    unlock: Unlock,
    said: Vec<String>,
}

impl Logged {
    fn new() -> Self {
        let room = room();
        // A request keeps its space open.
        let gone = {
            let ask = room.space.consent_request().purpose(Purpose::Treatment).categories(Category::ALL);
            let ask = ask.recipient(model());
            ask.notice("en").unwrap();
            ask.confirm(gesture()).unwrap()
        };
        assert_eq!(ask(&room.space, model(), Purpose::Treatment).unwrap(), 1);
        room.space.withdraw(gone.id()).unwrap();
        for _ in 0..3 {
            ask(&room.space, model(), Purpose::PatientRequest).unwrap();
        }
        let unlock = Unlock::recovery_code(&room.code).unwrap();
        let said = said(&room.space).unwrap();
        let Room { dir, file, space, .. } = room;
        drop(space);
        Self { whole: std::fs::read(&file).unwrap(), room: (dir, file), unlock, said }
    }

    fn numbers(&self) -> Vec<i64> {
        self.restore();
        let conn = Connection::open(&self.room.1).unwrap();
        let mut all = conn.prepare("SELECT number FROM ledger ORDER BY number").unwrap();
        all.query_map([], |r| r.get(0)).unwrap().map(|n| n.unwrap()).collect()
    }

    fn restore(&self) {
        std::fs::write(&self.room.1, &self.whole).unwrap();
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.room.1.display()));
        }
    }

    /// The whole file but for one change; whether anything of it was noticed.
    #[track_caller]
    fn noticed(&self, change: impl FnOnce(&Connection)) -> bool {
        self.restore();
        let conn = Connection::open(&self.room.1).unwrap();
        change(&conn);
        conn.close().unwrap();
        let noticed = self.look(&self.room.1);
        // Nothing was lost: put back, everything is there.
        self.restore();
        let space = HealthSpace::open(&self.room.1, &self.unlock, env()).unwrap();
        assert_eq!(said(&space).unwrap(), self.said);
        noticed
    }

    fn look(&self, file: &Path) -> bool {
        let refused = |e: &Error| {
            matches!(e, Error::Corrupt(Part::Ledger | Part::Head | Part::File) | Error::RolledBack | Error::Forked)
        };
        let space = match HealthSpace::open(file, &self.unlock, env()) {
            Ok(space) => space,
            Err(e) => {
                assert!(refused(&e), "{e:?}");
                return true;
            }
        };
        let read = said(&space);
        match &read {
            Ok(said) => assert_eq!(*said, self.said, "another history was read"),
            Err(e) => assert!(refused(e), "{e:?}"),
        }
        // What was withdrawn stays so, whatever its entries say; the records are all there.
        let withdrawn = ask(&space, model(), Purpose::Treatment);
        assert!(withdrawn.as_ref().is_err_and(|e| refused(e) || matches!(e, Error::Denied)), "{withdrawn:?}");
        match ask(&space, model(), Purpose::PatientRequest) {
            Ok(found) => assert_eq!(found, 1),
            Err(e) => assert!(refused(&e), "{e:?}"),
        }
        assert_eq!(space.partition("health").unwrap().stats().unwrap().facts, 1);
        if read.is_ok() {
            let later = said(&space).unwrap();
            assert!(later.len() > self.said.len() && self.said.iter().all(|line| later.contains(line)));
        }
        read.is_err()
    }
}

/// All that the logs say, each entry by its receipt too.
fn said(space: &HealthSpace) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for of in [LogOf::Space, LogOf::Partition("health"), LogOf::Partition("general")] {
        let key = space.verifier_key(of)?;
        for line in space.log(of)? {
            let proved = verify_receipt(&space.receipt(of, line.index)?, &key)?;
            assert_eq!(proved.entry, line.entry);
            all.push(format!("{:?} {:?}", line.entry.time, line.entry.event));
        }
    }
    Ok(all)
}

#[test]
fn ledger_rows_swapped() {
    let v = Logged::new();
    let rows = v.numbers();
    let (mut noticed, mut tried) = (0, 0);
    for (i, a) in rows.iter().enumerate() {
        for b in rows.iter().skip(i + 1).step_by(3) {
            for columns in ["nodes, wrap, sealed", "scope, nodes, wrap, sealed", "wrap, sealed", "sealed", "nodes"] {
                tried += 1;
                noticed += usize::from(v.noticed(|conn| {
                    let sql = format!(
                        "CREATE TEMP TABLE t AS SELECT * FROM ledger WHERE number IN ({a},{b});\
                         UPDATE ledger SET ({columns})=(SELECT {columns} FROM t WHERE t.number={a}+{b}-ledger.number)\
                         WHERE number IN ({a},{b})"
                    );
                    conn.execute_batch(&sql).unwrap();
                }));
            }
        }
    }
    println!("swapped: {noticed} of {tried} noticed");
    assert_eq!(noticed, tried);
}

#[test]
fn ledger_rows_dropped() {
    let v = Logged::new();
    let rows = v.numbers();
    for n in &rows {
        assert!(v.noticed(|conn| _ = conn.execute("DELETE FROM ledger WHERE number=?", [n]).unwrap()), "{n}");
        for column in ["nodes", "wrap", "sealed", "scope"] {
            let sql = format!("UPDATE ledger SET {column}=NULL WHERE number=?");
            assert!(v.noticed(|conn| _ = conn.execute(&sql, [n]).unwrap()), "{n} {column}");
        }
    }
    assert!(v.noticed(|conn| _ = conn.execute("DELETE FROM ledger", []).unwrap()));
    assert!(rows.len() >= 10);
}

#[test]
fn ledger_rows_doubled() {
    let v = Logged::new();
    let rows = v.numbers();
    let last = rows.iter().max().unwrap();
    for n in &rows {
        // Once more behind the last one, where the next entry belongs: not part of any log.
        let noticed = v.noticed(|conn| {
            let sql = "INSERT INTO ledger SELECT ?2, scope, nodes, wrap, sealed FROM ledger WHERE number=?1";
            conn.execute(sql, params![n, last + 1]).unwrap();
        });
        assert!(!noticed, "{n}");
        // In the place of its neighbour.
        for m in rows.iter().filter(|m| *m != n).take(2) {
            let noticed = v.noticed(|conn| {
                let sql = "UPDATE ledger SET (nodes, wrap, sealed)=(SELECT nodes, wrap, sealed FROM ledger WHERE number=?1) WHERE number=?2";
                conn.execute(sql, params![n, m]).unwrap();
            });
            assert!(noticed, "{n} in the place of {m}");
        }
    }
}
