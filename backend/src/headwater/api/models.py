"""`/api/models`: the available models."""

from quart import Blueprint, Response
from quart_schema import document_response

from headwater.api import responses
from headwater.api.principals import principal
from headwater.api.streaming import json_response
from headwater.generation.codec import JsonObject
from headwater.providers.catalogue import Catalogue, Model


def models_blueprint(catalogue: Catalogue) -> Blueprint:
    """The list of models."""
    blueprint = Blueprint("models", __name__)

    @blueprint.get("/api/models")
    @document_response(list[responses.Model])
    async def models() -> Response:
        principal()
        default = await catalogue.default()
        return json_response([_model_object(model, default) for model in await catalogue.models()])

    return blueprint


def _model_object(model: Model, default: str) -> JsonObject:
    window = {} if model.context_window is None else {"context_window": model.context_window}
    return {
        "id": model.id,
        "name": model.name,
        "provider": model.provider,
        **window,
        "default": model.id == default,
    }
