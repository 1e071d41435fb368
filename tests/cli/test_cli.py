"""The command line as people use it: in its own process, with pipes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from anxin import __version__


def anxin(*arguments: str, given: str | bytes = "", home: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, **({"ANXIN_HOME": str(home)} if home else {})}
    return subprocess.run(
        [sys.executable, "-m", "anxin", *arguments],
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        timeout=120,
        env=env,
        check=False,
    )


def complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    """What was said on stderr: one line, no traceback."""
    text = done.stderr.decode()
    assert "Traceback" not in text
    assert text.count("\n") == 1, text
    return text


COMMANDS = [["serve"], ["chat"], ["screen"], ["train"], ["export"], ["model", "list"], ["model", "pull"]]
COMMANDS += [["evaluate", "perplexity"]]
ADMIN = "status backup restore rotate-key verify-audit export erase hold release"
CORPUS = "sources fetch crawl extract run steps show overlap think review agreement"
PREFER = "principles generate score pair convert report run rate safety votes corrupt corrections ratings"
COMMANDS += [["corpus", name] for name in CORPUS.split()] + [["prefer", name] for name in PREFER.split()]
COMMANDS += [["admin", name] for name in ADMIN.split()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str]) -> None:
    done = anxin(*command, "--help")
    assert done.returncode == 0
    assert "Example: " in done.stdout.decode()


def test_the_version() -> None:
    assert anxin("--version").stdout.decode().strip() == f"anxin {__version__}"


def test_screen_reads_lines_and_records_from_a_pipe() -> None:
    record = {"id": "r7", "messages": [{"role": "user", "content": "我已经吃了一瓶药"}]}
    done = anxin("screen", given=f"笑死我了\n\n我不想活了\n{json.dumps(record)}\n{{not json}}\n")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert [verdict["id"] for verdict in verdicts] == [1, 3, "r7", 5]
    assert [verdict["risk"] for verdict in verdicts] == [0, 2, 5, 0]
    assert verdicts[1]["action"] == "support" and verdicts[2]["action"] == "crisis"
    span = verdicts[1]["evidence"][0]
    assert "我不想活了"[span["start"] : span["end"]]
    assert done.returncode == 0


def test_screen_names_a_bad_record_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "累"}\nnonsense\n{"id": 3}\n{"id": 4, "text": "好"}\n', encoding="utf-8")
    done = anxin("screen", str(path))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 4]
    assert done.returncode == 2
    errors = done.stderr.decode().splitlines()
    assert len(errors) == 2 and "line 2" in errors[0] and "line 3" in errors[1]


@pytest.mark.parametrize(
    "given", [b"", b"\xff\xfe\x00binary\x80\n", "\u200b\u202e\n".encode(), b"\xed\xa0\x80\n", b"a" * 1_000_000 + b"\n"]
)
def test_screen_survives_any_bytes(given: bytes) -> None:
    done = anxin("screen", given=given)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len([line for line in given.split(b"\n") if line])


def test_screen_names_a_missing_file(tmp_path: Path) -> None:
    done = anxin("screen", str(tmp_path / "none.txt"))
    assert done.returncode == 2
    assert "cannot be read" in complaint(done)


def test_chat_through_a_pipe_answers_each_line_and_keeps_the_risk() -> None:
    done = anxin("chat", "--model", "echo", given="今天有点累\n我已经吃了一瓶药\n嗯\n")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert "人工智能" in text
    assert text.count("120") >= 2


def test_chat_says_who_is_speaking_at_the_start_of_every_conversation() -> None:
    done = anxin("chat", "--model", "echo", "--jurisdiction", "us-ny", given="今天有点累\n还是累\n/new\n今天有点累\n")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.count("人工智能") == 1 and text.count("我是安心，一个AI") == 1
    assert text.index("我是安心，一个AI") > text.index("还是累")


@pytest.mark.parametrize("command", ["chat", "serve"])
def test_an_unknown_jurisdiction_is_the_users_mistake_and_names_the_nearest(command: str) -> None:
    done = anxin(command, "--model", "echo", "--jurisdiction", "UK", given="")
    assert done.returncode == 2
    assert "did you mean GB?" in complaint(done)


def test_chat_shows_what_is_offered_under_a_rule_and_can_leave_humour_out() -> None:
    text = anxin("chat", "--model", "echo", given="教我放松\n讲个笑话吧\n").stdout.decode()
    assert "小练习 · " in text and "──" in text
    assert "1. " in text and "来源：" in text
    assert "轻松一刻 · " in text and "甲" in text and "乙" in text and "甲：" not in text
    without = anxin("chat", "--model", "echo", "--no-humour", given="讲个笑话吧\n").stdout.decode()
    assert "轻松一刻" not in without


def test_chat_says_so_when_the_model_is_down_and_still_cares() -> None:
    done = anxin("chat", "--model", "openai/x", "--base-url", "http://127.0.0.1:9/v1", given="今天有点累\n我不想活了\n")
    text = done.stdout.decode()
    assert "Traceback" not in done.stderr.decode()
    assert done.stderr.decode().count("anxin:") == 2
    assert "12356" in text or "82951332" in text or "400" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "--model", "nothing-here"], "no model 'nothing-here' here; can be used: mini"),
        (["chat", "--model", "openai/x"], "--base-url"),
        (["serve", "--model", "echo", "--region", "ATLANTIS"], "ATLANTIS"),
        (["serve", "--model", "echo", "--port", "70000"], "70000"),
        (["train", "none.toml"], "none.toml does not exist"),
        (["export", "nowhere", "out.gguf"], "nowhere"),
        (["model", "pull", "not a name"], "owner/repo"),
        (["evaluate", "perplexity", "nowhere", "none.jsonl"], "does not exist"),
    ],
)
def test_a_mistake_ends_with_one_line_and_code_2(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = anxin(*arguments, home=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in complaint(done)


def test_a_damaged_model_file_is_named(tmp_path: Path) -> None:
    for content in (b"", b"GGUF", b"PK\x03\x04" + b"x" * 100):
        path = tmp_path / "bad.gguf"
        path.write_bytes(content)
        done = anxin("chat", "--model", str(path), given="hi\n")
        assert done.returncode == 2
        assert "bad.gguf" in complaint(done)


def test_a_setting_with_a_typo_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('modell = "echo"\n')
    done = anxin("serve", home=tmp_path)
    assert done.returncode == 2
    assert "did you mean model" in complaint(done)


def test_a_taken_port_is_named_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = anxin("serve", "--model", "echo", "--port", str(port), home=tmp_path)
    assert done.returncode == 2
    assert f"port {port} is in use" in complaint(done)


def test_model_list_for_machines(tmp_path: Path) -> None:
    done = anxin("model", "list", "--json", home=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["name"] == "mini"
