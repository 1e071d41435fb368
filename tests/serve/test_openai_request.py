from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.dialogue import Message
from anxin.serve import ServeOptions
from anxin.serve.openai_request import ChatRequest, read_chat
from anxin.serve.refusals import Refusal

from .parts import user


def read(**body: Any) -> ChatRequest:
    return read_chat({"messages": user("你好"), **body}, ServeOptions(), ("mini", "anxin"))


def test_everything_a_caller_may_set() -> None:
    chat = read(
        model="anxin",
        stream=True,
        stream_options={"include_usage": True},
        max_completion_tokens=99,
        max_tokens=10,
        temperature=0,
        top_p=1,
        stop=["。", "\n"],
        seed=-1,
        anxin={"language": "en", "region": "CN", "humour": False},
    )
    assert (chat.model, chat.stream, chat.include_usage, chat.max_tokens) == ("anxin", True, True, 99)
    assert (chat.temperature, chat.top_p, chat.stop, chat.seed) == (0.0, 1.0, ("。", "\n"), -1)
    assert (chat.settings.language, chat.settings.region, chat.settings.humour) == ("en", "CN", False)


def test_what_is_left_out_or_null_takes_the_defaults() -> None:
    nulls = dict.fromkeys(("stream", "stop", "seed", "temperature", "top_p", "max_tokens", "n", "tools", "anxin"))
    assert read(**nulls) == read()
    assert read().model == "mini"
    assert read(stop="。").stop == ("。",)


def test_harmless_unknown_fields_are_ignored() -> None:
    assert read(user="u-1", presence_penalty=0.5, metadata={"a": 1}, parallel_tool_calls=False, tools=[]) == read()


def test_parts_of_text_are_joined_and_system_messages_kept() -> None:
    parts = [{"type": "text", "text": "你"}, {"type": "text", "text": "好"}]
    chat = read(messages=[{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}])
    assert chat.dialogue.messages == (Message("system", "be brief"), Message("client", "你好"))


def test_lone_surrogates_are_replaced() -> None:
    assert read(messages=user("a\ud800b")).dialogue.messages[0].text == "a\ufffdb"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2),
        ("n", True),
        ("tools", [{"type": "function"}]),
        ("functions", [{"name": "f"}]),
        ("logprobs", True),
        ("modalities", ["audio"]),
        ("response_format", {"type": "json_object"}),
        ("response_format", "json"),
        ("stream", "yes"),
        ("stream_options", []),
        ("max_tokens", 0),
        ("max_tokens", 1.5),
        ("max_tokens", True),
        ("max_completion_tokens", "9"),
        ("temperature", -0.1),
        ("temperature", 2.1),
        ("temperature", float("inf")),
        ("temperature", "hot"),
        ("temperature", 10**400),
        ("top_p", 0),
        ("top_p", 1.1),
        ("stop", [""]),
        ("stop", ["a"] * 5),
        ("stop", 3),
        ("seed", 2**64),
        ("seed", 1.0),
        ("model", 3),
        ("messages", []),
        ("messages", "hello"),
        ("messages", None),
        ("messages", [1]),
        ("messages", [{"role": "tool", "content": "x"}]),
        ("messages", [{"role": "user", "content": {"a": 1}}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
        ("messages", [{"role": "assistant", "content": "last"}]),
        ("messages", [{"role": "user", "content": " \n"}]),
        ("anxin", {"region": "XX"}),
        ("anxin", {"language": ["zh"]}),
        ("anxin", {"humour": "no"}),
        ("anxin", {"offers": 1}),
    ],
)
def test_what_cannot_be_served_is_refused_naming_the_field(field: str, value: object) -> None:
    with pytest.raises(Refusal) as refused:
        read(**{field: value})
    assert refused.value.status == 400
    assert field in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_model_is_told_what_there_is() -> None:
    with pytest.raises(Refusal, match="mini, anxin") as refused:
        read(model="gpt-5")
    assert refused.value.status == 404


def test_a_message_that_is_too_long() -> None:
    with pytest.raises(Refusal, match="8000") as refused:
        read(messages=user("长" * 8001))
    assert refused.value.status == 413


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "messages model n tools functions stream stream_options stop seed temperature top_p anxin max_tokens "
    "max_completion_tokens response_format logprobs top_logprobs modalities audio"
)
fields = st.sampled_from(FIELDS.split())


@given(st.dictionaries(fields, json_values, max_size=6))
def test_any_json_ends_in_a_request_or_a_refusal(body: dict[str, Any]) -> None:
    try:
        assert isinstance(read(**body), ChatRequest)
    except Refusal as refused:
        assert refused.status in (400, 404, 413)
