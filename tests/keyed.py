"""A served ledger with keys: who shows none is nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.access import Role
from tests.serving import new_key, serving, settings_in


@contextmanager
def served_with_keys(directory: Path, *roles: Role) -> Iterator[tuple[str, Mapping[Role, str]]]:
    """A new ledger in a directory, with a key for each role."""
    keys = {role: new_key(settings_in(directory), role) for role in roles}
    with serving(directory, anonymous=None) as url:
        yield url, keys
