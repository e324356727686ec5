"""The documents tell the truth: they are as generated, and every example in them is recorded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from docs import generate
from domain.acts import ACTS
from service import examples
from tests.ledgers import decision
from tests.serving import serving

STORY = generate.story()
ACTS_TOLD = [act for told in STORY for act in told["acts"]]
WRITTEN = {path.name: path for path in generate.documents()} | {generate.STORY.name: generate.STORY}


@pytest.mark.parametrize("path", generate.documents(), ids=lambda path: str(path.name))
def test_the_files_are_as_generated(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generate.documents()[path], "run make docs"


def test_every_act_has_an_example() -> None:
    assert {act["type"] for act in ACTS_TOLD} == set(ACTS)


def test_an_empty_ledger_accepts_the_story(tmp_path: Path) -> None:
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for told in STORY:
            response = client.post("/v1/decisions", json=told)
            assert response.status_code == 201, (told["id"], response.text)


@pytest.mark.parametrize("type_", ACTS)
def test_the_example_of_an_act_is_valid_alone(type_: str) -> None:
    (parsed,) = decision(generate.example(type_)).acts
    assert type(parsed) is ACTS[type_]


def test_every_json_block_is_json() -> None:
    blocks = re.findall(r"```json\n(.*?)```", generate.acts(), re.DOTALL)
    shown = [json.loads(block) for block in blocks]
    assert [each for each in shown if "type" in each] == [generate.example(type_) for type_ in ACTS]


def sections() -> dict[str, str]:
    """What stands under each heading of the reference of the acts."""
    _, *parts = re.split(r"^##+ (.*)\n", generate.acts(), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_field_has_a_form_and_a_meaning() -> None:
    for heading, section in sections().items():
        for row in re.findall(r"^\| `\w+` \|.*$", section, re.MULTILINE):
            _, form, _, meaning = (cell.strip() for cell in row.strip("|").split("|"))
            assert form.removeprefix("list of").strip(), (heading, row)
            assert meaning, (heading, row)


def test_every_link_leads_to_a_heading() -> None:
    anchors = [re.sub(r"[^a-z0-9_ -]", "", each.lower()).replace(" ", "-") for each in sections()]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", generate.acts())) <= set(anchors)


def test_only_acts_on_the_record_cannot_be_retracted() -> None:
    cannot = {name for name, section in sections().items() if "cannot be retracted" in section}
    assert cannot == {"`decision.amended`", "`entry.retracted`", "`remark.made`"}


@pytest.mark.parametrize("name", examples.names())
def test_every_question_stands_in_the_facts(name: str) -> None:
    rows = generate.facts().splitlines()
    for question in examples.questions(name):
        begins, ends = f"| {question.row} |", f" | {question.says} |"
        asked = f" | {question.question} `GET {question.path}"
        found = [each for each in rows if each.startswith(begins) and each.endswith(ends)]
        (row,) = (each for each in found if asked in each)
        assert all(f"`{act}`" in row for act in question.acts)


@pytest.mark.parametrize("name", WRITTEN)
def test_no_document_names_an_index_of_packages_or_a_machine(name: str) -> None:
    text = WRITTEN[name].read_text(encoding="utf-8")
    for foreign in (
        r"pypi",
        r"/simple/?\b",
        r"file://",
        r"localhost",
        r"(?<![\w.])/(?!v1/)\w+/\w+",
    ):
        assert not re.search(foreign, text), foreign


def test_compact_json_is_the_same_json() -> None:
    assert json.loads(generate.compact(STORY)) == STORY
