"""Signed checkpoints, Merkle proofs, receipts and consistency proofs of a healthspace log.

Written against the C2SP texts (signed-note, tlog-checkpoint, tlog-proof, tlog-witness) and RFC 9162;
Ed25519 comes from the package `cryptography`, all else from the standard library. Every reader is
strict: what it accepts has one spelling.
"""

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_TEXT = 1 << 20
MAX_ENTRY = 64 << 10
MAX_PATH = 64
ED25519 = b"\x01"
DASH = "\u2014 "


class Refused(Exception):
    """The text does not prove what it should."""


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes


class Receipt(NamedTuple):
    origin: str
    index: int
    size: int
    entry: bytes


def need(holds, why):
    if not holds:
        raise Refused(why)


def decode64(text):
    """Base64 that has one spelling: Python's decoder passes over the bits behind the last byte."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("base64 that nobody would write") from None
    need(base64.b64encode(raw).decode() == text, "base64 that nobody would write")
    return raw


def decode_hash(text):
    raw = decode64(text)
    need(len(raw) == 32, "not a hash")
    return raw


def decimal(text):
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) is not None, "not a number")
    number = int(text)
    need(number < 1 << 63, "not a number")
    return number


def sha256(*parts):
    h = hashlib.sha256()
    for part in parts:
        h.update(part)
    return h.digest()


def is_name(name):
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < 0x20 for c in name)


class VerifierKey:
    """A log's name and public key: `name+hash+base64(0x01 || key)`."""

    def __init__(self, line):
        parts = line.split("+", 2)
        need(len(parts) == 3 and is_name(parts[0]), "not a verifier key")
        blob = decode64(parts[2])
        need(len(blob) == 33 and blob[:1] == ED25519, "not a verifier key")
        self.name = parts[0]
        self.hash = sha256(self.name.encode(), b"\n", blob)[:4]
        need(parts[1] == self.hash.hex(), "not a verifier key")
        self._key = Ed25519PublicKey.from_public_bytes(blob[1:])

    def signed(self, signature, text):
        try:
            self._key.verify(signature, text)
        except InvalidSignature:
            return False
        return True


def as_text(raw):
    need(len(raw) <= MAX_TEXT, "too long")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not text") from None


def open_checkpoint(text, keys):
    """Opens a checkpoint that the log itself signed, and nobody else."""
    need(all(c == "\n" or ord(c) >= 0x20 for c in text), "not a signed note")
    body, blank, signature = text.partition("\n\n")
    need(blank and signature.endswith("\n") and signature.count("\n") == 1, "not a note with one signature")
    lines = body.split("\n")
    need(len(lines) == 3, "not a checkpoint")
    origin, root = lines[0], decode_hash(lines[2])
    size = decimal(lines[1])
    need(signature.startswith(DASH), "not a signature line")
    name, blank, blob = signature[len(DASH) : -1].partition(" ")
    blob = decode64(blob)
    need(len(blob) == 68, "not an Ed25519 signature")
    need(is_name(origin) and name == origin, "the checkpoint is of another log than its key")
    for key in keys:
        if key.name == name and key.hash == blob[:4]:
            need(key.signed(blob[4:], (body + "\n").encode()), "the signature is wrong")
            return Checkpoint(origin, size, root)
    raise Refused("the checkpoint is not signed by a key that you trust")


def leaf_hash(data):
    return sha256(b"\0", data)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def commitment(r, entry):
    """What the tree holds of an entry: nothing, without the entry's own secret."""
    return leaf_hash(b"healthspace-ledger/v1\0" + hmac.digest(r, entry, "sha256"))


def root_of(hashes):
    """RFC 9162 section 2.1.1, bottom up."""
    if not hashes:
        return sha256()
    while len(hashes) > 1:
        pairs = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(hashes) - len(hashes) % 2 :]
    return hashes[0]


def check_record(path, checkpoint, index, leaf):
    """RFC 9162 section 2.1.3.2."""
    why = "the entry does not stand in the log"
    need(index < checkpoint.size, why)
    at, last, got = index, checkpoint.size - 1, leaf
    for step in path:
        need(last > 0, why)
        if at & 1 or at == last:
            got = node_hash(step, got)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            got = node_hash(got, step)
        at, last = at >> 1, last >> 1
    need(last == 0 and got == checkpoint.root, why)


def check_tree(path, checkpoint, size, root):
    """RFC 9162 section 2.1.4.2."""
    why = "the log is not a continuation of what it was"
    need(1 <= size <= checkpoint.size, why)
    if size == checkpoint.size:
        need(not path and root == checkpoint.root, why)
        return
    need(path, why)
    if size & (size - 1) == 0:
        path = [root, *path]
    at, last = size - 1, checkpoint.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for step in path[1:]:
        need(last > 0, why)
        if at & 1 or at == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, step)
        at, last = at >> 1, last >> 1
    need(last == 0 and old == root and new == checkpoint.root, why)


def verify_receipt(raw, keys):
    """A sidecar that opens the commitment, and a stock tlog-proof."""
    parts = as_text(raw).split("\n\n", 2)
    need(len(parts) == 3, "not a receipt")
    head, proof = parts[0].split("\n"), parts[1].split("\n")
    need(len(head) == 3 and head[0] == "healthspace-receipt/v1", "not a receipt")
    need(head[1].startswith("r ") and head[2].startswith("entry "), "not a receipt")
    r, entry = decode64(head[1][2:]), decode64(head[2][6:])
    need(len(r) == 32, "not an entry's secret")
    need(1 <= len(entry) <= MAX_ENTRY, "not an entry")
    need(2 <= len(proof) <= MAX_PATH + 2 and proof[0] == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    need(proof[1].startswith("index "), "not a tlog-proof")
    index, path = decimal(proof[1][6:]), [decode_hash(line) for line in proof[2:]]
    checkpoint = open_checkpoint(parts[2], keys)
    check_record(path, checkpoint, index, commitment(r, entry))
    return Receipt(checkpoint.origin, index, checkpoint.size, entry)


def verify_consistency(kept, raw, keys):
    """The log only grew since the checkpoint that was kept: a tlog-witness add-checkpoint text."""
    older = open_checkpoint(as_text(kept), keys)
    head, blank, rest = as_text(raw).partition("\n\n")
    lines = head.split("\n")
    need(blank and lines[0].startswith("old ") and len(lines) <= MAX_PATH, "not a consistency proof")
    size, path = decimal(lines[0][4:]), [decode_hash(line) for line in lines[1:]]
    newer = open_checkpoint(rest, keys)
    need(older.origin == newer.origin, "two logs")
    need(newer.size >= older.size, "the log is shorter than it was: rolled back")
    need(size == older.size, "the proof is about another checkpoint than the one you kept")
    check_tree(path, newer, older.size, older.root)
    return older, newer
