from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from anxin.errors import StoreDamaged, StoreKeyError
from anxin.store import StoreOptions
from anxin.store.masters import KeyCommand, KeyFile, KeyVariable, key_source
from anxin.store.sealing import DataKey, Keyring, Master

CLEAR = "我很难过".encode()


def test_what_is_sealed_is_opened_in_its_own_place_alone() -> None:
    key = DataKey.new("conversation:a")
    blob = key.seal(CLEAR, "utterances", "1")
    assert CLEAR not in blob
    assert key.open(blob, "utterances", "1") == CLEAR
    for owner, table, row in [
        ("conversation:b", "utterances", "1"),
        ("conversation:a", "verdicts", "1"),
        ("conversation:a", "utterances", "2"),
        ("conversation:a", "utterances1", ""),
    ]:
        with pytest.raises(StoreDamaged):
            DataKey(owner, key.key).open(blob, table, row)


def test_the_same_words_are_sealed_differently_each_time() -> None:
    key = DataKey.new("x")
    assert len({key.seal(CLEAR, "t", "1") for _ in range(50)}) == 50


def test_any_changed_byte_is_noticed() -> None:
    key = DataKey.new("x")
    blob = key.seal(CLEAR, "t", "1")
    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(StoreDamaged):
            key.open(changed, "t", "1")
    for length in range(len(blob)):
        with pytest.raises(StoreDamaged):
            key.open(blob[:length], "t", "1")


def test_a_data_key_is_wrapped_for_its_owner_by_one_master() -> None:
    master, other = Master.new(), Master.new()
    key = DataKey.new("conversation:a")
    wrapped = master.wrap(key)
    assert key.key not in wrapped
    assert master.unwrap("conversation:a", wrapped) == key
    with pytest.raises(StoreDamaged):
        master.unwrap("conversation:b", wrapped)
    with pytest.raises(StoreDamaged):
        other.unwrap("conversation:a", wrapped)


def test_no_key_is_shown_by_repr() -> None:
    master = Master.new()
    assert repr(master.key) not in repr(Keyring((master,), "here")) and repr(master.key) not in repr(master)
    key = DataKey.new("x")
    assert repr(key.key) not in repr(key)


def test_a_key_file_is_made_once_for_its_owner_alone_and_its_maker_is_told(tmp_path: Path) -> None:
    told: list[str] = []
    source = KeyFile(tmp_path / "home" / "store.key", told.append)
    assert source.read() is None
    ring = source.create()
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600
    assert "Keep a copy" in told[0] and str(source.path) in told[0]
    assert source.create() == ring == source.read(), "a key is never replaced"
    assert len(told) == 1
    assert sorted(path.name for path in source.path.parent.iterdir()) == ["store.key"]


def test_a_key_turns_and_the_old_one_stays_until_it_is_dropped(tmp_path: Path) -> None:
    source = KeyFile(tmp_path / "store.key")
    first = source.create().newest
    ring = source.turn()
    assert ring.newest != first and ring.masters[1] == first
    source.drop(frozenset([first.id]))
    after = source.read()
    assert after is not None and after.masters == (ring.newest,)
    assert stat.S_IMODE(source.path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    source = KeyFile(tmp_path / "store.key")
    source.create()
    source.path.chmod(mode)
    with pytest.raises(StoreKeyError, match="chmod 600"):
        source.read()


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", "QUJD\n", "我\n", base64.b64encode(b"x" * 31).decode()])
def test_a_file_without_a_key_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "store.key"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreKeyError, match=r"store\.key") as raised:
        KeyFile(path).read()
    assert not text.strip() or text.strip() not in str(raised.value), "half a key in a log is half a key lost"


def test_a_key_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = Master.new(), Master.new()
    monkeypatch.setenv("KEY", ",".join(base64.b64encode(master.key).decode() for master in (one, two)))
    assert KeyVariable("KEY").read().masters == (one, two)
    with pytest.raises(StoreKeyError, match="put the new key"):
        KeyVariable("KEY").turn()
    monkeypatch.delenv("KEY")
    with pytest.raises(StoreKeyError, match="variable KEY is empty"):
        KeyVariable("KEY").read()


def test_a_key_from_a_command() -> None:
    one = Master.new()
    assert KeyCommand(("echo", base64.b64encode(one.key).decode())).read().masters == (one,)
    for command in (("false",), ("/nonexistent",)):
        with pytest.raises(StoreKeyError, match="failed"):
            KeyCommand(command).read()


def test_the_operator_names_the_source(tmp_path: Path) -> None:
    assert key_source(StoreOptions(), tmp_path).where == str(tmp_path / "store.key")
    assert key_source(StoreOptions(key_file="/k"), tmp_path).where == "/k"
    assert "KEY" in key_source(StoreOptions(key_variable="KEY", key_file="/k"), tmp_path).where
    assert "pass" in key_source(StoreOptions(key_command=("pass", "x"), key_variable="KEY"), tmp_path).where
