"""The output guard, held to what a corpus would teach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from anxin.corpus.sample import Drop, Sample
from anxin.safety import Guard

__all__ = ["UnsafeCounsellor"]

_QUOTED = re.compile(r"“[^”]{0,200}”|\"[^\"\n]{0,200}\"|「[^」]{0,200}」|『[^』]{0,200}』|‘[^’]{0,200}’")
_OWN_VOICE = frozenset({"dependence", "human", "secrecy", "sexual", "sycophancy", "refusal", "contract", "abandon"})
_NOT_SO = re.compile(
    r"(?:不(?:一定)?(?:意味着?|代表|等于|说明|表示)|别人眼[里中]|(?:他们?|她们?|别人|对方)(?:就)?会?(?:觉得|认为|以为|说))[^，。！？!?\n]{0,6}\Z"
)
_TOLD = frozenset({"encourage", "diagnosis", "judgement"})
_ILL = re.compile("抑郁|焦虑症|强迫症|双相|精神分裂|人格障碍|恐慌症|惊恐|创伤后|社恐|进食障碍|厌食|多动|自闭")
_DIAGNOSED = re.compile(
    rf"(?:患有|患上|患了|确诊|诊断[为是出]|查出|得了)(?P<what>[^，。！？!?\n]{{0,8}}(?:{_ILL.pattern}))(?![^，。！？!?\n]{{0,6}}[吗么？?])"
)
_UNSURE = re.compile("是不是|是否|怀疑|会不会|可能|好像|感觉|觉得|担心|怕|没|不")
_END = re.compile(r"[。！？!?\n]|\.(?=\s)")


@dataclass(frozen=True, slots=True)
class UnsafeCounsellor:
    """Drops a dialogue in which a counsellor's turn would trip the output guard of `anxin.safety`: `unsafe_method`,
    `unsafe_diagnosis`, `unsafe_contact` and so on, by the guard's names.

    What may not reach a client may not be taught either. One difference: what a counsellor may not say of itself or to
    the client ("I love you", "don't leave me") passes in quotation marks, and a harsh word in what is denied or said
    by others ("that doesn't mean you are ..."), since here the whole sentence is known; and an illness that the client
    named as found by a doctor or their own, without a doubt in the clause, is not the counsellor's diagnosis.
    `spare` names kinds that are let pass; thoughts are not read, since no client sees them. A guard that fails drops
    the sample (`unsafe_fault`).
    """

    spare: tuple[str, ...] = ()

    def __call__(self, sample: Sample) -> Sample | Drop:
        named = _named(sample)
        for message in sample.dialogue.by("counsellor"):
            quoted = [found.span() for found in _QUOTED.finditer(message.text)]
            for kind, place in _trips(message.text):
                lent = kind in _OWN_VOICE and any(start <= place < end for start, end in quoted)
                lent |= kind in _TOLD and _NOT_SO.search(message.text[max(0, place - 20) : place]) is not None
                lent |= kind == "diagnosis" and not named.isdisjoint(_ILL.findall(message.text[place : place + 16]))
                if not lent and kind not in self.spare:
                    return Drop(f"unsafe_{kind}", message.text[place : place + 60])
        return sample


def _named(sample: Sample) -> frozenset[str]:
    """The illnesses a client speaks of as settled."""
    settled: set[str] = set()
    for message in sample.dialogue.by("client"):
        for found in _DIAGNOSED.finditer(message.text):
            clause = re.split(r"[，。！？!?\n]", message.text[: found.start()])[-1] + found["what"]
            if not _UNSURE.search(clause):
                settled.update(_ILL.findall(found["what"]))
    return frozenset(settled)


def _trips(text: str) -> Iterator[tuple[str, int]]:
    """Each kind the guard trips on, with its place; after a trip it reads on from the next sentence."""
    begin = 0
    while begin < len(text):
        guard = Guard("zh")  # the language chooses the replacement only; the rules of both watch every reply
        shown = len(guard.feed(text[begin:]))
        shown += len(guard.finish())
        if guard.tripped is None:
            return
        yield guard.tripped, begin + shown
        end = _END.search(text, begin + shown)
        begin = end.end() if end else len(text)
