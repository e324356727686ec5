"""The audit bundle: a stranger verifies it with Python alone, and finds what was done to it."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import service.bundle.verify as standalone
from bench.organisation import Organisation
from service.bundle.exporting import Exported, export
from service.bundle.importing import NotEmpty, import_bundle
from service.bundle.verify import Bundle, Found, NoBundle, signed_by, verify
from service.log.log import Log
from service.settings import Settings
from service.stores.secret import sync
from tests.attacks import flipped
from tests.commanding import command
from tests.ledgers import act, decision, ledger_in, sent, told
from tests.test_verify import OTHER, SIZE, Kept, kept, organise, organised, settings_of, verified

QUIET: Any = lambda *_: None  # noqa: E731


def exported(folder: Path, position: int | None = None, *, disclosures: bool = False) -> Exported:
    """Export the ledger in a folder into `bundle.zip` there, and unpack it into `bundle`."""
    with ledger_in(folder) as ledger:
        made = export(ledger, folder / "bundle.zip", position, disclosures=disclosures, tell=QUIET)
    shutil.rmtree(folder / "bundle", ignore_errors=True)
    with ZipFile(folder / "bundle.zip") as bundle:
        bundle.extractall(folder / "bundle")
    return made


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kept]:
    """The same ledger as an auditor verifies, with a bundle of it, and what was kept."""
    folder = tmp_path_factory.mktemp("original")
    keeps = organised(folder)
    exported(folder, disclosures=True)
    return folder, keeps


@pytest.fixture
def bundle(original: tuple[Path, Kept], tmp_path: Path) -> Path:
    """An unpacked bundle, to do something to."""
    return shutil.copytree(original[0] / "bundle", tmp_path / "bundle")


@pytest.fixture
def keeps(original: tuple[Path, Kept]) -> Kept:
    return original[1]


def lines(bundle: Path) -> list[bytes]:
    return (bundle / "entries.jsonl").read_bytes().splitlines()


def write(bundle: Path, entries: list[bytes]) -> None:
    (bundle / "entries.jsonl").write_bytes(b"".join(entry + b"\n" for entry in entries))
    (bundle / "position").write_text(f"{len(entries)}\n")


def found(bundle: Path, keeps: Kept, since: str | None = None) -> tuple[int, str]:
    """The first fault of a bundle."""
    faults = verify(str(bundle), str(keeps.key), since).faults
    assert faults
    return faults[0]


def run(bundle: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own verifier as a stranger does: nothing is installed, nothing is near."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-W", "error", "verify.py", *arguments],
        cwd=bundle,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_stranger_verifies_a_bundle(bundle: Path, keeps: Kept) -> None:
    done = run(bundle, "--key", str(keeps.key))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("It is whole.\n")
    (bundle / "kept").write_text(keeps.checkpoint)
    assert run(bundle, "--since", "kept", "--key", str(keeps.key)).returncode == 0
    alone = run(bundle)
    assert alone.returncode == 0
    assert "The key is the bundle's own" in alone.stdout
    write(bundle, [*lines(bundle)[:-1], flipped(lines(bundle)[-1])])
    wrong = run(bundle)
    assert wrong.returncode == 1
    assert wrong.stdout.startswith(f"position {len(lines(bundle))}: ")
    assert wrong.stdout.endswith("SOMETHING IS WRONG.\n")
    for usage in (["--help"], ["a", "b"], ["--key"], ["--key", "k", "--key", "k"]):
        assert run(bundle, *usage).returncode == 2, usage
    (bundle / "checkpoint").unlink()
    assert run(bundle).returncode == 3
    assert run(bundle, "nowhere").returncode == 3


def test_the_verifier_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(standalone.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_a_damaged_zip_is_told_so(original: tuple[Path, Kept], tmp_path: Path) -> None:
    content = bytearray((original[0] / "bundle.zip").read_bytes())
    with ZipFile(original[0] / "bundle.zip") as archive:
        files = {name: archive.getinfo(name) for name in ("entries.jsonl", "disclosures.jsonl")}
    for name, file in files.items():
        begun = file.header_offset + len(file.FileHeader())
        for at in range(begun + 50, begun + file.compress_size - 50, file.compress_size // 7):
            content[at] ^= 0xFF
            (tmp_path / "damaged.zip").write_bytes(content)
            with pytest.raises(NoBundle, match=f"{name} cannot be read"):
                verify(str(tmp_path / "damaged.zip"))
            content[at] ^= 0xFF


def test_a_bundle_takes_a_place_when_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "bundle.zip"
    synced: list[tuple[str, bytes]] = []

    def noted(path: Path) -> None:
        synced.append((path.name, to.read_bytes()))
        sync(path)

    monkeypatch.setattr("service.bundle.exporting.sync", noted)
    to.write_bytes(b"an older one")
    exported(tmp_path)
    assert synced[0] == ("bundle.zip.part", b"an older one")
    assert synced[1] == (tmp_path.name, to.read_bytes())


def test_texts_in_clear_are_for_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip.part").touch()  # of one who was killed
    exported(tmp_path, disclosures=True)
    assert (tmp_path / "bundle.zip").stat().st_mode & 0o077 == 0


def test_the_same_log_gives_the_same_bundle(original: tuple[Path, Kept]) -> None:
    folder = original[0]
    before = (folder / "bundle.zip").read_bytes()
    exported(folder, disclosures=True)
    assert (folder / "bundle.zip").read_bytes() == before


def test_a_bundle_holds_no_text_unless_it_is_told_to(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        organise(ledger, Organisation(100), 50)
        digests = [each.digest for each in ledger.vault.examined()]
    exported(tmp_path)
    assert not (tmp_path / "bundle" / "disclosures.jsonl").exists()
    assert exported(tmp_path, disclosures=True).disclosures == len(digests) > 0
    stated = (tmp_path / "bundle" / "disclosures.jsonl").read_text().splitlines()
    assert [json.loads(each)["digest"] for each in stated] == sorted(digests)


def test_a_ledger_without_entries(tmp_path: Path) -> None:
    made = exported(tmp_path)
    assert (made.entries, made.size) == (0, 0)
    assert run(tmp_path / "bundle").returncode == 0


def test_a_bundle_up_to_a_position(tmp_path: Path, original: tuple[Path, Kept]) -> None:
    """It ends with a whole decision; of what follows under its checkpoint, it has hashes alone."""
    folder = shutil.copytree(original[0], tmp_path / "copy", symlinks=True)
    entries = [json.loads(line) for line in lines(folder / "bundle")]
    for position in (1, 100, 255, 256, 257, 300, 512, 513, len(entries) - 1, len(entries)):
        made = exported(folder, position)
        begun = position if position == len(entries) else position - entries[position]["number"]
        assert made.entries == begun
        checked = verify(str(folder / "bundle.zip"), str(original[1].key))
        assert (checked.faults, checked.entries) == ([], begun)
    with pytest.raises(ValueError, match="is not recorded yet"):
        exported(folder, len(entries) + 1)


def test_a_checkpoint_of_several_decisions(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        registered = (
            decision(act("person.registered", "2020-01-01", person=f"p{n}", name=f"Person {n}"))
            for n in range(30)
        )
        ledger.recorder.record([sent(each) for each in registered])
        key = str(ledger.log.signer.verifier)
    made = exported(tmp_path, 40)
    assert 0 < made.entries <= 40 < made.size
    assert verify(str(tmp_path / "bundle"), key).faults == []
    assert "only their hashes" in run(tmp_path / "bundle").stdout
    (tile,) = (each for each in (tmp_path / "bundle" / "tile").rglob("*") if each.is_file())
    tile.write_bytes(flipped(tile.read_bytes(), -1))
    faults = verify(str(tmp_path / "bundle"), key).faults
    assert faults == [(1, f"the entries 1-{made.size} are not those of the checkpoint")]


# The auditor's list


@pytest.mark.parametrize("position", [1, 256, 257, 400, 600])
def test_a_byte_of_an_entry(bundle: Path, keeps: Kept, position: int) -> None:
    entries = lines(bundle)
    for at in (0, 10, -20, -1):
        changed = flipped(entries[position - 1], at)
        write(bundle, [*entries[: position - 1], changed, *entries[position:]])
        assert found(bundle, keeps)[0] == position


def test_a_byte_of_what_an_entry_says_of_its_place(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    entries[599] = entries[599].replace(b'"position":600', b'"position":200')
    write(bundle, entries)
    faults = verify(str(bundle), str(keeps.key)).faults
    assert faults == [(600, "its bytes do not have its leaf hash")]


@pytest.mark.parametrize("position", [1, 256, 300])
def test_a_leaf_hash(bundle: Path, keeps: Kept, position: int) -> None:
    tile = bundle / "tile" / "0" / f"{(position - 1) // 256:03}"
    tile.write_bytes(flipped(tile.read_bytes(), (position - 1) % 256 * 32))
    faults = verify(str(bundle), str(keeps.key)).faults
    assert faults == [(position, "its bytes do not have its leaf hash")]


def test_a_node(bundle: Path, keeps: Kept) -> None:
    (tile,) = (bundle / "tile" / "1").rglob("2")
    tile.write_bytes(flipped(tile.read_bytes(), 40))
    faults = verify(str(bundle), str(keeps.key)).faults
    assert faults == [(257, "the node over the entries 257-512 is not theirs")]


def test_a_tile_that_is_missing(bundle: Path, keeps: Kept) -> None:
    (bundle / "tile" / "0" / "001").unlink()
    assert found(bundle, keeps) == (257, "its bytes do not have its leaf hash")


def test_an_entry_with_its_leaf_hash(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    changed = entries[299].replace(b'"recorded_by":"test"', b'"recorded_by":"toad"')
    write(bundle, [*entries[:299], changed, *entries[300:]])
    tile = bundle / "tile" / "0" / "001"
    hashes = bytearray(tile.read_bytes())
    hashes[43 * 32 : 44 * 32] = sha256(b"\0" + changed).digest()
    tile.write_bytes(hashes)
    assert found(bundle, keeps) == (257, "the node over the entries 257-512 is not theirs")


def test_a_disclosure(bundle: Path, keeps: Kept) -> None:
    file = bundle / "disclosures.jsonl"
    first, *others = file.read_text().splitlines()
    stated = json.loads(first)
    digest = stated["digest"]
    position = next(at for at, line in enumerate(lines(bundle), 1) if digest.encode() in line)
    stated["disclosure"] = json.loads(others[0])["disclosure"]
    file.write_text("\n".join([json.dumps(stated), *others]))
    what = f"the text behind {digest} is not the one committed to"
    assert verify(str(bundle), str(keeps.key)).faults == [(position, what)]
    stated["digest"] = "A" * 43
    file.write_text("\n".join([json.dumps(stated), *others]))
    assert found(bundle, keeps) == (0, f"no entry commits to {'A' * 43}")
    file.write_text("nonsense")
    assert found(bundle, keeps) == (0, "line 1 of disclosures.jsonl is no disclosure")


def test_two_entries_swapped(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    entries[309], entries[449] = entries[449], entries[309]
    write(bundle, entries)
    assert found(bundle, keeps) == (310, "its bytes do not have its leaf hash")
    for number, name in ((309, "001"), (449, "001")):
        tile = bundle / "tile" / "0" / name
        hashes = bytearray(tile.read_bytes())
        at = number % 256 * 32
        hashes[at : at + 32] = sha256(b"\0" + entries[number]).digest()
        tile.write_bytes(hashes)
    assert found(bundle, keeps) == (310, "the bytes of entry 450 stand here")


def test_one_inserted_in_the_past(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    write(bundle, [*entries[:320], entries[309], *entries[320:]])
    assert found(bundle, keeps)[0] == 321


def test_one_removed_from_the_midst(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    write(bundle, [*entries[:320], *entries[321:]])
    assert found(bundle, keeps)[0] == 321


def test_entries_cut(bundle: Path, keeps: Kept) -> None:
    entries = lines(bundle)
    for cut in (1, json.loads(entries[-1])["number"] + 1):  # an act, and the whole decision
        (bundle / "entries.jsonl").write_bytes(b"\n".join(entries[:-cut]) + b"\n")
        assert found(bundle, keeps)[0] == len(entries) - cut + 1


def test_the_tail_cut(original: tuple[Path, Kept], tmp_path: Path, keeps: Kept) -> None:
    """The bundle of an earlier day is whole; with what was kept since, it is known to be cut."""
    folder = shutil.copytree(original[0], tmp_path / "copy", symlinks=True)
    with ledger_in(folder) as ledger:
        newest = kept(ledger)
        size, root, signature = ledger.log.checkpoint(350)
        note = ledger.log.signer.note(size, root, signature)
    exported(folder, size)
    assert (folder / "bundle" / "checkpoint").read_text() == note
    assert verify(str(folder / "bundle"), str(keeps.key)).faults == []
    what = f"it is missing: {newest.since.size} entries were signed, {size} are here"
    assert found(folder / "bundle", keeps, newest.checkpoint) == (size + 1, what)


def test_the_whole_written_anew_and_signed_anew(
    original: tuple[Path, Kept], tmp_path: Path, keeps: Kept
) -> None:
    shutil.copy2(original[0] / "log.db.log-key", tmp_path / "log.db.log-key")
    with ledger_in(tmp_path) as ledger:
        organise(ledger, OTHER, 2 * SIZE)
    exported(tmp_path)
    bundle = tmp_path / "bundle"
    assert verify(str(bundle), str(keeps.key)).faults == []
    position, what = found(bundle, keeps, keeps.checkpoint)
    assert position == 1
    assert "others than the retained checkpoint has" in what


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("localhost", "localhorst", 1),
        lambda note: note.replace("\n", "\n1", 1),
        lambda note: note[:-6] + ("A" if note[-6] != "A" else "B") + note[-5:],
        lambda note: note.partition("\n\n")[0],
        lambda note: "nonsense\n1\nAAAA\n\n\u2014 a b\n",
    ],
)
def test_a_checkpoint(bundle: Path, keeps: Kept, change: Callable[[str], str]) -> None:
    file = bundle / "checkpoint"
    file.write_text(change(file.read_text()))
    faults = verify(str(bundle), str(keeps.key)).faults
    assert any(what.startswith("the checkpoint: ") for _, what in faults)


def test_signed_by_another_key(bundle: Path, tmp_path: Path) -> None:
    with ledger_in(tmp_path) as another:
        stranger = str(another.log.signer.verifier)
    (fault,) = verify(str(bundle), stranger).faults
    assert fault == (0, "the checkpoint: the checkpoint is not signed by the key")


def test_ed25519_as_the_library_has_it() -> None:
    for number in range(10):
        key = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        public, message = key.public_key().public_bytes_raw(), bytes(number * 7)
        signature = key.sign(message)
        assert signed_by(public, signature, message)
        assert not signed_by(public, signature, message + b"!")
        assert not signed_by(flipped(public, 3), signature, message)
        for at in (0, 31, 32, 63):
            assert not signed_by(public, flipped(signature, at), message)
        order = 2**252 + 27742317777372353535851937790883648493
        s = int.from_bytes(signature[32:], "little") + order  # the same point, in another form
        assert not signed_by(public, signature[:32] + s.to_bytes(32, "little"), message)


# Importing


def imported(file: Path, settings: Settings) -> str:
    checked: Found = verify(str(file))
    assert checked.faults == []
    return import_bundle(Bundle(str(file)), checked, settings, QUIET)


@pytest.mark.parametrize("is_sqlite", [True, False])
def test_a_ledger_made_of_a_bundle(
    original: tuple[Path, Kept],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    is_sqlite: bool,
) -> None:
    folder = original[0]
    url = None if is_sqlite else request.getfixturevalue("postgres_url")
    settings = settings_of(tmp_path, url)
    root = imported(folder / "bundle.zip", settings)
    with ledger_in(folder) as ledger, ledger_in(tmp_path, url) as copy:
        assert root == ledger.log.checkpoint()[1].hex()
        assert copy.log.checkpoint()[1] == ledger.log.checkpoint()[1]
        assert copy.log.entries() == ledger.log.entries()
        copy.follow()
        assert copy.views.digest() == ledger.views.digest()
        assert copy.sweep() == 0
        assert [*copy.vault.examined()] == [
            type(each)(each.digest, each.text, is_settled=True) for each in ledger.vault.examined()
        ]
    assert verified(tmp_path, ledger=url).faults == []
    with pytest.raises(NotEmpty):
        imported(folder / "bundle.zip", settings)


def test_an_import_that_was_interrupted_goes_on(
    original: tuple[Path, Kept], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = original[0]
    file, settings = folder / "bundle.zip", settings_of(tmp_path)
    monkeypatch.setattr("service.bundle.importing._GROUP", 20)

    def interrupt(stage: str, done: int, of: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_bundle(Bundle(str(file)), verify(str(file)), settings, interrupt)
    with closing(Log(settings.ledger)) as log:
        assert log.newest() > 100
    (tmp_path / "other").mkdir()
    with ledger_in(tmp_path / "other") as other:
        for number in range(100):
            told(other, act("person.registered", "2020", person=f"p{number}", name="P"))
    exported(tmp_path / "other")
    shorter = shutil.copytree(folder, tmp_path / "shorter", symlinks=True)
    assert exported(shorter, 50).entries <= 50
    for another in (tmp_path / "other", shorter):
        with pytest.raises(NotEmpty):
            imported(another / "bundle.zip", settings)
    root = imported(file, settings)
    with ledger_in(folder) as ledger, ledger_in(tmp_path) as copy:
        assert root == ledger.log.checkpoint()[1].hex()
        assert copy.log.entries() == ledger.log.entries()


def test_a_ledger_made_of_a_bundle_up_to_a_position(
    original: tuple[Path, Kept], tmp_path: Path
) -> None:
    folder = shutil.copytree(original[0], tmp_path / "copy", symlinks=True)
    made = exported(folder, 350)
    imported(folder / "bundle.zip", settings_of(tmp_path))
    with ledger_in(folder) as ledger, ledger_in(tmp_path) as copy:
        assert copy.log.entries() == ledger.log.entries(until=made.entries)
    assert verified(tmp_path, log_only=True).faults == []


def test_the_commands(original: tuple[Path, Kept], tmp_path: Path) -> None:
    folder = shutil.copytree(original[0], tmp_path / "from", symlinks=True)
    where = {
        "CURULE_LEDGER": f"sqlite:///{folder / 'log.db'}",
        "CURULE_VAULT": f"sqlite:///{folder / 'vault.db'}",
        "CURULE_VIEWS": str(folder / "views.db"),
    }
    (tmp_path / "key").write_text(f"{original[1].key}\n")
    made = command(tmp_path, "export", "--to", "b.zip", "--disclosures", **where)
    assert made.returncode == 0, made.stderr
    root = made.stdout.split()[-1]
    whole = command(tmp_path, "verify", "--bundle", "b.zip", "--key", "key")
    assert (whole.returncode, whole.stdout.split()[-1]) == (0, root)
    brought = command(tmp_path, "import", "--bundle", "b.zip", "--key", "key")
    assert brought.returncode == 0, brought.stderr
    assert brought.stdout.split()[-1] == root
    assert command(tmp_path, "verify").stdout.split()[-1] == root
    again = command(tmp_path, "import", "--bundle", "b.zip")
    assert again.returncode == 1
    assert "entries already" in again.stderr
    late = command(tmp_path, "export", "--to", "c.zip", "--position", "100000", **where)
    assert late.returncode == 2
    assert not (tmp_path / "c.zip").exists()
    (tmp_path / "d.zip").write_bytes(b"nonsense")
    assert command(tmp_path, "verify", "--bundle", "d.zip").returncode == 3
    assert command(tmp_path, "import", "--bundle", "d.zip").returncode == 2
