"""schemathesis asks the service everything that its OpenAPI document allows, and more.

All checks are on, in every phase, and warnings fail. In short here: the fields of acts are left out
of the coverage phase. `CURULE_FUZZ=100 make test TEST_ARGS=tests/test_schemathesis.py` is the long
form, with so many examples of each operation, and of everything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.fuzzing.founded import FOUNDED
from tests.serving import serving

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "tests" / "fuzzing" / "schemathesis.toml"
EXAMPLES = os.environ.get("CURULE_FUZZ", "")

IN_SHORT = """
[[operations]]
include-operation-id = "record_decision"
phases.coverage.enabled = false
"""


@pytest.fixture(params=["anybody"])
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    """What requests of a role carry: the key of a reader, a recorder, an admin."""
    keys: dict[str, str] = {"anybody": ""}
    key = keys[request.param]
    return {"Authorization": f"Bearer {key}"} if key else {}


def test_the_service_does_what_its_document_says(tmp_path: Path, headers: dict[str, str]) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(SETTINGS.read_text() + ("" if EXAMPLES else IN_SHORT))
    with serving(tmp_path) as url:
        founded = httpx.post(f"{url}/v1/decisions", json=FOUNDED, headers=headers)
        assert founded.status_code == 201, founded.text
        told = schemathesis(settings, url, headers)
    assert told.returncode == 0, told.stdout + told.stderr
    phases = re.findall(r"(\S+) +(Examples|Coverage|Fuzzing|Stateful)$", told.stdout, re.MULTILINE)
    assert phases == [("✅", each) for each in ("Examples", "Coverage", "Fuzzing", "Stateful")]
    (followed,) = re.findall(r"API Links: +(\d+) covered", told.stdout)
    assert int(followed) > 0, "no link was followed from one answer to the next question"


def schemathesis(
    settings: Path, url: str, headers: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run schemathesis against a served ledger."""
    sent = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", settings),
            *("run", f"{url}/openapi.json", *sent),
            *("--max-examples", EXAMPLES or "2"),
        ],
        cwd=settings.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.fuzzing.hooks"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
