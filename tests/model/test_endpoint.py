from __future__ import annotations

import asyncio
import json

import pytest

from anxin.dialogue import Message
from anxin.errors import ConfigError, ContextTooLong, ModelBroken, ModelError, ModelNotFound, ModelUnavailable
from anxin.model import Done, EndpointModel, Generation, Piece, Reply, Thought, Timeouts

from .fake_server import DONE, OK, Answer, Asked, refusal, says, serving
from .reading import asks, done, read, replied, thought

pytestmark = pytest.mark.anyio

HASTY = Timeouts(connect=1, first=0.2, between=0.2, total=0.5)
SECRET = "a client's secret"


def sends(*parts: bytes, pause: float = 0.0) -> Answer:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return answer


async def hear(
    answer: Answer, generation: Generation | None = None, *, timeouts: Timeouts | None = None
) -> list[Piece]:
    async with serving(answer) as fake:
        model = EndpointModel("qwen3", fake.url, timeouts=timeouts, backoff=0.01)
        try:
            return await read(model, generation or asks(SECRET))
        finally:
            await model.close()


async def test_a_reply_with_its_counts() -> None:
    pieces = await hear(
        sends(OK, says({"role": "assistant", "content": ""}, {"content": "我在"}, {"content": "听"}), DONE)
    )
    assert replied(pieces) == "我在听"
    assert done(pieces) == Done("stop", 7, 3)


async def test_what_comes_together_is_handed_on_together() -> None:
    deltas = [{"reasoning": "a"}, {"reasoning": "b"}, {"content": "c"}, {"content": "d"}]
    assert await hear(sends(OK + says(*deltas) + DONE)) == [Thought("ab"), Reply("cd"), Done("stop", 7, 3)]
    pieces = await hear(sends(OK, *(says(delta, finish=None, usage=None) for delta in deltas), DONE, pause=0.02))
    assert pieces[:-1] == [Thought("a"), Thought("b"), Reply("c"), Reply("d")]


async def test_what_is_asked() -> None:
    async with serving(sends(OK, says({"content": "x"}), DONE)) as fake:
        model = EndpointModel("qwen3", fake.url + "/", api_key="k-1")
        said = (Message("system", "be kind"), Message("client", "half \ud83d"))
        await read(model, Generation(said, max_tokens=9, temperature=0.5, top_p=0.8, stop=("。",), seed=3))
        await model.close()
    (asked,) = fake.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer k-1"
    assert asked.body == {
        "model": "qwen3",
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "half \ufffd"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.8,
        "stop": ["。"],
        "seed": 3,
    }


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_in_its_own_field(field: str) -> None:
    pieces = await hear(sends(OK, says({field: "she is "}, {field: "sad"}, {"content": "oh"}), DONE))
    assert (thought(pieces), replied(pieces)) == ("she is sad", "oh")
    assert isinstance(pieces[0], Thought)


async def test_reasoning_in_a_block() -> None:
    pieces = await hear(
        sends(OK, says({"content": "<th"}, {"content": "ink>sad</think>"}, {"content": "\n\noh"}), DONE)
    )
    assert (thought(pieces), replied(pieces)) == ("sad", "oh")


async def test_length_and_a_server_that_does_not_count() -> None:
    pieces = await hear(sends(OK, says({"content": "一"}, {"content": "二"}, finish="length", usage=None), DONE))
    assert done(pieces) == Done("length", EndpointModel("m", "http://x/v1").count(asks(SECRET).messages), 2)


async def test_bytes_may_break_anywhere() -> None:
    stream = says({"content": "你好"}, {"content": "😀"}) + DONE
    pieces = await hear(sends(OK, *(stream[at : at + 1] for at in range(len(stream)))))
    assert replied(pieces) == "你好😀"


async def test_comments_and_unknown_events_are_passed_over() -> None:
    noise = b': ping\n\nevent: x\nretry: 3\ndata: {"choices": []}\n\ndata: {"object": "?"}\n\n'
    assert replied(await hear(sends(OK, noise, says({"content": "hi"}), noise, DONE))) == "hi"


async def test_halves_of_surrogates_never_reach_the_client() -> None:
    assert replied(await hear(sends(OK, says({"content": "a\ud83d"}), DONE))) == "a\ufffd"


async def test_no_server() -> None:
    async with serving(sends()) as fake:
        url = fake.url
    model = EndpointModel("qwen3", url, backoff=0.01)
    with pytest.raises(ModelUnavailable, match=r"not running or not reachable.*start it"):
        await read(model, asks(SECRET))
    await model.close()


@pytest.mark.parametrize(
    ("status", "body", "error", "says_so"),
    [
        (401, {"error": {"message": SECRET}}, ModelUnavailable, "refused the API key"),
        (404, {"error": {"message": "model 'x' not found"}}, ModelNotFound, "it has: qwen3, glm4"),
        (400, {"error": {"message": "Model Not Exist"}}, ModelNotFound, "it has: qwen3, glm4"),
        (400, {"error": {"code": "context_length_exceeded"}}, ContextTooLong, "shorten"),
        (400, {"error": {"type": "exceed_context_size_error", "message": SECRET}}, ContextTooLong, "shorten"),
        (400, {"error": {"type": "invalid_request", "message": SECRET}}, ModelUnavailable, r"\(400\): invalid_request"),
        (400, {"error": {"type": SECRET}}, ModelUnavailable, r"refused the request \(400\)$"),
        (400, SECRET, ModelUnavailable, r"\(400\)$"),
        (301, "", ModelUnavailable, "sends elsewhere"),
        (500, SECRET, ModelUnavailable, "cannot answer now"),
        (429, SECRET, ModelUnavailable, "too many requests"),
    ],
)
async def test_refusals_in_words_that_help(
    status: int, body: dict[str, object] | str, error: type[ModelError], says_so: str
) -> None:
    with pytest.raises(error, match=says_so) as raised:
        await hear(sends(refusal(status, body)))
    assert SECRET not in str(raised.value)
    assert "\n" not in str(raised.value)


async def test_a_wrong_address_is_told_from_an_unknown_model() -> None:
    async with serving(sends(refusal(404, "404 page not found"))) as fake:
        model = EndpointModel("qwen3", fake.url.removesuffix("v1") + "models/oops", backoff=0.01)
        with pytest.raises(ModelNotFound):
            await read(model, asks(SECRET))
        await model.close()


async def test_asks_again_while_nothing_was_said() -> None:
    answers = iter([refusal(503, "loading"), OK, OK + says({"content": "hi"}) + DONE])

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(next(answers))

    async with serving(answer) as fake:
        model = EndpointModel("qwen3", fake.url, backoff=0.01)
        assert replied(await read(model, asks("x"))) == "hi"
        await model.close()
    assert len(fake.asked) == 3


async def test_never_asks_again_once_something_was_said() -> None:
    async with serving(sends(OK, says({"content": "I am"}, finish=None, usage=None))) as fake:
        model = EndpointModel("qwen3", fake.url, backoff=0.01)
        heard: list[Piece] = []
        with pytest.raises(ModelBroken, match="broke off"):
            async for piece in model.stream(asks("x")):
                heard.append(piece)
        await model.close()
    assert heard == [Reply("I am")]
    assert len(fake.asked) == 1


async def test_gives_up_after_its_retries() -> None:
    async with serving(sends(OK)) as fake:
        model = EndpointModel("qwen3", fake.url, retries=1, backoff=0.01)
        with pytest.raises(ModelUnavailable, match="hung up before the first word"):
            await read(model, asks("x"))
        await model.close()
    assert len(fake.asked) == 2


async def test_a_line_cut_in_mid_answer() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        event = says({"content": "I am"}, finish=None, usage=None)
        writer.write(b"%x\r\n%s\r\n40\r\ndata: {" % (len(event), event))
        await writer.drain()
        writer.transport.abort()

    with pytest.raises(ModelBroken, match="broke off"):
        await hear(answer)


async def test_an_answer_that_ends_without_its_end() -> None:
    with pytest.raises(ModelBroken, match="broke off"):
        await hear(sends(OK, says({"content": "I am"}, finish=None)))


async def test_a_finished_answer_needs_no_done() -> None:
    assert replied(await hear(sends(OK, says({"content": "I am here"})))) == "I am here"


async def test_a_last_line_without_line_end() -> None:
    assert replied(await hear(sends(OK, says({"content": "hi"}, finish=None), b"data: [DONE]"))) == "hi"


@pytest.mark.parametrize(
    "garbage",
    [
        b"data: <html>\n\n",
        b"data: [1]\n\n",
        b"data: \xff\xfe\n\n",
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"x" * (3 << 20),
    ],
)
@pytest.mark.parametrize("begun", [b"", says({"content": "I am"}, finish=None, usage=None)])
async def test_garbage(garbage: bytes, begun: bytes) -> None:
    with pytest.raises(ModelBroken, match="not an answer"):
        await hear(sends(OK, begun, garbage))


@pytest.mark.parametrize(
    "odd", [{"choices": [3]}, {"choices": {}}, {"choices": [{"delta": 1}]}, {"usage": {"prompt_tokens": "x"}}]
)
async def test_oddities_are_passed_over(odd: dict[str, object]) -> None:
    line = b"data: " + json.dumps(odd).encode() + b"\n\n"
    assert replied(await hear(sends(OK, line, says({"content": 5}, {"content": "hi"}), DONE))) == "hi"


async def test_a_fault_reported_in_the_stream() -> None:
    fault = b'data: {"error": {"message": "out of memory: ' + SECRET.encode() + b'"}}\n\n'
    with pytest.raises(ModelUnavailable, match="before the first word") as before:
        await hear(sends(OK, fault))
    with pytest.raises(ModelBroken, match="mid-answer"):
        await hear(sends(OK, says({"content": "I"}, finish=None), fault))
    with pytest.raises(ContextTooLong):
        await hear(sends(OK, b'data: {"error": {"code": "context_length_exceeded"}}\n\n'))
    assert SECRET not in str(before.value)


@pytest.mark.parametrize("keeps_alive", [b"", b": ping\n\n"])
@pytest.mark.parametrize(
    ("begun", "error"),
    [(b"", ModelUnavailable), (OK, ModelUnavailable), (OK + says({"content": "I"}, finish=None), ModelBroken)],
)
async def test_a_server_that_hangs(begun: bytes, keeps_alive: bytes, error: type[ModelError]) -> None:
    pings = [keeps_alive] * 40 if begun else [b""] * 40
    with pytest.raises(error, match=r"in time|silent"):
        await hear(sends(begun, *pings, pause=0.02), timeouts=HASTY)


async def test_a_server_that_never_ends() -> None:
    drip = says({"content": "a"}, finish=None, usage=None)
    with pytest.raises(ModelBroken, match="silent"):
        await hear(sends(OK, *[drip] * 100, pause=0.02), timeouts=HASTY)


async def test_a_whole_answer_does_not_wait_for_the_server_to_hang_up() -> None:
    async with asyncio.timeout(5):
        pieces = await hear(sends(OK, says({"content": "hi"}), DONE, pause=0.5))
    assert replied(pieces) == "hi"


async def test_leaving_closes_the_connection() -> None:
    drip = says({"content": "a"}, finish=None, usage=None)
    async with serving(sends(OK, *[drip] * 1000, pause=0.005)) as fake:
        model = EndpointModel("qwen3", fake.url)
        stream = model.stream(asks("x"))
        assert await anext(stream) == Reply("a")
        await stream.aclose()
        async with asyncio.timeout(5):
            await fake.left.wait()
        await model.close()


async def test_two_clients_never_hear_each_other() -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        name = asked.body["messages"][0]["content"]
        await sends(OK, *[says({"content": name}, finish=None)] * 50, DONE)(asked, writer)

    async with serving(answer) as fake:
        model = EndpointModel("qwen3", fake.url)
        heard = await asyncio.gather(*(read(model, asks(name)) for name in "abcdefgh"))
        await model.close()
    assert [set(replied(pieces)) for pieces in heard] == [{name} for name in "abcdefgh"]
    assert all(len(replied(pieces)) == 50 for pieces in heard)


@pytest.mark.parametrize("url", ["", "127.0.0.1:11434", "ftp://x/v1", "http://", "http://[x/v1", "http://x:99999/v1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ConfigError, match="must look like"):
        EndpointModel("m", url)


@pytest.mark.parametrize(
    ("url", "outside"),
    [
        ("http://127.0.0.1:11434/v1", False),
        ("http://localhost/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://192.168.1.5/v1", True),
        ("https://api.example.org/v1", True),
        ("http://localhost.example.org/v1", True),
        ("http://127.example.org/v1", True),
        ("http://127.0.0.2/v1", False),
    ],
)
def test_it_is_known_whether_words_leave_this_machine(url: str, outside: bool) -> None:
    assert EndpointModel("m", url).info.outside is outside
