"""How many streams a server holds: doubled until it fails, then bisected."""

from collections.abc import Callable

FIRST = 50
CLOSE_ENOUGH = 0.1


def most_held(holds: Callable[[int], bool], limit: int, first: int = FIRST) -> int:
    """The largest number up to `limit` for which `holds` was true; 0 if it does not hold one.

    The number is exact to a tenth: the next larger one that was tried is at most so much larger.
    """
    held, failed = 0, limit + 1
    count = min(first, limit)
    while held < count < failed:
        if holds(count):
            held = count
            count = min(count * 2, limit) if failed > limit else held
        else:
            failed = count
            count = count // 2 if held == 0 else held
    while failed <= limit and failed - held > max(1, int(held * CLOSE_ENOUGH)):
        count = (held + failed) // 2
        if holds(count):
            held = count
        else:
            failed = count
    return held
