"""A server that speaks the page's side of the HTTP contract from scripts, and serves the built page beside it.

What a client writes chooses the script: see `SCRIPTS`. All telephone numbers are of the range kept for fiction.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

PAGE = Path(__file__).parents[2] / "src" / "anxin" / "serve" / "page"
LIMIT = 200
# The policy under which the real server shows the page (serve/shield.py).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPLY = {"zh": "听起来你已经撑了很久。今晚最难受的是哪一刻？", "en": "That sounds heavy. When was it hardest tonight?"}
CRISIS = {
    "zh": "谢谢你告诉我。你现在的安全最要紧，我想直接问一句：你是在想结束自己的生命吗？",
    "en": "Thank you for telling me. I want to ask you directly: are you thinking of ending your life?",
}
REPLACED = {
    "zh": "这件事我不能这样回答。我们说说你现在的感受，好吗？",
    "en": "I won't answer that way. How are you right now?",
}
TOLD = {
    "zh": {"again": "说一声：和你说话的是AI，不是真人。", "break": "聊了好一会儿了，起来走走，喝口水吧。"},
    "en": {"again": "A small reminder: this is an AI.", "break": "Stand up, stretch, have some water."},
}
PIECES: dict[str, dict[str, dict[str, Any]]] = {
    "crosstalk": {
        "zh": {
            "title": "一盆绿萝",
            "lines": [("甲", "我家绿萝会听课。"), ("乙", "听什么课？"), ("甲", "我一念书，它就低头。")],
        },
        "en": {"title": "The kettle", "lines": [("A", "My kettle sings."), ("B", "Any requests?"), ("A", "Only tea.")]},
    },
    "exercise": {
        "zh": {
            "title": "松一松肩膀",
            "lines": [("", "把肩膀抬到耳朵边。"), ("", "呼气，让它落下来。")],
            "minutes": 2,
            "note": "不舒服就停下。",
            "source": "渐进式肌肉放松",
        },
        "en": {
            "title": "Drop your shoulders",
            "lines": [("", "Lift your shoulders to your ears."), ("", "Breathe out and let them fall.")],
            "minutes": 2,
            "note": "Stop if it hurts.",
            "source": "Progressive relaxation",
        },
    },
    "card": {
        "zh": {"title": "担心是什么", "lines": [("", "担心是脑子在替你排练。")], "source": "一本书"},
        "en": {"title": "What worry is", "lines": [("", "Worry is your mind rehearsing.")], "source": "A book"},
    },
}
NAMES = {
    "zh": {"AA": "甲地", "BB": "乙地"},
    "en": {"AA": "Northland", "BB": "Southland"},
}
Step = tuple[str, dict[str, Any]] | float


def crisis_lines(region: str, language: str) -> list[dict[str, Any]]:
    """Three lines of a region: one open, one closed, one emergency number."""
    chinese = language == "zh"
    last = "5" if region == "BB" else "1"

    def line(name: str, number: str, kind: str, open_now: bool | None, hours: str, note: str = "") -> dict[str, Any]:
        return {
            "name": name,
            "number": number,
            "hours": hours,
            "note": note,
            "url": "https://line.example/help" if kind == "line" and open_now else "",
            "kind": kind,
            "region": region,
            "ways": ["text"] if note.startswith("text") else ["call"],
            "open_now": open_now,
        }

    if chinese:
        return [
            line("心理援助热线", f"555-010{last}", "line", True, "24小时", "免费，直接拨打"),
            line("青少年热线", f"555-012{last}", "line", False, "9:00–21:00"),
            line("急救", f"555-019{last}", "emergency", True, "24小时"),
        ]
    return [
        line("Listening line", f"555-010{last}", "line", True, "24 hours", "free"),
        line("Youth text line", f"555-012{last}", "line", False, "9 am to 9 pm", "text HELLO"),
        line("Ambulance", f"555-019{last}", "emergency", True, "24 hours"),
    ]


def spoken(text: str, by: str = "model", pause: float = 0.0) -> list[Step]:
    """A reply in pieces of a few characters."""
    steps: list[Step] = []
    for start in range(0, len(text), 4):
        steps.append(("spoken", {"text": text[start : start + 4], "by": by}))
        if pause:
            steps.append(pause)
    return steps


def ended(reason: str = "stop", **more: Any) -> Step:
    return ("ended", {"reason": reason, **more})


def piece(kind: str, language: str) -> dict[str, Any]:
    """What the server sends of an offered piece."""
    found = PIECES[kind][language]
    lines = [{"voice": voice, "text": text} for voice, text in found["lines"]]
    bare = {"id": f"{kind}-{language}-x", "kind": kind, "language": language, "minutes": 0, "note": "", "source": ""}
    return {**bare, **found, "lines": lines}


LONG = {
    "zh": "\n\n".join(f"第{n}段：夜里的念头总是比白天重一些，这不是你不够坚强，是身体累了。" for n in range(1, 25)),
    "en": "\n\n".join(
        f"Part {n}: thoughts weigh more at night. It isn't weakness, it is a tired body." for n in range(1, 25)
    ),
}
MARKED = {
    "zh": "可以**先试一件小事**：\n\n1. 把灯调暗\n2. 慢慢呼气\n\n- 不用*马上*睡着\n- 详见[这里](https://outside.example/x)\n\n"
    "<img src=https://outside.example/y onerror=alert(1)>",
    "en": "Try **one small thing**:\n\n1. Dim the light\n2. Breathe out slowly\n\n- No need to sleep *now*\n"
    "- See [this](https://outside.example/x)\n\n<img src=https://outside.example/y onerror=alert(1)>",
}


def script(text: str, language: str, region: str) -> list[Step]:
    """What follows `screened` for a message; the first phrase of `SCRIPTS` found in it decides."""
    name = next((name for phrase, name in SCRIPTS.items() if phrase in text), "normal")
    match name:
        case "told":
            told: list[Step] = [("notice", {"kind": kind, "text": text}) for kind, text in TOLD[language].items()]
            return [*told, *spoken(REPLY[language]), ended()]
        case "crisis":
            return [*spoken(CRISIS[language], "anxin"), ("lines", {"lines": crisis_lines(region, language)}), ended()]
        case "slow":
            return [*spoken(LONG[language], pause=0.04), ended()]
        case "silent":
            return [60.0, ended()]
        case "long":
            return [*spoken(LONG[language]), ended()]
        case "failed":
            return [
                ("failed", {"code": "model_unavailable", "message": "nobody listens on port 11434"}),
                ended("failed"),
            ]
        case "guarded":
            return [*spoken(LONG[language][:40], pause=0.02), ended("guarded", text=REPLACED[language])]
        case "waiting":
            places: list[Step] = [("waiting", {"place": 3}), 0.4, ("waiting", {"place": 1}), 0.4]
            return [*places, *spoken(REPLY[language]), ended()]
        case "truncated":
            return [("truncated", {"dropped": 6, "shortened": False}), *spoken(REPLY[language]), ended("length")]
        case "reasoning":
            return [("reasoning", {"text": "The client is tired. Reflect first."}), *spoken(REPLY[language]), ended()]
        case "marked":
            return [*spoken(MARKED[language]), ended()]
        case "crosstalk" | "exercise" | "card":
            return [*spoken(REPLY[language]), ("offered", {"piece": piece(name, language)}), ended()]
        case "dies":
            return [*spoken(REPLY[language][:8])]
        case _:
            return [*spoken(REPLY[language]), ended()]


SCRIPTS: Mapping[str, str] = {
    "不想活": "crisis",
    "want to die": "crisis",
    "慢慢": "slow",
    "slowly": "slow",
    "沉默": "silent",
    "silence": "silent",
    "很多": "long",
    "a lot": "long",
    "坏了": "failed",
    "broken": "failed",
    "出格": "guarded",
    "improper": "guarded",
    "排队": "waiting",
    "queue": "waiting",
    "忘了": "truncated",
    "forget": "truncated",
    "为什么": "reasoning",
    "why": "reasoning",
    "怎么做": "marked",
    "what to do": "marked",
    "好久": "told",
    "so long": "told",
    "断了": "dies",
    "cut off": "dies",
    "笑话": "crosstalk",
    "joke": "crosstalk",
    "放松": "exercise",
    "relax": "exercise",
    "担心": "card",
    "worry": "card",
}


@dataclass
class Conversation:
    messages: list[dict[str, Any]] = field(default_factory=list)
    running: bool = False


@dataclass
class FakeServer:
    """State the tests look at: `hung_up` counts clients that left in mid-stream, `turns` what was posted."""

    demonstration: bool = True
    busy: bool = False
    conversations: dict[str, Conversation] = field(default_factory=dict)
    turns: list[dict[str, Any]] = field(default_factory=list)
    hung_up: int = 0
    address: str = ""

    def reset(self) -> None:
        """Forget everything, as a restart does."""
        self.demonstration, self.busy, self.hung_up = True, False, 0
        self.conversations.clear()
        self.turns.clear()

    def start(self) -> uvicorn.Server:
        """Serve on a free port of the loopback interface from a thread of its own."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(self.app(), log_level="critical", lifespan="off"))
        threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
        deadline = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > deadline:
                raise RuntimeError("the fake server did not start within 10 s")
            time.sleep(0.01)
        return server

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def policy(request: Request, call_next: Any) -> Response:
            response: Response = await call_next(request)
            response.headers["content-security-policy"] = POLICY
            return response

        @app.get("/api/about")
        def about(language: str = "zh") -> dict[str, Any]:
            return {
                "version": "0.1.0",
                "model": {"name": "mini", "demonstration": self.demonstration, "backend": "embedded", "outside": False},
                "regions": [{"code": code, "name": name} for code, name in NAMES[language].items()],
                "region": "AA",
                "limits": {"message_characters": LIMIT},
                "disclosure": {
                    "zh": "我是 AI，不是心理治疗师，也不能代替医生。",
                    "en": "I am an AI, not a therapist, and no replacement for a doctor.",
                }[language],
            }

        @app.get("/api/lines")
        def lines(region: str, language: str = "zh") -> dict[str, Any]:
            return {"lines": crisis_lines(region, language)}

        @app.post("/api/conversations", status_code=201)
        def create() -> dict[str, str]:
            id = secrets.token_urlsafe(16)
            self.conversations[id] = Conversation()
            return {"id": id}

        @app.get("/api/conversations/{id}", response_model=None)
        def show(id: str) -> Response | dict[str, Any]:
            found = self.conversations.get(id)
            return {"id": id, "messages": found.messages} if found else refuse(404, "unknown_conversation")

        @app.delete("/api/conversations/{id}")
        def erase(id: str) -> Response:
            return (
                Response(status_code=204) if self.conversations.pop(id, None) else refuse(404, "unknown_conversation")
            )

        @app.post("/api/conversations/{id}/{kind}")
        async def turn(id: str, kind: str, request: Request) -> Response:
            body = await request.json()
            return self.take(id, body, again=kind == "retry")

        @app.get("/")
        def index() -> FileResponse:
            return FileResponse(PAGE / "index.html")

        app.mount("/assets", StaticFiles(directory=PAGE / "assets"))
        return app

    def take(self, id: str, body: dict[str, Any], *, again: bool) -> Response:
        found = self.conversations.get(id)
        if found is None:
            return refuse(404, "unknown_conversation")
        if found.running:
            return refuse(409, "turn_running")
        if self.busy:
            return refuse(429, "busy", {"retry-after": "5"})
        self.turns.append({"again": again, **body})
        if again:
            while found.messages and found.messages[-1]["role"] == "counsellor":
                found.messages.pop()
        else:
            found.messages.append({"role": "client", "text": body["text"], "by": None, "lines": []})
        return StreamingResponse(self.stream(found, body, again=again), media_type="text/event-stream")

    async def stream(self, found: Conversation, body: dict[str, Any], *, again: bool) -> AsyncIterator[str]:
        text = found.messages[-1]["text"]
        language = "zh" if any("一" <= character <= "鿿" for character in text) else "en"
        region = body["region"] or "AA"
        # A second try of what failed or broke off goes well.
        steps = script("" if again else text, language, region)
        reply: dict[str, Any] = {"role": "counsellor", "text": "", "by": "model", "lines": []}
        found.running, whole = True, False
        try:
            yield frame("screened", {"route": "crisis" if "lines" in str(steps) else "converse", "language": language})
            for step in steps:
                if isinstance(step, float):
                    await asyncio.sleep(step)
                    continue
                kind, data = step
                if kind == "spoken":
                    reply |= {"text": reply["text"] + data["text"], "by": data["by"]}
                elif kind == "lines":
                    reply["lines"] = [{**line, "open_now": None} for line in data["lines"]]
                elif kind == "notice":
                    reply.setdefault("notices", []).append(data)
                elif kind == "offered":
                    reply["offered"] = data["piece"]
                elif kind == "ended" and "text" in data:
                    reply["text"] = data["text"]
                yield frame(kind, data)
            whole = True
        finally:
            found.running = False
            self.hung_up += not whole
            if reply["text"]:
                found.messages.append(reply)


def frame(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def refuse(status: int, code: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"code": code, "message": code}}, status, headers=headers)
