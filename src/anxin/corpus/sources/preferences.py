"""Which of two replies is better: PKU-SafeRLHF, hh-rlhf, JADE, PsychoCounsel-Preference.

The dialogue is the prompt, the client last. Metadata: `chosen` and `rejected` are the replies; where the set has them,
`chosen_scores` and `rejected_scores` (by principle), `chosen_model` and `rejected_model`, and `safe`, whether each of
the two is, as `{"chosen": bool, "rejected": bool}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage, shard_name
from anxin.corpus.sample import Sample
from anxin.corpus.sources.raw import Unreadable, each, number_of, records, rows, words
from anxin.dialogue import Dialogue, Message, Role

__all__ = ["hh_rlhf", "jade", "pku_saferlhf", "psychocounsel"]

_PRINCIPLES = ("empathy", "relevance", "clarity", "safety", "exploration", "autonomy", "staging")
_TURN = re.compile(r"(?:^|\n\n)(Human|Assistant):")


def pku_saferlhf(path: Path) -> Iterator[Sample | Damage]:
    """PKU-SafeRLHF-single-dimension: `{"prompt", "response_0", "response_1", "better_response_id": 0 or 1}` a line.

    Beside them the writing models in `response_<n>_source`, and in the set with two dimensions `is_response_<n>_safe`.
    Defects: its card speaks of safety labels, but the files have none; its two splits share prompts, so split anew.
    """
    begin = _begin(path)
    yield from each(path, records(path), lambda number, record: _better(f"{begin}-{number}", record))


def _better(id: str, record: Any) -> Sample:
    better = record.get("better_response_id")
    if better not in (0, 1):
        raise Unreadable("missing_field", "better_response_id is neither 0 nor 1")
    sides = {"chosen": int(better), "rejected": 1 - int(better)}
    metadata: dict[str, Any] = {side: words(record, f"response_{number}").strip() for side, number in sides.items()}
    for side, number in sides.items():
        if record.get(f"response_{number}_source"):
            metadata[f"{side}_model"] = record[f"response_{number}_source"]
    safe = {side: record.get(f"is_response_{number}_safe") for side, number in sides.items()}
    if None not in safe.values():
        metadata["safe"] = safe
    return Sample(id, Dialogue().says("client", words(record, "prompt")), metadata=metadata)


def hh_rlhf(path: Path) -> Iterator[Sample | Damage]:
    r"""hh-rlhf: `{"chosen", "rejected"}` a line, each a whole transcript, "\n\nHuman: ...\n\nAssistant: ...".

    Neighbouring turns of one side are joined. The prompt is what both transcripts begin with; it ends with the client,
    and one reply follows in each. Defects: some replies are empty, a few transcripts part before the last reply; both
    are damage. In the harmless part the chosen reply is often merely the less harmful of two bad ones.
    """
    begin = _begin(path)
    yield from each(path, records(path), lambda number, record: _parted(f"{begin}-{number}", record))


def _parted(id: str, record: Any) -> Sample:
    chosen, rejected = _transcript(words(record, "chosen")), _transcript(words(record, "rejected"))
    prompt, replies = chosen[:-1], (chosen[-1], rejected[-1])
    answered = prompt and prompt[-1].role == "client" and all(reply.role == "counsellor" for reply in replies)
    if prompt != rejected[:-1] or not answered:
        raise Unreadable("diverging", "the two transcripts part before the last reply")
    if not chosen[-1].text or not rejected[-1].text:
        raise Unreadable("empty_reply", "one of the two replies is empty")
    metadata = {"chosen": chosen[-1].text, "rejected": rejected[-1].text}
    return Sample(id, Dialogue(prompt), metadata=metadata)


def _transcript(text: str) -> tuple[Message, ...]:
    parts = _TURN.split(text)
    if parts[0].strip() or len(parts) < 3:
        raise Unreadable("no_speaker", "the transcript does not begin with Human:")
    turns: list[Message] = []
    for speaker, said in zip(parts[1::2], parts[2::2], strict=True):
        role: Role = "client" if speaker == "Human" else "counsellor"
        if turns and turns[-1].role == role:
            turns[-1] = Message(role, f"{turns[-1].text}\n\n{said.strip()}".strip())
        else:
            turns.append(Message(role, said.strip()))
    return tuple(turns)


def jade(path: Path) -> Iterator[Sample | Damage]:
    """JADE v3 CSV in GB18030: `ID`, 问题 (a harmful question), 违规回答 (an answer to it), 安全有用回答 (a safe one).

    Defects: questions and bad answers are meant to do harm, never show them; safe answers speak as "an AI assistant".
    """
    begin = shard_name(path).removeprefix("jade_alignment_").removesuffix("_zh")
    columns = ("ID", "问题", "违规回答", "安全有用回答")
    yield from each(path, rows(path, columns=columns), lambda _, row: _harmful(f"{begin}-{row['ID']}", row))


def _harmful(id: str, row: Any) -> Sample:
    metadata = {
        "chosen": words(row, "安全有用回答").strip(),
        "rejected": words(row, "违规回答").strip(),
        "safe": {"chosen": True, "rejected": False},
    }
    return Sample(id, Dialogue().says("client", words(row, "问题")), metadata=metadata)


def psychocounsel(path: Path) -> Iterator[Sample | Damage]:
    """PsychoCounsel-Preference (Zhang et al. 2025, arXiv 2502.19731), Parquet: `ID`, `prefID`, `question`, `chosen`,
    `rejected`, `chosen_model`, `rejected_model`, and a rating from 1 to 5 for each side and each of the seven
    principles, `chosen_empathy_rating` and so on.

    `question` in the metadata is the statement's ID: one statement may stand in several pairs. Defects: rated by
    GPT-4o, so that a judge of that family measures itself; longer replies win.
    """
    yield from each(path, records(path), _rated)


def _rated(number: int, record: Any) -> Sample:
    metadata: dict[str, Any] = {side: words(record, side).strip() for side in ("chosen", "rejected")}
    for side in ("chosen", "rejected"):
        ratings = {name: number_of(record, f"{side}_{name}_rating") for name in _PRINCIPLES}
        if given := {name: rating for name, rating in ratings.items() if rating is not None}:
            metadata[f"{side}_scores"] = given
        if record.get(f"{side}_model"):
            metadata[f"{side}_model"] = record[f"{side}_model"]
    statement, pair = str(record.get("ID", number)), record.get("prefID")
    metadata["question"] = statement
    id = statement if pair is None else f"{statement}-{pair}"
    return Sample(id, Dialogue().says("client", words(record, "question")), metadata=metadata)


def _begin(path: Path) -> str:
    """What tells a record's file from its neighbours: the sets give records no ids, and folders hold equal file
    names.
    """
    return f"{path.parent.name}-{shard_name(path)}"
