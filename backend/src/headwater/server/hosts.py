"""The names by which the server is reached, against DNS rebinding.

A page of another site can make its own name point at this machine. Browsers then let it read every answer,
but still send that name as the `Host`.
"""

import socket
from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from headwater.api.asgi import (
    AsgiApplication,
    LimitedBody,
    Receive,
    Scope,
    Send,
    answer_problem,
    path_below_base,
)
from headwater.errors import ForbiddenError

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that answer to any name; they tell nothing."""


class Hosts:
    """The allowed names, beside addresses, `localhost` and the machine's own names.

    `*.example.org` stands for every name below `example.org`.
    """

    def __init__(self, allowed: Collection[str] = ()) -> None:
        own = socket.gethostname().lower()
        self._names = frozenset({"localhost", own, f"{own}.local", *allowed})
        self._parents = (".localhost", *(name[1:] for name in allowed if name.startswith("*.")))

    def allow(self, host: str) -> bool:
        """Whether a `Host` header is an address or one of the names."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        except ValueError:
            return False
        return name in self._names or name.endswith(self._parents) or _is_address(name)

    def guard(self, app: Any) -> AsgiApplication:  # noqa: ANN401 - each library has its own type
        """An ASGI application that refuses requests for any other name."""

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            host = next((value for name, value in scope.get("headers", ()) if name == b"host"), b"localhost")
            is_probe = scope["type"] != "lifespan" and path_below_base(scope) in PROBES
            if scope["type"] == "lifespan" or is_probe or self.allow(host.decode("latin-1")):
                await app(scope, receive, send)
            else:
                error = ForbiddenError(
                    f"This server is not known as {host.decode('latin-1')!r};"
                    " HEADWATER_ALLOWED_HOSTS names what it may be called."
                )
                await answer_problem(scope, LimitedBody(receive).before(send), error)

        return guarded


@lru_cache
def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
