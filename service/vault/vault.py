"""The vault: personal data outside the log, which holds only salted commitments to it.

A committed field is a disclosure of SD-JWT (RFC 9901, section 4.2): its digest stands in the log,
its text here, encrypted with AES-256-GCM under the key of its subject. Subject keys are wrapped
(AES key wrap, RFC 3394) by a master key that never enters the database. So the database alone tells
nothing, and once a subject's key and disclosures are deleted, nothing tells anything, while every
proof over the log stays valid.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from service.schemas import Schema
from service.stores.connections import PATIENCE, engine, unhurried
from service.vault.disclosures import Disclosure, opened
from service.vault.master import VaultLocked

_BATCH: Final = 1_000  # rows asked for, or swept, at once
_KEPT: Final = 50_000  # opened values in memory, none of them longer than _BATCH characters
_ADVISORY: Final = int.from_bytes(b"curvault")  # the vault's advisory lock on PostgreSQL
_DESTROYED: Final = b"\0"  # in place of the key of an erased subject, whose traces are still there
_CLEAN: Final = b""  # the same, and the database's files hold no trace of it
_KEY: Final = 1  # what is longer is a key
_CHECK: Final = sha256(b"curule vault").digest()  # wrapped by a master key, tells it from others
_SQLITE: Final = "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON"

_SCHEMA = sa.MetaData()
_MASTER = sa.Table("vault_master", _SCHEMA, sa.Column("key_check", sa.LargeBinary))
_KEYS = sa.Table(
    "vault_keys",
    _SCHEMA,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)
_DISCLOSURES = sa.Table(
    "vault_disclosures",
    _SCHEMA,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("subject", sa.ForeignKey(_KEYS.c.subject), nullable=False, index=True),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # nonce, then ciphertext and tag
    sa.Column("deadline", sa.BigInteger, index=True),  # null: settled, its entry is in the log
)
VAULT: Final = Schema("vault", _SCHEMA, came_with={"vault_disclosures": 1})
_OTHER: Final = "it has another master key (if `curule keys rotate` was interrupted, run it again)"
_ROTATED: Final = "the master key was changed meanwhile: start again, with the new one"
_PUT_KEY = sa.text("INSERT INTO vault_keys VALUES (:subject, :wrapped) ON CONFLICT DO NOTHING")
_REWRAP = sa.text("UPDATE vault_keys SET wrapped = :wrapped WHERE subject = :whose")
_PUT = sa.text("""
    INSERT INTO vault_disclosures VALUES (:digest, :subject, :decision, :sealed, :deadline)
    ON CONFLICT (digest) DO UPDATE SET deadline = excluded.deadline
    WHERE vault_disclosures.deadline < excluded.deadline""")
# Whoever erases keeps others waiting longer than a transaction of the service may do nothing.
_HOLDING = sa.text("SET LOCAL idle_in_transaction_session_timeout = '60s'")


class VaultDamaged(Exception):
    """What is stored is not what a digest commits to: stop, and restore the vault."""


class SubjectsErased(Exception):
    """Of some subjects nothing is kept any more; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A disclosure as it is found in the vault."""

    digest: str
    text: str | None = field(repr=False)  # None: it was altered, or its key was
    is_settled: bool  # whether its entry is known to be in the log


class Vault:
    """The disclosures of one ledger, in SQLite or PostgreSQL, for many threads and processes.

    One that is empty is given its tables. The first master key is the vault's; VaultLocked for any
    other. SchemaDiffers if it is of another release.
    """

    def __init__(self, url: str, master_key: bytes, *, retires: bytes | None = None) -> None:
        """Open a vault, and make the key its master in place of one that it `retires`, if any."""
        if len(master_key) != 32:
            raise VaultLocked("a master key has 32 bytes")
        self._master = master_key
        self._recent: OrderedDict[str, str] = OrderedDict()  # the values opened last
        self._recent_lock = threading.Lock()
        self._forgotten = 0  # how often something was erased: what was read before is not kept
        sqlite = sa.make_url(url).get_backend_name() == "sqlite"
        level = "AUTOCOMMIT" if sqlite else "READ COMMITTED"  # on SQLite, `_writing` begins
        self._engine = engine(url, isolation_level=level)
        self._turn = threading.Lock() if sqlite else None  # a fair wait; SQLite's own is a sleep
        if sqlite:
            sa.event.listen(self._engine, "connect", lambda made, _: made.executescript(_SQLITE))
        try:
            self._check = check = aes_key_wrap(master_key, _CHECK)
            retired = None if retires is None else aes_key_wrap(retires, _CHECK)
            with self._writing(alone=True) as connection:
                if not VAULT.is_there(connection):
                    VAULT.make(connection)
                first = connection.scalar(sa.select(_MASTER.c.key_check))
                if first is None:
                    connection.execute(sa.insert(_MASTER).values(key_check=check))
                elif first == retired:
                    connection.execute(sa.update(_MASTER).values(key_check=check))
                elif first != check:
                    raise VaultLocked(_OTHER)
        except BaseException:
            self.close()
            raise

    def put(self, disclosures: Sequence[Disclosure], *, deadline: int) -> None:
        """Store disclosures, all or none, durably: on return their entries may be appended.

        Unless these are recorded by `deadline` (µs since the epoch), `sweep` deletes them. What is
        put again keeps its later deadline; what is settled stays so.

        Raises:
            SubjectsErased: a subject was erased. It never gets a key again.
        """
        stated = sorted(disclosures, key=lambda one: one.digest)  # one order: no deadlock
        subjects = sorted({one.subject for one in stated})
        if not stated:
            return
        with self._writing() as connection:
            fresh = [{"subject": one, "wrapped": self._wrapped_key()} for one in subjects]
            connection.execute(_PUT_KEY, fresh)
            ciphers: dict[str, AESGCM] = {}  # of the keys that are there, whoever made them
            for some in _batches(subjects):
                asked = sa.select(_KEYS, _MASTER.c.key_check).where(_KEYS.c.subject.in_(some))
                keys = connection.execute(asked.join(_MASTER, sa.true())).all()
                if any(check != self._check for *_, check in keys):
                    raise VaultLocked(_ROTATED)
                if any(len(key) <= _KEY for _, key, _ in keys):
                    raise SubjectsErased("nothing is kept any more of somebody who was erased")
                ciphers |= {subject: self._cipher(wrapped) for subject, wrapped, _ in keys}
            rows = [
                {
                    "digest": one.digest,
                    "subject": one.subject,
                    "decision": one.decision,
                    "sealed": _sealed(ciphers[one.subject], one),
                    "deadline": deadline,
                }
                for one in stated
            ]
            connection.execute(_PUT, rows)

    def secret(self, name: str) -> bytes:
        """A secret of the ledger, 32 bytes: made when it is first asked for, and kept for good.

        It is wrapped by the master key as every subject's key is; no subject has such a name.
        """
        subject = f"ledger:{name}"
        with self._writing() as connection:
            connection.execute(_PUT_KEY, {"subject": subject, "wrapped": self._wrapped_key()})
            asked = sa.select(_KEYS.c.wrapped, _MASTER.c.key_check)
            asked = asked.where(_KEYS.c.subject == subject).join(_MASTER, sa.true())
            wrapped, check = connection.execute(asked).one()
            if check != self._check:
                raise VaultLocked(_ROTATED)
        return self._unwrapped(wrapped, self._master)

    def values(self, digests: Collection[str]) -> dict[str, str]:
        """Return the value of each digest that is here: what is absent was erased or never put.

        VaultDamaged, rather than a value that its digest does not commit to.
        """
        with self._recent_lock:
            forgotten = self._forgotten
            values = {one: self._recent[one] for one in digests if one in self._recent}
            for one in values:
                self._recent.move_to_end(one)
        row = _DISCLOSURES.c
        rows = sa.select(row.digest, row.subject, row.sealed, _KEYS.c.wrapped).join(_KEYS)
        for some in _batches(list(set(digests) - values.keys())):
            with self._engine.connect() as connection:
                found = connection.execute(rows.where(row.digest.in_(some))).all()
            ciphers = {wrapped: self._cipher(wrapped) for *_, wrapped in found}
            read = {
                digest: opened(_unsealed(ciphers[wrapped], digest, subject, sealed))
                for digest, subject, sealed, wrapped in found
            }
            values |= read
            with self._recent_lock:
                if self._forgotten != forgotten:
                    continue
                self._recent |= {one: text for one, text in read.items() if len(text) <= _BATCH}
                while len(self._recent) > _KEPT:
                    self._recent.popitem(last=False)
        return values

    def expect(self) -> None:
        """See that it answers, and that the master key is its own.

        Raises:
            VaultLocked: it has another by now.
        """
        with self._engine.connect() as connection:
            if connection.scalar(sa.select(_MASTER.c.key_check)) != self._check:
                raise VaultLocked(_ROTATED)

    def schema(self) -> int:
        """The revision that it is at."""
        with self._engine.connect() as connection:
            return VAULT.revision(connection)

    def on_error(self, told: Callable[[object], None]) -> None:
        """Have every error of the database told."""
        sa.event.listen(self._engine, "handle_error", told)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, nobody puts anything, and whoever wants to waits."""
        with self._writing(alone=True) as connection:
            if not self._turn:
                connection.execute(_HOLDING)
            yield

    def examined(self, digests: Collection[str] | None = None) -> Iterator[Examined]:
        """Every disclosure that is here, or those of some digests, each looked at by itself."""
        row = _DISCLOSURES.c
        rows = sa.select(row.digest, row.subject, row.sealed, row.deadline, _KEYS.c.wrapped)
        rows = rows.select_from(_DISCLOSURES).outerjoin(_KEYS).order_by(row.digest).limit(_BATCH)
        if digests is not None:
            for some in _batches(sorted(digests)):
                yield from self._examined(rows.where(row.digest.in_(some)))
            return
        after = ""
        while found := list(self._examined(rows.where(row.digest > after))):
            yield from found
            after = found[-1].digest

    def _examined(self, rows: sa.Select[Any]) -> Iterator[Examined]:
        with self._engine.connect() as connection:
            found = connection.execute(rows).all()
        for digest, subject, sealed, deadline, wrapped in found:
            try:
                text = _unsealed(self._cipher(wrapped), digest, subject, sealed)
            except (VaultDamaged, TypeError):
                text = None
            yield Examined(digest, text, deadline is None)

    def sweep(self, log_time: int, recorded: Callable[[str, str], bool]) -> int:
        """Delete the disclosures whose entries can no longer come; return how many they were.

        `log_time` is the log's newest `recorded_at` (µs); `recorded` tells whether a decision's
        digest is in the log as of then. This is exact: the log refuses an append whose
        `recorded_at` would be past its deadline, and `recorded_at` strictly increases, so once it
        is past a deadline, nothing with that deadline can come. Those whose entry came are settled
        and never looked at again. Keys go with their subject's last disclosure.
        """
        row, swept = _DISCLOSURES.c, 0
        overdue = row.deadline < log_time
        due = sa.select(row.decision, row.digest, row.subject).where(overdue).limit(_BATCH)
        while True:
            with self._engine.connect() as connection:
                found = connection.execute(due).all()
            if not found:
                return swept
            came = {digest for decision, digest, _ in found if recorded(decision, digest)}
            lost = {digest: subject for _, digest, subject in found if digest not in came}
            settle = sa.update(_DISCLOSURES).where(row.digest.in_(came)).values(deadline=None)
            forget = sa.delete(_DISCLOSURES).where(row.digest.in_(lost), overdue)  # still overdue
            with self._writing(alone=True) as connection:
                connection.execute(settle)
                swept += connection.execute(forget).rowcount
                connection.execute(_bare_keys(lost.values()))
            self._forget(lost)

    def withdraw(self, digests: Collection[str]) -> None:
        """Delete disclosures that were put and whose entries were refused."""
        for some in _batches(sorted(digests)):
            mine = _DISCLOSURES.c.digest.in_(some)
            with self._writing(alone=True) as connection:
                subjects = connection.scalars(sa.select(_DISCLOSURES.c.subject).where(mine)).all()
                connection.execute(sa.delete(_DISCLOSURES).where(mine))
                connection.execute(_bare_keys(subjects))
        self._forget(digests)

    def erase(self, subjects: Collection[str], digests: Collection[str]) -> int:
        """Destroy the keys and disclosures of subjects, and other disclosures; how many there were.

        Of the subjects nothing is kept from now on: `put` refuses them. On return the database's
        files hold no trace. It can be done again at any time, and is the same as done once.
        """
        row, gone = _DISCLOSURES.c, set[str]()
        with self._writing(alone=True) as connection:
            for column, wanted in ((row.subject, subjects), (row.digest, digests)):
                for some in _batches(sorted(wanted)):
                    found = connection.execute(
                        sa.select(row.digest, row.subject).where(column.in_(some))
                    ).all()
                    connection.execute(sa.delete(_DISCLOSURES).where(column.in_(some)))
                    connection.execute(_bare_keys(subject for _, subject in found))
                    gone.update(digest for digest, _ in found)
            for some in _batches(sorted(subjects)):
                own = sa.select(_KEYS.c.subject).where(_KEYS.c.subject.in_(some))
                clean = () if gone else connection.scalars(own.where(_KEYS.c.wrapped == _CLEAN))
                traced = set(some).difference(clean)
                connection.execute(sa.delete(_KEYS).where(_KEYS.c.subject.in_(traced)))
                if traced:
                    destroyed = [{"subject": one, "wrapped": _DESTROYED} for one in sorted(traced)]
                    connection.execute(sa.insert(_KEYS), destroyed)
            scrub = connection.scalar(sa.select(sa.exists().where(_KEYS.c.wrapped == _DESTROYED)))
        self._forget(gone.union(digests))  # another process may have deleted them
        if scrub:
            self._scrub()
        return len(gone)

    def _scrub(self) -> None:
        """Leave no trace of deleted rows in the database's files, then note that it is done."""
        with self._turn or nullcontext(), self._engine.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            unhurried(alone)
            marked = sa.select(_KEYS.c.subject).where(_KEYS.c.wrapped == _DESTROYED)
            traced = alone.scalars(marked).all()  # others may follow, with traces of their own
            if self._turn:  # what is deleted is overwritten, but not copies left by moved rows
                alone.exec_driver_sql("VACUUM")
                self._truncate(alone)
            else:
                for table in (_DISCLOSURES.name, _KEYS.name):
                    alone.exec_driver_sql(f"VACUUM (FULL) {table}")
        with self._writing(alone=True) as connection:
            for some in _batches(traced):
                done = sa.update(_KEYS).where(_KEYS.c.subject.in_(some))
                connection.execute(done.values(wrapped=_CLEAN))

    def _truncate(self, connection: sa.Connection) -> None:
        """Empty SQLite's write-ahead log, for which nobody may be reading."""
        if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
            raise TimeoutError("the vault is being read all the time: what was erased left traces")

    def _forget(self, digests: Collection[str]) -> None:
        with self._recent_lock:
            self._forgotten += 1
            for one in digests:
                self._recent.pop(one, None)

    def rewrap(self, retired: bytes, tell: Callable[[int, int], None]) -> None:
        """Wrap every key that is wrapped by a retired master key by the vault's own.

        It commits as it goes, and can be taken up again. `tell(done, of)` hears of the progress.
        """
        with self._engine.connect() as connection:
            total = connection.scalar(sa.select(sa.func.count()).select_from(_KEYS)) or 0
        after, done = "", 0
        while True:
            rows = sa.select(_KEYS).where(_KEYS.c.subject > after).order_by(_KEYS.c.subject)
            with self._writing(alone=True) as connection:
                found = connection.execute(rows.limit(_BATCH)).all()
                again = [
                    {"whose": subject, "wrapped": aes_key_wrap(self._master, key)}
                    for subject, wrapped in found
                    if len(wrapped) > _KEY and not _opens(self._master, wrapped)
                    for key in (self._unwrapped(wrapped, retired),)
                ]
                if again:
                    connection.execute(_REWRAP, again)
            if not found:
                break
            after, done = found[-1].subject, done + len(found)
            tell(done, max(done, total))
        self._scrub()

    def close(self) -> None:
        """Close the vault's connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """One transaction, during which nobody deletes, and nobody else writes if `alone`."""
        with self._in_turn(), self._engine.begin() as connection:
            if self._turn:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
                connection.execute(sa.select(getattr(sa.func, lock)(_ADVISORY)))
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """Of the threads of this process one at a time, on SQLite."""
        if self._turn and not self._turn.acquire(timeout=PATIENCE):
            raise sa.exc.TimeoutError("the vault is being written to all the time")
        try:
            yield
        finally:
            if self._turn:
                self._turn.release()

    def _wrapped_key(self) -> bytes:
        return aes_key_wrap(self._master, secrets.token_bytes(32))

    def _cipher(self, wrapped: bytes) -> AESGCM:
        return AESGCM(self._unwrapped(wrapped, self._master))

    def _unwrapped(self, wrapped: bytes, master: bytes) -> bytes:
        try:
            return aes_key_unwrap(master, wrapped)
        except InvalidUnwrap:
            pass
        self.expect()
        raise VaultDamaged("a subject's key was altered, or keys are still being rotated")


def _bare_keys(subjects: Iterable[str]) -> sa.Delete:
    """Delete the keys of subjects without a disclosure, but not what says that they are erased."""
    bare = ~sa.exists().where(_DISCLOSURES.c.subject == _KEYS.c.subject)
    is_key = sa.func.length(_KEYS.c.wrapped) > _KEY
    return sa.delete(_KEYS).where(_KEYS.c.subject.in_(set(subjects)), is_key, bare)


def _opens(master: bytes, wrapped: bytes) -> bool:
    try:
        aes_key_unwrap(master, wrapped)
    except InvalidUnwrap:
        return False
    return True


def _sealed(cipher: AESGCM, one: Disclosure) -> bytes:
    nonce, bound = secrets.token_bytes(12), f"{one.digest} {one.subject}".encode()
    return nonce + cipher.encrypt(nonce, one.text.encode("ascii"), bound)


def _unsealed(cipher: AESGCM, digest: str, subject: str, sealed: bytes) -> str:
    try:
        text = cipher.decrypt(sealed[:12], sealed[12:], f"{digest} {subject}".encode()).decode()
        return Disclosure(digest, subject, "", text).text
    except (InvalidTag, ValueError):
        raise VaultDamaged(f"what is kept for {digest} is not what it commits to") from None


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
