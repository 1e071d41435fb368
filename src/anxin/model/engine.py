"""A loaded model as the embedded backend uses it: it answers, counts and reads system prompts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from anxin.dialogue import Message, Role
from anxin.errors import ModelBroken, ModelFileError, ModelUnavailable
from anxin.model.answer import Again, Answer
from anxin.model.chat import request_body
from anxin.model.loopback import Response, posting
from anxin.model.protocol import Done, Generation, ModelInfo, Piece
from anxin.model.refusals import of_status
from anxin.model.runtime import Runtime
from anxin.model.text import to_wire

__all__ = ["Engine"]

# Every token taken up alone interrupts the cores that compute the next: 5 % of the speed at 100 tokens a second. Those
# of a moment are therefore taken together; nobody reads faster than that.
_PACE: Final = 0.005  # seconds
_PLACE: Final = "the embedded model"


class Engine:
    """The running model and what was measured of its template. Blocking, but for `stream`."""

    def __init__(self, path: Path, info: ModelInfo, places: int, threads: int, control: tuple[str, ...]) -> None:
        self.runtime = Runtime(path, context=info.context, slots=places, threads=threads)
        self._name = info.name
        self._speaking: set[Response] = set()
        self._seam = control[0] if control else "\n"
        try:
            self._seam_tokens = self.runtime.tokens(self._seam)
            self._frame, self._opening = self._measure()
        except ModelBroken as error:
            self.runtime.stop()
            raise ModelFileError(f"the chat template in {path.name} does not work; use another model") from error

    async def stream(self, generation: Generation, more: Mapping[str, Any]) -> AsyncGenerator[Piece]:
        """The answer's pieces, `Done` at their end. `more` joins the request's body."""
        answer = Answer(self._name)
        body = {**request_body(self._name, generation), **more}
        try:
            async with (
                posting(self.runtime.address, "/v1/chat/completions", self.runtime.key, body) as response,
                aclosing(response.blocks()) as blocks,
            ):
                self._speaking.add(response)
                try:
                    if response.status != 200:
                        said = b"".join([block async for block in blocks])
                        raise of_status(response.status, said, _PLACE, self._name).error
                    async for block in blocks:
                        for piece in answer.read(block):
                            yield piece
                        if answer.begun and not answer.ended:
                            await asyncio.sleep(_PACE)
                finally:
                    self._speaking.discard(response)
            for piece in answer.close():
                yield piece
        except Again as again:
            raise again.error from None
        except (OSError, EOFError, ValueError) as error:
            if answer.begun:
                raise ModelBroken(f"{_PLACE} broke off in mid-answer") from error
            raise ModelUnavailable(f"{_PLACE} does not answer; start again") from error
        prompt, tokens = answer.usage
        yield Done("length" if answer.finish == "length" else "stop", prompt, tokens)

    def hang_up(self) -> None:
        """Break off every answer: the runtime would not unload while one is being given."""
        for response in self._speaking:
            response.hang_up()

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the texts, counted in one request, and of the template's frame around each."""
        if not messages:
            return self._opening
        texts = self.runtime.tokens(self._seam.join(message.text for message in messages))
        seams = self._seam_tokens * (len(messages) - 1)
        return texts - seams + self._frames(messages)

    def at_most(self, messages: Sequence[Message]) -> int:
        """A bound that needs no request: every token but the frame's stands for at least one byte."""
        return sum(len(message.text.encode()) + 1 for message in messages) + self._frames(messages)

    def read_system(self, system: str, slot: int, filename: str) -> bool:
        """Have the slot read the system prompt and save its state; False where the template takes none."""
        try:
            prompts = [
                self.runtime.render(to_wire([Message("system", system), Message("client", text)])) for text in "AZ"
            ]
            prefix = _common(*prompts)
            if system.strip() not in prefix:
                return False
            self.runtime.ask("/completion", {"prompt": prefix, "n_predict": 0, "id_slot": slot, "cache_prompt": True})
            self.runtime.ask(f"/slots/{slot}?action=save", {"filename": filename})
        except ModelBroken:
            return False
        return True

    def _frames(self, messages: Sequence[Message]) -> int:
        return sum(self._frame[message.role] for message in messages) + self._opening

    def _measure(self) -> tuple[Mapping[Role, int], int]:
        """Tokens of the template around a message of each role, and of what opens the reply."""
        client, counsellor, system = (Message(role, "a") for role in ("client", "counsellor", "system"))
        text = self.runtime.tokens("a")
        one = self._whole((client,)) - text
        three = self._whole((client, counsellor, client)) - 3 * text
        each = -(-(three - one) // 2)
        try:
            head = max(0, self._whole((system, client)) - one - 2 * text)
        except ModelBroken:  # a template without a place for it
            head = each
        return {"client": each, "counsellor": each, "system": head}, max(0, one - each)

    def _whole(self, messages: Sequence[Message]) -> int:
        return self.runtime.tokens(self.runtime.render(to_wire(messages)))


def _common(one: str, other: str) -> str:
    """What both begin with."""
    return "".join(left for left, _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
