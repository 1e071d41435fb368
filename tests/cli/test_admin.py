from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from typer.testing import CliRunner

from anxin.cli.admin import app
from anxin.config import home
from anxin.errors import DataError, UserError
from anxin.safety import Ledger
from anxin.store import StoreOptions, Utterance, open_store

WORDS = "zebra 我很难过 <b>"


@pytest.fixture
def talk() -> str:
    """The id of a conversation in the default database."""

    async def write() -> str:
        store = open_store(StoreOptions(database="sqlite"), home())
        await store.prepare()
        id = (await store.conversations.create()).id
        await store.conversations.append(id, Utterance("client", WORDS, Ledger()))
        await store.close()
        return id

    return asyncio.run(write())


def admin(*arguments: str) -> str:
    """What it says; its mistakes are raised."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    return done.stdout


def entries() -> list[str]:
    text = admin("verify-audit")
    assert "one chain" in text
    return text.splitlines()


def test_where_nothing_is_recorded_nothing_is_made() -> None:
    for command in (["status"], ["verify-audit"], ["backup", "x.zip"], ["rotate-key"]):
        with pytest.raises(DataError, match="nothing is recorded"):
            admin(*command)
    assert not home().exists()


def test_status(talk: str) -> None:
    found = json.loads(admin("status", "--json"))
    assert (found["conversations"], found["utterances"], found["holds"]) == (1, 1, 0)
    assert "master key" in admin("status") and talk not in admin("status")


def test_an_export_is_for_its_client_and_noted(talk: str, tmp_path: Path) -> None:
    before = entries()
    assert json.loads(admin("export", talk))["messages"][0]["text"] == WORDS
    page = tmp_path / "talk.html"
    admin("export", talk, "--format", "html", "--language", "en", "--to", str(page))
    assert "&lt;b&gt;" in page.read_text(encoding="utf-8")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    with pytest.raises(DataError, match="exists"):
        admin("export", talk, "--to", str(page))
    with pytest.raises(DataError, match="no conversation"):
        admin("export", "nobody")
    assert int(entries()[0].split()[0]) == int(before[0].split()[0]) + 2


def test_a_hold_and_an_erasure(talk: str) -> None:
    assert admin("hold", talk, "--why", "incident") == "held\n"
    assert "hidden" in admin("erase", talk)
    assert "released and erased" in admin("release", talk)
    for command in ("erase", "export"):
        with pytest.raises(DataError, match="no conversation"):
            admin(command, talk)
    with pytest.raises(DataError, match="no hold"):
        admin("release", talk)


def test_backup_rotate_and_restore(talk: str, tmp_path: Path) -> None:
    file = str(tmp_path / "b.zip")
    assert "1 conversations" in admin("backup", file)
    assert "1 keys wrapped anew" in admin("rotate-key")
    with pytest.raises(DataError, match="--overwrite"):
        admin("restore", file)
    assert "1 conversations restored" in admin("restore", file, "--overwrite")
    assert json.loads(admin("export", talk))["messages"][0]["text"] == WORDS
    assert "destroyed: " in admin("rotate-key", "--drop-old")
    with pytest.raises(UserError, match="sealed with master key"):
        admin("restore", file, "--overwrite")
    assert json.loads(admin("export", talk))["messages"][0]["text"] == WORDS
    fresh = str(tmp_path / "new" / "records.sqlite")
    admin("backup", str(tmp_path / "c.zip"))
    assert "1 conversations restored" in admin("restore", str(tmp_path / "c.zip"), "--database", fresh)


def test_an_audit_log_that_was_changed_is_told(talk: str) -> None:
    import sqlite3

    anchor = entries()[-1].removeprefix("anchor: ")
    assert "met" in admin("verify-audit", "--anchor", anchor)
    with pytest.raises(DataError, match="cut off"):
        admin("verify-audit", "--anchor", "f" * 64)
    connection = sqlite3.connect(home() / "anxin.sqlite")
    connection.execute("UPDATE audit SET actor = 'nobody' WHERE number = 1")
    connection.commit()
    connection.close()
    with pytest.raises(DataError, match="entry 1 was changed"):
        admin("verify-audit")


def test_every_command_has_an_example_of_itself() -> None:
    assert len(app.registered_commands) >= 9
    for command in app.registered_commands:
        assert command.callback is not None
        assert f"Example: anxin admin {command.name}" in (command.callback.__doc__ or ""), command.name
