"""Written forms: numbers, addresses on the net, names of accounts. Found by shape, check digit and cue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from anxin.corpus.personal.reading import words
from anxin.corpus.personal.span import Found
from anxin.safety.lines import allowed_numbers, allowed_sites

__all__ = ["numbers"]

_HANDLE = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{2,29}"
# Words between a cue and what it announces.
_FILL = (
    r"(?:[\s:=]|：|，|、|号码|号|账户|账号|帐号|id|ID|Id|名字|名|也是|就是|还是|是|为|叫|搜索?|加我?|改成"
    r"|换成|我的?|的|“|\"|「|《|is|number|no\.?|handle|username|user|me|at|on|as|->|→){0,7}"
)
_CHINESE = "零〇○一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_READ = str.maketrans(_CHINESE, "00012345678912123456789")

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]* ?@ ?[A-Za-z0-9-]+(?: ?\. ?[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]*(?:@|#|\$|\*|艾特| ?[(\[（【]? ?(?:at|AT|@|艾特) ?[)\]）】]? ?)"
    r"[A-Za-z0-9-]+(?: ?[(\[（【] ?(?:dot|点|\.) ?[)\]）】] ?| (?:dot|DOT) |点|\.)"
    r"(?:com|cn|net|org|edu|io|me|co|uk|hk|tw|example)(?:\.(?:cn|uk|hk|tw))?(?![A-Za-z])"
    r"|(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{2,}(?:圈a|圈A|@|艾特|#)(?:qq|QQ|163|126|gmail|sina|foxmail"
    r"|outlook|hotmail|139|yeah)(?:\.com|点com|\.net)?(?![A-Za-z0-9])"
)
_ENDINGS = (
    "com|cn|org|net|io|gov|edu|info|uk|hk|tw|sg|us|xyz|cc|vip|ly|gl|app|cafe|link|live|eu|de|fr|jp|ca|au|nz|tv|top|site"
    "|online|shop|club|wiki|dev|page|chat|blog|me|example|test"
)
_LINK = re.compile(
    r"(?:https?|ftp)://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+;=%]+"
    rf"|(?<![A-Za-z0-9@._-])www\.[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9\-._~/?#&=%]*)?"
    rf"|(?<![A-Za-z0-9@._-])(?:[A-Za-z0-9-]+\.)+(?:{_ENDINGS})/[A-Za-z0-9\-._~/?#&=%@]+"
    rf"|(?<![A-Za-z0-9@._-])[A-Za-z0-9-]{{2,}}(?:\.[A-Za-z0-9-]+)*\.(?:com|cn|org|net|io|xyz|cc|vip"
    rf"|example)(?:\.(?:cn|uk|hk|tw))?(?![A-Za-z0-9@/-])",
    re.IGNORECASE,
)
_PUBLIC_SITES = words(
    "taobao.com jd.com baidu.com qq.com weibo.com douban.com zhihu.com bilibili.com 163.com google.com"
    " facebook.com"
    " youtube.com amazon.com wikipedia.org psychologytoday.com apa.org nami.org who.int nhs.uk mind.org.uk"
)
# Most texts have none of these, and are then spared the patterns that need them.
_DIGITS = re.compile(r"\d(?:[ \-.()·，,、]{0,3}\d){3}")
_LATIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]|[@➕❤]")
_SIGNS = re.compile(
    r"[@#$*]|[A-Za-z0-9][.点圈][A-Za-z]|艾特|圈| at | AT |[(\[（【] ?(?:at|AT|dot|DOT)|(?:点|dot)(?:com|cn|net)"
)
_HANDLEISH = re.compile(r"[A-Za-z0-9][_.\-][A-Za-z0-9]|[a-z][A-Z]|[A-Za-z][·•]?\d|_")
_CHINESE_SOME = re.compile(f"[{_CHINESE}](?:[ \\-、]?[{_CHINESE}]){{4}}")
_CHINESE_RUN = re.compile(rf"(?<![{_CHINESE}\d])[{_CHINESE}]{{11}}(?![{_CHINESE}\d])")
_CHINESE_CUED = re.compile(
    rf"(?:电话|手机|号码|微信|[Qq][Qq]|扣扣){_FILL}([{_CHINESE}](?:[ \-、]?[{_CHINESE}]){{4,12}})(?![{_CHINESE}])"
)
_MOBILE = re.compile(r"(?<![\d.])(?:(?:\+|00) ?86[\- ]?|\(\+?86\) ?)?1[ \-.]?[3-9](?:[ \-.·]{0,2}\d){9}(?!\d|\.\d)")
_COMMAS = re.compile(r"(?<!\d)1[3-9]\d[，,、]\d{4}[，,、]\d{4}(?!\d)")
_LANDLINE = re.compile(
    r"(?<![\d.])(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3})[ \-]?\d{3,4}[ \-]?\d{4}(?:(?:转|-|ext\.? ?)\d{1,5})?(?!\d)"
)
_PLUS = re.compile(r"(?<![\d+])(?:\+|00)(?!86)[1-9]\d{0,2}[ \-]?(?:\(0?\d{1,4}\)[ \-]?)?\d(?:[ \-.]?\d){6,11}(?!\d)")
_AMERICAN = re.compile(
    r"(?<![\d$£.-])(?:1[ \-.])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[\-. ])\d{3}[\-. ]\d{4}(?:,? ?(?:x|ext\.?|extension)"
    r" ?\d{1,5})?(?!\d)"
)
_TEN = re.compile(r"(?<![\d$£.\-/])[2-9]\d{2}[2-9]\d{6}(?![\d.])")
_BRITISH = re.compile(
    r"(?<![\d.])0(?:7\d{3} ?\d{3} ?\d{3}|20 ?\d{4} ?\d{4}|1\d{2,3} ?\d{3} ?\d{3,4}|2\d ?\d{4} ?\d{4}"
    r"|7\d{3}[ -]\d{6})(?!\d)"
)
_TAIWAN = re.compile(r"(?<![\d.])09\d{2}[ \-]?\d{3}[ \-]?\d{3}(?!\d)")
_CUED_PHONE = re.compile(
    r"(?:(?:电话|手机|座机|联系方式|号码|致电|拨打|短信|热线)"
    + _FILL
    + r"|\b(?:call|text|phone|number|cell|mobile|tel|ring|whatsapp|landline|reach)\b"
    r"(?: (?:me|him|her|us|is|at|on|number|number's|'s|anytime|it's|was))*[:,]? ?)((?:\+"
    r" ?)?\d(?:[ \-]?\d){6,12})(?![\d.%])",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:尾号|后四位|末四位)(?:是|为|：|:)?(\d{4})(?!\d)|(?:last four(?: digits)?|ending in)(?: (?:is"
    r"|are|of))?:? ?(\d{4})(?!\d)"
)
_ID18 = re.compile(r"(?<![\dA-Za-z])[1-9](?:[ \-]?\d){16}[ \-]?[\dXx](?![\dA-Za-z])")
_ID15 = re.compile(r"(?<!\d)[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)")
_ID_CUE = re.compile(r"身份证|身分证|证件|证号|ID|护照|passport|通行证", re.IGNORECASE)
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])(?:[EGeg]\d{8}|[EGeg][A-Za-z]\d{7}|[A-Za-z]{1,2}\d{6,9}|\d{9})(?![A-Za-z0-9])")
_PASSPORT_CUE = re.compile(
    r"护照|passport|通行证|回乡证|台胞证|居留|签证|visa|permit|licen[cs]e|驾照|驾驶证", re.IGNORECASE
)
_SURE_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[EG]\d{8}(?![A-Za-z0-9])|(?<![A-Za-z0-9])[A-Z]\d{6}\([\dA]\)")
_TAIWAN_ID = re.compile(r"(?<![A-Za-z0-9])[A-Z][12]\d{8}(?![A-Za-z0-9])")
_SOCIAL = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_SOCIAL_CUED = re.compile(
    r"(?:\bSSN\b|social security(?: number)?|\bsocial\b|\bSIN\b|\bNHS number|national insurance(?: number)?|\bNI"
    r" number|Medicare(?: number)?)"
    r"[^\dA-Za-z\n]{0,3}(?:number )?(?:(?:is|was|:|#|no\.?) ?)*([A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"|\d[\d \-]{7,11}\d)",
    re.IGNORECASE,
)
_INSURANCE = re.compile(r"(?<![A-Za-z0-9])[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z0-9])")
_WECHAT = re.compile(
    r"(?:微信|威信|薇信|维信|徽信|微❤|薇❤|微心|卫星|V信|v信|❤信|绿泡泡|(?<![A-Za-z])(?:vx|VX|Vx|wx|WX"
    r"|wechat|WeChat|Wechat|WECHAT|weixin"
    r"|Weixin|wei xin)(?![A-Za-z])"
    r"|(?<![A-Za-z])[vV]我|(?<![A-Za-z])[+加➕]?[vV薇微❤](?=[:： ]|❤|号|我))"
    r"(?:❤)?"
    + _FILL
    + (
        r"[\s\"'“(（]*([A-Za-z][A-Za-z0-9_\-]{4,24}|1[3-9]\d{9}"
        r"|[A-Za-z0-9_\-]*[A-Za-z_\-][A-Za-z0-9_\-]{3,24})(?![A-Za-z0-9])"
    )
)
_ADD = re.compile(
    r"(?:加我?|搜|➕|(?<![A-Za-z])add(?: me)?|微信|WeChat|wechat)(?:[:： ]|一下|微信|好友|号|the app|on){0,3}"
    r"(?=[A-Za-z0-9_\-]*[\d_])([A-Za-z][A-Za-z0-9_\-]{5,24})(?![A-Za-z0-9@.])"
)
_QQ = re.compile(
    r"(?:(?<![A-Za-z])[Qq][Qq]|(?<![A-Za-z])[Qq]我|加[Qq](?![A-Za-z])|扣扣|球球|企鹅|[Qq]号|叩叩|寇寇)(?:群|号码|号)?"
    + _FILL
    + r"(?:群号)?"
    + _FILL
    + rf"([1-9](?:[ \-]?\d){{4,10}}|[{_CHINESE}]{{5,11}})(?![\d@])"
)
_WECHAT_ANY = re.compile("[微威薇维徽卫绿❤]|[vV][xX我信]|[wW][xXeE]|[vV薇微❤➕加][:： ]|[vV]号")
_QQ_ANY = re.compile("[qQ]|扣|球球|企鹅|叩|寇")
_QQ_FAR = re.compile(
    r"(?<![A-Za-z])[Qq][Qq](?![A-Za-z])[^\d\n]{1,14}?([1-9]\d{5,10})(?!\d)|(?<!\d)([1-9]\d{5,10})(?:的密码|(?:这个"
    r"|是我(?:的)?)(?:[Qq]{2}|扣扣))"
)
_BACK = re.compile(
    r"(?<![A-Za-z0-9_@.-])(?=[A-Za-z_-]*[\d_])([A-Za-z][A-Za-z0-9_-]{5,24})(?=加(?:回|我|你|他|她|了"
    r"|的)|这个(?:微信|号))"
)
_GROUP = re.compile(rf"群号?(?:码)?{_FILL}([1-9]\d{{5,10}})(?!\d)")
_PLACE = (
    "小红书|微博|抖音|快手|[Bb]站|哔哩哔哩|知乎|豆瓣|贴吧|百度|网易云|支付宝|淘宝|闲鱼|陌陌|探探|soul"
    "|Soul|游戏|王者|原神|吃鸡|Steam|steam|脉脉|领英|视频号|最右|虎扑|虎牙|斗鱼|钉钉|Lofter|LOFTER|lofter"
)
_APPS = (
    "instagram|insta|ig|twitter|tiktok|tik tok|snapchat|snap|discord|telegram|reddit|tumblr|facebook|fb"
    "|venmo|paypal|cash ?app|zelle|gamertag|gamer tag|steam|xbox|psn|skype|kik|threads|bluesky|mastodon"
    "|youtube|twitch|line|whatsapp|signal|onlyfans|pinterest|linkedin|roblox|minecraft|handle|username"
    "|user ?name|screen ?name|account|battle\\.?net|epic|spotify|vsco|bereal"
)
_PLACES = re.compile(_PLACE)
_APP_ANY = re.compile(rf"(?<![a-z])(?:{_APPS}|ins|推特|电报|脸书)")
_AT = re.compile(r"(?<![A-Za-z0-9@])@[A-Za-z0-9_][A-Za-z0-9_.\-]{2,29}(?<![.\-])")
_AT_HAN = re.compile("(?<![A-Za-z0-9@])@[A-Za-z0-9_\u3400-\u9fff][A-Za-z0-9_\u3400-\u9fff.\\-]{1,19}")
_ACCOUNT = re.compile(
    rf"(?:{_PLACE})(?:账号|帐号|ID|id|Id|号|昵称|名字|网名|主页|用户名)(?:(?:[\s:：]|就是|是|为|叫|搜|“"
    rf"|「){{1,4}}|(?=[A-Za-z0-9_]))"
    r"([A-Za-z0-9_.\-\u3400-\u9fff]{2,24})"
)
_ACCOUNT_NAMED = re.compile(
    rf"(?:{_PLACE})(?:上|里|的?(?:网名|昵称|名字|ID|id|号))?(?:我)?(?:叫"
    rf"|名叫)(?:[\s:：“「])*([A-Za-z0-9_.\-\u3400-\u9fff]{{2,20}})"
)
_ACCOUNT_MARKED = re.compile(rf"(?:{_PLACE})[:：] ?([A-Za-z0-9_.\-\u3400-\u9fff]{{2,12}})(?=[，。！？,.!? ]|$)")
_ID_NAMED = re.compile(
    r"(?<![A-Za-z])(?:UID|uid|用户ID|账号|帐号|用户名|学号|工号|病历号|就诊号|门诊号|住院号|社保号"
    r"|医保号|编号是|准考证号|会员号|昵称ID)(?:[\s:：]|就是|是|为)*"
    r"([A-Za-z0-9_][A-Za-z0-9_.\-]{4,23})"
)
_APP_HANDLE = re.compile(
    rf"(?<![A-Za-z])(?:{_APPS})(?:'s| id| tag| name| handle| account| username)*(?: is| was|:| as|,|=| at| under|"
    rf" -)*\s*@?"
    r"(?=[A-Za-z0-9_.\-]*(?:[0-9_.]|[a-z][A-Z]))([A-Za-z0-9_][A-Za-z0-9_.\-]{2,29}(?:#\d{4})?)",
    re.IGNORECASE,
)
_APP_HAN = re.compile(
    r"(?<![A-Za-z])(?:(?:IG|ig|ins|INS|Ins|instagram|Instagram|推特|Twitter|twitter|Telegram|telegram|电报|Discord"
    r"|discord|LINE|line|Line|Skype|skype|Facebook|脸书|FB|snapchat)(?![A-Za-z])(?:账号|帐号|号|ID"
    r"|id)?)(?:[\s:：]|是|叫|搜|就是"
    r"|上)*(@?[A-Za-z0-9_][A-Za-z0-9_.\-]{3,29})"
)
_ON_APP = re.compile(
    rf"(?:I'm|I am|i'm|im|dm me|dm|message me|add me|at|is|as|find me(?: as)?|he's|she's|follow|add|under|named"
    rf"|called) @?([A-Za-z0-9_][A-Za-z0-9_.\-]{{3,29}}(?:#\d{{4}})?) (?:on|in|at) (?:my )?(?:{_APPS})\b",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?<![\dA-Za-z.])\d(?:[ \-]?\d){12,18}(?![\dA-Za-z.])")
_CARD_CUE = re.compile(
    r"卡号|银行卡|账号|帐号|账户|储蓄卡|信用卡|工资卡|\bcard\b|\baccount\b|\bIBAN\b|routing|sort code", re.IGNORECASE
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_ACCOUNT_NUMBER = re.compile(
    r"(?:卡号|账号|帐号|账户|account(?: number)?|routing(?: number)?|sort code|card(?: number)?)(?:[\s:：#,]|is|是|为"
    r"|number)*(\d[\d \-]{4,22}\d)",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-HJ-NP-Z]"
    r"[·•. \-]?(?=[A-Z0-9]*\d)[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])"
)
_PLATE_CUED = re.compile(
    r"(?:\b(?:licen[cs]e plates?|number plates?|plates?|registration|reg|tag)\b(?: (?:number|is|was|reads|were|of"
    r"|says|that read))*[:,]? ?|车牌(?:号|照)?(?:是|为|：|:)?)"
    r"(?=[A-Z0-9 \-]*\d)(?=[A-Z0-9 \-]*[A-Z])([A-Z0-9]{1,4}[ \-]?[A-Z0-9]{2,6})(?![A-Za-z0-9])"
)
_CUE_NEAR = 14  # characters before a number in which its cue may stand
_NOT_HANDLE = words(
    "wechat weixin account number please because instagram facebook twitter google android iphone windows"
    " message"
    " messages friends friend something anything someone nothing today hello group video voice deadline"
)
_ORDER = re.compile(
    r"订单|单号|编号|快递|运单|流水|票号|车次|航班|order|tracking|invoice|ticket|flight|\bref", re.IGNORECASE
)


@cache
def _public() -> frozenset[str]:
    """Crisis lines and emergency numbers, digits only; they stay."""
    return allowed_numbers() | {
        "988",
        "911",
        "112",
        "999",
        "110",
        "119",
        "120",
        "122",
        "12320",
        "12345",
        "12338",
        "12355",
        "12356",
    }


def numbers(text: str) -> Iterator[Found]:
    """Everything of a fixed written form in plain text."""
    latin = _LATIN.search(text) is not None
    if latin and _SIGNS.search(text):
        for match in _EMAIL.finditer(text):
            yield Found(*match.span(), "email", 9.5)
        for match in _LINK.finditer(text):
            start, end = match.span()
            end = start + len(match.group().rstrip(".,;:!?)'"))
            if not _public_site(text[start:end]):
                # "look at bit.example/3x" is no mail address.
                yield Found(start, end, "link", 9.7 if "/" in text[start:end] else 9.0)
    yield from _accounts(text, latin=latin)
    if _CHINESE_SOME.search(text):
        for match in _CHINESE_RUN.finditer(text):
            if re.fullmatch(r"1[3-9]\d{9}", _arabic(match.group())):
                yield Found(*match.span(), "phone", 8)
        for match in _CHINESE_CUED.finditer(text):
            if len(_arabic(match.group(1))) >= 7:
                yield Found(*match.span(1), "phone", 7)
    if _DIGITS.search(text):
        yield from _figures(text)
    if latin and _HANDLEISH.search(text):
        for match in _PLATE.finditer(text):
            yield Found(*match.span(), "account", 7)
        for match in _PLATE_CUED.finditer(text):
            yield Found(*match.span(1), "account", 6)


def _accounts(text: str, *, latin: bool) -> Iterator[Found]:
    if _PLACES.search(text):
        for pattern in (_ACCOUNT, _ACCOUNT_NAMED, _ACCOUNT_MARKED):
            for match in pattern.finditer(text):
                start, end = _handle_end(match, 1)
                if end - start > 1:
                    yield Found(start, end, "account", 5.5)
    if not latin and not _CHINESE_SOME.search(text):
        return
    if "@" in text:
        for match in _AT.finditer(text):
            if not match.group()[1:].isdigit() and match.group() not in ("@all", "@everyone", "@here"):
                yield Found(*match.span(), "account", 6)
        for match in _AT_HAN.finditer(text):
            if match.group().startswith(("@所有人", "@全体", "@大家")):
                continue
            if (
                _PLACES.search(text, max(0, match.start() - 8), match.start())
                or match.end() == len(text)
                or len(match.group()) < 6
            ):
                yield Found(*_handle_end(match, 0), "account", 5.5)
    cued = _WECHAT_ANY.search(text) is not None
    for match in _WECHAT.finditer(text) if cued else ():
        if match.group(1).casefold() not in _NOT_HANDLE:
            phone = match.group(1).isdigit()
            yield Found(*match.span(1), "phone" if phone else "wechat", 7.5)
    for match in _ADD.finditer(text):
        yield Found(*match.span(1), "wechat", 6.5)
    cued = _QQ_ANY.search(text) is not None
    for match in _QQ.finditer(text) if cued else ():
        if len(_arabic(match.group(1))) >= 5:
            yield Found(*match.span(1), "qq", 7.5)
    for match in _QQ_FAR.finditer(text) if _DIGITS.search(text) else ():
        yield Found(*match.span(1 if match.group(1) else 2), "qq", 5.2)
    for match in _BACK.finditer(text) if _HANDLEISH.search(text) else ():
        yield Found(*match.span(1), "wechat", 5.2)
    for match in _GROUP.finditer(text):
        yield Found(*match.span(1), "qq", 6)
    if not _HANDLEISH.search(text) and not _DIGITS.search(text):
        return
    apps = _APP_ANY.search(text.casefold()) is not None
    for pattern in (_ID_NAMED, _APP_HANDLE, _ON_APP, _APP_HAN) if apps else (_ID_NAMED,):
        for match in pattern.finditer(text):
            if pattern is _ID_NAMED or _handle_like(match.group(1)):
                start, end = match.span(1)
                end = start + len(match.group(1).rstrip(".-"))
                start -= text[start - 1 : start] == "@"
                yield Found(start, end, "account", 6.2)


def _handle_end(match: re.Match[str], group: int) -> tuple[int, int]:
    """Where the name of an account in Chinese ends: at a mark, or before what is said of it."""
    start, end = match.span(group)
    text = match.string[start:end]
    for word in ("下面", "发的", "上的", "那个", "这个", "里面", "被人", "发了", "就是", "找我"):
        place = text.find(word)
        if place > 1:
            text = text[:place]
    return start, start + len(text.rstrip(".-"))


def _handle_like(text: str) -> bool:
    """Digits, signs or capitals inside: "lowtide.lena", not "messages"."""
    return (
        text.casefold() not in _NOT_HANDLE
        and bool(re.search(r"[\d_]|\w[.\-]\w|[a-z][A-Z]", text))
        and not re.fullmatch(
            r"[A-Za-z]*[a-z]\.[A-Z][a-z]*|iMessage|\d{1,5}|\d+[.\-]\d+|(?:19|20)\d\d.*|(?:[A-Za-z]+-)+[A-Za-z]+"
            r"|\d+-\w+",
            text,
        )
    )


def _figures(text: str) -> Iterator[Found]:
    for match in _ID18.finditer(text):
        digits = re.sub(r"[ \-]", "", match.group()).upper()
        cued = bool(_ID_CUE.search(text, max(0, match.start() - _CUE_NEAR), match.start()))
        if _birthday(digits[6:14]) and (_checks(digits) or cued or " " not in match.group()):
            yield Found(*match.span(), "id_card", 10 if _checks(digits) else 8.5)
        elif cued:
            yield Found(*match.span(), "id_card", 8)
    for match in _ID15.finditer(text):
        if not _ordered(text, match.start()):
            yield Found(*match.span(), "id_card", 7.5)
    for match in _SOCIAL.finditer(text):
        yield Found(*match.span(), "id_card", 8)
    for match in _SOCIAL_CUED.finditer(text):
        yield Found(*match.span(1), "id_card", 8.5)
    for pattern in (_SURE_PASSPORT, _TAIWAN_ID, _INSURANCE):
        for match in pattern.finditer(text):
            if not _ordered(text, match.start()):
                yield Found(*match.span(), "id_card", 7.2)
    if _PASSPORT_CUE.search(text):
        for match in _PASSPORT.finditer(text):
            if _PASSPORT_CUE.search(text, max(0, match.start() - 30), match.start()):
                yield Found(*match.span(), "id_card", 7.8)
    for pattern in (_COMMAS, _MOBILE, _PLUS, _AMERICAN, _LANDLINE, _BRITISH, _TAIWAN):
        for match in pattern.finditer(text):
            if not _open_line(match.group()) and not _ordered(text, match.start()):
                yield Found(*match.span(), "phone", 7)
    for match in _TEN.finditer(text):
        if not _ordered(text, match.start()) and not _open_line(match.group()):
            yield Found(*match.span(), "phone", 5)
    for match in _CUED_PHONE.finditer(text):
        digits = re.sub(r"\D", "", match.group(1))
        if not _open_line(digits) and not re.match(r"(?:400|800|95|96|12)\d", digits) and not _year(match.group(1)):
            yield Found(*match.span(1), "phone", 6)
    for match in _TAIL.finditer(text):
        group = 1 if match.group(1) else 2
        yield Found(*match.span(group), "account", 5)
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        cued = bool(_CARD_CUE.search(text, max(0, match.start() - _CUE_NEAR - 6), match.start()))
        if cued or (_luhn(digits) and not _ordered(text, match.start()) and len(set(digits)) > 1):
            yield Found(*match.span(), "account", 8 if cued else 6)
    for match in _ACCOUNT_NUMBER.finditer(text):
        if len(re.sub(r"\D", "", match.group(1))) >= 6:
            yield Found(*match.span(1), "account", 6.5)
    for match in _IBAN.finditer(text):
        yield Found(*match.span(), "account", 7)


def _arabic(text: str) -> str:
    return re.sub(r"\D", "", text.translate(_READ))


def _ordered(text: str, start: int) -> bool:
    """Whether it is the number of an order, a parcel or a train."""
    return _ORDER.search(text, max(0, start - 12), start) is not None


def _open_line(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return digits in _public() or digits.removeprefix("86") in _public() or _FREE.fullmatch(number) is not None


# Free numbers are an office's, never a person's.
_FREE = re.compile(r"[48]00(?:[ \-]?\d){7}|(?:1[ \-.])?\(?8(?:00|88|77|66|55|44|33)\)?[ \-.]?\d{3}[ \-.]?\d{4}")


def _public_site(link: str) -> bool:
    host, _, path = link.split("://")[-1].partition("/")
    host = host.casefold().removeprefix("www.")
    if any(host == site or host.endswith("." + site) for site in allowed_sites()):
        return True
    return not path and host in _PUBLIC_SITES


def _year(text: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d[ \-/.]?(?:\d\d?[ \-/.]?\d\d?|(?:19|20)\d\d)", text) is not None


def _birthday(digits: str) -> bool:
    try:
        return 1900 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year <= 2030
    except ValueError:
        return False


def _checks(digits: str) -> bool:
    """The check character of a resident's number, GB 11643-1999 (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits[:17]))
    return "10X98765432"[total % 11] == digits[17]


def _luhn(digits: str) -> bool:
    """The check digit of bank cards, ISO/IEC 7812-1."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
