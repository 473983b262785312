"""Observers of a running generation."""

from headwater.generation.outcome import Outcome


class Observer:
    """Methods that the writer of a log calls as the reply arrives; they do nothing unless overridden.

    They run for every batch of tokens, so they must neither wait nor raise. Times are in seconds.
    """

    def first_tokens(self, tokens: int, waited: float) -> None:
        """The first tokens arrived together, `waited` seconds after the request for the reply."""

    def more_tokens(self, tokens: int, gap: float) -> None:
        """More tokens arrived together, `gap` seconds after those before them."""

    def closed(self, outcome: Outcome, stopping: float | None) -> None:
        """The log was closed, `stopping` seconds after the first request to stop; None if there was none."""
