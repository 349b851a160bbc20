"""A person's health data in a sealed space of its own: released only under a recorded consent,
labelled so that it is not trained on, and cited when an answer builds on it."""

from . import errors
from ._native import (
    VERSION as __version__,
    Citation,
    ConsentRequest,
    Context,
    Grant,
    GrantInfo,
    HealthSpace,
    Recipient,
    RecoveryCode,
    Report,
    Session,
    TypeCount,
)
from .errors import Denied, FlowDenied, HealthspaceError

__all__ = [
    "Citation",
    "ConsentRequest",
    "Context",
    "Denied",
    "FlowDenied",
    "Grant",
    "GrantInfo",
    "HealthSpace",
    "HealthspaceError",
    "Recipient",
    "RecoveryCode",
    "Report",
    "Session",
    "TypeCount",
    "__version__",
    "errors",
]
