#!/usr/bin/env python3
"""verify: checks, offline, what a healthspace log hands out.

Usage:
  verify.py receipt     --key FILE... [OPTIONS] RECEIPT...
  verify.py consistency --key FILE... [OPTIONS] CHECKPOINT PROOF [CHECKPOINT PROOF]...
  verify.py evidence    --key FILE... [OPTIONS] EVIDENCE...

  receipt       one entry and the proof that it stands in a log
  consistency   CHECKPOINT is one that you kept; PROOF says that the log only grew since
  evidence      a .hsev file: disclosures, the consents they rest on, and their proofs

Options:
  --key FILE    verifier keys that you trust, one a line (C2SP signed-note: name+hash+key); take
                them from the person or an earlier receipt, never from whoever hands you the proof
                (evidence: a file is of one space, the key of its own log first, as the library lists them)
  --every-flip  also check that every text with one bit changed, or cut short, is refused
  --items       print the items of each disclosure, or their salted hashes, as far as they are shown
  --quiet       print the summary alone
  --help        this text

Exit codes: 0 everything was verified; 1 something was refused; 2 wrong usage, or a file that
cannot be read.

Needs Python 3.10 or later and the package `cryptography`. It shares no code with the library.
"""

import sys

try:
    import cryptography  # noqa: F401
except ImportError:
    # The help is there all the same.
    if "--help" in sys.argv[1:]:
        print(__doc__, end="")
        sys.exit(0)
    print("verify.py: needs the package `cryptography`: pip install cryptography", file=sys.stderr)
    sys.exit(2)

from hsevents import describe
from hsev import verify_evidence
from hslog import Refused, VerifierKey, verify_consistency, verify_receipt

RECEIPT_LIMITS = """\
Proven: whoever holds the log's key signed a tree in which each of these entries stands, in these
words. Not proven: that what an entry says is true; that nothing was left out of the log; that
others are shown the same log.
"""

CONSISTENCY_LIMITS = """\
Proven: nothing that stood in the log under the checkpoint you kept was changed or taken away.
Not proven: that everything was entered; that others are shown the same log, unless you compare
checkpoints with them.
"""


SHOW = {"items": False, "spaces": {}}


class Usage(Exception):
    pass


def receipt(texts, keys):
    r = verify_receipt(texts[0], keys)
    return f"entry {r.index} of {r.origin}, of {r.size} entries: {describe(r.entry)}"


def consistency(texts, keys):
    older, newer = verify_consistency(*texts, keys)
    return f"{newer.origin} grew from {older.size} to {newer.size} entries"


def evidence(texts, keys):
    return verify_evidence(texts[0], keys, SHOW["spaces"], SHOW["items"])


COMMANDS = {
    "receipt": (receipt, 1, "receipts", RECEIPT_LIMITS),
    "consistency": (consistency, 2, "consistency proofs", CONSISTENCY_LIMITS),
    "evidence": (evidence, 1, "evidence files", ""),
}


def read(name):
    try:
        with open(name, "rb") as f:
            return f.read()
    except OSError as e:
        raise Usage(f"{name}: {e.strerror}") from None


def spoil(texts, check, keys):
    """Every one-bit change and every cut of every text; the others stay as they are."""
    tried, accepted = 0, None

    def accepts(others):
        try:
            check(others, keys)
        except Refused:
            return False
        return True

    for i, good in enumerate(texts):
        for bit in range(len(good) * 8):
            bad = bytearray(good)
            bad[bit // 8] ^= 1 << bit % 8
            tried += 1
            if accepts([*texts[:i], bytes(bad), *texts[i + 1 :]]):
                accepted = accepted or f"bit {bit} was changed"
        for length in range(len(good)):
            tried += 1
            if accepts([*texts[:i], good[:length], *texts[i + 1 :]]):
                accepted = accepted or f"it was cut to {length} bytes"
    return tried, accepted


def run(args):
    if any(a in ("--help", "-h") for a in args):
        print(__doc__, end="")
        return 0
    if not args or args[0] not in COMMANDS:
        raise Usage(f"unknown command {args[0]}" if args else "nothing to do")
    check, n, what, limits = COMMANDS[args[0]]
    lines, groups, files, every_flip, quiet = [], [], [], False, False
    rest = iter(args[1:])
    for arg in rest:
        if arg == "--key":
            name = next(rest, None)
            if name is None:
                raise Usage("--key needs a file")
            group = [(name, line) for line in read(name).decode("utf-8", "replace").removesuffix("\n").split("\n")]
            lines += group
            groups.append(len(group))
        elif arg == "--every-flip":
            every_flip = True
        elif arg == "--items":
            SHOW["items"] = True
        elif arg == "--quiet":
            quiet = True
        elif arg.startswith("-"):
            raise Usage(f"unknown option {arg}")
        else:
            files.append(arg)
    keys = []
    for name, line in lines:
        try:
            keys.append(VerifierKey(line))
        except Refused:
            raise Usage(f"{name}: not a verifier key") from None
    # Each file is of one space: its own log first, then those that go with it.
    rest = iter([key.name for key in keys])
    for length in groups:
        space, *others = (next(rest) for _ in range(length))
        SHOW["spaces"].setdefault(space, set()).update(others)
    if not keys:
        raise Usage("no --key: a proof is worth what its key is")
    if not files:
        raise Usage("no file is named")
    if len(files) % n:
        raise Usage("consistency takes pairs: a checkpoint that you kept, and a proof")
    verified = refused = spoiled = 0
    for at in range(0, len(files), n):
        name, texts = files[at + n - 1], [read(f) for f in files[at : at + n]]
        try:
            said = check(texts, keys)
        except Refused as why:
            refused += 1
            print(f"REFUSED {name}: {why}")
            continue
        verified += 1
        if not quiet:
            print(f"verified {name}: {said}")
        if every_flip:
            tried, accepted = spoil(texts, check, keys)
            spoiled += tried
            if accepted:
                refused += 1
                print(f"FAILED {name}: accepted although {accepted}")
    if verified and not quiet:
        print(limits, end="")
    tail = f"; {spoiled} spoiled copies tried" if every_flip else ""
    print(f"{what}: {verified} verified, {refused} refused{tail}")
    return 1 if refused else 0


def main():
    try:
        return run(sys.argv[1:])
    except Usage as why:
        print(f"verify.py: {why}\nTry: verify.py --help", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
