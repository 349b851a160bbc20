"""The story: create, import, notice, grant, ground, withdraw, refused, close."""

from __future__ import annotations

import json
import pathlib
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

import healthspace
from healthspace import Denied, FlowDenied, HealthSpace, Recipient, errors

SECRET = b"one\x00\xff"
MODEL = Recipient.model("eu-llm")
QUESTION = "What was my last LDL?"


def observation(number: int, value: float, date: str) -> dict[str, object]:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "category": [{"coding": [{"system": system, "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "18262-6"}], "text": "LDL cholesterol"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": date,
        "valueQuantity": {
            "value": value,
            "unit": "mg/dL",
            "system": "http://unitsofmeasure.org",
            "code": "mg/dL",
        },
    }


def bundle(count: int = 2) -> bytes:
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1970-03-04"}
    all_of_them = [observation(i, 131.5 + i, f"2026-01-{5 + i % 20:02}") for i in range(count)]
    entries = [{"resource": r} for r in [patient, *all_of_them]]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "very-private-name.hs"


@pytest.fixture
def space(file: pathlib.Path) -> HealthSpace:
    return HealthSpace.create(file, SECRET)[0]


def allow(space: HealthSpace, **terms: object) -> healthspace.Grant:
    request = space.consent_request(recipient=MODEL, categories=["laboratory"], **terms)  # type: ignore[arg-type]
    request.notice()
    return request.confirm("tap", bytes(32))


def test_a_report_names_the_place_of_what_it_refuses(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    observation = '{"resourceType":"Observation","id":"%s","status":"final","code":{"text":"LDL"},"effectiveDateTime":"%s"}'
    lines = [observation % ("a", "2020-01-01"), '{"word":"Nothing"}', observation % ("b", "2020-13-01")]
    text = "\n".join(lines) + "\n"
    source, packed = tmp_path / "lines.ndjson", tmp_path / "lines.zip"
    source.write_text(text)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("folder/lines.ndjson", text)
    space, _ = HealthSpace.create(file, bytearray(SECRET))
    with space:
        report = space.import_file("health", source)
        said = [(i.severity, i.code, i.member, i.name) for i in report.issues]
        assert said == [("refused", "not-a-resource", 0, None), ("repaired", "bad-date", 0, None)]
        assert report.issue_counts == {("refused", "not-a-resource"): 1, ("repaired", "bad-date"): 1}
        first, second = report.issues
        assert text[first.offset :].startswith(lines[1]) and second.offset >= text.index(lines[2])
        assert "no FHIR resource" in first.what and "Nothing" not in repr(first)
        [refused] = [i for i in space.import_file("health", packed).issues if i.severity == "refused"]
        assert refused.name == "lines.ndjson" and "lines" not in repr(refused)


def test_the_whole_story(file: pathlib.Path, tmp_path: pathlib.Path) -> None:
    source = tmp_path / "bundle.json"
    source.write_bytes(bundle())
    space, code = HealthSpace.create(file, bytearray(SECRET))
    with space:
        assert space.partitions == ["health", "general"]
        report = space.import_file("health", source)
        assert (report.imported, report.refused, report.types["Observation"].imported) == (3, 0, 2)
        assert space.import_file("health", source).already_imported

        session = space.session(MODEL)
        with pytest.raises(Denied):
            session.ground(QUESTION)
        request = space.consent_request(
            recipient=MODEL, categories=["laboratory"], expires_in_days=90, language="fr"
        )
        assert "eu-llm" in request.notice() and request.notice("en") != request.notice("fr")
        grant = request.confirm("tap", bytes(32))

        context = session.ground(QUESTION, tokens=1500)
        assert "132.5" in context.text and "[r:1]" in context.text
        assert context.no_training and session.no_training
        first = context.citations[0]
        _, offset, length = first.span
        assert b"132.5" in source.read_bytes()[offset : offset + length]
        assert first.sample is None  # of no wearable
        assert first.imported_at.tzinfo is not None
        assert abs(first.imported_at - datetime.now(timezone.utc)) < timedelta(hours=1)

        elsewhere = space.session(MODEL, partition="diary")
        with pytest.raises(Denied):
            elsewhere.ground(QUESTION)
        space.create_partition("diary", "health", SECRET)
        space.import_file("diary", source)
        terms = {"recipient": MODEL, "categories": ["laboratory"], "partition": "diary"}
        ask = space.consent_request(**terms)  # type: ignore[arg-type]
        ask.notice()
        there = ask.confirm("tap", bytes(32))
        assert "132.5" in elsewhere.ground(QUESTION).text
        space.withdraw(there)

        session.remember("LDL was 132.5", [first.record])
        listed = next(g for g in space.grants() if g.id == grant.id)
        assert (listed.id, listed.standing, listed.recipient) == (grant.id, "in-force", MODEL)
        assert listed.expires is not None and listed.expires.utcoffset() == timedelta(0)
        space.withdraw(grant)
        with pytest.raises(Denied):
            session.ground(QUESTION)
        assert {g.standing for g in space.grants()} == {"withdrawn"}
    with pytest.raises(errors.Locked):
        session.ground(QUESTION)
    with pytest.raises(TypeError):
        HealthSpace.open_recovery(file, code.reveal().decode())  # type: ignore[arg-type]
    with HealthSpace.open_recovery(file, code.reveal().lower()) as again:
        assert again.import_file("health", source).already_imported


def test_what_was_read_from_health_does_not_flow_to_general(space: HealthSpace) -> None:
    space.import_bytes("health", bundle())
    session = space.session(MODEL)
    session.remember_in("general", "likes tea")
    allow(space)
    session.ground(QUESTION)
    with pytest.raises(FlowDenied) as caught:
        session.remember_in("general", "LDL was 132.5")
    assert (caught.value.code, caught.value.name) == (203, "FlowDenied")
    # Nor after the conversation was closed and resumed.
    with pytest.raises(FlowDenied):
        space.resume(session.conversation, MODEL).remember_in("general", "LDL was 132.5")


def test_a_handle_for_one_partition_withdraws_and_grants_nothing(file: pathlib.Path, space: HealthSpace) -> None:
    grant = allow(space)
    with HealthSpace.open(file, SECRET, partitions=["health"]) as part:
        with pytest.raises(errors.NeedsFullSlot):
            allow(part)
        part.withdraw(grant.id)
    with pytest.raises(Denied):
        space.session(MODEL).ground(QUESTION)


def test_errors_carry_code_and_name_and_no_content(file: pathlib.Path, space: HealthSpace) -> None:
    cases: list[tuple[Callable[[], object], type[healthspace.HealthspaceError]]] = [
        (lambda: HealthSpace.create(file, SECRET), errors.AlreadyExists),
        (lambda: HealthSpace.open(file, b"sesame"), errors.CannotOpen),
        (lambda: HealthSpace.open(file.parent / "none.hs", SECRET), errors.Io),
        (lambda: space.import_bytes("nowhere-near", bundle()), errors.NoSuchPartition),
        (lambda: space.import_bytes("health", b"not a health file"), errors.Malformed),
        (lambda: space.withdraw("ab" * 16), errors.NotFound),
        (lambda: space.withdraw("not hexadecimal"), errors.Malformed),
        (lambda: space.session(MODEL, "NOSUCHPURPOSE"), errors.Malformed),
    ]
    for make, kind in cases:
        with pytest.raises(kind) as caught:
            make()
        text = f"{caught.value!s} {caught.value!r}"
        for word in ["private", "sesame", "nowhere", "not a health", "abab", "hexadecimal", "NOSUCH"]:
            assert word not in text
        assert caught.value.name == kind.__name__ and caught.value.code >= 100
        assert isinstance(caught.value, healthspace.HealthspaceError)


def test_there_is_one_exception_for_each_code() -> None:
    from healthspace import _native

    for code, name in _native.error_codes():
        kind = getattr(errors, "InternalError" if name == "Internal" else name)
        assert (kind.code, kind.name) == (code, name)


def test_a_secret_is_never_a_str(file: pathlib.Path) -> None:
    with pytest.raises(TypeError) as caught:
        HealthSpace.create(file, "my passphrase")  # type: ignore[arg-type]
    assert "my passphrase" not in str(caught.value)
    assert not file.exists()


def test_instants_have_a_time_zone(space: HealthSpace) -> None:
    with pytest.raises(ValueError):
        allow(space, expires_at=datetime(2030, 1, 1))
    zone = timezone(timedelta(hours=2))
    end = datetime(2030, 1, 1, 12, 30, tzinfo=zone)  # terms count in minutes
    period = (datetime(1999, 1, 1, tzinfo=zone), end)
    allow(space, expires_at=end, data_period=period)
    assert space.grants()[0].expires == end


def test_today_is_a_day_of_the_persons_zone(space: HealthSpace) -> None:
    space.import_bytes("health", bundle())
    allow(space)
    session = space.session(MODEL)
    # Zones 26 hours apart have no day in common.
    days = [session.ground("my LDL today", zone_offset_minutes=zone).text for zone in (-720, 840)]
    asked = [[line for line in text.splitlines() if "period asked" in line] for text in days]
    assert asked[0] != asked[1] and all(asked)


def test_no_repr_shows_content(space: HealthSpace, file: pathlib.Path) -> None:
    report = space.import_bytes("health", bundle())
    grant = allow(space)
    session = space.session(MODEL)
    context = session.ground(QUESTION)
    things = [space, report, grant, session, context, context.citations[0], MODEL, space.grants()[0]]
    things += [report.types["Patient"], space.consent_request(recipient=MODEL, categories=["laboratory"])]
    for thing in things:
        text = f"{thing!r} {thing}"
        for word in ["132", "LDL", "eu-llm", "private", grant.id, session.conversation, context.citations[0].record]:
            assert word not in text, type(thing)
        with pytest.raises(TypeError):
            __import__("pickle").dumps(thing)


def test_progress_is_told_and_an_exception_in_it_stops_the_import(space: HealthSpace) -> None:
    class Enough(Exception):
        pass

    def stop(done: int, total: int | None, records: int) -> None:
        raise Enough

    seen: list[int] = []
    data = bundle(3000)
    with pytest.raises(Enough):
        space.import_bytes("health", data, on_progress=stop)
    report = space.import_bytes("health", data, on_progress=lambda done, total, records: seen.append(done))
    assert report.imported == 3001 and seen and max(seen) <= len(data)


def test_other_threads_run_while_the_library_works(file: pathlib.Path) -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            done.wait(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    before = ticks
    HealthSpace.create(file, SECRET)
    during = ticks - before
    done.set()
    thread.join()
    # Deriving the key alone takes a tenth of a second; with the lock held this would be 0 or 1.
    assert during > 5


def test_a_wearable_sample_is_cited_by_its_place(space: HealthSpace, tmp_path: pathlib.Path) -> None:
    record = (
        '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Watch" unit="count/min" '
        'creationDate="2026-01-0{0} 09:00:00 +0100" startDate="2026-01-0{0} 08:00:00 +0100" '
        'endDate="2026-01-0{0} 08:00:00 +0100" value="6{0}"/>'
    )
    export = tmp_path / "export.xml"
    export.write_text("<HealthData>" + "".join(record.format(n) for n in range(1, 6)) + "</HealthData>")
    with space:
        assert space.import_file("health", export).imported == 5
        request = space.consent_request(recipient=MODEL, categories=["vital-signs"])
        request.notice()
        request.confirm("tap", bytes(32))
        context = space.session(MODEL).ground("my heart rate")
        samples = 0
        for citation in context.citations:
            if citation.sample is not None:
                _, offset, length = citation.span
                assert b'value="6%d"' % (citation.sample + 1) in export.read_bytes()[offset : offset + length]
                samples += 1
        assert samples
