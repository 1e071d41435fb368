"""What Anxin adds to a bare model server: time to the first token and time a token, direct and through `serve`.

Both are measured in one run against the same fake server, turn about, from a third process, with the client's
message screened and the reply guarded as always. Every reply's text is compared with what the fake server said.

    python bench/overhead.py                        # a table, then one JSON line for bench/LEDGER.md
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from fake_endpoint import reply  # noqa: E402

_MESSAGE = "最近工作压力很大，晚上总是睡不好。"
_AIM = {"first_ms": 3.0, "token_ms": 0.03}


@dataclass(frozen=True, slots=True)
class Sample:
    """One reply: seconds to the first token, and from there to the last."""

    first: float
    rest: float


@dataclass(frozen=True, slots=True)
class Row:
    """Milliseconds; `token` is the time between tokens as one client sees it, `each` the server's time a token."""

    clients: int
    first_p50: float
    first_p95: float
    token: float
    each: float


async def ask(address: str, clients: int, requests: int, expected: str) -> tuple[list[Sample], float]:
    """`requests` replies to each of `clients` at once, over connections kept open; also the seconds for all."""
    parts = urlsplit(address)
    assert parts.hostname is not None
    connections = [await asyncio.open_connection(parts.hostname, parts.port, limit=2**20) for _ in range(clients)]
    begun = time.perf_counter()
    samples = await asyncio.gather(
        *(_client(reader, writer, parts.netloc, requests, expected) for reader, writer in connections)
    )
    seconds = time.perf_counter() - begun
    for _, writer in connections:
        writer.close()
    return [sample for some in samples for sample in some], seconds


async def _client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, requests: int, expected: str
) -> list[Sample]:
    body = json.dumps({"model": "fake", "stream": True, "messages": [{"role": "user", "content": _MESSAGE}]}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    samples = []
    for _ in range(requests):
        begun = time.perf_counter()
        first = 0.0
        writer.write(request)
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            some = await reader.read(2**18)
            if not some:
                raise SystemExit("the server hung up: " + got.decode(errors="replace")[:300])
            got += some
            if not first and got.count(b'"content":') > got.count(b'"content":""') + got.count(b'"content": ""'):
                first = time.perf_counter()
        last = time.perf_counter()
        _check(got, expected)
        samples.append(Sample(first - begun, last - first))
    return samples


def _check(got: bytes, expected: str) -> None:
    lines = [line for line in got.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for line in lines for choice in json.loads(line[6:]).get("choices", ())]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    if text != expected:
        raise SystemExit(f"the reply is not what was said ({len(text)} of {len(expected)} characters)")


def _row(clients: int, tokens: int, samples: list[Sample], seconds: float) -> Row:
    firsts = sorted(sample.first * 1000 for sample in samples)
    rest = statistics.median(sample.rest for sample in samples) * 1000 / (tokens - 1)
    p95 = firsts[min(len(firsts) - 1, int(len(firsts) * 0.95))]
    return Row(clients, statistics.median(firsts), p95, rest, seconds * 1000 / (len(samples) * tokens))


@contextmanager
def _process(*arguments: str) -> Iterator[str]:
    """A process that prints its address first; ended with the block."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise SystemExit("a server did not start")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def serve(base_url: str) -> None:
    """Anxin in front of `base_url`, on a free port."""
    from anxin.model.endpoint import EndpointModel
    from anxin.serve import ServeOptions, create_app, run

    def announce(address: str) -> None:
        sys.stdout.write(address + "/v1\n")
        sys.stdout.flush()

    options = ServeOptions(port=0, max_generations=256)
    run(create_app(EndpointModel("fake", base_url), options=options), options, announce=announce)


def measure(tokens: int, levels: list[int], requests: int) -> dict[int, tuple[Row, Row]]:
    """For each number of clients: the row of the bare server and the row through Anxin."""
    expected = "".join(reply(tokens))
    rows = {}
    with (
        _process(str(HERE / "fake_endpoint.py"), "--tokens", str(tokens)) as bare,
        _process(str(HERE / "overhead.py"), "--serve", bare) as through,
    ):
        for clients in levels:
            each = max(3, requests // clients)
            taken: dict[str, list[Sample]] = {bare: [], through: []}
            seconds = dict.fromkeys(taken, 0.0)
            for address in (bare, through):  # warm
                asyncio.run(ask(address, clients, 2, expected))
            for _ in range(5):  # turn about, so that a slow moment of the machine meets both
                for address in (bare, through):
                    samples, spent = asyncio.run(ask(address, clients, each, expected))
                    taken[address] += samples
                    seconds[address] += spent
            rows[clients] = (
                _row(clients, tokens, taken[bare], seconds[bare]),
                _row(clients, tokens, taken[through], seconds[through]),
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--requests", type=int, default=40, help="about how many replies a round (five rounds)")
    parser.add_argument("--serve", metavar="BASE_URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    rows = measure(options.tokens, options.clients, options.requests)
    out = sys.stdout
    out.write("clients           first p50   first p95   ms/token   server ms/token\n")
    for clients, pair in rows.items():
        for name, row in zip(("direct", "anxin"), pair, strict=True):
            times = f"{row.first_p50:>9.2f}   {row.first_p95:>9.2f}   {row.token:>8.4f}   {row.each:>8.4f}"
            out.write(f"{clients:>7} {name:<8} {times}\n")
        bare, through = pair
        out.write(
            f"{'':>7} {'added':<8} {through.first_p50 - bare.first_p50:>9.2f}   "
            f"{through.first_p95 - bare.first_p95:>9.2f}   {through.token - bare.token:>8.4f}   "
            f"{through.each - bare.each:>8.4f}\n"
        )
    record = {
        "bench": "overhead",
        "tokens": options.tokens,
        "aim": _AIM,
        "rows": [
            {
                "clients": clients,
                "first_ms_p50": [round(bare.first_p50, 3), round(through.first_p50, 3)],
                "first_ms_p95": [round(bare.first_p95, 3), round(through.first_p95, 3)],
                "token_ms": [round(bare.token, 4), round(through.token, 4)],
                "server_token_ms": [round(bare.each, 4), round(through.each, 4)],
            }
            for clients, (bare, through) in rows.items()
        ],
    }
    out.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
