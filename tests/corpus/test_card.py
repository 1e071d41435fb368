"""A data card counts what is there, and says it in Markdown and on a page."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.card import Card, Lengths, card, measure, topics_of
from anxin.corpus.files import Damage, Shard
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue


def quiet(what: str, done: int, of: int) -> None:
    pass


def _said(words: str, reply: str = "我在听。", id: str = "1") -> Sample:
    return Sample(id, Dialogue().says("client", words).says("counsellor", reply), source="ours")


def test_topics_are_the_clients_not_the_counsellors() -> None:
    assert topics_of(_said("考试没考好，妈妈骂我", "你的工作呢？")) == ["study", "family", "hurt"]
    assert topics_of(_said("I think my boss hates me")) == ["work"]
    assert topics_of(Sample("1", document="考试")) == []


@given(st.lists(st.integers(0, 100_000), min_size=1), st.floats(0, 1))
def test_a_quantile_is_within_a_bucket_of_the_true_one(numbers: list[int], share: float) -> None:
    lengths = Lengths()
    for number in numbers:
        lengths.add(number)
    assert lengths.shortest == min(numbers) and lengths.longest == max(numbers)
    assert lengths.count == len(numbers) and lengths.total == sum(numbers)
    true = sorted(numbers)[max(1, math.ceil(share * len(numbers))) - 1]
    assert true <= lengths.quantile(share) <= true * 2 ** (1 / 8)


def test_what_is_measured() -> None:
    samples: list[Sample | Damage] = [Damage("not_json", "x"), Sample("d", document="A tale.")]
    samples += [_said("最近总是失眠", id=str(number)) for number in range(9)]
    facts = measure(samples, examples=2)
    assert facts.samples == {"ours": 9, "unnamed": 1} and facts.damaged == 1
    assert facts.languages == {"zh": 9, "en": 1} and facts.topics["sleep"] == 9
    assert facts.turns.mean == 2 and facts.documents.count == 1
    assert len(facts.examples) == 2
    assert measure(reversed(samples), examples=2).examples == facts.examples


def test_the_card_shows_sources_drops_and_examples_and_escapes_them(tmp_path: Path) -> None:
    with Shard(tmp_path / "clean", "a") as shard:
        shard.put(_said("最近<b>总</b>是失眠"))
        shard.put(_said("x", id="2"), Drop("too_short"))
    tally = card([tmp_path / "clean" / "data"], tmp_path, tmp_path / "card", Card("我们的数据", "给人读的。"), quiet)
    assert tally.read == 1
    markdown = (tmp_path / "card" / "card.md").read_text(encoding="utf-8")
    page = (tmp_path / "card" / "card.html").read_text(encoding="utf-8")
    assert "# 我们的数据" in markdown and "| ours | 1 |" in markdown and "最近<b>总</b>是失眠" in markdown
    assert "&lt;b&gt;" in page and "<b>" not in page and "sleep" in page
