"""Text as the tagger reads it: units (a Han character, a Latin word, a run of digits, a mark) and what is known.

What is known of a unit is a few small numbers, one array for each sort: which character or word it is, its shape, the
lists it stands in (surnames, characters of given names, first names, regions, endings of institutions, kinship,
titles), how often it and its neighbours occur in ordinary dialogue, and what the rules say of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt

from anxin.corpus.personal.reading import HAN, table, words
from anxin.corpus.personal.span import TAGGED, Found

__all__ = ["EDGE", "Ints", "Marks", "Units", "frequency_key", "read_units"]

Ints: TypeAlias = npt.NDArray[np.uint64]
Marks: TypeAlias = npt.NDArray[np.uint32]
EDGE = 4  # empty units on both sides of every text, so that what is said in one is no neighbour of the next
_WORD = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ]+|\d+")
_AHEAD = 12  # units over which the ending of an institution is seen from its beginning


@dataclass(frozen=True, slots=True)
class Units:
    """The units of several texts in one row. `starts` and `ends` are offsets in the text `text_of` names (-1: edge)."""

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    text_of: npt.NDArray[np.int64]
    fields: Mapping[str, Marks]


def frequency_key(first: Ints, second: Ints, third: Ints | None = None) -> tuple[Ints, Ints]:
    """Where the count of two or three units in a row stands among 2^20, and the five bits that tell it from others."""
    mixed = first * np.uint64(0x9E3779B97F4A7C15) + second * np.uint64(0xC2B2AE3D27D4EB4F)
    if third is not None:
        mixed = mixed + third * np.uint64(0x165667B19E3779F9)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed >> np.uint64(44), (mixed >> np.uint64(39)) & np.uint64(31)


def _commonness(counts: npt.NDArray[np.uint8], first: Ints, second: Ints, third: Ints | None = None) -> Ints:
    place, mark = frequency_key(first, second, third)
    found = counts[place].astype(np.uint64)
    out: Ints = np.where((found >> np.uint64(3)) == mark, found & np.uint64(7), np.uint64(0))
    return out


@cache
def _han_lists() -> Ints:
    """For each code point below 0xA000, which lists of name characters it stands in."""
    raw: dict[str, Any] = dict(table("names_zh"))
    lists = np.zeros(0xA000, np.uint64)
    for rank, tier in enumerate(("common", "certain", "wordy", "half", "rare"), 1):
        for char in "".join(raw["surnames"][tier].split()):
            lists[ord(char)] = rank
    for rank, tier in enumerate(("weak", "middle", "strong"), 1):
        for char in "".join(raw["given"][tier].split()):
            lists[ord(char)] += np.uint64(8 * rank)
    for char in "小老阿大":
        lists[ord(char)] += np.uint64(32)
    return lists


@cache
def _latin_lists() -> Mapping[str, int]:
    """Lists of Latin words, as bits, by the word in small letters."""
    raw: dict[str, Any] = dict(table("names_en"))
    lists: dict[str, int] = {}
    sets: tuple[tuple[int, Set[str]], ...] = (
        (1, words(raw["first"]["names"]) | words(table("tagger")["first"])),
        (2, words(raw["first"]["wordy"])),
        (4, words(raw["last"]["names"]) | words(table("tagger")["last"])),
        (8, words(raw["words"]["not_names"])),
        (16, words(_TITLES_EN)),
        (32, words(_KIN_EN)),
        (64, words(_SAYS_EN)),
        (128, words(_SCHOOL_EN)),
        (256, words(_HOSPITAL_EN)),
        (512, words(_COMPANY_EN)),
        (1024, words(_STREET_EN)),
        (2048, words(_WORK_EN)),
        (4096, words(table("tagger")["employers"])),
        (8192, words(table("tagger")["colleges"])),
        (16384, words(table("tagger")["hospitals"])),
    )
    for bit, members in sets:
        for word in members:
            lists[word.casefold()] = lists.get(word.casefold(), 0) | bit
    return lists


_TITLES_EN = (
    "Dr Mr Mrs Ms Mx Prof Miss Professor Doctor Nurse Pastor Reverend Rev Coach Officer Detective Sergeant Captain"
    " Judge Principal Dean Rabbi Imam Sister Brother Father Uncle Aunt Auntie Aunty Grandma Grandpa Nana Granny Gran"
    " Tia Tio Sir Lady Chef Counselor Therapist"
)
_KIN_EN = (
    "mom mum mother dad father brother sister wife husband boyfriend girlfriend son daughter friend friends ex boss"
    " roommate flatmate housemate partner fiance fiancé fiancée fiancee cousin uncle aunt niece nephew neighbor"
    " neighbour colleague coworker manager supervisor teacher therapist counselor counsellor tutor classmate mate"
    " buddy bestie stepdad stepmom stepmum stepfather stepmother stepson stepdaughter stepbrother stepsister twin baby"
    " kid grandson granddaughter crush bf gf bff landlord coach dog named called"
)
_SAYS_EN = (
    "said says told tells asked asks texted texts called calls thinks thought wants wanted feels felt hates loves knows"
    " knew lives lived left leaves moved died cried laughed yelled yells hit hits cheated cheats lied keeps kept is was"
    " has had will would can could does did doesn't didn't never always got gets went goes came comes works worked"
    " who and or but to about with"
)
_SCHOOL_EN = (
    "university college school high elementary middle primary secondary academy grammar preparatory prep kindergarten"
    " preschool nursery sixth form institute polytechnic tech uni state campus seminary"
)
_HOSPITAL_EN = (
    "hospital clinic infirmary medical hospice rehab ward surgery health general center centre memorial psychiatric"
    " counseling counselling recovery wellness treatment dental practice pediatrics er icu"
)
_COMPANY_EN = (
    "inc llc ltd corp corporation company co group holdings partners associates logistics solutions technologies"
    " technology consulting industries enterprises insurance bank bakery cafe café coffee diner restaurant grill pizza"
    " plumbing construction motors foods market supermarket hardware pharmacy salon hotel inn airlines freight couriers"
    " law legal architects studio studios media books accounting electric steel textiles farms brewery garage"
    " landscaping realty security cleaning catering software systems labs analytics robotics energy "
    "pharmaceuticals sons"
    " agency warehouse store shop deli laundry nursery kennels council"
)
_STREET_EN = (
    "street st avenue ave road rd lane ln drive dr boulevard blvd court ct way place pl terrace close crescent circle"
    " cir square sq parkway pkwy highway hwy trail row hill grove gardens mews walk alley loop path green rise heights"
    " park quay apt apartment flat unit suite room floor block building house hall tower towers village estate farm"
)
_WORK_EN = (
    "work works worked working job jobs employed intern interned internship interview interviewed hired fired laid"
    " joined quit shift shifts manager cashier barista engineer accountant driver consultant position role promoted"
    " contract employer boss office hr at for from live lives lived living moved stay address attend attends study"
    " studies studied studying graduated student teach teaches enrolled transferred admitted ward nurse visit"
)


@cache
def _phrases() -> tuple[Mapping[str, tuple[int, ...]], Mapping[str, int]]:
    """Chinese words that decide what stands beside them: their lengths, longest first, by their first character, and
    their sort (1 to 18)."""
    raw: dict[str, Any] = dict(table("names_zh"))
    spots: dict[str, Any] = dict(table("places"))
    sorts: dict[str, int] = {}
    groups: tuple[tuple[int, Set[str]], ...] = (
        (1, words(raw["stop"]["words"]) | words(raw["stop"]["pairs"])),
        (2, words(spots["general"]["words"])),
        (3, words(spots["regions"])),
        (4, words(raw["nick"]["words"])),
        (5, words(raw["cue"]["says"]) | words(_VERBS)),
        (6, words(spots["school"]["short"]) | words(table("tagger")["zh_schools"])),
        (7, words(spots["hospital"]["short"]) | words(table("tagger")["zh_hospitals"])),
        (8, words(spots["workplace"]["short"]) | words(table("tagger")["zh_employers"])),
        (9, words(spots["workplace"]["ends"]) | words(_PLACES_OF_WORK)),
        (10, words(spots["hospital"]["ends"])),
        (11, words(spots["school"]["ends"])),
        (12, words(spots["address"]["units"]) | words(_ADDRESS)),
        (13, words(raw["cue"]["kin"]) | words(_KIN)),
        (14, words(raw["cue"]["titles"])),
        (15, words(table("known")["zh"])),
        (16, words(_AT)),
        (17, words(_DOES)),
        (18, words(_NAMED)),
    )
    for sort, members in groups:
        for word in members:
            if len(word) > 1 or sort in (12, 14):
                sorts[word] = sort
    lengths: dict[str, set[int]] = {}
    for word in sorts:
        lengths.setdefault(word[0], set()).add(len(word))
    return {char: tuple(sorted(of, reverse=True)) for char, of in lengths.items()}, sorts


_KIN = (
    "网恋对象 追求者 小学同桌 队长 学委 课代表 爸 妈 教官 病人 实习生 楼上 隔壁 奶奶 外公 对象 暗恋 相亲对象 "
    "合租 搭子 群主 好姐妹 好兄弟 兄弟 姐妹 爱豆"
)
_VERBS = (
    "说过 说她 说他 告诉我 问我 跟我说 对我说 发来 打来 结婚 分手 离婚 去世 走了 出轨 哭了 生气 喜欢 觉得 回来 "
    "搬走 住院 辞职 欺负 排挤 孤立 骂我 打我"
    " 陪我 约我 追我 劝我 骗我 拉黑 删了"
)
_PLACES_OF_WORK = (
    "厂 所 局 院 馆 店 公司 科技 集团 超市 药房 律所 食堂 车间 门店 总部 分公司 项目部 工地 餐饮 "
    "传媒 教育 培训机构 机构"
)
_ADDRESS = "号楼 单元 室 栋 号院 号 弄 座 层 幢 期 区 县 镇 乡 街道 组 队 路口 地铁站 门牌 楼下 对面 隔壁"
_AT = (
    "在 去 到 从 进 离开 考上 就读于 毕业于 任职于 就职于 供职于 入职 住在 住 搬到 搬进 家在 地址 转到 送到 "
    "送进 转院 挂了 考进 考入 录取 面试 跳槽 加入"
)
_DOES = (
    "上班 工作 实习 打工 干了 做了 裁员 裁了 辞退 开除 离职 加班 入职 读书 上学 念书 毕业 大一 大二 大三 大四 "
    "研一 研二 读研 读博 退学 复读 住院 看病 挂号 复查"
    " 确诊 就诊 门诊 做手术 开药 的医生 的护士 的老师 的同事 的老板 的hr 的HR 合租 租房 附近 对面 楼下 门口"
)
_NAMED = "我叫 名叫 叫做 叫我 名字 姓名 他叫 她叫 全名 小名 昵称 外号 绰号 叫 喊我 称呼我 大名 乳名 网名 本名 真名 是我"


def _shape(word: str) -> int:
    if word.isdigit():
        return 8 + min(len(word), 7)
    if word.islower():
        return 2
    if len(word) == 1:
        return 5
    if word.isupper():
        return 4
    return 3 if word[0].isupper() and word[1:].islower() else 6


def read_units(
    texts: Sequence[str], rules: Sequence[Sequence[Found]], counts: npt.NDArray[np.uint8], small: Mapping[str, int]
) -> Units:
    """The units of plain texts. `rules`: what the rules found in each. `counts`: how common two or three units in a row
    are (0 to 7, beside the bits of `frequency_key`). `small`: how common Latin words are when written small."""
    bounds = np.cumsum([EDGE, *(len(text) + EDGE for text in texts)])
    edge = "\0" * EDGE
    shifted = [
        (one.start + int(first), one.end + int(first), one.kind)
        for first, found in zip(bounds[:-1], rules, strict=True)
        for one in found
    ]
    columns = _read(edge + "".join(text.replace("\0", " ") + edge for text in texts), shifted, small)
    places, ends = columns.pop("start"), columns.pop("end")
    of = np.searchsorted(bounds, places, side="right") - 1
    inside = columns["shape"] > 0
    first = bounds[np.clip(of, 0, len(texts) - 1)]
    starts, ends = np.where(inside, places - first, -1), np.where(inside, ends - first, -1)
    of = np.where(inside, of, -1)
    fields = {name: values.astype(np.uint64) for name, values in columns.items()}
    one, two = _after(fields["word"], 1), _after(fields["word"], 2)
    fields["common"] = _commonness(counts, fields["word"], one)
    fields["triple"] = _commonness(counts, fields["word"], one, two)
    # The frequency of a Latin word as such takes the place of that of a pair.
    fields["common"] = np.where(fields["small"] > 0, fields["small"] + np.uint64(32), fields["common"])
    del fields["small"]
    fields["ahead"] = _ahead(fields)
    narrow = {name: values.astype(np.uint32) for name, values in fields.items()}
    return Units(starts, ends, of, narrow)


def _after(values: Ints, by: int) -> Ints:
    return np.concatenate([values[by:], np.zeros(by, values.dtype)])


def _ahead(fields: Mapping[str, Ints]) -> Ints:
    """Which ending of an institution or address comes next, and how far off; none across a mark."""
    phrase, lists, shape = fields["phrase"], fields["lists"], fields["shape"]
    sort = phrase >> np.uint64(2)
    ends = np.where((sort >= 9) & (sort <= 12) & (phrase % 4 != 1) & (phrase % 4 != 2), sort, 0)
    latin = (shape >= 2) & (shape < 8)
    for bit, value in ((1024, 12), (512, 9), (256, 10), (128, 11)):
        ends = np.where(latin & ((lists & np.uint64(bit)) > 0), value, ends)
    stops = (shape == 0) | (shape == 7)
    place = np.arange(len(sort))
    following = np.where((ends > 0) | stops, place, len(sort))
    following = np.minimum.accumulate(following[::-1])[::-1]
    # The next one after this unit.
    following = np.concatenate([following[1:], [len(sort)]])
    away = following - place
    inside = np.minimum(following, len(sort) - 1)
    bins = np.array([0, 1, 2, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6], np.uint64)
    near = (away <= _AHEAD) & (following < len(sort))
    return np.where(near, ends[inside].astype(np.uint64) * 8 + bins[np.minimum(away, _AHEAD)], 0).astype(np.uint64)


def _read(
    text: str, found: Sequence[tuple[int, int, str]], small: Mapping[str, int]
) -> dict[str, npt.NDArray[np.int64]]:
    """One row of units for texts that stand in one string with edges (NUL) around them."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    size = len(codes)
    shape = np.full(size, 6, np.int64)
    han = (codes >= ord(HAN[0])) & (codes <= ord(HAN[2]))
    shape[han] = 1
    shape[_marks()[np.minimum(codes, 0xFFFF)]] = 7
    word = codes.copy()
    ends = np.arange(1, size + 1)
    keep = ~((codes == 32) | (codes == 9) | (codes == 0xA0))
    gap = np.concatenate([[False], ~keep[:-1]])
    lists = np.where(han, _han_lists()[np.where(han, codes, 0)].astype(np.int64), 0)
    rare = np.zeros(size, np.int64)
    tail = np.zeros(size, np.int64)
    known = _latin_lists()
    for match in _WORD.finditer(text):
        start, end = match.span()
        piece = match.group()
        folded = piece.casefold()
        shape[start] = _shape(piece)
        word[start] = 7 + min(len(piece), 24) if piece.isdigit() else 0x20000 + crc32(folded.encode())
        tail[start] = crc32(folded[-3:].encode()) if len(folded) > 3 else 1
        lists[start] = known.get(folded, 0)
        rare[start] = 1 + small.get(folded, 0)
        ends[start] = end
        keep[start + 1 : end] = False
    phrase = np.zeros(size, np.int64)
    if han.any():
        for start, end, sort in _phrases_in(text):
            if end - start == 1:
                phrase[start] = sort
            else:
                phrase[start], phrase[end - 1] = sort + 1, sort + 3
                if end - start > 2:
                    phrase[start + 1 : end - 1] = sort + 2
    rule = np.zeros(size, np.int64)
    sorts: dict[str, int] = {kind: (place + 1) * 4 for place, kind in enumerate(TAGGED)}
    for start, end, kind in found:
        sort = sorts.get(kind, 32)
        rule[start + 1 : end] = sort + 2
        rule[start] = sort + 1
    columns = {
        "start": np.arange(size),
        "end": ends,
        "word": word,
        "shape": np.where(codes == 0, 0, shape + 16 * gap),
        "lists": lists,
        "phrase": phrase,
        "small": rare,
        "rule": rule,
        "tail": tail,
    }
    return {name: values[keep] for name, values in columns.items()}


def _phrases_in(text: str) -> Iterator[tuple[int, int, int]]:
    """The words of `_phrases` in a text, from the left, the longest first; a pattern of so many would be far slower."""
    heads, sorts = _phrases()
    reached = 0
    for start, lengths in enumerate(map(heads.get, text)):
        if lengths is None or start < reached:
            continue
        for length in lengths:
            sort = sorts.get(text[start : start + length])
            if sort is not None and start + length <= len(text):
                reached = start + length
                yield start, reached, sort * 4
                break


@cache
def _marks() -> npt.NDArray[np.bool_]:
    marks = np.zeros(0x10000, bool)
    for char in '，。！？；：、,.!?;:\n…—()（）“”"《》「」':
        marks[ord(char)] = True
    return marks
