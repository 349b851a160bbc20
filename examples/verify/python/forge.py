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

from hsev import LIMITED, LIMITS, NOT_WITHDRAWN, OMITTED, OWN_LOOK, PURPOSE, RECIPIENT, TERMS, UNDER_GRANT
from hslog import leaf_hash, node_hash, root_of, sha256

GRANT, SALT = b"g" * 16, b"s" * 32


def consent(*names, more=""):
    actors = ",".join('{"reference":{"identifier":{"value":"%s"}}}' % name for name in names)
    return ('{"provision":{"actor":[%s]}%s}' % (actors, more)).encode()


CONSENT = consent("eu-llm")
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


def granted(expires=None, purpose="PATRQT", text=CONSENT):
    body = {1: GRANT, 2: sha256(text), 3: b"n" * 32, 4: "en", 5: ["tap", b"e" * 32], 6: purpose, 7: expires}
    return 4, 5, body


def imported(version, text=CONSENT):
    return 18, 5, {1: GRANT, 2: version, 3: sha256(text), 4: ["tap", b"e" * 32]}


def given(text, limits, number=4):
    """A file whose one grant has this text."""
    event = granted(text=text) if number == 4 else imported(1, text)
    return evidence([event], 1, [0], limits, consents=[text])


def renewed(expires, text=CONSENT):
    body = {1: GRANT, 2: 2, 3: sha256(text), 4: b"n" * 32, 5: "en", 6: ["tap", b"e" * 32], 7: expires}
    return 28, 7, body


WITHDRAWN = (5, 6, {1: GRANT, 2: None})
NOISE = (1, 5, {})


def released(log, size, root=None, grants=(GRANT,), kind=0):
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    items = root_of([leaf_hash(h) for h in hashes])
    label = [0, 0, 0, 0, 0, 3]
    system = [log.origin, size, root or root_of(log.leaves[:size])]
    body = {1: "PATRQT", 2: list(grants), 3: "eu-llm", 4: b"q" * 32, 5: 3, 6: items, 7: system, 8: label, 9: kind, 10: ["laboratory"]}
    return 8, 10, body


def evidence(events, size, shown, limits, **how):
    """A file over two logs; `how` says what is wrong with it."""
    system = Log(1, events)
    release = released(system, how.get("named", size), how.get("root"), how.get("grants", (GRANT,)), how.get("kind", 0))
    health = Log(2, [*how.get("before", [NOISE]), release])
    index = len(health.entries) - 1
    logs = [system.part(shown, [size] if how.get("prefix", True) else [], how.get("more", "")), health.part([*how.get("own", []), index])]
    level = "logged" if OMITTED in limits or how.get("grants") == () else "verifiable"
    claim = {1: how.get("what", UNDER_GRANT if level == "logged" else NOT_WITHDRAWN), 2: how.get("level", level), 3: limits}
    disclosure = {1: 1, 2: index, 3: how.get("items", [SALT, ITEMS]), 4: claim}
    consents = how.get("consents", [CONSENT])
    disclosures = [disclosure] * how.get("times", 1)
    if how.get("turned"):
        logs.reverse()
    file = {1: how.get("header", "healthspace-evidence/v1"), 2: logs, 3: consents, 4: disclosures, 5: how.get("general", LIMITS)}
    return cbor(file)


def in_one_log():
    """Whoever has the key of a partition's log alone says there that a grant was given, and releases."""
    first = Log(2, [granted()])
    both = Log(2, [granted(), released(first, 1)])
    claim = {1: NOT_WITHDRAWN, 2: "verifiable", 3: []}
    disclosure = {1: 0, 2: 1, 3: [SALT, ITEMS], 4: claim}
    file = {1: "healthspace-evidence/v1", 2: [both.part([0, 1], [1])], 3: [CONSENT], 4: [disclosure], 5: LIMITS}
    return cbor(file)


def under_a_partition():
    """The same with two partitions' logs."""
    consents, health = Log(2, [granted()]), Log(3, [NOISE, released(Log(2, [granted()]), 1)])
    disclosure = {1: 1, 2: 1, 3: [SALT, ITEMS], 4: {1: NOT_WITHDRAWN, 2: "verifiable", 3: [LIMITED]}}
    logs = [consents.part([0], [1]), health.part([1])]
    return cbor({1: "healthspace-evidence/v1", 2: logs, 3: [CONSENT], 4: [disclosure], 5: LIMITS})


def main(directory):
    out = pathlib.Path(directory)
    out.mkdir(exist_ok=True)
    (out / "keys.txt").write_text("".join(f"{Log(n, []).key()}\n" for n in (1, 2, 3)))
    witness = base64.b64encode(b"\0" * 68).decode()
    hashes = [hmac.digest(SALT, i.to_bytes(8, "big") + item, "sha256") for i, item in enumerate(ITEMS)]
    log, one = [NOISE, granted(), NOISE, WITHDRAWN], [granted()]
    missing = [OMITTED, LIMITED, TERMS, PURPOSE, RECIPIENT]
    elsewhere = [LIMITED, TERMS, PURPOSE, RECIPIENT]
    filed = [imported(1), WITHDRAWN, imported(3), NOISE]
    unsaid = [LIMITED, RECIPIENT]
    files = {
        "good-withdrawn-later": evidence(log, 3, [1, 2, 3], [LIMITED]),
        "good-hashes-alone": evidence(one, 1, [0], [LIMITED], items=[hashes]),
        "good-items-hidden": evidence(one, 1, [0], [LIMITED, "which items"], items=None),
        "good-own-log-shown": evidence(one, 1, [0], [], before=[NOISE], own=[0]),
        "good-withdrawal-omitted-and-said": evidence(log, 4, [1, 2], [OMITTED, LIMITED]),
        "good-nothing-of-the-consents": evidence(log, 4, [0], missing, prefix=False, consents=[]),
        "good-other-purpose-and-said": evidence([granted(None, "TREAT")], 1, [0], [LIMITED, PURPOSE]),
        "good-ends-later": evidence([granted(11)], 1, [0], [LIMITED]),
        "good-renewed": evidence([granted(7), renewed(11)], 2, [0, 1], [LIMITED]),
        "good-renewed-later": evidence([granted(11), renewed(9)], 1, [0], [LIMITED]),
        "good-renewed-text": evidence([granted(7), renewed(11, b"2")], 2, [0, 1], unsaid, consents=[b"2"]),
        "good-own-look": evidence(one, 1, [0], [], grants=(), what=OWN_LOOK),
        "good-terms-not-shown-and-said": evidence(one, 1, [0], [LIMITED, TERMS, RECIPIENT], consents=[]),
        "good-imported": given(CONSENT, elsewhere, 18),
        "good-imported-for-others": given(consent("us-llm"), elsewhere, 18),
        "good-imported-again-after-a-withdrawal": evidence(filed, 4, [2, 3], elsewhere),
        "good-imported-and-withdrawn-between": evidence(filed, 4, [0, 1, 2, 3], elsewhere),
        "good-imported-and-a-newer-one-later": evidence(filed, 1, [0, 2], elsewhere),
        "good-for-two": given(consent("eu-llm", "us-llm"), unsaid),
        "good-for-nobody": given(consent(), unsaid),
        "good-no-consent": given(b"", unsaid),
        "good-not-json": given(CONSENT + b",", unsaid),
        "good-not-utf-8": given(CONSENT.replace(b"eu-llm", b"us-llm").replace(b"}}}", b"},\"x\":\"\xff\"}}"), unsaid),
        "good-not-a-number": given(consent("us-llm", more=',"x":NaN'), unsaid),
        "good-not-text": given(consent("us-llm").replace(b'"us-llm"', b"7"), unsaid),
        "good-not-a-list": given(b'{"provision":{"actor":{"0":{}}}}', unsaid),
        "good-other-case": given(consent("us-llm").replace(b"provision", b"Provision"), unsaid),
        "good-said-twice-the-last-counts": given(consent("us-llm", more="," + CONSENT.decode()[1:-1]), [LIMITED]),
        "bad-for-somebody-else": given(consent("us-llm"), [LIMITED]),
        "bad-for-somebody-else-and-said": given(consent("us-llm"), unsaid),
        "bad-for-somebody-else-in-the-end": given(consent("eu-llm", more="," + consent("us-llm").decode()[1:-1]), [LIMITED]),
        "bad-recipient-unsaid": evidence(one, 1, [0], [LIMITED, TERMS], consents=[]),
        "bad-imported-terms-unsaid": given(CONSENT, [LIMITED], 18),
        "bad-imported-and-withdrawn": evidence(filed, 2, [0, 1], elsewhere),
        "bad-imported-and-withdrawal-omitted": evidence(filed, 2, [0], elsewhere),
        "bad-imported-only-later": evidence(filed, 2, [2], elsewhere),
        "bad-imported-beside-a-grant": evidence([imported(1), granted()], 2, [0, 1], [LIMITED]),
        "bad-given-later": evidence([NOISE, granted()], 1, [0, 1], [OMITTED, *elsewhere]),
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
        "bad-terms-not-shown": evidence(one, 1, [0], [LIMITED], consents=[]),
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
        "bad-given-in-the-own-log": in_one_log(),
        "bad-given-in-a-partitions-log": under_a_partition(),
        "bad-entries-turned": evidence(log, 3, [2, 1], [LIMITED]),
    }
    for name, raw in files.items():
        (out / f"{name}.hsev").write_bytes(raw)
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
