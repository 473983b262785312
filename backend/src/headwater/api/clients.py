"""Who a client is: a name that this server signed, in a cookie or, for what keeps none, in a header."""

from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import BadSignature, Signer
from quart import Quart, Response, g, request

from headwater.errors import UnauthorizedError
from headwater.ids import new_id

COOKIE = "headwater_client"
HEADER = "headwater-client"
COOKIE_SECONDS = 365 * 24 * 3600


def install_clients(app: Quart, keys: Sequence[bytes], *, behind_proxy: bool) -> None:
    """Name the client of every request of the API and of the page.

    The last of `keys` signs the names; a name that an older one has signed is signed anew. The cookie
    is marked Secure only behind a proxy that ends TLS: a browser keeps one cookie for all ports of a
    host, and a Secure one would lock out the plain port beside the TLS one.
    """
    signer = Signer(list(keys), salt="headwater-client", digest_method=sha256)

    @app.before_request
    async def name_client() -> None:
        token = request.headers.get(HEADER)
        if token is not None:
            client = _verified(signer, token)
            if client is None:
                raise UnauthorizedError(f"The header {HEADER} holds no token that was issued here.")
        else:
            token = request.cookies.get(COOKIE, "")
            client = _verified(signer, token)
        g.client = client or new_id("client")
        g.client_token = signer.sign(g.client).decode()
        g.new_client = g.client_token != token

    @app.after_request
    async def tell_client(response: Response) -> Response:
        # A refusal names nobody: the form of another site comes without the cookie, and would replace it.
        if getattr(g, "names_client", False) and g.new_client and response.status_code < 400:
            response.headers[HEADER] = g.client_token
            response.set_cookie(
                COOKIE,
                g.client_token,
                max_age=COOKIE_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=behind_proxy and request.scheme == "https",
            )
        return response


def client() -> str:
    """The client of this request; the answer will carry its name if it is new."""
    g.names_client = True
    name: str = g.client
    return name


def _verified(signer: Signer, token: str) -> str | None:
    try:
        return signer.unsign(token).decode()
    except BadSignature:
        return None
