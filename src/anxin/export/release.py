"""What goes with an exported file when others are to use it: checksum, model card, and the way to a folder or a hub."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anxin.errors import ConfigError, DataError, MissingExtra

__all__ = ["Card", "checksum", "push", "write_checksum"]

_HUB = "hf:"
_CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says. `size` is in bytes; `checked` tells in words what was compared before the file got its name."""

    name: str
    file: str
    size: int
    digest: str
    quantisation: str
    licence: str
    base: str = ""
    adapter: str = ""
    data: str = ""
    languages: Sequence[str] = ()
    demonstration: bool = False
    checked: str = ""

    def text(self) -> str:
        """Markdown with the front matter that hubs read."""
        matter: dict[str, str | Sequence[str]] = {
            "license": self.licence,
            "language": list(self.languages),
            "base_model": self.base,
            "library_name": "gguf",
            "pipeline_tag": "text-generation",
            "tags": ["anxin", "gguf", "counselling"],
        }
        # JSON is YAML, so no value can break out of its line.
        front = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in matter.items() if value]
        rows = {
            "File": f"`{self.file}`",
            "Quantisation": self.quantisation,
            "Size": f"{self.size:,} bytes",
            "SHA-256": f"`{self.digest}`",
            "Licence": self.licence,
            "Base model": self.base or "none: trained from scratch",
            "Adapter, merged": self.adapter,
            "Training data": self.data or "not described here",
            "Checked at export": self.checked or "nothing: exported with --unchecked",
        }
        kind = "a demonstration, not a counsellor" if self.demonstration else "no substitute for a counsellor"
        return "\n".join(
            [
                "---",
                *front,
                "---",
                "",
                f"# {self.name}",
                "",
                f"A language model for use with Anxin, which screens for risk around it. It is {kind}: used alone it",
                "has no safety net, and in a crisis nobody should rely on it.",
                "",
                "| | |",
                "|---|---|",
                *[f"| {key} | {value} |" for key, value in rows.items() if value],
                "",
                "## Run it",
                "",
                "```sh",
                f"sha256sum -c {self.file}.sha256",
                f"anxin serve --model ./{self.file}",
                f"llama-server -m {self.file}",
                "```",
                "",
            ]
        )


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksum(path: Path) -> str:
    """Write `path`.sha256 as `sha256sum -c` reads it; return the digest."""
    digest = checksum(path)
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest


def push(target: str, files: Mapping[str, Path], licence: str) -> str:
    """Put the files, by the names they get there, into a folder or a hub's repository (`hf:owner/name`).

    A new repository is private: its owner publishes it. A card that is already there stays, and ours goes under the
    model's own name. Returns where it all is. Raises `ConfigError` without a licence, `DataError` where a copy differs.
    """
    if not licence:
        raise ConfigError("nothing is pushed without a licence: name it with --licence, such as Apache-2.0")
    for path in files.values():
        if not path.exists():
            raise DataError(f"{path} is not there")
    return _to_hub(target.removeprefix(_HUB), files) if target.startswith(_HUB) else _to_folder(Path(target), files)


def _to_folder(folder: Path, files: Mapping[str, Path]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in _named(files, (folder / _CARD).exists()).items():
        goal = folder / name
        if goal.exists() and goal.samefile(path):
            continue
        partial = goal.with_name(f"{goal.name}.part")
        try:
            shutil.copyfile(path, partial)
            if checksum(partial) != checksum(path):
                raise DataError(f"{goal} did not arrive as it left; is the disk sound?")
            partial.replace(goal)
        finally:
            partial.unlink(missing_ok=True)
    return str(folder)


def _to_hub(name: str, files: Mapping[str, Path]) -> str:
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError:
        raise MissingExtra("pushing to a hub", "train") from None
    if name.count("/") != 1 or not all(name.split("/")):
        raise ConfigError(f"{_HUB}{name} names no repository; write {_HUB}owner/name")
    hub = HfApi()
    try:
        hub.create_repo(name, private=True, exist_ok=True)
        for goal, path in _named(files, hub.file_exists(name, _CARD)).items():
            hub.upload_file(path_or_fileobj=path, path_in_repo=goal, repo_id=name)
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise DataError(
            f"{_HUB}{name} does not take it ({type(error).__name__}); is the token set and allowed?"
        ) from None
    return f"{_HUB}{name}"


def _named(files: Mapping[str, Path], carded: bool) -> dict[str, Path]:
    """The names they get: where a card is already, ours is called after the file it describes."""
    return {(path.name if carded and name == _CARD else name): path for name, path in files.items()}
