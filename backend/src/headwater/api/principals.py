"""The principal of each HTTP request and WebSocket, and the headers that give a new client its token."""

import asyncio

from quart import Quart, Response, g, has_request_context, request, websocket
from werkzeug.http import dump_cookie

from headwater.identity.identify import COOKIE_SECONDS, HEADER, Identifier, Principal
from headwater.replies.active import Generation
from headwater.replies.requests import ReplyRequest, StartOptions
from headwater.replies.service import Replies
from headwater.replies.unread import WhenUnread


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
        incoming = request if has_request_context() else websocket
        g.is_secure = incoming.scheme in {"https", "wss"}
        g.identifier = identifier
        g.arrived = asyncio.get_running_loop().time()
        g.principal = identifier.identify(
            {name.lower(): value for name, value in incoming.headers.items()},
            incoming.cookies,
            incoming.remote_addr or "unknown",
            is_secure=g.is_secure,
            any_key=incoming.path.startswith(for_programs),
        )

    @app.after_request
    async def name_client(response: Response) -> Response:
        # Refusals set no cookie: a form on another site is sent without the cookie, and would replace it.
        if g.get("names_client") and response.status_code < 400:
            response.headers.extend(naming_headers())
        return response


def principal() -> Principal:
    """The principal of this request; the answer gives a new client its token."""
    g.names_client = True
    return current_principal()


def current_principal() -> Principal:
    """The principal that sent this request or opened this WebSocket."""
    current: Principal = g.principal
    return current


def naming_headers() -> dict[str, str]:
    """The headers that give a new client its token; none for a client that has it."""
    return token_headers(current_principal(), g.identifier, is_secure=g.is_secure)


def token_headers(principal: Principal, identifier: Identifier, *, is_secure: bool) -> dict[str, str]:
    """The same for any principal."""
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
    g.counts_start = True
    options = StartOptions(idempotency_key, g.arrived, when_unread)
    return await replies.start(principal(), reply_request, options)
