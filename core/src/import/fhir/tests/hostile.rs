//! Input that is broken, or means harm.
use super::*;

const SMALL: &str = r#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://a/Patient/1","resource":{"resourceType":"Patient","id":"1","name":[{"family":"A\"}{","given":["B"]}]}},
 {"resource":{"resourceType":"Observation","id":"2","code":{"text":"x\\"},"valueQuantity":{"value":1.0}},"fullUrl":"http://a/Observation/2","search":{"mode":"match"}},
 {"response":{"status":"200"}}, {"resource":{"id":"3","code":{"text":"late"},"resourceType":"Condition"}}],"total":3}
"#;

fn code(input: &[u8]) -> Malformed {
    match run_with(&Limits::default(), input).0 {
        Err(Error::Malformed(m)) => m,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fails_as_a_whole_only_if_nothing_is_there() {
    assert_eq!(code(b""), Malformed::Empty);
    assert_eq!(code(b" \r\n"), Malformed::Empty);
    assert_eq!(code(b"\xEF\xBB\xBF"), Malformed::Empty);
    for bad in ["[1]", "<xml/>", "null", "hello", "{", "{hello}", "{\"a\":", "\0\0"] {
        assert_eq!(code(bad.as_bytes()), Malformed::Json, "{bad}");
    }
    let utf16: Vec<u8> = "\u{FEFF}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code(&utf16), Malformed::Json);
    assert_eq!(code(b"{}"), Malformed::NotFhir);
    assert_eq!(code(br#"{"a":[1,{"b":2}]}"#), Malformed::NotFhir);
    assert!(looks_like(b"\xEF\xBB\xBF \r\n{") && !looks_like(b"<a>") && !looks_like(b"") && !looks_like(b"[{"));
}

#[test]
fn a_full_url_is_found_behind_its_resource() {
    let (c, r) = run(SMALL.as_bytes());
    assert!(r.issues.is_empty());
    assert_eq!(c.records.iter().map(|r| r.type_name).collect::<Vec<_>>(), ["Patient", "Observation", "Condition"]);
    let of = |url| {
        let names = super::super::identity::Names { full_url: Some(url), ..Default::default() };
        super::super::identity::identity("", names, b"")
    };
    assert_eq!(c.records[0].identity, of("http://a/Patient/1"));
    assert_eq!(c.records[1].identity, of("http://a/Observation/2"));
}

#[test]
fn cut_off_at_every_byte() {
    let whole = run(SMALL.as_bytes()).0;
    let ends: Vec<u64> = whole.records.iter().map(|r| r.span.offset + r.span.len).collect();
    for n in 0..SMALL.len() {
        let cut = &SMALL.as_bytes()[..n];
        let (done, sink, report) = run_with(&Limits::default(), cut);
        let due = ends.iter().filter(|e| **e <= n as u64).count();
        assert_eq!(sink.records.len(), due, "at {n}");
        assert_eq!(sink.rebuild(), if n == 0 { &[] } else { cut });
        for (a, b) in sink.records.iter().zip(&whole.records) {
            assert_eq!((&a.body, &a.facts), (&b.body, &b.facts));
        }
        assert_eq!(done.is_ok(), n > r#"{"resourceType":"Bundle""#.len() - 1, "at {n}");
        if done.is_ok() && n < SMALL.trim_end().len() {
            assert_eq!(issues(&report).last(), Some(&(Severity::Refused, What::Truncated)), "at {n}");
        }
    }
}

#[test]
fn one_bad_entry_costs_itself_alone() {
    let good = r#"{"resource":{"resourceType":"Patient","id":"g"}}"#;
    for (bad, what) in [
        (r#"{"resource":{"resourceType":"Patient","id":tru}}"#, What::BadJson),
        (r#"{"resource":{"resourceType":"Patient","name":[{"family":"x"}}}"#, What::BadJson),
        (r#"{"resource":{"resourceType":"Patient","a":"\ud800","b":1,}}"#, What::BadJson),
        (r#"{"resource":{"resourceType":"Patient" "id":"x"}}"#, What::BadJson),
        (r#"{"fullUrl" "x","resource":{"resourceType":"Patient"}}"#, What::BadJson),
        (r#"{"resource":{"id":"x"}}"#, What::NotAResource),
        (r#"{"resource":null}"#, What::NotAResource),
        (r#"{"resource":"Patient"}"#, What::NotAResource),
        ("null", What::NotAResource),
        ("7", What::NotAResource),
        ("\"x\"", What::NotAResource),
        ("{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"a\0b\"}}", What::BadJson),
    ] {
        let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{good},{bad},{good}]}}"#);
        let (c, r) = run(bundle.as_bytes());
        assert_eq!(c.records.len(), 2, "{bad}");
        assert_eq!(issues(&r), [(Severity::Refused, what)], "{bad}");
        let at = bundle.find(bad).unwrap() as u64;
        assert!((at..=at + bad.len() as u64).contains(&r.issues[0].offset), "{bad}");
        assert_eq!(r.types.values().map(|t| t.refused).sum::<u64>(), 1);
    }
    let (c, r) =
        run(format!(r#"{{"resourceType":"Bundle","entry":[{{}},{{"resource":{{"resourceType":"Nope"}}}},{good}]}}"#)
            .as_bytes());
    assert_eq!((c.records.len(), c.records[0].type_name), (2, "Unknown"));
    assert_eq!(issues(&r), [(Severity::Repaired, What::UnknownType)]);
}

#[test]
fn bytes_that_are_no_utf8_and_lone_surrogates_stay_as_they_are() {
    let (c, r) = run(b"{\"resourceType\":\"Condition\",\"code\":{\"text\":\"caf\xe9\"}}");
    assert_eq!(c.fact().text, "caf\u{FFFD}");
    assert_eq!(issues(&r), [(Severity::Repaired, What::BadUtf8)]);
    // JSON's grammar allows a lone surrogate in an escape; Unicode text does not.
    let (c, r) = run(
        br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Condition","code":{"text":"\ud800"}}}]}"#,
    );
    assert_eq!((c.records.len(), issues(&r)), (0, vec![(Severity::Refused, What::BadJson)]));
    let (c, r) = run("\u{FEFF}{\"resourceType\":\"Basic\"}\r\n".as_bytes());
    assert_eq!((c.records.len(), issues(&r)), (1, vec![(Severity::Repaired, What::ByteOrderMark)]));
}

#[test]
fn lines() {
    let a = r#"{"resourceType":"Patient","id":"1"}"#;
    let (c, r) =
        run(format!("{a}\r\n\r\n{a}\n{{\"resourceType\":\"Patient\",\n{a}\nrubbish\n{{\"x\":\"unclosed\n{a}")
            .as_bytes());
    assert_eq!(c.records.len(), 4);
    assert_eq!(issues(&r), [(Severity::Refused, What::BadJson); 3]);
    // Pretty-printed objects one after the other are no lines.
    let (c, r) = run(b"{\n\"resourceType\":\n\"Patient\"}\n{\n\"resourceType\":\"Patient\"\n}");
    assert_eq!((c.records.len(), r.issues.len()), (2, 0));
    let (c, _) = run(format!("{a}\n{SMALL}").replace(",\n", ",").as_bytes());
    assert_eq!(c.records.len(), 4);
    let (c, r) = run(format!("{a} trailing").as_bytes());
    assert_eq!((c.records.len(), issues(&r)), (1, vec![(Severity::Refused, What::BadJson)]));
}

#[test]
fn bundles_within_bundles() {
    let wrap = |inner: &str| {
        format!(r#"{{"type":"searchset","entry":[{{"resource":{inner},"search":{{}}}}],"resourceType":"Bundle"}}"#)
    };
    let mut json = r#"{"resourceType":"Patient"}"#.to_owned();
    for level in 1..=6 {
        json = wrap(&json);
        let (c, _) = run(json.as_bytes());
        assert_eq!(c.records.len(), 1);
        assert_eq!(c.records[0].type_name, if level <= 4 { "Patient" } else { "Bundle" });
    }
    let (c, _) = run(br#"{"entry":[{"item":{"display":"x"}}],"resourceType":"List"}"#);
    assert_eq!(c.records[0].type_name, "List");
}

/// `{"resourceType":"Bundle","entry":[{"resource":` + so many of one byte + the rest.
struct Flood {
    head: &'static [u8],
    byte: u8,
    left: u64,
    tail: &'static [u8],
}

impl Read for Flood {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(out);
        }
        if self.left > 0 {
            let n = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            out[..n].fill(self.byte);
            self.left -= n as u64;
            return Ok(n);
        }
        self.tail.read(out)
    }
}

fn flood(head: &'static [u8], byte: u8, left: u64, tail: &'static [u8]) -> (usize, Report) {
    struct Count(usize, u64);
    impl Sink for Count {
        fn record(&mut self, d: Draft<'_>) -> Result<()> {
            self.0 += 1;
            self.1 += d.body.len() as u64;
            Ok(())
        }
        fn sample(&mut self, _: &SeriesKey, _: u32, _: Sample) -> Result<()> {
            Ok(())
        }
        fn envelope(&mut self, _: u32, at: u64, bytes: &[u8]) -> Result<()> {
            assert!(bytes.len() < 20 << 20 && at >= self.1.min(at));
            self.1 += bytes.len() as u64;
            Ok(())
        }
        fn progress(&mut self, _: u64) -> Result<()> {
            Ok(())
        }
    }
    let all = head.len() as u64 + left + tail.len() as u64;
    let (mut sink, mut report) = (Count(0, 0), Report::default());
    let mut input = Flood { head, byte, left, tail };
    import(&mut input, None, 0, &Limits::default(), &mut sink, &mut report, Context::default()).unwrap();
    assert_eq!(sink.1, all, "every byte goes somewhere");
    (sink.0, report)
}

#[test]
fn a_gigabyte_of_one_thing_is_stepped_over() {
    let size = if cfg!(debug_assertions) { 200 << 20 } else { 1 << 30 };
    let tail = b"}},{\"resource\":{\"resourceType\":\"Patient\"}}]}";
    let string = b"\"}},{\"resource\":{\"resourceType\":\"Patient\"}}]}";
    let (n, r) =
        flood(br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Basic","x":1"#, b'7', size, tail);
    assert_eq!((n, issues(&r)), (1, vec![(Severity::Refused, What::TooLarge)]));
    let (n, r) = flood(br#"{"resourceType":"Bundle","entry":[{"resource":{"x":""#, b'a', 40 << 20, string);
    assert_eq!((n, issues(&r)), (1, vec![(Severity::Refused, What::TooLarge)]));
    let (n, r) = flood(
        br#"{"resourceType":"Bundle","entry":[{"fullUrl":""#,
        b'\\',
        40 << 20,
        br#"","resource":{"resourceType":"Patient"}}]}"#,
    );
    assert_eq!((n, r.issues.len()), (1, 0));
    // The fullUrl behind a long tail is not waited for; the record is not lost for it.
    let (n, r) = flood(
        br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient"},"search":{"x":""#,
        b'a',
        40 << 20,
        br#""},"fullUrl":"urn:x"}]}"#,
    );
    assert_eq!((n, r.issues.len()), (1, 0));
    let (n, r) = flood(br#"{"resourceType":"Patient"}"#, b' ', 40 << 20, b"\n{}");
    assert_eq!((n, issues(&r)), (1, vec![(Severity::Refused, What::NotAResource)]));
}

#[test]
fn a_million_levels_do_not_recurse() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(1_000_000) + "1" + &close.repeat(1_000_000);
        let (c, r) = run(format!(r#"{{"resourceType":"Bundle","x":{deep},"entry":[{{"y":{deep},"resource":{{"resourceType":"Basic","z":{deep}}}}},{{"resource":{{"resourceType":"Patient"}}}}]}}"#).as_bytes());
        assert_eq!((c.records.len(), issues(&r)), (1, vec![(Severity::Refused, What::TooDeep)]));
        let (c, r) = run(format!(r#"{{"z":{deep}}}"#).as_bytes());
        assert_eq!((c.records.len(), issues(&r)), (0, vec![(Severity::Refused, What::TooDeep)]));
    }
    let (done, ..) = run_with(&Limits::default(), "{\"a\":[".repeat(500_000).as_bytes());
    assert!(matches!(done, Err(Error::Malformed(Malformed::Json))));
}

#[test]
fn a_host_that_lifts_the_depth_limit_gets_no_overflow() {
    for depth in [60, 100_000] {
        let nested = r#"{"section":["#.repeat(depth) + "{}" + &"]}".repeat(depth);
        let json = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Composition","section":[{nested}]}}}}]}}"#
        );
        let (done, c, r) = run_with(&Limits { json_depth: usize::MAX, ..Limits::default() }, json.as_bytes());
        assert!(done.is_ok());
        assert_eq!((c.records.len(), r.issues.len()), if depth == 60 { (1, 0) } else { (0, 1) });
    }
}

#[test]
fn limits_at_and_over() {
    let body = r#"{"resourceType":"Patient","a":[[{}]]}"#;
    let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{body}}},{{"resource":{body}}}]}}"#);
    let with = |change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        let (done, sink, report) = run_with(&limits, bundle.as_bytes());
        if done.is_ok() {
            assert_eq!(sink.rebuild(), bundle.as_bytes());
        }
        (done.is_ok(), sink.records.len(), issues(&report))
    };
    let refused = |what| (true, 0, vec![(Severity::Refused, what); 2]);
    assert_eq!(with(&|l| l.resource_bytes = body.len()), (true, 2, vec![]));
    assert_eq!(with(&|l| l.resource_bytes = body.len() - 1), refused(What::TooLarge));
    assert_eq!(with(&|l| l.json_depth = 4), (true, 2, vec![]));
    assert_eq!(with(&|l| l.json_depth = 3), refused(What::TooDeep));
    assert_eq!(with(&|l| l.entries = 2), (true, 2, vec![]));
    assert_eq!(with(&|l| l.entries = 1), (true, 1, vec![(Severity::Refused, What::TooLarge)]));
    assert!(with(&|l| l.input_bytes = bundle.len() as u64).0);
    assert!(!with(&|l| l.input_bytes = bundle.len() as u64 - 1).0);
    let total = import(
        &mut &b"{}"[..],
        Some(2),
        0,
        &Limits { input_bytes: 1, ..Limits::default() },
        &mut Collect::default(),
        &mut Report::default(),
        Context::default(),
    );
    assert!(matches!(total, Err(Error::TooLarge(Limit::InputBytes))));
    // Far over, so that the window itself has to give the resource up.
    let big = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Basic","x":"{}"}}}},{{"resource":{body}}}]}}"#,
        "y".repeat(1 << 20)
    );
    let (done, sink, report) = run_with(&Limits { resource_bytes: 100, ..Limits::default() }, big.as_bytes());
    assert!(done.is_ok() && sink.records.len() == 1 && issues(&report) == [(Severity::Refused, What::TooLarge)]);
    assert_eq!(sink.rebuild(), big.as_bytes());
}

/// As the page on hostile input has them, with nothing set.
#[test]
fn the_defaults_at_and_over() {
    let limits = Limits::default();
    assert_eq!((limits.json_depth, limits.resource_bytes, limits.entries), (64, 16 << 20, 1_000_000));
    let refused = |body: &str| {
        let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{body}}}]}}"#);
        let (c, r) = run(bundle.as_bytes());
        assert_eq!(c.records.len(), usize::from(r.issues.is_empty()));
        issues(&r).first().map(|(_, what)| *what)
    };
    let deep = |n: usize| format!(r#"{{"resourceType":"Basic","a":{}{}}}"#, "[".repeat(n - 1), "]".repeat(n - 1));
    assert_eq!(refused(&deep(64)), None);
    assert_eq!(refused(&deep(65)), Some(What::TooDeep));
    // Extensions in one another have no depth of their own: it is that of all JSON.
    let extended = |n: usize| {
        let (open, close) = (r#"{"url":"urn:x","extension":["#.repeat(n), "]}".repeat(n));
        format!(r#"{{"resourceType":"Basic","extension":[{open}{{"url":"urn:y","valueCode":"z"}}{close}]}}"#)
    };
    // The resource and its list, two for each, and the last one.
    assert_eq!(refused(&extended(30)), None);
    assert_eq!(refused(&extended(31)), Some(What::TooDeep));
    let long = |n: usize| {
        let rest = r#"{"resourceType":"Basic","a":""}"#.len();
        format!(r#"{{"resourceType":"Basic","a":"{}"}}"#, "x".repeat(n - rest))
    };
    assert_eq!(refused(&long(16 << 20)), None);
    assert_eq!(refused(&long((16 << 20) + 1)), Some(What::TooLarge));
}

#[test]
fn sixteen_megabytes_of_empty_elements_stay_small() {
    let n = super::super::node::ELEMENTS as usize;
    for (count, over) in [(n, false), (n + 1, true), (3_000_000, true)] {
        let json = format!(
            r#"{{"resourceType":"Observation","component":[{}{{}}],"status":"final"}}"#,
            "{},".repeat(count - 1)
        );
        let (c, r) = run(json.as_bytes());
        assert_eq!((c.records[0].facts.len(), c.fact().status), (count.min(n) + 1, Status::Final));
        assert_eq!(issues(&r), vec![(Severity::Repaired, What::TooLarge); usize::from(over)]);
    }
}

#[test]
fn an_entry_of_many_resources_is_read_in_one_go() {
    let many = r#""resource":{"resourceType":"Basic"},"#.repeat(100_000);
    let start = std::time::Instant::now();
    let (c, _) = run(format!(r#"{{"resourceType":"Bundle","entry":[{{{many}"fullUrl":"urn:x"}}]}}"#).as_bytes());
    assert_eq!(c.records.len(), 100_000);
    assert!(start.elapsed().as_secs() < 20, "not quadratic");
}

#[test]
fn too_many_uses_without_medication_do_not_pile_up() {
    let line = |i: usize| {
        format!(
            r#"{{"resourceType":"MedicationRequest","id":"{i}","medicationReference":{{"reference":"Medication/x"}}}}"#
        )
    };
    let json: String = (0..10_050).map(|i| line(i) + "\n").collect();
    let (c, _) = run(json.as_bytes());
    assert_eq!(c.records.len(), 10_050);
    assert!(c.records.iter().all(|r| r.facts[0].text == "Medication/x"));
}

#[test]
fn what_the_sink_or_the_reader_says_stops_the_import() {
    struct Stubborn(u32);
    impl Stubborn {
        fn step(&mut self) -> Result<()> {
            self.0 = self.0.checked_sub(1).ok_or(Error::Cancelled)?;
            Ok(())
        }
    }
    impl Sink for Stubborn {
        fn record(&mut self, _: Draft<'_>) -> Result<()> {
            self.step()
        }
        fn sample(&mut self, _: &SeriesKey, _: u32, _: Sample) -> Result<()> {
            self.step()
        }
        fn envelope(&mut self, _: u32, _: u64, _: &[u8]) -> Result<()> {
            self.step()
        }
        fn progress(&mut self, _: u64) -> Result<()> {
            self.step()
        }
    }
    let mut steps = 0;
    loop {
        let mut sink = Stubborn(steps);
        match import(
            &mut SMALL.as_bytes(),
            None,
            0,
            &Limits::default(),
            &mut sink,
            &mut Report::default(),
            Context::default(),
        ) {
            Ok(()) => break,
            Err(Error::Cancelled) => steps += 1,
            Err(e) => panic!("{e:?}"),
        }
    }
    assert!(steps >= 8);
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            SMALL.as_bytes().read(out)
        }
    }
    let mut sink = Collect::default();
    let done =
        import(&mut Fails(false), None, 0, &Limits::default(), &mut sink, &mut Report::default(), Context::default());
    assert!(matches!(done, Err(Error::Io(std::io::ErrorKind::ConnectionReset))));
}

/// Hands out a few bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.1.min(out.len()).min(self.0.len());
        self.0.read(out.get_mut(..n).unwrap_or_default())
    }
}

#[test]
fn where_chunks_end_makes_no_difference() {
    // A prefix of white space moves every token of the bundle over the border of a chunk.
    let want = run(SMALL.as_bytes()).0;
    for shift in 0..SMALL.len() + 2 {
        let input = " ".repeat((256 << 10) - shift) + SMALL;
        let (done, got, report) = run_with(&Limits::default(), input.as_bytes());
        assert!(done.is_ok() && report.issues.is_empty(), "at {shift}");
        assert_eq!(got.rebuild(), input.as_bytes());
        assert!(got.records.iter().zip(&want.records).all(|(a, b)| (&a.body, a.identity) == (&b.body, b.identity)));
        assert_eq!(got.records.len(), want.records.len());
    }
    let (mut sink, mut report) = (Collect::default(), Report::default());
    import(&mut Drip(SMALL.as_bytes(), 3), None, 0, &Limits::default(), &mut sink, &mut report, Context::default())
        .unwrap();
    assert_eq!(sink.rebuild(), SMALL.as_bytes());
}

fn accepts(input: &[u8]) -> std::result::Result<(), TestCaseError> {
    let (done, sink, _) = run_with(&Limits { resource_bytes: 4096, json_depth: 16, ..Limits::default() }, input);
    if done.is_ok() {
        prop_assert_eq!(sink.rebuild(), input);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes(input in proptest::collection::vec(any::<u8>(), 0..400)) {
        accepts(&input)?;
    }

    #[test]
    fn any_soup_of_tokens(tokens in proptest::collection::vec(0usize..24, 0..60)) {
        const T: [&str; 24] = ["{", "}", "[", "]", ",", ":", "\"", "\\", "\n", " ", "\"resourceType\":", "\"Bundle\"",
            "\"entry\":[", "{\"resource\":", "\"fullUrl\":\"urn:uuid:x\"", "\"Observation\"", "null", "1.5e9", "\"code\":",
            "{\"resourceType\":\"Patient\"}", "\"component\":[", "\"valueQuantity\":{\"value\":", "\u{FEFF}", "\"contained\":"];
        let soup: String = tokens.iter().map(|t| T[*t]).collect();
        accepts(soup.as_bytes())?;
        accepts(format!("{{\"resourceType\":\"Bundle\",\"entry\":[{soup}").as_bytes())?;
        accepts(format!("{{\"resourceType\":\"Patient\"}}\n{soup}\n{{\"resourceType\":\"Patient\"}}").as_bytes())?;
    }

    #[test]
    fn mutated_bundle(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..8)) {
        let mut input = SMALL.as_bytes().to_vec();
        for (at, byte, what) in edits {
            let at = at.index(input.len().max(1));
            match what {
                0 if at < input.len() => input[at] = byte,
                1 if at < input.len() => { input.remove(at); }
                _ => input.insert(at.min(input.len()), byte),
            }
        }
        accepts(&input)?;
    }
}

#[test]
fn mutated_real_bundles() {
    let files: Vec<Vec<u8>> = shared("ips-connectathon").iter().take(12).map(|p| std::fs::read(p).unwrap()).collect();
    let mut state = 7u64;
    let mut random = move |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n.max(1)
    };
    for file in &files {
        for _ in 0..20 {
            let mut input = file.clone();
            for _ in 0..=random(6) {
                let at = random(input.len());
                match random(4) {
                    0 => input[at] = b"{}[]\",:\\\n\0"[random(10)],
                    1 => input[at] = random(256) as u8,
                    2 => drop(input.drain(at..(at + random(200)).min(file.len().min(input.len())))),
                    _ => input.truncate(at.max(1)),
                }
            }
            let (done, sink, _) = run_with(&Limits::default(), &input);
            if done.is_ok() {
                assert_eq!(sink.rebuild(), input);
            }
        }
    }
}
