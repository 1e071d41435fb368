from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from anxin.model.protocol import Reply, Thought
from anxin.model.thinking import ThinkSplitter

PARTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "</", "think>", "<thin", "\n", "好", " a ", "<b>"]), max_size=12
)


def split(chunks: list[str], thinking: bool = False) -> tuple[str, str]:
    splitter = ThinkSplitter(thinking)
    pieces = [piece for chunk in chunks for piece in splitter.feed(chunk)] + splitter.end()
    assert all(piece.text for piece in pieces)
    thought = "".join(piece.text for piece in pieces if isinstance(piece, Thought))
    return thought, "".join(piece.text for piece in pieces if isinstance(piece, Reply))


def test_a_block_is_reasoning_and_the_rest_is_reply() -> None:
    assert split(["<think>\nshe is sad\n</think>\n\n我在听。"]) == ("she is sad\n", "我在听。")


def test_an_unclosed_block_is_reasoning_to_the_end() -> None:
    assert split(["<think>still think"]) == ("still think", "")


def test_a_prompt_may_have_opened_the_block() -> None:
    assert split(["hm</think>hello"], thinking=True) == ("hm", "hello")


def test_what_only_looks_like_a_tag_is_reply() -> None:
    assert split(["a < b <thin", "g> <", "/think"]) == ("", "a < b <thing> </think")


def test_two_blocks() -> None:
    assert split(["<think>a</think>b<think>c</think>d"]) == ("ac", "bd")


def test_text_without_markup_is_never_held_back() -> None:
    splitter = ThinkSplitter()
    assert [splitter.feed(chunk) for chunk in ("你好", "，", "我在")] == [
        [Reply("你好")],
        [Reply("，")],
        [Reply("我在")],
    ]


@given(PARTS, st.data(), st.booleans())
@example(["<think>", "a", "</think>"], None, False)
def test_where_the_chunks_break_changes_nothing(parts: list[str], data: st.DataObject | None, thinking: bool) -> None:
    text = "".join(parts)
    if data is None:
        chunks = list(text)
    else:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
        chunks = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert split(chunks, thinking) == split([text], thinking)
