#!/usr/bin/env python3
"""terminology.py DIRECTORY: the pinned hierarchies of purposes and sensitivities, from their source.

DIRECTORY holds `v3-ActReason.xml` and `v3-ActCode.xml` of HL7's repository `HL7/UTG`, folder
`input/sourceOfTruth/v3/codeSystems`. What it prints is `core/src/label/terminology.tsv`; a test holds
the tables of `core/src/label` to that file, and the file to this program where the sources are there.
"""

import pathlib
import sys
import xml.etree.ElementTree as ET

NS = "{http://hl7.org/fhir}"
TABLES = (("v3-ActReason", "PurposeOfUse"), ("v3-ActCode", "_ActInformationSensitivityPolicy"))
# Without a parent in UTG's file; FHIR R4 gives them one.
FROM_R4 = {"COGN": "BH", "DVD": "BH", "EMOTDIS": "BH"}


def parents(concept):
    for prop in concept.iter(NS + "property"):
        code, value = prop.find(NS + "code"), prop.find(NS + "valueCode")
        if code is not None and code.get("value") == "subsumedBy" and value is not None:
            yield value.get("value")


def table(directory, name, root):
    system = ET.parse(directory / f"{name}.xml").getroot()
    above = {c.find(NS + "code").get("value"): list(parents(c)) for c in system.iter(NS + "concept")}
    version = system.find(NS + "version").get("value")
    for code, parent in FROM_R4.items():
        if code in above and not above[code]:
            above[code] = [parent]
    below, found = {root}, {}
    while True:
        new = {c: next(p for p in up if p in below) for c, up in above.items() if c not in below and below & set(up)}
        if not new:
            break
        below |= set(new)
        found |= new
    print(f"{name}: version {version}, {len(found)} codes", file=sys.stderr)
    print(f"# {name}, below {root}: code and parent")
    for code, parent in sorted(found.items()):
        print(code if parent == root else f"{code}\t{parent}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for one in TABLES:
        table(pathlib.Path(sys.argv[1]), *one)
