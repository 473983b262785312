"""The principal of each HTTP request and WebSocket, and the headers that give a new client its token."""

import asyncio
from dataclasses import dataclass
from typing import Any

from quart import Quart, Request, Response, Websocket, g, has_request_context, request, websocket
from werkzeug.http import dump_cookie

from headwater.identity.identify import COOKIE_SECONDS, HEADER, Identifier, Principal
from headwater.replies.active import Generation
from headwater.replies.requests import ReplyRequest, StartOptions
from headwater.replies.service import Replies
from headwater.replies.unread import WhenUnread


@dataclass(slots=True)
class Visit:
    """A request or a WebSocket: its principal, what identified it, and when it arrived.

    `names_client` says that the answer gives a new client its token, `counts_start` that it is a start.
    """

    principal: Principal
    is_secure: bool
    identifier: Identifier
    arrived: float
    names_client: bool = False
    counts_start: bool = False

    def naming_headers(self) -> dict[str, str]:
        """The headers that give a new client its token; none for a client that has it."""
        return token_headers(self.principal, self.identifier, is_secure=self.is_secure)


def install_principals(
    app: Quart,
    identifier: Identifier,
    *,
    for_programs: tuple[str, ...] = (),
) -> None:
    """Identify the principal of every request and WebSocket.

    At paths that begin with one of `for_programs`, any bearer token identifies a principal.
    """

    @app.before_request
    @app.before_websocket
    async def identify() -> None:
        proxy: Any = request if has_request_context() else websocket
        # A proxy looks up its object for each attribute.
        incoming: Request | Websocket = proxy._get_current_object()  # noqa: SLF001 - werkzeug documents it
        is_secure = incoming.scheme in {"https", "wss"}
        g.visit = Visit(
            identifier.identify(
                {name.lower(): value for name, value in incoming.headers.items()},
                incoming.cookies,
                incoming.remote_addr or "unknown",
                is_secure=is_secure,
                any_key=incoming.path.startswith(for_programs),
            ),
            is_secure,
            identifier,
            asyncio.get_running_loop().time(),
        )

    @app.after_request
    async def name_client(response: Response) -> Response:
        # Refusals set no cookie: a form on another site is sent without the cookie, and would replace it.
        visit: Visit | None = g.get("visit")
        if visit is not None and visit.names_client and response.status_code < 400:
            response.headers.extend(visit.naming_headers())
        return response


def principal() -> Principal:
    """The principal of this request; the answer gives a new client its token."""
    visit = current_visit()
    visit.names_client = True
    return visit.principal


def current_visit() -> Visit:
    """This request or WebSocket."""
    current: Visit = g.visit
    return current


def token_headers(principal: Principal, identifier: Identifier, *, is_secure: bool) -> dict[str, str]:
    """The headers that give a new client the token of its principal."""
    if principal.token is None:
        return {}
    if not principal.takes_cookie:
        return {HEADER: principal.token}
    cookie = dump_cookie(
        identifier.cookie_name(is_secure=is_secure),
        principal.token,
        max_age=COOKIE_SECONDS,
        path=identifier.cookie_path,
        httponly=True,
        samesite="Lax",
        secure=is_secure,
    )
    return {HEADER: principal.token, "Set-Cookie": cookie}


async def start(
    replies: Replies,
    reply_request: ReplyRequest,
    idempotency_key: str | None = None,
    when_unread: WhenUnread | None = None,
) -> Generation:
    """Start a reply for the principal of this HTTP request. Raises `ProblemError`."""
    visit = current_visit()
    visit.names_client = visit.counts_start = True
    options = StartOptions(idempotency_key, visit.arrived, when_unread)
    return await replies.start(visit.principal, reply_request, options)
