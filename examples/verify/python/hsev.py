"""Evidence files (`.hsev`): every signature, proof, hash and claim, or nothing.

The format is core/docs/format.md. Claims and limits are derived again from what is shown and must
be just those of the file: their words are part of the format.
"""

import hmac
import json
from typing import NamedTuple

from hscbor import (
    CONSENT_IMPORTED,
    GRANTED,
    RELEASED,
    RENEWED,
    WITHDRAWN,
    Granted,
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
COUNT = 2

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
LIMITED = "withdrawals entered in the partition's own log"
TERMS = "the terms of the consent"
PURPOSE = "that the purpose lies within the grant's"
RECIPIENT = "that the recipient is the grant's"
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
        found, withdrawn = (None, None), False
        own = [i for i, said in self.before(GRANTED, self.size) if said.grant == grant]
        imported = [i for i, said in self.before(CONSENT_IMPORTED, self.size) if said.grant == grant]
        need(len(own) + bool(imported) <= 1, "a grant that was given twice")
        need(all(i < size for i in own), "released before the grant was given")
        for i, entry in sorted(self.entries.items()):
            if i in own or (i in imported and i < size):
                found = (i, entry.said)
                # A newer version that the person filed counts, also after a withdrawal.
                withdrawn = withdrawn and i in own
            elif entry.number == RENEWED and entry.said.grant == grant and i < size and isinstance(found[1], Granted):
                # The same terms under a new end, and the Consent in a new text.
                renewed = {"consent_hash": entry.said.consent_hash, "expires": entry.said.expires}
                found = (found[0], found[1]._replace(**renewed))
            elif entry.number == WITHDRAWN and entry.said == grant and i < size:
                withdrawn = True
        need(not withdrawn, "released after the grant was withdrawn")
        return found


class Claim(NamedTuple):
    what: str
    level: str
    does_not_prove: list


def recipient(consent):
    """For whom a grant of a space is, as its FHIR Consent says; None where it does not."""
    try:
        value = json.loads(consent.decode("utf-8"), parse_constant=lambda _: need(False, "not JSON"))
        (actor,) = value["provision"]["actor"]
        who = actor["reference"]["identifier"]["value"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, Refused):
        return None
    return who if isinstance(who, str) else None


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
    need(release.kind != COUNT and len(listed(items)) in (1, 2), "items of a count")
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


def derive(logs, own, index, entry, consents, spaces):
    """What follows about a release, but for its items."""
    release = entry.said
    if not release.grants:
        return Claim(OWN_LOOK, "logged", [])
    origin, size, root = release.system
    system = next((log for log in logs if log.origin == origin), None)
    covered = terms = within = named = True
    if system is not None:
        need(origin in spaces, "decided under a log that is not a space's own")
        need(system.size >= size, "the log of consents is shorter than a release says: rolled back")
        need(
            system.prefixes.get(size, root) == root,
            "decided under another log of consents than the one shown",
        )
    if system is None or size not in system.prefixes:
        covered = False
    for grant in release.grants:
        start = given = None
        if system is not None:
            start, given = system.given(grant, size)
        need(not own.withdrawn(grant, index), "released after the grant was withdrawn")
        covered = covered and given is not None and system.consecutive(start, size)
        if not isinstance(given, Granted):
            # Of a consent from elsewhere nobody here reads the terms.
            terms = within = named = False
            continue
        need(given.expires is None or entry.time < given.expires, "released after the grant had ended")
        within = within and given.purpose == release.purpose
        consent = consents.get(given.consent_hash)
        terms = terms and consent is not None
        whom = None if consent is None else recipient(consent)
        need(whom is None or whom == release.actor, "the grant is for somebody else")
        named = named and whom is not None
    lacks = [
        (not covered, OMITTED),
        (not own.consecutive(0, index), LIMITED),
        (not terms, TERMS),
        (not within, PURPOSE),
        (not named, RECIPIENT),
    ]
    limits = [limit for holds, limit in lacks if holds]
    return Claim(NOT_WITHDRAWN, "verifiable", limits) if covered else Claim(UNDER_GRANT, "logged", limits)


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
    line += f" for {release.purpose}, {claim.what} [{claim.level}; {shown}]"
    if limits:
        line += "; not proven: " + ", ".join(limits)
    if show_items:
        line += "".join(f"\n    item {i}: {item.hex()}" for i, item in enumerate(items))
    return (at, index), line, claim.level == "verifiable"


def rising(values):
    return all(a < b for a, b in zip(values, values[1:]))


def verify_evidence(raw, keys, spaces, show_items=False):
    """`spaces`: which of the logs are spaces' own; consents stand in no other."""
    need(len(raw) <= MAX_FILE, "too long")
    value = decode(raw)
    version = value.get(1) if isinstance(value, dict) else None
    if isinstance(version, str) and version != HEADER and version.startswith(HEADER[:-1]):
        raise Refused("an evidence file of a later version")
    header, logs, consents, disclosures, limits = fields(value, 1, 2, 3, 4, 5)
    need(header == HEADER and limits == LIMITS, "not an evidence file")
    logs = [verify_log(part, keys) for part in listed(logs)]
    need(rising([log.origin.encode() for log in logs]), "logs out of order")
    consenting = (said for log in logs for n in (GRANTED, RENEWED, CONSENT_IMPORTED) for _, said in log.before(n, log.size))
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
