"""Forms: what log lines look like, and which there are."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """The form of log lines."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
