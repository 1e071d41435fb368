"""Decode speed of the embedded backend against the bare binding, on one file in one process, turn about.

    python bench/decode.py --model path/to.gguf [--tokens 128] [--rounds 5] [--threads 0]

Each round has every engine answer the same prompt with the same sampling and seed. `tokens/s` is replied tokens over
the wall time of the whole request, the prompt being cached from the round before; `tokens/CPU s` is over the process'
processor time, which other work on the machine disturbs less. Prints a table, then one line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import importlib
import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anxin.dialogue import Message
from anxin.model import Done, EmbeddedModel, Generation
from anxin.model.cores import usable_cores

ASK = "我最近总是睡不好，躺下就想工作的事。你能陪我聊聊吗？"
CONTEXT = 2048
SEEDS = 24
PENALTY = 1.1

Run = Callable[[int], Awaitable[int]]  # from a seed to the tokens replied


@dataclass
class Engine:
    """What answers, and what was measured of it."""

    name: str
    run: Run
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


async def embedded(path: Path, threads: int, tokens: int) -> tuple[Engine, EmbeddedModel]:
    model = EmbeddedModel(path, context=CONTEXT, threads=threads, repeat_penalty=PENALTY, trusted=True)
    await model.prepare()

    async def run(seed: int) -> int:
        async for piece in model.stream(Generation((Message("client", ASK),), max_tokens=tokens, seed=seed)):
            if isinstance(piece, Done):
                return piece.reply_tokens
        raise RuntimeError("the answer had no end")

    return Engine("anxin embedded", run), model


def bare(path: Path, threads: int, tokens: int) -> Engine:
    """xllamacpp's server, asked by its own protocol with the least a client can do."""
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.no_extra_bufts = True
    params.cache_ram_mib = 0
    params.fit_params = False
    params.ui = False
    params.verbosity = 0
    server = xllamacpp.Server(params)
    host = server.listening_address.removeprefix("http://")
    prompt = _post(host, "/apply-template", {"messages": [{"role": "user", "content": ASK}]})["prompt"]
    default = Generation((), max_tokens=tokens)
    body = {
        "prompt": prompt,
        "n_predict": tokens,
        "temperature": default.temperature,
        "top_p": default.top_p,
        "repeat_penalty": PENALTY,
        "repeat_last_n": 64,
        "stream": True,
        "cache_prompt": True,
    }

    async def run(seed: int, _server: Any = server) -> int:
        return await asyncio.to_thread(_stream, host, {**body, "seed": seed})

    return Engine("xllamacpp bare", run)


def native(path: Path, threads: int, tokens: int) -> Engine:
    """llama-cpp-python, compiled for this very processor, called in process."""
    llama_cpp = importlib.import_module("llama_cpp")
    model = llama_cpp.Llama(str(path), n_ctx=CONTEXT, n_threads=threads, n_threads_batch=threads, verbose=False)
    default = Generation((), max_tokens=tokens)

    def answer(seed: int) -> int:
        said = model.create_chat_completion(
            [{"role": "user", "content": ASK}],
            max_tokens=tokens,
            temperature=default.temperature,
            top_p=default.top_p,
            repeat_penalty=PENALTY,
            seed=seed,
        )
        return int(said["usage"]["completion_tokens"])

    async def run(seed: int) -> int:
        return await asyncio.to_thread(answer, seed)

    return Engine("llama-cpp-python", run)


async def longest_seed(engine: Engine, tokens: int) -> int:
    """The seed of a reply that is long enough to measure, as small models like to end early."""
    longest, chosen = 0, 0
    for seed in range(SEEDS):
        replied = await engine.run(seed)
        if replied > longest:
            longest, chosen = replied, seed
        if replied >= tokens:
            break
    return chosen


async def measure(engines: list[Engine], rounds: int, seed: int) -> None:
    for engine in engines:
        await engine.run(seed)  # warms the prompt's cache
    for turn in range(rounds):
        for place in range(len(engines)):
            engine = engines[(turn + place) % len(engines)]
            wall, processor = time.perf_counter(), time.process_time()
            tokens = await engine.run(seed)
            engine.wall.append(tokens / (time.perf_counter() - wall))
            engine.processor.append(tokens / (time.process_time() - processor))


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    threads = options.threads or usable_cores()
    setting = (options.model, threads, options.tokens)
    first, model = await embedded(*setting)
    engines = [first, bare(*setting)]
    if importlib.util.find_spec("llama_cpp"):
        engines.append(native(*setting))
    seed = await longest_seed(engines[1], options.tokens)
    try:
        await measure(engines, options.rounds, seed)
    finally:
        await model.close()
    report(
        engines, {"model": options.model.name, "threads": threads, "tokens": options.tokens, "rounds": options.rounds}
    )


def report(engines: list[Engine], setting: dict[str, Any]) -> None:
    base = engines[1]
    rows = [
        {
            "engine": engine.name,
            "tokens_per_s": round(statistics.median(engine.wall), 2),
            "tokens_per_cpu_s": round(statistics.median(engine.processor), 2),
            # Round by round, so that what else the machine did in that minute falls out.
            "ratio": round(statistics.median(a / b for a, b in zip(engine.wall, base.wall, strict=True)), 3),
            "ratio_cpu": round(
                statistics.median(a / b for a, b in zip(engine.processor, base.processor, strict=True)), 3
            ),
        }
        for engine in engines
    ]
    sys.stdout.write(f"{'engine':18} {'tokens/s':>9} {'tokens/CPU s':>13} {'of bare':>8} {'of bare, CPU':>13}\n")
    for row in rows:
        name, *numbers = row.values()
        sys.stdout.write("{:18} {:9} {:13} {:8} {:13}\n".format(name, *numbers))
    sys.stdout.write(json.dumps({"bench": "decode", **setting, "load": os.getloadavg()[0], "rows": rows}) + "\n")


def _post(host: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    connection = http.client.HTTPConnection(host)
    connection.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def _stream(host: str, body: dict[str, Any]) -> int:
    connection = http.client.HTTPConnection(host)
    connection.request("POST", "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    last: dict[str, Any] = {}
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            last = json.loads(line[6:])
    connection.close()
    return int(last["tokens_predicted"])


if __name__ == "__main__":
    asyncio.run(main())
