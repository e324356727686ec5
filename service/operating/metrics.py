"""Metrics: what a ledger's service has done, and how long it took, as Prometheus reads it.

Each ledger that is opened has metrics of its own, in a registry of its own. Every label has values
from a closed set: routes are templates, rules are those of the domain.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from service.release import release

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""The bounds between which times are counted."""

GROUPS: Final = (1, 2, 4, 8, 16, 32, 64, 128)
"""The bounds between which groups are counted."""

STORES: Final = ("log", "vault", "views")


class _Registry(CollectorRegistry):
    """A registry that does not tell when each series was begun: it would double their number."""

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        for metric in super().collect():
            metric.samples = [s for s in metric.samples if not s.name.endswith("_created")]
            yield metric


class Metrics:
    """What one ledger's service has done since it was opened."""

    def __init__(self) -> None:
        self.registry = registry = _Registry()
        Info("curule_build", "The release that runs.", registry=registry).info(
            {"version": release(), "python": platform.python_version()}
        )
        self._decisions = Counter(
            "curule_decisions", "Decisions answered.", ("outcome",), registry=registry
        )
        self._entries = Counter("curule_entries_recorded", "Entries recorded.", registry=registry)
        self._refusals = Counter(
            "curule_refusals",
            "Violations by which decisions were refused.",
            ("rule",),
            registry=registry,
        )
        self.moved = Counter(
            "curule_retries",
            "Times that a decision was judged again because the log moved.",
            registry=registry,
        )
        self._groups = Histogram(
            "curule_commit_decisions",
            "Decisions that shared a commit.",
            buckets=GROUPS,
            registry=registry,
        )
        self._commits = Histogram(
            "curule_commit_seconds",
            "Time to commit a group to the log.",
            buckets=SECONDS,
            registry=registry,
        )
        self._waiting = Histogram(
            "curule_views_wait_seconds",
            "Time that questions waited for the views.",
            buckets=SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "curule_database_errors", "Errors of the databases.", ("store",), registry=registry
        )
        self._requests = Counter(
            "curule_http_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=registry,
        )
        self._durations = Histogram(
            "curule_http_request_duration_seconds",
            "Time to answer a request, streams left out.",
            ("route", "method"),
            buckets=SECONDS,
            registry=registry,
        )
        self._refused = Counter(
            "curule_access_refused",
            "Requests refused for want of a key that may (401, 403).",
            ("status",),
            registry=registry,
        )
        self._limited = Counter(
            "curule_rate_limited",
            "Requests refused because there were too many (429).",
            registry=registry,
        )
        self.streams = Gauge("curule_stream_clients", "Streams that are open.", registry=registry)
        self._position = Gauge("curule_log_position", "The newest position.", registry=registry)
        self._lag = Gauge(
            "curule_views_lag_entries", "Entries that the views are behind.", registry=registry
        )
        self._ready = Gauge("curule_ready", "Whether the service is ready.", registry=registry)
        ProcessCollector(registry=registry)
        for store in STORES:
            self._errors.labels(store)
        for status in ("401", "403"):
            self._refused.labels(status)

    def recorded(self, entries: int) -> None:
        """A decision was recorded, with so many entries."""
        self._decisions.labels("recorded").inc()
        self._entries.inc(entries)

    def repeated(self) -> None:
        """A decision was answered with its first receipt."""
        self._decisions.labels("repeated").inc()

    def refused(self, rules: Iterator[str]) -> None:
        """A decision was refused by rules."""
        self._decisions.labels("refused").inc()
        for rule in rules:
            self._refusals.labels(rule).inc()

    def unrecorded(self, outcome: str) -> None:
        """A decision was not recorded, for another reason."""
        self._decisions.labels(outcome).inc()

    @contextmanager
    def committing(self, decisions: int) -> Iterator[None]:
        """A group is committed while it lasts."""
        began = time.perf_counter()
        yield
        self._commits.observe(time.perf_counter() - began)
        self._groups.observe(decisions)

    def waited(self, seconds: float) -> None:
        """A question has waited for the views."""
        self._waiting.observe(seconds)

    def failing(self, store: str) -> Callable[[object], None]:
        """What is to be called when a store's database fails."""
        errors = self._errors.labels(store)

        def failed(_: object) -> None:
            errors.inc()

        return failed

    def answered(self, route: str, method: str, status: str, seconds: float | None) -> None:
        """A request was answered; a stream in no time that would mean anything."""
        self._requests.labels(route, method, status).inc()
        if seconds is not None:
            self._durations.labels(route, method).observe(seconds)
        if status in ("401", "403"):
            self._refused.labels(status).inc()
        elif status == "429":
            self._limited.inc()

    def stands(self, position: int | None, lag: int | None, *, is_ready: bool) -> None:
        """How far log and views are, as far as they answer."""
        self._ready.set(is_ready)
        if position is not None:
            self._position.set(position)
        if lag is not None:
            self._lag.set(lag)

    def text(self) -> bytes:
        """Every metric in Prometheus's text format."""
        return generate_latest(self.registry)
