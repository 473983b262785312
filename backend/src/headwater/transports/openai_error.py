"""Errors in OpenAI's format, which is the same in an answer and in a stream."""

from typing import assert_never

from headwater.generation.codec import JsonObject
from headwater.generation.outcome import Cancelled, Failed, Interrupted

SERVER_ERROR = "server_error"
INVALID_REQUEST = "invalid_request_error"
RATE_LIMIT = "rate_limit_error"

CANCELLED = "The reply was stopped before it was complete."
INTERRUPTED = "The server stopped before the reply was complete."


def error_object(message: str, type_: str, code: str, param: str | None = None) -> JsonObject:
    """An error; `param` names the member of the request at fault."""
    return {"error": {"message": message, "type": type_, "param": param, "code": code}}


def broken_off(status: Cancelled | Failed | Interrupted) -> JsonObject:
    """The error of a reply that is not complete."""
    match status:
        case Cancelled():
            return error_object(CANCELLED, SERVER_ERROR, "cancelled")
        case Failed():
            return error_object(status.message, failure_type(status), status.code)
        case Interrupted():
            return error_object(INTERRUPTED, SERVER_ERROR, "interrupted")
        case _:
            assert_never(status)


def failure_type(failed: Failed) -> str:
    """The type of error that a failure is for the client."""
    if failed.code == "provider_rate_limited":
        return RATE_LIMIT
    if failed.code == "provider_error" and not failed.retryable:
        return INVALID_REQUEST  # the model server refused the request, for example because it is too long
    return SERVER_ERROR
