"""How long verifying takes, beside the hashing of the same bytes alone, in one run.

The log is verified as a whole, and since a checkpoint under its last 1,000 entries; then the texts
in the vault; with --views the views, too. The ceiling is SHA-256 over the bytes of every entry, one
after another, in this process: nobody can verify a log for less. Proofs are made as the service
makes them, at random places, and verified. Turns are taken round after round, as machines are
noisy; a ratio compares turns of one round. Beside the time that went by stands the time that
processors worked: on a machine that others use, the first is longer.

    python -m bench.verify FOLDER [--entries 1000000] [--rounds 3] [--views]

The ledger is made in the folder (`bench.organisation`) unless it is there already.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

from bench.organisation import settled
from domain.transparency.checkpoints import Checkpoint
from domain.transparency.proofs import Extension, Inclusion
from domain.transparency.tree import extends, includes
from service.garbage import uncollected
from service.ledger import Ledger
from service.settings import Settings
from service.verifying import Trusted, Verdict
from service.verifying.ledger import verify_ledger
from service.verifying.log import LogVerification, Texts
from service.verifying.texts import verify_texts

CEILING = "SHA-256 alone"
NEW = 1_000
"""Entries on top of those that were verified before."""
PROOFS = 2_000
"""Proofs of each kind in a round."""


def quiet(stage: str, done: int, of: int) -> None:
    """Tell nobody of the progress."""


class Measured:
    """Seconds that went by, and that processors worked, by name, round by round."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = {}
        self.worked: dict[str, list[float]] = {}

    def measure(self, name: str, do: Callable[[], object]) -> None:
        """Do something once more."""
        wall, worked = time.perf_counter(), processors()
        do()
        self.worked.setdefault(name, []).append(processors() - worked)
        self.wall.setdefault(name, []).append(time.perf_counter() - wall)

    def ratio(self, name: str, other: str) -> float:
        """How many times as long one takes as another."""
        pairs = zip(self.wall[name], self.wall[other], strict=True)
        return statistics.median(one / two for one, two in pairs)


def processors() -> float:
    """Seconds that processors have worked for this process and those that it has ended."""
    used = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def whole(verdict: Verdict) -> None:
    """See that what is measured is what should be."""
    assert verdict.faults == [], verdict.faults[:3]


class Turns:
    """What is measured of one ledger."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings
        self.size, self._root, _ = ledger.log.checkpoint()
        key = ledger.log.signer.verifier
        before = self.size - NEW
        self._since = Trusted(key, Checkpoint(key.name, before, ledger.log.root(before)))
        self._trusted = Trusted(key)
        starts = range(0, self.size, 10_000)
        self._stored = [one for after in starts for one in ledger.log.stored(after, 10_000)]
        self.bytes = sum(len(entry) for entry, _ in self._stored)
        self._texts: list[Texts] = []
        self._at = Random(1).choices(range(before), k=PROOFS)
        self._roots = {old: ledger.log.root(old) for old in self._at[:100]}
        self._inclusions: list[str] = []
        self._extensions: list[str] = []

    def ceiling(self) -> None:
        """Hash the bytes of every entry, and do nothing else."""
        for entry, _ in self._stored:
            sha256(b"\0" + entry).digest()

    def log(self) -> None:
        """Verify the log: entries, tags, tree, checkpoints."""
        verification = LogVerification(self._settings.ledger, self._trusted, quiet)
        self._texts = [verification.run()]
        whole(verification.verdict)
        assert verification.verdict.root == self._root.hex()

    def texts(self) -> None:
        """Verify the texts in the vault."""
        verdict = Verdict(self.size, 0)
        verify_texts(self._ledger.vault, self._texts.pop(), verdict, quiet, frozenset)
        whole(verdict)

    def since(self) -> None:
        """Verify what is new since a checkpoint: entries, tags, tree, checkpoints and texts."""
        whole(verify_ledger(self._settings, self._since, quiet, log_only=False))

    def views(self) -> None:
        """Verify the whole ledger, with its views."""
        whole(verify_ledger(self._settings, self._trusted, quiet, log_only=False))

    def prove_inclusion(self) -> None:
        """Prove that entries are in the log."""
        made = (self._ledger.published.inclusion(leaf, None) for leaf in self._at)
        self._inclusions = list(made)

    def verify_inclusion(self) -> None:
        """Verify these proofs, but for the signature of the checkpoint."""
        for text in self._inclusions:
            proof = Inclusion.read(text)
            leaf_hash = self._stored[proof.leaf][1]
            assert includes(proof.leaf, self.size, leaf_hash, proof.path, self._root)

    def prove_extension(self) -> None:
        """Prove that the log only grew."""
        made = (self._ledger.published.extension(old, None) for old in self._at)
        self._extensions = list(made)

    def verify_extension(self) -> None:
        """Verify some of these proofs again and again."""
        for number in range(PROOFS):
            proof = Extension.read(self._extensions[number % len(self._roots)])
            old_root = self._roots[proof.old]
            assert extends(proof.old, self.size, old_root, self._root, proof.proof)


def main() -> None:
    """Measure, and print what it took."""
    parser = argparse.ArgumentParser(description="How long verifying a ledger takes.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entries", type=int, default=1_000_000, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="that take turns (%(default)s)")
    parser.add_argument("--views", action="store_true", help="once the whole, with its views")
    options = parser.parse_args()
    settings = settled(options.folder, options.entries)
    measured = Measured()
    with closing(Ledger(settings)) as ledger, uncollected():
        if options.views:
            ledger.follow()
        turns = Turns(ledger, settings)
        named: dict[str, Callable[[], None]] = {
            CEILING: turns.ceiling,
            "the log": turns.log,
            "the texts": turns.texts,
            f"what is new ({NEW:,})": turns.since,
            "inclusion proofs": turns.prove_inclusion,
            "inclusion verified": turns.verify_inclusion,
            "consistency proofs": turns.prove_extension,
            "consistency verified": turns.verify_extension,
        }
        for _ in range(options.rounds):
            for name, turn in named.items():
                measured.measure(name, turn)
        report(measured, turns)
        if options.views:
            measured.measure("whole, with views", turns.views)
            took = measured.wall["whole, with views"][0]
            print(f"{'whole, with views':24} {took:8.2f} s")


def report(measured: Measured, turns: Turns) -> None:
    """Print the medians."""
    print(f"{turns.size:,} entries, {turns.bytes / turns.size:.0f} bytes each; medians of rounds")
    print(f"{'':24} {'by the clock':>13} {'processors':>12}")
    for name, times in measured.wall.items():
        wall, worked = statistics.median(times), statistics.median(measured.worked[name])
        if name.startswith(("inclusion", "consistency")):
            more = f"{PROOFS / wall:9,.0f}/s"
        else:
            more = f"{measured.ratio(name, CEILING):6.2f} x {CEILING}"
        print(f"{name:24} {wall:11.3f} s {worked:10.3f} s {more}")


if __name__ == "__main__":
    main()
