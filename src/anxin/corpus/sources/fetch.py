"""Getting a set: from its public home or from a copy at hand, with its licence shown and its checksums kept.

A set lies in a folder of its own name, with `source.json` beside its files: home, revision, licence, date, and SHA-256
and bytes of every file. Nothing here is imported or asked for before somebody fetches.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anxin.corpus.manifest import write_atomically
from anxin.corpus.sources.licence import allow
from anxin.corpus.sources.origin import BESIDE, Origin, locate
from anxin.errors import DataError, UserError

__all__ = ["SOURCE", "Fetched", "fetch"]

SOURCE = "source.json"
_LOCAL = "local"
_GIT = "https://github.com"
_MINUTES = 30

_Fact = dict[str, Any]
"""`path`, `sha256` and `bytes` of a file, as `source.json` has them."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of it. `new` files were brought, `kept` ones were there; `changed` ones are not what they were or what
    their home has now, and were left as they are.
    """

    folder: Path
    home: str
    revision: str
    new: tuple[str, ...]
    kept: tuple[str, ...]
    changed: tuple[str, ...]


def fetch(
    origin: Origin,
    out: Path,
    *,
    local: Path | None = None,
    revision: str = "",
    accepted: Collection[str] = (),
    home: str = "",
    mirror: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> Fetched:
    """Bring the set into `out/<name>`: what is missing of it, and nothing over what is there.

    `local` is a copy to take it from, in the folder's shape here or its home's; `home` chooses one of the set's homes
    by its beginning (`modelscope`), `mirror` another address for it; `revision` is a branch, tag or commit. `tell` is
    given licence, attribution and terms before anything is fetched. Raises `DataError` where the licence, the
    network, the disk or the copy stands against it; what was fetched before then stays for the next time.
    """
    tell(f"{origin.title}\nlicence: {origin.licence}\nattribution: {origin.attribution or 'none asked for'}")
    if origin.notes:
        tell(f"notes: {origin.notes}")
    allow(origin, "train" if "evaluate" not in origin.purposes else "evaluate", accepted)
    if "train" not in origin.purposes:
        tell(f"{origin.name} is not for training.")
    folder = out / origin.name
    before = _source(folder / SOURCE)
    known: dict[str, _Fact] = {fact["path"]: fact for fact in before.get("files", ())}
    if before and revision and revision not in (before["revision"], before["asked"]):
        held = before["asked"] or before["revision"] or "unknown"
        raise DataError(f"{folder} holds revision {held}; for {revision} give another --out")
    changed = [path for path, fact in known.items() if _differs(folder / path, fact)]
    missing = [path for path in known if not (folder / path).exists()]
    if before and not missing:
        return Fetched(folder, before["home"], before["revision"], (), tuple(known), tuple(changed))
    staged = out / f".{origin.name}.part"
    try:
        if local is not None:
            chosen, exact = _LOCAL, _copy(origin, local, staged, missing)
        else:
            chosen = before.get("home") or _home(origin, home)
            wanted = before.get("revision") or revision or origin.revision
            exact = _download(origin, chosen, wanted, missing or origin.patterns, staged, mirror)
        new, same, other = _settle(origin, staged, folder, missing, known)
        known |= {path: _fact(folder, path) for path in (*new, *same)}
        body = {
            "name": origin.name,
            "title": origin.title,
            "home": before.get("home") or chosen,
            "homes": list(origin.homes),
            "revision": before.get("revision") or exact,
            "asked": before.get("asked", revision),
            "licence": origin.licence,
            "attribution": origin.attribution,
            "date": datetime.now(UTC).date().isoformat(),
            "files": [known[path] for path in sorted(known)],
        }
        write_atomically(folder / SOURCE, json.dumps(body, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise DataError(
            f"cannot write to {out}: {error.strerror or error}; make room or set its rights, run again"
        ) from None
    except UserError:
        if not _found(staged, ["**/*"]):  # nothing the next time could go on from
            shutil.rmtree(staged, ignore_errors=True)
        raise
    shutil.rmtree(staged, ignore_errors=True)
    kept = tuple(path for path in known if path not in new)
    return Fetched(folder, chosen, exact, tuple(new), kept, (*changed, *other))


def _home(origin: Origin, wanted: str) -> str:
    fits = [home for home in origin.homes if home.startswith(wanted)]
    if not fits:
        have = ", ".join(origin.homes) or "none"
        raise DataError(f"{origin.name} has no home {wanted}; it has {have}. A copy at hand is taken with --from DIR")
    return fits[0]


def _download(origin: Origin, home: str, revision: str, patterns: Sequence[str], staged: Path, mirror: str) -> str:
    """The set's files under `staged`, resumable over any break; the exact revision they are of."""
    kind, _, name = home.partition(":")
    bring = {"huggingface": _huggingface, "modelscope": _modelscope, "git": _git}.get(kind)
    if bring is None:
        raise DataError(f"{origin.name} was taken from a copy at hand; give that again with --from DIR")
    staged.mkdir(parents=True, exist_ok=True)
    try:
        return bring(name, revision, patterns, staged, mirror)
    except (UserError, OSError):
        raise
    except Exception as error:  # the libraries' errors differ from version to version
        why = " ".join(str(error).split())[:160] or type(error).__name__
        raise DataError(
            f"{home} could not be fetched ({why}); try again, or get a copy elsewhere and run: "
            f"anxin corpus fetch {origin.name} --from DIR"
        ) from error


def _huggingface(name: str, revision: str, patterns: Sequence[str], staged: Path, mirror: str) -> str:
    import huggingface_hub
    import huggingface_hub.errors

    api: Any = huggingface_hub.HfApi(endpoint=mirror or None)
    try:
        exact: str = api.dataset_info(name, revision=revision or None, timeout=30).sha
        huggingface_hub.snapshot_download(
            name,
            repo_type="dataset",
            revision=exact,
            local_dir=staged,
            allow_patterns=list(patterns),
            endpoint=mirror or None,
        )
    except huggingface_hub.errors.GatedRepoError:
        raise DataError(f"{name} asks for consent first: accept its terms on its page, then set HF_TOKEN") from None
    except OSError as error:
        # Its network errors are OSErrors too; those of the disk carry a number.
        if error.errno is not None and error.filename is not None:
            raise
        raise RuntimeError(str(error)) from error
    return exact


def _modelscope(name: str, revision: str, patterns: Sequence[str], staged: Path, mirror: str) -> str:
    try:
        from modelscope import dataset_snapshot_download
    except ImportError:
        raise DataError(
            "fetching from ModelScope needs another package: pip install modelscope (or leave out --home)"
        ) from None
    more = {"revision": revision} if revision else {}
    try:
        dataset_snapshot_download(name, local_dir=str(staged), allow_patterns=list(patterns), **more)
    except OSError as error:
        if error.filename is not None:
            raise
        raise RuntimeError(str(error)) from error
    return revision or "master"


def _git(name: str, revision: str, patterns: Sequence[str], staged: Path, mirror: str) -> str:
    """One commit without its history; a branch, a tag or a commit's full hash. Links in it are not followed."""
    url = f"{(mirror or _GIT).rstrip('/')}/{name}"
    work = staged / ".git-work"
    shutil.rmtree(work, ignore_errors=True)  # what a broken-off fetch left is of no use to git
    work.mkdir()

    def git(*words: str) -> str:
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_LFS_SKIP_SMUDGE": "1"}
        try:
            done = subprocess.run(
                ["git", *words],
                cwd=work,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60 * _MINUTES,
                check=False,
            )
        except FileNotFoundError:
            raise DataError("git is not installed here; install it, or give a copy with --from DIR") from None
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"no end after {_MINUTES} minutes") from None
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["git failed"]
            raise RuntimeError(next((line for line in said if line.startswith("fatal:")), said[-1]))
        return done.stdout.strip()

    try:
        git("init", "--quiet")
        git("fetch", "--quiet", "--depth", "1", "--no-tags", "--", url, revision or "HEAD")
        git("checkout", "--quiet", "--detach", "FETCH_HEAD")
        exact = git("rev-parse", "HEAD")
        for path in _found(work, patterns):
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (work / path).replace(target)
        return exact
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _copy(origin: Origin, local: Path, staged: Path, missing: Sequence[str]) -> str:
    """The set's files of a copy at hand, copied under `staged`; the revision the copy says it is of."""
    if not local.is_dir():
        raise DataError(f"{local} is no folder; --from takes the folder that holds {origin.name}")
    root = locate(origin, local)
    for path in _found(root, missing or origin.patterns):
        target = staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, target)
    revision: str = _source(root / SOURCE).get("revision", "")
    return revision


def _found(root: Path, patterns: Sequence[str]) -> list[str]:
    """Paths from `root` of the plain files the patterns name; links lead elsewhere and are left out."""
    found = {path for pattern in patterns for path in root.glob(_literal(root, pattern)) if _plain(path, root)}
    return sorted(path.relative_to(root).as_posix() for path in found)


def _literal(root: Path, pattern: str) -> str:
    """A file's exact name stands for itself, whatever letters it has."""
    if not (root / pattern).is_file():
        return pattern
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in pattern)


def _plain(path: Path, root: Path) -> bool:
    inside = path.relative_to(root)
    return path.is_file() and not any((root / part).is_symlink() for part in (inside, *inside.parents))


def _settle(
    origin: Origin, staged: Path, folder: Path, missing: Sequence[str], known: Mapping[str, _Fact]
) -> tuple[list[str], list[str], list[str]]:
    """Move what was staged to its place, never over another file: what is new of it, what was there, what differs."""
    paths = _found(staged, missing or origin.patterns)
    if not any(path not in _found(staged, BESIDE) for path in paths):
        raise DataError(
            f"the home of {origin.name} holds none of {', '.join(missing or origin.patterns)}; "
            "its layout may have changed: fetch it by hand and give it with --from DIR"
        )
    new: list[str] = []
    same: list[str] = []
    other: list[str] = []
    for path in paths:
        here, there = folder / path, staged / path
        if here.exists():
            (same if _sha256(here) == _sha256(there) else other).append(path)
        elif path in known and _sha256(there) != known[path]["sha256"]:
            other.append(path)
        else:
            here.parent.mkdir(parents=True, exist_ok=True)
            there.replace(here)
            new.append(path)
    return new, same, other


def _fact(folder: Path, path: str) -> _Fact:
    return {"path": path, "sha256": _sha256(folder / path), "bytes": (folder / path).stat().st_size}


def _differs(path: Path, fact: _Fact) -> bool:
    return path.exists() and (path.stat().st_size != fact["bytes"] or _sha256(path) != fact["sha256"])


def _source(path: Path) -> dict[str, Any]:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}); delete it to fetch the set again") from None
    if not isinstance(body, dict) or not {"home", "revision", "asked", "files"} <= body.keys():
        raise DataError(f"{path} is not what fetch wrote; delete it to fetch the set again")
    return body


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
