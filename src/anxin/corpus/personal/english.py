"""English names, and Latin ones in Chinese text: known first names and surnames, capitals, titles and cues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from anxin.corpus.personal.reading import HAN, any_of, table, words
from anxin.corpus.personal.span import Found

__all__ = ["again_english", "english_names", "is_first_name", "known_figures_english"]

_WORD = r"[A-Z](?:[a-z]+|'[A-Z][a-z]+|[a-z]*[A-Z][a-z]+)(?:-[A-Z][a-z]+)?"
_PARTICLE = r"(?:van der|van den|van de|van|von|de la|de|del|di|da|dos|bin|bint|al|el|Van der|Van|De La|De|Mc|O')"
_RUN = re.compile(
    rf"(?<![A-Za-z0-9@#_./-])(?:Van der |Van |De La |De |Von |Al |El )?{_WORD}(?:(?: [A-Z]\.)? (?:{_PARTICLE}"
    rf" )?{_WORD}){{0,3}}(?![A-Za-z0-9_@])"
)
_TITLED = (
    r"(?<![A-Za-z])(?:(?:Dr|Mr|Mrs|Ms|Prof|Mx|Rev|Sgt|Capt|Fr)\.? ?|(?:Miss|Professor|Doctor|Nurse|Pastor|Reverend"
    r"|Coach|Officer|Detective|Sergeant|Captain|Judge|Principal|Dean|Rabbi|Imam|Sister|Brother|Father|Uncle|Aunt"
    r"|Auntie|Aunty|Grandma|Grandpa|Nana|Nanna|Tia|Tio|Big|Little|Old|Lady|Sir|Granny|Gran|Nurse|Therapist) )"
    rf"({_WORD}(?: (?:{_PARTICLE} )?{_WORD})?|[A-Z](?![A-Za-z.']))(?![A-Za-z0-9])"
)
_NAMED = (
    r"(?:\b(?:[Mm]y n(?:am|ma)e(?:'s| is|s)?(?: is)?|[Nn]ame(?:'s| is| was)|[Nn]amed|[Gg]oes by|[Gg]o by"
    r"|[Cc]all me|[Cc]alled me|[Cc]alls me|[Cc]all (?:him|her)|[Nn]icknamed|[Ff]ull name:?|[Nn]ame:"
    r"|[Ss]igned,?|[Kk]nown as|[Ii]'m called|[Ii] am called|[Ii]t's|[Ii]ts|[Tt]his is|[Ii]'m|[Ii]m|[Ii] am"
    r"|[Hh]ere is|[Ee]mergency contact:|[Cc]ontact:|[Cc]lient name:|[Pp]atient name:|[Ee]veryone says"
    r"|[Cc]alled|[Nn]ame him|[Nn]ame her|[Nn]amed (?:him|her))|叫做?|名字是|姓名[：:]?|英文名是?|我是"
    r"|昵称)[ ]*[\"“]?"
)
_AFTER_NAMED = re.compile(
    rf"({_NAMED})((?:{_WORD}|[A-Z][a-z]+)(?: (?:[A-Z]\. )?(?:{_PARTICLE} )?{_WORD}){{0,2}})(?![A-Za-z0-9_@])"
)
_LOWER_NAMED = re.compile(
    r"\b(?:my (?:name|nmae|nam)(?:'s| is|s)?(?: is)?|name's|named|call me|goes by|everyone calls me|people call me"
    r"|(?:i'?m|its|it's|this is|hi|hey|hello|thanks|sincerely|love),?)"
    r" ([a-z]{2,12}(?: [a-z]{2,14})?)(?![A-Za-z'-])",
    re.IGNORECASE,
)
_SURE_CUE = re.compile(
    r"my n(?:am|ma)e|name(?:'s| is| was|:)|named|nicknamed|goes by|signed|call(?:s|ed)? me|emergency contact|i'm"
    r" called|叫|姓名|名字|英文名",
    re.IGNORECASE,
)
_LOWER = re.compile(r"(?<![A-Za-z0-9@#_./'-])[a-z]{4,11}(?![A-Za-z0-9_@/-])")
_SIGN_OFF = re.compile(
    rf"(?:^|[\n.!?] ?)(?:Love|Best|(?:Best |Kind |Warm )?[Rr]egards|Sincerely|Thanks|Thank you|Cheers"
    rf"|Yours(?: truly)?|Take care),?\s+({_WORD}(?: {_WORD})?)\s*$"
)
_SENTENCE_ENDS = ".!?\n:;。！？：…"
_PINYIN = (
    "zhang wang li liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin luo gao zheng liang xie"
    " song tang deng han feng cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lv lu"
    " ding shen ren yao lu fu zhong cui tan liao fan wang shi jin jia xia fang zou xiong bai meng qin qiu"
    " hou jiang yin xue yan lei long tao shi he mao hao gu gong shao wan qin"
)
_SYLLABLE = (
    "(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|ei|ao|ou|an"
    "|en|in|un|ia|ie|iu|ua|ui|uo|ue|ve|er|[aeiouv])"
)


@dataclass(frozen=True, slots=True)
class _Model:
    first: frozenset[str]
    wordy: frozenset[str]
    last: frozenset[str]
    not_names: frozenset[str]
    kin: re.Pattern[str]
    before: frozenset[str]
    after: frozenset[str]
    titled: re.Pattern[str]
    known: re.Pattern[str]
    lower: frozenset[str]
    pinyin: re.Pattern[str]


_NOT_LOWER = words(
    "angel dick josh mike nick victor carmen marina bella melody sierra jersey ellen ruth ernest"
    " constance clement"
    " clay grant"
    " gene dale bill pierce frank angelo tony penny jack mark will hope faith grace joy rose dawn june april summer"
    " autumn amber ruby"
    " lily ivy daisy violet jasmine olive holly heather iris crystal hunter dean rich christian drew carol mercy"
    " patience art"
    " alma brook chip chuck cliff dove earl ferry flora gale genie guy harry hazel jean jenny joey kitty lance lane"
    " marsh"
    " miles misty norm page paris pearl peg piper randy ray reed rob robin rocky rusty sage sandy skip star stone"
    " stormy sunny"
    " tanner tucker wade ward west wren wolf mason parker porter carter cooper archer major duke king prince bishop"
    " abbot"
    " alex sam-ple alec eden elle emery essie ever ever here june kerry lacey leigh linda mali mary-jane mini mina"
    " mona nova pete"
    " cassie destiny charity harmony trinity justice liberty blaze bliss blue colt coral dakota delta echo ember"
    " haven legend"
    " noble ocean rain river royal saint sky story true winter lane aura ally andy cali case chase chance asia india"
    " china"
    " georgia florence sydney jordan israel kenya london austin dallas phoenix lincoln jackson madison logan tyson"
    " major mabel"
    " kendall morgan taylor bailey casey riley dana gary jess lane terry sand stella viola vera carla marty louis"
    " rene elsa cora nora"
    " lana mila lola cara zara maya skye luna lars amir omar yara dani andre ming jing ling wei ella emma eric erik"
    " evan evie"
) - words(
    "emma eric evan ella maya mina linda jess gary stella vera andre omar zara luna mila nora carla"
    " louis cassie"
    " kendall"
)


@cache
def _model() -> _Model:
    raw: dict[str, Any] = dict(table("names_en"))
    first, wordy = words(raw["first"]["names"]), words(raw["first"]["wordy"])
    kin = "|".join(sorted(map(re.escape, raw["cue"]["kin"]), key=len, reverse=True))
    known = [name.strip() for name in table("known")["en"].replace("\n", "|").split("|") if name.strip()]
    sure = first - wordy
    return _Model(
        sure,
        wordy,
        words(raw["last"]["names"]),
        words(raw["words"]["not_names"]),
        re.compile(rf"\b(?:{kin})s?(?:,| \(|'s name is| called| named| is)? ?\"?$", re.IGNORECASE),
        frozenset(raw["cue"]["before"]),
        frozenset(raw["cue"]["after"]),
        re.compile(_TITLED),
        re.compile(rf"(?<![A-Za-z])(?:{any_of(known)})(?![A-Za-z])"),
        frozenset(name.casefold() for name in sure if len(name) >= 4) - _NOT_LOWER,
        re.compile(f"(?:{any_of(_PINYIN.split())})(?:{_SYLLABLE}){{1,2}}"),
    )


def is_first_name(word: str) -> bool:
    """Whether the word is a first name and nothing else."""
    return word in _model().first


def known_figures_english(text: str) -> list[tuple[int, int]]:
    """Where public figures are named in a plain text in Latin letters."""
    return [match.span() for match in _model().known.finditer(text)]


def english_names(text: str) -> Iterator[Found]:
    """Names in Latin letters; certainty between 0 and 4."""
    if not _HAS_LATIN.search(text):
        return
    model = _model()
    # A name in full, known or not, is seen before a part of it: "Carl Rogers" is known, "Carl Hughes" is not.
    known = [match.span() for match in model.known.finditer(text)]
    for found in _all(model, text):
        if not any(start <= found.start and found.end <= end for start, end in known) and not _alone(
            text, found, known
        ):
            yield found


_HAS_LATIN = re.compile("[A-Za-z]{2}")


def _alone(text: str, found: Found, known: list[tuple[int, int]]) -> bool:
    """A longer run that is a known person and nothing more than a title or a genitive."""
    return any(
        found.start <= start
        and end <= found.end
        and not re.search(
            "[A-Za-z]{2}",
            re.sub(r"\b(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Doctor|Saint|St)\b", "", text[found.start : start])
            + text[end : found.end],
        )
        for start, end in known
    )


def _all(model: _Model, text: str) -> Iterator[Found]:
    for match in model.titled.finditer(text):
        word = match.group(1).split()[0]
        title = match.group()[: match.start(1) - match.start()].strip(" .")
        if word in model.not_names and word not in model.last:
            continue
        if title in (
            "Big",
            "Little",
            "Old",
            "Lady",
            "Sir",
            "Father",
            "Sister",
            "Brother",
            "Principal",
            "Judge",
            "Dean",
            "Doctor",
        ) and not (word in model.first or word in model.wordy or word in model.last):
            continue
        if title in ("Big", "Little", "Old") and word not in model.first:
            continue
        yield Found(*_without_genitive(text, *match.span()), "name", 3.6)
    for match in _AFTER_NAMED.finditer(text):
        found = _announced(model, text, match)
        if found is not None:
            yield found
    for match in _SIGN_OFF.finditer(text):
        if match.group(1) not in model.not_names:
            yield Found(*match.span(1), "name", 2.6)
    for match in _LOWER_NAMED.finditer(text):
        found = _announced_small(model, match)
        if found is not None:
            yield found
    for match in _RUN.finditer(text):
        yield from _run(model, text, match)
    if _small_text(text):
        for match in _LOWER.finditer(text):
            if match.group() in model.lower:
                yield Found(*match.span(), "name", 2.0)
    yield from _pinyin(model, text)


def _small_text(text: str) -> bool:
    """Whether it is written without capitals, so that names have none either."""
    capitals = re.findall(r"(?<![A-Za-z])[A-Z][a-z]+", text)
    return (
        (len(capitals) <= 1 and text[:1].islower())
        or bool(re.search(r"\bi\b", text))
        or (not capitals and len(text) > 8)
    )


def _without_genitive(text: str, start: int, end: int) -> tuple[int, int]:
    return start, end - 2 if text[start:end].endswith("'s") else end


def _announced(model: _Model, text: str, match: re.Match[str]) -> Found | None:
    start, end = match.span(2)
    pieces = match.group(2).split()
    while pieces and (pieces[-1] in model.not_names and pieces[-1] not in model.last and pieces[-1] not in model.wordy):
        end -= len(pieces.pop()) + 1
    if not pieces:
        return None
    first = pieces[0]
    sure = bool(_SURE_CUE.search(match.group(1)))
    if first in model.not_names and not (sure and first in model.wordy):
        return None
    known = (
        first in model.first
        or (first in model.wordy and (sure or first not in _MONTHS))
        or (len(pieces) > 1 and pieces[-1] in model.last)
    )
    if not sure and not known:
        return None
    return Found(start, end, "name", 3.8 if sure else 3.2)


_MONTHS = words("April May June August Christian Indian Asian Hope Paris London")
_NOT_SMALL = words(
    "is not the a an in on my so just very really here there tired sad lost okay ok fine good bad sorry"
    " sure trying"
    " going feeling scared afraid back done"
    " this that been being about your his her our it i me you he she we they what who where and or but if when no"
    " yes all up down out of for at to"
    " called not too still also only never always pretty kinda afraid new old guys everyone all"
)


def _announced_small(model: _Model, match: re.Match[str]) -> Found | None:
    pieces = match.group(1).split()
    cue = match.group()[: match.start(1) - match.start()]
    first = pieces[0]
    if first[0].isupper() or first in _NOT_SMALL:
        return None
    sure = bool(_SURE_CUE.search(cue))
    known = first in model.lower or first.capitalize() in model.first or (sure and first.capitalize() in model.wordy)
    if not known and not (
        sure
        and re.search(r"my n|name's", cue, re.IGNORECASE)
        and re.match(r"[,.!]|$| and\b", match.string[match.start(1) + len(first) :])
    ):
        return None
    end = match.start(1) + len(first)
    if len(pieces) > 1 and pieces[1].capitalize() in model.last and pieces[1] not in _SMALL_WORDS:
        end = match.end(1)
    if not sure and first not in model.lower:
        return None
    return Found(match.start(1), end, "name", 3.0)


_SMALL_WORDS = words(
    "white brown young long small wood woods may park bell cook fisher he ma ho so do in no be you an a"
    " west ward"
    " price bishop knight day"
)


def _run(model: _Model, text: str, match: re.Match[str]) -> Iterator[Found]:
    """One run of capitalised words: the part of it that is a name, if any."""
    start = match.start()
    pieces = list(re.finditer(r"[^ ]+", match.group()))
    begin = 0
    while begin < len(pieces):
        word = pieces[begin].group()
        at = start + pieces[begin].start()
        stop = begin
        if _starts(model, text, word, at, pieces, begin):
            stop = begin + 1
            while stop < len(pieces) and _goes_on(
                model, pieces[stop - 1].group(), pieces[stop].group(), stop + 1 < len(pieces)
            ):
                stop += 1
        if stop > begin:
            until = start + pieces[stop - 1].end()
            known = sum(piece.group() in model.first or piece.group() in model.last for piece in pieces[begin:stop])
            yield Found(
                *_without_genitive(text, at, until), "name", 2.2 + 0.2 * min(known, 2) + 0.2 * (stop - begin > 1)
            )
            begin = stop
        else:
            begin += 1


def _goes_on(model: _Model, before: str, word: str, more: bool) -> bool:
    bare = word.removesuffix("'s")
    if bare in model.last or re.fullmatch(r"[A-Z]\.", word) or bare.startswith(("O'", "Mc", "Mac")):
        return True
    if word in ("van", "von", "de", "del", "di", "da", "der", "den", "la", "bin", "al", "el", "dos") and more:
        return True
    if bare in model.not_names:
        return False
    return bare not in model.wordy or bare in model.last or bare in _SYLLABLES


def _starts(model: _Model, text: str, word: str, at: int, pieces: list[re.Match[str]], place: int) -> bool:
    bare = word.removesuffix("'s")
    end = at + len(word)
    following = pieces[place + 1].group().removesuffix("'s") if place + 1 < len(pieces) else ""
    before, after = text[:at][-40:], text[end : end + 24]
    opens = at == 0 or before.rstrip(" \"“'(*-").endswith(tuple(_SENTENCE_ENDS)) or not before.strip()
    if bare in model.first:
        return not re.match(
            r" (?:Street|St|Avenue|Ave|Road|Rd|Lane|Drive|Park|Hall|Hospital|University|College|School|Church"
            r"|Clinic)\b",
            text[end:],
        )
    led = bool(model.kin.search(before))
    if bare in model.wordy:
        return _wordy(model, bare, before, after, following, opens=opens, led=led)
    if bare in model.not_names:
        return False
    if word in ("Van", "De", "Von", "Al", "El") and following:
        return (led or opens) and bool(
            re.match(r" (?:der |la )?[A-Z][a-z]+ (?:in|from|said|says|told|is|was|keeps)\b", after)
        )
    if following and following in model.last and bare in model.last and not opens:
        return True
    if (
        following
        and following in model.last
        and following not in ("Young", "Park", "West", "Wood", "Woods", "White", "Brown", "Bell", "Day")
        and len(bare) > 2
        and bare not in _OPENERS
    ):
        return True
    if led and len(bare) > 2 and not re.match(r"(?:,)? (?:University|College|School|Hospital|Center)", after):
        return not bare.endswith(("ian", "ese", "ish")) or bare in model.last
    if bare in model.last:
        first = after.split()[:1]
        return (
            bool(first)
            and first[0].strip(",.") in model.after
            and _person_verb(first[0])
            and bare not in ("Long", "Young", "Brown", "White", "Black")
        )
    if not opens and len(bare) > 2:
        left = re.search(r"([A-Za-z']+),? $", before)
        verb = after.split()[:1]
        comma = before.endswith((", ", "，")) and re.match(r"[,.?!，。]", after) is not None
        # "I told Zuri", "Zuri said": one who is told or says is a person, and no list has all names.
        if left and left.group(1).casefold() in _TO_PERSON:
            return True
        if (
            left
            and verb
            and left.group(1).casefold() in model.before
            and verb[0].strip(",.!?") in model.after
            and _one_of_few(text)
        ):
            return True
        if verb and _person_verb(verb[0]) and (left is not None):
            return True
        return (
            comma
            and re.search(
                r"(?:thank|thanks|sorry|hi|hello|hey|time|that|look|you|okay)\b[^.!?]*, $", before, re.IGNORECASE
            )
            is not None
        )
    if opens and len(bare) > 2 and bare not in _OPENERS:
        verb = after.split()[:1]
        return (
            bool(verb)
            and verb[0]
            in (
                "said",
                "says",
                "told",
                "texted",
                "thinks",
                "laughed",
                "yelled",
                "cheated",
                "texts",
                "dumped",
                "proposed",
                "keeps",
            )
            and not bare.endswith("ing")
        )
    return False


_SYLLABLES = words("Ling Jing Ming Wei Li Yan Hao Jin Ali Mei Lin")
_OPENERS = words(
    "Someone Everyone Nobody Somebody Everybody Anyone People Friends Family Society Research Studies"
    " Anger Grief"
    " Everything Nothing Something Work School Money Sex Marriage"
    " Relationships Parents Kids Children Men Women Having Being Getting Going Doing Working Living Dating Thinking"
    " Feeling Later Today Tonight Yesterday Tomorrow Honestly"
    " Basically Actually Apparently Suddenly Eventually Recently Obviously Currently Usually Lately Whoever Whatever"
    " Whenever Wherever Hopefully Unfortunately Luckily Anyway"
)
_TO_PERSON = words(
    "told tell asked texted married dating dated met miss missed messaged forgave confronted trust"
    " emailed invited"
    " hugged called thanked introduced hates loves blamed"
)
_PERSON = words(
    "said says told tells asked asks texted texts laughed yelled yells cheated cheats thinks thought"
    " dumped proposed"
    " bullied bullies replied apologized apologised refused lied cried cries screamed screams hugged"
    " wants wanted feels felt hates knows knew lives lived loves noticed ignores blocked ghosted suggested explained"
    " mentioned promised walked drives drove moved died who"
)
_WORDY_AFTER = _PERSON - {"who"} | words(
    "left keeps kept pulled invited sent sat lied stopped started went came broke used got earns gave"
    " does did"
    " doesn't didn't"
)
_ABSTRACT = words(
    "Hope Faith Joy Grace Summer Dawn Autumn Patience Mercy Harmony Trinity Destiny Charity Love Chance"
    " Art"
    " Christian Honey Justice Liberty Star Rain River Sky Angel Sunny Crystal Prince Princess"
)


def _one_of_few(text: str) -> bool:
    """Whether capitals are rare enough to say something: not in a heading or a list of titles."""
    return len(re.findall(r"(?<=[a-z,] )[A-Z][a-z]", text)) * 6 < len(text.split())


def _person_verb(word: str) -> bool:
    return word.strip(",.!?") in _PERSON


def _wordy(model: _Model, word: str, before: str, after: str, following: str, *, opens: bool, led: bool) -> bool:
    """A name that is also a word, a month or a town, by what stands around it."""
    verb = (after.split()[:1] or [""])[0].strip(",.!?")
    if following and following in model.last and following not in model.not_names:
        return True
    if led:
        return True
    person = verb in _WORDY_AFTER
    if word in _PLACES:
        return (person and not opens) or (
            re.search(
                r"\b(?:told|asked|with|love|loves|call|called|texted|met|miss|hi|hey|hello|thanks|dear),? $",
                before,
                re.IGNORECASE,
            )
            is not None
            and not re.match(" (?:and|or) [A-Z]", after)
        )
    if opens:
        if person or re.match(
            r" (?:and I\b|from (?:church|work|school|accounts|class|next door|HR)|will\b|says\b|is my "
            r"(?:room|house|flat|class|best|girl|boy|sister|brother|cousin|wife|husband|friend|boss|"
            r"ex\b|daughter|son\b|mom|mum|aunt|partner|niece|nephew)|was named\b)",
            after,
        ):
            return word not in ("Will", "May", "Can", "Art", "Major", "Rich") or not re.match(
                r" (?:you|I|he|she|it|they|this|that|we|my)\b", after
            )
        return re.match(
            r", (?:I|you|it|that|thank|what|when|how|your|this)\b", after
        ) is not None and word not in _ABSTRACT | {"May", "Will", "Rich", "Major"}
    if word in _MONTH_NAMES:
        return person or (
            re.search(r"\b(?:visit|visited|told|asked|ask|met|loves?|texted|called|miss|dating|to) $", before)
            is not None
            and re.match(r" (?:to|that|about|and|is|was|because|if)\b|[.,!?]", after) is not None
            and not before.endswith(("until ", "from ", "to "))
        )
    left = re.search(r"([A-Za-z']+),? $", before)
    if person:
        return True
    if left and left.group(1).casefold() in model.before:
        return word not in _ABSTRACT or left.group(1).casefold() in _TO_PERSON | {"with", "named", "called", "and"}
    return before.endswith(", ") and re.match(r"[.,!?]", after) is not None


_PLACES = words(
    "Paris London Sydney Austin Dallas Houston Phoenix Kenya India China Chelsea Florence Virginia"
    " Georgia Carolina"
    " Dakota Savannah Asia Israel Brooklyn Lincoln Victoria Jordan Jackson Madison Roman Christian Sierra"
) - {"Jordan", "Jackson", "Madison", "Victoria", "Chelsea", "Sierra"}
_MONTH_NAMES = frozenset({"April", "May", "June", "August"})


def _pinyin(model: _Model, text: str) -> Iterator[Found]:
    """Chinese names in Latin letters: "LiuYang", "Zhang Wei", and in small letters before a greeting."""
    for match in _CAMEL.finditer(text):
        if model.pinyin.fullmatch(match.group().replace(" ", "").casefold()):
            yield Found(*match.span(), "name", 2.7)
    if not text.isascii():
        for match in _SMALL_PINYIN.finditer(text):
            if model.pinyin.fullmatch(match.group()):
                yield Found(*match.span(), "name", 2.1)


_CAMEL = re.compile(r"(?<![A-Za-z0-9@_.-])[A-Z][a-z]{1,5} ?[A-Z][a-z]{1,11}(?![A-Za-z0-9@_.-])")
_SMALL_PINYIN = re.compile(rf"(?<![A-Za-z0-9@_.#/-])[a-z]{{7,16}}(?= ?(?:你好|您好|[，,]|[{HAN}]))")


def again_english(names: Set[str]) -> frozenset[str]:
    """The parts by which someone is named again: "Karen Liu" -> "Karen"."""
    forms: set[str] = set()
    model = _model()
    for name in names:
        bare = re.sub(
            r"^(?:(?:Dr|Mr|Mrs|Ms|Miss|Prof|Professor|Uncle|Aunt|Auntie|Coach|Nurse|Pastor|Officer|Big|Little|Old"
            r"|Grandma|Grandpa)\.? )",
            "",
            name,
        )
        forms.add(name)
        for piece in bare.split():
            if len(piece) > 2 and piece not in model.not_names and piece not in model.wordy and piece[0].isupper():
                forms.add(piece)
    return frozenset(forms)
