//! What a person does with a space: the steps whose writes are recorded, broken and replayed.

use crate::erasure::Device;
use crate::look::{env, gesture, model};
use healthspace::catalog::Query;
use healthspace::import::Source;
use healthspace::record::Category;
use healthspace::{
    Confidentiality, ConversationId, Declassify, Erase, Error, GrantId, HealthSpace, KdfParams, KeyStore, Lowering,
    PartitionKind, Purpose, RecordId, Result, Role, Session, Unlock,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A space under way.
pub(crate) struct Story {
    pub(crate) path: PathBuf,
    pub(crate) code: String,
    pub(crate) conversation: ConversationId,
    /// `None` only while it is closed and opened again.
    pub(crate) space: Option<HealthSpace>,
    grant: Option<GrantId>,
    memory: Option<RecordId>,
    /// Makes files different from one another.
    n: u32,
    /// What must be there: files and grants.
    pub(crate) files: usize,
    pub(crate) grants: usize,
}

/// A step. Each is acknowledged as a whole once it returns.
pub(crate) type Step = (&'static str, fn(&mut Story) -> Result<()>);

pub(crate) fn observation(id: u32, value: u32) -> String {
    format!(
        r#"{{"resource":{{"resourceType":"Observation","id":"{id}","status":"final","category":[{{"coding":[{{"code":"laboratory"}}]}}],"code":{{"coding":[{{"system":"http://loinc.org","code":"13457-7"}}],"text":"LDL"}},"effectiveDateTime":"2026-01-05","valueQuantity":{{"value":{value}.5,"unit":"mg/dL"}}}}}}"#
    )
}

pub(crate) fn bundle(from: u32, n: u32) -> Vec<u8> {
    let all: Vec<String> = (from..from + n).map(|i| observation(i, i % 200)).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[\n{}\n]}}", all.join(",\n")).into()
}

fn apple(minute: u32) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?><HealthData locale=\"en_US\">\n \
         <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"P\" unit=\"count\" startDate=\"2026-01-05 10:{minute:02}:00 +0000\" endDate=\"2026-01-05 10:{minute:02}:30 +0000\" value=\"100\"/>\n \
         <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"P\" unit=\"count\" startDate=\"2026-01-05 11:{minute:02}:00 +0000\" endDate=\"2026-01-05 11:{minute:02}:30 +0000\" value=\"200\"/>\n\
         </HealthData>"
    )
    .into()
}

impl Story {
    /// Makes a space.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let unlock = Unlock::passphrase("one").with_cost(KdfParams::FLOOR);
        let (space, code) = HealthSpace::create(path, &unlock, env())?;
        Self::of(path, code.reveal().to_string(), space)
    }

    /// Begins the story in a space that is there.
    pub(crate) fn open(path: &Path, code: &str) -> Result<Self> {
        Self::of(path, code.to_owned(), crate::look::open(path, code)?)
    }

    fn of(path: &Path, code: String, space: HealthSpace) -> Result<Self> {
        let conversation = space.session(model()?, Purpose::PatientRequest)?.conversation();
        Ok(Self {
            path: path.to_owned(),
            code,
            conversation,
            space: Some(space),
            grant: None,
            memory: None,
            n: 0,
            files: 0,
            grants: 0,
        })
    }

    /// The same story, on a copy of its files that lies elsewhere.
    pub(crate) fn at(&self, path: &Path) -> Result<Self> {
        let space = Some(crate::look::open(path, &self.code)?);
        Ok(Self { path: path.to_owned(), code: self.code.clone(), space, ..*self })
    }

    /// The same, closed.
    pub(crate) fn copy(&self) -> Self {
        Self { path: self.path.clone(), code: self.code.clone(), space: None, ..*self }
    }

    /// Something to do at any point of the story.
    pub(crate) fn again(&mut self) -> Result<()> {
        self.n += 1000;
        self.small()
    }

    pub(crate) fn space(&self) -> Result<&HealthSpace> {
        self.space.as_ref().ok_or(Error::Locked)
    }

    /// The last handle closes the file, which empties its log.
    pub(crate) fn reopen(&mut self) -> Result<()> {
        self.space = None;
        self.space = Some(crate::look::open(&self.path, &self.code)?);
        Ok(())
    }

    pub(crate) fn session(&self) -> Result<Session> {
        match self.space()?.resume(self.conversation, model()?, Purpose::PatientRequest) {
            Err(Error::NotFound) => self.space()?.session(model()?, Purpose::PatientRequest),
            other => other,
        }
    }

    fn import(&mut self, file: Vec<u8>) -> Result<()> {
        self.space()?.partition("health")?.import(Source::bytes(file)?)?;
        self.files += 1;
        Ok(())
    }

    pub(crate) fn small(&mut self) -> Result<()> {
        self.n += 10;
        self.import(bundle(self.n, 2))
    }

    /// New keys; the code stays a way in.
    fn rotate(&mut self) -> Result<()> {
        let (code, words) = (Unlock::recovery_code(&self.code)?, Unlock::passphrase("two").with_cost(KdfParams::FLOOR));
        self.space = Some(self.space()?.rotate(&code, &[&words])?.space);
        Ok(())
    }

    /// A way in by the keystore: added, opened by, put in its own place under another key, removed.
    fn device(&mut self) -> Result<()> {
        let store: Arc<dyn KeyStore> = Arc::new(Device::default());
        let (code, device) = (Unlock::recovery_code(&self.code)?, Unlock::keystore(Arc::clone(&store)));
        let space = self.space()?;
        space.add_way_in(&code, &device)?;
        HealthSpace::open(&self.path, &device, env())?.info()?;
        let id = space.change_way_in(&device, &device)?.id;
        space.remove_way_in(&code.with_device(store), id).map(drop)
    }

    /// A limited way in: added, remembered by, removed.
    fn program(&mut self) -> Result<()> {
        let code = Unlock::recovery_code(&self.code)?;
        let (secret, id) = self.space()?.add_limited_way_in(&code, &["health"])?;
        let part = HealthSpace::open(&self.path, &Unlock::limited(secret), env())?;
        part.session(model()?, Purpose::PatientRequest)?.remember_in("health", "by a program")?;
        drop(part);
        self.space()?.remove_way_in(&code, id).map(drop)
    }

    fn allow(&mut self) -> Result<()> {
        for partition in ["health", "general"] {
            let ask = self.space()?.consent_request().partition(partition).purpose(Purpose::PatientRequest);
            let ask = ask.categories(Category::ALL).recipient(model()?);
            ask.notice("en")?;
            self.grant = Some(ask.confirm(gesture())?.id());
            self.grants += 1;
        }
        Ok(())
    }

    fn lower(&mut self) -> Result<()> {
        let session = self.session()?;
        let Some(memory) = self.memory else { return Ok(()) };
        let ask = self.space()?.declassify_request("health", "general", Purpose::PatientRequest);
        let ask = ask.dropping(Lowering { confidentiality: Some(Confidentiality::Normal), ..Lowering::NONE });
        ask.notice("en")?;
        let grant = ask.confirm(gesture())?.id();
        let value = self.space()?.partition("health")?.memory_value(memory)?;
        let what = Declassify { value: &value, into: "general", grant, also: Lowering::NONE };
        self.space()?.declassify(&what, &session.heard("Tell the cook", gesture())?, gesture())?;
        Ok(())
    }
}

/// A cut-off import leaves batches behind: its source ends too early for its announced size.
fn cut(s: &mut Story) -> Result<()> {
    let environment = env();
    let cancel = environment.cancel.clone();
    let progress: healthspace::OnProgress = std::sync::Arc::new(move |p| {
        if p.records > 1000 {
            cancel.cancel();
        }
    });
    let environment = healthspace::Environment { progress: Some(progress), ..environment };
    let space = HealthSpace::open(&s.path, &Unlock::recovery_code(&s.code)?, environment)?;
    match space.partition("health")?.import(Source::bytes(bundle(50_000, 1100))?) {
        Err(Error::Cancelled) => Ok(()),
        Err(e) => Err(e),
        Ok(_) => Err(Error::NotFound),
    }
}

/// The steps that come after a space was made. All of them together take a space from its first
/// record through merges of segments, withdrawals, an import that was broken off, and reopening.
pub(crate) const STEPS: &[Step] = &[
    ("import FHIR", Story::small),
    ("import Apple Health", |s| s.import(apple(1))),
    ("grant", Story::allow),
    ("close and open", Story::reopen),
    ("query", |s| s.session()?.query(&Query::default()).map(drop)),
    ("remember", |s| {
        let session = s.session()?;
        s.conversation = session.conversation();
        let read = session.query(&Query::default())?;
        s.memory = Some(session.remember("LDL was 112.5", &read)?);
        Ok(())
    }),
    ("append a turn", |s| {
        let session = s.session()?;
        session.append("health", Role::Assistant, &session.say("Your LDL is fine")?).map(drop)
    }),
    ("ground", |s| s.session()?.ground("What is my last LDL?", healthspace::grounding::Budget::tokens(300)).map(drop)),
    ("close and open", Story::reopen),
    ("lower a memory", Story::lower),
    ("close and open", Story::reopen),
    ("widen the clearance", |s| {
        let wide = s.space()?.clearance("health")?;
        s.space()?.set_clearance("general", wide, Some(gesture())).map(drop)
    }),
    ("edit a memory", |s| {
        let Some(m) = s.memory else { return Ok(()) };
        s.memory = Some(s.space()?.partition("health")?.edit_memory(m, "LDL was 113", gesture())?);
        Ok(())
    }),
    ("add a partition", |s| {
        s.space()?.create_partition("fitness", PartitionKind::Health, &Unlock::recovery_code(&s.code)?)
    }),
    ("import twice", |s| {
        s.small()?;
        s.small()
    }),
    ("rotate the keys", Story::rotate),
    ("read an original", |s| {
        let health = s.space()?.partition("health")?;
        let source = health.sources()?.first().map(|f| f.id).ok_or(Error::NotFound)?;
        health.original(source, gesture(), &mut Vec::new()).map(drop)
    }),
    ("close and open", Story::reopen),
    ("import consents", |s| {
        let consent = br#"{"resourceType":"Consent","id":"9","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},"category":[{"coding":[{"system":"http://loinc.org","code":"59284-0"}]}],"patient":{"reference":"Patient/p"},"provision":{"type":"permit"}}"#;
        s.space()?.import_consents(consent, gesture()).map(drop)
    }),
    ("close and open", Story::reopen),
    ("merge segments", |s| (0..5).try_for_each(|_| s.small())),
    ("delete a memory", |s| {
        let Some(m) = s.memory.take() else { return Ok(()) };
        s.space()?.partition("health")?.delete_memory(m, gesture()).map(drop)
    }),
    ("close and open", Story::reopen),
    ("break an import off", cut),
    ("discard it", |s| {
        let health = s.space()?.partition("health")?;
        let staged = health.staged_imports()?;
        staged.iter().try_for_each(|i| health.discard(i.source))
    }),
    ("close and open", Story::reopen),
    ("withdraw", |s| match s.grant.take() {
        Some(g) => s.space()?.withdraw(g),
        None => Ok(()),
    }),
    ("merge again", |s| (0..8).try_for_each(|_| s.small())),
    ("close and open", Story::reopen),
    ("grant again", Story::allow),
    ("let the device in", Story::device),
    ("let a program in", Story::program),
    ("close", |s| {
        s.space()?.close();
        s.reopen()
    }),
];

/// What comes last. An opening goes on with an erasure after which the file was not swept, and enters that: two
/// openings of such a state do not say the same, so that a story of which each state is compared ends before it.
const ERASE: Step = ("erase a record", |s| {
    let seen = s.session()?.query(&Query { limit: 1, ..Query::default() })?.into_value();
    let record = seen.first().ok_or(Error::NotFound)?.record;
    s.space()?.partition("health")?.erase(&Erase::Records(vec![record]), gesture()).map(drop)
});

/// All steps.
pub(crate) fn steps() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(std::iter::once(&ERASE))
}
