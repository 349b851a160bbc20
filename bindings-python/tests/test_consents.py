"""Exported consents, read by a library that is not this one, and consents from elsewhere."""

from __future__ import annotations

import json
import pathlib
from datetime import datetime, timezone
from typing import Any

import pytest
from fhir.resources.R4B.consent import Consent

from healthspace import HealthSpace, Recipient, errors

EVERYTHING = ["laboratory", "medications", "other"]


@pytest.fixture
def space(tmp_path: pathlib.Path) -> HealthSpace:
    return HealthSpace.create(tmp_path / "me.hs", b"one")[0]


def grant(space: HealthSpace, **terms: Any) -> str:
    terms = {"recipient": Recipient.model("eu-llm"), "categories": ["laboratory"], **terms}
    request = space.consent_request(**terms)
    request.notice()
    return request.confirm("tap", bytes(32)).id


def denies_training(consent: dict[str, Any]) -> bool:
    """The root refuses MLTRAINING to the recipient: other systems reach it from HOPERAT."""
    root = consent["provision"]
    return root["type"] == "deny" and [c["code"] for c in root["purpose"]] == ["MLTRAINING"]


def test_exported_consents_are_fhir_r4b(space: HealthSpace) -> None:
    day = datetime(2020, 1, 1, tzinfo=timezone.utc)
    later = datetime(2099, 12, 31, tzinfo=timezone.utc)
    for purpose in ["PATRQT", "TREAT", "HRESCH", "HOPERAT", "MLTRAINING", "TREATDS", "BTG"]:
        # A recipient has grants for training or others, not both.
        grant(space, purpose=purpose, recipient=Recipient.model(f"llm-{purpose}"))
    grant(space, categories=EVERYTHING, expires_at=later, data_period=(day, later), language="fr")
    grant(space, recipient=Recipient("organization", "Clinique ‹ Été ›"))
    withdrawn = grant(space, recipient=Recipient("person", "A. B."))
    space.withdraw(withdrawn)

    exported = space.export_consents()
    assert len(exported) == 10
    for id, text in exported.items():
        model = Consent.model_validate_json(text)
        assert model.id == id
        assert model.status == ("inactive" if id == withdrawn else "active")
        said, given = json.loads(model.model_dump_json()), json.loads(text)
        assert said.keys() == given.keys()
        assert denies_training(given)


def test_a_consent_from_elsewhere_is_filed_and_handed_out_as_it_came(space: HealthSpace) -> None:
    consent = {"resourceType": "Consent", "id": "1", "status": "active", "provision": {"type": "deny"}}
    text = json.dumps(consent, indent=1).encode()
    report = space.import_consents(text, "tap", bytes(32))
    [id] = report.filed
    assert (report.older, report.conflicting, report.unusable, report.void_permits) == (0, 0, 0, 0)
    again = space.import_consents(text, "tap", bytes(32))
    assert (again.filed, again.unchanged) == ([], 1)
    assert space.export_consents() == {id: text}
    space.withdraw(id)
    with pytest.raises(errors.InputError):
        space.import_consents(b"{}", "tap", bytes(32))
