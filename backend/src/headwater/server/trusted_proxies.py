"""What trusted proxies say about the client's address, its scheme and the name that it asked for."""

from typing import Any

from hypercorn.middleware import ProxyFixMiddleware

from headwater.api.asgi import Receive, Scope, Send

SCHEMES = {"http": "ws", "https": "wss"}


def trusting(app: Any, proxies: int) -> ProxyFixMiddleware:  # noqa: ANN401 - each library has its own type
    """An ASGI application behind so many proxies.

    To a proxy, the handshake of a WebSocket is a request of `http` or `https`. Hypercorn takes that over, and
    Quart then finds no WebSocket at the address.
    """

    async def corrected(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope = {**scope, "scheme": SCHEMES.get(scope["scheme"], scope["scheme"])}
        await app(scope, receive, send)

    served: Any = corrected
    return ProxyFixMiddleware(served, trusted_hops=proxies)
