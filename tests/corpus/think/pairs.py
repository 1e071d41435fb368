"""The authored pairs, as samples, and a teacher that knows their thoughts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anxin.corpus.files import Shard, read_samples
from anxin.corpus.sample import Sample
from anxin.corpus.think import Thinking, bounds
from anxin.dialogue import Dialogue, Language, Message


@dataclass(frozen=True)
class Pair:
    language: Language
    client: str
    reply: str
    thought: str

    def thinking(self, thought: str | None = None, reply: str = "", cut: bool = False) -> Thinking:
        """The pair's thought, or another in its place."""
        reply = reply or self.reply
        before = (Message("client", self.client),)
        return Thinking(
            self.thought if thought is None else thought, before, reply, self.language, bounds(reply, 40, 600), cut
        )


_TABLE = tomllib.loads((Path(__file__).parent / "pairs.toml").read_text(encoding="utf-8"))
PAIRS = tuple(Pair(**row) for row in _TABLE["pair"])
VAGUE: dict[Language, list[str]] = {"zh": _TABLE["vague_zh"], "en": _TABLE["vague_en"]}


def of(language: Language, half: int) -> list[Pair]:
    """Half of a language's pairs: 1 set the thresholds, 2 tests them."""
    return [pair for pair in PAIRS if pair.language == language][half - 1 :: 2]


def sample(pair: Pair, id: str = "", more: str = "") -> Sample:
    """A dialogue of one pair; `more` makes the client's words differ from others of the same pair."""
    id = id or str(PAIRS.index(pair))
    dialogue = Dialogue(id=id).says("client", pair.client + more).says("counsellor", pair.reply)
    return Sample(id, dialogue, source="authored")


def knowing(*wrong: Callable[[Pair], str | None]) -> Callable[[str, int], object]:
    """What a good teacher says to a question about any pair, unless one of `wrong` has something else to say."""

    def says(asked: str, time: int) -> object:
        pair = next(pair for pair in PAIRS if pair.reply in asked)
        return next((said for rule in wrong if (said := rule(pair)) is not None), pair.thought)

    return says


def written(folder: Path, *shards: Sequence[Sample]) -> list[Path]:
    """Shards of a stage in `folder`; the paths of its data."""
    for number, samples in enumerate(shards):
        with Shard(folder, f"part-{number}") as shard:
            for each in samples:
                shard.put(each)
    return sorted((folder / "data").iterdir())


def samples_in(folder: Path) -> list[Sample]:
    """Every sample of a stage's `data/`, in order."""
    return [s for path in sorted((folder / "data").iterdir()) for s in read_samples(path) if isinstance(s, Sample)]


def dropped_in(folder: Path) -> list[Sample]:
    """Every record of a stage's `dropped/`."""
    return [s for path in sorted((folder / "dropped").iterdir()) for s in read_samples(path) if isinstance(s, Sample)]


def files_in(folder: Path) -> dict[str, str]:
    """Every file of a stage that must not depend on how often it was interrupted, unpacked and readable."""
    found = {
        str(path.relative_to(folder)): json.dumps([repr(s) for s in read_samples(path)], ensure_ascii=False)
        for path in sorted(folder.rglob("*.jsonl.zst"))
    }
    return found | {"thoughts.json": (folder / "thoughts.json").read_text(encoding="utf-8")}
