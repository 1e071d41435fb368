from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("tokenizers")
np = pytest.importorskip("numpy")

from anxin.train.rows import encode, pack  # noqa: E402
from anxin.train.tokenizer import END, END_OF_TEXT, START, load_tokenizer, train_tokenizer  # noqa: E402

TALK = {
    "messages": [
        {"role": "user", "content": "最近总是睡不着"},
        {"role": "assistant", "content": "夜里醒着很难熬。"},
        {"role": "user", "content": "嗯"},
        {"role": "assistant", "content": "你在想什么？"},
    ]
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "pretrain.jsonl"
    records: list[dict[str, Any]] = [TALK, {"text": "米饭要先淘洗，再加水。" * 40}, *[TALK] * 8]
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def tokenizer(corpus: Path) -> Any:
    return train_tokenizer(corpus, corpus.parent / "model", 300, 10_000)


def test_the_loss_falls_on_the_counsellors_words_and_nothing_else(tokenizer: Any) -> None:
    (encoded,) = encode(TALK, tokenizer, 512, only_counsellor=True)
    learned = [token for token, learn in zip(encoded.tokens, encoded.learn, strict=True) if learn]
    spoken = tokenizer.decode(learned, skip_special_tokens=False)
    assert spoken == f"夜里醒着很难熬。{END}你在想什么？{END}"
    assert len(encoded.tokens) == len(encoded.learn)


def test_rendering_is_the_chat_template(tokenizer: Any) -> None:
    (encoded,) = encode(TALK, tokenizer, 512, only_counsellor=False)
    rendered = "".join(f"{START}{m['role']}\n{m['content']}{END}\n" for m in TALK["messages"]) + END_OF_TEXT
    assert tokenizer.decode(encoded.tokens, skip_special_tokens=False) == rendered
    assert all(encoded.learn)
    assert encoded.tokens == tokenizer.encode(rendered).ids  # piece by piece as in one go


def test_a_dialogue_too_long_is_cut_after_a_counsellors_turn(tokenizer: Any) -> None:
    whole = next(encode(TALK, tokenizer, 512, only_counsellor=True))
    (cut,) = encode(TALK, tokenizer, len(whole.tokens) - 2, only_counsellor=True)
    text = tokenizer.decode(cut.tokens, skip_special_tokens=False)
    assert text.endswith(f"夜里醒着很难熬。{END}\n{END_OF_TEXT}")
    assert list(encode(TALK, tokenizer, 8, only_counsellor=True)) == []


def test_packing_keeps_every_dialogue_whole_and_is_the_same_for_a_seed(corpus: Path, tokenizer: Any) -> None:
    tokens, learn = pack(corpus, tokenizer, 128, only_counsellor=True, seed=3)
    assert tokens.shape == learn.shape
    assert tokens.dtype == np.uint16
    texts = [tokenizer.decode(row.tolist(), skip_special_tokens=False) for row in tokens]
    assert sum(text.count("最近总是睡不着") for text in texts) == 9
    assert sum(text.count(f"你在想什么？{END}") for text in texts) == 9
    again, _ = pack(corpus, tokenizer, 128, only_counsellor=True, seed=3)
    other, _ = pack(corpus, tokenizer, 128, only_counsellor=True, seed=4)
    assert (tokens == again).all()
    assert not (tokens == other).all()


def test_a_tokenizer_is_read_back(corpus: Path, tokenizer: Any) -> None:
    again = load_tokenizer(corpus.parent / "model")
    assert again.encode("睡不着 hello 123").ids == tokenizer.encode("睡不着 hello 123").ids
    assert again.decode(again.encode("🌙 ok\n").ids) == "🌙 ok\n"
