"""The command `curule witness`: what others are asked to state of the log."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from service import client
from service.client import Unanswered
from service.terminal.terminal import by_example, errors, output, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.log.cosigning import Witness
    from service.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Witnesses of the log, who cosign its checkpoints.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _witness() -> None:
    """Witnesses of the log, who cosign its checkpoints."""


@app.command(
    epilog=by_example(
        "curule witness push https://witness.example/w1#witness.example/w1+c3b1ec6f+BJxF…",
        "CURULE_WITNESSES='URL#VERIFIERKEY URL#VERIFIERKEY' curule witness push",
        "curule witness push https://witness.example/w1   its key is in CURULE_WITNESSES",
        "curl http://127.0.0.1:8000/log/checkpoint?cosignatures=1",
    )
)
def push(
    asked: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[URL#VERIFIERKEY]...",
            help="Where a witness takes checkpoints, and the key that verifies its cosignatures;"
            " default: all of CURULE_WITNESSES.",
        ),
    ] = None,
) -> None:
    """Have witnesses cosign the newest checkpoint, and keep their cosignatures.

    A witness (C2SP tlog-witness) cosigns what continues all that it has cosigned before. It must
    have been given the log's verifier key (curule keys log). Its cosignatures are served with the
    checkpoint from then on. One that is wrong, or by another key, is refused.

    Exit codes: 0 all have cosigned; 1 one has refused, or was refused; 2 wrong usage; 3 one does
    not answer, or not as a witness does.
    """
    from service.log.cosigning import REFUSED, Cosigning, Uncosigned
    from service.log.publication import Publication
    from service.settings import Settings

    settings = Settings()
    found = of(settings, asked or [])
    if not found:
        raise Unanswered("which witnesses? Name them, or set CURULE_WITNESSES", 2)
    codes: set[int] = set()
    with closing(client.signed_log(settings)) as log:
        outcomes = asyncio.run(Cosigning(log, Publication(log)).push(found))
    for outcome in outcomes:
        if isinstance(outcome, Uncosigned):
            codes.add(outcome.code)
            say(errors(), f"curule: {outcome}")
        else:
            name, entries = outcome.witness.key.name, f"{outcome.size:,} entries"
            say(output(), f"{name} has cosigned the checkpoint of {entries}")
    raise typer.Exit(REFUSED if REFUSED in codes else max(codes, default=0))


def of(settings: Settings, asked: Sequence[str] = ()) -> list[Witness]:
    """The witnesses that are asked for, else all of the settings.

    Raises:
        Unanswered: one is not told well enough.
    """
    from service.log.cosigning import WitnessUnknown, witnesses

    try:
        known = witnesses((settings.witnesses or "").split())
    except WitnessUnknown as error:
        raise Unanswered(f"CURULE_WITNESSES: {error}", 2) from None
    try:
        return witnesses(asked, known) if asked else known
    except WitnessUnknown as error:
        raise Unanswered(str(error), 2) from None
