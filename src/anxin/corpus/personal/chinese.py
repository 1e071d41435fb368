"""Chinese names: a surname and characters that names are made of, weighed with what stands around them.

The score of a candidate is the sum of three readings (weights by hand, set on authored text and on hits read in public
dialogues): how surely its first character is a surname, how sure each given character is, and whether the characters
before and after let a name stand there (a naming cue, a word of kinship, a verb of speech, a mark).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from anxin.corpus.personal.reading import HAN, any_of, table, words
from anxin.corpus.personal.span import Found

__all__ = ["Shape", "again", "chinese_names", "known_figures", "shape", "torn"]

_FULL = 4.7  # score from which surname and two characters are a name without a cue
_SHORT = 4.7  # surname and one character
_PAIR = 3.9  # two given characters alone


@dataclass(frozen=True, slots=True)
class Shape:
    """A name taken apart: 小 / 老 / 阿, surname, given name, title; what is not there is empty."""

    prefix: str = ""
    surname: str = ""
    given: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Model:
    surnames: dict[str, float]
    compound: frozenset[str]
    common: frozenset[str]
    given: dict[str, float]
    left_words: frozenset[str]
    left_open: frozenset[str]
    right_words: frozenset[str]
    right_open: frozenset[str]
    stop: frozenset[str]
    pairs: frozenset[str]
    never: frozenset[str]
    nick_stop: frozenset[str]
    doubled: frozenset[str]
    doubled_words: frozenset[str]
    titles: frozenset[str]
    short_titles: frozenset[str]
    kin: tuple[str, ...]
    kin_ends: frozenset[str]
    known: frozenset[str]
    candidate: re.Pattern[str]
    pair: re.Pattern[str]
    nick: re.Pattern[str]
    doubles: re.Pattern[str]
    titled: re.Pattern[str]
    named: re.Pattern[str]
    kinned: re.Pattern[str]
    says: re.Pattern[str]
    strong_says: re.Pattern[str]
    title_next: re.Pattern[str]
    record: re.Pattern[str]


@cache
def _model() -> _Model:
    raw: dict[str, Any] = dict(table("names_zh"))
    surnames: dict[str, float] = {}
    for tier, worth in (("common", 2.0), ("certain", 3.0), ("wordy", 0.5), ("half", 1.2), ("rare", -1.5)):
        surnames |= dict.fromkeys("".join(raw["surnames"][tier].split()), worth)
    given: dict[str, float] = {}
    for tier, worth in (("weak", 0.3), ("middle", 1.0), ("strong", 2.0)):
        given |= dict.fromkeys("".join(raw["given"][tier].split()), worth)
    compound = words(raw["surnames"]["compound"])
    titles, short = words(raw["cue"]["titles"]), words(raw["cue"]["short_titles"])
    heads, characters = _class(surnames), _class(given)
    sure = _class(char for char, worth in given.items() if worth >= 1)
    strong = _class(char for char, worth in given.items() if worth >= 2)
    known = words(table("known")["zh"])
    title = any_of(titles)
    doubled = words(raw["nick"]["doubled"])
    kin = any_of(words(raw["cue"]["kin"]))
    left = _class(raw["left"]["open"])
    return _Model(
        surnames,
        compound,
        frozenset(raw["surnames"]["common"][:170]),
        given,
        words(raw["left"]["words"]),
        frozenset(raw["left"]["open"]),
        words(raw["right"]["words"]),
        frozenset(raw["right"]["open"]),
        words(raw["stop"]["words"]),
        words(raw["stop"]["pairs"]),
        words(raw["stop"]["never"]),
        words(raw["nick"]["words"]),
        doubled,
        words(raw["nick"]["doubled_words"]),
        titles,
        short,
        tuple(sorted(words(raw["cue"]["kin"]), key=len, reverse=True)),
        frozenset(word[-1] for word in words(raw["cue"]["kin"])),
        known,
        re.compile(f"(?:{any_of(compound)}|{heads})(?={characters})"),
        re.compile(f"(?:(?<=^)|(?<={left}))(?={sure}(?:{strong}|{sure}(?:{_class(raw['right']['open'])}|$)))"),
        re.compile(f"[小老阿](?=[{HAN}])"),
        re.compile(any_of(doubled)),
        re.compile(f"({any_of(compound)}|{heads})({characters}{{0,2}}?)({title})"),
        re.compile(f'(?:{any_of(words(raw["cue"]["named"]))})(?:[：:是为叫]|就是)?[\\s“"「『（(]*'),
        re.compile(f'{kin}(?:[：:，、是]|就是|名叫|叫做|叫)?[“"「『]?(?=[{HAN}])'),
        re.compile(
            "把我|把他|把她|劝我|骗我|陪我|拉我|求我|说|问|告诉|觉得|认为|骂|答|笑着|哭着|喜欢|约我|追我|叫我|找我|打我|回我|跟我|对我|和我"
            "|给我|让我|陪我|发了|发来|走了|走的|搬|升|来了|带|也|就|又|还|总|他|她|你|您"
            "|的妈妈|的爸爸|是我|是班"
        ),
        re.compile(
            "说|问我|告诉|这个名字|是我(?:的)?(?:同|室|大学|高中|初中|小学|初恋|前|男|女|闺|好|最好"
            "|老|朋友|妹|姐|哥|弟|表|堂|儿|孩|邻|导|领|上司|下属)|和我|跟我|昨天|今天又"
            "|走的那天|在一起以后|分手|结婚|离婚|订婚|复合|他说|她说|是我们班|还是我们|的妈妈|的爸爸|的电话|的微信|喜欢我|骂我"
            "|打我|发来|发了|告诉我|叫我|约我|找我|追我|回我|替我|帮我|他[^们人]|她[^们]"
        ),
        re.compile(title),
        re.compile(
            f"(?:^|(?<=[，。！？；、：:\\n ]))({heads}[{HAN}]{{1,2}})(?=[，,、 ]+[男女](?:[，,、。 性]"
            f"|\\d|$)|这个名字|是我(?:的)?(?:大学|高中"
            f"|初中|小学)?(?:室友|舍友|同桌|初恋|闺蜜|男友|女友|前任|前男友|前女友|老公|老婆|男朋友"
            f"|女朋友)(?:的名字)?(?:[，。、；]|$))"
        ),
    )


def _class(chars: Any) -> str:
    return "[" + "".join(re.escape(char) for char in sorted(set(chars))) + "]"


def chinese_names(text: str) -> Iterator[Found]:
    """Names in simplified characters; the certainty is the score, between 0 and 4."""
    model = _model()
    all_ = list(_all(model, text))
    known = [match.span() for match in _known_pattern().finditer(text)] if all_ else []
    for found in all_:
        # "我叫李健": who is announced is a person here, famous name or not.
        if found.certainty >= 3.3 or not any(_is_known(model, text, found, start, end) for start, end in known):
            yield found


def _is_known(model: _Model, text: str, found: Found, start: int, end: int) -> bool:
    """Whether it is a public figure or a part of one's name, with or without a title."""
    within = start <= found.start and found.end <= end
    return within or (found.start == start and end < found.end and text[end : found.end] in model.titles)


def torn(text: str, start: int, end: int) -> bool:
    """Whether a name there would begin inside a word ("启|蒙老师"), or is one that names nobody ("毕竟")."""
    model = _model()
    return text[max(0, start - 1) : start + 1] in model.left_words or text[start:end] in model.never


def known_figures(text: str) -> list[tuple[int, int]]:
    """Where public figures are named in a plain text."""
    return [match.span() for match in _known_pattern().finditer(text)]


@cache
def _known_pattern() -> re.Pattern[str]:
    return re.compile(any_of(name for name in _model().known))


def _all(model: _Model, text: str) -> Iterator[Found]:
    for match in model.named.finditer(text):
        end = _free(model, text, match.end())
        if end is not None:
            yield Found(match.end(), end, "name", 3.9)
    for match in model.kinned.finditer(text):
        end = _after_kin(model, text, match)
        if end is not None:
            yield Found(match.end(), end, "name", 3.3)
    for match in model.titled.finditer(text):
        if (found := _titled(model, text, match)) is not None:
            yield found
    for match in model.nick.finditer(text):
        if (found := _nick(model, text, match.start())) is not None:
            yield found
    for match in model.candidate.finditer(text):
        if (found := _full(model, text, match.start(), match.end())) is not None:
            yield found
    for match in model.pair.finditer(text):
        if (found := _pair(model, text, match.start())) is not None:
            yield found
    for match in model.doubles.finditer(text):
        start, end = match.span()
        if _double(model, text, start, end):
            yield Found(start, end, "name", 2.6)
    for match in model.record.finditer(text):
        if not any(_FUNCTION.match(char) for char in match.group(1)) and match.group(1) not in model.never:
            yield Found(*match.span(1), "name", 2.4)
    for match in _MIXED.finditer(text):
        yield Found(*match.span(), "name", 2.0)
    for match in _NET.finditer(text):
        yield Found(*match.span(1), "name", 4.0)
    for match in _SIGNED.finditer(text):
        yield Found(*match.span(1), "name", 2.5)


_MIXED = re.compile("[小阿老][A-Z][a-z]{0,8}(?![A-Za-z0-9])")
_NET = re.compile(
    f'(?:网名|昵称|笔名|微信名)(?:就?是|叫|[:：])[“"]?(?![一个什我那这啥两])'
    f'([{HAN}A-Za-z0-9]{{2,10}})(?=[，。！？,.”" ]|$)'
)
_SIGNED = re.compile(rf"(?:——|此致|敬上：|敬礼|署名：|签名：)\s*([{HAN}]{{2,3}})\s*$")


def _left(model: _Model, text: str, start: int) -> float:
    """What stands before: kinship, an open place, a word that the surname would tear, or anything else."""
    if start == 0:
        return 0.7
    if start and text[start - 1 : start + 1] in model.left_words:
        return -9.0
    if _ends_with_kin(model, text, start):
        return 1.8
    return 0.7 if text[start - 1] in model.left_open or not HAN[0] <= text[start - 1] <= HAN[2] else -1.2


def _ends_with_kin(model: _Model, text: str, start: int) -> bool:
    return text[start - 1] in model.kin_ends and text[max(0, start - 5) : start].endswith(model.kin)


def _right(model: _Model, text: str, end: int) -> float:
    if end >= len(text):
        return 0.7
    if model.title_next.match(text, end):
        return 1.2
    if model.strong_says.match(text, end):
        return 1.6
    if model.says.match(text, end):
        return 1.0
    return 0.7 if text[end] in model.right_open or not HAN[0] <= text[end] <= HAN[2] else -1.2


def _torn(model: _Model, text: str, end: int) -> bool:
    """Whether the last character belongs to the word after: "张伟|明天"."""
    return text[end - 1 : end + 1] in model.right_words


def _full(model: _Model, text: str, start: int, after: int) -> Found | None:
    surname = text[start:after]
    worth = 3.5 if len(surname) > 1 else model.surnames[surname]
    stopped = text[start : after + 1] in model.stop or text[start : after + 2] in model.stop
    if stopped and text[start : after + 2] not in model.stop and text[start : after + 1] in model.never:
        return None
    second = model.given.get(text[after], -3.0) + max(0.0, model.given.get(text[after + 1 : after + 2], 0.0))
    # No context makes up for characters this weak.
    if worth + second < 1.2 or (stopped and second < 2 and not model.strong_says.match(text, after + 1)):
        return None
    left = _left(model, text, start)
    if left < -5:
        return None
    best: Found | None = None
    for length in (2, 1):
        end = after + length
        if end > len(text):
            continue
        scores = [model.given.get(char, -3.0) for char in text[after:end]]
        if min(scores) < 0 or (length == 2 and _torn(model, text, end)):
            continue
        right = _right(model, text, end)
        score = worth + sum(scores) + left + right
        if length == 1 and _torn(model, text, end):
            continue
        # A word that only looks like a name ("安宁") is one where someone does what people do.
        need = _FULL if length == 2 else _SHORT
        if len(surname) > 1:
            need = 3.6 if surname not in _WORDY_COMPOUND else 5.2
        if length == 1 and right >= 1.6 and left >= 0.7:
            need = 3.8
        elif worth < 1 and len(surname) == 1:
            need = 5.6
        elif worth < 1.5 and len(surname) == 1:
            need = 4.5 if length == 1 and min(scores) >= 2 else need + 0.3
        if text[start:end] in model.stop or stopped or text[start:end] in model.pairs:
            person = left >= 0.7 and right >= 1.6 and text[start:end] not in ("因为", "但是", "如果")
            if text[start:end] in model.pairs and right < 1.6 and not _ends_with_kin(model, text, start):
                continue
            if (
                length == 2
                and text[start:end] not in model.stop
                and min(scores) >= 1
                and left >= 0.7
                and right >= 0.7
                and score >= 5
                and (start == 0 or text[start - 1] in _BEFORE_WORDS or left > 1)
            ):
                pass
            elif not person or text[start : after + 1] not in model.stop or length == 2:
                continue
            score += 0.5 if worth >= 0.5 else 0.0
            if worth < 0.5:
                continue
            need = 3.9
            if text[start:end] in model.never:
                continue
        if score >= need:
            certainty = min(3.2, 1.5 + (score - need) / 3 + (0.2 if length == 2 else 0.0))
            if best is None or certainty > best.certainty:
                best = Found(start, _with_title(model, text, end), "name", certainty)
    return best


# Before a name that begins like a word: "都是周一凡送孩子".
_BEFORE_WORDS = frozenset("，。！？；：、“‘（《 \n是叫跟和找给对让")
_WORDY_COMPOUND = words("东方 第五 百里 西门 万俟 单于")


def _with_title(model: _Model, text: str, end: int) -> int:
    """Where a name ends with the title behind it; one of a single character may be an adverb ("总") and stays out."""
    title = model.title_next.match(text, end)
    return title.end() if title and len(title.group()) > 1 else end


def _free(model: _Model, text: str, start: int) -> int | None:
    """Where a name ends that a naming cue announces. Latin letters are left to the English finder."""
    end = start
    while end < len(text) and end - start < 6 and (HAN[0] <= text[end] <= HAN[2] or text[end] == "·"):
        end += 1
    run = text[start:end]
    if not run or _NOT_NAMED.match(run) or _THING.search(run) or run in model.titles or run[:2] in _NICK_NEVER:
        return None
    closed = end >= len(text) or text[end] in "，。！？；、“”‘’（）,.!?;()\"'」』》 \n：:"
    if (
        run[0] in "小阿老"
        and len(run) >= 2
        and not _FUNCTION.match(run[1])
        and run[:2] not in model.nick_stop | model.titles
        and (len(run) == 2 or _right(model, text, start + 2) > 0)
    ):
        return start + 2
    nick = _nick(model, text, start, cued=True)
    if nick is not None:
        return nick.end
    two = run[:2] in model.compound
    if two or model.surnames.get(run[0], -1) > 0:
        head = 2 if two else 1
        for length in (2, 1):
            stop = head + length
            if len(run) < stop:
                continue
            fits = all(model.given.get(char, -1) > 0 or not _FUNCTION.match(char) for char in run[head:stop])
            if (
                fits
                and not _torn(model, text, start + stop)
                and (len(run) == stop or _right(model, text, start + stop) > 0)
            ):
                return _with_title(model, text, start + stop)
        if len(run) >= 3 and all(char in model.given for char in run[1:3]):
            return start + 3
    announced = _ANNOUNCED.search(text[max(0, start - 9) : start]) is not None
    if (
        closed
        and 2 <= len(run) <= (4 if announced else 3)
        and (announced or (run not in model.pairs and sum(char in model.given for char in run) >= len(run) - 1))
        and not any(_FUNCTION.match(char) for char in run)
        and run not in model.titles
    ):
        return start + len(run)
    for length in (2, 3):
        part = run[:length]
        if (
            len(part) == length
            and all(char in model.given for char in part)
            and _right(model, text, start + length) > 0
        ):
            return start + length
    if len(run) >= 2 and run[0] == run[1]:
        return start + 2
    if closed and len(run) == 1 and run in model.given and model.given[run] >= 2:
        return start + 1
    return None


_ANNOUNCED = re.compile(
    "我叫|名叫|名字|小名|大名|乳名|昵称|网名|真名|本名|叫我|姓名|称呼我|取名|起名|外号|绰号"
    "|[她他儿女子友事桌妹弟姐哥]叫"
)
_THING = re.compile(
    "沙盘|游戏|机制|疗法|关系|定律|自己|效应|原则|理论|现象|法则|障碍|心理|方法|训练|技术|公司|学校"
    "|医院|软件|游戏|电影|小说|治疗|情绪|焦虑|抑郁|恐惧|测试|量表|模型|作用|的$|疾病|症$|婚姻"
    "|家庭|反应|防御|行为|模式|能力|高富帅|白富美"
)
_NOT_NAMED = re.compile(
    r"什么|啥|我|你|您|他|她|它|谁|这|那|不|了|过|着|的|做|作|醒|车|外卖|停|人|家长|老师|妈|爸|爷|奶"
    r"|姐|哥|弟|妹|叔|姨|救|喊|好|错|声|一声|一下|一个|来|去|到|出|起|上|下|回|住"
    r"|号|是|在|有|没|也|都|就|还|又|很|太|宝贝|宝宝|老公|老婆|亲爱|大家|孩子|朋友|同学|医生|警察|进"
    r"|吃|别|先|自己|怎么|如何|哪|几|所有|任何|某|写|打|骗|学|要|想|名|个|为什么|和|跟"
    r"|与|以|及|或|被|把|让|给|对|但|可是|因为|所以|如果|必|须|应|该|需|姓|早|晚|准|按|起床|哑巴|废|笨"
    r"|傻|胖|懒|丑|变态|神经|小三|小偷|胆小|骚扰|全|其|每|再|从|向|往|随|经|常|总"
    r"|非常|真|越|更|最|多|少|长|短|大声|大叫"
)
_FUNCTION = re.compile(
    "[的了着过是在有没不和跟与及或也都就还又很太我你您他她它们这那哪什么啥吗呢吧啊说叫让把被给对从向到去来上下会能要想做个些每几两就时候后前里外但而因所以被]"
)


def _after_kin(model: _Model, text: str, match: re.Match[str]) -> int | None:
    """Where a name ends that follows a word of kinship, or None where none follows."""
    start = match.end()
    mark = text[start - 1]
    run = text[start : start + 3]
    called = mark in '叫：:“"「『' or text[start - 2 : start] in ("叫做", "名叫")
    if called and mark == "叫":
        return _free(model, text, start)
    if mark in "，、是":
        # "我朋友，你..." says nothing; "我同桌，李明，" is found as a full name.
        return None
    if run[:2] in model.doubled and run[:2] not in _DOUBLED_ADVERBS and _right(model, text, start + 2) > 0:
        return start + 2
    if run[:2] in model.pairs or run[:2] in model.stop or run[:2] in model.never or _torn(model, text, start + 2):
        return None
    scores = [model.given.get(char, -3.0) for char in run[:2]]
    right = _right(model, text, start + 2)
    if len(scores) < 2 or min(scores) < 1 or right <= 0.5 or run[:2] in model.right_words | model.left_words:
        return None
    weight = sum(scores) + right + 0.4 * (run[0] in _HEADS) + 0.4 * (run[1] in _TAILS)
    return start + 2 if weight >= 3.1 and run[0] != run[1] else None


_BAD_TITLED = frozenset(
    "阿管母祖宿展和向从任连那当对时应有过都同以还让去能全信满班里别令位但因如来常到干东先后别相党门路国平成公商农家查计代支权由间区居师"
)


def _titled(model: _Model, text: str, match: re.Match[str]) -> Found | None:
    """A surname, or a name, with a title after it."""
    start, end = match.span()
    surname, given, title = match.groups()
    if match.group() in model.stop or (surname + given in model.stop and not given):
        return None
    if title in model.short_titles:
        if surname == "阿":
            return None
        # "王雨桐总笑我": after a whole name these are adverbs and the like more often than titles.
        if given and end < len(text) and HAN[0] <= text[end] <= HAN[2]:
            return None
        if given and (
            model.given.get(given[-1], 0) < 1 or (len(given) == 2 and min(model.given.get(c, 0) for c in given) < 1)
        ):
            return None
        if text[end : end + 1] and _JOINED.match(text, end - 1):
            return None
        if not given and surname + title in _SHORT_STOP:
            return None
        if model.surnames.get(surname, 3) < 2 and not given and title not in "总姐哥导":
            return None
        if title in "部老" and not given and model.surnames.get(surname, 3) < 2.5:
            return None
    left = _left(model, text, start)
    if left < -5 or (left < 0 and (model.surnames.get(surname, 3) < 2 or title in model.short_titles)):
        return None
    if (
        left < 0
        and surname in "王李张高马黄周方石白金江叶田水毛史万林"
        and text[start - 1 : start + 1] in model.left_words
    ):
        return None
    if not given:
        if title in _OF_GIVEN or surname in _BAD_TITLED or model.surnames.get(surname, 3) < 0:
            return None
        if model.surnames.get(surname, 3) < 2 and left < 0.7:
            return None
    if given:
        if (
            any(model.given.get(char, 0) < 0.9 or _FUNCTION.match(char) for char in given)
            or surname in _BAD_TITLED
            or model.surnames.get(surname, 3) < 0
        ):
            return None
        if surname + given[:1] in model.stop or (
            len(given) == 1 and model.surnames.get(surname, 3) < 2 and model.given[given] < 2
        ):
            return None
    return Found(start, end, "name", 3.1 + 0.05 * len(given))


_JOINED = re.compile(
    "总[理是结算之体共量要会有能觉裁数部监]|哥[哥们]|姐[姐妹夫弟]|导[致师演员游航向]"
    "|工[作程资人厂具业商科会艺地伤夫]|部[分门长队落]|叔[叔]|姨[妈丈夫]|老[师是板公婆家人实去了]"
    "|伯[伯父母]|董[事]"
    "|嫂[子]|某[个些人种一天]"
)
# Said after a given name, not after a surname.
_OF_GIVEN = words("嫂子 大嫂 哥哥 姐姐 弟弟 妹妹 表姐 表哥 姑姑 舅舅")
_SHORT_STOP = words(
    "王哥 花姐 成老 黄老 李老 温老 常老 安老 高部 金部 全部 东部 西部 南部 北部 中部 内部 外部 海老 白老"
    " 水工 文工 石工 农工 单工 施工 职工 员工 叶工 童工 民工 江导 领导 向导 教导 指导 主导"
    " 引导 误导 倡导 开导 辅导 诱导 督导 报导 传导 编导 家姐 空姐 学姐 表姐 堂姐 师姐 大姐 万总 汇总"
    " 老总 都总 我总 他总 她总 时总 那总 但总 也总 还总 于总 花总 连总 成总 平伯 阿伯 古董 文董"
    " 方总 应总 石哥 龙哥 师哥 水哥 虎哥 师叔 师伯 史某 全某 何某"
) - {"王哥", "何某"}


def _nick(model: _Model, text: str, start: int, cued: bool = False) -> Found | None:
    """小X, 老X, 阿X: a surname or a given character after one of three, where it makes no word."""
    if text[start : start + 1] not in ("小", "老", "阿"):
        return None
    first = text[start]
    for length in (3, 2):
        run = text[start : start + length]
        if len(run) < length:
            continue
        person = (start == 0 or text[start - 1] in "，。！？；\n") and _PERSON.match(text, start + length) is not None
        if length == 3 and run[:2] in _NICK_NAMES:
            continue
        weather = run in model.nick_stop and run in _NICK_NAMES and person
        if not weather and (
            run in model.nick_stop
            or (run[:2] in model.nick_stop and not (cued and length == 2 and run not in _NICK_NEVER))
        ):
            return None
        if weather and length == 2:
            return Found(start, start + 2, "name", 1.45)
        rest = run[1:]
        if length == 3:
            if (
                first == "老"
                or not all(model.given.get(char, 0) >= 1 for char in rest)
                or _torn(model, text, start + 3)
            ):
                continue
            if (
                sum(model.given[char] for char in rest) < 3
                or _right(model, text, start + 3) <= 0
                or (not cued and _left(model, text, start) <= 0)
            ):
                continue
            return Found(start, start + 3, "name", 1.45)
        worth = max(
            2.0 if rest in model.common else 0.0,
            model.surnames.get(rest, 0),
            model.given.get(rest, 0) + (0.5 if first == "阿" else 0),
        )
        if worth < (0.9 if cued or first == "阿" else 1.9) or _torn(model, text, start + 2):
            return None
        left, right = _left_nick(text, start), _right(model, text, start + 2)
        if not cued and (left < 0 or right < 0 or text[start : start + 3] in model.nick_stop):
            return None
        title = model.title_next.match(text, start + 2)
        long = title is not None and title.group() not in model.short_titles
        return Found(start, title.end() if title and long else start + 2, "name", 1.45)
    return None


# Words that are someone's name where they do what people do.
_NICK_NAMES = words(
    "小雨 小满 小雪 小月 小花 小美 小红 小玉 小香 小春 小青 小知 小树 小山 小石 小海 小河 小溪 小星星 小平 小庆 小福"
    " 小乐 小安 小宝贝 小米 小叶 小文 小艺 小诗 小白 小黑 小敏 小光 小北 小南 小东 小西 小冰 小勇"
)
_PERSON = re.compile(
    "说|走了|今年|问|告诉|昨天|昨晚|喜欢|和我|跟我|是我|又没|不理|[一二两三四五六七八九十\\d]+岁|发烧|哭|结婚|她|他"
)
_NICK_NEVER = words(
    "小时 小心 小学 小孩 小事 小名 老师 老公 老婆 老板 阿姨 小姐 老人 老大 老二 老三 小妹 小弟 小哥 小三"
)


def _left_nick(text: str, start: int) -> float:
    before = text[max(0, start - 1) : start]
    return (
        -1.0
        if before and before in "大从很太不最多较弱渺胆狭幼窄微细缩变减古苍衰养敬年父偷矮瘦更极越家师元长月古遗"
        else 0.7
    )


def _pair(model: _Model, text: str, start: int) -> Found | None:
    """A given name alone, in an open place: two characters that names are made of, and a person's verb or mark."""
    run = text[start : start + 2]
    if (
        run in model.pairs
        or run in model.stop
        or run in model.right_words
        or run in model.left_words
        or run in model.pairs
    ):
        return None
    if text[start + 1 : start + 3] in model.right_words or text[start - 1 : start + 1] in model.left_words:
        return None
    first, second = (model.given[char] for char in run)
    score = first + second + 0.4 * (run[0] in _HEADS) + 0.4 * (run[1] in _TAILS)
    left, right = _left(model, text, start), _right(model, text, start + 2)
    score += 0.8 * (left > 1) + (right if right > 0.7 else 0.2 if right > 0 else -0.8)
    vocative = (start == 0 or text[start - 1] in "，。！？,：:\n ") and text[start + 2 : start + 3] in (
        "，",
        "。",
        ",",
        "同",
        "你",
    )
    score += 0.6 * vocative
    return Found(start, start + 2, "name", 1.2 + min(1.0, (score - _PAIR) / 2)) if score >= _PAIR else None


_HEADS = frozenset(
    "志建家俊思雨子梓雅佳嘉晓文国明海春秀丽美玉永宇浩泽欣诗若梦静婉一亦奕晨天佩慧淑雪心怡可语紫依安立振德世"
)
_TAILS = frozenset(
    "军国华强伟豪杰远涛轩涵琪婷怡宇妍萱彤辉峰平明玲芳英霞红梅珍兰丽娜雯文博航晨阳浩然鑫磊静敏燕珊瑶琳莹颖凯鹏飞龙斌超洋"
)


def _double(model: _Model, text: str, start: int, end: int) -> bool:
    left, right = _left(model, text, start), _right(model, text, end)
    if text[start:end] in model.doubled_words:
        person = start == 0 or text[start - 1] in "，。！？,、：:\n “跟和对叫" or _ends_with_kin(model, text, start)
        marked = text[end : end + 1] in ("，", "、", "。") and start > 0 and text[start - 1] in "，。！？"
        age = re.match(r"[今才刚]?[一二两三四五六七八九十\d]+个?[岁月]", text[end : end + 4]) is not None
        adverb = text[start:end] in _DOUBLED_ADVERBS
        return person and (marked or age or (not adverb and (right >= 1.6 or _ends_with_kin(model, text, start))))
    age = re.match(r"[今才刚]?[一二两三四五六七八九十\d]+个?[岁月]", text[end : end + 4]) is not None
    return (left > 0 or start == 0) and (right > 0 or age)


def shape(name: str) -> Shape:
    """A found Chinese name taken apart."""
    model = _model()
    rest, prefix, title = name, "", ""
    if len(rest) > 1 and rest[0] in "小老阿":
        prefix, rest = rest[0], rest[1:]
    for size in (4, 3, 2, 1):
        if len(rest) > size and rest[-size:] in model.titles:
            rest, title = rest[:-size], rest[-size:]
            break
    if rest[:2] in model.compound:
        return Shape(prefix, rest[:2], rest[2:], title)
    if len(rest) == 2 and rest[0] == rest[1]:
        return Shape(prefix, "", rest, title)
    if len(rest) == 3 and rest[0] in model.surnames:
        return Shape(prefix, rest[0], rest[1:], title)
    if (
        len(rest) == 1
        and (title or prefix in "小老")
        and rest in model.surnames
        and (title or model.given.get(rest, 0) < 2)
    ):
        return Shape(prefix, rest, "", title)
    if len(rest) == 2 and model.surnames.get(rest[0], 0) >= 2 and not prefix:
        both = all(model.given.get(char, 0) >= 1 for char in rest)
        pair = both and rest[0] in _HEADS and rest[0] not in "安文石"
        return Shape(prefix, "", rest, title) if pair else Shape(prefix, rest[0], rest[1:], title)
    if len(rest) == 2 and rest[0] in model.surnames and (rest in model.stop or model.given.get(rest[0], 0) < 1):
        return Shape(prefix, rest[0], rest[1:], title)
    return Shape(prefix, "", rest, title)


_DOUBLED_ADVERBS = words(
    "明明 刚刚 静静 默默 平平 花花 多多 双双 依依 暖暖 强强 可可 悦悦 欣欣 红红 晶晶 甜甜 娇娇 柔柔 齐齐 团团 点点 星星"
)


def again(names: Set[str]) -> frozenset[str]:
    """Other forms by which the same people are named once their names are known: 李明轩 -> 明轩, 轩轩, 小轩."""
    model = _model()
    forms: set[str] = set()
    for name in names:
        parts = shape(name)
        bare = parts.surname + parts.given
        word = (
            name not in model.doubled and (name in model.stop or name in model.pairs or name in model.never)
        ) or name in _DOUBLED_ADVERBS
        if len(name) > 1 and not word:
            forms.add(name)
        if parts.title and len(bare) > 1 and bare not in model.stop and parts.given:
            forms.add(bare)
        given = parts.given
        if parts.surname and len(given) == 2 and given[0] != given[1]:
            weight = sum(model.given.get(char, 0) for char in given)
            common = given in model.pairs or given in model.pairs or given in model.stop or given in model.right_words
            if weight >= 2 and not common:
                forms.add(given)
        last = given[-1:]
        if last and model.given.get(last, 0) >= 1 and not parts.prefix:
            forms |= {form for form in ("小" + last, "阿" + last) if form not in model.nick_stop}
            if model.given[last] >= 2 and last * 2 not in model.doubled_words:
                forms.add(last * 2)
        if parts.surname and len(parts.surname) == 1 and parts.given and not parts.prefix:
            forms |= {form for form in ("小" + parts.surname, "老" + parts.surname) if form not in model.nick_stop}
    return frozenset(forms)
