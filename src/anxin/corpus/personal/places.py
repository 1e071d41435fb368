"""Schools, hospitals, workplaces and addresses: by their endings, by short names everybody knows, by cues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from anxin.corpus.personal.reading import HAN, any_of, table, words
from anxin.corpus.personal.span import Found, Kind

__all__ = ["places"]

_LONGEST = 14  # characters of an institution's name before its ending
_NUM = "(?:\\d+|[一二三四五六七八九十百]+)"
_CAP = r"(?:St\. |Mt\. |Dr\. )?[A-Z][A-Za-z'&.-]*[A-Za-z']"
_CAPS = rf"{_CAP}(?: (?:of|the|and|&|for|de|del) {_CAP}| {_CAP}){{0,4}}"
_SCHOOL_EN = re.compile(
    rf"\b(?:University of (?:the )?{_CAP}(?: {_CAP})?(?:,? {_CAP})?"
    rf"|(?:{_CAPS}) (?:University|College|(?:Senior |Junior )?(?:High|Middle|Elementary|Primary|Grammar|Secondary"
    rf"|Prep|Preparatory|Nursery)(?: School| College)?|(?:Public|Charter|Boarding|Community) (?:School|College)"
    r"|School(?: of [A-Z][a-z]+(?: and [A-Z][a-z]+)?)?|Academy|Institute of Technology|Polytechnic|Sixth Form"
    r"|Kindergarten|Preschool|Day ?care|Montessori))\b",
    re.ASCII,
)
_STATE = re.compile(
    r"\b(?:Ohio|Penn|Michigan|Florida|Iowa|Kansas|Arizona|Oregon|Texas|Boise|Fresno|San (?:Jose|Diego)|Colorado|Utah"
    r"|Washington|Georgia|Oklahoma|NC|Ball|Kent|Wayne|Montclair|Texas) (?:State|Tech)\b"
)
_SHORT_SCHOOL_EN = re.compile(
    r"\b(?:MIT|UCLA|NYU|UCL|LSE|USC|UBC|Caltech|Berkeley|UT Austin|UNC|UMass|KCL|UNSW|NUS|Georgia Tech|Virginia Tech"
    r"|Penn State|Notre Dame)\b",
    re.ASCII,
)
_FAMOUS_SCHOOL = re.compile(
    r"\b(?:into|at|from|to|left|attend(?:ed|ing)?|graduated|started|for|of) (Harvard|Yale|Stanford|Princeton|Oxford"
    r"|Cambridge|Columbia|Cornell|Duke|Brown|Dartmouth|Vassar|Rutgers|Purdue|Georgetown|Howard|Baylor|Tufts|Emory"
    r"|Durham|Warwick|Exeter)\b(?! (?:Street|Road|Ave|Mall))"
    r"|\b(Harvard|Yale|Stanford|Princeton|Columbia|Cornell|Duke|Rutgers|Purdue) (?:waitlisted|rejected|accepted"
    r"|admitted|let me|said|student|freshman|dorm|campus)"
)
_SAINT = re.compile(
    r"\b(?:St\.?|Saint) [A-Z][a-z]+(?:'s)?(?: [A-Z][a-z]+(?:'s)?){0,2}|\b(?:Our Lady of|Sacred|Holy|Mercy|Good)"
    r" (?:[A-Z][a-z]+)(?: [A-Z][a-z]+)?",
    re.ASCII,
)
_HOSPITAL_EN = re.compile(
    rf"\b(?:{_CAPS}) (?:Hospital|(?:Regional |University |General |Community |Children's |Memorial )*(?:Hospital"
    rf"|Medical (?:Center|Centre|Group|Practice))|Medical Cent(?:er|re)|Infirmary|Health ?[Cc]ent(?:er|re)"
    rf"|(?:Counsell?ing |Mental Health |Dental |Family |Walk-[Ii]n |Wellness |Behavioral Health |Recovery"
    rf" )*(?:Clinic|Cent(?:er|re) for [A-Z][a-z]+|Surgery|Hospice|Rehab)|Counsell?ing Cent(?:er|re)|Recovery"
    rf" Cent(?:er|re)|Wellness Cent(?:er|re)|Treatment Cent(?:er|re)|Nursing Home|Care Home|Behavioral Health"
    rf"|Medical)\b"
    r"|\b(?:Mass|County|City|Mercy|Vancouver|Toronto|Springfield|Riverside|[A-Z][a-z]+) General\b(?! (?:Motors"
    r"|Electric|Mills|Store|Assembly|Manager|Anxiety))"
    r"|\b(?:Johns Hopkins|Mayo Clinic|Cleveland Clinic|Cedars-Sinai|Mount Sinai|Kaiser(?: Permanente)?|Bellevue"
    r"|McLean|Great Ormond Street|Guy's|Maudsley|Bethlem|Addenbrooke's|Holy Cross|Sick ?Kids)\b"
)
_COMPANY_EN = re.compile(
    rf"\b(?:{_CAPS}) (?:Inc|LLC|Ltd|Corp|Corporation|Company|Co|Group|Holdings|Partners|Associates|Logistics"
    rf"|Solutions|Technologies|Technology|Consulting|Industries|Enterprises|Insurance|Bank|Bakery|Caf[eé]|Coffee"
    rf"|Diner|Restaurant|Grill|Pizza|Plumbing|Construction|Motors|Foods|Market|Supermarket|Hardware|Pharmacy|Salon"
    rf"|Hotel|Inn|Airlines|Freight|Couriers|Law|Legal|Architects|Studios?|Media|Books|Accounting|Electric|Steel"
    rf"|Textiles|Farms|Brewery|Garage|Landscaping|Realty|Security|Cleaning|Catering|Software|Systems|Labs|Analytics"
    rf"|Robotics|Energy|Pharmaceuticals|& Sons|& Co)\b\.?",
    re.ASCII,
)
_WORK_EN = re.compile(
    r"\b(?:[Ww]ork(?:s|ed|ing)? (?:\w+ ){0,2}?(?:at|for)|[Ff]reelanc(?:e|es|ed|ing) for|[Jj]ob (?:at|with)"
    r"|[Ee]mployed (?:at|by)|[Ii]ntern(?:ed|ing|ship)? (?:at|with|for)|[Ii]nterview(?:ed)? (?:at|with)"
    r"|[Hh]ired (?:at|by)|[Ff]ired (?:from|by)|[Ll]aid off (?:from|by|at)|[Bb]een (?:at|with)|[Jj]oin(?:ed)?|[Qq]uit"
    r"|[Ll]eft my job at|[Yy]ears (?:at|to|with|for)|[Oo]ffer from|[Ss]hifts? at|[Tt]rainee at|[Mm]anager at|"
    r"[Cc]ashier at|[Bb]arista at|[Ee]ngineer (?:at|for)|[Aa]ccountant (?:at|for)|[Dd]river for|[Cc]onsultant (?:at"
    r"|for)|[Pp]osition at|[Rr]ole at|[Hh]alf of|[Pp]romoted at|[Cc]ontract(?:or)? (?:at|with|for))"
    r" (?:the )?([A-Z][A-Za-z'-]*(?: (?:& |and )?[A-Z][A-Za-z'-]+){0,3}|[A-Z]{2,5}\b)"
)
_EMPLOYERS_EN = (
    "Amazon|Walmart|Google|Microsoft|Apple|Meta|Tesla|Ford|Boeing|Deloitte|KPMG|PwC|Accenture|IBM|Oracle"
    "|Target|Costco|Starbucks|McDonald's|FedEx|UPS|USPS|Tesco|Sainsbury's|Asda|Barclays|HSBC|Chase"
    "|Goldman Sachs|Morgan Stanley|Toyota|Honda|Intel|Nvidia|Netflix|Uber|Verizon|Comcast|Siemens|Shell"
    "|BP|Exxon|Kroger|Best Buy|Home Depot|Lowe's|CVS|Walgreens|Greggs|Aldi|Lidl|Rolls-Royce"
)
_EMPLOYER_DOES = re.compile(
    rf"\b({_EMPLOYERS_EN})(?='s? (?:HR|manager|warehouse)| (?:moved me|fired|laid|hired|offered|rejected|let me go"
    rf"|cut my|gave me (?:a|an) (?:job|offer)|warehouse|HR|transferred|promoted|made me|put me on|keeps scheduling"
    rf"|scheduled me|pays|doesn't pay))",
    re.ASCII,
)
_GENERAL_EN = words(
    "The My Our Your His Her Their A An This That Public Private Community Local General Medical Mental"
    " Health High"
    " Middle Elementary Primary Grammar Secondary Law Medical Nursing Graduate Business Art Boarding Sunday Summer"
    " Night Old New Big State County City National Regional Christian Catholic Charter Crisis Center Clinic I I'm"
    " I've We When Since After Before While In At And But So If"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Place|Pl|Terrace|Close"
    r"|Crescent|Circle|Cir|Square|Sq|Parkway|Pkwy|Highway|Hwy|Trail|Row|Hill|Grove|Gardens|Mews|Walk|Alley"
    r"|Loop|Path|Green|Rise|View|Heights|Park|Quay|Wharf|Bend)"
)
_UNIT = (
    r"(?:(?:Apt|Apartment|Flat|Unit|Suite|Ste|Room|Rm|Floor|Block|Building|Bldg|#)\.? ?(?:[A-Z]?\d+[A-Za-z]?|[A-Z])\b)"
)
_TOWN = r"(?:,? (?!and\b)[A-Z][a-z]+(?: [A-Z][a-z]+)?){0,2}"
_CODE = (
    r"(?:,? [A-Z]{2}\b(?:,? \d{5}(?:-\d{4})?)?|,? \d{5}\b|,? [A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|,?"
    r" [A-Z]\d[A-Z] ?\d[A-Z]\d\b)?"
)
_ADDRESS_EN = re.compile(
    rf"(?:{_UNIT},? ?)?(?<![A-Za-z\d.$£])\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? |North |South |East |West"
    rf" )?(?:[A-Z][A-Za-z'.-]+ |\d+(?:st|nd|rd|th) ){{1,3}}{_STREET}\b\.?(?:,? {_UNIT})?{_TOWN}{_CODE}"
    rf"|(?:{_UNIT},? ?)?\b\d{{1,5}} (?:Rue|Via|Calle|Avenida|Av\.|Rua|Plaza) (?:de |des |del |della |la |las |los "
    rf"|du |di |da )*[A-Z][A-Za-zÀ-ÿ'-]+(?: [A-Z][a-z]+)?"
    rf"|(?:{_UNIT},? )+\d{{1,5}} (?:[A-Z][A-Za-z'-]+ ?){{1,3}}{_TOWN}{_CODE}"
    rf"|\bP\.?O\.? ?Box \d+{_TOWN}{_CODE}"
    rf"|{_UNIT},? (?:in |at |of )?(?:the )?(?:[A-Z][a-z']+ ){{1,2}}(?:Hall|House|Tower|Towers|Court|Building"
    rf"|Apartments|Residence|Dorm|Lodge|Place)\b"
    rf"|\b(?:[A-Z][a-z']+ ){{1,2}}(?:Hall|House|Tower|Towers|Apartments|Residences?|Lodge),? {_UNIT}"
    rf"|\b(?:\d+(?:st|nd|rd|th)|[A-Z][a-z]+(?: {_STREET}\.?)?) (?:and|&|at) (?:\d+(?:st|nd|rd|th)|[A-Z][a-z]+)"
    rf" {_STREET}\b\.?"
    r"|(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d{1,2}[A-Z]? \d[ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])",
    re.ASCII,
)
_ADDRESS_CUED_EN = re.compile(
    rf"(?:\b(?:[Ll]ive[sd]?|[Ll]iving|[Mm]oved|[Ss]tay(?:s|ed|ing)?|[Hh]ouse|[Pp]lace|[Ff]lat|[Aa]partment|[Hh]ome"
    rf"|[Aa]ddress|[Ff]arm|[Gg]rew up|corner)\b[^.!?\n]{{0,24}}?\b(?:on|at|in|to|of|off|near|is)"
    rf" )((?:[A-Z][A-Za-z'-]+ ){{1,3}}(?:{_STREET}|Village|Estate|Apartments|Trailer Park|Mobile Home Park|Hall"
    rf"|House|Towers?|Farm))\b",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Ends:
    numbered: re.Pattern[str] | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    sure: frozenset[str]


@cache
def _ends(kind: str) -> _Ends:
    raw: dict[str, Any] = table("places")[kind]
    numbered = raw.get("numbered", "").replace("REGION", any_of(words(table("places")["regions"])))
    return _Ends(
        re.compile(numbered) if numbered else None,
        tuple(raw["before"].split()),
        tuple(raw["after"].split()),
        words(raw.get("sure", "")),
    )


@cache
def _general() -> frozenset[str]:
    return words(table("places")["general"]["words"])


@cache
def _soft_stops() -> frozenset[str]:
    return frozenset(table("places")["general"]["stops"])


@cache
def _hard_stops() -> frozenset[str]:
    """Of those, the ones that stand in no name."""
    return frozenset(
        "我你您他她它的了着过在是去到从考被把让叫给跟及或也都又很太最更不没这那哪某每"
        "，。！？；：、“”‘’（）《》【】 \n…—~,.!?;:()\"'说想要吗呢吧啊怎么什有进入"
    )


@cache
def _region_ends() -> frozenset[str]:
    return frozenset(word[-1] for word in words(table("places")["regions"])) | {"省", "市"}


@cache
def _region_starts() -> frozenset[str]:
    return frozenset(word[0] for word in words(table("places")["regions"]))


@cache
def _regions() -> re.Pattern[str]:
    """A town or province, with or without its suffix, at the head of a name."""
    return re.compile(any_of(words(table("places")["regions"])) + "[省市]?")


def places(text: str) -> Iterator[Found]:
    """Institutions and addresses in plain text."""
    if not text.isascii():
        yield from _institutions(text)
        yield from _addresses(text)
    yield from _english(text)


_KINDS: tuple[tuple[Kind, float], ...] = (("school", 4.2), ("hospital", 4.3), ("workplace", 4.0))


@cache
def _by_end() -> tuple[re.Pattern[str], Mapping[str, tuple[tuple[Kind, float], ...]]]:
    """One pattern for the endings of all kinds, and whose each is."""
    kinds: dict[str, list[tuple[Kind, float]]] = {}
    for kind, certainty in _KINDS:
        for ending in words(table("places")[kind]["ends"]):
            kinds.setdefault(ending, []).append((kind, certainty))
    return re.compile(any_of(kinds)), {ending: tuple(of) for ending, of in kinds.items()}


@cache
def _by_name() -> tuple[re.Pattern[str], Mapping[str, tuple[tuple[Kind, float], ...]]]:
    """The same for short names everybody knows."""
    kinds: dict[str, list[tuple[Kind, float]]] = {}
    for kind, certainty in _KINDS:
        for name in words(table("places")[kind]["short"]):
            kinds.setdefault(name, []).append((kind, certainty))
    return re.compile(any_of(kinds)), {name: tuple(of) for name, of in kinds.items()}


def _institutions(text: str) -> Iterator[Found]:
    pattern, kinds = _by_end()
    for match in pattern.finditer(text):
        start = _beginning(text, match.start(), match.end())
        if start is None or start == match.start():
            start = _of_university(text, match)
            if start is None:
                continue
        for kind, certainty in kinds[match.group()]:
            ends, end = _ends(kind), match.end()
            if kind == "workplace" and match.group() not in ends.sure and not _at_work(ends, text, start, end):
                continue
            after = text[end : end + 1]
            if match.group() == "大学" and (after == "习" or (after == "生" and not _regions().match(text, start))):
                continue
            branch = re.match(rf"[（(]?[{HAN}]{{2,4}}(?:分校|校区|分院|院区|分公司)[）)]?", text[end : end + 9])
            end += len(branch.group()) if branch and _soft_stops().isdisjoint(branch.group().strip("（()）")) else 0
            yield Found(start, end, kind, certainty + 0.01 * (end - start))
    for kind, certainty in _KINDS:
        numbered = _ends(kind).numbered
        if numbered is None or _NUMBERED[kind].isdisjoint(text):
            continue
        for match in numbered.finditer(text):
            start = _region_before(text, match.start())
            if kind != "school" or _numbered_school(text, start, match):
                yield Found(start, match.end(), kind, certainty)
    pattern, kinds = _by_name()
    for match in pattern.finditer(text):
        beside = text[max(0, match.start() - 1) : match.start()] + text[match.end() : match.end() + 1]
        if match.group()[0].isascii() and _LATIN_BESIDE.search(beside):
            continue
        for kind, certainty in kinds[match.group()]:
            if _short(_ends(kind), text, *match.span()):
                yield Found(*match.span(), kind, certainty - 0.5)


_NUMBERED = {"school": frozenset("中"), "hospital": frozenset("院医幼"), "workplace": frozenset("局")}


# Names one uses as well as works for.
_EVERYDAY = words(
    "百度 微博 联想 拼多多 抖音 小红书 知乎 B站 哔哩哔哩 快手 美团 滴滴 京东 饿了么 星巴克 麦当劳 肯德基"
    " 喜茶 沃尔玛 万达 平安 四大 大众 东风 理想汽车 盒马"
)
_LATIN_BESIDE = re.compile("[A-Za-z]")


def _of_university(text: str, match: re.Match[str]) -> int | None:
    """Where "四川大学华西医院" begins; None where the ending is no such hospital's."""
    if match.group() != "医院":
        return None
    for school in ("大学", "医学院", "学院"):
        at = text.rfind(school, max(0, match.start() - 10), match.start())
        if at >= 0 and _soft_stops().isdisjoint(text[at : match.start()]):
            return _beginning(text, at, at + len(school))
    return None


def _region_before(text: str, start: int) -> int:
    """Where a town's name before this place begins; the place itself where there is none."""
    for length in (5, 4, 3, 2):
        if start >= length and _regions().fullmatch(text, start - length, start):
            return start - length
    return start


def _numbered_school(text: str, start: int, match: re.Match[str]) -> bool:
    """ "二中" is a school; "三中" of "这三中" or "十中有九" is not."""
    if start < match.start() or match.group()[0] in "第市县省区":
        return True
    before = text[max(0, start - 2) : start]
    return before[-1:] in ("", *"们在上读考进去到从了我，。的是于入离市县没回念") or before in ("我们", "他们", "重点")


def _short(ends: _Ends, text: str, start: int, end: int) -> bool:
    """Whether a short name is where someone studies, is treated or works: a word before and a word after say so."""
    before, after = text[max(0, start - 6) : start], text[end : end + 6]
    led = before.endswith(ends.before)
    if text[start:end] in _EVERYDAY and not after.startswith(ends.after):
        return False
    strong = led and not before.endswith(
        ("的", "我", "他", "她", "给", "被", "读", "上", "去", "来", "到", "从", "为", "进", "于", "排", "跑")
    )
    followed = after.startswith(ends.after)
    if re.match(r"手机|电脑|平板|耳机|的?歌|搜|上看|上搜|视频|APP|app|里刷|刷", after):
        return False
    if re.match(rf"[{HAN}]{{2,3}}(?:分校|校区)", after):
        return True
    return (
        (led and followed)
        or (strong and re.match("[，。！？、；\\s了的里]|$", after) is not None)
        or (led and after[:1] in ("", "，", "。", "了", "；", "！", "、", "以", "那", "一"))
        or (followed and not before[-1:].strip("，。！？；：、“ \n"))
    )


def _at_work(ends: _Ends, text: str, start: int, end: int) -> bool:
    before, after = text[max(0, start - 6) : start], text[end : end + 6]
    return (before.endswith(ends.before) and (after.startswith(ends.after) or len(text[start:end]) > 3)) or (
        after.startswith(ends.after) and re.search("[，。：；\\s]$|^$", before) is not None
    )


def _beginning(text: str, ends_at: int, end: int) -> int | None:
    """Where the name before an ending begins, or None where only general words stand there."""
    hard = _from(text, ends_at, _hard_stops())
    if hard == ends_at:
        return None
    start = _from(text, ends_at, _soft_stops())
    if text[ends_at:end] == "中学" and _LEARNT.search(text[max(0, ends_at - 8) : ends_at]):
        return None
    found = _named_from(text, start, ends_at, end) if start < ends_at or text[ends_at - 1] in _region_ends() else None
    # "悦来火锅店": a character that mostly stands before a name may be inside it, where little is before it.
    if found is None and 1 < ends_at - hard <= 3 and start > hard and text[hard:ends_at] not in _general():
        inside = text[hard:ends_at]
        if _verbs().search(inside) or inside in _general():
            return None
        return (
            hard
            if not any(inside.startswith(word) for word in _general())
            and (end - ends_at > 2 or text[hard - 1 : hard] in "在到去了从进于")
            else None
        )
    return found


_LEARNT = re.compile("从[^，。]*$|[过程败处流赛评结境历验课误件活长习]$")


def _from(text: str, at: int, stops: frozenset[str]) -> int:
    low = max(0, at - _LONGEST)
    while at > low and text[at - 1] not in stops and (HAN[0] <= text[at - 1] <= HAN[2] or text[at - 1].isalnum()):
        at -= 1
    return at


def _named_from(text: str, start: int, ends_at: int, end: int) -> int | None:
    # A stop character may stand inside a town's name ("上海", "来宾"): a town right before goes with it.
    wider = _region_before(text, start) if text[start - 1 : start] in _region_ends() else start
    for back in (1, 2, 3):
        if start - back >= 0 and text[start - back] in _region_starts():
            match = _regions().match(text, start - back)
            if match and match.end() > start and match.end() <= ends_at:
                wider = min(wider, start - back)
    start = wider
    name = text[start:ends_at]
    if name == "附属":
        return start
    general = _general()
    # General words at its head go: "重点武汉中学" is "武汉中学".
    changed = True
    while changed and name:
        changed = False
        region = _regions().match(name)
        if region and len(region.group()) >= 2 and len(name) > len(region.group()):
            break
        for length in (4, 3, 2):
            if name[:length] in general and len(name) >= length:
                start, name, changed = start + length, name[length:], True
                break
    if not name or name in general:
        return None
    if len(name) == 1 and not name.isdigit():
        return None
    rest = name
    region = _regions().match(rest)
    if region and region.end() == len(rest):
        # "北京的医院", "上海医院": a town and an ending is a name for schools ("武汉大学") and for little else.
        return (
            start
            if (
                text[start - 1 : start] in ("在", "于", "进", "到")
                and text[ends_at:end] in ("中学", "高中", "小学", "医院")
            )
            or text[ends_at:end]
            not in ("医院", "公司", "学校", "高中", "初中", "小学", "中学", "幼儿园", "厂", "银行", "超市")
            else None
        )
    if all(piece in general for piece in _pieces(rest)):
        return None
    if _verbs().search(rest):
        return None
    before = _AT if text[ends_at:end] != "学校" else _IN
    if not region and text[ends_at:end] in _LEVELS and (len(rest) > 6 or text[start - 1 : start] not in before):
        return None
    return start


_AT = frozenset("在到去从是读于进上考入，。：；、我念了“（(\n ") | {""}
_IN = frozenset("在于从") | {""}
_LEVELS = words("学校 高中 初中 小学 中学 大学 幼儿园 公司 医院 学院 书院 口腔 牙科 诊所")


@cache
def _verbs() -> re.Pattern[str]:
    return re.compile(any_of(words(table("places")["general"]["verbs"])))


def _pieces(name: str) -> list[str]:
    """The name cut into general words as far as they go; what is none stays whole."""
    general = _general()
    pieces: list[str] = []
    at = 0
    while at < len(name):
        for length in (4, 3, 2, 1):
            if name[at : at + length] in general and at + length <= len(name):
                pieces.append(name[at : at + length])
                at += length
                break
        else:
            return [*pieces, name[at:]]
    return pieces


_H = f"[{HAN}]"
_NAMED = f"[{HAN}A-Za-z]"
_AREA = (
    rf"(?:{_H}{{2,8}}?(?:省|自治区|特别行政区))?(?:{_H}{{2,7}}?(?:市|州|盟|地区))?(?:{_H}{{1,6}}?(?:区|县"
    rf"|旗|市))?(?:{_H}{{1,6}}?(?:街道|镇|乡))?"
)
_ROAD = rf"{_H}{{1,7}}?(?:大道|大街|胡同|路|街|巷|弄)(?:{_H}(?:段))?(?:[东南西北中](?:段|路|街))?"
_HOUSE = rf"{_NUM}[号號](?:之{_NUM})?(?:院|楼|大院)?"
_INNER = (
    rf"(?:[A-Za-z]?{_NUM}[号號]?(?:楼|栋|幢|座|单元|室|层|户|门|院|弄|梯|房|巷|组|棟|樓)"
    rf"|[A-Za-z甲乙丙丁][座栋幢区]|[东西南北][{HAN}]?[区苑门]|{_NUM}区)"
)
_NUMBER_END = r"(?:(?:-|－)?\d{1,4}(?:-\d{1,4}){0,2}室?)?"
_COMPOUND = (
    rf"{_H}{{2,7}}?(?:小区|花园|公寓|家园|新村|大厦|广场|庄园|新城|社区|宿舍|花苑|嘉园|名城|华庭|豪庭|雅苑"
    rf"|苑|里|湾|府|坊|园|城)"
)


@cache
def _address_patterns() -> tuple[re.Pattern[str], ...]:
    house = rf"(?:{_HOUSE})"
    return (
        # A road with a number, whatever comes before and after.
        re.compile(
            rf"(?=({_AREA}(?:{_H}{{1,8}}?(?:村|社区"
            rf"|小区))?{_ROAD}(?:{_NUM}巷)?(?:{_NUM}弄)?{_NUM}[号號弄巷](?:之{_NUM})?(?:院"
            rf"|大院)?(?:{_COMPOUND})?(?:{_INNER}){{0,4}}{_NUMBER_END}))"
        ),
        # A compound with a building.
        re.compile(rf"(?=({_AREA}(?:{_ROAD}(?:{house})?)?{_COMPOUND}(?:{_INNER}){{1,4}}{_NUMBER_END}))"),
        # A village under a county or township.
        re.compile(
            rf"(?=({_H}{{2,8}}?(?:省|市|县|区)(?:{_H}{{1,6}}?(?:市|区|县|旗))?(?:{_H}{{1,6}}?(?:市|区|县"
            rf"|旗))?(?:{_H}{{1,6}}?(?:街道|镇|乡))(?:{_H}{{1,7}}?(?:庄村|村|屯|寨|社区"
            rf"|庄(?!村)))?(?:{_NUM}[组号队])?))"
        ),
        re.compile(rf"(?=({_H}{{1,6}}?(?:镇|乡){_H}{{1,6}}?(?:村|屯|寨)(?:{_NUM}[组号队])?))"),
        # A crossing.
        re.compile(
            rf"(?=({_H}{{1,5}}?(?:大道|大街|路|街)(?:与|和){_H}{{1,5}}?(?:大道|大街|路"
            rf"|街)(?:的)?(?:交叉口|路口|交汇处)?))"
        ),
    )


_HAS_ADDRESS = re.compile(
    rf"{_NUM}[号號栋楼幢弄巷单座]|[A-Z]座|[镇乡].{{0,7}}[村屯寨庄]|[县区市].{{1,6}}[镇乡]|[路街](?:与"
    rf"|和).{{1,5}}[路街]|住|家在|寄|地址|村"
)


def _addresses(text: str) -> Iterator[Found]:
    for low, high in _windows(text):
        yield from _within(text, low, min(high, len(text)))


def _windows(text: str) -> list[tuple[int, int]]:
    """Where an address may be: some way before and after what only addresses have."""
    windows: list[tuple[int, int]] = []
    for match in _HAS_ADDRESS.finditer(text):
        low, high = max(0, match.start() - 36), match.end() + 28
        if windows and low <= windows[-1][1]:
            windows[-1] = windows[-1][0], high
        else:
            windows.append((low, high))
    return windows


def _within(text: str, low: int, high: int) -> Iterator[Found]:
    for pattern in _address_patterns():
        at = low
        while match := pattern.search(text, at, high):
            end = match.end(1)
            start = _address_start(text, match.start(1), end)
            if start is not None and end - start >= 4:
                yield Found(start, end, "address", 4.6 + 0.02 * (end - start))
            at = max(end, match.start() + 1)
    for match in _address_cued().finditer(text, low, high):
        begin = _address_start(text, *match.span(1))
        if begin is not None and match.end(1) - begin >= 3 and not _verbs().search(text, begin, match.end(1)):
            yield Found(begin, match.end(1), "address", 4.1)


@cache
def _address_cued() -> re.Pattern[str]:
    cues = any_of(
        words(
            "住 住在 家在 地址是 地址： 地址: 家住 搬到 搬到了 搬去 老家在 租在 住址： 寄到 住到 住进 外婆家在 奶奶家在"
        )
    )
    return re.compile(
        rf"{cues}((?:{_H}{{2,4}}[省市])?(?:{_H}{{1,5}}[区县])?{_H}{{1,6}}?(?:小区|花园|公寓|家园|新村"
        rf"|社区|花苑|嘉园|华庭|雅苑|苑|路|大道|巷|胡同|村"
        rf"|镇))(?=[，。！？、；\s的里那上附]|$)"
    )


# What runs before an address and is no part of it.
_LEAD = re.compile(
    rf"^.*(?:我们家|我家|家里|住在|住的|住了|家住|家在|搬到了?|搬去了?|寄到|寄给|地址是|地址|住址"
    rf"|老家在|位于|租在|租了|刚到|坐在|走到|走在|路过|经过|回到|来到|躺在|待在|站在|蹲在|约在"
    rf"|停在|上班在|上班|还是|就是|因为|所以|你好|您好|同志|快递|送到|送去|人在|等在|个人在|以后|每次"
    rf"|晚上|今天|昨天|后来|之前|以前|现在|目前|在|住|是|去|到|从|的|了|过|我|你|他|她|们"
    rf"|把|被)(?={_H}|\d)"
)


def _address_start(text: str, start: int, end: int) -> int | None:
    """Where the address itself begins within the match, or None where nothing of a name is left."""
    head = re.search(
        r"(?:大道|大街|胡同|小区|花园|公寓|家园|新村|大厦|宿舍|社区|路|街|巷|弄|镇|乡|村|苑|省|市|县"
        r"|区|里|城|园|府|湾|广场|庄|坊)",
        text[start + 1 : end],
    )
    if head is None:
        return start
    crossing = re.search("(?<=路)[与和]|(?<=街)[与和]|(?<=道)[与和]", text[start:end])
    first = text[start : start + 1 + head.start()]
    if crossing and crossing.start() < head.start():
        return start
    lead = _LEAD.match(first)
    cut = lead.end() if lead else 0
    if lead and _regions().match(text, start + cut - 1) and _regions().match(text, start + cut - 1).end() > start + cut:  # type: ignore[union-attr]
        cut -= 1
    first = first[cut:]
    if not first or first in (
        "这条",
        "那条",
        "一条",
        "这个",
        "那个",
        "哪个",
        "一个",
        "小",
        "同",
        "半",
        "马",
        "公",
        "大",
        "高速公",
        "铁",
        "网",
        "走",
        "思",
        "出",
        "套",
        "上",
        "下",
        "线",
        "绕",
        "带",
        "问",
        "赶",
        "逛",
        "农",
        "本",
        "全",
    ):
        return None
    return start + cut


def _english(text: str) -> Iterator[Found]:
    if not re.search("[A-Z]", text):
        return
    for pattern, kind, certainty in (
        (_SCHOOL_EN, "school", 4.2),
        (_STATE, "school", 4.1),
        (_SHORT_SCHOOL_EN, "school", 4.0),
        (_HOSPITAL_EN, "hospital", 4.4),
        (_COMPANY_EN, "workplace", 3.9),
    ):
        for match in pattern.finditer(text):
            start, end = _trimmed(match)
            if start < end:
                yield Found(start, end, kind, certainty)  # type: ignore[arg-type]
    for match in _FAMOUS_SCHOOL.finditer(text):
        yield Found(*match.span(1 if match.group(1) else 2), "school", 4)
    for match in _SAINT.finditer(text):
        around = text[max(0, match.start() - 30) : match.end() + 30]
        school = re.search(
            r"school|class|grade|teacher|term|turned up|student|exam|pupil|uniform|graduat|homework",
            around,
            re.IGNORECASE,
        )
        sick = re.search(
            r"hospital|ward|ER\b|nurse|surgery|admitted|scan|doctor|A&E|patient|icu|shift|discharged|kept (?:dad|mom"
            r"|mum|him|her|me|us|my)",
            around,
            re.IGNORECASE,
        )
        if school or sick or "'s" in match.group():
            yield Found(*match.span(), "hospital" if sick and not school else "school", 3.8)
    for match in _EMPLOYER_DOES.finditer(text):
        yield Found(*match.span(1), "workplace", 3.9)
    for match in _WORK_EN.finditer(text):
        name = match.group(1)
        if name.split()[0] not in _GENERAL_EN and _employer(name):
            yield Found(*match.span(1), "workplace", 3.7)
    for match in _ADDRESS_EN.finditer(text):
        yield Found(*match.span(), "address", 5)
    for match in _ADDRESS_CUED_EN.finditer(text):
        if match.group(1).split()[0] not in _GENERAL_EN:
            yield Found(*match.span(1), "address", 4.0)


_NO_EMPLOYER = words(
    "God Jesus Christ Facebook Instagram Twitter Monday Tuesday Wednesday Thursday Friday Saturday Sunday"
    " January"
    " February March April May June July August September October November December Christmas Easter Mom Dad Mum"
    " English Spanish Dr Mr Mrs Ms AA CBT PTSD ADHD OCD EMDR DBT LGBT Zoloft Prozac Lexapro Xanax America Canada"
    " England London Therapy Al-Anon Alcoholics"
)


def _employer(name: str) -> bool:
    from anxin.corpus.personal.english import is_first_name

    first = name.split()[0]
    return (first not in _NO_EMPLOYER and not is_first_name(first.removesuffix("'s"))) or "'s " in name


def _trimmed(match: re.Match[str]) -> tuple[int, int]:
    """Without the general words at its head ("My Old High School"); empty where they are all."""
    start = match.start()
    pieces = match.group().split(" ")
    while len(pieces) > 1 and pieces[0] in _GENERAL_EN:
        # "High School" alone is general; "County General" is a hospital.
        start += len(pieces[0]) + 1
        del pieces[0]
    if (
        len(pieces) == 1
        and not match.group().startswith(("County", "City", "Mercy", "Mass"))
        and pieces[0] != match.group()
    ):
        return match.start(), match.start()
    if match.group().startswith(("County General", "City General")):
        return match.span()
    return start, match.end()
