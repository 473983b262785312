"""What applications beside Quart need: types, refusals, and the limits of a request's body."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeAlias

from headwater.api.problems import MEDIA_TYPE, problem_object
from headwater.api.requests import BODY_BYTES, BODY_PACE, BODY_TIMEOUT, DISCARD_BYTES
from headwater.errors import InvalidRequestError, ProblemError, TooLargeError
from headwater.transports.wire import encode_json

Scope: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
AsgiApplication: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


def path_below_base(scope: Scope) -> str:
    """The path of a request, without the base path of the server, which is ASGI's `root_path`."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


async def refuse(receive: Receive, send: Send, status: int) -> None:
    """Answer with a status and no body."""
    await _answer_nothing(receive, send, status, [])


async def redirect(receive: Receive, send: Send, location: bytes) -> None:
    """Send the client to another address, for now."""
    await _answer_nothing(receive, send, 307, [(b"location", location)])


async def _answer_nothing(
    receive: Receive, send: Send, status: int, headers: list[tuple[bytes, bytes]]
) -> None:
    send = LimitedBody(receive).before(send)
    headers = [*headers, (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def answer_problem(scope: Scope, send: Send, error: ProblemError) -> None:
    """Answer with a problem, also in place of a WebSocket."""
    kind = "http.response" if scope["type"] == "http" else "websocket.http.response"
    body = encode_json(problem_object(error))
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    await send({"type": f"{kind}.start", "status": error.problem.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


class LimitedBody:
    """The body of a request, with the same limits as in `api/requests.py`."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + BODY_TIMEOUT
        self._size = 0
        self._is_complete = False

    async def receive(self) -> dict[str, Any]:
        """The next message of the body or after it. Raises `InvalidRequestError` if the body is late."""
        try:
            async with asyncio.timeout_at(
                None if self._is_complete else self._deadline + self._size / BODY_PACE
            ):
                message = await self._receive()
        except TimeoutError:
            raise InvalidRequestError("The body did not arrive in time.") from None
        self._size += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        return message

    async def read(self) -> bytes:
        """The whole body. Raises `ProblemError`."""
        body = bytearray()
        while not self._is_complete:
            body += (await self.receive()).get("body", b"")
            if len(body) > BODY_BYTES:
                raise TooLargeError(f"The body is larger than the limit of {BODY_BYTES} bytes.")
        return bytes(body)

    def before(self, send: Send) -> Send:
        """A `send` that first reads and drops the rest of the body."""

        async def drain_and_send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                with suppress(InvalidRequestError):
                    while not self._is_complete and self._size < DISCARD_BYTES:
                        await self.receive()
            await send(message)

        return drain_and_send
