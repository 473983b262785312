"""Runs the actions of one connection, of a WebSocket or of Socket.IO, concurrently."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeAlias

from headwater.api.actions import Action, CancelAction, ChangesAction, UnreadableActionError, opened
from headwater.api.problems import problem_object
from headwater.errors import InternalError, ProblemCode, ProblemError, RateLimitedError
from headwater.generation.codec import JsonObject
from headwater.generation.log import Cursor
from headwater.identity.identify import Principal
from headwater.replies.active import Generation
from headwater.replies.pump import Sink
from headwater.replies.service import Replies
from headwater.transports.json import generation_object
from headwater.transports.wire import framed_page, framed_start

logger = logging.getLogger(__name__)

MAX_ACTIONS = 256
"""The most concurrent actions of one connection; following a reply is an action until the reply ends."""

Changes: TypeAlias = Callable[[str], AsyncGenerator[tuple[str, ...], None]]
"""The changes of an owner's conversations; see `ChangeFeed.listen`."""


class ActionRunner:
    """The running actions of a connection.

    Their answers, which are the objects of NDJSON, go to `send`, and the pages of replies to `sink`.
    """

    def __init__(
        self,
        replies: Replies,
        changes: Changes,
        refused: Callable[[ProblemCode], None],
        principal: Principal,
        send: Callable[[JsonObject], Awaitable[None]],
        sink: Sink[Sequence[JsonObject]],
    ) -> None:
        self._replies = replies
        self._changes = changes
        self._refused = refused
        self._principal = principal
        self._send = send
        self._sink = sink
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, read: Callable[[], Action]) -> None:
        """Read an action and start it, or refuse it, which takes as long as the client takes the answer."""
        arrived = asyncio.get_running_loop().time()
        try:
            action = read()
        except UnreadableActionError as error:
            await self._refuse(error.reason, error.request)
            return
        if len(self._tasks) >= MAX_ACTIONS:
            refusal = RateLimitedError(f"This socket already runs {MAX_ACTIONS} actions, which is the most.")
            await self._refuse(refusal, action.request)
            return
        task = asyncio.create_task(self._act(action, arrived))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for the end of all actions."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Cancel all actions, because the client has left."""
        # An action that finds out that the client has left may come here itself.
        others = self._tasks - {asyncio.current_task()}
        for task in self._tasks:
            task.cancel()
        if others:
            await asyncio.wait(others)

    async def _act(self, action: Action, arrived: float) -> None:
        try:
            match action:
                case CancelAction():
                    await self._cancel(action)
                case ChangesAction():
                    await self._tell_changes(action)
                case _:
                    generation, after = await opened(self._replies, self._principal, action, arrived)
                    await self._follow(generation, after, action.request)
        except ProblemError as error:
            await self._refuse(error, action.request)
        except Exception:
            logger.exception("an action failed")
            await self._refuse(InternalError(), action.request)

    async def _follow(self, generation: Generation, after: Cursor, request: str | None) -> None:
        await self._answer(framed_start(generation, after), request)
        await self._replies.deliver(generation, after, partial(framed_page, generation.id), self._sink)

    async def _cancel(self, action: CancelAction) -> None:
        generation = await self._replies.find(self._principal, action.generation)
        before = await self._replies.cancel(generation)
        members = generation_object(generation, before)
        await self._answer({"event": "generation", **members}, action.request)

    async def _tell_changes(self, action: ChangesAction) -> None:
        """Tell changes until the server stops; where some may have been missed, begin anew."""
        while not self._replies.draining:
            async with aclosing(self._changes(self._principal.owner)) as batches:
                await anext(batches)
                await self._answer({"event": "ready"}, action.request)
                async for changed in batches:
                    await self._send(
                        {"event": "change", "conversations": changed} if changed else {"event": "heartbeat"}
                    )

    async def _refuse(self, error: ProblemError, request: str | None) -> None:
        self._refused(error.code)
        problem = {"event": "problem", **problem_object(error)}
        if error.retry_after is not None:
            problem["retry_after"] = error.retry_after
        await self._answer(problem, request)

    async def _answer(self, event: JsonObject, request: str | None) -> None:
        """Send the first event that answers an action; `request` is the client's own name for it."""
        await self._send(event if request is None else {**event, "request": request})
