"""Refusals: everything that can go wrong before a reply starts, and the table of codes and statuses.

    ProblemError
    ├── InvalidRequestError        400  a member is missing, has the wrong type, or is out of range
    ├── UnauthorizedError          401  the client token or API key is not valid
    ├── ForbiddenError             403  a page of another site may not do this
    ├── NotFoundError              404  it does not exist, or somebody else owns it
    ├── UnknownModelError          404
    ├── NotAcceptableError         406  the client accepts none of the transports
    ├── ConflictError              409  it contradicts the current state, for example a key that was used
    ├── CursorConflictError        409  the cursor is beyond the end of the log
    ├── TooLargeError              413
    ├── UnsupportedMediaTypeError  415
    ├── RateLimitedError           429
    ├── OverloadedError            503
    ├── UnavailableError           503  the database is away or cannot write
    └── ShuttingDownError          503

Once a reply runs, nothing is raised any more: a failure is the reply's outcome.
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
    "unavailable",
    "shutting_down",
]


class Problem(NamedTuple):
    """A code's HTTP status, its title, and its gRPC status."""

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
    "unavailable": Problem(503, "The database is not available", "UNAVAILABLE"),
    "shutting_down": Problem(503, "The server is shutting down", "UNAVAILABLE"),
}
"""The only table of codes. A transport with statuses of its own adds a column."""


class ProblemError(Exception):
    """A refusal that is shown to the client: `detail` says what is wrong and what would be accepted.

    `field` names the offending member; `retry_after` is in seconds.
    """

    code: ClassVar[ProblemCode]

    def __init__(self, detail: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after


class InvalidRequestError(ProblemError):
    """A member is missing, has the wrong type, or is out of range."""

    code = "invalid_request"


class UnauthorizedError(ProblemError):
    """The client token or API key is not valid."""

    code = "unauthorized"


class ForbiddenError(ProblemError):
    """A page of another site tried to start a reply or to open a WebSocket."""

    code = "forbidden"


class NotFoundError(ProblemError):
    """It does not exist, or somebody else owns it."""

    code = "not_found"


class UnknownModelError(ProblemError):
    """No provider offers a model with this id."""

    code = "unknown_model"


class NotAcceptableError(ProblemError):
    """The client accepts none of the transports."""

    code = "not_acceptable"


class ConflictError(ProblemError):
    """It contradicts the current state: a key of another request, an id that is taken, nothing to share."""

    code = "conflict"


class CursorConflictError(ProblemError):
    """The cursor is beyond the end of the log."""

    code = "cursor_ahead"


class TooLargeError(ProblemError):
    """A message or a body exceeds its limit."""

    code = "too_large"


class UnsupportedMediaTypeError(ProblemError):
    """The body is not JSON."""

    code = "unsupported_media_type"


class RateLimitedError(ProblemError):
    """One client starts replies too fast, or runs too many at once."""

    code = "rate_limited"


class OverloadedError(ProblemError):
    """The server runs as many replies as it may."""

    code = "overloaded"


class UnavailableError(ProblemError):
    """The database is away or cannot write."""

    code = "unavailable"


class ShuttingDownError(ProblemError):
    """The server starts no new replies because it is about to stop."""

    code = "shutting_down"
