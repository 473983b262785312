"""The principal of each HTTP request and WebSocket, and what tells a new client who it is."""

import asyncio

from quart import Quart, Response, g, has_request_context, request, websocket
from werkzeug.http import dump_cookie

from headwater.identity.identify import COOKIE, HEADER, Identifier, Principal
from headwater.identity.quota import Quota
from headwater.replies.active import Generation
from headwater.replies.readers import WhenUnread
from headwater.replies.requests import ReplyRequest, StartOptions
from headwater.replies.service import Replies

COOKIE_SECONDS = 365 * 24 * 3600


def install_principals(
    app: Quart,
    identifier: Identifier,
    quota: Quota,
    *,
    behind_proxy: bool,
    for_programs: tuple[str, ...] = (),
) -> None:
    """Find the principal of every request and of every WebSocket, and say what is left of its rate.

    Any key names its principal at the paths that begin with one of `for_programs`.

    The cookie is marked Secure only behind a proxy that ends TLS: a browser keeps one cookie for all ports of
    a host, and a Secure one would lock out the plain port beside the TLS one.
    """

    @app.before_request
    @app.before_websocket
    async def identify() -> None:
        incoming = request if has_request_context() else websocket
        g.arrived = asyncio.get_running_loop().time()
        g.principal = identifier.identify(
            {name.lower(): value for name, value in incoming.headers.items()},
            incoming.cookies.get(COOKIE, ""),
            incoming.remote_addr or "unknown",
            any_key=incoming.path.startswith(for_programs),
        )
        g.secure_cookie = behind_proxy and incoming.scheme in {"https", "wss"}

    @app.after_request
    async def name_client(response: Response) -> Response:
        # A refusal names nobody: the form of another site comes without the cookie, and would replace it.
        if g.get("names_client") and response.status_code < 400:
            response.headers.extend(naming_headers())
        return response

    @app.after_request
    async def tell_rate(response: Response) -> Response:
        if g.get("counts_start"):
            rate = await quota.rate_state(current_principal().quota_key)
            response.headers["RateLimit-Limit"] = str(rate.limit)
            response.headers["RateLimit-Remaining"] = str(rate.remaining)
            response.headers["RateLimit-Reset"] = str(rate.reset)
        return response


def principal() -> Principal:
    """The principal of this request; the answer will name it to a client that does not know yet."""
    g.names_client = True
    return current_principal()


def current_principal() -> Principal:
    """Who sent this request, or opened this WebSocket."""
    found: Principal = g.principal
    return found


def naming_headers() -> dict[str, str]:
    """The headers that tell a new client its name; none for a client that knows it."""
    found = current_principal()
    if found.token is None:
        return {}
    if not found.takes_cookie:
        return {HEADER: found.token}
    cookie = dump_cookie(
        COOKIE, found.token, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=g.secure_cookie
    )
    return {HEADER: found.token, "Set-Cookie": cookie}


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
