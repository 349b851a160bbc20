"""Erasing, new keys, and what a loss concerns."""

from __future__ import annotations

import json
import pathlib
import shutil
from datetime import datetime, timezone

import pytest
from test_story import MODEL, QUESTION, SECRET, allow, bundle

from healthspace import HealthSpace, errors

PROOF = bytes(32)


def test_what_happened_in_a_period_is_erased_and_looked_for(tmp_path: pathlib.Path) -> None:
    file, older, keys = tmp_path / "me.hs", tmp_path / "older.hs", tmp_path / "keys"
    space, code = HealthSpace.create(file, SECRET, keystore=keys)
    space.import_bytes("health", bundle())
    grant = allow(space)
    context = space.session(MODEL).ground(QUESTION)
    record = context.citations[0].record
    del context, space
    shutil.copy(file, older)
    space = HealthSpace.open(file, SECRET, keystore=keys)

    with pytest.raises(errors.NotFound):
        space.erase_consent("health", grant, "tap", PROOF)
    with pytest.raises(errors.NotFound):
        space.erase_source("health", "00" * 32, "tap", PROOF)
    one = space.erase_records("health", [record], "tap", PROOF)
    assert (one.level, one.records, one.derived, one.aside, one.sources) == ("E1", 1, 0, 0, 0)
    assert space.sweep("health", one.entry) == "E1" and record not in repr(one)
    start, end = datetime(1900, 1, 1, tzinfo=timezone.utc), datetime(2100, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(errors.Malformed):
        space.erase_period("health", end, start, "tap", PROOF)
    rest = space.erase_period("health", start, end, "tap", PROOF)
    assert rest.records >= 1 and rest.known_copies == 0 and rest.undated >= 0

    check = space.verify_erasure("health", one.entry, records=[record], salt=one.salt)
    assert (check.claimed, check.confirmed, check.tries[0].by) == ("E1", "E0", "id")
    words = code.reveal()
    check = space.verify_erasure("health", one.entry, older=older, passphrase=SECRET, code=words, keystore=keys)
    assert check.confirmed == "E1" and check.tries[1].opened == check.tries[1].objects > 0
    assert check.entry is not None and len(check.does_not_prove("fr")) == 4

    with pytest.raises(errors.LevelUnavailable):
        space.erase_from_copies(SECRET, "tap", PROOF)
    again, rotated = space.erase_from_copies(SECRET, "tap", PROOF, keystore=keys)
    assert (rotated.level, rotated.since, rotated.removed) == ("E2r", 1, ["recovery_code"])
    assert rotated.recovery_code and rotated.old_copies
    shown = rotated.recovery_code.reveal().decode()
    assert len(shown) > 32 and shown not in repr(rotated) and shown not in repr(rotated.recovery_code)
    with pytest.raises(errors.Locked):
        space.grants()
    check = again.verify_erasure("health", one.entry, older=older, passphrase=SECRET, code=words, keystore=keys)
    assert check.confirmed == "E2r" and [t.by for t in check.tries if t.opened] == ["recovery_code"]
    page = json.loads(again.erasure_certificate("health", one.entry))
    assert page["level"] == "E2r" and page["notReached"].startswith("E3") and page["checks"][-1]["level"] == "E2r"
    # The handle goes on as any other. Of a file of which nothing is left nothing is known.
    assert not again.import_bytes("health", bundle()).already_imported
    assert again.import_bytes("health", bundle()).already_imported
    again.erase_everything("health", "tap", PROOF)
    assert not again.import_bytes("health", bundle()).already_imported


def test_a_recovery_code_is_typed_again(tmp_path: pathlib.Path) -> None:
    keys = tmp_path / "keys"
    space, code = HealthSpace.create(tmp_path / "me.hs", SECRET, keystore=keys, bound=True)

    def confirmed() -> list[bool]:
        return [ok for _, kind, ok in space.ways_in() if kind == "recovery_code"]

    other = HealthSpace.create(tmp_path / "other.hs", SECRET)[1]
    with pytest.raises(errors.CannotOpen):
        space.confirm_recovery_code(other.reveal(), keystore=keys)
    # Bound, the code is none without the device.
    with pytest.raises(errors.CannotOpen):
        space.confirm_recovery_code(code.reveal())
    assert confirmed() == [False]
    space.confirm_recovery_code(code.reveal().lower(), keystore=keys)
    assert confirmed() == [True]


def test_new_keys_and_what_a_loss_concerns(tmp_path: pathlib.Path) -> None:
    space, _ = HealthSpace.create(tmp_path / "me.hs", SECRET)
    space.import_bytes("health", bundle())
    allow(space)
    told = space.session(MODEL).ground(QUESTION).entry
    backup, _ = space.backup(tmp_path / "me.hsb")
    space, rotated = space.rotate_keys(SECRET)
    assert rotated.level is None and rotated.since is None and rotated.swept
    ways = space.ways_in()
    assert [kind for _, kind, _ in ways] and {kind for _, kind, _ in ways} == {"passphrase", "recovery_code"}
    for scope in (space.breach_scope(), space.breach_scope(backup=backup)):
        assert {name for name, _, clear in scope.partitions if not clear} == {"health", "general"}
        assert scope.does_not_say and scope.erasures_since == 0 and "health" not in repr(scope)
    clear = space.breach_scope(way_in=next(id for id, kind, _ in ways if kind == "passphrase"))
    assert all(opens for _, _, opens in clear.partitions)
    recipients = space.breach_scope(entries=("health", 0, told + 1)).recipients
    assert [(who.kind, who.name, releases) for who, releases, _, _ in recipients] == [("model", "eu-llm", 1)]
    with pytest.raises(errors.NotFound):
        space.breach_scope(backup="00" * 16)
    with pytest.raises(errors.Malformed):
        space.breach_scope(backup=backup, way_in="00" * 16)
