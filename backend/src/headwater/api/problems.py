"""Refusals as `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from quart import Quart, Response, has_request_context, request, websocket
from werkzeug.exceptions import HTTPException

from headwater.api.requests import discard_body
from headwater.errors import PROBLEMS, NotFoundError, ProblemCode, ProblemError
from headwater.generation.codec import JsonObject
from headwater.transports.json import encode_json

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

INTERNAL_ERROR = "Something failed on the server; the error has been logged."

Form: TypeAlias = Callable[[ProblemCode, str, str | None], tuple[str, JsonObject]]
"""Makes the media type and the JSON object of a refusal from its code, its detail and its field."""


def install_problems(
    app: Quart,
    count: Callable[[ProblemCode], None] | None = None,
    forms: Mapping[str, Form] | None = None,
) -> None:
    """Answer every error of the app with a problem, and `count` its code.

    `forms` are the forms that clients of other APIs expect, by the prefix of the path.
    """

    async def problem(
        code: ProblemCode, detail: str, field: str | None = None, retry_after: int | None = None
    ) -> Response:
        if count is not None:
            count(code)
        return await _answer(*_form(forms or {})(code, detail, field), PROBLEMS[code].status, retry_after)

    @app.errorhandler(ProblemError)
    async def refused(error: ProblemError) -> Response:
        return await problem(error.code, error.detail, error.field, error.retry_after)

    @app.errorhandler(HTTPException)
    async def refused_by_the_framework(error: HTTPException) -> Response:
        match error.code:
            case 404:
                return await refused(NotFoundError("There is nothing at this address."))
            case 405:
                allowed = ", ".join(sorted({*(getattr(error, "valid_methods", None) or ())} - {"HEAD"}))
                response = await problem("method_not_allowed", f"This address takes {allowed}.")
                response.headers["Allow"] = allowed
                return response
            case code if code is not None and 400 <= code < 500:
                return await problem("invalid_request", error.description or error.name)
            case _:
                return await failed(error)

    @app.errorhandler(Exception)
    async def failed(error: Exception) -> Response:
        logger.error("request failed", exc_info=error)
        return await problem("internal_error", INTERNAL_ERROR)


def _form(forms: Mapping[str, Form]) -> Form:
    path = (request if has_request_context() else websocket).path
    return next((form for beginning, form in forms.items() if path.startswith(beginning)), _problem)


def problem_object(code: ProblemCode, detail: str, field: str | None = None) -> JsonObject:
    """The JSON object of a refusal."""
    problem = PROBLEMS[code]
    members = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "code": code,
    }
    return members if field is None else {**members, "field": field}


def _problem(code: ProblemCode, detail: str, field: str | None) -> tuple[str, JsonObject]:
    return MEDIA_TYPE, problem_object(code, detail, field)


async def _answer(media_type: str, body: JsonObject, status: int, retry_after: int | None) -> Response:
    await discard_body()
    response = Response(encode_json(body), status, content_type=media_type)
    response.headers["Cache-Control"] = "no-store"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
