"""The page, as the front end was built."""

from pathlib import Path

from quart import Blueprint, Response, send_from_directory

from headwater.api.clients import client
from headwater.errors import NotFoundError

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
FOREVER = "public, max-age=31536000, immutable"
"""For assets, whose names change with their contents."""


def page_blueprint(built: Path) -> Blueprint:
    """Serve the folder that the front end was built into."""
    blueprint = Blueprint("page", __name__)

    @blueprint.get("/")
    async def index() -> Response:
        client()
        if not (built / "index.html").is_file():
            raise NotFoundError(
                "The page has not been built; `make setup` builds it. The API is at /api/chat."
            )
        response = await send_from_directory(built, "index.html")
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @blueprint.get("/assets/<path:name>")
    async def asset(name: str) -> Response:
        response = await send_from_directory(built / "assets", name)
        response.headers["Cache-Control"] = FOREVER
        return response

    @blueprint.get("/<name>")
    async def file(name: str) -> Response:
        response = await send_from_directory(built, name)
        response.headers["Cache-Control"] = "no-cache"
        return response

    return blueprint
