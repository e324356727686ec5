"""A witness, written from the specifications and nothing of this project.

C2SP tlog-witness (add-checkpoint) and tlog-cosignature (Ed25519), RFC 6962. It listens on loopback,
and keeps of each log the size and root that it has cosigned last.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.verifier import Checkpoint, opened, sha256

Answer = tuple[int, str, bytes]
"""Status, media type and body."""


def roots(m: int, n: int, proof: list[bytes], old: bytes | None) -> tuple[bytes, bytes]:
    """The old and the new root that a consistency proof leads to, by the recursion that defines it.

    RFC 6962, 2.1.2. It takes hashes from the end of the proof; `old` is the old root as long as the
    old tree is whole here.
    """
    if m == n:
        whole = proof.pop() if old is None else old
        return whole, whole
    last = proof.pop()
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        was, is_ = roots(m, k, proof, old)
        return was, sha256(b"\x01" + is_ + last)
    was, is_ = roots(m - k, n - k, proof, None)
    return sha256(b"\x01" + last + was), sha256(b"\x01" + last + is_)


def is_consistent(m: int, n: int, old: bytes, new: bytes, proof: list[bytes]) -> bool:
    if m == 0:
        return not proof
    left = list(proof)
    try:
        found = roots(m, n, left, old)
    except IndexError:
        return False
    return not left and found == (old, new)


@dataclass
class Witness:
    """A witness of the logs whose verifier keys it was given, by origin."""

    name: str
    logs: dict[str, str]
    seed: int = 1
    latest: dict[str, Checkpoint] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """What happens before it looks at a request."""
    lie: Callable[[Answer], Answer] = lambda answer: answer
    """What it answers instead."""
    slowly: bool = False
    """Whether its answers come byte by byte."""
    url: str = ""
    gone: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([self.seed]) * 32)
        self.public = self._key.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        typed = b"\x04" + self.public
        key_id = hashlib.sha256(self.name.encode() + b"\n" + typed).hexdigest()[:8]
        return f"{self.name}+{key_id}+{base64.b64encode(typed).decode()}"

    @property
    def told(self) -> str:
        return f"{self.url}#{self.vkey}"

    def cosigned(self, body: str, at: int) -> bytes:
        """The signature line under a checkpoint."""
        signature = self._key.sign(f"cosignature/v1\ntime {at}\n{body}".encode())
        key_id = bytes.fromhex(self.vkey.split("+")[1])
        line = base64.b64encode(key_id + at.to_bytes(8, "big") + signature).decode()
        return f"\u2014 {self.name} {line}\n".encode()

    def add_checkpoint(self, request: bytes) -> Answer:
        header, blank, note = request.partition(b"\n\n")
        first, *lines = header.decode().split("\n")
        word, _, old_size = first.partition(" ")
        body = note.decode().rpartition("\n\n")[0] + "\n"
        if word != "old" or not old_size.isdigit() or not blank or str(int(old_size)) != old_size:
            return 400, "text/plain", b"malformed\n"
        old = int(old_size)
        proof = [base64.b64decode(line, validate=True) for line in lines]
        if len(proof) > 63 or any(len(each) != 32 for each in proof):
            return 400, "text/plain", b"malformed\n"
        origin = body.split("\n")[0]
        if origin not in self.logs:
            return 404, "text/plain", b"unknown\n"
        try:
            new = opened(note, self.logs[origin])
        except (AssertionError, InvalidSignature):
            return 403, "text/plain", b"signature\n"
        if old > new.size:
            return 400, "text/plain", b"old size\n"
        with self._lock:
            latest = self.latest.get(origin, Checkpoint(origin, 0, sha256(b"")))
            if old != latest.size:
                return 409, "text/x.tlog.size", b"%d\n" % latest.size
            empty = new.size == 0 and new.root != sha256(b"")
            if empty or not is_consistent(old, new.size, latest.root, new.root, proof):
                return 422, "text/plain", b"inconsistent\n"
            if old == new.size and latest.root != new.root:
                return 422, "text/plain", b"inconsistent\n"
            self.latest[origin] = new
        return 200, "text/plain", self.cosigned(body, int(time.time()))

    @contextmanager
    def serving(self) -> Iterator[Witness]:
        """Serve at `url` while the context lasts."""
        witness = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path != "/w/add-checkpoint":
                    self.send_error(405)
                    return
                witness.asked.append(request)
                witness.before()
                status, kind, body = witness.lie(witness.add_checkpoint(request))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                if status == 301:
                    self.send_header("Location", f"{witness.url}/elsewhere")
                self.end_headers()
                try:
                    for start in range(len(body) if witness.slowly else 0):
                        self.wfile.write(body[start : start + 1])
                        if witness.gone.wait(0.1):
                            return
                    if not witness.slowly:
                        self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_address[1]}/w"
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            try:
                yield self
            finally:
                self.gone.set()
                server.shutdown()


def cosignature_times(note: str, vkey: str) -> list[int]:
    """The times of the cosignatures under a checkpoint by a witness' key, each verified."""
    name, key_id, key = vkey.split("+", 2)
    decoded = base64.b64decode(key, validate=True)
    assert decoded[0] == 4
    assert sha256(name.encode() + b"\n" + decoded)[:4].hex() == key_id
    text, _, lines = note.rpartition("\n\n")
    times = []
    for line in lines.removesuffix("\n").split("\n"):
        dash, signer, signature = line.split(" ")
        assert dash == "\u2014"
        signed = base64.b64decode(signature, validate=True)
        if (signer, signed[:4].hex()) != (name, key_id):
            continue
        at = int.from_bytes(signed[4:12], "big")
        message = f"cosignature/v1\ntime {at}\n{text}\n".encode()
        Ed25519PublicKey.from_public_bytes(decoded[1:]).verify(signed[12:], message)
        times.append(at)
    return times
