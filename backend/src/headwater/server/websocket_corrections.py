"""Corrections of WebSockets in Hypercorn 0.18; see `corrections.py`.

1. `protocol/ws_stream.py`, `WSStream._handle_events`: what follows a message that was refused as too large is
   still collected, without limit. A frame that breaks the protocol gets no answer at all.
2. The same: the task that reads also answers pings. Over HTTP/2 a slow client makes that task wait, and it is
   the task that would read the client's window update, so nothing moves any more.
3. `WSStream.handle`: over HTTP/2, a client that ends its stream without a close frame is not noticed.
4. `WSStream._send_pings`: a socket that has ended holds its connection, and therefore the shutdown, until its
   next ping is due.
5. `Handshake.accept`: it agrees to compression, which costs 300 KiB a socket and lets a small frame grow to a
   thousand times its size before anything checks it.
6. `WSStream._send_pings`: nobody looks whether the client answers, so one that has vanished stays for ever.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypercorn.protocol.events import Body, Data, EndBody, Event, Request, StreamClosed
from hypercorn.protocol.ws_stream import FrameTooLargeError, WSStream
from wsproto.connection import ConnectionState
from wsproto.events import CloseConnection, Message, Ping
from wsproto.frame_protocol import CloseReason

LEAVE_SECONDS = 2.0
"""Seconds that a refused client gets to read the close frame before its stream is closed."""


class CorrectedWSStream(WSStream):
    """A WebSocket that holds at most one message and keeps reading whatever its client does."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401
        super().__init__(*args)
        self._refused = False
        self._ping: Ping | None = None
        self._over = asyncio.Event()
        self._is_heard = True

    async def handle(self, event: Event) -> None:
        self._is_heard |= isinstance(event, Body | Data)
        match event:
            case Request():
                headers = [
                    (name, value) for name, value in event.headers if name != b"sec-websocket-extensions"
                ]
                await super().handle(replace(event, headers=headers))
            case EndBody():
                await self.send(StreamClosed(stream_id=self.stream_id))
            case Body() | Data() if self._refused:
                return
            case StreamClosed():
                self._over.set()
                await super().handle(event)
            case _:
                await super().handle(event)

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            match event:
                case Message():
                    await self._take(event)
                case Ping():
                    self._answer(event)
                case CloseConnection() if self.connection.state is ConnectionState.OPEN:
                    self._refuse(event.code)
                case CloseConnection():
                    if self.connection.state is ConnectionState.REMOTE_CLOSING:
                        await self._send_wsproto_event(event.response())
                    await self.send(StreamClosed(stream_id=self.stream_id))
                case _:
                    continue
            if self._refused:
                return

    async def _take(self, message: "Message[Any]") -> None:
        try:
            self.buffer.extend(message)
        except FrameTooLargeError:
            self._refuse(CloseReason.MESSAGE_TOO_BIG)
            return
        if message.message_finished and self.app_put is not None:
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()

    def _answer(self, ping: Ping) -> None:
        """Answer the newest ping in a task of its own. Older ones need no answer (RFC 6455, 5.5.3)."""
        if self._ping is None:
            self.task_group.spawn(self._send_pongs)
        self._ping = ping

    async def _send_pongs(self) -> None:
        while (ping := self._ping) is not None:
            await self._send_wsproto_event(ping.response())
            if self._ping is ping:
                self._ping = None

    def _refuse(self, code: int) -> None:
        self._refused = True
        self.buffer.clear()
        self.task_group.spawn(self._leave, code)

    async def _leave(self, code: int) -> None:
        await self._send_wsproto_event(CloseConnection(code=code))
        if self.app_put is not None:
            await self.app_put({"type": "websocket.disconnect", "code": code})
        await self._pause(LEAVE_SECONDS)
        await self.send(StreamClosed(stream_id=self.stream_id))

    async def _send_pings(self) -> None:
        """Ping until the socket has ended. A client that is silent for the keep-alive time is refused."""
        interval = self.config.websocket_ping_interval
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while interval is not None and not self._over.is_set():
            if self._is_heard:
                self._is_heard, heard = False, loop.time()
            elif not self._refused and loop.time() - heard >= self.config.keep_alive_timeout:
                self._refuse(CloseReason.GOING_AWAY)
                return
            await self._send_wsproto_event(Ping())
            await self._pause(interval)

    async def _pause(self, seconds: float) -> None:
        """Wait for `seconds`, or until the socket has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
