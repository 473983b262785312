"""`/api/ws`: any number of replies over one WebSocket."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from quart import Blueprint, websocket

from headwater.api.actions import Action, CancelAction, UnreadableActionError, opened, read_action
from headwater.api.origins import Origins
from headwater.api.principals import current_principal, naming_headers
from headwater.api.problems import problem_object
from headwater.errors import InternalError, ProblemCode, ProblemError, RateLimitedError
from headwater.generation.log import Cursor
from headwater.identity.identify import Principal
from headwater.replies.active import Generation
from headwater.replies.service import Replies
from headwater.transports.json import generation_object
from headwater.transports.websocket import answer_frame, page_frames, start_frame

logger = logging.getLogger(__name__)

PATH = "/api/ws"

MAX_ACTIONS = 256
"""The most concurrent actions of one socket; following a reply is an action until the reply ends."""

GOING_AWAY = 1001
"""The close code of a server that is stopping (RFC 6455, 7.4.1)."""


def websocket_blueprint(
    replies: Replies, origins: Origins, refused: Callable[[ProblemCode], None]
) -> Blueprint:
    """The WebSocket."""
    blueprint = Blueprint("websocket", __name__)

    @blueprint.websocket(PATH)
    async def converse() -> None:
        origins.check_handshake(websocket)
        await websocket.accept(headers=naming_headers())
        await _Socket(replies, refused, current_principal()).serve()

    return blueprint


class _Socket:
    """One WebSocket: reads actions and runs them concurrently."""

    def __init__(
        self, replies: Replies, refused: Callable[[ProblemCode], None], principal: Principal
    ) -> None:
        self._replies = replies
        self._refused = refused
        self._principal = principal
        self._active = 0

    async def serve(self) -> None:
        """Serve until the client disconnects, which cancels this, or a shutdown has ended all replies."""
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(tasks))
            await self._replies.drained.wait()
            reading.cancel()
        await websocket.close(GOING_AWAY)

    async def _read(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            frame = await websocket.receive()
            arrived = asyncio.get_running_loop().time()
            try:
                action = read_action(frame)
            except UnreadableActionError as error:
                await self._refuse(error.reason, error.request)
                continue
            if self._active < MAX_ACTIONS:
                self._active += 1
                tasks.create_task(self._act(action, arrived))
            else:
                refusal = RateLimitedError(
                    f"This socket already runs {MAX_ACTIONS} actions, which is the most."
                )
                await self._refuse(refusal, action.request)

    async def _act(self, action: Action, arrived: float) -> None:
        try:
            if isinstance(action, CancelAction):
                await self._cancel(action)
            else:
                generation, after = await opened(self._replies, self._principal, action, arrived)
                await self._follow(generation, after, action.request)
        except ProblemError as error:
            await self._refuse(error, action.request)
        except Exception:
            logger.exception("an action of a WebSocket failed")
            await self._refuse(InternalError(), action.request)
        finally:
            self._active -= 1

    async def _follow(self, generation: Generation, after: Cursor, request: str | None) -> None:
        await websocket.send(start_frame(generation, after, request))
        async with aclosing(self._replies.follow(generation, after)) as pages:
            async for page in pages:
                for frame in page_frames(generation.id, page):
                    await websocket.send(frame)

    async def _cancel(self, action: CancelAction) -> None:
        generation = await self._replies.find(self._principal, action.generation)
        before = await self._replies.cancel(generation)
        members = generation_object(generation, before)
        await websocket.send(answer_frame("generation", members, action.request))

    async def _refuse(self, error: ProblemError, request: str | None) -> None:
        self._refused(error.code)
        problem = problem_object(error)
        if error.retry_after is not None:
            problem["retry_after"] = error.retry_after
        await websocket.send(answer_frame("problem", problem, request))
