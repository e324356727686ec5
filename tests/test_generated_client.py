"""A client that openapi-python-client generates from the service's own document, in use.

The generator refuses what it does not understand, path by path, with a warning: there is none.
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from domain.access import Role
from tests.keyed import served_with_keys

SETTINGS = Path(__file__).parents[1] / "docs" / "openapi-python-client.yml"
DAY = "2025-01-30"


class Served(NamedTuple):
    """The address of a ledger, and keys to it."""

    url: str
    keys: Mapping[Role, str]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_with_keys(tmp_path_factory.mktemp("served"), "recorder", "privacy") as it:
        yield Served(*it)


@pytest.fixture(scope="module")
def generated(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the package that is generated; it can be imported."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "openapi.json").write_bytes(
        httpx.get(f"{served.url}/openapi.json", timeout=60).content
    )
    command = (
        *(sys.executable, "-m", "openapi_python_client", "generate"),
        *("--path", folder / "openapi.json", "--config", SETTINGS),
        *("--meta", "none", "--output-path", folder / "curule_client", "--fail-on-warning"),
    )
    found = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env={**os.environ, "PATH": found},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = [line for line in done.stdout.splitlines() if line and "Generating" not in line]
    assert (said, done.stderr) == ([], "")
    sys.path.insert(0, str(folder))
    try:
        yield "curule_client"
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.partition(".")[0] == "curule_client"]:
            del sys.modules[name]


class Generated:
    """The generated package: its client, its operations by tag and name, its models."""

    def __init__(self, package: str, url: str, key: str) -> None:
        self._package = package
        self.models: Any = importlib.import_module(f"{package}.models")
        client = importlib.import_module(package).AuthenticatedClient
        self._client = client(base_url=url, token=key, timeout=httpx.Timeout(60))

    def close(self) -> None:
        self._client.get_httpx_client().close()

    def ask(self, tag: str, operation: str, *given: Any, **named: Any) -> Any:
        """The answer of an operation: its status, its headers, and what the client makes of it."""
        module = importlib.import_module(f"{self._package}.api.{tag}.{operation}")
        detailed: Callable[..., Any] = module.sync_detailed
        return detailed(*given, client=self._client, **named)

    def founding(self) -> Any:
        """A decision made of models: a body, its post, and who holds it."""
        m = self.models
        return m.Decision(
            id="founding",
            title="The Garden Society is founded",
            date=DAY,
            vote=m.Vote(eligible=12, cast=11, counts=[m.Tally(option="for", value=11)]),
            acts=[
                m.BodyEstablished(
                    type_="body.established",
                    effective=DAY,
                    body="garden-society",
                    name="Garden Society",
                    classification="association",
                ),
                m.PostCreated(
                    type_="post.created",
                    effective=DAY,
                    post="chair",
                    body="garden-society",
                    label="Chair",
                    seats=1,
                ),
                *(
                    m.PersonRegistered(
                        type_="person.registered", effective=DAY, person=person, name=name
                    )
                    for person, name in (("ada", "Ada Example"), ("bo", "Bo Example"))
                ),
                m.ElectionHeld(
                    type_="election.held",
                    effective=DAY,
                    election="first",
                    eligible=12,
                    cast=11,
                    contests=[m.Contest(post="chair", elected=["ada"], until="2027")],
                ),
            ],
        )


@pytest.fixture(scope="module")
def client(generated: str, served: Served) -> Iterator[Generated]:
    with closing(Generated(generated, served.url, served.keys["recorder"])) as it:
        yield it


@pytest.fixture(scope="module")
def officer(generated: str, served: Served) -> Iterator[Generated]:
    """The client of somebody who may erase."""
    with closing(Generated(generated, served.url, served.keys["privacy"])) as it:
        yield it


def test_a_decision_is_rehearsed_recorded_and_asked_about(client: Generated) -> None:
    m = client.models
    rehearsed = client.ask("decisions", "record_decision", body=client.founding(), dry_run=True)
    assert isinstance(rehearsed.parsed, m.DryRun)
    assert (rehearsed.parsed.accepted, rehearsed.parsed.violations) == (True, [])

    recorded = client.ask("decisions", "record_decision", body=client.founding())
    assert recorded.status_code == 201
    assert isinstance(recorded.parsed, m.Receipt)
    assert [each.position for each in recorded.parsed.entries] == [6, 7, 8, 9, 10]
    assert recorded.headers["Location"] == "/v1/decisions/founding"

    again = client.ask("decisions", "record_decision", body=client.founding())
    assert again.status_code == 200
    assert again.parsed == recorded.parsed

    day = date(2025, 2, 1)
    asked = client.ask("structure", "ask_structure", effective_at=day, position=10)
    assert isinstance(asked.parsed, m.StructureAnswer)
    assert asked.parsed.basis.recorded_at == recorded.parsed.recorded_at
    (body,) = asked.parsed.bodies
    (holder,) = body.posts[0].holders
    assert (body.name, holder.person, holder.certainty) == ("Garden Society", "ada", "certain")
    before = client.ask("structure", "ask_structure", effective_at=day, position=0)
    assert before.parsed.bodies == []

    known = client.ask("structure", "ask_structure", recorded_at=recorded.parsed.recorded_at)
    assert [each.id for each in known.parsed.bodies] == ["garden-society"]
    etag = known.headers["ETag"]
    same = client.ask(
        "structure",
        "ask_structure",
        recorded_at=recorded.parsed.recorded_at,
        if_none_match=etag,
    )
    assert (same.status_code, same.parsed) == (304, None)


def test_a_refusal_is_a_problem_that_names_the_rule(client: Generated) -> None:
    m = client.models
    client.ask("decisions", "record_decision", body=client.founding())
    refused = client.ask(
        "decisions",
        "record_decision",
        body=m.Decision(
            acts=[
                m.AppointmentMade(
                    type_="appointment.made", effective="2025-02-01", person="bo", post="chair"
                )
            ]
        ),
    )
    assert refused.status_code == 409
    assert isinstance(refused.parsed, m.Problem)
    assert refused.parsed.type_ == "urn:curule:problem:refused"
    (violation,) = refused.parsed.violations
    assert isinstance(violation, m.Violation)
    assert (violation.rule, violation.pointer) == ("seats_exceeded", "/acts/0")
    forbidden = client.ask("people", "erase_person", "bo", body=m.ErasureAsked(ground="none"))
    assert (forbidden.status_code, forbidden.parsed.type_) == (403, "urn:curule:problem:forbidden")
    missing = client.ask("people", "ask_person", "nobody")
    assert (missing.status_code, missing.parsed.status) == (404, 404)


def test_an_election_is_told_with_its_votes(client: Generated) -> None:
    m = client.models
    client.ask("decisions", "record_decision", body=client.founding())
    election = client.ask("elections", "ask_election", "first").parsed
    assert isinstance(election, m.ElectionAnswer)
    assert (election.eligible, election.cast) == (12, 11)
    assert [each.person for each in election.contests[0].elected] == ["ada"]


def test_a_list_is_paged_by_its_links(client: Generated) -> None:
    client.ask("decisions", "record_decision", body=client.founding())
    found = []
    page = client.ask("people", "ask_people", limit=1)
    while True:
        found += [each.id for each in page.parsed.people]
        link = re.search('<([^>]*)>; rel="next"', page.headers.get("Link", ""))
        if link is None:
            break
        given = dict(parse_qsl(urlsplit(link[1]).query))
        page = client.ask(
            "people",
            "ask_people",
            limit=int(given["limit"]),
            cursor=given["cursor"],
            position=int(given["position"]),
        )
    assert found == ["ada", "bo"]


def test_one_person_is_told_with_what_is_not_stated(client: Generated) -> None:
    m = client.models
    client.ask("decisions", "record_decision", body=client.founding())
    earlier = date(2024, 1, 1)
    ada = client.ask("people", "ask_person", "ada", effective_at=earlier).parsed
    assert isinstance(ada, m.PersonAnswer)
    (tenure,) = ada.tenures
    assert (ada.name, ada.died, tenure.certainty, tenure.voting) == (
        "Ada Example",
        None,
        None,
        None,
    )


def test_a_text_that_was_erased_is_no_text(client: Generated, officer: Generated) -> None:
    m = client.models
    client.ask("decisions", "record_decision", body=client.founding())
    erased = officer.ask("people", "erase_person", "bo", body=m.ErasureAsked(ground="gdpr-17-1-b"))
    assert erased.status_code == 201
    assert client.ask("people", "ask_person", "bo").parsed.name == m.Erased(erased=True)
    told = client.ask("decisions", "ask_decision", "founding").parsed.decision
    assert isinstance(told, m.DecisionTold)
    registered = [each for each in told.acts if isinstance(each, m.PersonRegisteredTold)]
    assert [each.name for each in registered] == ["Ada Example", m.Erased(erased=True)]
