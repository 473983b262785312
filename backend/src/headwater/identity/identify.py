"""Who a client is: a name that this server signed, in a cookie or, for what keeps none, in a header.

A program may show an API key instead, where keys are configured: it is then the key's client.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from itsdangerous import BadSignature, Signer
from quart import Quart, Response, g, has_request_context, request, websocket
from werkzeug.http import dump_cookie

from headwater.api.rate_limits import network_of
from headwater.errors import UnauthorizedError
from headwater.ids import new_id

COOKIE = "headwater_client"
HEADER = "headwater-client"
COOKIE_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Client:
    """Who sent a request: `name` owns what is made, `counted_as` is whose starts are counted together.

    `token` is the signed name to tell the client, None where it need not be told; it goes into a cookie as
    well where the client `takes_cookie`. `has_key` says that it showed an API key.
    """

    name: str
    counted_as: str
    token: str | None = None
    has_key: bool = False
    takes_cookie: bool = True


class Clients:
    """Finds out who clients are, whatever they speak.

    The last of `signing_keys` signs their names; a name that an older one has signed is signed anew.
    """

    def __init__(self, signing_keys: Sequence[bytes], api_keys: Sequence[str] = ()) -> None:
        self._signer = Signer(list(signing_keys), salt="headwater-client", digest_method=sha256)
        self._api_keys = tuple(api_keys)

    @property
    def has_keys(self) -> bool:
        """Whether API keys are configured."""
        return bool(self._api_keys)

    def identify(
        self, headers: Mapping[str, str], cookie: str, address: str, *, any_key: bool = False
    ) -> Client:
        """The client by its headers (or metadata; their names in lower case), its cookie and its address.

        Where no keys are configured, one that is shown is passed over; with `any_key` it names the client all
        the same, because some programs have no other name that lasts. Raises `UnauthorizedError` for a token
        or a key that is none.
        """
        shown = _bearer(headers.get("authorization", ""))
        key = self._api_key(shown)
        counted_as = network_of(address) if key is None else f"key {_digest(key)}"
        given = headers.get(HEADER)
        if given is None and key is not None:
            return Client(_named_by(key), counted_as, has_key=True)
        if given is None and any_key and shown:
            token = self._signer.sign(_named_by(shown)).decode()
            return Client(_named_by(shown), counted_as, token, takes_cookie=False)
        if given is not None:
            name = self._verified(given)
            if name is None:
                raise UnauthorizedError(f"The header {HEADER} holds no token that was issued here.")
        else:
            given = cookie
            name = self._verified(cookie)
        name = name or new_id("client")
        token = self._signer.sign(name).decode()
        return Client(name, counted_as, None if token == given else token, has_key=key is not None)

    def _api_key(self, shown: str) -> str | None:
        """The key that was shown, if it is one."""
        if not self._api_keys or not shown:
            return None
        for key in self._api_keys:
            if compare_digest(key.encode(), shown.encode()):
                return key
        raise UnauthorizedError("The API key is none that is accepted here.")

    def _verified(self, token: str) -> str | None:
        try:
            return self._signer.unsign(token).decode()
        except BadSignature:
            return None


def install_clients(
    app: Quart, clients: Clients, *, behind_proxy: bool, for_programs: tuple[str, ...] = ()
) -> None:
    """Name the client of every request and of every WebSocket.

    Any key names its client at the paths that begin with one of `for_programs`.

    The cookie is marked Secure only behind a proxy that ends TLS: a browser keeps one cookie for all ports
    of a host, and a Secure one would lock out the plain port beside the TLS one.
    """

    @app.before_request
    @app.before_websocket
    async def name_client() -> None:
        asked = request if has_request_context() else websocket
        headers = {name.lower(): value for name, value in asked.headers.items()}
        g.client = clients.identify(
            headers,
            asked.cookies.get(COOKIE, ""),
            asked.remote_addr or "unknown",
            any_key=asked.path.startswith(for_programs),
        )
        g.secure_cookie = behind_proxy and asked.scheme in {"https", "wss"}

    @app.after_request
    async def tell_client(response: Response) -> Response:
        # A refusal names nobody: the form of another site comes without the cookie, and would replace it.
        if getattr(g, "names_client", False) and response.status_code < 400:
            response.headers.extend(naming_headers())
        return response


def client() -> str:
    """The name of this request's client; the answer will carry it if it is new."""
    g.names_client = True
    return current_client().name


def current_client() -> Client:
    """Who sent this request, or opened this WebSocket."""
    found: Client = g.client
    return found


async def counted_as() -> str:
    """Whose starts of replies are counted together with this request's."""
    found: Client | None = g.get("client")
    return network_of(request.remote_addr or "unknown") if found is None else found.counted_as


def naming_headers() -> dict[str, str]:
    """What tells a new client its name; nothing for one that knows it."""
    found = current_client()
    if found.token is None:
        return {}
    if not found.takes_cookie:
        return {HEADER: found.token}
    cookie = dump_cookie(
        COOKIE, found.token, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=g.secure_cookie
    )
    return {HEADER: found.token, "Set-Cookie": cookie}


def _bearer(authorization: str) -> str:
    scheme, _, shown = authorization.partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


def _named_by(key: str) -> str:
    return f"client_{_digest(key)}"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:20]
