"""The CBOR of entries and evidence files.

RFC 8949 section 4.2.1 with unsigned map keys and without floats, tags and indefinite lengths: a
value has one encoding, every other one is refused.
"""

from datetime import datetime, timedelta, timezone

from hslog import Refused, need

BAD = "CBOR that nobody would write"
MAX_DEPTH = 16
LEAST = (24, 1 << 8, 1 << 16, 1 << 32)


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


def small(value):
    """A number that a signed 64-bit integer holds: all that the other verifier can read."""
    need(is_uint(value) and value < 1 << 63, BAD)
    return value


def millis(value):
    need(type(value) is int and -(1 << 63) <= value < 1 << 63, BAD)
    return value


def when(ms):
    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)
    except OverflowError:
        return f"at {ms} ms"
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def quoted(name):
    """Never lets a name that a log holds write to the terminal."""
    return '"' + "".join(c if c.isprintable() else "?" for c in name) + '"'
