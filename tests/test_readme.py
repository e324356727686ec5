"""The README tells the truth: its example is recorded and asked for, its commands exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.serving import serving

README = (Path(__file__).parent.parent / "README.md").read_text()
MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text()


def example() -> Any:
    (block,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    return json.loads(block)


def test_the_example_is_recorded_and_every_question_answered(tmp_path: Path) -> None:
    questions = re.findall(r"ask '(?:http://127\.0\.0\.1:8000)(/v1/[^']+)'", README)
    assert len(questions) == 2
    with serving(tmp_path) as url, httpx.Client(base_url=url) as client:
        assert client.post("/v1/decisions", json=example()).status_code == 201
        structure, election = (client.get(question) for question in questions)
    (body,) = structure.json()["bodies"]
    (post,) = body["posts"]
    (holder,) = post["holders"]
    assert (holder["name"], holder["term_until"], post["vacant"]) == ("Ada Example", "2027", 0)
    assert election.json()["turnout"] == round(11 / 12, 5)


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", README, re.MULTILINE))
def test_every_make_command_exists(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


def test_every_setting_is_documented_with_its_default() -> None:
    for name, field in Settings.model_fields.items():
        (row,) = re.findall(rf"^\| .*`CURULE_{name.upper()}`.*$", README, re.MULTILINE)
        if field.default is not None:
            assert f"`{field.default}`" in row


def test_every_room_named_is_there() -> None:
    for room in re.findall(r"`((?:domain|projections|service)/\w+\.py)`", README):
        assert (Path(__file__).parent.parent / room).is_file()
