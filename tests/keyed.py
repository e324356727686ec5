"""A served ledger with keys: who shows none is nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from domain.access import Role
from tests.serving import serving


@contextmanager
def served_with_keys(directory: Path, *roles: Role) -> Iterator[tuple[str, Mapping[Role, str]]]:
    """A new ledger in a directory, with a key for each role."""
    with (
        serving(directory) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        keys = {role: _made(client, role) for role in roles}
    with serving(directory, anonymous=None) as url:
        yield url, keys


def _made(client: httpx.Client, role: Role) -> str:
    made = client.post("/v1/keys", json={"name": f"The {role}", "role": role})
    assert made.status_code == 201, made.text
    key: str = made.json()["key"]
    return key
