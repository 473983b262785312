"""`/api/scripted/gates/<generation>`: let a scripted reply continue."""

from quart import Blueprint, Response

from headwater.api.describe import answers_nothing
from headwater.api.principals import principal
from headwater.errors import NotFoundError
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.service import Replies


def scripted_blueprint(replies: Replies, scripted: ScriptedProvider) -> Blueprint:
    """The gates of scripted replies."""
    blueprint = Blueprint("scripted", __name__)

    @blueprint.post("/api/scripted/gates/<name>")
    @answers_nothing(204)
    async def open_gate(name: str) -> Response:
        generation = await replies.find(principal(), name)
        if not scripted.open_gate(generation.id):
            raise NotFoundError(f"The generation {name!r} is not a running scripted one.")
        return Response(status=204)

    return blueprint
