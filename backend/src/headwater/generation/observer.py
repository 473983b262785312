"""Whoever wants to know how generations go, while they go."""

from headwater.generation.outcome import Outcome


class Observer:
    """Is told by the one writer how a reply arrives. Does nothing with it: override what is of interest.

    It stands in the way of every token, so what overrides must neither wait nor raise. Times are in seconds.
    """

    def first_tokens(self, tokens: int, waited: float) -> None:
        """The first tokens arrived together, so long after the request for the reply did."""

    def more_tokens(self, tokens: int, gap: float) -> None:
        """So many more arrived together, so long after those before them."""

    def closed(self, outcome: Outcome, stopping: float | None) -> None:
        """The log is closed, so long after it was first asked to stop; None where nobody asked."""
