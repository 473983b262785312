"""Routing by path and port: what is below the base path, and which protocol it is."""

from typing import Any

from headwater.api.asgi import (
    AsgiApplication,
    LimitedBody,
    Receive,
    Scope,
    Send,
    answer_problem,
    path_below_base,
    redirect,
    refuse,
)
from headwater.api.rpc.services import PATHS
from headwater.api.socket_io.application import PATH as SOCKET_IO_PATH
from headwater.errors import NotFoundError


def below(base_path: str, app: Any, grpc_port: int | None) -> AsgiApplication:  # noqa: ANN401
    """Serve an ASGI application below a path; an empty one is the root.

    Proxies pass on the whole path. gRPC is served at the paths of its services as well, because its clients
    cannot put anything before them.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path.startswith(f"{base_path}/"):
            await app({**scope, "root_path": base_path}, receive, send)
        elif scope["type"] == "lifespan" or path.startswith(PATHS) or scope["server"][1] == grpc_port:
            await app(scope, receive, send)
        elif path == base_path and scope.get("method") in {"GET", "HEAD"}:
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            await redirect(receive, send, base_path.encode() + b"/" + query)
        else:
            error = NotFoundError(f"There is nothing at this address; everything is below {base_path}/.")
            await answer_problem(scope, LimitedBody(receive).before(send), error)

    return application if base_path else app


def by_port(
    web: Any,  # noqa: ANN401
    rpc: AsgiApplication,
    socket_io: AsgiApplication,
    grpc_port: int | None,
) -> AsgiApplication:
    """Combine them into one ASGI application.

    The gRPC port serves gRPC alone, because it may be open to networks that must not reach the page or
    the metrics.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await web(scope, receive, send)
            return
        path = path_below_base(scope)
        if scope["type"] == "http" and path.startswith(PATHS):
            await rpc({**scope, "path": path, "root_path": ""}, receive, send)
        elif grpc_port is not None and scope["server"][1] == grpc_port:
            await _nothing_here(scope, receive, send)
        elif path == SOCKET_IO_PATH:
            await socket_io(scope, receive, send)
        else:
            await web(scope, receive, send)

    return application


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await refuse(receive, send, 404)
