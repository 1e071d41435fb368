"""What an OpenAI-compatible server's refusal means, in words that help.

A server's own error text is never passed on: some quote the prompt in it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from anxin.errors import ContextTooLong, ModelBroken, ModelError, ModelNotFound, ModelUnavailable

__all__ = ["Refusal", "in_stream", "of_status"]

_TOO_LONG: Final = re.compile(
    r"context.{0,20}(length|size|window)|exceed_context|maximum context|prompt is too long", re.I
)
_NO_MODEL: Final = re.compile(r"model.{0,80}(not found|not exist|does not exist|unknown)|model_not_found", re.I | re.S)
_BUSY: Final = (408, 409, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error to raise, and whether asking again may help."""

    error: ModelError
    again: bool = False


def of_status(status: int, body: bytes, place: str, model: str) -> Refusal:
    """What a status other than 200 means; `body` is only searched, never repeated."""
    said = body[:4096].decode("utf-8", "replace")
    if status in (401, 403):
        return Refusal(ModelUnavailable(f"{place} refused the API key ({status}); check the key set for it"))
    if status in (400, 413, 422) and _TOO_LONG.search(said):
        return Refusal(_too_long(model))
    if status == 404 or (status in (400, 422) and _NO_MODEL.search(said)):
        return Refusal(ModelNotFound(f"{place} has no model {model!r}"))
    if status in _BUSY:
        why = "too many requests" if status == 429 else "it failed inside"
        return Refusal(ModelUnavailable(f"{place} cannot answer now ({status}: {why}); try again"), True)
    if 300 <= status < 400:
        return Refusal(
            ModelUnavailable(f"{place} sends elsewhere ({status}); give the address it sends to as the base URL")
        )
    return Refusal(ModelUnavailable(f"{place} refused the request ({status}){_type_of(said)}"))


def in_stream(event: dict[str, object], model: str, begun: bool) -> ModelError:
    """What an error event inside a stream means."""
    said = json.dumps(event.get("error"), ensure_ascii=False)[:4096]
    if not begun and _TOO_LONG.search(said):
        return _too_long(model)
    if begun:
        return ModelBroken("the model server reported a fault in mid-answer")
    return ModelUnavailable("the model server reported a fault before the first word")


def _too_long(model: str) -> ContextTooLong:
    return ContextTooLong(
        f"the dialogue does not fit the context of {model!r}; shorten it or use a model with a longer one"
    )


def _type_of(said: str) -> str:
    """The error's type where it is a bare identifier, which cannot hold a client's words."""
    try:
        kind = json.loads(said)["error"]["type"]
    except (ValueError, LookupError, TypeError):
        return ""
    return f": {kind}" if isinstance(kind, str) and re.fullmatch(r"[a-z][a-z_]{0,39}", kind) else ""
