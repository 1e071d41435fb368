"""Any GGUF file as a model, run by llama.cpp inside this process."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from anxin.dialogue import Message
from anxin.errors import ContextTooLong, ModelBroken, ModelError, ModelUnavailable
from anxin.model.cores import usable_cores
from anxin.model.engine import Engine
from anxin.model.gguf import read_header
from anxin.model.protocol import Generation, ModelInfo, Piece, Waiting
from anxin.model.queue import Queue
from anxin.model.runtime import STOPPABLE, check_loadable
from anxin.model.slots import Slots
from anxin.model.text import estimate, whole

__all__ = ["EmbeddedModel"]

# An answer held to a schema is short: reasoning before it would use up its length.
_PLAIN: Final = {"chat_template_kwargs": {"enable_thinking": False}}


class EmbeddedModel:
    """The model in the GGUF file at `path`.

    `context` caps the window in tokens; the file's own may be smaller. `places` answers are given at once and the
    rest wait in line. `repeat_penalty` (over the last 64 tokens; Keskar et al. 2019, CTRL, section 4.1) keeps small
    models out of loops. A file that is not `trusted` is first loaded in another process, because llama.cpp aborts on
    some damaged ones. What a dialogue leaves in the runtime's cache, by which its next turn need not be read from the
    start, is erased after `forget_after` seconds without work.

    The header is read here: raises `ModelFileError` at once for a file that is not a whole GGUF. The weights are
    loaded by `prepare`, or else by the first `stream`. Belongs to the event loop that loads it.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        context: int = 4096,
        places: int = 1,
        threads: int = 0,
        repeat_penalty: float = 1.1,
        trusted: bool = False,
        forget_after: float = 600.0,
    ) -> None:
        header = read_header(path)
        self._path = path
        self._places = places
        self._threads = threads or usable_cores()
        self._trusted = trusted
        self._more: Mapping[str, Any] = {
            "repeat_penalty": repeat_penalty,
            "repeat_last_n": 64,
            "cache_prompt": True,
            **STOPPABLE,
        }
        self._control = header.control_tokens
        self._markup = re.compile("|".join(map(re.escape, self._control)) or r"(?!)")
        self._info = ModelInfo(
            name or header.name or path.stem,
            "embedded",
            min(header.context or context, context),
            header.flag("anxin.instructable", True),
            header.flag("anxin.demonstration", False),
            temperature=header.number("anxin.temperature", 0.7),
            languages=header.languages(),
        )
        self._queue = Queue(places)
        self._slots = Slots(places)
        self._primed: dict[str, str] = {}
        self._forget_after = forget_after
        self._forgetting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._loading: asyncio.Task[Engine] | None = None
        self._loaded: Engine | None = None
        self._closed = False

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count(self, messages: Sequence[Message]) -> int:
        """Exact up to the template's treatment of message edges once loaded; before that an estimate, rounded up."""
        if self._loaded is None:
            return estimate(messages)
        return self._loaded.count(self._plain(messages))

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        loaded = await self._load()
        messages = self._plain(generation.messages)
        if loaded.at_most(messages) >= self._info.context:
            await self._fits(loaded, messages)
        ticket = self._queue.join()
        try:
            async for place in ticket.places():
                yield Waiting(place)
            self._stay()
            slot = self._slots.take(messages)
            held: Sequence[Message] = ()
            try:
                await self._restore(loaded, slot, messages)
                held = messages
                more = {**self._more, "id_slot": slot, **(_PLAIN if generation.schema is not None else {})}
                plain = replace(generation, messages=messages, max_tokens=max(1, generation.max_tokens))
                async with aclosing(loaded.stream(plain, more)) as pieces:
                    async for piece in pieces:
                        yield piece
            finally:
                self._slots.give_back(slot, held)
        finally:
            ticket.leave()
            self._forget_later()

    async def prepare(self, systems: Sequence[str] = ()) -> None:
        """Load the weights, once, then read the system prompts behind whatever else there is to do.

        The binding holds the interpreter while it loads: do it before serving. Raises `ModelFileError` when llama.cpp
        will not have the file, `ModelUnavailable` after `close`.
        """
        await self._load()
        if systems and self._info.instructable:
            task = asyncio.create_task(self._prime_quietly(systems))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def prime(self, *systems: str) -> None:
        """Read each system prompt once and keep what the runtime made of it, to be put back into any slot.

        600 tokens take 10 s of a slow core to read and 0.02 s to put back. Does nothing for a template that takes
        no system prompt.
        """
        loaded = await self._load()
        for system in self._plain([Message("system", system) for system in systems]):
            if _digest(system.text) not in self._primed:
                await self._prime(loaded, system)

    async def busy(self) -> int:
        """How many slots are at work inside llama.cpp at this moment."""
        if self._loaded is None:
            return 0
        slots = await asyncio.to_thread(self._loaded.runtime.ask, "/slots")
        return sum(bool(slot["is_processing"]) for slot in slots)

    async def close(self) -> None:
        self._closed = True
        self._stay()
        for task in self._tasks:
            task.cancel()
        if self._loading is not None:
            await asyncio.gather(self._loading, *self._tasks, return_exceptions=True)
        loaded, self._loaded, self._loading = self._loaded, None, None
        if loaded is not None:
            loaded.hang_up()
            await asyncio.to_thread(loaded.runtime.stop)

    async def _load(self) -> Engine:
        if self._closed:
            raise ModelUnavailable(f"{self._info.name!r} has been closed")
        if self._loaded is None:
            if self._loading is None:
                self._loading = asyncio.create_task(self._start())
            try:
                # One client who leaves must not stop the load that others wait for.
                self._loaded = await asyncio.shield(self._loading)
            except Exception:
                self._loading = None
                raise
        return self._loaded

    async def _start(self) -> Engine:
        if not self._trusted:
            await asyncio.to_thread(check_loadable, self._path)
        return await asyncio.to_thread(Engine, self._path, self._info, self._places, self._threads, self._control)

    def _plain(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages with control tokens spelled out, so that nobody can speak in another's name."""
        return tuple(Message(message.role, self._markup.sub(_spelled, whole(message.text))) for message in messages)

    async def _fits(self, loaded: Engine, messages: Sequence[Message]) -> None:
        """Raise now what llama.cpp would say only when this request's turn has come."""
        tokens = await asyncio.to_thread(loaded.count, messages)
        if tokens >= self._info.context:
            raise ContextTooLong(
                f"{tokens} tokens do not fit the {self._info.context} of {self._info.name!r}; shorten the dialogue"
            )

    async def _restore(self, loaded: Engine, slot: int, messages: Sequence[Message]) -> None:
        if self._slots.holds_system(slot, messages):
            return
        system = next((message.text for message in messages if message.role == "system"), "")
        saved = self._primed.get(_digest(system))
        if saved is None:
            return
        try:
            await asyncio.to_thread(loaded.runtime.ask, f"/slots/{slot}?action=restore", {"filename": saved})
        except ModelBroken:  # the file is gone: the prompt is read anew, which costs time and nothing else
            self._primed.pop(_digest(system), None)

    async def _prime_quietly(self, systems: Sequence[str]) -> None:
        with suppress(ModelError):  # a prompt that was not read beforehand is read when it is needed
            await self.prime(*systems)

    async def _prime(self, loaded: Engine, system: Message) -> None:
        ticket = self._queue.join()
        try:
            async for _ in ticket.places():
                pass
            slot = self._slots.take((system,))
            held: Sequence[Message] = ()
            try:
                saved = f"{_digest(system.text)}.bin"
                if await asyncio.to_thread(loaded.read_system, system.text, slot, saved):
                    self._primed[_digest(system.text)] = saved
                    held = (system,)
            finally:
                self._slots.give_back(slot, held)
        finally:
            ticket.leave()

    def _stay(self) -> None:
        if self._forgetting is not None:
            self._forgetting.cancel()
            self._forgetting = None

    def _forget_later(self) -> None:
        self._stay()
        if not self._closed:
            loop = asyncio.get_running_loop()
            self._forgetting = loop.call_later(self._forget_after, self._begin_to_forget)

    def _begin_to_forget(self) -> None:
        self._forgetting = None
        task = asyncio.get_running_loop().create_task(self._forget())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forget(self) -> None:
        """Erase every slot, unless someone came meanwhile."""
        loaded = self._loaded
        for _ in range(self._places):
            if loaded is None or len(self._queue):
                return
            ticket = self._queue.join()
            try:
                async for _place in ticket.places():
                    pass
                slot = self._slots.take(())
                try:
                    with suppress(ModelBroken):
                        await asyncio.to_thread(loaded.runtime.ask, f"/slots/{slot}?action=erase", {})
                finally:
                    self._slots.give_back(slot)
            finally:
                ticket.leave()


def _spelled(control: re.Match[str]) -> str:
    return f"{control[0][:1]} {control[0][1:]}"


def _digest(text: str) -> str:
    return hashlib.sha256(whole(text).encode()).hexdigest()[:32]
