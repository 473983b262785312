"""The interface of providers, which has one method, and the types that it uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from headwater.generation.outcome import FailureCode, FinishReason, Usage
from headwater.generation.parts import Part


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen, beside the temperature; None means the provider's default.

    The reply ends before the first of the sequences in `stop`.
    """

    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything that a provider needs for one generation.

    `model` is the provider's own id, without the prefix that names the provider. `temperature` and
    `max_tokens` (of the reply) are the provider's defaults if None. The type of `options` is the provider's
    own.
    """

    generation: str
    model: str
    messages: tuple[PromptMessage, ...]
    temperature: float | None = None
    max_tokens: int | None = None
    options: object = None
    sampling: Sampling = Sampling()


@dataclass(frozen=True, slots=True)
class Finish:
    """The model has finished, for this reason; None means that it broke off.

    The last one counts, and a part after it takes it back.
    """

    reason: FinishReason | None
    called_tool: bool = False


Delta: TypeAlias = Part | Usage | Finish


Take: TypeAlias = Callable[[Sequence[Delta]], None]
"""Takes a batch of deltas. It does not wait, so it may be called from a callback of the event loop."""


class ProviderError(Exception):
    """A provider could not start or continue a reply.

    `message` is shown to people, so it contains no secret and no internal address.
    """

    def __init__(self, code: FailureCode, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code: FailureCode = code
        self.message = message
        self.retryable = retryable


class Provider(Protocol):
    """A source of replies."""

    async def generate(self, prompt: Prompt, take: Take) -> None:
        """Generate one reply and call `take` with what arrives together, in order, as soon as it arrives.

        An empty batch is a sign of life. Returns after a `Finish`; a return without one means that the reply
        broke off. Raises `ProviderError`, and what `take` raises. Cancelling it stops the model.
        """
        ...
