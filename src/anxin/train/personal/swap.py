"""Development text multiplied: the same sentence with other names, schools, hospitals, workplaces and addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from anxin.config import load_toml
from anxin.corpus.personal.chinese import shape
from anxin.corpus.personal.reading import HAN, plain, table

__all__ = ["Item", "swapped"]

Item = Mapping[str, Any]
_HAN = re.compile(f"[{HAN}]")
_TITLE_EN = re.compile(
    r"(?:(?:dr|mr|mrs|ms|miss|prof|professor|doctor|nurse|pastor|father|rev|reverend|coach|officer|detective|sergeant"
    r"|captain|judge|principal|dean|rabbi|imam|sister|brother|uncle|aunt|auntie|aunty|grandma|grandpa|nana|big|little"
    r"|old|mx|sir|lady|granny|gran)\.? )",
    re.IGNORECASE,
)
_KEPT = 0.15  # share of the spans that stay as they were


@cache
def _pools(path: Path) -> Mapping[str, Any]:
    raw = load_toml(path)
    zh, en = raw["zh"], raw["en"]
    names = table("names_en")
    more = table("tagger")
    first = sorted(set(f"{names['first']['names']} {names['first']['wordy']} {more['first']}".split()))
    given = table("names_zh")["given"]
    return {
        "surnames": zh["surnames"],
        "given": zh["given"].split(),
        "characters": given["strong"] * 3 + given["middle"],
        "nicks": zh["nicks"].split(),
        "latin": zh["latin"].split(),
        "roots": zh["roots"].split(),
        "regions": table("places")["regions"].split(),
        "first": first,
        "last": sorted(set(f"{names['last']['names']} {more['last']}".split())),
        **{key: zh[key].split() for key in ("school_heads", "schools", "hospital_heads", "hospitals", "trades")},
        **{key: zh[key].split() for key in ("workplaces", "work_ends", "roads", "compounds")},
        "towns": en["towns"].split(),
        "brands": en["brands"].split(),
        "streets": en["streets"].split(),
        "schools_en": [name for part in en["schools"].split("|") for name in ([part] if " " in part and len(part) < 22
                       else part.split())],
        "hospitals_en": en["hospitals"].split("|"),
        "workplaces_en": en["workplaces"].split("|"),
        **{key: en[key].split("|") for key in ("school_tails", "hospital_tails", "company_tails")},
    }  # fmt: skip


def swapped(item: Item, pools: Path, random: Random) -> Item:
    """The item with other values in its spans, the same value for the same one all through it, in plain text."""
    text, at, length = plain(item["text"]), 0, 0
    pieces: list[str] = []
    spans: list[Item] = []
    given: dict[tuple[str, str], str] = {}
    parts: dict[str, str] = {}
    for span in item["spans"]:
        old = text[span["start"] : span["end"]]
        key = (span["kind"], old)
        if key not in given:
            change = _CHANGES.get(span["kind"])
            keep = change is None or random.random() < _KEPT
            new = old if keep or change is None else change(old, _pools(pools), random, parts)
            given[key] = new.lower() if old.islower() and old.isascii() else new
        before = text[at : span["start"]]
        pieces += before, given[key]
        length += len(before)
        spans.append({"start": length, "end": length + len(given[key]), "kind": span["kind"]})
        length += len(given[key])
        at = span["end"]
    return {**item, "text": "".join([*pieces, text[at:]]), "spans": spans}


def _name(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    return _chinese_name(old, pools, random, parts) if _HAN.search(old) else _english_name(old, pools, random, parts)


def _chinese_name(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    if re.search("[A-Za-z]", old) or (len(old) > 4 and not shape(old).title):
        return old
    taken = shape(old)
    if not taken.surname and not taken.title and random.random() < 0.3:
        return str(random.choice(pools["nicks"]))
    if not taken.surname and not taken.given:
        return old
    surname = ""
    if taken.surname:
        key = "s" + taken.surname
        parts.setdefault(key, random.choice(pools["surnames"]) if len(taken.surname) == 1 or random.random() < 0.7
                         else taken.surname)  # fmt: skip
        surname = parts[key]
    given = ""
    if taken.given:
        key = "g" + taken.given
        if key not in parts:
            parts[key] = _given(len(taken.given), taken.given, pools, random)
        given = parts[key]
    return taken.prefix + surname + given + taken.title


def _given(size: int, old: str, pools: Mapping[str, Any], random: Random) -> str:
    if size == 2 and old[0] == old[1]:
        return str(random.choice(pools["characters"])) * 2
    if random.random() < 0.3:
        fitting = [one for one in pools["given"] if len(one) == size]
        if fitting:
            return str(random.choice(fitting))
    return "".join(random.choice(pools["characters"]) for _ in range(size))


def _english_name(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    title = _TITLE_EN.match(old)
    head = title.group() if title else ""
    words = old[len(head) :].split(" ")
    if any(len(word) < 2 or not word.replace("'", "").replace("-", "").replace("’", "").isalpha() for word in words):
        return old
    called = head.lower().strip(" .") in ("aunt", "uncle", "auntie", "grandma", "nana", "sister", "father", "big")
    new = []
    for place, word in enumerate(words):
        first = place == 0 and (not head or called or len(words) > 1)
        key = word.casefold()
        if key not in parts:
            parts[key] = random.choice(pools["first" if first else "last"])
        new.append(parts[key].lower() if word.islower() else parts[key])
    return head + " ".join(new)


def _two(pools: Mapping[str, Any], random: Random) -> str:
    return "".join(random.sample(pools["roots"], 2))


def _ending(old: str, endings: list[str]) -> str:
    return next((end for end in sorted(endings, key=len, reverse=True) if old.endswith(end) and end != old), "")


def _school(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    if not _HAN.search(old):
        return _institution_en(old, "schools_en", "school_tails", pools, random)
    end = _ending(old, table("places")["school"]["ends"].split())
    if not end or random.random() < 0.25:
        return str(random.choice(pools["schools"]))
    if random.random() < 0.4:
        end = random.choice(
            [
                "大学",
                "学院",
                "中学",
                "高中",
                "初中",
                "小学",
                "幼儿园",
                "职业学院",
                "附中",
                "实验学校",
                "外国语学校",
                "职高",
                "技校",
            ]
        )
    region = random.choice(pools["regions"]) + random.choice(["", "", "市"]) if random.random() < 0.6 else ""
    head = random.choice(pools["school_heads"]) if random.random() < 0.6 else _two(pools, random)
    return str(region + head + end)


def _hospital(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    if not _HAN.search(old):
        return _institution_en(old, "hospitals_en", "hospital_tails", pools, random)
    end = _ending(old, table("places")["hospital"]["ends"].split())
    if not end or random.random() < 0.25:
        return str(random.choice(pools["hospitals"]))
    region = random.choice(pools["regions"]) + random.choice(["", "", "市", "省"]) if random.random() < 0.6 else ""
    head = random.choice(pools["hospital_heads"]) if end == "医院" and random.random() < 0.7 else _two(pools, random)
    return str(region + head + end)


def _workplace(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    if not _HAN.search(old):
        return _institution_en(old, "workplaces_en", "company_tails", pools, random)
    end = _ending(old, table("places")["workplace"]["ends"].split())
    if not end or random.random() < 0.25:
        return str(random.choice(pools["workplaces"]))
    if random.random() < 0.4:
        end = random.choice(pools["work_ends"])
    region = random.choice(pools["regions"]) if random.random() < 0.3 else ""
    trade = (
        random.choice(pools["trades"]) if end in ("公司", "有限公司", "集团", "厂") and random.random() < 0.6 else ""
    )
    return str(region + _two(pools, random) + trade + end)


def _institution_en(old: str, short: str, tails: str, pools: Mapping[str, Any], random: Random) -> str:
    if random.random() < 0.35 or (" " not in old and random.random() < 0.7):
        new = random.choice(pools[short])
    else:
        head = random.choice(pools["towns"] if short != "workplaces_en" else pools["brands"])
        if random.random() < 0.2:
            head = random.choice(pools["last"]) + random.choice(["", "", "'s", f" & {random.choice(pools['last'])}"])
        elif random.random() < 0.1:
            head = "St. " + random.choice(pools["first"]) + "'s"
        new = f"{head} {random.choice(pools[tails])}"
        if short == "schools_en" and random.random() < 0.12:
            new = f"University of {random.choice(pools['towns'])}"
    return new.lower() if old.islower() else str(new)


def _address(old: str, pools: Mapping[str, Any], random: Random, parts: dict[str, str]) -> str:
    new = re.sub(r"\d", lambda match: str(random.randint(1, 9)), old)
    if _HAN.search(old):
        new = re.sub(
            f"[{HAN}]{{2}}(?=(?:路|街|大道|巷|小区|花园|苑|新村|家园|公寓|胡同|华庭|府|嘉园)(?![{HAN}]?[省市]))",
            lambda match: _two(pools, random),
            new,
        )
        return re.sub(
            "小区|花园|新村|家园|公寓|华庭|嘉园", lambda match: str(random.choice(pools["compounds"][:16])), new
        )
    return re.sub(
        r"(?<=\d )[A-Z][a-z]+(?= (?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Terrace|Close))",
        lambda match: str(random.choice(pools["streets"])),
        new,
    )


_CHANGES: Mapping[str, Callable[[str, Mapping[str, Any], Random, dict[str, str]], str]] = {
    "name": _name,
    "school": _school,
    "hospital": _hospital,
    "workplace": _workplace,
    "address": _address,
}
