"""Small ledgers for tests: real log, vault and views, without HTTP."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import create_engine, text

from domain.access import LOCAL, Principal
from domain.answers import Body
from domain.decisions import Decision
from domain.entries import Entry, read
from projections.basis import basis_at
from projections.follower import Follower
from projections.structure import structure
from projections.views import Views
from service.builder import fetching
from service.ledger import Ledger
from service.recording.recorder import Answer, Receipt, Refusal, Sent
from service.settings import Settings

DECISION = TypeAdapter(Decision)
TESTER = replace(LOCAL, id="test")


def act(type_: str, effective: str | None = None, **fields: Any) -> dict[str, Any]:
    """An act as a client would post it."""
    return {"type": type_, **({"effective": effective} if effective else {}), **fields}


def decision(*acts: dict[str, Any], **envelope: Any) -> Decision:
    """A decision as a client would post it."""
    return DECISION.validate_json(json.dumps({**envelope, "acts": acts}))


def sent(decision: Decision, by: Principal = TESTER) -> Sent:
    """A decision as somebody sends it."""
    return Sent(decision, by)


@contextmanager
def ledger_in(directory: Path, log_url: str | None = None) -> Iterator[Ledger]:
    """A ledger with all its files in a directory, and its log elsewhere if told so."""
    ledger = Ledger(
        Settings(
            ledger=log_url or f"sqlite:///{directory / 'log.db'}",
            vault=f"sqlite:///{directory / 'vault.db'}",
            views=directory / "views.db",
        )
    )
    try:
        yield ledger
    finally:
        ledger.close()


def record(ledger: Ledger, *acts: dict[str, Any], **envelope: Any) -> Answer:
    """Record one decision."""
    (answer,) = ledger.recorder.record([sent(decision(*acts, **envelope))])
    return answer


def told(ledger: Ledger, *acts: dict[str, Any], **envelope: Any) -> Receipt:
    """Record one decision that nothing refuses."""
    answer = record(ledger, *acts, **envelope)
    assert isinstance(answer, Receipt), answer
    return answer


def refused(ledger: Ledger, *acts: dict[str, Any], **envelope: Any) -> set[tuple[str, str]]:
    """The rules that refuse a decision and where, having left no trace."""
    before = trace(ledger)
    answer = record(ledger, *acts, **envelope)
    assert isinstance(answer, Refusal), answer
    assert trace(ledger) == before
    for violation in answer.violations:
        assert violation.message
        assert all(1 <= each <= ledger.log.head()[0] for each in violation.because)
    return {(violation.rule, violation.pointer) for violation in answer.violations}


def trace(ledger: Ledger) -> tuple[Any, ...]:
    """Everything that recording changes: the log's head, the vault's rows, the views."""
    ledger.follow()
    vault = create_engine(ledger.vault._engine.url)
    with vault.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = [
            connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for (name,) in names
        ]
    vault.dispose()
    return (ledger.log.head(), rows, ledger.views.position())


def entries(ledger: Ledger) -> list[Entry]:
    """Every entry of the log."""
    return [read(one.entry) for one in ledger.log.entries()]


def rebuilt(ledger: Ledger) -> str:
    """The digest of the views when they have been built anew and swapped."""
    ledger.follower.build(lambda stage, done, of: None)
    return ledger.views.digest()


def followed(ledger: Ledger, batch: int) -> str:
    """The digest of other views that follow the log in batches of a size."""
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(Views(Path(directory) / "views.db")) as views,
    ):
        newest = ledger.log.head()[0]
        Follower(views, fetching(ledger.log), lambda: newest, batch=batch).follow(newest)
        return views.digest()


def projected(ledger: Ledger, day: int, position: int) -> Sequence[Body]:
    """The structure as the projections answer it."""
    ledger.follow()
    with ledger.views.reading() as connection:
        basis = basis_at(connection, day, position)
        answer = structure(connection, basis)
        assert answer == ledger.structure(connection, basis), "what is remembered is not so"
        return answer
