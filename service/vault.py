"""The vault: personal data outside the log, which holds only salted commitments to it.

A committed field is a disclosure of SD-JWT (RFC 9901, section 4.2): its digest stands in the log,
its text here, encrypted with AES-256-GCM under the key of its subject. Subject keys are wrapped
(AES key wrap, RFC 3394) by a master key that never enters the database. So the database alone tells
nothing, and once a subject's key and disclosures are deleted, nothing tells anything, while every
proof over the log stays valid.
"""

import base64
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from service.secret import Locked, in_file, kept_beside, secret

_BATCH: Final = 1_000  # rows asked for, or swept, at once
_KEPT: Final = 50_000  # opened values in memory, none of them longer than _BATCH characters
_ADVISORY: Final = int.from_bytes(b"curvault")  # the vault's advisory lock on PostgreSQL
_CHECK: Final = sha256(b"curule vault").digest()  # wrapped by a master key, tells it from others
_SQLITE: Final = """
    PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON"""

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
_PUT_KEY = sa.text("INSERT INTO vault_keys VALUES (:subject, :wrapped) ON CONFLICT DO NOTHING")
_PUT = sa.text("""
    INSERT INTO vault_disclosures VALUES (:digest, :subject, :decision, :sealed, :deadline)
    ON CONFLICT (digest) DO UPDATE SET deadline = excluded.deadline
    WHERE vault_disclosures.deadline < excluded.deadline""")


class VaultLocked(Locked):
    """There is no master key, or not the one the vault was made with; nothing was changed."""


class VaultDamaged(Exception):
    """What is stored is not what a digest commits to: stop, and restore the vault."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One committed field, opened: `digest` is for the log, `text` for the vault alone."""

    digest: str
    subject: str  # whose key encrypts it: "person:ID" or "decision:ID"
    decision: str  # the decision that states it
    text: str = field(repr=False)  # the SD-JWT disclosure string, verbatim

    def __post_init__(self) -> None:
        if self.digest != _digest(self.text):
            raise ValueError(f"{self.digest} is not the digest of this disclosure")


def disclose(field: str, value: str, *, subject: str, decision: str) -> Disclosure:
    """Commit to a field's value under a fresh 128-bit salt."""
    stated = json.dumps([secrets.token_urlsafe(16), field, value], ensure_ascii=False)
    text = _base64url(stated.encode())
    return Disclosure(_digest(text), subject, decision, text)


def opened(disclosure_text: str) -> str:
    """Return the value in a disclosure string; ValueError if that holds no text."""
    padded = disclosure_text + "=" * (-len(disclosure_text) % 4)
    match json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)):
        case [str(), str(), str(value)]:
            return value
    raise ValueError("not the disclosure of a text")


class Vault:
    """The disclosures of one ledger, in SQLite or PostgreSQL, for many threads and processes.

    Makes its tables where absent. The first master key is the vault's; VaultLocked for any other.
    """

    def __init__(self, url: str, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise VaultLocked("a master key has 32 bytes")
        self._master = master_key
        self._recent: OrderedDict[str, str] = OrderedDict()  # the values opened last
        self._recent_lock = threading.Lock()
        sqlite = sa.make_url(url).get_backend_name() == "sqlite"
        level = "AUTOCOMMIT" if sqlite else "READ COMMITTED"  # on SQLite, `_writing` begins
        self._engine = sa.create_engine(url, hide_parameters=True, isolation_level=level)
        self._turn = threading.Lock() if sqlite else None  # a fair wait; SQLite's own is a sleep
        if sqlite:
            sa.event.listen(self._engine, "connect", lambda made, _: made.executescript(_SQLITE))
        try:
            check = aes_key_wrap(master_key, _CHECK)
            with self._writing(alone=True) as connection:
                _SCHEMA.create_all(connection)
                first = connection.scalar(sa.select(_MASTER.c.key_check))
                if first is None:
                    connection.execute(sa.insert(_MASTER).values(key_check=check))
                elif first != check:
                    raise VaultLocked("the vault was made with another master key")
        except BaseException:
            self.close()
            raise

    def put(self, disclosures: Sequence[Disclosure], *, deadline: int) -> None:
        """Store disclosures, all or none, durably: on return their entries may be appended.

        Unless these are recorded by `deadline` (µs since the epoch), `sweep` deletes them. What is
        put again keeps its later deadline; what is settled stays so.
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
                keys = connection.execute(sa.select(_KEYS).where(_KEYS.c.subject.in_(some)))
                ciphers |= {subject: self._cipher(wrapped) for subject, wrapped in keys}
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

    def values(self, digests: Collection[str]) -> dict[str, str]:
        """Return the value of each digest that is here: what is absent was erased or never put.

        VaultDamaged, rather than a value that its digest does not commit to.
        """
        with self._recent_lock:
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
                self._recent |= {one: text for one, text in read.items() if len(text) <= _BATCH}
                while len(self._recent) > _KEPT:
                    self._recent.popitem(last=False)
        return values

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
        bare = ~sa.exists().where(row.subject == _KEYS.c.subject)
        while True:
            with self._engine.connect() as connection:
                found = connection.execute(due).all()
            if not found:
                return swept
            came = {digest for decision, digest, _ in found if recorded(decision, digest)}
            lost = {digest: subject for _, digest, subject in found if digest not in came}
            settle = sa.update(_DISCLOSURES).where(row.digest.in_(came)).values(deadline=None)
            forget = sa.delete(_DISCLOSURES).where(row.digest.in_(lost), overdue)  # still overdue
            keys = sa.delete(_KEYS).where(_KEYS.c.subject.in_(set(lost.values())), bare)
            with self._writing(alone=True) as connection:
                connection.execute(settle)
                swept += connection.execute(forget).rowcount
                connection.execute(keys)
            with self._recent_lock:
                for one in lost:
                    self._recent.pop(one, None)

    def close(self) -> None:
        """Close the vault's connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """One transaction, during which nobody deletes, and nobody else writes if `alone`."""
        with self._turn or nullcontext(), self._engine.begin() as connection:
            if self._turn:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
                connection.execute(sa.select(getattr(sa.func, lock)(_ADVISORY)))
            yield connection

    def _wrapped_key(self) -> bytes:
        return aes_key_wrap(self._master, secrets.token_bytes(32))

    def _cipher(self, wrapped: bytes) -> AESGCM:
        try:
            return AESGCM(aes_key_unwrap(self._master, wrapped))
        except InvalidUnwrap:
            raise VaultDamaged("a subject's key was altered") from None


def master_key(vault_url: str, *, key: str | None, key_file: Path | None) -> bytes:
    """Return the master key: the one given, the one in the file, or that beside a SQLite vault.

    The last, `<vault>.key`, is made (mode 0600) where there is neither it nor a vault yet. Whoever
    loses a master key loses the vault. VaultLocked tells what is missing or wrong.
    """
    variable, database = "CURULE_MASTER_KEY", in_file(sa.make_url(vault_url))

    def beside() -> Path:
        def used() -> bool:
            return database is not None and database.exists()

        named = {"what": "vault", "variable": variable}
        return kept_beside(database, ".key", used, **named, locked=VaultLocked)

    return secret(
        "master key", variable, key=key, key_file=key_file, beside=beside, locked=VaultLocked
    )


def _sealed(cipher: AESGCM, one: Disclosure) -> bytes:
    nonce, bound = secrets.token_bytes(12), f"{one.digest} {one.subject}".encode()
    return nonce + cipher.encrypt(nonce, one.text.encode("ascii"), bound)


def _unsealed(cipher: AESGCM, digest: str, subject: str, sealed: bytes) -> str:
    try:
        text = cipher.decrypt(sealed[:12], sealed[12:], f"{digest} {subject}".encode()).decode()
        return Disclosure(digest, subject, "", text).text
    except (InvalidTag, ValueError):
        raise VaultDamaged(f"what is kept for {digest} is not what it commits to") from None


def _digest(text: str) -> str:
    return _base64url(sha256(text.encode("ascii")).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _batches(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
