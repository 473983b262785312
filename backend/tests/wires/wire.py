"""What every transport can do, as a test sees it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True)
class Seen:
    """One thing that a reader was told; `cursor` is what it resumes from, None where it is told none."""

    kind: Literal["start", "token", "reasoning", "heartbeat", "outcome"]
    cursor: int | None = None
    text: str = ""
    told: dict[str, Any] | None = None


class RefusedError(Exception):
    """A problem in place of a reply: its code, and after how many seconds to ask again."""

    def __init__(self, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


Reading = AsyncIterator[Seen]


class Wire(Protocol):
    """One transport to one server, spoken by one client. What is refused raises `RefusedError`."""

    def start(self, body: dict[str, Any], key: str | None = None) -> AbstractAsyncContextManager[Reading]:
        """Start a reply and read it; leaving the context leaves the reply. `key` makes it safe to repeat."""
        ...

    def follow(self, generation: str, after: int) -> AbstractAsyncContextManager[Reading]:
        """Read a reply from a cursor."""
        ...

    async def cancel(self, generation: str) -> None:
        """Stop a reply."""
        ...


def from_object(found: dict[str, Any]) -> Seen:
    """An object of NDJSON, of a WebSocket, or of a page."""
    match found["event"]:
        case "token" | "reasoning" as kind:
            return Seen(kind, found["cursor"], found["token"])
        case "start":
            return Seen("start", found["cursor"], told=found)
        case "outcome":
            return Seen("outcome", told=found)
        case "heartbeat":
            return Seen("heartbeat")
        case other:
            raise AssertionError(f"{other!r} is no event")
