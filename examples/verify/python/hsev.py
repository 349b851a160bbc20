"""Evidence files (`.hsev`): every signature, proof, hash and claim, or nothing.

The format is core/docs/format.md. Claims and limits are derived again from what is shown and must
be just those of the file: their words are part of the format.
"""

import hmac
import json
import re
from typing import NamedTuple

import hsgrant
from hscbor import decode, fields, fixed, listed, quoted, small, text, when
from hsevents import (
    CLOCK,
    CONFIRMED,
    CONSENT_IMPORTED,
    CREATED,
    GLASS,
    GRANTED,
    LOG_NAMED,
    NO_TRAINING,
    RECOVERED,
    RELEASED,
    RENEWED,
    RESTORED,
    WITHDRAWN,
    Created,
    parse_entry,
    permits,
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
COUNT, MORE, FILE = 2, 4, 5
# Deepest nesting of a consent's text that is read: where parsers give up differs.
MAX_DEPTH = 16
# Longest emergency access, in milliseconds.
HOUR = 60 * hsgrant.MINUTE

UNDER_GRANT = "released under a grant"
NOT_WITHDRAWN = "released under a grant that was not withdrawn before"
OWN_LOOK = "looked at by the person"
LIMITS = [
    "that everything was entered, or that these are all disclosures",
    "that others are shown the same log",
    "that clock, recipient and gesture were what the host said",
    "that no other consent refused it",
    "what the items say, and that they are of the kinds, dates and labels that a grant names",
    "what the recipient did with them",
]
OMITTED = "omitted withdrawals"
PASSED_ON = "that the grant was not passed on under another"
ACTIVE = "that the consent from elsewhere was active"
DATED = "that an end of the grant that is dated before it came after it"
LIMITED = "withdrawals entered in the partition's own log"
TERMS = "the terms of the consent"
PURPOSE = "that the purpose lies within the grant's"
RECIPIENT = "that the recipient is the grant's"
CATEGORIES = "that the categories lie within the grant's"
PARTITION = "that the partition is the grant's"
USES = "that the grant was used no more often than it says"
EMERGENCY = "that emergency access had begun"
ITEMS = "which items"
# As whom, and for what, the person looks by themself.
PERSON = (("person", "person"), "PATRQT")
# The least confidentiality of what is in a partition of health data: restricted.
RESTRICTED = 4


class ShownLog(NamedTuple):
    """What a file shows of one log, verified."""

    origin: str
    size: int
    entries: dict
    prefixes: dict
    partition: Created | None = None  # whose log it is, by the space's own log, where that is shown

    def consecutive(self, start, end):
        return start <= end and all(i in self.entries for i in range(start, end))

    def read_through(self, start, end):
        """All of these are shown and read: an event of a later version may end a grant as well."""
        return self.consecutive(start, end) and all(self.entries[i].said is not None for i in range(start, end))

    def before(self, number, end):
        return [(i, e.said) for i, e in self.entries.items() if i < end and e.number == number]

    def withdrawn(self, grant, end):
        return any(said.grant == grant for _, said in self.before(WITHDRAWN, end))

    def given(self, grant, size):
        """How a grant stood when the log had this size, by what is shown of it: None where that is nothing."""
        found, withdrawn, waits = None, None, None
        own = [i for i, said in self.before(GRANTED, self.size) if said.grant == grant]
        imported = [i for i, said in self.before(CONSENT_IMPORTED, self.size) if said.grant == grant]
        need(len(own) + bool(imported) <= 1, "a grant that was given twice")
        need(all(i < size for i in own), "released before the grant was given")
        for i, entry in sorted(self.entries.items()):
            said = entry.said
            if i in own:
                found = Given(True, i, i, 1, said.consent_hash, said.notice_hash, said.locale, said.purpose, said.expires, entry.time, entry.time)
            elif i in imported and i < size:
                # A newer version that the person filed counts, also after a withdrawal.
                found, withdrawn, waits = Given(False, i, i, said.version, said.consent_hash), None, None
            elif entry.number == RENEWED and said.grant == grant and i < size and found is not None and found.own:
                # The same terms under a new end, and the Consent in a new text.
                need(said.version > found.version, "renewed by an older version")
                found = found._replace(
                    before=found,
                    filed=i,
                    version=said.version,
                    consent_hash=said.consent_hash,
                    notice_hash=said.notice_hash,
                    locale=said.locale,
                    expires=said.expires,
                    updated=entry.time,
                )
            elif entry.number == WITHDRAWN and said.grant == grant and i < size:
                withdrawn = i
            elif entry.number in (RECOVERED, RESTORED) and i < size and found is not None:
                waits = i
            elif entry.number == CONFIRMED and said.grant == grant and i < size:
                waits = None
        # Of a consent from elsewhere a newer version may stand in an entry that is not shown.
        unknown = found is not None and not found.own and withdrawn is not None and not self.consecutive(withdrawn, size)
        need(withdrawn is None or unknown, "released after the grant was withdrawn")
        need(waits is None or not self.consecutive(waits, size), "released while the grant waited to be confirmed")
        need(found is not None or not self.consecutive(0, size), "released under a grant that was never given")
        return found

    def is_later(self, index, time, size):
        """Whether an entry is dated after this time, and it is seen that no confirmed clock since explains that."""
        later = self.entries[index].time > time and self.consecutive(index, size)
        return later and not any(i >= index for i, _ in self.before(CLOCK, size))

    def is_ahead(self, time, size):
        """Whether any entry was later than this time when the log had this size."""
        for i in range(size - 1, -1, -1):
            entry = self.entries.get(i)
            if entry is None or entry.number == CLOCK:
                return False
            if entry.time > time:
                return True
        return False


class Given(NamedTuple):
    """What the entries of a grant say; of a consent from elsewhere no more than which text it is."""

    own: bool
    index: int
    filed: int  # the entry that filed the version in force
    version: int
    consent_hash: bytes
    notice_hash: bytes | None = None
    locale: str | None = None
    purpose: str | None = None
    expires: int | None = None
    given: int | None = None
    updated: int | None = None
    before: "Given | None" = None  # the version before

    def versions(self):
        """Every version, that in force first."""
        while self is not None:
            yield self
            self = self.before


class Claim(NamedTuple):
    what: str
    level: str
    does_not_prove: list


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def members(pairs):
    """An object, none of whose names is one that some parsers keep for themselves."""
    need(not any(name.startswith("$serde_json::private") for name, _ in pairs), "a name of a parser's own")
    return dict(pairs)


def parse(consent):
    """The JSON of a text; None where readers may differ on it."""
    if re.search(rb"\\u[dD][89a-fA-F]", consent):
        return None
    how = {"parse_int": lambda _: 0, "parse_float": lambda _: 0, "object_pairs_hook": members}
    try:
        value = json.loads(consent.decode("utf-8"), parse_constant=lambda _: need(False, "not JSON"), **how)
        return value if depth(value) <= MAX_DEPTH else None
    except (ValueError, RecursionError, Refused):
        return None


def read_status(consent):
    """Where a consent from elsewhere stands, as it says; None where it does not."""
    value = parse(consent)
    status = value.get("status") if isinstance(value, dict) else None
    return status if isinstance(status, str) else None


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
        need(index == 0 or log.entries[index].number != CREATED, "a partition that was created in another's log")
    last = 0
    for prefix in listed(prefixes):
        size, root, path = listed(prefix, 3)
        need(small(size) > last, "prefixes out of order")
        check_tree(hash_path(path), checkpoint, size, fixed(root, 32))
        log.prefixes[size], last = root, size
    return log


def name_partitions(logs, spaces):
    """The logs, each with the partition that the spaces' own logs say it is of, as far as they are shown.

    What a log says of itself could be said by whoever holds its key alone.
    """
    origins, partitions = {log.origin for log in logs}, {}
    for space in (log for log in logs if log.origin in spaces):
        names = [said for _, said in space.before(LOG_NAMED, space.size)]
        need(len({said.origin for said in names}) == len(names), "a log that was named twice")
        own = origins & (spaces[space.origin] | {space.origin})
        here = {said.origin: said.partition() for said in names if said.origin in own}
        need(partitions.keys().isdisjoint(here), "a log that was named by two spaces")
        partitions.update(here)
    logs = [log._replace(partition=partitions.get(log.origin)) for log in logs]
    shown = [log for log in logs if log.partition is not None]
    need(len({log.partition.scope for log in shown}) == len(shown), "two logs of one partition")
    for log in shown:
        first = log.entries.get(0)
        same = first is None or first.number != CREATED or first.said == log.partition
        need(same, "a log that begins as that of another partition")
    return logs


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


class Seen(NamedTuple):
    """A grant as it stood then, as far as it is shown."""

    covered: bool  # all entries from where it was given are shown
    given: Given | None
    said: hsgrant.Grant | None  # the text in force of a grant of the space
    shown: bool  # whether that and the first one are shown
    status: str | None  # that of a consent from elsewhere says where it stands
    ordered: bool  # nothing that is shown ended it by its time and not by its place


class Ground(NamedTuple):
    """What a release rests on: its own log, the log of consents and its size then."""

    own: ShownLog
    index: int
    time: int
    system: ShownLog | None
    size: int
    consents: dict

    def look(self, grant):
        given = None if self.system is None else self.system.given(grant, self.size)
        need(not self.own.withdrawn(grant, self.index), "released after the grant was withdrawn")
        ordered = self.system is None or not any(self.ends(e, grant) for i, e in self.system.entries.items() if i >= self.size)
        if given is None:
            return Seen(False, None, None, False, None, ordered)
        covered = self.system.read_through(given.index, self.size)
        need(given.expires is None or self.time < given.expires, "released after the grant had ended")
        if not given.own:
            text = self.consents.get(given.consent_hash)
            return Seen(covered, given, None, False, None if text is None else read_status(text), ordered)
        texts = [self.read(grant, version) for version in given.versions()]
        said = texts[0]
        need(len({text.fixed() for text in texts if text is not None}) <= 1, "renewed on other terms")
        need(said is None or said.starts is None or said.starts <= self.time, "released before the grant began")
        return Seen(covered, given, said, said is not None and texts[-1] is not None, None, ordered)

    def ends(self, entry, grant):
        """Whether by this entry, which is dated before the release, a grant was over or waited."""
        over = entry.number == WITHDRAWN and entry.said.grant == grant
        shorter = entry.number == RENEWED and entry.said.grant == grant and entry.said.expires <= self.time
        return entry.time < self.time and (over or shorter or entry.number in (RECOVERED, RESTORED))

    def read(self, grant, given):
        """The text of a version of a grant of the space, which says what its entries say; None where it is not shown."""
        text = self.consents.get(given.consent_hash)
        if text is None:
            return None
        said = hsgrant.read(text)
        same = (said.grant, said.version, said.status, said.notice, said.language, said.purpose, said.expires, said.given, said.updated)
        entries = (grant, given.version, "active", given.notice_hash, given.locale, given.purpose, given.expires, given.given, given.updated)
        need(same == entries, "the text of a grant says otherwise than its entries")
        return said

    def uses(self, grant, filed):
        """How many releases up to this one rest on a grant under the version that this entry filed."""
        releases = (said for _, said in self.own.before(RELEASED, self.index + 1) if grant in said.grants)
        return sum(said.system[0] == self.system.origin and said.system[1] > filed for said in releases)

    def emergency(self, release, given):
        """Whether emergency access under its grants had begun, by what is shown."""

        def begins(entry):
            said = entry.said
            return (
                entry.number == GLASS
                and said.actor == release.actor
                and set(release.grants) <= set(said.grants)
                and entry.time <= self.time < said.until <= entry.time + HOUR
                and not any(g.own and self.system.is_later(g.index, entry.time, self.size) for g in given)
            )

        begun = any(begins(entry) for i, entry in self.own.entries.items() if i < self.index)
        need(begun or not self.own.consecutive(0, self.index), "emergency access that did not begin")
        return begun


def look_above(ground, grant, child, index):
    """The grant under which another was passed on: it must have stood before and as well, and reach as far."""
    seen = ground.look(grant)
    need(seen.given is None or seen.given.index < index, "passed on before it was given")
    need(seen.given is None or seen.given.own, "passed on under a consent from elsewhere")
    need(seen.said is None or child.is_within(seen.said), "passed on although that was not allowed, or further")
    return seen


def derive(logs, own, index, entry, consents, spaces):
    """What follows about a release, but for its items."""
    release = entry.said
    origin, size, root = release.system
    earlier = [said.system for _, said in own.before(RELEASED, index)]
    need(not any(o == origin and n > size for o, n, _ in earlier), "decided under an older log than one before")
    if not release.grants:
        need((release.actor, release.purpose) == PERSON, "looked at by somebody else than the person, under no grant")
        return Claim(OWN_LOOK, "logged", [])
    training = release.purpose == "MLTRAINING"
    need(len(set(release.grants)) == len(release.grants), "one grant twice")
    exported = release.kind == FILE
    need(not exported or release.purpose != "BTG", "handed out as a file in an emergency")
    need(training or release.obligations() & NO_TRAINING, "released without the label that forbids training")
    system = next((log for log in logs if log.origin == origin), None)
    need(release.count == 0 or release.categories != [], "items of no category")
    covered = texts = within = named = told = active = ordered = True
    elsewhere = counted = False
    if system is not None:
        need(own.origin in spaces.get(origin, ()), "decided under a log that is not its space's own")
        need(system.size >= size, "the log of consents is shorter than a release says: rolled back")
        need(
            system.prefixes.get(size, root) == root,
            "decided under another log of consents than the one shown",
        )
    if system is None or size not in system.prefixes:
        covered = False
    if system is not None:
        need(not system.is_ahead(entry.time, size), "released before what it was decided under")
        steady = system.consecutive(0, size) and not system.before(CLOCK, size)
        need(not steady or all(e.time <= entry.time for i, e in own.entries.items() if i < index), "released before its log was so far")
    ground = Ground(own, index, entry.time, system, size, consents)
    categories, scopes, subjects, gave = set(), set(), set(), []
    for grant in release.grants:
        holds, given, said, shown, status, after = ground.look(grant)
        covered, ordered = covered and holds, ordered and after
        gave += [] if given is None else [given]
        if given is not None and not given.own:
            # Of a consent from elsewhere nobody here reads the terms; but that it stands it says itself, and
            # none lifts the floor under training.
            need(status in (None, "active"), "released under a consent that was not active")
            need(not training, "released for training under a consent from elsewhere")
            active, elsewhere = active and status is not None, True
            continue
        within = within and given is not None
        need(given is None or permits(given.purpose, release.purpose), "the grant is for another purpose")
        # A grant of the space is to access and to use.
        need(given is None or not exported, "handed out as a file, which the grant does not permit")
        texts, named, told = texts and shown, named and shown, told and said is not None
        if said is None:
            continue
        need((said.kind, said.recipient) == release.actor, "the grant is for somebody else")
        need(said.obligations & ~release.obligations() == 0, "the label asks for less than the grant")
        if said.uses is not None:
            counted = True
            need(ground.uses(grant, given.filed) <= said.uses, "used more often than the grant says")
        categories.update(said.categories)
        scopes.add(said.scope)
        subjects.add(said.subject)
        if said.parent is not None:
            holds, _, above, shown, _, after = look_above(ground, said.parent, said, given.index)
            covered, texts, ordered = covered and holds, texts and shown, ordered and after
            subjects.update([] if above is None else [above.subject])
    partition, whole = own.partition, own.read_through(0, index)
    scope = None if partition is None else partition.scope
    need(partition is None or release.label[2] >> min(partition.ordinal, 63) & 1, "the label does not name the partition")
    low = partition is not None and partition.kind == "health" and release.label[0] < RESTRICTED
    need(not low, "the label is below that of the partition")
    terms = texts and not elsewhere
    need(not told or elsewhere or categories.issuperset(release.categories), "other categories than the grant's")
    need(scope is None or scopes <= {scope}, "the grant is for another partition")
    need(len(subjects) <= 1, "grants of two persons")
    limits = [
        (covered, OMITTED),
        (texts, PASSED_ON),
        (active, ACTIVE),
        (ordered, DATED),
        (whole, LIMITED),
        (terms, TERMS),
        (within and not elsewhere, PURPOSE),
        (named and not elsewhere, RECIPIENT),
        (terms, CATEGORIES),
        (named and not elsewhere and scope is not None, PARTITION),
        (whole and scope is not None or not counted, USES),
        (release.purpose != "BTG" or ground.emergency(release, gave), EMERGENCY),
    ]
    limits = [limit for holds, limit in limits if not holds]
    holds = covered and texts and active and ordered
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
    line = f"{when(entry.time)} entry {index} of {own.origin}: {release.told()}"
    line += f" of {', '.join(release.categories) or 'no category'}, {claim.what} [{claim.level}; {shown}]"
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
    logs = name_partitions(logs, spaces)
    consenting = (said for log in logs if log.origin in spaces for n in (GRANTED, RENEWED, CONSENT_IMPORTED) for _, said in log.before(n, log.size))
    named = {said.consent_hash for said in consenting}
    need(all(isinstance(c, bytes) for c in listed(consents)), "not a consent")
    hashes = [sha256(c) for c in consents]
    texts = dict(zip(hashes, consents))
    need(rising(hashes) and named.issuperset(hashes), "a consent that no entry names")
    done = [verify_disclosure(part, logs, texts, spaces, show_items) for part in listed(disclosures)]
    need(rising([place for place, _, _ in done]), "disclosures out of order")
    proved = sum(holds for _, _, holds in done)
    unknown = sum(entry.said is None for log in logs for entry in log.entries.values())
    later = f", {unknown} entries of events that this program does not know" if unknown else ""
    head = f"{len(done)} disclosures, {proved} of them with no withdrawal before in the log shown, {len(hashes)} consents{later}"
    return "\n  ".join([head, *(line for _, line, _ in done), f"Not proven by any of it: {'; '.join(LIMITS)}."])
