"""Backups, what comes back from one, and going on without a lost anchor."""

from __future__ import annotations

import pathlib

import pytest
from test_story import MODEL, QUESTION, SECRET, allow, bundle

from healthspace import Denied, HealthSpace, errors

PROOF = bytes(32)


def test_a_backup_is_restored_and_nothing_is_taken_for_granted(tmp_path: pathlib.Path) -> None:
    anchor, backup = tmp_path / "me.anchor", tmp_path / "me.hsb"
    space, code = HealthSpace.create(tmp_path / "me.hs", SECRET, anchor=anchor)
    space.import_bytes("health", bundle())
    grant = allow(space)
    made, length = space.backup(backup)
    assert backup.stat().st_size == length
    with pytest.raises(errors.AlreadyExists):
        space.backup(backup)
    copy = space.known_copies()[0]
    assert (copy.id, copy.erasures_since) == (made, 0) and copy.made.tzinfo is not None
    with pytest.raises(errors.NotASpace):
        HealthSpace.open(backup, SECRET)

    again, restored = HealthSpace.restore(backup, tmp_path / "r.hs", SECRET, "tap", PROOF, later=space)
    assert (restored.backup, restored.erasures, restored.permissions) == (made, "replayed", 1)
    assert restored.is_whole and restored.made == copy.made and restored.limited_ways_in == 0
    with pytest.raises(Denied):
        again.session(MODEL).ground(QUESTION)
    assert again.grants()[0].standing == "suspended"
    again.confirm_permission(grant, "tap", PROOF)
    with pytest.raises(errors.NotFound):
        again.confirm_permission(grant.id, "tap", PROOF)
    assert again.session(MODEL).ground(QUESTION).citations
    assert again.repair() == (0, False) and again.check().scopes[0].records == []

    by_code, restored = HealthSpace.restore_recovery(
        backup, tmp_path / "c.hs", code.reveal(), "tap", PROOF, anchor=anchor
    )
    assert by_code.confirm_all_permissions("tap", PROOF) == 1
    with pytest.raises(errors.RolledBack):
        space.grants()
    assert "RolledBack" not in repr(restored) and made not in repr(restored) and made not in repr(copy)


def test_a_lost_anchor_is_gone_without(tmp_path: pathlib.Path) -> None:
    file, anchor = tmp_path / "me.hs", tmp_path / "me.anchor"
    space, _ = HealthSpace.create(file, SECRET, anchor=anchor)
    allow(space)
    del space
    with pytest.raises(errors.AnchorMissing):
        HealthSpace.open(file, SECRET)
    again, waiting = HealthSpace.recover(file, SECRET, "passcode", PROOF)
    assert (waiting, again.freshness) == (1, "unverified")
    assert again.confirm_all_permissions("tap", PROOF) == 1
