#!/usr/bin/env python3
"""audit_events.py BUNDLE...: reads Bundles of AuditEvents with the package `fhir.resources` (R4B, whose
AuditEvent is that of R4) and checks what a release must say."""

import pathlib
import sys

from fhir.resources.R4B.bundle import Bundle


def main(files):
    releases = events = 0
    for name in files:
        bundle = Bundle.model_validate_json(pathlib.Path(name).read_bytes())
        assert bundle.type == "collection"
        for event in (entry.resource for entry in bundle.entry):
            events += 1
            own = event.subtype[-1].code
            assert event.outcomeDesc and event.recorded and event.source.observer.display, own
            if own != "Released":
                continue
            releases += 1
            if event.type.code != "110106":
                assert event.type.code == "access", event.type.code
                continue
            recipient = [a for a in event.agent if a.type.coding[0].code == "110152"]
            consents = [e for e in event.entity if e.type.code == "Consent"]
            details = {d.type: d.valueString for d in event.entity[1].detail}
            categories = [d.valueString for d in event.entity[1].detail if d.type == "category"]
            assert categories == ["laboratory"], categories
            assert len(recipient) == 1 and recipient[0].who.display == "eu-llm"
            who = recipient[0].who
            assert (who.type, who.identifier.value) == ("Device", "eu-llm") and who.identifier.system.endswith("/recipient/model")
            assert len(consents) == 1 and consents[0].what.identifier.value.startswith("urn:uuid:")
            assert event.purposeOfEvent[0].coding[0].code == "PATRQT"
            assert int(details["items"]) > 0 and len(details["items-root"]) == 64
    print(f"ok: {events} AuditEvents read by fhir.resources, {releases} of them releases")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
