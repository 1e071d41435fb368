"""Whether the exported file reads a dialogue as training did: the same tokens in transformers and in llama.cpp.

A wrong chat template is the commonest fault of exported models, and one that nothing else shows: the model still talks,
only worse. So the finished file is loaded, the same dialogues go through both, and the token ids must agree one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from anxin.errors import ConfigError, DataError, MissingExtra, ModelBroken
from anxin.model.runtime import Runtime, check_loadable

__all__ = ["Agreement", "compare", "load_tokenizer", "require_agreement"]

_CONTEXT: Final = 256  # tokens; nothing is generated
_SYSTEM: Final = {"role": "system", "content": "你是一位温和的倾听者。Answer briefly."}
_FIRST: Final = {"role": "user", "content": "最近总是睡不着，凌晨3点还醒着…… I can't  sleep!"}
_MORE: Final = (
    {"role": "assistant", "content": "听起来很累。\n\n- 是什么时候开始的？"},
    {"role": "user", "content": "上个月。🙂 since 12 Oct, 2026"},
)
_THINKING: Final = (
    {"role": "assistant", "content": "We can go slowly.", "reasoning_content": "She sounds tired."},
    {"role": "user", "content": "好的，慢慢来"},
)
_DIALOGUES: Final[tuple[tuple[str, tuple[dict[str, str], ...]], ...]] = (
    ("one message", (_FIRST,)),
    ("a system prompt", (_SYSTEM, _FIRST)),
    ("several turns", (_FIRST, *_MORE)),
    ("several turns with a system prompt", (_SYSTEM, _FIRST, *_MORE, *_MORE)),
    ("a reply with reasoning", (_SYSTEM, _FIRST, *_THINKING)),
)
_TEXTS: Final = (
    "我最近睡不着，怎么办？",
    "I can't sleep  at 3 a.m.!\n\nreally, they're\there  ",
    "🌙🙂 價格 1234.5 元；…——“好”",
    "a\tb\r\n  c\n \n\n d",
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was compared, and in words what differed. A dialogue that the template itself refuses is not compared."""

    dialogues: int
    texts: int
    differences: Sequence[str]


def load_tokenizer(folder: Path) -> Any:
    """The checkpoint's tokenizer as transformers reads it, without running code from it. Raises `ConfigError`."""
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise MissingExtra("checking the chat template", "train") from None
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # whatever a tokenizer's files can be wrong in
        raise ConfigError(
            f"transformers cannot read the tokenizer in {folder} ({type(error).__name__}), so the chat template cannot "
            "be checked; --unchecked exports all the same"
        ) from None


def compare(folder: Path, file: Path, *, systems: bool = True) -> Agreement:
    """Tokens of dialogues and texts, from the checkpoint in `folder` and from the exported `file`.

    Without `systems` no dialogue has a system prompt: for models that are never given one. Where a template leaves it
    out, llama.cpp puts its text into the client's first message, so such a model must not be marked as instructable.

    Raises `ConfigError` for a tokenizer transformers cannot read, `ModelFileError` for a file llama.cpp will not load.
    """
    tokenizer = load_tokenizer(folder)
    check_loadable(file)
    runtime = Runtime(file, context=_CONTEXT, slots=1, threads=1)
    try:
        dialogues, differences = 0, []
        for title, messages, thinking in _renderings(tokenizer):
            if not systems:
                messages = tuple(message for message in messages if message["role"] != "system")
            wanted = _theirs(tokenizer, messages, thinking)
            if wanted is None:
                continue
            dialogues += 1
            differences += _difference(title, tokenizer, wanted, _ours(runtime, messages, thinking))
        for text in _TEXTS:
            asked = {"content": text, "add_special": False, "parse_special": True}
            read = runtime.ask("/tokenize", asked)["tokens"]
            differences += _difference(
                "plain text", tokenizer, tokenizer(text, add_special_tokens=False).input_ids, read
            )
        return Agreement(dialogues, len(_TEXTS), tuple(differences))
    finally:
        runtime.stop()


def require_agreement(folder: Path, file: Path, *, systems: bool = True) -> Agreement:
    """As `compare`. Raises `DataError` with the first difference."""
    agreement = compare(folder, file, systems=systems)
    if agreement.differences:
        if systems and _leaves_out(load_tokenizer(folder)):
            raise DataError(
                "the chat template leaves system prompts out, and llama.cpp would put them into the client's first "
                "message: export with --no-instructable, and nobody will give it one"
            )
        more = len(agreement.differences) - 1
        raise DataError(
            f"the exported file does not read text as the checkpoint does: {agreement.differences[0]}"
            f"{f', and {more} more' if more else ''}; --unchecked exports all the same"
        )
    return agreement


def _leaves_out(tokenizer: Any) -> bool:
    alone, led = (_theirs(tokenizer, messages, True) for messages in ((_FIRST,), (_SYSTEM, _FIRST)))
    return alone is not None and alone == led


def _renderings(tokenizer: Any) -> Iterator[tuple[str, tuple[dict[str, str], ...], bool]]:
    if not tokenizer.chat_template:
        return
    switch = "enable_thinking" in str(tokenizer.chat_template)
    for title, messages in _DIALOGUES:
        yield title, messages, True
        if switch:
            yield f"{title}, thinking switched off", messages, False


def _theirs(tokenizer: Any, messages: Sequence[dict[str, str]], thinking: bool) -> list[int] | None:
    """Token ids by transformers; None where the template refuses the dialogue, as some refuse a system prompt."""
    from jinja2 import TemplateError

    try:
        return list(
            tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, tokenize=True, return_dict=False, enable_thinking=thinking
            )
        )
    except TemplateError:
        return None


def _ours(runtime: Runtime, messages: Sequence[dict[str, str]], thinking: bool) -> list[int] | None:
    asked = {"messages": list(messages), "chat_template_kwargs": {"enable_thinking": thinking}}
    try:
        prompt = runtime.ask("/apply-template", asked)["prompt"]
        tokens = runtime.ask("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})["tokens"]
    except ModelBroken:
        return None
    return [int(token) for token in tokens]


def _difference(title: str, tokenizer: Any, wanted: Sequence[int], read: Sequence[int] | None) -> list[str]:
    if read is None:
        return [f"llama.cpp cannot render {title}"]
    if list(wanted) == list(read):
        return []
    place = next(
        (at for at, (left, right) in enumerate(zip(wanted, read, strict=False)) if left != right),
        min(len(wanted), len(read)),
    )
    left, right = (
        f"{ids[place]} {tokenizer.decode([ids[place]])!r}" if place < len(ids) else "the end" for ids in (wanted, read)
    )
    return [f"{title}: token {place + 1} is {left} in transformers and {right} in llama.cpp"]
