"""Everything under `/v1`."""

from quart import Blueprint

from headwater.api.openai.completions import completions_blueprint
from headwater.api.openai.models import models_blueprint
from headwater.api.openai.responses import responses_blueprint
from headwater.api.rate_limits import StartLimiter
from headwater.errors import UnauthorizedError
from headwater.identity.identify import Clients, current_client
from headwater.replies.service import Chat

PREFIX = "/v1"


def openai_blueprint(chat: Chat, limiter: StartLimiter, clients: Clients) -> Blueprint:
    """The routes of OpenAI's API; all of them ask for a key where there are any."""
    blueprint = Blueprint("openai", __name__, url_prefix=PREFIX)

    @blueprint.before_request
    async def require_key() -> None:
        if clients.has_keys and not current_client().has_key:
            raise UnauthorizedError("This address takes an API key: send Authorization: Bearer <key>.")

    blueprint.register_blueprint(models_blueprint(chat.catalogue))
    blueprint.register_blueprint(completions_blueprint(chat, limiter))
    blueprint.register_blueprint(responses_blueprint(chat, limiter))
    return blueprint
