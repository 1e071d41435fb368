"""Votes: of several answers to one question, the one that readers thanked more (CounselChat).

Votes are few and go to whom is seen: what stands on top gets views, what is long looks helpful. So a margin is asked
for, votes can be held against views, lengths can be matched, and the length balance stands in the manifest.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from anxin.corpus.clean import Adverts, Encoding, Markup, discloses, machine, spacing
from anxin.corpus.complete import Done
from anxin.corpus.files import Damage
from anxin.corpus.personal import Personal
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.stage import Report, through
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError
from anxin.prefer.candidate import item_of, reply_id
from anxin.prefer.pair import Pair, Side
from anxin.prefer.roads.groups import Groups
from anxin.prefer.roads.keep import Keep
from anxin.prefer.roads.stage import WORK, Made, Sorting, licensed, run_road
from anxin.prefer.roads.taking import Input, taken

__all__ = ["Votes", "votes_stage"]

_SENTENCE = re.compile(r"[^。！？!?\n]*?(?:[。！？!?\n]+|\.(?=\s|$)|$)")
_LINK = re.compile(
    r"https?://|www\.|\b[\w-]+\.(?:com|org|net|edu|gov|co|us|info)\b|[\w.+-]+@[\w-]+\.\w"
    r"|\[(?:link|e-?mail|phone)(?: \d+)?\]|〔(?:链接|邮箱|电话|网址)\d*〕",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Votes:
    """Makes pairs of the answers in a sample's `answers`, its dialogue being the question.

    The chosen answer has at least `margin` votes more, and where `times` is given, at least so many times the votes.
    `by_views` also asks that it has more votes a view: answers that stand on top are seen more often. Of one question
    the `most` pairs with the widest margin are taken (0: all).

    Answers are cleaned: markup, personal data (stand-ins, the same in all answers to a question), sentences that hold
    a link or an address or advertise. One that tells of a life of its own, or says it is a machine, is never chosen.
    """

    margin: int = 3
    times: float = 0.0
    by_views: bool = False
    most: int = 3
    accept: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)

    def __post_init__(self) -> None:
        if self.margin < 1:
            raise ConfigError("margin is a number of votes, at least 1")
        if self.times and self.times < 1:
            raise ConfigError("times must be at least 1, or 0 for any")
        if self.most < 0:
            raise ConfigError("most must be at least 0")

    def __call__(self, sample: Sample) -> Made | Drop:
        answers = sample.metadata["answers"]
        if len(answers) < 2:
            return Drop("one_answer")
        left: Counter[str] = Counter()
        apart: list[tuple[int, int]] = []
        for one, other in _couples(len(answers)):
            if answers[one]["votes"] < answers[other]["votes"]:
                one, other = other, one
            if why := self._too_close(answers[one], answers[other]):
                left[why] += 1
            else:
                apart.append((one, other))
        cleaned = _cleaned(sample) if apart else sample
        if isinstance(cleaned, Drop):
            return cleaned
        question, *said = cleaned.dialogue.messages
        texts = [message.text.strip() for message in said]
        found: list[tuple[int, Pair]] = []
        for one, other in apart:
            pair = self._pair(cleaned, question.text, texts, answers, one, other)
            kept = pair if isinstance(pair, Drop) else self.keep(pair)
            if isinstance(kept, Drop):
                left[kept.reason] += 1
            else:
                found.append((answers[one]["votes"] - answers[other]["votes"], kept))
        found.sort(key=lambda pair: (-pair[0], pair[1].id))
        taken = found[: self.most or None]
        if len(found) > len(taken):
            left["most"] += len(found) - len(taken)
        return Made(tuple(pair for _, pair in taken), left)

    def _too_close(self, more: dict[str, Any], less: dict[str, Any]) -> str:
        if more["votes"] - less["votes"] < self.margin:
            return "tied" if more["votes"] == less["votes"] else "too_close"
        if self.times and more["votes"] < self.times * less["votes"]:
            return "too_close"
        if self.by_views and more["votes"] * max(1, less["views"]) <= less["votes"] * max(1, more["views"]):
            return "only_seen_more"
        return ""

    def _pair(
        self,
        sample: Sample,
        question: str,
        texts: Sequence[str],
        answers: Sequence[dict[str, Any]],
        one: int,
        other: int,
    ) -> Pair | Drop:
        alone = Sample("", Dialogue().says("counsellor", texts[one]))
        for step in (discloses, machine):
            if isinstance(why := step(alone), Drop):
                return Drop(f"chosen_{why.reason}", why.detail)
        item = item_of(sample)
        chosen, rejected = (Side(texts[at], reply_id(item, texts[at])) for at in (one, other))
        metadata = {
            "synthetic": False,
            **{key: sample.metadata[key] for key in ("topic", "personal") if key in sample.metadata},
            **{
                what: {"chosen": answers[one][what], "rejected": answers[other][what]}
                for what in ("votes", "views")
            },
        }  # fmt: skip
        id = f"{item}#{answers[one]['id']}-{answers[other]['id']}"
        return Pair(
            id, item, Dialogue(id=item).says("client", question), chosen, rejected, "votes", sample.source, {}, metadata
        )


def votes_stage(
    place: Path,
    out: Path,
    how: Votes = Votes(),
    sorting: Sorting = Sorting(),  # noqa: B008 - frozen
    *,
    sources: Sequence[str] = (),
    report: Report,
) -> Done:
    """Pairs by votes of the answered questions at `place`, or of these known sets in that folder.

    A sample is one answer: the client's question, the counsellor's answer, `votes`, `question` (what tells which
    answers belong together) and, where known, `views` in its metadata.
    """
    inputs, files, licences = taken(place, sources, how.accept)
    table = {"road": "votes", "sources": list(sources), **asdict(how)}
    one = Input("questions", partial(_questions, inputs, out / WORK / "questions.sqlite"))
    return run_road(
        "votes", table, [one], files, out, licensed(how, how.accept), sorting, report,
        counted=lambda pair: [f"{pair.source or 'unnamed'} {pair.metadata['language']}"],
        told=lambda: {"licences": licences},
    )  # fmt: skip


def _questions(inputs: Sequence[Input], path: Path) -> Iterator[Sample | Damage | Drop]:
    """A sample for each question, with its answers; what is no voted answer comes as damage."""
    groups = Groups(path)
    for one in inputs:
        for sample in one.read():
            if not isinstance(sample, Sample):
                yield sample
            elif why := _no_answer(sample):
                yield Damage("no_votes", f"{item_of(sample)}: {why}")
            else:
                asked, answered = sample.dialogue.messages
                known = sample.metadata
                topic = {"topic": known["topic"]} if "topic" in known else {}
                body = {
                    "id": sample.id, "asked": asked.text, "answered": answered.text, "votes": known["votes"],
                    "views": known.get("views") or 0, **topic,
                }  # fmt: skip
                name = json.dumps([sample.source, str(known["question"])])
                groups.add(name, json.dumps(body, ensure_ascii=True))
    groups.close()
    for name, bodies in groups:
        source, question = json.loads(name)
        records = [json.loads(body) for body in bodies]
        dialogue = Dialogue(id=question).says("client", records[0]["asked"])
        for record in records:
            dialogue = dialogue.says("counsellor", record["answered"])
        answers = [{key: record[key] for key in ("id", "votes", "views")} for record in records]
        topic = {"topic": records[0]["topic"]} if "topic" in records[0] else {}
        yield Sample(question, dialogue, "", source, {"answers": answers, **topic})


def _no_answer(sample: Sample) -> str:
    """Why it is not an answer to a question with votes; empty where it is."""
    if tuple(message.role for message in sample.dialogue) != ("client", "counsellor"):
        return "it is not one question and one answer"
    for key, kind in (("votes", int), ("question", (int, str))):
        if not isinstance(sample.metadata.get(key), kind):
            return f"no {key}"
    return ""


def _cleaned(sample: Sample) -> Sample | Drop:
    """Question and answers without markup, adverts, links and personal data; as many messages as before."""
    steps = (
        ("encoding", Encoding()), ("markup", Markup()), ("spacing", spacing), ("adverts", Adverts(cut=True)),
        ("links", _unlinked), ("personal", Personal()),
    )  # fmt: skip
    made = through(sample, steps)
    if not isinstance(made, Sample):
        return made if isinstance(made, Drop) else Drop("aside")
    if len(made.dialogue) != len(sample.dialogue):
        return Drop("failed_clean", "a message was lost in cleaning")
    return made


def _unlinked(sample: Sample) -> Sample:
    """Without the sentences in which an answer sends the client to a page or an address."""
    messages = tuple(
        replace(message, text="".join(part for part in _SENTENCE.findall(message.text) if not _LINK.search(part)))
        if message.role == "counsellor" and _LINK.search(message.text)
        else message
        for message in sample.dialogue
    )
    return replace(sample, dialogue=replace(sample.dialogue, messages=messages))


def _couples(count: int) -> Iterator[tuple[int, int]]:
    return ((one, other) for one in range(count) for other in range(one + 1, count))
