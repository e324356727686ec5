"""The README tells the truth: its example is recorded, its commands and links are there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.settings import Settings
from tests.serving import serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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
        (row,) = re.findall(rf"^\| .*`CURULE_{name.upper()}`.*$", SETTINGS, re.MULTILINE)
        if field.default is not None:
            assert f"`{field.default}`" in row


def test_every_room_named_is_there() -> None:
    for room in re.findall(r"`((?:domain|projections|service)/\w+\.py)`", README):
        assert (ROOT / room).is_file()


def headings(page: Path) -> set[str]:
    """What a link may name after the `#`: headings in lower case, blanks as dashes."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), link
        assert not heading or heading in headings(target), link


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: str(page.name))
def test_every_page_is_found_from_the_readme(page: Path) -> None:
    assert f"(docs/{page.name})" in README
