"""A request that cannot be answered: its status, a stable code and one line that says what to do.

Bodies take OpenAI's shape under /v1 and `{"error": {"code", "message"}}` elsewhere. None ever repeats what the
client sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from anxin.errors import UserError

__all__ = ["Refusal", "answer_refusal", "answer_validation", "model_failure", "openai_error", "refusal_body"]

_OPENAI_TYPES: Mapping[int, str] = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_FAILURE_STATUS: Mapping[str, int] = {
    "model_unavailable": 503,
    "model_file_error": 503,
    "model_not_found": 404,
    "context_too_long": 400,
    "model_broken": 502,
    "model_error": 502,
}


class Refusal(UserError):
    """Raised by a handler to answer with `status`. `param` names the offending field."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.headers = dict(headers or {})


def model_failure(code: str, message: str) -> Refusal:
    """The refusal for a model that failed before it said anything; `code` is that of `anxin.errors`."""
    status = _FAILURE_STATUS.get(code, 500)
    return Refusal(status, code, message, headers={"retry-after": "5"} if status == 503 else None)


def openai_error(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    """OpenAI's error object."""
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refusal_body(path: str, refusal: Refusal) -> dict[str, Any]:
    """The body in the shape that callers of `path` know."""
    if path.startswith("/v1"):
        return openai_error(refusal.status, refusal.code, str(refusal), refusal.param)
    return {"error": {"code": refusal.code, "message": str(refusal)}}


async def answer_refusal(request: Request, refusal: Exception) -> Response:
    """Exception handler for `Refusal`."""
    assert isinstance(refusal, Refusal)
    body = refusal_body(request.url.path, refusal)
    return JSONResponse(body, refusal.status, headers=refusal.headers)


async def answer_validation(request: Request, fault: Exception) -> Response:
    """Exception handler for FastAPI's own validation, whose usual body would echo the client's input."""
    return await answer_refusal(request, Refusal(422, "bad_request", "a field of the request has the wrong type"))
