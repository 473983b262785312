"""Routing by port: every port serves gRPC, and the gRPC port serves nothing else."""

from typing import Any

from headwater.api.rpc import AsgiApplication, Receive, Scope, Send, refuse
from headwater.api.rpc_services import PATHS


def by_port(web: Any, rpc: AsgiApplication, grpc_port: int | None) -> AsgiApplication:  # noqa: ANN401
    """Combine both into one ASGI application.

    The gRPC port serves gRPC alone, because it may be open to networks that must not reach the page or
    the metrics.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PATHS):
            await rpc(scope, receive, send)
        elif scope["type"] != "lifespan" and grpc_port is not None and scope["server"][1] == grpc_port:
            await _nothing_here(scope, receive, send)
        else:
            await web(scope, receive, send)

    return application


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close"})
    else:
        await refuse(receive, send, 404)
