"""An answer held to a JSON Schema: asked for alike of every server, kept by the embedded runtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anxin.dialogue import Message
from anxin.model import EchoModel, EmbeddedModel, Generation
from anxin.model.chat import request_body

from .reading import read, replied

pytestmark = pytest.mark.anyio

SAID = (Message("client", "你好"),)
SCHEMA = {
    "type": "object",
    # No free text: random weights would write bytes that are no characters.
    "properties": {"risk": {"enum": [0, 1, 2, 3, 4, 5]}, "reason": {"enum": ["words", "none"]}},
    "required": ["risk", "reason"],
    "additionalProperties": False,
}


def test_how_a_schema_is_asked_for() -> None:
    form = request_body("qwen3", Generation(SAID, schema=SCHEMA))["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"] == SCHEMA and form["json_schema"]["strict"] is True
    assert "response_format" not in request_body("qwen3", Generation(SAID))


async def test_echo_pays_no_heed_to_it() -> None:
    assert replied(await read(EchoModel(), Generation(SAID, schema=SCHEMA))) == "你好"


async def test_the_embedded_runtime_keeps_to_it(tiny_gguf: Path) -> None:
    model = EmbeddedModel(tiny_gguf, trusted=True, threads=1)
    try:  # random weights, which without the schema write no JSON
        pieces = await read(model, Generation(SAID, max_tokens=80, temperature=0.0, seed=1, schema=SCHEMA))
        answer = json.loads(replied(pieces))
    finally:
        await model.close()
    assert answer.keys() == {"risk", "reason"} and answer["risk"] in range(6)
