"""Which messages of a branch fit into a model's context window, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.generation.provider import PromptMessage

MESSAGE_TOKENS = 8
"""Tokens of a message beside its text: the markers of the chat template."""

REPLY_SHARE = 4
REPLY_TOKENS = 1024
"""For a reply without a limit, a quarter of the window is reserved, but at most this many tokens."""

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
    """The newest messages that fit into a window (in tokens) beside the system prompt and the reply.

    The last message always fits, and the first one that fits is a user's. If the window is None, which means
    unknown, all messages fit.
    """
    fitting = list(messages)
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
        fitting = fitting[max(first, 0) :]
    system_prompt = [PromptMessage("system", system)] if system else []
    return Fitted((*system_prompt, *_merged(fitting)), len(messages) - len(fitting))


def alternate(messages: Sequence[PromptMessage]) -> tuple[PromptMessage, ...]:
    """The messages that have text, with neighbours of one role joined.

    Some servers refuse a prompt in which user and assistant do not alternate, and a reply may have no text.
    """
    alternating: list[PromptMessage] = []
    for message in messages:
        if alternating and message.role == alternating[-1].role and message.text.strip():
            joined = f"{alternating[-1].text}\n\n{message.text}"
            alternating[-1] = PromptMessage(message.role, joined)
        elif message.text.strip():
            alternating.append(message)
    return tuple(alternating)


def estimate(text: str) -> int:
    """An estimate of a text's tokens for any tokenizer; rather too many than too few.

    Three letters count as one token, and so does each digit, each punctuation mark, and each byte of other
    characters, because small models have no larger tokens for those.
    """
    data = text.encode()
    other = len(data.translate(None, _LETTERS + _SPACES))
    letters = len(data.translate(None, _SPACES)) - other
    return other + -(-letters // 3) + data.count(b"\n")


def _merged(messages: Sequence[PromptMessage]) -> list[PromptMessage]:
    """Merge each reply with its continuation into one message."""
    merged: list[PromptMessage] = []
    for message in messages:
        if merged and message.role == merged[-1].role == "assistant":
            merged[-1] = PromptMessage("assistant", merged[-1].text + message.text)
        else:
            merged.append(message)
    return merged
