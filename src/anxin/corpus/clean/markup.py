"""Layout that was meant for a browser or an editor."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from anxin.corpus.sample import Sample

__all__ = ["Markup"]

_ANY = re.compile(r"[<&\[*#_`~\xa0]|^[-=]{3}", re.MULTILINE)
_BLOCK = "address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form"
_BLOCK += "|h[1-6]|head|header|hr|html|iframe|li|main|nav|ol|option|p|pre|section|select|table|tbody|td|tfoot|th|thead"
_BLOCK += "|title|tr|ul"
_INLINE = "a|abbr|b|big|button|cite|code|del|dfn|em|font|i|img|input|ins|kbd|label|link|mark|meta|o:p|q|s|samp|small"
_INLINE += "|source|span|strike|strong|sub|sup|svg|time|tt|u|var|video|wbr"
_WITH = r"(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>]+))*\s*/?"
_UNREAD = re.compile(r"<(script|style|noscript|template)\b[^>]*>.*?</\1\s*>|<!--.*?-->|<!doctype[^>]*>", re.I | re.S)
_BLOCKS = re.compile(rf"</?(?:{_BLOCK}){_WITH}>", re.I)
_INLINES = re.compile(rf"</?(?:{_INLINE}){_WITH}>", re.I)
_ENTITY = re.compile(r"&(?:#\d{2,7}|#x[0-9a-f]{2,6}|[a-z][a-z0-9]{1,30});", re.I)
_NBSP = re.compile(r"&nbsp;?|\xa0", re.I)
_BB = re.compile(
    r"\[(b|i|u|s|url|quote|color|size|font|email|center|left|right|align|list|code|td|tr|table)(?:=[^\]\n]{0,200})?\]"
    r"(.*?)\[/\1\]",
    re.I | re.S,
)
_BB_GONE = re.compile(r"\[(img|attach|media|flash|emot)(?:=[^\]\n]{0,200})?\].{0,500}?\[/\1\]", re.I)
_IMAGE = re.compile(r"!\[[^\]\n]*\](?:\([^)\n]*\)|\[\w*\])")
_REFERENCE = re.compile(r"^[ \t]*\[[^\]\n]{1,40}\]:[ \t]*(?:https?://|/|#|mailto:)\S*.*$", re.M)
_REFERRED = re.compile(r"\[([^\]\n]{1,200})\]\[\w{1,10}\]")
_UNDERLINE = re.compile(r"^(?:={3,}|-{3,})[ \t]*$", re.M)
_LINK = re.compile(r"\[([^\]\n]{1,200})\]\((?:https?://|/|#|mailto:)[^)\n]*\)")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$", re.M)
_HEADER = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(?=\S)", re.M)
_RULE = re.compile(r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$", re.M)
_BOLD = re.compile(r"(?<![0-9A-Za-z*])\*\*(?=[^\s*])([^*\n]+?)(?<=\S)\*\*(?![0-9A-Za-z*])")
_UNDER = re.compile(r"(?<![0-9A-Za-z_])__(?=[^\s_])([^_\n]+?)(?<=\S)__(?![0-9A-Za-z_])")
_LEFT_OVER = re.compile(
    r"(?<!\*)(?:\*{2}|\*{4}|\*{6})(?=[\u3400-\u9fff【《“])|(?<=[\u3400-\u9fff。！？：])(?:\*{2}|\*{4,6})(?!\*)"
)
_TICKS = re.compile(r"`([^`\n]{1,200})`")
_DEEPEST = 4  # BBCode within BBCode


@dataclass(frozen=True, slots=True)
class Markup:
    """Takes HTML tags and entities, BBCode and Markdown's emphasis, headers, rules, links and fences off the text.

    Only what is certainly layout goes: tags by their known names ("<3", "a < b", "<我>" stay), BBCode in pairs,
    entities with their semicolon, headers with their space ("#话题#" stays). Stage directions ("*sighs*"), lists and
    forum emoticons ("[微笑]") are words, not layout. What stood in a block of its own gets a line of its own.

    `markdown = false` leaves Markdown alone, for sets whose replies are meant to be rendered.
    """

    markdown: bool = True

    def __call__(self, sample: Sample) -> Sample:
        return sample.rewritten(self._plain)

    def _plain(self, text: str) -> str:
        if not _ANY.search(text):
            return text
        text = _ENTITY.sub(lambda match: html.unescape(match.group()), _NBSP.sub(" ", text)).replace("\xa0", " ")
        if "<" in text:
            text = _INLINES.sub("", _BLOCKS.sub("\n", _UNREAD.sub("\n", text)))
        if "[/" in text:
            text = _BB_GONE.sub("", text)
            for _ in range(_DEEPEST):
                text, found = _BB.subn(r"\2", text)
                if not found:
                    break
        return self._unmarked(text) if self.markdown else text

    def _unmarked(self, text: str) -> str:
        text = _REFERRED.sub(r"\1", _LINK.sub(r"\1", _REFERENCE.sub("", _IMAGE.sub("", text))))
        text = _RULE.sub("", _UNDERLINE.sub("", _FENCE.sub("", _HEADER.sub("", text))))
        if "**" in text:
            text = _LEFT_OVER.sub("", _BOLD.sub(r"\1", text))
        if "__" in text:
            text = _UNDER.sub(r"\1", text)
        return _TICKS.sub(r"\1", text)
