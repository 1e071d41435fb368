"""A chat completion request, read and checked field by field; every refusal names the field and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from anxin.counsel import Settings
from anxin.dialogue import Dialogue, Message
from anxin.errors import DialogueError
from anxin.serve.bodies import readable
from anxin.serve.options import ServeOptions
from anxin.serve.refusals import Refusal
from anxin.serve.settings import read_settings

__all__ = ["ChatRequest", "read_chat"]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What a caller asks for."""

    dialogue: Dialogue
    model: str
    settings: Settings
    stream: bool
    include_usage: bool
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: tuple[str, ...]
    seed: int | None


def read_chat(body: Mapping[str, Any], options: ServeOptions, models: Collection[str], locale: str = "") -> ChatRequest:
    """Read the body of a chat completion. Raises `Refusal`; fields that change nothing here are ignored.

    `locale` is the request's Accept-Language.
    """
    _refuse_unserved(body)
    model = body.get("model")
    if model is None:
        model = next(iter(models))
    if not isinstance(model, str):
        raise _bad("model", "must be text")
    if model not in models:
        served = ", ".join(models)
        raise Refusal(404, "model_not_found", f"this server serves {served}; ask for one of these", param="model")
    stream_options = _object(body, "stream_options")
    return ChatRequest(
        dialogue=_dialogue(body, options),
        model=model,
        settings=read_settings(_object(body, "anxin"), options, locale, param="anxin."),
        stream=_flag(body, "stream"),
        include_usage=_flag(stream_options, "include_usage", "stream_options."),
        max_tokens=_whole(body, "max_completion_tokens", 1) or _whole(body, "max_tokens", 1),
        temperature=_number(body, "temperature", 0, 2),
        top_p=_number(body, "top_p", 0, 1, open_below=True),
        stop=_stop(body),
        seed=_whole(body, "seed", -(2**63), 2**63 - 1),
    )


def _refuse_unserved(body: Mapping[str, Any]) -> None:
    if body.get("n") not in (None, 1) or isinstance(body.get("n"), bool):
        raise _bad("n", "must be 1; one reply is given to a message")
    for field in ("tools", "functions"):
        if body.get(field) not in (None, []):
            raise _bad(field, "cannot be used here; switch tools off in your client (Open WebUI: built-in tools)")
    if body.get("logprobs") not in (None, False) or body.get("top_logprobs") not in (None, 0):
        raise _bad("logprobs", "cannot be given; leave it out")
    if body.get("audio") is not None or body.get("modalities") not in (None, ["text"]):
        raise _bad("modalities", "may be text only")
    form = body.get("response_format")
    if form is not None and not (isinstance(form, Mapping) and form.get("type") == "text"):
        raise _bad("response_format", "may be text only; a counselling reply is not JSON")


def _dialogue(body: Mapping[str, Any], options: ServeOptions) -> Dialogue:
    raw = body.get("messages")
    if not isinstance(raw, list) or not raw:
        raise _bad("messages", 'must be a list that ends with {"role": "user", "content": "..."}')
    try:
        read = Dialogue.from_wire(raw)
    except DialogueError as fault:
        raise Refusal(400, fault.code, str(fault), param="messages") from None
    dialogue = Dialogue(tuple(Message(message.role, readable(message.text)) for message in read))
    last = dialogue.messages[-1]
    if last.role != "client":
        raise _bad("messages", "must end with a message of the user")
    if not last.text.strip():
        raise _bad("messages", "end with an empty message; write something")
    longest = max(len(message.text) for message in dialogue if message.role == "client")
    if longest > options.max_message_characters:
        limit = f"a message has {longest} characters; at most {options.max_message_characters} are read"
        raise Refusal(413, "message_too_long", limit, param="messages")
    return dialogue


def _stop(body: Mapping[str, Any]) -> tuple[str, ...]:
    raw = body.get("stop")
    marks = [] if raw is None else [raw] if isinstance(raw, str) else raw
    if not isinstance(marks, list) or len(marks) > 4 or any(not isinstance(mark, str) or not mark for mark in marks):
        raise _bad("stop", "must be text or a list of at most 4 texts, none of them empty")
    return tuple(readable(mark) for mark in marks)


def _object(body: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    raw = body.get(field)
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise _bad(field, "must be an object")
    return raw


def _flag(body: Mapping[str, Any], field: str, prefix: str = "") -> bool:
    raw = body.get(field)
    if raw is not None and not isinstance(raw, bool):
        raise _bad(prefix + field, "must be true or false")
    return bool(raw)


def _whole(body: Mapping[str, Any], field: str, least: int, most: int = 1_000_000) -> int | None:
    raw = body.get(field)
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
        raise _bad(field, f"must be a whole number from {least} to {most}")
    return raw


def _number(
    body: Mapping[str, Any], field: str, least: float, most: float, *, open_below: bool = False
) -> float | None:
    raw = body.get(field)
    if raw is None:
        return None
    number = isinstance(raw, int | float) and not isinstance(raw, bool)
    if not number or not least <= raw <= most or (open_below and raw == least):
        raise _bad(field, f"must be a number {'above' if open_below else 'from'} {least} to {most}")
    return float(raw)


def _bad(field: str, what: str) -> Refusal:
    return Refusal(400, "bad_request", f"{field} {what}", param=field)
