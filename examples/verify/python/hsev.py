"""Evidence files (`.hsev`): every signature, proof, hash and claim, or nothing.

The format is core/docs/format.md. Claims and limits are derived again from what is shown and must
be just those of the file: their words are part of the format.
"""

import hmac
import json
import re
from typing import NamedTuple

from hscbor import (
    CONSENT_IMPORTED,
    GRANTED,
    RELEASED,
    RENEWED,
    WITHDRAWN,
    Granted,
    Imported,
    decode,
    fields,
    fixed,
    listed,
    parse_entry,
    quoted,
    small,
    text,
    when,
)
from hslog import (
    MAX_PATH,
    MAX_TEXT,
    Refused,
    check_record,
    check_tree,
    commitment,
    leaf_hash,
    need,
    open_checkpoint,
    root_of,
    sha256,
)

HEADER = "healthspace-evidence/v1"
MAX_FILE = 64 << 20
COUNT, MORE = 2, 4
# Deepest nesting of a consent's text that is read: where parsers give up differs.
MAX_DEPTH = 16
PARENT = "https://healthspace.invalid/fhir/StructureDefinition/consent-parent"
DELEGATION = "https://healthspace.invalid/fhir/StructureDefinition/consent-delegation"
CATEGORY_SYSTEM = "https://healthspace.invalid/fhir/CodeSystem/category"

UNDER_GRANT = "released under a grant"
NOT_WITHDRAWN = "released under a grant that was not withdrawn before"
OWN_LOOK = "looked at by the person"
LIMITS = [
    "that everything was entered, or that these are all disclosures",
    "that others are shown the same log",
    "that clock, recipient and gesture were what the host said",
    "what the items say, and that they are of the kinds and dates that a grant names",
    "what the recipient did with them",
]
OMITTED = "omitted withdrawals"
PASSED_ON = "that the grant was not passed on under another"
ACTIVE = "that the consent from elsewhere was active"
LIMITED = "withdrawals entered in the partition's own log"
TERMS = "the terms of the consent"
PURPOSE = "that the purpose lies within the grant's"
RECIPIENT = "that the recipient is the grant's"
CATEGORIES = "that the categories lie within the grant's"
ITEMS = "which items"


class ShownLog(NamedTuple):
    """What a file shows of one log, verified."""

    origin: str
    size: int
    entries: dict
    prefixes: dict

    def consecutive(self, start, end):
        return start <= end and all(i in self.entries for i in range(start, end))

    def before(self, number, end):
        return [(i, e.said) for i, e in self.entries.items() if i < end and e.number == number]

    def withdrawn(self, grant, end):
        return any(said == grant for _, said in self.before(WITHDRAWN, end))

    def given(self, grant, size):
        """Where the log, when it had this size, says that a grant was given, and what it says there."""
        found, withdrawn = (None, None), None
        own = [i for i, said in self.before(GRANTED, self.size) if said.grant == grant]
        imported = [i for i, said in self.before(CONSENT_IMPORTED, self.size) if said.grant == grant]
        need(len(own) + bool(imported) <= 1, "a grant that was given twice")
        need(all(i < size for i in own), "released before the grant was given")
        for i, entry in sorted(self.entries.items()):
            if i in own or (i in imported and i < size):
                found = (i, entry.said)
                # A newer version that the person filed counts, also after a withdrawal.
                withdrawn = withdrawn if i in own else None
            elif entry.number == RENEWED and entry.said.grant == grant and i < size and isinstance(found[1], Granted):
                # The same terms under a new end, and the Consent in a new text.
                renewed = {"consent_hash": entry.said.consent_hash, "expires": entry.said.expires}
                found = (found[0], found[1]._replace(**renewed))
            elif entry.number == WITHDRAWN and entry.said == grant and i < size:
                withdrawn = i
        # Of a consent from elsewhere a newer version may stand in an entry that is not shown.
        unknown = isinstance(found[1], Imported) and withdrawn is not None and not self.consecutive(withdrawn, size)
        need(withdrawn is None or unknown, "released after the grant was withdrawn")
        return found


class Claim(NamedTuple):
    what: str
    level: str
    does_not_prove: list


class Text(NamedTuple):
    """What the text of a consent says; None where it does not."""

    recipient: str | None
    parent: bytes | None  # the grant under which this one was passed on
    alone: bool  # that it was passed on under none
    may_pass_on: bool
    categories: set | None
    status: str | None


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def parse(consent):
    """The JSON of a text; None where readers may differ on it."""
    if re.search(rb"\\u[dD][89a-fA-F]", consent):
        return None
    number = {"parse_int": lambda _: 0, "parse_float": lambda _: 0}
    try:
        value = json.loads(consent.decode("utf-8"), parse_constant=lambda _: need(False, "not JSON"), **number)
        return value if depth(value) <= MAX_DEPTH else None
    except (ValueError, RecursionError, Refused):
        return None


def step(value, *names):
    """The member at the end of a path; None where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def single(value):
    return value[0] if isinstance(value, list) and len(value) == 1 else None


def string(value):
    return value if isinstance(value, str) else None


def read_parent(nested):
    """Whether a grant rests on no other, and on which it does; (False, None) where that is not said."""
    if not isinstance(nested, dict):
        return False, None
    modifiers = nested.get("modifierExtension", [])
    if not isinstance(modifiers, list) or not all(isinstance(step(m, "url"), str) for m in modifiers):
        return False, None
    parents = [m for m in modifiers if m["url"] == PARENT]
    if not parents:
        return True, None
    name = string(step(single(parents), "valueUri")) or ""
    hexes = "-".join(f"[0-9a-f]{{{n}}}" for n in (8, 4, 4, 4, 12))
    return False, bytes.fromhex(name[9:].replace("-", "")) if re.fullmatch("urn:uuid:" + hexes, name) else None


def read_categories(classes):
    if not isinstance(classes, list):
        return None
    codes = [step(c, "code") for c in classes if step(c, "system") == CATEGORY_SYSTEM]
    return set(codes) if len(codes) == len(classes) and all(isinstance(c, str) for c in codes) else None


def read_text(consent):
    value = None if consent is None else parse(consent)
    actor, nested = single(step(value, "provision", "actor")), single(step(value, "provision", "provision"))
    alone, parent = read_parent(nested)
    extensions = step(nested, "extension")
    passes = [e for e in extensions if step(e, "url") == DELEGATION] if isinstance(extensions, list) else []
    return Text(
        string(step(actor, "reference", "identifier", "value")),
        parent,
        alone,
        any(step(e, "valueBoolean") is True for e in passes),
        read_categories(step(nested, "class")),
        string(step(value, "status")),
    )


def hash_path(value):
    path = [fixed(step, 32) for step in listed(value)]
    need(len(path) <= MAX_PATH, "a path that is too long")
    return path


def verify_log(part, keys):
    note, entries, prefixes = fields(part, 1, 2, 3)
    need(len(text(note)) <= MAX_TEXT, "too long")
    checkpoint = open_checkpoint(note, keys)
    log, last = ShownLog(checkpoint.origin, checkpoint.size, {}, {}), -1
    for entry in listed(entries):
        index, r, raw, path = listed(entry, 4)
        need(small(index) > last and isinstance(raw, bytes), "entries out of order")
        check_record(hash_path(path), checkpoint, index, commitment(fixed(r, 32), raw))
        log.entries[index], last = parse_entry(raw), index
    last = 0
    for prefix in listed(prefixes):
        size, root, path = listed(prefix, 3)
        need(small(size) > last, "prefixes out of order")
        check_tree(hash_path(path), checkpoint, size, fixed(root, 32))
        log.prefixes[size], last = root, size
    return log


def check_items(items, release):
    """Whether the items are hidden, what is shown of them, and that."""
    if items is None:
        return release.count > 0, "items not shown", []
    need(release.kind not in (COUNT, MORE) and len(listed(items)) in (1, 2), "items of a count")
    if len(items) == 1:
        hashes, what = [fixed(h, 32) for h in listed(items[0])], "item hashes"
        shown = hashes
    else:
        salt, shown = fixed(items[0], 32), [fixed(item, 18) for item in listed(items[1])]
        hashes = [hmac.digest(salt, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(shown)]
        what = "items"
    same = len(hashes) == release.count and root_of([leaf_hash(h) for h in hashes]) == release.items_root
    need(same, "the items are not those of the entry")
    return False, f"{len(hashes)} {what} shown", shown


class Ground(NamedTuple):
    """What a release rests on: its own log, the log of consents and its size then."""

    own: ShownLog
    index: int
    time: int
    system: ShownLog | None
    size: int
    consents: dict

    def look(self, grant):
        """Whether a grant is covered, what its entry says, its text (None where not shown), and that read."""
        start = given = None
        if self.system is not None:
            start, given = self.system.given(grant, self.size)
        need(not self.own.withdrawn(grant, self.index), "released after the grant was withdrawn")
        if isinstance(given, Granted):
            need(given.expires is None or self.time < given.expires, "released after the grant had ended")
        covered = given is not None and self.system.consecutive(start, self.size)
        text = None if given is None else self.consents.get(given.consent_hash)
        return covered, given, text, read_text(text)


def look_above(ground, grant):
    """The grant under which another was passed on: covered, whether its text is shown, what it says."""
    covered, given, text, said = ground.look(grant)
    need(not isinstance(given, Imported), "passed on under a consent from elsewhere")
    need(said.parent is None, "passed on twice")
    need(not said.alone or said.may_pass_on, "passed on although that was not allowed")
    return covered, text is not None, said


def derive(logs, own, index, entry, consents, spaces):
    """What follows about a release, but for its items."""
    release = entry.said
    origin, size, root = release.system
    earlier = [said.system for _, said in own.before(RELEASED, index)]
    need(not any(o == origin and n > size for o, n, _ in earlier), "decided under an older log than one before")
    if not release.grants:
        return Claim(OWN_LOOK, "logged", [])
    system = next((log for log in logs if log.origin == origin), None)
    covered = terms = within = named = alone = active = True
    if system is not None:
        need(own.origin in spaces.get(origin, ()), "decided under a log that is not its space's own")
        need(system.size >= size, "the log of consents is shorter than a release says: rolled back")
        need(
            system.prefixes.get(size, root) == root,
            "decided under another log of consents than the one shown",
        )
    if system is None or size not in system.prefixes:
        covered = False
    ground, categories = Ground(own, index, entry.time, system, size, consents), set()
    for grant in release.grants:
        holds, given, text, said = ground.look(grant)
        covered = covered and holds
        if isinstance(given, Imported):
            # Of a consent from elsewhere nobody here reads the terms; but that it stands it says itself.
            need(said.status in (None, "active"), "released under a consent that was not active")
            active = active and said.status is not None
            terms = within = named = False
            categories = None
            continue
        within = within and given is not None and given.purpose == release.purpose
        terms = terms and text is not None
        need(said.recipient in (None, release.actor), "the grant is for somebody else")
        named = named and said.recipient is not None
        alone = alone and (said.alone or said.parent is not None)
        own_categories = said.categories
        if said.parent is not None:
            holds, shown, above = look_above(ground, said.parent)
            covered, terms, alone = covered and holds, terms and shown, alone and above.alone
            both = own_categories is not None and above.categories is not None
            own_categories = own_categories & above.categories if both else None
        known = categories is not None and own_categories is not None
        categories = categories | own_categories if known else None
    need(categories is None or categories.issuperset(release.categories), "other categories than the grant's")
    lacks = [
        (not covered, OMITTED),
        (not alone, PASSED_ON),
        (not active, ACTIVE),
        (not own.consecutive(0, index), LIMITED),
        (not terms, TERMS),
        (not within, PURPOSE),
        (not named, RECIPIENT),
        (categories is None, CATEGORIES),
    ]
    limits = [limit for holds, limit in lacks if holds]
    holds = covered and alone and active
    return Claim(NOT_WITHDRAWN, "verifiable", limits) if holds else Claim(UNDER_GRANT, "logged", limits)


def verify_disclosure(part, logs, consents, spaces, show_items):
    at, index, items, said = fields(part, 1, 2, 3, 4)
    need(small(at) < len(logs), "a disclosure in no log")
    own = logs[at]
    entry = own.entries.get(small(index))
    need(entry is not None and entry.number == RELEASED, "a disclosure without its entry")
    hidden, shown, items = check_items(items, entry.said)
    claim = derive(logs, own, index, entry, consents, spaces)
    limits = claim.does_not_prove + ([ITEMS] if hidden else [])
    same = fields(said, 1, 2, 3) == [claim.what, claim.level, limits]
    need(same, "the claim is not what follows from what is shown")
    release = entry.said
    line = f"{when(entry.time)} entry {index} of {own.origin}: {release.count} items to {quoted(release.actor)}"
    line += f" for {release.purpose} of {', '.join(release.categories) or 'no category'}, {claim.what} [{claim.level}; {shown}]"
    if limits:
        line += "; not proven: " + ", ".join(limits)
    if show_items:
        line += "".join(f"\n    item {i}: {item.hex()}" for i, item in enumerate(items))
    return (at, index), line, claim.level == "verifiable"


def rising(values):
    return all(a < b for a, b in zip(values, values[1:]))


def verify_evidence(raw, keys, spaces, show_items=False):
    """`spaces`: the origins of spaces' own logs, where alone consents stand, and of the logs that go with each."""
    need(len(raw) <= MAX_FILE, "too long")
    value = decode(raw)
    version = value.get(1) if isinstance(value, dict) else None
    if isinstance(version, str) and version != HEADER and version.startswith(HEADER[:-1]):
        raise Refused("an evidence file of a later version")
    header, logs, consents, disclosures, limits = fields(value, 1, 2, 3, 4, 5)
    need(header == HEADER and limits == LIMITS, "not an evidence file")
    logs = [verify_log(part, keys) for part in listed(logs)]
    need(rising([log.origin.encode() for log in logs]), "logs out of order")
    consenting = (said for log in logs if log.origin in spaces for n in (GRANTED, RENEWED, CONSENT_IMPORTED) for _, said in log.before(n, log.size))
    named = {said.consent_hash for said in consenting}
    need(all(isinstance(c, bytes) for c in listed(consents)), "not a consent")
    hashes = [sha256(c) for c in consents]
    texts = dict(zip(hashes, consents))
    need(rising(hashes) and named.issuperset(hashes), "a consent that no entry names")
    done = [verify_disclosure(part, logs, texts, spaces, show_items) for part in listed(disclosures)]
    need(rising([place for place, _, _ in done]), "disclosures out of order")
    proved = sum(holds for _, _, holds in done)
    head = f"{len(done)} disclosures, {proved} of them with no withdrawal before in the log shown, {len(hashes)} consents"
    return "\n  ".join([head, *(line for _, line, _ in done), f"Not proven by any of it: {'; '.join(LIMITS)}."])
