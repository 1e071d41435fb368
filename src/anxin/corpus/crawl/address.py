"""Addresses: when two are the same page, which differ in numbers only, and which lead in circles."""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

__all__ = ["canonical", "circles", "shape", "site"]

_PORTS = {"http": 80, "https": 443}
_SESSION = re.compile(
    r"(?:jsessionid|phpsessid|aspsessionid\w*|sessionid|session_id|sessid|sid|cfid|cftoken|zenid|oscsid"
    r"|utm_\w+|fbclid|gclid|yclid|msclkid|spm)",
    re.IGNORECASE,
)
_PATH_SESSION = re.compile(r";(?:jsessionid|sid|phpsessid)=[^/;?]*", re.IGNORECASE)
_CHANGING = re.compile(r"(?=[0-9a-f-]*\d)[0-9a-f]{8}[0-9a-f-]*|\d+", re.IGNORECASE)
_LONGEST = 2000
_DEEPEST = 20
_MOST_REPEATS = 2
_SAFE = "/~!$&'()*+,;=:@"


def site(address: str) -> str:
    """Scheme, host and port: what one robots.txt speaks for (RFC 9309, section 2.3). Empty for no web address."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _PORTS[parts.scheme] else "")


def canonical(address: str) -> str:
    """The address under which a page is known: without fragment, session identifier or tracking, the query in order,
    dots resolved, escapes written one way (RFC 3986, section 6.2.2). Empty for no web address.
    """
    root = site(address)
    if not root:
        return ""
    parts = urlsplit(address)
    path = _undotted(quote(unquote(_PATH_SESSION.sub("", parts.path), errors="surrogateescape"), _SAFE, errors=_ESCAPE))
    pairs = sorted(
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors=_ESCAPE)
        if not _SESSION.fullmatch(name)
    )
    return root + urlunsplit(("", "", path, urlencode(pairs, errors=_ESCAPE), ""))


_ESCAPE = "surrogateescape"  # a Chinese site may escape the bytes of GB18030: they go out as they came in


def shape(address: str) -> str:
    """The address with every number and identifier as `#` and of its query the names only: `/calendar/#/#?view`."""
    parts = urlsplit(canonical(address))
    names = sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True, errors="replace")})
    return f"{parts.netloc}{_CHANGING.sub('#', parts.path)}" + (f"?{'&'.join(names)}" if names else "")


def circles(address: str) -> bool:
    """Whether an address looks made by a loop of relative links: a folder named over and over, or no end of folders."""
    if len(address) > _LONGEST:
        return True
    folders = [folder for folder in urlsplit(address).path.split("/") if folder]
    return len(folders) > _DEEPEST or any(
        count > _MOST_REPEATS and not name.isdigit() for name, count in Counter(folders).items()
    )


def _undotted(path: str) -> str:
    kept: list[str] = []
    folders = path.split("/")[1:] if path.startswith("/") else path.split("/")
    for folder in folders:
        if folder == "..":
            kept[-1:] = []
        elif folder != ".":
            kept.append(folder)
    if folders and folders[-1] in (".", ".."):
        kept.append("")
    return re.sub(r"/{2,}", "/", "/" + "/".join(kept))
