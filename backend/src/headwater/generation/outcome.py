"""How a generation ends: a log is closed by exactly one outcome."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

FinishReason: TypeAlias = Literal["stop", "length", "content_filter"]
NoText: TypeAlias = Literal["empty", "reasoning", "tool_call"]
CancelledBy: TypeAlias = Literal["user", "abandoned"]
FailureCode: TypeAlias = Literal[
    "provider_error",
    "provider_unreachable",
    "provider_rate_limited",
    "provider_auth",
    "first_token_timeout",
    "idle_timeout",
    "total_timeout",
    "reply_too_long",
    "internal_error",
]


@dataclass(frozen=True, slots=True)
class Completed:
    """The model finished, or reached a limit of its own.

    `no_text` says what a reply without text has instead; None for any other.
    """

    name = "completed"

    reason: FinishReason
    no_text: NoText | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A user stopped the reply, or nobody was reading it any more."""

    name = "cancelled"

    by: CancelledBy


@dataclass(frozen=True, slots=True)
class Failed:
    """The reply failed. `message` is for people: no secrets, no addresses, no stack traces."""

    name = "failed"

    code: FailureCode
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The writer ended (shutdown or crash) before the reply was finished."""

    name = "interrupted"


Status: TypeAlias = Completed | Cancelled | Failed | Interrupted


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Timing:
    """How the reply arrived from the provider, in seconds since the generation started.

    `tokens` counts the pieces that the provider sent, of every kind. `first_token` and `longest_gap`
    (between two pieces, or before the end) are None if there was nothing to measure. `tokens_per_second` is
    the rate between the first and the last piece, None below two pieces.

    `server` is the time from the arrival of the request to our request to the provider, None if there was
    none; `provider` is the time from there to the first piece.
    """

    first_token: float | None
    duration: float
    tokens: int
    tokens_per_second: float | None
    longest_gap: float | None
    server: float | None = None
    provider: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a generation ended; it takes effect when the log is closed with it.

    Usage and timing are here and not in the log, so that a reader that resumes after the last event still
    gets them. After a crash there is no timing.
    """

    status: Status
    usage: Usage | None = None
    timing: Timing | None = None
