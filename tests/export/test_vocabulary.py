"""Tokenizers of each kind, as llama.cpp will read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

from hypothesis import given
from hypothesis import strategies as st

from anxin.errors import ConfigError, DataError
from anxin.export.vocabulary import _pieces, read_template, read_vocabulary
from tests.export.shapes import LLAMA3, QWEN2, bpe, fast, sentencepiece


def _edit(folder: Path, **parts: Any) -> None:
    path = folder / "tokenizer.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **parts}), encoding="utf-8")


def _split(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


_BYTES = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}


@pytest.mark.parametrize(
    ("splitter", "ignore", "name"),
    [
        ({"type": "Sequence", "pretokenizers": [_split(QWEN2), _BYTES]}, False, "qwen2"),
        ({"type": "Sequence", "pretokenizers": [_split(LLAMA3), _BYTES]}, True, "llama-bpe"),
        ({"type": "Sequence", "pretokenizers": [_split(LLAMA3), _BYTES]}, False, "smaug-bpe"),
        ({"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}, False, "gpt-2"),
        (
            {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Digits", "individual_digits": True},
                    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True},
                ],
            },
            False,
            "smollm",
        ),
    ],
)
def test_the_way_of_splitting_has_a_name(splitter: dict[str, Any], ignore: bool, name: str, tmp_path: Path) -> None:
    count = bpe(tmp_path)
    model = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    _edit(tmp_path, pre_tokenizer=splitter, model={**model, "ignore_merges": ignore})
    assert read_vocabulary(tmp_path, "llama", count).pre == name


@pytest.mark.parametrize(
    "splitter",
    [
        None,
        {"type": "Whitespace"},
        {"type": "ByteLevel", "add_prefix_space": True},
        {"type": "Sequence", "pretokenizers": [_split(r"\p{Han}+"), _BYTES]},
        {"type": "Sequence", "pretokenizers": [{**_split(QWEN2), "behavior": "Removed"}, _BYTES]},
    ],
)
def test_an_unknown_way_of_splitting_is_refused_unless_named(splitter: Any, tmp_path: Path) -> None:
    count = bpe(tmp_path)
    _edit(tmp_path, pre_tokenizer=splitter)
    with pytest.raises(ConfigError, match="--pre NAME"):
        read_vocabulary(tmp_path, "qwen2", count)
    assert read_vocabulary(tmp_path, "qwen2", count, "qwen2").pre == "qwen2"


def test_padding_marks_and_what_is_only_added(tmp_path: Path) -> None:
    count = bpe(tmp_path)
    vocabulary = read_vocabulary(tmp_path, "qwen3", count + 5)
    assert vocabulary.tokens[-1] == f"[PAD{count + 4}]" and vocabulary.kinds[-1] == 5
    assert vocabulary.tokens[count - 1] == "<think>" and vocabulary.kinds[count - 1] == 4
    assert list(vocabulary.kinds[:3]) == [3, 3, 3]
    assert dict(vocabulary.special) == {"eos": 2, "pad": 0} and dict(vocabulary.add) == {"bos": False}
    with pytest.raises(DataError, match=f"vocab_size {count - 1}"):
        read_vocabulary(tmp_path, "qwen3", count - 1)


def test_a_space_inside_a_merge_does_not_split_it(tmp_path: Path) -> None:
    count = bpe(tmp_path)
    model = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    _edit(tmp_path, model={**model, "merges": [["a b", "c"], "d e"]})
    assert read_vocabulary(tmp_path, "qwen2", count).merges == ["aĠb c", "d e"]


def test_scores_are_the_order_of_the_merges(tmp_path: Path) -> None:
    count = fast(tmp_path)
    vocabulary = read_vocabulary(tmp_path, "llama", count)
    assert vocabulary.model == "llama" and vocabulary.scores is not None and vocabulary.space_prefix is True
    merges = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))["model"]["merges"]
    scores = dict(zip(vocabulary.tokens, vocabulary.scores, strict=True))
    ordered = list(dict.fromkeys("".join(merge) for merge in merges))
    ranked = [scores[token] for token in ordered]
    assert ranked == sorted(ranked, reverse=True) and len(set(ranked)) == len(ranked)
    assert vocabulary.kinds[0] == 2 and vocabulary.kinds[3] == 6 and vocabulary.kinds[-1] == 3


def test_sentencepiece_is_read_without_its_library(tmp_path: Path) -> None:
    count = sentencepiece(tmp_path, prefix=False)
    pieces, prefix = _pieces(tmp_path / "tokenizer.model")
    assert prefix is False and pieces[:4] == [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("<0x00>", 0.0, 6)]
    vocabulary = read_vocabulary(tmp_path, "internlm2", count + 1)
    assert vocabulary.space_prefix is False and vocabulary.pre == "default"
    assert vocabulary.tokens[vocabulary.special["eos"]] == "<|im_end|>"  # and not the end of a text
    assert vocabulary.kinds[count - 1] == 3
    library = pytest.importorskip("sentencepiece")
    theirs = library.SentencePieceProcessor(model_file=str(tmp_path / "tokenizer.model"))
    assert [theirs.id_to_piece(place) for place in range(len(pieces))] == [text for text, _, _ in pieces]
    assert [theirs.get_score(place) for place in range(len(pieces))] == [score for _, score, _ in pieces]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_model_or_one_line(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.model"
        path.write_bytes(content)
        try:
            pieces, _ = _pieces(path)
            assert pieces
        except DataError as error:
            assert "not a SentencePiece model" in str(error)


def test_other_tokenizers_are_refused(tmp_path: Path) -> None:
    count = bpe(tmp_path)
    _edit(tmp_path, model={"type": "Unigram", "vocab": []})
    with pytest.raises(ConfigError, match="Unigram"):
        read_vocabulary(tmp_path, "llama", count)


def test_the_template_s_own_file_comes_first(tmp_path: Path) -> None:
    assert read_template(tmp_path) is None
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps({"chat_template": "inside"}))
    assert read_template(tmp_path) == "inside"
    named = [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]
    config.write_text(json.dumps({"chat_template": named}))
    assert read_template(tmp_path) == "d"
    (tmp_path / "chat_template.jinja").write_text("own")
    assert read_template(tmp_path) == "own"
