"""Why a decision was not recorded, or why there is no answer."""

from __future__ import annotations

import logging

from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as Crowded

from domain.jurisdiction import JURISDICTION
from projections.views import is_full
from service.content import plain
from service.log.signing import LogRewound
from service.problems.documents import LISTED, problem
from service.problems.kinds import (
    DEFECT,
    FORBIDDEN,
    FULL,
    KEY_REUSED,
    MOVED,
    REFUSED,
    REWOUND,
    STALE,
    UNAVAILABLE,
    UNKNOWN_OUTCOME,
)
from service.recording.recorder import KeyReused, Refusal, Stale, Unsettled
from service.recording.writer import OutOfTime
from service.vault.master import VaultLocked

logger = logging.getLogger(__name__)


def refused(refusal: Refusal) -> Response:
    """409: the rules broken, each with the place in the request and the entries behind it.

    403 if one of them is that it is not for this key to record.
    """
    violations = plain(refusal.violations[:LISTED])
    count = len(refusal.violations)
    detail = violations[0]["message"] if count == 1 else f"{count} rules are broken"
    if count > LISTED:
        detail += f"; the first {LISTED} are listed"
    is_forbidden = any(each.rule in JURISDICTION for each in refusal.violations)
    return problem(FORBIDDEN if is_forbidden else REFUSED, detail, violations=violations)


def unrecorded(answer: Refusal | Unsettled | KeyReused | Stale) -> Response:
    """Why a decision was not recorded."""
    match answer:
        case Refusal():
            return refused(answer)
        case Unsettled():
            return moved(answer)
        case KeyReused():
            detail = f"It was sent with decision {answer.decision}, which has other content."
            return problem(KEY_REUSED, detail, decision=answer.decision)
        case Stale():
            return stale(answer.newest)


def stale(newest: int) -> Response:
    """412: what was built on is no longer all."""
    return problem(STALE, f"The newest position is {newest}.", newest=newest)


def unanswered(failure: Exception, *, records: bool) -> Response:
    """Why there is no answer, of whoever asked or (`records`) recorded.

    What nobody foresaw is logged.
    """
    match failure:
        case LogRewound():
            return problem(REWOUND, str(failure))
        case VaultLocked():
            return problem(UNAVAILABLE, f"The vault is locked: {failure}.")
        case DBAPIError() if _is_full(failure):
            return problem(FULL, f"{_AGAIN} Reading goes on.")
        case DBAPIError() | Crowded() | OutOfTime() if records:
            return problem(UNKNOWN_OUTCOME, f"The database did not answer as it should. {_AGAIN}")
        case DBAPIError() | Crowded() | OutOfTime():
            return problem(UNAVAILABLE, "Ask again.")
    logger.error("recording failed", exc_info=failure)
    return problem(DEFECT, "The service failed; its log says why.")


_AGAIN = "A decision sent with an id or an idempotency key may be sent again: it is recorded once."


def _is_full(error: DBAPIError) -> bool:
    """Whether a database says that its disk is full, in which case it has changed nothing."""
    return is_full(error.orig) or getattr(error.orig, "sqlstate", None) == "53100"


def moved(unsettled: Unsettled) -> Response:
    """503: nothing was recorded; the same request may be sent again."""
    detail = "What the decision rests on kept changing. Nothing was recorded; send it again."
    return problem(MOVED, detail, decision=unsettled.decision)
