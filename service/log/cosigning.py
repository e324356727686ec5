"""Cosigning: witnesses are asked to state that the log only grew (C2SP tlog-witness).

A witness remembers the newest checkpoint of the log that it has cosigned, and cosigns another only
if that is its beginning. So whoever requires cosignatures cannot be shown a history of his own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import DBAPIError

from domain.transparency.checkpoints import Checkpoint, number
from domain.transparency.cosignatures import Cosignature, cosignatures, cosigner
from domain.transparency.notes import VerifierKey
from service.log.log import Log
from service.log.publication import Publication
from service.log.signing import Signed
from service.loopback import is_loopback

PATIENCE: Final = 10.0
"""Seconds that a witness has for all that it is asked about a checkpoint."""
ATTEMPTS: Final = 5
"""How often a witness may tell another size than the one that it was sent."""
MOST: Final = 65_536
"""Bytes of an answer."""
AHEAD: Final = 300
"""Seconds by which a witness' clock may be ahead of ours."""

REFUSED: Final = 1
"""It was refused: trying again changes nothing."""
FAILED: Final = 3
"""There was no answer, or none that can be understood."""

logger = logging.getLogger(__name__)


class WitnessUnknown(Exception):
    """It is not told well enough who the witness is."""


class Uncosigned(Exception):
    """A witness has not cosigned; the text tells which and why."""

    def __init__(self, kind: str, why: str, code: int = REFUSED) -> None:
        super().__init__(why)
        self.kind = kind
        """What stays the same as long as the failure does."""
        self.code = code
        """REFUSED or FAILED."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: where it is asked, and what verifies its cosignatures."""

    url: str
    """Its submission prefix."""
    key: VerifierKey
    """Its verifier key."""

    @classmethod
    def read(cls, text: str) -> Witness:
        """The witness that is told as URL#VERIFIERKEY.

        Raises:
            WitnessUnknown: it is not told so.
        """
        prefix, _, key = text.partition("#")
        try:
            url = httpx.URL(prefix)
        except httpx.InvalidURL as error:
            raise WitnessUnknown(f"{prefix!r:.200} is no address: {error}") from None
        if (
            url.scheme not in {"http", "https"}
            or not url.host
            or not (url.port is None or 0 < url.port < 65_536)
            or url.userinfo
            or url.query
        ):
            raise WitnessUnknown(f"{prefix!r:.200} is no address as https://witness.example/prefix")
        if not key:
            raise WitnessUnknown(f"{prefix}: add the witness' verifier key: {prefix}#VERIFIERKEY")
        try:
            return cls(prefix.rstrip("/"), cosigner(key))
        except ValueError as error:
            raise WitnessUnknown(f"{prefix}: {error}") from None


def witnesses(texts: Iterable[str], known: Sequence[Witness] = ()) -> list[Witness]:
    """Those that are told, each as URL#VERIFIERKEY, or as the URL alone of those that are known.

    Raises:
        WitnessUnknown: one is not told well enough, or twice.
    """
    by_url = {each.url: each for each in known}
    found = [by_url.get(text.rstrip("/")) or Witness.read(text) for text in texts]
    keys: set[bytes] = set()
    for each in found:
        if each.key.public in keys:
            raise WitnessUnknown(f"{each.key.name} is told twice")
        keys.add(each.key.public)
    return found


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness has cosigned."""

    witness: Witness
    size: int
    """Of how many entries the checkpoint is."""


@dataclass(frozen=True, slots=True)
class Cosigning:
    """Asks witnesses to cosign the checkpoints of a signed log, and keeps their cosignatures."""

    log: Log
    published: Publication
    patience: float = PATIENCE
    clock: Callable[[], float] = time.time

    async def push(self, asked: Sequence[Witness]) -> list[Cosigned | Uncosigned]:
        """Have the newest checkpoint cosigned by each, all at once; what came of it, in order."""
        newest = await asyncio.to_thread(self.log.checkpoint)
        return await asyncio.gather(*(self.ask(each, newest) for each in asked))

    async def behind(self, asked: Sequence[Witness]) -> tuple[Signed, list[Witness]]:
        """The newest checkpoint, and those that have not cosigned it yet."""

        def behind() -> tuple[Signed, list[Witness]]:
            newest = self.log.checkpoint()
            done = {str(each.witness) for each in self.log.cosignatures(newest.size)}
            return newest, [each for each in asked if str(each.key) not in done]

        return await asyncio.to_thread(behind)

    async def ask(self, witness: Witness, newest: Signed) -> Cosigned | Uncosigned:
        """Have the newest checkpoint cosigned."""
        name = f"{witness.key.name} ({witness.url})"
        try:
            async with asyncio.timeout(self.patience):
                # In a thread: to read the certificates takes longer than others should wait.
                async with await asyncio.to_thread(_client, witness, self.patience) as client:
                    return await self._push(witness, name, newest, client)
        except Uncosigned as error:
            return error
        except (TimeoutError, httpx.TimeoutException):
            why = f"{name} has not answered within {self.patience:g} s"
            return Uncosigned("time-out", why, FAILED)
        except httpx.HTTPError as error:
            why = f"{name} is not reached: {str(error) or type(error).__name__}"
            return Uncosigned("unreachable", why, FAILED)
        except DBAPIError as error:
            why = f"{name}: the log's database does not answer: {error.orig}"
            return Uncosigned("database", why, FAILED)

    async def _push(
        self,
        witness: Witness,
        name: str,
        newest: Signed,
        client: httpx.AsyncClient,
    ) -> Cosigned:
        old = await asyncio.to_thread(self.log.cosigned, witness.key)
        for _ in range(ATTEMPTS):
            if old > newest.size:  # another process may have pushed what was recorded meanwhile
                newest = await asyncio.to_thread(self.log.checkpoint)
            size = newest.size
            if old > size:
                raise Uncosigned(
                    "ahead",
                    f"{name} has cosigned {old} entries of this log, which has {size}: the log was"
                    " cut, or an older backup was restored",
                )
            request = await asyncio.to_thread(self.published.submission, old, newest)
            status, body = await _post(client, witness, name, request)
            if status == 200:
                cosignature = self._verified(witness, name, newest, body)
                await asyncio.to_thread(self.log.cosign, size, cosignature)
                return Cosigned(witness, size)
            if status != 409:
                raise _refused(name, status, body, old, self.log.signer.verifier.name)
            old = _size(name, body)
        raise Uncosigned("409", f"{name} tells another size each time (409)", FAILED)

    def _verified(
        self, witness: Witness, name: str, checkpoint: Signed, answer: str
    ) -> Cosignature:
        """The latest of the witness' cosignatures in an answer, all of which are right."""
        size, root, _ = checkpoint
        text = Checkpoint(self.log.signer.verifier.name, size, root).text
        try:
            found = cosignatures(self.log.signer.note(*checkpoint), answer, witness.key)
        except ValueError:
            why = f"{name} answers with what are no cosignatures: {answer!r:.100}"
            raise Uncosigned("malformed", why, FAILED) from None
        if not found:
            why = f"{name} has not cosigned with the key given, {witness.key}"
            raise Uncosigned("another key", why)
        key = Ed25519PublicKey.from_public_bytes(witness.key.public)
        for each in found:
            try:
                key.verify(each.signature, each.message(text))
            except InvalidSignature:
                why = f"{name} answers with a wrong signature; it is not kept"
                raise Uncosigned("wrong signature", why) from None
        latest = max(found, key=lambda each: each.time)
        if latest.time > self.clock() + AHEAD:
            why = f"{name} has cosigned in the future (time {latest.time}); it is not kept"
            raise Uncosigned("future", why)
        return latest


def _client(witness: Witness, patience: float) -> httpx.AsyncClient:
    outside = not is_loopback(httpx.URL(witness.url).host)
    try:
        return httpx.AsyncClient(timeout=patience, trust_env=outside)
    except (OSError, ValueError) as error:  # certificates or a proxy that the environment names
        why = f"{witness.key.name} cannot be asked from here: {error}"
        raise Uncosigned("environment", why, FAILED) from None


async def _post(
    client: httpx.AsyncClient, witness: Witness, name: str, request: str
) -> tuple[int, str]:
    """The status of a witness' answer, and its text."""
    headers = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}
    address, content = f"{witness.url}/add-checkpoint", request.encode()
    body = b""
    async with client.stream("POST", address, content=content, headers=headers) as response:
        async for part in response.aiter_raw():
            body += part
            if len(body) > MOST:
                raise Uncosigned("huge", f"{name} answers with more than {MOST:,} bytes", FAILED)
        return response.status_code, body.decode(errors="replace")


def _size(name: str, body: str) -> int:
    """The size that a witness tells to have cosigned."""
    try:
        if body.endswith("\n"):
            return number(body[:-1])
    except ValueError:
        pass
    why = f"{name} answers 409 and no size: {body!r:.100}"
    raise Uncosigned("malformed", why, FAILED)


def _refused(name: str, status: int, body: str, old: int, origin: str) -> Uncosigned:
    match status:
        case 404:
            why = f"{name} does not know the log {origin}: have it given `curule keys log` (404)"
        case 403:
            why = f"{name} does not accept the log's signature: it knows another key (403)"
        case 422 if old:
            why = (
                f"{name} does not find its {old} entries at the beginning of this log: what it has"
                " cosigned was changed since, or this is another history (422)"
            )
        case 422:
            why = f"{name} does not accept this beginning of a log (422)"
        case _:
            why = f"{name} answers {status}: {body!r:.100}"
            return Uncosigned(str(status), why, FAILED)
    return Uncosigned(str(status), why)


class Watch:
    """Has every new checkpoint cosigned, again and again; what changes about it is logged.

    A round is about one checkpoint. Who has not answered yet is left out of the next, which does
    not wait for it.
    """

    def __init__(self, cosigning: Cosigning, asked: Sequence[Witness], every: float) -> None:
        self._cosigning = cosigning
        self._asked = asked
        self._every = every  # seconds from the start of a round to that of the next
        self._answering: set[Witness] = set()
        self._failing: dict[str, str] = {}  # by name of the witness, or "": the log itself

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as rounds:
            while True:
                rounds.create_task(self.round())
                await asyncio.sleep(self._every)

    async def round(self) -> None:
        """Ask those that have not cosigned the newest checkpoint."""
        free = [each for each in self._asked if each not in self._answering]
        if not free:
            return
        self._answering.update(free)
        try:
            newest, behind = await self._cosigning.behind(free)
        except Exception as error:  # noqa: BLE001 - the next round may do better
            self._answering.difference_update(free)
            self._note("", type(error).__name__, f"nothing can be cosigned: {error}")
            return
        self._note("", "", "checkpoints can be cosigned again")
        self._answering.difference_update(set(free).difference(behind))
        await asyncio.gather(*(self._ask(each, newest) for each in behind))

    async def _ask(self, witness: Witness, newest: Signed) -> None:
        name = witness.key.name
        try:
            outcome = await self._cosigning.ask(witness, newest)
        except Exception as error:  # noqa: BLE001 - as above
            self._note(name, type(error).__name__, f"{name} cannot be asked: {error}")
            return
        finally:
            self._answering.discard(witness)
        if isinstance(outcome, Uncosigned):
            self._note(name, outcome.kind, str(outcome))
        else:
            self._note(name, "", f"{name} cosigns again")

    def _note(self, name: str, kind: str, told: str) -> None:
        """Log how it is, if it was otherwise."""
        if self._failing.get(name, "") != kind:
            self._failing[name] = kind
            logger.warning("%s", told)
