"""From authored items to a tagger: swapped copies, units, tags, fit; and the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from anxin.config import load_toml, parse
from anxin.corpus.personal.finding import by_rule, hints
from anxin.corpus.personal.reading import plain
from anxin.corpus.personal.span import TAGGED
from anxin.corpus.personal.tagger import TAGS, Tagger, hashed, pack
from anxin.corpus.personal.units import Units, read_units
from anxin.errors import DataError
from anxin.train.personal.common import common_counts, dialogues, small_words
from anxin.train.personal.fit import Rows, fit
from anxin.train.personal.recipe import PersonalRecipe
from anxin.train.personal.swap import Item, swapped

__all__ = ["Kitchen", "load_personal", "read_items", "tags_of", "train_personal"]

_NEARLY = 3.5  # nats below "outside" from which a unit of ordinary text is worth learning from


def load_personal(path: Path) -> PersonalRecipe:
    """Read a recipe. Raises `ConfigError`."""
    return parse(PersonalRecipe, load_toml(path))


def read_items(path: Path) -> list[Item]:
    """The items of one authored file. Raises `DataError` where it is missing."""
    if not path.is_file():
        raise DataError(f"no authored set at {path}; the recipe names its folder in authored")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


class Kitchen:
    """What every fit of one recipe shares: the counts, and the units of public dialogue that hold no names."""

    def __init__(self, recipe: PersonalRecipe, recipes: Path, data: Path) -> None:
        self.recipe, self._pools = recipe, recipes / recipe.pools
        self._counts, self._small = common_counts(data, recipe.counted), small_words(data)
        self._data = data
        self._calm = self._calm_rows(data)

    def train(self, items: Sequence[Item]) -> bytes:
        """A model file learned from the items."""
        random = Random(self.recipe.seed)
        varied: list[Item] = [{**item, "text": plain(item["text"])} for item in items]
        with_names = [item for item in varied if any(span["kind"] in TAGGED for span in item["spans"])]
        for _ in range(self.recipe.copies):
            varied += [swapped(item, self._pools, random) for item in with_names]
        varied = [_lowered(item) if random.random() < self.recipe.small_letters else item for item in varied]
        units = self._units([item["text"] for item in varied])
        chosen = np.flatnonzero(units.text_of >= 0)
        tags = tags_of(units, [item["spans"] for item in varied])[chosen]
        features = hashed(units, chosen).T
        raw = self._fit(features, tags, self._calm, self.recipe)
        if self.recipe.hard:
            raw = self._fit(
                features, tags, np.concatenate([self._calm, self._hard_rows(Tagger.read(raw))]), self.recipe
            )
        return raw

    def _fit(
        self,
        features: npt.NDArray[np.int32],
        tags: npt.NDArray[np.int64],
        calm: npt.NDArray[np.int32],
        recipe: PersonalRecipe,
    ) -> bytes:
        worth = np.ones(len(features) + len(calm), np.float32)
        worth[len(features) :] = 0.7
        every = np.concatenate([tags, np.zeros(len(calm), np.int64)])
        fitted = fit(Rows(np.concatenate([features, calm]), every, worth), recipe)
        return pack(fitted.features, fitted.weights, fitted.bias, self._counts, self._small)

    def _hard_rows(self, model: Tagger) -> npt.NDArray[np.int32]:
        """Units of further messages, no one in them by the rules, that a first model takes for one, or nearly."""
        recipe, found = self.recipe, [self._calm[:0]]
        first = recipe.dialogues_from + recipe.dialogues
        for said in dialogues(self._data, first, recipe.hard):
            calm = [text for text in said if not by_rule(text)]
            if not calm:
                continue
            units = self._units(calm)
            chosen = np.flatnonzero(units.text_of >= 0)
            scores = model.scores(units, chosen)
            near = scores[:, 1:].max(1) > scores[:, 0] - _NEARLY
            found.append(hashed(units, chosen[near]).T)
        return np.concatenate(found)

    def _units(self, texts: Sequence[str]) -> Units:
        return read_units(texts, [hints(by_rule(text)) for text in texts], self._counts, self._small)

    def _calm_rows(self, data: Path) -> npt.NDArray[np.int32]:
        """Messages of SmileChat in which the rules find no one: hardly a name is in them."""
        recipe = self.recipe
        texts = [text for said in dialogues(data, recipe.dialogues_from, recipe.dialogues) for text in said]
        calm = [text for text in texts if not by_rule(text)]
        units = self._units(calm)
        return hashed(units, np.flatnonzero(units.text_of >= 0)).T


def train_personal(recipe: PersonalRecipe, recipes: Path, sets: Path, data: Path) -> bytes:
    """A model file learned from all of the recipe's sets."""
    items = [item for name in recipe.sets for item in read_items(sets / f"{name}.jsonl")]
    return Kitchen(recipe, recipes, data).train(items)


def _lowered(item: Item) -> Item:
    small = item["text"].lower()
    fits = item["language"] == "en" and len(small) == len(item["text"])
    return {**item, "text": small} if fits else item


def tags_of(units: Units, spans: Sequence[Iterable[Item]]) -> npt.NDArray[np.int64]:
    """The tag of every unit, by the marked spans of each text."""
    tags = np.zeros(len(units.starts), np.int64)
    inside = np.flatnonzero(units.text_of >= 0)
    of = units.text_of[inside]
    for text, gold in enumerate(spans):
        low, high = np.searchsorted(of, (text, text + 1))
        here = inside[low:high]
        for span in gold:
            if span["kind"] not in TAGGED:
                continue
            held = here[(units.starts[here] < span["end"]) & (units.ends[here] > span["start"])]
            if not len(held):
                continue
            begin = TAGS.index(f"B-{span['kind']}")
            tags[held] = begin + 1
            tags[held[0]], tags[held[-1]] = begin, begin + 2
            if len(held) == 1:
                tags[held[0]] = begin + 3
    return tags
