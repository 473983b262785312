"""What the runner asks of whatever speaks: one method."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from headwater.generation.outcome import FailureCode, FinishReason, Usage
from headwater.generation.parts import Part


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message of the context that a model is given."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen, beside the temperature; None leaves a member to the provider.

    The reply stops before the first of the texts in `stop` that it would say.
    """

    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a provider needs for one generation.

    `model` is the provider's own id, without the prefix that names the provider. None leaves
    `temperature` and `max_tokens` (of the reply) to the provider. `options` are of a type that only
    the provider knows.
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
    """The model said that it is done, and why."""

    reason: FinishReason


Delta: TypeAlias = Part | Usage | Finish


class ProviderError(Exception):
    """A reply that a provider could not start or go on with.

    `message` is shown to people: it names no secret and no internal address.
    """

    def __init__(self, code: FailureCode, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code: FailureCode = code
        self.message = message
        self.retryable = retryable


class Provider(Protocol):
    """A source of replies."""

    def generate(self, prompt: Prompt) -> AsyncGenerator[Sequence[Delta], None]:
        """Stream one reply, in batches: each holds what arrived together, in order.

        Ends after a `Finish`; ending without one means that the reply was cut. Raises
        `ProviderError`. Cancelling or closing it stops the model.
        """
        ...
