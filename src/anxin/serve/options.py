"""Everything an operator can set about serving. This dataclass is the only source of the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.model.address import is_loopback
from anxin.safety import jurisdiction

__all__ = ["ServeOptions"]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve. Raises `ConfigError` for a value that cannot be used.

    `max_body_bytes` is per request, `max_message_characters` per message of the client, `max_turns` messages per
    conversation, `max_generations` requests being answered at once, `conversation_seconds` how long an idle
    conversation is kept in memory, `ping_seconds` the longest silence on a stream, `body_seconds` the time a client
    has to send its request. `jurisdiction` is the code of the pack whose notices are given and whose crisis lines are
    shown where `region` is empty. `disclose_in_text` puts the first notice of a /v1 conversation before its first
    reply, too, for clients that show nothing else. Without `offers` no exercise, card or crosstalk piece is ever
    shown. Without `api_keys` the API is open to this machine and closed to any other.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    jurisdiction: str = "default"
    region: str = ""
    language: Language | None = None
    offers: bool = True
    disclose_in_text: bool = False
    max_body_bytes: int = 256 * 1024
    max_message_characters: int = 8_000
    max_turns: int = 400
    max_generations: int = 64
    max_conversations: int = 10_000
    conversation_seconds: float = 12 * 3600.0
    ping_seconds: float = 15.0
    body_seconds: float = 30.0
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    allow_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        jurisdiction(self.jurisdiction)
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port {self.port} is not a port; give a number from 1 to 65535")
        for name in (
            "max_body_bytes",
            "max_message_characters",
            "max_turns",
            "max_generations",
            "max_conversations",
            "conversation_seconds",
            "ping_seconds",
            "body_seconds",
        ):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be more than 0")
        if any(not key.strip() for key in self.api_keys):
            raise ConfigError("an API key is empty; give a key or leave the option out")

    @property
    def lines_region(self) -> str:
        """Whose crisis lines are shown to a client who names no region."""
        return self.region or jurisdiction(self.jurisdiction).region

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)
