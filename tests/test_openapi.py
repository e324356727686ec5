"""The OpenAPI document: names that generated clients take, and forms that answers keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from domain.acts import ACTS, SERVICE_ACTS
from tests.fuzzing.founded import FOUNDED
from tests.promises import Promises
from tests.test_door import Door, opened


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A ledger with one of everything that has an id, and a person who was erased."""
    with opened(tmp_path_factory.mktemp("founded")) as it:
        assert it.client.post("/v1/decisions", json=FOUNDED).status_code == 201
        it.record(
            {
                "type": "person.renamed",
                "effective": "2025-03",
                "person": "another",
                "name": "B. E.",
            },
            title="Bo is B.",
        )
        erased = it.client.post("/v1/people/a-person/erasure", json={"ground": "gdpr-17-1-b"})
        assert erased.status_code == 201, erased.text
        yield it


@pytest.fixture(scope="module")
def document(door: Door) -> dict[str, Any]:
    return door.ask("/openapi.json")


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each operation, by its name."""
    every = [each for methods in document["paths"].values() for each in methods.values()]
    named = {each["operationId"]: each for each in every}
    assert len(named) == len(every), "two operations have one name"
    return named


def test_operations_are_called_by_what_they_do(document: dict[str, Any]) -> None:
    named = operations(document)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in named)
    assert not [name for name in named if "v1" in name or name.endswith("_get")]
    assert {"record_decision", "ask_structure", "ask_person", "erase_person"} <= named.keys()


def test_acts_are_told_from_one_another_by_their_type(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for form, types in (("Decision", ACTS), ("DecisionTold", {**ACTS, **SERVICE_ACTS})):
        acts = schemas[form]["properties"]["acts"]["items"]
        assert acts["discriminator"]["propertyName"] == "type"
        assert set(acts["discriminator"]["mapping"]) == set(types)
        for type_, reference in acts["discriminator"]["mapping"].items():
            act = schemas[reference.rpartition("/")[2]]
            assert act["properties"]["type"]["const"] == type_


def test_every_parameter_is_typed(document: dict[str, Any]) -> None:
    untyped = [
        (name, parameter["name"])
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", ())
        if "type" not in parameter["schema"]
    ]
    assert untyped == []


def test_links_lead_to_operations_and_give_them_parameters_that_they_have(
    document: dict[str, Any],
) -> None:
    named = operations(document)
    links = [
        link
        for operation in named.values()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert len(links) > 15
    for link in links:
        taken = {each["name"] for each in named[link["operationId"]]["parameters"]}
        assert link["parameters"].keys() <= taken


def questions(document: dict[str, Any]) -> list[str]:
    """Every question of the document, asked with its own examples."""
    more = {"ask_person_authority": "?post=a-post"}
    return [
        path.format_map(Examples()) + more.get(methods["get"]["operationId"], "")
        for path, methods in document["paths"].items()
        if "get" in methods
        and path.startswith("/v1/")
        and "application/json" in methods["get"]["responses"]["200"]["content"]
    ]


class Examples(dict[str, str]):
    """The ids of the document's examples."""

    def __missing__(self, parameter: str) -> str:
        return "1" if parameter == "position" else f"a-{parameter.removesuffix('_id')}"


def test_answers_keep_to_their_forms_where_texts_were_erased(
    door: Door, document: dict[str, Any]
) -> None:
    promises = Promises(document)
    told = [door.client.get(path) for path in questions(document)]
    told += [door.client.get(f"/v1/decisions/{each['id']}") for each in decisions(door)]
    told += [
        door.client.get(path, params={"clock": "recorded"})
        for path in ("/v1/bodies/a-body/history", "/v1/people/a-person/history")
    ]
    assert {each.status_code for each in told} == {200}
    assert [broken for each in told for broken in promises.broken_by(each)] == []
    erased = [each for each in told if '{"erased": true}' in each.text]
    assert len(erased) > 5, "too few answers tell of what was erased"


def decisions(door: Door) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = door.ask("/v1/decisions")["decisions"]
    return listed


def test_receipts_dry_runs_and_problems_keep_to_their_forms(
    door: Door, document: dict[str, Any]
) -> None:
    promises = Promises(document)
    again = {**FOUNDED, "id": "a-second-time"}
    new = {"acts": [{"type": "body.established", "effective": "2025", "name": "Choir"}]}
    new["acts"][0]["classification"] = "club"
    told = [
        door.client.post("/v1/decisions", json=new),
        door.client.post("/v1/decisions", json={**new, "id": "choir"}),
        door.client.post("/v1/decisions", json={**new, "id": "choir"}),
        door.client.post("/v1/decisions", json=new, params={"dry_run": True}),
        door.client.post("/v1/decisions", json=again, params={"dry_run": True}),
        door.client.post("/v1/decisions", json=again),
        door.client.post("/v1/decisions", json={"acts": [{"type": "body.moved"}]}),
        door.client.get("/v1/bodies/nobody"),
        door.client.get("/v1/structure", params={"position": 9999}),
    ]
    assert [each.status_code for each in told] == [201, 201, 200, 200, 200, 409, 422, 404, 422]
    assert [broken for each in told for broken in promises.broken_by(each)] == []


def test_what_was_not_promised_is_noticed(door: Door, document: dict[str, Any]) -> None:
    """The check can fail: of a member that the document does not name, and of a missing header."""
    promises = Promises(document)
    del promises._schemas["Body"]["properties"]["purpose"]
    document["paths"]["/v1/structure"]["get"]["responses"]["200"]["headers"]["Missing"] = {
        "required": True
    }
    broken = promises.broken_by(door.client.get("/v1/structure"))
    assert any("'purpose' was unexpected" in each for each in broken)
    assert any("no Missing" in each for each in broken)
    del document["paths"]["/v1/structure"]["get"]["responses"]["200"]["headers"]["Missing"]
