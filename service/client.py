"""Speaking to the door: of a running service, or of one opened in this process for the occasion.

Either way it is HTTP, so there is one door and one set of errors.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from domain.access import LOCAL
from service.loopback import is_loopback
from service.recording.members import named_twice

if TYPE_CHECKING:
    from pydantic import SecretStr

    from projections.building import Tell
    from service.ledger import Ledger
    from service.log.log import Log
    from service.settings import Settings

PATIENCE: Final = httpx.Timeout(60, connect=5)
"""Seconds: a decision or an answer may take long, a connection may not."""

Building = Callable[[], AbstractContextManager["Tell"]]
"""Shows how views are built."""

_SPACE: Final = re.compile(r"\s*")


class Unanswered(Exception):
    """There is no answer, and why; `code` is the exit code that tells it."""

    def __init__(self, why: str, code: int = 3) -> None:
        super().__init__(why)
        self.code = code


@asynccontextmanager
async def door(
    url: str | None,
    *,
    existing: bool = False,
    building: Building | None = None,
    key: SecretStr | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service at `url`, else of the application over the ledger of the settings.

    A service is shown the key, or that of the settings. With `existing`, a ledger that is not there
    yet is not made. With `building`, which gives whom to tell of it, views that must be built are
    built first.

    Raises:
        Unanswered: there is no such service or ledger.
    """
    from service.settings import Settings

    if url is not None:
        try:
            host = httpx.URL(url).host
            async with httpx.AsyncClient(
                base_url=url,
                headers=_shown(Settings().key if key is None else key),
                timeout=PATIENCE,
                trust_env=not is_loopback(host),
            ) as client:
                yield client
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Unanswered(f"{url} is no address of a service: {error}", 2) from None
        except httpx.TransportError as error:
            why = str(error) or type(error).__name__
            raise Unanswered(f"the service at {url} does not answer: {why}") from None
        return
    from service.api import application

    settings = Settings()
    if existing:
        expect(settings)
    ledger = opened(settings)
    newest = ledger.log.newest()
    if building is not None and ledger.follower.must_build(newest):
        with building() as tell:
            ledger.follower.step(newest, tell=tell)
    app = application(lambda: ledger, anonymous=LOCAL)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://curule") as client:
            yield client


def _shown(key: SecretStr | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.get_secret_value()}"} if key is not None else {}


def opened(settings: Settings) -> Ledger:
    """The ledger of the settings.

    Raises:
        Unanswered: it cannot be opened; no address or key is told, they may hold secrets.
    """
    from service.ledger import Ledger

    with opening():
        return Ledger(settings)


def log(settings: Settings) -> Log:
    """The log of the settings alone, which is there already.

    Raises:
        Unanswered: it is not, or cannot be opened.
    """
    from service.log.log import Log

    expect(settings)
    with opening():
        return Log(settings.ledger)


def signed_log(settings: Settings) -> Log:
    """The log of the settings alone, which is there already, with its signer.

    Raises:
        Unanswered: it is not, or cannot be opened or signed.
    """
    from service.log.signing import signer

    found = log(settings)
    try:
        with opening():
            found.sign_with(signer(settings, found.verifier_key()))
    except BaseException:
        found.close()
        raise
    return found


@contextmanager
def vault(settings: Settings) -> Iterator[None]:
    """Work on the vault of the settings alone, which is there already.

    Raises:
        Unanswered: it is not, or cannot be opened.
    """
    expect(settings)
    with opening():
        yield


def expect(settings: Settings, code: int = 1) -> None:
    """Unanswered, with an exit code, if the ledger of the settings is not there."""
    if missing := _missing(settings):
        raise Unanswered(
            f"there is no ledger at {missing}: set CURULE_LEDGER and the rest, or --url", code
        )


@contextmanager
def opening() -> Iterator[None]:
    """Have it told in one sentence why a ledger cannot be opened."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from projections.views import NoViews
    from service.log.signing import LogLocked, LogRewound
    from service.schemas import SchemaDiffers
    from service.vault.master import VaultLocked

    try:
        yield
    except NoViews as error:
        raise Unanswered(str(error), 2) from None
    except SchemaDiffers as error:
        raise Unanswered(str(error)) from None
    except VaultLocked as error:
        raise Unanswered(f"the vault is locked: {error}") from None
    except (LogLocked, LogRewound) as error:
        raise Unanswered(f"the log cannot be signed: {error}") from None
    except (ArgumentError, ModuleNotFoundError):
        why = "CURULE_LEDGER and CURULE_VAULT are sqlite:///FILE or postgresql+psycopg://…"
        raise Unanswered(why, 2) from None
    except DBAPIError as error:
        why = f"a database does not open: {error.orig} (CURULE_LEDGER, CURULE_VAULT, CURULE_VIEWS)"
        raise Unanswered(why) from None


def _missing(settings: Settings) -> Path | None:
    """The file of a ledger in SQLite, if it is not there."""
    match re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)", settings.ledger):
        case re.Match() as found if found[1] != ":memory:" and not Path(found[1]).exists():
            return Path(found[1])
    return None


def text(file: str) -> str:
    """The text of a file, or of standard input where it is `-`.

    Raises:
        Unanswered: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise Unanswered(f"{file} cannot be read: {error.strerror}", 2) from None
    except UnicodeDecodeError as error:
        raise Unanswered(f"{file} is not UTF-8, at byte {error.start}", 2) from None


def decisions(text: str, file: str) -> Iterator[tuple[str, Any]]:
    """The decisions of a file, each with its place: one, a JSON array, or JSON Lines.

    Raises:
        Unanswered: the file is not JSON, line and column are told; or a member is named twice.
    """
    decoder, at, line, found = json.JSONDecoder(), 0, 1, 0
    try:
        while (start := _SPACE.match(text, at).end()) < len(text):  # type: ignore[union-attr]
            line += text.count("\n", at, start)
            value, at = decoder.raw_decode(text, start)
            if (twice := named_twice(text[start:at])) is not None:
                raise Unanswered(f"{file}, line {line}: {twice} is named twice", 2)
            if isinstance(value, list):
                yield from ((f"{file}, item {n}", item) for n, item in enumerate(value, 1))
            else:
                yield f"{file}, line {line}", value
            line += text.count("\n", start, at)
            found += 1
    except json.JSONDecodeError as error:
        where = f"{file}, line {error.lineno}, column {error.colno}"
        raise Unanswered(f"{where}: this is not JSON: {error.msg}", 2) from None
    except (ValueError, RecursionError) as error:
        raise Unanswered(f"{file}, line {line}: this cannot be read: {error}", 2) from None
    if not found:
        raise Unanswered(f"{file} holds no decision", 2)


async def listed(url: str | None, path: str, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Every item of a list, page by page.

    Raises:
        Unanswered: it is not answered.
    """
    found: list[dict[str, Any]] = []
    async with door(url, existing=True) as service:
        response = await service.get(path, params=parameters)
        while True:
            code, lines = told(response, path) if not response.is_success else (0, [])
            if code:
                raise Unanswered("\n".join(lines), code)
            found += answered(response)[name]
            if "next" not in response.links:
                return found
            response = await service.get(response.links["next"]["url"])


async def post(
    service: httpx.AsyncClient, decision: Any, *, dry_run: bool = False
) -> httpx.Response:
    """Post one decision."""
    return await service.post(
        "/v1/decisions",
        params={"dry_run": "true"} if dry_run else None,
        content=json.dumps(decision).encode("ascii"),
        headers={"Content-Type": "application/json"},
    )


async def post_in_bulk(
    service: httpx.AsyncClient, decisions: Sequence[Any], *, stop: bool
) -> list[tuple[int, dict[str, Any]]]:
    """Post decisions in their order in one request, and give status and content of each answer.

    There may be fewer answers if the last of them is a problem. One with the whole request is one
    with each.

    Raises:
        Unanswered: it is no answer of Curule.
    """
    lines = [json.dumps(each).encode("ascii") + b"\n" for each in decisions]
    response = await service.post(
        "/v1/decisions",
        params={"stop": "true"} if stop else None,
        content=b"".join(lines),
        headers={"Content-Type": "application/jsonl"},
    )
    if response.status_code != 200:
        return [(response.status_code, answered(response))] * len(lines)
    answers = [_of_line(response, line) for line in response.content.splitlines()]
    if len(answers) != len(lines) and not (answers and answers[-1][0] >= 400):
        raise _stranger(response)
    return answers


def _of_line(response: httpx.Response, line: bytes) -> tuple[int, dict[str, Any]]:
    """The status and the content of an answer in a line, without what it says of the line."""
    try:
        answer = json.loads(line)
        del answer["line"]
        created = answer.pop("created", None)
        return 201 if created else 200 if created is not None else answer["status"], answer
    except (ValueError, TypeError, KeyError):
        raise _stranger(response) from None


def told(response: httpx.Response, asked: str) -> tuple[int, list[str]]:
    """An answer as an exit code and lines to print: what was done, or what is wrong with `asked`.

    Raises:
        Unanswered: it is no answer of Curule.
    """
    lines = told_of(response.status_code, answered(response), asked)
    if lines is None:
        raise _stranger(response)
    return lines


def told_of(status: int, answer: Mapping[str, Any], asked: str) -> tuple[int, list[str]] | None:
    """The same of the status and the content of an answer; None if it is none of Curule's."""
    match status, answer:
        case 200, {"accepted": False}:
            return 1, [f"{asked}: would be refused", *_broken(answer)]
        case 200, {"accepted": True}:
            return 0, [f"{asked}: would be accepted", *_broken(answer)]
        case 200 | 201, {"decision": decision, "ids": ids, "texts": texts}:
            known_as = f" (also {', '.join(ids[1:])})" if len(ids) > 1 else ""
            number = "1 text" if texts == 1 else f"{texts} texts"
            already = "already " if status == 200 else ""
            where = f"decision {decision} at position {answer.get('position')}"
            return 0, [f"{already}erased {ids[0]}{known_as}: {number}, {where}"]
        case 200 | 201, {"decision": decision, "entries": entries}:
            number = "1 act" if len(entries) == 1 else f"{len(entries)} acts"
            already = "already " if status == 200 else ""
            position = answer.get("position")
            return 0, [f"{already}recorded {decision} at position {position}, {number}"]
        case 200, {"basis": _, "bodies": _} | {"from": _, "to": _, "changes": _}:
            return 0, []
        case _, {"type": str(kind)} if kind.startswith("urn:curule:problem:"):
            return _problem(status, answer, asked)
    return None


def _problem(status: int, answer: Mapping[str, Any], asked: str) -> tuple[int, list[str]]:
    lines = list(_broken(answer))
    detail = "" if lines else f": {answer.get('detail')}"
    if status == 401:
        lines.append("  CURULE_KEY is the key that these commands show")
    return _exit_code(status), [f"{asked}: {answer.get('title')}{detail}", *lines]


def answered(response: httpx.Response) -> dict[str, Any]:
    """The JSON object that the service answered.

    Raises:
        Unanswered: it is no answer of Curule.
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _stranger(response)
    return answer


def _stranger(response: httpx.Response) -> Unanswered:
    status = f"{response.status_code} {response.reason_phrase}".strip()
    return Unanswered(f"{response.url} does not answer as Curule does ({status})")


def _exit_code(status: int) -> int:
    """1: refused or not found; 2: malformed; 3: it cannot be done for now."""
    if status in (400, 405, 406, 413, 415, 422, 431):
        return 2
    return 1 if 400 <= status < 500 and status not in (408, 429) else 3


def _subject(finding: Mapping[str, Any]) -> str:
    """What a finding is about."""
    subject = finding.get("subject", {})
    return " ".join(str(subject[each]) for each in ("kind", "id") if each in subject)


def _broken(answer: Mapping[str, Any]) -> Iterator[str]:
    """A line for each rule broken, or for each field or parameter that is wrong."""
    for kind in ("violations", "errors", "findings"):
        for each in answer.get(kind, ()):
            place = each.get("pointer", each.get("parameter")) or _subject(each) or "the whole"
            rule = f"{each['rule']}: " if "rule" in each else ""
            behind = ", ".join(str(position) for position in each.get("because", ()))
            positions = f" (see position {behind})" if behind else ""
            note = "finding, " if kind == "findings" else ""
            yield f"  {note}{place}: {rule}{each['message']}{positions}"
