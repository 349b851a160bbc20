"""The exceptions: one class for each of the library's error codes.

No exception holds health data, a key, an id, a path or any text taken from input, so they may be
logged.
"""

from typing import ClassVar


class HealthspaceError(Exception):
    """Whatever the library can raise."""

    #: The stable number, the same in every language.
    code: ClassVar[int] = 0
    #: The stable name, the same in every language.
    name: ClassVar[str] = ""


class SpaceError(HealthspaceError):
    """1xx: the file, its keys, or the system it lies on."""


class NotPermitted(HealthspaceError):
    """2xx: consent, labels, clocks and whose data it is."""


class InputError(HealthspaceError):
    """3xx: what was to be imported, or an argument."""


class NotASpace(SpaceError):
    """The file is not a health space, or its tables are not the ones this library made."""

    code = 100
    name = "NotASpace"


class NeedsNewerLibrary(SpaceError):
    """Written by a newer version of the library."""

    code = 101
    name = "NeedsNewerLibrary"


class CannotOpen(SpaceError):
    """Wrong secret or damaged key slot: the two cannot be told apart, on purpose."""

    code = 102
    name = "CannotOpen"


class AlreadyExists(SpaceError):
    """The space exists already."""

    code = 103
    name = "AlreadyExists"


class Locked(SpaceError):
    """The handle is closed or locked."""

    code = 104
    name = "Locked"


class Busy(SpaceError):
    """Another process holds the write lock for longer than the wait allows."""

    code = 105
    name = "Busy"


class InUse(SpaceError):
    """The operation needs every other handle to be closed."""

    code = 106
    name = "InUse"


class Corrupt(SpaceError):
    """Authenticated data says one thing and the file another."""

    code = 107
    name = "Corrupt"


class RolledBack(SpaceError):
    """The file is older than what was seen before."""

    code = 108
    name = "RolledBack"


class Forked(SpaceError):
    """Two histories of one space."""

    code = 109
    name = "Forked"


class Rekeyed(SpaceError):
    """Keys were rotated by another handle; open again."""

    code = 110
    name = "Rekeyed"


class ForkedProcess(SpaceError):
    """The handle crossed a fork()."""

    code = 111
    name = "ForkedProcess"


class Io(SpaceError):
    """The operating system refused an input or output operation."""

    code = 112
    name = "Io"


class DiskFull(SpaceError):
    """The disk, a quota or the file system is full."""

    code = 113
    name = "DiskFull"


class Storage(SpaceError):
    """The storage engine failed; its result code, no text."""

    code = 114
    name = "Storage"


class Random(SpaceError):
    """The operating system's random generator failed."""

    code = 115
    name = "Random"


class AnchorMissing(SpaceError):
    """The space is anchored, and no anchor was given, or not the one that knows it."""

    code = 116
    name = "AnchorMissing"


class NotAnchored(SpaceError):
    """The change is durable, but the anchor did not take it: nothing was released, and what was
    changed stands. The next call tells the anchor again."""

    code = 117
    name = "NotAnchored"


class KeyStore(SpaceError):
    """The keystore did not give back what it was given."""

    code = 118
    name = "KeyStore"


class TwoWaysIn(SpaceError):
    """A space keeps two ways in, so that losing one loses nothing."""

    code = 119
    name = "TwoWaysIn"


class LevelUnavailable(SpaceError):
    """What this level of erasure rests on is not there: a keystore that holds the secret of the keys."""

    code = 120
    name = "LevelUnavailable"


class PreRelease(SpaceError):
    """Written before the format was final; its files are not read any more."""

    code = 121
    name = "PreRelease"


class NoSuchPartition(NotPermitted):
    """No partition of this name is open in this handle."""

    code = 200
    name = "NoSuchPartition"


class NotFound(NotPermitted):
    """No such grant, record, session or source, or it may not be seen: not told apart."""

    code = 201
    name = "NotFound"


class Denied(NotPermitted):
    """Refused. An outside caller does not learn whether data exists."""

    code = 202
    name = "Denied"


class FlowDenied(NotPermitted):
    """Health data, or what rests on it, may not flow to this partition or sink."""

    code = 203
    name = "FlowDenied"


class ClockBehind(NotPermitted):
    """The system clock is behind the ledger's last entry."""

    code = 204
    name = "ClockBehind"


class ClockAhead(NotPermitted):
    """An entry would be dated more than a day after the last one."""

    code = 205
    name = "ClockAhead"


class OtherSubject(NotPermitted):
    """The input is about another person than the space."""

    code = 206
    name = "OtherSubject"


class NeedsFullSlot(NotPermitted):
    """The operation needs a handle that was opened with a full slot for the whole space."""

    code = 207
    name = "NeedsFullSlot"


class Malformed(InputError):
    """The input is not what it claims to be."""

    code = 300
    name = "Malformed"


class TooLarge(InputError):
    """The input goes over a limit."""

    code = 301
    name = "TooLarge"


class InputChanged(InputError):
    """The input is not the one that the staged import began with."""

    code = 302
    name = "InputChanged"


class Cancelled(InputError):
    """The host asked to stop."""

    code = 303
    name = "Cancelled"


class InternalError(HealthspaceError):
    """A bug in this library; please report it with the number."""

    code = 900
    name = "Internal"
