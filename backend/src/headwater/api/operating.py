"""`/healthz`, `/readyz` and `/metrics`: for operators."""

from collections.abc import Callable

from quart import Blueprint, Response
from quart_schema import document_response

from headwater.api.describe import answers_as
from headwater.api.responses import Health
from headwater.api.streaming import json_response
from headwater.metrics import MEDIA_TYPE, Metrics
from headwater.replies.service import Replies
from headwater.storage.database import Database, unavailable


def check_ready(replies: Replies, database: Database) -> None:
    """Raise the `ProblemError` with which starts are refused, or were until seconds ago, if there is one."""
    replies.require_open(ready=True)
    if database.outage is not None:
        raise unavailable(database.outage)


def operating_blueprint(check_ready: Callable[[], None], metrics: Metrics) -> Blueprint:
    """The routes for probes and for Prometheus."""
    blueprint = Blueprint("operating", __name__)

    @blueprint.get("/healthz")
    @document_response(Health)
    async def alive() -> Response:
        return json_response(Health("alive"))

    @blueprint.get("/readyz")
    @document_response(Health)
    async def ready() -> Response:
        check_ready()
        return json_response(Health("ready"))

    @blueprint.get("/metrics")
    @answers_as("text/plain")
    async def scrape() -> Response:
        response = Response(await metrics.scrape(), content_type=MEDIA_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint
