"""What entries say: the events, their fields and the words in them, by the tables of core/docs/format.md.

An event that is in the table is read wholly or refused; another one is of a later version and is counted.
"""

import re
import unicodedata
from typing import NamedTuple

from hscbor import BAD, decode, fields, fixed, is_uint, listed, millis, quoted, small, when
from hslog import Refused, need

CREATED, GRANTED, WITHDRAWN, RELEASED, CLOCK, CONSENT_IMPORTED, RENEWED, GLASS = 3, 4, 5, 8, 14, 18, 28, 29
RECOVERED, CONFIRMED, RESTORED, LOG_NAMED = 37, 38, 44, 50
MAX_BODY = 32 << 10
MAX_TEXT = 256
MAX_LIST = 256
NO_TRAINING = 1

# By number: what is told of it, and the types of its fields from 1 on; `?` may be null.
EVENTS = {
    1: ("the space was created", ""),
    2: ("a log was begun", "id head?"),
    3: ("a partition was created", "id u16 partition"),
    4: ("a permission was given", "id hash hash text gesture purpose time?"),
    5: ("a permission was withdrawn", "id gesture?"),
    6: ("a file was imported", "hash uint uint uint uint"),
    7: ("an import was discarded", "hash uint"),
    8: ("data was released", "purpose ids recipient hash uint hash head label kind categories"),
    9: ("a request was refused", "purpose recipient"),
    10: ("a memory was stored", "id uint label"),
    11: ("a flow was stopped", "label id? purpose? recipient?"),
    12: ("a label was lowered", "id id label label gesture"),
    13: ("the subject was recorded", "hash"),
    14: ("the clock was confirmed", "time gesture"),
    15: ("a conversation's label was saved", "id label"),
    16: ("the subject was confirmed", "hash hash"),
    17: ("an original was handed to the person", "hash uint gesture"),
    18: ("a consent from elsewhere was filed", "id uint hash gesture"),
    19: ("the person vouched for a text", "id? label label gesture"),
    20: ("a memory was edited", "id id label gesture"),
    21: ("a memory was deleted", "id uint gesture"),
    22: ("a memory was kept", "id label gesture"),
    23: ("memories were set aside", "uint"),
    24: ("a turn of a conversation was stored", "id id label"),
    25: ("what may flow into a partition was changed", "id label label gesture?"),
    26: ("a recipient was told of a withdrawal", "id recipient gesture"),
    27: ("a recipient confirmed a withdrawal", "id recipient gesture"),
    28: ("a permission was renewed", "id uint hash hash text gesture time"),
    29: ("emergency access began", "ids recipient hash time gesture?"),
    30: ("the notice of an emergency access was seen", "uint gesture"),
    31: ("a way in was added", "id uint ids"),
    32: ("a way in was changed", "id uint id"),
    33: ("a way in was removed", "id uint"),
    34: ("the recovery code was typed again", "id"),
    35: ("the log was given a new key", "uint hash"),
    36: ("the log went on under its new key", "head hash signature signature"),
    37: ("the space went on without its anchor", "uint gesture"),
    38: ("a permission that waited was confirmed", "id gesture"),
    40: ("records were erased", "text uint uint uint uint uint hash gesture"),
    41: ("nothing of an erasure is left in the file", "uint text"),
    42: ("a backup was begun", "id marks"),
    43: ("a backup was not finished", "id"),
    44: ("the space was made from a backup", "id? text uint gesture"),
    45: ("what entries said was erased", "uints gesture"),
    46: ("what was erased was to be taken from older copies", "uint heads gesture"),
    47: ("the secret of older keys was destroyed", "uint uint text text hash uint?"),
    48: ("an erasure was checked", "uint text uint uint"),
    49: ("the person said something", "id label gesture"),
    50: ("the log of a partition was named", "id u16 partition text"),
}

# HL7 v3-ActReason below PurposeOfUse: each purpose, and what stands directly below it.
PURPOSE_TREE = """
TREAT: CLINTRL COC ETREAT POPHLTH TREATDS; ETREAT: BTG ERTREAT
HPAYMT: CLMATTCH COVAUTH COVERAGE PMTDS REMITADV; COVERAGE: ELIGDTRM ELIGVER ENROLLM MILDCRG
HOPERAT: CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN
HOPERAT: MEMADMIN MILCDM MLTRAINING PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN
HSYSADMIN: LABELING METAMGT; SYSDEV: HTEST
HRESCH: BIORCH CLINTRCH DSRCH POARCH TRANSRCH; CLINTRCH: CLINTRCHNPC CLINTRCHPC PRECLINTRCH
PATRQT: FAMRQT PWATRNY SUPNWK; PUBHLTH: DISASTER THREAT; HMARKT:
"""
ABOVE = {}
for line in PURPOSE_TREE.replace(";", "\n").strip().splitlines():
    above, below = line.split(":")
    ABOVE.setdefault(above.strip(), None)
    ABOVE.update(dict.fromkeys(below.split(), above.strip()))
# A permit reaches these where it names them, and never from above.
EXPLICIT = {"MLTRAINING", "TREATDS", "PMTDS", "BTG"}
CATEGORIES = (
    "laboratory vital-signs medications conditions allergies immunizations procedures encounters documents activity "
    "sleep nutrition reproductive social-history demographics care-plans financial memories other"
).split()
# In which form it was released, by its number: how many, and to whom.
FORMS = (
    "{} items read by {}",
    "{} items given as context for an answer to {}",
    "{} items counted by {}",
    "{} items opened for reading by {}",
    "that there are more than {} items told to {}",
    "{} items handed out as a file to {}",
)
# What a recipient is, and what kind of data a partition is for.
RECIPIENTS = ("model", "app", "person", "organization", "reference", "role")
PARTITIONS = ("health", "general")
# Controls, and what is not seen or reorders what is.
HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


class Created(NamedTuple):
    scope: bytes
    ordinal: int
    kind: str


class LogNamed(NamedTuple):
    scope: bytes
    ordinal: int
    kind: str
    origin: str

    def partition(self):
        return Created(self.scope, self.ordinal, self.kind)


class Granted(NamedTuple):
    grant: bytes
    consent_hash: bytes
    notice_hash: bytes
    locale: str
    gesture: tuple
    purpose: str
    expires: int | None


class Withdrawn(NamedTuple):
    grant: bytes
    gesture: tuple | None


class Released(NamedTuple):
    purpose: str
    grants: list
    actor: tuple  # what it is, and its name
    query_hash: bytes
    count: int
    items_root: bytes
    system: tuple
    label: tuple
    kind: int
    categories: list  # ascending, each once

    def obligations(self):
        return self.label[4]

    def told(self):
        """In which form it was released, how many, to whom and what for."""
        return f"{FORMS[self.kind].format(self.count, named(self.actor))} for {self.purpose}"


class Clock(NamedTuple):
    floor: int
    gesture: tuple


class Imported(NamedTuple):
    grant: bytes
    version: int
    consent_hash: bytes
    gesture: tuple


class Renewed(NamedTuple):
    grant: bytes
    version: int
    consent_hash: bytes
    notice_hash: bytes
    locale: str
    gesture: tuple
    expires: int


class Confirmed(NamedTuple):
    grant: bytes
    gesture: tuple


class GlassBroken(NamedTuple):
    grants: list
    actor: tuple
    reason_hash: bytes
    until: int
    gesture: tuple | None


READ = {
    CREATED: Created,
    GRANTED: Granted,
    WITHDRAWN: Withdrawn,
    RELEASED: Released,
    CLOCK: Clock,
    CONSENT_IMPORTED: Imported,
    RENEWED: Renewed,
    GLASS: GlassBroken,
    CONFIRMED: Confirmed,
    LOG_NAMED: LogNamed,
}


class Entry(NamedTuple):
    number: int
    time: int
    said: object  # None of an event that is not known


def permits(purpose, other):
    """How far a permit for a purpose reaches."""
    if other in EXPLICIT:
        return purpose == other
    while other is not None and other != purpose:
        other = ABOVE[other]
    return other is not None


def shown(value):
    """A text that an entry can hold: a person sees all of it."""
    need(isinstance(value, str) and 0 < len(value.encode()) <= MAX_TEXT, BAD)
    need(not HIDDEN.search(value) and not any(unicodedata.category(c) == "Cc" for c in value), BAD)
    return value


def below(bound):
    def number(value):
        need(is_uint(value) and value < bound, BAD)
        return value

    return number


def one_of(words):
    def word(value):
        need(isinstance(value, str) and value in words, BAD)
        return value

    return word


def several(one):
    def many(value):
        need(len(listed(value)) <= MAX_LIST, BAD)
        return [one(v) for v in value]

    return many


def gesture(value):
    method, evidence = listed(value, 2)
    return shown(method), fixed(evidence, 32)


def recipient(value):
    kind, name = listed(value, 2)
    return one_of(RECIPIENTS)(kind), shown(name)


def head(value):
    origin, size, root = listed(value, 3)
    return shown(origin), below(1 << 64)(size), fixed(root, 32)


def mark(value):
    scope, size, root = listed(value, 3)
    return identity(scope), below(1 << 64)(size), fixed(root, 32)


def label(value):
    bounds = (6, 1 << 32, 1 << 64, 1 << 64, 1 << 32, 4)
    return tuple(below(bound)(n) for bound, n in zip(bounds, listed(value, 6)))


def categories(value):
    codes = [one_of(CATEGORIES)(c) for c in listed(value)]
    need(all(a < b for a, b in zip(codes, codes[1:])), BAD)
    return codes


def identity(value):
    return fixed(value, 16)


TYPES = {
    "id": identity,
    "ids": several(identity),
    "hash": lambda value: fixed(value, 32),
    "text": shown,
    "recipient": recipient,
    "partition": one_of(PARTITIONS),
    "uint": below(1 << 64),
    "uints": several(below(1 << 64)),
    "u16": below(1 << 16),
    "time": millis,
    "gesture": gesture,
    "purpose": one_of(ABOVE),
    "head": head,
    "heads": several(head),
    "marks": several(mark),
    "signature": lambda value: fixed(value, 64),
    "label": label,
    "kind": below(len(FORMS)),
    "categories": categories,
}


def parse_entry(raw):
    version, number, time, body = fields(decode(raw), 1, 2, 3, 4)
    need(version == 1 and is_uint(version), "an entry of a later format")
    need(is_uint(number) and isinstance(body, bytes) and len(body) <= MAX_BODY, BAD)
    said = None
    if number in EVENTS:
        types = EVENTS[number][1].split()
        values = fields(decode(body), *range(1, len(types) + 1))
        said = [None if t[-1] == "?" and v is None else TYPES[t.rstrip("?")](v) for t, v in zip(types, values)]
        said = READ.get(number, lambda *values: values)(*said)
    if number == RELEASED:
        small(said.system[1])
    return Entry(number, millis(time), said)


def named(recipient):
    kind, name = recipient
    return f"{quoted(name)} ({kind})"


def describe(raw):
    """What an entry says, in one line."""
    try:
        entry = parse_entry(raw)
    except Refused:
        return "an entry that this program cannot read"
    what = EVENTS.get(entry.number, (f"event {entry.number}",))[0]
    if isinstance(entry.said, Released):
        what += f": {entry.said.told()}"
    elif isinstance(entry.said, Granted):
        what += f" for {entry.said.purpose}"
    return f"{when(entry.time)} {what}"
