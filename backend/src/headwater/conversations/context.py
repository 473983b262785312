"""What of a branch a model is given: what fits into its window, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.generation.provider import Turn

TURN_TOKENS = 8
"""What a turn costs beside its text: the marks of its template."""

REPLY_SHARE = 4
REPLY_TOKENS = 1024
"""Of the window, at most a quarter and at most so many tokens are kept free for a reply without a limit."""

_LETTERS = bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("A"), ord("Z") + 1))
_SPACES = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Turns that fit, and how many of the earlier ones do not."""

    turns: tuple[Turn, ...]
    left_out: int


def fit(turns: Sequence[Turn], system: str | None, window: int | None, max_tokens: int | None) -> Fitted:
    """The newest turns that fit into a window of so many tokens, beside the system prompt and the reply.

    The last turn is always given; what is given begins with a person's turn. None is a window that is not
    known: everything fits.
    """
    kept = list(turns)
    if window is not None:
        reply = max_tokens if max_tokens is not None else min(REPLY_TOKENS, window // REPLY_SHARE)
        room = window - reply - (estimate(system) + TURN_TOKENS if system else 0)
        costs = [estimate(turn.text) + TURN_TOKENS for turn in turns]
        first, spent = len(turns) - 1, costs[-1] if costs else 0
        while first > 0 and spent + costs[first - 1] <= room:
            first -= 1
            spent += costs[first]
        while first > 0 and first < len(turns) - 1 and turns[first].role != "user":
            first += 1
        kept = kept[max(first, 0) :]
    given = [Turn("system", system)] if system else []
    return Fitted((*given, *_merged(kept)), len(turns) - len(kept))


def estimate(text: str) -> int:
    """About how many tokens a text is, rather too many than too few, whatever the tokenizer.

    Letters are counted three to a token, digits and signs one each, what is not ASCII a token a byte: small
    models know no better.
    """
    data = text.encode()
    other = len(data.translate(None, _LETTERS + _SPACES))
    letters = len(data.translate(None, _SPACES)) - other
    return other + -(-letters // 3) + data.count(b"\n")


def _merged(turns: Sequence[Turn]) -> list[Turn]:
    """A reply and what goes on with it as one turn, which they are to their reader."""
    merged: list[Turn] = []
    for turn in turns:
        if merged and turn.role == merged[-1].role == "assistant":
            merged[-1] = Turn("assistant", merged[-1].text + turn.text)
        else:
            merged.append(turn)
    return merged
