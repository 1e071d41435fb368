from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.model.sse import DataLines, LineTooLong


def test_only_data_lines_come_through() -> None:
    stream = b': ping\r\nevent: x\r\ndata: {"a": 1}\r\n\r\nid: 3\ndata:[DONE]\n\n<html>\n'
    assert DataLines().feed(stream) == [b'{"a": 1}', b"[DONE]"]


@given(st.binary(max_size=60), st.integers(1, 7))
def test_where_the_bytes_break_changes_nothing(noise: bytes, size: int) -> None:
    stream = noise + b"\ndata: one\n\n" + noise + b"\ndata: two"
    whole, cut = DataLines(), DataLines()
    expected = whole.feed(stream) + whole.end()
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [line for chunk in chunks for line in cut.feed(chunk)] + cut.end() == expected


def test_a_line_without_end_is_given_up() -> None:
    lines = DataLines()
    with pytest.raises(LineTooLong):
        for _ in range(3):
            lines.feed(b"x" * (1 << 19))
