"""Cuts a text that arrives in pieces before the first stop sequence, without I/O."""

from collections.abc import Sequence


class StopSequences:
    """Takes the pieces of a text and returns what comes before a stop sequence.

    The sequence that ends first counts, and the longest of those that end together, however the text is
    divided into pieces. Text that may be the beginning of a sequence is held back. `met` is true once a
    sequence was found; nothing comes after it.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        self._sequences = sequences
        self._held = ""
        self.met = False

    def feed(self, piece: str) -> str:
        """The text that can be passed on now."""
        if self.met:
            return ""
        text = self._held + piece
        matches = [(start + len(each), start) for each in self._sequences if (start := text.find(each)) >= 0]
        if matches:
            self.met = True
            self._held = ""
            return text[: min(matches)[1]]
        held = max((_overlap(text, each) for each in self._sequences), default=0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def rest(self) -> str:
        """The text that was held back, at the end."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, sequence: str) -> int:
    """How many characters at the end of the text are the beginning of the sequence."""
    longest = min(len(text), len(sequence) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(sequence[:size])), 0)
