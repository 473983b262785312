"""`/api/scripted/gates/<generation>`: let a scripted reply go on."""

from quart import Blueprint, Response

from headwater.errors import NotFoundError
from headwater.identity.identify import client
from headwater.providers.scripted import ScriptedProvider
from headwater.replies.service import Chat


def scripted_blueprint(chat: Chat, scripted: ScriptedProvider) -> Blueprint:
    """The gates of scripted replies."""
    blueprint = Blueprint("scripted", __name__)

    @blueprint.post("/api/scripted/gates/<name>")
    async def open_gate(name: str) -> Response:
        generation = await chat.find(client(), name)
        if not scripted.open_gate(generation.id):
            raise NotFoundError(f"The generation {name!r} is not a scripted one that runs.")
        return Response(status=204)

    return blueprint
