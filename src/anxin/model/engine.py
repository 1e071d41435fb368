"""A loaded model as the embedded backend uses it: it counts, reads system prompts and holds the chat client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final

from anxin.dialogue import Message, Role
from anxin.errors import ModelBroken
from anxin.model.answer import Timeouts
from anxin.model.chat import ChatClient
from anxin.model.protocol import ModelInfo
from anxin.model.runtime import Runtime
from anxin.model.text import to_wire

__all__ = ["Engine"]

# A long prompt on a slow core is no fault: only a runtime that died answers nothing at all.
_PATIENT: Final = Timeouts(connect=10.0, first=3600.0, between=600.0, total=86_400.0)


class Engine:
    """The running model and what was measured of its template. Blocking, but for `chat`."""

    def __init__(self, path: Path, info: ModelInfo, places: int, threads: int, control: tuple[str, ...]) -> None:
        self.runtime = Runtime(path, context=info.context, slots=places, threads=threads)
        self.chat = ChatClient(
            f"{self.runtime.address}/v1",
            info.name,
            key=self.runtime.key,
            place="the embedded model",
            timeouts=_PATIENT,
            retries=0,
        )
        self._seam = control[0] if control else "\n"
        try:
            self._frame, self._opening = self._measure()
        except BaseException:
            self.runtime.stop()
            raise

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens of the texts, counted in one request, and of the template's frame around each."""
        if not messages:
            return self._opening
        text = self._seam.join(message.text for message in messages)
        seams = self.runtime.tokens(self._seam) * (len(messages) - 1)
        return (
            self.runtime.tokens(text) - seams + sum(self._frame[message.role] for message in messages) + self._opening
        )

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
