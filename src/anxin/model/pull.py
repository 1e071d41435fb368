"""Download a named GGUF file: names, access and checksums from huggingface_hub, the bytes resumable over any break.

The library itself throws a partial file away when it stops; several gigabytes over a poor line need better.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import httpx

from anxin.errors import ModelFileError, ModelNotFound, ModelUnavailable
from anxin.model.gguf import read_header

__all__ = ["Progress", "pull"]

Progress = Callable[[int, int], None]

_NAME: Final = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?::(?P<file>[^:\\\0]+\.gguf))?")
_SPLIT: Final = re.compile(r"-\d{5}-of-(\d{5})\.gguf$")
_CHUNK: Final = 1 << 20  # bytes
_TRIES: Final = 5  # in a row without one new byte


@dataclass(frozen=True, slots=True)
class _Remote:
    """One file of a repository at one commit."""

    url: str
    headers: dict[str, str]
    etag: str
    size: int


def pull(
    name: str, home: Path, progress: Progress | None = None, *, endpoint: str = "", token: str = "", wait: float = 1.0
) -> Path:
    """Download `owner/repo:file.gguf`, or `owner/repo` where it has one GGUF file, into `home`'s `models`.

    What an earlier, broken-off call left is resumed; `progress(bytes so far, bytes in all)` follows each file. The
    checksum the hub states is verified, then the file's header. `endpoint` (default `HF_ENDPOINT`, else the hub)
    may be a mirror. Each of up to five attempts without a new byte waits `wait` seconds longer. Raises
    `ModelNotFound`, `ModelUnavailable` or, for a file that is not what was promised, `ModelFileError`.
    """
    wanted = _NAME.fullmatch(name)
    if wanted is None or ".." in name or (wanted["file"] or "").startswith("/"):
        raise ModelNotFound(f"{name!r} names no model to download; write owner/repo or owner/repo:file.gguf")
    hub = _Hub(endpoint or os.environ.get("HF_ENDPOINT", ""), token)
    filename = wanted["file"] or _only(hub.gguf_files(wanted["repo"]), wanted["repo"])
    folder = home / "models" / wanted["repo"]
    paths = [_fetch(hub.remote(wanted["repo"], part), folder / part, progress, wait) for part in _parts(filename)]
    return paths[0]


class _Api(Protocol):
    def list_repo_files(self, repo_id: str) -> list[str]: ...


class _Hub:
    """What huggingface_hub knows, with its errors in our words."""

    def __init__(self, endpoint: str, token: str) -> None:
        # Here and not above: the import takes a tenth of a second that no other command needs.
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.utils

        self._lib: Any = huggingface_hub
        self._errors: Any = huggingface_hub.errors
        self._endpoint = endpoint.rstrip("/") or None
        self._token = token or None
        self._api: _Api = huggingface_hub.HfApi(endpoint=self._endpoint, token=self._token)

    def gguf_files(self, repo: str) -> list[str]:
        files: list[str] = self._ask(repo, lambda: self._api.list_repo_files(repo))
        return [file for file in files if file.endswith(".gguf") and not Path(file).name.startswith("mmproj")]

    def remote(self, repo: str, file: str) -> _Remote:
        url = str(self._lib.hf_hub_url(repo, file, endpoint=self._endpoint))
        known = self._ask(
            f"{repo}:{file}",
            lambda: self._lib.get_hf_file_metadata(url, token=self._token, endpoint=self._endpoint),
        )
        if known.commit_hash:  # so that a file replaced meanwhile is not glued to the old one's beginning
            url = str(self._lib.hf_hub_url(repo, file, revision=known.commit_hash, endpoint=self._endpoint))
        headers = {**self._lib.utils.build_hf_headers(token=self._token), "Accept-Encoding": "identity"}
        return _Remote(url, headers, known.etag or "", known.size or 0)

    def _ask(self, what: str, ask: Callable[[], Any]) -> Any:
        errors = self._errors
        place = self._endpoint or "the hub"
        try:
            return ask()
        except errors.GatedRepoError:
            raise ModelUnavailable(
                f"{what} asks for consent first: accept its terms on its page, then set HF_TOKEN"
            ) from None
        except (errors.RepositoryNotFoundError, errors.EntryNotFoundError, errors.RevisionNotFoundError):
            raise ModelNotFound(
                f"{place} has no {what}; check the spelling, or set HF_TOKEN if it is private"
            ) from None
        except errors.OfflineModeIsEnabled:
            raise ModelUnavailable("downloads are switched off by HF_HUB_OFFLINE; unset it") from None
        except Exception as error:  # the library's HTTP client, and so its errors, differ from version to version
            raise ModelUnavailable(
                f"{place} cannot be asked for {what}; try again or set HF_ENDPOINT to a mirror"
            ) from error


def _only(files: list[str], repo: str) -> str:
    first = [file for file in files if not _SPLIT.search(file) or "-00001-of-" in file]
    if len(first) == 1:
        return first[0]
    if not first:
        raise ModelNotFound(f"{repo} holds no GGUF file")
    raise ModelNotFound(f"{repo} holds several GGUF files; name one: " + ", ".join(f"{repo}:{file}" for file in first))


def _parts(filename: str) -> list[str]:
    """The file, or every part of a split one, the first first."""
    split = _SPLIT.search(filename)
    if split is None:
        return [filename]
    stem, total = filename[: split.start()], split[1]
    return [f"{stem}-{part:05d}-of-{total}.gguf" for part in range(1, int(total) + 1)]


def _fetch(remote: _Remote, target: Path, progress: Progress | None, wait: float) -> Path:
    if target.is_file() and target.stat().st_size == remote.size and _matches(target, remote):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(f"{remote.etag} {remote.url}".encode()).hexdigest()[:16]
    partial = target.with_name(f"{target.name}.{mark}.part")
    _room(remote, partial)
    _download(remote, partial, progress, wait)
    if not _matches(partial, remote):
        partial.unlink()
        raise ModelFileError(f"{target.name} came damaged: its checksum is not the one promised; download it again")
    try:
        read_header(partial)
    except ModelFileError:
        partial.unlink()
        raise
    partial.replace(target)
    return target


def _download(remote: _Remote, partial: Path, progress: Progress | None, wait: float) -> None:
    idle = 0
    timeout = httpx.Timeout(30, connect=10)
    with httpx.Client(follow_redirects=True, timeout=timeout) as client, partial.open("ab") as file:
        while not remote.size or file.tell() < remote.size:
            before = file.tell()
            fault: Exception | None = None
            try:
                _stream(client, remote, file, progress)
            except httpx.HTTPError as error:
                fault = error
            if fault is None and not remote.size:
                return
            if remote.size and file.tell() >= remote.size:
                return
            idle = 0 if file.tell() > before else idle + 1
            if idle >= _TRIES:
                raise ModelUnavailable("the download broke off; run the command again to go on from there") from fault
            time.sleep(wait * max(1, idle))


def _stream(client: httpx.Client, remote: _Remote, file: BinaryIO, progress: Progress | None) -> None:
    """Append what the server gives from here on."""
    start = file.tell()
    headers = {**remote.headers, **({"Range": f"bytes={start}-"} if start else {})}
    with client.stream("GET", remote.url, headers=headers) as response:
        if response.status_code == 416:  # there is no more than we have
            return
        response.raise_for_status()
        if start and response.status_code != 206:
            file.seek(0)  # the server cannot resume
            file.truncate()
        for chunk in response.iter_bytes():
            file.write(chunk)
            if progress is not None:
                progress(file.tell(), remote.size)


def _matches(path: Path, remote: _Remote) -> bool:
    """Whether size and checksum are those stated: SHA-256 for large files, git's blob SHA-1 for small ones."""
    size = path.stat().st_size
    if remote.size and size != remote.size:
        return False
    if re.fullmatch(r"[0-9a-f]{64}", remote.etag):
        digest = hashlib.sha256()
    elif re.fullmatch(r"[0-9a-f]{40}", remote.etag):
        digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    else:
        return True
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == remote.etag


def _room(remote: _Remote, partial: Path) -> None:
    missing = remote.size - (partial.stat().st_size if partial.exists() else 0)
    free = shutil.disk_usage(partial.parent).free
    if missing > free:
        raise ModelUnavailable(
            f"{missing:,} more bytes are needed in {partial.parent}, {free:,} are free; make room there"
        )
