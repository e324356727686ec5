"""What the image is made of, and what `compose.yaml` and the settings say of it, fit together.

Nothing here needs a container engine: the wheel is built as in the image, and the files are read.
"""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import chdir
from fnmatch import fnmatch
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel

from tests.commanding import command

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
COMPOSE = (ROOT / "compose.yaml").read_text()


def instructions(name: str) -> list[str]:
    """What a kind of instruction of the Dockerfile says, in order."""
    return re.findall(rf"^ *{name} +(.*)$", DOCKERFILE, re.MULTILINE)


def copied() -> list[str]:
    """What is copied into the image from here."""
    sources = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return [source for line in sources for source in line]


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path be copied: of its lines the last that matches decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and fnmatch(path, pattern):
            sent = line.startswith("!")
    return sent


def test_what_is_copied_is_there_and_sent() -> None:
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert is_sent(source), source
    assert not is_sent("curule.db")


def test_all_that_the_wheel_is_made_of_is_copied() -> None:
    built = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", *PACKAGES, *PROJECT["project"]["license-files"]}
    assert built == {"packages": PACKAGES}
    assert PROJECT["tool"]["importlinter"]["root_packages"] == PACKAGES
    assert needed <= set(copied())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the wheel, built without asking any index."""
    folder = tmp_path_factory.mktemp("wheel")
    with chdir(ROOT):
        name = build_wheel(str(folder))
    with ZipFile(folder / name) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_has_all_files_of_a_package(package: str, wheel: set[str]) -> None:
    files = {
        str(file.relative_to(ROOT))
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert files
    assert files <= wheel


def test_the_wheel_has_nothing_else(wheel: set[str]) -> None:
    parts = {name.partition("/")[0] for name in wheel}
    assert {part for part in parts if not part.endswith(".dist-info")} == set(PACKAGES)


def test_the_image_has_a_python_that_is_supported() -> None:
    images = instructions("FROM")
    (minor,) = {re.sub(r"python:3\.(\d+)-slim.*", r"\1", image) for image in images}
    assert f"Programming Language :: Python :: 3.{minor}" in PROJECT["project"]["classifiers"]


def test_the_image_does_not_run_as_root_and_writes_nowhere_but_to_its_data() -> None:
    *_, user = instructions("USER")
    assert user == "10001:10001"
    assert instructions("VOLUME") == ["/data"]
    stores = re.findall(r'CURULE_(?:LEDGER|VAULT|VIEWS)="([^"]+)"', DOCKERFILE)
    assert len(stores) == 3
    assert all(store.removeprefix("sqlite:///").startswith("/data/") for store in stores)
    for promise in ("read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"):
        assert promise in COMPOSE


def test_the_image_runs_a_command_that_there_is(tmp_path: Path) -> None:
    *_, cmd = [line for line in DOCKERFILE.splitlines() if line.startswith("CMD")]
    program, *arguments = json.loads(cmd.removeprefix("CMD"))
    assert program in PROJECT["project"]["scripts"]
    assert command(tmp_path, *arguments, "--help").returncode == 0


def test_health_is_asked_where_it_is_served() -> None:
    (port,) = instructions("EXPOSE")
    assert f"http://127.0.0.1:{port}/livez" in DOCKERFILE
    assert f'"127.0.0.1:{port}:{port}"' in COMPOSE


def test_every_setting_of_the_image_and_of_compose_is_one() -> None:
    told = set(re.findall(r"`(CURULE_\w+)`", SETTINGS))
    named = set(re.findall(r"CURULE_\w+", DOCKERFILE + COMPOSE)) - {"CURULE_DB_PASSWORD"}
    assert named <= told


def test_it_has_time_to_end_what_is_under_way() -> None:
    (seconds,) = re.findall(r"stop_grace_period: (\d+)s", COMPOSE)
    assert int(seconds) >= 10
