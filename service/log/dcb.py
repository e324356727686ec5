"""The log as the `eventsourcing` library knows one: no other file imports that library.

Its recorders append events on condition that no others match a query, read them, and follow them.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Sequence

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.dcb.popo import SimpleDCBReadResponse
from eventsourcing.persistence import IntegrityError, ProgrammingError

from service.log.appends import Append, Condition, Draft, LogMoved, Sealed
from service.log.tables import Query


class DcbLog(DCBRecorder):
    """What the library expects of a recorder, by means of what every log does."""

    @abstractmethod
    def record(self, append: Append) -> tuple[Sealed, ...]:
        """Store an append and return its entries."""

    @abstractmethod
    def newest(self) -> int:
        """The newest position; 0 when the log is empty."""

    @abstractmethod
    def matching(
        self, query: Query, after: int, until: int | None, limit: int | None
    ) -> list[Sealed]:
        """Entries that match an item of the query, or all if it has none."""

    @abstractmethod
    def wait(
        self, after: int, timeout: float, *, stopped: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until the newest position is beyond another, or until stopped or closed."""

    @abstractmethod
    def wake(self) -> None:
        """Have every `wait` look whether it is stopped."""

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it was closed."""

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """The events that match; the response's head is the log's, or with a limit theirs."""
        head = self.newest()
        events = self.events(query, after or 0, head, limit)
        if limit is not None:
            head = events[-1].position if events else 0
        return SimpleDCBReadResponse(iter(events), head or None)

    def events(
        self, query: DCBQuery | None, after: int, until: int, limit: int | None
    ) -> list[DCBSequencedEvent]:
        """The events that match at positions in (after, until], in ascending order."""
        return [
            DCBSequencedEvent(DCBEvent(one.type, one.entry, list(one.tags)), one.position)
            for one in self.matching(_items(query), after, until, limit)
        ]

    def append(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """Append events and return the last one's position.

        Raises IntegrityError if the condition fails, ProgrammingError if there are no events.
        """
        if not events:
            raise ProgrammingError("no events to append")
        drafts = tuple(Draft(one.type, tuple(one.tags), one.data) for one in events)
        if condition is None:
            return self.record(Append(drafts))[-1].position
        items = _items(condition.fail_if_events_match) or [((), ())]
        after = condition.after or 0
        # Of several tags a read set takes the first: where that is too wide, look before and retry.
        exact = all(len(tags) < 2 for tags, _ in items)
        reads = frozenset((tags[0] if tags else "", frozenset(types)) for tags, types in items)
        while True:
            if not exact:
                seen = self.newest()
                if self.matching(items, after, seen, 1):
                    raise IntegrityError(condition)
                after = max(after, seen)
            try:
                return self.record(Append(drafts, Condition(reads, after)))[-1].position
            except LogMoved:
                if exact:
                    raise IntegrityError(condition) from None

    def subscribe(
        self, query: DCBQuery | None = None, *, after: int | None = None
    ) -> LogSubscription:
        """The events that match, and then each as it is recorded, until stopped or closed."""
        return LogSubscription(self, query, after)


def _items(query: DCBQuery | None) -> list[tuple[Sequence[str], Collection[str]]]:
    return [(item.tags, item.types) for item in query.items] if query is not None else []


class LogSubscription(DCBSubscription[DcbLog]):
    """An iterator that waits for what comes; any thread may stop it."""

    def __init__(self, log: DcbLog, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(log, query, after)
        self._log = log
        self._pulled: deque[DCBSequencedEvent] = deque()

    def __next__(self) -> DCBSequencedEvent:
        while not (self._has_been_stopped or self._log.closed):
            if self._pulled:
                return self._pulled.popleft()
            head = self._log.newest()
            self._pulled.extend(self._log.events(self._query, self._last_position, head, 500))
            if self._pulled:
                self._last_position = self._pulled[-1].position
            else:
                self._log.wait(head, 60, stopped=lambda: self._has_been_stopped)
        raise StopIteration

    def stop(self) -> None:
        """End the iteration, now if it is waiting."""
        super().stop()
        self._log.wake()
