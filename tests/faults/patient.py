"""A service that waits for its database for ever: a negative control."""

from __future__ import annotations

from service import cli
from service.recording import writer
from service.stores import punctual
from service.stores.punctual import Punctual

if __name__ == "__main__":
    writer.PATIENCE = 3_600.0
    punctual.Punctual.wait = super(Punctual, Punctual).wait  # type: ignore[method-assign]
    cli.main()
