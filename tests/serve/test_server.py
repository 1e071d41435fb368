from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from anxin.errors import ConfigError
from anxin.serve import ServeOptions, bind

SERVE = """
import sys
from anxin.model import EchoModel
from anxin.serve import ServeOptions, create_app, run

class Model(EchoModel):
    async def close(self):
        print("closed", flush=True)

options = ServeOptions(port=0)
run(create_app(Model(), options=options), options, announce=lambda address: print(address, flush=True))
"""


def test_a_taken_port_is_named_with_a_free_one_before_anything_else_begins() -> None:
    with bind(ServeOptions(port=0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"^port {port} is in use; try --port \d+$") as refused:
            bind(ServeOptions(port=port))
    free = int(str(refused.value).rpartition(" ")[2])
    bind(ServeOptions(port=free)).close()


def test_a_host_that_is_not_here() -> None:
    with pytest.raises(ConfigError, match="--host"):
        bind(ServeOptions(host="192.0.2.1", port=0))


def test_a_port_is_free_again_at_once() -> None:
    with bind(ServeOptions(port=0)) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass
    bind(ServeOptions(port=port)).close()


def test_it_serves_says_where_and_stops_when_told() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        assert httpx.get(f"{address}/healthz").text == "ok\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert out == "closed\n"
    assert err == ""


@pytest.mark.parametrize(
    "wrong", [{"port": 70000}, {"max_turns": 0}, {"api_keys": ("",)}, {"max_body_bytes": -1}, {"ping_seconds": 0}]
)
def test_options_that_cannot_be_used(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ServeOptions(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("talk.example", False),
    ],
)
def test_whether_only_this_machine_can_reach_it(host: str, alone: bool) -> None:
    assert ServeOptions(host=host).on_loopback is alone
