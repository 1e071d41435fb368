"""An Ollama Modelfile for an exported model.

Ollama does not run the Jinja template inside a GGUF file: it wants the same in Go's template language, or recognises a
few famous ones by itself. Here the checkpoint's own template is rendered and compared with the formats below; only
where they agree to the character is a TEMPLATE written. Source: Ollama's docs/modelfile.md and docs/template.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anxin.errors import ConfigError

__all__ = ["modelfile"]

_SYSTEM: Final = {"role": "system", "content": "Be kind."}
_TURNS: Final = (
    {"role": "user", "content": "你好"},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "再见"},
)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stands before a role, between role and words, and after the words; `stop` ends a reply."""

    before: str
    between: str
    after: str
    stop: str

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        said = "".join(f"{self.before}{m['role']}{self.between}{m['content']}{self.after}" for m in messages)
        return f"{said}{self.before}assistant{self.between}"

    def template(self, systems: bool) -> str:
        one = f"{self.before}{{{{ .Role }}}}{self.between}{{{{ .Content }}}}{self.after}"
        if not systems:
            one = f'{{{{ if ne .Role "system" }}}}{one}{{{{ end }}}}'
        # No dash in the braces: it would eat the line breaks that belong to the format.
        return f"{{{{ range .Messages }}}}{one}{{{{ end }}}}{self.before}assistant{self.between}"


_FRAMES: Final = (
    _Frame("<|im_start|>", "\n", "<|im_end|>\n", "<|im_end|>"),
    _Frame("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|eot_id|>"),
)


def modelfile(
    tokenizer: Any, file: str, *, temperature: float, context: int, licence: str = "", system: str = ""
) -> str:
    """The Modelfile's text. `file` is the GGUF's name beside it, `context` the window in tokens.

    Raises `ConfigError` for a text that holds the three quotes it would be put between.
    """
    lines = ["# ollama create NAME -f Modelfile", f"FROM ./{file}"]
    known = _recognised(tokenizer)
    if known is None:
        lines.append(
            "# The template inside the file is none that is known here; Ollama uses what it recognises itself."
        )
    else:
        frame, systems, usual = known
        system = system or usual
        lines.append(f"TEMPLATE {_quoted(frame.template(systems))}")
        lines.append(f'PARAMETER stop "{frame.stop}"')
    lines += [
        f"PARAMETER temperature {temperature:g}",
        f"PARAMETER num_ctx {context}",
        "PARAMETER repeat_penalty 1.1",
    ]
    if system:
        lines.append(f"SYSTEM {_quoted(system)}")
    if licence:
        lines.append(f"LICENSE {_quoted(licence)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    if '"""' in text:
        raise ConfigError('a Modelfile cannot hold a text with """ in it')
    return f'"""{text}"""'


def _recognised(tokenizer: Any) -> tuple[_Frame, bool, str] | None:
    """The frame, whether system messages are kept, and the system prompt the template adds where there is none."""
    if not tokenizer.chat_template:
        return None
    alone, led = (_rendered(tokenizer, messages) for messages in (_TURNS, (_SYSTEM, *_TURNS)))
    for frame in _FRAMES:
        plain = frame.render(_TURNS)
        if alone == plain == led:
            return frame, False, ""
        if led == frame.render((_SYSTEM, *_TURNS)) and alone is not None and alone.endswith(plain):
            lead = alone.removesuffix(plain)
            start, end = f"{frame.before}system{frame.between}", frame.after
            if not lead:
                return frame, True, ""
            if lead.startswith(start) and lead.endswith(end):
                return frame, True, lead[len(start) : -len(end)]
    return None


def _rendered(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> str | None:
    from jinja2 import TemplateError

    try:
        text = str(tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))
    except TemplateError:
        return None
    return text.removeprefix(tokenizer.bos_token or "")  # Ollama puts it there itself
