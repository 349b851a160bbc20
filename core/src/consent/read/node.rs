//! One provision, read: each dimension stated, not stated, or not understood.

use super::super::detail::{Code, Meaning, Named};
use super::super::rule::Effect;
use super::super::wire as w;
use super::super::{Recipient, RecipientKind};
use super::json::{Json, is_allowed};
use super::terms::{self, Class, Mark, Target, Uses};
use super::{Broken, Form};
use crate::id::ScopeId;
use crate::label::{Confidentiality, Obligations, Sensitivities};
use crate::record::Category;

/// What a provision, or the nearest one around it, says in one dimension.
#[derive(Clone, Default)]
pub(super) enum Dim<T> {
    /// Nothing: it is no condition.
    #[default]
    Any,
    /// This.
    Is(T),
    /// Something that is not understood: a permit is void, a deny has no such condition.
    Unknown,
}

impl<T> Dim<T> {
    fn of(read: Option<T>) -> Self {
        read.map_or(Self::Unknown, Self::Is)
    }

    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// An actor: the names it goes by, and the roles it must hold.
#[derive(Clone)]
pub(super) struct Party {
    pub(super) names: Vec<Recipient>,
    pub(super) roles: Vec<Recipient>,
}

#[derive(Clone)]
pub(super) enum Classes {
    Categories(Vec<Category>),
    Types(Vec<String>),
}

#[derive(Clone)]
pub(super) enum Data {
    /// One partition of ours.
    Scope(ScopeId),
    Named(Vec<Named>),
}

pub(super) type Concepts = Vec<Vec<(Option<String>, String)>>;

/// A range of time of which either side may be open.
pub(super) type Range = (Option<i64>, Option<i64>);

/// Everything that a provision says but its type and its children. What is `None` is inherited.
#[derive(Default)]
pub(super) struct Stated {
    pub(super) actors: Option<Dim<Vec<Party>>>,
    pub(super) purposes: Option<Dim<Uses>>,
    pub(super) actions: Option<Dim<Concepts>>,
    pub(super) labels: Option<Dim<(Sensitivities, Vec<Confidentiality>)>>,
    pub(super) classes: Option<Dim<Classes>>,
    pub(super) codes: Option<Dim<Vec<Code>>>,
    pub(super) data: Option<Dim<Data>>,
    pub(super) data_period: Option<Dim<Range>>,
    pub(super) period: Option<Dim<Range>>,
    pub(super) obligations: Obligations,
    pub(super) uses: Option<u32>,
    /// An element, modifier or obligation is not understood.
    pub(super) unknown: bool,
}

pub(super) struct Node {
    pub(super) effect: Option<Effect>,
    pub(super) stated: Stated,
    pub(super) children: Vec<Self>,
}

/// FHIR allows one level below the root in PCF; deeper trees are read, but not without end.
const MAX_DEPTH: usize = 32;
const MAX_NODES: usize = 1000;

const R4: &[&str] = &[
    "modifierExtension",
    "type",
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "class",
    "code",
    "dataPeriod",
    "data",
    "provision",
];
const R5: &[&str] = &[
    "modifierExtension",
    "period",
    "actor",
    "action",
    "securityLabel",
    "purpose",
    "resourceType",
    "code",
    "dataPeriod",
    "data",
    "documentType",
    "expression",
    "provision",
];

/// What reading needs to know.
pub(super) struct Reader {
    pub(super) form: Form,
    pub(super) zone: i16,
    pub(super) nodes: usize,
}

impl Reader {
    pub(super) fn node(&mut self, j: &Json, depth: usize) -> Result<Node, Broken> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(Broken);
        }
        let members = j.object().ok_or(Broken)?;
        let names = if self.form == Form::R4 { R4 } else { R5 };
        let mut node = Node { effect: None, stated: Stated::default(), children: Vec::new() };
        let s = &mut node.stated;
        for (name, value) in members {
            // FHIR does not have it: provisions may stand in it, and of what is not seen nothing can
            // be kept.
            if !is_allowed(members, name, names) {
                return Err(Broken);
            }
            match name.as_str() {
                "type" => {
                    node.effect = Some(match value.text() {
                        Some("permit") => Effect::Permit,
                        Some("deny") => Effect::Deny,
                        _ => return Err(Broken),
                    });
                }
                "provision" => {
                    for child in value.list().ok_or(Broken)? {
                        node.children.push(self.node(child, depth + 1)?);
                    }
                }
                "modifierExtension" => s.modifiers(value),
                "period" => s.period = Some(Dim::of(terms::period(value, self.zone))),
                "dataPeriod" => s.data_period = Some(Dim::of(terms::period(value, self.zone))),
                "actor" => s.actors = Some(Dim::of(value.list().and_then(|l| l.iter().map(party).collect()))),
                "action" => s.actions = Some(Dim::of(value.list().and_then(concepts))),
                "securityLabel" => s.labels(value),
                "purpose" => s.purposes = Some(Dim::of(uses(value))),
                "class" | "resourceType" => s.classes = Some(Dim::of(classes(value))),
                "code" => s.codes = Some(Dim::of(codes(value))),
                "data" => s.data = Some(Dim::of(value.list().and_then(data))),
                "documentType" | "expression" => s.unknown = true,
                _ => {}
            }
        }
        Ok(node)
    }
}

impl Stated {
    /// A limit that is not understood voids a permit; so does any other modifier.
    fn modifiers(&mut self, value: &Json) {
        let Some(list) = value.list() else {
            self.unknown = true;
            return;
        };
        for m in list {
            let understood = match m.get("url").and_then(Json::text) {
                Some(w::LIMIT) => limit(m).map(|o| self.obligations = self.obligations.union(o)),
                Some(w::USES) => uses_of(m).map(|n| self.uses = Some(self.uses.map_or(n, |m| m.min(n)))),
                _ => None,
            };
            self.unknown |= understood.is_none();
        }
    }

    /// Obligations are no condition: they come with the permit.
    fn labels(&mut self, value: &Json) {
        let mut conditions = (Sensitivities::NONE, Vec::new());
        let mut understood = true;
        for one in value.list().unwrap_or_else(|| {
            understood = false;
            &[]
        }) {
            match terms::coding(one).and_then(|(system, code)| terms::mark(system, code)) {
                Some(Mark::Confidentiality(c)) => conditions.1.push(c),
                Some(Mark::Sensitivity(s)) => conditions.0 = conditions.0.union(Sensitivities::only(s)),
                Some(Mark::Obligation(o)) => self.obligations = self.obligations.union(o),
                None => understood = false,
            }
        }
        if !understood {
            // It may have been an obligation, which permits inside would inherit.
            (self.labels, self.unknown) = (Some(Dim::Unknown), true);
        } else if !conditions.0.is_empty() || !conditions.1.is_empty() {
            self.labels = Some(Dim::Is(conditions));
        }
    }
}

/// "Only under these controls", as in the guide "Consent about AI".
fn limit(m: &Json) -> Option<Obligations> {
    m.only(&["url"])?;
    let mut all = Obligations::NONE;
    for control in m.get("extension")?.list()? {
        // The nested extensions are the value here, so nothing may be left out.
        let [_, _] = control.object()? else { return None };
        if control.get("url")?.text()? != "control" {
            return None;
        }
        for (system, code) in terms::concept(control.get("valueCodeableConcept")?)? {
            all = all.union(terms::obligation(system, code)?);
        }
    }
    Some(all)
}

fn uses_of(m: &Json) -> Option<u32> {
    let [_, _] = m.object()? else { return None };
    match m.get("valuePositiveInt")? {
        Json::Number(n) => n.parse().ok().filter(|n| *n > 0),
        _ => None,
    }
}

fn concepts(list: &[Json]) -> Option<Concepts> {
    let owned = |(system, code): (Option<&str>, &str)| (system.map(str::to_owned), code.to_owned());
    list.iter().map(|c| Some(terms::concept(c)?.into_iter().map(owned).collect())).collect()
}

fn uses(value: &Json) -> Option<Uses> {
    let mut all = Uses::default();
    for one in value.list()? {
        let (system, code) = terms::coding(one)?;
        all.add(system, code)?;
    }
    Some(all)
}

/// Categories of ours or resource types; both in one list cannot be said in one rule.
fn classes(value: &Json) -> Option<Classes> {
    let (mut categories, mut types) = (Vec::new(), Vec::new());
    for one in value.list()? {
        let (system, code) = terms::coding(one)?;
        match terms::class(system, code)? {
            Class::Category(c) => categories.push(c),
            Class::Type(t) => types.push(t.to_owned()),
        }
    }
    match (categories.is_empty(), types.is_empty()) {
        (false, true) => Some(Classes::Categories(categories)),
        (true, false) => Some(Classes::Types(types)),
        _ => None,
    }
}

fn codes(value: &Json) -> Option<Vec<Code>> {
    let mut all = Vec::new();
    for one in value.list()? {
        for (system, code) in terms::concept(one)? {
            all.push(Code { system: system.unwrap_or_default().to_owned(), code: code.to_owned() });
        }
    }
    Some(all)
}

fn party(j: &Json) -> Option<Party> {
    j.only(&["role", "reference"])?;
    let mut roles = Vec::new();
    if let Some(role) = j.get("role") {
        role.only(&["coding", "text"])?;
        // Words alone describe; the reference says who it is.
        if let Some(coded) = role.get("coding") {
            for one in coded.list()? {
                let (system, code) = terms::coding(one)?;
                if !terms::is_structural(system, code) {
                    roles.push(Recipient::role(system.unwrap_or_default(), code).ok()?);
                }
            }
        }
    }
    Some(Party { names: recipients(&terms::reference(j.get("reference")?)?)?, roles })
}

fn recipients(t: &Target<'_>) -> Option<Vec<Recipient>> {
    let mut names = Vec::new();
    if let Some(literal) = t.literal {
        names.push(Recipient::reference(literal).ok()?);
    }
    if let Some((system, value)) = t.identifier {
        let own = system.strip_prefix(w::RECIPIENT_SYSTEM);
        names.push(match own.and_then(|kind| RecipientKind::ALL.iter().find(|k| k.code() == kind)) {
            Some(kind) => Recipient::new(*kind, value).ok()?,
            None => Recipient::identifier(system, value).ok()?,
        });
    }
    Some(names)
}

fn data(list: &[Json]) -> Option<Data> {
    let mut named = Vec::new();
    for one in list {
        one.only(&["meaning", "reference"])?;
        let meaning = match one.get("meaning")?.text()? {
            "instance" => Meaning::Instance,
            "related" => Meaning::Related,
            "dependents" => Meaning::Dependents,
            "authoredby" => Meaning::AuthoredBy,
            _ => return None,
        };
        let t = terms::reference(one.get("reference")?)?;
        if let (Some("List"), None, Some((w::URI, value)), Meaning::Instance) =
            (t.kind, t.literal, t.identifier, meaning)
            && let Some(id) = super::super::fhir::read_uuid(value)
        {
            return (list.len() == 1).then(|| Data::Scope(ScopeId::from_bytes(id)));
        }
        let identifier = t.identifier.map(|(system, value)| format!("{system}|{value}"));
        let names = t.literal.map(str::to_owned).into_iter().chain(identifier);
        named.extend(names.map(|name| Named { meaning, name }));
    }
    Some(Data::Named(named))
}
