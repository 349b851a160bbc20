"""A space of which something is damaged is opened and restored all the same, and says so."""

from __future__ import annotations

import pathlib
import sqlite3

import pytest
from test_story import MODEL, QUESTION, SECRET, allow, bundle

from healthspace import HealthSpace, errors

PROOF = bytes(32)
# Of the partitions `health` alone has a segment that is a row of its own; the space's own scope has the policy rows.
HEALTH = "scope IN (SELECT scope FROM row WHERE class = 2)"
GENERAL = f"NOT {HEALTH} AND scope NOT IN (SELECT scope FROM row WHERE class = 11)"


def damage(file: pathlib.Path, table: str, column: str, rows: str) -> None:
    """Damages rows of a space that nobody has open."""
    with sqlite3.connect(file) as db:
        done = db.execute(f"UPDATE {table} SET {column} = zeroblob(length({column})) WHERE {rows}")
        assert done.rowcount == 1
    db.close()


def test_what_is_whole_opens_and_what_is_not_is_said(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "me.hs"
    space, code = HealthSpace.create(file, SECRET)
    with space:
        space.import_bytes("health", bundle())
        allow(space)
        session = space.session(MODEL)
        session.remember_in("general", "likes tea")
        assert session.ground(QUESTION).unread == 0
        assert session.readable_memories("health") == ([], 0)
    with HealthSpace.open_damaged(file, SECRET) as space:
        assert space.damaged == []
        memories, unread = space.readable_memories("general")
        assert ([m.text for m in memories], unread) == (["likes tea"], 0)
    del session, space, memories

    damage(file, "row", "sealed", f"class = 1 AND {GENERAL}")
    damage(file, "row", "sealed", "class = 2")
    with pytest.raises(errors.Corrupt):
        HealthSpace.open(file, SECRET)
    with HealthSpace.open_damaged(file, SECRET) as space:
        assert space.damaged == ["health"] and not space.check().is_whole
        session = space.session(MODEL)
        context = session.ground(QUESTION)
        assert context.unread == 1 and "damaged" in context.text and "damaged" in context.missing
        assert session.readable_memories("health") == ([], 1)
        with pytest.raises(errors.Corrupt):
            session.memories("health")
        with pytest.raises(errors.Corrupt):
            space.claims()
        with pytest.raises(errors.Corrupt):
            space.memories("general")
        assert space.readable_memories("general") == ([], 1)
        space.backup(tmp_path / "parts.hsb")
        with pytest.raises(errors.Corrupt):
            HealthSpace.restore(tmp_path / "parts.hsb", tmp_path / "r.hs", SECRET, "tap", PROOF)
        back, restored = HealthSpace.restore(
            tmp_path / "parts.hsb", tmp_path / "r.hs", SECRET, "tap", PROOF, with_damage=True
        )
        assert restored.emptied == [] and not restored.is_whole and back.damaged == []
    del session, context, space, back

    damage(file, "head", "body", GENERAL)
    damage(file, "head_copy", "body", GENERAL)
    with pytest.raises(errors.Malformed):
        HealthSpace.open_damaged(file)
    with pytest.raises(errors.Malformed):
        HealthSpace.open_damaged(file, SECRET, code=code.reveal())
    with HealthSpace.open_damaged(file, code=code.reveal()) as space:
        assert (sorted(space.damaged), space.partitions) == (["general", "health"], ["health"])
        with pytest.raises(errors.NoSuchPartition):
            space.readable_memories("general")
        space.backup(tmp_path / "whole.hsb")
        lost = tmp_path / "lost.hs"
        with sqlite3.connect(file) as db:
            db.execute("VACUUM INTO ?", (str(lost),))
        db.close()
        with sqlite3.connect(lost) as db:
            db.execute("PRAGMA journal_mode=WAL")
        db.close()
        with pytest.raises(errors.Corrupt):
            HealthSpace.recover(lost, SECRET, "tap", PROOF)
        with pytest.raises(errors.Malformed):
            HealthSpace.recover_damaged(lost, SECRET, "tap", PROOF, code=code.reveal())
        found, recovered = HealthSpace.recover_damaged(lost, None, "tap", PROOF, code=code.reveal())
        assert (recovered.emptied, recovered.permissions, recovered.broken_logs) == (["general"], 1, 0)
        assert recovered.limited_ways_in == 0 and "general" not in repr(recovered)
        found.close()
        with pytest.raises(errors.Corrupt):
            space.rotate_keys(SECRET)
        again, rotated = space.rotate_keys(SECRET, with_damage=True)
        assert rotated.emptied == ["general"] and again.damaged == []
        again.close()
    with HealthSpace.open(file, SECRET) as space:
        assert space.partitions == ["health", "general"]
    with pytest.raises(errors.Corrupt):
        HealthSpace.restore_recovery(tmp_path / "whole.hsb", tmp_path / "w.hs", code.reveal(), "tap", PROOF)
    back, restored = HealthSpace.restore_recovery(
        tmp_path / "whole.hsb", tmp_path / "w.hs", code.reveal(), "tap", PROOF, with_damage=True
    )
    assert restored.emptied == ["general"] and "general" not in repr(restored)
    assert back.readable_memories("general") == ([], 0)


def test_a_backup_of_a_file_with_a_bad_page_says_what_it_lacks(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "me.hs"
    space, _ = HealthSpace.create(file, SECRET)
    with space:
        space.import_bytes("health", bundle())
        whole = space.backup_told(tmp_path / "whole.hsb")
        assert (whole.left_out, whole.entered) == (None, "log") and whole.bytes > 4096
        assert [copy.id for copy in space.known_copies()] == [whole.id]
    with sqlite3.connect(file) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'ledger'").fetchone()
    db.close()
    content = bytearray(file.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = bytes(4096)
    file.write_bytes(content)
    with HealthSpace.open_damaged(file, SECRET) as space:
        made = space.backup_told(tmp_path / "b.hsb")
        assert made.left_out and made.entered == "nowhere"
    _, restored = HealthSpace.restore(
        tmp_path / "b.hsb", tmp_path / "r.hs", SECRET, "tap", PROOF, with_damage=True
    )
    assert (restored.broken_logs, restored.refusals, restored.backup) == (3, 0, None)
