"""Talk to a model through the whole turn with scripted clients; print the dialogues as they came out, and measures.

    python bench/mini.py --model models/mini.gguf --markdown conversations.md

Sampling is seeded: the same file and runtime give the same words. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tomllib
from pathlib import Path

from anxin.config import home
from anxin.counsel import Ended, Failed, Settings, Truncated, Turn, turn
from anxin.dialogue import Dialogue
from anxin.evaluate import distinct, looping
from anxin.model import Model
from anxin.model.resolve import ModelOptions, resolve
from anxin.safety import Ledger

CLIENTS = Path(__file__).with_name("mini_clients.toml")


async def talk(model: Model, client: dict[str, object], temperature: float | None, seed: int) -> tuple[str, list[str]]:
    dialogue, ledger = Dialogue(), Ledger()
    written, replies = [f"### {client['name']}\n"], []
    says = client["says"]
    assert isinstance(says, list)
    for place, text in enumerate(says):
        dialogue = dialogue.says("client", text)
        written.append(f"**{'来访者' if client['language'] == 'zh' else 'Client'}** {text}\n")
        request = Turn(dialogue, ledger, Settings(), temperature=temperature, seed=seed + place)
        async for event in turn(request, model):
            if isinstance(event, Truncated):
                written.append(f"*({event.dropped} messages not shown to the model)*\n")
            elif isinstance(event, Failed):
                written.append(f"*(failed: {event.code})*\n")
            elif isinstance(event, Ended):
                ledger, reply = event.ledger, event.text
                note = "" if event.reason == "stop" else f" *({event.reason})*"
                written.append(f"**安心** {' '.join(reply.split())}{note}\n")
                replies.append(reply)
                dialogue = dialogue.says("counsellor", reply)
    return "\n".join(written), replies


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--model", default="mini")
    options.add_argument("--temperature", type=float, help="else what suits the model")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--repeat-penalty", type=float, default=1.1)
    options.add_argument("--markdown", type=Path)
    given = options.parse_args()
    model = resolve(given.model, home(), ModelOptions(repeat_penalty=given.repeat_penalty))
    pages: list[str] = []
    chinese: list[str] = []
    try:
        for client in tomllib.loads(CLIENTS.read_text(encoding="utf-8"))["client"]:
            page, replies = await talk(model, client, given.temperature, given.seed)
            pages.append(page)
            chinese += replies if client["language"] == "zh" else []
    finally:
        await model.close()
    if given.markdown:
        given.markdown.write_text("\n".join(pages), encoding="utf-8")
    result = {
        "model": given.model,
        "replies_zh": len(chinese),
        "characters_per_reply": round(sum(map(len, chinese)) / len(chinese), 1),
        "distinct_1": round(100 * distinct(chinese, 1), 2),
        "distinct_2": round(100 * distinct(chinese, 2), 2),
        "looping_percent": round(100 * sum(map(looping, chinese)) / len(chinese), 1),
        "repeated_replies_percent": round(100 * (1 - len(set(chinese)) / len(chinese)), 1),
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    asyncio.run(main())
