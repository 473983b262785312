"""Refusals and failed replies in the format of OpenAI, with the statuses that its clients expect."""

import re
from typing import assert_never

from quart import Response, request

from headwater.api.streaming import JSON, json_response
from headwater.errors import ProblemCode, ProblemError
from headwater.generation.codec import JsonObject
from headwater.generation.outcome import Cancelled, Failed, FailureCode, Interrupted
from headwater.transports.openai_error import (
    INVALID_REQUEST,
    RATE_LIMIT,
    SERVER_ERROR,
    broken_off,
    error_object,
    failure_type,
)

_CODES: dict[ProblemCode, str] = {
    "unauthorized": "invalid_api_key",
    "unknown_model": "model_not_found",
    "rate_limited": "rate_limit_exceeded",
}
"""Our codes for which OpenAI has another name."""

_MEMBERS = {"/v1/responses": {"message": "input"}}
"""Our members that have another name in the bodies of a path."""

_STATUS: dict[FailureCode, int] = {
    "provider_error": 502,
    "provider_unreachable": 502,
    "provider_rate_limited": 429,
    "provider_auth": 502,
    "first_token_timeout": 504,
    "idle_timeout": 504,
    "total_timeout": 504,
    "reply_too_long": 500,
    "internal_error": 500,
}


def refusal(error: ProblemError) -> tuple[str, JsonObject]:
    """The form of a refusal; see `headwater.api.problems.Form`."""
    status = error.problem.status
    type_ = SERVER_ERROR if status >= 500 else RATE_LIMIT if status == 429 else INVALID_REQUEST
    return JSON, error_object(error.detail, type_, _CODES.get(error.code, error.code), _param(error.field))


def failed_reply(status: Cancelled | Failed | Interrupted) -> Response:
    """The answer for a complete reply that ended otherwise."""
    response = json_response(broken_off(status), _http_status(status))
    # OpenAI's own clients decide by this header whether to try again.
    is_retryable = isinstance(status, Interrupted) or (isinstance(status, Failed) and status.retryable)
    response.headers["X-Should-Retry"] = "true" if is_retryable else "false"
    return response


def _http_status(status: Cancelled | Failed | Interrupted) -> int:
    match status:
        case Cancelled():
            return 409
        case Failed():
            return 400 if failure_type(status) == INVALID_REQUEST else _STATUS[status.code]
        case Interrupted():
            return 503
        case _:
            assert_never(status)


def _param(field: str | None) -> str | None:
    """A member by its name in OpenAI's API, with indexes in its notation: `messages[0].content`."""
    if field is None:
        return None
    return re.sub(r"\.(\d+)", r"[\1]", _MEMBERS.get(request.path, {}).get(field, field))
