"""The page: the files of the built front end."""

import asyncio
from pathlib import Path

from quart import Blueprint, Response, request, send_from_directory
from quart.wrappers.response import FileBody
from werkzeug.exceptions import NotFound

from headwater.api.principals import principal
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
DIAGRAM_POLICY = "; ".join(
    (
        "sandbox allow-scripts",
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'unsafe-inline'",
        "frame-ancestors 'self'",
    )
)
"""Diagrams contain inline styles, so a page without an origin and without network access draws them."""
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Media types of the page's files; the table of the operating system may be wrong."""
FOREVER = "public, max-age=31536000, immutable"
"""For assets, whose names contain a hash of their contents."""
READ_BYTES = 64 * 1024
"""How much of a file is read and sent at a time."""


def page_blueprint(built: Path) -> Blueprint:
    """The routes of the page, from the folder of the built front end."""
    blueprint = Blueprint("page", __name__)

    @blueprint.get("/")
    @blueprint.get("/c/<path:name>")
    @blueprint.get("/s/<path:name>")
    async def index(name: str | None = None) -> Response:
        response = await _index()
        if name is not None:  # a conversation or a shared link: not for search engines
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    async def _index() -> Response:
        principal()
        try:
            html = await asyncio.to_thread((built / "index.html").read_text, "utf-8")
        except FileNotFoundError:
            raise NotFoundError(
                "The page has not been built; `make setup` builds it. The API is at"
                f" {request.root_path}/api/chat."
            ) from None
        # It is built once for all base paths and shown at paths of any depth.
        html = html.replace('"./', f'"{request.root_path}/')
        response = Response(html, content_type="text/html; charset=utf-8")
        await response.add_etag()
        await response.make_conditional(request)
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @blueprint.get("/assets/<path:name>")
    async def asset(name: str) -> Response:
        return await _file(built / "assets", name, FOREVER)

    @blueprint.get("/diagram/<path:name>")
    async def diagram(name: str) -> Response:
        response = await _file(built / "diagram", name, "no-cache" if name == "index.html" else FOREVER)
        response.headers["Content-Security-Policy"] = DIAGRAM_POLICY
        # The page has no origin (see DIAGRAM_POLICY), so even its own scripts are cross-origin.
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    @blueprint.get("/<name>")
    async def beside(name: str) -> Response:
        try:
            return await _file(built, name, "no-cache")
        except (NotFound, NotFoundError):
            # For a mistyped address, a browser shows a new chat instead of a problem in JSON.
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            response = await _index()
            if response.status_code == 200:  # not 304: the browser has the page already
                response.status_code = 404
            return response

    return blueprint


async def _file(folder: Path, name: str, cache_control: str) -> Response:
    try:
        response = await send_from_directory(folder, name, mimetype=MEDIA_TYPES.get(Path(name).suffix))
    except OSError:
        raise NotFoundError("There is nothing at this address.") from None  # not a valid file name
    if isinstance(response.response, FileBody):
        response.response.buffer_size = READ_BYTES
    response.headers["Cache-Control"] = cache_control
    response.headers.pop("Expires", None)
    return response
