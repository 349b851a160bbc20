//! The Consents of a file: which of them are versions of one, and which version counts.

use super::root::{Shown, Whom};
use super::wrapped::Around;
use super::{ReadConsent, Reads, read_consent};
use crate::error::{Error, Malformed, Result};
use crate::id::{GrantId, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};

/// A file of consents is not larger.
const MAX_FILE: usize = 16 * 1024 * 1024;
const MAX_ENTRIES: usize = 10_000;
/// Texts that are versions of one another by some of what they are known by, read one by one; what is left refuses
/// everything, or each would look through all the others.
const MAX_APART: usize = 16;
const BAD: Error = Error::Malformed(Malformed::Consent);

#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "resourceType")]
    resource_type: String,
    #[serde(borrow)]
    entry: Option<Vec<Entry<'a>>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(rename = "fullUrl")]
    full_url: Option<String>,
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
    request: Option<Request>,
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Request {
    method: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "resourceType")]
    resource_type: String,
}

impl Entry<'_> {
    fn deletes(&self) -> bool {
        let method = self.request.as_ref().and_then(|r| r.method.as_deref());
        method.is_some_and(|m| m.trim().eq_ignore_ascii_case("DELETE"))
    }

    /// Whether what stands in it is not what the server has.
    fn is_gone(&self) -> bool {
        let status = self.response.as_ref().and_then(|r| r.status.as_deref());
        self.deletes() || status.is_some_and(|s| !s.trim_start().starts_with('2'))
    }

    fn named(&self) -> impl Iterator<Item = Named<'_>> {
        let url = self.request.as_ref().and_then(|r| r.url.as_deref());
        url.into_iter().chain(self.full_url.as_deref()).map(Named::by)
    }

    /// The server that has it.
    fn server(&self) -> Option<&str> {
        let url = self.full_url.as_deref()?;
        url.rfind("/Consent/").and_then(|at| url.get(..=at))
    }

    /// The ids that its addresses give a Consent.
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.named().filter_map(|n| if let Named::Consent(id) = n { Some(id) } else { None })
    }

    /// Whether it may be a Consent: also where it does not say what it is.
    fn holds_consent(&self) -> Result<bool> {
        let Some(raw) = self.resource else { return Ok(false) };
        let Ok(Typed { resource_type }) = serde_json::from_str(raw.get()) else { return Ok(true) };
        // What is in there may refuse something: nothing of it is passed over.
        if ["Bundle", "Parameters"].contains(&resource_type.as_str()) {
            Err(BAD)
        } else {
            Ok(resource_type == "Consent")
        }
    }
}

/// What an address names.
#[derive(PartialEq, Eq)]
enum Named<'a> {
    Consent(&'a str),
    Another,
    Unknown,
}

impl<'a> Named<'a> {
    fn by(address: &'a str) -> Self {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let is_id = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        let is_type =
            |t: &str| t.starts_with(|c: char| c.is_ascii_uppercase()) && t.bytes().all(|b| b.is_ascii_alphabetic());
        match parts.iter().rposition(|p| *p == "Consent") {
            Some(at) => parts.get(at + 1).filter(|id| is_id(id)).map_or(Self::Unknown, |id| Self::Consent(id)),
            None if parts.iter().any(|p| is_type(p)) => Self::Another,
            None => Self::Unknown,
        }
    }
}

/// The Consents that entries of a Bundle say are gone.
#[derive(Default)]
struct Gone<'a> {
    ids: BTreeSet<&'a str>,
    /// One of which nobody can tell: it may be any.
    any: bool,
}

impl<'a> Gone<'a> {
    fn of(entries: &'a [Entry<'_>]) -> Self {
        let mut gone = Self::default();
        for e in entries.iter().filter(|e| e.is_gone()) {
            gone.ids.extend(e.ids());
            let unnamed = e.ids().next().is_none() && e.named().all(|n| n != Named::Another);
            gone.any |= e.deletes() && e.resource.is_none() && unnamed;
        }
        gone
    }

    fn has(&self, entry: &Entry<'_>, id: Option<&str>) -> bool {
        self.any || entry.is_gone() || entry.ids().chain(id).any(|id| self.ids.contains(id))
    }
}

/// What counts of a consent in a file, and by what all its versions there are known.
pub(crate) struct Version {
    pub(crate) consent: ReadConsent,
    pub(crate) keys: BTreeSet<GrantId>,
}

/// Reads a Consent, or every Consent of a Bundle; one for each series: of several versions in one
/// Bundle the last updated. `zone` is minutes east of UTC, for dates without a time.
///
/// # Errors
/// `Malformed(Consent)` for a text that is neither, or too large, or a Bundle within which another
/// one stands.
pub fn read_consents(bytes: &[u8], zone: i16) -> Result<Vec<ReadConsent>> {
    Ok(read_versions(bytes, zone, None, &[])?.into_iter().map(|v| v.consent).collect())
}

/// The same, where a date later than `now` counts as none; `known` is by what each consent that was
/// filed before is known, so that two texts of one are found to be that.
pub(crate) fn read_versions(
    bytes: &[u8],
    zone: i16,
    now: Option<Timestamp>,
    known: &[BTreeSet<GrantId>],
) -> Result<Vec<Version>> {
    if bytes.len() > MAX_FILE {
        return Err(BAD);
    }
    let file: File<'_> = serde_json::from_slice(bytes).map_err(|_| BAD)?;
    let mut groups = Groups::default();
    match file.resource_type.as_str() {
        "Consent" => groups.add(Text { at: 0, gone: false, consent: read_consent(bytes.trim_ascii(), zone) }),
        "Bundle" => {
            let entries = file.entry.unwrap_or_default();
            if entries.len() > MAX_ENTRIES {
                return Err(BAD);
            }
            let mut gone = Gone::of(&entries);
            let around = Around::of(bytes).ok_or(BAD)?;
            // What is not understood there may take any of them back.
            gone.any |= !around.bundle;
            // An entry may give the id of a Consent that is gone in its text alone.
            let mut shown = Vec::new();
            for (at, e) in entries.iter().enumerate() {
                if e.holds_consent()?
                    && let Some(raw) = e.resource
                {
                    let id = Shown::of(raw.get().as_bytes()).and_then(|s| s.id().map(str::to_owned));
                    shown.push((at, e, raw, id));
                }
            }
            let by_text: BTreeSet<&str> =
                shown.iter().filter(|(_, e, ..)| e.is_gone()).filter_map(|(.., id)| id.as_deref()).collect();
            for (at, e, raw, id) in &shown {
                let plain = around.entries.get(*at).is_some_and(|plain| *plain);
                let gone =
                    !plain || gone.has(e, id.as_deref()) || e.ids().chain(id.as_deref()).any(|id| by_text.contains(id));
                let mut consent = read_consent(raw.get().as_bytes(), zone);
                let whom = consent.whom.clone().of_server(e.server());
                if whom != consent.whom {
                    consent.source = told(e.full_url.as_deref().unwrap_or_default(), raw.get())?;
                    consent.whom = whom;
                }
                groups.add(Text { at: *at, gone, consent });
            }
        }
        _ => return Err(BAD),
    }
    known.iter().for_each(|keys| groups.join(keys.clone(), None));
    let filled = groups.groups.into_values().filter(|g| !g.texts.is_empty());
    let mut all: Vec<Version> = filled.flat_map(|g| g.versions(zone, now)).collect();
    all.sort_by_key(|v| v.consent.series);
    Ok(all)
}

/// A Consent where it stands in a file.
struct Text {
    at: usize,
    gone: bool,
    consent: ReadConsent,
}

/// Texts that are known by the same.
#[derive(Default)]
struct Group {
    keys: BTreeSet<GrantId>,
    texts: Vec<Text>,
}

impl Group {
    /// What counts of it: the newest text, and beside it what refuses something and is a version of that one
    /// by some of what it is known by, not by all of it.
    fn versions(self, zone: i16, now: Option<Timestamp>) -> Vec<Version> {
        let Self { mut keys, mut texts } = self;
        let mut all: Vec<Version> = Vec::new();
        loop {
            let (newest, taken) = newest(&texts, zone, now);
            texts.retain(|t| !taken.contains(&t.at) && t.consent.refuses() && !newest.is_version_of(&t.consent));
            let apart = !texts.is_empty() || !all.is_empty();
            if apart {
                keys = newest.keys.clone();
            }
            all.push(Version { consent: newest, keys: core::mem::take(&mut keys) });
            if texts.is_empty() {
                return all;
            }
            if texts.len() > MAX_APART || all.len() > MAX_APART {
                let rest = read_consent(&void(texts.iter().map(|t| t.consent.source.as_slice())), zone);
                all.push(Version { keys: rest.keys.clone(), consent: rest });
                return all;
            }
        }
    }
}

#[derive(Default)]
struct Groups {
    of: BTreeMap<GrantId, usize>,
    groups: BTreeMap<usize, Group>,
    next: usize,
}

impl Groups {
    fn add(&mut self, text: Text) {
        self.join(text.consent.keys.clone(), Some(text));
    }

    /// The smaller go into the largest.
    fn join(&mut self, mut keys: BTreeSet<GrantId>, text: Option<Text>) {
        let met: BTreeSet<usize> = keys.iter().filter_map(|k| self.of.get(k).copied()).collect();
        let size = |at: &usize| self.groups.get(at).map_or(0, |g| g.keys.len());
        let into = met.iter().copied().max_by_key(size).unwrap_or(self.next);
        self.next += 1;
        let mut texts = Vec::from_iter(text);
        for other in met.into_iter().filter(|at| *at != into) {
            if let Some(other) = self.groups.remove(&other) {
                keys.extend(other.keys);
                texts.extend(other.texts);
            }
        }
        self.of.extend(keys.iter().map(|k| (*k, into)));
        let group = self.groups.entry(into).or_default();
        group.keys.extend(keys);
        group.texts.extend(texts);
    }
}

/// Which of several versions counts, and which texts are in it; where none is known to be the newest, or one is
/// gone, none can be read.
fn newest(texts: &[Text], zone: i16, now: Option<Timestamp>) -> (ReadConsent, BTreeSet<usize>) {
    let every: BTreeSet<usize> = texts.iter().map(|t| t.at).collect();
    let mut texts: Vec<&Text> = texts.iter().collect();
    texts.sort_by_key(|t| t.at);
    let gone = texts.iter().any(|t| t.gone);
    let mut seen = BTreeSet::new();
    texts.retain(|t| seen.insert(&*t.consent.source));
    let all: Vec<&ReadConsent> = texts.iter().map(|t| &t.consent).collect();
    let dated = |c: &&ReadConsent| c.updated.filter(|at| now.is_none_or(|now| *at <= now));
    if !gone && (all.len() == 1 || all.iter().all(|c| dated(c).is_some())) {
        let last = all.iter().filter_map(dated).max();
        let mut of_last: Vec<usize> = (0..all.len()).collect();
        of_last.retain(|i| all.get(*i).is_some_and(|c| all.len() == 1 || dated(c) == last));
        if let [one] = of_last[..]
            && let Some(t) = texts.get(one)
        {
            return (t.consent.clone(), BTreeSet::from([t.at]));
        }
    }
    (read_consent(&void(all.iter().map(|c| c.source.as_slice())), zone), every)
}

/// As it is filed: whoever reads it as a Bundle finds that what stands in it is deleted.
const BEFORE: &[u8] =
    br#"{"resourceType":"Bundle","type":"collection","entry":[{"request":{"method":"DELETE"}},{"resource":"#;
const BETWEEN: &[u8] = br#"},{"resource":"#;
const AFTER: &[u8] = b"}]}";
/// How any such text begins.
const BUNDLE: &[u8] = br#"{"resourceType":"Bundle","#;

/// How a Consent is filed of whose patient the address that its Bundle gives it alone tells the server: with that.
const TOLD: &[u8] = br#"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"#;

fn told(address: &str, text: &str) -> Result<Vec<u8>> {
    let address = serde_json::to_vec(address).map_err(|_| BAD)?;
    Ok([TOLD, &address, br#","resource":"#, text.as_bytes(), AFTER].concat())
}

/// The server that a text as [`told`] makes it tells, and the Consent.
pub(super) fn read_told(bytes: &[u8]) -> Option<(String, &[u8])> {
    let file: File<'_> = bytes.starts_with(TOLD).then(|| serde_json::from_slice(bytes).ok()).flatten()?;
    let [entry] = <[Entry<'_>; 1]>::try_from(file.entry?).ok()?;
    Some((entry.server()?.to_owned(), entry.resource?.get().as_bytes()))
}

/// Versions of which none counts are kept as one text, or what is filed would be one of them.
pub(crate) fn void<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let bare = |t: &'a [u8]| read_told(t).map_or(t, |(_, text)| text);
    let inner = |t: &'a [u8]| t.strip_prefix(BEFORE).and_then(|t| t.strip_suffix(AFTER)).unwrap_or_else(|| bare(t));
    let all: Vec<&[u8]> = texts.into_iter().map(inner).collect();
    [BEFORE, &all.join(BETWEEN), AFTER].concat()
}

/// Reads versions of which none counts: they refuse everything.
pub(super) fn read_void(bytes: &[u8]) -> Option<ReadConsent> {
    let file: File<'_> = bytes.starts_with(BUNDLE).then(|| serde_json::from_slice(bytes).ok()).flatten()?;
    let texts = file.entry?.into_iter().filter_map(|e| e.resource).map(|raw| raw.get().as_bytes());
    let one = |text| {
        let shown = Shown::of(text).unwrap_or_default();
        (shown.series(text), shown.keys(text), shown.updated(), shown.subject(), shown.whom(), shown.whole())
    };
    let mut all = texts.map(one);
    let (series, mut keys, mut updated, mut subject, mut whom, mut whole) = all.next()?;
    for (_, k, u, s, w, i) in all {
        keys.extend(k);
        updated = updated.max(u);
        subject = subject.or(s);
        whole = whole.join(i);
        if whom != w {
            whom = Whom::Other;
        }
    }
    let (rules, source) = (Vec::new(), bytes.to_vec());
    Some(ReadConsent {
        series,
        keys,
        whole,
        reads: Reads::Unusable,
        updated,
        subject,
        whom,
        rules,
        void: 0,
        only_training: false,
        source,
    })
}
