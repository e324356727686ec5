"""The composition root: one ledger from its settings, with everything that it is made of."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from domain.amendments import amended, amendments
from domain.answers import Body, Finding
from domain.decisions import DecisionTaken
from domain.entries import Entry, read
from domain.questions.facts import Day, envelope_of
from domain.recording import Violation
from domain.register import without_retracted
from projections.basis import Basis, basis_at, basis_recorded
from projections.building import Tell
from projections.facts import Believed
from projections.findings import foreseen
from projections.follower import FOR_EVER, Follower
from projections.history import Remembered
from projections.memory import Memory as Remembering
from projections.structure import Structures
from projections.views import Views, is_full
from service.access.keys import Keys
from service.access.reads import Reads, reads_url
from service.access.uses import Uses
from service.asking.recall import Recall
from service.asking.search import Search
from service.builder import APART, build_apart, fetching
from service.content import Writing
from service.log.appends import Sealed, now_in_microseconds
from service.log.log import Log
from service.log.publication import Publication
from service.log.signing import signer
from service.operating.metrics import Metrics
from service.recording.memory import Memory
from service.recording.recorder import (
    Receipt,
    Recorder,
    Sent,
    curule_seal,
    receipt_again,
    recorded_as,
)
from service.settings import Settings
from service.vault.erasures import Erasures
from service.vault.master import master_key_of
from service.vault.vault import Vault


class Ledger:
    """A log, its vault and its views, opened together."""

    def __init__(self, settings: Settings) -> None:
        opening = master_key_of(settings)
        stores = (settings.ledger, settings.vault)
        self.metrics = Metrics()
        self._settings = settings
        self.is_local = all(make_url(url).get_backend_name() == "sqlite" for url in stores)
        with ExitStack() as opened:  # what was opened is closed if the rest cannot be
            self.log = opened.enter_context(closing(Log(settings.ledger, seal=curule_seal)))
            self.log.sign_with(signer(settings, self.log.verifier_key()))
            self.published = Publication(self.log)
            self.vault = opened.enter_context(closing(Vault(settings.vault, opening)))
            self.views = opened.enter_context(closing(Views(settings.views)))
            self.recorder = Recorder(
                self.log,
                self.published,
                self.vault,
                Memory(self.log),
                now_in_microseconds,
                self.metrics,
            )
            self.follower = Follower(self.views, fetching(self.log), self.log.newest)
            self.keys = Keys(self.log)
            self.keys.follow(self.log.newest())
            self.reads = opened.enter_context(closing(Reads(reads_url(settings))))
            self.reads.expect()
            self.uses = Uses(self.reads.used)
            self._remembered = Remembering()
            self.structures = Structures(self._remembered)
            self.writing = Writing()
            self.search = Search(self.names)
            self.erasures = Erasures(self.log, self.vault, self.search.forget)
            self.erasures.follow(self.log.newest())  # first of all: the vault may be a backup
            self._recall = Recall(self.log)
            self.log.on_error(self.metrics.failing("log"))
            self.vault.on_error(self.metrics.failing("vault"))
            self.views.on_error(self.metrics.failing("views"))
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close every connection; what was acknowledged is durable already."""
        with suppress(SQLAlchemyError):  # it is told to the minute or so
            self.uses.keep(at_once=True)
        self._opened.close()

    @property
    def origin(self) -> str:
        """The log's name for good."""
        return self.log.signer.verifier.name

    def newest(self) -> int:
        """The newest position of the log; from now on no other history of it is signed here.

        Raises:
            LogRewound: the log is another than the one that was signed.
        """
        newest = self.log.newest()
        self.log.heed(newest)
        return newest

    def follow(self, patience: float = FOR_EVER) -> int:
        """Bring the views up to the newest position of the log.

        Raises:
            ViewsBehind: they would not get there within the patience (seconds).
        """
        newest = self.newest()
        self.follower.follow(newest, patience)
        return newest

    def attend(self) -> None:
        """Heed what others have recorded of keys and erasures, and note when keys were used."""
        newest = self.newest()
        self.keys.follow(newest)  # first: no vault that is locked keeps a key working
        self.erasures.follow(newest)  # so that nobody's memory keeps what others erased
        self.uses.keep()

    def keep(self, tell: Tell, *, is_idle: bool) -> None:
        """Bring the views a batch nearer to the log if idle, or have them built if they must be.

        That may take minutes. Many are built apart: recording and answering go on meanwhile.
        """
        newest = self.newest()
        if is_idle or self.follower.must_build(newest):  # else recording goes first
            apart = partial(build_apart, self._settings) if newest >= APART else None
            self.follower.step(newest, tell=tell, apart=apart)

    @contextmanager
    def asking(
        self,
        day: int,
        *,
        position: int | None = None,
        recorded_at: int | None = None,
        patience: float = FOR_EVER,
    ) -> Iterator[tuple[Connection, Basis]]:
        """The views, brought up to the log as it is when asked, and the basis to answer at.

        Raises:
            ViewsBehind: they would not get there within the patience (seconds).
            TookTooLong: the answer is not there in the time that the settings give it.
        """
        newest = self.newest()
        self.erasures.follow(newest)
        while True:
            with self._views_at(newest, patience) as connection:
                if self.views.position(connection)[0] < newest:
                    continue  # views built meanwhile have taken their place, a little behind
                if recorded_at is not None:
                    yield connection, basis_recorded(connection, day, recorded_at)
                else:
                    at = newest if position is None else position
                    yield connection, basis_at(connection, day, at)
                return

    @contextmanager
    def _views_at(self, newest: int, patience: float) -> Iterator[Connection]:
        """The views, brought up to a position; where the disk is full, for this time only."""
        has_room, began = True, time.perf_counter()
        try:
            self.follower.follow(newest, patience)
        except DBAPIError as error:
            if not is_full(error.orig):
                raise
            has_room = False
        finally:
            self.metrics.waited(time.perf_counter() - began)
        how = (
            self.views.reading(self._settings.answer_seconds)
            if has_room
            else self.follower.unwritten(newest, patience)
        )
        with how as connection:
            yield connection

    def entries_of(self, decision: str) -> Sequence[Sealed]:
        """A decision's entries, envelope first; none if it is not recorded."""
        return [one for one, _ in recorded_as(decision, self.log)]

    def receipt_at(self, position: int) -> Receipt:
        """The receipt of the decision that holds an entry, as it was given first."""
        entry = self._recall.at(position)
        return receipt_again(recorded_as(entry.decision, self.log), self.published)

    def standing(self, decision: str, position: int) -> Sequence[Entry]:
        """A decision's entries at a position: its envelope as amended, less what is retracted."""
        found = self.log.entries(tag=f"decision:{decision}", until=position)
        entries = without_retracted([read(one.entry) for one in found])
        envelope, *acts = (entry for entry in entries if entry.decision == decision)
        amending = amendments(entries).get(decision, ())
        return [replace(envelope, act=amended(envelope_of(envelope), amending)), *acts]

    def day(self, connection: Connection, basis: Basis) -> Day:
        """The facts at a basis, found as they are asked for."""
        return Day(self.believed(connection, basis), basis.effective_at)

    def believed(self, connection: Connection, basis: Basis) -> Believed:
        """The facts at a basis's position, whatever the day."""
        return Believed(
            connection, basis.position, self.told, self._recall.recall, self._remembered
        )

    def structure(self, connection: Connection, basis: Basis) -> tuple[Body, ...]:
        """Every body, post and holder present at a basis, certain or possible."""
        return self.structures.at(connection, basis)

    def remembered(self, connection: Connection, basis: Basis) -> Remembered:
        """What was ever believed up to a basis, found as it is asked for."""
        return Remembered(connection, basis.position, self.decided)

    def decided(self, last: int) -> Sequence[Entry]:
        """The entries of the decision that ends at a position, envelope first."""
        number = self._recall.at(last).number
        found = self.log.entries(after=last - number - 1, limit=number + 1)
        return [read(one.entry) for one in found]

    def told(self, position: int) -> tuple[Entry, DecisionTaken]:
        """The entry at a position, and the envelope of its decision, both as recorded."""
        entry = self._recall.at(position)
        return entry, envelope_of(self._recall.at(position - entry.number))

    def names(self, digests: Collection[str]) -> Mapping[str, Any]:
        """The texts behind digests as far as they are there, and what says that one was erased."""
        return self.erasures.told(digests)

    def rehearse(
        self, sent: Sent, today: int, patience: float = FOR_EVER
    ) -> tuple[tuple[Violation, ...], tuple[Finding, ...]]:
        """What would refuse a decision, else the findings that it would bring; nothing is kept.

        Raises:
            ViewsBehind: the views would not get there within the patience (seconds).
        """
        violations, drafts = self.recorder.check(sent)
        if violations or not drafts:
            return violations, ()
        self.follow(patience)
        return (), foreseen(self.views, drafts, self.told, today)

    def sweep(self) -> int:
        """Delete the texts of decisions that were never recorded and no longer can be."""

        def recorded(decision: str, digest: str) -> bool:
            return any(digest.encode() in one.entry for one in self.entries_of(decision))

        return self.vault.sweep(self.log.head()[1], recorded)
