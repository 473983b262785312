"""`/v1/models`: the available models."""

from quart import Blueprint, Response

from headwater.api.principals import principal
from headwater.api.streaming import json_response
from headwater.errors import UnknownModelError
from headwater.generation.codec import JsonObject
from headwater.providers.catalogue import Catalogue, Model


def models_blueprint(catalogue: Catalogue) -> Blueprint:
    """The list of models, and each by itself."""
    blueprint = Blueprint("models", __name__)

    @blueprint.get("/models")
    async def list_() -> Response:
        principal()
        models = [_model_object(model) for model in await catalogue.models()]
        return json_response({"object": "list", "data": models})

    @blueprint.get("/models/<path:name>")
    async def one(name: str) -> Response:
        principal()
        offer = await catalogue.find(name)
        if offer is None:
            raise UnknownModelError(f"There is no model {name!r}; GET /v1/models lists them.", field="model")
        return json_response(_model_object(offer[0]))

    return blueprint


def _model_object(model: Model) -> JsonObject:
    """A model. Its creation time is unknown, but OpenAI's clients expect a number."""
    return {"id": model.id, "object": "model", "created": 0, "owned_by": model.provider}
