"""The client's settings as they come over the wire: language, region, humour, offers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from anxin.counsel import Settings
from anxin.dialogue import Language
from anxin.safety import regions
from anxin.serve.options import ServeOptions
from anxin.serve.refusals import Refusal

__all__ = ["locale_of", "read_language", "read_region", "read_settings", "region_codes"]

_LONGEST_LOCALE = 200  # characters


def read_settings(
    body: Mapping[str, Any], options: ServeOptions, locale: str = "", *, status: int = 400, param: str = ""
) -> Settings:
    """Settings from an object with `language`, `region`, `humour`, `offers`, all optional.

    `locale` is the request's Accept-Language, for a client who chose no region. Raises `Refusal` with `status`.
    """
    for name in ("humour", "offers"):
        if body.get(name) is not None and not isinstance(body[name], bool):
            raise Refusal(status, "bad_request", f"{param}{name} must be true or false", param=f"{param}{name}")
    return Settings(
        language=read_language(body.get("language"), status=status, param=f"{param}language") or options.language,
        region=read_region(body.get("region"), status=status, param=f"{param}region") or "",
        locale=locale,
        house=options.lines_region,
        jurisdiction=options.jurisdiction,
        humour=body.get("humour") is not False,
        offers=options.offers and body.get("offers") is not False,
    )


def read_language(raw: object, *, status: int = 400, param: str = "language") -> Language | None:
    """A language, or None when none is asked for."""
    match raw:
        case None | "zh" | "en":
            return raw
    raise Refusal(status, "bad_request", f"{param} must be zh or en", param=param)


def read_region(raw: object, *, status: int = 400, param: str = "region") -> str | None:
    """A region whose crisis lines are known, or None when none is asked for."""
    known = region_codes()
    if raw is None or (isinstance(raw, str) and raw in known):
        return raw
    raise Refusal(status, "bad_request", f"{param} must be one of {', '.join(known)}", param=param)


def locale_of(request: Request) -> str:
    """What the client's browser says of its languages, and so perhaps of where it is."""
    return request.headers.get("accept-language", "")[:_LONGEST_LOCALE]


def region_codes() -> tuple[str, ...]:
    """The regions whose crisis lines are known."""
    return tuple(code for code, _ in regions("en"))
