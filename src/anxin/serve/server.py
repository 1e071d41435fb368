"""Runs an app under uvicorn on a port that is taken before anything slow begins."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from anxin.errors import ConfigError
from anxin.serve.options import ServeOptions

__all__ = ["bind", "run"]

_TRIES = 20  # ports after the one asked for that are tried for a hint


def bind(options: ServeOptions) -> socket.socket:
    """Take the port. Raises `ConfigError` naming a free one when it is in use, or the host that cannot be used.

    It listens at once, which alone makes it ours; who connects early waits until `run` serves it.
    """
    try:
        return _bound(options.host, options.port)
    except socket.gaierror:
        raise ConfigError(f"{options.host} is not an address of this machine; try --host 127.0.0.1") from None
    except PermissionError:
        raise ConfigError(f"port {options.port} needs more rights; try --port 8000") from None
    except OSError as fault:
        if fault.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {options.port} is in use; try --port {_free(options)}") from None
        raise ConfigError(f"{options.host} cannot be listened on here; try --host 127.0.0.1") from None


def run(
    app: FastAPI,
    options: ServeOptions,
    *,
    listener: socket.socket | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until interrupted. `announce` is told the address once the app answers; nothing is printed here.

    Give the socket of `bind` as `listener`, taken before the model was loaded; without it the port is taken now.
    """
    taken = listener if listener is not None else bind(options)
    with taken:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=5,
        )
        _Server(config, taken, announce).run(sockets=[taken])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listener: socket.socket, announce: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._listener = listener
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and self._announce is not None:
            self._announce(_address(self._listener))


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    taken = socket.socket(family, kind, protocol)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen()  # two may bind one port as long as neither listens
    except BaseException:
        taken.close()
        raise
    return taken


def _free(options: ServeOptions) -> int:
    for port in range(options.port + 1, min(options.port + _TRIES, 65535) + 1):
        try:
            _bound(options.host, port).close()
        except OSError:
            continue
        return port
    return 0  # the system chooses


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
