"""News: whoever waits is told when the log has grown, by this process or by another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy import Engine

from service.log.databases import Postgresql, Sqlite

logger = logging.getLogger(__name__)


class News:
    """The largest position that was seen, and a thread that looks for larger ones once asked to."""

    def __init__(
        self, engine: Engine, database: Sqlite | Postgresql, newest: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._database = database
        self._newest = newest
        self._grown = threading.Condition()  # guards the largest position seen, and the watcher
        self._seen = 0
        self._watcher: threading.Thread | None = None
        self._ended = threading.Event()

    def see(self, position: int) -> None:
        """Tell of a position that is recorded."""
        with self._grown:
            if position > self._seen:
                self._seen = position
                self._grown.notify_all()

    def wait(self, after: int, timeout: float, stopped: Callable[[], bool]) -> bool:
        """True as soon as there is a position beyond `after`; False after the timeout (seconds).

        False too if there are no more news, or `stopped()` when `wake` is called.
        """
        if self._seen <= after and not self.ended:
            self.see(self._newest())
        with self._grown:
            if self._watcher is None and self._seen <= after and not self.ended:
                self._watcher = threading.Thread(target=self._watch, name="log", daemon=True)
                self._watcher.start()
            self._grown.wait_for(lambda: self._seen > after or stopped() or self.ended, timeout)
            return self._seen > after

    def wake(self) -> None:
        """Have every `wait` look whether it is stopped."""
        with self._grown:
            self._grown.notify_all()

    @property
    def ended(self) -> bool:
        """Whether there are no more news."""
        return self._ended.is_set()

    def end(self) -> None:
        """End every `wait`, and look no more."""
        with self._grown:
            self._ended.set()
            self._grown.notify_all()
            watcher = self._watcher
        if watcher is not None:
            watcher.join()

    def _watch(self) -> None:
        while not self.ended:
            try:
                with self._engine.connect() as connection:
                    connection.detach()
                    driver = connection.connection.dbapi_connection
                    for hint in self._database.hints(driver, self._ended):
                        if hint is None or hint > self._seen:
                            self.see(self._newest())
            except Exception:
                logger.exception("the log cannot be watched; trying again")
                self._ended.wait(1)
