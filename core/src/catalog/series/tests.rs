use super::*;
use crate::record::{Category, Meta, SeriesKey};
use proptest::prelude::*;

fn text() -> impl Strategy<Value = Option<Arc<str>>> {
    prop_oneof![
        Just(None),
        Just(Some(Arc::from("<<HKDevice>, name:Watch>"))),
        "\\PC{0,12}".prop_map(|s| Some(Arc::from(s))),
        "[0-9:. \u{1f}é-]{0,24}".prop_map(|s| Some(Arc::from(s))),
    ]
}

fn metas() -> impl Strategy<Value = Arc<[Meta]>> {
    let value = prop_oneof![
        "[0-2]".prop_map(Arc::<str>::from),
        (700_000..780_000u32).prop_map(|n| Arc::from(format!("{}.{:03} mmHg", n / 1000, n % 1000))),
        "[0-9]{0,40}".prop_map(Arc::<str>::from),
        "\\PC{0,8}".prop_map(Arc::<str>::from),
    ];
    let meta = ("[ab/@]{1,2}".prop_map(Arc::<str>::from), value).prop_map(|(key, value)| Meta { key, value });
    proptest::collection::vec(meta, 0..4).prop_map(Arc::from)
}

fn decimal() -> impl Strategy<Value = Option<Decimal>> {
    prop_oneof![
        Just(None),
        (40i64..200).prop_map(|m| Decimal::new(m, 0)),
        (0i64..100_000, 0i8..6).prop_map(|(m, s)| Decimal::new(m, s)),
        (any::<i64>(), -18i8..=30).prop_map(|(m, s)| Decimal::new(m, s)),
    ]
}

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), (-2_000_000_000i64..2_000_000_000).prop_map(|s| s * 1000)]
}

fn sample() -> impl Strategy<Value = Sample> {
    let times = (time(), time(), proptest::option::of(time()), any::<i16>());
    let place = (prop_oneof![any::<u64>(), 0u64..1_000_000], prop_oneof![any::<u32>(), 100u32..600]);
    (times, decimal(), (text(), text(), text()), metas(), place).prop_map(
        |((start, end, created, offset), number, (word, source_version, device), meta, (at, len))| Sample {
            start,
            end,
            created,
            offset,
            number,
            word,
            source_version,
            device,
            meta,
            at,
            len,
        },
    )
}

/// A chunk as exports have them.
fn usual(n: usize) -> Vec<Sample> {
    let mut at = 1000;
    (0..n)
        .map(|i| {
            let x = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let start = 1_600_000_000_000 + i as i64 * 790_000 + (x % 600) as i64 * 1000;
            let meta: Arc<[Meta]> = if i % 3 == 0 {
                [Meta { key: "HKMetadataKeyHeartRateMotionContext".into(), value: (x % 3).to_string().into() }].into()
            } else {
                Arc::default()
            };
            let len = if i % 3 == 0 { 470 } else { 390 };
            let s = Sample {
                start,
                end: start,
                created: Some(start + 2000),
                offset: 120,
                number: Decimal::new(60 + (x % 14) as i64, 0),
                word: None,
                source_version: Some("10.1".into()),
                device: Some("<<HKDevice>, name:Apple Watch>".into()),
                meta,
                at,
                len,
            };
            at += u64::from(len) + 2;
            s
        })
        .collect()
}

#[test]
fn usual_chunks_are_small() {
    for (n, most) in [(0, 40), (1, 130), (20, 200), (300, 1000), (4096, 8300)] {
        let samples = usual(n);
        let bytes = encode(&samples);
        assert_eq!(decode(&bytes).unwrap(), samples);
        assert!(bytes.len() <= most, "{n} samples take {} bytes", bytes.len());
    }
}

#[test]
fn a_sum_of_a_chunk() {
    let s = summary(&usual(100));
    assert_eq!((s.count, s.numbers, s.min >= 60.0, s.max <= 73.0), (100, 100, true, true));
    let mut none = usual(3);
    none.iter_mut().for_each(|s| s.number = None);
    assert_eq!(summary(&none), SeriesSummary { count: 3, numbers: 0, sum: 0.0, min: 0.0, max: 0.0 });
}

#[test]
fn bounds_are_kept() {
    // A shape of a thousand keys, claimed by every one of many samples.
    let key = |i: usize| Meta { key: i.to_string().into(), value: "".into() };
    let meta: Arc<[Meta]> = (0..metas::MOST / 64).map(key).collect();
    let mut samples = usual(65);
    samples.iter_mut().for_each(|s| s.meta = Arc::clone(&meta));
    assert!(matches!(decode(&encode(&samples)), Err(Error::Corrupt(Part::Body))));
    assert!(decode(&encode(&samples[..64])).is_ok());
    assert!(decode(&[]).is_err() && decode(&[1]).is_err());
    let mut bytes = encode(&usual(10));
    bytes.push(0);
    assert!(decode(&bytes).is_err(), "bytes behind the end");
    assert!(decode(&encode(&usual(MOST_SAMPLES))).is_ok());
    assert!(decode(&encode(&usual(MOST_SAMPLES + 1))).is_err());
}

#[test]
fn every_byte_changed_is_harmless() {
    let bytes = encode(&usual(200));
    for at in 0..bytes.len() {
        for to in [0, 0x7f, 0xff, bytes[at] ^ 1] {
            let mut bad = bytes.clone();
            bad[at] = to;
            let _ = decode(&bad);
        }
        assert!(decode(&bytes[..at]).is_err());
    }
}

fn key(code: &str, month: i32) -> SeriesKey {
    SeriesKey {
        code: code.into(),
        system: String::new(),
        unit: String::new(),
        source: String::new(),
        category: Category::Activity,
        month,
    }
}

#[test]
fn chunks_are_full_or_old() {
    let samples = usual(20_000);
    let mut seen: Vec<(SeriesKey, Vec<Sample>)> = Vec::new();
    let mut chunker = Chunker::new(5000 * size_of::<Sample>());
    let mut emit = |c: Chunk| {
        assert!((1..=CHUNK).contains(&c.samples.len()) && c.member == 7);
        seen.push((c.key, c.samples));
        Ok(())
    };
    for (i, s) in samples.iter().enumerate() {
        let key = if i % 50 == 0 { key("b", i as i32 / 5000) } else { key("a", 0) };
        chunker.push(&key, 7, s.clone(), &mut emit).unwrap();
        assert!(chunker.bytes <= 5000 * size_of::<Sample>());
    }
    chunker.finish(&mut emit).unwrap();
    assert!(seen.iter().filter(|(_, s)| s.len() == CHUNK).count() >= 3);
    let mut all: Vec<Sample> = seen.into_iter().flat_map(|(_, s)| s).collect();
    all.sort_by_key(|s| s.at);
    assert_eq!(all, samples, "each sample comes out once");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_lost(samples in proptest::collection::vec(sample(), 0..100)) {
        prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
    }

    #[test]
    fn alike_ones_are_not_lost_either(one in sample(), two in sample(), n in 1usize..300) {
        let samples: Vec<Sample> = (0..n).map(|i| if i % 7 == 0 { one.clone() } else { two.clone() }).collect();
        prop_assert_eq!(decode(&encode(&samples)).unwrap(), samples);
    }

    #[test]
    fn hostile_bytes_do_no_harm(
        samples in proptest::collection::vec(sample(), 0..80),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut out = columns(&samples, &mut |_, _| {});
        for (at, to) in &changes {
            let n = out.plain.len() + out.packed.len();
            let i = at.index(n);
            let plain = out.plain.len();
            if i < plain { out.plain[i] = *to } else { out.packed[i - plain] = *to }
        }
        // Not compressed, so that the change reaches the columns.
        let mut bytes = vec![VERSION];
        varint::put(&mut bytes, out.plain.len() as u64);
        varint::put(&mut bytes, 0);
        bytes.extend_from_slice(&out.plain);
        bytes.extend_from_slice(&out.packed);
        let _ = decode(&bytes);
    }

    #[test]
    fn any_bytes_do_no_harm(bytes: Vec<u8>) {
        let _ = decode(&bytes);
        let mut framed = vec![VERSION];
        varint::put(&mut framed, bytes.len() as u64);
        varint::put(&mut framed, 0);
        framed.extend_from_slice(&bytes);
        let _ = decode(&framed);
    }
}
