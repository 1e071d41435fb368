"""A byte-level BPE tokenizer in ChatML, trained on the corpus it will read.

The pre-tokenizer is Qwen2's regular expression, so that llama.cpp splits text exactly as training did.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anxin.errors import MissingExtra

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["END", "END_OF_TEXT", "START", "TEMPLATE", "load_tokenizer", "train_tokenizer"]

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# A model this small does not follow instructions: the template leaves system messages out.
TEMPLATE = (
    "{%- for message in messages %}{%- if message.role != 'system' %}"
    "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


def train_tokenizer(corpus: Path, out: Path, vocabulary: int, characters: int) -> Tokenizer:
    """Train on the first `characters` characters of a prepared corpus and write a tokenizer folder to `out`."""
    try:
        from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    except ImportError:
        raise MissingExtra("training a tokenizer", "train") from None
    if (out / "tokenizer.json").exists():
        return load_tokenizer(out)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(corpus, characters), trainer)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / "tokenizer.json"))
    (out / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": END_OF_TEXT,
        "model_max_length": 1 << 20,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    return tokenizer


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder."""
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtra("reading a tokenizer", "train") from None
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def _texts(corpus: Path, characters: int) -> Iterator[str]:
    with corpus.open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            for text in [record["text"]] if "text" in record else [turn["content"] for turn in record["messages"]]:
                yield text
                characters -= len(text)
            if characters <= 0:
                return
