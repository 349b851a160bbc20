"""The text of a grant of a space: a FHIR R4 Consent in one form, byte for byte (core/docs/format.md).

`read` gives what it says, or refuses; `write` makes it. Another text is that of no grant.
"""

import json
import re
from datetime import datetime, timedelta
from typing import NamedTuple

from hsevents import ABOVE, CATEGORIES, NO_TRAINING, permits, shown
from hslog import Refused, need

BAD = "a text that is not in the form of a grant"
HL7 = "http://terminology.hl7.org/CodeSystem/"
OWN = "https://healthspace.invalid/fhir/"
URI = "urn:ietf:rfc:3986"
SENSITIVITIES = (
    "SPI BH PSY SUD ETH ETHUD OPIOIDUD HIV SDV SEX GDIS STD SICKLE MH PSYTHPN COGN DVD EMOTDIS MST PREGNANT SCA "
    "TBOO VIO IDS"
).split()
# By their bits in a label.
OBLIGATIONS = (
    "NOMLTRAINING PERSISTLABEL NOREUSE CPLYCD NORDSCLCD DEID REDACT DELAU PSEUD NOINTEGRATE NOPERSISTP NODSCLCD "
    "NORELINK NOCOLLECT MASK"
).split()
NO_REDISCLOSURE = 1 << OBLIGATIONS.index("NORDSCLCD")
KINDS = {"model": "Device", "app": "Device", "person": "RelatedPerson", "organization": "Organization"}
CARERS = {"FAMRQT", "SUPNWK", "PWATRNY"}
EPOCH = datetime(1970, 1, 1)
MINUTE = 60_000
FIRST = (datetime(1, 1, 1) - EPOCH) // timedelta(milliseconds=1)
LAST = (datetime(9999, 12, 31, 23, 59, 59, 999000) - EPOCH) // timedelta(milliseconds=1)


class Grant(NamedTuple):
    """Times are milliseconds since 1970; an end is the first moment that is no longer in it."""

    grant: bytes
    version: int
    status: str
    language: str
    subject: bytes
    given: int
    updated: int
    notice: bytes
    kind: str
    recipient: str
    scope: bytes
    starts: int | None
    expires: int | None
    purpose: str
    categories: list
    confidentiality: str | None = None
    sensitivities: list = []
    dates: tuple | None = None
    obligations: int = 0
    uses: int | None = None
    may_pass_on: bool | None = None  # None: not a carer's
    parent: bytes | None = None

    def fixed(self):
        """What a renewal leaves as it was: all but the end, how often, and what says which version it is."""
        uses = None if self.uses is None else 1
        terms = self._replace(version=1, updated=0, notice=b"", language="", expires=None, uses=uses)
        return terms._replace(categories=tuple(self.categories), sensitivities=tuple(self.sensitivities))

    def is_within(self, above):
        """Whether it could be passed on under another one."""
        bounded = above.confidentiality is not None or above.sensitivities
        labels = (self.confidentiality, self.sensitivities) == (above.confidentiality, above.sensitivities)
        dated = above.dates is None or self.dates is not None
        inside = dated and (above.dates is None or above.dates[0] <= self.dates[0] and self.dates[1] <= above.dates[1])
        return (
            above.may_pass_on is True
            and above.uses is None
            and self.scope == above.scope
            and permits(above.purpose, self.purpose)
            and set(self.categories) <= set(above.categories)
            and inside
            and (not bounded or labels)
            and above.obligations & ~self.obligations == 0
        )


def urn(raw):
    h = raw.hex()
    return f"urn:uuid:{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"


def instant(ms):
    need(FIRST <= ms <= LAST, BAD)
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") + "Z"


def coding(system, code):
    return {"system": system, "code": code}


def concept(system, code):
    return {"coding": [coding(system, code)]}


def reference(kind, system, value, **display):
    return {"type": kind, "identifier": {"system": system, "value": value}, **display}


def period(start, end):
    bounds = {"start": start, "end": None if end is None else end - 1}
    return {name: instant(ms) for name, ms in bounds.items() if ms is not None}


def optional(**members):
    return {name: value for name, value in members.items() if value}


def modifiers(g):
    controls = []
    for bit, code in enumerate(OBLIGATIONS):
        if g.obligations >> bit & 1:
            system = OWN + "CodeSystem/obligation" if code == "NOMLTRAINING" else HL7 + "v3-ActCode"
            controls.append({"url": "control", "valueCodeableConcept": concept(system, code)})
    if controls:
        yield {"extension": controls, "url": "http://hl7.org/fhir/StructureDefinition/consent-provision-limit"}
    if g.uses is not None:
        yield {"url": OWN + "StructureDefinition/consent-uses", "valuePositiveInt": g.uses}
    if g.parent is not None:
        yield {"url": OWN + "StructureDefinition/consent-parent", "valueUri": urn(g.parent)}


def write(g):
    """The one text that says this."""
    labels = [] if g.confidentiality is None else [coding(HL7 + "v3-Confidentiality", g.confidentiality)]
    labels += [coding(HL7 + "v3-ActCode", code) for code in g.sensitivities]
    delegation = {"url": OWN + "StructureDefinition/consent-delegation", "valueBoolean": g.may_pass_on}
    permit = {
        **optional(extension=[] if g.may_pass_on is None else [delegation], modifierExtension=list(modifiers(g))),
        "type": "permit",
        "action": [concept(HL7 + "consentaction", action) for action in ("access", "use")],
        **optional(securityLabel=labels),
        "purpose": [coding(HL7 + "v3-ActReason", g.purpose)],
        "class": [coding(OWN + "CodeSystem/category", code) for code in g.categories],
        **optional(dataPeriod=g.dates and period(*g.dates)),
    }
    whom = reference(KINDS[g.kind], f"{OWN}recipient/{g.kind}", g.recipient, display=g.recipient)
    root = {
        "type": "deny",
        **optional(period=period(g.starts, g.expires)),
        "actor": [{"role": concept(HL7 + "v3-ParticipationType", "IRCP"), "reference": whom}],
        "purpose": [coding(HL7 + "v3-ActReason", "MLTRAINING")],
        "data": [{"meaning": "instance", "reference": reference("List", URI, urn(g.scope))}],
        "provision": [permit],
    }
    person = reference("Patient", URI, urn(g.subject))
    text = {
        "resourceType": "Consent",
        "id": g.grant.hex(),
        "meta": {
            "versionId": str(g.version),
            "lastUpdated": instant(g.updated),
            "profile": ["https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced"],
        },
        "language": g.language,
        "identifier": [{"system": URI, "value": urn(g.grant)}],
        "status": g.status,
        "scope": concept(HL7 + "consentscope", "patient-privacy"),
        "category": [concept("http://loinc.org", "59284-0")],
        "patient": person,
        "dateTime": instant(g.given),
        "performer": [person],
        "organization": [{"display": "Health space of the person"}],
        "sourceReference": reference("DocumentReference", URI, f"nih:sha-256;{g.notice.hex()}"),
        "policy": [{"uri": OWN + "policy/grant/1"}],
        "provision": root,
    }
    return json.dumps(text, ensure_ascii=False, separators=(",", ":")).encode()


def read_instant(text):
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text, re.ASCII), BAD)
    return (datetime.fromisoformat(text[:-1]) - EPOCH) // timedelta(milliseconds=1)


def read_period(value):
    start, end = value.get("start"), value.get("end")
    return None if start is None else read_instant(start), None if end is None else read_instant(end) + 1


def whole(*times):
    """Bounds of terms are whole minutes of the years 1 to 9999."""
    return all(t is None or FIRST <= t <= LAST and t % MINUTE == 0 for t in times)


def gather(value):
    """What stands at its place in a text that has the form; the form itself `read` compares."""
    root = value["provision"]
    (permit,), (actor,) = root["provision"], root["actor"]
    kind = actor["reference"]["identifier"]["system"].removeprefix(OWN + "recipient/")
    labels = permit.get("securityLabel", [])
    first = [label["code"] for label in labels if label["system"].endswith("v3-Confidentiality")]
    more = {m["url"].rsplit("/", 1)[-1]: m for m in permit.get("modifierExtension", [])}
    controls = more.get("consent-provision-limit", {}).get("extension", [])
    codes = [c["valueCodeableConcept"]["coding"][0]["code"] for c in controls]
    passes = permit.get("extension")
    parent = more.get("consent-parent")
    starts, expires = read_period(root.get("period", {}))
    return Grant(
        grant=bytes.fromhex(value["id"]),
        version=int(value["meta"]["versionId"]),
        status=value["status"],
        language=value["language"],
        subject=bytes.fromhex(value["patient"]["identifier"]["value"][9:].replace("-", "")),
        given=read_instant(value["dateTime"]),
        updated=read_instant(value["meta"]["lastUpdated"]),
        notice=bytes.fromhex(value["sourceReference"]["identifier"]["value"][12:]),
        kind=kind,
        recipient=actor["reference"]["identifier"]["value"],
        scope=bytes.fromhex(root["data"][0]["reference"]["identifier"]["value"][9:].replace("-", "")),
        starts=starts,
        expires=expires,
        purpose=permit["purpose"][0]["code"],
        categories=[c["code"] for c in permit["class"]],
        confidentiality=first[0] if first else None,
        sensitivities=[label["code"] for label in labels[len(first) :]],
        dates=read_period(permit["dataPeriod"]) if "dataPeriod" in permit else None,
        obligations=sum(1 << OBLIGATIONS.index(code) for code in set(codes)),
        uses=more["consent-uses"]["valuePositiveInt"] if "consent-uses" in more else None,
        may_pass_on=None if passes is None else passes[0]["valueBoolean"],
        parent=None if parent is None else bytes.fromhex(parent["valueUri"][9:].replace("-", "")),
    )


def ascending(codes, table):
    """Known codes in the order of their table, each once."""
    return [c for c in table if c in codes] == codes


def holds(g):
    """What no grant breaks."""
    times = (g.starts, g.expires, *(g.dates or ()))
    carer = g.may_pass_on is None or (
        g.kind == "person"
        and g.expires is not None
        and g.purpose in CARERS
        and g.obligations & NO_REDISCLOSURE != 0
        and not (g.may_pass_on and g.parent is not None)
    )
    return (
        len(g.grant) == len(g.subject) == len(g.scope) == 16
        and len(g.notice) == 32
        and 1 <= g.version < 1 << 64
        and g.status in ("active", "inactive")
        and g.language in ("en", "fr")
        and g.kind in KINDS
        and g.purpose in ABOVE
        and g.categories != []
        and ascending(g.categories, CATEGORIES)
        and ascending(g.sensitivities, SENSITIVITIES)
        and g.confidentiality in (None, *"ULMNRV")
        and whole(*times)
        and (g.starts is None or g.expires is None or g.starts < g.expires)
        and (g.expires is None or g.expires > FIRST)
        and (g.dates is None or None not in g.dates and g.dates[0] < g.dates[1])
        and (g.uses is None or type(g.uses) is int and 1 <= g.uses < 1 << 32)
        and (g.obligations & NO_TRAINING != 0) == (g.purpose != "MLTRAINING")
        # Not by comparing: in Python 1 and 1.0 are equal to True.
        and (g.may_pass_on is None or type(g.may_pass_on) is bool)
        and (g.parent is None or len(g.parent) == 16 and g.may_pass_on is not None)
        and carer
    )


def read(text):
    try:
        g = gather(json.loads(text.decode("utf-8")))
        shown(g.recipient)
        need(holds(g) and write(g) == text, BAD)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OverflowError):
        raise Refused(BAD) from None
    return g
