"""A service that does not look whether it has recorded what it is sent: a negative control."""

from __future__ import annotations

from typing import Any

from service import cli
from service.recording.recorder import Recorder


def forget(*_: Any) -> None:
    """Remember nothing."""


if __name__ == "__main__":
    Recorder._recorded_before = forget  # type: ignore[method-assign, assignment]
    cli.main()
