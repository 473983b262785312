"""What is served where: gRPC on every port, and on its own port nothing else."""

from typing import Any

from headwater.api.rpc import PATH, AsgiApplication, Receive, Scope, Send, refuse


def by_port(web: Any, rpc: AsgiApplication, grpc_port: int | None) -> AsgiApplication:  # noqa: ANN401
    """One ASGI application of the two.

    The gRPC port may be open to networks that the page, or the metrics, are not meant for.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PATH):
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
