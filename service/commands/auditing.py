"""The commands with which a ledger is verified, and copied for others to verify."""

from __future__ import annotations

import json as _json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service import client
from service.client import Unanswered
from service.terminal.terminal import building, by_example, errors, output, say

if TYPE_CHECKING:
    from domain.transparency.checkpoints import Checkpoint
    from service.log.signing import Verifier
    from service.verifying import Verdict

SHOWN = 20
"""Faults that are printed one by one."""

Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="VKEY",
        help="The log's verifier key, or a file with it; else the one that the log states.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")]

app = typer.Typer()


@app.command(
    epilog=by_example(
        "curule verify",
        "curule verify --key log.vkey --since kept.checkpoint   only what is new since",
        "curule verify --receipt receipt.json --key log.vkey    offline: is it in the log?",
        "curule verify --bundle bundle.zip --key log.vkey       offline: is the bundle whole?",
        "curule verify --json | jq '.faults[0]'",
    ),
)
def verify(
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="CHECKPOINT",
            help="A file with a checkpoint of a log that was verified: only what is new is read.",
        ),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Verify a receipt, without the ledger."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help="Verify a bundle, without the ledger."),
    ] = None,
    key: Key = None,
    log_only: Annotated[
        bool, typer.Option("--log-only", help="Only the log: neither the vault nor the views.")
    ] = False,
    json: Json = False,
) -> None:
    """Verify that nothing in the ledger was altered, removed, inserted or moved.

    Every entry against its place and its leaf, the tree against the entries, every checkpoint
    against the tree, every text in the vault against its commitment, and the views against others
    that are built anew. The first entry with which something is wrong is named first. Nothing is
    changed. Exit codes: 0 whole, 1 something is wrong, 2 wrong usage, 3 it cannot be verified.

    A log that was cut, or written anew and signed anew, agrees with itself: only what was signed
    before and kept elsewhere tells. So keep checkpoints (GET /log/checkpoint) and give one with
    --since.
    """
    if receipt is not None and (bundle is not None or since is not None):
        raise Unanswered("give --receipt alone", 2)
    if receipt is not None:
        verdict = _receipt(receipt, key)
    elif bundle is not None:
        verdict = _bundle(bundle, key, since)
    else:
        verdict = _ledger(key, since, log_only=log_only)
    _tell(verdict, json=json)
    raise typer.Exit(1 if verdict.faults else 0)


@app.command(
    epilog=by_example(
        "curule export --to bundle.zip",
        "curule export --to as-of-42.zip --position 42",
        "curule export --to ours.zip --disclosures      with names and free text in clear",
    ),
)
def export(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The bundle to write, a zip.")],
    position: Annotated[
        int | None,
        typer.Option("--position", metavar="N", min=0, help="Only entries up to this position."),
    ] = None,
    disclosures: Annotated[
        bool, typer.Option("--disclosures", help="With the texts of the vault in clear.")
    ] = False,
) -> None:
    """Write an audit bundle: the log, its tree, its checkpoint, and a verifier to verify them with.

    Whoever gets it needs Python alone: python3 verify.py, in the unpacked folder. Names of persons
    and free text are in it as commitments, unless --disclosures is given.
    """
    from service.bundle.exporting import export as exporting
    from service.settings import Settings

    settings = Settings()
    client.expect(settings)
    with closing(client.opened(settings)) as ledger, building() as tell:
        try:
            made = exporting(ledger, to, position, disclosures=disclosures, tell=tell)
        except ValueError as error:
            raise Unanswered(str(error), 2) from None
        except OSError as error:
            raise Unanswered(f"{to} cannot be written: {error.strerror}") from None
    texts = f", {made.disclosures:,} texts in clear" if disclosures else ""
    say(output(), f"{to}: {made.entries:,} entries{texts}; checkpoint of size {made.size:,}")
    say(output(), f"root {made.root}")


@app.command(
    "import",
    epilog=by_example(
        "curule import --bundle bundle.zip --key log.vkey",
        "CURULE_LEDGER=sqlite:///copy.db CURULE_VAULT=sqlite:///copy-vault.db"
        " CURULE_VIEWS=copy-views.db curule import --bundle bundle.zip",
    ),
)
def import_(
    bundle: Annotated[Path, typer.Option("--bundle", metavar="FILE", help="A bundle.")],
    key: Key = None,
) -> None:
    """Make a ledger of a bundle: the same entries, and so the same root.

    The bundle is verified first. The ledger of the settings must be empty; interrupted, run it
    again, and it goes on. Texts come with the bundle only if it has them in clear. The new ledger
    signs with a key of its own.
    """
    from service.bundle.importing import NotEmpty, import_bundle
    from service.bundle.verify import Bundle, NoBundle
    from service.bundle.verify import verify as verifying
    from service.log.appends import LogMoved
    from service.settings import Settings

    try:
        with building() as tell:
            text = _key(key) if key else None
            found = verifying(str(bundle), text, tell=lambda *of: tell("verifying", *of))
            if found.faults:
                position, what = found.faults[0]
                raise Unanswered(f"the bundle is not whole: position {position}: {what}", 1)
            with client.opening():
                root = import_bundle(Bundle(str(bundle)), found, Settings(), tell)
    except NoBundle as error:
        raise Unanswered(str(error), 2) from None
    except (NotEmpty, LogMoved) as error:
        raise Unanswered(f"nothing is imported: {error}", 1) from None
    say(output(), f"{found.entries:,} entries imported, {found.disclosures:,} texts; root {root}")
    if not found.disclosures:
        say(
            errors(),
            "The bundle holds no texts: answers show null in their place. Verify with --log-only.",
        )


def _ledger(key: str | None, since: Path | None, *, log_only: bool) -> Verdict:
    from service.log.stored import Stored
    from service.settings import Settings
    from service.verifying import CannotVerify, Trusted
    from service.verifying.ledger import verify_ledger

    settings = Settings()
    client.expect(settings, 3)
    try:
        with client.opening():
            with closing(Stored(settings.ledger)) as stored:
                stored.expect()
                text = _key(key) if key else stored.verifier_key()
            verifier = _verifier(text) if text else None
            retained = _checkpoint(since, verifier) if since else None
            trusted = Trusted(verifier.key if verifier else None, retained)
            with building() as tell:
                return verify_ledger(settings, trusted, tell, log_only=log_only)
    except CannotVerify as error:
        raise Unanswered(f"this cannot be verified: {error}") from None


def _receipt(file: Path, key: str | None) -> Verdict:
    from service.verifying import CannotVerify
    from service.verifying.receipts import verify_receipt

    try:
        return verify_receipt(
            client.text(str(file)), _verifier(_key(key) if key else _stated_key())
        )
    except CannotVerify as error:
        raise Unanswered(f"{file}: {error}", 2) from None


def _bundle(file: Path, key: str | None, since: Path | None) -> Verdict:
    from domain.verification.faults import Faults
    from service.bundle.verify import NoBundle
    from service.bundle.verify import verify as verifying
    from service.verifying import Verdict

    try:
        with building() as tell:
            found = verifying(
                str(file),
                _key(key) if key else None,
                client.text(str(since)) if since else None,
                lambda *of: tell("reading entries", *of),
            )
    except NoBundle as error:
        raise Unanswered(f"this cannot be verified: {error}") from None
    faults = Faults()
    for fault in found.faults:
        faults.add(*fault)
    size, root = found.checkpoint.size, found.checkpoint.root.hex()
    checked = {"entries": found.entries, "texts": found.disclosures}
    left = [] if key else ["key: the bundle's own was taken; give --key with one from elsewhere"]
    if found.entries < size:
        left.append(f"entries {found.entries + 1}-{size}: only their hashes are in the bundle")
    return Verdict(size, 0, root, checked, left, faults)


def _tell(verdict: Verdict, *, json: bool) -> None:
    faults = verdict.faults
    if json:
        stated = {
            "whole": not faults,
            "size": verdict.size,
            "since": verdict.since,
            "root": verdict.root or None,
            "checked": verdict.checked,
            "left": verdict.left,
            "faults": [{"position": at or None, "what": what} for at, what in faults],
        }
        sys.stdout.write(_json.dumps(stated, ensure_ascii=False) + "\n")
        return
    out = output()
    for at, what in faults[:SHOWN]:
        say(out, f"position {at}: {what}" if at else what)
    if len(faults) > SHOWN:
        say(out, f"and {len(faults) - SHOWN:,} more")
    for each in verdict.left:
        say(out, f"not verified: {each}")
    seen = ", ".join(f"{number:,} {what}" for what, number in verdict.checked.items() if number)
    since = f" since {verdict.since:,}" if verdict.since else ""
    result = "SOMETHING IS WRONG" if faults else "Whole"
    say(out, f"{result}: {verdict.size:,} entries{since}; verified: {seen or 'nothing'}")
    if verdict.root:
        say(out, f"root {verdict.root}")


def _stated_key() -> str:
    """The verifier key that the ledger of the settings states."""
    from service.log.stored import Stored
    from service.settings import Settings

    settings = Settings()
    try:
        client.expect(settings)
    except Unanswered:
        raise Unanswered("give --key: there is no ledger here that states one", 2) from None
    with client.opening(), closing(Stored(settings.ledger)) as stored:
        if text := stored.verifier_key():
            return text
    raise Unanswered("this ledger states no verifier key: give --key")


def _key(given: str) -> str:
    """A verifier key, or what is in the file that it names."""
    return given if "+" in given else client.text(given).strip()


def _verifier(text: str) -> Verifier:
    from domain.transparency.notes import VerifierKey
    from service.log.signing import NotSigned, Verifier

    try:
        return Verifier(VerifierKey.read(text))
    except (ValueError, NotSigned) as error:
        raise Unanswered(f"--key: {error}", 2) from None


def _checkpoint(file: Path, verifier: Verifier | None) -> Checkpoint:
    from service.log.signing import NotSigned

    if verifier is None:
        raise Unanswered("this log states no verifier key: give --key", 2)
    try:
        return verifier.opened(client.text(str(file)))
    except NotSigned as error:
        raise Unanswered(f"{file}: {error}", 2) from None
