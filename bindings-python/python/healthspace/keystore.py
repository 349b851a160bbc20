"""What a keystore of the host has to have."""

from __future__ import annotations

from typing import Literal, Protocol


class DeviceKeyStore(Protocol):
    """Any object with these methods, over what its platform has (a TPM, a keychain, a service of the system).

    It is asked within calls that were given it, by their thread. It raises `errors.NotFound` for a key that it
    does not have and `errors.CannotOpen` for bytes that are not this key's; whatever else it raises comes out as
    `errors.Io`, without its text. Secrets are 32 random bytes: neither they nor names belong in a log.
    """

    def create_key(self) -> bytes:
        """Makes a key that stays in the keystore: its name, 1 to 256 bytes that are no secret."""
        ...

    def wrap(self, key: bytes, secret: bytearray) -> bytes:
        """Encrypts 32 bytes under a key, authenticated: 1 to 4,096 bytes. `secret` is overwritten afterwards."""
        ...

    def unwrap(self, key: bytes, wrapped: bytes) -> bytes | bytearray:
        """Decrypts what `wrap` gave."""
        ...

    def destroy_key(self, key: bytes) -> tuple[bool, bytes]:
        """Destroys a key for good, and says the same of one that is not there: whether no backup and no image of
        the device brings it back, and what the keystore attests (may be empty; the log keeps its hash). It is asked
        afterwards to wrap something under the key: only `errors.NotFound` shows that it is gone."""
        ...

    def kind(self) -> Literal["software", "os", "hardware"]:
        """Where it keeps its keys. Asked once in a call."""
        ...
