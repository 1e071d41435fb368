"""The built page, read once into memory: nothing but its own files can ever be served."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from anxin.serve.refusals import Refusal

__all__ = ["Page"]

_TEXT = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_FOREVER = "public, max-age=31536000, immutable"  # the build puts a hash into the names under assets/


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    zipped: bytes | None
    kind: str
    tag: str
    cache: str


@dataclass(frozen=True, slots=True)
class Page:
    """The files of the page by their path below the site's root."""

    files: Mapping[str, _File]

    @classmethod
    def read(cls, folder: Path) -> Page:
        """Read a built page; empty when it has not been built."""
        if not (folder / "index.html").is_file():
            return cls({})
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
        return cls({path.relative_to(folder).as_posix(): _file(path, folder) for path in paths})

    def answer(self, request: Request) -> Response:
        """The file at the request's path; the page itself for a path that is a place within it."""
        if not self.files:
            return PlainTextResponse("The page is not built yet: run `make install`, then start the server again.\n")
        path = request.url.path.lstrip("/") or "index.html"
        file = self.files.get(path)
        if file is None:
            if "." in path.rpartition("/")[2]:
                raise Refusal(404, "not_found", "there is nothing at this address")
            file = self.files["index.html"]
        headers = {"etag": file.tag, "cache-control": file.cache, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(file.zipped, headers={**headers, "content-encoding": "gzip"}, media_type=file.kind)
        return Response(file.body, headers=headers, media_type=file.kind)


def _file(path: Path, folder: Path) -> _File:
    body = path.read_bytes()
    kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    zipped = gzip.compress(body, mtime=0) if kind.startswith(_TEXT) and len(body) > 1024 else None
    hashed = path.relative_to(folder).parts[0] == "assets"
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return _File(body, zipped, kind, tag, _FOREVER if hashed else "no-cache")


# The registry of a machine may map these to something a browser refuses to run.
_KINDS: Mapping[str, str] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "application/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
