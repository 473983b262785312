"""Headers that every answer has."""

from quart import Quart, Response


def install_headers(app: Quart) -> None:
    """Keep browsers from guessing an answer's media type."""

    @app.after_request
    async def no_sniffing(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
