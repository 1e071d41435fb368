"""OpenAI's API as far as one counsellor can serve it: chat completions and the list of models.

The gate and the guard stand in front of and behind every answer; nothing a caller sends can switch them off.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from anxin.counsel import Turn
from anxin.serve.bodies import read_object
from anxin.serve.house import House
from anxin.serve.openai_answer import Completion, ConstantCompletion
from anxin.serve.openai_request import read_chat
from anxin.serve.openai_tasks import answer_task
from anxin.serve.options import ServeOptions
from anxin.serve.past import ledger_before_last
from anxin.serve.refusals import Refusal
from anxin.serve.settings import locale_of

__all__ = ["openai_routes"]


def openai_routes() -> list[BaseRoute]:
    """The routes under /v1."""
    return [
        Route("/v1/chat/completions", complete, methods=["POST"]),
        Route("/v1/models", list_models, methods=["GET"]),
        Route("/v1/models/{id:path}", show_model, methods=["GET"]),
    ]


async def complete(request: Request) -> Response:
    """Answer the newest message of a whole history; nothing is kept between two calls."""
    house = House.of(request)
    _authorise(request, house.options)
    chat = read_chat(await read_object(request, house.options), house.options, _models(house), locale_of(request))
    constant = answer_task(chat.dialogue)
    if constant is not None:
        return ConstantCompletion(chat, constant)
    turn = Turn(
        dialogue=chat.dialogue,
        ledger=await ledger_before_last(chat.dialogue),
        settings=chat.settings,
        max_tokens=chat.max_tokens,
        temperature=chat.temperature,
        top_p=chat.top_p,
        stop=chat.stop,
        seed=chat.seed,
    )
    return Completion(house, chat, turn, _excess(chat.dialogue.messages, house.options))


async def list_models(request: Request) -> Response:
    """What can be asked for: the model by its own name, and as `anxin`."""
    house = House.of(request)
    _authorise(request, house.options)
    return JSONResponse({"object": "list", "data": [_card(id, house) for id in _models(house)]})


async def show_model(request: Request) -> Response:
    """One of them."""
    house = House.of(request)
    _authorise(request, house.options)
    id = request.path_params["id"]
    if id not in _models(house):
        served = ", ".join(_models(house))
        raise Refusal(404, "model_not_found", f"this server serves {served}; ask for one of these", param="model")
    return JSONResponse(_card(id, house))


def _models(house: House) -> tuple[str, ...]:
    return tuple(dict.fromkeys((house.model.info.name, "anxin")))


def _card(id: str, house: House) -> dict[str, object]:
    return {"id": id, "object": "model", "created": house.started, "owned_by": "anxin"}


def _excess(messages: tuple[object, ...], options: ServeOptions) -> Refusal | None:
    if len(messages) <= options.max_turns:
        return None
    limit = f"the conversation has {len(messages)} messages; at most {options.max_turns} are read, send the newest"
    return Refusal(413, "conversation_too_long", limit, param="messages")


def _authorise(request: Request, options: ServeOptions) -> None:
    if not options.api_keys:
        if options.on_loopback:
            return
        message = "this server is open to other machines and has no API key yet; set serve.api_keys in config.toml"
        raise Refusal(401, "no_api_key", message)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    offered = given.strip().encode()
    # Every key is compared, in constant time, so that the time taken tells nothing.
    matches = [hmac.compare_digest(offered, key.encode()) for key in options.api_keys]
    if scheme.lower() != "bearer" or not any(matches):
        message = "send a known API key as `Authorization: Bearer KEY`"
        raise Refusal(401, "invalid_api_key", message, headers={"www-authenticate": "Bearer"})
