"""The exported file is the checkpoint: same tokens, same words, in transformers and in llama.cpp."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from anxin.dialogue import Message  # noqa: E402
from anxin.errors import ConfigError, DataError  # noqa: E402
from anxin.export import export_gguf  # noqa: E402
from anxin.model import EmbeddedModel, Generation, Reply  # noqa: E402
from anxin.train.loop import build  # noqa: E402
from anxin.train.recipe import Shape  # noqa: E402
from anxin.train.tokenizer import END, END_OF_TEXT, START, train_tokenizer  # noqa: E402

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore")]

TEXTS = [
    "我最近睡不着，怎么办？",
    "I can't sleep  at 3 a.m.!\n\nreally",
    "🌙🙂 emoji",
    "價格 1234.5 元",
    "a\tb\r\n  c",
    "…——“好”",
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    corpus = folder / "pretrain.jsonl"
    corpus.write_text("".join(json.dumps({"text": text * 20}) + "\n" for text in TEXTS), encoding="utf-8")
    tokenizer = train_tokenizer(corpus, folder / "model", 400, 100_000)
    end, pad = tokenizer.token_to_id(END), tokenizer.token_to_id(END_OF_TEXT)
    shape = Shape(hidden=64, layers=2, heads=2, feed_forward=96, context=256)
    model = build(shape, tokenizer.get_vocab_size(), end, pad, seed=3)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.mul_(6)  # random weights as they come are too flat for a greedy choice to mean anything
    model.save_pretrained(folder / "model")
    return folder / "model"


def _tokenizer(checkpoint: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))


def _greedy(checkpoint: Path, prompt: str, count: int) -> str:
    from transformers import AutoModelForCausalLM

    tokenizer = _tokenizer(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    ids = tokenizer.encode(prompt).ids
    with torch.no_grad():
        for _ in range(count):
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    new = ids[-count:]
    end = tokenizer.token_to_id(END)
    return str(tokenizer.decode(new[: new.index(end)] if end in new else new))


async def test_both_read_and_say_the_same(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    assert (
        export_gguf(checkpoint, path, "f16", "tiny", {"instructable": False, "temperature": 0.3, "languages": "zh"})
        == 2 + 2 * 11
    )
    model = EmbeddedModel(path, trusted=True, threads=1, repeat_penalty=1.0)
    try:
        await model.prepare()
        assert model.info.name == "tiny" and not model.info.instructable
        assert model.info.temperature == pytest.approx(0.3)
        assert model.info.languages == ("zh",)
        assert model._loaded is not None
        for text in TEXTS:
            theirs = model._loaded.runtime.ask("/tokenize", {"content": text})["tokens"]
            assert theirs == _tokenizer(checkpoint).encode(text).ids, text
        asked = Generation((Message("client", TEXTS[0]),), max_tokens=12, temperature=0.0)
        said = "".join([piece.text async for piece in model.stream(asked) if isinstance(piece, Reply)])
        prompt = f"{START}user\n{TEXTS[0]}{END}\n{START}assistant\n"
        ours = _greedy(checkpoint, prompt, 12)
        assert said.strip("\ufffd").strip() == ours.strip("\ufffd").strip()
    finally:
        await model.close()


def test_eight_bits_are_half_of_sixteen(checkpoint: Path, tmp_path: Path) -> None:
    sizes = {}
    for kind in ("f16", "q8_0"):
        export_gguf(checkpoint, tmp_path / kind, kind, "tiny", {})
        sizes[kind] = (tmp_path / kind).stat().st_size
    assert sizes["q8_0"] < 0.75 * sizes["f16"]
    assert not list(tmp_path.glob("*.partial"))


def test_what_cannot_be_exported_is_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="f16, q8_0"):
        export_gguf(checkpoint, tmp_path / "x", "q2", "x", {})
    with pytest.raises(DataError, match=r"no config\.json"):
        export_gguf(tmp_path, tmp_path / "x", "f16", "x", {})
    (tmp_path / "config.json").write_text('{"architectures": ["OtherForCausalLM"]}')
    with pytest.raises(ConfigError, match="OtherForCausalLM cannot be exported"):
        export_gguf(tmp_path, tmp_path / "x", "f16", "x", {})
