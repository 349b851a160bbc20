"""The story in Python: story.py SPACE FILE QUESTION. The space must not exist yet.

The context goes to standard output, the rest to standard error. Exit codes: 0, 1 failed, 2 usage.
`make test-examples` runs it.
"""

from __future__ import annotations

import hashlib
import os
import sys

from healthspace import Denied, FlowDenied, HealthSpace, Recipient


def tell(text: str) -> None:
    print(text, file=sys.stderr)


def story(file: str, source: str, question: str, passphrase: bytes) -> None:
    space, code = HealthSpace.create(file, passphrase)
    tell(f"recovery code, shown this once: {code.reveal().decode()}")
    with space:
        report = space.import_file("health", source)
        tell(f"{report.imported} records, {report.facts} facts")

        model = Recipient.model("eu-llm")
        request = space.consent_request(
            recipient=model, categories=["laboratory", "medications", "conditions"], expires_in_days=90
        )
        notice = request.notice("en")
        tell(notice)
        grant = request.confirm("command-line", evidence=hashlib.sha256(notice.encode()).digest())

        session = space.session(model)
        context = session.ground(question, tokens=1500)
        print(context.text)
        for c in context.citations:
            member, offset, length = c.span
            print(f"[r:{c.number}] file {c.source[:16]}.. member {member}, bytes {offset}..{offset + length}")

        session.remember_in("health", "LDL fell")
        try:
            session.remember_in("general", "LDL fell")
            raise SystemExit("health data flowed into general")
        except FlowDenied:
            tell("into general: refused")
        space.withdraw(grant)
        try:
            session.ground(question)
            raise SystemExit("released after the withdrawal")
        except Denied:
            tell("after the withdrawal: refused")


if __name__ == "__main__":
    if len(sys.argv) != 4 or "HEALTHSPACE_PASSPHRASE" not in os.environ:
        tell("usage: HEALTHSPACE_PASSPHRASE=... story.py SPACE FILE QUESTION")
        raise SystemExit(2)
    story(sys.argv[1], sys.argv[2], sys.argv[3], os.environ["HEALTHSPACE_PASSPHRASE"].encode())
