#!/usr/bin/env python3
"""forge.py DIRECTORY: evidence files that nobody's library wrote, under a key of their own.

Every log in them is signed and every proof is sound; what is wrong is what the disclosures claim.
`good-*.hsev` must be verified, `bad-*.hsev` refused, by every verifier; the key is in `keys.txt`.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsev import (
    ACTIVE,
    CATEGORIES,
    CATEGORY_SYSTEM,
    DELEGATION,
    HEADER,
    LIMITED,
    LIMITS,
    NOT_WITHDRAWN,
    OMITTED,
    OWN_LOOK,
    PARENT,
    PASSED_ON,
    PURPOSE,
    RECIPIENT,
    TERMS,
    UNDER_GRANT,
)
from hslog import leaf_hash, node_hash, root_of, sha256

GRANT, ABOVE, SALT = b"g" * 16, b"p" * 16, b"s" * 32


def classes(*codes):
    return [{"system": CATEGORY_SYSTEM, "code": code} for code in codes]


def consent(*names, more="", **nested):
    """A text for these recipients; what is named is a member of the one provision in it, or takes its place."""
    actor = [{"reference": {"identifier": {"value": name}}} for name in names]
    inner = nested.pop("inner", [{"class": classes("laboratory"), **nested}])
    return json.dumps({"provision": {"actor": actor, "provision": inner}}).encode()[:-1] + more.encode() + b"}"


def urn(grant):
    return f"urn:uuid:{uuid.UUID(bytes=grant)}"


def under(name=urn(ABOVE)):
    return [{"url": PARENT, "valueUri": name}]


CONSENT = consent("eu-llm")
# A carer's, who may pass it on; and one that was passed on under it.
MAY = [{"url": DELEGATION, "valueBoolean": True}]
CARER = consent("ana", extension=MAY)
CHILD = consent("eu-llm", modifierExtension=under())
BOTH = sorted([CARER, CHILD], key=sha256)
# What is not proved where the text is HIDDEN, and where nothing is shown of the consents.
HIDDEN = [PASSED_ON, LIMITED, TERMS, RECIPIENT, CATEGORIES]
MISSING = [OMITTED, PASSED_ON, LIMITED, TERMS, PURPOSE, RECIPIENT, CATEGORIES]
FROM_ELSEWHERE = consent("eu-llm", more=',"status":"active"')
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
    if isinstance(value, int):
        return head(0, value)
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


class Log:
    def __init__(self, name, events):
        self.origin = f"healthspace.invalid/log/{name:032x}"
        self.entries = [cbor({1: 1, 2: number, 3: time, 4: cbor(body)}) for number, time, body in events]
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


def granted(expires=None, purpose="PATRQT", text=CONSENT, grant=GRANT):
    body = {1: grant, 2: sha256(text), 3: b"n" * 32, 4: "en", 5: ["tap", b"e" * 32], 6: purpose, 7: expires}
    return 4, 5, body


def imported(version, text=FROM_ELSEWHERE, grant=GRANT):
    return 18, 5, {1: grant, 2: version, 3: sha256(text), 4: ["tap", b"e" * 32]}


def given(text, limits, number=4):
    """A file whose one grant has this text."""
    event = granted(text=text) if number == 4 else imported(1, text)
    return evidence([event], 1, [0], limits, consents=[text])


def above(*later, expires=20, text=CARER, child=CHILD):
    """A carer's grant, one that was passed on under it, and what came later."""
    return [granted(expires, "PATRQT", text, ABOVE), granted(20, "PATRQT", child), *later]


def given_of(listed, of, limits):
    """A file whose one grant names these classes, and whose release these categories."""
    text = consent("eu-llm", **{"class": listed})
    return evidence([granted(text=text)], 1, [0], limits, consents=[text], of=of)


def renewed(expires, text=CONSENT, grant=GRANT):
    body = {1: grant, 2: 2, 3: sha256(text), 4: b"n" * 32, 5: "en", 6: ["tap", b"e" * 32], 7: expires}
    return 28, 7, body


WITHDRAWN = (5, 6, {1: GRANT, 2: None})
FALLEN = (5, 6, {1: ABOVE, 2: None})
NOISE = (1, 5, {})


def released(log, size, root=None, grants=(GRANT,), kind=0, purpose="PATRQT", of=("laboratory",)):
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    items = root_of([leaf_hash(h) for h in hashes])
    label = [0, 0, 0, 0, 0, 3]
    system = [log.origin, size, root or root_of(log.leaves[:size])]
    body = {1: purpose, 2: list(grants), 3: "eu-llm", 4: b"q" * 32, 5: 3, 6: items, 7: system, 8: label, 9: kind, 10: list(of)}
    return 8, 10, body


def evidence(events, size, shown, limits, **how):
    """A file over two logs; `how` says what is wrong with it."""
    system = Log(1, events)
    asked = {name: how[name] for name in ("root", "grants", "kind", "purpose", "of") if name in how}
    release = released(system, how.get("named", size), **asked)
    before = how.get("before", [NOISE])
    health = Log(2, [*(before(system) if callable(before) else before), release])
    index = len(health.entries) - 1
    logs = [system.part(shown, [size] if how.get("prefix", True) else [], how.get("more", "")), health.part([*how.get("own", []), index])]
    unsure = {OMITTED, PASSED_ON, ACTIVE}.intersection(limits)
    level = "logged" if unsure or how.get("grants") == () else "verifiable"
    claim = {1: how.get("what", UNDER_GRANT if level == "logged" else NOT_WITHDRAWN), 2: how.get("level", level), 3: limits}
    disclosure = {1: 1, 2: index, 3: how.get("items", [SALT, ITEMS]), 4: claim}
    consents = how.get("consents", [CONSENT])
    disclosures = [disclosure] * how.get("times", 1)
    if how.get("turned"):
        logs.reverse()
    file = {1: how.get("header", HEADER), 2: logs, 3: consents, 4: disclosures, 5: how.get("general", LIMITS)}
    return cbor(file)


def in_one_log(name):
    """In one log a grant is given, and used."""
    first = Log(name, [granted()])
    both = Log(name, [granted(), released(first, 1)])
    claim = {1: UNDER_GRANT, 2: "logged", 3: [limit for limit in HIDDEN if limit != LIMITED]}
    disclosure = {1: 0, 2: 1, 3: [SALT, ITEMS], 4: claim}
    return cbor({1: HEADER, 2: [both.part([0, 1], [1])], 3: [], 4: [disclosure], 5: LIMITS})


def under_a_partition():
    """The same with two partitions' logs."""
    consents, health = Log(2, [granted()]), Log(3, [NOISE, released(Log(2, [granted()]), 1)])
    disclosure = {1: 1, 2: 1, 3: [SALT, ITEMS], 4: {1: UNDER_GRANT, 2: "logged", 3: HIDDEN}}
    logs = [consents.part([0], [1]), health.part([1])]
    return cbor({1: HEADER, 2: logs, 3: [], 4: [disclosure], 5: LIMITS})


def across_spaces():
    """A partition of one space uses what was given in another."""
    consents = Log(4, [granted()])
    health = Log(5, [NOISE, released(consents, 1)])
    disclosure = {1: 1, 2: 1, 3: [SALT, ITEMS], 4: {1: NOT_WITHDRAWN, 2: "verifiable", 3: [LIMITED]}}
    return cbor({1: HEADER, 2: [consents.part([0], [1]), health.part([1])], 3: [CONSENT], 4: [disclosure], 5: LIMITS})


def alone(log, index, named=1):
    """A release of which nothing but its own entry is shown."""
    claim = {1: UNDER_GRANT, 2: "logged", 3: MISSING if index else [limit for limit in MISSING if limit != LIMITED]}
    disclosure = {1: 0, 2: index, 3: [SALT, ITEMS], 4: claim}
    return cbor({1: HEADER, 2: [log.part([index])], 3: [], 4: [disclosure], 5: LIMITS})


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


def main(directory):
    out = pathlib.Path(directory)
    out.mkdir(exist_ok=True)
    (out / "keys.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (1, 2, 3)))
    witness = base64.b64encode(b"\0" * 68).decode()
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    log, one = [NOISE, granted(), NOISE, WITHDRAWN], [granted()]
    elsewhere = [LIMITED, TERMS, PURPOSE, RECIPIENT, CATEGORIES]
    filed = [imported(1), WITHDRAWN, imported(3), NOISE]
    import_shown = {"consents": [FROM_ELSEWHERE]}
    # A text of which nothing is read, and one of which no more than a part is.
    unsaid = [PASSED_ON, LIMITED, RECIPIENT, CATEGORIES]
    to_nobody = [LIMITED, RECIPIENT]
    untold, of_no_kind = [PASSED_ON, LIMITED], [LIMITED, CATEGORIES]

    carers, theirs = above()

    def passed_on(limits=(LIMITED,), *later, shown=None, size=None, consents=None, **how):
        """Released under a grant that was passed on; all is shown unless it is said otherwise."""
        own = {name: how.pop(name) for name in ("expires", "text", "child") if name in how}
        events = above(*later, **own)
        texts = [own.get("text", CARER), own.get("child", CHILD), *how.pop("newer", [])]
        texts = sorted(texts, key=sha256) if consents is None else consents
        shown = range(len(events)) if shown is None else shown
        size = len(events) if size is None else size
        return evidence(events, size, shown, list(limits), consents=texts, **how)

    files = {
        "good-withdrawn-later": evidence(log, 3, [1, 2, 3], [LIMITED]),
        "good-hashes-alone": evidence(one, 1, [0], [LIMITED], items=[hashes]),
        "good-items-hidden": evidence(one, 1, [0], [LIMITED, "which items"], items=None),
        "good-own-log-shown": evidence(one, 1, [0], [], before=[NOISE], own=[0]),
        "good-withdrawal-omitted-and-said": evidence(log, 4, [1, 2], [OMITTED, LIMITED]),
        "good-nothing-of-the-consents": evidence(log, 4, [0], MISSING, prefix=False, consents=[]),
        "good-other-purpose-and-said": evidence([granted(None, "TREAT")], 1, [0], [LIMITED, PURPOSE]),
        "good-ends-later": evidence([granted(11)], 1, [0], [LIMITED]),
        "good-renewed": evidence([granted(7), renewed(11)], 2, [0, 1], [LIMITED]),
        "good-renewed-later": evidence([granted(11), renewed(9)], 1, [0], [LIMITED]),
        "good-renewed-text": evidence([granted(7), renewed(11, b"2")], 2, [0, 1], unsaid, consents=[b"2"]),
        "good-own-look": evidence(one, 1, [0], [], grants=(), what=OWN_LOOK),
        "good-terms-not-shown-and-said": evidence(one, 1, [0], HIDDEN, consents=[]),
        "good-imported": given(FROM_ELSEWHERE, elsewhere, 18),
        "good-imported-for-others": given(consent("us-llm", more=',"status":"active"'), elsewhere, 18),
        "good-imported-and-status-unsaid": given(CONSENT, [ACTIVE, *elsewhere], 18),
        "good-imported-and-not-shown": evidence([imported(1)], 1, [0], [ACTIVE, *elsewhere], consents=[]),
        "good-imported-and-as-if-passed-on": given(consent("x", more=',"status":"active"', modifierExtension=under()), elsewhere, 18),
        "good-imported-again-after-a-withdrawal": evidence(filed, 4, [2, 3], elsewhere, **import_shown),
        "good-imported-and-withdrawn-between": evidence(filed, 4, [0, 1, 2, 3], elsewhere, **import_shown),
        "good-imported-and-the-newer-one-erased": evidence(filed, 4, [0, 1, 3], [OMITTED, *elsewhere], **import_shown),
        "good-imported-and-a-newer-one-later": evidence(filed, 1, [0, 2], elsewhere, **import_shown),
        "good-for-two": given(consent("eu-llm", "us-llm"), to_nobody),
        "good-for-nobody": given(consent(), to_nobody),
        "good-no-consent": given(b"", unsaid),
        "good-not-json": given(CONSENT + b",", unsaid),
        "good-not-utf-8": given(consent("us-llm", more=',"x":"\xff"').replace(b"\xc3\xbf", b"\xff"), unsaid),
        "good-not-a-number": given(consent("us-llm", more=',"x":NaN'), unsaid),
        "good-not-text": given(consent("us-llm").replace(b'"us-llm"', b"7"), to_nobody),
        "good-not-a-list": given(consent("us-llm").replace(b'"actor": [', b'"actor": {"0": ').replace(b'}}}], "prov', b'}}}}, "prov'), to_nobody),
        "good-other-case": given(consent("us-llm").replace(b"provision", b"Provision"), unsaid),
        "good-said-twice-the-last-counts": given(consent("us-llm", more="," + CONSENT.decode()[1:-1]), [LIMITED]),
        "bad-for-somebody-else": given(consent("us-llm"), [LIMITED]),
        "bad-for-somebody-else-and-said": given(consent("us-llm"), to_nobody),
        "bad-for-somebody-else-in-the-end": given(consent("eu-llm", more="," + consent("us-llm").decode()[1:-1]), [LIMITED]),
        "bad-recipient-unsaid": evidence(one, 1, [0], [PASSED_ON, LIMITED, TERMS, CATEGORIES], consents=[]),
        "bad-text-hidden-and-said-verifiable": evidence(one, 1, [0], [LIMITED, TERMS, RECIPIENT, CATEGORIES], consents=[]),
        "bad-imported-terms-unsaid": given(FROM_ELSEWHERE, [LIMITED], 18),
        "bad-imported-and-inactive": given(consent("eu-llm", more=',"status":"inactive"'), elsewhere, 18),
        "bad-imported-and-status-unsaid-and-verifiable": given(CONSENT, elsewhere, 18),
        "bad-imported-and-withdrawn": evidence(filed, 2, [0, 1], elsewhere, **import_shown),
        "bad-imported-and-withdrawn-behind-what-is-not-shown": evidence(
            [NOISE, imported(1), WITHDRAWN, NOISE], 4, [1, 2, 3], elsewhere, **import_shown
        ),
        "bad-imported-and-withdrawal-omitted": evidence(filed, 2, [0], elsewhere, **import_shown),
        "bad-imported-only-later": evidence(filed, 2, [2], elsewhere, **import_shown),
        "bad-imported-beside-a-grant": evidence([imported(1, CONSENT), granted()], 2, [0, 1], [LIMITED]),
        "bad-given-later": evidence([NOISE, granted()], 1, [0, 1], MISSING),
        "bad-given-later-and-said-verifiable": evidence([NOISE, granted()], 1, [0, 1], [LIMITED]),
        "bad-withdrawn-before-it-was-given": evidence([WITHDRAWN, granted()], 2, [0, 1], [LIMITED]),
        "bad-withdrawn-before": evidence(log, 4, [1, 2, 3], [LIMITED]),
        "bad-withdrawn-before-and-said-logged": evidence(log, 4, [1, 3], [OMITTED, LIMITED]),
        "bad-withdrawal-omitted": evidence(log, 4, [1, 2], [LIMITED]),
        "bad-withdrawal-omitted-half-said": evidence(log, 4, [1, 2], [OMITTED, LIMITED], level="verifiable"),
        "bad-more-said-than-logged": evidence(log, 4, [1, 2], [OMITTED, LIMITED], what=NOT_WITHDRAWN),
        "bad-withdrawn-in-the-own-log": evidence(one, 1, [0], [], before=[WITHDRAWN], own=[0]),
        "bad-ended": evidence([granted(10)], 1, [0], [LIMITED]),
        "bad-renewed-and-ended": evidence([granted(11), renewed(10)], 2, [0, 1], [LIMITED]),
        "bad-renewed-again-and-ended": evidence([granted(7), renewed(11), renewed(9)], 3, [0, 1, 2], [LIMITED]),
        "bad-renewed-before-given": evidence([renewed(11), granted(7)], 2, [0, 1], [LIMITED]),
        "bad-renewed-other-text": evidence([granted(7), renewed(11, b"2")], 2, [0, 1], [LIMITED]),
        "bad-given-twice": evidence([granted(), granted()], 2, [0, 1], [LIMITED]),
        "bad-other-root": evidence(one, 1, [0], [LIMITED], root=b"x" * 32),
        "bad-shorter-than-named": evidence(one, 1, [0], [OMITTED, LIMITED], named=2, root=b"x" * 32),
        "bad-no-prefix": evidence(one, 1, [0], [LIMITED], prefix=False),
        "bad-other-purpose": evidence([granted(None, "TREAT")], 1, [0], [LIMITED]),
        "bad-terms-not-shown": evidence(one, 1, [0], [PASSED_ON, LIMITED, RECIPIENT, CATEGORIES], consents=[]),
        "bad-consent-that-no-entry-names": evidence(one, 1, [0], [LIMITED], consents=sorted([CONSENT, b"{}"], key=sha256)),
        "bad-other-consent": evidence(one, 1, [0], [LIMITED], consents=[CONSENT + b" "]),
        "bad-disclosed-twice": evidence(one, 1, [0], [LIMITED], times=2),
        "bad-items-turned": evidence(one, 1, [0], [LIMITED], items=[SALT, ITEMS[::-1]]),
        "bad-items-fewer": evidence(one, 1, [0], [LIMITED], items=[hashes[:2]]),
        "bad-items-of-a-count": evidence(one, 1, [0], [LIMITED], items=[hashes], kind=2),
        "bad-items-hidden-unsaid": evidence(one, 1, [0], [LIMITED], items=None),
        "bad-own-look-under-a-grant": evidence(one, 1, [0], [], what=OWN_LOOK, level="logged"),
        "bad-fewer-limits": evidence(one, 1, [0], [LIMITED], general=LIMITS[:4]),
        "bad-logs-turned": evidence(one, 1, [0], [LIMITED], turned=True),
        "bad-second-signature": evidence(one, 1, [0], [LIMITED], more=f"\u2014 witness.example {witness}\n"),
        "bad-later-version": evidence(one, 1, [0], [LIMITED], header="healthspace-evidence/v2"),
        "bad-given-in-the-own-log": in_one_log(2),
        "bad-released-in-the-log-of-the-space": in_one_log(1),
        "bad-given-in-a-partitions-log": under_a_partition(),
        # Passed on: the grant above must have stood as well.
        "good-passed-on": passed_on(),
        "good-passed-on-and-withdrawn-later": passed_on([LIMITED], FALLEN, size=2),
        "good-passed-on-and-renewed": passed_on([LIMITED], renewed(11, CARER, ABOVE), expires=7),
        "good-passed-on-and-ended-later": passed_on([LIMITED], renewed(9, CARER, ABOVE), size=2),
        "good-passed-on-beside-the-carers-own": passed_on(grants=(GRANT,), text=CARER, before=[NOISE, NOISE]),
        "good-passed-on-above-not-shown-and-said": passed_on([OMITTED, PASSED_ON, LIMITED, TERMS, CATEGORIES], shown=[1], consents=[CHILD]),
        "good-passed-on-text-above-hidden": passed_on([PASSED_ON, LIMITED, TERMS, CATEGORIES], consents=[CHILD]),
        "good-passed-on-text-hidden": passed_on(HIDDEN, consents=[CARER]),
        "good-passed-on-withdrawal-omitted-and-said": passed_on([OMITTED, LIMITED], FALLEN, shown=[0, 1]),
        "bad-passed-on-and-fallen": passed_on([LIMITED], FALLEN),
        "bad-passed-on-and-fallen-before-it-was-given": evidence([carers, FALLEN, theirs], 3, [0, 1, 2], [LIMITED], consents=BOTH),
        "bad-passed-on-and-fallen-and-said-logged": passed_on([OMITTED, LIMITED], NOISE, FALLEN, shown=[0, 1, 3]),
        "bad-passed-on-fall-omitted": passed_on([LIMITED], FALLEN, shown=[0, 1]),
        "bad-passed-on-and-fallen-in-the-own-log": passed_on([], before=[FALLEN], own=[0]),
        "bad-passed-on-above-ended": passed_on(expires=10),
        "bad-passed-on-above-renewed-to-an-earlier-end": passed_on([LIMITED], renewed(9, CARER, ABOVE)),
        "bad-passed-on-above-not-shown": passed_on([LIMITED], shown=[1], consents=[CHILD]),
        "bad-passed-on-above-not-shown-half-said": passed_on([LIMITED, TERMS, CATEGORIES], shown=[1], consents=[CHILD]),
        "bad-passed-on-text-above-hidden-and-said-verifiable": passed_on([LIMITED, TERMS, CATEGORIES], consents=[CHILD]),
        "bad-passed-on-text-hidden-and-said-verifiable": passed_on([LIMITED, TERMS, RECIPIENT, CATEGORIES], consents=[CARER]),
        "bad-passed-on-before-it-was-given-above": evidence([theirs, carers], 1, [0, 1], [LIMITED], consents=BOTH),
        "bad-passed-on-although-not-allowed": passed_on(text=consent("ana")),
        "bad-passed-on-although-denied": passed_on(text=consent("ana", extension=[{"url": DELEGATION, "valueBoolean": False}])),
        "bad-passed-on-by-another-extension": passed_on(text=consent("ana", extension=[{"url": PARENT, "valueBoolean": True}])),
        "bad-passed-on-twice": passed_on(text=consent("ana", extension=MAY, modifierExtension=under(urn(b"q" * 16)))),
        "bad-passed-on-under-itself": given(consent("eu-llm", extension=MAY, modifierExtension=under(urn(GRANT))), [LIMITED]),
        "bad-passed-on-under-a-consent-from-elsewhere": evidence([imported(1, CARER, ABOVE), theirs], 2, [0, 1], [LIMITED], consents=BOTH),
        "bad-passed-on-unsaid": evidence([theirs], 1, [0], [LIMITED], consents=[CHILD]),
        # Texts that do not tell on what they rest.
        "good-rests-upper-case": given(consent("eu-llm", modifierExtension=under(urn(ABOVE).upper())), untold),
        "good-rests-braces": given(consent("eu-llm", modifierExtension=under(urn(ABOVE).replace("-", "", 1))), untold),
        "good-rests-on-no-name": given(consent("eu-llm", modifierExtension=[{"url": PARENT}]), untold),
        "good-rests-on-two": given(consent("eu-llm", modifierExtension=under() * 2), untold),
        "good-rests-null": given(consent("eu-llm", modifierExtension=None), untold),
        "good-rests-no-address": given(consent("eu-llm", modifierExtension=[{"valueUri": urn(ABOVE)}]), untold),
        "good-rests-on-nothing-known": given(consent("eu-llm", modifierExtension=[{"url": "x"}]), [LIMITED]),
        "good-rests-empty": given(consent("eu-llm", modifierExtension=[]), [LIMITED]),
        "good-two-provisions": given(consent("eu-llm", inner=[{}, {}]), [PASSED_ON, LIMITED, CATEGORIES]),
        "good-no-provisions": given(consent("eu-llm", inner=[]), [PASSED_ON, LIMITED, CATEGORIES]),
        "good-provision-of-no-kind": given(consent("eu-llm", inner=[7]), [PASSED_ON, LIMITED, CATEGORIES]),
        # Texts on which parsers differ are not read.
        "good-half-a-pair": given(consent("eu-llm", more=',"x":"\\ud83d"'), unsaid),
        "good-whole-pair": given(consent("eu-llm", more=',"x":"\\ud83d\\ude00"'), unsaid),
        "good-half-a-pair-for-the-sign-that-stands-for-it": given(CONSENT.replace(b"eu-llm", b"\\uD83D"), unsaid),
        "good-deep": given(consent("eu-llm", more=',"x":' + "[" * 16 + "]" * 16), unsaid),
        "good-deeper-than-a-parser-goes": given(consent("eu-llm", more=',"x":' + "[" * 2000 + "]" * 2000), unsaid),
        "good-not-so-deep": given(consent("eu-llm", more=',"x":' + "[" * 15 + "]" * 15), [LIMITED]),
        "good-large-numbers": given(consent("eu-llm", more=',"x":[1e999,' + "9" * 5000 + "]"), [LIMITED]),
        "good-byte-order-mark": given(b"\xef\xbb\xbf" + CONSENT, unsaid),
        "bad-half-a-pair-and-said-verifiable": given(consent("eu-llm", more=',"x":"\\ud83d"'), [LIMITED]),
        # Categories.
        "good-of-nothing": evidence(one, 1, [0], [LIMITED], of=()),
        "good-of-two": given_of(classes("laboratory", "sleep"), ("laboratory", "sleep"), [LIMITED]),
        "good-of-a-list-that-is-not-ours": given_of([{"system": "x", "code": "laboratory"}], ("laboratory",), of_no_kind),
        "good-of-no-list": given_of(None, ("laboratory",), of_no_kind),
        "bad-of-more": given_of(classes("laboratory"), ("laboratory", "sleep"), [LIMITED]),
        "bad-of-more-and-said": given_of(classes("laboratory"), ("sleep",), of_no_kind),
        "bad-of-more-than-above": passed_on(
            child=consent("eu-llm", modifierExtension=under(), **{"class": classes("sleep")}), of=("sleep",)
        ),
        "bad-of-none": given_of([], ("laboratory",), [LIMITED]),
        "bad-of-a-list-that-is-not-ours-unsaid": given_of([{"system": "x", "code": "laboratory"}], ("laboratory",), [LIMITED]),
        "bad-categories-turned": given_of(classes("laboratory", "sleep"), ("sleep", "laboratory"), [LIMITED]),
        "bad-categories-twice": given_of(classes("laboratory"), ("laboratory", "laboratory"), [LIMITED]),
        "good-alone": alone(Log(2, [NOISE, released(Log(1, one), 1)]), 1),
        "bad-decided-under-a-size-of-64-bits": alone(Log(2, [NOISE, released(Log(1, one), 1 << 63, b"x" * 32)]), 1),
        "bad-log-of-64-bits": alone(Huge(2, [released(Log(1, one), 1)]), 0),
        "bad-form-of-a-later-version": evidence(one, 1, [0], [LIMITED], kind=4),
        # What would write to a terminal.
        "bad-purpose-that-moves-the-cursor": evidence(one, 1, [0], [LIMITED, PURPOSE], purpose="PATRQT\x1b[2K\r"),
        "bad-category-that-moves-the-cursor": evidence(one, 1, [0], [LIMITED], of=("laboratory\n",)),
        # Decided under an older log than a release before it.
        "bad-decided-under-an-older-log": evidence(log, 3, [1, 2], [], before=lambda system: [released(system, 4)], own=[0]),
        "good-decided-under-the-same-log": evidence(log, 3, [1, 2], [], before=lambda system: [released(system, 3)], own=[0]),
        "bad-consent-that-a-partition-names": evidence(
            one, 1, [0], [], before=[granted(text=b"{}", grant=ABOVE)], own=[0], consents=sorted([CONSENT, b"{}"], key=sha256)
        ),
        "bad-entries-turned": evidence(log, 3, [2, 1], [LIMITED]),
    }
    for name, raw in files.items():
        (out / f"{name}.hsev").write_bytes(raw)
    # For whoever trusts two spaces: sound but for whose they are.
    (out / "across-spaces.hsev").write_bytes(across_spaces())
    (out / "consents-of-one.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (4, 6)))
    (out / "partition-of-another.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (7, 5)))
    (out / "of-one-space.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (4, 5)))
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
