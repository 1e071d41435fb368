"""One question and its answer: CounselChat, PsyQA, instructions, distilled reasoning."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample
from anxin.corpus.sources.raw import Unreadable, broken, each, elements, number_of, records, rows, words
from anxin.dialogue import Dialogue, Message

__all__ = ["counsel_chat", "instructions", "psyqa", "r1_distill"]


def counsel_chat(path: Path) -> Iterator[Sample | Damage]:
    """CounselChat CSV: a question (`questionTitle`, `questionText`) and one therapist's `answerText` a row.

    Metadata: `question` (its id, the same for all answers to it), `title`, `topic`, `votes`, `views`, `split`.
    Therapists' names and all links are left out. Defects: the later file's answers are HTML, three with pictures in
    them; votes are few; answers name services that may be gone.
    """
    yield from each(path, rows(path, columns=("questionTitle", "answerText")), _answer)


def _answer(number: int, row: Any) -> Sample:
    title = row["questionTitle"].strip()
    question = (row.get("questionText") or "").strip() or title
    if not question:
        raise Unreadable("missing_field", "no question")
    known = {
        "question": row.get("questionID"),
        "title": title,
        "topic": row.get("topic") or row.get("topics"),
        "votes": number_of(row, "upvotes"),
        "views": number_of(row, "views"),
        "split": row.get("split"),
    }
    dialogue = Dialogue().says("client", question).says("counsellor", words(row, "answerText").strip())
    metadata = {key: value for key, value in known.items() if value not in (None, "")}
    return Sample(str(number - 1), dialogue, metadata=metadata)


def psyqa(path: Path) -> Iterator[Sample | Damage]:
    """PsyQA (Sun et al. 2021, arXiv 2106.01702): a JSON list of `{"question", "description", "keywords": "a,b",
    "answers": [{"answer_text", "has_label", "labels_sequence": [{"start", "end", "type"}]}], "questionID"}`.

    A sample an answer; metadata: `question` (its id), `topic` (the keywords), and where labelled `strategies`, with
    places in characters of the answer as it was released. Defects: forum answers to one post, with no turn after it;
    greetings and signatures of the platform.
    """
    for number, record in elements(path):
        if isinstance(record, Damage):
            yield record
            continue
        answers = record.get("answers") if isinstance(record, dict) else None
        if not isinstance(answers, list) or not answers:
            yield broken(path, number, "missing_field", "no answers", record)
            continue
        one = ((number, (place, record, answer)) for place, answer in enumerate(answers))
        yield from each(path, one, _support)


def _support(number: int, found: Any) -> Sample:
    place, record, answer = found
    asked = [words(record, "question"), words(record, "description", blank=True) if record.get("description") else ""]
    dialogue = Dialogue().says("client", "\n".join(part for part in asked if part))
    dialogue = dialogue.says("counsellor", words(answer, "answer_text"))
    question = str(record.get("questionID", number))
    metadata: dict[str, Any] = {"question": question}
    if isinstance(record.get("keywords"), str):
        metadata["topic"] = [word.strip() for word in record["keywords"].split(",") if word.strip()]
    if isinstance(answer.get("labels_sequence"), list):
        metadata["strategies"] = answer["labels_sequence"]
    return Sample(f"{question}-{place}", dialogue, metadata=metadata)


def instructions(path: Path) -> Iterator[Sample | Damage]:
    """`{"instruction", "input"?, "output"}` a record (ruozhiba, Alpaca); plain other fields are metadata."""
    yield from each(path, records(path), _instruction)


def _instruction(number: int, record: Any) -> Sample:
    asked = [words(record, "instruction"), str(record.get("input") or "").strip()]
    dialogue = Dialogue().says("client", "\n".join(part for part in asked if part))
    taken = ("id", "instruction", "input", "output", "metadata", "copyright")
    metadata = {key: value for key, value in record.items() if key not in taken}
    return Sample(
        str(record.get("id", number)), dialogue.says("counsellor", words(record, "output")), metadata=metadata
    )


def r1_distill(path: Path) -> Iterator[Sample | Damage]:
    """Chinese-DeepSeek-R1-Distill-data-110k: `{"input", "reasoning_content", "content", "repo_name", "score"}` a line.

    The reasoning is the counsellor's `thought`; `repo_name` (where the question is from) and `score` (1-10, by a model)
    are metadata. Defects: a third is mathematics with an instruction to box the answer; nothing in it is verified.
    """
    yield from each(path, records(path), _reasoned)


def _reasoned(number: int, record: Any) -> Sample:
    said, thought = words(record, "content").strip(), words(record, "reasoning_content", blank=True).strip()
    dialogue = Dialogue((Message("client", words(record, "input")), Message("counsellor", said, thought)))
    metadata = {key: record[key] for key in ("repo_name", "score") if record.get(key) is not None}
    return Sample(str(record.get("id", number)), dialogue, metadata=metadata)
