"""Kinds: the types of problems, which do not change, and what a client does about each."""

from __future__ import annotations

from typing import Final, NamedTuple

TYPES: Final = "urn:curule:problem:"
"""What the type of every problem begins with."""
PASSING: Final = (408, 429, 503)
"""Statuses of what passes: the same request may be sent again."""


class Kind(NamedTuple):
    """A type of problem: its stable name, HTTP status and title, and what to know of it."""

    name: str
    status: int
    title: str
    when: str
    """When it is told."""
    remedy: str
    """What a client does about it."""


MALFORMED = Kind(
    "malformed",
    422,
    "The request is malformed",
    "The JSON sent is not JSON, is nested too deep, names a member twice, or a field is missing, "
    "unknown or not as it should be. `errors` tells each place by its JSON pointer.",
    "Correct the request. Nothing was recorded.",
)
PARAMETER = Kind(
    "parameter",
    422,
    "A parameter is not as it should be",
    "A parameter is unknown, given twice, or its value is out of bounds (a `limit` above 500, a "
    "`cursor` that is none of ours). `errors` names each.",
    "Correct the parameter; `/docs` and the OpenAPI document tell which there are.",
)
HEADER = Kind(
    "header",
    400,
    "A header is not as it should be",
    "`Idempotency-Key` or `If-Match` is malformed, or cannot be given there. `errors` names it.",
    "Correct the header.",
)
KEY_REUSED = Kind(
    "key-reused",
    422,
    "The idempotency key is that of another decision",
    "A decision with other content was recorded with this `Idempotency-Key`; `decision` names it.",
    "Choose a new key for each decision.",
)
KEY_RUNNING = Kind(
    "key-running",
    409,
    "A request with this idempotency key is being answered",
    "The same `Idempotency-Key` came again before its first request was answered.",
    "Send it again after `Retry-After`: then it is told what came of the first.",
)
STALE = Kind(
    "stale",
    412,
    "More was recorded meanwhile, and nothing of this",
    "`If-Match` names another position than the newest one, which `newest` tells.",
    "Read what is new, and decide again.",
)
CLOCKS = Kind(
    "clocks",
    400,
    "Give recorded_at or position, not both",
    "Both name a point on the same clock.",
    "Leave one of them out.",
)
FUTURE = Kind(
    "future",
    422,
    "Nothing is recorded there yet",
    "`position` is beyond the newest entry, or `recorded_at` later than now.",
    "Ask for an earlier one; or with `min_position`, which waits.",
)
REFUSED = Kind(
    "refused",
    409,
    "The decision breaks rules, and nothing was recorded",
    "What the decision says cannot be, given what is recorded, or it bears the id of another. "
    "`violations` names each rule, the place in the request and the entries behind it.",
    "Correct the decision, or record first what it rests on. Sent again, it is judged anew.",
)
MOVED = Kind(
    "moved",
    503,
    "The ledger was too busy, and nothing was recorded",
    "What the decision rests on was changed by others each time that it was judged.",
    "Send it again.",
)
BEHIND = Kind(
    "behind",
    503,
    "The answer is not there yet",
    "The views are being built, or `min_position` is not recorded yet.",
    "Ask again after `Retry-After`.",
)
UNKNOWN_OUTCOME = Kind(
    "unknown-outcome",
    503,
    "Whether it was recorded is not known",
    "The database failed while a decision was being recorded.",
    "Send the same again, if it has an id: it is recorded once, and its first receipt returned.",
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "The database did not answer",
    "A question found the database gone or busy, or the vault locked.",
    "Ask again after `Retry-After`.",
)
FULL = Kind(
    "full",
    503,
    "There is no room on the disk",
    "The disk of a database is full; nothing was changed.",
    "Send the same again, if it has an id: it is recorded once. Reading goes on meanwhile.",
)
REWOUND = Kind(
    "rewound",
    503,
    "The log is not the one that was signed, and nothing was recorded",
    "The log has lost its end, by an older backup or a failover, or another was put in its place.",
    "Tell whoever runs the service: it signs nothing until the log is restored.",
)
NOT_FOUND = Kind(
    "not-found",
    404,
    "There is nothing here",
    "There is no such path, or what it names is not known at that basis.",
    "Look at the path, and at the day and the position that were asked for.",
)
UNAUTHENTICATED = Kind(
    "unauthenticated",
    401,
    "It is not known who asks",
    "No key was shown where one is needed, or one that is none or no longer works.",
    "Send `Authorization: Bearer …` with a key; whoever runs the service makes them.",
)
FORBIDDEN = Kind(
    "forbidden",
    403,
    "That is not for this key to do, and nothing was changed",
    "The key is of another role, or reaches no further than a body. `violations`, if there are "
    "any, tell what lies beyond it.",
    "Use another key, or have somebody do it who may.",
)
METHOD = Kind(
    "method-not-allowed",
    405,
    "That cannot be done here",
    "The path has other methods; `Allow` names them.",
    "Use one of them. What is recorded is neither changed nor deleted.",
)
NOT_ACCEPTABLE = Kind(
    "not-acceptable",
    406,
    "It does not come in a form that is accepted",
    "The `Accept` header excludes the media type of the answer.",
    "Accept it: `application/json` mostly; or leave the header out.",
)
LATE = Kind(
    "late",
    408,
    "The request took too long to arrive",
    "Its head, or its body, was not there in time. Nothing of it was recorded; of a stream, the "
    "lines before may be.",
    "Send it again, at once and as a whole.",
)
TOO_LARGE = Kind(
    "too-large",
    413,
    "The request is too large",
    "Its body has more bytes than the service takes.",
    "Split it: large histories are many decisions.",
)
MEDIA = Kind(
    "media-type",
    415,
    "Send application/json",
    "The body is of another type, compressed, or not in UTF-8.",
    "Send JSON in UTF-8, with `Content-Type: application/json`.",
)
RATE = Kind(
    "rate-limit",
    429,
    "Too many requests",
    "The client has sent all the requests that `RateLimit-Policy` grants it for now.",
    "Wait for as many seconds as `Retry-After` says.",
)
HEAD_TOO_LARGE = Kind(
    "head-too-large",
    431,
    "The address and the headers are too large",
    "They have more bytes, or there are more headers, than the service takes.",
    "Shorten them.",
)
BUSY = Kind(
    "busy",
    503,
    "There are too many connections",
    "As many clients as the service takes are connected already.",
    "Come back after `Retry-After`, and keep one connection for many requests.",
)
TOOK_TOO_LONG = Kind(
    "took-too-long",
    503,
    "The answer took too long",
    "The question was interrupted after the time that an answer may take.",
    "Ask for less: of one root, a smaller page, a narrower filter; or later.",
)
ORIGIN = Kind(
    "origin",
    400,
    "Pages of that origin may not do that",
    "A browser asks (CORS) on behalf of a page whose origin, method or header is not allowed.",
    "Have whoever runs the service name the origin in `CURULE_CORS_ORIGINS`.",
)
NOT_HTTP = Kind(
    "not-http",
    400,
    "The request cannot be read",
    "What was sent is not HTTP, or contradicts itself.",
    "Correct the client.",
)
HTTP = Kind(
    "http",
    400,
    "The request was refused",
    "Something else is wrong with the request; its status tells what.",
    "Read `status` and `detail`.",
)
DEFECT = Kind(
    "defect",
    500,
    "The service failed",
    "There is a defect in the service; its log tells which.",
    "Tell whoever runs it. A decision sent with an id may be sent again: it is recorded once.",
)

KINDS = (
    MALFORMED,
    PARAMETER,
    HEADER,
    KEY_REUSED,
    KEY_RUNNING,
    STALE,
    CLOCKS,
    FUTURE,
    REFUSED,
    MOVED,
    BEHIND,
    UNKNOWN_OUTCOME,
    UNAVAILABLE,
    FULL,
    REWOUND,
    UNAUTHENTICATED,
    FORBIDDEN,
    TOOK_TOO_LONG,
    BUSY,
    RATE,
    NOT_FOUND,
    METHOD,
    NOT_ACCEPTABLE,
    MEDIA,
    TOO_LARGE,
    HEAD_TOO_LARGE,
    LATE,
    ORIGIN,
    NOT_HTTP,
    HTTP,
    DEFECT,
)
