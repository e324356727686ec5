"""Operating: health, metrics, log lines, and how the service ends."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families
from pydantic import ValidationError
from typer.main import get_command

from domain.access import LOCAL
from service.commands import serving as commands
from service.ledger import Ledger
from service.log.appends import Append
from service.log.log import Log
from service.operating.health import CHECKS, Health, Readiness
from service.operating.logs import told
from service.operating.metrics import Metrics
from service.recording.recorder import Sent, curule_seal, drafted
from tests.commanding import PATIENCE, read_until, running
from tests.ledgers import act, decision, entries, ledger_in
from tests.ledgers import told as recorded
from tests.serving import new_key, serving, settings_in, showing

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
ANN = "Zuzana Nováková"
COUNCIL = act("body.established", "2020", body="council", name="Council", classification="organ")


@contextmanager
def client_of(url: str, key: str | None = None) -> Iterator[httpx.Client]:
    headers = showing(key) if key else {}
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of a text, by its name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figure(client: httpx.Client, name: str, **labels: str) -> float:
    found = samples(client.get("/metrics").text)
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


# Health


def test_a_ledger_that_answers_is_ready(tmp_path: Path) -> None:
    with serving(tmp_path) as url, client_of(url) as client:
        assert client.post("/v1/decisions", json={"acts": [COUNCIL]}).status_code == 201
        assert client.get("/v1/structure").status_code == 200
        found = client.get("/readyz")
    assert found.status_code == 200
    assert found.headers["Cache-Control"] == "no-store"
    told_ = found.json()
    assert (told_["ready"], told_["ending"]) == (True, False)
    checks = {each["name"]: each for each in told_["checks"]}
    assert list(checks) == list(CHECKS)
    assert all(each["ok"] for each in checks.values())
    assert [checks[each]["figure"] for each in ("log", "signed", "views")] == [2, 2, 0]


def test_the_page_shows_what_is_answered() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", OPERATIONS, re.DOTALL)
    page = json.loads(shown)
    assert [each["name"] for each in page["checks"]] == list(CHECKS)
    assert [each["meaning"] for each in page["checks"]] == [told for _, told in CHECKS.values()]
    assert set(page) == set(Readiness.__dataclass_fields__)


def look(ledger: Ledger) -> dict[str, tuple[bool, float | None, str | None]]:
    async def look_once() -> Readiness:
        with closing(Health(ledger)) as health:
            return await health.readiness()

    found = asyncio.run(look_once())
    assert found.ready == all(each.ok for each in found.checks)
    return {each.name: (each.ok, each.figure, each.detail) for each in found.checks}


def test_a_vault_with_another_key_is_not_ready(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        assert look(ledger)["vault"][0]
        with closing(sqlite3.connect(tmp_path / "vault.db", isolation_level=None)) as other:
            other.execute("UPDATE vault_master SET key_check = x'00'")
        assert look(ledger)["vault"] == (False, None, "VaultLocked")


def test_views_that_must_be_built_are_not_ready(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for directory, name in ((one, "One"), (other, "Other")):
        directory.mkdir()
        with ledger_in(directory) as ledger:
            recorded(ledger, {**COUNCIL, "name": name})
            ledger.follow()
            assert look(ledger)["views"] == (True, 0, None)
            recorded(ledger, act("body.renamed", "2021", body="council", name="New"))
            assert look(ledger)["views"] == (True, 2, None)
    (other / "views.db").rename(one / "views.db")
    with ledger_in(one) as ledger:
        assert look(ledger)["views"] == (False, 2, "to be built")
        ledger.follow()
        assert look(ledger)["views"] == (True, 0, None)


def test_what_is_recorded_unsigned_is_not_ready(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        recorded(ledger, COUNCIL)
        assert look(ledger)["signed"] == (True, 2, None)
        unsigned = drafted(entries(ledger)[1])
        with closing(Log(f"sqlite:///{tmp_path / 'log.db'}", seal=curule_seal)) as nobodys:
            nobodys.record(Append((unsigned,)))
        assert not look(ledger)["signed"][0]


def test_a_database_that_is_silent_is_not_waited_for(tmp_path: Path, postgres_url: str) -> None:
    with (
        serving(tmp_path, ledger_url=postgres_url) as url,
        client_of(url) as client,
        psycopg.connect(postgres_url.replace("+psycopg", "")) as other,
    ):
        assert client.get("/readyz").status_code == 200
        other.execute("LOCK TABLE entries, head, checkpoints IN ACCESS EXCLUSIVE MODE")
        time.sleep(1)  # what was found holds for a second
        silent = client.get("/readyz")
        assert silent.status_code == 503
        checks = {each["name"]: each for each in silent.json()["checks"]}
        assert checks["log"]["detail"] == "no answer within 2 s"
        assert checks["vault"]["ok"]
        assert "postgres@" not in silent.text
        assert client.get("/livez").status_code == 200
        other.rollback()
        until = time.monotonic() + PATIENCE
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_store_of_an_older_release_is_not_ready(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        for name, revision, ok in (("vault", 0, False), ("vault", 99, True), ("log", 0, False)):
            with closing(sqlite3.connect(tmp_path / f"{name}.db", isolation_level=None)) as other:
                other.execute(f"UPDATE {name}_version SET version_num = '{revision}'")
            is_ok, _, detail = look(ledger)["schema"]
            assert (is_ok, detail) == (ok, None if ok else f"older than this release: {name}")


def test_whoever_polls_costs_one_look_a_second(tmp_path: Path) -> None:
    async def poll(ledger: Ledger) -> set[int]:
        with closing(Health(ledger)) as health:
            found = await asyncio.gather(*(health.readiness() for _ in range(100)))
            return {id(each.checks) for each in found}

    with ledger_in(tmp_path) as ledger:
        assert len(asyncio.run(poll(ledger))) == 1


# Metrics


def test_every_metric_stands_on_the_page_and_no_other(tmp_path: Path) -> None:
    page = {
        (name.removesuffix("_total"), kind)
        for name, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", OPERATIONS, re.MULTILINE)
    }
    with serving(tmp_path) as url, client_of(url) as client:
        families = list(text_string_to_metric_families(client.get("/metrics").text))
    assert {(each.name, each.type) for each in families} == page
    labels = {
        each.name: {name for sample in each.samples for name in sample.labels} - {"le"}
        for each in families
    }
    for line in re.findall(r"^\| `\w+` \|.*$", OPERATIONS, re.MULTILINE):
        name = line.split("`")[1].removesuffix("_total")
        assert all(f"`{label}`" in line for label in labels[name]), (line, labels[name])


def test_decisions_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    with serving(tmp_path) as url, client_of(url) as client:
        founding = {"id": "founding", "acts": [COUNCIL, {**COUNCIL, "body": "board"}]}
        assert client.post("/v1/decisions", json=founding).status_code == 201
        assert client.post("/v1/decisions", json=founding).status_code == 200
        refused = client.post("/v1/decisions", json={"acts": [COUNCIL]})
        assert refused.status_code == 409
        (rule,) = {each["rule"] for each in refused.json()["violations"]}
        assert client.get("/v1/structure").status_code == 200
        found = samples(client.get("/metrics").text)
    assert {
        labels[0][1]: value
        for (name, labels), value in found.items()
        if name == "curule_decisions_total"
    } == {"recorded": 1, "repeated": 1, "refused": 1}
    assert found["curule_entries_recorded_total", ()] == 3
    assert found["curule_refusals_total", (("rule", rule),)] == 1
    assert found["curule_commit_decisions_count", ()] == 1
    assert found["curule_commit_decisions_sum", ()] == 1
    assert found["curule_commit_seconds_sum", ()] > 0
    assert found["curule_views_wait_seconds_count", ()] == 1
    assert found["curule_log_position", ()] == 3
    assert found["curule_ready", ()] == 1


def test_a_decision_that_is_judged_again_is_a_retry(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        recorded(ledger, COUNCIL)
        rename = act("body.renamed", "2021", body="council")
        both = [Sent(decision({**rename, "name": name}, id=name), LOCAL) for name in ("One", "Two")]
        ledger.recorder.record(both)
        found = samples(ledger.metrics.text().decode())
    assert found["curule_retries_total", ()] == 1
    assert found["curule_commit_decisions_sum", ()] == 1 + 2 + 1


def test_requests_are_counted_by_template_and_never_by_id(tmp_path: Path) -> None:
    with serving(tmp_path) as url, client_of(url) as client:
        for path in ("/v1/bodies/x1", "/v1/bodies/x2", "/x3/x4", "/v1/people?q=x5"):
            client.get(path)
        client.request("DELETE", "/v1/bodies")
        text = client.get("/metrics").text
        asked = {"route": "/v1/bodies/{body}", "method": "GET"}
        assert figure(client, "curule_http_requests_total", status="404", **asked) == 2
        assert figure(client, "curule_http_request_duration_seconds_count", **asked) == 2
        nowhere = {"route": "none", "method": "GET", "status": "404"}
        assert figure(client, "curule_http_requests_total", **nowhere) == 1
        other = {"route": "/v1/bodies", "method": "other", "status": "405"}
        assert figure(client, "curule_http_requests_total", **other) == 1
    assert not re.search(r"[xX]\d", text)


def test_metrics_take_a_key_once_there_is_one(tmp_path: Path) -> None:
    with serving(tmp_path, anonymous=None) as url, client_of(url) as client:
        assert client.get("/metrics").status_code == 200
    settings = settings_in(tmp_path)
    reader, auditor = new_key(settings, "reader"), new_key(settings, "auditor")
    with serving(tmp_path, anonymous=None) as url:
        with client_of(url) as client:
            assert client.get("/metrics").status_code == 401
            assert client.get("/v1/bodies/council").status_code == 401
            assert client.get("/readyz").status_code == 200
        with client_of(url, reader) as client:
            assert client.get("/metrics").status_code == 403
        with client_of(url, auditor) as client:
            assert figure(client, "curule_access_refused_total", status="401") == 2
            refused = {"method": "GET", "status": "401"}
            for route in ("/metrics", "/v1/bodies/{body}"):
                assert figure(client, "curule_http_requests_total", route=route, **refused) == 1
            assert figure(client, "curule_access_refused_total", status="403") == 1


def test_who_follows_the_log_is_counted_while_following(tmp_path: Path) -> None:
    with serving(tmp_path) as url, client_of(url) as client:
        with client_of(url) as other, other.stream("GET", "/v1/entries/stream"):
            assert figure(client, "curule_stream_clients") == 1
        until = time.monotonic() + PATIENCE
        while figure(client, "curule_stream_clients"):
            assert time.monotonic() < until
        asked = {"route": "/v1/entries/stream", "method": "GET"}
        assert figure(client, "curule_http_requests_total", status="200", **asked) == 1
        assert figure(client, "curule_http_request_duration_seconds_count", **asked) == 0


def test_whoever_asks_too_often_is_counted(tmp_path: Path) -> None:
    arguments = ("serve", "--port", "0", "--rate-limit", "2/hour")
    with running(tmp_path, *arguments) as process:
        url = re.findall(r"http://\S+", read_until(process, "Curule serves"))[0]
        with client_of(url) as client:
            asked = [client.get("/v1/structure").status_code for _ in range(3)]
            assert asked == [200, 200, 429]
            assert figure(client, "curule_rate_limited_total") == 1


def test_each_ledger_has_metrics_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    with ledger_in(tmp_path / "one") as one, ledger_in(tmp_path / "other") as other:
        recorded(one, COUNCIL)
        entries = "curule_entries_recorded_total", ()
        assert samples(one.metrics.text().decode())[entries] == 2
        assert samples(other.metrics.text().decode())[entries] == 0


def test_errors_of_a_store_are_counted_as_its_own(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        with closing(sqlite3.connect(tmp_path / "vault.db", isolation_level=None)) as other:
            other.execute("ALTER TABLE vault_master RENAME TO elsewhere")
        assert look(ledger)["vault"] == (False, None, "OperationalError")
        found = samples(ledger.metrics.text().decode())
    counted = {
        store: found["curule_database_errors_total", (("store", store),)] for store in STORES
    }
    assert counted == {"log": 0, "vault": 1, "views": 0}


STORES = ("log", "vault", "views")


def test_a_scrape_is_well_formed_for_prometheus() -> None:
    for family in text_string_to_metric_families(Metrics().text().decode()):
        assert family.documentation.endswith((".", ")"))
        assert re.fullmatch(r"(curule|process)_[a-z_]+", family.name)


# Log lines


@contextmanager
def logging_json(
    directory: Path, *arguments: str, **settings: str
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve with lines in JSON: the address, and the lines once the context has ended."""
    lines: list[dict[str, Any]] = []
    command = ("serve", "--port", "0", "--log-format", "json", *arguments)
    with running(directory, *command, **settings) as process:
        said = read_until(process, "Curule serves")
        yield re.findall(r"http://\S+", said)[0], lines
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    lines += [json.loads(line) for line in errors.splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "event"} <= set(line)


def person(name: str) -> dict[str, Any]:
    return act("person.registered", "2020", person="ann", name=name)


def test_a_request_is_one_line_with_its_id_and_without_what_was_asked(tmp_path: Path) -> None:
    key = new_key(settings_in(tmp_path))
    with logging_json(tmp_path, "--access-log") as (url, lines), client_of(url, key) as client:
        assert client.post("/v1/decisions", json={"acts": [person(ANN)]}).status_code == 201
        mine = client.get("/v1/people", params={"q": ANN}, headers={"X-Request-ID": "mine-1"})
        assert ANN in mine.text
        assert mine.headers["X-Request-ID"] == "mine-1"
        one = client.get("/v1/people/ann", headers={"X-Request-ID": "no {form} of an id"})
        assert re.fullmatch(r"[0-9a-f]{16}", one.headers["X-Request-ID"])
    asked = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in asked] == [
        ("POST", "/v1/decisions", 201),
        ("GET", "/v1/people", 200),
        ("GET", "/v1/people/{person_id}", 200),
    ]
    assert [line["path"] for line in asked] == ["/v1/decisions", "/v1/people", "/v1/people/ann"]
    assert asked[1]["request_id"] == "mine-1"
    assert asked[2]["request_id"] == one.headers["X-Request-ID"]
    assert {line["key"] for line in asked} == {key.split("_")[1]}
    assert all(line["seconds"] > 0 for line in asked)
    for secret in (key, key.split("_")[2], "Zuzana", "q="):
        assert secret not in json.dumps(lines, ensure_ascii=False)


def test_a_failure_is_told_with_its_request_and_logged_with_its_place(tmp_path: Path) -> None:
    key = new_key(settings_in(tmp_path))
    with logging_json(tmp_path) as (url, lines), client_of(url, key) as client:
        assert client.post("/v1/decisions", json={"acts": [person(ANN)]}).status_code == 201
        with closing(sqlite3.connect(tmp_path / "curule-vault.db", isolation_level=None)) as other:
            other.execute("UPDATE vault_disclosures SET sealed = x'00'")
        failed = client.get("/v1/people/ann", headers={"X-Request-ID": "mine-2"})
    assert failed.status_code == 500
    assert failed.json()["request_id"] == failed.headers["X-Request-ID"] == "mine-2"
    (line,) = [each for each in lines if "exception" in each]
    assert line["request_id"] == "mine-2"
    assert line["level"] == "error"
    assert "in values" in line["exception"]
    assert "VaultDamaged: what is kept for" in line["exception"]
    assert "Zuzana" not in json.dumps(lines, ensure_ascii=False)


def raised(error: BaseException | None = None) -> str:
    """How an exception is logged, that was raised while another was being handled."""
    try:
        try:
            decision({**person(ANN), "nonsense": ANN})
        except ValidationError as first:
            raise error or first from first
    except BaseException as caught:  # noqa: BLE001
        return "\n".join(told(caught))
    raise AssertionError


def test_an_exception_is_logged_without_what_it_quotes() -> None:
    for error in (ValueError(ANN), KeyError(ANN), AssertionError(ANN), Exception(ANN)):
        logged = raised(error)
        assert "Zuzana" not in logged
        assert type(error).__name__ in logged
        assert "ValidationError" in logged
        assert "in raised" in logged
    assert "RuntimeError: the head moved" in raised(RuntimeError("the head moved"))
    group = raised(ExceptionGroup("several", [ValueError(ANN), RuntimeError("a silent database")]))
    assert "Zuzana" not in group
    assert "RuntimeError: a silent database" in group


def test_an_error_of_a_database_is_logged_without_parameters_and_rows(postgres_url: str) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True))
    engine = sa.create_engine(postgres_url)
    with engine.connect() as connection:
        table.create(connection)
        connection.execute(sa.insert(table).values(name=ANN))
        with pytest.raises(sa.exc.IntegrityError) as failed:
            connection.execute(sa.insert(table).values(name=ANN))
    engine.dispose()
    assert ANN in str(failed.value)
    logged = "\n".join(told(failed.value))
    assert "Zuzana" not in logged
    assert "duplicate key value violates unique constraint" in logged


def test_no_store_tells_its_parameters(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        for store in (ledger.log, ledger.vault, ledger.views):
            assert store._engine.hide_parameters


# How it ends


@pytest.mark.parametrize(
    ("log_url", "sig"),
    [("sqlite", signal.SIGINT), ("postgresql", signal.SIGTERM)],
    indirect=["log_url"],
)
def test_under_load_everything_recorded_is_answered(
    tmp_path: Path, log_url: str, sig: signal.Signals
) -> None:
    settings = settings_in(tmp_path, log_url)
    key = new_key(settings)
    answered, unanswered, stop = Counter[str](), set[str](), threading.Event()

    def write(url: str, writer: int) -> None:
        with client_of(url, key) as client:
            number = 0
            while not stop.is_set():
                name = f"w{writer}-{number}"
                body = act("body.established", "2020", body=name, name="B", classification="c")
                try:
                    posted = client.post("/v1/decisions", json={"id": name, "acts": [body]})
                except httpx.TransportError:
                    unanswered.add(name)
                    return
                assert posted.status_code == 201, posted.text
                answered[name] += 1
                number += 1

    with running(tmp_path, "serve", "--port", "0", CURULE_LEDGER=log_url) as process:
        url = re.findall(r"http://\S+", read_until(process, "Curule serves"))[0]
        writers = [threading.Thread(target=write, args=(url, each)) for each in range(8)]
        for each in writers:
            each.start()
        while len(answered) < 40:
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(sig)
        _, errors = process.communicate(timeout=PATIENCE)
        stop.set()
        for each in writers:
            each.join()
    assert (process.returncode, errors) == (0, "")
    with closing(Ledger(settings)) as ledger:
        found = Counter(one.entry for one in ledger.log.entries() if one.type == "decision.taken")
        whole = Counter(json.loads(each.entry)["decision"] for each in ledger.log.entries())
    assert set(found.values()) == {1}
    names = {name: count for name, count in whole.items() if name.startswith("w")}
    assert set(names) == set(answered)
    assert set(names.values()) == {2}, "a decision and its act"
    assert unanswered


def test_it_lingers_while_it_is_not_ready_and_a_second_signal_ends_it(tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", CURULE_LINGER="60") as process:
        url = re.findall(r"http://\S+", read_until(process, "Curule serves"))[0]
        with client_of(url) as client:
            assert client.get("/readyz").status_code == 200
        process.send_signal(signal.SIGTERM)
        until = time.monotonic() + PATIENCE
        with client_of(url) as client:
            while (found := client.get("/readyz")).status_code != 503:
                assert time.monotonic() < until
        assert found.json()["ending"]
        with client_of(url) as client:
            assert client.get("/v1/structure").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM


def test_what_takes_longer_than_the_grace_is_left(tmp_path: Path, postgres_url: str) -> None:
    key = new_key(settings_in(tmp_path, postgres_url))
    address = postgres_url.replace("+psycopg", "")
    with (
        running(
            tmp_path, "serve", "--port", "0", "--grace", "2", "--ledger", postgres_url
        ) as process,
        psycopg.connect(address) as other,
    ):
        url = re.findall(r"http://\S+", read_until(process, "Curule serves"))[0]
        other.execute("LOCK TABLE entries IN ACCESS EXCLUSIVE MODE")
        failed = threading.Event()

        def write() -> None:
            with client_of(url, key) as client:
                try:
                    late = client.post("/v1/decisions", json={"acts": [COUNCIL]})
                except httpx.TransportError:
                    failed.set()
                else:
                    assert late.status_code >= 500, late.text
                    failed.set()

        writer = threading.Thread(target=write)
        writer.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with psycopg.connect(address, autocommit=True) as third:
            while third.execute(waiting).fetchone() == (0,):
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        other.rollback()
        writer.join()
    assert failed.is_set()
    assert process.returncode == 1
    assert "not everything was finished within 2 s" in errors


# Settings


def test_every_option_of_serving_is_a_setting_that_is_documented() -> None:
    command = get_command(commands.app).commands["serve"]  # type: ignore[attr-defined]
    context = command.make_context("serve", ["--port", "0"], resilient_parsing=True)
    options = [each for each in command.get_params(context) if each.name != "help"]
    assert len(options) > 20
    table = "\n".join(re.findall(r"^\| `CURULE_.*$", SETTINGS, re.MULTILINE))
    for option in options:
        assert f"`{option.envvar}`" in table, option.name
        derived = "--" + option.envvar.removeprefix("CURULE_").lower().replace("_", "-")
        assert derived in option.opts or f"`{option.opts[0]}`" in SETTINGS


def test_an_option_goes_before_the_environment(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    with running(
        tmp_path, "serve", "--port", "0", "--ledger", f"sqlite:///{elsewhere}", CURULE_LEDGER="none"
    ) as process:
        read_until(process, "Curule serves")
    assert elsewhere.is_file()


def test_a_variable_that_is_no_setting_is_warned_of(tmp_path: Path) -> None:
    mistaken = {"CURULE_VEIWS": "x", "CURULE_URL": "http://127.0.0.1:1", "CURULE_KEY": "x"}
    with logging_json(tmp_path, **mistaken) as (_, lines):
        pass
    warned = [line["event"] for line in lines if "no setting" in line["event"]]
    assert warned == ["there is no setting CURULE_VEIWS; is it CURULE_VIEWS?"]
