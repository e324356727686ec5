"""The texts in the vault, against the commitments in the entries."""

from __future__ import annotations

from collections.abc import Callable, Collection

from projections.building import Tell
from service.vault.vault import Vault
from service.verifying import Verdict
from service.verifying.log import Texts


def verify_texts(
    vault: Vault, texts: Texts, verdict: Verdict, tell: Tell, newer: Callable[[], Collection[str]]
) -> None:
    """See that the vault has every text, unless an erasure covers it, and none besides.

    `newer` gives the digests that erasures cover which were recorded since.
    """
    of = texts.commitments
    wanted = None if verdict.since == 0 else of.keys() | texts.erased
    absent, found = set(of), 0
    for found, one in enumerate(vault.examined(wanted), 1):
        absent.discard(one.digest)
        at = of.get(one.digest, 0)
        if one.digest in texts.erased:
            verdict.found.add(at, f"the text behind {one.digest} is here, though it was erased")
        elif at == 0:  # one that is not settled may still come into the log
            if one.is_settled:
                verdict.found.add(0, f"the vault holds {one.digest}, which no entry commits to")
        elif one.text is None:
            verdict.found.add(at, f"the text behind {one.digest} is not the one committed to")
        if found % 1_000 == 0:
            tell("opening texts", min(found, len(of)), len(of))
    if unexplained := absent - texts.erased:
        for digest in unexplained - set(newer()):
            what = f"the text behind {digest} is missing, and no erasure covers it"
            verdict.found.add(of[digest], what)
    verdict.count("texts", found)
    verdict.count("erased", len(absent & texts.erased))
