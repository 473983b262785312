"""Which pages may call the API: our own, and those of allowed origins (CORS)."""

from collections.abc import Collection, Mapping
from typing import Any

from quart import Quart, Request, Websocket, request, websocket
from starlette.middleware.cors import CORSMiddleware

from headwater.errors import ForbiddenError
from headwater.identity.identify import HEADER

EXPOSED = ("Content-Disposition", "Location", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining",
           "RateLimit-Reset", HEADER, "Grpc-Status", "Grpc-Message")  # fmt: skip
"""Response headers that pages of allowed origins may read."""


SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing (RFC 9110, 9.2.1)."""


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

    def install(self, app: Quart) -> None:
        """Check every WebSocket, and every request that may change something."""

        @app.before_request
        async def check_request() -> None:
            if request.method not in SAFE:
                self.check(request)

        @app.before_websocket
        async def check_handshake() -> None:
            self.check(websocket)

    def check(self, incoming: Request | Websocket) -> None:
        """Refuse what a page of another site sends without a preflight. Raises `ForbiddenError`."""
        first = reversed(list(incoming.headers.items()))  # of headers that are repeated
        headers = {name.lower(): value for name, value in first}
        self.check_headers(headers, incoming.host, incoming.method)

    def check_headers(self, headers: Mapping[str, str], host: str, method: str) -> None:
        """The same for any kind of request; names of headers are in lower case.

        Browsers say in `Sec-Fetch-Site` where a page comes from, on plain HTTP only in `Origin`. A page needs
        a preflight for headers of its own, so a request with a token or a key in one passes.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self.allowed or "authorization" in headers or HEADER in headers:
            return
        is_own = origin is None or origin.partition("://")[2] == host
        is_foreign = site == "cross-site" if method in SAFE else site in {"cross-site", "same-site"}
        if is_foreign or (site is None and not is_own):
            raise ForbiddenError(
                "A page of another site cannot do this here; HEADWATER_ALLOWED_ORIGINS names those that can."
            )
