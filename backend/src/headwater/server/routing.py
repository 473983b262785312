"""Routing by port: every port serves gRPC, and the gRPC port serves nothing else."""

from typing import Any

from headwater.api.asgi import AsgiApplication, Receive, Scope, Send, refuse
from headwater.api.rpc.services import PATHS
from headwater.api.socket_io.application import PATH as SOCKET_IO_PATH


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
        if scope["type"] == "http" and scope["path"].startswith(PATHS):
            await rpc(scope, receive, send)
        elif scope["type"] != "lifespan" and grpc_port is not None and scope["server"][1] == grpc_port:
            await _nothing_here(scope, receive, send)
        elif scope["type"] != "lifespan" and scope["path"] == SOCKET_IO_PATH:
            await socket_io(scope, receive, send)
        else:
            await web(scope, receive, send)

    return application


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await refuse(receive, send, 404)
