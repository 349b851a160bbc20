"""What the person does beside asking: renew, look through memories, see and prove what happened."""

from __future__ import annotations

import pathlib
import re

import pytest
from test_story import MODEL, QUESTION, SECRET, allow, bundle

from healthspace import Denied, HealthSpace, Recipient, errors, verify_evidence, verify_receipt

PROOF = bytes(32)


@pytest.fixture
def space(tmp_path: pathlib.Path) -> HealthSpace:
    space, _ = HealthSpace.create(tmp_path / "me.hs", SECRET, anchor=tmp_path / "me.anchor")
    space.import_bytes("health", bundle())
    return space


def test_a_counted_grant_is_used_up_and_renewed(space: HealthSpace) -> None:
    assert space.freshness == "local"
    grant = allow(space, uses=1, expires_in_days=7)
    assert space.grants()[0].uses_left == 1
    session = space.session(MODEL)
    session.ground(QUESTION)
    with pytest.raises(Denied):
        session.ground(QUESTION)
    assert (space.grants()[0].standing, space.grants()[0].uses_left) == ("used-up", 0)
    renewal = space.renewal(grant, expires_in_days=30, uses=2, language="fr")
    assert "renouveler" in renewal.notice() and renewal.notice("en") != renewal.notice("fr")
    assert renewal.confirm("tap", PROOF).id == grant.id
    session.ground(QUESTION)
    assert space.grants()[0].uses_left == 1
    space.withdraw(grant)
    with pytest.raises(Denied):
        space.renewal(grant.id, expires_in_days=30).notice()


def test_an_anchor_notices_an_older_file_and_is_asked_for(tmp_path: pathlib.Path) -> None:
    file, anchor = tmp_path / "me.hs", tmp_path / "me.anchor"
    space, code = HealthSpace.create(file, SECRET, anchor=anchor)
    del space  # the last handle of it: all is in the one file now
    old = file.read_bytes()
    with HealthSpace.open_recovery(file, code.reveal(), anchor=anchor) as space:
        allow(space)
    with pytest.raises(errors.AnchorMissing):
        HealthSpace.open(file, SECRET)
    backup = tmp_path / "backup.hs"
    backup.write_bytes(old)
    with pytest.raises(errors.RolledBack):
        HealthSpace.open(backup, SECRET, anchor=anchor)


def test_memories_are_listed_edited_endorsed_kept_and_deleted(space: HealthSpace) -> None:
    grant = allow(space)
    session = space.session(MODEL)
    first = session.ground(QUESTION).citations[0].record
    made = session.remember("LDL was 132.5", [first])
    [memory] = space.memories("health")
    assert (memory.id, memory.text, memory.author) == (made, "LDL was 132.5", "assistant")
    assert (memory.endorsed, memory.no_training, memory.quarantine) == (False, True, None)
    assert memory.parents == [first] and memory.grants == [grant.id]
    assert memory.conversation == session.conversation and memory.at.tzinfo is not None
    assert "132" not in repr(memory)

    space.endorse_memory("health", made, "tap", PROOF)
    assert space.memories("health")[0].endorsed
    edited = space.edit_memory("health", made, "LDL was fine", "tap", PROOF)
    [memory] = space.memories("health")
    assert (memory.id, memory.text, memory.author) == (edited, "LDL was fine", "person")
    with pytest.raises(errors.NotFound):
        space.delete_memory("health", made, "tap", PROOF)
    with pytest.raises(errors.NotFound):
        space.keep_memory("health", edited, "tap", PROOF)

    space.withdraw(grant)
    assert space.memories("health")[0].quarantine == "consent-ended"
    space.keep_memory("health", edited, "tap", PROOF)
    assert space.memories("health")[0].quarantine is None
    space.delete_memory("health", edited, "tap", PROOF)
    assert space.memories("health") == []


def test_a_conversation_is_deleted_and_over(space: HealthSpace) -> None:
    terms = {"recipient": MODEL, "categories": ["memories"], "partition": "general"}
    request = space.consent_request(**terms)  # type: ignore[arg-type]
    request.notice()
    request.confirm("tap", PROOF)
    session = space.session(MODEL)
    made = session.remember_in("general", "likes tea")
    session.memories("general")
    assert space.resume(session.conversation, MODEL).conversation == session.conversation
    deleted = space.delete_conversation(session.conversation, "tap", PROOF)
    assert (deleted.turns, deleted.memories, deleted.unread) == (0, [("general", made)], 0)
    with pytest.raises(errors.NotFound):
        space.resume(session.conversation, MODEL)
    with pytest.raises(errors.NotFound):
        session.memories("general")
    with pytest.raises(errors.NotFound):
        space.delete_conversation(session.conversation, "tap", PROOF)


def test_a_session_is_shown_memories_by_consent(space: HealthSpace) -> None:
    session = space.session(MODEL)
    session.remember_in("general", "likes tea")
    with pytest.raises(Denied):
        session.memories("general")
    terms = {"recipient": MODEL, "categories": ["memories"], "partition": "general"}
    request = space.consent_request(**terms)  # type: ignore[arg-type]
    with pytest.raises(errors.Malformed):
        request.confirm("tap", PROOF)
    request.notice()
    request.confirm("tap", PROOF)
    assert [m.text for m in session.memories("general")] == ["likes tea"]


def test_what_is_permitted_promised_and_disclosed(space: HealthSpace) -> None:
    grant = allow(space)
    refusal = b'{"resourceType":"Consent","id":"1","status":"active","provision":{"type":"deny"}}'
    [filed] = space.import_consents(refusal, "tap", PROOF).filed
    assert {(p.kind, p.id, p.standing) for p in space.permissions()} == {
        ("grant", grant.id, "in-force"),
        ("imported", filed, "in-force"),
    }
    space.withdraw(filed)
    space.session(MODEL).ground(QUESTION)
    assert space.withdrawal_notices() == []
    space.withdraw(grant)
    assert space.permissions() == []

    [notice] = space.withdrawal_notices()
    assert notice.recipient is not None
    assert (notice.grant, notice.recipient.kind, notice.recipient.name) == (grant.id, "model", "eu-llm")
    assert notice.releases == 1
    assert (notice.state, notice.overdue) == ("open", False)
    assert notice.last_release <= notice.withdrawn < notice.due
    space.recipient_notified(grant, notice.recipient, "mail", PROOF)
    assert space.withdrawal_notices()[0].state == "notified"
    space.recipient_acknowledged(grant.id, MODEL, "mail", PROOF)
    assert space.withdrawal_notices()[0].state == "acknowledged"
    with pytest.raises(errors.NotFound):
        space.recipient_notified(grant, Recipient.app("eu-llm"), "mail", PROOF)

    claims = {c.name: c for c in space.claims()}
    assert claims["consent"].level == "verifiable" and claims["freshness"].level == "configured"
    assert all(c.claim and c.evidence and c.does_not_prove for c in claims.values())
    [line] = space.disclosure_log()
    assert "eu-llm" in line and space.disclosure_log("fr") != [line]


def test_evidence_and_receipts_are_verified_without_the_space(space: HealthSpace) -> None:
    allow(space)
    context = space.session(MODEL).ground(QUESTION)
    data, keys = space.evidence(recipient=MODEL, partition="health"), space.verifier_keys()
    whole = space.evidence(recipient=MODEL, partition="health", partition_entries=True)
    receipt, key = space.receipt(context.entry, "health"), space.verifier_key("health")
    assert key in keys and space.verifier_key() == keys[0]
    space.close()

    report = verify_evidence(data, keys)
    [shown] = report.disclosures
    assert (shown.entry, shown.level, len(shown.grants)) == (context.entry, "verifiable", 1)
    assert "eu-llm" in shown.describe() and shown.describe("fr") != shown.describe()
    assert report.does_not_prove
    [entries] = verify_evidence(whole, keys).disclosures
    assert any("partition's own log" in p for p in shown.does_not_prove)
    assert not any("partition's own log" in p for p in entries.does_not_prove)
    assert "eu-llm" in verify_receipt(receipt, key)
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    for bad in [flipped, data[:-1], b""]:
        with pytest.raises(errors.HealthspaceError):
            verify_evidence(bad, keys)
    with pytest.raises(errors.HealthspaceError):
        verify_evidence(data, keys[1:])
    with pytest.raises(errors.HealthspaceError):
        verify_receipt(receipt, keys[0])


def test_a_space_is_looked_through(space: HealthSpace) -> None:
    found = space.check()
    assert found.is_whole and found.slots_agree and found.stray == 0
    assert [s.partition for s in found.scopes] == [None, "health", "general"]
    assert all(s.heads_agree and s.whole > 0 and s.damaged == {} for s in found.scopes)
    assert re.fullmatch(r"SpaceCheck\(is_whole=True, \.\.\)", repr(found))
