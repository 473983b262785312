"""`/api/ws`: any number of replies over one WebSocket."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from quart import Blueprint, websocket

from headwater.api.action_runner import ActionRunner, Changes
from headwater.api.actions import read_action
from headwater.api.principals import current_visit
from headwater.api.sinks import SOCKET
from headwater.errors import ProblemCode
from headwater.generation.codec import JsonObject
from headwater.replies.pump import Sink
from headwater.replies.service import Replies
from headwater.transports.websocket import frame

PATH = "/api/ws"

GOING_AWAY = 1001
"""The close code of a server that is stopping (RFC 6455, 7.4.1)."""


def websocket_blueprint(
    replies: Replies, changes: Changes, refused: Callable[[ProblemCode], None]
) -> Blueprint:
    """The WebSocket."""
    blueprint = Blueprint("websocket", __name__)

    @blueprint.websocket(PATH)
    async def converse() -> None:
        """Serve until the client disconnects, which cancels this, or a shutdown has ended all replies."""
        visit = current_visit()
        await websocket.accept(headers=visit.naming_headers())
        runner = ActionRunner(replies, changes, refused, visit.principal, _send, _Events(SOCKET.get()))
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(_read(runner))
                await replies.drained.wait()
                reading.cancel()
            await runner.finish()
        finally:
            await runner.cancel()
        await websocket.close(GOING_AWAY)

    return blueprint


async def _read(runner: ActionRunner) -> None:
    while True:
        await runner.take(partial(read_action, await websocket.receive()))


class _Events:
    """See `Sink`: takes events as frames."""

    def __init__(self, frames: Sink[Sequence[str]]) -> None:
        self._frames = frames
        self.backlog = frames.backlog
        self.flush = frames.flush
        self.cut = frames.cut

    def write(self, data: Sequence[JsonObject]) -> None:
        """See `Sink.write`."""
        self._frames.write([frame(event) for event in data])


async def _send(event: JsonObject) -> None:
    await websocket.send(frame(event))
