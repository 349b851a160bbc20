#!/usr/bin/env python3
"""consent_records.py FILE...: reads consent records and receipts (ISO/IEC TS 27560 in JSON-LD) with the
package `PyLD` and checks the statements that are left: nothing is dropped, nothing is loaded from elsewhere."""

import json
import pathlib
import sys

from pyld import jsonld

DPV, ODRL, AI = "https://w3id.org/dpv#", "http://www.w3.org/ns/odrl/2/", "https://w3id.org/dpv/ai#"


def refuse(url, _options):
    raise AssertionError(f"asks for {url}")


def properties(value):
    """How many members are no keywords of JSON-LD, context aside."""
    if isinstance(value, list):
        return sum(map(properties, value))
    if not isinstance(value, dict):
        return 0
    own = {k: v for k, v in value.items() if k != "@context"}
    return sum(not k.startswith("@") for k in own) + sum(map(properties, own.values()))


def values(value, name):
    """Whatever stands under a property, wherever it stands."""
    if isinstance(value, list):
        return [v for one in value for v in values(one, name)]
    if not isinstance(value, dict):
        return []
    return value.get(name, []) + [v for one in value.values() for v in values(one, name)]


def check(path):
    text = json.loads(path.read_text(encoding="utf-8"))
    options = {"documentLoader": refuse}
    expanded = jsonld.expand(text, options)
    assert len(expanded) == 1 and properties(text) == properties(expanded), "a member means nothing"
    quads = jsonld.to_rdf(text, {**options, "format": "application/n-quads"}).splitlines()
    assert all(q.split(" ", 2)[1].startswith(("<http", "<urn:healthspace:")) for q in quads)
    (kind,) = expanded[0]["@type"]
    assert kind in (DPV + "ConsentRecord", DPV + "ConsentReceipt"), kind
    assert values(expanded, DPV + "hasLegalBasis") == [{"@id": DPV + "ExplicitlyExpressedConsent"}]
    (purpose,) = values(expanded, DPV + "hasPurpose")
    assert purpose["@id"].endswith("v3-ActReason#PATRQT") and purpose["@type"] == [DPV + "Purpose"]
    denied = {a["@id"] for p in values(expanded, ODRL + "prohibition") for a in p[ODRL + "action"]}
    assert denied == {AI + "ModelTraining", AI + "ModelFineTuning"}, denied
    statuses = [s["@type"][0].removeprefix(DPV) for s in values(expanded, DPV + "hasConsentStatus")]
    assert statuses[0] == "ConsentGiven"
    return kind.removeprefix(DPV), len(quads)


def main(files):
    done = [check(pathlib.Path(f)) for f in files]
    print(f"ok: read by PyLD: {', '.join(f'{kind} ({n} statements)' for kind, n in done)}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
