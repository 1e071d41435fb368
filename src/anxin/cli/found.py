"""What else could be used here, in one line."""

from __future__ import annotations

import asyncio

from anxin.cli.settings import Config
from anxin.config import home
from anxin.model.catalogue import available

__all__ = ["what_else"]

_SHOWN = 4


def what_else(name: str, config: Config) -> str:
    """One line for somebody who named no model: what was found beside `name`, and how to use it."""
    found = [model for model in asyncio.run(available(home(), config.endpoints)) if not model.problem]
    others = [model.name for model in found if model.name != name]
    small = "mini is the small demonstration model. " if name == "mini" else ""
    if not others:
        return f"{small}No other model was found: anxin model pull OWNER/REPO:FILE.gguf gets one, or install Ollama."
    more = f" and {len(others) - _SHOWN} more (anxin model list)" if len(others) > _SHOWN else ""
    return f"{small}Also here: {', '.join(others[:_SHOWN])}{more}. Use one with: --model {others[0]}"
