"""Packets of clients that the library can read, and the queue of those that wait for a client."""

import asyncio
from typing import Any, Final

import engineio.packet
import socketio.packet
from engineio.exceptions import SocketIsClosedError

from headwater.replies.pump import PATIENCE

MAX_MESSAGES = 64
"""The most messages that wait for a client. The next one waits until all of them have been taken."""

SEPARATOR: Final = "\x1e"
"""Stands between the packets of a payload."""

MAX_PACKETS = 16
"""The most packets of a payload that the library reads."""


CONTROL = {engineio.packet.CLOSE, engineio.packet.PING, engineio.packet.PONG, engineio.packet.UPGRADE}
"""The types of packets that a client may send beside messages."""

ONLY_WEBSOCKET = {str(engineio.packet.PING), str(engineio.packet.UPGRADE)}
"""What packets begin with that belong to the change from polling to a WebSocket."""


class Outbox(asyncio.Queue[Any]):
    """The packets for a client, with room for `MAX_MESSAGES`. The library's own would have no end."""

    async def put(self, item: Any) -> None:  # noqa: ANN401
        """Add a packet, or None for the end. Raises `SocketIsClosedError` if the client makes no room.

        Packets that only keep the connection find room always, because nothing else ends a stalled one.
        """
        is_message = item is not None and item.packet_type == engineio.packet.MESSAGE
        while is_message and self.qsize() >= MAX_MESSAGES:
            if not await self.emptied():
                raise SocketIsClosedError
        await super().put(item)

    async def emptied(self) -> bool:
        """Wait until all has been taken; false if the client counts as gone."""
        try:
            async with asyncio.timeout(PATIENCE):
                await super().join()
        except TimeoutError:
            return False
        return True

    async def join(self) -> None:
        """The same, as the library waits before it closes."""
        await self.emptied()


def is_payload(body: bytes) -> bool:
    """Whether the body of a request consists of packets that are read; an empty one does."""
    try:
        frames = body.decode().split(SEPARATOR) if body else []
    except UnicodeDecodeError:
        return False
    return len(frames) <= MAX_PACKETS and all(
        is_readable(frame) and frame[0] not in ONLY_WEBSOCKET for frame in frames
    )


def is_readable(frame: str | None) -> bool:
    """Whether a frame is a packet that a client may send. The library breaks at any other one."""
    if frame is None:
        return False
    try:
        packet = engineio.packet.Packet(encoded_packet=frame)
        if packet.packet_type != engineio.packet.MESSAGE:
            return packet.packet_type in CONTROL
        return isinstance(packet.data, str) and _is_message(
            socketio.packet.Packet(encoded_packet=packet.data)
        )
    except (ValueError, IndexError, KeyError, TypeError, RecursionError):
        return False


def _is_message(packet: socketio.packet.Packet) -> bool:
    match packet.packet_type, packet.data:
        case socketio.packet.CONNECT, None | {}:
            return True
        case socketio.packet.DISCONNECT, None:
            return True
        case socketio.packet.EVENT, [str(name), *_]:
            # The library would call our handlers of these with what the client sends.
            return name not in {"connect", "disconnect"}
        case _:
            return False
