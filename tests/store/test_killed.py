"""kill -9 at random moments: what was acknowledged is there, what was erased is not, and the audit log is whole."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from anxin.store import Store, StoreOptions, audit, open_store
from anxin.store.lasting import reference_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROUNDS = 100

# Speaks, and says what it has been told is kept: one line for each, written at once.
TALKER = """
import asyncio, os, sys
from pathlib import Path
from anxin.safety import Ledger, screen
from anxin.store import StoreOptions, Utterance, open_store
def acknowledge(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
async def main():
    store = open_store(StoreOptions(database=sys.argv[1]), Path(sys.argv[2]))
    await store.prepare()
    kept = store.conversations
    screen("我很累")
    acknowledge("ready")
    async def one(name):
        for round in range(10_000):
            id = (await kept.create()).id
            acknowledge("begun", id)
            ledger = Ledger()
            for number in range(4):
                verdict = screen("我很累")
                ledger = ledger.fold(verdict)
                await kept.append(id, Utterance("client", f"{name}.{round}.{number}", ledger, verdict=verdict))
                acknowledge("said", id, f"{name}.{round}.{number}")
                await kept.replace_reply(id, Utterance("counsellor", f"re {number}", ledger, "model"))
                acknowledge("said", id, f"re {number}")
            if round % 2:
                acknowledge("erasing", id)
                await kept.delete(id)
                acknowledge("erased", id)
    await asyncio.gather(one("a"), one("b"))
asyncio.run(main())
"""


def kill_after(command: list[str], lines: int, seconds: float) -> list[list[str]]:
    """What it acknowledged until it was killed, so many lines and seconds after it was ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    first = process.stdout.readline()
    assert first == b"ready\n", process.stderr.read()
    rest = b"".join(process.stdout.readline() for _ in range(lines))
    time.sleep(seconds)
    process.kill()
    rest += process.stdout.read()
    process.wait()
    process.stderr.close()
    process.stdout.close()
    return [line.split(" ", 2) for line in rest.decode().splitlines(keepends=True) if line.endswith("\n")]


async def test_no_acknowledged_turn_is_lost_and_the_audit_log_is_whole(
    store: Store, database: str, tmp_path: Path
) -> None:
    await store.close()
    rounds = ROUNDS if store.database.sqlite else ROUNDS // 4
    chance = random.Random(20261121)
    command = [sys.executable, "-c", TALKER, database, str(tmp_path / "home")]
    turns, erased, gone = 0, set[str](), set[str]()
    kept: dict[str, list[str]] = {}
    for _ in range(rounds):
        acknowledged = await asyncio.to_thread(kill_after, command, chance.randrange(40), chance.uniform(0.0, 0.1))
        for kind, *words in acknowledged:
            id = words[0].strip()
            if kind == "begun":
                kept[id] = []
            elif kind == "said":
                kept[id].append(words[1].strip())
                turns += 1
            elif kind == "erasing":
                gone.add(id)  # asked for: it may be there still or not
            else:
                erased.add(id)
        other = open_store(StoreOptions(database=database), tmp_path / "home")
        await other.prepare()
        async with other.database.reading() as session:
            report = await audit.verify(session, audit.read_anchors(other.anchors))
        assert report.faults == ()
        await other.close()
    other = open_store(StoreOptions(database=database), tmp_path / "home")
    for id, said in kept.items():
        found = await other.conversations.get(id)
        if id in erased or (id in gone and found is None):
            assert found is None
            continue
        assert found is not None, reference_of(id)
        texts = [utterance.text for utterance in found.utterances]
        assert texts[: len(said)] == said, "every acknowledged turn is there, in its order"
        assert len(texts) <= len(said) + 1, "at most the one that was under way"
    await other.close()
    sys.stderr.write(f"\n{rounds} kills, {len(kept)} conversations, {turns} turns, {len(erased)} erased\n")
    assert turns > rounds and erased
