"""A WebSocket connection of Quart that takes in no more frames than its handler reads."""

import asyncio
import sys
from contextlib import suppress

from hypercorn.typing import ASGISendCallable, WebsocketScope
from quart import Quart, Websocket
from quart.asgi import ASGIWebsocketConnection

if sys.version_info >= (3, 13):  # Quart 0.23
    from quart.wrappers.websocket import Buffer

    class _Frame(Buffer):
        """Room for one frame. Quart's own buffer has no end."""

        def __init__(self) -> None:
            self._queue = asyncio.Queue(maxsize=1)

        async def put(self, data: bytes | str) -> None:
            """Wait until there is room. After `close`, the frame is dropped."""
            with suppress(asyncio.QueueShutDown):
                await super().put(data)

        def disconnect(self) -> None:
            """Do nothing: when a client leaves, its handler is cancelled."""

        def close(self) -> None:
            """Accept no more frames."""
            self._queue.shutdown(immediate=True)

    class BoundedWebsocketConnection(ASGIWebsocketConnection):
        """Takes the next frame when the one before it has been read."""

        def __init__(self, app: Quart, scope: WebsocketScope) -> None:
            super().__init__(app, scope)
            self._frame = _Frame()

        def _create_websocket_from_scope(self, send: ASGISendCallable) -> Websocket:
            websocket = super()._create_websocket_from_scope(send)
            websocket.buffer = self._frame
            return websocket

        async def handle_websocket(self, websocket: Websocket, send: ASGISendCallable) -> None:
            """Run the handler, and let go of frames that arrive after its end."""
            try:
                await super().handle_websocket(websocket, send)
            finally:
                self._frame.close()

else:

    class BoundedWebsocketConnection(ASGIWebsocketConnection):
        """Takes the next frame when the one before it has been read."""

        def __init__(self, app: Quart, scope: WebsocketScope) -> None:
            super().__init__(app, scope)
            self.queue = asyncio.Queue(maxsize=1)
