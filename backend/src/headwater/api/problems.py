"""Refusals as `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from quart import Quart, Response, has_request_context, request, websocket
from werkzeug.exceptions import HTTPException

from headwater.api.requests import discard_body
from headwater.errors import (
    InternalError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    ProblemCode,
    ProblemError,
)
from headwater.generation.codec import JsonObject
from headwater.transports.wire import encode_json

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

Form: TypeAlias = Callable[[ProblemError], tuple[str, JsonObject]]
"""Makes the media type and the JSON object of a refusal."""


def install_problems(
    app: Quart,
    count: Callable[[ProblemCode], None] | None = None,
    forms: Mapping[str, Form] | None = None,
) -> None:
    """Answer every error of the app with a problem, and `count` its code.

    `forms` are the forms that clients of other APIs expect, by the prefix of the path.
    """

    @app.errorhandler(ProblemError)
    async def refused(error: ProblemError) -> Response:
        if count is not None:
            count(error.code)
        await discard_body()
        media_type, body = _form(forms or {})(error)
        response = Response(encode_json(body), error.problem.status, content_type=media_type)
        response.headers["Cache-Control"] = "no-store"
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(HTTPException)
    async def refused_by_the_framework(error: HTTPException) -> Response:
        match error.code:
            case 404:
                return await refused(NotFoundError("There is nothing at this address."))
            case 405:
                allowed = ", ".join(sorted({*(getattr(error, "valid_methods", None) or ())} - {"HEAD"}))
                response = await refused(MethodNotAllowedError(f"This address takes {allowed}."))
                response.headers["Allow"] = allowed
                return response
            case code if code is not None and 400 <= code < 500:
                return await refused(InvalidRequestError(error.description or error.name))
            case _:
                return await failed(error)

    @app.errorhandler(Exception)
    async def failed(error: Exception) -> Response:
        logger.error("request failed", exc_info=error)
        return await refused(InternalError())


def _form(forms: Mapping[str, Form]) -> Form:
    path = (request if has_request_context() else websocket).path
    return next((form for beginning, form in forms.items() if path.startswith(beginning)), _problem)


def _problem(error: ProblemError) -> tuple[str, JsonObject]:
    return MEDIA_TYPE, problem_object(error)


def problem_object(error: ProblemError) -> JsonObject:
    """The JSON object of a refusal."""
    members = {
        "type": "about:blank",
        "title": error.problem.title,
        "status": error.problem.status,
        "detail": error.detail,
        "code": error.code,
    }
    return members if error.field is None else {**members, "field": error.field}
