"""Typed settings from TOML: a frozen dataclass is the only source of defaults, and an unknown key is an error.

Also where state lives: `ANXIN_HOME`, else `~/.anxin`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from anxin.errors import ConfigError

__all__ = ["home", "load_toml", "override", "parse"]

T = TypeVar("T")


def home() -> Path:
    """The folder that holds models, settings and records. It is not created here."""
    return Path(os.environ.get("ANXIN_HOME") or Path.home() / ".anxin").expanduser()


def load_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises `ConfigError` with the file and line of a mistake."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist") from None
    except IsADirectoryError:
        raise ConfigError(f"{path} is a folder; give a TOML file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None


def parse(kind: type[T], table: Mapping[str, Any], where: str = "") -> T:
    """Build the dataclass `kind` from a TOML table; nested dataclasses and tuples of them are built too.

    Raises `ConfigError` that names the key, what it must be, and for an unknown key the nearest known one.
    """
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
            raise ConfigError(f"unknown key {where}{key}{hint}")
    for name, field in known.items():
        if name not in table and field.default is MISSING and field.default_factory is MISSING:
            raise ConfigError(f"{where}{name} is missing")
    return kind(**{key: _value(hints[key], value, f"{where}{key}") for key, value in table.items()})


def override(table: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """Apply `--set a.b=value` to a TOML table; the value is read as TOML, else as text."""
    for setting in settings:
        path, sign, text = setting.partition("=")
        if not sign or not path:
            raise ConfigError(f"--set {setting} is not key=value")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        *parents, leaf = path.split(".")
        target = table
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise ConfigError(f"--set {path}: {parent} is not a table")
        target[leaf] = value
    return table


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (hint,) = (argument for argument in arguments if argument is not type(None))
        return _value(hint, value, where)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where} must be one of {', '.join(map(str, arguments))}, not {value!r}")
        return value
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where} must be a table")
        return parse(hint, value, f"{where}.")
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where} must be a list")
        return tuple(_value(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and (not isinstance(value, hint) or (hint is int and isinstance(value, bool))):
        raise ConfigError(f"{where} must be {hint.__name__}, not {type(value).__name__} ({value!r})")
    return value
