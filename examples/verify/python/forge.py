#!/usr/bin/env python3
"""forge.py DIRECTORY: evidence files that nobody's library wrote, under a key of their own.

Every log in them is signed and every proof is sound; what is wrong is what the disclosures claim.
`good-*.hsev` must be verified, `bad-*.hsev` refused, by every verifier; the key is in `keys.txt`.
"""

import base64
import hashlib
import hmac
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsev import (
    ACTIVE,
    CATEGORIES,
    DATED,
    EMERGENCY,
    HEADER,
    LIMITED,
    LIMITS,
    NOT_WITHDRAWN,
    OMITTED,
    OWN_LOOK,
    PARTITION,
    PASSED_ON,
    PURPOSE,
    RECIPIENT,
    TERMS,
    UNDER_GRANT,
    USES,
)
from hsevents import RECIPIENTS
from hsgrant import KINDS, MINUTE, OBLIGATIONS, Grant, urn, write
from hslog import leaf_hash, node_hash, root_of, sha256

GRANT, ABOVE, SALT = b"g" * 16, b"p" * 16, b"s" * 32
# No training, the label kept, no other use, this consent, nobody else.
HEALTH = 0b11111
FOR_TRAINING = HEALTH & ~0b101
# Restricted, of the partition with ordinal 1, for every purpose but training.
LABEL = [4, 0, 1 << 1, (1 << 64) - 1 - (1 << 22), HEALTH, 0]
DELETE = 1 << OBLIGATIONS.index("DELAU")
PLAIN = Grant(
    grant=GRANT,
    version=1,
    status="active",
    language="en",
    subject=b"u" * 16,
    given=5 * MINUTE,
    updated=5 * MINUTE,
    notice=b"n" * 32,
    kind="model",
    recipient="eu-llm",
    scope=b"o" * 16,
    starts=None,
    expires=None,
    purpose="PATRQT",
    categories=["laboratory"],
    obligations=HEALTH,
)
# A carer's, who may pass it on; and one that was passed on under it.
CARER = PLAIN._replace(grant=ABOVE, kind="person", recipient="ana", purpose="FAMRQT", expires=20 * MINUTE, may_pass_on=True)
CHILD = CARER._replace(grant=GRANT, recipient="ben", may_pass_on=False, parent=ABOVE)
# What is not proved where the text is hidden, and where nothing is shown of the consents.
HIDDEN = [PASSED_ON, LIMITED, TERMS, RECIPIENT, CATEGORIES, PARTITION]
MISSING = [OMITTED, PASSED_ON, LIMITED, TERMS, PURPOSE, RECIPIENT, CATEGORIES, PARTITION]
FROM_ELSEWHERE = b'{"status":"active"}'
ITEMS = [bytes([n]) * 18 for n in range(3)]
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a key that is no secret").digest())


def head(major, n):
    for low, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes([major << 5 | n])
        if n < 1 << 8 * width:
            return bytes([major << 5 | low]) + n.to_bytes(width, "big")
    raise ValueError(n)


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(head(0, k) + cbor(v) for k, v in sorted(value.items()))


def split(n):
    return 1 << (n - 1).bit_length() - 1


def path(leaves, m):
    """RFC 9162 section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(leaves[:k], m), root_of(leaves[k:])]
    return [*path(leaves[k:], m - k), root_of(leaves[:k])]


def subproof(leaves, m, whole=True):
    """RFC 9162 section 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(leaves[:k], m, whole), root_of(leaves[k:])]
    return [*subproof(leaves[k:], m - k, False), root_of(leaves[:k])]


def origin(name):
    return f"healthspace.invalid/log/{name:032x}"


def entry(number, time, body, version=1):
    return cbor({1: version, 2: number, 3: time * MINUTE, 4: body if isinstance(body, bytes) else cbor(body)})


class Log:
    def __init__(self, name, events):
        self.origin = origin(name)
        self.entries = [event if isinstance(event, bytes) else entry(*event) for event in events]
        macs = [hmac.digest(self.r(i), e, "sha256") for i, e in enumerate(self.entries)]
        self.leaves = [leaf_hash(b"healthspace-ledger/v1\0" + m) for m in macs]
        self.blob = b"\x01" + KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.hash = sha256(self.origin.encode(), b"\n", self.blob)[:4]

    @staticmethod
    def r(i):
        return sha256(b"r", i.to_bytes(8, "big"))

    def key(self):
        return f"{self.origin}+{self.hash.hex()}+{base64.b64encode(self.blob).decode()}"

    def checkpoint(self, more=""):
        text = f"{self.origin}\n{len(self.leaves)}\n{base64.b64encode(root_of(self.leaves)).decode()}\n"
        line = base64.b64encode(self.hash + KEY.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.origin} {line}\n{more}"

    def part(self, shown, prefixes=(), more=""):
        entries = [[i, self.r(i), self.entries[i], path(self.leaves, i)] for i in shown]
        heads = [[n, root_of(self.leaves[:n]), subproof(self.leaves, n)] for n in prefixes]
        return {1: self.checkpoint(more), 2: entries, 3: heads}


TAP = ["tap", b"e" * 32]


def granted(grant=PLAIN, text=None, time=5, **otherwise):
    """The entry of a grant, of its own text or another; fields may say otherwise."""
    body = {1: grant.grant, 2: sha256(text or write(grant)), 3: grant.notice, 4: grant.language, 5: TAP}
    body.update({6: grant.purpose, 7: grant.expires})
    body.update({int(key[1:]): value for key, value in otherwise.items()})
    return 4, time, body


def renewal(expires, grant=PLAIN, **changes):
    """What a grant says once it is renewed at time 7."""
    return grant._replace(**{"version": 2, "updated": 7 * MINUTE, "expires": expires * MINUTE, **changes})


def renewed(grant, time=7):
    body = {1: grant.grant, 2: grant.version, 3: sha256(write(grant)), 4: grant.notice, 5: grant.language, 6: TAP, 7: grant.expires}
    return 28, time, body


def imported(version, text=FROM_ELSEWHERE, grant=GRANT):
    return 18, 5, {1: grant, 2: version, 3: sha256(text), 4: TAP}


def texts(*grants):
    return sorted((g if isinstance(g, bytes) else write(g) for g in grants), key=sha256)


WITHDRAWN = (5, 6, {1: GRANT, 2: None})
FALLEN = (5, 6, {1: ABOVE, 2: None})
# Behind the release by its time, too.
LATER = 11
NOISE = (1, 5, {})
OPENED = (3, 1, {1: PLAIN.scope, 2: 1, 3: "health"})
ELSEWHERE_OPENED = (3, 1, {1: b"z" * 16, 2: 2, 3: "health"})
GENERAL_OPENED = (3, 1, {1: PLAIN.scope, 2: 1, 3: "general"})
GONE_ON = (2, 1, {1: PLAIN.scope, 2: [origin(9), 3, b"h" * 32]})
EU, ANA, BEN = ["model", "eu-llm"], ["person", "ana"], ["person", "ben"]
RESTORED = (44, 6, {1: b"b" * 16, 2: "unknown", 3: 1, 4: TAP})
RECOVERED = (37, 6, {1: 1, 2: TAP})
CONFIRMED = (14, 6, {1: 30 * MINUTE, 2: TAP})


def naming(name, opened=OPENED, **otherwise):
    """The entry by which the space says that a log is of the partition that was created so; fields may say otherwise."""
    body = {**opened[2], 4: origin(name)}
    body.update({int(key[1:]): value for key, value in otherwise.items()})
    return 50, 4, body


def broken(until, actor=EU, grants=(GRANT,), time=8):
    """Emergency access of this recipient begins."""
    return 29, time, {1: list(grants), 2: actor, 3: b"r" * 32, 4: until * MINUTE, 5: None}


def released(log, size, root=None, time=10, **otherwise):
    """A release at time 10; fields that are named say otherwise."""
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    body = {
        1: "PATRQT",
        2: [GRANT],
        3: EU,
        4: b"q" * 32,
        5: 3,
        6: root_of([leaf_hash(h) for h in hashes]),
        7: [log.origin, size, root or root_of(log.leaves[:size])],
        8: LABEL,
        9: 0,
        10: ["laboratory"],
    }
    names = {"purpose": 1, "grants": 2, "actor": 3, "count": 5, "label": 8, "kind": 9, "of": 10}
    body.update({names[name]: value for name, value in otherwise.items() if name in names})
    return 8, time, body


def evidence(events, size, shown, limits, **how):
    """A file over two logs, of which the first names the other at its end; `how` says what is wrong with it."""
    names = how.get("names", [naming(2, how.get("first", OPENED))])
    system = Log(1, [*events, *names])
    shown = [*shown, *range(len(events), len(system.entries))]
    asked = {n: how[n] for n in ("root", "grants", "count", "kind", "purpose", "of", "actor", "label") if n in how}
    release = released(system, how.get("named", size), **asked)
    before = how.get("before", [NOISE])
    before = before(system) if callable(before) else before
    health = Log(2, [how.get("first", OPENED), *before, release])
    index = len(health.entries) - 1
    heads = [size] if how.get("prefix", True) else []
    own = [0] if how.get("first_shown", True) else []
    logs = [system.part(shown, heads, how.get("more", "")), health.part([*own, *(i + 1 for i in how.get("own", [])), index])]
    unsure = {OMITTED, PASSED_ON, ACTIVE, DATED}.intersection(limits)
    level = "logged" if unsure or how.get("grants") == [] else "verifiable"
    claim = {1: how.get("what", UNDER_GRANT if level == "logged" else NOT_WITHDRAWN), 2: how.get("level", level), 3: limits}
    disclosure = {1: 1, 2: index, 3: how.get("items", [SALT, ITEMS]), 4: claim}
    consents = how.get("consents", [write(PLAIN)])
    disclosures = [disclosure] * how.get("times", 1)
    if how.get("turned"):
        logs.reverse()
    file = {1: how.get("header", HEADER), 2: logs, 3: consents, 4: disclosures, 5: how.get("general", LIMITS)}
    return cbor(file)


def given(grant, limits=(LIMITED,), text=None, **how):
    """A file whose one grant says this, or has this text."""
    text = write(grant) if text is None else text
    return evidence([granted(grant, text)], 1, [0], list(limits), consents=[text], **how)


def renewals(first, *later, limits=(LIMITED,), shown=None, **how):
    """A file whose one grant was renewed by these; its texts are shown unless it is said otherwise."""
    events = [granted(first), *map(renewed, later)]
    consents = texts(*((first, *later) if shown is None else shown))
    return evidence(events, len(events), range(len(events)), list(limits), consents=consents, **how)


def in_emergency(*before, limits=(), text=PLAIN._replace(purpose="BTG"), clock=(), **how):
    """A release in an emergency, behind these entries of its own log, all shown."""
    events = [granted(text, time=text.given // MINUTE), *clock]
    how = {"own": range(len(before)), "consents": texts(text), "purpose": "BTG", **how}
    return evidence(events, len(events), range(len(events)), list(limits), before=list(before), **how)


def from_elsewhere(text, limits):
    return evidence([imported(1, text)], 1, [0], limits, consents=[text])


def spoilt(old, new, grant=PLAIN, *limits, **how):
    """A file whose grant has a text that is not in the form of one."""
    text = write(grant)
    assert old in text
    return given(grant, [LIMITED, *limits], text.replace(old, new, 1), **how)


def noise(number, body, limits=(LIMITED,)):
    """A file that shows an entry of this event between the grant and the release."""
    return evidence([granted(), (number, 5, body)], 2, [0, 1], list(limits))


def again(grant=GRANT):
    """A permission that waited is confirmed."""
    return 38, 7, {1: grant, 2: TAP}


def noises(events):
    """The same of several."""
    events = [granted(), *((number, 5, body) for number, body in events)]
    return evidence(events, len(events), range(len(events)), [LIMITED])


def often(uses, events, after, limits=(), first=OPENED, names=(naming(2),)):
    """Releases under a counted grant, one after each of these sizes of the space's log, all shown."""
    system = Log(1, [*(event for event, _ in events), *names])
    health = Log(2, [first, *(released(system, size) for size in after)])
    last = len(after)
    claim = {1: NOT_WITHDRAWN, 2: "verifiable", 3: list(limits)}
    disclosure = {1: 1, 2: last, 3: [SALT, ITEMS], 4: claim}
    size = after[-1]
    logs = [system.part(range(len(system.entries)), [size]), health.part(range(last + 1))]
    return cbor({1: HEADER, 2: logs, 3: texts(*(grant for _, grant in events[:size])), 4: [disclosure], 5: LIMITS})


def two_logs(first, second, limits=(), uses=(2, 3), opened=None, names=None):
    """A one-time grant is used in each of these two logs, which begin so and are named so."""
    grant = PLAIN._replace(uses=1)
    given = [*([] if opened is None else [opened]), granted(grant)]
    size, names = len(given), [naming(2, first), naming(3, second)] if names is None else names
    system = Log(1, [*given, *names])
    logs = [system, *(Log(n, [begin, released(system, size) if n in uses else NOISE]) for n, begin in ((2, first), (3, second)))]
    claim = {1: NOT_WITHDRAWN, 2: "verifiable", 3: list(limits)}
    disclosures = [{1: n - 1, 2: 1, 3: [SALT, ITEMS], 4: claim} for n in uses]
    parts = [logs[0].part(range(len(system.entries)), [size]), *(log.part([0, 1]) for log in logs[1:])]
    return cbor({1: HEADER, 2: parts, 3: texts(grant), 4: disclosures, 5: LIMITS})


def in_one_log(name):
    """In one log a grant is given, and used."""
    first = Log(name, [OPENED, granted()])
    both = Log(name, [OPENED, granted(), released(first, 2)])
    claim = {1: UNDER_GRANT, 2: "logged", 3: [limit for limit in HIDDEN if limit != LIMITED]}
    disclosure = {1: 0, 2: 2, 3: [SALT, ITEMS], 4: claim}
    return cbor({1: HEADER, 2: [both.part([0, 1, 2], [2])], 3: [], 4: [disclosure], 5: LIMITS})


def under_a_partition():
    """The same with two partitions' logs."""
    consents, health = Log(2, [granted()]), Log(3, [OPENED, NOISE, released(Log(2, [granted()]), 1)])
    disclosure = {1: 1, 2: 2, 3: [SALT, ITEMS], 4: {1: UNDER_GRANT, 2: "logged", 3: HIDDEN}}
    logs = [consents.part([0], [1]), health.part([0, 2])]
    return cbor({1: HEADER, 2: logs, 3: [], 4: [disclosure], 5: LIMITS})


def across_spaces():
    """A partition of one space uses what was given in another."""
    consents = Log(4, [granted(), naming(5)])
    health = Log(5, [OPENED, NOISE, released(consents, 1)])
    disclosure = {1: 1, 2: 2, 3: [SALT, ITEMS], 4: {1: NOT_WITHDRAWN, 2: "verifiable", 3: [LIMITED]}}
    return cbor({1: HEADER, 2: [consents.part([0, 1], [1]), health.part([0, 2])], 3: texts(PLAIN), 4: [disclosure], 5: LIMITS})


def named_across_spaces(*also, label=(0, *LABEL[1:])):
    """The log of one space, and of these, names a partition's, which may be of another, and whose label is too low."""
    health = Log(5, [OPENED, NOISE, released(Log(7, [granted()]), 1, label=list(label))])
    logs = [Log(4, [naming(5)]).part([0]), health.part([0, 2]), *(Log(n, [naming(5)]).part([0]) for n in also)]
    disclosure = {1: 1, 2: 2, 3: [SALT, ITEMS], 4: {1: UNDER_GRANT, 2: "logged", 3: MISSING}}
    return cbor({1: HEADER, 2: logs, 3: [], 4: [disclosure], 5: LIMITS})


def alone(log, index, *more):
    """A release of which nothing but its own entry is shown, and these before it."""
    whole = list(more) == list(range(index))
    claim = {1: UNDER_GRANT, 2: "logged", 3: [limit for limit in MISSING if limit != LIMITED or not whole]}
    disclosure = {1: 0, 2: index, 3: [SALT, ITEMS], 4: claim}
    return cbor({1: HEADER, 2: [log.part([*more, index])], 3: [], 4: [disclosure], 5: LIMITS})


class Huge(Log):
    """A log of more entries than a signed number counts, of which the first alone was ever made."""

    SIZE = (1 << 63) + 1

    def checkpoint(self, more=""):
        root = self.leaves[0]
        for _ in range(64):
            root = node_hash(root, b"h" * 32)
        text = f"{self.origin}\n{self.SIZE}\n{base64.b64encode(root).decode()}\n"
        line = base64.b64encode(self.hash + KEY.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.origin} {line}\n"

    def part(self, shown, prefixes=(), more=""):
        return {1: self.checkpoint(), 2: [[0, self.r(0), self.entries[0], [b"h" * 32] * 64]], 3: []}


def known_events():
    """Every event that there is, each with fields that it can have."""
    i, h, n, t = b"i" * 16, b"h" * 32, 7, -5
    head = ["healthspace.invalid/log/x", 3, h]
    return [
        (1, {}),
        (2, {1: i, 2: head}),
        (3, {1: i, 2: 2, 3: "general"}),
        (4, {1: i, 2: h, 3: h, 4: "en", 5: TAP, 6: "TREAT", 7: t}),
        (5, {1: i, 2: TAP}),
        (6, {1: h, 2: n, 3: n, 4: n, 5: n}),
        (7, {1: h, 2: (1 << 64) - 1}),
        (8, {1: "TREAT", 2: [i], 3: ["role", "x"], 4: h, 5: n, 6: h, 7: head, 8: LABEL, 9: 2, 10: []}),
        (9, {1: "TREAT", 2: ["reference", "x"]}),
        (10, {1: i, 2: n, 3: LABEL}),
        (11, {1: LABEL, 2: i, 3: "TREAT", 4: ["role", "x"]}),
        (12, {1: i, 2: i, 3: LABEL, 4: LABEL, 5: TAP}),
        (13, {1: h}),
        (14, {1: t, 2: TAP}),
        (15, {1: i, 2: LABEL}),
        (16, {1: h, 2: h}),
        (17, {1: h, 2: n, 3: TAP}),
        (18, {1: i, 2: n, 3: h, 4: TAP}),
        (19, {1: i, 2: LABEL, 3: LABEL, 4: TAP}),
        (20, {1: i, 2: i, 3: LABEL, 4: TAP}),
        (21, {1: i, 2: n, 3: TAP}),
        (22, {1: i, 2: LABEL, 3: TAP}),
        (23, {1: n}),
        (24, {1: i, 2: i, 3: LABEL}),
        (25, {1: i, 2: LABEL, 3: LABEL, 4: TAP}),
        (26, {1: i, 2: ["organization", "x"], 3: TAP}),
        (27, {1: i, 2: ["app", "x"], 3: TAP}),
        (28, {1: i, 2: 2, 3: h, 4: h, 5: "fr", 6: TAP, 7: t}),
        (29, {1: [i, i], 2: ["person", "x"], 3: h, 4: t, 5: TAP}),
        (30, {1: n, 2: TAP}),
        (31, {1: i, 2: n, 3: []}),
        (32, {1: i, 2: n, 3: i}),
        (33, {1: i, 2: n}),
        (34, {1: i}),
        (40, {1: "records", 2: n, 3: n, 4: n, 5: n, 6: n, 7: h, 8: TAP}),
        (41, {1: n, 2: "E1"}),
        (45, {1: [n, n], 2: TAP}),
        (49, {1: i, 2: LABEL, 3: TAP}),
        (50, {1: i, 2: 2, 3: "general", 4: origin(9)}),
    ]


EVENTS = known_events()
# Fields that may be null.
NULLS = {(2, 2), (4, 7), (5, 2), (11, 2), (11, 3), (11, 4), (19, 1), (25, 4), (29, 5)}


def main(directory):
    out = pathlib.Path(directory)
    out.mkdir(exist_ok=True)
    (out / "keys.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (1, 2, 3)))
    witness = base64.b64encode(b"\0" * 68).decode()
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    log, one = [NOISE, granted(), NOISE, WITHDRAWN], [granted()]
    at = lambda time, event: (event[0], time, event[2])
    later_log = [*log[:3], at(LATER, WITHDRAWN)]
    elsewhere = [LIMITED, TERMS, PURPOSE, RECIPIENT, CATEGORIES, PARTITION]
    filed = [imported(1), WITHDRAWN, imported(3), NOISE]
    import_shown = {"consents": [FROM_ELSEWHERE]}
    ends = lambda end: PLAIN._replace(expires=end * MINUTE)
    counted = ends(20)._replace(uses=2)
    once_more = renewal(30, counted)
    training = PLAIN._replace(purpose="MLTRAINING", obligations=FOR_TRAINING)
    emergency = PLAIN._replace(purpose="BTG")
    late = lambda time: emergency._replace(given=time * MINUTE, updated=time * MINUTE)
    other = emergency._replace(grant=ABOVE)
    two = {"grants": [GRANT, ABOVE], "consents": texts(emergency, other), "clock": [granted(other)]}
    above_missing = [OMITTED, PASSED_ON, LIMITED, TERMS, CATEGORIES]
    looks = {"grants": [], "what": OWN_LOOK, "actor": ["person", "person"]}
    alone_since = renewal(20, CHILD._replace(parent=None))
    unread = lambda text: from_elsewhere(text, [ACTIVE, *elsewhere])

    def later(*more, shown=None, limits=(LIMITED,)):
        """A grant that its entry dates 30, behind the release."""
        grant = PLAIN._replace(given=30 * MINUTE, updated=30 * MINUTE)
        events = [granted(grant, time=30), *more]
        shown = range(len(events)) if shown is None else shown
        return evidence(events, len(events), shown, list(limits), consents=texts(grant))

    def passed_on(limits=(LIMITED,), *later, shown=None, size=None, consents=None, above=CARER, child=CHILD, now=None, **how):
        """Released under a grant that was passed on; all is shown unless it is said otherwise."""
        events = [granted(above), granted(child), *later]
        consents = texts(above, child, *([] if now is None else [now])) if consents is None else consents
        shown = range(len(events)) if shown is None else shown
        size = len(events) if size is None else size
        how = {"actor": BEN, "purpose": "FAMRQT", **how}
        return evidence(events, size, shown, list(limits), consents=consents, **how)

    def turned(limits, size, *events, consents=texts(CARER, CHILD)):
        return evidence(list(events), size, range(len(events)), limits, consents=consents, actor=BEN, purpose="FAMRQT")

    files = {
        "good-withdrawn-later": evidence(later_log, 3, [1, 2, 3], [LIMITED]),
        # What is dated before the release stands behind what it was decided under: one of the two is not so.
        "good-withdrawn-earlier-behind-and-said": evidence(log, 3, [1, 2, 3], [DATED, LIMITED]),
        "good-withdrawn-earlier-behind-and-not-shown": evidence(log, 3, [1, 2], [LIMITED]),
        "good-withdrawn-at-the-same-time-behind": evidence([*log[:3], at(10, WITHDRAWN)], 3, [1, 2, 3], [LIMITED]),
        "good-another-withdrawn-earlier-behind": evidence([*log[:3], FALLEN], 3, [1, 2, 3], [LIMITED]),
        "good-withdrawn-earlier-behind-and-the-grant-not-shown": evidence(
            log, 3, [3], [OMITTED, PASSED_ON, DATED, *MISSING[2:]], consents=[]
        ),
        "good-imported-and-withdrawn-earlier-behind-and-said": evidence(filed, 1, [0, 1], [DATED, *elsewhere], **import_shown),
        "good-renewed-earlier-behind-to-an-earlier-end-and-said": evidence(
            [granted(ends(11)), renewed(renewal(9))], 1, [0, 1], [DATED, LIMITED], consents=texts(ends(11))
        ),
        "good-renewed-earlier-behind-to-a-later-end": evidence(
            [granted(ends(11)), renewed(renewal(12))], 1, [0, 1], [LIMITED], consents=texts(ends(11))
        ),
        **{
            f"good-{name}-earlier-behind-and-said": evidence([granted(), event], 1, [0, 1], [DATED, LIMITED])
            for name, event in [("recovered", RECOVERED), ("restored", RESTORED)]
        },
        "bad-withdrawn-earlier-behind": evidence(log, 3, [1, 2, 3], [LIMITED]),
        "bad-withdrawn-earlier-behind-and-all-shown": evidence(log, 3, [0, 1, 2, 3], [], before=[NOISE], own=[0]),
        "bad-withdrawn-earlier-behind-and-said-verifiable": evidence(log, 3, [1, 2, 3], [DATED, LIMITED], what=NOT_WITHDRAWN, level="verifiable"),
        "bad-withdrawn-earlier-behind-another-clock": evidence([*log[:3], CONFIRMED, WITHDRAWN], 3, [1, 2, 3, 4], [LIMITED]),
        "bad-withdrawn-later-and-said-earlier": evidence(later_log, 3, [1, 2, 3], [DATED, LIMITED]),
        "bad-imported-and-withdrawn-earlier-behind": evidence(filed, 1, [0, 1], elsewhere, **import_shown),
        "bad-renewed-earlier-behind-to-an-earlier-end": evidence(
            [granted(ends(11)), renewed(renewal(9))], 1, [0, 1], [LIMITED], consents=texts(ends(11))
        ),
        "good-hashes-alone": evidence(one, 1, [0], [LIMITED], items=[hashes]),
        "good-items-hidden": evidence(one, 1, [0], [LIMITED, "which items"], items=None),
        "good-own-log-shown": evidence(one, 1, [0], [], before=[NOISE], own=[0]),
        "good-withdrawal-omitted-and-said": evidence(log, 4, [1, 2], [OMITTED, LIMITED]),
        "good-nothing-of-the-consents": evidence(log, 4, [0], MISSING, prefix=False, consents=[]),
        "good-ends-later": given(ends(11)),
        "good-begins": given(PLAIN._replace(starts=10 * MINUTE)),
        "good-renewed": renewals(ends(7), renewal(11)),
        "good-renewed-later": evidence([granted(ends(11)), renewed(renewal(9), LATER)], 1, [0, 1], [LIMITED], consents=texts(ends(11))),
        "good-renewed-and-hidden": evidence([granted(ends(7)), renewed(renewal(11))], 2, [0, 1], HIDDEN, consents=[]),
        "good-renewed-twice": renewals(ends(7), renewal(9), renewal(11, version=3)),
        "good-renewed-twice-and-the-text-between-not-shown": renewals(
            ends(7), renewal(9), renewal(11, version=3), shown=[ends(7), renewal(11, version=3)]
        ),
        "good-renewed-and-the-first-text-not-shown-and-said": renewals(ends(7), renewal(11), shown=[renewal(11)], limits=HIDDEN),
        "good-renewed-and-the-newer-text-not-shown-and-said": renewals(ends(7), renewal(11), shown=[ends(7)], limits=HIDDEN),
        "good-renewed-with-another-count": renewals(
            counted._replace(expires=None), renewal(11, counted, uses=9), limits=[LIMITED, USES]
        ),
        "good-renewed-in-another-language": renewals(ends(7), renewal(11, language="fr", notice=b"m" * 32)),
        "good-own-look": evidence(one, 1, [0], [], **looks),
        "good-terms-not-shown-and-said": evidence(one, 1, [0], HIDDEN, consents=[]),
        "good-partition-not-shown-and-said": evidence(one, 1, [0], [LIMITED, PARTITION], first_shown=False, names=[]),
        "good-partition-of-another-first-entry-and-said": evidence(one, 1, [0], [LIMITED, PARTITION], first=NOISE, names=[]),
        "good-imported": from_elsewhere(FROM_ELSEWHERE, elsewhere),
        "good-imported-for-others": from_elsewhere(write(PLAIN._replace(recipient="us-llm")), elsewhere),
        "good-imported-and-status-unsaid": unread(b"{}"),
        "good-imported-and-not-shown": evidence([imported(1)], 1, [0], [ACTIVE, *elsewhere], consents=[]),
        "good-imported-and-as-if-passed-on": from_elsewhere(write(CHILD), elsewhere),
        "good-imported-again-after-a-withdrawal": evidence(filed, 4, [2, 3], elsewhere, **import_shown),
        "good-imported-and-withdrawn-between": evidence(filed, 4, [0, 1, 2, 3], elsewhere, **import_shown),
        "good-imported-and-the-newer-one-erased": evidence(filed, 4, [0, 1, 3], [OMITTED, *elsewhere], **import_shown),
        "good-imported-and-a-newer-one-later": evidence(filed, 1, [0, 2], elsewhere, **import_shown),
        "bad-imported-terms-unsaid": from_elsewhere(FROM_ELSEWHERE, [LIMITED]),
        "bad-imported-and-inactive": from_elsewhere(b'{"status":"inactive"}', elsewhere),
        "bad-imported-and-status-unsaid-and-verifiable": from_elsewhere(b"{}", elsewhere),
        "bad-imported-and-withdrawn": evidence(filed, 2, [0, 1], elsewhere, **import_shown),
        "bad-imported-and-withdrawn-behind-what-is-not-shown": evidence(
            [NOISE, imported(1), WITHDRAWN, NOISE], 4, [1, 2, 3], elsewhere, **import_shown
        ),
        "bad-imported-and-withdrawal-omitted": evidence(filed, 2, [0], elsewhere, **import_shown),
        "bad-imported-only-later": evidence(filed, 2, [2], elsewhere, **import_shown),
        "bad-imported-beside-a-grant": evidence([imported(1, write(PLAIN)), granted()], 2, [0, 1], [LIMITED]),
        "bad-given-later": evidence([NOISE, granted()], 1, [0, 1], MISSING),
        "bad-given-later-and-said-verifiable": evidence([NOISE, granted()], 1, [0, 1], [LIMITED]),
        "bad-withdrawn-before-it-was-given": evidence([WITHDRAWN, granted()], 2, [0, 1], [LIMITED]),
        "bad-withdrawn-before": evidence(log, 4, [1, 2, 3], [LIMITED]),
        "bad-withdrawn-before-and-said-logged": evidence(log, 4, [1, 3], [OMITTED, LIMITED]),
        "bad-withdrawal-omitted": evidence(log, 4, [1, 2], [LIMITED]),
        "bad-withdrawal-omitted-half-said": evidence(log, 4, [1, 2], [OMITTED, LIMITED], level="verifiable"),
        "bad-more-said-than-logged": evidence(log, 4, [1, 2], [OMITTED, LIMITED], what=NOT_WITHDRAWN),
        "bad-withdrawn-in-the-own-log": evidence(one, 1, [0], [], before=[WITHDRAWN], own=[0]),
        "bad-ended": given(ends(10)),
        "bad-not-begun": given(PLAIN._replace(starts=11 * MINUTE)),
        "bad-renewed-and-ended": renewals(ends(11), renewal(10)),
        "bad-renewed-again-and-ended": renewals(ends(7), renewal(11), renewal(9, version=3)),
        "bad-renewed-by-the-same-version": evidence(
            [granted(ends(7)), renewed(renewal(9)), renewed(renewal(11))], 3, [0, 1, 2], [LIMITED], consents=texts(ends(7), renewal(11))
        ),
        "bad-renewed-before-given": evidence([renewed(renewal(11)), granted(ends(7))], 2, [0, 1], [LIMITED], consents=texts(ends(7))),
        "bad-renewed-other-text": renewals(ends(7), renewal(11), shown=[ends(7)]),
        "bad-renewed-and-the-first-text-not-shown": renewals(ends(7), renewal(11), shown=[renewal(11)]),
        "bad-renewed-and-the-first-text-not-shown-half-said": renewals(
            ends(7), renewal(11), shown=[renewal(11)], limits=[LIMITED, TERMS]
        ),
        **{
            f"bad-renewed-with-{name}": renewals(ends(7)._replace(**before), renewal(11, **after), **how)
            for name, (before, after, how) in {
                "another-recipient": ({}, {"recipient": "us-llm"}, {"actor": ["model", "us-llm"]}),
                "a-recipient-of-another-kind": ({}, {"kind": "app"}, {"actor": ["app", "eu-llm"]}),
                "more-categories": ({}, {"categories": ["laboratory", "sleep"]}, {"of": ["sleep"]}),
                "fewer-categories": ({"categories": ["laboratory", "sleep"]}, {}, {}),
                "another-partition": ({"scope": b"z" * 16}, {}, {}),
                "another-person": ({"subject": b"v" * 16}, {}, {}),
                "another-beginning": ({"starts": 0}, {}, {}),
                "other-dates": ({"dates": (0, MINUTE)}, {}, {}),
                "another-confidentiality": ({"confidentiality": "N"}, {"confidentiality": "R"}, {}),
                "another-sensitivity": ({}, {"sensitivities": ["PSY"]}, {}),
                "fewer-obligations": ({"obligations": HEALTH | DELETE}, {}, {}),
                "no-count": ({"uses": 1}, {}, {}),
                "a-count": ({}, {"uses": 9}, {"limits": [LIMITED, USES]}),
            }.items()
        },
        "bad-renewed-and-back-again": renewals(ends(7), renewal(9, recipient="us-llm"), renewal(11, version=3)),
        "bad-renewed-and-the-newer-text-not-shown-the-others-differ": renewals(
            ends(7), renewal(9, recipient="us-llm"), renewal(11, version=3), shown=[ends(7), renewal(9, recipient="us-llm")], limits=HIDDEN
        ),
        "bad-renewed-for-somebody-else-and-the-first-text-not-shown": renewals(
            ends(7), renewal(11, recipient="us-llm"), shown=[renewal(11, recipient="us-llm")], limits=HIDDEN
        ),
        "bad-renewed-of-more-than-it-says-and-the-first-text-not-shown": renewals(
            ends(7), renewal(11), shown=[renewal(11)], limits=HIDDEN, of=["laboratory", "sleep"]
        ),
        "bad-renewed-and-the-first-text-in-no-form": evidence(
            [granted(ends(7), b"{}"), renewed(renewal(11))], 2, [0, 1], [LIMITED], consents=texts(b"{}", renewal(11))
        ),
        "bad-renewed-and-the-first-text-inactive": renewals(ends(7)._replace(status="inactive"), renewal(11)),
        "bad-renewed-and-the-first-text-of-another-end": evidence(
            [granted(ends(7), write(ends(9))), renewed(renewal(11))], 2, [0, 1], [LIMITED], consents=texts(ends(9), renewal(11))
        ),
        # Under a grant that is nowhere.
        "good-given-in-an-entry-that-is-not-shown": evidence([NOISE] * 3, 3, [0, 2], MISSING, consents=[]),
        "good-given-above-in-an-entry-that-is-not-shown": evidence(
            [NOISE, granted(CHILD)], 2, [1], above_missing, consents=texts(CHILD), actor=BEN, purpose="FAMRQT"
        ),
        "bad-never-given": evidence([NOISE] * 2, 2, [0, 1], MISSING, consents=[]),
        "bad-never-given-and-no-prefix": evidence([NOISE] * 2, 2, [0, 1], MISSING, prefix=False, consents=[]),
        "bad-never-given-in-a-log-of-nothing": evidence([NOISE], 0, [0], MISSING, prefix=False, root=sha256(), consents=[]),
        "bad-never-given-and-renewed": evidence([renewed(renewal(11))], 1, [0], MISSING, consents=[]),
        "bad-never-given-above": evidence([granted(CHILD)], 1, [0], above_missing, consents=texts(CHILD), actor=BEN, purpose="FAMRQT"),
        "bad-one-of-two-never-given": evidence(one, 1, [0], MISSING, grants=[GRANT, ABOVE]),
        "bad-given-twice": evidence([granted(), granted()], 2, [0, 1], [LIMITED]),
        "bad-other-root": evidence(one, 1, [0], [LIMITED], root=b"x" * 32),
        "bad-shorter-than-named": evidence(one, 1, [0], [OMITTED, LIMITED], named=3, root=b"x" * 32),
        "bad-no-prefix": evidence(one, 1, [0], [LIMITED], prefix=False),
        "bad-terms-not-shown": evidence(one, 1, [0], [PASSED_ON, LIMITED, RECIPIENT, CATEGORIES, PARTITION], consents=[]),
        "bad-recipient-unsaid": evidence(one, 1, [0], [PASSED_ON, LIMITED, TERMS, CATEGORIES, PARTITION], consents=[]),
        "bad-partition-unsaid": evidence(one, 1, [0], [LIMITED], first_shown=False, names=[]),
        "bad-text-hidden-and-said-verifiable": evidence(one, 1, [0], [LIMITED, TERMS, RECIPIENT, CATEGORIES, PARTITION], consents=[]),
        "bad-consent-that-no-entry-names": evidence(one, 1, [0], [LIMITED], consents=texts(PLAIN, b"{}")),
        "bad-other-consent": evidence(one, 1, [0], [LIMITED], consents=[write(PLAIN) + b" "]),
        "bad-disclosed-twice": evidence(one, 1, [0], [LIMITED], times=2),
        "bad-items-turned": evidence(one, 1, [0], [LIMITED], items=[SALT, ITEMS[::-1]]),
        "bad-items-fewer": evidence(one, 1, [0], [LIMITED], items=[hashes[:2]]),
        "bad-items-of-a-count": evidence(one, 1, [0], [LIMITED], items=[hashes], kind=2),
        "bad-items-hidden-unsaid": evidence(one, 1, [0], [LIMITED], items=None),
        "bad-own-look-under-a-grant": evidence(one, 1, [0], [], what=OWN_LOOK, level="logged"),
        "bad-own-look-by-a-model": evidence(one, 1, [0], [], grants=[], what=OWN_LOOK),
        "bad-own-look-for-training": evidence(one, 1, [0], [], purpose="MLTRAINING", **looks),
        "bad-fewer-limits": evidence(one, 1, [0], [LIMITED], general=LIMITS[:4]),
        "bad-limits-without-the-consents-that-refuse": evidence(one, 1, [0], [LIMITED], general=LIMITS[:3] + LIMITS[4:]),
        "bad-logs-turned": evidence(one, 1, [0], [LIMITED], turned=True),
        "bad-second-signature": evidence(one, 1, [0], [LIMITED], more=f"\u2014 witness.example {witness}\n"),
        "bad-later-version": evidence(one, 1, [0], [LIMITED], header="healthspace-evidence/v2"),
        "bad-given-in-the-own-log": in_one_log(2),
        "bad-released-in-the-log-of-the-space": in_one_log(1),
        "bad-given-in-a-partitions-log": under_a_partition(),
        # What the text of a grant says.
        "good-for-a-carer": given(CARER, actor=ANA, purpose="FAMRQT", grants=[ABOVE]),
        "good-of-all-it-can-say": given(
            ends(20)._replace(
                starts=0,
                kind="organization",
                recipient='Clinique "Zo\u00e9" \\ 2',
                categories=["laboratory", "sleep", "other"],
                confidentiality="N",
                sensitivities=["PSY", "HIV"],
                dates=(-60 * MINUTE, 60 * MINUTE),
                obligations=(1 << len(OBLIGATIONS)) - 1,
                uses=4294967295,
                language="fr",
            ),
            [LIMITED, USES],
            actor=["organization", 'Clinique "Zo\u00e9" \\ 2'],
            label=[*LABEL[:4], (1 << len(OBLIGATIONS)) - 1, 0],
        ),
        "good-name-in-another-form-of-the-same-signs": given(PLAIN._replace(recipient="Zoe\u0301"), actor=["model", "Zoe\u0301"]),
        **{f"good-for-{kind}-of-the-name": given(PLAIN._replace(kind=kind), actor=[kind, "eu-llm"]) for kind in KINDS},
        **{
            f"bad-for-{kind}-of-the-name-to-{other}": given(PLAIN._replace(kind=kind), actor=[other, "eu-llm"])
            for kind in KINDS
            for other in RECIPIENTS
            if other != kind
        },
        "bad-for-another-kind-and-said": given(PLAIN._replace(kind="app"), [LIMITED, RECIPIENT]),
        "good-for-another-kind-and-text-hidden": evidence(one, 1, [0], HIDDEN, consents=[], actor=["app", "eu-llm"]),
        "good-from-elsewhere-to-a-role": evidence([imported(1)], 1, [0], elsewhere, actor=["role", "eu-llm"], **import_shown),
        "bad-of-a-kind-that-is-not-known": given(PLAIN, actor=["Model", "eu-llm"]),
        "bad-of-no-kind": given(PLAIN, actor="eu-llm"),
        "bad-of-the-name-before-the-kind": given(PLAIN, actor=["eu-llm", "model"]),
        "bad-of-a-kind-and-a-name-and-more": given(PLAIN, actor=[*EU, ""]),
        "bad-emergency-of-another-kind-of-the-name": in_emergency(broken(11, ["app", "eu-llm"])),
        "bad-own-look-by-a-model-called-person": evidence(one, 1, [0], [], **{**looks, "actor": ["model", "person"]}),
        "bad-for-somebody-else": given(PLAIN._replace(recipient="us-llm")),
        "bad-for-somebody-else-and-said": given(PLAIN._replace(recipient="us-llm"), [LIMITED, RECIPIENT]),
        "bad-name-that-is-not-seen": given(PLAIN._replace(recipient="eu\u200bllm"), actor=["model", "eu\u200bllm"]),
        "bad-name-that-is-ignored": given(PLAIN._replace(recipient="eu-llm\ufe0f"), actor=["model", "eu-llm\ufe0f"]),
        "bad-text-inactive": given(PLAIN._replace(status="inactive")),
        "bad-text-entered-in-error": spoilt(b'"status":"active"', b'"status":"entered-in-error"'),
        "bad-text-denies": spoilt(b'"type":"permit"', b'"type":"deny"'),
        "bad-text-permits-at-the-root": spoilt(b'"type":"deny"', b'"type":"permit"'),
        "bad-text-period-ended-in-1960": spoilt(b'"type":"deny",', b'"type":"deny","period":{"end":"1960-01-01"},'),
        "bad-text-period-ended-to-the-millisecond": spoilt(b'"type":"deny",', b'"type":"deny","period":{"end":"1960-01-01T23:59:59.999Z"},'),
        "bad-text-period-starts-in-2999": spoilt(b'"type":"deny",', b'"type":"deny","period":{"start":"2999-01-01T00:00:00.000Z"},'),
        "bad-text-ends-before-its-entry-says": given(ends(20), text=write(ends(19))),
        "bad-text-ends-within-a-minute": given(PLAIN._replace(expires=20 * MINUTE + 1)),
        "bad-text-for-somebody-else-inside": spoilt(
            b'"type":"permit",', b'"actor":[{"reference":{"identifier":{"value":"us-llm"}}}],"type":"permit",'
        ),
        "bad-text-for-two": spoilt(b'"actor":[', b'"actor":[{"reference":{"identifier":{"value":"eu-llm"}}},'),
        "bad-text-purpose-is-research": given(PLAIN, text=write(PLAIN._replace(purpose="HRESCH"))),
        "bad-text-of-another-grant": given(PLAIN, text=write(PLAIN._replace(grant=ABOVE))),
        "bad-text-of-another-version": given(PLAIN, text=write(PLAIN._replace(version=2))),
        "bad-text-of-another-notice": given(PLAIN, text=write(PLAIN._replace(notice=b"o" * 32))),
        "bad-text-in-another-language": given(PLAIN, text=write(PLAIN._replace(language="fr"))),
        "bad-text-given-at-another-time": given(PLAIN, text=write(PLAIN._replace(given=4 * MINUTE))),
        "bad-text-of-another-time": given(PLAIN, text=write(PLAIN._replace(updated=6 * MINUTE))),
        "bad-text-unknown-modifier-voids": spoilt(
            b'"modifierExtension":[', b'"modifierExtension":[{"url":"https://example.org/only-on-sundays"},'
        ),
        "bad-text-without-training-forbidden": given(PLAIN._replace(obligations=FOR_TRAINING)),
        "bad-text-counts-none": given(PLAIN._replace(uses=0), [LIMITED, USES]),
        "bad-text-of-an-unknown-category": given(PLAIN._replace(categories=["zzz"])),
        "bad-text-of-no-category": given(PLAIN._replace(categories=[]), of=[]),
        "bad-text-categories-turned": given(PLAIN._replace(categories=["sleep", "laboratory"])),
        "bad-text-of-an-unknown-purpose": given(PLAIN, text=write(PLAIN._replace(purpose="ZZZ"))),
        "bad-text-with-a-blank": spoilt(b'{"resourceType":', b'{"resourceType": '),
        "bad-text-said-twice": spoilt(b'"status":"active",', b'"status":"active","status":"active",'),
        "bad-text-escaped": spoilt(b'"value":"eu-llm"', b'"value":"eu\\u002dllm"'),
        "bad-text-of-half-a-pair": spoilt(b'"display":"eu-llm"', b'"display":"\\ud83d"'),
        "bad-text-not-utf-8": spoilt(b"eu-llm", b"eu\xffllm"),
        "bad-text-deep": spoilt(b'"type":"deny",', b'"type":"deny","x":' + b"[" * 2000 + b"]" * 2000 + b","),
        "bad-text-of-large-numbers": spoilt(b'"type":"deny",', b'"type":"deny","x":[1e999,' + b"9" * 5000 + b"],"),
        "bad-text-null": given(PLAIN, text=b"null"),
        "bad-text-no-json": given(PLAIN, text=b"}"),
        "bad-text-empty": given(PLAIN, text=b"{}"),
        # What is equal to a truth or a number in some languages is neither here.
        **{
            f"bad-text-may-be-passed-on-by-{name}": spoilt(
                b'"valueBoolean":true', b'"valueBoolean":' + value, CARER, actor=ANA, purpose="FAMRQT", grants=[ABOVE]
            )
            for name, value in [
                ("a-one", b"1"),
                ("a-fraction", b"1.0"),
                ("an-exponent", b"1e0"),
                ("words", b'"true"'),
                ("nothing", b"null"),
                ("truth-said-twice", b'false,"valueBoolean":true'),
            ]
        },
        **{
            f"bad-text-may-not-be-passed-on-by-{name}": spoilt(
                b'"valueBoolean":false', b'"valueBoolean":' + value, alone, actor=ANA, purpose="FAMRQT", grants=[ABOVE]
            )
            for alone in [CARER._replace(may_pass_on=False)]
            for name, value in [("a-zero", b"0"), ("a-zero-below-zero", b"-0"), ("a-fraction", b"0.0"), ("an-exponent", b"0e0")]
        },
        "good-for-a-carer-who-may-not-pass-it-on": given(
            CARER._replace(may_pass_on=False), actor=ANA, purpose="FAMRQT", grants=[ABOVE]
        ),
        **{
            f"bad-text-counts-{name}": spoilt(
                b'"valuePositiveInt":1', b'"valuePositiveInt":' + value, PLAIN._replace(uses=1), USES
            )
            for name, value in [
                ("by-truth", b"true"),
                ("by-a-fraction", b"1.0"),
                ("by-an-exponent", b"1e0"),
                ("by-words", b'"1"'),
                ("with-a-zero-before", b"01"),
                ("below-zero", b"-1"),
                ("more-than-32-bits", b"4294967296"),
                ("twice", b'2,"valuePositiveInt":1'),
            ]
        },
        **{
            f"bad-text-version-{name}": spoilt(b'"versionId":"1"', b'"versionId":' + value)
            for name, value in [
                ("is-a-number", b"1"),
                ("is-truth", b"true"),
                ("with-a-zero-before", b'"01"'),
                ("with-a-sign", b'"+1"'),
                ("with-a-blank", b'" 1"'),
                ("with-a-line", b'"0_1"'),
                ("in-digits-of-another-script", '"\u0661"'.encode()),
            ]
        },
        "bad-form-that-is-a-truth": given(PLAIN, kind=False),
        "bad-count-that-is-a-truth": given(PLAIN, [LIMITED, "which items"], count=True, items=None),
        "bad-label-of-a-truth": given(PLAIN, label=[*LABEL[:5], False]),
        "bad-known-event-of-a-truth": noise(10, {1: b"i" * 16, 2: True, 3: LABEL}),
        "bad-entry-of-a-version-that-is-a-truth": evidence([granted(), entry(*NOISE, version=True)], 2, [0, 1], [LIMITED]),
        "bad-under-a-consent-to-lower": spoilt(b'"code":"access"', b'"code":"DOWNGRDLABEL"'),
        "bad-another-partition": given(PLAIN._replace(scope=b"x" * 16)),
        "bad-grants-of-two-persons": evidence(
            [granted(), granted(PLAIN._replace(grant=ABOVE, subject=b"v" * 16))],
            2,
            [0, 1],
            [LIMITED],
            grants=[GRANT, ABOVE],
            consents=texts(PLAIN, PLAIN._replace(grant=ABOVE, subject=b"v" * 16)),
        ),
        "good-two-grants": evidence(
            [granted(), granted(PLAIN._replace(grant=ABOVE, categories=["sleep"]))],
            2,
            [0, 1],
            [LIMITED],
            grants=[GRANT, ABOVE],
            of=["laboratory", "sleep"],
            consents=texts(PLAIN, PLAIN._replace(grant=ABOVE, categories=["sleep"])),
        ),
        "bad-same-grant-twice": given(PLAIN, grants=[GRANT, GRANT]),
        # Purposes and labels.
        "good-purpose-below": given(PLAIN._replace(purpose="HRESCH"), purpose="CLINTRCHPC"),
        "good-training": given(training, purpose="MLTRAINING", label=[*LABEL[:4], FOR_TRAINING, 0]),
        "good-training-under-the-label-of-health": given(training, purpose="MLTRAINING"),
        "bad-other-purpose": given(PLAIN._replace(purpose="TREAT")),
        "bad-other-purpose-and-said": given(PLAIN._replace(purpose="TREAT"), [LIMITED, PURPOSE]),
        "bad-purpose-above": given(PLAIN._replace(purpose="COC"), purpose="TREAT"),
        "bad-training-under-patient-request": given(PLAIN, [LIMITED, PURPOSE], purpose="MLTRAINING"),
        "bad-training-under-operations": given(PLAIN._replace(purpose="HOPERAT"), purpose="MLTRAINING"),
        "bad-training-under-a-consent-from-elsewhere": evidence(
            [imported(1)], 1, [0], elsewhere, purpose="MLTRAINING", **import_shown
        ),
        "bad-marketing-under-patient-request": given(PLAIN, [LIMITED, PURPOSE], purpose="HMARKT"),
        "bad-request-under-training": given(training),
        "bad-label-without-no-training": given(PLAIN, label=[*LABEL[:4], HEALTH - 1, 0]),
        "bad-label-without-no-training-and-text-hidden": evidence(one, 1, [0], HIDDEN, consents=[], label=[0, 0, 0, 0, 0, 3]),
        "bad-label-without-no-training-from-elsewhere": evidence(
            [imported(1)], 1, [0], elsewhere, label=[0, 0, 0, 0, 0, 3], **import_shown
        ),
        "bad-label-asks-for-less-than-the-grant": given(PLAIN._replace(obligations=HEALTH | DELETE)),
        "good-label-asks-for-more": given(PLAIN, label=[5, (1 << 32) - 1, (1 << 64) - 1, 0, (1 << 32) - 1, 1]),
        # Uses.
        "good-used-as-often": often(2, [(granted(counted), counted)], [1, 1]),
        "good-used-anew-once-renewed": often(2, [(granted(counted), counted), (renewed(once_more), once_more)], [1, 1, 2, 2]),
        "good-used-in-a-log-of-no-partition-and-said": often(2, [(granted(counted), counted)], [1, 1], [PARTITION, USES], names=[]),
        "bad-used-in-a-log-of-no-partition": often(2, [(granted(counted), counted)], [1, 1], [PARTITION], names=[]),
        "good-used-beside-another-partition": two_logs(OPENED, ELSEWHERE_OPENED, uses=[2]),
        "bad-one-partition-with-two-logs": two_logs(OPENED, OPENED),
        "bad-one-partition-with-two-logs-under-other-ordinals": two_logs(OPENED, (3, 1, {1: PLAIN.scope, 2: 2, 3: "health"})),
        **{
            f"bad-one-partition-with-two-logs-one-of-them-unused-of-another-{what}": two_logs(OPENED, (3, 1, {**OPENED[2], field: value}), uses=[2])
            for what, field, value in (("number", 2, 2), ("kind", 3, "general"))
        },
        "bad-one-partition-with-two-logs-one-of-them-unused": two_logs(OPENED, OPENED, uses=[2]),
        "bad-one-partition-with-the-log-of-the-space": two_logs(
            OPENED, ELSEWHERE_OPENED, uses=[2], names=[naming(1), naming(2), naming(3, ELSEWHERE_OPENED)]
        ),
        "good-the-log-of-the-space-begins-as-a-partitions": two_logs(OPENED, ELSEWHERE_OPENED, uses=[2], opened=OPENED),
        "bad-one-partition-with-two-logs-whose-first-entries-say-nothing": two_logs(NOISE, GONE_ON, names=[naming(2), naming(3)]),
        "bad-one-partition-with-two-logs-of-which-one-claims-to-be-another": two_logs(
            OPENED, ELSEWHERE_OPENED, names=[naming(2), naming(3)]
        ),
        "good-one-partition-whose-log-went-on-as-another": given(PLAIN, first=GONE_ON, names=[naming(9), naming(2)]),
        "good-counted-and-not-shown-and-said": given(counted, [LIMITED, USES]),
        "bad-counted-and-not-shown-and-unsaid": given(counted),
        "bad-used-too-often": often(2, [(granted(counted), counted)], [1, 1, 1]),
        "bad-used-too-often-once-renewed": often(2, [(granted(counted), counted), (renewed(once_more), once_more)], [1, 2, 2, 2]),
        "bad-one-time-used-thrice": often(
            1, [(granted(counted._replace(uses=1)), counted._replace(uses=1))], [1, 1, 1]
        ),
        # Emergencies.
        "good-emergency": given(emergency, before=[NOISE, broken(11)], own=[1], purpose="BTG"),
        "good-emergency-and-beginning-not-shown-and-said": given(emergency, [LIMITED, EMERGENCY], purpose="BTG"),
        "bad-emergency-and-beginning-not-shown": given(emergency, purpose="BTG"),
        "bad-emergency-that-did-not-begin": given(emergency, [], before=[NOISE], own=[0], purpose="BTG"),
        "bad-emergency-that-did-not-begin-and-said": given(emergency, [EMERGENCY], before=[NOISE], own=[0], purpose="BTG"),
        "bad-emergency-that-was-over": given(emergency, [], before=[broken(10)], own=[0], purpose="BTG"),
        "bad-emergency-of-somebody-else": given(emergency, [], before=[broken(11, ["model", "us-llm"])], own=[0], purpose="BTG"),
        "good-emergency-of-an-hour": in_emergency(broken(68)),
        "good-emergency-at-once": in_emergency(broken(11, time=10)),
        "good-emergency-under-more-grants": in_emergency(broken(11, grants=[ABOVE, GRANT])),
        "good-emergency-under-two-grants": in_emergency(broken(11, grants=[GRANT, ABOVE]), **two),
        "good-emergency-begun-again": in_emergency(broken(9), broken(12, time=9)),
        "good-emergency-under-a-grant-given-by-a-clock-that-was-confirmed-since": in_emergency(
            broken(11), text=late(30), clock=[CONFIRMED]
        ),
        "good-emergency-too-long-counts-as-not-shown": in_emergency(NOISE, broken(69), own=[1], limits=[LIMITED, EMERGENCY]),
        "bad-emergency-too-long-and-unsaid": in_emergency(NOISE, broken(69), own=[1], limits=[LIMITED]),
        "bad-emergency-of-61-minutes": in_emergency(broken(69)),
        "bad-emergency-of-61-minutes-and-said": in_emergency(broken(69), limits=[EMERGENCY]),
        "bad-emergency-of-a-millisecond-more": in_emergency((*broken(68)[:2], {**broken(68)[2], 4: 68 * MINUTE + 1})),
        "bad-emergency-of-ten-years": in_emergency(broken(10 * 525_600)),
        "bad-emergency-since-ever": in_emergency(broken(11, time=-((1 << 63) // MINUTE))),
        "bad-emergency-for-ever": in_emergency((*broken(0)[:2], {**broken(0)[2], 4: (1 << 63) - 1})),
        "bad-emergency-under-another-grant": in_emergency(broken(11, grants=[ABOVE])),
        "bad-emergency-under-no-grant": in_emergency(broken(11, grants=[])),
        "bad-emergency-under-one-of-two-grants": in_emergency(broken(11), **two),
        "bad-emergency-under-each-of-two-grants-alone": in_emergency(broken(11), broken(11, grants=[ABOVE]), **two),
        "bad-emergency-before-the-grant-was-given": in_emergency(broken(11, time=2), text=late(9)),
        "bad-emergency-that-begins-after-the-release": in_emergency(broken(40, time=11)),
        "bad-emergency-in-the-log-of-the-space": in_emergency(NOISE, clock=[broken(11)]),
        "bad-emergency-under-emergency-treatment": given(PLAIN._replace(purpose="ETREAT"), before=[broken(11)], own=[0], limits=[], purpose="BTG"),
        # Times.
        "bad-released-before-given-by-time": later(),
        "good-given-by-a-clock-that-was-confirmed-since": later(CONFIRMED),
        "good-given-later-by-time-and-a-confirmed-clock-not-shown": later(CONFIRMED, shown=[0], limits=[OMITTED, LIMITED]),
        "bad-released-before-another-entry-of-the-space": evidence([granted(), (1, 11, {})], 2, [0, 1], [LIMITED]),
        "good-released-before-another-entry-of-the-space-and-the-clock-confirmed": evidence(
            [granted(), (1, 11, {}), CONFIRMED], 3, [0, 1, 2], [LIMITED]
        ),
        "good-released-before-a-later-entry-of-the-space": evidence([granted(), (1, 11, {})], 1, [0, 1], [LIMITED]),
        "good-released-before-another-entry-and-what-follows-not-shown": evidence(
            [granted(), (1, 11, {}), NOISE], 3, [0, 1], [OMITTED, LIMITED]
        ),
        "bad-released-before-what-stands-before-it": evidence(one, 1, [0], [], before=[(1, 11, {})], own=[0]),
        "bad-released-before-its-partition-was-made": evidence(one, 1, [0], [LIMITED], first=(*OPENED[:1], 11, *OPENED[2:])),
        "good-released-before-what-stands-before-it-and-the-clock-confirmed": evidence(
            [granted(), CONFIRMED], 2, [0, 1], [], before=[(1, 11, {})], own=[0]
        ),
        "good-released-before-what-stands-before-it-and-a-clock-may-have-been-confirmed": evidence(
            [NOISE, granted()], 2, [1], [], before=[(1, 11, {})], own=[0]
        ),
        # On hold since the space was made from a backup, or went on without its anchor.
        **{
            f"{kind}-{name}": evidence([granted(), *more], len(more) + 1, shown or range(len(more) + 1), limits)
            for kind, name, more, shown, limits in [
                ("bad", "on-hold-since-a-backup", [RESTORED], None, [LIMITED]),
                ("bad", "on-hold-since-the-anchor-was-lost", [RECOVERED], None, [LIMITED]),
                ("bad", "on-hold-and-said-logged", [NOISE, RESTORED], [0, 2], [OMITTED, LIMITED]),
                ("bad", "confirmed-only-before-it-was-on-hold", [RESTORED, again(), RECOVERED], None, [LIMITED]),
                ("bad", "on-hold-and-another-confirmed", [RESTORED, again(ABOVE)], None, [LIMITED]),
                ("good", "confirmed-since-it-was-on-hold", [RESTORED, again()], None, [LIMITED]),
                ("good", "on-hold-and-confirmed-in-an-entry-not-shown", [RESTORED, again(), NOISE], [0, 1, 3], [OMITTED, LIMITED]),
            ]
        },
        "good-given-since-a-backup": evidence([RESTORED, granted()], 2, [0, 1], [LIMITED]),
        "good-imported-again-since-a-backup": evidence([imported(1), RESTORED, imported(2)], 3, [0, 1, 2], elsewhere, **import_shown),
        "bad-imported-and-on-hold": evidence([imported(1), RESTORED], 2, [0, 1], elsewhere, **import_shown),
        "good-on-hold-only-later": evidence([granted(), at(LATER, RESTORED)], 1, [0, 1], [LIMITED]),
        "bad-passed-on-above-on-hold": passed_on([LIMITED], RESTORED, again()),
        "good-passed-on-both-confirmed": passed_on([LIMITED], RESTORED, again(ABOVE), again()),
        "bad-passed-on-before-it-was-given": turned([LIMITED], 2, granted(CHILD), granted(CARER)),
        # Which partition it is.
        "bad-label-without-the-partition": given(PLAIN, label=[*LABEL[:2], 0, *LABEL[3:]]),
        "bad-label-of-another-partition": given(PLAIN, label=[*LABEL[:2], 1 << 2, *LABEL[3:]]),
        "good-label-of-several-partitions": given(PLAIN, label=[*LABEL[:2], 0b110, *LABEL[3:]]),
        "good-label-of-a-partition-behind-the-63rd": given(PLAIN, first=(3, 1, {1: PLAIN.scope, 2: 300, 3: "health"}), label=[*LABEL[:2], 1 << 63, *LABEL[3:]]),
        "bad-label-of-a-partition-behind-the-63rd": given(PLAIN, first=(3, 1, {1: PLAIN.scope, 2: 300, 3: "health"}), label=[*LABEL[:2], 1 << 44, *LABEL[3:]]),
        # What is in a partition of health data is restricted at least.
        "good-label-very-restricted": given(PLAIN, label=[5, *LABEL[1:]]),
        **{f"bad-label-{n}-from-a-health-partition": given(PLAIN, label=[n, *LABEL[1:]]) for n in range(4)},
        "bad-label-unrestricted-and-said": given(PLAIN, [LIMITED, PARTITION], label=[0, *LABEL[1:]]),
        "bad-label-unrestricted-from-a-health-partition-of-a-count": given(
            PLAIN, [LIMITED, "which items"], label=[0, *LABEL[1:]], kind=2, items=None
        ),
        "good-label-unrestricted-from-a-general-partition": given(PLAIN, label=[0, *LABEL[1:]], first=GENERAL_OPENED),
        "good-label-unrestricted-and-the-partition-not-shown": given(
            PLAIN, [LIMITED, PARTITION], label=[0, *LABEL[1:]], first_shown=False, names=[]
        ),
        "bad-partition-of-a-kind-that-is-not-known": given(PLAIN, first=(3, 1, {1: PLAIN.scope, 2: 1, 3: "Health"}), names=[naming(2)]),
        "bad-partition-of-no-kind": given(PLAIN, first=(3, 1, {1: PLAIN.scope, 2: 1}), names=[naming(2)]),
        # The space's own log alone says which partition a log is of.
        "good-named-and-its-first-entry-not-shown": given(PLAIN, first_shown=False),
        "good-named-and-its-first-entry-is-another": given(PLAIN, first=GONE_ON, names=[naming(2)]),
        "good-named-before-it-was-used": evidence([naming(2), granted()], 2, [0, 1], [LIMITED], names=[]),
        "good-not-named-and-said": given(PLAIN, [LIMITED, PARTITION], names=[]),
        "good-not-named-and-all-else-shown": evidence(one, 1, [0], [PARTITION], own=[0], names=[]),
        "good-not-named-and-nothing-of-the-consents": alone(Log(2, [OPENED, released(Log(1, one), 1, label=[0, *LABEL[1:]])]), 1, 0),
        "good-not-named-and-not-of-the-grants-partition-by-its-first-entry": given(
            PLAIN, [LIMITED, PARTITION], first=ELSEWHERE_OPENED, names=[]
        ),
        "good-not-named-and-the-label-below-its-first-entry": given(
            PLAIN, [LIMITED, PARTITION], label=[0, 0, 0, *LABEL[3:]], names=[]
        ),
        "good-another-log-named": given(PLAIN, [LIMITED, PARTITION], names=[naming(9)]),
        "good-named-under-a-name-of-another-case-and-said": given(
            PLAIN, [LIMITED, PARTITION], names=[naming(2, f4=origin(2).upper())]
        ),
        "good-two-logs-of-other-origins-named": given(PLAIN, names=[naming(8, ELSEWHERE_OPENED), naming(9), naming(2)]),
        "good-two-logs-not-named-that-begin-as-one-partition": two_logs(OPENED, OPENED, [PARTITION, USES], uses=[2], names=[]),
        "good-named-in-the-own-log-alone-and-said": evidence(
            one, 1, [0], [PARTITION], before=[naming(2)], own=[0], names=[]
        ),
        "good-named-otherwise-in-the-own-log": evidence(one, 1, [0], [], before=[naming(2, ELSEWHERE_OPENED)], own=[0]),
        "good-named-twice-in-the-own-log": evidence(one, 1, [0], [], before=[naming(2), naming(2)], own=[0, 1]),
        "bad-not-named": given(PLAIN, names=[]),
        "bad-not-named-and-its-first-entry-is-another": given(PLAIN, first=GONE_ON, names=[]),
        "bad-named-and-said-not-to-be": given(PLAIN, [LIMITED, PARTITION]),
        "bad-named-in-the-own-log-alone": evidence(one, 1, [0], [], before=[naming(2)], own=[0], names=[]),
        "good-named-in-another-partitions-log-alone-and-said": two_logs(OPENED, naming(2), [PARTITION, USES], uses=[2], names=[]),
        "bad-named-in-another-partitions-log-alone": two_logs(OPENED, naming(2), uses=[2], names=[]),
        "bad-another-log-named-alone": given(PLAIN, names=[naming(9)]),
        "bad-named-under-a-name-of-another-case": given(PLAIN, names=[naming(2, f4=origin(2).upper())]),
        "bad-named-twice": given(PLAIN, names=[naming(2), naming(2)]),
        "bad-named-twice-of-two-partitions": given(PLAIN, names=[naming(2), naming(2, ELSEWHERE_OPENED)]),
        "bad-named-twice-of-two-partitions-and-said": given(PLAIN, [LIMITED, PARTITION], names=[naming(2, ELSEWHERE_OPENED), naming(2)]),
        "bad-another-log-named-twice": given(PLAIN, names=[naming(2), naming(9, ELSEWHERE_OPENED), naming(9, ELSEWHERE_OPENED)]),
        "bad-named-of-another-partition": given(PLAIN, first=GONE_ON, names=[naming(2, ELSEWHERE_OPENED)], label=[*LABEL[:2], 0b110, *LABEL[3:]]),
        "bad-named-of-another-partition-and-said": given(
            PLAIN, [LIMITED, PARTITION], first=GONE_ON, names=[naming(2, ELSEWHERE_OPENED)], label=[*LABEL[:2], 0b110, *LABEL[3:]]
        ),
        **{
            f"bad-begins-with-another-{what}-than-it-is-named-with": given(
                PLAIN, first=OPENED, names=[naming(2, **{field: value})], label=[4, 0, 0b110, *LABEL[3:]]
            )
            for what, field, value in (("number", "f2", 2), ("kind", "f3", "general"))
        },
        "bad-begins-as-the-grants-partition-and-is-named-as-another": given(PLAIN, names=[naming(2, f1=b"z" * 16)]),
        "bad-begins-as-another-partition-and-is-named-as-the-grants": given(PLAIN, first=(3, 1, {**OPENED[2], 1: b"z" * 16}), names=[naming(2)]),
        "bad-begins-with-another-number-behind-the-63rd": given(
            PLAIN, first=(3, 1, {**OPENED[2], 2: 300}), names=[naming(2, f2=301)], label=[*LABEL[:2], 1 << 63, *LABEL[3:]]
        ),
        "bad-unused-log-that-begins-as-another-than-it-is-named": two_logs(
            OPENED, ELSEWHERE_OPENED, uses=[2], names=[naming(2), naming(3, ELSEWHERE_OPENED, f3="general")]
        ),
        "bad-label-below-the-kind-it-is-named-with": given(PLAIN, label=[0, *LABEL[1:]], first_shown=False),
        "bad-label-without-the-number-it-is-named-with": given(PLAIN, first_shown=False, names=[naming(2, f2=2)]),
        "good-label-of-the-number-it-is-named-with": given(
            PLAIN, first_shown=False, names=[naming(2, f2=2)], label=[4, 0, 1 << 2, *LABEL[3:]]
        ),
        "good-named-as-general-and-unrestricted": given(PLAIN, first_shown=False, names=[naming(2, f3="general")], label=[0, *LABEL[1:]]),
        **{
            f"bad-named-with-{what}": given(PLAIN, [LIMITED, PARTITION], names=[naming(9, **{field: value})])
            for what, field, value in (
                ("a-scope-of-15-bytes", "f1", b"o" * 15),
                ("a-scope-of-text", "f1", "o" * 16),
                ("a-number-of-17-bits", "f2", 1 << 16),
                ("a-negative-number", "f2", -1),
                ("a-kind-that-is-not-known", "f3", "Health"),
                ("a-kind-of-another-case", "f3", "GENERAL"),
                ("no-origin", "f4", ""),
                ("an-origin-of-bytes", "f4", b"healthspace.invalid/log/x"),
                ("a-long-origin", "f4", "x" * 257),
                ("an-origin-that-moves-the-cursor", "f4", "x\x1b[2K"),
                ("an-origin-that-is-not-seen", "f4", "x\u200b"),
            )
        },
        "good-named-with-a-long-origin": given(PLAIN, [LIMITED, PARTITION], names=[naming(9, f4="x" * 256)]),
        "good-named-with-the-greatest-number": given(PLAIN, names=[naming(2), naming(9, ELSEWHERE_OPENED, f2=(1 << 16) - 1)]),
        "bad-named-with-no-kind-in-the-own-log": evidence(
            one, 1, [0], [], before=[(50, 4, {1: PLAIN.scope, 2: 1, 4: origin(2)})], own=[0]
        ),
        "bad-partition-created-within-a-log": evidence(one, 1, [0], [], before=[ELSEWHERE_OPENED], own=[0]),
        "bad-partition-created-within-the-log-of-the-space": evidence([granted(), ELSEWHERE_OPENED], 2, [0, 1], [LIMITED]),
        "bad-clock-confirmed-only-before": evidence(
            [CONFIRMED, granted(PLAIN._replace(given=30 * MINUTE, updated=30 * MINUTE), time=30)],
            2,
            [0, 1],
            [LIMITED],
            consents=texts(PLAIN._replace(given=30 * MINUTE, updated=30 * MINUTE)),
        ),
        # Passed on: the grant above must have stood as well.
        "good-passed-on": passed_on(),
        "good-passed-on-and-withdrawn-later": passed_on([LIMITED], at(LATER, FALLEN), size=2),
        "good-passed-on-and-withdrawn-earlier-behind-and-said": passed_on([DATED, LIMITED], FALLEN, size=2),
        "bad-passed-on-and-withdrawn-earlier-behind": passed_on([LIMITED], FALLEN, size=2),
        "good-passed-on-and-renewed": passed_on(
            [LIMITED], renewed(renewal(11, CARER)), above=CARER._replace(expires=7 * MINUTE), now=renewal(11, CARER)
        ),
        "good-passed-on-and-renewed-the-first-text-above-not-shown": passed_on(
            [PASSED_ON, LIMITED, TERMS, CATEGORIES], renewed(renewal(11, CARER)), above=CARER._replace(expires=7 * MINUTE),
            consents=texts(renewal(11, CARER), CHILD),
        ),
        "bad-passed-on-and-renewed-the-first-text-above-not-shown": passed_on(
            [LIMITED], renewed(renewal(11, CARER)), above=CARER._replace(expires=7 * MINUTE), consents=texts(renewal(11, CARER), CHILD)
        ),
        "bad-passed-on-above-renewed-so-that-it-may-be": passed_on(
            [LIMITED], renewed(renewal(20, CARER)), above=CARER._replace(may_pass_on=False), now=renewal(20, CARER)
        ),
        "bad-passed-on-and-renewed-as-if-it-were-not": turned(
            [LIMITED], 3, granted(CARER), granted(CHILD), renewed(alone_since), consents=texts(CARER, CHILD, alone_since)
        ),
        "good-passed-on-and-ended-later": passed_on([LIMITED], renewed(renewal(9, CARER), LATER), size=2),
        "good-passed-on-and-ended-earlier-behind-and-said": passed_on([DATED, LIMITED], renewed(renewal(9, CARER)), size=2),
        "good-passed-on-above-not-shown-and-said": passed_on(
            [OMITTED, PASSED_ON, LIMITED, TERMS, CATEGORIES], shown=[1], consents=texts(CHILD)
        ),
        "good-passed-on-text-above-hidden": passed_on([PASSED_ON, LIMITED, TERMS, CATEGORIES], consents=texts(CHILD)),
        "good-passed-on-text-hidden": passed_on(HIDDEN, consents=texts(CARER)),
        "good-passed-on-withdrawal-omitted-and-said": passed_on([OMITTED, LIMITED], FALLEN, shown=[0, 1]),
        "good-passed-on-of-less": passed_on(
            above=CARER._replace(categories=["laboratory", "sleep"]),
            child=CHILD._replace(dates=(0, MINUTE), confidentiality="N", uses=3, obligations=HEALTH | DELETE),
            label=[*LABEL[:4], HEALTH | DELETE, 0],
            limits=[LIMITED, USES],
        ),
        "bad-passed-on-and-fallen": passed_on([LIMITED], FALLEN),
        "bad-passed-on-and-fallen-before-it-was-given": turned([LIMITED], 3, granted(CARER), FALLEN, granted(CHILD)),
        "bad-passed-on-and-fallen-and-said-logged": passed_on([OMITTED, LIMITED], NOISE, FALLEN, shown=[0, 1, 3]),
        "bad-passed-on-fall-omitted": passed_on([LIMITED], FALLEN, shown=[0, 1]),
        "bad-passed-on-and-fallen-in-the-own-log": passed_on([], before=[FALLEN], own=[0]),
        "bad-passed-on-above-ended": passed_on(above=CARER._replace(expires=10 * MINUTE)),
        "bad-passed-on-above-not-begun": passed_on(above=CARER._replace(starts=11 * MINUTE)),
        "bad-passed-on-above-renewed-to-an-earlier-end": passed_on([LIMITED], renewed(renewal(9, CARER)), now=renewal(9, CARER)),
        "bad-passed-on-above-not-shown": passed_on([LIMITED], shown=[1], consents=texts(CHILD)),
        "bad-passed-on-above-not-shown-half-said": passed_on([LIMITED, TERMS, CATEGORIES], shown=[1], consents=texts(CHILD)),
        "bad-passed-on-text-above-hidden-and-said-verifiable": passed_on([LIMITED, TERMS, CATEGORIES], consents=texts(CHILD)),
        "bad-passed-on-text-hidden-and-said-verifiable": passed_on(
            [LIMITED, TERMS, RECIPIENT, CATEGORIES, PARTITION], consents=texts(CARER)
        ),
        "bad-passed-on-before-it-was-given-above": turned([LIMITED], 1, granted(CHILD), granted(CARER)),
        "bad-passed-on-although-not-allowed": passed_on(above=CARER._replace(may_pass_on=False)),
        "bad-passed-on-by-one-who-is-no-carer": passed_on(above=CARER._replace(may_pass_on=None)),
        "bad-passed-on-twice": passed_on(above=CARER._replace(may_pass_on=False, parent=b"q" * 16)),
        "bad-passed-on-and-may-be-again": passed_on(child=CHILD._replace(may_pass_on=True)),
        "bad-passed-on-to-a-model": passed_on(child=CHILD._replace(kind="model"), actor=["model", "ben"]),
        "bad-passed-on-without-an-end": passed_on(child=CHILD._replace(expires=None)),
        "bad-passed-on-under-itself": given(CHILD._replace(parent=GRANT), actor=BEN, purpose="FAMRQT"),
        "bad-passed-on-under-a-consent-from-elsewhere": turned([LIMITED], 2, imported(1, write(CARER), ABOVE), granted(CHILD)),
        "bad-passed-on-unsaid": given(CHILD, actor=BEN, purpose="FAMRQT"),
        "bad-passed-on-of-more": passed_on(child=CHILD._replace(categories=["laboratory", "sleep"])),
        "bad-passed-on-of-more-dates": passed_on(above=CARER._replace(dates=(0, MINUTE))),
        "bad-passed-on-of-other-dates": passed_on(
            above=CARER._replace(dates=(0, MINUTE)), child=CHILD._replace(dates=(0, 2 * MINUTE))
        ),
        "bad-passed-on-of-other-labels": passed_on(above=CARER._replace(confidentiality="N")),
        "bad-passed-on-of-another-partition": passed_on(above=CARER._replace(scope=b"x" * 16)),
        "bad-passed-on-for-another-purpose": passed_on(above=CARER._replace(purpose="SUPNWK")),
        "bad-passed-on-under-a-count": passed_on(above=CARER._replace(uses=9)),
        "bad-passed-on-with-fewer-duties": passed_on(above=CARER._replace(obligations=HEALTH | DELETE)),
        "bad-passed-on-of-another-person": passed_on(above=CARER._replace(subject=b"v" * 16)),
        # Consents from elsewhere on which parsers differ are not read.
        "good-imported-half-a-pair": unread(b'{"status":"active","x":"\\ud83d"}'),
        "good-imported-whole-pair": unread(b'{"status":"active","x":"\\ud83d\\uDE00"}'),
        "good-imported-deep": unread(b'{"status":"active","x":' + b"[" * 16 + b"]" * 16 + b"}"),
        "good-imported-deeper-than-a-parser-goes": unread(b'{"status":"active","x":' + b"[" * 2000 + b"]" * 2000 + b"}"),
        "good-imported-not-so-deep": from_elsewhere(b'{"status":"active","x":' + b"[" * 15 + b"]" * 15 + b"}", elsewhere),
        "good-imported-large-numbers": from_elsewhere(b'{"status":"active","x":[1e999,' + b"9" * 5000 + b"]}", elsewhere),
        **{
            f"good-imported-a-name-of-a-parser-{name}": unread(b'{"status":"active",' + text + b"}")
            for name, text in [
                ("nested", b'"x":{"$serde_json::private::Number":"zz"}'),
                ("escaped", b'"x":[{"\\u0024serde_json::private::Number" : "1"}]'),
                ("replaced", b'"x":{"$serde_json::private::RawValue":"1"},"x":1'),
            ]
        },
        "good-imported-a-name-of-a-parser-as-a-value": from_elsewhere(
            b'{"status":"active","x":"$serde_json::private::Number"}', elsewhere
        ),
        "good-imported-byte-order-mark": unread(b"\xef\xbb\xbf" + FROM_ELSEWHERE),
        "good-imported-not-json": unread(FROM_ELSEWHERE + b","),
        "good-imported-not-utf-8": unread(b'{"status":"active","x":"\xff"}'),
        "good-imported-not-a-number": unread(b'{"status":"active","x":NaN}'),
        "good-imported-other-case": unread(b'{"Status":"active"}'),
        "good-imported-said-twice-the-last-counts": from_elsewhere(b'{"status":"inactive","status":"active"}', elsewhere),
        "good-imported-not-text": unread(b'{"status":["active"]}'),
        "good-imported-no-object": unread(b'["status"]'),
        "bad-imported-said-twice-the-last-counts": from_elsewhere(b'{"status":"active","status":"inactive"}', elsewhere),
        "bad-imported-a-name-of-a-parser-and-said-verifiable": from_elsewhere(
            b'{"$serde_json::private::Number":"1","status":"active"}', elsewhere
        ),
        "bad-imported-half-a-pair-and-said-verifiable": from_elsewhere(b'{"status":"active","x":"\\ud83d"}', elsewhere),
        # Categories.
        "good-none-of-no-category": given(PLAIN, of=[], count=0, kind=2, items=None),
        "good-own-look-of-no-category": evidence(one, 1, [0], [], of=[], **looks),
        "bad-items-of-no-category": given(PLAIN, of=[]),
        "bad-items-of-no-category-and-said": given(PLAIN, [LIMITED, CATEGORIES], of=[]),
        "bad-items-of-no-category-and-text-hidden": evidence(one, 1, [0], HIDDEN, consents=[], of=[]),
        "bad-items-of-no-category-from-elsewhere": evidence([imported(1)], 1, [0], elsewhere, of=[], **import_shown),
        "bad-count-of-no-category": given(PLAIN, [LIMITED, "which items"], of=[], kind=2, items=None),
        "good-of-two": given(PLAIN._replace(categories=["laboratory", "sleep"]), of=["laboratory", "sleep"]),
        "bad-of-more": given(PLAIN, of=["laboratory", "sleep"]),
        "bad-of-more-and-said": given(PLAIN, [LIMITED, CATEGORIES], of=["sleep"]),
        "bad-categories-turned": given(PLAIN._replace(categories=["laboratory", "sleep"]), of=["sleep", "laboratory"]),
        "bad-categories-twice": given(PLAIN, of=["laboratory", "laboratory"]),
        "good-alone": alone(Log(2, [NOISE, released(Log(1, one), 1)]), 1),
        "bad-decided-under-a-size-of-64-bits": alone(Log(2, [NOISE, released(Log(1, one), 1 << 63, b"x" * 32)]), 1),
        "bad-log-of-64-bits": alone(Huge(2, [released(Log(1, one), 1)]), 0),
        # Entries: what is known is read wholly, what is not is counted.
        "good-unknown-event": noise(1 << 40, {}, [OMITTED, LIMITED]),
        "good-unknown-event-that-is-no-map": noise(1 << 41, b"\xff of a later version", [OMITTED, LIMITED]),
        "good-unknown-event-before-the-grant": evidence([(1 << 40, 5, {}), granted()], 2, [0, 1], [LIMITED]),
        "bad-unknown-event-and-said-verifiable": noise(1 << 40, {}),
        "good-another-known-event": noise(9, {1: "PATRQT", 2: EU}),
        "good-every-known-event": noises([(number, body) for number, body in EVENTS if number != 3]),
        **{f"bad-event-{number}-with-one-more-field": noise(number, {**body, len(body) + 1: 0}) for number, body in EVENTS},
        **{
            f"bad-event-{number}-whose-field-{key}-is-null": noise(number, {**body, key: None})
            for number, body in EVENTS
            for key in body
            if (number, key) not in NULLS
        },
        "bad-known-event-of-other-fields": noise(9, {1: "garbage"}),
        "bad-known-event-of-text": noise(7, b"garbage"),
        "bad-known-event-of-an-unknown-purpose": noise(9, {1: "ZZZ", 2: "eu-llm"}),
        "bad-known-event-of-an-unseen-name": noise(9, {1: "PATRQT", 2: ["model", "eu\u202ellm"]}),
        "bad-known-event-of-no-name": noise(9, {1: "PATRQT", 2: ["model", ""]}),
        "bad-known-event-of-a-long-name": noise(9, {1: "PATRQT", 2: ["model", "x" * 257]}),
        "good-known-event-of-a-long-name": noise(9, {1: "PATRQT", 2: ["model", "x" * 256]}),
        "bad-known-event-of-a-long-list": noise(31, {1: b"w" * 16, 2: 5, 3: [b"x" * 16] * 257}),
        "bad-known-event-of-an-ordinal-of-17-bits": noise(3, {1: b"o" * 16, 2: 1 << 16, 3: "health"}),
        "bad-unknown-event-longer-than-any": noise(1 << 41, b"x" * (32 << 10 | 1)),
        "bad-withdrawn-by-no-gesture": evidence([granted(), (5, 6, {1: ABOVE, 2: "x"})], 2, [0, 1], [LIMITED]),
        "bad-granted-for-an-unknown-purpose": evidence([granted(f6="ZZZ")], 1, [0], [LIMITED, PURPOSE]),
        "bad-released-for-an-unknown-purpose": given(PLAIN, [LIMITED, PURPOSE], purpose="ZZZ"),
        "bad-released-of-an-unknown-category": given(PLAIN, of=["zzz"]),
        "bad-released-to-nobody": given(PLAIN, actor=["model", ""]),
        "bad-label-of-text": given(PLAIN, label="garbage"),
        "bad-label-of-an-unknown-confidentiality": given(PLAIN, label=[6, *LABEL[1:]]),
        "bad-label-of-an-unknown-integrity": given(PLAIN, label=[*LABEL[:5], 4]),
        "bad-label-of-33-bits": given(PLAIN, label=[*LABEL[:4], HEALTH | 1 << 32, 0]),
        "bad-label-of-five": given(PLAIN, label=LABEL[:5]),
        # As a file: what a grant of the space does not permit, and an emergency never does.
        "good-handed-out-as-a-file-and-the-grant-not-shown": evidence([NOISE] * 3, 3, [0, 2], MISSING, consents=[], kind=5),
        "bad-handed-out-as-a-file": given(PLAIN, kind=5),
        "bad-handed-out-as-a-file-and-said": given(PLAIN, [LIMITED, TERMS], kind=5),
        "bad-handed-out-as-a-file-and-text-hidden": evidence(one, 1, [0], HIDDEN, consents=[], kind=5),
        "bad-handed-out-as-a-file-for-training": given(training, purpose="MLTRAINING", kind=5),
        "bad-handed-out-as-a-file-once-renewed": renewals(ends(7), renewal(11), kind=5),
        "bad-handed-out-as-a-file-to-a-carer": passed_on(kind=5),
        "bad-handed-out-as-a-file-also-under-one-from-elsewhere": evidence(
            [granted(), imported(1, grant=ABOVE)], 2, [0, 1], elsewhere, grants=[GRANT, ABOVE], consents=texts(PLAIN, FROM_ELSEWHERE), kind=5
        ),
        "good-under-one-from-elsewhere-also": evidence(
            [granted(), imported(1, grant=ABOVE)], 2, [0, 1], elsewhere, grants=[GRANT, ABOVE], consents=texts(PLAIN, FROM_ELSEWHERE)
        ),
        "bad-handed-out-as-a-file-in-an-emergency": in_emergency(broken(20), kind=5),
        "good-emergency-from-elsewhere": evidence(
            [imported(1)], 1, [0], elsewhere[1:], before=[broken(20)], own=[0], purpose="BTG", **import_shown
        ),
        "bad-handed-out-as-a-file-in-an-emergency-from-elsewhere": evidence(
            [imported(1)], 1, [0], elsewhere[1:], before=[broken(20)], own=[0], purpose="BTG", kind=5, **import_shown
        ),
        "bad-handed-out-as-a-file-in-an-emergency-of-which-nothing-is-shown": evidence(
            [NOISE] * 3, 3, [0, 2], [*MISSING, EMERGENCY], before=[NOISE, broken(20)], consents=[], purpose="BTG", kind=5
        ),
        "good-emergency-of-which-nothing-is-shown": evidence(
            [NOISE] * 3, 3, [0, 2], [*MISSING, EMERGENCY], before=[NOISE, broken(20)], consents=[], purpose="BTG"
        ),
        **{f"good-in-form-{kind}": given(PLAIN, kind=kind) for kind in (0, 1, 3)},
        **{f"good-in-form-{kind}": given(PLAIN, [LIMITED, "which items"], kind=kind, items=None) for kind in (2, 4)},
        "good-in-form-5": evidence([imported(1)], 1, [0], elsewhere, kind=5, **import_shown),
        "bad-items-of-more-than-asked-for": given(PLAIN, kind=4),
        "bad-form-of-a-later-version": given(PLAIN, kind=6),
        # What would write to a terminal.
        "bad-purpose-that-moves-the-cursor": given(PLAIN, [LIMITED, PURPOSE], purpose="PATRQT\x1b[2K\r"),
        "bad-category-that-moves-the-cursor": given(PLAIN, of=["laboratory\n"]),
        # Decided under an older log than a release before it.
        "bad-decided-under-an-older-log": evidence(log, 3, [1, 2], [], before=lambda system: [released(system, 4)], own=[0]),
        "good-decided-under-the-same-log": evidence(log, 3, [1, 2], [], before=lambda system: [released(system, 3)], own=[0]),
        "bad-consent-that-a-partition-names": evidence(
            one, 1, [0], [], before=[granted(PLAIN._replace(grant=ABOVE), b"{}")], own=[0], consents=texts(PLAIN, b"{}")
        ),
        "bad-entries-turned": evidence(log, 3, [2, 1], [LIMITED]),
    }
    for name, raw in files.items():
        (out / f"{name}.hsev").write_bytes(raw)
    # For whoever trusts two spaces: sound but for whose they are.
    (out / "across-spaces.hsev").write_bytes(across_spaces())
    (out / "named-across-spaces.hsev").write_bytes(named_across_spaces())
    (out / "named-by-two-spaces.hsev").write_bytes(named_across_spaces(6, label=LABEL))
    (out / "consents-of-one.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (4, 6)))
    (out / "partition-of-another.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (7, 5)))
    (out / "of-one-space.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (4, 5)))
    (out / "of-another-space.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (6, 5)))
    # One value, another encoding: the first map's head in two bytes.
    good = files["good-ends-later"]
    (out / "bad-longer-head.hsev").write_bytes(b"\xb8\x05" + good[1:])
    (out / "bad-tail.hsev").write_bytes(good + b"\0")
    (out / "bad-empty.hsev").write_bytes(b"")
    print(f"{sum(n.startswith('good') for n in files)} good and {len(list(out.glob('bad-*')))} bad files forged")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
