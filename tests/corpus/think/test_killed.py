"""Killed at any point and run again: the same files, and what was answered is not asked for twice."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

import pytest

from anxin.corpus.think import Asking, Think, think_folder
from anxin.model import EndpointModel
from anxin.model.many import Spent

from ...model.fake_server import DONE, OK, Asked, refusal, says, serving
from .pairs import PAIRS, files_in, sample, written

_AT_ONCE = 4
_RUN = """
import sys
from pathlib import Path
from anxin.corpus.think import Asking, Think, think_folder
from anxin.model import EndpointModel
from anxin.model.many import Spent
place, out, url = sys.argv[1:]
teacher = EndpointModel("teacher", url, retries=0)
options = Think(rejects="plain", asking=Asking(at_once=4, backoff=0.01))
think_folder(Path(place), Path(out), options, teacher, None, lambda what, done, of: None, Spent())
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Server:
    """A teacher that knows the pairs, refuses every fifth request, and may end its client's life."""

    def __init__(self) -> None:
        self.whole: Counter[str] = Counter()
        self.requests = 0
        self.kill_after = 0
        self.client: asyncio.subprocess.Process | None = None

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.requests += 1
        if self.requests % 5 == 0:
            writer.write(refusal(503, "busy"))
            return
        question = asked.body["messages"][-1]["content"]
        pair = next(pair for pair in PAIRS if pair.reply in question)
        said = "嗯。" if pair is PAIRS[2] else pair.thought
        writer.write(OK + says({"content": said}) + DONE)
        await writer.drain()
        self.whole[question] += 1
        if self.client is not None and self.whole.total() == self.kill_after:
            self.client.kill()  # SIGKILL


@pytest.mark.anyio
async def test_killed_at_two_points_and_run_again(tmp_path: Path) -> None:
    samples = [sample(pair, f"{n}-{at}", f"（{n}）") for n in range(3) for at, pair in enumerate(PAIRS)]
    written(tmp_path / "in", samples[:25], samples[25:50], samples[50:])
    server = _Server()

    async with serving(server.answer) as fake:

        async def run(out: str) -> int:
            arguments = (str(tmp_path / "in"), str(tmp_path / out), fake.url)
            server.client = await asyncio.create_subprocess_exec(sys.executable, "-c", _RUN, *arguments)
            return await server.client.wait()

        def calmly() -> None:
            teacher = EndpointModel("teacher", fake.url, retries=0)
            options = Think(rejects="plain", asking=Asking(at_once=1, backoff=0.01))
            think_folder(tmp_path / "in", tmp_path / "calm", options, teacher, None, lambda w, d, o: None, Spent())

        for at in (7, 41):
            server.kill_after = at
            assert await run("killed") == -9
            assert not (tmp_path / "killed" / "manifest.json").exists()
        server.kill_after = 0
        assert await run("killed") == 0
        # What was on its way at a kill is asked again, and nothing else.
        assert len(server.whole) == 66
        assert server.whole.total() <= 66 + 2 * _AT_ONCE

        before = server.whole.total()
        server.client = None
        await asyncio.to_thread(calmly)
        assert server.whole.total() == before + 66
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "calm")
    assert not list((tmp_path / "killed").rglob("*.part"))
