"""Logs: lines to standard error, readable or as JSON, of this service and of its server.

No line holds personal texts, keys or parameters of questions. Of an exception are told its type,
where it was raised, and its message if that is of a kind that quotes nothing.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import get_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor

from service.operating.forms import Format, Level

OURS: Final = ("service", "projections", "domain")
"""Loggers that are told at the level wanted; of others warnings are told."""

REQUESTS: Final = "service.operating.requests"
"""The logger of the line of each request."""


def configure(form: Format, level: Level, *, requests: bool) -> None:
    """Have everything that is logged in this process go one way."""
    is_json = form is Format.JSON
    before: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _with_exception,
    ]
    written: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if is_json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            timestamp_key="time",
            exception_formatter=structlog.dev.plain_traceback,
        )
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, written],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wanted, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(wanted)
    logging.getLogger(REQUESTS).setLevel(logging.INFO if requests else logging.WARNING)
    logging.captureWarnings(True)


def request_id() -> str | None:
    """The id of the request that is being answered, if one is."""
    found: str | None = get_contextvars().get("request_id")
    return found


def _with_exception(_: Any, __: str, event: EventDict) -> MutableMapping[str, Any]:
    """Put the text of an exception in the place of the exception itself."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = "\n".join(told(error))
    return event


def told(error: BaseException) -> Iterator[str]:
    """An exception with those that led to it, the first of them first, without what they quote."""
    seen: list[BaseException] = []
    while error not in seen:
        seen.append(error)
        before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if before is None:
            break
        error = before
    for each in reversed(seen):
        yield "Traceback (most recent call last):"
        yield from "".join(traceback.format_tb(each.__traceback__)).splitlines()
        message = _message(each)
        yield f"{type(each).__qualname__}: {message}" if message else type(each).__qualname__
        if isinstance(each, BaseExceptionGroup):
            for one in each.exceptions:
                yield from (f"  | {line}" for line in told(one))


_QUOTING: Final = (ValueError, LookupError, AssertionError)
"""Exceptions whose messages quote what they are about, or may."""


def _message(error: BaseException) -> str:
    """The message of an exception as far as it quotes no value."""
    if isinstance(error, DBAPIError):  # its own text has the statement; parameters, if not hidden
        return _of_driver(error.orig) if error.orig is not None else ""
    if type(error).__module__.startswith("psycopg"):
        return _of_driver(error)
    if isinstance(error, _QUOTING) or type(error) is Exception:
        return ""
    return str(error)


def _of_driver(error: BaseException) -> str:
    """The first line: what follows may quote a row."""
    return str(error).partition("\n")[0]
