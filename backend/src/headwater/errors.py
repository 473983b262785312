"""Refusals: everything that can go wrong before a reply starts, and the table of codes and statuses.

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
    "shutting_down": Problem(503, "The server is shutting down", "UNAVAILABLE"),
}
"""The only table of codes. A transport with statuses of its own adds a column."""


class ProblemError(Exception):
    """A refusal that is shown to the client: `detail` says what is wrong and what would be accepted.

    `field` names the offending member; `retry_after` is in seconds.
    """

    code: ClassVar[ProblemCode]

    def __init_subclass__(cls, code: ProblemCode | None = None) -> None:
        cls.code = code or cls.code  # a class without a code is a special case of its base

    def __init__(self, detail: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.retry_after = retry_after

    @property
    def problem(self) -> Problem:
        """Its statuses and its title."""
        return PROBLEMS[self.code]


class InvalidRequestError(ProblemError, code="invalid_request"):
    """A member is missing, has the wrong type, or is out of range."""


class UnauthorizedError(ProblemError, code="unauthorized"):
    """The client token or API key is not valid."""


class ForbiddenError(ProblemError, code="forbidden"):
    """A page of another site tried to start a reply or to open a WebSocket."""


class NotFoundError(ProblemError, code="not_found"):
    """It does not exist, or somebody else owns it."""


class UnknownModelError(ProblemError, code="unknown_model"):
    """No provider offers a model with this id."""


class MethodNotAllowedError(ProblemError, code="method_not_allowed"):
    """The address does not take this method."""


class NotAcceptableError(ProblemError, code="not_acceptable"):
    """The client accepts none of the transports."""


class ConflictError(ProblemError, code="conflict"):
    """It contradicts the current state: a key of another request, an id that is taken, nothing to share."""


class CursorConflictError(ProblemError, code="cursor_ahead"):
    """The cursor is beyond the end of the log."""


class TooLargeError(ProblemError, code="too_large"):
    """A message or a body exceeds its limit."""


class UnsupportedMediaTypeError(ProblemError, code="unsupported_media_type"):
    """The body is not JSON."""


class RateLimitedError(ProblemError, code="rate_limited"):
    """One client starts replies too fast, or runs too many at once."""


class InternalError(ProblemError, code="internal_error"):
    """Something failed that should not; the log says what."""

    def __init__(self) -> None:
        super().__init__("Something failed on the server; the error has been logged.")


class OverloadedError(ProblemError, code="overloaded"):
    """The server runs as many replies as it may."""


class ShuttingDownError(ProblemError, code="shutting_down"):
    """The server starts no new replies because it is about to stop."""
