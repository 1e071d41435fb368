"""Counselling in several turns: SmileChat, CPsyCoun, EmoLLM, PsyEval, and our own format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample, from_record
from anxin.corpus.sources.raw import Unreadable, each, elements, lines, records, words
from anxin.dialogue import Dialogue

__all__ = ["cpsycound", "cpsycoune", "dialogues", "emollm", "psyeval"]

_SPEAKER = re.compile(r"\s*(求助者|来访者|支持者|心理咨询师|咨询师)\s*[：:]\s*(.*)", re.DOTALL)
_CLIENTS = ("求助者", "来访者")


def dialogues(path: Path) -> Iterator[Sample | Damage]:
    """`{"id", "messages": [{"role": "client|counselor", "content"}]}` a record (our own; collected SmileChat,
    CPsyCounD).

    A `.json` file is one dialogue as SmileChat's repository has it, a list of such messages, under the file's name.
    Defects of SmileChat: written by a model from single questions, so that most replies are sympathy and then advice;
    in 3,126 dialogues with words of crisis 105 counsellors name any emergency help, and one tells of an attempt of
    its own.
    """
    if path.suffix == ".json":
        yield from _whole(path)
        return
    yield from each(path, records(path), _messages)


def _messages(number: int, record: Any) -> Sample:
    if not isinstance(record.get("messages"), list):
        raise Unreadable("missing_field", "has no messages")
    return from_record(record, str(number))


def _whole(path: Path) -> Iterator[Sample | Damage]:
    messages: list[Any] = []
    for _, message in elements(path):
        if isinstance(message, Damage):
            yield message
            return
        messages.append(message)
    yield from each(path, iter([(1, {"id": path.stem, "messages": messages})]), _messages)


def cpsycound(path: Path) -> Iterator[Sample | Damage]:
    """CPsyCounD: `dialogues`' records, or a `.txt` file a session as the repository has it (来访者：/ 心理咨询师：).

    Defects: reconstructed by a model from case reports, so that the client says in turn one what took a session to say.
    """
    if path.suffix != ".txt":
        yield from dialogues(path)
        return
    found: list[str] = []
    for _, line in lines(path):
        if isinstance(line, Damage):
            yield line
            return
        found.append(line)
    yield from each(path, iter([(1, found)]), lambda _, said: Sample(path.stem, _turns(said)))


def cpsycoune(path: Path) -> Iterator[Sample | Damage]:
    """CPsyCounE, the benchmark: a JSON list of `求助者：…` / `支持者：…`, a file in its topic's folder; or collected,
    `{"path", "topic", "dialogue": [...]}` a line. Test only.
    """
    if path.suffix == ".json":
        said: list[Any] = []
        for _, line in elements(path):
            if isinstance(line, Damage):
                yield line
                return
            said.append(line)
        topic = path.parent.name
        record = {"path": f"CPsyCounE/{topic}/{path.name}", "topic": topic, "dialogue": said}
        yield from each(path, iter([(1, record)]), _benchmark)
    else:
        yield from each(path, records(path), _benchmark)


def _benchmark(number: int, record: Any) -> Sample:
    said = record.get("dialogue")
    if not isinstance(said, list) or not all(isinstance(line, str) for line in said):
        raise Unreadable("missing_field", "no dialogue")
    topic = str(record.get("topic", ""))
    return Sample(str(record.get("path", number)), _turns(said), metadata={"topic": topic} if topic else {})


def emollm(path: Path) -> Iterator[Sample | Damage]:
    """EmoLLM: a JSON list of `{"conversation": [{"system"?, "input", "output"}]}`; the system message is metadata.

    Defects: `aiwei.json` is a persona that flirts, with stage directions and emoji; mind it before it is mixed in.
    """
    yield from each(path, elements(path), _conversation)


def _conversation(number: int, record: Any) -> Sample:
    turns = record.get("conversation") if isinstance(record, dict) else None
    if not isinstance(turns, list) or not turns:
        raise Unreadable("missing_field", "no conversation")
    dialogue, system = Dialogue(), ""
    for turn in turns:
        dialogue = dialogue.says("client", words(turn, "input", blank=True)).says("counsellor", words(turn, "output"))
        system = system or str(turn.get("system") or "")
    return Sample(str(number - 1), dialogue, metadata={"system": system} if system else {})


def psyeval(path: Path) -> Iterator[Sample | Damage]:
    """PsyEval sessions: `dialogue` is text, `speaker：words` a line; 来访者 is the client, any other the counsellor.

    A repository's `output.jsonl` lies in a folder with its model's name, which then begins the id. Defects: headings
    and stage directions of the writing model between the turns; lines without a speaker are left out.
    """
    model = path.parent.name if path.name.startswith("output") else ""
    yield from each(path, records(path), lambda number, record: _session(number, record, model))


def _session(number: int, record: Any, model: str) -> Sample:
    dialogue = Dialogue()
    for line in words(record, "dialogue", blank=True).splitlines():
        speaker, colon, said = line.strip().lstrip("*#").partition("：")
        if colon and len(speaker) <= 8 and said.strip():
            dialogue = dialogue.says("client" if "来访者" in speaker else "counsellor", said.strip(" *"))
    kept = {"model": model or record.get("model"), "topic": record.get("class_tag")}
    known = kept | {"score": record.get("judge_score_intervent")}
    name = f"{model}-{number}" if model else str(number)
    return Sample(name, dialogue, metadata={key: value for key, value in known.items() if value})


def _turns(said: Iterable[str]) -> Dialogue:
    """A transcript as a dialogue; what follows a turn without a speaker belongs to it."""
    turns: list[tuple[str, str]] = []
    for line in said:
        found = _SPEAKER.match(line)
        if found:
            turns.append((found[1], found[2].strip()))
        elif line.strip() and turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]}\n{line.strip()}")
        elif line.strip():
            raise Unreadable("no_speaker", "the transcript does not begin with a speaker")
    dialogue = Dialogue()
    for speaker, text in turns:
        dialogue = dialogue.says("client" if speaker in _CLIENTS else "counsellor", text)
    if not turns:
        raise Unreadable("missing_field", "nobody speaks")
    return dialogue
