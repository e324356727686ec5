"""schemathesis asks the service everything that its OpenAPI document allows, and more.

All checks are on, as a recorder and an admin; warnings fail. That is the short form: it tries
parameters one by one as a recorder alone, and the fields of acts not one by one.
`CURULE_FUZZ=100 make test TEST_ARGS=tests/test_schemathesis.py` is the long form: every phase, as
everybody, with so many examples of each operation.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_args

import httpx
import pytest

from domain.access import POWERS, Power, Role
from tests.fuzzing.founded import FOUNDED
from tests.keyed import served_with_keys

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "tests" / "fuzzing" / "schemathesis.toml"
EXAMPLES = os.environ.get("CURULE_FUZZ", "")
ROLES: Final[tuple[Role, ...]] = get_args(Role) if EXAMPLES else ("recorder", "admin")
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")

IN_SHORT = """
[[operations]]
include-operation-id = "record_decision"
phases.coverage.enabled = false
"""

FORBIDDEN = """
[[operations]]
include-operation-id = {operations}
warnings.enabled = false
"""
"""Nobody gets in there, which would be a warning."""

NEEDED: Final[Mapping[str, tuple[Power, ...]]] = {
    "record_decision": ("record",),
    "erase_person": ("erase",),
    "grant_key": ("grant",),
    "revoke_key": ("grant",),
    "ask_keys": ("grant", "review"),
    "ask_access_log": ("review",),
    "metrics": ("grant", "review"),
}
"""One of which powers an operation takes; the others take that to ask."""


def settings(
    role: Role, document: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]]
) -> str:
    """The settings of a run: what is not for a role to do is refused, and so it should be."""
    forbidden = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "security" in operation
        and POWERS[role].isdisjoint(NEEDED.get(operation["operationId"], ("ask",)))
    ]
    refused = FORBIDDEN.format(operations=json.dumps(forbidden))
    told = SETTINGS.read_text() + refused
    return (
        told.replace("max-examples = 10", f"max-examples = {EXAMPLES}")
        if EXAMPLES
        else told + IN_SHORT
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_service_does_what_its_document_says(tmp_path: Path, role: Role) -> None:
    phases = PHASES if EXAMPLES or role == "recorder" else ("Examples", *PHASES[2:])
    with served_with_keys(tmp_path, *dict.fromkeys(("privacy", *ROLES))) as (url, keys):
        shown = {"Authorization": f"Bearer {keys['recorder']}"}
        founded = httpx.post(f"{url}/v1/decisions", json=FOUNDED, headers=shown, timeout=60)
        assert founded.status_code == 201, founded.text
        document = httpx.get(f"{url}/openapi.json", timeout=60).json()
        (tmp_path / "schemathesis.toml").write_text(settings(role, document))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli"),
                *("--config-file", "schemathesis.toml", "run", f"{url}/openapi.json"),
                *("--header", f"Authorization: Bearer {keys[role]}"),
                *("--max-examples", EXAMPLES or "2", "--phases", ",".join(phases).lower()),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks",
                "CURULE_FUZZ_RECORDED": founded.headers["Ledger-Position"],
                "CURULE_FUZZ_KEYS": " ".join(key.split("_")[1] for key in keys.values()),
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.findall(r"✅ +(\w+) \(in", done.stdout)
    assert tuple(passed) == phases, done.stdout
    (followed,) = re.findall(r"API Links: +(\d+) covered", done.stdout)
    asks = "ask" in POWERS[role]
    assert int(followed) > 0 or not asks, "no link was followed from an answer to a question"
