from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anxin.errors import ModelFileError
from anxin.model.gguf import read_header

from .tiny import CHATML, CONTEXT, SPECIAL, write_tiny

anywhere = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    return path


def header_of(pairs: bytes = b"", count: int = 1, tensors: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, count) + pairs


def key(name: str, kind: int) -> bytes:
    return struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind)


def test_what_a_file_says_of_itself(tiny_gguf: Path) -> None:
    header = read_header(tiny_gguf)
    assert (header.architecture, header.name, header.context) == ("llama", "tiny-random", CONTEXT)
    assert header.chat_template == CHATML
    assert header.control_tokens == SPECIAL
    assert header.tensors == 21


def test_flags(tmp_path: Path) -> None:
    header = read_header(write_tiny(tmp_path / "m.gguf", demonstration=True))
    assert header.flag("anxin.demonstration", False)
    assert header.flag("anxin.instructable", True)
    assert not header.flag("general.name", False)  # not a flag at all


@pytest.mark.parametrize(
    ("content", "says_so"),
    [
        (b"", "it is empty"),
        (b"GGUF", "too short"),
        (b"version https://git-lfs.github.com/spec/v1\n", "not a GGUF file"),
        (b"\x80\x02" * 4096, "not a GGUF file"),
        (header_of(version=1), "version 1"),
        (header_of(version=0x03000000), "version 50331648"),
        (header_of(count=1 << 40), "header is damaged"),
        (header_of(tensors=1 << 60), "header is damaged"),
        (header_of(), "cut off within its header"),
        (header_of(struct.pack("<Q", 1 << 62) + b"a"), "header is damaged"),
        (header_of(key("a", 99)), "unknown value type 99"),
        (header_of(key("a", 9) + struct.pack("<IQ", 9, 1)), "array that cannot be read"),
        (header_of(key("a", 9) + struct.pack("<IQ", 0, 1 << 63)), "cut off within its header"),
        (header_of(key("a", 9) + struct.pack("<IQ", 8, 1 << 40)), "header is damaged"),
        (header_of(key("general.alignment", 4) + struct.pack("<I", 0)), "alignment"),
        (header_of(key("tokenizer.ggml.tokens", 9) + struct.pack("<IQ", 0, 0)), "vocabulary"),
    ],
)
def test_damage_in_one_clear_line(tmp_path: Path, content: bytes, says_so: str) -> None:
    with pytest.raises(ModelFileError, match=says_so) as raised:
        read_header(file_of(tmp_path, content))
    assert "x.gguf cannot be used as a model" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no.gguf", tmp_path / "a\0b"):
        with pytest.raises(ModelFileError, match="cannot be read"):
            read_header(path)


@anywhere
@given(data=st.data())
def test_cut_anywhere_it_is_refused(tiny_gguf: Path, tmp_path: Path, data: st.DataObject) -> None:
    whole = tiny_gguf.read_bytes()
    path = file_of(tmp_path, whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ModelFileError):
        read_header(path)


@anywhere
@given(data=st.data())
def test_damaged_anywhere_it_is_read_or_refused(tiny_gguf: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(tiny_gguf.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 6000))] = data.draw(st.integers(0, 255))
    try:
        header = read_header(file_of(tmp_path, bytes(content)))
    except ModelFileError:
        return
    assert header.tensors < 1_000_000
    assert 0 <= header.context < 1 << 31


@anywhere
@given(noise=st.binary(max_size=300), headed=st.booleans())
def test_any_bytes_whatever_are_read_or_refused(tmp_path: Path, noise: bytes, headed: bool) -> None:
    path = file_of(tmp_path, header_of(noise, count=3) if headed else noise)
    with pytest.raises(ModelFileError):
        read_header(path)
