"""A checkpoint's tokenizer as llama.cpp keeps it: tokens, kinds, merges or scores, special tokens, chat template.

Follows llama.cpp's converter (conversion/base.py and internlm.py, October 2026), with two differences on purpose. The
pre-tokenizer is known by its regular expressions and not by a hash over one known vocabulary, so a tokenizer of our own
is recognised too. And a Llama tokenizer.json without tokenizer.model gets its scores from the order of its merges,
where the converter gives every token the same score, with which llama.cpp joins in the wrong order.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anxin.errors import ConfigError, DataError
from anxin.export.checkpoint import read_json

if TYPE_CHECKING:
    import gguf

__all__ = ["Vocabulary", "add_vocabulary", "read_template", "read_vocabulary"]

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
_ADDED_SCORE: Final = -1000.0
_PADDING_SCORE: Final = -10000.0
_START: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_END: Final = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BYTES: Final = "bytes"
# What a pre-tokenizer does, and whether merges are ignored for whole words -> llama.cpp's name of it.
_KNOWN: Final[Mapping[tuple[tuple[str, ...], bool], str]] = {
    ((_START + r"\p{N}" + _END, _BYTES), False): "qwen2",
    ((_START + r"\p{N}{1,3}" + _END, _BYTES), True): "llama-bpe",
    ((_START + r"\p{N}{1,3}" + _END, _BYTES), False): "smaug-bpe",
    (("gpt-2",), False): "gpt-2",
    (("digits", "gpt-2"), False): "smollm",
}
_MARKS: Final = (re.compile(r"<\|.*\|>", re.DOTALL), re.compile(r"<｜.*｜>", re.DOTALL), re.compile(r"<pad>|<mask>"))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`special` maps a role (bos, eos, unk, pad) to a token's place; `add` says which are put around every text."""

    model: str
    pre: str
    tokens: Sequence[str]
    kinds: Sequence[int]
    scores: Sequence[float] | None = None
    merges: Sequence[str] | None = None
    space_prefix: bool | None = None
    special: Mapping[str, int] = field(default_factory=dict)
    add: Mapping[str, bool] = field(default_factory=dict)
    template: str | None = None


def read_vocabulary(folder: Path, family: str, size: int, pre: str = "") -> Vocabulary:
    """The tokenizer of a checkpoint, padded to `size` tokens.

    `pre` names llama.cpp's pre-tokenizer where it is not recognised. Raises `DataError` for a folder without a usable
    tokenizer, `ConfigError` for an unknown pre-tokenizer.
    """
    import gguf

    settings = read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
    written = read_json(folder / "tokenizer.json") if (folder / "tokenizer.json").exists() else {}
    if (folder / "tokenizer.model").exists():
        vocabulary = _sentencepiece(folder, family, size, settings, written)
    elif not written:
        raise DataError(f"{folder} has no tokenizer: neither tokenizer.json nor tokenizer.model")
    elif written.get("model", {}).get("type") != "BPE":
        kind = written.get("model", {}).get("type")
        raise ConfigError(f"a {kind} tokenizer cannot be exported here; give a llama.cpp checkout: --converter PATH")
    elif written["model"].get("byte_fallback"):
        vocabulary = _llama_fast(written, size)
    else:
        vocabulary = _bytes_bpe(written, size, pre)
    special = gguf.SpecialVocab(folder, n_vocab=size)
    ids, add = dict(special.special_token_ids), dict(special.add_special_token)
    if family == "internlm2" and "<|im_end|>" in vocabulary.tokens:
        # A chat model's turn ends with this; the checkpoint names the end of a text.
        ids["eos"] = list(vocabulary.tokens).index("<|im_end|>")
    if vocabulary.model == "gpt2":
        add.setdefault(
            "bos", False
        )  # llama.cpp would add one to some kinds by itself; tokenizer.json says when it does
    return Vocabulary(
        vocabulary.model,
        vocabulary.pre,
        vocabulary.tokens,
        vocabulary.kinds,
        vocabulary.scores,
        vocabulary.merges,
        settings.get("add_prefix_space") if vocabulary.space_prefix is None else vocabulary.space_prefix,
        ids,
        add,
        read_template(folder),
    )


def read_template(folder: Path) -> str | None:
    """The chat template: its own file first, as transformers does, then tokenizer_config.json."""
    own = folder / "chat_template.jinja"
    if own.exists():
        return own.read_text(encoding="utf-8")
    path = folder / "tokenizer_config.json"
    template = read_json(path).get("chat_template") if path.exists() else None
    if isinstance(template, list):  # several by name
        template = next((entry.get("template") for entry in template if entry.get("name") == "default"), None)
    return template if isinstance(template, str) else None


def add_vocabulary(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    """The tokenizer as metadata."""
    writer.add_tokenizer_model(vocabulary.model)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    if vocabulary.scores is not None:
        writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.kinds)
    if vocabulary.space_prefix is not None:
        writer.add_add_space_prefix(vocabulary.space_prefix)
    if vocabulary.merges is not None:
        writer.add_token_merges(vocabulary.merges)
    for role, place in vocabulary.special.items():
        getattr(writer, f"add_{role}_token_id")(place)
    for role, wanted in vocabulary.add.items():
        getattr(writer, f"add_add_{role}_token")(wanted)
    if vocabulary.template is not None:
        writer.add_chat_template(vocabulary.template)


def _bytes_bpe(written: Mapping[str, Any], size: int, pre: str) -> Vocabulary:
    model = written["model"]
    tokens = [f"[PAD{place}]" for place in range(size)]
    kinds = [UNUSED] * size
    for token, place in model["vocab"].items():
        _within(token, place, size)
        tokens[place], kinds[place] = token, NORMAL
    for added in written.get("added_tokens", ()):
        _within(added["content"], added["id"], size)
        tokens[added["id"]], kinds[added["id"]] = _added(added["content"], added["special"])
    return Vocabulary("gpt2", pre or _pre(written), tokens, kinds, merges=[_merge(merge) for merge in model["merges"]])


def _merge(merge: str | Sequence[str]) -> str:
    if isinstance(merge, str):
        return merge
    # A space inside a part would split it when it is read: GPT-2's letter for it.
    return " ".join(part.replace(" ", chr(ord(" ") + 256)) for part in merge)


def _within(token: str, place: int, size: int) -> None:
    if place >= size:
        raise DataError(f"token {token!r} is number {place}, but config.json says vocab_size {size}")


def _added(token: str, special: bool) -> tuple[str, int]:
    if special or any(mark.fullmatch(token) for mark in _MARKS):
        return token, CONTROL
    return token.replace("▁", " "), USER


def _pre(written: Mapping[str, Any]) -> str:
    """llama.cpp's name of the pre-tokenizer. Raises `ConfigError`."""
    does = tuple(_steps(written.get("pre_tokenizer") or {}))
    name = _KNOWN.get((does, bool(written["model"].get("ignore_merges"))))
    if name is None:
        raise ConfigError(
            f"the tokenizer's way of splitting text is not one known here ({', '.join(sorted(_KNOWN.values()))}); "
            "name llama.cpp's with --pre NAME, or give a llama.cpp checkout: --converter PATH"
        )
    return name


def _steps(splitter: Mapping[str, Any]) -> Iterator[str]:
    kind = splitter.get("type")
    if kind == "Sequence":
        for part in splitter["pretokenizers"]:
            yield from _steps(part)
    elif kind == "Split" and splitter.get("behavior") == "Isolated" and not splitter.get("invert"):
        yield splitter["pattern"].get("Regex", "a string")
    elif kind == "ByteLevel" and not splitter.get("add_prefix_space"):
        yield "gpt-2" if splitter.get("use_regex", True) else _BYTES
    elif kind == "Digits" and splitter.get("individual_digits"):
        yield "digits"
    else:
        yield f"unknown {kind}"


def _llama_fast(written: Mapping[str, Any], size: int) -> Vocabulary:
    """Llama's tokenizer.json: the SentencePiece model's merges, best first, so their order is the scores'."""
    model = written["model"]
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(model["merges"]):
        joined = merge.replace(" ", "") if isinstance(merge, str) else "".join(merge)
        ranks.setdefault(joined, rank)
    tokens = [f"[PAD{place}]" for place in range(size)]
    kinds = [UNUSED] * size
    scores = [_PADDING_SCORE] * size
    for token, place in model["vocab"].items():
        _within(token, place, size)
        kind = BYTE if re.fullmatch(r"<0x[0-9A-Fa-f]{2}>", token) else NORMAL
        if token == model.get("unk_token"):
            kind = UNKNOWN
        tokens[place], kinds[place] = token, kind
        scores[place] = -float(ranks.get(token, len(ranks) + place)) if kind == NORMAL else 0.0
    for added in written.get("added_tokens", ()):
        place = added["id"]
        _within(added["content"], place, size)
        if kinds[place] != UNKNOWN:
            tokens[place], kinds[place] = _added(added["content"], added["special"])
            scores[place] = _ADDED_SCORE
    return Vocabulary("llama", "default", tokens, kinds, scores, space_prefix=_prefixed(written))


def _prefixed(written: Mapping[str, Any]) -> bool:
    """Whether a text begins with a space it does not have."""
    normaliser = written.get("normalizer") or {}
    splitter = written.get("pre_tokenizer") or {}
    parts = normaliser.get("normalizers", [normaliser])
    return any(part.get("type") == "Prepend" for part in parts) or (
        splitter.get("type") == "Metaspace" and splitter.get("prepend_scheme", "always") != "never"
    )


def _sentencepiece(
    folder: Path, family: str, size: int, settings: Mapping[str, Any], written: Mapping[str, Any]
) -> Vocabulary:
    pieces, prefix = _pieces(folder / "tokenizer.model")
    old = family == "internlm2"
    tokens = [f"[PAD{place}]" for place in range(size)]
    kinds = [UNUSED] * size
    scores = [_PADDING_SCORE] * size
    for place, (text, score, kind) in enumerate(pieces[:size]):
        tokens[place], scores[place] = text, score
        kinds[place] = NORMAL if kind == USER else kind
        if old and text == "\x00":
            tokens[place] = "🐉"  # llama.cpp would take it for an empty text; the converter's own choice
        if old and text.startswith("[UNUSED"):
            kinds[place] = UNUSED
    added = read_json(folder / "added_tokens.json") if (folder / "added_tokens.json").exists() else {}
    for token, place in added.items():
        if place < size:
            tokens[place], kinds[place], scores[place] = token, USER, _ADDED_SCORE
    marked = {int(place): entry for place, entry in settings.get("added_tokens_decoder", {}).items()}
    if old:
        marked.update({int(entry["id"]): entry for entry in written.get("added_tokens", ())})
    for place, entry in marked.items():
        if place < size:
            tokens[place], kinds[place] = _added(entry["content"], bool(entry.get("special")))
            scores[place] = _ADDED_SCORE
    return Vocabulary("llama", "default", tokens, kinds, scores, space_prefix=prefix if old else None)


def _pieces(path: Path) -> tuple[list[tuple[str, float, int]], bool]:
    """Text, score and kind of each piece of a SentencePiece model, and whether a space is put before every text.

    Source: sentencepiece_model.proto. ModelProto: 1 pieces {1 piece, 2 score, 3 type}, 3 normalizer_spec
    {3 add_dummy_prefix, on by default}.
    """
    pieces, prefix = [], True
    try:
        for number, value in _fields(path.read_bytes()):
            if number == 1:
                piece = dict(_fields(value))
                pieces.append((piece[1].decode(), struct.unpack("<f", piece.get(2, bytes(4)))[0], piece.get(3, NORMAL)))
            elif number == 3:
                prefix = bool(dict(_fields(value)).get(3, 1))
    except (IndexError, KeyError, ValueError, AttributeError, TypeError, struct.error):
        raise DataError(f"{path} is not a SentencePiece model; download it again") from None
    if not pieces:
        raise DataError(f"{path} is not a SentencePiece model; download it again")
    return pieces, prefix


def _fields(content: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: number and value (bytes, or an integer for a varint)."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(content, place)
            yield key >> 3, value
            continue
        length, place = _varint(content, place) if kind == 2 else ({1: 8, 5: 4}[kind], place)
        if place + length > len(content):
            raise ValueError
        yield key >> 3, content[place : place + length]
        place += length


def _varint(content: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
