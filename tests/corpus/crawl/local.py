"""Sites on this machine that behave as sites do: they remember when they were asked for what, and by whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answer", "LocalSite", "article", "local_site", "page"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers: `after` seconds, with `status` and these headers."""

    body: bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


Page = Answer | str | Callable[[str, int], "Answer | str"]
"""An answer, HTML, or what makes one from the path and how often it was asked for before."""


@dataclass(slots=True)
class LocalSite:
    """`pages` by path; a path that ends in * answers for all below it. `asked` is (monotonic seconds, path, agent)."""

    pages: dict[str, Page]
    port: int = 0
    asked: list[tuple[float, str, str]] = field(default_factory=list)

    def address(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [path for _, path, _ in self.asked]

    def find(self, path: str) -> Answer:
        bare = path.partition("?")[0]
        found = self.pages.get(path) or self.pages.get(bare)
        if found is None:
            found = next(
                (page for own, page in self.pages.items() if own.endswith("*") and bare.startswith(own[:-1])), None
            )
        if found is None:
            return Answer(b"nothing here", 404, "text/plain")
        if callable(found):
            found = found(path, self.paths.count(path) - 1)
        return found if isinstance(found, Answer) else Answer(found.encode())


@contextmanager
def local_site(pages: dict[str, Page]) -> Iterator[LocalSite]:
    """A site that is there inside the block."""
    site = LocalSite(pages)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # an answer in one piece: else each waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            site.asked.append((time.monotonic(), self.path, self.headers.get("User-Agent", "")))
            answer = site.find(self.path)
            time.sleep(answer.after)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.kind:
                    self.send_header("Content-Type", answer.kind)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                self.close_connection = True  # the crawler did not wait, as it should

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

        def finish(self) -> None:
            with suppress(ConnectionError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_LINES = (
    "After a long week she sat by the window and let the kettle sing before she answered anyone.",
    "What helped was small: a walk to the corner, a message to her sister, going to bed at the same hour.",
    "She wrote down what she could change and what she could not, and found the second list shorter than she feared.",
    "By the end of the month the mornings had become a little lighter, and she could say why.",
)
_ZEILEN = (
    "忙完一整周，她坐在窗边，等水开了才去回别人的消息。",
    "真正有用的都是小事：下楼走一圈，给妹妹发条语音，每天同一时间睡觉。",
    "她把能改变的和不能改变的分别写下来，发现第二张纸比想象中短。",
    "到了月底，早晨好像轻了一点，她也说得出是为什么。",
)


def article(subject: str, chinese: bool = False) -> str:
    """Paragraphs about a subject, long enough to be told from a menu."""
    lines = _ZEILEN if chinese else _LINES
    return "".join(f"<p>{subject}{place}. {line}</p>" for place, line in enumerate(lines * 2))


def page(title: str, body: str, *links: str, head: str = "") -> str:
    """A page with a menu, an advert, a main part and a footer."""
    menu = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head><body><nav><ul>{menu}</ul></nav>"
        f'<div class="advert">Buy two pillows, sleep like a stone! Call now.</div>'
        f"<main><article><h1>{title}</h1>{body}</article></main>"
        f"<footer>All pages by nobody in particular. Imprint. Cookies.</footer></body></html>"
    )
