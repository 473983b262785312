"""Everything under `/v1`."""

from quart import Blueprint

from headwater.api.openai.completions import completions_blueprint
from headwater.api.openai.models import models_blueprint
from headwater.api.openai.responses import responses_blueprint
from headwater.api.principals import current_visit
from headwater.errors import UnauthorizedError
from headwater.providers.catalogue import Catalogue
from headwater.replies.service import Replies

PREFIX = "/v1"


def openai_blueprint(replies: Replies, catalogue: Catalogue, *, needs_key: bool) -> Blueprint:
    """The routes of OpenAI's API; with `needs_key`, all of them require an API key."""
    blueprint = Blueprint("openai", __name__, url_prefix=PREFIX)

    @blueprint.before_request
    async def require_key() -> None:
        if needs_key and not current_visit().principal.has_key:
            raise UnauthorizedError("This address takes an API key: send Authorization: Bearer <key>.")

    blueprint.register_blueprint(models_blueprint(catalogue))
    blueprint.register_blueprint(completions_blueprint(replies))
    blueprint.register_blueprint(responses_blueprint(replies))
    return blueprint
