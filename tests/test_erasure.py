"""Erasure: a person is forgotten in every store, and the log proves that it was lawful."""

from __future__ import annotations

import base64
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from domain import erasures
from domain.acts import SubjectErased
from domain.entries import MAX_ENTRY_BYTES
from domain.names import speaks_of
from service import examples
from service.cli import main
from service.content import ERASED
from service.ledger import Ledger
from service.recording.recorder import Receipt, Refusal
from service.settings import Settings
from service.vault import disclosures
from service.vault import vault as vault_module
from service.vault.disclosures import Disclosure, disclose, opened
from service.vault.erasures import Erased
from service.vault.vault import SubjectsErased, Vault, VaultDamaged
from tests.commanding import command, environment
from tests.ledgers import (
    act,
    decision,
    entries,
    followed,
    ledger_in,
    projected,
    rebuilt,
    record,
    refused,
    sent,
    told,
)
from tests.serving import serving

Asked = dict[str, str | int]

NAME: Final = "Zdenka Nezaměnitelná"
OTHER: Final = "Зденка Неповторимая"
WORDS: Final = ("Zdenka", "Nezaměnitelná", "Зденка", "Неповторимая")
ZDENKA, ALIAS, BO = "p-1", "p-1b", "p-2"

FOUNDING: Final = (
    act("body.established", "2020-01-01", body="club", name="Club", classification="organ"),
    act("post.created", "2020-01-01", post="chair", body="club", label="Chair", seats=2),
    act("person.registered", "2020", person=BO, name="Bohumil Jiný"),
    act(
        "person.registered",
        "2020",
        person=ZDENKA,
        name=NAME,
        other_names=[{"name": OTHER, "scheme": "cyrillic"}],
    ),
)


def record_story(ledger: Ledger) -> None:
    """Zdenka is registered, elected, renamed, merged, spoken of; Bohumil is, too."""
    told(
        ledger,
        *FOUNDING,
        id="founding",
        title="The club is founded",
        sources=[{"title": "Minutes, signed by Z. Nezaměnitelná", "url": "https://club.example/1"}],
    )
    told(
        ledger,
        act(
            "election.held",
            "2020-02-01",
            election="first",
            note="a quiet vote",
            contests=[
                {
                    "post": "chair",
                    "candidates": [{"person": ZDENKA, "votes": 5}, {"person": BO, "votes": 1}],
                    "elected": [ZDENKA, BO],
                    "not_seated": [{"person": BO, "reason": "Bohumil was away"}],
                }
            ],
        ),
        id="vote",
        title="Zdenka is elected",
    )
    told(
        ledger,
        act("remark.made", entry={"decision": "vote", "act": 1}, text="her sister counted"),
        act("remark.made", body="club", text="the club is small"),
        id="remarks",
    )
    told(
        ledger,
        act("person.registered", "2020", person=ALIAS, name="Zuzana Přezdívka"),
        act("person.merged", "2020", person=ALIAS, into=ZDENKA, note="one and the same"),
        id="merging",
    )
    told(
        ledger,
        act("tenure.ended", "2021-01-01", person=ZDENKA, post="chair", reason="resigned"),
        act(
            "resolution.adopted",
            "2021-01-01",
            resolution="thanks",
            items=["Thanks to Nezaměnitelná", "The fee is five"],
        ),
        id="leaving",
        text="She left for good reasons.",
    )
    told(
        ledger,
        act("entry.retracted", entry={"decision": "leaving", "act": 1}, reason="she stayed on"),
        id="staying",
    )
    told(
        ledger,
        act("remark.made", person=BO, text="Bohumil succeeds Zdenka"),
        act(
            "resolution.adopted",
            "2022-01-01",
            resolution="elsewhere",
            items=["Zdenka was the best"],
        ),
        id="elsewhere",
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with ledger_in(tmp_path) as opened:
        record_story(opened)
        yield opened


def erase(ledger: Ledger, person: str = ZDENKA, also: Sequence[int] = ()) -> Erased:
    erased = ledger.erasures.erase(person, "gdpr-17-1-b", "test", also)
    assert isinstance(erased, Erased)
    return erased


def readable(ledger: Ledger) -> set[str]:
    """Every text that the vault can still open."""
    with ledger.vault._engine.connect() as connection:
        digests = connection.scalars(sa.select(vault_module._DISCLOSURES.c.digest)).all()
    ledger.vault._recent.clear()
    return set(ledger.vault.values(digests).values())


def sealed(ledger: Ledger) -> dict[str, tuple[str, bytes, bytes]]:
    """By text: the disclosure, its ciphertext, and the wrapped key that opens it."""
    rows = sa.select(vault_module._DISCLOSURES, vault_module._KEYS.c.wrapped).join(
        vault_module._KEYS
    )
    found = {}
    with ledger.vault._engine.connect() as connection:
        for row in connection.execute(rows):
            cipher = ledger.vault._cipher(row.wrapped)
            text = vault_module._unsealed(cipher, row.digest, row.subject, row.sealed)
            found[opened(text)] = (text, row.sealed, row.wrapped)
    return found


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


GONE: Final = {
    NAME,
    OTHER,
    "Zuzana Přezdívka",
    "one and the same",  # a note in an object that names her
    "Minutes, signed by Z. Nezaměnitelná",  # a source that names her
    "a quiet vote",  # a note on an entry that names her
    "Zdenka is elected",  # a title that names her
    "her sister counted",  # a remark on an entry that names her
    "Thanks to Nezaměnitelná",  # an item in a decision about her
    "she stayed on",  # why an entry about her was retracted
}
KEPT: Final = {
    "Bohumil Jiný",
    "The club is founded",  # it names nobody
    "https://club.example/1",
    "Bohumil was away",  # kept with another person
    "the club is small",
    "The fee is five",
    "She left for good reasons.",  # it does not name her: `also` would take it
    "Bohumil succeeds Zdenka",  # in a decision that is not about her: `also` would take it
    "Zdenka was the best",
}


# What is erased


def test_what_is_about_a_person_goes_and_the_rest_stays(ledger: Ledger) -> None:
    assert readable(ledger) == GONE | KEPT
    erased = erase(ledger)
    assert readable(ledger) == KEPT
    assert (erased.ids, erased.texts) == ((ZDENKA, ALIAS), len(GONE))


def test_the_log_says_what_was_erased_and_why(ledger: Ledger) -> None:
    digests = {text: one.digest for text, one in disclosed(ledger).items()}
    erased = erase(ledger)
    acts = [one.act for one in entries(ledger) if isinstance(one.act, SubjectErased)]
    assert [(one.person, one.ground) for one in acts] == [
        (ZDENKA, "gdpr-17-1-b"),
        (ALIAS, "gdpr-17-1-b"),
    ]
    covered = [digest for one in acts for digest in one.digests]
    assert sorted(covered) == sorted(digests[text] for text in GONE)
    assert ledger.erasures.covered() == set(covered)
    tags = {
        tag for one in entries(ledger) if isinstance(one.act, SubjectErased) for tag in one.tags
    }
    assert tags == {f"decision:{erased.receipt.decision}", f"person:{ZDENKA}", f"person:{ALIAS}"}


def disclosed(ledger: Ledger) -> dict[str, Disclosure]:
    return {
        text: Disclosure(disclosures._digest(one), "", "", one)
        for text, (one, _, _) in sealed(ledger).items()
    }


def test_other_entries_go_besides_if_they_are_named(ledger: Ledger) -> None:
    leaving, elsewhere = (ledger.entries_of(each) for each in ("leaving", "elsewhere"))
    erase(ledger, also=[leaving[0].position, elsewhere[1].position, elsewhere[2].position])
    assert readable(ledger) == KEPT - {
        "She left for good reasons.",
        "Bohumil succeeds Zdenka",
        "Zdenka was the best",
    }


def test_another_persons_name_stays_whatever_is_named_besides(ledger: Ledger) -> None:
    erase(ledger, also=[ledger.entries_of("founding")[3].position])
    assert "Bohumil Jiný" in readable(ledger)


def test_a_text_that_was_tampered_with_hinders_no_erasure(ledger: Ledger) -> None:
    altered = disclosed(ledger)["The club is founded"].digest
    table = vault_module._DISCLOSURES
    with ledger.vault._writing(alone=True) as connection:
        row = sa.update(table).where(table.c.digest == altered)
        connection.execute(row.values(sealed=b"\0" * 99))
    assert erase(ledger).texts == len(GONE)
    with pytest.raises(VaultDamaged):
        readable(ledger)
    assert ledger.erasures.erase(ZDENKA, "again", "test", also=[1])
    assert readable(ledger) == KEPT - {"The club is founded", "https://club.example/1"}


def test_there_must_be_an_entry_to_go_besides(ledger: Ledger) -> None:
    newest = ledger.log.newest()
    with pytest.raises(LookupError, match=f"position {newest + 1} is not recorded"):
        erase(ledger, also=[newest + 1])
    assert ledger.log.newest() == newest


def test_a_merged_id_erases_all_of_them(ledger: Ledger) -> None:
    assert erase(ledger, ALIAS).ids == (ALIAS, ZDENKA)
    assert readable(ledger) == KEPT


def test_ids_that_were_separated_again_are_two_persons(ledger: Ledger) -> None:
    told(ledger, act("person.separated", "2020", person=ALIAS, into=ZDENKA), id="separation")
    assert erase(ledger, ALIAS).ids == (ALIAS,)
    assert readable(ledger) == KEPT | GONE - {"Zuzana Přezdívka", "one and the same"}


def test_a_person_whose_registration_was_retracted_is_erased_all_the_same(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told(ledger, act("person.registered", "2020", person=ZDENKA, name=NAME), id="one")
        told(ledger, act("entry.retracted", entry=2, reason="a slip"), id="two")
        assert erase(ledger).texts == 2
        assert readable(ledger) == set()


def test_an_erasure_holds_no_registration_in_place(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told(ledger, act("person.registered", "2020", person=ZDENKA, name=NAME), id="one")
        erase(ledger)
        told(ledger, act("entry.retracted", entry=2, reason="a slip"), id="two")
        assert readable(ledger) == {"a slip"}
        assert erase(ledger).texts == 1
        assert readable(ledger) == set()


def test_nobody_is_erased_who_is_not_there(ledger: Ledger) -> None:
    before = ledger.log.newest()
    assert ledger.erasures.erase("nobody", "gdpr-17-1-b", "test") is None
    assert ledger.log.newest() == before


def test_a_second_erasure_records_nothing_unless_there_is_more(ledger: Ledger) -> None:
    first = erase(ledger)
    newest = ledger.log.newest()
    again = erase(ledger)
    assert (again.receipt.decision, again.receipt.created) == (first.receipt.decision, False)
    assert (again.ids, again.texts) == (first.ids, first.texts)
    assert ledger.log.newest() == newest
    told(
        ledger,
        act("remark.made", entry={"decision": "vote", "act": 1}, text="Zdenka was not there"),
        id="later",
    )
    third = erase(ledger)
    assert (third.receipt.created, third.texts) == (True, 1)
    assert readable(ledger) == KEPT


def test_many_texts_go_over_several_entries_of_one_decision(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        told(ledger, act("person.registered", "2020", person=ZDENKA, name=NAME))
        for year in (2021, 2022, 2023):
            names = [{"name": f"Zdenka {year} {number}"} for number in range(700)]
            told(
                ledger,
                act("person.renamed", str(year), person=ZDENKA, name=NAME, other_names=names),
            )
        erased = erase(ledger)
        assert erased.texts == 1 + 3 * 701
        assert [one.type for one in erased.receipt.entries] == ["subject.erased"] * 3
        assert all(len(one.entry) <= MAX_ENTRY_BYTES for one in ledger.log.entries())
        assert readable(ledger) == set()


@pytest.mark.parametrize(
    ("text", "name", "speaks"),
    [
        ("On the resignation of NEZAMENITELNA", NAME, True),
        ("https://club.example/zdenka-n.html", NAME, True),
        ("Of nobody", NAME, False),
        ("关于选举陳大文的决定", "陳大文", True),
        ("关于选举的决定", "陳大文", False),
        ("Li is here", "Li An", False),  # two letters are too many people's
        ("An Li is here", "Li An", True),
        ("", "Li An", False),
        ("anything", "…", False),
    ],
)
def test_whether_a_text_speaks_of_somebody(text: str, name: str, speaks: bool) -> None:
    assert speaks_of(text, name) is speaks


@given(name=st.text(min_size=1), before=st.text(), after=st.text())
def test_a_text_with_a_name_in_it_speaks_of_who_bears_it(
    name: str, before: str, after: str
) -> None:
    spoken = any(each.isalnum() for each in name) and speaks_of(name, name)
    assert not spoken or speaks_of(f"{before} {name} {after}", name)


# Where it is gone from


def test_no_file_holds_a_trace_of_it(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as ledger:
        record_story(ledger)
        ledger.follow()
        ledger.rehearse(sent(decision(*FOUNDING[3:])), 737_425)
        secrets = sealed(ledger)
        own = [secrets[text] for text in (NAME, OTHER, "Zuzana Přezdívka", "one and the same")]
        there = bytes_in(tmp_path)
        assert not [word for word in WORDS if word.encode() in there]
        for _, ciphertext, key in secrets.values():
            assert ciphertext in there  # the scan finds what there is to find
            assert key in there
        erase(ledger)
        while_open = bytes_in(tmp_path)
    for found in (while_open, bytes_in(tmp_path)):
        for text in GONE:
            disclosure, ciphertext, _ = secrets[text]
            for trace in (text.encode(), disclosure.encode(), ciphertext):
                assert trace not in found, text
        for word in WORDS:
            assert word.encode() not in found
        for _, _, key in own:
            assert key not in found
        for text in KEPT:
            assert secrets[text][1] in found


def test_sqlite_writes_its_pages_anew(tmp_path: Path) -> None:
    """Free pages are overwritten anyway, but a row that was moved may have left a copy in one."""
    with ledger_in(tmp_path) as ledger, ledger.vault._engine.connect() as connection:
        many = [{"name": f"Zdenka {number} " * 30} for number in range(300)]
        told(ledger, act("person.registered", "2020", person=ZDENKA, name=NAME, other_names=many))
        before = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        erase(ledger)
        after = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        assert (before > 50, after < 20) == (True, True)


def test_a_postgresql_vault_holds_no_row_and_no_trace(tmp_path: Path, postgres_url: str) -> None:
    def pages(ledger: Ledger) -> bytes:
        with ledger.vault._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("CHECKPOINT")
            files = sa.text("SELECT pg_read_binary_file(pg_relation_filepath(:name))")
            read = [
                connection.scalar(files, {"name": name})
                for name in ("vault_disclosures", "vault_keys")
            ]
        return b"".join(bytes(each or b"") for each in read)

    key = SecretStr(base64.b64encode(bytes(range(32))).decode())
    settings = Settings(
        ledger=f"sqlite:///{tmp_path / 'curule.db'}",
        vault=postgres_url,
        views=tmp_path / "views.db",
        master_key=key,
    )
    ledger = Ledger(settings)
    try:
        record_story(ledger)
        secrets = sealed(ledger)
        before = pages(ledger)
        assert all(secrets[text][1] in before for text in GONE)
        erase(ledger)
        assert readable(ledger) == KEPT
        after = pages(ledger)
        for text in GONE:
            assert secrets[text][1] not in after
        assert secrets[NAME][2] not in after
        assert all(secrets[text][1] in after for text in KEPT)
    finally:
        ledger.close()


def test_no_memory_keeps_it(ledger: Ledger) -> None:
    digest = disclosed(ledger)[NAME].digest
    ledger.names([digest])
    assert found_by_name(ledger, "zdenka") == {ZDENKA}
    assert NAME in ledger.vault._recent.values()
    erase(ledger)
    assert ledger.names([digest]) == {digest: ERASED}
    assert found_by_name(ledger, "zdenka") == set()
    assert not GONE & set(ledger.vault._recent.values())
    assert not any("zdenka" in forms for forms in ledger.search._forms.values())


def found_by_name(ledger: Ledger, name: str) -> set[str]:
    from projections.subjects import names

    ledger.follow()
    with ledger.views.reading() as connection:
        return ledger.search.persons(name, names(connection, ledger.log.newest()))


def test_what_is_being_read_while_it_is_erased_is_not_remembered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, original = disclosed(ledger)[NAME].digest, vault_module._unsealed

    def slowly(*row: Any) -> str:
        text = original(*row)
        monkeypatch.undo()
        erase(ledger)
        return text

    ledger.vault._recent.clear()
    monkeypatch.setattr(vault_module, "_unsealed", slowly)
    ledger.vault.values([digest])
    assert NAME not in ledger.vault._recent.values()


def test_another_process_forgets_it_too(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        record_story(one)
        digest = disclosed(one)[NAME].digest
        assert found_by_name(other, "zdenka") == {ZDENKA}
        assert other.names([digest]) == {digest: NAME}
        erase(one)
        with other.asking(737_425):
            assert other.names([digest]) == {digest: ERASED}
        assert found_by_name(other, "zdenka") == set()
        assert not GONE & set(other.vault._recent.values())


def test_another_process_forgets_it_without_being_asked(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as one, ledger_in(tmp_path) as other:
        record_story(one)
        other.names([disclosed(one)[NAME].digest])
        erase(one)
        other.attend()
        assert not GONE & set(other.vault._recent.values())


def test_a_rehearsal_leaves_no_text_in_the_views(tmp_path: Path) -> None:
    many = [
        act("person.registered", "2020", name=f"Zdenka {number}", other_names=[{"name": OTHER * 9}])
        for number in range(4_000)
    ]
    with ledger_in(tmp_path) as ledger:
        violations, _ = ledger.rehearse(sent(decision(*many)), 737_425)
        assert not violations
        found = bytes_in(tmp_path)
    assert b"Zdenka" not in found
    assert OTHER.encode() not in found


# Killed, restored, at the same time


KILLED: Final = """
import os, signal, sys
from pathlib import Path
from service.vault.vault import Vault
from tests.ledgers import ledger_in
setattr(Vault, sys.argv[2], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
with ledger_in(Path(sys.argv[1])) as ledger:
    ledger.erasures.erase("p-1", "gdpr-17-1-b", "test")
"""


@pytest.mark.parametrize("before", ["erase", "_scrub"])
def test_killed_between_log_and_vault_the_next_start_goes_on(tmp_path: Path, before: str) -> None:
    with ledger_in(tmp_path) as ledger:
        record_story(ledger)
        secrets = sealed(ledger)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), before], env=environment(), check=False
    )
    assert done.returncode == -signal.SIGKILL
    with ledger_in(tmp_path) as ledger:
        assert any(one.type == "subject.erased" for one in ledger.log.entries())
        found = bytes_in(tmp_path)
        assert readable(ledger) == KEPT
    assert not [text for text in GONE if secrets[text][1] in found]
    assert secrets[NAME][2] not in found


def test_a_vault_restored_from_a_backup_is_erased_before_it_is_asked(tmp_path: Path) -> None:
    folder, backup = tmp_path / "ledger", tmp_path / "backup"
    folder.mkdir()
    with ledger_in(folder) as ledger:
        record_story(ledger)
        secrets = sealed(ledger)
    shutil.copytree(folder, backup)
    with ledger_in(folder) as ledger:
        erase(ledger)
    shutil.copy(backup / "vault.db", folder / "vault.db")
    assert secrets[NAME][1] in bytes_in(folder)
    with ledger_in(folder) as ledger:
        assert readable(ledger) == KEPT
        assert not [text for text in GONE if secrets[text][1] in bytes_in(folder)]


def test_it_can_be_replayed_any_number_of_times(ledger: Ledger, tmp_path: Path) -> None:
    erase(ledger)
    for _ in range(2):
        with ledger_in(tmp_path) as again:
            assert readable(again) == KEPT


RENAMED: Final = act("person.renamed", "2023-01-01", person=ZDENKA, name="Zdenka Vrácená")


@pytest.mark.parametrize("moment", ["before the vault", "between vault and log"])
def test_what_is_being_recorded_meanwhile_brings_nothing_back(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    put = Vault.put

    def interrupted(vault: Vault, disclosures: Sequence[Disclosure], *, deadline: int) -> None:
        monkeypatch.setattr(Vault, "put", put)
        if moment == "between vault and log":
            put(vault, disclosures, deadline=deadline)
        erase(ledger)
        if moment == "before the vault":
            put(vault, disclosures, deadline=deadline)

    monkeypatch.setattr(Vault, "put", interrupted)
    decisions = [
        decision(RENAMED, id="back", title="The return of Zdenka"),
        decision(act("person.registered", "2020", name="Cyril Třetí"), id="another"),
    ]
    back, another = ledger.recorder.record([sent(each) for each in decisions])
    assert isinstance(back, Refusal)
    assert [each.rule for each in back.violations] == ["person_erased"]
    assert isinstance(another, Receipt)
    assert readable(ledger) == KEPT | {"Cyril Třetí"}


def test_whoever_records_while_it_is_erased_leaves_nothing(tmp_path: Path) -> None:
    def keep_recording(writer: int) -> int:
        with ledger_in(tmp_path) as ledger:
            for number in range(10_000):
                remark = act("remark.made", person=ZDENKA, text=f"Zdenka, once more {number}")
                answer = record(ledger, remark, id=f"remark-{writer}-{number}")
                if isinstance(answer, Refusal):
                    return number
                going.set()
        raise AssertionError("nobody was erased")

    going = threading.Event()
    with ledger_in(tmp_path) as ledger, ThreadPoolExecutor(3) as pool:
        told(ledger, *FOUNDING, id="founding")
        writers = [pool.submit(keep_recording, writer) for writer in range(3)]
        assert going.wait(30)
        erased = erase(ledger)
        recorded = sum(writer.result() for writer in writers)
        assert erased.texts == 2 + recorded
        assert not [text for text in readable(ledger) if "Zdenka" in text]


def test_what_is_recorded_while_it_is_erased_is_erased_with_it(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach = erasures.reach

    def interrupted(*asked: Any) -> Any:
        found = reach(*asked)
        monkeypatch.setattr("service.vault.erasures.reach", reach)
        told(ledger, RENAMED, id="meanwhile", title="Of Vrácená")
        return found

    monkeypatch.setattr("service.vault.erasures.reach", interrupted)
    assert erase(ledger).texts == len(GONE) + 2
    assert readable(ledger) == KEPT


def test_who_is_merged_meanwhile_is_erased_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach, calls = erasures.reach, iter(("first", "once more"))

    def interrupted(*asked: Any) -> Any:
        found = reach(*asked)
        if next(calls, None) == "once more":  # decided, and not yet recorded
            told(ledger, act("person.merged", "2020", person=BO, into=ZDENKA), id="meanwhile")
        return found

    monkeypatch.setattr("service.vault.erasures.reach", interrupted)
    assert erase(ledger).ids == (ZDENKA, ALIAS, BO)
    assert "Bohumil Jiný" not in readable(ledger)


def test_the_vault_gives_an_erased_subject_no_key_again(ledger: Ledger) -> None:
    erase(ledger)
    late = disclose("name", NAME, subject=f"person:{ZDENKA}", decision="late")
    with pytest.raises(SubjectsErased):
        ledger.vault.put([late], deadline=2**62)
    assert readable(ledger) == KEPT
    ledger.sweep()
    with pytest.raises(SubjectsErased):
        ledger.vault.put([late], deadline=2**62)


def test_a_sweep_meanwhile_gives_it_none_either(ledger: Ledger) -> None:
    lost = disclose("name", "Zdenka", subject=f"person:{ZDENKA}", decision="lost")
    ledger.vault.put([lost], deadline=1)

    def recorded(decision: str, digest: str) -> bool:
        ledger.vault.erase([f"person:{ZDENKA}"], [])
        return False

    ledger.vault.sweep(2, recorded)
    with pytest.raises(SubjectsErased):
        ledger.vault.put([lost], deadline=2**62)


# Afterwards


@pytest.mark.parametrize(
    ("recorded", "pointer"),
    [
        (RENAMED, "/acts/0/name"),
        (act("remark.made", person=ZDENKA, text="it is her"), "/acts/0/text"),
        (
            act(
                "tenure.ended",
                "2023",
                person=ZDENKA,
                post="chair",
                reason="resigned",
                note="of her own will",
            ),
            "/acts/0/note",
        ),
        (
            act(
                "election.held",
                "2023",
                election="second",
                contests=[
                    {
                        "post": "chair",
                        "elected": [ZDENKA],
                        "not_seated": [{"person": ZDENKA, "reason": "she is ill"}],
                    }
                ],
            ),
            "/acts/0/contests/0/not_seated/0/reason",
        ),
    ],
)
def test_no_text_about_an_erased_person_is_recorded_any_more(
    ledger: Ledger, recorded: dict[str, Any], pointer: str
) -> None:
    erase(ledger)
    assert ("person_erased", pointer) in refused(ledger, recorded, id="late")


def test_an_erased_person_is_still_named_by_id(ledger: Ledger) -> None:
    erase(ledger)
    told(
        ledger,
        act("tenure.ended", "2023", person=ZDENKA, post="chair", reason="resigned"),
        act("activist.admitted", "2023", person=BO, body="club", reason="Bohumil comes"),
        id="after",
        title="A resignation",
    )
    assert {"A resignation", "Bohumil comes"} <= readable(ledger)


def test_the_same_decision_again_is_recorded_once_and_brings_nothing_back(ledger: Ledger) -> None:
    erase(ledger)
    again = record(
        ledger,
        *FOUNDING,
        id="founding",
        title="The club is founded",
        sources=[{"title": "Minutes, signed by Z. Nezaměnitelná", "url": "https://club.example/1"}],
    )
    assert isinstance(again, Receipt)
    assert not again.created
    assert readable(ledger) == KEPT
    assert ("id_taken", "/acts/0/person") in refused(ledger, FOUNDING[3], id="anew")


def test_entries_and_views_stay_as_they_are(ledger: Ledger) -> None:
    stored, newest = ledger.log.entries(), ledger.log.newest()
    structure = projected(ledger, 737_600, newest)
    erase(ledger)
    assert ledger.log.entries(until=newest) == stored
    for position in (newest, ledger.log.newest()):
        assert projected(ledger, 737_600, position) == structure
    assert rebuilt(ledger) == followed(ledger, batch=3)


# At the door


@pytest.fixture
def door(tmp_path: Path) -> Iterator[httpx.Client]:
    with ledger_in(tmp_path) as ledger:
        record_story(ledger)
    for old, new in (("log", "curule"), ("vault", "curule-vault"), ("views", "curule-views")):
        for path in tmp_path.glob(f"{old}.db*"):
            path.rename(tmp_path / path.name.replace(old, new, 1))
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def test_a_person_is_erased_over_http(door: httpx.Client) -> None:
    newest = door.get("/v1/structure").json()["basis"]["position"]
    response = door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "gdpr-17-1-b"})
    assert response.status_code == 201, response.text
    answer = response.json()
    assert answer["ids"] == [ZDENKA, ALIAS]
    assert (answer["texts"], answer["position"]) == (len(GONE), newest + 1)
    assert [each["position"] for each in answer["entries"]] == [newest + 2, newest + 3]
    assert response.headers["Ledger-Position"] == str(newest + 3)
    recorded = door.get(response.headers["Location"]).json()
    acts = recorded["decision"]["acts"]
    assert [(each["type"], each["ground"]) for each in acts] == [
        ("subject.erased", "gdpr-17-1-b")
    ] * 2
    again = door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "other"})
    assert (again.status_code, again.json()) == (200, answer)
    listed = door.get("/v1/entries", params={"type": "subject.erased"}).json()["entries"]
    assert len(listed) == 2
    assert door.get("/v1/decisions", params={"type": "subject.erased"}).json()["decisions"]


@pytest.mark.parametrize(
    ("person", "asked", "status", "where"),
    [
        ("nobody", {"ground": "x"}, 404, None),
        ("no id", {"ground": "x"}, 404, None),
        (ZDENKA, {}, 422, "/ground"),
        (ZDENKA, {"ground": "two words"}, 422, "/ground"),
        (ZDENKA, {"ground": "x", "also": [0]}, 422, "/also/0"),
        (ZDENKA, {"ground": "x", "more": 1}, 422, "/more"),
        (ZDENKA, [], 422, ""),
        (ZDENKA, {"ground": "x", "also": [10_000]}, 422, None),
    ],
)
def test_what_cannot_be_erased_is_refused(
    door: httpx.Client, person: str, asked: Any, status: int, where: str | None
) -> None:
    response = door.post(f"/v1/people/{person}/erasure", json=asked)
    assert response.status_code == status, response.text
    problem = response.json()
    assert problem["type"].startswith("urn:curule:problem:")
    if where is not None:
        assert [each["pointer"] for each in problem["errors"]] == [where]
    assert door.get("/v1/people", params={"q": "zdenka"}).json()["people"]


def test_erasing_takes_json_alone(door: httpx.Client) -> None:
    path = f"/v1/people/{ZDENKA}/erasure"
    response = door.post(path, content=b"{}", headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    assert door.get(path).status_code == 405


def test_clients_can_neither_post_nor_retract_an_erasure(door: httpx.Client) -> None:
    stated = act("subject.erased", person=ZDENKA, ground="x", digests=[])
    response = door.post("/v1/decisions", json={"acts": [stated]})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/acts/0/type"
    assert "is no type of act" in response.text
    erased = door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "x"}).json()
    position = erased["entries"][0]["position"]
    retracted = act("entry.retracted", entry=position, reason="a slip")
    response = door.post("/v1/decisions", json={"acts": [retracted]})
    assert response.status_code == 409
    assert [each["rule"] for each in response.json()["violations"]] == ["not_retractable"]


def test_an_answer_that_a_client_keeps_is_asked_for_again(door: httpx.Client) -> None:
    asked: Asked = {"effective_at": "2020-06-01", "position": 8}
    kept = door.get("/v1/structure", params=asked)
    known = {"If-None-Match": kept.headers["ETag"]}
    assert door.get("/v1/structure", params=asked, headers=known).status_code == 304
    door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "x"})
    assert door.get("/v1/structure", params=asked, headers=known).status_code == 200


MARKER: Final = {"erased": True}


def test_answers_say_that_a_text_was_erased(door: httpx.Client) -> None:
    door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "x"})
    person = door.get(f"/v1/people/{ZDENKA}").json()
    assert person["name"] == MARKER
    assert person["other_names"][0]["name"] == MARKER
    assert door.get("/v1/people", params={"q": "zdenka"}).json()["people"] == []
    vote = door.get("/v1/decisions/vote").json()["decision"]
    assert vote["title"] == MARKER
    assert vote["acts"][0]["note"] == MARKER
    assert vote["acts"][0]["contests"][0]["not_seated"][0]["reason"] == "Bohumil was away"
    founding = door.get("/v1/decisions/founding").json()["decision"]
    assert founding["title"] == "The club is founded"
    assert founding["sources"] == [{"title": MARKER, "url": "https://club.example/1"}]
    for clock in ("effective", "recorded"):
        history = door.get(f"/v1/people/{ZDENKA}/history", params={"clock": clock}).json()
        assert MARKER in list(walk(history["history"]))
    found = door.get(
        "/v1/changes?from_position=0&to_position=7&from_effective_at=2020-06-01&to_effective_at=2020-06-01"
    ).json()["changes"]
    (sentence,) = [each["sentence"] for each in found if each["subject"]["kind"] == "tenure"]
    assert f"{ZDENKA} (erased) was elected Chair of Club" in sentence
    assert any(each["sentence"].endswith("Source: (erased).") for each in found)


def walk(value: Any) -> Iterator[Any]:
    yield value
    for member in value.values() if isinstance(value, dict) else value:
        if isinstance(member, dict | list):
            yield from walk(member)


def test_a_text_that_is_missing_otherwise_is_not_called_erased(
    door: httpx.Client, tmp_path: Path
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'curule-vault.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "DELETE FROM vault_disclosures WHERE subject = ?", (f"person:{BO}",)
        )
    engine.dispose()
    door.post(f"/v1/people/{ZDENKA}/erasure", json={"ground": "x"})
    assert door.get(f"/v1/people/{BO}").json()["name"] is None
    vote = door.get("/v1/decisions/vote").json()["decision"]
    assert vote["acts"][0]["contests"][0]["not_seated"][0]["reason"] is None


def test_a_source_of_which_only_the_hash_is_known_is_no_commitment(tmp_path: Path) -> None:
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        sources = [{"sha256": "0" * 64}]
        stated = {"id": "one", "sources": sources, "acts": list(FOUNDING[:1])}
        assert client.post("/v1/decisions", json=stated).status_code == 201
        assert client.get("/v1/decisions/one").json()["decision"]["sources"] == sources


# At every old position


def replaced(before: Any, after: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    """Where an answer is not as it was, and what was there; the rest must be the same."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        for name in before:
            yield from replaced(before[name], after[name], f"{where}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from replaced(*pair, f"{where}/{number}")
    elif before != after:
        if where.endswith("/sentence"):
            assert "(erased)" in after
        else:
            assert after == MARKER, (where, before, after)
        yield where, before


def asked_of(
    client: httpx.Client, person: str, position: int, day: str
) -> Iterator[tuple[str, Any]]:
    at: Asked = {"position": position, "effective_at": day}
    paths = (
        "/v1/structure",
        "/v1/people",
        f"/v1/people/{person}",
        f"/v1/people/{person}/history",
        f"/v1/people/{person}/history?clock=recorded",
        "/v1/posts",
        "/v1/elections",
        "/v1/meetings",
        "/v1/resolutions",
        "/v1/declarations",
        "/v1/findings",
        "/v1/decisions",
        "/v1/entries",
    )
    for path in paths:
        where, _, more = path.partition("?")
        response = client.get(where, params={**at, **dict(httpx.QueryParams(more))})
        yield f"{path} at {position}", response.json()
    params: Asked = {"from_position": 0, "to_position": position, "from_effective_at": "2000-01-01"}
    response = client.get("/v1/changes", params={**params, "to_effective_at": day})
    yield f"/v1/changes at {position}", response.json()


@pytest.mark.parametrize("name", ["steering-council", "provincial-year"])
def test_every_old_answer_is_as_it_was_but_for_what_was_erased(tmp_path: Path, name: str) -> None:
    recorded = examples.decisions(name)
    people = re.findall(r'"person": "([^"]+)"', json.dumps(recorded))
    person = max(sorted(set(people)), key=people.count)
    with serving(tmp_path) as url, httpx.Client(base_url=url, trust_env=False) as client:
        ends = []
        for each in recorded:
            response = client.post("/v1/decisions", json=each)
            assert response.status_code == 201
            ends.append(int(response.headers["Ledger-Position"]))
        ends = ends[:: max(1, len(ends) // 4)] + ends[-1:]
        before = dict(
            pair for end in ends for pair in asked_of(client, person, end, examples.DAYS[name][-1])
        )
        called = client.get(f"/v1/people/{person}").json()["name"]
        erased = client.post(f"/v1/people/{person}/erasure", json={"ground": "x"})
        assert erased.status_code == 201
        after = dict(
            pair for end in ends for pair in asked_of(client, person, end, examples.DAYS[name][-1])
        )
    changed = [
        (f"{question}{where}", text)
        for question in before
        for where, text in replaced(before[question], after[question])
    ]
    assert len({where.split(" at ")[0] for where, _ in changed}) >= 4
    assert called in [text for _, text in changed]
    told_still = json.dumps(after, ensure_ascii=False)
    assert called in json.dumps(before, ensure_ascii=False)
    assert called not in told_still


# At a terminal


TENURE: Final = act("tenure.started", "2020-03-01", person=ZDENKA, post="chair")


@pytest.fixture
def club(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a ledger, in which commands are run."""
    monkeypatch.chdir(tmp_path)
    for name in [each for each in os.environ if each.startswith("CURULE_")]:
        monkeypatch.delenv(name)
    with closing(Ledger(Settings())) as ledger:
        told(ledger, *FOUNDING, TENURE, id="founding")
    return tmp_path


def commanded(*arguments: str) -> int:
    """Run a command in this process, and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["curule", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0)


def test_a_person_is_erased_at_the_command_line(
    club: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commanded("structure") == 0
    assert "Zdenka" in capsys.readouterr().out
    assert commanded("erase", ZDENKA, "--ground", "gdpr-17-1-b", "--yes") == 0
    output, errors = capsys.readouterr()
    assert output.startswith(f"erased {ZDENKA}: 2 texts, decision ")
    assert output.rstrip().endswith("at position 7")
    assert errors == ""
    assert commanded("structure") == 0
    shown = capsys.readouterr().out
    assert f"Chair (2 seats, 1 vacant): {ZDENKA} (erased), since 2020-03-01" in shown
    assert "Zdenka" not in shown
    assert commanded("erase", ZDENKA, "--ground", "other", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out)["ids"] == [ZDENKA]
    assert commanded("erase", ZDENKA, "--ground", "other", "--yes") == 0
    assert capsys.readouterr().out.startswith(f"already erased {ZDENKA}")


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["nobody", "--ground", "x", "--yes"], 1, "nothing is recorded of a person nobody"),
        (["../decisions", "--ground", "x", "--yes"], 1, "../decisions"),
        ([ZDENKA, "--ground", "two words", "--yes"], 2, "/ground"),
        ([ZDENKA, "--ground", "x"], 2, "give --yes"),
        ([ZDENKA, "--yes"], 2, "--ground"),
        ([ZDENKA, "--ground", "x", "--yes", "--also", "99"], 2, "position 99 is not recorded"),
    ],
)
def test_what_is_not_erased_says_why(
    club: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    why: str,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))  # no terminal
    assert commanded("erase", *arguments) == code
    output, errors = capsys.readouterr()
    assert output == ""
    assert why in errors
    with closing(Ledger(Settings())) as ledger:
        assert NAME in readable(ledger)


def test_erasing_makes_no_ledger(tmp_path: Path) -> None:
    assert command(tmp_path, "erase", ZDENKA, "--ground", "x", "--yes").returncode == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1)])
def test_at_a_terminal_it_is_asked_whether_it_is_meant(club: Path, answer: str, code: int) -> None:
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "erase", ZDENKA, "--ground", "x"],
        cwd=club,
        env=environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    os.write(master, answer.encode())
    output, errors = process.communicate(timeout=60)
    os.close(master)
    assert process.returncode == code
    assert "Nothing brings it back. [y/N]" in errors
    assert output.startswith("erased") is (code == 0)
