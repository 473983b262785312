"""What Headwater refuses before a reply starts, and the one table from a code to its status.

    ProblemError
    ├── InvalidRequestError        400  a member is missing, of the wrong type or out of range
    ├── UnauthorizedError          401  a client token that was not issued here
    ├── ForbiddenError             403  a page of another site tried to start a reply
    ├── NotFoundError              404  no such thing, or it is somebody else's
    ├── UnknownModelError          404
    ├── NotAcceptableError         406  no transport that the client accepts
    ├── ConflictError              409  a key used for two different requests, nothing to share
    ├── CursorConflictError         409  a cursor beyond the end of the log
    ├── TooLargeError              413
    ├── UnsupportedMediaTypeError  415
    ├── RateLimitedError           429
    ├── OverloadedError            503
    └── ShuttingDownError          503

What goes wrong once a reply runs is never raised: it is the reply's outcome.
"""

from typing import ClassVar, Literal, NamedTuple, TypeAlias

ProblemCode: TypeAlias = Literal[
    "invalid_request",
    "unauthorized",
    "forbidden",
    "not_found",
    "unknown_model",
    "method_not_allowed",
    "not_acceptable",
    "conflict",
    "cursor_ahead",
    "too_large",
    "unsupported_media_type",
    "rate_limited",
    "internal_error",
    "overloaded",
    "shutting_down",
]


class Problem(NamedTuple):
    """How a code is told: the status of HTTP, what it is about, and the status of gRPC."""

    status: int
    title: str
    grpc: str


PROBLEMS: dict[ProblemCode, Problem] = {
    "invalid_request": Problem(400, "The request is not valid", "INVALID_ARGUMENT"),
    "unauthorized": Problem(401, "The client is not known", "UNAUTHENTICATED"),
    "forbidden": Problem(403, "The request is not allowed", "PERMISSION_DENIED"),
    "not_found": Problem(404, "Not found", "NOT_FOUND"),
    "unknown_model": Problem(404, "No such model", "NOT_FOUND"),
    "method_not_allowed": Problem(405, "The method is not allowed here", "UNIMPLEMENTED"),
    "not_acceptable": Problem(406, "No acceptable transport", "UNIMPLEMENTED"),
    "conflict": Problem(409, "The request conflicts with an earlier one", "FAILED_PRECONDITION"),
    "cursor_ahead": Problem(409, "The cursor is ahead of the log", "OUT_OF_RANGE"),
    "too_large": Problem(413, "Too large", "INVALID_ARGUMENT"),
    "unsupported_media_type": Problem(415, "The media type is not supported", "UNIMPLEMENTED"),
    "rate_limited": Problem(429, "Too many requests", "RESOURCE_EXHAUSTED"),
    "internal_error": Problem(500, "Something went wrong on the server", "INTERNAL"),
    "overloaded": Problem(503, "Too many replies are running", "UNAVAILABLE"),
    "shutting_down": Problem(503, "The server is shutting down", "UNAVAILABLE"),
}
"""The one table. Other transports add their columns here."""


class ProblemError(Exception):
    """A refusal that a client can read: `detail` names what is wrong and what is accepted.

    `field` names the offending member; `retry_after` is in seconds.
    """

    code: ClassVar[ProblemCode]

    def __init__(self, detail: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after


class InvalidRequestError(ProblemError):
    """A member is missing, of the wrong type or out of range."""

    code = "invalid_request"


class UnauthorizedError(ProblemError):
    """A client token that was not issued here."""

    code = "unauthorized"


class ForbiddenError(ProblemError):
    """A page of another site tried to start a reply."""

    code = "forbidden"


class NotFoundError(ProblemError):
    """No such thing, or it belongs to another client."""

    code = "not_found"


class UnknownModelError(ProblemError):
    """No provider offers a model of that id."""

    code = "unknown_model"


class NotAcceptableError(ProblemError):
    """None of the transports is one that the client accepts."""

    code = "not_acceptable"


class ConflictError(ProblemError):
    """It does not go with what is there: a key used for another request, nothing to share."""

    code = "conflict"


class CursorConflictError(ProblemError):
    """A cursor beyond the end of the log."""

    code = "cursor_ahead"


class TooLargeError(ProblemError):
    """A message or a body over its limit."""

    code = "too_large"


class UnsupportedMediaTypeError(ProblemError):
    """A body that is not JSON."""

    code = "unsupported_media_type"


class RateLimitedError(ProblemError):
    """More replies than one client may start or run at once."""

    code = "rate_limited"


class OverloadedError(ProblemError):
    """More replies than the server runs at once."""

    code = "overloaded"


class ShuttingDownError(ProblemError):
    """The server takes no new replies because it is about to stop."""

    code = "shutting_down"
