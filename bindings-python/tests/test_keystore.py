"""A keystore of the host's own, in Python."""

from __future__ import annotations

import hashlib
import pathlib
import secrets
import shutil
from typing import Literal

import pytest
from test_story import SECRET, bundle

from healthspace import DeviceKeyStore, HealthSpace, errors

PROOF = bytes(32)


class Phone:
    """Keys in memory. What it wraps is masked, with a tag: enough for a test, and for nothing else."""

    def __init__(self, kind: Literal["software", "os", "hardware"] = "hardware") -> None:
        self.keys: dict[bytes, bytes] = {}
        self.seen: list[bytearray] = []
        self.raises: dict[str, BaseException] = {}
        self._kind = kind

    def at(self, call: str) -> None:
        if call in self.raises:
            raise self.raises[call]

    def key(self, key: bytes) -> bytes:
        if key not in self.keys:
            raise errors.NotFound("private-name")
        return self.keys[key]

    def create_key(self) -> bytes:
        self.at("create_key")
        name = secrets.token_bytes(16)
        self.keys[name] = secrets.token_bytes(32)
        return name

    def wrap(self, key: bytes, secret: bytearray) -> bytes:
        self.at("wrap")
        mask = self.key(key)
        self.seen.append(secret)
        masked = bytes(a ^ b for a, b in zip(secret, mask, strict=True))
        return hashlib.sha256(mask + masked).digest() + masked

    def unwrap(self, key: bytes, wrapped: bytes) -> bytes | bytearray:
        self.at("unwrap")
        mask = self.key(key)
        tag, masked = wrapped[:32], wrapped[32:]
        if tag != hashlib.sha256(mask + masked).digest():
            raise errors.CannotOpen
        return bytearray(a ^ b for a, b in zip(masked, mask, strict=True))

    def destroy_key(self, key: bytes) -> tuple[bool, bytes]:
        self.at("destroy_key")
        self.keys.pop(key, None)
        return True, b"attested"

    def kind(self) -> Literal["software", "os", "hardware"]:
        self.at("kind")
        return self._kind


def test_the_hosts_keystore_takes_part(tmp_path: pathlib.Path) -> None:
    file, older, phone, other = tmp_path / "me.hs", tmp_path / "older.hs", Phone(), Phone()
    store: DeviceKeyStore = phone
    space, code = HealthSpace.create(file, SECRET, keystore=store)
    space.import_bytes("health", bundle())
    space.close()
    shutil.copy(file, older)
    assert phone.seen and all(len(s) == 32 and not any(s) for s in phone.seen), "they are overwritten"
    HealthSpace.open(file, SECRET, partitions=["general"], keystore=phone).close()
    HealthSpace.open_recovery(file, code.reveal()).close()
    other.keys = {name: bytes(32) for name in phone.keys}
    for wrong in (other, Phone(), tmp_path / "no-keys", None):
        with pytest.raises(errors.CannotOpen):
            HealthSpace.open(file, SECRET, keystore=wrong)

    space = HealthSpace.open(file, SECRET, keystore=phone)
    before = set(phone.keys)
    done = space.erase_everything("health", "tap", PROOF)
    with pytest.raises(errors.LevelUnavailable):
        space.erase_from_copies(SECRET, "tap", PROOF, keystore=other)
    space, rotated = space.erase_from_copies(SECRET, "tap", PROOF, keystore=phone)
    assert rotated.level == "E2r" and phone.keys and not before & set(phone.keys)
    check = space.verify_erasure("health", done.entry, older=older, passphrase=SECRET, code=code.reveal(), keystore=phone)
    assert check.confirmed == "E2r"
    space, _ = space.rotate_keys(SECRET, keystore=phone)
    space.backup(tmp_path / "me.hsb")
    HealthSpace.restore(tmp_path / "me.hsb", tmp_path / "back.hs", SECRET, "tap", PROOF, keystore=phone)[0].close()


def test_bound_to_it_the_code_opens_nothing_without(tmp_path: pathlib.Path) -> None:
    file, phone = tmp_path / "me.hs", Phone("os")
    space, code = HealthSpace.create(file, SECRET, keystore=phone, bound=True)
    space.import_bytes("health", bundle())
    with pytest.raises(errors.CannotOpen):
        HealthSpace.open_recovery(file, code.reveal())
    HealthSpace.open_recovery(file, code.reveal(), keystore=phone).close()
    space.erase_everything("health", "tap", PROOF)
    # What it cannot destroy now is destroyed at a later opening.
    before = set(phone.keys)
    phone.raises = {"destroy_key": TimeoutError()}
    space, rotated = space.erase_from_copies(SECRET, "tap", PROOF, keystore=phone)
    assert rotated.level is None and before < set(phone.keys)
    space.close()
    phone.raises = {}
    HealthSpace.open(file, SECRET, keystore=phone).close()
    assert phone.keys and not before & set(phone.keys)


@pytest.mark.parametrize("call", ["kind", "create_key", "wrap", "unwrap"])
def test_what_it_raises_is_an_error_without_its_text(tmp_path: pathlib.Path, call: str) -> None:
    file, phone = tmp_path / "me.hs", Phone()
    raised: list[tuple[Exception, type[Exception]]] = [
        (errors.NotFound("LDL 3.1"), errors.NotFound),
        (errors.CannotOpen("LDL 3.1"), errors.CannotOpen),
        (errors.Denied("LDL 3.1"), errors.Io),
        (ValueError("LDL 3.1"), errors.Io),
    ]
    for error, wanted in raised:
        phone.raises = {call: error}
        with pytest.raises(wanted) as told:
            HealthSpace.create(file, SECRET, keystore=phone)
        assert "LDL" not in repr(told.value) and told.value.__context__ is None and told.value.__cause__ is None
        assert not file.exists()
    # Ctrl-C is the person's.
    phone.raises = {call: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        HealthSpace.create(file, SECRET, keystore=phone)
    assert not file.exists()
    phone.raises = {}
    HealthSpace.create(file, SECRET, keystore=phone)[0].close()


def test_what_is_no_keystore_is_refused(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "me.hs"

    class Odd(Phone):
        def __init__(self, **answers: object) -> None:
            super().__init__()
            for call, answer in answers.items():
                setattr(self, call, lambda *_, answer=answer: answer)

    for nothing in (7, object(), Phone):
        with pytest.raises((TypeError, errors.Io)):
            HealthSpace.create(file, SECRET, keystore=nothing)  # type: ignore[arg-type]
    with pytest.raises(errors.Malformed):
        HealthSpace.create(file, SECRET, keystore=Odd(kind="paper"))
    cases: list[tuple[Odd, type[Exception]]] = [
        (Odd(kind=3), errors.Io),
        (Odd(create_key="name"), errors.Io),
        (Odd(create_key=b""), errors.NotFound),
        (Odd(create_key=bytes(257)), errors.NotFound),
        (Odd(wrap=None), errors.Io),
        (Odd(wrap=bytes(4097)), errors.KeyStore),
        (Odd(unwrap=[1, 2]), errors.Io),
        (Odd(unwrap=bytes(31)), errors.KeyStore),
        (Odd(unwrap=bytes(32)), errors.KeyStore),
    ]
    for odd, wanted in cases:
        with pytest.raises(wanted):
            HealthSpace.create(file, SECRET, keystore=odd)
        assert not file.exists() and not odd.keys
