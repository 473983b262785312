"""Identifies the sender of a request by a token that this server signed, in a cookie or in a header.

If API keys are configured, a program may send one instead; then the key determines the principal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from itsdangerous import BadSignature, Signer

from headwater.errors import UnauthorizedError
from headwater.identity.quota import network_of
from headwater.ids import new_id

COOKIE = "headwater_client"
"""The name of the cookie of older versions; today's begins with it."""

COOKIE_SECONDS = 365 * 24 * 3600
"""How long a browser keeps the cookie, from its first visit on."""

HEADER = "headwater-client"


@dataclass(frozen=True, slots=True)
class Principal:
    """The sender of a request: `owner` owns the data, and starts with the same `quota_key` count together.

    `token` is the signed owner for the client to keep, None if the client has it already; it is sent as a
    cookie as well if the client `takes_cookie`. `has_key` is true if the request had an API key.
    """

    owner: str
    quota_key: str
    token: str | None = None
    has_key: bool = False
    takes_cookie: bool = True


class Identifier:
    """Finds the principal of a request on any transport.

    The last of `signing_keys` signs tokens; a token that an older key signed is replaced. `server_id` is part
    of the cookie's name, because browsers share cookies between all servers of a host. They send the cookie
    to paths below `base_path` only.
    """

    def __init__(
        self,
        signing_keys: Sequence[bytes],
        api_keys: Sequence[str] = (),
        server_id: str = "",
        base_path: str = "",
    ) -> None:
        self.accept(signing_keys)
        self._api_keys = tuple(api_keys)
        self._cookie = f"{COOKIE}_{server_id}"
        self.cookie_path = base_path or "/"

    def accept(self, signing_keys: Sequence[bytes]) -> None:
        """Accept tokens of these keys from now on, and sign with the last one."""
        self._signer = Signer(list(signing_keys), salt="headwater-client", digest_method=sha256)

    @property
    def has_keys(self) -> bool:
        """Whether API keys are configured."""
        return bool(self._api_keys)

    def cookie_name(self, *, is_secure: bool) -> str:
        """The name of the cookie to set.

        A secure one has a name of its own: under the same name, it would lock the client out of the plain
        port, where browsers neither send nor replace it. `__Host-` is for the path `/` only (RFC 6265bis).
        """
        prefix = "__Host-" if self.cookie_path == "/" else "__Secure-"
        return f"{prefix}{self._cookie}" if is_secure else self._cookie

    def identify(
        self,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
        address: str,
        *,
        is_secure: bool = False,
        any_key: bool = False,
    ) -> Principal:
        """The principal of a request, from its headers (or metadata), its cookies and its address.

        Names of headers are in lower case. Without configured keys, a bearer token is ignored; with `any_key`
        it determines the principal all the same, because some programs can keep nothing else. Raises
        `UnauthorizedError` for a token or a key that is not valid.
        """
        bearer = _bearer(headers.get("authorization", ""))
        key = self._api_key(bearer)
        quota_key = network_of(address) if key is None else f"key {_digest(key)}"
        token = headers.get(HEADER)
        if token is None and key is not None:
            return Principal(_owner_of(key), quota_key, has_key=True)
        if token is None and any_key and bearer:
            signed = self._sign(_owner_of(bearer))
            return Principal(_owner_of(bearer), quota_key, signed, takes_cookie=False)
        owner: str | None
        if token is None:
            owner = self._owner_in(cookies) or new_id("client")
            known = cookies.get(self.cookie_name(is_secure=is_secure))
        else:
            known, owner = token, self._verify(token)
            if owner is None:
                raise UnauthorizedError(f"The header {HEADER} does not hold a token of this server.")
        signed = self._sign(owner)
        is_known = signed == known
        return Principal(owner, quota_key, None if is_known else signed, has_key=key is not None)

    def _api_key(self, bearer: str) -> str | None:
        """The API key of a request, if keys are configured."""
        if not self._api_keys or not bearer:
            return None
        for key in self._api_keys:
            if compare_digest(key.encode(), bearer.encode()):
                return key
        raise UnauthorizedError("The API key is not valid.")

    def _owner_in(self, cookies: Mapping[str, str]) -> str | None:
        # Below a path, the cookies of the time before it count as well.
        names = (self.cookie_name(is_secure=True), f"__Host-{self._cookie}", self._cookie, COOKIE)
        owners = (self._verify(cookies[name]) for name in names if name in cookies)
        return next(filter(None, owners), None)

    def _sign(self, owner: str) -> str:
        return self._signer.sign(owner).decode()

    def _verify(self, token: str) -> str | None:
        try:
            return self._signer.unsign(token).decode()
        except BadSignature:
            return None


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _owner_of(key: str) -> str:
    return f"client_{_digest(key)}"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:20]
