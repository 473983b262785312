"""The headers that every answer has."""

from quart import Quart, Response


def install_headers(app: Quart) -> None:
    """Let no browser take an answer for something else than it says it is."""

    @app.after_request
    async def no_sniffing(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
