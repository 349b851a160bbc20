"""The CBOR of entries and evidence files, and what entries say.

RFC 8949 section 4.2.1 with unsigned map keys and without floats, tags and indefinite lengths: a
value has one encoding, every other one is refused. The table of events is core/src/audit/event.rs.
"""

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from hslog import Refused, need

BAD = "CBOR that nobody would write"
MAX_DEPTH = 16
LEAST = (24, 1 << 8, 1 << 16, 1 << 32)
GRANTED, WITHDRAWN, RELEASED, CONSENT_IMPORTED, RENEWED = 4, 5, 8, 18, 28

NAMES = {
    1: "the space was created",
    2: "a log was begun",
    3: "a partition was created",
    4: "a permission was given",
    5: "a permission was withdrawn",
    6: "a file was imported",
    7: "an import was discarded",
    8: "data was released",
    9: "a request was refused",
    10: "a memory was stored",
    11: "a flow was stopped",
    12: "a label was lowered",
    13: "the subject was recorded",
    14: "the clock was confirmed",
    15: "a conversation's label was saved",
    16: "the subject was confirmed",
    17: "an original was handed to the person",
    18: "a consent from elsewhere was filed",
    19: "the person vouched for a text",
    20: "a memory was edited",
    21: "a memory was deleted",
    22: "a memory was kept",
    23: "memories were set aside",
    24: "a turn of a conversation was stored",
    25: "what may flow into a partition was changed",
    26: "a recipient was told of a withdrawal",
    27: "a recipient confirmed a withdrawal",
    35: "the log was given a new key",
    36: "the log went on under its new key",
    45: "what entries said was erased",
    46: "what was erased was to be taken from older copies",
    47: "the secret of older keys was destroyed",
}


class Reader:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, n):
        need(n <= len(self.raw) - self.at, BAD)
        self.at += n
        return self.raw[self.at - n : self.at]

    def head(self):
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if low < 24:
            return major, low
        need(low <= 27 and major != 7, BAD)
        n = int.from_bytes(self.take(1 << (low - 24)), "big")
        need(n >= LEAST[low - 24], BAD)
        return major, n

    def value(self, depth=0):
        need(depth <= MAX_DEPTH, BAD)
        major, n = self.head()
        left = len(self.raw) - self.at
        if major == 0:
            return n
        if major == 1:
            need(n < 1 << 63, BAD)
            return -1 - n
        if major == 2:
            return self.take(n)
        if major == 3:
            try:
                return self.take(n).decode("utf-8")
            except UnicodeDecodeError:
                raise Refused(BAD) from None
        if major == 4:
            need(n <= left, BAD)
            return [self.value(depth + 1) for _ in range(n)]
        if major == 5:
            need(n <= left // 2, BAD)
            out, last = {}, -1
            for _ in range(n):
                kind, key = self.head()
                need(kind == 0 and key > last, BAD)
                out[key], last = self.value(depth + 1), key
            return out
        need(major == 7 and n in (20, 21, 22), BAD)
        return {20: False, 21: True, 22: None}[n]


def decode(raw):
    """One value and nothing behind it."""
    reader = Reader(raw)
    value = reader.value()
    need(reader.at == len(raw), BAD)
    return value


def is_uint(value):
    return type(value) is int and value >= 0


def fields(value, *keys):
    """The values of a map that has just these keys."""
    need(isinstance(value, dict) and tuple(value) == keys, BAD)
    return list(value.values())


def listed(value, length=None):
    need(isinstance(value, list) and length in (None, len(value)), BAD)
    return value


def fixed(value, length):
    need(isinstance(value, bytes) and len(value) == length, BAD)
    return value


def text(value):
    need(isinstance(value, str), BAD)
    return value


def code(value):
    """A code: what is printed as it stands never moves a terminal's cursor."""
    need(isinstance(value, str) and re.fullmatch("[0-9A-Za-z-]{1,64}", value) is not None, BAD)
    return value


def small(value):
    """A number that a signed 64-bit integer holds: all that the other verifier can read."""
    need(is_uint(value) and value < 1 << 63, BAD)
    return value


def millis(value):
    need(type(value) is int and -(1 << 63) <= value < 1 << 63, BAD)
    return value


class Granted(NamedTuple):
    grant: bytes
    consent_hash: bytes
    purpose: str
    expires: int | None


class Imported(NamedTuple):
    grant: bytes
    consent_hash: bytes


class Renewed(NamedTuple):
    grant: bytes
    consent_hash: bytes
    expires: int


class Released(NamedTuple):
    purpose: str
    grants: list
    actor: str
    count: int
    items_root: bytes
    system: tuple
    kind: int
    categories: list  # ascending, each once


class Entry(NamedTuple):
    number: int
    time: int
    said: object


def parse_entry(raw):
    version, number, time, body = fields(decode(raw), 1, 2, 3, 4)
    need(version == 1 and is_uint(version), "an entry of a later format")
    need(is_uint(number) and isinstance(body, bytes), BAD)
    said = None
    if number == GRANTED:
        f = fields(decode(body), 1, 2, 3, 4, 5, 6, 7)
        said = Granted(fixed(f[0], 16), fixed(f[1], 32), code(f[5]), None if f[6] is None else millis(f[6]))
    elif number == RENEWED:
        f = fields(decode(body), 1, 2, 3, 4, 5, 6, 7)
        said = Renewed(fixed(f[0], 16), fixed(f[2], 32), millis(f[6]))
    elif number == WITHDRAWN:
        said = fixed(fields(decode(body), 1, 2)[0], 16)
    elif number == CONSENT_IMPORTED:
        f = fields(decode(body), 1, 2, 3, 4)
        need(is_uint(f[1]), BAD)
        said = Imported(fixed(f[0], 16), fixed(f[2], 32))
    elif number == RELEASED:
        f = fields(decode(body), *range(1, 11))
        origin, size, root = listed(f[6], 3)
        need(is_uint(f[4]) and is_uint(f[8]) and f[8] <= 3 and fixed(f[3], 32), BAD)
        grants = [fixed(g, 16) for g in listed(f[1])]
        system = (text(origin), small(size), fixed(root, 32))
        categories = [code(c) for c in listed(f[9])]
        need(all(a < b for a, b in zip(categories, categories[1:])), BAD)
        said = Released(code(f[0]), grants, text(f[2]), f[4], fixed(f[5], 32), system, f[8], categories)
    return Entry(number, millis(time), said)


def when(ms):
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
    except OverflowError:
        return f"at {ms} ms"
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def quoted(name):
    """Never lets a name that a log holds write to the terminal."""
    return '"' + "".join(c if c.isprintable() else "?" for c in name) + '"'


def describe(raw):
    """What an entry says, in one line."""
    try:
        entry = parse_entry(raw)
    except Refused:
        return "an entry that this program cannot read"
    what = NAMES.get(entry.number, f"event {entry.number}")
    if isinstance(entry.said, Released):
        what = f"{entry.said.count} items were released to {quoted(entry.said.actor)} for {entry.said.purpose}"
    elif isinstance(entry.said, Granted):
        what += f" for {entry.said.purpose}"
    return f"{when(entry.time)} {what}"
