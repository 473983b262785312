"""Which messages of a branch fit into a model's context window, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.generation.provider import PromptMessage

MESSAGE_TOKENS = 8
"""What a message costs beside its text: the marks of its template."""

REPLY_SHARE = 4
REPLY_TOKENS = 1024
"""Of the window, at most a quarter and at most so many tokens are kept free for a reply without a limit."""

_LETTERS = bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("A"), ord("Z") + 1))
_SPACES = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The messages that fit, and how many of the earlier ones were omitted."""

    messages: tuple[PromptMessage, ...]
    omitted: int


def fit(
    messages: Sequence[PromptMessage], system: str | None, window: int | None, max_tokens: int | None
) -> Fitted:
    """The newest messages that fit into a window of so many tokens, beside the system prompt and the reply.

    The last message always stays; the first that stays is a user's. A window of None is not known: everything
    fits.
    """
    kept = list(messages)
    if window is not None:
        reply = max_tokens if max_tokens is not None else min(REPLY_TOKENS, window // REPLY_SHARE)
        room = window - reply - (estimate(system) + MESSAGE_TOKENS if system else 0)
        costs = [estimate(message.text) + MESSAGE_TOKENS for message in messages]
        first, spent = len(messages) - 1, costs[-1] if costs else 0
        while first > 0 and spent + costs[first - 1] <= room:
            first -= 1
            spent += costs[first]
        while first > 0 and first < len(messages) - 1 and messages[first].role != "user":
            first += 1
        kept = kept[max(first, 0) :]
    given = [PromptMessage("system", system)] if system else []
    return Fitted((*given, *_merged(kept)), len(messages) - len(kept))


def estimate(text: str) -> int:
    """About how many tokens a text is, rather too many than too few, whatever the tokenizer.

    Letters are counted three to a token, digits and signs one each, what is not ASCII a token a byte: small
    models know no better.
    """
    data = text.encode()
    other = len(data.translate(None, _LETTERS + _SPACES))
    letters = len(data.translate(None, _SPACES)) - other
    return other + -(-letters // 3) + data.count(b"\n")


def _merged(messages: Sequence[PromptMessage]) -> list[PromptMessage]:
    """A reply and its continuation as one message, which they are to their reader."""
    merged: list[PromptMessage] = []
    for message in messages:
        if merged and message.role == merged[-1].role == "assistant":
            merged[-1] = PromptMessage("assistant", merged[-1].text + message.text)
        else:
            merged.append(message)
    return merged
