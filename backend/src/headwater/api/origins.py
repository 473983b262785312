"""Which pages may call the API: our own, and those of allowed origins (CORS)."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from quart import Request, Websocket
from starlette.middleware.cors import CORSMiddleware

from headwater.errors import ForbiddenError

EXPOSED = ("Content-Disposition", "Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining",
           "RateLimit-Reset", "headwater-client", "Grpc-Status", "Grpc-Message")  # fmt: skip
"""Response headers that pages of allowed origins may read."""


class Origins:
    """The allowed origins, beside our own."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self.allowed = tuple(allowed)

    def let_in(self, app: Any) -> Any:  # noqa: ANN401 - two libraries, two types of an ASGI application
        """Let pages of the allowed origins call an ASGI application and read its answers."""
        if not self.allowed:
            return app
        return CORSMiddleware(
            app,
            allow_origins=self.allowed,
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=["*"],
            allow_credentials=True,
            expose_headers=EXPOSED,
        )

    def check_request(self, request: Request) -> None:
        """Refuse a cross-site request that needs no preflight, such as that of an EventSource.

        Raises `ForbiddenError`.
        """
        foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
        if foreign and request.headers.get("Origin") not in self.allowed:
            raise ForbiddenError("A page of another site cannot start a reply here.")

    def check_handshake(self, websocket: Websocket) -> None:
        """Refuse a WebSocket to a page of another origin; there is no preflight, but browsers send `Origin`.

        Raises `ForbiddenError`.
        """
        origin = websocket.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != websocket.host and origin not in self.allowed:
            raise ForbiddenError("A page of another origin cannot open a WebSocket here.")
