"""More written forms: handles by their shape, numbers said in words or pulled apart, papers of other countries."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anxin.corpus.personal.span import Found, Kind

__all__ = ["handles", "without_data"]

_DATA = re.compile(
    r"data:[a-z]+/[a-z0-9.+-]+(?:;[a-z0-9=-]+)*,[A-Za-z0-9+/=%]*|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{80,}={0,2}"
)

# A token of letters with digits or underscores in it that is no product, course, scale or file.
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9_@./#$:-])(?=[A-Za-z0-9-]*[_\d])[A-Za-z0-9][A-Za-z0-9_-]{4,28}[A-Za-z0-9](?![A-Za-z0-9_@./-]?[A-Za-z0-9@])"
)
_ORDINARY = re.compile(
    r"[A-Z]{1,6}-?\d{1,4}[A-Za-z]?|\d+(?:st|nd|rd|th|s|am|pm|kg|km|cm|mg|ml|mph|hrs?|min|mins|yrs?|weeks?|days?|years?|months?)?"
    r"|[\d-]+|(?:19|20)\d\d\w*|[A-Za-z]+-\d{1,2}|\d{1,3}-[A-Za-z]+(?:-[A-Za-z]+)*|(?:i[Pp]hone|i[Pp]ad|ios|covid|windows|"
    r"galaxy|xbox|gpt|chatgpt|psp|step|phase|grade|level|room|day|week|part|chapter|version|vitamin|omega|mp|ps|web|"
    r"formula|area|apt|unit|flat|suite|type|class|group|form|stage|top)[-_]?\d+\w{0,4}|\d+[A-Za-z]{1,6}|[A-Za-z]{1,3}\d{1,3}",
    re.IGNORECASE,
)
_WECHAT_NEAR = re.compile(r"微|薇|威信|维信|绿|[vV](?![A-Za-z])|加|通过|敲我|小号|wechat|weixin|wx", re.IGNORECASE)

_REDDIT = re.compile(r"(?<![A-Za-z0-9/])/?u/[A-Za-z0-9_-]{3,24}")
_CASH = re.compile(r"(?<![A-Za-z0-9$])\$[A-Za-z][A-Za-z0-9]{3,20}(?![A-Za-z0-9])")
_TAGGED = re.compile(
    r"(?<![A-Za-z0-9#])[A-Za-z0-9_.]{2,32}#\d{4,5}(?!\d)|(?<![A-Za-z0-9])live:[A-Za-z0-9._]{4,30}|(?<![A-Za-z0-9])wxid_[a-z0-9]{8,20}|(?<![A-Za-z0-9])SW(?:-\d{4}){3}"
)
_FEDERATED = re.compile(r"(?<![A-Za-z0-9])@[A-Za-z0-9_]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_USER_OF = re.compile(
    r"(?:\b(?i:instagram|insta|ig|twitter|tiktok|snapchat|snap|discord|telegram|reddit|tumblr|facebook|fb|venmo|paypal|"
    r"cash ?app|gamertag|steam|xbox|psn|skype|kik|youtube|twitch|roblox|minecraft|username|user ?name|screen "
    r"?name|handle|"
    r"kakao(?:talk)?|ao3|goodreads|strava|grindr|tinder|bumble|hinge|letterboxd|soundcloud|bandcamp|wattpad|duolingo|"
    r"line id|streaks)\b(?i:'s| user| id| tag| name| handle| account| is| was| im| i'm| under| as| said|,|:|\?| "
    r"w| it)*)"
    r" +(@?(?=[A-Za-z0-9_.-]*(?:[\d_.-]|[a-z][A-Z]))[A-Za-z0-9][A-Za-z0-9_.-]{3,28}[A-Za-z0-9])"
)

_QQ = re.compile(
    r"(?<![A-Za-z])(?:[大小老我]?[Qq]{1,2}|[抠扣叩]{1,2}|企鹅|球球|大号|小号|群)(?:号|群|是|：|:|号码|，|,| |"
    r"居然还在|名|有|个|改成|换成|换了)*([1-9]\d{5,10})(?!\d)"
    r"|(?<!\d)([1-9]\d{5,10})(?=(?:这个|那个|是我)?的?[老小大]?[Qq](?![A-Za-z]))"
)
_QQ_FAR = re.compile(r"(?<![A-Za-z])[Qq][Qq](?![A-Za-z])[^\d\n。！？]{1,40}?([1-9]\d{5,10})(?!\d)")
_LONE = re.compile(r"(?<![\d.¥$£A-Za-z_/@-])[1-9]\d{7,10}(?![\d.%A-Za-z_/@-]|元|块|万|亿|个|次|人|年)")
_DATE = re.compile(r"(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d")

_HAN_DIGIT = "零〇○一二三四五六七八九幺两洞拐勾壹贰叁肆伍陆柒捌玖"
_HAN_RUN = re.compile(
    rf"(?<![{_HAN_DIGIT}\d])(?:[{_HAN_DIGIT}\d][ 、，,\-]?){{6,12}}[{_HAN_DIGIT}\d](?![{_HAN_DIGIT}\d十百千万])"
)
_ARABIC = str.maketrans(_HAN_DIGIT, "00012345678912079123456789")
_ENGLISH_DIGIT = r"(?:zero|oh|o|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|hundred|\d)"
_SAID = re.compile(rf"\b{_ENGLISH_DIGIT}(?:[ ,\-]+{_ENGLISH_DIGIT}){{6,16}}\b", re.IGNORECASE)
_APART = re.compile(r"(?<![\d.])\d(?:[ \-./·_]{1,3}\d){9,11}(?![\d.])")
_MOBILE_CUT = re.compile(r"(?<![\d.])1[3-9](?:[ \-./·_,，]{0,3}\d){9}(?!\d|\.\d)")
_LOCAL = re.compile(
    r"(?<![\d.$£/-])(?:\(0\d{1,4}\) ?\d{3,4}[ -]?\d{3,4}|0\d{1,3}[ -]\d{3,4}[ -]\d{3,4}|0\d{3}[ -]\d{3}[ -]\d{3}"
    r"|[6-9]\d{4} \d{5}|555-\d{4}|[5689]\d{3}[ -]\d{4}|\+\d{1,3}(?:[ \-.()]{0,2}\d){7,12})(?![\d/-])"
)

_PAPER = re.compile(
    r"(?:台胞证|回乡证|通行证|军官证|士兵证|警官证|驾照|驾驶证|护照|社保|医保|学籍|残疾证|居住证|居留证|身份证|身分证|证件|证号"
    r"|\b(?:passports?|licen[cs]e|DL|PAN|Aadhaar|NRIC|PPS|DoD ID|A-number|alien number|NI|national insurance|"
    r"NHS|Medicare|SSN"
    r"|SIN|TFN|MRN|green card|visa|social|state ID|BSN|CPR|DNI|CURP|RFC|CPF)\b)"
    r"[^\n\d]{0,24}?((?:[A-Z]{1,6}[ \-]?)?\d[\dA-Z]*(?:[ \-]?[\dA-Z]*\d[\dA-Z]*){0,5}(?:[ "
    r"]?[A-Z])?(?:\([\dA]\))?)(?![A-Za-z0-9])"
)
_PAPERS = re.compile(
    r"(?<![A-Za-z0-9])(?:[STFG]\d{7}[A-Z]|[A-Z]{5}\d{4}[A-Z]|[A-Z]{5}\d{6}[A-Z0-9]{5}|\d{7}[A-W][A-IW]?|"
    r"[A-Z]{2} \d{2} \d{2} \d{2} [A-D]"
    r"|[A-Z]\d{4}-\d{5}-\d{5}|H\d{10}|[A-Z]\d{6}\([\dA]\))(?![A-Za-z0-9])"
)
_FORMAL = re.compile(r"[军警士武文]字第?\d{5,10}号?")
_CARD = re.compile(
    r"(?<![\dA-Za-z.])(?:62\d{2}(?:[ \-]?\d){11,15}|[3-6]\d{3}(?:[ \-]\d{4}){3}"
    r"|[3-6]\d{3}(?:[ \-]\d{4}){3}[ \-]\d{3})(?![\dA-Za-z.])"
)
_ACCOUNT_NO = re.compile(
    r"(?<![\dA-Za-z.])(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
    r"|(?:好友代码|好友码|好友编号|星球编号|邀请码|账号|帐号|户名|户头|卡)[：:是为 ]*(\d[\d \-]{5,22}\d)"
)
_PLATE = re.compile(
    r"(?:\b(?:plates?|rego|registration|reg|licen[cs]e|tag|number plate)\b(?:'s| is| was| number|,|:| ends?| reads?)*)"
    r" ((?=[A-Z0-9 \-]*\d)(?=[A-Z0-9 \-]*[A-Z])[A-Z0-9]{1,4}(?:[ \-][A-Z0-9]{2,4}){1,3}|"
    r"(?=[A-Z]*\d)[A-Z0-9]{5,8})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_MAIL_SIGN = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9._%+'-]*(?:@| ?[(\[（{<] ?(?:at|AT|@|艾特|小老鼠) ?[)\]）}>] "
    r"?)(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,7}"
    r"(?![A-Za-z])"
)
_MAIL_SAID = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z0-9][A-Za-z0-9._%+'-]*(?: dot [A-Za-z0-9]+)* (?:at|AT) (?:[A-Za-z0-9-]+ (?:dot|DOT|点) )+"
    r"(?:com|cn|net|org|edu|io|me|co|uk|hk|tw|ie|in|au|ca|de|fr|example)(?: (?:dot|点) (?:cn|uk|hk|tw|au|"
    r"in))?(?![A-Za-z])"
)
_ORDER = re.compile(
    r"订单|单号|快递|运单|流水|票号|车次|航班|编号|准考证|order|tracking|invoice|ticket|flight|\bref\b|case",
    re.IGNORECASE,
)
_SOMETHING = re.compile(
    r"\d|_|/u/|\bu/|@|\bat\b|dot|点|字第|zero|oh |one|two|\$[A-Za-z]|live:|[零一二三四五六七八九幺洞]{4}|"
    r"[零一二三四五六七八九] [零一二三四五六七八九]|艾特|Gamertag|gamertag|steam|AO3|Strava",
    re.IGNORECASE,
)


def without_data(text: str) -> str:
    """The text with embedded files (data: addresses, long base64) blanked: they are never personal data to read."""
    return _DATA.sub(lambda match: " " * len(match.group()), text) if len(text) > 60 else text


def handles(text: str) -> Iterator[Found]:
    """Handles, numbers and papers in plain text, beside what `numbers` finds."""
    if not _SOMETHING.search(text):
        return
    for pattern, kind, certainty in _BY_SHAPE:
        for match in pattern.finditer(text):
            group = next((place for place in range(1, pattern.groups + 1) if match.group(place)), 0)
            if not _ORDER.search(text, max(0, match.start() - 10), match.start(group)):
                yield Found(*match.span(group), kind, certainty)
    for match in _TOKEN.finditer(text):
        token = match.group()
        mixed = "_" in token.strip("_") or (
            len(token) >= 7 and sum(map(str.isdigit, token)) >= 2 and sum(map(str.isalpha, token)) >= 3
        )
        if (
            mixed
            and not _ORDINARY.fullmatch(token)
            and not _ORDER.search(text, max(0, match.start() - 8), match.start())
        ):
            near = _WECHAT_NEAR.search(text, max(0, match.start() - 16), match.end() + 8)
            yield Found(*match.span(), "wechat" if near and not text.isascii() else "account", 4.6)
    for match in _PAPER.finditer(text):
        if sum(map(str.isdigit, match.group(1))) >= 6:
            yield Found(*match.span(1), "id_card", 6.6)
    for match in _HAN_RUN.finditer(text):
        han = sum(char in _HAN_DIGIT for char in match.group())
        if han >= 3 and match.group().translate(_ARABIC) not in "01234567890123456789":
            yield Found(*match.span(), "phone", 5.2)
    for match in _LONE.finditer(text):
        ordered = _ORDER.search(text, max(0, match.start() - 12), match.start())
        if not ordered and not _DATE.fullmatch(match.group()) and len(set(match.group())) > 2:
            yield Found(*match.span(), "qq" if len(match.group()) < 11 and not text.isascii() else "account", 3.6)


_BY_SHAPE: tuple[tuple[re.Pattern[str], Kind, float], ...] = (
    (_REDDIT, "account", 6.5),
    (_CASH, "account", 5.0),
    (_TAGGED, "account", 7.6),
    (_FEDERATED, "account", 9.8),
    (_USER_OF, "account", 4.8),
    (_QQ, "qq", 5.4),
    (_QQ_FAR, "qq", 4.4),
    (_SAID, "phone", 5.0),
    (_APART, "phone", 5.4),
    (_MOBILE_CUT, "phone", 6.9),
    (_LOCAL, "phone", 4.9),
    (_PAPERS, "id_card", 6.4),
    (_FORMAL, "id_card", 6.8),
    (_CARD, "account", 5.9),
    (_ACCOUNT_NO, "account", 7.2),
    (_PLATE, "account", 5.6),
    (_MAIL_SIGN, "email", 9.6),
    (_MAIL_SAID, "email", 9.6),
)
