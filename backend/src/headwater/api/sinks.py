"""Where the answer that is being given can be written to while it streams.

The server sets one of these for the application that it starts for a request or a WebSocket.
"""

from collections.abc import Sequence
from contextvars import ContextVar

from headwater.replies.pump import Sink

RESPONSE: ContextVar[Sink[bytes]] = ContextVar("RESPONSE")
"""The body of the response to this request, once ASGI's `send` has taken its head and a first part."""

SOCKET: ContextVar[Sink[Sequence[str]]] = ContextVar("SOCKET")
"""The text frames of this WebSocket, once it is accepted."""
