from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from anxin.corpus.files import Damage, read_records
from anxin.corpus.review.journal import Journal
from anxin.errors import DataError

_WRITER = """
import sys
from pathlib import Path
from anxin.corpus.review.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    journal.put({"number": number, "text": "字" * 3000})
    print(number, flush=True)
    number += 1
"""


def _read(path: Path) -> list[object]:
    return [record for _, record in read_records(path)]


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    for round_ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        told = [writer.stdout.readline() for _ in range(5 + round_)]
        writer.kill()
        told += writer.stdout.readlines()
        writer.stdout.close()
        writer.wait()
        last = max(int(line) for line in told if line.endswith("\n"))
        numbers = [record["number"] for record in _read(path) if isinstance(record, dict)]
        assert set(range(last + 1)) <= set(numbers)
        path.unlink()


def test_a_line_that_was_broken_off_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    Journal(path).put({"a": 1})
    with path.open("ab") as file:
        file.write(b'{"a": 2, "b')
    Journal(path).put({"a": 3})
    first, broken, last = _read(path)
    assert (first, last) == ({"a": 1}, {"a": 3})
    assert isinstance(broken, Damage)


def test_many_write_at_once_and_every_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"

    def write(number: int) -> None:
        Journal(path).put_instead({"who": number % 4, "n": number}, lambda known: known["who"] == number % 4)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    found = _read(path)
    assert sorted(record["who"] for record in found if isinstance(record, dict)) == [0, 1, 2, 3]


def test_in_the_place_of_another_keeps_what_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b'{"a": 1}\nbroken\n{"a": 2}')
    Journal(path).put_instead({"a": 1, "new": True}, lambda known: known.get("a") == 1)
    assert path.read_bytes().splitlines() == [b"broken", b'{"a": 2}', json.dumps({"a": 1, "new": True}).encode()]


def test_a_full_disk_is_said_and_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j.jsonl"
    Journal(path).put({"a": 1})

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(DataError, match="No space left on device; make room"):
            Journal(path).put({"a": 2})
        with pytest.raises(DataError, match="make room"):
            Journal(path).put_instead({"a": 3}, lambda known: True)
    assert _read(path) == [{"a": 1}]
