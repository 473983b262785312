"""`/healthz` and `/readyz`: for whoever runs the server."""

from quart import Blueprint, Response

from headwater.api.replies import json_response
from headwater.chat import Chat
from headwater.errors import ShuttingDownError


def operating_blueprint(chat: Chat) -> Blueprint:
    """The routes for probes."""
    blueprint = Blueprint("operating", __name__)

    @blueprint.get("/healthz")
    async def alive() -> Response:
        return json_response({"status": "alive"})

    @blueprint.get("/readyz")
    async def ready() -> Response:
        if chat.draining:
            raise ShuttingDownError("The server is about to stop.", retry_after=5)
        return json_response({"status": "ready"})

    return blueprint
